#include "harness/contract/prompt.h"
#include "harness/base/text.h"

enum { VALUE_MAX = 64 << 20 };

/* The next "{{...}}" at or behind *position. Moves *position behind it. */
struct placeholder {
	size_t begin;        /* of "{{" */
	struct span pointer; /* between the braces, trimmed of blanks */
};

enum found { FOUND, FOUND_NONE, FOUND_BROKEN };

static enum found next_placeholder(struct span text, size_t *position, struct placeholder *ret_found, struct error *err)
{
	struct span rest = {text.data + *position, text.length - *position};
	size_t open = text_find(rest, SPAN("{{"));
	if (open == rest.length) {
		return FOUND_NONE;
	}
	struct span inner = {rest.data + open + 2, rest.length - open - 2};
	size_t close = text_find(inner, SPAN("}}"));
	size_t begin = *position + open;
	if (close == inner.length) {
		error_set(err, ERROR_CONFIG, "byte %zu: \"{{\" without \"}}\"; close it, or write one brace",
			  begin + 1);
		return FOUND_BROKEN;
	}
	inner.length = close;
	ret_found->begin = begin;
	ret_found->pointer = text_trim(inner);
	*position = begin + 2 + close + 2;
	return FOUND;
}

static bool compile_placeholder(const struct placeholder *place, struct arena *arena, struct select_path *ret_path,
				struct error *err)
{
	struct error inner = ERROR_INIT;
	if (place->pointer.length > 0 && place->pointer.data[0] != '/') {
		return error_set(err, ERROR_CONFIG,
				 "byte %zu: {{...}} must hold a JSON Pointer; write it as {{/name}}, {{}} for the "
				 "whole message",
				 place->begin + 1);
	}
	if (!select_compile(place->pointer, arena, ret_path, &inner)) {
		return error_set(err, inner.code, "byte %zu: {{...}}: %s", place->begin + 1, inner.message);
	}
	return true;
}

bool prompt_pointers(struct span template_text, struct arena *arena, struct select_path **ret_pointers,
		     size_t *ret_count, struct error *err)
{
	struct placeholder place;
	size_t count = 0;
	size_t position = 0;
	enum found found;
	while ((found = next_placeholder(template_text, &position, &place, err)) == FOUND) {
		count++;
	}
	if (found == FOUND_BROKEN) {
		return false;
	}
	struct select_path *pointers = arena_allocate_array(arena, count, sizeof(*pointers));
	if (pointers == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for the prompt; make it smaller");
	}
	position = 0;
	for (size_t i = 0; i < count; i++) {
		if (next_placeholder(template_text, &position, &place, err) != FOUND ||
		    !compile_placeholder(&place, arena, &pointers[i], err)) {
			return false;
		}
	}
	*ret_pointers = pointers;
	*ret_count = count;
	return true;
}

/* What could end a line somewhere, or do worse: C0, DEL, C1 (with U+0085), U+2028 and U+2029; tab is harmless. */
static bool must_become_space(uint32_t c)
{
	return (c < 0x20 && c != '\t') || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029;
}

static void append_value_text(struct buffer *prompt, struct span value)
{
	size_t position = 0;
	size_t begin = 0;
	uint32_t c;
	bool after_brace = false;
	while (text_next_code_point(value, &position, &c)) {
		if (must_become_space(c)) {
			buffer_append_byte(prompt, ' ');
		} else if (c != '{' || !after_brace) {
			buffer_append(prompt, value.data + begin, position - begin);
		}
		after_brace = c == '{';
		begin = position;
	}
}

static void append_value(struct buffer *prompt, const struct json_node *value)
{
	if (value == NULL) {
		return;
	}
	if (json_is(value, JSON_STRING)) {
		append_value_text(prompt, json_text(value));
		return;
	}
	struct buffer json CLEANUP_BUFFER = BUFFER_INIT(VALUE_MAX);
	json_write(&json, value);
	if (json.failed) {
		prompt->failed = true;
		return;
	}
	append_value_text(prompt, buffer_span(&json));
}

bool prompt_fill(struct span template_text, const struct json_node *message, struct buffer *ret_prompt,
		 struct error *err)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
	struct placeholder place;
	size_t position = 0;
	size_t written = 0;
	enum found found;
	while ((found = next_placeholder(template_text, &position, &place, err)) == FOUND) {
		struct select_path path;
		if (!compile_placeholder(&place, &arena, &path, err)) {
			return false;
		}
		buffer_append(ret_prompt, template_text.data + written, place.begin - written);
		append_value(ret_prompt, select_get(&path, message));
		arena_reset(&arena);
		written = position;
	}
	if (found == FOUND_BROKEN) {
		return false;
	}
	buffer_append(ret_prompt, template_text.data + written, template_text.length - written);
	return buffer_ok(ret_prompt, "the prompt", err);
}
