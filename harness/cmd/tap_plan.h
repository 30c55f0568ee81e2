/* Layer 5. What a tap process is told: listening sockets, legacy addresses, ring and spool; as one JSON text.
 *
 * The tap gets nothing else: `understudy tap` and `understudy run` read the configuration, open the sockets, and then
 * execute `understudy tap --plan JSON` with an empty environment, so that the process on the live path never holds a
 * provider's key, a contract's schema or the store's name. */
#ifndef UNDERSTUDY_CMD_TAP_PLAN_H
#define UNDERSTUDY_CMD_TAP_PLAN_H

#include "harness/contract/contract.h"
#include "harness/tap/tap.h"

#include <stdio.h>

/* Opens a listening socket for each contract that has a tap (inherited by an exec) and writes the plan. `ready_fd`: as
 * in tap.h, -1 for none. No tap at all is ERROR_CONFIG. Says on `say` what listens where. Sockets stay open until exec
 * or exit. */
MUST_CHECK bool tap_plan_write(const struct installation *installation, int ready_fd, struct buffer *plan, FILE *say,
			       struct error *err);
/* Replaces this process by the tap, with an empty environment. Returns only on failure. */
bool tap_plan_execute(const char *plan, struct error *err);
/* Reads a plan; everything in the arena. */
MUST_CHECK bool tap_plan_read(struct span plan, struct arena *arena, struct tap_config *ret_config, struct error *err);

#endif
