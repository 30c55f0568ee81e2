#include "harness/base/file.h"
#include "harness/base/text.h"
#include "tests/reports/suites.h"
#include "tests/reports/world.h"

#include <stdio.h>
#include <stdlib.h>

static struct world world;

static void start(void)
{
	world_start(&world);
}

static void finish(void)
{
	world_finish(&world);
}

/* Vector dev-02_stratified-002: strata (1880, 56, 55) and (120, 60, 22). */
static const struct batch STRATA[] = {
	{.week = 202640,
	 .side = SIDE_AGREE,
	 .pi_ppm = 20000,
	 .records = 1880,
	 .both = 55,
	 .neither = 1,
	 .cost_nano = 2000000},
	{.week = 202640,
	 .side = SIDE_DISAGREE,
	 .pi_ppm = 500000,
	 .records = 120,
	 .llm_only = 22,
	 .legacy_only = 38,
	 .cost_nano = 4000000},
};

static void open_strata(void)
{
	world.contract.pi_min_disagree_ppm = 500000;
	world_open(&world);
	world_add(&world, STRATA, 2, false);
}

#define TOTAL "candidates.0.total."

START_TEST(test_figures)
{
	open_strata();
	const struct json_node *root = world_report(&world, after_week(&world, 202640));
	ck_assert_double_eq_tol(find_number(root, TOTAL "accuracy_llm.estimate"), 0.9452142857142857, 1e-9);
	ck_assert_double_eq_tol(find_number(root, TOTAL "accuracy_llm.low"), 0.8747323742460882, 1e-9);
	ck_assert_double_eq_tol(find_number(root, TOTAL "accuracy_llm.high"), 0.9599696925914286, 1e-9);
	ck_assert_double_eq_tol(find_number(root, TOTAL "accuracy_llm.n"), 116, 1e-12);
	/* (1880*55/56 + 120*38/60)/2000; the difference needs the disagreements only: (22-38)/60 * 120/2000. */
	ck_assert_double_eq_tol(find_number(root, TOTAL "accuracy_legacy.estimate"), 0.9612142857142857, 1e-9);
	ck_assert_double_eq_tol(find_number(root, TOTAL "difference.estimate"), -0.016, 1e-9);
	ck_assert_double_eq_tol(find_number(root, TOTAL "naive.labelled_disagreements_only"), 22.0 / 60, 1e-9);
	ck_assert_double_eq_tol(find_number(root, TOTAL "naive.unweighted_pool"), 77.0 / 116, 1e-9);
	ck_assert_double_eq_tol(find_number(root, TOTAL "records.disagreement_rate"), 0.06, 1e-12);
	ck_assert_double_eq_tol(find_number(root, TOTAL "cost.per_transaction"), 0.00212, 1e-12);
	/* 4.24 in all, 0.945214... * 2000 correct records. */
	ck_assert_double_eq_tol(find_number(root, TOTAL "cost.per_correct_record"), 4.24 / 1890.4285714285713, 1e-9);
	ck_assert_double_eq_tol(find_number(root, TOTAL "tokens.input_uncached"), 20000, 1e-12);
	ck_assert_double_eq_tol(find_number(root, TOTAL "outcomes.ok"), 2000, 1e-12);
	ck_assert_double_eq_tol(find_number(root, TOTAL "exchanges.coverage"), 1, 1e-12);
	ck_assert(find(root, "accounts.ties_out")->type == JSON_TRUE);
	ck_assert(find(root, "candidates.0.ledger.ties_out")->type == JSON_TRUE);
	ck_assert(find(root, "legacy_simulated")->type == JSON_TRUE);
	ck_assert(find(root, "candidates.0.simulated")->type == JSON_TRUE);
	ck_assert_double_eq_tol(find_number(root, "candidates.0.fields.0.agree"), 1880, 1e-12);
	ck_assert_double_eq_tol(find_number(root, "candidates.0.fields.0.disagree"), 120, 1e-12);
	ck_assert_double_eq_tol(find_number(root, "candidates.0.top_disagreements.0.count"), 120, 1e-12);
	ck_assert(span_is(json_text(find(root, "candidates.0.top_disagreements.0.legacy")), "\"x\""));
	/* Latencies 2000 + i for i < 1880 and again for i < 120: the 1000th is 2879, in the bucket 2864 to 2879. */
	ck_assert_double_eq_tol(find_number(root, "measured.latency.candidates.0.rows.0.p50_us"), 2879, 1e-9);
}
END_TEST

