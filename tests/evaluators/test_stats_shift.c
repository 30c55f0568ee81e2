/* Data drift of fields: known answers, false findings of a simulation without change, and injected changes. */
#include "evaluators/stats/drift.h"
#include "evaluators/stats/proportion.h"
#include "evaluators/stats/shift.h"
#include "harness/base/hash.h"
#include "tests/evaluators/suites.h"

#include <math.h>
#include <string.h>

enum { BINS = 40, FIELDS = 10, REFERENCE = 4000, WEEK = 1000, WEEKS = 400, SECONDS = 120 };

static struct error err;
static uint64_t state;

/* Newcombe (1998), Stat Med 17:873, table II, method 10. */
START_TEST(newcombe_independent_proportions)
{
	static const struct {
		uint64_t x1, n1, x2, n2;
		double low, high;
	} rows[] = {
		{56, 70, 48, 80, .0524, .3339}, {9, 10, 3, 10, .1705, .8090},  {6, 7, 2, 7, .0582, .8062},
		{5, 56, 0, 29, -.0381, .1926},  {0, 10, 0, 20, -.1611, .2775}, {0, 10, 0, 10, -.2775, .2775},
		{10, 10, 0, 20, .6791, 1},      {10, 10, 0, 10, .6075, 1},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stats_interval got =
			stats_newcombe_difference(rows[i].x1, rows[i].n1, rows[i].x2, rows[i].n2, .95);
		ck_assert_double_eq_tol(got.low, rows[i].low, 6e-5);
		ck_assert_double_eq_tol(got.high, rows[i].high, 6e-5);
	}
}
END_TEST

/* z and the binomial tails computed apart, the tails in fractions. */
START_TEST(two_shares)
{
	static const struct {
		uint64_t x1, n1, x2, n2;
		double z, p;
	} rows[] = {
		{190, 1000, 42, 2000, 16.335607669597753, 5.508074438539973e-60},
		{30, 100, 20, 100, 1.6329931618554518, 0.1024704348597495},
		{500, 1000, 505, 1000, -0.22360959288736, 0.8230610986255988},
		{6, 100, 0, 400, (double)NAN, 0.000128},
		{94, 100, 400, 400, (double)NAN, 0.000128},
		{1, 60, 2, 60, (double)NAN, 1},
		{3, 50, 0, 1000, (double)NAN, 0.00021595939963286903},
		{0, 50, 0, 1000, 0, 1},
		{50, 50, 1000, 1000, 0, 1},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stats_two_shares got = stats_two_shares(rows[i].x1, rows[i].n1, rows[i].x2, rows[i].n2);
		if (!isnan(rows[i].z)) {
			ck_assert_double_eq_tol(got.z, rows[i].z, 1e-9);
		}
		ck_assert_msg(fabs(got.p - rows[i].p) <= 1e-9 * rows[i].p, "row %zu: p %.17g", i, got.p);
	}
}
END_TEST

/* With every value in a bin of its own nothing is lost. */
START_TEST(binned_ks_is_ks)
{
	double x[] = {1, 2, 2, 5, 7, 7, 7};
	double y[] = {2, 3, 5, 5, 9};
	double a[10] = {0};
	double b[10] = {0};
	for (size_t i = 0; i < 7; i++) {
		a[(size_t)x[i]]++;
	}
	for (size_t i = 0; i < 5; i++) {
		b[(size_t)y[i]]++;
	}
	struct stats_ks whole = stats_ks_two_sample(x, 7, y, 5);
	struct stats_ks binned = stats_ks_binned(a, b, 10);
	ck_assert_double_eq_tol(binned.distance, whole.distance, 1e-12);
	ck_assert_double_eq_tol(binned.p_value, whole.p_value, 1e-12);
	/* .6 of y and 1/7 of x are 5 or above and below 7 .. by hand: after 2, 3/7 against 1/5; after 5, 4/7 against
	 * 4/5 */
	ck_assert_double_eq_tol(binned.distance, 8.0 / 35, 1e-12);
}
END_TEST

START_TEST(bins_ascend)
{
	static const double numbers[] = {-1e300, -4e14, -1000, -1.5, -0.0001, 0, 0.0001, 0.01, 1, 1.5, 7, 1000, 4e14};
	for (size_t i = 1; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		ck_assert_int_lt(stats_shift_number_bin(numbers[i - 1]), stats_shift_number_bin(numbers[i]));
	}
	for (double number = 0.01; number < 1e12; number *= 1.7) {
		double back = stats_shift_number_of_bin(stats_shift_number_bin(number));
		ck_assert_double_le(back, number + 0.0001);
		ck_assert_double_ge(back, number * (1 - 0.125) - 0.0001);
	}
	for (size_t length = 0; length < 16; length++) {
		ck_assert_double_eq(stats_shift_length_of_bin(stats_shift_length_bin(length)), (double)length);
	}
}
END_TEST

