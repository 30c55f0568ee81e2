/* HAR 1.2 (HTTP Archive): one JSON document whose log.entries are the exchanges. A small scanner finds the bytes of one
 * entry after the other, so that a file of any size needs the memory of one entry; then the entry is parsed. What
 * stands beside log.entries is passed over. A byte order mark is, as the specification asks. */
#include "harness/pipeline/recording.h"
#include "harness/pipeline/recording_har_entry.h"

#include "harness/base/text.h"

#include <stdlib.h>

enum { NAME_MAX_BYTES = 64 * 1024 };

enum har_place { AT_START, IN_ROOT, IN_LOG, IN_ENTRIES, BEHIND };

struct har_reader {
	struct recording_source *source;
	struct arena arena; /* of the entry handed out */
	enum har_place place;
	bool found;          /* log.entries was there */
	size_t entry_length; /* bytes of the entry handed out, still in the window */
};

/* --- finding values --- */

/* Follows one JSON value byte by byte. */
struct value_scan {
	uint64_t depth;
	bool in_string;
	bool escaped;
	bool scalar; /* a number or word: ends before the byte that is none of its own */
	bool ended;
};

static void scan_in_string(struct value_scan *scan, char c)
{
	if (scan->escaped) {
		scan->escaped = false;
	} else if (c == '\\') {
		scan->escaped = true;
	} else if (c == '"') {
		scan->in_string = false;
		scan->ended = scan->depth == 0;
	}
}

