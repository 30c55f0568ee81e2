#include "harness/cmd/inherited.h"

#include "harness/base/text.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_FD = 3 };

/* 0 where the variable is not there or is no number. */
static int64_t read_variable(const char *name)
{
	const char *text = getenv(name);
	int64_t number = 0;
	return text != NULL && text_to_int64(span_of(text), &number) ? number : 0;
}

static bool is_tcp_listener(int fd)
{
	int listens = 0;
	int domain = 0;
	int type = 0;
	socklen_t length = sizeof(int);
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == 0 && listens != 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 &&
	       (domain == AF_INET || domain == AF_INET6) && getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 &&
	       type == SOCK_STREAM;
}

/* As tap_listen opens them. */
static bool prepare(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

bool inherited_add(struct inherited *inherited, int fd)
{
	struct tap_plan *plan = &inherited->plan;
	if (plan->socket_count >= TAP_PLAN_SOCKETS_MAX || !is_tcp_listener(fd) || !prepare(fd)) {
		return false;
	}
	char *address = inherited->addresses[plan->socket_count];
	plan->sockets[plan->socket_count++] =
		(struct tap_plan_socket){.listen = tap_listen_address(fd, address), .fd = fd};
	return true;
}

void inherited_take(struct inherited *ret_inherited)
{
	int64_t count = read_variable("LISTEN_PID") == getpid() ? read_variable("LISTEN_FDS") : 0;
	ret_inherited->plan = (struct tap_plan)TAP_PLAN_NONE;
	for (int fd = FIRST_FD; fd - FIRST_FD < count; fd++) {
		(void)inherited_add(ret_inherited, fd);
	}
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
}
