/* Layer 5. What a tap process is told: listening sockets, legacy addresses, ring and spool; as one JSON text.
 *
 * The tap gets nothing else: its supervisor reads the configuration, opens the sockets, resolves the names, and then
 * executes `understudy tap --plan-fd N --control-fd N` with an empty environment, so that the process on the live path
 * never holds a provider's key, a contract's schema or the store's name. The text is in a sealed memory file, because
 * it holds the ingest token: an argument could be read by everybody on the machine. A running tap gets its next plan
 * through the control socket (tap_control.h).
 *
 * A plan names sockets by their number in the supervisor. An executed tap inherits them under the same numbers; with a
 * plan that comes later they are sent along. */
#ifndef UNDERSTUDY_CMD_TAP_PLAN_H
#define UNDERSTUDY_CMD_TAP_PLAN_H

#include "harness/contract/contract.h"
#include "harness/tap/tap.h"

#include <stdio.h>

enum { TAP_PLAN_SOCKETS_MAX = RING_INTERFACES_MAX + 1 };

struct tap_plan {
	struct installation *installation; /* owned */
	int fd;                            /* the memory file; -1: there is no plan */
	struct tap_plan_socket {
		const char *listen;    /* as configured, of the installation */
		const char *interface; /* NULL: ingest */
		int fd;                /* close-on-exec */
	} sockets[TAP_PLAN_SOCKETS_MAX];
	size_t socket_count;
};

#define TAP_PLAN_NONE                                                                                                  \
	{                                                                                                              \
		.fd = -1                                                                                               \
	}

/* Reads the configuration and makes the plan. Listeners that `before` has keep their sockets (then both plans have
 * them); port 0 is the same listener while it is the same interface's. Refused besides what is wrong in itself: no tap
 * at all, and another ring, spool or sync interval than in `before`, which a running tap cannot change. */
MUST_CHECK bool tap_plan_make(struct tap_plan *ret_plan, const char *file, const struct tap_plan *before,
			      struct error *err);
/* Closes the sockets that `kept` does not have, and forgets the rest. */
void tap_plan_drop(struct tap_plan *plan, const struct tap_plan *kept);
/* What listens where, a line for each. */
void tap_plan_say(const struct tap_plan *plan, FILE *target);
/* Replaces this process by the tap. Returns only on failure. */
bool tap_plan_execute(const struct tap_plan *plan, int control_fd, struct error *err);

/* Reads the memory file; everything in the arena. */
MUST_CHECK bool tap_plan_read(int fd, struct arena *arena, struct tap_config *ret_config, struct error *err);

#endif
