/* A file against its schema, and what a violation means to the person who wrote the file.
 *
 * Values are never quoted: they may come from the environment. Names of keys are. The schemas help in two ways that
 * JSON Schema leaves open: `description` says what is expected, and a `$comment` "Not supported yet: a, b" lists words
 * that a later release will take. The schema `false` marks keys of that kind. */
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/contract/config.h"

enum { FILE_MAX = 1 << 20, VIOLATIONS_MAX = 64, NAME_MAX_SHOWN = 60, TEXT_MAX = 400 };

struct check {
	const struct config *config;
	const struct json_node *schema; /* root of our schema */
	const struct schema_violation *violation;
	const struct json_node *place; /* the value, or the name of an unknown key */
	const struct json_node *part;  /* the schema whose keyword was violated */
	struct buffer name;            /* "candidates[0].retries", "the file" for the root */
};

/* --- suggestions --- */

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment (Damerau 1964): insertions, deletions, replacements and swaps of neighbours. */
static size_t edit_distance(struct span a, struct span b)
{
	size_t table[NAME_MAX_SHOWN + 1][NAME_MAX_SHOWN + 1] = {{0}};
	for (size_t i = 0; i <= a.length; i++) {
		for (size_t j = 0; j <= b.length; j++) {
			if (i == 0 || j == 0) {
				table[i][j] = i + j;
				continue;
			}
			size_t changed = text_lower(a.data[i - 1]) != text_lower(b.data[j - 1]) ? 1 : 0;
			size_t best = smaller(table[i - 1][j] + 1, table[i][j - 1] + 1);
			best = smaller(best, table[i - 1][j - 1] + changed);
			if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1]) {
				best = smaller(best, table[i - 2][j - 2] + 1);
			}
			table[i][j] = best;
		}
	}
	return table[a.length][b.length];
}

struct suggestion {
	struct span wanted;
	struct span best;
	size_t distance;
};

static void suggest(struct suggestion *suggestion, struct span candidate)
{
	if (candidate.length > NAME_MAX_SHOWN || suggestion->wanted.length > NAME_MAX_SHOWN) {
		return;
	}
	size_t distance = edit_distance(suggestion->wanted, candidate);
	if (distance <= 1 + suggestion->wanted.length / 4 && distance < suggestion->distance) {
		suggestion->best = candidate;
		suggestion->distance = distance;
	}
}

static void append_suggestion(struct buffer *text, const struct suggestion *suggestion)
{
	if (suggestion->best.data != NULL) {
		buffer_append_format(text, "did you mean \"%.*s\"? ", SPAN_ARGUMENTS(suggestion->best));
	}
}

/* --- names and places --- */

static void append_token(struct buffer *name, struct span token, bool is_index)
{
	if (is_index) {
		buffer_append_format(name, "[%.*s]", SPAN_ARGUMENTS(token));
		return;
	}
	buffer_append_text(name, name->length > 0 ? "." : "");
	buffer_append(name, token.data, smaller(token.length, NAME_MAX_SHOWN));
}

static void name_place(struct buffer *name, struct span pointer)
{
	while (pointer.length > 0) {
		struct span token = {pointer.data + 1, pointer.length - 1};
		token.length = text_find(token, SPAN("/"));
		append_token(name, token, token.length > 0 && text_is_digit(token.data[0]));
		pointer.data += 1 + token.length;
		pointer.length -= 1 + token.length;
	}
	if (name->length == 0) {
		buffer_append_text(name, "the file");
	}
}

static const struct json_node *node_at(const struct json_node *root, uint32_t offset)
{
	for (const struct json_node *node = root; node < root + root->span; node++) {
		if (node->offset == offset) {
			return node;
		}
	}
	return root;
}

/* The schema object that holds the violated keyword. For the schema `false` itself the pointer leads to no object. */
static const struct json_node *schema_part(const struct check *check)
{
	struct span pointer = span_of(check->violation->schema);
	while (pointer.length > 0 && pointer.data[pointer.length - 1] != '/') {
		pointer.length--;
	}
	pointer.length -= pointer.length > 0 ? 1 : 0;
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 16);
	struct select_path path;
	return select_compile(pointer, &arena, &path, NULL) ? select_get(&path, check->schema) : NULL;
}

static const char *yaml_type_name(struct span json_name)
{
	static const char *const names[][2] = {
		{"object", "a mapping"},       {"array", "a list"},          {"string", "text"}, {"number", "a number"},
		{"integer", "a whole number"}, {"boolean", "true or false"}, {"null", "nothing"}};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (span_is(json_name, names[i][0])) {
			return names[i][1];
		}
	}
	return "something else";
}

