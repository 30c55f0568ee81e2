/* Layer 2. Many calls at once through one libcurl multi handle: deadlines, retries with back-off, and their cost.
 *
 * A call is one exchange's question to one candidate. It ends exactly once, with a result, however the network behaves:
 * each attempt is limited by the candidate's timeout_ms; a retryable failure (408, 409, 429, 5xx, no connection, broken
 * off, no reply in time) is tried again up to `retries` times, after Retry-After where given (at most 30 s), else after
 * 0.25 s * 2^k with full jitter seeded by the call's id. Every attempt is billed: at the tokens that the provider
 * names; where none are named though the provider may have worked (broken off, out of time, a good status without
 * usage), at the estimate; not at all where nothing was sent or the status is an error.
 *
 * Redirects are not followed, no proxy is used, certificates are checked, and a reply may have 16 MiB. */
#ifndef UNDERSTUDY_PATHS_CALL_H
#define UNDERSTUDY_PATHS_CALL_H

#include "harness/paths/provider.h"

struct call_result {
	int64_t exchange; /* as given to calls_start */
	enum outcome outcome;
	struct span text; /* valid until calls_next is called again */
	struct span model;
	struct span detail;       /* one sentence on a failure, without the key and without text of the prompt */
	struct token_usage usage; /* summed over the attempts; known: it is so for all that were billed */
	int64_t cost_nano;        /* summed over the attempts */
	int64_t estimate;         /* as given to calls_start */
	int64_t latency_us;       /* from start to end, waits included; until calls_perform saw the end */
	int attempts;
};

struct calls;
/* One for each candidate. Borrows both. */
struct calls *calls_create(const struct contract *contract, const struct contract_candidate *candidate,
			   struct error *err);
void calls_destroy(struct calls *calls); /* open calls are dropped; accepts NULL */
/* Room for another call? At most candidate->concurrency are open, finished and not yet taken, or in use as the result
 * last taken. */
bool calls_has_room(const struct calls *calls);
size_t calls_open(const struct calls *calls); /* started and not finished, those waiting for a retry included */
/* Needs room. The prompt is copied. `estimate`: what one attempt may cost; no retry is made once the cost so far and
 * another estimate pass the contract's limit per transaction. */
MUST_CHECK bool calls_start(struct calls *calls, int64_t exchange, struct span prompt, int64_t estimate,
			    struct error *err);
/* Makes progress without blocking. */
MUST_CHECK bool calls_perform(struct calls *calls, struct error *err);
size_t calls_finished(const struct calls *calls); /* waiting to be taken by calls_next */
/* The next finished call; false: none now. */
bool calls_next(struct calls *calls, struct call_result *ret_result);
/* Waits for network activity of any of them, at most `timeout_ms`, less where a retry is due; returns at once where a
 * finished call waits to be taken. Does no work itself: calls_perform follows. */
MUST_CHECK bool calls_wait(struct calls *const *all, size_t count, int timeout_ms, struct error *err);

/* Tokens at the contract's prices, in nano-units, each product rounded half up. */
int64_t price_of(const struct contract_price *price, const struct token_usage *usage);

#endif
