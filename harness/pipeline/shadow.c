#include "harness/pipeline/shadow.h"

#include "baselines/labels.h"
#include "baselines/sampling.h"
#include "harness/base/text.h"
#include "harness/pipeline/comparison.h"

enum { RECORD_ID_MAX = 64 * 1024, VALUE_MAX = 64 * 1024 * 1024 };

/* What the writers of one result share. */
struct writing {
	struct store *store;
	struct hash_key *sampling_key;
	const struct interface_lane *lane;
	const struct candidate_lane *candidate;
	const struct shadow_exchange *exchange;
	struct buffer legacy_value;
	struct buffer llm_value;
	struct buffer record_id;
};

bool shadow_legacy(enum legacy_outcome outcome, struct span reply, struct arena *arena,
		   const struct json_node **ret_root, struct error *err)
{
	struct error why = ERROR_INIT;
	if (outcome == LEGACY_FAILED || outcome == LEGACY_PARKED || text_trim(reply).length == 0) {
		*ret_root = NULL;
		return true;
	}
	return json_parse(arena, reply, NULL, ret_root, &why) ||
	       error_set(err, why.code == ERROR_MEMORY ? ERROR_MEMORY : ERROR_FORMAT,
			 "the legacy reply is not JSON; check tap.match, and what the legacy path sends: %s",
			 why.message);
}

/* JSON text of a value, data NULL where it is absent. */
static struct span value_text(const struct json_node *value, struct buffer *buffer)
{
	if (value == NULL) {
		return (struct span){NULL, 0};
	}
	buffer_clear(buffer);
	json_write(buffer, value);
	return buffer_span(buffer);
}

static bool write_evaluation(struct writing *w, const struct comparison *comparison, const struct call_result *result,
			     bool is_pending, struct error *err)
{
	struct store_evaluation row = {
		.exchange = w->exchange->row,
		.candidate = w->candidate->id,
		.interface_id = w->lane->id,
		.epoch = w->candidate->epoch,
		.week = w->exchange->week,
		.test = w->exchange->test,
		.is_pending = is_pending,
		.outcome = comparison->outcome,
		.verdict = comparison->verdict,
		.has_reply = comparison->has_reply,
		.contract_drift = comparison->contract_drift,
		.latency_us = result->latency_us,
		.attempts = result->attempts,
		.tokens_input = result->usage.input,
		.tokens_cache_read = result->usage.cache_read,
		.tokens_cache_write = result->usage.cache_write,
		.tokens_output = result->usage.output,
		.cost_nano = result->cost_nano,
		.cost_limit_nano = w->lane->contract->limit_cost_per_transaction_nano,
		.detail = comparison->detail.length > 0 ? comparison->detail : result->detail,
		.reply = result->text,
	};
	return store_evaluation_finish(w->store, &row, err);
}

static bool write_fields(struct writing *w, const struct store_record *record, const struct comparison_record *compared,
			 struct error *err)
{
	for (size_t i = 0; i < w->lane->contract->field_count; i++) {
		const struct comparison_value *value = &compared->values[i];
		bool agree = value->verdict == VERDICT_AGREE;
		struct span none = {NULL, 0};
		struct span legacy = agree ? none : value_text(value->legacy, &w->legacy_value);
		struct span llm = agree ? none : value_text(value->llm, &w->llm_value);
		if (!store_field_add(w->store, record, w->lane->fields[i], value->verdict, legacy, llm, err)) {
			return false;
		}
	}
	return true;
}

/* Reviewers may have been faster than this candidate: then its values are judged by the labels that are there. */
static bool settle_if_labelled(struct writing *w, int64_t item, struct error *err)
{
	struct statement *find = store_statement(w->store, "SELECT status FROM review_item WHERE id = ?", err);
	if (find == NULL) {
		return false;
	}
	statement_bind_integer(find, 1, item);
	enum statement_step step = statement_step(find, err);
	bool is_open = step == STATEMENT_ROW && statement_integer(find, 0) == REVIEW_OPEN;
	statement_reset(find);
	enum review_status status;
	return step != STATEMENT_FAILED && (is_open || label_settle(w->store, w->lane->contract, item, &status, err));
}

