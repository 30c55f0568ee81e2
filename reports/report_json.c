/* The weekly report as JSON: for programs, and for the digest of a published report. */
#include "harness/base/json_build.h"
#include "harness/base/text.h"
#include "reports/report.h"

#include <math.h>

static const char *const SIDES[SIDE_COUNT] = {"agree", "disagree", "invalid"};

static void build_count(struct json_build *build, const char *name, uint64_t count)
{
	json_build_integer(build, name, count > INT64_MAX ? INT64_MAX : (int64_t)count);
}

static void build_week_name(struct json_build *build, const char *name, int32_t week)
{
	char text[CLOCK_TEXT_SIZE];
	json_build_text(build, name, week > 0 ? clock_week_format(week, text) : NULL);
}

static void build_estimate(struct json_build *build, const char *name, const struct stats_estimate *estimate,
			   bool known, uint64_t n, const char *method)
{
	json_build_object(build, name);
	json_build_number(build, "estimate", known ? estimate->value : (double)NAN);
	json_build_number(build, "low", known ? estimate->interval.low : (double)NAN);
	json_build_number(build, "high", known ? estimate->interval.high : (double)NAN);
	build_count(build, "n", n);
	json_build_text(build, "method", method);
	json_build_text(build, "kind", "fixed-time 95%");
	json_build_number(build, "unlabelled_weight", estimate->unlabelled);
	if (!known) {
		json_build_text(build, "reason", "no labels yet");
	}
	json_build_end(build);
}

static void build_exchanges(const struct figures *figures, struct json_build *build)
{
	json_build_object(build, "exchanges");
	build_count(build, "stored", figures->stored);
	for (int i = 0; i < EVALUATION_COUNT; i++) {
		build_count(build, evaluation_name(i), figures->states[i]);
	}
	json_build_object(build, "not_evaluated_by_reason");
	for (int i = 0; i < NOT_EVALUATED_COUNT; i++) {
		build_count(build, not_evaluated_name(i), figures->reasons[i]);
	}
	json_build_end(build);
	json_build_object(build, "legacy_outcomes");
	for (int i = 0; i < LEGACY_OUTCOME_COUNT; i++) {
		build_count(build, legacy_outcome_name(i), figures->legacy[i]);
	}
	json_build_end(build);
	json_build_object(build, "shadow_sample");
	for (int i = 0; i < SHADOW_RULE_COUNT; i++) {
		json_build_object(build, shadow_rule_name(i));
		build_count(build, "drawn", figures->drawn[i]);
		build_count(build, "chosen", figures->chosen[i]);
		json_build_end(build);
	}
	json_build_end(build);
	json_build_number(build, "coverage", figures->coverage);
	json_build_end(build);
}

static void build_records(const struct figures *figures, struct json_build *build)
{
	static const char *const pairs[] = {"both_correct", "llm_only", "legacy_only", "neither"};
	json_build_object(build, "records");
	build_count(build, "compared", figures->records);
	for (int side = 0; side < SIDE_COUNT; side++) {
		build_count(build, SIDES[side], figures->sides[side]);
	}
	json_build_number(build, "disagreement_rate", figures->disagreement_rate);
	build_count(build, "sampled", figures->sampled);
	build_count(build, "labelled", figures->labelled);
	build_count(build, "unlabelable", figures->unlabelable);
	build_count(build, "unsettled", figures->unsettled);
	json_build_object(build, "labels");
	for (int i = 0; i < 4; i++) {
		build_count(build, pairs[i], figures->pairs[i]);
	}
	json_build_end(build);
	json_build_end(build);
	bool known = figures->estimated;
	build_estimate(build, "accuracy_llm", &figures->llm, known, figures->labelled,
		       "post-stratified, MOVER-Wilson with finite-population correction");
	build_estimate(build, "accuracy_legacy", &figures->legacy_accuracy, known, figures->labelled,
		       "post-stratified, MOVER-Wilson with finite-population correction");
	build_estimate(build, "difference", &figures->difference, known, figures->labelled,
		       "post-stratified, MOVER-Tango with finite-population correction");
	json_build_object(build, "naive");
	json_build_text(build, "warning", "biased: shown for contrast only");
	json_build_number(build, "labelled_disagreements_only", figures->naive_disagreements);
	json_build_number(build, "unweighted_pool", figures->naive_pooled);
	json_build_end(build);
}

