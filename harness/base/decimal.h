/* Layer 0. Exact decimals: the text of a JSON number (RFC 8259 section 6) as sign, digits and exponent of ten.
 *
 * Nothing is rounded. Digits borrow from the text and are valid as long as it is. */
#ifndef UNDERSTUDY_BASE_DECIMAL_H
#define UNDERSTUDY_BASE_DECIMAL_H

#include "harness/base/bytes.h"

enum { DECIMAL_DIGITS_MAX = 4096, DECIMAL_EXPONENT_MAX = 100000 };

struct decimal {
	bool negative;
	struct span whole;    /* digits before the point, no leading zeros, may be empty */
	struct span fraction; /* digits behind the point, no trailing zeros, may be empty; empty for zero */
	int64_t exponent;     /* value = whole.fraction * 10^exponent */
};

/* Accepts exactly the JSON number grammar; borrows `text`. ERROR_FORMAT for other text; ERROR_LIMIT for more
 * significant digits, or a larger exponent of d.ddde+N, than above. So it is the value that decides, not its spelling.
 */
MUST_CHECK bool decimal_parse(struct span text, struct decimal *ret_decimal, struct error *err);
bool decimal_is_zero(const struct decimal *value);
bool decimal_is_integer(const struct decimal *value);
int decimal_order(const struct decimal *a, const struct decimal *b); /* -1, 0, 1, exact */
/* |a - b| <= tolerance, exact, in time linear in the digits and without memory, however far apart the exponents are.
 * False only for a negative tolerance (ERROR_FORMAT). */
MUST_CHECK bool decimal_within(const struct decimal *a, const struct decimal *b, const struct decimal *tolerance,
			       bool *ret_within, struct error *err);
/* Whether value is an integer times divisor, exact; zero is a multiple of everything, and nothing else of zero. The
 * cost is in additions of machine words, at most about 60 million, and one per digit where the divisor has no more than
 * 18 digits. */
bool decimal_is_multiple(const struct decimal *value, const struct decimal *divisor);
uint64_t decimal_is_multiple_cost(const struct decimal *value, const struct decimal *divisor);
/* value * 10^scale as an integer, rounding half away from zero; ERROR_LIMIT outside int64. Money: scale 9. */
MUST_CHECK bool decimal_to_scaled(const struct decimal *value, int scale, int64_t *ret_integer, struct error *err);
/* The one spelling per value that json_write_canonical uses: digits without exponent, "0.5" or "1200", where that takes
 * at most 40 digits, else d.ddde+N or e-N. Zero is "0". */
void decimal_write(struct buffer *buffer, const struct decimal *value);

#endif
