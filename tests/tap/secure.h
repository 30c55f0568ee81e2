/* The test's own ends of TLS connections, by OpenSSL alone: nothing of harness/tap/tls.c is used here.
 *
 * secure_wrap puts a process between the test and a connection, that talks TLS there and passes plain bytes to the
 * test. What the ends look like stays visible: close_notify becomes the end of the plain connection, any other end
 * becomes a reset. The other way round, close or shutdown by the test become close_notify, a reset a reset. */
#ifndef UNDERSTUDY_TESTS_TAP_SECURE_H
#define UNDERSTUDY_TESTS_TAP_SECURE_H

#include <openssl/ssl.h>
#include <stdbool.h>

struct secure_side {
	bool is_server;
	const char *directory;   /* of the certificates */
	const char *certificate; /* its name there; NULL: none */
	bool verifies;           /* the other side's certificate, by "ca" */
	int version;             /* alone this one; 0: any */
	const char *protocols;   /* ALPN as it goes over the wire; client only */
	const char *wanted_name; /* server: the name the client must send, "": none; NULL: any */
	bool ends_bare;          /* no close_notify, only the end of the connection */
	bool is_restless;        /* behind each write new tickets (server) and new keys, TLS 1.3 only */
};

SSL_CTX *secure_context(const struct secure_side *side);
/* Takes over `fd` and returns the test's end. */
int secure_wrap(int fd, const struct secure_side *side);
/* Every byte in a segment of its own, both ways; takes over `fd`. */
int drip_wrap(int fd);

/* A client in this process: handshake and request. The caller frees it with SSL_free; `fd` stays the caller's. */
SSL *secure_ask(SSL_CTX *context, int fd, SSL_SESSION *session, const char *request);
/* What one SSL_read gives, that is one record; or "!" and why there is none, in OpenSSL's words. */
void secure_hear(SSL *ssl, char ret_reply[512]);

#endif
