#include "harness/http/head.h"

#include "harness/base/text.h"

enum { METHOD_MAX = 32 };

static bool is_token_byte(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-') {
		return true;
	}
	return c != '\0' && strchr("!#$%&'*+.^_`|~", c) != NULL;
}

static bool is_token(struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		if (!is_token_byte(text.data[i])) {
			return false;
		}
	}
	return text.length > 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct span trim_blanks(struct span text)
{
	while (text.length > 0 && is_blank(text.data[0])) {
		text.data++;
		text.length--;
	}
	while (text.length > 0 && is_blank(text.data[text.length - 1])) {
		text.length--;
	}
	return text;
}

static bool is_name(struct span text, const char *name)
{
	return text_equal_ignoring_case(text, span_of(name));
}

static bool refuse(struct http_fault *fault, int status, const char *text)
{
	*fault = (struct http_fault){.status = status, .text = text};
	return false;
}

size_t http_head_find_end(struct span bytes, size_t *scanned)
{
	size_t at = *scanned;
	for (;;) {
		const char *newline = at < bytes.length ? memchr(bytes.data + at, '\n', bytes.length - at) : NULL;
		if (newline == NULL) {
			*scanned = bytes.length;
			return 0;
		}
		size_t next = (size_t)(newline - bytes.data) + 1;
		if (next < bytes.length && bytes.data[next] == '\n') {
			return next + 1;
		}
		if (next + 1 < bytes.length && bytes.data[next] == '\r' && bytes.data[next + 1] == '\n') {
			return next + 2;
		}
		if (next >= bytes.length || (bytes.data[next] == '\r' && next + 1 == bytes.length)) {
			*scanned = next - 1; /* this line end has to be looked at again with what follows it */
			return 0;
		}
		at = next;
	}
}

bool http_head_may_be_request(struct span bytes)
{
	for (size_t i = 0; i < bytes.length; i++) {
		if (bytes.data[i] == ' ') {
			return i > 0;
		}
		if (i >= METHOD_MAX || !is_token_byte(bytes.data[i])) {
			return false;
		}
	}
	return true;
}

/* Takes a line off *rest; the line is without its end. False at the end. */
static bool next_line(struct span *rest, struct span *ret_line)
{
	if (rest->length == 0) {
		return false;
	}
	const char *newline = memchr(rest->data, '\n', rest->length);
	size_t length = newline != NULL ? (size_t)(newline - rest->data) : rest->length;
	size_t used = newline != NULL ? length + 1 : length;
	*ret_line = (struct span){rest->data, length};
	if (length > 0 && rest->data[length - 1] == '\r') {
		ret_line->length--;
	}
	rest->data += used;
	rest->length -= used;
	return true;
}

static bool split_field(struct span line, struct http_field *ret_field)
{
	const char *colon = line.length > 0 ? memchr(line.data, ':', line.length) : NULL;
	if (colon == NULL) {
		return false;
	}
	size_t name_length = (size_t)(colon - line.data);
	ret_field->line = line;
	ret_field->name = trim_blanks((struct span){line.data, name_length});
	ret_field->value = trim_blanks((struct span){colon + 1, line.length - name_length - 1});
	return true;
}

bool http_head_next_field(struct span *rest, struct http_field *ret_field)
{
	struct span line;
	return next_line(rest, &line) && split_field(line, ret_field);
}

/* Takes the next element off a comma-separated list; false at the end. */
static bool next_element(struct span *rest, struct span *ret_element)
{
	while (rest->length > 0) {
		const char *comma = memchr(rest->data, ',', rest->length);
		size_t length = comma != NULL ? (size_t)(comma - rest->data) : rest->length;
		size_t used = comma != NULL ? length + 1 : length;
		*ret_element = trim_blanks((struct span){rest->data, length});
		rest->data += used;
		rest->length -= used;
		if (ret_element->length > 0) {
			return true;
		}
	}
	return false;
}

/* What one pass over the fields gathers beside the head itself. */
struct reading {
	struct http_head *head;
	struct http_fault *fault;
	bool is_reply;
	bool has_host;
	bool names_upgrade;    /* in Connection */
	bool offers_websocket; /* in Upgrade */
};

/* A sender could otherwise have a field taken out that says where the message ends or whom it is for. */
static bool is_protected(struct span name)
{
	return is_name(name, "host") || is_name(name, "content-length") || is_name(name, "transfer-encoding");
}

