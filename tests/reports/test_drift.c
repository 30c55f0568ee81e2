/* Contract drift in the report: sums by week, source and class over replies counted by hand. */
#include "harness/store/drift.h"
#include "harness/store/incident.h"
#include "tests/reports/suites.h"
#include "tests/reports/world.h"

#include <stdio.h>

static struct world world;

static void start(void)
{
	static const struct batch batches[] = {
		{.week = 202640, .side = SIDE_AGREE, .pi_ppm = 20000, .records = 9, .both = 1},
		{.week = 202640, .side = SIDE_AGREE, .pi_ppm = 20000, .records = 1, .test = true},
		{.week = 202641, .side = SIDE_AGREE, .pi_ppm = 20000, .records = 2},
	};
	world_start(&world);
	world_open(&world);
	world_add(&world, batches, 3, false);
}

static void finish(void)
{
	world_finish(&world);
}

enum kind { GOOD, ENUM, UNDECLARED };

static struct store_deviation deviation_of(enum kind kind)
{
	if (kind == ENUM) {
		return (struct store_deviation){
			.drift = DRIFT_ENUM,
			.instance = SPAN("/queue"),
			.keyword = SPAN("enum"),
			.schema = SPAN("/properties/queue/enum"),
			.sentence = SPAN("must be one of \"a\", \"b\""),
		};
	}
	return (struct store_deviation){
		.drift = DRIFT_UNDECLARED_FIELD,
		.strict = true,
		.instance = SPAN("/<b>why"),
		.keyword = SPAN("properties"),
		.schema = SPAN("/properties"),
		.sentence = SPAN("the field \"<b>why\" is not in the schema"),
	};
}

static int64_t source_of(int64_t path, struct span model)
{
	struct error err = ERROR_INIT;
	int64_t id = 0;
	const struct store_source source = {
		.interface_id = world.interface_id,
		.path = path,
		.contract_version = SPAN("1.2.0"),
		.model = model,
		.prompt = SPAN(""),
		.service_version = SPAN(""),
		.seen_at = 1,
	};
	must(store_source_id(world.store, &source, &id, &err), &err);
	return id;
}

static void count_reply(int64_t exchange, int64_t path, int64_t source, int32_t week, bool test, enum kind kind)
{
	struct error err = ERROR_INIT;
	const struct store_deviation deviation = deviation_of(kind);
	const struct store_reply reply = {
		.exchange = exchange,
		.path = path,
		.source = source,
		.captured_at = 7,
		.week = week,
		.test = test,
		.classes = kind != GOOD ? 1U << deviation.drift : 0,
		.declared = kind == ENUM ? 1U << deviation.drift : 0,
		.severity = kind == ENUM ? DRIFT_MEDIUM : DRIFT_LOW,
		.total = kind != GOOD,
		.list = &deviation,
		.count = kind != GOOD,
	};
	must(store_reply_count(world.store, &reply, &err), &err);
}

/* Ten replies of one week by two models: two with a value outside its list, one with an undeclared field. Then one each
 * that must not be in it: another week, a test message. */
static void count_replies(void)
{
	struct error err = ERROR_INIT;
	must(store_begin(world.store, &err), &err);
	int64_t small = source_of(world.candidate_id, SPAN("small"));
	int64_t large = source_of(world.candidate_id, SPAN("large"));
	for (int64_t exchange = 1; exchange <= 6; exchange++) {
		count_reply(exchange, world.candidate_id, small, 202640, false, GOOD);
	}
	count_reply(7, world.candidate_id, small, 202640, false, ENUM);
	count_reply(8, world.candidate_id, large, 202640, false, ENUM);
	count_reply(9, world.candidate_id, large, 202640, false, UNDECLARED);
	count_reply(10, world.candidate_id, large, 202640, true, ENUM);
	count_reply(11, world.candidate_id, large, 202641, false, ENUM);
	must(store_commit(world.store, &err), &err);
}

static double in_report(const struct json_node *root, const char *path)
{
	char whole[200];
	(void)snprintf(whole, sizeof(whole), "candidates.0.drift.%s", path);
	return find_number(root, whole);
}

static const struct json_node *read_week(const char **ret_text)
{
	struct error err = ERROR_INIT;
	const struct json_node *root = NULL;
	static struct buffer text;
	text = (struct buffer)BUFFER_INIT(1 << 20);
	const struct report_request request = {
		.from_week = 202640, .to_week = 202640, .as_of = after_week(&world, 202641)};
	struct report *report = report_create(world.store, &world.installation, &world.contract, &request, &err);
	must(report != NULL && report_write_json(report, &text, &err), &err);
	char *copy = arena_copy(&world.arena, buffer_span(&text));
	must(json_parse(&world.arena, span_of(copy), NULL, &root, &err), &err);
	buffer_clear(&text);
	must(report_write_html(report, NULL, &text, &err), &err);
	*ret_text = arena_copy(&world.arena, buffer_span(&text));
	buffer_finish(&text);
	report_destroy(report);
	return root;
}

