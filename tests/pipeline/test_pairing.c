/* Late legacy answers, with the recorded LLM path: who is joined with whom, which answer counts, what is made again. */
#include "baselines/labels.h"
#include "harness/base/clock.h"
#include "harness/pipeline/lane.h"
#include "harness/store/evaluation.h"
#include "harness/store/ingest.h"
#include "tests/pipeline/late.h"
#include "tests/pipeline/suites.h"

#include <stdio.h>
#include <stdlib.h>

#define HOUR (3600 * CLOCK_SECOND)
static const char A[] = "{\"queue\":\"a\",\"amount\":1}";
static const char B[] = "{\"queue\":\"b\",\"amount\":1}";

static int64_t now;
static char room[256][32];

static void setup(void)
{
	late_setup();
	now = clock_now();
}

static struct contract *contract(void)
{
	return late_installation->contracts[0];
}

static void add(int id, int64_t captured_at, const char *legacy, const char *llm)
{
	late_append(late_exchange(room[id], id, captured_at, legacy, llm));
}

static void answer(const char *key, int64_t answered_at, int outcome, const char *legacy)
{
	late_append(late_outcome(key, now, answered_at, outcome, legacy));
}

static void expect(const char *sql, int64_t number)
{
	int64_t found = late_ask(sql);
	ck_assert_msg(found == number, "%s: %lld, not %lld", sql, (long long)found, (long long)number);
}

/* --- joining --- */

START_TEST(an_answer_comes_later)
{
	add(1, now, NULL, A);
	late_work();
	expect("SELECT count(*) FROM evaluation WHERE state = 0 AND reason = 0", 1);
	expect("SELECT count(*) FROM record", 0);
	expect("SELECT legacy_outcome FROM exchange", LEGACY_AWAITED);
	late_check_sums();
	answer("1", 0, LEGACY_OK, A);
	late_work();
	expect("SELECT count(*) FROM evaluation WHERE state = 1 AND outcome = 0", 1);
	expect("SELECT count(*) FROM record WHERE side = 0", 1);
	expect("SELECT legacy_outcome FROM exchange", LEGACY_OK);
	expect("SELECT count(*) FROM legacy_answer WHERE ordinal = 1", 1);
	expect("SELECT outcome_joined FROM delivery_count", 1);
	late_check_sums();
}
END_TEST

START_TEST(an_answer_comes_first)
{
	answer("1", 0, LEGACY_OK, B);
	late_work();
	expect("SELECT count(*) FROM waiting_outcome", 1);
	late_check_sums();
	add(1, now, NULL, A);
	late_work();
	expect("SELECT count(*) FROM waiting_outcome", 0);
	expect("SELECT count(*) FROM record WHERE side = 1", 1);
	late_check_sums();
}
END_TEST

/* However many there are: what one of them takes of memory is given back before the next. Each of these reads the
 * exchange's own answer of 600 KB, which as a tree takes several MB; the worker has a gigabyte. */
START_TEST(many_answers_come_first)
{
	enum { COUNT = 200, ITEMS = 300000 };
	CLEANUP_BUFFER struct buffer legacy = BUFFER_INIT(1024 * 1024);
	char outcomes[COUNT][32];
	for (int i = 0; i < COUNT; i++) {
		snprintf(outcomes[i], sizeof(outcomes[i]), "{\"queue\":\"%d\"}", i);
		answer("1", 0, LEGACY_OK, outcomes[i]);
	}
	late_work();
	expect("SELECT count(*) FROM waiting_outcome", COUNT);
	buffer_append_text(&legacy, "{\"queue\":\"a\",\"amount\":1,\"items\":[1");
	for (int i = 1; i < ITEMS; i++) {
		buffer_append_text(&legacy, ",1");
	}
	buffer_append_text(&legacy, "]}");
	ck_assert(!legacy.failed);
	add(1, now, legacy.data, A);
	late_work();
	expect("SELECT count(*) FROM waiting_outcome", 0);
	expect("SELECT count(*) FROM legacy_answer", COUNT + 1);
	late_check_sums();
}
END_TEST