/* Wilson for 0 of 500: high = z^2/(n + z^2). */
START_TEST(test_drift_interval)
{
	world_open(&world);
	const struct batch batch = {.week = 202640, .side = SIDE_AGREE, .pi_ppm = 20000, .records = 500};
	world_add(&world, &batch, 1, false);
	const struct json_node *root = world_report(&world, after_week(&world, 202640));
	double z2 = 1.959963984540054 * 1.959963984540054;
	ck_assert_double_eq_tol(find_number(root, TOTAL "contract_drift.high"), z2 / (500 + z2), 1e-9);
	ck_assert_double_eq_tol(find_number(root, TOTAL "contract_drift.rate"), 0, 1e-12);
	/* No labels: nothing is said about accuracy. */
	ck_assert(find(root, TOTAL "accuracy_llm.estimate")->type == JSON_NULL);
	ck_assert(span_is(json_text(find(root, TOTAL "accuracy_llm.reason")), "no labels yet"));
}
END_TEST

/* Replies that cannot be used are a census of errors: (90*1 + 10*0)/100, without their labels. */
START_TEST(test_unusable)
{
	world_open(&world);
	const struct batch batches[] = {
		{.week = 202640, .side = SIDE_AGREE, .pi_ppm = 1000000, .records = 90, .both = 90},
		{.week = 202640, .side = SIDE_INVALID, .pi_ppm = 1000000, .records = 10, .legacy_only = 10},
	};
	world_add(&world, batches, 2, false);
	const struct json_node *root = world_report(&world, after_week(&world, 202640));
	ck_assert_double_eq_tol(find_number(root, TOTAL "accuracy_llm.estimate"), 0.9, 1e-12);
	ck_assert_double_eq_tol(find_number(root, TOTAL "accuracy_llm.low"), 0.9, 1e-9);
	ck_assert_double_eq_tol(find_number(root, TOTAL "accuracy_legacy.estimate"), 1, 1e-12);
	ck_assert_double_eq_tol(find_number(root, TOTAL "difference.estimate"), -0.1, 1e-12);
}
END_TEST

START_TEST(test_ranges)
{
	world_open(&world);
	struct batch batch = {.side = SIDE_AGREE, .pi_ppm = 20000, .records = 10};
	static const int32_t weeks[] = {202638, 202640, 202641};
	for (size_t i = 0; i < 3; i++) {
		batch.week = weeks[i];
		world_add(&world, &batch, 1, false);
	}
	static const struct {
		int32_t from, to;
		int32_t as_of_week;
		const char *first, *last;
		double records;
	} cases[] = {
		{0, 0, 202641, "2026-W38", "2026-W41", 30},           {0, 0, 202640, "2026-W38", "2026-W40", 20},
		{202640, 202640, 202641, "2026-W40", "2026-W40", 10}, {0, 0, 202601, "2026-W38", "2026-W41", 30},
		{202639, 202639, 202641, "2026-W39", "2026-W39", 0},  {202641, 0, 202641, "2026-W41", "2026-W41", 10},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = ERROR_INIT;
		struct report_request request = {.from_week = cases[i].from,
						 .to_week = cases[i].to,
						 .as_of = after_week(&world, cases[i].as_of_week)};
		struct buffer json CLEANUP_BUFFER = BUFFER_INIT(1 << 24);
		struct report *report =
			report_create(world.store, &world.installation, &world.contract, &request, &err);
		must(report != NULL && report_write_json(report, &json, &err), &err);
		const struct json_node *root;
		must(json_parse(&world.arena, buffer_span(&json), NULL, &root, &err), &err);
		ck_assert_msg(span_is(json_text(find(root, "from_week")), cases[i].first), "case %zu", i);
		ck_assert_msg(span_is(json_text(find(root, "to_week")), cases[i].last), "case %zu", i);
		ck_assert_double_eq_tol(find_number(root, TOTAL "records.compared"), cases[i].records, 1e-12);
		report_destroy(report);
	}
	struct error err = ERROR_INIT;
	struct report_request wrong = {.from_week = 202641, .to_week = 202640};
	ck_assert_ptr_null(report_create(world.store, &world.installation, &world.contract, &wrong, &err));
	ck_assert_int_eq(err.code, ERROR_USAGE);
}
END_TEST

