#include "tests/evaluators/stats_calls.h"

#include "evaluators/stats/methods.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool stats_call(struct arena *arena, const struct json_node *request, const struct json_node **ret_reply)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(16 << 20);
	struct error error = ERROR_INIT;
	struct json_build *reply = json_build_create();
	bool done = stats_method_run(request, reply);

	ck_assert_msg(json_build_write(reply, 0, &text, &error), "%s", error.message);
	json_build_destroy(reply);
	char *copy = arena_copy(arena, buffer_span(&text));
	ck_assert_ptr_nonnull(copy);
	ck_assert_msg(json_parse(arena, (struct span){copy, text.length}, NULL, ret_reply, &error), "%s: %s",
		      error.message, copy);
	ck_assert_uint_eq(json_count(*ret_reply), 1);
	ck_assert_ptr_nonnull(json_get_text(*ret_reply, done ? "result" : "error"));
	return done;
}

bool stats_call_text(struct arena *arena, const char *request, const struct json_node **ret_reply)
{
	struct error error = ERROR_INIT;
	const struct json_node *root = NULL;

	ck_assert_msg(json_parse(arena, span_of(request), NULL, &root, &error), "%s: %s", error.message, request);
	return stats_call(arena, root, ret_reply);
}

const char *shared_path(const char *name, char *path, size_t size)
{
	const char *root = getenv("UNDERSTUDY_SHARED");

	snprintf(path, size, "%s/%s", root != NULL ? root : "../shared", name);
	if (access(path, R_OK) != 0) {
		printf("skipped: %s is not there\n", path);
		return NULL;
	}
	return path;
}
