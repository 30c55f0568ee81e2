/* tests/onboarding/cases/NAME: samples/, perhaps outcomes.csv, .jsonl or .xlsx and answers.yaml, and `expected`: facts,
 * one a line, written by hand from how the case was made. The facts of each kind that `expected` names must be these
 * and no others. Of every case besides: the contract loads, all messages and replies keep the schemas written for them,
 * and a second run gives the same bytes. */
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/contract/contract.h"
#include "harness/onboarding/draft.h"
#include "tests/onboarding/suites.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CASES "tests/onboarding/cases"

enum { FACTS_MAX = 1 << 20, PATH_SIZE = 600 };

static struct dirent **entries;
static int entry_count;

static int is_case(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* --- one draft --- */

struct drafted {
	char samples[PATH_SIZE];
	char outcomes[PATH_SIZE];
	char answers_file[PATH_SIZE];
	const char *sample_list[1];
	struct buffer answers;
	struct draft *draft;
};

static const char *find_outcomes(const char *name, char path[PATH_SIZE])
{
	static const char *const endings[] = {"csv", "jsonl", "xlsx"};
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, PATH_SIZE, CASES "/%s/outcomes.%s", name, endings[i]);
		if (access(path, F_OK) == 0) {
			return path;
		}
	}
	return NULL;
}

static void make_draft(const char *name, struct drafted *drafted)
{
	struct error err = ERROR_INIT;
	char text[1024];
	*drafted = (struct drafted){.answers = BUFFER_INIT(1 << 16)};
	snprintf(drafted->samples, PATH_SIZE, CASES "/%s/samples", name);
	snprintf(drafted->answers_file, PATH_SIZE, CASES "/%s/answers.yaml", name);
	drafted->sample_list[0] = drafted->samples;
	if (access(drafted->answers_file, F_OK) == 0) {
		ck_assert(file_read(drafted->answers_file, &drafted->answers, NULL));
	}
	struct draft_input input = {.samples = drafted->sample_list,
				    .sample_count = 1,
				    .outcomes = find_outcomes(name, drafted->outcomes),
				    .interface = "case",
				    .answers = buffer_span(&drafted->answers),
				    .answers_file = drafted->answers_file};
	drafted->draft = draft_create(&input, &err);
	ck_assert_msg(drafted->draft != NULL, "%s: %s", name, error_text(&err, text, sizeof(text)));
}

static void finish_draft(struct drafted *drafted)
{
	draft_destroy(drafted->draft);
	buffer_finish(&drafted->answers);
}

/* --- facts --- */

static void write_what_it_is(const struct draft *draft, struct buffer *facts, struct arena *arena)
{
	const struct profile_node *root = draft->messages->root;
	buffer_append_format(facts, "identity %s\n",
			     draft->identity != NULL ? place_path(root, draft->identity, arena) : "none");
	if (draft->identity_second != NULL) {
		buffer_append_format(facts, "identity %s\n", place_path(root, draft->identity_second, arena));
	}
	buffer_append_format(facts, "event_time %s\n",
			     draft->event_time != NULL ? place_path(root, draft->event_time, arena) : "none");
	buffer_append_format(facts, "records %s%s\n", draft->items ? "item " : "document",
			     draft->items ? place_name(draft->record, draft->item_key, arena) : "");
	buffer_append_format(facts, "replay %s\n", draft_is_replayable(draft) ? "as it is" : "recording");
	buffer_append_format(facts, "messages %llu\n", (unsigned long long)draft->messages->documents);
	for (size_t i = 0; i < draft->note_count; i++) {
		buffer_append_format(facts, "note %s\n", draft->notes[i]);
	}
	for (size_t i = 0; i < draft->questions.count; i++) {
		buffer_append_format(facts, "question %s %s\n", draft->questions.list[i].id,
				     draft->questions.list[i].value);
	}
}