/* An answer that came with the message is version 1 and has a row as soon as there is a second. */
START_TEST(versions_of_an_inline_answer)
{
	add(1, now - HOUR, A, A);
	late_work();
	expect("SELECT count(*) FROM legacy_answer", 0);
	expect("SELECT count(*) FROM record WHERE side = 0", 1);
	answer("1", now, LEGACY_REPAIRED, B);
	late_work();
	expect("SELECT count(*) FROM legacy_answer", 2);
	expect("SELECT legacy_outcome FROM legacy_answer WHERE ordinal = 1", LEGACY_OK);
	expect("SELECT counts FROM v_legacy_answer WHERE version = 2", 1);
	expect("SELECT legacy_outcome FROM exchange", LEGACY_REPAIRED);
	expect("SELECT count(*) FROM record WHERE side = 0", 0);
	expect("SELECT count(*) FROM record WHERE side = 1", 1);
	expect("SELECT sum(attempts) FROM rollup_transaction", 1);
	expect("SELECT count(*) FROM v_diff WHERE legacy_value = '\"b\"' AND llm_value = '\"a\"'", 1);
	late_check_sums();
}
END_TEST

/* By when the answers were made, in whatever order they come. */
static void tell_story(bool backwards)
{
	static const struct {
		int64_t hours;
		int outcome;
		const char *reply;
	} story[] = {{1, LEGACY_PARKED, ""}, {3, LEGACY_MANUAL, A}, {30, LEGACY_REPAIRED, B}};
	add(1, now - 40 * HOUR, NULL, A);
	for (size_t i = 0; i < 3; i++) {
		size_t at = backwards ? 2 - i : i;
		answer("1", now + (story[at].hours - 40) * HOUR, story[at].outcome, story[at].reply);
		late_work();
		late_check_sums();
	}
	expect("SELECT count(*) FROM legacy_answer", 3);
}

START_TEST(which_answer_counts)
{
	static const struct {
		enum contract_counts counts;
		int outcome;
		int side;
	} cases[] = {{COUNTS_FIRST, LEGACY_PARKED, 1},
		     {COUNTS_FINAL, LEGACY_REPAIRED, 1},
		     {COUNTS_AT_CUTOFF, LEGACY_MANUAL, 0}};
	contract()->legacy_counts = cases[_i / 2].counts;
	contract()->legacy_cutoff_us = 24 * HOUR;
	tell_story(_i % 2 != 0);
	expect("SELECT legacy_outcome FROM exchange", cases[_i / 2].outcome);
	expect("SELECT side FROM record", cases[_i / 2].side);
	expect("SELECT sum(compared) FROM rollup_transaction", 1);
}
END_TEST

START_TEST(an_answer_after_the_cutoff_never_counts)
{
	contract()->legacy_counts = COUNTS_AT_CUTOFF;
	contract()->legacy_cutoff_us = 24 * HOUR;
	add(1, now - 40 * HOUR, NULL, A);
	answer("1", now - 10 * HOUR, LEGACY_OK, A);
	late_work();
	expect("SELECT count(*) FROM legacy_answer", 1);
	expect("SELECT legacy_outcome FROM exchange", LEGACY_AWAITED);
	expect("SELECT count(*) FROM awaited", 1);
	late_check_sums();
}
END_TEST

START_TEST(keys)
{
	struct spool_exchange named = late_exchange(room[1], 1, now, NULL, A);
	named.correlation_key = SPAN("of my own");
	late_append(named);
	answer("of my own", 0, LEGACY_OK, A);
	contract()->tap.pair_header = "X-Request-Id";
	struct spool_exchange by_header = late_exchange(room[2], 2, now, NULL, A);
	by_header.request_head = SPAN("x-request-id: r/2\r\nOther: 1\r\n");
	late_append(by_header);
	answer("r/2", 0, LEGACY_OK, A);
	answer("2", 0, LEGACY_OK, A); /* the identity is not the key here */
	late_work();
	contract()->tap.pair_header = NULL;
	add(3, now, NULL, A);
	answer("03", 0, LEGACY_OK, A); /* another spelling */
	answer("\xff", 0, LEGACY_OK, A);
	answer("", 0, LEGACY_OK, A);
	late_work();
	expect("SELECT count(*) FROM evaluation WHERE state = 1", 2);
	expect("SELECT count(*) FROM waiting_outcome", 3);
	expect("SELECT outcome_unpaired FROM delivery_count", 1);
	late_check_sums();
	answer("3", 0, LEGACY_OK, A);
	late_work();
	expect("SELECT count(*) FROM evaluation WHERE state = 1", 3);
}
END_TEST