static bool nominate(struct reading *reading, struct span name)
{
	struct http_head *head = reading->head;
	if (is_name(name, "keep-alive") || is_protected(name)) {
		return true;
	}
	if (head->nominated_count == HTTP_NOMINATED_MAX) {
		return refuse(reading->fault, 400, "Connection names too many fields");
	}
	head->nominated[head->nominated_count++] = name;
	return true;
}

static bool read_connection(struct reading *reading, struct span value)
{
	struct span element;
	while (next_element(&value, &element)) {
		if (is_name(element, "close")) {
			reading->head->close = true;
		} else if (is_name(element, "upgrade")) {
			reading->names_upgrade = true;
		} else if (!nominate(reading, element)) {
			return false;
		}
	}
	return true;
}

static bool read_length(struct reading *reading, struct span value)
{
	uint64_t length;
	if (!text_to_uint64(value, &length) || length > INT64_MAX) {
		return refuse(reading->fault, 400, "Content-Length is not one decimal number");
	}
	if (reading->head->has_length && reading->head->length != length) {
		return refuse(reading->fault, 400, "Content-Length is given twice and differs");
	}
	reading->head->same_again = reading->head->has_length;
	reading->head->has_length = true;
	reading->head->length = length;
	return true;
}

static bool read_transfer_encoding(struct reading *reading, struct span value)
{
	if (reading->head->chunked) {
		return refuse(reading->fault, 400, "Transfer-Encoding is given twice");
	}
	if (!is_name(value, "chunked")) {
		return refuse(reading->fault, 501, "Transfer-Encoding is something else than chunked");
	}
	reading->head->chunked = true;
	return true;
}

static bool read_host(struct reading *reading)
{
	if (reading->has_host && !reading->is_reply) {
		return refuse(reading->fault, 400, "Host is given twice");
	}
	reading->has_host = true;
	return true;
}

/* The length of the name sorts out nearly all fields without a comparison. */
static bool read_known_field(struct reading *reading, const struct http_field *field)
{
	switch (field->name.length) {
	case 4:
		return !is_name(field->name, "host") || read_host(reading);
	case 7:
		if (is_name(field->name, "upgrade") && is_name(field->value, "websocket")) {
			reading->offers_websocket = true;
		}
		return true;
	case 10:
		return !is_name(field->name, "connection") || read_connection(reading, field->value);
	case 14:
		return !is_name(field->name, "content-length") || read_length(reading, field->value);
	case 17:
		return !is_name(field->name, "transfer-encoding") || read_transfer_encoding(reading, field->value);
	default:
		return true;
	}
}

static bool read_field(struct reading *reading, struct span line)
{
	struct http_field field;
	if (line.length > 0 && is_blank(line.data[0])) {
		return refuse(reading->fault, 400, "a header field is folded over two lines");
	}
	if (!split_field(line, &field)) {
		return refuse(reading->fault, 400, "a header line has no colon");
	}
	if (!is_token(field.name)) {
		return refuse(reading->fault, 400, "the name of a header field is malformed");
	}
	if (!reading->is_reply && line.data[field.name.length] != ':') {
		return refuse(reading->fault, 400, "white space stands before the colon of a header field");
	}
	if (memchr(line.data, '\r', line.length) != NULL) {
		return refuse(reading->fault, 400, "a header field has a CR inside");
	}
	return read_known_field(reading, &field);
}

static bool read_fields(struct reading *reading)
{
	struct span rest = reading->head->fields;
	struct span line;
	while (next_line(&rest, &line)) {
		if (!read_field(reading, line)) {
			return false;
		}
	}
	struct http_head *head = reading->head;
	if (head->chunked && head->has_length) {
		return refuse(reading->fault, 400, "both Content-Length and Transfer-Encoding are given");
	}
	if (head->chunked && head->minor == 0) {
		return refuse(reading->fault, 400, "Transfer-Encoding is given in HTTP/1.0");
	}
	head->websocket = reading->names_upgrade && reading->offers_websocket && head->minor == 1;
	return true;
}

/* "HTTP/1.0" or "HTTP/1.1" */
static bool read_version(struct span text, struct http_head *head)
{
	if (text.length != 8 || memcmp(text.data, "HTTP/1.", 7) != 0 || (text.data[7] != '0' && text.data[7] != '1')) {
		return false;
	}
	head->minor = text.data[7] - '0';
	return true;
}

static bool is_target(struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		unsigned char c = (unsigned char)text.data[i];
		if (c <= ' ' || c == 0x7f) {
			return false;
		}
	}
	return text.length > 0;
}

