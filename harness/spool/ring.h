/* Layer 2. The capture ring: preallocated shared memory between the live path and the drainer.
 *
 * One producer (the tap's only thread), one consumer (whoever holds the drainer lock). A file in a tmpfs, so it
 * survives the death of any process; a restarted tap opens the same ring and goes on. Commit is a copy and one
 * release-store of the head: a record is there completely or not at all. Nothing here blocks, allocates or makes a
 * system call after ring_open: a full ring is a counted drop.
 *
 * Accounts. Per interface, in the ring itself: seen, committed, in flight, dropped by reason. ring_begin counts an
 * exchange as seen and in flight; exactly one of ring_commit and ring_drop ends it. When a tap died with exchanges in
 * flight, the next ring_open by a producer counts them as dropped, DROP_TAP_KILLED; a record that was committed in the
 * very instant of death counts as committed, once. */
#ifndef UNDERSTUDY_SPOOL_RING_H
#define UNDERSTUDY_SPOOL_RING_H

#include "harness/spool/record.h"

enum { RING_INTERFACES_MAX = 64 };

struct ring;

enum ring_role { RING_PRODUCER, RING_CONSUMER };

/* Opens `path`, made with `capacity` bytes (rounded up to pages, at least 1 MiB) and mode 0600 if it is not there.
 * Every page is touched, so that a full tmpfs is an error now and no SIGBUS later. Producer: takes an exclusive lock
 * (ERROR_BUSY where another tap has it) and settles the accounts of a tap that died. A ring of a newer version is
 * ERROR_VERSION; one that is damaged is ERROR_FORMAT. NULL on failure. */
struct ring *ring_open(const char *path, size_t capacity, enum ring_role role, struct error *err);
void ring_close(struct ring *ring); /* accepts NULL; the file stays */

/* Producer. Index of the interface's account, made on first use; -1 when RING_INTERFACES_MAX are taken. */
int ring_account(struct ring *ring, struct span interface);
void ring_begin(struct ring *ring, int account);
/* Sets exchange->sequence. False: there was no room; counted as dropped, DROP_RING_FULL. */
bool ring_commit(struct ring *ring, int account, struct spool_exchange *exchange);
void ring_drop(struct ring *ring, int account, enum drop_reason reason);
uint64_t ring_capacity(const struct ring *ring);

/* Any role. A consistent copy of one account; false past the last one. */
bool ring_read_account(struct ring *ring, int account, struct spool_accounts *ret_accounts);

/* Consumer. The committed frames not yet released, as one contiguous span (there may be more behind it after a
 * wrap); empty when there is nothing. Stable until ring_release. Frames are whole. */
struct span ring_peek(struct ring *ring);
void ring_release(struct ring *ring, size_t length);
uint64_t ring_waiting(const struct ring *ring); /* bytes committed and not released */

#endif
