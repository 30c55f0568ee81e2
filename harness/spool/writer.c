#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/spool/segment.h"
#include "harness/spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SEGMENT_BYTES = 64 * 1024 * 1024,
	SCRATCH_KEPT = 1024 * 1024, /* a larger encoding buffer is given back */
	WRITE_BYTES = 128 * 1024,   /* at once, for one call keeps a processor to its end; see push_to_disk */
	PUSH_BYTES = 256 * 1024,    /* a multiple of every page size */
	CACHE_KEPT = 8 * 1024 * 1024,
};

struct spool_writer {
	char path[SEGMENT_PATH_SIZE]; /* of the stream */
	char stream[SPOOL_NAME_MAX + 1];
	char boot_id[BOOT_ID_SIZE];
	struct spool_options options;
	int lock_fd;
	int fd; /* of the current segment; -1: none yet */
	char segment[SEGMENT_PATH_SIZE];
	struct segment_head head; /* of the current segment */
	uint64_t size;            /* of the current segment, whole frames only */
	uint64_t total;           /* of all segments; may be too high after others removed some */
	uint64_t pushed;          /* of the current segment, a multiple of PUSH_BYTES: given to the disk */
	uint64_t last_sequence;
	int64_t unsynced_since; /* monotonic; 0: all is synced */
	bool tail_uncertain;    /* a failed write could not be undone yet */
	struct buffer scratch;
};

/* --- opening --- */

/* One line of /proc/locks: "1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF". The device there is not always that of
 * stat (overlays, btrfs), so the number of the file has to do. */
static bool is_lock_of(const char *line, uint64_t inode)
{
	unsigned long long number = 0;
	char kind[16];
	return sscanf(line, "%*d: %15s %*s %*s %*d %*x:%*x:%llu", kind, &number) == 2 && strcmp(kind, "FLOCK") == 0 &&
	       number == inode;
}

bool spool_is_written(const char *directory, const char *stream)
{
	char path[SEGMENT_PATH_SIZE + 8];
	char line[256];
	struct stat file;
	bool found = false;
	snprintf(path, sizeof(path), "%s/%s/lock", directory, stream);
	FILE *locks = stat(path, &file) == 0 ? fopen("/proc/locks", "re") : NULL;
	while (locks != NULL && !found && fgets(line, sizeof(line), locks) != NULL) {
		found = is_lock_of(line, file.st_ino);
	}
	if (locks != NULL) {
		fclose(locks);
	}
	return found;
}

static bool take_lock(struct spool_writer *writer, struct error *err)
{
	char path[SEGMENT_PATH_SIZE + 8];
	snprintf(path, sizeof(path), "%s/lock", writer->path);
	writer->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (writer->lock_fd < 0) {
		return error_set_system(err, errno, "%s: cannot make the writer's lock", path);
	}
	if (flock(writer->lock_fd, LOCK_EX | LOCK_NB) == 0) {
		return true;
	}
	if (errno == EWOULDBLOCK) {
		return error_set_at(err, ERROR_BUSY, path, 0, "another process writes this stream; stop it first");
	}
	return error_set_system(err, errno, "%s: cannot lock", path);
}

/* Opens the last segment that has a head; removes one that died before it had, for nothing can be in it. */
static enum segment_state open_last(struct spool_writer *writer, const uint64_t *numbers, size_t count,
				    struct segment_scan *scan, struct error *err)
{
	while (count > 0) {
		uint64_t number = numbers[--count];
		enum segment_state state = segment_scan_open(scan, writer->path, number, O_RDWR, err);
		if (state != SEGMENT_TORN) {
			return state;
		}
		char path[SEGMENT_PATH_SIZE];
		segment_path(writer->path, number, path);
		if (unlink(path) != 0) {
			error_set_system(err, errno, "%s: cannot remove a segment without a head", path);
			return SEGMENT_FAILED;
		}
	}
	return SEGMENT_END;
}

/* Reads the segment to its end and cuts a torn tail. */
static bool recover_tail(struct spool_writer *writer, struct segment_scan *scan, struct error *err)
{
	uint64_t last = scan->head.first_sequence - 1;
	struct spool_record record;
	enum segment_state state;
	while ((state = segment_scan_next(scan, &record, err)) == SEGMENT_RECORD) {
		if (spool_is_delivery(&record)) {
			last = record.exchange.sequence;
		}
	}
	if (state == SEGMENT_FAILED) {
		return false;
	}
	if (state == SEGMENT_CORRUPT) {
		return segment_scan_corrupt(scan, err);
	}
	if (state == SEGMENT_TORN && ftruncate(scan->fd, (off_t)scan->offset) != 0) {
		return error_set_system(err, errno, "%s: cannot cut the torn tail", scan->path);
	}
	writer->head = scan->head;
	writer->size = scan->offset;
	writer->pushed = writer->size / PUSH_BYTES * PUSH_BYTES;
	writer->last_sequence = last;
	writer->fd = scan->fd;
	scan->fd = -1;
	memcpy(writer->segment, scan->path, sizeof(writer->segment));
	return true;
}

