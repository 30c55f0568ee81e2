#include "harness/pipeline/profile.h"

#include "baselines/sampling.h"
#include "evaluators/stats/shift.h"
#include "harness/base/text.h"
#include "harness/pipeline/profile_place.h"

#include <stdio.h>
#include <stdlib.h>

enum { ID_TEXT = 64, TOKEN_SIZE = 8 };

/* One side with its number. */
struct side {
	int64_t number;
	struct places places;
};

struct profile {
	const struct contract *contract;
	struct hash_key *sampling_key; /* borrowed */
	struct hash_key *token_key;
	int64_t interface_id;
	uint64_t documents; /* so far */
	uint32_t *touched;  /* room for each walk: as many as one side can have places */
	struct side *sides;
	size_t side_count;
};

/* One document on its way. */
struct walk {
	struct profile *profile;
	struct store *store;
	struct places *places;
	const struct contract *contract; /* NULL: not a message */
	int64_t side;
	int32_t week;
	bool test;
	uint64_t number;
	size_t left;       /* values that may still be looked at */
	size_t left_out;   /* that were not counted */
	uint32_t *touched; /* places with a * that the document has */
	size_t touched_count;
	struct error *err;
};

/* The key of the tokens cannot be told from the sampling coins, nor these from it. */
static struct hash_key *derive_key(struct hash_key *sampling_key)
{
	const struct span purpose[] = {SPAN("profile"), SPAN("tokens of values")};
	uint8_t digest[SHA256_SIZE];
	hash_hmac(sampling_key, purpose, 2, digest);
	return hash_key_create((struct span){(const char *)digest, sizeof(digest)});
}

struct profile *profile_create(const struct contract *contract, struct hash_key *sampling_key, int64_t interface_id)
{
	struct profile *profile = calloc(1, sizeof(*profile));
	if (profile == NULL) {
		return NULL;
	}
	profile->contract = contract;
	profile->sampling_key = sampling_key;
	profile->interface_id = interface_id;
	profile->token_key = derive_key(sampling_key);
	profile->sides = calloc(contract->candidate_count + 2, sizeof(*profile->sides));
	profile->touched = calloc(places_most((size_t)contract->profile.fields), sizeof(*profile->touched));
	if (profile->token_key == NULL || profile->sides == NULL || profile->touched == NULL) {
		profile_destroy(profile);
		return NULL;
	}
	return profile;
}

void profile_destroy(struct profile *profile)
{
	if (profile == NULL) {
		return;
	}
	for (size_t i = 0; i < profile->side_count; i++) {
		places_finish(&profile->sides[i].places);
	}
	free(profile->sides);
	free(profile->touched);
	hash_key_destroy(profile->token_key);
	free(profile);
}

static struct side *find_side(struct profile *profile, int64_t number)
{
	for (size_t i = 0; i < profile->side_count; i++) {
		if (profile->sides[i].number == number) {
			return &profile->sides[i];
		}
	}
	return NULL;
}

void profile_set_frozen(struct profile *profile, int64_t side, bool is_frozen)
{
	struct side *found = find_side(profile, side);
	if (found != NULL) {
		found->places.is_frozen = is_frozen;
	}
}

bool profile_chosen(struct profile *profile, const uint8_t exchange_id[16])
{
	if (profile == NULL || profile->contract->profile.fields == 0 || profile->contract->profile.share_ppm == 0) {
		return false;
	}
	if (profile->contract->profile.share_ppm >= SAMPLING_CERTAIN) {
		return true; /* the usual case, and on the record path */
	}
	CLEANUP_BUFFER struct buffer id = BUFFER_INIT(ID_TEXT);
	text_write_hex(&id, exchange_id, 16);
	return sampling_draw(profile->sampling_key, SAMPLING_PROFILE, span_of(profile->contract->interface),
			     buffer_span(&id), profile->contract->profile.share_ppm);
}

