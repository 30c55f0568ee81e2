#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/contract/config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	ARENA_MAXIMUM = 64 << 20,
	KEY_SIZE = 32,
	KEY_LEAST = 16,
	KEY_MOST = 4096,
	KEY_MODE = 0600,
	RING_MIB = 64,
	RING_NAME_BYTES = 8, /* of the hash in the ring's name */
};

extern const char asset_installation_schema_json[];
extern const size_t asset_installation_schema_json_size;

struct span installation_schema_text(void)
{
	return (struct span){asset_installation_schema_json, asset_installation_schema_json_size};
}

/* --- paths --- */

/* "/a/./b//../c" to "/a/c". By names only: what the path leads to need not exist yet. */
static void clean_path(char *path)
{
	size_t written = 0;
	size_t at = 0;
	while (path[at] != '\0') {
		while (path[at] == '/') {
			at++;
		}
		size_t length = strcspn(path + at, "/");
		bool dot = length == 1 && path[at] == '.';
		bool up = length == 2 && path[at] == '.' && path[at + 1] == '.';
		if (up) {
			while (written > 0 && path[--written] != '/') {
			}
		} else if (length > 0 && !dot) {
			path[written++] = '/';
			memmove(path + written, path + at, length);
			written += length;
		}
		at += length;
	}
	if (written == 0) {
		path[written++] = '/';
	}
	path[written] = '\0';
}

/* The same absolute path however the configuration's own file was named, because the ring's name depends on it. */
static bool make_absolute(const struct config *config, struct span path, const char **ret_path)
{
	struct span directory = span_of(config->file);
	while (directory.length > 0 && directory.data[directory.length - 1] != '/') {
		directory.length--;
	}
	const char *base = directory.length > 0 ? arena_copy(config->arena, directory) : ".";
	char *real = base != NULL ? realpath(base, NULL) : NULL;
	if (real == NULL) {
		return config_fail(config, NULL, "the directory of this file cannot be found; name the file again");
	}
	char *absolute = path.length > 0 && path.data[0] == '/'
				 ? arena_copy(config->arena, path)
				 : arena_format(config->arena, "%s/%.*s", real, SPAN_ARGUMENTS(path));
	free(real);
	if (absolute == NULL) {
		return config_fail_memory(config);
	}
	clean_path(absolute);
	*ret_path = absolute;
	return true;
}

static bool load_places(struct installation *installation, const struct config *config)
{
	struct span store = json_text(config_get(config->document.root, "store"));
	struct span spool = json_text(config_get(config->document.root, "spool"));
	const char *path;
	size_t scheme = sizeof("sqlite:") - 1;
	store = (struct span){store.data + scheme, store.length - scheme};
	scheme = sizeof("file:") - 1;
	spool = (struct span){spool.data + scheme, spool.length - scheme};
	if (!make_absolute(config, store, &path) || !make_absolute(config, spool, &installation->spool)) {
		return false;
	}
	installation->store = arena_format(config->arena, "sqlite:%s", path);
	return installation->store != NULL || config_fail_memory(config);
}

/* --- ring --- */

static const char *default_ring(const struct installation *installation, const struct config *config)
{
	struct stat status;
	if (stat("/dev/shm", &status) != 0 || !S_ISDIR(status.st_mode)) {
		return arena_format(config->arena, "%s/capture.ring", installation->spool);
	}
	uint8_t digest[SHA256_SIZE];
	struct buffer hex CLEANUP_BUFFER = BUFFER_INIT(2 * SHA256_SIZE);
	hash_sha256(span_of(installation->spool), digest);
	text_write_hex(&hex, digest, RING_NAME_BYTES);
	return hex.failed
		       ? NULL
		       : arena_format(config->arena, "/dev/shm/understudy-%ju-%s.ring", (uintmax_t)geteuid(), hex.data);
}

static bool load_ring(struct installation *installation, const struct config *config)
{
	const struct json_node *path = config_get(config->document.root, "ring.path");
	int64_t mib;
	if (!config_integer(config, config_get(config->document.root, "ring.mib"), RING_MIB, &mib)) {
		return false;
	}
	installation->ring_bytes = (size_t)mib << 20;
	if (path != NULL) {
		return make_absolute(config, json_text(path), &installation->ring);
	}
	installation->ring = default_ring(installation, config);
	return installation->ring != NULL || config_fail_memory(config);
}

/* --- sampling key --- */

static bool check_mode(const struct config *config, const struct json_node *node, const char *path)
{
	struct stat status;
	if (stat(path, &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & 077) != 0) {
		return config_fail(config, node, "the key file %s can be read by others; run chmod 600 on it", path);
	}
	return true;
}

