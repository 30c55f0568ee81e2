/* YAML to JSON. libyaml scans; what a plain scalar means is decided here (YAML 1.2.2 section 10.3.2, core schema),
 * because libyaml knows YAML 1.1 only, where `no` is false and `1:30` is ninety.
 *
 * Events are written as JSON text in their order, one tape entry for each scalar, mapping and sequence, so that the
 * n-th event's line belongs to the n-th entry of the tape that json_parse makes of the text. */
#include "harness/base/text.h"
#include "harness/contract/config.h"

#include <stdlib.h>
#include <yaml.h>

enum {
	FILE_MAX = 1 << 20,
	TEXT_MAX = 16 << 20, /* of the JSON text: ${NAME} can make it longer than the file */
	DEPTH_MAX = 64,
	MARKS_MAX = 16 << 20, /* bytes of line and origin tables */
};

struct level {
	bool mapping;
	size_t written; /* names and values so far */
	size_t entry;   /* number of its own entry */
};

/* Where an entry stands in the text, in code points as libyaml counts them. */
struct extent {
	uint32_t start;
	uint32_t end;
};

struct reader {
	const char *file;
	struct buffer json;
	struct buffer lines;   /* uint32_t each */
	struct buffer origins; /* one byte each: 1 where ${NAME} was replaced */
	struct buffer extents; /* struct extent each */
	uint32_t last_end;     /* of the scalar or closed container before */
	struct level levels[DEPTH_MAX];
	size_t depth;
	struct error *err;
};

static int line_of(const yaml_mark_t *mark)
{
	return mark->line < INT32_MAX ? (int)mark->line + 1 : 0;
}

static bool fail(struct reader *reader, const yaml_event_t *event, const char *text)
{
	return error_set_at(reader->err, ERROR_CONFIG, reader->file, line_of(&event->start_mark), "%s", text);
}

/* --- plain scalars --- */

static bool is_one_of(struct span text, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (span_is(text, *words)) {
			return true;
		}
	}
	return false;
}

static size_t count_digits(struct span text, size_t from)
{
	size_t end = from;
	while (end < text.length && text_is_digit(text.data[end])) {
		end++;
	}
	return end - from;
}

static int digit_value(char c)
{
	char lower = text_lower(c);
	if (text_is_digit(c)) {
		return c - '0';
	}
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 16;
}

/* 0o17 and 0x1F, which JSON cannot write. */
static bool read_based_integer(struct span text, uint64_t *ret_number, bool *ret_overflow)
{
	if (text.length < 3 || text.data[0] != '0' || (text.data[1] != 'o' && text.data[1] != 'x')) {
		return false;
	}
	uint64_t base = text.data[1] == 'o' ? 8 : 16;
	uint64_t number = 0;
	bool overflow = false;
	for (size_t i = 2; i < text.length; i++) {
		uint64_t digit = (uint64_t)digit_value(text.data[i]);
		if (digit >= base) {
			return false;
		}
		overflow = overflow || number > (UINT64_MAX - digit) / base;
		number = number * base + digit;
	}
	*ret_number = number;
	*ret_overflow = overflow;
	return true;
}

struct number_parts {
	bool negative;
	struct span whole;
	struct span fraction;
	struct span exponent; /* with its sign, without "e" */
};

/* [-+]? ( "." [0-9]+ | [0-9]+ ( "." [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?   -- integers included */
static bool split_number(struct span text, struct number_parts *ret_parts)
{
	struct number_parts parts = {0};
	size_t at = 0;
	if (at < text.length && (text.data[at] == '-' || text.data[at] == '+')) {
		parts.negative = text.data[at++] == '-';
	}
	parts.whole = (struct span){text.data + at, count_digits(text, at)};
	at += parts.whole.length;
	if (at < text.length && text.data[at] == '.') {
		at++;
		parts.fraction = (struct span){text.data + at, count_digits(text, at)};
		at += parts.fraction.length;
	}
	if (parts.whole.length == 0 && parts.fraction.length == 0) {
		return false;
	}
	if (at < text.length && text_lower(text.data[at]) == 'e') {
		size_t from = ++at;
		at += at < text.length && (text.data[at] == '-' || text.data[at] == '+') ? 1 : 0;
		size_t digits = count_digits(text, at);
		at += digits;
		if (digits == 0) {
			return false;
		}
		parts.exponent = (struct span){text.data + from, at - from};
	}
	*ret_parts = parts;
	return at == text.length;
}

