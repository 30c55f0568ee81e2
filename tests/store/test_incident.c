#include "harness/store/incident.h"
#include "tests/store/suites.h"
#include "tests/store/support.h"

static struct store_incident example(void)
{
	return (struct store_incident){
		.interface_id = 1,
		.candidate = 1,
		.kind = INCIDENT_CONTRACT_DRIFT,
		.subject = SPAN(""),
		.severity = DRIFT_MEDIUM,
		.began_at = 1000,
		.detected_at = 5000,
		.evidence = SPAN("{\"replies\":7}"),
	};
}

static int64_t open_incident(const struct store_incident *incident, bool expect_new)
{
	struct error err = ERROR_INIT;
	int64_t id = 0;
	bool is_new = !expect_new;
	must(store_begin(test_store, &err), &err);
	must(store_incident_open(test_store, incident, &id, &is_new, &err), &err);
	must(store_commit(test_store, &err), &err);
	ck_assert(is_new == expect_new);
	return id;
}

static void move(int64_t id, enum incident_state state, enum error_code expected)
{
	struct error err = ERROR_INIT;
	must(store_begin(test_store, &err), &err);
	bool done = store_incident_move(test_store, id, state, SPAN("ada"), SPAN("seen"), 9000, &err);
	ck_assert(done == (expected == ERROR_NONE));
	ck_assert_int_eq((int)err.code, (int)expected);
	must(store_commit(test_store, &(struct error)ERROR_INIT), &err);
}

START_TEST(one_subject_has_one_unresolved_incident)
{
	struct store_incident incident = example();
	int64_t first = open_incident(&incident, true);
	incident.severity = DRIFT_HIGH;
	incident.evidence = SPAN("{}");
	ck_assert_int_eq(open_incident(&incident, false), first);
	ck_assert_int_eq(ask(test_store, "SELECT severity FROM incident"), DRIFT_HIGH);
	ck_assert_int_eq(ask(test_store, "SELECT evidence ->> 'replies' FROM incident"), 7);
	incident.severity = DRIFT_LOW;
	open_incident(&incident, false);
	ck_assert_int_eq(ask(test_store, "SELECT severity FROM incident"), DRIFT_HIGH);
	incident.subject = SPAN("/text");
	open_incident(&incident, true);
	incident.candidate = 2;
	open_incident(&incident, true);
	incident.candidate = 0;
	open_incident(&incident, true);
	open_incident(&incident, false);
	incident.kind = INCIDENT_INPUT_CHANGE;
	open_incident(&incident, true);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM v_incident WHERE candidate IS NULL"), 2);
}
END_TEST

START_TEST(states_go_one_way_and_say_who)
{
	struct store_incident incident = example();
	int64_t id = open_incident(&incident, true);
	move(id + 1, INCIDENT_ACKNOWLEDGED, ERROR_MISSING);
	move(id, INCIDENT_ACKNOWLEDGED, ERROR_NONE);
	move(id, INCIDENT_ACKNOWLEDGED, ERROR_USAGE);
	open_incident(&incident, false);
	move(id, INCIDENT_RESOLVED, ERROR_NONE);
	move(id, INCIDENT_RESOLVED, ERROR_USAGE);
	move(id, INCIDENT_ACKNOWLEDGED, ERROR_USAGE);
	ck_assert_int_eq(ask(test_store, "SELECT acknowledged_at + resolved_at FROM v_incident"), 18000);
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM incident_action WHERE actor = 'ada' AND note = 'seen'"),
			 2);
	ck_assert_int_ne(open_incident(&incident, true), id);
}
END_TEST

Suite *incident_suite(void)
{
	Suite *suite = suite_create("incident");
	TCase *test = tcase_create("incident");
	tcase_add_checked_fixture(test, setup_store, teardown_store);
	tcase_add_test(test, one_subject_has_one_unresolved_incident);
	tcase_add_test(test, states_go_one_way_and_say_who);
	suite_add_tcase(suite, test);
	return suite;
}
