/* Labels of internationalized host names (IDNA2008), below format_host.c. Private to evaluators/format.
 *
 * A label is an array of code points: LABEL_LONGEST of them at most, since an A-label needs a byte for each. */
#ifndef UNDERSTUDY_EVALUATORS_FORMAT_IDNA_H
#define UNDERSTUDY_EVALUATORS_FORMAT_IDNA_H

#include "harness/base/bytes.h"

enum { LABEL_LONGEST = 63 };

struct label {
	uint32_t points[LABEL_LONGEST];
	size_t count;
};

/* punycode.c: RFC 3492, on what follows "xn--".
 * Reads lower-case text; false where it is no Punycode or makes a label that is too long or beyond Unicode. */
MUST_CHECK bool punycode_decode(struct span text, struct label *ret_label);
/* Writes at most LABEL_LONGEST bytes; false where more are needed. */
MUST_CHECK bool punycode_encode(const struct label *label, char bytes[LABEL_LONGEST], size_t *ret_length);

/* idna_label.c: is it a U-label of RFC 5891 section 4.2, apart from its length and the Bidi rule? Hyphens, leading
 * marks, disallowed and unassigned code points, contextual rules, and normal form C where must_be_normal. */
bool idna_is_valid_label(const struct label *label, bool must_be_normal);

/* idna_context.c: the rule of RFC 5892 appendix A for the code point at `index`, which must be CONTEXTJ or CONTEXTO. */
bool idna_context_allows(const struct label *label, size_t index);

/* idna_bidi.c: RFC 5893. `is_rtl`: the label has a right-to-left letter or an Arabic number; `is_fit`: it keeps the six
 * rules of section 2, which all labels must as soon as one of them is right-to-left. */
struct bidi_label {
	bool is_rtl;
	bool is_fit;
};
struct bidi_label idna_bidi(const struct label *label);

/* Ranges of code points, sorted and apart. */
struct code_points {
	uint32_t first;
	uint32_t last;
};
bool code_points_contain(const struct code_points *ranges, size_t count, uint32_t code_point); /* idna_label.c */
/* The same for an array of ranges. */
#define CODE_POINTS_HAVE(array, code_point) code_points_contain(array, sizeof(array) / sizeof((array)[0]), code_point)

#endif
