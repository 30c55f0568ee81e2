/* What the cases of a place say about the value itself. */
#include "evaluators/reach/internal.h"

#include "harness/base/decimal.h"

/* --- types --- */

static unsigned type_bit(struct span name)
{
	static const struct {
		const char *name;
		unsigned bits;
	} rows[] = {{"null", REACH_NULL},     {"boolean", REACH_BOOLEAN}, {"integer", REACH_INTEGER},
		    {"number", REACH_NUMBER}, {"string", REACH_STRING},   {"array", REACH_ARRAY},
		    {"object", REACH_OBJECT}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (span_is(name, rows[i].name)) {
			return rows[i].bits;
		}
	}
	return 0;
}

unsigned reach_type_of(const struct json_node *value)
{
	struct decimal number;
	if (json_is(value, JSON_NUMBER)) {
		bool known = decimal_parse(json_text(value), &number, NULL);
		return !known ? REACH_NUMBER : decimal_is_integer(&number) ? REACH_INTEGER : REACH_FRACTION;
	}
	return value != NULL ? type_bit(span_of(json_type_name(value))) : 0;
}

static unsigned types_of_list(const struct json_node *list, unsigned (*bits)(const struct json_node *item))
{
	unsigned types = 0;
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		types |= bits(item);
	}
	return types;
}

static unsigned named_type(const struct json_node *item)
{
	return type_bit(json_text(item));
}

unsigned reach_types_named(const struct json_node *type)
{
	return json_is(type, JSON_ARRAY) ? types_of_list(type, named_type) : named_type(type);
}

static unsigned schema_types(const struct json_node *schema)
{
	unsigned types = REACH_ANY;
	const struct json_node *type = json_get_text(schema, "type");
	const struct json_node *list = json_get_text(schema, "enum");
	const struct json_node *constant = json_get_text(schema, "const");
	if (type != NULL) {
		types &= reach_types_named(type);
	}
	if (json_is(list, JSON_ARRAY)) {
		types &= types_of_list(list, reach_type_of);
	}
	return constant != NULL ? types & reach_type_of(constant) : types;
}

unsigned reach_case_types(const struct reach_case *one)
{
	unsigned types = REACH_ANY;
	for (size_t i = 0; i < one->count; i++) {
		types &= schema_types(one->schemas[i]);
	}
	return types;
}

unsigned reach_types(const struct reach_place *place)
{
	unsigned types = 0;
	for (size_t i = 0; i < place->count; i++) {
		types |= reach_case_types(&place->cases[i]);
	}
	return types;
}

/* --- values --- */

static bool has_value(const struct reach_values *values, const struct json_node *value)
{
	for (size_t i = 0; i < values->count; i++) {
		if (json_equal(values->list[i], value)) {
			return true;
		}
	}
	return false;
}

static void add_values(struct reach_values *values, const struct json_node *list, const struct json_node *constant)
{
	if (constant != NULL) {
		values->list[values->count++] = constant;
		return;
	}
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		values->list[values->count++] = item;
	}
}

/* Without those that another list of the case, or its types, exclude. */
static void keep_common(const struct reach_case *one, struct reach_values *values)
{
	size_t kept = 0;
	for (size_t i = 0; i < values->count; i++) {
		const struct json_node *value = values->list[i];
		bool keep = (reach_case_types(one) & reach_type_of(value)) != 0;
		for (size_t k = 0; k < one->count; k++) {
			const struct json_node *list = json_get_text(one->schemas[k], "enum");
			const struct json_node *constant = json_get_text(one->schemas[k], "const");
			bool listed = !json_is(list, JSON_ARRAY);
			for (const struct json_node *item = listed ? NULL : json_first(list); item != NULL && !listed;
			     item = json_next(list, item)) {
				listed = json_equal(item, value);
			}
			keep = keep && listed && (constant == NULL || json_equal(constant, value));
		}
		if (keep) {
			values->list[kept++] = value;
		}
	}
	values->count = kept;
}

static bool values_by_type(struct reach *reach, unsigned types, struct reach_values *ret_values)
{
	static const struct json_node words[] = {
		{.type = JSON_NULL, .span = 1}, {.type = JSON_FALSE, .span = 1}, {.type = JSON_TRUE, .span = 1}};
	struct reach_values values = {.list = arena_allocate_array(reach->arena, 3, sizeof(*values.list))};
	if (values.list == NULL) {
		reach->failed = true;
		return false;
	}
	for (size_t i = 0; i < 3; i++) {
		if ((types & reach_type_of(&words[i])) != 0) {
			values.list[values.count++] = &words[i];
		}
	}
	*ret_values = values;
	return true;
}

