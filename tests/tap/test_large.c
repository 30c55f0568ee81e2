/* Bodies of any size pass whole in memory that does not grow with them, and idle connections cost little. */
#include "harness/base/text.h"
#include "tests/tap/rig.h"
#include "tests/tap/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static struct rig rig;

enum {
	BLOCK = 65521, /* payload bytes: prime, so that blocks and the tap's blocks never keep step */
	WIRE_MAX = BLOCK + 16,
	CAPTURE = 1 << 20,
	MEMORY = 64 << 20, /* that the tap may grow by, far below the largest body */
	IDLE = 10000,      /* or as many as files may be open here */
};

static void setup(void)
{
	rig_prepare(&rig);
	rig.capture_max = CAPTURE;
	rig_start_with(&rig);
}

static void teardown(void)
{
	rig_finish(&rig);
}

/* The line of /proc/PID/status, in bytes. */
static uint64_t memory_of(pid_t process, const char *name)
{
	char path[64];
	char line[256];
	uint64_t kilobytes = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)process);
	FILE *file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, strlen(name)) == 0) {
			const char *digits = line + strcspn(line, "0123456789");
			ck_assert(text_to_uint64((struct span){digits, strspn(digits, "0123456789")}, &kilobytes));
		}
	}
	fclose(file);
	ck_assert_uint_gt(kilobytes, 0);
	return kilobytes * 1024;
}

/* --- a body, made the same way by who sends it and by who expects it --- */

struct pattern {
	uint64_t size;
	bool chunked;
};

/* The bytes of block `index` as they are sent; no two blocks are alike. */
static size_t make_block(const struct pattern *pattern, uint64_t index, char wire[WIRE_MAX])
{
	uint64_t left = pattern->size - index * BLOCK;
	size_t payload = left < BLOCK ? (size_t)left : BLOCK;
	size_t at = 0;
	if (pattern->chunked) {
		at += (size_t)snprintf(wire, WIRE_MAX, "%zx\r\n", payload);
	}
	for (size_t i = 0; i < payload; i++) {
		wire[at++] = (char)((i + index * 7919) * 2654435761u >> 13);
	}
	if (pattern->chunked) {
		memcpy(wire + at, "\r\n", 2);
		at += 2;
	}
	return at;
}

static uint64_t block_count(const struct pattern *pattern)
{
	return (pattern->size + BLOCK - 1) / BLOCK;
}

static bool send_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t count = send(fd, bytes, length, MSG_NOSIGNAL);
		if (count <= 0) {
			return false;
		}
		bytes += count;
		length -= (size_t)count;
	}
	return true;
}

/* In a process of its own, for the tap takes no more than its blocks hold. */
static pid_t send_message(int fd, const char *head, const struct pattern *pattern)
{
	pid_t sender = fork();
	ck_assert_int_ge(sender, 0);
	if (sender != 0) {
		return sender;
	}
	char wire[WIRE_MAX];
	bool sent = send_all(fd, head, strlen(head));
	for (uint64_t i = 0; sent && i < block_count(pattern); i++) {
		sent = send_all(fd, wire, make_block(pattern, i, wire));
	}
	sent = sent && (!pattern->chunked || send_all(fd, "0\r\n\r\n", 5));
	_exit(sent ? 0 : 1);
}

static void want_message(int fd, const char *head, const struct pattern *pattern)
{
	char wire[WIRE_MAX];
	char got[WIRE_MAX];
	want(fd, head);
	for (uint64_t i = 0; i < block_count(pattern); i++) {
		size_t length = make_block(pattern, i, wire);
		ck_assert_int_eq((int)recv(fd, got, length, MSG_WAITALL), (int)length);
		ck_assert_msg(memcmp(got, wire, length) == 0, "block %llu differs", (unsigned long long)i);
	}
	if (pattern->chunked) {
		want(fd, "0\r\n\r\n");
	}
}

static void want_sent(pid_t sender)
{
	int status = -1;
	ck_assert_int_eq(waitpid(sender, &status, 0), sender);
	ck_assert_int_eq(status, 0);
}

static void write_head(char head[128], const char *start, const struct pattern *pattern)
{
	if (pattern->chunked) {
		snprintf(head, 128, "%s\r\nTransfer-Encoding: chunked\r\n\r\n", start);
	} else {
		snprintf(head, 128, "%s\r\nContent-Length: %llu\r\n\r\n", start, (unsigned long long)pattern->size);
	}
}

static void check_captured(const struct spool_exchange *exchange, void *context)
{
	const struct pattern *pattern = context;
	if (span_is(exchange->target, "/large")) {
		ck_assert_uint_eq(exchange->request_body.length, pattern->size);
		ck_assert_uint_eq(exchange->reply_body.length, pattern->size);
	}
}

static const uint64_t sizes[] = {0, 1, 65535, 65536, 65537, 500000, 10 << 20, 100 << 20};

