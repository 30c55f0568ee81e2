/* Reading a chat completion, or the error that came instead. */
#include "harness/base/clock.h"
#include "harness/base/text.h"
#include "harness/paths/openai.h"

enum { NODES_MAX = 4 * 1024 * 1024, DEPTH_MAX = 128, TEXT_MAX = 64 * 1024 * 1024 };

/* --- usage --- */

/* An absent or null count is 0; anything else but a whole number makes the usage unknown. */
static bool read_count(const struct json_node *object, const char *name, int64_t *ret_count)
{
	const struct json_node *node = json_get_text(object, name);
	*ret_count = 0;
	return node == NULL || json_is(node, JSON_NULL) ||
	       (json_is(node, JSON_NUMBER) && text_to_int64(json_text(node), ret_count) && *ret_count >= 0 &&
		*ret_count <= INT32_MAX);
}

/* Tokens served from the cache, part of prompt_tokens: where OpenAI says it, else where DeepSeek and Mistral do. */
static bool read_cached(const struct json_node *usage, int64_t *ret_cached)
{
	static const char *const names[] = {"prompt_cache_hit_tokens", "num_cached_tokens", "cached_tokens"};
	const struct json_node *details = json_get_text(usage, "prompt_tokens_details");
	if (json_get_text(details, "cached_tokens") != NULL) {
		return read_count(details, "cached_tokens", ret_cached);
	}
	*ret_cached = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (json_get_text(usage, names[i]) != NULL) {
			return read_count(usage, names[i], ret_cached);
		}
	}
	return true;
}

/* Reasoning is inside completion_tokens at OpenAI. Services that count it apart (xAI, Gemini's compatible endpoint)
 * show it in total_tokens alone: what the total holds beyond prompt and completion was output, and is billed as such.
 */
static void read_usage(const struct json_node *usage, struct token_usage *ret_usage)
{
	int64_t prompt = 0;
	int64_t completion = 0;
	int64_t total = 0;
	int64_t cached = 0;
	int64_t reasoning = 0;
	const struct json_node *details = json_get_text(usage, "completion_tokens_details");
	if (json_get_text(usage, "prompt_tokens") == NULL || !read_count(usage, "prompt_tokens", &prompt) ||
	    !read_count(usage, "completion_tokens", &completion) || !read_count(usage, "total_tokens", &total) ||
	    !read_count(details, "reasoning_tokens", &reasoning) || !read_cached(usage, &cached)) {
		return;
	}
	if (cached > prompt) {
		return;
	}
	int64_t output = total > prompt + completion ? total - prompt : completion;
	*ret_usage = (struct token_usage){
		.input = prompt - cached,
		.cache_read = cached,
		.output = output,
		.reasoning = reasoning < output ? reasoning : output,
		.known = true,
	};
}

/* --- errors --- */

/* A text, or a number as its digits. */
static struct span word_of(const struct json_node *node)
{
	return json_is(node, JSON_STRING) || json_is(node, JSON_NUMBER) ? json_text(node) : SPAN("");
}

/* OpenAI: {"error": {"message", "type", "code"}}. Others leave "error" out, make it a text, or wrap all in an array. */
static void read_error(const struct json_node *root, struct provider_reply *reply)
{
	if (json_is(root, JSON_ARRAY)) {
		root = json_at(root, 0);
	}
	const struct json_node *error = json_get_text(root, "error");
	if (json_is(error, JSON_STRING)) {
		reply->error_message = json_text(error);
		return;
	}
	if (!json_is(error, JSON_OBJECT)) {
		error = root;
	}
	struct span code = word_of(json_get_text(error, "code"));
	struct span type = word_of(json_get_text(error, "type"));
	reply->error_type = code.length > 0 && !text_is_digit(code.data[0]) ? code : type.length > 0 ? type : code;
	reply->error_message = word_of(json_get_text(error, "message"));
}

static bool is_any(struct span word, const char *first, const char *second)
{
	return span_is(word, first) || span_is(word, second);
}

static void judge_status(int status, struct provider_reply *reply)
{
	struct span type = reply->error_type;
	reply->outcome = OUTCOME_PROVIDER_ERROR;
	reply->retryable = status == 408 || status == 409 || status >= 500;
	if (status == 429) {
		reply->outcome = OUTCOME_RATE_LIMITED;
		reply->retryable = !is_any(type, "insufficient_quota", "billing_hard_limit_reached");
	} else if (status == 400 && is_any(type, "content_filter", "content_policy_violation")) {
		reply->outcome = OUTCOME_REFUSED; /* Azure's filter on the prompt */
	}
}

