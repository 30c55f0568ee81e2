#include "harness/base/json.h"
#include "tests/base/json_checks.h"
#include "tests/base/suites.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* No prefix of this is a document, and every prefix is read from exactly its bytes. */
START_TEST(test_prefixes)
{
	const struct span text =
		SPAN("{\"a\\n\\ud83d\\ude00\":[1.5e+3,-0,true,false,null,\"\xc3\xa9\xe2\x82\xac\"],\"b\":{}}");
	for (size_t length = 0; length <= text.length; length++) {
		struct arena arena = ARENA_INIT(ARENA_MAXIMUM);
		struct error err = ERROR_INIT;
		char *copy = NULL;
		const struct json_node *root =
			json_parse_copy(&arena, (struct span){text.data, length}, NULL, &copy, &err);
		ck_assert((root != NULL) == (length == text.length));
		arena_finish(&arena);
		free(copy);
	}
}
END_TEST

/* Each byte at each place of strings longer than a block of the fast scan: plain ASCII alone is accepted. */
START_TEST(test_every_byte)
{
	for (int byte = 0; byte < 256; byte++) {
		bool good = byte >= ' ' && byte < 0x80 && byte != '"' && byte != '\\';
		for (size_t at = 1; at < 40; at++) {
			struct arena arena = ARENA_INIT(ARENA_MAXIMUM);
			const struct json_node *root = NULL;
			char text[41];
			memset(text, 'x', sizeof(text));
			text[0] = '"';
			text[sizeof(text) - 1] = '"';
			text[at] = (char)(uint8_t)byte;
			bool parsed = json_parse(&arena, (struct span){text, sizeof(text)}, NULL, &root, NULL);
			ck_assert_msg(parsed == good, "byte %d at %zu", byte, at);
			ck_assert(!parsed || span_equal(json_text(root), (struct span){text + 1, sizeof(text) - 2}));
			arena_finish(&arena);
		}
	}
}
END_TEST

/* Decoded strings: RFC 8259 section 7. */
static const struct {
	const char *text;
	const char *decoded;
	size_t length;
} strings[] = {
	{"\"plain\"", "plain", 5},
	{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8},
	{"\"a\\u0000b\"", "a\0b", 3},
	{"\"\\u00e9\\u20AC\"", "\xc3\xa9\xe2\x82\xac", 5},
	{"\"\\uD834\\uDD1E\"", "\xf0\x9d\x84\x9e", 4}, /* the RFC's own example, G clef */
	{"\"\\ud800\\udc00\\udbff\\udfff\"", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8},
	{"\"\\ue000\\ud7ff\"", "\xee\x80\x80\xed\x9f\xbf", 6},
	{"\"x\\\\u0041\"", "x\\u0041", 7},
	{"\"0123456789abcdef\\n0123456789abcdef\"", "0123456789abcdef\n0123456789abcdef", 33},
	{"\"\xc3\xa9\\t\xc3\xa9\"", "\xc3\xa9\t\xc3\xa9", 5},
};

START_TEST(test_strings)
{
	struct arena arena = ARENA_INIT(ARENA_MAXIMUM);
	const struct json_node *root = NULL;
	ck_assert(json_parse(&arena, span_of(strings[_i].text), NULL, &root, NULL));
	ck_assert(json_is(root, JSON_STRING));
	ck_assert(span_equal(json_text(root), (struct span){strings[_i].decoded, strings[_i].length}));
	arena_finish(&arena);
}
END_TEST

START_TEST(test_reading)
{
	const struct span text = SPAN(" {\"a\" : [1, -0.50, [], \"x\"], \"b\":{\"c\":null}, \"a\":true,\"\":false}");
	struct arena arena = ARENA_INIT(ARENA_MAXIMUM);
	const struct json_node *root = NULL;
	ck_assert(json_parse(&arena, text, NULL, &root, NULL));
	ck_assert(json_is(root, JSON_OBJECT));
	ck_assert_uint_eq(json_count(root), 4);
	ck_assert_uint_eq(root->span, 15);
	ck_assert_uint_eq(root->offset, 1);
	ck_assert(json_is(json_get_text(root, "a"), JSON_TRUE)); /* the last of two */
	ck_assert(json_is(json_get_text(json_get_text(root, "b"), "c"), JSON_NULL));
	ck_assert(json_is_boolean(json_get(root, SPAN(""))));
	ck_assert_ptr_null(json_get_text(root, "c"));
	const struct json_node *array = json_member(json_first(root));
	ck_assert_uint_eq(json_count(array), 4);
	ck_assert_str_eq(json_type_name(array), "array");
	ck_assert(span_is(json_text(json_at(array, 1)), "-0.50"));
	ck_assert(span_equal((struct span){text.data + json_at(array, 1)->offset, 5}, SPAN("-0.50")));
	ck_assert_uint_eq(json_count(json_at(array, 2)), 0);
	ck_assert_ptr_null(json_first(json_at(array, 2)));
	ck_assert(span_is(json_text(json_at(array, 3)), "x"));
	ck_assert_ptr_null(json_at(array, 4));
	size_t items = 0;
	for (const struct json_node *item = json_first(array); item != NULL; item = json_next(array, item)) {
		items++;
	}
	ck_assert_uint_eq(items, 4);
	/* Absent and wrongly typed values answer "nothing". */
	const struct json_node *absent = json_at(array, 99);
	ck_assert(!json_is(absent, JSON_NULL) && !json_is_boolean(absent) && json_text(absent).length == 0);
	ck_assert(json_count(absent) == 0 && json_first(absent) == NULL && json_get_text(absent, "a") == NULL);
	ck_assert(json_get_text(array, "a") == NULL && json_at(root, 0) == NULL && json_at(absent, 0) == NULL);
	ck_assert(!json_equal(absent, absent) && !json_equal(root, absent));
	ck_assert_str_eq(json_type_name(absent), "nothing");
	arena_finish(&arena);
}
END_TEST

