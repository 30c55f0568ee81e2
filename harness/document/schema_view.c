#include "harness/document/schema_view.h"

#include "harness/base/text.h"

enum { HOPS_MAX = 16, DEPTH_MAX = 32 };

/* --- references --- */

static const struct json_node *find_anchor(const struct json_node *root, struct span anchor)
{
	for (const struct json_node *node = root; node < root + root->span; node++) {
		if (json_is(node, JSON_OBJECT) && span_equal(json_text(json_get_text(node, "$anchor")), anchor)) {
			return node;
		}
	}
	return NULL;
}

/* The target of the subschema's own $ref, NULL where it has none or it leads out of the document. */
static const struct json_node *follow(struct schema_view *view, const struct json_node *node)
{
	struct span reference = json_text(json_get_text(node, "$ref"));
	struct select_path path;
	if (reference.length == 0 || reference.data[0] != '#') {
		return NULL;
	}
	struct span fragment = {reference.data + 1, reference.length - 1};
	if (fragment.length > 0 && fragment.data[0] != '/') {
		return find_anchor(view->root, fragment);
	}
	return select_compile(fragment, view->wording->arena, &path, NULL) ? select_get(&path, view->root) : NULL;
}

/* The one branch of anyOf or oneOf that is about more than null. */
static const struct json_node *only_branch(const struct json_node *node, const char *keyword)
{
	const struct json_node *branches = json_get_text(node, keyword);
	const struct json_node *found = NULL;
	for (const struct json_node *branch = json_first(branches); branch != NULL;
	     branch = json_next(branches, branch)) {
		if (!span_is(json_text(json_get_text(branch, "type")), "null")) {
			if (found != NULL) {
				return NULL;
			}
			found = branch;
		}
	}
	return found;
}

/* Visits the subschema and what it takes from elsewhere until `visit` finds something. */
struct visit {
	struct schema_view *view;
	const char *keyword; /* sought */
	struct span name;    /* with it: a member of the keyword's object */
	bool into_branches;
	struct schema_place found;
};

static bool search(struct visit *visit, const struct json_node *node, bool shared, int hops)
{
	if (!json_is(node, JSON_OBJECT) || hops > HOPS_MAX || visit->view->steps >= SCHEMA_STEPS_MAX) {
		return false;
	}
	visit->view->steps++;
	const struct json_node *value = json_get_text(node, visit->keyword);
	if (value != NULL && visit->name.data != NULL) {
		value = json_get(value, visit->name);
	}
	if (value != NULL) {
		visit->found = (struct schema_place){value, node, visit->name, shared};
		return true;
	}
	const struct json_node *parts = json_get_text(node, "allOf");
	for (const struct json_node *part = json_first(parts); part != NULL; part = json_next(parts, part)) {
		if (search(visit, part, true, hops + 1)) {
			return true;
		}
	}
	return search(visit, follow(visit->view, node), true, hops + 1) ||
	       (visit->into_branches && (search(visit, only_branch(node, "anyOf"), true, hops + 1) ||
					 search(visit, only_branch(node, "oneOf"), true, hops + 1)));
}

const struct json_node *schema_view_keyword(struct schema_view *view, const struct json_node *node, const char *keyword)
{
	bool union_itself = strcmp(keyword, "anyOf") == 0 || strcmp(keyword, "oneOf") == 0;
	struct visit visit = {.view = view, .keyword = keyword, .into_branches = !union_itself};
	return search(&visit, node, false, 0) ? visit.found.node : NULL;
}

/* --- places --- */

struct schema_place schema_view_root(struct schema_view *view)
{
	return (struct schema_place){.node = view->root};
}

struct schema_place schema_view_member(struct schema_view *view, struct schema_place place, struct span name)
{
	struct visit visit = {.view = view, .keyword = "properties", .name = name, .into_branches = true};
	if (!search(&visit, place.node, place.shared, 0)) {
		return (struct schema_place){.shared = place.shared};
	}
	return visit.found;
}

struct schema_place schema_view_item(struct schema_view *view, struct schema_place place, int64_t index)
{
	struct schema_place item = {.shared = place.shared};
	const struct json_node *prefix = schema_view_keyword(view, place.node, "prefixItems");
	const struct json_node *items = schema_view_keyword(view, place.node, "items");
	if (json_is(items, JSON_ARRAY)) { /* until draft 2019-09 */
		prefix = items;
		items = schema_view_keyword(view, place.node, "additionalItems");
	}
	bool own = json_get_text(place.node, "items") != NULL || json_get_text(place.node, "prefixItems") != NULL;
	item.node = index >= 0 && (size_t)index < json_count(prefix) ? json_at(prefix, (size_t)index) : items;
	item.shared = place.shared || !own;
	return item;
}

struct schema_place schema_view_walk(struct schema_view *view, struct schema_place place,
				     const struct select_path *path)
{
	for (size_t i = 0; i < path->count && place.node != NULL; i++) {
		const struct select_step *step = &path->steps[i];
		struct schema_place next = {0};
		if (step->kind != SELECT_INDEX) {
			next = schema_view_member(view, place, step->name);
		}
		if (next.node == NULL && step->kind != SELECT_NAME && step->index >= 0) {
			next = schema_view_item(view, place, step->index);
		}
		place = next;
	}
	return place;
}

