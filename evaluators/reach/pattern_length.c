/* The longest text of an anchored pattern, for the patterns that people write for codes and dates:
 * ^T-[0-9]{6}$. Choices and groups count as if all their parts stood one behind the other, which is never too short. */
#include "evaluators/reach/internal.h"

#include "harness/base/text.h"

enum { GROUPS_MAX = 32, REPEATS_MAX = 1000000 };

struct reader {
	struct span text;
	size_t position;
	uint64_t group[GROUPS_MAX]; /* characters in the open groups so far */
	size_t depth;
	uint64_t last; /* characters of the atom just read, for the quantifier behind it */
};

static bool skip_class(struct reader *reader)
{
	for (size_t i = reader->position + 1; i < reader->text.length; i++) {
		if (reader->text.data[i] == '\\') {
			i++;
		} else if (reader->text.data[i] == ']' && i > reader->position + 1) {
			reader->position = i + 1;
			return true;
		}
	}
	return false;
}

/* Behind a "\": one character of the text, or of a class. What may stand for no character or for a text of its own
 * length (\b, \1, \p{..}, \u{..}) ends the reading. */
static bool skip_escape(struct reader *reader)
{
	if (reader->position + 1 >= reader->text.length) {
		return false;
	}
	char c = reader->text.data[reader->position + 1];
	bool plain = strchr("dDwWsStnrfv", c) != NULL && c != '\0';
	bool punctuation = (unsigned char)c < 0x80 && strchr("^$\\.*+?()[]{}|/-", c) != NULL && c != '\0';
	reader->position += 2;
	return plain || punctuation;
}

/* "{n}" and "{n,m}"; "{n,}" has no end. */
static bool read_braces(struct reader *reader, uint64_t *ret_most)
{
	struct span rest = {reader->text.data + reader->position + 1, reader->text.length - reader->position - 1};
	struct span inside = {rest.data, text_find(rest, SPAN("}"))};
	size_t comma = text_find(inside, SPAN(","));
	struct span most =
		comma < inside.length ? (struct span){inside.data + comma + 1, inside.length - comma - 1} : inside;
	reader->position += inside.length + 2;
	return inside.length < rest.length && text_to_uint64(most, ret_most) && *ret_most <= REPEATS_MAX;
}

static bool read_quantifier(struct reader *reader)
{
	char c = reader->position < reader->text.length ? reader->text.data[reader->position] : '\0';
	uint64_t most = 1;
	if (c == '*' || c == '+' || (c == '{' && !read_braces(reader, &most))) {
		return false;
	}
	reader->position += c == '?';
	if (c == '{' && reader->position < reader->text.length && reader->text.data[reader->position] == '?') {
		reader->position++;
	}
	reader->last = reader->last > REPEATS_MAX ? reader->last : reader->last * most;
	reader->group[reader->depth] += reader->last;
	return reader->last <= REPEATS_MAX && reader->group[reader->depth] <= REPEATS_MAX;
}

static bool open_group(struct reader *reader)
{
	struct span rest = {reader->text.data + reader->position, reader->text.length - reader->position};
	if (reader->depth + 1 >= GROUPS_MAX || (text_starts_with(rest, "(?") && !text_starts_with(rest, "(?:"))) {
		return false;
	}
	reader->position += text_starts_with(rest, "(?:") ? 3 : 1;
	reader->group[++reader->depth] = 0;
	return true;
}

static bool close_group(struct reader *reader)
{
	if (reader->depth == 0) {
		return false;
	}
	reader->last = reader->group[reader->depth--];
	reader->position++;
	return read_quantifier(reader);
}

static bool read_atom(struct reader *reader)
{
	char c = reader->text.data[reader->position];
	reader->last = 1;
	switch (c) {
	case '(':
		return open_group(reader);
	case ')':
		return close_group(reader);
	case '|':
		reader->position++;
		return reader->depth > 0;
	case '[':
		return skip_class(reader) && read_quantifier(reader);
	case '\\':
		return skip_escape(reader) && read_quantifier(reader);
	case '^':
	case '$':
	case '*':
	case '+':
	case '?':
	case '{':
		return false;
	default:
		reader->position++;
		return read_quantifier(reader);
	}
}

bool reach_pattern_length(struct span pattern, uint64_t *ret_most)
{
	if (pattern.length < 2 || pattern.data[0] != '^' || pattern.data[pattern.length - 1] != '$' ||
	    pattern.data[pattern.length - 2] == '\\') {
		return false;
	}
	struct reader reader = {.text = {pattern.data, pattern.length - 1}, .position = 1};
	while (reader.position < reader.text.length) {
		if (!read_atom(&reader)) {
			return false;
		}
	}
	*ret_most = reader.group[0];
	return reader.depth == 0;
}
