#include "harness/pipeline/reconcile.h"

#include "harness/base/text.h"
#include "harness/pipeline/message.h"
#include "harness/pipeline/reconcile_identities.h"
#include "harness/pipeline/reconcile_table.h"

#include <stdlib.h>

enum { MEMORY_MAX = 1024 * 1024 * 1024, MESSAGE_MEMORY_MAX = 512 * 1024 * 1024, ID_TEXT_MAX = 64, TEXT_MAX = 4096 };

/* What one comparison works on. */
struct comparing {
	struct reconcile *result;
	const struct installation *installation;
	const struct contract *contract;
	struct store *store;
	int64_t interface; /* its row; 0: the store knows none */
	struct reconcile_set theirs;
};

/* --- their counts --- */

struct stated {
	int64_t day;
	int64_t count;
	int line;
};

static int order_of_days(const void *a, const void *b)
{
	const struct stated *left = a;
	const struct stated *right = b;
	if (left->day != right->day) {
		return left->day < right->day ? -1 : 1;
	}
	return left->line < right->line ? -1 : left->line > right->line;
}

/* All days from the first to the last, those that they say nothing of too. */
static bool lay_out_days(struct reconcile *result, const char *file, const struct stated *stated, size_t count,
			 struct error *err)
{
	if (count == 0) {
		return error_set_at(err, ERROR_FORMAT, file, 0, "the table has no row of this interface");
	}
	int64_t first = stated[0].day;
	int64_t days = stated[count - 1].day - first + 1;
	if (days > RECONCILE_DAYS_MAX) {
		return error_set_at(err, ERROR_FORMAT, file, stated[count - 1].line,
				    "the table spans more than %d days; split it", RECONCILE_DAYS_MAX);
	}
	result->days = arena_allocate_array(&result->arena, (size_t)days, sizeof(result->days[0]));
	if (result->days == NULL) {
		return error_set(err, ERROR_LIMIT, "the days do not fit into memory");
	}
	result->day_count = (size_t)days;
	for (size_t i = 0; i < result->day_count; i++) {
		result->days[i].day = first + (int64_t)i;
	}
	for (size_t i = 0; i < count; i++) {
		struct reconcile_day *day = &result->days[stated[i].day - first];
		if (day->line > 0) {
			return error_set_at(err, ERROR_FORMAT, file, stated[i].line,
					    "the day has another count in line %d; keep one", day->line);
		}
		day->theirs = stated[i].count;
		day->line = stated[i].line;
	}
	return true;
}

static bool read_stated(struct reconcile_table *table, struct arena *arena, size_t count_at, struct stated *stated,
			size_t *count, struct error *err)
{
	for (;;) {
		struct span *cells = NULL;
		int64_t day = 0;
		int64_t number = 0;
		if (!reconcile_table_next(table, arena, &cells, &day, err)) {
			return false;
		}
		if (cells == NULL) {
			return true;
		}
		if (!text_to_int64(cells[count_at], &number) || number < 0) {
			return error_set_at(err, ERROR_FORMAT, table->file, table->reader.line,
					    "\"%.*s\" is not a count; write a whole number, 0 or more",
					    SPAN_ARGUMENTS(cells[count_at]));
		}
		if (*count == RECONCILE_DAYS_MAX) {
			return error_set_at(err, ERROR_FORMAT, table->file, table->reader.line,
					    "the table has more than %d rows of this interface; split it",
					    RECONCILE_DAYS_MAX);
		}
		stated[(*count)++] = (struct stated){.day = day, .count = number, .line = table->reader.line};
	}
}

static bool read_counts(struct comparing *comparing, const struct reconcile_columns *columns, const char *file,
			struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(MEMORY_MAX);
	struct reconcile_table table = {.file = file, .interface = comparing->contract->interface, .columns = columns};
	struct stated *stated = arena_allocate_array(&arena, RECONCILE_DAYS_MAX, sizeof(stated[0]));
	size_t count = 0;
	bool done = stated != NULL && reconcile_table_open(&table, &arena, err);
	size_t count_at = done ? reconcile_table_column(&table, columns->count) : 0;
	if (done && count_at == table.column_count) {
		done = error_set_at(err, ERROR_FORMAT, file, 1,
				    "there is no column \"%s\"; name the count's with --count-column", columns->count);
	}
	done = done && read_stated(&table, &arena, count_at, stated, &count, err);
	reconcile_table_finish(&table);
	if (!done) {
		return false;
	}
	if (count > 0) {
		qsort(stated, count, sizeof(stated[0]), order_of_days);
	}
	comparing->result->other_rows += table.other_rows;
	return lay_out_days(comparing->result, file, stated, count, err);
}

