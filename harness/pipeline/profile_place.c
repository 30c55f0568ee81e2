#include "harness/pipeline/profile_place.h"

#include "evaluators/select/select.h"
#include "harness/base/text.h"

#include <stdlib.h>

enum { ARENA_MAX = 64 * 1024 * 1024, DIGITS_MAX = 4, LOAD_MAX = 64 * 1024 * 1024 };

static const struct span STAR = {"*", 1};

size_t places_most(size_t field_limit)
{
	return 2 * field_limit + 64;
}

void places_init(struct places *places, size_t field_limit)
{
	*places = (struct places){.maximum = places_most(field_limit)};
	arena_init(&places->arena, ARENA_MAX);
}

void places_finish(struct places *places)
{
	free(places->list);
	arena_finish(&places->arena);
	*places = (struct places){0};
}

/* FNV-1a (Fowler, Noll, Vo), 32 bits, over the parent and the name. */
static uint32_t bucket_of(uint32_t parent, struct span name)
{
	uint32_t hash = UINT32_C(2166136261) ^ parent;
	for (size_t i = 0; i < name.length; i++) {
		hash = (hash ^ (unsigned char)name.data[i]) * UINT32_C(16777619);
	}
	return (hash ^ (hash >> 16)) % PLACE_BUCKETS;
}

/* --- what the contract says of a place --- */

static const struct json_node *schema_of_child(const struct json_node *schema, struct span name, bool is_star)
{
	return is_star ? json_get_text(schema, "items") : json_get(json_get_text(schema, "properties"), name);
}

static size_t depth_of(const struct places *places, uint32_t place)
{
	size_t depth = 0;
	while (place != PLACE_ROOT) {
		place = places->list[place].parent;
		depth++;
	}
	return depth;
}

static size_t count_tokens(struct span pointer)
{
	size_t tokens = 0;
	for (size_t i = 0; i < pointer.length; i++) {
		tokens += pointer.data[i] == '/';
	}
	return tokens;
}

/* A * of the place is any token. */
static bool is_token(const struct place *place, struct span token)
{
	CLEANUP_BUFFER struct buffer own = BUFFER_INIT(4 * PROFILE_NAME_MAX);
	select_append_token(&own, place->name);
	return span_equal(place->name, STAR) || span_equal(buffer_span(&own), token);
}

/* Is the place, or something around it, what that pointer names? */
static bool is_covered(const struct places *places, uint32_t place, struct span pointer)
{
	size_t tokens = count_tokens(pointer);
	size_t depth = depth_of(places, place);
	for (; depth > tokens; depth--) {
		place = places->list[place].parent;
	}
	while (depth == tokens && pointer.length > 0) {
		size_t begin = pointer.length - 1;
		while (pointer.data[begin] != '/') {
			begin--;
		}
		if (!is_token(&places->list[place], (struct span){pointer.data + begin, pointer.length - begin})) {
			return false;
		}
		pointer.length = begin;
		place = places->list[place].parent;
	}
	return pointer.length == 0;
}

static bool is_personal(const struct places *places, const struct contract *contract, uint32_t place)
{
	if (places->list[places->list[place].parent].is_personal) {
		return true;
	}
	for (size_t i = 0; i < contract->personal_count; i++) {
		if (is_covered(places, place, span_of(contract->personal[i]))) {
			return true;
		}
	}
	return false;
}

/* Values of the message's identity count by their type and length alone: new ones are no news. */
static bool is_identity(const struct places *places, const struct contract *contract, uint32_t place)
{
	CLEANUP_BUFFER struct buffer pointer = BUFFER_INIT(PROFILE_POINTER_MAX);
	CLEANUP_BUFFER struct buffer identity = BUFFER_INIT(PROFILE_POINTER_MAX);
	places_write_pointer(places, place, &pointer);
	for (size_t i = 0; i < contract->message_id_count; i++) {
		buffer_clear(&identity);
		if (select_to_pointer(&contract->message_id[i], &identity) &&
		    span_equal(buffer_span(&identity), buffer_span(&pointer))) {
			return !pointer.failed;
		}
	}
	return false;
}

