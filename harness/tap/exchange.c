/* One exchange: request to the legacy system, reply to the client, and the copy of both. What the tap answers itself
 * goes to receive.c behind the head.
 *
 * What this file keeps, whatever happens to the copy:
 *
 *  I1 The relay alone writes to the sockets, and it forwards every byte; the copy only looks at them.
 *  I2 Trouble of the copy stays with the copy: it is bounded, it can be given up, and no call into it can fail.
 *  I3 Copying can be given up at any byte without a gap in what is forwarded.
 *  I4 A copy with anything missing is void. It is counted under its reason and never written.
 *  I5 Times are taken right behind the system call they are about.
 *  I6 Memory is bounded for each connection: one block each way, two heads, and the capture limit.
 *  I7 One switch, tap_captures, stops all copying for the exchanges that begin from then on.
 *
 * Commit. An exchange is in the ring before the last byte of its reply is handed to the client's socket: what the last
 * read brought is forwarded only after the commit. One kind of reply cannot be held that way: a legacy system that
 * answers in full before it has the whole message. Its reply is not delayed; the commit follows when the message has
 * ended, and if it never does the exchange is dropped.
 *
 * A reply that ends with its connection has no last byte, only an end. All of it is forwarded at once (it may be a
 * stream of events), and the end follows the commit. So that the death of this process cannot look like that end,
 * the client's socket is set to reset when closed (SO_LINGER 0) until the commit is done. Over TLS close_notify is
 * that end, and it is sent behind the commit alone. */
#include "harness/base/text.h"
#include "harness/tap/proxy.h"

#include <netinet/in.h>

static const char *reason_phrase(int status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 408:
		return "Request Timeout";
	case 431:
		return "Request Header Fields Too Large";
	case 501:
		return "Not Implemented";
	case 502:
		return "Bad Gateway";
	case 504:
		return "Gateway Timeout";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Service Unavailable";
	}
}

static bool all_sent(const struct session *session)
{
	return session->reply_head_sent == session->reply_head.length && flow_unsent(&session->reply).length == 0;
}

static void leave_legacy(struct session *session)
{
	legacy_close(session->legacy);
	session->legacy = NULL;
}

static void set_reset_on_close(struct session *session, bool on)
{
	if (session->resets_on_close != on) {
		struct linger option = {.l_onoff = on, .l_linger = 0};
		(void)setsockopt(session->client.fd, SOL_SOCKET, SO_LINGER, &option, sizeof(option));
		session->resets_on_close = on;
	}
}

void exchange_fail(struct session *session, int status, const char *text, enum drop_reason reason)
{
	capture_drop(&session->capture, reason);
	leave_legacy(session);
	session->phase = PHASE_FLUSHING;
	if (session->reply_headed) {
		return; /* the client is left with a reply that is visibly cut off */
	}
	flow_drop(&session->reply, &session->tap->stock);
	if (session->reply_head.failed) {
		buffer_clear(&session->reply_head);
		session->reply_head_sent = 0;
	}
	const char *product = "understudy tap: ";
	buffer_append_format(&session->reply_head,
			     "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
			     "Connection: close\r\n\r\n",
			     status, reason_phrase(status), strlen(product) + strlen(text) + 1);
	if (!session->is_head) {
		buffer_append_format(&session->reply_head, "%s%s\n", product, text);
	}
}

static void commit(struct session *session)
{
	if (session->request_whole && session->reply_whole) {
		int64_t latency = session->request_sent ? session->replied_at - session->sent_at : -1;
		capture_commit(&session->capture, span_of(session->route->config->interface), session->message_at,
			       latency, -1);
		set_reset_on_close(session, false);
	}
}

/* --- the request --- */

static bool is_idempotent(struct span method)
{
	return span_is(method, "GET") || span_is(method, "HEAD") || span_is(method, "PUT") ||
	       span_is(method, "DELETE") || span_is(method, "OPTIONS") || span_is(method, "TRACE");
}

static bool is_wanted(const struct session *session, const struct http_head *head)
{
	const struct tap_route *config = session->route->config;
	return tap_captures(session->tap) &&
	       (config->match_method == NULL || span_is(head->method, config->match_method)) &&
	       (config->match_path == NULL || span_is(http_target_path(head->target), config->match_path));
}

static void write_request_head(struct session *session, const struct http_head *head)
{
	const struct tap_route *config = session->route->config;
	struct http_rewrite rewrite = {.keep_upgrade = head->websocket};
	struct http_forwarded forwarded = {.https = session->client.tls != NULL};
	if (config->forwarded) {
		forwarded.address = span_of(session_address(session));
		rewrite.forwarded = &forwarded;
	}
	buffer_clear(&session->request_head);
	http_head_write(head, rewrite, &session->request_head);
}

