#include "harness/base/text.h"
#include "tests/base/suites.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define BYTES(text) (text), sizeof(text) - 1

/* Well-formed and ill-formed sequences after Unicode 15 section 3.9, tables 3-7 and 3-8. */
static const struct {
	const char *data;
	size_t length;
	bool good;
} utf8_rows[] = {
	{BYTES(""), true},
	{BYTES("plain ASCII, more than eight bytes"), true},
	{BYTES("a\0b"), true},
	{BYTES("\xc2\x80"), true},
	{BYTES("\xdf\xbf"), true},
	{BYTES("\xe0\xa0\x80"), true},
	{BYTES("\xed\x9f\xbf"), true},
	{BYTES("\xee\x80\x80"), true},
	{BYTES("\xef\xbf\xbf"), true},
	{BYTES("\xf0\x90\x80\x80"), true},
	{BYTES("\xf4\x8f\xbf\xbf"), true},
	{BYTES("eight byt\xc3\xa9s and more"), true},
	{BYTES("\x80"), false},
	{BYTES("\xbf"), false},
	{BYTES("\xc0\x80"), false},
	{BYTES("\xc1\xbf"), false},
	{BYTES("\xc3"), false},
	{BYTES("\xc3("), false},
	{BYTES("\xe0\x9f\xbf"), false},
	{BYTES("\xe2\x82"), false},
	{BYTES("\xe2(\xa1"), false},
	{BYTES("\xe2\x82("), false},
	{BYTES("\xed\xa0\x80"), false},
	{BYTES("\xed\xbf\xbf"), false},
	{BYTES("\xf0\x8f\xbf\xbf"), false},
	{BYTES("\xf0\x9f\x98"), false},
	{BYTES("\xf0\x90\x80("), false},
	{BYTES("\xf4\x90\x80\x80"), false},
	{BYTES("\xf5\x80\x80\x80"), false},
	{BYTES("\xfe"), false},
	{BYTES("\xff"), false},
	{BYTES("12345678\xff"), false},
};

START_TEST(test_utf8)
{
	struct span text = {utf8_rows[_i].data, utf8_rows[_i].length};
	ck_assert_msg(text_is_utf8(text) == utf8_rows[_i].good, "row %d", _i);
}
END_TEST

static const struct {
	uint32_t code_point;
	const char *bytes;
} code_point_rows[] = {
	{0x24, "$"},
	{0x7f, "\x7f"},
	{0x80, "\xc2\x80"},
	{0xa3, "\xc2\xa3"},
	{0x7ff, "\xdf\xbf"},
	{0x800, "\xe0\xa0\x80"},
	{0x20ac, "\xe2\x82\xac"},
	{0xd7ff, "\xed\x9f\xbf"},
	{0xe000, "\xee\x80\x80"},
	{0xffff, "\xef\xbf\xbf"},
	{0x10000, "\xf0\x90\x80\x80"},
	{0x10348, "\xf0\x90\x8d\x88"},
	{0x10ffff, "\xf4\x8f\xbf\xbf"},
};

START_TEST(test_code_points)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(16);
	struct span bytes = span_of(code_point_rows[_i].bytes);
	text_append_code_point(&buffer, code_point_rows[_i].code_point);
	ck_assert(span_equal(buffer_span(&buffer), bytes));
	size_t position = 0;
	uint32_t decoded = 0;
	ck_assert(text_next_code_point(bytes, &position, &decoded));
	ck_assert_uint_eq(decoded, code_point_rows[_i].code_point);
	ck_assert_uint_eq(position, bytes.length);
	ck_assert(!text_next_code_point(bytes, &position, &decoded));
	ck_assert_uint_eq(text_length(bytes), 1);
	for (size_t cut = 1; cut < bytes.length; cut++) {
		position = 0;
		ck_assert(!text_next_code_point((struct span){bytes.data, cut}, &position, &decoded));
		ck_assert_uint_eq(position, 0);
	}
}
END_TEST

