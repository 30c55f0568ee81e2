/* GoReplay's .gor files. Records of one exchange stand far apart, in any order (replies come before their requests), so
 * they go through a heap by time, and a request then waits for its reply. Both are bounded by number and bytes. */
#include "harness/pipeline/recording_gor_record.h"
#include "harness/pipeline/recording_http.h"

#include <stdlib.h>

enum {
	HEAP_MAX = 1024, /* records put in order; GoReplay's own reader does with 100 */
	HEAP_BYTES_MAX = 128 * 1024 * 1024,
	WAITING_MAX = 1024, /* requests that wait for a reply */
	WAITING_BYTES_MAX = 128 * 1024 * 1024,
};

struct gor_reader {
	struct recording_source *source;
	struct arena arena; /* of the exchange handed out */
	struct gor_record *heap[HEAP_MAX];
	size_t heap_count;
	size_t heap_bytes;
	struct gor_record *oldest;  /* waiting requests */
	struct gor_record **newest; /* where the next one is put */
	size_t waiting_count;
	size_t waiting_bytes;
	struct gor_record *request; /* handed out: freed with the next read */
	struct gor_record *reply;
	bool ended;
	bool torn_told;
};

/* --- in order of time --- */

/* Requests before replies of the same moment: older files give the reply its request's time. */
static bool comes_before(const struct gor_record *a, const struct gor_record *b)
{
	if (a->time_ns != b->time_ns) {
		return a->time_ns < b->time_ns;
	}
	return a->type != b->type ? a->type < b->type : a->place < b->place;
}

static void heap_push(struct gor_reader *reader, struct gor_record *record)
{
	size_t at = reader->heap_count++;
	reader->heap_bytes += record->length;
	while (at > 0 && comes_before(record, reader->heap[(at - 1) / 2])) {
		reader->heap[at] = reader->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	reader->heap[at] = record;
}

static struct gor_record *heap_pop(struct gor_reader *reader)
{
	struct gor_record *first = reader->heap[0];
	struct gor_record *moved = reader->heap[--reader->heap_count];
	reader->heap_bytes -= first->length;
	size_t at = 0;
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= reader->heap_count) {
			break;
		}
		if (child + 1 < reader->heap_count && comes_before(reader->heap[child + 1], reader->heap[child])) {
			child++;
		}
		if (!comes_before(reader->heap[child], moved)) {
			break;
		}
		reader->heap[at] = reader->heap[child];
		at = child;
	}
	reader->heap[at] = moved;
	return first;
}

/* --- requests that wait --- */

static void wait_for_reply(struct gor_reader *reader, struct gor_record *request)
{
	*reader->newest = request;
	reader->newest = &request->next;
	reader->waiting_count++;
	reader->waiting_bytes += request->length;
}

static struct gor_record *take_waiting(struct gor_reader *reader, struct gor_record **link)
{
	struct gor_record *request = *link;
	*link = request->next;
	request->next = NULL;
	if (*link == NULL) {
		reader->newest = link;
	}
	reader->waiting_count--;
	reader->waiting_bytes -= request->length;
	return request;
}

/* The newest with this id: ids are used again. */
static struct gor_record *take_request_of(struct gor_reader *reader, const struct gor_record *reply)
{
	struct gor_record **found = NULL;
	for (struct gor_record **link = &reader->oldest; *link != NULL; link = &(*link)->next) {
		if ((*link)->id_length == reply->id_length && memcmp((*link)->id, reply->id, reply->id_length) == 0) {
			found = link;
		}
	}
	return found != NULL ? take_waiting(reader, found) : NULL;
}

/* --- one exchange --- */

/* Last byte of the message to last byte of the reply. Times of packets; nothing where they make no sense. */
static int64_t latency_us(const struct gor_record *request, const struct gor_record *reply)
{
	int64_t sent = 0;
	int64_t ended = 0;
	int64_t latency = 0;
	if (reply->latency_ns < 0 ||
	    __builtin_add_overflow(request->time_ns, request->latency_ns > 0 ? request->latency_ns : 0, &sent) ||
	    __builtin_add_overflow(reply->time_ns, reply->latency_ns, &ended) ||
	    __builtin_sub_overflow(ended, sent, &latency) || latency < 0) {
		return -1;
	}
	return latency / 1000;
}

static struct span bytes_of(const struct gor_record *record)
{
	return (struct span){record->bytes, record->length};
}

static void set_skip(struct recorded *recorded, int skip, const char *detail)
{
	if (recorded->skip < 0 && skip >= 0) {
		recorded->skip = skip;
		recorded->detail = detail;
	}
}

static void read_reply(struct gor_reader *reader, const struct gor_record *request, const struct gor_record *reply,
		       struct recorded *recorded)
{
	struct recorded_message message;
	int skip = recorded_message_read_reply(bytes_of(reply), span_is(recorded->method, "HEAD"), &reader->arena,
					       &message);
	set_skip(recorded, reply->torn ? REPLAY_SKIP_CUT : skip, message.detail);
	if (skip < 0 && message.status == 0) {
		return; /* an interim reply: the final one was recorded under another id */
	}
	recorded->has_reply = true;
	recorded->legacy_status = message.status;
	recorded->reply_head = message.fields;
	recorded->reply_body = message.body;
	recorded->legacy_latency_us = latency_us(request, reply);
}

