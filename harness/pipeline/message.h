/* Layer 3. From a captured message to what the store must know of it: content, identity, time. */
#ifndef UNDERSTUDY_PIPELINE_MESSAGE_H
#define UNDERSTUDY_PIPELINE_MESSAGE_H

#include "harness/contract/contract.h"
#include "harness/spool/record.h"
#include "harness/store/ingest.h"

enum { MESSAGE_BODY_MAX = 64 * 1024 * 1024 };

struct message {
	const struct json_node *root; /* the decoded message; NULL where it could not be decoded */
	struct span body;             /* without content coding */
	struct span reply;            /* the legacy reply's body, without content coding */
	bool malformed;               /* a dead letter; `reason` says why */
	bool unreadable;              /* malformed for another reason than its schema or the legacy reply */
	bool deviates;                /* from the request schema, whatever is done about it; `reason` says how */
	char reason[560];
	struct store_exchange row; /* everything but interface_id */
};

/* Reads one captured exchange by its contract. Never fails on outside bytes: what cannot be decoded or identified is
 * malformed, with an identity of its own made from its bytes, so that it is stored once; so is one that deviates from
 * the request schema where the contract says `input.invalid: dead_letter`, and, under its own identity, a message whose
 * legacy reply has a content coding that cannot be undone. `stream` and the sequence make each delivery unique where
 * the contract says `id: none` and its sender gave no idempotency key. Everything lives in the arena or borrows the
 * capture.
 */
MUST_CHECK bool message_read(const struct contract *contract, const struct zone *zone, const char *stream,
			     const struct spool_exchange *captured, struct arena *arena, struct message *ret_message,
			     struct error *err);

/* What the legacy path's answer amounts to: as its sender says, else by the status. Of a late answer never awaited. */
enum legacy_outcome message_legacy_outcome(const struct spool_exchange *captured);

/* The decoded body as JSON, in the arena. False, with the sentence of a dead letter, where it is none. */
MUST_CHECK bool message_parse(struct span body, struct arena *arena, const struct json_node **ret_root,
			      struct error *why);
/* The same where a value of the message's identity is absent. */
MUST_CHECK bool message_check_identity(const struct contract *contract, const struct json_node *root,
				       struct error *why);

/* The identity that the store keeps, of the values at message.id, given as canonical JSON with a line feed behind each.
 */
void message_identity(const char *interface, struct span values, uint8_t ret_identity[16]);

#endif