static uint64_t total_size(const struct spool_writer *writer, const uint64_t *numbers, size_t count)
{
	uint64_t total = 0;
	for (size_t i = 0; i < count; i++) {
		char path[SEGMENT_PATH_SIZE];
		struct stat status;
		segment_path(writer->path, numbers[i], path);
		if (stat(path, &status) == 0) {
			total += (uint64_t)status.st_size;
		}
	}
	return total;
}

static bool count_total(struct spool_writer *writer, struct error *err)
{
	uint64_t *numbers;
	size_t count;
	if (!segment_list(writer->path, &numbers, &count, err)) {
		return false;
	}
	writer->total = total_size(writer, numbers, count);
	free(numbers);
	return true;
}

static bool recover(struct spool_writer *writer, struct error *err)
{
	uint64_t *numbers;
	size_t count;
	if (!segment_list(writer->path, &numbers, &count, err)) {
		return false;
	}
	struct segment_scan scan;
	enum segment_state state = open_last(writer, numbers, count, &scan, err);
	free(numbers);
	bool recovered = state == SEGMENT_END;
	if (state == SEGMENT_RECORD) {
		recovered = recover_tail(writer, &scan, err);
		segment_scan_finish(&scan);
	}
	return recovered && count_total(writer, err);
}

struct spool_writer *spool_writer_open(const char *directory, const char *stream, const struct spool_options *options,
				       struct error *err)
{
	struct spool_writer *writer = calloc(1, sizeof(*writer));
	if (writer == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for a spool writer");
		return NULL;
	}
	writer->fd = -1;
	writer->lock_fd = -1;
	writer->options = *options;
	if (writer->options.segment_bytes == 0) {
		writer->options.segment_bytes = SEGMENT_BYTES;
	}
	buffer_init(&writer->scratch, SPOOL_FRAME_MAX);
	boot_id_read(writer->boot_id);
	if (segment_stream_path(directory, stream, writer->path, err) && file_make_directory(writer->path, err) &&
	    take_lock(writer, err) && recover(writer, err)) {
		snprintf(writer->stream, sizeof(writer->stream), "%s", stream);
		return writer;
	}
	spool_writer_close(writer);
	return NULL;
}

void spool_writer_close(struct spool_writer *writer)
{
	if (writer == NULL) {
		return;
	}
	if (writer->fd >= 0) {
		if (writer->unsynced_since != 0) {
			fdatasync(writer->fd);
		}
		close(writer->fd);
	}
	if (writer->lock_fd >= 0) {
		close(writer->lock_fd);
	}
	buffer_finish(&writer->scratch);
	free(writer);
}

uint64_t spool_writer_last_sequence(const struct spool_writer *writer)
{
	return writer->last_sequence;
}

/* --- segments --- */

static bool sync_directory(const struct spool_writer *writer, struct error *err)
{
	int fd = open(writer->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool synced = fd >= 0 && fsync(fd) == 0;
	int number = errno;
	if (fd >= 0) {
		close(fd);
	}
	return synced || error_set_system(err, number, "%s: cannot sync the directory", writer->path);
}

/* The head is on the disk before anything follows it, so that a segment without one is known to be empty. */
static bool write_head(const struct spool_writer *writer, int fd, const char *path, const struct segment_head *head,
		       struct error *err)
{
	char bytes[SEGMENT_HEAD_SIZE];
	segment_head_encode(head, bytes);
	ssize_t written = pwrite(fd, bytes, sizeof(bytes), 0);
	if (written != (ssize_t)sizeof(bytes) || fsync(fd) != 0) {
		int number = written >= 0 && written != (ssize_t)sizeof(bytes) ? ENOSPC : errno;
		return error_set_system(err, number, "%s: cannot begin a segment", path);
	}
	return sync_directory(writer, err);
}

static bool begin_segment(struct spool_writer *writer, uint64_t origin, uint64_t base, struct error *err)
{
	struct segment_head head = {
		.version = SEGMENT_VERSION,
		.created_at = clock_now(),
		.number = writer->head.number + 1,
		.first_sequence = writer->last_sequence + 1,
		.base = base,
		.origin = origin,
	};
	memcpy(head.boot_id, writer->boot_id, sizeof(head.boot_id));
	memcpy(head.stream, writer->stream, sizeof(head.stream));
	char path[SEGMENT_PATH_SIZE];
	segment_path(writer->path, head.number, path);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		return error_set_system(err, errno, "%s: cannot begin a segment", path);
	}
	if (!write_head(writer, fd, path, &head, err)) {
		unlink(path);
		close(fd);
		return false;
	}
	if (writer->fd >= 0) {
		(void)posix_fadvise(writer->fd, 0, 0, POSIX_FADV_DONTNEED);
		close(writer->fd);
	}
	writer->fd = fd;
	writer->pushed = 0;
	memcpy(writer->segment, path, sizeof(writer->segment));
	writer->head = head;
	writer->size = SEGMENT_HEAD_SIZE;
	writer->total += SEGMENT_HEAD_SIZE;
	return true;
}

