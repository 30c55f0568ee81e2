#include "harness/base/decimal.h"
#include "tests/base/suites.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct decimal decimal_of(const char *text)
{
	struct decimal value = {.exponent = 0};
	struct error err = ERROR_INIT;
	ck_assert_msg(decimal_parse(span_of(text), &value, &err), "%s: %s", text, err.message);
	return value;
}

/* RFC 8259 section 6, and one spelling per value. */
static const struct {
	const char *text;
	const char *written; /* NULL: not a number */
	bool integer;
} spelling_rows[] = {
	{"0", "0", true},
	{"-0", "0", true},
	{"-0.00e+5", "0", true},
	{"0e99999999999999999999", "0", true},
	{"1", "1", true},
	{"1.0", "1", true},
	{"10e-1", "1", true},
	{"100", "100", true},
	{"1e2", "100", true},
	{"1E+0000000000000000000000000002", "100", true},
	{"120e-1", "12", true},
	{"125e-1", "12.5", false},
	{"-12.50", "-12.5", false},
	{"0.001", "0.001", false},
	{"0.0010e3", "1", true},
	{"1e-3", "0.001", false},
	{"18446744073709551617", "18446744073709551617", true},
	{"0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827", false},
	{"1e39", "1000000000000000000000000000000000000000", true}, /* 40 digits */
	{"1e40", "1e+40", true},
	{"1.25e40", "1.25e+40", true},
	{"1e-39", "0.000000000000000000000000000000000000001", false}, /* 40 digits */
	{"1e-40", "1e-40", false},
	{"-12e-50", "-1.2e-49", false},
	{"1e100000", "1e+100000", true},
	{"", NULL, false},
	{"-", NULL, false},
	{"+1", NULL, false},
	{"01", NULL, false},
	{"-01", NULL, false},
	{".5", NULL, false},
	{"1.", NULL, false},
	{"1.e3", NULL, false},
	{"1e", NULL, false},
	{"1e+", NULL, false},
	{"1x", NULL, false},
	{" 1", NULL, false},
	{"1 ", NULL, false},
	{"NaN", NULL, false},
	{"0x1", NULL, false},
};

START_TEST(test_spelling)
{
	const char *written = spelling_rows[_i].written;
	struct decimal value;
	struct error err = ERROR_INIT;
	bool parsed = decimal_parse(span_of(spelling_rows[_i].text), &value, &err);
	ck_assert_msg(parsed == (written != NULL), "%s", spelling_rows[_i].text);
	ck_assert_int_eq(err.code, parsed ? ERROR_NONE : ERROR_FORMAT);
	if (parsed) {
		CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(4096);
		decimal_write(&buffer, &value);
		ck_assert_str_eq(buffer_span(&buffer).data, written);
		ck_assert(decimal_is_integer(&value) == spelling_rows[_i].integer);
		ck_assert(decimal_is_zero(&value) == (strcmp(written, "0") == 0));
	}
}
END_TEST

/* Strictly rising; each row against each other one. */
static const char *const rising[] = {
	"-1e100000",
	"-1e308",
	"-18446744073709551617",
	"-18446744073709551616",
	"-10",
	"-9.99",
	"-1",
	"-0.1",
	"-1e-308",
	"0",
	"1e-100000",
	"1e-308",
	"0.0999999999999999999",
	"0.1",
	"0.10000000000000000000001",
	"0.9",
	"1",
	"1.0000000000000000000000000001",
	"2",
	"9.99",
	"10",
	"10.5",
	"99",
	"100",
	"18446744073709551616",
	"18446744073709551617",
	"1e308",
	"1.1e308",
	"1e100000",
};

START_TEST(test_order)
{
	struct decimal a = decimal_of(rising[_i]);
	for (int i = 0; i < (int)COUNT(rising); i++) {
		struct decimal b = decimal_of(rising[i]);
		ck_assert_msg(decimal_order(&a, &b) == (_i > i) - (_i < i), "%s and %s", rising[_i], rising[i]);
	}
}
END_TEST

static const struct {
	const char *a;
	const char *b;
	const char *tolerance;
	bool within;
} within_rows[] = {
	{"1", "1", "0", true},
	{"1", "1.0", "0", true},
	{"1", "10e-1", "0", true},
	{"0", "-0", "0", true},
	{"0.3", "0.1", "0.2", true}, /* not in binary */
	{"0.1", "0.3", "0.2", true},
	{"0.1", "0.3", "0.1999999999999999999999999", false},
	{"1.01", "1", "0.01", true},
	{"1.0100000000000000000000001", "1", "0.01", false},
	{"-1", "1", "2", true},
	{"-1", "1", "1.9", false},
	{"100", "99.99", "0.01", true},
	{"1000000000000000000000", "999999999999999999999", "1", true},
	{"1000000000000000000000", "999999999999999999999", "0.99999", false},
	{"1e308", "1e-308", "0", false},
	{"1e308", "1e-308", "1e307", false},
	{"1e308", "1e-308", "1e308", true},
	{"1e308", "-1e-308", "1e308", false},
	{"1e-308", "0", "1e-308", true},
	{"1e-308", "0", "1e-309", false},
	{"1e100000", "1e-100000", "1e100000", true},
	{"1e100000", "-1e-100000", "1e100000", false},
	{"2e100000", "1e100000", "1e100000", true},
	{"18446744073709551617", "18446744073709551616", "1", true},
	{"18446744073709551617", "18446744073709551615", "1", false},
	{"5", "3", "1e-100000", false},
	{"3", "3", "1e-100000", true},
	{"10", "0.1", "9.9", true},
	{"10", "0.1", "9.89", false},
	{"1", "0.09", "0.09", false}, /* no digit at the tenths */
	{"0.2", "0.09", "0.11", true},
	{"12", "-23", "35", true},
	{"12", "-23", "34.999", false},
};

