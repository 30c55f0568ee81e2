/* Formats: the cases of tests/evaluators/formats, what holds for all of them, and comparisons with the C library. */
#include "documents.h"
#include "suites.h"

#include "evaluators/format/format.h"
#include "evaluators/format/idna.h"
#include "harness/base/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CASES_LEAST = 15, HOSTILE_LENGTH = 4 << 20 };

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, (size_t)64 << 20);
}

static void teardown(void)
{
	arena_finish(&arena);
}

static const char *const families[] = {"time", "address", "host", "mail", "uri", "pointer", "code"};

static const struct json_node *read_family(const char *name)
{
	static char text[1 << 16];
	char path[128];
	snprintf(path, sizeof(path), "tests/evaluators/formats/%s.json", name);
	FILE *file = fopen(path, "rb");
	ck_assert_msg(file != NULL, "no %s; run from the project's root", path);
	size_t length = fread(text, 1, sizeof(text), file);
	ck_assert_uint_lt(length, sizeof(text));
	fclose(file);
	return document_parse(&arena, (struct span){text, length});
}

static const struct format *format_of(const struct json_node *group)
{
	struct span name = json_text(json_get_text(group, "format"));
	const struct format *format = format_find(name);
	ck_assert_msg(format != NULL, "no format %.*s", SPAN_ARGUMENTS(name));
	return format;
}

static bool matches(const char *format, struct span text)
{
	return format_matches(format_find(span_of(format)), text);
}

/* A copy of exactly its size, so that a sanitizer sees one byte too far. */
static bool matches_exactly(const struct format *format, struct span text)
{
	char *copy = malloc(text.length > 0 ? text.length : 1);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text.data, text.length);
	bool matched = format_matches(format, (struct span){copy, text.length});
	free(copy);
	return matched;
}

START_TEST(cases_of_the_files)
{
	const struct json_node *groups = read_family(families[_i]);
	for (const struct json_node *group = json_first(groups); group != NULL; group = json_next(groups, group)) {
		const struct format *format = format_of(group);
		const struct json_node *good = json_get_text(group, "good");
		const struct json_node *bad = json_get_text(group, "bad");
		ck_assert_uint_ge(json_count(good), CASES_LEAST);
		ck_assert_uint_ge(json_count(bad), CASES_LEAST);
		for (const struct json_node *text = json_first(good); text != NULL; text = json_next(good, text)) {
			ck_assert_msg(matches_exactly(format, json_text(text)), "%s: refused: %.*s", format->name,
				      SPAN_ARGUMENTS(json_text(text)));
		}
		for (const struct json_node *item = json_first(bad); item != NULL; item = json_next(bad, item)) {
			ck_assert_msg(!matches_exactly(format, json_text(json_at(item, 0))), "%s: taken: %.*s (%.*s)",
				      format->name, SPAN_ARGUMENTS(json_text(json_at(item, 0))),
				      SPAN_ARGUMENTS(json_text(json_at(item, 1))));
		}
	}
}
END_TEST

/* Formats that may have the tail's character at their end. */
static bool takes_tail(const struct format *format, struct span tail)
{
	bool is_ucs = (unsigned char)tail.data[0] == 0xe2;
	return strstr(format->name, "json-pointer") != NULL ||
	       (is_ucs && (strncmp(format->name, "iri", 3) == 0 || strcmp(format->name, "uri-template") == 0));
}

static void check_tails(const struct format *format, struct span text)
{
	static const struct span tails[] = {{"\n", 1}, {"\0", 1}, {" ", 1}, {"\xff", 1}, {"\xe2\x80\xa8", 3}};
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(1000);
		buffer_append_span(&buffer, text);
		buffer_append_span(&buffer, tails[i]);
		ck_assert_msg(takes_tail(format, tails[i]) || !format_matches(format, buffer_span(&buffer)),
			      "%s: taken with tail %zu: %.*s", format->name, i, SPAN_ARGUMENTS(text));
	}
}

START_TEST(nothing_behind_is_overlooked)
{
	const struct json_node *groups = read_family(families[_i]);
	for (const struct json_node *group = json_first(groups); group != NULL; group = json_next(groups, group)) {
		const struct json_node *good = json_get_text(group, "good");
		for (const struct json_node *text = json_first(good); text != NULL; text = json_next(good, text)) {
			check_tails(format_of(group), json_text(text));
		}
	}
}
END_TEST

START_TEST(table_is_complete)
{
	size_t count = 0;
	for (const struct format *format = format_list; format->name != NULL; format++) {
		ck_assert_ptr_eq(format_find(span_of(format->name)), format);
		ck_assert_msg(strncmp(format_sentence(format), "must be a", 9) == 0, "%s", format_sentence(format));
		count++;
	}
	ck_assert_uint_eq(count, 22);
	static const char *const unknown[] = {"", "regex", "Date", "dat", "dates", "x-", "color", "date-Time"};
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		ck_assert_ptr_null(format_find(span_of(unknown[i])));
	}
	ck_assert_ptr_null(format_find(SPAN("date\0")));
}
END_TEST

