#include "harness/cmd/tap_plan.h"

#include "harness/base/json_build.h"
#include "harness/base/text.h"
#include "harness/pipeline/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLAN_MAX = 1024 * 1024 };

/* --- sockets --- */

static bool is_any_port(const char *listen)
{
	const char *colon = strrchr(listen, ':');
	return colon != NULL && strcmp(colon, ":0") == 0;
}

static bool same_text(const char *one, const char *other)
{
	return one == other || (one != NULL && other != NULL && strcmp(one, other) == 0);
}

static bool has_socket(const struct tap_plan *plan, int fd)
{
	for (size_t i = 0; i < plan->socket_count; i++) {
		if (plan->sockets[i].fd == fd) {
			return true;
		}
	}
	return false;
}

/* -1: there is none to keep. */
static int find_socket(const struct tap_plan *before, const struct tap_plan_socket *wanted)
{
	char address[64] = "";
	if (before->socket_count > 0) {
		tap_listen_numeric(wanted->listen, address);
	}
	for (size_t i = 0; i < before->socket_count; i++) {
		const struct tap_plan_socket *row = &before->sockets[i];
		bool same = strcmp(row->listen, wanted->listen) == 0 || strcmp(row->listen, address) == 0;
		if (same && (!is_any_port(wanted->listen) || same_text(row->interface, wanted->interface))) {
			return row->fd;
		}
	}
	return -1;
}

static bool add_socket(struct tap_plan *plan, const struct tap_plan *before, const char *listen, const char *interface,
		       const char *file, struct error *err)
{
	struct tap_plan_socket wanted = {.listen = listen, .interface = interface};
	if (plan->socket_count == TAP_PLAN_SOCKETS_MAX) {
		return error_set_at(err, ERROR_LIMIT, file, 0, "there are more than %d taps; use two installations",
				    RING_INTERFACES_MAX);
	}
	wanted.fd = find_socket(before, &wanted);
	if (wanted.fd < 0) {
		wanted.fd = tap_listen(listen, err);
	}
	if (wanted.fd < 0) {
		error_add_file(err, file);
		return false;
	}
	plan->sockets[plan->socket_count++] = wanted;
	return true;
}

static bool open_sockets(struct tap_plan *plan, const struct tap_plan *before, struct error *err)
{
	const struct installation *installation = plan->installation;
	bool done = true;
	for (size_t i = 0; done && i < installation->contract_count; i++) {
		const struct contract *contract = installation->contracts[i];
		done = contract->tap.listen == NULL ||
		       add_socket(plan, before, contract->tap.listen, contract->interface, contract->file, err);
	}
	if (done && installation->ingest_listen != NULL) {
		done = add_socket(plan, before, installation->ingest_listen, NULL, installation->file, err);
	}
	if (done && plan->socket_count == 0) {
		done = error_set_at(err, ERROR_CONFIG, installation->file, 0,
				    "no interface has a tap; add `tap: {listen: ..., legacy: ...}` to a contract, or "
				    "use 'understudy replay'");
	}
	return done;
}

static int socket_of(const struct tap_plan *plan, const char *interface)
{
	for (size_t i = 0; i < plan->socket_count; i++) {
		if (same_text(plan->sockets[i].interface, interface)) {
			return plan->sockets[i].fd;
		}
	}
	return -1;
}

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

static void begin_route(struct json_build *build, enum tap_kind kind, int fd)
{
	json_build_object(build, NULL);
	json_build_integer(build, "kind", kind);
	json_build_integer(build, "fd", fd);
}

static bool write_inline(struct json_build *build, const struct contract_tap *tap, struct error *err)
{
	char addresses[TAP_ADDRESSES_MAX][TAP_ADDRESS_SIZE];
	size_t count = tap_resolve(tap->legacy_host, tap->legacy_port, addresses, err);
	json_build_text(build, "host", tap->legacy_host);
	json_build_text(build, "port", tap->legacy_port);
	json_build_array(build, "addresses");
	for (size_t i = 0; i < count; i++) {
		json_build_text(build, NULL, addresses[i]);
	}
	json_build_end(build);
	json_build_boolean(build, "forwarded", tap->forwarded);
	json_build_integer(build, "legacy_timeout_ms", tap->legacy_timeout_ms);
	write_tls(build, "legacy_tls", &tap->legacy_files, tap);
	return count > 0;
}

