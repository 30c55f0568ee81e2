/* Layer 3. One HTTP/1.x message as a recording keeps it: head and body in one piece, chunks as they were sent. */
#ifndef UNDERSTUDY_PIPELINE_RECORDING_HTTP_H
#define UNDERSTUDY_PIPELINE_RECORDING_HTTP_H

#include "harness/base/arena.h"
#include "harness/http/body.h"

/* Spans point into the bytes read, or lie in the arena. */
struct recorded_message {
	struct span method; /* requests */
	struct span target; /* requests */
	int status;         /* replies */
	struct span fields; /* header lines, CRLF after each */
	struct span body;   /* chunks joined; a content coding is kept */
	const char *detail; /* what is wrong, where something is; static storage */
};

/* -1: a whole message; else the enum replay_skip: cut (bytes of the head or of the body that the head announces are
 * missing), malformed, or too large (the arena is full). Line ends behind the message are passed over; anything else
 * there is malformed. The method and target are given as far as the head could be read. */
int recorded_message_read_request(struct span bytes, struct arena *arena, struct recorded_message *ret_message);
/* Interim replies (1xx but 101) before the final one are passed over; where there is nothing else, *ret_message has
 * status 0. `to_head`: the request's method is HEAD. A body that only the connection's end ends is all that follows. */
int recorded_message_read_reply(struct span bytes, bool to_head, struct arena *arena,
				struct recorded_message *ret_message);

/* Follows a request or reply as more of its bytes are known, to tell where it ends. Begin with zeros. */
struct recorded_framing {
	struct http_body body;
	size_t scanned;  /* of the search for the head's end */
	size_t position; /* looked at so far */
	bool has_head;
	bool lost; /* what stands there is no message */
	bool ended;
};
/* Does the message that begins `bytes` end exactly where they end? `bytes` only grows from call to call, or the answer
 * stays false. */
bool recorded_framing_ends(struct recorded_framing *framing, bool is_reply, struct span bytes);

#endif
