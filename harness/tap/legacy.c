/* The legacy system's side: addresses, connections, and the stock of idle ones. */
#include "harness/tap/proxy.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
	IDLE_MAX = 1024,
	/* An idle connection is asked whether it still lives only past this age: for a busy one the question would
	 * cost a system call per exchange, and legacy systems do not close connections they just used. */
	TRUSTED_IDLE_US = 500000,
};

static bool look_up(const char *host, const char *port, int flags, struct addrinfo **ret_found, struct error *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags};
	int failure = getaddrinfo(host, port, &hints, ret_found);
	return failure == 0 ||
	       error_set(err, ERROR_CONFIG, "the legacy system's address %s:%s is not known (%s); check it", host, port,
			 gai_strerror(failure));
}

size_t tap_resolve(const char *host, const char *port, char ret_addresses[TAP_ADDRESSES_MAX][TAP_ADDRESS_SIZE],
		   struct error *err)
{
	struct addrinfo *found = NULL;
	size_t count = 0;
	if (!look_up(host, port, 0, &found, err)) {
		return 0;
	}
	for (struct addrinfo *at = found; at != NULL && count < TAP_ADDRESSES_MAX; at = at->ai_next) {
		count += getnameinfo(at->ai_addr, at->ai_addrlen, ret_addresses[count], TAP_ADDRESS_SIZE, NULL, 0,
				     NI_NUMERICHOST) == 0;
	}
	freeaddrinfo(found);
	if (count == 0) {
		error_set(err, ERROR_CONFIG, "the legacy system's address %s:%s has no numeric form; check it", host,
			  port);
	}
	return count;
}

static bool add_addresses(struct route *route, const char *host, int flags, struct error *err)
{
	struct addrinfo *found = NULL;
	if (!look_up(host, route->config->legacy_port, flags, &found, err)) {
		return false;
	}
	for (struct addrinfo *at = found; at != NULL && route->address_count < TAP_ADDRESSES_MAX; at = at->ai_next) {
		struct legacy_address *address = &route->addresses[route->address_count++];
		memcpy(&address->name, at->ai_addr, at->ai_addrlen);
		address->length = at->ai_addrlen;
	}
	freeaddrinfo(found);
	return true;
}

bool legacy_resolve(struct route *route, struct error *err)
{
	const struct tap_route *config = route->config;
	route->address_count = 0;
	for (size_t i = 0; i < config->legacy_address_count; i++) {
		if (!add_addresses(route, config->legacy_addresses[i], AI_NUMERICHOST, err)) {
			return false;
		}
	}
	return config->legacy_address_count > 0 || add_addresses(route, config->legacy_host, 0, err);
}

static struct legacy_connection *take_object(struct tap *tap)
{
	struct legacy_connection *connection = tap->unused_legacy;
	if (connection == NULL) {
		return calloc(1, sizeof(*connection));
	}
	tap->unused_legacy = connection->next;
	*connection = (struct legacy_connection){.next = NULL};
	return connection;
}

