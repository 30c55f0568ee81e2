/* understudy drift: the series of contract drift of each path, and what watches them. */
#include "harness/cmd/command.h"
#include "harness/cmd/installation.h"

#include "evaluators/drift/monitor.h"
#include "harness/base/json_build.h"
#include "harness/base/text.h"
#include "harness/store/drift.h"

#include <stdio.h>

enum { OUTPUT_MAX = 64 * 1024 * 1024, ARENA_MAX = 256 * 1024 * 1024 };

struct shown_path {
	const char *name; /* "legacy", or the candidate's */
	int64_t path;
	struct store_monitor monitor;
	bool watched;
	struct store_source_row *sources;
	size_t source_count;
	struct store_series_point *points;
	size_t point_count;
};

struct shown {
	struct opened opened;
	struct arena arena;
	struct store_series_query query;
	const char *step;
	bool json;
	struct buffer output;
};

static const char *phase_name(int phase)
{
	static const char *const names[] = {"reference", "watch", "alarm"};
	return phase >= 0 && phase < 3 ? names[phase] : "unknown";
}

/* --- reading --- */

static bool read_path(struct shown *shown, struct shown_path *path, struct error *err)
{
	struct store *store = shown->opened.store;
	int64_t interface = shown->query.interface_id;
	shown->query.path = path->path;
	return store_monitor_get(store, interface, path->path, &path->monitor, &path->watched, err) &&
	       store_sources(store, interface, path->path, &shown->arena, &path->sources, &path->source_count, err) &&
	       store_series(store, &shown->query, &shown->arena, &path->points, &path->point_count, err);
}

/* --- text --- */

static const char *time_of(const struct shown *shown, int64_t at, char text[CLOCK_TEXT_SIZE])
{
	if (shown->query.step == STORE_BY_WEEK) {
		return clock_week_format((int32_t)at, text);
	}
	if (shown->query.step == STORE_BY_DAY) {
		return clock_format_date(at * CLOCK_DAY, text);
	}
	(void)clock_format(at * 3600 * CLOCK_SECOND, text);
	snprintf(text + 13, CLOCK_TEXT_SIZE - 13, "h");
	return text;
}

static void print_monitor(struct shown *shown, const struct shown_path *path)
{
	const struct store_monitor *monitor = &path->monitor;
	struct buffer *output = &shown->output;
	if (!path->watched) {
		buffer_append_text(output, "  not watched yet: no production replies\n");
		return;
	}
	if (monitor->phase == DRIFT_PHASE_REFERENCE) {
		buffer_append_format(output, "  reference: %lld of %lld replies so far, %lld of them deviate\n",
				     (long long)monitor->reference_replies,
				     (long long)shown->opened.contract->drift_reference_replies,
				     (long long)monitor->reference_events);
		return;
	}
	buffer_append_format(output,
			     "  %s: usual is at most %.3f %%; since then %lld of %lld replies deviate\n"
			     "  a false alarm comes once in %.0f replies on average, %.0f days at the traffic of the "
			     "reference\n",
			     phase_name(monitor->phase), 100 * monitor->p0, (long long)monitor->events,
			     (long long)monitor->replies, monitor->run_length,
			     monitor->run_length / monitor->replies_per_day);
	if (monitor->incident != 0) {
		buffer_append_format(output, "  incident %lld\n", (long long)monitor->incident);
	}
}

static void print_classes(struct buffer *output, const struct store_series_point *point)
{
	const char *between = "";
	for (int i = 0; i < DRIFT_CLASS_COUNT; i++) {
		if (point->deviating[i] > 0) {
			buffer_append_format(output, "%s%s %lld", between, drift_class_name(i),
					     (long long)point->deviating[i]);
			between = ", ";
		}
	}
	buffer_append_byte(output, '\n');
}

static void print_source(struct buffer *output, const struct store_source_row *source)
{
	buffer_append_format(output, "  source %lld: contract %.*s, model ", (long long)source->id,
			     SPAN_ARGUMENTS(source->source.contract_version));
	json_write_string(output, source->source.model);
	buffer_append_format(output, ", prompt %.12s\n",
			     source->source.prompt.length > 0 ? source->source.prompt.data : "-");
}

