/* Every keyword beyond the few of test_schema.c, by cases: {draft, schema, instance, valid}. Expected answers follow
 * from the specifications (2020-12 core and validation; 2019-09 for $recursiveRef and arrays of items; draft 7
 * section 8.3 for what stands beside $ref). */
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

struct row {
	enum schema_draft draft;
	const char *schema; /* ' for " */
	const char *instance;
	bool valid;
};

#define N SCHEMA_DRAFT_2020_12
#define R SCHEMA_DRAFT_2019_09
#define S SCHEMA_DRAFT_7
#define X SCHEMA_DRAFT_6

/* clang-format off */
static const struct row rows[] = {
	/* applied to the same value */
	{N, "{'allOf':[{'minimum':2},{'maximum':4}]}", "3", true},
	{N, "{'allOf':[{'minimum':2},{'maximum':4}]}", "5", false},
	{N, "{'anyOf':[{'type':'string'},{'minimum':4}]}", "4", true},
	{N, "{'anyOf':[{'type':'string'},{'minimum':4}]}", "3", false},
	{N, "{'oneOf':[{'multipleOf':2},{'multipleOf':3}]}", "4", true},
	{N, "{'oneOf':[{'multipleOf':2},{'multipleOf':3}]}", "6", false},
	{N, "{'oneOf':[{'multipleOf':2},{'multipleOf':3}]}", "5", false},
	{N, "{'not':{'type':'string'}}", "'x'", false},
	{N, "{'not':{'not':{'type':'string'}}}", "'x'", true},
	{N, "{'if':{'minimum':10},'then':{'multipleOf':10},'else':{'maximum':5}}", "20", true},
	{N, "{'if':{'minimum':10},'then':{'multipleOf':10},'else':{'maximum':5}}", "15", false},
	{N, "{'if':{'minimum':10},'then':{'multipleOf':10},'else':{'maximum':5}}", "6", false},
	{N, "{'then':false,'else':false}", "1", true},
	{N, "{'dependentSchemas':{'a':{'required':['b']}}}", "{'a':1}", false},
	{N, "{'dependentSchemas':{'a':{'required':['b']}}}", "{'c':1}", true},
	{N, "{'dependentRequired':{'a':['b','c']}}", "{'a':1,'b':2}", false},
	{N, "{'dependentRequired':{'a':['b','c']}}", "{'a':1,'b':2,'c':3}", true},
	{S, "{'dependencies':{'a':['b'],'c':{'minProperties':3}}}", "{'a':1}", false},
	{S, "{'dependencies':{'a':['b'],'c':{'minProperties':3}}}", "{'c':1,'d':2}", false},
	{S, "{'dependencies':{'a':['b'],'c':{'minProperties':3}}}", "{'a':1,'b':2,'c':3}", true},
	/* members */
	{N, "{'minProperties':1,'maxProperties':2}", "{}", false},
	{N, "{'minProperties':1,'maxProperties':2}", "{'a':1,'b':2}", true},
	{N, "{'minProperties':1,'maxProperties':2}", "{'a':1,'b':2,'c':3}", false},
	{N, "{'patternProperties':{'^n':{'type':'null'},'a$':{'const':null}}}", "{'na':null,'x':1}", true},
	{N, "{'patternProperties':{'^n':{'type':'null'},'a$':{'const':1}}}", "{'na':null}", false},
	{N, "{'properties':{'a':true},'patternProperties':{'b':true},'additionalProperties':false}", "{'a':1,'xbx':1}", true},
	{N, "{'properties':{'a':true},'patternProperties':{'b':true},'additionalProperties':false}", "{'c':1}", false},
	{N, "{'properties':{'ab':{'minimum':5}},'patternProperties':{'b':{'maximum':3}}}", "{'ab':5}", false},
	{N, "{'propertyNames':{'maxLength':2}}", "{'ab':1}", true},
	{N, "{'propertyNames':{'maxLength':2}}", "{'abc':1}", false},
	{N, "{'propertyNames':false}", "{}", true},
	/* items */
	{N, "{'prefixItems':[{'type':'string'},{'type':'null'}],'items':{'type':'number'}}", "['a',null,1,2]", true},
	{N, "{'prefixItems':[{'type':'string'},{'type':'null'}],'items':{'type':'number'}}", "['a',null,1,'b']", false},
	{N, "{'prefixItems':[{'type':'string'}]}", "[1]", false},
	{N, "{'prefixItems':[{'type':'string'}]}", "['a',1]", true},
	{R, "{'items':[{'type':'string'}],'additionalItems':{'type':'null'}}", "['a',null]", true},
	{R, "{'items':[{'type':'string'}],'additionalItems':{'type':'null'}}", "['a',1]", false},
	{R, "{'items':{'type':'string'},'additionalItems':false}", "['a','b']", true},
	{R, "{'additionalItems':false}", "[1]", true},
	{S, "{'items':[true],'additionalItems':false}", "[1,2]", false},
	{S, "{'items':[]}", "[1,2]", true},
	{N, "{'contains':{'const':1}}", "[2,1]", true},
	{N, "{'contains':{'const':1}}", "[2]", false},
	{N, "{'contains':{'const':1}}", "[]", false},
	{N, "{'contains':{'const':1},'minContains':2,'maxContains':3}", "[1,1]", true},
	{N, "{'contains':{'const':1},'minContains':2,'maxContains':3}", "[1,2]", false},
	{N, "{'contains':{'const':1},'minContains':2,'maxContains':3}", "[1,1,1,1]", false},
	{N, "{'contains':{'const':1},'minContains':0}", "[]", true},
	{N, "{'minContains':2}", "[]", true},
	{S, "{'contains':{'const':1}}", "[1,1,1]", true},
	{N, "{'uniqueItems':true}", "[1,'1',[1],{'a':1}]", true},
	{N, "{'uniqueItems':true}", "[1,2,1.0]", false},
	{N, "{'uniqueItems':true}", "[{'a':1,'b':2},{'b':2.0,'a':1}]", false},
	{N, "{'uniqueItems':true}", "[0,false,null,'',[],{}]", true},
	{N, "{'uniqueItems':true}", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,1e0]", false},
	{N, "{'uniqueItems':true}", "[[1],[2],[3],[4],[5],[6],[7],[8],[9],[10],[11],[12],[13],[14],[15],[16],[17],[17.0]]", false},
	{N, "{'uniqueItems':true}", "['a','b','c','d','e','f','g','h','i','j','k','l','m','n','o','p','q','r','s','t']", true},
	{N, "{'uniqueItems':false}", "[1,1]", true},
	/* numbers, exact */
	{N, "{'multipleOf':0.01}", "19.99", true},
	{N, "{'multipleOf':0.01}", "19.995", false},
	{N, "{'multipleOf':0.5}", "1e308", true},
	{N, "{'multipleOf':0.123456789}", "1e308", false},
	{N, "{'multipleOf':0.0001}", "0.0075", true},
	{N, "{'multipleOf':1e-8}", "12391239123", true},
	{N, "{'multipleOf':3}", "-9", true},
	{N, "{'multipleOf':7}", "0", true},
	{N, "{'multipleOf':123456789012345678901234567890}", "370370367037037036703703703670", true},
	{N, "{'multipleOf':123456789012345678901234567890}", "370370367037037036703703703671", false},
	{N, "{'minimum':-2.50}", "-2.5", true},
	{N, "{'minimum':-2.50}", "-2.51", false},
	{N, "{'maximum':0}", "-0.0", true},
	{N, "{'maximum':0}", "1e-30", false},
	{N, "{'exclusiveMaximum':100000000000000000000}", "99999999999999999999.9", true},
	{N, "{'not':{'type':'integer'}}", "1e999999", false}, /* cannot be decided */
	{N, "{'not':{'const':1e999999}}", "10e999998", false},
	{N, "{'not':{'const':1}}", "10e999998", true},
	/* references */
	{N, "{'properties':{'a':{'$ref':'#/$defs/n'}},'$defs':{'n':{'type':'null'}}}", "{'a':1}", false},
	{N, "{'$ref':'#/$defs/a~1b%25c','$defs':{'a/b%c':{'type':'null'}}}", "1", false},
	{N, "{'properties':{'next':{'$ref':'#'},'v':{'type':'number'}},'required':['v']}", "{'v':1,'next':{'v':2}}", true},
	{N, "{'properties':{'next':{'$ref':'#'},'v':{'type':'number'}},'required':['v']}", "{'v':1,'next':{'v':2,'next':{}}}", false},
	{N, "{'$ref':'#n','$defs':{'x':{'$anchor':'n','type':'null'}}}", "1", false},
	{N, "{'$ref':'#/$defs/n','maximum':1,'$defs':{'n':{'type':'number'}}}", "2", false},
	{S, "{'$ref':'#/definitions/n','maximum':1,'definitions':{'n':{'type':'number'}}}", "2", true},
	{X, "{'$ref':'#/definitions/n','definitions':{'n':{'exclusiveMinimum':1}}}", "1", false},
	{S, "{'allOf':[{'$ref':'#n'}],'definitions':{'x':{'$id':'#n','type':'null'}}}", "1", false},
	{N, "{'$id':'https://a.example/x/root','$ref':'item','$defs':{'i':{'$id':'item','type':'null'}}}", "1", false},
	{N, "{'$id':'https://a.example/x/root','$ref':'../y/item?v=1','$defs':{'i':{'$id':'/y/item?v=1','type':'null'}}}", "1", false},
	{N, "{'$id':'https://a.example','$ref':'b/./c/../d','$defs':{'i':{'$id':'https://a.example/b/d','type':'null'}}}", "1", false},
	{N, "{'$id':'urn:uuid:deadbeef-1','$ref':'#/$defs/i','$defs':{'i':{'type':'null'}}}", "1", false},
	{N, "{'$ref':'urn:x:y#/$defs/z','$defs':{'i':{'$id':'urn:x:y','$defs':{'z':{'type':'null'}}}}}", "1", false},
	{N, "{'const':{'$ref':'#/nowhere'}}", "{'$ref':'#/nowhere'}", true},
	{N, "{'properties':{'$ref':{'type':'string'}}}", "{'$ref':1}", false},
	{N, "{'$ref':'#/x-kept','x-kept':{'type':'null'}}", "1", false},
	/* metaschemas that are known without being registered */
	{N, "{'$ref':'https://json-schema.org/draft/2020-12/schema'}", "{'properties':{'a':{'minLength':1}}}", true},
	{N, "{'$ref':'https://json-schema.org/draft/2020-12/schema'}", "{'properties':{'a':{'minLength':-1}}}", false},
	{N, "{'$ref':'https://json-schema.org/draft/2020-12/schema'}", "{'$defs':{'a':{'items':[true]}}}", false},
	{N, "{'$ref':'https://json-schema.org/draft/2019-09/schema'}", "{'items':[true,{'type':'x'}]}", false},
	{N, "{'$ref':'https://json-schema.org/draft/2019-09/schema'}", "{'items':[true,{'type':'null'}]}", true},
	{N, "{'$ref':'http://json-schema.org/draft-07/schema#'}", "{'definitions':{'a':{'if':1}}}", false},
	{N, "{'$ref':'http://json-schema.org/draft-07/schema#'}", "{'definitions':{'a':{'if':true}}}", true},
	{N, "{'$ref':'http://json-schema.org/draft-06/schema#'}", "{'enum':1}", false},
	{R, "{'$ref':'#a:b','$defs':{'x':{'$anchor':'a:b','type':'null'}}}", "1", false},
	/* dynamic scope: the tree is extended from outside */
	{N, "{'$id':'https://t.example/strict','$dynamicAnchor':'node','$ref':'tree','unevaluatedProperties':false,"
	    "'$defs':{'t':{'$id':'tree','$dynamicAnchor':'node','properties':{'kids':{'items':{'$dynamicRef':'#node'}}}}}}",
	 "{'kids':[{'kids':[]}]}", true},
	{N, "{'$id':'https://t.example/strict','$dynamicAnchor':'node','$ref':'tree','unevaluatedProperties':false,"
	    "'$defs':{'t':{'$id':'tree','$dynamicAnchor':'node','properties':{'kids':{'items':{'$dynamicRef':'#node'}}}}}}",
	 "{'kids':[{'daat':1}]}", false},
	{R, "{'$id':'https://t.example/strict','$recursiveAnchor':true,'$ref':'tree','unevaluatedProperties':false,"
	    "'$defs':{'t':{'$id':'tree','$recursiveAnchor':true,'properties':{'kids':{'items':{'$recursiveRef':'#'}}}}}}",
	 "{'kids':[{'daat':1}]}", false},
	{R, "{'$id':'https://t.example/strict','$recursiveAnchor':true,'$ref':'tree','unevaluatedProperties':false,"
	    "'$defs':{'t':{'$id':'tree','$recursiveAnchor':true,'properties':{'kids':{'items':{'$recursiveRef':'#'}}}}}}",
	 "{'kids':[{'kids':[]}]}", true},
	{R, "{'$id':'https://t.example/strict','$ref':'tree','unevaluatedProperties':false,"
	    "'$defs':{'t':{'$id':'tree','$recursiveAnchor':true,'properties':{'kids':{'items':{'$recursiveRef':'#'}}}}}}",
	 "{'kids':[{'daat':1}]}", true},
	{R, "{'properties':{'a':{'$recursiveRef':'#'}},'additionalProperties':false}", "{'a':{'b':1}}", false},
	/* unevaluated */
	{N, "{'allOf':[{'properties':{'a':true}}],'unevaluatedProperties':false}", "{'a':1}", true},
	{N, "{'allOf':[{'properties':{'a':true}}],'unevaluatedProperties':false}", "{'b':1}", false},
	{N, "{'allOf':[{'properties':{'a':true}}],'additionalProperties':false}", "{'a':1}", false},
	{N, "{'anyOf':[{'properties':{'a':{'const':1}},'required':['a']},{'properties':{'b':true}}],'unevaluatedProperties':false}", "{'a':2}", false},
	{N, "{'anyOf':[{'properties':{'a':{'const':1}},'required':['a']},{'properties':{'b':true}}],'unevaluatedProperties':false}", "{'a':1,'b':2}", true},
	{N, "{'if':{'properties':{'k':{'const':'x'}}},'then':{'properties':{'v':true}},'unevaluatedProperties':false}", "{'k':'x','v':1}", true},
	{N, "{'if':{'properties':{'k':{'const':'x'}}},'then':{'properties':{'v':true}},'unevaluatedProperties':false}", "{'k':'y','v':1}", false},
	{N, "{'not':{'not':{'properties':{'a':true}}},'unevaluatedProperties':false}", "{'a':1}", false},
	{N, "{'$ref':'#/$defs/b','unevaluatedProperties':{'type':'null'},'$defs':{'b':{'patternProperties':{'^a':true}}}}", "{'ab':1,'c':null}", true},
	{N, "{'$ref':'#/$defs/b','unevaluatedProperties':{'type':'null'},'$defs':{'b':{'patternProperties':{'^a':true}}}}", "{'ab':1,'c':1}", false},
	{N, "{'allOf':[{'unevaluatedProperties':true}],'unevaluatedProperties':false}", "{'a':1}", true},
	{N, "{'allOf':[{'properties':{'a':true}},{'unevaluatedProperties':false}]}", "{'a':1}", false},
	{N, "{'prefixItems':[true],'contains':{'const':1},'unevaluatedItems':false}", "[0,1,1]", true},
	{N, "{'prefixItems':[true],'contains':{'const':1},'unevaluatedItems':false}", "[0,1,2]", false},
	{R, "{'contains':{'const':1},'unevaluatedItems':false}", "[1]", false},
	{R, "{'items':[true],'unevaluatedItems':{'type':'null'}}", "[1,null]", true},
	{N, "{'oneOf':[{'prefixItems':[{'const':1}]},{'prefixItems':[{'const':2},true]}],'unevaluatedItems':false}", "[2,5]", true},
	{N, "{'oneOf':[{'prefixItems':[{'const':1}]},{'prefixItems':[{'const':2},true]}],'unevaluatedItems':false}", "[1,5]", false},
	{N, "{'dependentSchemas':{'a':{'properties':{'b':true}}},'properties':{'a':true},'unevaluatedProperties':false}", "{'a':1,'b':2}", true},
	/* annotations, and names of other drafts */
	{N, "{'contentEncoding':'base64','contentMediaType':'application/json','contentSchema':{'type':'null'}}", "'%'", true},
	{N, "{'format':'ipv4'}", "'x'", true},
	{S, "{'unevaluatedProperties':false,'dependentRequired':{'a':['b']},'$defs':1}", "{'a':1}", true},
	{X, "{'if':true,'then':false}", "1", true},
	/* patterns that need no engine, and their neighbours that do */
	{N, "{'pattern':'^[A-Z]{2}[0-9]{4}$'}", "'AB1234'", true},
	{N, "{'pattern':'^[A-Z]{2}[0-9]{4}$'}", "'AB1234\\n'", false},
	{N, "{'pattern':'^[A-Z]{2}[0-9]{4}$'}", "'AB123'", false},
	{N, "{'pattern':'^[^@ ]+@[^@ ]+$'}", "'m\\u00e1@x'", true},
	{N, "{'pattern':'^[^@ ]+@[^@ ]+$'}", "'@x'", false},
	{N, "{'pattern':'^[^@]$'}", "'\\u00e1'", true},
	{N, "{'pattern':'^[^@]{2}$'}", "'\\u00e1'", false},
	{N, "{'pattern':'^a?ab$'}", "'ab'", true},
	{N, "{'pattern':'^a*ab$'}", "'aab'", true},
	{N, "{'pattern':'^[ab]{1,3}b?c'}", "'abbbcd'", true},
	{N, "{'pattern':'^x{2,3}y*z'}", "'xxz'", true},
	{N, "{'pattern':'^x{2,3}y*z'}", "'xxxxz'", false},
	{N, "{'pattern':'^[a-]$'}", "'-'", true},
	{N, "{'pattern':'^[\\\\w.-]+\\\\.x$'}", "'a.b.x'", true},
	{N, "{'pattern':'^$'}", "''", true},
	{N, "{'pattern':'^'}", "'x'", true},
	{N, "{'pattern':'^a|b$'}", "'xb'", true},
};
/* clang-format on */

