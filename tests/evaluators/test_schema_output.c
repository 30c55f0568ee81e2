/* What a report says: locations through references, branches, classes of drift, and strict reading. */
#include "documents.h"
#include "suites.h"

#include "evaluators/schema/schema.h"

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, (size_t)64 << 20);
}

static void teardown(void)
{
	arena_finish(&arena);
}

/* ' is " in the texts. */
static const struct json_node *parse(const char *text)
{
	char *copy = arena_copy(&arena, span_of(text));
	for (char *c = copy; *c != 0; c++) {
		*c = *c == '\'' ? '"' : *c;
	}
	return document_parse(&arena, span_of(copy));
}

static struct schema *compile(const char *text)
{
	struct error err = ERROR_INIT;
	struct schema *schema = schema_create(parse(text), NULL, &err);
	ck_assert_msg(schema != NULL, "%s: %s", text, err.message);
	return schema;
}

static const char order[] = "{'$id':'https://a.example/order','properties':{"
			    "'items':{'items':{'$ref':'item'}},"
			    "'pay':{'oneOf':[{'properties':{'m':{'const':'card'}},'required':['m','last4']},"
			    "{'properties':{'m':{'const':'sepa'}},'required':['m','iban']}]}},"
			    "'$defs':{'i':{'$id':'item','allOf':[{'$ref':'#/$defs/q'}],"
			    "'$defs':{'q':{'properties':{'qty':{'minimum':1}}}}}}}";

struct expected {
	const char *instance;
	const char *evaluation;
	const char *schema;
	const char *absolute;
	const char *sentence;
	enum drift_class drift;
	bool branch;
};

static const struct expected found[] = {
	{"/items/1/qty", "/properties/items/items/$ref/allOf/0/$ref/properties/qty/minimum",
	 "/$defs/i/$defs/q/properties/qty/minimum", "https://a.example/item#/$defs/q/properties/qty/minimum",
	 "must be at least 1", DRIFT_FORMAT, false},
	{"/pay", "/properties/pay/oneOf", "/properties/pay/oneOf", "https://a.example/order#/properties/pay/oneOf",
	 "fits none of the 2 schemas that are allowed here", DRIFT_OTHER, false},
	{"/pay", "/properties/pay/oneOf/0/required", "/properties/pay/oneOf/0/required",
	 "https://a.example/order#/properties/pay/oneOf/0/required", "the field \"last4\" is missing",
	 DRIFT_MISSING_REQUIRED, true},
	{"/pay/m", "/properties/pay/oneOf/1/properties/m/const", "/properties/pay/oneOf/1/properties/m/const",
	 "https://a.example/order#/properties/pay/oneOf/1/properties/m/const", "must be \"sepa\"", DRIFT_ENUM, true},
	{"/pay", "/properties/pay/oneOf/1/required", "/properties/pay/oneOf/1/required",
	 "https://a.example/order#/properties/pay/oneOf/1/required", "the field \"iban\" is missing",
	 DRIFT_MISSING_REQUIRED, true},
};
enum { FOUND = sizeof(found) / sizeof(found[0]) };

START_TEST(locations_go_through_references)
{
	struct schema *schema = compile(order);
	struct schema_report report;
	schema_report_init(&report, &arena, 100);
	ck_assert(!schema_validate(schema, parse("{'items':[{'qty':1},{'qty':0}],'pay':{'m':'card'}}"), &report));
	schema_destroy(schema);
	ck_assert_uint_eq(report.count, FOUND);
	for (size_t i = 0; i < FOUND; i++) {
		const struct schema_violation *one = &report.list[i];
		ck_assert_str_eq(one->instance, found[i].instance);
		ck_assert_str_eq(one->evaluation, found[i].evaluation);
		ck_assert_str_eq(one->schema, found[i].schema);
		ck_assert_str_eq(one->absolute, found[i].absolute);
		ck_assert_str_eq(one->sentence, found[i].sentence);
		ck_assert_int_eq(one->drift, found[i].drift);
		ck_assert_int_eq(one->branch, found[i].branch);
		ck_assert(!one->open);
	}
	ck_assert_uint_eq(report.total, FOUND);
	ck_assert_uint_eq(report.by_class[DRIFT_FORMAT], 1);
	ck_assert_uint_eq(report.by_class[DRIFT_OTHER], 1);
	ck_assert_uint_eq(report.by_class[DRIFT_MISSING_REQUIRED], 0);
}
END_TEST

