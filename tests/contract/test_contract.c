/* Values of loaded contracts, epochs, and what is shown of them. */
#include "harness/base/text.h"
#include "harness/contract/contract.h"
#include "tests/contract/suites.h"

#include <stdlib.h>

#define CASES "tests/contract/cases/"
#define SECRET "7f3a9c"

static struct contract *load(const char *file)
{
	struct error err = ERROR_INIT;
	setenv("CASE_KEY", "secret-" SECRET, 1);
	struct contract *contract = contract_load(file, &err);
	ck_assert_msg(contract != NULL, "%s:%d: %s", err.file, err.line, err.message);
	return contract;
}

START_TEST(defaults)
{
	struct contract *c = load(CASES "good-smallest.yaml");
	ck_assert_str_eq(c->interface, "orders");
	ck_assert_str_eq(c->version, "1");
	ck_assert_str_eq(c->environment, "test");
	ck_assert(!c->production);
	ck_assert_str_eq(c->tap.listen, "127.0.0.1:8080");
	ck_assert_str_eq(c->tap.legacy_host, "127.0.0.1");
	ck_assert_str_eq(c->tap.legacy_port, "9000");
	ck_assert_ptr_null(c->tap.match_method);
	ck_assert_uint_eq(c->tap.capture_max, 1048576);
	ck_assert_uint_eq(c->message_id_count, 1);
	ck_assert(c->has_event_time && !c->has_test_mark && !c->records_are_array);
	ck_assert_uint_eq(c->records_at.count, 0);
	ck_assert_str_eq(c->level, "document");
	ck_assert_str_eq(c->legacy_version, "2026.3");
	ck_assert_int_eq(c->legacy_counts, COUNTS_FINAL);
	ck_assert_str_eq(c->fields[0].comparator.evaluator->name, "exact");
	ck_assert(!c->fields[0].critical);
	ck_assert_int_eq(c->limit_output_tokens, 1000);
	ck_assert_int_eq(c->limit_cost_per_day_nano, 0);
	ck_assert_uint_eq(c->shadow_ppm, 1000000);
	ck_assert_uint_eq(c->review_disagree_ppm, 500000);
	ck_assert_uint_eq(c->review_agree_ppm, 20000);
	ck_assert_uint_eq(c->pi_min_disagree_ppm, 500000);
	ck_assert_uint_eq(c->pi_min_agree_ppm, 20000);
	ck_assert_uint_eq(c->overlap_ppm, 100000);
	ck_assert_int_eq(c->reviewers, 2);
	ck_assert_int_eq(c->close_after_days, 10);
	ck_assert_double_eq(c->gate_alpha, 0.05);
	ck_assert_double_eq(c->gate_margin, 0.01);
	ck_assert_double_eq(c->gate_accuracy, 0.95);
	ck_assert_double_eq(c->gate_contract_drift, 0.01);
	ck_assert_int_eq(c->gate_cost_per_transaction_nano, 10000000);
	ck_assert_int_eq(c->gate_min_weeks, 4);
	ck_assert_double_eq(c->gate_coverage, 0.98);
	ck_assert_str_eq(c->currency, "USD");
	ck_assert_ptr_eq(c->legacy_schema, c->response_schema);
	ck_assert_int_eq(c->drift_reference_replies, 1000);
	ck_assert_double_lt(c->drift_reference_rate, 0);
	ck_assert_int_eq(c->drift_false_alarm_days, 730);
	ck_assert_uint_eq(c->drift_unit_count, 0);
	contract_destroy(c);
}
END_TEST

START_TEST(candidate_defaults)
{
	struct contract *c = load(CASES "good-smallest.yaml");
	const struct contract_candidate *candidate = &c->candidates[0];
	uint8_t digest[SHA256_SIZE];
	ck_assert_uint_eq(c->candidate_count, 1);
	ck_assert_str_eq(candidate->key, "secret-" SECRET);
	ck_assert_str_eq(candidate->endpoint, "https://llm.example/v1");
	ck_assert(span_is(candidate->prompt, "Sort this.\nTEXT: {{/text}}\n"));
	hash_sha256(candidate->prompt, digest);
	ck_assert_mem_eq(digest, candidate->prompt_hash, SHA256_SIZE);
	ck_assert_int_eq(candidate->timeout_ms, 8000);
	ck_assert_int_eq(candidate->retries, 2);
	ck_assert_int_eq(candidate->concurrency, 8);
	ck_assert_double_eq(candidate->temperature, 0);
	ck_assert(!candidate->simulated);
	ck_assert_uint_eq(c->allowed_count, 1);
	ck_assert_str_eq(c->allowed[0], "/text");
	ck_assert_int_eq(c->allowed_until, INT64_MAX);
	contract_destroy(c);
}
END_TEST