static bool has_space(struct spool_writer *writer, size_t length, struct error *err)
{
	uint64_t most = writer->options.bytes_max;
	if (most == 0 || writer->total + length + SEGMENT_HEAD_SIZE <= most) {
		return true;
	}
	/* Readers remove segments behind the writer's back. */
	if (!count_total(writer, err)) {
		return false;
	}
	return writer->total + length + SEGMENT_HEAD_SIZE <= most ||
	       error_set(err, ERROR_LIMIT,
			 "%s: the stream holds its %llu bytes; let the worker catch up or raise the spool's limit",
			 writer->path, (unsigned long long)most);
}

static bool undo_write(struct spool_writer *writer, struct error *err)
{
	writer->tail_uncertain = ftruncate(writer->fd, (off_t)writer->size) != 0;
	return !writer->tail_uncertain || error_set_system(err, errno, "%s: cannot cut the torn tail", writer->segment);
}

/* Makes the current segment one that frames of this origin and base may be appended to. */
static bool prepare(struct spool_writer *writer, uint64_t origin, uint64_t base, size_t length, struct error *err)
{
	if (!has_space(writer, length, err) || (writer->tail_uncertain && !undo_write(writer, err))) {
		return false;
	}
	if (writer->fd >= 0 && writer->size < writer->options.segment_bytes &&
	    writer->head.version == SEGMENT_VERSION && writer->head.origin == origin && writer->head.base == base &&
	    memcmp(writer->head.boot_id, writer->boot_id, BOOT_ID_SIZE) == 0) {
		return true;
	}
	return (writer->fd < 0 || spool_writer_sync(writer, true, err)) && begin_segment(writer, origin, base, err);
}

/* --- appending --- */

static bool write_bytes(struct spool_writer *writer, struct span bytes, struct error *err)
{
	size_t done = 0;
	while (done < bytes.length) {
		size_t length = bytes.length - done < WRITE_BYTES ? bytes.length - done : WRITE_BYTES;
		ssize_t part = pwrite(writer->fd, bytes.data + done, length, (off_t)(writer->size + done));
		if (part < 0 && errno == EINTR) {
			continue;
		}
		if (part <= 0) {
			return error_set_system(err, part == 0 ? ENOSPC : errno,
						"%s: cannot append; free space on the disk, nothing else is to be done",
						writer->segment);
		}
		done += (size_t)part;
	}
	return true;
}

/* Gives the disk what has come in small pieces, so that little is left to the sync. Both halves are for the live path,
 * which shares the processors and the memory with whoever writes here. A kernel that does not preempt itself hands over
 * the pages of a whole sync interval in one go, which takes milliseconds. And records that pile up in the page cache
 * take pages that nobody used before, which costs more than all else that is done with a record, and push out other
 * programs' files. So what lies CACHE_KEPT behind leaves the cache, as far as it is on the disk: a reader that keeps up
 * has seen it, one that does not reads the disk. Hints, both; a file system that knows neither does well without. */
static void push_to_disk(struct spool_writer *writer)
{
	while (writer->size - writer->pushed >= PUSH_BYTES) {
		(void)sync_file_range(writer->fd, (off_t)writer->pushed, PUSH_BYTES, SYNC_FILE_RANGE_WRITE);
		if (writer->pushed >= CACHE_KEPT) {
			(void)posix_fadvise(writer->fd, (off_t)(writer->pushed - CACHE_KEPT), PUSH_BYTES,
					    POSIX_FADV_DONTNEED);
		}
		writer->pushed += PUSH_BYTES;
	}
}

/* All or nothing, the sync of sync_interval_ms 0 included. */
static bool append_bytes(struct spool_writer *writer, struct span bytes, struct error *err)
{
	bool written = write_bytes(writer, bytes, err);
	if (written && writer->options.sync_interval_ms == 0 && fdatasync(writer->fd) != 0) {
		written = error_set_system(err, errno, "%s: cannot sync", writer->segment);
	}
	if (!written) {
		undo_write(writer, NULL);
		return false;
	}
	writer->size += bytes.length;
	writer->total += bytes.length;
	push_to_disk(writer);
	if (writer->options.sync_interval_ms != 0 && writer->unsynced_since == 0) {
		writer->unsynced_since = clock_monotonic();
	}
	return true;
}

