/* jansson is the tree, the writing is ours: jansson cannot hold long numbers, nor choose the digits of each one. A
 * string in its tree is therefore our own: a first byte that says what it is, then the text to write. */
#include "harness/base/json_build.h"

#include "harness/base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* jansson and base/json share these names, so jansson's get others while its header is read. Its macros that name them
 * (json_is_object and the like) then mean ours: this file asks json_typeof instead. */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_TRUE JANSSON_TRUE
#define JSON_FALSE JANSSON_FALSE
#define JSON_NULL JANSSON_NULL
#define json_equal jansson_equal
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL
#undef json_equal

enum { TAG_STRING = 's', TAG_NUMBER = 'n', NUMBER_SIZE = 40 };

struct json_build {
	json_t *open[JSON_BUILD_DEPTH]; /* the root and the containers being filled, innermost last; all but the root
					 * are borrowed from the one before */
	size_t depth;
	struct error failure;
};

/* Stands in for a builder there was no memory for; a failed builder is never written to. */
static struct json_build no_builder = {
	.failure = {.code = ERROR_MEMORY, .message = "no memory to build a JSON document"},
};

static void out_of_memory(struct json_build *build)
{
	build->failure = no_builder.failure;
}

static bool failed(const struct json_build *build)
{
	return build->failure.code != ERROR_NONE;
}

static struct json_build *create(json_t *root)
{
	struct json_build *build = calloc(1, sizeof(*build));
	if (build == NULL || root == NULL) {
		free(build);
		json_decref(root);
		return &no_builder;
	}
	build->open[0] = root;
	build->depth = 1;
	return build;
}

struct json_build *json_build_create(void)
{
	return create(json_object());
}

struct json_build *json_build_create_array(void)
{
	return create(json_array());
}

void json_build_destroy(struct json_build *build)
{
	if (build == NULL || build == &no_builder) {
		return;
	}
	json_decref(build->open[0]);
	free(build);
}

/* Appends `text` with U+FFFD for each byte that is not UTF-8. */
static void append_utf8(struct buffer *buffer, struct span text)
{
	if (text_is_utf8(text)) {
		buffer_append_span(buffer, text);
		return;
	}
	for (size_t position = 0; position < text.length;) {
		size_t start = position;
		uint32_t code_point;
		if (text_next_code_point(text, &position, &code_point)) {
			buffer_append(buffer, text.data + start, position - start);
		} else {
			buffer_append_text(buffer, "\xef\xbf\xbd");
			position++;
		}
	}
}

/* New reference, NULL without memory. */
static json_t *new_tagged(char tag, struct span text)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(SIZE_MAX / 4);
	buffer_append_byte(&buffer, tag);
	append_utf8(&buffer, text);
	return buffer.failed ? NULL : json_stringn_nocheck(buffer.data, buffer.length);
}

/* Takes the reference of `value` (NULL: no memory). False without memory. */
static bool put_member(json_t *object, struct span name, json_t *value)
{
	if (text_is_utf8(name)) {
		return json_object_setn_new_nocheck(object, name.data, name.length, value) == 0;
	}
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(SIZE_MAX / 4);
	append_utf8(&buffer, name);
	if (buffer.failed) {
		json_decref(value);
		return false;
	}
	return json_object_setn_new_nocheck(object, buffer.data, buffer.length, value) == 0;
}

/* Adds to the innermost open container. Takes the reference of `value` (NULL: no memory). */
static void put(struct json_build *build, const char *name, json_t *value)
{
	json_t *container = build->open[build->depth - 1];
	BUG_ON((json_typeof(container) == JANSSON_OBJECT) != (name != NULL));
	bool done = name != NULL ? put_member(container, span_of(name), value)
				 : json_array_append_new(container, value) == 0;
	if (!done) {
		out_of_memory(build);
	}
}

