/* Layer 5. The subcommands of `understudy contract` that have files of their own. argv[0] is their name. */
#ifndef UNDERSTUDY_CMD_CONTRACT_DOC_H
#define UNDERSTUDY_CMD_CONTRACT_DOC_H

int contract_doc_run(int argc, char **argv);
int contract_apply_run(int argc, char **argv);

#endif
