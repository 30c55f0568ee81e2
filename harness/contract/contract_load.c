#include "harness/base/text.h"
#include "harness/contract/config.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { ARENA_MAXIMUM = 256 << 20, CAPTURE_MAX = 1 << 20 };

extern const char asset_contract_schema_json[];
extern const size_t asset_contract_schema_json_size;

struct span contract_schema_text(void)
{
	return (struct span){asset_contract_schema_json, asset_contract_schema_json_size};
}

static bool load_head(struct contract *contract, const struct config *config)
{
	const struct json_node *root = contract->root;
	if (!config_text(config, config_get(root, "interface"), NULL, &contract->interface) ||
	    !config_text(config, config_get(root, "version"), NULL, &contract->version) ||
	    !config_text(config, config_get(root, "environment"), "test", &contract->environment)) {
		return false;
	}
	contract->production = strcmp(contract->environment, "prod") == 0;
	contract->currency = "USD";
	return config_text(config, config_get(root, "owners.integration"), NULL, &contract->owner_integration) &&
	       config_text(config, config_get(root, "owners.escalation"), NULL, &contract->owner_escalation) &&
	       config_text(config, config_get(root, "owners.runbook"), NULL, &contract->runbook);
}

/* --- tap --- */

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

static bool load_legacy_address(struct contract *contract, const struct config *config, const struct json_node *node)
{
	struct span address = json_text(node);
	struct span host;
	struct span port;
	if (text_starts_with(address, "https://")) {
		return config_fail(config, node, "tap.legacy with https is not supported yet; write http://HOST:PORT");
	}
	if (text_starts_with(address, "http://")) {
		address.data += 7;
		address.length -= 7;
	} else {
		address.length = 0;
	}
	if (address.length > 0 && address.data[address.length - 1] == '/') {
		address.length--;
	}
	if (!split_host(address, &host, &port)) {
		return config_fail(config, node,
				   "tap.legacy is no address; write http://HOST:PORT without user, path or query");
	}
	contract->tap_legacy_host = arena_copy(config->arena, host);
	contract->tap_legacy_port = arena_copy(config->arena, port.length > 0 ? port : SPAN("80"));
	return (contract->tap_legacy_host != NULL && contract->tap_legacy_port != NULL) || config_fail_memory(config);
}

static bool load_tap(struct contract *contract, const struct config *config)
{
	const struct json_node *tap = config_get(contract->root, "tap");
	int64_t capture_max;
	if (!config_integer(config, config_get(tap, "capture_max"), CAPTURE_MAX, &capture_max)) {
		return false;
	}
	contract->tap_capture_max = (size_t)capture_max;
	return tap == NULL ||
	       (config_check_listen(config, config_get(tap, "listen")) &&
		config_text(config, config_get(tap, "listen"), NULL, &contract->tap_listen) &&
		config_text(config, config_get(tap, "match.method"), NULL, &contract->tap_match_method) &&
		config_text(config, config_get(tap, "match.path"), NULL, &contract->tap_match_path) &&
		load_legacy_address(contract, config, config_get(tap, "legacy")));
}

/* --- message --- */

static bool load_message_id(struct contract *contract, const struct config *config)
{
	const struct json_node *id = config_get(contract->root, "message.id");
	bool single = json_is(id, JSON_STRING);
	if (single && span_is(json_text(id), "none")) {
		return true;
	}
	size_t count = single ? 1 : json_count(id);
	contract->message_id = arena_allocate_array(config->arena, count, sizeof(*contract->message_id));
	if (contract->message_id == NULL) {
		return config_fail_memory(config);
	}
	for (size_t i = 0; i < count; i++) {
		const struct json_node *item = single ? id : json_at(id, i);
		if (!config_path(config, item, "message.id", &contract->message_id[i])) {
			return false;
		}
	}
	contract->message_id_count = count;
	return true;
}

static bool load_message(struct contract *contract, const struct config *config)
{
	const struct json_node *event_time = config_get(contract->root, "message.event_time");
	const struct json_node *test = config_get(contract->root, "message.test");
	contract->has_event_time = event_time != NULL;
	contract->has_test_mark = test != NULL;
	return load_message_id(contract, config) &&
	       (event_time == NULL || config_path(config, event_time, "message.event_time", &contract->event_time)) &&
	       (test == NULL || config_path(config, test, "message.test", &contract->test_mark));
}

/* --- legacy --- */