/* Looked up again after a rollback: rows that were added may be gone. */
static struct places *places_of(struct profile *profile, struct store *store, int64_t side, struct error *err)
{
	struct side *found = find_side(profile, side);
	if (found == NULL) {
		BUG_ON(profile->side_count == profile->contract->candidate_count + 2);
		found = &profile->sides[profile->side_count++];
		found->number = side;
		places_init(&found->places, (size_t)profile->contract->profile.fields);
	}
	struct places *places = &found->places;
	if (places->is_loaded && places->rollbacks == store_rollbacks(store)) {
		return places;
	}
	const struct contract *contract = side == PROFILE_MESSAGE ? profile->contract : NULL;
	return places_load(places, contract, store, profile->interface_id, side, err) ? places : NULL;
}

/* --- one value --- */

static void count(const struct walk *w, const struct place *place, enum profile_measure measure, int64_t bin)
{
	store_profile_add(w->store, place->field, w->week, w->test, measure, bin, 1);
}

/* The row of a place, added with its first value. *ret_room: false where the limit is reached. */
static bool find_field(struct walk *w, uint32_t at, bool *ret_room)
{
	struct place *place = &w->places->list[at];
	CLEANUP_BUFFER struct buffer pointer = BUFFER_INIT(PROFILE_POINTER_MAX);
	*ret_room = place->field != 0;
	if (*ret_room || (at != PLACE_ROOT && w->places->field_count > (size_t)w->profile->contract->profile.fields)) {
		return true;
	}
	places_write_pointer(w->places, at, &pointer);
	if (pointer.failed) {
		return true;
	}
	*ret_room = true;
	w->places->field_count++;
	return store_profile_field_add(w->store, w->profile->interface_id, w->side, buffer_span(&pointer), false,
				       &place->field, w->err);
}

static int64_t token_of(struct walk *w, const struct place *place, struct span text)
{
	char field[32];
	uint8_t digest[SHA256_SIZE];
	int64_t token = 0;
	int length = snprintf(field, sizeof(field), "%lld", (long long)place->field);
	const struct span pieces[] = {{field, (size_t)length}, text};
	hash_hmac(w->profile->token_key, pieces, 2, digest);
	for (int i = 0; i < TOKEN_SIZE; i++) {
		token = (int64_t)((uint64_t)token << 8 | digest[i]);
	}
	token &= INT64_MAX;
	return token != PROFILE_OTHER_TEXT ? token : 1;
}

/* May the text be kept in the clear: is it in a list of the request schema, and not personal? */
static bool is_listed(const struct place *place, struct span text)
{
	const struct json_node *list = json_get_text(place->schema, "enum");
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		if (json_is(item, JSON_STRING) && span_equal(json_text(item), text)) {
			return !place->is_personal;
		}
	}
	return false;
}

static bool is_token_known(const struct place_texts *texts, int64_t token)
{
	for (size_t i = 0; i < texts->token_count; i++) {
		if (texts->tokens[i] == token) {
			return true;
		}
	}
	return false;
}

/* A token that the store does not know yet. A date or time opens the place: tomorrow's is always new. Past the limit
 * the place is open, but for one whose texts the reference has: there the rest is one bin, so that new texts are seen.
 */
static bool add_token(struct walk *w, struct place *place, struct span text, int64_t *token)
{
	struct place_texts *texts = place->texts;
	struct span none = {NULL, 0};
	int64_t time;
	bool is_time = clock_parse(text, &time);
	if (!is_time && texts->token_count < PROFILE_TEXTS_MAX && text.length <= PLACE_TEXT_MAX) {
		texts->tokens[texts->token_count++] = *token;
		return store_profile_value_add(w->store, place->field, *token, is_listed(place, text) ? text : none,
					       w->err);
	}
	if (w->places->is_frozen && texts->token_count > 0) {
		*token = PROFILE_OTHER_TEXT;
		return true;
	}
	place->is_open = true;
	return store_profile_field_open(w->store, place->field, w->err);
}

