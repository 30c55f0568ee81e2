/* Layer 3. The middleware's own counts against ours: did the tap see all that there was?
 *
 * Theirs: CSV, one row for each day with a date (2026-11-10, in the installation's zone), a count, and perhaps the
 * interface; rows of other interfaces are counted and left out. Ours: exchanges stored, by the day of captured_at in
 * that zone. Their identities, where given: CSV with a date, perhaps the interface, and the values at message.id in
 * their order, each in a column of its own. A value that is spelled like a JSON number is looked for as number and as
 * text. The tables are held in memory; the exchange rows of the period are read once, without bodies. */
#ifndef UNDERSTUDY_PIPELINE_RECONCILE_H
#define UNDERSTUDY_PIPELINE_RECONCILE_H

#include "harness/contract/contract.h"
#include "harness/store/ingest.h"

enum {
	RECONCILE_DAYS_MAX = 3660,
	RECONCILE_LISTED_MAX = 1000, /* identities kept by name, on each side; all are counted */
};

struct reconcile_columns {
	const char *date;
	const char *interface; /* need not be there */
	const char *count;
};

struct reconcile_day {
	int64_t day; /* days since 1970-01-01 */
	int64_t theirs;
	int64_t ours;
	int line; /* of their table; 0: they say nothing of this day */
};

/* An identity that one side has and the other has not. */
struct reconcile_identity {
	int64_t day;
	const char *text;     /* its values, blanks between; theirs as written, ours from the message */
	const char *exchange; /* ours: the exchange id in hex; theirs: NULL */
};

struct reconcile_identities {
	int64_t count;
	struct reconcile_identity *listed; /* the first RECONCILE_LISTED_MAX */
	size_t listed_count;
};

struct reconcile {
	struct arena arena;         /* owns all that follows */
	struct reconcile_day *days; /* from the first to the last day of their table, without gaps */
	size_t day_count;
	int64_t other_rows;         /* of both tables: of other interfaces */
	struct store_ledger ledger; /* of all time: duplicates and drops are not kept by day */
	bool has_identities;
	int64_t identity_rows;                   /* theirs */
	struct reconcile_identities unseen;      /* theirs that no exchange of any day has */
	struct reconcile_identities unannounced; /* exchanges of the period that they do not name */
	int64_t unidentified;                    /* exchanges of the period without an identity */
};

/* `identities_file` NULL: none. Reads the store in one transaction. NULL: ERROR_FORMAT with file and line for a faulty
 * table, ERROR_CONFIG where the contract has no identity to look for. destroy accepts NULL. */
struct reconcile *reconcile_create(const struct installation *installation, const struct contract *contract,
				   struct store *store, const struct reconcile_columns *columns,
				   const char *counts_file, const char *identities_file, struct error *err);
void reconcile_destroy(struct reconcile *reconcile);

/* Every day has the same count on both sides, and no identity stands on one side alone. */
bool reconcile_agrees(const struct reconcile *reconcile);
/* The tap's own accounts do not add up: the store was tampered with. */
bool reconcile_is_faulty(const struct reconcile *reconcile);

/* "2026-11-10" to days since 1970-01-01. */
MUST_CHECK bool reconcile_read_day(struct span text, int64_t *ret_day);

#endif
