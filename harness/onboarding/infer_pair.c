/* Where no single value identifies a message: two that do together, such as a branch and its receipt's number. One more
 * pass over the samples counts the pairs of the most varied values. */
#include "harness/onboarding/draft.h"

#include <stdio.h>

enum { PARTS = 6, LINE_MAX_SIZE = 16 * 1024 * 1024, ARENA_MAX = 256 * 1024 * 1024, NAME_SIZE = 64 };

#define SHARE_NEARLY 0.95

struct pairs {
	const struct draft *draft;
	const struct profile_node *parts[PARTS]; /* most different values first */
	size_t count;
	struct profile *profile; /* member "i-j" of its documents: the values of parts i and j */
	struct arena arena;
	struct buffer line;
};

static bool can_be_part(const struct draft *draft, const struct profile_node *node)
{
	const char *word = NULL;
	uint64_t texts = sample_profile_texts(node);
	bool scalar = texts == node->present || node->types[JSON_NUMBER] == node->present;
	bool time = texts > 0 && node->kinds[VALUE_DATE_TIME] == texts;
	return node->parent != NULL && !node->inside_items && node->present == draft->messages->documents && scalar &&
	       !time && node->decimals_max == 0 && !draft_is_free_text(node) && node->value_count > 1 &&
	       !value_name_is_personal(node->name, &word);
}

static void add_part(struct pairs *pairs, const struct profile_node *node)
{
	size_t place = pairs->count;
	while (place > 0 && pairs->parts[place - 1]->value_count < node->value_count) {
		place--;
	}
	if (place == PARTS) {
		return;
	}
	size_t kept = pairs->count < PARTS ? pairs->count : PARTS - 1;
	memmove(pairs->parts + place + 1, pairs->parts + place, (kept - place) * sizeof(pairs->parts[0]));
	pairs->parts[place] = node;
	pairs->count = kept + 1;
}

static void pair_name(size_t i, size_t k, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%zu-%zu", i, k);
}

static bool take_pairs(void *context, const struct sample *sample, struct error *err)
{
	struct pairs *pairs = context;
	const struct json_node *document = NULL;
	buffer_clear(&pairs->line);
	arena_reset(&pairs->arena);
	buffer_append_byte(&pairs->line, '{');
	for (size_t i = 0; i < pairs->count; i++) {
		for (size_t k = i + 1; k < pairs->count; k++) {
			struct span first = json_text(place_value(pairs->parts[i], sample->message));
			struct span second = json_text(place_value(pairs->parts[k], sample->message));
			const char *both = arena_format(&pairs->arena, "%zu|%.*s|%.*s", first.length,
							SPAN_ARGUMENTS(first), SPAN_ARGUMENTS(second));
			char name[NAME_SIZE];
			if (both == NULL) {
				return draft_no_room(err);
			}
			pair_name(i, k, name);
			buffer_append_format(&pairs->line, "%s\"%s\":", pairs->line.length > 1 ? "," : "", name);
			json_write_string(&pairs->line, span_of(both));
		}
	}
	buffer_append_byte(&pairs->line, '}');
	return buffer_ok(&pairs->line, "the pairs of a message", err) &&
	       json_parse(&pairs->arena, buffer_span(&pairs->line), NULL, &document, err) &&
	       sample_profile_add(pairs->profile, document, err);
}

/* The pair with most different values, of equal ones the first. */
static void choose_pair(const struct pairs *pairs, struct draft *draft)
{
	double best = SHARE_NEARLY;
	for (size_t i = 0; i < pairs->count; i++) {
		for (size_t k = i + 1; k < pairs->count; k++) {
			char name[NAME_SIZE];
			pair_name(i, k, name);
			const struct profile_node *node = sample_profile_child(pairs->profile->root, span_of(name));
			uint64_t distinct = sample_profile_distinct_documents(draft->messages);
			double share = node == NULL || node->values_full || distinct == 0
					       ? 0
					       : (double)node->value_count / (double)distinct;
			bool many = node != NULL && node->value_count * 2 >= node->present;
			if (many && share > best) {
				best = share;
				draft->identity = pairs->parts[i];
				draft->identity_second = pairs->parts[k];
			}
		}
	}
}

bool infer_identity_pair(struct draft *draft, struct error *err)
{
	struct pairs pairs = {.draft = draft, .line = BUFFER_INIT(LINE_MAX_SIZE)};
	struct profile_node *root = draft->messages->root;
	for (struct profile_node *node = root; node != NULL; node = sample_profile_next(root, node)) {
		if (can_be_part(draft, node)) {
			add_part(&pairs, node);
		}
	}
	if (pairs.count < 2) {
		return true;
	}
	pairs.profile = sample_profile_create();
	if (pairs.profile == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory to count pairs of values");
	}
	arena_init(&pairs.arena, ARENA_MAX);
	bool good = samples_each(&draft->samples, take_pairs, &pairs, err);
	if (good) {
		choose_pair(&pairs, draft);
	}
	sample_profile_destroy(pairs.profile);
	arena_finish(&pairs.arena);
	buffer_finish(&pairs.line);
	return good;
}
