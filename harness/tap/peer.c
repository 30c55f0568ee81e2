#include "harness/tap/proxy.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

static bool would_block(int number)
{
	return number == EAGAIN || number == EINTR;
}

static enum transfer read_tls(struct peer *peer, struct flow *flow, size_t room)
{
	size_t count;
	enum tls_result result = tls_read(peer->tls, flow->data + flow->end, room, &count);
	flow->end += count;
	peer->readable = result != TLS_BLOCKED && (count > 0 || result == TLS_DONE);
	if (count > 0) {
		return TRANSFER_MOVED; /* an end behind it is told by the next call */
	}
	return result == TLS_ENDED ? TRANSFER_ENDED : result == TLS_FAILED ? TRANSFER_FAILED : TRANSFER_NOTHING;
}

enum transfer peer_read(struct peer *peer, struct flow *flow, struct flow_stock *stock)
{
	size_t room = flow_make_room(flow, stock);
	if (room == 0) {
		return TRANSFER_NOTHING;
	}
	if (peer->tls != NULL) {
		return read_tls(peer, flow, room);
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

static void note_sent(size_t count, size_t head_left, size_t *head_sent, struct flow *flow)
{
	size_t of_head = count < head_left ? count : head_left;
	*head_sent += of_head;
	flow->sent += count - of_head;
}

static enum transfer write_tls(struct peer *peer, struct span head, struct span body, size_t *ret_count)
{
	enum tls_result result = tls_write(peer->tls, head, body, ret_count);
	peer->writable = result != TLS_BLOCKED;
	return *ret_count > 0 ? TRANSFER_MOVED : result == TLS_FAILED ? TRANSFER_FAILED : TRANSFER_NOTHING;
}

enum transfer peer_write(struct peer *peer, const struct buffer *head, size_t *head_sent, struct flow *flow,
			 size_t *ret_count)
{
	struct span body = flow_unsent(flow);
	size_t head_left = head->length - *head_sent;
	if (head_left + body.length == 0) {
		return TRANSFER_NOTHING;
	}
	if (peer->tls != NULL) {
		struct span rest_of_head = {head_left > 0 ? head->data + *head_sent : "", head_left};
		enum transfer result = write_tls(peer, rest_of_head, body, ret_count);
		note_sent(*ret_count, head_left, head_sent, flow);
		return result;
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
	note_sent(sent, head_left, head_sent, flow);
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
	if (peer->tls != NULL && tls_note_events(peer->tls, events)) {
		peer->readable = true;
		peer->writable = true;
	}
}

bool peer_watch(const struct tap *tap, struct peer *peer, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = peer};
	return epoll_ctl(tap->epoll_fd, EPOLL_CTL_ADD, peer->fd, &event) == 0;
}

bool peer_end(struct peer *peer)
{
	bool done = peer->tls == NULL || tls_end(peer->tls) == TLS_DONE;
	peer->writable &= done;
	return done;
}

bool peer_is_shaking(const struct peer *peer)
{
	return peer->tls != NULL && !tls_is_open(peer->tls);
}

void peer_leave_tls(struct peer *peer)
{
	tls_close(peer->tls);
	peer->tls = NULL;
	peer->readable = true;
	peer->writable = true;
}

void peer_close(struct peer *peer)
{
	tls_close(peer->tls);
	peer->tls = NULL;
	if (peer->fd >= 0) {
		close(peer->fd);
	}
	peer->fd = -1;
}
