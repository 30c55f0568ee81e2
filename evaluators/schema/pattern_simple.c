#include "evaluators/schema/pattern_simple.h"

#include "harness/base/text.h"

enum { COUNT_MAX = 100000 };

struct reader {
	struct span text;
	size_t position;
};

static int peek(const struct reader *reader, size_t ahead)
{
	size_t at = reader->position + ahead;
	return at < reader->text.length ? (unsigned char)reader->text.data[at] : -1;
}

static void add_range(struct simple_set *set, int first, int last)
{
	for (int c = first; c <= last; c++) {
		set->ascii[c / 64] |= UINT64_C(1) << c % 64;
	}
}

static void add_digits(struct simple_set *set)
{
	add_range(set, '0', '9');
}

static void add_word(struct simple_set *set)
{
	add_digits(set);
	add_range(set, 'A', 'Z');
	add_range(set, 'a', 'z');
	add_range(set, '_', '_');
}

static bool is_punctuation(int c)
{
	return c > ' ' && c < 0x7f && strchr("^$\\.*+?()[]{}|/-_:,;@#%&=!~'\"<>", c) != NULL;
}

/* At a backslash: \d, \w, or one character, which is returned in *ret_single; -1 there for a set. */
static bool read_escape(struct reader *reader, struct simple_set *set, int *ret_single)
{
	int c = peek(reader, 1);
	*ret_single = -1;
	if (c == 'd') {
		add_digits(set);
	} else if (c == 'w') {
		add_word(set);
	} else if (is_punctuation(c)) {
		add_range(set, c, c);
		*ret_single = c;
	} else {
		return false;
	}
	reader->position += 2;
	return true;
}

/* One member of a class; *ret_single as read_escape has it. */
static bool read_member(struct reader *reader, struct simple_set *set, int *ret_single)
{
	int c = peek(reader, 0);
	if (c == '\\') {
		return read_escape(reader, set, ret_single);
	}
	if (c < ' ' || c >= 0x7f) {
		return false;
	}
	add_range(set, c, c);
	*ret_single = c;
	reader->position++;
	return true;
}

/* Behind "[". */
static bool read_class(struct reader *reader, struct simple_set *set)
{
	bool is_negated = peek(reader, 0) == '^';
	reader->position += is_negated;
	while (peek(reader, 0) != ']') {
		int first = -1;
		int last = -1;
		if (!read_member(reader, set, &first)) {
			return false;
		}
		if (peek(reader, 0) != '-' || peek(reader, 1) == ']') {
			continue;
		}
		reader->position++;
		if (!read_member(reader, set, &last) || first < 0 || last < first) {
			return false;
		}
		add_range(set, first, last);
	}
	reader->position++;
	if (is_negated) {
		*set = (struct simple_set){{~set->ascii[0], ~set->ascii[1]}, true};
	}
	return true;
}

static bool read_set(struct reader *reader, struct simple_set *set)
{
	int single = 0;
	int c = peek(reader, 0);
	if (c == '\\') {
		return read_escape(reader, set, &single);
	}
	if (c == '[') {
		reader->position++;
		return read_class(reader, set);
	}
	if (c < ' ' || c >= 0x7f || strchr("^$.*+?()[]{}|", c) != NULL) {
		return false;
	}
	add_range(set, c, c);
	reader->position++;
	return true;
}

static bool read_number(struct reader *reader, uint32_t *number)
{
	size_t start = reader->position;
	*number = 0;
	while (peek(reader, 0) >= '0' && peek(reader, 0) <= '9' && *number < COUNT_MAX) {
		*number = *number * 10 + (uint32_t)(peek(reader, 0) - '0');
		reader->position++;
	}
	return reader->position > start && *number < COUNT_MAX;
}

/* Behind "{". */
static bool read_braces(struct reader *reader, struct simple_element *element)
{
	if (!read_number(reader, &element->least)) {
		return false;
	}
	element->most = element->least;
	if (peek(reader, 0) == ',') {
		reader->position++;
		element->most = UINT32_MAX;
		if (peek(reader, 0) != '}' && !read_number(reader, &element->most)) {
			return false;
		}
	}
	return peek(reader, 0) == '}' && element->least <= element->most;
}

static bool read_quantifier(struct reader *reader, struct simple_element *element)
{
	int c = peek(reader, 0);
	element->least = c == '*' || c == '?' ? 0 : 1;
	element->most = c == '*' || c == '+' ? UINT32_MAX : 1;
	if (c == '{') {
		reader->position++;
		if (!read_braces(reader, element)) {
			return false;
		}
	}
	reader->position += c == '*' || c == '+' || c == '?' || c == '{';
	return peek(reader, 0) != '?' && (!element->set.wide || (element->least <= 1 && element->most == UINT32_MAX));
}

static bool overlap(const struct simple_set *a, const struct simple_set *b)
{
	return ((a->ascii[0] & b->ascii[0]) | (a->ascii[1] & b->ascii[1])) != 0 || (a->wide && b->wide);
}

/* Whether element `i` can give nothing to those behind it. */
static bool is_decided(const struct simple_pattern *pattern, uint32_t i)
{
	const struct simple_element *element = &pattern->elements[i];
	for (uint32_t k = i + 1; element->least != element->most && k < pattern->count; k++) {
		if (overlap(&element->set, &pattern->elements[k].set)) {
			return false;
		}
		if (pattern->elements[k].least > 0) {
			break;
		}
	}
	return true;
}

bool simple_pattern_read(struct span text, struct simple_pattern *ret_pattern)
{
	struct simple_pattern pattern = {.count = 0};
	struct reader reader = {.text = text, .position = 1};
	if (text.length == 0 || text.data[0] != '^') {
		return false;
	}
	while (reader.position < text.length) {
		if (peek(&reader, 0) == '$' && reader.position + 1 == text.length) {
			pattern.to_the_end = true;
			break;
		}
		struct simple_element element = {.least = 0};
		if (pattern.count == SIMPLE_ELEMENTS_MAX || !read_set(&reader, &element.set) ||
		    !read_quantifier(&reader, &element)) {
			return false;
		}
		pattern.elements[pattern.count++] = element;
	}
	for (uint32_t i = 0; i < pattern.count; i++) {
		if (!is_decided(&pattern, i)) {
			return false;
		}
	}
	*ret_pattern = pattern;
	return true;
}

static inline bool has(const struct simple_set *set, unsigned char c)
{
	return c < 0x80 ? (set->ascii[c / 64] >> c % 64 & 1) != 0 : set->wide;
}

bool simple_pattern_match(const struct simple_pattern *pattern, struct span text)
{
	const unsigned char *position = (const unsigned char *)text.data;
	const unsigned char *end = position + text.length;
	for (uint32_t i = 0; i < pattern->count; i++) {
		const struct simple_element *element = &pattern->elements[i];
		size_t left = (size_t)(end - position);
		const unsigned char *start = position;
		const unsigned char *stop = element->most < left ? position + element->most : end;
		while (position < stop && has(&element->set, *position)) {
			position++;
		}
		if ((size_t)(position - start) < element->least) {
			return false;
		}
	}
	return !pattern->to_the_end || position == end;
}
