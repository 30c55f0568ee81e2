/* uri, uri-reference (RFC 3986), iri and iri-reference (RFC 3987). */
#include "evaluators/format/characters.h"
#include "evaluators/format/matchers.h"

#include "harness/base/text.h"

/* The productions of RFC 3986 appendix A, without percent-encoded ones, which skip_run adds. */
#define UNRESERVED_LOW (CHARACTER_DIGITS | CHARACTER_BIT('-') | CHARACTER_BIT('.'))
#define UNRESERVED_HIGH (CHARACTER_LETTERS | CHARACTER_BIT('_') | CHARACTER_BIT('~'))
#define SUB_DELIMS                                                                                                     \
	(CHARACTER_BIT('!') | CHARACTER_BIT('$') | CHARACTER_BITS('&', ',') | CHARACTER_BIT(';') | CHARACTER_BIT('='))

static const struct character_set scheme_characters = {
	CHARACTER_DIGITS | CHARACTER_BIT('+') | CHARACTER_BIT('-') | CHARACTER_BIT('.'), CHARACTER_LETTERS};
static const struct character_set name_characters = {UNRESERVED_LOW | SUB_DELIMS, UNRESERVED_HIGH};
static const struct character_set user_characters = {UNRESERVED_LOW | SUB_DELIMS | CHARACTER_BIT(':'), UNRESERVED_HIGH};
static const struct character_set path_characters = {
	UNRESERVED_LOW | SUB_DELIMS | CHARACTER_BIT(':') | CHARACTER_BIT('/'), UNRESERVED_HIGH | CHARACTER_BIT('@')};
static const struct character_set query_characters = {UNRESERVED_LOW | SUB_DELIMS | CHARACTER_BIT(':') |
							      CHARACTER_BIT('/') | CHARACTER_BIT('?'),
						      UNRESERVED_HIGH | CHARACTER_BIT('@')};
static const struct character_set digits = {CHARACTER_DIGITS, 0};
static const struct character_set hex_digits = {CHARACTER_DIGITS, CHARACTER_HEX_LETTERS};

enum repertoire {
	REPERTOIRE_ASCII,
	REPERTOIRE_UCS,
	REPERTOIRE_PRIVATE, /* the query of an IRI takes private use as well */
};

/* RFC 3987 section 4.1 forbids what formats bidirectional text: it could make one address look like another. */
static bool is_bidi_formatting(struct span character)
{
	size_t position = 0;
	uint32_t c = 0;
	return text_next_code_point(character, &position, &c) &&
	       (c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e));
}

static bool skip_other(struct span text, size_t *position, enum repertoire repertoire)
{
	if (text.data[*position] == '%') {
		bool is_encoded = character_is_percent_encoded(text, *position);
		*position += is_encoded ? 3 : 0;
		return is_encoded;
	}
	if (repertoire == REPERTOIRE_ASCII || (unsigned char)text.data[*position] < 0x80) {
		return false;
	}
	struct span rest = {text.data + *position, text.length - *position};
	return !is_bidi_formatting(rest) && character_skip_ucs(text, position, repertoire == REPERTOIRE_PRIVATE);
}

/* Moves over the longest run of characters in the set, percent-encoded ones and those of the repertoire. */
static size_t skip_run(struct span text, size_t position, struct character_set set, enum repertoire repertoire)
{
	do {
		position = character_skip(text, position, set);
	} while (position < text.length && skip_other(text, &position, repertoire));
	return position;
}

static bool is_run(struct span text, struct character_set set, enum repertoire repertoire)
{
	return skip_run(text, 0, set, repertoire) == text.length;
}

/* The address in the brackets: IPv6address or IPvFuture. */
static bool match_ip_literal(struct span text)
{
	if (text.length == 0 || text_lower(text.data[0]) != 'v') {
		return format_match_ipv6(text);
	}
	size_t dot = character_skip(text, 1, hex_digits);
	return dot > 1 && dot + 1 < text.length && text.data[dot] == '.' &&
	       character_skip(text, dot + 1, user_characters) == text.length;
}

