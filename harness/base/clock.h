/* Layer 0. Time. All times are int64_t microseconds since 1970-01-01T00:00:00Z (UTC, no leap seconds), all dates
 * proleptic Gregorian (the calendar is computed by the formulas of H. Hinnant, "chrono-compatible low-level date
 * algorithms", 2013).
 *
 * ISO 8601 weeks are cut in a zone: a `struct zone` read from the system's TZif files (RFC 8536, version 2 and later
 * with its POSIX footer). A zone never changes once made, so threads may share it. */
#ifndef UNDERSTUDY_BASE_CLOCK_H
#define UNDERSTUDY_BASE_CLOCK_H

#include "harness/base/bytes.h"

#define CLOCK_SECOND INT64_C(1000000)
#define CLOCK_DAY (INT64_C(86400) * CLOCK_SECOND)

int64_t clock_now(void);       /* UTC now */
int64_t clock_monotonic(void); /* never steps back; unrelated to UTC */

/* RFC 3339 date-time ("2026-11-16T08:30:00.25Z", "+01:00"), also with t, z or a space for T; a date alone is its
 * midnight UTC. False for all else, for dates that do not exist, and for moments outside the years 0001 to 9999 (UTC).
 * A leap second (23:59:60 UTC, nowhere else) is taken as the next second. Fractions past microseconds are cut. */
MUST_CHECK bool clock_parse(struct span text, int64_t *ret_time);
#define CLOCK_TEXT_SIZE 32
/* "2026-11-16T08:30:00.250000Z"; returns `text`. Years past 9999 or before 0 get their digits and a sign. */
const char *clock_format(int64_t time, char text[CLOCK_TEXT_SIZE]);
/* A length of time for people, cut to its two largest units: "12 min", "3 h 4 min", "2 d 7 h". */
const char *clock_format_length(int64_t microseconds, char text[CLOCK_TEXT_SIZE]);
/* "2026-11-16" (UTC). */
const char *clock_format_date(int64_t time, char text[CLOCK_TEXT_SIZE]);

/* Days since 1970-01-01 of a date, which must exist (month 1 to 12, day 1 to 31), and the way back. */
int64_t clock_days(int64_t year, int month, int day);
void clock_date(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day);

struct zone;
/* `name` as in the tz database ("Europe/Berlin"); "UTC" needs no file. NULL with ERROR_CONFIG for names that are not
 * there or whose file is broken. Names with "..", a leading "/" or characters outside A-Z a-z 0-9 _ + - / are refused,
 * and so are the "right/" zones, which count leap seconds. Destroy with zone_destroy (accepts NULL). */
struct zone *zone_create(const char *name, struct error *err);
/* As zone_create from the bytes of a TZif file, which may be hostile; `name` is for messages. */
struct zone *zone_create_from(struct span tzif, const char *name, struct error *err);
void zone_destroy(struct zone *zone);
/* Seconds east of UTC at that moment. */
int32_t zone_offset(const struct zone *zone, int64_t time);
/* The first moment at which the zone's clocks show `local` or later, `local` being microseconds written as if the zone
 * were UTC: the earlier of two equal readings, and the end of the gap for readings that are left out. Results past
 * int64_t are its nearest number. */
int64_t zone_first(const struct zone *zone, int64_t local);

/* A week as year * 100 + week (202647 for 2026-W47), by ISO 8601 in the zone: the week w with
 * clock_week_start(w) <= time < clock_week_start(clock_week_next(w)). */
int32_t clock_week(int64_t time, const struct zone *zone);
/* First moment of the week's Monday in the zone; the week ends where the next begins. */
int64_t clock_week_start(int32_t week, const struct zone *zone);
int32_t clock_week_next(int32_t week); /* 202653 -> 202701 where the year has 53 weeks */
/* "2026-W47", years 0001 to 9999; false also for week 53 of a year without one. */
MUST_CHECK bool clock_week_parse(struct span text, int32_t *ret_week);
const char *clock_week_format(int32_t week, char text[CLOCK_TEXT_SIZE]);

#endif
