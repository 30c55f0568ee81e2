/* Tables in CSV: which character separates, and what is absent. */
#include "harness/codec/sheet.h"
#include "tests/codec/sheet_show.h"
#include "tests/codec/suites.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	const char *text;
	const char *shown;
} reads[] = {
	{"", ""},
	{"a", "[a]\n"},
	{"a,b\r\n1,2\r\n", "[a][b]\n[1][2]\n"},
	{"a;b\n1;2\n", "[a][b]\n[1][2]\n"},
	{"a\tb\n1\t2\n", "[a][b]\n[1][2]\n"},
	/* a decimal comma is no separator where semicolons are regular */
	{"order;amount\nA;1,50\nB;2,00\nC;3\n", "[order][amount]\n[A][1,50]\n[B][2,00]\n[C][3]\n"},
	{"order,text\nA,x;y;z\nB,p\n", "[order][text]\n[A][x;y;z]\n[B][p]\n"},
	{"\"a;b\",c\n\"1;2\",3\n", "[a;b][c]\n[1;2][3]\n"},
	{"a,b,c\n1\n1,,3\n", "[a][b][c]\n[1]..\n[1][][3]\n"},
	{"sep=;\na,b;c\n", "[a,b][c]\n"},
	{"\xef\xbb\xbfSEP=|\r\na|b\r\n", "[a][b]\n"},
	{"sep=\t\na\tb\n", "[a][b]\n"},
	{"\xef\xbb\xbf"
	 "a;b\n",
	 "[a][b]\n"},
	{"\n\na,b\n\n1,2\n", "[a][b]\n[1][2]\n"},
};

START_TEST(read_tables)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	CLEANUP_BUFFER struct buffer shown = BUFFER_INIT(10000);
	struct sheet sheet;
	buffer_append_text(&shown, "");
	ck_assert(sheet_read_csv(span_of(reads[_i].text), &arena, &sheet, NULL));
	sheet_show(&sheet, &shown);
	ck_assert_str_eq(shown.data, reads[_i].shown);
}
END_TEST

static const struct {
	const char *text;
	int line;
	const char *words;
} faults[] = {
	{"a,b\n1,\"2\n", 2, "no closing quote"},
	{"a,b\nx,\xe4\n", 2, "UTF-8"},
	{"\xff\xfe"
	 "a",
	 1, "UTF-16"},
	{"a;b\n1;x\"y\n", 2, "quote"},
};

START_TEST(name_the_line_of_a_fault)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	struct sheet sheet;
	struct error err = ERROR_INIT;
	ck_assert(!sheet_read_csv(span_of(faults[_i].text), &arena, &sheet, &err));
	ck_assert_int_eq(err.code, ERROR_FORMAT);
	ck_assert_int_eq(err.line, faults[_i].line);
	ck_assert_msg(strstr(err.message, faults[_i].words) != NULL, "%s", err.message);
}
END_TEST

/* One long row makes a rectangle of all of them. */
START_TEST(refuse_more_cells_than_the_limit)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 28);
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 24);
	for (int i = 0; i < 4096; i++) {
		buffer_append_text(&text, "x,");
	}
	for (int i = 0; i < 4096; i++) {
		buffer_append_text(&text, "\ny");
	}
	struct sheet sheet;
	struct error err = ERROR_INIT;
	ck_assert(!sheet_read_csv(buffer_span(&text), &arena, &sheet, &err));
	ck_assert_int_eq(err.code, ERROR_LIMIT);
}
END_TEST

START_TEST(end_where_the_arena_is_full)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(8);
	struct sheet sheet;
	struct error err = ERROR_INIT;
	ck_assert(!sheet_read_csv(SPAN("a,b\nc,d\n"), &arena, &sheet, &err));
	ck_assert_int_eq(err.code, ERROR_LIMIT);
}
END_TEST

Suite *sheet_csv_suite(void)
{
	Suite *suite = suite_create("sheet csv");
	TCase *cases = tcase_create("sheet csv");
	tcase_add_loop_test(cases, read_tables, 0, COUNT(reads));
	tcase_add_loop_test(cases, name_the_line_of_a_fault, 0, COUNT(faults));
	tcase_add_test(cases, refuse_more_cells_than_the_limit);
	tcase_add_test(cases, end_where_the_arena_is_full);
	suite_add_tcase(suite, cases);
	return suite;
}
