/* understudy work: the worker alone. */
#include "harness/base/clock.h"
#include "harness/base/priority.h"
#include "harness/cmd/command.h"
#include "harness/pipeline/worker.h"

#include <stdio.h>
#include <unistd.h>

enum { IDLE_SLEEP_US = 20000, WAIT_MS = 50, RETRY_MS = 500 };

static bool may_pass(enum error_code code)
{
	return code == ERROR_BUSY || code == ERROR_LIMIT || code == ERROR_SYSTEM;
}

/* Says a passing trouble once, not at every retry. */
static void say_once(struct error *said, const struct error *now)
{
	if (strcmp(said->message, now->message) != 0) {
		command_fail(now);
		*said = *now;
	}
}

/* The pause before the next try; open calls move on meanwhile. */
static bool pause_working(struct worker *worker, struct error *err)
{
	int64_t until = clock_monotonic() + RETRY_MS * INT64_C(1000);
	while (!command_stop && clock_monotonic() < until) {
		if (!worker_wait(worker, WAIT_MS, err) || !worker_perform(worker, err)) {
			return false;
		}
		usleep(IDLE_SLEEP_US); /* a finished call ends the wait at once */
	}
	return true;
}

/* Not EXIT_USAGE: the command was right, what it met later was not. */
static int give_up(const struct error *err)
{
	command_fail(err);
	return EXIT_DATA_FAULT;
}

static int work(struct worker *worker, bool until_idle)
{
	struct error said = ERROR_INIT;
	while (!command_stop) {
		struct error err = ERROR_INIT;
		struct error notice = ERROR_INIT;
		enum worker_state state = worker_step(worker, &err);
		if (worker_take_notice(worker, &notice)) {
			command_fail(&notice);
		}
		switch (state) {
		case WORKER_FAILED:
			if (!may_pass(err.code)) {
				return give_up(&err);
			}
			say_once(&said, &err);
			err = (struct error)ERROR_INIT;
			if (!pause_working(worker, &err)) {
				return give_up(&err);
			}
			break;
		case WORKER_WAITING:
			if (!worker_wait(worker, WAIT_MS, &err)) {
				return give_up(&err);
			}
			break;
		case WORKER_IDLE:
			if (until_idle) {
				return EXIT_OK;
			}
			usleep(IDLE_SLEEP_US);
			break;
		case WORKER_WORKED:
			said = (struct error)ERROR_INIT;
			break;
		}
	}
	return EXIT_OK;
}

static int run(const struct command *command, int argc, char **argv)
{
	const char *config = NULL;
	bool until_idle = false;
	bool new_epoch = false;
	const struct option_row rows[] = {
		{"config", 'c', OPTION_TEXT, &config, "FILE", "the installation's understudy.yaml"},
		{"until-idle", 0, OPTION_FLAG, &until_idle, NULL, "end when nothing is left to do"},
		{"new-epoch", 0, OPTION_FLAG, &new_epoch, NULL,
		 "allow a new evaluation period where a contract changed"},
	};
	struct options options = {.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0])};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (config == NULL) {
		return command_usage(command, "-c FILE is missing");
	}
	command_catch_signals();
	struct error err = ERROR_INIT;
	struct installation *installation = installation_load(config, &err);
	struct worker *worker = NULL;
	if (installation != NULL && installation_make_key(installation, &err)) {
		worker = worker_create(installation, new_epoch, &err);
	}
	if (worker == NULL) {
		installation_destroy(installation);
		return command_fail(&err);
	}
	priority_idle(); /* the live path wins the processor */
	status = work(worker, until_idle);
	struct error trouble = ERROR_INIT;
	if (status == EXIT_OK && !worker_wind_up(worker, &trouble) && !may_pass(trouble.code)) {
		status = give_up(&trouble);
	}
	worker_destroy(worker);
	installation_destroy(installation);
	return status;
}

const struct command command_work = {
	.name = "work",
	.summary = "the worker alone: spool to store, calls to the LLM path, comparison",
	.synopsis = "-c FILE [--until-idle] [--new-epoch]",
	.example = "understudy work -c examples/ticket-routing/understudy.yaml --until-idle",
	.run = run,
};
