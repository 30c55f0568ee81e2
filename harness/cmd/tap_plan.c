#include "harness/cmd/tap_plan.h"

#include "harness/base/json_build.h"
#include "harness/base/text.h"
#include "harness/pipeline/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { PLAN_ARENA_MAX = 16 * 1024 * 1024 };

/* --- writing --- */

static void write_tls(struct json_build *build, const char *name, const struct contract_tls *tls,
		      const struct contract_tap *legacy)
{
	if (!tls->used) {
		return;
	}
	json_build_object(build, name);
	json_build_text(build, "certificate", tls->certificate);
	json_build_text(build, "key", tls->key);
	json_build_text(build, "ca", tls->ca);
	json_build_boolean(build, "only_13", tls->only_13);
	if (legacy != NULL) {
		json_build_text(build, "server_name", legacy->legacy_server_name);
		json_build_boolean(build, "no_verify", !legacy->legacy_verify);
	}
	json_build_end(build);
}

/* Opens the listener and begins the route's object. */
static bool open_route(struct json_build *build, enum tap_kind kind, const char *listen, const char *file,
		       char address[64], struct error *err)
{
	int fd = tap_listen(listen, err);
	if (fd < 0) {
		error_add_file(err, file);
		return false;
	}
	tap_listen_address(fd, address);
	json_build_object(build, NULL);
	json_build_integer(build, "kind", kind);
	json_build_integer(build, "fd", fd);
	return true;
}

static void write_inline(struct json_build *build, const struct contract_tap *tap)
{
	json_build_text(build, "host", tap->legacy_host);
	json_build_text(build, "port", tap->legacy_port);
	json_build_boolean(build, "forwarded", tap->forwarded);
	json_build_integer(build, "legacy_timeout_ms", tap->legacy_timeout_ms);
	write_tls(build, "legacy_tls", &tap->legacy_files, tap);
}

static bool write_route(const struct contract *contract, struct json_build *build, FILE *say, struct error *err)
{
	const struct contract_tap *tap = &contract->tap;
	bool is_inline = tap->kind == CONTRACT_TAP_INLINE;
	char address[64];
	if (!open_route(build, is_inline ? TAP_INLINE : TAP_MIRROR, tap->listen, contract->file, address, err)) {
		return false;
	}
	const char *scheme = tap->tls.used ? "https" : "http";
	if (is_inline) {
		fprintf(say, "tap   %s: %s://%s -> %s://%s:%s\n", contract->interface, scheme, address,
			tap->legacy_tls ? "https" : "http", tap->legacy_host, tap->legacy_port);
		write_inline(build, tap);
	} else {
		fprintf(say, "tap   %s: %s://%s (mirror)\n", contract->interface, scheme, address);
	}
	json_build_text(build, "interface", contract->interface);
	json_build_text(build, "method", tap->match_method);
	json_build_text(build, "path", tap->match_path);
	json_build_integer(build, "capture_max", (int64_t)tap->capture_max);
	json_build_integer(build, "capture_floor", tap->capture_floor);
	write_tls(build, "tls", &tap->tls, NULL);
	json_build_end(build);
	return true;
}

static bool write_ingest(const struct installation *installation, struct json_build *build, FILE *say,
			 struct error *err)
{
	char address[64];
	if (!open_route(build, TAP_INGEST, installation->ingest_listen, installation->file, address, err)) {
		return false;
	}
	fprintf(say, "ingest %s://%s\n", installation->ingest_tls.used ? "https" : "http", address);
	json_build_text(build, "token", installation->ingest_token);
	write_tls(build, "tls", &installation->ingest_tls, NULL);
	json_build_end(build);
	return true;
}

