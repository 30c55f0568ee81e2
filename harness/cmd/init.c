/* understudy init: from sample messages and past decisions to a contract that loads. */
#include "harness/cmd/command.h"
#include "harness/cmd/init_files.h"
#include "harness/cmd/progress.h"

#include "harness/base/file.h"
#include "harness/base/text.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SAMPLES_MAX = 1024, ANSWERS_MAX = 1024 * 1024, KIBIBYTE = 1024 };

struct init {
	const char *samples[SAMPLES_MAX];
	size_t sample_count;
	const char *outcomes;
	const char *key;
	const char *interface;
	const char *answers;
	const char *folder;
	bool yes;
	bool json;
	bool force;
	bool asked;       /* a question at least */
	bool input_ended; /* the terminal was closed, or nothing more is to be asked: defaults from here on */
	struct progress progress;
};

static void watch(void *context, int64_t done, int64_t total)
{
	progress_show(context, done / KIBIBYTE, total / KIBIBYTE);
}

/* --- questions on a terminal --- */

/* An option by its number or its text, any text where there are no options, the default for an empty line. False:
 * none of these. */
static bool understand(const struct question *question, struct span typed, char answer[ANSWER_SIZE])
{
	uint64_t number = 0;
	const char *chosen = typed.length == 0 ? question->fallback : NULL;
	for (size_t i = 0; i < question->option_count; i++) {
		chosen = text_equal_ignoring_case(typed, span_of(question->options[i])) ? question->options[i] : chosen;
	}
	if (chosen == NULL && text_to_uint64(typed, &number) && number >= 1 && number <= question->option_count) {
		chosen = question->options[number - 1];
	}
	if (chosen != NULL) {
		snprintf(answer, ANSWER_SIZE, "%s", chosen);
	} else if (question->option_count == 0) {
		snprintf(answer, ANSWER_SIZE, "%.*s", SPAN_ARGUMENTS(typed));
	}
	return chosen != NULL || question->option_count == 0;
}

static bool ask(void *context, const struct question *question, char answer[ANSWER_SIZE])
{
	struct init *init = context;
	char line[ANSWER_SIZE];
	progress_finish(&init->progress);
	if (init->input_ended) {
		return false;
	}
	if (!init->asked) {
		fputs("Enter takes what stands in brackets, ! takes it for all questions that follow.\n", stderr);
		init->asked = true;
	}
	fprintf(stderr, "\n%s  (%s)\n", question->text, question->id);
	if (question->evidence != NULL && question->evidence[0] != '\0') {
		fprintf(stderr, "  %s\n", question->evidence);
	}
	for (size_t i = 0; i < question->option_count; i++) {
		fprintf(stderr, "    %zu  %s\n", i + 1, question->options[i]);
	}
	for (;;) {
		fprintf(stderr, "[%s] ", question->fallback);
		if (fgets(line, sizeof(line), stdin) == NULL) {
			init->input_ended = true;
			fputs("\nno more answers: the defaults are taken\n", stderr);
			return false;
		}
		if (strcmp(line, "!\n") == 0) {
			init->input_ended = true;
			return false;
		}
		if (understand(question, text_trim(span_of(line)), answer)) {
			progress_init(&init->progress, init->progress.what); /* thinking is no work */
			return true;
		}
		fprintf(stderr,
			"type a number from 1 to %zu, one of these words, nothing for the default, or ! for all "
			"defaults from here on\n",
			question->option_count);
	}
}

/* --- the work --- */

static void print_faults(const struct samples *samples)
{
	for (size_t i = 0; i < samples->note_count; i++) {
		fprintf(stderr, "understudy: %s; left out\n", samples->notes[i]);
	}
	if (samples->faults > samples->note_count) {
		fprintf(stderr, "understudy: and %llu more were left out\n",
			(unsigned long long)(samples->faults - samples->note_count));
	}
}

/* A folder of samples must not get the files: the next run would read them. */
static bool is_samples_folder(const struct init *init, const char *folder)
{
	struct stat status;
	struct stat other;
	for (size_t i = 0; i < init->sample_count && stat(folder, &status) == 0; i++) {
		if (stat(init->samples[i], &other) == 0 && other.st_dev == status.st_dev &&
		    other.st_ino == status.st_ino) {
			return true;
		}
	}
	return false;
}

/* Where files go, without a "/" at the end. */
static bool name_files(const struct init *init, const char *interface, bool recording, struct init_files *files,
		       char folder[INIT_PATH_SIZE], struct error *err)
{
	snprintf(folder, INIT_PATH_SIZE, "%s", init->folder != NULL ? init->folder : interface);
	size_t length = strlen(folder);
	while (length > 1 && folder[length - 1] == '/') {
		folder[--length] = '\0';
	}
	if (init->folder == NULL && is_samples_folder(init, folder)) {
		snprintf(folder, INIT_PATH_SIZE, "%s-understudy", interface);
	}
	if (is_samples_folder(init, folder)) {
		return error_set(err, ERROR_USAGE, "%s holds the samples; choose another folder with -o", folder);
	}
	return init_files_name(files, interface, folder, recording, err) &&
	       (init->force || init_files_check_absent(files, err));
}

