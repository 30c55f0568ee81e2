#include "documents.h"
#include "suites.h"

#include "evaluators/drift/drift.h"
#include "harness/base/text.h"

#include <stdio.h>
#include <stdlib.h>

static const char ORDER[] =
	"{\"type\":\"object\",\"required\":[\"id\",\"lines\"],\"properties\":{"
	"\"id\":{\"type\":\"string\",\"maxLength\":8},\"status\":{\"enum\":[\"open\",\"closed\"]},"
	"\"currency\":{\"enum\":[\"EUR\",\"USD\"]},\"total\":{\"type\":\"number\",\"minimum\":0},"
	"\"lines\":{\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":\"object\",\"properties\":{"
	"\"uom\":{\"type\":\"string\",\"pattern\":\"^[A-Z]{2,3}$\"},\"qty\":{\"type\":\"integer\"}},"
	"\"additionalProperties\":false}}},\"additionalProperties\":false}";

static struct arena arena;
static struct schema *schema;

static void setup(void)
{
	struct error err = ERROR_INIT;
	arena_init(&arena, (size_t)256 << 20);
	schema = schema_create(document_parse(&arena, span_of(ORDER)), NULL, &err);
	ck_assert_msg(schema != NULL, "%s", err.message);
}

static void teardown(void)
{
	schema_destroy(schema);
	arena_finish(&arena);
}

static const struct drift_contract *contract(void)
{
	static struct drift_contract order;
	order = (struct drift_contract){.schema = schema};
	return &order;
}

/* "prose syntax": the names of the bits, in the order of the vocabulary. */
static const char *names_of(uint32_t classes)
{
	CLEANUP_BUFFER struct buffer names = BUFFER_INIT(1000);
	for (int i = 0; i < DRIFT_CLASS_COUNT; i++) {
		if ((classes & (UINT32_C(1) << i)) != 0) {
			buffer_append_format(&names, "%s%s", names.length > 0 ? " " : "", drift_class_name(i));
		}
	}
	return arena_copy(&arena, buffer_span(&names));
}

static const char *text_of(const struct json_node *node)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 20);
	if (node == NULL) {
		return "-";
	}
	json_write(&text, node);
	return arena_copy(&arena, buffer_span(&text));
}

struct reply {
	const char *text;
	const char *declared;
	const char *recovered; /* "-": nothing */
	enum drift_ending ending;
};

#define GOOD "{\"id\":\"A1\",\"lines\":[{\"uom\":\"KG\",\"qty\":2}]}"

