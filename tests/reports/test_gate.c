#include "tests/reports/suites.h"
#include "tests/reports/world.h"

#include <math.h>

static struct world world;

static void start(void)
{
	world_start(&world);
}

static void finish(void)
{
	world_finish(&world);
}

/* A contract that small numbers can pass. */
static void easy(void)
{
	world.contract.gate_margin = 0.05;
	world.contract.gate_accuracy = 0.9;
	world.contract.gate_min_weeks = 2;
	world.contract.pi_min_agree_ppm = 500000;
	world_open(&world);
}

static const struct batch GOOD[] = {
	{.week = 202640, .side = SIDE_AGREE, .pi_ppm = 500000, .records = 600, .both = 300, .cost_nano = 1000000},
	{.week = 202641, .side = SIDE_AGREE, .pi_ppm = 500000, .records = 600, .both = 300, .cost_nano = 1000000},
};

static enum gate_decision decide(int64_t as_of)
{
	struct gate_run *run = world_gate(&world, as_of);
	enum gate_decision decision = gate_result(run)->decision;
	gate_destroy(run);
	return decision;
}

/* Expectations: dev-04_anytime-001 and -002 of the reference vectors (confseq betting_mart): scores -1: 54, 0: 1899,
 * 1: 47, m = -0.01, bounds -1 and 1. */
START_TEST(test_difference_vector)
{
	world_open(&world);
	const struct batch batches[] = {
		{.week = 202640, .side = SIDE_AGREE, .pi_ppm = 20000, .records = 1800, .both = 36, .cost_nano = 1000},
		{.week = 202640,
		 .side = SIDE_DISAGREE,
		 .pi_ppm = 1000000,
		 .records = 200,
		 .llm_only = 47,
		 .legacy_only = 54,
		 .both = 40,
		 .neither = 59,
		 .cost_nano = 1000},
	};
	world_add(&world, batches, 2, false);
	struct gate_run *run = world_gate(&world, after_week(&world, 202640));
	const struct gate_condition *condition = &gate_result(run)->conditions[GATE_DIFFERENCE];
	ck_assert_uint_eq(gate_result(run)->closed_count, 1);
	ck_assert_double_eq_tol(condition->log_e, -0.15803845117669005, 1e-9);
	ck_assert_double_eq_tol(condition->log_e_against, -1.2522820032114583, 1e-9);
	ck_assert_double_eq_tol(condition->estimate, -7.0 / 2000, 1e-12);
	ck_assert_int_eq(condition->state, GATE_OPEN);
	ck_assert_uint_eq(condition->records, 2000);
	ck_assert_uint_eq(condition->labelled, 200);
	ck_assert_int_eq(gate_result(run)->decision, GATE_HOLD);
	gate_destroy(run);
}
END_TEST

/* STATISTICS.md section 9: 0 of 500 replies deviate, limit 1 %: log e = 3.169 > log 20. */
START_TEST(test_drift_vector)
{
	world_open(&world);
	const struct batch batch = {.week = 202640, .side = SIDE_AGREE, .pi_ppm = 20000, .records = 500, .both = 10};
	world_add(&world, &batch, 1, false);
	struct gate_run *run = world_gate(&world, after_week(&world, 202640));
	const struct gate_condition *condition = &gate_result(run)->conditions[GATE_CONTRACT_DRIFT];
	ck_assert_double_eq_tol(condition->log_e, 3.169, 5e-4);
	ck_assert_int_eq(condition->state, GATE_PASSED);
	ck_assert_double_le(condition->proven, 0.01);
	gate_destroy(run);
}
END_TEST

/* Single terms by hand: with every score the same, log K = log(1/12 sum_j exp(n log1p(gamma_j x))). */
static double one_score(double n, double y, double m, double lo)
{
	static const double gammas[] = {.005, .01, .02, .04, .08, .15, .25, .4, .55, .7, .85, .99};
	double sum = 0;
	for (size_t i = 0; i < 12; i++) {
		sum += exp(n * log1p(gammas[i] * (y - m) / (m - lo))) / 12;
	}
	return log(sum);
}

