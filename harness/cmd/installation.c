#include "harness/cmd/installation.h"

#include "harness/pipeline/worker.h"
#include "harness/spool/spool.h"
#include "harness/store/ingest.h"

enum { ORIGINS_MAX = 64, BUSY_MS = 5000, NAMES_MAX = 4096, STREAMS_ARENA_MAX = 1024 * 1024 };

static bool choose_contract(struct opened *opened, const char *interface, struct error *err)
{
	const struct installation *installation = opened->installation;
	if (interface == NULL && installation->contract_count == 1) {
		opened->contract = installation->contracts[0];
		return true;
	}
	opened->contract = interface != NULL ? installation_find(installation, interface) : NULL;
	if (opened->contract != NULL) {
		return true;
	}
	CLEANUP_BUFFER struct buffer names = BUFFER_INIT(NAMES_MAX);
	for (size_t i = 0; i < installation->contract_count; i++) {
		buffer_append_format(&names, "%s%s", i > 0 ? ", " : "", installation->contracts[i]->interface);
	}
	const char *list = names.failed || names.length == 0 ? "none" : names.data;
	if (interface == NULL) {
		return error_set_at(err, ERROR_USAGE, installation->file, 0,
				    "there are several interfaces; choose one with --interface: %s", list);
	}
	return error_set_at(err, ERROR_USAGE, installation->file, 0, "there is no interface \"%s\"; there are: %s",
			    interface, list);
}

bool opened_init(struct opened *opened, const char *config, const char *interface, enum open_store mode,
		 struct error *err)
{
	*opened = (struct opened){.installation = installation_load(config, err)};
	if (opened->installation == NULL || !choose_contract(opened, interface, err)) {
		opened_finish(opened);
		return false;
	}
	if (mode == OPEN_NO_STORE) {
		return true;
	}
	opened->store = store_open(opened->installation->store,
				   mode == OPEN_READ_ONLY ? STORE_READ_ONLY : STORE_READ_WRITE, BUSY_MS, err);
	if (opened->store == NULL) {
		opened_finish(opened);
		return false;
	}
	return true;
}

void opened_finish(struct opened *opened)
{
	store_close(opened->store);
	installation_destroy(opened->installation);
	*opened = (struct opened){0};
}

/* The newest committed counts of each origin that the store has not read yet, and of the ring. */
struct newest_accounts {
	struct {
		const char *stream; /* borrowed */
		uint64_t origin;
		uint64_t committed;
	} rows[ORIGINS_MAX];
	size_t count;
};

static void note_account(struct newest_accounts *newest, const char *stream, const struct spool_accounts *accounts)
{
	size_t i = 0;
	while (i < newest->count &&
	       (newest->rows[i].origin != accounts->origin || strcmp(newest->rows[i].stream, stream) != 0)) {
		i++;
	}
	if (i == ORIGINS_MAX) {
		return; /* so many boots stand unread that this ledger is not about a moment any more */
	}
	newest->count += i == newest->count;
	newest->rows[i].stream = stream;
	newest->rows[i].origin = accounts->origin;
	newest->rows[i].committed = accounts->committed;
}

/* Committed by the newest accounts beyond what the store's say. */
static bool sum_unaccounted(const struct opened *opened, const struct newest_accounts *newest, uint64_t *ret_sum,
			    struct error *err)
{
	struct statement *statement =
		store_statement(opened->store,
				"SELECT a.committed FROM tap_account a JOIN interface i ON i.id = a.interface_id WHERE "
				"i.name = ? AND a.stream = ? AND a.origin = ?",
				err);
	uint64_t sum = 0;
	for (size_t i = 0; statement != NULL && i < newest->count; i++) {
		statement_bind_text(statement, 1, span_of(opened->contract->interface));
		statement_bind_text(statement, 2, span_of(newest->rows[i].stream));
		statement_bind_integer(statement, 3, (int64_t)newest->rows[i].origin);
		enum statement_step step = statement_step(statement, err);
		if (step == STATEMENT_FAILED) {
			return false;
		}
		uint64_t known = step == STATEMENT_ROW ? (uint64_t)statement_integer(statement, 0) : 0;
		sum += newest->rows[i].committed > known ? newest->rows[i].committed - known : 0;
		statement_reset(statement);
	}
	*ret_sum = sum;
	return statement != NULL;
}

