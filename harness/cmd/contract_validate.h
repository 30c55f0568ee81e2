/* Layer 5. understudy contract validate: an instance against a JSON Schema. */
#ifndef UNDERSTUDY_CMD_CONTRACT_VALIDATE_H
#define UNDERSTUDY_CMD_CONTRACT_VALIDATE_H

/* argv[0] is "validate". Returns the exit code: 0 valid, 1 invalid, 2 anything wrong with files or command line. */
int contract_validate_run(int argc, char **argv);

#endif
