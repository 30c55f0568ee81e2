/* The model, the page and the workbook of two contracts: the example's, and one of hostile texts. */
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/document/table_seal.h"
#include "tests/document/suites.h"
#include "tests/document/support.h"

#include <unistd.h>

#define FIND(buffer, literal) (text_find(buffer_span(buffer), SPAN(literal)) < (buffer)->length)

START_TEST(rows_of_the_example)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(64 << 20);
	struct contract *contract = support_load(ROUTING);
	struct specification s = support_specify(contract, NULL, &arena);
	ck_assert_str_eq(s.title, "ticket-routing");
	ck_assert_str_eq(s.file_stem, "ticket-routing-1.0.0");
	ck_assert_uint_eq(s.fields.count, 4);
	ck_assert_uint_eq(s.reply.count, 6);
	ck_assert_uint_eq(s.message.count, 5);
	const struct field_row *amount = field_table_find(&s.fields, "amount");
	ck_assert_str_eq(amount->cells[FIELD_TYPE], "number");
	ck_assert_str_eq(amount->cells[FIELD_MINIMUM], "0");
	ck_assert_str_eq(amount->cells[FIELD_LLM_AT], "/amount");
	ck_assert_str_eq(amount->cells[FIELD_REQUIRED], "yes");
	ck_assert_str_eq(amount->cells[FIELD_OPTIONS], "abs: 0.005");
	ck_assert_str_eq(amount->cells[FIELD_WORDS], "numbers may differ by 0.005");
	ck_assert_str_eq(field_table_find(&s.fields, "queue")->cells[FIELD_CRITICAL], "yes");
	ck_assert_str_eq(field_table_find(&s.fields, "priority")->cells[FIELD_ALLOWED], "low\nnormal\nhigh");
	ck_assert_str_eq(s.reply.list[0].path, "/ticket_id");
	ck_assert_str_eq(s.reply.list[0].field, "");
	ck_assert_str_eq(s.reply.list[1].field, "queue");
	ck_assert_str_eq(s.message.list[1].field, "never sent"); /* created: not classified */
	ck_assert_str_eq(s.message.list[3].field, "may be sent");
	ck_assert_str_eq(s.message.list[4].field, "personal data, not sent");
	contract_destroy(contract);
}
END_TEST

START_TEST(rows_of_items)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(64 << 20);
	struct contract *contract = support_load(ORDERS);
	struct specification s = support_specify(contract, NULL, &arena);
	const struct field_row *sku = field_table_find(&s.fields, "sku");
	const struct field_row *unit = field_table_find(&s.fields, "unit");
	const struct field_row *city = field_table_find(&s.fields, "city");
	ck_assert_str_eq(sku->cells[FIELD_TITLE], "Article number");
	ck_assert_str_eq(sku->cells[FIELD_MESSAGE_AT], "/items/*/sku");
	ck_assert_str_eq(sku->cells[FIELD_SHORTEST], "3");
	ck_assert_str_eq(sku->cells[FIELD_LONGEST], "18");
	ck_assert_str_eq(sku->cells[FIELD_EXAMPLES], "A-100; -5; @home; +49");
	ck_assert_str_eq(field_table_find(&s.fields, "qty")->cells[FIELD_TITLE], "Menge — bestellt");
	ck_assert_str_eq(field_table_find(&s.fields, "qty")->cells[FIELD_MINIMUM], ">0");
	ck_assert_str_eq(unit->cells[FIELD_LEGACY_AT], "/uom");
	ck_assert_str_eq(unit->cells[FIELD_LLM_AT], "/unit");
	ck_assert_str_eq(unit->cells[FIELD_REQUIRED], "no");
	ck_assert_str_eq(unit->cells[FIELD_ALLOWED], "PCE\nKGM\nnull\n\"\"\n\"a = b\"\n=1+1");
	ck_assert_str_eq(city->cells[FIELD_LLM_AT], "/ship/city");
	ck_assert_str_eq(field_table_find(&s.fields, "currency")->cells[FIELD_ALLOWED],
			 "EUR = Euro\nCHF = Swiss franc");
	ck_assert_str_eq(field_table_find(&s.fields, "price")->facts.range, "from 0, in steps of 0.01");
	ck_assert_str_eq(city->cells[FIELD_LONGEST], "60");
	for (size_t i = 0; i < s.reply.count; i++) {
		bool is_sku = strcmp(s.reply.list[i].path, "/lines/*/sku") == 0;
		ck_assert(!is_sku || strcmp(s.reply.list[i].field, "sku") == 0);
	}
	for (size_t i = 0; i < s.message.count; i++) { /* personal data of one item marks the items */
		bool contact = strcmp(s.message.list[i].path, "/items/*/contact") == 0;
		ck_assert(!contact || strcmp(s.message.list[i].field, "personal data, sent with an approval") == 0);
	}
	contract_destroy(contract);
}
END_TEST

