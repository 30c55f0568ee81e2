#include "harness/base/clock.h"
#include "tests/base/suites.h"

#include <stdio.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Without tzdata on the machine the tests of its zones have nothing to say. */
static struct zone *find_zone(const char *name)
{
	struct error err = ERROR_INIT;
	struct zone *zone = zone_create(name, &err);
	if (zone == NULL) {
		printf("skipped: %s\n", err.message);
	}
	return zone;
}

/* Times from Python 3's datetime; the first three of RFC 3339 section 5.8 as that section explains them. */
static const struct {
	const char *text;
	int64_t time;
} good_times[] = {
	{"1985-04-12T23:20:50.52Z", INT64_C(482196050520000)},
	{"1996-12-19T16:39:57-08:00", INT64_C(851042397000000)},
	{"1990-12-31T15:59:60-08:00", INT64_C(662688000000000)},
	{"1937-01-01T12:00:27.87+00:20", INT64_C(-1041337172130000)},
	{"1970-01-01T00:00:00Z", 0},
	{"1969-12-31T23:59:59.999999Z", -1},
	{"2026-11-16T08:30:00.25Z", INT64_C(1794817800250000)},
	{"2026-11-16T08:30:00+01:00", INT64_C(1794814200000000)},
	{"2026-11-16 08:30:00.2509999Z", INT64_C(1794817800250999)},
	{"2026-11-16t08:30:00z", INT64_C(1794817800000000)},
	{"2026-11-16T08:30:00-00:00", INT64_C(1794817800000000)},
	{"2024-02-29T23:59:59.9999999999999999999999Z", INT64_C(1709251199999999)},
	{"2000-02-29", INT64_C(951782400000000)},
	{"1900-03-01", INT64_C(-2203891200000000)},
	{"2016-12-31T23:59:60.5Z", INT64_C(1483228800500000)},
	{"0001-01-01T00:00:00Z", INT64_C(-62135596800000000)},
	{"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999)},
};

START_TEST(parse_good)
{
	int64_t time = 7;
	ck_assert(clock_parse(span_of(good_times[_i].text), &time));
	ck_assert_int_eq(time, good_times[_i].time);
}
END_TEST

static const char *const bad_times[] = {
	"",
	"2026",
	"2026-11",
	"2026-11-1",
	"2026-13-01",
	"2026-00-10",
	"2026-11-00",
	"2026-11-31",
	"2023-02-29",
	"1900-02-29",
	"0000-01-01",
	"-001-01-01",
	"12026-01-01",
	"2026-11-16T",
	"2026-11-16T08",
	"2026-11-16T08:30",
	"2026-11-16T08:30Z",
	"2026-11-16T08:30:00",
	"2026-11-16T08:30:00.",
	"2026-11-16T08:30:00.Z",
	"2026-11-16T08:30:00,5Z",
	"2026-11-16T24:00:00Z",
	"2026-11-16T08:60:00Z",
	"2026-11-16T08:30:61Z",
	"2026-11-16T08:30:60Z",
	"2026-11-16T23:59:60+01:00",
	"2026-11-16T08:30:00+1:00",
	"2026-11-16T08:30:00+0100",
	"2026-11-16T08:30:00+24:00",
	"2026-11-16T08:30:00+01:60",
	"2026-11-16T08:30:00Z ",
	" 2026-11-16",
	"2026-11-16  08:30:00Z",
	"20261116T083000Z",
	"2026-1a-16",
	"2026-11-16T08:30:00ZZ",
	"0001-01-01T00:00:00+00:01",
	"9999-12-31T23:59:59-00:01",
	"9999-12-31T23:59:60Z",
};

START_TEST(parse_bad)
{
	int64_t time = 7;
	ck_assert_msg(!clock_parse(span_of(bad_times[_i]), &time), "%s", bad_times[_i]);
	ck_assert_int_eq(time, 7);
}
END_TEST

static const struct {
	int64_t time;
	const char *text;
} formats[] = {
	{0, "1970-01-01T00:00:00.000000Z"},
	{-1, "1969-12-31T23:59:59.999999Z"},
	{INT64_C(1794817800250000), "2026-11-16T08:30:00.250000Z"},
	{INT64_C(253402300800000000), "+10000-01-01T00:00:00.000000Z"},
	{INT64_C(-62135596800000001), "0000-12-31T23:59:59.999999Z"},
	{INT64_C(-62167219200000001), "-0001-12-31T23:59:59.999999Z"},
	/* Python 3's date, moved by cycles of 400 years. */
	{INT64_MAX, "+294247-01-10T04:00:54.775807Z"},
	{INT64_MIN, "-290308-12-21T19:59:05.224192Z"},
};

START_TEST(format)
{
	char text[CLOCK_TEXT_SIZE];
	ck_assert_str_eq(clock_format(formats[_i].time, text), formats[_i].text);
	char date[CLOCK_TEXT_SIZE];
	clock_format_date(formats[_i].time, date);
	ck_assert(strncmp(text, date, strlen(date)) == 0 && text[strlen(date)] == 'T');
}
END_TEST

/* Counts the calendar's days one by one by the rule of leap years, over more than one cycle of 400 years. */
START_TEST(calendar)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t days = clock_days(1599, 12, 31);
	for (int year = 1600; year <= 2005; year++) {
		bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
		for (int month = 1; month <= 12; month++) {
			for (int day = 1; day <= lengths[month - 1] + (leap && month == 2); day++) {
				int64_t back_year;
				int back_month;
				int back_day;
				ck_assert_int_eq(clock_days(year, month, day), ++days);
				clock_date(days, &back_year, &back_month, &back_day);
				ck_assert(back_year == year && back_month == month && back_day == day);
			}
		}
	}
	ck_assert_int_eq(clock_days(1970, 1, 1), 0);
	ck_assert_int_eq(clock_days(0, 3, 1), -719468);
	ck_assert_int_eq(clock_days(-400, 3, 1), -719468 - 146097);
}
END_TEST

