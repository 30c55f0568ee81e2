/* What a contract says, and which version a change of it needs. */
#include "harness/contract/content.h"
#include "tests/contract/suites.h"

#include <stdlib.h>

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, (size_t)64 << 20);
	setenv("CASE_KEY", "secret-7f3a9c", 1);
}

static void teardown(void)
{
	arena_finish(&arena);
}

static const struct json_node *parse(const char *text)
{
	const struct json_node *root = NULL;
	struct error err = ERROR_INIT;
	ck_assert_msg(json_parse(&arena, span_of(text), NULL, &root, &err), "%s", err.message);
	return root;
}

struct version_row {
	const char *text;
	bool good;
};

static const struct version_row versions[] = {
	{"1.2.0", true},      {"0.0.0", true},
	{"10.20.30", true},   {"1", false},
	{"1.2", false},       {"1.2.3.4", false},
	{"1.2.x", false},     {"", false},
	{"1..2", false},      {"v1.2.3", false},
	{"1.2.3-rc1", false}, {"-1.2.3", false},
	{"1.2.", false},      {"99999999999999999999.0.0", false},
};

START_TEST(versions_are_three_numbers)
{
	struct version version;
	ck_assert_int_eq(version_parse(span_of(versions[_i].text), &version), versions[_i].good);
}
END_TEST

struct after_row {
	const char *before;
	enum version_step step;
	const char *after;
};

/* Semantic Versioning 2.0.0, sections 6 to 8; section 4 leaves versions before 1.0.0 open. */
static const struct after_row afters[] = {
	{"1.2.3", VERSION_SAME, "1.2.3"},  {"1.2.3", VERSION_PATCH, "1.2.4"}, {"1.2.3", VERSION_MINOR, "1.3.0"},
	{"1.2.3", VERSION_MAJOR, "2.0.0"}, {"0.2.3", VERSION_MAJOR, "0.3.0"}, {"0.2.3", VERSION_MINOR, "0.2.4"},
	{"0.2.3", VERSION_PATCH, "0.2.4"}, {"0.2.3", VERSION_SAME, "0.2.3"},
};

START_TEST(steps_lead_to_versions)
{
	struct version before;
	struct version expected;
	ck_assert(version_parse(span_of(afters[_i].before), &before));
	ck_assert(version_parse(span_of(afters[_i].after), &expected));
	struct version after = version_after(before, afters[_i].step);
	ck_assert_int_eq(version_order(&after, &expected), 0);
	ck_assert_int_eq(version_order(&after, &before), afters[_i].step != VERSION_SAME);
	ck_assert_int_eq(version_order(&before, &after), -(afters[_i].step != VERSION_SAME));
}
END_TEST

struct step_row {
	const char *before;
	const char *after;
	enum version_step step;
	const char *changes;
};

#define TEXT_SCHEMA "{\"type\":\"string\"}"
#define EITHER_SCHEMA "{\"type\":[\"string\",\"null\"]}"
#define WITH(request, response) "\"schemas\":{\"request\":" request ",\"response\":" response "}"

