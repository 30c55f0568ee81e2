/* The event loop: listeners, turns, ticks, start and stop. */
#include "harness/tap/tap.h"

#include "harness/tap/proxy.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	EVENTS_MAX = 512,
	TICK_US = 100000, /* limits of time are kept to this precision; *stop is seen within it */
	STOP_LIMIT_US = 5000000,
	LEGACY_IDLE_US = 300000000,
	CONNECTIONS_DEFAULT = 4096,
	LEGACY_TIMEOUT_DEFAULT_MS = 60000,
	CAPTURE_DEFAULT = 1048576,
	DESCRIPTORS_KEPT = 64, /* for listeners, ring, spool and what the process has besides */
};

/* --- listeners --- */

static void watch_listeners(struct tap *tap, bool on)
{
	tap->accept_paused = !on;
	for (size_t i = 0; i < tap->config->route_count; i++) {
		struct peer *peer = &tap->routes[i].peer;
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};
		(void)epoll_ctl(tap->epoll_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, peer->fd, &event);
	}
}

/* Without a descriptor, memory or place, clients wait in the backlog until the next tick. */
static void pause_accepting(struct tap *tap)
{
	for (size_t i = 0; i < tap->config->route_count; i++) {
		legacy_close_idle(&tap->routes[i], tap->now);
	}
	watch_listeners(tap, false);
}

static void accept_clients(struct route *route)
{
	struct tap *tap = route->tap;
	while (!tap->accept_paused) {
		if (tap->session_count >= tap->sessions_max) {
			watch_listeners(tap, false);
			return;
		}
		int fd = accept4(route->peer.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			session_open(route, fd);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
			pause_accepting(tap);
		} else if (errno == EAGAIN) {
			return;
		} /* anything else is the end of one client, not of the listener (accept(2)) */
	}
}

static bool open_listener(struct route *route, struct error *err)
{
	struct peer *peer = &route->peer;
	*peer = (struct peer){.kind = PEER_LISTENER, .fd = route->config->listen_fd};
	if (peer->fd < 0) {
		peer->fd = tap_listen(route->config->listen, err);
		route->owns_socket = true;
	}
	if (peer->fd < 0) {
		return false;
	}
	/* accepted sockets inherit this */
	int on = 1;
	(void)setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (!peer_watch(route->tap, peer, EPOLLIN)) {
		return error_set_system(err, errno, "cannot watch the listener of %s", route->config->interface);
	}
	return true;
}

/* --- the loop --- */

static void handle_event(struct peer *peer, uint32_t events)
{
	void *owner = peer; /* a peer is the first member of its owner */
	switch (peer->kind) {
	case PEER_LISTENER:
		accept_clients(owner);
		break;
	case PEER_CLIENT:
		session_on_event(owner, events);
		break;
	case PEER_LEGACY:
	default:
		legacy_on_event(owner, events);
		break;
	}
}

static void run_again(struct tap *tap)
{
	struct session *session = tap->again;
	tap->again = NULL;
	while (session != NULL) {
		struct session *next = session->next_again;
		session->again = false;
		session_run(session);
		session = next;
	}
}

static void tick(struct tap *tap)
{
	struct session *session = tap->sessions;
	while (session != NULL) {
		struct session *next = session->next; /* handling one never closes another */
		session_check_time(session);
		session = next;
	}
	for (size_t i = 0; i < tap->config->route_count; i++) {
		legacy_close_idle(&tap->routes[i], tap->now - LEGACY_IDLE_US);
	}
	if (tap->accept_paused && !tap->stopping && tap->session_count < tap->sessions_max) {
		watch_listeners(tap, true);
	}
}

static void turn(struct tap *tap)
{
	struct epoll_event events[EVENTS_MAX];
	int count = epoll_wait(tap->epoll_fd, events, EVENTS_MAX, tap->again != NULL ? 0 : TICK_US / 1000);
	tap->now = clock_monotonic();
	for (int i = 0; i < count; i++) {
		handle_event(events[i].data.ptr, events[i].events);
	}
	run_again(tap);
	session_recycle(tap);
	legacy_recycle(tap);
}

static void begin_stop(struct tap *tap)
{
	tap->stopping = true;
	if (!tap->accept_paused) {
		watch_listeners(tap, false);
	}
}

