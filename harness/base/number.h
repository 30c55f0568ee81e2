/* Layer 0, private to harness/base. The one scanner of the number grammar (RFC 8259 section 6), inlined into the JSON
 * reader and shared with the decimals and text_to_double. */
#ifndef UNDERSTUDY_BASE_NUMBER_H
#define UNDERSTUDY_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>

/* Places inside the scanned text. */
struct number_parts {
	const char *point;    /* the '.', NULL where there is none */
	const char *exponent; /* the 'e' or 'E', NULL where there is none */
	const char *end;      /* behind the number; where the grammar failed: the byte that should have been a digit */
};

static inline const char *number_skip_digits(const char *position, const char *end)
{
	while (position < end && (unsigned char)(*position - '0') < 10) {
		position++;
	}
	return position;
}

/* At least one digit. */
static inline bool number_skip_some_digits(const char **position, const char *end)
{
	const char *behind = number_skip_digits(*position, end);
	bool some = behind > *position;
	*position = behind;
	return some;
}

/* The longest number that starts at `position`. *ret_parts is written in both cases. */
static inline bool number_scan(const char *position, const char *end, struct number_parts *ret_parts)
{
	*ret_parts = (struct number_parts){.end = position};
	if (position < end && *position == '-') {
		position++;
	}
	bool good = true;
	if (position < end && *position == '0') {
		position++;
	} else {
		good = number_skip_some_digits(&position, end);
	}
	if (good && position < end && *position == '.') {
		ret_parts->point = position++;
		good = number_skip_some_digits(&position, end);
	}
	if (good && position < end && (*position == 'e' || *position == 'E')) {
		ret_parts->exponent = position++;
		if (position < end && (*position == '+' || *position == '-')) {
			position++;
		}
		good = number_skip_some_digits(&position, end);
	}
	ret_parts->end = position;
	return good;
}

#endif
