#include "harness/tap/ingest_head.h"

#include "harness/base/text.h"

struct endpoint {
	const char *path;
	const char *method;
	const char *allow; /* header field for status 405 */
	enum ingest_operation operation;
};

static const struct endpoint endpoints[] = {
	{"/v1/exchanges", "POST", "Allow: POST\r\n", POST_EXCHANGES},
	{"/v1/outcomes", "POST", "Allow: POST\r\n", POST_OUTCOMES},
	{"/v1/openapi.json", "GET", "Allow: GET, HEAD\r\n", GET_DOCUMENT},
	{"/v1/health", "GET", "Allow: GET, HEAD\r\n", GET_HEALTH},
};

static bool refuse(struct ingest_head *result, int status, const char *fields, const char *text)
{
	if (result->refusal.status == 0) {
		result->refusal = (struct ingest_refusal){status, fields, text};
	}
	return false;
}

/* The first field of that name; empty where there is none. */
static struct span get_field(const struct http_head *head, const char *name)
{
	struct span rest = head->fields;
	struct http_field field;
	while (http_head_next_field(&rest, &field)) {
		if (text_equal_ignoring_case(field.name, span_of(name))) {
			return field.value;
		}
	}
	return SPAN("");
}

static bool find_endpoint(struct ingest_head *result, const struct http_head *head)
{
	struct span path = http_target_path(head->target);
	for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
		const struct endpoint *endpoint = &endpoints[i];
		if (!span_is(path, endpoint->path)) {
			continue;
		}
		bool is_get = strcmp(endpoint->method, "GET") == 0;
		result->operation = endpoint->operation;
		return span_is(head->method, endpoint->method) || (is_get && span_is(head->method, "HEAD")) ||
		       refuse(result, 405, endpoint->allow, "this path takes no such method; see /v1/openapi.json");
	}
	return refuse(result, 404, "", "there is nothing at this path; see /v1/openapi.json");
}

/* Takes as long for a nearly right token as for a wrong one: the time depends on what was sent alone. */
static bool is_same_secret(struct span given, struct span secret)
{
	volatile uint8_t difference = given.length != secret.length;
	for (size_t i = 0; i < given.length; i++) {
		difference |= (uint8_t)given.data[i] ^ (uint8_t)secret.data[i % secret.length];
	}
	return difference == 0;
}

/* RFC 6750 sections 2.1 and 3. */
static bool check_token(struct ingest_head *result, const char *token, const struct http_head *head)
{
	struct span given = get_field(head, "Authorization");
	struct span scheme = {given.data, given.length < 7 ? given.length : 7};
	if (token == NULL || token[0] == '\0') {
		return true;
	}
	if (!text_equal_ignoring_case(scheme, SPAN("Bearer "))) {
		return refuse(result, 401, "WWW-Authenticate: Bearer realm=\"understudy\"\r\n",
			      "no bearer token was sent; send the one of ingest.token in Authorization");
	}
	struct span secret = text_trim((struct span){given.data + scheme.length, given.length - scheme.length});
	return is_same_secret(secret, span_of(token)) ||
	       refuse(result, 401, "WWW-Authenticate: Bearer realm=\"understudy\", error=\"invalid_token\"\r\n",
		      "this bearer token is not the one of ingest.token; send that");
}

static bool check_type(struct ingest_head *result, const struct http_head *head)
{
	struct span type = get_field(head, "Content-Type");
	struct span coding = get_field(head, "Content-Encoding");
	type.length = text_find(type, SPAN(";"));
	type = text_trim(type);
	result->is_lines = text_equal_ignoring_case(type, SPAN("application/x-ndjson"));
	if (coding.length > 0 && !text_equal_ignoring_case(coding, SPAN("identity"))) {
		return refuse(result, 415, "Accept-Encoding: identity\r\n",
			      "a content coding is not taken; send the body as it is");
	}
	return result->is_lines || text_equal_ignoring_case(type, SPAN("application/json")) ||
	       refuse(result, 415, "Accept: application/json, application/x-ndjson\r\n",
		      "the content type is not taken; send application/json or application/x-ndjson");
}

static void copy_text(struct span text, char *target)
{
	memcpy(target, text.data, text.length);
	target[text.length] = '\0';
}

/* draft-ietf-httpapi-idempotency-key-header: a string of RFC 9651 section 3.3.3. Bare text is taken as well. */
static bool read_key(struct ingest_head *result, const struct http_head *head)
{
	struct span given = get_field(head, "Idempotency-Key");
	size_t length = 0;
	bool is_quoted = given.length >= 2 && given.data[0] == '"' && given.data[given.length - 1] == '"';
	struct span text = is_quoted ? (struct span){given.data + 1, given.length - 2} : given;
	bool good = text.length <= INGEST_KEY_MAX;
	for (size_t i = 0; good && i < text.length; i++) {
		char c = text.data[i];
		if (is_quoted && c == '\\') {
			c = ++i < text.length ? text.data[i] : '\0';
			good = c == '"' || c == '\\';
		} else {
			good = c >= ' ' && c <= '~' && c != '"';
		}
		result->key[length++] = c;
	}
	result->key[length] = '\0';
	return (good && (length > 0 || given.length == 0)) ||
	       refuse(result, 400, "",
		      "Idempotency-Key is no string of 1 to 255 ASCII characters; write it as \"KEY\"");
}

static bool is_interface(const struct tap_config *config, struct span name)
{
	for (size_t i = 0; i < config->interface_count; i++) {
		if (span_is(name, config->interfaces[i])) {
			return true;
		}
	}
	return false;
}

/* What lines belong to that name none. Names need no percent-encoding. */
static bool read_interface(struct ingest_head *result, const struct tap_config *config, const struct http_head *head)
{
	struct span query = head->target;
	struct span mark = SPAN("interface=");
	size_t at = text_find(query, SPAN("?"));
	if (config->interface_count == 1) {
		copy_text(span_of(config->interfaces[0]), result->interface);
	}
	while (at < query.length) {
		query = (struct span){query.data + at + 1, query.length - at - 1};
		at = text_find(query, SPAN("&"));
		if (text_starts_with(query, mark.data)) {
			struct span name = {query.data + mark.length, at - mark.length};
			if (!is_interface(config, name)) {
				return refuse(
					result, 400, "",
					"no interface of the query's name has a tap; name one of the configuration");
			}
			copy_text(name, result->interface);
		}
	}
	return true;
}

static void check_post(struct ingest_head *result, const struct http_head *head, const struct tap_config *config,
		       const char *token)
{
	bool good = check_token(result, token, head) && check_type(result, head) && read_key(result, head) &&
		    read_interface(result, config, head);
	if (good && head->has_length && head->length > INGEST_BODY_MAX) {
		refuse(result, 413, "", "the body is larger than 16 MiB; send it in several requests");
	}
}

struct ingest_head ingest_head_read(const struct http_head *head, const struct tap_config *config, const char *token)
{
	struct ingest_head result = {.refusal = {.status = 0}};
	if (find_endpoint(&result, head) && ingest_head_is_post(&result)) {
		check_post(&result, head, config, token);
	}
	return result;
}