/* --- messages --- */

static const char *description(const struct check *check)
{
	struct span text = json_text(json_get_text(check->part, "description"));
	const char *copy = text.length > 0 ? arena_copy(check->config->arena, text) : NULL;
	return copy != NULL ? copy : "see the contract's schema";
}

static bool fail_unknown_key(const struct check *check)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(TEXT_MAX);
	struct buffer allowed CLEANUP_BUFFER = BUFFER_INIT(TEXT_MAX);
	const struct json_node *properties = json_get_text(check->part, "properties");
	struct span key = json_text(check->place);
	struct suggestion suggestion = {.wanted = key, .distance = SIZE_MAX};
	for (const struct json_node *name = json_first(properties); name != NULL; name = json_next(properties, name)) {
		if (!json_is(json_member(name), JSON_FALSE)) {
			suggest(&suggestion, json_text(name));
			buffer_append_text(&allowed, allowed.length > 0 ? ", " : "");
			buffer_append_span(&allowed, json_text(name));
		}
	}
	append_suggestion(&text, &suggestion);
	return config_fail(check->config, check->place, "unknown key \"%.*s\"; %sallowed here: %s",
			   (int)smaller(key.length, NAME_MAX_SHOWN), key.data, buffer_span(&text).data,
			   buffer_span(&allowed).data);
}

static bool fail_missing(const struct check *check)
{
	const struct json_node *required = json_get_text(check->part, "required");
	struct span missing = SPAN("");
	for (const struct json_node *name = json_first(required); name != NULL; name = json_next(required, name)) {
		if (json_get(check->place, json_text(name)) == NULL) {
			missing = json_text(name);
			break;
		}
	}
	const struct json_node *property = json_get(json_get_text(check->part, "properties"), missing);
	struct span expected = json_text(json_get_text(property, "description"));
	return config_fail(check->config, check->place, "%s needs the key \"%.*s\"; add it: %.*s", check->name.data,
			   SPAN_ARGUMENTS(missing), SPAN_ARGUMENTS(expected));
}

static bool fail_type(const struct check *check)
{
	struct buffer types CLEANUP_BUFFER = BUFFER_INIT(TEXT_MAX);
	const struct json_node *type = json_get_text(check->part, "type");
	if (json_is(type, JSON_STRING)) {
		buffer_append_text(&types, yaml_type_name(json_text(type)));
	}
	for (const struct json_node *item = json_first(type); json_is(type, JSON_ARRAY) && item != NULL;
	     item = json_next(type, item)) {
		buffer_append_text(&types, types.length > 0 ? " or " : "");
		buffer_append_text(&types, yaml_type_name(json_text(item)));
	}
	const char *actual =
		json_is(check->place, JSON_NUMBER) && json_is(type, JSON_STRING) && span_is(json_text(type), "integer")
			? "a fraction"
			: yaml_type_name(span_of(json_type_name(check->place)));
	return config_fail(check->config, check->place, "%s must be %s, not %s; expected: %s", check->name.data,
			   buffer_span(&types).data, actual, description(check));
}

/* Is `word` in "Not supported yet: a, b, c"? */
static bool is_for_later(struct span comment, struct span word)
{
	if (!text_starts_with(comment, "Not supported yet: ")) {
		return false;
	}
	struct span rest = {comment.data + 19, comment.length - 19};
	while (rest.length > 0) {
		struct span item = {rest.data, text_find(rest, SPAN(", "))};
		if (span_equal(item, word)) {
			return true;
		}
		size_t used = smaller(item.length + 2, rest.length);
		rest.data += used;
		rest.length -= used;
	}
	return false;
}

static bool fail_enum(const struct check *check)
{
	struct buffer words CLEANUP_BUFFER = BUFFER_INIT(TEXT_MAX);
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(TEXT_MAX);
	const struct json_node *list = json_get_text(check->part, "enum");
	struct suggestion suggestion = {.wanted = json_text(check->place), .distance = SIZE_MAX};
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		suggest(&suggestion, json_text(item));
		buffer_append_text(&words, words.length > 0 ? ", " : "");
		json_write(&words, item);
	}
	if (is_for_later(json_text(json_get_text(check->part, "$comment")), json_text(check->place))) {
		return config_fail(check->config, check->place, "this %s is not supported yet; this release has %s",
				   check->name.data, buffer_span(&words).data);
	}
	append_suggestion(&text, &suggestion);
	return config_fail(check->config, check->place, "%s must be one of %s; %sexpected: %s", check->name.data,
			   buffer_span(&words).data, buffer_span(&text).data, description(check));
}

