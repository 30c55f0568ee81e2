/* Layer 0. Errors: a small code, and one line of text made where the knowledge is.
 *
 * A fallible function returns bool (true: done) or a pointer (NULL: failed) and takes `struct error *err` last.
 * `err` may be NULL. The first error wins: a later error_set on an error that is already set changes nothing, so
 * cleanup code cannot hide the cause. Libraries never print and never exit; harness/cmd reports once, at the top. */
#ifndef UNDERSTUDY_BASE_ERROR_H
#define UNDERSTUDY_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

enum error_code {
	ERROR_NONE = 0,
	ERROR_USAGE,   /* the command line is wrong */
	ERROR_CONFIG,  /* a configuration or contract file is wrong */
	ERROR_FORMAT,  /* outside bytes are not what they should be */
	ERROR_LIMIT,   /* a configured or built-in limit was reached */
	ERROR_VERSION, /* written by a newer version of this program */
	ERROR_BUSY,    /* held by another process; trying again may help */
	ERROR_MISSING, /* a file, row or name is not there */
	ERROR_SYSTEM,  /* the operating system said no; the message ends with its words */
	ERROR_MEMORY,
};

struct error {
	enum error_code code;
	int line;          /* 1-based line in `file`, 0 where there is none */
	char file[256];    /* the file the error is about, "" where there is none */
	char message[512]; /* "what is wrong; what to do", without a full stop at the end */
};

#define ERROR_INIT                                                                                                     \
	{                                                                                                              \
		.code = ERROR_NONE                                                                                     \
	}

/* Always returns false, so that `return error_set(err, ...)` reads well. */
bool error_set(struct error *err, enum error_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool error_set_at(struct error *err, enum error_code code, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* Code ERROR_SYSTEM; appends ": " and the text of `number` (an errno value). */
bool error_set_system(struct error *err, int number, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Adds the file to an error that has none yet; for callers who know which file a parser was reading. */
void error_add_file(struct error *err, const char *file);
/* Writes "FILE:LINE: message", as much of it as there is, into `text` and returns `text`. */
const char *error_text(const struct error *err, char *text, size_t size);

#define MUST_CHECK __attribute__((warn_unused_result))

/* A broken promise of our own code, never of input: prints where and aborts. */
#define BUG_ON(condition) ((condition) ? error_bug(#condition, __FILE__, __LINE__) : (void)0)
void error_bug(const char *condition, const char *file, int line) __attribute__((noreturn));

#endif
