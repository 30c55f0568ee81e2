/* understudy reconcile: the middleware's own counts against what the tap saw. */
#include "harness/cmd/command.h"
#include "harness/cmd/installation.h"

#include "harness/base/json_build.h"
#include "harness/pipeline/reconcile.h"

#include <inttypes.h>
#include <stdio.h>

enum { TEXT_MAX = 64 * 1024 * 1024, PRINTED_MAX = 20, EXIT_DIFFERENT = EXIT_NO_GO };

struct reconcile_options {
	const char *config;
	const char *interface;
	const char *counts;
	const char *identities;
	struct reconcile_columns columns;
	bool json;
};

struct totals {
	int64_t theirs;
	int64_t ours;
};

static struct totals add_up(const struct reconcile *result)
{
	struct totals totals = {0};
	for (size_t i = 0; i < result->day_count; i++) {
		totals.theirs += result->days[i].theirs;
		totals.ours += result->days[i].ours;
	}
	return totals;
}

static const char *date_of(int64_t day, char text[CLOCK_TEXT_SIZE])
{
	return clock_format_date(day * CLOCK_DAY, text);
}

/* --- text --- */

static void print_row(const char *name, struct totals counts)
{
	printf("  %-10s %12" PRId64 " %12" PRId64 " %+12" PRId64 "\n", name, counts.theirs, counts.ours,
	       counts.ours - counts.theirs);
}

static void print_days(const struct reconcile *result)
{
	char date[CLOCK_TEXT_SIZE];
	printf("  %-10s %12s %12s %12s\n", "day", "theirs", "ours", "difference");
	for (size_t i = 0; i < result->day_count; i++) {
		const struct reconcile_day *day = &result->days[i];
		print_row(date_of(day->day, date), (struct totals){day->theirs, day->ours});
	}
	print_row("all", add_up(result));
}

static void print_ledger(const struct reconcile *result, uint64_t in_spool)
{
	const struct store_ledger *ledger = &result->ledger;
	printf("since the beginning, not by day: %" PRIu64 " duplicates, %" PRIu64 " still in the spool, %" PRIu64
	       " in flight; dropped:",
	       ledger->duplicate, in_spool, ledger->tap.in_flight);
	uint64_t drops = 0;
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		drops += ledger->tap.dropped[i];
		if (ledger->tap.dropped[i] > 0) {
			printf(" %" PRIu64 " %s", ledger->tap.dropped[i], drop_reason_name(i));
		}
	}
	puts(drops > 0 ? "" : " none");
}

static void print_identities(const char *what, const struct reconcile_identities *identities)
{
	char date[CLOCK_TEXT_SIZE];
	printf("%" PRId64 " %s\n", identities->count, what);
	for (size_t i = 0; i < identities->listed_count && i < PRINTED_MAX; i++) {
		const struct reconcile_identity *one = &identities->listed[i];
		printf("  %s  %s%s%s\n", date_of(one->day, date), one->text, one->exchange != NULL ? "  exchange " : "",
		       one->exchange != NULL ? one->exchange : "");
	}
	if (identities->count > PRINTED_MAX) {
		printf("  and %" PRId64 " more; --json lists up to %d\n", identities->count - PRINTED_MAX,
		       RECONCILE_LISTED_MAX);
	}
}

static void print_text(const struct opened *opened, const struct reconcile *result, uint64_t in_spool)
{
	printf("interface %s, days in %s\n", opened->contract->interface, opened->installation->timezone);
	print_days(result);
	print_ledger(result, in_spool);
	if (result->has_identities) {
		print_identities("of their identities were never seen", &result->unseen);
		print_identities("exchanges of ours have an identity that they do not name", &result->unannounced);
	}
	if (result->unidentified > 0) {
		printf("%" PRId64 " exchanges have no identity\n", result->unidentified);
	}
	if (result->other_rows > 0) {
		printf("%" PRId64 " rows are of other interfaces and were left out\n", result->other_rows);
	}
	puts(reconcile_is_faulty(result) ? "the tap's own accounts do not add up"
	     : reconcile_agrees(result)  ? "all days agree"
					 : "there are differences");
}

/* --- JSON --- */

static void build_days(const struct reconcile *result, struct json_build *build)
{
	char date[CLOCK_TEXT_SIZE];
	json_build_array(build, "days");
	for (size_t i = 0; i < result->day_count; i++) {
		const struct reconcile_day *day = &result->days[i];
		json_build_object(build, NULL);
		json_build_text(build, "date", date_of(day->day, date));
		json_build_integer(build, "theirs", day->theirs);
		json_build_integer(build, "ours", day->ours);
		json_build_integer(build, "difference", day->ours - day->theirs);
		json_build_boolean(build, "stated", day->line > 0);
		json_build_end(build);
	}
	json_build_end(build);
}

static void build_ledger(const struct reconcile *result, uint64_t in_spool, struct json_build *build)
{
	const struct store_ledger *ledger = &result->ledger;
	json_build_object(build, "since_the_beginning");
	json_build_integer(build, "stored", (int64_t)ledger->stored);
	json_build_integer(build, "duplicates", (int64_t)ledger->duplicate);
	json_build_integer(build, "unclaimed", (int64_t)ledger->unclaimed);
	json_build_integer(build, "in_spool", (int64_t)in_spool);
	json_build_integer(build, "in_flight", (int64_t)ledger->tap.in_flight);
	json_build_object(build, "dropped");
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		json_build_integer(build, drop_reason_name(i), (int64_t)ledger->tap.dropped[i]);
	}
	json_build_end(build);
	json_build_end(build);
}

