/* understudy run: tap, worker and web under one supervisor.
 *
 * The supervisor opens the listening sockets and keeps them, so that a tap that died is back before a client gives up.
 * Children that end are started again, after a pause that doubles up to 30 s. One whose first start ends with
 * EXIT_USAGE within seconds (a bad contract, a store of a newer version) stops everything: whoever started us is there
 * to mend it. Later nothing that happens to worker or web stops the tap: it serves production. The death of the
 * supervisor stops nobody either: the tap goes on serving. */
#include "harness/cmd/command.h"
#include "harness/cmd/tap_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PLAN_MAX = 1024 * 1024,
	POLL_MS = 100,
	READY_MS = 10000,
	FIRST_PAUSE_MS = 250,
	LONGEST_PAUSE_MS = 30000,
	STEADY_MS = 10000, /* a child that lived this long starts with the shortest pause again */
	STOP_MS = 15000,
};

struct child {
	const char *name;
	pid_t pid;          /* 0: not running */
	int64_t started_at; /* clock_monotonic */
	int64_t start_again_at;
	int64_t pause_ms;
	int starts;
	bool came_up; /* known of the tap alone */
	bool wanted;
};

enum { CHILD_TAP, CHILD_WORKER, CHILD_WEB, CHILD_COUNT };

struct supervisor {
	const char *config;
	bool new_epoch;
	struct buffer plan; /* of the tap */
	struct child children[CHILD_COUNT];
};

static void execute_self(const struct supervisor *supervisor, const char *command, const char *option)
{
	char *const argv[] = {strdup("understudy"),
			      strdup(command),
			      strdup("-c"),
			      strdup(supervisor->config),
			      option != NULL ? strdup(option) : NULL,
			      NULL};
	execv("/proc/self/exe", argv);
}

static void become(const struct supervisor *supervisor, int which)
{
	if (which == CHILD_TAP) {
		struct error err = ERROR_INIT;
		tap_plan_execute(supervisor->plan.data, &err);
		command_fail(&err);
	} else if (which == CHILD_WORKER) {
		execute_self(supervisor, "work", supervisor->new_epoch ? "--new-epoch" : NULL);
	} else {
		execute_self(supervisor, "web", NULL);
	}
	fprintf(stderr, "understudy: cannot start %s: %s\n", supervisor->children[which].name, strerror(errno));
	_exit(EXIT_USAGE); /* only reached where exec failed */
}

static bool start(struct supervisor *supervisor, int which, struct error *err)
{
	struct child *child = &supervisor->children[which];
	fflush(stdout);
	if (which == CHILD_WORKER && child->starts > 0) {
		supervisor->new_epoch = false; /* leave was given for the change of then, not for those to come */
	}
	pid_t pid = command_fork();
	if (pid < 0) {
		return error_set_system(err, errno, "cannot start %s", child->name);
	}
	if (pid == 0) {
		become(supervisor, which);
	}
	child->pid = pid;
	child->starts++;
	child->started_at = clock_monotonic();
	return true;
}

/* Notes the end of children. False where one did not come up at all, for a reason that will not pass. */
static bool reap(struct supervisor *supervisor)
{
	int status = 0;
	pid_t pid = 0;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < CHILD_COUNT; i++) {
			struct child *child = &supervisor->children[i];
			if (child->pid != pid) {
				continue;
			}
			int64_t lived_ms = (clock_monotonic() - child->started_at) / 1000;
			child->pid = 0;
			if (command_stop) {
				continue;
			}
			bool steady = lived_ms >= STEADY_MS;
			if (child->starts == 1 && !child->came_up && !steady && WIFEXITED(status) &&
			    WEXITSTATUS(status) == EXIT_USAGE) {
				return false;
			}
			child->pause_ms = steady || child->pause_ms == 0 ? FIRST_PAUSE_MS : child->pause_ms * 2;
			child->pause_ms = child->pause_ms > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : child->pause_ms;
			child->start_again_at = clock_monotonic() + child->pause_ms * 1000;
			fprintf(stderr, "understudy: %s ended (%s %d); starting it again in %lld ms\n", child->name,
				WIFSIGNALED(status) ? "signal" : "exit code",
				WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
				(long long)child->pause_ms);
		}
	}
	return true;
}

static bool start_due(struct supervisor *supervisor, struct error *err)
{
	int64_t now = clock_monotonic();
	for (int i = 0; i < CHILD_COUNT; i++) {
		struct child *child = &supervisor->children[i];
		if (child->wanted && child->pid == 0 && now >= child->start_again_at && !start(supervisor, i, err)) {
			return false;
		}
	}
	return true;
}

