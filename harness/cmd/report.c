/* understudy report: the weekly report. */
#include "harness/cmd/command.h"
#include "harness/cmd/installation.h"

#include "harness/base/text.h"
#include "reports/weekly.h"

#include <stdio.h>

enum { POSITION_MAX = 64 * 1024 };

struct report_options {
	const char *config;
	const char *interface;
	const char *week;
	const char *from;
	const char *to;
	const char *as_of;
	const char *format;
	const char *output;
	bool publish;
	struct report_request request;
	bool html;
	bool markdown;
	bool json;
};

static bool read_formats(struct report_options *o)
{
	struct span rest = span_of(o->format);
	while (rest.length > 0) {
		size_t comma = text_find(rest, SPAN(","));
		struct span word = {rest.data, comma};
		if (span_is(word, "html")) {
			o->html = true;
		} else if (span_is(word, "md")) {
			o->markdown = true;
		} else if (span_is(word, "json")) {
			o->json = true;
		} else {
			return false;
		}
		size_t used = comma + (comma < rest.length ? 1 : 0);
		rest = (struct span){rest.data + used, rest.length - used};
	}
	return o->html || o->markdown || o->json;
}

/* The week that a day (in the installation's zone) lies in. */
static bool read_day(const char *text, const struct zone *zone, int32_t *ret_week)
{
	int64_t time = 0;
	if (!clock_parse(span_of(text), &time)) {
		return false;
	}
	*ret_week = clock_week(time - (int64_t)zone_offset(zone, time) * CLOCK_SECOND, zone);
	return true;
}

static int read_period(const struct command *command, struct report_options *o, const struct zone *zone)
{
	struct report_request *request = &o->request;
	request->as_of = clock_now();
	if (o->as_of != NULL && !clock_parse(span_of(o->as_of), &request->as_of)) {
		return command_usage(command, "--as-of \"%s\" is not a time; write it as 2026-11-16T06:00:00Z",
				     o->as_of);
	}
	if (o->week != NULL && (o->from != NULL || o->to != NULL)) {
		return command_usage(command, "--week and --from or --to exclude each other");
	}
	if (o->week != NULL) {
		if (!clock_week_parse(span_of(o->week), &request->from_week)) {
			return command_usage(command, "--week \"%s\" is not a week; write it as 2026-W47", o->week);
		}
		request->to_week = request->from_week;
	}
	if (o->from != NULL && !read_day(o->from, zone, &request->from_week)) {
		return command_usage(command, "--from \"%s\" is not a day; write it as 2026-11-16", o->from);
	}
	if (o->to != NULL && !read_day(o->to, zone, &request->to_week)) {
		return command_usage(command, "--to \"%s\" is not a day; write it as 2026-11-16", o->to);
	}
	return -1;
}

static bool write_report(struct report_options *o, struct opened *opened, struct error *err)
{
	CLEANUP_BUFFER struct buffer position = BUFFER_INIT(POSITION_MAX);
	struct opened_ring ring;
	if (!opened_count_in_spool(opened, &o->request.in_spool, &ring, &position, err)) {
		return false;
	}
	o->request.spool_position = position.length > 0 ? position.data : NULL;
	struct report *report = report_create(opened->store, opened->installation, opened->contract, &o->request, err);
	if (report == NULL) {
		return false;
	}
	bool done = report_write(report, o->output, o->html, o->markdown, o->json, err);
	if (done && o->publish) {
		done = report_publish(report, opened->store, err);
	}
	report_destroy(report);
	return done;
}

static int make(const struct command *command, struct report_options *o)
{
	struct error err = ERROR_INIT;
	struct opened opened;
	if (!opened_init(&opened, o->config, o->interface, o->publish ? OPEN_READ_WRITE : OPEN_READ_ONLY, &err)) {
		return command_fail(&err);
	}
	int status = read_period(command, o, opened.installation->zone);
	if (status < 0) {
		status = write_report(o, &opened, &err) ? EXIT_OK : command_fail(&err);
	}
	if (status == EXIT_OK) {
		printf("%s%s%s%s%s%s%s\n", o->html ? o->output : "", o->html ? "/report.html " : "",
		       o->markdown ? o->output : "", o->markdown ? "/report.md " : "", o->json ? o->output : "",
		       o->json ? "/report.json" : "", "");
	}
	opened_finish(&opened);
	return status;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct report_options o = {.format = "html,md,json"};
	const struct option_row rows[] = {
		{"config", 'c', OPTION_TEXT, &o.config, "FILE", "the installation's understudy.yaml"},
		{"interface", 'i', OPTION_TEXT, &o.interface, "NAME", "which interface, where there are several"},
		{"week", 0, OPTION_TEXT, &o.week, "2026-W47",
		 "one week only (default: all up to the last that is over)"},
		{"from", 0, OPTION_TEXT, &o.from, "DAY", "from the week of this day"},
		{"to", 0, OPTION_TEXT, &o.to, "DAY", "to the week of this day"},
		{"as-of", 0, OPTION_TEXT, &o.as_of, "TIME", "as it was known then: decides which weeks are closed"},
		{"format", 0, OPTION_TEXT, &o.format, "LIST", "html,md,json (default: all)"},
		{"publish", 0, OPTION_FLAG, &o.publish, NULL, "record in the store that this report was published"},
		{"output", 'o', OPTION_TEXT, &o.output, "DIR", "where the files go"},
	};
	struct options options = {.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0])};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (o.config == NULL || o.output == NULL) {
		return command_usage(command, "-c FILE and -o DIR are needed");
	}
	if (!read_formats(&o)) {
		return command_usage(command, "--format takes html, md and json, separated by commas");
	}
	return make(command, &o);
}

const struct command command_report = {
	.name = "report",
	.summary = "the weekly report: accuracy, contract drift, cost, coverage, the gate",
	.synopsis = "-c FILE -o DIR [--interface NAME] [--week WEEK | --from DAY --to DAY] [--as-of TIME]",
	.example = "understudy report -c understudy.yaml --week 2026-W47 -o report",
	.run = run,
};
