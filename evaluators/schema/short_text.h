/* Layer 1, private to evaluators/schema: whether two short texts are the same, without a call. Names of members and
 * words of lists mostly have less than 16 bytes. */
#ifndef UNDERSTUDY_EVALUATORS_SCHEMA_SHORT_TEXT_H
#define UNDERSTUDY_EVALUATORS_SCHEMA_SHORT_TEXT_H

#include "harness/base/bytes.h"

static inline uint64_t short_word(const char *bytes, size_t width)
{
	uint64_t word = 0;
	uint32_t half = 0;
	uint16_t quarter = 0;
	switch (width) {
	case 8:
		memcpy(&word, bytes, 8);
		return word;
	case 4:
		memcpy(&half, bytes, 4);
		return half;
	case 2:
		memcpy(&quarter, bytes, 2);
		return quarter;
	default:
		return (unsigned char)*bytes;
	}
}

/* The first and the last `width` bytes, which overlap. */
static inline bool short_ends_equal(const char *a, const char *b, size_t length, size_t width)
{
	size_t last = length - width;
	return ((short_word(a, width) ^ short_word(b, width)) |
		(short_word(a + last, width) ^ short_word(b + last, width))) == 0;
}

static inline bool short_equal(struct span a, struct span b)
{
	if (a.length != b.length) {
		return false;
	}
	if (a.length > 16) {
		return memcmp(a.data, b.data, a.length) == 0;
	}
	if (a.length >= 8) {
		return short_ends_equal(a.data, b.data, a.length, 8);
	}
	if (a.length >= 4) {
		return short_ends_equal(a.data, b.data, a.length, 4);
	}
	if (a.length >= 2) {
		return short_ends_equal(a.data, b.data, a.length, 2);
	}
	return a.length == 0 || a.data[0] == b.data[0];
}

#endif
