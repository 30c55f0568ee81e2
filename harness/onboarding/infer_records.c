/* What a record is, and its code lists. */
#include "harness/onboarding/draft.h"

enum { CODES_MAX = 50, CODES_LENGTH = 64, CODES_TEXTS_MIN = 20, CODES_REPEATS = 5 };

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
			      sample_profile_is_leaf(node);
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
		leaves += sample_profile_is_leaf(node) && node->inside_items == inside_items;
		leaves += node->is_items && !inside_items ? 0 : count_leaves(node, inside_items);
	}
	return leaves;
}

/* The array of objects with a key that has most leaves. */
static const struct profile_node *best_array(struct profile_node *root)
{
	const struct profile_node *best = NULL;
	size_t best_leaves = 0;
	for (struct profile_node *node = root; node != NULL; node = sample_profile_next(root, node)) {
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
	uint64_t texts = sample_profile_texts(node);
	uint64_t formed = node->kinds[VALUE_DATE] + node->kinds[VALUE_DATE_TIME] + node->kinds[VALUE_UUID] +
			  node->kinds[VALUE_EMAIL] + node->kinds[VALUE_IBAN];
	return texts >= CODES_TEXTS_MIN && texts + node->types[JSON_NULL] == node->present && formed == 0 &&
	       !node->texts_full && !node->values_full && node->value_count <= CODES_MAX &&
	       texts >= node->value_count * CODES_REPEATS && node->length_max <= CODES_LENGTH &&
	       !value_name_is_personal(node->name, &word);
}

/* What the tail of the list lets expect: values seen once and twice; values not seen yet by Chao's estimate (Chao 1984,
 * bias-corrected form), f1 (f1 - 1) / (2 (f2 + 1)); the chance that the next value is a new one, f1 / n (Good 1953). */
struct tail {
	double once;
	double unseen;
	double chance;
};

static struct tail tail_of(const struct draft_codes *codes)
{
	struct tail tail = {0, 0, 0};
	double twice = 0;
	for (size_t i = 0; i < codes->count; i++) {
		tail.once += codes->values[i].count == 1;
		twice += codes->values[i].count == 2;
	}
	tail.unseen = tail.once * (tail.once - 1) / (2 * (twice + 1));
	tail.chance = tail.once / (double)sample_profile_texts(codes->node);
	return tail;
}

static const char *codes_evidence(const struct draft_codes *codes, const struct tail *tail, struct arena *arena)
{
	const char *counted = place_count(sample_profile_texts(codes->node), arena);
	if (counted == NULL) {
		return NULL;
	}
	if (codes->count == 1) {
		return arena_format(arena, "always the same value, in %s", counted);
	}
	if (tail->once < 1) {
		return arena_format(arena, "%zu values in %s, none seen only once", codes->count, counted);
	}
	return arena_format(
		arena,
		"%zu values in %s, %.0f of them seen once: about %.1f more to be expected, the next value is "
		"new with a chance of %.2g%%",
		codes->count, counted, tail->once, tail->unseen, tail->chance * 100);
}

static bool judge_codes(struct draft *draft, struct draft_codes *codes, struct error *err)
{
	struct tail tail = tail_of(codes);
	const char *name = place_name(draft->record, codes->node, &draft->arena);
	char *id = name != NULL ? arena_format(&draft->arena, "codes.%s", name) : NULL;
	codes->evidence = codes_evidence(codes, &tail, &draft->arena);
	if (id == NULL || codes->evidence == NULL) {
		return draft_no_room(err);
	}
	codes->closed = codes->count > 1 && tail.unseen < UNSEEN_MAX && tail.chance <= CHANCE_MAX;
	struct question question = {.id = id,
				    .text = "Is the list of values complete, so that any other value is a fault?",
				    .evidence = codes->evidence,
				    .fallback = codes->closed ? "yes" : "no",
				    .options = {"yes", "no"},
				    .option_count = 2};
	if (tail.once < 1 && json_get_text(draft->questions.answers, id) == NULL) {
		return true;
	}
	if (!questions_decide(&draft->questions, &question, err)) {
		return false;
	}
	codes->closed = strcmp(question.value, "yes") == 0;
	return true;
}

bool infer_codes(struct draft *draft, struct error *err)
{
	struct profile_node *root = draft->replies->root;
	for (struct profile_node *node = root; node != NULL; node = sample_profile_next(root, node)) {
		if (!may_be_codes(node) || node == draft->item_key || draft->code_count == DRAFT_CODES) {
			continue;
		}
		struct draft_codes codes = {.node = node};
		codes.values = sample_profile_values(node, &draft->arena, &codes.count);
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
