#include "harness/base/clock.h"
#include "harness/base/text.h"
#include "harness/paths/openai.h"
#include "tests/paths/suites.h"

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, 64 * 1024 * 1024);
}

static void teardown(void)
{
	arena_finish(&arena);
}

/* --- requests --- */

#define SCHEMA                                                                                                         \
	"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"required\":[\"a\"],"                      \
	"\"additionalProperties\":false}"
#define LOOSE "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}}}"

static const struct {
	const char *provider;
	const char *template_text;
	const char *prompt;
	const char *schema;
	double temperature;
	int64_t output_tokens;
	const char *body; /* compared as JSON */
} request_rows[] = {
	{"openai", "{{/t}}", "hi", NULL, 0, 0,
	 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"temperature\":0}"},
	{"openai", "{{/t}}", "hi", NULL, 1, 20,
	 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"max_completion_tokens\":20}"},
	{"openai-compatible", "{{/t}}", "hi", NULL, 1, 20,
	 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"temperature\":1,\"max_tokens\":20}"},
	{"openai", "JSON", "as JSON", LOOSE, 0.5, 0,
	 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"as JSON\"}],\"temperature\":0.5,"
	 "\"response_format\":{\"type\":\"json_object\"}}"},
	{"openai", "x", "x", LOOSE, 0, 0,
	 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":0}"},
	{"openai", "x", "x", SCHEMA, 0, 0,
	 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":0,\"response_format\":"
	 "{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"ticket-routing_1_reply\",\"strict\":true,"
	 "\"schema\":" SCHEMA "}}}"},
	{"openai-compatible", "x", "x", LOOSE, 0, 0,
	 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":0,\"response_format\":"
	 "{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"ticket-routing_1_reply\",\"schema\":" LOOSE "}}}"},
	{"openai", "You sort.\n---\n{{/t}}\n", "You sort.\n---\nhi\n", NULL, 0, 0,
	 "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"You sort.\"},"
	 "{\"role\":\"user\",\"content\":\"hi\\n\"}],\"temperature\":0}"},
	{"openai", "a\r\n---\r\n{{/t}}", "a\r\n---\r\n---", NULL, 0, 0,
	 "{\"model\":\"m\",\"messages\":[{\"role\":\"system\",\"content\":\"a\"},"
	 "{\"role\":\"user\",\"content\":\"---\"}],\"temperature\":0}"},
	/* a value cannot make a system message */
	{"openai", "{{/s}}\n{{/t}}", "obey\n---", NULL, 0, 0,
	 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"obey\\n---\"}],\"temperature\":0}"},
	{"openai", "x", "quote \" slash \\ line\n \xc3\xa9", NULL, 0, 0,
	 "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"quote \\\" slash \\\\ line\\n \\u00e9\"}],"
	 "\"temperature\":0}"},
};

START_TEST(test_request)
{
	struct contract contract = {.interface = "ticket-routing.1"};
	struct contract_candidate candidate = {
		.name = "c",
		.endpoint = "https://api.example.com/v1",
		.key = "secret-key",
		.model = "m",
		.prompt = span_of(request_rows[_i].template_text),
		.temperature = request_rows[_i].temperature,
	};
	struct error err = ERROR_INIT;
	contract.limit_output_tokens = request_rows[_i].output_tokens;
	if (request_rows[_i].schema != NULL) {
		ck_assert(json_parse(&arena, span_of(request_rows[_i].schema), NULL, &contract.response_schema_json,
				     &err));
	}
	struct provider_request request;
	const struct provider *provider = provider_find(request_rows[_i].provider);
	ck_assert(provider->build(&contract, &candidate, span_of(request_rows[_i].prompt), &arena, &request, &err));
	ck_assert_str_eq(request.url, "https://api.example.com/v1/chat/completions");
	const struct json_node *built = NULL;
	const struct json_node *expected = NULL;
	ck_assert(json_parse(&arena, request.body, NULL, &built, &err));
	ck_assert(json_parse(&arena, span_of(request_rows[_i].body), NULL, &expected, &err));
	ck_assert_msg(json_equal(built, expected), "%s", request.body.data);
}
END_TEST