START_TEST(test_searching)
{
	ck_assert(span_is(text_trim(SPAN(" \t\r\n\v\f x y \n")), "x y"));
	ck_assert_uint_eq(text_trim(SPAN(" \n ")).length, 0);
	ck_assert_uint_eq(text_trim((struct span){NULL, 0}).length, 0);
	ck_assert_uint_eq(text_find(SPAN("abcabd"), SPAN("abd")), 3);
	ck_assert_uint_eq(text_find(SPAN("abc"), SPAN("abcd")), 3);
	ck_assert_uint_eq(text_find(SPAN("abc"), SPAN("x")), 3);
	ck_assert_uint_eq(text_find(SPAN("abc"), SPAN("")), 0);
	ck_assert_uint_eq(text_find((struct span){NULL, 0}, SPAN("a")), 0);
	ck_assert(text_starts_with(SPAN("data: x"), "data:"));
	ck_assert(!text_starts_with(SPAN("dat"), "data:"));
	ck_assert(text_starts_with((struct span){NULL, 0}, ""));
	ck_assert(text_equal_ignoring_case(SPAN("Content-TYPE"), SPAN("content-type")));
	ck_assert(!text_equal_ignoring_case(SPAN("abc"), SPAN("ab")));
	ck_assert(!text_equal_ignoring_case(SPAN("@"), SPAN("`"))); /* differ in bit 0x20, but are no letters */
	ck_assert(!text_equal_ignoring_case(SPAN("\xc3\x84"), SPAN("\xc3\xa4")));
	ck_assert_uint_eq(text_length(SPAN("M\xc3\xa4rz \xf0\x9f\x98\x80")), 6);
}
END_TEST

static const struct {
	const char *text;
	bool fits_signed;
	int64_t number;
	bool fits_unsigned;
	uint64_t magnitude;
} integer_rows[] = {
	{"0", true, 0, true, 0},
	{"007", true, 7, true, 7},
	{"-0", true, 0, false, 0},
	{"-1", true, -1, false, 0},
	{"9223372036854775807", true, INT64_MAX, true, INT64_MAX},
	{"9223372036854775808", false, 0, true, (uint64_t)INT64_MAX + 1},
	{"-9223372036854775808", true, INT64_MIN, false, 0},
	{"-9223372036854775809", false, 0, false, 0},
	{"18446744073709551615", false, 0, true, UINT64_MAX},
	{"18446744073709551616", false, 0, false, 0},
	{"184467440737095516150", false, 0, false, 0},
	{"", false, 0, false, 0},
	{"-", false, 0, false, 0},
	{"--1", false, 0, false, 0},
	{"+1", false, 0, false, 0},
	{" 1", false, 0, false, 0},
	{"1 ", false, 0, false, 0},
	{"1.0", false, 0, false, 0},
	{"0x10", false, 0, false, 0},
	{"1e3", false, 0, false, 0},
};

START_TEST(test_integers)
{
	struct span text = span_of(integer_rows[_i].text);
	int64_t number = 42;
	uint64_t magnitude = 42;
	ck_assert(text_to_int64(text, &number) == integer_rows[_i].fits_signed);
	ck_assert_int_eq(number, integer_rows[_i].fits_signed ? integer_rows[_i].number : 42);
	ck_assert(text_to_uint64(text, &magnitude) == integer_rows[_i].fits_unsigned);
	ck_assert_uint_eq(magnitude, integer_rows[_i].fits_unsigned ? integer_rows[_i].magnitude : 42);
}
END_TEST