/* By hand: units (a,a) (b,b) (a,b) (a,a). Alpha = 1 - 7*2/(2*5*3); AC1: pa = 3/4, shares 5/8 and 3/8,
 * pe = 2*(5/8)(3/8). */
START_TEST(test_reviewers)
{
	world_open(&world);
	const struct batch batch = {.week = 202640, .side = SIDE_DISAGREE, .pi_ppm = 1000000, .records = 5, .both = 5};
	world_add(&world, &batch, 1, false);
	world_run(&world, "CREATE TEMP TABLE said (item INTEGER, reviewer TEXT, value TEXT)");
	world_run(&world,
		  "INSERT INTO said VALUES (1,'ann','\"a\"'),(1,'bob','\"a\"'),(2,'ann','\"b\"'),(2,'bob','\"b\"'),"
		  "(3,'ann','\"a\"'),(3,'bob','\"b\"'),(4,'ann','\"z\"'),(4,'bob','\"\\u0061\"'),(4,'ann','\"a\"')");
	world_run(&world, "INSERT INTO label (id, item_id, reviewer, adjudication, cannot_tell, labelled_at) "
			  "SELECT rowid, item, reviewer, 0, 0, 1 FROM said");
	world_run(&world, "INSERT INTO label_value SELECT rowid, 1, value FROM said");
	/* Neither an adjudication nor somebody who could not tell counts. */
	world_run(&world, "INSERT INTO label (item_id, reviewer, adjudication, cannot_tell, labelled_at) "
			  "VALUES (1, 'eve', 1, 0, 1), (2, 'eve', 0, 1, 1)");
	const struct json_node *root = world_report(&world, after_week(&world, 202640));
#define AGREEMENT "candidates.0.reviewer_agreement."
	ck_assert_double_eq_tol(find_number(root, AGREEMENT "disagreements.items"), 4, 1e-12);
	ck_assert_double_eq_tol(find_number(root, AGREEMENT "disagreements.labels"), 8, 1e-12);
	ck_assert_double_eq_tol(find_number(root, AGREEMENT "disagreements.percent_agreement"), 0.75, 1e-9);
	ck_assert_double_eq_tol(find_number(root, AGREEMENT "disagreements.krippendorff_alpha"), 1 - 14.0 / 30, 1e-9);
	ck_assert_double_eq_tol(find_number(root, AGREEMENT "disagreements.gwet_ac1"), 9.0 / 17, 1e-9);
	ck_assert_double_eq_tol(find_number(root, AGREEMENT "agreements.items"), 0, 1e-12);
	ck_assert(find(root, AGREEMENT "agreements.krippendorff_alpha")->type == JSON_NULL);
}
END_TEST

/* --- bytes --- */

struct written {
	struct buffer html, markdown, json;
};

