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

static struct schema *compile(const char *text)
{
	struct error err = ERROR_INIT;
	struct schema *schema = schema_create(document_parse(&arena, span_of(text)), NULL, &err);
	ck_assert_msg(schema != NULL, "%s: %s", text, err.message);
	return schema;
}

struct instance {
	const char *schema;
	const char *instance;
	bool valid;
};

static const struct instance instances[] = {
	{"true", "1", true},
	{"false", "1", false},
	{"{}", "null", true},
	{"{\"type\":\"integer\"}", "1.0", true},
	{"{\"type\":\"integer\"}", "1e2", true},
	{"{\"type\":\"integer\"}", "1e-2", false},
	{"{\"type\":\"integer\"}", "100e-2", true},
	{"{\"type\":\"integer\"}", "123456789012345678901234567890", true},
	{"{\"type\":[\"integer\",\"null\"]}", "null", true},
	{"{\"type\":[\"integer\",\"null\"]}", "\"1\"", false},
	{"{\"type\":\"boolean\"}", "false", true},
	{"{\"enum\":[1,\"a\",null,{\"b\":[2]},true]}", "1.00", true},
	{"{\"enum\":[1,\"a\",null,{\"b\":[2]},true]}", "{\"b\":[2.0]}", true},
	{"{\"enum\":[1,\"a\",null,{\"b\":[2]},true]}", "false", false},
	{"{\"enum\":[1,\"a\",null,{\"b\":[2]},true]}", "\"b\"", false},
	{"{\"enum\":[\"delta\",\"alpha\",\"charlie\",\"bravo\"]}", "\"alpha\"", true},
	{"{\"enum\":[\"delta\",\"alpha\",\"charlie\",\"bravo\"]}", "\"delta\"", true},
	{"{\"enum\":[30,4,-5,1e1]}", "10", true},
	{"{\"enum\":[30,4,-5,1e1]}", "11", false},
	{"{\"enum\":[1e999999]}", "1e999999", true},
	{"{\"enum\":[]}", "1", false},
	{"{\"const\":{\"a\":1}}", "{\"a\":1}", true},
	{"{\"const\":0}", "false", false},
	{"{\"minimum\":0.1}", "0.1", true},
	{"{\"minimum\":0.1}", "0.09999999999999999999999", false},
	{"{\"exclusiveMinimum\":0}", "0", false},
	{"{\"exclusiveMinimum\":0}", "1e-400", true},
	{"{\"maximum\":9007199254740993}", "9007199254740993", true},
	{"{\"maximum\":9007199254740993}", "9007199254740994", false},
	{"{\"exclusiveMaximum\":3}", "3.0", false},
	{"{\"minimum\":5}", "\"x\"", true},
	{"{\"minimum\":5}", "1e999999", false}, /* beyond what is decided */
	{"{\"maxLength\":2}", "\"\xf0\x9f\x92\xa9\xf0\x9f\x92\xa9\"", true},
	{"{\"maxLength\":2}", "\"abc\"", false},
	{"{\"minLength\":2}", "\"\xf0\x9f\x92\xa9\"", false},
	{"{\"minLength\":2.0}", "\"ab\"", true},
	{"{\"minItems\":1,\"maxItems\":2}", "[]", false},
	{"{\"minItems\":1,\"maxItems\":2}", "[1,2]", true},
	{"{\"minItems\":1,\"maxItems\":2}", "[1,2,3]", false},
	{"{\"items\":{\"type\":\"string\"}}", "[\"a\",1]", false},
	{"{\"items\":false}", "[]", true},
	{"{\"items\":false}", "[1]", false},
	{"{\"maxItems\":1e300}", "[1]", true},
	{"{\"x-note\":1}", "1", true},
	{"{\"required\":[\"a\",\"b\"]}", "{\"b\":1,\"a\":1}", true},
	{"{\"required\":[\"a\",\"b\"]}", "{\"b\":1,\"b\":1}", false},
	{"{\"required\":[\"a\"],\"additionalProperties\":false}", "{\"a\":1}", false}, /* required declares nothing */
	{"{\"required\":[\"a\"],\"additionalProperties\":{\"type\":\"null\"}}", "{\"a\":null}", true},
	{"{\"properties\":{\"a\":true},\"additionalProperties\":{\"type\":\"null\"}}", "{\"a\":1,\"b\":null}", true},
	{"{\"properties\":{\"a\":true},\"additionalProperties\":{\"type\":\"null\"}}", "{\"a\":1,\"b\":2}", false},
	{"{\"properties\":{\"a\":{\"type\":\"null\"}}}", "{\"a\":1,\"a\":null}", false}, /* every duplicate counts */
	{"{\"properties\":{\"ab\":{\"const\":1},\"ba\":{\"const\":2},\"c\":{\"const\":3}}}",
	 "{\"c\":3,\"ba\":2,\"zz\":0,\"ab\":1}", true},
	{"{\"properties\":{\"ab\":{\"const\":1},\"ba\":{\"const\":2},\"c\":{\"const\":3}}}", "{\"c\":3,\"ba\":1}",
	 false},
	{"{\"properties\":{\"\":{\"type\":\"null\"}}}", "{\"\":0}", false},
	{"{\"$schema\":\"http://json-schema.org/draft-07/"
	 "schema#\",\"title\":\"t\",\"description\":\"d\",\"default\":[],"
	 "\"examples\":[],\"deprecated\":true,\"readOnly\":true,\"writeOnly\":false,\"$comment\":\"c\","
	 "\"$id\":\"https://example.com/x\"}",
	 "1", true},
	/* patterns, as ECMA-262 with "u" reads them */
	{"{\"pattern\":\"b\"}", "\"abc\"", true},
	{"{\"pattern\":\"^b\"}", "\"abc\"", false},
	{"{\"pattern\":\"^a$\"}", "\"a\\n\"", false},
	{"{\"pattern\":\"^.$\"}", "\"\xf0\x9f\x92\xa9\"", true},
	{"{\"pattern\":\"^.$\"}", "\"\\u2028\"", false},
	{"{\"pattern\":\"^.$\"}", "\"\\u0085\"", true},
	{"{\"pattern\":\"^\\\\d$\"}", "\"\xd9\xa3\"", false}, /* Arabic-indic digit three */
	{"{\"pattern\":\"^\\\\w$\"}", "\"\xc3\xa9\"", false},
	{"{\"pattern\":\"^\\\\s$\"}", "\"\xc2\xa0\"", true},
	{"{\"pattern\":\"^\\\\S$\"}", "\"\xe2\x80\x83\"", false},
	{"{\"pattern\":\"^[\\\\s]$\"}", "\"\xef\xbb\xbf\"", true},
	{"{\"pattern\":\"^[\\\\S]$\"}", "\"\xc2\xa0\"", false},
	{"{\"pattern\":\"^[\\\\s\\\\S]$\"}", "\"\xf0\x9f\x92\xa9\"", true},
	{"{\"pattern\":\"^\\\\v$\"}", "\"\\n\"", false},
	{"{\"pattern\":\"^\\\\v$\"}", "\"\\u000b\"", true},
	{"{\"pattern\":\"^\\\\u0041\\\\x42$\"}", "\"AB\"", true},
	{"{\"pattern\":\"^\\\\u{1f4a9}$\"}", "\"\xf0\x9f\x92\xa9\"", true},
	{"{\"pattern\":\"^\\\\ud83d\\\\udca9$\"}", "\"\xf0\x9f\x92\xa9\"", true},
	{"{\"pattern\":\"^[[:alpha:]]$\"}", "\"a]\"", true}, /* one of [ : a l p h, then ] */
	{"{\"pattern\":\"^[[:alpha:]]$\"}", "\"b\"", false},
	{"{\"pattern\":\"^[^]$\"}", "\"x\"", true},
	{"{\"pattern\":\"[]\"}", "\"x\"", false},
	{"{\"pattern\":\"(?=a)\\\\d*?a\"}", "\" a\"", true},
	{"{\"pattern\":\"^\\\\k<n>+(?<n>a)*$\"}", "\"\"", true},
	{"{\"pattern\":\"^[]?x$\"}", "\"x\"", true},
	{"{\"pattern\":\"^(a)?\\\\1$\"}", "\"\"", true}, /* a group that did not match is empty */
	{"{\"pattern\":\"^\\\\p{Lu}\\\\P{Letter}\\\\p{Script=Greek}$\"}", "\"A1\xce\xb1\"", true},
	{"{\"pattern\":\"^(?<y>\\\\d{4})-(?:\\\\d{2}){1,}?$\"}", "\"2026-0101\"", true},
	{"{\"pattern\":\"^{a}$\"}", "\"{a}\"", true},
	{"{\"pattern\":\"^\\\\$\\\\{\\\\/\\\\-$\"}", "\"${/-\"", true},
	{"{\"pattern\":\"\"}", "\"\"", true},
};

