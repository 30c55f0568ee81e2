/* Layer 0. Time. All times are int64_t microseconds since 1970-01-01T00:00:00Z (UTC, no leap seconds).
 *
 * ISO 8601 weeks are cut in a zone: a `struct zone` read from the system's TZif files (RFC 8536, version 2 and later
 * with its POSIX footer). */
#ifndef UNDERSTUDY_BASE_CLOCK_H
#define UNDERSTUDY_BASE_CLOCK_H

#include "harness/base/bytes.h"

#define CLOCK_SECOND INT64_C(1000000)
#define CLOCK_DAY (INT64_C(86400) * CLOCK_SECOND)

int64_t clock_now(void);       /* UTC now */
int64_t clock_monotonic(void); /* never steps back; unrelated to UTC */

/* RFC 3339 date-time ("2026-11-16T08:30:00.25Z", "+01:00"), also with a space for T; a date alone is its midnight UTC.
 * Years 0001 to 9999. Leap second :60 is taken as the next second. Fractions past microseconds are cut. */
MUST_CHECK bool clock_parse(struct span text, int64_t *ret_time);
#define CLOCK_TEXT_SIZE 32
/* "2026-11-16T08:30:00.250000Z"; returns `text`. */
const char *clock_format(int64_t time, char text[CLOCK_TEXT_SIZE]);
/* "2026-11-16" (UTC). */
const char *clock_format_date(int64_t time, char text[CLOCK_TEXT_SIZE]);

struct zone;
/* `name` as in the tz database ("Europe/Berlin", "UTC"); NULL with ERROR_CONFIG for names that are not there.
 * Names with "..", a leading "/" or odd characters are refused. Destroy with zone_destroy (accepts NULL). */
struct zone *zone_create(const char *name, struct error *err);
void zone_destroy(struct zone *zone);
/* Seconds east of UTC at that moment. */
int32_t zone_offset(const struct zone *zone, int64_t time);

/* A week as year * 100 + week (202647 for 2026-W47), by ISO 8601 in the zone. */
int32_t clock_week(int64_t time, const struct zone *zone);
/* First moment of the week's Monday in the zone; the week ends where the next begins. */
int64_t clock_week_start(int32_t week, const struct zone *zone);
int32_t clock_week_next(int32_t week); /* 202653 -> 202701 where the year has 53 weeks */
MUST_CHECK bool clock_week_parse(struct span text, int32_t *ret_week); /* "2026-W47" */
const char *clock_week_format(int32_t week, char text[CLOCK_TEXT_SIZE]);

#endif