static bool write_route(const struct contract *contract, int fd, struct json_build *build, struct error *err)
{
	const struct contract_tap *tap = &contract->tap;
	bool is_inline = tap->kind == CONTRACT_TAP_INLINE;
	begin_route(build, is_inline ? TAP_INLINE : TAP_MIRROR, fd);
	if (is_inline && !write_inline(build, tap, err)) {
		error_add_file(err, contract->file);
		return false;
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

static void write_ingest(const struct installation *installation, int fd, struct json_build *build)
{
	begin_route(build, TAP_INGEST, fd);
	json_build_text(build, "token", installation->ingest_token);
	write_tls(build, "tls", &installation->ingest_tls, NULL);
	json_build_end(build);
}

static bool write_routes(const struct tap_plan *plan, struct json_build *build, struct error *err)
{
	const struct installation *installation = plan->installation;
	bool done = true;
	json_build_array(build, "routes");
	for (size_t i = 0; done && i < installation->contract_count; i++) {
		const struct contract *contract = installation->contracts[i];
		done = contract->tap.listen == NULL ||
		       write_route(contract, socket_of(plan, contract->interface), build, err);
	}
	if (done && installation->ingest_listen != NULL) {
		write_ingest(installation, socket_of(plan, NULL), build);
	}
	json_build_end(build);
	return done;
}

static bool write_plan(const struct tap_plan *plan, struct buffer *text, struct error *err)
{
	const struct installation *installation = plan->installation;
	struct json_build *build = json_build_create();
	json_build_text(build, "ring", installation->ring);
	json_build_integer(build, "ring_bytes", (int64_t)installation->ring_bytes);
	json_build_text(build, "spool", installation->spool);
	json_build_integer(build, "sync_interval_ms", installation->sync_interval_ms);
	json_build_integer(build, "connections", installation->tap_connections);
	json_build_array(build, "interfaces");
	for (size_t i = 0; i < installation->contract_count; i++) {
		if (installation->contracts[i]->tap.kind != CONTRACT_TAP_NONE) {
			json_build_object(build, NULL);
			json_build_text(build, "name", installation->contracts[i]->interface);
			json_build_integer(build, "capture_max", (int64_t)installation->contracts[i]->tap.capture_max);
			json_build_end(build);
		}
	}
	json_build_end(build);
	bool done = write_routes(plan, build, err) && json_build_write(build, 0, text, err);
	json_build_destroy(build);
	return done;
}

/* Nobody can change it from here on, the tap that is given it least of all. */
static bool seal(struct tap_plan *plan, struct span text, struct error *err)
{
	plan->fd = memfd_create("understudy-plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t written = 0;
	while (plan->fd >= 0 && written < text.length) {
		ssize_t count = write(plan->fd, text.data + written, text.length - written);
		if (count < 0 && errno != EINTR) {
			break;
		}
		written += count > 0 ? (size_t)count : 0;
	}
	bool done = plan->fd >= 0 && written == text.length &&
		    fcntl(plan->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0;
	return done || error_set_system(err, errno, "cannot keep the tap's plan in memory");
}

static bool keeps_place(const struct installation *installation, const struct installation *before, struct error *err)
{
	bool same = before == NULL ||
		    (strcmp(installation->ring, before->ring) == 0 && strcmp(installation->spool, before->spool) == 0 &&
		     installation->ring_bytes == before->ring_bytes &&
		     installation->sync_interval_ms == before->sync_interval_ms &&
		     installation->tap_connections == before->tap_connections);
	return same ||
	       error_set_at(err, ERROR_CONFIG, installation->file, 0,
			    "ring, spool, sync_interval_ms and tap cannot change while the tap runs; stop and start "
			    "understudy for that");
}

bool tap_plan_make(struct tap_plan *ret_plan, const char *file, const struct tap_plan *before, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(PLAN_MAX);
	struct tap_plan plan = TAP_PLAN_NONE;
	plan.installation = installation_load(file, err);
	bool done = plan.installation != NULL && keeps_place(plan.installation, before->installation, err) &&
		    open_sockets(&plan, before, err) && write_plan(&plan, &text, err) &&
		    seal(&plan, buffer_span(&text), err);
	if (!done) {
		tap_plan_drop(&plan, before);
		return false;
	}
	*ret_plan = plan;
	return true;
}

void tap_plan_drop(struct tap_plan *plan, const struct tap_plan *kept)
{
	for (size_t i = 0; i < plan->socket_count; i++) {
		if (!has_socket(kept, plan->sockets[i].fd)) {
			close(plan->sockets[i].fd);
		}
	}
	if (plan->fd >= 0) {
		close(plan->fd);
	}
	installation_destroy(plan->installation);
	*plan = (struct tap_plan)TAP_PLAN_NONE;
}

static void say_tap(const struct contract *contract, int fd, FILE *target)
{
	const struct contract_tap *tap = &contract->tap;
	const char *scheme = tap->tls.used ? "https" : "http";
	char address[64];
	tap_listen_address(fd, address);
	if (tap->kind == CONTRACT_TAP_INLINE) {
		fprintf(target, "tap   %s: %s://%s -> %s://%s:%s\n", contract->interface, scheme, address,
			tap->legacy_tls ? "https" : "http", tap->legacy_host, tap->legacy_port);
	} else {
		fprintf(target, "tap   %s: %s://%s (mirror)\n", contract->interface, scheme, address);
	}
}

void tap_plan_say(const struct tap_plan *plan, FILE *target)
{
	const struct installation *installation = plan->installation;
	char address[64];
	for (size_t i = 0; i < installation->contract_count; i++) {
		const struct contract *contract = installation->contracts[i];
		if (contract->tap.listen != NULL) {
			say_tap(contract, socket_of(plan, contract->interface), target);
		}
	}
	if (installation->ingest_listen != NULL) {
		fprintf(target, "ingest %s://%s\n", installation->ingest_tls.used ? "https" : "http",
			tap_listen_address(socket_of(plan, NULL), address));
	}
}

/* --- handing over --- */

/* Sockets are close-on-exec everywhere but on the way into the tap. */
static bool pass_on(const struct tap_plan *plan, int control_fd)
{
	bool done = fcntl(plan->fd, F_SETFD, 0) == 0 && fcntl(control_fd, F_SETFD, 0) == 0;
	for (size_t i = 0; done && i < plan->socket_count; i++) {
		done = fcntl(plan->sockets[i].fd, F_SETFD, 0) == 0;
	}
	return done;
}

bool tap_plan_execute(const struct tap_plan *plan, int control_fd, struct error *err)
{
	char name[] = "understudy";
	char command[] = "tap";
	char plan_option[32];
	char control_option[32];
	snprintf(plan_option, sizeof(plan_option), "--plan-fd=%d", plan->fd);
	snprintf(control_option, sizeof(control_option), "--control-fd=%d", control_fd);
	char *const argv[] = {name, command, plan_option, control_option, NULL};
	char *const environment[] = {NULL};
	if (!pass_on(plan, control_fd)) {
		return error_set_system(err, errno, "cannot hand a socket to the tap process");
	}
	execve("/proc/self/exe", argv, environment);
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

static bool read_list(const struct json_node *names, struct arena *arena, const char *const **ret_list,
		      size_t *ret_count)
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
	*ret_list = list;
	*ret_count = json_count(names);
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
	       read_list(json_get_text(node, "addresses"), arena, &route->legacy_addresses,
			 &route->legacy_address_count) &&
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

static bool read_interfaces(const struct json_node *nodes, struct arena *arena, struct tap_config *config)
{
	size_t count = json_count(nodes);
	const char **names = arena_allocate_array(arena, count, sizeof(names[0]));
	size_t *maxima = arena_allocate_array(arena, count, sizeof(maxima[0]));
	if (names == NULL || maxima == NULL) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		const struct json_node *node = json_at(nodes, i);
		int64_t most = 0;
		names[i] = read_text(node, "name", arena);
		if (names[i] == NULL || !read_integer(node, "capture_max", &most)) {
			return false;
		}
		maxima[i] = (size_t)most;
	}
	config->interfaces = names;
	config->interface_capture_max = maxima;
	config->interface_count = count;
	return true;
}

/* The whole memory file, in the arena. */
static bool load(int fd, struct arena *arena, struct span *ret_text, struct error *err)
{
	struct stat file;
	if (fstat(fd, &file) != 0 || file.st_size <= 0 || file.st_size > PLAN_MAX) {
		return error_set(err, ERROR_USAGE, "there is no plan; use 'understudy tap -c FILE'");
	}
	size_t length = (size_t)file.st_size;
	char *text = arena_allocate(arena, length);
	if (text == NULL || pread(fd, text, length, 0) != (ssize_t)length) {
		return error_set(err, ERROR_USAGE, "the plan cannot be read; use 'understudy tap -c FILE'");
	}
	*ret_text = (struct span){text, length};
	return true;
}

static bool read_routes(const struct json_node *routes, struct arena *arena, struct tap_config *config)
{
	struct tap_route *list = arena_allocate_array(arena, json_count(routes), sizeof(list[0]));
	config->routes = list;
	for (size_t i = 0; list != NULL && i < json_count(routes); i++) {
		if (!read_route(json_at(routes, i), arena, &list[config->route_count++])) {
			return false;
		}
	}
	return list != NULL;
}

bool tap_plan_read(int fd, struct arena *arena, struct tap_config *ret_config, struct error *err)
{
	const struct json_node *root = NULL;
	struct span text;
	if (!load(fd, arena, &text, err) || !json_parse(arena, text, NULL, &root, err)) {
		return false;
	}
	struct tap_config config = {
		.ring_path = read_text(root, "ring", arena),
		.spool_directory = read_text(root, "spool", arena),
		.stream = WORKER_TAP_STREAM,
		.ready_fd = -1,
	};
	int64_t ring_bytes = 0;
	int64_t sync_interval_ms = 0;
	int64_t connections = 0;
	bool complete = config.ring_path != NULL && config.spool_directory != NULL &&
			read_integer(root, "ring_bytes", &ring_bytes) &&
			read_integer(root, "sync_interval_ms", &sync_interval_ms) &&
			read_integer(root, "connections", &connections) &&
			read_interfaces(json_get_text(root, "interfaces"), arena, &config) &&
			read_routes(json_get_text(root, "routes"), arena, &config);
	if (!complete) {
		return error_set(err, ERROR_USAGE, "the plan is not complete; use 'understudy tap -c FILE'");
	}
	config.ring_capacity = (size_t)ring_bytes;
	config.spool.sync_interval_ms = (int)sync_interval_ms;
	config.connections_max = (int)connections;
	*ret_config = config;
	return true;
}
