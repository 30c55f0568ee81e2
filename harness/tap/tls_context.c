/* What all connections of one side of a route share: certificate, key, authorities, and how strict we are. */
#include "harness/tap/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct tls_context {
	SSL_CTX *ssl;
	BIO_METHOD *bio_method; /* must outlive every stream */
	char *server_name;      /* sent to the legacy system (RFC 6066 section 3); NULL: none */
	size_t references;
};

static const unsigned char SESSIONS_OF[] = "understudy";

static bool fail(struct error *err, const char *file, const char *text, const char *remedy)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	return error_set_at(err, ERROR_CONFIG, file, 0, "%s (%s); %s", text,
			    reason != NULL ? reason : "no reason known", remedy);
}

static bool can_read(const char *file, struct error *err)
{
	return access(file, R_OK) == 0 ||
	       error_set_at(err, ERROR_CONFIG, file, 0, "cannot be read (%s); correct the path or the file's mode",
			    strerrordesc_np(errno));
}

/* A key with a password cannot be used: OpenSSL would ask for it on the terminal. */
static int refuse_password(char *text, int size, int is_writing, void *context)
{
	(void)text;
	(void)size;
	(void)is_writing;
	(void)context;
	return 0;
}

static bool load_certificate(SSL_CTX *ssl, const struct tap_tls *tls, struct error *err)
{
	if (tls->certificate == NULL || tls->key == NULL) {
		return true;
	}
	if (!can_read(tls->certificate, err) || !can_read(tls->key, err)) {
		return false;
	}
	SSL_CTX_set_default_passwd_cb(ssl, refuse_password);
	if (SSL_CTX_use_certificate_chain_file(ssl, tls->certificate) != 1) {
		return fail(err, tls->certificate, "holds no certificate that can be used",
			    "give a PEM file with the certificate first and its chain behind it");
	}
	/* a key of the certificate's kind is compared with it here, one of another kind only below */
	bool is_read = SSL_CTX_use_PrivateKey_file(ssl, tls->key, SSL_FILETYPE_PEM) == 1;
	if (!is_read && ERR_GET_LIB(ERR_peek_last_error()) != ERR_LIB_X509) {
		return fail(err, tls->key, "holds no private key that can be used",
			    "give a PEM file with the key, without a password");
	}
	if (!is_read || SSL_CTX_check_private_key(ssl) != 1) {
		return error_set_at(err, ERROR_CONFIG, tls->key, 0,
				    "does not belong to the certificate %s; give the two that were made together",
				    tls->certificate);
	}
	return true;
}

/* From the file, or the system's. */
static bool load_authorities(SSL_CTX *ssl, const char *file, struct error *err)
{
	if (file == NULL) {
		return SSL_CTX_set_default_verify_paths(ssl) == 1 ||
		       error_set(err, ERROR_SYSTEM, "the system's certificate authorities cannot be read; set `ca`");
	}
	if (!can_read(file, err)) {
		return false;
	}
	if (SSL_CTX_load_verify_file(ssl, file) != 1) {
		return fail(err, file, "holds no certificate authority that can be used",
			    "give a PEM file with the authorities' certificates");
	}
	/* an authority that is named is trusted, whether or not the one above it is there */
	(void)X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ssl), X509_V_FLAG_PARTIAL_CHAIN);
	return true;
}

