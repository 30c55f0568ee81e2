/* Layer 0. Borrowed bytes (`struct span`) and the one growing buffer, with a maximum given at the start.
 *
 * A buffer that reaches its maximum, or finds no memory, frees what it holds, turns `failed` and ignores all further
 * appends: writers append freely and check buffer_ok once at the end. `data` is always NUL-terminated while not
 * failed (the NUL is not counted in `length`). */
#ifndef UNDERSTUDY_BASE_BYTES_H
#define UNDERSTUDY_BASE_BYTES_H

#include "harness/base/error.h"

#include <stdint.h>
#include <string.h>

/* Borrowed: valid as long as whoever owns the bytes says. Not NUL-terminated unless stated. */
struct span {
	const char *data;
	size_t length;
};

#define SPAN(literal) ((struct span){"" literal, sizeof(literal) - 1})
#define SPAN_ARGUMENTS(s) (int)(s).length, (s).data /* for printf("%.*s") */

static inline struct span span_of(const char *text)
{
	return (struct span){text, text != NULL ? strlen(text) : 0};
}
static inline bool span_equal(struct span a, struct span b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}
static inline bool span_is(struct span a, const char *text)
{
	return span_equal(a, span_of(text));
}
/* memcmp order, shorter first among equals: -1, 0, 1. */
int span_order(struct span a, struct span b);

struct buffer {
	char *data;
	size_t length;
	size_t capacity;
	size_t maximum; /* bytes, not counting the NUL */
	bool failed;
};

#define BUFFER_INIT(most)                                                                                              \
	{                                                                                                              \
		.maximum = (most)                                                                                      \
	}
#define CLEANUP_BUFFER __attribute__((cleanup(buffer_finish)))

void buffer_init(struct buffer *buffer, size_t maximum);
void buffer_finish(struct buffer *buffer);
void buffer_clear(struct buffer *buffer); /* empties, keeps the memory, clears `failed` */
void buffer_append(struct buffer *buffer, const void *data, size_t length);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_span(struct buffer *buffer, struct span text);
void buffer_append_byte(struct buffer *buffer, char byte);
void buffer_append_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Room for `length` more bytes at data + length; NULL when failed. The caller writes there, then adds to `length`. */
char *buffer_reserve(struct buffer *buffer, size_t length);
/* Drops the first `length` bytes. */
void buffer_consume(struct buffer *buffer, size_t length);
/* True while nothing was lost; false sets err (ERROR_LIMIT). `what` names the content in the message. */
MUST_CHECK bool buffer_ok(const struct buffer *buffer, const char *what, struct error *err);
static inline struct span buffer_span(const struct buffer *buffer)
{
	return (struct span){buffer->data != NULL ? buffer->data : "", buffer->length};
}

#endif
