/* Expectations: YAML 1.2.2, section 10.3.2 (core schema) and its example 10.9; JSON by RFC 8259. */
#include "harness/base/file.h"
#include "harness/base/hash.h"
#include "harness/contract/contract.h"
#include "tests/contract/suites.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *yaml;
	const char *json; /* NULL: refused */
} scalars[] = {
	{"null", "null"},
	{"Null", "null"},
	{"NULL", "null"},
	{"~", "null"},
	{"", "null"},
	{"nULL", "\"nULL\""},
	{"true", "true"},
	{"True", "true"},
	{"TRUE", "true"},
	{"tRUE", "\"tRUE\""},
	{"false", "false"},
	{"False", "false"},
	{"FALSE", "false"},
	{"no", "\"no\""},
	{"yes", "\"yes\""},
	{"on", "\"on\""},
	{"off", "\"off\""},
	{"y", "\"y\""},
	{"n", "\"n\""},
	{"0", "0"},
	{"-0", "-0"},
	{"+1", "1"},
	{"-19", "-19"},
	{"012", "12"},
	{"-007", "-7"},
	{"000", "0"},
	{"0o7", "7"},
	{"0o17", "15"},
	{"0o18", "\"0o18\""},
	{"0o", "\"0o\""},
	{"0x3A", "58"},
	{"0x1f", "31"},
	{"0xFFFFFFFFFFFFFFFF", "18446744073709551615"},
	{"0x10000000000000000", NULL},
	{"0o7777777777777777777777", NULL},
	{"0xG", "\"0xG\""},
	{"0b1", "\"0b1\""},
	{"-0x1", "\"-0x1\""},
	{"1_000", "\"1_000\""},
	{"0.", "0"},
	{"1.", "1"},
	{".5", "0.5"},
	{"-.5", "-0.5"},
	{"+.5", "0.5"},
	{"-0.0", "-0.0"},
	{"00.50", "0.50"},
	{"12e03", "12e03"},
	{"1e3", "1e3"},
	{"1E3", "1e3"},
	{"-2E+05", "-2e+05"},
	{"1.e2", "1e2"},
	{"1e", "\"1e\""},
	{"1e+", "\"1e+\""},
	{".", "\".\""},
	{"+", "\"+\""},
	{"e3", "\"e3\""},
	{".e3", "\".e3\""},
	{"1.2.3", "\"1.2.3\""},
	{"2026.10", "2026.10"},
	{"123456789012345678901234567890", "123456789012345678901234567890"},
	{".inf", NULL},
	{"-.Inf", NULL},
	{"+.INF", NULL},
	{".nan", NULL},
	{".NaN", NULL},
	{"-.nan", "\"-.nan\""},
	{".iNF", "\".iNF\""},
	{"1:30", "\"1:30\""},
	{"2026-11-16", "\"2026-11-16\""},
	{"2026-11-16T08:15:00Z", "\"2026-11-16T08:15:00Z\""},
	{"$.ticket_id", "\"$.ticket_id\""},
	{"/queue", "\"/queue\""},
	{"a b", "\"a b\""},
	{"\"1\"", "\"1\""},
	{"'true'", "\"true\""},
	{"''", "\"\""},
	{"\"\\u00e9\\n\"", "\"\xc3\xa9\\n\""},
	{"\"\\x41\"", "\"A\""},
	{"Z\xc3\xbcrich", "\"Z\xc3\xbcrich\""},
	{"<<", "\"<<\""},
	{"x # comment", "\"x\""},
	{"x#y", "\"x#y\""},
	{"${YAML_TEXT}", "\"text\""},
	{"a${YAML_TEXT}b${YAML_TEXT}", "\"atextbtext\""},
	{"\"${YAML_NUMBER}\"", "\"12\""},
	{"${YAML_NUMBER}", "\"12\""},
	{"'${YAML_BREAK}'", "\"a: b\\n- \\\"c\\\"\""},
	{"${YAML_EMPTY}", "\"\""},
	{"${YAML_RECURSIVE}", "\"${YAML_TEXT}\""},
	{"$YAML_TEXT", "\"$YAML_TEXT\""},
	{"${YAML_ABSENT}", NULL},
	{"${}", NULL},
	{"${YAML_TEXT", NULL},
	{"${YAML-TEXT}", NULL},
	{"${YAML_BAD}", NULL},
	{"|\n  ${YAML_TEXT}\n  b", "\"${YAML_TEXT}\\nb\\n\""},
	{"|-\n  a\n  b", "\"a\\nb\""},
	{">\n  a\n  b", "\"a b\\n\""},
	{"[1, [], {}, {a: }]", "[1,[],{},{\"a\":null}]"},
	{"{1: a, null: b, true: c, '${YAML_TEXT}': d}",
	 "{\"1\":\"a\",\"null\":\"b\",\"true\":\"c\",\"${YAML_TEXT}\":\"d\"}"},
};

