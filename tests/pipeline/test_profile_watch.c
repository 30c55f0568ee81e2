/* Data drift end to end: six weeks of seeded traffic, a change from the fifth on, findings and incidents there and not
 * before, the same whatever the batches; references that are frozen. */
#include "harness/base/hash.h"
#include "harness/store/profile.h"
#include "tests/pipeline/late.h"
#include "tests/pipeline/suites.h"

#include <stdio.h>
#include <stdlib.h>

enum { WEEKS = 6, OF_A_WEEK = 400, ROOM = 512, SECONDS = 120, CHANGED_WEEK = 4 };

/* 2025-03-03 was a Monday, of 2025-W10. */
static const int64_t MONDAY = INT64_C(1740960000) * CLOCK_SECOND;

static struct installation *installation;
static char directory[64];
static uint64_t state;

static void setup(void)
{
	installation = late_install(directory, "gate-warn.yaml");
	late_installation = installation;
	state = 4711;
}

static void teardown(void)
{
	late_remove(installation, directory);
}

enum change { STEADY, MORE_NULLS, NEW_KIND, SHIFTED, LONGER, LEGACY_SHIFTED };

static int write_kind(char *room, bool fresh)
{
	static const char *const kinds[] = {"order", "order", "change", "cancel"};
	return sprintf(room, ",\"kind\":\"%s\"", fresh ? "return" : kinds[random_next(&state) % 4]);
}

static int write_text(char *room, bool longer)
{
	int length = sprintf(room, ",\"text\":\"");
	int letters = (int)((longer ? 80 : 30) + random_next(&state) % 40);
	for (int i = 0; i < letters; i++) {
		room[length++] = (char)('a' + random_next(&state) % 26);
	}
	return length + sprintf(room + length, "\"");
}

static void write_message(char *room, int id, int64_t at, enum change change)
{
	char time[CLOCK_TEXT_SIZE];
	int length = sprintf(room, "{\"id\":%d,\"at\":\"%s\"", id, clock_format(at, time));
	double null_share = change == MORE_NULLS ? 0.25 : 0.03;
	length += write_kind(room + length, change == NEW_KIND && random_unit(&state) < 0.1);
	if (random_unit(&state) < null_share) {
		length += sprintf(room + length, ",\"price\":null");
	} else {
		double price = (change == SHIFTED ? 60 : 10) + 90 * random_unit(&state);
		length += sprintf(room + length, ",\"price\":%.2f", price);
	}
	length += write_text(room + length, change == LONGER);
	sprintf(room + length, "}");
}

static void feed(int from, int to, enum change change)
{
	size_t count = (size_t)(to - from) * OF_A_WEEK;
	char *rooms = malloc(count * ROOM);
	char *replies = malloc(count * ROOM);
	struct spool_exchange *exchanges = calloc(count, sizeof(*exchanges));
	for (size_t i = 0; i < count; i++) {
		int week = from + (int)(i / OF_A_WEEK);
		int64_t at = MONDAY + (week * 7 + (int)(i % 7)) * CLOCK_DAY + (int64_t)(i * CLOCK_SECOND);
		enum change now = week >= CHANGED_WEEK ? change : STEADY;
		char unused[64];
		double amount = (now == LEGACY_SHIFTED ? 80 : 5) + 10 * random_unit(&state);
		sprintf(replies + i * ROOM, "{\"queue\":\"x\",\"amount\":%.2f}", amount);
		exchanges[i] = late_exchange(unused, 1, at, replies + i * ROOM, replies + i * ROOM);
		write_message(rooms + i * ROOM, week * OF_A_WEEK + (int)(i % OF_A_WEEK), at, now);
		exchanges[i].request_body = span_of(rooms + i * ROOM);
	}
	late_append_to(installation, "ingest", exchanges, count);
	late_work();
	free(exchanges);
	free(replies);
	free(rooms);
}

static char *findings(void)
{
	return late_list(installation,
			 "SELECT side || ' ' || week || ' ' || pointer || ' ' || check_id FROM v_data_drift "
			 "ORDER BY side, week, pointer, check_id");
}

static const struct {
	enum change change;
	const char *finding;  /* that has to be there */
	const char *incident; /* kind and subject */
	const char *only;     /* every finding has this pointer */
	enum profile_check check;
} CASES[] = {
	{MORE_NULLS, "message 202514 /price 1\n", "3 /price\n", "/price", CHECK_NULL},
	{NEW_KIND, "message 202514 /kind 3\n", "3 /kind\n", "/kind", CHECK_NEW},
	{SHIFTED, "message 202514 /price 7\n", "3 /price\n", "/price", CHECK_NUMBER},
	{LONGER, "message 202514 /text 5\n", "3 /text\n", "/text", CHECK_LENGTH},
	/* the recorded LLM path says what the legacy path says, so that side has findings too, and no incident */
	{LEGACY_SHIFTED, "legacy 202514 /amount 7\n", "2 /amount\n", "/amount", CHECK_NUMBER},
};

