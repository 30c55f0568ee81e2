#include "harness/contract/config.h"
#include "harness/base/decimal.h"
#include "harness/base/file.h"
#include "harness/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONTENT_MAX = 1 << 20, MESSAGE_SIZE = 512, MONEY_PLACES = 9 };

int config_line(const struct config *config, const struct json_node *node)
{
	return node != NULL && config->document.root != NULL ? (int)config->document.lines[node - config->document.root]
							     : 1;
}

bool config_from_environment(const struct config *config, const struct json_node *node)
{
	return node != NULL && config->document.origins[node - config->document.root] != 0;
}

bool config_fail(const struct config *config, const struct json_node *node, const char *format, ...)
{
	char message[MESSAGE_SIZE];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	for (char *c = message; *c != '\0'; c++) { /* keys and file names may hold line breaks; an error is one line */
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			*c = '?';
		}
	}
	return error_set_at(config->err, ERROR_CONFIG, config->file, config_line(config, node), "%s", message);
}

bool config_fail_inner(const struct config *config, const struct json_node *node, const char *what,
		       const struct error *inner)
{
	if (inner->code == ERROR_MEMORY) {
		return config_fail_memory(config);
	}
	if (config_from_environment(config, node)) {
		return config_fail(config, node, "%s: the value from the environment cannot be used here; correct it",
				   what);
	}
	return config_fail(config, node, "%s: %s%s", what, inner->message,
			   strchr(inner->message, ';') != NULL ? "" : "; correct it");
}

bool config_fail_memory(const struct config *config)
{
	return error_set_at(config->err, ERROR_MEMORY, config->file, 0, "no memory for the configuration; free some");
}

const struct json_node *config_get(const struct json_node *node, const char *names)
{
	struct span rest = span_of(names);
	while (node != NULL && rest.length > 0) {
		struct span name = {rest.data, text_find(rest, SPAN("."))};
		size_t used = name.length < rest.length ? name.length + 1 : name.length;
		node = json_get(node, name);
		rest.data += used;
		rest.length -= used;
	}
	return json_is(node, JSON_NULL) ? NULL : node;
}

bool config_text(const struct config *config, const struct json_node *node, const char *fallback, const char **ret_text)
{
	if (node == NULL) {
		*ret_text = fallback;
		return true;
	}
	struct span text = json_text(node);
	if (text.length > 0 && memchr(text.data, '\0', text.length) != NULL) {
		return config_fail(config, node, "the text holds the character NUL; remove it");
	}
	const char *copy = arena_copy(config->arena, text);
	if (copy == NULL) {
		return config_fail_memory(config);
	}
	*ret_text = copy;
	return true;
}

static bool read_scaled(const struct json_node *node, int scale, int64_t *ret_number)
{
	struct decimal value;
	return decimal_parse(json_text(node), &value, NULL) && decimal_to_scaled(&value, scale, ret_number, NULL);
}

bool config_integer(const struct config *config, const struct json_node *node, int64_t fallback, int64_t *ret_number)
{
	if (node == NULL) {
		*ret_number = fallback;
		return true;
	}
	return read_scaled(node, 0, ret_number) ||
	       config_fail(config, node, "the number is out of range; write a smaller one");
}

bool config_small(const struct config *config, const struct json_node *node, int fallback, int *ret_number)
{
	int64_t number;
	if (!config_integer(config, node, fallback, &number)) {
		return false;
	}
	if (number < INT32_MIN || number > INT32_MAX) {
		return config_fail(config, node, "the number is out of range; write a smaller one");
	}
	*ret_number = (int)number;
	return true;
}

bool config_double(const struct config *config, const struct json_node *node, double fallback, double *ret_number)
{
	if (node == NULL) {
		*ret_number = fallback;
		return true;
	}
	return text_to_double(json_text(node), ret_number) ||
	       config_fail(config, node, "the number is out of range; write a smaller one");
}

bool config_share(const struct config *config, const struct json_node *node, uint32_t fallback, uint32_t *ret_ppm)
{
	if (node == NULL) {
		*ret_ppm = fallback;
		return true;
	}
	return text_to_ppm(json_text(node), ret_ppm) ||
	       config_fail(config, node,
			   "a share needs a number from 0 to 1 with at most six decimal places; write it like 0.02");
}

