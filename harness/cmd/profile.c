/* understudy profile show|list|freeze: what the values of messages and replies are like, week by week. */
#include "harness/cmd/command.h"
#include "harness/cmd/installation.h"

#include "baselines/profile_week.h"
#include "harness/base/json_build.h"

#include <stdio.h>

enum {
	ARENA_MAX = 256 * 1024 * 1024,
	TEXT_MAX = 64 * 1024 * 1024,
	POINTER_WIDTH = 36,
	TESTS_SHOWN = 40,
	FINDINGS_MAX = 10000
};

struct profile_options {
	const char *config;
	const char *interface;
	const char *side;
	const char *week;
	const char *from;
	const char *to;
	const char *actor;
	const char *note;
	bool json;
};

/* What the subcommands work on. */
struct showing {
	struct opened opened;
	struct arena arena;
	int64_t interface_id;
	int64_t side;
	const char *side_name;
	struct profile_week week;
};

static bool find_side(struct showing *s, const char *name, struct error *err)
{
	s->side_name = name != NULL ? name : "request";
	if (strcmp(s->side_name, "request") == 0) {
		s->side = PROFILE_MESSAGE;
		return true;
	}
	if (strcmp(s->side_name, "legacy") == 0) {
		s->side = PROFILE_LEGACY;
		return true;
	}
	return store_candidate(s->opened.store, s->interface_id, span_of(s->side_name), &s->side, err);
}

static bool find_interface(struct showing *s, struct error *err)
{
	return store_interface(s->opened.store, span_of(s->opened.contract->interface), &s->interface_id, err);
}

static bool read_week(const char *text, const char *option, int32_t *ret_week, struct error *err)
{
	return clock_week_parse(span_of(text), ret_week) ||
	       error_set(err, ERROR_USAGE, "%s is no week; write it like 2026-W47", option);
}

/* The last one that there is, where none was asked for. */
static bool choose_week(struct showing *s, const char *text, int32_t *ret_week, struct error *err)
{
	struct store_profile_week *weeks = NULL;
	size_t count = 0;
	if (text != NULL) {
		return read_week(text, "--week", ret_week, err);
	}
	if (!store_profile_weeks(s->opened.store, s->interface_id, s->side, &s->arena, &weeks, &count, err)) {
		return false;
	}
	if (count == 0) {
		return error_set(err, ERROR_MISSING,
				 "nothing was counted of the side %s yet; see profile.fields and profile.share",
				 s->side_name);
	}
	*ret_week = weeks[count - 1].week;
	return true;
}

/* --- text --- */

static double share(uint64_t part, uint64_t whole)
{
	return whole > 0 ? (double)part / (double)whole : 0;
}

static uint64_t absent(const struct stats_shift_side *side)
{
	return side->documents - side->with - side->with_null;
}

static const char *usual_type(const struct stats_shift_side *side)
{
	static const char *const names[SHIFT_TYPE_COUNT] = {"boolean", "number", "text", "list", "object"};
	int usual = 0;
	uint64_t sum = 0;
	for (int i = 0; i < SHIFT_TYPE_COUNT; i++) {
		usual = side->types[i] > side->types[usual] ? i : usual;
		sum += side->types[i];
	}
	return sum > 0 ? names[usual] : "-";
}

static void print_field(const struct profile_field_week *field, bool has_reference)
{
	const struct stats_shift_side *week = &field->counts.week;
	const struct stats_shift_side *before = &field->counts.reference;
	char texts[24] = "";
	if (field->is_open) {
		snprintf(texts, sizeof(texts), "many");
	} else if (field->texts > 0) {
		snprintf(texts, sizeof(texts), "%zu", field->texts);
	}
	printf("%-*s %8s %7.2f %7.2f", POINTER_WIDTH, field->pointer[0] != '\0' ? field->pointer : "(the document)",
	       usual_type(week), 100 * share(week->with_null, week->documents),
	       100 * share(absent(week), week->documents));
	if (has_reference) {
		printf(" %7.2f %7.2f", 100 * share(before->with_null, before->documents),
		       100 * share(absent(before), before->documents));
	}
	printf(" %7s  %s\n", texts, field->found_count > 0 ? "changed" : "");
}

