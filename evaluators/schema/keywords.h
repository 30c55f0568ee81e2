/* Layer 1, private to evaluators/schema: the keywords, one row each in the table of keywords.c.
 *
 * How to add one: write its compile function, which adds an instruction (or marks a group of keywords that are checked
 * together), and its check beside it in the file of its kind (keyword_any.c, keyword_number.c, ...), and add the row
 * with its drafts, its vocabulary and what stands under it. The official suite's file of that name then counts. */
#ifndef UNDERSTUDY_EVALUATORS_SCHEMA_KEYWORDS_H
#define UNDERSTUDY_EVALUATORS_SCHEMA_KEYWORDS_H

#include "evaluators/schema/program.h"

enum schema_vocabulary {
	SCHEMA_CORE = 1,
	SCHEMA_APPLICATOR = 2,
	SCHEMA_UNEVALUATED = 4, /* 2019-09 has these keywords among its applicators */
	SCHEMA_VALIDATION = 8,
	SCHEMA_METADATA = 16,
	SCHEMA_FORMAT = 32,
	SCHEMA_CONTENT = 64,
};

/* What stands under a keyword. */
enum schema_holds {
	SCHEMA_HOLDS_NOTHING,
	SCHEMA_HOLDS_SCHEMA,
	SCHEMA_HOLDS_LIST,           /* of schemas */
	SCHEMA_HOLDS_MAP,            /* of names to schemas */
	SCHEMA_HOLDS_SCHEMA_OR_LIST, /* items before 2020-12 */
	SCHEMA_HOLDS_MAP_OR_NAMES,   /* dependencies: names to schemas or to lists of names */
};

/* Keywords that are checked together, once all of a subschema were read. */
enum schema_group {
	SCHEMA_GROUP_OBJECT = 1,
	SCHEMA_GROUP_ITEMS = 2,
	SCHEMA_GROUP_CONTAINS = 4,
	SCHEMA_GROUP_CONDITION = 8,
	SCHEMA_GROUP_UNEVALUATED = 16,
};

/* One subschema being compiled. */
struct schema_compiler {
	struct schema *schema;
	uint32_t subschema;
	uint32_t resource;
	const struct json_node *object;
	const char *keyword; /* of the row being compiled; static */
	unsigned int groups; /* bits of enum schema_group */
	struct error *err;
};

struct schema_keyword {
	const char *name;
	bool (*compile)(struct schema_compiler *compiler, const struct json_node *value); /* NULL: annotation */
	unsigned int drafts; /* bits by enum schema_draft */
	enum schema_vocabulary vocabulary;
	enum schema_holds holds;
};

/* The keyword of that name in the dialect; NULL where it is none there. */
const struct schema_keyword *schema_keyword_find(const struct schema_dialect *dialect, struct span name);
/* The drafts that have a keyword of that name, as in "2019-09"; NULL where none has. */
const char *schema_keyword_home(struct span name);

/* dialect.c */
/* The dialect of a draft with all its vocabularies. */
struct schema_dialect schema_dialect_of(const struct schema *schema, enum schema_draft draft);
/* What the $schema of a document means. ERROR_CONFIG for one that is not known. */
MUST_CHECK bool schema_dialect_read(struct schema *schema, const struct json_node *root,
				    struct schema_dialect *ret_dialect, struct error *err);
/* A metaschema of the drafts by its URI (without a fragment), parsed into the schema's arena; *ret_document is NULL
 * where it is none of these. */
MUST_CHECK bool schema_metaschema_find(struct schema *schema, struct span uri, const struct json_node **ret_document,
				       struct error *err);
static inline bool schema_draft_is_old(const struct schema_dialect *dialect) /* 6 and 7 */
{
	return dialect->draft == SCHEMA_DRAFT_7 || dialect->draft == SCHEMA_DRAFT_6;
}

/* registry.c */
/* NULL where there is none. */
const struct json_node *schema_registry_find(const struct schema_registry *registry, struct span uri);
size_t schema_registry_count(const struct schema_registry *registry);
const struct json_node *schema_registry_at(const struct schema_registry *registry, size_t index, struct span *ret_uri);

/* documents.c */
/* Copies a document and finds its resources and anchors. */
MUST_CHECK bool schema_document_load(struct schema *schema, struct span uri, const struct json_node *document,
				     uint32_t *ret_document, struct error *err);
struct schema_anchor {
	uint32_t resource;
	struct span name;
	const struct json_node *node;
};

/* references.c */
/* The place that a reference in the current subschema names. ERROR_CONFIG where there is none. `ret_anchor`: the
 * fragment where it is the name of an anchor, else empty. */
MUST_CHECK bool schema_reference_find(struct schema_compiler *compiler, struct span reference,
				      const struct json_node **ret_node, uint32_t *ret_resource,
				      struct span *ret_anchor);
