/* Layer 2. The spool: ordered, durable streams of records in segment files, and the drainer that feeds one from a ring.
 *
 *   DIR/STREAM/00000000000000000001.seg   segments, numbered from 1 without gaps
 *   DIR/STREAM/lock                       the writer's lock
 *
 * A stream has one writer (locked) and any number of readers. The format is in docs/spool.md. A torn tail (the writer
 * died inside a write) is cut by the next writer; a reader waits there. Power loss costs at most the sync interval.
 * A stream's name is 1 to SPOOL_NAME_MAX bytes of A-Z a-z 0-9 . _ - and does not begin with a dot. */
#ifndef UNDERSTUDY_SPOOL_SPOOL_H
#define UNDERSTUDY_SPOOL_SPOOL_H

#include "harness/base/arena.h"
#include "harness/spool/record.h"
#include "harness/spool/ring.h"

struct spool_options {
	size_t segment_bytes; /* a segment is closed past this size; 0: 64 MiB */
	int sync_interval_ms; /* at most this long between a write and its fsync; 0: sync with every append; default 200
			       */
	uint64_t bytes_max;   /* all segments of the stream; further appends fail with ERROR_LIMIT; 0: no limit */
};

/* --- writing --- */
struct spool_writer;
/* Opens or makes the stream, cuts a torn tail, takes the writer's lock (ERROR_BUSY where it is taken). */
struct spool_writer *spool_writer_open(const char *directory, const char *stream, const struct spool_options *options,
				       struct error *err);
/* Has somebody the stream open for writing? Read off /proc/locks, because to try the lock would be to take it. */
bool spool_is_written(const char *directory, const char *stream);
void spool_writer_close(struct spool_writer *writer);                   /* syncs; accepts NULL */
uint64_t spool_writer_last_sequence(const struct spool_writer *writer); /* 0: none yet */
/* Appends one exchange, giving it the next sequence (exchange->sequence is set). */
MUST_CHECK bool spool_writer_append(struct spool_writer *writer, struct spool_exchange *exchange, struct error *err);
MUST_CHECK bool spool_writer_append_accounts(struct spool_writer *writer, const struct spool_accounts *accounts,
					     struct error *err);
/* Appends whole frames as they come from the ring `origin`; exchanges at or before the last sequence are skipped, so
 * that a drainer that died between write and release repeats nothing. All or nothing: a short write (disk full) is
 * undone. A new ring counts its sequence from 1 again: its first frame goes on where the stream stands, and readers see
 * the stream's sequence. */
MUST_CHECK bool spool_writer_append_frames(struct spool_writer *writer, uint64_t origin, struct span frames,
					   struct error *err);
/* Syncs if the interval has passed since the oldest unsynced write, or always with `now`. */
MUST_CHECK bool spool_writer_sync(struct spool_writer *writer, bool now, struct error *err);

/* --- reading --- */
struct spool_position {
	uint64_t segment;  /* its number; 0: the oldest segment that there is */
	uint64_t offset;   /* bytes into it; 0: its first record */
	uint64_t sequence; /* of the last exchange read; 0: none */
};
struct spool_reader;
/* A stream that is not there yet is fine: it has nothing to read. */
struct spool_reader *spool_reader_open(const char *directory, const char *stream, const struct spool_position *from,
				       struct error *err);
void spool_reader_close(struct spool_reader *reader); /* accepts NULL */
enum spool_read { SPOOL_READ, SPOOL_NOTHING_YET, SPOOL_READ_FAILED };
/* The next record; its spans are valid until the next call. A corrupt frame that is not a torn tail is
 * SPOOL_READ_FAILED with the file and offset: nothing behind it is skipped silently. */
enum spool_read spool_reader_next(struct spool_reader *reader, struct spool_record *ret_record, struct error *err);
/* Where the next read begins; store it in the same transaction as what was read. */
struct spool_position spool_reader_position(const struct spool_reader *reader);
/* Exchanges written behind the position, not counting a torn tail (for the ledger: "in spool"). Reads the files. */
MUST_CHECK bool spool_reader_count_waiting(const struct spool_reader *reader, uint64_t *ret_count, struct error *err);
/* Removes closed segments that lie wholly before the position. */
MUST_CHECK bool spool_remove_before(const char *directory, const char *stream, const struct spool_position *position,
				    struct error *err);
/* Names of the streams under `directory`, sorted, in the arena; none where the directory is missing. */
MUST_CHECK bool spool_list_streams(const char *directory, struct arena *arena, char ***ret_names, size_t *ret_count,
				   struct error *err);

/* --- the kill switch --- */
#define SPOOL_CAPTURE_OFF "capture-off"
/* While there is a file of that name in the spool's directory nothing is captured. *ret_since: UTC us, when the file
 * was made or last changed; may be NULL. */
bool spool_capture_is_off(const char *directory, int64_t *ret_since);

/* --- draining --- */
/* A thread that moves a ring into a stream until stopped, then once more. It takes the drainer's lock on the stream;
 * while another process holds it, it waits and tries again. When the stream cannot be written (disk full), the ring
 * fills and the tap counts drops; the drainer retries and recovers by itself. Appends accounts records where the
 * accounts changed, at most every 100 ms, and at the end, each right behind the exchanges that it counts. The thread
 * runs at the lowest priority (nice 19: it has to keep up, so not in idle time alone) with all signals blocked. The
 * ring must be there already. */
struct drainer;
struct drainer *drainer_start(const char *ring_path, const char *directory, const char *stream,
			      const struct spool_options *options, struct error *err);
/* Stops after a last pass; false with the last error where records are left in the ring. */
MUST_CHECK bool drainer_stop(struct drainer *drainer, struct error *err);
/* One pass without a thread, for a worker that finds a ring whose tap is gone. *ret_moved: frames moved; does nothing
 * and returns true where a drainer is alive. */
MUST_CHECK bool drainer_run_once(const char *ring_path, const char *directory, const char *stream,
				 const struct spool_options *options, size_t *ret_moved, struct error *err);

#endif
