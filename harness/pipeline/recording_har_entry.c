#include "harness/pipeline/recording_har_entry.h"

#include "harness/base/clock.h"
#include "harness/base/text.h"

static void set_skip(struct recorded *recorded, enum replay_skip skip, const char *detail)
{
	if (recorded->skip < 0) {
		recorded->skip = (int)skip;
		recorded->detail = detail;
	}
}

/* Copies what was built; empty, with the exchange too large, where it does not fit. */
static struct span keep(const struct buffer *built, struct arena *arena, struct recorded *recorded)
{
	char *copy = buffer_ok(built, "a part", NULL) ? arena_copy(arena, buffer_span(built)) : NULL;
	if (copy == NULL) {
		set_skip(recorded, REPLAY_SKIP_TOO_LARGE, "the entry does not fit into memory");
		return (struct span){"", 0};
	}
	return (struct span){copy, built->length};
}

/* --- heads --- */

/* A line end inside a value (browsers join several Set-Cookie by line feeds) would begin another field. */
static void write_field_text(struct buffer *target, struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];
		buffer_append_byte(target, c == '\r' || c == '\n' || c == '\0' ? ' ' : c);
	}
}

static struct span read_head(const struct json_node *side, struct arena *arena, struct recorded *recorded)
{
	CLEANUP_BUFFER struct buffer head = BUFFER_INIT(RECORDING_BODY_MAX);
	const struct json_node *fields = json_get_text(side, "headers");
	for (const struct json_node *field = json_first(fields); field != NULL; field = json_next(fields, field)) {
		struct span name = json_text(json_get_text(field, "name"));
		bool pseudo = name.length == 0 || name.data[0] == ':'; /* RFC 9113 section 8.3 */
		if (pseudo || text_equal_ignoring_case(name, SPAN("Content-Encoding"))) {
			continue;
		}
		write_field_text(&head, name);
		buffer_append_text(&head, ": ");
		write_field_text(&head, json_text(json_get_text(field, "value")));
		buffer_append_text(&head, "\r\n");
	}
	return keep(&head, arena, recorded);
}

static bool head_says(struct span head, const char *field)
{
	size_t length = strlen(field);
	for (size_t at = 0; at + length <= head.length; at++) {
		bool begins = at == 0 || head.data[at - 1] == '\n';
		if (begins && text_equal_ignoring_case((struct span){head.data + at, length}, span_of(field))) {
			return true;
		}
	}
	return false;
}

/* --- bodies --- */

static int base64_value(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c != '\0' ? strchr(digits, c) : NULL;
	return found != NULL ? (int)(found - digits) : -1;
}

/* RFC 4648 section 4; padding may be missing. */
static bool decode_base64(struct span text, struct buffer *target)
{
	uint32_t bits = 0;
	int count = 0;
	while (text.length > 0 && text.data[text.length - 1] == '=') {
		text.length--;
	}
	for (size_t i = 0; i < text.length; i++) {
		int value = base64_value(text.data[i]);
		if (value < 0) {
			return false;
		}
		bits = (bits << 6 | (uint32_t)value) & 0xffffff;
		count += 6;
		if (count >= 8) {
			count -= 8;
			buffer_append_byte(target, (char)(bits >> count & 0xff));
		}
	}
	return text.length % 4 != 1;
}

/* The member "text" of `holder`, decoded where "encoding" says so. */
static struct span read_text(const struct json_node *holder, struct arena *arena, struct recorded *recorded)
{
	struct span text = json_text(json_get_text(holder, "text"));
	struct span encoding = json_text(json_get_text(holder, "encoding"));
	if (encoding.length == 0) {
		return text;
	}
	CLEANUP_BUFFER struct buffer decoded = BUFFER_INIT(RECORDING_BODY_MAX);
	if (!text_equal_ignoring_case(encoding, SPAN("base64")) || !decode_base64(text, &decoded)) {
		set_skip(recorded, REPLAY_SKIP_MALFORMED, "a body's encoding is not base64, or its text is not");
		return (struct span){"", 0};
	}
	return keep(&decoded, arena, recorded);
}

/* application/x-www-form-urlencoded (WHATWG URL, section 5.2) */
static void write_form_text(struct buffer *target, struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];
		bool plain = text_is_digit(c) || (text_lower(c) >= 'a' && text_lower(c) <= 'z') || c == '*' ||
			     c == '-' || c == '.' || c == '_';
		if (plain) {
			buffer_append_byte(target, c);
		} else if (c == ' ') {
			buffer_append_byte(target, '+');
		} else {
			buffer_append_format(target, "%%%02X", (unsigned)(unsigned char)c);
		}
	}
}

