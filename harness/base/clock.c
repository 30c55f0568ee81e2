#include "harness/base/clock.h"

#include <stdio.h>
#include <time.h>

enum { DAYS_PER_ERA = 146097, YEARS_PER_ERA = 400, THURSDAY = 3, FRIDAY = 4, DAY_SECONDS = 86400 };

static int64_t read_clock(clockid_t id)
{
	struct timespec now;
	BUG_ON(clock_gettime(id, &now) != 0);
	return now.tv_sec * CLOCK_SECOND + now.tv_nsec / 1000;
}

int64_t clock_now(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static int64_t divide_down(int64_t number, int64_t divisor)
{
	int64_t quotient = number / divisor;
	return number % divisor < 0 ? quotient - 1 : quotient;
}

/* Years are counted from March 1, so that the leap day comes last; an era is 400 years. */
int64_t clock_days(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = divide_down(year, YEARS_PER_ERA);
	int64_t year_of_era = year - era * YEARS_PER_ERA;
	int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * DAYS_PER_ERA + day_of_era - 719468;
}

void clock_date(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
	days += 719468;
	int64_t era = divide_down(days, DAYS_PER_ERA);
	int64_t day_of_era = days - era * DAYS_PER_ERA;
	int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = (int)(day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100));
	int month_from_march = (5 * day_of_year + 2) / 153;
	*ret_day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
	*ret_month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
	*ret_year = year_of_era + era * YEARS_PER_ERA + (*ret_month <= 2);
}

/* What is left to read; a reader that fails leaves it anywhere. */
struct cursor {
	const char *at;
	const char *end;
};

static bool take(struct cursor *cursor, char wanted)
{
	if (cursor->at == cursor->end || *cursor->at != wanted) {
		return false;
	}
	cursor->at++;
	return true;
}

static bool take_digits(struct cursor *cursor, int digits, int *ret_number)
{
	int number = 0;
	for (int i = 0; i < digits; i++, cursor->at++) {
		if (cursor->at == cursor->end || *cursor->at < '0' || *cursor->at > '9') {
			return false;
		}
		number = number * 10 + (*cursor->at - '0');
	}
	*ret_number = number;
	return true;
}

static bool date_exists(int year, int month, int day)
{
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31) {
		return false;
	}
	int64_t back_year;
	int back_month;
	int back_day;
	clock_date(clock_days(year, month, day), &back_year, &back_month, &back_day);
	return back_month == month;
}

static bool take_date(struct cursor *cursor, int64_t *ret_days)
{
	int year;
	int month;
	int day;
	if (!take_digits(cursor, 4, &year) || !take(cursor, '-') || !take_digits(cursor, 2, &month) ||
	    !take(cursor, '-') || !take_digits(cursor, 2, &day) || !date_exists(year, month, day)) {
		return false;
	}
	*ret_days = clock_days(year, month, day);
	return true;
}

/* ".25" as microseconds; at least one digit, those behind the sixth are read and dropped. */
static bool take_fraction(struct cursor *cursor, int64_t *ret_microseconds)
{
	int64_t microseconds = 0;
	int64_t unit = CLOCK_SECOND / 10;
	int digit;
	if (!take_digits(cursor, 1, &digit)) {
		return false;
	}
	do {
		microseconds += digit * unit;
		unit /= 10;
	} while (take_digits(cursor, 1, &digit));
	*ret_microseconds = microseconds;
	return true;
}

static bool take_offset(struct cursor *cursor, int64_t *ret_seconds)
{
	if (take(cursor, 'Z') || take(cursor, 'z')) {
		*ret_seconds = 0;
		return true;
	}
	bool negative = take(cursor, '-');
	int hour;
	int minute;
	if ((!negative && !take(cursor, '+')) || !take_digits(cursor, 2, &hour) || !take(cursor, ':') ||
	    !take_digits(cursor, 2, &minute) || hour > 23 || minute > 59) {
		return false;
	}
	int64_t seconds = hour * 3600 + minute * 60;
	*ret_seconds = negative ? -seconds : seconds;
	return true;
}

/* "08:30:00.25+01:00" as microseconds since midnight UTC of its date; they may lie in a day beside it. */
static bool take_time(struct cursor *cursor, int64_t *ret_microseconds)
{
	int hour;
	int minute;
	int second;
	int64_t fraction = 0;
	int64_t offset;
	if (!take_digits(cursor, 2, &hour) || !take(cursor, ':') || !take_digits(cursor, 2, &minute) ||
	    !take(cursor, ':') || !take_digits(cursor, 2, &second) || hour > 23 || minute > 59 || second > 60) {
		return false;
	}
	if ((take(cursor, '.') && !take_fraction(cursor, &fraction)) || !take_offset(cursor, &offset)) {
		return false;
	}
	int64_t seconds = hour * 3600 + minute * 60 + second - offset;
	if (second == 60 && seconds % DAY_SECONDS != 0) {
		return false;
	}
	*ret_microseconds = seconds * CLOCK_SECOND + fraction;
	return true;
}

bool clock_parse(struct span text, int64_t *ret_time)
{
	struct cursor cursor = {text.data, text.data + text.length};
	int64_t days;
	if (!take_date(&cursor, &days)) {
		return false;
	}
	int64_t time = days * CLOCK_DAY;
	if (cursor.at != cursor.end) {
		int64_t behind_midnight;
		if ((!take(&cursor, 'T') && !take(&cursor, 't') && !take(&cursor, ' ')) ||
		    !take_time(&cursor, &behind_midnight) || cursor.at != cursor.end) {
			return false;
		}
		time += behind_midnight;
	}
	if (time < clock_days(1, 1, 1) * CLOCK_DAY || time >= clock_days(10000, 1, 1) * CLOCK_DAY) {
		return false;
	}
	*ret_time = time;
	return true;
}

