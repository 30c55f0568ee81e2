/* understudy input list|release: messages that an input gate holds. */
#include "harness/cmd/command.h"
#include "harness/cmd/installation.h"

#include "harness/base/json_build.h"
#include "harness/base/text.h"
#include "harness/store/ingest.h"
#include "harness/store/input.h"

#include <stdio.h>

enum { ROW_MAX = 1024 * 1024, ID_SIZE = 16 };

struct input_options {
	const char *config;
	const char *interface;
	const char *actor;
	const char *note;
	bool all;
	bool dead_letter;
	bool json;
};

static bool print_row(struct statement *row, bool json, struct error *err)
{
	const char *reason = pending_reason_name((int)statement_integer(row, 2));
	char time[CLOCK_TEXT_SIZE];
	clock_format(statement_integer(row, 1), time);
	if (!json) {
		printf("%.*s  %s  %s  %.*s\n", SPAN_ARGUMENTS(statement_text(row, 0)), time, reason,
		       SPAN_ARGUMENTS(statement_text(row, 3)));
		return true;
	}
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(ROW_MAX);
	struct json_build *build = json_build_create();
	json_build_span(build, "exchange_id", statement_text(row, 0));
	json_build_text(build, "captured_at", time);
	json_build_text(build, "reason", reason);
	json_build_span(build, "detail", statement_text(row, 3));
	bool done = json_build_write(build, 0, &text, err);
	json_build_destroy(build);
	if (done) {
		puts(text.data);
	}
	return done;
}

static bool list(const struct opened *opened, bool json, struct error *err)
{
	struct statement *rows = store_statement(
		opened->store,
		"SELECT lower(hex(e.exchange_id)), e.captured_at, max(v.reason), coalesce(m.detail, 'came while an "
		"alarm of data drift was open') FROM evaluation v JOIN candidate c ON c.id = v.candidate_id JOIN "
		"interface i ON i.id = c.interface_id JOIN exchange e ON e.id = v.exchange_id LEFT JOIN input_mark m "
		"ON m.exchange_id = e.id WHERE v.state = 0 AND v.reason > 0 AND i.name = ? GROUP BY e.id ORDER BY "
		"e.captured_at, e.exchange_id",
		err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_text(rows, 1, span_of(opened->contract->interface));
	enum statement_step step;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		if (!print_row(rows, json, err)) {
			statement_reset(rows);
			return false;
		}
	}
	return step == STATEMENT_DONE;
}

/* 0: all of them. */
static bool find_exchange(const struct opened *opened, const char *id, int64_t *ret_exchange, struct error *err)
{
	uint8_t bytes[ID_SIZE];
	*ret_exchange = 0;
	if (id == NULL) {
		return true;
	}
	if (!text_from_hex(span_of(id), bytes, sizeof(bytes))) {
		return error_set(err, ERROR_USAGE, "\"%s\" is no exchange id; `understudy input list` shows them", id);
	}
	struct span hash = {(const char *)bytes, sizeof(bytes)};
	return store_exchange_find(opened->store, hash, ret_exchange, err);
}

static bool release_in_transaction(const struct opened *opened, struct store_release *release, const char *id,
				   int64_t *ret_count, struct error *err)
{
	return store_interface(opened->store, span_of(opened->contract->interface), &release->interface_id, err) &&
	       find_exchange(opened, id, &release->exchange, err) &&
	       store_input_release(opened->store, release, ret_count, err) && store_commit(opened->store, err);
}

static bool release(const struct opened *opened, const struct input_options *o, const char *id, struct error *err)
{
	struct store_release release = {
		.gate = o->dead_letter ? INPUT_DEAD_LETTER : INPUT_WARN,
		.actor = span_of(o->actor),
		.note = span_of(o->note),
		.at = clock_now(),
	};
	int64_t count = 0;
	if (!store_begin(opened->store, err)) {
		return false;
	}
	if (!release_in_transaction(opened, &release, id, &count, err)) {
		store_rollback(opened->store);
		return false;
	}
	if (count == 0 && id != NULL) {
		return error_set(err, ERROR_MISSING, "exchange %s is not held; `understudy input list` shows what is",
				 id);
	}
	printf("%lld message%s %s\n", (long long)count, count == 1 ? "" : "s",
	       o->dead_letter ? "set aside as dead letters" : "released; the worker takes what is pending");
	return true;
}

static int work(const struct input_options *o, bool releases, const char *id)
{
	struct error err = ERROR_INIT;
	struct opened opened;
	if (!opened_init(&opened, o->config, o->interface, releases ? OPEN_READ_WRITE : OPEN_READ_ONLY, &err)) {
		return command_fail(&err);
	}
	bool done = releases ? release(&opened, o, id, &err) : list(&opened, o->json, &err);
	opened_finish(&opened);
	return done ? EXIT_OK : command_fail(&err);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct input_options o = {.actor = "", .note = ""};
	const char *operands[2] = {"", NULL};
	const struct option_row rows[] = {
		{"config", 'c', OPTION_TEXT, &o.config, "FILE", "the installation's understudy.yaml"},
		{"interface", 'i', OPTION_TEXT, &o.interface, "NAME", "which interface, where there are several"},
		{"all", 0, OPTION_FLAG, &o.all, NULL, "release: everything that is held"},
		{"dead-letter", 0, OPTION_FLAG, &o.dead_letter, NULL, "release: set it aside instead of evaluating it"},
		{"by", 0, OPTION_TEXT, &o.actor, "NAME", "release: who does it; kept"},
		{"note", 0, OPTION_TEXT, &o.note, "TEXT", "release: why; kept"},
		{"json", 0, OPTION_FLAG, &o.json, NULL, "list: one JSON object a line"},
	};
	struct options options = {
		.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0]), .operands = operands, .operand_max = 2};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	bool releases = strcmp(operands[0], "release") == 0;
	if (!releases && strcmp(operands[0], "list") != 0) {
		return command_usage(command, "say list or release");
	}
	if (o.config == NULL) {
		return command_usage(command, "-c FILE is missing");
	}
	if (releases && (o.all == (operands[1] != NULL) || o.actor[0] == '\0')) {
		return command_usage(command, "release needs --by NAME, and either --all or the id of one exchange");
	}
	return work(&o, releases, operands[1]);
}

const struct command command_input = {
	.name = "input",
	.summary = "messages that an input gate holds: list them, or release them",
	.synopsis = "list|release -c FILE [--interface NAME] [--all|EXCHANGE] [--by NAME]",
	.example = "understudy input list -c understudy.yaml",
	.run = run,
};
