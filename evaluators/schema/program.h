/* Layer 1, private to evaluators/schema: the compiled form of a schema.
 *
 * Every subschema has a number (0: the root) and a run of instructions; an instruction is one check with its operand,
 * called only for values of the types that it applies to. Subschemas refer to each other by number. */
#ifndef UNDERSTUDY_EVALUATORS_SCHEMA_PROGRAM_H
#define UNDERSTUDY_EVALUATORS_SCHEMA_PROGRAM_H

#include "evaluators/schema/schema.h"
#include "harness/base/decimal.h"

enum {
	SCHEMA_DEPTH_MAX = 512,     /* subschemas inside each other, which bounds the recursion over an instance too */
	SCHEMA_REQUIRED_MAX = 1024, /* required names of one object */
	SCHEMA_UNDECIDED_MAX = 8,   /* matches over their limit in one validation before the others are not tried */
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
		unsigned int types;                 /* type: bits of enum json_type, and SCHEMA_INTEGER */
		uint64_t limit;                     /* minLength and its like */
		uint32_t subschema;                 /* items */
		const struct decimal *number;       /* minimum and its like */
		const struct schema_values *values; /* enum, const */
		const struct schema_object *object; /* properties, required, additionalProperties together */
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
	uint32_t parent; /* SCHEMA_NONE for the root */
	uint32_t depth;
	const char *keyword; /* of the parent, that holds this one; static */
	struct span name;    /* in `properties` */
	bool is_false;
	const struct json_node *node; /* where it was read from, in the schema's own copy */
};

/* Of enum and const. Scalars are sorted by schema_value_order and found by bisection; the rest is tried in turn. */
struct schema_values {
	const struct json_node **sorted;
	size_t sorted_count;
	const struct json_node **others; /* arrays, objects, numbers beyond the limits of base/decimal */
	size_t other_count;
	const char *sentence; /* what is allowed, for the report */
};

/* A name in `properties`, `required` or both. */
struct schema_property {
	struct span name;
	uint32_t subschema; /* SCHEMA_NONE: only required */
	uint32_t required;  /* bit number, SCHEMA_NONE: optional */
};

struct schema_object {
	struct schema_property
		*properties; /* in the order of the schema: what is looked up next is mostly the next one */
	uint32_t *sorted;    /* numbers of properties by length, then bytes of the name */
	uint32_t count;
	uint32_t required_count;
	uint32_t additional; /* subschema, SCHEMA_NONE: anything goes */
	bool forbids_additional;
	const char *declared; /* "allowed are a, b, c", for the report */
};

struct schema {
	struct arena arena; /* owns all below but `subschemas`, `instructions`, `pool` and the codes of `patterns` */
	const struct json_node *root;
	struct subschema *subschemas;
	size_t subschema_count;
	size_t subschema_capacity;
	struct schema_instruction *instructions;
	size_t instruction_count;
	size_t instruction_capacity;
	struct schema_pattern *patterns; /* a list, to free the codes */
	struct schema_pool *pool;        /* match memory between runs; NULL without patterns */
};

/* Where in the instance we are: a chain on the stack, written out only for a violation. */
struct schema_site {
	const struct schema_site *parent; /* NULL: the root */
	const struct json_node *node;
	const struct json_node *name; /* in an object; NULL in an array */
	size_t index;                 /* in an array */
	uint32_t subschema;
};

struct schema_run {
	const struct schema *schema;
	struct schema_report *report; /* NULL: stop at the first violation */
	struct schema_matcher *matcher;
	unsigned int undecided; /* matches that ran into their limit */
};

/* run.c */
bool schema_run_subschema(struct schema_run *run, const struct schema_site *site);

/* report.c: counts the violation and keeps it where there is room; always false. */
bool schema_violate(struct schema_run *run, const struct schema_site *site, const char *keyword, enum drift_class drift,
		    uint32_t offset, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* A name short enough for a sentence; whole characters of UTF-8. */
struct span schema_clip(struct span name);
/* Appends the JSON Pointer of a subschema. */
void schema_append_pointer(const struct schema *schema, uint32_t subschema, struct buffer *buffer);

/* values.c */
/* The values are borrowed from the schema's own copy; NULL without memory. */
const struct schema_values *schema_values_of_list(struct schema *schema, const struct json_node *list);
const struct schema_values *schema_values_of_one(struct schema *schema, const struct json_node *value);
bool schema_values_contain(const struct schema_values *values, const struct json_node *node);

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