START_TEST(test_go)
{
	easy();
	world_add(&world, GOOD, 2, false);
	struct gate_run *run = world_gate(&world, after_week(&world, 202641));
	const struct gate *gate = gate_result(run);
	ck_assert_int_eq(gate->decision, GATE_GO);
	ck_assert_uint_eq(gate->closed_count, 2);
	ck_assert_double_eq_tol(gate->conditions[GATE_DIFFERENCE].log_e, one_score(1200, 0, -0.05, -1), 1e-9);
	ck_assert_double_eq_tol(gate->conditions[GATE_ACCURACY].log_e, one_score(1200, 1, 0.9, -1), 1e-9);
	/* 0.001 of at most 0.05 is step 20; limit 0.01 is 0.8 on the scale. */
	ck_assert_double_eq_tol(gate->conditions[GATE_COST].log_e, one_score(1200, 0.98, 0.8, 0), 1e-9);
	ck_assert_double_eq_tol(gate->conditions[GATE_COST].estimate, 0.001, 1e-12);
	ck_assert_double_eq_tol(gate->looks[0].log_e[GATE_ACCURACY], one_score(600, 1, 0.9, -1), 1e-9);
	gate_destroy(run);
	/* The second week is not over yet. */
	ck_assert_int_eq(decide(after_week(&world, 202640)), GATE_HOLD);
}
END_TEST

START_TEST(test_no_go)
{
	easy();
	world_add(&world, GOOD, 2, false);
	const struct batch bad = {
		.week = 202641, .side = SIDE_DISAGREE, .pi_ppm = 1000000, .records = 400, .legacy_only = 400};
	world_add(&world, &bad, 1, false);
	ck_assert_int_eq(decide(after_week(&world, 202641)), GATE_NO_GO);
	/* Changing the limits afterwards is no way out: it neither stands nor falls by the old evidence. */
	world.contract.gate_margin = 0.5;
	ck_assert_int_eq(decide(after_week(&world, 202641)), GATE_HOLD);
}
END_TEST

START_TEST(test_hold_min_weeks)
{
	easy();
	world_add(&world, GOOD, 1, false);
	ck_assert_int_eq(decide(after_week(&world, 202640)), GATE_HOLD);
}
END_TEST

START_TEST(test_hold_changed_contract)
{
	easy();
	world_add(&world, GOOD, 2, false);
	world.contract.gate_accuracy = 0.8;
	ck_assert_int_eq(decide(after_week(&world, 202641)), GATE_HOLD);
}
END_TEST

START_TEST(test_hold_coverage)
{
	easy();
	world_add(&world, GOOD, 2, false);
	/* 24 of 1200 lost: exactly 98 % passes, one more does not. */
	world_run(&world, "UPDATE rollup_state SET count = count - 24 WHERE week = 202641 AND state = 1");
	world_run(&world,
		  "INSERT INTO rollup_state SELECT candidate_id, week, 0, 2, 0, 24 FROM rollup_state WHERE week "
		  "= 202641 AND state = 1");
	ck_assert_int_eq(decide(after_week(&world, 202641)), GATE_GO);
	world_run(&world, "UPDATE rollup_state SET count = count + CASE state WHEN 1 THEN -1 ELSE 1 END WHERE week = "
			  "202641");
	ck_assert_int_eq(decide(after_week(&world, 202641)), GATE_HOLD);
	/* What was sampled out on purpose does not count. */
	world_run(&world, "UPDATE rollup_state SET reason = 2 WHERE state = 2");
	ck_assert_int_eq(decide(after_week(&world, 202641)), GATE_GO);
}
END_TEST

START_TEST(test_hold_unlabelled_stratum)
{
	easy();
	world_add(&world, GOOD, 2, false);
	const struct batch open = {
		.week = 202641, .side = SIDE_DISAGREE, .pi_ppm = 1000000, .records = 13, .unlabelable = 13};
	world_add(&world, &open, 1, false); /* 13 of 1213 is more than 1 % */
	ck_assert_int_eq(decide(after_week(&world, 202641)), GATE_HOLD);
}
END_TEST