/* ' is " in the rows. */
static struct span quoted(const char *text)
{
	char *copy = arena_copy(&arena, span_of(text));
	for (char *c = copy; *c != 0; c++) {
		*c = *c == '\'' ? '"' : *c;
	}
	return span_of(copy);
}

START_TEST(rows_are_judged)
{
	const struct row *row = &rows[_i];
	struct error err = ERROR_INIT;
	struct schema_options options = {.draft = row->draft, .unknown = SCHEMA_UNKNOWN_IGNORE};
	struct schema *schema = schema_create(document_parse(&arena, quoted(row->schema)), &options, &err);
	ck_assert_msg(schema != NULL, "%s: %s", row->schema, err.message);
	const struct json_node *instance = document_parse(&arena, quoted(row->instance));
	struct schema_report report;
	struct schema_report strict;
	schema_report_init(&report, &arena, 10);
	schema_report_init(&strict, &arena, 10);
	strict.strict = true;
	ck_assert_msg(schema_validate(schema, instance, NULL) == row->valid, "%s on %s", row->schema, row->instance);
	ck_assert_int_eq(schema_validate(schema, instance, &report), row->valid);
	ck_assert_int_eq(report.total == 0, row->valid);
	ck_assert_int_eq(schema_validate(schema, instance, &strict), row->valid);
	schema_destroy(schema);
}
END_TEST