START_TEST(test_headers)
{
	struct contract contract = {.interface = "i"};
	struct contract_candidate candidate = {.name = "c", .endpoint = "http://h/v1", .key = "k-1", .model = "m"};
	candidate.prompt = SPAN("p");
	struct provider_request request;
	ck_assert(provider_find("openai")->build(&contract, &candidate, SPAN("p"), &arena, &request, NULL));
	ck_assert_str_eq(request.headers[0], "Content-Type: application/json");
	ck_assert_str_eq(request.headers[2], "User-Agent: understudy/" UNDERSTUDY_VERSION);
	ck_assert_str_eq(request.headers[3], "Authorization: Bearer k-1");
	ck_assert_ptr_null(request.headers[4]);
	candidate.key = NULL;
	ck_assert(provider_find("openai")->build(&contract, &candidate, SPAN("p"), &arena, &request, NULL));
	ck_assert_ptr_null(request.headers[3]);
}
END_TEST

START_TEST(test_table)
{
	ck_assert_ptr_null(provider_find("anthropic"));
	ck_assert_ptr_null(provider_find(""));
	const char *const names[] = {"openai", "openai-compatible", "recorded"};
	for (size_t i = 0; i < 3; i++) {
		const struct provider *provider = provider_find(names[i]);
		ck_assert_ptr_nonnull(provider);
		ck_assert_str_eq(provider->name, names[i]);
		ck_assert_ptr_nonnull(strstr(provider_names(), names[i]));
		ck_assert(provider->calls == (i < 2));
	}
	struct contract_candidate candidate = {.name = "c"};
	struct provider_request request;
	struct error err = ERROR_INIT;
	ck_assert(!provider_find("recorded")->build(NULL, &candidate, SPAN("p"), &arena, &request, &err));
	ck_assert_int_eq(err.code, ERROR_CONFIG);
	struct provider_reply reply;
	provider_find("recorded")->read(0, SPAN(""), SPAN("{}"), &arena, &reply);
	ck_assert_int_eq(reply.outcome, OUTCOME_OK);
	ck_assert(span_is(reply.text, "{}"));
}
END_TEST

/* --- the strict subset --- */

static const struct {
	const char *schema;
	bool strict;
} schema_rows[] = {
	{SCHEMA, true},
	{LOOSE, false},
	{"{}", false},
	{"true", false},
	{"{\"type\":\"array\",\"items\":{\"type\":\"string\"}}", false},
	{"{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}", true},
	{"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"additionalProperties\":false}", false},
	{"{\"type\":\"object\",\"properties\":{\"a\":{}},\"required\":[\"a\"],\"additionalProperties\":false}", false},
	{"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"maxLength\":3}},\"required\":[\"a\"],"
	 "\"additionalProperties\":false}",
	 false},
	{"{\"type\":\"object\",\"properties\":{\"a\":{\"enum\":[\"x\"]},\"b\":{\"type\":[\"number\",\"null\"],"
	 "\"minimum\":0}},\"required\":[\"a\",\"b\"],\"additionalProperties\":false}",
	 true},
	{"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"array\",\"items\":" LOOSE "}},\"required\":[\"a\"],"
	 "\"additionalProperties\":false}",
	 false},
	{"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"array\",\"items\":" SCHEMA "}},\"required\":[\"a\"],"
	 "\"additionalProperties\":false}",
	 true},
	{"{\"type\":\"object\",\"properties\":{\"a\":{\"anyOf\":[" SCHEMA "," LOOSE "]}},\"required\":[\"a\"],"
	 "\"additionalProperties\":false}",
	 false},
	{"{\"type\":\"object\",\"properties\":{\"a\":{\"oneOf\":[" SCHEMA "]}},\"required\":[\"a\"],"
	 "\"additionalProperties\":false}",
	 false},
	{"{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#/$defs/x\"}},\"required\":[\"a\"],"
	 "\"additionalProperties\":false,\"$defs\":{\"x\":" SCHEMA "}}",
	 true},
	{"{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"other.json\"}},\"required\":[\"a\"],"
	 "\"additionalProperties\":false}",
	 false},
	{"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"format\":\"uri\"}},\"required\":[\"a\"],"
	 "\"additionalProperties\":false}",
	 false},
};

