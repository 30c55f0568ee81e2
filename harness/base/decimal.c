#include "harness/base/decimal.h"

#include "harness/base/number.h"

enum { PLAIN_DIGITS_MAX = 40 };

/* Written exponents are cut here: far beyond what the digits of any text in memory could make up for. */
#define EXPONENT_CAP INT64_C(1000000000000000)

static bool is_zero_digit(char digit)
{
	return digit == '0';
}

static struct span without_leading_zeros(struct span digits)
{
	while (digits.length > 0 && is_zero_digit(digits.data[0])) {
		digits.data++;
		digits.length--;
	}
	return digits;
}

static struct span without_trailing_zeros(struct span digits)
{
	while (digits.length > 0 && is_zero_digit(digits.data[digits.length - 1])) {
		digits.length--;
	}
	return digits;
}

/* From 'e' to the end of the number. */
static int64_t exponent_of(const char *letter, const char *end)
{
	const char *digit = letter + 1;
	bool negative = *digit == '-';
	if (*digit == '-' || *digit == '+') {
		digit++;
	}
	int64_t exponent = 0;
	for (; digit < end && exponent < EXPONENT_CAP; digit++) {
		exponent = exponent * 10 + (*digit - '0');
	}
	return negative ? -exponent : exponent;
}

static struct span digits_between(const char *start, const char *end)
{
	return (struct span){start, (size_t)(end - start)};
}

/* A decimal as its significant digits d1 d2 ... dn and `power`: 0.d1d2...dn * 10^power with d1 and dn not 0.
 * Zero has no digits. */
struct digits {
	const struct decimal *value;
	size_t first; /* index of d1 in whole and fraction taken as one */
	size_t count;
	int64_t power;
};

static struct digits digits_of(const struct decimal *value)
{
	struct span whole = value->whole;
	struct span fraction = value->fraction;
	struct digits digits = {.value = value, .count = whole.length + fraction.length};
	digits.power = value->exponent + (int64_t)whole.length;
	if (whole.length == 0) {
		digits.first = fraction.length - without_leading_zeros(fraction).length;
		digits.count -= digits.first;
		digits.power -= (int64_t)digits.first;
	}
	if (fraction.length == 0) {
		digits.count -= whole.length - without_trailing_zeros(whole).length;
	}
	return digits;
}

/* 0 to 9; 0 behind the last digit too. */
static int digit_at(const struct digits *digits, size_t index)
{
	if (index >= digits->count) {
		return 0;
	}
	size_t at = digits->first + index;
	const struct decimal *value = digits->value;
	char digit = at < value->whole.length ? value->whole.data[at] : value->fraction.data[at - value->whole.length];
	return digit - '0';
}

bool decimal_parse(struct span text, struct decimal *ret_decimal, struct error *err)
{
	const char *end = text.length > 0 ? text.data + text.length : text.data;
	struct number_parts parts;
	if (text.length == 0 || !number_scan(text.data, end, &parts) || parts.end != end) {
		return error_set(err, ERROR_FORMAT, "'%.*s' is not a decimal number",
				 (int)(text.length < 64 ? text.length : 64), text.length > 0 ? text.data : "");
	}
	struct decimal value = {.negative = text.data[0] == '-', .whole = {"", 0}, .fraction = {"", 0}};
	const char *mantissa_end = parts.exponent != NULL ? parts.exponent : end;
	const char *whole_end = parts.point != NULL ? parts.point : mantissa_end;
	value.whole = without_leading_zeros(digits_between(text.data + value.negative, whole_end));
	if (parts.point != NULL) {
		value.fraction = without_trailing_zeros(digits_between(parts.point + 1, mantissa_end));
	}
	if (value.whole.length + value.fraction.length == 0) {
		value.negative = false;
		*ret_decimal = value;
		return true;
	}
	value.exponent = parts.exponent != NULL ? exponent_of(parts.exponent, end) : 0;
	struct digits digits = digits_of(&value);
	if (digits.count > DECIMAL_DIGITS_MAX) {
		return error_set(err, ERROR_LIMIT, "a number of more than %d digits", DECIMAL_DIGITS_MAX);
	}
	if (digits.power - 1 > DECIMAL_EXPONENT_MAX || digits.power - 1 < -DECIMAL_EXPONENT_MAX) {
		return error_set(err, ERROR_LIMIT, "a number with an exponent beyond %d", DECIMAL_EXPONENT_MAX);
	}
	*ret_decimal = value;
	return true;
}

bool decimal_is_zero(const struct decimal *value)
{
	return value->whole.length + value->fraction.length == 0;
}

bool decimal_is_integer(const struct decimal *value)
{
	struct digits digits = digits_of(value);
	return digits.count == 0 || (int64_t)digits.count <= digits.power;
}