/* --- the tree --- */

static bool grow(struct places *places)
{
	if (places->count < places->capacity) {
		return true;
	}
	size_t capacity = places->capacity > 0 ? places->capacity * 2 : 64;
	capacity = capacity < places->maximum ? capacity : places->maximum;
	struct place *list = capacity > places->count ? reallocarray(places->list, capacity, sizeof(*list)) : NULL;
	if (list == NULL) {
		return false;
	}
	places->list = list;
	places->capacity = capacity;
	return true;
}

static void link_child(struct places *places, uint32_t parent, uint32_t child, bool is_star)
{
	struct place *above = &places->list[parent];
	if (is_star) {
		above->star = child;
		return;
	}
	if (above->first_child == PLACE_NONE) {
		above->first_child = child;
	} else {
		places->list[above->last_child].next_sibling = child;
	}
	above->last_child = child;
	above->child_count++;
	struct place *place = &places->list[child];
	uint32_t *bucket = &places->buckets[bucket_of(place->parent, place->name)];
	place->next_in_bucket = *bucket;
	*bucket = child + 1;
}

static uint32_t add_place(struct places *places, const struct contract *contract, uint32_t parent, struct span name,
			  bool is_star)
{
	char *copy = grow(places) ? arena_copy(&places->arena, name) : NULL;
	if (copy == NULL) {
		return PLACE_NONE;
	}
	uint32_t child = (uint32_t)places->count++;
	places->list[child] = (struct place){
		.name = {copy, name.length},
		.parent = parent,
		.first_child = PLACE_NONE,
		.last_child = PLACE_NONE,
		.next_sibling = PLACE_NONE,
		.star = PLACE_NONE,
	};
	struct place *place = &places->list[child];
	if (child == PLACE_ROOT) {
		place->schema = contract != NULL ? contract->request_schema_json : NULL;
		return child;
	}
	place->is_starred = is_star || places->list[parent].is_starred;
	place->schema = schema_of_child(places->list[parent].schema, name, is_star);
	link_child(places, parent, child, is_star);
	place->is_personal = contract != NULL && is_personal(places, contract, child);
	place->is_identity = contract != NULL && is_identity(places, contract, child);
	return child;
}

static uint32_t find_named(const struct places *places, uint32_t parent, struct span name)
{
	uint32_t next = places->buckets[bucket_of(parent, name)];
	while (next != 0) {
		const struct place *place = &places->list[next - 1];
		if (place->parent == parent && span_equal(place->name, name)) {
			return next - 1;
		}
		next = place->next_in_bucket;
	}
	return PLACE_NONE;
}

/* Looks like a name, and not like data that was made one. */
static bool is_plain_name(struct span name)
{
	size_t digits = 0;
	for (size_t i = 0; i < name.length; i++) {
		char c = name.data[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!letter && !text_is_digit(c) && (c == '\0' || strchr("_-.:$/#+", c) == NULL)) {
			return false;
		}
		digits += text_is_digit(c);
	}
	return name.length > 0 && digits <= DIGITS_MAX;
}

static bool stands_for_itself(const struct place *parent, struct span name)
{
	return json_get(json_get_text(parent->schema, "properties"), name) != NULL ||
	       (!parent->is_personal && is_plain_name(name));
}

uint32_t places_star(struct places *places, const struct contract *contract, uint32_t parent)
{
	uint32_t star = places->list[parent].star;
	return star != PLACE_NONE ? star : add_place(places, contract, parent, STAR, true);
}

uint32_t places_member(struct places *places, const struct contract *contract, uint32_t parent, struct span name,
		       uint32_t expected, bool *ret_became_map)
{
	struct place *above = &places->list[parent];
	if (above->is_map) {
		return places_star(places, contract, parent);
	}
	if (expected != PLACE_NONE && span_equal(places->list[expected].name, name)) {
		return expected;
	}
	uint32_t found = find_named(places, parent, name);
	if (found != PLACE_NONE) {
		return found;
	}
	if (!stands_for_itself(above, name)) {
		return places_star(places, contract, parent);
	}
	if (above->child_count >= PROFILE_MAP_NAMES) {
		above->is_map = true;
		*ret_became_map = true;
		return places_star(places, contract, parent);
	}
	return add_place(places, contract, parent, name, false);
}

