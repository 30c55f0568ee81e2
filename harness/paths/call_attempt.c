#include "harness/base/hash.h"
#include "harness/paths/call_internal.h"

static size_t take_body(char *data, size_t size, size_t count, void *target)
{
	struct call *call = target;
	size_t length = size * count;
	if (call->body.length + length > CALL_REPLY_MAX) {
		call->body_too_long = true;
		return 0;
	}
	buffer_append(&call->body, data, length);
	return call->body.failed ? 0 : length;
}

static bool make_headers(struct call *call, struct error *err)
{
	/* A body of more than a MiB would else wait for a "100 Continue" that many servers never send. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	for (const char **header = call->request.headers; list != NULL && *header != NULL; header++) {
		struct curl_slist *longer = curl_slist_append(list, *header);
		if (longer == NULL) {
			curl_slist_free_all(list);
		}
		list = longer;
	}
	if (list == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for the headers of a call");
	}
	curl_slist_free_all(call->headers);
	call->headers = list;
	return true;
}

static CURLcode set_request(CURL *easy, struct call *call)
{
	CURLcode code = curl_easy_setopt(easy, CURLOPT_URL, call->request.url);
	code = code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_POST, 1L) : code;
	code = code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->request.body.data) : code;
	code = code == CURLE_OK
		       ? curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->request.body.length)
		       : code;
	code = code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers) : code;
	code = code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) : code;
	code = code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_WRITEDATA, call) : code;
	return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_PRIVATE, call) : code;
}

/* What holds for every call: where it may go, and how long. */
static CURLcode set_bounds(CURL *easy, long timeout_ms)
{
	long connect_ms = timeout_ms < CALL_CONNECT_MS ? timeout_ms : CALL_CONNECT_MS;
	CURLcode code = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	code = code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) : code;
	code = code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") : code;
	code = code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) : code;
	code = code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) : code;
	code = code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) : code;
	code = code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L) : code;
	code = code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout_ms) : code;
	return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_ms) : code;
}

bool attempt_prepare(const struct calls *calls, struct call *call, struct error *err)
{
	if (call->easy == NULL) {
		call->easy = curl_easy_init();
		if (call->easy == NULL) {
			return error_set(err, ERROR_MEMORY, "no memory for a call");
		}
	}
	if (!make_headers(call, err)) {
		return false;
	}
	curl_easy_reset(call->easy);
	buffer_clear(&call->body);
	arena_reset(&call->reply_arena);
	call->body_too_long = false;
	CURLcode code = set_bounds(call->easy, calls->candidate->timeout_ms);
	code = code == CURLE_OK ? set_request(call->easy, call) : code;
	if (code != CURLE_OK) {
		return error_set(err, ERROR_SYSTEM, "cannot prepare a call of candidate \"%s\": %s",
				 calls->candidate->name, curl_easy_strerror(code));
	}
	return true;
}

/* --- judging --- */

static struct span retry_after(CURL *easy)
{
	struct curl_header *header = NULL;
	if (curl_easy_header(easy, "Retry-After", 0, CURLH_HEADER, -1, &header) != CURLHE_OK) {
		return SPAN("");
	}
	return span_of(header->value);
}

static bool was_connected(CURL *easy)
{
	curl_off_t until = 0;
	return curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &until) == CURLE_OK && until > 0;
}

/* An attempt that curl could not end well. */
static void judge_failure(const struct calls *calls, struct call *call, CURLcode code, struct provider_reply *ret_reply)
{
	char *detail = NULL;
	ret_reply->retryable = true;
	if (call->body_too_long) {
		ret_reply->outcome = OUTCOME_PROVIDER_ERROR;
		ret_reply->retryable = false;
		detail = arena_format(&call->reply_arena, "the reply is longer than %d MiB",
				      CALL_REPLY_MAX / (1024 * 1024));
	} else if (code == CURLE_OPERATION_TIMEDOUT && was_connected(call->easy)) {
		ret_reply->outcome = OUTCOME_TIMEOUT;
		detail = arena_format(&call->reply_arena, "no complete reply within %d ms",
				      calls->candidate->timeout_ms);
	} else {
		ret_reply->outcome = OUTCOME_TRANSPORT;
		detail = arena_format(&call->reply_arena, "%s", curl_easy_strerror(code));
	}
	call->result.detail = span_of(detail != NULL ? detail : "");
	call->result.text = SPAN("");
	call->result.model = SPAN("");
}

static void judge_reply(const struct calls *calls, struct call *call, int status, struct provider_reply *reply)
{
	calls->provider->read(status, retry_after(call->easy), buffer_span(&call->body), &call->reply_arena, reply);
	call->result.text = reply->text;
	call->result.model = reply->model;
	call->result.detail = reply->outcome == OUTCOME_OK
				      ? SPAN("")
				      : call_detail(call, calls->candidate->key, status, reply, &call->reply_arena);
}

static int64_t sum_of(int64_t a, int64_t b)
{
	int64_t sum = 0;
	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

/* `perhaps_billed`: the provider may have worked for this attempt. */
static void bill(const struct calls *calls, struct call *call, const struct token_usage *usage, bool perhaps_billed)
{
	struct call_result *result = &call->result;
	if (!usage->known) {
		if (perhaps_billed) {
			result->usage.known = false;
			result->cost_nano = sum_of(result->cost_nano, result->estimate);
		}
		return;
	}
	result->usage.input += usage->input;
	result->usage.cache_read += usage->cache_read;
	result->usage.cache_write += usage->cache_write;
	result->usage.output += usage->output;
	result->usage.reasoning += usage->reasoning;
	result->cost_nano = sum_of(result->cost_nano, price_of(&calls->candidate->price, usage));
}

static bool may_retry(const struct calls *calls, const struct call *call, const struct provider_reply *reply)
{
	int64_t limit = calls->contract->limit_cost_per_transaction_nano;
	return reply->retryable && call->result.attempts <= calls->candidate->retries &&
	       (limit == 0 || sum_of(call->result.cost_nano, call->result.estimate) <= limit);
}

/* Full jitter: anything from nothing to the whole pause, so that calls that failed together do not return together. */
static int64_t pause_of(struct call *call, const struct provider_reply *reply)
{
	if (reply->retry_after_ms >= 0) {
		return reply->retry_after_ms < CALL_PAUSE_MAX_MS ? reply->retry_after_ms : CALL_PAUSE_MAX_MS;
	}
	int64_t pause = CALL_PAUSE_MS;
	for (int i = 1; i < call->result.attempts && pause < CALL_PAUSE_MAX_MS; i++) {
		pause *= 2;
	}
	pause = pause < CALL_PAUSE_MAX_MS ? pause : CALL_PAUSE_MAX_MS;
	return (int64_t)(random_unit(&call->random) * (double)pause);
}

bool attempt_judge(const struct calls *calls, struct call *call, CURLcode code, int64_t *ret_pause_ms)
{
	struct provider_reply reply = {.outcome = OUTCOME_TRANSPORT, .retry_after_ms = -1};
	long status = 0;
	bool perhaps_billed = was_connected(call->easy);
	if (code == CURLE_OK) {
		curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
		judge_reply(calls, call, (int)status, &reply);
		perhaps_billed = status < 300;
	} else {
		judge_failure(calls, call, code, &reply);
	}
	call->result.outcome = reply.outcome;
	bill(calls, call, &reply.usage, perhaps_billed);
	*ret_pause_ms = 0;
	if (!may_retry(calls, call, &reply)) {
		return false;
	}
	*ret_pause_ms = pause_of(call, &reply);
	return true;
}