static void build_transactions(const struct report *report, const struct figures *figures, struct json_build *build)
{
	const struct evidence_transactions *sums = &figures->sums;
	json_build_object(build, "contract_drift");
	build_count(build, "replies", sums->replies);
	build_count(build, "deviating", sums->contract_drift);
	json_build_number(build, "rate", figures->drift_rate);
	json_build_number(build, "low", figures->drift.low);
	json_build_number(build, "high", figures->drift.high);
	json_build_text(build, "method", "census; Wilson interval of the process");
	json_build_text(build, "kind", "fixed-time 95%");
	json_build_end(build);
	json_build_object(build, "cost");
	json_build_text(build, "currency", report->contract->currency);
	json_build_integer(build, "total_nano", sums->cost_nano);
	json_build_integer(build, "most_expensive_nano", sums->cost_nano_max);
	json_build_number(build, "per_transaction", figures->cost);
	json_build_number(build, "per_correct_record", figures->cost_per_correct);
	build_count(build, "transactions", sums->compared);
	build_count(build, "attempts", sums->attempts);
	json_build_end(build);
	json_build_object(build, "tokens");
	build_count(build, "input_uncached", sums->tokens_input);
	build_count(build, "cache_read", sums->tokens_cache_read);
	build_count(build, "cache_write", sums->tokens_cache_write);
	build_count(build, "output", sums->tokens_output);
	json_build_end(build);
	json_build_object(build, "outcomes");
	for (int i = 0; i < OUTCOME_COUNT; i++) {
		build_count(build, outcome_name(i), sums->outcomes[i]);
	}
	json_build_end(build);
}

static void build_figures(const struct report *report, const struct figures *figures, struct json_build *build)
{
	build_exchanges(figures, build);
	build_records(figures, build);
	build_transactions(report, figures, build);
}

static void build_ledger(const struct evidence_candidate_ledger *ledger, struct json_build *build)
{
	json_build_object(build, "ledger");
	build_count(build, "stored", ledger->stored);
	for (int i = 0; i < EVALUATION_COUNT; i++) {
		build_count(build, evaluation_name(i), ledger->states[i]);
	}
	json_build_object(build, "not_evaluated_by_reason");
	for (int i = 0; i < NOT_EVALUATED_COUNT; i++) {
		build_count(build, not_evaluated_name(i), ledger->reasons[i]);
	}
	json_build_end(build);
	build_count(build, "pending_awaits_legacy", ledger->awaiting);
	build_count(build, "pending_held_invalid", ledger->held_invalid);
	build_count(build, "pending_held_changed", ledger->held_changed);
	build_count(build, "captured_before_candidate", ledger->before);
	json_build_integer(build, "difference", ledger->difference);
	json_build_boolean(build, "ties_out", ledger->difference == 0);
	json_build_end(build);
}

static void build_outcomes(const struct evidence_tap_ledger *tap, struct json_build *build)
{
	const struct store_outcomes *outcomes = &tap->outcomes;
	json_build_object(build, "late_answers");
	build_count(build, "read", outcomes->read);
	build_count(build, "of_these_through_a_tap", tap->outcome);
	build_count(build, "joined", outcomes->joined);
	build_count(build, "waiting", outcomes->waiting);
	build_count(build, "duplicate", outcomes->duplicate);
	build_count(build, "unpaired", outcomes->unpaired);
	build_count(build, "joined_after_the_week_was_closed", outcomes->closed);
	build_count(build, "joined_with_an_unpaired_exchange", outcomes->returned);
	json_build_boolean(build, "ties_out", store_outcomes_tie_out(outcomes));
	json_build_end(build);
}

