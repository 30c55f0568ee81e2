/* GoReplay's .gor files. A record is a line "TYPE ID TIME-NS [LATENCY-NS]", an HTTP message as it was sent, and a
 * separator line. Records of one exchange stand far apart, in any order (replies come before their requests), so they
 * go through a heap by time, and a request then waits for its reply. Both are bounded by number and bytes. */
#include "harness/pipeline/recording.h"
#include "harness/pipeline/recording_http.h"

#include "harness/base/text.h"

#include <stdlib.h>

enum {
	META_MAX = 128, /* bytes of the line before a message, its line feed included */
	ID_MIN = 24,    /* today's ids; older ones have 40 */
	ID_MAX = 40,
	HEAP_MAX = 1024, /* records put in order; GoReplay's own reader does with 100 */
	HEAP_BYTES_MAX = 128 * 1024 * 1024,
	WAITING_MAX = 1024, /* requests that wait for a reply */
	WAITING_BYTES_MAX = 128 * 1024 * 1024,
};

#define SEPARATOR SPAN("\n\xf0\x9f\x90\xb5\xf0\x9f\x99\x88\xf0\x9f\x99\x89\n")

enum gor_type { GOR_REQUEST = '1', GOR_REPLY = '2', GOR_REPLAYED_REPLY = '3' };

struct gor_meta {
	enum gor_type type;
	struct span id;
	int64_t time_ns;
	int64_t latency_ns; /* first to last packet; -1: not known */
};

struct gor_record {
	struct gor_record *next; /* in the line of waiting requests, oldest first */
	enum gor_type type;
	size_t id_length;
	char id[ID_MAX];
	int64_t time_ns;
	int64_t latency_ns;
	uint64_t place;
	bool torn; /* the file ends inside it, as far as can be told */
	size_t length;
	char bytes[];
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

/* --- the line before a message --- */

static bool take_field(struct span *rest, struct span *ret_field)
{
	if (rest->length == 0) {
		return false;
	}
	size_t length = text_find(*rest, SPAN(" "));
	*ret_field = (struct span){rest->data, length};
	size_t used = length < rest->length ? length + 1 : length;
	*rest = (struct span){rest->data + used, rest->length - used};
	return true;
}

static bool is_id(struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		if (!text_is_digit(text.data[i]) && (text.data[i] < 'a' || text.data[i] > 'f')) {
			return false;
		}
	}
	return text.length >= ID_MIN && text.length <= ID_MAX;
}

static bool parse_meta(struct span line, struct gor_meta *ret_meta)
{
	struct span type;
	struct span time;
	struct span latency;
	struct gor_meta meta = {.latency_ns = -1};
	if (!take_field(&line, &type) || type.length != 1 || type.data[0] < '1' || type.data[0] > '3' ||
	    !take_field(&line, &meta.id) || !is_id(meta.id) || !take_field(&line, &time) ||
	    !text_to_int64(time, &meta.time_ns) || meta.time_ns < 0) {
		return false;
	}
	if (take_field(&line, &latency) && !text_to_int64(latency, &meta.latency_ns)) {
		return false;
	}
	meta.type = (enum gor_type)type.data[0];
	*ret_meta = meta;
	return line.length == 0;
}

/* Bytes of the line with its line feed; 0 where none stands there. */
static size_t find_meta(struct span text, struct gor_meta *ret_meta)
{
	size_t most = text.length < META_MAX ? text.length : META_MAX;
	size_t length = text_find((struct span){text.data, most}, SPAN("\n"));
	if (length == most || !parse_meta((struct span){text.data, length}, ret_meta)) {
		return 0;
	}
	return length + 1;
}

static bool recognise(struct span beginning)
{
	struct gor_meta meta;
	return find_meta(beginning, &meta) > 0;
}

/* --- records --- */

enum gor_read { GOR_RECORD, GOR_SKIPPED, GOR_END, GOR_FAILED };

/* Behind a separator: does a record begin there, or is it the end, or what is left of a record that was cut? `rest`: at
 * least META_MAX bytes, or all there are. */
static bool may_follow(struct span rest)
{
	struct gor_meta meta;
	bool last = rest.length < META_MAX && memchr(rest.data, '\n', rest.length) == NULL;
	return last || find_meta(rest, &meta) > 0;
}

/* The next separator behind *scanned that is one: a body may hold such a line itself. `framing` (of the message that
 * begins at `begin`; NULL: none is known) says that the message is over where a damaged record follows. */
static enum recording_search find_separator(struct recording_source *source, struct recorded_framing *framing,
					    bool is_reply, size_t begin, size_t *scanned, size_t *ret_end,
					    struct error *err)
{
	for (;;) {
		enum recording_search search =
			recording_source_find(source, SEPARATOR, RECORDING_ENTRY_MAX, scanned, ret_end, err);
		if (search != SOURCE_FOUND) {
			return search;
		}
		size_t end = *ret_end + SEPARATOR.length;
		if (!recording_source_want(source, end + META_MAX, err)) {
			return SOURCE_FAILED;
		}
		struct span window = recording_source_window(source);
		if (may_follow((struct span){window.data + end, window.length - end})) {
			return SOURCE_FOUND;
		}
		if (framing != NULL && *ret_end >= begin &&
		    recorded_framing_ends(framing, is_reply, (struct span){window.data + begin, *ret_end - begin})) {
			return SOURCE_FOUND;
		}
		*scanned = *ret_end + 1;
	}
}

