/* Layer 3. An analyst's edited field table back into the contract: what it would change, for approval.
 *
 * Nothing is written here. The changes are told in words and as a listing of lines, the changed files are given as
 * texts, and they have been loaded as a contract before they are given. Faults in cells are all collected; with one of
 * them nothing is changed.
 *
 * What the analyst changed is told against the hidden copy in the workbook (table_seal.h), so a table stays good when
 * other parts of the contract changed meanwhile; a cell that was changed on both sides is a fault. A table without the
 * copy (CSV) is told against the contract as it is.
 *
 * Where changes land: title and meaning, comparison, tolerance and critical in contract.yaml; required, allowed values,
 * bounds and lengths in the response schema. Title and meaning go into the contract even where the schema has them, for
 * the schema is part of an evaluation period and words are not. A place of the schema that others share (by $ref, allOf
 * or a branch) is not edited: the fault names the line. */
#ifndef UNDERSTUDY_DOCUMENT_TABLE_APPLY_H
#define UNDERSTUDY_DOCUMENT_TABLE_APPLY_H

#include "harness/contract/difference.h"
#include "harness/document/field_table.h"

struct table_changed_file {
	const char *path; /* as the contract names it */
	struct span before;
	struct span after; /* the same bytes where nothing changes */
	const char *listing;
};

struct table_application {
	bool sealed; /* the table has the hidden copy */
	bool stale;  /* and the contract has changed since it was written */
	const char *sealed_version;
	const char *ignored; /* heads of columns that are not the table's own, joined by ", " */

	const char **changes; /* in words */
	size_t change_count;
	const char **faults;
	size_t fault_count; /* also those past FIELD_FAULTS_MAX, which are not in the list */

	/* with changes and without faults */
	struct table_changed_file contract;
	struct table_changed_file schema;
	enum version_step step;
	const char *reason;       /* for the step, in words; "" for VERSION_SAME */
	const char *version;      /* as it is */
	const char *next_version; /* what it becomes; NULL: it stays, or is not of the form 1.2.3 */
	const char **ended;       /* candidates whose evaluation period the change ends */
	size_t ended_count;
};

/* `file_bytes` is a workbook where they begin as a ZIP archive does, else CSV; `name` stands in faults of a CSV.
 * Borrows the contract; all else is the arena's. False where there is nothing to read: ERROR_FORMAT, ERROR_MISSING,
 * ERROR_VERSION for a table of a newer version, ERROR_CONFIG for a table of another interface, ERROR_LIMIT. */
MUST_CHECK bool table_apply(const struct contract *contract, struct span file_bytes, const char *name,
			    struct arena *arena, struct table_application *ret_application, struct error *err);

#endif