/* Some gateways answer 200 with the error in the body, its "code" being the status they mean. */
static int status_of_body(const struct json_node *error)
{
	int64_t code = 0;
	struct span text = word_of(json_get_text(error, "code"));
	return text.length > 0 && text_to_int64(text, &code) && code >= 400 && code <= 599 ? (int)code : 0;
}

static void call_unreadable(struct provider_reply *reply)
{
	reply->outcome = OUTCOME_PROVIDER_ERROR;
	reply->error_type = SPAN("unreadable_reply");
	reply->error_message = SPAN("unreadable reply: no chat completion came");
	reply->retryable = false;
}

/* --- the completion --- */

/* A text as it is; of an array of parts the texts, joined. What is no text (thinking, images) is left out. */
static struct span read_content(const struct json_node *content, struct arena *arena)
{
	if (!json_is(content, JSON_ARRAY)) {
		return json_is(content, JSON_STRING) ? json_text(content) : SPAN("");
	}
	CLEANUP_BUFFER struct buffer joined = BUFFER_INIT(TEXT_MAX);
	for (const struct json_node *part = json_first(content); part != NULL; part = json_next(content, part)) {
		if (json_is(part, JSON_STRING)) {
			buffer_append_span(&joined, json_text(part));
		} else if (span_is(json_text(json_get_text(part, "type")), "text")) {
			buffer_append_span(&joined, word_of(json_get_text(part, "text")));
		}
	}
	char *copy = arena_copy(arena, buffer_span(&joined));
	return copy != NULL ? (struct span){copy, joined.length} : SPAN("");
}

static void read_choice(const struct json_node *choice, struct arena *arena, struct provider_reply *reply)
{
	const struct json_node *message = json_get_text(choice, "message");
	const struct json_node *refusal = json_get_text(message, "refusal");
	reply->text = read_content(json_get_text(message, "content"), arena);
	reply->finish_reason = word_of(json_get_text(choice, "finish_reason"));
	if (json_text(refusal).length > 0 || span_is(reply->finish_reason, "content_filter")) {
		reply->outcome = OUTCOME_REFUSED;
		if (reply->text.length == 0) {
			reply->text = word_of(refusal);
		}
	} else if (span_is(reply->finish_reason, "length")) {
		reply->outcome = OUTCOME_TRUNCATED;
	} else if (span_is(reply->finish_reason, "error")) {
		reply->outcome = OUTCOME_PROVIDER_ERROR;
		reply->error_type = SPAN("error");
		reply->error_message = SPAN("the model broke off with an error");
		reply->retryable = true;
	}
}

static void read_completion(const struct json_node *root, struct arena *arena, struct provider_reply *reply)
{
	const struct json_node *error = json_get_text(root, "error");
	const struct json_node *choice = json_at(json_get_text(root, "choices"), 0);
	reply->model = word_of(json_get_text(root, "model"));
	read_usage(json_get_text(root, "usage"), &reply->usage);
	if (json_is(json_get_text(choice, "message"), JSON_OBJECT)) {
		read_choice(choice, arena, reply);
		return;
	}
	if (json_is(error, JSON_OBJECT) || json_is(error, JSON_STRING)) {
		read_error(root, reply);
		judge_status(status_of_body(error), reply);
		return;
	}
	call_unreadable(reply);
}

void openai_read(int status, struct span retry_after, struct span body, struct arena *arena,
		 struct provider_reply *ret_reply)
{
	const struct json_node *root = NULL;
	const struct json_limits limits = {.depth = DEPTH_MAX, .nodes = NODES_MAX};
	bool is_json = json_parse(arena, body, &limits, &root, NULL);
	*ret_reply = (struct provider_reply){.outcome = OUTCOME_OK, .retry_after_ms = -1};
	if (status == 0 || (status >= 200 && status <= 299)) {
		if (is_json) {
			read_completion(root, arena, ret_reply);
		} else {
			call_unreadable(ret_reply);
		}
		return;
	}
	if (is_json) {
		read_error(root, ret_reply);
	}
	judge_status(status, ret_reply);
	ret_reply->retry_after_ms = retry_after_read(retry_after, clock_now());
}