static void set_variables(void)
{
	setenv("YAML_TEXT", "text", 1);
	setenv("YAML_NUMBER", "12", 1);
	setenv("YAML_BREAK", "a: b\n- \"c\"", 1);
	setenv("YAML_EMPTY", "", 1);
	setenv("YAML_RECURSIVE", "${YAML_TEXT}", 1);
	setenv("YAML_BAD", "a\xff", 1);
	unsetenv("YAML_ABSENT");
}

START_TEST(scalar)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
	struct buffer yaml CLEANUP_BUFFER = BUFFER_INIT(4096);
	struct buffer json CLEANUP_BUFFER = BUFFER_INIT(4096);
	struct yaml_document document;
	struct error err = ERROR_INIT;
	buffer_append_format(&yaml, "v: %s\n", scalars[_i].yaml);
	set_variables();
	bool ok = yaml_parse(&arena, "f.yaml", buffer_span(&yaml), &document, &err);
	if (scalars[_i].json == NULL) {
		ck_assert_msg(!ok, "%s was accepted", scalars[_i].yaml);
		ck_assert_int_eq(err.line, 1);
		ck_assert_str_eq(err.file, "f.yaml");
		return;
	}
	ck_assert_msg(ok, "%s: %s", scalars[_i].yaml, err.message);
	json_write(&json, json_get_text(document.root, "v"));
	ck_assert_str_eq(json.data, scalars[_i].json);
}
END_TEST

START_TEST(lines_and_origins)
{
	static const char text[] = "# head\n"
				   "a:\n"
				   "  - 1\n"
				   "  - {b: \"x\",\n"
				   "     c: '${YAML_TEXT}'}\n"
				   "\n"
				   "d: |\n"
				   "  long\n"
				   "  text\n"
				   "e: 5\n";
	/* root a [ 1 { b x c text } ] d long e 5 */
	static const uint32_t lines[] = {2, 2, 3, 3, 4, 4, 4, 5, 5, 7, 7, 10, 10};
	static const uint8_t origins[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
	struct yaml_document document;
	struct error err = ERROR_INIT;
	set_variables();
	ck_assert(yaml_parse(&arena, "f", span_of(text), &document, &err));
	ck_assert_uint_eq(document.root->span, 13);
	ck_assert_mem_eq(document.lines, lines, sizeof(lines));
	ck_assert_mem_eq(document.origins, origins, sizeof(origins));
}
END_TEST

/* Every entry's own text, cut out by its offsets; block containers end with their last entry, not behind comments. */
START_TEST(offsets)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
	struct error err = ERROR_INIT;
	struct yaml_document document;
	struct span text = SPAN(
		"\xef\xbb\xbfk\xc3\xa4se:   # c\n  - {a: 'x y', b: [1, 2]} # d\n  - plain words  # e\n\nz: \"q\"\n");
	static const char *const parts[] = {
		NULL,
		"k\xc3\xa4se",
		"- {a: 'x y', b: [1, 2]} # d\n  - plain words",
		"{a: 'x y', b: [1, 2]}",
		"a",
		"'x y'",
		"b",
		"[1, 2]",
		"1",
		"2",
		"plain words",
		"z",
		"\"q\"",
	};
	ck_assert_msg(yaml_parse(&arena, "f", text, &document, &err), "%s", err.message);
	ck_assert_uint_eq(document.root->span, sizeof(parts) / sizeof(parts[0]));
	for (size_t i = 1; i < document.root->span; i++) {
		struct span part = {text.data + document.starts[i], document.ends[i] - document.starts[i]};
		ck_assert_msg(span_is(part, parts[i]), "entry %zu is \"%.*s\"", i, SPAN_ARGUMENTS(part));
	}
	ck_assert_uint_eq(document.ends[0], text.length - 1);
}
END_TEST

START_TEST(byte_order_mark)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
	struct yaml_document document;
	struct error err = ERROR_INIT;
	ck_assert(yaml_parse(&arena, "f",
			     SPAN("\xef\xbb\xbf"
				  "a: 1\n"),
			     &document, &err));
	ck_assert(json_is(json_get_text(document.root, "a"), JSON_NUMBER));
}
END_TEST

START_TEST(size_limit)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(64 << 20);
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(2 << 20);
	struct yaml_document document;
	struct error err = ERROR_INIT;
	buffer_append_text(&text, "a: ");
	while (text.length < (1 << 20)) {
		buffer_append_byte(&text, 'x');
	}
	ck_assert(yaml_parse(&arena, "f", buffer_span(&text), &document, &err));
	buffer_append_byte(&text, 'x');
	ck_assert(!yaml_parse(&arena, "f", buffer_span(&text), &document, &err));
	ck_assert_int_eq(err.code, ERROR_LIMIT);
	ck_assert_str_eq(err.message, "larger than 1 MiB; make the file smaller");
}
END_TEST

