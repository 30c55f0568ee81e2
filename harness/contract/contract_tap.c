/* The `tap:` of a contract: how its messages are seen. */
#include "harness/base/text.h"
#include "harness/contract/config.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { CAPTURE_MAX = 1 << 20, CAPTURE_FLOOR = 60, LEGACY_TIMEOUT_MS = 60000, PAIR_WINDOW_HOURS = 72 };

static const int64_t HOUR_US = INT64_C(3600) * CLOCK_SECOND;

static bool is_host_byte(char c)
{
	char lower = text_lower(c);
	return (lower >= 'a' && lower <= 'z') || text_is_digit(c) || c == '.' || c == '-' || c == '_';
}

static bool is_host(struct span host)
{
	for (size_t i = 0; i < host.length; i++) {
		if (!is_host_byte(host.data[i])) {
			return false;
		}
	}
	return host.length > 0;
}

/* Bytes of the host that "HOST:PORT" or "[IPv6]:PORT" begins with, brackets included; 0 where it is none. */
static size_t host_length(struct span text)
{
	if (text.length == 0 || text.data[0] != '[') {
		size_t end = text_find(text, SPAN(":"));
		return is_host((struct span){text.data, end}) ? end : 0;
	}
	char address[INET6_ADDRSTRLEN];
	struct in6_addr binary;
	size_t close = text_find(text, SPAN("]"));
	if (close == text.length || close > sizeof(address)) {
		return 0;
	}
	memcpy(address, text.data + 1, close - 1);
	address[close - 1] = '\0';
	return inet_pton(AF_INET6, address, &binary) == 1 ? close + 1 : 0;
}

/* The host without brackets, and the port, empty where none is given. */
static bool split_host(struct span text, struct span *ret_host, struct span *ret_port)
{
	size_t length = host_length(text);
	size_t bracket = length > 0 && text.data[0] == '[' ? 1 : 0;
	struct span rest = {text.data + length, text.length - length};
	struct span port = SPAN("");
	uint64_t number;
	if (length == 0) {
		return false;
	}
	if (rest.length > 0) {
		port = (struct span){rest.data + 1, rest.length - 1};
		if (rest.data[0] != ':' || !text_to_uint64(port, &number) || number == 0 || number > UINT16_MAX) {
			return false;
		}
	}
	*ret_host = (struct span){text.data + bracket, length - 2 * bracket};
	*ret_port = port;
	return true;
}

/* http://HOST:PORT or https://HOST:PORT. */
static bool load_legacy_address(struct contract_tap *tap, const struct config *config, const struct json_node *node)
{
	struct span address = json_text(node);
	struct span host;
	struct span port;
	bool tls = text_starts_with(address, "https://");
	size_t scheme = tls ? 8 : 7;
	if (tls || text_starts_with(address, "http://")) {
		address.data += scheme;
		address.length -= scheme;
	} else {
		address.length = 0;
	}
	if (address.length > 0 && address.data[address.length - 1] == '/') {
		address.length--;
	}
	if (!split_host(address, &host, &port)) {
		return config_fail(config, node,
				   "tap.legacy is no address; write http://HOST:PORT or https://HOST:PORT without "
				   "user, path or query");
	}
	tap->legacy_tls = tls;
	tap->legacy_host = arena_copy(config->arena, host);
	tap->legacy_port = arena_copy(config->arena, port.length > 0 ? port : tls ? SPAN("443") : SPAN("80"));
	return (tap->legacy_host != NULL && tap->legacy_port != NULL) || config_fail_memory(config);
}

/* The absolute path of a file that must be there; the tap reads it, not this process. NULL where the key is absent. */
static bool load_file(const struct config *config, const struct json_node *node, const char **ret_path)
{
	*ret_path = NULL;
	if (node == NULL) {
		return true;
	}
	const char *path;
	if (!config_beside(config, json_text(node), &path)) {
		return false;
	}
	char *absolute = realpath(path, NULL);
	if (absolute == NULL) {
		return config_fail(config, node, "the file %s cannot be found; correct the path", path);
	}
	*ret_path = arena_copy(config->arena, span_of(absolute));
	free(absolute);
	return *ret_path != NULL || config_fail_memory(config);
}

static bool load_pair_of_files(const struct config *config, const struct json_node *node, struct contract_tls *tls)
{
	return load_file(config, config_get(node, "certificate"), &tls->certificate) &&
	       load_file(config, config_get(node, "key"), &tls->key) &&
	       load_file(config, config_get(node, "ca"), &tls->ca) &&
	       ((tls->certificate == NULL) == (tls->key == NULL) ||
		config_fail(config, node, "certificate and key belong together; give both or none"));
}

bool contract_load_listener_tls(const struct config *config, const struct json_node *node, struct contract_tls *tls)
{
	const char *minimum;
	if (!load_pair_of_files(config, node, tls) ||
	    !config_text(config, config_get(node, "minimum"), "1.2", &minimum)) {
		return false;
	}
	tls->used = node != NULL;
	tls->only_13 = strcmp(minimum, "1.3") == 0;
	return true;
}

