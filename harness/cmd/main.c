/* Understudy: one binary, a table of subcommands. */
#include "harness/cmd/command.h"

#include <stdio.h>
#include <string.h>

static const struct command *const COMMANDS[] = {
	&command_run,    &command_tap,    &command_work,      &command_web,      &command_replay,  &command_sim,
	&command_report, &command_gate,   &command_label,     &command_contract, &command_compare, &command_dead_letter,
	&command_stats,  &command_status, &command_reconcile, &command_suite,    &command_drift,   &command_incident,
};

static int print_overview(FILE *target)
{
	fputs("understudy: rehearse an LLM on the live traffic of a business interface, unseen, until it is proven\n\n"
	      "usage: understudy COMMAND [OPTIONS]   (understudy COMMAND --help says more)\n\n",
	      target);
	for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++) {
		fprintf(target, "  %-12s %s\n", COMMANDS[i]->name, COMMANDS[i]->summary);
	}
	fputs("\nexit codes: 0 done or GO, 1 NO-GO or different, 2 usage or configuration, 3 HOLD, 4 data fault\n",
	      target);
	return target == stdout ? EXIT_OK : EXIT_USAGE;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		return print_overview(stderr);
	}
	char help[] = "--help";
	if (strcmp(argv[1], "help") == 0 && argc > 2) {
		argv[1] = argv[2];
		argv[2] = help;
		argc = 3;
	}
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		return print_overview(stdout);
	}
	if (strcmp(argv[1], "version") == 0 || strcmp(argv[1], "--version") == 0) {
		puts("understudy " UNDERSTUDY_VERSION);
		return EXIT_OK;
	}
	for (size_t i = 0; i < sizeof(COMMANDS) / sizeof(COMMANDS[0]); i++) {
		if (strcmp(argv[1], COMMANDS[i]->name) == 0) {
			return COMMANDS[i]->run(COMMANDS[i], argc - 1, argv + 1);
		}
	}
	fprintf(stderr, "understudy: unknown command \"%s\"; 'understudy help' lists them\n", argv[1]);
	return EXIT_USAGE;
}