START_TEST(the_newest_revision_is_joined)
{
	struct spool_exchange revision = late_exchange(room[1], 1, now, NULL, A);
	late_append(revision);
	revision.request_body = SPAN("{\"id\":1,\"text\":\"changed\"}");
	late_append(revision);
	answer("1", 0, LEGACY_OK, A);
	late_work();
	expect("SELECT exchange_id FROM legacy_answer", 2);
	expect("SELECT count(*) FROM awaited WHERE exchange_id = 1", 1);
	late_check_sums();
}
END_TEST

START_TEST(repeated_answers)
{
	answer("1", 0, LEGACY_OK, A);
	answer("1", 0, LEGACY_OK, A);
	late_work();
	expect("SELECT outcome_duplicate FROM delivery_count", 1);
	add(1, now, NULL, A);
	answer("1", 0, LEGACY_OK, A);
	answer("1", now, LEGACY_FAILED, "");
	answer("1", now + 1, LEGACY_OK, A);
	answer("1", now, LEGACY_FAILED, ""); /* dated: known by any version */
	late_work();
	expect("SELECT outcome_duplicate FROM delivery_count", 3);
	expect("SELECT count(*) FROM legacy_answer", 3);
	late_check_sums();
}
END_TEST

/* A reply that cannot be read counts only where there is no other. */
START_TEST(unreadable_answers)
{
	add(1, now - HOUR, NULL, A);
	answer("1", now - 2, LEGACY_OK, A);
	answer("1", now - 1, LEGACY_OK, "<html>");
	add(2, now - HOUR, NULL, A);
	answer("2", now - 1, LEGACY_OK, "<html>");
	late_work();
	expect("SELECT count(*) FROM evaluation WHERE exchange_id = 1 AND state = 1", 1);
	expect("SELECT ordinal FROM legacy_counting WHERE exchange_id = 1", 1);
	expect("SELECT count(*) FROM evaluation WHERE exchange_id = 2 AND state = 3", 1);
	late_check_sums();
}
END_TEST

START_TEST(an_answer_with_its_message_may_be_dated)
{
	struct spool_exchange dated = late_exchange(room[1], 1, now, A, A);
	dated.answered_at = now - 5 * HOUR;
	late_append(dated);
	answer("1", now - 3 * HOUR, LEGACY_REPAIRED, B); /* made after that, and before the capture */
	late_work();
	expect("SELECT legacy_outcome FROM exchange", LEGACY_REPAIRED);
	expect("SELECT count(*) FROM legacy_answer WHERE body IS NOT NULL", 2);
	late_check_sums();
}
END_TEST

/* --- windows and closed weeks --- */

START_TEST(nobody_comes)
{
	add(1, now - 73 * HOUR, NULL, A);
	add(2, now - 71 * HOUR, NULL, A);
	late_append(late_outcome("9", now - 73 * HOUR, 0, LEGACY_OK, A));
	late_append(late_outcome("8", now - 71 * HOUR, 0, LEGACY_OK, A));
	late_work();
	expect("SELECT count(*) FROM evaluation WHERE state = 4", 1);
	expect("SELECT count(*) FROM awaited", 1);
	expect("SELECT count(*) FROM waiting_outcome", 1);
	expect("SELECT outcome_unpaired FROM delivery_count", 1);
	late_check_sums();
	answer("1", 0, LEGACY_OK, A); /* better late than never */
	late_work();
	expect("SELECT count(*) FROM evaluation WHERE state = 1", 1);
	expect("SELECT outcome_returned FROM delivery_count", 1);
	late_check_sums();
}
END_TEST