static void build_drop_weeks(const struct evidence_tap_ledger *tap, struct json_build *build)
{
	char week[CLOCK_TEXT_SIZE];
	json_build_array(build, "dropped_by_week");
	for (size_t i = 0; i < tap->drop_week_count; i++) {
		json_build_object(build, NULL);
		json_build_text(build, "week", clock_week_format(tap->drop_weeks[i].week, week));
		for (int reason = 0; reason < DROP_REASON_COUNT; reason++) {
			build_count(build, drop_reason_name(reason), tap->drop_weeks[i].dropped[reason]);
		}
		json_build_end(build);
	}
	json_build_end(build);
}

static void build_tap_ledger(const struct evidence_tap_ledger *tap, struct json_build *build)
{
	json_build_object(build, "accounts");
	build_count(build, "seen", tap->seen);
	build_count(build, "committed", tap->committed);
	build_count(build, "in_flight", tap->in_flight);
	json_build_object(build, "dropped");
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		build_count(build, drop_reason_name(i), tap->dropped[i]);
	}
	json_build_end(build);
	build_drop_weeks(tap, build);
	build_count(build, "in_spool", tap->in_spool);
	build_count(build, "unclaimed", tap->unclaimed);
	build_count(build, "stored", tap->stored);
	build_count(build, "duplicate", tap->duplicate);
	build_count(build, "revisions_among_stored", tap->revision);
	build_count(build, "stored_without_tap", tap->stored_without);
	build_count(build, "duplicate_without_tap", tap->duplicate_without);
	build_outcomes(tap, build);
	build_count(build, "read_after_the_account", tap->missing < 0 ? (uint64_t)-tap->missing : 0);
	json_build_integer(build, "difference", tap->unseen != 0 ? tap->unseen : tap->missing > 0 ? tap->missing : 0);
	json_build_boolean(build, "ties_out", tap->unseen == 0 && tap->missing <= 0);
	json_build_end(build);
}

static void build_fields(const struct report_candidate *candidate, struct json_build *build)
{
	json_build_array(build, "fields");
	for (size_t i = 0; i < candidate->field_count; i++) {
		json_build_object(build, NULL);
		json_build_text(build, "name", candidate->fields[i].name);
		for (int verdict = 0; verdict < VERDICT_COUNT; verdict++) {
			build_count(build, verdict_name(verdict), candidate->fields[i].verdicts[verdict]);
		}
		json_build_end(build);
	}
	json_build_end(build);
	json_build_array(build, "top_disagreements");
	for (size_t i = 0; i < candidate->pair_count; i++) {
		const struct report_pair *pair = &candidate->pairs[i];
		json_build_object(build, NULL);
		json_build_text(build, "field", pair->field);
		json_build_text(build, "verdict", verdict_name((int)pair->verdict));
		if (pair->legacy.data != NULL) {
			json_build_span(build, "legacy", pair->legacy);
		} else {
			json_build_null(build, "legacy");
		}
		if (pair->llm.data != NULL) {
			json_build_span(build, "llm", pair->llm);
		} else {
			json_build_null(build, "llm");
		}
		build_count(build, "count", pair->count);
		json_build_end(build);
	}
	json_build_end(build);
}

static void build_optional(struct json_build *build, const char *name, const struct stats_optional *value)
{
	json_build_number(build, name, value->defined ? value->value : (double)NAN);
}

static void build_reviewers(const struct report_candidate *candidate, struct json_build *build)
{
	static const char *const names[2] = {"agreements", "disagreements"};
	json_build_object(build, "reviewer_agreement");
	for (int i = 0; i < 2; i++) {
		const struct report_reviewers *of = &candidate->reviewers[i];
		json_build_object(build, names[i]);
		build_count(build, "items", of->items);
		build_count(build, "labels", of->labels);
		build_optional(build, "percent_agreement", &of->agreement);
		build_optional(build, "krippendorff_alpha", &of->alpha);
		build_optional(build, "gwet_ac1", &of->ac1);
		json_build_end(build);
	}
	json_build_end(build);
}

