#include "harness/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_SIZE = 64 * 1024, ALIGNMENT = 16 };

struct arena_block {
	struct arena_block *next;
	size_t size; /* bytes of data behind this header */
	size_t used;
	_Alignas(ALIGNMENT) char data[];
};

void arena_init(struct arena *arena, size_t maximum)
{
	*arena = (struct arena)ARENA_INIT(maximum);
}

void arena_finish(struct arena *arena)
{
	struct arena_block *block = arena->first;
	while (block != NULL) {
		struct arena_block *next = block->next;
		free(block);
		block = next;
	}
	arena_init(arena, arena->maximum);
}

void arena_reset(struct arena *arena)
{
	for (struct arena_block *block = arena->first; block != NULL; block = block->next) {
		block->used = 0;
	}
	arena->current = arena->first;
	arena->used = 0;
}

/* The block to take `size` bytes from: the current one, a later one that was kept, or a new one behind the current. */
static struct arena_block *block_with_room(struct arena *arena, size_t size)
{
	for (struct arena_block *block = arena->current; block != NULL; block = block->next) {
		if (block->size - block->used >= size) {
			arena->current = block;
			return block;
		}
	}
	size_t data_size = size > BLOCK_SIZE ? size : BLOCK_SIZE;
	struct arena_block *block = malloc(sizeof(*block) + data_size);
	if (block == NULL) {
		return NULL;
	}
	block->size = data_size;
	block->used = 0;
	if (arena->current == NULL) {
		block->next = arena->first;
		arena->first = block;
	} else {
		block->next = arena->current->next;
		arena->current->next = block;
	}
	arena->current = block;
	return block;
}

void *arena_allocate(struct arena *arena, size_t size)
{
	if (size > arena->maximum || arena->used > arena->maximum - size) {
		return NULL;
	}
	size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	struct arena_block *block = block_with_room(arena, rounded);
	if (block == NULL) {
		return NULL;
	}
	char *memory = block->data + block->used;
	block->used += rounded;
	arena->used += rounded;
	memset(memory, 0, rounded);
	return memory;
}

void *arena_allocate_array(struct arena *arena, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size) {
		return NULL;
	}
	return arena_allocate(arena, count * size);
}

char *arena_copy(struct arena *arena, struct span text)
{
	char *copy = arena_allocate(arena, text.length + 1);
	if (copy != NULL && text.length > 0) {
		memcpy(copy, text.data, text.length);
	}
	return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	BUG_ON(length < 0);
	char *text = arena_allocate(arena, (size_t)length + 1);
	if (text == NULL) {
		return NULL;
	}
	va_start(arguments, format);
	vsnprintf(text, (size_t)length + 1, format, arguments);
	va_end(arguments);
	return text;
}
