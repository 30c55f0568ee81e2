/* Sameness of JSON values: json_equal and the canonical bytes, against each other and against tables. */
#include "harness/base/json.h"
#include "tests/base/suites.h"

#include <stdio.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

enum { MEMORY = 256 * 1024 * 1024 };

static const struct json_node *parse(struct arena *arena, struct span text)
{
	const struct json_node *root = NULL;
	struct error err = ERROR_INIT;
	ck_assert_msg(json_parse(arena, text, NULL, &root, &err), "%.*s: %s", SPAN_ARGUMENTS(text), err.message);
	return root;
}

static bool same_bytes(const struct json_node *a, const struct json_node *b)
{
	CLEANUP_BUFFER struct buffer bytes_a = BUFFER_INIT(MEMORY);
	CLEANUP_BUFFER struct buffer bytes_b = BUFFER_INIT(MEMORY);
	json_write_canonical(&bytes_a, a);
	json_write_canonical(&bytes_b, b);
	ck_assert(!bytes_a.failed && !bytes_b.failed);
	return span_equal(buffer_span(&bytes_a), buffer_span(&bytes_b));
}

static const struct {
	const char *text;
	const char *canonical;
} canonical_rows[] = {
	{" { \"b\" : 1.0 , \"a\" : [ 1e2 , -0 ] } ", "{\"a\":[100,0],\"b\":1}"},
	{"{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}"},
	{"{\"b\":0,\"ab\":0,\"\":0,\"a\":0,\"B\":0}", "{\"\":0,\"B\":0,\"a\":0,\"ab\":0,\"b\":0}"},
	/* By bytes of UTF-8: U+FF5E before U+1F600, other than in UTF-16. */
	{"{\"\\ud83d\\ude00\":0,\"\\uff5e\":0}", "{\"\xef\xbd\x9e\":0,\"\xf0\x9f\x98\x80\":0}"},
	{"[\"\\u0041\\/\\u0007\"]", "[\"A/\\u0007\"]"},
	{"[1e40,12345e-50,1.50,0.1e1]", "[1e+40,1.2345e-46,1.5,1]"},
	{"[1e100001,0e100001]", "[1E100001,0]"},
	{"null", "null"},
};

START_TEST(test_canonical)
{
	struct arena arena = ARENA_INIT(MEMORY);
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(MEMORY);
	json_write_canonical(&buffer, parse(&arena, span_of(canonical_rows[_i].text)));
	ck_assert_str_eq(buffer_span(&buffer).data, canonical_rows[_i].canonical);
	arena_finish(&arena);
}
END_TEST

/* Rows of one class are the same value, rows of two classes are not. */
static const struct {
	int class;
	const char *text;
} classes[] = {
	{1, "null"},
	{2, "true"},
	{3, "false"},
	{4, "0"},
	{4, "-0"},
	{4, "0.0"},
	{4, "-0e7"},
	{4, "0e999999999999"},
	{5, "1"},
	{5, "1.0"},
	{5, "10e-1"},
	{5, "0.1E+1"},
	{5, "0.00001e00005"},
	{6, "-1"},
	{6, "-1.00"},
	{7, "1.0000000000000000000000001"},
	{8, "100"},
	{8, "1e2"},
	{8, "1E+02"},
	{8, "10000e-2"},
	{9, "18446744073709551616"},
	{9, "18446744073709551616.0"},
	{10, "18446744073709551617"},
	{11, "1e40"},
	{11, "10e39"},
	{11, "10000000000000000000000000000000000000000"},
	{12, "1e-40"},
	{12, "0.1e-39"},
	{13, "1e41"},
	{14, "1e100000"},
	{14, "10e99999"},
	{14, "1E100000"},
	{14, "0.01e100002"},
	{15, "1e100001"},
	{15, "1E100001"},
	{16, "1e+100001"},
	{17, "\"\""},
	{18, "\"1\""},
	{19, "\"a\""},
	{19, "\"\\u0061\""},
	{20, "\"A\""},
	{21, "\"\\u0000\""},
	{22, "\"a\\u0000\""},
	{23, "\"\xc3\xa9\""},
	{23, "\"\\u00E9\""},
	{24, "\"e\xcc\x81\""},
	{25, "\"true\""},
	{26, "\"\\ud83d\\ude00\""},
	{26, "\"\xf0\x9f\x98\x80\""},
	{27, "[]"},
	{27, " [ ] "},
	{28, "{}"},
	{29, "[[]]"},
	{30, "[{}]"},
	{31, "[null]"},
	{32, "[1]"},
	{32, "[1.0]"},
	{33, "[1,2]"},
	{34, "[2,1]"},
	{35, "[1,[2]]"},
	{36, "[[1],2]"},
	{37, "[\"1,2\"]"},
	{38, "[1,1]"},
	{39, "{\"a\":1}"},
	{39, "{\"a\":2,\"a\":1}"},
	{39, "{\"\\u0061\":1.0}"},
	{40, "{\"a\":2}"},
	{40, "{\"a\":1,\"a\":2}"},
	{41, "{\"a\":1,\"b\":2}"},
	{41, "{\"b\":2,\"a\":1}"},
	{41, "{\"b\":0,\"a\":0,\"b\":2,\"a\":1}"},
	{42, "{\"a\":2,\"b\":1}"},
	{43, "{\"b\":1}"},
	{44, "{\"\":1}"},
	{45, "{\"a\":{\"b\":1}}"},
	{46, "{\"a\":{},\"b\":1}"},
	{47, "{\"a\":null}"},
	{48, "{\"a\":1,\"b\":null}"},
	{49, "{\"a\":[{\"x\":1,\"y\":2}]}"},
	{49, "{\"a\":[{\"y\":2,\"x\":1}]}"},
	{50, "{\"a\\\":1,\\\"b\":2}"},
};

