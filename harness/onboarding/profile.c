#include "harness/onboarding/profile.h"

#include "evaluators/select/select.h"
#include "harness/base/text.h"

#include <stdlib.h>

enum {
	FIRST_SLOTS = 16,
	TEXTS_STEP = 64,
	FIRST_LIST = 16,
	ARENA_MAX = 512 * 1024 * 1024,
	CONTENT_MAX = 64 * 1024 * 1024
};

#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* FNV-1a with a last mixing step, so that its low bits are good too. */
static uint64_t hash_text(struct span text)
{
	uint64_t hash = FNV_OFFSET;
	for (size_t i = 0; i < text.length; i++) {
		hash = (hash ^ (unsigned char)text.data[i]) * FNV_PRIME;
	}
	hash ^= hash >> 32;
	hash *= UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ (hash >> 29);
}

/* --- nodes --- */

static struct profile_node *make_node(struct profile *profile, struct profile_node *parent, struct span name,
				      bool is_items)
{
	struct profile_node *node = arena_allocate(&profile->arena, sizeof(*node));
	char *copy = arena_copy(&profile->arena, name);
	if (node == NULL || copy == NULL) {
		return NULL;
	}
	node->name = (struct span){copy, name.length};
	node->parent = parent;
	node->is_items = is_items;
	profile->nodes++;
	if (parent == NULL) {
		return node;
	}
	node->inside_items = is_items || parent->inside_items;
	node->depth = parent->depth + 1;
	if (parent->last_child != NULL) {
		parent->last_child->next = node;
	} else {
		parent->children = node;
	}
	parent->last_child = node;
	parent->child_count++;
	return node;
}

struct profile_node *sample_profile_child(const struct profile_node *node, struct span name)
{
	for (struct profile_node *child = node != NULL ? node->children : NULL; child != NULL; child = child->next) {
		if (!child->is_items && span_equal(child->name, name)) {
			return child;
		}
	}
	return NULL;
}

static struct profile_node *items_of(const struct profile_node *node)
{
	for (struct profile_node *child = node->children; child != NULL; child = child->next) {
		if (child->is_items) {
			return child;
		}
	}
	return NULL;
}

struct profile_node *sample_profile_next(const struct profile_node *root, struct profile_node *node)
{
	if (node->children != NULL) {
		return node->children;
	}
	while (node != root && node->next == NULL) {
		node = node->parent;
	}
	return node == root ? NULL : node->next;
}

uint64_t sample_profile_texts(const struct profile_node *node)
{
	return node->types[JSON_STRING];
}

uint64_t sample_profile_scalars(const struct profile_node *node)
{
	return node->present - node->types[JSON_ARRAY] - node->types[JSON_OBJECT];
}

bool sample_profile_is_leaf(const struct profile_node *node)
{
	return node->present > 0 && sample_profile_scalars(node) == node->present;
}

void sample_profile_pointer(const struct profile_node *top, const struct profile_node *node, struct buffer *buffer)
{
	if (node == top || node->parent == NULL) {
		return;
	}
	sample_profile_pointer(top, node->parent, buffer);
	select_append_token(buffer, node->is_items ? SPAN("-") : node->name);
}

/* --- distinct values --- */

static struct profile_slot *find_slot(const struct profile_node *node, uint64_t hash)
{
	size_t i = (size_t)hash & (node->slot_count - 1);
	while (node->slots[i].count > 0 && node->slots[i].hash != hash) {
		i = (i + 1) & (node->slot_count - 1);
	}
	return &node->slots[i];
}

static bool grow_slots(struct profile *profile, struct profile_node *node)
{
	struct profile_node larger = *node;
	larger.slot_count = node->slot_count > 0 ? node->slot_count * 2 : FIRST_SLOTS;
	if (profile->slots + larger.slot_count > PROFILE_SLOTS || node->value_count >= PROFILE_DISTINCT) {
		return false;
	}
	larger.slots = calloc(larger.slot_count, sizeof(*larger.slots));
	if (larger.slots == NULL) {
		return false;
	}
	for (size_t i = 0; i < node->slot_count; i++) {
		if (node->slots[i].count > 0) {
			*find_slot(&larger, node->slots[i].hash) = node->slots[i];
		}
	}
	free(node->slots);
	profile->slots += larger.slot_count - node->slot_count;
	node->slots = larger.slots;
	node->slot_count = larger.slot_count;
	return true;
}

static uint32_t keep_text(struct profile *profile, struct profile_node *node, struct span text)
{
	if (node->text_count == PROFILE_TEXTS || text.length > PROFILE_TEXT_LENGTH) {
		node->texts_full = true;
	}
	if (!node->texts_full && node->text_count % TEXTS_STEP == 0) {
		struct span *texts = realloc(node->texts, (node->text_count + TEXTS_STEP) * sizeof(*texts));
		if (texts == NULL) {
			node->texts_full = true;
			return 0;
		}
		node->texts = texts;
	}
	char *copy = node->texts_full ? NULL : arena_copy(&profile->arena, text);
	if (copy == NULL) {
		node->texts_full = true;
		return 0;
	}
	node->texts[node->text_count++] = (struct span){copy, text.length};
	return (uint32_t)node->text_count;
}