static void build_epochs(const struct report_candidate *candidate, struct json_build *build)
{
	struct arena scratch CLEANUP_ARENA = ARENA_INIT(64 << 20);
	struct arena *arena = &scratch;
	json_build_array(build, "evaluation_periods");
	for (size_t i = 0; i < candidate->evidence.epoch_count; i++) {
		const struct evidence_epoch *epoch = &candidate->evidence.epochs[i];
		struct buffer hex CLEANUP_BUFFER = BUFFER_INIT(2 * SHA256_SIZE);
		const char *before = i > 0 ? candidate->evidence.epochs[i - 1].description : NULL;
		text_write_hex(&hex, epoch->hash, SHA256_SIZE);
		json_build_object(build, NULL);
		json_build_integer(build, "ordinal", epoch->ordinal);
		json_build_text(build, "changed",
				before != NULL ? report_changes(arena, before, epoch->description) : NULL);
		json_build_span(build, "hash", buffer_span(&hex));
		json_build_end(build);
	}
	json_build_end(build);
}

static void build_candidate(const struct report *report, const struct report_candidate *candidate,
			    struct json_build *build)
{
	json_build_object(build, NULL);
	json_build_text(build, "name", candidate->candidate->name);
	json_build_text(build, "provider", candidate->candidate->provider);
	json_build_text(build, "model", candidate->candidate->model);
	json_build_boolean(build, "simulated", candidate->candidate->simulated);
	json_build_object(build, "gate");
	gate_build(&candidate->gate, build);
	json_build_end(build);
	json_build_object(build, "total");
	build_figures(report, &candidate->total, build);
	json_build_end(build);
	json_build_array(build, "weeks");
	for (size_t i = 0; i < candidate->week_count; i++) {
		json_build_object(build, NULL);
		build_week_name(build, "week", candidate->weeks[i].from_week);
		build_figures(report, &candidate->weeks[i], build);
		json_build_end(build);
	}
	json_build_end(build);
	build_ledger(&candidate->evidence.ledger, build);
	build_fields(candidate, build);
	build_reviewers(candidate, build);
	build_epochs(candidate, build);
	build_contract_drift(&candidate->drift, build);
	json_build_end(build);
}

static void build_latencies(const char *name, const struct report_latency *rows, size_t count, struct json_build *build)
{
	json_build_array(build, name);
	for (size_t i = 0; i < count; i++) {
		json_build_object(build, NULL);
		build_week_name(build, "week", rows[i].week);
		build_count(build, "n", rows[i].count);
		build_count(build, "p50_us", rows[i].p50);
		build_count(build, "p95_us", rows[i].p95);
		build_count(build, "p99_us", rows[i].p99);
		if (rows[i].p95_high != UINT64_MAX && rows[i].p95_low > 0) {
			json_build_array(build, "p95_fixed_time_95");
			build_count(build, NULL, rows[i].p95_low);
			build_count(build, NULL, rows[i].p95_high);
			json_build_end(build);
		} else {
			json_build_null(build, "p95_fixed_time_95");
		}
		json_build_end(build);
	}
	json_build_end(build);
}

/* When evaluation periods began and the tap last gave account. */
static void build_starts(const struct report *report, struct json_build *build)
{
	char time[CLOCK_TEXT_SIZE];
	bool has_tap = report->candidate_count > 0 && report->candidates[0].evidence.tap.has_tap;
	json_build_text(build, "tap_account_at",
			has_tap ? clock_format(report->candidates[0].evidence.tap.at, time) : NULL);
	json_build_array(build, "evaluation_periods");
	for (size_t i = 0; i < report->candidate_count; i++) {
		const struct evidence *evidence = &report->candidates[i].evidence;
		for (size_t j = 0; j < evidence->epoch_count; j++) {
			json_build_object(build, NULL);
			json_build_text(build, "candidate", report->candidates[i].candidate->name);
			json_build_integer(build, "ordinal", evidence->epochs[j].ordinal);
			json_build_text(build, "started_at", clock_format(evidence->epochs[j].started_at, time));
			json_build_end(build);
		}
	}
	json_build_end(build);
}