/* The same number in JSON's grammar: no plus sign, no leading zeros, digits on both sides of a point. */
static void write_number(struct buffer *json, const struct number_parts *parts)
{
	struct span whole = parts->whole;
	while (whole.length > 1 && whole.data[0] == '0') {
		whole.data++;
		whole.length--;
	}
	buffer_append_text(json, parts->negative ? "-" : "");
	buffer_append_span(json, whole.length > 0 ? whole : SPAN("0"));
	if (parts->fraction.length > 0) {
		buffer_append_byte(json, '.');
		buffer_append_span(json, parts->fraction);
	}
	if (parts->exponent.length > 0) {
		buffer_append_byte(json, 'e');
		buffer_append_span(json, parts->exponent);
	}
}

static bool is_infinite_or_nan(struct span text)
{
	static const char *const words[] = {".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN", NULL};
	static const char *const unsigned_only[] = {".nan", ".NaN", ".NAN", NULL};
	if (text.length > 0 && (text.data[0] == '-' || text.data[0] == '+')) {
		struct span rest = {text.data + 1, text.length - 1};
		return is_one_of(rest, words) && !is_one_of(rest, unsigned_only);
	}
	return is_one_of(text, words);
}

static bool write_plain(struct reader *reader, const yaml_event_t *event, struct span text)
{
	static const char *const null_words[] = {"null", "Null", "NULL", "~", "", NULL};
	static const char *const true_words[] = {"true", "True", "TRUE", NULL};
	static const char *const false_words[] = {"false", "False", "FALSE", NULL};
	struct number_parts parts;
	uint64_t number;
	bool overflow;
	if (is_one_of(text, null_words)) {
		buffer_append_text(&reader->json, "null");
	} else if (is_one_of(text, true_words)) {
		buffer_append_text(&reader->json, "true");
	} else if (is_one_of(text, false_words)) {
		buffer_append_text(&reader->json, "false");
	} else if (is_infinite_or_nan(text)) {
		return fail(reader, event, "infinity and NaN are no values here; write a finite number, or quote it");
	} else if (read_based_integer(text, &number, &overflow)) {
		buffer_append_format(&reader->json, "%ju", (uintmax_t)number);
		return !overflow || fail(reader, event, "this number needs more than 64 bits; write a smaller one");
	} else if (split_number(text, &parts)) {
		write_number(&reader->json, &parts);
	} else {
		json_write_string(&reader->json, text);
	}
	return true;
}

/* --- ${NAME} --- */

static bool is_name_byte(char c, bool first)
{
	char lower = text_lower(c);
	return c == '_' || (lower >= 'a' && lower <= 'z') || (!first && text_is_digit(c));
}

/* Length of the NAME in "NAME}...", 0 where there is none. */
static size_t name_length(struct span text)
{
	size_t length = 0;
	while (length < text.length && is_name_byte(text.data[length], length == 0)) {
		length++;
	}
	return length < text.length && text.data[length] == '}' ? length : 0;
}

static bool append_variable(struct reader *reader, const yaml_event_t *event, struct span name, struct buffer *value)
{
	int line = line_of(&event->start_mark);
	char text[128];
	if (name.length >= sizeof(text)) {
		return fail(reader, event, "the name in ${...} is too long; use at most 127 characters");
	}
	memcpy(text, name.data, name.length);
	text[name.length] = '\0';
	const char *content = getenv(text);
	if (content == NULL) {
		return error_set_at(reader->err, ERROR_CONFIG, reader->file, line,
				    "the environment variable %s is not set; set it, or write the value here", text);
	}
	if (!text_is_utf8(span_of(content))) {
		return error_set_at(reader->err, ERROR_CONFIG, reader->file, line,
				    "the environment variable %s does not hold UTF-8 text; set it again", text);
	}
	buffer_append_text(value, content);
	return true;
}

static bool expand(struct reader *reader, const yaml_event_t *event, struct span text, struct buffer *value)
{
	size_t at = 0;
	while (at < text.length) {
		struct span rest = {text.data + at, text.length - at};
		size_t next = text_find(rest, SPAN("${"));
		buffer_append(value, rest.data, next);
		if (next == rest.length) {
			return true;
		}
		struct span name = {rest.data + next + 2, rest.length - next - 2};
		name.length = name_length(name);
		if (name.length == 0) {
			return fail(reader, event,
				    "\"${\" without \"NAME}\" behind it; write ${NAME} with letters, digits and _");
		}
		if (!append_variable(reader, event, name, value)) {
			return false;
		}
		at += next + 2 + name.length + 1;
	}
	return true;
}

/* --- events --- */

