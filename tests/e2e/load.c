/* build/tests/load PORT PATH CONNECTIONS PAUSE_MS: a client for tests that kill what it talks to. Each connection is a
 * process that POSTs tickets with ids of their own over one kept connection, makes a new one when that ends, and sends
 * no ticket twice. It writes one line for each, in one piece: "sent T-010007" before the first byte leaves, "answered
 * T-010007" when a whole reply with status 200 and of the announced length is there. Ends with SIGTERM, once the last
 * replies are in. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 64, TICKETS_EACH = 10000, REPLY_MAX = 65536, PATIENCE_S = 10, RETRY_US = 5000 };

static volatile sig_atomic_t stopping;

static void on_stop(int number)
{
	(void)number;
	stopping = 1;
}

static int number_of(const char *text)
{
	int number = 0;
	for (; *text >= '0' && *text <= '9'; text++) {
		number = number * 10 + (*text - '0');
	}
	return number;
}

static int connect_to(int port)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	const void *address = &name;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval patience = {.tv_sec = PATIENCE_S};
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (fd >= 0 && connect(fd, address, sizeof(name)) == 0) {
		return fd;
	}
	close(fd);
	return -1;
}

static void say(const char *what, long ticket)
{
	char line[64];
	int length = snprintf(line, sizeof(line), "%s T-%06ld\n", what, ticket);
	if (write(STDOUT_FILENO, line, (size_t)length) != length) {
		exit(EXIT_FAILURE);
	}
}

static bool send_ticket(int fd, const char *path, long ticket)
{
	char body[256];
	char message[512];
	int size = snprintf(body, sizeof(body),
			    "{\"ticket_id\":\"T-%06ld\",\"created\":\"2026-11-10T10:00:00Z\",\"product\":\"Lamp\","
			    "\"text\":\"refund please\",\"contact\":\"a@example.com\"}",
			    ticket);
	int length = snprintf(message, sizeof(message),
			      "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
			      "Content-Length: %d\r\n\r\n%s",
			      path, size, body);
	return send(fd, message, (size_t)length, MSG_NOSIGNAL) == length;
}

/* The length of a whole reply with status 200 that begins in `reply`; 0 where it is not whole, -1 for another one. */
static long whole_length(const char *reply, size_t have)
{
	const char *end = strstr(reply, "\r\n\r\n");
	if (end == NULL) {
		return 0;
	}
	if (strncmp(reply, "HTTP/1.1 200 ", 13) != 0) {
		return -1;
	}
	for (const char *line = strstr(reply, "\r\n"); line < end; line = strstr(line + 2, "\r\n")) {
		if (strncasecmp(line + 2, "Content-Length:", 15) == 0) {
			const char *digits = line + 17;
			digits += strspn(digits, " ");
			long whole = end + 4 - reply + number_of(digits);
			return whole <= (long)have ? whole : 0;
		}
	}
	return -1;
}

/* True where the connection can be used again. */
static bool take_reply(int fd, long ticket)
{
	char reply[REPLY_MAX];
	size_t have = 0;
	while (have < sizeof(reply) - 1) {
		ssize_t count = recv(fd, reply + have, sizeof(reply) - 1 - have, 0);
		if (count < 0 && errno == EINTR) {
			continue;
		}
		if (count <= 0) {
			return false;
		}
		have += (size_t)count;
		reply[have] = '\0';
		long whole = whole_length(reply, have);
		if (whole > 0) {
			say("answered", ticket);
		}
		if (whole != 0) {
			return whole == (long)have;
		}
	}
	return false;
}

static void run_connection(int port, const char *path, int number, int pause_ms)
{
	long ticket = (long)(number + 1) * TICKETS_EACH;
	int fd = -1;
	long last = ticket + TICKETS_EACH - 1;
	while (!stopping && ticket < last) {
		if (fd < 0 && (fd = connect_to(port)) < 0) {
			usleep(RETRY_US);
			continue;
		}
		say("sent", ++ticket);
		if (!send_ticket(fd, path, ticket) || !take_reply(fd, ticket)) {
			close(fd);
			fd = -1;
		}
		usleep((useconds_t)pause_ms * 1000);
	}
	exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fputs("usage: load PORT PATH CONNECTIONS PAUSE_MS\n", stderr);
		return 2;
	}
	int connections = number_of(argv[3]);
	pid_t children[CONNECTIONS_MAX];
	signal(SIGTERM, on_stop);
	for (int i = 0; i < connections && i < CONNECTIONS_MAX; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			run_connection(number_of(argv[1]), argv[2], i, number_of(argv[4]));
		}
	}
	while (!stopping) {
		pause();
	}
	bool good = true;
	for (int i = 0; i < connections && i < CONNECTIONS_MAX; i++) {
		int status = -1;
		kill(children[i], SIGTERM);
		good &= waitpid(children[i], &status, 0) == children[i] && status == 0;
	}
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
