/* Replies counted and taken back at random, then every sum against the same question put to the rows; and reading. */
#include "harness/base/hash.h"
#include "harness/store/drift.h"
#include "tests/store/suites.h"
#include "tests/store/support.h"

#include <math.h>
#include <stdio.h>

static const int64_t HOUR = INT64_C(3600) * CLOCK_SECOND;

/* For tables. */
#define TEXT(literal)                                                                                                  \
	{                                                                                                              \
		literal, sizeof(literal) - 1                                                                           \
	}
static struct error err;
static struct arena arena = ARENA_INIT(64 << 20);

static struct store_source source_of(int64_t path, const char *model)
{
	return (struct store_source){
		.interface_id = 1,
		.path = path,
		.contract_version = SPAN("1.0"),
		.model = span_of(model),
		.prompt = SPAN("\x01\xff"),
		.service_version = SPAN(""),
		.seen_at = 77,
	};
}

static int64_t source_id(int64_t path, const char *model)
{
	struct store_source source = source_of(path, model);
	int64_t id = 0;
	must(store_source_id(test_store, &source, &id, &err), &err);
	return id;
}

static void begin(void)
{
	must(store_begin(test_store, &err), &err);
}

static void commit(void)
{
	must(store_commit(test_store, &err), &err);
}

START_TEST(source_is_one_row_for_each_combination)
{
	begin();
	int64_t first = source_id(1, "mini");
	ck_assert_int_eq(source_id(1, "mini"), first);
	ck_assert_int_ne(source_id(1, "mini-2"), first);
	ck_assert_int_ne(source_id(0, "mini"), first);
	for (int i = 0; i < 20; i++) { /* more than are remembered */
		char model[16];
		snprintf(model, sizeof(model), "m%d", i);
		(void)source_id(2, model);
	}
	ck_assert_int_eq(source_id(1, "mini"), first);
	commit();
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM reply_source"), 23);
	ck_assert_int_eq(ask(test_store, "SELECT first_seen_at FROM reply_source WHERE id = 1"), 77);
}
END_TEST

/* An id of a transaction that was rolled back would be another's. */
START_TEST(source_that_was_rolled_back_is_forgotten)
{
	begin();
	int64_t lost = source_id(1, "lost");
	store_rollback(test_store);
	begin();
	ck_assert_int_eq(source_id(1, "other"), lost);
	ck_assert_int_ne(source_id(1, "lost"), lost);
	commit();
}
END_TEST

START_TEST(model_names_are_bounded)
{
	char name[STORE_MODEL_MAX + 40];
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	name[STORE_MODEL_MAX - 1] = '\xc3'; /* the cut falls into a character */
	name[STORE_MODEL_MAX] = '\xa4';
	begin();
	source_id(1, name);
	source_id(2, "\xff");
	for (int i = 0; i < STORE_SOURCES_MAX + 5; i++) {
		snprintf(name, sizeof(name), "model %d", i);
		source_id(2, name);
	}
	commit();
	ck_assert_int_eq(ask(test_store, "SELECT length(model) FROM reply_source WHERE path = 1"), STORE_MODEL_MAX - 1);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM reply_source WHERE path = 2 AND model = '?'"), 1);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM reply_source WHERE path = 2"), STORE_SOURCES_MAX + 1);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM reply_source WHERE model = '(other)'"), 1);
}
END_TEST

START_TEST(legacy_source_holds_from_an_exchange_on)
{
	struct store_legacy_source found;
	begin();
	int64_t old = source_id(0, "2026.3");
	int64_t new = source_id(0, "2026.4");
	must(store_legacy_source(test_store, 1, INT64_MAX, &arena, &found, &err), &err);
	ck_assert_int_eq(found.id, 0);
	must(store_legacy_source_set(test_store, 1, 5, old, true, &err), &err);
	must(store_legacy_source_set(test_store, 1, 9, new, false, &err), &err);
	must(store_legacy_source_set(test_store, 1, 20, old, true, &err), &err);
	commit();
	static const struct {
		int64_t exchange;
		int index; /* 0: none, 1: old, 2: new */
	} wanted[] = {{4, 0}, {5, 1}, {8, 1}, {9, 2}, {19, 2}, {20, 1}, {INT64_MAX, 1}};
	const int64_t ids[] = {0, old, new};
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		must(store_legacy_source(test_store, 1, wanted[i].exchange, &arena, &found, &err), &err);
		ck_assert_int_eq(found.id, ids[wanted[i].index]);
		ck_assert_int_eq(found.held, wanted[i].index == 1);
	}
	ck_assert(span_is(found.version, "2026.3"));
}
END_TEST