bool config_money(const struct config *config, const struct json_node *node, int64_t fallback, int64_t *ret_nano)
{
	if (node == NULL) {
		*ret_nano = fallback;
		return true;
	}
	if (!read_scaled(node, MONEY_PLACES, ret_nano) || *ret_nano < 0) {
		return config_fail(config, node,
				   "an amount of money needs a number from 0 to 9000000000; write it like 0.05");
	}
	return true;
}

bool config_boolean(const struct config *config, const struct json_node *node, bool fallback, bool *ret_value)
{
	(void)config; /* the schema allows nothing else */
	if (node == NULL) {
		*ret_value = fallback;
	} else {
		*ret_value =
			json_is(node, JSON_TRUE) || (json_is(node, JSON_STRING) && span_is(json_text(node), "true"));
	}
	return true;
}

bool config_path(const struct config *config, const struct json_node *node, const char *what,
		 struct select_path *ret_path)
{
	struct error inner = ERROR_INIT;
	return select_compile(json_text(node), config->arena, ret_path, &inner) ||
	       config_fail_inner(config, node, what, &inner);
}

bool config_check_listen(const struct config *config, const struct json_node *node)
{
	if (node == NULL) {
		return true;
	}
	struct span text = json_text(node);
	size_t colon = text.length;
	while (colon > 0 && text.data[colon - 1] != ':') {
		colon--;
	}
	uint64_t port;
	bool bracketed = colon >= 4 && text.data[0] == '[' && text.data[colon - 2] == ']';
	bool bare = colon >= 2 && memchr(text.data, ':', colon - 1) == NULL && text.data[0] != '[';
	bool clean = text_find(text, SPAN(" ")) == text.length && text_find(text, SPAN("/")) == text.length;
	if (!(bracketed || bare) || !clean ||
	    !text_to_uint64((struct span){text.data + colon, text.length - colon}, &port) || port > UINT16_MAX) {
		return config_fail(config, node,
				   "this is no address to listen on; write HOST:PORT such as 127.0.0.1:8080 or "
				   "[::1]:8080");
	}
	return true;
}

/* --- files --- */

bool config_beside(const struct config *config, struct span path, const char **ret_path)
{
	const char *text = arena_copy(config->arena, path);
	char *found = text != NULL ? file_beside(config->file, text) : NULL;
	const char *copy = found != NULL ? arena_copy(config->arena, span_of(found)) : NULL;
	free(found);
	if (copy == NULL) {
		return config_fail_memory(config);
	}
	*ret_path = copy;
	return true;
}

bool config_content(const struct config *config, const char *path, struct buffer *text, struct error *err)
{
	for (size_t i = 0; i < config->content_count; i++) {
		if (strcmp(config->contents[i].path, path) == 0) {
			buffer_clear(text);
			buffer_append_span(text, config->contents[i].text);
			return buffer_ok(text, path, err);
		}
	}
	return file_read(path, text, err);
}

bool config_file(const struct config *config, const struct json_node *node, struct span *ret_content,
		 const char **ret_path)
{
	struct buffer content CLEANUP_BUFFER = BUFFER_INIT(CONTENT_MAX);
	struct error inner = ERROR_INIT;
	const char *path;
	if (!config_beside(config, json_text(node), &path)) {
		return false;
	}
	const char *shown = config_from_environment(config, node) ? "named by the environment" : path;
	if (!config_content(config, path, &content, &inner)) {
		const char *advice = inner.code == ERROR_MISSING ? "is not there; make it, or correct the path"
				     : inner.code == ERROR_LIMIT
					     ? "is larger than 1 MiB; make it smaller"
					     : "cannot be read; check that it is a file and its mode";
		return config_fail(config, node, "the file %s %s", shown, advice);
	}
	if (!text_is_utf8(buffer_span(&content))) {
		return config_fail(config, node, "the file %s is not UTF-8 text; save it as UTF-8", shown);
	}
	const char *copy = arena_copy(config->arena, buffer_span(&content));
	if (copy == NULL) {
		return config_fail_memory(config);
	}
	*ret_content = (struct span){copy, content.length};
	*ret_path = path;
	return true;
}
