#include "tests/tap/rig.h"

#include "harness/base/text.h"
#include "tests/tap/certificates.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000 };

static volatile int stop_flag;
static volatile int passthrough_flag;

static void on_stop(int number)
{
	(void)number;
	stop_flag = 1;
}

static void on_switch(int number)
{
	(void)number;
	passthrough_flag = !passthrough_flag;
}

/* The C library's, replaced for this program: limits of a minute are waited for in seconds. The drainer's thread keeps
 * the true time, for its waits are the kernel's. */
static int clock_factor;
static int64_t clock_origin; /* ns */

int clock_gettime(clockid_t id, struct timespec *time)
{
	if (syscall(SYS_clock_gettime, id, time) != 0) {
		return -1;
	}
	if (clock_factor > 0 && id == CLOCK_MONOTONIC && gettid() == getpid()) {
		int64_t now = (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
		clock_origin = clock_origin == 0 ? now : clock_origin;
		int64_t faster = clock_origin + (now - clock_origin) * clock_factor;
		*time = (struct timespec){.tv_sec = faster / 1000000000, .tv_nsec = faster % 1000000000};
	}
	return 0;
}

/* The disk of the tap, where a test holds it still. In the tap only the drainer writes files and syncs them. */
static volatile int *disk_stalls;

static void wait_for_disk(void)
{
	while (disk_stalls != NULL && *disk_stalls != 0) {
		usleep(1000);
	}
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	wait_for_disk();
	return syscall(SYS_pwrite64, fd, bytes, length, offset);
}

int fdatasync(int fd)
{
	wait_for_disk();
	return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	wait_for_disk();
	return (int)syscall(SYS_fsync, fd);
}

int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

/* --- the tap's side of reloads: a message is "LISTEN PORT", LISTEN "=" for the socket at hand --- */

struct reloading {
	int fd;
	int spare; /* a copy of the listening socket, to make copies of as a supervisor would */
};

static bool receive_reload(void *context, struct arena *arena, struct tap_config *ret_config, bool *ret_over,
			   struct error *err)
{
	struct reloading *reloading = context;
	char message[128] = "";
	ssize_t count = recv(reloading->fd, message, sizeof(message) - 1, MSG_DONTWAIT);
	*ret_over = count == 0;
	if (count <= 0) {
		return false;
	}
	char *port = strchr(message, ' ');
	struct tap_route *route = arena_allocate(arena, sizeof(*route));
	if (port == NULL || route == NULL) {
		return error_set(err, ERROR_FORMAT, "no configuration");
	}
	*port++ = '\0';
	const char *listen = arena_copy(arena, span_of(message));
	bool keeps = strcmp(message, "=") == 0;
	*route = (struct tap_route){.kind = strcmp(port, "mirror") == 0 ? TAP_MIRROR : TAP_INLINE,
				    .interface = "orders",
				    .listen = listen,
				    .listen_fd = keeps ? dup(reloading->spare) : -1,
				    .legacy_host = "127.0.0.1",
				    .legacy_port = arena_copy(arena, span_of(port)),
				    .match_method = "POST"};
	*ret_config = (struct tap_config){.routes = route, .route_count = 1};
	return true;
}

static void report_event(void *context, enum tap_event event, const char *text)
{
	struct reloading *reloading = context;
	char message[256];
	int length = snprintf(message, sizeof(message), "%c%s", '0' + event, text);
	ck_assert_int_eq((int)send(reloading->fd, message, (size_t)length, MSG_NOSIGNAL), length);
}

static void run_child(const struct rig *rig, int listen_fd, int ready_fd, int control_fd)
{
	signal(SIGTERM, on_stop);
	signal(SIGUSR1, on_switch);
	clock_factor = rig->clock_factor;
	disk_stalls = rig->disk_stalls;
	if (rig->descriptors_max > 0) {
		struct rlimit limit = {(rlim_t)rig->descriptors_max, (rlim_t)rig->descriptors_max};
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	char port[8];
	struct sockaddr_in name;
	socklen_t length = sizeof(name);
	void *address = &name;
	getsockname(rig->legacy, address, &length);
	snprintf(port, sizeof(port), "%d", ntohs(name.sin_port));
	close(rig->legacy);
	static const char *const interfaces[] = {"orders", "invoices"};
	struct tap_route route = {.kind = rig->kind,
				  .interface = rig->kind != TAP_INGEST ? interfaces[0] : NULL,
				  .token = rig->token,
				  .listen_fd = listen_fd,
				  .legacy_host = "127.0.0.1",
				  .legacy_port = port,
				  .match_method = "POST",
				  .match_path = rig->match_path,
				  .capture_max = rig->capture_max,
				  .forwarded = rig->forwarded,
				  .capture_floor = rig->capture_floor,
				  .legacy_timeout_ms = rig->legacy_timeout_ms,
				  .tls = rig->tls,
				  .legacy_tls = rig->legacy_tls};
	struct tap_config config = {.routes = &route,
				    .route_count = 1,
				    .interfaces = interfaces,
				    .interface_capture_max = rig->interface_capture_max,
				    .interface_count = rig->interface_count,
				    .ring_path = rig->ring,
				    .ring_capacity = rig->ring_capacity,
				    .spool_directory = rig->spool,
				    .stream = "tap",
				    .connections_max = rig->connections_max,
				    .stop_grace_ms = rig->stop_grace_ms > 0 ? rig->stop_grace_ms : 1,
				    .stop = &stop_flag,
				    .passthrough = &passthrough_flag,
				    .ready_fd = ready_fd};
	struct reloading reloading = {.fd = control_fd, .spare = control_fd >= 0 ? dup(listen_fd) : -1};
	struct tap_control control = {
		.fd = control_fd, .receive = receive_reload, .report = report_event, .context = &reloading};
	config.control = control_fd >= 0 ? &control : NULL;
	struct error err = ERROR_INIT;
	bool done = tap_run(&config, &err);
	if (!done) {
		fprintf(stderr, "tap: %s\n", err.message);
	}
	bool leaks = __lsan_do_recoverable_leak_check != NULL && __lsan_do_recoverable_leak_check() != 0;
	_exit(!done ? 1 : leaks ? 2 : 0);
}

static void start_child(struct rig *rig)
{
	struct error err = ERROR_INIT;
	int listen_fd = tap_listen(rig->listen, &err);
	ck_assert_msg(listen_fd >= 0, "%s", err.message);
	tap_listen_address(listen_fd, rig->listen);
	int pipe_fds[2];
	int control[2] = {-1, -1};
	ck_assert_int_eq(pipe(pipe_fds), 0);
	if (rig->takes_reloads) {
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control), 0);
	}
	rig->tap = fork();
	ck_assert_int_ge(rig->tap, 0);
	if (rig->tap == 0) {
		close(pipe_fds[0]);
		close(control[0]);
		run_child(rig, listen_fd, pipe_fds[1], control[1]);
	}
	close(control[1]);
	rig->control = control[0];
	close(pipe_fds[1]);
	close(listen_fd);
	char byte;
	ck_assert_int_eq((int)read(pipe_fds[0], &byte, 1), 1);
	close(pipe_fds[0]);
}