START_TEST(kinds_of_taps)
{
	struct contract *mirror = load(CASES "good-mirror.yaml");
	ck_assert_int_eq(mirror->tap.kind, CONTRACT_TAP_MIRROR);
	ck_assert_str_eq(mirror->tap.pair_header, "X-Request-Id");
	ck_assert(!mirror->tap.has_pair_path);
	ck_assert_int_eq(mirror->tap.pair_window_us, INT64_C(86400) * CLOCK_SECOND);
	ck_assert_int_eq(mirror->legacy_cutoff_us, INT64_C(172800) * CLOCK_SECOND);
	ck_assert_int_eq(mirror->tap.capture_floor, 60);
	contract_destroy(mirror);
	struct contract *ingest = load(CASES "good-ingest.yaml");
	ck_assert_int_eq(ingest->tap.kind, CONTRACT_TAP_INGEST);
	ck_assert_ptr_null(ingest->tap.listen);
	ck_assert(ingest->tap.has_pair_path);
	ck_assert_int_eq(ingest->tap.pair_window_us, INT64_C(259200) * CLOCK_SECOND);
	contract_destroy(ingest);
}
END_TEST

START_TEST(tls_of_both_sides)
{
	struct contract *c = load(CASES "good-tls.yaml");
	ck_assert_int_eq(c->tap.kind, CONTRACT_TAP_INLINE);
	ck_assert(c->tap.tls.used && c->tap.tls.only_13);
	ck_assert_int_eq(c->tap.tls.certificate[0], '/');
	ck_assert(c->tap.legacy_tls && c->tap.legacy_files.used && !c->tap.legacy_verify);
	ck_assert_ptr_null(c->tap.legacy_files.certificate);
	ck_assert_str_eq(c->tap.legacy_port, "443");
	ck_assert_str_eq(c->tap.legacy_server_name, "erp.example");
	ck_assert(c->tap.forwarded);
	ck_assert_int_eq(c->tap.legacy_timeout_ms, 5000);
	ck_assert_int_eq(c->tap.capture_floor, 0);
	contract_destroy(c);
}
END_TEST

START_TEST(everything)
{
	struct contract *c = load(CASES "good-everything.yaml");
	const struct contract_candidate *candidate = &c->candidates[0];
	ck_assert_str_eq(c->version, "2026.10"); /* a number as it was written, not 2026.1 */
	ck_assert(c->production);
	ck_assert_str_eq(c->tap.legacy_host, "::1");
	ck_assert_str_eq(c->tap.legacy_port, "80");
	ck_assert_str_eq(c->tap.match_path, "/route");
	ck_assert_uint_eq(c->message_id_count, 0);
	ck_assert(c->has_test_mark);
	ck_assert_int_eq(c->legacy_counts, COUNTS_AT_CUTOFF);
	ck_assert(c->legacy_simulated && candidate->simulated);
	ck_assert_str_eq(candidate->endpoint, "https://llm.example/v1");
	ck_assert_int_eq(candidate->price.input, 150000000);
	ck_assert_int_eq(candidate->price.output, 600000000);
	ck_assert_int_eq(candidate->price.cache_read, 75000000);
	ck_assert_int_eq(candidate->price.cache_write, 150000000);
	ck_assert_int_eq(c->limit_cost_per_day_nano, INT64_C(50000000000));
	ck_assert_int_eq(c->limit_cost_per_transaction_nano, 1);
	ck_assert_int_eq(c->slo_p95_ms, 5000);
	ck_assert_uint_eq(c->shadow_ppm, 250000);
	ck_assert_uint_eq(c->pi_min_disagree_ppm, 250000);
	ck_assert_uint_eq(c->pi_min_agree_ppm, 10000);
	ck_assert_double_eq(c->gate_coverage, 0.9);
	contract_destroy(c);
}
END_TEST

/* Replies of other shapes are held to nothing unless the contract says to what. */
START_TEST(legacy_replies_have_a_schema_where_it_fits)
{
	struct contract *alike = load(CASES "good-everything.yaml");
	struct contract *other = load(CASES "good-drift.yaml");
	struct contract *none = load(CASES "good-shapes.yaml");
	ck_assert_ptr_eq(alike->legacy_schema, alike->response_schema);
	ck_assert_ptr_nonnull(other->legacy_own_schema);
	ck_assert_ptr_eq(other->legacy_schema, other->legacy_own_schema);
	ck_assert_ptr_null(none->legacy_schema);
	contract_destroy(alike);
	contract_destroy(other);
	contract_destroy(none);
}
END_TEST

