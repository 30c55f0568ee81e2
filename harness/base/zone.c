/* Zones of clock.h. A zone is one sorted table of moments at which its offset changes: those of the file, and behind
 * them those of the footer's rule, written out for a whole cycle of the calendar (400 years, 146097 days, exactly
 * 20871 weeks). Moments past the table are looked up whole cycles earlier, so every question is one binary search. */
#include "harness/base/clock.h"
#include "harness/base/file.h"

#include <stdlib.h>

enum {
	CYCLE_YEARS = 400,
	DAY_SECONDS = 86400,
	HEADER_SIZE = 44,           /* RFC 8536 section 3.1 */
	OFFSET_MAXIMUM = 26 * 3600, /* section 3.2: utoff should lie between -25 and 26 hours */
	FILE_MAXIMUM = 1 << 20,
	TYPES_MAXIMUM = 256,
};
#define CYCLE_SECONDS (INT64_C(146097) * DAY_SECONDS)
#define EARLIEST (-(INT64_C(1) << 59)) /* section 3.2: "before the Big Bang"; earlier moments are not written */

struct change {
	int64_t at;     /* seconds since 1970 */
	int32_t offset; /* from then on, seconds east */
};

struct zone {
	struct change *changes;
	size_t count;
	size_t capacity;
	int32_t first_offset; /* before the first change */
	bool repeats;         /* the last CYCLE_SECONDS of the table go on for ever */
};

/* Reading big-endian numbers and the footer's text from the file; the caller has checked the length or checks `at`. */
struct cursor {
	const char *at;
	const char *end;
};

static bool broken(const char *name, struct error *err)
{
	error_set(err, ERROR_CONFIG, "the file of time zone %s is not valid TZif; check the name or reinstall tzdata",
		  name);
	return false;
}

static size_t left(const struct cursor *cursor)
{
	return (size_t)(cursor->end - cursor->at);
}

static uint64_t big_endian(const char *bytes, size_t size)
{
	uint64_t number = 0;
	for (size_t i = 0; i < size; i++) {
		number = number << 8 | (uint8_t)bytes[i];
	}
	return number;
}

/* Keeps the table sorted; of equal moments the one added last counts, so it goes behind. */
static bool add_change(struct zone *zone, int64_t at, int32_t offset)
{
	if (zone->count == zone->capacity) {
		size_t capacity = zone->capacity > 0 ? zone->capacity * 2 : 64;
		struct change *changes = realloc(zone->changes, capacity * sizeof(*changes));
		if (changes == NULL) {
			return false;
		}
		zone->changes = changes;
		zone->capacity = capacity;
	}
	size_t place = zone->count++;
	for (; place > 0 && zone->changes[place - 1].at > at; place--) {
		zone->changes[place] = zone->changes[place - 1];
	}
	zone->changes[place] = (struct change){at, offset};
	return true;
}

/* The footer (RFC 8536 section 3.3): a POSIX TZ string, POSIX.1-2017 section 8.3. */
enum rule_kind {
	RULE_JULIAN,   /* Jn: 1 to 365, February 29 never counted */
	RULE_ZERO_DAY, /* n: 0 to 365, February 29 counted */
	RULE_WEEKDAY,  /* Mm.w.d */
};

struct rule {
	enum rule_kind kind;
	int month;
	int week;
	int day;
	int32_t time; /* seconds behind local midnight, -167 to 167 hours */
};

struct footer {
	int32_t standard; /* seconds east */
	int32_t daylight;
	bool has_daylight;
	struct rule start; /* in standard time */
	struct rule end;   /* in daylight time */
};

static bool take(struct cursor *cursor, char wanted)
{
	if (cursor->at == cursor->end || *cursor->at != wanted) {
		return false;
	}
	cursor->at++;
	return true;
}

