/* Layer 1, private to evaluators/schema: patterns like ^ORD-[0-9]{4}-[0-9]{8}$, as most schemas have them, matched
 * without a regular expression engine.
 *
 * Taken are patterns that begin with ^ and consist of ASCII characters, classes of them, \d, \w, escaped punctuation
 * and quantifiers, where every element of no fixed length is followed by what it cannot itself match: then the longest
 * match of each element is the only one, and there is nothing to try again. Time is linear in the text. */
#ifndef UNDERSTUDY_EVALUATORS_SCHEMA_PATTERN_SIMPLE_H
#define UNDERSTUDY_EVALUATORS_SCHEMA_PATTERN_SIMPLE_H

#include "harness/base/bytes.h"

enum { SIMPLE_ELEMENTS_MAX = 24 };

struct simple_set {
	uint64_t ascii[2];
	bool wide; /* all that is not ASCII, too; then without an upper limit and with a lower one of 1 at most, because
		    * bytes are counted */
};

struct simple_element {
	struct simple_set set;
	uint32_t least;
	uint32_t most; /* UINT32_MAX: any number */
};

struct simple_pattern {
	struct simple_element elements[SIMPLE_ELEMENTS_MAX];
	uint32_t count;
	bool to_the_end; /* ends with $ */
};

/* `text` must be a pattern that schema_pattern_translate accepts. False where it is not of this kind. */
bool simple_pattern_read(struct span text, struct simple_pattern *ret_pattern);
bool simple_pattern_match(const struct simple_pattern *pattern, struct span text);

#endif
