/* Layer 2. The one record format of ring and segment files: a captured exchange, a late legacy answer, or a snapshot of
 * the accounts.
 * docs/spool.md has every byte. All integers little-endian; a frame is length, CRC32C, type, then the payload. */
#ifndef UNDERSTUDY_SPOOL_RECORD_H
#define UNDERSTUDY_SPOOL_RECORD_H

#include "harness/base/bytes.h"
#include "harness/base/vocabulary.h"

enum {
	SPOOL_NAME_MAX = 63,                 /* bytes of an interface's or stream's name */
	SPOOL_FRAME_ALIGNMENT = 8,           /* every frame is padded with zeros to a multiple of this */
	SPOOL_FRAME_HEAD = 16,               /* length, CRC32C, type, flags, reserved */
	SPOOL_FRAME_MAX = 256 * 1024 * 1024, /* bytes of the largest frame */
};

enum spool_record_type {
	SPOOL_EXCHANGE, /* a message, with the legacy path's reply unless that is awaited */
	SPOOL_ACCOUNTS, /* running counts of one interface, as the tap knew them at that moment */
	SPOOL_OUTCOME,  /* a legacy answer that came later than its message */
};

/* A message as it travelled, with the legacy path's reply; or (is_outcome) a late legacy answer alone, which has a
 * correlation key and no message. Both are numbered in one sequence and counted in one account. Spans are borrowed.
 * Bodies are without transfer coding (chunks joined); a content coding such as gzip is kept as it was. */
struct spool_exchange {
	bool is_outcome;
	uint64_t sequence;         /* from 1, without gaps, in the ring and in the stream; set by whoever appends */
	struct span interface;     /* 1 to SPOOL_NAME_MAX bytes */
	int64_t captured_at;       /* UTC us: first byte of the message (of the answer, if is_outcome) read */
	int64_t answered_at;       /* UTC us: when the legacy answer was made, as its sender says; 0: not said */
	int64_t legacy_latency_us; /* last byte of the message sent to the legacy system to last byte of its reply; -1
				      unknown */
	int32_t legacy_status;     /* HTTP status; 0 where the legacy answer is not an HTTP reply */
	int32_t legacy_outcome; /* enum legacy_outcome (LEGACY_AWAITED: no reply yet), or -1: to be read off the status
				 */
	struct span method;
	struct span target;       /* request target as sent */
	struct span request_head; /* header fields as sent, CRLF after each, without the start line; may be empty */
	struct span request_body;
	struct span reply_head; /* as request_head */
	struct span reply_body;
	struct span candidate_reply; /* replay only: a recorded reply of the LLM path; empty otherwise */
	struct span
		correlation_key; /* joins a late answer and its message; empty: taken from the message by its contract
				  */
	struct span idempotency_key; /* the sender's own mark of one delivery, however often repeated; empty: none */
};

/* Counts of deliveries, exchanges and late answers alike, since the ring was made, each counted where it happens: seen
 * = committed + dropped + in flight, always. A ring lives in memory, so a reboot makes a new one with a new origin
 * whose counts begin at 0: the ledger of an interface is the sum of the last accounts of each origin. In a stream the
 * record stands behind exactly the deliveries that it counts as committed. */
struct spool_accounts {
	struct span interface;
	uint64_t origin; /* identifies the ring; random, fits an int64_t, never 0 */
	int64_t at;      /* UTC us */
	uint64_t seen;
	uint64_t committed;
	uint64_t in_flight;
	uint64_t dropped[DROP_REASON_COUNT];
};

/* Bytes of the whole frame. The caller checks it against SPOOL_FRAME_MAX and the interface's name against
 * SPOOL_NAME_MAX before it encodes. */
size_t spool_exchange_size(const struct spool_exchange *exchange);
size_t spool_accounts_size(const struct spool_accounts *accounts);
/* Write the frame; `target` has that many bytes. */
void spool_exchange_encode(const struct spool_exchange *exchange, char *target);
void spool_accounts_encode(const struct spool_accounts *accounts, char *target);

struct spool_record {
	enum spool_record_type type;
	union {
		struct spool_exchange exchange; /* also of SPOOL_OUTCOME */
		struct spool_accounts accounts;
	};
};

/* An exchange or a late answer: numbered, and counted in the accounts. */
static inline bool spool_is_delivery(const struct spool_record *record)
{
	return record->type != SPOOL_ACCOUNTS;
}

enum spool_decode {
	SPOOL_DECODED,
	SPOOL_INCOMPLETE, /* the bytes end inside the frame: a torn tail, or still being written */
	SPOOL_CORRUPT,    /* length, CRC or layout is wrong */
};
/* Reads the frame at the start of `bytes`; spans of ret_record point into it. *ret_size: bytes of the frame. */
enum spool_decode spool_decode(struct span bytes, struct spool_record *ret_record, size_t *ret_size);

/* What the frame at the start of `bytes` says its length is, unchecked; 0 where there are fewer than four bytes. */
size_t spool_frame_length(struct span bytes);

#endif