START_TEST(now)
{
	ck_assert_int_gt(clock_now(), INT64_C(1700000000) * CLOCK_SECOND);
	int64_t before = clock_monotonic();
	ck_assert_int_ge(clock_monotonic(), before);
}
END_TEST

/* Python 3, date.isocalendar(). */
static const struct {
	const char *date;
	int32_t week;
} weeks[] = {
	{"0001-01-01", 101},    {"1976-12-31", 197653}, {"1977-01-01", 197653}, {"2004-12-31", 200453},
	{"2005-01-01", 200453}, {"2005-01-02", 200453}, {"2005-01-03", 200501}, {"2007-12-30", 200752},
	{"2007-12-31", 200801}, {"2008-12-28", 200852}, {"2008-12-29", 200901}, {"2009-12-31", 200953},
	{"2010-01-03", 200953}, {"2020-12-31", 202053}, {"2021-01-03", 202053}, {"2021-01-04", 202101},
	{"2026-12-28", 202653}, {"2027-01-03", 202653}, {"2027-01-04", 202701}, {"1969-12-29", 197001},
	{"9999-12-31", 999952},
};

START_TEST(week_of_date)
{
	struct zone *utc = zone_create("UTC", NULL);
	ck_assert_ptr_nonnull(utc);
	int64_t time;
	ck_assert(clock_parse(span_of(weeks[_i].date), &time));
	ck_assert_int_eq(clock_week(time, utc), weeks[_i].week);
	ck_assert_int_eq(clock_week(time + CLOCK_DAY - 1, utc), weeks[_i].week);
	int32_t parsed;
	char text[CLOCK_TEXT_SIZE];
	clock_week_format(weeks[_i].week, text);
	ck_assert(clock_week_parse(span_of(text), &parsed));
	ck_assert_int_eq(parsed, weeks[_i].week);
	zone_destroy(utc);
}
END_TEST

