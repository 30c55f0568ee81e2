#include "harness/pipeline/input.h"

#include "harness/store/input.h"

bool input_look(struct worker *worker, struct error *err)
{
	for (size_t i = 0; i < worker->installation->contract_count; i++) {
		struct interface_lane *lane = worker->lanes[i];
		if (lane->contract->input_changed == INPUT_HOLD &&
		    !store_input_changed(worker->store, lane->id, &lane->input_changed, err)) {
			return false;
		}
	}
	return true;
}

/* What happens to the message; a deviation is looked at first. */
static enum input_gate gate_of(const struct interface_lane *lane, const struct message *message, bool chosen)
{
	if (message->malformed) {
		return message->deviates ? INPUT_DEAD_LETTER : INPUT_WARN;
	}
	bool holds = message->deviates ? lane->contract->input_invalid == INPUT_HOLD : lane->input_changed;
	return holds && chosen ? INPUT_HOLD : INPUT_WARN;
}

bool input_judge(struct worker *worker, const struct interface_lane *lane, const struct message *message, int64_t row,
		 bool chosen, int *ret_held, struct error *err)
{
	struct store_input input = {
		.exchange = row,
		.interface_id = lane->id,
		.captured_at = message->row.captured_at,
		.test = message->row.test,
		.unreadable = message->unreadable,
		.deviates = message->deviates,
		.gate = gate_of(lane, message, chosen),
		.detail = span_of(message->reason),
	};
	*ret_held = -1;
	if (input.gate == INPUT_HOLD) {
		*ret_held = message->deviates ? PENDING_HELD_INVALID : PENDING_HELD_CHANGED;
	}
	return store_input_add(worker->store, &input, err);
}
