/* Layer 4, private to reports: contract drift of one path in the report's weeks, and the interface's incidents.
 *
 * Replies are a census and weeks those of their messages, so the series say the same in every run over the same
 * messages. What the monitors hold and when incidents were found depends on the order and time in which replies came:
 * that belongs to the measured times. */
#ifndef UNDERSTUDY_REPORTS_CONTRACT_DRIFT_H
#define UNDERSTUDY_REPORTS_CONTRACT_DRIFT_H

#include "harness/store/drift.h"

struct document;
struct json_build;
struct report;
struct report_candidate;

struct report_source {
	struct store_source source;
	struct store_series_point total; /* in the report's weeks */
};

enum { REPORT_DEVIATIONS_MAX = 10 };

struct report_drift {
	struct store_series_point *weeks; /* in the report's weeks; `at` is the week */
	size_t week_count;
	struct store_series_point total;
	struct report_source *sources; /* with replies in these weeks, oldest first */
	size_t source_count;
	struct store_top_deviation *deviations; /* most frequent first */
	size_t deviation_count;
	struct store_monitor monitor;
	bool is_monitored;
};

/* One incident of the interface, newest last. All text in the report's arena. */
struct report_incident {
	int64_t id;
	enum incident_kind kind;
	enum incident_state state;
	enum drift_severity severity;
	const char *path;    /* name of the candidate; NULL: not about one */
	const char *subject; /* "" where there is one only */
	int64_t began_at;
	int64_t detected_at;
	int64_t resolved_at; /* 0: not yet */
	const struct json_node *evidence;
};

/* `path`: 0 the legacy path, else the candidate's row. */
MUST_CHECK bool contract_drift_read(struct report *report, struct store *store, int64_t interface_id, int64_t path,
				    struct report_drift *ret_drift, struct error *err);
/* Unresolved as of the report, or detected in its weeks. */
MUST_CHECK bool incidents_read(struct report *report, struct store *store, int64_t interface_id, struct error *err);

/* The section of one path under that heading. Nothing where no reply was counted. */
void describe_contract_drift(const struct report_drift *drift, const char *heading, struct document *document);
/* The same for the legacy path, where its replies are held to a schema. */
void describe_legacy_drift(const struct report *report, struct document *document);
/* Of the measured times: incidents and monitors. */
void describe_incidents(const struct report *report, struct document *document);

void build_contract_drift(const struct report_drift *drift, struct json_build *build);
void build_incidents(const struct report *report, struct json_build *build);

/* One sentence of what an incident's evidence says; in the arena, "" where it says nothing known. */
const char *incident_summary(struct arena *arena, const struct report_incident *incident);

#endif