START_TEST(a_change_is_found_in_its_week_and_field)
{
	setup();
	feed(0, WEEKS, CASES[_i].change);
	char *found = findings();
	ck_assert_msg(strstr(found, CASES[_i].finding) != NULL, "found:\n%s", found);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM profile_finding WHERE week < 202514"), 0);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM profile_week WHERE week < 202514"), 3 * (CHANGED_WEEK - 2));
	char sql[256];
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM v_data_drift WHERE pointer <> '%s'", CASES[_i].only);
	ck_assert_msg(late_ask(sql) == 0, "found:\n%s", found);
	char *incidents = late_list(installation, "SELECT kind || ' ' || subject FROM incident");
	ck_assert_str_eq(incidents, CASES[_i].incident);
	ck_assert_int_eq(late_ask("SELECT min(began_at) FROM incident"), MONDAY + CHANGED_WEEK * 7 * CLOCK_DAY);
	char *sentence =
		late_list(installation, "SELECT json_extract(evidence, '$.findings[0].sentence') FROM incident");
	ck_assert_ptr_nonnull(strstr(sentence, CASES[_i].only));
	free(sentence);
	free(incidents);
	free(found);
	teardown();
}
END_TEST

static bool is_intact(int64_t reference)
{
	struct error err = ERROR_INIT;
	bool intact = false;
	struct store *store = store_open(installation->store, STORE_READ_ONLY, 1000, &err);
	late_must(store != NULL && store_profile_reference_check(store, reference, &intact, &err), &err);
	store_close(store);
	return intact;
}

/* The triggers stop whoever means well; the hash tells of the others. */
START_TEST(a_changed_reference_is_seen)
{
	setup();
	feed(0, 3, STEADY);
	ck_assert(is_intact(1) && is_intact(2) && is_intact(3));
	late_change("DROP TRIGGER profile_reference_count_is_frozen");
	late_change("UPDATE profile_reference_count SET count = count + 1 WHERE reference_id = 2 AND bin = (SELECT "
		    "min(bin) FROM profile_reference_count WHERE reference_id = 2)");
	ck_assert(is_intact(1) && !is_intact(2));
	teardown();
}
END_TEST

START_TEST(steady_traffic_finds_nothing)
{
	setup();
	feed(0, WEEKS, STEADY);
	char *found = findings();
	ck_assert_str_eq(found, "");
	free(found);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM incident"), 0);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM profile_reference"), 3);
	ck_assert_int_eq(late_ask("SELECT min(from_week) * 1000000 + max(to_week) FROM profile_reference"),
			 INT64_C(202510202511));
	ck_assert_int_eq(late_ask("SELECT max(messages) FROM profile_reference"), 2 * OF_A_WEEK);
	/* the frozen counts are those of the two weeks, and stay what they are when more comes */
	ck_assert_int_eq(late_ask("SELECT sum(count) FROM profile_reference_count"),
			 late_ask("SELECT sum(count) FROM rollup_profile WHERE week <= 202511"));
	int64_t before = late_ask("SELECT sum(count) FROM profile_reference_count");
	late_append(late_exchange((char[64]){0}, 99999, MONDAY, "{}", "{}"));
	late_work();
	ck_assert_int_eq(late_ask("SELECT sum(count) FROM profile_reference_count"), before);
	teardown();
}
END_TEST

/* One run or one for each week: the same findings. */
START_TEST(batches_do_not_matter)
{
	setup();
	feed(0, WEEKS, NEW_KIND);
	char *at_once = findings();
	char *counts =
		late_list(installation, "SELECT measure || ' ' || sum(count) FROM rollup_profile GROUP BY measure");
	teardown();
	setup();
	for (int week = 0; week < WEEKS; week++) {
		feed(week, week + 1, NEW_KIND);
	}
	char *in_parts = findings();
	char *counts_in_parts =
		late_list(installation, "SELECT measure || ' ' || sum(count) FROM rollup_profile GROUP BY measure");
	ck_assert_str_eq(at_once, in_parts);
	ck_assert_str_eq(counts, counts_in_parts);
	free(at_once);
	free(in_parts);
	free(counts);
	free(counts_in_parts);
	teardown();
}
END_TEST

/* A reference by hand counts instead, for the weeks behind it, and is a row with who and why. */
START_TEST(a_reference_can_be_frozen_by_hand)
{
	struct error err = ERROR_INIT;
	int64_t messages = 0;
	setup();
	feed(0, 5, SHIFTED);
	ck_assert_int_gt(late_ask("SELECT count(*) FROM profile_finding WHERE week = 202514"), 0);
	struct store *store = store_open(installation->store, STORE_READ_WRITE, 1000, &err);
	struct store_freeze freeze = {1, PROFILE_MESSAGE, 202514, 202514, MONDAY, SPAN("anna"), SPAN("new prices")};
	late_must(store != NULL && store_begin(store, &err) && store_profile_freeze(store, &freeze, &messages, &err) &&
			  store_commit(store, &err),
		  &err);
	store_close(store);
	ck_assert_int_eq(messages, OF_A_WEEK);
	ck_assert(is_intact(4));
	feed(5, 6, SHIFTED);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM profile_finding WHERE week = 202515"), 0);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM profile_week WHERE week = 202515 AND side = -1"), 1);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM profile_reference WHERE side = -1"), 2);
	teardown();
}
END_TEST

Suite *profile_watch_suite(void)
{
	Suite *suite = suite_create("profile watch");
	TCase *test = tcase_create("weeks");
	tcase_set_timeout(test, SECONDS);
	tcase_add_loop_test(test, a_change_is_found_in_its_week_and_field, 0, sizeof(CASES) / sizeof(CASES[0]));
	tcase_add_test(test, steady_traffic_finds_nothing);
	tcase_add_test(test, batches_do_not_matter);
	tcase_add_test(test, a_changed_reference_is_seen);
	tcase_add_test(test, a_reference_can_be_frozen_by_hand);
	suite_add_tcase(suite, test);
	return suite;
}
