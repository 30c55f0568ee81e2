/* Layer 3. Late legacy answers: which exchange one belongs to, which of several counts, and what that changes.
 *
 * An answer and its exchange are joined by a key. The exchange's key is, in this order:
 *   1. the correlation key that was given with it;
 *   2. `tap.pair.key` of the contract: a header field of the request (header:NAME), or the value at a path;
 *   3. the values of the message's identity: a text as it is, a number in the spelling of json_write_canonical;
 *      several are joined by "/".
 * Of several exchanges with one key (revisions) the one stored last is joined. With a single identity value nothing is
 * stored for this: the answer's key is looked up as that identity, so under rule 3 it finds an exchange that came with
 * a key of its own, too.
 *
 * Either side waits for the other for tap.pair.window_hours from its capture (harness/pipeline/sweep.c). All answers
 * are kept as versions; which one counts is legacy.counts, by the time at which they were made: the same whatever order
 * they arrive in. With at_cutoff an answer that was made later never counts, and an exchange without another one ends
 * unpaired. An answer whose reply is no JSON or has too many records counts only where there is no other.
 *
 * A closed week stays as it is: review.close_after_days after its end an answer that would change what counts, or bring
 * an unpaired exchange back, is kept as a version and no more (outcome_closed). Not so where the evaluation period
 * began after that day: then history is being read in, and nothing was decided on it. An exchange that still waits
 * within its window takes its answer in any case. */
#ifndef UNDERSTUDY_PIPELINE_PAIRING_H
#define UNDERSTUDY_PIPELINE_PAIRING_H

#include "harness/pipeline/message.h"
#include "harness/pipeline/worker_internal.h"

/* All inside the transaction of a batch; everything lies in the worker's arena. */

/* Before an exchange is stored: an answer that came with its message and says when it was made is not stored with it,
 * but becomes a version like the late ones. */
void pairing_set_aside(const struct spool_exchange *captured, struct message *message);

/* A new exchange: what is joined with it, and the answers that waited for it. message->row and message->reply are those
 * of the answer that counts then. */
MUST_CHECK bool pairing_add_exchange(struct worker *worker, const char *stream, struct interface_lane *lane,
				     const struct spool_exchange *captured, struct message *message, int64_t row,
				     struct error *err);

/* A duplicate may bring the answer that its exchange waits for, or waited for in vain: then that becomes a version like
 * a late one. The delivery stays a duplicate (delivery_count.duplicate_answered counts it among them), and of an
 * exchange that has an answer nothing is taken. */
MUST_CHECK bool pairing_add_duplicate(struct worker *worker, const char *stream, struct interface_lane *lane,
				      const struct spool_exchange *captured, const struct message *message, int64_t row,
				      struct error *err);

/* A late answer: joined, or it waits, or it is a duplicate. */
MUST_CHECK bool pairing_add_outcome(struct worker *worker, const char *stream, struct interface_lane *lane,
				    const struct spool_exchange *captured, struct error *err);

/* Known by its idempotency key? Exchanges and late answers have keys of their own; a key is stored with its first use.
 */
MUST_CHECK bool pairing_is_repeated(struct worker *worker, const struct interface_lane *lane,
				    const struct spool_exchange *captured, bool *ret_repeated, struct error *err);

#endif
