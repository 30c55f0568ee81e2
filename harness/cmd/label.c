/* understudy label export|import: reviews in and out. */
#include "harness/cmd/command.h"
#include "harness/cmd/installation.h"

#include "baselines/labels.h"
#include "harness/base/file.h"

#include <stdio.h>

enum { FILE_MAX = 1024 * 1024 * 1024 };

struct label_options {
	const char *config;
	const char *interface;
	const char *output;
	const char *status;
	const char *now;
	bool adjudication;
};

static int export_tasks(const struct command *command, const struct label_options *o, size_t operands)
{
	struct error err = ERROR_INIT;
	struct opened opened;
	enum label_scope scope = LABEL_SCOPE_OPEN;
	if (operands != 1) {
		return command_usage(command, "label export takes no file; name the output with -o");
	}
	if (strcmp(o->status, "conflict") == 0) {
		scope = LABEL_SCOPE_CONFLICT;
	} else if (strcmp(o->status, "all") == 0) {
		scope = LABEL_SCOPE_ALL;
	} else if (strcmp(o->status, "open") != 0) {
		return command_usage(command, "--status is open, conflict or all, not \"%s\"", o->status);
	}
	if (!opened_init(&opened, o->config, o->interface, OPEN_READ_ONLY, &err)) {
		return command_fail(&err);
	}
	CLEANUP_BUFFER struct buffer csv = BUFFER_INIT(FILE_MAX);
	int64_t count = 0;
	bool done = label_export(opened.store, opened.contract, scope, &csv, &count, &err);
	opened_finish(&opened);
	if (done && o->output == NULL) {
		done = fwrite(csv.data, 1, csv.length, stdout) == csv.length;
	} else if (done) {
		done = file_write(o->output, buffer_span(&csv), 0600, &err);
	}
	if (!done) {
		return command_fail(&err);
	}
	fprintf(stderr, "%lld %s to review\n", (long long)count, count == 1 ? "record" : "records");
	return EXIT_OK;
}

static int import_file(const struct label_options *o, struct opened *opened, const char *file, int64_t now)
{
	struct error err = ERROR_INIT;
	struct label_import result;
	CLEANUP_BUFFER struct buffer csv = BUFFER_INIT(FILE_MAX);
	if (!file_read(file, &csv, &err) || !label_import(opened->store, opened->contract, file, buffer_span(&csv),
							  o->adjudication, now, &result, &err)) {
		return command_fail(&err);
	}
	printf("%s: %lld labels, %lld new, %lld known; records: %lld final, %lld in conflict, %lld open\n", file,
	       (long long)result.rows, (long long)result.added, (long long)result.unchanged, (long long)result.final,
	       (long long)result.conflict, (long long)result.open);
	return EXIT_OK;
}

static int import_labels(const struct command *command, const struct label_options *o, const char **files, size_t count)
{
	struct error err = ERROR_INIT;
	struct opened opened;
	int64_t now = clock_now();
	if (count == 0) {
		return command_usage(command, "name the label file");
	}
	if (o->now != NULL && !clock_parse(span_of(o->now), &now)) {
		return command_usage(command, "--now \"%s\" is not a time", o->now);
	}
	if (!opened_init(&opened, o->config, o->interface, OPEN_READ_WRITE, &err)) {
		return command_fail(&err);
	}
	int status = EXIT_OK;
	for (size_t i = 0; status == EXIT_OK && i < count; i++) {
		status = import_file(o, &opened, files[i], now);
	}
	opened_finish(&opened);
	return status;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct label_options o = {.status = "open"};
	const char *operands[16];
	const struct option_row rows[] = {
		{"config", 'c', OPTION_TEXT, &o.config, "FILE", "the installation's understudy.yaml"},
		{"interface", 'i', OPTION_TEXT, &o.interface, "NAME", "which interface, where there are several"},
		{"output", 'o', OPTION_TEXT, &o.output, "FILE", "export: the task file (default: standard output)"},
		{"status", 0, OPTION_TEXT, &o.status, "WORD", "export: open (default), conflict or all"},
		{"adjudication", 0, OPTION_FLAG, &o.adjudication, NULL, "import: these labels settle conflicts"},
		{"now", 0, OPTION_TEXT, &o.now, "TIME", "import: stands in for an empty labelled_at"},
	};
	struct options options = {
		.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0]), .operands = operands, .operand_max = 16};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	bool exports = options.operand_count > 0 && strcmp(operands[0], "export") == 0;
	if (!exports && (options.operand_count == 0 || strcmp(operands[0], "import") != 0)) {
		return command_usage(command, "say export or import");
	}
	if (o.config == NULL) {
		return command_usage(command, "-c FILE is missing");
	}
	return exports ? export_tasks(command, &o, options.operand_count)
		       : import_labels(command, &o, operands + 1, options.operand_count - 1);
}

const struct command command_label = {
	.name = "label",
	.summary = "reviews in and out: export the records to judge, import the judgements (CSV)",
	.synopsis = "export|import -c FILE [--interface NAME] [FILE...]",
	.example = "understudy label export -c understudy.yaml -o tasks.csv",
	.run = run,
};
