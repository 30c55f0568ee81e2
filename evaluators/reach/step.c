/* One step: from a place to a member or an item. */
#include "evaluators/reach/internal.h"

#include "harness/base/decimal.h"

bool reach_count(const struct json_node *number, uint64_t *ret_count)
{
	struct decimal value;
	int64_t count;
	if (!json_is(number, JSON_NUMBER) || !decimal_parse(json_text(number), &value, NULL) ||
	    !decimal_is_integer(&value) || !decimal_to_scaled(&value, 0, &count, NULL) || count < 0) {
		return false;
	}
	*ret_count = (uint64_t)count;
	return true;
}

/* --- members --- */

/* What the schemas of a case say about one member. */
struct member {
	struct reach_place place;
	bool declared;
	bool required;
	bool impossible;
};

static void add(struct reach *reach, struct member *member, const struct json_node *schema)
{
	member->place = reach_both(reach, member->place, reach_expand(reach, schema));
}

static bool lists(const struct json_node *names, struct span name)
{
	for (const struct json_node *item = json_first(names); item != NULL; item = json_next(names, item)) {
		if (json_is(item, JSON_STRING) && span_equal(json_text(item), name)) {
			return true;
		}
	}
	return false;
}

/* Values listed by enum or const: has any of them, have all objects among them that member? */
static void meet_list(const struct json_node *list, struct span name, struct member *member)
{
	bool any = false;
	bool all = true;
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		bool has = json_is(item, JSON_OBJECT) && json_get(item, name) != NULL;
		any = any || has;
		all = all && (has || !json_is(item, JSON_OBJECT));
	}
	member->impossible = member->impossible || !any;
	member->required = member->required || (any && all);
	member->declared = member->declared || any;
}

static void meet_values(const struct json_node *schema, struct span name, struct member *member)
{
	const struct json_node *list = json_get_text(schema, "enum");
	const struct json_node *constant = json_get_text(schema, "const");
	if (json_is(list, JSON_ARRAY)) {
		meet_list(list, name, member);
	}
	if (constant != NULL) {
		bool has = json_is(constant, JSON_OBJECT) && json_get(constant, name) != NULL;
		member->impossible = member->impossible || !has;
		member->required = member->required || has;
		member->declared = member->declared || has;
	}
}

/* propertyNames of the kinds that people write: false, or a list of names. */
static bool forbids_name(const struct json_node *schema, struct span name)
{
	const struct json_node *names = json_get_text(schema, "propertyNames");
	const struct json_node *list = json_get_text(names, "enum");
	return json_is(names, JSON_FALSE) || (json_is(list, JSON_ARRAY) && !lists(list, name));
}

static bool meet_patterns(struct reach *reach, const struct json_node *patterns, struct span name,
			  struct member *member)
{
	bool met = false;
	for (const struct json_node *one = json_first(patterns); one != NULL; one = json_next(patterns, one)) {
		enum reach_answer answer = reach_matches(one, name);
		if (answer == REACH_YES) {
			add(reach, member, json_member(one));
			member->declared = true;
		}
		met = met || answer != REACH_NO; /* not known: perhaps, so it is left open */
	}
	return met;
}

static void meet_schema(struct reach *reach, const struct json_node *schema, struct span name, struct member *member)
{
	const struct json_node *property = json_get(json_get_text(schema, "properties"), name);
	const struct json_node *additional = json_get_text(schema, "additionalProperties");
	if (property != NULL) {
		add(reach, member, property);
		member->declared = true;
	}
	bool met = meet_patterns(reach, json_get_text(schema, "patternProperties"), name, member);
	if (property == NULL && !met && additional != NULL) {
		add(reach, member, additional);
	}
	member->required = member->required || lists(json_get_text(schema, "required"), name);
	member->impossible = member->impossible || forbids_name(schema, name);
	meet_values(schema, name, member);
}