static void write_as_of(struct world *of, int64_t as_of, struct written *written)
{
	struct error err = ERROR_INIT;
	struct report_request request = {.as_of = as_of, .spool_position = "t-1 sequence 4"};
	struct report *report = report_create(of->store, &of->installation, &of->contract, &request, &err);
	must(report != NULL, &err);
	char directory[128];
	(void)snprintf(directory, sizeof(directory), "%s/out", of->directory);
	must(report_write(report, directory, true, true, true, &err), &err);
	static const char *const names[] = {"report.html", "report.md", "report.json"};
	struct buffer *buffers[] = {&written->html, &written->markdown, &written->json};
	for (size_t i = 0; i < 3; i++) {
		char path[192];
		(void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		buffer_init(buffers[i], 1 << 26);
		must(file_read(path, buffers[i], &err), &err);
	}
	report_destroy(report);
}

static void write_all(struct world *of, struct written *written)
{
	write_as_of(of, after_week(of, 202641), written);
}

static void forget(struct written *written)
{
	buffer_finish(&written->html);
	buffer_finish(&written->markdown);
	buffer_finish(&written->json);
}

static const struct batch MIXED[] = {
	{.week = 202640, .side = SIDE_AGREE, .pi_ppm = 20000, .records = 150, .both = 8, .neither = 1},
	{.week = 202640,
	 .side = SIDE_DISAGREE,
	 .pi_ppm = 1000000,
	 .records = 30,
	 .llm_only = 9,
	 .legacy_only = 12,
	 .both = 3,
	 .neither = 4,
	 .open = 1,
	 .conflict = 1,
	 .legacy_value = "\"returns\"",
	 .llm_value = "\"billing\""},
	{.week = 202640, .side = SIDE_DISAGREE, .pi_ppm = 1000000, .records = 12, .llm_only = 12, .llm_value = "2"},
	{.week = 202641, .side = SIDE_AGREE, .pi_ppm = 20000, .records = 150, .both = 9},
	{.week = 202641,
	 .side = SIDE_INVALID,
	 .pi_ppm = 1000000,
	 .records = 7,
	 .legacy_only = 6,
	 .unlabelable = 1,
	 .drift = true},
};

/* 12 seen = 8 committed + 1 in flight + 3 by reason 6, capture_reduced: a quarter. */
START_TEST(test_reduced_capture)
{
	struct written written;
	world_open(&world);
	world_add(&world, MIXED, 1, false);
	world_run(&world, "INSERT INTO tap_account SELECT stream, interface_id, 0, 1, 12, 8, 1 FROM delivery_count");
	write_all(&world, &written);
	ck_assert_ptr_null(strstr(written.markdown.data, "were forwarded and not captured"));
	forget(&written);
	world_run(&world, "INSERT INTO tap_drop SELECT stream, interface_id, 0, 6, 3 FROM delivery_count");
	write_all(&world, &written);
	const char *sentence = "3 of 12 exchanges seen (25.00 %) were forwarded and not captured";
	ck_assert_ptr_nonnull(strstr(written.markdown.data, sentence));
	ck_assert_ptr_nonnull(strstr(written.html.data, sentence));
	ck_assert_ptr_nonnull(strstr(written.json.data, "\"capture_reduced\": 3"));
	ck_assert_ptr_null(strstr(written.markdown.data, "Dropped, by week"));
	forget(&written);
	world_run(&world, "INSERT INTO tap_drop_week SELECT interface_id, 202639, 6, 1 FROM delivery_count");
	world_run(&world, "INSERT INTO tap_drop_week SELECT interface_id, 202640, 6, 2 FROM delivery_count");
	write_all(&world, &written);
	const char *table = strstr(written.markdown.data, "Dropped, by week");
	ck_assert_ptr_nonnull(table);
	const char *week = strstr(table, "2026-W39");
	ck_assert(week != NULL && strstr(week, "2026-W40") != NULL);
	const char *list = strstr(written.json.data, "\"dropped_by_week\"");
	ck_assert_ptr_nonnull(list);
	ck_assert_ptr_nonnull(strstr(list, "\"2026-W40\""));
	ck_assert_ptr_nonnull(strstr(list, "\"capture_reduced\": 2"));
	forget(&written);
}
END_TEST

START_TEST(test_same_bytes)
{
	struct written first;
	struct written again;
	struct written backwards;
	world_open(&world);
	world_add(&world, MIXED, 5, false);
	write_all(&world, &first);
	write_all(&world, &again);
	struct world other;
	world_start(&other);
	world_open(&other);
	world_add(&other, MIXED, 5, true);
	write_all(&other, &backwards);
	ck_assert(span_equal(buffer_span(&first.html), buffer_span(&again.html)));
	ck_assert(span_equal(buffer_span(&first.markdown), buffer_span(&again.markdown)));
	ck_assert(span_equal(buffer_span(&first.json), buffer_span(&again.json)));
	ck_assert(span_equal(buffer_span(&first.html), buffer_span(&backwards.html)));
	ck_assert(span_equal(buffer_span(&first.markdown), buffer_span(&backwards.markdown)));
	ck_assert(span_equal(buffer_span(&first.json), buffer_span(&backwards.json)));
	ck_assert_ptr_nonnull(strstr(first.html.data, "Both paths were simulated"));
	ck_assert_ptr_nonnull(strstr(first.markdown.data, "Both paths were simulated"));
	forget(&first);
	forget(&again);
	forget(&backwards);
	world_finish(&other);
}
END_TEST

/* The bytes outside the marked block. */
static void cut_measured(struct buffer *text, const char *begin, const char *end)
{
	char *from = strstr(text->data, begin);
	ck_assert_ptr_nonnull(from);
	char *to = strstr(from, end);
	ck_assert_ptr_nonnull(to);
	memset(from, '.', (size_t)(to - from));
}

START_TEST(test_measured_apart)
{
	struct written first;
	struct written later;
	world_open(&world);
	world_add(&world, MIXED, 5, false);
	world_run(&world, "INSERT INTO tap_account SELECT 'tap', interface_id, 0, 1000, 0, 0, 0 FROM delivery_count");
	write_all(&world, &first);
	world_run(&world, "UPDATE rollup_latency SET bucket = bucket + 77");
	world_run(&world, "UPDATE epoch SET started_at = started_at + 1234567");
	world_run(&world, "UPDATE tap_account SET at = at + 1234567");
	write_as_of(&world, after_week(&world, 202641) + CLOCK_SECOND, &later); /* of the default: now */
	ck_assert(!span_equal(buffer_span(&first.json), buffer_span(&later.json)));
	struct written *both[] = {&first, &later};
	for (size_t i = 0; i < 2; i++) {
		cut_measured(&both[i]->html, "<!-- measured:begin -->", "<!-- measured:end -->");
		cut_measured(&both[i]->markdown, "<!-- measured:begin -->", "<!-- measured:end -->");
		char *measured = strstr(both[i]->json.data, "\n  \"measured\": {");
		ck_assert_ptr_nonnull(measured);
		*measured = '\0';
	}
	ck_assert_str_eq(first.html.data, later.html.data);
	ck_assert_str_eq(first.markdown.data, later.markdown.data);
	ck_assert_str_eq(first.json.data, later.json.data);
	forget(&first);
	forget(&later);
}
END_TEST

#define HOSTILE "</script><script>alert(1)</script><img src=x onerror=alert(1)>`rm -rf`|\n# [x](javascript:1)\"'&"

START_TEST(test_hostile_text)
{
	struct written written;
	world.contract.interface = "i" HOSTILE;
	world.candidate.name = "c" HOSTILE;
	world.fields[0].name = "f" HOSTILE;
	world.candidate.model = "m" HOSTILE;
	world_open(&world);
	struct batch batches[2];
	memcpy(batches, MIXED, sizeof(batches));
	batches[1].legacy_value = "\"" HOSTILE "\"";
	batches[1].llm_value = "\"\xff\xfe \x01 " HOSTILE "\"";
	world_add(&world, batches, 2, false);
	write_all(&world, &written);
	static const char *const forbidden[] = {"<script", "<img src=x", "onerror=alert(1)>"};
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		ck_assert_ptr_null(strstr(written.html.data, forbidden[i]));
		ck_assert_ptr_null(strstr(written.markdown.data, forbidden[i]));
	}
	ck_assert_ptr_nonnull(strstr(written.html.data, "&lt;script&gt;alert(1)"));
	ck_assert_ptr_null(strstr(written.markdown.data, "\n# \\[x"));
	ck_assert_ptr_null(strstr(written.markdown.data, " [x](javascript"));
	ck_assert_ptr_null(strstr(written.markdown.data, " `rm"));
	ck_assert(text_is_utf8(buffer_span(&written.html)));
	ck_assert(text_is_utf8(buffer_span(&written.markdown)));
	const struct json_node *root;
	struct error err = ERROR_INIT;
	must(json_parse(&world.arena, buffer_span(&written.json), NULL, &root, &err), &err);
	ck_assert(span_is(json_text(find(root, "interface")), "i" HOSTILE));
	forget(&written);
}
END_TEST

