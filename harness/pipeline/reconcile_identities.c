#include "harness/pipeline/reconcile_identities.h"

#include "harness/base/text.h"
#include "harness/pipeline/message.h"
#include "harness/pipeline/reconcile_table.h"

#include <stdlib.h>

enum {
	CELLS_MAX = 64 * 1024 * 1024, /* of one row */
	VALUES_MAX = 4,               /* each may be spelled in two ways: at most 16 spellings of a row */
	IDENTITY_TEXT_MAX = 1024 * 1024,
};

/* The columns that hold the identity: all but date and interface. */
struct value_columns {
	size_t at[VALUES_MAX];
	size_t count;
};

static bool find_values(const struct reconcile_table *table, const struct contract *contract,
			struct value_columns *ret_columns, struct error *err)
{
	struct value_columns columns = {.count = 0};
	size_t others = 0;
	for (size_t i = 0; i < table->column_count; i++) {
		if (i == table->date_at || i == table->interface_at) {
			continue;
		}
		if (others < VALUES_MAX) {
			columns.at[others] = i;
		}
		others++;
	}
	if (others != contract->message_id_count) {
		return error_set_at(
			err, ERROR_FORMAT, table->file, 1,
			"beside date and interface stand %zu columns, and message.id has %zu paths; give one "
			"column for each",
			others, contract->message_id_count);
	}
	columns.count = others;
	*ret_columns = columns;
	return true;
}

static void *grow(void *items, size_t *capacity, size_t size)
{
	*capacity = *capacity > 0 ? *capacity * 2 : 1024;
	return reallocarray(items, *capacity, size);
}

static bool add_row(struct reconcile_set *set, int64_t day, const char *text, struct error *err)
{
	if (set->row_count == set->row_capacity) {
		void *rows = grow(set->rows, &set->row_capacity, sizeof(set->rows[0]));
		if (rows == NULL || set->row_capacity > UINT32_MAX) {
			free(rows != NULL ? rows : set->rows);
			set->rows = NULL;
			return error_set(err, ERROR_MEMORY, "the identities do not fit into memory");
		}
		set->rows = rows;
	}
	set->rows[set->row_count++] = (struct reconcile_row){.day = day, .text = text};
	return true;
}

static bool add_spelling(struct reconcile_set *set, const char *interface, struct span values, struct error *err)
{
	if (set->spelling_count == set->spelling_capacity) {
		void *spellings = grow(set->spellings, &set->spelling_capacity, sizeof(set->spellings[0]));
		if (spellings == NULL) {
			return error_set(err, ERROR_MEMORY, "the identities do not fit into memory");
		}
		set->spellings = spellings;
	}
	struct reconcile_spelling *spelling = &set->spellings[set->spelling_count++];
	spelling->row = (uint32_t)(set->row_count - 1);
	message_identity(interface, values, spelling->identity);
	return true;
}

/* The value as canonical JSON; false where it is to be a number and is none. */
static bool write_value(struct span cell, bool number, struct arena *arena, struct buffer *target)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(IDENTITY_TEXT_MAX);
	const struct json_node *value = NULL;
	if (number) {
		buffer_append_span(&text, cell);
	} else {
		json_write_string(&text, cell);
	}
	char *copy = buffer_ok(&text, "an identity", NULL) ? arena_copy(arena, buffer_span(&text)) : NULL;
	if (copy == NULL || !json_parse(arena, (struct span){copy, text.length}, NULL, &value, NULL) ||
	    (number && !json_is(value, JSON_NUMBER))) {
		return false;
	}
	json_write_canonical(target, value);
	buffer_append_byte(target, '\n');
	return true;
}

/* Bit i of `numbers`: value i is meant as a number. */
static bool add_spelled(struct reconcile_set *set, const struct contract *contract, const struct span *cells,
			const struct value_columns *columns, unsigned numbers, struct arena *arena, struct error *err)
{
	CLEANUP_BUFFER struct buffer values = BUFFER_INIT(IDENTITY_TEXT_MAX);
	for (size_t i = 0; i < columns->count; i++) {
		if (!write_value(cells[columns->at[i]], (numbers >> i & 1) != 0, arena, &values)) {
			return true; /* it cannot be spelled so */
		}
	}
	return buffer_ok(&values, "an identity", err) &&
	       add_spelling(set, contract->interface, buffer_span(&values), err);
}