static bool ends_scalar(char c)
{
	return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void scan_byte(struct value_scan *scan, char c)
{
	if (c == '"') {
		scan->in_string = true;
	} else if (c == '{' || c == '[') {
		scan->depth++;
	} else if (c == '}' || c == ']') {
		scan->depth--;
		scan->ended = scan->depth == 0;
	} else {
		scan->scalar = scan->depth == 0;
	}
}

/* Bytes of `text` that belong to the value. Its first byte is no white space, comma or closing bracket. */
static size_t scan_value(struct value_scan *scan, struct span text)
{
	size_t at = 0;
	while (at < text.length && !scan->ended) {
		char c = text.data[at];
		if (scan->in_string) {
			scan_in_string(scan, c);
		} else if (scan->scalar && ends_scalar(c)) {
			scan->ended = true;
			break;
		} else if (!scan->scalar) {
			scan_byte(scan, c);
		}
		at++;
	}
	return at;
}

static bool broken(const struct har_reader *reader, const char *what, struct error *err)
{
	return error_set(err, ERROR_FORMAT, "%s at byte %llu; what stands before it was taken", what,
			 (unsigned long long)recording_source_offset(reader->source));
}

static bool torn(const struct har_reader *reader, struct error *err)
{
	return broken(reader, "the HAR ends inside the value", err);
}

/* Moves on behind the value whose first `scanned` bytes are already consumed. */
static bool skip_value(struct har_reader *reader, struct value_scan *scan, struct error *err)
{
	while (!scan->ended) {
		if (!recording_source_want(reader->source, 1, err)) {
			return false;
		}
		struct span window = recording_source_window(reader->source);
		if (window.length == 0) {
			return torn(reader, err);
		}
		recording_source_consume(reader->source, scan_value(scan, window));
	}
	return true;
}

/* Length of the value that begins the window, all of it in the window then; 0: too large, and skipped. */
static bool measure_value(struct har_reader *reader, size_t most, size_t *ret_length, struct error *err)
{
	struct value_scan scan = {0};
	size_t length = 0;
	while (!scan.ended && length < most) {
		if (!recording_source_want(reader->source, length + 1, err)) {
			return false;
		}
		struct span window = recording_source_window(reader->source);
		if (window.length == length) {
			return torn(reader, err);
		}
		length += scan_value(&scan, (struct span){window.data + length, window.length - length});
	}
	*ret_length = length;
	if (scan.ended) {
		return true;
	}
	*ret_length = 0;
	recording_source_consume(reader->source, length);
	return skip_value(reader, &scan, err);
}

/* The next byte that is no white space, not consumed; NUL at the end. */
static bool peek(struct har_reader *reader, char *ret_byte, struct error *err)
{
	for (;;) {
		if (!recording_source_want(reader->source, 1, err)) {
			return false;
		}
		struct span window = recording_source_window(reader->source);
		size_t blank = 0;
		while (blank < window.length && (window.data[blank] == ' ' || window.data[blank] == '\n' ||
						 window.data[blank] == '\r' || window.data[blank] == '\t')) {
			blank++;
		}
		*ret_byte = blank < window.length ? window.data[blank] : '\0';
		recording_source_consume(reader->source, blank);
		if (blank < window.length || recording_source_ended(reader->source)) {
			return true;
		}
	}
}

static bool expect(struct har_reader *reader, char wanted, const char *what, struct error *err)
{
	char byte = '\0';
	if (!peek(reader, &byte, err)) {
		return false;
	}
	if (byte != wanted) {
		return broken(reader, what, err);
	}
	recording_source_consume(reader->source, 1);
	return true;
}

/* --- the way to log.entries --- */

/* At a member's name: is it this one? Consumes it and its colon. */
static bool read_name(struct har_reader *reader, const char *wanted, bool *ret_is, struct error *err)
{
	size_t length = 0;
	if (!measure_value(reader, NAME_MAX_BYTES, &length, err)) {
		return false;
	}
	struct span window = recording_source_window(reader->source);
	*ret_is = length > 2 && span_is((struct span){window.data + 1, length - 2}, wanted);
	recording_source_consume(reader->source, length);
	return expect(reader, ':', "a name without a value", err);
}

/* One member of the root or of "log". Where it is the wanted one and opens with `bracket`: that is consumed and the
 * place is `inside`. */
static bool read_member(struct har_reader *reader, const char *wanted, char bracket, enum har_place inside,
			struct error *err)
{
	bool is = false;
	char byte = '\0';
	if (!read_name(reader, wanted, &is, err) || !peek(reader, &byte, err)) {
		return false;
	}
	if (is && byte == bracket) {
		recording_source_consume(reader->source, 1);
		reader->place = inside;
		return true;
	}
	if (byte == '\0' || byte == ',' || byte == '}' || byte == ']') {
		return broken(reader, "a name without a value", err);
	}
	return skip_value(reader, &(struct value_scan){0}, err);
}

static bool step_object(struct har_reader *reader, enum har_place outside, struct error *err)
{
	char byte = '\0';
	if (!peek(reader, &byte, err)) {
		return false;
	}
	if (byte == '"') {
		bool in_root = reader->place == IN_ROOT;
		return read_member(reader, in_root ? "log" : "entries", in_root ? '{' : '[',
				   in_root ? IN_LOG : IN_ENTRIES, err);
	}
	if (byte != ',' && byte != '}') {
		return byte == '\0' ? torn(reader, err) : broken(reader, "no name of a member stands", err);
	}
	recording_source_consume(reader->source, 1);
	reader->place = byte == '}' ? outside : reader->place;
	return true;
}

static bool step_start(struct har_reader *reader, struct error *err)
{
	if (!recording_source_want(reader->source, 3, err)) {
		return false;
	}
	struct span window = recording_source_window(reader->source);
	if (window.length >= 3 && memcmp(window.data, "\xef\xbb\xbf", 3) == 0) {
		recording_source_consume(reader->source, 3);
	}
	reader->place = IN_ROOT;
	return expect(reader, '{', "this is no HAR: no \"{\" stands", err);
}

static enum recording_read read_behind(struct har_reader *reader, struct error *err)
{
	char byte = '\0';
	if (!peek(reader, &byte, err)) {
		return RECORDING_FAILED;
	}
	if (recording_source_window(reader->source).length > 0) {
		broken(reader, "text stands behind the HAR", err);
		return RECORDING_FAILED;
	}
	if (!reader->found) {
		error_set(err, ERROR_FORMAT, "this is no HAR: it has no log.entries; say --format");
		return RECORDING_FAILED;
	}
	return RECORDING_END;
}

/* At an entry: the window begins with it. */
static enum recording_read read_entry(struct har_reader *reader, struct recorded *recorded, struct error *err)
{
	recorded->place = recording_source_offset(reader->source);
	if (!measure_value(reader, RECORDING_ENTRY_MAX, &reader->entry_length, err)) {
		return RECORDING_FAILED;
	}
	if (reader->entry_length == 0) {
		recorded->skip = REPLAY_SKIP_TOO_LARGE;
		recorded->detail = "the entry is too large";
		return RECORDING_READ;
	}
	struct span text = {recording_source_window(reader->source).data, reader->entry_length};
	har_entry_read(text, &reader->arena, recorded);
	return RECORDING_READ;
}

static enum recording_read step_entries(struct har_reader *reader, struct recorded *recorded, bool *ret_again,
					struct error *err)
{
	char byte = '\0';
	*ret_again = true;
	reader->found = true;
	if (!peek(reader, &byte, err)) {
		return RECORDING_FAILED;
	}
	if (byte == ',' || byte == ']') {
		recording_source_consume(reader->source, 1);
		reader->place = byte == ']' ? IN_LOG : IN_ENTRIES;
		return RECORDING_READ;
	}
	if (byte == '\0' || byte == '}') {
		torn(reader, err);
		return RECORDING_FAILED;
	}
	*ret_again = false;
	return read_entry(reader, recorded, err);
}

static enum recording_read next(void *context, struct recorded *ret_recorded, struct error *err)
{
	struct har_reader *reader = context;
	*ret_recorded = (struct recorded)RECORDED_INIT;
	arena_reset(&reader->arena);
	recording_source_consume(reader->source, reader->entry_length);
	reader->entry_length = 0;
	for (;;) {
		bool again = true;
		enum recording_read read = RECORDING_READ;
		switch (reader->place) {
		case AT_START:
			read = step_start(reader, err) ? RECORDING_READ : RECORDING_FAILED;
			break;
		case IN_ROOT:
			read = step_object(reader, BEHIND, err) ? RECORDING_READ : RECORDING_FAILED;
			break;
		case IN_LOG:
			read = step_object(reader, IN_ROOT, err) ? RECORDING_READ : RECORDING_FAILED;
			break;
		case IN_ENTRIES:
			read = step_entries(reader, ret_recorded, &again, err);
			break;
		case BEHIND:
			return read_behind(reader, err);
		}
		if (read == RECORDING_FAILED || !again) {
			return read;
		}
	}
}

/* --- the format --- */

static struct span skip_text(struct span text, const char *expected)
{
	struct span rest = text_trim(text);
	return text_starts_with(rest, expected)
		       ? text_trim((struct span){rest.data + strlen(expected), rest.length - strlen(expected)})
		       : (struct span){NULL, 0};
}

/* {"log": {"version" or whatever else a log may begin with */
static bool recognise(struct span beginning)
{
	static const char *const members[] = {"\"version\"", "\"creator\"", "\"browser\"",
					      "\"pages\"",   "\"entries\"", "\"comment\""};
	if (text_starts_with(beginning, "\xef\xbb\xbf")) {
		beginning = (struct span){beginning.data + 3, beginning.length - 3};
	}
	struct span rest = skip_text(skip_text(skip_text(skip_text(beginning, "{"), "\"log\""), ":"), "{");
	for (size_t i = 0; rest.data != NULL && i < sizeof(members) / sizeof(members[0]); i++) {
		if (text_starts_with(rest, members[i])) {
			return true;
		}
	}
	return false;
}

static void *create(struct recording_source *source, struct error *err)
{
	struct har_reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL) {
		error_set(err, ERROR_MEMORY, "no memory to read a recording");
		return NULL;
	}
	reader->source = source;
	arena_init(&reader->arena, RECORDING_MEMORY_MAX);
	return reader;
}

static void destroy(void *context)
{
	struct har_reader *reader = context;
	arena_finish(&reader->arena);
	free(reader);
}

const struct recording_format recording_har = {
	.name = "har",
	.suffix = ".har",
	.whole_traffic = true,
	.recognise = recognise,
	.create = create,
	.next = next,
	.destroy = destroy,
};
