/* Layer 2. Deliveries that no contract of the installation claims: read from the spool while their interface was taken
 * out of the configuration, or before the worker knew that it was added. They wait here as they were, in the order of
 * reading, and are worked on like all others by the first worker that has the contract.
 *
 * A delivery that waits is a term of the first ledger of its own (store_ledger.unclaimed); it is counted as stored,
 * duplicate or late answer when it is claimed. */
#ifndef UNDERSTUDY_STORE_UNCLAIMED_H
#define UNDERSTUDY_STORE_UNCLAIMED_H

#include "harness/base/arena.h"
#include "harness/store/store.h"

/* Inside a transaction, as store_unclaimed_take. `frame`, borrowed: whatever the caller can read again. */
MUST_CHECK bool store_unclaimed_add(struct store *store, const char *stream, int64_t interface_id, struct span frame,
				    struct error *err);
/* Removes the oldest one of the interface. *ret_frame and *ret_stream lie in the arena; *ret_stream is NULL where none
 * is left. */
MUST_CHECK bool store_unclaimed_take(struct store *store, int64_t interface_id, struct arena *arena,
				     struct span *ret_frame, char **ret_stream, struct error *err);
/* How many wait; 0 for an interface that nothing is known of. */
MUST_CHECK bool store_unclaimed_count(struct store *store, int64_t interface_id, uint64_t *ret_count,
				      struct error *err);

#endif
