#include "harness/cmd/sim.h"

#include "harness/base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BODY_MAX = 16 * 1024 * 1024, FIRST_SLOTS = 1024, NAP_US = 20000, HANG_NAPS = 30 * 50 };

/* How often each body came: an open hash table of digests, doubled when half full. */
struct tally {
	pthread_mutex_t lock;
	struct tally_slot {
		uint64_t digest; /* 0: free */
		uint64_t count;
	} * slots;
	size_t size; /* a power of two */
	size_t used;
	uint64_t requests; /* all of them, told at the end */
};

struct running {
	const struct sim_server *server;
	struct tally tally;
};

static struct tally_slot *find_slot(struct tally_slot *slots, size_t size, uint64_t digest)
{
	size_t at = (size_t)digest & (size - 1);
	while (slots[at].digest != 0 && slots[at].digest != digest) {
		at = (at + 1) & (size - 1);
	}
	return &slots[at];
}

static bool make_room(struct tally *tally)
{
	if (tally->used * 2 < tally->size) {
		return true;
	}
	size_t size = tally->size == 0 ? FIRST_SLOTS : tally->size * 2;
	struct tally_slot *slots = calloc(size, sizeof(slots[0]));
	if (slots == NULL) {
		return false;
	}
	for (size_t i = 0; i < tally->size; i++) {
		if (tally->slots[i].digest != 0) {
			*find_slot(slots, size, tally->slots[i].digest) = tally->slots[i];
		}
	}
	free(tally->slots);
	tally->slots = slots;
	tally->size = size;
	return true;
}

/* How often the body came before. */
static uint64_t count_body(struct tally *tally, struct span body)
{
	uint64_t digest = sim_random(0, &body, 1) | 1;
	uint64_t before = 0;
	pthread_mutex_lock(&tally->lock);
	tally->requests++;
	if (make_room(tally)) {
		struct tally_slot *slot = find_slot(tally->slots, tally->size, digest);
		tally->used += slot->digest == 0 ? 1 : 0;
		slot->digest = digest;
		before = slot->count++;
	}
	pthread_mutex_unlock(&tally->lock);
	return before;
}

static void nap(const struct sim_server *server, struct span body)
{
	uint64_t random = sim_random(server->seed, (const struct span[]){SPAN("latency"), body}, 2);
	int64_t left_us = (int64_t)((0.5 + random_unit(&random)) * (double)server->latency_ms * 1000);
	while (left_us > 0 && !command_stop) {
		usleep((useconds_t)(left_us < NAP_US ? left_us : NAP_US));
		left_us -= NAP_US;
	}
}

static enum MHD_Result send_reply(struct MHD_Connection *connection, const struct sim_reply *reply)
{
	struct span body = buffer_span(&reply->body);
	char *copy = malloc(body.length + 1);
	if (copy == NULL) {
		return MHD_NO;
	}
	memcpy(copy, body.data, body.length);
	struct MHD_Response *response = MHD_create_response_from_buffer(body.length, copy, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(copy);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", "application/json");
	if (reply->retry_after != NULL) {
		MHD_add_response_header(response, "Retry-After", reply->retry_after);
	}
	enum MHD_Result result = MHD_queue_response(connection, (unsigned)reply->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer(struct running *running, struct MHD_Connection *connection, const char *path,
			      const char *method, struct span body)
{
	struct sim_reply reply = {.status = 200, .body = BUFFER_INIT(BODY_MAX)};
	if (strcmp(method, "POST") != 0) {
		reply.status = 405;
		buffer_append_text(&reply.body, "{\"error\":{\"message\":\"use POST\"}}");
	} else {
		struct sim_request request = {.path = path, .body = body, .times = count_body(&running->tally, body)};
		nap(running->server, body);
		running->server->answer(running->server->context, &request, &reply);
	}
	enum MHD_Result result = MHD_NO;
	if (reply.hang) {
		for (int i = 0; i < HANG_NAPS && !command_stop; i++) {
			usleep(NAP_US);
		}
	} else if (!reply.body.failed) {
		result = send_reply(connection, &reply);
	}
	buffer_finish(&reply.body);
	return result;
}

/* microhttpd's order of calls for one request: once without data, for each piece of the body, once more without. */
static enum MHD_Result handle(void *target, struct MHD_Connection *connection, const char *path, const char *method,
			      const char *version, const char *data, size_t *length, void **state)
{
	(void)version;
	struct buffer *body = *state;
	if (body == NULL) {
		body = malloc(sizeof(*body));
		if (body == NULL) {
			return MHD_NO;
		}
		buffer_init(body, BODY_MAX);
		*state = body;
		return MHD_YES;
	}
	if (*length > 0) {
		buffer_append(body, data, *length);
		*length = 0;
		return body->failed ? MHD_NO : MHD_YES;
	}
	return answer(target, connection, path, method, buffer_span(body));
}

static void forget(void *target, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why)
{
	(void)target;
	(void)connection;
	(void)why;
	struct buffer *body = *state;
	if (body != NULL) {
		buffer_finish(body);
		free(body);
		*state = NULL;
	}
}

static bool read_address(const char *listen, struct sockaddr_in *ret_address, struct error *err)
{
	const char *colon = strrchr(listen, ':');
	int64_t port = -1;
	char host[64] = "";
	if (colon != NULL && colon - listen < (ptrdiff_t)sizeof(host)) {
		memcpy(host, listen, (size_t)(colon - listen));
	}
	*ret_address = (struct sockaddr_in){.sin_family = AF_INET};
	if (colon == NULL || !text_to_int64(span_of(colon + 1), &port) || port < 0 || port > 65535 ||
	    inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &ret_address->sin_addr) != 1) {
		return error_set(err, ERROR_USAGE, "\"%s\" is no address; write one such as 127.0.0.1:9000", listen);
	}
	ret_address->sin_port = htons((uint16_t)port);
	return true;
}

static bool serve(struct running *running, struct error *err)
{
	struct sockaddr_in address;
	if (!read_address(running->server->listen, &address, err)) {
		return false;
	}
	struct MHD_Daemon *daemon =
		MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0,
				 NULL, NULL, handle, running, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
				 MHD_OPTION_NOTIFY_COMPLETED, forget, NULL, MHD_OPTION_END);
	if (daemon == NULL) {
		return error_set_system(err, errno, "cannot listen on %s", running->server->listen);
	}
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
	char host[INET_ADDRSTRLEN];
	inet_ntop(AF_INET, &address.sin_addr, host, sizeof(host));
	printf("sim %s http://%s:%u\n", running->server->name, host, info != NULL ? (unsigned)info->port : 0);
	fflush(stdout);
	while (!command_stop) {
		usleep(NAP_US);
	}
	MHD_stop_daemon(daemon);
	printf("received %llu requests\n", (unsigned long long)running->tally.requests);
	return true;
}

int sim_serve(const struct sim_server *server)
{
	struct running running = {.server = server, .tally.lock = PTHREAD_MUTEX_INITIALIZER};
	struct error err = ERROR_INIT;
	command_catch_signals();
	bool done = serve(&running, &err);
	free(running.tally.slots);
	pthread_mutex_destroy(&running.tally.lock);
	return done ? EXIT_OK : command_fail(&err);
}
