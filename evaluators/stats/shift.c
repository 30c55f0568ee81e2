#include "evaluators/stats/shift.h"

#include "evaluators/stats/drift.h"
#include "evaluators/stats/proportion.h"
#include "harness/base/loglinear.h"

#include <math.h>
#include <stdlib.h>

enum { NUMBER_BITS = 3, LENGTH_BITS = 3, TENTHS = 10, LEAST_EXPECTED = 5 };

static const double SCALE = 1e4;
static const double SCALED_MAX = 4.6e18; /* below 2^62 */
static const double LEVEL = 0.05;        /* q of the false discovery rate */
static const double CONFIDENCE = 0.95;
static const double SMOOTHING = 0.5; /* of the PSI */
static const double LEAST_DIFFERENCE = 0.02;
static const double LEAST_EFFECT = 0.1; /* V, D and PSI */
static const double LEAST_DIVERGENCE = 0.02;

int64_t stats_shift_number_bin(double number)
{
	double scaled = fabs(number) * SCALE + 0.5;
	uint64_t whole = scaled < SCALED_MAX ? (uint64_t)scaled : (uint64_t)SCALED_MAX;
	int64_t bin = (int64_t)loglinear_index(NUMBER_BITS, whole);
	return number < 0 ? -bin : bin;
}

double stats_shift_number_of_bin(int64_t bin)
{
	uint64_t whole = loglinear_lowest(NUMBER_BITS, (size_t)(bin < 0 ? -bin : bin));
	return (bin < 0 ? -1 : 1) * (double)whole / SCALE;
}

int64_t stats_shift_length_bin(size_t length)
{
	return (int64_t)loglinear_index(LENGTH_BITS, length);
}

double stats_shift_length_of_bin(int64_t bin)
{
	return (double)loglinear_lowest(LENGTH_BITS, (size_t)bin);
}

/* --- one test after the other --- */

struct testing {
	const struct stats_shift_field *field;
	size_t position; /* of the field */
	struct arena *arena;
	struct stats_shift_test *tests;
	size_t count;
	bool failed; /* no memory */
};

static void test_shares(struct testing *t, enum profile_check check, uint64_t x1, uint64_t n1, uint64_t x2, uint64_t n2)
{
	bool same = (x1 == 0 && x2 == 0) || (x1 == n1 && x2 == n2);
	if (same || n1 < SHIFT_LEAST || n2 < SHIFT_LEAST) {
		return;
	}
	struct stats_two_shares shares = stats_two_shares(x2, n2, x1, n1);
	struct stats_shift_test *test = &t->tests[t->count++];
	*test = (struct stats_shift_test){
		.field = t->position,
		.check = check,
		.statistic = shares.z,
		.p = shares.p,
		.has_shares = true,
		.reference_share = (double)x1 / (double)n1,
		.week_share = (double)x2 / (double)n2,
		.interval = stats_newcombe_difference(x2, n2, x1, n1, CONFIDENCE),
	};
	test->effect = test->week_share - test->reference_share;
}

/* Two histograms over the bins that either has, ascending. */
struct joined {
	double *reference;
	double *week;
	size_t count;
	double reference_total;
	double week_total;
};

static void add_joined(struct joined *joined, double reference, double week)
{
	joined->reference[joined->count] = reference;
	joined->week[joined->count++] = week;
	joined->reference_total += reference;
	joined->week_total += week;
}

static bool join(struct testing *t, const struct stats_shift_bins *a, const struct stats_shift_bins *b,
		 struct joined *ret_joined)
{
	struct joined joined = {0};
	size_t i = 0;
	size_t k = 0;
	joined.reference = arena_allocate_array(t->arena, a->count + b->count + 1, sizeof(double));
	joined.week = arena_allocate_array(t->arena, a->count + b->count + 1, sizeof(double));
	if (joined.reference == NULL || joined.week == NULL) {
		t->failed = true;
		return false;
	}
	while (i < a->count || k < b->count) {
		bool first = i < a->count && (k == b->count || a->bins[i] <= b->bins[k]);
		bool second = k < b->count && (i == a->count || b->bins[k] <= a->bins[i]);
		add_joined(&joined, first ? a->counts[i] : 0, second ? b->counts[k] : 0);
		i += first;
		k += second;
	}
	*ret_joined = joined;
	return joined.reference_total >= SHIFT_LEAST && joined.week_total >= SHIFT_LEAST && joined.count > 1;
}

