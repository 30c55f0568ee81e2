/* Real replies, recorded by others. What is expected of each is read out of it by other means than the provider's: the
 * first "finish_reason", and for the tokens only what must hold between the counts. */
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/paths/openai.h"
#include "tests/paths/suites.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static struct arena arena;
static struct buffer file = BUFFER_INIT(64 * 1024 * 1024);

static const char *shared(void)
{
	const char *folder = getenv("UNDERSTUDY_SHARED");
	return folder != NULL ? folder : "../shared";
}

static int64_t count_of(const struct json_node *usage, const char *name)
{
	int64_t count = 0;
	return text_to_int64(json_text(json_get_text(usage, name)), &count) ? count : 0;
}

static void check_success(const char *path, const struct json_node *body, const struct provider_reply *reply)
{
	const struct json_node *usage = json_get_text(body, "usage");
	const struct json_node *choice = json_at(json_get_text(body, "choices"), 0);
	struct span finish = json_text(json_get_text(choice, "finish_reason"));
	enum outcome expected = span_is(finish, "length") ? OUTCOME_TRUNCATED : OUTCOME_OK;
	ck_assert_msg(reply->outcome == expected, "%s: %s", path, outcome_name((int)reply->outcome));
	ck_assert_msg(reply->usage.known, "%s: usage", path);
	ck_assert_msg(reply->usage.input + reply->usage.cache_read == count_of(usage, "prompt_tokens"), "%s", path);
	ck_assert_msg(reply->usage.input + reply->usage.cache_read + reply->usage.output ==
			      count_of(usage, "total_tokens"),
		      "%s", path);
	ck_assert_msg(span_equal(reply->model, json_text(json_get_text(body, "model"))), "%s", path);
	ck_assert_msg(reply->text.length > 0 || span_is(finish, "tool_calls") || span_is(finish, "length"), "%s", path);
}

static void check_body(const char *path, int status, struct span text)
{
	struct provider_reply reply;
	const struct json_node *body = NULL;
	ck_assert_msg(json_parse(&arena, text, NULL, &body, NULL), "%s", path);
	openai_read(status, SPAN(""), text, &arena, &reply);
	if (status == 200 && json_get_text(body, "choices") != NULL) {
		check_success(path, body, &reply);
		return;
	}
	enum outcome expected = status == 429 ? OUTCOME_RATE_LIMITED : OUTCOME_PROVIDER_ERROR;
	ck_assert_msg(reply.outcome == expected, "%s", path);
	ck_assert_msg(reply.retryable == (status == 429), "%s", path);
	ck_assert_msg(reply.error_message.length > 0, "%s", path);
}

/* True where it was one of ours: a chat completion that was not streamed. */
static bool check_interaction(const char *path)
{
	struct error err = ERROR_INIT;
	const struct json_node *root = NULL;
	ck_assert_msg(file_read(path, &file, &err), "%s", err.message);
	ck_assert_msg(json_parse(&arena, buffer_span(&file), NULL, &root, &err), "%s", path);
	struct span uri = json_text(json_get_text(json_get_text(root, "request"), "uri"));
	const struct json_node *response = json_get_text(root, "response");
	struct span body = json_text(json_get_text(response, "body"));
	int64_t status = 0;
	if (text_find(uri, SPAN("/chat/completions")) == uri.length || body.length == 0 ||
	    text_trim(body).data[0] != '{') {
		return false;
	}
	ck_assert(text_to_int64(json_text(json_get_text(response, "status")), &status));
	check_body(path, (int)status, body);
	return true;
}

static int check_folder(const char *path)
{
	struct dirent **entries = NULL;
	int checked = 0;
	int count = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		char name[4096];
		(void)snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		arena_reset(&arena);
		checked += strstr(name, ".json") != NULL && check_interaction(name) ? 1 : 0;
		free(entries[i]);
	}
	free(entries);
	return checked;
}

START_TEST(test_interactions)
{
	static const char *const providers[] = {"azure",       "cerebras", "deepseek", "gemini", "groq",
						"huggingface", "mistral",  "ollama",   "openai", "openrouter"};
	int checked = 0;
	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
		char path[2048];
		(void)snprintf(path, sizeof(path), "%s/data/llm-api-recorded/dev/%s", shared(), providers[i]);
		checked += check_folder(path);
	}
	if (checked == 0) {
		puts("skipped: recorded replies of providers (no llm-api-recorded)");
		return;
	}
	ck_assert_int_ge(checked, 150);
}
END_TEST

static const struct {
	const char *path;
	int status;
} fixture_rows[] = {
	{"openai/chat/openai-text.json", 200},
	{"openai/chat/reasoning-model-legacy-parameter-error.json", 400},
	{"openai-compatible/chat/xai-text.json", 200},
	{"openai-compatible/chat/xai-tool-call.json", 200},
	{"deepseek/chat/deepseek-json.json", 200},
	{"deepseek/chat/deepseek-reasoning.json", 200},
	{"deepseek/chat/deepseek-text.json", 200},
	{"groq/groq-text.json", 200},
	{"groq/groq-reasoning.json", 200},
	{"mistral/mistral-text.json", 200},
	{"mistral/mistral-reasoning.json", 200},
};

START_TEST(test_fixture)
{
	char path[2048];
	(void)snprintf(path, sizeof(path), "%s/data/llm-fixtures-vercel/%s", shared(), fixture_rows[_i].path);
	if (!file_read(path, &file, NULL)) {
		printf("skipped: %s\n", fixture_rows[_i].path);
		return;
	}
	check_body(path, fixture_rows[_i].status, buffer_span(&file));
}
END_TEST

/* Error texts quoted by users; some lines hold the body, some its message alone. */
START_TEST(test_error_bodies)
{
	char path[2048];
	(void)snprintf(path, sizeof(path), "%s/data/llm-error-bodies/errors.jsonl", shared());
	if (!file_read(path, &file, NULL)) {
		puts("skipped: llm-error-bodies");
		return;
	}
	struct span rest = buffer_span(&file);
	int checked = 0;
	while (rest.length > 0) {
		struct span line = {rest.data, text_find(rest, SPAN("\n"))};
		rest.data += line.length < rest.length ? line.length + 1 : line.length;
		rest.length -= line.length < rest.length ? line.length + 1 : line.length;
		const struct json_node *root = NULL;
		struct provider_reply reply;
		int64_t status = 0;
		ck_assert(json_parse(&arena, line, NULL, &root, NULL));
		ck_assert(text_to_int64(json_text(json_get_text(root, "status")), &status));
		openai_read((int)status, SPAN(""), json_text(json_get_text(root, "body")), &arena, &reply);
		ck_assert(reply.retryable);
		ck_assert_int_eq((int)reply.outcome,
				 (int)(status == 429 ? OUTCOME_RATE_LIMITED : OUTCOME_PROVIDER_ERROR));
		checked++;
	}
	ck_assert_int_eq(checked, 7);
}
END_TEST

static void setup(void)
{
	arena_init(&arena, 512 * 1024 * 1024);
}

static void teardown(void)
{
	arena_finish(&arena);
	buffer_finish(&file);
}

Suite *recorded_replies_suite(void)
{
	Suite *suite = suite_create("recorded replies");
	TCase *tcase = tcase_create("openai");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, test_interactions);
	tcase_add_test(tcase, test_error_bodies);
	tcase_add_loop_test(tcase, test_fixture, 0, (int)(sizeof(fixture_rows) / sizeof(fixture_rows[0])));
	tcase_set_timeout(tcase, 30);
	suite_add_tcase(suite, tcase);
	return suite;
}
