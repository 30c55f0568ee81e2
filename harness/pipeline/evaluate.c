/* From pending rows to compared records, through the candidates' calls. */
#include "harness/pipeline/message.h"
#include "harness/pipeline/shadow.h"
#include "harness/pipeline/worker_internal.h"

#include "harness/contract/prompt.h"
#include "harness/pipeline/comparison.h"

enum {
	PENDING_CHUNK = 64,
	CLOSED_MAX = 1000, /* rows closed without a call in one step */
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
	struct error why = ERROR_INIT;
	CLEANUP_BUFFER struct buffer prompt = BUFFER_INIT(PROMPT_MAX);
	if (!store_exchange_get(worker->store, row, &exchange, err)) {
		return false;
	}
	if (!store_payload(worker->store, row, &worker->arena, &request, &reply, &why)) {
		if (why.code != ERROR_MISSING) {
			*err = why;
			return false;
		}
		return close_pending(worker, candidate, row, &exchange, EVALUATION_DEAD_LETTER, -1, why.message, err);
	}
	const struct json_node *legacy = NULL;
	if (!shadow_legacy(exchange.legacy_outcome, reply, &worker->arena, &legacy, &why) ||
	    !comparison_check(lane->contract, legacy, &why) ||
	    !make_prompt(lane->contract, candidate->candidate, request, &worker->arena, &prompt, &why)) {
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
	if (!calls_start(candidate->calls, row, buffer_span(&prompt), estimate, &why)) {
		budget_settle(&candidate->budget, clock_now(), estimate, 0);
		if (why.code == ERROR_LIMIT) {
			return close_pending(worker, candidate, row, &exchange, EVALUATION_DEAD_LETTER, -1, why.message,
					     err);
		}
		*err = why;
		return false;
	}
	return true;
}

/* Those whose answer has come since the cursor passed them. */
static bool start_ready(struct worker *worker, struct interface_lane *lane, struct candidate_lane *candidate,
			size_t *count, struct error *err)
{
	for (size_t i = 0; i < CLOSED_MAX && calls_has_room(candidate->calls); i++) {
		int64_t row = lane_next_ready(candidate);
		if (row == 0) {
			break;
		}
		if (!start_call(worker, lane, candidate, row, err)) {
			candidate->ready_next--;
			return false;
		}
		(*count)++;
	}
	return true;
}

/* Takes pending rows behind the cursor while there is room for calls. */
static bool start_calls(struct worker *worker, struct interface_lane *lane, struct candidate_lane *candidate,
			size_t *count, struct error *err)
{
	size_t closed = 0;
	if (candidate->held != NULL) {
		return true;
	}
	if (!start_ready(worker, lane, candidate, count, err)) {
		return false;
	}
	while (calls_has_room(candidate->calls) && !candidate->exhausted && closed < CLOSED_MAX) {
		int64_t rows[PENDING_CHUNK];
		size_t found = 0;
		if (!store_pending(worker->store, candidate->id, candidate->cursor, PENDING_CHUNK, rows, &found, err)) {
			return false;
		}
		candidate->exhausted = found == 0;
		for (size_t i = 0; i < found && calls_has_room(candidate->calls); i++) {
			size_t open = calls_open(candidate->calls);
			if (!start_call(worker, lane, candidate, rows[i], err)) {
				return false;
			}
			closed += calls_open(candidate->calls) == open;
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
		.captured_at = row.captured_at,
	};
	if (!shadow_legacy(row.legacy_outcome, reply, &worker->arena, &exchange.legacy, err)) {
		return false; /* was checked before the call */
	}
	return shadow_finish(worker->store, worker->sampling_key, lane, candidate, &exchange, result, true,
			     &worker->arena, err);
}

static bool hold_text(struct arena *arena, struct span *text)
{
	if (text->data != NULL) {
		text->data = arena_copy(arena, *text);
	}
	return text->data != NULL || text->length == 0;
}

/* A copy of the result with its texts, at the end of those that are held. */
static bool hold_result(struct candidate_lane *candidate, const struct call_result *result, struct error *err)
{
	struct held_result *held = arena_allocate(&candidate->held_arena, sizeof(*held));
	struct call_result copy = *result;
	if (held == NULL || !hold_text(&candidate->held_arena, &copy.text) ||
	    !hold_text(&candidate->held_arena, &copy.model) || !hold_text(&candidate->held_arena, &copy.detail)) {
		return error_set(err, ERROR_MEMORY, "no memory for a reply of %zu bytes", result->text.length);
	}
	held->result = copy;
	if (candidate->held == NULL) {
		candidate->held = held;
	} else {
		candidate->held_last->next = held;
	}
	candidate->held_last = held;
	candidate->held_count++;
	return true;
}

/* Takes what the calls have finished. A result is paid for: it is kept until the store has it, however long a full disk
 * lasts, and no call is made twice. */
static bool take_results(struct candidate_lane *candidate, struct error *err)
{
	struct call_result result;
	while (candidate->held_count < EVALUATE_BATCH && calls_next(candidate->calls, &result)) {
		budget_settle(&candidate->budget, clock_now(), result.estimate, result.cost_nano);
		if (!hold_result(candidate, &result, err)) {
			return false;
		}
	}
	return true;
}

static bool finish_calls(struct worker *worker, const struct interface_lane *lane, struct candidate_lane *candidate,
			 size_t *count, struct error *err)
{
	size_t finished = 0;
	if (!take_results(candidate, err)) {
		return false;
	}
	if (candidate->held == NULL) {
		return true;
	}
	if (!store_begin(worker->store, err)) {
		return false;
	}
	for (const struct held_result *held = candidate->held; held != NULL; held = held->next) {
		if (!write_result(worker, lane, candidate, &held->result, err)) {
			drift_watch_forget(lane->watch);
			store_rollback(worker->store);
			return false;
		}
		finished++;
	}
	if (!drift_watch_write(lane->watch, worker->store, err) || !store_commit(worker->store, err)) {
		drift_watch_forget(lane->watch);
		store_rollback(worker->store);
		return false;
	}
	lane_drop_held(candidate);
	*count += finished;
	return true;
}

static bool evaluate(struct worker *worker, struct interface_lane *lane, struct candidate_lane *candidate,
		     size_t *count, struct error *err)
{
	return finish_calls(worker, lane, candidate, count, err) && start_calls(worker, lane, candidate, count, err);
}

bool worker_perform(struct worker *worker, struct error *err)
{
	for (size_t i = 0; i < worker->installation->contract_count; i++) {
		struct interface_lane *lane = worker->lanes[i];
		for (size_t k = 0; k < lane->contract->candidate_count; k++) {
			if (lane->candidates[k].calls != NULL && !calls_perform(lane->candidates[k].calls, err)) {
				return false;
			}
		}
	}
	return true;
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