/* One violation that is no branch's, with its class and keyword. */
static const struct {
	const char *schema;
	const char *instance;
	const char *keyword;
	enum drift_class drift;
} classes[] = {
	{"{'minItems':1}", "[]", "minItems", DRIFT_CARDINALITY},
	{"{'maxItems':0}", "[1]", "maxItems", DRIFT_CARDINALITY},
	{"{'contains':false}", "[1]", "contains", DRIFT_CARDINALITY},
	{"{'contains':true,'minContains':2}", "[1]", "minContains", DRIFT_CARDINALITY},
	{"{'contains':true,'maxContains':1}", "[1,2]", "maxContains", DRIFT_CARDINALITY},
	{"{'uniqueItems':true}", "[1,1]", "uniqueItems", DRIFT_CARDINALITY},
	{"{'minProperties':1}", "{}", "minProperties", DRIFT_CARDINALITY},
	{"{'maxProperties':0}", "{'a':1}", "maxProperties", DRIFT_CARDINALITY},
	{"{'multipleOf':2}", "1", "multipleOf", DRIFT_FORMAT},
	{"{'minimum':2}", "1", "minimum", DRIFT_FORMAT},
	{"{'minLength':2}", "'a'", "minLength", DRIFT_FORMAT},
	{"{'pattern':'^b'}", "'a'", "pattern", DRIFT_FORMAT},
	{"{'const':2}", "1", "const", DRIFT_ENUM},
	{"{'enum':[2]}", "1", "enum", DRIFT_ENUM},
	{"{'type':'null'}", "1", "type", DRIFT_TYPE},
	{"{'required':['a']}", "{}", "required", DRIFT_MISSING_REQUIRED},
	{"{'dependentRequired':{'a':['b']}}", "{'a':1}", "dependentRequired", DRIFT_MISSING_REQUIRED},
	{"{'additionalProperties':false}", "{'a':1}", "additionalProperties", DRIFT_UNDECLARED_FIELD},
	{"{'unevaluatedProperties':false}", "{'a':1}", "unevaluatedProperties", DRIFT_UNDECLARED_FIELD},
	{"{'propertyNames':{'maxLength':0}}", "{'a':1}", "propertyNames", DRIFT_UNDECLARED_FIELD},
	{"{'not':{}}", "1", "not", DRIFT_OTHER},
	{"{'oneOf':[true,true]}", "1", "oneOf", DRIFT_OTHER},
	{"{'anyOf':[{'type':'null'},{'type':'string'}]}", "1", "anyOf", DRIFT_TYPE},
	{"{'anyOf':[{'const':2},{'enum':[3]}]}", "1", "anyOf", DRIFT_ENUM},
	{"{'anyOf':[{'const':2},{'type':'null'}]}", "1", "anyOf", DRIFT_OTHER},
	{"{'anyOf':[{'oneOf':[{'const':2},{'const':3}]},{'enum':[3]}]}", "1", "anyOf", DRIFT_ENUM},
	{"{'unevaluatedItems':false}", "[1]", "unevaluatedItems", DRIFT_UNDECLARED_FIELD},
	{"{'prefixItems':[false]}", "[1]", "false", DRIFT_OTHER},
	{"{'type':'integer'}", "1e999999", "type", DRIFT_OTHER},
};

START_TEST(every_keyword_has_its_class)
{
	struct schema *schema = compile(classes[_i].schema);
	struct schema_report report;
	schema_report_init(&report, &arena, 100);
	ck_assert(!schema_validate(schema, parse(classes[_i].instance), &report));
	schema_destroy(schema);
	ck_assert_str_eq(report.list[0].keyword, classes[_i].keyword);
	ck_assert_int_eq(report.list[0].drift, classes[_i].drift);
	size_t counted = 0;
	for (int drift = 0; drift < DRIFT_CLASS_COUNT; drift++) {
		counted += report.by_class[drift];
	}
	ck_assert_uint_eq(counted, 1);
	ck_assert_uint_eq(report.by_class[classes[_i].drift], 1);
}
END_TEST

