/* From the spool to rows. One transaction holds a batch of exchanges, their evaluations and the reading position. */
#include "harness/pipeline/draw.h"
#include "harness/pipeline/input.h"
#include "harness/pipeline/pairing.h"
#include "harness/pipeline/profile.h"
#include "harness/pipeline/reply_drift.h"
#include "harness/pipeline/shadow.h"
#include "harness/store/correction.h"
#include "harness/store/legacy.h"
#include "harness/store/profile.h"
#include "harness/store/unclaimed.h"

#include <stdio.h>
#include <stdlib.h>

enum { LIST_INTERVAL_US = 500000 };

void worker_close_streams(struct worker *worker)
{
	for (size_t i = 0; i < worker->stream_count; i++) {
		spool_reader_close(worker->streams[i].reader);
	}
	free(worker->streams);
	worker->streams = NULL;
	worker->stream_count = 0;
	worker->streams_listed_at = 0;
}

static bool open_stream(struct worker *worker, const char *name, struct error *err)
{
	for (size_t i = 0; i < worker->stream_count; i++) {
		if (strcmp(worker->streams[i].name, name) == 0) {
			return true;
		}
	}
	struct store_position stored;
	if (!store_position_get(worker->store, name, &stored, err)) {
		return false;
	}
	struct worker_stream *streams =
		realloc(worker->streams, (worker->stream_count + 1) * sizeof(worker->streams[0]));
	if (streams == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for a spool stream");
	}
	worker->streams = streams;
	struct spool_position position = {stored.segment, stored.offset, stored.sequence};
	struct worker_stream stream = {0};
	snprintf(stream.name, sizeof(stream.name), "%s", name);
	stream.reader = spool_reader_open(worker->installation->spool, name, &position, err);
	if (stream.reader == NULL) {
		return false;
	}
	worker->streams[worker->stream_count++] = stream;
	return true;
}

static bool list_streams(struct worker *worker, struct error *err)
{
	int64_t now = clock_monotonic();
	if (worker->streams_listed_at != 0 && now - worker->streams_listed_at < LIST_INTERVAL_US) {
		return true;
	}
	arena_reset(&worker->arena);
	char **names = NULL;
	size_t count = 0;
	if (!spool_list_streams(worker->installation->spool, &worker->arena, &names, &count, err)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!open_stream(worker, names[i], err)) {
			return false;
		}
	}
	worker->streams_listed_at = now;
	return true;
}

/* What add_evaluation needs of one exchange, for each candidate. */
struct arrival {
	struct worker *worker;
	struct interface_lane *lane;
	const struct spool_exchange *captured;
	struct message message;
	int64_t row;
	bool chosen;
	const struct json_node *legacy; /* document of the legacy reply; NULL: not read yet, or none */
	int held;                       /* enum pending_reason, of an input gate; -1: none */
};

static bool finish_recorded(const struct arrival *arrival, const struct candidate_lane *candidate, struct error *err)
{
	const struct message *message = &arrival->message;
	struct shadow_exchange exchange = {
		.row = arrival->row,
		.exchange_id = message->row.exchange_id,
		.week = message->row.week,
		.test = message->row.test,
		.captured_at = message->row.captured_at,
		.legacy = arrival->legacy,
		.legacy_is_read = arrival->legacy != NULL,
	};
	return shadow_finish_recorded(arrival->worker->store, arrival->worker->sampling_key, arrival->lane, candidate,
				      &exchange, message->row.legacy_outcome, message->reply,
				      arrival->captured->candidate_reply, false, &arrival->worker->arena, err);
}

