/* Places in schema documents, worked out from the tape and only when they are told to somebody. */
#include "evaluators/schema/keywords.h"

#include "evaluators/select/select.h"

/* The child of `container` in whose subtree `node` stands; *ret_name is its name in an object, else its index. */
static const struct json_node *child_around(const struct json_node *container, const struct json_node *node,
					    const struct json_node **ret_name, size_t *ret_index)
{
	bool is_object = json_is(container, JSON_OBJECT);
	size_t index = 0;
	for (const struct json_node *child = json_first(container); child != NULL;
	     child = json_next(container, child)) {
		const struct json_node *value = is_object ? json_member(child) : child;
		if (node < value + value->span) {
			*ret_name = is_object ? child : NULL;
			*ret_index = index;
			return value;
		}
		index++;
	}
	return NULL;
}

void schema_append_pointer(const struct json_node *container, const struct json_node *node, struct buffer *buffer)
{
	while (container != NULL && container != node) {
		const struct json_node *name = NULL;
		size_t index = 0;
		container = child_around(container, node, &name, &index);
		if (name != NULL) {
			select_append_token(buffer, json_text(name));
		} else if (container != NULL) {
			buffer_append_format(buffer, "/%zu", index);
		}
	}
}

void schema_append_place(const struct schema *schema, uint32_t resource, const struct json_node *node,
			 struct buffer *buffer)
{
	const struct schema_resource *home = &schema->resources[resource];
	buffer_append_span(buffer, home->uri);
	buffer_append_byte(buffer, '#');
	schema_append_pointer(home->root, node, buffer);
}
