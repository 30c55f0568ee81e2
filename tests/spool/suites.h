#ifndef UNDERSTUDY_TESTS_SPOOL_SUITES_H
#define UNDERSTUDY_TESTS_SPOOL_SUITES_H

#include "harness/spool/spool.h"

#include <check.h>

Suite *record_suite(void);
Suite *ring_suite(void);
Suite *spool_suite(void);
Suite *drainer_suite(void);
Suite *delivery_suite(void);

/* A fresh directory in /dev/shm (a tmpfs, as in production) for one test; removed with all it holds. */
struct place {
	char directory[64];
	char ring[96];
	char spool[96];
};
void place_make(struct place *place);
void place_remove(const struct place *place);
/* The one path of a segment of stream "s". */
void place_segment(const struct place *place, unsigned number, char path[160]);

/* An exchange of interface "orders" whose bodies are made from the number; read back by exchange_is. The spans stand in
 * `storage`. */
struct exchange_storage {
	char target[32];
	char body[4096];
};
struct spool_exchange exchange_make(uint64_t number, struct exchange_storage *storage);
bool exchange_is(const struct spool_exchange *exchange, uint64_t number);
uint64_t exchange_number(const struct spool_exchange *exchange);
uint64_t accounts_dropped(const struct spool_accounts *accounts);

#define OK(call, err) ck_assert_msg((call), "%s: %s", #call, (err).message)

#endif
