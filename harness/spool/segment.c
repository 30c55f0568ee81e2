#include "harness/spool/segment.h"

#include "harness/base/hash.h"
#include "harness/base/text.h"
#include "harness/spool/little_endian.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC "USTSPOOL"
#define SUFFIX ".seg"

/* Offsets in the head, as docs/spool.md has them. */
enum {
	AT_MAGIC = 0,
	AT_VERSION = 8,
	AT_HEAD_SIZE = 12,
	AT_CREATED = 16,
	AT_NUMBER = 24,
	AT_FIRST_SEQUENCE = 32,
	AT_BASE = 40,
	AT_ORIGIN = 48,
	AT_BOOT_ID = 56,
	AT_STREAM = 96,
	AT_FLAGS = 160,
	AT_CRC = 164,

	NUMBER_DIGITS = 20,
	CHUNK = 1024 * 1024, /* bytes read at once */
	SEARCH_EFFORT = 16,
};

_Static_assert((int)AT_BOOT_ID + (int)BOOT_ID_SIZE == (int)AT_STREAM, "docs/spool.md");
_Static_assert((int)AT_STREAM + (int)SPOOL_NAME_MAX + 1 == (int)AT_FLAGS, "docs/spool.md");

/* --- names --- */

bool segment_stream_name_is_valid(const char *stream)
{
	size_t length = strlen(stream);
	if (length < 1 || length > SPOOL_NAME_MAX || stream[0] == '.') {
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		char lower = text_lower(stream[i]);
		if (!text_is_digit(lower) && (lower < 'a' || lower > 'z') && strchr("._-", lower) == NULL) {
			return false;
		}
	}
	return true;
}

bool segment_stream_path(const char *directory, const char *stream, char path[SEGMENT_PATH_SIZE], struct error *err)
{
	if (!segment_stream_name_is_valid(stream)) {
		return error_set(
			err, ERROR_CONFIG,
			"\"%s\" is no name of a stream; use 1 to %d letters, digits, dots, dashes and underscores",
			stream, SPOOL_NAME_MAX);
	}
	if (strlen(directory) + 1 + strlen(stream) + 32 >= SEGMENT_PATH_SIZE) {
		return error_set(err, ERROR_LIMIT, "the spool's path is too long; choose a shorter one");
	}
	snprintf(path, SEGMENT_PATH_SIZE, "%s/%s", directory, stream);
	return true;
}

void segment_path(const char *stream_path, uint64_t number, char path[SEGMENT_PATH_SIZE])
{
	int length = snprintf(path, SEGMENT_PATH_SIZE, "%s/%0*llu" SUFFIX, stream_path, NUMBER_DIGITS,
			      (unsigned long long)number);
	BUG_ON(length < 0 || length >= SEGMENT_PATH_SIZE);
}

static bool number_of_name(const char *name, uint64_t *ret_number)
{
	size_t length = strlen(name);
	return length == NUMBER_DIGITS + strlen(SUFFIX) && strcmp(name + NUMBER_DIGITS, SUFFIX) == 0 &&
	       text_to_uint64((struct span){name, NUMBER_DIGITS}, ret_number) && *ret_number > 0;
}

static int order_numbers(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;
	return (left > right) - (left < right);
}

static bool collect_numbers(DIR *directory, struct buffer *numbers)
{
	struct dirent *entry;
	while ((entry = readdir(directory)) != NULL) {
		uint64_t number;
		if (number_of_name(entry->d_name, &number)) {
			buffer_append(numbers, &number, sizeof(number));
		}
	}
	return !numbers->failed;
}

bool segment_list(const char *stream_path, uint64_t **ret_numbers, size_t *ret_count, struct error *err)
{
	struct buffer numbers = BUFFER_INIT(64 * 1024 * 1024);
	DIR *directory = opendir(stream_path);
	if (directory == NULL && errno != ENOENT) {
		return error_set_system(err, errno, "%s: cannot list the segments", stream_path);
	}
	bool listed = directory == NULL || collect_numbers(directory, &numbers);
	if (directory != NULL) {
		closedir(directory);
	}
	if (!listed) {
		return buffer_ok(&numbers, "the list of segments", err);
	}
	*ret_count = numbers.length / sizeof(uint64_t);
	uint64_t *list = calloc(*ret_count + 1, sizeof(*list));
	if (list == NULL) {
		buffer_finish(&numbers);
		return error_set(err, ERROR_MEMORY, "no memory for the list of segments");
	}
	if (*ret_count > 0) {
		memcpy(list, numbers.data, numbers.length);
		qsort(list, *ret_count, sizeof(*list), order_numbers);
	}
	buffer_finish(&numbers);
	*ret_numbers = list;
	return true;
}

/* --- the head --- */

