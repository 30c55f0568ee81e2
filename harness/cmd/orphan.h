/* Layer 5. A tap whose supervisor was killed: it goes on serving, by design, and holds ring and listening sockets.
 *
 * The next supervisor of the same installation takes over from it without a failed request: it gets copies of the
 * orphan's listening sockets from the kernel (pidfd_getfd(2)), so that new clients wait in their queue, then tells the
 * orphan to end as any tap (it answers what is open), waits for that, and starts a tap of its own on these sockets.
 * Which process it is, is read off /proc: a `understudy tap` of the same user that has the ring's file open.
 *
 * The kernel gives sockets only to whom it would allow to trace the process. Where it does not (Yama's ptrace_scope,
 * a container's filter), nothing is touched and the error names the process and what to do. */
#ifndef UNDERSTUDY_CMD_ORPHAN_H
#define UNDERSTUDY_CMD_ORPHAN_H

#include "harness/cmd/inherited.h"

/* Adds the orphan's sockets to what was inherited, where there is an orphan; says so on stderr. ERROR_BUSY: a tap with
 * a living supervisor has the ring, or the orphan cannot be taken over from, or it does not end. A configuration that
 * cannot be read is no error here: whoever reads it next says so. */
MUST_CHECK bool orphan_take_over(const char *config, struct inherited *inherited, struct error *err);

#endif
