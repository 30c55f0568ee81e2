#include "evaluators/schema/names.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 16 };

/* FNV-1a over the name, then spread. A schema that collides on purpose costs its own author time, no more. */
static size_t place_of(const struct schema_names *names, uint64_t scope, struct span name)
{
	uint64_t hash = UINT64_C(14695981039346656037) ^ scope;
	for (size_t i = 0; i < name.length; i++) {
		hash = (hash ^ (unsigned char)name.data[i]) * UINT64_C(1099511628211);
	}
	hash ^= hash >> 32;
	hash *= UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(hash >> 20) & (names->capacity - 1);
}

/* The slot with that name, or the free one where it belongs. */
static struct schema_name *find_slot(const struct schema_names *names, uint64_t scope, struct span name)
{
	size_t place = place_of(names, scope, name);
	while (names->slots[place].used &&
	       (names->slots[place].scope != scope || !span_equal(names->slots[place].name, name))) {
		place = (place + 1) & (names->capacity - 1);
	}
	return &names->slots[place];
}

static bool grow(struct schema_names *names)
{
	struct schema_names larger = {.capacity = names->capacity == 0 ? FIRST_CAPACITY : names->capacity * 2};
	larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
	if (larger.slots == NULL) {
		return false;
	}
	larger.count = names->count;
	for (size_t i = 0; i < names->capacity; i++) {
		if (names->slots[i].used) {
			*find_slot(&larger, names->slots[i].scope, names->slots[i].name) = names->slots[i];
		}
	}
	free(names->slots);
	*names = larger;
	return true;
}

bool schema_names_add(struct schema_names *names, uint64_t scope, struct span name, uint32_t value)
{
	if (names->count * 2 >= names->capacity && !grow(names)) {
		return false;
	}
	struct schema_name *slot = find_slot(names, scope, name);
	if (!slot->used) {
		*slot = (struct schema_name){scope, name, value, true};
		names->count++;
	}
	return true;
}

bool schema_names_find(const struct schema_names *names, uint64_t scope, struct span name, uint32_t *ret_value)
{
	if (names->count == 0) {
		return false;
	}
	const struct schema_name *slot = find_slot(names, scope, name);
	if (slot->used) {
		*ret_value = slot->value;
	}
	return slot->used;
}

void schema_names_finish(struct schema_names *names)
{
	free(names->slots);
	*names = (struct schema_names){.slots = NULL};
}