START_TEST(test_classes)
{
	struct arena arena = ARENA_INIT(MEMORY);
	const struct json_node *a = parse(&arena, span_of(classes[_i].text));
	for (size_t i = 0; i < COUNT(classes); i++) {
		const struct json_node *b = parse(&arena, span_of(classes[i].text));
		bool same = classes[_i].class == classes[i].class;
		ck_assert_msg(json_equal(a, b) == same, "%s and %s", classes[_i].text, classes[i].text);
		ck_assert_msg(same_bytes(a, b) == same, "%s and %s", classes[_i].text, classes[i].text);
	}
	arena_finish(&arena);
}
END_TEST

/* Random documents. One seed decides the value, another how it is spelled. */

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13; /* xorshift64 (Marsaglia 2003) */
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static size_t below(uint64_t *state, size_t limit)
{
	return (size_t)(next_random(state) >> 11) % limit;
}

static void spell(struct buffer *buffer, uint64_t *value, uint64_t *style, int depth);

static void spell_scalar(struct buffer *buffer, uint64_t *value, uint64_t *style)
{
	static const char *const spellings[][3] = {
		{"0", "-0", "0.0e5"},
		{"12.5", "125e-1", "0.0125E3"},
		{"-7", "-7.0", "-70e-1"},
		{"1e50", "10e49", "0.1e51"},
		{"\"a\"", "\"\\u0061\"", "\"a\""},
		{"\"\xc3\xa9\"", "\"\\u00e9\"", "\"\\u00E9\""},
		{"true", " true", "true "},
		{"null", "\nnull", "null"},
	};
	buffer_append_text(buffer, spellings[below(value, COUNT(spellings))][below(style, 3)]);
}

/* Members m0, m1 ...; the style turns their order round, and may put one first that a later one hides. */
static void spell_object(struct buffer *buffer, uint64_t *value, uint64_t *style, int depth)
{
	size_t count = below(value, depth > 2 ? 40 : 4);
	bool turned = below(style, 2) == 0;
	uint64_t seed = next_random(value) | 1;
	buffer_append_text(buffer, count > 0 && below(style, 2) == 0 ? "{\"m0\":[\"hidden\"]," : "{");
	for (size_t i = 0; i < count; i++) {
		size_t member = turned ? count - 1 - i : i;
		uint64_t member_value = (seed + member * 2) | 1;
		next_random(&member_value);
		buffer_append_format(buffer, "%s\"m%zu\" :", i > 0 ? " ," : "", member);
		spell(buffer, &member_value, style, depth - 1);
	}
	buffer_append_byte(buffer, '}');
}