static void write_fields(const struct draft *draft, struct buffer *facts, struct arena *arena)
{
	static const char *const names[] = {"exact", "number", "text", "ignore"};
	for (size_t i = 0; i < draft->field_count; i++) {
		const struct draft_field *field = &draft->fields[i];
		buffer_append_format(facts, "field %s %s", field->name, names[field->compare]);
		if (field->compare == COMPARE_NUMBER) {
			buffer_append_format(facts, " %d%s", field->decimals, field->strings ? " strings" : "");
		}
		buffer_append_byte(facts, '\n');
	}
	for (size_t i = 0; i < draft->code_count; i++) {
		buffer_append_format(facts, "codes %s %zu %s\n", place_name(draft->record, draft->codes[i].node, arena),
				     draft->codes[i].count, draft->codes[i].closed ? "closed" : "open");
	}
}

static void write_data(const struct draft *draft, struct buffer *facts)
{
	size_t personal = 0;
	for (size_t i = 0; i < draft->place_count; i++) {
		buffer_append_format(facts, "%s %s\n", draft->places[i].personal ? "pii" : "internal",
				     draft->places[i].path);
		personal += draft->places[i].personal;
	}
	buffer_append_text(facts, personal == 0 ? "pii none\n" : "");
}

/* "tests/onboarding/cases/NAME/samples/a.jsonl:2: ..." to "samples/a.jsonl:2". */
static void write_faults(const struct draft *draft, struct buffer *facts)
{
	for (size_t i = 0; i < draft->samples.note_count; i++) {
		const char *place = strstr(draft->samples.notes[i], "samples/");
		ck_assert_ptr_nonnull(place);
		const char *end = strstr(place, ": ");
		ck_assert_ptr_nonnull(end);
		buffer_append_format(facts, "fault %.*s\n", (int)(end - place), place);
	}
}

static bool has_line(struct span text, struct span line)
{
	for (size_t position = 0; position < text.length;) {
		struct span rest = {text.data + position, text.length - position};
		struct span here = {rest.data, text_find(rest, SPAN("\n"))};
		if (span_equal(here, line)) {
			return true;
		}
		position += here.length + 1;
	}
	return false;
}

/* Is every line of `a`, of a kind that `b` has lines of too, a line of `b`? */
static void check_lines(const char *name, struct span a, struct span b, const char *what)
{
	for (size_t position = 0; position < a.length;) {
		struct span rest = {a.data + position, a.length - position};
		struct span line = {rest.data, text_find(rest, SPAN("\n"))};
		char kind[64];
		snprintf(kind, sizeof(kind), "%.*s ", (int)text_find(line, SPAN(" ")), line.data);
		CLEANUP_BUFFER struct buffer begin = BUFFER_INIT(128);
		buffer_append_format(&begin, "\n%s", kind);
		bool same_kind = text_starts_with(b, kind) || text_find(b, buffer_span(&begin)) < b.length;
		ck_assert_msg(!same_kind || has_line(b, line), "%s: %s: %.*s\nall facts:\n%.*s", name, what,
			      SPAN_ARGUMENTS(line), SPAN_ARGUMENTS(a));
		position += line.length + 1;
	}
}

START_TEST(facts_are_as_expected)
{
	const char *name = entries[_i]->d_name;
	char path[PATH_SIZE];
	struct drafted drafted;
	CLEANUP_BUFFER struct buffer facts = BUFFER_INIT(FACTS_MAX);
	CLEANUP_BUFFER struct buffer expected = BUFFER_INIT(FACTS_MAX);
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 24);
	snprintf(path, sizeof(path), CASES "/%s/expected", name);
	ck_assert_msg(file_read(path, &expected, NULL), "%s", path);
	make_draft(name, &drafted);
	write_what_it_is(drafted.draft, &facts, &arena);
	write_fields(drafted.draft, &facts, &arena);
	write_data(drafted.draft, &facts);
	write_faults(drafted.draft, &facts);
	check_lines(name, buffer_span(&facts), buffer_span(&expected), "not expected");
	check_lines(name, buffer_span(&expected), buffer_span(&facts), "expected, and not found");
	ck_assert_uint_gt(expected.length, 0);
	finish_draft(&drafted);
}
END_TEST

/* --- what is written --- */

