/* Layer 5, private to harness/cmd: subcommands of `understudy contract` that have a file of their own. All return an
 * exit code. */
#ifndef UNDERSTUDY_CMD_CONTRACT_COMMANDS_H
#define UNDERSTUDY_CMD_CONTRACT_COMMANDS_H

#include "harness/cmd/command.h"

struct contract_check_options {
	bool effective; /* print what is in force; no lint */
	bool strict;    /* warnings fail as errors do */
	bool rules;     /* list the rules; `file` may be NULL */
	bool json;
};
/* EXIT_OK; EXIT_USAGE where the contract does not load or has a finding that fails. */
int contract_check_run(const char *file, const struct contract_check_options *options);

struct contract_diff_options {
	bool schemas;     /* both files are JSON Schemas */
	const char *mode; /* with schemas: backward, forward, full, none; NULL: backward */
	bool json;
};
/* EXIT_OK; EXIT_NO_GO where what depends on the interface would break, or the version says too little. */
int contract_diff_run(const struct command *command, const char *old_file, const char *new_file,
		      const struct contract_diff_options *options);

#endif
