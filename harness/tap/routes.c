/* What is configured: generations of routes, the listeners that outlive them, and the change from one to the next. */
#include "harness/tap/proxy.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LEGACY_TIMEOUT_DEFAULT_MS = 60000,
	CAPTURE_DEFAULT = 1048576,
	/* A listener that goes accepts for so long, until its supervisor has closed its copy of the socket: whoever
	 * comes between our last look into the backlog and the last close is reset. */
	LISTENER_GRACE_US = 250000,
};

/* --- generations --- */

static void generation_destroy(struct generation *generation)
{
	if (generation == NULL) {
		return;
	}
	for (size_t i = 0; generation->routes != NULL && i < generation->config.route_count; i++) {
		tls_context_destroy(generation->routes[i].tls);
		tls_context_destroy(generation->routes[i].legacy_tls);
	}
	free(generation->routes);
	arena_finish(&generation->arena);
	free(generation);
}

void route_hold(struct route *route)
{
	route->generation->references++;
}

static void generation_release(struct generation *generation)
{
	if (--generation->references == 0) {
		generation_destroy(generation);
	}
}

void route_release(struct route *route)
{
	if (route != NULL) {
		generation_release(route->generation);
	}
}

bool route_is_current(const struct route *route)
{
	return route->generation == route->tap->current;
}

static bool open_tls(struct route *route, struct error *err)
{
	const struct tap_route *config = route->config;
	if (config->tls != NULL) {
		route->tls = tls_context_create(config->tls, TLS_FOR_CLIENTS, NULL, err);
	}
	if (config->legacy_tls != NULL) {
		route->legacy_tls = tls_context_create(config->legacy_tls, TLS_FOR_LEGACY, config->legacy_host, err);
	}
	return (config->tls == NULL || route->tls != NULL) && (config->legacy_tls == NULL || route->legacy_tls != NULL);
}

static bool open_account(struct route *route, const char *interface, struct error *err)
{
	route->account = ring_account(route->tap->ring, span_of(interface));
	return route->account >= 0 ||
	       error_set(err, ERROR_LIMIT, "the ring has no account left for %s; one ring holds %d interfaces",
			 interface, RING_INTERFACES_MAX);
}

/* An ingest listener takes what belongs to any interface; the others have one. */
static bool open_accounts(struct route *route, struct error *err)
{
	const struct tap_config *config = &route->generation->config;
	bool done = true;
	if (route->config->kind != TAP_INGEST) {
		return open_account(route, route->config->interface, err);
	}
	for (size_t i = 0; done && i < config->interface_count; i++) {
		done = open_account(route, config->interfaces[i], err);
	}
	return done;
}

static bool open_route(struct route *route, const struct tap_route *config, struct error *err)
{
	route->config = config;
	route->capture_max = config->capture_max > 0 ? config->capture_max : CAPTURE_DEFAULT;
	int timeout_ms = config->legacy_timeout_ms > 0 ? config->legacy_timeout_ms : LEGACY_TIMEOUT_DEFAULT_MS;
	route->legacy_timeout = timeout_ms * INT64_C(1000);
	return open_tls(route, err) && open_accounts(route, err) &&
	       (config->kind != TAP_INLINE || legacy_resolve(route, err));
}

/* The caller holds it. Takes the arena over where it succeeds. */
static struct generation *generation_create(struct tap *tap, struct arena *arena, const struct tap_config *config,
					    struct error *err)
{
	size_t count = config->route_count;
	struct generation *generation = calloc(1, sizeof(*generation));
	if (generation == NULL) {
		error_set(err, ERROR_MEMORY, "out of memory");
		return NULL;
	}
	generation->references = 1;
	generation->config = *config;
	generation->routes = calloc(count > 0 ? count : 1, sizeof(generation->routes[0]));
	bool done = generation->routes != NULL || error_set(err, ERROR_MEMORY, "out of memory");
	for (size_t i = 0; done && i < count; i++) {
		struct route *route = &generation->routes[i];
		route->tap = tap;
		route->generation = generation;
		done = open_route(route, &config->routes[i], err);
	}
	if (!done) {
		generation_destroy(generation);
		return NULL;
	}
	generation->arena = *arena;
	*arena = (struct arena)ARENA_INIT(0);
	return generation;
}

