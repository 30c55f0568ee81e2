#include "harness/tap/ingest.h"

#include "harness/base/json.h"
#include "harness/base/text.h"
#include "harness/spool/delivery.h"
#include "harness/tap/batch.h"

#include <stdlib.h>

enum {
	ANSWER_MAX = 128 * 1024,                 /* INGEST_SHOWN_MAX errors of 512 bytes, escaped */
	ARENA_MAX = 13 * INGEST_BODY_MAX,        /* json.h: at most 12 bytes per byte of source, and the strings */
	CAPTURE_DEFAULT = 1024 * 1024,           /* as tap.h says */
	LINE_ROOM = DELIVERY_HEAD_MAX + 4 * 1024 /* of a line, for what is neither message nor reply */
};

extern const char asset_openapi_json[];
extern const size_t asset_openapi_json_size;

struct ingest {
	struct ingest_head head;
	struct buffer body;
	size_t received; /* bytes of the body, kept or not */
	struct batch batch;
	bool is_begun; /* `batch` is in use */
	size_t accepted;
	size_t rejected;
	struct buffer rejections; /* JSON, the items of "rejected" */
};

/* --- answers --- */

/* {"accepted": 2, "rejected_count": 1, "rejected": [{"line": 3, "error": "..."}], "error": "...", "retry_from": 4} */
static void answer(struct session *session, int status, const char *fields, const char *error, size_t retry_from)
{
	struct ingest *ingest = session->ingest;
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(ANSWER_MAX);
	buffer_append_format(&text, "{\"accepted\":%zu,\"rejected_count\":%zu,\"rejected\":[", ingest->accepted,
			     ingest->rejected);
	buffer_append_span(&text, buffer_span(&ingest->rejections));
	buffer_append_byte(&text, ']');
	if (error != NULL) {
		buffer_append_text(&text, ",\"error\":");
		json_write_string(&text, span_of(error));
	}
	if (retry_from > 0) {
		buffer_append_format(&text, ",\"retry_from\":%zu", retry_from);
	}
	buffer_append_text(&text, "}\n");
	receive_answer(session, status, fields, buffer_span(&text));
	ingest_end(session);
}

static void answer_refusal(struct session *session)
{
	struct ingest_refusal refusal = session->ingest->head.refusal;
	answer(session, refusal.status, refusal.fields, refusal.text, 0);
}

static void answer_get(struct session *session)
{
	bool is_health = session->ingest->head.operation == GET_HEALTH;
	receive_answer(session, 200, "",
		       is_health ? SPAN("{\"status\":\"ok\"}\n")
				 : (struct span){asset_openapi_json, asset_openapi_json_size});
	ingest_end(session);
}

static void answer_batch(struct session *session)
{
	const struct ingest *ingest = session->ingest;
	if (ingest->accepted == 0 && ingest->rejected > 0) {
		answer(session, 400, "", "nothing could be taken; mend the lines that are listed and send them again",
		       0);
	} else {
		answer(session, 202, "", NULL, 0);
	}
}

/* --- the body --- */

static void refuse(struct ingest *ingest, int status, const char *fields, const char *text)
{
	if (ingest->head.refusal.status == 0) {
		ingest->head.refusal = (struct ingest_refusal){status, fields, text};
	}
}

bool ingest_begin(struct session *session, const struct http_head *head, bool is_waiting)
{
	struct ingest *ingest = calloc(1, sizeof(*ingest));
	if (ingest == NULL) {
		exchange_fail(session, 503, "out of memory", DROP_CLIENT_ABORTED);
		return false;
	}
	buffer_init(&ingest->body, INGEST_BODY_MAX);
	buffer_init(&ingest->rejections, ANSWER_MAX - 4096);
	session->ingest = ingest;
	ingest->head = ingest_head_read(head, session->tap->config, session->route->config->token);
	if (ingest_head_is_post(&ingest->head) && !tap_captures(session->tap)) {
		refuse(ingest, 503, "Retry-After: 1\r\n", "capturing is switched off; send this again later");
	}
	if (ingest->head.refusal.status != 0 && (is_waiting || ingest->head.refusal.status == 413)) {
		answer_refusal(session);
		return false;
	}
	return true;
}