/* `reply` may be NULL. Takes ownership of both until the next read. */
static void hand_out(struct gor_reader *reader, struct gor_record *request, struct gor_record *reply,
		     struct recorded *recorded)
{
	struct recorded_message message;
	reader->request = request;
	reader->reply = reply;
	int skip = recorded_message_read_request(bytes_of(request), &reader->arena, &message);
	set_skip(recorded, request->torn ? REPLAY_SKIP_CUT : skip, message.detail);
	recorded->place = request->place;
	recorded->captured_at = request->time_ns / 1000;
	recorded->method = message.method;
	recorded->target = message.target;
	recorded->request_head = message.fields;
	recorded->request_body = message.body;
	if (reply != NULL) {
		read_reply(reader, request, reply, recorded);
	}
}

static void hand_out_alone(struct gor_reader *reader, struct gor_record *reply, struct recorded *recorded)
{
	reader->reply = reply;
	recorded->place = reply->place;
	recorded->captured_at = reply->time_ns / 1000;
	set_skip(recorded, REPLAY_SKIP_NO_REQUEST, NULL);
}

/* Takes the next record in order of time to its place; true where that completes something to hand out. */
static bool settle(struct gor_reader *reader, struct recorded *recorded)
{
	struct gor_record *record = heap_pop(reader);
	if (record->type == GOR_REQUEST) {
		wait_for_reply(reader, record);
		return false;
	}
	struct gor_record *request = take_request_of(reader, record);
	if (request != NULL) {
		hand_out(reader, request, record, recorded);
	} else {
		hand_out_alone(reader, record, recorded);
	}
	return true;
}

static bool has_room(const struct gor_reader *reader)
{
	return !reader->ended && reader->heap_count < HEAP_MAX && reader->heap_bytes < HEAP_BYTES_MAX;
}

static bool waits_too_much(const struct gor_reader *reader)
{
	return reader->waiting_count > WAITING_MAX || reader->waiting_bytes > WAITING_BYTES_MAX ||
	       (reader->ended && reader->heap_count == 0 && reader->waiting_count > 0);
}

static enum recording_read read_end(struct gor_reader *reader, struct recorded *recorded)
{
	if (!recording_source_torn(reader->source) || reader->torn_told) {
		return RECORDING_END;
	}
	reader->torn_told = true;
	set_skip(recorded, REPLAY_SKIP_CUT, "the gzip data ends before its end; what was written behind is lost");
	recorded->place = recording_source_offset(reader->source);
	return RECORDING_READ;
}

static void forget_last(struct gor_reader *reader)
{
	arena_reset(&reader->arena);
	free(reader->request);
	free(reader->reply);
	reader->request = NULL;
	reader->reply = NULL;
}

static enum recording_read next(void *context, struct recorded *ret_recorded, struct error *err)
{
	struct gor_reader *reader = context;
	*ret_recorded = (struct recorded)RECORDED_INIT;
	forget_last(reader);
	for (;;) {
		struct gor_record *record = NULL;
		if (waits_too_much(reader)) {
			hand_out(reader, take_waiting(reader, &reader->oldest), NULL, ret_recorded);
			return RECORDING_READ;
		}
		if (has_room(reader)) {
			switch (gor_record_read(reader->source, &record, ret_recorded, err)) {
			case GOR_FAILED:
				return RECORDING_FAILED;
			case GOR_SKIPPED:
				return RECORDING_READ;
			case GOR_END:
				reader->ended = true;
				break;
			case GOR_RECORD:
				heap_push(reader, record);
				break;
			}
		} else if (reader->heap_count == 0) {
			return read_end(reader, ret_recorded);
		} else if (settle(reader, ret_recorded)) {
			return RECORDING_READ;
		}
	}
}

/* --- the reader --- */

static void *create(struct recording_source *source, struct error *err)
{
	struct gor_reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL) {
		error_set(err, ERROR_MEMORY, "no memory to read a recording");
		return NULL;
	}
	reader->source = source;
	reader->newest = &reader->oldest;
	arena_init(&reader->arena, RECORDING_MEMORY_MAX);
	return reader;
}

static void destroy(void *context)
{
	struct gor_reader *reader = context;
	forget_last(reader);
	while (reader->heap_count > 0) {
		free(heap_pop(reader));
	}
	while (reader->oldest != NULL) {
		free(take_waiting(reader, &reader->oldest));
	}
	arena_finish(&reader->arena);
	free(reader);
}

const struct recording_format recording_gor = {
	.name = "gor",
	.suffix = ".gor",
	.whole_traffic = true,
	.recognise = gor_record_begins,
	.create = create,
	.next = next,
	.destroy = destroy,
};
