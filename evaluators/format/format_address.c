/* ipv4 and ipv6. */
#include "evaluators/format/matchers.h"

#include "harness/base/text.h"

enum {
	IPV4_LONGEST = sizeof("255.255.255.255") - 1,
	IPV6_LONGEST = sizeof("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255") - 1,
	IPV6_GROUPS = 8,
	IPV6_GROUPS_OF_IPV4 = 2,
	IPV6_DIGITS = 4,
};

/* 0 to 255 without leading zeros at *position, and moves behind it. */
static bool skip_octet(struct span text, size_t *position)
{
	size_t start = *position;
	int value = 0;
	while (*position < text.length && *position < start + 3 && text_is_digit(text.data[*position])) {
		value = value * 10 + (text.data[*position] - '0');
		(*position)++;
	}
	size_t digits = *position - start;
	return digits > 0 && value <= 255 && (digits == 1 || text.data[start] != '0');
}

bool format_match_ipv4(struct span text)
{
	size_t position = 0;
	if (text.length > IPV4_LONGEST) {
		return false;
	}
	for (int i = 0; i < 4; i++) {
		if (i > 0 && (position == text.length || text.data[position++] != '.')) {
			return false;
		}
		if (!skip_octet(text, &position)) {
			return false;
		}
	}
	return position == text.length;
}

static size_t skip_hex_digits(struct span text, size_t position)
{
	while (position < text.length && text_hex_digit(text.data[position]) >= 0) {
		position++;
	}
	return position;
}

/* Moves over one ":", and over a second one where that is the only compression. */
static bool skip_colons(struct span text, size_t *position, bool *is_compressed)
{
	if (text.data[*position] != ':') {
		return false;
	}
	(*position)++;
	if (*position < text.length && text.data[*position] == ':') {
		bool is_second = *is_compressed;
		*is_compressed = true;
		(*position)++;
		return !is_second;
	}
	return *position < text.length;
}

/* Moves over a group, or over an IPv4 address up to the end; returns how many groups that is, 0 where it is wrong. */
static int skip_group(struct span text, size_t *position)
{
	size_t end = skip_hex_digits(text, *position);
	if (end < text.length && text.data[end] == '.') {
		struct span rest = {text.data + *position, text.length - *position};
		*position = text.length;
		return format_match_ipv4(rest) ? IPV6_GROUPS_OF_IPV4 : 0;
	}
	size_t digits = end - *position;
	*position = end;
	return digits >= 1 && digits <= IPV6_DIGITS ? 1 : 0;
}

/* Beside "::" there may be at most `most` groups. */
static bool match_ipv6(struct span text, int most)
{
	size_t position = 0;
	int groups = 0;
	bool is_compressed = false;
	if (text.length < 2 || text.length > IPV6_LONGEST) {
		return false;
	}
	if (text.data[0] == ':' && !(skip_colons(text, &position, &is_compressed) && is_compressed)) {
		return false;
	}
	while (position < text.length) {
		int count = skip_group(text, &position);
		if (count == 0 || (position < text.length && !skip_colons(text, &position, &is_compressed))) {
			return false;
		}
		groups += count;
	}
	return is_compressed ? groups <= most : groups == IPV6_GROUPS;
}

bool format_match_ipv6(struct span text)
{
	return match_ipv6(text, IPV6_GROUPS - 1);
}

bool format_match_ipv6_of_mail(struct span text)
{
	return match_ipv6(text, IPV6_GROUPS - 2);
}
