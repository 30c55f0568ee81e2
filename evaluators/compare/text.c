/* `text`: the same text but for what people do not see or do not mean.
 *
 * Always: canonically equivalent sequences are the same (Unicode Standard Annex 15: compares as NFC would).
 * case: ignore - full case folding (Unicode 3.13, definition D145, but for U+0345), so that "STRASSE" and "strasse" and
 * "straße" agree; no locale's rules. space: trim - white space (Unicode property White_Space) at both ends does not
 * count; collapse - besides, a run of it inside counts as one space.
 * Text of ASCII characters is compared in place; other text is decomposed first, on the stack up to STACK_POINTS. */
#include "evaluators/compare/evaluators.h"

#include "harness/base/text.h"

#include <stdlib.h>
#include <utf8proc.h>

enum { STACK_POINTS = 512 };

static bool refuse_option(const char *what, struct span name, struct error *err)
{
	return error_set(err, ERROR_CONFIG,
			 "compare: text: \"%.*s\" %s; allowed are case: keep or ignore, space: keep, trim or collapse",
			 (int)(name.length < 60 ? name.length : 60), name.data, what);
}

static bool read_case(struct span value, struct text_options *options)
{
	options->ignore_case = span_is(value, "ignore");
	return options->ignore_case || span_is(value, "keep");
}

static bool read_space(struct span value, struct text_options *options)
{
	static const char *const names[] = {
		[TEXT_SPACE_KEEP] = "keep",
		[TEXT_SPACE_TRIM] = "trim",
		[TEXT_SPACE_COLLAPSE] = "collapse",
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (span_is(value, names[i])) {
			options->space = (enum text_space)i;
			return true;
		}
	}
	return false;
}

static bool compile_text(const struct json_node *options, struct arena *arena, struct field_comparator *ret_comparator,
			 struct error *err)
{
	(void)arena;
	struct text_options text = {.space = TEXT_SPACE_KEEP};
	for (const struct json_node *node = json_first(options); node != NULL; node = json_next(options, node)) {
		struct span name = json_text(node);
		struct span value = json_is(json_member(node), JSON_STRING) ? json_text(json_member(node)) : SPAN("");
		bool is_case = span_is(name, "case");
		if (!is_case && !span_is(name, "space")) {
			return refuse_option("is not an option", name, err);
		}
		if (!(is_case ? read_case(value, &text) : read_space(value, &text))) {
			return refuse_option("has a value that is not allowed", name, err);
		}
	}
	ret_comparator->text = text;
	return true;
}

/* Text under comparison: ASCII bytes as they are, or the code points of the decomposition. */
struct reader {
	const char *bytes; /* NULL where points are read */
	const utf8proc_int32_t *points;
	size_t count;
	size_t position;
	const struct text_options *options;
};

enum { END_OF_TEXT = -1 };

/* Unicode property White_Space (PropList.txt; unchanged since Unicode 6.3). */
static bool is_white_space(int32_t c)
{
	if (c < 0x80) {
		return c == ' ' || (c >= '\t' && c <= '\r');
	}
	return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
	       c == 0x202f || c == 0x205f || c == 0x3000;
}

static int32_t peek(const struct reader *reader)
{
	if (reader->position >= reader->count) {
		return END_OF_TEXT;
	}
	if (reader->bytes == NULL) {
		return reader->points[reader->position];
	}
	char c = reader->bytes[reader->position];
	return reader->options->ignore_case ? text_lower(c) : c;
}

static void skip_white_space(struct reader *reader)
{
	while (reader->position < reader->count && is_white_space(peek(reader))) {
		reader->position++;
	}
}

static void trim_end(struct reader *reader)
{
	size_t start = reader->position;
	while (reader->count > start) {
		reader->position = reader->count - 1;
		if (!is_white_space(peek(reader))) {
			break;
		}
		reader->count--;
	}
	reader->position = start;
}

static int32_t next_point(struct reader *reader)
{
	int32_t c = peek(reader);
	if (c == END_OF_TEXT) {
		return c;
	}
	if (reader->options->space == TEXT_SPACE_COLLAPSE && is_white_space(c)) {
		skip_white_space(reader);
		return ' ';
	}
	reader->position++;
	return c;
}

static bool readers_agree(struct reader *a, struct reader *b)
{
	if (a->options->space != TEXT_SPACE_KEEP) {
		skip_white_space(a);
		trim_end(a);
		skip_white_space(b);
		trim_end(b);
	}
	for (;;) {
		int32_t c = next_point(a);
		if (c != next_point(b)) {
			return false;
		}
		if (c == END_OF_TEXT) {
			return true;
		}
	}
}

static bool is_ascii(struct span text)
{
	unsigned char any = 0;
	for (size_t i = 0; i < text.length; i++) {
		any |= (unsigned char)text.data[i];
	}
	return any < 0x80;
}

/* Decomposes into `room`, or into memory that the caller frees by *ret_heap. */
static bool decompose(struct span text, bool ignore_case, utf8proc_int32_t room[STACK_POINTS],
		      utf8proc_int32_t **ret_heap, struct reader *ret_reader)
{
	utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | (ignore_case ? UTF8PROC_CASEFOLD : 0);
	const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text.data;
	utf8proc_ssize_t length = (utf8proc_ssize_t)text.length;
	utf8proc_ssize_t count = utf8proc_decompose(bytes, length, room, STACK_POINTS, options);
	if (count < 0) {
		return false;
	}
	const utf8proc_int32_t *points = room;
	if (count > STACK_POINTS) {
		*ret_heap = malloc((size_t)count * sizeof(**ret_heap));
		if (*ret_heap == NULL || utf8proc_decompose(bytes, length, *ret_heap, count, options) != count) {
			return false;
		}
		points = *ret_heap;
	}
	ret_reader->points = points;
	ret_reader->count = (size_t)count;
	return true;
}

/* Text that cannot be decomposed for want of memory does not agree: the safe side. */
static bool agrees_decomposed(const struct text_options *options, struct span a, struct span b)
{
	utf8proc_int32_t room_a[STACK_POINTS];
	utf8proc_int32_t room_b[STACK_POINTS];
	utf8proc_int32_t *heap_a = NULL;
	utf8proc_int32_t *heap_b = NULL;
	struct reader reader_a = {.options = options};
	struct reader reader_b = {.options = options};
	bool agrees = decompose(a, options->ignore_case, room_a, &heap_a, &reader_a) &&
		      decompose(b, options->ignore_case, room_b, &heap_b, &reader_b) &&
		      readers_agree(&reader_a, &reader_b);
	free(heap_a);
	free(heap_b);
	return agrees;
}

static bool agrees_as_text(const struct field_comparator *comparator, const struct json_node *legacy,
			   const struct json_node *llm)
{
	if (!json_is(legacy, JSON_STRING) || !json_is(llm, JSON_STRING)) {
		return false;
	}
	const struct text_options *options = &comparator->text;
	struct span a = json_text(legacy);
	struct span b = json_text(llm);
	if (!is_ascii(a) || !is_ascii(b)) {
		return agrees_decomposed(options, a, b);
	}
	struct reader reader_a = {.bytes = a.data, .count = a.length, .options = options};
	struct reader reader_b = {.bytes = b.data, .count = b.length, .options = options};
	return readers_agree(&reader_a, &reader_b);
}

const struct evaluator evaluator_text = {
	.name = "text",
	.sentence = "the same text, without regard to case or white space where so asked",
	.semantics = 1,
	.compile = compile_text,
	.agrees = agrees_as_text,
};
