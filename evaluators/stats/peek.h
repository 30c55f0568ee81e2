/* Layer 1. What weekly looking does to a decision rule: simulated epochs in which the true value lies exactly at the
 * limit, and how often each rule says GO by mistake at some look. The acceptance test of the gate's method.
 *
 * Reproducible to the bit: splitmix64, replicate r of scenario s (position below) starts at
 * seed * 1000003 + s * 7919 + r * 104729 (mod 2^64); every record draws three numbers in [0,1). */
#ifndef UNDERSTUDY_EVALUATORS_STATS_PEEK_H
#define UNDERSTUDY_EVALUATORS_STATS_PEEK_H

#include "evaluators/stats/anytime.h"

struct stats_peek_scenario {
	const char *name;
	bool is_accuracy;      /* else the paired difference D with an exact comparator */
	bool drifts;           /* accuracy is above the limit for 20 weeks, then below */
	double limit;          /* m, also the true value */
	double share;          /* of disagreements */
	double accuracy_agree; /* of the LLM path where both agree; accuracy scenarios only, as sampled_agree */
	double sampled_agree;  /* inclusion probabilities */
	double sampled_disagree;
};

extern const struct stats_peek_scenario stats_peek_scenarios[];
extern const size_t stats_peek_scenario_count;
/* Position by name, or stats_peek_scenario_count. */
size_t stats_peek_find(const char *name, size_t length);

struct stats_peek_plan {
	size_t scenario;
	uint64_t replicates;
	uint64_t weeks;
	uint64_t records_per_week;
	uint64_t seed;
	double alpha;
	const struct stats_bets *bets;
};

struct stats_peek_counts {
	uint64_t kaplan_wald; /* replicates with log K >= log(1/alpha) at the end of some week */
	uint64_t naive_wald;  /* with at least 30 labels and mean - 1.6448536 se above the limit at the end of some week
			       */
};

/* About 5 ns per record: replicates * weeks * records_per_week. False where the scenario or the bets are not valid. */
bool stats_peek_run(const struct stats_peek_plan *plan, struct stats_peek_counts *ret_counts);

#endif