static bool take_number(struct cursor *cursor, int lowest, int highest, int *ret_number)
{
	int number = 0;
	const char *first = cursor->at;
	for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; cursor->at++) {
		number = number * 10 + (*cursor->at - '0');
		if (number > highest) {
			return false;
		}
	}
	*ret_number = number;
	return cursor->at > first && number >= lowest;
}

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* "CET" or "<+0330>". */
static bool skip_name(struct cursor *cursor)
{
	if (take(cursor, '<')) {
		while (cursor->at < cursor->end && *cursor->at != '>') {
			cursor->at++;
		}
		return take(cursor, '>');
	}
	const char *first = cursor->at;
	while (cursor->at < cursor->end && is_letter(*cursor->at)) {
		cursor->at++;
	}
	return cursor->at - first >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(struct cursor *cursor, int highest_hour, int32_t *ret_seconds)
{
	bool negative = take(cursor, '-');
	if (!negative) {
		take(cursor, '+');
	}
	int hours;
	int minutes = 0;
	int seconds = 0;
	if (!take_number(cursor, 0, highest_hour, &hours)) {
		return false;
	}
	if (take(cursor, ':')) {
		if (!take_number(cursor, 0, 59, &minutes) ||
		    (take(cursor, ':') && !take_number(cursor, 0, 59, &seconds))) {
			return false;
		}
	}
	int32_t total = hours * 3600 + minutes * 60 + seconds;
	*ret_seconds = negative ? -total : total;
	return true;
}

static bool take_rule(struct cursor *cursor, struct rule *rule)
{
	*rule = (struct rule){.kind = RULE_ZERO_DAY, .time = 2 * 3600};
	bool good;
	if (take(cursor, 'M')) {
		rule->kind = RULE_WEEKDAY;
		good = take_number(cursor, 1, 12, &rule->month) && take(cursor, '.') &&
		       take_number(cursor, 1, 5, &rule->week) && take(cursor, '.') &&
		       take_number(cursor, 0, 6, &rule->day);
	} else if (take(cursor, 'J')) {
		rule->kind = RULE_JULIAN;
		good = take_number(cursor, 1, 365, &rule->day);
	} else {
		good = take_number(cursor, 0, 365, &rule->day);
	}
	return good && (!take(cursor, '/') || take_time(cursor, 167, &rule->time));
}

/* POSIX counts offsets to the west. */
static bool take_footer(struct cursor *cursor, struct footer *footer)
{
	int32_t west;
	if (!skip_name(cursor) || !take_time(cursor, 24, &west)) {
		return false;
	}
	*footer = (struct footer){.standard = -west};
	if (cursor->at == cursor->end) {
		return true;
	}
	footer->has_daylight = true;
	footer->daylight = footer->standard + 3600;
	if (!skip_name(cursor)) {
		return false;
	}
	if (cursor->at < cursor->end && *cursor->at != ',') {
		if (!take_time(cursor, 24, &west)) {
			return false;
		}
		footer->daylight = -west;
	}
	return take(cursor, ',') && take_rule(cursor, &footer->start) && take(cursor, ',') &&
	       take_rule(cursor, &footer->end) && cursor->at == cursor->end;
}

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days since 1970 of the rule's day in that year. */
static int64_t rule_day(const struct rule *rule, int64_t year)
{
	int64_t new_year = clock_days(year, 1, 1);
	if (rule->kind == RULE_JULIAN) {
		return new_year + rule->day - 1 + (rule->day >= 60 && is_leap(year));
	}
	if (rule->kind == RULE_ZERO_DAY) {
		return new_year + rule->day;
	}
	int64_t first = clock_days(year, rule->month, 1);
	int64_t next_month = rule->month == 12 ? clock_days(year + 1, 1, 1) : clock_days(year, rule->month + 1, 1);
	int64_t first_weekday = ((first + 4) % 7 + 7) % 7; /* 0 Sunday; 1970-01-01 was a Thursday */
	int64_t day = first + (rule->day - first_weekday + 7) % 7 + (rule->week - 1) * 7;
	return day < next_month ? day : day - 7; /* week 5 is the last */
}

static int64_t rule_moment(const struct rule *rule, int64_t year, int32_t offset)
{
	return rule_day(rule, year) * DAY_SECONDS + rule->time - offset;
}

/* Writes the footer's changes behind the file's: from the last one on, one cycle and the years at its ends. */
static bool add_footer(struct zone *zone, const struct footer *footer)
{
	size_t known = zone->count;
	int64_t last = known > 0 ? zone->changes[known - 1].at : clock_days(1, 1, 1) * DAY_SECONDS;
	if (!footer->has_daylight) {
		if (known == 0) {
			zone->first_offset = footer->standard;
			return true;
		}
		return zone->changes[known - 1].offset == footer->standard || add_change(zone, last, footer->standard);
	}
	int64_t year;
	int month;
	int day;
	clock_date(last / DAY_SECONDS, &year, &month, &day);
	for (int64_t end = year + CYCLE_YEARS + 2; year <= end; year++) {
		int64_t start_at = rule_moment(&footer->start, year, footer->standard);
		int64_t end_at = rule_moment(&footer->end, year, footer->daylight);
		if ((start_at > last && !add_change(zone, start_at, footer->daylight)) ||
		    (end_at > last && !add_change(zone, end_at, footer->standard))) {
			return false;
		}
	}
	zone->repeats = true;
	return true;
}

/* One header's counts, in the file's order. */
struct counts {
	size_t is_ut;
	size_t is_standard;
	size_t leaps;
	size_t times;
	size_t types;
	size_t letters;
};

static bool take_header(struct cursor *cursor, char *ret_version, struct counts *counts)
{
	if (left(cursor) < HEADER_SIZE || memcmp(cursor->at, "TZif", 4) != 0) {
		return false;
	}
	size_t *fields[] = {&counts->is_ut, &counts->is_standard, &counts->leaps,
			    &counts->times, &counts->types,       &counts->letters};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		*fields[i] = (size_t)big_endian(cursor->at + 20 + 4 * i, 4);
		if (*fields[i] > FILE_MAXIMUM) {
			return false;
		}
	}
	*ret_version = cursor->at[4];
	cursor->at += HEADER_SIZE;
	return true;
}