static uint8_t *find_text(struct place_texts *texts, struct span text)
{
	uint32_t hash = (uint32_t)text.length * UINT32_C(2654435761);
	for (size_t i = 0; i < text.length; i++) {
		hash = (hash ^ (unsigned char)text.data[i]) * UINT32_C(16777619);
	}
	size_t at = (hash ^ (hash >> 15)) % PLACE_TEXT_SLOTS;
	while (texts->slots[at] != 0) {
		const struct place_text *known = &texts->known[texts->slots[at] - 1];
		if (known->length == text.length && memcmp(known->bytes, text.data, text.length) == 0) {
			break;
		}
		at = (at + 1) % PLACE_TEXT_SLOTS;
	}
	return &texts->slots[at];
}

static void remember_text(struct place_texts *texts, uint8_t *slot, struct span text, int64_t token)
{
	if (token == PROFILE_OTHER_TEXT || texts->known_count == PROFILE_TEXTS_MAX) {
		return;
	}
	struct place_text *known = &texts->known[texts->known_count++];
	known->length = (uint8_t)text.length;
	memcpy(known->bytes, text.data, text.length);
	known->token = token;
	*slot = (uint8_t)texts->known_count;
}

static void count_length(const struct walk *w, const struct place *place, struct span text)
{
	count(w, place, PROFILE_LENGTH, stats_shift_length_bin(text.length));
}

static bool count_text(struct walk *w, struct place *place, struct span text)
{
	if (place->is_open || place->is_identity) {
		count_length(w, place, text);
		return true;
	}
	if (place->texts == NULL) {
		place->texts = arena_allocate(&w->places->arena, sizeof(*place->texts));
		if (place->texts == NULL) {
			return error_set(w->err, ERROR_MEMORY, "no memory for the profiles of fields");
		}
	}
	bool is_short = text.length <= PLACE_TEXT_MAX;
	uint8_t *slot = is_short ? find_text(place->texts, text) : NULL;
	if (slot != NULL && *slot != 0) {
		count(w, place, PROFILE_TEXT, place->texts->known[*slot - 1].token);
		return true;
	}
	int64_t token = is_short ? token_of(w, place, text) : PROFILE_OTHER_TEXT;
	if (!(is_short && is_token_known(place->texts, token)) && !add_token(w, place, text, &token)) {
		return false;
	}
	if (place->is_open) {
		count_length(w, place, text);
		return true;
	}
	count(w, place, PROFILE_TEXT, token);
	if (slot != NULL) {
		remember_text(place->texts, slot, text, token);
	}
	return true;
}

/* Of a place with a * it is counted once for each document whether there is a value, at the end of the document. */
static void touch(struct walk *w, uint32_t at, bool is_null)
{
	struct place *place = &w->places->list[at];
	if (place->seen != w->number) {
		place->seen = w->number;
		place->has_value = false;
		w->touched[w->touched_count++] = at;
	}
	place->has_value = place->has_value || !is_null;
}

static bool count_by_type(struct walk *w, struct place *place, const struct json_node *node)
{
	double number = 0;
	struct span text = json_text(node);
	if (node->type == JSON_STRING) {
		return count_text(w, place, text);
	}
	if (node->type == JSON_ARRAY) {
		count(w, place, PROFILE_ITEMS, stats_shift_length_bin(json_count(node)));
	} else if (node->type == JSON_NUMBER && !place->is_identity && text_to_double(text, &number)) {
		count(w, place, PROFILE_NUMBER, stats_shift_number_bin(number));
	} else {
		count(w, place, PROFILE_TYPE, node->type);
	}
	return true;
}

static bool count_value(struct walk *w, uint32_t at, const struct json_node *node)
{
	bool room = false;
	if (!find_field(w, at, &room)) {
		return false;
	}
	struct place *place = &w->places->list[at];
	if (!room || (!place->is_starred && place->seen == w->number)) {
		w->left_out += !room;
		return true;
	}
	if (place->is_starred) {
		touch(w, at, node->type == JSON_NULL);
	}
	place->seen = w->number;
	return count_by_type(w, place, node);
}

/* --- the walk --- */

static bool visit(struct walk *w, uint32_t at, const struct json_node *node, int depth);