/* --- sums --- */

static struct store_reply random_reply(uint64_t *seed, int64_t exchange)
{
	static const struct store_deviation deviations[] = {
		{DRIFT_TYPE, false, TEXT("/a"), TEXT("type"), TEXT("/properties/a/type"), TEXT("no")},
		{DRIFT_UNDECLARED_FIELD, true, TEXT("/b"), TEXT(""), TEXT(""), TEXT("open")},
	};
	struct store_reply reply = {
		.exchange = exchange,
		.path = (int64_t)(random_next(seed) % 2),
		.captured_at = (int64_t)(random_next(seed) % 50) * HOUR / 2,
		.week = 202600 + (int32_t)(random_next(seed) % 2),
		.test = random_next(seed) % 4 == 0,
		.list = deviations,
	};
	reply.source = source_id(reply.path, random_next(seed) % 2 == 0 ? "a" : "b");
	if (random_next(seed) % 3 == 0) {
		reply.classes = (uint32_t)(random_next(seed) % (1 << DRIFT_CLASS_COUNT)) | 1U << DRIFT_UNDECLARED_FIELD;
		reply.declared = reply.classes & (uint32_t)random_next(seed);
		reply.severity = (enum drift_severity)(random_next(seed) % DRIFT_SEVERITY_COUNT);
		reply.recovered = random_next(seed) % 2 == 0;
		reply.total = 2;
		reply.count = 2;
	}
	return reply;
}

/* Some replies are taken back, in the same transaction or a later one. What is left is counted here by hand. */
START_TEST(sums_are_those_of_the_replies_that_are_left)
{
	enum { REPLIES = 600 };
	static struct store_reply kept[REPLIES];
	uint64_t seed = 99;
	int64_t replies = 0;
	begin();
	for (int i = 0; i < REPLIES; i++) {
		int64_t exchange = add_exchange((uint64_t)i + 1, 0, STORE_NEW);
		kept[i] = random_reply(&seed, exchange);
		must(store_reply_count(test_store, &kept[i], &err), &err);
		replies++;
		if (i % 5 == 0) {
			const struct store_reply *gone = &kept[i / 2];
			struct store_reply what = {.exchange = gone->exchange,
						   .path = gone->path,
						   .source = gone->source,
						   .captured_at = gone->captured_at,
						   .week = gone->week,
						   .test = gone->test};
			if (gone->exchange != 0) {
				must(store_reply_uncount(test_store, &what, &err), &err);
				replies--;
			}
			kept[i / 2].exchange = 0;
		}
		if (i % 50 == 0) {
			commit();
			begin();
		}
	}
	commit();
	ck_assert_int_eq(ask(test_store, "SELECT sum(replies) FROM rollup_drift"), replies);
	ck_assert_int_eq(ask(test_store, "SELECT sum(strict_drift) FROM rollup_drift"),
			 ask(test_store, "SELECT count(*) FROM deviating_reply"));
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM rollup_drift WHERE high + medium + low <> strict_drift"),
			 0);
	ck_assert_int_eq(ask(test_store,
			     "SELECT count(*) FROM (SELECT source_id, hour, e.week, e.test, count(*) AS n, "
			     "sum(declared <> 0) AS c, sum(recovered) AS r FROM deviating_reply d, (SELECT 0 AS week, "
			     "0 AS test) e GROUP BY 1, 2) x WHERE (n, c, r) <> (SELECT sum(strict_drift), "
			     "sum(contract_drift), sum(recovered) FROM rollup_drift s WHERE s.source_id = x.source_id "
			     "AND s.hour = x.hour)"),
			 0);
	for (int i = 0; i < DRIFT_CLASS_COUNT; i++) {
		char rows[160];
		char sums[160];
		snprintf(rows, sizeof(rows),
			 "SELECT 1000000 * sum(classes >> %d & 1) + sum(declared >> %d & 1) FROM deviating_reply", i,
			 i);
		snprintf(sums, sizeof(sums),
			 "SELECT 1000000 * sum(deviating) + sum(declared) FROM rollup_drift_class WHERE class = %d", i);
		ck_assert_int_eq(ask(test_store, rows), ask(test_store, sums));
	}
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM rollup_drift WHERE replies = 0"), 0);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM rollup_drift_class WHERE deviating = 0"), 0);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM deviation"),
			 2 * ask(test_store, "SELECT count(*) FROM deviating_reply"));
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM v_deviation WHERE severity IS NULL"), 0);
}
END_TEST

