#include "harness/base/csv.h"
#include "harness/base/file.h"
#include "harness/base/json.h"
#include "tests/base/suites.h"

#include <stdio.h>
#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Rows as text: cells in [ ], rows on lines; "line N" for an error there. */
static void show(struct span text, struct buffer *shown)
{
	struct csv_reader reader;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	csv_reader_init(&reader, text);
	for (;;) {
		struct span *cells;
		size_t count;
		struct error err = ERROR_INIT;
		if (!csv_read_row(&reader, &arena, &cells, &count, &err)) {
			ck_assert_int_eq(err.code, ERROR_FORMAT);
			buffer_append_format(shown, "line %d", err.line);
			return;
		}
		if (count == 0) {
			return;
		}
		for (size_t i = 0; i < count; i++) {
			buffer_append_format(shown, "[%.*s]", SPAN_ARGUMENTS(cells[i]));
		}
		buffer_append_format(shown, "@%d\n", reader.line);
	}
}

static const struct {
	const char *text;
	const char *rows;
} reads[] = {
	{"", ""},
	{"\xef\xbb\xbf", ""},
	{"\n\r\n\n", ""},
	{"a", "[a]@1\n"},
	{"a,b\r\nc,d\r\n", "[a][b]@1\n[c][d]@2\n"},
	{"a,b\nc,d", "[a][b]@1\n[c][d]@2\n"},
	{"\xef\xbb\xbf"
	 "a,b",
	 "[a][b]@1\n"},
	{"\xef\xbb\xbf\"a\",b", "[a][b]@1\n"},
	{"a,\n,b\n,", "[a][]@1\n[][b]@2\n[][]@3\n"},
	{"\n\na\n\nb\n", "[a]@3\n[b]@5\n"},
	{"\"\"", "[]@1\n"},
	{"\"\",\"\"", "[][]@1\n"},
	{"\"a\"\"b\"", "[a\"b]@1\n"},
	{"\"\"\"\"", "[\"]@1\n"},
	{"\"\"\"a\"\"\",x", "[\"a\"][x]@1\n"},
	{"\"a,b\",c", "[a,b][c]@1\n"},
	{"\"a\nb\r\nc\",d\ne", "[a\nb\r\nc][d]@1\n[e]@4\n"},
	{"\"a\rb\",c", "[a\rb][c]@1\n"},
	{" a , b ", "[ a ][ b ]@1\n"},
	{"'a','b'", "['a']['b']@1\n"},
	{"a;b\tc", "[a;b\tc]@1\n"},
	/* Errors, with their lines. */
	{"a\"b", "line 1"},
	{"a\nb \"c\"", "[a]@1\nline 2"},
	{"\"a\"b", "line 1"},
	{"\"a\" ,b", "line 1"},
	{"x\n\"a\n\nb\"c", "[x]@1\nline 4"},
	{"x\n\"a\nb\nc", "[x]@1\nline 2"},
	{"\"", "line 1"},
	{"\"\"\"", "line 1"},
	{"a\rb", "line 1"},
	{"a\r", "line 1"},
	{"a\n\"b\"\r", "[a]@1\nline 2"},
	{"\r", "line 1"},
};

START_TEST(read_rows)
{
	CLEANUP_BUFFER struct buffer shown = BUFFER_INIT(10000);
	buffer_append_text(&shown, "");
	/* Exactly as long as the text, so that AddressSanitizer sees a byte too many. */
	size_t length = strlen(reads[_i].text);
	char *copy = malloc(length + (length == 0));
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, reads[_i].text, length);
	show((struct span){copy, length}, &shown);
	ck_assert_str_eq(shown.data, reads[_i].rows);
	free(copy);
}
END_TEST

START_TEST(read_nothing)
{
	CLEANUP_BUFFER struct buffer shown = BUFFER_INIT(100);
	buffer_append_text(&shown, "");
	show((struct span){NULL, 0}, &shown);
	ck_assert_str_eq(shown.data, "");
}
END_TEST

START_TEST(read_wide)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 20);
	for (int i = 0; i < 9999; i++) {
		buffer_append_format(&text, "%d,", i);
	}
	struct csv_reader reader;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	struct span *cells;
	size_t count;
	csv_reader_init(&reader, buffer_span(&text));
	ck_assert(csv_read_row(&reader, &arena, &cells, &count, NULL));
	ck_assert_uint_eq(count, 10000);
	ck_assert(span_is(cells[0], "0") && span_is(cells[9998], "9998") && span_is(cells[9999], ""));
	CLEANUP_ARENA struct arena small = ARENA_INIT(4096);
	struct error err = ERROR_INIT;
	csv_reader_init(&reader, buffer_span(&text));
	ck_assert(!csv_read_row(&reader, &small, &cells, &count, &err));
	ck_assert_int_eq(err.code, ERROR_LIMIT);
}
END_TEST

