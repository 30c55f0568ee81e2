#include "harness/base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SMALLEST_CAPACITY = 256 };

int span_order(struct span a, struct span b)
{
	size_t common = a.length < b.length ? a.length : b.length;
	int order = common > 0 ? memcmp(a.data, b.data, common) : 0;
	if (order != 0) {
		return order < 0 ? -1 : 1;
	}
	return (a.length > b.length) - (a.length < b.length);
}

void buffer_init(struct buffer *buffer, size_t maximum)
{
	*buffer = (struct buffer)BUFFER_INIT(maximum);
}

void buffer_finish(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer)BUFFER_INIT(buffer->maximum);
}

void buffer_clear(struct buffer *buffer)
{
	buffer->length = 0;
	buffer->failed = false;
	if (buffer->data != NULL) {
		buffer->data[0] = '\0';
	}
}

static void fail(struct buffer *buffer)
{
	buffer_finish(buffer);
	buffer->failed = true;
}

char *buffer_reserve(struct buffer *buffer, size_t length)
{
	if (buffer->failed) {
		return NULL;
	}
	if (length > buffer->maximum || buffer->length > buffer->maximum - length) {
		fail(buffer);
		return NULL;
	}
	size_t needed = buffer->length + length + 1;
	if (needed > buffer->capacity) {
		size_t capacity = buffer->capacity > 0 ? buffer->capacity : SMALLEST_CAPACITY;
		while (capacity < needed) {
			capacity *= 2;
		}
		if (capacity > buffer->maximum + 1) {
			capacity = buffer->maximum + 1;
		}
		char *data = realloc(buffer->data, capacity);
		if (data == NULL) {
			fail(buffer);
			return NULL;
		}
		buffer->data = data;
		buffer->capacity = capacity;
	}
	return buffer->data + buffer->length;
}

void buffer_append(struct buffer *buffer, const void *data, size_t length)
{
	char *end = buffer_reserve(buffer, length);
	if (end == NULL) {
		return;
	}
	if (length > 0) {
		memcpy(end, data, length);
	}
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
	buffer_append(buffer, text, strlen(text));
}

void buffer_append_span(struct buffer *buffer, struct span text)
{
	buffer_append(buffer, text.data, text.length);
}

void buffer_append_byte(struct buffer *buffer, char byte)
{
	buffer_append(buffer, &byte, 1);
}

void buffer_append_format(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	BUG_ON(length < 0);
	char *end = buffer_reserve(buffer, (size_t)length);
	if (end == NULL) {
		return;
	}
	va_start(arguments, format);
	vsnprintf(end, (size_t)length + 1, format, arguments);
	va_end(arguments);
	buffer->length += (size_t)length;
}

void buffer_consume(struct buffer *buffer, size_t length)
{
	BUG_ON(length > buffer->length);
	if (length == 0) {
		return;
	}
	memmove(buffer->data, buffer->data + length, buffer->length - length + 1);
	buffer->length -= length;
}

bool buffer_ok(const struct buffer *buffer, const char *what, struct error *err)
{
	if (buffer->failed) {
		return error_set(err, ERROR_LIMIT, "%s is larger than %zu bytes", what, buffer->maximum);
	}
	return true;
}
