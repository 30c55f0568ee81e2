#include "evaluators/select/path_parser.h"

#include "harness/base/text.h"

/* RFC 6901 section 4: digits without a leading zero. "-" names the item behind the last one, which never exists. */
static int64_t token_index(struct span token)
{
	bool leading_zero = token.length > 1 && token.data[0] == '0';
	int64_t index = 0;
	if (token.length == 0 || leading_zero || !text_is_digit(token.data[0]) || !text_to_int64(token, &index)) {
		return -1;
	}
	return index;
}

static bool bad_escape(struct span text, size_t position, struct error *err)
{
	return error_set(err, ERROR_CONFIG,
			 "JSON Pointer, position %zu: \"~\" stands only before 0 (for ~) or 1 (for /); write ~0 for a "
			 "plain ~ in \"%.*s\"",
			 position + 1, (int)(text.length < 100 ? text.length : 100), text.data);
}

/* Decodes the token from *position up to the next "/" into `out`; moves *position to the "/" or the end. */
static bool decode_token(struct span text, size_t *position, char *out, size_t *ret_length, struct error *err)
{
	size_t length = 0;
	size_t i = *position;
	for (; i < text.length && text.data[i] != '/'; i++) {
		char c = text.data[i];
		if (c == '~') {
			char next = i + 1 < text.length ? text.data[i + 1] : 0;
			if (next != '0' && next != '1') {
				return bad_escape(text, i, err);
			}
			c = next == '0' ? '~' : '/';
			i++;
		}
		out[length++] = c;
	}
	*position = i;
	*ret_length = length;
	return true;
}

static size_t count_tokens(struct span text)
{
	size_t count = 0;
	for (size_t i = 0; i < text.length; i++) {
		count += text.data[i] == '/';
	}
	return count;
}

bool select_parse_pointer(struct span text, struct arena *arena, struct select_path *ret_path, struct error *err)
{
	if (!text_is_utf8(text)) {
		return error_set(err, ERROR_CONFIG, "a JSON Pointer is not UTF-8; save the file as UTF-8");
	}
	size_t count = count_tokens(text);
	struct select_step *steps = arena_allocate_array(arena, count, sizeof(*steps));
	char *names = arena_allocate(arena, text.length);
	if (steps == NULL || names == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for a JSON Pointer of %zu bytes", text.length);
	}
	size_t position = 0;
	for (size_t i = 0; i < count; i++) {
		position++; /* the "/" */
		size_t length = 0;
		if (!decode_token(text, &position, names, &length, err)) {
			return false;
		}
		struct span name = {names, length};
		steps[i] = (struct select_step){.kind = SELECT_TOKEN, .name = name, .index = token_index(name)};
		names += length;
	}
	*ret_path = (struct select_path){steps, count};
	return true;
}
