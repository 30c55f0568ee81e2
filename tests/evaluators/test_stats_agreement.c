/* Agreement coefficients against the published examples. */
#include "evaluators/stats/agreement.h"
#include "harness/base/hash.h"
#include "tests/evaluators/suites.h"

#include <math.h>
#include <stdlib.h>

enum { NO = 0 /* missing label in the tables below */, RATERS = 4, UNITS = 12 };

/* Krippendorff (2011), example C: four observers, twelve units, 26 pairable values of five. */
static const double EXAMPLE_C[UNITS][RATERS] = {
	{1, 1, NO, 1}, {2, 2, 3, 2}, {3, 3, 3, 3}, {3, 3, 3, 3},  {2, 2, 2, 2},   {1, 2, 3, 4},
	{4, 4, 4, 4},  {1, 1, 2, 1}, {2, 2, 2, 2}, {NO, 5, 5, 5}, {NO, NO, 1, 1}, {NO, NO, 3, NO},
};

static struct stats_ratings ratings_from(struct arena *arena, const double *table, size_t units, size_t raters)
{
	size_t *starts = arena_allocate_array(arena, units + 1, sizeof(*starts));
	double *values = arena_allocate_array(arena, units * raters, sizeof(*values));
	struct stats_ratings ratings;
	size_t used = 0;

	ck_assert(starts != NULL && values != NULL);
	for (size_t i = 0; i < units * raters; i++) {
		if (table[i] > NO) {
			values[used++] = table[i];
		}
		starts[i / raters + 1] = used;
	}
	ck_assert(stats_ratings_from_values(arena, units, starts, values, &ratings, NULL));
	return ratings;
}

static double alpha_of(struct arena *arena, const struct stats_ratings *ratings, enum stats_metric metric)
{
	struct stats_optional alpha;

	ck_assert(stats_krippendorff(arena, ratings, metric, &alpha, NULL));
	ck_assert(alpha.defined);
	return alpha.value;
}

START_TEST(krippendorff_published)
{
	/* Example A: two observers, ten units, nominal .095; 0 and 1 stand as 1 and 2 here. */
	static const double a[] = {1, 2, 2, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 2, 1, 1, 1};
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	struct stats_ratings c = ratings_from(&arena, &EXAMPLE_C[0][0], UNITS, RATERS);
	struct stats_ratings first = ratings_from(&arena, a, 10, 2);

	ck_assert_double_eq_tol(alpha_of(&arena, &c, STATS_METRIC_NOMINAL), .743, 6e-4);
	ck_assert_double_eq_tol(alpha_of(&arena, &c, STATS_METRIC_ORDINAL), .815, 6e-4);
	ck_assert_double_eq_tol(alpha_of(&arena, &c, STATS_METRIC_INTERVAL), .849, 6e-4);
	ck_assert_double_eq_tol(alpha_of(&arena, &first, STATS_METRIC_NOMINAL), .095, 6e-4);
}
END_TEST

/* The textbook form with its matrix, to check the closed forms on random labels. */
static double distance(const struct stats_ratings *ratings, const double *marginal, size_t c, size_t k,
		       enum stats_metric metric)
{
	double sum = 0;

	if (metric == STATS_METRIC_NOMINAL) {
		return c == k ? 0 : 1;
	}
	if (metric == STATS_METRIC_INTERVAL) {
		sum = ratings->categories[c] - ratings->categories[k];
		return sum * sum;
	}
	for (size_t g = c < k ? c : k; g <= (c < k ? k : c); g++) {
		sum += marginal[g];
	}
	sum -= (marginal[c] + marginal[k]) / 2;
	return c == k ? 0 : sum * sum;
}

