#include "harness/cmd/supervisor.h"

#include "harness/cmd/child.h"
#include "harness/cmd/command.h"
#include "harness/cmd/inherited.h"
#include "harness/cmd/orphan.h"
#include "harness/cmd/tap_control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	POLL_MS = 100,
	READY_MS = 10000,
	FATAL_MS = 10000, /* a first start that ends within, with EXIT_USAGE, stops everything */
	OFFERS_MAX = 3,   /* to taps that die of a plan */
};

enum { CHILD_TAP, CHILD_WORKER, CHILD_WEB, CHILD_COUNT };

struct supervisor {
	const char *config;
	bool tap_alone;
	bool new_epoch;
	struct tap_plan plan; /* in force */
	struct tap_plan next; /* offered to the tap, or to be */
	bool offered;         /* and not answered yet */
	int offers;           /* of `next` */
	int control;          /* our end of the tap's socket; -1: none */
	bool tap_is_up;       /* it is there and ready */
	bool reloaded;        /* at least once */
	int capture_signal;   /* the last one of SIGUSR1 and SIGUSR2 that the tap follows; 0: none */
	struct child children[CHILD_COUNT];
};

static volatile sig_atomic_t reload_wanted;
static volatile sig_atomic_t capture_signal; /* to be passed on; 0: none */

static void on_signal(int number)
{
	if (number == SIGHUP) {
		reload_wanted = 1;
	} else {
		capture_signal = number;
	}
}

static void handle_signals(void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
}

/* --- starting --- */

/* In a child that is of no use without its supervisor. The signal survives exec; a supervisor that died before it was
 * asked for is known by its place as parent having been taken by another. */
static void end_with_parent(pid_t supervisor)
{
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != supervisor) {
		_exit(EXIT_OK);
	}
}

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

/* In the child. What is meant for the supervisor may be sent to all processes of a group: it must not end the others.
 * The tap takes its handlers back. */
static void become(const struct supervisor *supervisor, int which, int control_fd, pid_t parent)
{
	handle_signals(SIG_IGN);
	if (which != CHILD_TAP) {
		end_with_parent(parent);
	}
	if (which == CHILD_TAP) {
		struct error err = ERROR_INIT;
		tap_plan_execute(&supervisor->plan, control_fd, &err);
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
	int control[2] = {-1, -1};
	fflush(stdout);
	if (which == CHILD_WORKER && child->starts > 0) {
		supervisor->new_epoch = false; /* leave was given for the change of then, not for those to come */
	}
	if (which == CHILD_TAP && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) != 0) {
		return error_set_system(err, errno, "cannot make the tap's socket");
	}
	pid_t own = getpid();
	pid_t pid = command_fork();
	if (pid == 0) {
		become(supervisor, which, control[1], own);
	}
	int failure = errno;
	if (which == CHILD_TAP) {
		close(control[1]);
		supervisor->control = control[0];
	}
	if (pid < 0) {
		return error_set_system(err, failure, "cannot start %s", child->name);
	}
	child_note_start(child, pid);
	return true;
}

/* --- reloading --- */

/* The tap has changed to the next plan, or will be started with it. */
static void adopt(struct supervisor *supervisor)
{
	tap_plan_drop(&supervisor->plan, &supervisor->next);
	supervisor->plan = supervisor->next;
	supervisor->next = (struct tap_plan)TAP_PLAN_NONE;
	supervisor->reloaded = true;
	supervisor->children[CHILD_WEB].wanted =
		!supervisor->tap_alone && supervisor->plan.installation->web_listen != NULL;
	child_restart(&supervisor->children[CHILD_WORKER]);
	child_restart(&supervisor->children[CHILD_WEB]);
	tap_plan_say(&supervisor->plan, stdout);
	puts("reloaded");
	fflush(stdout);
}

static void stay(struct supervisor *supervisor, const char *why)
{
	fprintf(stderr, "understudy: %s\nunderstudy: the configuration before stays in force\n", why);
	tap_plan_drop(&supervisor->next, &supervisor->plan);
}

static void offer(struct supervisor *supervisor)
{
	if (supervisor->offers >= OFFERS_MAX) {
		stay(supervisor, "the tap dies of the new configuration");
	} else if (tap_control_offer(supervisor->control, &supervisor->next)) {
		supervisor->offered = true;
		supervisor->offers++;
	}
}

