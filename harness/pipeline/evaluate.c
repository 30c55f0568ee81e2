/* From pending rows to compared records, through the candidates' calls. */
#include "harness/pipeline/message.h"
#include "harness/pipeline/shadow.h"
#include "harness/pipeline/worker_internal.h"

#include "harness/contract/prompt.h"

enum {
	PENDING_CHUNK = 64,
	PROMPT_MAX = 16 * 1024 * 1024,
	BYTES_PER_TOKEN = 3, /* cautious: the common tokenisers average about four bytes of English */
	TOKENS_OF_ENVELOPE = 32,
};

/* The most that one attempt should cost: the input by its bytes, the output at its limit. */
static int64_t estimate_cost(const struct interface_lane *lane, const struct candidate_lane *candidate, size_t prompt)
{
	struct token_usage usage = {
		.input = (int64_t)(prompt / BYTES_PER_TOKEN) + TOKENS_OF_ENVELOPE,
		.output = lane->contract->limit_output_tokens,
	};
	return price_of(&candidate->candidate->price, &usage);
}

static bool close_pending(struct worker *worker, const struct candidate_lane *candidate, int64_t row,
			  const struct store_exchange *exchange, enum evaluation state, int reason, const char *detail,
			  struct error *err)
{
	if (!store_begin(worker->store, err)) {
		return false;
	}
	if (!store_evaluation_close(worker->store, row, candidate->id, exchange->week, exchange->test, state, reason,
				    span_of(detail), err) ||
	    !store_commit(worker->store, err)) {
		store_rollback(worker->store);
		return false;
	}
	return true;
}

/* Checks again what ingest checked: a dead letter that is tried again comes here with its fault. */
static bool make_prompt(const struct contract *contract, const struct contract_candidate *candidate,
			struct span request, struct arena *arena, struct buffer *prompt, struct error *why)
{
	const struct json_node *message = NULL;
	if (clock_now() > contract->allowed_until) {
		return error_set(why, ERROR_CONFIG,
				 "the approval to send personal data has ended; renew data.approvals");
	}
	if (!message_parse(request, arena, &message, why)) {
		return false;
	}
	if (contract->request_schema != NULL && !schema_validate(contract->request_schema, message, NULL)) {
		return error_set(why, ERROR_FORMAT, "the message deviates from its schema");
	}
	return message_check_identity(contract, message, why) && prompt_fill(candidate->prompt, message, prompt, why);
}

static bool start_call(struct worker *worker, struct interface_lane *lane, struct candidate_lane *candidate,
		       int64_t row, struct error *err)
{
	arena_reset(&worker->arena);
	struct store_exchange exchange;
	struct span request;
	struct span reply;
	if (!store_exchange_get(worker->store, row, &exchange, err) ||
	    !store_payload(worker->store, row, &worker->arena, &request, &reply, err)) {
		return false;
	}
	struct error why = ERROR_INIT;
	CLEANUP_BUFFER struct buffer prompt = BUFFER_INIT(PROMPT_MAX);
	if (!make_prompt(lane->contract, candidate->candidate, request, &worker->arena, &prompt, &why)) {
		return close_pending(worker, candidate, row, &exchange, EVALUATION_DEAD_LETTER, -1, why.message, err);
	}
	int64_t limit = lane->contract->limit_input_tokens;
	if (limit > 0 && (int64_t)(prompt.length / BYTES_PER_TOKEN) > limit) {
		return close_pending(worker, candidate, row, &exchange, EVALUATION_DEAD_LETTER, -1,
				     "the prompt is longer than limits.input_tokens", err);
	}
	int64_t estimate = estimate_cost(lane, candidate, prompt.length);
	if (!budget_reserve(&candidate->budget, clock_now(), estimate)) {
		return close_pending(worker, candidate, row, &exchange, EVALUATION_NOT_EVALUATED,
				     NOT_EVALUATED_OVER_BUDGET, "", err);
	}
	if (!calls_start(candidate->calls, row, buffer_span(&prompt), estimate, err)) {
		budget_settle(&candidate->budget, clock_now(), estimate, 0);
		return false;
	}
	return true;
}

