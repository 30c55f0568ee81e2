#include "harness/onboarding/place.h"

#include "evaluators/select/select.h"
#include "harness/base/text.h"

enum { PLACE_MAX = 1 << 20, GROUP = 3 };

static bool is_word(struct span name, const char *also)
{
	for (size_t i = 0; i < name.length; i++) {
		char c = text_lower(name.data[i]);
		bool letter = (c >= 'a' && c <= 'z') || c == '_' || (c != '\0' && strchr(also, c) != NULL);
		if (!letter && (i == 0 || !text_is_digit(c))) {
			return false;
		}
	}
	return name.length > 0;
}

/* RFC 9535 section 2.3.1: in single quotes, with escapes as in JSON. */
static void write_quoted(struct buffer *buffer, struct span name)
{
	buffer_append_text(buffer, "['");
	for (size_t i = 0; i < name.length; i++) {
		char c = name.data[i];
		if (c == '\'' || c == '\\') {
			buffer_append_byte(buffer, '\\');
			buffer_append_byte(buffer, c);
		} else if ((unsigned char)c < 0x20 || c == '$') {
			buffer_append_format(buffer, "\\u%04x", (unsigned)(unsigned char)c);
		} else {
			buffer_append_byte(buffer, c);
		}
	}
	buffer_append_text(buffer, "']");
}

static void write_path(struct buffer *buffer, const struct profile_node *top, const struct profile_node *node)
{
	if (node == top || node->parent == NULL) {
		return;
	}
	write_path(buffer, top, node->parent);
	if (is_word(node->name, "")) {
		buffer_append_byte(buffer, '.');
		buffer_append_span(buffer, node->name);
	} else {
		write_quoted(buffer, node->name);
	}
}

static char *take(struct buffer *buffer, struct arena *arena)
{
	char *copy = buffer->failed ? NULL : arena_copy(arena, buffer_span(buffer));
	buffer_finish(buffer);
	return copy;
}

char *place_path(const struct profile_node *top, const struct profile_node *node, struct arena *arena)
{
	struct buffer text = BUFFER_INIT(PLACE_MAX);
	buffer_append_byte(&text, '$');
	write_path(&text, top, node);
	return take(&text, arena);
}

char *place_short(const struct profile_node *top, const struct profile_node *node, struct arena *arena)
{
	struct buffer text = BUFFER_INIT(PLACE_MAX);
	for (const struct profile_node *step = node; step != top && step->parent != NULL; step = step->parent) {
		if (!is_word(step->name, "-.")) {
			buffer_finish(&text);
			return place_path(top, node, arena);
		}
	}
	sample_profile_pointer(top, node, &text);
	return take(&text, arena);
}

static void write_name(struct buffer *buffer, const struct profile_node *top, const struct profile_node *node)
{
	if (node == top || node->parent == NULL) {
		return;
	}
	write_name(buffer, top, node->parent);
	if (buffer->length > 0 && !node->is_items) {
		buffer_append_byte(buffer, '.');
	}
	buffer_append_span(buffer, node->is_items ? SPAN("[]") : node->name);
}

char *place_name(const struct profile_node *top, const struct profile_node *node, struct arena *arena)
{
	struct buffer text = BUFFER_INIT(PLACE_MAX);
	write_name(&text, top, node);
	return take(&text, arena);
}

const struct json_node *place_value(const struct profile_node *node, const struct json_node *document)
{
	return node->parent == NULL ? document : json_get(place_value(node->parent, document), node->name);
}

char *place_count(uint64_t number, struct arena *arena)
{
	char digits[32];
	char grouped[48];
	size_t used = 0;
	size_t count = 0;
	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (count > 0) {
		count--;
		grouped[used++] = digits[count];
		if (count > 0 && count % GROUP == 0) {
			grouped[used++] = ',';
		}
	}
	return arena_copy(arena, (struct span){grouped, used});
}

char *place_share(uint64_t part, uint64_t whole, const char *what, struct arena *arena)
{
	const char *first = place_count(part, arena);
	const char *second = place_count(whole, arena);
	return first != NULL && second != NULL ? arena_format(arena, "%s of %s %s", first, second, what) : NULL;
}

char *place_comment(struct span text, size_t most, struct arena *arena)
{
	struct buffer line = BUFFER_INIT(PLACE_MAX);
	size_t position = 0;
	uint32_t code_point = 0;
	for (size_t i = 0; position < text.length && text_next_code_point(text, &position, &code_point); i++) {
		if (i == most) {
			buffer_append_text(&line, "...");
			break;
		}
		bool control = code_point < 0x20 || (code_point >= 0x7f && code_point <= 0xa0) ||
			       code_point >= 0xfff0 || (code_point >= 0x2028 && code_point <= 0x202e) ||
			       (code_point >= 0x2066 && code_point <= 0x2069) || code_point == 0xfeff;
		text_append_code_point(&line, control ? ' ' : code_point);
	}
	return take(&line, arena);
}
