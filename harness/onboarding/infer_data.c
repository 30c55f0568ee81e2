/* Which values of the message may be personal data. The default of every suspicion is yes: what stands under data.pii
 * is sent to nobody until somebody approves it. */
#include "harness/onboarding/draft.h"

#include "harness/base/text.h"

enum { FREE_TEXT_LENGTH = 40, FREE_TEXT_WORDS = 3 };

/* Kinds by form alone fit other numbers too: that part of the values must have it. */
static const struct {
	enum value_kind kind;
	double share;
} personal_kinds[] = {
	{VALUE_EMAIL, 0},   {VALUE_IBAN, 0},   {VALUE_EMAIL_INSIDE, 0}, {VALUE_IBAN_INSIDE, 0},
	{VALUE_PHONE, 0.5}, {VALUE_CARD, 0.5}, {VALUE_VAT, 0.8},
};

bool draft_is_free_text(const struct profile_node *node)
{
	uint64_t texts = sample_profile_texts(node);
	return texts > 0 && node->length_max >= FREE_TEXT_LENGTH && node->words >= texts * FREE_TEXT_WORDS;
}

static bool is_thing(struct span name)
{
	static const char *const things[] = {"product",  "item",   "article", "file",       "event",    "type",
					     "category", "queue",  "service", "country",    "currency", "unit",
					     "plan",     "system", "project", "repository", "repo",     "company",
					     "material", "status", NULL};
	return value_name_has(name, things);
}

/* By its name, or by that of something around it. */
static const char *personal_name(const struct profile_node *node)
{
	const char *word = NULL;
	for (; node->parent != NULL; node = node->parent) {
		if (value_name_is_personal(node->name, &word) &&
		    (strcmp(word, "name") != 0 || !is_thing(node->parent->name))) {
			return word;
		}
	}
	return NULL;
}

/* The first kind that enough of its values have; -1: none. */
static int personal_kind(const struct profile_node *node)
{
	double texts = (double)sample_profile_texts(node);
	for (size_t i = 0; i < sizeof(personal_kinds) / sizeof(personal_kinds[0]); i++) {
		double hits = (double)node->kinds[personal_kinds[i].kind];
		if (hits > 0 && hits >= personal_kinds[i].share * texts) {
			return (int)personal_kinds[i].kind;
		}
	}
	return -1;
}

/* --- evidence --- */

static const char *type_words(const struct profile_node *node)
{
	static const char *const words[] = {"null", "boolean", "boolean", "number", "text", "list", "object"};
	const char *found = NULL;
	for (int type = JSON_FALSE; type < JSON_TYPE_COUNT; type++) {
		if (node->types[type] > 0 && found != words[type]) {
			found = found == NULL ? words[type] : "of several types";
		}
	}
	return found != NULL ? found : "null";
}

static const char *describe(struct draft *draft, const struct profile_node *node, const char *what)
{
	const char *share = place_share(node->documents, draft->messages->documents, "messages", &draft->arena);
	if (share == NULL) {
		return NULL;
	}
	if (sample_profile_texts(node) > 0 && sample_profile_texts(node) + node->types[JSON_NULL] == node->present) {
		const char *to = node->length_max == node->length_min
					 ? ""
					 : arena_format(&draft->arena, " to %zu", node->length_max);
		return to == NULL ? NULL
				  : arena_format(&draft->arena, "text of %zu%s characters, in %s%s", node->length_min,
						 to, share, what);
	}
	return arena_format(&draft->arena, "%s, in %s%s", type_words(node), share, what);
}

struct suspicion {
	const char *evidence; /* NULL: none */
	bool certain;         /* the name and the form of the values, or check digits */
};