static char *scratch_of(struct spool_writer *writer, size_t size, struct error *err)
{
	if (writer->scratch.capacity > SCRATCH_KEPT) {
		buffer_finish(&writer->scratch);
		buffer_init(&writer->scratch, SPOOL_FRAME_MAX);
	}
	buffer_clear(&writer->scratch);
	char *target = buffer_reserve(&writer->scratch, size);
	if (target == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for a record of %zu bytes", size);
	}
	return target;
}

bool spool_writer_append(struct spool_writer *writer, struct spool_exchange *exchange, struct error *err)
{
	size_t size = spool_exchange_size(exchange);
	if (size > SPOOL_FRAME_MAX) {
		return error_set(err, ERROR_LIMIT, "an exchange is larger than %d bytes; leave it out",
				 SPOOL_FRAME_MAX);
	}
	if (exchange->interface.length < 1 || exchange->interface.length > SPOOL_NAME_MAX) {
		return error_set(err, ERROR_LIMIT, "an interface's name has 1 to %d bytes", SPOOL_NAME_MAX);
	}
	uint64_t base = writer->head.base;
	char *target = scratch_of(writer, size, err);
	if (target == NULL || !prepare(writer, writer->head.origin, base, size, err)) {
		return false;
	}
	struct spool_exchange numbered = *exchange;
	numbered.sequence = writer->last_sequence + 1 - base;
	spool_exchange_encode(&numbered, target);
	if (!append_bytes(writer, (struct span){target, size}, err)) {
		return false;
	}
	exchange->sequence = ++writer->last_sequence;
	return true;
}

bool spool_writer_append_accounts(struct spool_writer *writer, const struct spool_accounts *accounts, struct error *err)
{
	if (accounts->interface.length < 1 || accounts->interface.length > SPOOL_NAME_MAX) {
		return error_set(err, ERROR_LIMIT, "an interface's name has 1 to %d bytes", SPOOL_NAME_MAX);
	}
	size_t size = spool_accounts_size(accounts);
	char *target = scratch_of(writer, size, err);
	if (target == NULL || !prepare(writer, writer->head.origin, writer->head.base, size, err)) {
		return false;
	}
	spool_accounts_encode(accounts, target);
	return append_bytes(writer, (struct span){target, size}, err);
}

/* What append_frames finds out about the frames before it writes them. */
struct batch {
	uint64_t base;
	uint64_t last;      /* sequence in the stream of the last exchange */
	size_t new_from;    /* where the first exchange begins that the stream does not have yet */
	bool base_is_known; /* these frames go on with the ring that the current segment came from */
	bool has_new;
};

static bool look_at_frame(const struct spool_writer *writer, const struct spool_exchange *exchange, size_t at,
			  struct batch *batch)
{
	if (!batch->base_is_known) {
		batch->base = writer->last_sequence + 1 - exchange->sequence;
		batch->base_is_known = true;
	}
	uint64_t sequence = exchange->sequence + batch->base;
	if (sequence <= writer->last_sequence) {
		return !batch->has_new;
	}
	if (!batch->has_new) {
		batch->has_new = true;
		batch->new_from = at;
	} else if (sequence != batch->last + 1) {
		return false;
	}
	batch->last = sequence;
	return true;
}

bool spool_writer_append_frames(struct spool_writer *writer, uint64_t origin, struct span frames, struct error *err)
{
	struct batch batch = {
		.base = writer->head.base,
		.base_is_known = writer->fd >= 0 && writer->head.origin == origin,
	};
	size_t size;
	for (size_t at = 0; at < frames.length; at += size) {
		struct spool_record record;
		if (spool_decode((struct span){frames.data + at, frames.length - at}, &record, &size) !=
			    SPOOL_DECODED ||
		    (spool_is_delivery(&record) && !look_at_frame(writer, &record.exchange, at, &batch))) {
			return error_set(err, ERROR_FORMAT,
					 "a frame of the capture ring is broken or out of sequence; restart the tap");
		}
	}
	if (!batch.has_new) {
		return true;
	}
	struct span rest = {frames.data + batch.new_from, frames.length - batch.new_from};
	if (!prepare(writer, origin, batch.base, rest.length, err) || !append_bytes(writer, rest, err)) {
		return false;
	}
	writer->last_sequence = batch.last;
	return true;
}

bool spool_writer_sync(struct spool_writer *writer, bool now, struct error *err)
{
	if (writer->unsynced_since == 0) {
		return true;
	}
	int64_t interval = (int64_t)writer->options.sync_interval_ms * 1000;
	if (!now && clock_monotonic() - writer->unsynced_since < interval) {
		return true;
	}
	if (fdatasync(writer->fd) != 0) {
		return error_set_system(err, errno, "%s: cannot sync", writer->segment);
	}
	writer->unsynced_since = 0;
	return true;
}