/* 9 captured = those stored + 3 late answers; what waits is in the ledger of late answers. */
START_TEST(test_late_answers)
{
	struct written written;
	world_open(&world);
	world_add(&world, MIXED, 5, false);
	world_run(&world, "UPDATE delivery_count SET outcome = 3, outcome_joined = 2, outcome_duplicate = 1");
	world_run(&world,
		  "INSERT INTO tap_account SELECT stream, interface_id, 0, 1000, stored + 3, stored + 3, 0 FROM "
		  "delivery_count");
	world_run(&world,
		  "INSERT INTO rollup_shadow VALUES (1, 202640, 0, 0, 250000, 40, 10), (1, 202640, 0, 1, 1000000, "
		  "2, 2)");
	write_all(&world, &written);
	ck_assert_ptr_nonnull(strstr(written.json.data, "\"late_answers\": {\n"));
	ck_assert_ptr_nonnull(strstr(written.json.data, "\"joined\": 2"));
	ck_assert_ptr_null(strstr(written.json.data, "\"ties_out\": false"));
	ck_assert_ptr_nonnull(strstr(written.json.data, "\"chosen\": 10"));
	ck_assert_ptr_nonnull(strstr(written.markdown.data, "For 42 exchanges it was drawn"));
	ck_assert_ptr_nonnull(strstr(written.html.data, "Late legacy answers: what became of them"));
	ck_assert_ptr_nonnull(
		strstr(written.html.data, "committed − stored − duplicate − late answers − unclaimed − in spool"));
	forget(&written);
}
END_TEST

