/* email and idn-email: `Mailbox` of RFC 5321 section 4.1.2, extended by RFC 6531 section 3.3. */
#include "evaluators/format/characters.h"
#include "evaluators/format/matchers.h"

#include "harness/base/text.h"

/* Octets, RFC 5321 section 4.5.3.1: a path has 256, of which two are its angle brackets. */
enum { MAILBOX_LONGEST = 254, LOCAL_PART_LONGEST = 64 };

/* `atext` of RFC 5322 section 3.2.3. */
static const struct character_set atext = {
	CHARACTER_DIGITS | CHARACTER_BIT('!') | CHARACTER_BITS('#', '\'') | CHARACTER_BIT('*') | CHARACTER_BIT('+') |
		CHARACTER_BIT('-') | CHARACTER_BIT('/') | CHARACTER_BIT('=') | CHARACTER_BIT('?'),
	CHARACTER_LETTERS | CHARACTER_BITS('^', '`') | CHARACTER_BITS('{', '~'),
};

/* Moves over atoms and the characters beyond ASCII; false where there is none. */
static bool skip_atom(struct span text, size_t *position, bool is_international)
{
	size_t start = *position;
	while (*position < text.length && (character_is_in(atext, text.data[*position]) ||
					   (is_international && (unsigned char)text.data[*position] >= 0x80))) {
		(*position)++;
	}
	return *position > start;
}

static bool skip_dot_string(struct span text, size_t *position, bool is_international)
{
	while (skip_atom(text, position, is_international)) {
		if (*position == text.length || text.data[*position] != '.') {
			return true;
		}
		(*position)++;
	}
	return false;
}

/* Moves over a quoted string, whose opening quote stands at *position. A backslash escapes printable ASCII alone. */
static bool skip_quoted_string(struct span text, size_t *position, bool is_international)
{
	static const struct character_set printable = {UINT64_MAX - UINT32_MAX, UINT64_MAX - CHARACTER_BIT(0x7f)};
	for (size_t i = *position + 1; i < text.length; i++) {
		if (text.data[i] == '"') {
			*position = i + 1;
			return true;
		}
		bool is_escape = text.data[i] == '\\';
		i += is_escape ? 1 : 0;
		if (i == text.length) {
			return false;
		}
		bool is_beyond_ascii = (unsigned char)text.data[i] >= 0x80;
		if (is_beyond_ascii ? is_escape || !is_international : !character_is_in(printable, text.data[i])) {
			return false;
		}
	}
	return false;
}

static bool match_address_literal(struct span text)
{
	static const struct span tag = {"IPv6:", 5};
	if (text.length > tag.length && text_equal_ignoring_case((struct span){text.data, tag.length}, tag)) {
		return format_match_ipv6_of_mail((struct span){text.data + tag.length, text.length - tag.length});
	}
	return format_match_ipv4(text);
}

static bool match_mailbox(struct span text, bool is_international)
{
	size_t position = 0;
	if (text.length == 0 || text.length > MAILBOX_LONGEST) {
		return false;
	}
	bool has_local_part = text.data[0] == '"' ? skip_quoted_string(text, &position, is_international)
						  : skip_dot_string(text, &position, is_international);
	if (!has_local_part || position > LOCAL_PART_LONGEST || position == text.length || text.data[position] != '@') {
		return false;
	}
	struct span domain = {text.data + position + 1, text.length - position - 1};
	if (domain.length >= 2 && domain.data[0] == '[' && domain.data[domain.length - 1] == ']') {
		return match_address_literal((struct span){domain.data + 1, domain.length - 2});
	}
	return format_is_host(domain, is_international ? HOST_UNICODE : 0);
}

bool format_match_email(struct span text)
{
	return match_mailbox(text, false);
}

bool format_match_idn_email(struct span text)
{
	return match_mailbox(text, true);
}
