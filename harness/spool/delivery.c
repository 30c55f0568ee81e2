#include "harness/spool/delivery.h"

#include "harness/base/clock.h"
#include "harness/base/json.h"
#include "harness/base/text.h"

enum {
	STATUS_LEAST = 100,
	STATUS_MOST = 599,
	NAME_SHOWN_MAX = 64, /* longer names of members are not repeated in messages */
	MILLISECOND_US = 1000,
};

#define LATENCY_MAX_US 1e15 /* some thirty years; exact in a double */

struct reader {
	struct arena *arena;
	struct spool_exchange *exchange;
	struct error *err;
	bool has_json;  /* "message" */
	bool has_bytes; /* "message_base64" */
	bool has_type;  /* a Content-Type among the headers */
};

struct value {
	const struct json_node *node;
	struct span raw; /* its text as sent */
	const char *name;
};

static bool fail(const struct reader *reader, const struct value *value, const char *wanted)
{
	return error_set(reader->err, ERROR_FORMAT, "\"%s\" is no %s", value->name, wanted);
}

static bool fail_memory(const struct reader *reader)
{
	return error_set(reader->err, ERROR_LIMIT, "the line needs too much memory; send it in smaller pieces");
}

/* --- values --- */

static bool read_text(const struct reader *reader, const struct value *value, size_t most, struct span *ret_text)
{
	struct span text = json_text(value->node);
	if (text.length == 0 || text.length > most) {
		return error_set(reader->err, ERROR_FORMAT, "\"%s\" is no text of 1 to %zu bytes", value->name, most);
	}
	*ret_text = text;
	return true;
}

static bool read_time(const struct reader *reader, const struct value *value, int64_t *ret_time)
{
	return (json_is(value->node, JSON_STRING) && clock_parse(json_text(value->node), ret_time)) ||
	       fail(reader, value, "time; write it as 2026-11-16T08:30:00Z (RFC 3339)");
}

static bool read_interface(struct reader *reader, const struct value *value)
{
	return (json_is(value->node, JSON_STRING) || fail(reader, value, "text")) &&
	       read_text(reader, value, SPOOL_NAME_MAX, &reader->exchange->interface);
}

static bool read_message(struct reader *reader, const struct value *value)
{
	reader->exchange->request_body = value->raw;
	reader->has_json = true;
	return true;
}

static int base64_digit(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
	return at != NULL ? (int)(at - alphabet) : -1;
}

/* Whole quanta with padding, and no bits behind the last byte: one spelling for each content. */
static bool decode_base64(struct span text, char *target, size_t *ret_length)
{
	size_t padding = 0;
	uint32_t bits = 0;
	while (padding < 2 && padding < text.length && text.data[text.length - 1 - padding] == '=') {
		padding++;
	}
	*ret_length = 0;
	for (size_t i = 0; i < text.length; i++) {
		int digit = i + padding >= text.length ? 0 : base64_digit(text.data[i]);
		if (digit < 0) {
			return false;
		}
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 == 3) {
			char bytes[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
			memcpy(target + *ret_length, bytes, sizeof(bytes));
			*ret_length += sizeof(bytes);
		}
	}
	*ret_length -= padding;
	uint32_t unused = padding == 0 ? 0 : bits & ((1U << 8 * padding) - 1);
	return text.length % 4 == 0 && unused == 0;
}

static bool read_message_base64(struct reader *reader, const struct value *value)
{
	struct span text = json_text(value->node);
	char *bytes = arena_allocate(reader->arena, text.length + 1);
	size_t length;
	if (bytes == NULL) {
		return fail_memory(reader);
	}
	if (!json_is(value->node, JSON_STRING) || !decode_base64(text, bytes, &length) || length == 0) {
		return fail(reader, value, "base64 of a message (RFC 4648 section 4, with padding)");
	}
	reader->exchange->request_body = (struct span){bytes, length};
	reader->has_bytes = true;
	return true;
}

static bool read_captured_at(struct reader *reader, const struct value *value)
{
	return read_time(reader, value, &reader->exchange->captured_at);
}

static bool read_answered_at(struct reader *reader, const struct value *value)
{
	return read_time(reader, value, &reader->exchange->answered_at);
}

static bool read_legacy(struct reader *reader, const struct value *value)
{
	reader->exchange->reply_body = value->raw;
	return true;
}

