#include "harness/cmd/child.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

enum {
	FIRST_PAUSE_MS = 250,
	LONGEST_PAUSE_MS = 30000,
	STEADY_MS = 10000, /* a child that lived this long starts with the shortest pause again */
	END_MS = 15000,
};

void child_note_start(struct child *child, pid_t pid)
{
	child->pid = pid;
	child->starts++;
	child->came_up = false;
	child->started_at = clock_monotonic();
}

static void choose_pause(struct child *child, int status, int64_t now)
{
	bool ended_well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	bool steady = now - child->started_at >= STEADY_MS * INT64_C(1000);
	if (child->kill_at != 0 || ended_well) {
		child->pause_ms = 0;
	} else if (steady || child->pause_ms == 0) {
		child->pause_ms = FIRST_PAUSE_MS;
	} else {
		child->pause_ms = child->pause_ms > LONGEST_PAUSE_MS / 2 ? LONGEST_PAUSE_MS : child->pause_ms * 2;
	}
}

void child_note_end(struct child *child, int status)
{
	int64_t now = clock_monotonic();
	choose_pause(child, status, now);
	if (child->kill_at == 0) {
		fprintf(stderr, "understudy: %s ended (%s %d); starting it again in %lld ms\n", child->name,
			WIFSIGNALED(status) ? "signal" : "exit code",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), (long long)child->pause_ms);
	}
	child->pid = 0;
	child->kill_at = 0;
	child->start_again_at = now + child->pause_ms * 1000;
}

bool child_is_due(const struct child *child)
{
	return child->wanted && child->pid == 0 && clock_monotonic() >= child->start_again_at;
}

void child_restart(struct child *child)
{
	if (child->pid == 0) {
		child->pause_ms = 0;
		child->start_again_at = 0;
	} else if (child->kill_at == 0) {
		child->kill_at = clock_monotonic() + END_MS * INT64_C(1000);
		kill(child->pid, SIGTERM);
	}
}

void child_check_end(const struct child *child)
{
	if (child->pid > 0 && child->kill_at != 0 && clock_monotonic() >= child->kill_at) {
		kill(child->pid, SIGKILL);
	}
}
