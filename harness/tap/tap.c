/* The event loop: listeners, turns, ticks, start and stop. */
#include "harness/tap/tap.h"

#include "harness/tap/proxy.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	EVENTS_MAX = 512,
	TICK_US = 100000, /* limits of time are kept to this precision; *stop is seen within it */
	STOP_LIMIT_US = 5000000,
	LEGACY_IDLE_US = 300000000,
	CONNECTIONS_DEFAULT = 4096,
	ORDER_ARENA_MAX = 16777216,
	DESCRIPTORS_KEPT = 64, /* for listeners, ring, spool and what the process has besides */
};

/* --- listeners --- */

static void watch_listeners(struct tap *tap, bool on)
{
	tap->accept_paused = !on;
	for (struct listener *listener = tap->listeners; listener != NULL; listener = listener->next) {
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &listener->peer};
		(void)epoll_ctl(tap->epoll_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, listener->peer.fd, &event);
	}
}

static void close_idle_legacy(struct tap *tap, int64_t idle_before)
{
	for (size_t i = 0; i < tap->config->route_count; i++) {
		legacy_close_idle(&tap->current->routes[i], idle_before);
	}
}

/* Without a descriptor, memory or place, clients wait in the backlog until the next tick. */
static void pause_accepting(struct tap *tap)
{
	close_idle_legacy(tap, tap->now);
	watch_listeners(tap, false);
}

bool listener_accept(struct listener *listener)
{
	struct tap *tap = listener->tap;
	while (!tap->accept_paused) {
		if (tap->session_count >= tap->sessions_max) {
			watch_listeners(tap, false);
			return false;
		}
		int fd = accept4(listener->peer.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			session_open(listener->route, fd);
		} else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
			pause_accepting(tap);
		} else if (errno == EAGAIN) {
			return true;
		} /* anything else is the end of one client, not of the listener (accept(2)) */
	}
	return false;
}

/* --- what the supervisor says, and is told --- */

static void report(const struct tap *tap, enum tap_event event, const char *text)
{
	const struct tap_control *control = tap->config->control;
	if (control != NULL) {
		control->report(control->context, event, text);
	}
}

static bool is_off_by_signal(const struct tap *tap)
{
	const volatile int *passthrough = tap->config->passthrough;
	return passthrough != NULL && *passthrough != 0;
}

bool tap_captures(const struct tap *tap)
{
	return !tap->off_by_file && !is_off_by_signal(tap);
}

/* The one look at a file system in the loop: the kernel answers it from memory, as it was asked 100 ms ago. */
static void look_for_kill_switch(struct tap *tap)
{
	static const char *const words[] = {"on", "off (file)", "off (signal)", "off (file, signal)"};
	tap->off_by_file = spool_capture_is_off(tap->config->spool_directory, NULL);
	size_t state = (tap->off_by_file ? 1U : 0U) + (is_off_by_signal(tap) ? 2U : 0U);
	if (state != tap->capture_reported) {
		tap->capture_reported = state;
		report(tap, TAP_CAPTURE, words[state]);
	}
}

/* Not within a batch of events, because listeners go. */
static void take_order(struct tap *tap)
{
	const struct tap_control *control = tap->config->control;
	struct arena arena = ARENA_INIT(ORDER_ARENA_MAX);
	struct tap_config config;
	struct error err = ERROR_INIT;
	char why[512];
	bool over = false;
	tap->control_ready = false;
	if (control->receive(control->context, &arena, &config, &over, &err) &&
	    routes_replace(tap, &arena, &config, &err)) {
		report(tap, TAP_RELOADED, "");
	} else if (err.code != ERROR_NONE) {
		report(tap, TAP_REFUSED, error_text(&err, why, sizeof(why)));
	}
	arena_finish(&arena);
	if (over) {
		(void)epoll_ctl(tap->epoll_fd, EPOLL_CTL_DEL, tap->control.fd, NULL);
	}
}

static bool watch_control(struct tap *tap, struct error *err)
{
	if (tap->config->control == NULL) {
		return true;
	}
	tap->control = (struct peer){.kind = PEER_CONTROL, .fd = tap->config->control->fd};
	return peer_watch(tap, &tap->control, EPOLLIN) ||
	       error_set_system(err, errno, "cannot watch the supervisor's socket");
}

/* --- the loop --- */

static void handle_event(struct tap *tap, struct peer *peer, uint32_t events)
{
	void *owner = peer; /* a peer is the first member of its owner */
	switch (peer->kind) {
	case PEER_LISTENER:
		(void)listener_accept(owner);
		break;
	case PEER_CLIENT:
		session_on_event(owner, events);
		break;
	case PEER_CONTROL:
		tap->control_ready = true;
		break;
	case PEER_LEGACY:
	default:
		legacy_on_event(owner, events);
		break;
	}
}

