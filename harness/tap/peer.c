#include "harness/tap/proxy.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

static bool would_block(int number)
{
	return number == EAGAIN || number == EINTR;
}

enum transfer peer_read(struct peer *peer, struct flow *flow, struct flow_stock *stock)
{
	size_t room = flow_make_room(flow, stock);
	if (room == 0) {
		return TRANSFER_NOTHING;
	}
	ssize_t count = recv(peer->fd, flow->data + flow->end, room, 0);
	if (count > 0) {
		flow->end += (size_t)count;
		/* a short read emptied the socket (epoll(7)); only an end behind it is still to be fetched */
		peer->readable = (size_t)count == room || peer->hangup;
		return TRANSFER_MOVED;
	}
	if (count == 0) {
		peer->readable = false;
		return TRANSFER_ENDED;
	}
	if (would_block(errno)) {
		peer->readable = errno == EINTR;
		return TRANSFER_NOTHING;
	}
	return TRANSFER_FAILED;
}

enum transfer peer_write(struct peer *peer, const struct buffer *head, size_t *head_sent, struct flow *flow,
			 size_t *ret_count)
{
	struct span body = flow_unsent(flow);
	size_t head_left = head->length - *head_sent;
	if (head_left + body.length == 0) {
		return TRANSFER_NOTHING;
	}
	struct iovec pieces[2];
	struct msghdr message = {.msg_iov = pieces};
	if (head_left > 0) {
		pieces[message.msg_iovlen++] = (struct iovec){head->data + *head_sent, head_left};
	}
	if (body.length > 0) {
		pieces[message.msg_iovlen++] = (struct iovec){flow->data + flow->sent, body.length};
	}
	ssize_t count = sendmsg(peer->fd, &message, MSG_NOSIGNAL);
	if (count < 0) {
		peer->writable = errno == EINTR;
		return would_block(errno) ? TRANSFER_NOTHING : TRANSFER_FAILED;
	}
	size_t sent = (size_t)count;
	size_t of_head = sent < head_left ? sent : head_left;
	*head_sent += of_head;
	flow->sent += sent - of_head;
	peer->writable = sent == head_left + body.length;
	*ret_count = sent;
	return TRANSFER_MOVED;
}

void peer_note_events(struct peer *peer, uint32_t events)
{
	if ((events & EPOLLOUT) != 0) {
		peer->writable = true;
	}
	if ((events & EPOLLIN) != 0) {
		peer->readable = true;
	}
	if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
		peer->readable = true;
		peer->hangup = true;
	}
}

bool peer_watch(const struct tap *tap, struct peer *peer, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = peer};
	return epoll_ctl(tap->epoll_fd, EPOLL_CTL_ADD, peer->fd, &event) == 0;
}

void peer_close(struct peer *peer)
{
	if (peer->fd >= 0) {
		close(peer->fd);
	}
	peer->fd = -1;
}
