/* From the spool to rows. One transaction holds a batch of exchanges, their evaluations and the reading position. */
#include "harness/pipeline/message.h"
#include "harness/pipeline/shadow.h"
#include "harness/pipeline/worker_internal.h"

#include "baselines/sampling.h"
#include "harness/base/text.h"

#include <stdio.h>
#include <stdlib.h>

enum { LIST_INTERVAL_US = 500000, EXCHANGE_ID_TEXT = 64 };

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

static bool in_shadow_sample(struct worker *worker, const struct interface_lane *lane, const struct message *message)
{
	if (lane->contract->shadow_ppm >= SAMPLING_CERTAIN) {
		return true; /* the usual case, and on the record path */
	}
	CLEANUP_BUFFER struct buffer id = BUFFER_INIT(EXCHANGE_ID_TEXT);
	text_write_hex(&id, message->row.exchange_id, sizeof(message->row.exchange_id));
	return sampling_draw(worker->sampling_key, SAMPLING_SHADOW, span_of(lane->contract->interface),
			     buffer_span(&id), lane->contract->shadow_ppm);
}

static bool finish_recorded(struct worker *worker, const struct interface_lane *lane,
			    const struct candidate_lane *candidate, const struct message *message, int64_t row,
			    struct span reply, struct error *err)
{
	struct shadow_exchange exchange = {
		.row = row,
		.exchange_id = message->row.exchange_id,
		.week = message->row.week,
		.test = message->row.test,
	};
	struct error why = ERROR_INIT;
	if (!shadow_legacy(message->row.legacy_outcome, message->reply, &worker->arena, &exchange.legacy, &why)) {
		return store_evaluation_close(worker->store, row, candidate->id, message->row.week, message->row.test,
					      EVALUATION_DEAD_LETTER, -1, span_of(why.message), err);
	}
	struct call_result result = {.exchange = row, .outcome = OUTCOME_OK, .text = reply, .attempts = 1};
	if (reply.length == 0) {
		result.outcome = OUTCOME_TRANSPORT;
		result.detail = SPAN("the recording has no reply of the LLM path");
	}
	return shadow_finish(worker->store, worker->sampling_key, lane, candidate, &exchange, &result, false,
			     &worker->arena, err);
}

static bool add_evaluation(struct worker *worker, const struct interface_lane *lane, struct candidate_lane *candidate,
			   const struct message *message, int64_t row, struct span recorded, bool chosen,
			   struct error *err)
{
	int32_t week = message->row.week;
	bool test = message->row.test;
	if (message->malformed) {
		return store_evaluation_close(worker->store, row, candidate->id, week, test, EVALUATION_DEAD_LETTER, -1,
					      span_of(message->reason), err);
	}
	if (!chosen) {
		return store_evaluation_close(worker->store, row, candidate->id, week, test, EVALUATION_NOT_EVALUATED,
					      NOT_EVALUATED_SAMPLED_OUT, SPAN(""), err);
	}
	if (!candidate->provider->calls) {
		return finish_recorded(worker, lane, candidate, message, row, recorded, err);
	}
	candidate->exhausted = false;
	return store_evaluation_add(worker->store, row, candidate->id, week, test, err);
}

/* An exchange of an interface that no contract of this installation names: kept, and evaluated by nobody. */
static bool add_unknown(struct worker *worker, const char *stream, const struct spool_exchange *captured,
			struct error *err)
{
	const struct span pieces[] = {captured->interface, SPAN("unknown"), captured->request_body};
	uint8_t digest[SHA256_SIZE];
	hash_sha256_pieces(pieces, 3, digest);
	struct store_exchange row = {
		.event_time = captured->captured_at,
		.captured_at = captured->captured_at,
		.week = clock_week(captured->captured_at, worker->installation->zone),
		.test = true,
		.legacy_outcome = LEGACY_OK,
		.legacy_status = captured->legacy_status,
		.legacy_latency_us = captured->legacy_latency_us,
		.request = captured->request_body,
		.reply = captured->reply_body,
	};
	memcpy(row.exchange_id, digest, sizeof(row.exchange_id));
	int64_t id = 0;
	enum store_delivery delivery;
	return store_interface(worker->store, captured->interface, &row.interface_id, err) &&
	       store_exchange_add(worker->store, stream, &row, &id, &delivery, err);
}

static bool add_exchange(struct worker *worker, const char *stream, const struct spool_exchange *captured,
			 struct error *err)
{
	struct interface_lane *lane = worker_lane(worker, captured->interface);
	if (lane == NULL) {
		return add_unknown(worker, stream, captured, err);
	}
	struct message message;
	if (!message_read(lane->contract, worker->installation->zone, stream, captured, &worker->arena, &message,
			  err)) {
		return false;
	}
	message.row.interface_id = lane->id;
	int64_t row = 0;
	enum store_delivery delivery;
	if (!store_exchange_add(worker->store, stream, &message.row, &row, &delivery, err)) {
		return false;
	}
	if (delivery == STORE_DUPLICATE) {
		return true;
	}
	bool chosen = in_shadow_sample(worker, lane, &message);
	for (size_t i = 0; i < lane->contract->candidate_count; i++) {
		if (!add_evaluation(worker, lane, &lane->candidates[i], &message, row, captured->candidate_reply,
				    chosen, err)) {
			return false;
		}
	}
	return true;
}

static bool add_accounts(struct worker *worker, const char *stream, const struct spool_accounts *accounts,
			 struct error *err)
{
	int64_t interface = 0;
	struct store_account row = {
		.origin = accounts->origin,
		.at = accounts->at,
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

static bool read_batch(struct worker *worker, struct worker_stream *stream, size_t *count, struct error *err)
{
	size_t bytes = 0;
	size_t records = 0;
	while (records < INGEST_RECORDS && bytes < INGEST_BYTES) {
		struct spool_record record;
		enum spool_read read = spool_reader_next(stream->reader, &record, records == 0 ? err : NULL);
		if (read == SPOOL_READ_FAILED && records == 0) {
			return false;
		}
		if (read != SPOOL_READ) {
			break; /* what stands before a damaged record is stored; the next batch meets the damage */
		}
		if (records == 0 && !store_begin(worker->store, err)) {
			return false;
		}
		records++;
		arena_reset(&worker->arena);
		if (record.type == SPOOL_ACCOUNTS) {
			if (!add_accounts(worker, stream->name, &record.accounts, err)) {
				return false;
			}
			continue;
		}
		bytes += record.exchange.request_body.length + record.exchange.reply_body.length;
		if (!add_exchange(worker, stream->name, &record.exchange, err)) {
			return false;
		}
	}
	*count += records;
	if (records == 0) {
		return true;
	}
	struct spool_position position = spool_reader_position(stream->reader);
	struct store_position stored = {position.segment, position.offset, position.sequence};
	return store_position_set(worker->store, stream->name, &stored, err) && store_commit(worker->store, err) &&
	       remove_read_segments(worker, stream, &position, err);
}

bool worker_ingest(struct worker *worker, size_t *ret_count, struct error *err)
{
	size_t count = 0;
	bool done = list_streams(worker, err);
	for (size_t i = 0; done && i < worker->stream_count; i++) {
		done = read_batch(worker, &worker->streams[i], &count, err);
	}
	if (!done) {
		store_rollback(worker->store);
		worker_close_streams(worker);
		return false;
	}
	*ret_count = count;
	return true;
}
