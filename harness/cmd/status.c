/* understudy status: both ledgers, and waiting until nothing is left to do. */
#include "harness/cmd/command.h"
#include "harness/cmd/installation.h"
#include "harness/cmd/progress.h"

#include "harness/base/clock.h"
#include "harness/base/json_build.h"
#include "harness/spool/spool.h"
#include "harness/store/legacy.h"

#include <stdio.h>
#include <unistd.h>

enum { TEXT_MAX = 1024 * 1024, POLL_US = 50000, TIMEOUT_MAX_S = 366 * 86400 };

struct status_options {
	const char *config;
	const char *interface;
	bool json;
	bool wait;
	int64_t timeout_s;
};

/* What one look at the ledgers finds. */
struct look {
	struct store_ledger ledger;
	uint64_t in_spool;
	struct opened_ring ring;
	int64_t states[EVALUATION_COUNT]; /* over all candidates */
	int64_t awaiting;                 /* of the pending: the legacy answer has not come */
	int64_t held_invalid;             /* of the pending: held by the input gates, each counted for itself */
	int64_t held_changed;
	int64_t awaiting_until; /* when the last of them is given up; 0: none waits */
	struct buffer position;
	bool is_off; /* the kill switch by file; that by signal cannot be seen from outside */
	int64_t off_since;
	struct unclaimed_interface *unclaimed; /* of all interfaces, the arena's */
	struct arena arena;
};

/* Deliveries of an interface that no contract claims; see harness/store/unclaimed.h. */
struct unclaimed_interface {
	struct unclaimed_interface *next;
	const char *name;
	int64_t count;
	bool is_known; /* the configuration names it: a worker will claim them */
};

static void add_waiting(struct look *look, int64_t reason, int64_t count)
{
	look->awaiting += reason == PENDING_AWAITS_LEGACY ? count : 0;
	look->held_invalid += reason == PENDING_HELD_INVALID ? count : 0;
	look->held_changed += reason == PENDING_HELD_CHANGED ? count : 0;
}

static bool look_at_states(const struct opened *opened, struct look *look, struct error *err)
{
	struct statement *rows = store_statement(opened->store,
						 "SELECT s.state, s.reason, sum(s.count) FROM rollup_state s JOIN "
						 "candidate c ON c.id = s.candidate_id JOIN interface i ON i.id = "
						 "c.interface_id WHERE i.name = ? GROUP BY s.state, s.reason",
						 err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_text(rows, 1, span_of(opened->contract->interface));
	enum statement_step step;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		int64_t state = statement_integer(rows, 0);
		if (state >= 0 && state < EVALUATION_COUNT) {
			look->states[state] += statement_integer(rows, 2);
		}
		if (state == EVALUATION_PENDING) {
			add_waiting(look, statement_integer(rows, 1), statement_integer(rows, 2));
		}
	}
	return step == STATEMENT_DONE;
}

static bool find_interface(const struct opened *opened, int64_t *ret_id, struct error *err)
{
	struct statement *find = store_statement(opened->store, "SELECT id FROM interface WHERE name = ?", err);
	if (find == NULL) {
		return false;
	}
	statement_bind_text(find, 1, span_of(opened->contract->interface));
	enum statement_step step = statement_step(find, err);
	*ret_id = step == STATEMENT_ROW ? statement_integer(find, 0) : 0;
	statement_reset(find);
	return step != STATEMENT_FAILED;
}

static bool look_at_window(const struct opened *opened, int64_t interface, struct look *look, struct error *err)
{
	int64_t last = 0;
	if (!store_awaited_last(opened->store, interface, &last, err)) {
		return false;
	}
	look->awaiting_until = last != 0 ? last + opened->contract->tap.pair_window_us : 0;
	return true;
}

