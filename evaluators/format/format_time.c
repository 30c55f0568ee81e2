/* date-time, date, time and duration: RFC 3339. */
#include "evaluators/format/matchers.h"

#include "harness/base/text.h"

enum {
	DATE_LENGTH = 10,  /* 2026-11-28 */
	TIME_LENGTH = 8,   /* 09:30:00 */
	OFFSET_LENGTH = 6, /* +01:00 */
	MINUTES_OF_DAY = 24 * 60,
};

/* 0 to 99, or -1 where there are other characters than digits. */
static int two_digits(const char *text)
{
	return text_is_digit(text[0]) && text_is_digit(text[1]) ? (text[0] - '0') * 10 + (text[1] - '0') : -1;
}

static int days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && is_leap ? 29 : days[month - 1];
}

bool format_match_date(struct span text)
{
	if (text.length != DATE_LENGTH || text.data[4] != '-' || text.data[7] != '-') {
		return false;
	}
	int century = two_digits(text.data);
	int year = two_digits(text.data + 2);
	int month = two_digits(text.data + 5);
	int day = two_digits(text.data + 8);
	return century >= 0 && year >= 0 && month >= 1 && month <= 12 && day >= 1 &&
	       day <= days_of_month(century * 100 + year, month);
}

/* "Z" or a numeric offset, in minutes. */
static bool read_offset(struct span text, int *ret_minutes)
{
	if (text.length == 1 && text_lower(text.data[0]) == 'z') {
		*ret_minutes = 0;
		return true;
	}
	if (text.length != OFFSET_LENGTH || (text.data[0] != '+' && text.data[0] != '-') || text.data[3] != ':') {
		return false;
	}
	int hour = two_digits(text.data + 1);
	int minute = two_digits(text.data + 4);
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59) {
		return false;
	}
	*ret_minutes = (hour * 60 + minute) * (text.data[0] == '-' ? -1 : 1);
	return true;
}

/* Where the fraction that may follow the seconds ends; 0 where it has no digits. */
static size_t skip_fraction(struct span text)
{
	size_t position = TIME_LENGTH;
	if (position < text.length && text.data[position] == '.') {
		position++;
		while (position < text.length && text_is_digit(text.data[position])) {
			position++;
		}
		return position > TIME_LENGTH + 1 ? position : 0;
	}
	return position;
}

bool format_match_time(struct span text)
{
	if (text.length <= TIME_LENGTH || text.data[2] != ':' || text.data[5] != ':') {
		return false;
	}
	int hour = two_digits(text.data);
	int minute = two_digits(text.data + 3);
	int second = two_digits(text.data + 6);
	size_t position = skip_fraction(text);
	int offset = 0;
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 || position == 0 ||
	    !read_offset((struct span){text.data + position, text.length - position}, &offset)) {
		return false;
	}
	int minute_of_utc = (hour * 60 + minute - offset + MINUTES_OF_DAY) % MINUTES_OF_DAY;
	return second < 60 || minute_of_utc == MINUTES_OF_DAY - 1;
}

bool format_match_date_time(struct span text)
{
	return text.length > DATE_LENGTH && text_lower(text.data[DATE_LENGTH]) == 't' &&
	       format_match_date((struct span){text.data, DATE_LENGTH}) &&
	       format_match_time((struct span){text.data + DATE_LENGTH + 1, text.length - DATE_LENGTH - 1});
}

/* Moves over elements such as 1Y2M: one at least, each with the unit next to its predecessor's in `units`, which are
 * `count`. */
static bool skip_elements(struct span text, size_t *position, const char *units, size_t count)
{
	const char *unit = NULL;
	while (*position < text.length && text_is_digit(text.data[*position])) {
		while (*position < text.length && text_is_digit(text.data[*position])) {
			(*position)++;
		}
		if (*position == text.length) {
			return false;
		}
		const char *found = memchr(units, text.data[*position], count);
		if (found == NULL || (unit != NULL && found != unit + 1)) {
			return false;
		}
		unit = found;
		(*position)++;
	}
	return unit != NULL;
}

bool format_match_duration(struct span text)
{
	size_t position = 1;
	if (text.length < 3 || text.data[0] != 'P') {
		return false;
	}
	if (text.data[text.length - 1] == 'W') {
		return skip_elements(text, &position, "W", 1) && position == text.length;
	}
	if (text.data[position] != 'T' && !skip_elements(text, &position, "YMD", 3)) {
		return false;
	}
	if (position == text.length) {
		return true;
	}
	return text.data[position++] == 'T' && skip_elements(text, &position, "HMS", 3) && position == text.length;
}
