/* understudy stats: one JSON request a line on standard input, one JSON reply a line on standard output. */
#include "harness/cmd/command.h"

#include "evaluators/stats/methods.h"

#include <stdio.h>
#include <stdlib.h>

enum { REQUEST_MAX = 64 * 1024 * 1024, ARENA_MAX = 1024 * 1024 * 1024 };

static bool answer(struct span line, struct arena *arena, struct buffer *text, struct error *err)
{
	const struct json_node *request = NULL;
	struct json_build *reply = json_build_create();
	struct error why = ERROR_INIT;
	arena_reset(arena);
	if (!json_parse(arena, line, NULL, &request, &why)) {
		json_build_text(reply, "error", why.message);
	} else {
		(void)stats_method_run(request, reply); /* a failure is in the reply */
	}
	buffer_clear(text);
	bool done = json_build_write(reply, 0, text, err);
	json_build_destroy(reply);
	return done;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options options = {0};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(REQUEST_MAX);
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length = 0;
	struct error err = ERROR_INIT;
	while ((length = getline(&line, &capacity, stdin)) > 0) {
		size_t used = (size_t)length - (line[length - 1] == '\n');
		if (used == 0) {
			continue;
		}
		if (!answer((struct span){line, used}, &arena, &text, &err)) {
			free(line);
			return command_fail(&err);
		}
		puts(text.data);
		fflush(stdout);
	}
	free(line);
	return EXIT_OK;
}

const struct command command_stats = {
	.name = "stats",
	.summary = "our statistics, one JSON question a line, so that anyone can check them",
	.synopsis = "< QUESTIONS > ANSWERS",
	.example = "echo '{\"method\":\"wilson\",\"input\":{\"x\":81,\"n\":263,\"conf\":0.95}}' | understudy stats",
	.run = run,
};
