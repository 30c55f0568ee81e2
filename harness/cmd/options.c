#include "harness/cmd/command.h"

#include "harness/base/text.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

volatile int command_stop;

static void stop(int signal_number)
{
	(void)signal_number;
	command_stop = 1;
}

void command_catch_signals(void)
{
	struct sigaction action = {.sa_handler = stop};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigaction(SIGPIPE, &ignore, NULL);
}

pid_t command_fork(void)
{
	sigset_t stops;
	sigset_t before;
	sigemptyset(&stops);
	sigaddset(&stops, SIGINT);
	sigaddset(&stops, SIGTERM);
	sigprocmask(SIG_BLOCK, &stops, &before);
	pid_t pid = fork();
	int failure = errno;
	if (pid == 0) {
		struct sigaction standard = {.sa_handler = SIG_DFL};
		sigaction(SIGINT, &standard, NULL);
		sigaction(SIGTERM, &standard, NULL);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = failure;
	return pid;
}

int command_fail(const struct error *err)
{
	char text[1024];
	fprintf(stderr, "understudy: %s\n", error_text(err, text, sizeof(text)));
	return EXIT_USAGE;
}

int command_usage(const struct command *command, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("understudy: ", stderr);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "; see 'understudy %s --help'\n", command->name);
	return EXIT_USAGE;
}

static void print_help(const struct command *command, const struct options *options)
{
	printf("usage: understudy %s %s\n\n%s\n", command->name, command->synopsis, command->summary);
	for (size_t i = 0; i < options->row_count; i++) {
		const struct option_row *row = &options->rows[i];
		char name[64];
		snprintf(name, sizeof(name), "%c%c%s--%s%s%s", row->letter != 0 ? '-' : ' ',
			 row->letter != 0 ? row->letter : ' ', row->letter != 0 ? ", " : "  ", row->name,
			 row->argument != NULL ? " " : "", row->argument != NULL ? row->argument : "");
		printf("%s  %-28s %s\n", i == 0 ? "\n" : "", name, row->help);
	}
	printf("\nexample:\n  %s\n", command->example);
}

static const struct option_row *find_row(const struct options *options, const char *word, const char **ret_value)
{
	*ret_value = NULL;
	for (size_t i = 0; i < options->row_count; i++) {
		const struct option_row *row = &options->rows[i];
		if (word[1] != '-') {
			if (row->letter != 0 && word[1] == row->letter && word[2] == '\0') {
				return row;
			}
			continue;
		}
		size_t length = strlen(row->name);
		if (strncmp(word + 2, row->name, length) == 0 &&
		    (word[2 + length] == '\0' || word[2 + length] == '=')) {
			*ret_value = word[2 + length] == '=' ? word + 3 + length : NULL;
			return row;
		}
	}
	return NULL;
}

static bool add_text(struct option_texts *texts, const char *value)
{
	if (texts->count == texts->maximum) {
		return false;
	}
	texts->list[texts->count++] = value;
	return true;
}

static bool store_value(const struct option_row *row, const char *value)
{
	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)row->target = true;
		return value == NULL;
	case OPTION_TEXT:
		*(const char **)row->target = value;
		return true;
	case OPTION_INTEGER:
		return text_to_int64(span_of(value), row->target);
	case OPTION_NUMBER:
		return text_to_double(span_of(value), row->target);
	case OPTION_TEXTS:
		return add_text(row->target, value);
	}
	return false;
}

int options_read(const struct command *command, struct options *options, int argc, char **argv)
{
	options->operand_count = 0;
	bool only_operands = false;
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		if (only_operands || word[0] != '-' || word[1] == '\0') {
			if (options->operand_count == options->operand_max) {
				return command_usage(command, "unexpected argument \"%s\"", word);
			}
			options->operands[options->operand_count++] = word;
			continue;
		}
		if (strcmp(word, "--") == 0) {
			only_operands = true;
			continue;
		}
		if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
			print_help(command, options);
			return EXIT_OK;
		}
		const char *value = NULL;
		const struct option_row *row = find_row(options, word, &value);
		if (row == NULL) {
			return command_usage(command, "unknown option \"%s\"", word);
		}
		if (row->kind != OPTION_FLAG && value == NULL) {
			if (i + 1 == argc) {
				return command_usage(command, "option \"%s\" needs %s", word, row->argument);
			}
			value = argv[++i];
		}
		if (!store_value(row, value)) {
			return command_usage(command, "\"%s\" is no good value for option --%s",
					     value != NULL ? value : "", row->name);
		}
	}
	return -1;
}
