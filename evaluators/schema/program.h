/* Layer 1, private to evaluators/schema: the compiled form of a schema.
 *
 * Every subschema has a number (0: the root) and a run of instructions; an instruction is one check with its operand,
 * called only for values of the types that it applies to. Subschemas refer to each other by number. */
#ifndef UNDERSTUDY_EVALUATORS_SCHEMA_PROGRAM_H
#define UNDERSTUDY_EVALUATORS_SCHEMA_PROGRAM_H

#include "evaluators/schema/names.h"
#include "evaluators/schema/schema.h"
#include "harness/base/decimal.h"

enum {
	SCHEMA_RUN_DEPTH_MAX = 10000,  /* subschemas being checked inside each other, and ... */
	SCHEMA_STACK_MAX = 4 << 20,    /* ... bytes of stack that they may take, of the 8 MiB that a thread has */
	SCHEMA_REQUIRED_MAX = 1024,    /* required names of one object */
	SCHEMA_UNDECIDED_MAX = 8,      /* matches over their limit in one validation before the others are not tried */
	SCHEMA_STEPS_BASE = 1000000,   /* subschemas checked in one validation, and work on large values, and ... */
	SCHEMA_STEPS_PER_NODE = 256,   /* ... more for each entry on the instance's tape */
	SCHEMA_TEXT_SHORT = 4096,      /* bytes of a text from which on its checks take steps ... */
	SCHEMA_TEXT_PER_STEP = 1024,   /* ... one for as many bytes */
	SCHEMA_MEMBERS_PER_STEP = 512, /* of a container whose evaluated members are followed */
	SCHEMA_BITS_FEW = 256,         /* members of one container that are followed without memory from the heap */
};
static const uint32_t SCHEMA_NONE = UINT32_MAX;

struct schema_run;
struct schema_site;
struct schema_instruction;

/* Reports each violation; true where there is none. */
typedef bool schema_check(struct schema_run *run, const struct schema_instruction *instruction,
			  const struct schema_site *site);

struct schema_instruction {
	schema_check *check;
	const char *keyword;
	union {
		unsigned int types;                         /* type: bits of enum json_type, and SCHEMA_INTEGER */
		uint64_t limit;                             /* minLength and its like */
		uint32_t subschema;                         /* not, propertyNames, unevaluatedItems ... */
		const struct schema_bound *bound;           /* minimum and its like, multipleOf */
		const struct schema_values *values;         /* enum, const */
		const struct schema_object *object;         /* properties, required, ... together */
		const struct schema_items *items;           /* prefixItems and items together */
		const struct schema_contains *contains;     /* contains with its limits */
		const struct schema_branches *branches;     /* allOf, anyOf, oneOf */
		const struct schema_condition *condition;   /* if, then, else */
		const struct schema_dependents *dependents; /* dependentSchemas, dependentRequired, dependencies */
		const struct schema_dynamic *dynamic;       /* $dynamicRef, $recursiveRef */
		const struct schema_format *format;
		const struct schema_pattern *pattern;
	};
	uint8_t applies; /* bits of enum json_type */
};

enum {
	SCHEMA_INTEGER = 1 << (JSON_OBJECT + 1),
	SCHEMA_ANY = (1 << (JSON_OBJECT + 1)) - 1,
};

struct subschema {
	uint32_t first; /* instruction */
	uint32_t count;
	uint32_t resource;
	uint8_t applies; /* bits of enum json_type: of values that any instruction looks at */
	bool is_false;
	bool is_open;                 /* true or {}: says nothing about a value */
	bool is_special;              /* is_false or tracks */
	bool tracks;                  /* has unevaluatedItems or unevaluatedProperties */
	const struct json_node *node; /* where it was read from, in the schema's own copy */
};

/* A schema document, in a copy of the schema's own. */
struct schema_document {
	const struct json_node *root;
	struct span uri;    /* where it was found; may be empty */
	uint32_t *numbers;  /* by place on the tape: subschema + 1; 0: none. While compiling */
	uint32_t *resource; /* by place on the tape: resource + 1 that begins there; 0: none. While compiling */
};

