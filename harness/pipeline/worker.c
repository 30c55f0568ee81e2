#include "harness/pipeline/worker_internal.h"

#include "harness/base/file.h"
#include "harness/pipeline/profile.h"
#include "harness/pipeline/profile_watch.h"
#include "harness/pipeline/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* At the start a locked store is waited for. Later a step that waited would keep open calls from moving on. */
enum {
	CHECK_INTERVAL_US = 500000,
	WEEKS_INTERVAL_US = 10000000,
	WATCH_INTERVAL_US = 1000000,
	OPEN_BUSY_MS = 10000,
	STORE_BUSY_MS = 50,
	CALLS_MAX = 256
};

struct interface_lane *worker_lane(const struct worker *worker, struct span interface)
{
	for (size_t i = 0; i < worker->installation->contract_count; i++) {
		if (span_is(interface, worker->lanes[i]->contract->interface)) {
			return worker->lanes[i];
		}
	}
	return NULL;
}

static const char *store_path(const struct worker *worker)
{
	return strchr(worker->installation->store, ':') + 1;
}

static bool take_lock(const char *lock_path, const char *what, int *ret_fd, struct error *err)
{
	if (!file_make_parent(lock_path, err)) {
		return false;
	}
	int fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		return error_set_system(err, errno, "cannot open %s", lock_path);
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		return error_set(err, ERROR_BUSY, "another worker runs on %s; stop it first, or let it do the work",
				 what);
	}
	*ret_fd = fd;
	return true;
}

static bool take_locks(struct worker *worker, struct error *err)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s.worker-lock", store_path(worker));
	if (!take_lock(path, store_path(worker), &worker->lock, err)) {
		return false;
	}
	snprintf(path, sizeof(path), "%s/.worker-lock", worker->installation->spool);
	return take_lock(path, worker->installation->spool, &worker->spool_lock, err);
}

/* Whoever removes or replaces the store under a worker gets a worker that writes to a file that nobody can see. */
static bool check_store(struct worker *worker, struct error *err)
{
	struct stat status;
	int64_t now = clock_monotonic();
	if (worker->store_checked_at != 0 && now - worker->store_checked_at < CHECK_INTERVAL_US) {
		return true;
	}
	bool there = stat(store_path(worker), &status) == 0;
	if (worker->store_checked_at == 0 && there) {
		worker->store_device = status.st_dev;
		worker->store_inode = status.st_ino;
	}
	if (!there || status.st_dev != worker->store_device || status.st_ino != worker->store_inode) {
		return error_set(err, ERROR_MISSING,
				 "the store %s was removed or replaced while the worker had it open; stop everything "
				 "before such work, and restore it if that was not meant",
				 store_path(worker));
	}
	worker->store_checked_at = now;
	return true;
}

static bool open_lanes(struct worker *worker, bool new_epoch, struct error *err)
{
	const struct installation *installation = worker->installation;
	worker->lanes = calloc(installation->contract_count + 1, sizeof(worker->lanes[0]));
	if (worker->lanes == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for %zu interfaces", installation->contract_count);
	}
	for (size_t i = 0; i < installation->contract_count; i++) {
		worker->lanes[i] = lane_create(worker->store, installation->contracts[i], new_epoch, clock_now(), err);
		if (worker->lanes[i] == NULL) {
			return false;
		}
		worker->lanes[i]->profile =
			profile_create(installation->contracts[i], worker->sampling_key, worker->lanes[i]->id);
		if (worker->lanes[i]->profile == NULL) {
			return error_set(err, ERROR_MEMORY, "no memory for the profiles of fields");
		}
		if (worker->lanes[i]->notice.code != ERROR_NONE) {
			worker->notice = worker->lanes[i]->notice;
		}
	}
	return true;
}

struct worker *worker_create(const struct installation *installation, bool new_epoch, struct error *err)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	if (worker == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for the worker");
		return NULL;
	}
	worker->installation = installation;
	worker->lock = -1;
	worker->spool_lock = -1;
	arena_init(&worker->arena, WORKER_ARENA_MAX);
	if (!take_locks(worker, err)) {
		goto fail;
	}
	worker->store = store_open(installation->store, STORE_CREATE, OPEN_BUSY_MS, err);
	if (worker->store == NULL) {
		goto fail;
	}
	worker->sampling_key = hash_key_create(installation->sampling_key);
	if (worker->sampling_key == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for the sampling key");
		goto fail;
	}
	if (!open_lanes(worker, new_epoch, err)) {
		goto fail;
	}
	store_set_patience(worker->store, STORE_BUSY_MS);
	return worker;
fail:
	worker_destroy(worker);
	return NULL;
}

void worker_destroy(struct worker *worker)
{
	if (worker == NULL) {
		return;
	}
	worker_close_streams(worker);
	for (size_t i = 0; worker->lanes != NULL && i < worker->installation->contract_count; i++) {
		lane_destroy(worker->lanes[i]);
	}
	free(worker->lanes);
	hash_key_destroy(worker->sampling_key);
	store_close(worker->store);
	arena_finish(&worker->arena);
	if (worker->spool_lock >= 0) {
		close(worker->spool_lock);
	}
	if (worker->lock >= 0) {
		close(worker->lock);
	}
	free(worker);
}

