/* Layer 1. Agreement among reviewers (or among paths) on a nominal, ordinal or interval scale.
 *
 * A coefficient is undefined where expected disagreement is 0 (one category only): `defined` is false then, and a
 * report shows "one category only", never 1. */
#ifndef UNDERSTUDY_EVALUATORS_STATS_AGREEMENT_H
#define UNDERSTUDY_EVALUATORS_STATS_AGREEMENT_H

#include "evaluators/stats/interval.h"
#include "harness/base/arena.h"

struct stats_optional {
	bool defined;
	double value;
};

/* Labels given to units by any number of raters, missing ones left out. Borrowed. */
struct stats_ratings {
	size_t units;
	const size_t *starts; /* units + 1 positions: unit u's labels are labels[starts[u]] .. labels[starts[u+1]-1] */
	const uint32_t *labels;   /* positions in `categories` */
	const double *categories; /* values, ascending; only the interval metric reads them */
	size_t category_count;
};

/* Sorts the values given to each unit into categories. `starts` is borrowed by the result, the rest lives in the arena.
 */
MUST_CHECK bool stats_ratings_from_values(struct arena *arena, size_t units, const size_t *starts, const double *values,
					  struct stats_ratings *ret_ratings, struct error *err);

enum stats_metric { STATS_METRIC_NOMINAL, STATS_METRIC_ORDINAL, STATS_METRIC_INTERVAL };

/* Krippendorff's alpha (2011; 2013): alpha = 1 - (n-1) sum o_ck d_ck / sum n_c n_k d_ck, where o are the coincidences
 * within units of two labels or more, d nominal 0/1, interval (c-k)^2, ordinal (sum_{g=c..k} n_g - (n_c+n_k)/2)^2. The
 * default. The ordinal metric is the interval metric on mid-ranks, so no matrix is needed: O(labels + categories). */
MUST_CHECK bool stats_krippendorff(struct arena *arena, const struct stats_ratings *ratings, enum stats_metric metric,
				   struct stats_optional *ret_alpha, struct error *err);

struct stats_bootstrap {
	struct stats_interval interval; /* meaningless where defined = 0 */
	uint64_t defined;               /* replicates in which alpha exists; the others are dropped */
};
/* Percentile bootstrap over units: splitmix64 from `seed`, per replicate `units` draws floor(u * units) in order,
 * sorted defined values, quantiles of type 7 (Hyndman and Fan 1996) at (1-confidence)/2 and its complement. */
MUST_CHECK bool stats_krippendorff_bootstrap(struct arena *arena, const struct stats_ratings *ratings,
					     enum stats_metric metric, uint64_t seed, uint64_t replicates,
					     double confidence, struct stats_bootstrap *ret_bootstrap,
					     struct error *err);

/* Mean over units of two labels or more of sum_k r_k(r_k-1)/(r(r-1)); undefined without such a unit. */
MUST_CHECK bool stats_percent_agreement(struct arena *arena, const struct stats_ratings *ratings,
					struct stats_optional *ret_share, struct error *err);
/* Gwet (2008), AC1, stable at high prevalence: (pa - pe)/(1 - pe), pi_k the mean over labelled units of r_k/r,
 * pe = sum pi_k(1-pi_k)/(q-1). q is `categories`, those that could have been given, at least 2 and at least those seen.
 */
MUST_CHECK bool stats_gwet_ac1(struct arena *arena, const struct stats_ratings *ratings, size_t categories,
			       struct stats_optional *ret_ac1, struct error *err);

/* Fleiss (1971): table[unit * categories + category] counts; every unit has the same number of raters, at least 2, or
 * the result is undefined. */
struct stats_optional stats_fleiss_kappa(const uint64_t *table, size_t units, size_t categories);

struct stats_kappa {
	struct stats_optional kappa;
	double observed;   /* share of equal labels */
	double error;      /* large-sample SE, Fleiss, Cohen, Everitt 1969 */
	double null_error; /* SE under kappa = 0 */
};
/* Cohen (1960): table[i * categories + j] counts of rater one saying i and rater two saying j. An empty table is
 * undefined with observed = 0. */
struct stats_kappa stats_cohen_kappa(const uint64_t *table, size_t categories);

enum stats_kappa_weights { STATS_KAPPA_LINEAR, STATS_KAPPA_QUADRATIC };
/* Cohen (1968): agreement weights 1 - |i-j|/(q-1), or its square form. */
struct stats_optional stats_cohen_kappa_weighted(const uint64_t *table, size_t categories,
						 enum stats_kappa_weights weights);

/* Quantile of type 7 (Hyndman and Fan 1996) of n >= 1 ascending values. */
double stats_quantile_type7(const double *sorted, size_t n, double q);

/* --- Dawid and Skene (1979), optional; it never feeds the gate --- */

struct stats_vote {
	uint32_t unit;
	uint32_t rater;
	uint32_t label;
};

struct stats_votes {
	const struct stats_vote *votes;
	size_t count;
	size_t units, raters, classes; /* each larger than the numbers used */
};

/* EM from majority shares; `smoothing` is added to every cell of the raters' confusion matrices. `posterior` gets
 * units * classes shares, `prior` classes shares (room given by the caller). A unit without votes gets the prior. */
MUST_CHECK bool stats_dawid_skene(struct arena *arena, const struct stats_votes *votes, size_t iterations,
				  double smoothing, double *prior, double *posterior, struct error *err);

#endif
