#include "harness/base/clock.h"
#include "harness/base/text.h"
#include "harness/paths/openai.h"

#include <stdio.h>

enum { LONGEST_WAIT_S = 86400, DATE_LENGTH = 29 };

static bool read_number(const char *text, size_t digits, int64_t *ret_number)
{
	return text_to_int64((struct span){text, digits}, ret_number);
}

static bool read_month(const char *text, int *ret_month)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	for (int i = 0; i < 12; i++) {
		if (memcmp(text, months + (size_t)i * 3, 3) == 0) {
			*ret_month = i + 1;
			return true;
		}
	}
	return false;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT": the one form that senders may still make (RFC 9110 section 5.6.7). */
static bool read_date(struct span value, int64_t *ret_time)
{
	if (value.length != DATE_LENGTH || memcmp(value.data + 25, " GMT", 4) != 0 || value.data[3] != ',') {
		return false;
	}
	int month = 0;
	int64_t day = 0;
	int64_t year = 0;
	if (!read_month(value.data + 8, &month) || !read_number(value.data + 5, 2, &day) ||
	    !read_number(value.data + 12, 4, &year)) {
		return false;
	}
	char text[CLOCK_TEXT_SIZE];
	(void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%.8sZ", (int)year, month, (int)day, value.data + 17);
	return clock_parse(span_of(text), ret_time);
}

int64_t retry_after_read(struct span value, int64_t now)
{
	value = text_trim(value);
	double seconds = 0;
	int64_t time = 0;
	if (value.length > 0 && text_to_double(value, &seconds)) {
		if (seconds < 0) {
			return -1;
		}
		return seconds > LONGEST_WAIT_S ? LONGEST_WAIT_S * INT64_C(1000) : (int64_t)(seconds * 1000);
	}
	if (read_date(value, &time)) {
		return time <= now ? 0 : (time - now) / 1000;
	}
	return -1;
}
