#include "harness/base/clock.h"
#include "harness/base/priority.h"
#include "harness/spool/spool.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
	PATH_SIZE = 512,
	BATCH_BYTES = 4 * 1024 * 1024, /* written at once; the ring has the room back after each */
	BUSY_BYTES = 128 * 1024,       /* with less than this waiting the pause grows: few large writes cost least */
	POLL_MIN_MS = 1,
	POLL_MAX_MS = 20,
	RETRY_MIN_MS = 20,
	RETRY_MAX_MS = 1000,
	ACCOUNTS_INTERVAL_MS = 100,
};

/* What one consumer of a ring knows; used by the thread and by drainer_run_once. */
struct drain {
	char ring_path[PATH_SIZE];
	char directory[PATH_SIZE];
	char stream[PATH_SIZE];
	struct spool_options options;
	struct ring *ring;
	struct spool_writer *writer; /* NULL: not open yet, or given up after an error to be recovered */
	int64_t accounts_at;         /* monotonic, of the last accounts records; 0: none */
	struct ring_snapshot snapshot;
	struct spool_accounts written[RING_INTERFACES_MAX]; /* as last appended */
};

struct drainer {
	struct drain drain;
	pthread_t thread;
	pthread_mutex_t mutex; /* guards `stopping` */
	pthread_cond_t wake;
	bool stopping;
	struct error last; /* the thread's until it is joined */
};

/* --- one pass --- */

static bool drain_init(struct drain *drain, const char *ring_path, const char *directory, const char *stream,
		       const struct spool_options *options, struct error *err)
{
	memset(drain, 0, sizeof(*drain));
	if (strlen(ring_path) >= PATH_SIZE || strlen(directory) >= PATH_SIZE || strlen(stream) >= PATH_SIZE) {
		return error_set(err, ERROR_LIMIT, "a path of the spool is longer than %d bytes; choose a shorter one",
				 PATH_SIZE - 1);
	}
	snprintf(drain->ring_path, PATH_SIZE, "%s", ring_path);
	snprintf(drain->directory, PATH_SIZE, "%s", directory);
	snprintf(drain->stream, PATH_SIZE, "%s", stream);
	drain->options = *options;
	drain->ring = ring_open(ring_path, 0, RING_CONSUMER, err);
	return drain->ring != NULL;
}

static void drain_finish(struct drain *drain)
{
	spool_writer_close(drain->writer);
	ring_close(drain->ring);
}

/* Both locks are needed: the stream's, and the ring's, for two streams must not share one ring. */
static bool drain_open_writer(struct drain *drain, struct error *err)
{
	if (drain->writer != NULL) {
		return true;
	}
	if (!ring_lock_consumer(drain->ring, err)) {
		return false;
	}
	drain->writer = spool_writer_open(drain->directory, drain->stream, &drain->options, err);
	return drain->writer != NULL;
}

/* As many whole frames as fit a batch, at least one. */
static size_t batch_length(struct span frames, size_t *ret_count)
{
	size_t length = 0;
	*ret_count = 0;
	while (length < frames.length) {
		size_t next = spool_frame_length((struct span){frames.data + length, frames.length - length});
		if (next == 0 || next > frames.length - length) {
			*ret_count += 1;
			return frames.length; /* broken: the writer says so */
		}
		if (length > 0 && length + next > BATCH_BYTES) {
			break;
		}
		length += next;
		*ret_count += 1;
	}
	return length;
}

static bool move_frames(struct drain *drain, uint64_t until, size_t *moved, struct error *err)
{
	for (;;) {
		struct span frames = ring_peek(drain->ring, until);
		if (frames.length == 0) {
			return true;
		}
		size_t count;
		frames.length = batch_length(frames, &count);
		if (!spool_writer_append_frames(drain->writer, ring_origin(drain->ring), frames, err)) {
			return false;
		}
		ring_release(drain->ring, frames.length);
		*moved += count;
		if (!spool_writer_sync(drain->writer, false, err)) {
			return false;
		}
	}
}

static bool accounts_differ(const struct spool_accounts *a, const struct spool_accounts *b)
{
	return a->seen != b->seen || a->committed != b->committed || a->in_flight != b->in_flight ||
	       memcmp(a->dropped, b->dropped, sizeof(a->dropped)) != 0;
}

static bool append_accounts(struct drain *drain, struct error *err)
{
	for (size_t i = 0; i < drain->snapshot.count; i++) {
		const struct spool_accounts *accounts = &drain->snapshot.accounts[i];
		if (!accounts_differ(accounts, &drain->written[i])) {
			continue;
		}
		if (!spool_writer_append_accounts(drain->writer, accounts, err)) {
			return false;
		}
		drain->written[i] = *accounts;
	}
	return true;
}

