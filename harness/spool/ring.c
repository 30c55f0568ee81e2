#include "harness/base/clock.h"
#include "harness/spool/ring_layout.h"

enum { SNAPSHOT_ATTEMPTS = 100000 };

/* --- counting: every change of an account is one update under the sequence lock --- */

struct account *ring_update_begin(struct ring *ring, int index, enum drop_reason reason)
{
	struct shared *shared = ring->shared;
	BUG_ON(ring->role != RING_PRODUCER);
	BUG_ON(index < 0 || (uint64_t)index >= ring_load(&shared->account_count) || reason >= DROP_REASON_COUNT);
	struct account *account = &shared->accounts[index];
	shared->journal = (struct journal){
		.account = (uint64_t)index,
		.reason = reason,
		.seen = ring_load(&account->seen),
		.committed = ring_load(&account->committed),
		.in_flight = ring_load(&account->in_flight),
		.dropped = ring_load(&account->dropped[reason]),
		.head = ring_load(&shared->head),
		.sequence = ring_load(&shared->sequence),
	};
	atomic_store_explicit(&shared->lock, ring_load(&shared->lock) + 1, memory_order_release);
	atomic_thread_fence(memory_order_release);
	return account;
}

void ring_update_end(struct ring *ring)
{
	struct shared *shared = ring->shared;
	atomic_store_explicit(&shared->lock, ring_load(&shared->lock) + 1, memory_order_release);
}

void ring_begin(struct ring *ring, int account)
{
	struct account *entry = ring_update_begin(ring, account, DROP_RING_FULL);
	ring_add(&entry->seen, 1);
	ring_add(&entry->in_flight, 1);
	ring_update_end(ring);
}

void ring_drop(struct ring *ring, int account, enum drop_reason reason)
{
	struct account *entry = ring_update_begin(ring, account, reason);
	BUG_ON(ring_load(&entry->in_flight) == 0);
	ring_add(&entry->in_flight, UINT64_MAX);
	ring_add(&entry->dropped[reason], 1);
	ring_update_end(ring);
}

void ring_pass_over(struct ring *ring, int account, enum drop_reason reason)
{
	struct account *entry = ring_update_begin(ring, account, reason);
	ring_add(&entry->seen, 1);
	ring_add(&entry->dropped[reason], 1);
	ring_update_end(ring);
}

static void look_at_tail(struct ring *ring)
{
	ring->tail_seen = atomic_load_explicit(&ring->shared->tail, memory_order_acquire);
}

uint64_t ring_fill(struct ring *ring, uint64_t enough)
{
	uint64_t head = ring_load(&ring->shared->head);
	if (head - ring->tail_seen >= enough) {
		look_at_tail(ring);
	}
	return head - ring->tail_seen;
}

void ring_set_reduced_since(struct ring *ring, int64_t since)
{
	BUG_ON(ring->role != RING_PRODUCER);
	atomic_store_explicit(&ring->shared->reduced_since, since, memory_order_relaxed);
}

int64_t ring_reduced_since(const struct ring *ring)
{
	return atomic_load_explicit(&ring->shared->reduced_since, memory_order_relaxed);
}

static bool has_room(struct ring *ring, uint64_t head, uint64_t needed)
{
	if (head + needed - ring->tail_seen <= ring->capacity) {
		return true;
	}
	look_at_tail(ring);
	return head + needed - ring->tail_seen <= ring->capacity;
}

/* The release-store of `head` is the commit: before it the frame does not exist, after it nothing can undo it. */
static void publish(struct ring *ring, int account, uint64_t head)
{
	struct shared *shared = ring->shared;
	struct account *entry = ring_update_begin(ring, account, DROP_RING_FULL);
	BUG_ON(ring_load(&entry->in_flight) == 0);
	atomic_store_explicit(&shared->head, head, memory_order_release);
	ring_store(&shared->sequence, ring_load(&shared->sequence) + 1);
	ring_add(&entry->committed, 1);
	ring_add(&entry->in_flight, UINT64_MAX);
	ring_update_end(ring);
}

bool ring_commit(struct ring *ring, int account, struct spool_exchange *exchange)
{
	struct shared *shared = ring->shared;
	size_t size = spool_exchange_size(exchange);
	if (size > SPOOL_FRAME_MAX || size > ring->capacity / 2) {
		ring_drop(ring, account, DROP_TOO_LARGE);
		return false;
	}
	uint64_t head = ring_load(&shared->head);
	uint64_t place = head % ring->capacity;
	uint64_t skipped = ring->capacity - place < size ? ring->capacity - place : 0;
	if (!has_room(ring, head, skipped + size)) {
		ring_drop(ring, account, DROP_RING_FULL);
		return false;
	}
	if (skipped > 0) {
		uint32_t skip = RING_SKIP;
		memcpy(ring->data + place, &skip, sizeof(skip));
		ring_store(&shared->wrap, head);
		place = 0;
	}
	exchange->sequence = ring_load(&shared->sequence) + 1;
	spool_exchange_encode(exchange, ring->data + place);
	publish(ring, account, head + skipped + size);
	return true;
}

