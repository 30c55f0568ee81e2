/* Layer 2. The input gates: what was done about messages, and letting go what was held. As in store/evaluation.h: what
 * writes is called between store_begin and store_commit, spans are borrowed for the call. */
#ifndef UNDERSTUDY_STORE_INPUT_H
#define UNDERSTUDY_STORE_INPUT_H

#include "harness/base/vocabulary.h"
#include "harness/store/store.h"

/* What the gates found of one message that was stored as a new exchange. */
struct store_input {
	int64_t exchange;
	int64_t interface_id;
	int64_t captured_at;
	bool test;
	bool unreadable;
	bool deviates;
	enum input_gate gate; /* of one that deviates: what was done; else INPUT_HOLD or INPUT_WARN (nothing) */
	struct span detail;   /* of one that deviates */
};
/* Counts it, and marks one that deviates. Once for each exchange. */
MUST_CHECK bool store_input_add(struct store *store, const struct store_input *input, struct error *err);

/* Is an alarm of data drift open: an unresolved incident of kind input_change? */
MUST_CHECK bool store_input_changed(struct store *store, int64_t interface_id, bool *ret_changed, struct error *err);

/* Held messages of one interface that somebody lets go. */
struct store_release {
	int64_t interface_id;
	int64_t exchange;     /* 0: all that are held */
	enum input_gate gate; /* INPUT_WARN: to be evaluated; INPUT_DEAD_LETTER: set aside */
	struct span actor;
	struct span note;
	int64_t at;
};
/* *ret_count exchanges. Those whose legacy answer is awaited wait for it then. */
MUST_CHECK bool store_input_release(struct store *store, const struct store_release *release, int64_t *ret_count,
				    struct error *err);

#endif