/* Python 3, zoneinfo with tzdata 2025b: Monday's midnight by date.fromisocalendar. */
static const struct {
	const char *zone;
	int32_t week;
	int64_t start;
} starts[] = {
	{"UTC", 202053, INT64_C(1609113600000000)},
	{"UTC", 202101, INT64_C(1609718400000000)},
	{"UTC", 202613, INT64_C(1774224000000000)},
	{"UTC", 202614, INT64_C(1774828800000000)},
	{"UTC", 202643, INT64_C(1792368000000000)},
	{"UTC", 202644, INT64_C(1792972800000000)},
	{"UTC", 202653, INT64_C(1798416000000000)},
	{"UTC", 202701, INT64_C(1799020800000000)},
	{"UTC", 203813, INT64_C(2153433600000000)},
	{"UTC", 203844, INT64_C(2172182400000000)},
	{"UTC", 210001, INT64_C(4102704000000000)},
	{"Europe/Berlin", 202053, INT64_C(1609110000000000)},
	{"Europe/Berlin", 202101, INT64_C(1609714800000000)},
	{"Europe/Berlin", 202613, INT64_C(1774220400000000)},
	{"Europe/Berlin", 202614, INT64_C(1774821600000000)},
	{"Europe/Berlin", 202643, INT64_C(1792360800000000)},
	{"Europe/Berlin", 202644, INT64_C(1792969200000000)},
	{"Europe/Berlin", 202653, INT64_C(1798412400000000)},
	{"Europe/Berlin", 202701, INT64_C(1799017200000000)},
	{"Europe/Berlin", 203813, INT64_C(2153426400000000)},
	{"Europe/Berlin", 203844, INT64_C(2172178800000000)},
	{"Europe/Berlin", 210001, INT64_C(4102700400000000)},
	{"America/New_York", 202053, INT64_C(1609131600000000)},
	{"America/New_York", 202101, INT64_C(1609736400000000)},
	{"America/New_York", 202613, INT64_C(1774238400000000)},
	{"America/New_York", 202614, INT64_C(1774843200000000)},
	{"America/New_York", 202643, INT64_C(1792382400000000)},
	{"America/New_York", 202644, INT64_C(1792987200000000)},
	{"America/New_York", 202653, INT64_C(1798434000000000)},
	{"America/New_York", 202701, INT64_C(1799038800000000)},
	{"America/New_York", 203813, INT64_C(2153448000000000)},
	{"America/New_York", 203844, INT64_C(2172196800000000)},
	{"America/New_York", 210001, INT64_C(4102722000000000)},
	{"Asia/Kolkata", 202053, INT64_C(1609093800000000)},
	{"Asia/Kolkata", 202614, INT64_C(1774809000000000)},
	{"Asia/Kolkata", 202701, INT64_C(1799001000000000)},
	{"Asia/Kolkata", 210001, INT64_C(4102684200000000)},
	{"Australia/Lord_Howe", 202053, INT64_C(1609074000000000)},
	{"Australia/Lord_Howe", 202101, INT64_C(1609678800000000)},
	{"Australia/Lord_Howe", 202613, INT64_C(1774184400000000)},
	{"Australia/Lord_Howe", 202614, INT64_C(1774789200000000)},
	{"Australia/Lord_Howe", 202643, INT64_C(1792328400000000)},
	{"Australia/Lord_Howe", 202644, INT64_C(1792933200000000)},
	{"Australia/Lord_Howe", 202653, INT64_C(1798376400000000)},
	{"Australia/Lord_Howe", 202701, INT64_C(1798981200000000)},
	{"Australia/Lord_Howe", 203813, INT64_C(2153394000000000)},
	{"Australia/Lord_Howe", 203844, INT64_C(2172142800000000)},
	{"Australia/Lord_Howe", 210001, INT64_C(4102664400000000)},
	{"Pacific/Apia", 202053, INT64_C(1609063200000000)},
	{"Pacific/Apia", 202614, INT64_C(1774782000000000)},
	{"Pacific/Apia", 202701, INT64_C(1798974000000000)},
	{"Pacific/Apia", 210001, INT64_C(4102657200000000)},
	{"America/Sao_Paulo", 202053, INT64_C(1609124400000000)},
	{"America/Sao_Paulo", 202614, INT64_C(1774839600000000)},
	{"America/Sao_Paulo", 202701, INT64_C(1799031600000000)},
	{"America/Sao_Paulo", 210001, INT64_C(4102714800000000)},
	{"Africa/Casablanca", 202053, INT64_C(1609110000000000)},
	{"Africa/Casablanca", 202614, INT64_C(1774825200000000)},
	{"Africa/Casablanca", 202701, INT64_C(1799017200000000)},
	{"Africa/Casablanca", 210001, INT64_C(4102700400000000)},
	{"Europe/Dublin", 202053, INT64_C(1609113600000000)},
	{"Europe/Dublin", 202614, INT64_C(1774825200000000)},
	{"Europe/Dublin", 202701, INT64_C(1799020800000000)},
	{"Europe/Dublin", 210001, INT64_C(4102704000000000)},
	{"Asia/Tokyo", 202053, INT64_C(1609081200000000)},
	{"Asia/Tokyo", 202614, INT64_C(1774796400000000)},
	{"Asia/Tokyo", 202701, INT64_C(1798988400000000)},
	{"Asia/Tokyo", 210001, INT64_C(4102671600000000)},
};

