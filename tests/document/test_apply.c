/* Each kind of edit of the table, and what it makes of the two files; faults with their cells. */
#include "harness/base/text.h"
#include "tests/document/suites.h"
#include "tests/document/support.h"

#include <stdio.h>

enum { EDITS_MAX = 8 };

static const struct {
	const char *file;
	struct support_edit edits[EDITS_MAX];
	const char *in_contract; /* must stand in the changed contract; NULL: it stays as it is but for its version */
	const char *in_schema;   /* the same for the schema; NULL: it stays as it is */
	enum version_step step;  /* as docs/contracts.md has it */
	const char *next;        /* NULL: the version stays */
	size_t ended;            /* evaluation periods that end */
} good[] = {
	{ROUTING, {{"queue", FIELD_TITLE, "Queue"}}, "critical: true, title: Queue}", NULL, VERSION_SAME, NULL, 0},
	{ROUTING,
	 {{"queue", FIELD_MEANING, "Where to: \"A\" & B #1"}},
	 "critical: true, description: \"Where to: \\\"A\\\" & B #1\"}",
	 NULL,
	 VERSION_SAME,
	 NULL,
	 0},
	{ROUTING,
	 {{"queue", FIELD_CRITICAL, "no"}},
	 "compare: exact, critical: false}",
	 NULL,
	 VERSION_PATCH,
	 "1.0.1",
	 1},
	{ROUTING,
	 {{"priority", FIELD_CRITICAL, "yes"}},
	 "{name: priority, at: /priority, compare: exact, critical: true}",
	 NULL,
	 VERSION_PATCH,
	 "1.0.1",
	 1},
	{ROUTING,
	 {{"amount", FIELD_OPTIONS, "2 %"}},
	 "compare: {number: {rel: 0.02}}}",
	 NULL,
	 VERSION_PATCH,
	 "1.0.1",
	 1},
	{ROUTING,
	 {{"language", FIELD_COMPARE, "exact"}, {"language", FIELD_OPTIONS, ""}},
	 "{name: language, at: /language, compare: exact}",
	 NULL,
	 VERSION_PATCH,
	 "1.0.1",
	 1},
	{ROUTING,
	 {{"priority", FIELD_REQUIRED, "no"}},
	 NULL,
	 "\"required\": [\"ticket_id\", \"queue\", \"amount\", \"language\", \"confidence\"]",
	 VERSION_MAJOR,
	 "2.0.0",
	 1},
	{ROUTING,
	 {{"priority", FIELD_ALLOWED, "low\nnormal\nhigh\nurgent"}},
	 NULL,
	 "\"priority\": {\"enum\": [\"low\", \"normal\", \"high\", \"urgent\"]}",
	 VERSION_MAJOR,
	 "2.0.0",
	 1},
	{ROUTING, {{"priority", FIELD_ALLOWED, ""}}, NULL, "\"priority\": {}", VERSION_MAJOR, "2.0.0", 1},
	{ROUTING,
	 {{"amount", FIELD_MINIMUM, ">0"}, {"amount", FIELD_MAXIMUM, "5000"}},
	 NULL,
	 "\"amount\": {\"type\": \"number\", \"exclusiveMinimum\": 0, \"maximum\": 5000}",
	 VERSION_MINOR,
	 "1.1.0",
	 1},
	{ROUTING,
	 {{"amount", FIELD_MINIMUM, ""}},
	 NULL,
	 "\"amount\": {\"type\": \"number\"}",
	 VERSION_MAJOR,
	 "2.0.0",
	 1},
	{ROUTING,
	 {{"language", FIELD_REMOVE, "yes"}},
	 "{number: {abs: 0.005}}}\n\ndata:",
	 NULL,
	 VERSION_MAJOR,
	 "2.0.0",
	 1},
	{ROUTING,
	 {{"confidence", FIELD_LEGACY_AT, "/score"},
	  {"confidence", FIELD_LLM_AT, "/confidence"},
	  {"confidence", FIELD_COMPARE, "number"},
	  {"confidence", FIELD_OPTIONS, "0.1"}},
	 "  - {name: confidence, legacy_at: /score, llm_at: /confidence, compare: {number: {abs: 0.1}}}\n",
	 NULL,
	 VERSION_MINOR,
	 "1.1.0",
	 1},
	{ROUTING,
	 {{"country", FIELD_LEGACY_AT, "/country"},
	  {"country", FIELD_LLM_AT, "/country"},
	  {"country", FIELD_TYPE, "text"},
	  {"country", FIELD_LONGEST, "2"},
	  {"country", FIELD_ALLOWED, "DE\nAT"},
	  {"country", FIELD_REQUIRED, "yes"}},
	 "  - {name: country, at: /country, compare: exact}\n",
	 "\"country\": {\"type\": \"string\", \"maxLength\": 2, \"enum\": [\"DE\", \"AT\"]}",
	 VERSION_MAJOR,
	 "2.0.0",
	 1},
	/* block style, comments, items, words that the schema has */
	{ORDERS, {{"sku", FIELD_CRITICAL, "no"}}, "    critical: false\n", NULL, VERSION_PATCH, "2.3.2", 2},
	{ORDERS,
	 {{"sku", FIELD_MEANING, "Our number"}},
	 "    compare: {text: {case: ignore, space: trim}}\n    description: \"Our number\"\n",
	 NULL,
	 VERSION_SAME,
	 NULL,
	 0},
	{ORDERS, {{"qty", FIELD_TITLE, "Quantity"}}, "{name: qty, at: /qty, ", NULL, VERSION_SAME, NULL, 0},
	{ORDERS,
	 {{"unit", FIELD_MEANING, ""}},
	 "    llm_at: /unit                       # other name there\n  # who",
	 NULL,
	 VERSION_SAME,
	 NULL,
	 0},
	{ORDERS,
	 {{"sku", FIELD_LONGEST, "20"}, {"sku", FIELD_SHORTEST, ""}},
	 NULL,
	 "\"type\": \"string\",\n\t\t\t\t\t\t\"maxLength\": 20,\n\t\t\t\t\t\t\"pattern\"",
	 VERSION_MAJOR,
	 "3.0.0",
	 2},
	{ORDERS,
	 {{"city", FIELD_REQUIRED, "yes"}},
	 NULL,
	 "\"additionalProperties\": false,\n\t\t\t\t\t\t\"required\": [\"city\"]\n",
	 VERSION_MINOR,
	 "2.4.0",
	 2},
	{ORDERS,
	 {{"unit", FIELD_ALLOWED, "PCE\n\"\"\n=2+2"}},
	 NULL,
	 "\"unit\": {\"enum\": [\"PCE\", \"\", \"=2+2\"]}",
	 VERSION_MAJOR,
	 "3.0.0",
	 2},
	{ORDERS,
	 {{"unit", FIELD_ALLOWED, "\"PCE\"\n\"\""}},
	 NULL,
	 "\"unit\": {\"enum\": [\"PCE\", \"\"]}",
	 VERSION_MINOR,
	 "2.4.0",
	 2},
	/* codes with meanings: what stays keeps its text and its line */
	{ORDERS,
	 {{"currency", FIELD_ALLOWED, "CHF = Swiss franc\nUSD = US \"dollar\""}},
	 NULL,
	 "\"oneOf\": [\n\t\t\t\t\t\t\t{\"const\": \"CHF\", \"title\": \"Swiss franc\", \"deprecated\": true},\n"
	 "\t\t\t\t\t\t\t{\"const\": \"USD\", \"title\": \"US \\\"dollar\\\"\"}\n\t\t\t\t\t\t]\n",
	 VERSION_MAJOR,
	 "3.0.0",
	 2},
	{ORDERS,
	 {{"currency", FIELD_ALLOWED, "EUR = Euro\nCHF = Franken"}},
	 NULL,
	 "\"title\": \"Euro\"},\n\t\t\t\t\t\t\t{\"const\": \"CHF\", \"title\": \"Franken\", \"deprecated\": true}\n",
	 VERSION_PATCH,
	 "2.3.2",
	 2},
	{ROUTING,
	 {{"priority", FIELD_ALLOWED, "low = can wait\nhigh"}},
	 NULL,
	 "\"priority\": {\"oneOf\": [{\"const\": \"low\", \"title\": \"can wait\"}, {\"const\": \"high\"}]}",
	 VERSION_MINOR,
	 "1.1.0",
	 1},
	{ORDERS,
	 {{"price", FIELD_REQUIRED, "yes"}},
	 NULL,
	 "\"required\": [\"no\", \"sku\", \"qty\", \"price\"]",
	 VERSION_MINOR,
	 "2.4.0",
	 2},
	{ORDERS,
	 {{"note", FIELD_REMOVE, "yes"}},
	 "at: /price, compare: number}\n\ndata:",
	 NULL,
	 VERSION_MAJOR,
	 "3.0.0",
	 2},
};

