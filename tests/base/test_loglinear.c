#include "harness/base/loglinear.h"
#include "tests/base/suites.h"

#include <limits.h>

struct bucket {
	int64_t latency;
	int32_t index;
	int64_t lowest;
	int64_t highest;
};

/* STATISTICS.md section 10, worked by hand; from 10409 on the published vectors of 10_latency (loglinear_index, k = 7).
 */
static const struct bucket BUCKETS[] = {
	{0, 0, 0, 0},
	{127, 127, 127, 127},
	{128, 128, 128, 128},
	{255, 255, 255, 255},
	{256, 256, 256, 257},
	{257, 256, 256, 257},
	{511, 383, 510, 511},
	{512, 384, 512, 515},
	{10409, 930, 10368, 10431},
	{52123, 1227, 51968, 52223},
	{81646, 1311, 81408, 81919},
	{111803, 1370, 111616, 112127},
	{155183, 1431, 154624, 155647},
	{195134, 1470, 194560, 195583},
	{268089, 1538, 266240, 268287},
	{353367, 1580, 352256, 354303},
	{473883, 1639, 473088, 475135},
	{795897, 1730, 794624, 798719},
	{INT64_MAX, 7295, INT64_C(255) << 55, INT64_MAX},
};

static int64_t lowest(int32_t bucket)
{
	return (int64_t)loglinear_lowest(LATENCY_BITS, (size_t)bucket);
}

static int64_t highest(int32_t bucket)
{
	return (int64_t)loglinear_highest(LATENCY_BITS, (size_t)bucket);
}

START_TEST(published_buckets)
{
	const struct bucket *row = &BUCKETS[_i];
	ck_assert_int_eq(latency_bucket(row->latency), row->index);
	ck_assert_int_eq(lowest(row->index), row->lowest);
	ck_assert_int_eq(highest(row->index), row->highest);
}
END_TEST

START_TEST(buckets_cover_everything_once)
{
	ck_assert_int_eq(latency_bucket(-1), 0);
	ck_assert_int_eq(latency_bucket(INT64_MIN), 0);
	ck_assert_int_eq(lowest(0), 0);
	for (int32_t i = 0; i < LATENCY_BUCKET_COUNT; i++) {
		ck_assert_int_eq(latency_bucket(lowest(i)), i);
		ck_assert_int_eq(latency_bucket(highest(i)), i);
		if (i > 0) {
			ck_assert_int_eq(lowest(i), highest(i - 1) + 1);
		}
	}
}
END_TEST

Suite *loglinear_suite(void)
{
	Suite *suite = suite_create("loglinear");
	TCase *test = tcase_create("buckets");
	tcase_add_loop_test(test, published_buckets, 0, sizeof(BUCKETS) / sizeof(BUCKETS[0]));
	tcase_add_test(test, buckets_cover_everything_once);
	suite_add_tcase(suite, test);
	return suite;
}