struct written {
	struct buffer contract;
	struct buffer request;
	struct buffer response;
	struct buffer prompt;
};

static void write_all(const struct draft *draft, struct written *written)
{
	struct error err = ERROR_INIT;
	*written = (struct written){BUFFER_INIT(1 << 24), BUFFER_INIT(1 << 24), BUFFER_INIT(1 << 24),
				    BUFFER_INIT(1 << 24)};
	ck_assert_msg(draft_write_contract(draft, &written->contract, &err), "%s", err.message);
	ck_assert_msg(draft_write_request_schema(draft, &written->request, &err), "%s", err.message);
	ck_assert_msg(draft_write_response_schema(draft, &written->response, &err), "%s", err.message);
	ck_assert_msg(draft_write_prompt(draft, &written->prompt, &err), "%s", err.message);
}

static void finish_written(struct written *written)
{
	buffer_finish(&written->contract);
	buffer_finish(&written->request);
	buffer_finish(&written->response);
	buffer_finish(&written->prompt);
}

static void save(const char *folder, const char *name, const struct buffer *text, bool keep)
{
	char path[PATH_SIZE];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (keep) {
		ck_assert(file_write(path, buffer_span(text), 0644, NULL));
	} else {
		unlink(path);
	}
}

static void save_all(const char *folder, const struct written *written, bool keep)
{
	save(folder, "contract.yaml", &written->contract, keep);
	save(folder, "request.schema.json", &written->request, keep);
	save(folder, "response.schema.json", &written->response, keep);
	save(folder, "prompt.md", &written->prompt, keep);
}

/* Every line of the recording keeps both schemas. */
static bool check_line(void *context, struct span line, struct error *err)
{
	(void)err;
	const struct contract *contract = context;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 26);
	const struct json_node *root = NULL;
	ck_assert(json_parse(&arena, line, NULL, &root, NULL));
	const struct json_node *reply = json_get_text(root, "legacy");
	struct schema_report report;
	schema_report_init(&report, &arena, 1);
	ck_assert_msg(schema_validate(contract->request_schema, json_get_text(root, "message"), &report), "%s %s",
		      report.count > 0 ? report.list[0].instance : "", report.count > 0 ? report.list[0].sentence : "");
	schema_report_init(&report, &arena, 1);
	ck_assert_msg(reply == NULL || schema_validate(contract->response_schema, reply, &report), "%s %s",
		      report.count > 0 ? report.list[0].instance : "", report.count > 0 ? report.list[0].sentence : "");
	return true;
}

START_TEST(what_is_written_loads_and_holds)
{
	char folder[] = "/tmp/understudy-draft-XXXXXX";
	char path[PATH_SIZE];
	struct drafted drafted;
	struct written written;
	struct error err = ERROR_INIT;
	ck_assert_ptr_nonnull(mkdtemp(folder));
	make_draft(entries[_i]->d_name, &drafted);
	write_all(drafted.draft, &written);
	save_all(folder, &written, true);
	snprintf(path, sizeof(path), "%s/contract.yaml", folder);
	struct contract *contract = contract_load(path, &err);
	ck_assert_msg(contract != NULL, "%s:%d: %s\n%s", entries[_i]->d_name, err.line, err.message,
		      written.contract.data);
	ck_assert_uint_eq(contract->field_count, drafted.draft->field_count);
	ck_assert(draft_write_recording(drafted.draft, check_line, contract, &err));
	/* what is suspected to be personal stays out of every prompt */
	for (size_t i = 0; i < drafted.draft->place_count; i++) {
		const struct draft_place *place = &drafted.draft->places[i];
		char use[PATH_SIZE];
		snprintf(use, sizeof(use), "{{%s}}", place->pointer);
		ck_assert(!place->personal || strstr(written.prompt.data, use) == NULL);
	}
	contract_destroy(contract);
	save_all(folder, &written, false);
	rmdir(folder);
	finish_written(&written);
	finish_draft(&drafted);
}
END_TEST