START_TEST(week_starts)
{
	struct zone *zone = find_zone(starts[_i].zone);
	if (zone == NULL) {
		return;
	}
	int32_t week = starts[_i].week;
	int64_t start = starts[_i].start;
	ck_assert_int_eq(clock_week_start(week, zone), start);
	ck_assert_int_eq(clock_week(start, zone), week);
	ck_assert_int_eq(clock_week_next(clock_week(start - 1, zone)), week);
	ck_assert_int_eq(clock_week(clock_week_start(clock_week_next(week), zone) - 1, zone), week);
	zone_destroy(zone);
}
END_TEST

START_TEST(week_texts)
{
	static const char *const bad[] = {"",        "2026-W00", "2026-W54", "2025-W53", "2026-W5",  "2026-W470",
					  "2026W47", "2026-w47", "0000-W01", "202-W047", "+026-W01", "2026-W4a"};
	int32_t week = 7;
	for (size_t i = 0; i < COUNT(bad); i++) {
		ck_assert_msg(!clock_week_parse(span_of(bad[i]), &week), "%s", bad[i]);
	}
	ck_assert_int_eq(week, 7);
	char text[CLOCK_TEXT_SIZE];
	ck_assert_str_eq(clock_week_format(202647, text), "2026-W47");
	ck_assert_str_eq(clock_week_format(101, text), "0001-W01");
	ck_assert_int_eq(clock_week_next(202053), 202101);
	ck_assert_int_eq(clock_week_next(202552), 202601);
	ck_assert_int_eq(clock_week_next(202652), 202653);
	ck_assert_int_eq(clock_week_next(202653), 202701);
}
END_TEST

/* Python 3, zoneinfo with tzdata 2025b; 9999 by the rule "as 400 years ago". */
static const struct {
	const char *zone;
	const char *time;
	int32_t offset;
} offsets[] = {
	{"Europe/Berlin", "1900-01-01T00:00:00Z", 3600},
	{"Europe/Berlin", "1945-06-01T00:00:00Z", 10800},
	{"Europe/Berlin", "2026-03-29T00:59:59Z", 3600},
	{"Europe/Berlin", "2026-03-29T01:00:00Z", 7200},
	{"Europe/Berlin", "2026-10-25T00:59:59Z", 7200},
	{"Europe/Berlin", "2026-10-25T01:00:00Z", 3600},
	{"Europe/Berlin", "2037-12-31T00:00:00Z", 3600},
	{"Europe/Berlin", "2038-07-01T00:00:00Z", 7200},
	{"Europe/Berlin", "2050-01-01T00:00:00Z", 3600},
	{"Europe/Berlin", "2096-07-01T00:00:00Z", 7200},
	{"Europe/Berlin", "2399-07-01T00:00:00Z", 7200},
	{"Europe/Berlin", "2400-01-01T00:00:00Z", 3600},
	{"Europe/Berlin", "2500-07-01T00:00:00Z", 7200},
	{"Europe/Berlin", "9999-07-01T00:00:00Z", 7200},
	{"America/New_York", "1883-01-01T00:00:00Z", -17762},
	{"America/New_York", "2026-03-08T06:59:59Z", -18000},
	{"America/New_York", "2026-03-08T07:00:00Z", -14400},
	{"America/New_York", "2026-11-01T05:59:59Z", -14400},
	{"America/New_York", "2026-11-01T06:00:00Z", -18000},
	{"America/New_York", "2099-07-04T00:00:00Z", -14400},
	{"Australia/Lord_Howe", "2026-01-01T00:00:00Z", 39600},
	{"Australia/Lord_Howe", "2026-07-01T00:00:00Z", 37800},
	{"Australia/Lord_Howe", "2100-01-01T00:00:00Z", 39600},
	{"Australia/Lord_Howe", "2100-07-01T00:00:00Z", 37800},
	{"Asia/Kathmandu", "2026-01-01T00:00:00Z", 20700},
	{"Asia/Kathmandu", "1980-01-01T00:00:00Z", 19800},
	{"Pacific/Apia", "2011-12-30T09:59:59Z", -36000},
	{"Pacific/Apia", "2011-12-30T10:00:00Z", 50400},
	{"Pacific/Apia", "2026-01-01T00:00:00Z", 46800},
	{"Europe/Dublin", "2026-01-01T00:00:00Z", 0},
	{"Europe/Dublin", "2026-07-01T00:00:00Z", 3600},
	{"Europe/Dublin", "2080-07-01T00:00:00Z", 3600},
	{"Europe/Dublin", "2080-12-01T00:00:00Z", 0},
	{"Asia/Gaza", "2040-07-01T00:00:00Z", 10800},
	{"Asia/Gaza", "2100-01-01T00:00:00Z", 7200},
	{"America/Nuuk", "2060-03-28T00:00:00Z", -7200},
	{"America/Nuuk", "2060-07-01T00:00:00Z", -3600},
	{"America/Nuuk", "2060-12-01T00:00:00Z", -7200},
	{"Africa/Casablanca", "2026-07-01T00:00:00Z", 3600},
	{"Africa/Casablanca", "2099-07-01T00:00:00Z", 3600},
	{"Etc/GMT+5", "2026-01-01T00:00:00Z", -18000},
};