static void measure_distance(struct stats_shift_test *test, const struct joined *joined)
{
	test->psi = stats_psi(joined->reference, joined->week, joined->count, SMOOTHING);
	test->psi_limit =
		fmax(LEAST_EFFECT, stats_psi_threshold(joined->count, joined->reference_total, joined->week_total));
	test->js = stats_jensen_shannon(joined->reference, joined->week, joined->count);
}

struct pair {
	double reference;
	double week;
};

static int by_sum(const void *a, const void *b)
{
	const struct pair *first = a;
	const struct pair *second = b;
	double left = first->reference + first->week;
	double right = second->reference + second->week;
	if (left < right || left > right) {
		return left < right ? -1 : 1;
	}
	return (first->reference > second->reference) - (first->reference < second->reference);
}

/* The rare ones first, so that they are merged with each other. */
static bool sort_joined(struct testing *t, struct joined *joined)
{
	struct pair *pairs = arena_allocate_array(t->arena, joined->count, sizeof(*pairs));
	if (pairs == NULL) {
		t->failed = true;
		return false;
	}
	for (size_t i = 0; i < joined->count; i++) {
		pairs[i] = (struct pair){joined->reference[i], joined->week[i]};
	}
	qsort(pairs, joined->count, sizeof(*pairs), by_sum);
	for (size_t i = 0; i < joined->count; i++) {
		joined->reference[i] = pairs[i].reference;
		joined->week[i] = pairs[i].week;
	}
	return true;
}

static void test_values(struct testing *t)
{
	struct joined joined;
	struct stats_chi_square chi;
	if (!join(t, &t->field->reference.values, &t->field->week.values, &joined) || !sort_joined(t, &joined)) {
		return;
	}
	struct stats_shift_test test = {.field = t->position, .check = CHECK_VALUES};
	joined.count = stats_bins_merge(joined.reference, joined.week, joined.count, LEAST_EXPECTED);
	if (!stats_chi_square_homogeneity(joined.reference, joined.week, joined.count, &chi)) {
		return;
	}
	measure_distance(&test, &joined);
	test.statistic = chi.statistic;
	test.p = chi.p_value;
	test.effect = chi.cramers_v;
	t->tests[t->count++] = test;
}

/* Neighbouring bins become one until it has a tenth of the reference. */
static void merge_to_tenths(struct joined *joined)
{
	double least = joined->reference_total / TENTHS;
	size_t kept = 0;
	double reference = 0;
	double week = 0;
	for (size_t i = 0; i < joined->count; i++) {
		reference += joined->reference[i];
		week += joined->week[i];
		if (reference >= least || i + 1 == joined->count) {
			joined->reference[kept] = reference;
			joined->week[kept++] = week;
			reference = 0;
			week = 0;
		}
	}
	joined->count = kept;
}

static void test_ordered(struct testing *t, enum profile_check check, const struct stats_shift_bins *reference,
			 const struct stats_shift_bins *week)
{
	struct joined joined;
	if (!join(t, reference, week, &joined)) {
		return;
	}
	struct stats_shift_test *test = &t->tests[t->count++];
	struct stats_ks ks = stats_ks_binned(joined.reference, joined.week, joined.count);
	*test = (struct stats_shift_test){
		.field = t->position,
		.check = check,
		.statistic = ks.distance,
		.p = ks.p_value,
		.effect = ks.distance,
	};
	merge_to_tenths(&joined);
	measure_distance(test, &joined);
}

/* --- a field --- */

static uint64_t values_of(const struct stats_shift_side *side)
{
	uint64_t sum = 0;
	for (int i = 0; i < SHIFT_TYPE_COUNT; i++) {
		sum += side->types[i];
	}
	return sum;
}

/* The type that most values of the reference have. */
static void test_type(struct testing *t)
{
	const struct stats_shift_side *reference = &t->field->reference;
	const struct stats_shift_side *week = &t->field->week;
	int usual = 0;
	for (int i = 1; i < SHIFT_TYPE_COUNT; i++) {
		usual = reference->types[i] > reference->types[usual] ? i : usual;
	}
	test_shares(t, CHECK_TYPE, reference->types[usual], values_of(reference), week->types[usual], values_of(week));
}

static uint64_t count_new(const struct stats_shift_bins *reference, const struct stats_shift_bins *week,
			  uint64_t *total)
{
	uint64_t fresh = 0;
	size_t i = 0;
	for (size_t k = 0; k < week->count; k++) {
		while (i < reference->count && reference->bins[i] < week->bins[k]) {
			i++;
		}
		bool known = i < reference->count && reference->bins[i] == week->bins[k];
		fresh += known ? 0 : (uint64_t)week->counts[k];
		*total += (uint64_t)week->counts[k];
	}
	return fresh;
}

