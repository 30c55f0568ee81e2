/* The fields of a record, and how each is compared. */
#include "harness/onboarding/draft.h"

#include "harness/base/text.h"

/* How many distinct values are looked up elsewhere; how many make a copy more than chance, and values generated. */
enum { FIELD_NAME_MAX = 128, LOOK_AT = 200, COPIES_MIN = 10, GENERATED_MIN = 20 };

static bool case_varies(const struct draft *draft, const struct profile_node *node)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(draft->arena.maximum);
	size_t count = 0;
	const struct profile_value *values = sample_profile_values(node, &arena, &count);
	for (size_t i = 0; values != NULL && i < count; i++) {
		for (size_t k = 0; k < i; k++) {
			if (text_equal_ignoring_case((struct span){values[i].text, values[i].length},
						     (struct span){values[k].text, values[k].length})) {
				return true;
			}
		}
	}
	return false;
}

/* Made by the legacy system while it answered: no reader of the message can know it. */
static bool is_generated(const struct draft *draft, const struct profile_node *node)
{
	static const char *const times[] = {"processed", "updated",   "modified",  "timestamp",
					    "responded", "completed", "generated", NULL};
	uint64_t texts = sample_profile_texts(node);
	bool time = texts == node->present && texts > 0 && node->kinds[VALUE_DATE_TIME] == texts;
	bool unique = node->value_count == node->present && node->present >= GENERATED_MIN && node->decimals_max == 0 &&
		      !draft_is_free_text(node);
	if (!(time && value_name_has(node->name, times)) && !unique) {
		return false;
	}
	struct profile_node *root = draft->messages->root;
	for (struct profile_node *other = root; other != NULL; other = sample_profile_next(root, other)) {
		size_t looked_at = 0;
		if (sample_profile_shared(node, other, LOOK_AT, &looked_at) * 2 > looked_at) {
			return false;
		}
	}
	return true;
}

/* The place of the message that holds every value which was looked at; NULL: there is none. Of few values it would be
 * chance. */
static const struct profile_node *copied_from(const struct draft *draft, const struct profile_node *node)
{
	struct profile_node *root = draft->messages->root;
	for (struct profile_node *other = root; other != NULL; other = sample_profile_next(root, other)) {
		size_t looked_at = 0;
		if (!other->inside_items && other->value_count * 2 > node->value_count &&
		    sample_profile_shared(node, other, LOOK_AT, &looked_at) == looked_at && looked_at >= COPIES_MIN) {
			return other;
		}
	}
	return NULL;
}

static bool ask_compare(struct draft *draft, struct draft_field *field, const char *text, const char *first,
			const char *second, struct error *err)
{
	char *id = arena_format(&draft->arena, "compare.%s", field->name);
	struct question question = {.id = id,
				    .text = text,
				    .evidence = field->evidence,
				    .fallback = first,
				    .options = {first, second},
				    .option_count = 2};
	if (id == NULL || !questions_decide(&draft->questions, &question, err)) {
		return id != NULL ? false : draft_no_room(err);
	}
	field->compare = strcmp(question.value, "ignore") == 0 ? COMPARE_IGNORE
			 : strcmp(question.value, "text") == 0 ? COMPARE_TEXT
							       : COMPARE_EXACT;
	return true;
}

static bool compare_text(struct draft *draft, struct draft_field *field, struct error *err)
{
	const struct profile_node *node = field->node;
	if (node->decimals_max > 0 && node->kinds[VALUE_NUMBER] == sample_profile_texts(node)) {
		field->compare = COMPARE_NUMBER;
		field->strings = true;
		field->decimals = node->decimals_max;
		field->evidence =
			arena_format(&draft->arena, "numbers in text, up to %d decimals seen", field->decimals);
		return field->evidence != NULL || draft_no_room(err);
	}
	if (draft_is_free_text(node)) {
		field->evidence = "free text";
		return ask_compare(draft, field, "Is this free text to be compared word for word?", "text", "ignore",
				   err);
	}
	const struct draft_codes *codes = draft_codes_of(draft, node);
	bool varies = case_varies(draft, node);
	field->compare = varies ? COMPARE_TEXT : COMPARE_EXACT;
	field->evidence = varies          ? "values differ from each other in case only"
			  : codes != NULL ? codes->evidence
					  : "text";
	return true;
}

static bool compare_number(struct draft *draft, struct draft_field *field, struct error *err)
{
	const struct profile_node *node = field->node;
	if (node->types[JSON_NUMBER] > 0 && node->decimals_max > 0) {
		field->compare = COMPARE_NUMBER;
		field->decimals = node->decimals_max;
		field->evidence = arena_format(
			&draft->arena, "up to %d decimals seen: may differ by half of the last one", field->decimals);
		return field->evidence != NULL || draft_no_room(err);
	}
	field->evidence = node->types[JSON_NUMBER] > 0              ? "whole numbers"
			  : node->types[JSON_NULL] == node->present ? "always null"
								    : "boolean";
	return true;
}

