/* A schema's document into its program: subschemas are queued as they are met and compiled in turn, so that the depth
 * of a schema costs no stack. */
#include "evaluators/schema/keywords.h"
#include "evaluators/schema/uri.h"

#include "harness/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { VIOLATION_BYTES = 64 * 1024 };
static const size_t MEMORY_MAX = (size_t)256 * 1024 * 1024;

/* The pointer of the subschema, shortened in front where it is long; with its URI where that is not the root's. */
static void place_of(const struct schema_compiler *compiler, char *text, size_t size)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(MEMORY_MAX);
	const struct schema *schema = compiler->schema;
	uint32_t document = schema->resources[compiler->resource].document;
	if (document != 0) {
		schema_append_place(schema, compiler->resource, compiler->object, &buffer);
	} else {
		schema_append_pointer(schema->documents[0].root, compiler->object, &buffer);
	}
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
	char what[400];
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

void *schema_allocate(const struct schema_compiler *compiler, size_t count, size_t size)
{
	void *memory = arena_allocate_array(&compiler->schema->arena, count, size);
	if (memory == NULL) {
		schema_no_memory(compiler);
	}
	return memory;
}

void *schema_grow(void *items, size_t count, size_t *capacity, size_t size)
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
	struct schema_instruction *grown = schema_grow(schema->instructions, schema->instruction_count,
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
	schema->subschemas[compiler->subschema].applies |= (uint8_t)applies;
	return instruction;
}

uint32_t schema_subschema_at(struct schema *schema, const struct json_node *node, uint32_t resource, struct error *err)
{
	struct schema_document *document = &schema->documents[schema->resources[resource].document];
	size_t place = (size_t)(node - document->root);
	if (document->numbers[place] > 0) {
		return document->numbers[place] - 1;
	}
	struct subschema *grown = schema_grow(schema->subschemas, schema->subschema_count, &schema->subschema_capacity,
					      sizeof(*schema->subschemas));
	if (grown == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for the schema; it may be too large");
		return SCHEMA_NONE;
	}
	schema->subschemas = grown;
	uint32_t own = document->resource[place];
	grown[schema->subschema_count] = (struct subschema){.node = node, .resource = own > 0 ? own - 1 : resource};
	document->numbers[place] = (uint32_t)++schema->subschema_count;
	return document->numbers[place] - 1;
}

uint32_t schema_add_subschema(struct schema_compiler *compiler, const struct json_node *node)
{
	return schema_subschema_at(compiler->schema, node, compiler->resource, compiler->err);
}

uint32_t schema_add_in_place(struct schema_compiler *compiler, const struct json_node *node)
{
	uint32_t subschema = schema_add_subschema(compiler, node);
	return subschema != SCHEMA_NONE && schema_add_edge(compiler, subschema) ? subschema : SCHEMA_NONE;
}

const struct schema_dialect *schema_dialect_here(const struct schema_compiler *compiler)
{
	return &compiler->schema->resources[compiler->resource].dialect;
}

const struct json_node *schema_sibling(const struct schema_compiler *compiler, const char *name)
{
	const struct json_node *value = json_get_text(compiler->object, name);
	return value != NULL && schema_keyword_find(schema_dialect_here(compiler), span_of(name)) != NULL ? value
													  : NULL;
}

bool schema_read_count(struct schema_compiler *compiler, const struct json_node *value, uint64_t *ret_count)
{
	struct decimal number;
	int64_t count = 0;
	if (!json_is(value, JSON_NUMBER) || !decimal_parse(json_text(value), &number, NULL) ||
	    !decimal_is_integer(&number) || number.negative) {
		return schema_refuse(compiler, "must be an integer from 0");
	}
	/* More than anything can have is as good as the largest number. */
	*ret_count = decimal_to_scaled(&number, 0, &count, NULL) ? (uint64_t)count : UINT64_MAX - 1;
	return true;
}

static int order_names(const void *a, const void *b)
{
	return span_order(json_text(*(const struct json_node *const *)a),
			  json_text(*(const struct json_node *const *)b));
}

bool schema_check_names(struct schema_compiler *compiler, const struct json_node *value)
{
	if (!json_is(value, JSON_ARRAY)) {
		return schema_refuse(compiler, "must be a list of names");
	}
	size_t count = 0;
	const struct json_node **sorted = malloc((json_count(value) + 1) * sizeof(*sorted));
	bool good = sorted != NULL;
	for (const struct json_node *item = json_first(value); good && item != NULL; item = json_next(value, item)) {
		good = json_is(item, JSON_STRING) || schema_refuse(compiler, "must be a list of names");
		sorted[count++] = item;
	}
	if (good && count > 0) {
		qsort(sorted, count, sizeof(*sorted), order_names);
	}
	for (size_t i = 1; good && i < count; i++) {
		good = order_names(&sorted[i - 1], &sorted[i]) != 0 ||
		       schema_refuse(compiler, "has a name twice; remove one of them");
	}
	bool had_memory = sorted != NULL;
	free(sorted);
	return had_memory ? good : schema_no_memory(compiler);
}

