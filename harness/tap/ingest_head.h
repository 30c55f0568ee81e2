/* Layer 3, inside harness/tap only. What the head of a request to the ingest listener says, and whether it is refused
 * for that: path and method, token (RFC 6750), media type and content coding (RFC 9110 section 8), Idempotency-Key
 * (draft-ietf-httpapi-idempotency-key-header), interface, announced length. A pure function. */
#ifndef UNDERSTUDY_TAP_INGEST_HEAD_H
#define UNDERSTUDY_TAP_INGEST_HEAD_H

#include "harness/http/head.h"
#include "harness/tap/tap.h"

enum {
	INGEST_BODY_MAX = 16 * 1024 * 1024,
	INGEST_KEY_MAX = 255, /* of the Idempotency-Key field; ":LINE" may come behind it */
};

enum ingest_operation { POST_EXCHANGES, POST_OUTCOMES, GET_DOCUMENT, GET_HEALTH };

struct ingest_refusal {
	int status;         /* 0: none */
	const char *fields; /* header fields of the answer, with their ends; static */
	const char *text;   /* "what is wrong; what to do"; static */
};

struct ingest_head {
	enum ingest_operation operation;
	struct ingest_refusal refusal;
	bool is_lines;                      /* NDJSON */
	char interface[SPOOL_NAME_MAX + 1]; /* of ?interface=NAME, or the only one there is; "" where neither is */
	char key[INGEST_KEY_MAX + 1];       /* "" where there is none */
};

/* `token`: the one to be shown, NULL: none is asked for. */
struct ingest_head ingest_head_read(const struct http_head *head, const struct tap_config *config, const char *token);

static inline bool ingest_head_is_post(const struct ingest_head *head)
{
	return head->operation == POST_EXCHANGES || head->operation == POST_OUTCOMES;
}

#endif
