#include "harness/cmd/installation.h"

#include "harness/spool/spool.h"
#include "harness/store/ingest.h"

enum { BUSY_MS = 5000, NAMES_MAX = 4096, STREAMS_ARENA_MAX = 1024 * 1024 };

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

/* Exchanges of the interface from here to the end of what is written; of all interfaces where none is chosen. */
static bool count_waiting(const struct opened *opened, struct spool_reader *reader, uint64_t *ret_count,
			  struct error *err)
{
	if (opened->contract == NULL) {
		return spool_reader_count_waiting(reader, ret_count, err);
	}
	struct spool_record record;
	enum spool_read read;
	uint64_t count = 0;
	while ((read = spool_reader_next(reader, &record, err)) == SPOOL_READ) {
		count += spool_is_delivery(&record) && span_is(record.exchange.interface, opened->contract->interface);
	}
	*ret_count = count;
	return read == SPOOL_NOTHING_YET;
}

static bool count_stream(const struct opened *opened, const char *stream, uint64_t *count, struct buffer *position,
			 struct error *err)
{
	struct store_position stored;
	if (!store_position_get(opened->store, stream, &stored, err)) {
		return false;
	}
	struct spool_position from = {stored.segment, stored.offset, stored.sequence};
	struct spool_reader *reader = spool_reader_open(opened->installation->spool, stream, &from, err);
	uint64_t waiting = 0;
	if (reader == NULL || !count_waiting(opened, reader, &waiting, err)) {
		spool_reader_close(reader);
		return false;
	}
	spool_reader_close(reader);
	*count += waiting;
	buffer_append_format(position, "%s%s %llu", position->length > 0 ? ", " : "", stream,
			     (unsigned long long)stored.sequence);
	return true;
}

/* Captured and not drained yet. A ring that is not there holds nothing. */
static bool look_at_ring(const struct opened *opened, struct opened_ring *ret_ring, struct error *err)
{
	struct error why = ERROR_INIT;
	struct ring *ring = ring_open(opened->installation->ring, 0, RING_CONSUMER, &why);
	*ret_ring = (struct opened_ring){0};
	if (ring == NULL) {
		if (why.code != ERROR_MISSING && err != NULL) {
			*err = why;
		}
		return why.code == ERROR_MISSING;
	}
	*ret_ring = (struct opened_ring){ring_waiting(ring), ring_capacity(ring), ring_reduced_since(ring)};
	ring_close(ring);
	return true;
}

bool opened_count_in_spool(const struct opened *opened, uint64_t *ret_count, struct opened_ring *ret_ring,
			   struct buffer *position, struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(STREAMS_ARENA_MAX);
	char **names = NULL;
	size_t streams = 0;
	uint64_t count = 0;
	if (!look_at_ring(opened, ret_ring, err)) {
		return false;
	}
	if (!spool_list_streams(opened->installation->spool, &arena, &names, &streams, err)) {
		return false;
	}
	for (size_t i = 0; i < streams; i++) {
		if (!count_stream(opened, names[i], &count, position, err)) {
			return false;
		}
	}
	*ret_count = count;
	return buffer_ok(position, "the spool position", err);
}