static bool is_admitted(const struct session *session, const struct http_head *head)
{
	struct tap *tap = session->tap;
	const struct route *route = session->route;
	return capture_admit(&tap->pressure, tap->ring, route->account, route->config->capture_floor, head, tap->now);
}

static void begin(struct session *session, const struct http_head *head, size_t head_length)
{
	session->phase = PHASE_EXCHANGE;
	session->is_head = span_is(head->method, "HEAD");
	session->is_idempotent = is_idempotent(head->method);
	session->is_old = head->minor == 0;
	session->close_after = head->close || session->is_old;
	session->wants_tunnel = head->websocket;
	session->request_body = http_body_of_request(head);
	session->request_whole = session->request_body.ended;
	enum tap_kind kind = session->route->config->kind;
	if (kind != TAP_INGEST && is_wanted(session, head) && is_admitted(session, head)) {
		capture_begin(&session->capture, session->tap->ring, session->route->account,
			      session->route->capture_max, head);
	}
	struct flow *flow = &session->request;
	flow->passed += head_length;
	flow->base = flow->sent = flow->passed;
	if (kind != TAP_INLINE) {
		receive_begin(session, head);
		return;
	}
	write_request_head(session, head);
	session->legacy = legacy_take(session, false);
	flow->keep = session->legacy != NULL && session->legacy->reused;
	if (session->request_head.failed) {
		exchange_fail(session, 503, "out of memory", DROP_LEGACY_FAILED);
	} else if (session->legacy == NULL) {
		exchange_fail(session, 502, "the legacy system could not be reached", DROP_LEGACY_FAILED);
	}
}

/* RFC 9112 section 2.2: empty lines before a request line are passed over. */
static void skip_empty_lines(struct flow *flow)
{
	struct span unread = flow_unread(flow);
	size_t count = 0;
	while (count < unread.length && (unread.data[count] == '\r' || unread.data[count] == '\n')) {
		count++;
	}
	flow->passed += count;
	flow->sent = flow->base = flow->passed;
}

static bool refuse(struct session *session, int status, const char *text)
{
	session->is_head = false;
	exchange_fail(session, status, text, DROP_CLIENT_ABORTED);
	return true;
}

static bool take_head(struct session *session)
{
	if (session->request_scanned == 0) {
		skip_empty_lines(&session->request);
	}
	struct span unread = flow_unread(&session->request);
	if (!http_head_may_be_request(unread)) {
		return refuse(session, 400, "this is not an HTTP request");
	}
	size_t length = http_head_find_end(unread, &session->request_scanned);
	if (length == 0) {
		if (session->client_ended) {
			session_close(session, DROP_CLIENT_ABORTED);
			return true;
		}
		return unread.length >= HTTP_HEAD_MAX ? refuse(session, 431, "the message head is too large") : false;
	}
	session->request_scanned = 0;
	struct http_head head;
	struct http_fault fault;
	if (!http_head_parse_request((struct span){unread.data, length}, &head, &fault)) {
		return refuse(session, fault.status, fault.text);
	}
	begin(session, &head, length);
	return true;
}

/* The client said its last: of a tunnel that is the end of its side, of a request it is too early. */
static bool end_request_early(struct session *session)
{
	if (!session->is_tunnel) {
		session_close(session, DROP_CLIENT_ABORTED);
		return true;
	}
	session->request_whole = true;
	return true;
}

static bool take_request_body(struct session *session)
{
	struct flow *flow = &session->request;
	size_t before = flow->passed;
	while (!session->request_whole && flow->passed < flow->end) {
		size_t used;
		struct span payload;
		enum http_step step = http_body_step(&session->request_body, flow_unread(flow), &used, &payload);
		if (step == HTTP_BAD) {
			exchange_fail(session, 400, "the message's chunks are malformed", DROP_CLIENT_ABORTED);
			return true;
		}
		flow->passed += used;
		capture_request_body(&session->capture, payload);
		session->request_whole = step == HTTP_END;
	}
	if (session->request_whole) {
		commit(session); /* where the reply was there first */
	} else if (session->client_ended) {
		return end_request_early(session);
	}
	return flow->passed != before;
}

