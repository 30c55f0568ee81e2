/* assets/openapi.json against the listener: each status that it names is provoked, each that comes is named, its
 * examples of requests are taken and its examples of refusals are what is answered. */
#include "harness/base/json.h"
#include "harness/base/text.h"
#include "tests/tap/reply.h"
#include "tests/tap/rig.h"
#include "tests/tap/suites.h"

#include <stdio.h>
#include <unistd.h>

extern const char asset_openapi_json[];
extern const size_t asset_openapi_json_size;

static struct rig rig;
static struct arena arena;
static const struct json_node *document;
static int client;

static void setup(void)
{
	struct error err = ERROR_INIT;
	arena_init(&arena, 1 << 24);
	struct span text = {asset_openapi_json, asset_openapi_json_size};
	ck_assert_msg(json_parse(&arena, text, NULL, &document, &err), "%s", err.message);
	rig_prepare(&rig);
	rig.kind = TAP_INGEST;
	rig.token = "a token for tests";
	rig_start_with(&rig);
	client = rig_connect(&rig);
}

static void teardown(void)
{
	close(client);
	rig_finish(&rig);
	arena_finish(&arena);
}

#define TOKEN "Authorization: Bearer a token for tests\r\n"
#define JSON "Content-Type: application/json\r\n"
#define ONE "{\"interface\":\"orders\",\"message\":1}"
#define ANSWER "{\"interface\":\"orders\",\"key\":1,\"outcome\":\"ok\"}"

struct call {
	const char *path;
	const char *method;
	int status;
	const char *fields;
	const char *body;
	bool is_example; /* the document's example of this reply is this reply */
	bool switched;   /* while capturing is off */
};

#define POSTS(path, good, bad)                                                                                         \
	{path, "POST", 202, TOKEN JSON, good, false, false}, {path, "POST", 400, TOKEN JSON, bad, false, false},       \
		{path, "POST", 401, JSON, good, true, false}, {path, "DELETE", 405, TOKEN, "", true, false},           \
		{path, "GET", 405, TOKEN, "", true, false},                                                            \
		{path, "POST", 413, TOKEN JSON "Content-Length: 16777217\r\n", "", true, false},                       \
		{path, "POST", 415, TOKEN "Content-Type: text/csv\r\n", good, true, false},                            \
	{                                                                                                              \
		path, "POST", 503, TOKEN JSON, good, false, true                                                       \
	}

static const struct call calls[] = {
	POSTS("/v1/exchanges", ONE, "{}"),
	POSTS("/v1/outcomes", ANSWER, "{}"),
	{"/v1/exchanges", "POST", 400, TOKEN JSON, "{\"interface\":\"orders\"}", true, false},
	{"/v1/openapi.json", "GET", 200, "", "", false, false},
	{"/v1/openapi.json", "POST", 405, "", "", true, false},
	{"/v1/health", "GET", 200, "", "", true, false},
	{"/v1/health", "PUT", 405, "", "", true, false},
};

enum { CALLS = sizeof(calls) / sizeof(calls[0]) };

static const struct json_node *follow(const struct json_node *node)
{
	struct span reference = json_text(json_get_text(node, "$ref"));
	const struct json_node *at = document;
	if (reference.length == 0) {
		return node;
	}
	ck_assert(text_starts_with(reference, "#/"));
	reference = (struct span){reference.data + 1, reference.length - 1};
	while (reference.length > 0) {
		reference = (struct span){reference.data + 1, reference.length - 1};
		size_t length = text_find(reference, SPAN("/"));
		at = json_get(at, (struct span){reference.data, length});
		reference = (struct span){reference.data + length, reference.length - length};
	}
	return at;
}

/* The operation itself, or for a method that the path does not take the one that says so. */
static const struct json_node *operation_of(const struct call *call)
{
	const struct json_node *path = json_get_text(json_get_text(document, "paths"), call->path);
	const struct json_node *post = json_get_text(path, "post");
	return post != NULL ? post : json_get_text(path, "get");
}

static const struct json_node *documented(const struct call *call)
{
	char status[8];
	snprintf(status, sizeof(status), "%d", call->status);
	return follow(json_get_text(json_get_text(operation_of(call), "responses"), status));
}

static void make_call(const struct call *call, struct reply *ret_reply)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(65536);
	buffer_append_format(&text, "%s %s HTTP/1.1\r\nHost: h\r\n%s", call->method, call->path, call->fields);
	if (strstr(call->fields, "Content-Length") == NULL) {
		buffer_append_format(&text, "Content-Length: %zu\r\n", strlen(call->body));
	}
	buffer_append_format(&text, "\r\n%s", call->body);
	put_bytes(client, buffer_span(&text));
	take_reply(client, ret_reply, false);
}

static const struct json_node *parse(struct span text)
{
	const struct json_node *root = NULL;
	struct error err = ERROR_INIT;
	ck_assert_msg(json_parse(&arena, text, NULL, &root, &err), "%.*s: %s", SPAN_ARGUMENTS(text), err.message);
	return root;
}

