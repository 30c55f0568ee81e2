/* What a record is, and the code lists and fields of one. */
#include "harness/onboarding/draft.h"

#include "harness/base/text.h"

enum {
	CODES_MAX = 50,
	CODES_LENGTH = 64,
	CODES_TEXTS_MIN = 20,
	CODES_REPEATS = 5,
	FIELD_NAME_MAX = 128,
	LOOK_AT = 200
};

/* A list is taken for closed below both: values that the tail lets expect, and the chance that the next one is new. */
#define UNSEEN_MAX 0.5
#define CHANCE_MAX 0.01

static const struct profile_node *items_below(const struct profile_node *array)
{
	return array->children != NULL && array->children->is_items ? array->children : NULL;
}

/* --- records --- */

static double score_item_key(const struct profile_node *node)
{
	static const char *const names[] = {"line", "item",   "pos", "position", "no", "nr",
					    "id",   "number", "key", "sku",      NULL};
	return (value_name_has(node->name, names) ? 2 : 0) - (node->decimals_max > 0 ? 3 : 0) -
	       (draft_is_free_text(node) ? 2 : 0);
}

/* A member whose values tell the items of every array apart. */
static const struct profile_node *best_item_key(const struct profile_node *item)
{
	const struct profile_node *best = NULL;
	for (const struct profile_node *node = item->children; node != NULL; node = node->next) {
		bool unique = node->lists > 0 && node->lists_unique == node->lists && node->present == item->present &&
			      profile_is_leaf(node);
		if (unique && (best == NULL || score_item_key(node) > score_item_key(best))) {
			best = node;
		}
	}
	return best;
}

static size_t count_leaves(const struct profile_node *root, bool inside_items)
{
	size_t leaves = 0;
	for (const struct profile_node *node = root->children; node != NULL; node = node->next) {
		leaves += profile_is_leaf(node) && node->inside_items == inside_items;
		leaves += node->is_items && !inside_items ? 0 : count_leaves(node, inside_items);
	}
	return leaves;
}

/* The array of objects with a key that has most leaves. */
static const struct profile_node *best_array(struct profile_node *root)
{
	const struct profile_node *best = NULL;
	size_t best_leaves = 0;
	for (struct profile_node *node = root; node != NULL; node = profile_next(root, node)) {
		const struct profile_node *item = items_below(node);
		if (item == NULL || node->inside_items || item->types[JSON_OBJECT] != item->present ||
		    best_item_key(item) == NULL) {
			continue;
		}
		size_t leaves = count_leaves(item, true);
		if (leaves > best_leaves) {
			best = item;
			best_leaves = leaves;
		}
	}
	return best;
}

static bool take_items(struct draft *draft, const struct profile_node *item, struct error *err)
{
	draft->items = true;
	draft->record = item;
	draft->item_key = best_item_key(item);
	const char *name = place_name(item, draft->item_key, &draft->arena);
	const char *lists = place_share(draft->item_key->lists_unique, draft->item_key->lists,
					"replies with several items", &draft->arena);
	draft->records_evidence =
		name != NULL && lists != NULL
			? arena_format(&draft->arena, "%s is different for all items in %s", name, lists)
			: NULL;
	return draft->records_evidence != NULL || draft_no_room(err);
}

bool infer_records(struct draft *draft, struct error *err)
{
	struct profile_node *root = draft->replies->root;
	const struct profile_node *item = best_array(root);
	draft->record = root;
	draft->records_evidence = "each reply is one object";
	if (item == NULL) {
		if (draft->table_has_items) {
			draft_note(draft,
				   "no column tells the rows of one message apart, so all its rows are compared as "
				   "one value; add a column with the item's number");
		}
		return true;
	}
	size_t document_leaves = count_leaves(root, false);
	struct question question = {
		.id = "records",
		.text = "What is compared: each whole reply (document), or each item of its list (item)?",
		.evidence = "the replies hold both a list of items with a key and values beside it",
		.fallback = count_leaves(item, true) >= document_leaves ? "item" : "document",
		.options = {"item", "document"},
		.option_count = 2};
	bool open = draft->table.row_count == 0 &&
		    (document_leaves > 0 || json_get_text(draft->questions.answers, "records") != NULL);
	if (open && !questions_decide(&draft->questions, &question, err)) {
		return false;
	}
	if (open && strcmp(question.value, "document") == 0) {
		draft->records_evidence = "each whole reply; lists are compared as one value";
		return true;
	}
	if (document_leaves > 0) {
		draft_note(draft, "values beside the list of items are not compared: one level of records at a time");
	}
	return take_items(draft, item, err);
}

/* --- code lists --- */

static bool may_be_codes(const struct profile_node *node)
{
	const char *word = NULL;
	uint64_t texts = profile_texts(node);
	uint64_t formed = node->kinds[VALUE_DATE] + node->kinds[VALUE_DATE_TIME] + node->kinds[VALUE_UUID] +
			  node->kinds[VALUE_EMAIL] + node->kinds[VALUE_IBAN];
	return texts >= CODES_TEXTS_MIN && texts + node->types[JSON_NULL] == node->present && formed == 0 &&
	       !node->texts_full && !node->values_full && node->value_count <= CODES_MAX &&
	       texts >= node->value_count * CODES_REPEATS && node->length_max <= CODES_LENGTH &&
	       !value_name_is_personal(node->name, &word);
}

