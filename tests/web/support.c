#include "tests/web/support.h"

#include "harness/store/drift.h"
#include "harness/store/incident.h"
#include "harness/store/legacy.h"

#include <arpa/inet.h>
#include <check.h>
#include <dirent.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

char test_directory[64];
char test_location[160];
char test_port[8];
uint64_t test_in_spool;
struct web_ring test_ring;
struct web_config test_config;

static volatile int stop;
static sem_t is_ready;
static pthread_t server;
static bool is_running;
static struct error server_error;

void must(bool done, const struct error *err)
{
	ck_assert_msg(done, "%s", err->message);
}

/* --- directory --- */

static void remove_tree(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *item;
	while (directory != NULL && (item = readdir(directory)) != NULL) {
		char name[512];
		snprintf(name, sizeof(name), "%s/%s", path, item->d_name);
		if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0 && unlink(name) != 0) {
			remove_tree(name);
		}
	}
	if (directory != NULL) {
		closedir(directory);
	}
	rmdir(path);
}

static bool capture_is_off(void *context)
{
	(void)context;
	return true;
}

static bool count_in_spool(void *context, struct store *store, uint64_t *ret_count, struct web_ring *ret_ring,
			   struct error *err)
{
	(void)context;
	(void)store;
	(void)err;
	*ret_count = test_in_spool;
	*ret_ring = test_ring;
	return true;
}

static void note_ready(void *context, const char *url)
{
	(void)context;
	snprintf(test_port, sizeof(test_port), "%s", strrchr(url, ':') + 1);
	sem_post(&is_ready);
}