static size_t count_edits(const struct support_edit *edits)
{
	size_t count = 0;
	while (count < EDITS_MAX && edits[count].field != NULL) {
		count++;
	}
	return count;
}

/* The application of these edits by CSV. */
static struct table_application edit(const struct contract *contract, const struct support_edit *edits,
				     struct arena *arena)
{
	struct specification s = support_specify(contract, NULL, arena);
	struct field_table table = support_edit(&s.fields, edits, count_edits(edits), arena);
	struct buffer csv CLEANUP_BUFFER = BUFFER_INIT(16 << 20);
	support_csv(&table, &csv);
	char *copy = arena_copy(arena, buffer_span(&csv));
	ck_assert_ptr_nonnull(copy);
	return support_apply(contract, (struct span){copy, csv.length}, arena);
}

static bool holds(struct span text, const char *part)
{
	return text_find(text, span_of(part)) < text.length;
}

START_TEST(edits)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(256 << 20);
	struct contract *contract = support_load(good[_i].file);
	struct table_application a = edit(contract, good[_i].edits, &arena);
	ck_assert_msg(a.fault_count == 0, "%s", a.fault_count > 0 ? a.faults[0] : "");
	ck_assert_uint_gt(a.change_count, 0);
	ck_assert_int_eq(a.step, good[_i].step);
	ck_assert_pstr_eq(a.next_version, good[_i].next);
	ck_assert_uint_eq(a.ended_count, good[_i].ended);
	ck_assert(good[_i].next == NULL || holds(a.contract.after, good[_i].next));
	ck_assert_msg(good[_i].in_contract == NULL || holds(a.contract.after, good[_i].in_contract), "%s",
		      a.contract.listing);
	ck_assert_msg(good[_i].in_schema == NULL || holds(a.schema.after, good[_i].in_schema), "%s", a.schema.listing);
	ck_assert_int_eq(good[_i].in_schema == NULL, span_equal(a.schema.after, a.schema.before));
	ck_assert(holds(a.contract.after, "# "));
	contract_destroy(contract);
}
END_TEST