static bool suspect_one(struct draft *draft, const struct profile_node *node, struct suspicion *suspicion,
			struct error *err)
{
	const char *name = personal_name(node);
	int kind = personal_kind(node);
	if (kind >= 0) {
		const char *hits = place_share(node->kinds[kind], sample_profile_texts(node),
					       value_kind_name((enum value_kind)kind), &draft->arena);
		suspicion->evidence = hits == NULL ? NULL
				      : name == NULL
					      ? arena_format(&draft->arena, "%s", hits)
					      : arena_format(&draft->arena, "%s, and the name says \"%s\"", hits, name);
		suspicion->certain = name != NULL || kind == VALUE_EMAIL || kind == VALUE_IBAN;
	} else if (name != NULL) {
		suspicion->evidence = arena_format(&draft->arena, "the name says \"%s\"", name);
	} else if (node->unseen) {
		suspicion->evidence = "not all of it was looked at: it is too deep, or has too many names";
	} else {
		return true;
	}
	return suspicion->evidence != NULL || draft_no_room(err);
}

/* Of a value that goes as a whole: what stands anywhere inside. */
static bool suspect(struct draft *draft, const struct profile_node *top, struct suspicion *suspicion, struct error *err)
{
	if (!suspect_one(draft, top, suspicion, err)) {
		return false;
	}
	for (const struct profile_node *child = top->children; child != NULL && suspicion->evidence == NULL;
	     child = child->next) {
		if (!suspect(draft, child, suspicion, err)) {
			return false;
		}
		if (suspicion->evidence != NULL && child->name.length > 0) {
			suspicion->evidence =
				arena_format(&draft->arena, "inside, %s: %s",
					     place_comment(child->name, 60, &draft->arena), suspicion->evidence);
		}
	}
	return true;
}

static bool add_place(struct draft *draft, const struct profile_node *node, struct error *err)
{
	struct suspicion suspicion = {0};
	if (draft->place_count == DRAFT_PLACES) {
		return true;
	}
	CLEANUP_BUFFER struct buffer pointer = BUFFER_INIT(1 << 20);
	sample_profile_pointer(draft->messages->root, node, &pointer);
	struct draft_place place = {.node = node,
				    .path = place_path(draft->messages->root, node, &draft->arena),
				    .pointer = arena_copy(&draft->arena, buffer_span(&pointer))};
	if (place.path == NULL || place.pointer == NULL) {
		return draft_no_room(err);
	}
	if (!suspect(draft, node, &suspicion, err)) {
		return false;
	}
	place.personal = suspicion.evidence != NULL;
	place.evidence = place.personal
				 ? suspicion.evidence
				 : describe(draft, node,
					    draft_is_free_text(node) ? "; free text: may contain personal data" : "");
	char *id = arena_format(&draft->arena, "personal.%s", place_name(draft->messages->root, node, &draft->arena));
	struct question question = {.id = id,
				    .text = "Is this personal data? Then it is not sent without an approval.",
				    .evidence = place.evidence,
				    .fallback = place.personal ? "yes" : "no",
				    .options = {"yes", "no"},
				    .option_count = 2};
	if (id == NULL || place.evidence == NULL) {
		return draft_no_room(err);
	}
	bool answered = json_get_text(draft->questions.answers, id) != NULL;
	if (answered || (place.personal && !suspicion.certain)) {
		if (!questions_decide(&draft->questions, &question, err)) {
			return false;
		}
		place.personal = strcmp(question.value, "yes") == 0;
	}
	draft->places[draft->place_count++] = place;
	return true;
}

static bool add_places(struct draft *draft, const struct profile_node *node, struct error *err)
{
	for (const struct profile_node *child = node->children; child != NULL; child = child->next) {
		bool object = child->types[JSON_OBJECT] > 0 && !child->is_map && child->children != NULL &&
			      child->types[JSON_OBJECT] + child->types[JSON_NULL] == child->present;
		if (!(object ? add_places(draft, child, err) : add_place(draft, child, err))) {
			return false;
		}
	}
	return true;
}

bool infer_places(struct draft *draft, struct error *err)
{
	if (!add_places(draft, draft->messages->root, err)) {
		return false;
	}
	if (draft->place_count == DRAFT_PLACES) {
		draft_note(draft, "only the first %d values of the message are classified; the others are never sent",
			   DRAFT_PLACES);
	}
	return true;
}