static bool choose_compare(struct draft *draft, struct draft_field *field, struct error *err)
{
	const struct profile_node *node = field->node;
	field->evidence = "compared as one value";
	if (!sample_profile_is_leaf(node)) {
		return true;
	}
	if (draft->placeholder) {
		field->evidence = "a placeholder: no past decisions were given";
		return true;
	}
	const struct profile_node *origin = copied_from(draft, node);
	if (origin != NULL) {
		const char *path = place_path(draft->messages->root, origin, &draft->arena);
		bool varied = node->value_count * 2 > node->present;
		field->evidence = path != NULL
					  ? arena_format(&draft->arena, "all values stand in messages at %s, too", path)
					  : NULL;
		return field->evidence == NULL
			       ? draft_no_room(err)
			       : ask_compare(draft, field, "Is this value copied from the message, and left out?",
					     varied ? "ignore" : "exact", varied ? "exact" : "ignore", err);
	}
	if (is_generated(draft, node)) {
		field->evidence = "different in all replies, and in no message: made by the legacy system";
		return ask_compare(draft, field, "Is this value of the legacy system's own making left out?", "ignore",
				   "exact", err);
	}
	if (sample_profile_texts(node) > 0) {
		return compare_text(draft, field, err);
	}
	return compare_number(draft, field, err);
}

/* Whoever answers knows better than the samples, for any field. */
static bool take_answer(struct draft *draft, struct draft_field *field, struct error *err)
{
	char *id = arena_format(&draft->arena, "compare.%s", field->name);
	struct question question = {.id = id,
				    .text = "How is this field compared?",
				    .evidence = field->evidence,
				    .options = {"exact", "number", "text", "ignore"},
				    .option_count = 4};
	if (id == NULL) {
		return draft_no_room(err);
	}
	if (json_get_text(draft->questions.answers, id) == NULL) {
		return choose_compare(draft, field, err);
	}
	if (!questions_decide(&draft->questions, &question, err)) {
		return false;
	}
	for (size_t i = 0; i < question.option_count; i++) {
		if (strcmp(question.value, question.options[i]) == 0) {
			field->compare = (enum draft_compare)i;
		}
	}
	field->decimals = field->node->decimals_max;
	field->strings = sample_profile_texts(field->node) > 0;
	field->evidence = "as answered";
	return true;
}

static bool add_field(struct draft *draft, const struct profile_node *node, struct error *err)
{
	if (draft->field_count == DRAFT_FIELDS) {
		draft_note(draft, "only the first %d fields are compared", DRAFT_FIELDS);
		return true;
	}
	struct draft_field field = {.node = node,
				    .name = place_name(draft->record, node, &draft->arena),
				    .at = place_short(draft->record, node, &draft->arena)};
	if (field.name == NULL || field.at == NULL) {
		return draft_no_room(err);
	}
	if (field.name[0] == '\0' || strlen(field.name) > FIELD_NAME_MAX || strstr(field.name, "${") != NULL) {
		draft_note(draft,
			   "a place of the replies is not compared: its name is empty, too long or holds \"${\"");
		return true;
	}
	if (!take_answer(draft, &field, err)) {
		return false;
	}
	draft->fields[draft->field_count++] = field;
	return true;
}

/* The message's identity, sent back. */
static bool is_echo(const struct draft *draft, const struct profile_node *node)
{
	size_t looked_at = 0;
	return draft->identity != NULL && node->present > 1 && node->value_count * 2 > node->present &&
	       sample_profile_shared(node, draft->identity, LOOK_AT, &looked_at) == looked_at && looked_at > 0;
}

static bool add_fields(struct draft *draft, const struct profile_node *node, struct error *err)
{
	for (const struct profile_node *child = node->children; child != NULL; child = child->next) {
		bool object = child->types[JSON_OBJECT] > 0 && !child->is_map && child->children != NULL &&
			      child->types[JSON_OBJECT] + child->types[JSON_NULL] == child->present;
		if (child->is_items || child == draft->item_key) {
			continue;
		}
		if (object) {
			if (!add_fields(draft, child, err)) {
				return false;
			}
		} else if (is_echo(draft, child)) {
			draft_note(draft, "\"%s\" of the replies repeats the message's identity and is not compared",
				   place_comment(child->name, 60, &draft->arena));
		} else if (!add_field(draft, child, err)) {
			return false;
		}
	}
	return true;
}

bool infer_fields(struct draft *draft, struct error *err)
{
	if (!add_fields(draft, draft->record, err)) {
		return false;
	}
	return draft->field_count > 0 ||
	       error_set(err, ERROR_FORMAT,
			 "the past decisions have no value that could be compared beside their key; "
			 "give a table with a column for each decided value");
}