START_TEST(instances_are_judged)
{
	const struct instance *row = &instances[_i];
	struct schema *schema = compile(row->schema);
	const struct json_node *instance = document_parse(&arena, span_of(row->instance));
	struct schema_report report;
	schema_report_init(&report, &arena, 10);
	bool valid = schema_validate(schema, instance, NULL);
	ck_assert_msg(valid == row->valid, "%s on %s", row->schema, row->instance);
	ck_assert_int_eq(schema_validate(schema, instance, &report), row->valid);
	ck_assert_int_eq(report.count == 0, row->valid);
	ck_assert_int_eq(report.total == 0, row->valid);
	schema_destroy(schema);
}
END_TEST

struct refusal {
	const char *schema;
	const char *message;
};

static const struct refusal refusals[] = {
	{"1", "must be an object, true or false, not number"},
	{"null", "not null"},
	{"{\"oneOf\":[]}", "keyword \"oneOf\" at the top: must be a list of at least one schema"},
	{"{\"properties\":{\"x\":{\"anyOf\":{}}}}", "keyword \"anyOf\" at /properties/x: must be a list"},
	{"{\"properties\":{\"a/b\":{\"items\":{\"$ref\":\"#/x\"}}}}",
	 "\"$ref\" at /properties/a~1b/items: \"#/x\" names nothing"},
	{"{\"note\":1}", "\"note\" at the top is not known; correct it, or begin its name with \"x-\""},
	{"{\"additionalProperties\":{\"Required\":[]}}", "\"Required\" at /additionalProperties is not known"},
	{"{\"additionalItems\":true}", "is none in this draft or its vocabularies, but in draft 2019-09"},
	{"{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"$defs\":{}}", "but in draft 2020-12"},
	{"{\"$ref\":\"other.json\"}", "no document is known at other.json; nothing is ever fetched"},
	{"{\"$ref\":\"https://example.com/x\"}",
	 "no document is known at https://example.com/x; nothing is ever fetched: register the document"},
	{"{\"$ref\":1}", "must be a string"},
	{"{\"$ref\":\"#anchor\"}", "\"#anchor\" names nothing; correct the anchor"},
	{"{\"$ref\":\"#\"}", "refers back to itself without stepping into a value"},
	{"{\"$defs\":{\"a\":{\"allOf\":[{\"$ref\":\"#/$defs/b\"}]},\"b\":{\"not\":{\"$ref\":\"#/$defs/a\"}}}}",
	 "break the loop of $ref"},
	{"{\"if\":{\"dependentSchemas\":{\"a\":{\"$ref\":\"#\"}}}}", "break the loop"},
	{"{\"$defs\":{\"a\":{\"$anchor\":\"x\"},\"b\":{\"$anchor\":\"x\"}}}", "two schemas have the anchor \"x\""},
	{"{\"$anchor\":\"1x\"}", "must be a name"},
	{"{\"$id\":\"https://example.com/x#y\"}", "must have no fragment"},
	{"{\"$defs\":{\"never used\":{\"type\":\"strin\"}}}", "\"type\" at /$defs/never used"},
	{"{\"$defs\":[]}", "must be an object of schemas"},
	{"{\"title\":1}", "must be a string"},
	{"{\"readOnly\":1}", "must be true or false"},
	{"{\"examples\":1}", "must be a list"},
	{"{\"format\":1}", "must be a string"},
	{"{\"contentSchema\":1}", "a schema must be"},
	{"{\"multipleOf\":0}", "must be more than 0"},
	{"{\"multipleOf\":-1}", "must be more than 0"},
	{"{\"uniqueItems\":1}", "must be true or false"},
	{"{\"prefixItems\":[]}", "at least one schema"},
	{"{\"minContains\":-1}", "must be an integer from 0"},
	{"{\"patternProperties\":{\"(\":{}}}", "no regular expression"},
	{"{\"propertyNames\":1}", "a schema must be"},
	{"{\"dependentRequired\":{\"a\":[1]}}", "list of names"},
	{"{\"dependentRequired\":{\"a\":[\"b\",\"b\"]}}", "twice"},
	{"{\"dependentSchemas\":{\"a\":[]}}", "a schema must be"},
	{"{\"unevaluatedProperties\":1}", "a schema must be"},
	{"{\"if\":1}", "a schema must be"},
	{"{\"then\":1}", "a schema must be"},
	{"{\"$vocabulary\":{\"x\":1}}", "URIs to true or false"},
	{"{\"type\":[\"null\",\"null\"]}", "twice"},
	{"{\"type\":\"int\"}", "must be one of null, boolean, integer"},
	{"{\"type\":[]}", "empty list"},
	{"{\"type\":[1]}", "must be one of"},
	{"{\"type\":\"string\",\"type\":\"null\"}", "given twice"},
	{"{\"properties\":{\"a\":true,\"b\":true,\"a\":true}}", "\"a\" twice"},
	{"{\"properties\":[]}", "must be an object of schemas"},
	{"{\"properties\":{\"a\":1}}", "at /properties/a: a schema must be"},
	{"{\"required\":\"a\"}", "list of names"},
	{"{\"required\":[1]}", "list of names"},
	{"{\"required\":[\"a\",\"a\"]}", "twice"},
	{"{\"enum\":1}", "must be a list"},
	{"{\"minimum\":\"1\"}", "must be a number"},
	{"{\"exclusiveMinimum\":true}", "must be a number"},
	{"{\"minLength\":-1}", "must be an integer from 0"},
	{"{\"minLength\":1.5}", "must be an integer from 0"},
	{"{\"items\":[true]}", "a schema must be an object"},
	{"{\"pattern\":1}", "must be a string"},
	{"{\"pattern\":\"(\"}", "no regular expression"},
	{"{\"pattern\":\"a**\"}", "quantifier behind a quantifier"},
	{"{\"pattern\":\"a++\"}", "quantifier behind a quantifier"},
	{"{\"pattern\":\"(?i)a\"}", "no such group"},
	{"{\"pattern\":\"(*UTF)a\"}", "no such group"},
	{"{\"pattern\":\"(?#c)\"}", "no such group"},
	{"{\"pattern\":\"\\\\Aa\\\\Z\"}", "no such escape"},
	{"{\"pattern\":\"\\\\Q*\\\\E\"}", "no such escape"},
	{"{\"pattern\":\"\\\\h\"}", "no such escape"},
	{"{\"pattern\":\"a\\\\\"}", "no such escape"},
	{"{\"pattern\":\"\\\\u12\"}", "hexadecimal"},
	{"{\"pattern\":\"\\\\01\"}", "octal"},
	{"{\"pattern\":\"\\\\p{Nonsense}\"}", "no regular expression"},
	{"{\"pattern\":\"\\\\1\"}", "no regular expression"},
	{"{\"$schema\":\"http://json-schema.org/draft-04/schema#\"}", "which is not known; use"},
	{"{\"$schema\":1}", "must be the URI of a draft"},
};

