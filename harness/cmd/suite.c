/* understudy suite: the official JSON-Schema-Test-Suite, or a folder in its layout, against our validator. */
#include "harness/cmd/command.h"

#include "evaluators/schema/schema.h"
#include "harness/base/file.h"
#include "harness/base/text.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { FILE_MAX = 64 * 1024 * 1024, DEPTH_MAX = 16, VIOLATIONS_MAX = 20 };
static const size_t ARENA_MAX = (size_t)1024 * 1024 * 1024;
static const char REMOTE_BASE[] = "http://localhost:1234/"; /* where the suite's tests expect the remotes */

struct suite {
	struct schema_options options;
	struct schema_registry *registry;
	struct arena arena; /* of the file at work */
	struct arena kept;  /* of the remotes */
	size_t passed;
	size_t failed;
	struct error err;
};

/* A file found in a folder; `relative` is its path below the folder where the walk began. */
typedef bool visit_file(struct suite *suite, const char *path, const char *relative);

static bool has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name);
	size_t end = strlen(suffix);
	return length >= end && strcmp(name + length - end, suffix) == 0;
}

static bool read_document(struct suite *suite, struct arena *arena, const char *path, const struct json_node **ret_root)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(FILE_MAX);
	if (!file_read(path, &text, &suite->err)) {
		return false;
	}
	char *copy = arena_copy(arena, buffer_span(&text));
	if (copy == NULL) {
		error_set(&suite->err, ERROR_MEMORY, "no memory for the file");
	}
	if (copy == NULL || !json_parse(arena, (struct span){copy, text.length}, NULL, ret_root, &suite->err)) {
		error_add_file(&suite->err, path);
		return false;
	}
	return true;
}

/* Files and folders below `path` in the order of their names. */
static bool walk(struct suite *suite, const char *path, const char *relative, int depth, visit_file *visit)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, NULL, alphasort);
	if (count < 0) {
		return error_set(&suite->err, ERROR_MISSING, "%s is no folder that can be read; name one with tests",
				 path);
	}
	bool good = depth < DEPTH_MAX ||
		    error_set(&suite->err, ERROR_LIMIT, "folders deeper than %d in each other", DEPTH_MAX);
	for (int i = 0; i < count; i++) {
		char inner[PATH_MAX];
		char below[PATH_MAX];
		struct stat status;
		const char *name = entries[i]->d_name;
		int length = snprintf(inner, sizeof(inner), "%s/%s", path, name);
		snprintf(below, sizeof(below), "%s%s%s", relative, relative[0] != 0 ? "/" : "", name);
		if (good && name[0] != '.' && length < PATH_MAX && stat(inner, &status) == 0) {
			good = S_ISDIR(status.st_mode)     ? walk(suite, inner, below, depth + 1, visit)
			       : has_suffix(name, ".json") ? visit(suite, inner, below)
							   : true;
		}
		free(entries[i]);
	}
	free(entries);
	return good;
}

static bool register_remote(struct suite *suite, const char *path, const char *relative)
{
	const struct json_node *document = NULL;
	char uri[PATH_MAX + sizeof(REMOTE_BASE)];
	if (!read_document(suite, &suite->kept, path, &document)) {
		return false;
	}
	snprintf(uri, sizeof(uri), "%s%s", REMOTE_BASE, relative);
	return schema_registry_add(suite->registry, span_of(uri), document, &suite->err);
}

static void tell_failure(const char *path, const struct json_node *group, struct span test, const char *what)
{
	struct span description = json_text(json_get_text(group, "description"));
	fprintf(stderr, "%s: %.*s: %.*s: %s\n", path, SPAN_ARGUMENTS(description), SPAN_ARGUMENTS(test), what);
}

/* With and without a report the answer must be the same. */
static void run_test(struct suite *suite, const char *path, const struct json_node *group, const struct schema *schema,
		     const struct json_node *test)
{
	bool expected = json_is(json_get_text(test, "valid"), JSON_TRUE);
	const struct json_node *data = json_get_text(test, "data");
	struct schema_report report;
	schema_report_init(&report, &suite->arena, VIOLATIONS_MAX);
	bool quick = data != NULL && schema_validate(schema, data, NULL);
	bool full = data != NULL && schema_validate(schema, data, &report);
	if (quick == expected && full == expected) {
		suite->passed++;
		return;
	}
	suite->failed++;
	tell_failure(path, group, json_text(json_get_text(test, "description")),
		     expected ? report.count > 0 ? report.list[0].sentence : "must be valid" : "must be invalid");
}

