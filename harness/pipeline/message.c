#include "harness/pipeline/message.h"

#include "harness/base/text.h"
#include "harness/codec/content.h"

#include <stdio.h>

enum { EXCHANGE_ID_SIZE = 16, CANONICAL_MAX = 128 * 1024 * 1024 };

static void malformed(struct message *message, const struct error *why)
{
	message->malformed = true;
	snprintf(message->reason, sizeof(message->reason), "%s", why->message);
}

/* The first 16 bytes of the digest over the pieces. */
static void short_digest(const struct span *pieces, size_t count, uint8_t target[EXCHANGE_ID_SIZE])
{
	uint8_t digest[SHA256_SIZE];
	hash_sha256_pieces(pieces, count, digest);
	memcpy(target, digest, EXCHANGE_ID_SIZE);
}

enum legacy_outcome message_legacy_outcome(const struct spool_exchange *captured)
{
	bool is_known = captured->legacy_outcome >= 0 && captured->legacy_outcome < LEGACY_OUTCOME_COUNT;
	if (is_known && !(captured->is_outcome && captured->legacy_outcome == LEGACY_AWAITED)) {
		return (enum legacy_outcome)captured->legacy_outcome;
	}
	int32_t status = captured->legacy_status;
	return status == 0 || (status >= 200 && status < 300) ? LEGACY_OK : LEGACY_FAILED;
}

bool message_parse(struct span body, struct arena *arena, const struct json_node **ret_root, struct error *why)
{
	struct error fault = ERROR_INIT;
	if (json_parse(arena, body, NULL, ret_root, &fault)) {
		return true;
	}
	return error_set(why, fault.code, "the message is not JSON: %s", fault.message);
}

bool message_check_identity(const struct contract *contract, const struct json_node *root, struct error *why)
{
	for (size_t i = 0; i < contract->message_id_count; i++) {
		const struct json_node *value = select_get(&contract->message_id[i], root);
		if (value == NULL || json_is(value, JSON_NULL)) {
			return error_set(why, ERROR_FORMAT, "the message has no value at message.id[%zu]", i);
		}
	}
	return true;
}

/* The identity's values as canonical JSON, one after the other; false where one is absent. */
static bool write_identity(const struct contract *contract, const struct json_node *root, struct buffer *target,
			   struct error *why)
{
	if (!message_check_identity(contract, root, why)) {
		return false;
	}
	for (size_t i = 0; i < contract->message_id_count; i++) {
		json_write_canonical(target, select_get(&contract->message_id[i], root));
		buffer_append_byte(target, '\n');
	}
	return buffer_ok(target, "the message identity", why);
}

/* A malformed message is known by its bytes, one without identity by its place in the stream. */
static void identify_by_bytes(struct message *message, struct span interface)
{
	const struct span pieces[] = {interface, SPAN("malformed"), message->body};
	short_digest(pieces, 3, message->row.exchange_id);
	message->row.has_identity = false;
}

void message_identity(const char *interface, struct span values, uint8_t ret_identity[16])
{
	const struct span pieces[] = {span_of(interface), values};
	short_digest(pieces, 2, ret_identity);
}

/* Without an identity in the message its sender's mark of the delivery is one, whatever the content. */
static void identify_by_mark(struct message *message, struct span interface, struct span mark)
{
	const struct span pieces[] = {interface, SPAN("idempotency key"), mark};
	short_digest(pieces, 3, message->row.exchange_id);
	short_digest(pieces, 3, message->row.identity);
	message->row.has_identity = true;
}

static bool identify(struct message *message, const struct contract *contract, const char *stream,
		     const struct spool_exchange *captured, struct error *why)
{
	struct span interface = span_of(contract->interface);
	CLEANUP_BUFFER struct buffer content = BUFFER_INIT(CANONICAL_MAX);
	json_write_canonical(&content, message->root);
	if (!buffer_ok(&content, "the message", why)) {
		return false;
	}
	if (contract->message_id_count == 0 && captured->idempotency_key.length > 0) {
		identify_by_mark(message, interface, captured->idempotency_key);
		return true;
	}
	if (contract->message_id_count == 0) {
		char place[96];
		snprintf(place, sizeof(place), "%s %llu", stream, (unsigned long long)captured->sequence);
		const struct span pieces[] = {interface, span_of(place), buffer_span(&content)};
		short_digest(pieces, 3, message->row.exchange_id);
		message->row.has_identity = false;
		return true;
	}
	CLEANUP_BUFFER struct buffer identity = BUFFER_INIT(CANONICAL_MAX);
	if (!write_identity(contract, message->root, &identity, why)) {
		return false;
	}
	const struct span pieces[] = {interface, buffer_span(&identity), buffer_span(&content)};
	message_identity(contract->interface, buffer_span(&identity), message->row.identity);
	short_digest(pieces, 3, message->row.exchange_id);
	message->row.has_identity = true;
	return true;
}

