/* tests/contract/lint/NAME.yaml: contracts that load, with planted faults. Comments at the end say which findings must
 * come, all of them and no others:
 *	# finds FILE:LINE RULE */
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/contract/lint.h"
#include "tests/contract/suites.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define CASES "tests/contract/lint"

enum { TEXT_MAX = 1 << 16 };

static struct dirent **entries;
static int entry_count;

static int is_case(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0;
}

static int64_t moment(const char *text)
{
	int64_t time;
	ck_assert(clock_parse(span_of(text), &time));
	return time;
}

static void write_findings(const struct lint_report *report, struct buffer *text)
{
	for (size_t i = 0; i < report->count; i++) {
		const char *slash = strrchr(report->list[i].file, '/');
		buffer_append_format(text, "# finds %s:%d %s\n", slash != NULL ? slash + 1 : report->list[i].file,
				     report->list[i].line, lint_rules[report->list[i].rule].id);
	}
}

static int by_text(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* Lines that begin with "# finds", sorted, so that a new place in the order changes no test. */
static void keep_sorted(struct span text, struct buffer *ret_lines)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(TEXT_MAX * 4);
	char *lines[200];
	size_t count = 0;
	while (text.length > 0) {
		size_t end = text_find(text, SPAN("\n"));
		struct span line = {text.data, end};
		if (text_starts_with(line, "# finds ")) {
			ck_assert_uint_lt(count, 200);
			lines[count] = arena_copy(&arena, line);
			ck_assert_ptr_nonnull(lines[count++]);
		}
		size_t used = end < text.length ? end + 1 : end;
		text = (struct span){text.data + used, text.length - used};
	}
	qsort(lines, count, sizeof(lines[0]), by_text);
	for (size_t i = 0; i < count; i++) {
		buffer_append_format(ret_lines, "%s\n", lines[i]);
	}
}

static void lint(const char *path, struct arena *arena, struct lint_report *report, struct contract **ret_contract)
{
	struct error err = ERROR_INIT;
	setenv("CASE_KEY", "secret-7f3a9c", 1);
	*ret_contract = contract_load(path, &err);
	ck_assert_msg(*ret_contract != NULL, "%s:%d: %s", err.file, err.line, err.message);
	ck_assert_msg(contract_lint(*ret_contract, moment("2099-01-01T00:00:00Z"), arena, report, &err), "%s",
		      err.message);
}

START_TEST(one_case)
{
	char path[512];
	struct arena arena CLEANUP_ARENA = ARENA_INIT((size_t)256 << 20);
	struct buffer file CLEANUP_BUFFER = BUFFER_INIT(TEXT_MAX);
	struct buffer found CLEANUP_BUFFER = BUFFER_INIT(TEXT_MAX);
	struct buffer found_sorted CLEANUP_BUFFER = BUFFER_INIT(TEXT_MAX);
	struct buffer expected CLEANUP_BUFFER = BUFFER_INIT(TEXT_MAX);
	struct lint_report report;
	struct contract *contract;
	snprintf(path, sizeof(path), CASES "/%s", entries[_i]->d_name);
	ck_assert(file_read(path, &file, NULL));
	lint(path, &arena, &report, &contract);
	write_findings(&report, &found);
	keep_sorted(buffer_span(&found), &found_sorted);
	keep_sorted(buffer_span(&file), &expected);
	ck_assert_msg(span_equal(buffer_span(&expected), buffer_span(&found_sorted)), "%s\nexpected\n%s\nfound\n%s",
		      path, buffer_span(&expected).data, buffer_span(&found_sorted).data);
	ck_assert_uint_eq(report.count, report.total);
	contract_destroy(contract);
}
END_TEST

