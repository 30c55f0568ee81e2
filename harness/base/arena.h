/* Layer 0. Memory of one piece of work (an exchange, a file): allocated bit by bit, freed at once.
 *
 * Everything allocated from an arena is valid until arena_reset or arena_finish. Not thread-safe. Blocks are kept by
 * arena_reset, so a worker that handles one exchange after the other soon allocates nothing from the heap. */
#ifndef UNDERSTUDY_BASE_ARENA_H
#define UNDERSTUDY_BASE_ARENA_H

#include "harness/base/bytes.h"

struct arena_block;

struct arena {
	struct arena_block *first;
	struct arena_block *current;
	size_t used;    /* bytes handed out since the last reset */
	size_t maximum; /* bytes handed out at most */
};

#define ARENA_INIT(most)                                                                                               \
	{                                                                                                              \
		.maximum = (most)                                                                                      \
	}
#define CLEANUP_ARENA __attribute__((cleanup(arena_finish)))

void arena_init(struct arena *arena, size_t maximum);
void arena_finish(struct arena *arena);
void arena_reset(struct arena *arena);
/* Zeroed, aligned for any type; NULL past the maximum or without memory. size 0 gives a valid pointer. */
MUST_CHECK void *arena_allocate(struct arena *arena, size_t size);
/* `count` items of `size` bytes; NULL also where the product overflows. */
MUST_CHECK void *arena_allocate_array(struct arena *arena, size_t count, size_t size);
/* A NUL-terminated copy. */
MUST_CHECK char *arena_copy(struct arena *arena, struct span text);
MUST_CHECK char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