START_TEST(closed_weeks_stay)
{
	int64_t captured = now - 30 * 24 * HOUR;
	add(1, captured, A, A);
	add(2, captured, NULL, A);
	late_work(); /* read in later: the period began after the week was closed */
	answer("1", now, LEGACY_REPAIRED, B);
	answer("2", now, LEGACY_OK, A);
	late_work();
	expect("SELECT outcome_closed FROM delivery_count", 0);
	expect("SELECT count(*) FROM evaluation WHERE state = 1", 2);
	late_change("UPDATE epoch SET started_at = 1");
	add(3, captured, A, A);
	add(4, captured, NULL, A);
	late_work();
	expect("SELECT state FROM evaluation WHERE exchange_id = 4", EVALUATION_UNPAIRED);
	answer("3", now, LEGACY_REPAIRED, B);
	answer("4", now, LEGACY_OK, A);
	late_work();
	expect("SELECT outcome_closed FROM delivery_count", 2);
	expect("SELECT legacy_outcome FROM exchange WHERE id = 3", LEGACY_OK);
	expect("SELECT state FROM evaluation WHERE exchange_id = 4", EVALUATION_UNPAIRED);
	expect("SELECT count(*) FROM legacy_answer WHERE exchange_id IN (3, 4)", 3);
	late_check_sums();
}
END_TEST

/* --- what is made again --- */

static void label(int64_t item, const char *queue)
{
	char sql[256];
	snprintf(sql, sizeof(sql),
		 "INSERT INTO label (item_id, reviewer, adjudication, cannot_tell, labelled_at) VALUES (%lld, 'r', 1, "
		 "0, 5)",
		 (long long)item);
	late_change(sql);
	snprintf(sql, sizeof(sql),
		 "INSERT INTO label_value (label_id, field_id, value) SELECT max(l.id), f.id, CASE f.name WHEN 'queue' "
		 "THEN '\"%s\"' WHEN 'amount' THEN '1' END FROM label l, field f GROUP BY f.id",
		 queue);
	late_change(sql);
	struct error err = ERROR_INIT;
	enum review_status status = REVIEW_OPEN;
	struct store *store = store_open(late_installation->store, STORE_READ_WRITE, 1000, &err);
	late_must(store != NULL && store_begin(store, &err) && label_settle(store, contract(), item, &status, &err) &&
			  store_commit(store, &err),
		  &err);
	ck_assert_int_eq(status, REVIEW_FINAL);
	store_close(store);
}

/* The label says that the queue is b. First both paths say a: both wrong. Then a clerk repairs the legacy answer. */
START_TEST(labels_outlive_a_correction)
{
	add(1, now - HOUR, A, A);
	late_work();
	expect("SELECT count(*) FROM review_item", 1);
	label(1, "b");
	expect("SELECT sum(correct) FROM judgement WHERE field_id = 0", 0);
	answer("1", now, LEGACY_REPAIRED, B);
	late_work();
	expect("SELECT count(*) FROM review_item", 1);
	expect("SELECT count(*) FROM label", 1);
	expect("SELECT correct FROM judgement WHERE field_id = 0 AND path = 0", 1);
	expect("SELECT correct FROM judgement WHERE field_id = 0 AND path = 1", 0);
	expect("SELECT count(*) FROM review_value v JOIN field f ON f.id = v.field_id WHERE v.path = 0 AND f.name = "
	       "'queue' AND v.value = '\"b\"'",
	       1);
	late_check_sums();
}
END_TEST

/* Probabilities: up to that of the new side, never down; nothing that was chosen is let go; one coin for all. */
START_TEST(probabilities_of_review)
{
	contract()->review_agree_ppm = 300000;
	contract()->pi_min_agree_ppm = 300000;
	contract()->review_disagree_ppm = 800000;
	contract()->pi_min_disagree_ppm = 800000;
	for (int i = 1; i <= 200; i++) {
		add(i, now - HOUR, i <= 100 ? A : B, A);
	}
	late_work();
	int64_t first = late_ask("SELECT count(*) FROM record WHERE sampled AND side = 0");
	late_change("CREATE TABLE former AS SELECT * FROM record");
	for (int i = 1; i <= 200; i++) {
		char key[8];
		snprintf(key, sizeof(key), "%d", i);
		answer(key, now, LEGACY_REPAIRED, i <= 100 ? B : A);
	}
	late_work();
	expect("SELECT count(*) FROM record WHERE pi_ppm = 800000", 200);
	expect("SELECT count(*) FROM former f JOIN record r USING (exchange_id, key) WHERE f.sampled > r.sampled", 0);
	expect("SELECT count(*) FROM former f JOIN record r USING (exchange_id, key) WHERE f.side = 1 AND f.sampled <> "
	       "r.sampled",
	       0);
	ck_assert_int_gt(late_ask("SELECT count(*) FROM record WHERE sampled AND side = 1"), first);
	expect("SELECT count(*) FROM record r LEFT JOIN review_item t ON t.exchange_id = r.exchange_id WHERE r.sampled "
	       "AND t.id IS NULL",
	       0);
	late_check_sums();
	/* A store in which the same answers came with the messages has chosen the same records among the new
	 * disagreements: the coin knows nothing of the way. */
	char *chosen =
		late_list(late_installation,
			  "SELECT hex(e.exchange_id) FROM record r JOIN exchange e ON e.id = r.exchange_id WHERE "
			  "r.sampled AND r.side = 1 ORDER BY 1");
	char other_directory[64];
	struct installation *other = late_install(other_directory, "contract.yaml");
	other->contracts[0]->review_disagree_ppm = 800000;
	other->contracts[0]->pi_min_disagree_ppm = 800000;
	struct spool_exchange direct[100];
	for (int i = 1; i <= 100; i++) {
		direct[i - 1] = late_exchange(room[i], i, now - HOUR, B, A);
	}
	late_append_to(other, "ingest", direct, 100);
	late_work_on(other);
	char *expected = late_list(other, "SELECT hex(e.exchange_id) FROM record r JOIN exchange e ON e.id = "
					  "r.exchange_id WHERE r.sampled ORDER BY 1");
	ck_assert_str_eq(chosen, expected);
	free(chosen);
	free(expected);
	late_remove(other, other_directory);
}
END_TEST