/* Sums of decimals, digit by digit from the highest on. */

struct term {
	struct digits digits;
	int sign; /* of the term in the sum: -1 or 1 */
	size_t used;
};

static struct term term_of(const struct decimal *value, int sign)
{
	return (struct term){.digits = digits_of(value), .sign = value->negative ? -sign : sign};
}

static bool is_used_up(const struct term *term)
{
	return term->used == term->digits.count;
}

/* Power of the term's next digit. */
static int64_t next_power(const struct term *term)
{
	return term->digits.power - (int64_t)term->used;
}

/* Sign of the sum of at most three terms. `sum` is what the digits so far make, in units of the last one; what is
 * still to come of each term is less than one unit, so three units decide. While the sum is 0, positions at which no
 * term has a digit are skipped, and otherwise they decide at once: time is linear in the digits, however far apart
 * the exponents are. */
static int sign_of_sum(struct term *terms, size_t count)
{
	int sum = 0;
	int64_t position = 0; /* of the digits last added; read only once sum is not 0 */
	for (;;) {
		const struct term *highest = NULL;
		for (size_t i = 0; i < count; i++) {
			if (!is_used_up(&terms[i]) &&
			    (highest == NULL || next_power(&terms[i]) > next_power(highest))) {
				highest = &terms[i];
			}
		}
		if (highest == NULL) {
			return (sum > 0) - (sum < 0);
		}
		int64_t power = next_power(highest);
		if (sum >= 3 || sum <= -3 || (sum != 0 && power < position - 1)) {
			return sum > 0 ? 1 : -1;
		}
		sum *= 10;
		for (size_t i = 0; i < count; i++) {
			if (!is_used_up(&terms[i]) && next_power(&terms[i]) == power) {
				sum += terms[i].sign * digit_at(&terms[i].digits, terms[i].used++);
			}
		}
		position = power;
	}
}

int decimal_order(const struct decimal *a, const struct decimal *b)
{
	struct term terms[] = {term_of(a, 1), term_of(b, -1)};
	return sign_of_sum(terms, 2);
}

bool decimal_within(const struct decimal *a, const struct decimal *b, const struct decimal *tolerance, bool *ret_within,
		    struct error *err)
{
	if (tolerance->negative) {
		return error_set(err, ERROR_FORMAT, "a tolerance below zero; use zero or more");
	}
	int larger = decimal_order(a, b) >= 0 ? 1 : -1;
	struct term terms[] = {term_of(a, larger), term_of(b, -larger), term_of(tolerance, -1)};
	*ret_within = sign_of_sum(terms, 3) <= 0;
	return true;
}

/* Remainders. Value and divisor are a * 10^p and b * 10^q with integers a and b that do not end in 0, so that the value
 * is a multiple where p >= q and b divides a * 10^(p - q): where p < q, ten would have to divide a. */

enum { WORD_DIGITS = 18, REMAINDER_WORDS = DECIMAL_DIGITS_MAX / 9 + 2 };

static int64_t last_power(const struct digits *digits)
{
	return digits->power - (int64_t)digits->count;
}

/* Tens that matter: b holds each of its factors 2 and 5 less often than this, and more tens add nothing else. */
static int64_t tens_that_matter(const struct digits *value, const struct digits *divisor)
{
	int64_t tens = last_power(value) - last_power(divisor);
	int64_t most = (int64_t)divisor->count * 4;
	return tens < most ? tens : most;
}

static bool is_multiple_of_word(const struct digits *value, const struct digits *divisor, int64_t tens)
{
	uint64_t word = 0;
	uint64_t remainder = 0;
	for (size_t i = 0; i < divisor->count; i++) {
		word = word * 10 + (uint64_t)digit_at(divisor, i);
	}
	for (size_t i = 0; i < value->count + (size_t)tens; i++) {
		remainder =
			(remainder * 10 + (uint64_t)digit_at(value, i)) % word; /* below 10^19, which 64 bits hold */
	}
	return remainder == 0;
}

/* Natural numbers of `count` words in base 10^9, the least first. */
static void times_ten_and_add(uint32_t *words, size_t count, int digit)
{
	uint64_t carry = (uint64_t)digit;
	for (size_t i = 0; i < count; i++) {
		uint64_t next = (uint64_t)words[i] * 10 + carry;
		words[i] = (uint32_t)(next % 1000000000);
		carry = next / 1000000000;
	}
}

static bool is_less(const uint32_t *a, const uint32_t *b, size_t count)
{
	for (size_t i = count; i > 0; i--) {
		if (a[i - 1] != b[i - 1]) {
			return a[i - 1] < b[i - 1];
		}
	}
	return false;
}

