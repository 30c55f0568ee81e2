/* understudy gate: GO, NO-GO or HOLD, and why. */
#include "harness/cmd/command.h"
#include "harness/cmd/installation.h"

#include "reports/gate.h"

#include <stdio.h>

enum { TEXT_MAX = 16 * 1024 * 1024 };

struct gate_options {
	const char *config;
	const char *interface;
	const char *candidate;
	const char *as_of;
	const char *format;
};

static int exit_code(enum gate_decision decision)
{
	switch (decision) {
	case GATE_GO:
		return EXIT_OK;
	case GATE_NO_GO:
		return EXIT_NO_GO;
	case GATE_HOLD:
		return EXIT_HOLD;
	case GATE_DATA_FAULT:
		break;
	}
	return EXIT_DATA_FAULT;
}

static bool write_gate(const struct gate *gate, const char *format, struct buffer *text, struct error *err)
{
	if (strcmp(format, "json") == 0) {
		if (!gate_write_json(gate, text, err)) {
			return false;
		}
		buffer_append_byte(text, '\n');
	} else if (strcmp(format, "md") == 0) {
		gate_write_markdown(gate, text);
	} else {
		gate_write_text(gate, text);
	}
	return buffer_ok(text, "the gate's decision", err);
}

static int decide(const struct gate_options *o, const struct opened *opened, int64_t as_of)
{
	struct error err = ERROR_INIT;
	uint64_t in_spool = 0;
	struct opened_ring ring;
	CLEANUP_BUFFER struct buffer position = BUFFER_INIT(TEXT_MAX);
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	if (!opened_count_in_spool(opened, &in_spool, &ring, &position, &err)) {
		return command_fail(&err);
	}
	struct gate_run *run =
		gate_create(opened->store, opened->installation, opened->contract, o->candidate, as_of, in_spool, &err);
	if (run == NULL) {
		return command_fail(&err);
	}
	int status = exit_code(gate_result(run)->decision);
	if (write_gate(gate_result(run), o->format, &text, &err)) {
		fputs(text.data, stdout);
	} else {
		status = command_fail(&err);
	}
	gate_destroy(run);
	return status;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct gate_options o = {.format = "text"};
	const struct option_row rows[] = {
		{"config", 'c', OPTION_TEXT, &o.config, "FILE", "the installation's understudy.yaml"},
		{"interface", 'i', OPTION_TEXT, &o.interface, "NAME", "which interface, where there are several"},
		{"candidate", 0, OPTION_TEXT, &o.candidate, "NAME", "which candidate (default: the contract's first)"},
		{"as-of", 0, OPTION_TEXT, &o.as_of, "TIME", "as it was known then"},
		{"format", 0, OPTION_TEXT, &o.format, "WORD", "text (default), json or md"},
	};
	struct options options = {.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0])};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	int64_t as_of = clock_now();
	if (o.config == NULL) {
		return command_usage(command, "-c FILE is missing");
	}
	if (o.as_of != NULL && !clock_parse(span_of(o.as_of), &as_of)) {
		return command_usage(command, "--as-of \"%s\" is not a time; write it as 2026-11-16T06:00:00Z",
				     o.as_of);
	}
	if (strcmp(o.format, "text") != 0 && strcmp(o.format, "json") != 0 && strcmp(o.format, "md") != 0) {
		return command_usage(command, "--format is text, json or md, not \"%s\"", o.format);
	}
	struct error err = ERROR_INIT;
	struct opened opened;
	if (!opened_init(&opened, o.config, o.interface, OPEN_READ_ONLY, &err)) {
		return command_fail(&err);
	}
	status = decide(&o, &opened, as_of);
	opened_finish(&opened);
	return status;
}

const struct command command_gate = {
	.name = "gate",
	.summary = "GO (0), NO-GO (1) or HOLD (3), why, and how many more reviews are needed",
	.synopsis = "-c FILE [--interface NAME] [--candidate NAME] [--as-of TIME] [--format text|json|md]",
	.example = "understudy gate -c understudy.yaml --interface ticket-routing",
	.run = run,
};
