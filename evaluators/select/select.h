/* Layer 1. Addresses of values in JSON documents: JSON Pointer (RFC 6901) and JSONPath (RFC 9535).
 *
 * The first character decides: "$" is JSONPath, "/" or the empty text is a JSON Pointer, all else is an error.
 * Of JSONPath, the singular queries ($.a, $['a'], $[0], $[-1], chained) are supported: they name at most one value.
 * Wildcards, slices, lists of selectors, descendants and filters are refused by name; what is not JSONPath at all is
 * refused with its position.
 *
 * A compiled path is plain data in the arena it was compiled into, immutable, and valid until that arena is reset. It
 * borrows nothing from the expression's text. Evaluation allocates nothing and cannot fail: an absent value is NULL. */
#ifndef UNDERSTUDY_EVALUATORS_SELECT_H
#define UNDERSTUDY_EVALUATORS_SELECT_H

#include "harness/base/json.h"

enum select_step_kind {
	SELECT_NAME,  /* member of an object (JSONPath) */
	SELECT_INDEX, /* item of an array, negative from its end (JSONPath) */
	SELECT_TOKEN, /* member of an object, or item of an array where the token is an index (JSON Pointer) */
};

struct select_step {
	enum select_step_kind kind;
	struct span name; /* decoded; SELECT_NAME and SELECT_TOKEN */
	int64_t index;    /* SELECT_INDEX; SELECT_TOKEN: -1 where the token is no index */
};

struct select_path {
	const struct select_step *steps;
	size_t count; /* 0: the whole document */
};

/* ERROR_CONFIG with the position (in bytes, from 1) of what is wrong. The path lives in `arena`. */
MUST_CHECK bool select_compile(struct span expression, struct arena *arena, struct select_path *ret_path,
			       struct error *err);
/* The value at the path, NULL where there is none (or where root is NULL). Borrowed from the document. */
const struct json_node *select_get(const struct select_path *path, const struct json_node *root);
/* Appends the JSON Pointer of the same place. False, with nothing appended, where the path counts from the end of an
 * array: what it points at then depends on the document. */
MUST_CHECK bool select_to_pointer(const struct select_path *path, struct buffer *buffer);
/* Appends one reference token of a JSON Pointer: "/" and the name with "~" and "/" escaped. */
void select_append_token(struct buffer *buffer, struct span name);

#endif