static const struct {
	const char *text;
	bool good;
	double number;
} double_rows[] = {
	{"0", true, 0},
	{"0.1", true, 0.1},
	{"-1.5e3", true, -1500},
	{"1E+2", true, 100},
	{"9007199254740993", true, 9007199254740992.0}, /* 2^53 + 1: to even */
	{"1.7976931348623157e308", true, 0x1.fffffffffffffp1023},
	{"1.7976931348623159e308", false, 0},
	{"4.9406564584124654e-324", true, 0x1p-1074},
	{"2.2250738585072011e-308", true, 0x0.fffffffffffffp-1022},
	{"1e-400", true, 0},
	{"1e400", false, 0},
	{"-1e400", false, 0},
	{"", false, 0},
	{".5", false, 0},
	{"1.", false, 0},
	{"01", false, 0},
	{"+1", false, 0},
	{" 1", false, 0},
	{"1 ", false, 0},
	{"1,5", false, 0},
	{"0x1p3", false, 0},
	{"inf", false, 0},
	{"nan", false, 0},
	{"1e", false, 0},
	{"-", false, 0},
};

START_TEST(test_doubles)
{
	double number = 42;
	bool good = text_to_double(span_of(double_rows[_i].text), &number);
	ck_assert_msg(good == double_rows[_i].good, "%s", double_rows[_i].text);
	double expected = good ? double_rows[_i].number : 42;
	ck_assert_msg(memcmp(&number, &expected, sizeof(number)) == 0, "%s", double_rows[_i].text);
}
END_TEST

START_TEST(test_double_extras)
{
	double number = 1;
	ck_assert(text_to_double(SPAN("-0"), &number) && signbit(number));
	ck_assert(!text_to_double((struct span){NULL, 0}, &number));
	ck_assert(!text_to_double((struct span){"1\0", 2}, &number));
	static char digits[4097];
	memset(digits, '0', sizeof(digits));
	digits[1] = '.';
	digits[4095] = '1';
	ck_assert(text_to_double((struct span){digits, 4096}, &number));
	ck_assert(!text_to_double((struct span){digits, 4097}, &number));
	if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL) {
		printf("skipped: doubles under a locale with a decimal comma: de_DE.UTF-8 is not installed\n");
	}
	ck_assert(text_to_double(SPAN("2.5"), &number));
	ck_assert(number > 2.25 && number < 2.75);
	setlocale(LC_ALL, "C");
}
END_TEST

static const struct {
	const char *text;
	bool good;
	uint32_t ppm;
} ppm_rows[] = {
	{"0", true, 0},
	{"1", true, 1000000},
	{"1.0", true, 1000000},
	{"0.02", true, 20000},
	{"0.000001", true, 1},
	{"0.0000010", true, 1},
	{"0.999999", true, 999999},
	{"2e-2", true, 20000},
	{"10e-1", true, 1000000},
	{"0.0e9", true, 0},
	{"0.0000001", false, 0},
	{"0.1234567", false, 0},
	{"1.000001", false, 0},
	{"2", false, 0},
	{"-0.1", false, 0},
	{"-0", false, 0},
	{"1e300", false, 0},
	{"1e-300", false, 0},
	{"", false, 0},
	{"2%", false, 0},
	{"50%", false, 0},
	{".5", false, 0},
	{"1e", false, 0},
	{"0,5", false, 0},
	{"10000000e-7", true, 1000000},
};

START_TEST(test_ppm)
{
	uint32_t ppm = 42;
	ck_assert_msg(text_to_ppm(span_of(ppm_rows[_i].text), &ppm) == ppm_rows[_i].good, "%s", ppm_rows[_i].text);
	ck_assert_uint_eq(ppm, ppm_rows[_i].good ? ppm_rows[_i].ppm : 42);
}
END_TEST

START_TEST(test_hex)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(64);
	uint8_t bytes[4] = {0};
	text_write_hex(&buffer, "\x00\x7f\x80\xff", 4);
	ck_assert(span_is(buffer_span(&buffer), "007f80ff"));
	ck_assert(text_from_hex(SPAN("007F80fF"), bytes, sizeof(bytes)));
	ck_assert(memcmp(bytes, "\x00\x7f\x80\xff", 4) == 0);
	ck_assert(!text_from_hex(SPAN("007f80f"), bytes, sizeof(bytes)));
	ck_assert(!text_from_hex(SPAN("007f80ff0"), bytes, sizeof(bytes)));
	ck_assert(!text_from_hex(SPAN("007f80fg"), bytes, sizeof(bytes)));
	ck_assert(memcmp(bytes, "\x00\x7f\x80\xff", 4) == 0);
	ck_assert(text_from_hex((struct span){NULL, 0}, bytes, 0));
}
END_TEST

