/* The tape is allocated once, at a size that the document cannot exceed: every node but the root stands behind a
 * comma, a colon or an opening bracket, and a fast count of those bytes costs a few per cent of the parse. Against a
 * growing tape this needs no copying and no room for old copies in the arena, and for usual documents it is exact but
 * for punctuation inside strings. Nothing is kept beside the tape: an open container holds its parent's index in
 * `span` until it is closed, so depth costs no memory and no recursion. */
#include "harness/base/json.h"

#include "harness/base/number.h"
#include "harness/base/text.h"

#include <stdio.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { DEPTH_DEFAULT = 512, NODES_DEFAULT = 16 * 1000 * 1000, BLOCK = 16, SURROGATE_FIRST_LOW = 0xdc00 };

#define UNLIKELY(condition) __builtin_expect((condition), 0)
#define NO_PARENT UINT32_MAX

struct reader {
	struct arena *arena;
	const char *start;
	const char *position;
	const char *end;
	struct json_node *tape;
	uint32_t count;    /* nodes made */
	uint32_t capacity; /* nodes at most */
	uint32_t parent;   /* index of the innermost open container */
	size_t depth;      /* open containers */
	size_t depth_limit;
	struct error *err;
};

/* Errors. The place is worked out only now, so that the good path counts no lines. */

struct place {
	size_t line;
	size_t column; /* in code points */
	size_t offset;
};

static struct place place_of(const struct reader *reader, const char *at)
{
	struct place place = {.line = 1, .offset = (size_t)(at - reader->start)};
	const char *line_start = reader->start;
	for (const char *p = reader->start; p < at; p++) {
		if (*p == '\n') {
			place.line++;
			line_start = p + 1;
		}
	}
	place.column = 1 + text_length((struct span){line_start, (size_t)(at - line_start)});
	return place;
}

static bool fail(const struct reader *reader, enum error_code code, const char *at, const char *what)
{
	struct place place = place_of(reader, at);
	return error_set(reader->err, code, "line %zu, column %zu (byte %zu): %s", place.line, place.column,
			 place.offset, what);
}

static bool fail_expected(const struct reader *reader, const char *at, const char *expected)
{
	struct place place = place_of(reader, at);
	char found[32] = "the end";
	if (at<reader->end && * at> ' ' && *at <= '~') {
		snprintf(found, sizeof(found), "'%c'", *at);
	} else if (at < reader->end) {
		snprintf(found, sizeof(found), "byte 0x%02x", (uint8_t)*at);
	}
	return error_set(reader->err, ERROR_FORMAT, "line %zu, column %zu (byte %zu): expected %s, found %s",
			 place.line, place.column, place.offset, expected, found);
}

static bool fail_memory(const struct reader *reader, size_t size)
{
	if (size > reader->arena->maximum || reader->arena->used > reader->arena->maximum - size) {
		return error_set(reader->err, ERROR_LIMIT,
				 "the JSON text needs more memory than the %zu bytes allowed for one document",
				 reader->arena->maximum);
	}
	return error_set(reader->err, ERROR_MEMORY, "out of memory while reading JSON");
}

/* Strings */

/* First byte from `position` on that is not plain inside a string: quote, backslash, control or non-ASCII. */
static inline const char *skip_plain(const char *position, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i backslash = _mm_set1_epi8('\\');
	const __m128i last_control = _mm_set1_epi8(0x1f);
	while (end - position >= BLOCK) {
		__m128i block = _mm_loadu_si128((const __m128i *)(const void *)position);
		__m128i special = _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash));
		special = _mm_or_si128(special, _mm_cmpeq_epi8(_mm_min_epu8(block, last_control), block));
		/* movemask takes the high bits, which non-ASCII bytes have set by themselves. */
		unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(special, block));
		if (mask != 0) {
			return position + __builtin_ctz(mask);
		}
		position += BLOCK;
	}
#endif
	while (position < end && (uint8_t)*position >= ' ' && (uint8_t)*position < 0x80 && *position != '"' &&
	       *position != '\\') {
		position++;
	}
	return position;
}

/* Over a run of non-ASCII characters; NULL at a malformed one, with *ret_bad at its start. */
static const char *skip_non_ascii(const char *position, const char *end, const char **ret_bad)
{
	struct span rest = {position, (size_t)(end - position)};
	size_t skipped = 0;
	uint32_t code_point;
	while (skipped < rest.length && (uint8_t)rest.data[skipped] >= 0x80) {
		if (!text_next_code_point(rest, &skipped, &code_point)) {
			*ret_bad = position + skipped;
			return NULL;
		}
	}
	return position + skipped;
}

