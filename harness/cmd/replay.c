/* understudy replay: recorded messages through the candidates; the first hour needs no tap. */
#include "harness/cmd/command.h"
#include "harness/cmd/installation.h"
#include "harness/cmd/progress.h"
#include "harness/cmd/replay_feed.h"

#include "harness/base/clock.h"
#include "harness/base/json_build.h"
#include "harness/base/text.h"
#include "harness/pipeline/worker.h"
#include "harness/store/ingest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POLL_US = 20000, STOP_GRACE_US = 5000000, STREAM_NAME_MAX = 64, RESULT_MAX = 1024 * 1024 };

struct replay {
	const char *config;
	const char *interface;
	bool json;
	bool new_epoch;
	struct replay_input input;
	struct opened opened;
	char stream[STREAM_NAME_MAX];
	struct replay_fed fed;
	pid_t worker; /* 0: another worker does the work */
};

/* --- the worker --- */

/* Is a worker at work on this store already? */
static bool worker_runs(const struct installation *installation)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s.worker-lock", strchr(installation->store, ':') + 1);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		return false;
	}
	bool runs = flock(fd, LOCK_EX | LOCK_NB) != 0;
	close(fd);
	return runs;
}

static bool start_worker(struct replay *replay, struct error *err)
{
	replay->worker = 0;
	if (worker_runs(replay->opened.installation)) {
		return true;
	}
	char name[] = "understudy";
	char command[] = "work";
	char option[] = "-c";
	char new_epoch[] = "--new-epoch";
	char *config = strdup(replay->config);
	char *const argv[] = {name, command, option, config, replay->new_epoch ? new_epoch : NULL, NULL};
	pid_t pid = config != NULL ? command_fork() : -1;
	if (pid == 0) {
		execv("/proc/self/exe", argv);
		_exit(EXIT_USAGE);
	}
	free(config);
	if (pid < 0) {
		return error_set_system(err, errno, "cannot start a worker");
	}
	replay->worker = pid;
	return true;
}

/* False where the worker ended by itself: its own message says why. */
static bool worker_lives(struct replay *replay)
{
	if (replay->worker == 0) {
		return worker_runs(replay->opened.installation);
	}
	if (waitpid(replay->worker, NULL, WNOHANG) == 0) {
		return true;
	}
	replay->worker = 0;
	return false;
}

static void stop_worker(struct replay *replay)
{
	if (replay->worker > 0) {
		kill(replay->worker, SIGTERM);
		waitpid(replay->worker, NULL, 0);
		replay->worker = 0;
	}
}

/* --- waiting --- */

