/* An HTTP/1.1 load client with a fixed schedule, for tests/bench/bench-tap.sh:
 *
 *   load HOST PORT PATH CONNECTIONS RATE SECONDS BODY-FILE
 *
 * Open loop: request i is due at i / RATE seconds, whatever became of those before it. Its latency runs from that
 * moment to the last byte of its reply, so a stall of the server is in the figures of all requests that it delayed
 * ("coordinated omission", G. Tene, 2013). A request takes the connection that has been free for longest; where none is
 * free it waits, and the wait counts. The first second is a warm-up and is not counted. Replies need a Content-Length.
 * The first six zeros in a row of the body become the request's number, so that no two messages are the same.
 *
 * Prints one line: answered N waiting N errors N used N p50_us X p99_us X max_us X
 * answered and the quantiles are of the counted requests, `waiting` were due and had no reply at the end, `used` is the
 * number of connections that answered at least once. Quantiles are a bucket's highest value, at most 1/128 too high. */
#include "harness/base/bytes.h"
#include "harness/base/loglinear.h"
#include "harness/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
	HEAD_MAX = 1024,
	REPLY_MAX = 16384,
	EVENTS_MAX = 256,
	BODY_MAX = 65536,
};
#define SECOND INT64_C(1000000000)
#define DRAIN_LIMIT (2 * SECOND) /* for the last replies */

struct connection {
	int fd;         /* -1: given up */
	bool connected; /* a server with many clients may let one wait for that, and the others go on */
	bool used;
	int64_t due; /* ns, of the request under way; 0: free */
	struct connection *next_free;
	size_t length;
	char reply[REPLY_MAX];
};

struct load {
	struct sockaddr_in address;
	char request[HEAD_MAX + BODY_MAX];
	size_t request_length;
	char *number; /* its six digits in `request`; NULL: all are the same */
	int64_t rate, start, end, count_from;
	uint64_t total, sent;
	struct connection *connections;
	size_t connection_count;
	struct connection *free_first, *free_last;
	int epoll_fd, timer_fd;
	uint64_t answered, counted, errors;
	int64_t worst;
	uint64_t buckets[LATENCY_BUCKET_COUNT];
};

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * SECOND + time.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void append_free(struct load *load, struct connection *connection)
{
	connection->next_free = NULL;
	if (load->free_first == NULL) {
		load->free_first = connection;
	} else {
		load->free_last->next_free = connection;
	}
	load->free_last = connection;
}

static struct connection *take_free(struct load *load)
{
	struct connection *connection = load->free_first;
	if (connection != NULL) {
		load->free_first = connection->next_free;
	}
	return connection;
}

static void give_up(struct load *load, struct connection *connection)
{
	close(connection->fd);
	connection->fd = -1;
	load->errors++;
}

/* --- the schedule --- */

static int64_t due_time(const struct load *load, uint64_t number)
{
	return load->start + (int64_t)number * SECOND / load->rate;
}

static void send_request(struct load *load, struct connection *connection, int64_t due)
{
	connection->due = due;
	connection->length = 0;
	if (load->number != NULL) {
		char digits[24];
		snprintf(digits, sizeof(digits), "%06llu", (unsigned long long)(load->sent % 1000000));
		memcpy(load->number, digits, 6);
	}
	ssize_t count = send(connection->fd, load->request, load->request_length, MSG_NOSIGNAL);
	if (count !=
	    (ssize_t)load->request_length) { /* free connections have an empty socket, and requests are small */
		give_up(load, connection);
	}
}

/* Sends all that is due and has a connection, and sets the timer for the next one. */
static void follow_schedule(struct load *load)
{
	int64_t moment = now();
	while (load->sent < load->total && due_time(load, load->sent) <= moment && load->free_first != NULL) {
		send_request(load, take_free(load), due_time(load, load->sent));
		load->sent++;
	}
	int64_t next = load->sent < load->total && load->free_first != NULL ? due_time(load, load->sent)
									    : moment + SECOND / 10;
	struct itimerspec timer = {.it_value = {next / SECOND, next % SECOND}};
	if (timerfd_settime(load->timer_fd, TFD_TIMER_ABSTIME, &timer, NULL) != 0) {
		die("timer");
	}
}

/* --- replies --- */

static void count_answer(struct load *load, struct connection *connection)
{
	int64_t latency = now() - connection->due;
	load->answered++;
	connection->used = true;
	if (connection->due >= load->count_from) {
		load->counted++;
		load->buckets[loglinear_index(LATENCY_BITS, (uint64_t)latency)]++;
		load->worst = latency > load->worst ? latency : load->worst;
	}
	connection->due = 0;
	append_free(load, connection);
}

/* Length of the whole reply; 0: its head is not complete; above REPLY_MAX: not a reply that this client reads. */
static size_t reply_length(const struct connection *connection)
{
	static const char field[] = "content-length:";
	const char *end = memmem(connection->reply, connection->length, "\r\n\r\n", 4);
	if (end == NULL) {
		return connection->length < REPLY_MAX ? 0 : REPLY_MAX + 1;
	}
	if (strncmp(connection->reply, "HTTP/1.1 200 ", strlen("HTTP/1.1 200 ")) != 0) {
		return REPLY_MAX + 1;
	}
	for (const char *line = connection->reply; line < end; line = strstr(line, "\r\n") + 2) {
		if (strncasecmp(line, field, strlen(field)) == 0) {
			return (size_t)(end + 4 - connection->reply) + (size_t)strtoul(line + strlen(field), NULL, 10);
		}
	}
	return REPLY_MAX + 1;
}

