/* Layer 3, inside harness/tap only. A posted body cut into its lines, one after the other, so that a large one can be
 * taken bit by bit. A pure function of bytes; only the cuts are made here, what is in a line is not looked at.
 *
 *   lines   NDJSON: a line ends with LF or CRLF; those of white space alone are passed over and counted
 *   array   a JSON array: its items, each with the white space around it; numbered from 1
 *   object  anything else: one line, the whole body
 *
 * What is behind a cut that could not be made (an array that does not end, or goes on behind its end) comes as one last
 * line with an error. */
#ifndef UNDERSTUDY_TAP_BATCH_H
#define UNDERSTUDY_TAP_BATCH_H

#include "harness/base/bytes.h"

enum batch_form { BATCH_OBJECT, BATCH_ARRAY, BATCH_LINES };

struct batch {
	enum batch_form form;
	struct span rest; /* borrowed */
	size_t line;      /* of the last one taken, from 1 */
	bool is_over;
};

struct batch_line {
	size_t number;
	struct span text;  /* without white space at both ends */
	const char *error; /* NULL; or why this is no line, static */
};

/* `lines`: by its media type the body is NDJSON. */
struct batch batch_of(struct span body, bool lines);
/* False behind the last line. */
bool batch_next(struct batch *batch, struct batch_line *ret_line);

#endif