void rig_prepare(struct rig *rig)
{
	*rig = (struct rig){.ring_capacity = 8 << 20, .interface_count = 2, .tap = -1, .control = -1};
	snprintf(rig->directory, sizeof(rig->directory), "/tmp/understudy-tap-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(rig->directory));
	snprintf(rig->ring, sizeof(rig->ring), "%s/ring", rig->directory);
	snprintf(rig->spool, sizeof(rig->spool), "%s/spool", rig->directory);
	snprintf(rig->listen, sizeof(rig->listen), "127.0.0.1:0");
	struct error err = ERROR_INIT;
	rig->legacy = tap_listen("127.0.0.1:0", &err);
	ck_assert_int_ge(rig->legacy, 0);
}

void rig_secure(struct rig *rig)
{
	certificates_make(rig->directory);
	snprintf(rig->certificate, sizeof(rig->certificate), "%s/server.pem", rig->directory);
	snprintf(rig->key, sizeof(rig->key), "%s/server.key", rig->directory);
	snprintf(rig->ca, sizeof(rig->ca), "%s/ca.pem", rig->directory);
	rig->tls_kept = (struct tap_tls){.certificate = rig->certificate, .key = rig->key};
	rig->legacy_tls_kept = (struct tap_tls){.ca = rig->ca};
	rig->tls = &rig->tls_kept;
	rig->legacy_tls = &rig->legacy_tls_kept;
	rig->client_side = (struct secure_side){.directory = rig->directory, .verifies = true};
	rig->legacy_side =
		(struct secure_side){.is_server = true, .directory = rig->directory, .certificate = "server"};
}

void rig_share_disk(struct rig *rig)
{
	void *shared = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(shared != MAP_FAILED);
	rig->disk_stalls = shared;
}

void rig_start_with(struct rig *rig)
{
	start_child(rig);
}

void rig_restart(struct rig *rig)
{
	start_child(rig);
}

struct rig *rig_start(void)
{
	static struct rig rig;
	rig_prepare(&rig);
	rig_start_with(&rig);
	return &rig;
}

void rig_stop(struct rig *rig)
{
	int status = -1;
	ck_assert_int_eq(kill(rig->tap, SIGTERM), 0);
	ck_assert_int_eq(waitpid(rig->tap, &status, 0), rig->tap);
	rig->tap = -1;
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the tap ended with status %d", status);
}

void rig_kill(struct rig *rig)
{
	ck_assert_int_eq(kill(rig->tap, SIGKILL), 0);
	ck_assert_int_eq(waitpid(rig->tap, NULL, 0), rig->tap);
	rig->tap = -1;
}

enum tap_event rig_hear(struct rig *rig, char text[256])
{
	char message[257] = "";
	struct pollfd entry = {.fd = rig->control, .events = POLLIN};
	ck_assert_msg(poll(&entry, 1, PATIENCE_MS) == 1, "the tap says nothing");
	ck_assert_int_gt((int)recv(rig->control, message, 256, 0), 0);
	snprintf(text, 256, "%s", message + 1);
	return (enum tap_event)(message[0] - '0');
}

enum tap_event rig_reload(struct rig *rig, const char *listen, const char *legacy_port)
{
	char text[256];
	snprintf(text, sizeof(text), "%s %s", listen != NULL ? listen : "=",
		 legacy_port != NULL ? legacy_port : "mirror");
	put(rig->control, text);
	return rig_hear(rig, text);
}

void rig_switch_passthrough(struct rig *rig)
{
	kill(rig->tap, SIGUSR1);
	usleep(20000);
}

void rig_finish(struct rig *rig)
{
	if (rig->tap > 0) {
		rig_stop(rig);
	}
	rig_close_legacy(rig);
	char command[128];
	snprintf(command, sizeof(command), "rm -rf '%s'", rig->directory);
	ck_assert_int_eq(system(command), 0);
}

void rig_close_legacy(struct rig *rig)
{
	if (rig->legacy >= 0) {
		close(rig->legacy);
	}
	rig->legacy = -1;
}

static int wrap(const struct rig *rig, int fd, const struct tap_tls *tls, const struct secure_side *side)
{
	fd = rig->drips ? drip_wrap(fd) : fd;
	return tls != NULL ? secure_wrap(fd, side) : fd;
}

int rig_connect(const struct rig *rig)
{
	return wrap(rig, rig_connect_bare(rig), rig->tls, &rig->client_side);
}

int rig_accept(const struct rig *rig)
{
	return wrap(rig, rig_accept_bare(rig), rig->legacy_tls, &rig->legacy_side);
}

int rig_connect_bare(const struct rig *rig)
{
	struct sockaddr_in name = {.sin_family = AF_INET};
	uint64_t port;
	ck_assert(text_to_uint64(span_of(strrchr(rig->listen, ':') + 1), &port));
	name.sin_port = htons((uint16_t)port);
	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const void *address = &name;
	ck_assert_int_eq(connect(fd, address, sizeof(name)), 0);
	return fd;
}

static bool wait_readable(int fd, int milliseconds)
{
	struct pollfd entry = {.fd = fd, .events = POLLIN};
	return poll(&entry, 1, milliseconds) == 1;
}

int rig_accept_bare(const struct rig *rig)
{
	ck_assert_msg(wait_readable(rig->legacy, PATIENCE_MS), "no connection to the legacy system");
	int fd = accept(rig->legacy, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	return fd;
}

bool rig_has_connection(const struct rig *rig)
{
	return wait_readable(rig->legacy, 0);
}

void put_bytes(int fd, struct span bytes)
{
	ck_assert_int_eq((int)send(fd, bytes.data, bytes.length, MSG_NOSIGNAL), (int)bytes.length);
}

void put(int fd, const char *text)
{
	put_bytes(fd, span_of(text));
}

void want(int fd, const char *text)
{
	char got[8192];
	size_t length = strlen(text);
	size_t have = 0;
	ck_assert_uint_lt(length, sizeof(got));
	while (have < length) {
		ck_assert_msg(wait_readable(fd, PATIENCE_MS), "nothing more after \"%.*s\", wanted \"%s\"", (int)have,
			      got, text);
		ssize_t count = recv(fd, got + have, length - have, 0);
		ck_assert_msg(count > 0, "ended after \"%.*s\", wanted \"%s\"", (int)have, got, text);
		have += (size_t)count;
	}
	ck_assert_msg(memcmp(got, text, length) == 0, "\"%.*s\" instead of \"%s\"", (int)length, got, text);
}

void want_end(int fd)
{
	char byte;
	ck_assert_msg(wait_readable(fd, PATIENCE_MS), "no end");
	ssize_t count = recv(fd, &byte, 1, 0);
	ck_assert_msg(count == 0, "no clean end: %d, errno %d", (int)count, errno);
}

void want_reset(int fd)
{
	char byte;
	ck_assert_msg(wait_readable(fd, PATIENCE_MS), "no reset");
	ck_assert_int_eq((int)recv(fd, &byte, 1, 0), -1);
	ck_assert_int_eq(errno, ECONNRESET);
}

void want_nothing(int fd, int milliseconds)
{
	ck_assert_msg(!wait_readable(fd, milliseconds), "something came too early");
}

void take_all(int fd, struct buffer *ret_bytes)
{
	for (;;) {
		char *end = buffer_reserve(ret_bytes, 65536);
		ck_assert_ptr_nonnull(end);
		ck_assert_msg(wait_readable(fd, PATIENCE_MS), "stuck after %zu bytes", ret_bytes->length);
		ssize_t count = recv(fd, end, 65536, 0);
		if (count <= 0) {
			return;
		}
		ret_bytes->length += (size_t)count;
	}
}

void reset_and_close(int fd)
{
	struct linger option = {.l_onoff = 1};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, sizeof(option));
	close(fd);
}

static void add_accounts(const struct spool_accounts *accounts, struct spooled *total)
{
	total->seen += accounts->seen;
	total->committed += accounts->committed;
	total->in_flight += accounts->in_flight;
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		total->dropped[i] += accounts->dropped[i];
	}
}

