#include "tests/tap/secure.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

SSL_CTX *secure_context(const struct secure_side *side)
{
	char path[256];
	SSL_CTX *context = SSL_CTX_new(side->is_server ? TLS_server_method() : TLS_client_method());
	SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
	if (side->version != 0) {
		SSL_CTX_set_min_proto_version(context, side->version);
		SSL_CTX_set_max_proto_version(context, side->version);
	}
	if (side->certificate != NULL) {
		snprintf(path, sizeof(path), "%s/%s.pem", side->directory, side->certificate);
		ck_assert_int_eq(SSL_CTX_use_certificate_chain_file(context, path), 1);
		snprintf(path, sizeof(path), "%s/%s.key", side->directory, side->certificate);
		ck_assert_int_eq(SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM), 1);
	}
	if (side->verifies) {
		snprintf(path, sizeof(path), "%s/ca.pem", side->directory);
		ck_assert_int_eq(SSL_CTX_load_verify_file(context, path), 1);
		SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	}
	if (side->protocols != NULL) {
		SSL_CTX_set_alpn_protos(context, (const unsigned char *)side->protocols,
					(unsigned)strlen(side->protocols));
	}
	return context;
}

/* Two connected TCP sockets: unlike socketpair's they can be reset. */
static void connect_pair(int ends[2])
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(name);
	void *address = &name;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, address, length), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	ck_assert_int_eq(getsockname(listener, address, &length), 0);
	ck_assert_int_eq(connect(ends[0], address, length), 0);
	ends[1] = accept(listener, NULL, NULL);
	ck_assert_int_ge(ends[1], 0);
	close(listener);
}