static void print_test(const struct profile_week *week, const struct stats_shift_test *test)
{
	printf("  %-*s %-8s p %.2g after correction, ", POINTER_WIDTH, week->fields[test->field].pointer,
	       profile_check_name((int)test->check), test->adjusted);
	if (test->has_shares) {
		printf("difference %+.3f (%+.3f to %+.3f)\n", test->effect, test->interval.low, test->interval.high);
	} else {
		printf("%s %.3f, PSI %.3f (limit %.3f), Jensen-Shannon %.3f bits\n",
		       test->check == CHECK_VALUES ? "Cramer's V" : "KS distance", test->effect, test->psi,
		       test->psi_limit, test->js);
	}
	printf("    %s\n", test->sentence);
}

static void print_tests(const struct profile_week *week)
{
	if (week->reference.id == 0) {
		puts("no reference yet, so nothing is tested; the first weeks become it, see profile.reference_weeks");
		return;
	}
	if (!week->is_intact) {
		puts("the reference was changed in the store after it was frozen, so nothing is tested; freeze "
		     "another");
		return;
	}
	if (week->week <= week->reference.to_week) {
		puts("this week is not behind the reference; what follows opened no incident");
	}
	printf("%zu tests, %zu found data drift (false discovery rate 0.05 within this week and side)\n",
	       week->test_count, week->found_count);
	size_t shown = week->found_count < TESTS_SHOWN ? week->found_count : TESTS_SHOWN;
	for (size_t i = 0; i < shown; i++) {
		print_test(week, &week->tests[i]);
	}
	if (shown < week->found_count) {
		printf("  and %zu more; --json has all\n", week->found_count - shown);
	}
}

static void print_week(const struct showing *s)
{
	const struct profile_week *week = &s->week;
	bool has_reference = week->reference.id != 0;
	char name[CLOCK_TEXT_SIZE];
	printf("%s, side %s, %s: %llu %s of production", s->opened.contract->interface, s->side_name,
	       clock_week_format(week->week, name), (unsigned long long)week->messages,
	       s->side == PROFILE_MESSAGE ? "messages" : "replies");
	if (week->left_out > 0) {
		printf("; %llu values beyond the limits are not profiled", (unsigned long long)week->left_out);
	}
	puts("");
	if (has_reference) {
		char to[CLOCK_TEXT_SIZE];
		char at[CLOCK_TEXT_SIZE];
		printf("reference: %s to %s, %lld, frozen %s by %s\n",
		       clock_week_format(week->reference.from_week, name),
		       clock_week_format(week->reference.to_week, to), (long long)week->reference.messages,
		       clock_format_date(week->reference.frozen_at, at), week->reference.actor);
	}
	printf("%-*s %8s %7s %7s%s %7s\n", POINTER_WIDTH, "field", "type", "null %", "absent",
	       has_reference ? "  before  before" : "", "texts");
	for (size_t i = 0; i < week->field_count; i++) {
		print_field(&week->fields[i], has_reference);
	}
	print_tests(week);
}

/* --- JSON --- */

static void build_side(struct json_build *build, const char *name, const struct stats_shift_side *side)
{
	static const char *const types[SHIFT_TYPE_COUNT] = {"boolean", "number", "text", "list", "object"};
	json_build_object(build, name);
	json_build_integer(build, "documents", (int64_t)side->documents);
	json_build_integer(build, "with", (int64_t)side->with);
	json_build_integer(build, "null", (int64_t)side->with_null);
	json_build_integer(build, "absent", (int64_t)absent(side));
	json_build_object(build, "values");
	for (int i = 0; i < SHIFT_TYPE_COUNT; i++) {
		json_build_integer(build, types[i], (int64_t)side->types[i]);
	}
	json_build_end(build);
	json_build_end(build);
}

