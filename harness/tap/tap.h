/* Layer 3. The tap: an HTTP/1.1 reverse proxy (RFC 9110, 9112) that forwards and captures, and can do nothing else.
 * May use harness/base and harness/spool alone. One thread, epoll, no blocking call but epoll_wait once it runs.
 *
 * Bodies pass unchanged and unbuffered in both directions; header fields keep order, case and duplicates, without
 * those meant for one hop. WebSocket upgrades become a tunnel (the 101 is their reply); other Upgrade offers are left
 * out. Requests that two readers could understand differently are refused (400, 431, 501, 505). A legacy system that
 * is down is 502, one that is silent 504. A request is sent a second time only where it cannot have been read the
 * first time, or is idempotent.
 *
 * How to find your way: http_head and http_body are pure functions; flow is a bounded block of bytes; capture is the
 * copy; peer, legacy, session and exchange are the relay; proxy.h has their objects. */
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

/* One listener. All strings are borrowed for the life of the tap. */
struct tap_route {
	enum tap_kind kind;
	const char *interface;   /* NULL: TAP_INGEST */
	const char *listen;      /* "127.0.0.1:8080", "[::1]:8080"; port 0: any free one */
	int listen_fd;           /* an already listening socket handed down by the supervisor, or -1: open `listen` */
	const char *legacy_host; /* of http://HOST:PORT */
	const char *legacy_port;
	const char *match_method; /* captured only if equal; NULL: any */
	const char *match_path;   /* captured only if the target's path is equal; NULL: any */
	/* Bytes of message plus reply, heads included, captured at most; larger: forwarded, counted DROP_TOO_LARGE.
	 * 0: 1 MiB. */
	size_t capture_max;
	int capture_floor;                /* captured each minute of each operation even under pressure */
	int legacy_timeout_ms;            /* silence of the legacy system until 504; 0: 60,000 */
	bool forwarded;                   /* add X-Forwarded-For, -Proto and -Host */
	const struct tap_tls *tls;        /* towards the clients; NULL: none */
	const struct tap_tls *legacy_tls; /* towards the legacy system; NULL: none */
	const char *token;                /* TAP_INGEST: the bearer token that clients must show; NULL: none */
};

struct tap_config {
	const struct tap_route *routes;
	size_t route_count;
	const char *const *interfaces; /* that TAP_INGEST takes messages and answers of */
	size_t interface_count;
	const char *ring_path;
	size_t ring_capacity;
	const char *spool_directory;
	const char *stream; /* name of this tap's stream in the spool */
	struct spool_options spool;
	int connections_max;             /* client connections at once, the rest wait in the backlog; 0: 4096 */
	const volatile int *stop;        /* set by a signal handler: finish open exchanges, then return */
	const volatile int *passthrough; /* kill switch: while not 0 nothing is captured, everything is forwarded */
	int ready_fd;                    /* a byte is written here once all listeners are open; -1: none */
};

/* Opens and binds one listening socket (SO_REUSEADDR, non-blocking, close-on-exec). Returns the fd, -1 with err:
 * a port in use is ERROR_BUSY and says which. */
int tap_listen(const char *listen, struct error *err);
/* The address a listening socket has ("127.0.0.1:43211"). */
const char *tap_listen_address(int fd, char text[64]);

/* Runs until *stop, then up to five seconds more for open exchanges; what is still open then is closed and counted
 * DROP_TAP_KILLED. The legacy systems' names are resolved once, at the start. False where it could not start, or where
 * at the end records were left in the ring (they stay there for the next drainer). */
MUST_CHECK bool tap_run(const struct tap_config *config, struct error *err);

#endif