static bool match_host_and_port(struct span text, enum repertoire repertoire)
{
	size_t end = 0;
	if (text.length > 0 && text.data[0] == '[') {
		const char *bracket = memchr(text.data, ']', text.length);
		if (bracket == NULL ||
		    !match_ip_literal((struct span){text.data + 1, (size_t)(bracket - text.data) - 1})) {
			return false;
		}
		end = (size_t)(bracket - text.data) + 1;
	} else {
		end = skip_run(text, 0, name_characters, repertoire);
	}
	return end == text.length || (text.data[end] == ':' && character_skip(text, end + 1, digits) == text.length);
}

static bool match_authority(struct span text, enum repertoire repertoire)
{
	const char *at = text.length > 0 ? memchr(text.data, '@', text.length) : NULL;
	if (at == NULL) {
		return match_host_and_port(text, repertoire);
	}
	size_t length = (size_t)(at - text.data);
	return is_run((struct span){text.data, length}, user_characters, repertoire) &&
	       match_host_and_port((struct span){at + 1, text.length - length - 1}, repertoire);
}

/* Length of the scheme without its colon; 0 where the text starts with none. */
static size_t scheme_length(struct span text)
{
	static const struct character_set letters = {0, CHARACTER_LETTERS};
	if (text.length == 0 || !character_is_in(letters, text.data[0])) {
		return 0;
	}
	size_t end = character_skip(text, 1, scheme_characters);
	return end < text.length && text.data[end] == ':' ? end : 0;
}

static bool is_one_of(char c, const char *characters, size_t count)
{
	return memchr(characters, c, count) != NULL;
}

/* Moves over "//" and the authority where there is one; false where it is wrong. */
static bool skip_authority(struct span text, size_t *position, enum repertoire repertoire)
{
	if (text.length - *position < 2 || memcmp(text.data + *position, "//", 2) != 0) {
		return true;
	}
	size_t start = *position + 2;
	size_t end = start;
	while (end < text.length && !is_one_of(text.data[end], "/?#", 3)) {
		end++;
	}
	*position = end;
	return match_authority((struct span){text.data + start, end - start}, repertoire);
}

/* path-noscheme: a colon in the first segment would make it a scheme. */
static bool starts_without_colon(struct span path)
{
	for (size_t i = 0; i < path.length && path.data[i] != '/'; i++) {
		if (path.data[i] == ':') {
			return false;
		}
	}
	return true;
}

static bool match_reference(struct span text, bool needs_scheme, enum repertoire repertoire)
{
	size_t scheme = scheme_length(text);
	size_t position = scheme > 0 ? scheme + 1 : 0;
	if ((needs_scheme && scheme == 0) || !skip_authority(text, &position, repertoire)) {
		return false;
	}
	size_t path = position;
	position = skip_run(text, position, path_characters, repertoire);
	if (scheme == 0 && !starts_without_colon((struct span){text.data + path, position - path})) {
		return false;
	}
	if (position < text.length && text.data[position] == '?') {
		bool is_iri = repertoire != REPERTOIRE_ASCII;
		position =
			skip_run(text, position + 1, query_characters, is_iri ? REPERTOIRE_PRIVATE : REPERTOIRE_ASCII);
	}
	if (position < text.length && text.data[position] == '#') {
		position = skip_run(text, position + 1, query_characters, repertoire);
	}
	return position == text.length;
}

bool format_match_uri(struct span text)
{
	return match_reference(text, true, REPERTOIRE_ASCII);
}

bool format_match_uri_reference(struct span text)
{
	return match_reference(text, false, REPERTOIRE_ASCII);
}

bool format_match_iri(struct span text)
{
	return match_reference(text, true, REPERTOIRE_UCS);
}

bool format_match_iri_reference(struct span text)
{
	return match_reference(text, false, REPERTOIRE_UCS);
}