static void build_fields(struct json_build *build, const struct profile_week *week)
{
	json_build_array(build, "fields");
	for (size_t i = 0; i < week->field_count; i++) {
		const struct profile_field_week *field = &week->fields[i];
		json_build_object(build, NULL);
		json_build_text(build, "pointer", field->pointer);
		json_build_boolean(build, "texts_are_told_apart", !field->is_open);
		json_build_integer(build, "texts", (int64_t)field->texts);
		json_build_integer(build, "found", (int64_t)field->found_count);
		build_side(build, "week", &field->counts.week);
		if (week->reference.id != 0) {
			build_side(build, "reference", &field->counts.reference);
		}
		json_build_end(build);
	}
	json_build_end(build);
}

static void build_test(struct json_build *build, const struct profile_week *week, const struct stats_shift_test *test)
{
	json_build_object(build, NULL);
	json_build_text(build, "pointer", week->fields[test->field].pointer);
	json_build_boolean(build, "found", test->found);
	profile_test_build(build, test);
	json_build_end(build);
}

static void build_reference(struct json_build *build, const struct store_reference *reference, bool is_intact)
{
	char text[CLOCK_TEXT_SIZE];
	if (reference->id == 0) {
		json_build_null(build, "reference");
		return;
	}
	json_build_object(build, "reference");
	json_build_text(build, "from", clock_week_format(reference->from_week, text));
	json_build_text(build, "to", clock_week_format(reference->to_week, text));
	json_build_integer(build, "documents", reference->messages);
	json_build_text(build, "frozen_at", clock_format(reference->frozen_at, text));
	json_build_text(build, "by", reference->actor);
	json_build_text(build, "note", reference->note);
	json_build_boolean(build, "as_it_was_frozen", is_intact);
	json_build_end(build);
}

static bool print_json(const struct showing *s, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	const struct profile_week *week = &s->week;
	char name[CLOCK_TEXT_SIZE];
	struct json_build *build = json_build_create();
	json_build_text(build, "interface", s->opened.contract->interface);
	json_build_text(build, "side", s->side_name);
	json_build_text(build, "week", clock_week_format(week->week, name));
	json_build_integer(build, "documents", (int64_t)week->messages);
	json_build_integer(build, "values_not_profiled", (int64_t)week->left_out);
	build_reference(build, &week->reference, week->is_intact);
	build_fields(build, week);
	json_build_array(build, "tests");
	for (size_t i = 0; i < week->test_count; i++) {
		build_test(build, week, &week->tests[i]);
	}
	json_build_end(build);
	bool done = json_build_write(build, 2, &text, err);
	json_build_destroy(build);
	if (done) {
		puts(text.data);
	}
	return done;
}

static bool show(struct showing *s, const struct profile_options *o, struct error *err)
{
	int32_t week = 0;
	if (!store_begin_read(s->opened.store, err)) {
		return false;
	}
	bool done = find_interface(s, err) && find_side(s, o->side, err) && choose_week(s, o->week, &week, err) &&
		    profile_week_read(s->opened.store, s->interface_id, s->side, week, &s->arena, &s->week, err);
	store_rollback(s->opened.store);
	if (!done) {
		return false;
	}
	if (o->json) {
		return print_json(s, err);
	}
	print_week(s);
	return true;
}

/* --- what was found when weeks were closed --- */

/* The name of a side, as --side takes it. */
static bool name_side(const struct showing *s, int64_t side, const char **ret_name, struct error *err)
{
	const struct contract *contract = s->opened.contract;
	*ret_name = side == PROFILE_MESSAGE ? "request" : "legacy";
	for (size_t i = 0; i < contract->candidate_count && side > PROFILE_LEGACY; i++) {
		int64_t id = 0;
		struct error missing = ERROR_INIT;
		*ret_name = "a former candidate";
		if (!store_candidate(s->opened.store, s->interface_id, span_of(contract->candidates[i].name), &id,
				     &missing) &&
		    missing.code != ERROR_MISSING) {
			*err = missing;
			return false;
		}
		if (id == side) {
			*ret_name = contract->candidates[i].name;
			return true;
		}
	}
	return true;
}

