/* Layer 4, private to reports: everything a weekly report shows. */
#ifndef UNDERSTUDY_REPORTS_REPORT_H
#define UNDERSTUDY_REPORTS_REPORT_H

#include "evaluators/stats/agreement.h"
#include "reports/contract_drift.h"
#include "reports/data_drift.h"
#include "reports/figures.h"
#include "reports/weekly.h"

struct report_field {
	const char *name;
	bool in_contract;
	uint64_t verdicts[VERDICT_COUNT];
};

struct report_pair {
	const char *field;
	enum verdict verdict;
	struct span legacy; /* JSON text; data NULL: absent */
	struct span llm;
	uint64_t count;
};
enum { REPORT_PAIRS_MAX = 10 }; /* of each field */

/* Reviewers on the items that every reviewer judges, by side. */
struct report_reviewers {
	uint64_t items; /* judged by two or more */
	uint64_t labels;
	struct stats_optional agreement;
	struct stats_optional alpha;
	struct stats_optional ac1;
};

struct report_latency {
	int32_t week; /* 0: the whole range */
	uint64_t count;
	uint64_t p50, p95, p99; /* microseconds */
	uint64_t p95_low;       /* fixed-time 95% by order statistics; 0: no lower limit */
	uint64_t p95_high;      /* UINT64_MAX: no upper limit, too few */
};

struct report_candidate {
	const struct contract_candidate *candidate;
	size_t number; /* from 1, in the contract's order: names files */
	struct evidence evidence;
	struct gate gate;
	struct figures total;
	struct figures *weeks;
	size_t week_count;
	struct report_field *fields; /* in the contract's order, others behind by name */
	size_t field_count;
	struct report_pair *pairs; /* in the order of fields, most frequent first */
	size_t pair_count;
	struct report_reviewers reviewers[2]; /* agreements; the rest */
	struct report_latency *latencies;     /* the range first */
	size_t latency_count;
	struct report_drift drift;
};

struct report {
	struct arena arena;
	const struct installation *installation; /* borrowed */
	const struct contract *contract;         /* borrowed */
	int64_t as_of;
	int32_t from_week; /* 0: there is no data */
	int32_t to_week;
	const char *spool_position; /* NULL: not stated */
	bool complete;              /* the last week was over at as_of */
	struct report_candidate *candidates;
	size_t candidate_count;
	struct report_latency *legacy_latencies;
	size_t legacy_latency_count;
	struct report_drift legacy_drift;
	struct report_data_drift data_drift;
	struct report_incident *incidents;
	size_t incident_count;
};

/* Rows that only the report needs: fields, pairs, reviewers, latencies; in the report's weeks. */
MUST_CHECK bool details_read(struct report *report, struct report_candidate *candidate, struct store *store,
			     struct error *err);
/* path 0: the legacy path, else the candidate. */
MUST_CHECK bool latencies_read(struct report *report, struct store *store, int64_t interface_id, int64_t path,
			       struct report_latency **ret_rows, size_t *ret_count, struct error *err);
MUST_CHECK bool reviewers_read(struct report *report, struct report_candidate *candidate, struct store *store,
			       struct error *err);

/* Names of the top-level members in which two descriptions of an evaluation period differ, "prompt, model"; in the
 * arena, NULL without memory. */
const char *report_changes(struct arena *arena, const char *before, const char *after);

/* Writes plots/NAME.gp and .tsv under the directory and runs gnuplot. *ret_drawn: every SVG is there. */
MUST_CHECK bool plots_write(const struct report *report, const char *directory, bool *ret_drawn, struct error *err);
/* File name of a plot of a candidate without ending: "accuracy", "accuracy-2" for the second. In the arena. */
const char *plot_name(struct arena *arena, const char *plot, size_t candidate);

/* Fills a document with the whole report. `drawn`: plots are there. */
struct document;
void report_describe(const struct report *report, bool drawn, struct document *document);
/* The section of one candidate's gate. */
void describe_gate(const struct gate *gate, struct document *document);
void describe_accounts(const struct report *report, struct document *document);
void describe_details(const struct report *report, const struct report_candidate *candidate, struct document *document);
void describe_measured(const struct report *report, struct document *document);

/* Says which paths were simulated; NULL: none. Static storage. */
const char *simulation_notice(const struct report *report);

/* "94.52 %"; "–" for NaN. */
const char *percent_text(double share, char text[48]);
const char *range_text(const struct stats_interval *interval, char text[48]); /* "87.47 to 96.00 %" */
/* "94.52 % (87.47 to 96.00)"; a difference, in points: "+0.42 (-0.10 to +0.94)". */
const char *estimate_text(const struct stats_estimate *estimate, bool difference, char text[48]);
const char *points_text(double difference, char text[48]); /* "+0.42" percentage points */
const char *points_range_text(const struct stats_interval *interval, char text[48]);
const char *money_text(double amount, const char *currency, char text[48]);
const char *count_text(uint64_t count, char text[48]); /* "1,000,000" */

#endif