static bool keep_key(struct installation *installation, const struct config *config, const struct json_node *node,
		     struct span key)
{
	if (key.length < KEY_LEAST) {
		return config_fail(config, node, "the sampling key is shorter than 16 bytes; use 32 random bytes");
	}
	char *copy = arena_copy(config->arena, key);
	if (copy == NULL) {
		return config_fail_memory(config);
	}
	installation->sampling_key = (struct span){copy, key.length};
	return true;
}

/* The file's bytes as they are. A file that is not there leaves the key empty where `node` is NULL. */
static bool read_key(struct installation *installation, const struct config *config, const struct json_node *node)
{
	struct buffer content CLEANUP_BUFFER = BUFFER_INIT(KEY_MOST);
	struct error inner = ERROR_INIT;
	const char *path = installation->sampling_key_file;
	if (!check_mode(config, node, path)) {
		return false;
	}
	if (!file_read(path, &content, &inner)) {
		if (node == NULL && inner.code == ERROR_MISSING) {
			return true;
		}
		return config_fail(config, node,
				   "the key file %s cannot be read; make it with 32 random bytes and mode "
				   "600, or correct the path",
				   path);
	}
	bool ok = keep_key(installation, config, node, buffer_span(&content));
	explicit_bzero(content.data, content.length);
	return ok;
}

/* sampling.key stands beside the store: var/understudy.db has var/sampling.key. */
static bool read_default_key(struct installation *installation, const struct config *config)
{
	struct span directory = span_of(installation->store + sizeof("sqlite:") - 1);
	while (directory.data[directory.length - 1] != '/') {
		directory.length--;
	}
	installation->sampling_key_file = arena_format(config->arena, "%.*ssampling.key", SPAN_ARGUMENTS(directory));
	return installation->sampling_key_file != NULL ? read_key(installation, config, NULL)
						       : config_fail_memory(config);
}

static bool load_key(struct installation *installation, const struct config *config)
{
	const struct json_node *key = config_get(config->document.root, "keys.sampling");
	installation->sampling_key = SPAN("");
	if (key == NULL) {
		return read_default_key(installation, config);
	}
	if (json_is(key, JSON_OBJECT)) {
		const struct json_node *file = config_get(key, "file");
		return make_absolute(config, json_text(file), &installation->sampling_key_file) &&
		       read_key(installation, config, file);
	}
	if (!config_from_environment(config, key)) {
		return config_fail(
			config, key,
			"the key stands in the file; write ${NAME} here and set that environment variable, or "
			"write {file: PATH}");
	}
	return keep_key(installation, config, key, json_text(key));
}

/* --- ingest --- */

static bool load_ingest(struct installation *installation, const struct config *config)
{
	const struct json_node *ingest = config_get(config->document.root, "ingest");
	const struct json_node *token = config_get(ingest, "token");
	if (token != NULL && !config_from_environment(config, token)) {
		return config_fail(
			config, token,
			"the token stands in the file; write ${NAME} here and set that environment variable");
	}
	return config_check_listen(config, config_get(ingest, "listen")) &&
	       config_text(config, config_get(ingest, "listen"), NULL, &installation->ingest_listen) &&
	       config_text(config, token, NULL, &installation->ingest_token) &&
	       contract_load_listener_tls(config, config_get(ingest, "tls"), &installation->ingest_tls);
}

/* --- interfaces --- */

static bool same_text(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool has_port_zero(const char *listen)
{
	struct span text = span_of(listen);
	return text.length > 2 && text.data[text.length - 1] == '0' && text.data[text.length - 2] == ':';
}

static bool check_unique(const struct installation *installation, const struct config *config,
			 const struct json_node *node, const struct contract *added)
{
	const struct {
		const char *name;
		const char *listen;
	} others[] = {{"web", installation->web_listen}, {"ingest", installation->ingest_listen}};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (same_text(added->tap.listen, others[i].listen) && !has_port_zero(added->tap.listen)) {
			return config_fail(config, node, "interface %s listens where %s does; give each its own port",
					   added->interface, others[i].name);
		}
	}
	if (added->tap.kind == CONTRACT_TAP_INGEST && installation->ingest_listen == NULL) {
		return config_fail(config, node,
				   "the tap of interface %s is of kind ingest, and nothing listens for it; write "
				   "ingest: {listen: HOST:PORT} in this file",
				   added->interface);
	}
	for (size_t i = 0; i < installation->contract_count; i++) {
		const struct contract *other = installation->contracts[i];
		if (same_text(other->interface, added->interface)) {
			return config_fail(config, node, "interface %s stands in two contracts; keep one of them",
					   added->interface);
		}
		if (same_text(other->tap.listen, added->tap.listen) && !has_port_zero(added->tap.listen)) {
			return config_fail(config, node, "interface %s listens where %s does; give each its own port",
					   added->interface, other->interface);
		}
	}
	return true;
}