/* The child keeps these two descriptors alone, so that what the test closes is closed. */
static void keep_only(int one, int other)
{
	unsigned low = (unsigned)(one < other ? one : other);
	unsigned high = (unsigned)(one < other ? other : one);
	if (low > 3) {
		close_range(3, low - 1, 0);
	}
	if (high > low + 1) {
		close_range(low + 1, high - 1, 0);
	}
	close_range(high + 1, ~0U, 0);
	signal(SIGPIPE, SIG_IGN);
	int on = 1;
	setsockopt(one, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(other, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

__attribute__((noreturn)) static void leave_with_reset(int fd)
{
	struct linger option = {.l_onoff = 1};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, sizeof(option));
	_exit(0);
}

static void put_all(int fd, const char *data, ssize_t length)
{
	while (length > 0) {
		ssize_t count = send(fd, data, (size_t)length, MSG_NOSIGNAL);
		if (count <= 0) {
			_exit(0);
		}
		data += count;
		length -= count;
	}
}

struct bridge {
	SSL *ssl;
	int secure;
	int plain;
	const struct secure_side *side;
	bool plain_ended;
	bool secure_ended;
};

static void take_plain(struct bridge *bridge)
{
	char data[65536];
	ssize_t count = recv(bridge->plain, data, sizeof(data), 0);
	if (count < 0) {
		leave_with_reset(bridge->secure);
	}
	if (count == 0) {
		bridge->plain_ended = true;
		if (!bridge->side->ends_bare) {
			SSL_shutdown(bridge->ssl);
		}
		shutdown(bridge->secure, SHUT_WR);
		return;
	}
	if (SSL_write(bridge->ssl, data, (int)count) != count) {
		leave_with_reset(bridge->plain);
	}
	if (bridge->side->is_restless && SSL_version(bridge->ssl) == TLS1_3_VERSION) {
		if (bridge->side->is_server) {
			SSL_new_session_ticket(bridge->ssl);
			SSL_do_handshake(bridge->ssl);
		}
		SSL_key_update(bridge->ssl, SSL_KEY_UPDATE_REQUESTED);
		SSL_do_handshake(bridge->ssl);
	}
}

static void take_secure(struct bridge *bridge)
{
	char data[65536];
	int count = SSL_read(bridge->ssl, data, sizeof(data));
	if (count > 0) {
		put_all(bridge->plain, data, count);
		return;
	}
	switch (SSL_get_error(bridge->ssl, count)) {
	case SSL_ERROR_WANT_READ:
		return;
	case SSL_ERROR_ZERO_RETURN:
		bridge->secure_ended = true;
		shutdown(bridge->plain, SHUT_WR);
		return;
	default:
		leave_with_reset(bridge->plain);
	}
}

static bool has_wanted_name(const struct bridge *bridge)
{
	const char *wanted = bridge->side->wanted_name;
	const char *name = SSL_get_servername(bridge->ssl, TLSEXT_NAMETYPE_host_name);
	return wanted == NULL || strcmp(name != NULL ? name : "", wanted) == 0;
}

/* A reset would overtake the alert that was sent: what comes is read to its end first. */
__attribute__((noreturn)) static void leave_with_alert(struct bridge *bridge)
{
	char data[4096];
	shutdown(bridge->secure, SHUT_WR);
	while (recv(bridge->secure, data, sizeof(data), 0) > 0) {
	}
	leave_with_reset(bridge->plain);
}

__attribute__((noreturn)) static void run_bridge(struct bridge *bridge)
{
	bridge->ssl = SSL_new(secure_context(bridge->side));
	SSL_set_fd(bridge->ssl, bridge->secure);
	int done = bridge->side->is_server ? SSL_accept(bridge->ssl) : SSL_connect(bridge->ssl);
	if (done != 1 || !has_wanted_name(bridge)) {
		leave_with_alert(bridge);
	}
	while (!bridge->plain_ended || !bridge->secure_ended) {
		struct pollfd ends[2] = {{.fd = bridge->plain_ended ? -1 : bridge->plain, .events = POLLIN},
					 {.fd = bridge->secure_ended ? -1 : bridge->secure, .events = POLLIN}};
		bool has_pending = !bridge->secure_ended && SSL_pending(bridge->ssl) > 0;
		poll(ends, 2, has_pending ? 0 : -1);
		if (ends[0].revents != 0) {
			take_plain(bridge);
		}
		if (ends[1].revents != 0 || has_pending) {
			take_secure(bridge);
		}
	}
	_exit(0);
}

int secure_wrap(int fd, const struct secure_side *side)
{
	int ends[2];
	connect_pair(ends);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		keep_only(fd, ends[1]);
		struct bridge bridge = {.secure = fd, .plain = ends[1], .side = side};
		run_bridge(&bridge);
	}
	close(fd);
	close(ends[1]);
	return ends[0];
}

static void drip(int from, int to)
{
	char data[4096];
	ssize_t count = recv(from, data, sizeof(data), 0);
	if (count < 0) {
		leave_with_reset(to);
	}
	if (count == 0) {
		_exit(0);
	}
	for (ssize_t i = 0; i < count; i++) {
		put_all(to, data + i, 1);
		usleep(100);
	}
}

int drip_wrap(int fd)
{
	int ends[2];
	connect_pair(ends);
	pid_t child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		keep_only(fd, ends[1]);
		for (;;) {
			struct pollfd both[2] = {{.fd = fd, .events = POLLIN}, {.fd = ends[1], .events = POLLIN}};
			poll(both, 2, -1);
			if (both[0].revents != 0) {
				drip(fd, ends[1]);
			}
			if (both[1].revents != 0) {
				drip(ends[1], fd);
			}
		}
	}
	close(fd);
	close(ends[1]);
	return ends[0];
}

SSL *secure_ask(SSL_CTX *context, int fd, SSL_SESSION *session, const char *request)
{
	signal(SIGPIPE, SIG_IGN);
	SSL *ssl = SSL_new(context);
	SSL_set_fd(ssl, fd);
	SSL_set_session(ssl, session);
	ERR_clear_error();
	if (SSL_connect(ssl) == 1) {
		(void)SSL_write(ssl, request, (int)strlen(request));
	}
	return ssl;
}

void secure_hear(SSL *ssl, char ret_reply[512])
{
	int count = SSL_is_init_finished(ssl) ? -1 : 0;
	while (count < 0) {
		ERR_clear_error();
		count = SSL_read(ssl, ret_reply, 511);
		if (count < 0 && SSL_get_error(ssl, count) != SSL_ERROR_WANT_READ) { /* tickets come first */
			count = 0;
		}
	}
	if (count > 0) {
		ret_reply[count] = '\0';
		return;
	}
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	snprintf(ret_reply, 512, "!%s", reason != NULL ? reason : "the connection ended");
}
