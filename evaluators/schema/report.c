/* Violations: the only place where pointers are written out. */
#include "evaluators/schema/keywords.h"
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

/* The sites from the root's child down to this one; NULL at the root or without memory. The caller frees the list. */
static const struct schema_site **chain_of(const struct schema_site *site, size_t *ret_count)
{
	size_t count = 0;
	for (const struct schema_site *one = site; one->parent != NULL; one = one->parent) {
		count++;
	}
	const struct schema_site **chain = count > 0 ? malloc(count * sizeof(*chain)) : NULL;
	*ret_count = chain != NULL ? count : 0;
	for (size_t i = count; chain != NULL && i > 0; i--, site = site->parent) {
		chain[i - 1] = site;
	}
	return chain;
}

static void append_step(const struct schema_site *step, struct buffer *buffer)
{
	if (step->name != NULL) {
		select_append_token(buffer, json_text(step->name));
	} else if (step->node != step->parent->node && !step->is_name) {
		buffer_append_format(buffer, "/%zu", step->index);
	}
}

static const char *keep_pointer(struct arena *arena, const struct buffer *buffer)
{
	return buffer->failed ? "" : arena_copy(arena, buffer_span(buffer));
}

static const char *instance_pointer(const struct schema_site *site, struct arena *arena)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(POINTER_MAX);
	size_t count = 0;
	const struct schema_site **chain = chain_of(site, &count);
	for (size_t i = 0; i < count; i++) {
		append_step(chain[i], &buffer);
	}
	free(chain);
	return keep_pointer(arena, &buffer);
}

/* A violation of the schema false is at the schema itself, and so is the end of a whole validation. */
static void append_keyword(struct buffer *buffer, const char *keyword)
{
	if (keyword[0] != 0 && strcmp(keyword, "false") != 0) {
		select_append_token(buffer, span_of(keyword));
	}
}

static const char *schema_pointer(const struct schema *schema, uint32_t subschema, const char *keyword,
				  struct arena *arena)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(POINTER_MAX);
	const struct subschema *place = &schema->subschemas[subschema];
	uint32_t document = schema->resources[place->resource].document;
	schema_append_pointer(schema->documents[document].root, place->node, &buffer);
	append_keyword(&buffer, keyword);
	return keep_pointer(arena, &buffer);
}

static const char *absolute_place(const struct schema *schema, uint32_t subschema, const char *keyword,
				  struct arena *arena)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(POINTER_MAX);
	const struct subschema *place = &schema->subschemas[subschema];
	schema_append_place(schema, place->resource, place->node, &buffer);
	append_keyword(&buffer, keyword);
	return keep_pointer(arena, &buffer);
}

/* From subschema to subschema as they were applied: by the way inside the outer one, or by the reference. */
static const char *evaluation_pointer(const struct schema *schema, const struct schema_site *site, const char *keyword,
				      struct arena *arena)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(POINTER_MAX);
	size_t count = 0;
	const struct schema_site **chain = chain_of(site, &count);
	for (size_t i = 0; i < count; i++) {
		const struct subschema *outer = &schema->subschemas[chain[i]->parent->subschema];
		const struct subschema *inner = &schema->subschemas[chain[i]->subschema];
		if (chain[i]->via != NULL) {
			append_keyword(&buffer, chain[i]->via);
		} else if (inner != outer) {
			schema_append_pointer(outer->node, inner->node, &buffer);
		}
	}
	free(chain);
	append_keyword(&buffer, keyword);
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

static void count_violation(struct schema_run *run, enum drift_class drift)
{
	run->report->total++;
	if (run->branch_depth > 0) {
		run->branch_classes |= 1U << drift;
	} else {
		run->report->by_class[drift]++;
	}
}

static void keep(struct schema_report *report, const struct schema_violation *violation)
{
	if (violation->instance != NULL && violation->schema != NULL && violation->evaluation != NULL &&
	    violation->absolute != NULL && violation->sentence != NULL) {
		report->list[report->count++] = *violation;
	}
}

bool schema_violate(struct schema_run *run, const struct schema_site *site, const char *keyword, enum drift_class drift,
		    uint32_t offset, const char *format, ...)
{
	struct schema_report *report = run->report;
	if (report == NULL) {
		return false;
	}
	count_violation(run, drift);
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
		.evaluation = evaluation_pointer(run->schema, site, keyword, report->arena),
		.absolute = absolute_place(run->schema, site->subschema, keyword, report->arena),
		.keyword = keyword,
		.sentence = arena_copy(report->arena, one_line(sentence)),
		.offset = offset,
		.drift = drift,
		.branch = run->branch_depth > 0,
	};
	keep(report, &violation);
	return false;
}

bool schema_undecided(struct schema_run *run, const struct schema_site *site, const char *keyword, const char *reason)
{
	run->undecided++;
	return schema_violate(run, site, keyword, DRIFT_OTHER, site->node->offset, "could not be decided: %s", reason);
}

void schema_tell_open(struct schema_run *run, const struct schema_site *site)
{
	struct schema_report *report = run->report;
	struct span name = schema_clip(json_text(site->name));
	char sentence[SENTENCE_MAX];
	report->undeclared_open++;
	if (!make_room(report)) {
		return;
	}
	snprintf(sentence, sizeof(sentence), "the field \"%.*s\" is not in the schema, which is open here",
		 SPAN_ARGUMENTS(name));
	struct schema_violation violation = {
		.instance = instance_pointer(site, report->arena),
		.schema = "",
		.evaluation = "",
		.absolute = "#",
		.keyword = "unevaluatedProperties",
		.sentence = arena_copy(report->arena, one_line(sentence)),
		.offset = site->name->offset,
		.drift = DRIFT_UNDECLARED_FIELD,
		.open = true,
	};
	keep(report, &violation);
}