int ring_account(struct ring *ring, struct span interface)
{
	struct shared *shared = ring->shared;
	BUG_ON(ring->role != RING_PRODUCER);
	uint64_t count = ring_load(&shared->account_count);
	if (interface.length < 1 || interface.length > SPOOL_NAME_MAX ||
	    memchr(interface.data, '\0', interface.length) != NULL) {
		return -1;
	}
	for (uint64_t i = 0; i < count; i++) {
		if (span_is(interface, shared->accounts[i].name)) {
			return (int)i;
		}
	}
	if (count == RING_INTERFACES_MAX) {
		return -1;
	}
	struct account *account = &shared->accounts[count];
	memset(account->name, 0, sizeof(account->name));
	memcpy(account->name, interface.data, interface.length);
	atomic_store_explicit(&shared->account_count, count + 1, memory_order_release);
	return (int)count;
}

/* --- reading accounts --- */

static struct spool_accounts copy_account(struct ring *ring, uint64_t index)
{
	struct account *account = &ring->shared->accounts[index];
	struct spool_accounts copy = {
		.interface = {account->name, strnlen(account->name, SPOOL_NAME_MAX)},
		.origin = ring->shared->origin,
		.at = clock_now(),
		.seen = ring_load(&account->seen),
		.committed = ring_load(&account->committed),
		.in_flight = ring_load(&account->in_flight),
	};
	for (size_t i = 0; i < DROP_REASON_COUNT; i++) {
		copy.dropped[i] = ring_load(&account->dropped[i]);
	}
	return copy;
}

/* False inside an update; else *ret_lock is for lock_is_unchanged. */
static bool lock_is_even(struct ring *ring, uint64_t *ret_lock)
{
	*ret_lock = atomic_load_explicit(&ring->shared->lock, memory_order_acquire);
	return *ret_lock % 2 == 0;
}

static bool lock_is_unchanged(struct ring *ring, uint64_t lock)
{
	atomic_thread_fence(memory_order_acquire);
	return ring_load(&ring->shared->lock) == lock;
}

bool ring_read_account(struct ring *ring, int account, struct spool_accounts *ret_accounts)
{
	uint64_t count = atomic_load_explicit(&ring->shared->account_count, memory_order_acquire);
	if (account < 0 || (uint64_t)account >= count || account >= RING_INTERFACES_MAX) {
		return false;
	}
	for (int attempt = 0; attempt < SNAPSHOT_ATTEMPTS; attempt++) {
		uint64_t lock;
		if (!lock_is_even(ring, &lock)) {
			continue;
		}
		struct spool_accounts copy = copy_account(ring, (uint64_t)account);
		if (lock_is_unchanged(ring, lock)) {
			*ret_accounts = copy;
			return true;
		}
	}
	*ret_accounts = copy_account(ring, (uint64_t)account);
	return true;
}

bool ring_read_snapshot(struct ring *ring, struct ring_snapshot *ret_snapshot)
{
	struct shared *shared = ring->shared;
	for (int attempt = 0; attempt < SNAPSHOT_ATTEMPTS; attempt++) {
		uint64_t lock;
		if (!lock_is_even(ring, &lock)) {
			continue;
		}
		uint64_t count = atomic_load_explicit(&shared->account_count, memory_order_acquire);
		ret_snapshot->count = count < RING_INTERFACES_MAX ? (size_t)count : RING_INTERFACES_MAX;
		for (size_t i = 0; i < ret_snapshot->count; i++) {
			ret_snapshot->accounts[i] = copy_account(ring, i);
		}
		ret_snapshot->head = atomic_load_explicit(&shared->head, memory_order_acquire);
		if (lock_is_unchanged(ring, lock)) {
			return true;
		}
	}
	return false;
}

/* --- consuming --- */

struct span ring_peek(struct ring *ring, uint64_t until)
{
	struct shared *shared = ring->shared;
	uint64_t head = atomic_load_explicit(&shared->head, memory_order_acquire);
	if (until < head) {
		head = until;
	}
	uint64_t tail = ring_load(&shared->tail);
	while (tail < head) {
		uint64_t place = tail % ring->capacity;
		uint64_t end = ring->capacity - place < head - tail ? tail + ring->capacity - place : head;
		/* At most one marker lies between tail and head, so the last one put is the one. */
		uint64_t wrap = ring_load(&shared->wrap);
		if (wrap > tail && wrap < end) {
			end = wrap;
		}
		uint32_t length;
		memcpy(&length, ring->data + place, sizeof(length));
		/* a marker that leads past the head is none: whoever decodes it says that the ring is broken */
		if (length != RING_SKIP || ring->capacity - place > head - tail) {
			return (struct span){ring->data + place, (size_t)(end - tail)};
		}
		tail += ring->capacity - place;
		atomic_store_explicit(&shared->tail, tail, memory_order_release);
	}
	return (struct span){"", 0};
}

void ring_release(struct ring *ring, size_t length)
{
	BUG_ON(length > ring_waiting(ring));
	uint64_t tail = ring_load(&ring->shared->tail);
	atomic_store_explicit(&ring->shared->tail, tail + length, memory_order_release);
}

uint64_t ring_waiting(const struct ring *ring)
{
	/* The tail first: the other way round, a consumer's progress in between would make this negative. */
	uint64_t tail = atomic_load_explicit(&ring->shared->tail, memory_order_acquire);
	return atomic_load_explicit(&ring->shared->head, memory_order_acquire) - tail;
}

uint64_t ring_capacity(const struct ring *ring)
{
	return ring->capacity;
}

uint64_t ring_origin(const struct ring *ring)
{
	return ring->shared->origin;
}