START_TEST(bad_schemas_are_refused)
{
	struct error err = ERROR_INIT;
	const struct json_node *document = document_parse(&arena, span_of(refusals[_i].schema));
	ck_assert_ptr_null(schema_create(document, NULL, &err));
	ck_assert_int_eq(err.code, ERROR_CONFIG);
	ck_assert_msg(strstr(err.message, refusals[_i].message) != NULL, "%s: %s", refusals[_i].schema, err.message);
}
END_TEST

struct expected {
	const char *instance;
	const char *schema;
	const char *keyword;
	const char *sentence;
	const char *at; /* the source from the offset on begins so */
	enum drift_class drift;
};

static const char order_schema[] =
	"{\"type\":\"object\",\"required\":[\"id\",\"qty\"],\"additionalProperties\":false,\"properties\":{"
	"\"id\":{\"type\":\"string\",\"pattern\":\"^C[0-9]+$\",\"maxLength\":3},"
	"\"qty\":{\"type\":\"integer\",\"minimum\":1},"
	"\"tier\":{\"enum\":[\"gold\",\"silver\"]},"
	"\"a/b\":{\"items\":{\"properties\":{\"n\":{\"type\":[\"number\",\"null\"]}}}},"
	"\"never\":false}}";
static const char order[] = "{\"id\": \"D1234\", \"tier\": \"tin\", \"a/b\": [{\"n\": 1}, {\"n\": \"secret\"}],\n"
			    " \"never\": 1, \"extra~x\": {\"y\": 2}}";
