/* Layer 3. Incidents about contract drift, with the evidence that whoever is on call needs first. */
#ifndef UNDERSTUDY_PIPELINE_DRIFT_ALARM_H
#define UNDERSTUDY_PIPELINE_DRIFT_ALARM_H

#include "evaluators/drift/monitor.h"
#include "harness/store/drift.h"

struct drift_alarm {
	int64_t interface_id;
	int64_t path; /* 0: legacy path, else the candidate's row */
	const struct drift_monitor *monitor;
	int64_t captured_at; /* of the reply that raised it */
};

/* Inside the transaction of that reply, whose rows and sums are there. The evidence, a JSON object:
 *   usual_rate (p0), rate_before (of the reference; null where the contract gives it), rate_since, replies_since and
 *     deviating_since (since it began), captured_at (of the reply that raised it)
 *   false_alarms: mean_replies and mean_days between them, replies_per_day
 *   classes: {class: replies since it began}
 *   deviations: the most frequent since the hour in which it began: class, keyword, schema, instance, sentence, replies
 *   first_exchanges: ids of the first that deviate since it began, at most 10
 *   changed: [{what, before, since}]: models, prompts, contract versions and legacy versions that came with replies
 *     since that hour and with none of the week before; evaluation periods begun within the day before it
 *   input_quality: share of messages that deviate from their schema before and since; null where it is not counted */
MUST_CHECK bool drift_alarm_raise(struct store *store, const struct drift_alarm *alarm, int64_t *ret_incident,
				  struct error *err);

/* The contract declares another legacy.version: incident legacy_change of low severity, once for each version. */
MUST_CHECK bool drift_alarm_legacy_change(struct store *store, int64_t interface_id, struct span from, struct span to,
					  int64_t captured_at, struct error *err);

#endif
