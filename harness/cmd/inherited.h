/* Layer 5. Listening sockets that came with the process: the protocol of sd_listen_fds(3). */
#ifndef UNDERSTUDY_CMD_INHERITED_H
#define UNDERSTUDY_CMD_INHERITED_H

#include "harness/cmd/tap_plan.h"

struct inherited {
	struct tap_plan plan; /* of sockets alone: what tap_plan_make takes as `before` */
	char addresses[TAP_PLAN_SOCKETS_MAX][64];
};

/* Takes them, and LISTEN_FDS and LISTEN_PID out of the environment. None is fine. What is no listening TCP socket is
 * left alone. */
void inherited_take(struct inherited *ret_inherited);
/* Adds one that came in another way. False, and it is left alone, where it is no listening TCP socket or one too many.
 */
bool inherited_add(struct inherited *inherited, int fd);

#endif
