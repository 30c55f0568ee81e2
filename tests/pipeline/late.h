/* What the tests of late legacy answers share: an installation with the recorded LLM path, and its spool. */
#ifndef UNDERSTUDY_TESTS_PIPELINE_LATE_H
#define UNDERSTUDY_TESTS_PIPELINE_LATE_H

#include "harness/contract/contract.h"
#include "harness/spool/spool.h"

#include <check.h>

extern struct installation *late_installation;

void late_must(bool done, const struct error *err);
/* `interface_file` below tests/pipeline/data. */
struct installation *late_install(char directory[64], const char *interface_file);
void late_remove(struct installation *installation, const char *directory);
void late_setup(void);
void late_teardown(void);

/* A message {"id": id} captured at that time. `legacy` NULL: the answer is awaited; `llm` NULL: no recorded reply. */
struct spool_exchange late_exchange(char *room, int id, int64_t captured_at, const char *legacy, const char *llm);
/* A late answer to `key`, said to be made at `answered_at` (0: not said); `legacy` may be "". */
struct spool_exchange late_outcome(const char *key, int64_t captured_at, int64_t answered_at, int outcome,
				   const char *legacy);
void late_append(struct spool_exchange exchange);
void late_append_to(const struct installation *installation, const char *stream, struct spool_exchange *exchanges,
		    size_t count);
/* Opens a worker, lets it work until it is idle. */
void late_work(void);
void late_work_on(const struct installation *installation);

int64_t late_ask(const char *sql);
/* The first column of all rows, one a line; the caller frees it. */
char *late_list(const struct installation *installation, const char *sql);
void late_change(const char *sql);
/* Every rollup that late answers touch, against the rows; and both ledgers. */
void late_check_sums(void);

#endif
