/* Layer 1, private to evaluators/schema: the keywords, one row each in the table of keywords.c.
 *
 * How to add one: write its compile function, which adds an instruction (or fills the object being gathered), and its
 * check beside it in the file of its kind (keyword_any.c, keyword_number.c, ...), add the row to the table in
 * keywords.c, and name the keyword in the head of schema.h. The official suite's file of that name then counts. */
#ifndef UNDERSTUDY_EVALUATORS_SCHEMA_KEYWORDS_H
#define UNDERSTUDY_EVALUATORS_SCHEMA_KEYWORDS_H

#include "evaluators/schema/program.h"

/* One subschema being compiled. */
struct schema_compiler {
	struct schema *schema;
	uint32_t subschema;
	const char *keyword;                /* of the row being compiled; static */
	const struct json_node *properties; /* gathered, for one instruction at the end */
	const struct json_node *required;
	uint32_t additional;
	struct error *err;
};

struct schema_keyword {
	const char *name;
	bool (*compile)(struct schema_compiler *compiler, const struct json_node *value); /* NULL: annotation */
};

const struct schema_keyword *schema_keyword_find(struct span name);

/* compile.c */
/* Adds an instruction to the current subschema and returns it, to be filled; NULL with err. */
struct schema_instruction *schema_add_instruction(struct schema_compiler *compiler, schema_check *check,
						  unsigned int applies);
/* Queues a subschema below the current one; SCHEMA_NONE with err. */
uint32_t schema_add_subschema(struct schema_compiler *compiler, const struct json_node *node, struct span name);
/* ERROR_CONFIG: "KEYWORD at /place what"; always false. */
bool schema_refuse(const struct schema_compiler *compiler, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool schema_no_memory(const struct schema_compiler *compiler);
/* Reads a count such as minLength. */
bool schema_read_count(struct schema_compiler *compiler, const struct json_node *value, uint64_t *ret_count);

/* keyword_any.c */
bool schema_compile_type(struct schema_compiler *compiler, const struct json_node *value);
bool schema_compile_enum(struct schema_compiler *compiler, const struct json_node *value);
bool schema_compile_const(struct schema_compiler *compiler, const struct json_node *value);
bool schema_compile_dialect(struct schema_compiler *compiler, const struct json_node *value);
/* keyword_number.c */
bool schema_compile_minimum(struct schema_compiler *compiler, const struct json_node *value);
bool schema_compile_maximum(struct schema_compiler *compiler, const struct json_node *value);
bool schema_compile_exclusive_minimum(struct schema_compiler *compiler, const struct json_node *value);
bool schema_compile_exclusive_maximum(struct schema_compiler *compiler, const struct json_node *value);
/* keyword_string.c */
bool schema_compile_min_length(struct schema_compiler *compiler, const struct json_node *value);
bool schema_compile_max_length(struct schema_compiler *compiler, const struct json_node *value);
bool schema_compile_pattern(struct schema_compiler *compiler, const struct json_node *value);
/* keyword_array.c */
bool schema_compile_items(struct schema_compiler *compiler, const struct json_node *value);
bool schema_compile_min_items(struct schema_compiler *compiler, const struct json_node *value);
bool schema_compile_max_items(struct schema_compiler *compiler, const struct json_node *value);
/* keyword_object.c: three keywords, one instruction */
bool schema_compile_properties(struct schema_compiler *compiler, const struct json_node *value);
bool schema_compile_required(struct schema_compiler *compiler, const struct json_node *value);
bool schema_compile_additional(struct schema_compiler *compiler, const struct json_node *value);
bool schema_finish_object(struct schema_compiler *compiler);

#endif
