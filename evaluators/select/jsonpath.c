/* RFC 9535 by recursive descent, one function per rule of its grammar. Selectors that are valid but name several
 * values are read to their end, so that a typing error in them is told as one; filters are refused where they start. */
#include "evaluators/select/path_parser.h"

#include "harness/base/text.h"

/* Section 2.1: integers in the range of I-JSON (RFC 7493). */
static const int64_t INTEGER_MAX = 9007199254740991;

struct parser {
	struct span text;
	size_t position;
	char *names; /* room for decoded names; never longer than the text */
	struct select_step *steps;
	size_t count;
	const char *plural; /* what the query has beyond a singular one, NULL for nothing */
	size_t plural_position;
	struct error *err;
};

static int peek(const struct parser *parser)
{
	return parser->position < parser->text.length ? (unsigned char)parser->text.data[parser->position] : -1;
}

static bool accept(struct parser *parser, char c)
{
	if (peek(parser) != (unsigned char)c) {
		return false;
	}
	parser->position++;
	return true;
}

static bool syntax_error(const struct parser *parser, const char *expected)
{
	struct span text = parser->text;
	return error_set(parser->err, ERROR_CONFIG, "JSONPath, position %zu: expected %s in \"%.*s\"",
			 parser->position + 1, expected, (int)(text.length < 100 ? text.length : 100), text.data);
}

static void note_plural(struct parser *parser, const char *what)
{
	if (parser->plural == NULL) {
		parser->plural = what;
		parser->plural_position = parser->position;
	}
}

static bool refuse_plural(const struct parser *parser)
{
	return error_set(parser->err, ERROR_CONFIG,
			 "JSONPath, position %zu: %s not supported yet: only singular queries; name one value, as in "
			 "$.order.items[0]['net price']",
			 parser->plural_position + 1, parser->plural);
}

static void skip_blanks(struct parser *parser)
{
	while (peek(parser) == ' ' || peek(parser) == '\t' || peek(parser) == '\n' || peek(parser) == '\r') {
		parser->position++;
	}
}

static void add_step(struct parser *parser, struct select_step step)
{
	parser->steps[parser->count++] = step;
}

static bool is_name_first(uint32_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c >= 0x80;
}

/* member-name-shorthand */
static bool parse_shorthand(struct parser *parser)
{
	size_t start = parser->position;
	size_t next = start;
	uint32_t c = 0;
	while (text_next_code_point(parser->text, &next, &c) &&
	       (is_name_first(c) || (parser->position > start && c >= '0' && c <= '9'))) {
		parser->position = next;
	}
	if (parser->position == start) {
		return syntax_error(parser, "a name or \"*\" behind the dot (other names are written ['like this'])");
	}
	size_t length = parser->position - start;
	memcpy(parser->names, parser->text.data + start, length);
	add_step(parser, (struct select_step){.kind = SELECT_NAME, .name = {parser->names, length}});
	parser->names += length;
	return true;
}

static bool parse_hex4(struct parser *parser, uint32_t *ret_unit)
{
	uint8_t bytes[2];
	struct span rest = {parser->text.data + parser->position, parser->text.length - parser->position};
	if (rest.length < 4 || !text_from_hex((struct span){rest.data, 4}, bytes, 2)) {
		return syntax_error(parser, "four hexadecimal digits behind \\u");
	}
	parser->position += 4;
	*ret_unit = (uint32_t)bytes[0] << 8 | bytes[1];
	return true;
}

/* hexchar: behind "\u"; a high surrogate must be followed by an escaped low one. */
static bool parse_unicode_escape(struct parser *parser, uint32_t *ret_code_point)
{
	uint32_t unit = 0;
	if (!parse_hex4(parser, &unit)) {
		return false;
	}
	if (unit < 0xd800 || unit > 0xdfff) {
		*ret_code_point = unit;
		return true;
	}
	uint32_t low = 0;
	if (unit >= 0xdc00 || !accept(parser, '\\') || !accept(parser, 'u')) {
		return syntax_error(parser, "a pair of surrogates, high then low");
	}
	if (!parse_hex4(parser, &low)) {
		return false;
	}
	if (low < 0xdc00 || low > 0xdfff) {
		return syntax_error(parser, "a low surrogate before this place");
	}
	*ret_code_point = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
	return true;
}

static void put_code_point(struct parser *parser, uint32_t c)
{
	unsigned int extra = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const unsigned char lead[] = {0x00, 0xc0, 0xe0, 0xf0};
	*parser->names++ = (char)(lead[extra] | (c >> (6 * extra)));
	while (extra > 0) {
		extra--;
		*parser->names++ = (char)(0x80 | (c >> (6 * extra) & 0x3f));
	}
}

/* Behind a backslash. */
static bool parse_escape(struct parser *parser, char quote)
{
	static const char letters[] = "bfnrt/\\";
	static const char values[] = "\b\f\n\r\t/\\";
	if (accept(parser, 'u')) {
		uint32_t code_point = 0;
		if (!parse_unicode_escape(parser, &code_point)) {
			return false;
		}
		put_code_point(parser, code_point);
		return true;
	}
	int c = peek(parser);
	const char *found = c > 0 ? strchr(letters, c) : NULL;
	if (found == NULL && c != quote) {
		return syntax_error(parser, "one of b f n r t / \\ u or the quote itself behind the backslash");
	}
	*parser->names++ = found != NULL ? values[found - letters] : quote;
	parser->position++;
	return true;
}