struct spooled rig_read_spool(const struct rig *rig, void (*check)(const struct spool_exchange *, void *),
			      void *context)
{
	struct spooled total = {.count = 0};
	struct spool_accounts last[2] = {{.seen = 0}};
	struct error err = ERROR_INIT;
	struct spool_position start = {.segment = 0};
	struct spool_reader *reader = spool_reader_open(rig->spool, "tap", &start, &err);
	ck_assert_msg(reader != NULL, "%s", err.message);
	struct spool_record record;
	enum spool_read result;
	while ((result = spool_reader_next(reader, &record, &err)) == SPOOL_READ) {
		if (spool_is_delivery(&record)) {
			total.count++;
			ck_assert_uint_eq(record.exchange.sequence, total.count);
			if (check != NULL) {
				check(&record.exchange, context);
			}
		} else {
			last[span_is(record.accounts.interface, "orders") ? 0 : 1] = record.accounts;
		}
	}
	ck_assert_msg(result == SPOOL_NOTHING_YET, "%s", err.message);
	spool_reader_close(reader);
	add_accounts(&last[0], &total);
	add_accounts(&last[1], &total);
	uint64_t dropped = 0;
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		dropped += total.dropped[i];
	}
	ck_assert_uint_eq(total.count, total.committed);
	ck_assert_uint_eq(total.seen, total.committed + dropped + total.in_flight);
	return total;
}

void exchange_once(const struct rig *rig, int client, int *legacy, const char *body)
{
	char text[512];
	snprintf(text, sizeof(text), "POST /route HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n%s", strlen(body),
		 body);
	put(client, text);
	if (*legacy < 0) {
		*legacy = rig_accept(rig);
	}
	want(*legacy, text);
	put(*legacy, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	want(client, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}
