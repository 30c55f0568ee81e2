#include "evaluators/stats/agreement.h"
#include "evaluators/stats/sum.h"

#include <math.h>

static double row_sum(const uint64_t *table, size_t categories, size_t row)
{
	double sum = 0;

	for (size_t j = 0; j < categories; j++) {
		sum += (double)table[row * categories + j];
	}
	return sum;
}

static double column_sum(const uint64_t *table, size_t categories, size_t rows, size_t column)
{
	double sum = 0;

	for (size_t i = 0; i < rows; i++) {
		sum += (double)table[i * categories + column];
	}
	return sum;
}

struct stats_optional stats_fleiss_kappa(const uint64_t *table, size_t units, size_t categories)
{
	double raters = units > 0 ? row_sum(table, categories, 0) : 0;
	struct stats_sum observed = {0};
	struct stats_sum expected = {0};

	for (size_t unit = 0; unit < units; unit++) {
		double pairs = 0;
		if (raters < 2 || fabs(row_sum(table, categories, unit) - raters) > 0) {
			return (struct stats_optional){0};
		}
		for (size_t c = 0; c < categories; c++) {
			double count = (double)table[unit * categories + c];
			pairs += count * (count - 1);
		}
		stats_sum_add(&observed, pairs / (raters * (raters - 1)) / (double)units);
	}
	for (size_t c = 0; c < categories; c++) {
		double share = column_sum(table, categories, units, c) / ((double)units * raters);
		stats_sum_add(&expected, share * share);
	}
	double chance = stats_sum_value(expected);
	if (units == 0 || !(chance < 1)) {
		return (struct stats_optional){0};
	}
	return (struct stats_optional){true, (stats_sum_value(observed) - chance) / (1 - chance)};
}

/* Shares of the table and its margins. */
struct shares {
	const uint64_t *table;
	size_t categories;
	double total;
};

static double share_at(const struct shares *shares, size_t i, size_t j)
{
	return (double)shares->table[i * shares->categories + j] / shares->total;
}

static double row_share(const struct shares *shares, size_t i)
{
	return row_sum(shares->table, shares->categories, i) / shares->total;
}

static double column_share(const struct shares *shares, size_t j)
{
	return column_sum(shares->table, shares->categories, shares->categories, j) / shares->total;
}

static struct shares shares_of(const uint64_t *table, size_t categories)
{
	struct shares shares = {table, categories, 0};

	for (size_t i = 0; i < categories; i++) {
		shares.total += row_sum(table, categories, i);
	}
	return shares;
}

/* Fleiss, Cohen, Everitt (1969), equations 13 (error) and 9 (null error). */
static void kappa_errors(const struct shares *shares, double chance, struct stats_kappa *kappa)
{
	double off = 1 - kappa->kappa.value;
	struct stats_sum sum = {0};
	struct stats_sum null = {0};

	for (size_t i = 0; i < shares->categories; i++) {
		double row = row_share(shares, i);
		double column = column_share(shares, i);
		double stay = 1 - (row + column) * off;
		stats_sum_add(&sum, share_at(shares, i, i) * stay * stay);
		stats_sum_add(&null, row * column * (row + column));
		for (size_t j = 0; j < shares->categories; j++) {
			double margins = column_share(shares, i) + row_share(shares, j);
			if (i != j) {
				stats_sum_add(&sum, off * off * share_at(shares, i, j) * margins * margins);
			}
		}
	}
	double bias = kappa->kappa.value - chance * off;
	double scale = (1 - chance) * sqrt(shares->total);
	kappa->error = sqrt(fmax(0, stats_sum_value(sum) - bias * bias)) / scale;
	kappa->null_error = sqrt(fmax(0, chance + chance * chance - stats_sum_value(null))) / scale;
}

struct stats_kappa stats_cohen_kappa(const uint64_t *table, size_t categories)
{
	struct shares shares = shares_of(table, categories);
	struct stats_kappa result = {0};
	double chance = 0;

	if (!(shares.total > 0)) {
		return result;
	}
	for (size_t i = 0; i < categories; i++) {
		result.observed += share_at(&shares, i, i);
		chance += row_share(&shares, i) * column_share(&shares, i);
	}
	if (chance < 1) {
		result.kappa = (struct stats_optional){true, (result.observed - chance) / (1 - chance)};
		kappa_errors(&shares, chance, &result);
	}
	return result;
}

struct stats_optional stats_cohen_kappa_weighted(const uint64_t *table, size_t categories,
						 enum stats_kappa_weights weights)
{
	struct shares shares = shares_of(table, categories);
	struct stats_sum observed = {0};
	struct stats_sum expected = {0};

	if (!(shares.total > 0) || categories < 2) {
		return (struct stats_optional){0};
	}
	/* Disagreement weights: 0 on the diagonal, so that kappa = 1 - observed/expected loses nothing near 1. */
	for (size_t i = 0; i < categories; i++) {
		for (size_t j = 0; j < categories; j++) {
			double distance = fabs((double)i - (double)j) / (double)(categories - 1);
			double weight = weights == STATS_KAPPA_LINEAR ? distance : distance * distance;
			stats_sum_add(&observed, weight * share_at(&shares, i, j));
			stats_sum_add(&expected, weight * row_share(&shares, i) * column_share(&shares, j));
		}
	}
	if (!(stats_sum_value(expected) > 0)) {
		return (struct stats_optional){0};
	}
	return (struct stats_optional){true, 1 - stats_sum_value(observed) / stats_sum_value(expected)};
}
