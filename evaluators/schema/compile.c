/* A schema's document into its program: subschemas are queued as they are met and compiled in turn, so that the depth
 * of a schema costs no stack. */
#include "evaluators/schema/keywords.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const size_t SCHEMA_MEMORY_MAX = (size_t)256 * 1024 * 1024;

/* The pointer of the subschema, shortened in front where it is long. */
static void place_of(const struct schema_compiler *compiler, char *text, size_t size)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(SCHEMA_MEMORY_MAX);
	schema_append_pointer(compiler->schema, compiler->subschema, &buffer);
	struct span pointer = buffer_span(&buffer);
	size_t skipped = pointer.length > 180 ? pointer.length - 180 : 0;
	if (pointer.length == 0) {
		pointer = SPAN("the top");
	}
	snprintf(text, size, "%s%.*s", skipped > 0 ? "..." : "", (int)(pointer.length - skipped),
		 pointer.data + skipped);
}

bool schema_refuse(const struct schema_compiler *compiler, const char *format, ...)
{
	char place[200];
	char what[300];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	place_of(compiler, place, sizeof(place));
	if (compiler->keyword == NULL) {
		return error_set(compiler->err, ERROR_CONFIG, "schema at %s: %s", place, what);
	}
	return error_set(compiler->err, ERROR_CONFIG, "schema keyword \"%s\" at %s: %s", compiler->keyword, place,
			 what);
}

bool schema_no_memory(const struct schema_compiler *compiler)
{
	return error_set(compiler->err, ERROR_MEMORY, "no memory for the schema; it may be too large");
}

/* Room for one more item in a heap array; NULL without memory, and then the old one stays. */
static void *grow(void *items, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity) {
		return items;
	}
	size_t wanted = *capacity == 0 ? 16 : *capacity * 2;
	void *grown = wanted < UINT32_MAX ? reallocarray(items, wanted, size) : NULL;
	if (grown != NULL) {
		*capacity = wanted;
	}
	return grown;
}

struct schema_instruction *schema_add_instruction(struct schema_compiler *compiler, schema_check *check,
						  unsigned int applies)
{
	struct schema *schema = compiler->schema;
	struct schema_instruction *grown = grow(schema->instructions, schema->instruction_count,
						&schema->instruction_capacity, sizeof(*schema->instructions));
	if (grown == NULL) {
		schema_no_memory(compiler);
		return NULL;
	}
	schema->instructions = grown;
	struct schema_instruction *instruction = &grown[schema->instruction_count++];
	*instruction = (struct schema_instruction){
		.check = check,
		.keyword = compiler->keyword,
		.applies = (uint8_t)applies,
	};
	schema->subschemas[compiler->subschema].count++;
	return instruction;
}

static uint32_t append_subschema(struct schema *schema, const struct subschema *subschema)
{
	struct subschema *grown = grow(schema->subschemas, schema->subschema_count, &schema->subschema_capacity,
				       sizeof(*schema->subschemas));
	if (grown == NULL) {
		return SCHEMA_NONE;
	}
	schema->subschemas = grown;
	grown[schema->subschema_count] = *subschema;
	return (uint32_t)schema->subschema_count++;
}

uint32_t schema_add_subschema(struct schema_compiler *compiler, const struct json_node *node, struct span name)
{
	uint32_t depth = compiler->schema->subschemas[compiler->subschema].depth + 1;
	if (depth > SCHEMA_DEPTH_MAX) {
		error_set(compiler->err, ERROR_LIMIT, "schemas are nested deeper than %d; flatten the schema",
			  SCHEMA_DEPTH_MAX);
		return SCHEMA_NONE;
	}
	struct subschema subschema = {
		.parent = compiler->subschema,
		.depth = depth,
		.keyword = compiler->keyword,
		.name = name,
		.node = node,
	};
	uint32_t number = append_subschema(compiler->schema, &subschema);
	if (number == SCHEMA_NONE) {
		schema_no_memory(compiler);
	}
	return number;
}