/* The changed files, read again, have in each edited cell what the analyst wrote there. */
START_TEST(edits_arrive)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(256 << 20);
	struct error err = ERROR_INIT;
	struct contract *contract = support_load(good[_i].file);
	struct table_application a = edit(contract, good[_i].edits, &arena);
	const struct contract_content contents[] = {{a.contract.path, a.contract.after},
						    {a.schema.path, a.schema.after}};
	struct contract *changed = contract_load_changed(contract->file, contents, 2, &err);
	ck_assert_msg(changed != NULL, "%s", err.message);
	struct specification s = support_specify(changed, NULL, &arena);
	for (size_t i = 0; i < count_edits(good[_i].edits); i++) {
		const struct support_edit *one = &good[_i].edits[i];
		const struct field_row *row = field_table_find(&s.fields, one->field);
		bool removed = one->column == FIELD_REMOVE;
		ck_assert_int_eq(row == NULL, removed);
		bool shorthand = (one->column == FIELD_OPTIONS && one->text[0] != '\0') || one->text[0] == '"';
		if (!removed && !shorthand) {
			ck_assert_str_eq(row->cells[one->column], one->text);
		}
	}
	ck_assert_str_eq(changed->version, good[_i].next != NULL ? good[_i].next : contract->version);
	contract_destroy(changed);
	contract_destroy(contract);
}
END_TEST