/* --- ours --- */

static struct reconcile_day *day_of(const struct comparing *comparing, int64_t captured_at)
{
	struct reconcile *result = comparing->result;
	int64_t local = captured_at + zone_offset(comparing->installation->zone, captured_at) * CLOCK_SECOND;
	int64_t day = local / CLOCK_DAY - (local % CLOCK_DAY < 0);
	int64_t at = day - result->days[0].day;
	return at >= 0 && at < (int64_t)result->day_count ? &result->days[at] : NULL;
}

/* The identity's values as the message has them, blanks between; empty where the message is gone. */
static char *identity_text(struct comparing *comparing, int64_t row, struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(MESSAGE_MEMORY_MAX);
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	struct span request = {"", 0};
	struct span reply = {"", 0};
	const struct json_node *root = NULL;
	if (store_payload(comparing->store, row, &arena, &request, &reply, NULL) &&
	    message_parse(request, &arena, &root, NULL)) {
		for (size_t i = 0; i < comparing->contract->message_id_count; i++) {
			buffer_append_text(&text, i > 0 ? " " : "");
			buffer_append_span(&text, json_text(select_get(&comparing->contract->message_id[i], root)));
		}
	}
	char *copy = buffer_ok(&text, "an identity", NULL) ? arena_copy(&comparing->result->arena, buffer_span(&text))
							   : arena_copy(&comparing->result->arena, SPAN(""));
	if (copy == NULL) {
		error_set(err, ERROR_LIMIT, "the identities do not fit into memory");
	}
	return copy;
}

static bool list(struct reconcile *result, struct reconcile_identities *identities, struct reconcile_identity one,
		 struct error *err)
{
	if (identities->listed == NULL) {
		identities->listed =
			arena_allocate_array(&result->arena, RECONCILE_LISTED_MAX, sizeof(identities->listed[0]));
	}
	if (identities->listed == NULL) {
		return error_set(err, ERROR_LIMIT, "the identities do not fit into memory");
	}
	identities->listed[identities->listed_count++] = one;
	return true;
}

/* Columns of the row: id, captured_at, identity, exchange_id. */
static bool look_for_identity(struct comparing *comparing, struct statement *row, int64_t day, struct error *err)
{
	struct reconcile *result = comparing->result;
	if (statement_is_null(row, 2)) {
		result->unidentified++;
		return true;
	}
	if (reconcile_set_has(&comparing->theirs, statement_blob(row, 2))) {
		return true;
	}
	result->unannounced.count++;
	if (result->unannounced.listed_count == RECONCILE_LISTED_MAX) {
		return true;
	}
	CLEANUP_BUFFER struct buffer id = BUFFER_INIT(ID_TEXT_MAX);
	text_write_hex(&id, statement_blob(row, 3).data, statement_blob(row, 3).length);
	const char *text = identity_text(comparing, statement_integer(row, 0), err);
	const char *exchange = arena_copy(&result->arena, buffer_span(&id));
	return text != NULL && exchange != NULL &&
	       list(result, &result->unannounced,
		    (struct reconcile_identity){.day = day, .text = text, .exchange = exchange}, err);
}

