/* properties, patternProperties, additionalProperties and required: gathered from the schema, checked in one pass over
 * the members. */
#include "evaluators/schema/keywords.h"
#include "evaluators/schema/short_text.h"

#include <stdlib.h>

enum { LISTED_BYTES_MAX = 300 };

/* Names by length, then bytes: most comparisons end at the length. */
static int name_order(struct span a, struct span b)
{
	if (a.length != b.length) {
		return a.length < b.length ? -1 : 1;
	}
	return a.length > 0 ? memcmp(a.data, b.data, a.length) : 0;
}

static uint32_t search_property(const struct schema_object *object, struct span name)
{
	uint32_t low = 0;
	uint32_t high = object->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		uint32_t number = object->sorted[middle];
		int order = name_order(name, object->properties[number].name);
		if (order == 0) {
			return number;
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return SCHEMA_NONE;
}

/* Number of the property of that name, SCHEMA_NONE where there is none. `guess` is tried first. */
static inline uint32_t find_property(const struct schema_object *object, struct span name, uint32_t guess)
{
	return guess < object->count && short_equal(object->properties[guess].name, name)
		       ? guess
		       : search_property(object, name);
}

static bool violate_undeclared(struct schema_run *run, const struct schema_object *object,
			       const struct schema_site *site, const struct json_node *name)
{
	struct schema_site member = {
		.parent = site,
		.node = json_member(name),
		.name = name,
		.subschema = site->subschema,
	};
	struct span text = schema_clip(json_text(name));
	return schema_violate(run, &member, "additionalProperties", DRIFT_UNDECLARED_FIELD, name->offset,
			      "the field \"%.*s\" is not in the schema; %s", SPAN_ARGUMENTS(text), object->declared);
}

static inline bool run_member(struct schema_run *run, const struct schema_site *site, const struct json_node *name,
			      uint32_t subschema)
{
	if (!schema_looks_at(run, subschema, json_member(name))) {
		return true;
	}
	struct schema_site child = {.parent = site, .node = json_member(name), .name = name, .subschema = subschema};
	return schema_run_subschema(run, &child);
}

/* Every pattern that the name matches; *ret_matched says whether any does. */
static bool check_patterns(struct schema_run *run, const struct schema_object *object, const struct schema_site *site,
			   const struct json_node *name, bool *ret_matched)
{
	bool valid = true;
	for (uint32_t i = 0; i < object->pattern_count && (valid || run->report != NULL); i++) {
		enum schema_match match = schema_pattern_match(run, object->patterns[i].pattern, json_text(name));
		if (match == SCHEMA_MATCH_UNDECIDED) {
			valid = schema_undecided(run, site, "patternProperties",
						 "matching a name takes too many steps; simplify the pattern");
			*ret_matched = true;
		} else if (match == SCHEMA_MATCH_YES) {
			valid = run_member(run, site, name, object->patterns[i].subschema) && valid;
			*ret_matched = true;
		}
	}
	return valid && schema_spend(run, object->pattern_count);
}

/* A member that neither properties nor patternProperties has. */
static bool check_additional(struct schema_run *run, const struct schema_object *object, const struct schema_site *site,
			     const struct json_node *name)
{
	if (object->forbids_additional) {
		schema_declare(run, name); /* told already, not to be told as open again */
		return violate_undeclared(run, object, site, name);
	}
	if (object->is_map) {
		schema_declare(run, name);
	}
	return object->additional == SCHEMA_NONE || run_member(run, site, name, object->additional);
}

static inline bool check_member(struct schema_run *run, const struct schema_object *object,
				const struct schema_site *site, const struct json_node *name, uint32_t property,
				size_t ordinal)
{
	uint32_t subschema = property != SCHEMA_NONE ? object->properties[property].subschema : SCHEMA_NONE;
	bool matched = subschema != SCHEMA_NONE;
	bool valid = !matched || run_member(run, site, name, subschema);
	if (object->pattern_count > 0) {
		valid = check_patterns(run, object, site, name, &matched) && valid;
	}
	if (matched) {
		schema_declare(run, name);
	}
	if (site->evaluated != NULL && (matched || object->has_additional)) {
		schema_evaluated_mark(site->evaluated, ordinal);
	}
	return matched ? valid : check_additional(run, object, site, name);
}

static bool has_bit(const uint64_t *bits, uint32_t bit)
{
	return (bits[bit / 64] >> bit % 64 & 1) != 0;
}

static bool check_required(struct schema_run *run, const struct schema_object *object, const struct schema_site *site,
			   const uint64_t *seen)
{
	bool valid = true;
	for (uint32_t i = 0; i < object->count; i++) {
		const struct schema_property *property = &object->properties[i];
		if (property->required == SCHEMA_NONE || has_bit(seen, property->required)) {
			continue;
		}
		struct span name = schema_clip(property->name);
		valid = schema_violate(run, site, "required", DRIFT_MISSING_REQUIRED, site->node->offset,
				       "the field \"%.*s\" is missing", SPAN_ARGUMENTS(name));
	}
	return valid;
}

static bool check_object(struct schema_run *run, const struct schema_instruction *instruction,
			 const struct schema_site *site)
{
	const struct schema_object *object = instruction->object;
	uint64_t seen[SCHEMA_REQUIRED_MAX / 64];
	for (uint32_t i = 0; i < object->required_count; i += 64) {
		seen[i / 64] = 0;
	}
	uint32_t missing = object->required_count;
	uint32_t guess = 0;
	size_t ordinal = 0;
	bool valid = true;
	const struct json_node *node = site->node;
	for (const struct json_node *name = json_first(node); name != NULL; name = json_next(node, name)) {
		uint32_t property = find_property(object, json_text(name), guess);
		if (property != SCHEMA_NONE) {
			uint32_t bit = object->properties[property].required;
			guess = property + 1;
			if (bit != SCHEMA_NONE && !has_bit(seen, bit)) {
				seen[bit / 64] |= UINT64_C(1) << bit % 64;
				missing--;
			}
		}
		if (!check_member(run, object, site, name, property, ordinal++)) {
			valid = false;
			if (run->report == NULL) {
				return false;
			}
		}
	}
	return missing == 0 ? valid : check_required(run, object, site, seen);
}

bool schema_compile_members(struct schema_compiler *compiler, const struct json_node *value)
{
	compiler->groups |= SCHEMA_GROUP_OBJECT;
	bool is_map = strcmp(compiler->keyword, "additionalProperties") != 0;
	return !is_map || json_is(value, JSON_OBJECT) ||
	       schema_refuse(compiler, "must be an object of schemas, not %s", json_type_name(value));
}

bool schema_compile_required(struct schema_compiler *compiler, const struct json_node *value)
{
	compiler->groups |= SCHEMA_GROUP_OBJECT;
	if (!schema_check_names(compiler, value)) {
		return false;
	}
	return json_count(value) <= SCHEMA_REQUIRED_MAX ||
	       schema_refuse(compiler, "has more than %d names; split the object", SCHEMA_REQUIRED_MAX);
}

static int compare_properties(const void *a, const void *b, void *properties)
{
	const struct schema_property *all = properties;
	return name_order(all[*(const uint32_t *)a].name, all[*(const uint32_t *)b].name);
}

static void sort_properties(struct schema_object *object)
{
	for (uint32_t i = 0; i < object->count; i++) {
		object->sorted[i] = i;
	}
	qsort_r(object->sorted, object->count, sizeof(*object->sorted), compare_properties, object->properties);
}

static bool add_declared(struct schema_compiler *compiler, struct schema_object *object)
{
	const struct json_node *map = schema_sibling(compiler, "properties");
	compiler->keyword = "properties";
	for (const struct json_node *name = json_first(map); name != NULL; name = json_next(map, name)) {
		uint32_t subschema = schema_add_subschema(compiler, json_member(name));
		if (subschema == SCHEMA_NONE) {
			return false;
		}
		object->properties[object->count++] = (struct schema_property){json_text(name), subschema, SCHEMA_NONE};
	}
	sort_properties(object);
	for (uint32_t i = 1; i < object->count; i++) {
		struct span name = object->properties[object->sorted[i]].name;
		if (span_equal(name, object->properties[object->sorted[i - 1]].name)) {
			return schema_refuse(compiler, "has \"%.*s\" twice; remove one of them",
					     (int)(name.length < 60 ? name.length : 60), name.data);
		}
	}
	return true;
}

/* Appends a property and sorts its number in. */
static uint32_t insert_property(struct schema_object *object, struct span name)
{
	uint32_t number = object->count++;
	uint32_t place = number;
	object->properties[number] = (struct schema_property){name, SCHEMA_NONE, SCHEMA_NONE};
	for (; place > 0 && name_order(object->properties[object->sorted[place - 1]].name, name) > 0; place--) {
		object->sorted[place] = object->sorted[place - 1];
	}
	object->sorted[place] = number;
	return number;
}

/* Each required name gets a bit; a name that is only required becomes a property without a schema. */
static void add_required(struct schema_compiler *compiler, struct schema_object *object)
{
	const struct json_node *list = schema_sibling(compiler, "required");
	compiler->keyword = "required";
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		uint32_t property = search_property(object, json_text(item));
		if (property == SCHEMA_NONE) {
			property = insert_property(object, json_text(item));
		}
		object->properties[property].required = object->required_count++;
	}
}