START_TEST(test_data_faults)
{
	static const char *const faults[] = {
		"UPDATE delivery_count SET stored = stored + 1",
		"UPDATE rollup_state SET count = count - 1 WHERE week = 202641",
		"INSERT INTO tap_account SELECT 'tap', interface_id, 0, 1, 5, 3, 1 FROM delivery_count",
		"UPDATE rollup_record SET pi_ppm = 100 WHERE week = 202640",
		"UPDATE rollup_cost SET count = count + 1 WHERE week = 202640",
		"UPDATE rollup_record SET sampled = 299 WHERE week = 202640",
		"UPDATE record SET side = 1 WHERE sampled = 1",
		"UPDATE delivery_count SET outcome = 2, outcome_joined = 1",
	};
	easy();
	world_add(&world, GOOD, 2, false);
	world_run(&world, faults[_i]);
	ck_assert_int_eq(decide(after_week(&world, 202641)), GATE_DATA_FAULT);
}
END_TEST

/* Week 202640 has open items; 202641 is complete but waits for it. */
START_TEST(test_closed_weeks)
{
	easy();
	world_add(&world, GOOD, 2, false);
	const struct batch open = {.week = 202640,
				   .side = SIDE_DISAGREE,
				   .pi_ppm = 1000000,
				   .records = 9,
				   .open = 2,
				   .conflict = 1,
				   .llm_only = 6};
	world_add(&world, &open, 1, false);
	int64_t end = clock_week_start(202641, world.installation.zone);
	static const struct {
		int64_t days;
		int64_t microseconds;
		size_t closed;
	} cases[] = {{0, -1, 0}, {0, 0, 0}, {7, 0, 0}, {10, -1, 0}, {10, 0, 2}, {30, 0, 2}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gate_run *run = world_gate(&world, end + cases[i].days * CLOCK_DAY + cases[i].microseconds);
		ck_assert_msg(gate_result(run)->closed_count == cases[i].closed, "case %zu", i);
		ck_assert_uint_eq(gate_result(run)->weeks[0].unsettled, 3);
		gate_destroy(run);
	}
	/* Past the deadline the three count as wrong for GO (D = -1, Z = 0): 6 - 3 of 1209, 1206 of 1209. */
	struct gate_run *run = world_gate(&world, end + 30 * CLOCK_DAY);
	ck_assert_double_eq_tol(gate_result(run)->conditions[GATE_DIFFERENCE].score_mean, 3.0 / 1209, 1e-12);
	ck_assert_double_eq_tol(gate_result(run)->conditions[GATE_ACCURACY].score_mean, 1206.0 / 1209, 1e-12);
	gate_destroy(run);
	/* Settled, both weeks close at once. */
	world_run(&world, "UPDATE review_item SET status = 3 WHERE status < 2");
	ck_assert_int_eq(decide(end + 7 * CLOCK_DAY), GATE_GO);
}
END_TEST

START_TEST(test_pending_keeps_open)
{
	easy();
	world_add(&world, GOOD, 2, false);
	world_run(&world,
		  "INSERT INTO rollup_state SELECT candidate_id, 202641, 0, 0, -1, 1 FROM rollup_state LIMIT 1");
	world_run(&world, "UPDATE delivery_count SET stored = stored + 1");
	world_run(&world, "UPDATE rollup_legacy SET count = count + 1 WHERE week = 202641");
	struct gate_run *run = world_gate(&world, after_week(&world, 202641));
	ck_assert_uint_eq(gate_result(run)->closed_count, 1);
	ck_assert_uint_eq(gate_result(run)->weeks[1].pending, 1);
	ck_assert_int_eq(gate_result(run)->decision, GATE_HOLD);
	gate_destroy(run);
}
END_TEST

