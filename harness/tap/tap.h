/* Layer 3. The tap: an HTTP/1.1 reverse proxy (RFC 9110, 9112) that forwards and captures, and can do nothing else.
 * May use harness/base and harness/spool alone. One thread, epoll, no blocking call but epoll_wait. */
#ifndef UNDERSTUDY_TAP_TAP_H
#define UNDERSTUDY_TAP_TAP_H

#include "harness/spool/spool.h"

/* One interface's listener. All strings are borrowed for the life of the tap. */
struct tap_route {
	const char *interface;
	const char *listen;      /* "127.0.0.1:8080", "[::1]:8080"; port 0: any free one */
	int listen_fd;           /* an already listening socket handed down by the supervisor, or -1: open `listen` */
	const char *legacy_host; /* of http://HOST:PORT */
	const char *legacy_port;
	const char *match_method; /* captured only if equal; NULL: any */
	const char *match_path;   /* captured only if the target's path is equal; NULL: any */
	size_t capture_max; /* bytes of message plus reply captured at most; larger: forwarded, counted DROP_TOO_LARGE
			     */
};

struct tap_config {
	const struct tap_route *routes;
	size_t route_count;
	const char *ring_path;
	size_t ring_capacity;
	const char *spool_directory;
	const char *stream; /* name of this tap's stream in the spool */
	struct spool_options spool;
	int connections_max;             /* client connections at once; default 4096 */
	int legacy_timeout_ms;           /* silence of the legacy system until 504; default 60,000 */
	const volatile int *stop;        /* set by a signal handler: finish open exchanges, then return */
	const volatile int *passthrough; /* kill switch: while not 0 nothing is captured, everything is forwarded */
	int ready_fd;                    /* a byte is written here once all listeners are open; -1: none */
};

/* Opens and binds one listening socket (SO_REUSEADDR, non-blocking, close-on-exec). Returns the fd, -1 with err:
 * a port in use is ERROR_BUSY and says which. */
int tap_listen(const char *listen, struct error *err);
/* The address a listening socket has ("127.0.0.1:43211"). */
const char *tap_listen_address(int fd, char text[64]);

/* Runs until *stop, then up to five seconds more for open exchanges. */
MUST_CHECK bool tap_run(const struct tap_config *config, struct error *err);

#endif
