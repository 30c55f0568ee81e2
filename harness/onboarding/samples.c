#include "harness/onboarding/samples.h"

#include "harness/base/file.h"
#include "harness/base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { LIST_ARENA_MAX = 64 * 1024 * 1024, PARSE_ARENA_MAX = 2000 * 1024 * 1024, BEGINNING = 4096, WATCH_EVERY = 256 };

/* --- which files --- */

static bool add_file(struct samples *samples, const char *path, struct error *err)
{
	if (samples->file_count == SAMPLES_FILES) {
		return error_set(err, ERROR_LIMIT,
				 "there are more than %d sample files; give fewer, or join them as "
				 "JSON Lines",
				 SAMPLES_FILES);
	}
	if (samples->file_count == samples->file_capacity) {
		size_t capacity = samples->file_capacity > 0 ? samples->file_capacity * 2 : 64;
		const char **files = realloc(samples->files, capacity * sizeof(*files));
		if (files == NULL) {
			return error_set(err, ERROR_MEMORY, "no memory for the list of samples");
		}
		samples->files = files;
		samples->file_capacity = capacity;
	}
	char *copy = arena_copy(&samples->arena, span_of(path));
	samples->files[samples->file_count] = copy;
	samples->file_count += copy != NULL;
	return copy != NULL || error_set(err, ERROR_LIMIT, "the names of the samples do not fit into memory");
}

static bool is_same_file(const struct stat *status, const char *other)
{
	struct stat another;
	return other != NULL && stat(other, &another) == 0 && another.st_dev == status->st_dev &&
	       another.st_ino == status->st_ino;
}

static bool add_path(struct samples *samples, const char *path, const char *except, int depth, struct error *err);

static bool add_folder(struct samples *samples, const char *path, const char *except, int depth, struct error *err)
{
	struct dirent **entries = NULL;
	int count = depth < SAMPLES_DEPTH ? scandir(path, &entries, NULL, NULL) : 0;
	if (count < 0) {
		return error_set_system(err, errno, "cannot read the folder %s", path);
	}
	bool good = true;
	for (int i = 0; i < count; i++) {
		char *inner = NULL;
		if (good && entries[i]->d_name[0] != '.') {
			size_t length = strlen(path);
			inner = arena_format(&samples->arena, "%s%s%s", path,
					     length > 0 && path[length - 1] == '/' ? "" : "/", entries[i]->d_name);
			good = inner != NULL
				       ? add_path(samples, inner, except, depth + 1, err)
				       : error_set(err, ERROR_LIMIT, "the names of the samples do not fit into memory");
		}
		free(entries[i]);
	}
	free(entries);
	return good;
}

static bool add_path(struct samples *samples, const char *path, const char *except, int depth, struct error *err)
{
	struct stat status;
	if (stat(path, &status) != 0) {
		int number = errno;
		return number == ENOENT ? error_set_at(err, ERROR_MISSING, path, 0,
						       "there is no such file or folder; correct the path")
					: error_set_system(err, number, "cannot read %s", path);
	}
	if (S_ISDIR(status.st_mode)) {
		return add_folder(samples, path, except, depth, err);
	}
	if (!S_ISREG(status.st_mode) || is_same_file(&status, except)) {
		return true;
	}
	samples->bytes_total += status.st_size;
	return add_file(samples, path, err);
}

static int order_of_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool samples_find(struct samples *samples, const char *const *paths, size_t count, const char *except,
		  struct error *err)
{
	*samples = (struct samples){0};
	arena_init(&samples->arena, LIST_ARENA_MAX);
	for (size_t i = 0; i < count; i++) {
		if (!add_path(samples, paths[i], except, 0, err)) {
			return false;
		}
	}
	if (samples->file_count == 0) {
		return error_set(err, ERROR_MISSING,
				 "there is no sample in %s; put some messages there, one JSON file "
				 "each or as JSON Lines",
				 paths[0]);
	}
	qsort(samples->files, samples->file_count, sizeof(*samples->files), order_of_names);
	return true;
}

void samples_finish(struct samples *samples)
{
	free(samples->files);
	arena_finish(&samples->arena);
	*samples = (struct samples){0};
}

/* --- other formats --- */

static size_t count_byte(struct span text, char byte)
{
	size_t count = 0;
	for (size_t i = 0; i < text.length; i++) {
		count += text.data[i] == byte;
	}
	return count;
}

/* The first two lines have as many cells. */
static bool looks_like_table(struct span text, char separator)
{
	struct span first = {text.data, text_find(text, SPAN("\n"))};
	if (first.length == text.length) {
		return false;
	}
	struct span rest = {text.data + first.length + 1, text.length - first.length - 1};
	struct span second = {rest.data, text_find(rest, SPAN("\n"))};
	size_t cells = count_byte(first, separator);
	return cells > 0 && count_byte(second, separator) == cells;
}

