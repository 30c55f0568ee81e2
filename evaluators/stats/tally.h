/* Layer 1. The state of one gate condition in one epoch: how many records had which score.
 *
 * A record is kept as integers (outcome and prediction in millionths, inclusion probability in parts per million,
 * whether its coin fell on "sampled"), so counts are exact, tallies merge by addition, and the order in which records
 * or tallies arrive changes nothing. There are few cells, because probabilities take few values. */
#ifndef UNDERSTUDY_EVALUATORS_STATS_TALLY_H
#define UNDERSTUDY_EVALUATORS_STATS_TALLY_H

#include "evaluators/stats/anytime.h"
#include "harness/base/error.h"

struct stats_cell {
	int32_t g_micro; /* outcome g * 10^6; 0 where not sampled */
	int32_t f_micro; /* prediction f * 10^6 */
	uint32_t pi_ppm; /* inclusion probability * 10^6, 1 .. 1000000 */
	bool sampled;
	uint64_t count;
};

/* Owns `cells`, sorted by (pi, f, sampled, g), none twice. {0} is an empty tally. */
struct stats_tally {
	struct stats_cell *cells;
	size_t count;
	size_t capacity;
};

enum { STATS_TALLY_CELLS_MAX = 1 << 20 };

void stats_tally_init(struct stats_tally *tally);
void stats_tally_finish(struct stats_tally *tally);

/* Adds cell->count records. Errors: ERROR_FORMAT for a probability outside 1..1000000 or an unsampled record with an
 * outcome; ERROR_LIMIT past STATS_TALLY_CELLS_MAX cells or 2^63 records in a cell; ERROR_MEMORY. */
MUST_CHECK bool stats_tally_add(struct stats_tally *tally, const struct stats_cell *cell, struct error *err);
/* Adds every cell of `other`; on an error `tally` may hold part of them. */
MUST_CHECK bool stats_tally_merge(struct stats_tally *tally, const struct stats_tally *other, struct error *err);

uint64_t stats_tally_records(const struct stats_tally *tally);
uint64_t stats_tally_sampled(const struct stats_tally *tally);

/* Y = f + S (g - f)/pi. */
double stats_cell_score(const struct stats_cell *cell);
/* Writes tally->count score cells in the tally's order; `cells` has room for them. */
void stats_tally_scores(const struct stats_tally *tally, struct stats_score_cell *cells);

#endif