START_TEST(offset)
{
	struct zone *zone = find_zone(offsets[_i].zone);
	if (zone == NULL) {
		return;
	}
	int64_t time;
	ck_assert(clock_parse(span_of(offsets[_i].time), &time));
	ck_assert_int_eq(zone_offset(zone, time), offsets[_i].offset);
	zone_destroy(zone);
}
END_TEST

START_TEST(zone_names)
{
	static const char *const bad[] = {"",
					  "/etc/passwd",
					  "../../../etc/passwd",
					  "Europe/../Europe/Berlin",
					  "Europe",
					  "Mars/Olympus",
					  "Europe/Berlin ",
					  "Europe/B\xc3\xa9rlin",
					  "leapseconds",
					  "right/Europe/Berlin",
					  "utc;rm"};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct error err = ERROR_INIT;
		ck_assert_msg(zone_create(bad[i], &err) == NULL, "%s", bad[i]);
		ck_assert_int_eq(err.code, ERROR_CONFIG);
	}
	char endless[1000];
	memset(endless, 'a', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	ck_assert_ptr_null(zone_create(endless, NULL));
	zone_destroy(NULL);
}
END_TEST

/* TZif files made by hand: an empty version 1 block, then up to 4 changes between up to 3 types, then a footer. */
struct made {
	int changes;
	int64_t at[4];
	uint8_t type[4];
	int types;
	int32_t offset[3];
	int leaps;
	const char *footer; /* with its newlines */
};

static void append_number(struct buffer *file, uint64_t number, int bytes)
{
	for (int i = bytes - 1; i >= 0; i--) {
		buffer_append_byte(file, (char)(uint8_t)(number >> (8 * i)));
	}
}

static void append_header(struct buffer *file, const int counts[6])
{
	buffer_append_text(file, "TZif2");
	append_number(file, 0, 8);
	append_number(file, 0, 7);
	for (int i = 0; i < 6; i++) {
		append_number(file, (uint64_t)counts[i], 4);
	}
}

static void make_file(struct buffer *file, const struct made *made)
{
	append_header(file, (const int[6]){0});
	append_header(file, (const int[6]){0, 0, made->leaps, made->changes, made->types, 4});
	for (int i = 0; i < made->changes; i++) {
		append_number(file, (uint64_t)made->at[i], 8);
	}
	buffer_append(file, made->type, (size_t)made->changes);
	for (int i = 0; i < made->types; i++) {
		append_number(file, (uint64_t)made->offset[i], 4);
		append_number(file, 0, 2);
	}
	buffer_append(file, "XXX", 4);
	for (int i = 0; i < made->leaps; i++) {
		append_number(file, 0, 8);
		append_number(file, 0, 4);
	}
	buffer_append_text(file, made->footer);
}

static struct zone *make_zone(const struct made *made)
{
	CLEANUP_BUFFER struct buffer file = BUFFER_INIT(10000);
	make_file(&file, made);
	return zone_create_from(buffer_span(&file), "made", NULL);
}

