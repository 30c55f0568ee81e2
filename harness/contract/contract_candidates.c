/* The LLM paths. */
#include "harness/base/text.h"
#include "harness/contract/config.h"

static bool load_price(const struct config *config, const struct json_node *node, struct contract_price *price)
{
	return config_money(config, config_get(node, "input"), 0, &price->input) &&
	       config_money(config, config_get(node, "output"), 0, &price->output) &&
	       config_money(config, config_get(node, "cache_read"), price->input, &price->cache_read) &&
	       config_money(config, config_get(node, "cache_write"), price->input, &price->cache_write);
}

/* The secret stands in the environment only: a contract is a file that many people read. */
static bool load_key(const struct config *config, const struct json_node *node, const char **ret_key)
{
	struct span key = json_text(node);
	if (key.length == 0) {
		*ret_key = NULL;
		return true;
	}
	if (!config_from_environment(config, node)) {
		return config_fail(config, node,
				   "the key stands in the file; write ${NAME} here and set that environment variable");
	}
	for (size_t i = 0; i < key.length; i++) {
		if ((unsigned char)key.data[i] <= 0x20 || (unsigned char)key.data[i] >= 0x7f) {
			return config_fail(config, node,
					   "the key holds white space or characters that no HTTP header can carry; "
					   "correct the environment variable");
		}
	}
	return config_text(config, node, NULL, ret_key);
}

static bool is_url_byte(char c)
{
	return (unsigned char)c > 0x20 && (unsigned char)c < 0x7f && strchr("\"<>\\^`{|}?#@", c) == NULL;
}

static bool load_endpoint(const struct config *config, const struct json_node *node, const char **ret_endpoint)
{
	struct span url = json_text(node);
	size_t scheme = text_starts_with(url, "https://") ? 8 : text_starts_with(url, "http://") ? 7 : 0;
	bool good = scheme > 0 && url.length > scheme && url.data[scheme] != '/' && url.data[scheme] != ':';
	for (size_t i = 0; i < url.length; i++) {
		good = good && is_url_byte(url.data[i]);
	}
	if (!good) {
		return config_fail(config, node,
				   "the endpoint is no base URL; write http:// or https://, host and path, without "
				   "user, query or fragment");
	}
	while (url.data[url.length - 1] == '/') {
		url.length--;
	}
	*ret_endpoint = arena_copy(config->arena, url);
	return *ret_endpoint != NULL || config_fail_memory(config);
}

static bool load_prompt(const struct contract *contract, const struct config *config, const struct json_node *node,
			struct contract_candidate *candidate)
{
	const char *path;
	if (!config_file(config, node, &candidate->prompt, &path)) {
		return false;
	}
	hash_sha256(candidate->prompt, candidate->prompt_hash);
	return contract_check_prompt(contract, config, node, candidate->prompt);
}

static bool load_call(const struct contract *contract, const struct config *config, const struct json_node *node,
		      struct contract_candidate *candidate)
{
	static const char *const needed[] = {"endpoint", "model", "prompt"};
	bool recorded = strcmp(candidate->provider, "recorded") == 0;
	for (size_t i = 0; i < 3; i++) {
		if (!recorded && config_get(node, needed[i]) == NULL) {
			return config_fail(config, node, "a candidate of provider %s needs the key \"%s\"; add it",
					   candidate->provider, needed[i]);
		}
	}
	const struct json_node *endpoint = config_get(node, "endpoint");
	const struct json_node *prompt = config_get(node, "prompt");
	candidate->prompt = SPAN("");
	return (endpoint == NULL || load_endpoint(config, endpoint, &candidate->endpoint)) &&
	       load_key(config, config_get(node, "key"), &candidate->key) &&
	       config_text(config, config_get(node, "model"), NULL, &candidate->model) &&
	       (prompt == NULL || load_prompt(contract, config, prompt, candidate));
}

static bool load_candidate(const struct contract *contract, const struct config *config, const struct json_node *node,
			   struct contract_candidate *candidate)
{
	return config_text(config, config_get(node, "name"), NULL, &candidate->name) &&
	       config_text(config, config_get(node, "provider"), NULL, &candidate->provider) &&
	       load_call(contract, config, node, candidate) &&
	       config_double(config, config_get(node, "temperature"), 0, &candidate->temperature) &&
	       config_small(config, config_get(node, "timeout_ms"), 8000, &candidate->timeout_ms) &&
	       config_small(config, config_get(node, "retries"), 2, &candidate->retries) &&
	       config_small(config, config_get(node, "concurrency"), 8, &candidate->concurrency) &&
	       load_price(config, config_get(node, "price"), &candidate->price) &&
	       config_boolean(config, config_get(node, "simulated"), false, &candidate->simulated);
}

bool contract_load_candidates(struct contract *contract, const struct config *config)
{
	const struct json_node *list = config_get(contract->root, "candidates");
	contract->candidates = arena_allocate_array(config->arena, json_count(list), sizeof(*contract->candidates));
	if (contract->candidates == NULL) {
		return config_fail_memory(config);
	}
	for (const struct json_node *node = json_first(list); node != NULL; node = json_next(list, node)) {
		struct contract_candidate *candidate = &contract->candidates[contract->candidate_count];
		if (!load_candidate(contract, config, node, candidate)) {
			return false;
		}
		for (size_t i = 0; i < contract->candidate_count; i++) {
			if (strcmp(contract->candidates[i].name, candidate->name) == 0) {
				return config_fail(config, node,
						   "two candidates have the same name; give each a name of its own");
			}
		}
		contract->candidate_count++;
	}
	return true;
}