void segment_head_encode(const struct segment_head *head, char bytes[SEGMENT_HEAD_SIZE])
{
	memset(bytes, 0, SEGMENT_HEAD_SIZE);
	memcpy(bytes + AT_MAGIC, MAGIC, 8);
	put_32(bytes + AT_VERSION, SEGMENT_VERSION);
	put_32(bytes + AT_HEAD_SIZE, SEGMENT_HEAD_SIZE);
	put_64(bytes + AT_CREATED, (uint64_t)head->created_at);
	put_64(bytes + AT_NUMBER, head->number);
	put_64(bytes + AT_FIRST_SEQUENCE, head->first_sequence);
	put_64(bytes + AT_BASE, head->base);
	put_64(bytes + AT_ORIGIN, head->origin);
	memcpy(bytes + AT_BOOT_ID, head->boot_id, sizeof(head->boot_id));
	memcpy(bytes + AT_STREAM, head->stream, sizeof(head->stream));
	put_32(bytes + AT_CRC, hash_crc32c(0, bytes, AT_CRC));
}

static bool is_zero(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] != '\0') {
			return false;
		}
	}
	return true;
}

static bool decode_head(struct segment_scan *scan, const char bytes[SEGMENT_HEAD_SIZE], uint64_t number,
			struct error *err)
{
	if (memcmp(bytes + AT_MAGIC, MAGIC, 8) != 0) {
		return error_set_at(err, ERROR_FORMAT, scan->path, 0, "this is no segment of a spool; move it away");
	}
	uint32_t version = get_32(bytes + AT_VERSION);
	if (version > SEGMENT_VERSION) {
		return error_set_at(err, ERROR_VERSION, scan->path, 0,
				    "written by a newer understudy (format %u, this one knows %d); upgrade", version,
				    SEGMENT_VERSION);
	}
	struct segment_head head = {
		.version = version,
		.created_at = (int64_t)get_64(bytes + AT_CREATED),
		.number = get_64(bytes + AT_NUMBER),
		.first_sequence = get_64(bytes + AT_FIRST_SEQUENCE),
		.base = get_64(bytes + AT_BASE),
		.origin = get_64(bytes + AT_ORIGIN),
	};
	memcpy(head.boot_id, bytes + AT_BOOT_ID, sizeof(head.boot_id));
	memcpy(head.stream, bytes + AT_STREAM, sizeof(head.stream));
	if (get_32(bytes + AT_CRC) != hash_crc32c(0, bytes, AT_CRC) || version < 1 ||
	    get_32(bytes + AT_HEAD_SIZE) != SEGMENT_HEAD_SIZE || get_32(bytes + AT_FLAGS) != 0 ||
	    head.number != number || head.stream[SPOOL_NAME_MAX] != '\0') {
		return error_set_at(err, ERROR_FORMAT, scan->path, 0,
				    "the segment's head is damaged; restore the file or move it away");
	}
	scan->head = head;
	return true;
}

static bool reserve(struct segment_scan *scan, size_t size, struct error *err)
{
	if (scan->capacity >= size) {
		return true;
	}
	char *larger = realloc(scan->buffer, size);
	if (larger == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for a record of %zu bytes", size);
	}
	scan->buffer = larger;
	scan->capacity = size;
	return true;
}

static enum segment_state read_head(struct segment_scan *scan, uint64_t number, struct error *err)
{
	char bytes[SEGMENT_HEAD_SIZE];
	ssize_t got = pread(scan->fd, bytes, sizeof(bytes), 0);
	if (got < 0) {
		error_set_system(err, errno, "%s: cannot read", scan->path);
		return SEGMENT_FAILED;
	}
	/* Zeros: the machine died before the head reached the disk. Nothing was appended: the head is synced first. */
	if ((size_t)got < sizeof(bytes) || is_zero(bytes, sizeof(bytes))) {
		return SEGMENT_TORN;
	}
	return decode_head(scan, bytes, number, err) ? SEGMENT_RECORD : SEGMENT_FAILED;
}

enum segment_state segment_scan_open(struct segment_scan *scan, const char *stream_path, uint64_t number, int flags,
				     struct error *err)
{
	struct segment_scan opened = {.offset = SEGMENT_HEAD_SIZE};
	segment_path(stream_path, number, opened.path);
	opened.fd = open(opened.path, flags | O_CLOEXEC);
	if (opened.fd < 0) {
		if (errno == ENOENT) {
			return SEGMENT_END;
		}
		error_set_system(err, errno, "%s: cannot open", opened.path);
		return SEGMENT_FAILED;
	}
	enum segment_state state = read_head(&opened, number, err);
	if (state != SEGMENT_RECORD) {
		close(opened.fd);
		return state;
	}
	*scan = opened;
	if (!reserve(scan, CHUNK, err)) {
		close(opened.fd);
		return SEGMENT_FAILED;
	}
	return SEGMENT_RECORD;
}

void segment_scan_finish(struct segment_scan *scan)
{
	if (scan->fd >= 0) {
		close(scan->fd);
	}
	free(scan->buffer);
	*scan = (struct segment_scan){.fd = -1};
}

/* --- frames --- */

