/* ECMA-262 regular expressions with the "u" flag, written as PCRE2 (with PCRE2_ALT_BSUX and its extension) reads them.
 *
 * The two agree in most; this file writes out what PCRE2 would read differently (\s, \v, ".", "[" in a class, long
 * names of Unicode categories, surrogate pairs) and refuses what only PCRE2 has, so that a schema that is accepted here
 * means the same to other validators. Left as PCRE2 has them: braces that are no quantifier, and needless escapes of
 * punctuation, which strict ECMA-262 refuses and people write; and quantifiers behind an assertion. */
#include "evaluators/schema/program.h"

#include "harness/base/text.h"

#include <stdio.h>

/* White space beyond ASCII: ECMA-262 WhiteSpace and LineTerminator. */
#define WIDE_SPACE "\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff"
#define NOT_SPACE                                                                                                      \
	"\\u0000-\\u0008\\u000e-\\u001f\\u0021-\\u009f\\u00a1-\\u167f\\u1681-\\u1fff\\u200b-\\u2027\\u202a-\\u202e"    \
	"\\u2030-\\u205e\\u2060-\\u2fff\\u3001-\\ufefe\\uff00-\\u{10ffff}"
#define NOTHING "(?:(?!))"

struct translator {
	struct span text;
	size_t position;
	struct buffer *buffer;
	bool in_class;
	bool quantified; /* the last thing was a quantifier */
	char *reason;
	size_t reason_size;
};

static int char_at(const struct translator *translator, size_t ahead)
{
	size_t position = translator->position + ahead;
	return position < translator->text.length ? (unsigned char)translator->text.data[position] : -1;
}

static bool refuse(struct translator *translator, const char *what)
{
	snprintf(translator->reason, translator->reason_size, "position %zu: %s", translator->position + 1, what);
	return false;
}

/* Copies the next `count` bytes as they are. */
static bool copy(struct translator *translator, size_t count)
{
	buffer_append(translator->buffer, translator->text.data + translator->position, count);
	translator->position += count;
	return true;
}

/* Writes `text` for the next `count` bytes. */
static bool replace(struct translator *translator, size_t count, const char *text)
{
	buffer_append_text(translator->buffer, text);
	translator->position += count;
	return true;
}

/* Four hexadecimal digits `ahead`. */
static bool read_hex4(const struct translator *translator, size_t ahead, uint32_t *ret_unit)
{
	uint8_t bytes[2];
	size_t start = translator->position + ahead;
	if (start + 4 > translator->text.length ||
	    !text_from_hex((struct span){translator->text.data + start, 4}, bytes, 2)) {
		return false;
	}
	*ret_unit = (uint32_t)bytes[0] << 8 | bytes[1];
	return true;
}