static bool read_status(struct reader *reader, const struct value *value)
{
	int64_t status;
	if (!json_is(value->node, JSON_NUMBER) || !text_to_int64(json_text(value->node), &status) ||
	    status < STATUS_LEAST || status > STATUS_MOST) {
		return fail(reader, value, "HTTP status from 100 to 599");
	}
	reader->exchange->legacy_status = (int32_t)status;
	return true;
}

static bool read_outcome(struct reader *reader, const struct value *value)
{
	int outcome = json_is(value->node, JSON_STRING) ? legacy_outcome_from_name(json_text(value->node)) : -1;
	if (outcome < 0 || outcome == LEGACY_AWAITED) {
		return fail(reader, value, "outcome; write ok, failed, parked, repaired or manual");
	}
	reader->exchange->legacy_outcome = outcome;
	return true;
}

static bool read_latency(struct reader *reader, const struct value *value, double unit_us)
{
	double number;
	if (!json_is(value->node, JSON_NUMBER) || !text_to_double(json_text(value->node), &number) || number < 0 ||
	    number * unit_us > LATENCY_MAX_US) {
		return fail(reader, value, "latency; write a number from 0 on");
	}
	reader->exchange->legacy_latency_us = (int64_t)(number * unit_us + 0.5);
	return true;
}

static bool read_latency_ms(struct reader *reader, const struct value *value)
{
	return read_latency(reader, value, MILLISECOND_US);
}

static bool read_latency_us(struct reader *reader, const struct value *value)
{
	return read_latency(reader, value, 1);
}

static bool read_llm(struct reader *reader, const struct value *value)
{
	reader->exchange->candidate_reply = json_is(value->node, JSON_STRING) ? json_text(value->node) : value->raw;
	return true;
}

static bool read_correlation_key(struct reader *reader, const struct value *value)
{
	return read_text(reader, value, DELIVERY_KEY_MAX, &reader->exchange->correlation_key);
}

static bool read_idempotency_key(struct reader *reader, const struct value *value)
{
	return read_text(reader, value, DELIVERY_KEY_MAX, &reader->exchange->idempotency_key);
}

static bool read_target(struct reader *reader, const struct value *value)
{
	struct span text = json_text(value->node);
	for (size_t i = 0; i < text.length; i++) {
		if ((uint8_t)text.data[i] <= ' ' || text.data[i] == 0x7f) {
			return fail(reader, value, "request target; write a path without blanks, such as /route?x=1");
		}
	}
	return read_text(reader, value, DELIVERY_HEAD_MAX, &reader->exchange->target);
}

/* --- headers --- */

/* RFC 9110 section 5.6.2. */
static bool is_token(struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		char c = text_lower(text.data[i]);
		if (!text_is_digit(c) && (c < 'a' || c > 'z') && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL)) {
			return false;
		}
	}
	return text.length > 0;
}

/* RFC 9110 section 5.5: no control characters but the tab, so that no value can end its line. */
static bool is_field_value(struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		uint8_t c = (uint8_t)text.data[i];
		if ((c < ' ' && c != '\t') || c == 0x7f) {
			return false;
		}
	}
	return true;
}

static bool read_headers(struct reader *reader, const struct value *value)
{
	CLEANUP_BUFFER struct buffer head = BUFFER_INIT(DELIVERY_HEAD_MAX);
	if (!json_is(value->node, JSON_OBJECT)) {
		return fail(reader, value, "object; write {\"Name\": \"value\"}");
	}
	reader->has_type = false;
	for (const struct json_node *at = json_first(value->node); at != NULL; at = json_next(value->node, at)) {
		struct span name = json_text(at);
		const struct json_node *content = json_member(at);
		if (!is_token(name) || !json_is(content, JSON_STRING) || !is_field_value(json_text(content))) {
			return fail(reader, value, "object of header fields (RFC 9110 section 5)");
		}
		reader->has_type |= text_equal_ignoring_case(name, SPAN("Content-Type"));
		buffer_append_format(&head, "%.*s: %.*s\r\n", SPAN_ARGUMENTS(name), SPAN_ARGUMENTS(json_text(content)));
	}
	const char *copy = head.failed ? NULL : arena_copy(reader->arena, buffer_span(&head));
	reader->exchange->request_head = (struct span){copy, head.length};
	return copy != NULL || fail(reader, value, "object of at most 65,536 bytes");
}

static bool complete_head(struct reader *reader)
{
	struct spool_exchange *exchange = reader->exchange;
	if (reader->has_type) {
		return true;
	}
	const char *head = arena_format(reader->arena, "Content-Type: %s\r\n%.*s",
					reader->has_json ? "application/json" : "application/octet-stream",
					SPAN_ARGUMENTS(exchange->request_head));
	exchange->request_head = span_of(head);
	return head != NULL || fail_memory(reader);
}

