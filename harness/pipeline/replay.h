/* Layer 3. Recorded exchanges into the spool, as if a tap had seen them. recording.h reads them.
 *
 * A legacy decision that the recording has not comes from the outcomes table: CSV, one column with the message's
 * identity, the others named as the contract's fields. Nothing is left out without being counted. */
#ifndef UNDERSTUDY_PIPELINE_REPLAY_H
#define UNDERSTUDY_PIPELINE_REPLAY_H

#include "harness/contract/contract.h"
#include "harness/pipeline/recording.h"
#include "harness/spool/spool.h"

struct replay_outcomes;

/* Reads the table. `key`: the column with the identity, NULL: the first. Errors have file and line. destroy accepts
 * NULL. */
struct replay_outcomes *replay_outcomes_load(const struct contract *contract, const char *file, const char *key,
					     struct error *err);
void replay_outcomes_destroy(struct replay_outcomes *outcomes);

/* Where exchanges go, and what decides about them. All borrowed. */
struct replay_target {
	const struct contract *contract;
	const struct replay_outcomes *outcomes; /* NULL: no table */
	struct spool_writer *writer;
	bool whole_traffic; /* of the recording's format */
};

/* records = replayed + all of skipped. */
struct replay_counts {
	int64_t records;
	int64_t replayed;
	int64_t without_legacy; /* of the replayed: no legacy decision anywhere, taken as failed */
	int64_t skipped[REPLAY_SKIP_COUNT];
};

/* Appends one, or counts why not: *ret_skip is that reason, -1 where it was appended. `arena` is the caller's, for this
 * call. False: the spool cannot be written, and nothing was counted. */
MUST_CHECK bool replay_append(const struct replay_target *target, const struct recorded *recorded, struct arena *arena,
			      struct replay_counts *counts, int *ret_skip, struct error *err);

/* Pauses between exchanges as they were recorded. Set `speed` and `new_file` (with every file); the rest is zero. */
struct replay_pace {
	double speed;  /* 1: as recorded, 10: ten times as fast; 0: no pauses */
	bool new_file; /* a file that begins before the last one's end begins anew */
	bool begun;
	int64_t first;      /* captured_at that `started_at` belongs to */
	int64_t latest;     /* captured_at so far */
	int64_t started_at; /* monotonic */
};
/* Microseconds to wait before this exchange, at the monotonic time `now`. 0 for one without a time or before its
 * predecessor's. */
int64_t replay_pace_wait(struct replay_pace *pace, int64_t captured_at, int64_t now);

#endif