static void print_points(struct shown *shown, const struct shown_path *path)
{
	char time[CLOCK_TEXT_SIZE];
	struct buffer *output = &shown->output;
	bool by_source = shown->query.by_source;
	for (size_t i = 0; by_source && i < path->source_count; i++) {
		print_source(output, &path->sources[i]);
	}
	if (path->point_count > 0) {
		buffer_append_format(output, "  %s%-13s %9s %9s %9s %5s/%s/%s  %s\n", by_source ? "source  " : "",
				     shown->step, "replies", "declared", "strict", "high", "medium", "low", "classes");
	}
	for (size_t i = 0; i < path->point_count; i++) {
		const struct store_series_point *point = &path->points[i];
		double replies = (double)point->replies;
		buffer_append_text(output, "  ");
		if (by_source) {
			buffer_append_format(output, "%6lld  ", (long long)point->source);
		}
		buffer_append_format(
			output, "%-13s %9lld %7.2f %% %7.2f %% %5lld/%lld/%lld  ", time_of(shown, point->at, time),
			(long long)point->replies, 100 * (double)point->contract_drift / replies,
			100 * (double)point->strict_drift / replies, (long long)point->by_severity[DRIFT_HIGH],
			(long long)point->by_severity[DRIFT_MEDIUM], (long long)point->by_severity[DRIFT_LOW]);
		print_classes(output, point);
	}
}

static void print_path(struct shown *shown, const struct shown_path *path)
{
	buffer_append_format(&shown->output, "%s %s\n", path->path == 0 ? "path" : "candidate", path->name);
	print_monitor(shown, path);
	print_points(shown, path);
}

/* --- JSON --- */

static void build_monitor(struct json_build *build, const struct shown_path *path)
{
	const struct store_monitor *monitor = &path->monitor;
	if (!path->watched) {
		json_build_null(build, "monitor");
		return;
	}
	json_build_object(build, "monitor");
	json_build_text(build, "phase", phase_name(monitor->phase));
	json_build_integer(build, "reference_replies", monitor->reference_replies);
	json_build_integer(build, "reference_deviating", monitor->reference_events);
	if (monitor->phase != DRIFT_PHASE_REFERENCE) {
		json_build_number(build, "usual_rate", monitor->p0);
		json_build_number(build, "false_alarm_replies", monitor->run_length);
		json_build_number(build, "false_alarm_days", monitor->run_length / monitor->replies_per_day);
		json_build_number(build, "replies_per_day", monitor->replies_per_day);
		json_build_integer(build, "replies", monitor->replies);
		json_build_integer(build, "deviating", monitor->events);
	}
	if (monitor->incident != 0) {
		json_build_integer(build, "incident", monitor->incident);
	}
	json_build_end(build);
}

static void build_counts(struct json_build *build, const char *name, const int64_t counts[DRIFT_CLASS_COUNT])
{
	json_build_object(build, name);
	for (int i = 0; i < DRIFT_CLASS_COUNT; i++) {
		if (counts[i] > 0) {
			json_build_integer(build, drift_class_name(i), counts[i]);
		}
	}
	json_build_end(build);
}

static void build_point(const struct shown *shown, struct json_build *build, const struct store_series_point *point)
{
	char time[CLOCK_TEXT_SIZE];
	json_build_object(build, NULL);
	if (shown->query.by_source) {
		json_build_integer(build, "source", point->source);
	}
	json_build_text(build, shown->step, time_of(shown, point->at, time));
	json_build_integer(build, "replies", point->replies);
	json_build_integer(build, "contract_drift", point->contract_drift);
	json_build_integer(build, "strict_drift", point->strict_drift);
	json_build_integer(build, "recovered", point->recovered);
	json_build_object(build, "by_severity");
	for (int i = DRIFT_SEVERITY_COUNT - 1; i >= 0; i--) {
		json_build_integer(build, drift_severity_name(i), point->by_severity[i]);
	}
	json_build_end(build);
	build_counts(build, "declared", point->declared);
	build_counts(build, "strict", point->deviating);
	json_build_end(build);
}

static void build_sources(struct json_build *build, const struct shown_path *path)
{
	char time[CLOCK_TEXT_SIZE];
	json_build_array(build, "sources");
	for (size_t i = 0; i < path->source_count; i++) {
		const struct store_source *source = &path->sources[i].source;
		json_build_object(build, NULL);
		json_build_integer(build, "id", path->sources[i].id);
		json_build_span(build, "contract_version", source->contract_version);
		json_build_span(build, "model", source->model);
		json_build_span(build, "prompt", source->prompt);
		json_build_text(build, "first_seen_at", clock_format(source->seen_at, time));
		json_build_end(build);
	}
	json_build_end(build);
}

static bool build_path(struct shown *shown, const struct shown_path *path, struct error *err)
{
	struct json_build *build = json_build_create();
	json_build_text(build, "interface", shown->opened.contract->interface);
	json_build_text(build, "path", path->name);
	build_monitor(build, path);
	build_sources(build, path);
	json_build_array(build, "series");
	for (size_t i = 0; i < path->point_count; i++) {
		build_point(shown, build, &path->points[i]);
	}
	json_build_end(build);
	bool done = json_build_write(build, 0, &shown->output, err);
	buffer_append_byte(&shown->output, '\n');
	json_build_destroy(build);
	return done;
}

