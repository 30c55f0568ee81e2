/* Heads and bodies of HTTP/1.x. The input is a message: a head, and behind its empty line a body. Held: any split of
 * the bytes gives the same end, framing and payload; a head that was written on is read as the same one, without the
 * fields meant for one hop. */
#include "harness/base/text.h"
#include "harness/http/body.h"
#include "tests/fuzz/fuzz.h"

/* --- splits --- */

static size_t end_in_pieces(struct span bytes, uint64_t *seed)
{
	size_t scanned = 0;
	for (size_t have = 0; have < bytes.length;) {
		size_t step = 1 + fuzz_next(seed) % 7;
		have = have + step < bytes.length ? have + step : bytes.length;
		size_t end = http_head_find_end((struct span){bytes.data, have}, &scanned);
		if (end != 0) {
			HOLDS(end <= have);
			return end;
		}
		HOLDS(scanned <= have);
	}
	return 0;
}

struct passage {
	enum http_step step;
	size_t used;
	struct buffer payload;
};

/* Gives the body its bytes in pieces of at most `most`. */
static void pass_body(struct http_body body, struct span bytes, size_t most, uint64_t *seed,
		      struct passage *ret_passage)
{
	struct passage passage = {.step = HTTP_MORE, .payload = BUFFER_INIT(1 << 24)};
	while (passage.step == HTTP_MORE && passage.used < bytes.length) {
		size_t left = bytes.length - passage.used;
		size_t piece = most > 1 ? 1 + fuzz_next(seed) % most : 1;
		piece = piece < left ? piece : left;
		size_t used;
		struct span payload;
		passage.step = http_body_step(&body, (struct span){bytes.data + passage.used, piece}, &used, &payload);
		HOLDS(used <= piece && payload.length <= used);
		HOLDS(used > 0 || passage.step != HTTP_MORE);
		HOLDS(body.ended == (passage.step == HTTP_END));
		passage.used += used;
		buffer_append_span(&passage.payload, payload);
	}
	HOLDS(!passage.payload.failed);
	*ret_passage = passage;
}

static void check_body(struct http_body body, struct span bytes, uint64_t *seed)
{
	static const size_t pieces[] = {1, 9, 300};
	struct passage whole;
	pass_body(body, bytes, SIZE_MAX / 2, seed, &whole);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct passage passage;
		pass_body(body, bytes, pieces[i], seed, &passage);
		HOLDS(passage.step == whole.step && passage.used == whole.used);
		HOLDS(span_equal(buffer_span(&passage.payload), buffer_span(&whole.payload)));
		buffer_finish(&passage.payload);
	}
	buffer_finish(&whole.payload);
}

/* --- heads written on --- */

static bool is_one_of(struct span name, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (text_equal_ignoring_case(name, span_of(*names))) {
			return true;
		}
	}
	return false;
}

/* Does a Connection field name it? RFC 9110 section 7.6.1, and never what frames or addresses the message. */
static bool is_named_by_connection(const struct http_head *head, struct span name)
{
	static const char *const kept[] = {"host", "content-length", "transfer-encoding", "upgrade", "close", NULL};
	struct span rest = head->fields;
	struct http_field field;
	while (!is_one_of(name, kept) && http_head_next_field(&rest, &field)) {
		if (!text_equal_ignoring_case(field.name, SPAN("connection"))) {
			continue;
		}
		const char *at = field.value.data;
		const char *end = at + field.value.length;
		while (at < end) {
			const char *comma = memchr(at, ',', (size_t)(end - at));
			const char *stop = comma != NULL ? comma : end;
			const char *last = stop;
			for (; at < last && (*at == ' ' || *at == '\t'); at++) {
			}
			for (; last > at && (last[-1] == ' ' || last[-1] == '\t'); last--) {
			}
			if (text_equal_ignoring_case((struct span){at, (size_t)(last - at)}, name)) {
				return true;
			}
			at = stop + 1;
		}
	}
	return false;
}

static bool is_passed_on(const struct http_head *head, struct http_rewrite rewrite, struct span name)
{
	static const char *const hop[] = {"connection", "keep-alive", "proxy-connection", "te", NULL};
	if (is_one_of(name, hop) || is_named_by_connection(head, name)) {
		return false;
	}
	return rewrite.keep_upgrade || !text_equal_ignoring_case(name, SPAN("upgrade"));
}

