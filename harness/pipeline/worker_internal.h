/* Layer 3, private to the worker's files. */
#ifndef UNDERSTUDY_PIPELINE_WORKER_INTERNAL_H
#define UNDERSTUDY_PIPELINE_WORKER_INTERNAL_H

#include "harness/pipeline/lane.h"
#include "harness/pipeline/worker.h"
#include "harness/spool/spool.h"
#include "harness/store/evaluation.h"
#include "harness/store/ingest.h"

enum {
	WORKER_ARENA_MAX = 1024 * 1024 * 1024,
	INGEST_RECORDS = 1000,           /* spool records in one transaction */
	INGEST_BYTES = 16 * 1024 * 1024, /* bodies in one transaction */
	EVALUATE_BATCH = 500,            /* finished calls in one transaction */
};

struct worker_stream {
	char name[SPOOL_NAME_MAX + 1];
	struct spool_reader *reader;
	uint64_t segment; /* read up to here; earlier segments are removed */
};

struct worker {
	const struct installation *installation;
	struct store *store;
	struct hash_key *sampling_key;
	struct interface_lane **lanes; /* installation->contract_count of them */
	struct worker_stream *streams;
	size_t stream_count;
	int64_t streams_listed_at;
	int lock;              /* fd of the lock file beside the store, -1: none */
	int spool_lock;        /* fd of the one in the spool: segments that one worker has read are gone for all */
	uint64_t store_device; /* the file that the store was opened from */
	uint64_t store_inode;
	int64_t store_checked_at;
	int64_t swept_at;        /* clock_monotonic; 0: at once */
	int64_t watched_at;      /* likewise */
	int64_t weeks_looked_at; /* likewise */
	struct error notice;     /* for worker_take_notice; code 0: none */
	struct arena arena;      /* of the exchange at hand */
};

struct interface_lane *worker_lane(const struct worker *worker, struct span interface);
/* Reads one batch of each stream; *ret_count records read. *ret_until: what was captured before that has been read, in
 * all streams. A failure leaves store and readers where they were. */
MUST_CHECK bool worker_ingest(struct worker *worker, size_t *ret_count, int64_t *ret_until, struct error *err);
/* Once a second: ends what has waited too long for its other side, as of `read_until`; *ret_count of them. */
MUST_CHECK bool worker_sweep(struct worker *worker, int64_t read_until, size_t *ret_count, struct error *err);
/* Writes what has ended and starts calls for pending rows; *ret_count of both. */
MUST_CHECK bool worker_evaluate(struct worker *worker, size_t *ret_count, struct error *err);
/* Forgets the readers: the next ingest opens them at the stored position. */
void worker_close_streams(struct worker *worker);

#endif
