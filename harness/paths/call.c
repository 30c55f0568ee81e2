#include "harness/paths/call_internal.h"

#include "harness/base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS_MAX = 64, WAIT_MAX = 256 };

/* --- what curl wants watched ---
 *
 * Each `struct calls` has an epoll descriptor of its own, so that calls_wait can wait for many of them with one poll(),
 * and for no socket number is too high (curl_multi_fdset ends at 1024). */

static int watch_socket(CURL *easy, curl_socket_t socket, int what, void *target, void *unused)
{
	struct calls *calls = target;
	(void)easy;
	(void)unused;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(calls->epoll, EPOLL_CTL_DEL, socket, NULL);
		return 0;
	}
	struct epoll_event event = {.data.fd = socket};
	event.events = ((what & CURL_POLL_IN) != 0 ? (uint32_t)EPOLLIN : 0) |
		       ((what & CURL_POLL_OUT) != 0 ? (uint32_t)EPOLLOUT : 0);
	if (epoll_ctl(calls->epoll, EPOLL_CTL_MOD, socket, &event) != 0 &&
	    epoll_ctl(calls->epoll, EPOLL_CTL_ADD, socket, &event) != 0) {
		calls->failed = true;
	}
	return 0;
}

static int watch_timer(CURLM *multi, long timeout_ms, void *target)
{
	struct calls *calls = target;
	(void)multi;
	calls->timer = timeout_ms < 0 ? INT64_MAX : clock_monotonic() + timeout_ms * INT64_C(1000);
	return 0;
}

/* --- lifecycle --- */

static bool open_multi(struct calls *calls, struct error *err)
{
	calls->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (calls->epoll < 0) {
		return error_set_system(err, errno, "cannot watch the network for candidate \"%s\"",
					calls->candidate->name);
	}
	calls->multi = curl_multi_init();
	if (calls->multi == NULL ||
	    curl_multi_setopt(calls->multi, CURLMOPT_SOCKETFUNCTION, watch_socket) != CURLM_OK ||
	    curl_multi_setopt(calls->multi, CURLMOPT_SOCKETDATA, calls) != CURLM_OK ||
	    curl_multi_setopt(calls->multi, CURLMOPT_TIMERFUNCTION, watch_timer) != CURLM_OK ||
	    curl_multi_setopt(calls->multi, CURLMOPT_TIMERDATA, calls) != CURLM_OK ||
	    curl_multi_setopt(calls->multi, CURLMOPT_MAXCONNECTS, (long)calls->count) != CURLM_OK) {
		return error_set(err, ERROR_MEMORY, "cannot start the network for candidate \"%s\"",
				 calls->candidate->name);
	}
	return true;
}

struct calls *calls_create(const struct contract *contract, const struct contract_candidate *candidate,
			   struct error *err)
{
	const struct provider *provider = provider_find(candidate->provider);
	if (provider == NULL || !provider->calls) {
		error_set(err, ERROR_CONFIG, "provider \"%s\" of candidate \"%s\" makes no calls; providers are: %s",
			  candidate->provider, candidate->name, provider_names());
		return NULL;
	}
	struct calls *calls = calloc(1, sizeof(*calls));
	if (calls == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(calls);
		error_set(err, ERROR_MEMORY, "no memory for the calls of candidate \"%s\"", candidate->name);
		return NULL;
	}
	calls->contract = contract;
	calls->candidate = candidate;
	calls->provider = provider;
	calls->epoll = -1;
	calls->timer = INT64_MAX;
	calls->behind = &calls->first;
	calls->count = candidate->concurrency > 0 ? (size_t)candidate->concurrency : 1;
	calls->list = calloc(calls->count, sizeof(calls->list[0]));
	if (calls->list == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for %zu calls at once", calls->count);
		calls->count = 0;
		calls_destroy(calls);
		return NULL;
	}
	for (size_t i = 0; i < calls->count; i++) {
		arena_init(&calls->list[i].request_arena, CALL_ARENA_MAX);
		arena_init(&calls->list[i].reply_arena, CALL_ARENA_MAX);
		buffer_init(&calls->list[i].body, CALL_REPLY_MAX);
	}
	if (!open_multi(calls, err)) {
		calls_destroy(calls);
		return NULL;
	}
	return calls;
}