static const struct {
	const char *file;
	struct support_edit edits[EDITS_MAX];
	const char *cell;  /* begins the fault, behind the table's name */
	const char *fault; /* stands in it */
} bad[] = {
	{ROUTING, {{"amount", FIELD_OPTIONS, "0,005"}}, "P4", "with a point"},
	{ROUTING, {{"amount", FIELD_COMPARE, "nearly"}}, "O4", "no comparison"},
	{ROUTING, {{"amount", FIELD_MINIMUM, "1.000,5"}}, "I4", "with a point"},
	{ROUTING, {{"amount", FIELD_MINIMUM, "much"}}, "I4", "not a number"},
	{ROUTING, {{"amount", FIELD_MAXIMUM, "-1"}}, "J4", "less than \"Minimum\""},
	{ROUTING, {{"queue", FIELD_MINIMUM, "1"}}, "I2", "for numbers"},
	{ROUTING, {{"amount", FIELD_LONGEST, "5"}}, "L4", "for text"},
	{ROUTING, {{"queue", FIELD_LONGEST, "5.5"}}, "L2", "whole number"},
	{ROUTING, {{"queue", FIELD_CRITICAL, "perhaps"}}, "R2", "neither yes nor no"},
	{ROUTING, {{"queue", FIELD_LLM_AT, "/other"}}, "F2", "fixed"},
	{ROUTING, {{"queue", FIELD_TYPE, "number"}}, "G2", "fixed"},
	{ROUTING, {{"queue", FIELD_TITLE, "${LLM_API_KEY}"}}, "B2", "environment"},
	{ROUTING, {{"amount", FIELD_ALLOWED, "one"}}, "M4", "is text, and the type is number"},
	{ROUTING, {{"queue", FIELD_ALLOWED, "a\na"}}, "M2", "are the same"},
	{ROUTING, {{"new", FIELD_LLM_AT, "/new"}, {"new", FIELD_TYPE, "text"}}, "E6", "missing for a new field"},
	{ROUTING, {{"new", FIELD_LLM_AT, "/new"}, {"new", FIELD_LEGACY_AT, "/new"}}, "G6", "is needed"},
	{ROUTING, {{"new", FIELD_LLM_AT, "new"}, {"new", FIELD_LEGACY_AT, "/new"}}, "F6", ""},
	{ROUTING,
	 {{"new", FIELD_LLM_AT, "/a/b"}, {"new", FIELD_LEGACY_AT, "/new"}, {"new", FIELD_TYPE, "text"}},
	 "F6",
	 "by hand"},
	{ROUTING,
	 {{"n1", FIELD_LLM_AT, "/new"},
	  {"n1", FIELD_LEGACY_AT, "/new"},
	  {"n1", FIELD_TYPE, "text"},
	  {"n2", FIELD_LLM_AT, "/new"},
	  {"n2", FIELD_LEGACY_AT, "/other"},
	  {"n2", FIELD_TYPE, "text"}},
	 "F7",
	 "row above already"},
	{ROUTING, {{"", FIELD_TITLE, "no name"}}, "A6", "name is missing"},
	{ROUTING,
	 {{"queue", FIELD_REMOVE, "yes"},
	  {"priority", FIELD_REMOVE, "yes"},
	  {"amount", FIELD_REMOVE, "yes"},
	  {"language", FIELD_REMOVE, "yes"}},
	 "row 1",
	 "would no longer load"},
	{ORDERS, {{"price", FIELD_MINIMUM, "1"}}, "I7", "by hand"}, /* $ref: other places may share it */
	{ORDERS, {{"sku", FIELD_TITLE, ""}}, "B2", "response schema says"},
};