START_TEST(depth_limit)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
	struct yaml_document document;
	for (size_t depth = 63; depth <= 65; depth++) {
		struct buffer text CLEANUP_BUFFER = BUFFER_INIT(4096);
		struct error err = ERROR_INIT;
		for (size_t i = 0; i < depth; i++) {
			buffer_append_byte(&text, '[');
		}
		for (size_t i = 0; i < depth; i++) {
			buffer_append_byte(&text, ']');
		}
		ck_assert(yaml_parse(&arena, "f", buffer_span(&text), &document, &err) == (depth <= 64));
	}
}
END_TEST

/* --- mutations: whatever happens to a file, it is read or refused with one line --- */

enum { SEEDS_MAX = 200, ROUNDS = 4000, DICTIONARY = 16 };

static size_t read_seeds(struct buffer *seeds)
{
	DIR *directory = opendir("tests/contract/cases");
	struct dirent *entry;
	size_t count = 0;
	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory)) != NULL && count < SEEDS_MAX) {
		char path[512];
		snprintf(path, sizeof(path), "tests/contract/cases/%s", entry->d_name);
		if (strstr(path, ".yaml") != NULL && strstr(path, "bomb") == NULL) {
			buffer_init(&seeds[count], 1 << 20);
			ck_assert(file_read(path, &seeds[count++], NULL));
		}
	}
	closedir(directory);
	return count;
}

static void mutate(struct buffer *text, uint64_t *random)
{
	static const char *const pieces[DICTIONARY] = {"[", "{",   "}",   "]",    ": ", "- ",  "\n",  "\"",
						       "'", "&a ", "*a ", "!!x ", "${", "}\n", "|\n", "---\n"};
	uint64_t edits = 1 + random_next(random) % 6;
	for (uint64_t i = 0; i < edits && text->length > 1; i++) {
		size_t at = (size_t)(random_next(random) % text->length);
		uint64_t kind = random_next(random) % 4;
		const char *piece = pieces[random_next(random) % DICTIONARY];
		size_t length = strlen(piece);
		if (kind == 0) {
			text->data[at] = (char)random_next(random);
		} else if (kind == 1) {
			text->length = at;
		} else if (kind == 2 && at + length <= text->length) {
			memcpy(text->data + at, piece, length);
		} else {
			memmove(text->data + at / 2, text->data + at, text->length - at);
			text->length -= at - at / 2;
		}
	}
}

START_TEST(mutations)
{
	static struct buffer seeds[SEEDS_MAX];
	struct arena arena CLEANUP_ARENA = ARENA_INIT(64 << 20);
	size_t count = read_seeds(seeds);
	uint64_t random = 20261121;
	int accepted = 0;
	setenv("CASE_KEY", "secret-7f3a9c", 1);
	for (int round = 0; round < ROUNDS; round++) {
		struct buffer text CLEANUP_BUFFER = BUFFER_INIT(2 << 20);
		struct yaml_document document;
		struct error err = ERROR_INIT;
		buffer_append_span(&text, buffer_span(&seeds[random_next(&random) % count]));
		mutate(&text, &random);
		if (yaml_parse(&arena, "f", buffer_span(&text), &document, &err)) {
			accepted++;
			ck_assert_uint_ge(document.lines[document.root->span - 1], document.lines[0]);
		} else {
			ck_assert_int_ne(err.code, ERROR_NONE);
			ck_assert_ptr_null(strchr(err.message, '\n'));
			ck_assert_ptr_null(strstr(err.message, "7f3a9c"));
		}
		arena_reset(&arena);
	}
	ck_assert_int_gt(accepted, ROUNDS / 20);
	ck_assert_int_lt(accepted, ROUNDS);
	for (size_t i = 0; i < count; i++) {
		buffer_finish(&seeds[i]);
	}
}
END_TEST

Suite *yaml_suite(void)
{
	Suite *suite = suite_create("yaml");
	TCase *tests = tcase_create("yaml");
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, scalar, 0, (int)(sizeof(scalars) / sizeof(scalars[0])));
	tcase_add_test(tests, lines_and_origins);
	tcase_add_test(tests, offsets);
	tcase_add_test(tests, byte_order_mark);
	tcase_add_test(tests, size_limit);
	tcase_add_test(tests, depth_limit);
	tcase_add_test(tests, mutations);
	suite_add_tcase(suite, tests);
	return suite;
}