static double textbook_alpha(const struct stats_ratings *ratings, enum stats_metric metric)
{
	double coincidences[8][8] = {0};
	double marginal[8] = {0};
	double n = 0;
	double observed = 0;
	double expected = 0;

	for (size_t u = 0; u < ratings->units; u++) {
		size_t size = ratings->starts[u + 1] - ratings->starts[u];
		for (size_t i = ratings->starts[u]; i < ratings->starts[u + 1]; i++) {
			for (size_t j = ratings->starts[u]; j < ratings->starts[u + 1]; j++) {
				if (i != j) {
					coincidences[ratings->labels[i]][ratings->labels[j]] += 1 / (double)(size - 1);
				}
			}
		}
	}
	for (size_t c = 0; c < ratings->category_count; c++) {
		for (size_t k = 0; k < ratings->category_count; k++) {
			marginal[c] += coincidences[c][k];
			n += coincidences[c][k];
		}
	}
	for (size_t c = 0; c < ratings->category_count; c++) {
		for (size_t k = 0; k < ratings->category_count; k++) {
			double d = distance(ratings, marginal, c, k, metric);
			observed += coincidences[c][k] * d;
			expected += marginal[c] * marginal[k] * d;
		}
	}
	return 1 - (n - 1) * observed / expected;
}

START_TEST(closed_forms_equal_the_matrix)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	uint64_t state = 11;
	double table[30][5];

	for (int round = 0; round < 50; round++) {
		arena_reset(&arena);
		for (int i = 0; i < 30 * 5; i++) {
			double value = (double)(random_next(&state) % 7);
			table[i / 5][i % 5] = value > 0 ? value * value : NO;
		}
		struct stats_ratings ratings = ratings_from(&arena, &table[0][0], 30, 5);
		ck_assert_double_eq_tol(alpha_of(&arena, &ratings, STATS_METRIC_NOMINAL),
					textbook_alpha(&ratings, STATS_METRIC_NOMINAL), 1e-12);
		ck_assert_double_eq_tol(alpha_of(&arena, &ratings, STATS_METRIC_ORDINAL),
					textbook_alpha(&ratings, STATS_METRIC_ORDINAL), 1e-12);
		ck_assert_double_eq_tol(alpha_of(&arena, &ratings, STATS_METRIC_INTERVAL),
					textbook_alpha(&ratings, STATS_METRIC_INTERVAL), 1e-12);
	}
}
END_TEST

START_TEST(perfect_and_undefined)
{
	static const double perfect[] = {1, 1, 2, 2, 3, 3};
	static const double constant[] = {2, 2, 2, 2};
	static const double single[] = {1, NO, 2, NO};
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	struct stats_ratings ratings = ratings_from(&arena, perfect, 3, 2);
	struct stats_optional value;

	for (int metric = STATS_METRIC_NOMINAL; metric <= STATS_METRIC_INTERVAL; metric++) {
		ck_assert_double_eq(alpha_of(&arena, &ratings, (enum stats_metric)metric), 1);
	}
	ratings = ratings_from(&arena, constant, 2, 2);
	ck_assert(stats_krippendorff(&arena, &ratings, STATS_METRIC_NOMINAL, &value, NULL) && !value.defined);
	ck_assert(stats_gwet_ac1(&arena, &ratings, 1, &value, NULL) && !value.defined);
	ck_assert(stats_gwet_ac1(&arena, &ratings, 2, &value, NULL) && value.defined);
	ck_assert_double_eq(value.value, 1);
	ratings = ratings_from(&arena, single, 2, 2);
	ck_assert(stats_krippendorff(&arena, &ratings, STATS_METRIC_ORDINAL, &value, NULL) && !value.defined);
	ck_assert(stats_percent_agreement(&arena, &ratings, &value, NULL) && !value.defined);
}
END_TEST

START_TEST(gwet_published)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	struct stats_ratings ratings = ratings_from(&arena, &EXAMPLE_C[0][0], UNITS, RATERS);
	struct stats_optional value;

	ck_assert(stats_gwet_ac1(&arena, &ratings, 5, &value, NULL) && value.defined);
	ck_assert_double_eq_tol(value.value, .77544, 6e-6);
	ck_assert(stats_percent_agreement(&arena, &ratings, &value, NULL) && value.defined);
	ck_assert_double_eq_tol(value.value, .81818, 6e-6);
	ck_assert(stats_gwet_ac1(&arena, &ratings, 4, &value, NULL) && !value.defined);
}
END_TEST

