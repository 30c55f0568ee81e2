/* What the evidence depends on, and everything in force: two descriptions of a loaded contract as JSON. */
#include "harness/base/json_build.h"
#include "harness/base/text.h"
#include "harness/contract/contract.h"
#include "harness/contract/describe.h"

enum { DESCRIPTION_MAX = 16 << 20 };

void describe_path(struct json_build *build, const char *name, const struct select_path *path)
{
	struct buffer pointer CLEANUP_BUFFER = BUFFER_INIT(1 << 16);
	if (select_to_pointer(path, &pointer)) {
		json_build_span(build, name, buffer_span(&pointer));
		return;
	}
	buffer_append_byte(&pointer, '$'); /* counts from an array's end: only JSONPath can say that */
	for (size_t i = 0; i < path->count; i++) {
		const struct select_step *step = &path->steps[i];
		if (step->kind == SELECT_INDEX) {
			buffer_append_format(&pointer, "[%jd]", (intmax_t)step->index);
		} else {
			buffer_append_byte(&pointer, '[');
			json_write_string(&pointer, step->name);
			buffer_append_byte(&pointer, ']');
		}
	}
	json_build_span(build, name, buffer_span(&pointer));
}

static void build_hash(struct json_build *build, const char *name, const uint8_t hash[SHA256_SIZE])
{
	struct buffer hex CLEANUP_BUFFER = BUFFER_INIT(2 * SHA256_SIZE);
	text_write_hex(&hex, hash, SHA256_SIZE);
	json_build_span(build, name, buffer_span(&hex));
}

void describe_fields(struct json_build *build, const struct contract *contract)
{
	json_build_array(build, "fields");
	for (size_t i = 0; i < contract->field_count; i++) {
		const struct contract_field *field = &contract->fields[i];
		json_build_object(build, NULL);
		json_build_text(build, "name", field->name);
		describe_path(build, "legacy_at", &field->legacy_at);
		describe_path(build, "llm_at", &field->llm_at);
		if (field->rule != NULL) {
			json_build_node(build, "compare", field->rule);
		} else {
			json_build_text(build, "compare", field->comparator.evaluator->name);
		}
		json_build_integer(build, "semantics", field->comparator.evaluator->semantics);
		json_build_boolean(build, "critical", field->critical);
		json_build_end(build);
	}
	json_build_end(build);
}

void describe_records(struct json_build *build, const struct contract *contract)
{
	json_build_object(build, "records");
	describe_path(build, "at", &contract->records_at);
	if (contract->records_are_array) {
		describe_path(build, "key", &contract->records_key);
	}
	json_build_text(build, "level", contract->level);
	json_build_end(build);
}

/* The shadow sample may change at any time: the evidence is about what was compared, whatever its share. */
static void build_sampling(struct json_build *build, const struct contract *contract, bool with_the_rest)
{
	json_build_object(build, "sampling");
	if (with_the_rest) {
		json_build_integer(build, "shadow_ppm", contract->shadow_ppm);
		json_build_integer(build, "shadow_floor", contract->shadow_floor);
	}
	json_build_integer(build, "disagree_ppm", contract->review_disagree_ppm);
	json_build_integer(build, "agree_ppm", contract->review_agree_ppm);
	json_build_integer(build, "pi_min_disagree_ppm", contract->pi_min_disagree_ppm);
	json_build_integer(build, "pi_min_agree_ppm", contract->pi_min_agree_ppm);
	json_build_integer(build, "reviewers", contract->reviewers);
	json_build_integer(build, "overlap_ppm", contract->overlap_ppm);
	json_build_integer(build, "close_after_days", contract->close_after_days);
	json_build_end(build);
}

static void build_gate(struct json_build *build, const struct contract *contract)
{
	json_build_object(build, "gate");
	json_build_exact(build, "alpha", contract->gate_alpha);
	json_build_exact(build, "margin", contract->gate_margin);
	json_build_exact(build, "accuracy", contract->gate_accuracy);
	json_build_exact(build, "contract_drift", contract->gate_contract_drift);
	json_build_integer(build, "cost_per_transaction_nano", contract->gate_cost_per_transaction_nano);
	json_build_integer(build, "min_weeks", contract->gate_min_weeks);
	json_build_exact(build, "coverage", contract->gate_coverage);
	json_build_end(build);
}

