#include "harness/pipeline/recording.h"

#include "harness/base/text.h"

#include <stdlib.h>

/* The first that recognises a beginning has it. */
static const struct recording_format *const FORMATS[] = {&recording_gor, &recording_har, &recording_jsonl};

enum { FORMAT_COUNT = sizeof(FORMATS) / sizeof(FORMATS[0]) };

struct recording {
	const struct recording_format *format;
	struct recording_source *source;
	void *reader;
};

const struct recording_format *recording_format_named(struct span name)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		if (span_is(name, FORMATS[i]->name)) {
			return FORMATS[i];
		}
	}
	return NULL;
}

const char *recording_format_names(void)
{
	return "jsonl, har or gor";
}

static bool ends_with(struct span text, struct span end)
{
	return text.length >= end.length &&
	       text_equal_ignoring_case((struct span){text.data + text.length - end.length, end.length}, end);
}

static const struct recording_format *format_of(struct span beginning, struct span name)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		if (FORMATS[i]->recognise != NULL && FORMATS[i]->recognise(beginning)) {
			return FORMATS[i];
		}
	}
	if (ends_with(name, SPAN(".gz"))) {
		name.length -= 3;
	}
	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		if (ends_with(name, span_of(FORMATS[i]->suffix))) {
			return FORMATS[i];
		}
	}
	return &recording_jsonl;
}

struct recording *recording_open(struct recording_input input, const char *name, const struct recording_format *format,
				 struct error *err)
{
	struct recording *recording = calloc(1, sizeof(*recording));
	if (recording == NULL) {
		error_set(err, ERROR_MEMORY, "no memory to read a recording");
		return NULL;
	}
	recording->source = recording_source_create(input, err);
	if (recording->source == NULL || !recording_source_want(recording->source, RECORDING_BEGINNING, err)) {
		recording_close(recording);
		return NULL;
	}
	struct span beginning = recording_source_window(recording->source);
	recording->format = format != NULL ? format : format_of(beginning, span_of(name));
	recording->reader = recording->format->create(recording->source, err);
	if (recording->reader == NULL) {
		recording_close(recording);
		return NULL;
	}
	return recording;
}

void recording_close(struct recording *recording)
{
	if (recording == NULL) {
		return;
	}
	if (recording->reader != NULL) {
		recording->format->destroy(recording->reader);
	}
	recording_source_destroy(recording->source);
	free(recording);
}

const struct recording_format *recording_format_of(const struct recording *recording)
{
	return recording->format;
}

enum recording_read recording_next(struct recording *recording, struct recorded *ret_recorded, struct error *err)
{
	return recording->format->next(recording->reader, ret_recorded, err);
}
