/* Layer 3, private to the profiles: the places of one side that are known, as a tree. */
#ifndef UNDERSTUDY_PIPELINE_PROFILE_PLACE_H
#define UNDERSTUDY_PIPELINE_PROFILE_PLACE_H

#include "harness/pipeline/profile.h"
#include "harness/store/profile.h"

enum { PLACE_ROOT = 0, PLACE_NONE = INT32_MAX, PLACE_TEXT_SLOTS = 2 * PROFILE_TEXTS_MAX, PLACE_TEXT_MAX = 64 };

/* A text that was seen since the worker started, with its token. */
struct place_text {
	uint8_t length;
	char bytes[PLACE_TEXT_MAX];
	int64_t token;
};

/* Texts of one place. */
struct place_texts {
	int64_t tokens[PROFILE_TEXTS_MAX]; /* that the store knows */
	size_t token_count;
	struct place_text known[PROFILE_TEXTS_MAX];
	size_t known_count;
	uint8_t slots[PLACE_TEXT_SLOTS]; /* position in known + 1 by hash; 0: free */
};

struct place {
	struct span name; /* in the tree's arena; "*" for all */
	uint32_t parent;
	uint32_t first_child;
	uint32_t last_child;
	uint32_t next_sibling;
	uint32_t star;                  /* child for all items and members; PLACE_NONE: not yet */
	uint32_t child_count;           /* named ones */
	uint32_t next_in_bucket;        /* of the hash of parent and name */
	const struct json_node *schema; /* what the request schema says of it; NULL: nothing */
	int64_t field;                  /* row of profile_field; 0: it has no values yet */
	bool is_map;
	bool is_open;
	bool is_starred;           /* a * is in its pointer */
	bool is_identity;          /* of the message: new values are no news */
	bool is_personal;          /* covered by data.pii */
	uint64_t seen;             /* number of the document that had it last */
	bool has_value;            /* in that document: one that is not null */
	struct place_texts *texts; /* NULL: none yet */
};

enum { PLACE_BUCKETS = 1024 };

struct places {
	struct arena arena; /* of names and texts */
	struct place *list;
	size_t count;
	size_t capacity;
	size_t maximum;
	size_t field_count;
	bool is_loaded;
	bool is_frozen;                  /* there is a reference, and its texts stay counted */
	int64_t rollbacks;               /* of the store, when it was loaded */
	uint32_t buckets[PLACE_BUCKETS]; /* first place + 1 */
};

/* At most `field_limit` places with values, and as many again that lead to them; places_most in all. Where a contract
 * is asked for below, it is that of the message's side, whose places have a schema and a classification; NULL: another.
 */
size_t places_most(size_t field_limit);
void places_init(struct places *places, size_t field_limit);
void places_finish(struct places *places);
/* From the store's rows. */
MUST_CHECK bool places_load(struct places *places, const struct contract *contract, struct store *store,
			    int64_t interface_id, int64_t side, struct error *err);

/* The child that stands for this member; PLACE_NONE where there is no room for another. `expected`: where to look
 * first, or PLACE_NONE. Names that stand for * are sorted out here; an object that becomes a map is told by
 * *ret_became_map. */
uint32_t places_member(struct places *places, const struct contract *contract, uint32_t parent, struct span name,
		       uint32_t expected, bool *ret_became_map);
uint32_t places_star(struct places *places, const struct contract *contract, uint32_t parent);
/* Appends the pointer of a place. */
void places_write_pointer(const struct places *places, uint32_t place, struct buffer *pointer);

#endif
