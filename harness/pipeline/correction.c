#include "harness/pipeline/correction.h"

#include "harness/pipeline/shadow.h"
#include "harness/store/correction.h"
#include "harness/store/legacy.h"

/* The exchange with the answer that counts. */
struct answered {
	struct store_exchange row;
	struct shadow_exchange exchange; /* borrows row */
	struct span reply;
};

/* A message that was purged has no say in a comparison; a late answer is kept apart from it. */
static bool read_reply(const struct correction *correction, struct span *ret_reply, struct error *err)
{
	struct span request;
	struct error why = ERROR_INIT;
	if (store_payload(correction->store, correction->row, correction->arena, &request, ret_reply, &why)) {
		return true;
	}
	if (why.code != ERROR_MISSING) {
		*err = why;
		return false;
	}
	*ret_reply = SPAN("");
	return store_answer_reply(correction->store, correction->row, correction->arena, ret_reply, err);
}

static bool read_answered(const struct correction *correction, struct answered *answered, struct error *err)
{
	if (!store_exchange_get(correction->store, correction->row, &answered->row, err) ||
	    !read_reply(correction, &answered->reply, err)) {
		return false;
	}
	answered->exchange = (struct shadow_exchange){
		.row = correction->row,
		.exchange_id = answered->row.exchange_id,
		.week = answered->row.week,
		.test = answered->row.test,
		.captured_at = answered->row.captured_at,
	};
	return true;
}

/* A call is started by worker_evaluate; what was recorded is compared here. */
static bool go_on(const struct correction *correction, struct candidate_lane *candidate,
		  const struct answered *answered, bool has_reply, struct error *err)
{
	struct span reply = {NULL, 0};
	if (candidate->provider->calls) {
		lane_add_ready(candidate, correction->row);
		return true;
	}
	if (has_reply && !store_evaluation_reply(correction->store, correction->row, candidate->id, correction->arena,
						 &reply, err)) {
		return false;
	}
	return shadow_finish_recorded(correction->store, correction->sampling_key, correction->lane, candidate,
				      &answered->exchange, answered->row.legacy_outcome, answered->reply, reply, true,
				      correction->arena, err);
}

static bool open_again(const struct correction *correction, struct candidate_lane *candidate,
		       const struct answered *answered, const struct store_standing *standing, bool *ret_returned,
		       struct error *err)
{
	bool moved = false;
	if (!store_evaluation_open(correction->store, correction->row, candidate->id, answered->row.week,
				   answered->row.test, &moved, err)) {
		return false;
	}
	*ret_returned = moved && standing->state == EVALUATION_UNPAIRED;
	return !moved || go_on(correction, candidate, answered, standing->has_reply, err);
}

static bool compare_again(const struct correction *correction, const struct candidate_lane *candidate,
			  struct answered *answered, const struct store_standing *standing, struct error *err)
{
	struct error why = ERROR_INIT;
	if (standing->epoch != candidate->epoch ||
	    !shadow_legacy(answered->row.legacy_outcome, answered->reply, correction->arena, &answered->exchange.legacy,
			   &why)) {
		return true;
	}
	return shadow_correct(correction->store, correction->sampling_key, correction->lane, candidate,
			      &answered->exchange, standing->outcome, correction->arena, err);
}

bool correction_apply(const struct correction *correction, struct candidate_lane *candidate, bool *ret_returned,
		      struct error *err)
{
	struct store_standing standing;
	struct answered answered;
	*ret_returned = false;
	if (!store_evaluation_standing(correction->store, correction->row, candidate->id, &standing, err)) {
		return false;
	}
	bool waits = standing.state == EVALUATION_UNPAIRED ||
		     (standing.state == EVALUATION_PENDING && standing.reason == PENDING_AWAITS_LEGACY);
	if (!standing.is_there || (!waits && standing.state != EVALUATION_COMPARED)) {
		return true;
	}
	if (!read_answered(correction, &answered, err)) {
		return false;
	}
	return waits ? open_again(correction, candidate, &answered, &standing, ret_returned, err)
		     : compare_again(correction, candidate, &answered, &standing, err);
}