static bool look_at_unclaimed(const struct opened *opened, struct look *look, struct error *err)
{
	struct statement *rows = store_statement(opened->store,
						 "SELECT i.name, count(*) FROM unclaimed_delivery u JOIN interface i "
						 "ON i.id = u.interface_id GROUP BY u.interface_id ORDER BY i.name",
						 err);
	struct unclaimed_interface **end = &look->unclaimed;
	enum statement_step step = STATEMENT_FAILED;
	while (rows != NULL && (step = statement_step(rows, err)) == STATEMENT_ROW) {
		struct unclaimed_interface *row = arena_allocate(&look->arena, sizeof(*row));
		char *name = arena_copy(&look->arena, statement_text(rows, 0));
		if (row == NULL || name == NULL) {
			return error_set(err, ERROR_MEMORY, "no memory for the names of the interfaces");
		}
		*row = (struct unclaimed_interface){
			.name = name,
			.count = statement_integer(rows, 1),
			.is_known = installation_find(opened->installation, name) != NULL,
		};
		*end = row;
		end = &row->next;
	}
	return step == STATEMENT_DONE;
}

static void look_finish(struct look *look)
{
	buffer_finish(&look->position);
	arena_finish(&look->arena);
}

static bool look_at(const struct opened *opened, struct look *look, struct error *err)
{
	int64_t interface = 0;
	*look = (struct look){.position = BUFFER_INIT(TEXT_MAX), .arena = ARENA_INIT(TEXT_MAX)};
	look->is_off = spool_capture_is_off(opened->installation->spool, &look->off_since);
	if (!store_begin_read(opened->store, err)) {
		return false;
	}
	bool done = find_interface(opened, &interface, err) &&
		    store_ledger_get(opened->store, interface, &look->ledger, err) &&
		    look_at_states(opened, look, err) && look_at_window(opened, interface, look, err) &&
		    look_at_unclaimed(opened, look, err) &&
		    opened_count_in_spool(opened, &look->in_spool, &look->ring, &look->position, err);
	store_rollback(opened->store);
	return done;
}

static uint64_t all_drops(const struct store_ledger *ledger)
{
	uint64_t sum = 0;
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		sum += ledger->tap.dropped[i];
	}
	return sum;
}

/* Every term is counted where it happens; this only compares. SETTLING: more was read, or lies in the spool, than the
 * accounts in the store count, by no more than those that are on their way do. */
enum balance { TIES_OUT, SETTLING, DIFFERS };

static enum balance balance_of(const struct look *look)
{
	const struct store_ledger *ledger = &look->ledger;
	uint64_t delivered =
		ledger->stored + ledger->duplicate + ledger->outcomes.read + ledger->unclaimed + look->in_spool;
	if (ledger->tap.seen != ledger->tap.committed + ledger->tap.in_flight + all_drops(ledger) ||
	    !store_outcomes_tie_out(&ledger->outcomes) || delivered < ledger->tap.committed) {
		return DIFFERS;
	}
	uint64_t excess = delivered - ledger->tap.committed;
	if (excess == 0) {
		return TIES_OUT;
	}
	return look->ring.is_replayed || excess <= look->ring.unaccounted ? SETTLING : DIFFERS;
}

static bool ties_out(const struct look *look)
{
	return balance_of(look) == TIES_OUT;
}

static const char *balance_words(const struct look *look)
{
	static const char *const words[] = {
		[TIES_OUT] = "ties out",
		[SETTLING] = "settling (read before the accounts that count it)",
		[DIFFERS] = "does not tie out",
	};
	return words[balance_of(look)];
}

/* What waits for a legacy answer, or for somebody to release it, is nothing that could be done now. */
static bool is_settled(const struct look *look)
{
	return look->ring.waiting == 0 && look->ledger.tap.in_flight == 0 && look->in_spool == 0 &&
	       look->ledger.unclaimed == 0 &&
	       look->states[EVALUATION_PENDING] == look->awaiting + look->held_invalid + look->held_changed &&
	       ties_out(look);
}

