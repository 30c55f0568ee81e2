/* Which code points a U-label may have: the derived property of RFC 5892, computed for the Unicode version of utf8proc.
 * The sets A to M are those of section 2; those that can only hold what a later rule forbids as well are left out. */
#include "evaluators/format/idna.h"

#include "harness/base/text.h"

#include <utf8proc.h>

enum point_verdict { POINT_DISALLOWED, POINT_VALID, POINT_CONTEXT };

bool code_points_contain(const struct code_points *ranges, size_t count, uint32_t code_point)
{
	size_t low = 0;
	while (low < count) {
		size_t middle = low + (count - low) / 2;
		if (code_point > ranges[middle].last) {
			low = middle + 1;
		} else if (code_point < ranges[middle].first) {
			count = middle;
		} else {
			return true;
		}
	}
	return false;
}

/* Exceptions (F), and the joiners (H), by their verdicts. */
static const struct code_points exceptions_valid[] = {
	{0xdf, 0xdf}, {0x3c2, 0x3c2}, {0x6fd, 0x6fe}, {0xf0b, 0xf0b}, {0x3007, 0x3007}};
static const struct code_points exceptions_context[] = {{0xb7, 0xb7},    {0x375, 0x375}, {0x5f3, 0x5f4},
							{0x660, 0x669},  {0x6f0, 0x6f9}, {0x200c, 0x200d},
							{0x30fb, 0x30fb}};
static const struct code_points exceptions_disallowed[] = {
	{0x640, 0x640}, {0x7fa, 0x7fa}, {0x302e, 0x302f}, {0x3031, 0x3035}, {0x303b, 0x303b}};
/* IgnorableBlocks (D), and OldHangulJamo (I): Hangul_Syllable_Type L, V and T. */
static const struct code_points disallowed_ranges[] = {{0x1100, 0x11ff},  {0x20d0, 0x20ff}, {0xa960, 0xa97c},
						       {0xd7b0, 0xd7c6},  {0xd7cb, 0xd7fb}, {0x1d100, 0x1d1ff},
						       {0x1d200, 0x1d24f}};

/* LetterDigits (A). */
static bool is_letter_or_digit(utf8proc_propval_t category)
{
	static const unsigned categories = 1U << UTF8PROC_CATEGORY_LL | 1U << UTF8PROC_CATEGORY_LU |
					   1U << UTF8PROC_CATEGORY_LO | 1U << UTF8PROC_CATEGORY_ND |
					   1U << UTF8PROC_CATEGORY_LM | 1U << UTF8PROC_CATEGORY_MN |
					   1U << UTF8PROC_CATEGORY_MC;
	return (categories >> (unsigned)category & 1) != 0;
}

/* The normal form of few code points by `options`; 0 where it is longer than `room`. */
static size_t normalize(struct span text, utf8proc_int32_t *points, size_t room, unsigned options)
{
	utf8proc_option_t all = (utf8proc_option_t)options;
	utf8proc_ssize_t count = utf8proc_decompose((const utf8proc_uint8_t *)text.data, (utf8proc_ssize_t)text.length,
						    points, (utf8proc_ssize_t)room, all);
	if (count < 0 || (size_t)count > room) {
		return 0;
	}
	count = utf8proc_normalize_utf32(points, count, all);
	return count < 0 ? 0 : (size_t)count;
}

/* Not Unstable (B): NFKC and case folding leave it as it is. */
static bool is_stable(uint32_t code_point, const utf8proc_property_t *property)
{
	utf8proc_int32_t points[32]; /* the longest decomposition has 18 */
	char bytes[4];
	if (property->decomp_seqindex == UINT16_MAX && property->casefold_seqindex == UINT16_MAX) {
		return true;
	}
	struct span text = {bytes, text_encode_code_point(code_point, bytes)};
	size_t count = normalize(text, points, sizeof(points) / sizeof(points[0]),
				 (unsigned)UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
	return count == 1 && points[0] == (utf8proc_int32_t)code_point;
}

/* Section 3 of RFC 5892. */
static enum point_verdict judge_point(uint32_t code_point)
{
	if (code_point < 0x80) { /* LDH (E), and no upper case, which is Unstable */
		char c = (char)code_point;
		return text_is_digit(c) || c == '-' || (c >= 'a' && c <= 'z') ? POINT_VALID : POINT_DISALLOWED;
	}
	if (CODE_POINTS_HAVE(exceptions_valid, code_point)) {
		return POINT_VALID;
	}
	if (CODE_POINTS_HAVE(exceptions_context, code_point)) {
		return POINT_CONTEXT;
	}
	const utf8proc_property_t *property = utf8proc_get_property((utf8proc_int32_t)code_point);
	bool is_valid = is_letter_or_digit(property->category) && !property->ignorable &&
			!CODE_POINTS_HAVE(exceptions_disallowed, code_point) &&
			!CODE_POINTS_HAVE(disallowed_ranges, code_point) && is_stable(code_point, property);
	return is_valid ? POINT_VALID : POINT_DISALLOWED;
}

static bool is_mark(uint32_t code_point)
{
	utf8proc_propval_t category = utf8proc_get_property((utf8proc_int32_t)code_point)->category;
	return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME;
}

static bool is_normal(const struct label *label)
{
	enum { GROWTH = 4 }; /* the longest canonical decomposition */
	utf8proc_int32_t points[LABEL_LONGEST * GROWTH];
	char bytes[LABEL_LONGEST * 4];
	struct span text = {bytes, 0};
	for (size_t i = 0; i < label->count; i++) {
		text.length += text_encode_code_point(label->points[i], bytes + text.length);
	}
	size_t count = normalize(text, points, sizeof(points) / sizeof(points[0]),
				 (unsigned)UTF8PROC_STABLE | UTF8PROC_COMPOSE);
	for (size_t i = 0; i < label->count; i++) {
		if (i >= count || points[i] != (utf8proc_int32_t)label->points[i]) {
			return false;
		}
	}
	return count == label->count;
}

static bool has_hyphen_at(const struct label *label, size_t index)
{
	return index < label->count && label->points[index] == '-';
}

bool idna_is_valid_label(const struct label *label, bool must_be_normal)
{
	if (label->count == 0 || has_hyphen_at(label, 0) || has_hyphen_at(label, label->count - 1) ||
	    (has_hyphen_at(label, 2) && has_hyphen_at(label, 3)) || is_mark(label->points[0])) {
		return false;
	}
	for (size_t i = 0; i < label->count; i++) {
		enum point_verdict verdict = judge_point(label->points[i]);
		if (verdict == POINT_DISALLOWED || (verdict == POINT_CONTEXT && !idna_context_allows(label, i))) {
			return false;
		}
	}
	return !must_be_normal || is_normal(label);
}
