/* Layer 1. JSON Schema validation, draft 2020-12 (https://json-schema.org/draft/2020-12), the part that contracts and
 * configuration files need first.
 *
 * Supported: true and false as schemas; type, enum, const, required, properties, additionalProperties, items, minItems,
 * maxItems, minimum, maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength (in code points), pattern.
 * Read and without effect: $schema, $id, $comment, title, description, default, examples, deprecated, readOnly,
 * writeOnly. Every other keyword is refused when the schema is compiled, with its name and place: a keyword is never
 * silently ignored. $schema may name drafts 6, 7, 2019-09 and 2020-12, in which the supported part means the same.
 *
 * Numbers are compared exactly, and 1.0 is an integer. Where an object has the same name twice, both values are
 * checked. Patterns are ECMA-262 regular expressions with the "u" flag, run by PCRE2: what PCRE2 has beyond ECMA-262 is
 * refused, and lookbehind must be of fixed length. The steps that one match may take are limited in proportion to the
 * text; a text that needs more is a violation ("could not be decided").
 *
 * A schema is compiled once into a flat program (program.h), is immutable from then on and may be used by several
 * threads at once. Validation of a valid instance allocates nothing (but the first time a thread needs a pattern).
 *
 * How to add a keyword: keywords.h. */
#ifndef UNDERSTUDY_EVALUATORS_SCHEMA_H
#define UNDERSTUDY_EVALUATORS_SCHEMA_H

#include "harness/base/json.h"
#include "harness/base/vocabulary.h"

struct schema;

/* Copies what it needs of `document`. NULL with ERROR_CONFIG (what is wrong where in the schema, and what to do),
 * ERROR_LIMIT or ERROR_MEMORY. */
MUST_CHECK struct schema *schema_create(const struct json_node *document, struct error *err);
void schema_destroy(struct schema *schema); /* accepts NULL */

/* All text lives in the report's arena. No text quotes a value of the instance (it may be personal data); names of
 * members are quoted, so text for people must still be escaped for where it goes. */
struct schema_violation {
	const char *instance; /* JSON Pointer of the value; of the object for a missing field; "" for the root, and
				 where it is longer than 64 KiB */
	const char *schema;   /* JSON Pointer of the keyword in the schema, as in /properties/qty/minimum */
	const char *keyword;  /* "minimum"; "false" for the schema false */
	const char *sentence; /* "the field "qty" is missing": one line of UTF-8, at most 500 bytes */
	uint32_t offset;      /* in the instance's source: of the value, or of the name of an undeclared field */
	enum drift_class drift;
};

/* Filled by schema_validate; give one to each call. */
struct schema_report {
	struct arena *arena;           /* borrowed; set by schema_report_init */
	size_t maximum;                /* violations kept at most */
	struct schema_violation *list; /* `count` of them, in order of the instance; in the arena */
	size_t count;
	size_t capacity;
	size_t total;                       /* violations found, those not kept included */
	size_t by_class[DRIFT_CLASS_COUNT]; /* of `total` */
};

void schema_report_init(struct schema_report *report, struct arena *arena, size_t maximum);

/* True: the instance keeps the schema. With a report all violations are sought; with NULL the first one ends the work.
 * The instance must not be NULL. Violations for which the arena has no room are counted only. */
bool schema_validate(const struct schema *schema, const struct json_node *instance, struct schema_report *report);

#endif