static bool read_request_line(struct http_head *head, struct http_fault *fault)
{
	struct span line = head->line;
	const char *first = memchr(line.data, ' ', line.length);
	const char *last = memrchr(line.data, ' ', line.length);
	if (first == NULL || first == last) {
		return refuse(fault, 400, "the request line is not METHOD TARGET VERSION");
	}
	const char *end = line.data + line.length;
	head->method = (struct span){line.data, (size_t)(first - line.data)};
	head->target = (struct span){first + 1, (size_t)(last - first) - 1};
	struct span version = {last + 1, (size_t)(end - last) - 1};
	if (!is_token(head->method) || head->method.length > METHOD_MAX || !is_target(head->target)) {
		return refuse(fault, 400, "the request line is malformed");
	}
	if (!read_version(version, head)) {
		bool is_http = version.length == 8 && memcmp(version.data, "HTTP/", 5) == 0;
		return refuse(fault, is_http ? 505 : 400, "only HTTP/1.0 and HTTP/1.1 are spoken here");
	}
	if (span_is(head->method, "CONNECT")) {
		return refuse(fault, 501, "CONNECT is not possible through a reverse proxy");
	}
	return true;
}

/* The reason phrase, and the space before it, may be missing. */
static bool read_status_line(struct http_head *head, struct http_fault *fault)
{
	struct span line = head->line;
	bool fits = line.length >= 12 && read_version((struct span){line.data, 8}, head) && line.data[8] == ' ' &&
		    (line.length == 12 || line.data[12] == ' ');
	uint64_t status = 0;
	if (!fits || !text_to_uint64((struct span){line.data + 9, 3}, &status) || status < 100) {
		return refuse(fault, 502, "the legacy system's reply has no HTTP/1 status line");
	}
	head->status = (int)status;
	return true;
}

/* Cuts the head into start line and fields. */
static bool open_head(struct span text, struct http_head *head, struct http_fault *fault)
{
	*head = (struct http_head){.minor = 1};
	if (memchr(text.data, '\0', text.length) != NULL) {
		return refuse(fault, 400, "the message head has a NUL byte inside");
	}
	struct span rest = text;
	BUG_ON(!next_line(&rest, &head->line));
	if (memchr(head->line.data, '\r', head->line.length) != NULL) {
		return refuse(fault, 400, "the start line has a CR inside");
	}
	size_t empty_line = rest.length >= 2 && rest.data[rest.length - 2] == '\r' ? 2 : 1;
	BUG_ON(rest.length < empty_line);
	head->fields = (struct span){rest.data, rest.length - empty_line};
	return true;
}

bool http_head_parse_request(struct span text, struct http_head *ret_head, struct http_fault *ret_fault)
{
	struct http_head head;
	struct reading reading = {.head = &head, .fault = ret_fault};
	if (!open_head(text, &head, ret_fault) || !read_request_line(&head, ret_fault) || !read_fields(&reading)) {
		return false;
	}
	*ret_head = head;
	return true;
}

bool http_head_parse_reply(struct span text, struct http_head *ret_head, struct http_fault *ret_fault)
{
	struct http_head head;
	struct reading reading = {.head = &head, .fault = ret_fault, .is_reply = true};
	if (!open_head(text, &head, ret_fault) || !read_status_line(&head, ret_fault) || !read_fields(&reading)) {
		ret_fault->status = 502;
		return false;
	}
	*ret_head = head;
	return true;
}

struct span http_target_path(struct span target)
{
	struct span path = target;
	if (path.length > 0 && path.data[0] != '/') {
		size_t scheme = text_find(path, SPAN("://"));
		size_t skip = scheme < path.length ? scheme + 3 : 0;
		const char *slash = skip > 0 ? memchr(path.data + skip, '/', path.length - skip) : NULL;
		if (slash != NULL) {
			path.length -= (size_t)(slash - path.data);
			path.data = slash;
		}
	}
	const char *query = path.length > 0 ? memchr(path.data, '?', path.length) : NULL;
	if (query != NULL) {
		path.length = (size_t)(query - path.data);
	}
	return path;
}

static bool is_nominated(const struct http_head *head, struct span name)
{
	for (size_t i = 0; i < head->nominated_count; i++) {
		if (text_equal_ignoring_case(head->nominated[i], name)) {
			return true;
		}
	}
	return false;
}