/* Gives the slot's memory back: a large reply must not stay for the rest of the run. */
static void release(struct call *call)
{
	arena_finish(&call->request_arena);
	arena_finish(&call->reply_arena);
	buffer_finish(&call->body);
	arena_init(&call->request_arena, CALL_ARENA_MAX);
	arena_init(&call->reply_arena, CALL_ARENA_MAX);
	buffer_init(&call->body, CALL_REPLY_MAX);
	curl_slist_free_all(call->headers);
	call->headers = NULL;
	call->state = CALL_FREE;
}

void calls_destroy(struct calls *calls)
{
	if (calls == NULL) {
		return;
	}
	for (size_t i = 0; i < calls->count; i++) {
		struct call *call = &calls->list[i];
		if (call->state == CALL_RUNNING) {
			curl_multi_remove_handle(calls->multi, call->easy);
		}
		curl_easy_cleanup(call->easy);
		release(call);
	}
	if (calls->multi != NULL) {
		curl_multi_cleanup(calls->multi);
	}
	if (calls->epoll >= 0) {
		close(calls->epoll);
	}
	free(calls->list);
	free(calls);
	curl_global_cleanup();
}

/* --- starting --- */

static struct call *find_free(const struct calls *calls)
{
	for (size_t i = 0; i < calls->count; i++) {
		if (calls->list[i].state == CALL_FREE) {
			return &calls->list[i];
		}
	}
	return NULL;
}

bool calls_has_room(const struct calls *calls)
{
	return find_free(calls) != NULL;
}

size_t calls_open(const struct calls *calls)
{
	return calls->open;
}

static bool start_attempt(struct calls *calls, struct call *call, struct error *err)
{
	if (!attempt_prepare(calls, call, err)) {
		return false;
	}
	CURLMcode code = curl_multi_add_handle(calls->multi, call->easy);
	if (code != CURLM_OK) {
		return error_set(err, ERROR_SYSTEM, "cannot start a call of candidate \"%s\": %s",
				 calls->candidate->name, curl_multi_strerror(code));
	}
	call->state = CALL_RUNNING;
	call->result.attempts++;
	return true;
}

bool calls_start(struct calls *calls, int64_t exchange, struct span prompt, int64_t estimate, struct error *err)
{
	struct call *call = find_free(calls);
	BUG_ON(call == NULL);
	char *copy = arena_copy(&call->request_arena, prompt);
	if (copy == NULL) {
		release(call);
		return error_set(err, ERROR_LIMIT, "the prompt is too long");
	}
	call->prompt = (struct span){copy, prompt.length};
	call->result = (struct call_result){.exchange = exchange, .estimate = estimate, .usage.known = true};
	call->random = (uint64_t)exchange;
	call->started = clock_monotonic();
	if (!calls->provider->build(calls->contract, calls->candidate, call->prompt, &call->request_arena,
				    &call->request, err) ||
	    !start_attempt(calls, call, err)) {
		release(call);
		return false;
	}
	calls->open++;
	return true;
}

/* --- progress --- */

static void finish(struct calls *calls, struct call *call)
{
	call->result.latency_us = clock_monotonic() - call->started;
	call->state = CALL_FINISHED;
	call->next = NULL;
	*calls->behind = call;
	calls->behind = &call->next;
	calls->finished++;
	calls->open--;
}

