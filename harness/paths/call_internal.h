/* Layer 2, private to the files of calls. */
#ifndef UNDERSTUDY_PATHS_CALL_INTERNAL_H
#define UNDERSTUDY_PATHS_CALL_INTERNAL_H

#include "harness/paths/call.h"

#include <curl/curl.h>

enum {
	CALL_REPLY_MAX = 16 * 1024 * 1024,
	CALL_ARENA_MAX = 512 * 1024 * 1024,
	CALL_CONNECT_MS = 10000,
	CALL_PAUSE_MS = 250,       /* before the first retry, doubled for each further one */
	CALL_PAUSE_MAX_MS = 30000, /* also for Retry-After */
};

enum call_state {
	CALL_FREE,
	CALL_RUNNING,
	CALL_PAUSED,   /* a retry is due at `due` */
	CALL_FINISHED, /* in the queue of finished calls */
	CALL_TAKEN,    /* its result is in the caller's hands */
};

struct call {
	enum call_state state;
	CURL *easy; /* kept between calls */
	struct curl_slist *headers;
	struct arena request_arena; /* request and prompt, as long as the call */
	struct arena reply_arena;   /* what the last attempt brought */
	struct span prompt;
	struct provider_request request;
	struct buffer body; /* of the reply */
	bool body_too_long;
	int64_t started; /* clock_monotonic */
	int64_t due;     /* clock_monotonic */
	uint64_t random; /* state of the jitter */
	struct call_result result;
	struct call *next; /* in the queue of finished calls */
};

struct calls {
	const struct contract *contract;
	const struct contract_candidate *candidate;
	const struct provider *provider;
	CURLM *multi;
	int epoll;            /* watches the sockets of `multi` */
	int64_t timer;        /* clock_monotonic at which curl wants to be called; INT64_MAX: never */
	bool failed;          /* watching a socket failed */
	struct call *list;    /* `count` slots */
	size_t count;         /* candidate->concurrency */
	struct call *taken;   /* the result last given out */
	struct call *first;   /* finished, oldest first */
	struct call **behind; /* where the next finished one is linked */
	size_t open;
	size_t finished;
};

/* --- call_attempt.c: one attempt --- */

/* Prepares call->easy for the call's request. */
MUST_CHECK bool attempt_prepare(const struct calls *calls, struct call *call, struct error *err);
/* Reads what the attempt brought into call->result, and bills it. Returns true where another attempt should follow
 * after *ret_pause_ms. */
bool attempt_judge(const struct calls *calls, struct call *call, CURLcode code, int64_t *ret_pause_ms);

/* --- call_detail.c --- */

/* One sentence on a failure. The provider's own message is part of it only where it repeats neither the key nor the
 * prompt. In the arena. */
struct span call_detail(const struct call *call, const char *key, int status, const struct provider_reply *reply,
			struct arena *arena);

#endif
