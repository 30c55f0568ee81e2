#include "evaluators/compare/evaluators.h"

const struct evaluator *const evaluator_list[] = {
	&evaluator_exact, &evaluator_number, &evaluator_text, &evaluator_ignore, NULL,
};

const struct evaluator *evaluator_find(struct span name)
{
	for (const struct evaluator *const *entry = evaluator_list; *entry != NULL; entry++) {
		if (span_is(name, (*entry)->name)) {
			return *entry;
		}
	}
	return NULL;
}

bool evaluator_refuse_options(const struct json_node *options, const struct field_comparator *comparator,
			      struct error *err)
{
	if (json_count(options) == 0) {
		return true;
	}
	return error_set(err, ERROR_CONFIG, "compare: %s takes no options; write just \"%s\"",
			 comparator->evaluator->name, comparator->evaluator->name);
}

/* "exact, number, text, ignore": short by the table's nature. */
static void list_names(char *text, size_t size)
{
	size_t length = 0;
	text[0] = 0;
	for (const struct evaluator *const *entry = evaluator_list; *entry != NULL; entry++) {
		size_t name_length = strlen((*entry)->name);
		if (length + name_length + 3 > size) {
			return;
		}
		if (length > 0) {
			memcpy(text + length, ", ", 2);
			length += 2;
		}
		memcpy(text + length, (*entry)->name, name_length + 1);
		length += name_length;
	}
}

static bool refuse_rule(const struct json_node *rule, struct error *err)
{
	char names[200];
	list_names(names, sizeof(names));
	struct span name = json_text(json_is(rule, JSON_OBJECT) ? json_first(rule) : rule);
	if (json_is(rule, JSON_STRING) || (json_is(rule, JSON_OBJECT) && json_count(rule) == 1)) {
		return error_set(err, ERROR_CONFIG, "compare: there is no comparator \"%.*s\"; use one of %s",
				 (int)(name.length < 60 ? name.length : 60), name.data, names);
	}
	return error_set(err, ERROR_CONFIG,
			 "compare: must be the name of a comparator or one name with its options, as in "
			 "{number: {abs: 0.005}}; the comparators are %s",
			 names);
}

bool evaluator_compile(const struct json_node *rule, struct arena *arena, struct field_comparator *ret_comparator,
		       struct error *err)
{
	const struct json_node *options = NULL;
	struct span name = SPAN("exact");
	if (json_is(rule, JSON_STRING)) {
		name = json_text(rule);
	} else if (json_is(rule, JSON_OBJECT) && json_count(rule) == 1) {
		name = json_text(json_first(rule));
		options = json_member(json_first(rule));
	} else if (rule != NULL) {
		return refuse_rule(rule, err);
	}
	const struct evaluator *evaluator = evaluator_find(name);
	if (evaluator == NULL) {
		return refuse_rule(rule, err);
	}
	if (options != NULL && !json_is(options, JSON_OBJECT)) {
		return error_set(err, ERROR_CONFIG, "compare: the options of %s are %s; write {%s: {OPTION: VALUE}}",
				 evaluator->name, json_type_name(options), evaluator->name);
	}
	struct field_comparator comparator = {.evaluator = evaluator};
	if (!evaluator->compile(options, arena, &comparator, err)) {
		return false;
	}
	*ret_comparator = comparator;
	return true;
}

enum verdict evaluator_compare(const struct field_comparator *comparator, const struct json_node *legacy,
			       const struct json_node *llm)
{
	if (comparator->evaluator->ignores_values) {
		return VERDICT_IGNORED;
	}
	if (legacy == NULL || llm == NULL) {
		return legacy != NULL ? VERDICT_MISSING : llm != NULL ? VERDICT_EXTRA : VERDICT_AGREE;
	}
	if (json_equal(legacy, llm) || comparator->evaluator->agrees(comparator, legacy, llm)) {
		return VERDICT_AGREE;
	}
	return VERDICT_DISAGREE;
}
