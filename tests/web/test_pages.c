/* What the pages say, over the store that support.c describes. */
#include "tests/web/suites.h"
#include "tests/web/support.h"

#include <stdio.h>

#define ESCAPED_INTERFACE "&lt;script&gt;alert(1)&lt;/script&gt;"
static const char EXCHANGE[] = "/exchange/00000000000000000000000000000002";

static void check_hostile(const struct reply *reply)
{
	static const char *const never[] = {"<script", "<img",      "<b>Sons", "<i>a",  "<u>b",
					    "<too>",   "<in> time", "queue<",  "key<1", " style="};
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		ck_assert_msg(!has_text(reply, never[i]), "%s", never[i]);
	}
}

START_TEST(test_overview)
{
	struct reply reply = request("GET", "/");
	check_hostile(&reply);
	ck_assert(has_header(&reply, "Content-Type: text/html; charset=utf-8"));
	static const char *const lines[] = {
		"<h2>" ESCAPED_INTERFACE "</h2>",
		"&lt;img src=x onerror=y&gt;",
		"Everything seen is accounted for",
		">Seen</th><td>13</td>",
		">Handed to the spool</th><td>10</td>",
		">Dropped: ring_full <small>the capture ring had no room</small></th><td>2</td>",
		">In flight</th><td>1</td>",
		">Stored</th><td>5</td>",
		"delivered again</small></th><td>1</td>",
		">Late legacy answers</th><td>3</td>",
		">Waiting for their exchange</th><td>1</td>",
		">Waiting in the spool</th><td>1</td>",
		">Compared</th><td>3</td>",
		">Not evaluated: over_budget</th><td>1</td>",
		">Dead letters</a></th><td>1</td>",
		">2026-W47</th><td>3</td><td>3</td><td>1</td><td class=\"share\">33.33\u202f%</td>",
		"<td>1</td><td class=\"share\">50.00\u202f%</td>", /* contract drift: 1 of 2 replies */
		">timeout <small>",
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ck_assert_msg(has_text(&reply, lines[i]), "%s", lines[i]);
	}
	ck_assert(!has_text(&reply, "✗"));
	ck_assert(!has_text(&reply, "Capture is reduced"));
	reply_finish(&reply);
}
END_TEST

START_TEST(test_missing_delivery)
{
	test_in_spool = 0;
	start_server();
	struct reply reply = request("GET", "/");
	ck_assert(has_text(&reply, "The accounts do not tie out"));
	ck_assert(has_text(&reply, "✗ 1 missing"));
	reply_finish(&reply);
	reply = request("GET", "/metrics");
	ck_assert(has_text(&reply, "\nunderstudy_spool_missing 1\n"));
	reply_finish(&reply);
}
END_TEST

START_TEST(test_reduced_capture)
{
	test_ring.reduced_since = INT64_C(1795000000000000);
	start_server();
	struct reply reply = request("GET", "/");
	ck_assert(has_text(&reply, "Capture is reduced since 2026-11-18T11:06:40"));
	reply_finish(&reply);
	reply = request("GET", "/metrics");
	ck_assert(has_text(&reply, "\nunderstudy_tap_capture_reduced 1\n"));
	reply_finish(&reply);
}
END_TEST

START_TEST(test_unknown_spool)
{
	test_config.count_in_spool = NULL;
	start_server();
	struct reply reply = request("GET", "/");
	ck_assert(has_text(&reply, "not known: the spool cannot be read"));
	reply_finish(&reply);
}
END_TEST

static void run_sql(const char *sql)
{
	struct error err = ERROR_INIT;
	struct store *store = store_open(test_location, STORE_READ_WRITE, 100, &err);
	must(store != NULL, &err);
	struct statement *statement = store_statement(store, sql, &err);
	must(statement != NULL && statement_run(statement, &err), &err);
	store_close(store);
}

START_TEST(test_lost_terms)
{
	run_sql("UPDATE rollup_state SET count = 2 WHERE state = 1");
	run_sql("UPDATE tap_drop SET count = 5 WHERE reason = 0");
	start_server();
	struct reply reply = request("GET", "/");
	ck_assert(has_text(&reply, "✗ 1 unaccounted for"));   /* an evaluation */
	ck_assert(has_text(&reply, "✗ 3 counted too often")); /* drops */
	reply_finish(&reply);
	reply = request("GET", "/metrics");
	ck_assert(has_text(&reply, "understudy_tap_difference{interface=\"<script>alert(1)</script>\"} -3\n"));
	reply_finish(&reply);
}
END_TEST

/* Read while no contract named the interface: a term of the ledger, with what to do. */
START_TEST(test_unclaimed)
{
	run_sql("UPDATE tap_account SET seen = seen + 2, committed = committed + 2");
	run_sql("INSERT INTO unclaimed_delivery (interface_id, stream, encoding, size, body) SELECT interface_id, "
		"stream, 0, "
		"1, x'00' FROM tap_account UNION ALL SELECT interface_id, stream, 0, 1, x'00' FROM tap_account");
	start_server();
	struct reply reply = request("GET", "/");
	ck_assert(has_text(&reply, ">Unclaimed <small>no contract names the interface"));
	ck_assert(has_text(&reply, "Everything seen is accounted for"));
	reply_finish(&reply);
	reply = request("GET", "/metrics");
	ck_assert(has_text(&reply, "understudy_unclaimed{interface=\"<script>alert(1)</script>\"} 2\n"));
	reply_finish(&reply);
}
END_TEST

