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

enum {
	RING_INTERFACES_MAX = 64,
	RING_CAPACITY_MIN = 1024 * 1024,
};

struct ring;

enum ring_role { RING_PRODUCER, RING_CONSUMER };

/* Opens `path`. Producer: takes the producer's lock (ERROR_BUSY where another tap has it), makes the file if it is not
 * there, with `capacity` bytes of room (rounded up to pages, at least RING_CAPACITY_MIN) and mode 0600, and settles the
 * accounts of a tap that died. Memory is allocated and touched here, so that a full tmpfs is an error now and no SIGBUS
 * later. A ring that exists keeps its capacity, whatever is asked: to change it, stop the tap, let the ring drain and
 * remove the file. Consumer: takes no lock (see ring_lock_consumer), `capacity` is not used, a missing file is
 * ERROR_MISSING. A ring of a newer version is ERROR_VERSION; one that is damaged is ERROR_FORMAT. NULL on failure. */
struct ring *ring_open(const char *path, size_t capacity, enum ring_role role, struct error *err);
/* Is the file empty, or does it begin as a ring does? Then one that ring_open calls damaged may be moved away. */
bool ring_is_ours(const char *path);
void ring_close(struct ring *ring); /* gives up its locks; accepts NULL; the file stays */
uint64_t ring_capacity(const struct ring *ring);
/* Identifies this ring among all that ever fed a stream; see struct spool_accounts. */
uint64_t ring_origin(const struct ring *ring);

/* Producer. Index of the interface's account, made on first use; -1 when RING_INTERFACES_MAX are taken or the name is
 * not 1 to SPOOL_NAME_MAX bytes. */
int ring_account(struct ring *ring, struct span interface);
void ring_begin(struct ring *ring, int account);
/* Sets exchange->sequence to the last one plus 1. False: not taken and counted as dropped, DROP_RING_FULL where there
 * is no room now, DROP_TOO_LARGE where the frame is above half the capacity or SPOOL_FRAME_MAX and never fits. */
bool ring_commit(struct ring *ring, int account, struct spool_exchange *exchange);
void ring_drop(struct ring *ring, int account, enum drop_reason reason);
/* Counts an exchange as seen and dropped in one update, in place of ring_begin and ring_drop. */
void ring_pass_over(struct ring *ring, int account, enum drop_reason reason);
/* Producer. Bytes waiting, exact where they are `enough` or more. Below that possibly too many: then the consumer's
 * cache line was not touched, which is what makes this cheap enough to ask for every exchange. */
uint64_t ring_fill(struct ring *ring, uint64_t enough);
/* Producer. What other processes read: capture is reduced since this moment, UTC us; 0: it is full. A producer that
 * opens the ring sets it to 0. */
void ring_set_reduced_since(struct ring *ring, int64_t since);

/* Any role. A copy of one account; false past the last one. Consistent unless the producer died inside an update (the
 * next producer repairs that); then the plain values. `at` is now; the interface's name is valid until ring_close. */
bool ring_read_account(struct ring *ring, int account, struct spool_accounts *ret_accounts);

/* All accounts and the position that they belong to: what is committed is exactly what lies before `head`. */
struct ring_snapshot {
	uint64_t head;
	size_t count;
	struct spool_accounts accounts[RING_INTERFACES_MAX];
};
/* Any role. False where the producer died inside an update, or was too busy for a while. */
bool ring_read_snapshot(struct ring *ring, struct ring_snapshot *ret_snapshot);

/* Consumer. Takes the one lock of consumers, until ring_close; ERROR_BUSY where another has it. */
MUST_CHECK bool ring_lock_consumer(struct ring *ring, struct error *err);
/* Consumer. The committed frames not yet released that lie before `until` (a head, or UINT64_MAX: all), as one
 * contiguous span (there may be more behind it after a wrap); empty when there is nothing. Stable until ring_release.
 * Frames are whole. */
struct span ring_peek(struct ring *ring, uint64_t until);
void ring_release(struct ring *ring, size_t length);
/* Bytes committed and not released; any role. */
uint64_t ring_waiting(const struct ring *ring);
int64_t ring_reduced_since(const struct ring *ring); /* any role */

#endif
