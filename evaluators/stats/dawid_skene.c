#include "evaluators/stats/agreement.h"

#include <math.h>

/* What EM needs; confusion[(rater * classes + truth) * classes + label]. */
struct estimate {
	const struct stats_votes *votes;
	double smoothing;
	double *prior;
	double *posterior;
	double *confusion;
};

static void normalise(double *shares, size_t count)
{
	double total = 0;

	for (size_t k = 0; k < count; k++) {
		total += shares[k];
	}
	for (size_t k = 0; k < count; k++) {
		shares[k] = total > 0 ? shares[k] / total : 1 / (double)count;
	}
}

static void start_from_majority(struct estimate *estimate)
{
	const struct stats_votes *votes = estimate->votes;

	for (size_t i = 0; i < votes->units * votes->classes; i++) {
		estimate->posterior[i] = 0;
	}
	for (size_t v = 0; v < votes->count; v++) {
		estimate->posterior[votes->votes[v].unit * votes->classes + votes->votes[v].label] += 1;
	}
	for (size_t unit = 0; unit < votes->units; unit++) {
		normalise(&estimate->posterior[unit * votes->classes], votes->classes);
	}
}

static void estimate_raters(struct estimate *estimate)
{
	const struct stats_votes *votes = estimate->votes;
	size_t classes = votes->classes;

	for (size_t k = 0; k < classes; k++) {
		estimate->prior[k] = 0;
		for (size_t unit = 0; unit < votes->units; unit++) {
			estimate->prior[k] += estimate->posterior[unit * classes + k];
		}
	}
	normalise(estimate->prior, classes);
	for (size_t i = 0; i < votes->raters * classes * classes; i++) {
		estimate->confusion[i] = estimate->smoothing;
	}
	for (size_t v = 0; v < votes->count; v++) {
		const struct stats_vote *vote = &votes->votes[v];
		for (size_t k = 0; k < classes; k++) {
			estimate->confusion[(vote->rater * classes + k) * classes + vote->label] +=
				estimate->posterior[vote->unit * classes + k];
		}
	}
	for (size_t row = 0; row < votes->raters * classes; row++) {
		normalise(&estimate->confusion[row * classes], classes);
	}
}

static void estimate_units(struct estimate *estimate)
{
	const struct stats_votes *votes = estimate->votes;
	size_t classes = votes->classes;

	for (size_t unit = 0; unit < votes->units; unit++) {
		for (size_t k = 0; k < classes; k++) {
			estimate->posterior[unit * classes + k] = log(estimate->prior[k]);
		}
	}
	for (size_t v = 0; v < votes->count; v++) {
		const struct stats_vote *vote = &votes->votes[v];
		for (size_t k = 0; k < classes; k++) {
			estimate->posterior[vote->unit * classes + k] +=
				log(estimate->confusion[(vote->rater * classes + k) * classes + vote->label]);
		}
	}
	for (size_t unit = 0; unit < votes->units; unit++) {
		double *shares = &estimate->posterior[unit * classes];
		double largest = -HUGE_VAL;
		for (size_t k = 0; k < classes; k++) {
			largest = fmax(largest, shares[k]);
		}
		for (size_t k = 0; k < classes; k++) {
			shares[k] = largest > -HUGE_VAL ? exp(shares[k] - largest) : 1;
		}
		normalise(shares, classes);
	}
}

bool stats_dawid_skene(struct arena *arena, const struct stats_votes *votes, size_t iterations, double smoothing,
		       double *prior, double *posterior, struct error *err)
{
	double *confusion = NULL;

	if (votes->raters == 0 || votes->classes == 0 || votes->classes > SIZE_MAX / votes->classes / votes->raters) {
		return error_set(err, ERROR_FORMAT, "raters and classes must be at least one and not too many");
	}
	confusion = arena_allocate_array(arena, votes->raters * votes->classes * votes->classes, sizeof(*confusion));
	if (confusion == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for %zu raters and %zu classes; give fewer",
				 votes->raters, votes->classes);
	}
	struct estimate estimate = {votes, smoothing, prior, posterior, confusion};
	start_from_majority(&estimate);
	for (size_t iteration = 0; iteration < iterations; iteration++) {
		estimate_raters(&estimate);
		estimate_units(&estimate);
	}
	return true;
}