/* What each reply deviates in was worked out by hand from the schema above and RFC 8259. */
static const struct reply replies[] = {
	{GOOD, "", "-", DRIFT_ENDED},
	{" \n" GOOD "\n", "", "-", DRIFT_ENDED},
	/* the text */
	{"", "syntax", "-", DRIFT_ENDED},
	{"  ", "syntax", "-", DRIFT_ENDED},
	{"I cannot help with that.", "syntax", "-", DRIFT_ENDED},
	{"I cannot help with that.", "syntax", "-", DRIFT_DECLINED},
	{GOOD, "other", "-", DRIFT_DECLINED},
	{"Here it is: " GOOD, "prose", GOOD, DRIFT_ENDED},
	{GOOD " I hope this helps", "prose", GOOD, DRIFT_ENDED},
	{"```json\n" GOOD "\n```", "prose", GOOD, DRIFT_ENDED},
	{"```\n" GOOD "\n```\n", "prose", GOOD, DRIFT_ENDED},
	{"As said in [1], ```json" GOOD "```", "prose", GOOD, DRIFT_ENDED},
	{"<think>{a}</think>" GOOD, "prose", GOOD, DRIFT_ENDED},
	{GOOD "}", "syntax", GOOD, DRIFT_ENDED},
	{GOOD ";", "syntax", GOOD, DRIFT_ENDED},
	{GOOD "\n{\"id\":\"A2\",\"lines\":[]}", "syntax", "-", DRIFT_ENDED},
	{"Either " GOOD " or {\"id\":\"B\"}", "syntax prose", "-", DRIFT_ENDED},
	{GOOD " and again " GOOD, "prose", GOOD, DRIFT_ENDED},
	{"{\"id\":\"A1\",\"lines\":[{\"qty\":2,}],}", "syntax", "{\"id\":\"A1\",\"lines\":[{\"qty\":2}]}", DRIFT_ENDED},
	{"{'id': 'A1', 'lines': [{'qty': 2}]}", "syntax", "{\"id\":\"A1\",\"lines\":[{\"qty\":2}]}", DRIFT_ENDED},
	{"{id: \"A1\", lines: [{qty: 2}]} // done", "syntax prose", "{\"id\":\"A1\",\"lines\":[{\"qty\":2}]}",
	 DRIFT_ENDED},
	{"{\"id\":\"A1\",\"lines\":[{\"qty\":2}]", "truncation", "{\"id\":\"A1\",\"lines\":[{\"qty\":2}]}",
	 DRIFT_ENDED},
	{"{\"id\":\"A1\",\"lines\":[{\"qty\":2", "truncation", "{\"id\":\"A1\",\"lines\":[{}]}", DRIFT_CUT},
	{"{\"id\":\"A", "truncation", "{}", DRIFT_CUT},
	{"Sure! {\"id\":\"A1\",\"li", "prose truncation", "{\"id\":\"A1\"}", DRIFT_CUT},
	{"Sure, the", "syntax truncation", "-", DRIFT_CUT},
	{GOOD, "truncation", "-", DRIFT_CUT},
	/* the encoding */
	{"\xef\xbb\xbf" GOOD, "encoding", GOOD, DRIFT_ENDED},
	{"{\"id\":\"\xe4\",\"lines\":[{}]}", "encoding", "{\"id\":\"\xef\xbf\xbd\",\"lines\":[{}]}", DRIFT_ENDED},
	{"Gr\xfc\xdf"
	 "e " GOOD,
	 "prose encoding", GOOD, DRIFT_ENDED},
	/* the schema */
	{"{\"lines\":[{}]}", "missing_required", "-", DRIFT_ENDED},
	{"{\"id\":7,\"lines\":[{}]}", "type", "-", DRIFT_ENDED},
	{"[]", "type", "-", DRIFT_ENDED},
	{"\"{}\"", "type", "-", DRIFT_ENDED},
	{"{\"id\":\"A1\",\"lines\":[{}],\"status\":\"Open\"}", "enum", "-", DRIFT_ENDED},
	{"{\"id\":\"123456789\",\"lines\":[{}]}", "format", "-", DRIFT_ENDED},
	{"{\"id\":\"A1\",\"lines\":[{}],\"total\":-1}", "format", "-", DRIFT_ENDED},
	{"{\"id\":\"A1\",\"lines\":[]}", "cardinality", "-", DRIFT_ENDED},
	{"{\"id\":\"A1\",\"lines\":[{}],\"currency\":\"\xe2\x82\xac\"}", "unit", "-", DRIFT_ENDED},
	{"{\"id\":\"A1\",\"lines\":[{\"uom\":\"kilogram\"}]}", "unit", "-", DRIFT_ENDED},
	{"{\"id\":\"A1\",\"lines\":[{\"uom\":3}]}", "type", "-", DRIFT_ENDED},
	{"{\"id\":\"A1\",\"lines\":[{}],\"note\":1}", "undeclared_field", "-", DRIFT_ENDED},
	{"{\"id\":7,\"lines\":[],\"note\":1}", "type cardinality undeclared_field", "-", DRIFT_ENDED},
	/* both */
	{"Here: {\"id\":7,\"lines\":[{}]}", "prose type", "{\"id\":7,\"lines\":[{}]}", DRIFT_ENDED},
	{"{'id': 7, 'lines': [{}],}", "syntax type", "{\"id\":7,\"lines\":[{}]}", DRIFT_ENDED},
};

START_TEST(reply_has_its_classes)
{
	const struct reply *reply = &replies[_i];
	struct drift_report report;
	drift_read(contract(), span_of(reply->text), reply->ending, &arena, &report);
	ck_assert_msg(strcmp(names_of(report.declared), reply->declared) == 0, "%s: \"%s\", not \"%s\"", reply->text,
		      names_of(report.declared), reply->declared);
	ck_assert_msg(strcmp(text_of(report.recovered), reply->recovered) == 0, "%s: %s", reply->text,
		      text_of(report.recovered));
	ck_assert_int_eq(report.contract_drift, reply->declared[0] != '\0');
	ck_assert_int_eq(report.strict_drift, reply->declared[0] != '\0');
	ck_assert_int_eq(report.root == NULL, report.unreadable != NULL);
	ck_assert_uint_ge(report.total, report.contract_drift);
}
END_TEST

static struct drift_report read_one(const struct drift_contract *held_to, const char *text)
{
	struct drift_report report;
	drift_read(held_to, span_of(text), DRIFT_ENDED, &arena, &report);
	return report;
}

