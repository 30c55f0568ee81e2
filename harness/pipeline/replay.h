/* Layer 3. Recorded messages into the spool, as if a tap had seen them.
 *
 * JSON Lines, one exchange a line, in one of two shapes:
 *   {"message": {...}, "legacy": {...}, "llm": {...} or "text", "captured_at": TIME, "legacy_outcome": WORD}
 *     where all but "message" may be absent: "llm" is what the provider `recorded` answers with;
 *   any other object: the message itself, whose legacy decision stands in the outcomes table.
 * Outcomes table: CSV, one column with the message's identity, the others named as the contract's fields. */
#ifndef UNDERSTUDY_PIPELINE_REPLAY_H
#define UNDERSTUDY_PIPELINE_REPLAY_H

#include "harness/contract/contract.h"
#include "harness/spool/spool.h"

struct replay_outcomes;

/* Reads the table. `key`: the column with the identity, NULL: the first. Errors have file and line. destroy accepts
 * NULL. */
struct replay_outcomes *replay_outcomes_load(const struct contract *contract, const char *file, const char *key,
					     struct error *err);
void replay_outcomes_destroy(struct replay_outcomes *outcomes);

struct replay_counts {
	int64_t lines;
	int64_t without_legacy; /* exchanges with no legacy decision anywhere: taken as failed */
};

/* Appends one line. `outcomes` may be NULL. ERROR_FORMAT where the line is not JSON: a recording that is broken is the
 * operator's to mend, nothing is skipped. */
MUST_CHECK bool replay_line(const struct contract *contract, const struct replay_outcomes *outcomes, struct span line,
			    struct spool_writer *writer, struct arena *arena, struct replay_counts *counts,
			    struct error *err);

#endif