/* Compact output, escapes of RFC 8259 section 7, numbers and duplicates as they stood. */
static const struct {
	const char *text;
	const char *written;
} writing[] = {
	{" [ 1.50 , -0 , 1E5 , [ ] , { } , true,false,null ] ", "[1.50,-0,1E5,[],{},true,false,null]"},
	{"{ \"b\" : 1 , \"a\" : 2 , \"b\" : 3 }", "{\"b\":1,\"a\":2,\"b\":3}"},
	{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\""},
	{"[\"\\u0000\",\"\\u00e9\"]", "[\"\\u0000\",\"\xc3\xa9\"]"},
	{"\"</script>\"", "\"</script>\""},
};

START_TEST(test_writing)
{
	struct arena arena = ARENA_INIT(ARENA_MAXIMUM);
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(1024);
	const struct json_node *root = NULL;
	ck_assert(json_parse(&arena, span_of(writing[_i].text), NULL, &root, NULL));
	json_write(&buffer, root);
	ck_assert_str_eq(buffer_span(&buffer).data, writing[_i].written);
	arena_finish(&arena);
}
END_TEST

static const struct {
	const char *text;
	const char *message;
} messages[] = {
	{"", "line 1, column 1 (byte 0): expected a value, found the end"},
	{"[1,\n  2,\n  x]", "line 3, column 3 (byte 11): expected a value, found 'x'"},
	{"[\"\xc3\xa9\xc3\xa9\" 1]", "line 1, column 7 (byte 8): expected ',' or ']', found '1'"},
	{"{\"a\":1,}", "line 1, column 8 (byte 7): expected a member's name in quotes, found '}'"},
	{"{\"a\" 1}", "line 1, column 6 (byte 5): expected ':' behind the member's name, found '1'"},
	{"[1.]", "line 1, column 4 (byte 3): expected a digit, found ']'"},
	{"[1]\x01", "line 1, column 4 (byte 3): expected the end of the text, found byte 0x01"},
	{"\"ab", "line 1, column 4 (byte 3): expected a quote at the end of the string, found the end"},
	{"[nul]", "line 1, column 2 (byte 1): expected null, found 'n'"},
	{"\"a\nb\"", "line 1, column 3 (byte 2): a control character in a string; escape it as \\u00XX"},
	{"[\"ab\xff\"]", "line 1, column 5 (byte 4): a byte that is not UTF-8 in a string"},
	{"\"\\q\"", "line 1, column 3 (byte 2): expected one of \" \\ / b f n r t u behind the backslash, found 'q'"},
};

START_TEST(test_messages)
{
	struct arena arena = ARENA_INIT(ARENA_MAXIMUM);
	const struct json_node *root = NULL;
	struct error err = ERROR_INIT;
	ck_assert(!json_parse(&arena, span_of(messages[_i].text), NULL, &root, &err));
	ck_assert_str_eq(err.message, messages[_i].message);
	ck_assert_ptr_null(root);
	arena_finish(&arena);
}
END_TEST

static enum error_code code_of(struct span text, const struct json_limits *limits, size_t memory)
{
	struct arena arena = ARENA_INIT(memory);
	struct error err = ERROR_INIT;
	char *copy = NULL;
	const struct json_node *root = json_parse_copy(&arena, text, limits, &copy, &err);
	if (root != NULL && limits == NULL) {
		json_check_round_trip(root);
	}
	arena_finish(&arena);
	free(copy);
	return err.code;
}