/* A good reply with garbled characters is no contract drift: the message may have them. */
START_TEST(garbled_characters_are_of_the_strict_reading)
{
	static const char *const garbled[] = {"\xc3\x83\xc2\xa4", "\xef\xbf\xbd", "\\uFFFD", "\xc2\x85",
					      "\xc3\xa2\xe2\x82\xac\xe2\x84\xa2"};
	static const char *const good[] = {"\xc3\xa4",     "S\xc3\x83O", "\xc3\x82ge",
					   "\xe2\x82\xac", "\\u00e4",    "\xc2\xa0"};
	for (size_t i = 0; i < sizeof(garbled) / sizeof(garbled[0]); i++) {
		const char *text = arena_format(&arena, "{\"id\":\"%s\",\"lines\":[{}]}", garbled[i]);
		struct drift_report report = read_one(contract(), text);
		ck_assert_msg(!report.contract_drift && report.strict_drift, "%s", text);
		ck_assert_str_eq(names_of(report.classes), "encoding");
		ck_assert_int_eq(report.severity, DRIFT_LOW);
		ck_assert(report.list[0].strict_only);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		const char *text = arena_format(&arena, "{\"id\":\"%s\",\"lines\":[{}]}", good[i]);
		ck_assert_msg(!read_one(contract(), text).strict_drift, "%s", text);
	}
}
END_TEST

static struct schema *compile(const char *text)
{
	struct error err = ERROR_INIT;
	struct schema *compiled = schema_create(document_parse(&arena, span_of(text)), NULL, &err);
	ck_assert_msg(compiled != NULL, "%s", err.message);
	return compiled;
}

/* An open schema lets the field pass; the strict reading tells it. */
START_TEST(undeclared_fields_of_open_schemas_are_of_the_strict_reading)
{
	struct schema *open = compile("{\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"additionalProperties\":"
				      "false}}}");
	const struct drift_contract held_to = {.schema = open};
	struct drift_report good = read_one(&held_to, "{\"a\":1}");
	struct drift_report strict = read_one(&held_to, "{\"a\":1,\"z\":2}");
	struct drift_report both = read_one(&held_to, "{\"a\":\"x\",\"z\":2}");
	struct drift_report closed = read_one(&held_to, "{\"b\":{\"z\":2}}");
	ck_assert(!good.strict_drift);
	ck_assert(!strict.contract_drift && strict.strict_drift);
	ck_assert_str_eq(names_of(strict.classes), "undeclared_field");
	ck_assert(strict.list[0].strict_only);
	ck_assert_str_eq(strict.list[0].instance, "/z");
	ck_assert_int_eq(strict.severity, DRIFT_LOW);
	ck_assert_str_eq(names_of(both.declared), "type");
	ck_assert_str_eq(names_of(both.classes), "type undeclared_field");
	ck_assert(closed.contract_drift);
	ck_assert_str_eq(names_of(closed.declared), "undeclared_field");
	schema_destroy(open);
}
END_TEST

/* Of a failed anyOf the anyOf counts, not what is wrong in each branch. */
START_TEST(branches_are_no_deviations_of_their_own)
{
	struct schema *any = compile("{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"null\"}]}");
	struct schema *mixed = compile("{\"oneOf\":[{\"type\":\"integer\"},{\"enum\":[\"x\"]}]}");
	const struct drift_contract to_any = {.schema = any};
	const struct drift_contract to_mixed = {.schema = mixed};
	struct drift_report same = read_one(&to_any, "\"text\"");
	struct drift_report differ = read_one(&to_mixed, "\"text\"");
	ck_assert_str_eq(names_of(same.declared), "type");
	ck_assert_uint_eq(same.total, 1);
	ck_assert_str_eq(names_of(differ.declared), "other");
	ck_assert_uint_eq(differ.total, 1);
	schema_destroy(any);
	schema_destroy(mixed);
}
END_TEST

START_TEST(utf16_is_read_with_its_fault_told)
{
	static const char little[] = "\xff\xfe{\0\"\0i\0d\0\"\0:\0\"\0\x01\xd8\x37\xdc\"\0}\0";
	static const char big[] = "\0[\0]";
	struct drift_report report;
	drift_read(contract(), (struct span){little, sizeof(little) - 1}, DRIFT_ENDED, &arena, &report);
	ck_assert_str_eq(names_of(report.declared), "encoding missing_required");
	ck_assert_str_eq(text_of(report.recovered), "{\"id\":\"\xf0\x90\x90\xb7\"}");
	drift_read(contract(), (struct span){big, sizeof(big) - 1}, DRIFT_ENDED, &arena, &report);
	ck_assert_str_eq(names_of(report.declared), "encoding type");
}
END_TEST

