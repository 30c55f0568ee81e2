#include "harness/codec/content.h"

#include "harness/base/text.h"

#include <zlib.h>

enum { WINDOW_GZIP_OR_ZLIB = 15 + 32, INFLATE_STEP = 16 * 1024 };

struct span content_header(struct span head, const char *name)
{
	struct span wanted = span_of(name);
	size_t position = 0;
	while (position < head.length) {
		struct span rest = {head.data + position, head.length - position};
		struct span line = {rest.data, text_find(rest, SPAN("\r\n"))};
		size_t colon = text_find(line, SPAN(":"));
		if (colon < line.length && text_equal_ignoring_case((struct span){line.data, colon}, wanted)) {
			return text_trim((struct span){line.data + colon + 1, line.length - colon - 1});
		}
		position += line.length + 2;
	}
	return (struct span){"", 0};
}

static bool inflate_all(z_stream *stream, struct buffer *target, struct error *err)
{
	int status = Z_OK;
	while (status == Z_OK) {
		char *room = buffer_reserve(target, INFLATE_STEP);
		if (room == NULL) {
			return error_set(err, ERROR_LIMIT, "the decoded body is larger than %zu bytes",
					 target->maximum - INFLATE_STEP);
		}
		stream->next_out = (unsigned char *)room;
		stream->avail_out = INFLATE_STEP;
		status = inflate(stream, Z_NO_FLUSH);
		target->length += INFLATE_STEP - stream->avail_out;
		if (status == Z_STREAM_END && stream->avail_in > 0) {
			status = inflateReset(stream); /* RFC 1952, 2.2: a gzip file may have several members */
			continue;
		}
		if (status == Z_BUF_ERROR || (status == Z_OK && stream->avail_in == 0 && stream->avail_out > 0)) {
			return error_set(err, ERROR_FORMAT, "the compressed body is cut off");
		}
	}
	if (status != Z_STREAM_END) {
		return error_set(err, ERROR_FORMAT, "the compressed body is damaged");
	}
	return true;
}

static bool inflate_body(struct span body, size_t maximum, struct arena *arena, struct span *ret_body,
			 struct error *err)
{
	if (body.length > UINT32_MAX) {
		return error_set(err, ERROR_LIMIT, "the compressed body is larger than 4 GiB");
	}
	union { /* zlib takes a pointer to non-const and only reads through it */
		const char *constant;
		unsigned char *plain;
	} source = {.constant = body.data};
	z_stream stream = {.next_in = source.plain, .avail_in = (unsigned)body.length};
	if (inflateInit2(&stream, WINDOW_GZIP_OR_ZLIB) != Z_OK) {
		return error_set(err, ERROR_MEMORY, "no memory to decompress a body");
	}
	CLEANUP_BUFFER struct buffer decoded = BUFFER_INIT(maximum + INFLATE_STEP);
	bool done = inflate_all(&stream, &decoded, err);
	inflateEnd(&stream);
	if (!done) {
		return false;
	}
	if (decoded.length > maximum) {
		return error_set(err, ERROR_LIMIT, "the decoded body is larger than %zu bytes", maximum);
	}
	char *copy = arena_copy(arena, buffer_span(&decoded));
	if (copy == NULL) {
		return error_set(err, ERROR_LIMIT, "the decoded body does not fit into memory");
	}
	*ret_body = (struct span){copy, decoded.length};
	return true;
}

bool content_decode(struct span head, struct span body, size_t maximum, struct arena *arena, struct span *ret_body,
		    struct error *err)
{
	struct span coding = content_header(head, "content-encoding");
	if (coding.length == 0 || body.length == 0 || text_equal_ignoring_case(coding, SPAN("identity"))) {
		*ret_body = body;
		return true;
	}
	if (text_equal_ignoring_case(coding, SPAN("gzip")) || text_equal_ignoring_case(coding, SPAN("x-gzip")) ||
	    text_equal_ignoring_case(coding, SPAN("deflate"))) {
		return inflate_body(body, maximum, arena, ret_body, err);
	}
	return error_set(err, ERROR_FORMAT, "content coding \"%.*s\" is not supported", SPAN_ARGUMENTS(coding));
}
