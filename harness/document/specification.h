/* Layer 3. The mapping specification of one interface: what business analysts read of a contract.
 *
 * specification_make turns a loaded contract into words and tables; the writers turn those into a page or a workbook.
 * Everything is made from the contract's files alone, without a clock, so the same files give the same bytes. No value
 * that could be a secret is in it: endpoints, keys and listeners are left out. */
#ifndef UNDERSTUDY_DOCUMENT_SPECIFICATION_H
#define UNDERSTUDY_DOCUMENT_SPECIFICATION_H

#include "harness/document/field_table.h"

/* One line "Legacy path | version 2026.3, the tap sees its replies". */
struct specification_fact {
	const char *label;
	const char *text;
};
struct specification_group {
	const char *title;
	struct specification_fact facts[16];
	size_t count;
};

enum { SPECIFICATION_LEADING_GROUPS = 3 };

struct specification_leaf {
	const char *path;
	size_t depth;
	const char *required; /* "yes", "no"; "" for items of a list */
	bool repeats;         /* as a place around it; not followed */
	struct schema_facts facts;
	const char *field; /* reply: the compared field that stands here, "" for none. Message: how it is classified */
	const char *mark;  /* against the older contract: "new", "changed" or "" */
};
struct specification_leaves {
	struct specification_leaf *list;
	size_t count;
	bool more; /* the schema names more places than are told */
};

struct specification {
	struct wording wording;
	const struct contract *contract; /* borrowed */
	const char *hash;                /* specification_hash as hexadecimal */
	const char *title;
	const char *file_stem;              /* NAME-VERSION, of letters, digits, dots, dashes and underscores */
	struct specification_group *groups; /* the first SPECIFICATION_LEADING_GROUPS are what mapping is about */
	size_t group_count;
	struct field_table fields;
	struct specification_leaves reply;
	struct specification_leaves message; /* count 0: the contract has no schema of the message */

	/* with an older contract */
	const char *since;    /* its version; NULL: there is none */
	const char **history; /* one line for each difference */
	size_t history_count;
	const struct field_change *changes; /* of the field table */
	size_t change_count;
};

/* Borrows both contracts (`since` may be NULL); all memory is the arena's. ERROR_LIMIT where that is too small. */
MUST_CHECK bool specification_make(const struct contract *contract, const struct contract *since, struct arena *arena,
				   struct specification *ret_specification, struct error *err);
/* SHA-256 over the bytes of the contract's text and of both schemas' texts (hash_sha256_pieces): the state that a table
 * was written from. */
void specification_hash(const struct contract *contract, uint8_t hash[SHA256_SIZE]);
/* "new", "changed" or "" for a row of `fields`. */
const char *specification_row_mark(const struct specification *specification, const struct field_row *row);

/* One self-contained page. */
MUST_CHECK bool specification_write_html(const struct specification *specification, struct buffer *buffer,
					 struct error *err);
/* A workbook (ECMA-376) with the sheets Overview, Fields, Reply, Message, Code lists, and the hidden sheet of
 * table_seal.h. `path` is replaced. ERROR_SYSTEM. */
MUST_CHECK bool specification_write_xlsx(const struct specification *specification, const char *path,
					 struct error *err);

/* Private to harness/document: the groups of facts (specification_facts.c). */
void specification_tell(struct specification *specification);

#endif