START_TEST(statuses)
{
	const struct call *call = &calls[_i];
	struct reply reply;
	if (call->switched) {
		rig_switch_passthrough(&rig);
	}
	make_call(call, &reply);
	ck_assert_msg(reply.status == call->status, "%d: %s", reply.status, reply.body);
	const struct json_node *response = documented(call);
	ck_assert_msg(response != NULL, "the document has no %d of %s", call->status, call->path);
	const struct json_node *content = json_get_text(json_get_text(response, "content"), "application/json");
	ck_assert_ptr_nonnull(content);
	const struct json_node *body = parse((struct span){reply.body, reply.length});
	if (call->is_example) {
		ck_assert_msg(json_equal(json_get_text(content, "example"), body), "%s", reply.body);
	}
	/* the fields that it promises; of 415 each stands for one cause */
	const struct json_node *headers = json_get_text(response, "headers");
	bool found = headers == NULL;
	for (const struct json_node *name = json_first(headers); name != NULL; name = json_next(headers, name)) {
		char line[64];
		snprintf(line, sizeof(line), "%.*s: ", SPAN_ARGUMENTS(json_text(name)));
		found |= strstr(reply.head, line) != NULL;
	}
	ck_assert_msg(found, "%s", reply.head);
}
END_TEST

static bool is_provoked(struct span path, struct span status)
{
	for (size_t i = 0; i < CALLS; i++) {
		char text[8];
		snprintf(text, sizeof(text), "%d", calls[i].status);
		if (span_is(path, calls[i].path) && span_is(status, text)) {
			return true;
		}
	}
	return false;
}

START_TEST(nothing_is_promised_that_does_not_come)
{
	const struct json_node *paths = json_get_text(document, "paths");
	ck_assert_uint_eq(json_count(paths), 4);
	for (const struct json_node *path = json_first(paths); path != NULL; path = json_next(paths, path)) {
		const struct json_node *item = json_member(path);
		const struct json_node *post = json_get_text(item, "post");
		const struct json_node *responses =
			json_get_text(post != NULL ? post : json_get_text(item, "get"), "responses");
		ck_assert_uint_gt(json_count(responses), 0);
		for (const struct json_node *at = json_first(responses); at != NULL; at = json_next(responses, at)) {
			ck_assert_msg(is_provoked(json_text(path), json_text(at)), "%.*s %.*s",
				      SPAN_ARGUMENTS(json_text(path)), SPAN_ARGUMENTS(json_text(at)));
		}
	}
}
END_TEST

static void post_example(const char *path, const char *type, struct span body, size_t count)
{
	struct reply reply;
	char wanted[64];
	post(client, path, type, TOKEN, body);
	take_reply(client, &reply, false);
	snprintf(wanted, sizeof(wanted), "{\"accepted\":%zu,\"rejected_count\":0,\"rejected\":[]}\n", count);
	ck_assert_str_eq(reply.body, wanted);
	ck_assert_int_eq(reply.status, 202);
}

static void post_examples(const char *path)
{
	const struct json_node *item = json_get_text(json_get_text(document, "paths"), path);
	const struct json_node *content =
		json_get_text(json_get_text(json_get_text(item, "post"), "requestBody"), "content");
	const struct json_node *object = json_get_text(json_get_text(content, "application/json"), "examples");
	const struct json_node *lines = json_get_text(json_get_text(content, "application/x-ndjson"), "examples");
	const struct json_node *array = json_get_text(json_get_text(object, "array"), "value");
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(65536);
	json_write(&text, json_get_text(json_get_text(object, "one"), "value"));
	post_example(path, "application/json", buffer_span(&text), 1);
	buffer_clear(&text);
	json_write(&text, array);
	post_example(path, "application/json; charset=utf-8", buffer_span(&text), json_count(array));
	post_example(path, "Application/X-NDJSON", json_text(json_get_text(json_get_text(lines, "lines"), "value")),
		     json_count(array));
}

START_TEST(examples_are_taken)
{
	post_examples("/v1/exchanges");
	post_examples("/v1/outcomes");
}
END_TEST

START_TEST(the_document_is_served)
{
	struct reply reply;
	put(client, "GET /v1/openapi.json?x HTTP/1.1\r\nHost: h\r\n\r\n");
	take_reply(client, &reply, false);
	ck_assert_uint_eq(reply.length, asset_openapi_json_size);
	ck_assert(memcmp(reply.body, asset_openapi_json, reply.length) == 0);
	ck_assert(strstr(reply.head, "Content-Type: application/json\r\n") != NULL);
	put(client, "HEAD /v1/openapi.json HTTP/1.1\r\nHost: h\r\n\r\n");
	take_reply(client, &reply, true);
	ck_assert_int_eq(reply.status, 200);
	char length[64];
	snprintf(length, sizeof(length), "Content-Length: %zu\r\n", asset_openapi_json_size);
	ck_assert(strstr(reply.head, length) != NULL);
	put(client, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	take_reply(client, &reply, false);
	ck_assert_int_eq(reply.status, 404);
	ck_assert(strstr(reply.body, "/v1/openapi.json") != NULL);
}
END_TEST

Suite *openapi_suite(void)
{
	Suite *suite = suite_create("openapi");
	TCase *tests = tcase_create("openapi");
	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, statuses, 0, CALLS);
	tcase_add_test(tests, nothing_is_promised_that_does_not_come);
	tcase_add_test(tests, examples_are_taken);
	tcase_add_test(tests, the_document_is_served);
	suite_add_tcase(suite, tests);
	return suite;
}
