/* uri-template: RFC 6570, levels 1 to 4. Operators that section 2.2 reserves for extensions belong to no level and do
 * not match. */
#include "evaluators/format/characters.h"
#include "evaluators/format/matchers.h"

#include "harness/base/text.h"

/* `literals` of section 2.1 in ASCII: visible characters but for " % < > \ ^ ` { | }. The apostrophe is in by erratum
 * 6937. */
static const struct character_set literals = {
	CHARACTER_BIT('!') | CHARACTER_BIT('#') | CHARACTER_BIT('$') | CHARACTER_BITS('&', ';') | CHARACTER_BIT('=') |
		CHARACTER_BIT('?'),
	CHARACTER_BITS('@', '[') | CHARACTER_BIT(']') | CHARACTER_BIT('_') | CHARACTER_BITS('a', 'z') |
		CHARACTER_BIT('~'),
};
static const struct character_set operators = {CHARACTER_BIT('+') | CHARACTER_BIT('#') | CHARACTER_BIT('.') |
						       CHARACTER_BIT('/') | CHARACTER_BIT(';') | CHARACTER_BIT('?') |
						       CHARACTER_BIT('&'),
					       0};
static const struct character_set name_characters = {CHARACTER_DIGITS, CHARACTER_LETTERS | CHARACTER_BIT('_')};

enum { PREFIX_DIGITS = 4 }; /* max-length is below 10000 */

static bool is_at(struct span text, size_t position, char c)
{
	return position < text.length && text.data[position] == c;
}

/* Moves over one literal character that is not in the set above. */
static bool skip_other_literal(struct span text, size_t *position)
{
	if (character_is_percent_encoded(text, *position)) {
		*position += 3;
		return true;
	}
	return (unsigned char)text.data[*position] >= 0x80 && character_skip_ucs(text, position, true);
}

/* Moves over characters of a name, without dots; false where there is none. */
static bool skip_name_part(struct span text, size_t *position)
{
	size_t start = *position;
	for (;;) {
		*position = character_skip(text, *position, name_characters);
		if (!character_is_percent_encoded(text, *position)) {
			return *position > start;
		}
		*position += 3;
	}
}

/* Moves over ":" and a number from 1 to 9999, or "*", where one is there. */
static bool skip_modifier(struct span text, size_t *position)
{
	if (is_at(text, *position, '*')) {
		(*position)++;
		return true;
	}
	if (!is_at(text, *position, ':')) {
		return true;
	}
	size_t start = ++*position;
	while (*position < text.length && text_is_digit(text.data[*position])) {
		(*position)++;
	}
	size_t count = *position - start;
	return count >= 1 && count <= PREFIX_DIGITS && text.data[start] != '0';
}

static bool skip_variable(struct span text, size_t *position)
{
	while (skip_name_part(text, position)) {
		if (!is_at(text, *position, '.')) {
			return skip_modifier(text, position);
		}
		(*position)++;
	}
	return false;
}

/* Moves over an expression, whose "{" stands before *position. */
static bool skip_expression(struct span text, size_t *position)
{
	if (*position < text.length && character_is_in(operators, text.data[*position])) {
		(*position)++;
	}
	while (skip_variable(text, position)) {
		if (is_at(text, *position, '}')) {
			(*position)++;
			return true;
		}
		if (!is_at(text, *position, ',')) {
			return false;
		}
		(*position)++;
	}
	return false;
}

bool format_match_uri_template(struct span text)
{
	size_t position = 0;
	for (;;) {
		position = character_skip(text, position, literals);
		if (position == text.length) {
			return true;
		}
		if (text.data[position] == '{') {
			position++;
			if (!skip_expression(text, &position)) {
				return false;
			}
		} else if (!skip_other_literal(text, &position)) {
			return false;
		}
	}
}
