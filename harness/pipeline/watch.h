/* Layer 3. Contract files while the worker runs: sampling.shadow and sampling.floor are taken over within a second of a
 * change of the file (its modification time, size or inode). All else of a contract is read at the start. */
#ifndef UNDERSTUDY_PIPELINE_WATCH_H
#define UNDERSTUDY_PIPELINE_WATCH_H

#include "harness/pipeline/lane.h"

/* Remembers the file as it is now; before the lane's first use. */
void watch_init(struct interface_lane *lane);
/* False with an error where the file has changed and cannot be read; what is in force stays, and the same file is not
 * looked into again. */
MUST_CHECK bool watch_look(struct interface_lane *lane, struct error *err);

#endif
