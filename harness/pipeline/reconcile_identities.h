/* Layer 3, private to harness/pipeline. Their identities, as the digests by which the store knows them. */
#ifndef UNDERSTUDY_PIPELINE_RECONCILE_IDENTITIES_H
#define UNDERSTUDY_PIPELINE_RECONCILE_IDENTITIES_H

#include "harness/pipeline/reconcile.h"

enum { IDENTITY_SIZE = 16 };

struct reconcile_row {
	int64_t day;
	const char *text;
	bool seen;
};

/* One spelling of a row's identity: its values as text, or as numbers where they can be numbers. */
struct reconcile_spelling {
	uint8_t identity[IDENTITY_SIZE];
	uint32_t row;
};

struct reconcile_set {
	struct reconcile_row *rows;
	size_t row_count;
	size_t row_capacity;
	struct reconcile_spelling *spellings; /* sorted by identity */
	size_t spelling_count;
	size_t spelling_capacity;
};

/* Texts are put into the arena; finish frees the rest, also after a failure. */
MUST_CHECK bool reconcile_set_read(struct reconcile_set *set, const struct contract *contract,
				   const struct reconcile_columns *columns, const char *file, struct arena *arena,
				   int64_t *ret_other_rows, struct error *err);
void reconcile_set_finish(struct reconcile_set *set);
bool reconcile_set_has(const struct reconcile_set *set, struct span identity);
/* Marks the rows whose identity is stored, of whatever day. */
MUST_CHECK bool reconcile_set_look_up(struct reconcile_set *set, struct store *store, struct error *err);

#endif
