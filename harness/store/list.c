#include "harness/store/internal.h"

enum { FIRST_CAPACITY = 32 };

void *store_list_add(struct store_list *list)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity > 0 ? list->capacity * 2 : FIRST_CAPACITY;
		char *items = arena_allocate_array(list->arena, capacity, list->size);
		if (items == NULL) {
			return NULL;
		}
		if (list->count > 0) {
			memcpy(items, list->items, list->count * list->size);
		}
		list->items = items;
		list->capacity = capacity;
	}
	return list->items + list->size * list->count++;
}
