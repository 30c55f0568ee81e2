/* Layer 3. What else changed about the time at which a path's replies began to deviate: for an incident's evidence. */
#ifndef UNDERSTUDY_PIPELINE_DRIFT_CHANGES_H
#define UNDERSTUDY_PIPELINE_DRIFT_CHANGES_H

#include "harness/base/json_build.h"
#include "harness/store/store.h"

/* Adds the member "changed", an array of {what, before, since}: models, prompts and contract versions of the path, and
 * versions of the legacy path, that came with replies since the hour of `began_at`, where none of the week before that
 * had them; evaluation periods of the candidate that began since a day before. Sums must be written. */
MUST_CHECK bool drift_changes_build(struct store *store, int64_t interface_id, int64_t path, int64_t began_at,
				    struct json_build *build, struct error *err);

/* Adds the member "input_quality": {before, since}, the share of production messages that deviate from the request
 * schema in the four weeks before the day of `began_at` and since, from the table rollup_input; null where
 * there were no messages. */
MUST_CHECK bool drift_changes_build_input(struct store *store, int64_t interface_id, int64_t began_at,
					  struct json_build *build, struct error *err);

#endif
