/* Layer 3, inside harness/tap only. The ingest listener: messages and late legacy answers as JSON over HTTP, for those
 * who can send them but cannot be proxied or mirrored. assets/openapi.json, which it serves, is its whole surface.
 *
 * Accounts. Nothing is counted for what is refused by the answer: not for a line that cannot be read, and not for one
 * that found the ring full, because its sender has been told, has it still, and sends it again. A line is seen, in
 * flight and committed in one instant, when it goes into the ring, before the answer is written. So every line that
 * was answered as accepted is counted as committed, once for each time that it was sent.
 *
 * Time. A batch is taken bit by bit, INGEST_TURN bytes in a turn of the loop for all batches together, and at least
 * one line of each. Memory. One body may have INGEST_BODY_MAX bytes, all that are being posted INGEST_BODIES_MAX. */
#ifndef UNDERSTUDY_TAP_INGEST_H
#define UNDERSTUDY_TAP_INGEST_H

#include "harness/tap/ingest_head.h"
#include "harness/tap/proxy.h"

enum {
	INGEST_BODIES_MAX = 64 * 1024 * 1024,
	INGEST_TURN = 256 * 1024,
	INGEST_SHOWN_MAX = 100, /* rejected lines that an answer lists; it counts them all */
};

/* False where the exchange is answered at once: it is refused, and its client waits to be told to go on, or would send
 * more than is taken. */
bool ingest_begin(struct session *session, const struct http_head *head, bool is_waiting);
/* The next bytes of the body; may answer. */
void ingest_take(struct session *session, struct span payload);
/* The body is whole: goes on with it, and answers at its end. True where something moved. */
bool ingest_run(struct session *session);
/* Frees what the session's exchange holds here. */
void ingest_end(struct session *session);

#endif
