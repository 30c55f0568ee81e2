/* Layer 3, inside harness/tap only. The objects of the event loop and who owns them.
 *
 *   tap ── listeners
 *    ├──── the current generation ── routes ── idle legacy connections
 *    └──── sessions (one per client connection) ── one legacy connection while an exchange is open
 *
 * A generation is one configuration with its routes. A reload makes the next one; the old one lives as long as somebody
 * points to one of its routes: the tap, a listener, a session, a legacy connection. Each such pointer is counted
 * (route_hold, route_release). A session between two exchanges points to a route of the current generation, or leaves.
 *
 * Everything runs in one thread. Sockets are watched edge-triggered from their first to their last moment; a peer
 * remembers what the kernel said, so that a steady exchange costs four system calls and a share of epoll_wait.
 * Objects are reused. One that is closed inside a batch of events is only given free behind the batch, because a later
 * event of the batch may still name it. */
#ifndef UNDERSTUDY_TAP_PROXY_H
#define UNDERSTUDY_TAP_PROXY_H

#include "harness/base/clock.h"
#include "harness/http/body.h"
#include "harness/tap/capture.h"
#include "harness/tap/flow.h"
#include "harness/tap/tap.h"
#include "harness/tap/tls.h"

#include <netinet/in.h>
#include <sys/socket.h>

enum peer_kind { PEER_LISTENER, PEER_CLIENT, PEER_LEGACY, PEER_CONTROL };

/* First member of whatever epoll points to. */
struct peer {
	enum peer_kind kind;
	int fd;                 /* -1: closed */
	struct tls_stream *tls; /* owned; NULL: plain */
	bool readable;
	bool writable;
	bool hangup; /* the other side will send no more; what it sent may still be there */
};

struct session;
struct tap;
struct ingest;

struct legacy_address {
	struct sockaddr_storage name;
	socklen_t length;
};

struct legacy_connection {
	struct peer peer;
	struct route *route;     /* held */
	struct session *session; /* NULL: idle */
	struct legacy_connection *next;
	struct legacy_connection *previous; /* idle list only */
	size_t address;
	bool connecting;      /* TLS handshake included */
	bool reused;          /* has served an exchange before */
	bool answered;        /* bytes came in the current exchange */
	bool broken;          /* cannot be written to */
	uint64_t sent;        /* bytes in its life, where it is plain */
	uint64_t sent_before; /* of them before the current exchange */
	int64_t idle_since;
};

struct listener {
	struct peer peer; /* the socket, owned */
	struct tap *tap;
	struct route *route; /* held; of the connections that are accepted */
	int64_t close_at;    /* monotonic; no longer configured, closed then, when its backlog is served; 0: stays */
	struct listener *next;
};

struct generation {
	struct arena arena; /* what `config` points to; empty for the first one, which borrows */
	struct tap_config config;
	struct route *routes; /* config.route_count */
	size_t references;
};

struct route {
	struct tap *tap;
	struct generation *generation;
	struct route *successor; /* NULL: still current, or its listener left */
	const struct tap_route *config;
	struct tls_context *tls;        /* towards the clients; NULL: plain */
	struct tls_context *legacy_tls; /* towards the legacy system; NULL: plain */
	int account;
	size_t capture_max;
	int64_t legacy_timeout; /* us */
	struct legacy_address addresses[TAP_ADDRESSES_MAX];
	size_t address_count;
	struct legacy_connection *idle; /* last used first */
	size_t idle_count;
};

enum phase {
	PHASE_HEAD,     /* between exchanges, or a request's head is not complete */
	PHASE_EXCHANGE, /* head taken; the legacy system has it or is being given it */
	PHASE_FLUSHING, /* a last answer goes out, then the connection is closed */
	PHASE_LINGERING /* all sent; waits for the client's end so that no reset destroys what it has not read yet */
};

struct session {
	struct peer client;
	struct tap *tap;
	struct route *route;             /* held */
	struct route *next_route;        /* held; of the exchange after the open one; NULL: `route` */
	struct session *next, *previous; /* open sessions, or closed, or unused ones */
	struct session *next_again;
	struct legacy_connection *legacy;
	enum phase phase;
	bool again;                     /* in the list of sessions that had more to do than one turn allows */
	bool client_ended;              /* sent its FIN */
	int64_t leave_at;               /* monotonic: closed then if idle, and with its next reply; 0: stays */
	char address[INET6_ADDRSTRLEN]; /* the client's, once it was asked for */

	/* the exchange */
	struct flow request, reply;
	struct buffer request_head, reply_head; /* as rewritten; [sent, length) is still to go */
	size_t request_head_sent, reply_head_sent;
	size_t request_scanned, reply_scanned;
	struct http_body request_body, reply_body;
	struct capture capture;
	struct ingest *ingest; /* TAP_INGEST: what the open exchange posts; owned */
	bool is_head;          /* the method */
	bool is_idempotent;    /* RFC 9110 section 9.2.2 */
	bool is_old;           /* HTTP/1.0 client: gets no 1xx */
	bool close_after;
	bool resets_on_close; /* see exchange.c, "A reply that ends with its connection" */
	bool wants_tunnel;
	bool is_tunnel;
	bool request_whole; /* received to its end */
	bool request_sent;  /* and handed to the legacy connection's socket */
	bool reply_headed;  /* the final reply's head is taken */
	bool reply_whole;
	bool reusable; /* the legacy connection, by the reply's head */

	/* UTC us, stamped behind the system call that read */
	int64_t read_at;
	int64_t message_at;
	/* monotonic us */
	int64_t sent_at;
	int64_t replied_at;
	int64_t moved_at;
	int64_t head_since;
};

