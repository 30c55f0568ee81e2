#include "harness/contract/content.h"

#include "harness/base/text.h"
#include "harness/contract/config.h"
#include "harness/contract/describe.h"

enum { NUMBERS = 3 };

/* --- the content --- */

static void describe_places(struct json_build *build, const struct contract *contract, const char *name)
{
	const struct json_node *list = config_get(config_get(contract->root, "data"), name);
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
	json_build_array(build, name);
	for (const struct json_node *node = json_first(list); node != NULL; node = json_next(list, node)) {
		struct select_path path;
		if (select_compile(json_text(node), &arena, &path, NULL)) {
			describe_path(build, NULL, &path);
		}
		arena_reset(&arena);
	}
	json_build_end(build);
}

static void describe_legacy(struct json_build *build, const struct contract *contract)
{
	static const char *const counts[] = {"first", "final", "at_cutoff"};
	json_build_object(build, "legacy");
	json_build_text(build, "counts", counts[contract->legacy_counts]);
	if (contract->legacy_counts == COUNTS_AT_CUTOFF) {
		json_build_integer(build, "cutoff_us", contract->legacy_cutoff_us);
	}
	json_build_end(build);
}

bool contract_content(const struct contract *contract, struct buffer *ret_content, uint8_t ret_hash[SHA256_SIZE],
		      struct error *err)
{
	struct json_build *build = json_build_create();
	json_build_text(build, "interface", contract->interface);
	describe_message(build, contract);
	describe_records(build, contract);
	describe_fields(build, contract);
	json_build_object(build, "schemas");
	json_build_node(build, "request", contract->request_schema_json);
	json_build_node(build, "response", contract->response_schema_json);
	if (!contract->assert_format) {
		json_build_boolean(build, "assert_format", false);
	}
	json_build_end(build);
	describe_legacy(build, contract);
	json_build_object(build, "data");
	describe_places(build, contract, "internal");
	describe_places(build, contract, "pii");
	json_build_end(build);
	describe_limits(build, contract);
	json_build_node(build, "fallback", json_get_text(contract->root, "fallback"));
	json_build_node(build, "slo", json_get_text(contract->root, "slo"));
	bool done = describe_canonical(build, ret_content, err);
	json_build_destroy(build);
	if (done) {
		hash_sha256(buffer_span(ret_content), ret_hash);
	}
	return done;
}

const char *content_changes(const struct json_node *before, const struct json_node *after, struct arena *arena)
{
	const char *names = "";
	for (const struct json_node *name = json_first(after); name != NULL; name = json_next(after, name)) {
		if (!json_equal(json_member(name), json_get(before, json_text(name)))) {
			names = arena_format(arena, "%s%s%.*s", names, names[0] != '\0' ? ", " : "",
					     SPAN_ARGUMENTS(json_text(name)));
			if (names == NULL) {
				return NULL;
			}
		}
	}
	return names;
}

/* --- versions --- */

const char *version_step_name(enum version_step step)
{
	static const char *const names[] = {"none", "patch", "minor", "major"};
	return names[step];
}

bool version_parse(struct span text, struct version *ret_version)
{
	uint64_t numbers[NUMBERS];
	for (int i = 0; i < NUMBERS; i++) {
		struct span part = {text.data, i < NUMBERS - 1 ? text_find(text, SPAN(".")) : text.length};
		if (part.length == text.length && i < NUMBERS - 1) {
			return false;
		}
		if (!text_to_uint64(part, &numbers[i]) || numbers[i] > UINT32_MAX) {
			return false;
		}
		size_t used = part.length < text.length ? part.length + 1 : part.length;
		text = (struct span){text.data + used, text.length - used};
	}
	*ret_version = (struct version){numbers[0], numbers[1], numbers[2]};
	return true;
}

int version_order(const struct version *a, const struct version *b)
{
	if (a->major != b->major) {
		return a->major < b->major ? -1 : 1;
	}
	if (a->minor != b->minor) {
		return a->minor < b->minor ? -1 : 1;
	}
	return (a->patch > b->patch) - (a->patch < b->patch);
}

