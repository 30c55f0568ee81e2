/* What a subschema says, in words. */
#include "harness/base/text.h"
#include "harness/document/code_list.h"
#include "harness/document/schema_view.h"

enum { WORDS_MAX = 1 << 20, EXAMPLES_MAX = 5 };

static const struct json_node *get(struct schema_view *view, const struct json_node *node, const char *keyword)
{
	return schema_view_keyword(view, node, keyword);
}

static const char *text_of(struct schema_view *view, const struct json_node *node)
{
	return wording_copy(view->wording, json_text(node));
}

/* --- types --- */

static const char *type_word(struct span name)
{
	static const struct {
		const char *name;
		const char *word;
	} words[] = {
		{"string", "text"},           {"number", "number"},       {"integer", "whole number"},
		{"boolean", "true or false"}, {"null", "nothing (null)"}, {"array", "list"},
		{"object", "group"},
	};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (span_is(name, words[i].name)) {
			return words[i].word;
		}
	}
	return "any";
}

static void add_word(struct buffer *text, const char *word)
{
	if (text->length > 0 && text_find(buffer_span(text), span_of(word)) < text->length) {
		return;
	}
	buffer_append_text(text, text->length > 0 ? " or " : "");
	buffer_append_text(text, word);
}

static const struct json_node *code_value(const struct json_node *code, bool titled)
{
	return titled ? json_get_text(code, "const") : code;
}

/* The codes: enum, const, or oneOf/anyOf whose every branch is a const with a title. */
static const struct json_node *find_codes(struct schema_view *view, const struct json_node *node, bool *ret_titled)
{
	static const char *const unions[] = {"oneOf", "anyOf"};
	const struct json_node *list = get(view, node, "enum");
	*ret_titled = false;
	for (size_t i = 0; list == NULL && i < 2; i++) {
		const struct json_node *branches = get(view, node, unions[i]);
		size_t constants = 0;
		for (const struct json_node *branch = json_first(branches); branch != NULL;
		     branch = json_next(branches, branch)) {
			constants += json_get_text(branch, "const") != NULL;
		}
		if (constants > 0 && constants == json_count(branches)) {
			*ret_titled = true;
			list = branches;
		}
	}
	return json_is(list, JSON_ARRAY) ? list : NULL;
}

static void add_value_types(struct schema_view *view, const struct json_node *node, struct buffer *text)
{
	bool titled;
	const struct json_node *codes = find_codes(view, node, &titled);
	const struct json_node *constant = get(view, node, "const");
	for (const struct json_node *code = json_first(codes); code != NULL; code = json_next(codes, code)) {
		add_word(text, type_word(span_of(json_type_name(code_value(code, titled)))));
	}
	if (constant != NULL) {
		add_word(text, type_word(span_of(json_type_name(constant))));
	}
}

static void add_null_branch(struct schema_view *view, const struct json_node *node, struct buffer *text)
{
	static const char *const unions[] = {"oneOf", "anyOf"};
	for (size_t i = 0; i < 2; i++) {
		const struct json_node *branches = get(view, node, unions[i]);
		for (const struct json_node *branch = json_first(branches); branch != NULL;
		     branch = json_next(branches, branch)) {
			struct span type = json_text(json_get_text(branch, "type"));
			if (type.length > 0) {
				add_word(text, type_word(type));
			}
		}
	}
}

static const char *type_words(struct schema_view *view, const struct json_node *node)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(WORDS_MAX);
	const struct json_node *type = get(view, node, "type");
	for (const struct json_node *item = json_first(type); item != NULL; item = json_next(type, item)) {
		add_word(&text, type_word(json_text(item)));
	}
	if (json_is(type, JSON_STRING)) {
		add_word(&text, type_word(json_text(type)));
	}
	add_null_branch(view, node, &text);
	if (text.length == 0) {
		add_value_types(view, node, &text);
	}
	if (text.length == 0) {
		bool object = get(view, node, "properties") != NULL;
		bool list = get(view, node, "items") != NULL || get(view, node, "prefixItems") != NULL;
		add_word(&text, object ? "group" : list ? "list" : json_is(node, JSON_FALSE) ? "never there" : "any");
	}
	return wording_take(view->wording, &text);
}

bool schema_view_is_text(struct schema_view *view, const struct json_node *node)
{
	const char *words = type_words(view, node);
	return strcmp(words, "text") == 0 || strcmp(words, "text or nothing (null)") == 0;
}

/* --- bounds --- */

static const char *bound(struct schema_view *view, const struct json_node *node, const char *keyword,
			 const char *exclusive, char mark)
{
	const struct json_node *at = get(view, node, keyword);
	const struct json_node *beyond = get(view, node, exclusive);
	if (json_is(at, JSON_NUMBER)) {
		return text_of(view, at);
	}
	return json_is(beyond, JSON_NUMBER)
		       ? wording_format(view->wording, "%c%.*s", mark, SPAN_ARGUMENTS(json_text(beyond)))
		       : "";
}

