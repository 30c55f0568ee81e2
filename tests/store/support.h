/* A store in a directory of its own for each test, and short ways to ask it something. */
#ifndef UNDERSTUDY_TESTS_STORE_SUPPORT_H
#define UNDERSTUDY_TESTS_STORE_SUPPORT_H

#include "harness/store/evaluation.h"
#include "harness/store/ingest.h"
#include "harness/store/store.h"

extern char test_directory[64];
extern char test_path[128];     /* a file in it that is not there yet */
extern char test_location[160]; /* "sqlite:" and test_path */
extern struct store *test_store;

void setup_directory(void);
void teardown_directory(void);
/* The same with test_store open and names in it: interface 1, candidates 1 and 2, fields 1 to 8, epochs 1 and 2. */
void setup_store(void);
void teardown_store(void);

struct store *open_or_fail(enum store_mode mode);
/* Fails the test with the error's text. */
void must(bool done, const struct error *err);
int64_t ask(struct store *store, const char *sql);
void run(struct store *store, const char *sql);
/* An exchange whose ids are made of the two numbers; identity 0: none. */
struct store_exchange make_exchange(uint64_t id, uint64_t identity);
int64_t add_exchange(uint64_t id, uint64_t identity, enum store_delivery expected);
/* A new file by `sqlite3`-like SQL, with plain SQLite. */
void write_database(const char *path, const char *sql);

#endif