struct version version_after(struct version version, enum version_step step)
{
	if (version.major == 0 && step != VERSION_SAME) {
		step = step == VERSION_MAJOR ? VERSION_MINOR : VERSION_PATCH;
	}
	switch (step) {
	case VERSION_MAJOR:
		return (struct version){version.major + 1, 0, 0};
	case VERSION_MINOR:
		return (struct version){version.major, version.minor + 1, 0};
	case VERSION_PATCH:
		return (struct version){version.major, version.minor, version.patch + 1};
	case VERSION_SAME:
	default:
		return version;
	}
}

/* --- steps --- */

static void need(struct content_step *step, enum version_step least, const char *reason)
{
	if (least > step->step) {
		step->step = least;
		step->reason = reason;
	}
}

static const struct json_node *schema_of(const struct json_node *content, const char *side)
{
	static const struct json_node anything = {.type = JSON_TRUE, .span = 1};
	const struct json_node *schema = json_get_text(json_get_text(content, "schemas"), side);
	return schema == NULL || json_is(schema, JSON_NULL) ? &anything : schema;
}

static bool step_schemas(const struct json_node *before, const struct json_node *after, struct arena *arena,
			 struct content_step *step, struct error *err)
{
	if (!schema_compatibility(schema_of(before, "request"), schema_of(after, "request"), arena, &step->request,
				  err) ||
	    !schema_compatibility(schema_of(before, "response"), schema_of(after, "response"), arena, &step->response,
				  err)) {
		return false;
	}
	if ((step->response.mode & COMPATIBILITY_FORWARD) == 0) {
		need(step, VERSION_MAJOR, "the response schema is not FORWARD compatible");
	}
	if ((step->request.mode & COMPATIBILITY_BACKWARD) == 0) {
		need(step, VERSION_MAJOR, "the request schema is not BACKWARD compatible");
	}
	if (step->request.mode != COMPATIBILITY_FULL || step->response.mode != COMPATIBILITY_FULL) {
		need(step, VERSION_MINOR, "a schema changed compatibly");
	}
	return true;
}

static const struct json_node *find_field(const struct json_node *content, struct span name)
{
	const struct json_node *fields = json_get_text(content, "fields");
	for (const struct json_node *field = json_first(fields); field != NULL; field = json_next(fields, field)) {
		if (span_equal(json_text(json_get_text(field, "name")), name)) {
			return field;
		}
	}
	return NULL;
}

/* A field of the one that the other does not have. */
static bool has_more(const struct json_node *one, const struct json_node *other)
{
	const struct json_node *fields = json_get_text(one, "fields");
	for (const struct json_node *field = json_first(fields); field != NULL; field = json_next(fields, field)) {
		if (find_field(other, json_text(json_get_text(field, "name"))) == NULL) {
			return true;
		}
	}
	return false;
}

static bool differs(const struct json_node *before, const struct json_node *after, const char *name)
{
	const struct json_node *one = json_get_text(before, name);
	const struct json_node *other = json_get_text(after, name);
	return !(one == NULL && other == NULL) && !json_equal(one, other);
}

bool content_step(const struct json_node *before, const struct json_node *after, struct arena *arena,
		  struct content_step *ret_step, struct error *err)
{
	struct content_step step = {.reason = ""};
	const struct json_node *message_before = json_get_text(before, "message");
	const struct json_node *message_after = json_get_text(after, "message");
	if (!step_schemas(before, after, arena, &step, err)) {
		return false;
	}
	if (differs(json_get_text(before, "schemas"), json_get_text(after, "schemas"), "assert_format")) {
		need(&step, VERSION_MAJOR, "formats decide in one of the two, and annotate in the other");
	}
	if (differs(before, after, "interface")) {
		need(&step, VERSION_MAJOR, "it is another interface");
	}
	if (differs(message_before, message_after, "id") || differs(before, after, "records")) {
		need(&step, VERSION_MAJOR, "messages or records are identified otherwise");
	}
	if (has_more(before, after)) {
		need(&step, VERSION_MAJOR, "a field is gone");
	}
	if (has_more(after, before)) {
		need(&step, VERSION_MINOR, "a field is new");
	}
	if (!json_equal(before, after)) {
		need(&step, VERSION_PATCH, "the content changed");
	}
	*ret_step = step;
	return true;
}
