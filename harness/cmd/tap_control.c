#include "harness/cmd/tap_control.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ATTACHED_MAX = TAP_PLAN_SOCKETS_MAX + 1 };

/* Room for the attached descriptors, aligned as the system asks. */
union attachment {
	char bytes[CMSG_SPACE(ATTACHED_MAX * sizeof(int))];
	struct cmsghdr header;
};

/* What a plan comes with: the sockets' numbers in the supervisor, and the descriptors here. */
struct parcel {
	int numbers[TAP_PLAN_SOCKETS_MAX];
	int fds[ATTACHED_MAX]; /* the memory file, then the sockets */
	size_t count;          /* of sockets */
};

/* --- supervisor --- */

bool tap_control_offer(int fd, const struct tap_plan *plan)
{
	struct parcel parcel = {.fds = {plan->fd}, .count = plan->socket_count};
	for (size_t i = 0; i < plan->socket_count; i++) {
		parcel.numbers[i] = parcel.fds[i + 1] = plan->sockets[i].fd;
	}
	size_t attached = (parcel.count + 1) * sizeof(int);
	union attachment attachment = {.bytes = {0}};
	struct iovec text = {parcel.numbers, parcel.count * sizeof(int)};
	struct msghdr message = {.msg_iov = &text,
				 .msg_iovlen = 1,
				 .msg_control = attachment.bytes,
				 .msg_controllen = CMSG_SPACE(attached)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(attached);
	memcpy(CMSG_DATA(header), parcel.fds, attached);
	return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

enum tap_hearing tap_control_hear(int fd, struct tap_message *ret_message)
{
	char text[sizeof(ret_message->text)];
	ssize_t count = recv(fd, text, sizeof(text), MSG_DONTWAIT);
	if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
		return TAP_SILENT;
	}
	if (count <= 0 || text[0] < '0' + TAP_READY || text[0] > '0' + TAP_CAPTURE) {
		return TAP_GONE;
	}
	ret_message->event = (enum tap_event)(text[0] - '0');
	memcpy(ret_message->text, text + 1, (size_t)count - 1);
	ret_message->text[count - 1] = '\0';
	return TAP_HEARD;
}

/* --- tap --- */

static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		close(fds[i]);
	}
}

/* Of the descriptors as many come as this process may still have. */
static bool open_parcel(struct msghdr *message, size_t length, struct parcel *parcel)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	size_t attached = 0;
	if (header != NULL && header->cmsg_type == SCM_RIGHTS) {
		attached = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(parcel->fds, CMSG_DATA(header), attached * sizeof(int));
	}
	if (attached != length / sizeof(int) + 1) {
		close_all(parcel->fds, attached);
		return false;
	}
	parcel->count = attached - 1;
	return true;
}

/* False where nothing came, with *ret_over where nothing ever will, or with err. */
static bool take_parcel(int fd, struct parcel *parcel, bool *ret_over, struct error *err)
{
	union attachment attachment;
	struct iovec text = {parcel->numbers, sizeof(parcel->numbers)};
	struct msghdr message = {.msg_iov = &text,
				 .msg_iovlen = 1,
				 .msg_control = attachment.bytes,
				 .msg_controllen = sizeof(attachment.bytes)};
	ssize_t count = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (count <= 0) {
		*ret_over = count == 0 || (errno != EAGAIN && errno != EINTR);
		return false;
	}
	return open_parcel(&message, (size_t)count, parcel) ||
	       error_set(err, ERROR_LIMIT,
			 "the tap has no descriptors left for the new configuration; raise its limit, or try again");
}

static int find_attached(const struct parcel *parcel, int number)
{
	for (size_t i = 0; i < parcel->count; i++) {
		if (parcel->numbers[i] == number) {
			return parcel->fds[i + 1];
		}
	}
	return -1;
}

/* The supervisor's numbers become those of this process. */
static bool translate(const struct parcel *parcel, struct arena *arena, struct tap_config *config)
{
	struct tap_route *routes = arena_allocate_array(arena, config->route_count, sizeof(routes[0]));
	bool done = routes != NULL && config->route_count == parcel->count;
	for (size_t i = 0; done && i < config->route_count; i++) {
		routes[i] = config->routes[i];
		routes[i].listen_fd = find_attached(parcel, routes[i].listen_fd);
		done = routes[i].listen_fd >= 0;
	}
	config->routes = routes;
	return done;
}

static bool receive(void *context, struct arena *arena, struct tap_config *ret_config, bool *ret_over,
		    struct error *err)
{
	const int *fd = context;
	struct parcel parcel;
	if (!take_parcel(*fd, &parcel, ret_over, err)) {
		return false;
	}
	bool done = tap_plan_read(parcel.fds[0], arena, ret_config, err) &&
		    (translate(&parcel, arena, ret_config) ||
		     error_set(err, ERROR_FORMAT, "the plan and the sockets that came with it do not fit"));
	if (done) {
		close(parcel.fds[0]);
	} else {
		close_all(parcel.fds, parcel.count + 1);
	}
	return done;
}

static void report(void *context, enum tap_event event, const char *text)
{
	const int *fd = context;
	char message[sizeof(((struct tap_message *)0)->text)];
	int length = snprintf(message, sizeof(message), "%c%s", '0' + event, text);
	size_t size = (size_t)length < sizeof(message) ? (size_t)length : sizeof(message) - 1;
	(void)send(*fd, message, size, MSG_NOSIGNAL | MSG_DONTWAIT); /* nobody there: nobody to tell */
}

struct tap_control tap_control_of(int *fd)
{
	return (struct tap_control){.fd = *fd, .receive = receive, .report = report, .context = fd};
}