static bool load_contracts(struct installation *installation, const struct config *config)
{
	const struct json_node *list = config_get(config->document.root, "interfaces");
	installation->contracts = arena_allocate_array(config->arena, json_count(list), sizeof(struct contract *));
	if (installation->contracts == NULL) {
		return config_fail_memory(config);
	}
	for (const struct json_node *node = json_first(list); node != NULL; node = json_next(list, node)) {
		const char *path;
		if (!config_beside(config, json_text(node), &path)) {
			return false;
		}
		if (access(path, F_OK) != 0) {
			return config_fail(config, node, "the contract %s is not there; make it, or correct the path",
					   config_from_environment(config, node) ? "named by the environment" : path);
		}
		struct contract *contract = contract_load(path, config->err);
		if (contract == NULL) {
			return false;
		}
		bool ok = check_unique(installation, config, node, contract);
		installation->contracts[installation->contract_count++] = contract;
		if (!ok) {
			return false;
		}
	}
	return true;
}

/* --- entry --- */

static bool load_zone(struct installation *installation, const struct config *config)
{
	const struct json_node *timezone = config_get(config->document.root, "timezone");
	struct error inner = ERROR_INIT;
	if (!config_text(config, timezone, "UTC", &installation->timezone)) {
		return false;
	}
	installation->zone = zone_create(installation->timezone, &inner);
	return installation->zone != NULL || config_fail_inner(config, timezone, "timezone", &inner);
}

static bool load(struct installation *installation, const char *file, struct error *err)
{
	struct config config = {.arena = &installation->arena, .err = err};
	config.file = arena_copy(&installation->arena, span_of(file));
	if (config.file == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for %s; free some", file);
	}
	installation->file = config.file;
	if (!config_read(&config, installation_schema_text())) {
		return false;
	}
	const struct json_node *root = config.document.root;
	return load_places(installation, &config) && load_ring(installation, &config) &&
	       config_small(&config, config_get(root, "sync_interval_ms"), 200, &installation->sync_interval_ms) &&
	       config_small(&config, config_get(root, "tap.connections"), 4096, &installation->tap_connections) &&
	       config_check_listen(&config, config_get(root, "web.listen")) &&
	       config_text(&config, config_get(root, "web.listen"), NULL, &installation->web_listen) &&
	       load_ingest(installation, &config) && load_zone(installation, &config) &&
	       load_key(installation, &config) && load_contracts(installation, &config);
}

struct installation *installation_load(const char *file, struct error *err)
{
	struct installation *installation = calloc(1, sizeof(*installation));
	if (installation == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for %s; free some", file);
		return NULL;
	}
	arena_init(&installation->arena, ARENA_MAXIMUM);
	if (!load(installation, file, err)) {
		installation_destroy(installation);
		return NULL;
	}
	return installation;
}

void installation_destroy(struct installation *installation)
{
	if (installation == NULL) {
		return;
	}
	for (size_t i = 0; i < installation->contract_count; i++) {
		contract_destroy(installation->contracts[i]);
	}
	zone_destroy(installation->zone);
	arena_finish(&installation->arena);
	free(installation);
}

struct contract *installation_find(const struct installation *installation, const char *interface)
{
	for (size_t i = 0; i < installation->contract_count; i++) {
		if (strcmp(installation->contracts[i]->interface, interface) == 0) {
			return installation->contracts[i];
		}
	}
	return NULL;
}

/* --- making the key --- */

/* Writes a file of our own and links it to its name, so that of two processes that do this at once the first wins and
 * both use its key. */
static bool publish_key(const char *path, const uint8_t key[KEY_SIZE], struct error *err)
{
	struct buffer own CLEANUP_BUFFER = BUFFER_INIT(PATH_MAX);
	buffer_append_format(&own, "%s.%jd", path, (intmax_t)getpid());
	if (!buffer_ok(&own, "the path of the sampling key", err) ||
	    !file_write(own.data, (struct span){(const char *)key, KEY_SIZE}, KEY_MODE, err)) {
		return false;
	}
	bool linked = link(own.data, path) == 0 || errno == EEXIST;
	int number = errno;
	unlink(own.data);
	return linked || error_set_system(err, number, "cannot make the sampling key %s; check its directory", path);
}

bool installation_make_key(struct installation *installation, struct error *err)
{
	struct config config = {.arena = &installation->arena, .file = installation->file, .err = err};
	const char *path = installation->sampling_key_file;
	uint8_t key[KEY_SIZE];
	if (installation->sampling_key.length > 0) {
		return true;
	}
	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key)) {
		return error_set_system(err, errno, "no random bytes for the sampling key; try again");
	}
	bool ok = file_make_parent(path, err) && publish_key(path, key, err) && read_key(installation, &config, NULL);
	explicit_bzero(key, sizeof(key));
	if (ok && installation->sampling_key.length == 0) {
		ok = error_set(err, ERROR_MISSING, "the sampling key %s went away while it was made; try again", path);
	}
	return ok;
}
