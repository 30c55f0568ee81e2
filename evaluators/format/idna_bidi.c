/* The Bidi rule: RFC 5893 section 2. */
#include "evaluators/format/idna.h"

#include <utf8proc.h>

#define CLASS_BIT(class) (1U << (UTF8PROC_BIDI_CLASS_##class))

enum bidi_set {
	BIDI_NEUTRAL = CLASS_BIT(ES) | CLASS_BIT(CS) | CLASS_BIT(ET) | CLASS_BIT(ON) | CLASS_BIT(BN) | CLASS_BIT(NSM),
	BIDI_RIGHT_LETTERS = CLASS_BIT(R) | CLASS_BIT(AL),
	BIDI_NUMBERS = CLASS_BIT(EN) | CLASS_BIT(AN),
	BIDI_OF_RTL = BIDI_RIGHT_LETTERS | BIDI_NUMBERS | BIDI_NEUTRAL, /* rule 2 */
	BIDI_ENDS_RTL = BIDI_RIGHT_LETTERS | BIDI_NUMBERS,              /* rule 3 */
	BIDI_OF_LTR = CLASS_BIT(L) | CLASS_BIT(EN) | BIDI_NEUTRAL,      /* rule 5 */
	BIDI_ENDS_LTR = CLASS_BIT(L) | CLASS_BIT(EN),                   /* rule 6 */
};

static unsigned class_bit(uint32_t code_point)
{
	return 1U << utf8proc_get_property((utf8proc_int32_t)code_point)->bidi_class;
}

struct bidi_label idna_bidi(const struct label *label)
{
	unsigned seen = 0;
	unsigned last = 0; /* but for nonspacing marks */
	for (size_t i = 0; i < label->count; i++) {
		unsigned bit = class_bit(label->points[i]);
		seen |= bit;
		last = bit == CLASS_BIT(NSM) ? last : bit;
	}
	unsigned first = label->count > 0 ? class_bit(label->points[0]) : 0;
	struct bidi_label result = {.is_rtl = (seen & (BIDI_RIGHT_LETTERS | CLASS_BIT(AN))) != 0};
	if ((first & BIDI_RIGHT_LETTERS) != 0) {
		bool mixes_numbers = (seen & BIDI_NUMBERS) == BIDI_NUMBERS; /* rule 4 */
		result.is_fit = (seen & ~(unsigned)BIDI_OF_RTL) == 0 && (last & BIDI_ENDS_RTL) != 0 && !mixes_numbers;
	} else if (first == CLASS_BIT(L)) {
		result.is_fit = (seen & ~(unsigned)BIDI_OF_LTR) == 0 && (last & BIDI_ENDS_LTR) != 0;
	}
	return result;
}