/* Exchanges of the interface from here to the end of what is written; of all interfaces where none is chosen. */
static bool count_waiting(const struct opened *opened, const char *stream, struct spool_reader *reader,
			  struct newest_accounts *newest, uint64_t *ret_count, struct error *err)
{
	if (opened->contract == NULL) {
		return spool_reader_count_waiting(reader, ret_count, err);
	}
	struct spool_record record;
	enum spool_read read;
	struct span name = span_of(opened->contract->interface);
	uint64_t count = 0;
	while ((read = spool_reader_next(reader, &record, err)) == SPOOL_READ) {
		if (spool_is_delivery(&record)) {
			count += span_equal(record.exchange.interface, name);
		} else if (span_equal(record.accounts.interface, name)) {
			note_account(newest, stream, &record.accounts);
		}
	}
	*ret_count = count;
	return read == SPOOL_NOTHING_YET;
}

static bool count_stream(const struct opened *opened, const char *stream, struct newest_accounts *newest,
			 uint64_t *count, struct buffer *position, struct error *err)
{
	struct store_position stored;
	if (!store_position_get(opened->store, stream, &stored, err)) {
		return false;
	}
	struct spool_position from = {stored.segment, stored.offset, stored.sequence};
	struct spool_reader *reader = spool_reader_open(opened->installation->spool, stream, &from, err);
	uint64_t waiting = 0;
	if (reader == NULL || !count_waiting(opened, stream, reader, newest, &waiting, err)) {
		spool_reader_close(reader);
		return false;
	}
	spool_reader_close(reader);
	*count += waiting;
	buffer_append_format(position, "%s%s %llu", position->length > 0 ? ", " : "", stream,
			     (unsigned long long)stored.sequence);
	return true;
}

static void note_ring_account(const struct opened *opened, struct ring *ring, struct newest_accounts *newest)
{
	struct spool_accounts accounts;
	for (int i = 0; ring != NULL && opened->contract != NULL && ring_read_account(ring, i, &accounts); i++) {
		if (span_is(accounts.interface, opened->contract->interface)) {
			note_account(newest, WORKER_TAP_STREAM, &accounts);
		}
	}
}

/* Captured and not drained yet. A ring that is not there holds nothing: *ret_ring is NULL; the caller closes it. */
static bool look_at_ring(const struct opened *opened, struct ring **ret_ring, struct opened_ring *look,
			 struct error *err)
{
	struct error why = ERROR_INIT;
	struct ring *ring = ring_open(opened->installation->ring, 0, RING_CONSUMER, &why);
	*ret_ring = ring;
	if (ring == NULL) {
		if (why.code != ERROR_MISSING && err != NULL) {
			*err = why;
		}
		return why.code == ERROR_MISSING;
	}
	look->waiting = ring_waiting(ring);
	look->capacity = ring_capacity(ring);
	look->reduced_since = ring_reduced_since(ring);
	return true;
}

static bool count_streams(const struct opened *opened, struct newest_accounts *newest, struct arena *arena,
			  uint64_t *ret_count, struct opened_ring *look, struct buffer *position, struct error *err)
{
	char **names = NULL;
	size_t streams = 0;
	uint64_t count = 0;
	if (!spool_list_streams(opened->installation->spool, arena, &names, &streams, err)) {
		return false;
	}
	for (size_t i = 0; i < streams; i++) {
		bool is_tap = strcmp(names[i], WORKER_TAP_STREAM) == 0;
		look->is_replayed |= !is_tap && spool_is_written(opened->installation->spool, names[i]);
		if (!count_stream(opened, names[i], newest, &count, position, err)) {
			return false;
		}
	}
	*ret_count = count;
	return true;
}

/* What waits in the ring is looked at before the spool, so that what is moved meanwhile is seen twice and not missed;
 * its accounts behind it, so that they are newer than any frame that was seen. */
bool opened_count_in_spool(const struct opened *opened, uint64_t *ret_count, struct opened_ring *ret_ring,
			   struct buffer *position, struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(STREAMS_ARENA_MAX);
	struct newest_accounts newest = {.count = 0};
	struct opened_ring look = {0};
	struct ring *ring = NULL;
	uint64_t count = 0;
	if (!look_at_ring(opened, &ring, &look, err)) {
		return false;
	}
	bool done = count_streams(opened, &newest, &arena, &count, &look, position, err);
	note_ring_account(opened, ring, &newest);
	ring_close(ring);
	done = done && (opened->contract == NULL || sum_unaccounted(opened, &newest, &look.unaccounted, err));
	if (!done) {
		return false;
	}
	*ret_count = count;
	*ret_ring = look;
	return buffer_ok(position, "the spool position", err);
}