/* `depth` containers inside each other, alternately arrays and objects. */
static void write_nested(struct buffer *buffer, size_t depth)
{
	for (size_t i = 0; i < depth; i++) {
		buffer_append_text(buffer, i % 2 == 0 ? "[" : "{\"a\":");
	}
	buffer_append_text(buffer, depth % 2 == 0 ? "1" : "");
	for (size_t i = depth; i > 0; i--) {
		buffer_append_byte(buffer, i % 2 == 1 ? ']' : '}');
	}
}

START_TEST(test_depth)
{
	static const struct {
		size_t depth;
		size_t limit; /* 0: the default, 512 */
		enum error_code code;
	} rows[] = {
		{512, 0, ERROR_NONE},     {513, 0, ERROR_LIMIT},     {3, 3, ERROR_NONE},       {4, 3, ERROR_LIMIT},
		{4096, 5000, ERROR_NONE}, {4097, 5000, ERROR_LIMIT}, {100000, 0, ERROR_LIMIT},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(ARENA_MAXIMUM);
		write_nested(&buffer, rows[i].depth);
		const struct json_limits limits = {.depth = rows[i].limit};
		enum error_code code = code_of(buffer_span(&buffer), rows[i].limit > 0 ? &limits : NULL, ARENA_MAXIMUM);
		ck_assert_int_eq(code, rows[i].code);
	}
	static char brackets[100000];
	memset(brackets, '[', sizeof(brackets));
	ck_assert_int_eq(code_of((struct span){brackets, sizeof(brackets)}, NULL, ARENA_MAXIMUM), ERROR_LIMIT);
	ck_assert_int_eq(code_of((struct span){brackets, 512}, NULL, ARENA_MAXIMUM), ERROR_FORMAT);
}
END_TEST

/* Writers and comparison recurse: the deepest document that can be read must not end the stack. */
START_TEST(test_deepest)
{
	struct arena arena = ARENA_INIT(ARENA_MAXIMUM);
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(ARENA_MAXIMUM);
	CLEANUP_BUFFER struct buffer written = BUFFER_INIT(ARENA_MAXIMUM);
	CLEANUP_BUFFER struct buffer canonical = BUFFER_INIT(ARENA_MAXIMUM);
	const struct json_limits limits = {.depth = JSON_DEPTH_MAX};
	const struct json_node *root = NULL;
	write_nested(&buffer, JSON_DEPTH_MAX);
	ck_assert(json_parse(&arena, buffer_span(&buffer), &limits, &root, NULL));
	json_write(&written, root);
	json_write_canonical(&canonical, root);
	ck_assert(span_equal(buffer_span(&written), buffer_span(&buffer)));
	ck_assert(span_equal(buffer_span(&canonical), buffer_span(&buffer)));
	ck_assert(json_equal(root, root));
	arena_finish(&arena);
}
END_TEST

START_TEST(test_limits)
{
	const struct json_limits five = {.nodes = 5};
	ck_assert_int_eq(code_of(SPAN("[1,2,3,4]"), &five, ARENA_MAXIMUM), ERROR_NONE);
	ck_assert_int_eq(code_of(SPAN("[1,2,3,4,5]"), &five, ARENA_MAXIMUM), ERROR_LIMIT);
	ck_assert_int_eq(code_of(SPAN("{\"a\":1,\"b\":2}"), &five, ARENA_MAXIMUM), ERROR_NONE);
	ck_assert_int_eq(code_of(SPAN("{\"a\":1,\"b\":2,\"c\":3}"), &five, ARENA_MAXIMUM), ERROR_LIMIT);
	ck_assert_int_eq(code_of(SPAN("[\",,,,,,,,,,,,\",1]"), &five, ARENA_MAXIMUM), ERROR_NONE);
	ck_assert_int_eq(code_of(SPAN("[1,2,3,4]"), NULL, 5 * sizeof(struct json_node)), ERROR_NONE);
	ck_assert_int_eq(code_of(SPAN("[1,2,3,4]"), NULL, 5 * sizeof(struct json_node) - 1), ERROR_LIMIT);
	ck_assert_int_eq(code_of(SPAN("\"\\n0123456789abcdef\""), NULL, sizeof(struct json_node) + 17), ERROR_LIMIT);
	ck_assert_int_eq(code_of((struct span){NULL, 0}, NULL, ARENA_MAXIMUM), ERROR_FORMAT);
	/* Past the 255 rounds of one counting pass, at every alignment of the rest. */
	static char commas[8192];
	memset(commas, ',', sizeof(commas));
	for (size_t i = 1; i < sizeof(commas); i += 2) {
		commas[i] = '1';
	}
	commas[0] = '[';
	for (size_t length = 4001; length < 4200; length += 2) {
		commas[length - 1] = ']';
		ck_assert_int_eq(code_of((struct span){commas, length}, NULL, ARENA_MAXIMUM), ERROR_NONE);
		commas[length - 1] = ',';
	}
}
END_TEST