static void count_at(int64_t exchange, int64_t captured_at, int32_t week, uint32_t classes, const char *model)
{
	static const struct store_deviation deviation = {DRIFT_ENUM,
							 false,
							 TEXT("/lines/0/status"),
							 TEXT("enum"),
							 TEXT("/properties/lines/items/properties/status/enum"),
							 TEXT("not in the list")};
	struct store_reply reply = {
		.exchange = exchange,
		.path = 1,
		.source = source_id(1, model),
		.captured_at = captured_at,
		.week = week,
		.classes = classes,
		.declared = classes,
		.severity = DRIFT_MEDIUM,
		.total = classes != 0,
		.list = &deviation,
		.count = classes != 0,
	};
	must(store_reply_count(test_store, &reply, &err), &err);
}

START_TEST(series_are_sums_of_hours)
{
	struct zone *berlin = zone_create("Europe/Berlin", &err);
	ck_assert_ptr_nonnull(berlin);
	/* 2026-07-31 22:30 UTC is August in Berlin */
	int64_t july = clock_days(2026, 7, 31) * CLOCK_DAY + 21 * HOUR;
	begin();
	for (int64_t i = 1; i <= 6; i++) {
		add_exchange((uint64_t)i, 0, STORE_NEW);
	}
	count_at(1, july, 202631, 0, "a");
	count_at(2, july + HOUR, 202631, 1U << DRIFT_ENUM, "a");
	count_at(3, july + HOUR + 5, 202632, 1U << DRIFT_ENUM | 1U << DRIFT_TYPE, "a");
	count_at(4, july + HOUR, 202631, 0, "b");
	count_at(5, july + 30 * HOUR, 202632, 0, "b");
	commit();
	struct store_series_query query = {.interface_id = 1, .path = 1, .from = 0, .to = INT64_MAX, .zone = berlin};
	struct store_series_point *points = NULL;
	size_t count = 0;
	must(store_series(test_store, &query, &arena, &points, &count, &err), &err);
	ck_assert_uint_eq(count, 3);
	ck_assert_int_eq(points[1].at, july / HOUR + 1);
	ck_assert_int_eq(points[1].replies, 3);
	ck_assert_int_eq(points[1].contract_drift, 2);
	ck_assert_int_eq(points[1].deviating[DRIFT_ENUM], 2);
	ck_assert_int_eq(points[1].declared[DRIFT_TYPE], 1);
	ck_assert_int_eq(points[1].by_severity[DRIFT_MEDIUM], 2);
	query.step = STORE_BY_DAY;
	must(store_series(test_store, &query, &arena, &points, &count, &err), &err);
	ck_assert_uint_eq(count, 3);
	ck_assert_int_eq(points[0].at, clock_days(2026, 7, 31));
	ck_assert_int_eq(points[1].at, clock_days(2026, 8, 1));
	ck_assert_int_eq(points[1].replies, 3);
	query.step = STORE_BY_WEEK;
	query.by_source = true;
	must(store_series(test_store, &query, &arena, &points, &count, &err), &err);
	ck_assert_uint_eq(count, 4);
	ck_assert_int_eq(points[0].at, 202631);
	ck_assert_int_eq(points[0].replies, 2);
	ck_assert_int_eq(points[3].replies, 1);
	query.to = july + HOUR;
	must(store_series(test_store, &query, &arena, &points, &count, &err), &err);
	ck_assert_uint_eq(count, 1);
	zone_destroy(berlin);
}
END_TEST

