/* Layer 5. The half of `understudy replay` that reads recordings and fills the spool. */
#ifndef UNDERSTUDY_CMD_REPLAY_FEED_H
#define UNDERSTUDY_CMD_REPLAY_FEED_H

#include "harness/cmd/installation.h"
#include "harness/pipeline/replay.h"

struct replay_input {
	const char **files; /* "-": standard input */
	size_t file_count;
	const struct recording_format *format; /* NULL: told by each file */
	const char *outcomes_file;             /* NULL: none */
	const char *key;                       /* its column; NULL: the first */
	double speed;                          /* as in struct replay_pace */
};

enum { REPLAY_NOTES_MAX = 10, REPLAY_NOTE_SIZE = 512 };

/* What came of it; of use after a failure as well. */
struct replay_fed {
	struct replay_counts counts;
	uint64_t last_sequence;                         /* of the stream */
	char notes[REPLAY_NOTES_MAX][REPLAY_NOTE_SIZE]; /* the first records that are faulty, with file and place */
	size_t note_count;
};

/* Reads all files, one after the other, until the end or until command_stop. What was appended is accounted for in the
 * stream in each case. Prints notes on standard error as they come. */
MUST_CHECK bool replay_feed(const struct opened *opened, const char *stream, const struct replay_input *input,
			    struct replay_fed *fed, struct error *err);

#endif