/* A reply that cannot be used is wrong without a label, whatever a label says. */
START_TEST(test_unusable_replies)
{
	easy();
	const struct batch batches[] = {
		{.week = 202640, .side = SIDE_AGREE, .pi_ppm = 500000, .records = 90, .both = 45},
		{.week = 202640, .side = SIDE_INVALID, .pi_ppm = 1000000, .records = 10, .both = 10, .drift = true},
	};
	world_add(&world, batches, 2, false);
	struct gate_run *run = world_gate(&world, after_week(&world, 202640));
	ck_assert_double_eq_tol(gate_result(run)->conditions[GATE_ACCURACY].score_mean, 0.9, 1e-12);
	ck_assert_double_eq_tol(gate_result(run)->conditions[GATE_DIFFERENCE].score_mean, -0.1, 1e-12);
	ck_assert_double_eq_tol(gate_result(run)->conditions[GATE_CONTRACT_DRIFT].estimate, 0.1, 1e-12);
	gate_destroy(run);
}
END_TEST

/* With a tolerant comparator agreements may differ in truth, so they are sampled for the difference too. */
START_TEST(test_tolerant_comparator)
{
	struct error err = ERROR_INIT;
	const struct json_node *rule;
	must(json_parse(&world.arena, SPAN("{\"number\": {\"abs\": 0.5}}"), NULL, &rule, &err), &err);
	must(evaluator_compile(rule, &world.arena, &world.fields[1].comparator, &err), &err);
	easy();
	const struct batch batch = {
		.week = 202640, .side = SIDE_AGREE, .pi_ppm = 500000, .records = 100, .both = 40, .legacy_only = 10};
	world_add(&world, &batch, 1, false);
	struct gate_run *run = world_gate(&world, after_week(&world, 202640));
	ck_assert_double_eq_tol(gate_result(run)->conditions[GATE_DIFFERENCE].score_mean, -0.2, 1e-12);
	gate_destroy(run);
}
END_TEST

START_TEST(test_cost_without_cap)
{
	world.contract.limit_cost_per_transaction_nano = 0;
	easy();
	world_add(&world, GOOD, 2, false);
	struct gate_run *run = world_gate(&world, after_week(&world, 202641));
	ck_assert_int_eq(gate_result(run)->conditions[GATE_COST].state, GATE_NOT_TESTED);
	ck_assert_int_eq(gate_result(run)->decision, GATE_HOLD);
	gate_destroy(run);
}
END_TEST

START_TEST(test_cost_not_configured_or_capped)
{
	world.contract.gate_cost_per_transaction_nano = _i == 0 ? 0 : 50000000;
	easy();
	world_add(&world, GOOD, 2, false);
	struct gate_run *run = world_gate(&world, after_week(&world, 202641));
	ck_assert_int_eq(gate_result(run)->conditions[GATE_COST].state, _i == 0 ? GATE_UNCONFIGURED : GATE_BY_CAP);
	ck_assert_int_eq(gate_result(run)->decision, GATE_GO);
	ck_assert_double_eq_tol(gate_result(run)->threshold_against, log((_i == 0 ? 3 : 4) / 0.05), 1e-12);
	gate_destroy(run);
}
END_TEST

START_TEST(test_test_messages_do_not_count)
{
	easy();
	world_add(&world, GOOD, 2, false);
	const struct batch bad = {.week = 202641,
				  .side = SIDE_DISAGREE,
				  .pi_ppm = 1000000,
				  .records = 500,
				  .legacy_only = 500,
				  .test = true};
	world_add(&world, &bad, 1, false);
	ck_assert_int_eq(decide(after_week(&world, 202641)), GATE_GO);
}
END_TEST

/* The first ledger with a tap: 10 seen = 8 committed + 1 in flight + 1 dropped; 8 = 6 stored + 1 duplicate + 1 in
 * spool.
 */