/* Starts to connect to the address; false where that fails at once. */
static bool begin_connect(struct legacy_connection *connection)
{
	const struct legacy_address *address = &connection->route->addresses[connection->address];
	struct peer *peer = &connection->peer;
	*peer = (struct peer){.kind = PEER_LEGACY, .fd = -1};
	peer->fd = socket(address->name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (peer->fd < 0) {
		return false;
	}
	int on = 1;
	(void)setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	const void *name = &address->name;
	bool begun = connect(peer->fd, name, address->length) == 0 || errno == EINPROGRESS;
	if (!begun || !peer_watch(connection->route->tap, peer, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
		peer_close(peer);
		return false;
	}
	connection->connecting = true;
	return true;
}

/* From connection->address on, the first that can be begun. */
static bool connect_somewhere(struct legacy_connection *connection)
{
	for (; connection->address < connection->route->address_count; connection->address++) {
		if (begin_connect(connection)) {
			return true;
		}
	}
	return false;
}

static void unlink_idle(struct legacy_connection *connection)
{
	struct route *route = connection->route;
	if (connection->previous != NULL) {
		connection->previous->next = connection->next;
	} else {
		route->idle = connection->next;
	}
	if (connection->next != NULL) {
		connection->next->previous = connection->previous;
	}
	route->idle_count--;
}

/* Neither bytes nor an end. The flag and the event may be about bytes that were read since, as the last ones of a reply
 * are when they arrive in pieces: only looking tells. */
static bool is_silent(struct legacy_connection *connection)
{
	char byte;
	struct peer *peer = &connection->peer;
	bool is_silent = peer->tls != NULL ? tls_is_silent(peer->tls)
					   : recv(peer->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
	peer->readable &= !is_silent;
	return is_silent;
}

static bool seems_alive(struct legacy_connection *connection)
{
	if (connection->peer.hangup) {
		return false;
	}
	bool is_trusted =
		!connection->peer.readable && connection->route->tap->now - connection->idle_since < TRUSTED_IDLE_US;
	return is_trusted || is_silent(connection);
}

static struct legacy_connection *take_idle(struct route *route)
{
	while (route->idle != NULL) {
		struct legacy_connection *connection = route->idle;
		if (seems_alive(connection)) {
			unlink_idle(connection);
			connection->reused = true;
			return connection;
		}
		legacy_close(connection);
	}
	return NULL;
}

static uint64_t bytes_sent(const struct legacy_connection *connection)
{
	return connection->peer.tls != NULL ? tls_bytes_sent(connection->peer.tls) : connection->sent;
}

struct legacy_connection *legacy_take(struct session *session, bool fresh)
{
	struct route *route = session->route;
	struct legacy_connection *connection = fresh ? NULL : take_idle(route);
	if (connection == NULL) {
		connection = take_object(route->tap);
		if (connection == NULL) {
			return NULL;
		}
		connection->route = route;
		if (!connect_somewhere(connection)) {
			connection->next = route->tap->unused_legacy;
			route->tap->unused_legacy = connection;
			return NULL;
		}
		route_hold(route);
	}
	connection->session = session;
	connection->answered = false;
	connection->sent_before = bytes_sent(connection);
	return connection;
}

void legacy_give_back(struct legacy_connection *connection)
{
	struct route *route = connection->route;
	if (route->idle_count >= IDLE_MAX || !route_is_current(route) || connection->peer.hangup ||
	    (connection->peer.readable && !is_silent(connection))) {
		legacy_close(connection);
		return;
	}
	connection->session = NULL;
	connection->idle_since = route->tap->now;
	connection->previous = NULL;
	connection->next = route->idle;
	if (route->idle != NULL) {
		route->idle->previous = connection;
	}
	route->idle = connection;
	route->idle_count++;
}

void legacy_close(struct legacy_connection *connection)
{
	if (connection == NULL) {
		return;
	}
	if (connection->session == NULL) {
		unlink_idle(connection);
		(void)peer_end(&connection->peer);
	}
	connection->session = NULL;
	peer_close(&connection->peer);
	struct tap *tap = connection->route->tap;
	route_release(connection->route);
	connection->next = tap->closed_legacy;
	tap->closed_legacy = connection;
}

void legacy_recycle(struct tap *tap)
{
	while (tap->closed_legacy != NULL) {
		struct legacy_connection *connection = tap->closed_legacy;
		tap->closed_legacy = connection->next;
		connection->next = tap->unused_legacy;
		tap->unused_legacy = connection;
	}
}

void legacy_close_idle(struct route *route, int64_t idle_before)
{
	struct legacy_connection *connection = route->idle;
	while (connection != NULL) {
		struct legacy_connection *next = connection->next;
		if (connection->idle_since < idle_before) {
			legacy_close(connection);
		}
		connection = next;
	}
}

/* The segment that ends a connection acknowledges all that had reached the legacy system's kernel by then. If nothing
 * of the request is acknowledged, no program there can have read it, and sending it again is no repetition (RFC 9110
 * section 9.2.2 asks for just that knowledge before a POST is retried). The kernel's count includes the SYN. */
bool legacy_request_unread(const struct legacy_connection *connection)
{
	struct tcp_info info = {.tcpi_state = 0};
	socklen_t length = sizeof(info);
	if (getsockopt(connection->peer.fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) {
		return false;
	}
	bool has_count = length >= offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof(info.tcpi_bytes_acked);
	return has_count && info.tcpi_bytes_acked <= connection->sent_before + 1;
}

const char *legacy_loss(const struct legacy_connection *connection, char room[256])
{
	const char *reason = connection->peer.tls != NULL ? tls_reason(connection->peer.tls) : "";
	/* in TLS 1.3 the legacy system's verdict on our certificate comes when our side of the handshake is done */
	if (reason[0] != '\0' && !connection->reused && !connection->answered) {
		snprintf(room, 256, "the TLS handshake with the legacy system failed: %s", reason);
		return room;
	}
	return connection->connecting ? "the legacy system could not be reached"
				      : "the legacy system broke off the connection";
}

static bool shake_hands(struct legacy_connection *connection)
{
	enum tls_result result = tls_shake(connection->peer.tls);
	connection->connecting = result != TLS_DONE;
	/* the handshake may have read more than its own */
	connection->peer.readable = connection->peer.writable = true;
	return result == TLS_DONE || result == TLS_BLOCKED;
}

/* The socket is connected. */
static bool begin_talking(struct legacy_connection *connection)
{
	struct tls_context *context = connection->route->legacy_tls;
	if (context == NULL) {
		connection->connecting = false;
		return true;
	}
	connection->peer.tls = tls_open(context, connection->peer.fd);
	return connection->peer.tls != NULL && shake_hands(connection);
}

/* False where the connection could not be made to any address. */
static bool finish_connect(struct legacy_connection *connection)
{
	int number = 0;
	socklen_t length = sizeof(number);
	if (getsockopt(connection->peer.fd, SOL_SOCKET, SO_ERROR, &number, &length) == 0 && number == 0) {
		return begin_talking(connection);
	}
	peer_close(&connection->peer);
	connection->address++;
	return connect_somewhere(connection);
}

/* One step on the way to a connection that can be used; false where there is no way. */
static bool go_on_connecting(struct legacy_connection *connection, uint32_t events)
{
	if (connection->peer.tls != NULL) {
		peer_note_events(&connection->peer, events);
		return shake_hands(connection);
	}
	return (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0 || finish_connect(connection);
}

void legacy_on_event(struct legacy_connection *connection, uint32_t events)
{
	if (connection->peer.fd < 0) {
		return;
	}
	struct session *session = connection->session;
	if (session == NULL) {
		/* an idle connection has nothing to say but its end; EPOLLOUT alone is the echo of a full socket, and
		 * EPOLLIN may be the echo of a reply that was read before the event was */
		if ((events & ~(uint32_t)(EPOLLOUT | EPOLLIN)) != 0 ||
		    ((events & EPOLLIN) != 0 && !is_silent(connection))) {
			legacy_close(connection);
		}
		return;
	}
	if (connection->connecting) {
		if (!go_on_connecting(connection, events)) {
			exchange_lose_legacy(session, false);
		} else if (connection->connecting) {
			return;
		}
	}
	if (connection->peer.fd >= 0) {
		peer_note_events(&connection->peer, events);
	}
	session_run(session);
}
