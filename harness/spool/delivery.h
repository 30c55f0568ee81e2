/* Layer 2. One JSON object as a record of the spool: what is posted to the ingest listener, and the lines that
 * `understudy replay` reads. Reads bytes, touches nothing else. The names stand here alone.
 *
 * An exchange:
 *   "interface"          its name
 *   "message"            any JSON value but null; its text is kept as sent. Or
 *   "message_base64"     other bytes, RFC 4648 section 4
 *   "captured_at"        RFC 3339; absent: now
 *   "legacy"             the legacy path's reply, any JSON value but null
 *   "legacy_status"      its HTTP status, 100 to 599
 *   "legacy_outcome"     ok, failed, parked, repaired, manual; absent: read off the status
 *   "legacy_latency_ms"  or "legacy_latency_us"
 *   "llm"                a recorded reply of the LLM path: the content of a string, the text of any other value
 *   "correlation_key", "idempotency_key"   text, or a number, whose digits are taken
 *   "headers"            {"Name": "value"}; without a Content-Type the message's default is added
 *   "target"             the request target it came to; absent: the one it was posted to
 * Without "legacy", "legacy_status" and "legacy_outcome" the legacy answer is awaited.
 *
 * A late legacy answer:
 *   "interface"; "key": the correlation key or the message's identity, as above; "idempotency_key"
 *   "legacy", "status", "outcome"   at least one of them
 *   "answered_at"                   RFC 3339
 *
 * null is the same as absent. Of duplicate names the last counts. Any other name is an error: a misspelt key would be
 * lost without a word. */
#ifndef UNDERSTUDY_SPOOL_DELIVERY_H
#define UNDERSTUDY_SPOOL_DELIVERY_H

#include "harness/base/arena.h"
#include "harness/base/json.h"
#include "harness/spool/record.h"

enum {
	DELIVERY_KEY_MAX = 512,    /* bytes of a correlation or idempotency key */
	DELIVERY_HEAD_MAX = 65536, /* bytes of all header fields together */
};

/* What holds where the object does not say it: interface (may be empty), captured_at, target, idempotency key. */
struct delivery_defaults {
	bool is_outcome;
	struct span interface;
	int64_t captured_at;
	struct span target;
	struct span idempotency_key;
};

/* Spans of the record point into `line`, the defaults and the arena. ERROR_FORMAT says what is wrong with the line,
 * ERROR_LIMIT and ERROR_MEMORY that it does not fit. The interface is not looked up. */
MUST_CHECK bool delivery_read(struct span line, const struct delivery_defaults *defaults, struct arena *arena,
			      struct spool_exchange *ret_exchange, struct error *err);
/* The same of a line that is parsed already: `root` is its object. */
MUST_CHECK bool delivery_read_object(struct span line, const struct json_node *root,
				     const struct delivery_defaults *defaults, struct arena *arena,
				     struct spool_exchange *ret_exchange, struct error *err);

/* In a file, an object may as well be the message itself. It is an exchange if it has "message", an object, or
 * "message_base64", and no name but those above. UNCLEAR, with an error that says what to write: it has one of them and
 * others, too, or a name that is nearly one, so that a misspelt name would make something else of it without a word. */
enum delivery_shape { DELIVERY_IS_EXCHANGE, DELIVERY_IS_MESSAGE, DELIVERY_IS_UNCLEAR };
enum delivery_shape delivery_shape_of(const struct json_node *root, struct error *err);

#endif
