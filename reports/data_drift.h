/* Layer 4, private to reports: data drift that was found in the report's weeks, in messages and in replies of either
 * path.
 *
 * What is found depends on which weeks were over when the worker looked, so it belongs to the measured times. */
#ifndef UNDERSTUDY_REPORTS_DATA_DRIFT_H
#define UNDERSTUDY_REPORTS_DATA_DRIFT_H

#include "baselines/profile_week.h"

struct document;
struct json_build;
struct report;

enum { REPORT_FINDINGS_MAX = 50 };

struct report_data_drift {
	struct profile_finding *findings; /* the first ones */
	size_t finding_count;
	size_t finding_total;
	struct profile_tested *tested; /* the last week of each side */
	size_t tested_count;
};

MUST_CHECK bool data_drift_read(struct report *report, struct store *store, int64_t interface_id, struct error *err);
void describe_data_drift(const struct report *report, struct document *document);
void build_data_drift(const struct report *report, struct json_build *build);

#endif
