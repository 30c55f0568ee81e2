#include "harness/pipeline/lane.h"

#include "harness/pipeline/freeze.h"
#include "harness/pipeline/watch.h"
#include "harness/store/legacy.h"

#include <stdlib.h>

enum { DESCRIPTION_MAX = 1024 * 1024, NAMES_MAX = 200, READY_MAX = 1 << 20 };

/* Of all held results; the calls bound each reply, and the worker their number. */
#define HELD_MAX ((size_t)16 * 1024 * 1024 * 1024)

void lane_drop_held(struct candidate_lane *lane)
{
	lane->held = NULL;
	lane->held_last = NULL;
	lane->held_count = 0;
	arena_reset(&lane->held_arena);
}

static bool grow_ready(struct candidate_lane *lane)
{
	if (lane->ready_count < lane->ready_capacity) {
		return true;
	}
	size_t capacity = lane->ready_capacity > 0 ? lane->ready_capacity * 2 : 256;
	int64_t *ready = capacity <= READY_MAX ? reallocarray(lane->ready, capacity, sizeof(*ready)) : NULL;
	if (ready == NULL) {
		return false;
	}
	lane->ready = ready;
	lane->ready_capacity = capacity;
	return true;
}

void lane_add_ready(struct candidate_lane *lane, int64_t row)
{
	lane->exhausted = false;
	if (row <= lane->cursor && grow_ready(lane)) {
		lane->ready[lane->ready_count++] = row;
	}
}

void lane_keep_ready(struct interface_lane *lane)
{
	for (size_t i = 0; i < lane->contract->candidate_count; i++) {
		lane->candidates[i].ready_kept = lane->candidates[i].ready_count;
	}
}

void lane_drop_ready(struct interface_lane *lane)
{
	for (size_t i = 0; i < lane->contract->candidate_count; i++) {
		lane->candidates[i].ready_count = lane->candidates[i].ready_kept;
	}
}

int64_t lane_next_ready(struct candidate_lane *lane)
{
	if (lane->ready_next < lane->ready_kept) {
		return lane->ready[lane->ready_next++];
	}
	if (lane->ready_next == lane->ready_count) {
		lane->ready_next = 0;
		lane->ready_kept = 0;
		lane->ready_count = 0;
	}
	return 0;
}

void lane_start_over(struct candidate_lane *lane)
{
	lane->cursor = 0;
	lane->exhausted = false;
	lane->ready_next = lane->ready_count;
	(void)lane_next_ready(lane);
}

void lane_destroy(struct interface_lane *lane)
{
	if (lane == NULL) {
		return;
	}
	for (size_t i = 0; lane->candidates != NULL && i < lane->contract->candidate_count; i++) {
		calls_destroy(lane->candidates[i].calls);
		arena_finish(&lane->candidates[i].held_arena);
		free(lane->candidates[i].ready);
	}
	drift_watch_destroy(lane->watch);
	free(lane->candidates);
	free(lane->fields);
	free(lane);
}

/* Names of the members that differ between two descriptions of an epoch: "model, prompt". */
static void name_changes(struct span before, struct span now, struct buffer *names)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(8 * DESCRIPTION_MAX);
	const struct json_node *old_root = NULL;
	const struct json_node *new_root = NULL;
	if (!json_parse(&arena, before, NULL, &old_root, NULL) || !json_parse(&arena, now, NULL, &new_root, NULL)) {
		return;
	}
	for (const struct json_node *name = json_first(new_root); name != NULL; name = json_next(new_root, name)) {
		if (!json_equal(json_member(name), json_get(old_root, json_text(name)))) {
			buffer_append_format(names, "%s%.*s", names->length > 0 ? ", " : "",
					     SPAN_ARGUMENTS(json_text(name)));
		}
	}
}