/* Documents that refer to each other, and one with a vocabulary of its own. */

static const char *const registered[][2] = {
	{"https://b.example/item", "{'type':'object','properties':{'n':{'$ref':'number#/$defs/n'}}}"},
	{"https://b.example/number", "{'$defs':{'n':{'minimum':5}}}"},
	{"https://b.example/elsewhere", "{'$id':'https://c.example/own','$defs':{'e':{'$id':'inner','type':'null'}}}"},
	{"https://b.example/old", "{'$schema':'http://json-schema.org/draft-07/schema#','items':[{'type':'null'}]}"},
	{"https://b.example/meta",
	 "{'$schema':'https://json-schema.org/draft/2020-12/schema','$vocabulary':{"
	 "'https://json-schema.org/draft/2020-12/vocab/core':true,"
	 "'https://json-schema.org/draft/2020-12/vocab/applicator':true,'https://b.example/vocab/mine':false},"
	 "'properties':{'mine':{'type':'string'}}}"},
	{"https://b.example/strange", "{'$schema':'https://json-schema.org/draft/2020-12/schema','$vocabulary':{"
				      "'https://b.example/vocab/mine':true}}"},
	{"https://b.example/broken", "{'type':'nothing'}"},
};

static struct schema_registry *make_registry(void)
{
	struct schema_registry *registry = schema_registry_create();
	for (size_t i = 0; i < sizeof(registered) / sizeof(registered[0]); i++) {
		ck_assert(schema_registry_add(registry, span_of(registered[i][0]),
					      document_parse(&arena, quoted(registered[i][1])), NULL));
	}
	return registry;
}

