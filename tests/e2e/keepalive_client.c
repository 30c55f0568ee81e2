/* A client that does not send again: whatever goes wrong with a request counts as failed.
 *
 *   keepalive-client PORT KEPT FRESH PAUSE_MS LOG
 *
 * KEPT threads hold a connection as long as they are let, FRESH threads open one for each request. Each posts a ticket
 * of its own, reads the whole reply and waits PAUSE_MS. A reply that says "Connection: close", and an idle connection
 * that was closed before the next request, are no failure. Ends with SIGTERM, prints "requests N failed N closed N
 * dropped N" (of closed by word, and while idle) and has written a line "BEGIN END STATUS QUEUE" for each request, in
 * microseconds since 1970, the status 0 where it failed. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { THREADS_MAX = 256, REPLY_MAX = 65536, PATIENCE_S = 20 };

struct reply {
	char text[REPLY_MAX];
	size_t length;
	int status;
	bool closes;
};

static atomic_bool stopped;
static atomic_uint tickets;
static atomic_uint failed, closed, dropped;
static struct sockaddr_in target;
static long pause_ms;
static FILE *log_file;

static long long now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_REALTIME, &at);
	return (long long)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static int open_connection(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;
	struct timeval patience = {.tv_sec = PATIENCE_S};
	const void *address = &target;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (fd >= 0 && connect(fd, address, sizeof(target)) != 0) {
		perror("connect");
		close(fd);
		return -1;
	}
	return fd;
}

/* The whole reply: its head, and as many bytes as Content-Length says. */
static bool read_reply(int fd, struct reply *reply)
{
	size_t wanted = 0;
	reply->length = 0;
	while (wanted == 0 || reply->length < wanted) {
		ssize_t count = recv(fd, reply->text + reply->length, REPLY_MAX - 1 - reply->length, 0);
		if (count <= 0) {
			fprintf(stderr, "reply after %zu bytes: %s\n", reply->length,
				count == 0 ? "end" : strerror(errno));
			return false;
		}
		reply->length += (size_t)count;
		reply->text[reply->length] = '\0';
		const char *end = strstr(reply->text, "\r\n\r\n");
		const char *length = strcasestr(reply->text, "\r\nContent-Length:");
		if (end != NULL && (length == NULL || length > end)) {
			fprintf(stderr, "a reply without length\n");
			return false;
		}
		if (end != NULL) {
			wanted = (size_t)(end + 4 - reply->text) + strtoul(length + 17, NULL, 10);
		}
	}
	reply->closes = strcasestr(reply->text, "\r\nConnection: close\r\n") != NULL;
	reply->status = (int)strtol(reply->text + strlen("HTTP/1.1 "), NULL, 10);
	return true;
}

static bool send_request(int fd, unsigned number)
{
	char body[256];
	char text[512];
	snprintf(body, sizeof(body),
		 "{\"ticket_id\":\"T-%06u\",\"created\":\"2026-11-10T10:00:00Z\",\"product\":\"Lamp\","
		 "\"text\":\"refund please\",\"contact\":\"a@example.com\"}",
		 number);
	int length = snprintf(text, sizeof(text),
			      "POST /route HTTP/1.1\r\nHost: tap\r\nContent-Type: application/json\r\n"
			      "Content-Length: %zu\r\n\r\n%s",
			      strlen(body), body);
	if (send(fd, text, (size_t)length, MSG_NOSIGNAL) != length) {
		perror("send");
		return false;
	}
	return true;
}

static void note(long long begin, const struct reply *reply, bool done)
{
	char queue[32] = "-";
	const char *at = done ? strstr(reply->text, "\"queue\":\"") : NULL;
	if (at != NULL) {
		snprintf(queue, sizeof(queue), "%.*s", (int)strcspn(at + 9, "\""), at + 9);
	}
	fprintf(log_file, "%lld %lld %d %s\n", begin, now(), done ? reply->status : 0, queue);
	failed += !done || reply->status != 200;
}

/* False where the connection is over. */
static bool exchange(int fd, struct reply *reply)
{
	long long begin = now();
	bool done = send_request(fd, ++tickets) && read_reply(fd, reply);
	note(begin, reply, done);
	closed += done && reply->closes;
	return done && !reply->closes;
}

static bool was_dropped(int fd)
{
	char byte;
	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}

static void *run(void *keeps)
{
	struct reply *reply = malloc(sizeof(*reply));
	int fd = -1;
	while (reply != NULL && !stopped) {
		if (fd >= 0 && was_dropped(fd)) {
			dropped++;
			close(fd);
			fd = -1;
		}
		if (fd < 0) {
			fd = open_connection();
		}
		failed += fd < 0;
		if (fd >= 0 && (!exchange(fd, reply) || keeps == NULL)) {
			close(fd);
			fd = -1;
		}
		usleep((useconds_t)pause_ms * 1000);
	}
	if (fd >= 0) {
		close(fd);
	}
	free(reply);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS_MAX];
	if (argc != 6 || (log_file = fopen(argv[5], "w")) == NULL) {
		fputs("usage: keepalive-client PORT KEPT FRESH PAUSE_MS LOG\n", stderr);
		return EXIT_FAILURE;
	}
	target.sin_family = AF_INET;
	target.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int kept = (int)strtol(argv[2], NULL, 10);
	int all = kept + (int)strtol(argv[3], NULL, 10);
	pause_ms = strtol(argv[4], NULL, 10);
	sigset_t ends;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	for (int i = 0; i < all && i < THREADS_MAX; i++) {
		pthread_create(&threads[i], NULL, run, i < kept ? &threads[i] : NULL);
	}
	int number;
	sigwait(&ends, &number);
	stopped = true;
	for (int i = 0; i < all && i < THREADS_MAX; i++) {
		pthread_join(threads[i], NULL);
	}
	fclose(log_file);
	printf("requests %u failed %u closed %u dropped %u\n", tickets, failed, closed, dropped);
	return EXIT_SUCCESS;
}
