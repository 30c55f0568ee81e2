/* Layer 1. Do two versions of a JSON Schema read each other's documents?
 *
 * The words are those of schema registries (Confluent, "Schema evolution and compatibility"): BACKWARD: whoever has the
 * new schema can read every document written with the old one. FORWARD: whoever has the old schema can read every
 * document written with the new one. FULL: both. NONE: neither. Content models count: an object without
 * "additionalProperties": false lets undeclared members be anything, so declaring one of them later is no BACKWARD
 * change.
 *
 * A claim of compatibility is a proof: each document of the one schema is shown to keep the other, keyword by keyword,
 * over the cases of evaluators/reach. What cannot be shown counts as a break and says so (`undecided`), so a break need
 * not be one, and a claim always holds. Decided are: types, enum, const, bounds, multipleOf, lengths, required, members
 * and items in every form, property counts and names, allOf, anyOf, oneOf whose branches exclude each other by type or
 * by a constant, references inside the document, recursion. Not, if, contains, dependent keywords and formats are
 * decided where both sides say the same. Patterns are compared as text. Formats count as asserted.
 *
 * Drafts as in evaluators/reach. Custom keywords and vocabularies are taken for annotations. */
#ifndef UNDERSTUDY_EVALUATORS_COMPATIBILITY_H
#define UNDERSTUDY_EVALUATORS_COMPATIBILITY_H

#include "harness/base/json.h"

enum compatibility_mode {
	COMPATIBILITY_NONE = 0,
	COMPATIBILITY_BACKWARD = 1,
	COMPATIBILITY_FORWARD = 2,
	COMPATIBILITY_FULL = 3, /* both bits */
};
const char *compatibility_name(enum compatibility_mode mode); /* "BACKWARD" */

struct compatibility_break {
	enum compatibility_mode breaks; /* COMPATIBILITY_BACKWARD or COMPATIBILITY_FORWARD */
	bool undecided;                 /* not shown to hold; it may */
	const char *place;    /* JSON Pointer of the value; items and undeclared members as "*"; "": the root */
	const char *keyword;  /* of the schema that does not take everything */
	const char *sentence; /* one line, at most COMPATIBILITY_SENTENCE_MAX bytes */
};

enum { COMPATIBILITY_BREAKS_MAX = 200, COMPATIBILITY_SENTENCE_MAX = 300 };

struct compatibility {
	enum compatibility_mode mode;
	struct compatibility_break *list; /* breaks of BACKWARD first; in the arena */
	size_t count;
	size_t total; /* found, those past COMPATIBILITY_BREAKS_MAX included */
};

/* Both documents must be valid schemas. The result's texts live in the arena and in the documents. ERROR_MEMORY alone.
 */
MUST_CHECK bool schema_compatibility(const struct json_node *old_schema, const struct json_node *new_schema,
				     struct arena *arena, struct compatibility *ret_result, struct error *err);

#endif