void exchange_note_sent(struct session *session)
{
	struct legacy_connection *legacy = session->legacy;
	if (!session->request_whole || session->request_sent || legacy == NULL || legacy->connecting ||
	    session->request_head_sent < session->request_head.length || flow_unsent(&session->request).length > 0) {
		return;
	}
	if (session->is_tunnel) {
		if (!peer_end(&legacy->peer)) {
			return;
		}
		(void)shutdown(legacy->peer.fd, SHUT_WR);
	}
	session->request_sent = true;
	session->sent_at = clock_monotonic();
}

static bool has_request(const struct session *session)
{
	return session->request.end > session->request.passed || session->client_ended;
}

bool exchange_take_request(struct session *session)
{
	bool moved = session->phase == PHASE_HEAD && has_request(session) && take_head(session);
	if (session->phase == PHASE_EXCHANGE && session->route->config->kind != TAP_INLINE) {
		return receive_run(session) || moved;
	}
	/* at once, so that head and body leave in one system call */
	if (session->phase == PHASE_EXCHANGE && !session->request_whole) {
		moved |= take_request_body(session);
	}
	return moved;
}

/* --- the reply --- */

static bool fail_reply(struct session *session, const char *text)
{
	exchange_fail(session, 502, text, DROP_LEGACY_FAILED);
	return true;
}

/* From here on both sides say what they like. The exchange ends with the 101: that is the reply. */
static void start_tunnel(struct session *session)
{
	session->is_tunnel = true;
	session->close_after = true;
	session->reusable = false;
	session->request_whole = true;
	session->reply_whole = true;
	commit(session);
	session->request_whole = session->request_sent = session->reply_whole = false;
	session->request_body = http_body_until_close();
	session->reply_body = http_body_until_close();
}

static void begin_reply(struct session *session, const struct http_head *head)
{
	bool tunnel = head->status == 101;
	session->reply_headed = true;
	session->reply_body = http_body_of_reply(head, session->is_head);
	bool until_close = session->reply_body.framing == HTTP_UNTIL_CLOSE;
	session->reusable = head->minor == 1 && !head->close && !session->is_old && !until_close;
	/* a legacy system that leaves before it has the whole message leaves the client in the middle of one */
	bool leaves_early = !session->reusable && !session->request_whole;
	session->close_after |= until_close || leaves_early || session->leave_at != 0;
	capture_reply_head(&session->capture, head);
	struct http_rewrite rewrite = {.add_close = session->close_after && !tunnel, .keep_upgrade = tunnel};
	http_head_write(head, rewrite, &session->reply_head);
	if (tunnel) {
		start_tunnel(session);
		return;
	}
	if (until_close) {
		set_reset_on_close(session, true);
	}
	session->reply_whole = session->reply_body.ended;
}

static bool take_reply_head(struct session *session)
{
	struct span unread = flow_unread(&session->reply);
	size_t length = http_head_find_end(unread, &session->reply_scanned);
	if (length == 0) {
		return unread.length >= HTTP_HEAD_MAX
			       ? fail_reply(session, "the legacy system's reply head is too large")
			       : false;
	}
	/* interim replies pile up only as far as the client takes them */
	if (session->reply_head.length > HTTP_HEAD_MAX) {
		return false;
	}
	session->reply_scanned = 0;
	struct http_head head;
	struct http_fault fault;
	if (!http_head_parse_reply((struct span){unread.data, length}, &head, &fault)) {
		return fail_reply(session, fault.text);
	}
	if (head.status == 101 && !session->wants_tunnel) {
		return fail_reply(session, "the legacy system changed to a protocol nobody asked for");
	}
	session->reply.passed += length;
	session->reply.sent = session->reply.base = session->reply.passed;
	if (head.status >= 200 || head.status == 101) {
		begin_reply(session, &head);
	} else if (!session->is_old) {
		http_head_write(&head, (struct http_rewrite){.add_close = false}, &session->reply_head);
	}
	return session->reply_head.failed ? fail_reply(session, "out of memory") : true;
}

static bool take_reply_body(struct session *session)
{
	struct flow *flow = &session->reply;
	size_t before = flow->passed;
	while (!session->reply_whole && flow->passed < flow->end) {
		size_t used;
		struct span payload;
		enum http_step step = http_body_step(&session->reply_body, flow_unread(flow), &used, &payload);
		if (step == HTTP_BAD) {
			return fail_reply(session, "the legacy system's chunks are malformed");
		}
		flow->passed += used;
		if (!session->is_tunnel) {
			capture_reply_body(&session->capture, payload);
		}
		session->reply_whole = step == HTTP_END;
	}
	return flow->passed != before;
}