static struct span write_form(const struct json_node *parameters, struct arena *arena, struct recorded *recorded)
{
	CLEANUP_BUFFER struct buffer form = BUFFER_INIT(RECORDING_BODY_MAX);
	for (const struct json_node *one = json_first(parameters); one != NULL; one = json_next(parameters, one)) {
		if (json_get_text(one, "fileName") != NULL) {
			set_skip(recorded, REPLAY_SKIP_MALFORMED, "the request uploads a file that was not recorded");
		}
		buffer_append_text(&form, form.length > 0 ? "&" : "");
		write_form_text(&form, json_text(json_get_text(one, "name")));
		buffer_append_byte(&form, '=');
		write_form_text(&form, json_text(json_get_text(one, "value")));
	}
	return keep(&form, arena, recorded);
}

static struct span read_post_data(const struct json_node *request, struct arena *arena, struct recorded *recorded)
{
	const struct json_node *data = json_get_text(request, "postData");
	const struct json_node *parameters = json_get_text(data, "params");
	if (json_text(json_get_text(data, "text")).length == 0 && json_count(parameters) > 0) {
		return write_form(parameters, arena, recorded);
	}
	return read_text(data, arena, recorded);
}

/* --- the entry --- */

/* Path and query of a URL. */
static struct span target_of(struct span url)
{
	size_t scheme = text_find(url, SPAN("://"));
	struct span rest = {url.data, text_find(url, SPAN("#"))};
	if (scheme >= rest.length) {
		return rest;
	}
	rest = (struct span){rest.data + scheme + 3, rest.length - scheme - 3};
	size_t path = text_find(rest, SPAN("/"));
	return path < rest.length ? (struct span){rest.data + path, rest.length - path} : (struct span){"/", 1};
}

static bool milliseconds(const struct json_node *object, const char *name, double *ret_value)
{
	const struct json_node *value = json_get_text(object, name);
	return json_is(value, JSON_NUMBER) && text_to_double(json_text(value), ret_value) && *ret_value >= 0 &&
	       *ret_value < 1e12;
}

/* Waiting and receiving are what lies between the message's last byte and the reply's; "time" is more than that, and
 * taken where nothing else is known. */
static int64_t latency_of(const struct json_node *entry)
{
	const struct json_node *timings = json_get_text(entry, "timings");
	double wait = 0;
	double receive = 0;
	if (milliseconds(timings, "wait", &wait) && milliseconds(timings, "receive", &receive)) {
		return (int64_t)((wait + receive) * 1000);
	}
	return milliseconds(entry, "time", &wait) ? (int64_t)(wait * 1000) : -1;
}

/* Replies whose nothing is all of their body. */
static bool is_empty_by_nature(const struct recorded *recorded)
{
	return recorded->legacy_status == 204 || recorded->legacy_status == 205 || recorded->legacy_status == 304 ||
	       span_is(recorded->method, "HEAD") || head_says(recorded->reply_head, "content-length: 0\r\n");
}

static void read_reply(const struct json_node *response, struct arena *arena, struct recorded *recorded)
{
	const struct json_node *content = json_get_text(response, "content");
	int64_t status = 0;
	if (response == NULL) {
		return;
	}
	if (!text_to_int64(json_text(json_get_text(response, "status")), &status) || status <= 0 || status > 999) {
		set_skip(recorded, REPLAY_SKIP_ABORTED, NULL);
		return;
	}
	recorded->has_reply = true;
	recorded->legacy_status = (int32_t)status;
	recorded->reply_head = read_head(response, arena, recorded);
	recorded->reply_body = read_text(content, arena, recorded);
	if (json_get_text(content, "text") == NULL && !is_empty_by_nature(recorded)) {
		set_skip(recorded, REPLAY_SKIP_NO_CONTENT, NULL);
	}
}

void har_entry_read(struct span text, struct arena *arena, struct recorded *ret_recorded)
{
	const struct json_node *entry = NULL;
	struct error why = ERROR_INIT;
	if (!json_parse(arena, text, NULL, &entry, &why)) {
		char *sentence = arena_copy(arena, span_of(why.message));
		set_skip(ret_recorded, why.code == ERROR_LIMIT ? REPLAY_SKIP_TOO_LARGE : REPLAY_SKIP_MALFORMED,
			 sentence != NULL ? sentence : "the entry does not fit into memory");
		return;
	}
	const struct json_node *request = json_get_text(entry, "request");
	struct span method = json_text(json_get_text(request, "method"));
	struct span url = json_text(json_get_text(request, "url"));
	if (method.length == 0 || url.length == 0) {
		set_skip(ret_recorded, REPLAY_SKIP_MALFORMED, "the entry has no request with method and url");
		return;
	}
	ret_recorded->method = method;
	ret_recorded->target = target_of(url);
	ret_recorded->request_head = read_head(request, arena, ret_recorded);
	ret_recorded->request_body = read_post_data(request, arena, ret_recorded);
	int64_t at = 0;
	if (clock_parse(json_text(json_get_text(entry, "startedDateTime")), &at)) {
		ret_recorded->captured_at = at;
	}
	ret_recorded->legacy_latency_us = latency_of(entry);
	read_reply(json_get_text(entry, "response"), arena, ret_recorded);
}
