/* understudy dead-letter list|retry: work that was set aside. */
#include "harness/cmd/command.h"
#include "harness/cmd/installation.h"

#include "harness/base/json_build.h"
#include "harness/paths/provider.h"
#include "harness/store/evaluation.h"

#include <stdio.h>

enum { ROW_MAX = 1024 * 1024 };

static bool print_row(struct statement *rows, bool json, struct error *err)
{
	if (!json) {
		struct span detail = statement_text(rows, 3);
		char week[CLOCK_TEXT_SIZE];
		printf("%.*s  %s  %.*s  %.*s\n", SPAN_ARGUMENTS(statement_text(rows, 0)),
		       clock_week_format((int32_t)statement_integer(rows, 1), week),
		       SPAN_ARGUMENTS(statement_text(rows, 2)), SPAN_ARGUMENTS(detail));
		return true;
	}
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(ROW_MAX);
	struct json_build *build = json_build_create();
	json_build_span(build, "exchange_id", statement_text(rows, 0));
	json_build_integer(build, "week", statement_integer(rows, 1));
	json_build_span(build, "candidate", statement_text(rows, 2));
	json_build_span(build, "reason", statement_text(rows, 3));
	bool done = json_build_write(build, 0, &text, err);
	json_build_destroy(build);
	if (done) {
		puts(text.data);
	}
	return done;
}

static bool list(const struct opened *opened, bool json, struct error *err)
{
	struct statement *rows =
		store_statement(opened->store,
				"SELECT lower(hex(e.exchange_id)), e.week, c.name, v.detail FROM evaluation v JOIN "
				"exchange e ON e.id = "
				"v.exchange_id JOIN candidate c ON c.id = v.candidate_id JOIN interface i ON i.id = "
				"c.interface_id WHERE "
				"v.state = 3 AND i.name = ? ORDER BY e.captured_at, e.exchange_id, c.name",
				err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_text(rows, 1, span_of(opened->contract->interface));
	enum statement_step step;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		if (!print_row(rows, json, err)) {
			return false;
		}
	}
	return step == STATEMENT_DONE;
}

/* Dead letters of the interface's candidates that are called. A recorded reply came with its message and is not kept
 * for a message that was set aside: to make such a row pending would leave it so for ever. */
static bool retry_called(const struct opened *opened, int64_t *ret_count, struct error *err)
{
	int64_t interface = 0;
	if (!store_interface(opened->store, span_of(opened->contract->interface), &interface, err)) {
		return false;
	}
	for (size_t i = 0; i < opened->contract->candidate_count; i++) {
		const struct contract_candidate *candidate = &opened->contract->candidates[i];
		const struct provider *provider = provider_find(candidate->provider);
		int64_t id = 0;
		int64_t count = 0;
		if (provider == NULL || !provider->calls) {
			printf("candidate %s: its replies are recorded; its dead letters stay\n", candidate->name);
			continue;
		}
		if (!store_candidate(opened->store, interface, span_of(candidate->name), &id, err) ||
		    !store_evaluation_retry(opened->store, id, &count, err)) {
			return false;
		}
		*ret_count += count;
	}
	return true;
}

static bool retry(const struct opened *opened, struct error *err)
{
	int64_t count = 0;
	if (!store_begin(opened->store, err)) {
		return false;
	}
	if (!retry_called(opened, &count, err) || !store_commit(opened->store, err)) {
		store_rollback(opened->store);
		return false;
	}
	printf("%lld dead letter%s pending again; the worker takes what is pending\n", (long long)count,
	       count == 1 ? " is" : "s are");
	return true;
}

static int run(const struct command *command, int argc, char **argv)
{
	const char *config = NULL;
	const char *interface = NULL;
	const char *operands[1];
	bool json = false;
	const struct option_row rows[] = {
		{"config", 'c', OPTION_TEXT, &config, "FILE", "the installation's understudy.yaml"},
		{"interface", 'i', OPTION_TEXT, &interface, "NAME", "which interface, where there are several"},
		{"json", 0, OPTION_FLAG, &json, NULL, "list: one JSON object a line"},
	};
	struct options options = {
		.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0]), .operands = operands, .operand_max = 1};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	bool retries = options.operand_count == 1 && strcmp(operands[0], "retry") == 0;
	if (!retries && (options.operand_count == 0 || strcmp(operands[0], "list") != 0)) {
		return command_usage(command, "say list or retry");
	}
	if (config == NULL) {
		return command_usage(command, "-c FILE is missing");
	}
	struct error err = ERROR_INIT;
	struct opened opened;
	if (!opened_init(&opened, config, interface, retries ? OPEN_READ_WRITE : OPEN_READ_ONLY, &err)) {
		return command_fail(&err);
	}
	bool done = retries ? retry(&opened, &err) : list(&opened, json, &err);
	opened_finish(&opened);
	return done ? EXIT_OK : command_fail(&err);
}

const struct command command_dead_letter = {
	.name = "dead-letter",
	.summary = "messages that could not be evaluated: list them with their reasons, or try again",
	.synopsis = "list|retry -c FILE [--interface NAME]",
	.example = "understudy dead-letter list -c understudy.yaml",
	.run = run,
};
