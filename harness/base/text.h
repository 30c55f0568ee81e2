/* Layer 0. UTF-8, hexadecimal, base64 and the strict readers of numbers. No locale anywhere. */
#ifndef UNDERSTUDY_BASE_TEXT_H
#define UNDERSTUDY_BASE_TEXT_H

#include "harness/base/bytes.h"

bool text_is_utf8(struct span text); /* well-formed as Unicode 15 table 3-7: no surrogates, nothing overlong */
/* Decodes one code point at *position and moves it on; false at the end or at a malformed byte. */
bool text_next_code_point(struct span text, size_t *position, uint32_t *ret_code_point);
/* Code points, for JSON Schema's minLength; text must be UTF-8. */
size_t text_length(struct span text);
/* Appends the code point as UTF-8; it must be a Unicode scalar value. */
void text_append_code_point(struct buffer *buffer, uint32_t code_point);

struct span text_trim(struct span text); /* without ASCII white space at both ends */
bool text_starts_with(struct span text, const char *prefix);
/* Position of the first `needle`, or text.length. */
size_t text_find(struct span text, struct span needle);
/* ASCII letters only. */
bool text_equal_ignoring_case(struct span a, struct span b);
char text_lower(char c);
bool text_is_digit(char c);
bool text_is_space(char c); /* space, \t \n \v \f \r */

/* Whole text or nothing: no white space, no sign where unsigned, no overflow. */
MUST_CHECK bool text_to_int64(struct span text, int64_t *ret_number);
MUST_CHECK bool text_to_uint64(struct span text, uint64_t *ret_number);
/* Finite decimal numbers in JSON's grammar, nearest double, whatever the locale. */
MUST_CHECK bool text_to_double(struct span text, double *ret_number);
/* A share from 0 to 1 ("0.02", "1", "1.0") as parts per million, exact; false where it needs more than six places. */
MUST_CHECK bool text_to_ppm(struct span text, uint32_t *ret_ppm);

void text_write_hex(struct buffer *buffer, const void *bytes, size_t length); /* lower case */
MUST_CHECK bool text_from_hex(struct span hex, void *bytes, size_t length);   /* exactly 2 * length digits */

/* HTML text and quoted attribute values: & < > " ' escaped; bytes that are not UTF-8 become U+FFFD, and control
 * characters other than tab and newline are shown as U+FFFD too. The only ways for outside text into HTML. */
void text_write_html(struct buffer *buffer, struct span text);

#endif