START_TEST(test_empty_store)
{
	struct written written;
	write_all(&world, &written);
	ck_assert_ptr_nonnull(strstr(written.html.data, "Nothing has been captured"));
	const struct json_node *root;
	struct error err = ERROR_INIT;
	must(json_parse(&world.arena, buffer_span(&written.json), NULL, &root, &err), &err);
	ck_assert(find(root, "from_week")->type == JSON_NULL);
	ck_assert(span_is(json_text(find(root, "candidates.0.gate.decision")), "HOLD"));
	forget(&written);
}
END_TEST

/* Without gnuplot in PATH the report is whole and says so. */
START_TEST(test_without_gnuplot)
{
	struct written written;
	char *path = strdup(getenv("PATH"));
	world_open(&world);
	world_add(&world, MIXED, 5, false);
	ck_assert_int_eq(setenv("PATH", "/nowhere", 1), 0);
	write_all(&world, &written);
	ck_assert_int_eq(setenv("PATH", path, 1), 0);
	free(path);
	ck_assert_ptr_null(strstr(written.html.data, "<svg"));
	ck_assert_ptr_nonnull(strstr(written.html.data, "No plots: gnuplot was not found"));
	ck_assert_ptr_null(strstr(written.markdown.data, ".svg"));
	forget(&written);
}
END_TEST

START_TEST(test_publish)
{
	struct error err = ERROR_INIT;
	open_strata();
	struct report_request request = {.as_of = after_week(&world, 202640)};
	struct report *report = report_create(world.store, &world.installation, &world.contract, &request, &err);
	must(report != NULL && report_publish(report, world.store, &err), &err);
	report_destroy(report);
	struct statement *statement = store_statement(
		world.store, "SELECT count(*), min(from_week), min(length(digest)) FROM published_report", &err);
	ck_assert_int_eq(statement_step(statement, &err), STATEMENT_ROW);
	ck_assert_int_eq(statement_integer(statement, 0), 1);
	ck_assert_int_eq(statement_integer(statement, 1), 202640);
	ck_assert_int_eq(statement_integer(statement, 2), 32);
	statement_reset(statement);
}
END_TEST

