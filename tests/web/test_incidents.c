/* Pages of contract drift and incidents, with evidence that comes from outside. */
#include "harness/store/drift.h"
#include "harness/store/incident.h"
#include "tests/web/suites.h"
#include "tests/web/support.h"

static void add_incident(struct store *store)
{
	struct error err = ERROR_INIT;
	int64_t id = 0;
	bool is_new = false;
	const struct store_incident incident = {
		.interface_id = 1,
		.candidate = 1,
		.kind = INCIDENT_CONTRACT_DRIFT,
		.severity = DRIFT_HIGH,
		.subject = SPAN("/<i>a"),
		.began_at = INT64_C(1794800000000000),
		.detected_at = INT64_C(1794800000000000) + INT64_C(25) * 3600 * 1000000,
		.evidence = SPAN("{\"first_exchanges\":[\"00000000000000000000000000000002\"],\"<too>\":\"<b>Sons\","
				 "\"rate_since\":0.25,\"input_quality\":null}"),
	};
	must(store_incident_open(store, &incident, &id, &is_new, &err), &err);
	must(store_incident_move(store, id, INCIDENT_ACKNOWLEDGED, SPAN("ada <too>"), SPAN("<b>Sons"), 7, &err), &err);
}

/* The reply to exchange 2 has a member that the schema does not know. */
static void add_deviation(struct store *store)
{
	struct error err = ERROR_INIT;
	const struct store_deviation deviation = {
		.drift = DRIFT_UNDECLARED_FIELD,
		.instance = SPAN("/<i>a"),
		.keyword = SPAN("additionalProperties"),
		.schema = SPAN("/additionalProperties"),
		.sentence = SPAN("the field \"<b>Sons\" is not in the schema"),
	};
	struct store_reply reply = {
		.exchange = 2,
		.path = 1,
		.week = 202647,
		.classes = 1U << DRIFT_UNDECLARED_FIELD,
		.declared = 1U << DRIFT_UNDECLARED_FIELD,
		.total = 3,
		.list = &deviation,
		.count = 1,
	};
	const struct store_source source = {.interface_id = 1, .path = 1, .contract_version = SPAN("1")};
	must(store_source_id(store, &source, &reply.source, &err) && store_reply_count(store, &reply, &err), &err);
}

static void setup(void)
{
	struct error err = ERROR_INIT;
	setup_directory();
	make_store();
	struct store *store = store_open(test_location, STORE_READ_WRITE, 100, &err);
	must(store != NULL, &err);
	must(store_begin(store, &err), &err);
	add_incident(store);
	add_deviation(store);
	must(store_commit(store, &err), &err);
	store_close(store);
	start_server();
}

static void expect(const char *target, const char *const *texts, size_t count)
{
	static const char *const never[] = {"<script", "<img", "<b>Sons", "<i>a", "<too>", " style="};
	struct reply reply = request("GET", target);
	ck_assert_int_eq(reply.status, 200);
	for (size_t i = 0; i < count; i++) {
		ck_assert_msg(has_text(&reply, texts[i]), "%s: %s", target, texts[i]);
	}
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		ck_assert_msg(!has_text(&reply, never[i]), "%s: %s", target, never[i]);
	}
	reply_finish(&reply);
}

START_TEST(list_and_story)
{
	static const char *const list[] = {"<a href=\"/incident/1\">1</a>", "acknowledged", "high", "1 d 1 h",
					   "&lt;img src=x onerror=y&gt;"};
	static const char *const story[] = {"/exchange/00000000000000000000000000000002\"",
					    "&lt;b&gt;Sons",
					    "0.25",
					    "not known",
					    "acknowledged by ada &lt;too&gt;",
					    "1 d 1 h",
					    "understudy incident resolve 1"};
	expect("/incidents", list, sizeof(list) / sizeof(list[0]));
	expect("/incident/1", story, sizeof(story) / sizeof(story[0]));
}
END_TEST

START_TEST(unresolved_incident_is_counted)
{
	struct reply reply = request("GET", "/metrics");
	ck_assert(has_text(&reply, "kind=\"contract_drift\"} 1\n"));
	ck_assert(has_text(&reply, "kind=\"legacy_drift\"} 0\n"));
	reply_finish(&reply);
}
END_TEST

START_TEST(an_exchange_says_how_its_reply_deviates)
{
	static const char *const texts[] = {"Deviations from the contract <small>3 in all", "undeclared_field",
					    "/&lt;i&gt;a", "&quot;&lt;b&gt;Sons&quot; is not in the schema"};
	expect("/exchange/00000000000000000000000000000002", texts, sizeof(texts) / sizeof(texts[0]));
}
END_TEST

START_TEST(unknown_incidents)
{
	ck_assert_int_eq(status_of("GET", "/incident/2"), 404);
	ck_assert_int_eq(status_of("GET", "/incident/x"), 404);
	ck_assert_int_eq(status_of("GET", "/incident/99999999999999999999"), 404);
	ck_assert_int_eq(status_of("POST", "/incident/1"), 405);
}
END_TEST

Suite *incidents_suite(void)
{
	Suite *suite = suite_create("incidents");
	TCase *tcase = tcase_create("pages");
	tcase_add_checked_fixture(tcase, setup, teardown_served);
	tcase_add_test(tcase, list_and_story);
	tcase_add_test(tcase, unresolved_incident_is_counted);
	tcase_add_test(tcase, an_exchange_says_how_its_reply_deviates);
	tcase_add_test(tcase, unknown_incidents);
	suite_add_tcase(suite, tcase);
	return suite;
}