bool schema_read_count(struct schema_compiler *compiler, const struct json_node *value, uint64_t *ret_count)
{
	struct decimal number;
	int64_t count = 0;
	bool readable = json_is(value, JSON_NUMBER) && decimal_parse(json_text(value), &number, NULL) &&
			decimal_is_integer(&number) && !number.negative && decimal_to_scaled(&number, 0, &count, NULL);
	if (!readable) {
		return schema_refuse(compiler, "must be an integer from 0 to 2^63 - 1");
	}
	*ret_count = (uint64_t)count;
	return true;
}

static bool refuse_unknown(const struct schema_compiler *compiler, struct span name)
{
	char place[200];
	place_of(compiler, place, sizeof(place));
	return error_set(compiler->err, ERROR_CONFIG,
			 "schema keyword \"%.*s\" at %s is not supported yet; remove it, or say the same with type, "
			 "enum, const, required, properties, additionalProperties, items, bounds and pattern",
			 (int)(name.length < 60 ? name.length : 60), name.data, place);
}

static bool compile_keyword(struct schema_compiler *compiler, const struct json_node *object,
			    const struct json_node *name)
{
	const struct schema_keyword *keyword = schema_keyword_find(json_text(name));
	if (keyword == NULL) {
		return refuse_unknown(compiler, json_text(name));
	}
	compiler->keyword = keyword->name;
	if (json_get(object, json_text(name)) != json_member(name)) {
		return schema_refuse(compiler, "is given twice; remove one of them");
	}
	return keyword->compile == NULL || keyword->compile(compiler, json_member(name));
}

static bool compile_subschema(struct schema *schema, uint32_t number, struct error *err)
{
	struct schema_compiler compiler = {
		.schema = schema, .subschema = number, .additional = SCHEMA_NONE, .err = err};
	struct subschema *subschema = &schema->subschemas[number];
	const struct json_node *node = subschema->node;
	subschema->first = (uint32_t)schema->instruction_count;
	if (json_is_boolean(node)) {
		subschema->is_false = json_is(node, JSON_FALSE);
		return true;
	}
	if (!json_is(node, JSON_OBJECT)) {
		return schema_refuse(&compiler, "a schema must be an object, true or false, not %s",
				     json_type_name(node));
	}
	for (const struct json_node *name = json_first(node); name != NULL; name = json_next(node, name)) {
		if (!compile_keyword(&compiler, node, name)) {
			return false;
		}
	}
	return schema_finish_object(&compiler);
}

static bool copy_document(struct schema *schema, const struct json_node *document, struct error *err)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(SCHEMA_MEMORY_MAX / 4);
	json_write(&buffer, document);
	if (!buffer_ok(&buffer, "the schema", err)) {
		return false;
	}
	char *copy = arena_copy(&schema->arena, buffer_span(&buffer));
	if (copy == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for the schema; it may be too large");
	}
	struct json_limits limits = {.depth = JSON_DEPTH_MAX};
	return json_parse(&schema->arena, (struct span){copy, buffer.length}, &limits, &schema->root, err);
}

static bool compile_document(struct schema *schema, const struct json_node *document, struct error *err)
{
	if (!copy_document(schema, document, err)) {
		return false;
	}
	struct subschema root = {.parent = SCHEMA_NONE, .node = schema->root};
	if (append_subschema(schema, &root) == SCHEMA_NONE) {
		return error_set(err, ERROR_MEMORY, "no memory for the schema");
	}
	for (size_t i = 0; i < schema->subschema_count; i++) {
		if (!compile_subschema(schema, (uint32_t)i, err)) {
			return false;
		}
	}
	return true;
}

struct schema *schema_create(const struct json_node *document, struct error *err)
{
	struct schema *schema = calloc(1, sizeof(*schema));
	if (schema == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for the schema");
		return NULL;
	}
	arena_init(&schema->arena, SCHEMA_MEMORY_MAX);
	if (!compile_document(schema, document, err)) {
		schema_destroy(schema);
		return NULL;
	}
	return schema;
}

void schema_destroy(struct schema *schema)
{
	if (schema == NULL) {
		return;
	}
	schema_patterns_finish(schema);
	free(schema->subschemas);
	free(schema->instructions);
	arena_finish(&schema->arena);
	free(schema);
}
