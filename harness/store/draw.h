/* Layer 2. Draws for shadow work: with which probability an exchange was taken, by which rule, and whether it was.
 * Between store_begin and store_commit; rollup_shadow is kept up. */
#ifndef UNDERSTUDY_STORE_DRAW_H
#define UNDERSTUDY_STORE_DRAW_H

#include "harness/base/vocabulary.h"
#include "harness/store/store.h"

struct store_draw {
	enum shadow_rule rule;
	uint32_t pi_ppm;
	bool chosen;
};
/* Once for each exchange, before its evaluations. */
MUST_CHECK bool store_draw_add(struct store *store, int64_t exchange, int64_t interface_id, int32_t week, bool test,
			       const struct store_draw *draw, struct error *err);

enum { STORE_OPERATION_SIZE = 8 };
/* *ret_taken: fewer than `floor` were taken in that minute (since 1970) of that operation; one more is now. */
MUST_CHECK bool store_floor_take(struct store *store, int64_t interface_id, int64_t minute,
				 const uint8_t operation[STORE_OPERATION_SIZE], int floor, bool *ret_taken,
				 struct error *err);
/* Forgets the minutes before that one; *ret_count rows. */
MUST_CHECK bool store_floor_expire(struct store *store, int64_t interface_id, int64_t minute, size_t *ret_count,
				   struct error *err);

#endif