START_TEST(test_within)
{
	struct decimal a = decimal_of(within_rows[_i].a);
	struct decimal b = decimal_of(within_rows[_i].b);
	struct decimal tolerance = decimal_of(within_rows[_i].tolerance);
	bool within = !within_rows[_i].within;
	ck_assert(decimal_within(&a, &b, &tolerance, &within, NULL));
	ck_assert(within == within_rows[_i].within);
	within = !within;
	ck_assert(decimal_within(&b, &a, &tolerance, &within, NULL));
	ck_assert(within == within_rows[_i].within);
}
END_TEST

START_TEST(test_negative_tolerance)
{
	struct decimal one = decimal_of("1");
	struct decimal tolerance = decimal_of("-0.1");
	struct error err = ERROR_INIT;
	bool within = true;
	ck_assert(!decimal_within(&one, &one, &tolerance, &within, &err));
	ck_assert_int_eq(err.code, ERROR_FORMAT);
}
END_TEST

static const struct {
	const char *text;
	int scale;
	bool fits;
	int64_t integer;
} scaled_rows[] = {
	{"0", 9, true, 0},
	{"1", 9, true, 1000000000},
	{"0.000000001", 9, true, 1},
	{"0.0000000005", 9, true, 1},
	{"-0.0000000005", 9, true, -1},
	{"0.00000000049999999999", 9, true, 0},
	{"0.00000000005", 9, true, 0},
	{"1e-100000", 9, true, 0},
	{"2.5", 0, true, 3},
	{"-2.5", 0, true, -3},
	{"2.49", 0, true, 2},
	{"9.5", 0, true, 10},
	{"1250", -2, true, 13},
	{"1249", -2, true, 12},
	{"9223372036.854775807", 9, true, INT64_MAX},
	{"9223372036.8547758074", 9, true, INT64_MAX},
	{"9223372036.8547758075", 9, false, 0},
	{"9223372036.854775808", 9, false, 0},
	{"-9223372036.854775808", 9, true, INT64_MIN},
	{"-9223372036.854775809", 9, false, 0},
	{"99999999999999999999", 0, false, 0},
	{"9999999999999999999.9", 0, false, 0},
	{"1e19", 0, false, 0},
	{"1e18", 0, true, 1000000000000000000},
	{"1e100000", 9, false, 0},
	{"0e5", 9, true, 0},
};

START_TEST(test_scaled)
{
	struct decimal value = decimal_of(scaled_rows[_i].text);
	struct error err = ERROR_INIT;
	int64_t integer = 42;
	ck_assert_msg(decimal_to_scaled(&value, scaled_rows[_i].scale, &integer, &err) == scaled_rows[_i].fits, "%s",
		      scaled_rows[_i].text);
	ck_assert_int_eq(integer, scaled_rows[_i].fits ? scaled_rows[_i].integer : 42);
	ck_assert_int_eq(err.code, scaled_rows[_i].fits ? ERROR_NONE : ERROR_LIMIT);
}
END_TEST

static enum error_code parse_code(const char *text, size_t length)
{
	struct decimal value;
	struct error err = ERROR_INIT;
	return decimal_parse((struct span){text, length}, &value, &err) ? ERROR_NONE : err.code;
}

START_TEST(test_limits)
{
	static char digits[DECIMAL_DIGITS_MAX + 2];
	memset(digits, '7', sizeof(digits));
	ck_assert_int_eq(parse_code(digits, DECIMAL_DIGITS_MAX), ERROR_NONE);
	ck_assert_int_eq(parse_code(digits, DECIMAL_DIGITS_MAX + 1), ERROR_LIMIT);
	digits[1] = '.';
	memset(digits + 2, '0', DECIMAL_DIGITS_MAX);
	ck_assert_int_eq(parse_code(digits, DECIMAL_DIGITS_MAX + 2), ERROR_NONE);
	digits[1] = '0';
	ck_assert_int_eq(parse_code(digits, DECIMAL_DIGITS_MAX + 2), ERROR_NONE); /* 7000...0 */
	ck_assert_int_eq(parse_code("1e100000", 8), ERROR_NONE);
	ck_assert_int_eq(parse_code("1e100001", 8), ERROR_LIMIT);
	ck_assert_int_eq(parse_code("1e-100001", 9), ERROR_LIMIT);
	ck_assert_int_eq(parse_code("10e99999", 8), ERROR_NONE);
	ck_assert_int_eq(parse_code("10e100000", 9), ERROR_LIMIT);
	ck_assert_int_eq(parse_code("0.1e100001", 10), ERROR_NONE);
	ck_assert_int_eq(parse_code("0.1e-100000", 11), ERROR_LIMIT);
	ck_assert_int_eq(parse_code("1e99999999999999999999999", 25), ERROR_LIMIT);
	ck_assert_int_eq(parse_code("1\0", 2), ERROR_FORMAT);
	ck_assert_int_eq(parse_code(NULL, 0), ERROR_FORMAT);
}
END_TEST