void places_write_pointer(const struct places *places, uint32_t place, struct buffer *pointer)
{
	if (place == PLACE_ROOT) {
		return;
	}
	places_write_pointer(places, places->list[place].parent, pointer);
	select_append_token(pointer, places->list[place].name);
}

/* --- from the store --- */

/* The name of one reference token. */
static bool decode_token(struct span token, struct buffer *name)
{
	buffer_clear(name);
	for (size_t i = 0; i < token.length; i++) {
		bool escaped = token.data[i] == '~' && i + 1 < token.length;
		buffer_append_byte(name, !escaped ? token.data[i] : token.data[i + 1] == '1' ? '/' : '~');
		i += escaped;
	}
	return !name->failed;
}

/* Adds what leads there; PLACE_NONE where there is no room. */
static uint32_t add_pointer(struct places *places, const struct contract *contract, struct span pointer)
{
	CLEANUP_BUFFER struct buffer name = BUFFER_INIT(PROFILE_POINTER_MAX);
	uint32_t place = PLACE_ROOT;
	size_t at = 0;
	while (place != PLACE_NONE && at < pointer.length) {
		size_t end = at + 1;
		while (end < pointer.length && pointer.data[end] != '/') {
			end++;
		}
		if (!decode_token((struct span){pointer.data + at + 1, end - at - 1}, &name)) {
			return PLACE_NONE;
		}
		bool is_star = span_equal(buffer_span(&name), STAR);
		uint32_t child = is_star ? places->list[place].star : find_named(places, place, buffer_span(&name));
		place = child != PLACE_NONE ? child : add_place(places, contract, place, buffer_span(&name), is_star);
		at = end;
	}
	return place;
}

static bool take_tokens(struct places *places, struct place *place, const struct store_profile_field *field)
{
	if (field->token_count == 0) {
		return true;
	}
	place->texts = arena_allocate(&places->arena, sizeof(*place->texts));
	if (place->texts == NULL) {
		return false;
	}
	memcpy(place->texts->tokens, field->tokens, field->token_count * sizeof(field->tokens[0]));
	place->texts->token_count = field->token_count;
	return true;
}

static bool take_field(struct places *places, const struct contract *contract, const struct store_profile_field *field)
{
	uint32_t at = add_pointer(places, contract, span_of(field->pointer));
	if (at == PLACE_NONE) {
		return false;
	}
	struct place *place = &places->list[at];
	place->is_map = field->is_map;
	place->is_open = field->is_open;
	place->field = field->id;
	places->field_count++;
	return take_tokens(places, place, field);
}

static void clear(struct places *places)
{
	arena_reset(&places->arena);
	memset(places->buckets, 0, sizeof(places->buckets));
	places->count = 0;
	places->field_count = 0;
	places->is_loaded = false;
}

bool places_load(struct places *places, const struct contract *contract, struct store *store, int64_t interface_id,
		 int64_t side, struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(LOAD_MAX);
	struct store_profile_field *fields = NULL;
	struct store_reference reference;
	size_t count = 0;
	clear(places);
	if (!store_profile_fields(store, interface_id, side, &arena, &fields, &count, err) ||
	    !store_profile_reference(store, interface_id, side, &arena, &reference, err)) {
		return false;
	}
	if (add_place(places, contract, PLACE_ROOT, SPAN(""), false) == PLACE_NONE) {
		return error_set(err, ERROR_MEMORY, "no memory for the profiles of fields");
	}
	/* the limit may have been lowered: what does not fit is not counted any more */
	for (size_t i = 0; i < count && take_field(places, contract, &fields[i]); i++) {
	}
	places->is_frozen = reference.id != 0;
	places->rollbacks = store_rollbacks(store);
	places->is_loaded = true;
	return true;
}
