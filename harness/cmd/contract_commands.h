/* Layer 5. The subcommands of `understudy contract` that have files of their own. argv[0] is the subcommand's name; all
 * return the exit code. */
#ifndef UNDERSTUDY_CMD_CONTRACT_COMMANDS_H
#define UNDERSTUDY_CMD_CONTRACT_COMMANDS_H

/* 0; 2 where the contract does not load or has a finding that fails. */
int contract_check_run(int argc, char **argv);
/* 0; 1 where somebody who relies on the old version breaks, or the version says too little; 2 where a file does not
 * load. */
int contract_diff_run(int argc, char **argv);
/* 0 valid, 1 invalid, 2 anything wrong with files or command line. */
int contract_validate_run(int argc, char **argv);

#endif