/* What a $schema says. */
struct schema_dialect {
	enum schema_draft draft;
	unsigned int vocabularies; /* bits of enum schema_vocabulary, in keywords.h */
	bool asserts_format;
};

/* A part of a document with a URI of its own, or a whole document. */
struct schema_resource {
	uint32_t document;
	bool is_recursive; /* $recursiveAnchor: true */
	const struct json_node *root;
	struct span uri; /* without a fragment; may be empty */
	struct schema_dialect dialect;
};

/* Of enum and const. Scalars are sorted by schema_value_order and found by bisection; arrays, objects and numbers
 * beyond the limits of base/decimal are sorted by their hash. */
struct schema_values {
	const struct json_node **sorted;
	size_t sorted_count;
	struct schema_hashed *others;
	size_t other_count;
	bool is_few_strings;  /* compared in turn, without bisection */
	const char *sentence; /* what is allowed, for the report */
};

/* A name in `properties`, `required` or both. */
struct schema_property {
	struct span name;
	uint32_t subschema; /* SCHEMA_NONE: only required */
	uint32_t required;  /* bit number, SCHEMA_NONE: optional */
};

struct schema_pattern_property {
	const struct schema_pattern *pattern;
	uint32_t subschema;
};

struct schema_object {
	struct schema_property
		*properties; /* in the order of the schema: what is looked up next is mostly the next one */
	uint32_t *sorted;    /* numbers of properties by length, then bytes of the name */
	uint32_t count;
	uint32_t required_count;
	struct schema_pattern_property *patterns;
	uint32_t pattern_count;
	uint32_t additional; /* subschema, SCHEMA_NONE: anything goes */
	bool forbids_additional;
	bool has_additional;
	bool is_map;          /* additionalProperties has a schema that says something */
	const char *declared; /* "allowed are a, b, c", for the report */
};

struct schema_items {
	uint32_t *prefix;
	uint32_t prefix_count;
	uint32_t rest; /* subschema, SCHEMA_NONE: anything goes */
};

struct schema_contains {
	uint32_t subschema;
	uint64_t minimum;
	uint64_t maximum; /* UINT64_MAX: none */
	bool marks;       /* what it finds counts as evaluated: from 2020-12 on */
};

struct schema_branches {
	uint32_t *list;
	uint32_t count;
};

struct schema_condition {
	uint32_t test;
	uint32_t when_true;  /* SCHEMA_NONE: nothing */
	uint32_t when_false; /* SCHEMA_NONE: nothing */
};

struct schema_dependent {
	struct span name;
	uint32_t subschema;           /* SCHEMA_NONE: names */
	const struct json_node *list; /* of names */
};

struct schema_dependents {
	struct schema_dependent *list;
	uint32_t count;
};

struct schema_dynamic {
	uint32_t subschema; /* where no outer resource says otherwise */
	struct span anchor; /* of $dynamicAnchor; empty for $recursiveAnchor */
};

struct schema_bound {
	struct decimal number;
	int64_t mantissa; /* where the bound is short: its digits, and how many of them stand behind the point */
	unsigned int places;
	bool is_short;
};

struct schema_format {
	const struct format *format; /* NULL: regex, which is ours */
	const char *sentence;        /* static */
};

struct schema {
	struct arena arena; /* owns all below but the growing arrays, the name tables, `pool` and codes of `patterns` */
	struct schema_options options;
	enum schema_draft draft; /* of documents without $schema */
	struct schema_document *documents;
	size_t document_count;
	size_t document_capacity;
	struct schema_resource *resources;
	size_t resource_count;
	size_t resource_capacity;
	struct subschema *subschemas;
	size_t subschema_count;
	size_t subschema_capacity;
	struct schema_instruction *instructions;
	size_t instruction_count;
	size_t instruction_capacity;
	struct schema_edge *edges; /* loops.c; while compiling */
	size_t edge_count;
	size_t edge_capacity;
	struct schema_anchor *anchors; /* of $dynamicAnchor, in the order they were met */
	size_t anchor_count;
	size_t anchor_capacity;
	struct schema_names resource_names; /* URI: resource */
	struct schema_names anchor_names;   /* resource and anchor: place on the document's tape. While compiling */
	struct schema_names member_names;   /* of large objects: place on the tape. While compiling */
	struct schema_names dynamic_names;  /* resource and $dynamicAnchor, "" for $recursiveAnchor: subschema */
	bool uses_dynamic;                  /* has $dynamicRef or $recursiveRef */
	struct schema_pattern *patterns;    /* a list, to free the codes */
	struct schema_pool *pool;           /* match memory between runs; NULL without patterns */
};