/* Takes pending rows behind the cursor while there is room for calls. */
static bool start_calls(struct worker *worker, struct interface_lane *lane, struct candidate_lane *candidate,
			size_t *count, struct error *err)
{
	if (candidate->recovers) {
		if (calls_open(candidate->calls) + calls_finished(candidate->calls) > 0) {
			return true;
		}
		candidate->recovers = false;
		candidate->cursor = 0;
		candidate->exhausted = false;
	}
	while (calls_has_room(candidate->calls) && !candidate->exhausted) {
		int64_t rows[PENDING_CHUNK];
		size_t found = 0;
		if (!store_pending(worker->store, candidate->id, candidate->cursor, PENDING_CHUNK, rows, &found, err)) {
			return false;
		}
		candidate->exhausted = found == 0;
		for (size_t i = 0; i < found && calls_has_room(candidate->calls); i++) {
			if (!start_call(worker, lane, candidate, rows[i], err)) {
				return false;
			}
			candidate->cursor = rows[i];
			(*count)++;
		}
	}
	return true;
}

static bool write_result(struct worker *worker, const struct interface_lane *lane,
			 const struct candidate_lane *candidate, const struct call_result *result, struct error *err)
{
	arena_reset(&worker->arena);
	struct store_exchange row;
	struct span request;
	struct span reply;
	if (!store_exchange_get(worker->store, result->exchange, &row, err) ||
	    !store_payload(worker->store, result->exchange, &worker->arena, &request, &reply, err)) {
		return false;
	}
	struct shadow_exchange exchange = {
		.row = result->exchange,
		.exchange_id = row.exchange_id,
		.week = row.week,
		.test = row.test,
		.legacy = shadow_legacy(row.legacy_outcome, reply, &worker->arena),
	};
	return shadow_finish(worker->store, worker->sampling_key, lane, candidate, &exchange, result, true,
			     &worker->arena, err);
}

/* Results are taken only inside a transaction: while the store is locked they wait in the calls. */
static bool finish_calls(struct worker *worker, const struct interface_lane *lane, struct candidate_lane *candidate,
			 size_t *count, struct error *err)
{
	if (calls_finished(candidate->calls) == 0) {
		return true;
	}
	if (!store_begin(worker->store, err)) {
		return false;
	}
	struct call_result result;
	size_t finished = 0;
	while (finished < EVALUATE_BATCH && calls_next(candidate->calls, &result)) {
		budget_settle(&candidate->budget, clock_now(), result.estimate, result.cost_nano);
		if (!write_result(worker, lane, candidate, &result, err)) {
			goto fail;
		}
		finished++;
	}
	if (!store_commit(worker->store, err)) {
		goto fail;
	}
	*count += finished;
	return true;
fail:
	/* The rows are pending still: they are taken again, once no open call could be made twice by that. */
	store_rollback(worker->store);
	candidate->recovers = true;
	return false;
}

static bool evaluate(struct worker *worker, struct interface_lane *lane, struct candidate_lane *candidate,
		     size_t *count, struct error *err)
{
	return calls_perform(candidate->calls, err) && finish_calls(worker, lane, candidate, count, err) &&
	       start_calls(worker, lane, candidate, count, err);
}

bool worker_evaluate(struct worker *worker, size_t *ret_count, struct error *err)
{
	size_t count = 0;
	for (size_t i = 0; i < worker->installation->contract_count; i++) {
		struct interface_lane *lane = worker->lanes[i];
		for (size_t k = 0; k < lane->contract->candidate_count; k++) {
			if (lane->candidates[k].calls != NULL &&
			    !evaluate(worker, lane, &lane->candidates[k], &count, err)) {
				return false;
			}
		}
	}
	*ret_count = count;
	return true;
}