static bool run_file(struct suite *suite, const char *path, const char *relative)
{
	(void)relative;
	const struct json_node *groups = NULL;
	arena_reset(&suite->arena);
	if (!read_document(suite, &suite->arena, path, &groups)) {
		return false;
	}
	for (const struct json_node *group = json_first(groups); group != NULL; group = json_next(groups, group)) {
		const struct json_node *document = json_get_text(group, "schema");
		const struct json_node *tests = json_get_text(group, "tests");
		struct error err = ERROR_INIT;
		struct schema *schema = document != NULL ? schema_create(document, &suite->options, &err) : NULL;
		if (schema == NULL) {
			tell_failure(path, group, SPAN("the schema"), err.message);
			suite->failed += json_count(tests);
			continue;
		}
		for (const struct json_node *test = json_first(tests); test != NULL; test = json_next(tests, test)) {
			run_test(suite, path, group, schema, test);
		}
		schema_destroy(schema);
	}
	return true;
}

/* The folder "remotes" beside "tests", of which `directory` is a part. */
static bool find_remotes(const char *directory, char found[PATH_MAX])
{
	char folder[PATH_MAX];
	if (realpath(directory, folder) == NULL) {
		return false;
	}
	for (char *slash = strrchr(folder, '/'); slash != NULL; slash = strrchr(folder, '/')) {
		struct stat status;
		*slash = 0;
		int length = snprintf(found, PATH_MAX, "%s/remotes", folder);
		if (length < PATH_MAX && stat(found, &status) == 0 && S_ISDIR(status.st_mode)) {
			return true;
		}
	}
	return false;
}

static int run_suite(struct suite *suite, const char *directory, const char *remotes)
{
	char found[PATH_MAX];
	if (remotes == NULL && find_remotes(directory, found)) {
		remotes = found;
	}
	suite->registry = schema_registry_create();
	suite->options.registry = suite->registry;
	bool good = suite->registry != NULL && (remotes == NULL || walk(suite, remotes, "", 0, register_remote)) &&
		    walk(suite, directory, "", 0, run_file);
	schema_registry_destroy(suite->registry);
	if (!good) {
		return command_fail(&suite->err);
	}
	printf("%zu passed, %zu failed\n", suite->passed, suite->failed);
	return suite->failed == 0 ? EXIT_OK : EXIT_NO_GO;
}

static int run(const struct command *command, int argc, char **argv)
{
	const char *draft = "2020-12";
	const char *remotes = NULL;
	const char *operands[1];
	struct suite suite = {.options = {.unknown = SCHEMA_UNKNOWN_IGNORE},
			      .arena = ARENA_INIT(ARENA_MAX),
			      .kept = ARENA_INIT(ARENA_MAX),
			      .err = ERROR_INIT};
	const struct option_row rows[] = {
		{"draft", 0, OPTION_TEXT, &draft, "DRAFT", "2020-12 (the default), 2019-09, 7 or 6"},
		{"format-assertion", 0, OPTION_FLAG, &suite.options.assert_format, NULL, "\"format\" is an assertion"},
		{"remotes", 0, OPTION_TEXT, &remotes, "DIR",
		 "documents at http://localhost:1234/; the folder remotes beside tests where not given"},
	};
	struct options options = {
		.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0]), .operands = operands, .operand_max = 1};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (options.operand_count != 1) {
		return command_usage(command, "say the folder with the tests");
	}
	if (!schema_draft_from_name(span_of(draft), &suite.options.draft)) {
		return command_usage(command, "there is no draft \"%s\" here; say 2020-12, 2019-09, 7 or 6", draft);
	}
	status = run_suite(&suite, operands[0], remotes);
	arena_finish(&suite.arena);
	arena_finish(&suite.kept);
	return status;
}

const struct command command_suite = {
	.name = "suite",
	.summary = "run tests in the layout of the official JSON-Schema-Test-Suite",
	.synopsis = "[--draft DRAFT] [--format-assertion] [--remotes DIR] DIR",
	.example = "understudy suite --draft 7 JSON-Schema-Test-Suite/tests/draft7",
	.run = run,
};
