/* Layer 2, private to harness/paths. OpenAI's chat completions (https://platform.openai.com/docs/api-reference/chat),
 * which many other services and servers speak too. */
#ifndef UNDERSTUDY_PATHS_OPENAI_H
#define UNDERSTUDY_PATHS_OPENAI_H

#include "harness/paths/provider.h"

/* Does the schema fit the subset that OpenAI enforces with "strict": true? Every object lists all its properties as
 * required and allows no others; no keyword is used beyond those of
 * https://platform.openai.com/docs/guides/structured-outputs#supported-schemas; at most ten levels. */
bool openai_schema_is_strict(const struct json_node *schema);

/* As struct provider's read. */
void openai_read(int status, struct span retry_after, struct span body, struct arena *arena,
		 struct provider_reply *ret_reply);

/* Milliseconds of a Retry-After header (RFC 9110 section 10.2.3): seconds, also with a fraction, or an HTTP date, taken
 * against `now`; a past date is 0. -1: none, or not understood. */
int64_t retry_after_read(struct span value, int64_t now);

#endif
