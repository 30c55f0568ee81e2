#include "harness/tap/ingest.h"

#include "harness/base/json.h"
#include "harness/base/text.h"
#include "harness/tap/batch.h"
#include "harness/tap/delivery.h"

#include <stdlib.h>

enum {
	KEY_MAX = 255,                           /* of the Idempotency-Key field; ":LINE" comes behind it */
	ANSWER_MAX = 128 * 1024,                 /* INGEST_SHOWN_MAX errors of 512 bytes, escaped */
	ARENA_MAX = 13 * INGEST_BODY_MAX,        /* json.h: at most 12 bytes per byte of source, and the strings */
	CAPTURE_DEFAULT = 1024 * 1024,           /* as tap.h says */
	LINE_ROOM = DELIVERY_HEAD_MAX + 4 * 1024 /* of a line, for what is neither message nor reply */
};

extern const char asset_openapi_json[];
extern const size_t asset_openapi_json_size;

enum operation { POST_EXCHANGES, POST_OUTCOMES, GET_DOCUMENT, GET_HEALTH };

struct endpoint {
	const char *path;
	const char *method;
	const char *allow; /* header field for status 405 */
	enum operation operation;
};

static const struct endpoint endpoints[] = {
	{"/v1/exchanges", "POST", "Allow: POST\r\n", POST_EXCHANGES},
	{"/v1/outcomes", "POST", "Allow: POST\r\n", POST_OUTCOMES},
	{"/v1/openapi.json", "GET", "Allow: GET, HEAD\r\n", GET_DOCUMENT},
	{"/v1/health", "GET", "Allow: GET, HEAD\r\n", GET_HEALTH},
};

struct refusal {
	int status; /* 0: none */
	const char *fields;
	const char *text; /* "what is wrong; what to do" */
};

struct ingest {
	enum operation operation;
	struct refusal refusal;
	struct buffer body;
	size_t received; /* bytes of the body, kept or not */
	struct batch batch;
	bool is_begun;                      /* `batch` is in use */
	bool is_lines;                      /* NDJSON */
	char interface[SPOOL_NAME_MAX + 1]; /* of ?interface=NAME, or the only one there is */
	char key[KEY_MAX + 1];              /* of Idempotency-Key; "" where there is none */
	size_t accepted;
	size_t rejected;
	struct buffer rejections; /* JSON, the items of "rejected" */
};

/* --- the head --- */

static bool refuse(struct ingest *ingest, int status, const char *fields, const char *text)
{
	if (ingest->refusal.status == 0) {
		ingest->refusal = (struct refusal){status, fields, text};
	}
	return false;
}

/* The first field of that name; empty where there is none. */
static struct span get_field(const struct http_head *head, const char *name)
{
	struct span rest = head->fields;
	struct http_field field;
	while (http_head_next_field(&rest, &field)) {
		if (text_equal_ignoring_case(field.name, span_of(name))) {
			return field.value;
		}
	}
	return SPAN("");
}

static bool find_endpoint(struct ingest *ingest, const struct http_head *head)
{
	struct span path = http_target_path(head->target);
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
		const struct endpoint *endpoint = &endpoints[i];
		if (!span_is(path, endpoint->path)) {
			continue;
		}
		bool is_get = strcmp(endpoint->method, "GET") == 0;
		ingest->operation = endpoint->operation;
		return span_is(head->method, endpoint->method) || (is_get && span_is(head->method, "HEAD")) ||
		       refuse(ingest, 405, endpoint->allow, "this path takes no such method; see /v1/openapi.json");
	}
	return refuse(ingest, 404, "", "there is nothing at this path; see /v1/openapi.json");
}

/* Takes as long for a nearly right token as for a wrong one: the time depends on what was sent alone. */
static bool is_same_secret(struct span given, struct span secret)
{
	volatile uint8_t difference = given.length != secret.length;
	for (size_t i = 0; i < given.length; i++) {
		difference |= (uint8_t)given.data[i] ^ (uint8_t)secret.data[i % secret.length];
	}
	return difference == 0;
}

/* RFC 6750 sections 2.1 and 3. */
static bool check_token(struct ingest *ingest, const char *token, const struct http_head *head)
{
	struct span given = get_field(head, "Authorization");
	struct span scheme = {given.data, given.length < 7 ? given.length : 7};
	if (token == NULL || token[0] == '\0') {
		return true;
	}
	if (!text_equal_ignoring_case(scheme, SPAN("Bearer "))) {
		return refuse(ingest, 401, "WWW-Authenticate: Bearer realm=\"understudy\"\r\n",
			      "no bearer token was sent; send the one of ingest.token in Authorization");
	}
	struct span secret = text_trim((struct span){given.data + scheme.length, given.length - scheme.length});
	return is_same_secret(secret, span_of(token)) ||
	       refuse(ingest, 401, "WWW-Authenticate: Bearer realm=\"understudy\", error=\"invalid_token\"\r\n",
		      "this bearer token is not the one of ingest.token; send that");
}

static bool check_type(struct ingest *ingest, const struct http_head *head)
{
	struct span type = get_field(head, "Content-Type");
	struct span coding = get_field(head, "Content-Encoding");
	type.length = text_find(type, SPAN(";"));
	type = text_trim(type);
	ingest->is_lines = text_equal_ignoring_case(type, SPAN("application/x-ndjson"));
	if (coding.length > 0 && !text_equal_ignoring_case(coding, SPAN("identity"))) {
		return refuse(ingest, 415, "Accept-Encoding: identity\r\n",
			      "a content coding is not taken; send the body as it is");
	}
	return ingest->is_lines || text_equal_ignoring_case(type, SPAN("application/json")) ||
	       refuse(ingest, 415, "Accept: application/json, application/x-ndjson\r\n",
		      "the content type is not taken; send application/json or application/x-ndjson");
}