static size_t block_size(const struct counts *counts, size_t time_size)
{
	return counts->times * (time_size + 1) + counts->types * 6 + counts->letters + counts->leaps * (time_size + 4) +
	       counts->is_standard + counts->is_ut;
}

/* The version 2 block at the cursor, whose size was checked. */
static bool take_block(struct zone *zone, struct cursor *cursor, const struct counts *counts)
{
	const char *times = cursor->at;
	const char *indexes = times + counts->times * 8;
	const char *types = indexes + counts->times;
	int32_t offsets[TYPES_MAXIMUM] = {0};
	for (size_t i = 0; i < counts->types; i++) {
		offsets[i] = (int32_t)(uint32_t)big_endian(types + 6 * i, 4);
		if (offsets[i] > OFFSET_MAXIMUM || offsets[i] < -OFFSET_MAXIMUM) {
			return false;
		}
	}
	zone->first_offset = offsets[0];
	for (size_t i = 0; i < counts->times; i++) {
		int64_t at = (int64_t)big_endian(times + 8 * i, 8);
		uint8_t type = (uint8_t)indexes[i];
		if (type >= counts->types || (i > 0 && at <= zone->changes[zone->count - 1].at) || at < EARLIEST ||
		    at > INT64_MAX / CLOCK_SECOND || !add_change(zone, at, offsets[type])) {
			return false;
		}
	}
	cursor->at += block_size(counts, 8);
	return true;
}

/* Skips the version 1 block and reads the second header; the cursor then stands on a version 2 block of full size. */
static bool find_block(struct cursor *cursor, struct counts *ret_counts, const char *name, struct error *err)
{
	char version;
	if (!take_header(cursor, &version, ret_counts)) {
		return broken(name, err);
	}
	if (version < '2') {
		return error_set(err, ERROR_CONFIG, "the file of time zone %s is of version 1; install a newer tzdata",
				 name);
	}
	if (left(cursor) < block_size(ret_counts, 4)) {
		return broken(name, err);
	}
	cursor->at += block_size(ret_counts, 4);
	if (!take_header(cursor, &version, ret_counts) || ret_counts->types < 1 || ret_counts->types > TYPES_MAXIMUM ||
	    left(cursor) < block_size(ret_counts, 8)) {
		return broken(name, err);
	}
	if (ret_counts->leaps > 0) {
		return error_set(err, ERROR_CONFIG, "time zone %s counts leap seconds; use the zone without \"right/\"",
				 name);
	}
	return true;
}

static bool read_zone(struct zone *zone, struct span tzif, const char *name, struct error *err)
{
	struct cursor cursor = {tzif.data, tzif.data + tzif.length};
	struct counts counts;
	if (!find_block(&cursor, &counts, name, err)) {
		return false;
	}
	if (!take_block(zone, &cursor, &counts) || !take(&cursor, '\n') || left(&cursor) < 1 ||
	    cursor.end[-1] != '\n') {
		return broken(name, err);
	}
	cursor.end--;
	if (cursor.at == cursor.end) {
		return true;
	}
	struct footer footer;
	return (take_footer(&cursor, &footer) && add_footer(zone, &footer)) || broken(name, err);
}