static void open_container(struct json_build *build, const char *name, json_t *container)
{
	put(build, name, container);
	if (failed(build)) {
		return;
	}
	if (build->depth == JSON_BUILD_DEPTH) {
		error_set(&build->failure, ERROR_LIMIT, "a JSON document is deeper than %d levels", JSON_BUILD_DEPTH);
		return;
	}
	build->open[build->depth++] = container;
}

void json_build_object(struct json_build *build, const char *name)
{
	if (!failed(build)) {
		open_container(build, name, json_object());
	}
}

void json_build_array(struct json_build *build, const char *name)
{
	if (!failed(build)) {
		open_container(build, name, json_array());
	}
}

void json_build_end(struct json_build *build)
{
	if (failed(build)) {
		return;
	}
	BUG_ON(build->depth == 1);
	build->depth--;
}

void json_build_span(struct json_build *build, const char *name, struct span text)
{
	if (!failed(build)) {
		put(build, name, new_tagged(TAG_STRING, text));
	}
}

void json_build_text(struct json_build *build, const char *name, const char *text)
{
	if (text == NULL) {
		json_build_null(build, name);
	} else {
		json_build_span(build, name, span_of(text));
	}
}

static void put_number(struct json_build *build, const char *name, const char *text)
{
	if (!failed(build)) {
		put(build, name, new_tagged(TAG_NUMBER, span_of(text)));
	}
}

void json_build_integer(struct json_build *build, const char *name, int64_t number)
{
	char text[NUMBER_SIZE];
	snprintf(text, sizeof(text), "%lld", (long long)number);
	put_number(build, name, text);
}

/* Writes `digits` significant digits; a point of the locale, whatever its bytes, becomes '.'. */
static void format_number(double number, int digits, char text[NUMBER_SIZE])
{
	char local[NUMBER_SIZE];
	snprintf(local, sizeof(local), "%.*g", digits, number);
	size_t length = 0;
	for (const char *at = local; *at != '\0'; at++) {
		bool plain = text_is_digit(*at) || *at == '-' || *at == '+' || *at == 'e';
		if (plain) {
			text[length++] = *at;
		} else if (length > 0 && text[length - 1] != '.') {
			text[length++] = '.';
		}
	}
	text[length] = '\0';
}

void json_build_number(struct json_build *build, const char *name, double number)
{
	if (!isfinite(number)) {
		json_build_null(build, name);
		return;
	}
	char text[NUMBER_SIZE];
	format_number(fpclassify(number) == FP_ZERO ? 0.0 : number, 9, text);
	put_number(build, name, text);
}

void json_build_exact(struct json_build *build, const char *name, double number)
{
	if (!isfinite(number)) {
		json_build_null(build, name);
		return;
	}
	char text[NUMBER_SIZE];
	for (int digits = 15; digits <= 17; digits++) {
		format_number(number, digits, text);
		double back;
		if (text_to_double(span_of(text), &back) && memcmp(&back, &number, sizeof(back)) == 0) {
			break;
		}
	}
	put_number(build, name, text);
}

void json_build_boolean(struct json_build *build, const char *name, bool value)
{
	if (!failed(build)) {
		put(build, name, value ? json_true() : json_false());
	}
}

void json_build_null(struct json_build *build, const char *name)
{
	if (!failed(build)) {
		put(build, name, json_null());
	}
}

static json_t *new_copy(const struct json_node *node);

