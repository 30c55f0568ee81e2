/* Which value identifies a message, and which one is its time. A place qualifies by its values; names and forms only
 * order those that qualify. */
#include "harness/onboarding/draft.h"

#include "harness/base/text.h"

#include <stdlib.h>

enum { CANDIDATES = 64, SHOWN = 5 };

/* Nearly unique: some messages come twice with other content (revisions). */
#define SHARE_NEARLY 0.95

/* Scores this near to each other are as good. */
#define SCORE_TIE 1.0

struct candidate {
	struct profile_node *node;
	double score;
	size_t order; /* of first appearance */
};

struct candidates {
	struct candidate list[CANDIDATES];
	size_t count;
};

static int order_of_candidates(const void *a, const void *b)
{
	const struct candidate *first = a;
	const struct candidate *second = b;
	if (first->score > second->score || first->score < second->score) {
		return first->score > second->score ? -1 : 1;
	}
	return first->order < second->order ? -1 : first->order > second->order;
}

static void add_candidate(struct candidates *all, struct profile_node *node, double score)
{
	if (all->count < CANDIDATES) {
		all->list[all->count] = (struct candidate){node, score, all->count};
		all->count++;
	}
}

static bool is_in_all(const struct draft *draft, const struct profile_node *node)
{
	return !node->inside_items && node->present == draft->messages->documents && node->types[JSON_NULL] == 0;
}

/* --- identity --- */

static bool is_envelope_name(const struct profile_node *node)
{
	static const char *const words[] = {"message",  "msg",      "event",       "trace",       "span",
					    "request",  "envelope", "header",      "headers",     "meta",
					    "metadata", "delivery", "correlation", "idempotency", "control",
					    "uuid",     "guid",     "sequence",    "seq",         NULL};
	for (; node->parent != NULL; node = node->parent) {
		if (value_name_has(node->name, words)) {
			return true;
		}
	}
	return false;
}

/* Numbers or numbered texts that only ever grow: a counter of the envelope, which may begin again. */
static bool is_counter(const struct profile_node *node)
{
	return node->present > 2 && node->types[JSON_NUMBER] == node->present && node->increasing + 1 >= node->present;
}

static double score_identity(const struct draft *draft, const struct profile_node *node)
{
	static const char *const names[] = {"id",      "number", "no",   "nr",     "num",         "reference",
					    "ref",     "key",    "code", "nummer", "belegnummer", "order",
					    "invoice", "ticket", "case", NULL};
	uint64_t texts = node->types[JSON_STRING];
	double score = sample_profile_unique_share(draft->messages, node) >= 0.999 ? 3 : 2;
	score += value_name_has(node->name, names) ? 1.5 : 0;
	score -= is_envelope_name(node) ? 2 : 0;
	score -= texts > 0 && node->kinds[VALUE_UUID] == texts ? 1 : 0;
	score -= is_counter(node) ? 1 : 0;
	score -= texts > 0 && (node->kinds[VALUE_EMAIL] > 0 || node->kinds[VALUE_PHONE] == texts) ? 3 : 0;
	score -= 0.25 * node->depth;
	if (draft->table.row_count > 0 && node == draft->table.matched_at) {
		score += 10;
	}
	return score;
}

static bool can_identify(const struct draft *draft, const struct profile_node *node)
{
	const char *word = NULL;
	uint64_t texts = node->types[JSON_STRING];
	bool scalar = texts == node->present || node->types[JSON_NUMBER] == node->present;
	bool time = texts > 0 && node->kinds[VALUE_DATE_TIME] + node->kinds[VALUE_DATE] == texts;
	bool many =
		node->values_full || node->value_count * 2 >= node->present; /* else most messages are the same one */
	return is_in_all(draft, node) && scalar && many && !time && node->decimals_max == 0 &&
	       !draft_is_free_text(node) && sample_profile_unique_share(draft->messages, node) >= SHARE_NEARLY &&
	       !value_name_is_personal(node->name, &word);
}

static const char *identity_evidence(struct draft *draft, const struct profile_node *node)
{
	uint64_t distinct = node->values_full ? node->seen_then : sample_profile_distinct_documents(draft->messages);
	const char *share =
		place_share(node->value_count, distinct,
			    node->values_full ? "messages that were counted" : "different messages", &draft->arena);
	if (share == NULL) {
		return NULL;
	}
	const struct table *table = &draft->table;
	const char *unique = node->value_count == distinct ? "unique" : "nearly unique";
	if (table->row_count == 0 || node != table->matched_at || node->values_full) {
		return arena_format(&draft->arena, "%s in %s", unique, share);
	}
	const char *matched = place_share(table->matched, table->key_count, "keys", &draft->arena);
	return matched == NULL ? NULL
			       : arena_format(&draft->arena, "%s in %s; %s of column %.*s stand here", unique, share,
					      matched, SPAN_ARGUMENTS(table->columns[table->key]));
}

/* An answer may name any place that the file's author knows better about: it becomes a candidate. */
static bool add_answered(struct draft *draft, struct candidates *all, struct question *question, struct error *err)
{
	const struct json_node *answer = json_get_text(draft->questions.answers, question->id);
	struct profile_node *root = draft->messages->root;
	for (size_t i = 0; i < question->option_count && answer != NULL; i++) {
		if (span_is(json_text(answer), question->options[i])) {
			return true;
		}
	}
	for (struct profile_node *node = root; answer != NULL && node != NULL; node = sample_profile_next(root, node)) {
		if (node == root || node->inside_items || !sample_profile_is_leaf(node)) {
			continue;
		}
		const char *path = place_path(root, node, &draft->arena);
		if (path == NULL) {
			return draft_no_room(err);
		}
		if (span_is(json_text(answer), path)) {
			all->list[all->count++] = (struct candidate){.node = node};
			question->options[question->option_count++] = path;
			return true;
		}
	}
	return true;
}

