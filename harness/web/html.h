/* Layer 4. Fragments of pages. Everything from outside goes through text_write_html; what is written with
 * buffer_append_* elsewhere is our own words and numbers. Private to harness/web. */
#ifndef UNDERSTUDY_WEB_HTML_H
#define UNDERSTUDY_WEB_HTML_H

#include "harness/web/page.h"

/* Head, navigation and <main>; `title` is escaped. */
void html_begin(struct page *page, const char *title);
void html_end(struct page *page);

void html_text(struct buffer *body, const char *text);  /* escaped */
void html_number(struct buffer *body, uint64_t number); /* 1 234 567 with thin spaces that do not break */
/* Two places; never "0.00 %" for something nor "100.00 %" for less than all. "–" where `of` is 0. */
void html_share(struct buffer *body, uint64_t part, uint64_t of);
void html_time(struct buffer *body, int64_t time); /* <time>, UTC, to the second */
void html_age(struct buffer *body, int64_t time);  /* "3 min ago" */
void html_money(struct buffer *body, int64_t nano, const char *currency);
/* <tr> with a heading and one number; `note` (our own words, may be NULL) stands behind the heading. */
void html_count_row(struct buffer *body, const char *heading, const char *note, uint64_t number);
/* A tick, or the difference and what it means. */
void html_check(struct buffer *body, int64_t difference);

struct html_part {
	uint64_t count;
	const char *style; /* class of the part: "good", "fair", "bad", "none" */
};
/* A bar of parts side by side, drawn; the numbers stand in the table beside it, so it is hidden from screen readers. */
void html_bar(struct buffer *body, const struct html_part *parts, size_t count);

/* Nano-units as a plain decimal: "0.000150000". */
void decimal_nano(struct buffer *body, int64_t nano);

#endif
