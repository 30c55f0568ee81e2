/* One client connection: its life, its turns, its limits of time. What is said on it is exchange.c's business. */
#include "harness/tap/ingest.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/epoll.h>

enum {
	HEAD_LIMIT_S = 30, /* from a head's first byte to its last, however slowly it drips */
	IDLE_LIMIT_S = 75,
	STALL_LIMIT_S = 60, /* a client that neither takes its reply nor goes on with its message */
	LINGER_LIMIT_S = 2,
	TUNNEL_LIMIT_S = 3600,
	LEAVE_GRACE_MS = 2000, /* in which a client may use an idle connection once more */
	ROUNDS_MAX = 32,       /* of one turn, so that a fast stream does not starve the others */
};

static struct session *take_object(struct tap *tap)
{
	struct session *session = tap->unused;
	if (session != NULL) {
		tap->unused = session->next;
		return session;
	}
	session = calloc(1, sizeof(*session));
	if (session != NULL) {
		buffer_init(&session->request_head, 3 * (size_t)HTTP_HEAD_MAX);
		buffer_init(&session->reply_head, 3 * (size_t)HTTP_HEAD_MAX);
		capture_init(&session->capture);
	}
	return session;
}

/* Everything but the memory that is worth keeping. */
static void reset_object(struct session *session)
{
	*session = (struct session){
		.client = {.kind = PEER_CLIENT, .fd = -1},
		.request_head = session->request_head,
		.reply_head = session->reply_head,
		.capture = session->capture,
	};
	buffer_clear(&session->request_head);
	buffer_clear(&session->reply_head);
}

void session_open(struct route *route, int fd)
{
	struct tap *tap = route->tap;
	struct session *session = take_object(tap);
	struct peer refused = {.fd = fd};
	if (session == NULL) {
		peer_close(&refused);
		return;
	}
	reset_object(session);
	session->client.fd = fd;
	session->tap = tap;
	session->route = route;
	route_hold(route);
	session->moved_at = session->head_since = tap->now;
	session->client.tls = route->tls != NULL ? tls_open(route->tls, fd) : NULL;
	bool is_ready = route->tls == NULL || session->client.tls != NULL;
	if (!is_ready || !peer_watch(tap, &session->client, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
		peer_close(&session->client);
		route_release(route);
		session->next = tap->unused;
		tap->unused = session;
		return;
	}
	if (!route_is_current(route)) {
		session_leave(session);
	}
	session->next = tap->sessions;
	if (tap->sessions != NULL) {
		tap->sessions->previous = session;
	}
	tap->sessions = session;
	tap->session_count++;
}

void session_move(struct session *session, struct route *route)
{
	route_hold(route);
	route_release(session->next_route);
	session->next_route = route;
	if (session->phase == PHASE_HEAD) {
		route_release(session->route);
		session->route = route;
		session->next_route = NULL;
	}
}

void session_leave(struct session *session)
{
	if (session->leave_at == 0) {
		int grace_ms = session->tap->config->stop_grace_ms;
		session->leave_at = session->tap->now + (grace_ms > 0 ? grace_ms : LEAVE_GRACE_MS) * INT64_C(1000);
	}
}

const char *session_address(struct session *session)
{
	struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
	socklen_t length = sizeof(name);
	void *address = &name;
	if (session->address[0] != '\0' || getpeername(session->client.fd, address, &length) != 0) {
		return session->address[0] != '\0' ? session->address : "unknown";
	}
	const struct sockaddr_in *v4 = address;
	const struct sockaddr_in6 *v6 = address;
	if (name.ss_family == AF_INET) {
		inet_ntop(AF_INET, &v4->sin_addr, session->address, sizeof(session->address));
	} else if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
		inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], session->address, sizeof(session->address));
	} else {
		inet_ntop(AF_INET6, &v6->sin6_addr, session->address, sizeof(session->address));
	}
	return session->address;
}

void session_close(struct session *session, enum drop_reason reason)
{
	struct tap *tap = session->tap;
	if (session->client.fd < 0) {
		return;
	}
	capture_drop(&session->capture, reason);
	if (session->phase == PHASE_HEAD) {
		(void)peer_end(&session->client); /* what was said is whole */
	}
	ingest_end(session);
	peer_close(&session->client);
	legacy_close(session->legacy);
	session->legacy = NULL;
	route_release(session->route);
	route_release(session->next_route);
	flow_drop(&session->request, &tap->stock);
	flow_drop(&session->reply, &tap->stock);
	if (session->previous != NULL) {
		session->previous->next = session->next;
	} else {
		tap->sessions = session->next;
	}
	if (session->next != NULL) {
		session->next->previous = session->previous;
	}
	tap->session_count--;
	session->next = tap->closed;
	tap->closed = session;
}