static bool load_legacy_tls(struct contract_tap *tap, const struct config *config, const struct json_node *node)
{
	if (node != NULL && !tap->legacy_tls) {
		return config_fail(config, node,
				   "tap.legacy_tls needs tap.legacy with https://; write it, or remove this");
	}
	tap->legacy_files.used = tap->legacy_tls;
	return load_pair_of_files(config, node, &tap->legacy_files) &&
	       config_text(config, config_get(node, "server_name"), NULL, &tap->legacy_server_name) &&
	       config_boolean(config, config_get(node, "verify"), true, &tap->legacy_verify);
}

/* `pair.key`: header:NAME, or a path into the message. */
static bool load_pair(struct contract_tap *tap, const struct config *config, const struct json_node *node)
{
	int64_t hours;
	const struct json_node *key = config_get(node, "key");
	if (!config_integer(config, config_get(node, "window_hours"), PAIR_WINDOW_HOURS, &hours)) {
		return false;
	}
	tap->pair_window_us = hours * HOUR_US;
	if (key == NULL) {
		return true;
	}
	struct span text = json_text(key);
	if (text_starts_with(text, "header:")) {
		tap->pair_header = arena_copy(config->arena, (struct span){text.data + 7, text.length - 7});
		return tap->pair_header != NULL || config_fail_memory(config);
	}
	tap->has_pair_path = true;
	return config_path(config, key, "tap.pair.key", &tap->pair_path);
}

static bool load_capture(struct contract_tap *tap, const struct config *config, const struct json_node *node)
{
	int64_t capture_max;
	if (!config_integer(config, config_get(node, "capture_max"), CAPTURE_MAX, &capture_max) ||
	    !config_small(config, config_get(node, "capture_floor"), CAPTURE_FLOOR, &tap->capture_floor)) {
		return false;
	}
	tap->capture_max = (size_t)capture_max;
	return true;
}

static bool load_inline(struct contract_tap *tap, const struct config *config, const struct json_node *node)
{
	const struct json_node *legacy = config_get(node, "legacy");
	if (legacy == NULL) {
		return config_fail(config, node,
				   "tap.legacy is missing; write the legacy system's address, "
				   "http://HOST:PORT");
	}
	return load_legacy_address(tap, config, legacy) &&
	       load_legacy_tls(tap, config, config_get(node, "legacy_tls")) &&
	       config_boolean(config, config_get(node, "forwarded"), false, &tap->forwarded) &&
	       config_small(config, config_get(node, "legacy_timeout_ms"), LEGACY_TIMEOUT_MS, &tap->legacy_timeout_ms);
}

/* What only one kind of tap understands is refused for the others, by name. */
static bool check_kind(const struct contract_tap *tap, const struct config *config, const struct json_node *node)
{
	static const struct {
		const char *key;
		unsigned kinds;
	} rows[] = {
		{"listen", 1U << CONTRACT_TAP_INLINE | 1U << CONTRACT_TAP_MIRROR},
		{"tls", 1U << CONTRACT_TAP_INLINE | 1U << CONTRACT_TAP_MIRROR},
		{"match", 1U << CONTRACT_TAP_INLINE | 1U << CONTRACT_TAP_MIRROR},
		{"legacy", 1U << CONTRACT_TAP_INLINE},
		{"legacy_tls", 1U << CONTRACT_TAP_INLINE},
		{"forwarded", 1U << CONTRACT_TAP_INLINE},
		{"legacy_timeout_ms", 1U << CONTRACT_TAP_INLINE},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct json_node *value = config_get(node, rows[i].key);
		if (value != NULL && (rows[i].kinds & 1U << tap->kind) == 0) {
			return config_fail(config, value, "tap.%s means nothing for a tap of this kind; remove it",
					   rows[i].key);
		}
	}
	return tap->kind == CONTRACT_TAP_INGEST || config_get(node, "listen") != NULL ||
	       config_fail(config, node, "tap.listen is missing; write HOST:PORT");
}

bool contract_load_tap(struct contract *contract, const struct config *config)
{
	static const char *const kinds[] = {"", "inline", "mirror", "ingest"};
	struct contract_tap *tap = &contract->tap;
	const struct json_node *node = config_get(contract->root, "tap");
	const char *word;
	if (!config_text(config, config_get(node, "kind"), node != NULL ? "inline" : "", &word) ||
	    !load_capture(tap, config, node) || !load_pair(tap, config, config_get(node, "pair"))) {
		return false;
	}
	for (int i = 0; i < 4; i++) {
		if (strcmp(word, kinds[i]) == 0) {
			tap->kind = (enum contract_tap_kind)i;
		}
	}
	return node == NULL ||
	       (check_kind(tap, config, node) && config_check_listen(config, config_get(node, "listen")) &&
		config_text(config, config_get(node, "listen"), NULL, &tap->listen) &&
		contract_load_listener_tls(config, config_get(node, "tls"), &tap->tls) &&
		config_text(config, config_get(node, "match.method"), NULL, &tap->match_method) &&
		config_text(config, config_get(node, "match.path"), NULL, &tap->match_path) &&
		(tap->kind != CONTRACT_TAP_INLINE || load_inline(tap, config, node)));
}
