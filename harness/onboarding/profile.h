/* Layer 3. What stands in a set of JSON documents, by place: counted while they stream by, none is kept.
 *
 * A profile is a tree of nodes, one for each place: members by name, and one node for all items of an array. Memory is
 * bounded whatever the documents are: at most PROFILE_NODES places, PROFILE_DEPTH levels (what is deeper is counted at
 * its container), PROFILE_DISTINCT distinct values of a place and PROFILE_SLOTS in all. An object with more than
 * PROFILE_MEMBERS names is taken for a map from keys to values: what stands in it is not looked at. */
#ifndef UNDERSTUDY_ONBOARDING_PROFILE_H
#define UNDERSTUDY_ONBOARDING_PROFILE_H

#include "harness/base/json.h"
#include "harness/onboarding/value.h"

enum {
	PROFILE_NODES = 4000,
	PROFILE_DEPTH = 32,
	PROFILE_MEMBERS = 200,
	PROFILE_DISTINCT = 1000000,
	PROFILE_TEXTS = 1000,      /* distinct values of a place whose text is kept */
	PROFILE_TEXT_LENGTH = 128, /* bytes of such a text */
	PROFILE_SLOTS = 16 * 1024 * 1024,
	JSON_TYPE_COUNT = JSON_OBJECT + 1,
};

/* A distinct value of a place. */
struct profile_value {
	const char *text;
	size_t length;
	uint64_t count;
};

/* The same while it is counted. */
struct profile_slot {
	uint64_t hash;
	uint32_t count; /* 0: an empty slot; stays at its largest */
	uint32_t text;  /* its place in `texts`, from 1; 0: not kept */
};

struct profile_node {
	struct span name; /* of the member; empty for the root and for items */
	struct profile_node *parent;
	struct profile_node *children; /* in order of their first appearance */
	struct profile_node *last_child;
	struct profile_node *next;
	size_t child_count;
	int depth;
	bool is_items;     /* stands for all items of the array above */
	bool inside_items; /* it, or a node above, is such a one */
	bool is_map;
	bool unseen; /* something inside was not looked at: of a map, too deep, or past the number of places */

	uint64_t present;   /* values seen here */
	uint64_t documents; /* that have one at least */
	uint64_t last_document;
	uint64_t types[JSON_TYPE_COUNT];

	/* texts; lengths in code points */
	uint64_t kinds[VALUE_KIND_COUNT];
	size_t length_min;
	size_t length_max;
	uint64_t words;

	/* numbers */
	double number_min;
	double number_max;
	int decimals_max;    /* digits behind the point, of numbers in texts too */
	uint64_t integers;   /* numbers without point and exponent */
	uint64_t increasing; /* texts and numbers above the one before, by number or by bytes */
	double last_number;

	/* arrays */
	size_t items_min;
	size_t items_max;

	/* distinct texts and numbers: a hash table with open addressing */
	struct profile_slot *slots;
	size_t slot_count; /* a power of two, or 0 */
	size_t value_count;
	bool values_full;   /* more were seen than could be counted */
	uint64_t seen_then; /* values seen until then */
	struct span *texts; /* in order of their first appearance */
	size_t text_count;
	bool texts_full; /* more than PROFILE_TEXTS, or longer ones: no texts are kept any more */

	/* within one array: are the values of this member different in all items? */
	uint64_t lists;        /* arrays with two items at least, all of which have the member */
	uint64_t lists_unique; /* of these: all values different */
	uint64_t *list;        /* hashes of the array being read */
	size_t list_count;
	size_t list_capacity;
};

struct profile {
	struct arena arena; /* nodes and texts */
	struct profile_node *root;
	uint64_t documents;
	size_t bytes_max; /* of a document without white space */
	size_t nodes;
	size_t slots;
	struct profile_node content_node; /* whole documents as its values, to find those that came twice */
};

/* Heap; NULL without memory. destroy accepts NULL. */
struct profile *sample_profile_create(void);
void sample_profile_destroy(struct profile *profile);
/* Borrows the document for this call. ERROR_MEMORY. */
MUST_CHECK bool sample_profile_add(struct profile *profile, const struct json_node *document, struct error *err);

/* Of the values that could be counted here, which part is different? 0 where there are none. */
double sample_profile_unique_share(const struct profile *profile, const struct profile_node *node);
/* All documents, less those that are the same JSON value as an earlier one; as far as they could be counted. */
uint64_t sample_profile_distinct_documents(const struct profile *profile);

struct profile_node *sample_profile_child(const struct profile_node *node, struct span name); /* NULL: none */
/* The next node of the subtree of `root` in document order, after `node`; NULL at the end. Begin with `root`. */
struct profile_node *sample_profile_next(const struct profile_node *root, struct profile_node *node);
bool sample_profile_is_leaf(
	const struct profile_node *node); /* holds texts, numbers, booleans or null, and nothing else */
uint64_t sample_profile_texts(const struct profile_node *node);
uint64_t sample_profile_scalars(const struct profile_node *node); /* values that are no container */
/* Was a text or number like this seen here? A number is its text. Certain only up to the limits above. */
bool sample_profile_has(const struct profile_node *node, struct span text);
/* How many of the first `most` distinct values counted at `node` were seen at `other` too, and of how many. */
size_t sample_profile_shared(const struct profile_node *node, const struct profile_node *other, size_t most,
			     size_t *ret_looked_at);
/* The distinct values whose texts were kept, commonest first, then by bytes; in the arena. `*ret_count` 0 where
 * texts_full. NULL without memory. */
struct profile_value *sample_profile_values(const struct profile_node *node, struct arena *arena, size_t *ret_count);
/* JSON Pointer of the place below `top`, items as "-". */
void sample_profile_pointer(const struct profile_node *top, const struct profile_node *node, struct buffer *buffer);

#endif