static void run_again(struct tap *tap)
{
	struct session *session = tap->again;
	tap->again = NULL;
	while (session != NULL) {
		struct session *next = session->next_again;
		session->again = false;
		session_run(session);
		session = next;
	}
}

static void tick(struct tap *tap)
{
	capture_note_pressure(&tap->pressure, tap->ring, tap->now);
	struct session *session = tap->sessions;
	while (session != NULL) {
		struct session *next = session->next; /* handling one never closes another */
		session_check_time(session);
		session = next;
	}
	close_idle_legacy(tap, tap->now - LEGACY_IDLE_US);
	routes_tick(tap);
	look_for_kill_switch(tap);
	if (tap->accept_paused && !tap->stopping && tap->session_count < tap->sessions_max) {
		watch_listeners(tap, true);
	}
}

static void turn(struct tap *tap)
{
	struct epoll_event events[EVENTS_MAX];
	int count = epoll_wait(tap->epoll_fd, events, EVENTS_MAX, tap->again != NULL ? 0 : TICK_US / 1000);
	tap->now = clock_monotonic();
	for (int i = 0; i < count; i++) {
		handle_event(tap, events[i].data.ptr, events[i].events);
	}
	run_again(tap);
	if (tap->control_ready) {
		take_order(tap);
	}
	session_recycle(tap);
	legacy_recycle(tap);
}

static void begin_stop(struct tap *tap)
{
	tap->stopping = true;
	if (!tap->accept_paused) {
		watch_listeners(tap, false);
	}
	for (struct session *session = tap->sessions; session != NULL; session = session->next) {
		session_leave(session);
	}
}

static void run_loop(struct tap *tap)
{
	const volatile int *stop = tap->config->stop;
	int64_t next_tick = 0;
	int64_t stop_limit = INT64_MAX;
	while (!tap->stopping || (tap->session_count > 0 && tap->now < stop_limit)) {
		turn(tap);
		bool stop_now = !tap->stopping && stop != NULL && *stop != 0;
		if (stop_now) {
			begin_stop(tap);
			stop_limit = tap->now + STOP_LIMIT_US;
		}
		if (stop_now || tap->now >= next_tick) {
			tick(tap);
			next_tick = tap->now + TICK_US;
		}
	}
}

/* --- start and end --- */

static size_t descriptor_limit(size_t wanted)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
		return wanted;
	}
	/* every client may need a legacy connection too */
	size_t possible = limit.rlim_cur > DESCRIPTORS_KEPT ? (limit.rlim_cur - DESCRIPTORS_KEPT) / 2 : 0;
	possible = possible > 0 ? possible : 1;
	return wanted < possible ? wanted : possible;
}

static bool start(struct tap *tap, const struct tap_config *config, struct error *err)
{
	tap->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (tap->epoll_fd < 0) {
		return error_set_system(err, errno, "no epoll descriptor");
	}
	tap->ring = ring_open(config->ring_path, config->ring_capacity, RING_PRODUCER, err);
	return tap->ring != NULL && routes_open(tap, config, err) && watch_control(tap, err);
}

static void finish(struct tap *tap)
{
	while (tap->sessions != NULL) {
		session_close(tap->sessions, DROP_TAP_KILLED);
	}
	routes_close(tap);
	run_again(tap);
	session_recycle(tap);
	legacy_recycle(tap);
	session_free_all(tap);
	while (tap->unused_legacy != NULL) {
		struct legacy_connection *connection = tap->unused_legacy;
		tap->unused_legacy = connection->next;
		free(connection);
	}
	flow_stock_finish(&tap->stock);
	ring_close(tap->ring);
	if (tap->epoll_fd >= 0) {
		close(tap->epoll_fd);
	}
}

static void say_ready(const struct tap *tap)
{
	int fd = tap->config->ready_fd;
	if (fd >= 0) {
		ssize_t written = write(fd, "", 1);
		(void)written; /* whoever waits there sees the end of the pipe as well */
	}
	report(tap, TAP_READY, "");
}

bool tap_run(const struct tap_config *config, struct error *err)
{
	int wanted = config->connections_max > 0 ? config->connections_max : CONNECTIONS_DEFAULT;
	struct tap tap = {.config = config, .epoll_fd = -1, .now = clock_monotonic()};
	tap.sessions_max = descriptor_limit((size_t)wanted);
	pressure_init(&tap.pressure);
	struct drainer *drainer = NULL;
	bool started = start(&tap, config, err);
	if (started) {
		drainer =
			drainer_start(config->ring_path, config->spool_directory, config->stream, &config->spool, err);
		started = drainer != NULL;
	}
	if (started) {
		say_ready(&tap);
		run_loop(&tap);
	}
	finish(&tap); /* closes all exchanges first, so that the drainer's last pass sees their accounts */
	return drainer != NULL && drainer_stop(drainer, err) && started;
}