static const struct expected violations[] = {
	{"/id", "/properties/id/pattern", "pattern", "does not match the pattern \"^C[0-9]+$\"", "\"D1234\"",
	 DRIFT_FORMAT},
	{"/id", "/properties/id/maxLength", "maxLength", "has 5 characters, must have at most 3", "\"D1234\"",
	 DRIFT_FORMAT},
	{"/tier", "/properties/tier/enum", "enum", "must be one of \"gold\", \"silver\"", "\"tin\"", DRIFT_ENUM},
	{"/a~1b/1/n", "/properties/a~1b/items/properties/n/type", "type", "is string, must be number or null",
	 "\"secret\"", DRIFT_TYPE},
	{"/never", "/properties/never", "false", "no value is allowed here", "1,", DRIFT_OTHER},
	{"/extra~0x", "/additionalProperties", "additionalProperties",
	 "the field \"extra~x\" is not in the schema; allowed are id, qty, tier, a/b, never", "\"extra~x\"",
	 DRIFT_UNDECLARED_FIELD},
	{"", "/required", "required", "the field \"qty\" is missing", "{\"id\"", DRIFT_MISSING_REQUIRED},
};
enum { VIOLATIONS = sizeof(violations) / sizeof(violations[0]) };

START_TEST(violations_say_what_is_wrong_where)
{
	struct schema *schema = compile(order_schema);
	struct schema_report report;
	schema_report_init(&report, &arena, 100);
	ck_assert(!schema_validate(schema, document_parse(&arena, span_of(order)), &report));
	schema_destroy(schema);
	ck_assert_uint_eq(report.count, VIOLATIONS);
	ck_assert_uint_eq(report.total, VIOLATIONS);
	for (size_t i = 0; i < VIOLATIONS; i++) {
		const struct schema_violation *found = &report.list[i];
		ck_assert_str_eq(found->instance, violations[i].instance);
		ck_assert_str_eq(found->schema, violations[i].schema);
		ck_assert_str_eq(found->keyword, violations[i].keyword);
		ck_assert_str_eq(found->sentence, violations[i].sentence);
		ck_assert_int_eq(found->drift, violations[i].drift);
		ck_assert(strncmp(order + found->offset, violations[i].at, strlen(violations[i].at)) == 0);
		ck_assert_ptr_null(strstr(found->sentence, "secret"));
	}
	ck_assert_uint_eq(report.by_class[DRIFT_FORMAT], 2);
	ck_assert_uint_eq(report.by_class[DRIFT_MISSING_REQUIRED], 1);
}
END_TEST

