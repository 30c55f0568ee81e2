/* JSON Lines, one exchange a line, in one of two shapes:
 *   {"message": {...}, "legacy": {...}, "llm": {...} or "text", "captured_at": TIME, "legacy_outcome": WORD,
 *    "legacy_latency_us": N}
 *     where all but "message" may be absent: "llm" is what the provider `recorded` answers with;
 *   any other object: the message itself, whose legacy decision stands in the outcomes table.
 * Such a file was made for this program: a line that is broken is the operator's to mend, nothing is skipped. */
#include "harness/pipeline/recording.h"

#include "harness/base/clock.h"
#include "harness/base/text.h"

#include <stdlib.h>

struct jsonl_reader {
	struct recording_source *source;
	struct arena arena; /* of the line handed out */
	size_t line_length; /* bytes of that line, still in the window */
	int line;
};

static bool is_envelope(const struct json_node *root)
{
	static const char *const names[] = {"message",     "legacy",         "llm",
					    "captured_at", "legacy_outcome", "legacy_latency_us"};
	enum { NAME_COUNT = sizeof(names) / sizeof(names[0]) };
	if (!json_is(json_get_text(root, "message"), JSON_OBJECT)) {
		return false;
	}
	for (const struct json_node *name = json_first(root); name != NULL; name = json_next(root, name)) {
		size_t i = 0;
		while (i < NAME_COUNT && !span_is(json_text(name), names[i])) {
			i++;
		}
		if (i == NAME_COUNT) {
			return false;
		}
	}
	return true;
}

/* The value's JSON text, or for a string (with `raw`) its content. */
static bool body_of(const struct json_node *node, bool raw, struct arena *arena, struct span *ret_body,
		    struct error *err)
{
	if (node == NULL || json_is(node, JSON_NULL)) {
		*ret_body = (struct span){"", 0};
		return true;
	}
	if (raw && json_is(node, JSON_STRING)) {
		*ret_body = json_text(node);
		return true;
	}
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(RECORDING_BODY_MAX);
	json_write(&text, node);
	if (!buffer_ok(&text, "a recorded body", err)) {
		return false;
	}
	char *copy = arena_copy(arena, buffer_span(&text));
	if (copy == NULL) {
		return error_set(err, ERROR_LIMIT, "a recorded body does not fit into memory");
	}
	*ret_body = (struct span){copy, text.length};
	return true;
}

static bool read_particulars(const struct json_node *root, struct recorded *recorded, struct error *err)
{
	const struct json_node *at = json_get_text(root, "captured_at");
	const struct json_node *outcome = json_get_text(root, "legacy_outcome");
	const struct json_node *latency = json_get_text(root, "legacy_latency_us");
	if (at != NULL && !clock_parse(json_text(at), &recorded->captured_at)) {
		return error_set(err, ERROR_FORMAT,
				 "captured_at is not a time; write it as 2026-11-16T08:30:00Z (RFC 3339)");
	}
	if (latency != NULL &&
	    (!json_is(latency, JSON_NUMBER) || !text_to_int64(json_text(latency), &recorded->legacy_latency_us) ||
	     recorded->legacy_latency_us < 0)) {
		return error_set(err, ERROR_FORMAT,
				 "legacy_latency_us is not a whole number of microseconds; write one, 0 or more");
	}
	if (outcome != NULL) {
		recorded->legacy_outcome = legacy_outcome_from_name(json_text(outcome));
		if (recorded->legacy_outcome < 0 || recorded->legacy_outcome == LEGACY_AWAITED) {
			return error_set(err, ERROR_FORMAT,
					 "legacy_outcome is no outcome; write ok, failed, parked, repaired or manual");
		}
	}
	return true;
}

static bool read_line(struct arena *arena, struct span line, struct recorded *recorded, struct error *err)
{
	const struct json_node *root = NULL;
	if (!json_parse(arena, line, NULL, &root, err)) {
		return false;
	}
	recorded->message = root;
	recorded->request_body = line;
	if (!is_envelope(root)) {
		return true;
	}
	recorded->message = json_get_text(root, "message");
	if (!read_particulars(root, recorded, err) ||
	    !body_of(recorded->message, false, arena, &recorded->request_body, err) ||
	    !body_of(json_get_text(root, "legacy"), false, arena, &recorded->reply_body, err) ||
	    !body_of(json_get_text(root, "llm"), true, arena, &recorded->candidate_reply, err)) {
		return false;
	}
	recorded->has_reply = recorded->reply_body.length > 0;
	return true;
}

/* The next line that is not blank, left in the window; *ret_line empty: there is none. */
static bool find_line(struct jsonl_reader *reader, struct span *ret_line, struct error *err)
{
	for (;;) {
		size_t scanned = 0;
		size_t end = 0;
		enum recording_search search =
			recording_source_find(reader->source, SPAN("\n"), RECORDING_ENTRY_MAX, &scanned, &end, err);
		struct span window = recording_source_window(reader->source);
		reader->line++;
		if (search == SOURCE_FAILED) {
			return false;
		}
		if (search == SOURCE_NOT_FOUND && window.length >= RECORDING_ENTRY_MAX) {
			return error_set(err, ERROR_LIMIT, "the line is too long");
		}
		if (search == SOURCE_NOT_FOUND && recording_source_torn(reader->source)) {
			return error_set(err, ERROR_FORMAT, "the gzip data ends inside this line; get the whole file");
		}
		size_t length = search == SOURCE_FOUND ? end : window.length;
		reader->line_length = search == SOURCE_FOUND ? end + 1 : length;
		*ret_line = text_trim((struct span){window.data, length});
		if (ret_line->length > 0 || window.length == 0) {
			return true;
		}
		recording_source_consume(reader->source, reader->line_length);
	}
}

static enum recording_read next(void *context, struct recorded *ret_recorded, struct error *err)
{
	struct jsonl_reader *reader = context;
	struct span line = {NULL, 0};
	struct error why = ERROR_INIT;
	*ret_recorded = (struct recorded)RECORDED_INIT;
	arena_reset(&reader->arena);
	recording_source_consume(reader->source, reader->line_length);
	reader->line_length = 0;
	if (find_line(reader, &line, &why)) {
		if (line.length == 0) {
			return RECORDING_END;
		}
		ret_recorded->place = (uint64_t)reader->line;
		if (read_line(&reader->arena, line, ret_recorded, &why)) {
			return RECORDING_READ;
		}
	}
	error_set_at(err, why.code, "", why.code == ERROR_SYSTEM ? 0 : reader->line, "%s", why.message);
	return RECORDING_FAILED;
}

static void *create(struct recording_source *source, struct error *err)
{
	struct jsonl_reader *reader = calloc(1, sizeof(*reader));
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
	struct jsonl_reader *reader = context;
	arena_finish(&reader->arena);
	free(reader);
}

const struct recording_format recording_jsonl = {
	.name = "jsonl",
	.suffix = ".jsonl",
	.places_are_lines = true,
	.create = create,
	.next = next,
	.destroy = destroy,
};