/* Long numbers that differ in their last digit only. */
START_TEST(test_many_digits)
{
	static char text_a[DECIMAL_DIGITS_MAX + 1];
	static char text_b[DECIMAL_DIGITS_MAX + 1];
	memset(text_a, '3', DECIMAL_DIGITS_MAX);
	memset(text_b, '3', DECIMAL_DIGITS_MAX);
	text_b[DECIMAL_DIGITS_MAX - 1] = '4';
	struct decimal a = decimal_of(text_a);
	struct decimal b = decimal_of(text_b);
	struct decimal one = decimal_of("1");
	struct decimal less = decimal_of("0.999");
	bool within = false;
	ck_assert_int_eq(decimal_order(&a, &b), -1);
	ck_assert_int_eq(decimal_order(&a, &a), 0);
	ck_assert(decimal_within(&a, &b, &one, &within, NULL) && within);
	ck_assert(decimal_within(&a, &b, &less, &within, NULL) && !within);
}
END_TEST

/* Whether value / divisor is an integer, by hand or with another program's integers. */
static const struct {
	const char *value;
	const char *divisor;
	bool multiple;
} multiple_rows[] = {
	{"0", "3", true},
	{"0", "0", true},
	{"1", "0", false},
	{"6", "3", true},
	{"-6", "3", true},
	{"7", "3", false},
	{"6", "-3", true},
	{"1", "2", false},
	{"19.99", "0.01", true},
	{"19.995", "0.01", false},
	{"0.3", "0.1", true},
	{"4.35", "0.05", true},
	{"1e308", "0.5", true},
	{"1e308", "0.123456789", false},
	{"1e100000", "7", false},
	{"7e100000", "7", true},
	{"1e-100000", "1e-100000", true},
	{"1e-100000", "1", false},
	{"1e20", "1024", true},
	{"1e9", "1024", false},
	{"1e10", "1024", true},
	{"1000000000000000000", "999999999999999999", false},
	{"999999999999999998000000000000000001", "999999999999999999", true},
	{"340282366920938463463374607431768211456", "18446744073709551616", true},
	{"340282366920938463463374607431768211457", "18446744073709551616", false},
	{"1e64", "18446744073709551616", true},
	{"1e63", "18446744073709551616", false},
	{"15241578753238836750495351562536198787501905199875019052100", "123456789012345678901234567890", true},
	{"15241578753238836750495351562536198787501905199875019052101", "123456789012345678901234567890", false},
};

START_TEST(test_multiple)
{
	struct decimal value = decimal_of(multiple_rows[_i].value);
	struct decimal divisor = decimal_of(multiple_rows[_i].divisor);
	ck_assert_msg(decimal_is_multiple(&value, &divisor) == multiple_rows[_i].multiple, "%s of %s",
		      multiple_rows[_i].value, multiple_rows[_i].divisor);
	ck_assert_uint_lt(decimal_is_multiple_cost(&value, &divisor), 25000000);
}
END_TEST

/* As many digits as there may be, and as many tens: the cost stays what the header says. */
START_TEST(test_long_multiple)
{
	static char digits[DECIMAL_DIGITS_MAX + 10];
	memset(digits, '3', DECIMAL_DIGITS_MAX);
	struct decimal divisor = decimal_of(digits);
	memcpy(digits + DECIMAL_DIGITS_MAX, "e90000", 7);
	struct decimal value = decimal_of(digits);
	ck_assert(decimal_is_multiple(&value, &divisor));
	ck_assert_uint_lt(decimal_is_multiple_cost(&value, &divisor), 80000000);
}
END_TEST

Suite *decimal_suite(void)
{
	Suite *suite = suite_create("decimal");
	TCase *cases = tcase_create("decimal");
	tcase_add_loop_test(cases, test_spelling, 0, COUNT(spelling_rows));
	tcase_add_loop_test(cases, test_order, 0, COUNT(rising));
	tcase_add_loop_test(cases, test_within, 0, COUNT(within_rows));
	tcase_add_test(cases, test_negative_tolerance);
	tcase_add_loop_test(cases, test_scaled, 0, COUNT(scaled_rows));
	tcase_add_loop_test(cases, test_multiple, 0, COUNT(multiple_rows));
	tcase_add_test(cases, test_long_multiple);
	tcase_add_test(cases, test_limits);
	tcase_add_test(cases, test_many_digits);
	suite_add_tcase(suite, cases);
	return suite;
}
