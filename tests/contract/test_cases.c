/* tests/contract/cases/NAME.yaml: contracts, good and bad. The first line says what must come of each:
 *	# good
 *	# error LINE: TEXT     the error names this file and LINE, and its text begins with TEXT
 *	# error FILE: TEXT     the error names another file */
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/contract/contract.h"
#include "tests/contract/suites.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define CASES "tests/contract/cases"
#define SECRET "7f3a9c"

static void check_error(const char *path, const struct error *err, const char *expectation)
{
	char where[600];
	char text[1024];
	const char *colon = strstr(expectation, ": ");
	ck_assert_ptr_nonnull(colon);
	bool line = text_is_digit(expectation[0]);
	if (line && expectation[0] == '0') {
		snprintf(where, sizeof(where), "%s", path);
	} else if (line) {
		snprintf(where, sizeof(where), "%s:%.*s", path, (int)(colon - expectation), expectation);
	} else {
		snprintf(where, sizeof(where), "%.*s", (int)(colon - expectation), expectation);
	}
	error_text(err, text, sizeof(text));
	ck_assert_msg(strncmp(text, where, strlen(where)) == 0 && text[strlen(where)] == ':',
		      "%s\n  expected at %s\n  got %s", path, where, text);
	ck_assert_msg(strncmp(err->message, colon + 2, strlen(colon + 2)) == 0, "%s\n  expected %s\n  got      %s",
		      path, colon + 2, err->message);
	ck_assert_msg(strchr(text, '\n') == NULL, "%s: more than one line", path);
	ck_assert_msg(strstr(text, SECRET) == NULL, "%s: the error tells a secret: %s", path, text);
	ck_assert_msg(strchr(err->message, ';') != NULL, "%s: no advice in: %s", path, text);
}

static struct dirent **entries;

static int is_case(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return length > 5 && strcmp(entry->d_name + length - 5, ".yaml") == 0;
}

START_TEST(one_case)
{
	char path[512];
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	struct error err = ERROR_INIT;
	setenv("CASE_KEY", "secret-" SECRET, 1);
	unsetenv("CASE_ABSENT");
	snprintf(path, sizeof(path), CASES "/%s", entries[_i]->d_name);
	ck_assert(file_read(path, &text, NULL));
	text.data[text_find(buffer_span(&text), SPAN("\n"))] = '\0';
	struct contract *contract = contract_load(path, &err);
	if (strcmp(text.data, "# good") == 0) {
		ck_assert_msg(contract != NULL, "%s:%d: %s", err.file, err.line, err.message);
		ck_assert_int_eq(err.code, ERROR_NONE);
	} else {
		ck_assert_msg(contract == NULL, "%s was accepted", path);
		ck_assert_msg(text_starts_with(buffer_span(&text), "# error "), "%s has no expectation", path);
		check_error(path, &err, text.data + 8);
	}
	contract_destroy(contract);
}
END_TEST

START_TEST(missing_file)
{
	struct error err = ERROR_INIT;
	ck_assert_ptr_null(contract_load("nowhere/contract.yaml", &err));
	ck_assert_int_eq(err.code, ERROR_MISSING);
	ck_assert_str_eq(err.file, "nowhere/contract.yaml");
	ck_assert_str_eq(err.message, "the file is not there; make it, or correct the path");
}
END_TEST

Suite *cases_suite(void)
{
	Suite *suite = suite_create("cases");
	TCase *tests = tcase_create("cases");
	int count = scandir(CASES, &entries, is_case, alphasort); /* kept: the tests run later */
	if (count < 100) {
		fprintf(stderr, "run this in the folder that holds " CASES "\n");
		exit(EXIT_FAILURE);
	}
	tcase_add_loop_test(tests, one_case, 0, count);
	tcase_add_test(tests, missing_file);
	suite_add_tcase(suite, tests);
	return suite;
}