static void spell(struct buffer *buffer, uint64_t *value, uint64_t *style, int depth)
{
	size_t kind = below(value, 4);
	if (depth == 0 || kind == 0) {
		spell_scalar(buffer, value, style);
	} else if (kind == 1) {
		size_t count = below(value, 4);
		buffer_append_byte(buffer, '[');
		for (size_t i = 0; i < count; i++) {
			buffer_append_text(buffer, i > 0 ? "," : "");
			spell(buffer, value, style, depth - 1);
		}
		buffer_append_byte(buffer, ']');
	} else {
		spell_object(buffer, value, style, depth);
	}
}

static const struct json_node *random_document(struct arena *arena, uint64_t value, uint64_t style)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(MEMORY);
	next_random(&value);
	next_random(&style);
	spell(&buffer, &value, &style, 3);
	const char *text = arena_copy(arena, buffer_span(&buffer));
	ck_assert_ptr_nonnull(text);
	return parse(arena, span_of(text));
}

START_TEST(test_random)
{
	struct arena arena = ARENA_INIT(MEMORY);
	uint64_t state = UINT64_C(0x2545f4914f6cdd1d);
	size_t different = 0;
	for (int round = 0; round < 3000; round++) {
		arena_reset(&arena);
		uint64_t seed = next_random(&state) | 1;
		const struct json_node *a = random_document(&arena, seed, next_random(&state) | 1);
		const struct json_node *b = random_document(&arena, seed, next_random(&state) | 1);
		const struct json_node *c = random_document(&arena, next_random(&state) | 1, seed);
		ck_assert(json_equal(a, b) && json_equal(b, a));
		ck_assert(same_bytes(a, b));
		ck_assert(json_equal(a, c) == same_bytes(a, c));
		ck_assert(json_equal(a, c) == json_equal(c, a));
		different += !json_equal(a, c);
	}
	ck_assert_uint_gt(different, 1500);
	arena_finish(&arena);
}
END_TEST

/* Many members, in opposite orders; quadratic work on these would run into the time limit. */
static void write_members(struct buffer *buffer, int count, bool turned, bool one_name)
{
	buffer_append_byte(buffer, '{');
	for (int i = 0; i < count; i++) {
		int member = turned ? count - 1 - i : i;
		buffer_append_format(buffer, "%s\"long-common-prefix-%d\":%d", i > 0 ? "," : "", one_name ? 0 : member,
				     one_name ? i : member);
	}
	buffer_append_byte(buffer, '}');
}

START_TEST(test_hostile_objects)
{
	enum { MANY = 200000 };
	struct arena arena = ARENA_INIT(MEMORY);
	CLEANUP_BUFFER struct buffer forward = BUFFER_INIT(MEMORY);
	CLEANUP_BUFFER struct buffer backward = BUFFER_INIT(MEMORY);
	CLEANUP_BUFFER struct buffer duplicates = BUFFER_INIT(MEMORY);
	write_members(&forward, MANY, false, false);
	write_members(&backward, MANY, true, false);
	write_members(&duplicates, MANY, false, true);
	const struct json_node *a = parse(&arena, buffer_span(&forward));
	const struct json_node *b = parse(&arena, buffer_span(&backward));
	const struct json_node *c = parse(&arena, buffer_span(&duplicates));
	const struct json_node *last = parse(&arena, SPAN("{\"long-common-prefix-0\":199999}"));
	ck_assert(json_equal(a, b));
	ck_assert(same_bytes(a, b));
	ck_assert(!json_equal(a, c));
	ck_assert(json_equal(c, last) && json_equal(last, c));
	ck_assert(same_bytes(c, last));
	arena_finish(&arena);
}
END_TEST

Suite *json_same_suite(void)
{
	Suite *suite = suite_create("json_same");
	TCase *cases = tcase_create("json_same");
	tcase_set_timeout(cases, 20);
	tcase_add_loop_test(cases, test_canonical, 0, COUNT(canonical_rows));
	tcase_add_loop_test(cases, test_classes, 0, COUNT(classes));
	tcase_add_test(cases, test_random);
	tcase_add_test(cases, test_hostile_objects);
	suite_add_tcase(suite, cases);
	return suite;
}
