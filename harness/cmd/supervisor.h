/* Layer 5. The process that keeps the others running: a tap, and for `understudy run` worker and web.
 *
 * It opens the listening sockets and keeps them, so that a tap that died is back before a client gives up. Children
 * that end are started again, after a pause that doubles up to 30 s, a tap that ended well at once. One whose first
 * start ends with EXIT_USAGE within seconds (a bad contract, a store of a newer version) stops everything: whoever
 * started us is there to mend it. Later nothing that happens to worker or web stops the tap: it serves production. The
 * death of the supervisor stops nobody either: the tap goes on serving.
 *
 * Listening sockets that the service manager keeps (the protocol of sd_listen_fds(3): LISTEN_FDS, LISTEN_PID, from
 * descriptor 3 on) are taken for listeners of the same address, so that a restart of the supervisor itself closes
 * nothing either.
 *
 * SIGHUP, at any moment, reads the configuration again. One that is wrong, or that the tap refuses, changes nothing,
 * and is said. A good one goes to the tap, which changes to it without closing anything that is in use (tap.h); once it
 * has, worker and web are ended and started again. A tap that dies meanwhile comes back with the old plan and is then
 * given the new one. SIGUSR1 and SIGUSR2 are passed on to the tap, and to the one that comes after it. */
#ifndef UNDERSTUDY_CMD_SUPERVISOR_H
#define UNDERSTUDY_CMD_SUPERVISOR_H

#include <stdbool.h>

struct supervision {
	const char *config;
	bool tap_alone; /* no worker, no web */
	bool new_epoch; /* leave for the worker to begin a new evaluation period, at its first start */
};

/* Runs until SIGTERM or SIGINT; command_catch_signals has been called. Says on stdout what listens where, "ready" once
 * all was started, and "reloaded" for each reload. Returns the exit code. */
int supervisor_run(const struct supervision *supervision);

#endif
