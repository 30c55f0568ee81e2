/* Layer 4. The numbers of the overview and of /metrics, as of one moment, from rollups alone: the cost does not grow
 * with the history. Both ledgers are as in DESIGN.md section 3, invariant 2; the weekly report has the statistics.
 * Private to harness/web. */
#ifndef UNDERSTUDY_WEB_SNAPSHOT_H
#define UNDERSTUDY_WEB_SNAPSHOT_H

#include "harness/contract/contract.h"
#include "harness/store/evaluation.h"
#include "harness/store/ingest.h"
#include "harness/store/store.h"
#include "harness/web/web.h"

enum { SNAPSHOT_WEEKS = 8 };

/* Production figures of one week. */
struct snapshot_week {
	int32_t week;
	uint64_t compared; /* transactions */
	uint64_t replies;
	uint64_t contract_drift;
	int64_t cost_nano;
	uint64_t sides[SIDE_COUNT]; /* records */
};

/* Production replies of one path in the series of contract drift. */
struct snapshot_drift {
	uint64_t replies;
	uint64_t contract_drift;
	uint64_t strict_drift;
	uint64_t declared[DRIFT_CLASS_COUNT]; /* replies by class, as declared */
	uint64_t strict[DRIFT_CLASS_COUNT];   /* likewise, strict reading */
};

struct snapshot_candidate {
	struct snapshot_candidate *next;
	int64_t id;
	const char *name;
	/* Second ledger, test messages included. */
	uint64_t states[EVALUATION_COUNT];
	uint64_t reasons[NOT_EVALUATED_COUNT]; /* of states[EVALUATION_NOT_EVALUATED] */
	uint64_t awaiting;                     /* of the pending: the legacy answer has not come */
	uint64_t before;                       /* stored before the candidate's first evaluation period began */
	int64_t difference;                    /* stored - states - before; must be 0 */
	/* Production figures of all weeks. */
	struct snapshot_week total; /* week 0 */
	uint64_t outcomes[OUTCOME_COUNT];
	uint64_t tokens_input; /* uncached */
	uint64_t tokens_cache_read;
	uint64_t tokens_cache_write;
	uint64_t tokens_output;
	struct snapshot_week weeks[SNAPSHOT_WEEKS]; /* newest first */
	size_t week_count;
	struct snapshot_drift drift;
};

struct snapshot_interface {
	struct snapshot_interface *next;
	int64_t id;
	const char *name;
	const struct contract *contract; /* NULL: the installation does not name this interface any more */
	/* First ledger. */
	bool has_tap;   /* false: nothing came through a tap yet */
	int64_t tap_at; /* the tap's newest account */
	uint64_t seen;
	uint64_t committed;
	uint64_t in_flight;
	uint64_t dropped[DROP_REASON_COUNT];
	uint64_t stored; /* of streams with an account, as the next one */
	uint64_t duplicate;
	uint64_t stored_recorded; /* of streams without an account: recorded messages */
	uint64_t duplicate_recorded;
	uint64_t revision;              /* of all that is stored */
	uint64_t test;                  /* test messages among all that is stored */
	uint64_t in_store;              /* all exchanges, as rollup_legacy counts them */
	struct store_outcomes outcomes; /* late legacy answers of all streams */
	uint64_t outcome;               /* those of streams with an account */
	int64_t unseen;                 /* seen - committed - in flight - dropped; must be 0 */
	int64_t unread; /* committed - stored - duplicate - outcome; below 0 where read after the tap's last account */
	struct snapshot_drift legacy_drift;
	uint64_t incidents[INCIDENT_KIND_COUNT]; /* unresolved */
	struct snapshot_candidate *candidates;   /* by name */
};

struct snapshot {
	struct snapshot_interface *interfaces; /* by name */
	bool knows_spool;
	uint64_t in_spool; /* all interfaces together */
	struct web_ring ring;
	/* Of all interfaces: unread (where above 0) - in_spool. Above 0: deliveries are missing. 0 without knows_spool.
	 */
	int64_t missing;
};

/* The spool is counted at most once a second, however many pages are asked for. */
struct spool_count {
	bool is_known;
	uint64_t count;
	struct web_ring ring;
	int64_t counted_at; /* clock_monotonic; 0: never */
};
void spool_count_refresh(struct spool_count *spool, const struct web_config *config, struct store *store);

/* `before` takes a scan of the exchanges, so it is asked for again only when what it has to explain has changed, and
 * not within a minute. */
enum { BEFORE_CACHE_MAX = 64 };
struct before_cache {
	struct {
		int64_t candidate;
		uint64_t gap; /* stored - states when it was asked for */
		uint64_t before;
		int64_t asked_at; /* clock_monotonic */
	} rows[BEFORE_CACHE_MAX];
	size_t count;
};

/* Inside a read transaction. `spool` was refreshed before it began, so that a worker in between cannot make exchanges
 * seem to be missing. Everything lies in the arena. */
MUST_CHECK bool snapshot_read(struct arena *arena, struct store *store, const struct installation *installation,
			      const struct spool_count *spool, struct before_cache *before,
			      struct snapshot *ret_snapshot, struct error *err);

uint64_t snapshot_dropped(const struct snapshot_interface *interface);
/* Deliveries of this interface that are certainly missing. */
uint64_t snapshot_missing(const struct snapshot *snapshot, const struct snapshot_interface *interface);
/* Both ledgers of everything tie out. */
bool snapshot_ties_out(const struct snapshot *snapshot);

#endif
