/* A store with records under review, and short ways to label them and to ask what followed. */
#ifndef UNDERSTUDY_TESTS_BASELINES_SUPPORT_H
#define UNDERSTUDY_TESTS_BASELINES_SUPPORT_H

#include "baselines/labels.h"
#include "harness/store/evaluation.h"
#include "harness/store/ingest.h"

enum { TEST_FIELDS = 3, TEST_NOW = 1000 };

#define LABEL_HEADER "record_id,reviewer,labelled_at,cannot_tell,comment,queue,amount,language\r\n"
/* record_id of the record with that number, one hex digit */
#define RECORD(digit) "0000000000000000000000000000000" #digit "/document/"

extern struct store *test_store;
extern struct contract *test_contract; /* tests/baselines/data/contract.yaml */

/* Candidates 1 and 2, fields 1 to 3, no records. */
void setup_labels(void);
void teardown_labels(void);
/* Fails the test with the error's text. */
void must(bool done, const struct error *err);
struct contract *load_contract(const char *file);

/* What one path gave for queue, amount, language: JSON, NULL for absent. */
struct path_values {
	enum store_side side;
	const char *values[TEST_FIELDS];
};
/* A record under review with the legacy path's values and those of candidates 1, 2, ... Its exchange id ends in
 * `number`. In a transaction of the caller's. Returns the item. */
int64_t put_item(unsigned number, bool overlap, const struct path_values *legacy, const struct path_values *llm,
		 size_t llm_count);
/* In a transaction of its own: queue billing, amount 10, language en from legacy path and candidate 1. */
int64_t add_item(unsigned number, bool overlap);

void begin(void);
void commit(void);
/* CSV without its header line. */
bool try_import(const char *rows, bool adjudication, struct label_import *ret_result, struct error *err);
struct label_import import_rows(const char *rows);
struct label_import adjudicate(const char *rows);
int64_t ask(const char *sql);
void run(const char *sql);
/* The judgements of an item: for each path the whole record, then its fields, as 1 and 0; "" where there are none. */
const char *judgements(int64_t item, char text[64]);

#endif
