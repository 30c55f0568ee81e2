#include "harness/document/rule_text.h"

#include "harness/base/text.h"
#include "harness/contract/contract.h"
#include "harness/document/yaml_text.h"

enum { RULE_MAX = 1 << 16, CELL_MAX = 4096 };

static const struct json_node *options_of(const struct json_node *rule)
{
	return json_is(rule, JSON_OBJECT) ? json_member(json_first(rule)) : NULL;
}

const char *rule_options(struct wording *wording, const struct json_node *rule)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(RULE_MAX);
	yaml_write_members(&text, options_of(rule));
	return wording_take(wording, &text);
}

/* --- words --- */

/* 0.01 is 1 %: the same digits, two places on. */
static const char *percent(struct wording *wording, struct span share)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(RULE_MAX);
	struct decimal value;
	if (!decimal_parse(share, &value, NULL)) {
		return "";
	}
	value.exponent += decimal_is_zero(&value) ? 0 : 2;
	decimal_write(&text, &value);
	buffer_append_text(&text, " %");
	return wording_take(wording, &text);
}

static const char *number_in_words(struct wording *wording, const struct json_node *options)
{
	struct span absolute = json_text(json_get_text(options, "abs"));
	struct span relative = json_text(json_get_text(options, "rel"));
	struct decimal number;
	bool by_zero = decimal_parse(absolute, &number, NULL) && decimal_is_zero(&number);
	const char *by = absolute.length > 0 && !(by_zero && relative.length > 0)
				 ? wording_format(wording, "by %.*s", SPAN_ARGUMENTS(absolute))
				 : "";
	const char *share = relative.length > 0
				    ? wording_format(wording, "by %s of the larger one", percent(wording, relative))
				    : "";
	by = wording_join(wording, by, " or ", share);
	const char *words = by[0] != '\0' ? wording_format(wording, "numbers may differ %s", by)
					  : "the same number, however it is written";
	return json_is(json_get_text(options, "strings"), JSON_TRUE)
		       ? wording_join(wording, words, "; ", "numbers written as text count as numbers")
		       : words;
}

static const char *text_in_words(struct wording *wording, const struct text_options *options)
{
	static const char *const spaces[] = {
		[TEXT_SPACE_KEEP] = "",
		[TEXT_SPACE_TRIM] = "white space at both ends",
		[TEXT_SPACE_COLLAPSE] = "the amount of white space",
	};
	const char *ignored = wording_join(wording, options->ignore_case ? "upper and lower case" : "", " or to ",
					   spaces[options->space]);
	return ignored[0] != '\0' ? wording_format(wording, "the same text, without regard to %s", ignored)
				  : "the same text, letter by letter";
}

const char *rule_in_words(struct wording *wording, const struct field_comparator *comparator,
			  const struct json_node *rule)
{
	struct span name = span_of(comparator->evaluator->name);
	if (span_is(name, "exact")) {
		return "the same value";
	}
	if (span_is(name, "number")) {
		return number_in_words(wording, options_of(rule));
	}
	if (span_is(name, "text")) {
		return text_in_words(wording, &comparator->text);
	}
	const char *options = rule_options(wording, rule);
	return wording_join(wording, comparator->evaluator->sentence, ", with ", options);
}

/* --- reading --- */

/* "0.005" and "1 %": the digits, and whether they are a share. */
static bool split_short(struct span options, struct decimal *ret_number, bool *ret_share)
{
	bool share = options.length > 0 && options.data[options.length - 1] == '%';
	struct span digits = {options.data, options.length - (share ? 1 : 0)};
	*ret_share = share;
	return decimal_parse(text_trim(digits), ret_number, NULL);
}

/* Meant as one of these and not readable: "0,005". */
static bool is_broken_short(struct span options)
{
	struct decimal number;
	bool share;
	return options.length > 0 && memchr(options.data, ':', options.length) == NULL &&
	       !split_short(options, &number, &share);
}

/* The short form as options of `number`; false for all else. */
static bool write_short(struct span options, struct buffer *text)
{
	struct decimal number;
	bool share;
	if (!split_short(options, &number, &share)) {
		return false;
	}
	buffer_append_text(text, share ? "rel: " : "abs: ");
	number.exponent -= share && !decimal_is_zero(&number) ? 2 : 0;
	decimal_write(text, &number);
	return true;
}

static void write_rule(struct buffer *text, struct span name, struct span options)
{
	buffer_append_byte(text, '{');
	buffer_append_span(text, name);
	buffer_append_text(text, ": {");
	if (!span_is(name, "number") || !write_short(options, text)) {
		buffer_append_span(text, options);
	}
	buffer_append_text(text, "}}");
}

bool rule_read(struct span name, struct span options, struct arena *arena, const struct json_node **ret_rule,
	       struct error *err)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(RULE_MAX);
	struct field_comparator comparator;
	struct yaml_document document;
	struct error inner = ERROR_INIT;
	if (evaluator_find(name) == NULL) {
		return error_set(err, ERROR_CONFIG, "is no comparison; take one of the list, such as exact");
	}
	if (options.length > CELL_MAX || text_find(options, SPAN("${")) < options.length) {
		return error_set(err, ERROR_FORMAT, "cannot be options; write them like abs: 0.005");
	}
	if (span_is(name, "number") && is_broken_short(options)) {
		return error_set(err, ERROR_FORMAT, "is no tolerance; write it with a point, such as 0.005 or 1 %%");
	}
	if (options.length > 0) {
		write_rule(&text, name, options);
	} else {
		buffer_append_span(&text, name);
	}
	if (!buffer_ok(&text, "the rule", err)) {
		return false;
	}
	if (!yaml_parse(arena, "", buffer_span(&text), &document, &inner)) {
		return error_set(err, ERROR_FORMAT, "cannot be read as options; write them like abs: 0.005");
	}
	if (!evaluator_compile(document.root, arena, &comparator, &inner)) {
		return error_set(err, inner.code, "%s", inner.message);
	}
	*ret_rule = document.root;
	return true;
}
