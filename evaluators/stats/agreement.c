#include "evaluators/stats/agreement.h"

#include "evaluators/stats/sum.h"
#include "harness/base/hash.h"

#include <math.h>
#include <stdlib.h>

static int compare_doubles(const void *a, const void *b)
{
	double first = *(const double *)a;
	double second = *(const double *)b;

	return first < second ? -1 : first > second;
}

static bool no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "no memory for the agreement of so many labels; give fewer");
}

static uint32_t category_of(const double *categories, size_t count, double value)
{
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (categories[middle] < value) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return (uint32_t)low;
}

bool stats_ratings_from_values(struct arena *arena, size_t units, const size_t *starts, const double *values,
			       struct stats_ratings *ret_ratings, struct error *err)
{
	size_t count = starts[units];
	double *categories = arena_allocate_array(arena, count, sizeof(*categories));
	uint32_t *labels = arena_allocate_array(arena, count, sizeof(*labels));
	size_t distinct = 0;

	if (categories == NULL || labels == NULL || count > UINT32_MAX) {
		return no_memory(err);
	}
	for (size_t i = 0; i < count; i++) {
		categories[i] = values[i];
	}
	qsort(categories, count, sizeof(*categories), compare_doubles);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || categories[i] > categories[distinct - 1]) {
			categories[distinct++] = categories[i];
		}
	}
	for (size_t i = 0; i < count; i++) {
		labels[i] = category_of(categories, distinct, values[i]);
	}
	*ret_ratings = (struct stats_ratings){units, starts, labels, categories, distinct};
	return true;
}

/* Scratch of one coefficient: per category a count over all units, a count within one unit, and a position. */
struct scratch {
	uint64_t *counts;
	uint64_t *within; /* all 0 between units */
	double *positions;
};

static bool scratch_init(struct arena *arena, const struct stats_ratings *ratings, struct scratch *scratch,
			 struct error *err)
{
	scratch->counts = arena_allocate_array(arena, ratings->category_count, sizeof(uint64_t));
	scratch->within = arena_allocate_array(arena, ratings->category_count, sizeof(uint64_t));
	scratch->positions = arena_allocate_array(arena, ratings->category_count, sizeof(double));
	if (scratch->counts == NULL || scratch->within == NULL || scratch->positions == NULL) {
		return no_memory(err);
	}
	return true;
}

static size_t unit_size(const struct stats_ratings *ratings, size_t unit)
{
	return ratings->starts[unit + 1] - ratings->starts[unit];
}

/* Counts labels of the units with at least `least` labels. `picked` lists units (with repetition), NULL: each once. */
static uint64_t count_labels(const struct stats_ratings *ratings, const size_t *picked, size_t least, uint64_t *counts)
{
	uint64_t total = 0;

	for (size_t c = 0; c < ratings->category_count; c++) {
		counts[c] = 0;
	}
	for (size_t k = 0; k < ratings->units; k++) {
		size_t unit = picked != NULL ? picked[k] : k;
		if (unit_size(ratings, unit) < least) {
			continue;
		}
		for (size_t i = ratings->starts[unit]; i < ratings->starts[unit + 1]; i++) {
			counts[ratings->labels[i]]++;
			total++;
		}
	}
	return total;
}

/* sum over ordered pairs of labels within the unit that are equal, self pairs left out. */
static double equal_pairs(const struct stats_ratings *ratings, size_t unit, uint64_t *within)
{
	double pairs = 0;

	for (size_t i = ratings->starts[unit]; i < ratings->starts[unit + 1]; i++) {
		pairs += 2 * (double)within[ratings->labels[i]]++;
	}
	for (size_t i = ratings->starts[unit]; i < ratings->starts[unit + 1]; i++) {
		within[ratings->labels[i]] = 0;
	}
	return pairs;
}

