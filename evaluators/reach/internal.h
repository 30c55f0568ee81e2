/* Layer 1, private to evaluators/reach: putting places together. */
#ifndef UNDERSTUDY_EVALUATORS_REACH_INTERNAL_H
#define UNDERSTUDY_EVALUATORS_REACH_INTERNAL_H

#include "evaluators/reach/reach.h"

/* memcpy for lists that may be empty and then have no address. */
static inline void reach_copy(void *to, const void *from, size_t size)
{
	if (size > 0) {
		memcpy(to, from, size);
	}
}

/* One case without a schema: any value. */
struct reach_place reach_anything(struct reach *reach);
/* Values that keep a case of both places. Of too many cases those of `one` alone stay. */
struct reach_place reach_both(struct reach *reach, struct reach_place one, struct reach_place other);

/* A keyword's value as a count; false where it is absent or no integer from 0. */
bool reach_count(const struct json_node *number, uint64_t *ret_count);

/* At most so many characters by an anchored pattern; false where it sets no bound. */
bool reach_pattern_length(struct span pattern, uint64_t *ret_most);

#endif
