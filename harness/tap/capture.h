/* Layer 3. The copy of one exchange, taken while its bytes go by. Bounded: past the limit, or without memory, the copy
 * is void with its reason, the memory is given back and the bytes flow on. A record is whole or it is not written.
 *
 * Every exchange that capture_begin counted as seen ends in exactly one of commit and drop. No call here can fail the
 * exchange itself. */
#ifndef UNDERSTUDY_TAP_CAPTURE_H
#define UNDERSTUDY_TAP_CAPTURE_H

#include "harness/http/head.h"
#include "harness/spool/ring.h"
#include "harness/tap/pressure.h"

struct capture {
	struct ring *ring; /* borrowed while active */
	int account;
	bool active; /* counted as in flight */
	bool is_void;
	size_t limit;
	size_t used;
	struct buffer request; /* method, target, fields, body */
	struct buffer reply;   /* fields, body */
	size_t method_length;
	size_t target_length;
	size_t request_fields;
	size_t reply_fields;
	int status;
};

void capture_init(struct capture *capture);
void capture_finish(struct capture *capture);
/* Before capture_begin, for every route but ingest. False while capture is reduced and this exchange is not in the
 * share: then it has been counted as seen and dropped, DROP_CAPTURE_REDUCED, and nothing of it is copied. `floor` as
 * tap_route.capture_floor, `now` monotonic. */
bool capture_admit(struct pressure *pressure, struct ring *ring, int account, int floor, const struct http_head *head,
		   int64_t now);
/* Looks how full the ring is, and says in the ring where capture begins or ends to be reduced. */
void capture_note_pressure(struct pressure *pressure, struct ring *ring, int64_t now);
/* Counts the exchange as seen and copies the request's head. */
void capture_begin(struct capture *capture, struct ring *ring, int account, size_t limit, const struct http_head *head);
void capture_request_body(struct capture *capture, struct span payload);
void capture_reply_head(struct capture *capture, const struct http_head *head);
void capture_reply_body(struct capture *capture, struct span payload);
/* Both do nothing where no capture is active. Latency in microseconds, -1: unknown. `legacy_outcome`: as in record.h.
 */
void capture_commit(struct capture *capture, struct span interface, int64_t captured_at, int64_t latency,
		    int32_t legacy_outcome);
/* A copy that was void before is counted under its first cause. */
void capture_drop(struct capture *capture, enum drop_reason reason);

#endif
