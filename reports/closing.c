/* Which weeks may enter the gate. */
#include "reports/evidence.h"

static const struct evidence_week *week_states(const struct evidence *evidence, int32_t week)
{
	for (size_t i = 0; i < evidence->week_count; i++) {
		if (evidence->weeks[i].week == week) {
			return &evidence->weeks[i];
		}
	}
	return NULL;
}

static void judge_week(struct evidence_closing *closing, const struct evidence *evidence,
		       const struct contract *contract, const struct zone *zone, int64_t as_of)
{
	int64_t end = clock_week_start(clock_week_next(closing->week), zone);
	const struct evidence_week *states = week_states(evidence, closing->week);
	closing->over = end <= as_of;
	closing->past_deadline = closing->over && (as_of - end) / CLOCK_DAY >= contract->close_after_days;
	closing->pending = states != NULL ? states->states[EVALUATION_PENDING] : 0;
	closing->complete =
		closing->over && (closing->past_deadline || (closing->pending == 0 && closing->unsettled == 0));
}

bool evidence_close(struct arena *arena, const struct evidence *evidence, const struct contract *contract,
		    const struct zone *zone, int64_t as_of, struct evidence_closing **ret_weeks, size_t *ret_count,
		    struct error *err)
{
	int32_t current = evidence->epoch_count > 0 ? evidence->epochs[evidence->epoch_count - 1].ordinal : 0;
	struct evidence_closing *weeks = arena_allocate_array(arena, evidence->transaction_count + 1, sizeof(*weeks));
	if (weeks == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for the list of weeks");
	}
	size_t count = 0;
	bool closed = true;
	size_t stratum = 0;
	for (size_t i = 0; i < evidence->transaction_count; i++) {
		if (evidence->transactions[i].epoch != current) {
			continue;
		}
		struct evidence_closing *week = &weeks[count++];
		week->week = evidence->transactions[i].week;
		for (; stratum < evidence->stratum_count && evidence->strata[stratum].week <= week->week; stratum++) {
			const struct evidence_stratum *of = &evidence->strata[stratum];
			if (of->week == week->week && of->epoch == current) {
				week->unsettled += evidence_unsettled(of);
			}
		}
		judge_week(week, evidence, contract, zone, as_of);
		closed = closed && week->complete;
		week->closed = closed;
	}
	*ret_weeks = weeks;
	*ret_count = count;
	return true;
}