/* More than is taken of anybody. */
static void end_early(struct session *session)
{
	struct ingest *ingest = session->ingest;
	session->request_whole = false; /* so that the connection ends */
	if (ingest->head.refusal.status == 0 && !ingest_head_is_post(&ingest->head)) {
		answer_get(session);
		return;
	}
	refuse(ingest, 413, "", "the body is larger than 16 MiB; send it in several requests");
	answer_refusal(session);
}

void ingest_take(struct session *session, struct span payload)
{
	struct ingest *ingest = session->ingest;
	struct tap *tap = session->tap;
	ingest->received += payload.length;
	if (ingest->received > INGEST_BODY_MAX) {
		end_early(session);
		return;
	}
	if (ingest->head.refusal.status != 0 || !ingest_head_is_post(&ingest->head)) {
		return;
	}
	size_t before = ingest->body.length;
	bool fits = tap->ingest_bytes + payload.length <= INGEST_BODIES_MAX;
	if (fits) {
		buffer_append_span(&ingest->body, payload);
	}
	if (!fits || ingest->body.failed) {
		tap->ingest_bytes -= before;
		buffer_finish(&ingest->body);
		refuse(ingest, 503, "Retry-After: 1\r\n", "too much is being sent at once; send this again");
		return;
	}
	tap->ingest_bytes += payload.length;
}

void ingest_end(struct session *session)
{
	struct ingest *ingest = session->ingest;
	if (ingest == NULL) {
		return;
	}
	session->tap->ingest_bytes -= ingest->body.length;
	session->tap->ingest_count -= ingest->is_begun;
	buffer_finish(&ingest->body);
	buffer_finish(&ingest->rejections);
	free(ingest);
	session->ingest = NULL;
}

/* --- lines --- */

static void reject(struct ingest *ingest, size_t line, const char *why)
{
	ingest->rejected++;
	if (ingest->rejected <= INGEST_SHOWN_MAX) {
		buffer_append_format(&ingest->rejections, "%s{\"line\":%zu,\"error\":", ingest->rejected > 1 ? "," : "",
				     line);
		json_write_string(&ingest->rejections, span_of(why));
		buffer_append_byte(&ingest->rejections, '}');
	}
}

static size_t capture_max_of(const struct tap_config *config, struct span interface)
{
	for (size_t i = 0; i < config->interface_count; i++) {
		if (span_is(interface, config->interfaces[i])) {
			size_t most = config->interface_capture_max != NULL ? config->interface_capture_max[i] : 0;
			return most > 0 ? most : CAPTURE_DEFAULT;
		}
	}
	return 0;
}

/* Bytes that a line can have at most to be worth reading: base64 takes a third more. */
static size_t line_max(const struct tap_config *config)
{
	size_t most = 0;
	for (size_t i = 0; i < config->interface_count; i++) {
		size_t of_this = capture_max_of(config, span_of(config->interfaces[i]));
		most = of_this > most ? of_this : most;
	}
	return most + most / 2 + LINE_ROOM;
}

static bool check_delivery(const struct tap *tap, const struct spool_exchange *exchange, struct error *err)
{
	if (exchange->interface.length == 0) {
		return error_set(err, ERROR_FORMAT, "\"interface\" is missing; name it here or in ?interface=NAME");
	}
	size_t most = capture_max_of(tap->config, exchange->interface);
	if (most == 0) {
		return error_set(err, ERROR_FORMAT,
				 "no interface of this name has a tap; name one of the configuration");
	}
	size_t frame = spool_exchange_size(exchange);
	size_t size = exchange->method.length + exchange->target.length + exchange->request_head.length +
		      exchange->request_body.length + exchange->reply_body.length + exchange->candidate_reply.length;
	if (size > most || frame > SPOOL_FRAME_MAX || frame > ring_capacity(tap->ring) / 2) {
		return error_set(err, ERROR_LIMIT, "message and reply are too large; raise tap.capture_max (%zu bytes)",
				 most);
	}
	return true;
}