static bool add_patterns(struct schema_compiler *compiler, struct schema_object *object)
{
	const struct json_node *map = schema_sibling(compiler, "patternProperties");
	compiler->keyword = "patternProperties";
	object->patterns = schema_allocate(compiler, json_count(map), sizeof(*object->patterns));
	if (object->patterns == NULL) {
		return false;
	}
	for (const struct json_node *name = json_first(map); name != NULL; name = json_next(map, name)) {
		char reason[200] = "";
		struct schema_pattern_property *one = &object->patterns[object->pattern_count++];
		one->pattern = schema_pattern_create(compiler->schema, json_text(name), reason, sizeof(reason));
		if (one->pattern == NULL) {
			return schema_refuse(compiler, "has a name that is no regular expression that can be used: %s",
					     reason);
		}
		one->subschema = schema_add_subschema(compiler, json_member(name));
		if (one->subschema == SCHEMA_NONE) {
			return false;
		}
	}
	return true;
}

static bool add_additional(struct schema_compiler *compiler, struct schema_object *object)
{
	const struct json_node *value = schema_sibling(compiler, "additionalProperties");
	object->additional = SCHEMA_NONE;
	object->has_additional = value != NULL;
	if (value == NULL) {
		return true;
	}
	object->additional = schema_add_subschema(compiler, value);
	object->forbids_additional = json_is(value, JSON_FALSE);
	object->is_map = json_is(value, JSON_OBJECT) && json_count(value) > 0;
	return object->additional != SCHEMA_NONE;
}

