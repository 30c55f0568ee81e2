#include "tests/paths/server.h"
#include "harness/base/json.h"
#include "harness/base/text.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 256, PROMPTS_MAX = 64, REQUEST_MAX = 4 << 20, HUGE = 17 << 20 };

struct seen {
	char prompt[128];
	int count;
};

struct server {
	int listener;
	char endpoint[64];
	pthread_t acceptor;
	pthread_mutex_t lock;
	atomic_bool stopping;
	pthread_t threads[CONNECTIONS_MAX];
	int sockets[CONNECTIONS_MAX];
	int connections;
	int requests;
	struct seen seen[PROMPTS_MAX];
};

struct connection {
	struct server *server;
	int socket;
};

/* How often this prompt came before. */
static int count_prompt(struct server *server, const char *prompt)
{
	int count = 0;
	pthread_mutex_lock(&server->lock);
	server->requests++;
	for (int i = 0; i < PROMPTS_MAX; i++) {
		if (server->seen[i].count == 0 || strcmp(server->seen[i].prompt, prompt) == 0) {
			(void)snprintf(server->seen[i].prompt, sizeof(server->seen[i].prompt), "%s", prompt);
			count = server->seen[i].count++;
			break;
		}
	}
	pthread_mutex_unlock(&server->lock);
	return count;
}

/* The nth word; the last one where there are fewer. */
static void pick_word(const char *prompt, int n, char word[32])
{
	const char *start = prompt;
	for (const char *space = strchr(start, ' '); n > 0 && space != NULL; space = strchr(start, ' ')) {
		start = space + 1;
		n--;
	}
	(void)snprintf(word, 32, "%.*s", (int)strcspn(start, " "), start);
}

static bool send_all(int socket, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(socket, data, length, MSG_NOSIGNAL);
		if (sent <= 0) {
			return false;
		}
		data += sent;
		length -= (size_t)sent;
	}
	return true;
}

static bool reply(int socket, int status, const char *header, const char *body)
{
	char text[8192];
	int length = snprintf(text, sizeof(text),
			      "HTTP/1.1 %d X\r\nContent-Type: application/json\r\n%sContent-Length: %zu\r\n\r\n%s",
			      status, header, strlen(body), body);
	return send_all(socket, text, (size_t)length);
}

