/* Layer 2. Reviews in and out as CSV, and what follows from them: who agrees, what is true, which path was right.
 *
 * A label gives the correct values of one record. It names no path and the task file names none: each path's
 * correctness is derived here, by the contract's own comparators, from the value it gave.
 *
 * Task file (export), one row for each record to judge:
 *   record_id, week, message (JSON), assigned ("1", or "1 2" where several reviewers judge it), status,
 *   then for each field NAME: NAME (empty, to be filled in), NAME_values (JSON array of the distinct values that any
 *   path gave, in canonical spelling, in an order that depends on record and value alone).
 * Label file (import): record_id, reviewer, labelled_at (RFC 3339, may be empty), cannot_tell (1 or empty; the values
 *   then do not count), comment, and for each field NAME the correct value; an empty cell says that the field should be
 *   absent, white space around a value is dropped. A value is read by the type that the response schema declares for
 *   the field, and must be in its enum as far as the comparator looks. Columns in any order; other columns are refused,
 *   but for those of the task file. Rows of empty cells are skipped.
 * A field whose name is one of these columns, ends in _values or starts with "field:" has the column "field:NAME".
 */
#ifndef UNDERSTUDY_BASELINES_LABELS_H
#define UNDERSTUDY_BASELINES_LABELS_H

#include "harness/contract/contract.h"
#include "harness/store/store.h"

/* review_item.status */
enum review_status { REVIEW_OPEN, REVIEW_CONFLICT, REVIEW_FINAL, REVIEW_UNLABELABLE };

enum label_scope { LABEL_SCOPE_OPEN, LABEL_SCOPE_CONFLICT, LABEL_SCOPE_ALL };

/* Replaces the buffer's content. */
MUST_CHECK bool label_export(struct store *store, const struct contract *contract, enum label_scope scope,
			     struct buffer *csv, int64_t *ret_count, struct error *err);

struct label_import {
	int64_t rows;
	int64_t added;
	int64_t unchanged; /* the same reviewer's same judgement was there already */
	int64_t open;      /* items of the interface, afterwards: not judged by all who should */
	int64_t final;     /* settled */
	int64_t conflict;  /* their reviewers disagree: to be adjudicated */
};

/* All rows or none: the first bad row ends it, with its line (ERROR_FORMAT). Labels are only ever added: the last one
 * of a reviewer counts. A row is unchanged where it repeats that reviewer's last label, or an earlier one of the same
 * labelled_at: so an old file, with times, imported again does not undo a correction. `file` names the source in
 * errors; `now` stands in for an empty labelled_at. `adjudication`: these labels settle conflicts. Takes a transaction
 * of its own. */
MUST_CHECK bool label_import(struct store *store, const struct contract *contract, const char *file, struct span csv,
			     bool adjudication, int64_t now, struct label_import *ret_result, struct error *err);

/* Recomputes status and judgements of one item from its labels, inside the caller's transaction:
 * an adjudication decides; else all required reviewers (all on overlap items, one otherwise) must have judged, and
 * those who could tell must give the same values, each pair of them in the comparators' sense; "cannot tell" of all
 * makes it unlabelable. Judgements are those of final items: of the legacy path, and of each candidate that the record
 * was sampled for. At most 64 reviewers of one item (ERROR_LIMIT). Idempotent. */
MUST_CHECK bool label_settle(struct store *store, const struct contract *contract, int64_t item,
			     enum review_status *ret_status, struct error *err);

#endif