/* Before anybody answers questions. */
static bool may_write(const struct init *init, const struct draft_input *input, struct error *err)
{
	char name[DRAFT_NAME_SIZE];
	char folder[INIT_PATH_SIZE];
	struct init_files files;
	return draft_name(input, name, err) && name_files(init, name, true, &files, folder, err);
}

static bool write_and_print(struct init *init, struct draft *draft, struct error *err)
{
	char folder[INIT_PATH_SIZE];
	struct init_files files;
	if (!name_files(init, draft->interface, !draft_is_replayable(draft), &files, folder, err) ||
	    !init_files_write(&files, draft, err)) {
		return false;
	}
	progress_finish(&init->progress);
	if (init->json) {
		return init_print_json(draft, &files, err);
	}
	init_print(draft, &files);
	return true;
}

static int run_init(struct init *init)
{
	struct error err = ERROR_INIT;
	CLEANUP_BUFFER struct buffer answers = BUFFER_INIT(ANSWERS_MAX);
	if (init->answers != NULL && !file_read(init->answers, &answers, &err)) {
		return command_fail(&err);
	}
	bool terminal = !init->yes && isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	struct draft_input input = {
		.samples = init->samples,
		.sample_count = init->sample_count,
		.outcomes = init->outcomes,
		.key = init->key,
		.interface = init->interface,
		.answers = buffer_span(&answers),
		.answers_file = init->answers,
		.ask = terminal ? ask : NULL,
		.ask_context = init,
		.watch = watch,
		.watch_context = &init->progress,
	};
	if (!may_write(init, &input, &err)) {
		return command_fail(&err);
	}
	progress_init(&init->progress, "reading samples, KiB");
	struct draft *draft = draft_create(&input, &err);
	progress_finish(&init->progress);
	if (draft != NULL) {
		print_faults(&draft->samples);
	}
	bool good = draft != NULL && write_and_print(init, draft, &err);
	progress_finish(&init->progress);
	draft_destroy(draft);
	return good ? EXIT_OK : command_fail(&err);
}

static int run(const struct command *command, int argc, char **argv)
{
	static struct init init;
	const struct option_row rows[] = {
		{"samples", 's', OPTION_TEXT, &init.samples[0], "DIR|FILE",
		 "sample messages: JSON or JSON Lines; more may follow as arguments"},
		{"outcomes", 0, OPTION_TEXT, &init.outcomes, "FILE", "past decisions: CSV, XLSX or JSON Lines"},
		{"key", 0, OPTION_TEXT, &init.key, "COLUMN",
		 "its column with the message's identity (default: found by its values)"},
		{"interface", 'i', OPTION_TEXT, &init.interface, "NAME", "its name (default: that of the samples)"},
		{"answers", 0, OPTION_TEXT, &init.answers, "FILE",
		 "answers to the questions, as YAML: identity: $.order"},
		{"output", 'o', OPTION_TEXT, &init.folder, "DIR", "where to write (default: a folder of that name)"},
		{"yes", 'y', OPTION_FLAG, &init.yes, NULL, "ask nothing, take the defaults and list them"},
		{"force", 0, OPTION_FLAG, &init.force, NULL, "overwrite files that are there"},
		{"json", 0, OPTION_FLAG, &init.json, NULL, "print what was inferred as JSON"},
	};
	struct options options = {.rows = rows,
				  .row_count = sizeof(rows) / sizeof(rows[0]),
				  .operands = init.samples + 1,
				  .operand_max = SAMPLES_MAX - 1};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	bool named = init.samples[0] != NULL;
	init.sample_count = options.operand_count + named;
	if (!named) {
		memmove(init.samples, init.samples + 1, options.operand_count * sizeof(init.samples[0]));
	}
	if (init.sample_count == 0) {
		return command_usage(command, "name a folder or files with sample messages (--samples)");
	}
	if (init.key != NULL && init.outcomes == NULL) {
		return command_usage(command, "--key is a column of --outcomes, which is missing");
	}
	return run_init(&init);
}

const struct command command_init = {
	.name = "init",
	.summary = "write a commented contract from sample messages and past decisions",
	.synopsis = "--samples DIR|FILE... [--outcomes FILE] [--key COLUMN] [--interface NAME] [-o DIR]",
	.example = "understudy init --samples messages --outcomes decisions.csv --interface orders\n"
		   "  understudy init --samples messages.jsonl --outcomes decisions.xlsx --key order --yes",
	.run = run,
};