/* How it deviates is kept whatever is done about it; with `dead_letter` it is a failure. */
static bool check_schema(struct message *message, const struct contract *contract, struct arena *arena,
			 struct error *why)
{
	if (contract->request_schema == NULL) {
		return true;
	}
	struct schema_report report;
	schema_report_init(&report, arena, 1);
	if (schema_validate(contract->request_schema, message->root, &report)) {
		return true;
	}
	message->deviates = true;
	error_set(why, ERROR_FORMAT, "the message deviates from its schema at \"%s\": %s",
		  report.count > 0 ? report.list[0].instance : "",
		  report.count > 0 ? report.list[0].sentence : "no room to say how");
	snprintf(message->reason, sizeof(message->reason), "%s", why->message);
	return contract->input_invalid != INPUT_DEAD_LETTER;
}

static bool decode(struct message *message, const struct contract *contract, const struct spool_exchange *captured,
		   struct arena *arena, struct error *why)
{
	if (!content_decode(captured->request_head, captured->request_body, MESSAGE_BODY_MAX, arena, &message->body,
			    why)) {
		return false;
	}
	if (!message_parse(message->body, arena, &message->root, why)) {
		return false;
	}
	return check_schema(message, contract, arena, why);
}

static void read_times(struct message *message, const struct contract *contract, const struct zone *zone,
		       const struct spool_exchange *captured)
{
	message->row.captured_at = captured->captured_at;
	message->row.event_time = captured->captured_at;
	if (contract->has_event_time && message->root != NULL) {
		int64_t time = 0;
		if (clock_parse(json_text(select_get(&contract->event_time, message->root)), &time)) {
			message->row.event_time = time;
		}
	}
	message->row.week = clock_week(message->row.event_time, zone);
}

/* That we cannot read a reply says nothing about the legacy path: the message is set aside, not counted against it. */
static bool decode_reply(struct message *message, const struct spool_exchange *captured, struct arena *arena,
			 struct error *err)
{
	struct error why = ERROR_INIT;
	if (content_decode(captured->reply_head, captured->reply_body, MESSAGE_BODY_MAX, arena, &message->reply,
			   &why)) {
		return true;
	}
	if (why.code == ERROR_MEMORY) {
		*err = why;
		return false;
	}
	message->reply = captured->reply_body;
	if (!message->malformed) {
		message->malformed = true;
		snprintf(message->reason, sizeof(message->reason), "the legacy reply: %s", why.message);
	}
	return true;
}

bool message_read(const struct contract *contract, const struct zone *zone, const char *stream,
		  const struct spool_exchange *captured, struct arena *arena, struct message *ret_message,
		  struct error *err)
{
	struct message message = {.body = captured->request_body, .reply = captured->reply_body};
	struct error why = ERROR_INIT;
	if (!decode(&message, contract, captured, arena, &why) ||
	    !identify(&message, contract, stream, captured, &why)) {
		if (why.code == ERROR_MEMORY) {
			*err = why;
			return false;
		}
		message.unreadable = !message.deviates;
		malformed(&message, &why);
		identify_by_bytes(&message, span_of(contract->interface));
	}
	message.row.legacy_outcome = message_legacy_outcome(captured);
	if (!decode_reply(&message, captured, arena, err)) {
		return false;
	}
	read_times(&message, contract, zone, captured);
	message.row.test =
		!contract->production || (contract->has_test_mark && message.root != NULL &&
					  json_is(select_get(&contract->test_mark, message.root), JSON_TRUE));
	message.row.legacy_status = captured->legacy_status;
	message.row.legacy_latency_us = captured->legacy_latency_us;
	message.row.request = message.body;
	message.row.reply = message.reply;
	*ret_message = message;
	return true;
}
