/* understudy contract check|schema|validate: contracts before anything runs. */
#include "harness/cmd/command.h"
#include "harness/cmd/contract_doc.h"

#include "harness/base/file.h"
#include "harness/base/json_build.h"
#include "harness/contract/contract.h"

#include <stdio.h>

enum { FILE_MAX = 64 * 1024 * 1024, ARENA_MAX = 1024 * 1024 * 1024, VIOLATIONS_MAX = 1000 };

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

static bool read_json(const char *file, struct buffer *text, struct arena *arena, const struct json_node **ret_root,
		      struct error *err)
{
	if (!file_read(file, text, err)) {
		return false;
	}
	if (!json_parse(arena, buffer_span(text), NULL, ret_root, err)) {
		error_add_file(err, file);
		return false;
	}
	return true;
}

/* The result in the shape of the standard's `basic` output. */
static void print_violations(bool valid, const struct schema_report *report)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(FILE_MAX);
	struct json_build *build = json_build_create();
	json_build_boolean(build, "valid", valid);
	json_build_array(build, "errors");
	for (size_t i = 0; i < report->count; i++) {
		const struct schema_violation *violation = &report->list[i];
		json_build_object(build, NULL);
		json_build_text(build, "keywordLocation", violation->schema);
		json_build_text(build, "instanceLocation", violation->instance);
		json_build_text(build, "error", violation->sentence);
		json_build_end(build);
	}
	json_build_end(build);
	if (json_build_write(build, 2, &text, NULL)) {
		puts(text.data);
	}
	json_build_destroy(build);
}

static int validate(const char *schema_file, const char *instance_file)
{
	struct error err = ERROR_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	CLEANUP_BUFFER struct buffer schema_text = BUFFER_INIT(FILE_MAX);
	CLEANUP_BUFFER struct buffer instance_text = BUFFER_INIT(FILE_MAX);
	const struct json_node *document = NULL;
	const struct json_node *instance = NULL;
	if (!read_json(schema_file, &schema_text, &arena, &document, &err) ||
	    !read_json(instance_file, &instance_text, &arena, &instance, &err)) {
		return command_fail(&err);
	}
	struct schema *schema = schema_create(document, &err);
	if (schema == NULL) {
		error_add_file(&err, schema_file);
		return command_fail(&err);
	}
	struct schema_report report;
	schema_report_init(&report, &arena, VIOLATIONS_MAX);
	bool valid = schema_validate(schema, instance, &report);
	print_violations(valid, &report);
	schema_destroy(schema);
	return valid ? EXIT_OK : EXIT_NO_GO;
}

static int run(const struct command *command, int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "doc") == 0) {
		return contract_doc_run(argc - 1, argv + 1);
	}
	if (argc > 1 && strcmp(argv[1], "apply") == 0) {
		return contract_apply_run(argc - 1, argv + 1);
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
	if (options.operand_count == 3 && strcmp(operands[0], "validate") == 0) {
		return validate(operands[1], operands[2]);
	}
	return command_usage(command, "say check FILE, validate SCHEMA INSTANCE, or schema contract|installation");
}

const struct command command_contract = {
	.name = "contract",
	.summary = "check a contract, validate an instance, print the schemas of the configuration files",
	.synopsis = "check FILE [--effective] | validate SCHEMA INSTANCE | schema contract|installation",
	.example = "understudy contract check examples/ticket-routing/contracts/ticket-routing/contract.yaml",
	.run = run,
};