#define FFFD "\xef\xbf\xbd"
static const struct {
	const char *data;
	size_t length;
	const char *html;
} html_rows[] = {
	{BYTES(""), ""},
	{BYTES("plain text\twith\nlines"), "plain text\twith\nlines"},
	{BYTES("<b>&\"'</b>"), "&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;"},
	{BYTES("&amp;"), "&amp;amp;"},
	{BYTES("M\xc3\xa4rz \xf0\x9f\x98\x80"), "M\xc3\xa4rz \xf0\x9f\x98\x80"},
	{BYTES("a\0b\x01\r\x1b[0m\x7f"), "a" FFFD "b" FFFD FFFD FFFD "[0m" FFFD},
	{BYTES("\xc2\x85|\xc2\x9f|\xc2\xa0"), FFFD "|" FFFD "|\xc2\xa0"},
	{BYTES("x\xffy\xc3"), "x" FFFD "y" FFFD},
	{BYTES("\xc0\xbcscript\xc0\xbe"), FFFD FFFD "script" FFFD FFFD}, /* overlong < and > */
	{BYTES("\xed\xa0\x80"), FFFD FFFD FFFD},
};

START_TEST(test_html)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(1024);
	text_write_html(&buffer, (struct span){html_rows[_i].data, html_rows[_i].length});
	ck_assert_str_eq(buffer_span(&buffer).data, html_rows[_i].html);
}
END_TEST

static const struct {
	const char *a, *b;
	size_t distance;
	bool is_near;
} distance_rows[] = {
	{"", "", 0, true},
	{"", "ab", 2, false},
	{"legacy", "legacy", 0, true},
	{"Legacy", "legacy", 0, true},
	{"legcy", "legacy", 1, true},
	{"legayc", "legacy", 1, true}, /* a swap is one */
	{"kitten", "sitting", 3, false},
	{"ca", "abc", 3, false}, /* as of optimal string alignment; without its restriction it would be 2 */
	{"legacy_sttus", "legacy_status", 1, true},
	{"0123456789012345678901234567890123456789012345678901234567890", "0", SIZE_MAX, false},
};

START_TEST(test_distance)
{
	struct span a = span_of(distance_rows[_i].a);
	struct span b = span_of(distance_rows[_i].b);
	ck_assert(text_distance(a, b) == distance_rows[_i].distance);
	ck_assert(text_distance(b, a) == distance_rows[_i].distance);
	ck_assert_int_eq(text_is_near(a, b), distance_rows[_i].is_near);
}
END_TEST

Suite *text_suite(void)
{
	Suite *suite = suite_create("text");
	TCase *cases = tcase_create("text");
	tcase_add_loop_test(cases, test_utf8, 0, COUNT(utf8_rows));
	tcase_add_loop_test(cases, test_code_points, 0, COUNT(code_point_rows));
	tcase_add_test(cases, test_searching);
	tcase_add_loop_test(cases, test_integers, 0, COUNT(integer_rows));
	tcase_add_loop_test(cases, test_doubles, 0, COUNT(double_rows));
	tcase_add_test(cases, test_double_extras);
	tcase_add_loop_test(cases, test_ppm, 0, COUNT(ppm_rows));
	tcase_add_test(cases, test_hex);
	tcase_add_loop_test(cases, test_distance, 0, COUNT(distance_rows));
	tcase_add_loop_test(cases, test_html, 0, COUNT(html_rows));
	suite_add_tcase(suite, cases);
	return suite;
}