/* --- listeners --- */

static bool is_same_socket(int one, int other)
{
	struct stat a;
	struct stat b;
	return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static struct listener *find_listener(const struct tap *tap, int fd)
{
	struct listener *listener = fd >= 0 ? tap->listeners : NULL;
	while (listener != NULL && !is_same_socket(listener->peer.fd, fd)) {
		listener = listener->next;
	}
	return listener;
}

static void listener_set_route(struct listener *listener, struct route *route)
{
	route_hold(route);
	route_release(listener->route);
	listener->route = route;
}

static void listener_destroy(struct listener *listener)
{
	peer_close(&listener->peer);
	route_release(listener->route);
	free(listener);
}

/* Takes the socket over where it succeeds. */
static struct listener *listener_create(struct route *route, int fd, struct error *err)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	if (listener == NULL) {
		error_set(err, ERROR_MEMORY, "out of memory");
		return NULL;
	}
	listener->peer = (struct peer){.kind = PEER_LISTENER, .fd = fd};
	listener->tap = route->tap;
	listener_set_route(listener, route);
	/* accepted sockets inherit this */
	int on = 1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (!route->tap->accept_paused && !peer_watch(route->tap, &listener->peer, EPOLLIN)) {
		error_set_system(err, errno, "cannot watch a listener");
		listener->peer.fd = -1;
		listener_destroy(listener);
		return NULL;
	}
	return listener;
}

static void destroy_listeners(struct listener *listener)
{
	while (listener != NULL) {
		struct listener *next = listener->next;
		listener_destroy(listener);
		listener = next;
	}
}

/* Their sockets go back to the configuration. */
static void abandon_listeners(struct listener *list)
{
	for (struct listener *listener = list; listener != NULL; listener = listener->next) {
		listener->peer.fd = -1;
	}
	destroy_listeners(list);
}

static bool open_listener(struct route *route, struct listener **list, struct error *err)
{
	bool is_ours = route->config->listen_fd < 0;
	int fd = is_ours ? tap_listen(route->config->listen, err) : route->config->listen_fd;
	struct listener *listener = fd >= 0 ? listener_create(route, fd, err) : NULL;
	if (listener == NULL) {
		if (is_ours && fd >= 0) {
			close(fd);
		}
		return false;
	}
	listener->next = *list;
	*list = listener;
	return true;
}

/* Listeners for all routes whose socket is not open yet, as a list of their own. */
static bool open_listeners(struct generation *generation, const struct tap *tap, struct listener **ret_list,
			   struct error *err)
{
	struct listener *list = NULL;
	for (size_t i = 0; i < generation->config.route_count; i++) {
		struct route *route = &generation->routes[i];
		if (find_listener(tap, route->config->listen_fd) == NULL && !open_listener(route, &list, err)) {
			abandon_listeners(list);
			return false;
		}
	}
	*ret_list = list;
	return true;
}

static void join_listeners(struct tap *tap, struct listener *list)
{
	struct listener **end = &tap->listeners;
	while (*end != NULL) {
		end = &(*end)->next;
	}
	*end = list;
}

/* --- from one generation to the next --- */

static bool same_text(const char *one, const char *other)
{
	return one == other || (one != NULL && other != NULL && strcmp(one, other) == 0);
}

/* Would the listener's TLS let the clients in that it has let in? Another certificate of our own changes nothing. */
static bool asks_the_same(const struct tap_route *one, const struct tap_route *other)
{
	if (one->tls == NULL || other->tls == NULL) {
		return one->tls == other->tls;
	}
	return one->tls->only_13 == other->tls->only_13 && same_text(one->tls->ca, other->tls->ca);
}