static json_t *new_array(const struct json_node *node)
{
	json_t *array = json_array();
	for (const struct json_node *item = json_first(node); item != NULL; item = json_next(node, item)) {
		if (json_array_append_new(array, new_copy(item)) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *new_object(const struct json_node *node)
{
	json_t *object = json_object();
	for (const struct json_node *name = json_first(node); name != NULL; name = json_next(node, name)) {
		if (!put_member(object, json_text(name), new_copy(json_member(name)))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

/* New reference, NULL without memory. Recursion ends at the reader's JSON_DEPTH_MAX. */
static json_t *new_copy(const struct json_node *node)
{
	switch ((enum json_type)node->type) {
	case JSON_NULL:
		break;
	case JSON_FALSE:
	case JSON_TRUE:
		return node->type == JSON_TRUE ? json_true() : json_false();
	case JSON_NUMBER:
		return new_tagged(TAG_NUMBER, json_text(node));
	case JSON_STRING:
		return new_tagged(TAG_STRING, json_text(node));
	case JSON_ARRAY:
		return new_array(node);
	case JSON_OBJECT:
		return new_object(node);
	}
	return json_null();
}

void json_build_node(struct json_build *build, const char *name, const struct json_node *node)
{
	if (node == NULL) {
		json_build_null(build, name);
	} else if (!failed(build)) {
		put(build, name, new_copy(node));
	}
}

struct writer {
	struct buffer *buffer;
	int indent; /* spaces for each level, 0: one line */
};

static void write_value(const struct writer *writer, json_t *value, int level);

static void start_line(const struct writer *writer, int level)
{
	if (writer->indent > 0) {
		buffer_append_format(writer->buffer, "\n%*s", writer->indent * level, "");
	}
}

static void write_array(const struct writer *writer, json_t *array, int level)
{
	buffer_append_byte(writer->buffer, '[');
	size_t count = json_array_size(array);
	for (size_t i = 0; i < count; i++) {
		if (i > 0) {
			buffer_append_byte(writer->buffer, ',');
		}
		start_line(writer, level + 1);
		write_value(writer, json_array_get(array, i), level + 1);
	}
	if (count > 0) {
		start_line(writer, level);
	}
	buffer_append_byte(writer->buffer, ']');
}

static void write_object(const struct writer *writer, json_t *object, int level)
{
	buffer_append_byte(writer->buffer, '{');
	void *first = json_object_iter(object);
	for (void *member = first; member != NULL; member = json_object_iter_next(object, member)) {
		if (member != first) {
			buffer_append_byte(writer->buffer, ',');
		}
		start_line(writer, level + 1);
		struct span name = {json_object_iter_key(member), json_object_iter_key_len(member)};
		json_write_string(writer->buffer, name);
		buffer_append_text(writer->buffer, writer->indent > 0 ? ": " : ":");
		write_value(writer, json_object_iter_value(member), level + 1);
	}
	if (first != NULL) {
		start_line(writer, level);
	}
	buffer_append_byte(writer->buffer, '}');
}

static void write_tagged(const struct writer *writer, const json_t *value)
{
	const char *tagged = json_string_value(value);
	struct span text = {tagged + 1, json_string_length(value) - 1};
	if (tagged[0] == TAG_STRING) {
		json_write_string(writer->buffer, text);
	} else {
		buffer_append_span(writer->buffer, text);
	}
}

static void write_value(const struct writer *writer, json_t *value, int level)
{
	switch (json_typeof(value)) {
	case JANSSON_OBJECT:
		write_object(writer, value, level);
		break;
	case JANSSON_ARRAY:
		write_array(writer, value, level);
		break;
	case JANSSON_STRING:
		write_tagged(writer, value);
		break;
	case JANSSON_TRUE:
		buffer_append_text(writer->buffer, "true");
		break;
	case JANSSON_FALSE:
		buffer_append_text(writer->buffer, "false");
		break;
	case JANSSON_NULL:
	case JSON_INTEGER: /* never made: numbers are tagged */
	case JSON_REAL:
		buffer_append_text(writer->buffer, "null");
		break;
	}
}

bool json_build_write(const struct json_build *build, int indent, struct buffer *buffer, struct error *err)
{
	if (failed(build)) {
		return error_set(err, build->failure.code, "%s", build->failure.message);
	}
	BUG_ON(build->depth != 1);
	write_value(&(struct writer){buffer, indent}, build->open[0], 0);
	return buffer_ok(buffer, "the JSON document", err);
}