/* string-literal, at its quote */
static bool parse_quoted_name(struct parser *parser)
{
	char quote = (char)peek(parser);
	char *start = parser->names;
	parser->position++;
	while (!accept(parser, quote)) {
		int c = peek(parser);
		if (c < 0x20) {
			return syntax_error(parser,
					    c < 0 ? "the closing quote" : "no control character (write it as \\u00XX)");
		}
		parser->position++;
		if (c != '\\') {
			*parser->names++ = (char)c;
		} else if (!parse_escape(parser, quote)) {
			return false;
		}
	}
	struct span name = {start, (size_t)(parser->names - start)};
	add_step(parser, (struct select_step){.kind = SELECT_NAME, .name = name});
	return true;
}

/* int = "0" / (["-"] DIGIT1 *DIGIT) */
static bool parse_integer(struct parser *parser, int64_t *ret_integer)
{
	size_t start = parser->position;
	bool negative = accept(parser, '-');
	size_t digits = parser->position;
	while (peek(parser) >= 0 && text_is_digit((char)peek(parser))) {
		parser->position++;
	}
	struct span text = {parser->text.data + start, parser->position - start};
	bool zero_led = parser->position > digits && parser->text.data[digits] == '0';
	if (parser->position == digits || (zero_led && (negative || parser->position > digits + 1))) {
		parser->position = start;
		return syntax_error(parser, "an integer without leading zeros");
	}
	if (!text_to_int64(text, ret_integer) || *ret_integer > INTEGER_MAX || *ret_integer < -INTEGER_MAX) {
		parser->position = start;
		return syntax_error(parser, "an integer from -(2^53 - 1) to 2^53 - 1");
	}
	return true;
}

static bool at_integer(const struct parser *parser)
{
	int c = peek(parser);
	return c == '-' || (c >= '0' && c <= '9');
}

/* slice-selector = [start S] ":" S [end S] [":" [S step]], behind the start */
static bool parse_slice_rest(struct parser *parser)
{
	int64_t ignored = 0;
	note_plural(parser, "a slice is");
	for (int colons = 0; colons < 2 && accept(parser, ':'); colons++) {
		size_t before_blanks = parser->position;
		skip_blanks(parser);
		if (at_integer(parser)) {
			if (!parse_integer(parser, &ignored)) {
				return false;
			}
			before_blanks = parser->position;
			skip_blanks(parser);
		}
		if (peek(parser) != ':') {
			parser->position = before_blanks;
			break;
		}
	}
	return true;
}

static bool parse_index_or_slice(struct parser *parser)
{
	int64_t index = 0;
	bool has_index = at_integer(parser);
	if (has_index && !parse_integer(parser, &index)) {
		return false;
	}
	size_t behind = parser->position;
	skip_blanks(parser);
	if (peek(parser) == ':') {
		return parse_slice_rest(parser);
	}
	parser->position = behind;
	add_step(parser, (struct select_step){.kind = SELECT_INDEX, .index = index});
	return true;
}

static bool parse_selector(struct parser *parser)
{
	int c = peek(parser);
	if (c == '\'' || c == '"') {
		return parse_quoted_name(parser);
	}
	if (c == '*') {
		note_plural(parser, "a wildcard is");
		parser->position++;
		return true;
	}
	if (c == '?') {
		note_plural(parser, "a filter is");
		return refuse_plural(parser);
	}
	if (at_integer(parser) || c == ':') {
		return parse_index_or_slice(parser);
	}
	return syntax_error(parser, "a quoted name, an index, a slice, \"*\" or a filter");
}

/* bracketed-selection, behind its "[" */
static bool parse_brackets(struct parser *parser)
{
	for (;;) {
		skip_blanks(parser);
		if (!parse_selector(parser)) {
			return false;
		}
		skip_blanks(parser);
		if (accept(parser, ']')) {
			return true;
		}
		if (peek(parser) != ',') {
			return syntax_error(parser, "\",\" or \"]\"");
		}
		note_plural(parser, "a list of selectors is");
		parser->position++;
	}
}

static bool parse_segment(struct parser *parser)
{
	if (accept(parser, '[')) {
		return parse_brackets(parser);
	}
	if (!accept(parser, '.')) {
		return syntax_error(parser, "\".\" or \"[\"");
	}
	if (peek(parser) == '.') {
		note_plural(parser, "a descendant segment is");
		parser->position++;
		if (accept(parser, '[')) {
			return parse_brackets(parser);
		}
	}
	if (peek(parser) == '*') {
		note_plural(parser, "a wildcard is");
		parser->position++;
		return true;
	}
	return parse_shorthand(parser);
}

static bool parse_query(struct parser *parser)
{
	parser->position = 1;
	while (parser->position < parser->text.length) {
		skip_blanks(parser); /* white space may stand before a segment, not at the end */
		if (!parse_segment(parser)) {
			return false;
		}
	}
	return parser->plural == NULL || refuse_plural(parser);
}

bool select_parse_jsonpath(struct span text, struct arena *arena, struct select_path *ret_path, struct error *err)
{
	if (!text_is_utf8(text)) {
		return error_set(err, ERROR_CONFIG, "a JSONPath is not UTF-8; save the file as UTF-8");
	}
	/* A step takes at least two characters, and no escape is shorter than what it stands for. */
	struct parser parser = {.text = text, .err = err};
	parser.names = arena_allocate(arena, text.length);
	parser.steps = arena_allocate_array(arena, text.length / 2 + 1, sizeof(*parser.steps));
	if (parser.names == NULL || parser.steps == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for a JSONPath of %zu bytes", text.length);
	}
	if (!parse_query(&parser)) {
		return false;
	}
	*ret_path = (struct select_path){parser.steps, parser.count};
	return true;
}
