#include "harness/base/text.h"

#include "harness/base/decimal.h"
#include "harness/base/number.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

enum { NUMBER_TEXT_MAX = 4096, PPM = 1000000, PPM_PLACES = 6, DELETE = 0x7f, LAST_C1_CONTROL = 0x9f };

static const char REPLACEMENT[] = "\xef\xbf\xbd"; /* U+FFFD */

static bool is_continuation(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

/* Smallest and largest second byte behind a given first one: Unicode 15 table 3-7. All later bytes are 80..BF. */
static bool second_byte_fits(uint8_t first, uint8_t second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return is_continuation(second);
	}
}

static size_t sequence_length(uint8_t first)
{
	if (first < 0x80) {
		return 1;
	}
	if (first < 0xc2 || first > 0xf4) {
		return 0;
	}
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

bool text_next_code_point(struct span text, size_t *position, uint32_t *ret_code_point)
{
	if (*position >= text.length) {
		return false;
	}
	const char *bytes = text.data + *position;
	uint8_t first = (uint8_t)bytes[0];
	size_t length = sequence_length(first);
	if (length == 1) {
		*ret_code_point = first;
		*position += 1;
		return true;
	}
	if (length == 0 || length > text.length - *position || !second_byte_fits(first, (uint8_t)bytes[1])) {
		return false;
	}
	uint32_t code_point = first & (0x7fU >> length);
	for (size_t i = 1; i < length; i++) {
		if (!is_continuation((uint8_t)bytes[i])) {
			return false;
		}
		code_point = code_point << 6 | ((uint8_t)bytes[i] & 0x3fU);
	}
	*ret_code_point = code_point;
	*position += length;
	return true;
}

/* Most text is ASCII: eight bytes at a time until one has its high bit set. */
static size_t skip_ascii(struct span text, size_t position)
{
	uint64_t eight;
	while (text.length - position >= sizeof(eight)) {
		memcpy(&eight, text.data + position, sizeof(eight));
		if ((eight & UINT64_C(0x8080808080808080)) != 0) {
			break;
		}
		position += sizeof(eight);
	}
	return position;
}

bool text_is_utf8(struct span text)
{
	size_t position = 0;
	uint32_t code_point;
	while (position < text.length) {
		position = skip_ascii(text, position);
		if (position < text.length && !text_next_code_point(text, &position, &code_point)) {
			return false;
		}
	}
	return true;
}

size_t text_length(struct span text)
{
	size_t count = 0;
	for (size_t i = 0; i < text.length; i++) {
		count += !is_continuation((uint8_t)text.data[i]);
	}
	return count;
}

size_t text_encode_code_point(uint32_t code_point, char bytes[4])
{
	BUG_ON(code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff));
	if (code_point < 0x80) {
		bytes[0] = (char)code_point;
		return 1;
	}
	size_t length = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
	for (size_t i = length - 1; i > 0; i--) {
		bytes[i] = (char)(uint8_t)(0x80U | (code_point & 0x3fU));
		code_point >>= 6;
	}
	bytes[0] = (char)(uint8_t)((0xf00U >> length & 0xffU) | code_point);
	return length;
}

void text_append_code_point(struct buffer *buffer, uint32_t code_point)
{
	char bytes[4];
	buffer_append(buffer, bytes, text_encode_code_point(code_point, bytes));
}

char text_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool text_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Space, \t \n \v \f \r. */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct span text_trim(struct span text)
{
	while (text.length > 0 && is_space(text.data[0])) {
		text.data++;
		text.length--;
	}
	while (text.length > 0 && is_space(text.data[text.length - 1])) {
		text.length--;
	}
	return text;
}

bool text_starts_with(struct span text, const char *prefix)
{
	size_t length = strlen(prefix);
	return length == 0 || (text.length >= length && memcmp(text.data, prefix, length) == 0);
}

size_t text_find(struct span text, struct span needle)
{
	if (needle.length == 0) {
		return 0;
	}
	if (needle.length > text.length) {
		return text.length;
	}
	const char *found = memmem(text.data, text.length, needle.data, needle.length);
	return found != NULL ? (size_t)(found - text.data) : text.length;
}

bool text_equal_ignoring_case(struct span a, struct span b)
{
	if (a.length != b.length) {
		return false;
	}
	for (size_t i = 0; i < a.length; i++) {
		if (text_lower(a.data[i]) != text_lower(b.data[i])) {
			return false;
		}
	}
	return true;
}

bool text_to_uint64(struct span text, uint64_t *ret_number)
{
	uint64_t number = 0;
	for (size_t i = 0; i < text.length; i++) {
		if (!text_is_digit(text.data[i]) || __builtin_mul_overflow(number, 10U, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(text.data[i] - '0'), &number)) {
			return false;
		}
	}
	if (text.length == 0) {
		return false;
	}
	*ret_number = number;
	return true;
}