START_TEST(the_page)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(64 << 20);
	struct buffer one CLEANUP_BUFFER = BUFFER_INIT(16 << 20);
	struct buffer two CLEANUP_BUFFER = BUFFER_INIT(16 << 20);
	struct contract *contract = support_load(ORDERS);
	struct specification s = support_specify(contract, NULL, &arena);
	struct specification again = support_specify(contract, NULL, &arena);
	ck_assert(specification_write_html(&s, &one, NULL) && specification_write_html(&again, &two, NULL));
	ck_assert(span_equal(buffer_span(&one), buffer_span(&two)));
	ck_assert(!FIND(&one, "<script") && !FIND(&one, "<b>"));
	ck_assert(FIND(&one, "Purchase orders &lt;script&gt;") && FIND(&one, "&lt;b&gt;bold&lt;/b&gt; &amp; &quot;"));
	ck_assert(!FIND(&one, "src=") && !FIND(&one, "@import") && !FIND(&one, "url("));
	ck_assert(FIND(&one, "<main>") && FIND(&one, "<header>") && FIND(&one, "<nav aria-label"));
	ck_assert(FIND(&one, "scope=\"col\"") && FIND(&one, "scope=\"row\"") && FIND(&one, "lang=\"en\""));
	ck_assert(FIND(&one, "numbers may differ by 1 % of the larger one"));
	ck_assert(FIND(&one, "the newest of the first 36 hours") && FIND(&one, "at most 2.5 %"));
	ck_assert(FIND(&one, "by dpo@example.com for routing until 2030-01-31"));
	contract_destroy(contract);
}
END_TEST

START_TEST(no_secret_is_shown)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(64 << 20);
	struct buffer page CLEANUP_BUFFER = BUFFER_INIT(16 << 20);
	struct contract *contract = support_load(ROUTING);
	struct specification s = support_specify(contract, NULL, &arena);
	ck_assert(specification_write_html(&s, &page, NULL));
	ck_assert(!FIND(&page, "the-key-of-the-provider") && !FIND(&page, "127.0.0.1"));
	contract_destroy(contract);
}
END_TEST

static bool has_line(const struct specification *s, const char *line)
{
	for (size_t i = 0; i < s->history_count; i++) {
		if (strcmp(s->history[i], line) == 0) {
			return true;
		}
	}
	return false;
}

START_TEST(changes_since_an_older_contract)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(64 << 20);
	struct contract *old = support_load(ROUTING);
	struct contract *now = support_load_changed(ROUTING, "abs: 0.005", "abs: 0.01");
	struct contract *narrow = support_load_changed(ROUTING, "\"low\", ", "");
	struct contract *fewer =
		support_load_changed(ROUTING, "  - {name: priority, at: /priority, compare: exact}\n", "");
	struct specification s = support_specify(now, old, &arena);
	ck_assert_uint_eq(s.history_count, 1);
	ck_assert(has_line(&s, "Field amount: tolerance, options from “abs: 0.005” to “abs: 0.01”"));
	ck_assert_str_eq(specification_row_mark(&s, field_table_find(&s.fields, "amount")), "changed");
	ck_assert_str_eq(specification_row_mark(&s, field_table_find(&s.fields, "queue")), "");
	struct buffer html CLEANUP_BUFFER = BUFFER_INIT(16 << 20);
	s = support_specify(fewer, old, &arena);
	ck_assert(specification_write_html(&s, &html, NULL));
	ck_assert(FIND(&html, "<tr role=\"row\" class=\"removed\">") && FIND(&html, "Changes since version 1.0.0"));
	s = support_specify(narrow, old, &arena);
	ck_assert_uint_eq(s.history_count, 2);
	ck_assert(has_line(&s, "Field priority: allowed values without “low”"));
	ck_assert(has_line(&s, "Reply: /priority: changed in allowed values"));
	ck_assert_str_eq(s.reply.list[2].mark, "changed");
	s = support_specify(old, old, &arena);
	ck_assert_uint_eq(s.history_count, 0);
	contract_destroy(old);
	contract_destroy(now);
	contract_destroy(narrow);
	contract_destroy(fewer);
}
END_TEST