/* One pass over the rows of the period, a day more at both ends: zones reach so far. */
static bool count_ours(struct comparing *comparing, struct error *err)
{
	struct reconcile *result = comparing->result;
	struct statement *rows =
		store_statement(comparing->store,
				"SELECT id, captured_at, identity, exchange_id FROM exchange WHERE "
				"interface_id = ? AND captured_at >= ? AND captured_at < ? ORDER BY id",
				err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_integer(rows, 1, comparing->interface);
	statement_bind_integer(rows, 2, (result->days[0].day - 1) * CLOCK_DAY);
	statement_bind_integer(rows, 3, (result->days[result->day_count - 1].day + 2) * CLOCK_DAY);
	enum statement_step step;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		struct reconcile_day *day = day_of(comparing, statement_integer(rows, 1));
		if (day == NULL) {
			continue;
		}
		day->ours++;
		if (result->has_identities && !look_for_identity(comparing, rows, day->day, err)) {
			return false;
		}
	}
	return step == STATEMENT_DONE;
}

static bool list_unseen(struct comparing *comparing, struct error *err)
{
	struct reconcile *result = comparing->result;
	if (!reconcile_set_look_up(&comparing->theirs, comparing->store, err)) {
		return false;
	}
	for (size_t i = 0; i < comparing->theirs.row_count; i++) {
		const struct reconcile_row *row = &comparing->theirs.rows[i];
		result->unseen.count += !row->seen;
		if (!row->seen && result->unseen.listed_count < RECONCILE_LISTED_MAX &&
		    !list(result, &result->unseen, (struct reconcile_identity){.day = row->day, .text = row->text},
			  err)) {
			return false;
		}
	}
	result->identity_rows = (int64_t)comparing->theirs.row_count;
	return true;
}

static bool find_interface(struct comparing *comparing, struct error *err)
{
	struct statement *find = store_statement(comparing->store, "SELECT id FROM interface WHERE name = ?", err);
	if (find == NULL) {
		return false;
	}
	statement_bind_text(find, 1, span_of(comparing->contract->interface));
	enum statement_step step = statement_step(find, err);
	comparing->interface = step == STATEMENT_ROW ? statement_integer(find, 0) : 0;
	statement_reset(find);
	return step != STATEMENT_FAILED;
}

static bool read_store(struct comparing *comparing, struct error *err)
{
	if (!store_begin_read(comparing->store, err)) {
		return false;
	}
	bool done = find_interface(comparing, err) &&
		    store_ledger_get(comparing->store, comparing->interface, &comparing->result->ledger, err) &&
		    count_ours(comparing, err) && (!comparing->result->has_identities || list_unseen(comparing, err));
	store_rollback(comparing->store);
	return done;
}

struct reconcile *reconcile_create(const struct installation *installation, const struct contract *contract,
				   struct store *store, const struct reconcile_columns *columns,
				   const char *counts_file, const char *identities_file, struct error *err)
{
	struct reconcile *result = calloc(1, sizeof(*result));
	if (result == NULL) {
		error_set(err, ERROR_MEMORY, "no memory to compare counts");
		return NULL;
	}
	arena_init(&result->arena, MEMORY_MAX);
	result->has_identities = identities_file != NULL;
	struct comparing comparing = {
		.result = result, .installation = installation, .contract = contract, .store = store};
	int64_t other_rows = 0;
	bool done =
		read_counts(&comparing, columns, counts_file, err) &&
		(identities_file == NULL || reconcile_set_read(&comparing.theirs, contract, columns, identities_file,
							       &result->arena, &other_rows, err)) &&
		read_store(&comparing, err);
	result->other_rows += other_rows;
	reconcile_set_finish(&comparing.theirs);
	if (!done) {
		reconcile_destroy(result);
		return NULL;
	}
	return result;
}

void reconcile_destroy(struct reconcile *reconcile)
{
	if (reconcile != NULL) {
		arena_finish(&reconcile->arena);
		free(reconcile);
	}
}

bool reconcile_agrees(const struct reconcile *reconcile)
{
	for (size_t i = 0; i < reconcile->day_count; i++) {
		if (reconcile->days[i].theirs != reconcile->days[i].ours) {
			return false;
		}
	}
	return reconcile->unseen.count == 0 && reconcile->unannounced.count == 0;
}

bool reconcile_is_faulty(const struct reconcile *reconcile)
{
	const struct store_account *tap = &reconcile->ledger.tap;
	uint64_t known = tap->committed + tap->in_flight;
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		known += tap->dropped[i];
	}
	return reconcile->ledger.unknown_reason || tap->seen != known;
}