enum { SCHEMA_DYNAMIC = 1 }; /* beside a resource in anchor_names and dynamic_names: see schema_anchor_scope */
/* The scope in which the names of a resource's anchors are kept. */
static inline uint64_t schema_anchor_scope(uint32_t resource, unsigned int kind)
{
	return (uint64_t)resource * 2 + kind;
}

/* compile.c */
/* Room for one more item in a heap array; NULL without memory, and then the old one stays. */
void *schema_grow(void *items, size_t count, size_t *capacity, size_t size);
/* Adds an instruction to the current subschema and returns it, to be filled; NULL with err. */
struct schema_instruction *schema_add_instruction(struct schema_compiler *compiler, schema_check *check,
						  unsigned int applies);
/* Number of the subschema at a node, queued where it is new; SCHEMA_NONE with err. */
uint32_t schema_subschema_at(struct schema *schema, const struct json_node *node, uint32_t resource, struct error *err);
/* The same for one below the current subschema. */
uint32_t schema_add_subschema(struct schema_compiler *compiler, const struct json_node *node);
/* The same for one that is applied to the same value. */
uint32_t schema_add_in_place(struct schema_compiler *compiler, const struct json_node *node);
/* The value of another keyword beside the one being compiled; NULL where it is not there, or is no keyword here. */
const struct json_node *schema_sibling(const struct schema_compiler *compiler, const char *name);
const struct schema_dialect *schema_dialect_here(const struct schema_compiler *compiler);
/* ERROR_CONFIG: "schema keyword KEYWORD at /place: what"; always false. */
bool schema_refuse(const struct schema_compiler *compiler, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool schema_no_memory(const struct schema_compiler *compiler);
void *schema_allocate(const struct schema_compiler *compiler, size_t count, size_t size); /* NULL with err */
/* Reads a count such as minLength. */
bool schema_read_count(struct schema_compiler *compiler, const struct json_node *value, uint64_t *ret_count);
/* Refuses what is no list of names, each once. */
bool schema_check_names(struct schema_compiler *compiler, const struct json_node *value);

/* loops.c: which subschemas apply which to the same value. */
struct schema_edge {
	uint32_t from;
	uint32_t to;
};
MUST_CHECK bool schema_add_edge(struct schema_compiler *compiler, uint32_t to);
/* ERROR_CONFIG where a value would be checked by the same subschema for ever. */
MUST_CHECK bool schema_refuse_loops(struct schema *schema, struct error *err);
/* places.c */
/* The URI of a place for messages: "#/properties/a" or "https://example.com/x#/type". */
void schema_append_place(const struct schema *schema, uint32_t resource, const struct json_node *node,
			 struct buffer *buffer);

typedef bool schema_compile(struct schema_compiler *compiler, const struct json_node *value);

/* keyword_core.c */
schema_compile schema_compile_text, schema_compile_id, schema_compile_anchor, schema_compile_definitions,
	schema_compile_vocabulary, schema_compile_reference, schema_compile_dynamic_reference,
	schema_compile_recursive_reference, schema_compile_boolean, schema_compile_list, schema_compile_one_definition;
/* keyword_any.c */
schema_compile schema_compile_type, schema_compile_enum, schema_compile_const;
/* keyword_apply.c */
schema_compile schema_compile_all_of, schema_compile_any_of, schema_compile_one_of, schema_compile_not,
	schema_compile_condition;
bool schema_finish_condition(struct schema_compiler *compiler);
/* keyword_number.c */
schema_compile schema_compile_minimum, schema_compile_maximum, schema_compile_exclusive_minimum,
	schema_compile_exclusive_maximum, schema_compile_multiple_of;
/* keyword_string.c */
schema_compile schema_compile_min_length, schema_compile_max_length, schema_compile_pattern, schema_compile_format;
/* keyword_array.c, keyword_items.c */
schema_compile schema_compile_items, schema_compile_min_items, schema_compile_max_items, schema_compile_unique_items,
	schema_compile_contains, schema_compile_contains_limit;
bool schema_finish_items(struct schema_compiler *compiler);
bool schema_finish_contains(struct schema_compiler *compiler);
/* keyword_object.c: properties, patternProperties, additionalProperties and required are one instruction */
schema_compile schema_compile_members, schema_compile_required;
bool schema_finish_object(struct schema_compiler *compiler);
/* keyword_members.c */
schema_compile schema_compile_min_properties, schema_compile_max_properties, schema_compile_property_names,
	schema_compile_dependent_schemas, schema_compile_dependent_required, schema_compile_dependencies;
/* keyword_unevaluated.c */
schema_compile schema_compile_unevaluated;
bool schema_finish_unevaluated(struct schema_compiler *compiler);

#endif