static char *join_cells(const struct span *cells, const struct value_columns *columns, struct arena *arena,
			struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(IDENTITY_TEXT_MAX);
	for (size_t i = 0; i < columns->count; i++) {
		buffer_append_text(&text, i > 0 ? " " : "");
		buffer_append_span(&text, cells[columns->at[i]]);
	}
	char *copy = buffer_ok(&text, "an identity", err) ? arena_copy(arena, buffer_span(&text)) : NULL;
	if (copy == NULL) {
		error_set(err, ERROR_LIMIT, "the identities do not fit into memory");
	}
	return copy;
}

static bool read_rows(struct reconcile_set *set, struct reconcile_table *table, const struct contract *contract,
		      struct arena *arena, struct error *err)
{
	struct value_columns columns = {.count = 0};
	CLEANUP_ARENA struct arena cells_arena = ARENA_INIT(CELLS_MAX);
	if (!find_values(table, contract, &columns, err)) {
		return false;
	}
	for (;;) {
		struct span *cells = NULL;
		int64_t day = 0;
		arena_reset(&cells_arena);
		if (!reconcile_table_next(table, &cells_arena, &cells, &day, err)) {
			return false;
		}
		if (cells == NULL) {
			return true;
		}
		for (size_t i = 0; i < columns.count; i++) {
			if (!text_is_utf8(cells[columns.at[i]])) {
				return error_set_at(err, ERROR_FORMAT, table->file, table->reader.line,
						    "the identity is not UTF-8");
			}
		}
		const char *text = join_cells(cells, &columns, arena, err);
		bool done = text != NULL && add_row(set, day, text, err);
		for (unsigned numbers = 0; done && numbers < 1U << columns.count; numbers++) {
			done = add_spelled(set, contract, cells, &columns, numbers, &cells_arena, err);
		}
		if (!done) {
			return false;
		}
	}
}

static int order_of_spellings(const void *a, const void *b)
{
	return memcmp(((const struct reconcile_spelling *)a)->identity,
		      ((const struct reconcile_spelling *)b)->identity, IDENTITY_SIZE);
}

bool reconcile_set_read(struct reconcile_set *set, const struct contract *contract,
			const struct reconcile_columns *columns, const char *file, struct arena *arena,
			int64_t *ret_other_rows, struct error *err)
{
	if (contract->message_id_count == 0 || contract->message_id_count > VALUES_MAX) {
		return error_set(
			err, ERROR_CONFIG,
			"message.id of \"%s\" has %zu paths; identities can be compared where there are 1 to 4",
			contract->interface, contract->message_id_count);
	}
	struct reconcile_table table = {.file = file, .interface = contract->interface, .columns = columns};
	bool done = reconcile_table_open(&table, arena, err) && read_rows(set, &table, contract, arena, err);
	reconcile_table_finish(&table);
	if (!done) {
		return false;
	}
	if (set->spelling_count > 0) {
		qsort(set->spellings, set->spelling_count, sizeof(set->spellings[0]), order_of_spellings);
	}
	*ret_other_rows = table.other_rows;
	return true;
}

void reconcile_set_finish(struct reconcile_set *set)
{
	free(set->rows);
	free(set->spellings);
}

bool reconcile_set_has(const struct reconcile_set *set, struct span identity)
{
	struct reconcile_spelling wanted = {.row = 0};
	if (identity.length != IDENTITY_SIZE || set->spelling_count == 0) {
		return false;
	}
	memcpy(wanted.identity, identity.data, IDENTITY_SIZE);
	return bsearch(&wanted, set->spellings, set->spelling_count, sizeof(set->spellings[0]), order_of_spellings) !=
	       NULL;
}

bool reconcile_set_look_up(struct reconcile_set *set, struct store *store, struct error *err)
{
	for (size_t i = 0; i < set->spelling_count; i++) {
		struct reconcile_spelling *spelling = &set->spellings[i];
		struct statement *find = store_statement(store,
							 "SELECT 1 FROM exchange WHERE substr(identity, 1, 6) = "
							 "substr(?1, 1, 6) AND identity = ?1 LIMIT 1",
							 err);
		if (find == NULL) {
			return false;
		}
		statement_bind_blob(find, 1, (struct span){(const char *)spelling->identity, IDENTITY_SIZE});
		enum statement_step step = statement_step(find, err);
		statement_reset(find);
		if (step == STATEMENT_FAILED) {
			return false;
		}
		struct reconcile_row *row = &set->rows[spelling->row];
		row->seen = row->seen || step == STATEMENT_ROW;
	}
	return true;
}
