/* Tables that come back after the contract went on. */
#include "tests/document/suites.h"
#include "tests/document/support.h"

/* A workbook written from the example with one edit, applied to the example with `from` replaced by `to`. */
static struct table_application apply_late(const struct support_edit *edit, const char *from, const char *to,
					   struct arena *arena, struct contract **ret_contract)
{
	struct contract *old = support_load(ROUTING);
	struct contract *now = support_load_changed(ROUTING, from, to);
	struct buffer *bytes = arena_allocate(arena, sizeof(*bytes));
	buffer_init(bytes, 16 << 20);
	struct specification s = support_specify(old, NULL, arena);
	struct field_table edited = support_edit(&s.fields, edit, 1, arena);
	support_workbook(old, &s.fields, &edited, bytes);
	char *copy = arena_copy(arena, buffer_span(bytes));
	struct span kept = {copy, bytes->length};
	buffer_finish(bytes);
	contract_destroy(old);
	*ret_contract = now;
	return support_apply(now, kept, arena);
}

static const struct {
	struct support_edit edit;
	const char *from; /* replaced in the contract meanwhile */
	const char *to;
	size_t changes;
	const char *fault; /* NULL: none */
} cases[] = {
	{{"queue", FIELD_CRITICAL, "no"}, "abs: 0.005", "abs: 0.01", 1, NULL},
	{{"amount", FIELD_OPTIONS, "0.02"}, "abs: 0.005", "abs: 0.01", 0, "changed here since"},
	{{"amount", FIELD_OPTIONS, "0.01"}, "abs: 0.005", "abs: 0.01", 0, NULL},
	{{"priority", FIELD_REMOVE, "yes"}, "  - {name: priority, at: /priority, compare: exact}\n", "", 0, NULL},
	{{"priority", FIELD_CRITICAL, "yes"},
	 "  - {name: priority, at: /priority, compare: exact}\n",
	 "",
	 0,
	 "no longer has this field"},
	{{"priority", FIELD_ALLOWED, "low"}, "\"low\", ", "", 0, "changed here since"},
};

START_TEST(meanwhile)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(256 << 20);
	struct contract *now;
	struct table_application a = apply_late(&cases[_i].edit, cases[_i].from, cases[_i].to, &arena, &now);
	ck_assert(a.sealed && a.stale);
	ck_assert_str_eq(a.sealed_version, "1.0.0");
	ck_assert_uint_eq(a.change_count, cases[_i].changes);
	ck_assert_int_eq(a.fault_count > 0, cases[_i].fault != NULL);
	if (cases[_i].fault != NULL) {
		ck_assert_msg(strstr(a.faults[0], cases[_i].fault) != NULL, "%s", a.faults[0]);
	}
	contract_destroy(now);
}
END_TEST

START_TEST(a_table_of_another_interface)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(256 << 20);
	struct buffer bytes CLEANUP_BUFFER = BUFFER_INIT(16 << 20);
	struct error err = ERROR_INIT;
	struct contract *orders = support_load(ORDERS);
	struct contract *routing = support_load(ROUTING);
	struct specification s = support_specify(orders, NULL, &arena);
	struct table_application application;
	support_workbook(orders, &s.fields, &s.fields, &bytes);
	ck_assert(!table_apply(routing, buffer_span(&bytes), "t", &arena, &application, &err));
	ck_assert_int_eq(err.code, ERROR_CONFIG);
	ck_assert(strstr(err.message, "\"orders\"") != NULL && strstr(err.message, "\"ticket-routing\"") != NULL);
	contract_destroy(orders);
	contract_destroy(routing);
}
END_TEST

START_TEST(no_table_at_all)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(256 << 20);
	struct error err = ERROR_INIT;
	struct contract *contract = support_load(ROUTING);
	struct table_application application;
	ck_assert(!table_apply(contract, SPAN("PK\x03\x04 but no archive"), "t", &arena, &application, &err));
	ck_assert_int_eq(err.code, ERROR_FORMAT);
	contract_destroy(contract);
}
END_TEST

Suite *apply_stale_suite(void)
{
	Suite *suite = suite_create("apply_stale");
	TCase *tests = tcase_create("tables");
	tcase_add_loop_test(tests, meanwhile, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tests, a_table_of_another_interface);
	tcase_add_test(tests, no_table_at_all);
	suite_add_tcase(suite, tests);
	return suite;
}