static void build_legacy(struct json_build *build, const struct contract *contract, bool with_the_rest)
{
	static const char *const counts[] = {"first", "final", "at_cutoff"};
	json_build_object(build, "legacy");
	json_build_text(build, "kind", contract->legacy_kind);
	json_build_text(build, "version", contract->legacy_version);
	json_build_text(build, "counts", counts[contract->legacy_counts]);
	if (contract->legacy_counts == COUNTS_AT_CUTOFF) {
		json_build_integer(build, "cutoff_us", contract->legacy_cutoff_us);
	}
	if (with_the_rest) {
		const struct json_node *schema = json_get_text(json_get_text(contract->root, "legacy"), "schema");
		bool response = contract->legacy_schema == contract->response_schema;
		json_build_boolean(build, "simulated", contract->legacy_simulated);
		if (contract->legacy_own_schema != NULL) {
			json_build_node(build, "schema", schema);
		} else {
			json_build_text(build, "schema", response ? "response" : "none");
		}
	}
	json_build_end(build);
}

/* What both descriptions say of the contract itself. */
static void build_design(struct json_build *build, const struct contract *contract, bool with_the_rest)
{
	json_build_text(build, "interface", contract->interface);
	describe_records(build, contract);
	describe_fields(build, contract);
	build_sampling(build, contract, with_the_rest);
	build_gate(build, contract);
	build_hash(build, "request_schema", contract->request_schema_hash);
	build_hash(build, "response_schema", contract->response_schema_hash);
	if (!contract->assert_format) { /* what periods began with before there was a choice */
		json_build_boolean(build, "assert_format", false);
	}
}

bool describe_canonical(const struct json_build *build, struct buffer *ret_description, struct error *err)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(DESCRIPTION_MAX);
	struct arena arena CLEANUP_ARENA = ARENA_INIT(DESCRIPTION_MAX * 4);
	const struct json_node *root;
	if (!json_build_write(build, 0, &text, err) || !json_parse(&arena, buffer_span(&text), NULL, &root, err)) {
		return false;
	}
	buffer_clear(ret_description);
	json_write_canonical(ret_description, root);
	return buffer_ok(ret_description, "the description of the evaluation period", err);
}

bool contract_epoch(const struct contract *contract, const struct contract_candidate *candidate,
		    struct buffer *ret_description, uint8_t ret_hash[SHA256_SIZE], struct error *err)
{
	struct json_build *build = json_build_create();
	build_design(build, contract, false);
	build_legacy(build, contract, false);
	json_build_object(build, "candidate");
	json_build_text(build, "name", candidate->name);
	json_build_text(build, "provider", candidate->provider);
	json_build_text(build, "model", candidate->model);
	build_hash(build, "prompt", candidate->prompt_hash);
	json_build_exact(build, "temperature", candidate->temperature);
	json_build_end(build);
	json_build_integer(build, "output_tokens", contract->limit_output_tokens);
	json_build_integer(build, "cost_per_transaction_nano", contract->limit_cost_per_transaction_nano);
	bool ok = describe_canonical(build, ret_description, err);
	json_build_destroy(build);
	if (ok) {
		hash_sha256(buffer_span(ret_description), ret_hash);
	}
	return ok;
}

/* Members of one object that the other has as well, with the same value; `except` is not looked at. */
static size_t count_same(const struct json_node *one, const struct json_node *other, const char *except)
{
	size_t same = 0;
	for (const struct json_node *name = json_first(one); name != NULL; name = json_next(one, name)) {
		same += !span_is(json_text(name), except) &&
			json_equal(json_member(name), json_get(other, json_text(name)));
	}
	return same;
}

