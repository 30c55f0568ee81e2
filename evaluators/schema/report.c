/* Violations: the only place where pointers are written out. */
#include "evaluators/schema/program.h"
#include "evaluators/select/select.h"
#include "harness/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SENTENCE_MAX = 500, FIRST_CAPACITY = 8, NAME_MAX_BYTES = 100 };
static const size_t POINTER_MAX = 65536; /* bytes; longer ones are left out */

void schema_report_init(struct schema_report *report, struct arena *arena, size_t maximum)
{
	*report = (struct schema_report){.arena = arena, .maximum = maximum};
}

struct span schema_clip(struct span name)
{
	if (name.length <= NAME_MAX_BYTES) {
		return name;
	}
	size_t length = NAME_MAX_BYTES;
	while (((unsigned char)name.data[length] & 0xc0) == 0x80) {
		length--;
	}
	return (struct span){name.data, length};
}

void schema_append_pointer(const struct schema *schema, uint32_t subschema, struct buffer *buffer)
{
	uint32_t chain[SCHEMA_DEPTH_MAX + 1];
	size_t depth = 0;
	for (uint32_t i = subschema; schema->subschemas[i].parent != SCHEMA_NONE; i = schema->subschemas[i].parent) {
		chain[depth++] = i;
	}
	while (depth > 0) {
		const struct subschema *step = &schema->subschemas[chain[--depth]];
		select_append_token(buffer, span_of(step->keyword));
		if (step->name.data != NULL) {
			select_append_token(buffer, step->name);
		}
	}
}

static void append_instance_pointer(const struct schema_site *site, struct buffer *buffer)
{
	const struct schema_site *chain[SCHEMA_DEPTH_MAX + 1];
	size_t depth = 0;
	for (; site->parent != NULL; site = site->parent) {
		chain[depth++] = site;
	}
	while (depth > 0) {
		const struct schema_site *step = chain[--depth];
		if (step->name != NULL) {
			select_append_token(buffer, json_text(step->name));
		} else {
			buffer_append_format(buffer, "/%zu", step->index);
		}
	}
}

static const char *keep_pointer(struct arena *arena, const struct buffer *buffer)
{
	return buffer->failed ? "" : arena_copy(arena, buffer_span(buffer));
}

static const char *instance_pointer(const struct schema_site *site, struct arena *arena)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(POINTER_MAX);
	append_instance_pointer(site, &buffer);
	return keep_pointer(arena, &buffer);
}

/* A violation of the schema false is at the schema itself. */
static const char *schema_pointer(const struct schema *schema, uint32_t subschema, const char *keyword,
				  struct arena *arena)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(POINTER_MAX);
	schema_append_pointer(schema, subschema, &buffer);
	if (strcmp(keyword, "false") != 0) {
		select_append_token(&buffer, span_of(keyword));
	}
	return keep_pointer(arena, &buffer);
}

/* Room for one more; false where the report or its arena is full. */
static bool make_room(struct schema_report *report)
{
	if (report->count < report->capacity) {
		return true;
	}
	size_t wanted = report->capacity == 0 ? FIRST_CAPACITY : report->capacity * 2;
	wanted = wanted < report->maximum ? wanted : report->maximum;
	if (report->count >= wanted) {
		return false;
	}
	struct schema_violation *grown = arena_allocate_array(report->arena, wanted, sizeof(*grown));
	if (grown == NULL) {
		return false;
	}
	if (report->count > 0) {
		memcpy(grown, report->list, report->count * sizeof(*grown));
	}
	report->list = grown;
	report->capacity = wanted;
	return true;
}

/* One line of UTF-8: control characters, which hostile names may have, become "?", and a character that was cut at the
 * end goes. */
static struct span one_line(char *sentence)
{
	size_t length = strlen(sentence);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)sentence[i];
		sentence[i] = c < 0x20 || c == 0x7f ? '?' : sentence[i];
	}
	size_t start = length;
	while (start > 0 && length - start < 3 && ((unsigned char)sentence[start - 1] & 0xc0) == 0x80) {
		start--;
	}
	start -= start > 0 && (unsigned char)sentence[start - 1] >= 0xc0;
	struct span last = {sentence + start, length - start};
	return (struct span){sentence, text_is_utf8(last) ? length : start};
}

bool schema_violate(struct schema_run *run, const struct schema_site *site, const char *keyword, enum drift_class drift,
		    uint32_t offset, const char *format, ...)
{
	struct schema_report *report = run->report;
	if (report == NULL) {
		return false;
	}
	report->total++;
	report->by_class[drift]++;
	if (!make_room(report)) {
		return false;
	}
	char sentence[SENTENCE_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	struct schema_violation violation = {
		.instance = instance_pointer(site, report->arena),
		.schema = schema_pointer(run->schema, site->subschema, keyword, report->arena),
		.keyword = keyword,
		.sentence = arena_copy(report->arena, one_line(sentence)),
		.offset = offset,
		.drift = drift,
	};
	if (violation.instance != NULL && violation.schema != NULL && violation.sentence != NULL) {
		report->list[report->count++] = violation;
	}
	return false;
}
