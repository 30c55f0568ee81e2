#include "harness/spool/segment.h"
#include "harness/spool/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct spool_reader {
	char path[SEGMENT_PATH_SIZE]; /* of the stream */
	struct spool_position position;
	struct segment_scan scan; /* fd -1: no segment is open */
};

struct spool_reader *spool_reader_open(const char *directory, const char *stream, const struct spool_position *from,
				       struct error *err)
{
	struct spool_reader *reader = calloc(1, sizeof(*reader));
	if (reader == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for a spool reader");
		return NULL;
	}
	reader->scan.fd = -1;
	reader->position = *from;
	if (!segment_stream_path(directory, stream, reader->path, err)) {
		free(reader);
		return NULL;
	}
	return reader;
}

void spool_reader_close(struct spool_reader *reader)
{
	if (reader != NULL) {
		segment_scan_finish(&reader->scan);
		free(reader);
	}
}

struct spool_position spool_reader_position(const struct spool_reader *reader)
{
	return reader->position;
}

/* Goes to the segment, which becomes the position. NOTHING_YET: not there, or its head is not complete yet. */
static enum spool_read enter(struct spool_reader *reader, uint64_t number, uint64_t offset, struct error *err)
{
	struct segment_scan scan;
	enum segment_state state = segment_scan_open(&scan, reader->path, number, O_RDONLY, err);
	if (state == SEGMENT_FAILED) {
		return SPOOL_READ_FAILED;
	}
	if (state != SEGMENT_RECORD) {
		return SPOOL_NOTHING_YET;
	}
	if (offset > scan.offset) {
		scan.offset = offset;
	}
	segment_scan_finish(&reader->scan);
	reader->scan = scan;
	reader->position.segment = number;
	reader->position.offset = scan.offset;
	return SPOOL_READ;
}

static enum spool_read enter_first(struct spool_reader *reader, struct error *err)
{
	uint64_t *numbers;
	size_t count;
	if (!segment_list(reader->path, &numbers, &count, err)) {
		return SPOOL_READ_FAILED;
	}
	uint64_t oldest = count > 0 ? numbers[0] : 0;
	free(numbers);
	return oldest == 0 ? SPOOL_NOTHING_YET : enter(reader, oldest, 0, err);
}

static enum spool_read enter_position(struct spool_reader *reader, struct error *err)
{
	if (reader->position.segment == 0) {
		return enter_first(reader, err);
	}
	enum spool_read entered = enter(reader, reader->position.segment, reader->position.offset, err);
	if (entered == SPOOL_NOTHING_YET) {
		error_set(err, ERROR_MISSING,
			  "%s: segment %llu, where reading goes on, is gone; restore it, or begin anew with the oldest",
			  reader->path, (unsigned long long)reader->position.segment);
		return SPOOL_READ_FAILED;
	}
	return entered;
}

static bool next_segment_exists(const struct spool_reader *reader)
{
	char path[SEGMENT_PATH_SIZE];
	segment_path(reader->path, reader->position.segment + 1, path);
	return access(path, F_OK) == 0;
}

static enum spool_read deliver(struct spool_reader *reader, const struct spool_record *record)
{
	reader->position.offset = reader->scan.offset;
	if (spool_is_delivery(record)) {
		reader->position.sequence = record->exchange.sequence;
	}
	return SPOOL_READ;
}