static bool refuse_unknown(struct schema_compiler *compiler, struct span name)
{
	char place[200];
	int shown = (int)(name.length < 60 ? name.length : 60);
	const char *home = schema_keyword_home(name);
	place_of(compiler, place, sizeof(place));
	if (home != NULL) {
		return error_set(
			compiler->err, ERROR_CONFIG,
			"schema keyword \"%.*s\" at %s is none in this draft or its vocabularies, but in draft "
			"%s; say the draft with $schema, or say it otherwise",
			shown, name.data, place, home);
	}
	return error_set(
		compiler->err, ERROR_CONFIG,
		"schema keyword \"%.*s\" at %s is not known; correct it, or begin its name with \"x-\" where it "
		"is an annotation",
		shown, name.data, place);
}

static bool compile_keyword(struct schema_compiler *compiler, const struct json_node *name)
{
	const struct schema_keyword *keyword = schema_keyword_find(schema_dialect_here(compiler), json_text(name));
	if (keyword == NULL) {
		return compiler->schema->options.unknown == SCHEMA_UNKNOWN_IGNORE ||
		       text_starts_with(json_text(name), "x-") || refuse_unknown(compiler, json_text(name));
	}
	compiler->keyword = keyword->name;
	if (json_get(compiler->object, json_text(name)) != json_member(name)) {
		return schema_refuse(compiler, "is given twice; remove one of them");
	}
	return keyword->compile == NULL || keyword->compile(compiler, json_member(name));
}

static bool finish_groups(struct schema_compiler *compiler)
{
	static const struct {
		enum schema_group group;
		bool (*finish)(struct schema_compiler *compiler);
	} groups[] = {
		{SCHEMA_GROUP_OBJECT, schema_finish_object},
		{SCHEMA_GROUP_ITEMS, schema_finish_items},
		{SCHEMA_GROUP_CONTAINS, schema_finish_contains},
		{SCHEMA_GROUP_CONDITION, schema_finish_condition},
		{SCHEMA_GROUP_UNEVALUATED, schema_finish_unevaluated}, /* last: it asks what all others did */
	};
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if ((compiler->groups & groups[i].group) != 0 && !groups[i].finish(compiler)) {
			return false;
		}
	}
	return true;
}

/* What drafts 6 and 7 have beside $ref does not count, but may be referred to. */
static bool compile_reference_alone(struct schema_compiler *compiler)
{
	const struct json_node *reference = json_get_text(compiler->object, "$ref");
	compiler->keyword = "definitions";
	const struct json_node *definitions = json_get_text(compiler->object, "definitions");
	if (definitions != NULL && !schema_compile_definitions(compiler, definitions)) {
		return false;
	}
	compiler->keyword = "$ref";
	return schema_compile_reference(compiler, reference);
}

static bool compile_subschema(struct schema *schema, uint32_t number, struct error *err)
{
	struct subschema *subschema = &schema->subschemas[number];
	const struct json_node *node = subschema->node;
	struct schema_compiler compiler = {
		.schema = schema, .subschema = number, .resource = subschema->resource, .object = node, .err = err};
	subschema->first = (uint32_t)schema->instruction_count;
	if (json_is_boolean(node)) {
		subschema->is_false = json_is(node, JSON_FALSE);
		subschema->is_special = subschema->is_false;
		subschema->applies = subschema->is_false ? SCHEMA_ANY : 0;
		subschema->is_open = !subschema->is_false;
		return true;
	}
	if (!json_is(node, JSON_OBJECT)) {
		return schema_refuse(&compiler, "a schema must be an object, true or false, not %s",
				     json_type_name(node));
	}
	subschema->is_open = json_count(node) == 0;
	if (schema_draft_is_old(schema_dialect_here(&compiler)) && json_get_text(node, "$ref") != NULL) {
		return compile_reference_alone(&compiler);
	}
	for (const struct json_node *name = json_first(node); name != NULL; name = json_next(node, name)) {
		compiler.keyword = NULL;
		if (!compile_keyword(&compiler, name)) {
			return false;
		}
	}
	return finish_groups(&compiler);
}

static bool compile_queue(struct schema *schema, size_t *done, struct error *err)
{
	for (; *done < schema->subschema_count; ++*done) {
		if (!compile_subschema(schema, (uint32_t)*done, err)) {
			return false;
		}
	}
	return true;
}

