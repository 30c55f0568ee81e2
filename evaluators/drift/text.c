#include "evaluators/drift/text.h"

#include "harness/base/text.h"

enum { REPLACEMENT = 0xfffd, UTF8_PER_BYTE = 3 };

/* UTF-16 as RFC 2781: by its byte order mark, or where every other of the first bytes is 0, as in ASCII. */
enum utf16 { UTF16_NOT, UTF16_BIG, UTF16_LITTLE };

static enum utf16 find_utf16(struct span bytes)
{
	const unsigned char *byte = (const unsigned char *)bytes.data;
	if (bytes.length < 4 || bytes.length % 2 != 0) {
		return UTF16_NOT;
	}
	unsigned int mark = (unsigned int)byte[0] << 8 | byte[1];
	if (mark == 0xfeff || mark == 0xfffe) {
		return mark == 0xfeff ? UTF16_BIG : UTF16_LITTLE;
	}
	int zeros = (byte[0] == 0) << 3 | (byte[1] == 0) << 2 | (byte[2] == 0) << 1 | (byte[3] == 0);
	return zeros == 0xa ? UTF16_BIG : zeros == 0x5 ? UTF16_LITTLE : UTF16_NOT;
}

static uint32_t unit_at(struct span bytes, enum utf16 order, size_t at)
{
	uint32_t first = (unsigned char)bytes.data[at];
	uint32_t second = (unsigned char)bytes.data[at + 1];
	return order == UTF16_BIG ? first << 8 | second : second << 8 | first;
}

static void append_utf16(struct span bytes, enum utf16 order, struct buffer *buffer)
{
	for (size_t at = 0; at + 1 < bytes.length; at += 2) {
		uint32_t unit = unit_at(bytes, order, at);
		uint32_t next = at + 3 < bytes.length ? unit_at(bytes, order, at + 2) : 0;
		if (unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
			unit = 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00);
			at += 2;
		} else if (unit >= 0xd800 && unit < 0xe000) {
			unit = REPLACEMENT;
		}
		if (unit != 0xfeff || at > 0) {
			text_append_code_point(buffer, unit);
		}
	}
}

static void append_replaced(struct span bytes, struct buffer *buffer)
{
	size_t at = 0;
	while (at < bytes.length) {
		size_t from = at;
		uint32_t code_point = 0;
		while (text_next_code_point(bytes, &at, &code_point)) {
		}
		buffer_append(buffer, bytes.data + from, at - from);
		if (at < bytes.length) {
			text_append_code_point(buffer, REPLACEMENT);
			at++;
		}
	}
}

static void keep(const struct buffer *buffer, const char *fault, struct arena *arena, struct drift_text *text)
{
	char *copy = buffer->failed ? NULL : arena_copy(arena, buffer_span(buffer));
	*text = (struct drift_text){
		.text = copy != NULL ? (struct span){copy, buffer->length} : SPAN(""),
		.fault = fault,
		.moved = true,
	};
}

void drift_text_read(struct span bytes, struct arena *arena, struct drift_text *ret_text)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(UTF8_PER_BYTE * bytes.length);
	enum utf16 order = find_utf16(bytes);
	if (order != UTF16_NOT) {
		append_utf16(bytes, order, &buffer);
		keep(&buffer, "the reply is UTF-16, not UTF-8", arena, ret_text);
		return;
	}
	if (!text_is_utf8(bytes)) {
		append_replaced(bytes, &buffer);
		keep(&buffer, "the reply has bytes that are not UTF-8", arena, ret_text);
		return;
	}
	*ret_text = (struct drift_text){.text = bytes};
	if (text_starts_with(bytes, "\xef\xbb\xbf")) {
		ret_text->text = (struct span){bytes.data + 3, bytes.length - 3};
		ret_text->fault = "the reply begins with a byte order mark";
		ret_text->moved = true;
	}
}

/* --- garbled --- */

static bool follows(struct span text, size_t at, const char *bytes)
{
	size_t length = strlen(bytes);
	return text.length - at >= length && memcmp(text.data + at, bytes, length) == 0;
}

/* At a byte of the range 0xc0 to 0xff. The first of two code points that had been one is U+00C2 or U+00C3 (of the
 * letters of western Europe), or U+00E2 before U+20AC (of dashes and quotes). */
static bool is_garbled_at(struct span text, size_t at)
{
	if (follows(text, at, "\xc3\x82\xc2") || follows(text, at, "\xc3\x83\xc2") ||
	    follows(text, at, "\xc3\xa2\xe2\x82\xac") || follows(text, at, "\xef\xbf\xbd")) {
		return true;
	}
	return (unsigned char)text.data[at] == 0xc2 && at + 1 < text.length && (unsigned char)text.data[at + 1] < 0xa0;
}

static bool is_escaped_replacement(struct span text, size_t at)
{
	struct span rest = {text.data + at, text.length - at < 6 ? text.length - at : 6};
	return text_equal_ignoring_case(rest, SPAN("\\ufffd"));
}

/* Most replies are: eight bytes at a time. */
static bool is_ascii(struct span text)
{
	uint64_t all = 0;
	size_t at = 0;
	for (; at + sizeof(all) <= text.length; at += sizeof(all)) {
		uint64_t eight;
		memcpy(&eight, text.data + at, sizeof(eight));
		all |= eight;
	}
	for (; at < text.length; at++) {
		all |= (unsigned char)text.data[at];
	}
	return (all & UINT64_C(0x8080808080808080)) == 0;
}

bool drift_text_is_garbled(struct span text)
{
	if (is_ascii(text) && (text.length == 0 || memchr(text.data, '\\', text.length) == NULL)) {
		return false;
	}
	for (size_t at = 0; at < text.length; at++) {
		unsigned char c = (unsigned char)text.data[at];
		if ((c >= 0xc0 && is_garbled_at(text, at)) || (c == '\\' && is_escaped_replacement(text, at))) {
			return true;
		}
	}
	return false;
}
