#include "harness/pipeline/recording_source.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

enum {
	READ_SIZE = 128 * 1024,
	WINDOW_MAX = 512 * 1024 * 1024,
	GZIP_WINDOW = 15 + 16, /* windowBits of zlib's inflateInit2 for gzip and nothing else */
};

struct recording_source {
	struct recording_input input;
	struct buffer plain;
	size_t begin; /* of the window in `plain` */
	uint64_t offset;
	bool ended;
	bool torn;
	bool gzip;
	bool in_member; /* inside a gzip member */
	bool input_ended;
	bool has_inflate; /* the stream needs inflateEnd */
	z_stream stream;
	unsigned char packed[READ_SIZE];
};

/* More of the input behind what `packed` still holds. */
static bool read_packed(struct recording_source *source, struct error *err)
{
	memmove(source->packed, source->stream.next_in, source->stream.avail_in);
	source->stream.next_in = source->packed;
	ssize_t length = source->input.read(source->input.context, (char *)source->packed + source->stream.avail_in,
					    READ_SIZE - source->stream.avail_in);
	if (length < 0) {
		return error_set_system(err, errno, "cannot read the recording");
	}
	source->stream.avail_in += (unsigned)length;
	source->input_ended = length == 0;
	return true;
}

/* Room for a read behind the window; what was consumed is dropped first, once it is the larger part. */
static char *make_room(struct recording_source *source, size_t length, struct error *err)
{
	if (source->begin > source->plain.length / 2) {
		buffer_consume(&source->plain, source->begin);
		source->begin = 0;
	}
	char *room = buffer_reserve(&source->plain, length);
	if (room == NULL) { /* the buffer is empty now */
		source->begin = 0;
		source->ended = true;
		error_set(err, ERROR_LIMIT, "a part of the recording does not fit into memory");
	}
	return room;
}

static bool add_plain(struct recording_source *source, struct error *err)
{
	if (source->stream.avail_in == 0 && !source->input_ended && !read_packed(source, err)) {
		return false;
	}
	size_t length = source->stream.avail_in;
	char *room = make_room(source, length > 0 ? length : 1, err);
	if (room == NULL) {
		return false;
	}
	memcpy(room, source->stream.next_in, length);
	source->plain.length += length;
	source->stream.avail_in = 0;
	source->ended = source->input_ended;
	return true;
}

/* Between two members: the next one, or the end. Zeros behind the last member are padding (gzip(1), tapes). */
static bool begin_member(struct recording_source *source, struct error *err)
{
	z_stream *stream = &source->stream;
	while (stream->avail_in > 0 && *stream->next_in == 0) {
		stream->next_in++;
		stream->avail_in--;
	}
	if (stream->avail_in == 0) {
		source->ended = source->input_ended;
		return true;
	}
	if (inflateReset(stream) != Z_OK) {
		return error_set(err, ERROR_MEMORY, "no memory to decompress the recording");
	}
	source->in_member = true;
	return true;
}

static bool inflate_some(struct recording_source *source, struct error *err)
{
	z_stream *stream = &source->stream;
	char *room = make_room(source, READ_SIZE, err);
	if (room == NULL) {
		return false;
	}
	stream->next_out = (unsigned char *)room;
	stream->avail_out = READ_SIZE;
	int status = inflate(stream, Z_NO_FLUSH);
	size_t length = READ_SIZE - stream->avail_out;
	source->plain.length += length;
	if (status == Z_STREAM_END) {
		source->in_member = false;
		return true;
	}
	if (status != Z_OK && status != Z_BUF_ERROR) {
		return error_set(err, ERROR_FORMAT, "the recording's gzip data is damaged behind byte %llu",
				 (unsigned long long)(source->offset + source->plain.length - source->begin));
	}
	if (source->input_ended && stream->avail_in == 0 && length == 0) {
		source->ended = true;
		source->torn = true;
	}
	return true;
}

static bool add_inflated(struct recording_source *source, struct error *err)
{
	if (source->stream.avail_in == 0 && !source->input_ended && !read_packed(source, err)) {
		return false;
	}
	return source->in_member ? inflate_some(source, err) : begin_member(source, err);
}

/* RFC 1952 section 2.3.1: 1f 8b, and the only method there is. */
static bool detect_gzip(struct recording_source *source, struct error *err)
{
	source->stream.next_in = source->packed;
	while (source->stream.avail_in < 3 && !source->input_ended) {
		if (!read_packed(source, err)) {
			return false;
		}
	}
	source->gzip = source->stream.avail_in >= 3 && memcmp(source->packed, "\x1f\x8b\x08", 3) == 0;
	if (!source->gzip) {
		return true;
	}
	if (inflateInit2(&source->stream, GZIP_WINDOW) != Z_OK) {
		return error_set(err, ERROR_MEMORY, "no memory to decompress the recording");
	}
	source->has_inflate = true;
	source->in_member = true;
	return true;
}

struct recording_source *recording_source_create(struct recording_input input, struct error *err)
{
	struct recording_source *source = calloc(1, sizeof(*source));
	if (source == NULL) {
		error_set(err, ERROR_MEMORY, "no memory to read a recording");
		return NULL;
	}
	source->input = input;
	buffer_init(&source->plain, WINDOW_MAX);
	if (!detect_gzip(source, err)) {
		recording_source_destroy(source);
		return NULL;
	}
	return source;
}

void recording_source_destroy(struct recording_source *source)
{
	if (source == NULL) {
		return;
	}
	if (source->has_inflate) {
		inflateEnd(&source->stream);
	}
	buffer_finish(&source->plain);
	free(source);
}

bool recording_source_want(struct recording_source *source, size_t length, struct error *err)
{
	while (source->plain.length - source->begin < length && !source->ended) {
		if (!(source->gzip ? add_inflated(source, err) : add_plain(source, err))) {
			return false;
		}
	}
	return true;
}

struct span recording_source_window(const struct recording_source *source)
{
	struct span all = buffer_span(&source->plain);
	return (struct span){all.data + source->begin, all.length - source->begin};
}

void recording_source_consume(struct recording_source *source, size_t length)
{
	BUG_ON(length > source->plain.length - source->begin);
	source->begin += length;
	source->offset += length;
}

uint64_t recording_source_offset(const struct recording_source *source)
{
	return source->offset;
}

bool recording_source_ended(const struct recording_source *source)
{
	return source->ended;
}

bool recording_source_torn(const struct recording_source *source)
{
	return source->torn;
}

enum recording_search recording_source_find(struct recording_source *source, struct span needle, size_t most,
					    size_t *scanned, size_t *ret_position, struct error *err)
{
	for (;;) {
		struct span window = recording_source_window(source);
		size_t length = window.length < most ? window.length : most;
		const char *found = length > *scanned ? memmem(window.data + *scanned, length - *scanned, needle.data,
							       needle.length)
						      : NULL;
		if (found != NULL) {
			*ret_position = (size_t)(found - window.data);
			*scanned = *ret_position;
			return SOURCE_FOUND;
		}
		if (length >= needle.length && length - needle.length + 1 > *scanned) {
			*scanned = length - needle.length + 1;
		}
		if (length == most || source->ended) {
			return SOURCE_NOT_FOUND;
		}
		if (!recording_source_want(source, window.length + 1, err)) {
			return SOURCE_FAILED;
		}
	}
}