static bool store_map(struct walk *w, uint32_t at)
{
	CLEANUP_BUFFER struct buffer pointer = BUFFER_INIT(PROFILE_POINTER_MAX);
	struct place *place = &w->places->list[at];
	places_write_pointer(w->places, at, &pointer);
	w->places->field_count += place->field == 0;
	return pointer.failed || store_profile_field_add(w->store, w->profile->interface_id, w->side,
							 buffer_span(&pointer), true, &place->field, w->err);
}

static bool visit_object(struct walk *w, uint32_t at, const struct json_node *object, int depth)
{
	uint32_t expected = w->places->list[at].first_child;
	size_t members = 0;
	for (const struct json_node *name = json_first(object); name != NULL && w->left > 0;
	     name = json_next(object, name), members++) {
		struct span text = json_text(name);
		bool became_map = false;
		uint32_t child = PLACE_NONE;
		if (text.length <= PROFILE_NAME_MAX) {
			child = places_member(w->places, w->contract, at, text, expected, &became_map);
		}
		if (became_map && !store_map(w, at)) {
			return false;
		}
		if (child == PLACE_NONE) {
			w->left_out++;
			continue;
		}
		expected = w->places->list[child].next_sibling;
		if (!visit(w, child, json_member(name), depth + 1)) {
			return false;
		}
	}
	w->left_out += json_count(object) - members;
	return true;
}

static bool visit_array(struct walk *w, uint32_t at, const struct json_node *array, int depth)
{
	size_t items = 0;
	if (!count_value(w, at, array)) {
		return false;
	}
	uint32_t child = json_count(array) > 0 ? places_star(w->places, w->contract, at) : PLACE_NONE;
	for (const struct json_node *item = json_first(array);
	     item != NULL && child != PLACE_NONE && items < PROFILE_ITEMS_MAX && w->left > 0;
	     item = json_next(array, item)) {
		if (!visit(w, child, item, depth + 1)) {
			return false;
		}
		items++;
	}
	w->left_out += json_count(array) - items;
	return true;
}

static bool visit(struct walk *w, uint32_t at, const struct json_node *node, int depth)
{
	if (w->left == 0 || depth > PROFILE_DEPTH_MAX) {
		w->left_out++;
		return true;
	}
	w->left--;
	switch (node->type) {
	case JSON_OBJECT:
		return visit_object(w, at, node, depth);
	case JSON_ARRAY:
		return visit_array(w, at, node, depth);
	default:
		return count_value(w, at, node);
	}
}

static void count_touched(const struct walk *w)
{
	for (size_t i = 0; i < w->touched_count; i++) {
		const struct place *place = &w->places->list[w->touched[i]];
		count(w, place, PROFILE_PRESENCE, place->has_value ? 0 : 1);
	}
}

/* The root has a row whatever it is: its types add up to the documents. */
static bool walk_document(struct walk *w, const struct json_node *root)
{
	bool room = false;
	if (!find_field(w, PLACE_ROOT, &room)) {
		return false;
	}
	if (root->type == JSON_OBJECT) {
		count(w, &w->places->list[PLACE_ROOT], PROFILE_TYPE, JSON_OBJECT);
	}
	if (!visit(w, PLACE_ROOT, root, 0)) {
		return false;
	}
	count_touched(w);
	if (w->left_out > 0) {
		store_profile_add(w->store, w->places->list[PLACE_ROOT].field, w->week, w->test, PROFILE_LEFT_OUT, 0,
				  (int64_t)w->left_out);
	}
	return true;
}

bool profile_add(struct profile *profile, struct store *store, int64_t side, const struct json_node *root, int32_t week,
		 bool test, struct error *err)
{
	if (profile == NULL || root == NULL || profile->contract->profile.fields == 0) {
		return true;
	}
	struct places *places = places_of(profile, store, side, err);
	if (places == NULL) {
		return false;
	}
	struct walk walk = {
		.profile = profile,
		.store = store,
		.places = places,
		.contract = side == PROFILE_MESSAGE ? profile->contract : NULL,
		.side = side,
		.week = week,
		.test = test,
		.number = ++profile->documents,
		.left = PROFILE_VALUES_MAX,
		.touched = profile->touched,
		.err = err,
	};
	return walk_document(&walk, root);
}