static bool read_four_digits(const char *digits, const char *end, uint32_t *ret_unit)
{
	uint32_t unit = 0;
	if (end - digits < 4) {
		return false;
	}
	for (int i = 0; i < 4; i++) {
		int digit = text_hex_digit(digits[i]);
		if (digit < 0) {
			return false;
		}
		unit = unit << 4 | (uint32_t)digit;
	}
	*ret_unit = unit;
	return true;
}

/* `escape` is at the backslash of \uXXXX. Takes the low surrogate's escape along; returns the place behind. */
static const char *decode_unicode(struct reader *reader, const char *escape, const char *end, char **out)
{
	uint32_t code_point;
	uint32_t low;
	if (!read_four_digits(escape + 2, end, &code_point)) {
		fail(reader, ERROR_FORMAT, escape, "\\u must be followed by four hexadecimal digits");
		return NULL;
	}
	const char *behind = escape + 6;
	if (code_point >= 0xd800 && code_point <= 0xdfff) {
		if (code_point >= SURROGATE_FIRST_LOW || end - behind < 2 || behind[0] != '\\' || behind[1] != 'u' ||
		    !read_four_digits(behind + 2, end, &low) || low < SURROGATE_FIRST_LOW || low > 0xdfff) {
			fail(reader, ERROR_FORMAT, escape,
			     "half of a surrogate pair; write both halves or the character itself");
			return NULL;
		}
		code_point = 0x10000 + ((code_point - 0xd800) << 10) + (low - SURROGATE_FIRST_LOW);
		behind += 6;
	}
	*out += text_encode_code_point(code_point, *out);
	return behind;
}

static char simple_escape(char c)
{
	switch (c) {
	case '"':
	case '\\':
	case '/':
		return c;
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return '\0';
	}
}

/* Replaces the node's raw text, which is known to end before a closing quote, by its decoded copy in the arena.
 * No escape is shorter than what it stands for, so the raw length is room enough. */
static bool decode_string(struct reader *reader, struct json_node *node)
{
	char *decoded = arena_allocate(reader->arena, node->length);
	if (decoded == NULL) {
		return fail_memory(reader, node->length);
	}
	char *out = decoded;
	const char *position = node->text;
	const char *end = node->text + node->length;
	while (position < end) {
		const char *escape = memchr(position, '\\', (size_t)(end - position));
		size_t plain = (size_t)((escape != NULL ? escape : end) - position);
		memcpy(out, position, plain);
		out += plain;
		position += plain;
		if (escape == NULL) {
			break;
		}
		/* A backslash is never last: the byte behind it would be the closing quote, and thus not closing. */
		if (escape[1] == 'u') {
			position = decode_unicode(reader, escape, end, &out);
			if (position == NULL) {
				return false;
			}
			continue;
		}
		*out = simple_escape(escape[1]);
		if (*out++ == '\0') {
			return fail_expected(reader, escape + 1, "one of \" \\ / b f n r t u behind the backslash");
		}
		position += 2;
	}
	node->text = decoded;
	node->length = (uint32_t)(out - decoded);
	return true;
}

/* The slow part of read_string: at something that is not plain. Returns the closing quote. */
static const char *find_quote(struct reader *reader, const char *position, bool *ret_escaped)
{
	const char *end = reader->end;
	while (position < end && *position != '"') {
		if (*position == '\\') {
			*ret_escaped = true;
			position++;
			if (position < end && (*position == '"' || *position == '\\')) {
				position++;
			}
		} else if ((uint8_t)*position < ' ') {
			fail(reader, ERROR_FORMAT, position, "a control character in a string; escape it as \\u00XX");
			return NULL;
		} else {
			const char *bad = position;
			position = skip_non_ascii(position, end, &bad);
			if (position == NULL) {
				fail(reader, ERROR_FORMAT, bad, "a byte that is not UTF-8 in a string");
				return NULL;
			}
		}
		position = skip_plain(position, end);
	}
	if (position == end) {
		fail_expected(reader, end, "a quote at the end of the string");
		return NULL;
	}
	return position;
}

/* At the opening quote. */
static inline bool read_string(struct reader *reader, struct json_node *node)
{
	const char *text = reader->position + 1;
	const char *quote = skip_plain(text, reader->end);
	bool escaped = false;
	if (UNLIKELY(quote == reader->end || *quote != '"')) {
		quote = find_quote(reader, quote, &escaped);
		if (quote == NULL) {
			return false;
		}
	}
	reader->position = quote + 1;
	node->text = text;
	node->length = (uint32_t)(quote - text);
	return !escaped || decode_string(reader, node);
}

/* Values */

static inline void skip_space(struct reader *reader)
{
	const char *position = reader->position;
	while (position < reader->end &&
	       (*position == ' ' || *position == '\n' || *position == '\r' || *position == '\t')) {
		position++;
	}
	reader->position = position;
}