static const struct {
	const char *schema;
	const char *instance;
	const char *answer; /* "valid", "invalid", or a part of the error */
} together[] = {
	{"{'$ref':'https://b.example/item'}", "{'n':5}", "valid"},
	{"{'$ref':'https://b.example/item'}", "{'n':4}", "invalid"},
	{"{'$id':'https://b.example/root','$ref':'item'}", "{'n':4}", "invalid"},
	{"{'$ref':'https://c.example/own#/$defs/e'}", "1", "invalid"},
	{"{'$ref':'https://c.example/inner'}", "null", "valid"},
	{"{'$ref':'https://b.example/old'}", "[1]", "invalid"},
	{"{'$ref':'https://b.example/old'}", "[null,1]", "valid"},
	{"{'$ref':'https://b.example/item#/properties/m'}", "1", "names nothing"},
	{"{'$ref':'https://b.example/missing'}", "1", "no document is known at https://b.example/missing"},
	{"{'$ref':'https://b.example/broken'}", "1", "\"type\" at https://b.example/broken#"},
	{"{'$schema':'https://b.example/meta','minimum':5}", "1", "valid"},
	{"{'$schema':'https://b.example/meta','properties':{'a':false}}", "{'a':1}", "invalid"},
	{"{'$schema':'https://b.example/meta','mine':1}", "1", "refused by its metaschema: is number, must be string"},
	{"{'$schema':'https://b.example/strange'}", "1", "requires the vocabulary https://b.example/vocab/mine"},
	{"{'$schema':'https://b.example/item'}", "1", "valid"},
	{"{'$schema':'https://b.example/missing'}", "1", "which is not known"},
};

