/* A tap in a child process between a scripted client and a scripted legacy system. The test itself plays both sides,
 * step by step, with raw bytes; every wait ends after five seconds, with a failed test. */
#ifndef UNDERSTUDY_TESTS_TAP_RIG_H
#define UNDERSTUDY_TESTS_TAP_RIG_H

#include "harness/tap/tap.h"

#include "tests/tap/secure.h"

#include <sys/types.h>

struct rig {
	pid_t tap;
	char directory[64];
	char ring[128];
	char spool[128];
	char listen[64];
	int legacy; /* listening socket; the kernel takes connections whether or not the test accepts them */
	/* set before rig_start_with */
	size_t capture_max;
	size_t ring_capacity;
	int capture_floor;
	int legacy_timeout_ms;
	int connections_max;
	int stop_grace_ms; /* 0: as good as none */
	bool forwarded;
	bool takes_reloads;  /* then it says TAP_READY first */
	int control;         /* for rig_reload and rig_hear */
	int descriptors_max; /* 0: as it is */
	const char *match_path;
	/* TLS; set by rig_secure, to be changed before rig_start_with or, of the sides, later */
	const struct tap_tls *tls;
	const struct tap_tls *legacy_tls;
	struct secure_side client_side; /* how rig_connect and rig_accept speak where there is TLS */
	struct secure_side legacy_side;
	bool drips; /* every byte in a segment of its own */
	/* behind these */
	struct tap_tls tls_kept, legacy_tls_kept;
	char certificate[128], key[128], ca[128];
	volatile int *disk_stalls; /* while not 0, the tap's writes to segments and their syncs do not return */
	int clock_factor;          /* the tap's monotonic clock runs so many times as fast; 0: as it is */
	enum tap_kind kind;        /* of the one listener; TAP_INGEST takes for "orders" and "invoices" */
	const char *token;
	const size_t *interface_capture_max; /* TAP_INGEST; of both */
	size_t interface_count;              /* TAP_INGEST: 1 for "orders" alone */
};

struct rig *rig_start(void); /* interface "orders", everything at its default, capturing POST */
void rig_prepare(struct rig *rig);
/* TLS on both sides: the tap shows "server" and believes what "ca" signed, the legacy system's side is "server". */
void rig_secure(struct rig *rig);
/* Makes rig->disk_stalls, shared with the tap. */
void rig_share_disk(struct rig *rig);
void rig_start_with(struct rig *rig);
void rig_restart(struct rig *rig); /* a new tap on the same ring, spool and ports */
/* Ends the tap with SIGTERM; it must end well. */
void rig_stop(struct rig *rig);
void rig_kill(struct rig *rig);
/* A new configuration: the interface's listener at `listen`, NULL: the socket it has; the legacy system at that port,
 * NULL: there is none, it is a mirror. Returns what the tap says to it. */
enum tap_event rig_reload(struct rig *rig, const char *listen, const char *legacy_port);
/* The next thing that the tap says. */
enum tap_event rig_hear(struct rig *rig, char text[256]);
void rig_switch_passthrough(struct rig *rig);
void rig_finish(struct rig *rig);

int rig_connect(const struct rig *rig);
int rig_accept(const struct rig *rig);
int rig_connect_bare(const struct rig *rig); /* without TLS in any case */
int rig_accept_bare(const struct rig *rig);
bool rig_has_connection(const struct rig *rig); /* the tap opened one that is not accepted yet */
void rig_close_legacy(struct rig *rig);

void put(int fd, const char *text);
void put_bytes(int fd, struct span bytes);
void want(int fd, const char *text); /* exactly these bytes come next */
void want_end(int fd);
void want_reset(int fd);
void want_nothing(int fd, int milliseconds);
/* All bytes up to the end. */
void take_all(int fd, struct buffer *ret_bytes);
void reset_and_close(int fd);

/* What the spool holds after rig_stop, of all interfaces together. */
struct spooled {
	size_t count; /* exchanges and late answers */
	uint64_t seen;
	uint64_t committed;
	uint64_t in_flight;
	uint64_t dropped[DROP_REASON_COUNT];
};
/* Checks the accounts, calls `check` with each exchange. */
struct spooled rig_read_spool(const struct rig *rig, void (*check)(const struct spool_exchange *, void *),
			      void *context);
/* The whole round of one small POST. */
void exchange_once(const struct rig *rig, int client, int *legacy, const char *body);

#endif
