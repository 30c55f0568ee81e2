/* Layer 2. Rollups of one transaction, gathered in memory and written with it, so that a count that many exchanges
 * share costs one upsert for each commit and not one for each exchange. Private to the store. */
#ifndef UNDERSTUDY_STORE_ROLLUP_H
#define UNDERSTUDY_STORE_ROLLUP_H

#include "harness/base/bytes.h"

struct store;
struct rollup;

/* The tables, with the columns of their keys and sums in the order in which the functions below take them. */
enum rollup_table {
	ROLLUP_DELIVERY,    /* stream (rollup_stream), interface: enum delivery_sum */
	ROLLUP_STATE,       /* candidate, week, test, state, reason: count */
	ROLLUP_LEGACY,      /* interface, week, test, outcome: count */
	ROLLUP_TRANSACTION, /* candidate, epoch, week, test: enum transaction_sum */
	ROLLUP_OUTCOME,     /* candidate, epoch, week, test, outcome: count */
	ROLLUP_RECORD,      /* candidate, epoch, week, test, side, pi_ppm: count, sampled */
	ROLLUP_FIELD,       /* candidate, epoch, week, test, field, verdict: count */
	ROLLUP_COST,        /* candidate, epoch, week, test, step: count */
	ROLLUP_LATENCY,     /* interface, path, week, test, bucket: count */
	ROLLUP_SHADOW,      /* interface, week, test, rule, pi_ppm: count, chosen */
	ROLLUP_DRIFT,       /* source, hour, week, test: enum drift_sum */
	ROLLUP_DRIFT_CLASS, /* source, hour, week, test, class: deviating, declared */
	ROLLUP_TABLE_COUNT
};
enum { ROLLUP_KEY_MAX = 6, ROLLUP_SUM_MAX = 10 };

enum delivery_sum {
	DELIVERY_STORED,
	DELIVERY_DUPLICATE,
	DELIVERY_REVISION,
	DELIVERY_OUTCOME,
	DELIVERY_OUTCOME_DUPLICATE,
	DELIVERY_OUTCOME_JOINED,
	DELIVERY_OUTCOME_UNPAIRED,
	DELIVERY_OUTCOME_CLOSED,
	DELIVERY_OUTCOME_RETURNED,
	DELIVERY_SUM_COUNT,
};
enum record_sum { RECORD_COUNT, RECORD_SAMPLED };
enum shadow_sum { SHADOW_COUNT, SHADOW_CHOSEN };
enum drift_sum {
	DRIFT_SUM_REPLIES,
	DRIFT_SUM_CONTRACT_DRIFT,
	DRIFT_SUM_STRICT_DRIFT,
	DRIFT_SUM_RECOVERED,
	DRIFT_SUM_HIGH,
	DRIFT_SUM_MEDIUM,
	DRIFT_SUM_LOW,
	DRIFT_SUM_COUNT,
};
enum drift_class_sum { DRIFT_CLASS_DEVIATING, DRIFT_CLASS_DECLARED };
enum transaction_sum {
	TRANSACTION_COMPARED,
	TRANSACTION_REPLIES,
	TRANSACTION_CONTRACT_DRIFT,
	TRANSACTION_ATTEMPTS,
	TRANSACTION_TOKENS_INPUT,
	TRANSACTION_TOKENS_CACHE_READ,
	TRANSACTION_TOKENS_CACHE_WRITE,
	TRANSACTION_TOKENS_OUTPUT,
	TRANSACTION_COST_NANO,
	TRANSACTION_COST_NANO_MAX, /* the caller keeps the greatest; flushed as a maximum */
};

struct rollup *rollup_create(void); /* NULL without memory */
void rollup_destroy(struct rollup *rollup);

/* The sums gathered under that key so far, zeros at first; add to them at once: valid until the next call. `key` has
 * ROLLUP_KEY_MAX numbers, those that the table does not use are 0. Never NULL: without memory the sums lead nowhere
 * and rollup_flush fails. */
int64_t *rollup_sums(struct rollup *rollup, enum rollup_table table, const int64_t key[ROLLUP_KEY_MAX]);
/* A number for a stream's name, the same until the rollup is destroyed. */
int64_t rollup_stream(struct rollup *rollup, const char *stream);
/* Adds everything to the tables, in the order of their keys, and forgets it. Where a count went down to nothing, the
 * row goes too, so that the tables are the same as if the rows behind them had been counted afresh; rollup_state keeps
 * it.
 */
MUST_CHECK bool rollup_flush(struct rollup *rollup, struct store *store, struct error *err);
void rollup_clear(struct rollup *rollup);

#endif