/* Moves on behind the next separator, or to the end. */
static bool skip_record(struct recording_source *source, struct error *err)
{
	for (;;) {
		size_t scanned = 0;
		size_t end = 0;
		enum recording_search search = find_separator(source, NULL, false, 0, &scanned, &end, err);
		if (search == SOURCE_FAILED) {
			return false;
		}
		if (search == SOURCE_FOUND) {
			recording_source_consume(source, end + SEPARATOR.length);
			return true;
		}
		struct span window = recording_source_window(source);
		if (recording_source_ended(source) && window.length <= RECORDING_ENTRY_MAX) {
			recording_source_consume(source, window.length);
			return true;
		}
		recording_source_consume(source, scanned);
	}
}

static enum gor_read skip(struct gor_reader *reader, enum replay_skip why, const char *detail,
			  struct recorded *recorded, struct error *err)
{
	recorded->skip = (int)why;
	recorded->detail = detail;
	return skip_record(reader->source, err) ? GOR_SKIPPED : GOR_FAILED;
}

/* The file may end inside a separator. A line feed alone may be the message's own. */
static size_t without_torn_separator(struct span message)
{
	for (size_t part = SEPARATOR.length - 1; part > 1; part--) {
		if (message.length >= part && memcmp(message.data + message.length - part, SEPARATOR.data, part) == 0) {
			return message.length - part;
		}
	}
	return message.length;
}

static struct gor_record *make_record(const struct gor_meta *meta, struct span message, uint64_t place)
{
	struct gor_record *record = malloc(sizeof(*record) + message.length);
	if (record == NULL) {
		return NULL;
	}
	*record = (struct gor_record){
		.type = meta->type,
		.id_length = meta->id.length,
		.time_ns = meta->time_ns,
		.latency_ns = meta->latency_ns,
		.place = place,
		.length = message.length,
	};
	memcpy(record->id, meta->id.data, meta->id.length);
	memcpy(record->bytes, message.data, message.length);
	return record;
}

/* The record whose line has `begin` bytes. */
static enum gor_read read_message(struct gor_reader *reader, size_t begin, struct gor_record **ret_record,
				  struct recorded *recorded, struct error *err)
{
	struct recording_source *source = reader->source;
	struct recorded_framing framing = {0};
	size_t scanned = begin - 1; /* the line feed of an empty message's line is the separator's too */
	size_t end = 0;
	bool is_reply = recording_source_window(source).data[0] != GOR_REQUEST;
	enum recording_search search = find_separator(source, &framing, is_reply, begin, &scanned, &end, err);
	if (search == SOURCE_FAILED) {
		return GOR_FAILED;
	}
	struct span window = recording_source_window(source);
	size_t used = end + SEPARATOR.length;
	if (search == SOURCE_NOT_FOUND) {
		if (!recording_source_ended(source) || window.length > RECORDING_ENTRY_MAX) {
			return skip(reader, REPLAY_SKIP_TOO_LARGE, "the record is too large", recorded, err);
		}
		used = window.length;
		end = without_torn_separator(window);
	}
	end = end < begin ? begin : end;
	struct gor_meta meta;
	BUG_ON(find_meta(window, &meta) == 0);
	*ret_record =
		make_record(&meta, (struct span){window.data + begin, end - begin}, recording_source_offset(source));
	if (*ret_record == NULL) {
		error_set(err, ERROR_MEMORY, "a record does not fit into memory");
		return GOR_FAILED;
	}
	(*ret_record)->torn = search == SOURCE_NOT_FOUND && recording_source_torn(source);
	recording_source_consume(source, used);
	return GOR_RECORD;
}

/* Line ends between records are nobody's: files that were edited or joined have them. */
static bool skip_line_ends(struct recording_source *source, struct error *err)
{
	for (;;) {
		if (!recording_source_want(source, META_MAX, err)) {
			return false;
		}
		struct span window = recording_source_window(source);
		size_t length = 0;
		while (length < window.length && (window.data[length] == '\n' || window.data[length] == '\r')) {
			length++;
		}
		if (length == 0) {
			return true;
		}
		recording_source_consume(source, length);
	}
}

static enum gor_read read_record(struct gor_reader *reader, struct gor_record **ret_record, struct recorded *recorded,
				 struct error *err)
{
	if (!skip_line_ends(reader->source, err)) {
		return GOR_FAILED;
	}
	struct span window = recording_source_window(reader->source);
	recorded->place = recording_source_offset(reader->source);
	if (window.length == 0) {
		return GOR_END;
	}
	struct gor_meta meta;
	size_t begin = find_meta(window, &meta);
	if (begin == 0) {
		return skip(reader, REPLAY_SKIP_MALFORMED, "no line of type, id and time stands before it", recorded,
			    err);
	}
	if (meta.type == GOR_REPLAYED_REPLY) {
		return skip(reader, REPLAY_SKIP_REPLAYED_REPLY, NULL, recorded, err);
	}
	return read_message(reader, begin, ret_record, recorded, err);
}

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
			switch (read_record(reader, &record, ret_recorded, err)) {
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
	.recognise = recognise,
	.create = create,
	.next = next,
	.destroy = destroy,
};
