/* Layer 3. The sample messages of an interface: files, and folders with all that is in them.
 *
 * A file holds one JSON document (an object is a message, an array holds messages), or JSON Lines. A line may be the
 * message itself or the envelope that replay reads: {"message": {...}, "legacy": {...}, "llm": ...} with nothing but
 * the members of docs/replay.md beside it. What cannot be read is noted with file and line, counted, and left out.
 *
 * Limits: SAMPLES_FILES files, folders SAMPLES_DEPTH deep, SAMPLES_LINE_MAX bytes of a line, SAMPLES_FILE_MAX bytes of
 * a file that is one document. */
#ifndef UNDERSTUDY_ONBOARDING_SAMPLES_H
#define UNDERSTUDY_ONBOARDING_SAMPLES_H

#include "harness/base/json.h"

enum {
	SAMPLES_FILES = 200000,
	SAMPLES_DEPTH = 8,
	SAMPLES_LINE_MAX = 64 * 1024 * 1024,
	SAMPLES_FILE_MAX = 512 * 1024 * 1024,
	SAMPLES_NOTES = 10,
};

struct samples {
	struct arena arena; /* owns what follows */
	const char **files; /* in order of their names' bytes */
	size_t file_count;
	size_t file_capacity;
	bool all_lines; /* after samples_each: every file is JSON Lines, as replay reads them */

	/* what the last samples_each left out */
	const char *notes[SAMPLES_NOTES]; /* "FILE:LINE: what is wrong" */
	size_t note_count;
	uint64_t faults;
	const char *recognised; /* of the first file that holds something else: "EDI X12"; NULL: none */
	const char *recognised_file;

	/* Told how many bytes of how many are read, every now and then. NULL: nobody is. */
	void (*watch)(void *context, int64_t done, int64_t total);
	void *watch_context;
	int64_t bytes_done;
	int64_t bytes_total;
};

/* One message. Valid during the call that gets it. */
struct sample {
	const struct json_node *message; /* an object */
	const struct json_node *legacy;  /* NULL: none */
	const struct json_node *llm;     /* NULL: none */
	bool is_envelope;
	const struct json_node *root; /* the whole, envelope included */
};

/* Lists the files; those whose name begins with a dot, and `except` (NULL: none), are left out. ERROR_MISSING,
 * ERROR_SYSTEM, ERROR_LIMIT. finish accepts a zeroed struct. */
MUST_CHECK bool samples_find(struct samples *samples, const char *const *paths, size_t count, const char *except,
			     struct error *err);
void samples_finish(struct samples *samples);
/* Hands over one message after the other, the same in every call; `take` returns false to end the work with its error
 * set. */
MUST_CHECK bool samples_each(struct samples *samples,
			     bool (*take)(void *context, const struct sample *sample, struct error *err), void *context,
			     struct error *err);
/* What do these first bytes belong to? NULL: nothing that is known here. Static storage. */
const char *samples_recognise(struct span beginning);

#endif