/* --- simulated traffic --- */

/* Counts of one side; bins are kept dense and read as a sparse list. */
struct histogram {
	int64_t bins[BINS];
	double counts[BINS];
};

struct simulated {
	struct histogram values, lengths, numbers;
};

struct world {
	double null_share;
	double absent_share;
	double new_share;   /* of a value that the reference does not have */
	double number_move; /* added to each number */
	double longer;      /* factor of each length */
};

static void init_bins(struct histogram *h)
{
	for (int i = 0; i < BINS; i++) {
		h->bins[i] = i;
		h->counts[i] = 0;
	}
}

static struct stats_shift_bins compact(struct histogram *h)
{
	size_t count = 0;
	for (int i = 0; i < BINS; i++) {
		if (h->counts[i] > 0) {
			h->bins[count] = h->bins[i];
			h->counts[count++] = h->counts[i];
		}
	}
	return (struct stats_shift_bins){h->bins, h->counts, count};
}

static void add_value(struct histogram *h, double value)
{
	h->counts[(int)fmax(0, fmin(BINS - 1, value))]++;
}

static void draw_side(struct simulated *s, int documents, const struct world *world, struct stats_shift_side *ret_side)
{
	init_bins(&s->values);
	init_bins(&s->lengths);
	init_bins(&s->numbers);
	*ret_side = (struct stats_shift_side){.documents = (uint64_t)documents};
	for (int i = 0; i < documents; i++) {
		double coin = random_unit(&state);
		if (coin < world->absent_share) {
			continue;
		}
		if (coin < world->absent_share + world->null_share) {
			ret_side->with_null++;
			continue;
		}
		ret_side->with++;
		ret_side->types[SHIFT_TEXTS]++;
		bool fresh = random_unit(&state) < world->new_share;
		add_value(&s->values, fresh ? 20 : 1 + floor(6 * random_unit(&state) * random_unit(&state)));
		add_value(&s->lengths, world->longer * (3 + 10 * random_unit(&state)));
		add_value(&s->numbers, world->number_move + 10 * (random_unit(&state) + random_unit(&state)));
	}
	ret_side->values = compact(&s->values);
	ret_side->lengths = compact(&s->lengths);
	ret_side->numbers = compact(&s->numbers);
}

static const struct world STEADY = {.null_share = 0.03, .absent_share = 0.05, .longer = 1};
static struct simulated rooms[FIELDS][2];
static const char *const NAMES[FIELDS] = {"/a", "/b", "/c", "/d", "/e", "/f", "/g", "/h", "/i", "/j"};

/* One week in which field 0 is of `world`; the tests lie in the arena. */
static size_t simulate(const struct world *world, struct arena *arena, struct stats_shift_test **ret_tests)
{
	struct stats_shift_field fields[FIELDS];
	size_t count = 0;
	for (int i = 0; i < FIELDS; i++) {
		fields[i] = (struct stats_shift_field){.name = NAMES[i]};
		draw_side(&rooms[i][0], REFERENCE, &STEADY, &fields[i].reference);
		draw_side(&rooms[i][1], WEEK, i == 0 ? world : &STEADY, &fields[i].week);
	}
	ck_assert(stats_shift_test(fields, FIELDS, "messages", arena, ret_tests, &count, &err));
	return count;
}

/* Where nothing has changed, every finding is false: weeks with any must be at most q of all, and are far fewer because
 * of the effect that is asked for, too. */
START_TEST(steady_weeks_have_no_findings)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 28);
	int significant = 0;
	int found = 0;
	state = 20261116;
	for (int week = 0; week < WEEKS; week++) {
		struct stats_shift_test *tests = NULL;
		bool any = false;
		bool any_found = false;
		arena_reset(&arena);
		size_t count = simulate(&STEADY, &arena, &tests);
		ck_assert_uint_ge(count, 5 * FIELDS);
		for (size_t i = 0; i < count; i++) {
			any = any || tests[i].adjusted <= 0.05;
			any_found = any_found || tests[i].found;
		}
		significant += any;
		found += any_found;
	}
	/* 400 weeks at 0.05: 20 expected at most; 35 is past the 99.9 % point of Bin(400, .05) */
	ck_assert_int_le(significant, 35);
	ck_assert_int_le(found, WEEKS / 20);
}
END_TEST