bool contract_epoch_same(struct span stored, struct span description)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(DESCRIPTION_MAX * 4);
	const struct json_node *before;
	const struct json_node *now;
	if (span_equal(stored, description)) {
		return true;
	}
	if (!json_parse(&arena, stored, NULL, &before, NULL) || !json_parse(&arena, description, NULL, &now, NULL)) {
		return false;
	}
	const struct json_node *sampling_before = json_get_text(before, "sampling");
	const struct json_node *sampling_now = json_get_text(now, "sampling");
	size_t left_out = json_get_text(sampling_before, "shadow_ppm") != NULL;
	return json_count(before) == json_count(now) && count_same(before, now, "sampling") == json_count(now) - 1 &&
	       json_count(sampling_before) == json_count(sampling_now) + left_out &&
	       count_same(sampling_now, sampling_before, "shadow_ppm") == json_count(sampling_now);
}

/* --- everything in force --- */

static void build_candidate(struct json_build *build, const struct contract_candidate *candidate)
{
	json_build_object(build, NULL);
	json_build_text(build, "name", candidate->name);
	json_build_text(build, "provider", candidate->provider);
	json_build_text(build, "endpoint", candidate->endpoint);
	json_build_boolean(build, "has_key", candidate->key != NULL);
	json_build_text(build, "model", candidate->model);
	build_hash(build, "prompt", candidate->prompt_hash);
	json_build_number(build, "temperature", candidate->temperature);
	json_build_integer(build, "timeout_ms", candidate->timeout_ms);
	json_build_integer(build, "retries", candidate->retries);
	json_build_integer(build, "concurrency", candidate->concurrency);
	json_build_object(build, "price_nano_per_million_tokens");
	json_build_integer(build, "input", candidate->price.input);
	json_build_integer(build, "output", candidate->price.output);
	json_build_integer(build, "cache_read", candidate->price.cache_read);
	json_build_integer(build, "cache_write", candidate->price.cache_write);
	json_build_end(build);
	json_build_boolean(build, "simulated", candidate->simulated);
	json_build_end(build);
}

static void build_tls(struct json_build *build, const char *name, const struct contract_tls *tls)
{
	if (!tls->used) {
		return;
	}
	json_build_object(build, name);
	json_build_text(build, "certificate", tls->certificate);
	json_build_text(build, "key", tls->key);
	json_build_text(build, "ca", tls->ca);
	json_build_end(build);
}

static void build_pair(struct json_build *build, const struct contract_tap *tap)
{
	json_build_object(build, "pair");
	json_build_text(build, "header", tap->pair_header);
	if (tap->has_pair_path) {
		describe_path(build, "path", &tap->pair_path);
	}
	json_build_integer(build, "window_us", tap->pair_window_us);
	json_build_end(build);
}

static void build_tap(struct json_build *build, const struct contract *contract)
{
	static const char *const kinds[] = {"none", "inline", "mirror", "ingest"};
	if (contract->tap.kind == CONTRACT_TAP_NONE) {
		json_build_null(build, "tap");
		return;
	}
	json_build_object(build, "tap");
	json_build_text(build, "kind", kinds[contract->tap.kind]);
	json_build_text(build, "listen", contract->tap.listen);
	json_build_text(build, "legacy_host", contract->tap.legacy_host);
	json_build_text(build, "legacy_port", contract->tap.legacy_port);
	json_build_text(build, "match_method", contract->tap.match_method);
	json_build_text(build, "match_path", contract->tap.match_path);
	json_build_integer(build, "capture_max", (int64_t)contract->tap.capture_max);
	json_build_integer(build, "capture_floor", contract->tap.capture_floor);
	build_tls(build, "tls", &contract->tap.tls);
	build_pair(build, &contract->tap);
	if (contract->tap.kind == CONTRACT_TAP_INLINE) {
		build_tls(build, "legacy_tls", &contract->tap.legacy_files);
		json_build_text(build, "legacy_server_name", contract->tap.legacy_server_name);
		json_build_boolean(build, "legacy_verify", contract->tap.legacy_verify);
		json_build_boolean(build, "forwarded", contract->tap.forwarded);
		json_build_integer(build, "legacy_timeout_ms", contract->tap.legacy_timeout_ms);
	}
	json_build_end(build);
}