bool exchange_take_reply(struct session *session)
{
	if (session->phase != PHASE_EXCHANGE) {
		return false;
	}
	exchange_note_sent(session);
	bool moved = false;
	while (session->phase == PHASE_EXCHANGE && !session->reply_headed &&
	       session->reply.end > session->reply.passed) {
		if (!take_reply_head(session)) {
			return moved;
		}
		moved = true;
	}
	if (session->phase == PHASE_EXCHANGE && session->reply_headed && !session->reply_whole) {
		moved |= take_reply_body(session);
	}
	if (session->phase == PHASE_EXCHANGE && session->reply_whole) {
		commit(session);
	}
	return moved;
}

/* --- ends --- */

static bool can_retry(const struct session *session)
{
	const struct legacy_connection *legacy = session->legacy;
	return legacy->reused && !legacy->answered && session->request.keep &&
	       (session->is_idempotent || legacy_request_unread(legacy));
}

static void retry(struct session *session)
{
	legacy_close(session->legacy);
	session->request_head_sent = 0;
	session->request.sent = session->request.base;
	session->request.keep = false;
	session->request_sent = false;
	session->legacy = legacy_take(session, true);
	if (session->legacy == NULL) {
		(void)fail_reply(session, "the legacy system could not be reached");
	}
}

static bool fail_by_loss(struct session *session)
{
	char room[256];
	return fail_reply(session, legacy_loss(session->legacy, room));
}

void exchange_lose_legacy(struct session *session, bool clean)
{
	bool ends_reply = session->reply_headed && session->reply_body.framing == HTTP_UNTIL_CLOSE && clean;
	if (ends_reply) {
		session->reply_whole = true;
		session->legacy->broken = session->legacy->broken || !session->is_tunnel;
		commit(session);
	} else if (session->legacy->connecting) {
		(void)fail_by_loss(session);
	} else if (can_retry(session)) {
		retry(session);
	} else if (clean) {
		(void)fail_reply(session, "the legacy system closed the connection before its reply was complete");
	} else {
		(void)fail_by_loss(session);
	}
}

/* False where the socket does not take the word that ends a TLS connection now: called again when it takes bytes. */
static bool end_connection(struct session *session)
{
	bool client_sends =
		session->client.readable || !session->request_whole || session->request.end > session->request.passed;
	leave_legacy(session);
	if (!session->resets_on_close && !peer_end(&session->client)) {
		session->phase = PHASE_FLUSHING;
		return false;
	}
	if (session->resets_on_close || session->client_ended || !client_sends) {
		session_close(session, DROP_LEGACY_FAILED);
		return true;
	}
	session->phase = PHASE_LINGERING;
	session->moved_at = session->tap->now; /* and no later: what is thrown away does not prolong it */
	(void)shutdown(session->client.fd, SHUT_WR);
	return true;
}

/* Makes ready for the next request, which may be in the block already. */
static bool end_exchange(struct session *session)
{
	struct tap *tap = session->tap;
	bool is_clean = session->request_sent && session->reusable && session->reply.end == session->reply.passed;
	if (session->legacy != NULL && is_clean) {
		legacy_give_back(session->legacy);
	} else {
		legacy_close(session->legacy);
	}
	session->legacy = NULL;
	if (session->close_after) {
		return end_connection(session);
	}
	flow_drop(&session->reply, &tap->stock);
	session->request.keep = false;
	session->request.sent = session->request.passed; /* a legacy system may answer and leave without reading all */
	buffer_clear(&session->request_head);
	session->request_head_sent = 0;
	session->request_whole = session->request_sent = false;
	session->reply_headed = session->reply_whole = false;
	session->reply_scanned = 0;
	session->phase = PHASE_HEAD;
	session->message_at = session->read_at;
	session->head_since = tap->now;
	if (session->next_route != NULL) {
		session_move(session, session->next_route);
	}
	if (session->leave_at != 0) { /* and its client has not been told */
		session->leave_at = 0;
		session_leave(session);
	}
	return true;
}

bool exchange_settle(struct session *session)
{
	if (session->phase == PHASE_LINGERING || session->phase == PHASE_HEAD || !all_sent(session)) {
		return false;
	}
	if (session->phase == PHASE_FLUSHING) {
		return end_connection(session);
	}
	if (!session->reply_whole) {
		return false;
	}
	struct legacy_connection *legacy = session->legacy;
	bool gone = legacy == NULL || legacy->broken || legacy->peer.hangup || !session->reusable;
	if (!session->request_sent && !gone) {
		return false; /* the reply came early; the message goes on to its end */
	}
	if (!session->request_whole) {
		capture_drop(&session->capture, DROP_LEGACY_FAILED);
		return end_connection(session);
	}
	return end_exchange(session);
}