/* Every $dynamicAnchor may be the target of a $dynamicRef. Compiling them may load documents with more of them. */
static bool compile_dynamic(struct schema *schema, size_t *done, struct error *err)
{
	for (size_t i = 0; i < schema->anchor_count; i++) {
		const struct schema_anchor anchor = schema->anchors[i];
		uint32_t subschema = schema_subschema_at(schema, anchor.node, anchor.resource, err);
		if (subschema == SCHEMA_NONE || !compile_queue(schema, done, err)) {
			return false;
		}
		if (!schema_names_add(&schema->dynamic_names, anchor.resource, anchor.name, subschema)) {
			return error_set(err, ERROR_MEMORY, "no memory for the schema; it may be too large");
		}
	}
	for (size_t i = 0; i < schema->resource_count; i++) {
		if (!schema->resources[i].is_recursive) {
			continue;
		}
		uint32_t subschema = schema_subschema_at(schema, schema->resources[i].root, (uint32_t)i, err);
		if (subschema == SCHEMA_NONE || !compile_queue(schema, done, err)) {
			return false;
		}
		if (!schema_names_add(&schema->dynamic_names, i, (struct span){"", 0}, subschema)) {
			return error_set(err, ERROR_MEMORY, "no memory for the schema; it may be too large");
		}
	}
	return true;
}

static bool compile_document(struct schema *schema, const struct json_node *document, struct error *err)
{
	uint32_t number = 0;
	size_t done = 0;
	if (json_get_text(document, "$schema") != NULL) {
		struct schema_dialect dialect;
		if (!schema_dialect_read(schema, document, &dialect, err)) {
			return false;
		}
		schema->draft = dialect.draft; /* of the documents that it refers to and that do not say */
	}
	return schema_document_load(schema, schema->options.uri, document, &number, err) &&
	       schema_subschema_at(schema, schema->documents[0].root, 0, err) != SCHEMA_NONE &&
	       compile_queue(schema, &done, err) && (!schema->uses_dynamic || compile_dynamic(schema, &done, err)) &&
	       schema_refuse_loops(schema, err);
}

/* What only compiling needs. */
static void drop_scaffold(struct schema *schema)
{
	schema_names_finish(&schema->anchor_names);
	schema_names_finish(&schema->member_names);
	schema_names_finish(&schema->resource_names);
	free(schema->edges);
	free(schema->anchors);
	schema->edges = NULL;
	schema->anchors = NULL;
	schema->options.registry = NULL;
}

static struct schema *create(const struct json_node *document, const struct schema_options *options, struct error *err)
{
	struct schema *schema = calloc(1, sizeof(*schema));
	if (schema == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for the schema");
		return NULL;
	}
	schema->options = options != NULL ? *options : (struct schema_options){.draft = SCHEMA_DRAFT_2020_12};
	if (schema->options.memory_max == 0) {
		schema->options.memory_max = MEMORY_MAX;
	}
	schema->draft = schema->options.draft;
	arena_init(&schema->arena, schema->options.memory_max);
	bool compiled = compile_document(schema, document, err);
	drop_scaffold(schema);
	if (!compiled) {
		schema_destroy(schema);
		return NULL;
	}
	return schema;
}

/* A metaschema of one's own that is registered; NULL where there is none. What the drafts' metaschemas ask is asked by
 * the keywords themselves. */
static const struct json_node *own_metaschema(const struct json_node *document, const struct schema_options *options)
{
	struct span uri = json_text(json_get_text(document, "$schema"));
	struct span fragment;
	uri_cut_fragment(&uri, &fragment);
	return options != NULL ? schema_registry_find(options->registry, uri) : NULL;
}

static bool keep_metaschema(const struct json_node *document, const struct json_node *metaschema,
			    const struct schema_options *options, struct error *err)
{
	struct schema_options inner = *options;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(VIOLATION_BYTES);
	struct schema_report report;
	struct span fragment;
	inner.uri = json_text(json_get_text(document, "$schema"));
	uri_cut_fragment(&inner.uri, &fragment);
	inner.unknown = SCHEMA_UNKNOWN_IGNORE;
	struct schema *schema = create(metaschema, &inner, err);
	if (schema == NULL) {
		return false;
	}
	schema_report_init(&report, &arena, 1);
	bool valid = schema_validate(schema, document, &report);
	schema_destroy(schema);
	if (!valid) {
		const char *place = report.count > 0 ? report.list[0].instance : "";
		error_set(err, ERROR_CONFIG, "schema at %s is refused by its metaschema: %s; correct it",
			  place[0] != 0 ? place : "the top", report.count > 0 ? report.list[0].sentence : "");
	}
	return valid;
}

struct schema *schema_create(const struct json_node *document, const struct schema_options *options, struct error *err)
{
	const struct json_node *metaschema = own_metaschema(document, options);
	if (metaschema != NULL && metaschema != document && !keep_metaschema(document, metaschema, options, err)) {
		return NULL;
	}
	return create(document, options, err);
}

void schema_destroy(struct schema *schema)
{
	if (schema == NULL) {
		return;
	}
	schema_patterns_finish(schema);
	schema_names_finish(&schema->dynamic_names);
	free(schema->documents);
	free(schema->resources);
	free(schema->subschemas);
	free(schema->instructions);
	arena_finish(&schema->arena);
	free(schema);
}