static void build_outcomes(const struct store_outcomes *outcomes, struct json_build *build)
{
	json_build_object(build, "late_answers");
	json_build_integer(build, "read", (int64_t)outcomes->read);
	json_build_integer(build, "joined", (int64_t)outcomes->joined);
	json_build_integer(build, "waiting", (int64_t)outcomes->waiting);
	json_build_integer(build, "duplicate", (int64_t)outcomes->duplicate);
	json_build_integer(build, "unpaired", (int64_t)outcomes->unpaired);
	json_build_integer(build, "joined_after_the_week_was_closed", (int64_t)outcomes->closed);
	json_build_integer(build, "joined_with_an_unpaired_exchange", (int64_t)outcomes->returned);
	json_build_boolean(build, "ties_out", store_outcomes_tie_out(outcomes));
	json_build_end(build);
}

static void build_evaluations(const struct look *look, struct json_build *build)
{
	char time[CLOCK_TEXT_SIZE];
	json_build_object(build, "evaluations");
	for (int i = 0; i < EVALUATION_COUNT; i++) {
		json_build_integer(build, evaluation_name(i), look->states[i]);
	}
	json_build_end(build);
	json_build_object(build, "awaiting_legacy"); /* of the pending */
	json_build_integer(build, "evaluations", look->awaiting);
	if (look->awaiting > 0 && look->awaiting_until != 0) {
		json_build_text(build, "until", clock_format(look->awaiting_until, time));
	}
	json_build_end(build);
	json_build_object(build, "held"); /* of the pending */
	json_build_integer(build, pending_reason_name(PENDING_HELD_INVALID), look->held_invalid);
	json_build_integer(build, pending_reason_name(PENDING_HELD_CHANGED), look->held_changed);
	json_build_end(build);
}

/* Of all interfaces: one that was taken out of the configuration cannot be asked for. */
static void build_unclaimed(const struct look *look, struct json_build *build)
{
	json_build_array(build, "unclaimed");
	for (const struct unclaimed_interface *row = look->unclaimed; row != NULL; row = row->next) {
		json_build_object(build, NULL);
		json_build_text(build, "interface", row->name);
		json_build_integer(build, "count", row->count);
		json_build_boolean(build, "has_contract", row->is_known);
		json_build_end(build);
	}
	json_build_end(build);
}

static void write_unclaimed(const struct look *look)
{
	for (const struct unclaimed_interface *row = look->unclaimed; row != NULL; row = row->next) {
		printf("unclaimed: %lld of interface %s, read while no contract named it; %s\n", (long long)row->count,
		       row->name,
		       row->is_known ? "the worker takes them next" : "put its contract back, and they are worked on");
	}
}

/* The ring is that of the whole installation, whatever interface is asked for. */
static void build_ring(const struct opened_ring *ring, struct json_build *build)
{
	char since[CLOCK_TEXT_SIZE];
	bool reduced = ring->reduced_since != 0;
	json_build_object(build, "ring");
	json_build_integer(build, "waiting_bytes", (int64_t)ring->waiting);
	json_build_integer(build, "capacity_bytes", (int64_t)ring->capacity);
	json_build_text(build, "capture_reduced_since", reduced ? clock_format(ring->reduced_since, since) : NULL);
	json_build_end(build);
}

static void print_ring(const struct opened_ring *ring)
{
	char since[CLOCK_TEXT_SIZE];
	if (ring->reduced_since != 0) {
		printf("capture reduced since %s: the ring fills up faster than it is drained (%llu of %llu bytes "
		       "wait). Rare operations are captured whole, busy ones in part; it returns to full by itself\n",
		       clock_format(ring->reduced_since, since), (unsigned long long)ring->waiting,
		       (unsigned long long)ring->capacity);
	}
}

