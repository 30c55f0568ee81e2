#include "harness/pipeline/recording_gor_record.h"

#include "harness/base/text.h"
#include "harness/pipeline/recording_http.h"

#include <stdlib.h>

enum {
	META_MAX = 128, /* bytes of the line before a message, its line feed included */
	ID_MIN = 24,    /* today's ids; older ones have GOR_ID_MAX */
};

#define SEPARATOR SPAN("\n\xf0\x9f\x90\xb5\xf0\x9f\x99\x88\xf0\x9f\x99\x89\n")

struct gor_meta {
	enum gor_type type;
	struct span id;
	int64_t time_ns;
	int64_t latency_ns; /* first to last packet; -1: not known */
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
	return text.length >= ID_MIN && text.length <= GOR_ID_MAX;
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

bool gor_record_begins(struct span beginning)
{
	struct gor_meta meta;
	return find_meta(beginning, &meta) > 0;
}

/* --- records --- */

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

static enum gor_read skip(struct recording_source *source, enum replay_skip why, const char *detail,
			  struct recorded *recorded, struct error *err)
{
	recorded->skip = (int)why;
	recorded->detail = detail;
	return skip_record(source, err) ? GOR_SKIPPED : GOR_FAILED;
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
static enum gor_read read_message(struct recording_source *source, size_t begin, struct gor_record **ret_record,
				  struct recorded *recorded, struct error *err)
{
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
			return skip(source, REPLAY_SKIP_TOO_LARGE, "the record is too large", recorded, err);
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

enum gor_read gor_record_read(struct recording_source *source, struct gor_record **ret_record,
			      struct recorded *recorded, struct error *err)
{
	if (!skip_line_ends(source, err)) {
		return GOR_FAILED;
	}
	struct span window = recording_source_window(source);
	recorded->place = recording_source_offset(source);
	if (window.length == 0) {
		return GOR_END;
	}
	struct gor_meta meta;
	size_t begin = find_meta(window, &meta);
	if (begin == 0) {
		return skip(source, REPLAY_SKIP_MALFORMED, "no line of type, id and time stands before it", recorded,
			    err);
	}
	if (meta.type == GOR_REPLAYED_REPLY) {
		return skip(source, REPLAY_SKIP_REPLAYED_REPLY, NULL, recorded, err);
	}
	return read_message(source, begin, ret_record, recorded, err);
}
