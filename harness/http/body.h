/* Layer 1. Where a message's body ends (RFC 9112 sections 6 and 7). A body passes unchanged, chunk by chunk as it was
 * sent; this module watches it go by, finds its end, and shows the payload inside (chunks joined, trailers left out).
 * Holds no bytes: state of a few words, any split of the input gives the same result. */
#ifndef UNDERSTUDY_HTTP_BODY_H
#define UNDERSTUDY_HTTP_BODY_H

#include "harness/http/head.h"

enum http_framing {
	HTTP_NO_BODY,
	HTTP_LENGTH,
	HTTP_CHUNKED,
	HTTP_UNTIL_CLOSE, /* ends with the connection */
};

struct http_body {
	enum http_framing framing;
	int state;          /* of the chunk reader */
	uint64_t remaining; /* payload bytes of the message or the chunk still to come */
	uint32_t line;      /* bytes of the current chunk-size line, or of all trailers */
	bool ended;
};

enum http_step {
	HTTP_MORE, /* the bytes given are used up, or a piece of payload was found: call again with the rest */
	HTTP_END,  /* the body ends behind the bytes used */
	HTTP_BAD,  /* malformed chunks */
};

struct http_body http_body_of_request(const struct http_head *head);
/* Statuses 1xx, 204 and 304 and replies to HEAD have no body, whatever their fields say. */
struct http_body http_body_of_reply(const struct http_head *head, bool to_head_request);
struct http_body http_body_until_close(void);

/* Looks at the start of `bytes`. *ret_used: bytes looked at; *ret_payload: payload among them, maybe empty. */
enum http_step http_body_step(struct http_body *body, struct span bytes, size_t *ret_used, struct span *ret_payload);

#endif