START_TEST(bodies_pass_whole)
{
	struct pattern pattern = {.size = sizes[_i / 2], .chunked = _i % 2 == 1};
	char head[128];
	int client = rig_connect(&rig);
	uint64_t before = memory_of(rig.tap, "VmHWM:");
	write_head(head, "POST /large HTTP/1.1", &pattern);
	pid_t sender = send_message(client, head, &pattern);
	int legacy = rig_accept(&rig);
	want_message(legacy, head, &pattern);
	want_sent(sender);
	write_head(head, "HTTP/1.1 200 OK", &pattern);
	sender = send_message(legacy, head, &pattern);
	want_message(client, head, &pattern);
	want_sent(sender);
	exchange_once(&rig, client, &legacy, "next");
	uint64_t after = memory_of(rig.tap, "VmHWM:");
	ck_assert_msg(after - before < MEMORY, "the tap grew by %llu bytes", (unsigned long long)(after - before));
	close(client);
	close(legacy);
	rig_stop(&rig);
	struct spooled spooled = rig_read_spool(&rig, check_captured, &pattern);
	bool is_large = 2 * pattern.size > CAPTURE;
	ck_assert_uint_eq(spooled.seen, 2);
	ck_assert_uint_eq(spooled.count, is_large ? 1 : 2);
	ck_assert_uint_eq(spooled.dropped[DROP_TOO_LARGE], is_large ? 1 : 0);
}
END_TEST

/* Both ways at once: the reply begins with the message's first bytes, as an echo's does. */
START_TEST(both_ways_at_once)
{
	struct pattern pattern = {.size = 30 << 20, .chunked = true};
	const char *head = "POST /large HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
	const char *reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
	int client = rig_connect(&rig);
	pid_t sender = send_message(client, head, &pattern);
	int legacy = rig_accept(&rig);
	pid_t answer = send_message(legacy, reply, &pattern);
	pid_t reader = fork();
	ck_assert_int_ge(reader, 0);
	if (reader == 0) {
		want_message(client, reply, &pattern);
		_exit(0);
	}
	want_message(legacy, head, &pattern);
	want_sent(sender);
	want_sent(answer);
	want_sent(reader);
	exchange_once(&rig, client, &legacy, "next");
	close(client);
	close(legacy);
}
END_TEST

/* --- many idle connections --- */

/* How many clients the tap can take, which keeps a descriptor for the legacy side of each, and some for itself. */
static int clients_possible(void)
{
	struct rlimit limit;
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	rlim_t wanted = 2 * IDLE + 200;
	struct rlimit raised = {wanted, limit.rlim_max > wanted ? limit.rlim_max : wanted};
	if (setrlimit(RLIMIT_NOFILE, &raised) != 0) { /* no right to more than the hard limit */
		raised = (struct rlimit){limit.rlim_max, limit.rlim_max};
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &raised), 0);
	}
	return ((int)raised.rlim_cur - 200) / 2;
}

START_TEST(idle_connections)
{
	static int idle[IDLE];
	int count = clients_possible();
	if (count < IDLE / 2) {
		printf("skipped: no right to open more than %d files\n", 2 * count);
		return;
	}
	rig_prepare(&rig);
	rig.connections_max = count + 100;
	rig_start_with(&rig);
	for (int i = 0; i < count; i++) {
		idle[i] = rig_connect(&rig);
	}
	int live = rig_connect(&rig);
	int legacy = -1;
	for (int i = 0; i < 2000; i++) {
		exchange_once(&rig, live, &legacy, "live");
	}
	for (int i = 0; i < 100; i++) {
		exchange_once(&rig, idle[i * (count / 100)], &legacy, "idle until now");
	}
	printf("the tap with %d idle clients: %llu KiB, of which the ring %zu\n", count,
	       (unsigned long long)memory_of(rig.tap, "VmRSS:") / 1024, rig.ring_capacity / 1024);
	for (int i = 0; i < count; i++) {
		close(idle[i]);
	}
	exchange_once(&rig, live, &legacy, "live");
	close(live);
	close(legacy);
	rig_stop(&rig);
	struct spooled spooled = rig_read_spool(&rig, NULL, NULL);
	ck_assert_uint_eq(spooled.count, 2000 + 100 + 1);
	ck_assert_uint_eq(spooled.seen, spooled.count);
	rig_finish(&rig);
}
END_TEST

Suite *large_suite(void)
{
	Suite *suite = suite_create("large");
	TCase *bodies = tcase_create("bodies");
	tcase_set_timeout(bodies, 240);
	tcase_add_checked_fixture(bodies, setup, teardown);
	tcase_add_loop_test(bodies, bodies_pass_whole, 0, 2 * (int)(sizeof(sizes) / sizeof(sizes[0])));
	tcase_add_test(bodies, both_ways_at_once);
	suite_add_tcase(suite, bodies);
	TCase *idle = tcase_create("idle");
	tcase_set_timeout(idle, 240);
	tcase_add_test(idle, idle_connections);
	suite_add_tcase(suite, idle);
	return suite;
}
