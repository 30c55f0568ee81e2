/* Coins against another HMAC, draws against big integers, and their frequencies. */
#include "baselines/sampling.h"
#include "tests/baselines/suites.h"

#include <math.h>
#include <stdio.h>

enum { IDS = 100000, PURPOSE_COUNT = SAMPLING_SHARE + 1 };

/* By Python 3: int.from_bytes(hmac.new(key, b"|".join([purpose, interface, record_id]), hashlib.sha256).digest()[:8],
 * "big") >> 11 */
static const struct coin_case {
	const char *key;
	enum sampling_purpose purpose;
	const char *interface;
	const char *record_id;
	uint64_t coin;
} COINS[] = {
	{"permanent random numbers", SAMPLING_SHADOW, "orders", "00112233445566778899aabbccddeeff/document/",
	 UINT64_C(5038458756242162)},
	{"permanent random numbers", SAMPLING_REVIEW, "orders", "00112233445566778899aabbccddeeff/document/",
	 UINT64_C(4450798176540842)},
	{"permanent random numbers", SAMPLING_REPEAT, "orders", "00112233445566778899aabbccddeeff/document/",
	 UINT64_C(6069131127979093)},
	{"permanent random numbers", SAMPLING_OVERLAP, "orders", "00112233445566778899aabbccddeeff/document/",
	 UINT64_C(3345910998342783)},
	{"permanent random numbers", SAMPLING_SHARE, "orders", "00112233445566778899aabbccddeeff/document/",
	 UINT64_C(3072323443421355)},
	{"", SAMPLING_REVIEW, "orders", "x", UINT64_C(8374889197716341)},
	{"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
	 SAMPLING_REVIEW, "lines", "00/item/+1", UINT64_C(6686581539675341)},
	{"permanent random numbers", SAMPLING_REVIEW, "lines", "\xc3\xa9|\xc3\xbc", UINT64_C(6185759150199280)},
	{"permanent random numbers", SAMPLING_REVIEW, "orders", "", UINT64_C(7697186386109759)},
};

START_TEST(coins_are_those_of_the_formula)
{
	const struct coin_case *c = &COINS[_i];
	struct hash_key *key = hash_key_create(span_of(c->key));
	ck_assert_uint_eq(sampling_coin(key, c->purpose, span_of(c->interface), span_of(c->record_id)), c->coin);
	hash_key_destroy(key);
}
END_TEST

/* `bound`: the least coin that is not chosen, ceil(pi * 2^53 / 10^6) by Python's integers. */
static const struct bound_case {
	uint32_t pi_ppm;
	uint64_t bound;
} BOUNDS[] = {
	{1, UINT64_C(9007199255)},
	{3, UINT64_C(27021597765)},
	{20000, UINT64_C(180143985094820)},
	{333333, UINT64_C(3002396749180580)},
	{500000, UINT64_C(4503599627370496)}, /* 2^52 exactly */
	{999999, UINT64_C(9007190247541738)},
	{1000000, UINT64_C(9007199254740992)}, /* 2^53: no coin is that large */
};

START_TEST(draws_are_exact_at_the_bound)
{
	const struct bound_case *c = &BOUNDS[_i];
	ck_assert(sampling_chosen(0, c->pi_ppm));
	ck_assert(sampling_chosen(c->bound - 1, c->pi_ppm));
	ck_assert(!sampling_chosen(c->bound, c->pi_ppm));
	ck_assert(!sampling_chosen(0, 0));
}
END_TEST

static struct hash_key *key;

static void setup(void)
{
	key = hash_key_create(SPAN("a key of the tests"));
	ck_assert_ptr_nonnull(key);
}

static void teardown(void)
{
	hash_key_destroy(key);
}

static struct span id_of(int number, char text[64])
{
	return (struct span){text, (size_t)snprintf(text, 64, "%032x/document/", (unsigned)number)};
}

