#include "harness/tap/tls.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	RECORD_MAX = SSL3_RT_MAX_PLAIN_LENGTH,
	FIRST_BYTE_OF_HANDSHAKE = SSL3_RT_HANDSHAKE,
	/* Bytes taken from the socket within one call. OpenSSL reads on until there is data; records that hold none, of
	 * which TLS 1.3 knows any number, must not keep the loop from the other connections. */
	READ_BUDGET = 65536,
};

struct tls_stream {
	struct tls_context *context; /* holds it */
	SSL *ssl;
	int fd;
	bool may_read; /* the kernel may have bytes, or an end */
	bool hangup;   /* there is an end behind the bytes */
	bool crossed;  /* reading waits for room in the socket, or writing for bytes from it */
	bool read_failed;
	bool ended;      /* close_notify is sent, or never will be */
	char first_byte; /* that came */
	int number;      /* errno of the last failed system call; 0: the connection's end */
	uint64_t sent;
	size_t budget; /* what is left of it */
	char reason[128];
};

/* --- the socket under OpenSSL --- */

static int socket_read(BIO *bio, char *data, int size)
{
	struct tls_stream *stream = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	ssize_t count = -1;
	errno = EAGAIN;
	size_t room = (size_t)size < stream->budget ? (size_t)size : stream->budget;
	if (stream->may_read && room > 0) {
		do {
			count = recv(stream->fd, data, room, 0);
		} while (count < 0 && errno == EINTR);
	}
	if (count < 0 && errno == EAGAIN) {
		stream->may_read = room == 0;
		BIO_set_retry_read(bio);
		return -1;
	}
	stream->number = count < 0 ? errno : 0;
	if (count > 0) {
		stream->budget -= (size_t)count;
		/* a short read emptied the socket (epoll(7)); only an end behind it is still to be fetched */
		stream->may_read = (size_t)count == room || stream->hangup;
		stream->first_byte = stream->first_byte != '\0' ? stream->first_byte : data[0];
	}
	return (int)count;
}

static int socket_write(BIO *bio, const char *data, int size)
{
	struct tls_stream *stream = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	ssize_t count;
	do {
		count = send(stream->fd, data, (size_t)size, MSG_NOSIGNAL);
	} while (count < 0 && errno == EINTR);
	if (count >= 0) {
		stream->sent += (uint64_t)count;
	} else if (errno == EAGAIN) {
		BIO_set_retry_write(bio);
	} else {
		stream->number = errno;
	}
	return (int)count;
}

/* Nothing is held back in it, so that flushing is done at once; every other question is answered with no. */
static long socket_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH ? 1 : 0;
}

struct bio_method_st *tls_bio_method_create(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket of the tap");
	if (method != NULL) {
		(void)BIO_meth_set_read(method, socket_read);
		(void)BIO_meth_set_write(method, socket_write);
		(void)BIO_meth_set_ctrl(method, socket_control);
	}
	return method;
}

static BIO *open_bio(struct tls_stream *stream)
{
	BIO *bio = BIO_new(tls_context_bio_method(stream->context));
	if (bio != NULL) {
		BIO_set_data(bio, stream);
		BIO_set_init(bio, 1);
	}
	return bio;
}

/* --- life --- */

struct tls_stream *tls_open(struct tls_context *context, int fd)
{
	struct tls_stream *stream = calloc(1, sizeof(*stream));
	if (stream == NULL) {
		return NULL;
	}
	stream->context = tls_context_hold(context);
	stream->fd = fd;
	stream->may_read = true; /* what came before there was a stream raises no further event */
	stream->ssl = tls_context_new_ssl(context);
	BIO *bio = open_bio(stream);
	if (stream->ssl == NULL || bio == NULL) {
		BIO_free(bio);
		tls_close(stream);
		return NULL;
	}
	SSL_set_bio(stream->ssl, bio, bio);
	return stream;
}

void tls_close(struct tls_stream *stream)
{
	if (stream != NULL) {
		SSL_free(stream->ssl);
		tls_context_destroy(stream->context);
		free(stream);
	}
}

/* --- failures --- */

static const char *find_reason(const struct tls_stream *stream)
{
	unsigned long number = ERR_peek_last_error();
	long verified = SSL_get_verify_result(stream->ssl);
	if (stream->first_byte != '\0' && stream->first_byte != FIRST_BYTE_OF_HANDSHAKE &&
	    ERR_GET_REASON(number) == SSL_R_WRONG_VERSION_NUMBER) {
		return "the answer is not TLS";
	}
	if (verified != X509_V_OK && ERR_GET_REASON(number) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
		return X509_verify_cert_error_string(verified);
	}
	const char *reason = ERR_reason_error_string(number);
	if (reason != NULL) {
		return reason;
	}
	return stream->number != 0 ? strerrordesc_np(stream->number) : "the connection was closed";
}

/* Old legacy systems close without close_notify. A reply that has a length or chunks is judged by these; one that ends
 * with its connection is taken for whole, as nginx does: its clients had it until the tap came, and RFC 9112 section
 * 9.8, which would have it incomplete, would take it from them. */
static bool is_forgiven_end(const struct tls_stream *stream, int error, bool is_writing)
{
	return error == SSL_ERROR_SYSCALL && !is_writing && stream->number == 0 && ERR_peek_last_error() == 0 &&
	       tls_is_open(stream) && !SSL_is_server(stream->ssl);
}