/* Good (1953), Biometrika 40:237: where n1 of n values were seen once, the next one is new with probability n1/n. */
static uint64_t count_once(const struct stats_shift_bins *bins, uint64_t *total)
{
	uint64_t once = 0;
	for (size_t i = 0; i < bins->count; i++) {
		once += bins->counts[i] < 1.5;
		*total += (uint64_t)bins->counts[i];
	}
	return once;
}

static void test_new(struct testing *t)
{
	uint64_t before = 0;
	uint64_t now = 0;
	uint64_t once = count_once(&t->field->reference.values, &before);
	uint64_t fresh = count_new(&t->field->reference.values, &t->field->week.values, &now);
	test_shares(t, CHECK_NEW, once, before, fresh, now);
}

static void test_field(struct testing *t)
{
	const struct stats_shift_side *reference = &t->field->reference;
	const struct stats_shift_side *week = &t->field->week;
	if (!t->field->any_name) {
		test_shares(t, CHECK_ABSENT, reference->documents - reference->with - reference->with_null,
			    reference->documents, week->documents - week->with - week->with_null, week->documents);
		test_shares(t, CHECK_NULL, reference->with_null, reference->documents, week->with_null,
			    week->documents);
	}
	test_type(t);
	test_new(t);
	test_values(t);
	test_ordered(t, CHECK_LENGTH, &reference->lengths, &week->lengths);
	test_ordered(t, CHECK_ITEMS, &reference->items, &week->items);
	test_ordered(t, CHECK_NUMBER, &reference->numbers, &week->numbers);
}

/* --- all fields --- */

static int by_p(const void *a, const void *b)
{
	const struct stats_shift_test *first = *(struct stats_shift_test *const *)a;
	const struct stats_shift_test *second = *(struct stats_shift_test *const *)b;
	if (first->p < second->p || first->p > second->p) {
		return first->p < second->p ? -1 : 1;
	}
	return (first > second) - (first < second);
}

static bool adjust(struct arena *arena, struct stats_shift_test *tests, size_t count)
{
	struct stats_shift_test **sorted = arena_allocate_array(arena, count + 1, sizeof(struct stats_shift_test *));
	double *p = arena_allocate_array(arena, count + 1, 2 * sizeof(*p));
	if (sorted == NULL || p == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		sorted[i] = &tests[i];
	}
	qsort(sorted, count, sizeof(struct stats_shift_test *), by_p);
	for (size_t i = 0; i < count; i++) {
		p[i] = sorted[i]->p;
	}
	stats_false_discovery(p, count, p + count, NULL);
	for (size_t i = 0; i < count; i++) {
		sorted[i]->adjusted = p[count + i];
	}
	return true;
}

static bool is_worth_a_look(const struct stats_shift_test *test)
{
	if (test->has_shares) {
		return fabs(test->effect) >= LEAST_DIFFERENCE && (test->interval.low > 0 || test->interval.high < 0);
	}
	return test->effect >= LEAST_EFFECT || test->js >= LEAST_DIVERGENCE || test->psi > test->psi_limit;
}

static bool decide(const struct stats_shift_field *fields, const char *noun, struct arena *arena,
		   struct stats_shift_test *tests, size_t count)
{
	if (!adjust(arena, tests, count)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		tests[i].found = tests[i].adjusted <= LEVEL && is_worth_a_look(&tests[i]);
		tests[i].sentence = stats_shift_sentence(&fields[tests[i].field], &tests[i], noun, arena);
		if (tests[i].sentence == NULL) {
			return false;
		}
	}
	return true;
}

bool stats_shift_test(const struct stats_shift_field *fields, size_t count, const char *noun, struct arena *arena,
		      struct stats_shift_test **ret_tests, size_t *ret_count, struct error *err)
{
	struct testing t = {.arena = arena};
	t.tests = arena_allocate_array(arena, count + 1, PROFILE_CHECK_COUNT * sizeof(*t.tests));
	t.failed = t.tests == NULL;
	for (size_t i = 0; i < count && !t.failed; i++) {
		t.field = &fields[i];
		t.position = i;
		test_field(&t);
	}
	if (t.failed || !decide(fields, noun, arena, t.tests, t.count)) {
		return error_set(err, ERROR_MEMORY, "no memory for the tests of %zu fields", count);
	}
	*ret_tests = t.tests;
	*ret_count = t.count;
	return true;
}
