/* Layer 1. A lenient reader of JSON in what a model wrote: for description only, it never makes a reply good.
 *
 * Finds the one object or array in the text, in prose or a code fence, and tolerates what has one meaning only:
 * trailing commas, comments, single quotes, names without quotes, True, False and None, raw control characters in
 * texts, \' in texts, and an end that is missing: then what is open is closed, and an unfinished member is dropped.
 *
 * It never guesses. Nothing is recovered from two different payloads (those in code fences go before others), missing
 * commas, colons or quotes, an omission ("..."), numbers that JSON does not have, a part of a payload that cannot be
 * read as a whole, or a text whose brackets take more than a few passes to tell apart. */
#ifndef UNDERSTUDY_EVALUATORS_DRIFT_RECOVER_H
#define UNDERSTUDY_EVALUATORS_DRIFT_RECOVER_H

#include "harness/base/json.h"

struct recovery {
	const struct json_node *root; /* NULL: none, or several that differ */
	struct span payload;          /* the place of the payload in the text; of the first of several */
	bool several;                 /* payloads that differ */
	bool verbatim; /* the payload is strict JSON as it stands: offsets of `root` count from its start */
	bool repaired; /* it has faults of syntax */
	bool cut;      /* its end is missing */
	bool fenced;   /* it stands in a code fence */
	bool prose;    /* words stand outside of it */
	bool marks;    /* other characters than words and fences stand outside of it */
};

/* `text` must be UTF-8 of less than 4 GiB. Documents live in the arena and borrow the text. Time is linear. */
void recover_json(struct span text, struct arena *arena, struct recovery *ret_recovery);

#endif
