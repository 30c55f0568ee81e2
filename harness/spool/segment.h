/* Layer 2, private to the spool. Segment files: names, the head, and reading one frame by frame. docs/spool.md. */
#ifndef UNDERSTUDY_SPOOL_SEGMENT_H
#define UNDERSTUDY_SPOOL_SEGMENT_H

#include "harness/spool/boot.h"
#include "harness/spool/record.h"

enum {
	SEGMENT_VERSION = 2, /* 1 is read, and a new segment begins behind it */
	SEGMENT_HEAD_SIZE = 168,
	SEGMENT_PATH_SIZE = 512,
};

struct segment_head {
	uint32_t version;        /* when read; written is always SEGMENT_VERSION */
	int64_t created_at;      /* UTC us */
	uint64_t number;         /* as in the file's name */
	uint64_t first_sequence; /* of the stream: what the segment's first exchange has */
	uint64_t base;           /* sequence in the stream = sequence in the frame + base, modulo 2^64 */
	uint64_t origin;         /* the ring its frames came from; 0: appended without a ring */
	char boot_id[BOOT_ID_SIZE];
	char stream[SPOOL_NAME_MAX + 1];
};

/* "DIRECTORY/STREAM", after a check of the name; ERROR_CONFIG. */
MUST_CHECK bool segment_stream_path(const char *directory, const char *stream, char path[SEGMENT_PATH_SIZE],
				    struct error *err);
bool segment_stream_name_is_valid(const char *stream);
/* `path` needs room for 32 bytes more than `stream_path` has; segment_stream_path sees to that. */
void segment_path(const char *stream_path, uint64_t number, char path[SEGMENT_PATH_SIZE]);
/* Numbers of the segments there are, sorted; caller frees with free. A missing directory holds none. */
MUST_CHECK bool segment_list(const char *stream_path, uint64_t **ret_numbers, size_t *ret_count, struct error *err);
void segment_head_encode(const struct segment_head *head, char bytes[SEGMENT_HEAD_SIZE]);

/* One open segment, read from `offset` on. */
struct segment_scan {
	int fd; /* -1: none */
	char path[SEGMENT_PATH_SIZE];
	struct segment_head head;
	uint64_t offset; /* of the next frame */
	char *buffer;    /* the file's bytes from `offset` on are buffer[start..end) */
	size_t capacity;
	size_t start;
	size_t end;
};

enum segment_state {
	SEGMENT_RECORD,
	SEGMENT_END,     /* the file ends where a frame would begin */
	SEGMENT_TORN,    /* it ends inside a frame, or is damaged in a way that a dead machine leaves behind */
	SEGMENT_CORRUPT, /* it is damaged */
	SEGMENT_FAILED,  /* it cannot be read: err is set */
};

/* Opens the file and reads its head. SEGMENT_RECORD: open. SEGMENT_END: there is no such file. SEGMENT_TORN: its head
 * is not complete. SEGMENT_FAILED: anything else, err set (ERROR_VERSION for a newer one). Only with SEGMENT_RECORD
 * there is something to finish. `flags` O_RDONLY or O_RDWR. */
enum segment_state segment_scan_open(struct segment_scan *scan, const char *stream_path, uint64_t number, int flags,
				     struct error *err);
void segment_scan_finish(struct segment_scan *scan);
/* The next record, its sequence as the stream's; spans valid until the next call. After any state but SEGMENT_RECORD
 * the offset stands, and the next call reads the file again. */
enum segment_state segment_scan_next(struct segment_scan *scan, struct spool_record *ret_record, struct error *err);
/* "FILE: corrupt at byte N; ...": false. */
bool segment_scan_corrupt(const struct segment_scan *scan, struct error *err);

#endif