void setup_directory(void)
{
	snprintf(test_directory, sizeof(test_directory), "/tmp/understudy-web-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(test_directory));
	snprintf(test_location, sizeof(test_location), "sqlite:%s/test.db", test_directory);
	test_in_spool = 1;
	test_ring = (struct web_ring){.waiting = 4096, .capacity = 1048576};
	test_config = (struct web_config){
		.listen = "127.0.0.1:0",
		.listen_fd = -1,
		.store = test_location,
		.stop = &stop,
		.ready = note_ready,
		.count_in_spool = count_in_spool,
		.capture_is_off = capture_is_off,
	};
}

void teardown_directory(void)
{
	remove_tree(test_directory);
}

void write_text(const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", test_directory, name);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

/* --- store --- */

struct names {
	int64_t interface_id;
	int64_t candidate;
	int64_t epoch;
	int64_t fields[2];
};

static struct names add_names(struct store *store)
{
	struct names names = {0};
	struct error err = ERROR_INIT;
	bool is_new = false;
	must(store_interface(store, SPAN(HOSTILE_INTERFACE), &names.interface_id, &err), &err);
	must(store_candidate(store, names.interface_id, SPAN(HOSTILE_CANDIDATE), &names.candidate, &err), &err);
	must(store_epoch(store, names.candidate, SPAN("hash"), SPAN("{}"), 5, &names.epoch, &is_new, &err), &err);
	must(store_field(store, names.interface_id, SPAN("queue<"), &names.fields[0], &err), &err);
	must(store_field(store, names.interface_id, SPAN("amount"), &names.fields[1], &err), &err);
	return names;
}

/* Exchange `id` has an id of 00...id in its last byte; identity as well. */
static int64_t add_exchange(struct store *store, const struct names *names, uint8_t id, uint8_t identity)
{
	struct error err = ERROR_INIT;
	struct store_exchange exchange = {
		.has_identity = true,
		.interface_id = names->interface_id,
		.event_time = INT64_C(1794800000000000), /* 2026-11-16T03:33:20Z, in 2026-W47 */
		.captured_at = INT64_C(1794800000500000),
		.week = 202647,
		.legacy_outcome = LEGACY_OK,
		.legacy_status = 200,
		.legacy_latency_us = 12000,
		.request = SPAN("{\"text\":\"" SECRET_TEXT "\"}"),
		.reply = SPAN("{\"queue\":\"<i>a</i>\"}"),
	};
	exchange.exchange_id[15] = id;
	exchange.identity[15] = identity;
	int64_t row = 0;
	enum store_delivery delivery;
	must(store_exchange_add(store, "tap-1", &exchange, &row, &delivery, &err), &err);
	return row;
}

static void add_comparison(struct store *store, const struct names *names, int64_t row, enum outcome outcome,
			   enum store_side side)
{
	struct error err = ERROR_INIT;
	bool has_reply = outcome != OUTCOME_TIMEOUT;
	enum verdict verdict = side == SIDE_AGREE      ? VERDICT_AGREE
			       : side == SIDE_DISAGREE ? VERDICT_DISAGREE
						       : VERDICT_INVALID;
	const struct store_evaluation evaluation = {
		.exchange = row,
		.candidate = names->candidate,
		.interface_id = names->interface_id,
		.epoch = names->epoch,
		.week = 202647,
		.outcome = outcome,
		.verdict = verdict,
		.has_reply = has_reply,
		.contract_drift = outcome == OUTCOME_SCHEMA_MISMATCH,
		.latency_us = 800000,
		.attempts = 1,
		.tokens_input = 100,
		.tokens_output = 20,
		.cost_nano = 1500000, /* 0.0015 */
		.detail = has_reply ? SPAN("") : SPAN("no reply <in> time"),
		.reply = has_reply ? SPAN("{\"queue\":\"<u>b</u>\"}") : (struct span){NULL, 0},
	};
	must(store_evaluation_finish(store, &evaluation, &err), &err);
	const struct store_record record = {.exchange = row,
					    .candidate = names->candidate,
					    .epoch = names->epoch,
					    .week = 202647,
					    .key = SPAN("key<1>"),
					    .verdict = verdict,
					    .side = side,
					    .pi_ppm = 500000};
	must(store_record_add(store, &record, &err), &err);
	must(store_field_add(store, &record, names->fields[0], verdict, SPAN("\"<i>a</i>\""), SPAN("\"<u>b</u>\""),
			     &err),
	     &err);
	must(store_field_add(store, &record, names->fields[1], VERDICT_AGREE, SPAN("1"), SPAN("1"), &err), &err);
}

/* Three late answers: one that waits, one that was joined, one that nobody came for. */
static void add_late_answers(struct store *store, const struct names *names, int64_t joined)
{
	struct error err = ERROR_INIT;
	const struct store_answer answer = {
		.outcome = LEGACY_REPAIRED, .seen_at = 6, .answered_at = 6, .reply = SPAN("{}")};
	const uint8_t key[STORE_KEY_SIZE] = {1};
	const struct store_exchange exchange = {.interface_id = names->interface_id, .legacy_latency_us = -1};
	const struct store_version second = {2, LEGACY_REPAIRED, 0};
	bool added = false;
	bool changed = false;
	must(store_answer_add(store, joined, &exchange, true, &answer, &added, &err) &&
		     store_answer_count(store, joined, &second, &changed, &err),
	     &err);
	for (int i = 0; i < 3; i++) {
		store_outcome_count(store, "tap-1", names->interface_id, STORE_OUTCOME_READ);
	}
	must(store_outcome_wait(store, "tap-1", names->interface_id, key, &answer, &added, &err), &err);
	store_outcome_count(store, "tap-1", names->interface_id, STORE_OUTCOME_JOINED);
	store_outcome_count(store, "tap-1", names->interface_id, STORE_OUTCOME_UNPAIRED);
}

/* Two replies of the LLM path, one of which deviates, and a legacy reply that does; and what is open about it. */
static void add_drift(struct store *store, const struct names *names, const int64_t rows[6])
{
	struct error err = ERROR_INIT;
	const uint32_t type = UINT32_C(1) << DRIFT_TYPE;
	const uint32_t undeclared = UINT32_C(1) << DRIFT_UNDECLARED_FIELD;
	struct store_source source = {
		.interface_id = names->interface_id, .path = names->candidate, .contract_version = SPAN("1")};
	struct store_reply replies[] = {
		{.exchange = rows[1], .path = names->candidate, .classes = type | undeclared, .declared = type},
		{.exchange = rows[2], .path = names->candidate},
		{.exchange = rows[1], .path = 0, .classes = type, .declared = type},
	};
	const struct store_incident incident = {.interface_id = names->interface_id,
						.kind = INCIDENT_LEGACY_DRIFT,
						.subject = SPAN(""),
						.evidence = SPAN("{}")};
	int64_t id = 0;
	bool is_new = false;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		source.path = replies[i].path;
		must(store_source_id(store, &source, &replies[i].source, &err) &&
			     store_reply_count(store, &replies[i], &err),
		     &err);
	}
	must(store_incident_open(store, &incident, &id, &is_new, &err), &err);
}

/* The first ledger: 13 seen = 10 captured + 2 dropped + 1 in flight; 10 captured = 5 stored (1 a revision) + 1
 * duplicate
 * + 3 late answers + 1 in the spool. The second: 5 stored = 3 compared + 1 dead letter + 1 over budget. */
void make_store(void)
{
	struct error err = ERROR_INIT;
	struct store *store = store_open(test_location, STORE_CREATE, 100, &err);
	must(store != NULL, &err);
	must(store_begin(store, &err), &err);
	struct names names = add_names(store);
	int64_t rows[6] = {0};
	for (uint8_t i = 1; i <= 5; i++) {
		rows[i] = add_exchange(store, &names, i, i == 5 ? 4 : i);
	}
	add_exchange(store, &names, 1, 1);
	const struct store_account account = {
		.at = 6, .seen = 13, .committed = 10, .in_flight = 1, .dropped = {[DROP_RING_FULL] = 2}};
	must(store_account_set(store, "tap-1", names.interface_id, &account, &err), &err);
	add_drift(store, &names, rows);
	add_late_answers(store, &names, rows[5]);
	add_comparison(store, &names, rows[1], OUTCOME_OK, SIDE_AGREE);
	add_comparison(store, &names, rows[2], OUTCOME_SCHEMA_MISMATCH, SIDE_DISAGREE);
	add_comparison(store, &names, rows[3], OUTCOME_TIMEOUT, SIDE_INVALID);
	must(store_evaluation_close(store, rows[4], names.candidate, 202647, false, EVALUATION_DEAD_LETTER, -1,
				    SPAN("prompt <too> long"), &err),
	     &err);
	must(store_evaluation_close(store, rows[5], names.candidate, 202647, false, EVALUATION_NOT_EVALUATED,
				    NOT_EVALUATED_OVER_BUDGET, SPAN(""), &err),
	     &err);
	must(store_commit(store, &err), &err);
	store_close(store);
}

/* --- server --- */

static void *run_server(void *argument)
{
	(void)argument;
	bool done = web_run(&test_config, &server_error);
	if (!done) {
		sem_post(&is_ready);
	}
	return done ? &server_error : NULL;
}

void start_server(void)
{
	stop = 0;
	server_error = (struct error)ERROR_INIT;
	sem_init(&is_ready, 0, 0);
	ck_assert_int_eq(pthread_create(&server, NULL, run_server, NULL), 0);
	sem_wait(&is_ready);
	ck_assert_msg(server_error.code == ERROR_NONE, "%s", server_error.message);
	is_running = true;
}

void stop_server(void)
{
	void *result = NULL;
	if (!is_running) {
		return;
	}
	stop = 1;
	pthread_join(server, &result);
	is_running = false;
	sem_destroy(&is_ready);
	ck_assert_ptr_nonnull(result);
}

void setup_served(void)
{
	setup_directory();
	make_store();
	start_server();
}

void teardown_served(void)
{
	stop_server();
	teardown_directory();
}

/* --- client --- */

static int connect_server(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(test_port, NULL, 10))};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval limit = {.tv_sec = 10};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