bool reach_case_values(struct reach *reach, const struct reach_case *one, struct reach_values *ret_values)
{
	const struct json_node *list = NULL;
	const struct json_node *constant = NULL;
	for (size_t i = 0; i < one->count && constant == NULL; i++) {
		constant = json_get_text(one->schemas[i], "const");
		const struct json_node *other = json_get_text(one->schemas[i], "enum");
		list = json_is(other, JSON_ARRAY) && (list == NULL || json_count(other) < json_count(list)) ? other
													    : list;
	}
	if (constant == NULL && list == NULL) {
		unsigned types = reach_case_types(one);
		return (types & ~(unsigned)(REACH_NULL | REACH_BOOLEAN)) == 0 &&
		       values_by_type(reach, types, ret_values);
	}
	struct reach_values values = {0};
	values.list = arena_allocate_array(reach->arena, constant != NULL ? 1 : json_count(list), sizeof(*values.list));
	if (values.list == NULL) {
		reach->failed = true;
		return false;
	}
	add_values(&values, list, constant);
	keep_common(one, &values);
	*ret_values = values;
	return true;
}

bool reach_values(struct reach *reach, const struct reach_place *place, struct reach_values *ret_values)
{
	struct reach_values all = {0};
	for (size_t i = 0; i < place->count; i++) {
		struct reach_values some;
		if (!reach_case_values(reach, &place->cases[i], &some)) {
			return false;
		}
		const struct json_node **list =
			arena_allocate_array(reach->arena, all.count + some.count, sizeof(*list));
		if (list == NULL) {
			reach->failed = true;
			return false;
		}
		reach_copy(list, all.list, all.count * sizeof(*list));
		all.list = list;
		for (size_t k = 0; k < some.count; k++) {
			if (!has_value(&all, some.list[k])) {
				all.list[all.count++] = some.list[k];
			}
		}
	}
	*ret_values = all;
	return true;
}

/* --- numbers of keywords --- */

static const struct json_node *pick(const struct reach_case *one, const char *keyword, int wanted)
{
	const struct json_node *best = NULL;
	struct decimal best_value;
	for (size_t i = 0; i < one->count; i++) {
		const struct json_node *node = json_get_text(one->schemas[i], keyword);
		struct decimal value;
		if (json_is(node, JSON_NUMBER) && decimal_parse(json_text(node), &value, NULL) &&
		    (best == NULL || decimal_order(&value, &best_value) == wanted)) {
			best = node;
			best_value = value;
		}
	}
	return best;
}

const struct json_node *reach_least(const struct reach_case *one, const char *keyword)
{
	return pick(one, keyword, -1);
}

const struct json_node *reach_greatest(const struct reach_case *one, const char *keyword)
{
	return pick(one, keyword, 1);
}

/* --- names --- */

static void add_name(struct reach_names *names, struct span name)
{
	for (size_t i = 0; i < names->count; i++) {
		if (span_equal(names->list[i], name)) {
			return;
		}
	}
	names->list[names->count++] = name;
}

struct reach_names reach_case_names(struct reach *reach, const struct reach_case *one)
{
	struct reach_names names = {0};
	size_t most = 0;
	for (size_t i = 0; i < one->count; i++) {
		most += json_count(json_get_text(one->schemas[i], "properties")) +
			json_count(json_get_text(one->schemas[i], "required"));
	}
	names.list = arena_allocate_array(reach->arena, most, sizeof(*names.list));
	if (names.list == NULL) {
		reach->failed = true;
		return names;
	}
	for (size_t i = 0; i < one->count; i++) {
		const struct json_node *properties = json_get_text(one->schemas[i], "properties");
		const struct json_node *required = json_get_text(one->schemas[i], "required");
		for (const struct json_node *name = json_first(properties); name != NULL;
		     name = json_next(properties, name)) {
			add_name(&names, json_text(name));
		}
		for (const struct json_node *item = json_first(required); item != NULL;
		     item = json_next(required, item)) {
			add_name(&names, json_text(item));
		}
	}
	return names;
}
