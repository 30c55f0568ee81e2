#include "harness/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 5, 0))) static void set_text(struct error *err, enum error_code code, const char *file,
							   int line, const char *format, va_list arguments)
{
	if (err == NULL || err->code != ERROR_NONE) {
		return;
	}
	err->code = code;
	err->line = line;
	snprintf(err->file, sizeof(err->file), "%s", file != NULL ? file : "");
	vsnprintf(err->message, sizeof(err->message), format, arguments);
}

bool error_set(struct error *err, enum error_code code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	set_text(err, code, NULL, 0, format, arguments);
	va_end(arguments);
	return false;
}

bool error_set_at(struct error *err, enum error_code code, const char *file, int line, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	set_text(err, code, file, line, format, arguments);
	va_end(arguments);
	return false;
}

bool error_set_system(struct error *err, int number, const char *format, ...)
{
	if (err == NULL || err->code != ERROR_NONE) {
		return false;
	}
	va_list arguments;
	va_start(arguments, format);
	set_text(err, ERROR_SYSTEM, NULL, 0, format, arguments);
	va_end(arguments);
	size_t used = strlen(err->message);
	char words[128];
	snprintf(err->message + used, sizeof(err->message) - used, ": %s", strerror_r(number, words, sizeof(words)));
	return false;
}

void error_add_file(struct error *err, const char *file)
{
	if (err != NULL && err->code != ERROR_NONE && err->file[0] == '\0') {
		snprintf(err->file, sizeof(err->file), "%s", file);
	}
}

const char *error_text(const struct error *err, char *text, size_t size)
{
	if (err->file[0] == '\0') {
		snprintf(text, size, "%s", err->message);
	} else if (err->line <= 0) {
		snprintf(text, size, "%s: %s", err->file, err->message);
	} else {
		snprintf(text, size, "%s:%d: %s", err->file, err->line, err->message);
	}
	return text;
}

void error_bug(const char *condition, const char *file, int line)
{
	fprintf(stderr, "understudy: %s:%d: internal error: %s\n", file, line, condition);
	abort();
}