/* --- the command --- */

static bool show_path(struct shown *shown, const char *name, int64_t id, struct error *err)
{
	struct shown_path path = {.name = name, .path = id};
	if (!read_path(shown, &path, err)) {
		return false;
	}
	if (shown->json) {
		return build_path(shown, &path, err);
	}
	print_path(shown, &path);
	return true;
}

static bool show_all(struct shown *shown, struct error *err)
{
	const struct contract *contract = shown->opened.contract;
	shown->query.zone = shown->opened.installation->zone;
	if (!store_interface(shown->opened.store, span_of(contract->interface), &shown->query.interface_id, err) ||
	    !show_path(shown, "legacy", 0, err)) {
		return false;
	}
	for (size_t i = 0; i < contract->candidate_count; i++) {
		int64_t id = 0;
		if (!store_candidate(shown->opened.store, shown->query.interface_id,
				     span_of(contract->candidates[i].name), &id, err) ||
		    !show_path(shown, contract->candidates[i].name, id, err)) {
			return false;
		}
	}
	return buffer_ok(&shown->output, "the series; ask for a shorter period", err);
}

static bool show(struct shown *shown, struct error *err)
{
	if (!store_begin_read(shown->opened.store, err)) {
		return false;
	}
	bool done = show_all(shown, err);
	store_rollback(shown->opened.store);
	if (done) {
		fwrite(shown->output.data, 1, shown->output.length, stdout);
	}
	return done;
}

/* A date alone is its midnight in the installation's zone. */
static bool read_time(const struct zone *zone, const char *text, int64_t *time, struct error *err)
{
	enum { DATE_LENGTH = 10 };
	if (text == NULL) {
		return true;
	}
	if (!clock_parse(span_of(text), time)) {
		return error_set(err, ERROR_USAGE, "\"%s\" is no time; write 2026-11-16 or 2026-11-16T08:30:00Z", text);
	}
	*time = strlen(text) == DATE_LENGTH ? zone_first(zone, *time) : *time;
	return true;
}

static bool read_step(const char *word, enum store_step *ret_step)
{
	static const char *const names[] = {"hour", "day", "week"};
	for (int i = 0; i < 3; i++) {
		if (strcmp(word, names[i]) == 0) {
			*ret_step = (enum store_step)i;
			return true;
		}
	}
	return false;
}

static int run(const struct command *command, int argc, char **argv)
{
	const char *config = NULL;
	const char *interface = NULL;
	const char *from = NULL;
	const char *to = NULL;
	struct shown shown = {.step = "day", .query = {.to = INT64_MAX}};
	const struct option_row rows[] = {
		{"config", 'c', OPTION_TEXT, &config, "FILE", "the installation's understudy.yaml"},
		{"interface", 'i', OPTION_TEXT, &interface, "NAME", "which interface, where there are several"},
		{"by", 0, OPTION_TEXT, &shown.step, "STEP", "hour, day (the default) or week"},
		{"from", 0, OPTION_TEXT, &from, "TIME", "captured then or later: a date or an RFC 3339 time"},
		{"to", 0, OPTION_TEXT, &to, "TIME", "captured before"},
		{"sources", 0, OPTION_FLAG, &shown.query.by_source, NULL,
		 "a series for each contract version, model and prompt"},
		{"test", 0, OPTION_FLAG, &shown.query.test, NULL, "test messages, in place of production"},
		{"json", 0, OPTION_FLAG, &shown.json, NULL, "one JSON object a path"},
	};
	struct options options = {.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0])};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (config == NULL) {
		return command_usage(command, "-c FILE is missing");
	}
	if (!read_step(shown.step, &shown.query.step)) {
		return command_usage(command, "--by is hour, day or week");
	}
	struct error err = ERROR_INIT;
	if (!opened_init(&shown.opened, config, interface, OPEN_READ_ONLY, &err)) {
		return command_fail(&err);
	}
	arena_init(&shown.arena, ARENA_MAX);
	buffer_init(&shown.output, OUTPUT_MAX);
	bool done = read_time(shown.opened.installation->zone, from, &shown.query.from, &err) &&
		    read_time(shown.opened.installation->zone, to, &shown.query.to, &err) && show(&shown, &err);
	buffer_finish(&shown.output);
	arena_finish(&shown.arena);
	opened_finish(&shown.opened);
	return done ? EXIT_OK : command_fail(&err);
}

const struct command command_drift = {
	.name = "drift",
	.summary = "how often replies deviate from their contract, by class, and what watches it",
	.synopsis = "-c FILE [--interface NAME] [--by hour|day|week] [--from TIME] [--to TIME] [--sources]",
	.example = "understudy drift -c understudy.yaml --by week",
	.run = run,
};