START_TEST(test_tap_ledger)
{
	easy();
	const struct batch batch = {.week = 202640, .side = SIDE_AGREE, .pi_ppm = 500000, .records = 6, .both = 3};
	world_add(&world, &batch, 1, false);
	world_run(&world, "UPDATE delivery_count SET duplicate = 1");
	world_run(&world, "INSERT INTO tap_account SELECT stream, interface_id, 0, 1, 10, 8, 1 FROM delivery_count");
	world_run(&world, "INSERT INTO tap_drop SELECT stream, interface_id, 0, 0, 1 FROM delivery_count");
	struct error err = ERROR_INIT;
	static const int faults[] = {1, 0, 0}; /* in spool: none (one is missing), one, two (read later) */
	for (uint64_t in_spool = 0; in_spool < 3; in_spool++) {
		struct gate_run *run = gate_create(world.store, &world.installation, &world.contract, "mini",
						   after_week(&world, 202640), in_spool, &err);
		must(run != NULL, &err);
		ck_assert_int_eq(gate_result(run)->decision == GATE_DATA_FAULT, faults[in_spool]);
		gate_destroy(run);
	}
}
END_TEST

START_TEST(test_no_data)
{
	struct error err = ERROR_INIT;
	ck_assert_int_eq(decide(after_week(&world, 202640)), GATE_HOLD);
	ck_assert_ptr_null(gate_create(world.store, &world.installation, &world.contract, "other", 0, 0, &err));
	ck_assert_int_eq(err.code, ERROR_MISSING);
	struct error alpha = ERROR_INIT;
	world.contract.gate_alpha = 0.7;
	ck_assert_ptr_null(gate_create(world.store, &world.installation, &world.contract, NULL, 0, 0, &alpha));
	ck_assert_int_eq(alpha.code, ERROR_CONFIG);
}
END_TEST

START_TEST(test_writers)
{
	struct error err = ERROR_INIT;
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	easy();
	world_add(&world, GOOD, 1, false);
	struct gate_run *run = world_gate(&world, after_week(&world, 202640));
	gate_write_text(gate_result(run), &text);
	ck_assert_ptr_nonnull(strstr(text.data, "HOLD  interface ticket-routing 1.2.0, candidate mini"));
	ck_assert_ptr_nonnull(strstr(text.data, "Both paths were simulated"));
	ck_assert_ptr_nonnull(strstr(text.data, "1 closed week of at least 2"));
	buffer_clear(&text);
	must(gate_write_json(gate_result(run), &text, &err), &err);
	const struct json_node *root;
	must(json_parse(&world.arena, buffer_span(&text), NULL, &root, &err), &err);
	ck_assert(span_is(json_text(find(root, "decision")), "HOLD"));
	ck_assert(span_is(json_text(find(root, "conditions.1.name")), "accuracy"));
	ck_assert_double_eq_tol(find_number(root, "conditions.1.log_e"), one_score(600, 1, 0.9, -1), 1e-6);
	struct buffer markdown CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	gate_write_markdown(gate_result(run), &markdown);
	ck_assert_ptr_nonnull(strstr(markdown.data, "# Gate: HOLD"));
	gate_destroy(run);
}
END_TEST

Suite *gate_suite(void)
{
	Suite *suite = suite_create("gate");
	TCase *tcase = tcase_create("gate");
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, start, finish);
	tcase_add_test(tcase, test_difference_vector);
	tcase_add_test(tcase, test_drift_vector);
	tcase_add_test(tcase, test_go);
	tcase_add_test(tcase, test_no_go);
	tcase_add_test(tcase, test_hold_min_weeks);
	tcase_add_test(tcase, test_hold_changed_contract);
	tcase_add_test(tcase, test_hold_coverage);
	tcase_add_test(tcase, test_hold_unlabelled_stratum);
	tcase_add_loop_test(tcase, test_data_faults, 0, 8);
	tcase_add_test(tcase, test_closed_weeks);
	tcase_add_test(tcase, test_pending_keeps_open);
	tcase_add_test(tcase, test_unusable_replies);
	tcase_add_test(tcase, test_tolerant_comparator);
	tcase_add_test(tcase, test_cost_without_cap);
	tcase_add_loop_test(tcase, test_cost_not_configured_or_capped, 0, 2);
	tcase_add_test(tcase, test_test_messages_do_not_count);
	tcase_add_test(tcase, test_tap_ledger);
	tcase_add_test(tcase, test_no_data);
	tcase_add_test(tcase, test_writers);
	suite_add_tcase(suite, tcase);
	return suite;
}