static bool print_finding(const struct showing *s, const struct profile_finding *finding, bool json, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	const char *side;
	char week[CLOCK_TEXT_SIZE];
	if (!name_side(s, finding->side, &side, err)) {
		return false;
	}
	clock_week_format(finding->week, week);
	if (!json) {
		printf("%s  %s  %s  %s\n", week, side, profile_check_name((int)finding->check), finding->sentence);
		return true;
	}
	struct json_build *build = json_build_create();
	json_build_text(build, "week", week);
	json_build_text(build, "side", side);
	json_build_text(build, "pointer", finding->pointer);
	json_build_text(build, "check", profile_check_name((int)finding->check));
	json_build_number(build, "p_adjusted", finding->adjusted);
	json_build_number(build, "effect", finding->effect);
	json_build_text(build, "sentence", finding->sentence);
	bool done = json_build_write(build, 0, &text, err);
	json_build_destroy(build);
	if (done) {
		puts(text.data);
	}
	return done;
}

/* "Nothing was found" is no news where nothing was tested. */
static bool print_tested(struct showing *s, struct error *err)
{
	struct profile_tested *sides = NULL;
	size_t count = 0;
	if (!profile_tested_read(s->opened.store, s->interface_id, &s->arena, &sides, &count, err)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		const char *side;
		char texts[3][CLOCK_TEXT_SIZE];
		if (!name_side(s, sides[i].side, &side, err)) {
			return false;
		}
		printf("%s: tested up to %s, %lld tests then, against %s to %s\n", side,
		       clock_week_format(sides[i].week, texts[0]), (long long)sides[i].tests,
		       clock_week_format(sides[i].from_week, texts[1]), clock_week_format(sides[i].to_week, texts[2]));
	}
	if (count == 0) {
		puts("no week was tested yet");
	}
	return true;
}

static bool list(struct showing *s, const struct profile_options *o, struct error *err)
{
	struct profile_finding *findings = NULL;
	size_t count = 0;
	size_t total = 0;
	int32_t from = 0;
	int32_t to = INT32_MAX;
	if ((o->from != NULL && !read_week(o->from, "--from", &from, err)) ||
	    (o->to != NULL && !read_week(o->to, "--to", &to, err)) || !find_interface(s, err) ||
	    !profile_findings_read(s->opened.store, s->interface_id, from, to, FINDINGS_MAX, &s->arena, &findings,
				   &count, &total, err)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!print_finding(s, &findings[i], o->json, err)) {
			return false;
		}
	}
	if (count < total) {
		fprintf(stderr, "%zu more; narrow it down with --from and --to\n", total - count);
	}
	return o->json || print_tested(s, err);
}

/* --- freezing --- */

static bool freeze_side(struct showing *s, const struct store_freeze *freeze, size_t *frozen, struct error *err)
{
	int64_t messages = 0;
	if (!store_profile_freeze(s->opened.store, freeze, &messages, err)) {
		return false;
	}
	*frozen += messages > 0;
	return true;
}

/* One side, or all that have something in these weeks. */
static bool freeze_sides(struct showing *s, const struct profile_options *o, struct store_freeze *freeze,
			 size_t *frozen, struct error *err)
{
	if (!find_interface(s, err)) {
		return false;
	}
	freeze->interface_id = s->interface_id;
	const struct contract *contract = s->opened.contract;
	const char *names[] = {"request", "legacy"};
	for (size_t i = 0; i < contract->candidate_count + 2; i++) {
		const char *name = i < 2 ? names[i] : contract->candidates[i - 2].name;
		if (o->side != NULL && strcmp(o->side, name) != 0) {
			continue;
		}
		if (!find_side(s, name, err)) {
			return false;
		}
		freeze->side = s->side;
		if (!freeze_side(s, freeze, frozen, err)) {
			return false;
		}
	}
	return true;
}

