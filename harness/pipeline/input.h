/* Layer 3. The input gates: is a message that was stored evaluated, held, or set aside? */
#ifndef UNDERSTUDY_PIPELINE_INPUT_H
#define UNDERSTUDY_PIPELINE_INPUT_H

#include "harness/pipeline/message.h"
#include "harness/pipeline/worker_internal.h"

/* At the head of a transaction that stores messages: is an alarm of data drift open for the interfaces that hold then?
 */
MUST_CHECK bool input_look(struct worker *worker, struct error *err);

/* Of a new exchange, inside the transaction that stores it. `chosen`: for shadow work; what is not is never held.
 * *ret_held: the reason for which its evaluations wait, -1 for none. Counts the message, and marks one that deviates.
 */
MUST_CHECK bool input_judge(struct worker *worker, const struct interface_lane *lane, const struct message *message,
			    int64_t row, bool chosen, int *ret_held, struct error *err);

#endif