static bool write_review_item(struct writing *w, const struct comparison_record *compared, struct error *err)
{
	int64_t item = 0;
	const struct contract *contract = w->lane->contract;
	bool overlap = sampling_draw(w->sampling_key, SAMPLING_OVERLAP, span_of(contract->interface),
				     buffer_span(&w->record_id), contract->overlap_ppm);
	if (!store_review_item_add(w->store, w->exchange->row, compared->key, w->exchange->week, overlap, &item, err)) {
		return false;
	}
	for (size_t i = 0; i < contract->field_count; i++) {
		const struct comparison_value *value = &compared->values[i];
		if (!store_review_value_add(w->store, item, 0, w->lane->fields[i],
					    value_text(value->legacy, &w->legacy_value), err) ||
		    !store_review_value_add(w->store, item, w->candidate->id, w->lane->fields[i],
					    value_text(value->llm, &w->llm_value), err)) {
			return false;
		}
	}
	return settle_if_labelled(w, item, err);
}

/* The probability is fixed, and stored on the record, before the coin is looked at. */
static bool write_record(struct writing *w, const struct comparison_record *compared, struct error *err)
{
	const struct contract *contract = w->lane->contract;
	buffer_clear(&w->record_id);
	text_write_hex(&w->record_id, w->exchange->exchange_id, 16);
	buffer_append_format(&w->record_id, "/%s/", contract->level);
	buffer_append_span(&w->record_id, compared->key);
	struct store_record record = {
		.exchange = w->exchange->row,
		.candidate = w->candidate->id,
		.epoch = w->candidate->epoch,
		.week = w->exchange->week,
		.test = w->exchange->test,
		.key = compared->key,
		.verdict = compared->verdict,
		.side = compared->side,
		.pi_ppm = compared->side == SIDE_AGREE ? contract->review_agree_ppm : contract->review_disagree_ppm,
	};
	record.sampled = sampling_draw(w->sampling_key, SAMPLING_REVIEW, span_of(contract->interface),
				       buffer_span(&w->record_id), record.pi_ppm);
	if (!store_record_add(w->store, &record, err) || !write_fields(w, &record, compared, err)) {
		return false;
	}
	return !record.sampled || write_review_item(w, compared, err);
}

static bool write_spend(struct writing *w, int64_t cost, struct error *err)
{
	if (cost == 0) {
		return true;
	}
	struct statement *spend =
		store_statement(w->store,
				"INSERT INTO spend (candidate_id, day, cost_nano) VALUES (?, ?, ?) "
				"ON CONFLICT DO UPDATE SET cost_nano = cost_nano + excluded.cost_nano",
				err);
	if (spend == NULL) {
		return false;
	}
	statement_bind_integer(spend, 1, w->candidate->id);
	statement_bind_integer(spend, 2, budget_day(clock_now()));
	statement_bind_integer(spend, 3, cost);
	return statement_run(spend, err);
}

static bool write_all(struct writing *w, const struct comparison *comparison, const struct call_result *result,
		      bool is_pending, struct error *err)
{
	if (!write_evaluation(w, comparison, result, is_pending, err) || !write_spend(w, result->cost_nano, err)) {
		return false;
	}
	for (size_t i = 0; i < comparison->record_count; i++) {
		if (!write_record(w, &comparison->records[i], err)) {
			return false;
		}
	}
	return true;
}

/* What cannot be compared, and never could, must not stop the rest: it is set aside, and what it cost is billed. */
static bool write_dead_letter(struct writing *w, const struct call_result *result, const struct error *why,
			      struct error *err)
{
	return store_evaluation_close(w->store, w->exchange->row, w->candidate->id, w->exchange->week,
				      w->exchange->test, EVALUATION_DEAD_LETTER, -1, span_of(why->message), err) &&
	       write_spend(w, result->cost_nano, err);
}

bool shadow_finish(struct store *store, struct hash_key *sampling_key, const struct interface_lane *lane,
		   const struct candidate_lane *candidate, const struct shadow_exchange *exchange,
		   const struct call_result *result, bool is_pending, struct arena *arena, struct error *err)
{
	struct comparison comparison;
	struct error why = ERROR_INIT;
	struct writing writing = {
		.store = store,
		.sampling_key = sampling_key,
		.lane = lane,
		.candidate = candidate,
		.exchange = exchange,
		.legacy_value = BUFFER_INIT(VALUE_MAX),
		.llm_value = BUFFER_INIT(VALUE_MAX),
		.record_id = BUFFER_INIT(RECORD_ID_MAX),
	};
	bool done = comparison_make(lane->contract, exchange->legacy, result->outcome, result->text, arena, &comparison,
				    &why)
			    ? write_all(&writing, &comparison, result, is_pending, err)
			    : write_dead_letter(&writing, result, &why, err);
	buffer_finish(&writing.legacy_value);
	buffer_finish(&writing.llm_value);
	buffer_finish(&writing.record_id);
	return done;
}
