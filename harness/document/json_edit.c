#include "harness/document/json_edit.h"

#include "harness/base/text.h"

enum { OBJECT_MAX = 4 << 20 };

static size_t string_end(struct span text, size_t at)
{
	for (at++; at < text.length && text.data[at] != '"'; at++) {
		at += text.data[at] == '\\' ? 1 : 0;
	}
	return at + 1;
}

size_t json_edit_end(struct span text, const struct json_node *node)
{
	size_t at = node->offset;
	size_t depth = 0;
	if (node->type == JSON_STRING) {
		return string_end(text, at);
	}
	if (node->type != JSON_ARRAY && node->type != JSON_OBJECT) {
		while (at < text.length && strchr(" \t\r\n,]}", text.data[at]) == NULL) {
			at++;
		}
		return at;
	}
	do {
		char c = text.data[at];
		depth += c == '{' || c == '[';
		depth -= c == '}' || c == ']';
		at = c == '"' ? string_end(text, at) : at + 1;
	} while (depth > 0);
	return at;
}

struct span json_edit_layout(struct span text, const struct json_node *container)
{
	if (json_count(container) == 0) {
		return SPAN("");
	}
	size_t start = container->offset + 1;
	struct span space = {text.data + start, json_first(container)->offset - start};
	return memchr(space.data, '\n', space.length) != NULL ? space : SPAN("");
}

struct span json_edit_closing(struct span text, const struct json_node *container)
{
	if (json_edit_layout(text, container).length == 0) {
		return SPAN("");
	}
	size_t close = json_edit_end(text, container) - 1;
	size_t space = close;
	while (strchr(" \t\r\n", text.data[space - 1]) != NULL) {
		space--;
	}
	return (struct span){text.data + space, close - space};
}

static const struct json_member_edit *find_edit(const struct json_member_edit *members, size_t count, struct span name)
{
	for (size_t i = 0; i < count; i++) {
		if (span_is(name, members[i].name)) {
			return &members[i];
		}
	}
	return NULL;
}

struct object_writer {
	struct buffer *text;
	struct span layout; /* before each member; empty: all on one line */
	bool begun;
};

static void begin_member(struct object_writer *writer, struct span name)
{
	if (writer->begun) {
		buffer_append_text(writer->text, writer->layout.length > 0 ? "," : ", ");
	}
	writer->begun = true;
	buffer_append_span(writer->text, writer->layout);
	json_write_string(writer->text, name);
	buffer_append_text(writer->text, ": ");
}

static void write_members(struct object_writer *writer, struct span source, const struct json_node *object,
			  const struct json_member_edit *members, size_t count)
{
	for (const struct json_node *name = json_first(object); name != NULL; name = json_next(object, name)) {
		const struct json_member_edit *edit = find_edit(members, count, json_text(name));
		if (edit != NULL && edit->text == NULL) {
			continue;
		}
		begin_member(writer, json_text(name));
		size_t start = json_member(name)->offset;
		struct span kept = {source.data + start, json_edit_end(source, json_member(name)) - start};
		buffer_append_span(writer->text, edit != NULL ? span_of(edit->text) : kept);
	}
	for (size_t i = 0; i < count; i++) {
		if (members[i].text != NULL && json_get_text(object, members[i].name) == NULL) {
			begin_member(writer, span_of(members[i].name));
			buffer_append_text(writer->text, members[i].text);
		}
	}
}

void json_edit_members(struct text_edits *edits, const struct json_node *object, const struct json_member_edit *members,
		       size_t count)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(OBJECT_MAX);
	struct object_writer writer = {.text = &text, .layout = json_edit_layout(edits->source, object)};
	size_t end = json_edit_end(edits->source, object);
	buffer_append_byte(&text, '{');
	write_members(&writer, edits->source, object, members, count);
	buffer_append_span(&text, json_edit_closing(edits->source, object));
	buffer_append_byte(&text, '}');
	text_edit_add(edits, object->offset, end, wording_take(edits->wording, &text));
}

void json_edit_append(struct text_edits *edits, const struct json_node *object, const char *name, const char *text)
{
	struct buffer added CLEANUP_BUFFER = BUFFER_INIT(OBJECT_MAX);
	struct object_writer writer = {.text = &added, .layout = json_edit_layout(edits->source, object)};
	size_t at = object->offset + 1;
	for (const struct json_node *member = json_first(object); member != NULL; member = json_next(object, member)) {
		at = json_edit_end(edits->source, json_member(member));
	}
	writer.begun = json_count(object) > 0 || text_edit_is_at(edits, at);
	begin_member(&writer, span_of(name));
	buffer_append_text(&added, text);
	text_edit_add(edits, at, at, wording_take(edits->wording, &added));
}
