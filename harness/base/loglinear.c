#include "harness/base/loglinear.h"

static unsigned exponent_of(unsigned bits, uint64_t value)
{
	unsigned log2 = 63 - (unsigned)__builtin_clzll(value | 1);
	return log2 > bits ? log2 - bits : 0;
}

size_t loglinear_index(unsigned bits, uint64_t value)
{
	unsigned e = exponent_of(bits, value);
	return ((size_t)e << bits) + (size_t)(value >> e);
}

static unsigned bucket_exponent(unsigned bits, size_t index)
{
	size_t block = index >> bits;
	return block > 0 ? (unsigned)(block - 1) : 0;
}

uint64_t loglinear_lowest(unsigned bits, size_t index)
{
	unsigned e = bucket_exponent(bits, index);
	return ((uint64_t)index - ((uint64_t)e << bits)) << e;
}

uint64_t loglinear_highest(unsigned bits, size_t index)
{
	return loglinear_lowest(bits, index) + (((uint64_t)1 << bucket_exponent(bits, index)) - 1);
}

int32_t latency_bucket(int64_t microseconds)
{
	return microseconds > 0 ? (int32_t)loglinear_index(LATENCY_BITS, (uint64_t)microseconds) : 0;
}