void describe_message(struct json_build *build, const struct contract *contract)
{
	json_build_object(build, "message");
	json_build_text(build, "format", "json");
	json_build_array(build, "id");
	for (size_t i = 0; i < contract->message_id_count; i++) {
		describe_path(build, NULL, &contract->message_id[i]);
	}
	json_build_end(build);
	if (contract->has_event_time) {
		describe_path(build, "event_time", &contract->event_time);
	}
	if (contract->has_test_mark) {
		describe_path(build, "test", &contract->test_mark);
	}
	json_build_end(build);
}

static void build_pointers(struct json_build *build, const char *name, const char *const *pointers, size_t count)
{
	json_build_array(build, name);
	for (size_t i = 0; i < count; i++) {
		json_build_text(build, NULL, pointers[i]);
	}
	json_build_end(build);
}

static void build_data(struct json_build *build, const struct contract *contract)
{
	char until[CLOCK_TEXT_SIZE];
	json_build_object(build, "data");
	build_pointers(build, "allowed", contract->allowed, contract->allowed_count);
	build_pointers(build, "withheld", contract->withheld, contract->withheld_count);
	if (contract->allowed_until != INT64_MAX) {
		json_build_text(build, "allowed_until", clock_format(contract->allowed_until, until));
	}
	json_build_end(build);
}

void describe_limits(struct json_build *build, const struct contract *contract)
{
	json_build_object(build, "limits");
	json_build_integer(build, "input_tokens", contract->limit_input_tokens);
	json_build_integer(build, "output_tokens", contract->limit_output_tokens);
	json_build_integer(build, "cost_per_day_nano", contract->limit_cost_per_day_nano);
	json_build_integer(build, "cost_per_transaction_nano", contract->limit_cost_per_transaction_nano);
	json_build_text(build, "currency", contract->currency);
	json_build_end(build);
}

/* Nothing reads these yet, so they are shown as written. None of them holds a secret by its nature. */
static void build_declarations(struct json_build *build, const struct contract *contract)
{
	static const char *const names[] = {"owners", "slo", "fallback", "retention"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct json_node *node = json_get_text(contract->root, names[i]);
		if (node != NULL) {
			json_build_node(build, names[i], node);
		}
	}
}

static void build_drift(struct json_build *build, const struct contract *contract)
{
	json_build_object(build, "drift");
	json_build_integer(build, "reference_replies", contract->drift_reference_replies);
	if (contract->drift_reference_rate >= 0) {
		json_build_object(build, "reference");
		json_build_number(build, "rate", contract->drift_reference_rate);
		json_build_integer(build, "replies_per_day", contract->drift_replies_per_day);
		json_build_end(build);
	}
	json_build_integer(build, "false_alarm_days", contract->drift_false_alarm_days);
	json_build_array(build, "units");
	for (size_t i = 0; i < contract->drift_unit_count; i++) {
		json_build_text(build, NULL, contract->drift_units[i]);
	}
	json_build_end(build);
	json_build_end(build);
}

void contract_write_effective(const struct contract *contract, struct buffer *buffer)
{
	struct json_build *build = json_build_create();
	build_design(build, contract, true);
	json_build_text(build, "version", contract->version);
	json_build_text(build, "environment", contract->environment);
	build_tap(build, contract);
	describe_message(build, contract);
	build_legacy(build, contract, true);
	json_build_array(build, "candidates");
	for (size_t i = 0; i < contract->candidate_count; i++) {
		build_candidate(build, &contract->candidates[i]);
	}
	json_build_end(build);
	build_data(build, contract);
	describe_limits(build, contract);
	build_drift(build, contract);
	build_declarations(build, contract);
	if (!json_build_write(build, 2, buffer, NULL)) {
		buffer->failed = true;
	}
	json_build_destroy(build);
}
