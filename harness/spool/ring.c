#include "harness/spool/ring.h"

#include "harness/base/clock.h"
#include "harness/spool/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the ring's header is shared in native byte order, which docs/spool.md fixes as little-endian"
#endif

enum {
	RING_VERSION = 1,
	REASONS_RESERVED = 16, /* so that a new drop reason does not change the layout */
	LOCK_PRODUCER = 0,     /* locked bytes of the file */
	LOCK_CONSUMER = 1,
	SNAPSHOT_ATTEMPTS = 100000,
};

#define RING_MAGIC "USTDRING"
/* In place of a frame's length: nothing more until the end of the data area. */
#define SKIP UINT32_MAX

_Static_assert((int)DROP_REASON_COUNT <= (int)REASONS_RESERVED, "more drop reasons need a new ring version");

struct account {
	char name[SPOOL_NAME_MAX + 1];
	_Atomic uint64_t seen;
	_Atomic uint64_t committed;
	_Atomic uint64_t in_flight;
	_Atomic uint64_t dropped[REASONS_RESERVED];
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
	alignas(64) struct journal journal;
	alignas(64) _Atomic uint64_t tail; /* the consumer's line */
	alignas(4096) struct account accounts[RING_INTERFACES_MAX];
};

_Static_assert(sizeof(struct account) == 256, "docs/spool.md");
_Static_assert(offsetof(struct shared, head) == 128, "docs/spool.md");
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

/* --- counting: every change of an account is one update under the sequence lock --- */

static uint64_t load(_Atomic uint64_t *place)
{
	return atomic_load_explicit(place, memory_order_relaxed);
}

static void store(_Atomic uint64_t *place, uint64_t number)
{
	atomic_store_explicit(place, number, memory_order_relaxed);
}

static void add(_Atomic uint64_t *place, uint64_t number)
{
	store(place, load(place) + number);
}

static struct account *update_begin(struct ring *ring, int index, enum drop_reason reason)
{
	struct shared *shared = ring->shared;
	BUG_ON(ring->role != RING_PRODUCER);
	BUG_ON(index < 0 || (uint64_t)index >= load(&shared->account_count) || reason >= DROP_REASON_COUNT);
	struct account *account = &shared->accounts[index];
	shared->journal = (struct journal){
		.account = (uint64_t)index,
		.reason = reason,
		.seen = load(&account->seen),
		.committed = load(&account->committed),
		.in_flight = load(&account->in_flight),
		.dropped = load(&account->dropped[reason]),
		.head = load(&shared->head),
		.sequence = load(&shared->sequence),
	};
	atomic_store_explicit(&shared->lock, load(&shared->lock) + 1, memory_order_release);
	atomic_thread_fence(memory_order_release);
	return account;
}

static void update_end(struct ring *ring)
{
	struct shared *shared = ring->shared;
	atomic_store_explicit(&shared->lock, load(&shared->lock) + 1, memory_order_release);
}

void ring_begin(struct ring *ring, int account)
{
	struct account *entry = update_begin(ring, account, DROP_RING_FULL);
	add(&entry->seen, 1);
	add(&entry->in_flight, 1);
	update_end(ring);
}

void ring_drop(struct ring *ring, int account, enum drop_reason reason)
{
	struct account *entry = update_begin(ring, account, reason);
	BUG_ON(load(&entry->in_flight) == 0);
	add(&entry->in_flight, UINT64_MAX);
	add(&entry->dropped[reason], 1);
	update_end(ring);
}

static bool has_room(struct ring *ring, uint64_t head, uint64_t needed)
{
	if (head + needed - ring->tail_seen <= ring->capacity) {
		return true;
	}
	ring->tail_seen = atomic_load_explicit(&ring->shared->tail, memory_order_acquire);
	return head + needed - ring->tail_seen <= ring->capacity;
}

/* The release-store of `head` is the commit: before it the frame does not exist, after it nothing can undo it. */
static void publish(struct ring *ring, int account, uint64_t head)
{
	struct shared *shared = ring->shared;
	struct account *entry = update_begin(ring, account, DROP_RING_FULL);
	BUG_ON(load(&entry->in_flight) == 0);
	atomic_store_explicit(&shared->head, head, memory_order_release);
	store(&shared->sequence, load(&shared->sequence) + 1);
	add(&entry->committed, 1);
	add(&entry->in_flight, UINT64_MAX);
	update_end(ring);
}