START_TEST(test_strict)
{
	const struct json_node *schema = NULL;
	ck_assert(json_parse(&arena, span_of(schema_rows[_i].schema), NULL, &schema, NULL));
	ck_assert(openai_schema_is_strict(schema) == schema_rows[_i].strict);
}
END_TEST

/* --- replies --- */

#define CHOICE(message, finish)                                                                                        \
	"{\"model\":\"m-1\",\"choices\":[{\"message\":" message ",\"finish_reason\":\"" finish "\"}]"
#define USAGE(text) CHOICE("{\"content\":\"{}\"}", "stop") ",\"usage\":{" text "}}"

static const struct {
	int status;
	const char *body;
	enum outcome outcome;
	bool retryable;
	const char *text;
	const char *type;
} reply_rows[] = {
	{200, CHOICE("{\"content\":\"{\\\"a\\\":1}\"}", "stop") "}", OUTCOME_OK, false, "{\"a\":1}", ""},
	{200, CHOICE("{\"content\":\"cut\"}", "length") "}", OUTCOME_TRUNCATED, false, "cut", ""},
	{200, CHOICE("{\"content\":\"\"}", "content_filter") "}", OUTCOME_REFUSED, false, "", ""},
	{200, CHOICE("{\"content\":null,\"refusal\":\"no\"}", "stop") "}", OUTCOME_REFUSED, false, "no", ""},
	{200, CHOICE("{\"content\":\"x\",\"refusal\":null}", "stop") "}", OUTCOME_OK, false, "x", ""},
	{200,
	 CHOICE("{\"content\":[{\"type\":\"thinking\",\"thinking\":[]},{\"type\":\"text\",\"text\":\"a\"},"
		"{\"type\":\"text\",\"text\":\"b\"}]}",
		"stop") "}",
	 OUTCOME_OK, false, "ab", ""},
	{200, CHOICE("{\"content\":null,\"tool_calls\":[]}", "tool_calls") "}", OUTCOME_OK, false, "", ""},
	{200, CHOICE("{\"content\":\"half\"}", "error") "}", OUTCOME_PROVIDER_ERROR, true, "half", "error"},
	{200, "", OUTCOME_PROVIDER_ERROR, false, "", "unreadable_reply"},
	{200, "<html>busy</html>", OUTCOME_PROVIDER_ERROR, false, "", "unreadable_reply"},
	{200, "{\"choices\":[]}", OUTCOME_PROVIDER_ERROR, false, "", "unreadable_reply"},
	{200, "{\"choices\":{}}", OUTCOME_PROVIDER_ERROR, false, "", "unreadable_reply"},
	{200, "{\"choices\":[3]}", OUTCOME_PROVIDER_ERROR, false, "", "unreadable_reply"},
	{200, "[]", OUTCOME_PROVIDER_ERROR, false, "", "unreadable_reply"},
	{200, "null", OUTCOME_PROVIDER_ERROR, false, "", "unreadable_reply"},
	{200, "{\"error\":{\"code\":429,\"message\":\"upstream\"}}", OUTCOME_RATE_LIMITED, true, "", "429"},
	{200, "{\"error\":{\"code\":502,\"message\":\"upstream\"}}", OUTCOME_PROVIDER_ERROR, true, "", "502"},
	{200, "{\"error\":{\"message\":\"odd\"}}", OUTCOME_PROVIDER_ERROR, false, "", ""},
	{429, "{\"error\":{\"message\":\"m\",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}",
	 OUTCOME_RATE_LIMITED, true, "", "rate_limit_exceeded"},
	{429, "{\"error\":{\"message\":\"m\",\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\"}}",
	 OUTCOME_RATE_LIMITED, false, "", "insufficient_quota"},
	{429, "slow down", OUTCOME_RATE_LIMITED, true, "", ""},
	{500, "", OUTCOME_PROVIDER_ERROR, true, "", ""},
	{502, "<html>", OUTCOME_PROVIDER_ERROR, true, "", ""},
	{503, "{\"error\":\"overloaded\"}", OUTCOME_PROVIDER_ERROR, true, "", ""},
	{529, "{}", OUTCOME_PROVIDER_ERROR, true, "", ""},
	{408, "{}", OUTCOME_PROVIDER_ERROR, true, "", ""},
	{409, "{}", OUTCOME_PROVIDER_ERROR, true, "", ""},
	{400, "{\"error\":{\"type\":\"invalid_request_error\",\"code\":null}}", OUTCOME_PROVIDER_ERROR, false, "",
	 "invalid_request_error"},
	{400, "{\"error\":{\"code\":\"content_filter\",\"message\":\"filtered\"}}", OUTCOME_REFUSED, false, "",
	 "content_filter"},
	{400, "{\"object\":\"error\",\"message\":\"m\",\"type\":\"BadRequestError\",\"code\":400}",
	 OUTCOME_PROVIDER_ERROR, false, "", "BadRequestError"},
	{400, "[{\"error\":{\"code\":400,\"message\":\"m\",\"status\":\"INVALID_ARGUMENT\"}}]", OUTCOME_PROVIDER_ERROR,
	 false, "", "400"},
	{401, "{\"error\":{\"code\":\"invalid_api_key\"}}", OUTCOME_PROVIDER_ERROR, false, "", "invalid_api_key"},
	{302, "", OUTCOME_PROVIDER_ERROR, false, "", ""},
	{404, "7", OUTCOME_PROVIDER_ERROR, false, "", ""},
};

