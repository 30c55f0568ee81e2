/* A document into the schema's own memory, and a walk over its subschemas that finds what has a name: resources ($id)
 * and anchors. What stands where no keyword looks is no subschema and names nothing. */
#include "evaluators/schema/keywords.h"
#include "evaluators/schema/uri.h"

struct scan {
	struct schema *schema;
	uint32_t document;
	struct error *err;
};

static bool scan_schema(const struct scan *scan, const struct json_node *node, uint32_t resource);

static bool no_memory(const struct scan *scan)
{
	return error_set(scan->err, ERROR_MEMORY, "no memory for the schema; it may be too large");
}

static uint32_t *slot_of(const struct scan *scan, const struct json_node *node)
{
	const struct schema_document *document = &scan->schema->documents[scan->document];
	return &document->resource[node - document->root];
}

/* `uri` lives in the arena. */
static bool add_resource(const struct scan *scan, const struct json_node *node, struct span uri,
			 const struct schema_dialect *dialect)
{
	struct schema *schema = scan->schema;
	struct schema_resource *grown = schema_grow(schema->resources, schema->resource_count,
						    &schema->resource_capacity, sizeof(*schema->resources));
	if (grown == NULL) {
		return no_memory(scan);
	}
	schema->resources = grown;
	uint32_t number = (uint32_t)schema->resource_count++;
	grown[number] = (struct schema_resource){
		.document = scan->document,
		.is_recursive = json_is(json_get_text(node, "$recursiveAnchor"), JSON_TRUE),
		.root = node,
		.uri = uri,
		.dialect = *dialect,
	};
	*slot_of(scan, node) = number + 1;
	return schema_names_add(&schema->resource_names, 0, uri, number) || no_memory(scan);
}

static bool resolve_id(const struct scan *scan, struct span base, struct span id, struct span *ret_uri)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(SIZE_MAX / 2);
	uri_resolve(base, id, &buffer);
	const char *copy = buffer.failed ? NULL : arena_copy(&scan->schema->arena, buffer_span(&buffer));
	*ret_uri = (struct span){copy, buffer.length};
	return copy != NULL || no_memory(scan);
}

/* In drafts 6 and 7 nothing beside $ref counts. */
static struct span id_of(const struct json_node *node, const struct schema_dialect *dialect)
{
	if (schema_draft_is_old(dialect) && json_is(json_get_text(node, "$ref"), JSON_STRING)) {
		return (struct span){"", 0};
	}
	const struct json_node *id = json_get_text(node, "$id");
	return json_is(id, JSON_STRING) ? json_text(id) : (struct span){"", 0};
}

static bool add_anchor(const struct scan *scan, const struct json_node *node, uint32_t resource,
		       const struct json_node *name_node, bool is_dynamic)
{
	struct schema *schema = scan->schema;
	struct span name = json_text(name_node);
	uint32_t place = (uint32_t)(node - schema->documents[scan->document].root);
	uint32_t there = place;
	if (!json_is(name_node, JSON_STRING)) {
		return true; /* refused when it is compiled */
	}
	if (schema_names_find(&schema->anchor_names, schema_anchor_scope(resource, 0), name, &there) &&
	    there != place) {
		return error_set(scan->err, ERROR_CONFIG, "two schemas have the anchor \"%.*s\"; rename one of them",
				 (int)(name.length < 100 ? name.length : 100), name.data);
	}
	if (!schema_names_add(&schema->anchor_names, schema_anchor_scope(resource, 0), name, place)) {
		return no_memory(scan);
	}
	if (!is_dynamic) {
		return true;
	}
	struct schema_anchor *grown =
		schema_grow(schema->anchors, schema->anchor_count, &schema->anchor_capacity, sizeof(*schema->anchors));
	if (grown == NULL) {
		return no_memory(scan);
	}
	schema->anchors = grown;
	grown[schema->anchor_count++] = (struct schema_anchor){resource, name, node};
	return schema_names_add(&schema->anchor_names, schema_anchor_scope(resource, SCHEMA_DYNAMIC), name, place) ||
	       no_memory(scan);
}

/* In drafts 6 and 7 the fragment of $id is an anchor. */
static bool scan_anchors(const struct scan *scan, const struct json_node *node, uint32_t resource)
{
	const struct schema_dialect dialect = scan->schema->resources[resource].dialect;
	if (!schema_draft_is_old(&dialect)) {
		return add_anchor(scan, node, resource, json_get_text(node, "$anchor"), false) &&
		       (dialect.draft != SCHEMA_DRAFT_2020_12 ||
			add_anchor(scan, node, resource, json_get_text(node, "$dynamicAnchor"), true));
	}
	struct span id = id_of(node, &dialect);
	struct span fragment;
	uri_cut_fragment(&id, &fragment);
	uint32_t place = (uint32_t)(node - scan->schema->documents[scan->document].root);
	return fragment.length == 0 ||
	       schema_names_add(&scan->schema->anchor_names, schema_anchor_scope(resource, 0), fragment, place) ||
	       no_memory(scan);
}

