/* Asking stats_method_run from a test. */
#ifndef UNDERSTUDY_TESTS_EVALUATORS_STATS_CALLS_H
#define UNDERSTUDY_TESTS_EVALUATORS_STATS_CALLS_H

#include "harness/base/json.h"

/* Runs one request; the reply object lives in the arena. Fails the test where the reply is not valid JSON with exactly
 * one of "result" (when true is returned) and "error". */
bool stats_call(struct arena *arena, const struct json_node *request, const struct json_node **ret_reply);
/* The same from text, which must outlive the reply. */
bool stats_call_text(struct arena *arena, const char *request, const struct json_node **ret_reply);

/* A file of the shared material below $UNDERSTUDY_SHARED or ../shared; NULL (and a message) where it is absent. */
const char *shared_path(const char *name, char *path, size_t size);

#endif