/* Takes the next field off *rest that must be in what was written. */
static bool next_passed_on(const struct http_head *head, struct http_rewrite rewrite, struct span *rest,
			   bool *length_seen, struct http_field *ret_field)
{
	while (http_head_next_field(rest, ret_field)) {
		bool is_length = text_equal_ignoring_case(ret_field->name, SPAN("content-length"));
		bool is_repeated = is_length && *length_seen;
		*length_seen |= is_length;
		if (!is_repeated && is_passed_on(head, rewrite, ret_field->name)) {
			return true;
		}
	}
	return false;
}

static void check_fields(const struct http_head *head, struct http_rewrite rewrite, const struct http_head *written)
{
	struct span before = head->fields;
	struct span after = written->fields;
	struct http_field expected;
	struct http_field field;
	bool length_seen = false;
	while (next_passed_on(head, rewrite, &before, &length_seen, &expected)) {
		HOLDS(http_head_next_field(&after, &field));
		HOLDS(span_equal(field.name, expected.name) && span_equal(field.value, expected.value));
	}
	if (rewrite.add_close || rewrite.keep_upgrade) {
		HOLDS(http_head_next_field(&after, &field) && span_is(field.name, "Connection"));
	}
	HOLDS(!http_head_next_field(&after, &field));
}

static bool parse(bool is_reply, struct span text, struct http_head *ret_head)
{
	struct http_fault fault = {.status = 0};
	bool taken = is_reply ? http_head_parse_reply(text, ret_head, &fault)
			      : http_head_parse_request(text, ret_head, &fault);
	HOLDS(taken || (fault.status >= 400 && fault.text != NULL));
	return taken;
}

static void check_written(bool is_reply, const struct http_head *head, struct http_rewrite rewrite)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 24);
	http_head_write(head, rewrite, &text);
	HOLDS(!text.failed);
	size_t scanned = 0;
	HOLDS(http_head_find_end(buffer_span(&text), &scanned) == text.length);
	struct http_head written;
	HOLDS(parse(is_reply, buffer_span(&text), &written));
	HOLDS(written.status == head->status && written.minor == (is_reply ? 1 : head->minor));
	HOLDS(is_reply || (span_equal(written.method, head->method) && span_equal(written.target, head->target)));
	HOLDS(written.chunked == head->chunked && written.has_length == head->has_length);
	HOLDS(!head->has_length || written.length == head->length);
	HOLDS(written.close == rewrite.add_close && !written.same_again);
	check_fields(head, rewrite, &written);
}

static void check_target(const struct http_head *head)
{
	struct span path = http_target_path(head->target);
	HOLDS(path.data >= head->target.data && path.length <= head->target.length);
	HOLDS(path.data + path.length <= head->target.data + head->target.length);
}

static void check_message(bool is_reply, struct span bytes, size_t head_length, uint64_t *seed)
{
	struct http_head head;
	if (!parse(is_reply, (struct span){bytes.data, head_length}, &head)) {
		return;
	}
	if (!is_reply) {
		HOLDS(http_head_may_be_request(bytes));
		check_target(&head);
	}
	check_written(is_reply, &head, (struct http_rewrite){.add_close = false});
	check_written(is_reply, &head, (struct http_rewrite){.add_close = true});
	check_written(is_reply, &head, (struct http_rewrite){.keep_upgrade = true});
	struct span rest = {bytes.data + head_length, bytes.length - head_length};
	check_body(is_reply ? http_body_of_reply(&head, false) : http_body_of_request(&head), rest, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const void *start = data;
	struct span bytes = {size > 0 ? start : "", size};
	uint64_t seed = fuzz_seed(data, size);
	size_t scanned = 0;
	size_t head_length = http_head_find_end(bytes, &scanned);
	HOLDS(head_length <= size && end_in_pieces(bytes, &seed) == head_length);
	if (head_length > 0) {
		check_message(false, bytes, head_length, &seed);
		check_message(true, bytes, head_length, &seed);
	}
	check_body(http_body_of_request(&(struct http_head){.minor = 1, .chunked = true}), bytes, &seed);
	check_body(http_body_until_close(), bytes, &seed);
	return 0;
}
