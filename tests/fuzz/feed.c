/* build/tests/feed-NAME: runs the files of tests/fuzz/corpus/NAME and tests/fuzz/regression/NAME through the target, so
 * that what a fuzzer found once stays a test everywhere, without clang. */
#include "tests/fuzz/fuzz.h"

#include <glob.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { INPUT_MAX = 4 << 20 };

static void feed_file(const char *path)
{
	static uint8_t input[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	HOLDS(file != NULL);
	size_t size = fread(input, 1, sizeof(input), file);
	HOLDS(size < sizeof(input));
	fclose(file);
	/* a copy of exactly its size, so that a sanitizer sees one byte too far */
	uint8_t *exact = malloc(size > 0 ? size : 1);
	HOLDS(exact != NULL);
	memcpy(exact, input, size);
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

/* In a process of its own, so that one that fails is named and the others are tried as well. */
static bool passes(const char *path)
{
	fflush(NULL);
	pid_t child = fork();
	HOLDS(child >= 0);
	if (child == 0) {
		feed_file(path);
		exit(EXIT_SUCCESS);
	}
	int status = -1;
	bool passed = waitpid(child, &status, 0) == child && status == 0;
	if (!passed) {
		printf("FAILED: %s\n", path);
	}
	return passed;
}

int main(int argc, char **argv)
{
	(void)argc;
	const char *dash = strrchr(argv[0], '-');
	HOLDS(dash != NULL);
	static const char *const places[] = {"corpus", "regression"};
	size_t count = 0;
	size_t failed = 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char pattern[256];
		snprintf(pattern, sizeof(pattern), "tests/fuzz/%s/%s/*", places[i], dash + 1);
		glob_t found;
		if (glob(pattern, 0, NULL, &found) != 0) {
			continue;
		}
		for (size_t j = 0; j < found.gl_pathc; j++) {
			failed += passes(found.gl_pathv[j]) ? 0 : 1;
		}
		count += found.gl_pathc;
		globfree(&found);
	}
	printf("%s: %zu inputs, %zu failed\n", argv[0], count, failed);
	return count > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE; /* none: not run from the project's root */
}