static bool reply_huge(int socket)
{
	char header[128];
	int length = snprintf(header, sizeof(header), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", HUGE);
	char *body = calloc(1, HUGE);
	bool done = body != NULL && send_all(socket, header, (size_t)length) && send_all(socket, body, HUGE);
	free(body);
	return done;
}

/* Until the client or the test gives up. */
static bool hang(int socket)
{
	char byte = 0;
	(void)recv(socket, &byte, 1, 0);
	return false;
}

#define COMPLETION(usage)                                                                                              \
	"{\"model\":\"served\",\"choices\":[{\"message\":{\"content\":\"{\\\"n\\\":1}\"},\"finish_reason\":"           \
	"\"stop\"}]" usage "}"
#define USAGE                                                                                                          \
	",\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,\"total_tokens\":15,"                                \
	"\"prompt_tokens_details\":{\"cached_tokens\":4}}"

static bool play(struct server *server, int socket, const char *word, const char *prompt)
{
	char body[4096];
	if (strcmp(word, "ok") == 0) {
		return reply(socket, 200, "", COMPLETION(USAGE));
	}
	if (strcmp(word, "nousage") == 0) {
		return reply(socket, 200, "", COMPLETION(""));
	}
	if (strcmp(word, "after") == 0) {
		return reply(socket, 429, "Retry-After: 0.4\r\n", "{}");
	}
	if (strcmp(word, "quota") == 0) {
		return reply(socket, 429, "", "{\"error\":{\"type\":\"insufficient_quota\"}}");
	}
	if (strcmp(word, "echo") == 0) {
		(void)snprintf(body, sizeof(body),
			       "{\"error\":{\"type\":\"bad\",\"message\":\"no key test-secret-key for %s\"}}", prompt);
		return reply(socket, 400, "", body);
	}
	if (strcmp(word, "redirect") == 0) {
		(void)snprintf(body, sizeof(body), "Location: %s/elsewhere\r\n", server->endpoint);
		return reply(socket, 302, body, "");
	}
	if (strcmp(word, "html") == 0) {
		return reply(socket, 200, "", "<html>sorry</html>");
	}
	if (strcmp(word, "huge") == 0) {
		return reply_huge(socket);
	}
	if (strcmp(word, "hang") == 0) {
		return hang(socket);
	}
	if (strcmp(word, "drip") == 0) {
		const char *start = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{";
		return send_all(socket, start, strlen(start)) && hang(socket);
	}
	if (strcmp(word, "cut") == 0) {
		const char *start = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"choi";
		(void)send_all(socket, start, strlen(start));
		return false;
	}
	if (strcmp(word, "garbage") == 0) {
		(void)send_all(socket, "\x01\x02 what?\r\n\r\n", 11);
		return false;
	}
	int64_t status = 0;
	if (!text_to_int64(span_of(word), &status)) {
		return false; /* close */
	}
	(void)snprintf(body, sizeof(body), "{\"error\":{\"message\":\"said %s\",\"type\":\"t\"}}", word);
	return reply(socket, (int)status, "", body);
}

/* Reads one request; *ret_body is inside the buffer. False: the connection ended. */
static bool read_request(int socket, struct buffer *request, struct span *ret_body)
{
	buffer_clear(request);
	for (;;) {
		size_t head = text_find(buffer_span(request), SPAN("\r\n\r\n"));
		size_t at = text_find(buffer_span(request), SPAN("Content-Length: "));
		if (head < request->length && at < head) {
			const char *digits = request->data + at + 16;
			int64_t length = 0;
			ck_assert(text_to_int64((struct span){digits, strcspn(digits, "\r")}, &length));
			if (request->length >= head + 4 + (size_t)length) {
				*ret_body = (struct span){request->data + head + 4, (size_t)length};
				return true;
			}
		}
		char *room = buffer_reserve(request, 65536);
		ssize_t got = room != NULL ? recv(socket, room, 65536, 0) : 0;
		if (got <= 0) {
			return false;
		}
		request->length += (size_t)got;
		request->data[request->length] = '\0';
	}
}

static void prompt_of(struct span body, char prompt[128])
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(64 << 20);
	const struct json_node *root = NULL;
	ck_assert(json_parse(&arena, body, NULL, &root, NULL));
	const struct json_node *messages = json_get_text(root, "messages");
	struct span content = json_text(json_get_text(json_at(messages, 0), "content"));
	(void)snprintf(prompt, 128, "%.*s", SPAN_ARGUMENTS(content));
}

static void *serve(void *argument)
{
	struct connection connection = *(struct connection *)argument;
	free(argument);
	CLEANUP_BUFFER struct buffer request = BUFFER_INIT(REQUEST_MAX);
	struct span body;
	bool open = true;
	while (open && read_request(connection.socket, &request, &body)) {
		char prompt[128];
		char word[32];
		prompt_of(body, prompt);
		pick_word(prompt, count_prompt(connection.server, prompt), word);
		open = play(connection.server, connection.socket, word, prompt);
	}
	shutdown(connection.socket, SHUT_RDWR);
	return NULL;
}

static void *accept_all(void *argument)
{
	struct server *server = argument;
	while (!atomic_load(&server->stopping)) {
		struct pollfd ready = {.fd = server->listener, .events = POLLIN};
		if (poll(&ready, 1, 20) <= 0) {
			continue;
		}
		int socket = accept(server->listener, NULL, NULL);
		ck_assert_int_lt(server->connections, CONNECTIONS_MAX);
		struct connection *connection = malloc(sizeof(*connection));
		ck_assert_ptr_nonnull(connection);
		*connection = (struct connection){server, socket};
		pthread_mutex_lock(&server->lock);
		server->sockets[server->connections] = socket;
		pthread_create(&server->threads[server->connections], NULL, serve, connection);
		server->connections++;
		pthread_mutex_unlock(&server->lock);
	}
	return NULL;
}

struct server *server_start(void)
{
	struct server *server = calloc(1, sizeof(*server));
	ck_assert_ptr_nonnull(server);
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(server->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(server->listener, 64), 0);
	ck_assert_int_eq(getsockname(server->listener, (struct sockaddr *)&address, &length), 0);
	(void)snprintf(server->endpoint, sizeof(server->endpoint), "http://127.0.0.1:%d/v1", ntohs(address.sin_port));
	pthread_mutex_init(&server->lock, NULL);
	pthread_create(&server->acceptor, NULL, accept_all, server);
	return server;
}

void server_stop(struct server *server)
{
	atomic_store(&server->stopping, true);
	pthread_join(server->acceptor, NULL);
	for (int i = 0; i < server->connections; i++) {
		shutdown(server->sockets[i], SHUT_RDWR);
		pthread_join(server->threads[i], NULL);
		close(server->sockets[i]);
	}
	close(server->listener);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

const char *server_endpoint(const struct server *server)
{
	return server->endpoint;
}

int server_requests(struct server *server)
{
	pthread_mutex_lock(&server->lock);
	int count = server->requests;
	pthread_mutex_unlock(&server->lock);
	return count;
}

int server_connections(struct server *server)
{
	pthread_mutex_lock(&server->lock);
	int count = server->connections;
	pthread_mutex_unlock(&server->lock);
	return count;
}
