/* Layer 3, inside harness/tap only. TLS 1.2 and 1.3 (RFC 5246, 8446) by OpenSSL: contexts, one for each side of a
 * route, and streams, one for each connection. Knows sockets and bytes, nothing of HTTP.
 *
 * Sockets are not blocking and watched edge-triggered. A stream remembers whether the kernel may have bytes for it, so
 * that a record that arrives whole costs one system call; tls_note_events tells it of news. Whatever a call could not
 * do at once is TLS_BLOCKED: call again behind the next event. No call raises SIGPIPE. */
#ifndef UNDERSTUDY_TAP_TLS_H
#define UNDERSTUDY_TAP_TLS_H

#include "harness/base/bytes.h"
#include "harness/tap/tap.h"

enum tls_side {
	TLS_FOR_CLIENTS, /* the tap is the server */
	TLS_FOR_LEGACY   /* the tap is the client */
};

struct tls_context;
struct tls_stream;

/* Reads the files of `tls`, then forgets it. `host`: the legacy system's, checked against its certificate where
 * tls->server_name is NULL; of no meaning for TLS_FOR_CLIENTS. Errors name the file and what to do. The caller ends it
 * with tls_context_destroy, at any time: open streams keep what they need. */
MUST_CHECK struct tls_context *tls_context_create(const struct tap_tls *tls, enum tls_side side, const char *host,
						  struct error *err);
void tls_context_destroy(struct tls_context *context); /* accepts NULL */

/* A stream over the connected socket, which it borrows; NULL without memory. The handshake happens within tls_shake, or
 * within the first tls_read. */
struct tls_stream *tls_open(struct tls_context *context, int fd);
/* Frees it without a word to the other side; accepts NULL. */
void tls_close(struct tls_stream *stream);

enum tls_result {
	TLS_DONE,
	TLS_BLOCKED,
	TLS_ENDED, /* the other side said that it will send no more (close_notify); of a legacy system the bare end of
		      an open connection, too */
	TLS_FAILED /* anything else, a client's bare end among it (RFC 8446 section 6.1) */
};

enum tls_result tls_shake(struct tls_stream *stream);
/* Both set *ret_count to the bytes moved before the result; TLS_DONE: all that there was room for, or to send. What is
 * sent is taken from `first`, then `second`, in as few records as it fits in; after TLS_BLOCKED the same bytes come
 * first again. */
enum tls_result tls_read(struct tls_stream *stream, char *data, size_t room, size_t *ret_count);
enum tls_result tls_write(struct tls_stream *stream, struct span first, struct span second, size_t *ret_count);
/* Says that nothing more will be sent (close_notify). Reading may go on. TLS_DONE also where the connection is past
 * saying it. */
enum tls_result tls_end(struct tls_stream *stream);

/* What epoll said. True where reading waits for room to write, or the other way round: both are to be tried now. */
bool tls_note_events(struct tls_stream *stream, uint32_t events);
/* Looks whether the other side has sent data or its end. The session tickets of TLS 1.3, which come behind the
 * handshake and at any time later, are taken and are none of both. */
bool tls_is_silent(struct tls_stream *stream);
bool tls_is_open(const struct tls_stream *stream);  /* the handshake is done */
bool tls_met_http(const struct tls_stream *stream); /* the first byte that came begins an HTTP request, not a record */
uint64_t tls_bytes_sent(const struct tls_stream *stream); /* handed to the socket, handshake and all */
/* Why the handshake failed, or what was wrong with a record later, in OpenSSL's words; "" where nothing was. Valid as
 * long as the stream. */
const char *tls_reason(const struct tls_stream *stream);

/* Between tls_context.c and tls.c. */
struct ssl_st *tls_context_new_ssl(struct tls_context *context);
struct bio_method_st *tls_context_bio_method(const struct tls_context *context);
struct bio_method_st *tls_bio_method_create(void);
struct tls_context *tls_context_hold(struct tls_context *context); /* one more tls_context_destroy is due */

#endif