/* Which members of one container the subschemas of one schema have evaluated. */
struct schema_evaluated {
	uint64_t *bits; /* by ordinal */
	size_t count;
	bool all;
	uint64_t few[SCHEMA_BITS_FEW / 64];
};

/* Where in the instance we are: a chain on the stack, written out only for a violation. */
struct schema_site {
	const struct schema_site *parent; /* NULL: the root */
	const struct json_node *node;
	const struct json_node *name;       /* in an object, where the node is not the parent's; NULL in an array */
	size_t index;                       /* in an array */
	struct schema_evaluated *evaluated; /* NULL: nobody asks */
	const char *via;                    /* "$ref" and its like; NULL: the subschema stands inside the parent's */
	uint32_t subschema;
	bool is_name; /* the node is a member's name (propertyNames) */
};

/* Outermost last. */
struct schema_scope {
	const struct schema_scope *outer;
	uint32_t resource;
};

/* Names that some applied subschema declares, for strict reading. */
struct schema_declared {
	const struct json_node *root;
	uint64_t *bits;    /* by place on the tape */
	uint32_t *journal; /* places in the order they were set, to take back what a failed branch declared */
	size_t journal_count;
	size_t journal_capacity;
};

struct schema_run {
	const struct schema *schema;
	struct schema_report *report; /* NULL: stop at the first violation */
	struct schema_matcher *matcher;
	const struct schema_scope *scope; /* innermost resource; only where the schema uses dynamic references */
	struct schema_declared *declared; /* NULL: no strict reading */
	bool has_special;                 /* the schema uses dynamic references */
	uint64_t steps;                   /* left */
	const char *stack;                /* where the stack stood at the start; it grows downwards */
	unsigned int depth;               /* subschemas being checked */
	unsigned int undecided;           /* checks that ran into a limit */
	unsigned int undecided_matches;
	unsigned int branch_depth;   /* inside branches whose anyOf or oneOf has failed */
	unsigned int branch_classes; /* bits of the drift classes found there */
	const char *exhausted;       /* why everything ended, NULL while it goes on */
};

/* run.c */
bool schema_run_subschema(struct schema_run *run, const struct schema_site *site);
/* The same for an item or a member, which needs no look at the depth where it is no container. */
bool schema_run_below(struct schema_run *run, const struct schema_site *site);
/* False where no instruction of the subschema looks at such a value, so that nothing need be run: most texts are just
 * texts. */
static inline bool schema_looks_at(const struct schema_run *run, uint32_t subschema, const struct json_node *node)
{
	return node != NULL && (run->schema->subschemas[subschema].applies >> node->type & 1) != 0;
}
/* The same value by another subschema, as allOf and $ref do it. `via`: of a reference, else NULL. */
bool schema_run_in_place(struct schema_run *run, const struct schema_site *site, uint32_t subschema, const char *via);
/* The same for a branch that may fail: what it evaluated and declared then does not count. */
bool schema_run_branch(struct schema_run *run, const struct schema_site *site, uint32_t subschema);
/* Whether the subschema at `site` fits, without a report. */
bool schema_run_quietly(struct schema_run *run, const struct schema_site *site);
/* Ends the validation: all that follows fails, and the instance is invalid. Always false. */
bool schema_exhaust(struct schema_run *run, const char *reason);
/* Takes steps for work other than subschemas; false where they are used up. */
static inline bool schema_spend(struct schema_run *run, uint64_t steps)
{
	if (run->steps < steps) {
		return schema_exhaust(run, "checking takes too many steps for its size");
	}
	run->steps -= steps;
	return true;
}