/* A candidate that came later did not see what was captured before it. */
START_TEST(test_later_candidate)
{
	run_sql("INSERT INTO candidate (interface_id, name) VALUES (1, 'later')");
	run_sql("INSERT INTO epoch (candidate_id, ordinal, hash, description, started_at) "
		"VALUES (2, 1, x'00', '{}', 1794800000500001)");
	start_server();
	for (int i = 0; i < 2; i++) {
		struct reply reply = request("GET", "/");
		ck_assert(has_text(&reply, ">Captured before this candidate</th><td>5</td>"));
		ck_assert(has_text(&reply, "Everything seen is accounted for"));
		reply_finish(&reply);
	}
}
END_TEST

START_TEST(test_exchange_hides)
{
	struct reply reply = request("GET", EXCHANGE);
	ck_assert_int_eq(reply.status, 200);
	check_hostile(&reply);
	static const char *const secret[] = {"Müller", "Sons", "queue&quot;", "&lt;i&gt;", "&lt;u&gt;", "key&lt;1"};
	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
		ck_assert_msg(!has_text(&reply, secret[i]), "%s", secret[i]);
	}
	ck_assert(has_text(&reply, "<span class=\"hidden\">hidden</span>"));
	ck_assert(has_text(&reply, "schema_mismatch"));
	ck_assert(has_text(&reply, "queue&lt;</th><td title=\"the paths gave different values\">disagree</td>"));
	ck_assert(has_text(&reply, "amount</th><td title=\"both paths gave the same value\">agree</td>"));
	ck_assert(has_text(&reply, "2026-11-16 03:33:20 UTC"));
	reply_finish(&reply);
}
END_TEST

START_TEST(test_exchange_shows)
{
	test_config.show_payloads = true;
	start_server();
	struct reply reply = request("GET", EXCHANGE);
	ck_assert_int_eq(reply.status, 200);
	check_hostile(&reply);
	ck_assert(has_text(&reply, "Müller &amp; &lt;b&gt;Sons&lt;/b&gt;"));
	ck_assert(has_text(&reply, "&lt;i&gt;a&lt;/i&gt;"));
	ck_assert(has_text(&reply, "&lt;u&gt;b&lt;/u&gt;"));
	ck_assert(has_text(&reply, "key&lt;1&gt;"));
	ck_assert(!has_text(&reply, ">hidden<"));
	reply_finish(&reply);
	reply = request("GET", "/exchange/00000000000000000000000000000003");
	ck_assert(has_text(&reply, "no reply &lt;in&gt; time"));
	ck_assert(has_text(&reply, "timeout"));
	reply_finish(&reply);
}
END_TEST

START_TEST(test_revisions)
{
	struct reply reply = request("GET", "/exchange/00000000000000000000000000000005");
	ck_assert(has_text(&reply, "<dt>Revision of</dt><dd><a class=\"id\" href=\"/exchange/"
				   "00000000000000000000000000000004\">"));
	ck_assert(has_text(&reply, "<dt>Other answer</dt><dd>1: ok, "));
	ck_assert(has_text(&reply, "<dt>Answer that counts</dt><dd>2: repaired, "));
	ck_assert(has_text(&reply, "over_budget"));
	reply_finish(&reply);
	reply = request("GET", "/exchange/00000000000000000000000000000004");
	ck_assert(has_text(&reply, "<dt>Revised by</dt><dd><a class=\"id\" href=\"/exchange/"
				   "00000000000000000000000000000005\">"));
	reply_finish(&reply);
}
END_TEST

START_TEST(test_dead_letters)
{
	struct reply reply = request("GET", "/dead-letters");
	check_hostile(&reply);
	ck_assert(has_text(&reply, "href=\"/exchange/00000000000000000000000000000004\""));
	ck_assert(has_text(&reply, "prompt &lt;too&gt; long"));
	ck_assert(!has_text(&reply, "00000000000000000000000000000003"));
	reply_finish(&reply);
}
END_TEST

START_TEST(test_purged_payload)
{
	run_sql("DELETE FROM payload");
	test_config.show_payloads = true;
	start_server();
	struct reply reply = request("GET", EXCHANGE);
	ck_assert_int_eq(reply.status, 200);
	ck_assert(has_text(&reply, "<figcaption>Message</figcaption>\n<p>none</p>"));
	reply_finish(&reply);
}
END_TEST

START_TEST(test_damaged_payload)
{
	run_sql("UPDATE payload SET encoding = 1, body = x'00010203'");
	start_server();
	struct reply reply = request("GET", EXCHANGE);
	ck_assert_int_eq(reply.status, 500);
	ck_assert(has_text(&reply, "This page could not be made"));
	reply_finish(&reply);
	ck_assert_int_eq(status_of("GET", "/"), 200);
}
END_TEST

static void setup_unserved(void)
{
	setup_directory();
	make_store();
}

Suite *pages_suite(void)
{
	Suite *suite = suite_create("pages");
	TCase *served = tcase_create("served");
	tcase_add_checked_fixture(served, setup_served, teardown_served);
	tcase_add_test(served, test_overview);
	tcase_add_test(served, test_exchange_hides);
	tcase_add_test(served, test_revisions);
	tcase_add_test(served, test_dead_letters);
	suite_add_tcase(suite, served);
	TCase *changed = tcase_create("changed");
	tcase_add_checked_fixture(changed, setup_unserved, teardown_served);
	tcase_add_test(changed, test_missing_delivery);
	tcase_add_test(changed, test_reduced_capture);
	tcase_add_test(changed, test_unknown_spool);
	tcase_add_test(changed, test_lost_terms);
	tcase_add_test(changed, test_unclaimed);
	tcase_add_test(changed, test_later_candidate);
	tcase_add_test(changed, test_exchange_shows);
	tcase_add_test(changed, test_purged_payload);
	tcase_add_test(changed, test_damaged_payload);
	suite_add_tcase(suite, changed);
	return suite;
}