/* RFC 7301 section 3.2: a client that names protocols and not ours is told so. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *length, const unsigned char *offered,
			   unsigned int offered_length, void *context)
{
	static const unsigned char ours[] = "\x08http/1.1";
	(void)ssl;
	(void)context;
	unsigned char *found;
	int result = SSL_select_next_proto(&found, length, ours, sizeof(ours) - 1, offered, offered_length);
	*chosen = found;
	return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool prepare_for_clients(SSL_CTX *ssl, const struct tap_tls *tls, struct error *err)
{
	if (tls->certificate == NULL) {
		return error_set(err, ERROR_CONFIG,
				 "a listener cannot talk TLS without a certificate; give `certificate` "
				 "and `key`");
	}
	SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, NULL);
	(void)SSL_CTX_set_session_id_context(ssl, SESSIONS_OF, sizeof(SESSIONS_OF) - 1);
	if (tls->only_13) {
		(void)SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION);
	}
	if (tls->ca == NULL) {
		return true;
	}
	if (!load_authorities(ssl, tls->ca, err)) {
		return false;
	}
	SSL_CTX_set_client_CA_list(ssl, SSL_load_client_CA_file(tls->ca));
	SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return true;
}

static bool is_address(const char *name)
{
	unsigned char binary[sizeof(struct in6_addr)];
	return inet_pton(AF_INET, name, binary) == 1 || inet_pton(AF_INET6, name, binary) == 1;
}

static bool prepare_for_legacy(struct tls_context *context, const struct tap_tls *tls, const char *host,
			       struct error *err)
{
	const char *name = tls->server_name != NULL ? tls->server_name : host;
	X509_VERIFY_PARAM *wanted = SSL_CTX_get0_param(context->ssl);
	bool is_named = !is_address(name);
	if (is_named) {
		context->server_name = strdup(name);
		X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	}
	bool is_set = is_named ? context->server_name != NULL && X509_VERIFY_PARAM_set1_host(wanted, name, 0) == 1
			       : X509_VERIFY_PARAM_set1_ip_asc(wanted, name) == 1;
	if (!is_set) {
		return error_set(err, ERROR_CONFIG, "'%s' cannot be a certificate's name; set `server_name`", name);
	}
	if (tls->no_verify) {
		return true;
	}
	SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER, NULL);
	return load_authorities(context->ssl, tls->ca, err);
}

static bool prepare(struct tls_context *context, const struct tap_tls *tls, enum tls_side side, const char *host,
		    struct error *err)
{
	SSL_CTX *ssl = context->ssl;
	(void)SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
	(void)SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	/* a buffer is kept only while there is something in it: most connections are idle */
	(void)SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					    SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_read_ahead(ssl, 1);
	/* tickets need no memory of ours */
	(void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	return load_certificate(ssl, tls, err) &&
	       (side == TLS_FOR_CLIENTS ? prepare_for_clients(ssl, tls, err)
					: prepare_for_legacy(context, tls, host, err));
}

struct tls_context *tls_context_create(const struct tap_tls *tls, enum tls_side side, const char *host,
				       struct error *err)
{
	ERR_clear_error();
	struct tls_context *context = calloc(1, sizeof(*context));
	if (context == NULL) {
		error_set(err, ERROR_MEMORY, "out of memory");
		return NULL;
	}
	context->references = 1;
	context->ssl = SSL_CTX_new(side == TLS_FOR_CLIENTS ? TLS_server_method() : TLS_client_method());
	context->bio_method = tls_bio_method_create();
	bool done = context->ssl != NULL && context->bio_method != NULL;
	if (!done) {
		error_set(err, ERROR_MEMORY, "out of memory");
	}
	if (!done || !prepare(context, tls, side, host, err)) {
		tls_context_destroy(context);
		context = NULL;
	}
	ERR_clear_error();
	return context;
}

struct tls_context *tls_context_hold(struct tls_context *context)
{
	context->references++;
	return context;
}

void tls_context_destroy(struct tls_context *context)
{
	if (context == NULL || --context->references > 0) {
		return;
	}
	SSL_CTX_free(context->ssl);
	BIO_meth_free(context->bio_method);
	free(context->server_name);
	free(context);
}

struct ssl_st *tls_context_new_ssl(struct tls_context *context)
{
	SSL *ssl = SSL_new(context->ssl);
	if (ssl == NULL) {
		return NULL;
	}
	if (SSL_is_server(ssl)) {
		SSL_set_accept_state(ssl);
	} else {
		SSL_set_connect_state(ssl);
	}
	if (context->server_name != NULL && SSL_set_tlsext_host_name(ssl, context->server_name) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	return ssl;
}

struct bio_method_st *tls_context_bio_method(const struct tls_context *context)
{
	return context->bio_method;
}
