/* Whole-process tests: every tests/e2e/test-*.sh is one Check test. A script prints what fails and exits 1; exit 77
 * means skipped, which is a failure where CI is set and the script does not allow it. */
#include <check.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { SKIPPED = 77, SECONDS = 300 };

static glob_t scripts;

START_TEST(script_passes)
{
	char command[1024];
	snprintf(command, sizeof(command), "sh %s", scripts.gl_pathv[_i]);
	fprintf(stderr, "%s\n", scripts.gl_pathv[_i]);
	int status = system(command);
	ck_assert_msg(WIFEXITED(status), "%s was killed", scripts.gl_pathv[_i]);
	if (WEXITSTATUS(status) == SKIPPED && getenv("CI") == NULL) {
		fprintf(stderr, "skipped: %s\n", scripts.gl_pathv[_i]);
		return;
	}
	ck_assert_msg(WEXITSTATUS(status) == 0, "%s: exit code %d", scripts.gl_pathv[_i], WEXITSTATUS(status));
}
END_TEST

int main(void)
{
	if (glob("tests/e2e/test-*.sh", 0, NULL, &scripts) != 0) {
		fputs("no tests/e2e/test-*.sh here: run from the project's root\n", stderr);
		return EXIT_FAILURE;
	}
	Suite *suite = suite_create("e2e");
	TCase *tcase = tcase_create("scripts");
	tcase_set_timeout(tcase, SECONDS);
	tcase_add_loop_test(tcase, script_passes, 0, (int)scripts.gl_pathc);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	globfree(&scripts);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