static bool write_routes(const struct installation *installation, struct json_build *build, FILE *say,
			 struct error *err)
{
	bool done = true;
	size_t count = 0;
	json_build_array(build, "routes");
	for (size_t i = 0; done && i < installation->contract_count; i++) {
		if (installation->contracts[i]->tap.listen != NULL) {
			done = write_route(installation->contracts[i], build, say, err);
			count++;
		}
	}
	if (done && installation->ingest_listen != NULL) {
		done = write_ingest(installation, build, say, err);
		count++;
	}
	json_build_end(build);
	if (done && count == 0) {
		done = error_set_at(err, ERROR_CONFIG, installation->file, 0,
				    "no interface has a tap; add `tap: {listen: ..., legacy: ...}` to a contract, or "
				    "use 'understudy replay'");
	}
	return done;
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
	json_build_array(build, "interfaces");
	for (size_t i = 0; i < installation->contract_count; i++) {
		if (installation->contracts[i]->tap.kind != CONTRACT_TAP_NONE) {
			json_build_text(build, NULL, installation->contracts[i]->interface);
		}
	}
	json_build_end(build);
	bool done = write_routes(installation, build, say, err) && json_build_write(build, 0, plan, err);
	json_build_destroy(build);
	return done;
}

/* --- handing over --- */

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

/* --- reading --- */

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

static bool read_boolean(const struct json_node *object, const char *name)
{
	return json_is(json_get_text(object, name), JSON_TRUE);
}

/* NULL where the member is absent. */
static bool read_tls(const struct json_node *node, struct arena *arena, const struct tap_tls **ret_tls)
{
	*ret_tls = NULL;
	if (node == NULL) {
		return true;
	}
	struct tap_tls *tls = arena_allocate(arena, sizeof(*tls));
	if (tls == NULL) {
		return false;
	}
	*tls = (struct tap_tls){
		.certificate = read_text(node, "certificate", arena),
		.key = read_text(node, "key", arena),
		.ca = read_text(node, "ca", arena),
		.server_name = read_text(node, "server_name", arena),
		.only_13 = read_boolean(node, "only_13"),
		.no_verify = read_boolean(node, "no_verify"),
	};
	*ret_tls = tls;
	return true;
}

static bool read_inline(const struct json_node *node, struct arena *arena, struct tap_route *route)
{
	int64_t timeout_ms = 0;
	route->legacy_host = read_text(node, "host", arena);
	route->legacy_port = read_text(node, "port", arena);
	route->forwarded = read_boolean(node, "forwarded");
	if (!read_integer(node, "legacy_timeout_ms", &timeout_ms)) {
		return false;
	}
	route->legacy_timeout_ms = (int)timeout_ms;
	return route->legacy_host != NULL && route->legacy_port != NULL &&
	       read_tls(json_get_text(node, "legacy_tls"), arena, &route->legacy_tls);
}

static bool read_matching(const struct json_node *node, struct arena *arena, struct tap_route *route)
{
	int64_t capture_max = 0;
	int64_t capture_floor = 0;
	if (!read_integer(node, "capture_max", &capture_max) || !read_integer(node, "capture_floor", &capture_floor)) {
		return false;
	}
	route->interface = read_text(node, "interface", arena);
	route->match_method = read_text(node, "method", arena);
	route->match_path = read_text(node, "path", arena);
	route->capture_max = (size_t)capture_max;
	route->capture_floor = (int)capture_floor;
	return route->interface != NULL;
}

static bool read_route(const struct json_node *node, struct arena *arena, struct tap_route *route)
{
	int64_t fd = -1;
	int64_t kind = -1;
	if (!read_integer(node, "fd", &fd) || !read_integer(node, "kind", &kind) || kind < TAP_INLINE ||
	    kind > TAP_INGEST) {
		return false;
	}
	*route = (struct tap_route){
		.kind = (enum tap_kind)kind,
		.listen_fd = (int)fd,
		.token = read_text(node, "token", arena),
	};
	return read_tls(json_get_text(node, "tls"), arena, &route->tls) &&
	       (route->kind == TAP_INGEST || read_matching(node, arena, route)) &&
	       (route->kind != TAP_INLINE || read_inline(node, arena, route));
}

static bool read_interfaces(const struct json_node *names, struct arena *arena, struct tap_config *config)
{
	const char **list = arena_allocate_array(arena, json_count(names), sizeof(list[0]));
	if (list == NULL) {
		return false;
	}
	for (size_t i = 0; i < json_count(names); i++) {
		list[i] = arena_copy(arena, json_text(json_at(names, i)));
		if (list[i] == NULL) {
			return false;
		}
	}
	config->interfaces = list;
	config->interface_count = json_count(names);
	return true;
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
			read_integer(root, "ready_fd", &ready_fd) &&
			read_interfaces(json_get_text(root, "interfaces"), arena, &config);
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