const char *samples_recognise(struct span beginning)
{
	static const struct {
		const char *start;
		const char *name;
	} formats[] = {
		{"ISA", "EDI X12"},        {"UNA", "EDIFACT"},
		{"UNB+", "EDIFACT"},       {"EDI_DC", "an SAP IDoc (flat file)"},
		{"\x1f\x8b", "gzip data"}, {"PK\x03\x04", "a ZIP or XLSX file"},
		{"%PDF", "PDF"},
	};
	struct span text = beginning;
	if (text_starts_with(text, "\xef\xbb\xbf")) {
		text = (struct span){text.data + 3, text.length - 3};
	}
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (text_starts_with(text, formats[i].start)) {
			return formats[i].name;
		}
	}
	text = text_trim(text);
	if (text_starts_with(text, "<")) {
		return text_find(text, SPAN("<IDOC")) < text.length || text_find(text, SPAN("EDI_DC40")) < text.length
			       ? "an SAP IDoc (XML)"
			       : "XML";
	}
	bool starts_json = text.length > 0 && memchr("{[\"-0123456789tfn", text.data[0], 17) != NULL;
	return !starts_json && (looks_like_table(text, ',') || looks_like_table(text, ';') ||
				looks_like_table(text, '\t'))
		       ? "a CSV table"
		       : NULL;
}

/* --- reading --- */

struct reading {
	struct samples *samples;
	const char *file;
	struct arena arena; /* of the document or line being read */
	bool (*take)(void *context, const struct sample *sample, struct error *err);
	void *context;
	struct error *err;
	int64_t shown; /* samples since the watcher was told */
};

static void note_fault(struct reading *reading, int line, const char *what)
{
	struct samples *samples = reading->samples;
	samples->faults++;
	if (samples->note_count < SAMPLES_NOTES) {
		const char *note = line > 0 ? arena_format(&samples->arena, "%s:%d: %s", reading->file, line, what)
					    : arena_format(&samples->arena, "%s: %s", reading->file, what);
		samples->notes[samples->note_count] = note;
		samples->note_count += note != NULL;
	}
}

/* Without white space, and without the UTF-8 mark that some programs begin their files with. */
static struct span content_of(struct span text)
{
	bool marked = text_starts_with(text, "\xef\xbb\xbf");
	return text_trim(marked ? (struct span){text.data + 3, text.length - 3} : text);
}

static bool is_envelope(const struct json_node *root)
{
	static const char *const names[] = {"message",     "legacy",         "llm",
					    "captured_at", "legacy_outcome", "legacy_latency_us"};
	enum { NAME_COUNT = sizeof(names) / sizeof(names[0]) };
	for (const struct json_node *name = json_first(root); name != NULL; name = json_next(root, name)) {
		size_t i = 0;
		while (i < NAME_COUNT && !span_is(json_text(name), names[i])) {
			i++;
		}
		if (i == NAME_COUNT) {
			return false;
		}
	}
	return json_is(json_get_text(root, "message"), JSON_OBJECT);
}

static bool is_har(const struct json_node *value)
{
	return json_is(json_get_text(json_get_text(value, "log"), "entries"), JSON_ARRAY);
}

static bool take_value(struct reading *reading, const struct json_node *value, int line)
{
	if (is_har(value)) {
		note_fault(reading, line,
			   "this is a HAR recording, which replay reads and init does not: give its messages");
		return true;
	}
	if (!json_is(value, JSON_OBJECT)) {
		char what[128];
		snprintf(what, sizeof(what), "a message is a JSON object, this is %s", json_type_name(value));
		note_fault(reading, line, what);
		return true;
	}
	struct sample sample = {.message = value, .is_envelope = is_envelope(value), .root = value};
	if (sample.is_envelope) {
		sample.message = json_get_text(value, "message");
		const struct json_node *legacy = json_get_text(value, "legacy");
		sample.legacy = json_is(legacy, JSON_NULL) ? NULL : legacy;
		sample.llm = json_get_text(value, "llm");
	}
	struct samples *samples = reading->samples;
	if (samples->watch != NULL && reading->shown++ % WATCH_EVERY == 0) {
		samples->watch(samples->watch_context, samples->bytes_done, samples->bytes_total);
	}
	return reading->take(reading->context, &sample, reading->err);
}

/* A whole document: one message, or an array of them. */
static bool take_document(struct reading *reading, const struct json_node *root, int line)
{
	if (!json_is(root, JSON_ARRAY)) {
		return take_value(reading, root, line);
	}
	for (const struct json_node *item = json_first(root); item != NULL; item = json_next(root, item)) {
		if (!take_value(reading, item, line)) {
			return false;
		}
	}
	return true;
}

/* Errors of the JSON reader begin with "line L, column C (byte N): ". Their line goes where lines stand. */
static const char *without_line(const char *message, int *ret_line)
{
	struct span text = span_of(message);
	size_t comma = text_find(text, SPAN(", "));
	int64_t line = 0;
	if (text_starts_with(text, "line ") && comma < text.length &&
	    text_to_int64((struct span){message + 5, comma - 5}, &line) && line < INT32_MAX) {
		*ret_line = (int)line;
		return message + comma + 2;
	}
	return message;
}