/* A dead letter that waits for its answer again does not block and does not compare with nothing. */
START_TEST(retried_dead_letters_wait)
{
	struct spool_exchange broken = late_exchange(room[1], 1, now, NULL, A);
	broken.request_body = SPAN("{\"id\":1");
	late_append(broken);
	late_work();
	expect("SELECT state FROM evaluation", EVALUATION_DEAD_LETTER);
	struct error err = ERROR_INIT;
	int64_t count = 0;
	struct store *store = store_open(late_installation->store, STORE_READ_WRITE, 1000, &err);
	late_must(store != NULL && store_begin(store, &err), &err);
	late_must(store_evaluation_retry(store, 0, &count, &err) && store_commit(store, &err), &err);
	store_close(store);
	ck_assert_int_eq(count, 1);
	expect("SELECT count(*) FROM evaluation WHERE state = 0 AND reason = 0", 1);
	late_check_sums();
	late_work();
	expect("SELECT count(*) FROM evaluation WHERE state = 0 AND reason = 0", 1);
}
END_TEST

/* Rows behind the cursor: started once they are committed, never after a rollback, never twice. */
START_TEST(rows_that_became_ready)
{
	struct candidate_lane candidate = {.cursor = 10, .exhausted = true};
	struct contract one = {.candidate_count = 1};
	struct interface_lane lane = {.contract = &one, .candidates = &candidate};
	lane_add_ready(&candidate, 11); /* the cursor comes to it */
	ck_assert(!candidate.exhausted);
	lane_add_ready(&candidate, 3);
	ck_assert_int_eq(lane_next_ready(&candidate), 0);
	lane_keep_ready(&lane);
	lane_add_ready(&candidate, 4);
	lane_drop_ready(&lane);
	lane_add_ready(&candidate, 5);
	ck_assert_int_eq(lane_next_ready(&candidate), 3);
	ck_assert_int_eq(lane_next_ready(&candidate), 0);
	lane_keep_ready(&lane);
	ck_assert_int_eq(lane_next_ready(&candidate), 5);
	ck_assert_int_eq(lane_next_ready(&candidate), 0);
	lane_add_ready(&candidate, 6);
	lane_keep_ready(&lane);
	lane_start_over(&candidate); /* finds it by itself */
	ck_assert_int_eq(lane_next_ready(&candidate), 0);
	ck_assert_int_eq(candidate.cursor, 0);
	candidate.cursor = 5000;
	for (int64_t row = 1; row <= 3000; row++) {
		lane_add_ready(&candidate, row);
	}
	lane_keep_ready(&lane);
	for (int64_t row = 1; row <= 3000; row++) {
		ck_assert_int_eq(lane_next_ready(&candidate), row);
	}
	free(candidate.ready);
}
END_TEST

/* --- answers that come with a duplicate --- */

