/* Layer 3. The tap: an HTTP/1.1 reverse proxy (RFC 9110, 9112) that forwards and captures; and two listeners that take
 * what cannot go through it, mirror and ingest (docs/ingest.md). May use harness/base, harness/http and harness/spool
 * alone, and OpenSSL for TLS. One thread, epoll, no blocking call but epoll_wait once it runs.
 *
 * Bodies pass unchanged and unbuffered in both directions; header fields keep order, case and duplicates, without
 * those meant for one hop. WebSocket upgrades become a tunnel (the 101 is their reply); other Upgrade offers are left
 * out. Requests that two readers could understand differently are refused (400, 431, 501, 505). A legacy system that
 * is down is 502, one that is silent 504. A request is sent a second time only where it cannot have been read the
 * first time, or is idempotent.
 *
 * How to find your way: flow is a bounded block of bytes; capture is the copy; tls is what a peer may speak through;
 * peer, legacy, session and exchange are the relay; receive answers mirrors, and ingest, whose bodies batch and
 * the spool's delivery.h read; routes is what is configured, and its change; proxy.h has their objects. */
#ifndef UNDERSTUDY_TAP_TAP_H
#define UNDERSTUDY_TAP_TAP_H

#include "harness/spool/spool.h"

enum tap_kind {
	TAP_INLINE, /* a proxy before the legacy system */
	TAP_MIRROR, /* takes another proxy's copies and answers 204; the legacy answer comes later */
	TAP_INGEST, /* POST /v1/exchanges and /v1/outcomes, of all interfaces in tap_config.interfaces */
};

/* PEM files; NULL: none. */
struct tap_tls {
	const char *certificate; /* with its chain */
	const char *key;
	const char *ca;          /* listener: clients must show a certificate of it; legacy: instead of the system's */
	const char *server_name; /* legacy: the name in its certificate; NULL: legacy_host */
	bool only_13;            /* listener: TLS 1.3 alone */
	bool no_verify;          /* legacy: its certificate is not checked */
};

/* One listener. All strings are borrowed for the life of the tap, or belong to the arena of a reload. */
struct tap_route {
	enum tap_kind kind;
	const char *interface;   /* NULL: TAP_INGEST */
	const char *listen;      /* "127.0.0.1:8080", "[::1]:8080"; port 0: any free one */
	int listen_fd;           /* a socket that listens already, taken over; -1: open `listen` */
	const char *legacy_host; /* of http://HOST:PORT */
	const char *legacy_port;
	const char *const *legacy_addresses; /* of legacy_host, as tap_resolve gives them */
	size_t legacy_address_count;         /* 0: legacy_host is resolved, once; not for a reload, as it may block */
	const char *match_method;            /* captured only if equal; NULL: any */
	const char *match_path;              /* captured only if the target's path is equal; NULL: any */
	/* Bytes of message plus reply, heads included, captured at most; larger: forwarded, counted DROP_TOO_LARGE.
	 * 0: 1 MiB. */
	size_t capture_max;
	int capture_floor;     /* captured each minute of each operation even while capture is reduced (pressure.h) */
	int legacy_timeout_ms; /* silence of the legacy system until 504; 0: 60,000 */
	bool forwarded;        /* add X-Forwarded-For, -Proto and -Host */
	const struct tap_tls *tls;        /* towards the clients; NULL: none */
	const struct tap_tls *legacy_tls; /* towards the legacy system; NULL: none */
	const char *token;                /* TAP_INGEST: the bearer token that clients must show; NULL: none */
};

/* What a tap tells its supervisor. */
enum tap_event {
	TAP_READY,    /* all listeners are open */
	TAP_RELOADED, /* the new configuration is in force */
	TAP_REFUSED,  /* it is not, with the reason; the old one is */
	TAP_CAPTURE,  /* capture is "on", "off (file)", "off (signal)" or "off (file, signal)" from now on */
};

struct tap_config;

/* How a running tap is given new configurations. All are called from its loop and must not block. */
struct tap_control {
	int fd; /* something is to be received where this is readable */
	/* Fills the next configuration, everything in the arena; its ring, spool, stream, limits and switches are not
	 * looked at: those of the start remain. Sockets in it are the tap's from then on; one that is a copy of a
	 * socket that the tap has already stands for it. False: *ret_over where nothing will ever come, else nothing
	 * came, or, with err, something that is no configuration. */
	bool (*receive)(void *context, struct arena *arena, struct tap_config *ret_config, bool *ret_over,
			struct error *err);
	void (*report)(void *context, enum tap_event event, const char *text);
	void *context;
};

struct tap_config {
	const struct tap_route *routes;
	size_t route_count;
	const char *const *interfaces;       /* that TAP_INGEST takes messages and answers of */
	const size_t *interface_capture_max; /* of each, as tap_route.capture_max; NULL: 1 MiB */
	size_t interface_count;
	const char *ring_path;
	size_t ring_capacity;
	const char *spool_directory;
	const char *stream; /* name of this tap's stream in the spool */
	struct spool_options spool;
	int connections_max;               /* client connections at once, the rest wait in the backlog; 0: 4096 */
	const volatile int *stop;          /* set by a signal handler: finish open exchanges, then return */
	const volatile int *passthrough;   /* kill switch: while not 0 nothing is captured, everything is forwarded */
	int ready_fd;                      /* a byte is written here once all listeners are open; -1: none */
	int stop_grace_ms;                 /* see tap_run; 0: 2,000 */
	const struct tap_control *control; /* NULL: no reloads */
};

/* Opens and binds one listening socket (SO_REUSEADDR, non-blocking, close-on-exec). Returns the fd, -1 with err:
 * a port in use is ERROR_BUSY and says which. */
int tap_listen(const char *listen, struct error *err);
/* The address a listening socket has ("127.0.0.1:43211"). */
const char *tap_listen_address(int fd, char text[64]);
/* The one that tap_listen would bind ("127.0.0.1:8080" for "localhost:8080"); "?" where it is not known. */
const char *tap_listen_numeric(const char *listen, char text[64]);

enum { TAP_ADDRESSES_MAX = 4, TAP_ADDRESS_SIZE = 64 };
/* The numeric addresses of a host, the first ones. Asks the system's resolver and may take its time. Returns how many;
 * 0 with err. */
size_t tap_resolve(const char *host, const char *port, char ret_addresses[TAP_ADDRESSES_MAX][TAP_ADDRESS_SIZE],
		   struct error *err);

/* Runs until *stop.
 *
 * The end. Nothing is accepted any more; who comes waits in the backlog for the next tap, where somebody keeps the
 * sockets (they are closed last). Open exchanges get up to five seconds; what is still open then is closed and counted
 * DROP_TAP_KILLED. An idle connection is not cut off: within the grace period its next request is served, with
 * "Connection: close", then it is closed, unless bytes have arrived. What remains: a request that is on its way in the
 * very moment of closing is lost, and its client is to send it again (RFC 9112 section 9.3.1).
 *
 * A reload. Open exchanges end as they began; the next request on a connection is the new configuration's. A listener
 * whose socket stays is never closed; one that is gone serves its backlog, then its connections leave as at the end.
 * So do those of a listener whose TLS asks for something else now. Idle connections to the legacy system are closed.
 *
 * The kill switch: nothing is captured while *passthrough is not 0, or while there is a file SPOOL_CAPTURE_OFF in the
 * spool's directory, looked for every 100 ms; either is enough.
 *
 * False where it could not start, or where at the end records were left in the ring (they stay there for the next
 * drainer). */
MUST_CHECK bool tap_run(const struct tap_config *config, struct error *err);

#endif
