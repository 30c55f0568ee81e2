/* Layer 2. Evaluations that wait for the legacy answer, and comparisons that are made again because another answer
 * counts. As in store/evaluation.h: between store_begin and store_commit, rollups with the rows, spans borrowed. */
#ifndef UNDERSTUDY_STORE_CORRECTION_H
#define UNDERSTUDY_STORE_CORRECTION_H

#include "harness/store/evaluation.h"

/* Adds the row in state pending, waiting for `reason`. `reply`: a recorded reply of the LLM path, kept until
 * it can be compared (store_evaluation_reply); data NULL: it will be asked for. */
MUST_CHECK bool store_evaluation_hold(struct store *store, int64_t exchange, int64_t candidate, int32_t week, bool test,
				      enum pending_reason reason, struct span reply, struct error *err);

struct store_standing {
	bool is_there;
	enum evaluation state;
	int reason;           /* -1: none */
	int64_t epoch;        /* 0: none */
	enum outcome outcome; /* of a compared one */
	bool has_reply;       /* there is a reply in the store */
};
MUST_CHECK bool store_evaluation_standing(struct store *store, int64_t exchange, int64_t candidate,
					  struct store_standing *ret_standing, struct error *err);

/* Waiting or unpaired to pending; waiting to unpaired. *ret_moved: the row stood there. */
MUST_CHECK bool store_evaluation_open(struct store *store, int64_t exchange, int64_t candidate, int32_t week, bool test,
				      bool *ret_moved, struct error *err);
MUST_CHECK bool store_evaluation_unpair(struct store *store, int64_t exchange, int64_t candidate, int32_t week,
					bool test, bool *ret_moved, struct error *err);

/* What a record had been drawn with. */
struct store_drawn {
	struct span key;
	uint32_t pi_ppm;
	bool sampled;
};
/* Takes the records of a compared evaluation away, with their field differences and all that the rollups count of them.
 * `fields`: rows of all compared fields, the same as when they were added. The list lies in the arena, by key. */
MUST_CHECK bool store_records_take(struct store *store, const struct store_record *of, const int64_t *fields,
				   size_t field_count, struct arena *arena, struct store_drawn **ret_drawn,
				   size_t *ret_count, struct error *err);
/* The verdict of a compared evaluation, after its records were written anew. */
MUST_CHECK bool store_evaluation_judge(struct store *store, int64_t exchange, int64_t candidate, enum verdict verdict,
				       struct error *err);
/* As store_review_value_add, and replaces what is there. */
MUST_CHECK bool store_review_value_set(struct store *store, int64_t item, int64_t path, int64_t field,
				       struct span value, struct error *err);

#endif