/* Comma or colon before the next entry, and its place in the tables. */
static void begin_entry(struct reader *reader, const yaml_event_t *event, bool replaced)
{
	uint32_t line = (uint32_t)line_of(&event->start_mark);
	buffer_append(&reader->lines, &line, sizeof(line));
	buffer_append_byte(&reader->origins, replaced ? 1 : 0);
	struct extent extent = {(uint32_t)event->start_mark.index, (uint32_t)event->end_mark.index};
	buffer_append(&reader->extents, &extent, sizeof(extent));
	reader->last_end = extent.end;
	if (reader->depth == 0) {
		return;
	}
	struct level *level = &reader->levels[reader->depth - 1];
	if (level->written > 0) {
		buffer_append_byte(&reader->json, level->mapping && level->written % 2 == 1 ? ':' : ',');
	}
	level->written++;
}

static bool next_is_name(const struct reader *reader)
{
	return reader->depth > 0 && reader->levels[reader->depth - 1].mapping &&
	       reader->levels[reader->depth - 1].written % 2 == 0;
}

static bool write_expanded(struct reader *reader, const yaml_event_t *event, struct span text)
{
	struct buffer value CLEANUP_BUFFER = BUFFER_INIT(FILE_MAX);
	if (!expand(reader, event, text, &value)) {
		return false;
	}
	if (value.failed) {
		return fail(reader, event, "the text is too long after ${...} was replaced; make it shorter");
	}
	begin_entry(reader, event, true);
	json_write_string(&reader->json, buffer_span(&value));
	return true;
}

static bool write_scalar(struct reader *reader, const yaml_event_t *event)
{
	struct span text = {(const char *)event->data.scalar.value, event->data.scalar.length};
	yaml_scalar_style_t style = event->data.scalar.style;
	bool is_name = next_is_name(reader);
	bool block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
	if (memchr(text.data, '\0', text.length) != NULL) {
		return fail(reader, event, "text holds the character NUL; remove it");
	}
	if (!is_name && !block && text_find(text, SPAN("${")) < text.length) {
		return write_expanded(reader, event, text);
	}
	begin_entry(reader, event, false);
	if (is_name || style != YAML_PLAIN_SCALAR_STYLE) {
		json_write_string(&reader->json, text);
		return true;
	}
	return write_plain(reader, event, text);
}

static bool open_container(struct reader *reader, const yaml_event_t *event, bool mapping)
{
	if (next_is_name(reader)) {
		return fail(reader, event, "a key must be plain text; quote keys that begin with [, { or ?");
	}
	if (reader->depth == DEPTH_MAX) {
		return fail(reader, event, "nested more than 64 deep; make it flatter");
	}
	begin_entry(reader, event, false);
	size_t entry = reader->origins.length - 1;
	reader->levels[reader->depth++] = (struct level){.mapping = mapping, .written = 0, .entry = entry};
	buffer_append_byte(&reader->json, mapping ? '{' : '[');
	return true;
}

/* A block mapping or sequence ends where its last entry does: libyaml's own end lies behind the comments that follow.
 */
static void close_container(struct reader *reader, const yaml_event_t *event)
{
	BUG_ON(reader->depth == 0);
	reader->depth--;
	bool has_bracket = event->end_mark.index > event->start_mark.index;
	reader->last_end = has_bracket ? (uint32_t)event->end_mark.index : reader->last_end;
	if (!reader->extents.failed) {
		size_t place = reader->levels[reader->depth].entry * sizeof(struct extent);
		memcpy(reader->extents.data + place + offsetof(struct extent, end), &reader->last_end,
		       sizeof(reader->last_end));
	}
	buffer_append_byte(&reader->json, event->type == YAML_MAPPING_END_EVENT ? '}' : ']');
}

static bool refuse_marks(struct reader *reader, const yaml_event_t *event, const yaml_char_t *anchor,
			 const yaml_char_t *tag)
{
	if (anchor != NULL) {
		return fail(reader, event,
			    "anchors (&) and aliases (*) are not supported; write the value out, or quote the text");
	}
	if (tag != NULL) {
		return fail(reader, event, "tags (!) are not supported; leave the tag out, or quote the text");
	}
	return true;
}

static bool start_document(struct reader *reader, const yaml_event_t *event)
{
	const yaml_version_directive_t *version = event->data.document_start.version_directive;
	if (reader->lines.length > 0) {
		return fail(reader, event, "a second document begins here; keep one document in a file");
	}
	if (version != NULL && (version->major != 1 || version->minor != 2)) {
		return fail(reader, event, "only YAML 1.2 is read; remove the %YAML line");
	}
	return true;
}