/* The same for work on a text, where it is long. */
static inline bool schema_spend_text(struct schema_run *run, struct span text)
{
	return text.length < SCHEMA_TEXT_SHORT || schema_spend(run, text.length / SCHEMA_TEXT_PER_STEP);
}

/* evaluated.c */
MUST_CHECK bool schema_evaluated_init(struct schema_evaluated *evaluated, const struct json_node *node);
void schema_evaluated_finish(struct schema_evaluated *evaluated);
void schema_evaluated_merge(struct schema_evaluated *into, const struct schema_evaluated *from);
static inline void schema_evaluated_mark(struct schema_evaluated *evaluated, size_t ordinal)
{
	if (evaluated != NULL) {
		evaluated->bits[ordinal / 64] |= UINT64_C(1) << ordinal % 64;
	}
}
static inline bool schema_evaluated_has(const struct schema_evaluated *evaluated, size_t ordinal)
{
	return evaluated->all || (evaluated->bits[ordinal / 64] >> ordinal % 64 & 1) != 0;
}

/* strict.c */
MUST_CHECK bool schema_declared_init(struct schema_declared *declared, const struct json_node *root);
void schema_declared_finish(struct schema_declared *declared);
void schema_declare_name(struct schema_run *run, const struct json_node *name);
void schema_declared_take_back(struct schema_declared *declared, size_t count);
/* Reports every name that nobody declared. */
void schema_report_open(struct schema_run *run);
static inline void schema_declare(struct schema_run *run, const struct json_node *name)
{
	if (run->declared != NULL) {
		schema_declare_name(run, name);
	}
}

/* report.c */
/* Counts the violation and keeps it where there is room; always false. */
bool schema_violate(struct schema_run *run, const struct schema_site *site, const char *keyword, enum drift_class drift,
		    uint32_t offset, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* The same for "could not be decided: ". */
bool schema_undecided(struct schema_run *run, const struct schema_site *site, const char *keyword, const char *reason);
/* Of strict reading. */
void schema_tell_open(struct schema_run *run, const struct schema_site *site);
/* A name short enough for a sentence; whole characters of UTF-8. */
struct span schema_clip(struct span name);

/* places.c: appends the JSON Pointer of `node` inside `container`, on whose tape it must stand. */
void schema_append_pointer(const struct json_node *container, const struct json_node *node, struct buffer *buffer);

/* values.c */
/* The values are borrowed from the schema's own copy; NULL without memory. */
const struct schema_values *schema_values_of_list(struct schema *schema, const struct json_node *list);
const struct schema_values *schema_values_of_one(struct schema *schema, const struct json_node *value);
bool schema_values_contain(struct schema_run *run, const struct schema_values *values, const struct json_node *node);

/* hashed.c */
struct schema_hashed {
	uint64_t hash;
	const struct json_node *node;
};
/* Equal values (json_equal) have equal hashes; an absent one has 0. */
uint64_t schema_hash(const struct json_node *node);
void schema_sort_hashed(struct schema_hashed *list, size_t count);

/* pattern.c */
enum schema_match { SCHEMA_MATCH_NO, SCHEMA_MATCH_YES, SCHEMA_MATCH_UNDECIDED };
const struct schema_pattern *schema_pattern_create(struct schema *schema, struct span text, char *reason,
						   size_t reason_size);
enum schema_match schema_pattern_match(struct schema_run *run, const struct schema_pattern *pattern, struct span text);
const char *schema_pattern_text(const struct schema_pattern *pattern);
void schema_patterns_finish(struct schema *schema);
/* Gives the run's match memory back. */
void schema_matcher_release(struct schema_run *run);

/* pattern_translate.c: ECMA-262 with "u" to PCRE2. False with the reason. */
bool schema_pattern_translate(struct span text, struct buffer *buffer, char *reason, size_t reason_size);

#endif