static bool freeze(struct showing *s, const struct profile_options *o, struct error *err)
{
	size_t frozen = 0;
	struct store_freeze freeze = {.at = clock_now(), .actor = span_of(o->actor), .note = span_of(o->note)};
	if (!read_week(o->from, "--from", &freeze.from_week, err) || !read_week(o->to, "--to", &freeze.to_week, err)) {
		return false;
	}
	if (freeze.from_week > freeze.to_week) {
		return error_set(err, ERROR_USAGE, "--from is after --to; exchange them");
	}
	if (!store_begin(s->opened.store, err)) {
		return false;
	}
	bool done = freeze_sides(s, o, &freeze, &frozen, err);
	if (done && frozen == 0) {
		done = error_set(err, ERROR_MISSING,
				 "nothing was counted in these weeks; `understudy profile show` "
				 "names the last one that has something");
	}
	if (!done || !store_commit(s->opened.store, err)) {
		store_rollback(s->opened.store);
		return false;
	}
	printf("%s to %s is the reference of %zu side%s now; weeks after it are held against it\n", o->from, o->to,
	       frozen, frozen == 1 ? "" : "s");
	return true;
}

/* --- entry --- */

/* One subcommand. */
struct verb {
	const char *name;
	bool (*run)(struct showing *s, const struct profile_options *o, struct error *err);
	enum open_store mode;
};

static const struct verb VERBS[] = {
	{"show", show, OPEN_READ_ONLY}, {"list", list, OPEN_READ_ONLY}, {"freeze", freeze, OPEN_READ_WRITE}};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < sizeof(VERBS) / sizeof(VERBS[0]); i++) {
		if (strcmp(VERBS[i].name, name) == 0) {
			return &VERBS[i];
		}
	}
	return NULL;
}

static int work(const struct profile_options *o, const struct verb *verb)
{
	struct error err = ERROR_INIT;
	struct showing s = {.arena = ARENA_INIT(ARENA_MAX)};
	if (!opened_init(&s.opened, o->config, o->interface, verb->mode, &err)) {
		return command_fail(&err);
	}
	bool done = verb->run(&s, o, &err);
	opened_finish(&s.opened);
	arena_finish(&s.arena);
	return done ? EXIT_OK : command_fail(&err);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct profile_options o = {.actor = "", .note = ""};
	const char *operands[1] = {""};
	const struct option_row rows[] = {
		{"config", 'c', OPTION_TEXT, &o.config, "FILE", "the installation's understudy.yaml"},
		{"interface", 'i', OPTION_TEXT, &o.interface, "NAME", "which interface, where there are several"},
		{"side", 0, OPTION_TEXT, &o.side, "SIDE",
		 "request, legacy, or a candidate's name (show: request; freeze: all)"},
		{"week", 0, OPTION_TEXT, &o.week, "WEEK", "show: which week, as 2026-W47 (the last one)"},
		{"from", 0, OPTION_TEXT, &o.from, "WEEK",
		 "list: from this week on; freeze: first week of the reference"},
		{"to", 0, OPTION_TEXT, &o.to, "WEEK", "list: up to this week; freeze: its last week"},
		{"by", 0, OPTION_TEXT, &o.actor, "NAME", "freeze: who does it; kept"},
		{"note", 0, OPTION_TEXT, &o.note, "TEXT", "freeze: why; kept"},
		{"json", 0, OPTION_FLAG, &o.json, NULL,
		 "show: print JSON, with every test; list: one JSON object a line"},
	};
	struct options options = {
		.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0]), .operands = operands, .operand_max = 1};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	const struct verb *verb = find_verb(operands[0]);
	if (verb == NULL) {
		return command_usage(command, "say show, list or freeze");
	}
	if (o.config == NULL) {
		return command_usage(command, "-c FILE is missing");
	}
	if (verb->run == freeze && (o.from == NULL || o.to == NULL || o.actor[0] == '\0')) {
		return command_usage(command, "freeze needs --from WEEK, --to WEEK and --by NAME");
	}
	return work(&o, verb);
}

const struct command command_profile = {
	.name = "profile",
	.summary = "data drift: the values of messages and replies by week, held against a frozen reference",
	.synopsis = "show|list|freeze -c FILE [--interface NAME] [--side SIDE] [--week WEEK]",
	.example = "understudy profile show -c understudy.yaml --side request",
	.run = run,
};