/* --- the object --- */

struct member {
	const char *name;
	bool (*read)(struct reader *reader, const struct value *value);
};

static const struct member exchange_members[] = {
	{"interface", read_interface},
	{"message", read_message},
	{"message_base64", read_message_base64},
	{"captured_at", read_captured_at},
	{"legacy", read_legacy},
	{"legacy_status", read_status},
	{"legacy_outcome", read_outcome},
	{"legacy_latency_ms", read_latency_ms},
	{"legacy_latency_us", read_latency_us},
	{"llm", read_llm},
	{"correlation_key", read_correlation_key},
	{"idempotency_key", read_idempotency_key},
	{"headers", read_headers},
	{"target", read_target},
	{NULL, NULL},
};

static const struct member outcome_members[] = {
	{"interface", read_interface},
	{"key", read_correlation_key},
	{"legacy", read_legacy},
	{"status", read_status},
	{"outcome", read_outcome},
	{"answered_at", read_answered_at},
	{"idempotency_key", read_idempotency_key},
	{NULL, NULL},
};

static bool fail_unknown(const struct reader *reader, const struct member *members, struct span name)
{
	bool is_shown = name.length <= NAME_SHOWN_MAX;
	CLEANUP_BUFFER struct buffer known = BUFFER_INIT(DELIVERY_KEY_MAX);
	for (const struct member *at = members; at->name != NULL; at++) {
		buffer_append_format(&known, "%s%s", at == members ? "" : ", ", at->name);
	}
	return error_set(reader->err, ERROR_FORMAT, "unknown name \"%.*s\"; there are %s",
			 SPAN_ARGUMENTS(is_shown ? name : SPAN("...")), known.failed ? "others" : known.data);
}

/* From the value's first byte to the comma or bracket behind it, which is the last byte of no value but of white space
 * and punctuation: the text is valid JSON. */
static struct span raw_text(struct span line, const struct json_node *object, const struct json_node *name)
{
	const struct json_node *value = json_member(name);
	BUG_ON(value == NULL);
	const struct json_node *next = json_next(object, name);
	size_t end = next != NULL ? next->offset : line.length;
	struct span text = text_trim((struct span){line.data + value->offset, end - value->offset});
	text.length--;
	return text_trim(text);
}

static bool read_member(struct reader *reader, const struct member *members, struct span line,
			const struct json_node *object, const struct json_node *name)
{
	for (const struct member *at = members; at->name != NULL; at++) {
		if (span_is(json_text(name), at->name)) {
			struct value value = {json_member(name), raw_text(line, object, name), at->name};
			return json_is(value.node, JSON_NULL) || at->read(reader, &value);
		}
	}
	return fail_unknown(reader, members, json_text(name));
}

static bool check_exchange(struct reader *reader)
{
	struct spool_exchange *exchange = reader->exchange;
	if (reader->has_json == reader->has_bytes) {
		return error_set(
			reader->err, ERROR_FORMAT,
			reader->has_json
				? "both \"message\" and \"message_base64\" are there; send one"
				: "\"message\" is missing; send the message as JSON, or as \"message_base64\"");
	}
	if (exchange->reply_body.length == 0 && exchange->legacy_status == 0 && exchange->legacy_outcome < 0) {
		exchange->legacy_outcome = LEGACY_AWAITED;
	}
	return complete_head(reader);
}

static bool check_outcome(const struct reader *reader)
{
	const struct spool_exchange *exchange = reader->exchange;
	if (exchange->correlation_key.length == 0) {
		return error_set(reader->err, ERROR_FORMAT,
				 "\"key\" is missing; send the correlation key or the message's identity");
	}
	return exchange->reply_body.length > 0 || exchange->legacy_status > 0 || exchange->legacy_outcome >= 0 ||
	       error_set(reader->err, ERROR_FORMAT,
			 "\"legacy\", \"status\" and \"outcome\" are all missing; send what the legacy path answered");
}

static struct spool_exchange empty_exchange(const struct delivery_defaults *defaults)
{
	struct span none = SPAN("");
	return (struct spool_exchange){
		.is_outcome = defaults->is_outcome,
		.interface = defaults->interface,
		.captured_at = defaults->captured_at,
		.legacy_latency_us = -1,
		.legacy_outcome = -1,
		.method = defaults->is_outcome ? none : SPAN("POST"),
		.target = defaults->is_outcome ? none : defaults->target,
		.request_head = none,
		.request_body = none,
		.reply_head = none,
		.reply_body = none,
		.candidate_reply = none,
		.correlation_key = none,
		.idempotency_key = defaults->idempotency_key,
	};
}