/* Real documents. */

static size_t files_read;

static int read_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)place;
	size_t length = strlen(path);
	if (type != FTW_F || length < 5 || strcmp(path + length - 5, ".json") != 0) {
		return 0;
	}
	struct arena arena = ARENA_INIT(ARENA_MAXIMUM);
	struct error err = ERROR_INIT;
	size_t size = (size_t)status->st_size;
	char *content = malloc(size + 1);
	FILE *file = fopen(path, "rb");
	ck_assert_ptr_nonnull(file);
	ck_assert_ptr_nonnull(content);
	ck_assert_uint_eq(fread(content, 1, size, file), size);
	fclose(file);
	const struct json_node *root = NULL;
	ck_assert_msg(json_parse(&arena, (struct span){content, size}, NULL, &root, &err), "%s: %s", path, err.message);
	json_check_round_trip(root);
	arena_finish(&arena);
	free(content);
	files_read++;
	return 0;
}

START_TEST(test_files)
{
	static const char *const folders[] = {"data/json-http-payloads", "data/JSON-Schema-Test-Suite"};
	const char *shared = getenv("UNDERSTUDY_SHARED");
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", shared != NULL ? shared : "../shared", folders[_i]);
	files_read = 0;
	if (nftw(path, read_one, 8, FTW_PHYS) != 0) {
		printf("skipped: real JSON documents: no %s\n", path);
		return;
	}
	ck_assert_uint_gt(files_read, 0);
}
END_TEST

/* Mutations */

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13; /* xorshift64 (Marsaglia 2003) */
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static size_t below(uint64_t *state, size_t limit)
{
	return (size_t)(next_random(state) % limit);
}

static void mutate(char *text, size_t *length, size_t capacity, uint64_t *state)
{
	static const char interesting[] =
		"{}[]\",:\\u0123456789abcdefDd-+.eE tfn\n\x01\x7f\x80\xbf\xc2\xe0\xed\xf0\xf4\xff";
	size_t at = below(state, *length);
	char byte = interesting[below(state, sizeof(interesting))];
	switch (below(state, 4)) {
	case 0:
		text[at] = byte;
		break;
	case 1:
		text[at] = (char)(uint8_t)(next_random(state) & 0xff);
		break;
	case 2:
		if (*length < capacity) {
			memmove(text + at + 1, text + at, *length - at);
			text[at] = byte;
			*length += 1;
		}
		break;
	default:
		if (*length > 1) {
			memmove(text + at, text + at + 1, *length - at - 1);
			*length -= 1;
		}
		break;
	}
}

START_TEST(test_mutations)
{
	static const char seed_text[] =
		"{\"id\":\"ORD-1\",\"name\":\"Mar\xc3\xad"
		"a \xc3\x85ngstr\xc3\xb6m \\ud83d\\ude00\\n\",\"items\":[{\"qty\":1,"
		"\"price\":19.95},{\"qty\":-0.0e+10,\"price\":1E400}],\"ok\":true,\"no\":false,\"none\":null,"
		"\"a\":{\"\":[[],{},\"\\\\\\\"\"]},\"a\":18446744073709551617}";
	uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
	size_t accepted = 0;
	for (int round = 0; round < 20000; round++) {
		char text[512];
		size_t length = sizeof(seed_text) - 1;
		memcpy(text, seed_text, length);
		for (size_t i = 1 + below(&state, 4); i > 0; i--) {
			mutate(text, &length, sizeof(text), &state);
		}
		if (round % 8 == 0) {
			length = below(&state, length);
		}
		accepted += code_of((struct span){text, length}, NULL, ARENA_MAXIMUM) == ERROR_NONE;
	}
	/* Neither all nor none: the mutations reach both sides of the grammar. */
	ck_assert_uint_gt(accepted, 1000);
	ck_assert_uint_lt(accepted, 19000);
}
END_TEST

Suite *json_suite(void)
{
	Suite *suite = suite_create("json");
	TCase *cases = tcase_create("json");
	tcase_set_timeout(cases, 60);
	tcase_add_test(cases, test_prefixes);
	tcase_add_test(cases, test_every_byte);
	tcase_add_loop_test(cases, test_strings, 0, COUNT(strings));
	tcase_add_test(cases, test_reading);
	tcase_add_loop_test(cases, test_writing, 0, COUNT(writing));
	tcase_add_loop_test(cases, test_messages, 0, COUNT(messages));
	tcase_add_test(cases, test_depth);
	tcase_add_test(cases, test_deepest);
	tcase_add_test(cases, test_limits);
	tcase_add_loop_test(cases, test_files, 0, 2);
	tcase_add_test(cases, test_mutations);
	suite_add_tcase(suite, cases);
	return suite;
}