START_TEST(reports_are_bounded)
{
	struct schema *schema = compile("{\"items\":{\"type\":\"null\"}}");
	const struct json_node *instance = document_parse(&arena, SPAN("[1,2,3,4,5,6,7,8,9,10,11,12]"));
	static const size_t maxima[] = {0, 1, 8, 11, 12, 100};
	for (size_t i = 0; i < sizeof(maxima) / sizeof(maxima[0]); i++) {
		struct schema_report report;
		schema_report_init(&report, &arena, maxima[i]);
		ck_assert(!schema_validate(schema, instance, &report));
		ck_assert_uint_eq(report.count, maxima[i] < 12 ? maxima[i] : 12);
		ck_assert_uint_eq(report.total, 12);
		ck_assert_uint_eq(report.by_class[DRIFT_TYPE], 12);
	}
	struct arena tiny = ARENA_INIT(700);
	struct schema_report report;
	schema_report_init(&report, &tiny, 100);
	ck_assert(!schema_validate(schema, instance, &report));
	ck_assert_uint_lt(report.count, 12);
	ck_assert_uint_eq(report.total, 12);
	arena_finish(&tiny);
	schema_destroy(schema);
	schema_destroy(NULL);
}
END_TEST

START_TEST(schemas_outlive_their_document)
{
	struct arena other = ARENA_INIT(1 << 20);
	char text[] = "{\"properties\":{\"a\":{\"enum\":[\"x\\ny\",12]},\"b\":{\"minimum\":3}},\"required\":[\"c\"]}";
	struct error err = ERROR_INIT;
	struct schema *schema = schema_create(document_parse(&other, span_of(text)), NULL, &err);
	ck_assert_ptr_nonnull(schema);
	memset(text, 'x', sizeof(text));
	arena_finish(&other);
	ck_assert(schema_validate(schema, document_parse(&arena, SPAN("{\"a\":\"x\\ny\",\"b\":3,\"c\":0}")), NULL));
	ck_assert(!schema_validate(schema, document_parse(&arena, SPAN("{\"a\":\"x\",\"b\":3,\"c\":0}")), NULL));
	ck_assert(!schema_validate(schema, document_parse(&arena, SPAN("{\"a\":12,\"b\":2,\"c\":0}")), NULL));
	schema_destroy(schema);
}
END_TEST

START_TEST(drift_classes_have_words)
{
	ck_assert_str_eq(drift_class_name(DRIFT_MISSING_REQUIRED), "missing_required");
	ck_assert_str_eq(drift_class_name(DRIFT_OTHER), "other");
	ck_assert_ptr_null(drift_class_name(DRIFT_CLASS_COUNT));
	ck_assert_ptr_null(drift_class_name(-1));
	ck_assert_str_eq(drift_class_sentence(DRIFT_TYPE), "a field has another type");
}
END_TEST

Suite *schema_suite(void)
{
	Suite *suite = suite_create("schema");
	TCase *cases = tcase_create("schema");
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, instances_are_judged, 0, sizeof(instances) / sizeof(instances[0]));
	tcase_add_loop_test(cases, bad_schemas_are_refused, 0, sizeof(refusals) / sizeof(refusals[0]));
	tcase_add_test(cases, violations_say_what_is_wrong_where);
	tcase_add_test(cases, reports_are_bounded);
	tcase_add_test(cases, schemas_outlive_their_document);
	tcase_add_test(cases, drift_classes_have_words);
	suite_add_tcase(suite, cases);
	return suite;
}