/* Strict reading: the pointers of what no schema declares, in order. */
static const struct {
	const char *schema;
	const char *instance;
	const char *open; /* "/a /b/c" */
} strict[] = {
	{"{'properties':{'a':true}}", "{'a':1}", ""},
	{"{'properties':{'a':true}}", "{'a':1,'b':{'c':1}}", "/b"},
	{"{'properties':{'a':{'properties':{'b':true}}}}", "{'a':{'c':1,'b':2}}", "/a/c"},
	{"{'properties':{'a':true},'additionalProperties':true}", "{'b':1}", "/b"},
	{"{'properties':{'a':true},'additionalProperties':{}}", "{'b':1}", "/b"},
	{"{'additionalProperties':{'type':'number'}}", "{'b':1}", ""},
	{"{'patternProperties':{'^x-':true}}", "{'x-a':1,'y':2}", "/y"},
	{"{'required':['a']}", "{'a':1}", "/a"},
	{"{'items':{'properties':{'a':true}}}", "[{'a':1},{'b':1}]", "/1/b"},
	{"{'allOf':[{'properties':{'a':true}},{'properties':{'b':true}}]}", "{'a':1,'b':2,'c':3}", "/c"},
	{"{'$ref':'#/$defs/x','$defs':{'x':{'properties':{'a':true}}}}", "{'a':1,'b':2}", "/b"},
	{"{'anyOf':[{'properties':{'a':{'const':1}},'required':['a']},{'properties':{'b':true}}]}", "{'a':2,'b':1}",
	 "/a"},
	{"{'anyOf':[{'properties':{'a':{'const':1}},'required':['a']},{'properties':{'b':true}}]}", "{'a':1,'b':1}",
	 ""},
	{"{'oneOf':[{'properties':{'k':{'const':1},'v':true}},{'properties':{'k':{'const':2}}}]}", "{'k':2,'v':1}",
	 "/v"},
	{"{'if':{'properties':{'k':{'const':1}}},'then':{'properties':{'v':true}}}", "{'k':1,'v':1}", ""},
	{"{'if':{'properties':{'k':{'const':1}}},'then':{'properties':{'v':true}}}", "{'k':2,'v':1}", "/k /v"},
	{"{'not':{'properties':{'a':{'const':1}}}}", "{'a':2}", "/a"},
	{"{'allOf':[{'properties':{'a':{'properties':{'b':true}}}},{'properties':{'a':{'properties':{'c':true}}}}]}",
	 "{'a':{'b':1,'c':2,'d':3}}", "/a/d"},
	{"{'unevaluatedProperties':{'type':'number'}}", "{'a':1}", ""},
	{"{'unevaluatedProperties':true}", "{'a':1}", "/a"},
};

START_TEST(strict_reading_tells_what_is_open)
{
	struct schema *schema = compile(strict[_i].schema);
	struct schema_report report;
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1000);
	buffer_append_text(&text, "");
	schema_report_init(&report, &arena, 100);
	report.strict = true;
	ck_assert(schema_validate(schema, parse(strict[_i].instance), &report));
	schema_destroy(schema);
	for (size_t i = 0; i < report.count; i++) {
		buffer_append_text(&text, i > 0 ? " " : "");
		buffer_append_text(&text, report.list[i].instance);
		ck_assert(report.list[i].open);
		ck_assert_int_eq(report.list[i].drift, DRIFT_UNDECLARED_FIELD);
	}
	ck_assert_str_eq(text.length > 0 ? text.data : "", strict[_i].open);
	ck_assert_uint_eq(report.undeclared_open, report.count);
	ck_assert_uint_eq(report.total, 0);
	ck_assert_uint_eq(report.by_class[DRIFT_UNDECLARED_FIELD], 0);
}
END_TEST

/* What is forbidden is told once, and not as open too. */
START_TEST(forbidden_fields_are_not_open)
{
	struct schema *schema = compile("{'properties':{'a':{}},'additionalProperties':false}");
	struct schema_report report;
	schema_report_init(&report, &arena, 100);
	report.strict = true;
	ck_assert(!schema_validate(schema, parse("{'a':{'c':1},'b':1}"), &report));
	schema_destroy(schema);
	ck_assert_uint_eq(report.total, 1);
	ck_assert_uint_eq(report.undeclared_open, 1);
	ck_assert_str_eq(report.list[0].instance, "/b");
	ck_assert_str_eq(report.list[1].instance, "/a/c");
}
END_TEST

START_TEST(a_format_says_what_it_asks_for)
{
	static const struct {
		const char *schema;
		const char *sentence;
	} formats[] = {{"{'format':'date'}", "must be a date such as 2026-11-28"},
		       {"{'format':'regex'}", "must be a regular expression of ECMA-262"}};
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct error err = ERROR_INIT;
		const struct schema_options asserted = {.assert_format = true};
		struct schema *schema = schema_create(parse(formats[i].schema), &asserted, &err);
		ck_assert_msg(schema != NULL, "%s", err.message);
		struct schema_report report;
		schema_report_init(&report, &arena, 2);
		ck_assert(!schema_validate(schema, parse("'[28.11.2026'"), &report));
		ck_assert_uint_eq(report.count, 1);
		ck_assert_str_eq(report.list[0].sentence, formats[i].sentence);
		ck_assert_int_eq((int)report.list[0].drift, (int)DRIFT_FORMAT);
		schema_destroy(schema);
	}
}
END_TEST

Suite *schema_output_suite(void)
{
	Suite *suite = suite_create("schema: reports");
	TCase *cases = tcase_create("reports");
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, locations_go_through_references);
	tcase_add_loop_test(cases, every_keyword_has_its_class, 0, sizeof(classes) / sizeof(classes[0]));
	tcase_add_loop_test(cases, strict_reading_tells_what_is_open, 0, sizeof(strict) / sizeof(strict[0]));
	tcase_add_test(cases, forbidden_fields_are_not_open);
	tcase_add_test(cases, a_format_says_what_it_asks_for);
	suite_add_tcase(suite, cases);
	return suite;
}
