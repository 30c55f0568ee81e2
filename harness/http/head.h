/* Layer 1. Heads of HTTP/1.x messages (RFC 9112 sections 2 to 6): finding their end, reading what a proxy needs, and
 * writing them on without the fields that are meant for one hop. Pure functions of bytes.
 *
 * Strict wherever two readers could disagree about where a message ends (request smuggling): both Content-Length and
 * Transfer-Encoding, differing or malformed Content-Length, any transfer coding but one "chunked", folded lines, NUL
 * or a lone CR, white space before the colon of a request's field, several Host fields. A lone LF ends a line, as RFC
 * 9112 section 2.2 allows, and is written on as CRLF. */
#ifndef UNDERSTUDY_HTTP_HEAD_H
#define UNDERSTUDY_HTTP_HEAD_H

#include "harness/base/bytes.h"

enum {
	HTTP_HEAD_MAX = 65536,
	HTTP_NOMINATED_MAX =
		8, /* fields that Connection may name; more are refused: each is compared with every field */
};

/* Why a message is refused. `text` has static storage. */
struct http_fault {
	int status; /* to answer the client with: 400, 431, 501, 505; 502 for every faulty reply */
	const char *text;
};

/* All spans point into the head's bytes. */
struct http_head {
	struct span line;   /* start line without its end */
	struct span fields; /* field lines with their ends, without the empty line */
	struct span method; /* requests */
	struct span target; /* requests */
	int status;         /* replies; 0 in requests */
	int minor;          /* 0 or 1, of HTTP/1.minor */
	uint64_t length;    /* where has_length */
	bool has_length;
	bool chunked;
	bool close;     /* Connection: close */
	bool websocket; /* Connection: upgrade with Upgrade: websocket */
	struct span nominated[HTTP_NOMINATED_MAX];
	size_t nominated_count;
	bool same_again; /* Content-Length came twice, with one value */
};

struct http_field {
	struct span name;
	struct span value; /* without the white space around it */
	struct span line;  /* both with what stands between, without the line's end */
};

/* Length of the head at the start of `bytes` with its empty line; 0: not complete. *scanned remembers across calls,
 * as bytes are added, how far the search came; start it at 0. */
size_t http_head_find_end(struct span bytes, size_t *scanned);
/* False as soon as the first bytes cannot be a request: no method stands there. */
bool http_head_may_be_request(struct span bytes);
/* `text`: a whole head as http_head_find_end found it. */
MUST_CHECK bool http_head_parse_request(struct span text, struct http_head *ret_head, struct http_fault *ret_fault);
MUST_CHECK bool http_head_parse_reply(struct span text, struct http_head *ret_head, struct http_fault *ret_fault);

/* Takes the first field off *rest (a head's `fields`); false at the end. */
bool http_head_next_field(struct span *rest, struct http_field *ret_field);
/* The path of a request target: without query, without scheme and authority of an absolute one. */
struct span http_target_path(struct span target);

/* What the next hop is told of a request's sender. There is no standard for these fields; this is what proxies do. */
struct http_forwarded {
	struct span address; /* of the client, as numbers; IPv6 without brackets */
	bool https;
};

struct http_rewrite {
	bool add_close;    /* add "Connection: close" */
	bool keep_upgrade; /* pass Upgrade on, with "Connection: upgrade" */
	/* NULL: nothing. Requests: the address is appended to what all X-Forwarded-For fields said, as one field behind
	 * all others; X-Forwarded-Proto, and X-Forwarded-Host from Host, are added where there is none. What Connection
	 * names is no part of that: a client cannot have fields taken away by naming them. */
	const struct http_forwarded *forwarded;
};
/* Appends the head as it goes to the next hop: order, case and duplicates kept; Connection and what it names,
 * Keep-Alive, Proxy-Connection, TE and Upgrade left out (RFC 9110 section 7.6.1). Transfer-Encoding stays, because
 * bodies pass unchanged. Replies are given our own version, HTTP/1.1; a request of HTTP/1.0 keeps its, so that the
 * legacy system does not answer with chunks. */
void http_head_write(const struct http_head *head, struct http_rewrite rewrite, struct buffer *target);
/* Appends the field lines as sent, each ended by CRLF. */
void http_head_write_fields(const struct http_head *head, struct buffer *target);

#endif