static void count_value(struct profile *profile, struct profile_node *node, struct span text, uint64_t hash)
{
	bool needs_room = (node->value_count + 1) * 4 > node->slot_count * 3;
	if (needs_room && !node->values_full && !grow_slots(profile, node)) {
		node->values_full = true;
		node->seen_then = node->present;
	}
	if (node->slot_count == 0) {
		return;
	}
	struct profile_slot *slot = find_slot(node, hash);
	if (slot->count == 0) {
		if (node->values_full) {
			return;
		}
		slot->hash = hash;
		slot->text = keep_text(profile, node, text);
		node->value_count++;
	}
	slot->count += slot->count < UINT32_MAX;
}

bool sample_profile_has(const struct profile_node *node, struct span text)
{
	return node->slot_count > 0 && find_slot(node, hash_text(text))->count > 0;
}

size_t sample_profile_shared(const struct profile_node *node, const struct profile_node *other, size_t most,
			     size_t *ret_looked_at)
{
	size_t shared = 0;
	size_t looked_at = 0;
	for (size_t i = 0; i < node->slot_count && looked_at < most; i++) {
		if (node->slots[i].count > 0) {
			looked_at++;
			shared += other->slot_count > 0 && find_slot(other, node->slots[i].hash)->count > 0;
		}
	}
	*ret_looked_at = looked_at;
	return shared;
}

static int order_of_values(const void *a, const void *b)
{
	const struct profile_value *first = a;
	const struct profile_value *second = b;
	if (first->count != second->count) {
		return first->count > second->count ? -1 : 1;
	}
	return span_order((struct span){first->text, first->length}, (struct span){second->text, second->length});
}

struct profile_value *sample_profile_values(const struct profile_node *node, struct arena *arena, size_t *ret_count)
{
	size_t count = 0;
	struct profile_value *list = arena_allocate_array(arena, node->value_count, sizeof(*list));
	for (size_t i = 0; list != NULL && !node->texts_full && i < node->slot_count; i++) {
		const struct profile_slot *slot = &node->slots[i];
		if (slot->count > 0 && slot->text > 0) {
			struct span text = node->texts[slot->text - 1];
			list[count++] = (struct profile_value){text.data, text.length, slot->count};
		}
	}
	if (count > 0) {
		qsort(list, count, sizeof(*list), order_of_values);
	}
	*ret_count = count;
	return list;
}

/* --- values within one array --- */

static bool push_hash(struct profile_node *node, uint64_t hash)
{
	if (node->list_count == node->list_capacity) {
		size_t capacity = node->list_capacity > 0 ? node->list_capacity * 2 : FIRST_LIST;
		uint64_t *list = realloc(node->list, capacity * sizeof(*list));
		if (list == NULL) {
			return false;
		}
		node->list = list;
		node->list_capacity = capacity;
	}
	node->list[node->list_count++] = hash;
	return true;
}

static int order_of_hashes(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a;
	uint64_t second = *(const uint64_t *)b;
	return first < second ? -1 : first > second;
}

/* The array of `items` objects has ended: which members could tell its items apart? */
static void end_list(struct profile_node *item, size_t items)
{
	for (struct profile_node *child = item->children; child != NULL; child = child->next) {
		if (child->list_count == items && items > 1) {
			bool unique = true;
			qsort(child->list, items, sizeof(*child->list), order_of_hashes);
			for (size_t i = 1; i < items && unique; i++) {
				unique = child->list[i] != child->list[i - 1];
			}
			child->lists++;
			child->lists_unique += unique;
		}
		child->list_count = 0;
	}
}

/* --- one value --- */

static void note_number(struct profile_node *node, double number)
{
	bool first = node->types[JSON_NUMBER] + node->types[JSON_STRING] == 1;
	node->increasing += !first && number > node->last_number;
	node->last_number = number;
}

static int decimals_of(struct span text)
{
	size_t point = text_find(text, SPAN("."));
	size_t end = point + 1;
	while (end < text.length && text_is_digit(text.data[end])) {
		end++;
	}
	return point < text.length ? (int)(end - point - 1) : 0;
}

static void visit_text(struct profile_node *node, struct span text)
{
	size_t length = text_length(text);
	uint32_t kinds = value_kinds(text);
	node->length_min = node->types[JSON_STRING] == 1 || length < node->length_min ? length : node->length_min;
	node->length_max = length > node->length_max ? length : node->length_max;
	node->words += value_words(text);
	for (int kind = 0; kind < VALUE_KIND_COUNT; kind++) {
		node->kinds[kind] += (kinds >> kind) & 1U;
	}
	double number = 0;
	if ((kinds & (1U << VALUE_NUMBER)) != 0 && text_to_double(text, &number)) {
		int decimals = decimals_of(text);
		node->decimals_max = decimals > node->decimals_max ? decimals : node->decimals_max;
		note_number(node, number);
	}
}

