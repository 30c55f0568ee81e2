/* understudy run: tap, worker and web under one supervisor. */
#include "harness/cmd/command.h"
#include "harness/cmd/supervisor.h"

static int run(const struct command *command, int argc, char **argv)
{
	struct supervision supervision = {.tap_alone = false};
	const struct option_row rows[] = {
		{"config", 'c', OPTION_TEXT, &supervision.config, "FILE", "the installation's understudy.yaml"},
		{"new-epoch", 0, OPTION_FLAG, &supervision.new_epoch, NULL,
		 "allow a new evaluation period where a contract changed"},
	};
	struct options options = {.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0])};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (supervision.config == NULL) {
		return command_usage(command, "-c FILE is missing");
	}
	command_catch_signals();
	return supervisor_run(&supervision);
}

const struct command command_run = {
	.name = "run",
	.summary = "tap, worker and web under one supervisor",
	.synopsis = "-c FILE [--new-epoch]",
	.example = "understudy run -c examples/ticket-routing/understudy.yaml",
	.run = run,
};
