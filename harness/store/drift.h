/* Layer 2. Series of contract drift: replies by source and hour, what deviating ones deviate in, and the state of the
 * monitors of their rate.
 *
 * A source is a combination of path, contract version, model, prompt and service version; path 0 is the legacy path,
 * else the candidate's row. Each reply is counted once: one of the LLM path when its evaluation is finished, one of the
 * legacy path when its answer counts for the first time; where another answer counts later, store_reply_uncount takes
 * the former one back. Rows stand for deviating replies only.
 *
 * What writes belongs between store_begin and store_commit; rollups are written with the commit. Spans are borrowed for
 * the call; what is read lies in the arena. Classes are bits 1 << enum drift_class. */
#ifndef UNDERSTUDY_STORE_DRIFT_H
#define UNDERSTUDY_STORE_DRIFT_H

#include "harness/base/clock.h"
#include "harness/base/vocabulary.h"
#include "harness/store/store.h"

enum { STORE_SOURCES_MAX = 1000, STORE_MODEL_MAX = 128, STORE_DEVIATIONS_MAX = 10 };

struct store_source {
	int64_t interface_id;
	int64_t path;
	struct span contract_version;
	struct span model; /* outside text: cut at STORE_MODEL_MAX bytes; what is not UTF-8 is "?" */
	struct span prompt;
	struct span service_version;
	int64_t seen_at; /* captured_at of the reply at hand */
};
/* Looked up, or added. A path has at most STORE_SOURCES_MAX: later ones count under the model "(other)". */
MUST_CHECK bool store_source_id(struct store *store, const struct store_source *source, int64_t *ret_id,
				struct error *err);

/* --- the legacy path's source --- */

struct store_legacy_source {
	int64_t id; /* 0: none was ever set */
	bool held;
	struct span version; /* its `model`, in the arena */
};
/* What holds for an exchange; INT64_MAX: for the newest. */
MUST_CHECK bool store_legacy_source(struct store *store, int64_t interface_id, int64_t exchange, struct arena *arena,
				    struct store_legacy_source *ret_source, struct error *err);
/* From this exchange on. */
MUST_CHECK bool store_legacy_source_set(struct store *store, int64_t interface_id, int64_t exchange, int64_t source,
					bool held, struct error *err);

/* --- replies --- */

struct store_deviation {
	enum drift_class drift;
	bool strict;
	struct span instance;
	struct span keyword;
	struct span schema;
	struct span sentence;
};
struct store_reply {
	int64_t exchange;
	int64_t path;
	int64_t source;
	int64_t captured_at;
	int32_t week;
	bool test;
	uint32_t classes;
	uint32_t declared;
	enum drift_severity severity;
	bool recovered;
	size_t total;
	const struct store_deviation *list; /* the first STORE_DEVIATIONS_MAX of them are kept */
	size_t count;
};
MUST_CHECK bool store_reply_count(struct store *store, const struct store_reply *reply, struct error *err);
/* The reply of that exchange and path was counted and is not any more: rows and sums go. Of `reply`, all but the
 * classes and what follows them is read; its source counts where there is no row, else the row's. */
MUST_CHECK bool store_reply_uncount(struct store *store, const struct store_reply *reply, struct error *err);

/* Writes the sums gathered so far, before the commit does: for questions that must see the replies of the transaction.
 */
MUST_CHECK bool store_sums_write(struct store *store, struct error *err);

/* --- monitors --- */

enum { STORE_DETECTORS = 3 };
struct store_detector {
	double p1;
	double cusum;
	double log_sr;
	int64_t began_at;
	int64_t replies;
	int64_t events;
};
/* As struct drift_monitor of evaluators/drift/monitor.h, which explains it. */
struct store_monitor {
	int64_t interface_id;
	int64_t path;
	int phase;
	int64_t reference_replies;
	int64_t reference_events;
	int64_t reference_from;
	int64_t reference_until;
	double p0;
	double run_length;
	double replies_per_day;
	int64_t replies;
	int64_t events;
	int64_t incident; /* 0: none */
	struct store_detector detectors[STORE_DETECTORS];
};
MUST_CHECK bool store_monitor_get(struct store *store, int64_t interface_id, int64_t path,
				  struct store_monitor *ret_monitor, bool *ret_found, struct error *err);
MUST_CHECK bool store_monitor_set(struct store *store, const struct store_monitor *monitor, struct error *err);
/* The monitor whose alarm opened the incident. */
MUST_CHECK bool store_monitor_of_incident(struct store *store, int64_t incident, struct store_monitor *ret_monitor,
					  bool *ret_found, struct error *err);

/* --- reading series --- */

enum store_step { STORE_BY_HOUR, STORE_BY_DAY, STORE_BY_WEEK };

struct store_series_query {
	int64_t interface_id;
	int64_t path;
	bool test;            /* replies that are not production, instead of those that are */
	bool by_source;       /* a series for each source; else one for the path */
	enum store_step step; /* days and hours by captured_at, weeks by event_time as everywhere */
	int64_t from;         /* microseconds; whole hours that begin in [from, to) */
	int64_t to;
	const struct zone *zone; /* cuts days. An hour belongs to the day in which it begins there */
};
struct store_series_point {
	int64_t source; /* 0 where not by source */
	/* STORE_BY_HOUR: hours since 1970; STORE_BY_DAY: days since 1970 of the date in the zone; STORE_BY_WEEK: the
	 * week, as 202647 */
	int64_t at;
	int64_t replies;
	int64_t contract_drift;
	int64_t strict_drift;
	int64_t recovered;
	int64_t by_severity[DRIFT_SEVERITY_COUNT]; /* of strict_drift */
	int64_t deviating[DRIFT_CLASS_COUNT];      /* replies by class, strict reading */
	int64_t declared[DRIFT_CLASS_COUNT];       /* the same as declared */
};
/* By source, then time; steps without replies are left out. As of the last commit. */
MUST_CHECK bool store_series(struct store *store, const struct store_series_query *query, struct arena *arena,
			     struct store_series_point **ret_points, size_t *ret_count, struct error *err);

struct store_source_row {
	int64_t id;
	struct store_source source; /* seen_at: the first */
};
/* All of a path, oldest first. */
MUST_CHECK bool store_sources(struct store *store, int64_t interface_id, int64_t path, struct arena *arena,
			      struct store_source_row **ret_sources, size_t *ret_count, struct error *err);

/* Deviations that many replies share: the same class, keyword and place of the schema (of the reply, where it is not
 * about the schema), with one example of its place in a reply. Captured in [from, to), most frequent first, at most
 * `limit`.
 */
struct store_top_deviation {
	enum drift_class drift;
	bool strict;
	const char *instance;
	const char *keyword;
	const char *schema;
	const char *sentence; /* of the example */
	int64_t replies;
};
MUST_CHECK bool store_top_deviations(struct store *store, int64_t interface_id, int64_t path, int64_t from, int64_t to,
				     size_t limit, struct arena *arena, struct store_top_deviation **ret_list,
				     size_t *ret_count, struct error *err);

/* Those of one reply; *ret_total counts those without a row too, 0 where the reply keeps its contract. */
MUST_CHECK bool store_deviations(struct store *store, int64_t exchange, int64_t path, struct arena *arena,
				 struct store_deviation **ret_list, size_t *ret_count, int64_t *ret_total,
				 struct error *err);

#endif