static inline struct json_node *add_node(struct reader *reader, enum json_type type)
{
	if (UNLIKELY(reader->count == reader->capacity)) {
		fail(reader, ERROR_LIMIT, reader->position, "more values than the limit for one document");
		return NULL;
	}
	struct json_node *node = &reader->tape[reader->count++];
	node->span = 1;
	node->offset = (uint32_t)(reader->position - reader->start);
	node->type = (uint8_t)type;
	return node;
}

static inline bool read_number(struct reader *reader)
{
	struct json_node *node = add_node(reader, JSON_NUMBER);
	struct number_parts parts;
	if (node == NULL) {
		return false;
	}
	if (UNLIKELY(!number_scan(reader->position, reader->end, &parts))) {
		return fail_expected(reader, parts.end, "a digit");
	}
	node->text = reader->position;
	node->length = (uint32_t)(parts.end - reader->position);
	reader->position = parts.end;
	return true;
}

static inline bool read_word(struct reader *reader, enum json_type type, struct span word, const char *expected)
{
	if ((size_t)(reader->end - reader->position) < word.length ||
	    memcmp(reader->position, word.data, word.length) != 0) {
		return fail_expected(reader, reader->position, expected);
	}
	bool added = add_node(reader, type) != NULL;
	reader->position += word.length;
	return added;
}

static inline bool open_container(struct reader *reader, enum json_type type)
{
	struct json_node *node = add_node(reader, type);
	if (node == NULL) {
		return false;
	}
	if (UNLIKELY(reader->depth == reader->depth_limit)) {
		return fail(reader, ERROR_LIMIT, reader->position, "nested deeper than the limit");
	}
	reader->depth++;
	node->span = reader->parent;
	reader->parent = reader->count - 1;
	reader->position++;
	return true;
}

static inline bool read_value(struct reader *reader)
{
	if (UNLIKELY(reader->position == reader->end)) {
		return fail_expected(reader, reader->end, "a value");
	}
	struct json_node *node;
	switch (*reader->position) {
	case '"':
		node = add_node(reader, JSON_STRING);
		return node != NULL && read_string(reader, node);
	case '{':
		return open_container(reader, JSON_OBJECT);
	case '[':
		return open_container(reader, JSON_ARRAY);
	case 't':
		return read_word(reader, JSON_TRUE, SPAN("true"), "true");
	case 'f':
		return read_word(reader, JSON_FALSE, SPAN("false"), "false");
	case 'n':
		return read_word(reader, JSON_NULL, SPAN("null"), "null");
	default:
		if (*reader->position != '-' && !text_is_digit(*reader->position)) {
			return fail_expected(reader, reader->position, "a value");
		}
		return read_number(reader);
	}
}

/* A member's name and colon, up to its value. */
static inline bool read_name(struct reader *reader)
{
	if (UNLIKELY(reader->position == reader->end || *reader->position != '"')) {
		return fail_expected(reader, reader->position, "a member's name in quotes");
	}
	struct json_node *name = add_node(reader, JSON_STRING);
	if (name == NULL || !read_string(reader, name)) {
		return false;
	}
	skip_space(reader);
	if (UNLIKELY(reader->position == reader->end || *reader->position != ':')) {
		return fail_expected(reader, reader->position, "':' behind the member's name");
	}
	reader->position++;
	skip_space(reader);
	return true;
}

/* One item or member of the innermost open container, or its end. */
static inline bool read_item(struct reader *reader)
{
	struct json_node *container = &reader->tape[reader->parent];
	bool object = container->type == JSON_OBJECT;
	skip_space(reader);
	char c = reader->position < reader->end ? *reader->position : '\0';
	if (c == (object ? '}' : ']')) {
		uint32_t self = reader->parent;
		reader->parent = container->span;
		container->span = reader->count - self;
		reader->depth--;
		reader->position++;
		return true;
	}
	if (container->length > 0) {
		if (UNLIKELY(c != ',')) {
			return fail_expected(reader, reader->position, object ? "',' or '}'" : "',' or ']'");
		}
		reader->position++;
		skip_space(reader);
	}
	container->length++;
	return (!object || read_name(reader)) && read_value(reader);
}

static bool read_document(struct reader *reader)
{
	if (text_starts_with((struct span){reader->start, (size_t)(reader->end - reader->start)}, "\xef\xbb\xbf")) {
		return fail(reader, ERROR_FORMAT, reader->start,
			    "a byte order mark; JSON must be UTF-8 without one (RFC 8259 section 8.1)");
	}
	skip_space(reader);
	if (!read_value(reader)) {
		return false;
	}
	while (reader->parent != NO_PARENT) {
		if (!read_item(reader)) {
			return false;
		}
	}
	skip_space(reader);
	return reader->position == reader->end || fail_expected(reader, reader->position, "the end of the text");
}

