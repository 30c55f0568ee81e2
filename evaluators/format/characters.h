/* Sets of ASCII characters and the wider repertoire of RFC 3987, for the grammars of this folder. Private to
 * evaluators/format. */
#ifndef UNDERSTUDY_EVALUATORS_FORMAT_CHARACTERS_H
#define UNDERSTUDY_EVALUATORS_FORMAT_CHARACTERS_H

#include "harness/base/bytes.h"

/* One bit for each character: 0 to 63 in `low`, 64 ("@") to 127 in `high`. */
struct character_set {
	uint64_t low;
	uint64_t high;
};

#define CHARACTER_BIT(c) ((uint64_t)1 << ((unsigned)(c)&63))
/* Both ends in the same half. */
#define CHARACTER_BITS(first, last) (CHARACTER_BIT(last) | (CHARACTER_BIT(last) - CHARACTER_BIT(first)))
#define CHARACTER_DIGITS CHARACTER_BITS('0', '9')                                   /* low */
#define CHARACTER_LETTERS (CHARACTER_BITS('A', 'Z') | CHARACTER_BITS('a', 'z'))     /* high */
#define CHARACTER_HEX_LETTERS (CHARACTER_BITS('A', 'F') | CHARACTER_BITS('a', 'f')) /* high */

static inline bool character_is_in(struct character_set set, char c)
{
	unsigned char byte = (unsigned char)c;
	return byte < 128 && (((byte < 64 ? set.low : set.high) >> (byte & 63)) & 1) != 0;
}

/* Bytes from `position` on that are in the set: where the first other one stands, or the text's length. */
static inline size_t character_skip(struct span text, size_t position, struct character_set set)
{
	while (position < text.length && character_is_in(set, text.data[position])) {
		position++;
	}
	return position;
}

/* "%" and two hexadecimal digits at `position` (RFC 3986 section 2.1). */
bool character_is_percent_encoded(struct span text, size_t position);

/* `ucschar` and `iprivate` of RFC 3987 section 2.2. */
bool character_is_ucs(uint32_t code_point);
bool character_is_private(uint32_t code_point);

/* Moves over one code point beyond ASCII that is `ucschar` or, where with_private, `iprivate`; false with nothing moved
 * at any other. */
bool character_skip_ucs(struct span text, size_t *position, bool with_private);

#endif