void session_recycle(struct tap *tap)
{
	struct session **at = &tap->closed;
	while (*at != NULL) {
		struct session *session = *at;
		if (session->again) {
			at = &session->next;
			continue;
		}
		*at = session->next;
		session->next = tap->unused;
		tap->unused = session;
	}
}

void session_free_all(struct tap *tap)
{
	while (tap->unused != NULL) {
		struct session *session = tap->unused;
		tap->unused = session->next;
		buffer_finish(&session->request_head);
		buffer_finish(&session->reply_head);
		capture_finish(&session->capture);
		free(session);
	}
}

/* A client that does not come through its TLS handshake has been sent an alert, which a reset must not overtake. One
 * that speaks HTTP is told in words. */
static void refuse_client(struct session *session)
{
	struct peer *client = &session->client;
	bool met_http = tls_met_http(client->tls);
	peer_leave_tls(client);
	if (met_http) {
		exchange_fail(session, 400, "this port speaks TLS; use https://", DROP_CLIENT_ABORTED);
	} else {
		session->phase = PHASE_LINGERING;
		session->moved_at = session->tap->now;
		(void)shutdown(client->fd, SHUT_WR);
	}
}

/* A client is read while its bytes are wanted; what it sends ahead waits in its socket. */
static bool read_client(struct session *session)
{
	bool wanted = session->phase == PHASE_HEAD || (session->phase == PHASE_EXCHANGE && !session->request_whole);
	if (!wanted || !session->client.readable || session->client_ended) {
		return false;
	}
	bool was_empty = flow_unread(&session->request).length == 0;
	switch (peer_read(&session->client, &session->request, &session->tap->stock)) {
	case TRANSFER_MOVED:
		session->read_at = clock_now();
		if (was_empty && session->phase == PHASE_HEAD) {
			session->message_at = session->read_at;
			session->head_since = session->tap->now;
		}
		return true;
	case TRANSFER_ENDED:
		session->client_ended = true;
		return true;
	case TRANSFER_FAILED:
		if (peer_is_shaking(&session->client)) {
			refuse_client(session);
		} else {
			session_close(session, DROP_CLIENT_ABORTED);
		}
		return true;
	case TRANSFER_NOTHING:
	default:
		return false;
	}
}

static bool linger(struct session *session)
{
	if (session->phase != PHASE_LINGERING || !session->client.readable) {
		return false;
	}
	session->request.sent = session->request.passed = session->request.end = 0;
	session->request.base = 0;
	session->request.keep = false;
	enum transfer result = peer_read(&session->client, &session->request, &session->tap->stock);
	if (result == TRANSFER_ENDED || result == TRANSFER_FAILED) {
		session_close(session, DROP_CLIENT_ABORTED);
	}
	return result != TRANSFER_NOTHING;
}

static bool write_client(struct session *session)
{
	size_t count;
	if (!session->client.writable || session->client.fd < 0) {
		return false;
	}
	switch (peer_write(&session->client, &session->reply_head, &session->reply_head_sent, &session->reply,
			   &count)) {
	case TRANSFER_MOVED:
		if (session->reply_head_sent == session->reply_head.length) {
			buffer_clear(&session->reply_head);
			session->reply_head_sent = 0;
		}
		return true;
	case TRANSFER_FAILED:
		session_close(session, DROP_CLIENT_ABORTED);
		return true;
	case TRANSFER_NOTHING:
	case TRANSFER_ENDED:
	default:
		return false;
	}
}

static bool write_legacy(struct session *session)
{
	struct legacy_connection *legacy = session->legacy;
	if (legacy == NULL || legacy->connecting || legacy->broken || !legacy->peer.writable || session->request_sent) {
		return false;
	}
	size_t count = 0;
	switch (peer_write(&legacy->peer, &session->request_head, &session->request_head_sent, &session->request,
			   &count)) {
	case TRANSFER_MOVED:
		legacy->sent += count;
		exchange_note_sent(session);
		return true;
	case TRANSFER_FAILED:
		/* it may have answered before it left: what it said is read first */
		legacy->broken = true;
		legacy->peer.readable = true;
		legacy->peer.hangup = true;
		return true;
	case TRANSFER_NOTHING:
	case TRANSFER_ENDED:
	default:
		return false;
	}
}

static bool read_legacy(struct session *session)
{
	struct legacy_connection *legacy = session->legacy;
	if (legacy == NULL || legacy->connecting || !legacy->peer.readable || session->reply_whole) {
		return false;
	}
	switch (peer_read(&legacy->peer, &session->reply, &session->tap->stock)) {
	case TRANSFER_MOVED:
		session->replied_at = clock_monotonic();
		legacy->answered = true;
		session->request.keep = false;
		return true;
	case TRANSFER_ENDED:
		exchange_lose_legacy(session, true);
		return true;
	case TRANSFER_FAILED:
		exchange_lose_legacy(session, false);
		return true;
	case TRANSFER_NOTHING:
	default:
		return false;
	}
}