static const struct step_row steps[] = {
	{"{\"slo\":1}", "{\"slo\":1}", VERSION_SAME, ""},
	{"{\"slo\":1}", "{\"slo\":2}", VERSION_PATCH, "slo"},
	{"{\"slo\":1,\"fields\":[{\"name\":\"a\"}]}", "{\"slo\":1,\"fields\":[{\"name\":\"a\",\"critical\":true}]}",
	 VERSION_PATCH, "fields"},
	{"{\"fields\":[{\"name\":\"a\"}]}", "{\"fields\":[{\"name\":\"a\"},{\"name\":\"b\"}]}", VERSION_MINOR,
	 "fields"},
	{"{\"fields\":[{\"name\":\"a\"},{\"name\":\"b\"}]}", "{\"fields\":[{\"name\":\"a\"}]}", VERSION_MAJOR,
	 "fields"},
	{"{\"fields\":[{\"name\":\"a\"}]}", "{\"fields\":[{\"name\":\"b\"}]}", VERSION_MAJOR, "fields"},
	{"{\"message\":{\"id\":[\"/a\"]}}", "{\"message\":{\"id\":[\"/b\"]}}", VERSION_MAJOR, "message"},
	{"{\"message\":{\"id\":[\"/a\"]}}", "{\"message\":{\"id\":[\"/a\"],\"test\":\"/t\"}}", VERSION_PATCH,
	 "message"},
	{"{\"records\":{\"at\":\"\"}}", "{\"records\":{\"at\":\"/lines\"}}", VERSION_MAJOR, "records"},
	{"{\"interface\":\"a\"}", "{\"interface\":\"b\"}", VERSION_MAJOR, "interface"},
	/* what the LLM path may write must be what the target system reads */
	{"{" WITH("null", TEXT_SCHEMA) "}", "{" WITH("null", EITHER_SCHEMA) "}", VERSION_MAJOR, "schemas"},
	{"{" WITH("null", EITHER_SCHEMA) "}", "{" WITH("null", TEXT_SCHEMA) "}", VERSION_MINOR, "schemas"},
	{"{\"schemas\":{\"response\":true}}", "{\"schemas\":{\"response\":true,\"assert_format\":false}}",
	 VERSION_MAJOR, "schemas"},
	/* what senders write must be what the new contract reads */
	{"{" WITH(TEXT_SCHEMA, "true") "}", "{" WITH(EITHER_SCHEMA, "true") "}", VERSION_MINOR, "schemas"},
	{"{" WITH(EITHER_SCHEMA, "true") "}", "{" WITH(TEXT_SCHEMA, "true") "}", VERSION_MAJOR, "schemas"},
	{"{" WITH("null", "true") "}", "{" WITH(TEXT_SCHEMA, "true") "}", VERSION_MAJOR, "schemas"},
	{"{" WITH("null", "true") "}", "{" WITH("null", "{\"title\":\"t\"}") "}", VERSION_PATCH, "schemas"},
};

START_TEST(changes_need_steps)
{
	struct content_step step;
	struct error err = ERROR_INIT;
	const struct json_node *before = parse(steps[_i].before);
	const struct json_node *after = parse(steps[_i].after);
	ck_assert_msg(content_step(before, after, &arena, &step, &err), "%s", err.message);
	ck_assert_msg(step.step == steps[_i].step, "%s to %s: %s", steps[_i].before, steps[_i].after,
		      version_step_name(step.step));
	ck_assert_int_eq(step.reason[0] == '\0', step.step == VERSION_SAME);
	ck_assert_str_eq(content_changes(before, after, &arena), steps[_i].changes);
}
END_TEST

static void load_content(const char *file, struct buffer *content, uint8_t hash[SHA256_SIZE])
{
	struct error err = ERROR_INIT;
	struct contract *contract = contract_load(file, &err);
	ck_assert_msg(contract != NULL, "%s: %s", file, err.message);
	ck_assert_msg(contract_content(contract, content, hash, &err), "%s", err.message);
	contract_destroy(contract);
}

START_TEST(content_says_what_others_build_on)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	struct buffer again CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	uint8_t hash[SHA256_SIZE];
	uint8_t digest[SHA256_SIZE];
	static const char *const in[] = {"interface", "message", "records", "fields",   "schemas",
					 "legacy",    "data",    "limits",  "fallback", "slo"};
	static const char *const out[] = {"owners",  "tap",         "candidates", "gate",   "review",   "sampling",
					  "version", "environment", "retention",  "7f3a9c", "endpoint", "llm.example"};
	load_content("tests/contract/cases/good-everything.yaml", &text, hash);
	const struct json_node *root = parse(text.data);
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
		ck_assert_msg(json_get_text(root, in[i]) != NULL, "%s is missing", in[i]);
	}
	ck_assert_uint_eq(json_count(root), sizeof(in) / sizeof(in[0]));
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++) {
		ck_assert_msg(strstr(text.data, out[i]) == NULL, "%s is in it", out[i]);
	}
	json_write_canonical(&again, root);
	ck_assert_str_eq(again.data, text.data);
	hash_sha256(buffer_span(&text), digest);
	ck_assert_mem_eq(hash, digest, sizeof(hash));
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

Suite *content_suite(void)
{
	Suite *suite = suite_create("content");
	TCase *tests = tcase_create("content");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, versions_are_three_numbers, 0, ROWS(versions));
	tcase_add_loop_test(tests, steps_lead_to_versions, 0, ROWS(afters));
	tcase_add_loop_test(tests, changes_need_steps, 0, ROWS(steps));
	tcase_add_test(tests, content_says_what_others_build_on);
	suite_add_tcase(suite, tests);
	return suite;
}