static bool list_options(struct draft *draft, struct candidates *all, struct question *question, struct error *err)
{
	all->count = all->count < SHOWN ? all->count : SHOWN; /* room for one more, and for none */
	for (size_t i = 0; i < all->count; i++) {
		question->options[i] = place_path(draft->messages->root, all->list[i].node, &draft->arena);
		if (question->options[i] == NULL) {
			return draft_no_room(err);
		}
	}
	question->options[all->count] = "none";
	question->option_count = all->count + 1;
	question->fallback = question->options[0];
	return add_answered(draft, all, question, err);
}

/* Asks where several are as good; `none` is always allowed. */
static bool choose(struct draft *draft, struct candidates *all, struct question *question,
		   const struct profile_node **ret_node, struct error *err)
{
	if (all->count > 0) {
		qsort(all->list, all->count, sizeof(all->list[0]), order_of_candidates);
	}
	bool clear = all->count > 0 && draft->messages->documents >= DRAFT_FEW &&
		     (all->count == 1 || all->list[0].score - all->list[1].score >= SCORE_TIE);
	size_t found = all->count < SHOWN ? all->count : SHOWN;
	if (!list_options(draft, all, question, err)) {
		return false;
	}
	*ret_node = found > 0 ? all->list[0].node : NULL;
	if (clear && json_get_text(draft->questions.answers, question->id) == NULL) {
		return true;
	}
	if (!questions_decide(&draft->questions, question, err)) {
		return false;
	}
	/* the options are the places found, then "none", then the one that was answered */
	*ret_node = NULL;
	for (size_t i = 0; i < all->count; i++) {
		if (strcmp(question->value, question->options[i < found ? i : i + 1]) == 0) {
			*ret_node = all->list[i].node;
		}
	}
	return true;
}

bool infer_identity(struct draft *draft, struct error *err)
{
	struct candidates all = {.count = 0};
	struct profile_node *root = draft->messages->root;
	for (struct profile_node *node = root; node != NULL; node = sample_profile_next(root, node)) {
		if (node != root && can_identify(draft, node)) {
			add_candidate(&all, node, score_identity(draft, node));
		}
	}
	struct question question = {
		.id = "identity",
		.text = "Which value identifies a message, so that a second delivery is known as one?",
		.evidence = all.count > 0 ? "these are in all messages and (nearly) unique"
					  : "no value is in all messages and unique"};
	bool answered = json_get_text(draft->questions.answers, "identity") != NULL;
	if (all.count == 0 && !answered && !infer_identity_pair(draft, err)) {
		return false;
	}
	if (draft->identity != NULL) {
		draft->identity_evidence = "no single value is unique; these two together are, or nearly so";
		return true;
	}
	if (!choose(draft, &all, &question, &draft->identity, err)) {
		return false;
	}
	if (draft->identity == NULL) {
		draft->identity_evidence = "no value is taken for it: every delivery counts as a message of its own";
		return true;
	}
	draft->identity_evidence = identity_evidence(draft, draft->identity);
	return draft->identity_evidence != NULL || draft_no_room(err);
}

/* --- time --- */

static double score_time(const struct profile_node *node)
{
	static const char *const good[] = {"created", "timestamp", "time", "occurred", "issued", "date", "at",
					   "ordered", "received",  "sent", "erstellt", "datum",  NULL};
	static const char *const bad[] = {"due",     "until",    "delivery", "birth", "expiry", "expires",   "valid",
					  "updated", "modified", "deadline", "end",   "to",     "requested", NULL};
	double score = node->kinds[VALUE_DATE_TIME] > 0 ? 2 : 0;
	score += value_name_has(node->name, good) ? 1 : 0;
	score -= value_name_has(node->name, bad) ? 2 : 0;
	return score - 0.25 * node->depth;
}

bool infer_event_time(struct draft *draft, struct error *err)
{
	struct candidates all = {.count = 0};
	struct profile_node *root = draft->messages->root;
	for (struct profile_node *node = root; node != NULL; node = sample_profile_next(root, node)) {
		uint64_t texts = sample_profile_texts(node);
		if (is_in_all(draft, node) && texts == node->present && texts > 0 &&
		    node->kinds[VALUE_DATE_TIME] + node->kinds[VALUE_DATE] == texts) {
			add_candidate(&all, node, score_time(node));
		}
	}
	if (all.count == 0) {
		draft->event_time_evidence =
			"no message value is a time in all messages: the time of capture decides the week";
		return true;
	}
	struct question question = {.id = "event_time",
				    .text = "Which value is the business time that decides a message's week?",
				    .evidence = "these are a time in all messages"};
	if (!choose(draft, &all, &question, &draft->event_time, err)) {
		return false;
	}
	const struct profile_node *node = draft->event_time;
	const char *share =
		node == NULL ? "" : place_share(node->present, draft->messages->documents, "messages", &draft->arena);
	draft->event_time_evidence =
		node == NULL    ? "the time of capture decides the week"
		: share == NULL ? NULL
				: arena_format(&draft->arena, "%s in %s",
					       node->kinds[VALUE_DATE_TIME] > 0 ? "a date-time" : "a date", share);
	return draft->event_time_evidence != NULL || draft_no_room(err);
}
