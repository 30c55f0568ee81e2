/* The official JSON-Schema-Test-Suite, all of its 2020-12 files: a group whose schema uses supported keywords alone
 * must pass in every case, every other group must be refused. */
#include "documents.h"
#include "suites.h"

#include "evaluators/schema/schema.h"

#include <stdio.h>

static struct arena arena;

struct tally {
	int passed_groups;
	int passed_cases;
	int refused_groups;
};

static void setup(void)
{
	arena_init(&arena, (size_t)256 << 20);
}

static void teardown(void)
{
	arena_finish(&arena);
}

static const char *const schema_keywords[] = {
	"type",      "enum",      "const",    "required",         "properties", "additionalProperties",
	"items",     "minItems",  "maxItems", "minimum",          "maximum",    "exclusiveMinimum",
	"minLength", "maxLength", "pattern",  "exclusiveMaximum", "$schema",    "$id",
	"$comment",  "title",     "default",  "description",      "examples",   "deprecated",
	"readOnly",  "writeOnly",
};

static bool is_listed(struct span name)
{
	for (size_t i = 0; i < sizeof(schema_keywords) / sizeof(schema_keywords[0]); i++) {
		if (span_is(name, schema_keywords[i])) {
			return true;
		}
	}
	return false;
}

/* The test's own reading of the schema, to know which groups must compile. */
static bool is_supported(const struct json_node *schema)
{
	bool supported = true;
	for (const struct json_node *name = json_first(schema); name != NULL && json_is(schema, JSON_OBJECT);
	     name = json_next(schema, name)) {
		struct span keyword = json_text(name);
		const struct json_node *value = json_member(name);
		supported = supported && is_listed(keyword);
		if (span_is(keyword, "$schema")) {
			supported =
				supported && span_is(json_text(value), "https://json-schema.org/draft/2020-12/schema");
		} else if (span_is(keyword, "items") || span_is(keyword, "additionalProperties")) {
			supported = supported && is_supported(value);
		} else if (span_is(keyword, "properties")) {
			for (const struct json_node *property = json_first(value); property != NULL;
			     property = json_next(value, property)) {
				supported = supported && is_supported(json_member(property));
			}
		}
	}
	return supported;
}

static int run_cases(const struct schema *schema, const struct json_node *group)
{
	const struct json_node *tests = json_get_text(group, "tests");
	int count = 0;
	for (const struct json_node *test = json_first(tests); test != NULL; test = json_next(tests, test)) {
		bool expected = json_is(json_get_text(test, "valid"), JSON_TRUE);
		const struct json_node *data = json_get_text(test, "data");
		struct schema_report report;
		schema_report_init(&report, &arena, 10);
		bool quick = schema_validate(schema, data, NULL);
		bool full = schema_validate(schema, data, &report);
		ck_assert_msg(quick == expected && full == expected && (report.count == 0) == expected, "%.*s: %.*s",
			      SPAN_ARGUMENTS(json_text(json_get_text(group, "description"))),
			      SPAN_ARGUMENTS(json_text(json_get_text(test, "description"))));
		count++;
	}
	return count;
}

static void run_group(const struct json_node *group, struct tally *tally)
{
	const struct json_node *document = json_get_text(group, "schema");
	struct span description = json_text(json_get_text(group, "description"));
	struct error err = ERROR_INIT;
	struct schema *schema = schema_create(document, &err);
	ck_assert_msg((schema != NULL) == is_supported(document), "%.*s: %s", SPAN_ARGUMENTS(description), err.message);
	if (schema == NULL) {
		ck_assert_int_eq(err.code, ERROR_CONFIG);
		tally->refused_groups++;
		return;
	}
	tally->passed_groups++;
	tally->passed_cases += run_cases(schema, group);
	schema_destroy(schema);
}

static bool run_file(const char *name, struct tally *tally)
{
	char path[200];
	snprintf(path, sizeof(path), "data/JSON-Schema-Test-Suite/tests/draft2020-12/%s.json", name);
	const struct json_node *groups = document_shared(&arena, path);
	for (const struct json_node *group = json_first(groups); group != NULL; group = json_next(groups, group)) {
		run_group(group, tally);
	}
	return groups != NULL;
}

START_TEST(supported_keywords)
{
	static const char *const files[] = {
		"type",      "enum",           "const",
		"required",  "properties",     "additionalProperties",
		"items",     "minItems",       "maxItems",
		"minimum",   "maximum",        "exclusiveMinimum",
		"minLength", "maxLength",      "pattern",
		"default",   "content",        "exclusiveMaximum",
		"format",    "boolean_schema", "infinite-loop-detection",
	};
	struct tally all = {0, 0, 0};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct tally tally = {0, 0, 0};
		if (!run_file(files[i], &tally)) {
			return;
		}
		if (is_listed(span_of(files[i]))) {
			ck_assert_msg(tally.passed_cases > 0, "%s", files[i]);
		}
		all.passed_groups += tally.passed_groups;
		all.passed_cases += tally.passed_cases;
		all.refused_groups += tally.refused_groups;
	}
	ck_assert_int_gt(all.passed_groups, 50);
	ck_assert_int_gt(all.refused_groups, 10);
	printf("official suite, files of supported keywords: %d groups (%d cases) right, %d groups refused\n",
	       all.passed_groups, all.passed_cases, all.refused_groups);
}
END_TEST

START_TEST(other_keywords)
{
	static const char *const files[] = {
		"allOf",
		"anchor",
		"anyOf",
		"contains",
		"defs",
		"dependentRequired",
		"dependentSchemas",
		"dynamicRef",
		"if-then-else",
		"maxContains",
		"maxProperties",
		"minContains",
		"minProperties",
		"multipleOf",
		"not",
		"oneOf",
		"patternProperties",
		"prefixItems",
		"propertyNames",
		"ref",
		"refRemote",
		"unevaluatedItems",
		"unevaluatedProperties",
		"uniqueItems",
		"vocabulary",
	};
	struct tally tally = {0, 0, 0};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (!run_file(files[i], &tally)) {
			return;
		}
	}
	ck_assert_int_gt(tally.refused_groups, 200);
	printf("official suite, files of other keywords: %d groups refused, %d groups (%d cases) right\n",
	       tally.refused_groups, tally.passed_groups, tally.passed_cases);
}
END_TEST

Suite *schema_official_suite(void)
{
	Suite *suite = suite_create("schema: official suite");
	TCase *cases = tcase_create("files");
	tcase_set_timeout(cases, 30);
	tcase_add_checked_fixture(cases, setup, teardown);
	tcase_add_test(cases, supported_keywords);
	tcase_add_test(cases, other_keywords);
	suite_add_tcase(suite, cases);
	return suite;
}