/* The tap first, so that it can still hand its last records to the spool. */
static void stop_all(struct supervisor *supervisor)
{
	command_stop = 1;
	int64_t deadline = clock_monotonic() + STOP_MS * INT64_C(1000);
	for (int i = 0; i < CHILD_COUNT; i++) {
		if (supervisor->children[i].pid > 0) {
			kill(supervisor->children[i].pid, SIGTERM);
		}
		while (supervisor->children[i].pid > 0 && clock_monotonic() < deadline) {
			usleep(10000);
			reap(supervisor);
		}
		if (supervisor->children[i].pid > 0) {
			kill(supervisor->children[i].pid, SIGKILL);
			waitpid(supervisor->children[i].pid, NULL, 0);
			supervisor->children[i].pid = 0;
		}
	}
}

/* Waits until the tap accepts; false where it did not come up. */
static bool wait_ready(struct supervisor *supervisor, int fd)
{
	int64_t deadline = clock_monotonic() + READY_MS * INT64_C(1000);
	while (clock_monotonic() < deadline && !command_stop) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		char byte = 0;
		if (poll(&poll_fd, 1, POLL_MS) > 0) {
			supervisor->children[CHILD_TAP].came_up = read(fd, &byte, 1) == 1;
			return supervisor->children[CHILD_TAP].came_up;
		}
		if (!reap(supervisor) || supervisor->children[CHILD_TAP].pid == 0) {
			return false;
		}
	}
	return false;
}

static int supervise(struct supervisor *supervisor)
{
	struct error err = ERROR_INIT;
	while (!command_stop) {
		usleep(POLL_MS * 1000);
		if (!reap(supervisor)) {
			stop_all(supervisor);
			return EXIT_USAGE;
		}
		if (!command_stop && !start_due(supervisor, &err)) {
			stop_all(supervisor);
			return command_fail(&err);
		}
	}
	stop_all(supervisor);
	return EXIT_OK;
}

static int start_all(struct supervisor *supervisor, int ready_fd, struct error *err)
{
	for (int i = 0; i < CHILD_COUNT; i++) {
		if (supervisor->children[i].wanted && !start(supervisor, i, err)) {
			stop_all(supervisor);
			return command_fail(err);
		}
		if (i == CHILD_TAP && !wait_ready(supervisor, ready_fd)) {
			stop_all(supervisor);
			fputs("understudy: the tap did not come up; its own message says why\n", stderr);
			return EXIT_USAGE;
		}
	}
	return -1;
}

static int run_installation(struct supervisor *supervisor, const struct installation *installation)
{
	struct error err = ERROR_INIT;
	int ready[2];
	if (pipe2(ready, O_CLOEXEC) != 0) {
		error_set_system(&err, errno, "cannot make a pipe");
		return command_fail(&err);
	}
	buffer_init(&supervisor->plan, PLAN_MAX);
	int status = -1;
	if (!tap_plan_write(installation, ready[1], &supervisor->plan, stdout, &err)) {
		status = command_fail(&err);
	} else {
		supervisor->children[CHILD_TAP] = (struct child){.name = "tap", .wanted = true};
		supervisor->children[CHILD_WORKER] = (struct child){.name = "worker", .wanted = true};
		supervisor->children[CHILD_WEB] =
			(struct child){.name = "web", .wanted = installation->web_listen != NULL};
		status = start_all(supervisor, ready[0], &err);
	}
	if (status < 0) {
		puts("ready");
		fflush(stdout);
		status = supervise(supervisor);
	}
	buffer_finish(&supervisor->plan);
	return status;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct supervisor supervisor = {0};
	const struct option_row rows[] = {
		{"config", 'c', OPTION_TEXT, &supervisor.config, "FILE", "the installation's understudy.yaml"},
		{"new-epoch", 0, OPTION_FLAG, &supervisor.new_epoch, NULL,
		 "allow a new evaluation period where a contract changed"},
	};
	struct options options = {.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0])};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (supervisor.config == NULL) {
		return command_usage(command, "-c FILE is missing");
	}
	command_catch_signals();
	struct error err = ERROR_INIT;
	struct installation *installation = installation_load(supervisor.config, &err);
	if (installation == NULL) {
		return command_fail(&err);
	}
	status = run_installation(&supervisor, installation);
	installation_destroy(installation);
	return status;
}

const struct command command_run = {
	.name = "run",
	.summary = "tap, worker and web under one supervisor",
	.synopsis = "-c FILE [--new-epoch]",
	.example = "understudy run -c examples/ticket-routing/understudy.yaml",
	.run = run,
};
