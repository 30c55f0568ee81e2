/* understudy incident list|show|ack|resolve: what somebody has to look at. */
#include "harness/cmd/command.h"
#include "harness/cmd/installation.h"

#include "harness/base/json_build.h"
#include "harness/base/text.h"
#include "harness/pipeline/drift_watch.h"
#include "harness/store/incident.h"

#include <stdio.h>

enum { OUTPUT_MAX = 4 * 1024 * 1024, ARENA_MAX = 64 * 1024 * 1024, PATIENCE_MS = 5000 };

struct incident_work {
	const char *verb;
	const char *interface; /* NULL: of all */
	const char *actor;
	const char *note;
	int64_t id;
	bool all;
	bool accept;
	bool json;
	struct installation *installation;
	struct store *store;
};

#define COLUMNS                                                                                                        \
	"SELECT n.id, i.name, c.name, n.kind, n.subject, n.severity, n.state, n.began_at, n.detected_at, "             \
	"n.acknowledged_at, n.resolved_at, n.evidence FROM incident n JOIN interface i ON i.id = n.interface_id LEFT " \
	"JOIN candidate c ON c.id = n.candidate_id "

static const char LIST[] = COLUMNS "WHERE (?1 IS NULL OR i.name = ?1) AND (?2 OR n.state < 2) ORDER BY n.id";
static const char ONE[] = COLUMNS "WHERE n.id = ?";

/* --- printing --- */

static void build_time(struct json_build *build, const char *name, struct statement *row, int column)
{
	char time[CLOCK_TEXT_SIZE];
	bool none = statement_is_null(row, column);
	json_build_text(build, name, none ? NULL : clock_format(statement_integer(row, column), time));
}

static void build_evidence(struct json_build *build, struct statement *row)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	const struct json_node *evidence = NULL;
	if (json_parse(&arena, statement_text(row, 11), NULL, &evidence, NULL)) {
		json_build_node(build, "evidence", evidence);
	} else {
		json_build_null(build, "evidence");
	}
}

static const struct contract *contract_of(const struct incident_work *work, struct span interface)
{
	for (size_t i = 0; i < work->installation->contract_count; i++) {
		if (span_is(interface, work->installation->contracts[i]->interface)) {
			return work->installation->contracts[i];
		}
	}
	return NULL;
}

static void build_owner(struct json_build *build, const struct contract *contract)
{
	json_build_text(build, "owner", contract != NULL ? contract->owner_integration : NULL);
	json_build_text(build, "escalation", contract != NULL ? contract->owner_escalation : NULL);
	json_build_text(build, "runbook", contract != NULL ? contract->runbook : NULL);
}

static void build_incident(struct json_build *build, struct statement *row)
{
	int kind = (int)statement_integer(row, 3);
	json_build_integer(build, "id", statement_integer(row, 0));
	json_build_text(build, "kind", incident_kind_name(kind));
	json_build_text(build, "what", incident_kind_sentence(kind));
	json_build_span(build, "interface", statement_text(row, 1));
	if (statement_is_null(row, 2)) {
		json_build_null(build, "candidate");
	} else {
		json_build_span(build, "candidate", statement_text(row, 2));
	}
	json_build_span(build, "subject", statement_text(row, 4));
	json_build_text(build, "severity", drift_severity_name((int)statement_integer(row, 5)));
	json_build_text(build, "state", incident_state_name((int)statement_integer(row, 6)));
	build_time(build, "began_at", row, 7);
	build_time(build, "detected_at", row, 8);
	build_time(build, "acknowledged_at", row, 9);
	build_time(build, "resolved_at", row, 10);
}

static bool write_json(struct json_build *build, int indent, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(OUTPUT_MAX);
	bool done = json_build_write(build, indent, &text, err);
	if (done) {
		puts(text.data);
	}
	return done;
}