START_TEST(findings_read_well)
{
	char path[512];
	struct arena arena CLEANUP_ARENA = ARENA_INIT((size_t)256 << 20);
	struct lint_report report;
	struct contract *contract;
	size_t by_level[LINT_LEVEL_COUNT] = {0};
	snprintf(path, sizeof(path), CASES "/%s", entries[_i]->d_name);
	lint(path, &arena, &report, &contract);
	for (size_t i = 0; i < report.count; i++) {
		const struct lint_finding *finding = &report.list[i];
		by_level[lint_rules[finding->rule].level]++;
		ck_assert_ptr_null(strchr(finding->sentence, '\n'));
		ck_assert_ptr_null(strstr(finding->sentence, "7f3a9c"));
		ck_assert_uint_gt(strlen(finding->advice), 10);
	}
	ck_assert_mem_eq(by_level, report.by_level, sizeof(by_level));
	contract_destroy(contract);
}
END_TEST

/* A rule without a case could stop working unseen. */
START_TEST(every_rule_has_a_case)
{
	struct buffer all CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	for (int i = 0; i < entry_count; i++) {
		char path[512];
		struct buffer file CLEANUP_BUFFER = BUFFER_INIT(TEXT_MAX);
		snprintf(path, sizeof(path), CASES "/%s", entries[i]->d_name);
		ck_assert(file_read(path, &file, NULL));
		buffer_append_span(&all, buffer_span(&file));
	}
	for (int i = 0; i < LINT_RULE_COUNT; i++) {
		char line[100];
		snprintf(line, sizeof(line), " %s\n", lint_rules[i].id);
		ck_assert_msg(strstr(all.data, line) != NULL, "no case finds %s", lint_rules[i].id);
	}
}
END_TEST

/* docs/contracts.md has a row "| `id` | level | sentence |" for each rule, and no others. */
START_TEST(the_page_lists_the_rules)
{
	struct buffer page CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	size_t rows = 0;
	ck_assert(file_read("docs/contracts.md", &page, NULL));
	for (int i = 0; i < LINT_RULE_COUNT; i++) {
		char row[400];
		snprintf(row, sizeof(row), "\n| `%s` | %s | %s |\n", lint_rules[i].id,
			 lint_level_name(lint_rules[i].level), lint_rules[i].sentence);
		ck_assert_msg(strstr(page.data, row) != NULL, "docs/contracts.md lacks the row%s", row);
	}
	const char *section = strstr(page.data, "\n## Rules\n");
	ck_assert_ptr_nonnull(section);
	const char *end = strstr(section + 1, "\n## ");
	for (const char *row = section; (row = strstr(row, "\n| `")) != NULL && (end == NULL || row < end); row++) {
		rows++;
	}
	ck_assert_uint_eq(rows, LINT_RULE_COUNT);
}
END_TEST

START_TEST(without_memory_it_is_an_error)
{
	struct error err = ERROR_INIT;
	bool done = false;
	setenv("CASE_KEY", "secret", 1);
	struct contract *contract = contract_load(CASES "/fields.yaml", &err);
	ck_assert_ptr_nonnull(contract);
	for (size_t most = 1000; !done && most < (size_t)64 << 20; most += most / 8) {
		struct arena arena CLEANUP_ARENA = ARENA_INIT(most);
		struct lint_report report = {0};
		err = (struct error)ERROR_INIT;
		done = contract_lint(contract, 0, &arena, &report, &err);
		ck_assert(done ? report.count == 12 : err.code == ERROR_MEMORY);
	}
	ck_assert(done);
	contract_destroy(contract);
}
END_TEST

Suite *lint_suite(void)
{
	Suite *suite = suite_create("lint");
	TCase *tests = tcase_create("lint");
	entry_count = scandir(CASES, &entries, is_case, alphasort); /* kept: the tests run later */
	if (entry_count < 10) {
		fprintf(stderr, "run this in the folder that holds " CASES "\n");
		exit(EXIT_FAILURE);
	}
	tcase_add_loop_test(tests, one_case, 0, entry_count);
	tcase_add_loop_test(tests, findings_read_well, 0, entry_count);
	tcase_add_test(tests, every_rule_has_a_case);
	tcase_add_test(tests, the_page_lists_the_rules);
	tcase_add_test(tests, without_memory_it_is_an_error);
	suite_add_tcase(suite, tests);
	return suite;
}