static bool load_legacy(struct contract *contract, const struct config *config)
{
	static const char *const counts[] = {"first", "final", "at_cutoff"};
	const struct json_node *legacy = config_get(contract->root, "legacy");
	const char *word;
	if (!config_text(config, config_get(legacy, "kind"), NULL, &contract->legacy_kind) ||
	    !config_text(config, config_get(legacy, "version"), NULL, &contract->legacy_version) ||
	    !config_boolean(config, config_get(legacy, "simulated"), false, &contract->legacy_simulated) ||
	    !config_text(config, config_get(legacy, "counts"), "final", &word)) {
		return false;
	}
	for (int i = 0; i < 3; i++) {
		if (strcmp(word, counts[i]) == 0) {
			contract->legacy_counts = (enum contract_counts)i;
		}
	}
	if (strcmp(contract->legacy_kind, "live") == 0 && config_get(contract->root, "tap") == NULL) {
		return config_fail(config, legacy,
				   "legacy.kind is live but there is no tap; add tap, or write kind: recorded");
	}
	return true;
}

/* --- schemas --- */

/* json_parse begins its messages with "line L, column C". */
static int line_in(const char *message)
{
	int line = 0;
	const char *c = message;
	if (strncmp(c, "line ", 5) == 0) {
		for (c += 5; text_is_digit(*c) && line < INT32_MAX / 10 - 1; c++) {
			line = line * 10 + (*c - '0');
		}
	}
	return line;
}

static bool load_schema(const struct config *config, const struct json_node *node, struct schema **ret_schema,
			struct span *ret_text, const struct json_node **ret_json, uint8_t hash[SHA256_SIZE])
{
	struct error inner = ERROR_INIT;
	struct buffer canonical CLEANUP_BUFFER = BUFFER_INIT(16 << 20);
	const char *path;
	if (!config_file(config, node, ret_text, &path)) {
		return false;
	}
	if (!json_parse(config->arena, *ret_text, NULL, ret_json, &inner)) {
		return error_set_at(config->err, ERROR_CONFIG, path, line_in(inner.message),
				    "not JSON: %s; correct the file", inner.message);
	}
	*ret_schema = schema_create(*ret_json, &inner);
	if (*ret_schema == NULL) {
		return error_set_at(config->err, inner.code, path, 0, "%s", inner.message);
	}
	json_write_canonical(&canonical, *ret_json);
	if (canonical.failed) {
		return config_fail_memory(config);
	}
	hash_sha256(buffer_span(&canonical), hash);
	return true;
}

static bool load_schemas(struct contract *contract, const struct config *config)
{
	const struct json_node *request = config_get(contract->root, "schemas.request");
	const struct json_node *response = config_get(contract->root, "schemas.response");
	struct span text;
	const struct json_node *json;
	return (request == NULL ||
		load_schema(config, request, &contract->request_schema, &text, &json, contract->request_schema_hash)) &&
	       load_schema(config, response, &contract->response_schema, &contract->response_schema_text,
			   &contract->response_schema_json, contract->response_schema_hash);
}

/* --- entry --- */

static bool load(struct contract *contract, const char *file, struct error *err)
{
	struct config config = {.arena = &contract->arena, .err = err};
	config.file = arena_copy(&contract->arena, span_of(file));
	if (config.file == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for %s; free some", file);
	}
	contract->file = config.file;
	if (!config_read(&config, contract_schema_text())) {
		return false;
	}
	contract->root = config.document.root;
	return load_head(contract, &config) && load_tap(contract, &config) && load_message(contract, &config) &&
	       load_legacy(contract, &config) && load_schemas(contract, &config) &&
	       contract_load_records(contract, &config) && contract_load_data(contract, &config) &&
	       contract_load_plan(contract, &config) && contract_load_candidates(contract, &config);
}

struct contract *contract_load(const char *file, struct error *err)
{
	struct contract *contract = calloc(1, sizeof(*contract));
	if (contract == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for %s; free some", file);
		return NULL;
	}
	arena_init(&contract->arena, ARENA_MAXIMUM);
	if (!load(contract, file, err)) {
		contract_destroy(contract);
		return NULL;
	}
	return contract;
}

void contract_destroy(struct contract *contract)
{
	if (contract == NULL) {
		return;
	}
	schema_destroy(contract->request_schema);
	schema_destroy(contract->response_schema);
	arena_finish(&contract->arena);
	free(contract);
}
