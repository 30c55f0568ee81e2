/* Layer 4. The weekly report of one interface: computed once, written as HTML, Markdown and JSON, with plots by
 * gnuplot.
 *
 * The bytes depend on the store's content, the contract, the request and whether gnuplot is there, on nothing else.
 * Measured times (latencies, as-of, when things began, the spool position) stand apart: JSON member `measured`, in HTML
 * and Markdown between <!-- measured:begin --> and <!-- measured:end -->. Nothing in the store is changed but by
 * report_publish. */
#ifndef UNDERSTUDY_REPORTS_WEEKLY_H
#define UNDERSTUDY_REPORTS_WEEKLY_H

#include "reports/gate.h"

struct report_request {
	int32_t from_week;          /* 202647; 0: the first week with data */
	int32_t to_week;            /* 0: the last week that was over at as_of, else the last with data */
	int64_t as_of;              /* decides which weeks are over and closed */
	uint64_t in_spool;          /* records behind the reading position, counted before this call */
	const char *spool_position; /* where the ledgers tie out, for people; NULL: not stated */
};

struct report;

/* Reads everything in one read transaction. `contract` is one of the installation's; both are borrowed until
 * report_destroy. A store that does not know the interface yet gives a report that says so. ERROR_USAGE where
 * from_week is after to_week. */
struct report *report_create(struct store *store, const struct installation *installation,
			     const struct contract *contract, const struct report_request *request, struct error *err);
void report_destroy(struct report *report); /* accepts NULL */

/* Writes report.html, report.md, report.json as asked, and for the first two plots/NAME.{gp,tsv,svg}; the directory is
 * made. Without gnuplot in PATH the report says so and shows tables only. */
MUST_CHECK bool report_write(const struct report *report, const char *directory, bool html, bool markdown, bool json,
			     struct error *err);

/* One of the formats, appended: for tests and for the web. */
MUST_CHECK bool report_write_json(const struct report *report, struct buffer *buffer, struct error *err);
MUST_CHECK bool report_write_markdown(const struct report *report, bool plots, struct buffer *buffer,
				      struct error *err);
/* `plots`: directory that holds the SVG files; NULL: without plots. */
MUST_CHECK bool report_write_html(const struct report *report, const char *plots, struct buffer *buffer,
				  struct error *err);

/* The gate as of the report, by position of the candidate in the contract. */
const struct gate *report_gate(const struct report *report, size_t candidate);

/* Records in published_report that this report was published, with the digest of its JSON (measured times left out).
 * In a write transaction of its own. */
MUST_CHECK bool report_publish(const struct report *report, struct store *store, struct error *err);

#endif