/* Footers alone; moments computed by hand from POSIX.1-2017 section 8.3. */
static const struct {
	const char *footer;
	const char *time;
	int32_t offset;
} footers[] = {
	{"\nUTC0\n", "2026-07-01T00:00:00Z", 0},
	{"\n<+0330>-3:30\n", "2026-07-01T00:00:00Z", 12600},
	{"\n<-00>+1:02:03\n", "2026-07-01T00:00:00Z", -3723},
	/* J60 is March 1 in every year; 02:00 standard time, one hour west. */
	{"\nAAA1BBB,J60,J300\n", "2024-03-01T02:59:59Z", -3600},
	{"\nAAA1BBB,J60,J300\n", "2024-03-01T03:00:00Z", 0},
	{"\nAAA1BBB,J60,J300\n", "2023-03-01T02:59:59Z", -3600},
	{"\nAAA1BBB,J60,J300\n", "2023-03-01T03:00:00Z", 0},
	/* J300 is October 27; 02:00 daylight time, which is UTC. */
	{"\nAAA1BBB,J60,J300\n", "2024-10-27T01:59:59Z", 0},
	{"\nAAA1BBB,J60,J300\n", "2024-10-27T02:00:00Z", -3600},
	/* Day 59, counted from 0, is February 29 or March 1. */
	{"\nAAA0BBB-2,59/0,299/-1\n", "2024-02-28T23:59:59Z", 0},
	{"\nAAA0BBB-2,59/0,299/-1\n", "2024-02-29T00:00:00Z", 7200},
	{"\nAAA0BBB-2,59/0,299/-1\n", "2023-02-28T23:59:59Z", 0},
	{"\nAAA0BBB-2,59/0,299/-1\n", "2023-03-01T00:00:00Z", 7200},
	/* Day 299 of 2024 is October 26; an hour before its midnight, two hours east: October 25 at 21:00 UTC. */
	{"\nAAA0BBB-2,59/0,299/-1\n", "2024-10-25T20:59:59Z", 7200},
	{"\nAAA0BBB-2,59/0,299/-1\n", "2024-10-25T21:00:00Z", 0},
	/* Southern: summer over the year's end. First Sunday of October 2026 is the 4th, of April the 5th. */
	{"\nAEST-10AEDT,M10.1.0,M4.1.0/3\n", "2026-10-03T15:59:59Z", 36000},
	{"\nAEST-10AEDT,M10.1.0,M4.1.0/3\n", "2026-10-03T16:00:00Z", 39600},
	{"\nAEST-10AEDT,M10.1.0,M4.1.0/3\n", "2026-04-04T15:59:59Z", 39600},
	{"\nAEST-10AEDT,M10.1.0,M4.1.0/3\n", "2026-04-04T16:00:00Z", 36000},
	/* Week 5 is the last: Sunday, February 23 in 2025; Thursday, February 29 in 2024. */
	{"\nAAA0BBB,M2.5.0/0,M11.1.0\n", "2025-02-22T23:59:59Z", 0},
	{"\nAAA0BBB,M2.5.0/0,M11.1.0\n", "2025-02-23T00:00:00Z", 3600},
	{"\nAAA0BBB,M2.5.4/0,M11.1.0\n", "2024-02-28T23:59:59Z", 0},
	{"\nAAA0BBB,M2.5.4/0,M11.1.0\n", "2024-02-29T00:00:00Z", 3600},
	/* RFC 8536 section 3.3.1: daylight time all the year. */
	{"\nXXX3EDT4,0/0,J365/23\n", "2026-01-01T02:59:59Z", -14400},
	{"\nXXX3EDT4,0/0,J365/23\n", "2026-01-01T03:00:00Z", -14400},
	{"\nXXX3EDT4,0/0,J365/23\n", "2024-12-31T23:00:00Z", -14400},
	/* And 400 years on, twice. */
	{"\nAEST-10AEDT,M10.1.0,M4.1.0/3\n", "2826-10-03T15:59:59Z", 36000},
	{"\nAEST-10AEDT,M10.1.0,M4.1.0/3\n", "2826-10-03T16:00:00Z", 39600},
};

START_TEST(footer)
{
	struct zone *zone = make_zone(&(struct made){.types = 1, .footer = footers[_i].footer});
	ck_assert_msg(zone != NULL, "%s", footers[_i].footer);
	int64_t time;
	ck_assert(clock_parse(span_of(footers[_i].time), &time));
	ck_assert_msg(zone_offset(zone, time) == footers[_i].offset, "%s %s: %d", footers[_i].footer, footers[_i].time,
		      zone_offset(zone, time));
	zone_destroy(zone);
}
END_TEST