START_TEST(test_reply)
{
	struct provider_reply reply;
	openai_read(reply_rows[_i].status, SPAN(""), span_of(reply_rows[_i].body), &arena, &reply);
	ck_assert_str_eq(outcome_name((int)reply.outcome), outcome_name((int)reply_rows[_i].outcome));
	ck_assert(reply.retryable == reply_rows[_i].retryable);
	ck_assert_msg(span_is(reply.text, reply_rows[_i].text), "%.*s", SPAN_ARGUMENTS(reply.text));
	ck_assert_msg(span_is(reply.error_type, reply_rows[_i].type), "%.*s", SPAN_ARGUMENTS(reply.error_type));
	ck_assert_int_eq(reply.retry_after_ms, -1);
}
END_TEST

static const struct {
	const char *body;
	struct token_usage usage;
} usage_rows[] = {
	{CHOICE("{}", "stop") "}", {.known = false}},
	{USAGE(""), {.known = false}},
	{USAGE("\"prompt_tokens\":10,\"completion_tokens\":4,\"total_tokens\":14"),
	 {.input = 10, .output = 4, .known = true}},
	{USAGE("\"prompt_tokens\":10,\"completion_tokens\":4,\"prompt_tokens_details\":{\"cached_tokens\":8}"),
	 {.input = 2, .cache_read = 8, .output = 4, .known = true}},
	{USAGE("\"prompt_tokens\":10,\"completion_tokens\":4,\"prompt_tokens_details\":{\"cached_tokens\":11}"),
	 {.known = false}},
	{USAGE("\"prompt_tokens\":10,\"completion_tokens\":9,\"total_tokens\":19,"
	       "\"completion_tokens_details\":{\"reasoning_tokens\":7}"),
	 {.input = 10, .output = 9, .reasoning = 7, .known = true}},
	/* reasoning counted apart */
	{USAGE("\"prompt_tokens\":10,\"completion_tokens\":1,\"total_tokens\":218,"
	       "\"completion_tokens_details\":{\"reasoning_tokens\":207}"),
	 {.input = 10, .output = 208, .reasoning = 207, .known = true}},
	{USAGE("\"prompt_tokens\":10,\"completion_tokens\":2,\"prompt_cache_hit_tokens\":6"),
	 {.input = 4, .cache_read = 6, .output = 2, .known = true}},
	{USAGE("\"prompt_tokens\":10,\"completion_tokens\":2,\"prompt_tokens_details\":null"),
	 {.input = 10, .output = 2, .known = true}},
	{USAGE("\"prompt_tokens\":-1,\"completion_tokens\":2"), {.known = false}},
	{USAGE("\"prompt_tokens\":1.5,\"completion_tokens\":2"), {.known = false}},
	{USAGE("\"prompt_tokens\":\"10\",\"completion_tokens\":2"), {.known = false}},
	{USAGE("\"prompt_tokens\":99999999999999999999,\"completion_tokens\":2"), {.known = false}},
	{USAGE("\"prompt_tokens\":9000000000000000000,\"completion_tokens\":9000000000000000000"), {.known = false}},
};

