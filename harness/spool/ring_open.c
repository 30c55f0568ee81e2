#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/spool/ring_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define RING_MAGIC "USTDRING"

enum {
	RING_VERSION = 2,  /* the layout of 1; only the frames and the drop reasons are more */
	LOCK_PRODUCER = 0, /* locked bytes of the file */
	LOCK_CONSUMER = 1,
};

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
	uint64_t committed = ring_load(&shared->head) != journal->head ? 1 : 0;
	ring_store(&account->seen, journal->seen);
	ring_store(&account->committed, journal->committed + committed);
	ring_store(&account->in_flight, journal->in_flight - committed);
	ring_store(&account->dropped[journal->reason], journal->dropped);
	ring_store(&shared->sequence, journal->sequence + committed);
	atomic_store_explicit(&shared->lock, ring_load(&shared->lock) + 1, memory_order_release);
}

static bool settle_account(struct ring *ring, int index, struct error *err)
{
	struct account *account = &ring->shared->accounts[index];
	if (memchr(account->name, '\0', sizeof(account->name)) == NULL || account->name[0] == '\0') {
		return damaged(ring, "an account has no name", err);
	}
	uint64_t ended = ring_load(&account->committed);
	for (size_t i = 0; i < DROP_REASON_COUNT; i++) {
		ended += ring_load(&account->dropped[i]);
	}
	uint64_t in_flight = ring_load(&account->in_flight);
	if (ring_load(&account->seen) != ended + in_flight) {
		return damaged(ring, "the accounts do not tie out", err);
	}
	if (in_flight > 0) {
		ring_update_begin(ring, index, DROP_TAP_KILLED);
		ring_add(&account->dropped[DROP_TAP_KILLED], in_flight);
		ring_store(&account->in_flight, 0);
		ring_update_end(ring);
	}
	return true;
}

/* Beyond those in use; a tap that died while it made one may have left a name. */
static bool has_counts(struct account *account)
{
	uint64_t sum = ring_load(&account->seen) | ring_load(&account->committed) | ring_load(&account->in_flight);
	for (size_t i = 0; i < RING_REASONS_RESERVED; i++) {
		sum |= ring_load(&account->dropped[i]);
	}
	return sum != 0;
}

static bool settle_accounts(struct ring *ring, struct error *err)
{
	uint64_t count = ring_load(&ring->shared->account_count);
	for (uint64_t i = 0; i < RING_INTERFACES_MAX; i++) {
		if (i < count && !settle_account(ring, (int)i, err)) {
			return false;
		}
		if (i >= count && has_counts(&ring->shared->accounts[i])) {
			return damaged(ring, "an account that is not in use has counts", err);
		}
	}
	return true;
}

/* The consumer finds the one marker by `wrap`, and reads up to it at once. `wrap` may be a place without a marker,
 * where a tap died before it published what it had skipped for. */
static bool wrap_is_wrong(struct ring *ring, uint64_t at, uint64_t size, bool is_marker)
{
	uint64_t wrap = ring_load(&ring->shared->wrap);
	return is_marker ? wrap != at : wrap > at && wrap < at + size;
}

/* Reads every waiting frame without consuming it, up to the head as it is now. */
static bool check_frames(struct ring *ring, struct error *err)
{
	struct shared *shared = ring->shared;
	uint64_t head = ring_load(&shared->head);
	uint64_t sequence = 0;
	for (uint64_t at = atomic_load_explicit(&shared->tail, memory_order_acquire); at < head;) {
		uint64_t place = at % ring->capacity;
		uint64_t room = ring->capacity - place < head - at ? ring->capacity - place : head - at;
		uint32_t length;
		memcpy(&length, ring->data + place, sizeof(length));
		if (length == RING_SKIP) {
			if (ring->capacity - place > head - at || wrap_is_wrong(ring, at, 0, true)) {
				return damaged(ring, "a skip marker is out of place", err);
			}
			at += ring->capacity - place;
			continue;
		}
		struct spool_record record;
		size_t size;
		if (spool_decode((struct span){ring->data + place, room}, &record, &size) != SPOOL_DECODED ||
		    !spool_is_delivery(&record) || record.exchange.sequence == 0 ||
		    (sequence != 0 && record.exchange.sequence != sequence + 1) ||
		    wrap_is_wrong(ring, at, size, false)) {
			return damaged(ring, "a frame is broken or out of sequence", err);
		}
		sequence = record.exchange.sequence;
		at += size;
	}
	if (ring_load(&shared->wrap) > head) {
		return damaged(ring, "a skip marker is out of place", err);
	}
	return sequence == 0 || sequence == ring_load(&shared->sequence) ||
	       damaged(ring, "the last sequence is wrong", err);
}

static bool settle(struct ring *ring, struct error *err)
{
	struct shared *shared = ring->shared;
	if (ring_load(&shared->lock) % 2 != 0) {
		const struct journal *journal = &shared->journal;
		if (journal->account >= ring_load(&shared->account_count) || journal->reason >= DROP_REASON_COUNT) {
			return damaged(ring, "the journal is wrong", err);
		}
		undo_update(shared);
	}
	if (!check_frames(ring, err) || !settle_accounts(ring, err)) {
		return false;
	}
	shared->version = RING_VERSION; /* from here on an older program would misread it */
	ring_set_reduced_since(ring, 0);
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
	if (!file_make_parent(name, err)) {
		return false;
	}
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
	if (head->version < 1 || head->head_size != sizeof(struct shared) || head->capacity < RING_CAPACITY_MIN ||
	    head->capacity % 4096 != 0 || head->origin == 0 || file_size < sizeof(struct shared) ||
	    head->capacity != file_size - sizeof(struct shared)) {
		return damaged(ring, "its sizes are wrong", err);
	}
	return true;
}

static bool check_positions(struct ring *ring, struct error *err)
{
	uint64_t tail = atomic_load_explicit(&ring->shared->tail, memory_order_acquire);
	uint64_t head = atomic_load_explicit(&ring->shared->head, memory_order_acquire);
	if (head < tail || head - tail > ring->capacity || head % SPOOL_FRAME_ALIGNMENT != 0 ||
	    tail % SPOOL_FRAME_ALIGNMENT != 0 || ring_load(&ring->shared->account_count) > RING_INTERFACES_MAX) {
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

bool ring_is_ours(const char *path)
{
	char magic[sizeof(RING_MAGIC) - 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd >= 0 ? read(fd, magic, sizeof(magic)) : -1;
	if (fd >= 0) {
		close(fd);
	}
	return length == 0 || (length == (ssize_t)sizeof(magic) && memcmp(magic, RING_MAGIC, sizeof(magic)) == 0);
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
