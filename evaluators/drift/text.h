/* Layer 1, private to evaluators/drift: bytes of a reply as text. */
#ifndef UNDERSTUDY_EVALUATORS_DRIFT_TEXT_H
#define UNDERSTUDY_EVALUATORS_DRIFT_TEXT_H

#include "harness/base/arena.h"

struct drift_text {
	struct span text;  /* UTF-8 without a byte order mark; bytes that are none are U+FFFD */
	const char *fault; /* what was wrong with the encoding; NULL: nothing */
	bool moved;        /* offsets are not those of the bytes */
};

/* Borrows the bytes where nothing is wrong with them, else the text is in the arena (empty without memory). */
void drift_text_read(struct span bytes, struct arena *arena, struct drift_text *ret_text);

/* UTF-8 that holds U+FFFD, C1 controls, or what UTF-8 becomes when it is taken for Latin-1 or Windows-1252. False for
 * most such texts too: only the frequent letters are looked for. */
bool drift_text_is_garbled(struct span text);

#endif