START_TEST(faults)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(256 << 20);
	struct contract *contract = support_load(bad[_i].file);
	struct table_application a = edit(contract, bad[_i].edits, &arena);
	ck_assert_uint_gt(a.fault_count, 0);
	struct span fault = span_of(a.faults[0]);
	char begin[64];
	snprintf(begin, sizeof(begin), "table.csv %s: ", bad[_i].cell);
	ck_assert_msg(text_starts_with(fault, begin) && holds(fault, bad[_i].fault), "%s", a.faults[0]);
	contract_destroy(contract);
}
END_TEST

START_TEST(all_faults_at_once)
{
	static const struct support_edit several[EDITS_MAX] = {{"queue", FIELD_LONGEST, "x"},
							       {"amount", FIELD_MINIMUM, "x"},
							       {"priority", FIELD_TITLE, "Good"},
							       {"language", FIELD_COMPARE, "x"}};
	struct arena arena CLEANUP_ARENA = ARENA_INIT(256 << 20);
	struct contract *contract = support_load(ROUTING);
	struct table_application a = edit(contract, several, &arena);
	ck_assert_uint_eq(a.fault_count, 3);
	ck_assert_ptr_null(a.contract.after.data);
	contract_destroy(contract);
}
END_TEST

static const struct {
	const char *csv;
	size_t changes;
	const char *says; /* first change, or first fault */
} tables[] = {
	{"Field;Comparison\nqueue;text\npriority;exact\namount;number\nlanguage;text\n", 1, "queue: comparison"},
	{"x\ty\nComparison\tNotes\tField\r\nexact\thello\tqueue\r\nexact\t\tpriority\r\nnumber\t\tamount\r\ntext\t\tlan"
	 "guage",
	 0, ""},
	{"FIELD,comparison,CRITICAL\nqueue,exact,X\npriority,exact,TRUE\namount,number,no\nlanguage,text,\n", 1,
	 "priority: critical from “no” to “yes”"},
	{"Field,Comparison,Critical,Required\nqueue,,yes,\npriority,,,\namount,number,,yes\nlanguage,text,,\n", 0, ""},
	{"Field,Comparison\nqueue,exact\n", 3, "priority: no longer compared"},
	{"Name,Rule\nqueue,exact\n", 0, "there is no line of column heads"},
	{"Field,Comparison\nqueue,exact\nqueue,text\n", 0, "another row already"},
};

START_TEST(tables_of_others)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(256 << 20);
	struct contract *contract = support_load(ROUTING);
	struct table_application a = support_apply(contract, span_of(tables[_i].csv), &arena);
	const char *first = a.fault_count > 0 ? a.faults[0] : a.change_count > 0 ? a.changes[0] : "";
	ck_assert_uint_eq(a.change_count, tables[_i].changes);
	ck_assert_msg(strstr(first, tables[_i].says) != NULL, "%s", first);
	contract_destroy(contract);
}
END_TEST

Suite *apply_suite(void)
{
	Suite *suite = suite_create("apply");
	TCase *tests = tcase_create("tables");
	tcase_add_loop_test(tests, edits, 0, (int)(sizeof(good) / sizeof(good[0])));
	tcase_add_loop_test(tests, edits_arrive, 0, (int)(sizeof(good) / sizeof(good[0])));
	tcase_add_loop_test(tests, faults, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tests, all_faults_at_once);
	tcase_add_loop_test(tests, tables_of_others, 0, (int)(sizeof(tables) / sizeof(tables[0])));
	suite_add_tcase(suite, tests);
	return suite;
}