bool text_to_int64(struct span text, int64_t *ret_number)
{
	bool negative = text_starts_with(text, "-");
	uint64_t magnitude;
	struct span digits = negative ? (struct span){text.data + 1, text.length - 1} : text;
	if (!text_to_uint64(digits, &magnitude)) {
		return false;
	}
	uint64_t largest = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
	if (magnitude > largest) {
		return false;
	}
	*ret_number = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return true;
}

static locale_t c_locale;

static void make_c_locale(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	BUG_ON(c_locale == (locale_t)0); /* glibc has it built in and cannot fail */
}

bool text_to_double(struct span text, double *ret_number)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct number_parts parts;
	char copy[NUMBER_TEXT_MAX + 1];
	if (text.length == 0 || text.length > NUMBER_TEXT_MAX ||
	    !number_scan(text.data, text.data + text.length, &parts) || parts.end != text.data + text.length) {
		return false;
	}
	memcpy(copy, text.data, text.length);
	copy[text.length] = '\0';
	pthread_once(&once, make_c_locale);
	double number = strtod_l(copy, NULL, c_locale);
	if (!isfinite(number)) {
		return false;
	}
	*ret_number = number;
	return true;
}

bool text_to_ppm(struct span text, uint32_t *ret_ppm)
{
	struct decimal share;
	int64_t ppm;
	if (text_starts_with(text, "-") || !decimal_parse(text, &share, NULL)) {
		return false;
	}
	share.exponent += PPM_PLACES;
	if (!decimal_is_integer(&share) || !decimal_to_scaled(&share, 0, &ppm, NULL) || ppm > PPM) {
		return false;
	}
	*ret_ppm = (uint32_t)ppm;
	return true;
}

void text_write_hex(struct buffer *buffer, const void *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *byte = bytes;
	for (size_t i = 0; i < length; i++) {
		buffer_append(buffer, (const char[]){digits[byte[i] >> 4], digits[byte[i] & 15]}, 2);
	}
}

int text_hex_digit(char c)
{
	if (text_is_digit(c)) {
		return c - '0';
	}
	char lower = text_lower(c);
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool text_from_hex(struct span hex, void *bytes, size_t length)
{
	if (hex.length % 2 != 0 || hex.length / 2 != length) {
		return false;
	}
	for (size_t i = 0; i < hex.length; i++) {
		if (text_hex_digit(hex.data[i]) < 0) {
			return false;
		}
	}
	uint8_t *byte = bytes;
	for (size_t i = 0; i < length; i++) {
		byte[i] = (uint8_t)(text_hex_digit(hex.data[2 * i]) << 4 | text_hex_digit(hex.data[2 * i + 1]));
	}
	return true;
}

/* What stands in HTML for the code point; NULL: itself. */
static const char *html_for(uint32_t code_point)
{
	switch (code_point) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	case '\t':
	case '\n':
		return NULL;
	default:
		return code_point < ' ' || (code_point >= DELETE && code_point <= LAST_C1_CONTROL) ? REPLACEMENT : NULL;
	}
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t text_distance(struct span a, struct span b)
{
	size_t table[TEXT_DISTANCE_MAX + 1][TEXT_DISTANCE_MAX + 1];
	if (a.length > TEXT_DISTANCE_MAX || b.length > TEXT_DISTANCE_MAX) {
		return SIZE_MAX;
	}
	for (size_t i = 0; i <= a.length; i++) {
		for (size_t j = 0; j <= b.length; j++) {
			if (i == 0 || j == 0) {
				table[i][j] = i + j;
				continue;
			}
			size_t changed = text_lower(a.data[i - 1]) != text_lower(b.data[j - 1]) ? 1 : 0;
			size_t best = smaller(table[i - 1][j] + 1, table[i][j - 1] + 1);
			best = smaller(best, table[i - 1][j - 1] + changed);
			if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1]) {
				best = smaller(best, table[i - 2][j - 2] + 1);
			}
			table[i][j] = best;
		}
	}
	return table[a.length][b.length];
}

bool text_is_near(struct span wanted, struct span candidate)
{
	size_t most = 1 + wanted.length / 4;
	size_t longer =
		wanted.length > candidate.length ? wanted.length - candidate.length : candidate.length - wanted.length;
	return longer <= most && text_distance(wanted, candidate) <= most;
}

void text_write_html(struct buffer *buffer, struct span text)
{
	size_t written = 0; /* all before it has been appended */
	size_t position = 0;
	while (position < text.length) {
		size_t start = position;
		uint32_t code_point;
		const char *instead = REPLACEMENT;
		if (text_next_code_point(text, &position, &code_point)) {
			instead = html_for(code_point);
		} else {
			position++;
		}
		if (instead != NULL) {
			buffer_append(buffer, text.data + written, start - written);
			buffer_append_text(buffer, instead);
			written = position;
		}
	}
	if (written < text.length) {
		buffer_append(buffer, text.data + written, text.length - written);
	}
}