static bool read_document(struct reading *reading, struct span text)
{
	const struct json_node *root = NULL;
	struct error why = ERROR_INIT;
	arena_reset(&reading->arena);
	if (!json_parse(&reading->arena, text_starts_with(text, "\xef\xbb\xbf") ? content_of(text) : text, NULL, &root,
			&why)) {
		int line = 0;
		const char *what = without_line(why.message, &line);
		note_fault(reading, line, what);
		return true;
	}
	return take_document(reading, root, 0);
}

static bool take_line(struct reading *reading, struct span line, int number)
{
	const struct json_node *root = NULL;
	struct error why = ERROR_INIT;
	arena_reset(&reading->arena);
	struct span content = content_of(line);
	if (content.length == 0) {
		return true;
	}
	if (content.data != text_trim(line).data) {
		reading->samples->all_lines = false; /* replay takes no mark */
	}
	if (!json_parse(&reading->arena, content, NULL, &root, &why)) {
		int line_of_line = 0;
		note_fault(reading, number, without_line(why.message, &line_of_line));
		return true;
	}
	return take_document(reading, root, number);
}

static bool is_json(struct reading *reading, struct span text)
{
	const struct json_node *root = NULL;
	arena_reset(&reading->arena);
	return json_parse(&reading->arena, content_of(text), NULL, &root, NULL) &&
	       (root->type == JSON_OBJECT || root->type == JSON_ARRAY);
}

/* --- one file --- */

struct line_reader {
	FILE *stream;
	char *text;
	size_t capacity;
	struct span line; /* with its line end */
	int number;
};

static bool next_line(struct line_reader *reader)
{
	ssize_t length = getline(&reader->text, &reader->capacity, reader->stream);
	reader->line = (struct span){reader->text, length > 0 ? (size_t)length : 0};
	reader->number++;
	return length > 0;
}

static bool read_lines(struct reading *reading, struct line_reader *lines)
{
	do {
		if (lines->line.length > SAMPLES_LINE_MAX) {
			note_fault(reading, lines->number, "the line is longer than 64 MiB");
		} else if (!take_line(reading, lines->line, lines->number)) {
			return false;
		}
		reading->samples->bytes_done += (int64_t)lines->line.length;
	} while (next_line(lines));
	return true;
}

/* JSON Lines: the first or the second line is a whole value by itself. A document over several lines has "{" or less
 * on its first, and no whole object on its second. */
static bool is_lines(struct reading *reading, const char *file)
{
	struct line_reader lines = {.stream = fopen(file, "re")};
	bool found = false;
	for (int seen = 0; lines.stream != NULL && seen < 2 && !found && next_line(&lines);) {
		seen += content_of(lines.line).length > 0;
		found = lines.line.length <= SAMPLES_LINE_MAX && is_json(reading, lines.line);
	}
	free(lines.text);
	if (lines.stream != NULL) {
		fclose(lines.stream);
	}
	return found;
}

static bool read_whole(struct reading *reading)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(SAMPLES_FILE_MAX);
	struct error why = ERROR_INIT;
	if (!file_read(reading->file, &text, &why)) {
		note_fault(reading, 0, why.message);
		return true;
	}
	struct span beginning = {text.data, text.length < BEGINNING ? text.length : BEGINNING};
	const char *name = samples_recognise(beginning);
	if (name != NULL) {
		char what[128];
		snprintf(what, sizeof(what), "this is %s, and messages are JSON in this release", name);
		note_fault(reading, 0, what);
		if (reading->samples->recognised == NULL) {
			reading->samples->recognised = name;
			reading->samples->recognised_file = reading->file;
		}
		return true;
	}
	reading->samples->bytes_done += (int64_t)text.length;
	return read_document(reading, buffer_span(&text));
}

static bool read_file(struct reading *reading)
{
	if (!is_lines(reading, reading->file)) {
		reading->samples->all_lines = false;
		return read_whole(reading);
	}
	struct line_reader lines = {.stream = fopen(reading->file, "re")};
	if (lines.stream == NULL) {
		note_fault(reading, 0, "the file cannot be opened");
		return true;
	}
	bool good = !next_line(&lines) || read_lines(reading, &lines);
	free(lines.text);
	fclose(lines.stream);
	return good;
}

bool samples_each(struct samples *samples, bool (*take)(void *context, const struct sample *sample, struct error *err),
		  void *context, struct error *err)
{
	struct reading reading = {.samples = samples, .take = take, .context = context, .err = err};
	arena_init(&reading.arena, PARSE_ARENA_MAX);
	samples->all_lines = true;
	samples->note_count = 0;
	samples->faults = 0;
	samples->bytes_done = 0;
	bool good = true;
	for (size_t i = 0; good && i < samples->file_count; i++) {
		reading.file = samples->files[i];
		good = read_file(&reading);
	}
	arena_finish(&reading.arena);
	return good;
}