/* Sockets that both have: the listener goes on with the route that has the copy. */
static void move_listeners(struct tap *tap, struct generation *next)
{
	for (size_t i = 0; i < next->config.route_count; i++) {
		struct route *route = &next->routes[i];
		struct listener *listener = find_listener(tap, route->config->listen_fd);
		if (listener != NULL) {
			close(route->config->listen_fd);
			listener->close_at = 0;
			if (listener->route->generation != next) {
				listener->route->successor = route;
				listener_set_route(listener, route);
			}
		}
	}
	for (struct listener *listener = tap->listeners; listener != NULL; listener = listener->next) {
		if (listener->route->generation != next && listener->close_at == 0) {
			listener->close_at = tap->now + LISTENER_GRACE_US;
		}
	}
}

static void move_sessions(struct tap *tap)
{
	for (struct session *session = tap->sessions; session != NULL; session = session->next) {
		struct route *route = session->next_route != NULL ? session->next_route : session->route;
		if (route_is_current(route)) {
			continue;
		}
		if (route->successor == NULL) {
			session_leave(session);
		} else {
			if (!asks_the_same(route->config, route->successor->config)) {
				session_leave(session);
			}
			session_move(session, route->successor);
		}
	}
}

static void close_idle_legacy(const struct generation *generation)
{
	for (size_t i = 0; i < generation->config.route_count; i++) {
		legacy_close_idle(&generation->routes[i], INT64_MAX);
	}
}

static void replace(struct tap *tap, struct generation *next, struct listener *opened)
{
	struct generation *old = tap->current;
	move_listeners(tap, next);
	join_listeners(tap, opened);
	tap->current = next;
	tap->config = &next->config;
	move_sessions(tap);
	close_idle_legacy(old);
	generation_release(old);
}

static void close_sockets(const struct tap_config *config)
{
	for (size_t i = 0; i < config->route_count; i++) {
		if (config->routes[i].listen_fd >= 0) {
			close(config->routes[i].listen_fd);
		}
	}
}

/* What a process has for all its life. */
static void keep_settings(struct tap_config *config, const struct tap_config *of_start)
{
	config->ring_path = of_start->ring_path;
	config->ring_capacity = of_start->ring_capacity;
	config->spool_directory = of_start->spool_directory;
	config->stream = of_start->stream;
	config->spool = of_start->spool;
	config->connections_max = of_start->connections_max;
	config->stop = of_start->stop;
	config->passthrough = of_start->passthrough;
	config->ready_fd = of_start->ready_fd;
	config->stop_grace_ms = of_start->stop_grace_ms;
	config->control = of_start->control;
}

bool routes_open(struct tap *tap, const struct tap_config *config, struct error *err)
{
	struct arena none = ARENA_INIT(0);
	tap->current = generation_create(tap, &none, config, err);
	if (tap->current == NULL) {
		return false;
	}
	tap->config = &tap->current->config;
	return open_listeners(tap->current, tap, &tap->listeners, err);
}

bool routes_replace(struct tap *tap, struct arena *arena, struct tap_config *config, struct error *err)
{
	keep_settings(config, tap->config);
	struct generation *next = generation_create(tap, arena, config, err);
	struct listener *opened = NULL;
	if (next == NULL || !open_listeners(next, tap, &opened, err)) {
		close_sockets(config);
		generation_destroy(next);
		return false;
	}
	replace(tap, next, opened);
	return true;
}

void routes_tick(struct tap *tap)
{
	struct listener **at = &tap->listeners;
	while (*at != NULL) {
		struct listener *listener = *at;
		bool is_due = listener->close_at != 0 && tap->now >= listener->close_at;
		if (is_due && listener_accept(listener)) {
			*at = listener->next;
			listener_destroy(listener);
		} else {
			at = &listener->next;
		}
	}
}

void routes_close(struct tap *tap)
{
	destroy_listeners(tap->listeners);
	tap->listeners = NULL;
	if (tap->current != NULL) {
		close_idle_legacy(tap->current);
		generation_release(tap->current);
	}
	tap->current = NULL;
}