static size_t open_calls(const struct worker *worker)
{
	size_t open = 0;
	for (size_t i = 0; i < worker->installation->contract_count; i++) {
		const struct interface_lane *lane = worker->lanes[i];
		for (size_t k = 0; k < lane->contract->candidate_count; k++) {
			open += lane->candidates[k].calls != NULL ? calls_open(lane->candidates[k].calls) : 0;
		}
	}
	return open;
}

/* Rows that became pending again behind the cursors (a retried dead letter, a released message) are found once nothing
 * else is left. */
static bool look_again(struct worker *worker, bool *ret_found, struct error *err)
{
	bool found = false;
	for (size_t i = 0; i < worker->installation->contract_count; i++) {
		struct interface_lane *lane = worker->lanes[i];
		for (size_t k = 0; k < lane->contract->candidate_count; k++) {
			struct candidate_lane *candidate = &lane->candidates[k];
			int64_t pending = 0;
			if (!store_pending_count(worker->store, candidate->id, &pending, err)) {
				return false;
			}
			if (pending > 0) {
				lane_start_over(candidate);
				found = true;
			}
		}
	}
	*ret_found = found;
	return true;
}

/* A tap that is gone may have left records in its ring. */
static bool drain_orphan(struct worker *worker, size_t *count, struct error *err)
{
	const struct installation *installation = worker->installation;
	if (access(installation->ring, F_OK) != 0) {
		return true;
	}
	struct spool_options options = {.sync_interval_ms = installation->sync_interval_ms};
	size_t moved = 0;
	if (!drainer_run_once(installation->ring, installation->spool, WORKER_TAP_STREAM, &options, &moved, err)) {
		return false;
	}
	*count += moved;
	return true;
}

/* A contract that cannot be read any more is no reason to stop. */
static void watch_contracts(struct worker *worker)
{
	int64_t now = clock_monotonic();
	if (worker->watched_at != 0 && now - worker->watched_at < WATCH_INTERVAL_US) {
		return;
	}
	worker->watched_at = now;
	for (size_t i = 0; i < worker->installation->contract_count; i++) {
		struct error why = ERROR_INIT;
		if (!watch_look(worker->lanes[i], &why)) {
			worker->notice = why;
		}
	}
}

bool worker_take_notice(struct worker *worker, struct error *ret_notice)
{
	if (worker->notice.code == ERROR_NONE) {
		return false;
	}
	*ret_notice = worker->notice;
	worker->notice = (struct error)ERROR_INIT;
	return true;
}

/* What there is to do when nothing was read and no call is open. */
static bool look_around(struct worker *worker, bool *ret_more, struct error *err)
{
	size_t moved = 0;
	bool found = false;
	if (!drain_orphan(worker, &moved, err) || !look_again(worker, &found, err)) {
		return false;
	}
	if (moved > 0) {
		worker->streams_listed_at = 0;
	}
	*ret_more = moved > 0 || found;
	return true;
}

/* When something was read, the last of it says what time it is; else the clock does, as soon as it can. */
static bool sweep(struct worker *worker, bool has_read, int64_t until, bool *more, struct error *err)
{
	size_t swept = 0;
	if (!has_read && *more) {
		return true;
	}
	if (!worker_sweep(worker, until, &swept, err)) {
		return false;
	}
	if (has_read) {
		worker->swept_at = 0;
	}
	*more = *more || swept > 0;
	return true;
}

/* Weeks that are over, when nothing was read. */
static bool look_at_weeks(struct worker *worker, bool *more, struct error *err)
{
	size_t count = 0;
	int64_t now = clock_monotonic();
	if (worker->weeks_looked_at != 0 && now - worker->weeks_looked_at < WEEKS_INTERVAL_US) {
		return true;
	}
	if (!profile_watch(worker, clock_now(), &count, err)) {
		return false;
	}
	worker->weeks_looked_at = now;
	*more = *more || count > 0;
	return true;
}

bool worker_wind_up(struct worker *worker, struct error *err)
{
	size_t count = 0;
	int64_t until = 0;
	return check_store(worker, err) && worker_ingest(worker, &count, &until, err) &&
	       (count > 0 || profile_watch(worker, clock_now(), &count, err));
}

enum worker_state worker_step(struct worker *worker, struct error *err)
{
	size_t ingested = 0;
	size_t evaluated = 0;
	int64_t until = 0;
	watch_contracts(worker);
	if (!check_store(worker, err) || !worker_perform(worker, err) ||
	    !worker_ingest(worker, &ingested, &until, err) || !worker_evaluate(worker, &evaluated, err)) {
		return WORKER_FAILED;
	}
	bool more = ingested + evaluated > 0;
	bool waits = open_calls(worker) > 0;
	if ((!more && !waits && !look_around(worker, &more, err)) || !sweep(worker, ingested > 0, until, &more, err) ||
	    (ingested == 0 && !look_at_weeks(worker, &more, err))) {
		return WORKER_FAILED;
	}
	if (more) {
		return WORKER_WORKED;
	}
	return waits ? WORKER_WAITING : WORKER_IDLE;
}

bool worker_wait(struct worker *worker, int timeout_ms, struct error *err)
{
	struct calls *all[CALLS_MAX];
	size_t count = 0;
	for (size_t i = 0; i < worker->installation->contract_count; i++) {
		struct interface_lane *lane = worker->lanes[i];
		for (size_t k = 0; k < lane->contract->candidate_count && count < CALLS_MAX; k++) {
			if (lane->candidates[k].calls != NULL) {
				all[count++] = lane->candidates[k].calls;
			}
		}
	}
	return calls_wait(all, count, timeout_ms, err);
}
