/* Layer 1. Accuracy and paired differences from samples taken at different rates in different strata (fixed time).
 *
 * A stratum h has N_h records, known exactly, of which n_h were sampled and labelled; W_h = N_h / sum of N. Strata with
 * N_h = 0 count for nothing. Simple random sampling within strata, or Poisson sampling post-stratified (Cochran 1977,
 * chapters 5 and 5A). Every sum runs in the order given, compensated.
 *
 * n_h = 0 with N_h > 0: nothing is known, so the stratum's interval is [0,1] ([-1,1] for a difference), its point
 * estimate the middle, and its weight is reported in `unlabelled` for the report to flag. Several such strata are
 * treated as one, since nothing says that their errors are independent. */
#ifndef UNDERSTUDY_EVALUATORS_STATS_STRATIFIED_H
#define UNDERSTUDY_EVALUATORS_STATS_STRATIFIED_H

#include "evaluators/stats/interval.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Strata of one side may be merged with each other, never across: the sides differ in error rate by design. */
enum stats_side { STATS_SIDE_AGREE, STATS_SIDE_DISAGREE };

struct stats_stratum {
	uint64_t population; /* N_h */
	uint64_t sampled;    /* n_h <= N_h */
	uint64_t successes;  /* x_h <= n_h */
	enum stats_side side;
};

struct stats_estimate {
	double value;
	struct stats_interval interval;
	double unlabelled; /* weight of the strata with n_h = 0, 0 where there is none */
};

/* True where every stratum obeys successes <= sampled <= population and some stratum has records. The functions below
 * demand it. */
bool stats_strata_valid(const struct stats_stratum *strata, size_t count);

/* Merges, in place, every stratum with fewer than `least` labels into its neighbour of the same side (the one before,
 * else the one behind), until each has enough or is alone on its side; strata without records go. Order is kept.
 * Returns the number of strata left. */
size_t stats_strata_merge(struct stats_stratum *strata, size_t count, uint64_t least);

/* sum W_h x_h/n_h with the MOVER interval (Zou and Donner 2008, Stat Med 27:1693; Yan and Su 2010): each stratum's
 * Wilson interval with n_h replaced by n_h/(1 - n_h/N_h) (a census has width 0); then
 * low = estimate - sqrt(sum W_h^2 (p_h - l_h)^2), high alike, clamped to [0,1]. The default. */
struct stats_estimate stats_mover_wilson(const struct stats_stratum *strata, size_t count, double confidence);
/* The same with Clopper-Pearson intervals, where a conservative one is asked for. */
struct stats_estimate stats_mover_clopper_pearson(const struct stats_stratum *strata, size_t count, double confidence);

/* The estimate and its standard error, v = sum W_h^2 (1 - n_h/N_h) p_h(1-p_h)/(n_h-1). False where a stratum has no
 * label, or has one label and is not a census: the variance is not defined then. */
bool stats_stratified_mean(const struct stats_stratum *strata, size_t count, double *ret_mean, double *ret_error);
/* Korn and Graubard (1998), Survey Methodology 24:193: Clopper-Pearson with effective sample size
 * n* = p(1-p)/v (t_{n-1}/t_{n-H})^2. False where stats_stratified_mean is false, v = 0, or n <= H: use
 * stats_mover_wilson then. Too narrow when a stratum shows no errors; kept for comparison with survey software. */
bool stats_korn_graubard(const struct stats_stratum *strata, size_t count, double confidence,
			 struct stats_interval *ret_interval);

/* --- Paired difference, LLM minus legacy --- */

struct stats_pair_stratum {
	uint64_t population;  /* N_h */
	uint64_t sampled;     /* n_h */
	uint64_t llm_only;    /* b_h */
	uint64_t legacy_only; /* c_h, b_h + c_h <= n_h */
	uint64_t both;        /* for stats_paired_means only */
	/* The comparator's equality implies equal correctness and this is an agreement stratum: the difference is 0
	 * whatever the truth is, so it needs no labels and adds no width. */
	bool structural_zero;
};

bool stats_pair_strata_valid(const struct stats_pair_stratum *strata, size_t count);

/* sum W_h (b_h-c_h)/n_h with the MOVER interval of Tango intervals on (b/f, c/f, n/f), f = 1 - n_h/N_h. */
struct stats_estimate stats_mover_tango(const struct stats_pair_stratum *strata, size_t count, double confidence);

struct stats_paired_means {
	double llm, legacy, difference;
	double llm_error, legacy_error, difference_error; /* standard errors, finite-population corrected */
};

/* False where a stratum has no label, or one label and is not a census. */
bool stats_paired_means(const struct stats_pair_stratum *strata, size_t count, struct stats_paired_means *ret_means);

/* --- Poisson sampling with unequal probabilities --- */

/* One sampled and labelled record. */
struct stats_poisson_record {
	double probability; /* of inclusion, in (0,1] */
	double value;
	bool in_domain;
};

/* Horvitz and Thompson (1952): sum y/pi over all records, v = sum (1-pi) y^2/pi^2. */
void stats_horvitz_thompson(const struct stats_poisson_record *records, size_t count, double *ret_total,
			    double *ret_error);
/* Hajek mean of the domain: p = sum y/pi / sum 1/pi, v = sum (1-pi)/pi^2 (y-p)^2 / (sum 1/pi)^2, sums over the domain.
 * False where no record is in the domain. */
bool stats_hajek(const struct stats_poisson_record *records, size_t count, double *ret_mean, double *ret_error);

#endif