/* The order matters in one place: a reply is taken (and, where it ends, committed) before its bytes are written. */
static bool run_round(struct session *session)
{
	static bool (*const steps[])(struct session *) = {
		read_client,         exchange_take_request, write_legacy,    read_legacy,
		exchange_take_reply, write_client,          exchange_settle, linger,
	};
	bool moved = false;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		moved |= steps[i](session);
		if (session->client.fd < 0) {
			return false;
		}
	}
	return moved;
}

void session_run_later(struct session *session)
{
	if (!session->again) {
		session->again = true;
		session->next_again = session->tap->again;
		session->tap->again = session;
	}
}

void session_run(struct session *session)
{
	struct tap *tap = session->tap;
	for (int i = 0; i < ROUNDS_MAX; i++) {
		if (session->client.fd < 0) {
			return;
		}
		if (!run_round(session)) {
			if (session->client.fd >= 0) {
				flow_release(&session->request, &tap->stock);
				flow_release(&session->reply, &tap->stock);
			}
			return;
		}
		if (session->phase != PHASE_LINGERING) {
			session->moved_at = tap->now;
		}
	}
	session_run_later(session);
}

void session_on_event(struct session *session, uint32_t events)
{
	if (session->client.fd < 0) {
		return;
	}
	peer_note_events(&session->client, events);
	if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
		session_close(session, DROP_CLIENT_ABORTED);
		return;
	}
	session_run(session);
}

static bool has_output(const struct session *session)
{
	return session->reply_head.length > session->reply_head_sent || flow_unsent(&session->reply).length > 0;
}

static void check_exchange(struct session *session, int64_t quiet)
{
	bool for_client = !session->request_whole && flow_unsent(&session->request).length == 0 &&
			  session->request_head_sent == session->request_head.length;
	if (session->is_tunnel) {
		if (quiet > TUNNEL_LIMIT_S * CLOCK_SECOND) {
			session_close(session, DROP_CLIENT_ABORTED);
		}
	} else if (has_output(session)) {
		if (quiet > STALL_LIMIT_S * CLOCK_SECOND) {
			session_close(session, DROP_CLIENT_ABORTED);
		}
	} else if (for_client) {
		if (quiet > STALL_LIMIT_S * CLOCK_SECOND) {
			exchange_fail(session, 408, "the message did not arrive completely in time",
				      DROP_CLIENT_ABORTED);
			session_run(session);
		}
	} else if (quiet > session->route->legacy_timeout) {
		exchange_fail(session, 504, "the legacy system did not answer in time", DROP_LEGACY_FAILED);
		session_run(session);
	}
}

/* What came since the last turn is served first: it was sent on an open connection. */
static void close_idle(struct session *session)
{
	peer_note_events(&session->client, EPOLLIN);
	session_run(session);
	if (session->client.fd >= 0 && session->phase == PHASE_HEAD && flow_unread(&session->request).length == 0) {
		(void)peer_end(&session->client);
		session_close(session, DROP_CLIENT_ABORTED);
	}
}

/* Between requests, in a head, or in the TLS handshake before the first one. */
static void check_head(struct session *session, int64_t quiet)
{
	int64_t now = session->tap->now;
	bool is_idle = flow_unread(&session->request).length == 0;
	bool is_due = session->leave_at != 0 && now >= session->leave_at;
	bool is_late = now - session->head_since > HEAD_LIMIT_S * CLOCK_SECOND;
	if (is_idle && (is_due || quiet > IDLE_LIMIT_S * CLOCK_SECOND)) {
		close_idle(session);
	} else if (is_late && (!is_idle || peer_is_shaking(&session->client))) {
		session_close(session, DROP_CLIENT_ABORTED);
	}
}

void session_check_time(struct session *session)
{
	int64_t quiet = session->tap->now - session->moved_at;
	switch (session->phase) {
	case PHASE_HEAD:
		check_head(session, quiet);
		break;
	case PHASE_EXCHANGE:
		check_exchange(session, quiet);
		break;
	case PHASE_FLUSHING:
		if (quiet > STALL_LIMIT_S * CLOCK_SECOND) {
			session_close(session, DROP_CLIENT_ABORTED);
		}
		break;
	case PHASE_LINGERING:
	default:
		if (quiet > LINGER_LIMIT_S * CLOCK_SECOND) {
			session_close(session, DROP_CLIENT_ABORTED);
		}
		break;
	}
}