static void build_identities(const char *name, const struct reconcile_identities *identities, struct json_build *build)
{
	char date[CLOCK_TEXT_SIZE];
	json_build_object(build, name);
	json_build_integer(build, "count", identities->count);
	json_build_array(build, "listed");
	for (size_t i = 0; i < identities->listed_count; i++) {
		const struct reconcile_identity *one = &identities->listed[i];
		json_build_object(build, NULL);
		json_build_text(build, "date", date_of(one->day, date));
		json_build_text(build, "identity", one->text);
		if (one->exchange != NULL) {
			json_build_text(build, "exchange_id", one->exchange);
		}
		json_build_end(build);
	}
	json_build_end(build);
	json_build_end(build);
}

static bool print_json(const struct opened *opened, const struct reconcile *result, uint64_t in_spool,
		       struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	struct totals totals = add_up(result);
	struct json_build *build = json_build_create();
	json_build_text(build, "interface", opened->contract->interface);
	json_build_text(build, "timezone", opened->installation->timezone);
	json_build_boolean(build, "agrees", reconcile_agrees(result));
	json_build_boolean(build, "faulty", reconcile_is_faulty(result));
	build_days(result, build);
	json_build_integer(build, "theirs", totals.theirs);
	json_build_integer(build, "ours", totals.ours);
	build_ledger(result, in_spool, build);
	if (result->has_identities) {
		json_build_integer(build, "their_identities", result->identity_rows);
		build_identities("never_seen", &result->unseen, build);
		build_identities("not_named", &result->unannounced, build);
		json_build_integer(build, "without_identity", result->unidentified);
	}
	json_build_integer(build, "rows_of_other_interfaces", result->other_rows);
	bool done = json_build_write(build, 0, &text, err);
	json_build_destroy(build);
	if (done) {
		puts(text.data);
	}
	return done;
}

/* --- the command --- */

static int compare(const struct reconcile_options *o, const struct opened *opened)
{
	struct error err = ERROR_INIT;
	CLEANUP_BUFFER struct buffer position = BUFFER_INIT(TEXT_MAX);
	uint64_t in_spool = 0;
	struct opened_ring ring;
	if (!opened_count_in_spool(opened, &in_spool, &ring, &position, &err)) {
		return command_fail(&err);
	}
	struct reconcile *result = reconcile_create(opened->installation, opened->contract, opened->store, &o->columns,
						    o->counts, o->identities, &err);
	if (result == NULL) {
		return command_fail(&err);
	}
	int status = reconcile_agrees(result) ? EXIT_OK : EXIT_DIFFERENT;
	status = reconcile_is_faulty(result) ? EXIT_DATA_FAULT : status;
	if (!o->json) {
		print_text(opened, result, in_spool);
	} else if (!print_json(opened, result, in_spool, &err)) {
		status = command_fail(&err);
	}
	reconcile_destroy(result);
	return status;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct reconcile_options o = {.columns = {.date = "date", .interface = "interface", .count = "count"}};
	const struct option_row rows[] = {
		{"config", 'c', OPTION_TEXT, &o.config, "FILE", "the installation's understudy.yaml"},
		{"interface", 'i', OPTION_TEXT, &o.interface, "NAME", "which interface, where there are several"},
		{"counts", 0, OPTION_TEXT, &o.counts, "FILE", "CSV of their counts: date,interface,count"},
		{"identities", 0, OPTION_TEXT, &o.identities, "FILE",
		 "CSV of their messages: date,interface, and a column for each path of message.id"},
		{"date-column", 0, OPTION_TEXT, &o.columns.date, "NAME", "what the column is called (default: date)"},
		{"interface-column", 0, OPTION_TEXT, &o.columns.interface, "NAME",
		 "likewise (default: interface; need not be there)"},
		{"count-column", 0, OPTION_TEXT, &o.columns.count, "NAME", "likewise (default: count)"},
		{"json", 0, OPTION_FLAG, &o.json, NULL, "print the result as JSON"},
	};
	struct options options = {.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0])};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (o.config == NULL || o.counts == NULL) {
		return command_usage(command, "%s is missing", o.config == NULL ? "-c FILE" : "--counts FILE");
	}
	struct error err = ERROR_INIT;
	struct opened opened;
	if (!opened_init(&opened, o.config, o.interface, OPEN_READ_ONLY, &err)) {
		opened_finish(&opened);
		return command_fail(&err);
	}
	status = compare(&o, &opened);
	opened_finish(&opened);
	return status;
}

const struct command command_reconcile = {
	.name = "reconcile",
	.summary = "the middleware's daily counts against ours: all days agree (0) or not (1)",
	.synopsis = "-c FILE --counts FILE.csv [--interface NAME] [--identities FILE.csv] [--json]",
	.example = "understudy reconcile -c understudy.yaml --interface orders --counts counts.csv\n"
		   "  understudy reconcile -c understudy.yaml --counts counts.csv --identities identities.csv --json",
	.run = run,
};