START_TEST(deviation_says_where_and_what)
{
	struct drift_report report = read_one(contract(), "Look: {\"id\":\"A1\",\"lines\":[{\"qty\":\"two\"}]}");
	ck_assert_uint_eq(report.count, 2);
	ck_assert_int_eq(report.list[0].drift, DRIFT_PROSE);
	ck_assert_str_eq(report.list[0].instance, "");
	ck_assert_int_eq(report.list[1].drift, DRIFT_TYPE);
	ck_assert_str_eq(report.list[1].instance, "/lines/0/qty");
	ck_assert_str_eq(report.list[1].keyword, "type");
	ck_assert_str_eq(report.list[1].schema, "/properties/lines/items/properties/qty/type");
	ck_assert_uint_eq(report.list[1].offset, 6 + 27); /* behind "Look: ", and in the document */
	ck_assert_ptr_null(strstr(report.list[1].sentence, "two"));
	ck_assert_int_eq(report.severity, DRIFT_HIGH);
}
END_TEST

START_TEST(list_is_bounded_and_classes_are_not)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 20);
	buffer_append_text(&text, "{\"id\":\"A1\",\"lines\":[{\"qty\":\"x\"}");
	for (int i = 0; i < 500; i++) {
		buffer_append_text(&text, ",{\"qty\":\"x\"}");
	}
	buffer_append_text(&text, ",{\"colour\":1}],\"status\":\"?\"}");
	struct drift_report report = read_one(contract(), text.data);
	ck_assert_uint_eq(report.count, DRIFT_DEVIATIONS_MAX);
	ck_assert_uint_eq(report.total, 503);
	ck_assert_str_eq(names_of(report.declared), "type enum undeclared_field");
}
END_TEST

START_TEST(units_are_where_the_contract_says)
{
	static const char *const pointers[] = {"/status", "/lines/*/qty"};
	const struct drift_contract named = {.schema = schema, .units = pointers, .unit_count = 2};
	struct drift_report status = read_one(&named, "{\"id\":\"A1\",\"lines\":[{}],\"status\":\"?\"}");
	struct drift_report currency = read_one(&named, "{\"id\":\"A1\",\"lines\":[{}],\"currency\":\"?\"}");
	ck_assert_str_eq(names_of(status.declared), "unit");
	ck_assert_int_eq(status.severity, DRIFT_MEDIUM);
	ck_assert_str_eq(names_of(currency.declared), "enum");
	ck_assert(drift_is_unit_name(SPAN("WAERS")) && drift_is_unit_name(SPAN("price_unit")));
	ck_assert(drift_is_unit_name(SPAN("Currency-Code")) && !drift_is_unit_name(SPAN("currencies")));
	ck_assert(!drift_is_unit_name(SPAN("")) &&
		  !drift_is_unit_name(SPAN("a name of more than thirty-two bytes uom")));
}
END_TEST

START_TEST(what_the_pipeline_finds_counts_too)
{
	struct drift_report report = read_one(contract(), GOOD);
	drift_add(&report, DRIFT_CARDINALITY, "too many records");
	ck_assert(report.contract_drift && report.strict_drift);
	ck_assert_int_eq(report.severity, DRIFT_MEDIUM);
	ck_assert_str_eq(report.list[0].sentence, "too many records");
}
END_TEST

/* No memory: the classes of the text are told all the same. */
START_TEST(small_arena_is_no_crash)
{
	for (size_t most = 0; most < 20000; most += 97) {
		CLEANUP_ARENA struct arena small = ARENA_INIT(most);
		struct drift_report report;
		drift_read(contract(), SPAN("Look: {'id': 7, 'lines': []}"), DRIFT_ENDED, &small, &report);
		ck_assert(report.contract_drift);
	}
}
END_TEST

Suite *drift_suite(void)
{
	Suite *suite = suite_create("drift");
	TCase *tcase = tcase_create("classes");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, reply_has_its_classes, 0, (int)(sizeof(replies) / sizeof(replies[0])));
	tcase_add_test(tcase, garbled_characters_are_of_the_strict_reading);
	tcase_add_test(tcase, undeclared_fields_of_open_schemas_are_of_the_strict_reading);
	tcase_add_test(tcase, branches_are_no_deviations_of_their_own);
	tcase_add_test(tcase, utf16_is_read_with_its_fault_told);
	tcase_add_test(tcase, deviation_says_where_and_what);
	tcase_add_test(tcase, list_is_bounded_and_classes_are_not);
	tcase_add_test(tcase, units_are_where_the_contract_says);
	tcase_add_test(tcase, what_the_pipeline_finds_counts_too);
	tcase_add_test(tcase, small_arena_is_no_crash);
	suite_add_tcase(suite, tcase);
	return suite;
}