static char *put_digits(char *at, int64_t number, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		at[i] = (char)('0' + number % 10);
		number /= 10;
	}
	return at + digits;
}

static char *put_year(char *at, int64_t year)
{
	if (year >= 0 && year <= 9999) {
		return put_digits(at, year, 4);
	}
	*at++ = year < 0 ? '-' : '+';
	int64_t size = year < 0 ? -year : year;
	return put_digits(at, size, size > 99999 ? 6 : size > 9999 ? 5 : 4);
}

static char *put_date(char *at, int64_t days)
{
	int64_t year;
	int month;
	int day;
	clock_date(days, &year, &month, &day);
	at = put_year(at, year);
	*at++ = '-';
	at = put_digits(at, month, 2);
	*at++ = '-';
	return put_digits(at, day, 2);
}

const char *clock_format(int64_t time, char text[CLOCK_TEXT_SIZE])
{
	int64_t days = divide_down(time, CLOCK_DAY);
	int64_t rest = time % CLOCK_DAY + (time % CLOCK_DAY < 0 ? CLOCK_DAY : 0);
	int64_t seconds = rest / CLOCK_SECOND;
	char *at = put_date(text, days);
	*at++ = 'T';
	at = put_digits(at, seconds / 3600, 2);
	*at++ = ':';
	at = put_digits(at, seconds / 60 % 60, 2);
	*at++ = ':';
	at = put_digits(at, seconds % 60, 2);
	*at++ = '.';
	at = put_digits(at, rest % CLOCK_SECOND, 6);
	*at++ = 'Z';
	*at = '\0';
	return text;
}

const char *clock_format_length(int64_t microseconds, char text[CLOCK_TEXT_SIZE])
{
	long long minutes = (long long)(microseconds / (60 * CLOCK_SECOND));
	if (minutes >= 24 * 60) {
		snprintf(text, CLOCK_TEXT_SIZE, "%lld d %lld h", minutes / (24 * 60), minutes / 60 % 24);
	} else if (minutes >= 60) {
		snprintf(text, CLOCK_TEXT_SIZE, "%lld h %lld min", minutes / 60, minutes % 60);
	} else {
		snprintf(text, CLOCK_TEXT_SIZE, "%lld min", minutes);
	}
	return text;
}

const char *clock_format_date(int64_t time, char text[CLOCK_TEXT_SIZE])
{
	*put_date(text, divide_down(time, CLOCK_DAY)) = '\0';
	return text;
}

/* 0 Monday to 6 Sunday. Day 0, 1970-01-01, was a Thursday. */
static int64_t weekday(int64_t days)
{
	return days + THURSDAY - 7 * divide_down(days + THURSDAY, 7);
}

/* Monday of the week that holds January 4, ISO 8601's week 1. */
static int64_t first_monday(int64_t year)
{
	int64_t january_4 = clock_days(year, 1, 4);
	return january_4 - weekday(january_4);
}

/* A week belongs to the year its Thursday lies in. */
static int32_t week_of_day(int64_t days)
{
	int64_t year;
	int month;
	int day;
	clock_date(days - weekday(days) + THURSDAY, &year, &month, &day);
	return (int32_t)(year * 100 + (days - first_monday(year)) / 7 + 1);
}

static int64_t monday_of_week(int32_t week)
{
	int64_t year = divide_down(week, 100);
	return first_monday(year) + (week - year * 100 - 1) * 7;
}

int32_t clock_week(int64_t time, const struct zone *zone)
{
	int64_t local_second = divide_down(time, CLOCK_SECOND) + zone_offset(zone, time);
	int64_t days = divide_down(local_second, DAY_SECONDS);
	int32_t week = week_of_day(days);
	/* Clocks set back over Monday's midnight show the days before it again, two of them at most; those moments stay
	 * in the week that has begun. */
	if (weekday(days) >= FRIDAY) {
		int32_t next = clock_week_next(week);
		return time >= clock_week_start(next, zone) ? next : week;
	}
	return week;
}

int64_t clock_week_start(int32_t week, const struct zone *zone)
{
	int64_t local;
	if (__builtin_mul_overflow(monday_of_week(week), CLOCK_DAY, &local)) {
		local = week < 0 ? INT64_MIN : INT64_MAX;
	}
	return zone_first(zone, local);
}

int32_t clock_week_next(int32_t week)
{
	return week_of_day(monday_of_week(week) + 7);
}

bool clock_week_parse(struct span text, int32_t *ret_week)
{
	struct cursor cursor = {text.data, text.data + text.length};
	int year;
	int number;
	if (!take_digits(&cursor, 4, &year) || !take(&cursor, '-') || !take(&cursor, 'W') ||
	    !take_digits(&cursor, 2, &number) || cursor.at != cursor.end || year < 1 || number < 1) {
		return false;
	}
	int32_t week = year * 100 + number;
	if (number > 53 || week_of_day(monday_of_week(week)) != week) {
		return false;
	}
	*ret_week = week;
	return true;
}

const char *clock_week_format(int32_t week, char text[CLOCK_TEXT_SIZE])
{
	int64_t year = divide_down(week, 100);
	char *at = put_year(text, year);
	*at++ = '-';
	*at++ = 'W';
	*put_digits(at, week - year * 100, 2) = '\0';
	return text;
}
