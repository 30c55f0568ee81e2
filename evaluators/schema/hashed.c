/* Hashes of JSON values, so that large sets of them are compared in n log n. Values that json_equal holds equal have
 * equal hashes; values that collide are compared in full by whoever asks, who counts that work. */
#include "evaluators/schema/program.h"

#include <stdlib.h>

enum { MEMBERS_HASHED = 16, PLAIN_DIGITS = 40 };

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash ^= value;
	hash *= UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

static uint64_t hash_text(uint64_t hash, struct span text)
{
	for (; text.length >= 8; text.data += 8, text.length -= 8) {
		uint64_t word;
		memcpy(&word, text.data, sizeof(word));
		hash = mix(hash, word);
	}
	uint64_t rest = text.length;
	for (size_t i = 0; i < text.length; i++) {
		rest = rest << 8 | (unsigned char)text.data[i];
	}
	return mix(hash, rest);
}

/* An integer in the spelling that decimal_write has for it. */
static bool is_plain(struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] < '0' || text.data[i] > '9') {
			return false;
		}
	}
	return text.length <= PLAIN_DIGITS;
}

/* By value: 1, 1.0 and 10e-1 are the same. Beyond the limits of base/decimal all have one hash. */
static uint64_t hash_number(struct span text)
{
	struct decimal number;
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(2 * DECIMAL_DIGITS_MAX);
	if (is_plain(text)) {
		return hash_text(JSON_NUMBER, text);
	}
	if (!decimal_parse(text, &number, NULL)) {
		return JSON_NUMBER;
	}
	decimal_write(&buffer, &number);
	return hash_text(JSON_NUMBER, buffer_span(&buffer));
}

/* The distinct names of an object, each with the last of its values. */
struct members {
	const struct json_node *names[MEMBERS_HASHED];
	uint64_t hashes[MEMBERS_HASHED];
	size_t count;
	bool too_many;
};

static void add_member(struct members *members, const struct json_node *name, uint64_t hash)
{
	size_t at = 0;
	while (at < members->count &&
	       (members->hashes[at] != hash || !span_equal(json_text(members->names[at]), json_text(name)))) {
		at++;
	}
	if (at == MEMBERS_HASHED) {
		members->too_many = true;
		return;
	}
	members->names[at] = name;
	members->hashes[at] = hash;
	members->count += at == members->count;
}

/* In any order of members; of a name that comes twice the last counts. Of objects with many names only what needs no
 * sorting: the smallest and the largest hash among them. */
static uint64_t hash_object(const struct json_node *object)
{
	struct members members;
	uint64_t least = UINT64_MAX;
	uint64_t most = 0;
	members.count = 0;
	members.too_many = false;
	for (const struct json_node *name = json_first(object); name != NULL; name = json_next(object, name)) {
		uint64_t hash = hash_text(JSON_STRING, json_text(name));
		least = hash < least ? hash : least;
		most = hash > most ? hash : most;
		if (!members.too_many) {
			add_member(&members, name, hash);
		}
	}
	uint64_t sum = mix(least, most);
	for (size_t i = 0; i < members.count && !members.too_many; i++) {
		sum += mix(members.hashes[i], schema_hash(json_member(members.names[i])));
	}
	return mix(JSON_OBJECT, sum);
}

uint64_t schema_hash(const struct json_node *node)
{
	if (node == NULL) {
		return 0;
	}
	uint64_t hash = (uint64_t)node->type + 100;
	switch ((enum json_type)node->type) {
	case JSON_NUMBER:
		return hash_number(json_text(node));
	case JSON_STRING:
		return hash_text(hash, json_text(node));
	case JSON_OBJECT:
		return hash_object(node);
	case JSON_ARRAY:
		for (const struct json_node *item = json_first(node); item != NULL; item = json_next(node, item)) {
			hash = mix(hash, schema_hash(item));
		}
		return hash;
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
	default:
		return hash;
	}
}

static int order_hashed(const void *a, const void *b)
{
	const struct schema_hashed *one = a;
	const struct schema_hashed *other = b;
	if (one->hash != other->hash) {
		return one->hash < other->hash ? -1 : 1;
	}
	return (one->node > other->node) - (one->node < other->node);
}

void schema_sort_hashed(struct schema_hashed *list, size_t count)
{
	if (count > 0) {
		qsort(list, count, sizeof(*list), order_hashed);
	}
}