static const struct {
	const char *text;
	const char *cell;
} writes[] = {
	{"", ""},
	{"plain", "plain"},
	{" a b ", " a b "},
	{"a,b", "\"a,b\""},
	{"say \"hi\"", "\"say \"\"hi\"\"\""},
	{"\"", "\"\"\"\""},
	{"two\nlines", "\"two\nlines\""},
	{"cr\rx", "\"cr\rx\""},
	{"=1+1", "'=1+1"},
	{"=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""},
	{"+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"},
	{"@SUM(A1)", "'@SUM(A1)"},
	{"\tx", "'\tx"},
	{"\r=1", "\"'\r=1\""},
	{"\n=1", "\"'\n=1\""},
	{"\xef\xbc\x9d"
	 "1",
	 "'\xef\xbc\x9d"
	 "1"},
	{"-", "'-"},
	{"--5", "'--5"},
	{"+-5", "'+-5"},
	{"-5+1", "'-5+1"},
	{"-5", "-5"},
	{"-0.25", "-0.25"},
	{"+3.2e1", "+3.2e1"},
	{"+49301234567", "+49301234567"},
	{"+49 30 1234567", "'+49 30 1234567"},
	{"5", "5"},
	{"a=b", "a=b"},
};

START_TEST(write_cell)
{
	CLEANUP_BUFFER struct buffer cell = BUFFER_INIT(1000);
	buffer_append_text(&cell, "");
	csv_write_cell(&cell, span_of(writes[_i].text));
	ck_assert_str_eq(cell.data, writes[_i].cell);
}
END_TEST

/* Reads `path` of the shared test data; false where there is none. */
static bool read_shared(const char *directory, const char *name, const char *ending, struct buffer *content)
{
	const char *shared = getenv("UNDERSTUDY_SHARED");
	char path[500];
	snprintf(path, sizeof(path), "%s/data/csv-spectrum/%s/%s.%s", shared != NULL ? shared : "../shared", directory,
		 name, ending);
	struct error err = ERROR_INIT;
	if (file_read(path, content, &err)) {
		return true;
	}
	printf("skipped: %s\n", err.message);
	return false;
}

/* Copies of csv-spectrum may have lost their CRs to a version control's end-of-line conversion; the files named
 * "_crlf" get them back. */
static void restore_line_ends(const char *name, struct buffer *csv)
{
	if (strstr(name, "_crlf") == NULL || memchr(csv->data, '\r', csv->length) != NULL) {
		return;
	}
	CLEANUP_BUFFER struct buffer copy = BUFFER_INIT(100000);
	buffer_append_span(&copy, buffer_span(csv));
	buffer_clear(csv);
	for (size_t i = 0; i < copy.length; i++) {
		if (copy.data[i] == '\n') {
			buffer_append_byte(csv, '\r');
		}
		buffer_append_byte(csv, copy.data[i]);
	}
}

static const char *const spectrum[] = {
	"comma_in_quotes",     "empty",  "empty_crlf",  "escaped_quotes", "json", "newlines", "newlines_crlf",
	"quotes_and_newlines", "simple", "simple_crlf", "utf8",
};

/* csv-spectrum: each file's rows as objects, by the names of its first row. */
START_TEST(csv_spectrum)
{
	CLEANUP_BUFFER struct buffer csv = BUFFER_INIT(100000);
	CLEANUP_BUFFER struct buffer json = BUFFER_INIT(100000);
	if (!read_shared("csvs", spectrum[_i], "csv", &csv) || !read_shared("json", spectrum[_i], "json", &json)) {
		return;
	}
	restore_line_ends(spectrum[_i], &csv);
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	const struct json_node *root;
	ck_assert(json_parse(&arena, buffer_span(&json), NULL, &root, NULL));
	struct csv_reader reader;
	struct span *names;
	struct span *cells;
	size_t width;
	size_t count;
	csv_reader_init(&reader, buffer_span(&csv));
	ck_assert(csv_read_row(&reader, &arena, &names, &width, NULL));
	for (const struct json_node *row = json_first(root); row != NULL; row = json_next(root, row)) {
		ck_assert(csv_read_row(&reader, &arena, &cells, &count, NULL));
		ck_assert_uint_eq(count, width);
		ck_assert_uint_eq(json_count(row), width);
		for (size_t i = 0; i < width; i++) {
			ck_assert(span_equal(json_text(json_get(row, names[i])), cells[i]));
		}
	}
	ck_assert(csv_read_row(&reader, &arena, &cells, &count, NULL));
	ck_assert_uint_eq(count, 0);
}
END_TEST

Suite *csv_suite(void)
{
	Suite *suite = suite_create("csv");
	TCase *cases = tcase_create("csv");
	tcase_add_loop_test(cases, read_rows, 0, COUNT(reads));
	tcase_add_test(cases, read_nothing);
	tcase_add_test(cases, read_wide);
	tcase_add_loop_test(cases, write_cell, 0, COUNT(writes));
	tcase_add_loop_test(cases, csv_spectrum, 0, COUNT(spectrum));
	suite_add_tcase(suite, cases);
	return suite;
}
