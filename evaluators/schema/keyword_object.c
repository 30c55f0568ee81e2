/* properties, required and additionalProperties: gathered from the schema, checked in one pass over the members. */
#include "evaluators/schema/keywords.h"

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

/* Number of the property of that name, SCHEMA_NONE where there is none. `guess` is tried first. */
static uint32_t find_property(const struct schema_object *object, struct span name, uint32_t guess)
{
	if (guess < object->count && span_equal(object->properties[guess].name, name)) {
		return guess;
	}
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

static bool check_member(struct schema_run *run, const struct schema_object *object, const struct schema_site *site,
			 const struct json_node *name, uint32_t property)
{
	uint32_t subschema = property != SCHEMA_NONE ? object->properties[property].subschema : SCHEMA_NONE;
	if (subschema == SCHEMA_NONE) {
		if (object->forbids_additional) {
			return violate_undeclared(run, object, site, name);
		}
		subschema = object->additional;
	}
	if (subschema == SCHEMA_NONE) {
		return true;
	}
	struct schema_site child = {.parent = site, .node = json_member(name), .name = name, .subschema = subschema};
	return schema_run_subschema(run, &child);
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
	memset(seen, 0, (object->required_count + 63) / 64 * sizeof(seen[0]));
	uint32_t missing = object->required_count;
	uint32_t guess = 0;
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
		if (!check_member(run, object, site, name, property)) {
			valid = false;
			if (run->report == NULL) {
				return false;
			}
		}
	}
	return missing == 0 ? valid : check_required(run, object, site, seen);
}

bool schema_compile_properties(struct schema_compiler *compiler, const struct json_node *value)
{
	if (!json_is(value, JSON_OBJECT)) {
		return schema_refuse(compiler, "must be an object of schemas, not %s", json_type_name(value));
	}
	compiler->properties = value;
	return true;
}

bool schema_compile_required(struct schema_compiler *compiler, const struct json_node *value)
{
	bool good = json_is(value, JSON_ARRAY);
	for (const struct json_node *item = json_first(value); good && item != NULL; item = json_next(value, item)) {
		good = json_is(item, JSON_STRING);
	}
	if (!good) {
		return schema_refuse(compiler, "must be a list of names");
	}
	if (json_count(value) > SCHEMA_REQUIRED_MAX) {
		return schema_refuse(compiler, "has more than %d names; split the object", SCHEMA_REQUIRED_MAX);
	}
	compiler->required = value;
	return true;
}

bool schema_compile_additional(struct schema_compiler *compiler, const struct json_node *value)
{
	compiler->additional = schema_add_subschema(compiler, value, (struct span){NULL, 0});
	return compiler->additional != SCHEMA_NONE;
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
	const struct json_node *map = compiler->properties;
	compiler->keyword = "properties";
	for (const struct json_node *name = json_first(map); name != NULL; name = json_next(map, name)) {
		uint32_t subschema = schema_add_subschema(compiler, json_member(name), json_text(name));
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
static bool add_required(struct schema_compiler *compiler, struct schema_object *object)
{
	const struct json_node *list = compiler->required;
	compiler->keyword = "required";
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		uint32_t property = find_property(object, json_text(item), SCHEMA_NONE);
		if (property == SCHEMA_NONE) {
			property = insert_property(object, json_text(item));
		}
		if (object->properties[property].required != SCHEMA_NONE) {
			return schema_refuse(compiler, "has a name twice; remove one of them");
		}
		object->properties[property].required = object->required_count++;
	}
	return true;
}

/* What the report says to the writer of an undeclared field. */
static bool describe_declared(struct schema_compiler *compiler, struct schema_object *object)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(SIZE_MAX / 2);
	size_t count = json_count(compiler->properties);
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
	if (compiler->properties == NULL && compiler->required == NULL && compiler->additional == SCHEMA_NONE) {
		return true;
	}
	struct arena *arena = &compiler->schema->arena;
	size_t most = json_count(compiler->properties) + json_count(compiler->required);
	struct schema_object *object = arena_allocate(arena, sizeof(*object));
	if (object == NULL) {
		return schema_no_memory(compiler);
	}
	object->properties = arena_allocate_array(arena, most, sizeof(*object->properties));
	object->sorted = arena_allocate_array(arena, most, sizeof(*object->sorted));
	if (object->properties == NULL || object->sorted == NULL) {
		return schema_no_memory(compiler);
	}
	object->additional = compiler->additional;
	if (compiler->additional != SCHEMA_NONE) {
		object->forbids_additional =
			json_is(compiler->schema->subschemas[compiler->additional].node, JSON_FALSE);
	}
	if (!add_declared(compiler, object) || !add_required(compiler, object) ||
	    !describe_declared(compiler, object)) {
		return false;
	}
	struct schema_instruction *instruction = schema_add_instruction(compiler, check_object, 1U << JSON_OBJECT);
	if (instruction == NULL) {
		return false;
	}
	instruction->object = object;
	return true;
}