START_TEST(sums_of_one_week)
{
	const char *html = NULL;
	count_replies();
	const struct json_node *root = read_week(&html);
	ck_assert_double_eq_tol(in_report(root, "replies"), 9, 1e-12);
	ck_assert_double_eq_tol(in_report(root, "contract_drift"), 2, 1e-12);
	ck_assert_double_eq_tol(in_report(root, "strict_drift"), 3, 1e-12);
	ck_assert_double_eq_tol(in_report(root, "severities.medium"), 2, 1e-12);
	ck_assert_double_eq_tol(in_report(root, "severities.low"), 1, 1e-12);
	ck_assert_double_eq_tol(in_report(root, "classes.enum.declared"), 2, 1e-12);
	ck_assert_double_eq_tol(in_report(root, "classes.undeclared_field.declared"), 0, 1e-12);
	ck_assert_double_eq_tol(in_report(root, "classes.undeclared_field.strict"), 1, 1e-12);
	ck_assert_double_eq_tol(in_report(root, "weeks.0.replies"), 9, 1e-12);
	ck_assert_double_eq_tol(in_report(root, "sources.0.replies"), 7, 1e-12);
	ck_assert_double_eq_tol(in_report(root, "sources.1.replies"), 2, 1e-12);
	ck_assert_double_eq_tol(in_report(root, "sources.1.contract_drift"), 1, 1e-12);
	ck_assert_double_eq_tol(in_report(root, "deviations.0.replies"), 2, 1e-12);
	ck_assert(span_is(json_text(find(root, "candidates.0.drift.deviations.0.class")), "enum"));
	ck_assert(strstr(html, "Most frequent deviations") != NULL);
	ck_assert(strstr(html, "&lt;b&gt;why") != NULL && strstr(html, "<b>why") == NULL);
	ck_assert(strstr(html, "held to the same contract") == NULL);
}
END_TEST

START_TEST(the_legacy_path_has_a_section_of_its_own)
{
	struct error err = ERROR_INIT;
	const char *html = NULL;
	must(store_begin(world.store, &err), &err);
	count_reply(1, 0, source_of(0, SPAN("7")), 202640, false, GOOD);
	must(store_commit(world.store, &err), &err);
	const struct json_node *root = read_week(&html);
	ck_assert_double_eq_tol(find_number(root, "legacy_path.drift.replies"), 1, 1e-12);
	ck_assert_double_eq_tol(in_report(root, "replies"), 0, 1e-12);
	ck_assert(strstr(html, "held to the same contract") != NULL);
}
END_TEST

START_TEST(incidents_stand_among_the_measured)
{
	struct error err = ERROR_INIT;
	const char *html = NULL;
	int64_t id = 0;
	bool is_new = false;
	int64_t week = clock_week_start(202640, world.installation.zone);
	const struct store_incident incident = {
		.interface_id = world.interface_id,
		.candidate = world.candidate_id,
		.kind = INCIDENT_CONTRACT_DRIFT,
		.severity = DRIFT_HIGH,
		.subject = SPAN(""),
		.began_at = week,
		.detected_at = week + INT64_C(90) * 60 * 1000000,
		.evidence = SPAN("{\"rate_since\":0.25,\"usual_rate\":0.01,\"changed\":[{\"what\":\"model\"}]}"),
	};
	must(store_begin(world.store, &err), &err);
	must(store_incident_open(world.store, &incident, &id, &is_new, &err), &err);
	must(store_commit(world.store, &err), &err);
	const struct json_node *root = read_week(&html);
	ck_assert(span_is(json_text(find(root, "measured.incidents.0.kind")), "contract_drift"));
	ck_assert_double_eq_tol(find_number(root, "measured.incidents.0.evidence.rate_since"), 0.25, 1e-12);
	const char *measured = strstr(html, "measured:begin");
	ck_assert_ptr_nonnull(measured);
	ck_assert_ptr_nonnull(strstr(measured, "1 h 30 min"));
	ck_assert_ptr_nonnull(strstr(measured,
				     "25.00 % of replies deviate (usual: at most 1.00 %); what changed at that "
				     "time: model"));
}
END_TEST

START_TEST(data_drift_says_where_to_look)
{
	const char *html = NULL;
	world_run(&world, "INSERT INTO profile_field VALUES (5, 1, -1, '/<b>why', 0, 0)");
	world_run(&world, "INSERT INTO profile_reference VALUES (1, 1, -1, 202638, 202639, 500, x'00', 7, 'ada', '')");
	world_run(&world, "INSERT INTO profile_week VALUES (1, -1, 202640, 1, 900, 12, 7)");
	world_run(&world,
		  "INSERT INTO profile_finding VALUES (1, -1, 202640, 5, 0, 9.5, 0.0001, 0.002, 0.17, NULL, NULL, "
		  "0.02, 0.19, 'the share without it rose')");
	const struct json_node *root = read_week(&html);
	ck_assert(span_is(json_text(find(root, "measured.data_drift.0.pointer")), "/<b>why"));
	ck_assert(span_is(json_text(find(root, "measured.data_drift.0.side")), "messages"));
	ck_assert_double_eq_tol(find_number(root, "measured.data_drift.0.effect"), 0.17, 1e-12);
	ck_assert(strstr(html, "the share without it rose") != NULL);
	ck_assert(strstr(html, "/&lt;b&gt;why") != NULL && strstr(html, "<b>why") == NULL);
	ck_assert(
		strstr(html, "week 2026-W40 was the last that was held against the reference, 2026-W38 to 2026-W39") !=
		NULL);
}
END_TEST

Suite *drift_suite(void)
{
	Suite *suite = suite_create("contract drift");
	TCase *tcase = tcase_create("report");
	tcase_add_checked_fixture(tcase, start, finish);
	tcase_add_test(tcase, sums_of_one_week);
	tcase_add_test(tcase, the_legacy_path_has_a_section_of_its_own);
	tcase_add_test(tcase, incidents_stand_among_the_measured);
	tcase_add_test(tcase, data_drift_says_where_to_look);
	suite_add_tcase(suite, tcase);
	return suite;
}
