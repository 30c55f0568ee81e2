/* understudy contract: contracts before anything runs. Its subcommands have files of their own. */
#include "harness/cmd/command.h"
#include "harness/cmd/contract_commands.h"

#include "harness/contract/contract.h"

#include <stdio.h>

static const struct subcommand {
	const char *name;
	int (*run)(int argc, char **argv);
} SUBCOMMANDS[] = {
	{"check", contract_check_run},
	{"diff", contract_diff_run},
	{"validate", contract_validate_run},
};

static int print_schema(const struct command *command, const char *which)
{
	if (strcmp(which, "contract") != 0 && strcmp(which, "installation") != 0) {
		return command_usage(command, "contract schema prints contract or installation, not \"%s\"", which);
	}
	struct span text = strcmp(which, "contract") == 0 ? contract_schema_text() : installation_schema_text();
	printf("%.*s", SPAN_ARGUMENTS(text));
	return EXIT_OK;
}

static int run(const struct command *command, int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(SUBCOMMANDS) / sizeof(SUBCOMMANDS[0]); i++) {
		if (strcmp(argv[1], SUBCOMMANDS[i].name) == 0) {
			return SUBCOMMANDS[i].run(argc - 1, argv + 1);
		}
	}
	const char *operands[2];
	struct options options = {.operands = operands, .operand_max = 2};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (options.operand_count == 2 && strcmp(operands[0], "schema") == 0) {
		return print_schema(command, operands[1]);
	}
	return command_usage(command,
			     "say check FILE, diff OLD NEW, validate SCHEMA INSTANCE, or schema contract|installation");
}

const struct command command_contract = {
	.name = "contract",
	.summary = "check a contract, compare two, validate an instance, print the schemas of the configuration files",
	.synopsis = "check FILE [OPTIONS] | diff OLD NEW [OPTIONS] | validate SCHEMA INSTANCE [OPTIONS] | schema "
		    "contract|installation",
	.example = "understudy contract check examples/ticket-routing/contracts/ticket-routing/contract.yaml",
	.run = run,
};
