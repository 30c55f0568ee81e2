/* Layer 5. Subcommands. To add one: write harness/cmd/NAME.c with a `const struct command command_NAME`, declare it
 * below, and add it to the table in main.c. `understudy help` and `--help` come from the table. */
#ifndef UNDERSTUDY_CMD_COMMAND_H
#define UNDERSTUDY_CMD_COMMAND_H

#include "harness/base/error.h"

#include <sys/types.h>

enum exit_code {
	EXIT_OK = 0,
	EXIT_NO_GO = 1,
	EXIT_USAGE = 2, /* wrong command line, configuration, files or environment */
	EXIT_HOLD = 3,
	EXIT_DATA_FAULT = 4,
};

struct command {
	const char *name;
	const char *summary;                                              /* one line for `understudy help` */
	const char *synopsis;                                             /* behind "understudy NAME " */
	const char *example;                                              /* a whole command line that works */
	int (*run)(const struct command *command, int argc, char **argv); /* argv[0] is the command's name */
};

extern const struct command command_compare;
extern const struct command command_contract;
extern const struct command command_dead_letter;
extern const struct command command_drift;
extern const struct command command_gate;
extern const struct command command_incident;
extern const struct command command_label;
extern const struct command command_reconcile;
extern const struct command command_replay;
extern const struct command command_report;
extern const struct command command_run;
extern const struct command command_sim;
extern const struct command command_stats;
extern const struct command command_status;
extern const struct command command_suite;
extern const struct command command_tap;
extern const struct command command_web;
extern const struct command command_work;

/* --- options --- */

enum option_kind {
	OPTION_FLAG,    /* no argument; target bool * */
	OPTION_TEXT,    /* target const char ** */
	OPTION_INTEGER, /* target int64_t * */
	OPTION_NUMBER,  /* target double * */
	OPTION_TEXTS,   /* may come several times; target struct option_texts * */
};

struct option_texts {
	const char **list; /* the caller's, for `maximum` of them */
	size_t maximum;
	size_t count; /* filled */
};

struct option_row {
	const char *name; /* "week": --week */
	char letter;      /* 'c': -c; 0: none */
	enum option_kind kind;
	void *target;         /* keeps its value where the option is not given */
	const char *argument; /* "FILE" in help; NULL for flags */
	const char *help;
};

struct options {
	const struct option_row *rows;
	size_t row_count;
	const char **operands; /* filled */
	size_t operand_max;
	size_t operand_count; /* filled */
};

/* Reads argv. Returns -1 to go on, else the exit code: --help was printed (0) or the line is wrong (2, said on stderr).
 */
int options_read(const struct command *command, struct options *options, int argc, char **argv);

/* Prints "understudy: FILE:LINE: what; what to do" and returns EXIT_USAGE. */
int command_fail(const struct error *err);
/* The same for text that is not an error struct. */
int command_usage(const struct command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Set by SIGINT and SIGTERM once command_catch_signals was called; SIGPIPE is ignored from then on. */
extern volatile int command_stop;
void command_catch_signals(void);
/* fork() for a child that will exec: in the child the handlers are gone before a signal can reach it, so that a stop
 * that comes between fork and exec ends it and is not lost. */
pid_t command_fork(void);

#endif
