/* Layer 4, private to reports: text into Markdown (CommonMark with tables). */
#ifndef UNDERSTUDY_REPORTS_MARKDOWN_H
#define UNDERSTUDY_REPORTS_MARKDOWN_H

#include "harness/base/bytes.h"

/* The only way for outside text into Markdown: one line, in which nothing is markup, HTML or a table's bar. White
 * space of any kind becomes one space, control characters and bytes that are not UTF-8 become U+FFFD. */
void markdown_write_text(struct buffer *buffer, struct span text);

#endif