static void subtract(uint32_t *a, const uint32_t *b, size_t count)
{
	uint32_t borrow = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t needed = b[i] + borrow;
		borrow = a[i] < needed;
		a[i] = a[i] + borrow * 1000000000 - needed;
	}
}

/* Schoolbook: each digit of the value in turn, the remainder kept below the divisor. */
static bool is_multiple_of_words(const struct digits *value, const struct digits *divisor, int64_t tens)
{
	uint32_t words[REMAINDER_WORDS] = {0};
	uint32_t remainder[REMAINDER_WORDS] = {0};
	size_t count = divisor->count / 9 + 2;
	for (size_t i = 0; i < divisor->count; i++) {
		times_ten_and_add(words, count, digit_at(divisor, i));
	}
	for (size_t i = 0; i < value->count + (size_t)tens; i++) {
		times_ten_and_add(remainder, count, digit_at(value, i));
		while (!is_less(remainder, words, count)) {
			subtract(remainder, words, count);
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (remainder[i] != 0) {
			return false;
		}
	}
	return true;
}

bool decimal_is_multiple(const struct decimal *value, const struct decimal *divisor)
{
	struct digits a = digits_of(value);
	struct digits b = digits_of(divisor);
	if (a.count == 0 || b.count == 0) {
		return a.count == 0;
	}
	if (last_power(&a) < last_power(&b)) {
		return false;
	}
	int64_t tens = tens_that_matter(&a, &b);
	return b.count <= WORD_DIGITS ? is_multiple_of_word(&a, &b, tens) : is_multiple_of_words(&a, &b, tens);
}

uint64_t decimal_is_multiple_cost(const struct decimal *value, const struct decimal *divisor)
{
	struct digits a = digits_of(value);
	struct digits b = digits_of(divisor);
	if (a.count == 0 || b.count == 0 || last_power(&a) < last_power(&b)) {
		return 1;
	}
	uint64_t steps = a.count + (uint64_t)tens_that_matter(&a, &b);
	return b.count <= WORD_DIGITS ? steps : steps * (b.count / 9 + 2) * 6;
}

bool decimal_to_scaled(const struct decimal *value, int scale, int64_t *ret_integer, struct error *err)
{
	struct digits digits = digits_of(value);
	int64_t places = digits.power + scale; /* digits before the point once scaled */
	uint64_t magnitude = 0;
	bool overflow = digits.count > 0 && places > 19; /* INT64_MAX has 19 digits */
	for (int64_t i = 0; i < places && !overflow && digits.count > 0; i++) {
		overflow = __builtin_mul_overflow(magnitude, 10U, &magnitude) ||
			   __builtin_add_overflow(magnitude, (uint64_t)digit_at(&digits, (size_t)i), &magnitude);
	}
	if (!overflow && places >= 0 && digit_at(&digits, (size_t)places) >= 5) {
		magnitude++; /* at most 19 digits: no overflow */
	}
	uint64_t largest = value->negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
	if (overflow || magnitude > largest) {
		return error_set(err, ERROR_LIMIT, "a number too large for %d decimal places in 64 bits", scale);
	}
	*ret_integer = value->negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return true;
}

static void write_digits(struct buffer *buffer, const struct digits *digits, int64_t from, int64_t to)
{
	for (int64_t i = from; i < to; i++) {
		buffer_append_byte(buffer, (char)('0' + digit_at(digits, (size_t)i)));
	}
}

static void write_plain(struct buffer *buffer, const struct digits *digits)
{
	int64_t count = (int64_t)digits->count;
	if (digits->power <= 0) {
		buffer_append_text(buffer, "0.");
		for (int64_t i = digits->power; i < 0; i++) {
			buffer_append_byte(buffer, '0');
		}
		write_digits(buffer, digits, 0, count);
		return;
	}
	write_digits(buffer, digits, 0, digits->power);
	if (count > digits->power) {
		buffer_append_byte(buffer, '.');
		write_digits(buffer, digits, digits->power, count);
	}
}

void decimal_write(struct buffer *buffer, const struct decimal *value)
{
	struct digits digits = digits_of(value);
	int64_t count = (int64_t)digits.count;
	if (count == 0) {
		buffer_append_byte(buffer, '0');
		return;
	}
	if (value->negative) {
		buffer_append_byte(buffer, '-');
	}
	int64_t plain = digits.power > count ? digits.power : digits.power > 0 ? count : 1 - digits.power + count;
	if (plain <= PLAIN_DIGITS_MAX) {
		write_plain(buffer, &digits);
		return;
	}
	write_digits(buffer, &digits, 0, 1);
	if (count > 1) {
		buffer_append_byte(buffer, '.');
		write_digits(buffer, &digits, 1, count);
	}
	buffer_append_format(buffer, "e%+lld", (long long)(digits.power - 1));
}
