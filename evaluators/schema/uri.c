#include "evaluators/schema/uri.h"

#include "harness/base/text.h"

/* The five parts of RFC 3986 section 3 but the fragment. `has` tells an empty part from none. */
struct parts {
	struct span scheme;
	struct span authority;
	struct span path;
	struct span query;
	bool has_authority;
	bool has_query;
};

static struct span slice(struct span text, size_t from, size_t to)
{
	return (struct span){text.data + from, to - from};
}

bool uri_cut_fragment(struct span *uri, struct span *ret_fragment)
{
	size_t at = text_find(*uri, SPAN("#"));
	bool found = at < uri->length;
	*ret_fragment = found ? slice(*uri, at + 1, uri->length) : (struct span){"", 0};
	uri->length = at;
	return found;
}

/* Length of a scheme without its colon, 0 where there is none. */
static size_t scheme_length(struct span uri)
{
	for (size_t i = 0; i < uri.length; i++) {
		char c = text_lower(uri.data[i]);
		bool is_letter = c >= 'a' && c <= 'z';
		if (c == ':') {
			return i;
		}
		if (!is_letter && (i == 0 || (!text_is_digit(c) && c != '+' && c != '-' && c != '.'))) {
			return 0;
		}
	}
	return 0;
}

bool uri_is_absolute(struct span uri)
{
	return scheme_length(uri) > 0;
}

static struct parts split(struct span uri)
{
	struct parts parts = {.scheme = slice(uri, 0, scheme_length(uri))};
	struct span rest = uri;
	if (parts.scheme.length > 0) {
		rest = slice(uri, parts.scheme.length + 1, uri.length);
	}
	size_t question = text_find(rest, SPAN("?"));
	parts.has_query = question < rest.length;
	if (parts.has_query) {
		parts.query = slice(rest, question + 1, rest.length);
		rest.length = question;
	}
	parts.has_authority = text_starts_with(rest, "//");
	if (parts.has_authority) {
		struct span behind = slice(rest, 2, rest.length);
		size_t end = text_find(behind, SPAN("/"));
		parts.authority = slice(behind, 0, end);
		rest = slice(behind, end, behind.length);
	}
	parts.path = rest;
	return parts;
}

/* Section 5.2.4. `start` is where the path begins in the buffer: ".." takes nothing in front of it away. */
static void append_without_dots(struct span path, struct buffer *buffer)
{
	size_t start = buffer->length;
	while (path.length > 0) {
		size_t from = path.data[0] == '/' ? 1 : 0;
		struct span rest = slice(path, from, path.length);
		size_t end = text_find(rest, SPAN("/"));
		struct span segment = slice(rest, 0, end);
		bool is_last = end == rest.length;
		bool is_up = span_is(segment, "..");
		if (is_up || span_is(segment, ".")) {
			while (is_up && buffer->length > start && buffer->data[--buffer->length] != '/') {
			}
			if (is_last && (from == 1 || buffer->length > start)) {
				buffer_append_byte(buffer, '/');
			}
		} else {
			buffer_append(buffer, path.data, from + end);
		}
		path = slice(rest, end, rest.length);
	}
}

/* Section 5.2.3. */
static void append_merged(const struct parts *base, struct span path, struct buffer *buffer)
{
	CLEANUP_BUFFER struct buffer merged = BUFFER_INIT(buffer->maximum);
	if (base->has_authority && base->path.length == 0) {
		buffer_append_byte(&merged, '/');
	}
	size_t keep = base->path.length;
	while (keep > 0 && base->path.data[keep - 1] != '/') {
		keep--;
	}
	buffer_append(&merged, base->path.data, keep);
	buffer_append_span(&merged, path);
	append_without_dots(buffer_span(&merged), buffer);
}

static void append_path(const struct parts *base, const struct parts *target, bool own, struct buffer *buffer)
{
	if (!own && target->path.length == 0) {
		buffer_append_span(buffer, base->path);
	} else if (!own && target->path.data[0] != '/') {
		append_merged(base, target->path, buffer);
	} else {
		append_without_dots(target->path, buffer);
	}
}

void uri_resolve(struct span base_text, struct span reference, struct buffer *buffer)
{
	struct parts base = split(base_text);
	struct parts target = split(reference);
	bool own_scheme = target.scheme.length > 0;
	bool own_authority = own_scheme || target.has_authority;
	struct span scheme = own_scheme ? target.scheme : base.scheme;
	const struct parts *authority = own_authority ? &target : &base;
	if (scheme.length > 0) {
		buffer_append_span(buffer, scheme);
		buffer_append_byte(buffer, ':');
	}
	if (authority->has_authority) {
		buffer_append_text(buffer, "//");
		buffer_append_span(buffer, authority->authority);
	}
	append_path(&base, &target, own_authority, buffer);
	bool inherits = !own_authority && target.path.length == 0 && !target.has_query;
	const struct parts *query = inherits ? &base : &target;
	if (query->has_query) {
		buffer_append_byte(buffer, '?');
		buffer_append_span(buffer, query->query);
	}
}

void uri_decode(struct span text, struct buffer *buffer)
{
	for (size_t i = 0; i < text.length; i++) {
		uint8_t byte = 0;
		if (text.data[i] == '%' && i + 2 < text.length && text_from_hex(slice(text, i + 1, i + 3), &byte, 1)) {
			buffer_append_byte(buffer, (char)byte);
			i += 2;
		} else {
			buffer_append_byte(buffer, text.data[i]);
		}
	}
}
