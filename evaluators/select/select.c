#include "evaluators/select/select.h"

#include "evaluators/select/path_parser.h"

bool select_compile(struct span expression, struct arena *arena, struct select_path *ret_path, struct error *err)
{
	if (expression.length == 0 || expression.data[0] == '/') {
		return select_parse_pointer(expression, arena, ret_path, err);
	}
	if (expression.data[0] == '$') {
		return select_parse_jsonpath(expression, arena, ret_path, err);
	}
	return error_set(err, ERROR_CONFIG,
			 "the address \"%.*s\" starts neither with \"$\" nor with \"/\"; write a JSONPath such as "
			 "$.queue or a JSON Pointer such as /queue",
			 (int)(expression.length < 100 ? expression.length : 100), expression.data);
}

static const struct json_node *item_at(const struct json_node *array, int64_t index)
{
	int64_t count = (int64_t)json_count(array);
	int64_t position = index < 0 ? index + count : index;
	return position >= 0 && position < count ? json_at(array, (size_t)position) : NULL;
}

static const struct json_node *take_step(const struct select_step *step, const struct json_node *node)
{
	if (json_is(node, JSON_OBJECT)) {
		return step->kind == SELECT_INDEX ? NULL : json_get(node, step->name);
	}
	if (!json_is(node, JSON_ARRAY) || step->kind == SELECT_NAME) {
		return NULL;
	}
	if (step->kind == SELECT_TOKEN && step->index < 0) {
		return NULL;
	}
	return item_at(node, step->index);
}

const struct json_node *select_get(const struct select_path *path, const struct json_node *root)
{
	const struct json_node *node = root;
	for (size_t i = 0; i < path->count && node != NULL; i++) {
		node = take_step(&path->steps[i], node);
	}
	return node;
}

void select_append_token(struct buffer *buffer, struct span name)
{
	buffer_append_byte(buffer, '/');
	size_t plain = 0;
	for (size_t i = 0; i < name.length; i++) {
		if (name.data[i] != '~' && name.data[i] != '/') {
			continue;
		}
		buffer_append(buffer, name.data + plain, i - plain);
		buffer_append_text(buffer, name.data[i] == '~' ? "~0" : "~1");
		plain = i + 1;
	}
	buffer_append(buffer, name.data + plain, name.length - plain);
}

bool select_to_pointer(const struct select_path *path, struct buffer *buffer)
{
	for (size_t i = 0; i < path->count; i++) {
		if (path->steps[i].kind == SELECT_INDEX && path->steps[i].index < 0) {
			return false;
		}
	}
	for (size_t i = 0; i < path->count; i++) {
		if (path->steps[i].kind == SELECT_INDEX) {
			buffer_append_format(buffer, "/%lld", (long long)path->steps[i].index);
		} else {
			select_append_token(buffer, path->steps[i].name);
		}
	}
	return true;
}
