/* Layer 4. The read-only pages for leads and on-call: overview, one exchange, dead letters, reports, health, metrics.
 *
 * One process, one store, opened read-only in the server's thread as soon as it exists. Everything that a page shows
 * of messages, replies and names goes through text_write_html; no page has a script.
 *
 * To add a page: write `bool page_NAME(struct page *page, struct error *err)` in harness/web/page_NAME.c, declare it in
 * harness/web/page.h, and add a row {method, pattern, handler, ...} to ROUTES in harness/web/routes.c. */
#ifndef UNDERSTUDY_WEB_WEB_H
#define UNDERSTUDY_WEB_WEB_H

#include "harness/contract/contract.h"
#include "harness/store/store.h"

/* The capture ring; all 0 where there is none. */
struct web_ring {
	uint64_t waiting; /* bytes captured and not in the spool yet */
	uint64_t capacity;
	int64_t reduced_since; /* UTC us; 0: capture is full */
};

/* Everything is borrowed and must stay valid until web_run returns. */
struct web_config {
	const char *listen;                      /* HOST:PORT; port 0: any */
	int listen_fd;                           /* a socket that listens already, taken over; -1: none */
	const struct installation *installation; /* its contracts; NULL: none are known */
	const char *store;                       /* "sqlite:PATH"; need not be there yet */
	const char *reports;      /* directory served under /report/; need not be there yet; NULL: none */
	bool show_payloads;       /* messages, replies and values in the clear */
	bool allow_remote;        /* listen beyond loopback */
	const volatile int *stop; /* the server ends when this is not 0 */
	/* Called once from web_run's thread when requests are answered; NULL: nobody wants to know. */
	void (*ready)(void *context, const char *url);
	/* Exchanges that are captured and not read into the store yet, over all interfaces: a term of the first ledger
	 * that the store cannot know; and the ring. Called from the server's thread, at most once a second; NULL: not
	 * known. */
	bool (*count_in_spool)(void *context, struct store *store, uint64_t *ret_count, struct web_ring *ret_ring,
			       struct error *err);
	/* Whether the kill switch stops capture; NULL: not known. */
	bool (*capture_is_off)(void *context);
	void *context;
};

/* Serves until *stop. ERROR_CONFIG for addresses that it must not listen on, ERROR_SYSTEM where the address is taken.
 */
MUST_CHECK bool web_run(const struct web_config *config, struct error *err);

#endif