static bool fail_other(const struct check *check)
{
	static const char *const texts[][2] = {{"pattern", "is not well-formed"},    {"minimum", "is too small"},
					       {"exclusiveMinimum", "is too small"}, {"maximum", "is too large"},
					       {"exclusiveMaximum", "is too large"}, {"minLength", "is empty"},
					       {"maxLength", "is too long"},         {"minItems", "is empty"},
					       {"maxItems", "has too many items"}};
	const char *text = "is not as it should be";
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		text = strcmp(check->violation->keyword, texts[i][0]) == 0 ? texts[i][1] : text;
	}
	const struct json_node *scheme = json_get_text(check->part, "$comment");
	struct span value = json_text(check->place);
	if (strcmp(check->violation->keyword, "minLength") == 0 && value.length > 0) {
		text = "is too short";
	}
	value.length = text_find(value, SPAN(":"));
	if (is_for_later(json_text(scheme), value)) {
		return config_fail(check->config, check->place, "this %s is not supported yet; write %s",
				   check->name.data, description(check));
	}
	return config_fail(check->config, check->place, "%s %s; expected: %s", check->name.data, text,
			   description(check));
}

static bool fail_violation(struct check *check)
{
	const char *keyword = check->violation->keyword;
	bool ok;
	name_place(&check->name, span_of(check->violation->instance));
	check->place = node_at(check->config->document.root, check->violation->offset);
	check->part = schema_part(check);
	if (strcmp(keyword, "additionalProperties") == 0) {
		ok = fail_unknown_key(check);
	} else if (strcmp(keyword, "required") == 0) {
		ok = fail_missing(check);
	} else if (strcmp(keyword, "type") == 0) {
		ok = fail_type(check);
	} else if (strcmp(keyword, "enum") == 0) {
		ok = fail_enum(check);
	} else if (strcmp(keyword, "false") == 0) {
		ok = config_fail(check->config, check->place, "%s is not supported yet; remove it", check->name.data);
	} else {
		ok = fail_other(check);
	}
	return ok;
}

/* An unknown key is often the cause of a missing one, so it goes first. */
static const struct schema_violation *choose(const struct schema_report *report)
{
	const struct schema_violation *best = NULL;
	for (size_t i = 0; i < report->count; i++) {
		const struct schema_violation *one = &report->list[i];
		bool unknown = strcmp(one->keyword, "additionalProperties") == 0;
		bool best_unknown = best != NULL && strcmp(best->keyword, "additionalProperties") == 0;
		if (best == NULL || (unknown && !best_unknown) ||
		    (unknown == best_unknown && one->offset < best->offset)) {
			best = one;
		}
	}
	return best;
}

static bool check_schema(const struct config *config, struct span schema_text)
{
	struct check check = {.config = config, .name = BUFFER_INIT(TEXT_MAX)};
	struct schema_report report;
	struct error inner = ERROR_INIT;
	struct schema *schema = NULL;
	if (json_parse(config->arena, schema_text, NULL, &check.schema, &inner)) {
		schema = schema_create(check.schema, NULL, &inner);
	}
	if (schema == NULL) {
		BUG_ON(inner.code != ERROR_MEMORY && inner.code != ERROR_LIMIT);
		return config_fail_memory(config);
	}
	schema_report_init(&report, config->arena, VIOLATIONS_MAX);
	bool ok = schema_validate(schema, config->document.root, &report);
	if (!ok) {
		check.violation = choose(&report);
		ok = check.violation != NULL ? fail_violation(&check) : config_fail_memory(config);
	}
	buffer_finish(&check.name);
	schema_destroy(schema);
	return ok;
}

bool config_read(struct config *config, struct span schema_text)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(FILE_MAX);
	struct error inner = ERROR_INIT;
	if (!file_read(config->file, &text, &inner)) {
		const char *advice = inner.code == ERROR_MISSING ? "the file is not there; make it, or correct the path"
				     : inner.code == ERROR_LIMIT
					     ? "larger than 1 MiB; make the file smaller"
					     : "cannot be read; check that it is a file and its mode";
		return error_set_at(config->err, inner.code, config->file, 0, "%s", advice);
	}
	return yaml_parse(config->arena, config->file, buffer_span(&text), &config->document, config->err) &&
	       check_schema(config, schema_text);
}