START_TEST(a_duplicate_brings_the_answer)
{
	add(1, now, NULL, A);
	late_work();
	expect("SELECT count(*) FROM awaited", 1);
	add(1, now, B, A);
	late_work();
	expect("SELECT stored FROM delivery_count", 1);
	expect("SELECT duplicate FROM delivery_count", 1);
	expect("SELECT duplicate_answered FROM delivery_count", 1);
	expect("SELECT outcome FROM delivery_count", 0);
	expect("SELECT count(*) FROM awaited", 0);
	expect("SELECT legacy_outcome FROM exchange", LEGACY_OK);
	expect("SELECT count(*) FROM legacy_answer WHERE ordinal = 1", 1);
	expect("SELECT count(*) FROM v_diff WHERE legacy_value = '\"b\"' AND llm_value = '\"a\"'", 1);
	late_check_sums();
	add(1, now, A, A); /* it has one now */
	late_work();
	expect("SELECT count(*) FROM legacy_answer", 1);
	expect("SELECT duplicate FROM delivery_count", 2);
	expect("SELECT duplicate_answered FROM delivery_count", 1);
	late_check_sums();
}
END_TEST

START_TEST(duplicates_that_bring_no_answer)
{
	add(1, now, NULL, A);
	add(1, now, NULL, A); /* awaited, too */
	add(2, now, A, A);
	add(2, now, B, A); /* answered with its message */
	late_work();
	expect("SELECT duplicate FROM delivery_count", 2);
	expect("SELECT duplicate_answered FROM delivery_count", 0);
	expect("SELECT count(*) FROM legacy_answer", 0);
	expect("SELECT count(*) FROM awaited", 1);
	late_check_sums();
}
END_TEST

START_TEST(a_duplicate_brings_an_unpaired_exchange_back)
{
	add(1, now - 1000 * HOUR, NULL, A);
	late_work();
	expect("SELECT count(*) FROM evaluation WHERE state = 4", 1);
	add(1, now, B, A);
	late_work();
	expect("SELECT count(*) FROM evaluation WHERE state = 1", 1);
	expect("SELECT duplicate_answered FROM delivery_count", 1);
	expect("SELECT outcome_returned FROM delivery_count", 0); /* is of late answers */
	late_check_sums();
}
END_TEST

/* --- interfaces that are taken out and come back --- */

static void expect_unclaimed(uint64_t count)
{
	struct error err = ERROR_INIT;
	struct store_ledger ledger;
	struct store *store = store_open(late_installation->store, STORE_READ_ONLY, 1000, &err);
	late_must(store != NULL && store_ledger_get(store, 1, &ledger, &err), &err);
	store_close(store);
	ck_assert_uint_eq(ledger.unclaimed, count);
	ck_assert_uint_eq(ledger.tap.committed, ledger.stored + ledger.duplicate + ledger.outcomes.read + count);
	ck_assert(store_outcomes_tie_out(&ledger.outcomes));
}

START_TEST(an_interface_is_taken_out_and_comes_back)
{
	const char *name = contract()->interface;
	add(1, now, NULL, A);
	late_work();
	contract()->interface = "another";
	answer("1", 0, LEGACY_OK, B);
	add(2, now, A, A);
	add(2, now, A, A);    /* a duplicate */
	add(3, now, NULL, A); /* its answer is waited for */
	answer("4", 0, LEGACY_OK, A);
	late_work();
	expect("SELECT count(*) FROM exchange", 1);
	expect("SELECT outcome_unpaired FROM delivery_count", 0);
	expect("SELECT count(*) FROM awaited", 1);
	expect_unclaimed(5);
	late_work(); /* and is left alone */
	expect_unclaimed(5);
	contract()->interface = name;
	add(4, now, NULL, A); /* behind what was set aside */
	late_work();
	expect_unclaimed(0);
	expect("SELECT count(*) FROM exchange WHERE test = 0", 4);
	expect("SELECT duplicate FROM delivery_count", 1);
	expect("SELECT outcome_joined FROM delivery_count", 2);
	expect("SELECT count(*) FROM awaited", 1);
	expect("SELECT count(*) FROM evaluation WHERE state = 1", 3);
	expect("SELECT count(*) FROM evaluation WHERE state = 0 AND reason = 0", 1);
	late_check_sums();
}
END_TEST