START_TEST(drift)
{
	struct contract *c = load(CASES "good-drift.yaml");
	ck_assert_int_eq(c->drift_reference_replies, 500);
	ck_assert_double_eq(c->drift_reference_rate, 0.002);
	ck_assert_int_eq(c->drift_replies_per_day, 20000);
	ck_assert_int_eq(c->drift_false_alarm_days, 365);
	ck_assert_uint_eq(c->drift_unit_count, 2);
	ck_assert_str_eq(c->drift_units[1], "/lines/*/uom");
	contract_destroy(c);
}
END_TEST

START_TEST(classification)
{
	struct contract *c = load(CASES "good-approved.yaml");
	int64_t end;
	ck_assert(clock_parse(SPAN("9000-01-02"), &end)); /* the approval's last day is part of it */
	ck_assert_uint_eq(c->allowed_count, 2);
	ck_assert_str_eq(c->allowed[1], "/contact");
	ck_assert_uint_eq(c->withheld_count, 0);
	ck_assert_int_eq(c->allowed_until, end);
	contract_destroy(c);
	c = load(CASES "good-internal-inside-pii.yaml");
	ck_assert_uint_eq(c->allowed_count, 1);
	ck_assert_str_eq(c->allowed[0], "/customer/name");
	ck_assert_str_eq(c->withheld[0], "/customer");
	contract_destroy(c);
}
END_TEST

/* --- epochs --- */

static void epoch(const struct contract *contract, uint8_t hash[SHA256_SIZE])
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;
	ck_assert(contract_epoch(contract, &contract->candidates[0], &text, hash, &err));
	uint8_t digest[SHA256_SIZE];
	hash_sha256(buffer_span(&text), digest);
	ck_assert_mem_eq(digest, hash, SHA256_SIZE);
	ck_assert_ptr_null(strstr(text.data, SECRET));
	ck_assert_ptr_null(strstr(text.data, "example.com"));
	ck_assert_ptr_null(strstr(text.data, "127.0.0.1"));
}

START_TEST(epoch_is_stable)
{
	struct contract *c = load(CASES "good-smallest.yaml");
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	uint8_t hash[SHA256_SIZE];
	ck_assert(contract_epoch(c, &c->candidates[0], &text, hash, NULL));
	ck_assert_ptr_eq(strstr(text.data, "{\"candidate\":{\"model\":\"m\",\"name\":\"mini\",\"prompt\":\""),
			 text.data);
	ck_assert_ptr_nonnull(strstr(text.data, "\"fields\":[{\"compare\":\"exact\",\"critical\":false,"
						"\"legacy_at\":\"/queue\",\"llm_at\":\"/queue\",\"name\":\"queue\","
						"\"semantics\":1}]"));
	ck_assert_ptr_nonnull(strstr(text.data, "\"alpha\":0.05,"));
	contract_destroy(c);
}
END_TEST