static void write_workbook(const struct specification *s, struct buffer *bytes)
{
	struct error err = ERROR_INIT;
	ck_assert_msg(specification_write_xlsx(s, support_path(), &err), "%s", err.message);
	ck_assert(file_read(support_path(), bytes, NULL));
	unlink(support_path());
}

START_TEST(the_workbook)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(256 << 20);
	struct buffer one CLEANUP_BUFFER = BUFFER_INIT(16 << 20);
	struct buffer two CLEANUP_BUFFER = BUFFER_INIT(16 << 20);
	struct contract *contract = support_load(ORDERS);
	struct specification s = support_specify(contract, NULL, &arena);
	static const char *const names[] = {"Overview", "Fields", "Reply", "Message", "Code lists", TABLE_SEAL_SHEET};
	write_workbook(&s, &one);
	write_workbook(&s, &two);
	ck_assert(span_equal(buffer_span(&one), buffer_span(&two)));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct sheet sheet;
		ck_assert_msg(sheet_read_xlsx(buffer_span(&one), names[i], &arena, &sheet, NULL), "%s", names[i]);
	}
	struct sheet fields;
	ck_assert(sheet_read_xlsx(buffer_span(&one), "Fields", &arena, &fields, NULL));
	ck_assert(span_is(sheet_cell(&fields, 3, FIELD_MEANING), "=1+1, or \"pieces\""));
	ck_assert(span_is(sheet_cell(&fields, 1, FIELD_MEANING), "As in the catalogue; <b>bold</b> & \"quoted\""));
	contract_destroy(contract);
}
END_TEST

/* What contract doc writes, contract apply reads back without a difference. */
START_TEST(there_and_back)
{
	static const char *const files[] = {ORDERS, ROUTING, "tests/pipeline/data/contract.yaml",
					    "examples/banking-queries/contracts/banking-queries/contract.yaml"};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct arena arena CLEANUP_ARENA = ARENA_INIT(256 << 20);
		struct buffer bytes CLEANUP_BUFFER = BUFFER_INIT(16 << 20);
		struct contract *contract = support_load(files[i]);
		struct specification s = support_specify(contract, NULL, &arena);
		write_workbook(&s, &bytes);
		struct table_application a = support_apply(contract, buffer_span(&bytes), &arena);
		ck_assert_msg(a.fault_count == 0, "%s", a.fault_count > 0 ? a.faults[0] : "");
		ck_assert_msg(a.change_count == 0, "%s", a.change_count > 0 ? a.changes[0] : "");
		ck_assert(a.sealed && !a.stale);
		struct buffer csv CLEANUP_BUFFER = BUFFER_INIT(16 << 20);
		support_csv(&s.fields, &csv);
		a = support_apply(contract, buffer_span(&csv), &arena);
		ck_assert_msg(a.change_count == 0, "%s", a.change_count > 0 ? a.changes[0] : "");
		ck_assert(!a.sealed && a.fault_count == 0);
		contract_destroy(contract);
	}
}
END_TEST

Suite *specification_suite(void)
{
	Suite *suite = suite_create("specification");
	TCase *tests = tcase_create("documents");
	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, rows_of_the_example);
	tcase_add_test(tests, rows_of_items);
	tcase_add_test(tests, the_page);
	tcase_add_test(tests, no_secret_is_shown);
	tcase_add_test(tests, changes_since_an_older_contract);
	tcase_add_test(tests, the_workbook);
	tcase_add_test(tests, there_and_back);
	suite_add_tcase(suite, tests);
	return suite;
}