/* Refuses to start a new epoch unasked, saying what it would cost. */
static bool refuse_change(struct store *store, const struct contract *contract,
			  const struct contract_candidate *candidate, int64_t candidate_id, struct span description,
			  struct error *err)
{
	struct statement *last = store_statement(
		store,
		"SELECT ordinal, description, id FROM epoch WHERE candidate_id = ? ORDER BY ordinal DESC LIMIT 1", err);
	if (last == NULL) {
		return false;
	}
	statement_bind_integer(last, 1, candidate_id);
	if (statement_step(last, err) != STATEMENT_ROW) {
		return false;
	}
	CLEANUP_BUFFER struct buffer names = BUFFER_INIT(NAMES_MAX);
	name_changes(statement_text(last, 1), description, &names);
	int64_t ordinal = statement_integer(last, 0);
	struct statement *labels =
		store_statement(store,
				"SELECT count(*) FROM record r JOIN review_item t ON t.exchange_id = "
				"r.exchange_id AND t.key = r.key WHERE r.candidate_id = ? AND "
				"r.sampled = 1 AND t.status = 2",
				err);
	if (labels == NULL) {
		return false;
	}
	statement_bind_integer(labels, 1, candidate_id);
	if (statement_step(labels, err) != STATEMENT_ROW) {
		return false;
	}
	long long reviewed = (long long)statement_integer(labels, 0);
	statement_reset(labels);
	statement_reset(last);
	return error_set_at(err, ERROR_CONFIG, contract->file, 0,
			    "candidate \"%s\" changed (%s) since evaluation period %lld; the evidence of %lld reviewed "
			    "records would no longer count for the gate; undo the change, or start again with "
			    "--new-epoch",
			    candidate->name, names.failed || names.length == 0 ? "several settings" : names.data,
			    (long long)ordinal, reviewed);
}

/* The newest evaluation period, where it was begun with the same description; 0 where it was not. */
static bool same_epoch(struct store *store, int64_t candidate_id, struct span description, int64_t *ret_epoch,
		       bool *ret_any, struct error *err)
{
	struct statement *newest = store_statement(
		store, "SELECT id, description FROM epoch WHERE candidate_id = ? ORDER BY ordinal DESC LIMIT 1", err);
	if (newest == NULL) {
		return false;
	}
	statement_bind_integer(newest, 1, candidate_id);
	enum statement_step step = statement_step(newest, err);
	*ret_any = step == STATEMENT_ROW;
	*ret_epoch = *ret_any && contract_epoch_same(statement_text(newest, 1), description)
			     ? statement_integer(newest, 0)
			     : 0;
	statement_reset(newest);
	return step != STATEMENT_FAILED;
}

static bool read_epoch_start(struct store *store, struct candidate_lane *lane, struct error *err)
{
	struct statement *epoch = store_statement(store, "SELECT started_at FROM epoch WHERE id = ?", err);
	if (epoch == NULL) {
		return false;
	}
	statement_bind_integer(epoch, 1, lane->epoch);
	if (statement_step(epoch, err) != STATEMENT_ROW) {
		return false;
	}
	lane->epoch_started_at = statement_integer(epoch, 0);
	statement_reset(epoch);
	return true;
}

static bool find_epoch(struct store *store, const struct contract *contract, struct candidate_lane *lane,
		       bool new_epoch, int64_t now, struct error *err)
{
	CLEANUP_BUFFER struct buffer description = BUFFER_INIT(DESCRIPTION_MAX);
	uint8_t hash[SHA256_SIZE];
	if (!contract_epoch(contract, lane->candidate, &description, hash, err)) {
		return false;
	}
	bool any = false;
	if (!same_epoch(store, lane->id, buffer_span(&description), &lane->epoch, &any, err)) {
		return false;
	}
	if (any && lane->epoch == 0 && !new_epoch) {
		return refuse_change(store, contract, lane->candidate, lane->id, buffer_span(&description), err);
	}
	struct span digest = {(const char *)hash, sizeof(hash)};
	bool is_new = false;
	return (lane->epoch != 0 ||
		store_epoch(store, lane->id, digest, buffer_span(&description), now, &lane->epoch, &is_new, err)) &&
	       read_epoch_start(store, lane, err);
}