static void read_again(struct supervisor *supervisor)
{
	struct error err = ERROR_INIT;
	char text[1024];
	reload_wanted = 0;
	tap_plan_drop(&supervisor->next, &supervisor->plan);
	supervisor->offers = 0;
	if (!tap_plan_make(&supervisor->next, supervisor->config, &supervisor->plan, &err)) {
		stay(supervisor, error_text(&err, text, sizeof(text)));
	}
}

/* What signals asked for, as soon as the tap can do it. */
static void follow_signals(struct supervisor *supervisor)
{
	if (reload_wanted && !supervisor->offered) {
		read_again(supervisor);
	}
	if (!supervisor->tap_is_up) {
		return;
	}
	if (supervisor->next.fd >= 0 && !supervisor->offered) {
		offer(supervisor);
	}
	int number = capture_signal;
	if (number != 0) {
		capture_signal = 0;
		supervisor->capture_signal = number;
		kill(supervisor->children[CHILD_TAP].pid, number);
	}
}

/* --- what the tap says --- */

static void say_capture(struct supervisor *supervisor, const char *state)
{
	char now[CLOCK_TEXT_SIZE];
	supervisor->capture_signal = strstr(state, "signal") != NULL ? SIGUSR1 : SIGUSR2;
	fprintf(stderr, "understudy: capture is %s since %s\n", state, clock_format(clock_now(), now));
}

static void on_ready(struct supervisor *supervisor)
{
	supervisor->tap_is_up = supervisor->children[CHILD_TAP].came_up = true;
	if (supervisor->capture_signal == SIGUSR1) {
		kill(supervisor->children[CHILD_TAP].pid, SIGUSR1);
	}
}

static void on_message(struct supervisor *supervisor, const struct tap_message *message)
{
	switch (message->event) {
	case TAP_READY:
		on_ready(supervisor);
		break;
	case TAP_RELOADED:
		supervisor->offered = false;
		adopt(supervisor);
		break;
	case TAP_REFUSED:
		supervisor->offered = false;
		stay(supervisor, message->text);
		break;
	case TAP_CAPTURE:
	default:
		say_capture(supervisor, message->text);
		break;
	}
}

static void hear_tap(struct supervisor *supervisor)
{
	struct tap_message message;
	enum tap_hearing hearing = TAP_SILENT;
	while (supervisor->control >= 0 && (hearing = tap_control_hear(supervisor->control, &message)) == TAP_HEARD) {
		on_message(supervisor, &message);
	}
	if (hearing == TAP_GONE) {
		close(supervisor->control);
		supervisor->control = -1;
		supervisor->tap_is_up = supervisor->offered = false;
	}
}

/* Until the tap says something, a signal comes, or it is time to look after the children. */
static void wait_for_news(struct supervisor *supervisor)
{
	struct pollfd tap = {.fd = supervisor->control, .events = POLLIN};
	(void)poll(&tap, 1, POLL_MS);
	hear_tap(supervisor);
}

/* --- ends --- */

static bool is_usage_fault(int status)
{
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_USAGE;
}

static void on_tap_end(struct supervisor *supervisor, int status)
{
	hear_tap(supervisor); /* its last words first */
	if (supervisor->control >= 0) {
		close(supervisor->control);
	}
	supervisor->control = -1;
	supervisor->tap_is_up = supervisor->offered = false;
	bool came_up = supervisor->children[CHILD_TAP].came_up;
	if (!came_up && is_usage_fault(status) && supervisor->next.fd >= 0 && !command_stop) {
		adopt(supervisor); /* the plan in force is of no use */
	}
}

/* It did not come up at all, for a reason that will not pass. */
static bool is_fatal(const struct supervisor *supervisor, const struct child *child, int status)
{
	return child->starts == 1 && !child->came_up && !supervisor->reloaded && is_usage_fault(status) &&
	       clock_monotonic() - child->started_at < FATAL_MS * INT64_C(1000);
}

/* False where that is fatal. */
static bool note_end(struct supervisor *supervisor, struct child *child, int status)
{
	if (child == &supervisor->children[CHILD_TAP]) {
		on_tap_end(supervisor, status);
	}
	if (command_stop || is_fatal(supervisor, child, status)) {
		child->pid = 0;
		return command_stop;
	}
	child_note_end(child, status);
	return true;
}