static enum tls_result judge(struct tls_stream *stream, int returned, bool is_writing)
{
	if (stream->budget == 0) {
		snprintf(stream->reason, sizeof(stream->reason), "records without end and without data");
		return TLS_FAILED;
	}
	int error = SSL_get_error(stream->ssl, returned);
	if (is_forgiven_end(stream, error, is_writing)) {
		return TLS_ENDED;
	}
	switch (error) {
	case SSL_ERROR_WANT_READ:
		stream->crossed |= is_writing;
		return TLS_BLOCKED;
	case SSL_ERROR_WANT_WRITE:
		stream->crossed |= !is_writing;
		return TLS_BLOCKED;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_ENDED;
	default:
		/* once it is open, the bare end of a connection is no failure of TLS */
		if (stream->reason[0] == '\0' && (ERR_peek_last_error() != 0 || !tls_is_open(stream))) {
			snprintf(stream->reason, sizeof(stream->reason), "%s", find_reason(stream));
		}
		return TLS_FAILED;
	}
}

/* --- bytes --- */

static void begin_call(struct tls_stream *stream)
{
	ERR_clear_error();
	stream->budget = READ_BUDGET;
}

enum tls_result tls_shake(struct tls_stream *stream)
{
	begin_call(stream);
	int returned = SSL_do_handshake(stream->ssl);
	return returned == 1 ? TLS_DONE : judge(stream, returned, false);
}

enum tls_result tls_read(struct tls_stream *stream, char *data, size_t room, size_t *ret_count)
{
	*ret_count = 0;
	if (stream->read_failed) {
		return TLS_FAILED;
	}
	begin_call(stream);
	while (*ret_count < room) {
		size_t count;
		ERR_clear_error();
		int returned = SSL_read_ex(stream->ssl, data + *ret_count, room - *ret_count, &count);
		if (returned != 1 && *ret_count > 0 && stream->budget == 0) {
			return TLS_DONE; /* enough for one call */
		}
		if (returned != 1) {
			enum tls_result result = judge(stream, returned, false);
			stream->read_failed = result == TLS_FAILED;
			return result;
		}
		*ret_count += count;
	}
	return TLS_DONE;
}

/* The bytes of the next record: [at, ...) of both spans, joined in `joined` where it takes from both. */
static struct span next_piece(struct span first, struct span second, size_t at, char joined[RECORD_MAX])
{
	if (at >= first.length) {
		struct span rest = {second.data + (at - first.length), second.length - (at - first.length)};
		rest.length = rest.length < RECORD_MAX ? rest.length : RECORD_MAX;
		return rest;
	}
	struct span rest = {first.data + at, first.length - at};
	if (rest.length >= RECORD_MAX || second.length == 0) {
		rest.length = rest.length < RECORD_MAX ? rest.length : RECORD_MAX;
		return rest;
	}
	size_t more = RECORD_MAX - rest.length;
	more = second.length < more ? second.length : more;
	memcpy(joined, rest.data, rest.length);
	memcpy(joined + rest.length, second.data, more);
	return (struct span){joined, rest.length + more};
}

enum tls_result tls_write(struct tls_stream *stream, struct span first, struct span second, size_t *ret_count)
{
	char joined[RECORD_MAX];
	*ret_count = 0;
	while (*ret_count < first.length + second.length) {
		struct span piece = next_piece(first, second, *ret_count, joined);
		size_t count;
		begin_call(stream);
		int returned = SSL_write_ex(stream->ssl, piece.data, piece.length, &count);
		if (returned != 1) {
			return judge(stream, returned, true);
		}
		*ret_count += count;
	}
	return TLS_DONE;
}

enum tls_result tls_end(struct tls_stream *stream)
{
	if (stream->ended || !SSL_is_init_finished(stream->ssl)) {
		return TLS_DONE;
	}
	ERR_clear_error();
	int returned = SSL_shutdown(stream->ssl);
	stream->ended = returned >= 0 || SSL_get_error(stream->ssl, returned) != SSL_ERROR_WANT_WRITE;
	return stream->ended ? TLS_DONE : TLS_BLOCKED;
}

/* --- questions --- */

bool tls_note_events(struct tls_stream *stream, uint32_t events)
{
	bool ends = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
	stream->hangup |= ends;
	stream->may_read |= ends || (events & EPOLLIN) != 0;
	bool crossed = stream->crossed;
	stream->crossed = false;
	return crossed;
}

bool tls_is_silent(struct tls_stream *stream)
{
	char byte;
	stream->may_read = true;
	begin_call(stream);
	int returned = SSL_peek(stream->ssl, &byte, 1);
	return returned <= 0 && judge(stream, returned, false) == TLS_BLOCKED;
}

bool tls_is_open(const struct tls_stream *stream)
{
	return SSL_is_init_finished(stream->ssl) != 0;
}

bool tls_met_http(const struct tls_stream *stream)
{
	return stream->first_byte >= 'A' && stream->first_byte <= 'Z';
}

uint64_t tls_bytes_sent(const struct tls_stream *stream)
{
	return stream->sent;
}

const char *tls_reason(const struct tls_stream *stream)
{
	return stream->reason;
}