/* \uXXXX, \uXXXX\uXXXX (a pair), \u{...} */
static bool translate_unicode(struct translator *translator)
{
	uint32_t unit = 0;
	uint32_t low = 0;
	if (char_at(translator, 2) == '{') {
		return copy(translator, 3);
	}
	if (!read_hex4(translator, 2, &unit)) {
		return refuse(translator, "\\u needs four hexadecimal digits, or {digits}");
	}
	bool is_pair = unit >= 0xd800 && unit < 0xdc00 && char_at(translator, 6) == '\\' &&
		       char_at(translator, 7) == 'u' && read_hex4(translator, 8, &low) && low >= 0xdc00 && low < 0xe000;
	if (!is_pair) {
		return copy(translator, 6);
	}
	buffer_append_format(translator->buffer, "\\u{%x}", 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
	translator->position += 12;
	return true;
}

static bool translate_hex(struct translator *translator)
{
	uint8_t byte = 0;
	size_t start = translator->position + 2;
	if (start + 2 > translator->text.length ||
	    !text_from_hex((struct span){translator->text.data + start, 2}, &byte, 1)) {
		return refuse(translator, "\\x needs two hexadecimal digits");
	}
	return copy(translator, 4);
}

/* Values of General_Category (Unicode Standard Annex 44, table 12), long name to short. */
static const char *short_category(struct span name)
{
	static const char *const names[][2] = {
		{"Letter", "L"},
		{"Cased_Letter", "L&"},
		{"Uppercase_Letter", "Lu"},
		{"Lowercase_Letter", "Ll"},
		{"Titlecase_Letter", "Lt"},
		{"Modifier_Letter", "Lm"},
		{"Other_Letter", "Lo"},
		{"Mark", "M"},
		{"Combining_Mark", "M"},
		{"Nonspacing_Mark", "Mn"},
		{"Spacing_Mark", "Mc"},
		{"Enclosing_Mark", "Me"},
		{"Number", "N"},
		{"Decimal_Number", "Nd"},
		{"digit", "Nd"},
		{"Letter_Number", "Nl"},
		{"Other_Number", "No"},
		{"Punctuation", "P"},
		{"punct", "P"},
		{"Connector_Punctuation", "Pc"},
		{"Dash_Punctuation", "Pd"},
		{"Open_Punctuation", "Ps"},
		{"Close_Punctuation", "Pe"},
		{"Initial_Punctuation", "Pi"},
		{"Final_Punctuation", "Pf"},
		{"Other_Punctuation", "Po"},
		{"Symbol", "S"},
		{"Math_Symbol", "Sm"},
		{"Currency_Symbol", "Sc"},
		{"Modifier_Symbol", "Sk"},
		{"Other_Symbol", "So"},
		{"Separator", "Z"},
		{"Space_Separator", "Zs"},
		{"Line_Separator", "Zl"},
		{"Paragraph_Separator", "Zp"},
		{"Other", "C"},
		{"Control", "Cc"},
		{"cntrl", "Cc"},
		{"Format", "Cf"},
		{"Surrogate", "Cs"},
		{"Private_Use", "Co"},
		{"Unassigned", "Cn"},
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (span_is(name, names[i][0])) {
			return names[i][1];
		}
	}
	return NULL;
}

static struct span without_property_name(struct span name)
{
	static const char *const prefixes[] = {"General_Category=", "gc=", "Script=", "sc="};
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (text_starts_with(name, prefixes[i])) {
			size_t length = strlen(prefixes[i]);
			return (struct span){name.data + length, name.length - length};
		}
	}
	return name;
}

/* \p{...}, \P{...} */
static bool translate_property(struct translator *translator)
{
	struct span rest = {translator->text.data + translator->position,
			    translator->text.length - translator->position};
	size_t end = text_find(rest, SPAN("}"));
	if (char_at(translator, 2) != '{' || end == rest.length || end == 3 || rest.data[3] == '^') {
		return refuse(translator, "\\p needs the name of a Unicode property in braces, as in \\p{Letter}");
	}
	struct span name = without_property_name((struct span){rest.data + 3, end - 3});
	buffer_append(translator->buffer, rest.data, 3);
	if (short_category(name) != NULL) {
		buffer_append_text(translator->buffer, short_category(name));
	} else {
		buffer_append_span(translator->buffer, name);
	}
	buffer_append_byte(translator->buffer, '}');
	translator->position += end + 1;
	return true;
}

/* \1 to \99... and \k<name>, at the backslash. Written as a group, so that a quantifier behind works on a reference to
 * a group that did not match (which is empty text) as it should; and as \g{N}, never taken for an octal number. */
static bool translate_reference(struct translator *translator)
{
	struct span rest = {translator->text.data + translator->position,
			    translator->text.length - translator->position};
	bool is_named = rest.data[1] == 'k';
	size_t end = is_named ? text_find(rest, SPAN(">")) : 1;
	while (!is_named && end < rest.length && text_is_digit(rest.data[end])) {
		end++;
	}
	if (translator->in_class) {
		return refuse(translator, "a group cannot be referred to in a class");
	}
	if (is_named && (end == rest.length || rest.data[2] != '<')) {
		return refuse(translator, "\\k needs <name>");
	}
	size_t start = is_named ? 3 : 1;
	buffer_append_text(translator->buffer, is_named ? "(?:\\k<" : "(?:\\g{");
	buffer_append(translator->buffer, rest.data + start, end - start);
	buffer_append_text(translator->buffer, is_named ? ">)" : "})");
	translator->position += is_named ? end + 1 : end;
	return true;
}

/* \0, which ECMA-262 has for U+0000 alone. */
static bool translate_zero(struct translator *translator)
{
	if (char_at(translator, 2) >= '0' && char_at(translator, 2) <= '9') {
		return refuse(translator, "octal escapes are not allowed");
	}
	return replace(translator, 2, "\\x00");
}