static bool print_line(struct statement *row, bool json, struct error *err)
{
	if (json) {
		struct json_build *build = json_build_create();
		build_incident(build, row);
		build_evidence(build, row);
		bool done = write_json(build, 0, err);
		json_build_destroy(build);
		return done;
	}
	char time[CLOCK_TEXT_SIZE];
	struct span candidate = statement_is_null(row, 2) ? SPAN("-") : statement_text(row, 2);
	printf("%lld  %s  %s  %s  %.*s  %.*s  since %.16sZ\n", (long long)statement_integer(row, 0),
	       incident_state_name((int)statement_integer(row, 6)), drift_severity_name((int)statement_integer(row, 5)),
	       incident_kind_name((int)statement_integer(row, 3)), SPAN_ARGUMENTS(statement_text(row, 1)),
	       SPAN_ARGUMENTS(candidate), clock_format(statement_integer(row, 7), time));
	return true;
}

/* --- verbs --- */

static bool list(const struct incident_work *work, struct error *err)
{
	enum statement_step step = STATEMENT_FAILED;
	bool printed = true;
	struct statement *rows = store_statement(work->store, LIST, err);
	if (rows != NULL) {
		statement_bind_text(rows, 1, span_of(work->interface));
		statement_bind_integer(rows, 2, work->all);
	}
	while (rows != NULL && printed && (step = statement_step(rows, err)) == STATEMENT_ROW) {
		printed = print_line(rows, work->json, err);
	}
	return printed && step == STATEMENT_DONE;
}

static bool build_actions(const struct incident_work *work, struct json_build *build, struct error *err)
{
	enum statement_step step = STATEMENT_FAILED;
	struct statement *rows = store_statement(
		work->store, "SELECT at, state, actor, note FROM incident_action WHERE incident_id = ? ORDER BY id",
		err);
	if (rows != NULL) {
		statement_bind_integer(rows, 1, work->id);
	}
	json_build_array(build, "actions");
	while (rows != NULL && (step = statement_step(rows, err)) == STATEMENT_ROW) {
		json_build_object(build, NULL);
		build_time(build, "at", rows, 0);
		json_build_text(build, "state", incident_state_name((int)statement_integer(rows, 1)));
		json_build_span(build, "by", statement_text(rows, 2));
		json_build_span(build, "note", statement_text(rows, 3));
		json_build_end(build);
	}
	json_build_end(build);
	return step == STATEMENT_DONE;
}

/* The row of the incident, to be reset by the caller; NULL with an error. */
static struct statement *find_incident(const struct incident_work *work, struct error *err)
{
	struct statement *row = store_statement(work->store, ONE, err);
	if (row == NULL) {
		return NULL;
	}
	statement_bind_integer(row, 1, work->id);
	enum statement_step step = statement_step(row, err);
	if (step == STATEMENT_DONE) {
		error_set(err, ERROR_MISSING, "there is no incident %lld; `understudy incident list --all` shows them",
			  (long long)work->id);
	}
	return step == STATEMENT_ROW ? row : NULL;
}

static bool show(const struct incident_work *work, struct error *err)
{
	struct statement *row = find_incident(work, err);
	if (row == NULL) {
		return false;
	}
	struct json_build *build = json_build_create();
	build_incident(build, row);
	build_owner(build, contract_of(work, statement_text(row, 1)));
	build_evidence(build, row);
	statement_reset(row);
	bool done = build_actions(work, build, err) && write_json(build, work->json ? 0 : 2, err);
	json_build_destroy(build);
	return done;
}

static bool find_contract(const struct incident_work *work, const struct contract **ret_contract, struct error *err)
{
	struct statement *row = find_incident(work, err);
	if (row == NULL) {
		return false;
	}
	*ret_contract = contract_of(work, statement_text(row, 1));
	statement_reset(row);
	return *ret_contract != NULL ||
	       error_set(err, ERROR_MISSING,
			 "the interface of incident %lld is not in this installation; add its contract to interfaces",
			 (long long)work->id);
}

static bool move_in_transaction(const struct incident_work *work, struct error *err)
{
	const struct contract *contract = NULL;
	bool resolve = strcmp(work->verb, "resolve") == 0;
	enum incident_state state = resolve ? INCIDENT_RESOLVED : INCIDENT_ACKNOWLEDGED;
	return find_contract(work, &contract, err) &&
	       store_incident_move(work->store, work->id, state, span_of(work->actor),
				   work->note != NULL ? span_of(work->note) : SPAN(""), clock_now(), err) &&
	       (!resolve || drift_watch_resolve(work->store, contract, work->id, work->accept, err)) &&
	       store_commit(work->store, err);
}

