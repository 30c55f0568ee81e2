/* Layer 3. Data drift: once a week is over, its profiles are held against the reference, and what is found opens
 * incidents.
 *
 * A week is over a day after its end by the clock, when everything that was captured has been read, and for a
 * candidate's replies when none of the week is pending. The reference of a side is frozen here by the contract's rule
 * (the first profile.reference_weeks weeks that are over, and more until they hold profile.reference_messages), or was
 * by `understudy profile freeze`; later weeks are tested once, and again where they have grown by a tenth.
 *
 * A finding in the messages opens an incident input_change, in the legacy path's replies legacy_change, of which the
 * subject is the field's pointer. What is found in a candidate's replies is kept as a finding and opens none: that is
 * what its evaluation is about. */
#ifndef UNDERSTUDY_PIPELINE_PROFILE_WATCH_H
#define UNDERSTUDY_PIPELINE_PROFILE_WATCH_H

#include "harness/pipeline/worker_internal.h"

/* Only when there was nothing to read. *ret_count weeks tested or frozen. */
MUST_CHECK bool profile_watch(struct worker *worker, int64_t now, size_t *ret_count, struct error *err);

#endif
