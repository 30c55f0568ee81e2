/* From a schema to its cases. */
#include "evaluators/reach/internal.h"

#include "harness/base/text.h"

enum { WORK_MAX = 20000, DEPTH_MAX = 40 };

/* --- the document --- */

static bool names(struct span dialect, struct span part)
{
	return text_find(dialect, part) < dialect.length;
}

static int dialect_of(struct span dialect)
{
	bool old = names(dialect, SPAN("draft-07")) || names(dialect, SPAN("draft-06"));
	return old ? 7 : names(dialect, SPAN("2019-09")) ? 2019 : 2020;
}

void reach_init(struct reach *reach, const struct json_node *root, struct arena *arena)
{
	*reach = (struct reach){.root = root, .arena = arena};
	reach->dialect = dialect_of(json_text(json_get_text(root, "$schema")));
	for (const struct json_node *node = root + 1; node < root + root->span; node++) {
		bool names_one = json_is(node, JSON_STRING) && span_is(json_text(node), "$id") &&
				 node + 1 < root + root->span && json_is(node + 1, JSON_STRING);
		reach->embedded = reach->embedded || (names_one && json_get_text(root, "$id") != node + 1);
	}
}

/* The one schema of the document that carries this name by `keyword`; NULL where there is none or several. */
static const struct json_node *find_anchor(const struct json_node *root, const char *keyword, struct span name)
{
	const struct json_node *found = NULL;
	for (const struct json_node *node = root; node < root + root->span; node++) {
		const struct json_node *anchor = json_is(node, JSON_OBJECT) ? json_get_text(node, keyword) : NULL;
		if (json_is(anchor, JSON_STRING) && span_equal(json_text(anchor), name)) {
			if (found != NULL) {
				return NULL;
			}
			found = node;
		}
	}
	return found;
}

static const struct json_node *follow_pointer(const struct reach *reach, struct span pointer)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 16);
	struct select_path path;
	if (memchr(pointer.data, '%', pointer.length) != NULL || !select_compile(pointer, &arena, &path, NULL)) {
		return NULL;
	}
	return select_get(&path, reach->root);
}

/* An anchor of `$dynamicRef` is followed where the document has only one of the name, so that no scope can change it.
 */
const struct json_node *reach_follow(const struct reach *reach, const struct json_node *schema, const char *keyword)
{
	struct span target = json_text(json_get_text(schema, keyword));
	struct span own = json_text(json_get_text(reach->root, "$id"));
	if (reach->embedded) {
		return NULL;
	}
	if (own.length > 0 && target.length >= own.length && memcmp(target.data, own.data, own.length) == 0 &&
	    (target.length == own.length || target.data[own.length] == '#')) {
		target = (struct span){target.data + own.length, target.length - own.length};
		if (target.length == 0) {
			return reach->root;
		}
	}
	if (target.length == 0 || target.data[0] != '#') {
		return NULL;
	}
	target = (struct span){target.data + 1, target.length - 1};
	if (target.length == 0 || target.data[0] == '/') {
		return follow_pointer(reach, target);
	}
	const struct json_node *dynamic = find_anchor(reach->root, "$dynamicAnchor", target);
	const struct json_node *plain = find_anchor(reach->root, "$anchor", target);
	return dynamic == NULL ? plain : plain == NULL ? dynamic : NULL;
}

/* --- cases --- */

struct reach_place reach_anything(struct reach *reach)
{
	struct reach_place place = {.presence = REACH_REQUIRED, .count = 1};
	place.cases = arena_allocate(reach->arena, sizeof(*place.cases));
	reach->failed = reach->failed || place.cases == NULL;
	place.count = place.cases != NULL;
	return place;
}

static struct reach_place join(struct reach *reach, struct reach_place one, struct reach_place other)
{
	struct reach_place both = {.presence = REACH_REQUIRED, .count = one.count + other.count};
	if (both.count > REACH_CASES_MAX) {
		return reach_anything(reach);
	}
	both.cases = arena_allocate_array(reach->arena, both.count, sizeof(*both.cases));
	if (both.cases == NULL) {
		reach->failed = true;
		return (struct reach_place){.presence = REACH_IMPOSSIBLE};
	}
	reach_copy(both.cases, one.cases, one.count * sizeof(*both.cases));
	reach_copy(both.cases + one.count, other.cases, other.count * sizeof(*both.cases));
	return both;
}

/* All schemas of both, each once. */
static bool merge_cases(struct reach *reach, const struct reach_case *one, const struct reach_case *other,
			struct reach_case *ret_both)
{
	struct reach_case both = {.count = one->count};
	both.schemas = arena_allocate_array(reach->arena, one->count + other->count, sizeof(*both.schemas));
	if (both.schemas == NULL) {
		reach->failed = true;
		return false;
	}
	reach_copy(both.schemas, one->schemas, one->count * sizeof(*both.schemas));
	for (size_t i = 0; i < other->count; i++) {
		bool there = false;
		for (size_t k = 0; k < one->count; k++) {
			there = there || one->schemas[k] == other->schemas[i];
		}
		if (!there) {
			both.schemas[both.count++] = other->schemas[i];
		}
	}
	*ret_both = both;
	return true;
}

