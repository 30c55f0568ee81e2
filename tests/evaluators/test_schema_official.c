/* The official JSON-Schema-Test-Suite where it lies beside the checkout: every required test of every draft that is
 * there passes, with a report and without. */
#include "documents.h"
#include "suites.h"

#include "evaluators/schema/schema.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static struct arena arena;
static struct schema_registry *registry;

static void setup(void)
{
	arena_init(&arena, (size_t)1 << 30);
	registry = schema_registry_create();
}

static void teardown(void)
{
	schema_registry_destroy(registry);
	arena_finish(&arena);
}

typedef void visit_file(const char *path, const char *relative);

/* Files ending in .json, and with `deep` those of the folders inside too. Paths are below the shared folder. */
static size_t walk(const char *path, const char *relative, bool deep, visit_file *visit)
{
	const char *shared = getenv("UNDERSTUDY_SHARED");
	char folder[1200];
	struct dirent **entries = NULL;
	size_t visited = 0;
	snprintf(folder, sizeof(folder), "%s/%s", shared != NULL ? shared : "../shared", path);
	int count = scandir(folder, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		char inner[1000];
		char below[500];
		const char *name = entries[i]->d_name;
		size_t length = strlen(name);
		snprintf(inner, sizeof(inner), "%s/%s", path, name);
		snprintf(below, sizeof(below), "%s%s%s", relative, relative[0] != 0 ? "/" : "", name);
		if (length > 5 && strcmp(name + length - 5, ".json") == 0) {
			visit(inner, below);
			visited++;
		} else if (deep && name[0] != '.') {
			visited += walk(inner, below, deep, visit);
		}
		free(entries[i]);
	}
	free(entries);
	return visited;
}

static void register_remote(const char *path, const char *relative)
{
	char uri[600];
	struct error err = ERROR_INIT;
	snprintf(uri, sizeof(uri), "http://localhost:1234/%s", relative);
	ck_assert_msg(schema_registry_add(registry, span_of(uri), document_shared(&arena, path), &err), "%s",
		      err.message);
}

static struct schema_options options;
static size_t groups_run;
static size_t cases_run;

static void run_case(const struct schema *schema, const struct json_node *group, const struct json_node *test)
{
	bool expected = json_is(json_get_text(test, "valid"), JSON_TRUE);
	const struct json_node *data = json_get_text(test, "data");
	struct schema_report report;
	schema_report_init(&report, &arena, 10);
	bool quick = schema_validate(schema, data, NULL);
	bool full = schema_validate(schema, data, &report);
	ck_assert_msg(quick == expected && full == expected && (report.count == 0) == expected, "%.*s: %.*s",
		      SPAN_ARGUMENTS(json_text(json_get_text(group, "description"))),
		      SPAN_ARGUMENTS(json_text(json_get_text(test, "description"))));
	/* strict reading tells more and judges the same */
	struct schema_report strict;
	schema_report_init(&strict, &arena, 10);
	strict.strict = true;
	ck_assert(schema_validate(schema, data, &strict) == expected);
	ck_assert_uint_eq(strict.total, report.total);
	cases_run++;
}

static void run_file(const char *path, const char *relative)
{
	(void)relative;
	const struct json_node *groups = document_shared(&arena, path);
	for (const struct json_node *group = json_first(groups); group != NULL; group = json_next(groups, group)) {
		const struct json_node *tests = json_get_text(group, "tests");
		struct error err = ERROR_INIT;
		struct schema *schema = schema_create(json_get_text(group, "schema"), &options, &err);
		ck_assert_msg(schema != NULL, "%s: %.*s: %s", path,
			      SPAN_ARGUMENTS(json_text(json_get_text(group, "description"))), err.message);
		for (const struct json_node *test = json_first(tests); test != NULL; test = json_next(tests, test)) {
			run_case(schema, group, test);
		}
		schema_destroy(schema);
		groups_run++;
	}
}

static const struct {
	const char *folder;
	enum schema_draft draft;
	bool is_shared; /* of the shared material; the others are run where somebody has put them there */
} drafts[] = {
	{"draft2020-12", SCHEMA_DRAFT_2020_12, true},
	{"draft2019-09", SCHEMA_DRAFT_2019_09, false},
	{"draft7", SCHEMA_DRAFT_7, true},
	{"draft6", SCHEMA_DRAFT_6, false},
};

START_TEST(required_tests)
{
	static const char suite[] = "data/JSON-Schema-Test-Suite";
	char path[200];
	snprintf(path, sizeof(path), "%s/remotes", suite);
	walk(path, "", true, register_remote);
	options = (struct schema_options){
		.draft = drafts[_i].draft, .unknown = SCHEMA_UNKNOWN_IGNORE, .registry = registry};
	snprintf(path, sizeof(path), "%s/tests/%s", suite, drafts[_i].folder);
	if (walk(path, "", false, run_file) == 0) {
		printf("%s: no %s beside the checkout\n", drafts[_i].is_shared ? "skipped" : "not run", path);
		return;
	}
	ck_assert_uint_gt(cases_run, 500);
	printf("official suite, %s: %zu cases of %zu groups\n", drafts[_i].folder, cases_run, groups_run);
}
END_TEST

Suite *schema_official_suite(void)
{
	Suite *suite = suite_create("schema: official suite");
	TCase *cases = tcase_create("files");
	tcase_set_timeout(cases, 60);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_loop_test(cases, required_tests, 0, sizeof(drafts) / sizeof(drafts[0]));
	suite_add_tcase(suite, cases);
	return suite;
}