static bool move(const struct incident_work *work, struct error *err)
{
	if (!store_begin(work->store, err)) {
		return false;
	}
	if (!move_in_transaction(work, err)) {
		store_rollback(work->store);
		return false;
	}
	printf("incident %lld is %s\n", (long long)work->id,
	       strcmp(work->verb, "resolve") == 0 ? "resolved" : "acknowledged");
	return true;
}

/* --- the command line --- */

static bool look(const struct incident_work *work, struct error *err)
{
	return strcmp(work->verb, "list") == 0 ? list(work, err) : show(work, err);
}

static bool perform(struct incident_work *work, const char *config, struct error *err)
{
	bool reads = strcmp(work->verb, "list") == 0 || strcmp(work->verb, "show") == 0;
	work->installation = installation_load(config, err);
	if (work->installation != NULL) {
		work->store = store_open(work->installation->store, reads ? STORE_READ_ONLY : STORE_READ_WRITE,
					 PATIENCE_MS, err);
	}
	bool done = work->store != NULL && (reads ? look(work, err) : move(work, err));
	store_close(work->store);
	installation_destroy(work->installation);
	return done;
}

static bool is_verb(const char *word)
{
	static const char *const verbs[] = {"list", "show", "ack", "resolve"};
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(word, verbs[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* EXIT_OK where the words make sense together. */
static int check(const struct command *command, struct incident_work *work, const struct options *options)
{
	if (options->operand_count == 0 || !is_verb(options->operands[0])) {
		return command_usage(command, "say list, show, ack or resolve");
	}
	work->verb = options->operands[0];
	bool lists = strcmp(work->verb, "list") == 0;
	bool moves = !lists && strcmp(work->verb, "show") != 0;
	if (lists ? options->operand_count > 1
		  : options->operand_count < 2 || !text_to_int64(span_of(options->operands[1]), &work->id)) {
		return command_usage(command, lists ? "list takes no number" : "which incident? give its number");
	}
	if (moves && work->actor == NULL) {
		return command_usage(command, "--by NAME is missing: who says so");
	}
	if (work->accept && strcmp(work->verb, "resolve") != 0) {
		return command_usage(command, "--accept belongs to resolve");
	}
	return EXIT_OK;
}

static int run(const struct command *command, int argc, char **argv)
{
	const char *config = NULL;
	const char *operands[2];
	struct incident_work work = {0};
	const struct option_row rows[] = {
		{"config", 'c', OPTION_TEXT, &config, "FILE", "the installation's understudy.yaml"},
		{"interface", 'i', OPTION_TEXT, &work.interface, "NAME", "list: of this interface only"},
		{"all", 0, OPTION_FLAG, &work.all, NULL, "list: resolved ones too"},
		{"by", 0, OPTION_TEXT, &work.actor, "NAME", "ack, resolve: who does it"},
		{"note", 0, OPTION_TEXT, &work.note, "TEXT", "ack, resolve: why, for those who look later"},
		{"accept", 0, OPTION_FLAG, &work.accept, NULL, "resolve: what comes now is the new normal"},
		{"json", 0, OPTION_FLAG, &work.json, NULL, "one JSON object a line"},
	};
	struct options options = {
		.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0]), .operands = operands, .operand_max = 2};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	status = check(command, &work, &options);
	if (status != EXIT_OK) {
		return status;
	}
	if (config == NULL) {
		return command_usage(command, "-c FILE is missing");
	}
	struct error err = ERROR_INIT;
	return perform(&work, config, &err) ? EXIT_OK : command_fail(&err);
}

const struct command command_incident = {
	.name = "incident",
	.summary = "what somebody has to look at: list it, show the evidence, take it, close it",
	.synopsis = "list|show ID|ack ID|resolve ID -c FILE [--by NAME] [--note TEXT] [--accept]",
	.example = "understudy incident resolve 3 -c understudy.yaml --by ada --note \"prompt mended\"",
	.run = run,
};
