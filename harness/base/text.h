/* Layer 0. UTF-8, hexadecimal, HTML escaping and the strict readers of numbers. No locale anywhere.
 *
 * Nothing here keeps a pointer to its arguments. Spans of length 0 may have any `data`. */
#ifndef UNDERSTUDY_BASE_TEXT_H
#define UNDERSTUDY_BASE_TEXT_H

#include "harness/base/bytes.h"

bool text_is_utf8(struct span text); /* well-formed as Unicode 15 table 3-7: no surrogates, nothing overlong */
/* Decodes one code point at *position and moves it on; false, with nothing moved, at the end or at a malformed byte. */
bool text_next_code_point(struct span text, size_t *position, uint32_t *ret_code_point);
/* Code points, for JSON Schema's minLength; text must be UTF-8. */
size_t text_length(struct span text);
/* Appends the code point as UTF-8; it must be a Unicode scalar value. */
void text_append_code_point(struct buffer *buffer, uint32_t code_point);
/* The same into `bytes`; returns how many, 1 to 4. */
size_t text_encode_code_point(uint32_t code_point, char bytes[4]);

struct span text_trim(struct span text); /* without ASCII white space at both ends */
bool text_starts_with(struct span text, const char *prefix);
/* Position of the first `needle`, or text.length. An empty needle is found at 0. */
size_t text_find(struct span text, struct span needle);
/* ASCII letters only. */
bool text_equal_ignoring_case(struct span a, struct span b);
char text_lower(char c);
bool text_is_digit(char c);

/* How many letters are inserted, left out, replaced or swapped with their neighbour between the two (optimal string
 * alignment, Damerau 1964), whatever their case; SIZE_MAX where one is longer than TEXT_DISTANCE_MAX bytes. */
enum { TEXT_DISTANCE_MAX = 60 };
size_t text_distance(struct span a, struct span b);
/* So few that `candidate` may be meant where `wanted` was written: one, and one more for each four bytes of it. */
bool text_is_near(struct span wanted, struct span candidate);

/* Whole text or nothing: decimal digits, "-" only where signed, never "+"; no white space, no overflow. Leading zeros
 * are fine. */
MUST_CHECK bool text_to_int64(struct span text, int64_t *ret_number);
MUST_CHECK bool text_to_uint64(struct span text, uint64_t *ret_number);
/* Numbers in JSON's grammar, nearest double, whatever the locale; false where that is infinite or the text is longer
 * than 4096 bytes. */
MUST_CHECK bool text_to_double(struct span text, double *ret_number);
/* A share from 0 to 1 ("0.02", "1", "1.0", "2e-2", no sign) as parts per million, exact; false where it needs more than
 * six places. */
MUST_CHECK bool text_to_ppm(struct span text, uint32_t *ret_ppm);

void text_write_hex(struct buffer *buffer, const void *bytes, size_t length); /* lower case */
MUST_CHECK bool text_from_hex(struct span hex, void *bytes, size_t length); /* exactly 2 * length digits, either case */
int text_hex_digit(char c);                                                 /* 0 to 15, -1 for other characters */

/* HTML text and quoted attribute values: & < > " ' escaped; bytes that are not UTF-8 become U+FFFD (one for each),
 * and control characters (C0, DEL, C1) other than tab and newline are shown as U+FFFD too. The only way for outside
 * text into HTML. */
void text_write_html(struct buffer *buffer, struct span text);

#endif