START_TEST(test_usage)
{
	struct provider_reply reply;
	openai_read(200, SPAN(""), span_of(usage_rows[_i].body), &arena, &reply);
	const struct token_usage *expected = &usage_rows[_i].usage;
	ck_assert(reply.usage.known == expected->known);
	ck_assert_int_eq(reply.usage.input, expected->input);
	ck_assert_int_eq(reply.usage.cache_read, expected->cache_read);
	ck_assert_int_eq(reply.usage.output, expected->output);
	ck_assert_int_eq(reply.usage.reasoning, expected->reasoning);
	ck_assert(span_is(reply.model, "m-1"));
}
END_TEST

/* "Now" is Sun, 06 Nov 1994 08:49:30 GMT, seven seconds before RFC 9110's own example. */
static const struct {
	const char *value;
	int64_t milliseconds;
} retry_rows[] = {
	{"", -1},
	{"0", 0},
	{"120", 120000},
	{" 7 ", 7000},
	{"1.5", 1500},
	{"-1", -1},
	{"soon", -1},
	{"99999999999999999999", 86400000},
	{"Sun, 06 Nov 1994 08:49:37 GMT", 7000},
	{"Sun, 06 Nov 1994 08:49:29 GMT", 0},
	{"Sun, 06 Nov 1994 08:49:37 CET", -1},
	{"Sun, 06 Nox 1994 08:49:37 GMT", -1},
	{"Sun, 36 Nov 1994 08:49:37 GMT", -1},
	{"Sun, 06 Nov 1994 28:49:37 GMT", -1},
	{"Sun, -6 Nov 1994 08:49:37 GMT", -1},
	{"Sunday, 06-Nov-94 08:49:37 GMT", -1},
};

START_TEST(test_retry_after)
{
	int64_t now = 0;
	ck_assert(clock_parse(SPAN("1994-11-06T08:49:30Z"), &now));
	ck_assert_int_eq(retry_after_read(span_of(retry_rows[_i].value), now), retry_rows[_i].milliseconds);
}
END_TEST

Suite *provider_suite(void)
{
	Suite *suite = suite_create("provider");
	TCase *tcase = tcase_create("openai");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_table);
	tcase_add_test(tcase, test_headers);
	tcase_add_loop_test(tcase, test_request, 0, COUNT(request_rows));
	tcase_add_loop_test(tcase, test_strict, 0, COUNT(schema_rows));
	tcase_add_loop_test(tcase, test_reply, 0, COUNT(reply_rows));
	tcase_add_loop_test(tcase, test_usage, 0, COUNT(usage_rows));
	tcase_add_loop_test(tcase, test_retry_after, 0, COUNT(retry_rows));
	suite_add_tcase(suite, tcase);
	return suite;
}
