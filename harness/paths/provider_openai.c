/* OpenAI's chat completions and everything compatible with them: building the request.
 *
 * The two rows of the table differ where the vendor's own service and the many servers that follow it do:
 *
 *                     openai                                   openai-compatible
 *   output limit      max_completion_tokens                    max_tokens
 *   response_format   json_schema, strict, where the schema    json_schema without "strict": servers differ in what
 *                     fits the strict subset; else json_object they enforce, and take the schema as a grammar
 *   temperature       left out at 1, its default: reasoning    always sent
 *                     models refuse the parameter
 *
 * json_object is asked for only where the prompt says JSON somewhere, as OpenAI demands. The prompt is one user
 * message; where the prompt file has a line of three dashes alone, the part above the first such line is the system
 * message. (A template without one never has a system message, so no value of a message can make one.) */
#include "harness/base/json_build.h"
#include "harness/base/text.h"
#include "harness/paths/openai.h"
#include "harness/paths/provider_list.h"

enum { BODY_MAX = 128 * 1024 * 1024, NAME_MAX_LENGTH = 58, HEADER_COUNT = 5 };

struct messages {
	struct span system; /* empty: none */
	struct span user;
};

/* Is the line at `start` three dashes alone? *ret_next: the next line's start. */
static bool is_divider(struct span prompt, size_t start, size_t *ret_next)
{
	struct span rest = {prompt.data + start, prompt.length - start};
	struct span line = {rest.data, text_find(rest, SPAN("\n"))};
	*ret_next = start + line.length + (line.length < rest.length ? 1 : 0);
	if (line.length > 0 && line.data[line.length - 1] == '\r') {
		line.length--;
	}
	return span_is(line, "---");
}

static bool divide(struct span prompt, struct messages *ret_messages)
{
	size_t next = 0;
	for (size_t start = 0; start < prompt.length; start = next) {
		if (is_divider(prompt, start, &next)) {
			ret_messages->system = text_trim((struct span){prompt.data, start});
			ret_messages->user = (struct span){prompt.data + next, prompt.length - next};
			return true;
		}
	}
	return false;
}

static void add_message(struct json_build *build, const char *role, struct span content)
{
	json_build_object(build, NULL);
	json_build_text(build, "role", role);
	json_build_span(build, "content", content);
	json_build_end(build);
}

static void add_messages(struct json_build *build, struct span template_text, struct span prompt)
{
	struct messages messages = {.system = SPAN(""), .user = prompt};
	struct messages unused;
	if (divide(template_text, &unused)) {
		(void)divide(prompt, &messages);
	}
	json_build_array(build, "messages");
	if (messages.system.length > 0) {
		add_message(build, "system", messages.system);
	}
	add_message(build, "user", messages.user);
	json_build_end(build);
}

static bool says_json(struct span prompt)
{
	for (size_t i = 0; i + 4 <= prompt.length; i++) {
		if (text_equal_ignoring_case((struct span){prompt.data + i, 4}, SPAN("json"))) {
			return true;
		}
	}
	return false;
}

/* The schema's name must match [a-zA-Z0-9_-]{1,64}. */
static void write_schema_name(const char *interface, char name[NAME_MAX_LENGTH + sizeof("_reply")])
{
	size_t length = 0;
	for (; length < NAME_MAX_LENGTH && interface[length] != '\0'; length++) {
		char lower = text_lower(interface[length]);
		bool allowed = (lower >= 'a' && lower <= 'z') || text_is_digit(lower) || lower == '-';
		name[length] = interface[length];
		if (!allowed) {
			name[length] = '_';
		}
	}
	memcpy(name + length, "_reply", sizeof("_reply"));
}

static void add_schema(struct json_build *build, const struct contract *contract, bool strict)
{
	char name[NAME_MAX_LENGTH + sizeof("_reply")];
	write_schema_name(contract->interface, name);
	json_build_text(build, "type", "json_schema");
	json_build_object(build, "json_schema");
	json_build_text(build, "name", name);
	if (strict) {
		json_build_boolean(build, "strict", true);
	}
	json_build_node(build, "schema", contract->response_schema_json);
	json_build_end(build);
}

static void add_response_format(struct json_build *build, const struct contract *contract, bool compatible,
				struct span prompt)
{
	const struct json_node *schema = contract->response_schema_json;
	bool strict = !compatible && openai_schema_is_strict(schema);
	if (strict || (compatible && json_is(schema, JSON_OBJECT))) {
		json_build_object(build, "response_format");
		add_schema(build, contract, strict);
		json_build_end(build);
	} else if (says_json(prompt)) {
		json_build_object(build, "response_format");
		json_build_text(build, "type", "json_object");
		json_build_end(build);
	}
}

static bool write_body(const struct contract *contract, const struct contract_candidate *candidate, bool compatible,
		       struct span prompt, struct buffer *body, struct error *err)
{
	const double default_temperature = 1;
	struct json_build *build = json_build_create();
	json_build_text(build, "model", candidate->model);
	add_messages(build, candidate->prompt, prompt);
	if (compatible || candidate->temperature < default_temperature ||
	    candidate->temperature > default_temperature) {
		json_build_number(build, "temperature", candidate->temperature);
	}
	if (contract->limit_output_tokens > 0) {
		json_build_integer(build, compatible ? "max_tokens" : "max_completion_tokens",
				   contract->limit_output_tokens);
	}
	add_response_format(build, contract, compatible, prompt);
	bool done = json_build_write(build, 0, body, err);
	json_build_destroy(build);
	return done;
}

static bool build_request(const struct contract *contract, const struct contract_candidate *candidate, bool compatible,
			  struct span prompt, struct arena *arena, struct provider_request *ret_request,
			  struct error *err)
{
	CLEANUP_BUFFER struct buffer body = BUFFER_INIT(BODY_MAX);
	if (!write_body(contract, candidate, compatible, prompt, &body, err)) {
		return false;
	}
	char *url = arena_format(arena, "%s/chat/completions", candidate->endpoint);
	char *text = arena_copy(arena, buffer_span(&body));
	const char **headers = arena_allocate_array(arena, HEADER_COUNT, sizeof(headers[0]));
	char *key = candidate->key != NULL ? arena_format(arena, "Authorization: Bearer %s", candidate->key) : NULL;
	if (url == NULL || text == NULL || headers == NULL || (candidate->key != NULL && key == NULL)) {
		return error_set(err, ERROR_MEMORY, "no memory for a request of candidate \"%s\"", candidate->name);
	}
	headers[0] = "Content-Type: application/json";
	headers[1] = "Accept: application/json";
	headers[2] = "User-Agent: understudy/" UNDERSTUDY_VERSION;
	headers[3] = key; /* NULL ends the list where there is none */
	*ret_request = (struct provider_request){.url = url, .body = {text, body.length}, .headers = headers};
	return true;
}

static bool build_openai(const struct contract *contract, const struct contract_candidate *candidate,
			 struct span prompt, struct arena *arena, struct provider_request *ret_request,
			 struct error *err)
{
	return build_request(contract, candidate, false, prompt, arena, ret_request, err);
}

static bool build_compatible(const struct contract *contract, const struct contract_candidate *candidate,
			     struct span prompt, struct arena *arena, struct provider_request *ret_request,
			     struct error *err)
{
	return build_request(contract, candidate, true, prompt, arena, ret_request, err);
}

const struct provider provider_openai = {
	.name = "openai",
	.calls = true,
	.build = build_openai,
	.read = openai_read,
};

const struct provider provider_openai_compatible = {
	.name = "openai-compatible",
	.calls = true,
	.build = build_compatible,
	.read = openai_read,
};