static const char *const bad_footers[] = {
	"",
	"\n",
	"UTC0\n",
	"\nUTC0",
	"\nUT0\n",
	"\nUTC\n",
	"\n<+03-3\n",
	"\nUTC25\n",
	"\nUTC0:60\n",
	"\nUTC0 \n",
	"\nAAA1BBB\n",
	"\nAAA1BBB,J60\n",
	"\nAAA1BBB,J60,\n",
	"\nAAA1BBB,J0,J300\n",
	"\nAAA1BBB,J366,J300\n",
	"\nAAA1BBB,366,300\n",
	"\nAAA1BBB,M13.1.0,M1.1.0\n",
	"\nAAA1BBB,M0.1.0,M1.1.0\n",
	"\nAAA1BBB,M1.6.0,M1.1.0\n",
	"\nAAA1BBB,M1.0.0,M1.1.0\n",
	"\nAAA1BBB,M1.1.7,M1.1.0\n",
	"\nAAA1BBB,M1.1,M1.1.0\n",
	"\nAAA1BBB,J1/168,J2\n",
	"\nAAA1BBB,J1/,J2\n",
	"\nAAA1BBB,J1,J2x\n",
	"\nAAA1BBB,J99999999999999999999,J2\n",
};

START_TEST(footer_bad)
{
	struct zone *zone = make_zone(&(struct made){.types = 1, .footer = bad_footers[_i]});
	ck_assert_msg(zone == NULL, "%s", bad_footers[_i]);
}
END_TEST

START_TEST(file_bad)
{
	static const struct made bad[] = {
		{.types = 0, .footer = "\n\n"},
		{.types = 1, .leaps = 1, .footer = "\n\n"},
		{.types = 1, .offset = {26 * 3600 + 1}, .footer = "\n\n"},
		{.types = 1, .offset = {INT32_MIN}, .footer = "\n\n"},
		{.changes = 1, .type = {1}, .types = 1, .footer = "\n\n"},
		{.changes = 2, .at = {5, 5}, .types = 1, .footer = "\n\n"},
		{.changes = 2, .at = {5, 4}, .types = 1, .footer = "\n\n"},
		{.changes = 1, .at = {INT64_MAX}, .types = 1, .footer = "\n\n"},
		{.changes = 1, .at = {INT64_MIN}, .types = 1, .footer = "\n\n"},
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		ck_assert_msg(make_zone(&bad[i]) == NULL, "case %zu", i);
	}
}
END_TEST

/* Every shortened file, and every file with one byte changed, is read or refused, never more. */
START_TEST(file_hostile)
{
	static const struct made made = {.changes = 2,
					 .at = {-1000, 1000},
					 .type = {1, 0},
					 .types = 2,
					 .offset = {0, 3600},
					 .footer = "\nAAA0BBB,M3.5.0,M10.5.0\n"};
	CLEANUP_BUFFER struct buffer file = BUFFER_INIT(10000);
	make_file(&file, &made);
	for (size_t length = 0; length < file.length; length++) {
		ck_assert_ptr_null(zone_create_from((struct span){file.data, length}, "cut", NULL));
	}
	static const char instead[] = {0, 1, 127, (char)128, (char)255, '0', ',', '\n'};
	for (size_t i = 0; i < file.length * sizeof(instead); i++) {
		char *byte = &file.data[i / sizeof(instead)];
		char old = *byte;
		*byte = instead[i % sizeof(instead)];
		struct zone *zone = zone_create_from(buffer_span(&file), "changed", NULL);
		if (zone != NULL) {
			int64_t start = clock_week_start(202647, zone);
			ck_assert_int_eq(clock_week(start, zone), 202647);
			ck_assert_int_ne(clock_week(start - 1, zone), 202647);
			zone_offset(zone, INT64_MIN);
			clock_week(INT64_MIN, zone);
			clock_week(INT64_MAX, zone);
		}
		zone_destroy(zone);
		*byte = old;
	}
}
END_TEST

/* Clocks changed at the very start of Monday, 2026-11-16: 1794787200 is its midnight in UTC. */
static const struct {
	const char *what;
	int32_t before;
	int32_t after;
	int64_t at;
	int64_t start;
} mondays[] = {
	{"midnight left out", 0, 3600, 1794787200, 1794787200},
	{"gap from 23:30 on", 0, 3600, 1794787200 - 1800, 1794787200 - 1800},
	{"gap from 00:00 to 24:00, the whole Monday", 0, 86400, 1794787200, 1794787200},
	{"midnight comes back to 23:00", 3600, 0, 1794787200 - 3600, 1794787200},
	{"midnight twice", 3600, 0, 1794787200 - 3600 + 60, 1794787200 - 3600},
	{"a day again", 86400, 0, 1794787200 - 3600, 1794787200 - 86400},
	{"nothing near", 3600, 0, 1794787200 + 86400 * 2, 1794787200 - 3600},
};