static bool draw(enum sampling_purpose purpose, int number, uint32_t pi_ppm)
{
	char text[64];
	return sampling_draw(key, purpose, SPAN("orders"), id_of(number, text), pi_ppm);
}

/* Five standard deviations of the binomial distribution: a right program fails once in two million keys. */
static void check_count(int count, double probability)
{
	double expected = IDS * probability;
	double deviation = sqrt(expected * (1 - probability));
	ck_assert_msg(fabs(count - expected) <= 5 * deviation, "%d chosen, %.0f expected", count, expected);
}

static const uint32_t RATES[] = {100, 1000, 20000, 333333, 500000, 999000};

START_TEST(frequencies_are_the_probabilities)
{
	int count = 0;
	for (int i = 0; i < IDS; i++) {
		count += draw(SAMPLING_REVIEW, i, RATES[_i]);
	}
	check_count(count, RATES[_i] / 1e6);
}
END_TEST

START_TEST(certain_and_impossible_need_no_luck)
{
	for (int i = 0; i < 1000; i++) {
		ck_assert(draw(SAMPLING_REVIEW, i, SAMPLING_CERTAIN));
		ck_assert(!draw(SAMPLING_REVIEW, i, 0));
	}
}
END_TEST

/* Pairs of purposes agree as often as independent coins of 1/2 do. */
START_TEST(purposes_are_independent)
{
	int both[PURPOSE_COUNT][PURPOSE_COUNT] = {{0}};
	for (int i = 0; i < IDS; i++) {
		bool drawn[PURPOSE_COUNT];
		for (int p = 0; p < PURPOSE_COUNT; p++) {
			drawn[p] = draw((enum sampling_purpose)p, i, 500000);
		}
		for (int p = 0; p < PURPOSE_COUNT; p++) {
			for (int q = 0; q < p; q++) {
				both[p][q] += drawn[p] && drawn[q];
			}
		}
	}
	for (int p = 0; p < PURPOSE_COUNT; p++) {
		for (int q = 0; q < p; q++) {
			check_count(both[p][q], 0.25);
		}
	}
}
END_TEST

START_TEST(order_and_neighbours_do_not_matter)
{
	enum { SOME = 1000 };
	bool forwards[SOME];
	for (int i = 0; i < SOME; i++) {
		forwards[i] = draw(SAMPLING_REVIEW, i, 300000);
	}
	for (int i = SOME - 1; i >= 0; i--) {
		(void)draw(SAMPLING_OVERLAP, i + SOME, 300000);
		ck_assert_int_eq(draw(SAMPLING_REVIEW, i, 300000), forwards[i]);
	}
}
END_TEST

/* Permanent random numbers: whoever was in a small sample is in every larger one. */
START_TEST(larger_samples_hold_the_smaller)
{
	for (int i = 0; i < IDS / 10; i++) {
		ck_assert(!draw(SAMPLING_REVIEW, i, 20000) || draw(SAMPLING_REVIEW, i, 20001));
		ck_assert(!draw(SAMPLING_REVIEW, i, 20001) || draw(SAMPLING_REVIEW, i, 500000));
	}
}
END_TEST

Suite *sampling_suite(void)
{
	Suite *suite = suite_create("sampling");
	TCase *tcase = tcase_create("coins");
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, coins_are_those_of_the_formula, 0, sizeof(COINS) / sizeof(COINS[0]));
	tcase_add_loop_test(tcase, draws_are_exact_at_the_bound, 0, sizeof(BOUNDS) / sizeof(BOUNDS[0]));
	tcase_add_loop_test(tcase, frequencies_are_the_probabilities, 0, sizeof(RATES) / sizeof(RATES[0]));
	tcase_add_test(tcase, certain_and_impossible_need_no_luck);
	tcase_add_test(tcase, purposes_are_independent);
	tcase_add_test(tcase, order_and_neighbours_do_not_matter);
	tcase_add_test(tcase, larger_samples_hold_the_smaller);
	suite_add_tcase(suite, tcase);
	return suite;
}
