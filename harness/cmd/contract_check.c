/* understudy contract check: does a contract load, and what would a careful colleague say about it? */
#include "harness/base/clock.h"
#include "harness/base/json_build.h"
#include "harness/cmd/command.h"
#include "harness/cmd/contract_commands.h"
#include "harness/contract/lint.h"

#include <stdio.h>

enum { TEXT_MAX = 64 * 1024 * 1024, ARENA_MAX = 256 * 1024 * 1024 };

/* --- output --- */

static int print_json(struct json_build *build)
{
	struct error err = ERROR_INIT;
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	bool done = json_build_write(build, 2, &text, &err);
	json_build_destroy(build);
	if (!done) {
		return command_fail(&err);
	}
	puts(text.data);
	return EXIT_OK;
}

static int list_rules(bool json)
{
	if (!json) {
		for (int i = 0; i < LINT_RULE_COUNT; i++) {
			printf("%-7s  %-27s  %s\n", lint_level_name(lint_rules[i].level), lint_rules[i].id,
			       lint_rules[i].sentence);
		}
		return EXIT_OK;
	}
	struct json_build *build = json_build_create_array();
	for (int i = 0; i < LINT_RULE_COUNT; i++) {
		json_build_object(build, NULL);
		json_build_text(build, "rule", lint_rules[i].id);
		json_build_text(build, "level", lint_level_name(lint_rules[i].level));
		json_build_text(build, "finds", lint_rules[i].sentence);
		json_build_end(build);
	}
	return print_json(build);
}

static int print_effective(const struct contract *contract)
{
	struct error err = ERROR_INIT;
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	contract_write_effective(contract, &text);
	if (!buffer_ok(&text, "the contract", &err)) {
		return command_fail(&err);
	}
	puts(text.data);
	return EXIT_OK;
}

static void print_count(size_t count, const char *word, const char *behind)
{
	printf("%zu %s%s%s", count, word, count == 1 ? "" : "s", behind);
}

static void print_text(const struct contract *contract, const struct lint_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		const struct lint_finding *finding = &report->list[i];
		printf("%s:%d: %s: %s; %s [%s]\n", finding->file, finding->line,
		       lint_level_name(lint_rules[finding->rule].level), finding->sentence, finding->advice,
		       lint_rules[finding->rule].id);
	}
	if (report->total > report->count) {
		printf("%s: %zu further findings are not shown\n", contract->file, report->total - report->count);
	}
	printf("%s: interface %s, version %s: ", contract->file, contract->interface, contract->version);
	print_count(contract->field_count, "field", ", ");
	print_count(contract->candidate_count, "candidate", "; ");
	if (report->total == 0) {
		puts("nothing is wrong");
		return;
	}
	print_count(report->by_level[LINT_ERROR], "error", ", ");
	print_count(report->by_level[LINT_WARNING], "warning", ", ");
	print_count(report->by_level[LINT_NOTE], "note", "\n");
}

static int print_findings(const struct contract *contract, const struct lint_report *report)
{
	struct json_build *build = json_build_create();
	json_build_text(build, "file", contract->file);
	json_build_text(build, "interface", contract->interface);
	json_build_text(build, "version", contract->version);
	json_build_integer(build, "errors", (int64_t)report->by_level[LINT_ERROR]);
	json_build_integer(build, "warnings", (int64_t)report->by_level[LINT_WARNING]);
	json_build_integer(build, "notes", (int64_t)report->by_level[LINT_NOTE]);
	json_build_array(build, "findings");
	for (size_t i = 0; i < report->count; i++) {
		const struct lint_finding *finding = &report->list[i];
		json_build_object(build, NULL);
		json_build_text(build, "level", lint_level_name(lint_rules[finding->rule].level));
		json_build_text(build, "rule", lint_rules[finding->rule].id);
		json_build_text(build, "file", finding->file);
		json_build_integer(build, "line", finding->line);
		json_build_text(build, "sentence", finding->sentence);
		json_build_text(build, "advice", finding->advice);
		json_build_end(build);
	}
	json_build_end(build);
	return print_json(build);
}

/* --- entry --- */

struct check_options {
	bool effective; /* print what is in force; no lint */
	bool strict;    /* warnings fail as errors do */
	bool rules;     /* list the rules; no contract is read */
	bool json;
};

static int check(const struct contract *contract, const struct check_options *options)
{
	struct error err = ERROR_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct lint_report report;
	if (!contract_lint(contract, clock_now(), &arena, &report, &err)) {
		return command_fail(&err);
	}
	int status = EXIT_OK;
	if (options->json) {
		status = print_findings(contract, &report);
	} else {
		print_text(contract, &report);
	}
	bool failed = report.by_level[LINT_ERROR] > 0 || (options->strict && report.by_level[LINT_WARNING] > 0);
	return failed ? EXIT_USAGE : status;
}

static int check_file(const char *file, const struct check_options *options)
{
	struct error err = ERROR_INIT;
	struct contract *contract = contract_load(file, &err);
	if (contract == NULL) {
		return command_fail(&err);
	}
	int status = options->effective ? print_effective(contract) : check(contract, options);
	contract_destroy(contract);
	return status;
}

static const struct command command_check = {
	.name = "contract check",
	.summary =
		"does a contract load, and what would a careful colleague say about it? Exit code 2 where a finding is "
		"an error",
	.synopsis = "FILE [--strict] [--json] | FILE --effective | --rules [--json]",
	.example = "understudy contract check examples/ticket-routing/contracts/ticket-routing/contract.yaml",
	.run = NULL,
};

int contract_check_run(int argc, char **argv)
{
	struct check_options check_options = {0};
	const char *file = NULL;
	const struct option_row rows[] = {
		{"effective", 0, OPTION_FLAG, &check_options.effective, NULL,
		 "print everything in force, defaults included, as JSON"},
		{"strict", 0, OPTION_FLAG, &check_options.strict, NULL, "warnings fail as errors do"},
		{"rules", 0, OPTION_FLAG, &check_options.rules, NULL, "list the rules"},
		{"json", 0, OPTION_FLAG, &check_options.json, NULL, "print the findings, or the rules, as JSON"},
	};
	struct options options = {
		.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0]), .operands = &file, .operand_max = 1};
	int status = options_read(&command_check, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (check_options.rules && file == NULL) {
		return list_rules(check_options.json);
	}
	if (file == NULL || check_options.rules) {
		return command_usage(&command_check, "say the file of one contract, or --rules alone");
	}
	return check_file(file, &check_options);
}