static bool query_integer(struct store *store, const char *sql, const char *text, int64_t *ret_number,
			  struct error *err)
{
	struct statement *statement = store_statement(store, sql, err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_text(statement, 1, span_of(text));
	enum statement_step step = statement_step(statement, err);
	*ret_number = step == STATEMENT_ROW ? statement_integer(statement, 0) : 0;
	statement_reset(statement);
	return step != STATEMENT_FAILED;
}

static bool count_pending(struct replay *replay, int64_t *ret_count, struct error *err)
{
	return query_integer(
		replay->opened.store,
		"SELECT count(*) FROM evaluation v JOIN candidate c ON c.id = v.candidate_id JOIN "
		"interface i ON i.id = c.interface_id WHERE v.state = 0 AND v.reason IS NULL AND i.name = ?",
		replay->opened.contract->interface, ret_count, err);
}

static bool count_dead_letters(struct replay *replay, int64_t *ret_count, struct error *err)
{
	return query_integer(replay->opened.store,
			     "SELECT count(*) FROM evaluation v JOIN candidate c ON c.id = v.candidate_id JOIN "
			     "interface i ON i.id = c.interface_id WHERE v.state = 3 AND i.name = ?",
			     replay->opened.contract->interface, ret_count, err);
}

static bool count_held(struct replay *replay, int64_t *ret_count, struct error *err)
{
	return query_integer(replay->opened.store,
			     "SELECT count(*) FROM evaluation v JOIN candidate c ON c.id = v.candidate_id JOIN "
			     "interface i ON i.id = c.interface_id WHERE v.state = 0 AND v.reason > 0 AND i.name = ?",
			     replay->opened.contract->interface, ret_count, err);
}

static bool open_store(struct replay *replay)
{
	if (replay->opened.store == NULL) {
		replay->opened.store = store_open(replay->opened.installation->store, STORE_READ_ONLY, 5000, NULL);
	}
	return replay->opened.store != NULL;
}

/* How far the worker is. */
struct work {
	int64_t read; /* sequence in our stream */
	int64_t pending;
	bool accounted; /* it has read our accounts too */
};

static bool look_at_work(struct replay *replay, struct work *ret_work, struct error *err)
{
	int64_t committed = 0;
	*ret_work = (struct work){0};
	if (!open_store(replay)) {
		return true;
	}
	if (!query_integer(replay->opened.store, "SELECT sequence FROM spool_position WHERE stream = ?", replay->stream,
			   &ret_work->read, err) ||
	    !query_integer(replay->opened.store, "SELECT max(committed) FROM tap_account WHERE stream = ?",
			   replay->stream, &committed, err) ||
	    !count_pending(replay, &ret_work->pending, err)) {
		return false;
	}
	ret_work->accounted = (uint64_t)committed >= replay->fed.last_sequence;
	return true;
}

/* After a signal a little longer, so that the worker reads our accounts and the ledger ties out at once. */
static bool may_wait(int64_t *grace_until)
{
	int64_t now = clock_monotonic();
	if (command_stop && *grace_until == 0) {
		*grace_until = now + STOP_GRACE_US;
	}
	return *grace_until == 0 || now < *grace_until;
}

static bool wait_compared(struct replay *replay, struct error *err)
{
	struct progress progress;
	progress_init(&progress, "comparing");
	struct work work = {0};
	int64_t grace_until = 0;
	bool over = false;
	while (!over && may_wait(&grace_until) && worker_lives(replay)) {
		if (!look_at_work(replay, &work, err)) {
			return false;
		}
		over = work.accounted && (work.pending == 0 || command_stop);
		progress_show(&progress,
			      replay->fed.counts.replayed - ((int64_t)replay->fed.last_sequence - work.read) -
				      work.pending,
			      replay->fed.counts.replayed);
		if (!over) {
			usleep(POLL_US);
		}
	}
	progress_finish(&progress);
	if (over && !command_stop) {
		return true;
	}
	return error_set(err, ERROR_SYSTEM,
			 "%s after %lld exchanges were replayed; what is done is kept: the same command goes on",
			 command_stop ? "stopped" : "the worker ended", (long long)replay->fed.counts.replayed);
}

/* --- the result --- */

static bool add_set_aside(struct replay *replay, struct json_build *build, struct error *err)
{
	int64_t count = 0;
	int64_t held = 0;
	if (!count_dead_letters(replay, &count, err) || !count_held(replay, &held, err)) {
		return false;
	}
	json_build_integer(build, "dead_letters", count);
	json_build_integer(build, "held", held);
	return true;
}

static bool add_outcomes(struct replay *replay, struct json_build *build, struct error *err)
{
	struct statement *rows = store_statement(
		replay->opened.store,
		"SELECT c.name, o.outcome, sum(o.count) FROM rollup_outcome o JOIN candidate c ON c.id = "
		"o.candidate_id "
		"JOIN interface i ON i.id = c.interface_id WHERE i.name = ? GROUP BY c.name, o.outcome ORDER BY 1, 2",
		err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_text(rows, 1, span_of(replay->opened.contract->interface));
	json_build_array(build, "outcomes");
	enum statement_step step;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		json_build_object(build, NULL);
		json_build_span(build, "candidate", statement_text(rows, 0));
		json_build_text(build, "outcome", outcome_name((int)statement_integer(rows, 1)));
		json_build_integer(build, "count", statement_integer(rows, 2));
		json_build_end(build);
	}
	json_build_end(build);
	return step == STATEMENT_DONE;
}

static bool add_sides(struct replay *replay, struct json_build *build, struct error *err)
{
	static const char *const sides[] = {"agree", "disagree", "invalid"};
	struct statement *rows =
		store_statement(replay->opened.store,
				"SELECT r.side, sum(r.count), sum(r.sampled) FROM rollup_record r JOIN candidate c ON "
				"c.id = r.candidate_id "
				"JOIN interface i ON i.id = c.interface_id WHERE i.name = ? GROUP BY r.side ORDER BY 1",
				err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_text(rows, 1, span_of(replay->opened.contract->interface));
	json_build_object(build, "records");
	enum statement_step step;
	int64_t sampled = 0;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		json_build_integer(build, sides[statement_integer(rows, 0) % 3], statement_integer(rows, 1));
		sampled += statement_integer(rows, 2);
	}
	json_build_integer(build, "to_review", sampled);
	json_build_end(build);
	return step == STATEMENT_DONE;
}

/* "412 records, 38 exchanges replayed: 370 outside tap.match, 3 without a reply, 1 cut" */
static void print_counts(const struct replay_counts *counts)
{
	const char *between = ": ";
	printf("%lld records, %lld exchanges replayed", (long long)counts->records, (long long)counts->replayed);
	for (int skip = 0; skip < REPLAY_SKIP_COUNT; skip++) {
		if (counts->skipped[skip] > 0) {
			printf("%s%lld %s", between, (long long)counts->skipped[skip], replay_skip_sentence(skip));
			between = ", ";
		}
	}
	putchar('\n');
	if (counts->without_legacy > 0) {
		printf("%lld of the replayed have no legacy decision and count as failed\n",
		       (long long)counts->without_legacy);
	}
}

static void add_counts(const struct replay_fed *fed, struct json_build *build)
{
	json_build_integer(build, "recorded", fed->counts.records);
	json_build_integer(build, "replayed", fed->counts.replayed);
	json_build_integer(build, "without_legacy", fed->counts.without_legacy);
	json_build_object(build, "skipped");
	for (int skip = 0; skip < REPLAY_SKIP_COUNT; skip++) {
		json_build_integer(build, replay_skip_name(skip), fed->counts.skipped[skip]);
	}
	json_build_end(build);
	json_build_array(build, "notes");
	for (size_t i = 0; i < fed->note_count; i++) {
		json_build_text(build, NULL, fed->notes[i]);
	}
	json_build_end(build);
}

static void print_text(const struct replay *replay, const struct json_node *root)
{
	const struct json_node *records = json_get_text(root, "records");
	const struct json_node *outcomes = json_get_text(root, "outcomes");
	print_counts(&replay->fed.counts);
	puts("of all that is stored:");
	for (const struct json_node *row = json_first(outcomes); row != NULL; row = json_next(outcomes, row)) {
		printf("  %.*s: %.*s %.*s\n", SPAN_ARGUMENTS(json_text(json_get_text(row, "candidate"))),
		       SPAN_ARGUMENTS(json_text(json_get_text(row, "count"))),
		       SPAN_ARGUMENTS(json_text(json_get_text(row, "outcome"))));
	}
	for (const struct json_node *name = json_first(records); name != NULL; name = json_next(records, name)) {
		printf("  records %.*s: %.*s\n", SPAN_ARGUMENTS(json_text(name)),
		       SPAN_ARGUMENTS(json_text(json_member(name))));
	}
	struct span held = json_text(json_get_text(root, "held"));
	if (!span_is(held, "0")) {
		printf("  held by an input gate: %.*s; understudy input list shows them\n", SPAN_ARGUMENTS(held));
	}
	printf("  dead letters: %.*s\n", SPAN_ARGUMENTS(json_text(json_get_text(root, "dead_letters"))));
	puts("next: understudy label export, have people judge the records, understudy label import, understudy "
	     "report");
}

static bool print_result(struct replay *replay, struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(RESULT_MAX);
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(RESULT_MAX);
	const struct json_node *root = NULL;
	struct json_build *build = json_build_create();
	add_counts(&replay->fed, build);
	bool done = add_outcomes(replay, build, err) && add_sides(replay, build, err) &&
		    add_set_aside(replay, build, err) && json_build_write(build, 0, &text, err) &&
		    (replay->json || json_parse(&arena, buffer_span(&text), NULL, &root, err));
	json_build_destroy(build);
	if (done && replay->json) {
		puts(text.data);
	} else if (done) {
		print_text(replay, root);
	}
	return done;
}

static int run_replay(struct replay *replay)
{
	struct error err = ERROR_INIT;
	if (!opened_init(&replay->opened, replay->config, replay->interface, OPEN_NO_STORE, &err) ||
	    !installation_make_key(replay->opened.installation, &err)) {
		opened_finish(&replay->opened);
		return command_fail(&err);
	}
	snprintf(replay->stream, sizeof(replay->stream), "%s-%.40s", WORKER_REPLAY_STREAM,
		 replay->opened.contract->interface);
	bool done = start_worker(replay, &err) &&
		    replay_feed(&replay->opened, replay->stream, &replay->input, &replay->fed, &err) &&
		    wait_compared(replay, &err);
	stop_worker(replay);
	done = done && print_result(replay, &err);
	opened_finish(&replay->opened);
	return done ? EXIT_OK : command_fail(&err);
}

static bool read_format(const char *text, const struct recording_format **ret_format)
{
	*ret_format = recording_format_named(span_of(text));
	return *ret_format != NULL || strcmp(text, "auto") == 0;
}

/* 0: no pauses */
static bool read_speed(const char *text, double *ret_speed)
{
	*ret_speed = strcmp(text, "recorded") == 0 ? 1 : 0;
	return strcmp(text, "max") == 0 || strcmp(text, "recorded") == 0 ||
	       (text_to_double(span_of(text), ret_speed) && *ret_speed >= 1e-6 && *ret_speed <= 1e9);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct replay replay = {0};
	const char *files[256];
	const char *format = "auto";
	const char *speed = "max";
	const struct option_row rows[] = {
		{"config", 'c', OPTION_TEXT, &replay.config, "FILE", "the installation's understudy.yaml"},
		{"interface", 'i', OPTION_TEXT, &replay.interface, "NAME", "which interface, where there are several"},
		{"outcomes", 0, OPTION_TEXT, &replay.input.outcomes_file, "FILE", "CSV table of past legacy decisions"},
		{"key", 0, OPTION_TEXT, &replay.input.key, "COLUMN",
		 "its column with the message identity (default: first)"},
		{"format", 0, OPTION_TEXT, &format, "FORMAT",
		 "auto (default: told by content, then name), jsonl, har or gor"},
		{"speed", 0, OPTION_TEXT, &speed, "SPEED", "max (default), recorded, or times that pace: 10, 0.5"},
		{"new-epoch", 0, OPTION_FLAG, &replay.new_epoch, NULL,
		 "allow a new evaluation period where a contract changed"},
		{"json", 0, OPTION_FLAG, &replay.json, NULL, "print the result as JSON"},
	};
	struct options options = {
		.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0]), .operands = files, .operand_max = 256};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (replay.config == NULL) {
		return command_usage(command, "-c FILE is missing");
	}
	if (options.operand_count == 0) {
		return command_usage(command, "name the recordings to replay (- for standard input)");
	}
	if (!read_format(format, &replay.input.format)) {
		return command_usage(command, "--format takes auto, %s", recording_format_names());
	}
	if (!read_speed(speed, &replay.input.speed)) {
		return command_usage(command, "--speed takes max, recorded, or a number above 0 such as 10 or 0.5");
	}
	replay.input.files = files;
	replay.input.file_count = options.operand_count;
	command_catch_signals();
	return run_replay(&replay);
}

const struct command command_replay = {
	.name = "replay",
	.summary = "push recorded messages through the candidates and compare; needs no tap",
	.synopsis = "-c FILE [--interface NAME] [--outcomes FILE.csv] [--format FORMAT] [--speed SPEED] FILE...",
	.example = "understudy replay -c understudy.yaml --outcomes decisions.csv messages.jsonl\n"
		   "  understudy replay -c understudy.yaml --interface orders browser.har\n"
		   "  understudy replay -c understudy.yaml --speed 10 requests_0.gor.gz requests_1.gor.gz",
	.run = run,
};
