#include "harness/cmd/tap_plan.h"

#include "harness/base/json_build.h"
#include "harness/base/text.h"
#include "harness/pipeline/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { PLAN_ARENA_MAX = 16 * 1024 * 1024 };

static bool write_route(const struct contract *contract, struct json_build *build, FILE *say, struct error *err)
{
	int fd = tap_listen(contract->tap_listen, err);
	if (fd < 0) {
		error_add_file(err, contract->file);
		return false;
	}
	char address[64];
	fprintf(say, "tap   %s: http://%s -> http://%s:%s\n", contract->interface, tap_listen_address(fd, address),
		contract->tap_legacy_host, contract->tap_legacy_port);
	json_build_object(build, NULL);
	json_build_text(build, "interface", contract->interface);
	json_build_integer(build, "fd", fd);
	json_build_text(build, "host", contract->tap_legacy_host);
	json_build_text(build, "port", contract->tap_legacy_port);
	json_build_text(build, "method", contract->tap_match_method);
	json_build_text(build, "path", contract->tap_match_path);
	json_build_integer(build, "capture_max", (int64_t)contract->tap_capture_max);
	json_build_end(build);
	return true;
}

bool tap_plan_write(const struct installation *installation, int ready_fd, struct buffer *plan, FILE *say,
		    struct error *err)
{
	struct json_build *build = json_build_create();
	json_build_text(build, "ring", installation->ring);
	json_build_integer(build, "ring_bytes", (int64_t)installation->ring_bytes);
	json_build_text(build, "spool", installation->spool);
	json_build_integer(build, "sync_interval_ms", installation->sync_interval_ms);
	json_build_integer(build, "ready_fd", ready_fd);
	json_build_array(build, "routes");
	bool done = true;
	size_t count = 0;
	for (size_t i = 0; done && i < installation->contract_count; i++) {
		if (installation->contracts[i]->tap_listen != NULL) {
			done = write_route(installation->contracts[i], build, say, err);
			count++;
		}
	}
	json_build_end(build);
	if (done && count == 0) {
		done = error_set_at(err, ERROR_CONFIG, installation->file, 0,
				    "no interface has a tap; add `tap: {listen: ..., legacy: ...}` to a contract, or "
				    "use 'understudy replay'");
	}
	done = done && json_build_write(build, 0, plan, err);
	json_build_destroy(build);
	return done;
}

/* Sockets are close-on-exec everywhere but on the way into the tap. */
static bool pass_on(const char *plan, struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(PLAN_ARENA_MAX);
	struct tap_config config;
	if (!tap_plan_read(span_of(plan), &arena, &config, err)) {
		return false;
	}
	bool done = config.ready_fd < 0 || fcntl(config.ready_fd, F_SETFD, 0) == 0;
	for (size_t i = 0; done && i < config.route_count; i++) {
		done = fcntl(config.routes[i].listen_fd, F_SETFD, 0) == 0;
	}
	return done || error_set_system(err, errno, "cannot hand a socket to the tap process");
}

bool tap_plan_execute(const char *plan, struct error *err)
{
	if (!pass_on(plan, err)) {
		return false;
	}
	char name[] = "understudy";
	char command[] = "tap";
	char option[] = "--plan";
	char *copy = strdup(plan);
	char *const argv[] = {name, command, option, copy, NULL};
	char *const environment[] = {NULL};
	if (copy != NULL) {
		execve("/proc/self/exe", argv, environment);
	}
	return error_set_system(err, errno, "cannot start the tap process");
}

static bool read_integer(const struct json_node *object, const char *name, int64_t *ret_number)
{
	return text_to_int64(json_text(json_get_text(object, name)), ret_number);
}

/* A text member as a C string in the arena; NULL where it is null. */
static const char *read_text(const struct json_node *object, const char *name, struct arena *arena)
{
	const struct json_node *node = json_get_text(object, name);
	return json_is(node, JSON_STRING) ? arena_copy(arena, json_text(node)) : NULL;
}

static bool read_route(const struct json_node *node, struct arena *arena, struct tap_route *route)
{
	int64_t fd = -1;
	int64_t capture_max = 0;
	*route = (struct tap_route){
		.interface = read_text(node, "interface", arena),
		.legacy_host = read_text(node, "host", arena),
		.legacy_port = read_text(node, "port", arena),
		.match_method = read_text(node, "method", arena),
		.match_path = read_text(node, "path", arena),
	};
	if (!read_integer(node, "fd", &fd) || !read_integer(node, "capture_max", &capture_max)) {
		return false;
	}
	route->listen_fd = (int)fd;
	route->capture_max = (size_t)capture_max;
	return route->interface != NULL && route->legacy_host != NULL && route->legacy_port != NULL;
}

bool tap_plan_read(struct span plan, struct arena *arena, struct tap_config *ret_config, struct error *err)
{
	const struct json_node *root = NULL;
	if (!json_parse(arena, plan, NULL, &root, err)) {
		return false;
	}
	const struct json_node *routes = json_get_text(root, "routes");
	struct tap_route *list = arena_allocate_array(arena, json_count(routes), sizeof(list[0]));
	struct tap_config config = {
		.routes = list,
		.ring_path = read_text(root, "ring", arena),
		.spool_directory = read_text(root, "spool", arena),
		.stream = WORKER_TAP_STREAM,
	};
	int64_t ring_bytes = 0;
	int64_t sync_interval_ms = 0;
	int64_t ready_fd = -1;
	bool complete = list != NULL && config.ring_path != NULL && config.spool_directory != NULL &&
			read_integer(root, "ring_bytes", &ring_bytes) &&
			read_integer(root, "sync_interval_ms", &sync_interval_ms) &&
			read_integer(root, "ready_fd", &ready_fd);
	for (size_t i = 0; complete && i < json_count(routes); i++) {
		complete = read_route(json_at(routes, i), arena, &list[config.route_count++]);
	}
	if (!complete) {
		return error_set(err, ERROR_USAGE, "the plan is not complete; use 'understudy tap -c FILE'");
	}
	config.ring_capacity = (size_t)ring_bytes;
	config.spool.sync_interval_ms = (int)sync_interval_ms;
	config.ready_fd = (int)ready_fd;
	*ret_config = config;
	return true;
}