/* The example in a sentence is what the sentence asks for. */
START_TEST(sentences_give_right_examples)
{
	for (const struct format *format = format_list; format->name != NULL; format++) {
		const char *example = strstr(format_sentence(format), "such as ");
		ck_assert_msg(example != NULL, "%s", format->name);
		example += strlen("such as ");
		size_t length = strcspn(example, ", ");
		ck_assert_msg(format_matches(format, (struct span){example, length}), "%s: %.*s", format->name,
			      (int)length, example);
	}
}
END_TEST

/* Text of a few megabytes that keeps a matcher busy to its end takes no more than a pass. */
START_TEST(hostile_text_ends)
{
	static const char *const units[] = {
		"a",   "1", ".",      "a.", ":",        "%41", "{a}", "\"",  "P1D",          "/~0", "~1/", "[",
		"\\a", "@", "xn--a.", "-",  "\xc3\xbc", "0",   "#",   "{a,", "\xe3\x80\x82", "::",  "1:",  "\xcd\x81"};
	char *text = malloc(HOSTILE_LENGTH);
	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t length = strlen(units[i]);
		for (size_t j = 0; j < HOSTILE_LENGTH; j++) {
			text[j] = units[i][j % length];
		}
		for (const struct format *format = format_list; format->name != NULL; format++) {
			(void)format_matches(format, (struct span){text, HOSTILE_LENGTH});
		}
	}
	text[0] = '"';
	ck_assert(!matches("email", (struct span){text, HOSTILE_LENGTH}));
	free(text);
}
END_TEST

/* Every day of eight centuries, and days that no month has, as the C library's calendar counts them. */
START_TEST(dates_are_those_of_the_calendar)
{
	for (int year = 1600; year < 2400; year++) {
		for (int day = 0; day < 12 * 40; day++) {
			struct tm wanted = {.tm_year = year - 1900, .tm_mon = day / 40, .tm_mday = day % 40};
			struct tm found = wanted;
			char text[64];
			(void)timegm(&found);
			snprintf(text, sizeof(text), "%04d-%02d-%02d", year, wanted.tm_mon + 1, wanted.tm_mday);
			bool exists = found.tm_mon == wanted.tm_mon && found.tm_mday == wanted.tm_mday;
			ck_assert_msg(matches("date", span_of(text)) == exists, "%s", text);
		}
	}
}
END_TEST

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Addresses with some characters changed, as inet_pton reads them. */
START_TEST(addresses_are_those_of_the_c_library)
{
	static const char *const starts[] = {"1:2:3:4:5:6:7:8",   "1::8",        "::1.2.3.4",   "1:2:3:4:5:6:1.2.3.4",
					     "2001:db8::ff:0:42", "192.0.2.255", "10.20.30.40", "::"};
	static const char alphabet[] = "0123456789abcdefABCDEFg:::...: ";
	uint32_t state = 1;
	size_t taken = 0;
	for (int i = 0; i < 400000; i++) {
		char text[64];
		unsigned char address[16];
		snprintf(text, sizeof(text), "%s", starts[next_random(&state) % 8]);
		size_t length = strlen(text);
		for (uint32_t changes = next_random(&state) % 4; changes > 0; changes--) {
			text[next_random(&state) % length] = alphabet[next_random(&state) % (sizeof(alphabet) - 1)];
		}
		bool is_ipv4 = inet_pton(AF_INET, text, address) == 1;
		bool is_ipv6 = inet_pton(AF_INET6, text, address) == 1;
		ck_assert_msg(matches("ipv4", span_of(text)) == is_ipv4, "ipv4: %s", text);
		ck_assert_msg(matches("ipv6", span_of(text)) == is_ipv6, "ipv6: %s", text);
		taken += is_ipv4 || is_ipv6 ? 1 : 0;
	}
	ck_assert_uint_gt(taken, 100000);
}
END_TEST

/* What check digits are for: no other digit in one place, and in an IBAN no two neighbours exchanged. */
START_TEST(check_digits_find_slips)
{
	static const char *const right[][2] = {
		{"x-gtin", "4006381333931"}, {"x-gtin", "96385074"}, {"x-iban", "DE89370400440532013000"}};
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		char text[32];
		snprintf(text, sizeof(text), "%s", right[i][1]);
		for (size_t j = 0; text[j] != '\0'; j++) {
			for (char digit = '0'; digit <= '9'; digit++) {
				text[j] = digit;
				ck_assert_int_eq(matches(right[i][0], span_of(text)), digit == right[i][1][j]);
			}
			text[j] = right[i][1][j];
		}
		for (size_t j = 4; i == 2 && text[j + 1] != '\0'; j++) {
			text[j] = right[i][1][j + 1];
			text[j + 1] = right[i][1][j];
			ck_assert_int_eq(matches("x-iban", span_of(text)), text[j] == text[j + 1]);
			text[j] = right[i][1][j];
			text[j + 1] = right[i][1][j + 1];
		}
	}
}
END_TEST

