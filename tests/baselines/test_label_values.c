/* From a cell to JSON by the declared type. */
#include "baselines/label_values.h"
#include "tests/baselines/suites.h"
#include "tests/baselines/support.h"

#include <stdlib.h>

static const struct cell_case {
	const char *field;
	const char *cell;
	const char *json;  /* NULL: absent */
	const char *error; /* part of the message; NULL: none */
} CELLS[] = {
	{"status", "", NULL, NULL},
	{"status", "open", "\"open\"", NULL},
	{"status", "10", "\"10\"", NULL}, /* declared text: never a number */
	{"status", "true", "\"true\"", NULL},
	{"status", "null", "\"null\"", NULL},
	{"status", "a \"b\"\n\\", "\"a \\\"b\\\"\\n\\\\\"", NULL},
	{"status", "\x01", "\"\\u0001\"", NULL},
	{"status", "\xff", NULL, "column status is not UTF-8"},
	{"status", "\xed\xa0\x80", NULL, "not UTF-8"}, /* a surrogate */
	{"count", "3", "3", NULL},
	{"count", "3.0", "3.0", NULL}, /* JSON Schema: 3.0 is an integer */
	{"count", "3.5", NULL, "type"},
	{"count", "\"3\"", NULL, "type"},
	{"count", "three", NULL, "column count: \"three\" is not a value of the type"},
	{"count", "3,5", NULL, "type"},
	{"count", "+3", NULL, "type"},
	{"count", "NaN", NULL, "type"},
	{"count", "1 2", NULL, "type"},
	{"count", "null", NULL, "type"},
	{"open", "true", "true", NULL},
	{"open", "TRUE", "true", NULL}, /* as spreadsheets write it */
	{"open", "False", "false", NULL},
	{"open", "1", NULL, "type"},
	{"open", "\"true\"", NULL, "type"},
	{"note", "null", "null", NULL},
	{"note", "\"null\"", "\"null\"", NULL}, /* text or null: JSON says which */
	{"note", "none", "\"none\"", NULL},
	{"note", "5", "\"5\"", NULL},
	{"parts", "[\"a\",\"b\"]", "[\"a\",\"b\"]", NULL},
	{"parts", "a", NULL, "type"},
	{"parts", "{\"a\":1}", NULL, "type"},
	{"parts", "[\"a\"", NULL, "type"},
	{"any", "5", "5", NULL},
	{"any", "\"5\"", "\"5\"", NULL},
	{"any", "five", "\"five\"", NULL},
	{"any", "{\"a\":[1]}", "{\"a\":[1]}", NULL},
	{"any", "[1", "\"[1\"", NULL},
	{"=x", "Red", "\"Red\"", NULL},
	{"=x", "red", "\"red\"", NULL}, /* the comparator does not mind the case */
	{"=x", "Read", NULL, "column =x: \"Read\" is not one of the values"},
	{"x_values", "1e3", "1e3", NULL},
};

static const struct contract_field *find_field(const struct contract *contract, const char *name)
{
	for (size_t i = 0; i < contract->field_count; i++) {
		if (strcmp(contract->fields[i].name, name) == 0) {
			return &contract->fields[i];
		}
	}
	ck_abort_msg("no field %s", name);
}

START_TEST(cells_are_read_by_type)
{
	const struct cell_case *c = &CELLS[_i];
	struct contract *contract = load_contract("tests/baselines/data/types.yaml");
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	struct error err = ERROR_INIT;
	struct span json = SPAN("untouched");
	bool done = label_cell_value(contract, find_field(contract, c->field), span_of(c->cell), &arena, &json, &err);
	if (c->error != NULL) {
		ck_assert(!done);
		ck_assert_int_eq(err.code, ERROR_FORMAT);
		ck_assert_msg(strstr(err.message, c->error) != NULL, "%s", err.message);
		ck_assert(span_is(json, "untouched"));
	} else {
		must(done, &err);
		ck_assert_msg(c->json == NULL ? json.data == NULL : span_is(json, c->json), "%.*s",
			      SPAN_ARGUMENTS(json));
	}
	contract_destroy(contract);
}
END_TEST

START_TEST(deep_and_long_cells_are_bounded)
{
	struct contract *contract = load_contract("tests/baselines/data/types.yaml");
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 26);
	CLEANUP_BUFFER struct buffer cell = BUFFER_INIT(1 << 22);
	struct error err = ERROR_INIT;
	struct span json;
	for (int i = 0; i < 100000; i++) {
		buffer_append_byte(&cell, '[');
	}
	ck_assert(!label_cell_value(contract, find_field(contract, "parts"), buffer_span(&cell), &arena, &json, &err));
	ck_assert_uint_lt(strlen(err.message), 256); /* a part of the cell stands in it, not all */
	err = (struct error)ERROR_INIT;
	arena_reset(&arena);
	must(label_cell_value(contract, find_field(contract, "status"), buffer_span(&cell), &arena, &json, &err), &err);
	ck_assert_uint_eq(json.length, cell.length + 2);
	contract_destroy(contract);
}
END_TEST

static const struct name_case {
	const char *field;
	const char *column;
	const char *values;
} NAMES[] = {
	{"queue", "queue", "queue_values"},
	{"status", "field:status", "field:status_values"},
	{"comment", "field:comment", "field:comment_values"},
	{"x_values", "field:x_values", "field:x_values_values"},
	{"field:x", "field:field:x", "field:field:x_values"},
	{"Status", "Status", "Status_values"},
	{"", "", "_values"},
};

START_TEST(columns_have_names_of_their_own)
{
	char name[LABEL_COLUMN_NAME_MAX];
	ck_assert_str_eq(label_column_name(NAMES[_i].field, "", name), NAMES[_i].column);
	ck_assert_str_eq(label_column_name(NAMES[_i].field, "_values", name), NAMES[_i].values);
}
END_TEST

Suite *label_values_suite(void)
{
	Suite *suite = suite_create("label values");
	TCase *tcase = tcase_create("cells");
	tcase_add_loop_test(tcase, cells_are_read_by_type, 0, sizeof(CELLS) / sizeof(CELLS[0]));
	tcase_add_test(tcase, deep_and_long_cells_are_bounded);
	tcase_add_loop_test(tcase, columns_have_names_of_their_own, 0, sizeof(NAMES) / sizeof(NAMES[0]));
	suite_add_tcase(suite, tcase);
	return suite;
}