/* The accounts are read first, then the ring is emptied up to the head that they belong to, then they are appended. */
static bool drain_pass(struct drain *drain, bool last, size_t *moved, struct error *err)
{
	if (!drain_open_writer(drain, err)) {
		return false;
	}
	int64_t now = clock_monotonic();
	bool due = last || drain->accounts_at == 0 || now - drain->accounts_at >= ACCOUNTS_INTERVAL_MS * 1000;
	if (due && ring_read_snapshot(drain->ring, &drain->snapshot)) {
		drain->accounts_at = now;
		if (!move_frames(drain, drain->snapshot.head, moved, err) || !append_accounts(drain, err)) {
			return false;
		}
	}
	return move_frames(drain, UINT64_MAX, moved, err) && spool_writer_sync(drain->writer, last, err);
}

bool drainer_run_once(const char *ring_path, const char *directory, const char *stream,
		      const struct spool_options *options, size_t *ret_moved, struct error *err)
{
	struct drain *drain = calloc(1, sizeof(*drain));
	if (drain == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for a drainer");
	}
	struct error cause = ERROR_INIT;
	size_t moved = 0;
	bool done = drain_init(drain, ring_path, directory, stream, options, &cause) &&
		    drain_pass(drain, true, &moved, &cause);
	drain_finish(drain);
	free(drain);
	if (!done && cause.code != ERROR_BUSY && cause.code != ERROR_MISSING) {
		if (err != NULL && err->code == ERROR_NONE) {
			*err = cause;
		}
		return false;
	}
	*ret_moved = moved;
	return true;
}

/* --- the thread --- */

static struct timespec deadline_in(int milliseconds)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_nsec += (long)milliseconds * 1000000L;
	time.tv_sec += time.tv_nsec / 1000000000L;
	time.tv_nsec %= 1000000000L;
	return time;
}

/* True when the drainer is to stop. */
static bool wait_for_stop(struct drainer *drainer, int milliseconds)
{
	struct timespec deadline = deadline_in(milliseconds);
	pthread_mutex_lock(&drainer->mutex);
	while (!drainer->stopping && pthread_cond_timedwait(&drainer->wake, &drainer->mutex, &deadline) == 0) {
	}
	bool stopping = drainer->stopping;
	pthread_mutex_unlock(&drainer->mutex);
	return stopping;
}

static int longer(int milliseconds, int least, int most)
{
	int next = milliseconds < least ? least : milliseconds * 2;
	return next < most ? next : most;
}

static void *drainer_main(void *context)
{
	struct drainer *drainer = context;
	priority_lowest(); /* and not idle: it has to keep up, or the ring fills */
	int poll = POLL_MIN_MS;
	int retry = 0;
	for (bool stopping = false; !stopping;) {
		struct error err = ERROR_INIT;
		size_t moved = 0;
		bool busy = ring_waiting(drainer->drain.ring) >= BUSY_BYTES;
		if (drain_pass(&drainer->drain, false, &moved, &err)) {
			retry = 0;
			poll = busy ? POLL_MIN_MS : longer(poll, POLL_MIN_MS, POLL_MAX_MS);
		} else {
			retry = longer(retry, RETRY_MIN_MS, RETRY_MAX_MS);
			drainer->last = err;
		}
		stopping = wait_for_stop(drainer, retry > 0 ? retry : poll);
	}
	drainer->last = (struct error)ERROR_INIT;
	size_t moved = 0;
	(void)drain_pass(&drainer->drain, true, &moved, &drainer->last);
	return NULL;
}

static void wake_init(struct drainer *drainer)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&drainer->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&drainer->mutex, NULL);
}

static void drainer_destroy(struct drainer *drainer)
{
	pthread_cond_destroy(&drainer->wake);
	pthread_mutex_destroy(&drainer->mutex);
	drain_finish(&drainer->drain);
	free(drainer);
}

/* Signals are the tap's business: its handlers run on its own thread. */
static int create_without_signals(struct drainer *drainer)
{
	sigset_t all;
	sigset_t before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failure = pthread_create(&drainer->thread, NULL, drainer_main, drainer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failure;
}

struct drainer *drainer_start(const char *ring_path, const char *directory, const char *stream,
			      const struct spool_options *options, struct error *err)
{
	struct drainer *drainer = calloc(1, sizeof(*drainer));
	if (drainer == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for a drainer");
		return NULL;
	}
	wake_init(drainer);
	if (drain_init(&drainer->drain, ring_path, directory, stream, options, err)) {
		int failure = create_without_signals(drainer);
		if (failure == 0) {
			return drainer;
		}
		error_set_system(err, failure, "cannot start the drainer's thread");
	}
	drainer_destroy(drainer);
	return NULL;
}

bool drainer_stop(struct drainer *drainer, struct error *err)
{
	pthread_mutex_lock(&drainer->mutex);
	drainer->stopping = true;
	pthread_cond_signal(&drainer->wake);
	pthread_mutex_unlock(&drainer->mutex);
	pthread_join(drainer->thread, NULL);
	bool emptied = drainer->last.code == ERROR_NONE || ring_waiting(drainer->drain.ring) == 0;
	if (!emptied && err != NULL && err->code == ERROR_NONE) {
		*err = drainer->last;
	}
	drainer_destroy(drainer);
	return emptied;
}