static bool write_json(const struct opened *opened, const struct look *look, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	char since[CLOCK_TEXT_SIZE];
	struct json_build *build = json_build_create();
	json_build_text(build, "interface", opened->contract->interface);
	json_build_text(build, "capture", look->is_off ? "off (file)" : "on");
	json_build_text(build, "capture_off_since", look->is_off ? clock_format(look->off_since, since) : NULL);
	json_build_span(build, "spool_position", buffer_span(&look->position));
	json_build_object(build, "exchanges");
	json_build_integer(build, "seen", (int64_t)look->ledger.tap.seen);
	json_build_integer(build, "stored", (int64_t)look->ledger.stored);
	json_build_integer(build, "duplicate", (int64_t)look->ledger.duplicate);
	json_build_integer(build, "revision", (int64_t)look->ledger.revision);
	json_build_integer(build, "late_answers", (int64_t)look->ledger.outcomes.read);
	json_build_integer(build, "duplicates_that_answered", (int64_t)look->ledger.duplicate_answered);
	json_build_integer(build, "unclaimed", (int64_t)look->ledger.unclaimed);
	json_build_integer(build, "in_spool", (int64_t)look->in_spool);
	json_build_integer(build, "in_flight", (int64_t)look->ledger.tap.in_flight);
	json_build_object(build, "dropped");
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		json_build_integer(build, drop_reason_name(i), (int64_t)look->ledger.tap.dropped[i]);
	}
	json_build_end(build);
	json_build_boolean(build, "ties_out", ties_out(look));
	json_build_boolean(build, "settling", balance_of(look) == SETTLING);
	json_build_end(build);
	build_unclaimed(look, build);
	build_ring(&look->ring, build);
	build_outcomes(&look->ledger.outcomes, build);
	build_evaluations(look, build);
	bool done = json_build_write(build, 2, &text, err);
	json_build_destroy(build);
	if (done) {
		puts(text.data);
	}
	return done;
}

static void write_waiting(const struct look *look)
{
	const struct store_outcomes *outcomes = &look->ledger.outcomes;
	char time[CLOCK_TEXT_SIZE];
	if (look->awaiting > 0) {
		printf("  of pending %lld, %lld wait for the legacy answer, until %s at the latest\n",
		       (long long)look->states[EVALUATION_PENDING], (long long)look->awaiting,
		       look->awaiting_until != 0 ? clock_format(look->awaiting_until, time) : "it comes");
	}
	if (look->held_invalid + look->held_changed > 0) {
		printf("  of pending %lld, %lld are held by input.invalid and %lld by input.changed; `understudy input "
		       "list` shows the messages\n",
		       (long long)look->states[EVALUATION_PENDING], (long long)look->held_invalid,
		       (long long)look->held_changed);
	}
	if (outcomes->read > 0) {
		printf("late answers: read %llu = joined %llu + waiting %llu + duplicate %llu + unpaired %llu: %s; of "
		       "the "
		       "joined %llu after the week was closed, %llu with an unpaired exchange\n",
		       (unsigned long long)outcomes->read, (unsigned long long)outcomes->joined,
		       (unsigned long long)outcomes->waiting, (unsigned long long)outcomes->duplicate,
		       (unsigned long long)outcomes->unpaired,
		       store_outcomes_tie_out(outcomes) ? "ties out" : "does not tie out",
		       (unsigned long long)outcomes->closed, (unsigned long long)outcomes->returned);
	}
}