enum spool_read spool_reader_next(struct spool_reader *reader, struct spool_record *ret_record, struct error *err)
{
	if (reader->scan.fd < 0) {
		enum spool_read entered = enter_position(reader, err);
		if (entered != SPOOL_READ) {
			return entered;
		}
	}
	for (bool closed = false;;) {
		enum segment_state state = segment_scan_next(&reader->scan, ret_record, err);
		if (state == SEGMENT_RECORD) {
			return deliver(reader, ret_record);
		}
		if (state == SEGMENT_FAILED) {
			return SPOOL_READ_FAILED;
		}
		if (state == SEGMENT_CORRUPT || (state == SEGMENT_TORN && closed)) {
			segment_scan_corrupt(&reader->scan, err);
			return SPOOL_READ_FAILED;
		}
		if (!closed) {
			/* Once the next segment is there, nothing more is written to this one: its end, looked at again
			 * from now on, is final. */
			closed = next_segment_exists(reader);
			if (!closed) {
				return SPOOL_NOTHING_YET;
			}
			continue;
		}
		enum spool_read entered = enter(reader, reader->position.segment + 1, 0, err);
		if (entered != SPOOL_READ) {
			return entered;
		}
		closed = false;
	}
}

bool spool_reader_count_waiting(const struct spool_reader *reader, uint64_t *ret_count, struct error *err)
{
	struct spool_reader *ahead = calloc(1, sizeof(*ahead));
	if (ahead == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for a spool reader");
	}
	ahead->scan.fd = -1;
	ahead->position = reader->position;
	memcpy(ahead->path, reader->path, sizeof(ahead->path));
	uint64_t count = 0;
	struct spool_record record;
	enum spool_read read;
	while ((read = spool_reader_next(ahead, &record, err)) == SPOOL_READ) {
		count += spool_is_delivery(&record) ? 1 : 0;
	}
	spool_reader_close(ahead);
	if (read == SPOOL_READ_FAILED) {
		return false;
	}
	*ret_count = count;
	return true;
}

bool spool_remove_before(const char *directory, const char *stream, const struct spool_position *position,
			 struct error *err)
{
	char path[SEGMENT_PATH_SIZE];
	uint64_t *numbers;
	size_t count;
	if (!segment_stream_path(directory, stream, path, err) || !segment_list(path, &numbers, &count, err)) {
		return false;
	}
	bool removed = true;
	/* The last one stays whatever the position says: it carries the stream's sequence on. */
	for (size_t i = 0; removed && i + 1 < count && numbers[i] < position->segment; i++) {
		char segment[SEGMENT_PATH_SIZE];
		segment_path(path, numbers[i], segment);
		removed = unlink(segment) == 0 || errno == ENOENT ||
			  error_set_system(err, errno, "%s: cannot remove", segment);
	}
	free(numbers);
	return removed;
}

static int order_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_directory(DIR *parent, const char *name)
{
	struct stat status;
	return fstatat(dirfd(parent), name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

static char **collect_names(DIR *directory, struct arena *arena, size_t *ret_count)
{
	size_t count = 0;
	size_t room = 16;
	char **names = arena_allocate_array(arena, room, sizeof(*names));
	struct dirent *entry;
	if (names == NULL) {
		return NULL;
	}
	while ((entry = readdir(directory)) != NULL) {
		if (!segment_stream_name_is_valid(entry->d_name) || !is_directory(directory, entry->d_name)) {
			continue;
		}
		if (count == room) {
			char **more = arena_allocate_array(arena, room * 2, sizeof(*more));
			if (more == NULL) {
				return NULL;
			}
			memcpy(more, names, count * sizeof(*names));
			names = more;
			room *= 2;
		}
		names[count] = arena_copy(arena, span_of(entry->d_name));
		if (names[count++] == NULL) {
			return NULL;
		}
	}
	*ret_count = count;
	return names;
}

bool spool_list_streams(const char *directory, struct arena *arena, char ***ret_names, size_t *ret_count,
			struct error *err)
{
	DIR *opened = opendir(directory);
	if (opened == NULL && errno != ENOENT) {
		return error_set_system(err, errno, "%s: cannot list the streams", directory);
	}
	size_t count = 0;
	char **names =
		opened != NULL ? collect_names(opened, arena, &count) : arena_allocate_array(arena, 1, sizeof(*names));
	if (opened != NULL) {
		closedir(opened);
	}
	if (names == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for the names of the streams");
	}
	qsort(names, count, sizeof(*names), order_names);
	*ret_names = names;
	*ret_count = count;
	return true;
}