/* \b, \B, \c and what is no letter at all. */
static bool translate_other_escape(struct translator *translator, int c)
{
	bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
	if (c == 'B' && translator->in_class) {
		return refuse(translator, "\\B has no meaning in a class");
	}
	if (c == 'c') {
		int letter = char_at(translator, 2) | 0x20;
		return letter >= 'a' && letter <= 'z' ? copy(translator, 3) : refuse(translator, "\\c needs a letter");
	}
	bool is_known = c == 'b' || c == 'B';
	return c < 0 || (is_letter && !is_known) ? refuse(translator, "ECMA-262 has no such escape")
						 : copy(translator, 2);
}

/* At a backslash. */
static bool translate_escape(struct translator *translator)
{
	int c = char_at(translator, 1);
	if (c == 'k' || (c >= '1' && c <= '9')) {
		return translate_reference(translator);
	}
	if (c > 0 && strchr("dDwWfnrt", c) != NULL) {
		return copy(translator, 2);
	}
	switch (c) {
	case 's':
		return replace(translator, 2, translator->in_class ? "\\s" WIDE_SPACE : "[\\s" WIDE_SPACE "]");
	case 'S':
		return replace(translator, 2, translator->in_class ? NOT_SPACE : "[^\\s" WIDE_SPACE "]");
	case 'v':
		return replace(translator, 2, "\\x0b");
	case '0':
		return translate_zero(translator);
	case 'u':
		return translate_unicode(translator);
	case 'x':
		return translate_hex(translator);
	case 'p':
	case 'P':
		return translate_property(translator);
	default:
		return translate_other_escape(translator, c);
	}
}

static bool translate_class_member(struct translator *translator)
{
	int c = char_at(translator, 0);
	if (c == '[') {
		return replace(translator, 1, "\\["); /* or PCRE2 would see [:alpha:] */
	}
	translator->in_class = c != ']';
	return copy(translator, 1);
}

/* At "(". */
static bool translate_group(struct translator *translator)
{
	int kind = char_at(translator, 1) == '?' ? char_at(translator, 2) : 0;
	if (char_at(translator, 1) == '*' || (kind != 0 && kind != ':' && kind != '=' && kind != '!' && kind != '<')) {
		return refuse(translator, "ECMA-262 has no such group");
	}
	return copy(translator, kind != 0 ? 3 : 1);
}

/* Length of {n}, {n,} or {n,m} here, 0 for other braces. */
static size_t quantifier_length(const struct translator *translator)
{
	size_t length = 1;
	size_t digits = 0;
	while (char_at(translator, length) >= '0' && char_at(translator, length) <= '9') {
		length++;
		digits++;
	}
	if (char_at(translator, length) == ',') {
		length++;
		while (char_at(translator, length) >= '0' && char_at(translator, length) <= '9') {
			length++;
		}
	}
	return digits > 0 && char_at(translator, length) == '}' ? length + 1 : 0;
}

/* At one of * + ? {; a "?" behind makes it lazy. */
static bool translate_quantifier(struct translator *translator)
{
	size_t length = char_at(translator, 0) == '{' ? quantifier_length(translator) : 1;
	if (length == 0) {
		return replace(translator, 1, "\\{");
	}
	if (translator->quantified) {
		return refuse(translator, "a quantifier behind a quantifier");
	}
	copy(translator, length + (char_at(translator, length) == '?'));
	translator->quantified = true;
	return true;
}

static bool translate_next(struct translator *translator)
{
	int c = char_at(translator, 0);
	if (c == '*' || c == '+' || c == '?' || c == '{') {
		return translator->in_class ? copy(translator, 1) : translate_quantifier(translator);
	}
	translator->quantified = false;
	if (c == '\\') {
		return translate_escape(translator);
	}
	if (translator->in_class) {
		return translate_class_member(translator);
	}
	switch (c) {
	case '[':
		if (char_at(translator, 1) == ']') {
			return replace(translator, 2, NOTHING); /* PCRE2's own [] fails even where it may be left out */
		}
		translator->in_class = true;
		return copy(translator, char_at(translator, 1) == '^' ? 2 : 1);
	case '.':
		return replace(translator, 1, "[^\\n\\r\\u2028\\u2029]");
	case '(':
		return translate_group(translator);
	default:
		return copy(translator, 1);
	}
}

bool schema_pattern_translate(struct span text, struct buffer *buffer, char *reason, size_t reason_size)
{
	struct translator translator = {.text = text, .buffer = buffer, .reason = reason, .reason_size = reason_size};
	while (translator.position < text.length) {
		if (!translate_next(&translator)) {
			return false;
		}
	}
	return true;
}