static void read_reply(struct load *load, struct connection *connection)
{
	ssize_t count = recv(connection->fd, connection->reply + connection->length, REPLY_MAX - 1 - connection->length,
			     MSG_DONTWAIT);
	if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (count <= 0 || connection->due == 0) {
		give_up(load, connection);
		return;
	}
	connection->length += (size_t)count;
	connection->reply[connection->length] = '\0';
	size_t whole = reply_length(connection);
	if (whole == connection->length) {
		count_answer(load, connection);
	} else if (whole >= REPLY_MAX || (whole > 0 && whole < connection->length)) {
		give_up(load, connection);
	}
}

/* --- a run --- */

static void open_connection(struct load *load, struct connection *connection)
{
	int on = 1;
	struct epoll_event event = {.events = EPOLLOUT, .data.ptr = connection};
	struct sockaddr *address = (struct sockaddr *)&load->address;
	connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (connection->fd < 0 ||
	    (connect(connection->fd, address, sizeof(load->address)) != 0 && errno != EINPROGRESS) ||
	    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
	    epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) != 0) {
		die("connection");
	}
}

static void finish_connect(struct load *load, struct connection *connection)
{
	int number = 0;
	socklen_t length = sizeof(number);
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
	if (getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &number, &length) != 0 || number != 0 ||
	    epoll_ctl(load->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event) != 0) {
		give_up(load, connection);
		return;
	}
	connection->connected = true;
	append_free(load, connection);
}

static void handle(struct load *load, struct connection *connection)
{
	if (connection == NULL || connection->fd < 0) {
		return; /* the timer, or given up before */
	}
	if (connection->connected) {
		read_reply(load, connection);
	} else {
		finish_connect(load, connection);
	}
}

static void prepare(struct load *load)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
	load->epoll_fd = epoll_create1(0);
	load->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	load->connections = calloc(load->connection_count, sizeof(*load->connections));
	if (load->epoll_fd < 0 || load->timer_fd < 0 || load->connections == NULL ||
	    epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, load->timer_fd, &event) != 0) {
		die("start");
	}
	for (size_t i = 0; i < load->connection_count; i++) {
		open_connection(load, &load->connections[i]);
	}
}

static void run(struct load *load, int64_t seconds)
{
	load->start = now() + SECOND / 100;
	load->count_from = load->start + SECOND;
	load->end = load->start + (seconds + 1) * SECOND;
	load->total = (uint64_t)((seconds + 1) * load->rate);
	follow_schedule(load);
	while (load->answered + load->errors < load->total && now() < load->end + DRAIN_LIMIT) {
		struct epoll_event events[EVENTS_MAX];
		int count = epoll_wait(load->epoll_fd, events, EVENTS_MAX, 100);
		for (int i = 0; i < count; i++) {
			handle(load, events[i].data.ptr);
		}
		follow_schedule(load);
	}
}

static double quantile_us(const struct load *load, double share)
{
	uint64_t rank = (uint64_t)(share * (double)load->counted);
	uint64_t below = 0;
	for (size_t i = 0; i < LATENCY_BUCKET_COUNT; i++) {
		below += load->buckets[i];
		if (below > rank) {
			return (double)loglinear_highest(LATENCY_BITS, i) / 1000;
		}
	}
	return 0;
}

static void print_result(const struct load *load)
{
	size_t used = 0;
	for (size_t i = 0; i < load->connection_count; i++) {
		used += load->connections[i].used;
	}
	printf("answered %llu waiting %llu errors %llu used %zu p50_us %.1f p99_us %.1f max_us %.1f\n",
	       (unsigned long long)load->counted, (unsigned long long)(load->total - load->answered - load->errors),
	       (unsigned long long)load->errors, used, quantile_us(load, 0.5), quantile_us(load, 0.99),
	       (double)load->worst / 1000);
}

/* --- the command line --- */

static int64_t number_of(const char *text, int64_t most)
{
	char *end;
	long long number = strtoll(text, &end, 10);
	if (number < 1 || number > most || *end != '\0') {
		fprintf(stderr, "load: %s is not a number from 1 to %lld\n", text, (long long)most);
		exit(2);
	}
	return number;
}

static void make_request(struct load *load, char **arguments, const char *path)
{
	static char body[BODY_MAX];
	FILE *file = fopen(path, "r");
	size_t length = file != NULL ? fread(body, 1, BODY_MAX, file) : 0;
	if (length == 0 || length == BODY_MAX) {
		die(path);
	}
	fclose(file);
	int head = snprintf(
		load->request, HEAD_MAX,
		"POST %s HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
		arguments[2], arguments[0], arguments[1], length);
	if (head >= HEAD_MAX) {
		die("path is too long");
	}
	memcpy(load->request + head, body, length);
	load->request_length = (size_t)head + length;
	load->number = memmem(load->request + head, length, "000000", 6);
}

int main(int count, char **arguments)
{
	static struct load load;
	if (count != 8) {
		fprintf(stderr, "usage: load HOST PORT PATH CONNECTIONS RATE SECONDS BODY-FILE\n");
		return 2;
	}
	load.address = (struct sockaddr_in){.sin_family = AF_INET,
					    .sin_port = htons((uint16_t)number_of(arguments[2], 65535))};
	if (inet_pton(AF_INET, arguments[1], &load.address.sin_addr) != 1) {
		die(arguments[1]);
	}
	load.connection_count = (size_t)number_of(arguments[4], 100000);
	load.rate = number_of(arguments[5], 1000000);
	int64_t seconds = number_of(arguments[6], 3600);
	make_request(&load, arguments + 1, arguments[7]);
	(void)prctl(PR_SET_TIMERSLACK, 1UL); /* ns; a request that leaves late would count as a slow server */
	prepare(&load);
	run(&load, seconds);
	print_result(&load);
	return 0;
}
