/* Layer 0. Our read-only JSON reader (RFC 8259): one pass, strict, into a tape of nodes in an arena.
 *
 * Numbers are kept as their text, so nothing is rounded. Strings are checked UTF-8; one without escapes points into
 * the source, one with escapes is decoded into the arena. A lone surrogate escape is an error. A byte order mark, text
 * after the value, and nesting past the limit are errors too. Messages begin "line L, column C (byte N): ", lines and
 * columns from 1, columns in characters, bytes from 0.
 * Duplicate names in an object are accepted and kept in order; json_get returns the last one, as most readers do.
 *
 * Ownership: nodes and decoded strings are valid until the arena is reset; undecoded strings as long as the source. */
#ifndef UNDERSTUDY_BASE_JSON_H
#define UNDERSTUDY_BASE_JSON_H

#include "harness/base/arena.h"

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* One tape entry. An object's members follow it as name, value, name, value ...; an array's items follow it.
 * Read it through the functions below only. */
struct json_node {
	const char *text; /* string: decoded bytes; number: its text; else NULL */
	uint32_t length;  /* string, number: bytes of text; array: items; object: members */
	uint32_t span;    /* entries on the tape from this node to the one behind its whole subtree, at least 1 */
	uint32_t offset;  /* of the value's first byte in the source */
	uint8_t type;     /* enum json_type */
};

/* Larger depth limits count as this one, so that walking a document by recursion is safe. */
enum { JSON_DEPTH_MAX = 4096 };

struct json_limits {
	size_t depth; /* containers inside each other; 0: 512 */
	size_t nodes; /* tape entries, member names included; 0: 16 million */
};

/* NULL limits: the defaults. Source below 4 GiB. Borrows `text`. Takes from the arena 24 bytes per value and name, as
 * much again for each , : [ { inside strings, in all at most 12 bytes per byte of source (and 6 KiB at the default
 * depth); and the length of each string with escapes. What a failed parse took stays taken until the reset.
 * ERROR_FORMAT for text that is not JSON, ERROR_LIMIT past a limit, the arena's maximum included. */
MUST_CHECK bool json_parse(struct arena *arena, struct span text, const struct json_limits *limits,
			   const struct json_node **ret_root, struct error *err);

/* All of these accept NULL (an absent value) and answer "nothing": NULL, 0 or false. */
static inline bool json_is(const struct json_node *node, enum json_type type)
{
	return node != NULL && node->type == type;
}
static inline bool json_is_boolean(const struct json_node *node)
{
	return node != NULL && (node->type == JSON_TRUE || node->type == JSON_FALSE);
}
/* Decoded text of a string, or the text of a number; empty for all else. */
static inline struct span json_text(const struct json_node *node)
{
	return node != NULL && node->text != NULL ? (struct span){node->text, node->length} : (struct span){"", 0};
}
/* Items of an array, members of an object. */
static inline size_t json_count(const struct json_node *node)
{
	return node != NULL && (node->type == JSON_ARRAY || node->type == JSON_OBJECT) ? node->length : 0;
}
/* for (const struct json_node *item = json_first(array); item != NULL; item = json_next(array, item))
 * In an object the child is the member's *name*; json_member gives the value. */
static inline const struct json_node *json_first(const struct json_node *container)
{
	return json_count(container) > 0 ? container + 1 : NULL;
}
static inline const struct json_node *json_member(const struct json_node *name)
{
	return name != NULL ? name + 1 : NULL;
}
static inline const struct json_node *json_next(const struct json_node *container, const struct json_node *child)
{
	if (child == NULL) {
		return NULL;
	}
	const struct json_node *next =
		container->type == JSON_OBJECT ? child + 1 + (child + 1)->span : child + child->span;
	return next < container + container->span ? next : NULL;
}
const struct json_node *json_get(const struct json_node *object, struct span name);
const struct json_node *json_get_text(const struct json_node *object, const char *name);
const struct json_node *json_at(const struct json_node *array, size_t index);
const char *json_type_name(const struct json_node *node); /* "null" "boolean" "number" "string" "array" "object";
							   * "nothing" for NULL */

/* Same JSON value: numbers by exact value (1 = 1.0 = 10e-1), strings by bytes, arrays in order, objects as sets of
 * members (the last of duplicate names counts). Time is bounded by O(n log n) for hostile objects too.
 * Numbers past the limits of base/decimal.h are equal where their spelling is. An absent value equals nothing. */
bool json_equal(const struct json_node *a, const struct json_node *b);

/* Writers. Compact, no added white space; strings escaped as RFC 8259 section 7 asks, "/" and non-ASCII left alone. */
void json_write_string(struct buffer *buffer, struct span text);      /* with its quotes; text must be UTF-8 */
void json_write(struct buffer *buffer, const struct json_node *node); /* members in source order */
/* Canonical form for hashing: members sorted by bytes of their names (last duplicate only), numbers in one spelling
 * per value: plain integer or decimal digits without exponent up to 40 digits, else d.ddde±N; no negative zero.
 * Equal values (json_equal) give equal bytes and the other way round. */
void json_write_canonical(struct buffer *buffer, const struct json_node *node);

#endif
