/* Layer 4. The listening socket, and which Host headers belong to it. Private to harness/web. */
#ifndef UNDERSTUDY_WEB_LISTEN_H
#define UNDERSTUDY_WEB_LISTEN_H

#include "harness/base/bytes.h"

struct listener {
	int fd;
	bool is_remote; /* reachable beyond loopback */
	char host[256]; /* as configured, without brackets */
	char url[320];  /* "http://127.0.0.1:8400", without a closing "/" */
};

/* Listens on HOST:PORT, or looks at `fd` where that is not -1. ERROR_CONFIG where an address is not loopback and
 * `allow_remote` is not given. On success the caller closes listener.fd; on failure fd is closed. */
MUST_CHECK bool listener_open(const char *listen, int fd, bool allow_remote, struct listener *ret_listener,
			      struct error *err);

/* Against DNS rebinding: a page of a stranger's site can make a browser call us by a name that resolves to us, but not
 * by one of these: localhost, a loopback address, the configured host; with is_remote also any literal address, which
 * nobody can make resolve to something else. Ports are not looked at (tunnels change them). */
bool listener_knows_host(const struct listener *listener, struct span host_header);

#endif
