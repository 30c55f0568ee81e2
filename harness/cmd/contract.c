/* understudy contract check|schema|validate: contracts before anything runs. */
#include "harness/cmd/command.h"
#include "harness/cmd/contract_doc.h"
#include "harness/cmd/contract_validate.h"

#include "harness/contract/contract.h"

#include <stdio.h>

enum { FILE_MAX = 64 * 1024 * 1024 };

static int check(const char *file, bool effective)
{
	struct error err = ERROR_INIT;
	struct contract *contract = contract_load(file, &err);
	if (contract == NULL) {
		return command_fail(&err);
	}
	int status = EXIT_OK;
	if (effective) {
		CLEANUP_BUFFER struct buffer text = BUFFER_INIT(FILE_MAX);
		contract_write_effective(contract, &text);
		if (!buffer_ok(&text, "the contract", &err)) {
			status = command_fail(&err);
		} else {
			puts(text.data);
		}
	} else {
		printf("%s: interface %s, version %s: %zu fields, %zu candidates; nothing is wrong\n", file,
		       contract->interface, contract->version, contract->field_count, contract->candidate_count);
		if (contract->gate_cost_per_transaction_nano > 0 && contract->limit_cost_per_transaction_nano == 0) {
			puts("note: without limits.usd_per_transaction the gate cannot test the cost and stays at "
			     "HOLD; set it, or set gate.usd_per_transaction to 0");
		}
	}
	contract_destroy(contract);
	return status;
}

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
	if (argc > 1 && strcmp(argv[1], "doc") == 0) {
		return contract_doc_run(argc - 1, argv + 1);
	}
	if (argc > 1 && strcmp(argv[1], "apply") == 0) {
		return contract_apply_run(argc - 1, argv + 1);
	}
	if (argc > 1 && strcmp(argv[1], "validate") == 0) {
		return contract_validate_run(argc - 1, argv + 1);
	}
	bool effective = false;
	const char *operands[3];
	const struct option_row rows[] = {
		{"effective", 0, OPTION_FLAG, &effective, NULL, "check: print everything in force, defaults included"},
	};
	struct options options = {
		.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0]), .operands = operands, .operand_max = 3};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (options.operand_count == 2 && strcmp(operands[0], "check") == 0) {
		return check(operands[1], effective);
	}
	if (options.operand_count == 2 && strcmp(operands[0], "schema") == 0) {
		return print_schema(command, operands[1]);
	}
	return command_usage(command, "say check FILE, validate SCHEMA INSTANCE, or schema contract|installation");
}

const struct command command_contract = {
	.name = "contract",
	.summary = "check a contract, validate an instance, print the schemas of the configuration files",
	.synopsis = "check FILE [--effective] | validate SCHEMA INSTANCE [OPTIONS] | schema contract|installation",
	.example = "understudy contract check examples/ticket-routing/contracts/ticket-routing/contract.yaml",
	.run = run,
};
