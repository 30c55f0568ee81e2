/* Layer 2, private to the spool. The ring's file as docs/spool.md has it, and the update of an account, shared by
 * ring.c (what the live path and the drainer do) and ring_open.c (opening, and settling after a death). */
#ifndef UNDERSTUDY_SPOOL_RING_LAYOUT_H
#define UNDERSTUDY_SPOOL_RING_LAYOUT_H

#include "harness/spool/boot.h"
#include "harness/spool/ring.h"

#include <stdalign.h>
#include <stdatomic.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the ring's header is shared in native byte order, which docs/spool.md fixes as little-endian"
#endif

enum {
	RING_REASONS_RESERVED = 16, /* so that a new drop reason does not change the layout */
};
/* In place of a frame's length: nothing more until the end of the data area. */
#define RING_SKIP UINT32_MAX

_Static_assert((int)DROP_REASON_COUNT <= (int)RING_REASONS_RESERVED, "more drop reasons need a new ring version");

struct account {
	char name[SPOOL_NAME_MAX + 1];
	_Atomic uint64_t seen;
	_Atomic uint64_t committed;
	_Atomic uint64_t in_flight;
	_Atomic uint64_t dropped[RING_REASONS_RESERVED];
	uint64_t reserved[5];
};

/* Values before the update that is under way: how the next producer undoes or completes it. Valid while `lock` is odd.
 */
struct journal {
	uint64_t account;
	uint64_t reason;
	uint64_t seen;
	uint64_t committed;
	uint64_t in_flight;
	uint64_t dropped; /* of `reason` */
	uint64_t head;
	uint64_t sequence;
};

/* The file's head; the data area follows. head and tail count bytes since the ring was made; modulo the capacity they
 * are places in the data area. */
struct shared {
	char magic[8];
	uint32_t version;
	uint32_t head_size; /* of this struct */
	uint64_t capacity;
	uint64_t origin;
	int64_t created_at;
	char boot_id[BOOT_ID_SIZE];
	alignas(64) _Atomic uint64_t head; /* the producer's line */
	_Atomic uint64_t lock;     /* sequence lock over all accounts, `head` and `sequence`: odd inside an update */
	_Atomic uint64_t sequence; /* of the last exchange committed */
	_Atomic uint64_t wrap;     /* where the last skip marker was put, as a head */
	_Atomic uint64_t account_count;
	_Atomic int64_t reduced_since; /* UTC us; 0: capture is full */
	alignas(64) struct journal journal;
	alignas(64) _Atomic uint64_t tail; /* the consumer's line */
	alignas(4096) struct account accounts[RING_INTERFACES_MAX];
};

_Static_assert(sizeof(struct account) == 256, "docs/spool.md");
_Static_assert(offsetof(struct shared, head) == 128, "docs/spool.md");
_Static_assert(offsetof(struct shared, reduced_since) == 168, "docs/spool.md");
_Static_assert(offsetof(struct shared, journal) == 192, "docs/spool.md");
_Static_assert(offsetof(struct shared, tail) == 256, "docs/spool.md");
_Static_assert(offsetof(struct shared, accounts) == 4096, "docs/spool.md");
_Static_assert(sizeof(struct shared) == 20480, "docs/spool.md");

struct ring {
	int fd;
	enum ring_role role;
	struct shared *shared;
	char *data;
	uint64_t capacity;
	uint64_t tail_seen; /* producer: the tail when last looked at, so that the consumer's line is rarely touched */
	char path[256];
};

static inline uint64_t ring_load(_Atomic uint64_t *place)
{
	return atomic_load_explicit(place, memory_order_relaxed);
}

static inline void ring_store(_Atomic uint64_t *place, uint64_t number)
{
	atomic_store_explicit(place, number, memory_order_relaxed);
}

static inline void ring_add(_Atomic uint64_t *place, uint64_t number)
{
	ring_store(place, ring_load(place) + number);
}

/* Every change of an account stands between these two. Fills the journal and makes the lock odd; `reason` is the one
 * drop counter that may change. */
struct account *ring_update_begin(struct ring *ring, int index, enum drop_reason reason);
void ring_update_end(struct ring *ring);

#endif
