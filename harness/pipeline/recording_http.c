#include "harness/pipeline/recording_http.h"

#include "harness/base/vocabulary.h"

static int fail(struct recorded_message *message, enum replay_skip skip, const char *detail)
{
	message->detail = detail;
	return (int)skip;
}

/* Only white space stands behind a message that was recorded whole: hand-made files end in line feeds. */
static bool is_blank(struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] != '\r' && text.data[i] != '\n') {
			return false;
		}
	}
	return true;
}

static struct span behind(struct span text, size_t length)
{
	return (struct span){text.data + length, text.length - length};
}

/* Joins what the body's reader shows; *ret_length counts what it used. */
static enum http_step join_body(struct http_body *body, struct span rest, char *target, size_t *ret_length,
				size_t *ret_used)
{
	enum http_step step = HTTP_MORE;
	size_t position = 0;
	size_t length = 0;
	while (step == HTTP_MORE && (position < rest.length || body->ended)) {
		size_t used = 0;
		struct span payload = {"", 0};
		step = http_body_step(body, behind(rest, position), &used, &payload);
		if (payload.length > 0) {
			memcpy(target + length, payload.data, payload.length);
		}
		length += payload.length;
		position += used;
	}
	*ret_length = length;
	*ret_used = position;
	return step;
}

static int read_body(struct http_body *body, struct span rest, struct arena *arena, struct recorded_message *message)
{
	size_t length = 0;
	size_t used = 0;
	char *joined = arena_allocate(arena, rest.length);
	if (joined == NULL) {
		return fail(message, REPLAY_SKIP_TOO_LARGE, "the body does not fit into memory");
	}
	switch (join_body(body, rest, joined, &length, &used)) {
	case HTTP_BAD:
		return fail(message, REPLAY_SKIP_MALFORMED, "the chunks of the body are malformed");
	case HTTP_MORE:
		if (body->framing != HTTP_UNTIL_CLOSE) {
			return fail(message, REPLAY_SKIP_CUT, "the body is shorter than its head says");
		}
		break;
	case HTTP_END:
		if (!is_blank(behind(rest, used))) {
			return fail(message, REPLAY_SKIP_MALFORMED, "bytes stand behind the message's end");
		}
		break;
	}
	message->body = (struct span){joined, length};
	return -1;
}

static int copy_fields(const struct http_head *head, struct arena *arena, struct recorded_message *message)
{
	CLEANUP_BUFFER struct buffer fields = BUFFER_INIT(2 * (size_t)HTTP_HEAD_MAX);
	http_head_write_fields(head, &fields);
	char *copy = buffer_ok(&fields, "a head", NULL) ? arena_copy(arena, buffer_span(&fields)) : NULL;
	if (copy == NULL) {
		return fail(message, REPLAY_SKIP_TOO_LARGE, "the head does not fit into memory");
	}
	message->fields = (struct span){copy, fields.length};
	return -1;
}

/* Bytes of the head, or 0 with *ret_skip. */
static size_t find_head(struct span bytes, struct recorded_message *message, int *ret_skip)
{
	size_t scanned = 0;
	size_t length = http_head_find_end(bytes, &scanned);
	if (length == 0) {
		*ret_skip = fail(message, REPLAY_SKIP_CUT, "the head has no end");
	} else if (length > HTTP_HEAD_MAX) {
		*ret_skip = fail(message, REPLAY_SKIP_TOO_LARGE, "the head is larger than 64 KiB");
		length = 0;
	}
	return length;
}

int recorded_message_read_request(struct span bytes, struct arena *arena, struct recorded_message *ret_message)
{
	*ret_message =
		(struct recorded_message){.method = SPAN(""), .target = SPAN(""), .fields = SPAN(""), .body = SPAN("")};
	int skip = -1;
	if (!http_head_may_be_request(bytes)) {
		return fail(ret_message, REPLAY_SKIP_MALFORMED, "no HTTP request stands there");
	}
	size_t length = find_head(bytes, ret_message, &skip);
	if (length == 0) {
		return skip;
	}
	struct http_head head;
	struct http_fault fault;
	if (!http_head_parse_request((struct span){bytes.data, length}, &head, &fault)) {
		return fail(ret_message, REPLAY_SKIP_MALFORMED, fault.text);
	}
	ret_message->method = head.method;
	ret_message->target = head.target;
	skip = copy_fields(&head, arena, ret_message);
	struct http_body body = http_body_of_request(&head);
	return skip >= 0 ? skip : read_body(&body, behind(bytes, length), arena, ret_message);
}

static bool is_interim(const struct http_head *head)
{
	return head->status < 200 && head->status != 101;
}

int recorded_message_read_reply(struct span bytes, bool to_head, struct arena *arena,
				struct recorded_message *ret_message)
{
	*ret_message =
		(struct recorded_message){.method = SPAN(""), .target = SPAN(""), .fields = SPAN(""), .body = SPAN("")};
	struct http_head head;
	struct http_fault fault;
	do {
		int skip = -1;
		size_t length = find_head(bytes, ret_message, &skip);
		if (length == 0) {
			return skip;
		}
		if (!http_head_parse_reply((struct span){bytes.data, length}, &head, &fault)) {
			return fail(ret_message, REPLAY_SKIP_MALFORMED, fault.text);
		}
		bytes = behind(bytes, length);
	} while (is_interim(&head) && !is_blank(bytes));
	if (is_interim(&head)) {
		return -1;
	}
	ret_message->status = head.status;
	int skip = copy_fields(&head, arena, ret_message);
	struct http_body body = http_body_of_reply(&head, to_head);
	return skip >= 0 ? skip : read_body(&body, bytes, arena, ret_message);
}

static void begin_framing(struct recorded_framing *framing, bool is_reply, struct span bytes)
{
	struct http_head head;
	struct http_fault fault;
	size_t length = http_head_find_end(bytes, &framing->scanned);
	if (length == 0) {
		framing->lost = bytes.length > HTTP_HEAD_MAX;
		return;
	}
	struct span text = {bytes.data, length};
	framing->lost = length > HTTP_HEAD_MAX || !(is_reply ? http_head_parse_reply(text, &head, &fault)
							     : http_head_parse_request(text, &head, &fault));
	if (framing->lost) {
		return;
	}
	framing->has_head = true;
	framing->position = length;
	framing->body = is_reply ? http_body_of_reply(&head, false) : http_body_of_request(&head);
	framing->ended = framing->body.ended;
}

bool recorded_framing_ends(struct recorded_framing *framing, bool is_reply, struct span bytes)
{
	if (!framing->has_head && !framing->lost) {
		begin_framing(framing, is_reply, bytes);
	}
	while (framing->has_head && !framing->lost && !framing->ended && framing->position < bytes.length) {
		size_t used = 0;
		struct span payload;
		enum http_step step = http_body_step(&framing->body, behind(bytes, framing->position), &used, &payload);
		framing->position += used;
		framing->ended = step == HTTP_END;
		framing->lost = step == HTTP_BAD;
	}
	return framing->ended && framing->position == bytes.length;
}