/* Notes the end of children. False where one of them is fatal. */
static bool reap(struct supervisor *supervisor)
{
	int status = 0;
	pid_t pid = 0;
	bool done = true;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < CHILD_COUNT; i++) {
			if (supervisor->children[i].pid == pid) {
				done &= note_end(supervisor, &supervisor->children[i], status);
			}
		}
	}
	return done;
}

static void drop_plans(struct supervisor *supervisor)
{
	const struct tap_plan nothing = TAP_PLAN_NONE;
	tap_plan_drop(&supervisor->next, &supervisor->plan);
	tap_plan_drop(&supervisor->plan, &nothing);
}

static bool look_after_children(struct supervisor *supervisor, struct error *err)
{
	for (int i = 0; i < CHILD_COUNT; i++) {
		child_check_end(&supervisor->children[i]);
		if (child_is_due(&supervisor->children[i]) && !start(supervisor, i, err)) {
			return false;
		}
	}
	return true;
}

/* The tap first, so that it can still hand its last records to the spool. Then the sockets, so that clients are refused
 * and do not wait for nobody. */
static void stop_all(struct supervisor *supervisor)
{
	command_stop = 1;
	for (int i = 0; i < CHILD_COUNT; i++) {
		struct child *child = &supervisor->children[i];
		child_restart(child);
		while (child->pid > 0) {
			usleep(10000);
			child_check_end(child);
			reap(supervisor);
		}
		if (i == CHILD_TAP) {
			drop_plans(supervisor);
		}
	}
}

/* --- the whole --- */

static int supervise(struct supervisor *supervisor)
{
	struct error err = ERROR_INIT;
	while (!command_stop) {
		wait_for_news(supervisor);
		if (!reap(supervisor)) {
			stop_all(supervisor);
			return EXIT_USAGE;
		}
		follow_signals(supervisor);
		if (!command_stop && !look_after_children(supervisor, &err)) {
			stop_all(supervisor);
			return command_fail(&err);
		}
	}
	stop_all(supervisor);
	return EXIT_OK;
}

/* Waits until the tap accepts; false where it did not come up. */
static bool wait_ready(struct supervisor *supervisor)
{
	int64_t deadline = clock_monotonic() + READY_MS * INT64_C(1000);
	while (clock_monotonic() < deadline && !command_stop && !supervisor->tap_is_up) {
		wait_for_news(supervisor);
		if (!reap(supervisor) || supervisor->children[CHILD_TAP].pid == 0) {
			return false;
		}
	}
	return supervisor->tap_is_up;
}

static int start_all(struct supervisor *supervisor)
{
	struct error err = ERROR_INIT;
	for (int i = 0; i < CHILD_COUNT; i++) {
		if (supervisor->children[i].wanted && !start(supervisor, i, &err)) {
			stop_all(supervisor);
			return command_fail(&err);
		}
		if (i == CHILD_TAP && !wait_ready(supervisor)) {
			bool was_stopped = command_stop;
			stop_all(supervisor);
			if (was_stopped) {
				return EXIT_OK;
			}
			fputs("understudy: the tap did not come up; its own message says why\n", stderr);
			return EXIT_USAGE;
		}
	}
	puts("ready");
	fflush(stdout);
	return supervise(supervisor);
}

int supervisor_run(const struct supervision *supervision)
{
	struct error err = ERROR_INIT;
	struct supervisor supervisor = {
		.config = supervision->config,
		.tap_alone = supervision->tap_alone,
		.new_epoch = supervision->new_epoch,
		.plan = TAP_PLAN_NONE,
		.next = TAP_PLAN_NONE,
		.control = -1,
	};
	struct inherited inherited;
	handle_signals(on_signal);
	inherited_take(&inherited);
	bool done = orphan_take_over(supervisor.config, &inherited, &err) &&
		    tap_plan_make(&supervisor.plan, supervisor.config, &inherited.plan, &err);
	tap_plan_drop(&inherited.plan, &supervisor.plan);
	if (!done) {
		return command_fail(&err);
	}
	tap_plan_say(&supervisor.plan, stdout);
	bool has_web = supervisor.plan.installation->web_listen != NULL;
	supervisor.children[CHILD_TAP] = (struct child){.name = "tap", .wanted = true};
	supervisor.children[CHILD_WORKER] = (struct child){.name = "worker", .wanted = !supervisor.tap_alone};
	supervisor.children[CHILD_WEB] = (struct child){.name = "web", .wanted = !supervisor.tap_alone && has_web};
	return start_all(&supervisor);
}
