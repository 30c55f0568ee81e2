#include "harness/tap/tap.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HOST_MAX = 256, PORT_MAX = 16 };

/* Splits "host:port" and "[v6]:port". */
static bool split_address(const char *listen, char host[HOST_MAX], char port[PORT_MAX], struct error *err)
{
	const char *colon = strrchr(listen, ':');
	struct span name = {listen, colon != NULL ? (size_t)(colon - listen) : 0};
	if (name.length >= 2 && name.data[0] == '[' && name.data[name.length - 1] == ']') {
		name.data++;
		name.length -= 2;
	}
	if (colon == NULL || name.length == 0 || name.length >= HOST_MAX || colon[1] == '\0' ||
	    strlen(colon + 1) >= PORT_MAX) {
		return error_set(err, ERROR_CONFIG, "'%s' is no address to listen on; write HOST:PORT", listen);
	}
	snprintf(host, HOST_MAX, "%.*s", SPAN_ARGUMENTS(name));
	snprintf(port, PORT_MAX, "%s", colon + 1);
	return true;
}

static int open_socket(const struct addrinfo *address, const char *name, struct error *err)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		error_set_system(err, errno, "no socket for %s", name);
		return -1;
	}
	int on = 1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0) {
		return fd;
	}
	int number = errno;
	close(fd);
	if (number == EADDRINUSE) {
		error_set(err, ERROR_BUSY, "%s is in use by another program; stop it or choose another port", name);
	} else {
		error_set_system(err, number, "cannot listen on %s", name);
	}
	return -1;
}

/* The caller frees the result with freeaddrinfo; NULL with err. */
static struct addrinfo *look_up(const char *listen, struct error *err)
{
	char host[HOST_MAX];
	char port[PORT_MAX];
	if (!split_address(listen, host, port, err)) {
		return NULL;
	}
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	int failure = getaddrinfo(host, port, &hints, &found);
	if (failure != 0) {
		error_set(err, ERROR_CONFIG, "the address %s is not known (%s); write HOST:PORT", listen,
			  gai_strerror(failure));
		return NULL;
	}
	return found;
}

int tap_listen(const char *listen, struct error *err)
{
	struct addrinfo *found = look_up(listen, err);
	if (found == NULL) {
		return -1;
	}
	int fd = open_socket(found, listen, err);
	freeaddrinfo(found);
	return fd;
}

static void write_address(const struct sockaddr *address, socklen_t length, char text[64])
{
	char host[48];
	char port[PORT_MAX];
	if (getnameinfo(address, length, host, sizeof(host), port, PORT_MAX, NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
		snprintf(text, 64, "?");
	} else {
		snprintf(text, 64, address->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
	}
}

const char *tap_listen_address(int fd, char text[64])
{
	struct sockaddr_storage name;
	socklen_t length = sizeof(name);
	void *address = &name;
	if (getsockname(fd, address, &length) != 0) {
		snprintf(text, 64, "?");
	} else {
		write_address(address, length, text);
	}
	return text;
}

const char *tap_listen_numeric(const char *listen, char text[64])
{
	struct error err = ERROR_INIT;
	struct addrinfo *found = look_up(listen, &err);
	if (found == NULL) {
		snprintf(text, 64, "?");
		return text;
	}
	write_address(found->ai_addr, found->ai_addrlen, text);
	freeaddrinfo(found);
	return text;
}