/* sum over the unit's labels of (position - mean)^2. */
static double scatter(const struct stats_ratings *ratings, size_t unit, const double *positions)
{
	size_t size = unit_size(ratings, unit);
	double mean = 0;
	double squares = 0;

	for (size_t i = ratings->starts[unit]; i < ratings->starts[unit + 1]; i++) {
		mean += positions[ratings->labels[i]] / (double)size;
	}
	for (size_t i = ratings->starts[unit]; i < ratings->starts[unit + 1]; i++) {
		double distance = positions[ratings->labels[i]] - mean;
		squares += distance * distance;
	}
	return squares;
}

static void place_categories(const struct stats_ratings *ratings, enum stats_metric metric, struct scratch *scratch)
{
	double before = 0;

	for (size_t c = 0; c < ratings->category_count; c++) {
		double count = (double)scratch->counts[c];
		scratch->positions[c] = metric == STATS_METRIC_INTERVAL ? ratings->categories[c] : before + count / 2;
		before += count;
	}
}

/* sum over units of (sum over ordered pairs of d)/(labels - 1). */
static double observed_disagreement(const struct stats_ratings *ratings, const size_t *picked, enum stats_metric metric,
				    struct scratch *scratch)
{
	struct stats_sum sum = {0};

	for (size_t k = 0; k < ratings->units; k++) {
		size_t unit = picked != NULL ? picked[k] : k;
		double size = (double)unit_size(ratings, unit);
		if (size < 2) {
			continue;
		}
		if (metric == STATS_METRIC_NOMINAL) {
			double unequal = size * (size - 1) - equal_pairs(ratings, unit, scratch->within);
			stats_sum_add(&sum, unequal / (size - 1));
		} else {
			stats_sum_add(&sum, 2 * size * scatter(ratings, unit, scratch->positions) / (size - 1));
		}
	}
	return stats_sum_value(sum);
}

/* sum over ordered pairs of all pairable labels of d. */
static double expected_disagreement(const struct stats_ratings *ratings, double total, enum stats_metric metric,
				    const struct scratch *scratch)
{
	struct stats_sum mean = {0};
	struct stats_sum sum = {0};

	if (metric == STATS_METRIC_NOMINAL) {
		for (size_t c = 0; c < ratings->category_count; c++) {
			double count = (double)scratch->counts[c];
			stats_sum_add(&sum, count * (total - count));
		}
		return stats_sum_value(sum);
	}
	for (size_t c = 0; c < ratings->category_count; c++) {
		stats_sum_add(&mean, (double)scratch->counts[c] * scratch->positions[c] / total);
	}
	for (size_t c = 0; c < ratings->category_count; c++) {
		double distance = scratch->positions[c] - stats_sum_value(mean);
		stats_sum_add(&sum, (double)scratch->counts[c] * distance * distance);
	}
	return 2 * total * stats_sum_value(sum);
}

static bool one_category(const struct stats_ratings *ratings, const struct scratch *scratch)
{
	size_t seen = 0;

	for (size_t c = 0; c < ratings->category_count; c++) {
		seen += scratch->counts[c] > 0 ? 1 : 0;
	}
	return seen < 2;
}

static struct stats_optional alpha_of(const struct stats_ratings *ratings, const size_t *picked,
				      enum stats_metric metric, struct scratch *scratch)
{
	double total = (double)count_labels(ratings, picked, 2, scratch->counts);

	if (one_category(ratings, scratch)) {
		return (struct stats_optional){0};
	}
	place_categories(ratings, metric, scratch);
	double observed = observed_disagreement(ratings, picked, metric, scratch);
	double expected = expected_disagreement(ratings, total, metric, scratch);
	/* Values too close or too far apart for their squares leave nothing to divide. */
	if (!(expected > 0) || !isfinite(expected) || !isfinite(observed)) {
		return (struct stats_optional){0};
	}
	return (struct stats_optional){true, 1 - (total - 1) * observed / expected};
}

bool stats_krippendorff(struct arena *arena, const struct stats_ratings *ratings, enum stats_metric metric,
			struct stats_optional *ret_alpha, struct error *err)
{
	struct scratch scratch;

	if (!scratch_init(arena, ratings, &scratch, err)) {
		return false;
	}
	*ret_alpha = alpha_of(ratings, NULL, metric, &scratch);
	return true;
}