START_TEST(kappas_published)
{
	/* Cohen (1960): 200 patients; Fleiss's textbook example of ten units and fourteen raters: .210. */
	static const uint64_t cohen[] = {88, 14, 18, 10, 40, 10, 2, 6, 12};
	static const uint64_t fleiss[] = {0, 0, 0, 0, 14, 0, 2, 6, 4, 2, 0, 0, 3, 5, 6, 0, 3, 9, 2, 0, 2, 2, 8, 1, 1,
					  7, 7, 0, 0, 0,  3, 2, 6, 3, 0, 2, 5, 3, 2, 2, 6, 5, 2, 1, 0, 0, 2, 2, 3, 7};
	static const uint64_t constant[] = {50, 0, 0, 0};
	static const uint64_t unequal[] = {2, 0, 1, 2};
	static const uint64_t empty[] = {0, 0, 0, 0};
	struct stats_kappa kappa = stats_cohen_kappa(cohen, 3);

	ck_assert(kappa.kappa.defined);
	ck_assert_double_eq_tol(kappa.kappa.value, .492, 6e-4);
	ck_assert_double_eq_tol(stats_fleiss_kappa(fleiss, 10, 5).value, .210, 6e-4);
	kappa = stats_cohen_kappa(constant, 2);
	ck_assert(!kappa.kappa.defined);
	ck_assert_double_eq(kappa.observed, 1);
	ck_assert(!stats_cohen_kappa(empty, 2).kappa.defined);
	ck_assert(!stats_cohen_kappa_weighted(empty, 2, STATS_KAPPA_LINEAR).defined);
	ck_assert(!stats_fleiss_kappa(unequal, 2, 2).defined);
	/* With two categories weights change nothing. */
	static const uint64_t two[] = {20, 5, 10, 15};
	ck_assert_double_eq_tol(stats_cohen_kappa(two, 2).kappa.value, .4, 1e-14);
	/* Standard errors by statsmodels (Fleiss, Cohen, Everitt 1969). */
	ck_assert_double_eq_tol(stats_cohen_kappa(two, 2).error, .12699606293110033, 1e-12);
	ck_assert_double_eq_tol(stats_cohen_kappa(two, 2).null_error, .13856406460551018, 1e-12);
	ck_assert_double_eq_tol(stats_cohen_kappa_weighted(two, 2, STATS_KAPPA_LINEAR).value, .4, 1e-14);
	ck_assert_double_eq_tol(stats_cohen_kappa_weighted(two, 2, STATS_KAPPA_QUADRATIC).value, .4, 1e-14);
}
END_TEST

START_TEST(bootstrap_is_reproducible)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	struct stats_ratings ratings = ratings_from(&arena, &EXAMPLE_C[0][0], UNITS, RATERS);
	struct stats_bootstrap first;
	struct stats_bootstrap second;
	static const double sorted[] = {1, 2, 3, 4};

	ck_assert(stats_krippendorff_bootstrap(&arena, &ratings, STATS_METRIC_ORDINAL, 5, 300, .9, &first, NULL));
	ck_assert(stats_krippendorff_bootstrap(&arena, &ratings, STATS_METRIC_ORDINAL, 5, 300, .9, &second, NULL));
	ck_assert_mem_eq(&first.interval, &second.interval, sizeof(first.interval));
	ck_assert(first.interval.low < .815 && first.interval.high > .815 && first.defined <= 300);
	ck_assert_double_eq_tol(stats_quantile_type7(sorted, 4, .25), 1.75, 1e-15);
	ck_assert_double_eq(stats_quantile_type7(sorted, 4, 1), 4);
	ck_assert_double_eq(stats_quantile_type7(sorted, 1, .3), 1);
}
END_TEST

Suite *stats_agreement_suite(void)
{
	Suite *suite = suite_create("stats agreement");
	TCase *tcase = tcase_create("agreement");

	tcase_add_test(tcase, krippendorff_published);
	tcase_add_test(tcase, closed_forms_equal_the_matrix);
	tcase_add_test(tcase, perfect_and_undefined);
	tcase_add_test(tcase, gwet_published);
	tcase_add_test(tcase, kappas_published);
	tcase_add_test(tcase, bootstrap_is_reproducible);
	suite_add_tcase(suite, tcase);
	return suite;
}