static enum reach_presence presence_of(const struct member *member)
{
	if (member->impossible || member->place.count == 0) {
		return REACH_IMPOSSIBLE;
	}
	return !member->declared ? REACH_OPEN : member->required ? REACH_REQUIRED : REACH_DECLARED;
}

static struct reach_place finish(struct member *member)
{
	member->place.presence = presence_of(member);
	return member->place.presence != REACH_IMPOSSIBLE ? member->place
							  : (struct reach_place){.presence = REACH_IMPOSSIBLE};
}

struct reach_place reach_case_member(struct reach *reach, const struct reach_case *one, struct span name)
{
	struct member member = {.place = reach_anything(reach)};
	if ((reach_case_types(one) & REACH_OBJECT) == 0) {
		return (struct reach_place){.presence = REACH_IMPOSSIBLE};
	}
	for (size_t i = 0; i < one->count; i++) {
		meet_schema(reach, one->schemas[i], name, &member);
	}
	for (size_t i = 0; reach->dialect > 7 && i < one->count; i++) {
		const struct json_node *rest = json_get_text(one->schemas[i], "unevaluatedProperties");
		if (rest != NULL && !reach_may_evaluate(reach, one->schemas[i], name)) {
			add(reach, &member, rest);
		}
	}
	return finish(&member);
}

/* --- items --- */

/* prefixItems, or items as a list up to draft 2019-09. */
static const struct json_node *prefix_of(const struct reach *reach, const struct json_node *schema)
{
	const struct json_node *list = json_get_text(schema, reach->dialect == 2020 ? "prefixItems" : "items");
	return json_is(list, JSON_ARRAY) ? list : NULL;
}

static const struct json_node *rest_of(const struct reach *reach, const struct json_node *schema)
{
	bool listed = reach->dialect != 2020 && prefix_of(reach, schema) != NULL;
	return json_get_text(schema, listed ? "additionalItems" : "items");
}

size_t reach_prefix_count(const struct reach *reach, const struct reach_case *one)
{
	size_t most = 0;
	for (size_t i = 0; i < one->count; i++) {
		size_t count = json_count(prefix_of(reach, one->schemas[i]));
		most = count > most ? count : most;
	}
	return most;
}

const struct json_node *reach_item_schema(const struct reach *reach, const struct json_node *schema, size_t index)
{
	const struct json_node *prefix = prefix_of(reach, schema);
	return index < json_count(prefix) ? json_at(prefix, index) : rest_of(reach, schema);
}

static void meet_item(struct reach *reach, const struct json_node *schema, size_t index, struct member *member)
{
	const struct json_node *item = reach_item_schema(reach, schema, index);
	uint64_t count;
	if (item != NULL) {
		add(reach, member, item);
		member->declared = true;
	}
	member->impossible =
		member->impossible || (reach_count(json_get_text(schema, "maxItems"), &count) && index >= count);
	member->required =
		member->required || (reach_count(json_get_text(schema, "minItems"), &count) && index < count);
	member->declared =
		member->declared || json_get_text(schema, "enum") != NULL || json_get_text(schema, "const") != NULL;
}

struct reach_place reach_case_item(struct reach *reach, const struct reach_case *one, size_t index)
{
	struct member member = {.place = reach_anything(reach)};
	if ((reach_case_types(one) & REACH_ARRAY) == 0) {
		return (struct reach_place){.presence = REACH_IMPOSSIBLE};
	}
	for (size_t i = 0; i < one->count; i++) {
		meet_item(reach, one->schemas[i], index, &member);
	}
	for (size_t i = 0; reach->dialect > 7 && i < one->count; i++) {
		const struct json_node *rest = json_get_text(one->schemas[i], "unevaluatedItems");
		if (rest != NULL && !reach_may_evaluate_item(reach, one->schemas[i], index)) {
			add(reach, &member, rest);
		}
	}
	return finish(&member);
}

/* --- places --- */