struct reach_place reach_both(struct reach *reach, struct reach_place one, struct reach_place other)
{
	struct reach_place both = {.presence = REACH_REQUIRED};
	if (one.count * other.count > REACH_CASES_MAX) {
		return one;
	}
	both.cases = arena_allocate_array(reach->arena, one.count * other.count, sizeof(*both.cases));
	if (both.cases == NULL) {
		reach->failed = true;
		return (struct reach_place){.presence = REACH_IMPOSSIBLE};
	}
	for (size_t i = 0; i < one.count; i++) {
		for (size_t k = 0; k < other.count; k++) {
			struct reach_case *merged = &both.cases[both.count];
			if (merge_cases(reach, &one.cases[i], &other.cases[k], merged) &&
			    reach_case_types(merged) != 0) {
				both.count++;
			}
		}
	}
	return both;
}

/* --- keywords that apply to the same value --- */

static struct reach_place expand(struct reach *reach, const struct json_node *schema, int depth);

static struct reach_place expand_choice(struct reach *reach, const struct json_node *choices, int depth)
{
	struct reach_place any = {.presence = REACH_REQUIRED};
	for (const struct json_node *item = json_first(choices); item != NULL; item = json_next(choices, item)) {
		any = join(reach, any, expand(reach, item, depth));
	}
	return any;
}

static struct reach_place expand_condition(struct reach *reach, const struct json_node *schema, int depth)
{
	const struct json_node *then_schema = json_get_text(schema, "then");
	const struct json_node *else_schema = json_get_text(schema, "else");
	struct reach_place kept = expand(reach, json_get_text(schema, "if"), depth);
	if (then_schema != NULL) {
		kept = reach_both(reach, kept, expand(reach, then_schema, depth));
	}
	return join(reach, kept, else_schema != NULL ? expand(reach, else_schema, depth) : reach_anything(reach));
}

static struct reach_place expand_reference(struct reach *reach, const struct json_node *schema, const char *keyword,
					   int depth)
{
	const struct json_node *target = reach_follow(reach, schema, keyword);
	return target != NULL ? expand(reach, target, depth) : reach_anything(reach);
}

static struct reach_place expand_applicators(struct reach *reach, const struct json_node *schema,
					     struct reach_place place, int depth)
{
	static const char *const choices[] = {"anyOf", "oneOf"};
	const char *const references[] = {"$ref", reach->dialect == 2020   ? "$dynamicRef"
						  : reach->dialect == 2019 ? "$recursiveRef"
									   : "$ref"};
	for (size_t i = 0; i < 2; i++) {
		if (json_get_text(schema, references[i]) != NULL) {
			place = reach_both(reach, place, expand_reference(reach, schema, references[i], depth));
		}
	}
	const struct json_node *all = json_get_text(schema, "allOf");
	for (const struct json_node *item = json_first(all); item != NULL; item = json_next(all, item)) {
		place = reach_both(reach, place, expand(reach, item, depth));
	}
	for (size_t i = 0; i < 2; i++) {
		if (json_count(json_get_text(schema, choices[i])) > 0) {
			place = reach_both(reach, place,
					   expand_choice(reach, json_get_text(schema, choices[i]), depth));
		}
	}
	if (json_get_text(schema, "if") != NULL) {
		place = reach_both(reach, place, expand_condition(reach, schema, depth));
	}
	const struct json_node *dependent = reach->dialect > 7 ? json_get_text(schema, "dependentSchemas") : NULL;
	for (const struct json_node *name = json_first(dependent); name != NULL; name = json_next(dependent, name)) {
		struct reach_place with = expand(reach, json_member(name), depth);
		place = reach_both(reach, place, join(reach, reach_anything(reach), with));
	}
	return place;
}

static struct reach_place expand(struct reach *reach, const struct json_node *schema, int depth)
{
	struct reach_place place = reach_anything(reach);
	if (json_is(schema, JSON_FALSE)) {
		return (struct reach_place){.presence = REACH_IMPOSSIBLE};
	}
	if (!json_is(schema, JSON_OBJECT) || depth > DEPTH_MAX || reach->work > WORK_MAX || place.count == 0) {
		return place;
	}
	reach->work++;
	if (json_get_text(schema, "$ref") != NULL && (reach->dialect == 7 || json_count(schema) == 1)) {
		return expand_reference(reach, schema, "$ref", depth + 1);
	}
	place.cases->schemas = arena_allocate(reach->arena, sizeof(*place.cases->schemas));
	if (place.cases->schemas == NULL) {
		reach->failed = true;
		return (struct reach_place){.presence = REACH_IMPOSSIBLE};
	}
	place.cases->schemas[0] = schema;
	place.cases->count = 1;
	if (reach_case_types(place.cases) == 0) {
		return (struct reach_place){.presence = REACH_IMPOSSIBLE};
	}
	return expand_applicators(reach, schema, place, depth + 1);
}

struct reach_place reach_expand(struct reach *reach, const struct json_node *schema)
{
	reach->work = 0;
	struct reach_place place = expand(reach, schema, 0);
	if (place.count == 0) {
		place.presence = REACH_IMPOSSIBLE;
	}
	return place;
}

struct reach_place reach_expand_all(struct reach *reach, const struct json_node **schemas, size_t count)
{
	struct reach_place all = reach_anything(reach);
	for (size_t i = 0; i < count; i++) {
		all = reach_both(reach, all, reach_expand(reach, schemas[i]));
	}
	return all;
}

struct reach_place reach_root(struct reach *reach)
{
	return reach_expand(reach, reach->root);
}