static void run_loop(struct tap *tap)
{
	const volatile int *stop = tap->config->stop;
	int64_t next_tick = 0;
	int64_t stop_limit = INT64_MAX;
	while (!tap->stopping || (tap->session_count > 0 && tap->now < stop_limit)) {
		turn(tap);
		bool stop_now = !tap->stopping && stop != NULL && *stop != 0;
		if (stop_now) {
			begin_stop(tap);
			stop_limit = tap->now + STOP_LIMIT_US;
		}
		if (stop_now || tap->now >= next_tick) {
			tick(tap);
			next_tick = tap->now + TICK_US;
		}
	}
}

/* --- start and end --- */

static size_t descriptor_limit(size_t wanted)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
		return wanted;
	}
	/* every client may need a legacy connection too */
	size_t possible = limit.rlim_cur > DESCRIPTORS_KEPT ? (limit.rlim_cur - DESCRIPTORS_KEPT) / 2 : 0;
	possible = possible > 0 ? possible : 1;
	return wanted < possible ? wanted : possible;
}

static bool open_routes(struct tap *tap, struct error *err)
{
	for (size_t i = 0; i < tap->config->route_count; i++) {
		struct route *route = &tap->routes[i];
		route->tap = tap;
		route->config = &tap->config->routes[i];
		route->capture_max = route->config->capture_max > 0 ? route->config->capture_max : CAPTURE_DEFAULT;
		int timeout_ms = route->config->legacy_timeout_ms;
		route->legacy_timeout = (timeout_ms > 0 ? timeout_ms : LEGACY_TIMEOUT_DEFAULT_MS) * INT64_C(1000);
		route->account = ring_account(tap->ring, span_of(route->config->interface));
		if (route->account < 0) {
			return error_set(err, ERROR_LIMIT,
					 "the ring has no account left for %s; one ring holds %d interfaces",
					 route->config->interface, RING_INTERFACES_MAX);
		}
		if (!legacy_resolve(route, err) || !open_listener(route, err)) {
			return false;
		}
	}
	return true;
}

static bool start(struct tap *tap, struct error *err)
{
	const struct tap_config *config = tap->config;
	tap->routes = calloc(config->route_count > 0 ? config->route_count : 1, sizeof(*tap->routes));
	if (tap->routes == NULL) {
		return error_set(err, ERROR_MEMORY, "out of memory");
	}
	for (size_t i = 0; i < config->route_count; i++) {
		tap->routes[i].peer.fd = -1;
	}
	tap->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (tap->epoll_fd < 0) {
		return error_set_system(err, errno, "no epoll descriptor");
	}
	tap->ring = ring_open(config->ring_path, config->ring_capacity, RING_PRODUCER, err);
	return tap->ring != NULL && open_routes(tap, err);
}

static void finish(struct tap *tap)
{
	while (tap->sessions != NULL) {
		session_close(tap->sessions, DROP_TAP_KILLED);
	}
	for (size_t i = 0; tap->routes != NULL && i < tap->config->route_count; i++) {
		struct route *route = &tap->routes[i];
		legacy_close_idle(route, INT64_MAX);
		if (route->owns_socket) {
			peer_close(&route->peer);
		}
	}
	run_again(tap);
	session_recycle(tap);
	legacy_recycle(tap);
	session_free_all(tap);
	while (tap->unused_legacy != NULL) {
		struct legacy_connection *connection = tap->unused_legacy;
		tap->unused_legacy = connection->next;
		free(connection);
	}
	flow_stock_finish(&tap->stock);
	ring_close(tap->ring);
	if (tap->epoll_fd >= 0) {
		close(tap->epoll_fd);
	}
	free(tap->routes);
}

static void say_ready(int fd)
{
	if (fd >= 0) {
		ssize_t written = write(fd, "", 1);
		(void)written; /* whoever waits there sees the end of the pipe as well */
	}
}

bool tap_run(const struct tap_config *config, struct error *err)
{
	int wanted = config->connections_max > 0 ? config->connections_max : CONNECTIONS_DEFAULT;
	struct tap tap = {.config = config, .epoll_fd = -1, .now = clock_monotonic()};
	tap.sessions_max = descriptor_limit((size_t)wanted);
	struct drainer *drainer = NULL;
	bool started = start(&tap, err);
	if (started) {
		drainer =
			drainer_start(config->ring_path, config->spool_directory, config->stream, &config->spool, err);
		started = drainer != NULL;
	}
	if (started) {
		say_ready(config->ready_fd);
		run_loop(&tap);
	}
	finish(&tap); /* closes all exchanges first, so that the drainer's last pass sees their accounts */
	return drainer != NULL && drainer_stop(drainer, err) && started;
}