static void visit_number(struct profile_node *node, struct span text)
{
	double number = 0;
	bool good = text_to_double(text, &number);
	int decimals = decimals_of(text);
	bool whole = text_find(text, SPAN(".")) == text.length && memchr(text.data, 'e', text.length) == NULL &&
		     memchr(text.data, 'E', text.length) == NULL;
	node->integers += whole;
	node->decimals_max = decimals > node->decimals_max ? decimals : node->decimals_max;
	if (!good) {
		return;
	}
	bool first = node->types[JSON_NUMBER] == 1;
	node->number_min = first || number < node->number_min ? number : node->number_min;
	node->number_max = first || number > node->number_max ? number : node->number_max;
	note_number(node, number);
}

static bool visit(struct profile *profile, struct profile_node *node, const struct json_node *value);

static bool visit_object(struct profile *profile, struct profile_node *node, const struct json_node *object)
{
	for (const struct json_node *name = json_first(object); name != NULL; name = json_next(object, name)) {
		struct profile_node *child = node->is_map ? NULL : sample_profile_child(node, json_text(name));
		if (child == NULL && (node->child_count >= PROFILE_MEMBERS || profile->nodes >= PROFILE_NODES)) {
			node->is_map = true;
		}
		if (node->is_map) {
			node->unseen = true;
			return true;
		}
		child = child != NULL ? child : make_node(profile, node, json_text(name), false);
		if (child == NULL || !visit(profile, child, json_member(name))) {
			return false;
		}
	}
	return true;
}

static bool visit_array(struct profile *profile, struct profile_node *node, const struct json_node *array)
{
	size_t count = json_count(array);
	node->items_min = node->types[JSON_ARRAY] == 1 || count < node->items_min ? count : node->items_min;
	node->items_max = count > node->items_max ? count : node->items_max;
	struct profile_node *item = items_of(node);
	if (item == NULL && count > 0) {
		if (profile->nodes >= PROFILE_NODES) {
			node->unseen = true;
			return true;
		}
		item = make_node(profile, node, SPAN(""), true);
		if (item == NULL) {
			return false;
		}
	}
	for (const struct json_node *value = json_first(array); value != NULL; value = json_next(array, value)) {
		if (!visit(profile, item, value)) {
			return false;
		}
	}
	if (item != NULL) {
		end_list(item, count);
	}
	return true;
}

static bool visit(struct profile *profile, struct profile_node *node, const struct json_node *value)
{
	struct span text = json_text(value);
	node->present++;
	node->documents += node->last_document != profile->documents;
	node->last_document = profile->documents;
	node->types[value->type]++;
	if (value->type == JSON_OBJECT || value->type == JSON_ARRAY) {
		if (node->depth >= PROFILE_DEPTH) {
			node->unseen = node->unseen || json_count(value) > 0;
			return true;
		}
		return value->type == JSON_OBJECT ? visit_object(profile, node, value)
						  : visit_array(profile, node, value);
	}
	if (value->type != JSON_STRING && value->type != JSON_NUMBER) {
		return true;
	}
	uint64_t hash = hash_text(text);
	if (value->type == JSON_STRING) {
		visit_text(node, text);
	} else {
		visit_number(node, text);
	}
	count_value(profile, node, text, hash);
	return node->parent == NULL || !node->parent->is_items || push_hash(node, hash);
}

/* --- documents --- */

static bool count_content(struct profile *profile, const struct json_node *document, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(CONTENT_MAX);
	json_write_canonical(&text, document);
	if (!buffer_ok(&text, "a sample", err)) {
		return false;
	}
	profile->bytes_max = text.length > profile->bytes_max ? text.length : profile->bytes_max;
	count_value(profile, &profile->content_node, buffer_span(&text), hash_text(buffer_span(&text)));
	return true;
}

bool sample_profile_add(struct profile *profile, const struct json_node *document, struct error *err)
{
	profile->documents++;
	return count_content(profile, document, err) &&
	       (visit(profile, profile->root, document) ||
		error_set(err, ERROR_MEMORY, "no memory to profile the samples; give fewer of them"));
}

uint64_t sample_profile_distinct_documents(const struct profile *profile)
{
	return profile->content_node.values_full ? profile->documents : profile->content_node.value_count;
}

double sample_profile_unique_share(const struct profile *profile, const struct profile_node *node)
{
	uint64_t counted = node->values_full ? node->seen_then : sample_profile_distinct_documents(profile);
	return counted > 0 ? (double)node->value_count / (double)counted : 0;
}

struct profile *sample_profile_create(void)
{
	struct profile *profile = calloc(1, sizeof(*profile));
	if (profile == NULL) {
		return NULL;
	}
	arena_init(&profile->arena, ARENA_MAX);
	profile->content_node.texts_full = true;
	profile->root = make_node(profile, NULL, SPAN(""), false);
	if (profile->root == NULL) {
		sample_profile_destroy(profile);
		return NULL;
	}
	return profile;
}

void sample_profile_destroy(struct profile *profile)
{
	if (profile == NULL) {
		return;
	}
	for (struct profile_node *node = profile->root; node != NULL; node = sample_profile_next(profile->root, node)) {
		free(node->slots);
		free(node->texts);
		free(node->list);
	}
	free(profile->content_node.slots);
	arena_finish(&profile->arena);
	free(profile);
}