/* What the report says to the writer of an undeclared field. */
static bool describe_declared(struct schema_compiler *compiler, struct schema_object *object)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(SIZE_MAX / 2);
	size_t count = json_count(schema_sibling(compiler, "properties"));
	buffer_append_text(&buffer, count > 0 ? "allowed are " : "no field is allowed here");
	for (size_t i = 0; i < count; i++) {
		if (buffer.length > LISTED_BYTES_MAX) {
			buffer_append_format(&buffer, ", ... (%zu fields)", count);
			break;
		}
		buffer_append_text(&buffer, i > 0 ? ", " : "");
		buffer_append_span(&buffer, object->properties[i].name);
	}
	object->declared = buffer.failed ? NULL : arena_copy(&compiler->schema->arena, buffer_span(&buffer));
	return object->declared != NULL || schema_no_memory(compiler);
}

bool schema_finish_object(struct schema_compiler *compiler)
{
	size_t most =
		json_count(schema_sibling(compiler, "properties")) + json_count(schema_sibling(compiler, "required"));
	struct schema_object *object = schema_allocate(compiler, 1, sizeof(*object));
	if (object == NULL) {
		return false;
	}
	object->properties = schema_allocate(compiler, most, sizeof(*object->properties));
	object->sorted = schema_allocate(compiler, most, sizeof(*object->sorted));
	if (object->properties == NULL || object->sorted == NULL || !add_declared(compiler, object) ||
	    !add_patterns(compiler, object) || !add_additional(compiler, object)) {
		return false;
	}
	add_required(compiler, object);
	if (!describe_declared(compiler, object)) {
		return false;
	}
	struct schema_instruction *instruction = schema_add_instruction(compiler, check_object, 1U << JSON_OBJECT);
	if (instruction == NULL) {
		return false;
	}
	instruction->object = object;
	return true;
}
