/* From the text of a reference to the place that it names. */
#include "evaluators/schema/keywords.h"
#include "evaluators/schema/uri.h"

#include "harness/base/text.h"

enum { LARGE_OBJECT = 32 }; /* members from which on an object is looked up through a table */

static bool refuse_unknown(const struct schema_compiler *compiler, struct span uri)
{
	bool is_relative = !uri_is_absolute(uri);
	return schema_refuse(compiler,
			     "no document is known at %.*s; nothing is ever fetched: register the document under this "
			     "URI%s",
			     (int)(uri.length < 160 ? uri.length : 160), uri.data,
			     is_relative ? " made absolute, and give the schema a $id that it is relative to" : "");
}

/* Registered documents that have another URI inside, which only reading them can tell. One that cannot be read is
 * passed over: nothing names it. */
static void load_all(struct schema *schema)
{
	for (size_t i = 0; i < schema_registry_count(schema->options.registry); i++) {
		struct span uri;
		uint32_t ignored = 0;
		const struct json_node *document = schema_registry_at(schema->options.registry, i, &uri);
		bool known = schema_names_find(&schema->resource_names, 0, uri, &ignored) ||
			     schema_document_load(schema, uri, document, &ignored, NULL);
		(void)known;
	}
}

static bool find_document(struct schema_compiler *compiler, struct span uri, uint32_t *ret_resource)
{
	struct schema *schema = compiler->schema;
	uint32_t ignored = 0;
	if (schema_names_find(&schema->resource_names, 0, uri, ret_resource)) {
		return true;
	}
	const struct json_node *document = schema_registry_find(schema->options.registry, uri);
	if (document == NULL && !schema_metaschema_find(schema, uri, &document, compiler->err)) {
		return false;
	}
	if (document == NULL) {
		load_all(schema);
	} else if (!schema_document_load(schema, uri, document, &ignored, compiler->err)) {
		return false;
	}
	return schema_names_find(&schema->resource_names, 0, uri, ret_resource) || refuse_unknown(compiler, uri);
}

static bool find_resource(struct schema_compiler *compiler, struct span reference, uint32_t *ret_resource)
{
	if (reference.length == 0) {
		*ret_resource = compiler->resource;
		return true;
	}
	CLEANUP_BUFFER struct buffer uri = BUFFER_INIT(SIZE_MAX / 2);
	uri_resolve(compiler->schema->resources[compiler->resource].uri, reference, &uri);
	return uri.failed ? schema_no_memory(compiler) : find_document(compiler, buffer_span(&uri), ret_resource);
}

/* ~1 and ~0 decoded; `buffer` holds the result. */
static struct span decode_token(struct span token, struct buffer *buffer)
{
	buffer_clear(buffer);
	for (size_t i = 0; i < token.length; i++) {
		char next = i + 1 < token.length ? token.data[i + 1] : 0;
		bool is_code = token.data[i] == '~' && (next == '0' || next == '1');
		buffer_append_byte(buffer, !is_code ? token.data[i] : next == '0' ? '~' : '/');
		i += is_code;
	}
	return buffer_span(buffer);
}

/* A member's value; in large objects by a table that is made at the first look, so that many references into many
 * definitions stay linear. */
static const struct json_node *find_member(struct schema *schema, const struct json_node *object, struct span name)
{
	uint64_t scope = (uint64_t)(uintptr_t)object;
	uint32_t place = 0;
	if (json_count(object) < LARGE_OBJECT) {
		return json_get(object, name);
	}
	if (!schema_names_find(&schema->member_names, scope + 1, (struct span){"", 0}, &place)) {
		bool added = schema_names_add(&schema->member_names, scope + 1, (struct span){"", 0}, 0);
		for (const struct json_node *one = json_first(object); one != NULL; one = json_next(object, one)) {
			added = added && schema_names_add(&schema->member_names, scope, json_text(one),
							  (uint32_t)(json_member(one) - object));
		}
		if (!added) {
			return json_get(object, name);
		}
	}
	return schema_names_find(&schema->member_names, scope, name, &place) ? object + place : NULL;
}

static const struct json_node *step(struct schema *schema, const struct json_node *node, struct span token)
{
	uint64_t index = 0;
	if (json_is(node, JSON_OBJECT)) {
		return find_member(schema, node, token);
	}
	bool is_index = json_is(node, JSON_ARRAY) && text_to_uint64(token, &index) &&
			(token.length == 1 || token.data[0] != '0');
	return is_index ? json_at(node, (size_t)index) : NULL;
}

/* Follows a pointer from a resource's root; resources that begin on the way are entered. */
static const struct json_node *follow(struct schema *schema, uint32_t *resource, struct span pointer)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(SIZE_MAX / 2);
	const struct json_node *node = schema->resources[*resource].root;
	const struct schema_document *document = &schema->documents[schema->resources[*resource].document];
	while (pointer.length > 0 && node != NULL) {
		struct span rest = {pointer.data + 1, pointer.length - 1};
		size_t end = text_find(rest, SPAN("/"));
		node = step(schema, node, decode_token((struct span){rest.data, end}, &buffer));
		pointer = (struct span){rest.data + end, rest.length - end};
		uint32_t entered = node != NULL ? document->resource[node - document->root] : 0;
		*resource = entered > 0 ? entered - 1 : *resource;
	}
	return node;
}

static const struct json_node *find_anchor(struct schema *schema, uint32_t resource, struct span name)
{
	uint32_t place = 0;
	if (!schema_names_find(&schema->anchor_names, schema_anchor_scope(resource, 0), name, &place)) {
		return NULL;
	}
	return schema->documents[schema->resources[resource].document].root + place;
}

bool schema_reference_find(struct schema_compiler *compiler, struct span reference, const struct json_node **ret_node,
			   uint32_t *ret_resource, struct span *ret_anchor)
{
	CLEANUP_BUFFER struct buffer decoded = BUFFER_INIT(SIZE_MAX / 2);
	struct span whole = reference;
	struct span fragment;
	uint32_t resource = 0;
	uri_cut_fragment(&reference, &fragment);
	if (!find_resource(compiler, reference, &resource)) {
		return false;
	}
	uri_decode(fragment, &decoded);
	bool is_pointer = decoded.length == 0 || decoded.data[0] == '/';
	const struct json_node *node = is_pointer ? follow(compiler->schema, &resource, buffer_span(&decoded))
						  : find_anchor(compiler->schema, resource, buffer_span(&decoded));
	if (node == NULL) {
		return schema_refuse(compiler, "\"%.*s\" names nothing; correct the %s behind \"#\"",
				     (int)(whole.length < 160 ? whole.length : 160), whole.data,
				     is_pointer ? "pointer" : "anchor");
	}
	*ret_node = node;
	*ret_resource = resource;
	*ret_anchor = is_pointer ? (struct span){"", 0} : fragment;
	return true;
}