START_TEST(twice_gives_the_same_bytes)
{
	struct drafted first;
	struct drafted second;
	struct written a;
	struct written b;
	make_draft(entries[_i]->d_name, &first);
	make_draft(entries[_i]->d_name, &second);
	write_all(first.draft, &a);
	write_all(second.draft, &b);
	ck_assert_str_eq(a.contract.data, b.contract.data);
	ck_assert_str_eq(a.request.data, b.request.data);
	ck_assert_str_eq(a.response.data, b.response.data);
	ck_assert_str_eq(a.prompt.data, b.prompt.data);
	finish_written(&a);
	finish_written(&b);
	finish_draft(&first);
	finish_draft(&second);
}
END_TEST

/* --- faults of the caller --- */

static const struct {
	const char *samples;
	const char *outcomes;
	const char *key;
	const char *interface;
	const char *answers;
	enum error_code code;
	const char *words;
} faults[] = {
	{"tickets", NULL, NULL, "no name", "", ERROR_USAGE, "no name for an interface"},
	{"tickets", "tickets/outcomes.csv", "order", NULL, "", ERROR_USAGE, "no column \"order\""},
	{"tickets", "tickets/outcomes.csv", "queue", NULL, "", ERROR_FORMAT, "no value of column \"queue\""},
	{"tickets", "items/outcomes.csv", NULL, NULL, "", ERROR_FORMAT, "no value of any column"},
	{"tickets", "tickets/expected", NULL, NULL, "", ERROR_FORMAT, ""},
	{"tickets", "tickets/none.csv", NULL, NULL, "", ERROR_MISSING, "cannot open"},
	{"tickets", NULL, NULL, NULL, "nothing: 1", ERROR_CONFIG, "was not asked"},
	{"tickets", NULL, NULL, NULL, "identity: $.nothing", ERROR_CONFIG, "none of"},
	{"tickets", "tickets/outcomes.csv", NULL, NULL, "compare.queue: near", ERROR_CONFIG, "none of"},
	{"tickets", NULL, NULL, NULL, "- a", ERROR_CONFIG, "mapping"},
	{"none", NULL, NULL, NULL, "", ERROR_MISSING, "no such file"},
	{"faults/samples/b.edi", NULL, NULL, NULL, "", ERROR_FORMAT, "EDIFACT"},
};

START_TEST(faults_say_what_to_do)
{
	char samples[PATH_SIZE];
	char outcomes[PATH_SIZE];
	struct error err = ERROR_INIT;
	snprintf(samples, sizeof(samples), CASES "/%s", faults[_i].samples);
	snprintf(outcomes, sizeof(outcomes), CASES "/%s", faults[_i].outcomes != NULL ? faults[_i].outcomes : "");
	const char *list[] = {samples};
	struct draft_input input = {.samples = list,
				    .sample_count = 1,
				    .outcomes = faults[_i].outcomes != NULL ? outcomes : NULL,
				    .key = faults[_i].key,
				    .interface = faults[_i].interface,
				    .answers = span_of(faults[_i].answers),
				    .answers_file = "answers.yaml"};
	struct draft *draft = draft_create(&input, &err);
	ck_assert_ptr_null(draft);
	ck_assert_msg(err.code == faults[_i].code && strstr(err.message, faults[_i].words) != NULL, "%d %s", err.code,
		      err.message);
}
END_TEST

START_TEST(cases_are_there)
{
	ck_assert_int_gt(entry_count, 0);
}
END_TEST

Suite *draft_suite(void)
{
	entry_count = scandir(CASES, &entries, is_case, alphasort);
	Suite *suite = suite_create("draft");
	TCase *cases = tcase_create("draft");
	int most = entry_count > 0 ? entry_count : 0;
	tcase_add_test(cases, cases_are_there);
	tcase_add_loop_test(cases, facts_are_as_expected, 0, most);
	tcase_add_loop_test(cases, what_is_written_loads_and_holds, 0, most);
	tcase_add_loop_test(cases, twice_gives_the_same_bytes, 0, most);
	tcase_add_loop_test(cases, faults_say_what_to_do, 0, sizeof(faults) / sizeof(faults[0]));
	suite_add_tcase(suite, cases);
	return suite;
}