double stats_quantile_type7(const double *sorted, size_t n, double q)
{
	double position = q * (double)(n - 1);
	size_t below = (size_t)floor(position);
	size_t above = below + 1 < n ? below + 1 : n - 1;

	return sorted[below] + (position - (double)below) * (sorted[above] - sorted[below]);
}

bool stats_krippendorff_bootstrap(struct arena *arena, const struct stats_ratings *ratings, enum stats_metric metric,
				  uint64_t seed, uint64_t replicates, double confidence,
				  struct stats_bootstrap *ret_bootstrap, struct error *err)
{
	struct scratch scratch;
	struct stats_bootstrap bootstrap = {0};
	double *alphas = arena_allocate_array(arena, replicates, sizeof(*alphas));
	size_t *picked = arena_allocate_array(arena, ratings->units, sizeof(*picked));

	if (alphas == NULL || picked == NULL) {
		return no_memory(err);
	}
	if (!scratch_init(arena, ratings, &scratch, err)) {
		return false;
	}
	for (uint64_t replicate = 0; replicate < replicates; replicate++) {
		for (size_t k = 0; k < ratings->units; k++) {
			picked[k] = (size_t)(random_unit(&seed) * (double)ratings->units);
		}
		struct stats_optional alpha = alpha_of(ratings, picked, metric, &scratch);
		if (alpha.defined) {
			alphas[bootstrap.defined++] = alpha.value;
		}
	}
	qsort(alphas, bootstrap.defined, sizeof(*alphas), compare_doubles);
	if (bootstrap.defined > 0) {
		double tail = (1 - confidence) / 2;
		bootstrap.interval.low = stats_quantile_type7(alphas, bootstrap.defined, tail);
		bootstrap.interval.high = stats_quantile_type7(alphas, bootstrap.defined, 1 - tail);
	}
	*ret_bootstrap = bootstrap;
	return true;
}

static struct stats_optional mean_agreement(const struct stats_ratings *ratings, struct scratch *scratch)
{
	struct stats_sum sum = {0};
	double units = 0;

	for (size_t unit = 0; unit < ratings->units; unit++) {
		double size = (double)unit_size(ratings, unit);
		if (size >= 2) {
			stats_sum_add(&sum, equal_pairs(ratings, unit, scratch->within) / (size * (size - 1)));
			units++;
		}
	}
	if (units < 1) {
		return (struct stats_optional){0};
	}
	return (struct stats_optional){true, stats_sum_value(sum) / units};
}

bool stats_percent_agreement(struct arena *arena, const struct stats_ratings *ratings, struct stats_optional *ret_share,
			     struct error *err)
{
	struct scratch scratch;

	if (!scratch_init(arena, ratings, &scratch, err)) {
		return false;
	}
	*ret_share = mean_agreement(ratings, &scratch);
	return true;
}

bool stats_gwet_ac1(struct arena *arena, const struct stats_ratings *ratings, size_t categories,
		    struct stats_optional *ret_ac1, struct error *err)
{
	struct scratch scratch;
	double units = 0;
	double chance = 0;

	if (!scratch_init(arena, ratings, &scratch, err)) {
		return false;
	}
	struct stats_optional agreement = mean_agreement(ratings, &scratch);
	for (size_t unit = 0; unit < ratings->units; unit++) {
		double size = (double)unit_size(ratings, unit);
		units += size > 0 ? 1 : 0;
		for (size_t i = ratings->starts[unit]; i < ratings->starts[unit + 1]; i++) {
			scratch.positions[ratings->labels[i]] += 1 / size;
		}
	}
	if (!agreement.defined || categories < 2 || categories < ratings->category_count) {
		*ret_ac1 = (struct stats_optional){0};
		return true;
	}
	for (size_t c = 0; c < ratings->category_count; c++) {
		double share = scratch.positions[c] / units;
		chance += share * (1 - share) / (double)(categories - 1);
	}
	*ret_ac1 = (struct stats_optional){true, (agreement.value - chance) / (1 - chance)};
	return true;
}