static bool is_for_one_hop(const struct http_head *head, struct http_rewrite rewrite, struct span name)
{
	switch (name.length) {
	case 2:
		if (is_name(name, "te")) {
			return true;
		}
		break;
	case 7:
		if (is_name(name, "upgrade")) {
			return !rewrite.keep_upgrade;
		}
		break;
	case 10:
		if (is_name(name, "connection") || is_name(name, "keep-alive")) {
			return true;
		}
		break;
	case 16:
		if (is_name(name, "proxy-connection")) {
			return true;
		}
		break;
	default:
		break;
	}
	return is_nominated(head, name);
}

static void write_field(const struct http_field *field, struct buffer *target)
{
	const char *after_name = field->name.data + field->name.length;
	const char *end = field->line.data + field->line.length;
	if (*after_name == ':') {
		buffer_append(target, field->line.data, field->line.length);
	} else {
		/* RFC 9112 section 5.1: white space before the colon is taken out of a reply */
		const char *colon = memchr(after_name, ':', (size_t)(end - after_name));
		BUG_ON(colon == NULL);
		buffer_append_span(target, field->name);
		buffer_append(target, colon, (size_t)(end - colon));
	}
	buffer_append(target, "\r\n", 2);
}

static void write_start_line(const struct http_head *head, struct buffer *target)
{
	struct span line = head->line;
	if (head->status > 0) {
		buffer_append(target, "HTTP/1.1", 8);
		line.data += 8;
		line.length -= 8;
	}
	buffer_append_span(target, line);
	buffer_append(target, "\r\n", 2);
}

/* One field of its own may stand for several (RFC 9110 section 5.3). */
static void write_forwarded_for(const struct http_head *head, const struct http_rewrite *rewrite, struct buffer *target)
{
	struct span rest = head->fields;
	struct http_field field;
	buffer_append_text(target, "X-Forwarded-For: ");
	while (http_head_next_field(&rest, &field)) {
		if (is_name(field.name, "x-forwarded-for") && field.value.length > 0 &&
		    !is_for_one_hop(head, *rewrite, field.name)) {
			buffer_append_span(target, field.value);
			buffer_append_text(target, ", ");
		}
	}
	buffer_append_span(target, rewrite->forwarded->address);
	buffer_append_text(target, "\r\n");
}

static bool find_field(const struct http_head *head, const struct http_rewrite *rewrite, const char *name,
		       struct span *ret_value)
{
	struct span rest = head->fields;
	struct http_field field;
	while (http_head_next_field(&rest, &field)) {
		if (is_name(field.name, name) && !is_for_one_hop(head, *rewrite, field.name)) {
			*ret_value = field.value;
			return true;
		}
	}
	return false;
}

static void write_forwarded(const struct http_head *head, const struct http_rewrite *rewrite, struct buffer *target)
{
	struct span value;
	write_forwarded_for(head, rewrite, target);
	if (!find_field(head, rewrite, "x-forwarded-proto", &value)) {
		buffer_append_format(target, "X-Forwarded-Proto: %s\r\n", rewrite->forwarded->https ? "https" : "http");
	}
	if (!find_field(head, rewrite, "x-forwarded-host", &value) && find_field(head, rewrite, "host", &value)) {
		buffer_append_text(target, "X-Forwarded-Host: ");
		buffer_append_span(target, value);
		buffer_append_text(target, "\r\n");
	}
}

void http_head_write(const struct http_head *head, struct http_rewrite rewrite, struct buffer *target)
{
	write_start_line(head, target);
	struct span rest = head->fields;
	struct http_field field;
	bool length_written = false;
	while (http_head_next_field(&rest, &field)) {
		if (is_for_one_hop(head, rewrite, field.name) ||
		    (rewrite.forwarded != NULL && is_name(field.name, "x-forwarded-for"))) {
			continue;
		}
		if (head->same_again && is_name(field.name, "content-length")) {
			if (length_written) {
				continue;
			}
			length_written = true;
		}
		write_field(&field, target);
	}
	if (rewrite.forwarded != NULL) {
		write_forwarded(head, &rewrite, target);
	}
	if (rewrite.add_close) {
		buffer_append_text(target, "Connection: close\r\n");
	} else if (rewrite.keep_upgrade) {
		buffer_append_text(target, "Connection: upgrade\r\n");
	}
	buffer_append(target, "\r\n", 2);
}

void http_head_write_fields(const struct http_head *head, struct buffer *target)
{
	struct span rest = head->fields;
	struct span line;
	while (next_line(&rest, &line)) {
		buffer_append_span(target, line);
		buffer_append(target, "\r\n", 2);
	}
}
