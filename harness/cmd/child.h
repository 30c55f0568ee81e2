/* Layer 5. One supervised process: when it is started again, and how it is ended. */
#ifndef UNDERSTUDY_CMD_CHILD_H
#define UNDERSTUDY_CMD_CHILD_H

#include "harness/base/clock.h"

#include <sys/types.h>

struct child {
	const char *name;
	bool wanted;
	pid_t pid;              /* 0: not running */
	int64_t started_at;     /* clock_monotonic, as all times here */
	int64_t start_again_at; /* where it is not running */
	int64_t kill_at;        /* it was told to end, and is killed then; 0: it was not told */
	int64_t pause_ms;       /* before the next start */
	int starts;
	bool came_up; /* it said so, since its last start; known of the tap alone */
};

/* It is running now. */
void child_note_start(struct child *child, pid_t pid);
/* It ended with that wait status; says when it is started again, if it was not told to end. */
void child_note_end(struct child *child, int status);
bool child_is_due(const struct child *child);
/* Ends it, to be started again without a pause where it is wanted. Does not wait. */
void child_restart(struct child *child);
/* Kills one that was told to end and takes too long. */
void child_check_end(const struct child *child);

#endif