/* 1,000,000 exchanges in rollups over ten weeks, 100,000 of them under review, 60,000 differences: how long? */
START_TEST(test_speed)
{
	world_open(&world);
	static const char numbers[] =
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) ";
	static const char *const rows[] = {
		"INSERT INTO exchange SELECT i, CAST(printf('%016d', i) AS BLOB), NULL, 1, NULL, 0, 0, 202630 + i % "
		"10, 0, 0, 200, 5 FROM n",
		"INSERT INTO evaluation (exchange_id, candidate_id, state, epoch_id, outcome) SELECT i, 1, 1, 1, 0 "
		"FROM n",
		"INSERT INTO record SELECT i, 1, '', (i / 10 % 5 > 0) * 2, i / 10 % 5 > 0, 1000000 - 980000 * (i / 10 "
		"% 5 = 0), 1 "
		"FROM n",
		"INSERT INTO review_item SELECT i, i, '', 202630 + i % 10, i % 10 = 0, 2 FROM n",
		"INSERT INTO judgement SELECT i, 0, 0, i % 7 > 0 FROM n",
		"INSERT INTO judgement SELECT i, 1, 0, i % 11 > 0 FROM n",
		"INSERT INTO field_difference SELECT i, 1, '', 1, 202630 + i % 10, 0, 2, printf('\"q%d\"', i % 70), "
		"printf('\"q%d\"', i % "
		"77) FROM n WHERE i / 10 % 5 > 0",
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		world_run(&world, arena_format(&world.arena, "%s%s", numbers, rows[i]));
	}
	static const char *const rollups[] = {
		"INSERT INTO rollup_record SELECT 1, 1, 202630 + i, 0, 0, 20000, 92000, 2000 FROM w",
		"INSERT INTO rollup_record SELECT 1, 1, 202630 + i, 0, 1, 1000000, 8000, 8000 FROM w",
		"INSERT INTO rollup_state SELECT 1, 202630 + i, 0, 1, -1, 100000 FROM w",
		"INSERT INTO rollup_legacy SELECT 1, 202630 + i, 0, 0, 100000 FROM w",
		("INSERT INTO rollup_transaction SELECT 1, 1, 202630 + i, 0, 100000, 100000, 300, 100000, 1, 0, 0, 1, "
		 "100000000000, 2000000 FROM w"),
		"INSERT INTO rollup_outcome SELECT 1, 1, 202630 + i, 0, 0, 100000 FROM w",
		"INSERT INTO rollup_cost SELECT 1, 1, 202630 + w.i, 0, n.i, 10000 FROM w, w AS n",
		"INSERT INTO rollup_latency SELECT 1, w.i % 2, 202630 + w.i, 0, 1000 + n.i * 10, 10000 FROM w, w AS n",
	};
	for (size_t i = 0; i < sizeof(rollups) / sizeof(rollups[0]); i++) {
		world_run(&world, arena_format(&world.arena,
					       "WITH RECURSIVE w (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM w WHERE "
					       "i < 9) %s",
					       rollups[i]));
	}
	world_run(&world, "INSERT INTO delivery_count VALUES ('s', 1, 1000000, 0, 0, 0, 0, 0, 0, 0, 0, 0)");
	struct error err = ERROR_INIT;
	struct report_request request = {.as_of = after_week(&world, 202639)};
	int64_t started = clock_monotonic();
	struct report *report = report_create(world.store, &world.installation, &world.contract, &request, &err);
	must(report != NULL, &err);
	int64_t read = clock_monotonic();
	char directory[128];
	(void)snprintf(directory, sizeof(directory), "%s/out", world.directory);
	must(report_write(report, directory, true, true, true, &err), &err);
	int64_t written = clock_monotonic();
	ck_assert_int_ne(report_gate(report, 0)->decision, GATE_DATA_FAULT);
	report_destroy(report);
	(void)fprintf(stderr, "report over 1,000,000 exchanges, 100,000 labels: read %.0f ms, write and plot %.0f ms\n",
		      (double)(read - started) / 1000, (double)(written - read) / 1000);
}
END_TEST

Suite *report_suite(void)
{
	Suite *suite = suite_create("report");
	TCase *tcase = tcase_create("report");
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, start, finish);
	tcase_add_test(tcase, test_figures);
	tcase_add_test(tcase, test_late_answers);
	tcase_add_test(tcase, test_drift_interval);
	tcase_add_test(tcase, test_unusable);
	tcase_add_test(tcase, test_ranges);
	tcase_add_test(tcase, test_reviewers);
	tcase_add_test(tcase, test_reduced_capture);
	tcase_add_test(tcase, test_same_bytes);
	tcase_add_test(tcase, test_measured_apart);
	tcase_add_test(tcase, test_hostile_text);
	tcase_add_test(tcase, test_empty_store);
	tcase_add_test(tcase, test_without_gnuplot);
	tcase_add_test(tcase, test_publish);
	tcase_add_test(tcase, test_speed);
	suite_add_tcase(suite, tcase);
	return suite;
}