START_TEST(more_are_set_aside_than_one_batch_takes)
{
	enum { MANY = 2500 };
	static struct spool_exchange many[MANY];
	static char rooms[MANY][32];
	const char *name = contract()->interface;
	for (int i = 0; i < MANY; i++) {
		many[i] = late_exchange(rooms[i], i, now, A, A);
	}
	late_work();
	contract()->interface = "another";
	late_append_to(late_installation, "ingest", many, MANY);
	late_work();
	expect_unclaimed(MANY);
	contract()->interface = name;
	late_work();
	expect_unclaimed(0);
	expect("SELECT count(*) FROM evaluation WHERE state = 1", MANY);
	late_check_sums();
}
END_TEST

/* --- idempotency keys --- */

START_TEST(idempotency_keys)
{
	struct spool_exchange marked = late_exchange(room[1], 1, now, A, A);
	marked.idempotency_key = SPAN("k-1");
	late_append(marked);
	marked.request_body = SPAN("{\"id\":2}"); /* whatever the content */
	late_append(marked);
	struct spool_exchange outcome = late_outcome("1", now, now, LEGACY_REPAIRED, B);
	outcome.idempotency_key = SPAN("k-1"); /* its own kind of key */
	late_append(outcome);
	late_append(outcome);
	late_work();
	expect("SELECT stored FROM delivery_count", 1);
	expect("SELECT duplicate FROM delivery_count", 1);
	expect("SELECT outcome_joined FROM delivery_count", 1);
	expect("SELECT outcome_duplicate FROM delivery_count", 1);
	expect("SELECT count(*) FROM idempotency_key", 2);
	late_check_sums();
	late_change("UPDATE idempotency_key SET stored_at = stored_at - 6 * 86400000000");
	late_work();
	expect("SELECT count(*) FROM idempotency_key", 2);
	late_change("UPDATE idempotency_key SET stored_at = stored_at - 86400000000");
	late_work();
	expect("SELECT count(*) FROM idempotency_key", 0);
}
END_TEST

START_TEST(a_key_is_an_identity)
{
	contract()->message_id_count = 0;
	struct spool_exchange marked = late_exchange(room[1], 1, now, A, A);
	late_append(marked);
	late_append(marked); /* without identity each delivery is a transaction */
	marked.idempotency_key = SPAN("k-1");
	late_append(marked);
	late_append(marked);
	late_work();
	expect("SELECT stored FROM delivery_count", 3);
	expect("SELECT duplicate FROM delivery_count", 1);
	late_change("DELETE FROM idempotency_key");
	late_append(marked);
	late_work();
	expect("SELECT duplicate FROM delivery_count", 2);
}
END_TEST

Suite *pairing_suite(void)
{
	Suite *suite = suite_create("pairing");
	TCase *tcase = tcase_create("late answers");
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, late_teardown);
	tcase_add_test(tcase, an_answer_comes_later);
	tcase_add_test(tcase, an_answer_comes_first);
	tcase_add_test(tcase, many_answers_come_first);
	tcase_add_test(tcase, versions_of_an_inline_answer);
	tcase_add_loop_test(tcase, which_answer_counts, 0, 6);
	tcase_add_test(tcase, an_answer_after_the_cutoff_never_counts);
	tcase_add_test(tcase, keys);
	tcase_add_test(tcase, the_newest_revision_is_joined);
	tcase_add_test(tcase, repeated_answers);
	tcase_add_test(tcase, unreadable_answers);
	tcase_add_test(tcase, an_answer_with_its_message_may_be_dated);
	tcase_add_test(tcase, nobody_comes);
	tcase_add_test(tcase, closed_weeks_stay);
	tcase_add_test(tcase, labels_outlive_a_correction);
	tcase_add_test(tcase, probabilities_of_review);
	tcase_add_test(tcase, retried_dead_letters_wait);
	tcase_add_test(tcase, rows_that_became_ready);
	tcase_add_test(tcase, a_duplicate_brings_the_answer);
	tcase_add_test(tcase, duplicates_that_bring_no_answer);
	tcase_add_test(tcase, a_duplicate_brings_an_unpaired_exchange_back);
	tcase_add_test(tcase, an_interface_is_taken_out_and_comes_back);
	tcase_add_test(tcase, more_are_set_aside_than_one_batch_takes);
	tcase_add_test(tcase, idempotency_keys);
	tcase_add_test(tcase, a_key_is_an_identity);
	suite_add_tcase(suite, tcase);
	return suite;
}