/* Bytes among , : [ { - strings included. */
static size_t count_separators(const char *position, const char *end)
{
	size_t count = 0;
#ifdef __SSE2__
	const __m128i zero = _mm_setzero_si128();
	while (end - position >= BLOCK) {
		__m128i counts = zero; /* per byte lane; a lane holds 255 at most */
		for (int round = 0; round < UINT8_MAX && end - position >= BLOCK; round++, position += BLOCK) {
			__m128i block = _mm_loadu_si128((const __m128i *)(const void *)position);
			/* '[' and '{' differ in bit 0x20 only. */
			__m128i folded = _mm_or_si128(block, _mm_set1_epi8(0x20));
			__m128i found = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8(',')),
						     _mm_cmpeq_epi8(block, _mm_set1_epi8(':')));
			found = _mm_or_si128(found, _mm_cmpeq_epi8(folded, _mm_set1_epi8('{')));
			counts = _mm_sub_epi8(counts, found);
		}
		__m128i sums = _mm_sad_epu8(counts, zero);
		count += (size_t)_mm_cvtsi128_si64(sums) + (size_t)_mm_cvtsi128_si64(_mm_srli_si128(sums, 8));
	}
#endif
	for (; position < end; position++) {
		count += *position == ',' || *position == ':' || *position == '[' || *position == '{';
	}
	return count;
}

/* Two bounds, for any prefix of any document: one node per separator and the root; and two bytes per node, but for
 * the open containers, which have no closing bracket yet. The second holds where a string is full of commas. */
static size_t most_nodes(const struct reader *reader, size_t limit)
{
	size_t length = (size_t)(reader->end - reader->start);
	size_t most = count_separators(reader->start, reader->end);
	size_t by_length = (length + reader->depth_limit) / 2;
	most = (most < by_length ? most : by_length) + 1;
	return most < limit ? most : limit;
}

bool json_parse(struct arena *arena, struct span text, const struct json_limits *limits,
		const struct json_node **ret_root, struct error *err)
{
	if (text.length >= UINT32_MAX) {
		return error_set(err, ERROR_LIMIT, "the JSON text has %zu bytes; at most 4 GiB can be read",
				 text.length);
	}
	const char *start = text.length > 0 ? text.data : "";
	size_t depth = limits != NULL && limits->depth > 0 ? limits->depth : DEPTH_DEFAULT;
	size_t nodes = limits != NULL && limits->nodes > 0 ? limits->nodes : NODES_DEFAULT;
	struct reader reader = {
		.arena = arena,
		.start = start,
		.position = start,
		.end = start + text.length,
		.parent = NO_PARENT,
		.depth_limit = depth < JSON_DEPTH_MAX ? depth : JSON_DEPTH_MAX,
		.err = err,
	};
	reader.capacity = (uint32_t)most_nodes(&reader, nodes < UINT32_MAX ? nodes : UINT32_MAX);
	reader.tape = arena_allocate_array(arena, reader.capacity, sizeof(*reader.tape));
	if (reader.tape == NULL) {
		return fail_memory(&reader, reader.capacity * sizeof(*reader.tape));
	}
	if (!read_document(&reader)) {
		return false;
	}
	*ret_root = reader.tape;
	return true;
}

/* Finding values */

const struct json_node *json_get(const struct json_node *object, struct span name)
{
	const struct json_node *found = NULL;
	if (!json_is(object, JSON_OBJECT)) {
		return NULL;
	}
	for (const struct json_node *member = json_first(object); member != NULL; member = json_next(object, member)) {
		if (span_equal(json_text(member), name)) {
			found = json_member(member);
		}
	}
	return found;
}

const struct json_node *json_get_text(const struct json_node *object, const char *name)
{
	return json_get(object, span_of(name));
}

const struct json_node *json_at(const struct json_node *array, size_t index)
{
	if (!json_is(array, JSON_ARRAY) || index >= json_count(array)) {
		return NULL;
	}
	const struct json_node *item = json_first(array);
	for (size_t i = 0; i < index; i++) {
		item = json_next(array, item);
	}
	return item;
}

const char *json_type_name(const struct json_node *node)
{
	static const char *const names[] = {
		[JSON_NULL] = "null",     [JSON_FALSE] = "boolean", [JSON_TRUE] = "boolean",  [JSON_NUMBER] = "number",
		[JSON_STRING] = "string", [JSON_ARRAY] = "array",   [JSON_OBJECT] = "object",
	};
	return node != NULL ? names[node->type] : "nothing";
}
