#include "harness/web/listen.h"

#include "harness/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>

enum { BACKLOG = 128 };

static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in four;
		memcpy(&four, address, sizeof(four));
		return (ntohl(four.sin_addr.s_addr) >> 24) == 127;
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 six;
		memcpy(&six, address, sizeof(six));
		return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
	}
	return false;
}

/* "[::1]:80" to "::1" and "80"; a port need not be there. */
static bool split_host(struct span text, struct span *ret_host, struct span *ret_port)
{
	size_t end = 0;
	if (text.length > 0 && text.data[0] == '[') {
		end = text_find(text, SPAN("]"));
		if (end == text.length) {
			return false;
		}
		*ret_host = (struct span){text.data + 1, end - 1};
		end++;
	} else {
		end = text_find(text, SPAN(":"));
		*ret_host = (struct span){text.data, end};
	}
	struct span rest = {text.data + end, text.length - end};
	uint64_t port = 0;
	if (rest.length == 0) {
		*ret_port = rest;
		return true;
	}
	*ret_port = (struct span){rest.data + 1, rest.length - 1};
	return rest.data[0] == ':' && text_to_uint64(*ret_port, &port) && port <= UINT16_MAX;
}

static bool refuse_remote(const char *listen, struct error *err)
{
	return error_set(
		err, ERROR_CONFIG,
		"web would be reachable from other machines at %s, without a login; listen on 127.0.0.1, or say "
		"--allow-remote",
		listen);
}

/* One socket for one address; -1 with errno. */
static int open_socket(const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;
	if (fd < 0) {
		return -1;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
		int number = errno;
		close(fd);
		errno = number;
		return -1;
	}
	return fd;
}

static bool open_first(const struct addrinfo *addresses, const char *listen, bool allow_remote, int *ret_fd,
		       struct error *err)
{
	for (const struct addrinfo *address = addresses; address != NULL; address = address->ai_next) {
		if (!allow_remote && !is_loopback(address->ai_addr)) {
			return refuse_remote(listen, err);
		}
	}
	int number = 0;
	for (const struct addrinfo *address = addresses; address != NULL; address = address->ai_next) {
		*ret_fd = open_socket(address);
		if (*ret_fd >= 0) {
			return true;
		}
		number = errno;
	}
	return number == EADDRINUSE
		       ? error_set(err, ERROR_SYSTEM,
				   "web cannot listen on %s: another program does; stop it or change web.listen",
				   listen)
		       : error_set_system(err, number, "web cannot listen on %s", listen);
}

static bool open_listen(const char *listen, struct span host, struct span port, bool allow_remote, int *ret_fd,
			struct error *err)
{
	char host_text[256];
	char port_text[8];
	snprintf(host_text, sizeof(host_text), "%.*s", SPAN_ARGUMENTS(host));
	snprintf(port_text, sizeof(port_text), "%.*s", SPAN_ARGUMENTS(port));
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *addresses = NULL;
	int code = getaddrinfo(host_text, port_text, &hints, &addresses);
	if (code != 0) {
		return error_set(err, ERROR_CONFIG, "web cannot listen on %s: %s; change web.listen", listen,
				 gai_strerror(code));
	}
	bool done = open_first(addresses, listen, allow_remote, ret_fd, err);
	freeaddrinfo(addresses);
	return done;
}

/* What is known from the socket itself: whether it is remote, and the port it got. */
static bool look_at_socket(struct listener *listener, struct error *err)
{
	struct sockaddr_storage storage = {0};
	socklen_t size = sizeof(storage);
	char host[128];
	char port[16];
	if (getsockname(listener->fd, (struct sockaddr *)&storage, &size) != 0) {
		return error_set_system(err, errno, "web has no listening socket");
	}
	int code = getnameinfo((struct sockaddr *)&storage, size, host, sizeof(host), port, sizeof(port),
			       NI_NUMERICHOST | NI_NUMERICSERV);
	if (code != 0) {
		return error_set(err, ERROR_SYSTEM, "web cannot tell where it listens: %s", gai_strerror(code));
	}
	listener->is_remote = !is_loopback((struct sockaddr *)&storage);
	if (listener->host[0] == '\0') {
		snprintf(listener->host, sizeof(listener->host), "%s", host);
	}
	bool six = strchr(listener->host, ':') != NULL;
	snprintf(listener->url, sizeof(listener->url), "http://%s%s%s:%s", six ? "[" : "", listener->host,
		 six ? "]" : "", port);
	return true;
}

bool listener_open(const char *listen, int fd, bool allow_remote, struct listener *ret_listener, struct error *err)
{
	struct listener listener = {.fd = fd};
	struct span host;
	struct span port;
	if (fd < 0) {
		if (listen == NULL || !split_host(span_of(listen), &host, &port) || host.length == 0 ||
		    port.length == 0 || host.length >= sizeof(listener.host)) {
			return error_set(err, ERROR_CONFIG,
					 "\"%s\" is no address to listen on; write HOST:PORT such as 127.0.0.1:8400",
					 listen != NULL ? listen : "");
		}
		snprintf(listener.host, sizeof(listener.host), "%.*s", SPAN_ARGUMENTS(host));
		if (!open_listen(listen, host, port, allow_remote, &listener.fd, err)) {
			return false;
		}
	}
	if (!look_at_socket(&listener, err) ||
	    (listener.is_remote && !allow_remote && !refuse_remote(listener.url, err))) {
		close(listener.fd);
		return false;
	}
	*ret_listener = listener;
	return true;
}

/* A literal address; *ret_loopback says which kind. */
static bool is_address(struct span host, bool *ret_loopback)
{
	char text[64];
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	if (host.length >= sizeof(text)) {
		return false;
	}
	snprintf(text, sizeof(text), "%.*s", SPAN_ARGUMENTS(host));
	if (inet_pton(AF_INET, text, &four.sin_addr) == 1) {
		*ret_loopback = is_loopback((struct sockaddr *)&four);
		return true;
	}
	if (inet_pton(AF_INET6, text, &six.sin6_addr) == 1) {
		*ret_loopback = is_loopback((struct sockaddr *)&six);
		return true;
	}
	return false;
}

bool listener_knows_host(const struct listener *listener, struct span host_header)
{
	struct span host;
	struct span port;
	bool loopback = false;
	if (!split_host(text_trim(host_header), &host, &port) || host.length == 0) {
		return false;
	}
	if (is_address(host, &loopback)) {
		return loopback || listener->is_remote || span_is(host, listener->host);
	}
	return text_equal_ignoring_case(host, SPAN("localhost")) ||
	       text_equal_ignoring_case(host, span_of(listener->host));
}