START_TEST(documents_refer_to_each_other)
{
	struct error err = ERROR_INIT;
	struct schema_registry *registry = make_registry();
	struct schema_options options = {.registry = registry, .unknown = SCHEMA_UNKNOWN_IGNORE};
	struct schema *schema = schema_create(document_parse(&arena, quoted(together[_i].schema)), &options, &err);
	schema_registry_destroy(registry);
	const char *answer = err.message;
	if (schema != NULL) {
		const struct json_node *instance = document_parse(&arena, quoted(together[_i].instance));
		answer = schema_validate(schema, instance, NULL) ? "valid" : "invalid";
	}
	ck_assert_msg(strstr(answer, together[_i].answer) == answer ||
			      (schema == NULL && strstr(answer, together[_i].answer)),
		      "%s: %s", together[_i].schema, answer);
	schema_destroy(schema);
}
END_TEST

START_TEST(registries_refuse)
{
	struct schema_registry *registry = schema_registry_create();
	const struct json_node *document = document_parse(&arena, SPAN("true"));
	struct error err = ERROR_INIT;
	ck_assert(schema_registry_add(registry, SPAN("https://a.example/x#"), document, &err));
	ck_assert(!schema_registry_add(registry, SPAN("https://a.example/x"), document, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "registered already"));
	err = (struct error)ERROR_INIT;
	ck_assert(!schema_registry_add(registry, SPAN("x/y"), document, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "no absolute URI"));
	ck_assert(!schema_registry_add(registry, SPAN("https://a.example/y#z"), document, NULL));
	schema_registry_destroy(registry);
	schema_registry_destroy(NULL);
}
END_TEST