static bool lists_name(const struct json_node *required, struct span name)
{
	for (const struct json_node *item = json_first(required); item != NULL; item = json_next(required, item)) {
		if (span_equal(json_text(item), name)) {
			return true;
		}
	}
	return false;
}

bool schema_view_required(struct schema_view *view, const struct schema_place *place)
{
	return place->parent != NULL && lists_name(schema_view_keyword(view, place->parent, "required"), place->name);
}

/* --- leaves --- */

struct collector {
	struct schema_view *view;
	struct schema_leaf *leaves;
	size_t count;
	bool more;
	const struct json_node *around[DEPTH_MAX]; /* the subschemas around the one being visited */
};

static void collect_inside(struct collector *collector, const char *path, struct schema_place place, size_t depth);

static bool is_around(const struct collector *collector, size_t depth, const struct json_node *target)
{
	for (size_t i = 0; i < depth; i++) {
		if (collector->around[i] == target) {
			return true;
		}
	}
	return false;
}

static void collect(struct collector *collector, const char *path, struct schema_place place, size_t depth)
{
	const struct json_node *target = follow(collector->view, place.node);
	target = target != NULL ? target : place.node;
	if (collector->count == SCHEMA_LEAVES_MAX) {
		collector->more = true;
		return;
	}
	bool repeats = depth >= DEPTH_MAX || is_around(collector, depth, target);
	bool required = schema_view_required(collector->view, &place);
	collector->leaves[collector->count++] = (struct schema_leaf){
		.path = path, .place = place, .depth = depth - 1, .required = required, .repeats = repeats};
	if (!repeats) {
		collector->around[depth] = target;
		collect_inside(collector, path, place, depth + 1);
	}
}

static const char *path_below(struct collector *collector, const char *path, struct span name)
{
	struct buffer below CLEANUP_BUFFER = BUFFER_INIT(1 << 16);
	buffer_append_text(&below, path);
	select_append_token(&below, name);
	return wording_take(collector->view->wording, &below);
}

static void collect_members(struct collector *collector, const char *path, struct schema_place place,
			    const struct json_node *properties, size_t depth)
{
	for (const struct json_node *name = json_first(properties); name != NULL; name = json_next(properties, name)) {
		struct schema_place member = schema_view_member(collector->view, place, json_text(name));
		if (member.node != json_member(name)) {
			continue; /* a nearer part has told of it */
		}
		collect(collector, path_below(collector, path, json_text(name)), member, depth);
	}
}

/* Members that parts of allOf, the reference's target or the one branch name belong to the place as well. */
static void collect_properties(struct collector *collector, const char *path, struct schema_place place,
			       const struct json_node *node, size_t depth, int hops)
{
	if (!json_is(node, JSON_OBJECT) || hops > HOPS_MAX || collector->view->steps >= SCHEMA_STEPS_MAX) {
		return;
	}
	collector->view->steps++;
	collect_members(collector, path, place, json_get_text(node, "properties"), depth);
	const struct json_node *parts = json_get_text(node, "allOf");
	for (const struct json_node *part = json_first(parts); part != NULL; part = json_next(parts, part)) {
		collect_properties(collector, path, place, part, depth, hops + 1);
	}
	collect_properties(collector, path, place, follow(collector->view, node), depth, hops + 1);
	collect_properties(collector, path, place, only_branch(node, "anyOf"), depth, hops + 1);
	collect_properties(collector, path, place, only_branch(node, "oneOf"), depth, hops + 1);
}

static void collect_inside(struct collector *collector, const char *path, struct schema_place place, size_t depth)
{
	struct schema_view *view = collector->view;
	collect_properties(collector, path, place, place.node, depth, 0);
	struct schema_place items = schema_view_item(view, place, -1);
	size_t prefixed = json_count(schema_view_keyword(view, place.node, "prefixItems"));
	for (size_t i = 0; i < prefixed; i++) {
		collect(collector, wording_format(view->wording, "%s/%zu", path, i),
			schema_view_item(view, place, (int64_t)i), depth);
	}
	if (json_is(items.node, JSON_OBJECT)) {
		collect(collector, wording_format(view->wording, "%s/*", path), items, depth);
	}
}

const struct schema_leaf *schema_view_leaves(struct schema_view *view, size_t *ret_count, bool *ret_more)
{
	struct collector *collector = wording_array(view->wording, 1, sizeof(*collector));
	struct schema_leaf *leaves = wording_array(view->wording, SCHEMA_LEAVES_MAX, sizeof(*leaves));
	*ret_count = 0;
	*ret_more = false;
	if (view->root == NULL || collector == NULL || leaves == NULL) {
		return NULL;
	}
	collector->view = view;
	collector->leaves = leaves;
	collector->around[0] = view->root;
	collect_inside(collector, "", schema_view_root(view), 1);
	*ret_count = collector->count;
	*ret_more = collector->more;
	return leaves;
}
