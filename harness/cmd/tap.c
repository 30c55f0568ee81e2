/* understudy tap: the live path alone. With -c a supervisor of just the tap; the tap itself is started with a plan. */
#include "harness/cmd/command.h"
#include "harness/cmd/supervisor.h"
#include "harness/cmd/tap_control.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PLAN_ARENA_MAX = 16 * 1024 * 1024 };

static volatile int passthrough;

/* The kill switch: SIGUSR1 stops capturing, SIGUSR2 starts it again. Forwarding never stops. */
static void switch_capture(int signal_number)
{
	passthrough = signal_number == SIGUSR1;
}

/* Each exchange needs two descriptors; the usual soft limit of 1,024 would cap the clients at 480. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* A ring whose spool was removed counts for exchanges that are nowhere now: with nothing left in it, it goes too, so
 * that the ledgers of a fresh start tie out. */
static void forget_orphaned_ring(const struct tap_config *config)
{
	char stream[4096];
	snprintf(stream, sizeof(stream), "%s/%s", config->spool_directory, config->stream);
	if (access(stream, F_OK) == 0) {
		return;
	}
	struct ring *ring = ring_open(config->ring_path, config->ring_capacity, RING_CONSUMER, NULL);
	if (ring != NULL && ring_waiting(ring) == 0) {
		(void)unlink(config->ring_path);
	}
	ring_close(ring);
}

/* A damaged ring must not keep the tap from serving: it is moved away, with a word on what that means. */
static void set_damaged_ring_aside(const struct tap_config *config)
{
	char aside[4096];
	struct error why = ERROR_INIT;
	struct ring *ring = ring_open(config->ring_path, config->ring_capacity, RING_PRODUCER, &why);
	ring_close(ring);
	if (ring != NULL || why.code != ERROR_FORMAT || !ring_is_ours(config->ring_path)) {
		return;
	}
	snprintf(aside, sizeof(aside), "%s.damaged", config->ring_path);
	if (rename(config->ring_path, aside) == 0) {
		fprintf(stderr,
			"understudy: %s: the capture ring is damaged; it is now %s, and what was captured in it and "
			"not yet in the spool is lost; "
			"a new one is made\n",
			config->ring_path, aside);
	}
}

static int run_plan(int plan_fd, int control_fd)
{
	struct error err = ERROR_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(PLAN_ARENA_MAX);
	struct tap_config config;
	struct tap_control control = tap_control_of(&control_fd);
	struct sigaction action = {.sa_handler = switch_capture};
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	if (!tap_plan_read(plan_fd, &arena, &config, &err)) {
		return command_fail(&err);
	}
	close(plan_fd);
	raise_descriptor_limit();
	forget_orphaned_ring(&config);
	set_damaged_ring_aside(&config);
	config.stop = &command_stop;
	config.passthrough = &passthrough;
	config.control = &control;
	return tap_run(&config, &err) ? EXIT_OK : command_fail(&err);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct supervision supervision = {.tap_alone = true};
	int64_t plan_fd = -1;
	int64_t control_fd = -1;
	const struct option_row rows[] = {
		{"config", 'c', OPTION_TEXT, &supervision.config, "FILE", "the installation's understudy.yaml"},
		{"plan-fd", 0, OPTION_INTEGER, &plan_fd, "N", "given by the supervisor; not for people"},
		{"control-fd", 0, OPTION_INTEGER, &control_fd, "N", "given by the supervisor; not for people"},
	};
	struct options options = {.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0])};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	command_catch_signals();
	if (plan_fd >= 0 && plan_fd <= INT_MAX && control_fd >= 0 && control_fd <= INT_MAX) {
		return run_plan((int)plan_fd, (int)control_fd);
	}
	return supervision.config != NULL ? supervisor_run(&supervision) : command_usage(command, "-c FILE is missing");
}

const struct command command_tap = {
	.name = "tap",
	.summary = "the live path alone: forward every request, capture into the spool",
	.synopsis = "-c FILE",
	.example = "understudy tap -c examples/ticket-routing/understudy.yaml",
	.run = run,
};