static bool add_evaluation(const struct arrival *arrival, struct candidate_lane *candidate, struct error *err)
{
	struct store *store = arrival->worker->store;
	const struct message *message = &arrival->message;
	int32_t week = message->row.week;
	bool test = message->row.test;
	if (message->malformed) {
		return store_evaluation_close(store, arrival->row, candidate->id, week, test, EVALUATION_DEAD_LETTER,
					      -1, span_of(message->reason), err);
	}
	if (!arrival->chosen) {
		return store_evaluation_close(store, arrival->row, candidate->id, week, test, EVALUATION_NOT_EVALUATED,
					      NOT_EVALUATED_SAMPLED_OUT, SPAN(""), err);
	}
	if (arrival->held >= 0 || message->row.legacy_outcome == LEGACY_AWAITED) {
		struct span none = {NULL, 0};
		struct span recorded = arrival->captured->candidate_reply;
		bool keep = !candidate->provider->calls && recorded.length > 0;
		enum pending_reason reason =
			arrival->held >= 0 ? (enum pending_reason)arrival->held : PENDING_AWAITS_LEGACY;
		return store_evaluation_hold(store, arrival->row, candidate->id, week, test, reason,
					     keep ? recorded : none, err);
	}
	if (!candidate->provider->calls) {
		return finish_recorded(arrival, candidate, err);
	}
	candidate->exhausted = false;
	return store_evaluation_add(store, arrival->row, candidate->id, week, test, err);
}

/* The legacy reply that counts, too, where there is one. */
static bool count_values(const struct arrival *arrival, struct error *err)
{
	const struct message *message = &arrival->message;
	struct worker *worker = arrival->worker;
	if (!profile_chosen(arrival->lane->profile, message->row.exchange_id)) {
		return true;
	}
	return profile_add(arrival->lane->profile, worker->store, PROFILE_MESSAGE, message->root, message->row.week,
			   message->row.test, err) &&
	       (message->row.legacy_outcome == LEGACY_AWAITED ||
		shadow_count_legacy(worker->store, arrival->lane, &message->row, message->reply, arrival->legacy,
				    &worker->arena, err));
}

/* What was stored: joined with its answers, and an evaluation for each candidate. */
static bool add_work(struct arrival *arrival, const char *stream, struct error *err)
{
	struct worker *worker = arrival->worker;
	struct interface_lane *lane = arrival->lane;
	if (!draw_shadow(worker, lane, arrival->captured, &arrival->message, arrival->row, &arrival->chosen, err) ||
	    !input_judge(worker, lane, &arrival->message, arrival->row, arrival->chosen, &arrival->held, err) ||
	    !pairing_add_exchange(worker, stream, lane, arrival->captured, &arrival->message, arrival->row, err)) {
		return false;
	}
	if (!reply_drift_count_legacy(worker->store, lane, arrival->row, &arrival->message.row, arrival->message.reply,
				      &worker->arena, &arrival->legacy, err) ||
	    !count_values(arrival, err)) {
		return false;
	}
	for (size_t i = 0; i < lane->contract->candidate_count; i++) {
		if (!add_evaluation(arrival, &lane->candidates[i], err)) {
			return false;
		}
	}
	return true;
}

static bool add_exchange(struct worker *worker, const char *stream, struct interface_lane *lane,
			 const struct spool_exchange *captured, struct error *err)
{
	struct arrival arrival = {.worker = worker, .lane = lane, .captured = captured};
	enum store_delivery delivery;
	bool repeated = false;
	if (!pairing_is_repeated(worker, lane, captured, &repeated, err)) {
		return false;
	}
	if (repeated) {
		store_duplicate_count(worker->store, stream, lane->id);
		return true;
	}
	if (!message_read(lane->contract, worker->installation->zone, stream, captured, &worker->arena,
			  &arrival.message, err)) {
		return false;
	}
	arrival.message.row.interface_id = lane->id;
	pairing_set_aside(captured, &arrival.message);
	if (!store_exchange_add(worker->store, stream, &arrival.message.row, &arrival.row, &delivery, err)) {
		return false;
	}
	return delivery == STORE_DUPLICATE
		       ? pairing_add_duplicate(worker, stream, lane, captured, &arrival.message, arrival.row, err)
		       : add_work(&arrival, stream, err);
}

