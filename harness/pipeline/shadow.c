#include "harness/pipeline/shadow.h"

#include "baselines/labels.h"
#include "baselines/sampling.h"
#include "harness/base/text.h"
#include "harness/pipeline/comparison.h"
#include "harness/pipeline/profile.h"
#include "harness/pipeline/reply_drift.h"
#include "harness/store/correction.h"
#include "harness/store/profile.h"

enum { RECORD_ID_MAX = 64 * 1024, VALUE_MAX = 64 * 1024 * 1024 };

/* What the writers of one result share. */
struct writing {
	struct store *store;
	struct hash_key *sampling_key;
	const struct interface_lane *lane;
	const struct candidate_lane *candidate;
	const struct shadow_exchange *exchange;
	const struct store_drawn *drawn; /* of a comparison that is made again: what its records had, by key */
	size_t drawn_count;
	bool is_again;
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

bool shadow_count_legacy(struct store *store, const struct interface_lane *lane, const struct store_exchange *exchange,
			 struct span reply, const struct json_node *root, struct arena *arena, struct error *err)
{
	struct error why = ERROR_INIT;
	if (!profile_chosen(lane->profile, exchange->exchange_id)) {
		return true;
	}
	if (root == NULL && !shadow_legacy(exchange->legacy_outcome, reply, arena, &root, &why)) {
		if (why.code == ERROR_MEMORY) {
			*err = why;
		}
		return why.code != ERROR_MEMORY;
	}
	return profile_add(lane->profile, store, PROFILE_LEGACY, root, exchange->week, exchange->test, err);
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
	bool (*write)(struct store *, int64_t, int64_t, int64_t, struct span, struct error *) =
		w->is_again ? store_review_value_set : store_review_value_add;
	for (size_t i = 0; i < contract->field_count; i++) {
		const struct comparison_value *value = &compared->values[i];
		if (!write(w->store, item, 0, w->lane->fields[i], value_text(value->legacy, &w->legacy_value), err) ||
		    !write(w->store, item, w->candidate->id, w->lane->fields[i], value_text(value->llm, &w->llm_value),
			   err)) {
			return false;
		}
	}
	return settle_if_labelled(w, item, err);
}

/* What the record had in the former comparison; NULL: it was not there. */
static const struct store_drawn *find_drawn(const struct writing *w, struct span key)
{
	size_t low = 0;
	size_t high = w->drawn_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = span_order(w->drawn[middle].key, key);
		if (order == 0) {
			return &w->drawn[middle];
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return NULL;
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
	const struct store_drawn *drawn = find_drawn(w, compared->key);
	if (drawn != NULL && drawn->pi_ppm > record.pi_ppm) {
		record.pi_ppm = drawn->pi_ppm;
	}
	record.sampled = (drawn != NULL && drawn->sampled) ||
			 sampling_draw(w->sampling_key, SAMPLING_REVIEW, span_of(contract->interface),
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

static bool write_records(struct writing *w, const struct comparison *comparison, struct error *err)
{
	for (size_t i = 0; i < comparison->record_count; i++) {
		if (!write_record(w, &comparison->records[i], err)) {
			return false;
		}
	}
	return true;
}

/* Each reply once: with the evaluation that it finishes. */
static bool write_drift(struct writing *w, const struct comparison *comparison, const struct call_result *result,
			struct error *err)
{
	const struct reply_place place = {
		.exchange = w->exchange->row,
		.captured_at = w->exchange->captured_at,
		.week = w->exchange->week,
		.test = w->exchange->test,
	};
	return !comparison->has_reply ||
	       reply_drift_count(w->store, w->lane, w->candidate, &place, result->model, &comparison->drift, err);
}

/* Once for each evaluation: a comparison that is made again does not come here. */
static bool count_reply(const struct writing *w, const struct json_node *document, struct error *err)
{
	return !profile_chosen(w->lane->profile, w->exchange->exchange_id) ||
	       profile_add(w->lane->profile, w->store, w->candidate->id, document, w->exchange->week, w->exchange->test,
			   err);
}

static bool write_all(struct writing *w, const struct comparison *comparison, const struct call_result *result,
		      bool is_pending, struct error *err)
{
	return write_evaluation(w, comparison, result, is_pending, err) && write_drift(w, comparison, result, err) &&
	       count_reply(w, comparison->document, err) && write_spend(w, result->cost_nano, err) &&
	       write_records(w, comparison, err);
}

/* What cannot be compared, and never could, must not stop the rest: it is set aside, and what it cost is billed. */
static bool write_dead_letter(struct writing *w, const struct call_result *result, const struct error *why,
			      struct error *err)
{
	return store_evaluation_close(w->store, w->exchange->row, w->candidate->id, w->exchange->week,
				      w->exchange->test, EVALUATION_DEAD_LETTER, -1, span_of(why->message), err) &&
	       write_spend(w, result->cost_nano, err);
}

#define WRITING_INIT(its_store, key, its_lane, its_candidate, its_exchange)                                            \
	{                                                                                                              \
		.store = (its_store), .sampling_key = (key), .lane = (its_lane), .candidate = (its_candidate),         \
		.exchange = (its_exchange), .legacy_value = BUFFER_INIT(VALUE_MAX),                                    \
		.llm_value = BUFFER_INIT(VALUE_MAX), .record_id = BUFFER_INIT(RECORD_ID_MAX)                           \
	}

static void finish_writing(struct writing *writing)
{
	buffer_finish(&writing->legacy_value);
	buffer_finish(&writing->llm_value);
	buffer_finish(&writing->record_id);
}

bool shadow_finish(struct store *store, struct hash_key *sampling_key, const struct interface_lane *lane,
		   const struct candidate_lane *candidate, const struct shadow_exchange *exchange,
		   const struct call_result *result, bool is_pending, struct arena *arena, struct error *err)
{
	struct comparison comparison;
	struct error why = ERROR_INIT;
	struct writing writing = WRITING_INIT(store, sampling_key, lane, candidate, exchange);
	bool done = comparison_make(lane->contract, exchange->legacy, result->outcome, result->text, arena, &comparison,
				    &why)
			    ? write_all(&writing, &comparison, result, is_pending, err)
			    : write_dead_letter(&writing, result, &why, err);
	finish_writing(&writing);
	return done;
}

bool shadow_finish_recorded(struct store *store, struct hash_key *sampling_key, const struct interface_lane *lane,
			    const struct candidate_lane *candidate, const struct shadow_exchange *exchange,
			    enum legacy_outcome legacy_outcome, struct span legacy_reply, struct span reply,
			    bool is_pending, struct arena *arena, struct error *err)
{
	struct shadow_exchange readable = *exchange;
	struct error why = ERROR_INIT;
	if (!exchange->legacy_is_read && !shadow_legacy(legacy_outcome, legacy_reply, arena, &readable.legacy, &why)) {
		return store_evaluation_close(store, exchange->row, candidate->id, exchange->week, exchange->test,
					      EVALUATION_DEAD_LETTER, -1, span_of(why.message), err);
	}
	struct call_result result = {.exchange = exchange->row, .outcome = OUTCOME_OK, .text = reply, .attempts = 1};
	if (reply.length == 0) {
		result.outcome = OUTCOME_TRANSPORT;
		result.detail = SPAN("the recording has no reply of the LLM path");
	}
	return shadow_finish(store, sampling_key, lane, candidate, &readable, &result, is_pending, arena, err);
}

/* --- again, with another legacy answer --- */

/* What the call had ended with, before the reply was looked into. */
static enum outcome outcome_of_call(enum outcome outcome)
{
	return outcome == OUTCOME_UNPARSABLE || outcome == OUTCOME_SCHEMA_MISMATCH ? OUTCOME_OK : outcome;
}

static bool rewrite(struct writing *w, const struct comparison *comparison, struct arena *arena, struct error *err)
{
	const struct store_record of = {
		.exchange = w->exchange->row,
		.candidate = w->candidate->id,
		.epoch = w->candidate->epoch,
		.week = w->exchange->week,
		.test = w->exchange->test,
	};
	struct store_drawn *drawn = NULL;
	if (!store_records_take(w->store, &of, w->lane->fields, w->lane->contract->field_count, arena, &drawn,
				&w->drawn_count, err)) {
		return false;
	}
	w->drawn = drawn;
	return store_evaluation_judge(w->store, of.exchange, of.candidate, comparison->verdict, err) &&
	       write_records(w, comparison, err);
}

bool shadow_correct(struct store *store, struct hash_key *sampling_key, const struct interface_lane *lane,
		    const struct candidate_lane *candidate, const struct shadow_exchange *exchange,
		    enum outcome outcome, struct arena *arena, struct error *err)
{
	struct span text = {NULL, 0};
	struct comparison comparison;
	struct error why = ERROR_INIT;
	enum outcome called = outcome_of_call(outcome);
	if (!store_evaluation_reply(store, exchange->row, candidate->id, arena, &text, &why) &&
	    (why.code != ERROR_MISSING || called == OUTCOME_OK)) {
		if (why.code != ERROR_MISSING) {
			*err = why;
		}
		return why.code == ERROR_MISSING;
	}
	if (!comparison_make(lane->contract, exchange->legacy, called, text, arena, &comparison, &why)) {
		return true;
	}
	struct writing writing = WRITING_INIT(store, sampling_key, lane, candidate, exchange);
	writing.is_again = true;
	bool done = rewrite(&writing, &comparison, arena, err);
	finish_writing(&writing);
	return done;
}
