#include "harness/cmd/contract_commands.h"
int contract_diff_run(const struct command *command, const char *old_file, const char *new_file,
		      const struct contract_diff_options *options)
{
	(void)old_file;
	(void)new_file;
	(void)options;
	return command_usage(command, "contract diff is being written");
}
