#include "harness/pipeline/freeze.h"

#include "harness/contract/content.h"
#include "harness/store/version.h"

#include <stdio.h>

enum { CONTENT_MAX = 16 << 20, ARENA_MAX = 256 << 20, ADVICE_SIZE = 100 };

static int version_line(const struct contract *contract)
{
	const struct json_node *version = json_get_text(contract->root, "version");
	return version != NULL && contract->lines != NULL ? (int)contract->lines[version - contract->root] : 0;
}

/* "version: 2.0.0 or later", where versions are numbers that can be counted on. */
static void advise(const struct contract *contract, enum version_step step, char advice[ADVICE_SIZE])
{
	struct version version;
	if (!version_parse(span_of(contract->version), &version)) {
		snprintf(advice, ADVICE_SIZE, "write a version that was not used yet");
		return;
	}
	version = version_after(version, step);
	snprintf(advice, ADVICE_SIZE, "write version: %ju.%ju.%ju or later", (uintmax_t)version.major,
		 (uintmax_t)version.minor, (uintmax_t)version.patch);
}

static bool refuse(const struct contract *contract, struct span before, struct span after, struct arena *arena,
		   struct error *err)
{
	const struct json_node *old_content;
	const struct json_node *new_content;
	struct content_step step;
	char advice[ADVICE_SIZE];
	if (!json_parse(arena, before, NULL, &old_content, err) || !json_parse(arena, after, NULL, &new_content, err) ||
	    !content_step(old_content, new_content, arena, &step, err)) {
		return false;
	}
	const char *changes = content_changes(old_content, new_content, arena);
	advise(contract, step.step, advice);
	return error_set_at(err, ERROR_CONFIG, contract->file, version_line(contract),
			    "version %s of interface \"%s\" was used with another content (changed: %s%s%s), and a "
			    "version once used is frozen; %s, or undo the change",
			    contract->version, contract->interface, changes != NULL ? changes : "several parts",
			    step.step > VERSION_PATCH ? "; " : "", step.step > VERSION_PATCH ? step.reason : "",
			    advice);
}

bool freeze_version(struct store *store, const struct contract *contract, int64_t interface_id, int64_t now,
		    struct error *ret_notice, struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	CLEANUP_BUFFER struct buffer content = BUFFER_INIT(CONTENT_MAX);
	uint8_t hash[SHA256_SIZE];
	struct span used_hash;
	struct span used_content;
	bool used = false;
	struct span version = span_of(contract->version);
	if (!contract_content(contract, &content, hash, err) ||
	    !store_version_find(store, interface_id, version, &arena, &used, &used_hash, &used_content, err)) {
		return false;
	}
	struct span own_hash = {(const char *)hash, sizeof(hash)};
	if (used && span_equal(used_hash, own_hash)) {
		return true;
	}
	if (used && strcmp(contract->environment, "dev") != 0) {
		return refuse(contract, used_content, buffer_span(&content), &arena, err);
	}
	if (used) {
		error_set_at(
			ret_notice, ERROR_CONFIG, contract->file, version_line(contract),
			"version %s of interface \"%s\" has another content than before; in the environment dev it "
			"replaces the former one, elsewhere it would be refused",
			contract->version, contract->interface);
	}
	return store_version_put(store, interface_id, version, own_hash, buffer_span(&content), now, err);
}
