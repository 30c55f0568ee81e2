/* What the fuzz targets share. A target is tests/fuzz/fuzz_NAME.c with libFuzzer's entry point; `make fuzz` feeds it
 * inputs of libFuzzer's making, tests/fuzz/feed.c the files of tests/fuzz/corpus/NAME and tests/fuzz/regression/NAME.
 */
#ifndef UNDERSTUDY_TESTS_FUZZ_H
#define UNDERSTUDY_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A property that holds for every input. */
#define HOLDS(condition)                                                                                               \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                 \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Numbers that depend on the input alone (Marsaglia's xorshift64), so that every failure comes again. */
static inline uint64_t fuzz_seed(const uint8_t *data, size_t size)
{
	uint64_t seed = 0x9e3779b97f4a7c15u;
	for (size_t i = 0; i < size; i++) {
		seed = (seed ^ data[i]) * 0x100000001b3u;
	}
	return seed | 1;
}

static inline uint64_t fuzz_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

#endif