bool ring_commit(struct ring *ring, int account, struct spool_exchange *exchange)
{
	struct shared *shared = ring->shared;
	size_t size = spool_exchange_size(exchange);
	if (size > SPOOL_FRAME_MAX || size > ring->capacity / 2) {
		ring_drop(ring, account, DROP_TOO_LARGE);
		return false;
	}
	uint64_t head = load(&shared->head);
	uint64_t place = head % ring->capacity;
	uint64_t skipped = ring->capacity - place < size ? ring->capacity - place : 0;
	if (!has_room(ring, head, skipped + size)) {
		ring_drop(ring, account, DROP_RING_FULL);
		return false;
	}
	if (skipped > 0) {
		uint32_t skip = SKIP;
		memcpy(ring->data + place, &skip, sizeof(skip));
		store(&shared->wrap, head);
		place = 0;
	}
	exchange->sequence = load(&shared->sequence) + 1;
	spool_exchange_encode(exchange, ring->data + place);
	publish(ring, account, head + skipped + size);
	return true;
}

int ring_account(struct ring *ring, struct span interface)
{
	struct shared *shared = ring->shared;
	BUG_ON(ring->role != RING_PRODUCER);
	uint64_t count = load(&shared->account_count);
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
		.seen = load(&account->seen),
		.committed = load(&account->committed),
		.in_flight = load(&account->in_flight),
	};
	for (size_t i = 0; i < DROP_REASON_COUNT; i++) {
		copy.dropped[i] = load(&account->dropped[i]);
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
	return load(&ring->shared->lock) == lock;
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
	uint64_t tail = load(&shared->tail);
	while (tail < head) {
		uint64_t place = tail % ring->capacity;
		uint64_t end = ring->capacity - place < head - tail ? tail + ring->capacity - place : head;
		/* At most one marker lies between tail and head, so the last one put is the one. */
		uint64_t wrap = load(&shared->wrap);
		if (wrap > tail && wrap < end) {
			end = wrap;
		}
		uint32_t length;
		memcpy(&length, ring->data + place, sizeof(length));
		if (length != SKIP) {
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
	uint64_t tail = load(&ring->shared->tail);
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

/* --- settling after a death --- */

static bool damaged(const struct ring *ring, const char *what, struct error *err)
{
	return error_set_at(err, ERROR_FORMAT, ring->path, 0,
			    "the capture ring is damaged (%s); move the file away, a new one is made", what);
}

static void undo_update(struct shared *shared)
{
	const struct journal *journal = &shared->journal;
	struct account *account = &shared->accounts[journal->account];
	uint64_t committed = load(&shared->head) != journal->head ? 1 : 0;
	store(&account->seen, journal->seen);
	store(&account->committed, journal->committed + committed);
	store(&account->in_flight, journal->in_flight - committed);
	store(&account->dropped[journal->reason], journal->dropped);
	store(&shared->sequence, journal->sequence + committed);
	atomic_store_explicit(&shared->lock, load(&shared->lock) + 1, memory_order_release);
}

static bool settle_account(struct ring *ring, int index, struct error *err)
{
	struct account *account = &ring->shared->accounts[index];
	if (memchr(account->name, '\0', sizeof(account->name)) == NULL || account->name[0] == '\0') {
		return damaged(ring, "an account has no name", err);
	}
	uint64_t ended = load(&account->committed);
	for (size_t i = 0; i < REASONS_RESERVED; i++) {
		ended += load(&account->dropped[i]);
	}
	uint64_t in_flight = load(&account->in_flight);
	if (load(&account->seen) != ended + in_flight) {
		return damaged(ring, "the accounts do not tie out", err);
	}
	if (in_flight > 0) {
		update_begin(ring, index, DROP_TAP_KILLED);
		add(&account->dropped[DROP_TAP_KILLED], in_flight);
		store(&account->in_flight, 0);
		update_end(ring);
	}
	return true;
}

/* Reads every waiting frame without consuming it, up to the head as it is now. */
static bool check_frames(struct ring *ring, struct error *err)
{
	struct shared *shared = ring->shared;
	uint64_t head = load(&shared->head);
	uint64_t sequence = 0;
	for (uint64_t at = atomic_load_explicit(&shared->tail, memory_order_acquire); at < head;) {
		uint64_t place = at % ring->capacity;
		uint64_t room = ring->capacity - place < head - at ? ring->capacity - place : head - at;
		uint32_t length;
		memcpy(&length, ring->data + place, sizeof(length));
		if (length == SKIP) {
			at += ring->capacity - place;
			continue;
		}
		struct spool_record record;
		size_t size;
		if (spool_decode((struct span){ring->data + place, room}, &record, &size) != SPOOL_DECODED ||
		    record.type != SPOOL_EXCHANGE || (sequence != 0 && record.exchange.sequence != sequence + 1)) {
			return damaged(ring, "a frame is broken or out of sequence", err);
		}
		sequence = record.exchange.sequence;
		at += size;
	}
	return sequence == 0 || sequence == load(&shared->sequence) || damaged(ring, "the last sequence is wrong", err);
}

static bool settle(struct ring *ring, struct error *err)
{
	struct shared *shared = ring->shared;
	if (load(&shared->lock) % 2 != 0) {
		const struct journal *journal = &shared->journal;
		if (journal->account >= load(&shared->account_count) || journal->reason >= REASONS_RESERVED) {
			return damaged(ring, "the journal is wrong", err);
		}
		undo_update(shared);
	}
	if (!check_frames(ring, err)) {
		return false;
	}
	uint64_t count = load(&shared->account_count);
	for (uint64_t i = 0; i < count; i++) {
		if (!settle_account(ring, (int)i, err)) {
			return false;
		}
	}
	ring->tail_seen = atomic_load_explicit(&shared->tail, memory_order_acquire);
	return true;
}

/* --- opening --- */

static void detach(struct ring *ring)
{
	if (ring->shared != NULL) {
		munmap(ring->shared, sizeof(struct shared) + ring->capacity);
		ring->shared = NULL;
	}
	if (ring->fd >= 0) {
		close(ring->fd);
		ring->fd = -1;
	}
}

static bool take_lock(int fd, const char *path, off_t byte, const char *holder, struct error *err)
{
	/* A lock of the open file, not of the process: threads and forks keep their own. */
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
	if (fcntl(fd, F_OFD_SETLK, &lock) == 0) {
		return true;
	}
	if (errno == EAGAIN || errno == EACCES) {
		return error_set_at(err, ERROR_BUSY, path, 0, "another %s has this ring; stop it first", holder);
	}
	return error_set_system(err, errno, "%s: cannot lock the ring", path);
}

bool ring_lock_consumer(struct ring *ring, struct error *err)
{
	return take_lock(ring->fd, ring->path, LOCK_CONSUMER, "drainer", err);
}

static bool map(struct ring *ring, uint64_t capacity, struct error *err)
{
	void *memory = mmap(NULL, sizeof(struct shared) + capacity, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			    ring->fd, 0);
	if (memory == MAP_FAILED) {
		return error_set_system(err, errno, "%s: cannot map the ring", ring->path);
	}
	ring->shared = memory;
	ring->data = (char *)memory + sizeof(struct shared);
	ring->capacity = capacity;
	return true;
}

static uint64_t round_capacity(size_t capacity)
{
	const uint64_t page = 4096;
	uint64_t wanted = capacity < RING_CAPACITY_MIN ? RING_CAPACITY_MIN : capacity;
	return (wanted + page - 1) / page * page;
}

static bool fill_new(struct ring *ring, struct error *err)
{
	struct shared *shared = ring->shared;
	uint64_t origin = 0;
	while (origin == 0) {
		if (getrandom(&origin, sizeof(origin), 0) != (ssize_t)sizeof(origin)) {
			return error_set_system(err, errno, "cannot get random bytes for the ring's origin");
		}
		origin >>= 1; /* fits a signed column of a database */
	}
	memcpy(shared->magic, RING_MAGIC, sizeof(shared->magic));
	shared->version = RING_VERSION;
	shared->head_size = sizeof(struct shared);
	shared->capacity = ring->capacity;
	shared->origin = origin;
	shared->created_at = clock_now();
	boot_id_read(shared->boot_id);
	return true;
}

static bool prepare_new(struct ring *ring, size_t capacity, struct error *err)
{
	uint64_t rounded = round_capacity(capacity);
	if (rounded > INT64_MAX / 2) {
		return error_set(err, ERROR_LIMIT, "a ring of %zu bytes is too large; choose less", capacity);
	}
	if (ftruncate(ring->fd, 0) != 0) {
		return error_set_system(err, errno, "%s: cannot make the ring", ring->path);
	}
	int failure = posix_fallocate(ring->fd, 0, (off_t)(sizeof(struct shared) + rounded));
	if (failure != 0) {
		return error_set_system(err, failure,
					"%s: no memory for a ring of %llu bytes; choose a smaller ring or enlarge the "
					"file system",
					ring->path, (unsigned long long)rounded);
	}
	return map(ring, rounded, err) && fill_new(ring, err);
}

static bool link_new(struct ring *ring, const char *name, size_t capacity, struct error *err)
{
	if (access(ring->path, F_OK) == 0) {
		return true;
	}
	if (!prepare_new(ring, capacity, err)) {
		return false;
	}
	if (link(name, ring->path) != 0 && errno != EEXIST) {
		return error_set_system(err, errno, "%s: cannot make the ring", ring->path);
	}
	return true;
}

/* Makes the ring under another name and links it into place when it is complete, so that nobody ever sees half a ring.
 * Opening it is left to the caller: of two taps that start at once, one finds the other's. */
static bool create(struct ring *ring, size_t capacity, struct error *err)
{
	char name[sizeof(ring->path) + 8];
	snprintf(name, sizeof(name), "%s.new", ring->path);
	ring->fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (ring->fd < 0) {
		return error_set_system(err, errno, "%s: cannot make the ring", name);
	}
	bool made = false;
	if (take_lock(ring->fd, ring->path, LOCK_PRODUCER, "tap", err)) {
		made = link_new(ring, name, capacity, err);
		unlink(name);
	}
	detach(ring);
	return made;
}

static bool check_head(const struct ring *ring, const struct shared *head, uint64_t file_size, struct error *err)
{
	if (memcmp(head->magic, RING_MAGIC, sizeof(head->magic)) != 0) {
		return error_set_at(err, ERROR_FORMAT, ring->path, 0, "this is no capture ring; choose another path");
	}
	if (head->version > RING_VERSION) {
		return error_set_at(
			err, ERROR_VERSION, ring->path, 0,
			"the ring was written by a newer understudy (format %u, this one knows %d); upgrade",
			head->version, RING_VERSION);
	}
	if (head->version != RING_VERSION || head->head_size != sizeof(struct shared) ||
	    head->capacity < RING_CAPACITY_MIN || head->capacity % 4096 != 0 || head->origin == 0 ||
	    file_size < sizeof(struct shared) || head->capacity != file_size - sizeof(struct shared)) {
		return damaged(ring, "its sizes are wrong", err);
	}
	return true;
}

static bool check_positions(struct ring *ring, struct error *err)
{
	uint64_t tail = atomic_load_explicit(&ring->shared->tail, memory_order_acquire);
	uint64_t head = atomic_load_explicit(&ring->shared->head, memory_order_acquire);
	if (head < tail || head - tail > ring->capacity || head % SPOOL_FRAME_ALIGNMENT != 0 ||
	    tail % SPOOL_FRAME_ALIGNMENT != 0 || load(&ring->shared->account_count) > RING_INTERFACES_MAX) {
		return damaged(ring, "its positions are wrong", err);
	}
	return true;
}

static bool attach(struct ring *ring, struct error *err)
{
	if (ring->role == RING_PRODUCER && !take_lock(ring->fd, ring->path, LOCK_PRODUCER, "tap", err)) {
		return false;
	}
	struct stat status;
	struct shared head;
	memset(&head, 0, sizeof(head));
	if (fstat(ring->fd, &status) != 0 || pread(ring->fd, &head, sizeof(head), 0) < 0) {
		return error_set_system(err, errno, "%s: cannot read the ring", ring->path);
	}
	return check_head(ring, &head, (uint64_t)status.st_size, err) && map(ring, head.capacity, err) &&
	       check_positions(ring, err) && (ring->role == RING_CONSUMER || settle(ring, err));
}

static bool open_ring(struct ring *ring, size_t capacity, struct error *err)
{
	/* Twice: when the file is not there, somebody else may make it before this one does. */
	for (int attempt = 0; attempt < 2; attempt++) {
		ring->fd = open(ring->path, O_RDWR | O_CLOEXEC);
		if (ring->fd >= 0) {
			return attach(ring, err);
		}
		if (errno != ENOENT) {
			return error_set_system(err, errno, "%s: cannot open the ring", ring->path);
		}
		if (ring->role == RING_CONSUMER) {
			break;
		}
		if (!create(ring, capacity, err)) {
			return false;
		}
	}
	return error_set_at(err, ERROR_MISSING, ring->path, 0,
			    "there is no capture ring; start the tap, which makes it");
}

struct ring *ring_open(const char *path, size_t capacity, enum ring_role role, struct error *err)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	if (ring == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for a ring");
		return NULL;
	}
	ring->fd = -1;
	ring->role = role;
	if (strlen(path) >= sizeof(ring->path)) {
		error_set(err, ERROR_LIMIT, "the ring's path is longer than %zu bytes; choose a shorter one",
			  sizeof(ring->path) - 1);
	} else {
		snprintf(ring->path, sizeof(ring->path), "%s", path);
		if (open_ring(ring, capacity, err)) {
			return ring;
		}
	}
	ring_close(ring);
	return NULL;
}

void ring_close(struct ring *ring)
{
	if (ring == NULL) {
		return;
	}
	detach(ring);
	free(ring);
}