/* Encodings computed by Python's codec "punycode". */
static const char *const encodings[][2] = {
	{"b\xc3\xbc"
	 "cher",
	 "bcher-kva"},
	{"m\xc3\xbcnchen", "mnchen-3ya"},
	{"\xc3\x9f", "zca"},
	{"\xd0\xbf\xd1\x80\xd0\xb0\xd0\xb2\xd0\xb4\xd0\xb0", "80aafi6cg"},
	{"\xe4\xbe\x8b\xe3\x81\x88", "r8jz45g"},
	{"\xe4\xb8\xad\xe5\x9b\xbd", "fiqs8s"},
	{"\xd9\x85\xd8\xb5\xd8\xb1", "wgbh1c"},
	{"abc", "abc-"},
};

static void read_label(const char *text, struct label *label)
{
	*label = (struct label){.count = 0};
	struct span span = span_of(text);
	for (size_t position = 0; position < span.length; label->count++) {
		ck_assert(text_next_code_point(span, &position, &label->points[label->count]));
	}
}

START_TEST(punycode_goes_both_ways)
{
	struct label label;
	struct label decoded;
	char bytes[LABEL_LONGEST];
	size_t length = 0;
	read_label(encodings[_i][0], &label);
	ck_assert(punycode_encode(&label, bytes, &length));
	ck_assert(span_is((struct span){bytes, length}, encodings[_i][1]));
	ck_assert(punycode_decode(span_of(encodings[_i][1]), &decoded));
	ck_assert_uint_eq(decoded.count, label.count);
	ck_assert_mem_eq(decoded.points, label.points, label.count * sizeof(label.points[0]));
}
END_TEST

START_TEST(punycode_keeps_its_limits)
{
	static const char *const bad[] = {"9", "99999a", "999999999999a", "tda{", "td@", "{da", "tdA"};
	struct label label = {.count = LABEL_LONGEST};
	char bytes[LABEL_LONGEST + 1];
	size_t length = 0;
	for (size_t i = 0; i < LABEL_LONGEST; i++) {
		label.points[i] = 0xfc;
	}
	ck_assert(!punycode_encode(&label, bytes, &length));
	memset(bytes, 'a', sizeof(bytes));
	ck_assert(!punycode_decode((struct span){bytes, sizeof(bytes)}, &label));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(!punycode_decode(span_of(bad[i]), &label), "%s", bad[i]);
	}
}
END_TEST

/* Whatever is decoded is encoded again to a text that is decoded to the same. */
START_TEST(punycode_of_random_text)
{
	uint32_t state = 2;
	size_t decoded = 0;
	for (int i = 0; i < 200000; i++) {
		char text[LABEL_LONGEST];
		char again[LABEL_LONGEST];
		size_t length = next_random(&state) % 16;
		for (size_t j = 0; j < length; j++) {
			text[j] = "abcdefghijklmnopqrstuvwxyz0123456789-"[next_random(&state) % 37];
		}
		struct label label;
		struct label twice;
		if (!punycode_decode((struct span){text, length}, &label)) {
			continue;
		}
		decoded++;
		ck_assert(punycode_encode(&label, again, &length));
		ck_assert(punycode_decode((struct span){again, length}, &twice));
		ck_assert_uint_eq(twice.count, label.count);
		ck_assert_mem_eq(twice.points, label.points, label.count * sizeof(label.points[0]));
	}
	ck_assert_uint_gt(decoded, 1000);
}
END_TEST

Suite *format_suite(void)
{
	Suite *suite = suite_create("format");
	TCase *cases = tcase_create("formats");
	int count = (int)(sizeof(families) / sizeof(families[0]));
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_set_timeout(cases, 60);
	tcase_add_loop_test(cases, cases_of_the_files, 0, count);
	tcase_add_loop_test(cases, nothing_behind_is_overlooked, 0, count);
	tcase_add_test(cases, table_is_complete);
	tcase_add_test(cases, sentences_give_right_examples);
	tcase_add_test(cases, hostile_text_ends);
	tcase_add_test(cases, dates_are_those_of_the_calendar);
	tcase_add_test(cases, addresses_are_those_of_the_c_library);
	tcase_add_test(cases, check_digits_find_slips);
	tcase_add_loop_test(cases, punycode_goes_both_ways, 0, sizeof(encodings) / sizeof(encodings[0]));
	tcase_add_test(cases, punycode_keeps_its_limits);
	tcase_add_test(cases, punycode_of_random_text);
	suite_add_tcase(suite, cases);
	return suite;
}