static bool take_event(struct reader *reader, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return start_document(reader, event);
	case YAML_ALIAS_EVENT:
		return refuse_marks(reader, event, event->data.alias.anchor, NULL);
	case YAML_SCALAR_EVENT:
		return refuse_marks(reader, event, event->data.scalar.anchor, event->data.scalar.tag) &&
		       write_scalar(reader, event);
	case YAML_SEQUENCE_START_EVENT:
		return refuse_marks(reader, event, event->data.sequence_start.anchor, event->data.sequence_start.tag) &&
		       open_container(reader, event, false);
	case YAML_MAPPING_START_EVENT:
		return refuse_marks(reader, event, event->data.mapping_start.anchor, event->data.mapping_start.tag) &&
		       open_container(reader, event, true);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_container(reader, event);
		return true;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_END_EVENT:
	default:
		return true;
	}
}

static struct span line_at(struct span text, size_t line)
{
	struct span rest = text;
	struct span found = {text.data, text_find(text, SPAN("\n"))};
	for (; line > 0 && found.length < rest.length; line--) {
		rest.data += found.length + 1;
		rest.length -= found.length + 1;
		found = (struct span){rest.data, text_find(rest, SPAN("\n"))};
	}
	return found;
}

/* libyaml says little of the two mistakes that people make most. */
static const char *syntax_advice(struct span line)
{
	size_t indent = 0;
	while (indent < line.length && line.data[indent] == ' ') {
		indent++;
	}
	if (indent < line.length && line.data[indent] == '\t') {
		return "a tab may not indent, use spaces";
	}
	if (text_find(line, SPAN("${")) < line.length) {
		return "inside { } and [ ] quote \"${NAME}\"";
	}
	return "check indentation, quotes and brackets around here";
}

static bool fail_syntax(struct reader *reader, const yaml_parser_t *parser, struct span text)
{
	const char *problem = parser->problem != NULL ? parser->problem : "no memory";
	return error_set_at(reader->err, parser->error == YAML_MEMORY_ERROR ? ERROR_MEMORY : ERROR_CONFIG, reader->file,
			    line_of(&parser->problem_mark), "not YAML: %s; %s", problem,
			    syntax_advice(line_at(text, parser->problem_mark.line)));
}

static size_t mark_length(struct span text)
{
	return text_starts_with(text, "\xef\xbb\xbf") ? 3 : 0;
}

static bool read_events(struct reader *reader, struct span text)
{
	yaml_parser_t parser;
	if (yaml_parser_initialize(&parser) == 0) {
		return error_set(reader->err, ERROR_MEMORY, "no memory for the YAML reader; free some");
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	/* libyaml would count a byte order mark as a column, and then no second key stands in line with the first. */
	size_t skipped = mark_length(text);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.data + skipped, text.length - skipped);
	bool ok = true;
	bool more = true;
	while (ok && more) {
		yaml_event_t event;
		if (yaml_parser_parse(&parser, &event) == 0) {
			ok = fail_syntax(reader, &parser, text);
		} else {
			ok = take_event(reader, &event);
			more = event.type != YAML_STREAM_END_EVENT;
			yaml_event_delete(&event);
		}
	}
	yaml_parser_delete(&parser);
	return ok && buffer_ok(&reader->json, "the configuration", reader->err) &&
	       buffer_ok(&reader->lines, "the configuration's line table", reader->err) &&
	       buffer_ok(&reader->origins, "the configuration's line table", reader->err) &&
	       buffer_ok(&reader->extents, "the configuration's line table", reader->err);
}

/* --- duplicate keys --- */

static int order_names(const void *left, const void *right)
{
	const struct json_node *a = *(const struct json_node *const *)left;
	const struct json_node *b = *(const struct json_node *const *)right;
	int order = span_order(json_text(a), json_text(b));
	return order != 0 ? order : (a > b) - (a < b);
}

static bool refuse_duplicates_in(struct arena *arena, const char *file, const struct yaml_document *document,
				 const struct json_node *object, struct error *err)
{
	size_t count = 0;
	const struct json_node **names = arena_allocate_array(arena, json_count(object), sizeof(const void *));
	if (names == NULL) {
		return error_set_at(err, ERROR_MEMORY, file, 0, "no memory for the configuration; make it smaller");
	}
	for (const struct json_node *name = json_first(object); name != NULL; name = json_next(object, name)) {
		names[count++] = name;
	}
	qsort(names, count, sizeof(const void *), order_names);
	for (size_t i = 1; i < count; i++) {
		struct span name = json_text(names[i]);
		if (span_equal(name, json_text(names[i - 1]))) {
			struct config config = {.arena = arena, .file = file, .document = *document, .err = err};
			return config_fail(&config, names[i],
					   "duplicate key \"%.*s\", it stands on line %d already; remove one",
					   name.length < 80 ? (int)name.length : 80, name.data,
					   config_line(&config, names[i - 1]));
		}
	}
	return true;
}