static const char *number_range(struct wording *wording, const char *least, const char *most)
{
	bool above = least[0] == '>';
	bool below = most[0] == '<';
	if (least[0] != '\0' && most[0] != '\0' && !above && !below) {
		return wording_format(wording, "%s to %s", least, most);
	}
	const char *from =
		least[0] == '\0' ? "" : wording_format(wording, above ? "above %s" : "from %s", least + above);
	const char *to =
		most[0] == '\0' ? "" : wording_format(wording, below ? "below %s" : "at most %s", most + below);
	return wording_join(wording, from, ", ", to);
}

static const char *count_range(struct wording *wording, const char *least, const char *most, const char *unit)
{
	if (least[0] != '\0' && most[0] != '\0') {
		return strcmp(least, most) == 0 ? wording_format(wording, "exactly %s %s", least, unit)
						: wording_format(wording, "%s to %s %s", least, most, unit);
	}
	return least[0] != '\0'  ? wording_format(wording, "at least %s %s", least, unit)
	       : most[0] != '\0' ? wording_format(wording, "at most %s %s", most, unit)
				 : "";
}

static const char *range_words(struct schema_view *view, const struct json_node *node, const struct schema_facts *facts)
{
	struct wording *wording = view->wording;
	const struct json_node *step = get(view, node, "multipleOf");
	const char *words = number_range(wording, facts->minimum, facts->maximum);
	words = wording_join(wording, words, ", ", count_range(wording, facts->shortest, facts->longest, "characters"));
	words = wording_join(wording, words, ", ",
			     count_range(wording, text_of(view, get(view, node, "minItems")),
					 text_of(view, get(view, node, "maxItems")), "entries"));
	if (json_is(step, JSON_NUMBER)) {
		words = wording_join(wording, words, ", ",
				     wording_format(wording, "in steps of %.*s", SPAN_ARGUMENTS(json_text(step))));
	}
	return json_is(get(view, node, "uniqueItems"), JSON_TRUE) ? wording_join(wording, words, ", ", "all different")
								  : words;
}

static const char *format_words(struct schema_view *view, const struct json_node *node)
{
	const struct json_node *pattern = get(view, node, "pattern");
	const char *format = text_of(view, get(view, node, "format"));
	if (!json_is(pattern, JSON_STRING)) {
		return format;
	}
	return wording_join(view->wording, format, ", ",
			    wording_format(view->wording, "pattern %.*s", SPAN_ARGUMENTS(json_text(pattern))));
}

/* --- codes and examples --- */

static const char *meaning_of(struct schema_view *view, const struct json_node *branch)
{
	const struct json_node *title = json_get_text(branch, "title");
	const struct json_node *description = json_get_text(branch, "description");
	return wording_line(view->wording, text_trim(json_text(title != NULL ? title : description)));
}

static void read_codes(struct schema_view *view, const struct json_node *node, struct schema_facts *facts)
{
	bool titled;
	const struct json_node *list = find_codes(view, node, &titled);
	bool text_only = schema_view_is_text(view, node);
	struct schema_code *codes = wording_array(view->wording, json_count(list), sizeof(*codes));
	struct buffer cell CLEANUP_BUFFER = BUFFER_INIT(WORDS_MAX);
	for (const struct json_node *code = json_first(list); code != NULL && codes != NULL;
	     code = json_next(list, code)) {
		struct schema_code *entry = &codes[facts->code_count++];
		entry->value = code_write(view->wording, code_value(code, titled), text_only);
		entry->meaning = titled ? meaning_of(view, code) : "";
		buffer_append_text(&cell, cell.length > 0 ? "\n" : "");
		buffer_append_format(&cell, entry->meaning[0] != '\0' ? "%s = %s" : "%s%s", entry->value,
				     entry->meaning);
	}
	facts->codes = codes;
	facts->allowed = wording_take(view->wording, &cell);
}

static const char *join_examples(struct schema_view *view, const struct json_node *node)
{
	const struct json_node *list = get(view, node, "examples");
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(WORDS_MAX);
	size_t count = 0;
	for (const struct json_node *item = json_first(json_is(list, JSON_ARRAY) ? list : NULL);
	     item != NULL && count < EXAMPLES_MAX; item = json_next(list, item), count++) {
		buffer_append_text(&text, count > 0 ? "; " : "");
		if (json_is(item, JSON_STRING)) {
			buffer_append_span(&text, json_text(item));
		} else {
			json_write(&text, item);
		}
	}
	return wording_take(view->wording, &text);
}

struct schema_facts schema_view_facts(struct schema_view *view, const struct json_node *node)
{
	struct schema_facts facts = {.type = "", .format = "", .allowed = "", .examples = "", .range = ""};
	facts.title = text_of(view, get(view, node, "title"));
	facts.meaning = text_of(view, get(view, node, "description"));
	facts.minimum = bound(view, node, "minimum", "exclusiveMinimum", '>');
	facts.maximum = bound(view, node, "maximum", "exclusiveMaximum", '<');
	facts.shortest = text_of(view, get(view, node, "minLength"));
	facts.longest = text_of(view, get(view, node, "maxLength"));
	if (node != NULL) {
		facts.type = type_words(view, node);
		facts.format = format_words(view, node);
		facts.range = range_words(view, node, &facts);
		facts.examples = join_examples(view, node);
	}
	read_codes(view, node, &facts);
	return facts;
}
