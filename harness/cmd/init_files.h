/* Layer 5. The files of `understudy init`, and what is said about them. */
#ifndef UNDERSTUDY_CMD_INIT_FILES_H
#define UNDERSTUDY_CMD_INIT_FILES_H

#include "harness/onboarding/draft.h"

enum { INIT_FILES = 6, INIT_PATH_SIZE = 4096 };

struct init_files {
	const char *folder;
	char paths[INIT_FILES][INIT_PATH_SIZE]; /* in the order in which they are listed; "": not written */
	size_t count;
	const char *config;
	const char *contract;
	const char *recording; /* NULL: replay reads samples and table as they are */
};

/* The paths below `folder`. ERROR_LIMIT for names that are too long. */
MUST_CHECK bool init_files_name(struct init_files *files, const char *interface, const char *folder, bool recording,
				struct error *err);
/* ERROR_USAGE where one of them is there already. */
MUST_CHECK bool init_files_check_absent(const struct init_files *files, struct error *err);
/* Writes all of them, then loads the contract. */
MUST_CHECK bool init_files_write(const struct init_files *files, struct draft *draft, struct error *err);

/* What was inferred, what is left to decide and what comes next: for people, and as JSON. */
void init_print(const struct draft *draft, const struct init_files *files);
MUST_CHECK bool init_print_json(const struct draft *draft, const struct init_files *files, struct error *err);

#endif