START_TEST(monday_changes)
{
	struct zone *zone = make_zone(&(struct made){.changes = 1,
						     .at = {mondays[_i].at},
						     .type = {1},
						     .types = 2,
						     .offset = {mondays[_i].before, mondays[_i].after},
						     .footer = "\n\n"});
	ck_assert_ptr_nonnull(zone);
	int64_t start = clock_week_start(202647, zone);
	ck_assert_msg(start == mondays[_i].start * CLOCK_SECOND, "%s: %jd", mondays[_i].what, (intmax_t)start);
	for (int64_t hour = -72; hour <= 72; hour++) {
		int64_t time = start + hour * 3600 * CLOCK_SECOND;
		ck_assert_int_eq(clock_week(time, zone), hour < 0 ? 202646 : 202647);
	}
	zone_destroy(zone);
}
END_TEST

/* The definition of clock_week, at both ends of every week of 100 years and in several zones. */
START_TEST(weeks_tile_time)
{
	static const char *const names[] = {"UTC",          "Europe/Berlin",    "America/Sao_Paulo",
					    "Pacific/Apia", "America/St_Johns", "Asia/Gaza"};
	for (size_t i = 0; i < COUNT(names); i++) {
		struct zone *zone = find_zone(names[i]);
		int64_t start = zone != NULL ? clock_week_start(195001, zone) : 0;
		for (int32_t week = 195001; zone != NULL && week < 205001;) {
			int32_t next = clock_week_next(week);
			int64_t end = clock_week_start(next, zone);
			ck_assert_int_eq(clock_week(start, zone), week);
			ck_assert_int_eq(clock_week(end - 1, zone), week);
			ck_assert_int_ge(end - start, 5 * CLOCK_DAY);
			week = next;
			start = end;
		}
		zone_destroy(zone);
	}
}
END_TEST

START_TEST(lengths_of_time)
{
	static const int64_t minute = INT64_C(60) * 1000000;
	char text[CLOCK_TEXT_SIZE];
	ck_assert_str_eq(clock_format_length(0, text), "0 min");
	ck_assert_str_eq(clock_format_length(minute - 1, text), "0 min");
	ck_assert_str_eq(clock_format_length(59 * minute, text), "59 min");
	ck_assert_str_eq(clock_format_length(60 * minute, text), "1 h 0 min");
	ck_assert_str_eq(clock_format_length((23 * 60 + 59) * minute, text), "23 h 59 min");
	ck_assert_str_eq(clock_format_length((49 * 60 + 5) * minute, text), "2 d 1 h");
	ck_assert_str_eq(clock_format_length(INT64_MAX, text), "106751991 d 4 h");
}
END_TEST

Suite *clock_suite(void)
{
	Suite *suite = suite_create("clock");
	TCase *times = tcase_create("times");
	tcase_add_loop_test(times, parse_good, 0, COUNT(good_times));
	tcase_add_loop_test(times, parse_bad, 0, COUNT(bad_times));
	tcase_add_loop_test(times, format, 0, COUNT(formats));
	tcase_add_test(times, calendar);
	tcase_add_test(times, now);
	suite_add_tcase(suite, times);
	TCase *week = tcase_create("weeks");
	tcase_add_loop_test(week, week_of_date, 0, COUNT(weeks));
	tcase_add_loop_test(week, week_starts, 0, COUNT(starts));
	tcase_add_test(week, week_texts);
	tcase_add_loop_test(week, monday_changes, 0, COUNT(mondays));
	tcase_add_test(week, weeks_tile_time);
	suite_add_tcase(suite, week);
	TCase *zone = tcase_create("zones");
	tcase_add_loop_test(zone, offset, 0, COUNT(offsets));
	tcase_add_test(zone, zone_names);
	tcase_add_loop_test(zone, footer, 0, COUNT(footers));
	tcase_add_loop_test(zone, footer_bad, 0, COUNT(bad_footers));
	tcase_add_test(zone, file_bad);
	tcase_add_test(zone, file_hostile);
	tcase_add_test(zone, lengths_of_time);
	suite_add_tcase(suite, zone);
	return suite;
}