/* Room for the frame wherever it comes to stand: before the ring's end a part as large may have to be left out. Only
 * the consumer runs meanwhile, and it makes room. */
static bool has_room(const struct tap *tap, size_t frame)
{
	return ring_waiting(tap->ring) + 2 * (uint64_t)frame <= ring_capacity(tap->ring);
}

static struct delivery_defaults defaults_of(const struct session *session, const struct batch_line *line,
					    struct arena *arena)
{
	const struct ingest *ingest = session->ingest;
	bool is_outcome = ingest->head.operation == POST_OUTCOMES;
	struct delivery_defaults defaults = {
		.is_outcome = is_outcome,
		.interface = span_of(ingest->head.interface),
		.captured_at = session->message_at,
		.target = SPAN("/v1/exchanges"),
		.idempotency_key = span_of(ingest->head.key),
	};
	if (ingest->head.key[0] != '\0' && ingest->batch.form != BATCH_OBJECT) {
		const char *key = arena_format(arena, "%s:%zu", ingest->head.key, line->number);
		defaults.idempotency_key = span_of(key);
	}
	return defaults;
}

/* False where there is no room for the line. */
static bool take_line(struct session *session, const struct batch_line *line, struct arena *arena)
{
	struct ingest *ingest = session->ingest;
	const struct tap *tap = session->tap;
	struct error why = ERROR_INIT;
	struct spool_exchange exchange;
	if (line->error != NULL || line->text.length > line_max(tap->config)) {
		reject(ingest, line->number,
		       line->error != NULL ? line->error : "the line is too large; raise tap.capture_max");
		return true;
	}
	struct delivery_defaults defaults = defaults_of(session, line, arena);
	if (!delivery_read(line->text, &defaults, arena, &exchange, &why) || !check_delivery(tap, &exchange, &why)) {
		reject(ingest, line->number, why.message);
		return true;
	}
	if (!has_room(tap, spool_exchange_size(&exchange))) {
		return false;
	}
	int account = ring_account(tap->ring, exchange.interface);
	ring_begin(tap->ring, account);
	ingest->accepted += ring_commit(tap->ring, account, &exchange);
	return true;
}

/* One turn's part of the batch; true at its end, or where the ring is full. */
static bool take_lines(struct session *session)
{
	struct ingest *ingest = session->ingest;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	size_t most = INGEST_TURN / session->tap->ingest_count;
	size_t taken = 0;
	struct batch_line line;
	while (taken < most) {
		if (!batch_next(&ingest->batch, &line)) {
			answer_batch(session);
			return true;
		}
		arena_reset(&arena);
		if (!take_line(session, &line, &arena)) {
			answer(session, 503, "Retry-After: 1\r\n",
			       "the capture ring is full; send this request again, or its lines from retry_from on",
			       line.number);
			return true;
		}
		taken += line.text.length + 1;
	}
	return false;
}

bool ingest_run(struct session *session)
{
	struct ingest *ingest = session->ingest;
	if (session->again) {
		return false; /* this turn's part is done */
	}
	if (ingest->head.refusal.status != 0) {
		answer_refusal(session);
		return true;
	}
	if (!ingest_head_is_post(&ingest->head)) {
		answer_get(session);
		return true;
	}
	if (!ingest->is_begun) {
		ingest->batch = batch_of(buffer_span(&ingest->body), ingest->head.is_lines);
		ingest->is_begun = true;
		session->tap->ingest_count++;
	}
	if (!take_lines(session)) {
		session_run_later(session);
	}
	return true;
}