static void write_text(const struct opened *opened, const struct look *look)
{
	const struct store_ledger *ledger = &look->ledger;
	char since[CLOCK_TEXT_SIZE];
	printf("%s, spool position: %s\n", opened->contract->interface,
	       look->position.length > 0 ? look->position.data : "none");
	if (look->is_off) {
		printf("capture: off (file) since %s\n", clock_format(look->off_since, since));
	} else {
		puts("capture: on");
	}
	printf("exchanges: seen %llu = stored %llu + duplicate %llu + late answers %llu + unclaimed %llu + dropped "
	       "%llu + in spool %llu + in flight %llu: %s\n",
	       (unsigned long long)ledger->tap.seen, (unsigned long long)ledger->stored,
	       (unsigned long long)ledger->duplicate, (unsigned long long)ledger->outcomes.read,
	       (unsigned long long)ledger->unclaimed, (unsigned long long)all_drops(ledger),
	       (unsigned long long)look->in_spool, (unsigned long long)ledger->tap.in_flight, balance_words(look));
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		if (ledger->tap.dropped[i] > 0) {
			printf("  dropped, %s: %llu\n", drop_reason_sentence(i),
			       (unsigned long long)ledger->tap.dropped[i]);
		}
	}
	print_ring(&look->ring);
	printf("evaluations:");
	for (int i = 0; i < EVALUATION_COUNT; i++) {
		printf(" %s %lld", evaluation_name(i), (long long)look->states[i]);
	}
	puts("");
	write_waiting(look);
	write_unclaimed(look);
}

static bool open_when_there(const struct status_options *o, struct opened *opened, int64_t deadline, struct error *err)
{
	for (;;) {
		struct error now = ERROR_INIT;
		if (opened_init(opened, o->config, o->interface, OPEN_READ_ONLY, &now)) {
			return true;
		}
		if (!o->wait || now.code != ERROR_MISSING || clock_monotonic() >= deadline || command_stop) {
			*err = now;
			return false;
		}
		usleep(POLL_US);
	}
}

static int show(const struct status_options *o)
{
	struct error err = ERROR_INIT;
	struct opened opened;
	struct look look;
	int64_t deadline = clock_monotonic() + o->timeout_s * CLOCK_SECOND;
	if (!open_when_there(o, &opened, deadline, &err)) {
		return command_fail(&err);
	}
	struct progress progress;
	progress_init(&progress, "compared");
	bool done = look_at(&opened, &look, &err);
	while (done && o->wait && !is_settled(&look) && clock_monotonic() < deadline && !command_stop) {
		progress_show(&progress, look.states[EVALUATION_COMPARED],
			      look.states[EVALUATION_COMPARED] + look.states[EVALUATION_PENDING] +
				      (int64_t)look.in_spool);
		look_finish(&look);
		usleep(POLL_US);
		done = look_at(&opened, &look, &err);
	}
	progress_finish(&progress);
	int status = EXIT_OK;
	if (!done || (o->json && !write_json(&opened, &look, &err))) {
		status = command_fail(&err);
	} else {
		if (!o->json) {
			write_text(&opened, &look);
		}
		status = o->wait && !is_settled(&look) ? EXIT_HOLD : EXIT_OK;
	}
	look_finish(&look);
	opened_finish(&opened);
	return status;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct status_options o = {.timeout_s = 600};
	const struct option_row rows[] = {
		{"config", 'c', OPTION_TEXT, &o.config, "FILE", "the installation's understudy.yaml"},
		{"interface", 'i', OPTION_TEXT, &o.interface, "NAME", "which interface, where there are several"},
		{"wait", 0, OPTION_FLAG, &o.wait, NULL, "wait until everything seen is stored and compared"},
		{"timeout", 0, OPTION_INTEGER, &o.timeout_s, "SECONDS",
		 "how long to wait (600); exit code 3 after that"},
		{"json", 0, OPTION_FLAG, &o.json, NULL, "print JSON"},
	};
	struct options options = {.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0])};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (o.config == NULL) {
		return command_usage(command, "-c FILE is missing");
	}
	if (o.timeout_s < 0 || o.timeout_s > TIMEOUT_MAX_S) {
		return command_usage(command, "--timeout is 0 to %d seconds", TIMEOUT_MAX_S);
	}
	command_catch_signals();
	return show(&o);
}

const struct command command_status = {
	.name = "status",
	.summary = "where every exchange is: both ledgers; --wait until all is compared",
	.synopsis = "-c FILE [--interface NAME] [--wait] [--json]",
	.example = "understudy status -c understudy.yaml --wait",
	.run = run,
};