START_TEST(injected_changes_are_found)
{
	static const struct {
		struct world world;
		enum profile_check check;
		const char *words;
	} rows[] = {
		{{.null_share = .12, .absent_share = .05, .longer = 1}, CHECK_NULL, "in which /a is null rose from "},
		{{.null_share = .03, .absent_share = .19, .longer = 1}, CHECK_ABSENT, "messages without /a rose from "},
		{{.null_share = .03, .absent_share = .05, .new_share = .04, .longer = 1},
		 CHECK_NEW,
		 "are new since the reference"},
		{{.null_share = .03, .absent_share = .05, .new_share = .3, .longer = 1},
		 CHECK_VALUES,
		 "not as frequent"},
		{{.null_share = .03, .absent_share = .05, .number_move = 2, .longer = 1},
		 CHECK_NUMBER,
		 "the middle of the numbers of /a rose"},
		{{.null_share = .03, .absent_share = .05, .longer = 1.5},
		 CHECK_LENGTH,
		 "the middle of the lengths of /a rose"},
	};
	state = 7;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 26);
		struct stats_shift_test *tests = NULL;
		size_t count = simulate(&rows[i].world, &arena, &tests);
		bool seen = false;
		for (size_t k = 0; k < count; k++) {
			ck_assert(tests[k].field == 0 || !tests[k].found);
			if (tests[k].found && tests[k].check == rows[i].check) {
				seen = true;
				ck_assert_msg(strstr(tests[k].sentence, rows[i].words) != NULL, "%s",
					      tests[k].sentence);
			}
		}
		ck_assert_msg(seen, "row %zu is not found", i);
	}
}
END_TEST

/* Values with a long tail: the i-th weighs 1/i^2, so that each week brings some that the reference does not have. */
static void draw_tail(struct histogram *h, int documents, double fresh_share, struct stats_shift_side *ret_side)
{
	double total = 0;
	*ret_side = (struct stats_shift_side){.documents = (uint64_t)documents,
					      .with = (uint64_t)documents,
					      .types = {[SHIFT_TEXTS] = (uint64_t)documents}};
	for (int i = 1; i < BINS; i++) {
		total += 1.0 / (i * i);
	}
	init_bins(h);
	for (int n = 0; n < documents; n++) {
		double coin = total * random_unit(&state);
		int value = 1;
		while (value < BINS - 2 && coin > 1.0 / (value * value)) {
			coin -= 1.0 / (value * value);
			value++;
		}
		add_value(h, random_unit(&state) < fresh_share ? BINS - 1 : value);
	}
	ret_side->values = compact(h);
}

START_TEST(new_values_of_a_long_tail_are_expected)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 24);
	struct histogram rooms_of_tail[2];
	int found[2] = {0, 0};
	state = 99;
	for (int week = 0; week < 200; week++) {
		struct stats_shift_field field = {.name = "/city"};
		struct stats_shift_test *tests = NULL;
		size_t count = 0;
		arena_reset(&arena);
		draw_tail(&rooms_of_tail[0], 100, 0, &field.reference);
		draw_tail(&rooms_of_tail[1], 300, week % 2 == 0 ? 0 : .2, &field.week);
		ck_assert(stats_shift_test(&field, 1, "messages", &arena, &tests, &count, &err));
		for (size_t i = 0; i < count; i++) {
			found[week % 2] += tests[i].found && tests[i].check == CHECK_NEW;
		}
	}
	ck_assert_int_le(found[0], 10); /* of 100 steady weeks; 5 at most are to be expected */
	ck_assert_int_ge(found[1], 80);
}
END_TEST

/* A large week finds the smallest differences significant; those not worth a look stay out. */
START_TEST(trifles_are_not_found)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	struct stats_shift_field field = {
		.name = "/x",
		.reference = {.documents = 1000000, .with = 990000, .types = {[SHIFT_TEXTS] = 990000}},
		.week = {.documents = 1000000, .with = 985000, .types = {[SHIFT_TEXTS] = 985000}},
	};
	struct stats_shift_test *tests = NULL;
	size_t count = 0;
	ck_assert(stats_shift_test(&field, 1, "replies", &arena, &tests, &count, &err));
	ck_assert_uint_eq(count, 1);
	ck_assert_double_lt(tests[0].adjusted, 1e-9);
	ck_assert(!tests[0].found);
	ck_assert_str_eq(tests[0].sentence, "the share of replies without /x rose from 1.0 % to 1.5 %");
	field.week.with = 800000;
	field.week.types[SHIFT_TEXTS] = 800000;
	ck_assert(stats_shift_test(&field, 1, "replies", &arena, &tests, &count, &err) && tests[0].found);
	field.any_name = true;
	ck_assert(stats_shift_test(&field, 1, "replies", &arena, &tests, &count, &err) && count == 0);
}
END_TEST

Suite *stats_shift_suite(void)
{
	Suite *suite = suite_create("stats shift");
	TCase *test = tcase_create("shift");
	tcase_set_timeout(test, SECONDS);
	tcase_add_test(test, newcombe_independent_proportions);
	tcase_add_test(test, two_shares);
	tcase_add_test(test, binned_ks_is_ks);
	tcase_add_test(test, bins_ascend);
	tcase_add_test(test, steady_weeks_have_no_findings);
	tcase_add_test(test, injected_changes_are_found);
	tcase_add_test(test, new_values_of_a_long_tail_are_expected);
	tcase_add_test(test, trifles_are_not_found);
	suite_add_tcase(suite, test);
	return suite;
}