static void copy_text(struct span text, char *target)
{
	memcpy(target, text.data, text.length);
	target[text.length] = '\0';
}

/* draft-ietf-httpapi-idempotency-key-header: a string of RFC 9651 section 3.3.3. Bare text is taken as well. */
static bool read_key(struct ingest *ingest, const struct http_head *head)
{
	struct span given = get_field(head, "Idempotency-Key");
	size_t length = 0;
	bool is_quoted = given.length >= 2 && given.data[0] == '"' && given.data[given.length - 1] == '"';
	struct span text = is_quoted ? (struct span){given.data + 1, given.length - 2} : given;
	bool good = text.length <= KEY_MAX;
	for (size_t i = 0; good && i < text.length; i++) {
		char c = text.data[i];
		if (is_quoted && c == '\\') {
			c = ++i < text.length ? text.data[i] : '\0';
			good = c == '"' || c == '\\';
		} else {
			good = c >= ' ' && c <= '~' && c != '"';
		}
		ingest->key[length++] = c;
	}
	ingest->key[length] = '\0';
	return (good && (length > 0 || given.length == 0)) ||
	       refuse(ingest, 400, "",
		      "Idempotency-Key is no string of 1 to 255 ASCII characters; write it as \"KEY\"");
}

static bool is_interface(const struct tap_config *config, struct span name)
{
	for (size_t i = 0; i < config->interface_count; i++) {
		if (span_is(name, config->interfaces[i])) {
			return true;
		}
	}
	return false;
}

/* What lines belong to that name none. Names need no percent-encoding. */
static bool read_interface(struct ingest *ingest, const struct tap_config *config, const struct http_head *head)
{
	struct span query = head->target;
	struct span mark = SPAN("interface=");
	size_t at = text_find(query, SPAN("?"));
	if (config->interface_count == 1) {
		copy_text(span_of(config->interfaces[0]), ingest->interface);
	}
	while (at < query.length) {
		query = (struct span){query.data + at + 1, query.length - at - 1};
		at = text_find(query, SPAN("&"));
		if (text_starts_with(query, mark.data)) {
			struct span name = {query.data + mark.length, at - mark.length};
			if (!is_interface(config, name)) {
				return refuse(ingest, 400, "",
					      "the interface of the query has no tap here; see the configuration");
			}
			copy_text(name, ingest->interface);
		}
	}
	return true;
}

static bool check_switch(struct ingest *ingest, const struct tap *tap)
{
	const volatile int *passthrough = tap->config->passthrough;
	return passthrough == NULL || *passthrough == 0 ||
	       refuse(ingest, 503, "Retry-After: 1\r\n", "capturing is switched off; send this again later");
}

static bool is_post(const struct ingest *ingest)
{
	return ingest->operation == POST_EXCHANGES || ingest->operation == POST_OUTCOMES;
}

static void check_head(struct ingest *ingest, const struct session *session, const struct http_head *head)
{
	const struct tap *tap = session->tap;
	if (!find_endpoint(ingest, head) || !is_post(ingest)) {
		return;
	}
	bool good = check_token(ingest, session->route->config->token, head) && check_type(ingest, head) &&
		    read_key(ingest, head) && read_interface(ingest, tap->config, head) && check_switch(ingest, tap);
	if (good && head->has_length && head->length > INGEST_BODY_MAX) {
		refuse(ingest, 413, "", "the body is larger than 16 MiB; send it in several requests");
	}
}

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
	struct refusal refusal = session->ingest->refusal;
	answer(session, refusal.status, refusal.fields, refusal.text, 0);
}

static void answer_get(struct session *session)
{
	bool is_health = session->ingest->operation == GET_HEALTH;
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
	check_head(ingest, session, head);
	if (ingest->refusal.status != 0 && (is_waiting || ingest->refusal.status == 413)) {
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
	if (ingest->refusal.status == 0 && !is_post(ingest)) {
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
	if (ingest->refusal.status != 0 || !is_post(ingest)) {
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
		return error_set(err, ERROR_FORMAT, "this interface has no tap here; see the configuration");
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
	bool is_outcome = ingest->operation == POST_OUTCOMES;
	struct delivery_defaults defaults = {
		.is_outcome = is_outcome,
		.interface = span_of(ingest->interface),
		.captured_at = session->message_at,
		.target = SPAN("/v1/exchanges"),
		.idempotency_key = span_of(ingest->key),
	};
	if (ingest->key[0] != '\0' && ingest->batch.form != BATCH_OBJECT) {
		const char *key = arena_format(arena, "%s:%zu", ingest->key, line->number);
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
	if (ingest->refusal.status != 0) {
		answer_refusal(session);
		return true;
	}
	if (!is_post(ingest)) {
		answer_get(session);
		return true;
	}
	if (!ingest->is_begun) {
		ingest->batch = batch_of(buffer_span(&ingest->body), ingest->is_lines);
		ingest->is_begun = true;
		session->tap->ingest_count++;
	}
	if (!take_lines(session)) {
		session_run_later(session);
	}
	return true;
}