static void take_messages(struct calls *calls)
{
	CURLMsg *message = NULL;
	int left = 0;
	while ((message = curl_multi_info_read(calls->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE) {
			continue;
		}
		CURLcode code = message->data.result;
		CURL *easy = message->easy_handle;
		struct call *call = NULL;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call);
		BUG_ON(call == NULL);
		int64_t pause_ms = 0;
		bool again = attempt_judge(calls, call, code, &pause_ms);
		curl_multi_remove_handle(calls->multi, easy);
		if (again) {
			call->state = CALL_PAUSED;
			call->due = clock_monotonic() + pause_ms * 1000;
		} else {
			finish(calls, call);
		}
	}
}

static bool start_due(struct calls *calls, struct error *err)
{
	int64_t now = clock_monotonic();
	for (size_t i = 0; i < calls->count; i++) {
		struct call *call = &calls->list[i];
		if (call->state == CALL_PAUSED && call->due <= now && !start_attempt(calls, call, err)) {
			return false;
		}
	}
	return true;
}

/* Tells curl of every socket that is ready, and of the time. */
static CURLMcode act(struct calls *calls)
{
	struct epoll_event events[EVENTS_MAX];
	int running = 0;
	int count = epoll_wait(calls->epoll, events, EVENTS_MAX, 0);
	for (int i = 0; i < count; i++) {
		int mask = ((events[i].events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
			   ((events[i].events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
			   ((events[i].events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
		CURLMcode code = curl_multi_socket_action(calls->multi, events[i].data.fd, mask, &running);
		if (code != CURLM_OK) {
			return code;
		}
	}
	if (calls->timer <= clock_monotonic()) {
		calls->timer = INT64_MAX;
		return curl_multi_socket_action(calls->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	}
	return CURLM_OK;
}

bool calls_perform(struct calls *calls, struct error *err)
{
	if (!start_due(calls, err)) {
		return false;
	}
	CURLMcode code = act(calls);
	if (code != CURLM_OK || calls->failed) {
		calls->failed = false;
		return error_set(err, ERROR_SYSTEM, "the network library failed for candidate \"%s\": %s",
				 calls->candidate->name, curl_multi_strerror(code));
	}
	take_messages(calls);
	return true;
}

size_t calls_finished(const struct calls *calls)
{
	return calls->finished;
}

bool calls_next(struct calls *calls, struct call_result *ret_result)
{
	if (calls->taken != NULL) {
		release(calls->taken);
		calls->taken = NULL;
	}
	struct call *call = calls->first;
	if (call == NULL) {
		return false;
	}
	calls->first = call->next;
	if (calls->first == NULL) {
		calls->behind = &calls->first;
	}
	calls->finished--;
	calls->taken = call;
	call->state = CALL_TAKEN;
	*ret_result = call->result;
	return true;
}

/* --- waiting --- */

static int64_t next_due(const struct calls *calls)
{
	int64_t due = calls->timer;
	for (size_t i = 0; i < calls->count; i++) {
		if (calls->list[i].state == CALL_PAUSED && calls->list[i].due < due) {
			due = calls->list[i].due;
		}
	}
	return calls->finished > 0 ? 0 : due;
}

bool calls_wait(struct calls *const *all, size_t count, int timeout_ms, struct error *err)
{
	struct pollfd list[WAIT_MAX];
	size_t listed = 0;
	int64_t now = clock_monotonic();
	int64_t due = now + timeout_ms * INT64_C(1000);
	for (size_t i = 0; i < count; i++) {
		int64_t wanted = next_due(all[i]);
		due = wanted < due ? wanted : due;
		if (all[i]->open > 0 && listed < WAIT_MAX) {
			list[listed++] = (struct pollfd){.fd = all[i]->epoll, .events = POLLIN};
		}
	}
	int64_t wait_us = due > now ? due - now : 0;
	if (poll(list, (nfds_t)listed, (int)((wait_us + 999) / 1000)) < 0 && errno != EINTR) {
		return error_set_system(err, errno, "cannot wait for the network");
	}
	return true;
}
