#include "harness/base/json.h"

/* Two-character escapes; the other control characters are written as \u00XX. */
static const char *short_escape(char c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\b':
		return "\\b";
	case '\f':
		return "\\f";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		return NULL;
	}
}

void json_write_string(struct buffer *buffer, struct span text)
{
	size_t written = 0; /* all before it has been appended */
	buffer_append_byte(buffer, '"');
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];
		if ((uint8_t)c >= ' ' && c != '"' && c != '\\') {
			continue;
		}
		buffer_append(buffer, text.data + written, i - written);
		written = i + 1;
		if (short_escape(c) != NULL) {
			buffer_append_text(buffer, short_escape(c));
		} else {
			buffer_append_format(buffer, "\\u%04x", (unsigned)(uint8_t)c);
		}
	}
	if (written < text.length) {
		buffer_append(buffer, text.data + written, text.length - written);
	}
	buffer_append_byte(buffer, '"');
}

static void write_array(struct buffer *buffer, const struct json_node *array)
{
	buffer_append_byte(buffer, '[');
	for (const struct json_node *item = json_first(array); item != NULL; item = json_next(array, item)) {
		if (item != json_first(array)) {
			buffer_append_byte(buffer, ',');
		}
		json_write(buffer, item);
	}
	buffer_append_byte(buffer, ']');
}

static void write_object(struct buffer *buffer, const struct json_node *object)
{
	buffer_append_byte(buffer, '{');
	for (const struct json_node *name = json_first(object); name != NULL; name = json_next(object, name)) {
		if (name != json_first(object)) {
			buffer_append_byte(buffer, ',');
		}
		json_write_string(buffer, json_text(name));
		buffer_append_byte(buffer, ':');
		json_write(buffer, json_member(name));
	}
	buffer_append_byte(buffer, '}');
}

void json_write(struct buffer *buffer, const struct json_node *node)
{
	switch ((enum json_type)node->type) {
	case JSON_NULL:
		buffer_append_text(buffer, "null");
		break;
	case JSON_FALSE:
		buffer_append_text(buffer, "false");
		break;
	case JSON_TRUE:
		buffer_append_text(buffer, "true");
		break;
	case JSON_NUMBER:
		buffer_append_span(buffer, json_text(node));
		break;
	case JSON_STRING:
		json_write_string(buffer, json_text(node));
		break;
	case JSON_ARRAY:
		write_array(buffer, node);
		break;
	case JSON_OBJECT:
		write_object(buffer, node);
		break;
	}
}
