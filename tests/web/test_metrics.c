/* The text format of Prometheus (version 0.0.4): its grammar on every line, and the numbers of the test store. */
#include "tests/web/suites.h"
#include "tests/web/support.h"

#include <stdio.h>
#include <stdlib.h>

/* As the format writes the hostile names: backslash, quote and newline escaped, nothing else. */
#define INTERFACE "interface=\"<script>alert(1)</script>\""
#define CANDIDATE "candidate=\"a\\\"b\\\\c\\n<img src=x onerror=y>'&\""

static const char *const SAMPLES[] = {
	"understudy_store_up 1",
	"understudy_capture_off 1",
	"understudy_spool_waiting 1",
	"understudy_spool_missing 0",
	"understudy_tap_ring_bytes 4096",
	"understudy_tap_ring_capacity_bytes 1048576",
	"understudy_tap_capture_reduced 0",
	"understudy_exchanges_total{" INTERFACE ",delivery=\"new\"} 4",
	"understudy_exchanges_total{" INTERFACE ",delivery=\"revision\"} 1",
	"understudy_exchanges_total{" INTERFACE ",delivery=\"duplicate\"} 1",
	"understudy_tap_seen_total{" INTERFACE "} 13",
	"understudy_tap_captured_total{" INTERFACE "} 10",
	"understudy_late_answers_read_total{" INTERFACE "} 3",
	"understudy_late_answers_total{" INTERFACE ",end=\"joined\"} 1",
	"understudy_late_answers_total{" INTERFACE ",end=\"duplicate\"} 0",
	"understudy_late_answers_total{" INTERFACE ",end=\"unpaired\"} 1",
	"understudy_late_answers_waiting{" INTERFACE "} 1",
	"understudy_evaluations_awaiting{" INTERFACE "," CANDIDATE "} 0",
	"understudy_tap_dropped_total{" INTERFACE ",reason=\"ring_full\"} 2",
	"understudy_tap_dropped_total{" INTERFACE ",reason=\"tap_killed\"} 0",
	"understudy_tap_dropped_total{" INTERFACE ",reason=\"capture_reduced\"} 0",
	"understudy_tap_difference{" INTERFACE "} 0",
	"understudy_evaluations{" INTERFACE "," CANDIDATE ",state=\"compared\"} 3",
	"understudy_evaluations{" INTERFACE "," CANDIDATE ",state=\"dead_letter\"} 1",
	"understudy_evaluations{" INTERFACE "," CANDIDATE ",state=\"pending\"} 0",
	"understudy_not_evaluated{" INTERFACE "," CANDIDATE ",reason=\"over_budget\"} 1",
	"understudy_evaluations_difference{" INTERFACE "," CANDIDATE "} 0",
	"understudy_outcomes_total{" INTERFACE "," CANDIDATE ",outcome=\"timeout\"} 1",
	"understudy_replies_total{" INTERFACE "," CANDIDATE "} 2",
	"understudy_contract_drift_total{" INTERFACE "," CANDIDATE "} 1",
	"understudy_contract_drift_class_total{" INTERFACE "," CANDIDATE ",class=\"type\"} 1",
	"understudy_contract_drift_class_total{" INTERFACE "," CANDIDATE ",class=\"undeclared_field\"} 0",
	"understudy_strict_drift_total{" INTERFACE "," CANDIDATE "} 1",
	"understudy_strict_drift_class_total{" INTERFACE "," CANDIDATE ",class=\"undeclared_field\"} 1",
	"understudy_legacy_replies_total{" INTERFACE "} 1",
	"understudy_legacy_contract_drift_total{" INTERFACE "} 1",
	"understudy_legacy_contract_drift_class_total{" INTERFACE ",class=\"type\"} 1",
	"understudy_incidents_open{" INTERFACE ",kind=\"legacy_drift\"} 1",
	"understudy_incidents_open{" INTERFACE ",kind=\"contract_drift\"} 0",
	"understudy_records_total{" INTERFACE "," CANDIDATE ",side=\"agree\"} 1",
	"understudy_records_total{" INTERFACE "," CANDIDATE ",side=\"invalid\"} 1",
	"understudy_cost_total{" INTERFACE "," CANDIDATE ",currency=\"\"} 0.004500000",
	"understudy_tokens_total{" INTERFACE "," CANDIDATE ",type=\"input\"} 300",
};