START_TEST(regular_expressions_are_told)
{
	static const char *const good[] = {"", "^a+$", "(?<year>\\d{4})", "[^]", "\\u{1F600}", "\\p{L}", "(?<=a)b"};
	static const char *const bad[] = {"(", "a**", "[z-a]", "\\Z", "(?i)x", "\\p{None}", "{1}{2}", "\\"};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_msg(schema_is_regex(span_of(good[i])), "%s", good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_msg(!schema_is_regex(span_of(bad[i])), "%s", bad[i]);
	}
}
END_TEST

START_TEST(format_is_asserted_on_demand)
{
	const struct json_node *document = document_parse(&arena, SPAN("{\"format\":\"regex\"}"));
	const struct json_node *bad = document_parse(&arena, SPAN("\"(\""));
	struct schema_options options = {.assert_format = true};
	struct schema *annotation = schema_create(document, NULL, NULL);
	struct schema *assertion = schema_create(document, &options, NULL);
	ck_assert(schema_validate(annotation, bad, NULL));
	ck_assert(!schema_validate(assertion, bad, NULL));
	ck_assert(schema_validate(assertion, document_parse(&arena, SPAN("\"a|b\"")), NULL));
	ck_assert(schema_validate(assertion, document_parse(&arena, SPAN("5")), NULL));
	schema_destroy(annotation);
	schema_destroy(assertion);
}
END_TEST

Suite *schema_keywords_suite(void)
{
	Suite *suite = suite_create("schema: keywords");
	TCase *cases = tcase_create("keywords");
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, rows_are_judged, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(cases, documents_refer_to_each_other, 0, sizeof(together) / sizeof(together[0]));
	tcase_add_test(cases, registries_refuse);
	tcase_add_test(cases, regular_expressions_are_told);
	tcase_add_test(cases, format_is_asserted_on_demand);
	suite_add_tcase(suite, cases);
	return suite;
}
