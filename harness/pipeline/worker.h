/* Layer 3. The worker: all shadow work, from the spool to compared records. The store's one bulk writer.
 *
 * It works from rows: an exchange becomes a row, with a pending evaluation for each candidate, in the transaction that
 * moves the spool position; calls are made for pending rows and end them. So it can die anywhere and go on without loss
 * or repetition: what was pending is called again, what was finished is not. Library code: the caller owns the loop. */
#ifndef UNDERSTUDY_PIPELINE_WORKER_H
#define UNDERSTUDY_PIPELINE_WORKER_H

#include "harness/contract/contract.h"

#define WORKER_TAP_STREAM "tap"       /* what `understudy tap` writes */
#define WORKER_REPLAY_STREAM "replay" /* what `understudy replay` writes */

struct worker;

enum worker_state {
	WORKER_FAILED,  /* err says why; ERROR_BUSY and ERROR_LIMIT may pass: step again later */
	WORKER_WORKED,  /* something was done, there may be more */
	WORKER_WAITING, /* calls are open, nothing else to do */
	WORKER_IDLE,    /* nothing to do */
};

/* Takes the worker's locks beside the store and in the spool (ERROR_BUSY where another worker has one), opens the
 * store, and starts the epochs. Borrows the installation. `new_epoch` allows a changed evaluation period. */
struct worker *worker_create(const struct installation *installation, bool new_epoch, struct error *err);
void worker_destroy(struct worker *worker); /* open calls are dropped and stay pending; accepts NULL */
/* A bounded amount of work; never sleeps. */
enum worker_state worker_step(struct worker *worker, struct error *err);
/* Before an orderly end: where everything was read, weeks that are over are held against their reference, which a step
 * does only now and then. Starts no calls. */
MUST_CHECK bool worker_wind_up(struct worker *worker, struct error *err);
/* Something that the operator should know and that stops nothing (a contract file that was changed and cannot be read);
 * each is given once. False where there is none. */
bool worker_take_notice(struct worker *worker, struct error *ret_notice);
/* Moves open calls on, and nothing else: for a caller that pauses after WORKER_FAILED, so that a locked store or a full
 * disk never turns a reply that came in time into a timeout. */
MUST_CHECK bool worker_perform(struct worker *worker, struct error *err);
/* Waits for the network, at most timeout_ms. */
MUST_CHECK bool worker_wait(struct worker *worker, int timeout_ms, struct error *err);

#endif