struct reply exchange_bytes(const char *bytes)
{
	enum { SIZE = 16 * 1024 * 1024 };
	int fd = connect_server();
	ck_assert(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL) == (ssize_t)strlen(bytes));
	struct reply reply = {.bytes = calloc(1, SIZE)};
	size_t length = 0;
	ssize_t got;
	while (length < SIZE - 1 && (got = recv(fd, reply.bytes + length, SIZE - 1 - length, 0)) > 0) {
		length += (size_t)got;
	}
	close(fd);
	reply.head = reply.bytes;
	char *end = strstr(reply.bytes, "\r\n\r\n");
	ck_assert_msg(end != NULL, "no reply to: %.80s", bytes);
	*end = '\0';
	reply.body = end + 4;
	reply.body_length = length - (size_t)(reply.body - reply.bytes);
	ck_assert_int_eq(sscanf(reply.head, "HTTP/1.1 %d", &reply.status), 1);
	return reply;
}

struct reply request(const char *method, const char *target)
{
	char bytes[4096];
	snprintf(bytes, sizeof(bytes), "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n", method,
		 target, test_port);
	return exchange_bytes(bytes);
}

void reply_finish(struct reply *reply)
{
	free(reply->bytes);
	*reply = (struct reply){0};
}

int status_of(const char *method, const char *target)
{
	struct reply reply = request(method, target);
	int status = reply.status;
	reply_finish(&reply);
	return status;
}

bool has_text(const struct reply *reply, const char *text)
{
	return strstr(reply->body, text) != NULL;
}

bool has_header(const struct reply *reply, const char *line)
{
	const char *found = strstr(reply->head, line);
	size_t length = strlen(line);
	return found != NULL && found > reply->head && found[-1] == '\n' &&
	       (found[length] == '\r' || found[length] == '\0');
}