/* Values that the list must be expected to have beside those seen: Chao's estimate (Chao 1984, bias-corrected form),
 * f1 (f1 - 1) / (2 (f2 + 1)), from the numbers of values seen once and twice; and the chance that the next value is a
 * new one, f1 / n (Good 1953). */
static bool judge_codes(struct draft *draft, struct draft_codes *codes, struct error *err)
{
	double once = 0;
	double twice = 0;
	for (size_t i = 0; i < codes->count; i++) {
		once += codes->values[i].count == 1;
		twice += codes->values[i].count == 2;
	}
	uint64_t texts = profile_texts(codes->node);
	double unseen = once * (once - 1) / (2 * (twice + 1));
	double chance = once / (double)texts;
	const char *name = place_name(draft->record, codes->node, &draft->arena);
	const char *counted = place_count(texts, &draft->arena);
	char *id = name != NULL ? arena_format(&draft->arena, "codes.%s", name) : NULL;
	if (id == NULL || counted == NULL) {
		return draft_no_room(err);
	}
	codes->evidence =
		codes->count == 1 ? arena_format(&draft->arena, "always the same value, in %s", counted)
		: once > 0
			? arena_format(&draft->arena,
				       "%zu values in %s, %.0f of them seen once: about %.1f more to be expected, "
				       "the next value is new with a chance of %.2g%%",
				       codes->count, counted, once, unseen, chance * 100)
			: arena_format(&draft->arena, "%zu values in %s, none seen only once", codes->count, counted);
	bool closed = codes->count > 1 && unseen < UNSEEN_MAX && chance <= CHANCE_MAX;
	struct question question = {.id = id,
				    .text = "Is the list of values complete, so that any other value is a fault?",
				    .evidence = codes->evidence,
				    .fallback = closed ? "yes" : "no",
				    .options = {"yes", "no"},
				    .option_count = 2};
	bool asked = once > 0 || json_get_text(draft->questions.answers, id) != NULL;
	if (codes->evidence == NULL || (asked && !questions_decide(&draft->questions, &question, err))) {
		return codes->evidence != NULL ? false : draft_no_room(err);
	}
	codes->closed = asked ? strcmp(question.value, "yes") == 0 : closed;
	return true;
}

bool infer_codes(struct draft *draft, struct error *err)
{
	struct profile_node *root = draft->replies->root;
	for (struct profile_node *node = root; node != NULL; node = profile_next(root, node)) {
		if (!may_be_codes(node) || node == draft->item_key || draft->code_count == DRAFT_CODES) {
			continue;
		}
		struct draft_codes codes = {.node = node};
		codes.values = profile_values(node, &draft->arena, &codes.count);
		if (codes.values == NULL) {
			return draft_no_room(err);
		}
		if (!judge_codes(draft, &codes, err)) {
			return false;
		}
		draft->codes[draft->code_count++] = codes;
	}
	return true;
}

const struct draft_codes *draft_codes_of(const struct draft *draft, const struct profile_node *node)
{
	for (size_t i = 0; i < draft->code_count; i++) {
		if (draft->codes[i].node == node) {
			return &draft->codes[i];
		}
	}
	return NULL;
}

/* --- fields --- */

static bool case_varies(const struct draft *draft, const struct profile_node *node)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(draft->arena.maximum);
	size_t count = 0;
	const struct profile_value *values = profile_values(node, &arena, &count);
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
	uint64_t texts = profile_texts(node);
	bool time = texts == node->present && texts > 0 && node->kinds[VALUE_DATE_TIME] == texts;
	bool unique = node->value_count == node->present && node->present >= CODES_TEXTS_MIN &&
		      node->decimals_max == 0 && !draft_is_free_text(node);
	if (!(time && value_name_has(node->name, times)) && !unique) {
		return false;
	}
	struct profile_node *root = draft->messages->root;
	for (struct profile_node *other = root; other != NULL; other = profile_next(root, other)) {
		size_t looked_at = 0;
		if (profile_shared(node, other, LOOK_AT, &looked_at) * 2 > looked_at) {
			return false;
		}
	}
	return true;
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
	if (node->decimals_max > 0 && node->kinds[VALUE_NUMBER] == profile_texts(node)) {
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

static bool choose_compare(struct draft *draft, struct draft_field *field, struct error *err)
{
	const struct profile_node *node = field->node;
	field->evidence = "compared as one value";
	if (!profile_is_leaf(node)) {
		return true;
	}
	if (draft->placeholder) {
		field->evidence = "a placeholder: no past decisions were given";
		return true;
	}
	if (is_generated(draft, node)) {
		field->evidence = "different in all replies, and in no message: made by the legacy system";
		return ask_compare(draft, field, "Is this value of the legacy system's own making left out?", "ignore",
				   "exact", err);
	}
	if (profile_texts(node) > 0) {
		return compare_text(draft, field, err);
	}
	if (node->types[JSON_NUMBER] > 0 && node->decimals_max > 0) {
		field->compare = COMPARE_NUMBER;
		field->decimals = node->decimals_max;
		field->evidence = arena_format(
			&draft->arena, "up to %d decimals seen: may differ by half of the last one", field->decimals);
		return field->evidence != NULL || draft_no_room(err);
	}
	field->evidence = node->types[JSON_NUMBER] > 0 ? "whole numbers" : "boolean";
	return true;
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
	field->strings = profile_texts(field->node) > 0;
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
	       profile_shared(node, draft->identity, LOOK_AT, &looked_at) == looked_at && looked_at > 0;
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
