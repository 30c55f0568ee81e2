/* JSON Lines, one exchange a line, in one of two shapes. An object with "message", and the names that the ingest
 * listener takes (harness/spool/delivery.h), is an exchange: {"message": {...}, "legacy": {...}, "captured_at": TIME}.
 * Any other is the message itself, whose legacy decision stands in the outcomes table.
 *
 * Such a file was made for this program: a line that is broken, or nearly an exchange, is the operator's to mend, and
 * nothing is skipped. */
#include "harness/pipeline/recording.h"

#include "harness/base/text.h"
#include "harness/spool/delivery.h"

#include <stdlib.h>

struct jsonl_reader {
	struct recording_source *source;
	struct arena arena; /* of the line handed out */
	size_t line_length; /* bytes of that line, still in the window */
	int line;
};

static bool read_exchange(struct arena *arena, struct span line, const struct json_node *root,
			  struct recorded *recorded, struct error *err)
{
	const struct delivery_defaults defaults = {
		.interface = SPAN(""),
		.captured_at = RECORDED_NO_TIME,
		.target = SPAN(""),
		.idempotency_key = SPAN(""),
	};
	struct spool_exchange exchange;
	if (!delivery_read_object(line, root, &defaults, arena, &exchange, err)) {
		return false;
	}
	recorded->message = json_get_text(root, "message"); /* NULL with message_base64 */
	recorded->interface = exchange.interface;
	recorded->method = exchange.target.length > 0 ? exchange.method : SPAN("");
	recorded->target = exchange.target;
	recorded->request_head = exchange.request_head;
	recorded->request_body = exchange.request_body;
	recorded->captured_at = exchange.captured_at;
	recorded->has_reply = exchange.reply_body.length > 0;
	recorded->reply_body = exchange.reply_body;
	recorded->legacy_status = exchange.legacy_status;
	/* nothing said: a table may decide it */
	recorded->legacy_outcome = exchange.legacy_outcome != LEGACY_AWAITED ? exchange.legacy_outcome : -1;
	recorded->legacy_latency_us = exchange.legacy_latency_us;
	recorded->candidate_reply = exchange.candidate_reply;
	recorded->correlation_key = exchange.correlation_key;
	recorded->idempotency_key = exchange.idempotency_key;
	return true;
}

static bool read_line(struct arena *arena, struct span line, struct recorded *recorded, struct error *err)
{
	const struct json_node *root = NULL;
	if (!json_parse(arena, line, NULL, &root, err)) {
		return false;
	}
	switch (delivery_shape_of(root, err)) {
	case DELIVERY_IS_EXCHANGE:
		return read_exchange(arena, line, root, recorded, err);
	case DELIVERY_IS_MESSAGE:
		recorded->message = root;
		recorded->request_body = line;
		return true;
	case DELIVERY_IS_UNCLEAR:
	default:
		return false;
	}
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
