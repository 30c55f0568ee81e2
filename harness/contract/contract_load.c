#include "harness/base/text.h"
#include "harness/contract/config.h"

#include <stdlib.h>

enum { ARENA_MAXIMUM = 256 << 20, CUTOFF_HOURS = 24 };

static const int64_t HOUR_US = INT64_C(3600) * CLOCK_SECOND;

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
	    !config_text(config, config_get(root, "title"), NULL, &contract->title) ||
	    !config_text(config, config_get(root, "description"), NULL, &contract->description) ||
	    !config_text(config, config_get(root, "environment"), "test", &contract->environment)) {
		return false;
	}
	contract->production = strcmp(contract->environment, "prod") == 0;
	contract->currency = "USD";
	return config_text(config, config_get(root, "owners.integration"), NULL, &contract->owner_integration) &&
	       config_text(config, config_get(root, "owners.escalation"), NULL, &contract->owner_escalation) &&
	       config_text(config, config_get(root, "owners.runbook"), NULL, &contract->runbook);
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
	int64_t cutoff_hours;
	const struct json_node *cutoff = config_get(legacy, "cutoff_hours");
	if (!config_integer(config, cutoff, CUTOFF_HOURS, &cutoff_hours)) {
		return false;
	}
	contract->legacy_cutoff_us = cutoff_hours * HOUR_US;
	if (cutoff != NULL && contract->legacy_counts != COUNTS_AT_CUTOFF) {
		return config_fail(config, cutoff,
				   "legacy.cutoff_hours means nothing here; write counts: at_cutoff, or remove it");
	}
	if (strcmp(contract->legacy_kind, "live") == 0 && contract->tap.kind == CONTRACT_TAP_NONE) {
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

bool contract_load_schema(const struct config *config, const struct json_node *node, struct contract_schema *ret_schema)
{
	struct error inner = ERROR_INIT;
	struct buffer canonical CLEANUP_BUFFER = BUFFER_INIT(16 << 20);
	struct contract_schema loaded = {0};
	struct schema_options options = {0};
	if (!config_boolean(config, config_get(config->document.root, "schemas.assert_format"), true,
			    &options.assert_format) ||
	    !config_file(config, node, &loaded.text, &loaded.file)) {
		return false;
	}
	if (!json_parse(config->arena, loaded.text, NULL, &loaded.json, &inner)) {
		return error_set_at(config->err, ERROR_CONFIG, loaded.file, line_in(inner.message),
				    "not JSON: %s; correct the file", inner.message);
	}
	json_write_canonical(&canonical, loaded.json);
	if (canonical.failed) {
		return config_fail_memory(config);
	}
	hash_sha256(buffer_span(&canonical), loaded.hash);
	loaded.compiled = schema_create(loaded.json, &options, &inner);
	if (loaded.compiled == NULL) {
		return error_set_at(config->err, inner.code, loaded.file, 0, "%s", inner.message);
	}
	if (config_from_environment(config, node)) {
		loaded.file = "(schema named by the environment)";
	}
	*ret_schema = loaded;
	return true;
}

static bool load_request_schema(struct contract *contract, const struct config *config)
{
	struct contract_schema loaded;
	const struct json_node *node = config_get(contract->root, "schemas.request");
	if (node == NULL) {
		return true;
	}
	if (!contract_load_schema(config, node, &loaded)) {
		return false;
	}
	contract->request_schema = loaded.compiled;
	contract->request_schema_text = loaded.text;
	contract->request_schema_json = loaded.json;
	contract->request_schema_file = loaded.file;
	memcpy(contract->request_schema_hash, loaded.hash, SHA256_SIZE);
	return true;
}

static bool load_response_schema(struct contract *contract, const struct config *config)
{
	struct contract_schema loaded;
	if (!contract_load_schema(config, config_get(contract->root, "schemas.response"), &loaded)) {
		return false;
	}
	contract->response_schema = loaded.compiled;
	contract->response_schema_text = loaded.text;
	contract->response_schema_json = loaded.json;
	contract->response_schema_file = loaded.file;
	memcpy(contract->response_schema_hash, loaded.hash, SHA256_SIZE);
	return true;
}

static bool load_schemas(struct contract *contract, const struct config *config)
{
	return config_boolean(config, config_get(contract->root, "schemas.assert_format"), true,
			      &contract->assert_format) &&
	       load_request_schema(contract, config) && load_response_schema(contract, config);
}

/* --- entry --- */

static bool load(struct contract *contract, const char *file, const struct contract_content *contents, size_t count,
		 struct error *err)
{
	struct config config = {.arena = &contract->arena, .contents = contents, .content_count = count, .err = err};
	config.file = arena_copy(&contract->arena, span_of(file));
	if (config.file == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for %s; free some", file);
	}
	contract->file = config.file;
	if (!config_read(&config, contract_schema_text())) {
		return false;
	}
	contract->root = config.document.root;
	contract->text = config.text;
	contract->lines = config.document.lines;
	return load_head(contract, &config) && contract_load_tap(contract, &config) &&
	       load_message(contract, &config) && load_legacy(contract, &config) && load_schemas(contract, &config) &&
	       contract_load_records(contract, &config) && contract_load_drift(contract, &config) &&
	       contract_load_data(contract, &config) && contract_load_plan(contract, &config) &&
	       contract_load_input(contract, &config) && contract_load_candidates(contract, &config);
}

struct contract *contract_load_changed(const char *file, const struct contract_content *contents, size_t count,
				       struct error *err)
{
	struct contract *contract = calloc(1, sizeof(*contract));
	if (contract == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for %s; free some", file);
		return NULL;
	}
	arena_init(&contract->arena, ARENA_MAXIMUM);
	if (!load(contract, file, contents, count, err)) {
		contract_destroy(contract);
		return NULL;
	}
	return contract;
}

struct contract *contract_load(const char *file, struct error *err)
{
	return contract_load_changed(file, NULL, 0, err);
}

void contract_destroy(struct contract *contract)
{
	if (contract == NULL) {
		return;
	}
	schema_destroy(contract->request_schema);
	schema_destroy(contract->response_schema);
	schema_destroy(contract->legacy_own_schema);
	arena_finish(&contract->arena);
	free(contract);
}
