/* understudy sim: scripted stand-ins for demos, tests and dry runs. */
#include "harness/cmd/sim.h"

#include "harness/base/file.h"

#include <stdio.h>

enum { FILE_MAX = 1024 * 1024 * 1024 };

uint64_t sim_random(int64_t seed, const struct span *texts, size_t count)
{
	uint8_t digest[SHA256_SIZE];
	uint64_t state = 0;
	hash_sha256_pieces(texts, count, digest);
	memcpy(&state, digest, sizeof(state));
	return state ^ ((uint64_t)seed * UINT64_C(0x9e3779b97f4a7c15));
}

size_t sim_pick(uint64_t *random, size_t count)
{
	return (size_t)(random_unit(random) * (double)count);
}

bool sim_complain(const char *file, const char *what, struct error *err)
{
	return error_set_at(err, ERROR_CONFIG, file, 0, "%s", what);
}

bool sim_read(const char *file, struct arena *arena, struct span *ret_text, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(FILE_MAX);
	if (!file_read(file, &text, err)) {
		return false;
	}
	char *copy = arena_copy(arena, buffer_span(&text));
	if (copy == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for %s", file);
	}
	*ret_text = (struct span){copy, text.length};
	return true;
}

bool sim_load(const char *file, struct arena *arena, const struct json_node **ret_root, struct error *err)
{
	struct span text;
	if (!sim_read(file, arena, &text, err)) {
		return false;
	}
	if (!json_parse(arena, text, NULL, ret_root, err)) {
		error_add_file(err, file);
		return false;
	}
	return true;
}

static const struct command PARTS[] = {
	{
		.name = "sim legacy",
		.summary = "a rule path: answers POST with a decision by keyword rules",
		.synopsis = "--script FILE [--listen HOST:PORT] [--latency-ms N] [--seed N]",
		.example = "understudy sim legacy --listen 127.0.0.1:9000 --script "
			   "examples/ticket-routing/sim/legacy.json",
		.run = sim_run_legacy,
	},
	{
		.name = "sim llm",
		.summary = "an LLM path: answers OpenAI chat completions by a script, with seeded faults",
		.synopsis = "--script FILE [--listen HOST:PORT] [--faults LIST] [--model NAME] [--latency-ms N] "
			    "[--seed N]",
		.example = "understudy sim llm --listen 127.0.0.1:9001 --script examples/ticket-routing/sim/llm.json "
			   "--faults error=0.01,wrong=0.03",
		.run = sim_run_llm,
	},
	{
		.name = "sim traffic",
		.summary = "a client: sends seeded tickets of some weeks and checks the replies",
		.synopsis = "--to URL --tickets FILE [--count N] [--weeks N] [--until DATE] [--seed N] [--rate N] "
			    "[--connections N] [--duplicates SHARE] [--revisions SHARE] [--reference FILE]",
		.example = "understudy sim traffic --to http://127.0.0.1:8080/route --tickets "
			   "examples/ticket-routing/sim/tickets.json --count 3000 --reference reference.csv",
		.run = sim_run_traffic,
	},
	{
		.name = "sim reviewer",
		.summary = "a reviewer: fills a task file from reference answers, with seeded mistakes",
		.synopsis = "--tasks FILE --reference FILE --key NAME --reviewer NAME -o FILE [--slot N] "
			    "[--error-rate SHARE] [--labelled-at TIME] [--seed N]",
		.example = "understudy sim reviewer --tasks tasks.csv --reference reference.csv --key ticket_id "
			   "--reviewer anna --slot 1 --error-rate 0.02 -o labels.csv",
		.run = sim_run_reviewer,
	},
};

enum { PART_COUNT = sizeof(PARTS) / sizeof(PARTS[0]) };

static int print_parts(const struct command *command, FILE *target)
{
	fprintf(target, "usage: understudy sim %s\n\n%s\n\n", command->synopsis, command->summary);
	for (size_t i = 0; i < PART_COUNT; i++) {
		fprintf(target, "  %-14s %s\n", PARTS[i].name, PARTS[i].summary);
	}
	fprintf(target, "\nexample:\n  %s\n", command->example);
	return target == stdout ? EXIT_OK : EXIT_USAGE;
}

static int run(const struct command *command, int argc, char **argv)
{
	if (argc < 2) {
		return print_parts(command, stderr);
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		return print_parts(command, stdout);
	}
	for (size_t i = 0; i < PART_COUNT; i++) {
		if (strcmp(argv[1], PARTS[i].name + strlen("sim ")) == 0) {
			return PARTS[i].run(&PARTS[i], argc - 1, argv + 1);
		}
	}
	return command_usage(command, "nothing to simulate is called \"%s\"", argv[1]);
}

const struct command command_sim = {
	.name = "sim",
	.summary = "stand-ins with seeded faults: rule path, LLM path, traffic, reviewers",
	.synopsis = "legacy|llm|traffic|reviewer [OPTIONS]",
	.example = "understudy sim llm --listen 127.0.0.1:9001 --script examples/ticket-routing/sim/llm.json",
	.run = run,
};
