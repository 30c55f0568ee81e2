#include "harness/document/wording.h"

#include <stdarg.h>
#include <stdio.h>

const char *wording_copy(struct wording *wording, struct span text)
{
	const char *copy = text.length == 0 ? "" : arena_copy(wording->arena, text);
	wording->failed = wording->failed || copy == NULL;
	return copy != NULL ? copy : "";
}

const char *wording_format(struct wording *wording, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	BUG_ON(length < 0);
	char *text = arena_allocate(wording->arena, (size_t)length + 1);
	if (text == NULL) {
		wording->failed = true;
		return "";
	}
	va_start(arguments, format);
	vsnprintf(text, (size_t)length + 1, format, arguments);
	va_end(arguments);
	return text;
}

const char *wording_line(struct wording *wording, struct span text)
{
	char *copy = arena_copy(wording->arena, text);
	for (size_t i = 0; copy != NULL && i < text.length; i++) {
		copy[i] = (unsigned char)copy[i] < 0x20 || copy[i] == 0x7f ? ' ' : copy[i];
	}
	wording->failed = wording->failed || copy == NULL;
	return copy != NULL ? copy : "";
}

const char *wording_take(struct wording *wording, struct buffer *buffer)
{
	wording->failed = wording->failed || buffer->failed;
	const char *copy = buffer->failed ? "" : wording_copy(wording, buffer_span(buffer));
	buffer_clear(buffer);
	return copy;
}

void *wording_array(struct wording *wording, size_t count, size_t size)
{
	void *items = arena_allocate_array(wording->arena, count, size);
	wording->failed = wording->failed || items == NULL;
	return items;
}

const char *wording_join(struct wording *wording, const char *a, const char *joint, const char *b)
{
	if (a[0] == '\0' || b[0] == '\0') {
		return a[0] == '\0' ? b : a;
	}
	return wording_format(wording, "%s%s%s", a, joint, b);
}