/* What evidence depends on moves the hash; what it does not depend on leaves it. */
START_TEST(epoch_depends)
{
	struct contract *c = load(CASES "good-everything.yaml");
	struct contract_candidate *candidate = &c->candidates[0];
	uint8_t before[SHA256_SIZE];
	uint8_t after[SHA256_SIZE];
	epoch(c, before);
	c->owner_integration = "other";
	c->tap.listen = "127.0.0.1:1";
	c->limit_cost_per_day_nano++;
	c->environment = "test";
	candidate->key = NULL;
	candidate->endpoint = "http://other";
	candidate->price.input++;
	candidate->concurrency++;
	c->shadow_ppm--;
	c->shadow_floor++;
	epoch(c, after);
	ck_assert_mem_eq(before, after, SHA256_SIZE);
#define MOVES(change, back)                                                                                            \
	do {                                                                                                           \
		change;                                                                                                \
		epoch(c, after);                                                                                       \
		ck_assert_msg(memcmp(before, after, SHA256_SIZE) != 0, "not in the epoch: %s", #change);               \
		back;                                                                                                  \
	} while (0)
	MOVES(c->interface = "x", c->interface = "orders");
	MOVES(candidate->model = "m2", candidate->model = "m");
	MOVES(candidate->name = "n2", candidate->name = "mini");
	MOVES(candidate->temperature += 0.25, candidate->temperature -= 0.25);
	MOVES(candidate->prompt_hash[0] ^= 1, candidate->prompt_hash[0] ^= 1);
	MOVES(c->request_schema_hash[31] ^= 1, c->request_schema_hash[31] ^= 1);
	MOVES(c->response_schema_hash[31] ^= 1, c->response_schema_hash[31] ^= 1);
	MOVES(c->legacy_version = "r2", c->legacy_version = "r1");
	MOVES(c->fields[0].critical = true, c->fields[0].critical = false);
	MOVES(c->review_agree_ppm++, c->review_agree_ppm--);
	MOVES(c->pi_min_agree_ppm--, c->pi_min_agree_ppm++);
	MOVES(c->overlap_ppm++, c->overlap_ppm--);
	MOVES(c->reviewers++, c->reviewers--);
	MOVES(c->gate_margin += 1e-12, c->gate_margin -= 1e-12);
	MOVES(c->gate_min_weeks++, c->gate_min_weeks--);
	MOVES(c->limit_output_tokens++, c->limit_output_tokens--);
	MOVES(c->limit_cost_per_transaction_nano++, c->limit_cost_per_transaction_nano--);
	contract_destroy(c);
}
END_TEST

/* A description that a former version stored, with the share of the shadow sample in it, is the same period. */
START_TEST(epoch_of_a_former_version)
{
	static const char now[] = "{\"gate\":{\"alpha\":0.05},\"interface\":\"x\",\"sampling\":{\"agree_ppm\":1,"
				  "\"reviewers\":2}}";
	static const struct {
		const char *stored;
		bool same;
	} rows[] = {
		{now, true},
		{"{\"gate\":{\"alpha\":0.05},\"interface\":\"x\",\"sampling\":{\"agree_ppm\":1,\"reviewers\":2,"
		 "\"shadow_ppm\":250000}}",
		 true},
		{"{\"gate\":{\"alpha\":0.05},\"interface\":\"x\",\"sampling\":{\"agree_ppm\":2,\"reviewers\":2,"
		 "\"shadow_ppm\":250000}}",
		 false},
		{"{\"gate\":{\"alpha\":0.05},\"interface\":\"y\",\"sampling\":{\"agree_ppm\":1,\"reviewers\":2,"
		 "\"shadow_ppm\":250000}}",
		 false},
		{"{\"gate\":{\"alpha\":0.05},\"interface\":\"x\",\"sampling\":{\"agree_ppm\":1,\"other\":1,"
		 "\"reviewers\":2}}",
		 false},
		{"{\"gate\":{\"alpha\":0.05},\"interface\":\"x\",\"more\":1,\"sampling\":{\"agree_ppm\":1,"
		 "\"reviewers\":2,\"shadow_ppm\":1}}",
		 false},
		{"{\"interface\":\"x\",\"sampling\":{\"agree_ppm\":1,\"reviewers\":2,\"shadow_ppm\":1}}", false},
		{"not JSON", false},
		{"", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_msg(contract_epoch_same(span_of(rows[i].stored), span_of(now)) == rows[i].same, "row %zu", i);
	}
}
END_TEST

START_TEST(effective)
{
	struct contract *c = load(CASES "good-everything.yaml");
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	const struct json_node *root;
	contract_write_effective(c, &text);
	ck_assert(buffer_ok(&text, "effective values", NULL));
	ck_assert_ptr_null(strstr(text.data, SECRET));
	ck_assert(json_parse(&arena, buffer_span(&text), NULL, &root, NULL));
	const struct json_node *candidate = json_at(json_get_text(root, "candidates"), 0);
	ck_assert(json_is(json_get_text(candidate, "has_key"), JSON_TRUE));
	ck_assert(span_is(json_text(json_get_text(candidate, "retries")), "0"));
	ck_assert(span_is(json_text(json_get_text(json_get_text(root, "sampling"), "shadow_ppm")), "250000"));
	ck_assert(span_is(json_text(json_get_text(json_get_text(root, "fallback"), "failure")), "legacy"));
	contract_destroy(c);
}
END_TEST

/* Editors read the schemas too: they must be JSON. */
START_TEST(schemas)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
	const struct json_node *root;
	ck_assert(json_parse(&arena, contract_schema_text(), NULL, &root, NULL));
	ck_assert(json_get_text(json_get_text(root, "properties"), "gate") != NULL);
	ck_assert(json_parse(&arena, installation_schema_text(), NULL, &root, NULL));
	ck_assert(json_get_text(json_get_text(root, "properties"), "store") != NULL);
}
END_TEST

Suite *contract_suite(void)
{
	Suite *suite = suite_create("contract");
	TCase *tests = tcase_create("contract");
	tcase_add_test(tests, defaults);
	tcase_add_test(tests, candidate_defaults);
	tcase_add_test(tests, everything);
	tcase_add_test(tests, kinds_of_taps);
	tcase_add_test(tests, tls_of_both_sides);
	tcase_add_test(tests, legacy_replies_have_a_schema_where_it_fits);
	tcase_add_test(tests, drift);
	tcase_add_test(tests, classification);
	tcase_add_test(tests, epoch_is_stable);
	tcase_add_test(tests, epoch_depends);
	tcase_add_test(tests, epoch_of_a_former_version);
	tcase_add_test(tests, effective);
	tcase_add_test(tests, schemas);
	suite_add_tcase(suite, tests);
	return suite;
}