struct tap {
	const struct tap_config *config; /* of the current generation */
	struct ring *ring;
	struct pressure pressure;
	int epoll_fd;
	int64_t now; /* monotonic, of this turn of the loop */
	bool stopping;
	bool accept_paused;
	bool off_by_file;        /* the kill switch; see tap.h */
	size_t capture_reported; /* the state of the kill switch that was last told */
	struct peer control;
	bool control_ready;
	struct generation *current;
	struct listener *listeners;
	struct session *sessions;
	size_t session_count;
	size_t sessions_max;
	struct session *again; /* through next_again; closed ones stay until they are taken out here */
	struct session *closed, *unused;
	struct legacy_connection *closed_legacy, *unused_legacy;
	struct flow_stock stock;
	size_t ingest_bytes; /* of bodies that are posted right now, in all sessions */
	size_t ingest_count; /* batches that are being taken, a piece in each turn */
};

/* routes.c */
/* The first generation, of a configuration that is borrowed. */
MUST_CHECK bool routes_open(struct tap *tap, const struct tap_config *config, struct error *err);
/* The next one. The arena is taken over. False, with all as before but the configuration's sockets, which are closed.
 */
MUST_CHECK bool routes_replace(struct tap *tap, struct arena *arena, struct tap_config *config, struct error *err);
/* Closes listeners that leave, once nobody waits in their backlog. */
void routes_tick(struct tap *tap);
void routes_close(struct tap *tap);
void route_hold(struct route *route);
void route_release(struct route *route); /* accepts NULL */
bool route_is_current(const struct route *route);

/* tap.c */
/* Accepts all who wait, as far as there is room; true where nobody waits now. */
bool listener_accept(struct listener *listener);
bool tap_captures(const struct tap *tap);

/* peer.c */
enum transfer { TRANSFER_NOTHING, TRANSFER_MOVED, TRANSFER_ENDED, TRANSFER_FAILED };
enum transfer peer_read(struct peer *peer, struct flow *flow, struct flow_stock *stock);
/* Sends the head from *head_sent on, then the flow's unsent bytes. *ret_count: bytes sent. */
enum transfer peer_write(struct peer *peer, const struct buffer *head, size_t *head_sent, struct flow *flow,
			 size_t *ret_count);
void peer_note_events(struct peer *peer, uint32_t events);
bool peer_watch(const struct tap *tap, struct peer *peer, uint32_t events);
void peer_close(struct peer *peer);
/* Over TLS: says that nothing more will be sent, without which the other side must take what it has for cut off. False:
 * it could not yet, try again when the socket takes bytes. */
bool peer_end(struct peer *peer);
/* The client's TLS handshake is not done. */
bool peer_is_shaking(const struct peer *peer);
/* What follows goes over the bare socket. */
void peer_leave_tls(struct peer *peer);

/* legacy.c */
MUST_CHECK bool legacy_resolve(struct route *route, struct error *err);
/* A connection for the session, idle or new (connecting); NULL where none can be had. `fresh`: a new one only. */
struct legacy_connection *legacy_take(struct session *session, bool fresh);
void legacy_give_back(struct legacy_connection *connection);
void legacy_close(struct legacy_connection *connection); /* accepts NULL */
void legacy_on_event(struct legacy_connection *connection, uint32_t events);
/* What to tell the client of a connection that broke, or that could not be made. Valid as long as `room`. */
const char *legacy_loss(const struct legacy_connection *connection, char room[256]);
/* True where the legacy system cannot have read any byte of the current request. */
bool legacy_request_unread(const struct legacy_connection *connection);
void legacy_close_idle(struct route *route, int64_t idle_before);
void legacy_recycle(struct tap *tap);

/* session.c */
void session_open(struct route *route, int fd);
/* From now on, or from the end of the open exchange, its exchanges are the route's. */
void session_move(struct session *session, struct route *route);
/* Its client is told with the next reply that the connection ends; an idle one is closed after the grace period. */
void session_leave(struct session *session);
/* The client's address, without port; "unknown" where it cannot be had. */
const char *session_address(struct session *session);
void session_on_event(struct session *session, uint32_t events);
/* Does all that can be done now. */
void session_run(struct session *session);
/* Runs it in the next turn of the loop, whether or not its socket says something. */
void session_run_later(struct session *session);
void session_close(struct session *session, enum drop_reason reason);
/* Ends what has waited for too long. */
void session_check_time(struct session *session);
void session_recycle(struct tap *tap);
void session_free_all(struct tap *tap);

/* receive.c: kinds of taps that have no legacy side */
/* Takes the head of a request that the tap answers itself. */
void receive_begin(struct session *session, const struct http_head *head);
/* Takes what is there of the body, and answers when it is whole. True where something moved. */
bool receive_run(struct session *session);
/* Writes the one answer of the exchange. `fields`: further header fields with their ends; `content`: JSON, none for
 * status 204. Where the request is not whole, the connection ends behind it. */
void receive_answer(struct session *session, int status, const char *fields, struct span content);

/* exchange.c; all return true where something moved */
bool exchange_take_request(struct session *session);
bool exchange_take_reply(struct session *session);
bool exchange_settle(struct session *session);
/* Notes the moment at which the legacy system has been given the last byte, if that is now. */
void exchange_note_sent(struct session *session);
/* The legacy connection ended (`clean`: by FIN) or could not be made. */
void exchange_lose_legacy(struct session *session, bool clean);
/* Answers with the tap's own words, as far as no reply has begun, and closes. `text` says what is wrong. */
void exchange_fail(struct session *session, int status, const char *text, enum drop_reason reason);

#endif