bool delivery_read(struct span line, const struct delivery_defaults *defaults, struct arena *arena,
		   struct spool_exchange *ret_exchange, struct error *err)
{
	const struct json_node *root;
	return json_parse(arena, line, NULL, &root, err) &&
	       delivery_read_object(line, root, defaults, arena, ret_exchange, err);
}

bool delivery_read_object(struct span line, const struct json_node *root, const struct delivery_defaults *defaults,
			  struct arena *arena, struct spool_exchange *ret_exchange, struct error *err)
{
	struct spool_exchange exchange = empty_exchange(defaults);
	struct reader reader = {.arena = arena, .exchange = &exchange, .err = err};
	const struct member *members = defaults->is_outcome ? outcome_members : exchange_members;
	if (!json_is(root, JSON_OBJECT)) {
		return error_set(err, ERROR_FORMAT, "this is no JSON object; send {\"%s\": ...}", members[1].name);
	}
	for (const struct json_node *name = json_first(root); name != NULL; name = json_next(root, name)) {
		if (!read_member(&reader, members, line, root, name)) {
			return false;
		}
	}
	if (!(defaults->is_outcome ? check_outcome(&reader) : check_exchange(&reader))) {
		return false;
	}
	*ret_exchange = exchange;
	return true;
}

/* --- exchange or message? --- */

/* What the names of an object have in common with those of an exchange. */
struct likeness {
	size_t known;
	struct span unknown; /* the first one; data NULL: none */
	struct span near;    /* the first unknown one that is nearly a known one; looked for where that matters */
	const char *meant;   /* that one */
};

static bool is_known(struct span name)
{
	const struct member *at = exchange_members;
	while (at->name != NULL && !span_is(name, at->name)) {
		at++;
	}
	return at->name != NULL;
}

static void count_names(const struct json_node *root, struct likeness *likeness)
{
	for (const struct json_node *name = json_first(root); name != NULL; name = json_next(root, name)) {
		bool known = is_known(json_text(name));
		likeness->known += known;
		if (!known && likeness->unknown.data == NULL) {
			likeness->unknown = json_text(name);
		}
	}
}

/* Among the names that begin with `prefix`. */
static void find_near(const struct json_node *root, const char *prefix, struct likeness *likeness)
{
	for (const struct json_node *name = json_first(root); name != NULL; name = json_next(root, name)) {
		struct span text = json_text(name);
		for (const struct member *at = exchange_members; at->name != NULL && !is_known(text); at++) {
			if (text_starts_with(span_of(at->name), prefix) && text_is_near(text, span_of(at->name))) {
				likeness->near = text;
				likeness->meant = at->name;
				return;
			}
		}
	}
}

static enum delivery_shape unclear(const struct likeness *likeness, struct error *err)
{
	bool is_near = likeness->meant != NULL;
	struct span name = is_near ? likeness->near : likeness->unknown;
	error_set(err, ERROR_FORMAT,
		  "unknown name \"%.*s\" beside those of an exchange%s%s%s; correct it, or, where the line is the "
		  "message "
		  "itself, write it as {\"message\": LINE}",
		  SPAN_ARGUMENTS(name.length <= NAME_SHOWN_MAX ? name : SPAN("...")), is_near ? " (\"" : "",
		  is_near ? likeness->meant : "", is_near ? "\" is meant?)" : "");
	return DELIVERY_IS_UNCLEAR;
}

enum delivery_shape delivery_shape_of(const struct json_node *root, struct error *err)
{
	struct likeness likeness = {0};
	if (!json_is(root, JSON_OBJECT)) {
		return DELIVERY_IS_MESSAGE;
	}
	bool has_message = json_is(json_get_text(root, "message"), JSON_OBJECT) ||
			   json_is(json_get_text(root, "message_base64"), JSON_STRING);
	count_names(root, &likeness);
	if (has_message && likeness.unknown.data == NULL) {
		return DELIVERY_IS_EXCHANGE;
	}
	if (likeness.known == 0) {
		return DELIVERY_IS_MESSAGE;
	}
	find_near(root, has_message ? "" : "message", &likeness);
	bool is_unclear = likeness.meant != NULL || (has_message && likeness.known > 1);
	return is_unclear ? unclear(&likeness, err) : DELIVERY_IS_MESSAGE;
}