struct zone *zone_create_from(struct span tzif, const char *name, struct error *err)
{
	struct zone *zone = calloc(1, sizeof(*zone));
	if (zone == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for time zone %s", name);
		return NULL;
	}
	if (!read_zone(zone, tzif, name, err)) {
		zone_destroy(zone);
		return NULL;
	}
	return zone;
}

static bool name_is_safe(struct span name)
{
	for (size_t i = 0; i < name.length; i++) {
		char c = name.data[i];
		if (!is_letter(c) && !(c >= '0' && c <= '9') && strchr("_+-/", c) == NULL) {
			return false;
		}
	}
	return name.length > 0 && name.length < 128 && name.data[0] != '/';
}

struct zone *zone_create(const char *name, struct error *err)
{
	if (strcmp(name, "UTC") == 0) {
		struct zone *zone = calloc(1, sizeof(*zone));
		if (zone == NULL) {
			error_set(err, ERROR_MEMORY, "no memory for time zone UTC");
		}
		return zone;
	}
	CLEANUP_BUFFER struct buffer path = BUFFER_INIT(256);
	CLEANUP_BUFFER struct buffer content = BUFFER_INIT(FILE_MAXIMUM);
	if (!name_is_safe(span_of(name))) {
		error_set(err, ERROR_CONFIG, "'%.100s' is no time zone name; write one like Europe/Berlin", name);
		return NULL;
	}
	buffer_append_format(&path, "/usr/share/zoneinfo/%s", name);
	struct error cause = ERROR_INIT;
	if (!buffer_ok(&path, "the path of a time zone", err) || !file_read(path.data, &content, &cause)) {
		error_set(err, ERROR_CONFIG, "time zone %s: %s; is tzdata installed, and the name spelled as in it?",
			  name, cause.message);
		return NULL;
	}
	return zone_create_from(buffer_span(&content), name, err);
}

void zone_destroy(struct zone *zone)
{
	if (zone != NULL) {
		free(zone->changes);
		free(zone);
	}
}

/* The same second in the part of the table that is written out, four days or more before its end so that zone_first
 * can walk on from it; *ret_cycles says how many cycles earlier. */
static int64_t fold(const struct zone *zone, int64_t second, int64_t *ret_cycles)
{
	*ret_cycles = 0;
	if (zone->repeats) {
		int64_t past = second - (zone->changes[zone->count - 1].at - 4 * DAY_SECONDS);
		if (past >= 0) {
			*ret_cycles = past / CYCLE_SECONDS + 1;
		}
	}
	return second - *ret_cycles * CYCLE_SECONDS;
}

/* Number of changes at or before that second. */
static size_t changes_until(const struct zone *zone, int64_t second)
{
	size_t low = 0;
	size_t high = zone->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (zone->changes[middle].at <= second) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static int64_t second_of(int64_t time)
{
	int64_t second = time / CLOCK_SECOND;
	return time % CLOCK_SECOND < 0 ? second - 1 : second;
}

int32_t zone_offset(const struct zone *zone, int64_t time)
{
	int64_t cycles;
	size_t until = changes_until(zone, fold(zone, second_of(time), &cycles));
	return until > 0 ? zone->changes[until - 1].offset : zone->first_offset;
}

/* Walks the stretches of equal offset from before any moment that could show `local`: within a stretch the clocks run
 * on evenly, so the first one that reaches the reading has the answer. */
int64_t zone_first(const struct zone *zone, int64_t local)
{
	int64_t reading = second_of(local);
	int64_t fraction = local - reading * CLOCK_SECOND;
	int64_t cycles;
	int64_t from = fold(zone, reading - OFFSET_MAXIMUM - 1, &cycles);
	reading -= cycles * CYCLE_SECONDS;
	size_t until = changes_until(zone, from);
	int32_t offset = until > 0 ? zone->changes[until - 1].offset : zone->first_offset;
	for (; until < zone->count && zone->changes[until].at <= reading - offset; until++) {
		from = zone->changes[until].at;
		offset = zone->changes[until].offset;
	}
	int64_t second = reading - offset;
	if (second < from) {
		second = from; /* the reading was left out */
		fraction = 0;
	}
	second += cycles * CYCLE_SECONDS;
	int64_t time;
	if (__builtin_mul_overflow(second, CLOCK_SECOND, &time) || __builtin_add_overflow(time, fraction, &time)) {
		return second < 0 ? INT64_MIN : INT64_MAX;
	}
	return time;
}