START_TEST(deviations_are_read_by_reply_and_by_frequency)
{
	struct store_top_deviation *tops = NULL;
	struct store_deviation *list = NULL;
	size_t count = 0;
	int64_t total = 0;
	begin();
	for (int64_t i = 1; i <= 3; i++) {
		add_exchange((uint64_t)i, 0, STORE_NEW);
		count_at(i, 5, 202631, i < 3 ? 1U << DRIFT_ENUM : 0, "a");
	}
	commit();
	must(store_top_deviations(test_store, 1, 1, 0, INT64_MAX, 10, &arena, &tops, &count, &err), &err);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(tops[0].replies, 2);
	ck_assert_str_eq(tops[0].instance, "/lines/0/status");
	must(store_top_deviations(test_store, 1, 2, 0, INT64_MAX, 10, &arena, &tops, &count, &err), &err);
	ck_assert_uint_eq(count, 0);
	must(store_deviations(test_store, 1, 1, &arena, &list, &count, &total, &err), &err);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(total, 1);
	ck_assert(span_is(list[0].keyword, "enum"));
	must(store_deviations(test_store, 3, 1, &arena, &list, &count, &total, &err), &err);
	ck_assert_int_eq(total, 0);
}
END_TEST

START_TEST(monitor_is_read_as_it_was_written)
{
	struct store_monitor monitor = {.interface_id = 1,
					.path = 2,
					.phase = 1,
					.reference_replies = 10,
					.reference_events = 1,
					.reference_from = 5,
					.reference_until = 6,
					.p0 = 0.1 + 0.2,
					.run_length = 1e7,
					.replies_per_day = 3.5,
					.replies = 8,
					.events = 2};
	struct store_monitor read;
	bool found = true;
	for (int i = 0; i < STORE_DETECTORS; i++) {
		monitor.detectors[i] = (struct store_detector){0.3 * i, 1.0 / 3, i == 0 ? -HUGE_VAL : 0.7, 4, 3, i};
	}
	must(store_monitor_get(test_store, 1, 2, &read, &found, &err), &err);
	ck_assert(!found);
	for (int i = 0; i < 2; i++) {
		begin();
		monitor.replies += i;
		must(store_monitor_set(test_store, &monitor, &err), &err);
		commit();
	}
	must(store_monitor_get(test_store, 1, 2, &read, &found, &err), &err);
	ck_assert(found);
	ck_assert_int_eq(read.replies, 9);
	ck_assert(read.p0 >= monitor.p0 && read.p0 <= monitor.p0);
	for (int i = 0; i < STORE_DETECTORS; i++) {
		ck_assert_int_eq(memcmp(&read.detectors[i], &monitor.detectors[i], sizeof(read.detectors[i])), 0);
	}
	must(store_monitor_of_incident(test_store, 1, &read, &found, &err), &err);
	ck_assert(!found);
}
END_TEST

static void setup(void)
{
	setup_store();
	err = (struct error)ERROR_INIT;
}

static void teardown(void)
{
	arena_finish(&arena);
	teardown_store();
}

Suite *drift_suite(void)
{
	Suite *suite = suite_create("drift");
	TCase *tcase = tcase_create("drift");
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, source_is_one_row_for_each_combination);
	tcase_add_test(tcase, source_that_was_rolled_back_is_forgotten);
	tcase_add_test(tcase, model_names_are_bounded);
	tcase_add_test(tcase, legacy_source_holds_from_an_exchange_on);
	tcase_add_test(tcase, sums_are_those_of_the_replies_that_are_left);
	tcase_add_test(tcase, series_are_sums_of_hours);
	tcase_add_test(tcase, deviations_are_read_by_reply_and_by_frequency);
	tcase_add_test(tcase, monitor_is_read_as_it_was_written);
	suite_add_tcase(suite, tcase);
	return suite;
}