static bool refuse_duplicates(struct arena *arena, const char *file, const struct yaml_document *document,
			      struct error *err)
{
	for (const struct json_node *node = document->root; node < document->root + document->root->span; node++) {
		if (json_is(node, JSON_OBJECT) && json_count(node) > 1 &&
		    !refuse_duplicates_in(arena, file, document, node, err)) {
			return false;
		}
	}
	return true;
}

/* --- entry --- */

static void *copy_table(struct arena *arena, const struct buffer *table)
{
	void *copy = arena_allocate(arena, table->length);
	if (copy != NULL && table->length > 0) {
		memcpy(copy, table->data, table->length);
	}
	return copy;
}

static int order_marks(const void *left, const void *right)
{
	const uint32_t *a = *(const uint32_t *const *)left;
	const uint32_t *b = *(const uint32_t *const *)right;
	return (*a > *b) - (*a < *b);
}

/* Code points to bytes: all marks in their order, in one walk over the text. */
static void turn_into_bytes(struct span text, uint32_t **marks, size_t count)
{
	size_t position = mark_length(text);
	uint32_t ignored;
	uint32_t passed = 0;
	qsort(marks, count, sizeof(*marks), order_marks);
	for (size_t i = 0; i < count; i++) {
		while (passed < *marks[i] && text_next_code_point(text, &position, &ignored)) {
			passed++;
		}
		*marks[i] = (uint32_t)position;
	}
}

static bool make_extents(struct arena *arena, const struct reader *reader, struct span text,
			 struct yaml_document *document)
{
	size_t count = reader->origins.length;
	uint32_t *starts = arena_allocate_array(arena, count, sizeof(uint32_t));
	uint32_t *ends = arena_allocate_array(arena, count, sizeof(uint32_t));
	uint32_t **marks = arena_allocate_array(arena, 2 * count, sizeof(uint32_t *));
	if (starts == NULL || ends == NULL || marks == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		struct extent extent;
		memcpy(&extent, reader->extents.data + i * sizeof(extent), sizeof(extent));
		starts[i] = extent.start;
		ends[i] = extent.end;
		marks[2 * i] = &starts[i];
		marks[2 * i + 1] = &ends[i];
	}
	turn_into_bytes(text, marks, 2 * count);
	document->starts = starts;
	document->ends = ends;
	return true;
}

static bool make_document(struct arena *arena, struct reader *reader, struct span text,
			  struct yaml_document *ret_document)
{
	struct yaml_document document = {0};
	struct error inner = ERROR_INIT;
	const char *json = arena_copy(arena, buffer_span(&reader->json));
	document.lines = copy_table(arena, &reader->lines);
	document.origins = copy_table(arena, &reader->origins);
	if (json == NULL || document.lines == NULL || document.origins == NULL ||
	    !make_extents(arena, reader, text, &document) ||
	    !json_parse(arena, (struct span){json, reader->json.length}, NULL, &document.root, &inner)) {
		/* The text is ours, so all that can go wrong is its size. */
		return error_set_at(reader->err, ERROR_LIMIT, reader->file, 0, "too large; make the file smaller");
	}
	BUG_ON(document.root->span * sizeof(uint32_t) != reader->lines.length);
	if (!refuse_duplicates(arena, reader->file, &document, reader->err)) {
		return false;
	}
	*ret_document = document;
	return true;
}

bool yaml_parse(struct arena *arena, const char *file, struct span text, struct yaml_document *ret_document,
		struct error *err)
{
	struct reader reader = {.file = file, .err = err};
	if (text.length > FILE_MAX) {
		return error_set_at(err, ERROR_LIMIT, file, 0, "larger than 1 MiB; make the file smaller");
	}
	if (!text_is_utf8(text)) {
		return error_set_at(err, ERROR_CONFIG, file, 0, "not UTF-8 text; save the file as UTF-8");
	}
	buffer_init(&reader.json, TEXT_MAX);
	buffer_init(&reader.lines, MARKS_MAX);
	buffer_init(&reader.origins, MARKS_MAX);
	buffer_init(&reader.extents, MARKS_MAX);
	bool ok = read_events(&reader, text);
	if (ok && reader.lines.length == 0) {
		ok = error_set_at(err, ERROR_CONFIG, file, 1, "the file is empty; write the keys it needs");
	}
	ok = ok && make_document(arena, &reader, text, ret_document);
	buffer_finish(&reader.json);
	buffer_finish(&reader.lines);
	buffer_finish(&reader.origins);
	buffer_finish(&reader.extents);
	return ok;
}