static void build_measured(const struct report *report, struct json_build *build)
{
	char time[CLOCK_TEXT_SIZE];
	json_build_object(build, "measured");
	json_build_text(build, "note",
			"measured times: the only part that differs between two runs with the same seed");
	json_build_text(build, "as_of", clock_format(report->as_of, time));
	json_build_text(build, "spool_position", report->spool_position);
	build_starts(report, build);
	build_incidents(report, build);
	build_data_drift(report, build);
	json_build_object(build, "latency");
	build_latencies("legacy", report->legacy_latencies, report->legacy_latency_count, build);
	json_build_array(build, "candidates");
	for (size_t i = 0; i < report->candidate_count; i++) {
		json_build_object(build, NULL);
		json_build_text(build, "name", report->candidates[i].candidate->name);
		build_latencies("rows", report->candidates[i].latencies, report->candidates[i].latency_count, build);
		json_build_end(build);
	}
	json_build_end(build);
	json_build_end(build);
	json_build_end(build);
}

static bool write_json(const struct report *report, bool measured, struct buffer *buffer, struct error *err)
{
	struct json_build *build = json_build_create();
	json_build_text(build, "report", "understudy weekly");
	json_build_integer(build, "format", 1);
	json_build_text(build, "interface", report->contract->interface);
	json_build_text(build, "version", report->contract->version);
	json_build_text(build, "environment", report->contract->environment);
	json_build_text(build, "level", report->contract->level);
	json_build_text(build, "timezone", report->installation->timezone);
	build_week_name(build, "from_week", report->from_week);
	build_week_name(build, "to_week", report->to_week);
	json_build_boolean(build, "last_week_over", report->complete);
	json_build_text(build, "notice", simulation_notice(report));
	json_build_boolean(build, "legacy_simulated", report->contract->legacy_simulated);
	build_count(build, "test_messages_left_out",
		    report->candidate_count > 0 ? report->candidates[0].evidence.test_messages : 0);
	if (report->candidate_count > 0) {
		build_tap_ledger(&report->candidates[0].evidence.tap, build);
	}
	json_build_array(build, "candidates");
	for (size_t i = 0; i < report->candidate_count; i++) {
		build_candidate(report, &report->candidates[i], build);
	}
	json_build_end(build);
	json_build_object(build, "legacy_path");
	build_contract_drift(&report->legacy_drift, build);
	json_build_end(build);
	if (measured) {
		build_measured(report, build);
	}
	bool done = json_build_write(build, 2, buffer, err);
	json_build_destroy(build);
	buffer_append_byte(buffer, '\n');
	return done && buffer_ok(buffer, "the report's JSON", err);
}

bool report_write_json(const struct report *report, struct buffer *buffer, struct error *err)
{
	return write_json(report, true, buffer, err);
}

bool report_publish(const struct report *report, struct store *store, struct error *err)
{
	struct buffer json CLEANUP_BUFFER = BUFFER_INIT(256 << 20);
	uint8_t digest[SHA256_SIZE];
	int64_t interface = report->candidate_count > 0 ? report->candidates[0].evidence.interface_id : 0;
	if (interface == 0) {
		return error_set(err, ERROR_MISSING, "the store knows nothing of %s yet; there is nothing to publish",
				 report->contract->interface);
	}
	if (!write_json(report, false, &json, err) || !store_begin(store, err)) {
		return false;
	}
	hash_sha256(buffer_span(&json), digest);
	struct statement *statement = store_statement(
		store,
		"INSERT INTO published_report (interface_id, from_week, to_week, as_of, digest) VALUES (?, ?, ?, ?, ?)",
		err);
	bool done = statement != NULL;
	if (done) {
		statement_bind_integer(statement, 1, interface);
		statement_bind_integer(statement, 2, report->from_week);
		statement_bind_integer(statement, 3, report->to_week);
		statement_bind_integer(statement, 4, report->as_of);
		statement_bind_blob(statement, 5, (struct span){(const char *)digest, sizeof(digest)});
		done = statement_run(statement, err);
	}
	if (!done) {
		store_rollback(store);
		return false;
	}
	return store_commit(store, err);
}