/* Adds what one case of a place says: possible in one case is possible, required must be in all. */
static void gather(struct reach *reach, struct reach_place *all, struct reach_place one)
{
	if (one.presence == REACH_IMPOSSIBLE) {
		return;
	}
	if (all->count + one.count > REACH_CASES_MAX) {
		enum reach_presence presence = all->presence;
		*all = reach_anything(reach);
		all->presence = presence;
		return;
	}
	struct reach_case *cases = arena_allocate_array(reach->arena, all->count + one.count, sizeof(*cases));
	if (cases == NULL) {
		reach->failed = true;
		return;
	}
	reach_copy(cases, all->cases, all->count * sizeof(*cases));
	reach_copy(cases + all->count, one.cases, one.count * sizeof(*cases));
	all->cases = cases;
	all->count += one.count;
	all->presence = one.presence > all->presence ? one.presence : all->presence;
}

struct step {
	struct span name;
	size_t index;
	bool by_name;
	bool by_index;
};

static struct reach_place take_step(struct reach *reach, const struct reach_place *place, const struct step *step)
{
	struct reach_place all = {.presence = REACH_IMPOSSIBLE};
	bool certain = place->presence == REACH_REQUIRED;
	for (size_t i = 0; i < place->count; i++) {
		const struct reach_case *one = &place->cases[i];
		struct reach_place none = {.presence = REACH_IMPOSSIBLE};
		struct reach_place member = step->by_name ? reach_case_member(reach, one, step->name) : none;
		struct reach_place item = step->by_index ? reach_case_item(reach, one, step->index) : none;
		unsigned types = reach_case_types(one);
		gather(reach, &all, member);
		gather(reach, &all, item);
		unsigned way = (step->by_name ? REACH_OBJECT : 0u) | (step->by_index ? REACH_ARRAY : 0u);
		bool here = member.presence == REACH_REQUIRED || item.presence == REACH_REQUIRED;
		certain = certain && here && (types == REACH_ANY || (types & ~way) == 0);
	}
	if (all.presence == REACH_REQUIRED && !certain) {
		all.presence = REACH_DECLARED;
	}
	if (all.presence > REACH_OPEN && place->presence == REACH_OPEN) {
		all.presence = REACH_OPEN;
	}
	return all;
}

struct reach_place reach_member(struct reach *reach, const struct reach_place *place, struct span name)
{
	return take_step(reach, place, &(struct step){.name = name, .by_name = true});
}

struct reach_place reach_item(struct reach *reach, const struct reach_place *place, size_t index)
{
	return take_step(reach, place, &(struct step){.index = index, .by_index = true});
}

/* From an array's end any item may be meant: only that arrays are possible is known. */
static struct reach_place last_item(struct reach *reach, const struct reach_place *place)
{
	struct reach_place any = reach_anything(reach);
	any.presence = place->presence < REACH_DECLARED ? place->presence : REACH_DECLARED;
	return (reach_types(place) & REACH_ARRAY) != 0 ? any : (struct reach_place){.presence = REACH_IMPOSSIBLE};
}

struct reach_place reach_find(struct reach *reach, const struct select_path *path)
{
	return reach_find_from(reach, reach_root(reach), path);
}

struct reach_place reach_find_from(struct reach *reach, struct reach_place place, const struct select_path *path)
{
	for (size_t i = 0; i < path->count && place.presence != REACH_IMPOSSIBLE; i++) {
		const struct select_step *step = &path->steps[i];
		bool indexed = step->kind != SELECT_NAME && step->index >= 0;
		if (step->kind == SELECT_INDEX && step->index < 0) {
			place = last_item(reach, &place);
			continue;
		}
		place = take_step(reach, &place,
				  &(struct step){.name = step->name,
						 .index = indexed ? (size_t)step->index : 0,
						 .by_name = step->kind != SELECT_INDEX,
						 .by_index = indexed});
	}
	return place;
}
