#include "harness/document/yaml_text.h"

#include "harness/base/text.h"

static bool is_plain_byte(char c, bool first)
{
	char lower = text_lower(c);
	bool letter = (lower >= 'a' && lower <= 'z') || c == '_' || c == '/';
	return letter || (!first && (text_is_digit(c) || c == '.' || c == '-'));
}

static bool is_plain(struct span text)
{
	static const char *const words[] = {"null", "true", "false"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (text_equal_ignoring_case(text, span_of(words[i]))) {
			return false;
		}
	}
	for (size_t i = 0; i < text.length; i++) {
		if (!is_plain_byte(text.data[i], i == 0)) {
			return false;
		}
	}
	return text.length > 0;
}

void yaml_write_text(struct buffer *buffer, struct span text)
{
	if (is_plain(text)) {
		buffer_append_span(buffer, text);
	} else {
		json_write_string(buffer, text);
	}
}

static void write_items(struct buffer *buffer, const struct json_node *array)
{
	for (const struct json_node *item = json_first(array); item != NULL; item = json_next(array, item)) {
		buffer_append_text(buffer, item != json_first(array) ? ", " : "");
		yaml_write_value(buffer, item);
	}
}

void yaml_write_members(struct buffer *buffer, const struct json_node *object)
{
	for (const struct json_node *name = json_first(object); name != NULL; name = json_next(object, name)) {
		buffer_append_text(buffer, name != json_first(object) ? ", " : "");
		yaml_write_text(buffer, json_text(name));
		buffer_append_text(buffer, ": ");
		yaml_write_value(buffer, json_member(name));
	}
}

void yaml_write_value(struct buffer *buffer, const struct json_node *value)
{
	if (json_is(value, JSON_STRING)) {
		yaml_write_text(buffer, json_text(value));
	} else if (json_is(value, JSON_ARRAY)) {
		buffer_append_byte(buffer, '[');
		write_items(buffer, value);
		buffer_append_byte(buffer, ']');
	} else if (json_is(value, JSON_OBJECT)) {
		buffer_append_byte(buffer, '{');
		yaml_write_members(buffer, value);
		buffer_append_byte(buffer, '}');
	} else {
		json_write(buffer, value);
	}
}