/* The resource in which the subschema stands: the one around it, or its own where it has a $id. */
static bool find_resource(const struct scan *scan, const struct json_node *node, uint32_t *resource)
{
	const struct schema_resource outer = scan->schema->resources[*resource];
	struct schema_dialect dialect = outer.dialect;
	struct span id = id_of(node, &dialect);
	struct span fragment;
	uri_cut_fragment(&id, &fragment);
	if (node == outer.root || id.length == 0) {
		return true;
	}
	if (json_get_text(node, "$schema") != NULL && !schema_dialect_read(scan->schema, node, &dialect, scan->err)) {
		return false;
	}
	struct span uri;
	if (!resolve_id(scan, outer.uri, id, &uri) || !add_resource(scan, node, uri, &dialect)) {
		return false;
	}
	*resource = *slot_of(scan, node) - 1;
	return true;
}

static bool scan_children(const struct scan *scan, const struct json_node *container, uint32_t resource)
{
	bool is_object = json_is(container, JSON_OBJECT);
	for (const struct json_node *child = json_first(container); child != NULL;
	     child = json_next(container, child)) {
		if (!scan_schema(scan, is_object ? json_member(child) : child, resource)) {
			return false;
		}
	}
	return true;
}

static bool scan_keyword(const struct scan *scan, const struct schema_keyword *keyword, const struct json_node *value,
			 uint32_t resource)
{
	switch (keyword->holds) {
	case SCHEMA_HOLDS_SCHEMA:
		return scan_schema(scan, value, resource);
	case SCHEMA_HOLDS_LIST:
		return !json_is(value, JSON_ARRAY) || scan_children(scan, value, resource);
	case SCHEMA_HOLDS_MAP:
	case SCHEMA_HOLDS_MAP_OR_NAMES:
		return !json_is(value, JSON_OBJECT) || scan_children(scan, value, resource);
	case SCHEMA_HOLDS_SCHEMA_OR_LIST:
		return json_is(value, JSON_ARRAY) ? scan_children(scan, value, resource)
						  : scan_schema(scan, value, resource);
	case SCHEMA_HOLDS_NOTHING:
	default:
		return true;
	}
}

/* Recursive: no deeper than the reader lets documents be, JSON_DEPTH_MAX. */
static bool scan_schema(const struct scan *scan, const struct json_node *node, uint32_t resource)
{
	if (!json_is(node, JSON_OBJECT)) {
		return true;
	}
	if (!find_resource(scan, node, &resource) || !scan_anchors(scan, node, resource)) {
		return false;
	}
	for (const struct json_node *name = json_first(node); name != NULL; name = json_next(node, name)) {
		const struct schema_keyword *keyword =
			schema_keyword_find(&scan->schema->resources[resource].dialect, json_text(name));
		if (keyword != NULL && !scan_keyword(scan, keyword, json_member(name), resource)) {
			return false;
		}
	}
	return true;
}

static bool copy_document(struct schema *schema, const struct json_node *document, struct schema_document *copy,
			  struct error *err)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(schema->options.memory_max / 4);
	json_write(&buffer, document);
	if (!buffer_ok(&buffer, "the schema", err)) {
		return false;
	}
	char *text = arena_copy(&schema->arena, buffer_span(&buffer));
	if (text == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for the schema; it may be too large");
	}
	struct json_limits limits = {.depth = JSON_DEPTH_MAX};
	if (!json_parse(&schema->arena, (struct span){text, buffer.length}, &limits, &copy->root, err)) {
		return false;
	}
	copy->numbers = arena_allocate_array(&schema->arena, copy->root->span, sizeof(*copy->numbers));
	copy->resource = arena_allocate_array(&schema->arena, copy->root->span, sizeof(*copy->resource));
	if (copy->numbers == NULL || copy->resource == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for the schema; it may be too large");
	}
	return true;
}

/* The resource of the whole document is known by the URI where it was found, and by its own $id. */
static bool add_root(const struct scan *scan, struct span uri)
{
	struct schema *schema = scan->schema;
	const struct json_node *root = schema->documents[scan->document].root;
	struct schema_dialect dialect = schema_dialect_of(schema, schema->draft);
	if (json_get_text(root, "$schema") != NULL && !schema_dialect_read(schema, root, &dialect, scan->err)) {
		return false;
	}
	struct span id = id_of(root, &dialect);
	struct span fragment;
	struct span own = uri;
	uri_cut_fragment(&id, &fragment);
	if (id.length > 0 && !resolve_id(scan, uri, id, &own)) {
		return false;
	}
	return add_resource(scan, root, own, &dialect) &&
	       (schema_names_add(&schema->resource_names, 0, uri, *slot_of(scan, root) - 1) || no_memory(scan));
}

bool schema_document_load(struct schema *schema, struct span uri, const struct json_node *document,
			  uint32_t *ret_document, struct error *err)
{
	struct scan scan = {.schema = schema, .document = (uint32_t)schema->document_count, .err = err};
	struct schema_document *grown = schema_grow(schema->documents, schema->document_count,
						    &schema->document_capacity, sizeof(*schema->documents));
	if (grown == NULL) {
		return no_memory(&scan);
	}
	schema->documents = grown;
	struct schema_document copy = {.uri = {arena_copy(&schema->arena, uri), uri.length}};
	if (copy.uri.data == NULL) {
		return no_memory(&scan);
	}
	if (!copy_document(schema, document, &copy, err)) {
		return false;
	}
	grown[schema->document_count++] = copy;
	if (!add_root(&scan, copy.uri) || !scan_schema(&scan, copy.root, *slot_of(&scan, copy.root) - 1)) {
		return false;
	}
	*ret_document = scan.document;
	return true;
}
