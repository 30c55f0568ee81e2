/* Layer 1. What a JSON Schema says about one place of the documents that keep it, found without a document: can a value
 * stand there, must one, and which schemas does it have to keep.
 *
 * A place is described by cases: a value there keeps every schema of at least one case. allOf, $ref and the schema
 * itself add to one case; anyOf, oneOf and if/then/else make several. What cannot be expressed that way (not, a
 * reference that cannot be followed, more than REACH_CASES_MAX cases) is left out, so the cases describe at least what
 * the schema allows, never less: "impossible" is always true, "open" may be cautious.
 *
 * Drafts 6, 7, 2019-09 and 2020-12 (https://json-schema.org/specification); the dialect is read from $schema of the
 * root. References are followed inside the document only, and not at all where it embeds resources of their own ($id).
 *
 * Ownership: a struct reach borrows the document and the arena; everything in its answers lives in that arena and in
 * the document. Without memory `failed` is set and answers are not to be used. Recursive schemas are fine: one step is
 * taken at a time. */
#ifndef UNDERSTUDY_EVALUATORS_REACH_H
#define UNDERSTUDY_EVALUATORS_REACH_H

#include "evaluators/select/select.h"

enum { REACH_CASES_MAX = 64 };

struct reach {
	const struct json_node *root;
	struct arena *arena;
	int dialect;   /* 7 (and 6), 2019 or 2020, which is the default */
	bool embedded; /* holds resources of their own, so references are not followed */
	bool failed;   /* no memory; all answers are void */
	size_t work;   /* schemas looked at for the question at hand */
};

enum reach_presence {
	REACH_IMPOSSIBLE, /* no valid document has a value there */
	REACH_OPEN,       /* undeclared, but the schema lets undeclared members pass */
	REACH_DECLARED,
	REACH_REQUIRED, /* there in every valid document whose values on the way are objects and arrays */
};

/* Schemas that a value keeps all at once, none of them true or false. */
struct reach_case {
	const struct json_node **schemas;
	size_t count;
};

struct reach_place {
	enum reach_presence presence;
	struct reach_case *cases; /* none: impossible */
	size_t count;
};

void reach_init(struct reach *reach, const struct json_node *root, struct arena *arena);

/* The document itself; any schema of the document for a value, or several at
 * once; and what stands at a path. */
struct reach_place reach_root(struct reach *reach);
struct reach_place reach_expand(struct reach *reach, const struct json_node *schema);
struct reach_place reach_expand_all(struct reach *reach, const struct json_node **schemas, size_t count);
struct reach_place reach_find(struct reach *reach, const struct select_path *path);
struct reach_place reach_find_from(struct reach *reach, struct reach_place place, const struct select_path *path);

/* One step on from a place, or from one case of it. The items behind all that are declared one by one:
 * index reach_prefix_count. */
struct reach_place reach_member(struct reach *reach, const struct reach_place *place, struct span name);
struct reach_place reach_item(struct reach *reach, const struct reach_place *place, size_t index);
struct reach_place reach_case_member(struct reach *reach, const struct reach_case *one, struct span name);
struct reach_place reach_case_item(struct reach *reach, const struct reach_case *one, size_t index);
size_t reach_prefix_count(const struct reach *reach, const struct reach_case *one);
/* The schema of a single schema object for its item number `index`; NULL: none. */
const struct json_node *reach_item_schema(const struct reach *reach, const struct json_node *schema, size_t index);

/* Names of members that a case declares by `properties` or `required`, each once. */
struct reach_names {
	struct span *list;
	size_t count;
};
struct reach_names reach_case_names(struct reach *reach, const struct reach_case *one);

/* The types a value can have, as bits. */
enum reach_type {
	REACH_NULL = 1,
	REACH_BOOLEAN = 2,
	REACH_INTEGER = 4,
	REACH_FRACTION = 8, /* a number that is no integer */
	REACH_STRING = 16,
	REACH_ARRAY = 32,
	REACH_OBJECT = 64,
	REACH_NUMBER = REACH_INTEGER | REACH_FRACTION,
	REACH_ANY = 127,
};
unsigned reach_type_of(const struct json_node *value);
unsigned reach_types_named(const struct json_node *type); /* by the value of `type` */
unsigned reach_case_types(const struct reach_case *one);
unsigned reach_types(const struct reach_place *place);

/* The values, where enum, const or the types null and boolean leave a finite list; false where they do not. */
struct reach_values {
	const struct json_node **list;
	size_t count;
};
bool reach_case_values(struct reach *reach, const struct reach_case *one, struct reach_values *ret_values);
bool reach_values(struct reach *reach, const struct reach_place *place, struct reach_values *ret_values);

/* A number given by `keyword` in the case's schemas, the least or the greatest of several; NULL: none. */
const struct json_node *reach_least(const struct reach_case *one, const char *keyword);
const struct json_node *reach_greatest(const struct reach_case *one, const char *keyword);

/* Bytes of a value as compact JSON. Numbers count up to 24 bytes; a character counts as one byte; undeclared members of
 * open objects are not counted. An anchored pattern without * + and {n,} bounds its text, and so do formats of fixed
 * length. */
#define REACH_UNBOUNDED UINT64_MAX
struct reach_size {
	uint64_t least;
	uint64_t most;         /* REACH_UNBOUNDED */
	const char *unbounded; /* JSON Pointer of the first value without a bound, items as "*"; NULL: none */
	const char *reason;    /* "has no maxLength", static; NULL: none */
};
struct reach_size reach_size_of(struct reach *reach, const struct reach_place *place);

/* What a reference inside the document leads to; NULL where it cannot be followed. */
const struct json_node *reach_follow(const struct reach *reach, const struct json_node *schema, const char *keyword);

/* May a schema object, or what it applies to the same value, have evaluated a member (data NULL: one that no schema
 * names) or an item? If not, its unevaluatedProperties or unevaluatedItems is about it. */
bool reach_may_evaluate(const struct reach *reach, const struct json_node *schema, struct span name);
bool reach_may_evaluate_item(const struct reach *reach, const struct json_node *schema, size_t index);

/* Is the document a schema that the validator takes? Its error says why not. */
MUST_CHECK bool reach_check(const struct json_node *schema, struct error *err);
/* Does a value keep a schema that is complete by itself? By the validator of evaluators/schema; UNKNOWN where it does
 * not take the schema. */
enum reach_answer { REACH_NO, REACH_YES, REACH_UNKNOWN };
enum reach_answer reach_keeps(const struct json_node *schema, const struct json_node *value);
enum reach_answer reach_matches(const struct json_node *pattern, struct span text);

#endif
