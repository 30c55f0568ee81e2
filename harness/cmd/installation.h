/* Layer 5. What most commands begin with: the installation, one of its interfaces, and the store. */
#ifndef UNDERSTUDY_CMD_INSTALLATION_H
#define UNDERSTUDY_CMD_INSTALLATION_H

#include "harness/contract/contract.h"
#include "harness/store/store.h"

struct opened {
	struct installation *installation;
	struct contract *contract; /* of the interface asked for; the only one where none was named */
	struct store *store;       /* NULL with `mode` OPEN_NO_STORE */
};

enum open_store { OPEN_NO_STORE, OPEN_READ_ONLY, OPEN_READ_WRITE };

/* `interface` NULL: fine where the installation has one interface, else an error that lists them. */
MUST_CHECK bool opened_init(struct opened *opened, const char *config, const char *interface, enum open_store mode,
			    struct error *err);
void opened_finish(struct opened *opened);

/* The capture ring at one moment; all 0 where there is none. */
struct opened_ring {
	uint64_t waiting; /* bytes captured and not in the spool yet */
	uint64_t capacity;
	int64_t reduced_since; /* UTC us; 0: capture is full */
	/* Of the interface asked for: how much more is committed, by ring and unread spool, than the accounts in the
	 * store say. Frames are written and read before the accounts that count them, so the store may hold that many
	 * deliveries too many for a moment. */
	uint64_t unaccounted;
	bool is_replayed; /* a replay writes to a stream now; its accounts come at its end */
};

/* Exchanges of all streams that are in the spool and not in the store yet: a term of the first ledger. *ret_ring: what
 * the capture ring holds besides, not counted yet. `position` gets "stream sequence" of each stream, as read so
 * far. */
MUST_CHECK bool opened_count_in_spool(const struct opened *opened, uint64_t *ret_count, struct opened_ring *ret_ring,
				      struct buffer *position, struct error *err);

#endif