START_TEST(test_samples)
{
	struct reply reply = request("GET", "/metrics");
	ck_assert_int_eq(reply.status, 200);
	ck_assert(has_header(&reply, "Content-Type: text/plain; version=0.0.4; charset=utf-8"));
	for (size_t i = 0; i < sizeof(SAMPLES) / sizeof(SAMPLES[0]); i++) {
		char line[512];
		snprintf(line, sizeof(line), "\n%s\n", SAMPLES[i]);
		ck_assert_msg(has_text(&reply, line), "%s", SAMPLES[i]);
	}
	reply_finish(&reply);
}
END_TEST

/* --- grammar --- */

static size_t name_length(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyz_");
}

/* Behind the closing quote, NULL where the value is not well-formed. */
static const char *skip_value(const char *at)
{
	if (*at++ != '"') {
		return NULL;
	}
	while (*at != '"') {
		if (*at == '\\' && strchr("\\\"n", at[1]) == NULL) {
			return NULL;
		}
		at += *at == '\\' ? 2 : 1;
		if (*at == '\0') {
			return NULL;
		}
	}
	return at + 1;
}

static const char *skip_labels(const char *at)
{
	if (*at != '{') {
		return at;
	}
	do {
		at++;
		size_t length = name_length(at);
		at = length > 0 && at[length] == '=' ? skip_value(at + length + 1) : NULL;
	} while (at != NULL && *at == ',');
	return at != NULL && *at == '}' ? at + 1 : NULL;
}

static void check_sample(const char *line, const char *family)
{
	size_t length = name_length(line);
	ck_assert_msg(strlen(family) == length && strncmp(line, family, length) == 0, "%s is not of %s", line, family);
	const char *at = skip_labels(line + length);
	ck_assert_msg(at != NULL && *at == ' ', "%s", line);
	char *end = NULL;
	strtod(at + 1, &end);
	ck_assert_msg(end > at + 1 && *end == '\0', "%s", line);
}

/* HELP, TYPE, then the samples of that family only; every family once. */
START_TEST(test_grammar)
{
	struct reply reply = request("GET", "/metrics");
	char families[4096] = "";
	char family[128] = "";
	char type[16];
	ck_assert(reply.body_length > 0 && reply.body[reply.body_length - 1] == '\n');
	char *rest = NULL;
	size_t samples = 0;
	for (char *line = strtok_r(reply.body, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, "# HELP ", 7) == 0) {
			ck_assert_int_eq(sscanf(line, "# HELP %127s", family), 1);
			char entry[160];
			snprintf(entry, sizeof(entry), " %s ", family);
			ck_assert_msg(strstr(families, entry) == NULL, "%s twice", family);
			ck_assert(strlen(families) + strlen(entry) < sizeof(families));
			memcpy(families + strlen(families), entry, strlen(entry) + 1);
		} else if (line[0] == '#') {
			char named[128];
			ck_assert_int_eq(sscanf(line, "# TYPE %127s %15s", named, type), 2);
			ck_assert_str_eq(named, family);
			bool is_total = strlen(family) > 6 && strcmp(family + strlen(family) - 6, "_total") == 0;
			ck_assert_str_eq(type, is_total ? "counter" : "gauge");
		} else {
			check_sample(line, family);
			samples++;
		}
	}
	ck_assert_uint_gt(samples, 40);
	reply_finish(&reply);
}
END_TEST

Suite *metrics_suite(void)
{
	Suite *suite = suite_create("metrics");
	TCase *tests = tcase_create("metrics");
	tcase_add_checked_fixture(tests, setup_served, teardown_served);
	tcase_add_test(tests, test_samples);
	tcase_add_test(tests, test_grammar);
	suite_add_tcase(suite, tests);
	return suite;
}