/* No contract of this installation names the interface: it was taken out while this was on its way, or it was added
 * and this worker has not been started anew yet. It waits for the worker that knows it. */
static bool set_aside(struct worker *worker, const char *stream, const struct spool_exchange *captured,
		      struct error *err)
{
	int64_t interface = 0;
	size_t size = spool_exchange_size(captured);
	char *frame = arena_allocate(&worker->arena, size);
	if (frame == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for a delivery of %zu bytes", size);
	}
	spool_exchange_encode(captured, frame);
	return store_interface(worker->store, captured->interface, &interface, err) &&
	       store_unclaimed_add(worker->store, stream, interface, (struct span){frame, size}, err);
}

static bool add_to_lane(struct worker *worker, const char *stream, struct interface_lane *lane,
			const struct spool_exchange *captured, struct error *err)
{
	return captured->is_outcome ? pairing_add_outcome(worker, stream, lane, captured, err)
				    : add_exchange(worker, stream, lane, captured, err);
}

static bool add_delivery(struct worker *worker, const char *stream, const struct spool_exchange *captured,
			 struct error *err)
{
	struct interface_lane *lane = worker_lane(worker, captured->interface);
	return lane != NULL ? add_to_lane(worker, stream, lane, captured, err)
			    : set_aside(worker, stream, captured, err);
}

static bool add_accounts(struct worker *worker, const char *stream, const struct spool_accounts *accounts,
			 struct error *err)
{
	int64_t interface = 0;
	struct store_account row = {
		.origin = accounts->origin,
		.at = accounts->at,
		.week = clock_week(accounts->at, worker->installation->zone),
		.seen = accounts->seen,
		.committed = accounts->committed,
		.in_flight = accounts->in_flight,
	};
	memcpy(row.dropped, accounts->dropped, sizeof(row.dropped));
	return store_interface(worker->store, accounts->interface, &interface, err) &&
	       store_account_set(worker->store, stream, interface, &row, err);
}

/* What is stored durably need not stay in the spool. */
static bool remove_read_segments(struct worker *worker, struct worker_stream *stream,
				 const struct spool_position *position, struct error *err)
{
	if (position->segment == stream->segment) {
		return true;
	}
	stream->segment = position->segment;
	return spool_remove_before(worker->installation->spool, stream->name, position, err);
}

/* What one batch has read so far. */
struct batch {
	size_t records;
	size_t bytes;
	int64_t last; /* captured_at of the newest delivery; 0: none */
};

static bool add_record(struct worker *worker, const struct worker_stream *stream, const struct spool_record *record,
		       struct batch *batch, struct error *err)
{
	if (batch->records == 0 && (!store_begin(worker->store, err) || !input_look(worker, err))) {
		return false;
	}
	batch->records++;
	arena_reset(&worker->arena);
	if (record->type == SPOOL_ACCOUNTS) {
		return add_accounts(worker, stream->name, &record->accounts, err);
	}
	batch->bytes += record->exchange.request_body.length + record->exchange.reply_body.length;
	batch->last = record->exchange.captured_at;
	return add_delivery(worker, stream->name, &record->exchange, err);
}

static bool write_watches(struct worker *worker, struct error *err)
{
	for (size_t i = 0; i < worker->installation->contract_count; i++) {
		if (!drift_watch_write(worker->lanes[i]->watch, worker->store, err)) {
			return false;
		}
	}
	return true;
}

static bool commit_batch(struct worker *worker, struct worker_stream *stream, struct error *err)
{
	struct spool_position position = spool_reader_position(stream->reader);
	struct store_position stored = {position.segment, position.offset, position.sequence};
	return write_watches(worker, err) && store_position_set(worker->store, stream->name, &stored, err) &&
	       store_commit(worker->store, err) && remove_read_segments(worker, stream, &position, err);
}