static bool read_at(struct segment_scan *scan, uint64_t offset, size_t size, size_t *ret_got, struct error *err)
{
	size_t got = 0;
	while (got < size) {
		ssize_t part = pread(scan->fd, scan->buffer + got, size - got, (off_t)(offset + got));
		if (part < 0 && errno != EINTR) {
			return error_set_system(err, errno, "%s: cannot read", scan->path);
		}
		if (part == 0) {
			break;
		}
		got += part > 0 ? (size_t)part : 0;
	}
	*ret_got = got;
	return true;
}

/* Reads the file from `offset` on, always anew: what the buffer holds behind it may be a torn tail that the next writer
 * has cut and written over. SEGMENT_RECORD: at least the whole next frame is there. */
static enum segment_state refill(struct segment_scan *scan, struct error *err)
{
	size_t wanted = spool_frame_length((struct span){scan->buffer + scan->start, scan->end - scan->start});
	scan->start = 0;
	scan->end = 0;
	struct stat status;
	if (fstat(scan->fd, &status) != 0) {
		error_set_system(err, errno, "%s: cannot read", scan->path);
		return SEGMENT_FAILED;
	}
	uint64_t size = (uint64_t)status.st_size;
	if (size <= scan->offset) {
		return SEGMENT_END;
	}
	if (size - scan->offset < wanted || size - scan->offset < SPOOL_FRAME_HEAD) {
		return SEGMENT_TORN;
	}
	size_t chunk = wanted > CHUNK ? wanted : CHUNK;
	if (!reserve(scan, chunk, err) || !read_at(scan, scan->offset, chunk, &scan->end, err)) {
		return SEGMENT_FAILED;
	}
	return SEGMENT_RECORD;
}

/* Looks for a good frame behind the first. What stands there may be a message made to look like the beginnings of many
 * frames, each with half a file to be summed up: past SEARCH_EFFORT times the bytes it is called damage, and a person
 * decides. */
static bool has_frame(struct span bytes)
{
	uint64_t effort = SEARCH_EFFORT * (uint64_t)bytes.length;
	for (size_t i = SPOOL_FRAME_ALIGNMENT; i < bytes.length; i += SPOOL_FRAME_ALIGNMENT) {
		struct span rest = {bytes.data + i, bytes.length - i};
		struct spool_record record;
		size_t size;
		if (spool_decode(rest, &record, &size) == SPOOL_DECODED) {
			return true;
		}
		size_t length = spool_frame_length(rest);
		uint64_t summed = length <= rest.length ? length : 0;
		if (summed > effort) {
			return true;
		}
		effort -= summed;
	}
	return false;
}

static bool frame_lies_behind(struct segment_scan *scan, uint64_t size, struct error *err, bool *ret_found)
{
	size_t rest = (size_t)(size - scan->offset);
	if (!reserve(scan, rest, err) || !read_at(scan, scan->offset, rest, &rest, err)) {
		return false;
	}
	*ret_found = has_frame((struct span){scan->buffer, rest});
	return true;
}

/* A broken frame with good ones behind it is damage, and so is one that was written since the machine started. What is
 * left is the tail that a power failure leaves: blocks that never reached the disk. */
static enum segment_state judge_damage(struct segment_scan *scan, struct error *err)
{
	char boot_id[BOOT_ID_SIZE];
	boot_id_read(boot_id);
	struct stat status;
	if (memcmp(boot_id, scan->head.boot_id, sizeof(boot_id)) == 0) {
		return SEGMENT_CORRUPT;
	}
	if (fstat(scan->fd, &status) != 0) {
		error_set_system(err, errno, "%s: cannot read", scan->path);
		return SEGMENT_FAILED;
	}
	bool found;
	if (!frame_lies_behind(scan, (uint64_t)status.st_size, err, &found)) {
		return SEGMENT_FAILED;
	}
	return found ? SEGMENT_CORRUPT : SEGMENT_TORN;
}

enum segment_state segment_scan_next(struct segment_scan *scan, struct spool_record *ret_record, struct error *err)
{
	for (bool fresh = false;;) {
		size_t size;
		struct span bytes = {scan->buffer + scan->start, scan->end - scan->start};
		enum spool_decode decoded = spool_decode(bytes, ret_record, &size);
		if (decoded == SPOOL_DECODED) {
			scan->start += size;
			scan->offset += size;
			if (spool_is_delivery(ret_record)) {
				ret_record->exchange.sequence += scan->head.base;
			}
			return SEGMENT_RECORD;
		}
		if (decoded == SPOOL_CORRUPT && fresh) {
			scan->start = 0;
			scan->end = 0;
			return judge_damage(scan, err);
		}
		if (decoded == SPOOL_CORRUPT) {
			scan->end = scan->start; /* the length is not to be believed */
		}
		enum segment_state state = refill(scan, err);
		if (state != SEGMENT_RECORD) {
			return state;
		}
		fresh = true;
	}
}

bool segment_scan_corrupt(const struct segment_scan *scan, struct error *err)
{
	return error_set_at(err, ERROR_FORMAT, scan->path, 0,
			    "corrupt at byte %llu; restore the file, or cut it there to give up what lies behind",
			    (unsigned long long)scan->offset);
}
