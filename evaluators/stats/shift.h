/* Layer 1. Data drift of fields: the values of one week against those of a frozen reference, field by field
 * (STATISTICS.md section 9). Pure: counts in, findings out.
 *
 * Shares (absent, null, usual type, new since the reference): difference with Newcombe's interval, and the two-sided
 * p-value of two shares. New values are held against what is to be expected of them, the share of the reference's
 * values that it has once (Good 1953): in a long tail there are always some. Values that are told apart: chi-square
 * homogeneity, bins merged until each expects 5, with Cramer's V. Lengths, items and numbers: Kolmogorov-Smirnov on the
 * bins, which is conservative. Of both kinds PSI (0.5 added to every bin) and Jensen-Shannon divergence; of the ordered
 * ones these two are over tenths of the reference.
 *
 * All tests of one call are one family: p-values are adjusted by Benjamini and Hochberg. Something is found only where
 * the adjusted p-value is at most 0.05 *and* the effect is worth a look: a difference of 0.02 whose interval leaves out
 * 0; V or D of 0.1, divergence of 0.02, or a PSI above 0.1 and above what no change reaches in 95 % of cases. Whoever
 * calls every week gets about that share of false findings among those of each week, no bound over the weeks; several
 * values of one document are taken as independent, which they are not quite; what changes in several fields together
 * and in none alone is not seen; and none of this measures accuracy. */
#ifndef UNDERSTUDY_EVALUATORS_STATS_SHIFT_H
#define UNDERSTUDY_EVALUATORS_STATS_SHIFT_H

#include "evaluators/stats/interval.h"
#include "harness/base/arena.h"
#include "harness/base/vocabulary.h"

/* Bins that ascend with the value. Of a number: its ten-thousandths, rounded, log-linear with steps of at most an
 * eighth; below 0 the negative of that; past 4e14 all are one. Of a length: exact below 16, then steps of at most an
 * eighth. */
int64_t stats_shift_number_bin(double number);
double stats_shift_number_of_bin(int64_t bin); /* the one next to 0 */
int64_t stats_shift_length_bin(size_t length);
double stats_shift_length_of_bin(int64_t bin); /* the least */

/* A histogram: `count` bins that have something, ascending. */
struct stats_shift_bins {
	const int64_t *bins;
	const double *counts;
	size_t count;
};

enum stats_shift_type { SHIFT_BOOLEANS, SHIFT_NUMBERS, SHIFT_TEXTS, SHIFT_LISTS, SHIFT_OBJECTS, SHIFT_TYPE_COUNT };

/* A field on one side of the comparison. */
struct stats_shift_side {
	uint64_t documents;               /* messages or replies */
	uint64_t with;                    /* that have a value which is not null */
	uint64_t with_null;               /* that have null and no other value */
	uint64_t types[SHIFT_TYPE_COUNT]; /* values */
	struct stats_shift_bins values;   /* that are told apart; any numbers */
	struct stats_shift_bins lengths;
	struct stats_shift_bins items;
	struct stats_shift_bins numbers;
};

struct stats_shift_field {
	const char *name; /* for the sentences */
	bool any_name;    /* it stands for members of any name: whether it is there says nothing */
	struct stats_shift_side reference;
	struct stats_shift_side week;
};

/* One test. */
struct stats_shift_test {
	size_t field;
	enum profile_check check;
	double statistic; /* z, chi-square or D */
	double p;
	double adjusted;
	double effect; /* difference of the shares, Cramer's V or D */
	bool has_shares;
	double reference_share;
	double week_share;
	struct stats_interval interval; /* of the difference, 95 % */
	double psi;                     /* without shares */
	double psi_limit;
	double js;
	bool found;
	const char *sentence; /* in the arena; no value of a text is in it */
};

enum { SHIFT_LEAST = 50 }; /* values, or documents, that both sides must have for a test to be made */

/* `noun`: "messages", "replies". Tests in the order of fields and checks, in the arena. ERROR_MEMORY. */
MUST_CHECK bool stats_shift_test(const struct stats_shift_field *fields, size_t count, const char *noun,
				 struct arena *arena, struct stats_shift_test **ret_tests, size_t *ret_count,
				 struct error *err);

/* The sentence of one test; NULL without memory. */
const char *stats_shift_sentence(const struct stats_shift_field *field, const struct stats_shift_test *test,
				 const char *noun, struct arena *arena);

#endif