static bool read_batch(struct worker *worker, struct worker_stream *stream, size_t *count, int64_t *until,
		       struct error *err)
{
	struct batch batch = {0};
	while (batch.records < INGEST_RECORDS && batch.bytes < INGEST_BYTES) {
		struct spool_record record;
		bool is_first = batch.records == 0;
		enum spool_read read = spool_reader_next(stream->reader, &record, is_first ? err : NULL);
		if (read == SPOOL_READ_FAILED && is_first) {
			return false;
		}
		if (read != SPOOL_READ) {
			break; /* what stands before a damaged record is stored; the next batch meets the damage */
		}
		if (!add_record(worker, stream, &record, &batch, err)) {
			return false;
		}
	}
	*count += batch.records;
	*until = batch.last != 0 && batch.last < *until ? batch.last : *until;
	return batch.records == 0 || commit_batch(worker, stream, err);
}

/* --- what was set aside while no contract named its interface --- */

/* The oldest one; *ret_found is false where none is left. */
static bool claim_one(struct worker *worker, struct interface_lane *lane, struct batch *batch, bool *ret_found,
		      struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(WORKER_ARENA_MAX);
	struct span frame;
	struct spool_record record;
	char *stream = NULL;
	size_t size = 0;
	if (!store_unclaimed_take(worker->store, lane->id, &arena, &frame, &stream, err)) {
		return false;
	}
	*ret_found = stream != NULL;
	if (stream == NULL) {
		return true;
	}
	if (spool_decode(frame, &record, &size) != SPOOL_DECODED || !spool_is_delivery(&record)) {
		return error_set(err, ERROR_FORMAT,
				 "a delivery that was set aside is damaged; restore a copy of the store");
	}
	arena_reset(&worker->arena);
	batch->records++;
	batch->bytes += frame.length;
	batch->last = record.exchange.captured_at;
	return add_to_lane(worker, stream, lane, &record.exchange, err);
}

static bool claim_batch(struct worker *worker, struct interface_lane *lane, struct batch *batch, struct error *err)
{
	bool found = true;
	if (!store_begin(worker->store, err)) {
		return false;
	}
	while (found && batch->records < INGEST_RECORDS && batch->bytes < INGEST_BYTES) {
		if (!claim_one(worker, lane, batch, &found, err)) {
			return false;
		}
	}
	if (!write_watches(worker, err) || !store_commit(worker->store, err)) {
		return false;
	}
	lane->unclaimed_wait = found;
	return true;
}

/* Before the spool is read further, so that an interface's deliveries keep their order. */
static bool claim(struct worker *worker, size_t *count, int64_t *until, struct error *err)
{
	for (size_t i = 0; i < worker->installation->contract_count; i++) {
		struct interface_lane *lane = worker->lanes[i];
		struct batch batch = {0};
		if (!lane->unclaimed_wait) {
			continue;
		}
		if (!claim_batch(worker, lane, &batch, err)) {
			lane_drop_ready(lane);
			return false;
		}
		lane_keep_ready(lane);
		*count += batch.records;
		*until = batch.last != 0 && batch.last < *until ? batch.last : *until;
	}
	return true;
}

static void forget_watch(struct interface_lane *lane)
{
	drift_watch_forget(lane->watch);
}

static void for_lanes(struct worker *worker, void (*act)(struct interface_lane *))
{
	for (size_t i = 0; i < worker->installation->contract_count; i++) {
		act(worker->lanes[i]);
	}
}

bool worker_ingest(struct worker *worker, size_t *ret_count, int64_t *ret_until, struct error *err)
{
	size_t count = 0;
	int64_t until = clock_now();
	bool done = claim(worker, &count, &until, err) && list_streams(worker, err);
	for (size_t i = 0; done && count == 0 && i < worker->stream_count; i++) {
		done = read_batch(worker, &worker->streams[i], &count, &until, err);
		for_lanes(worker, done ? lane_keep_ready : lane_drop_ready);
	}
	if (!done) {
		for_lanes(worker, forget_watch);
		store_rollback(worker->store);
		worker_close_streams(worker);
		return false;
	}
	*ret_count = count;
	*ret_until = until;
	return true;
}