static bool resume_budget(struct store *store, const struct contract *contract, struct candidate_lane *lane,
			  int64_t now, struct error *err)
{
	budget_init(&lane->budget, contract->limit_cost_per_transaction_nano, contract->limit_cost_per_day_nano);
	int64_t today = budget_day(now);
	struct statement *spent =
		store_statement(store, "SELECT cost_nano FROM spend WHERE candidate_id = ? AND day = ?", err);
	if (spent == NULL) {
		return false;
	}
	statement_bind_integer(spent, 1, lane->id);
	statement_bind_integer(spent, 2, today);
	enum statement_step step = statement_step(spent, err);
	if (step == STATEMENT_FAILED) {
		return false;
	}
	budget_resume(&lane->budget, today, step == STATEMENT_ROW ? statement_integer(spent, 0) : 0);
	statement_reset(spent);
	return true;
}

static bool fill_candidate(struct store *store, const struct interface_lane *interface, struct candidate_lane *lane,
			   bool new_epoch, int64_t now, struct error *err)
{
	const struct contract *contract = interface->contract;
	lane->provider = provider_find(lane->candidate->provider);
	if (lane->provider == NULL) {
		return error_set_at(err, ERROR_CONFIG, contract->file, 0,
				    "candidate \"%s\" names the unknown provider \"%s\"; known are %s",
				    lane->candidate->name, lane->candidate->provider, provider_names());
	}
	if (!store_candidate(store, interface->id, span_of(lane->candidate->name), &lane->id, err) ||
	    !find_epoch(store, contract, lane, new_epoch, now, err) ||
	    !resume_budget(store, contract, lane, now, err)) {
		return false;
	}
	if (lane->provider->calls) {
		lane->calls = calls_create(contract, lane->candidate, err);
		return lane->calls != NULL;
	}
	return true;
}

static bool fill(struct store *store, struct interface_lane *lane, bool new_epoch, int64_t now, struct error *err)
{
	const struct contract *contract = lane->contract;
	if (!store_interface(store, span_of(contract->interface), &lane->id, err) ||
	    !freeze_version(store, contract, lane->id, now, &lane->notice, err) ||
	    !store_outcome_waits(store, lane->id, &lane->outcomes_wait, err)) {
		return false;
	}
	for (size_t i = 0; i < contract->field_count; i++) {
		if (!store_field(store, lane->id, span_of(contract->fields[i].name), &lane->fields[i], err)) {
			return false;
		}
	}
	for (size_t i = 0; i < contract->candidate_count; i++) {
		lane->candidates[i].candidate = &contract->candidates[i];
		arena_init(&lane->candidates[i].held_arena, HELD_MAX);
		if (!fill_candidate(store, lane, &lane->candidates[i], new_epoch, now, err)) {
			return false;
		}
	}
	lane->watch = drift_watch_create(contract, lane->id, contract->candidate_count);
	return lane->watch != NULL ||
	       error_set(err, ERROR_MEMORY, "no memory for interface \"%s\"", contract->interface);
}

struct interface_lane *lane_create(struct store *store, const struct contract *contract, bool new_epoch, int64_t now,
				   struct error *err)
{
	struct interface_lane *lane = calloc(1, sizeof(*lane));
	if (lane == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for interface \"%s\"", contract->interface);
		return NULL;
	}
	lane->contract = contract;
	lane->has_own_keys =
		contract->tap.pair_header != NULL || contract->tap.has_pair_path || contract->message_id_count > 1;
	watch_init(lane);
	lane->fields = calloc(contract->field_count + 1, sizeof(lane->fields[0]));
	lane->candidates = calloc(contract->candidate_count + 1, sizeof(lane->candidates[0]));
	bool done = false;
	if (lane->fields == NULL || lane->candidates == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for interface \"%s\"", contract->interface);
	} else if (store_begin(store, err)) {
		done = fill(store, lane, new_epoch, now, err) && store_commit(store, err);
		if (!done) {
			store_rollback(store);
		}
	}
	if (!done) {
		lane_destroy(lane);
		return NULL;
	}
	return lane;
}
