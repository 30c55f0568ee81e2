#include "harness/base/latency.h"

#include "harness/base/error.h"

int32_t latency_bucket(int64_t microseconds)
{
	if (microseconds < (2 << LATENCY_BITS)) {
		return microseconds > 0 ? (int32_t)microseconds : 0;
	}
	int exponent = 63 - __builtin_clzll((unsigned long long)microseconds) - LATENCY_BITS;
	return (exponent << LATENCY_BITS) + (int32_t)(microseconds >> exponent);
}

/* Buckets below 2^(k+1) are one microsecond wide. */
static int exponent_of(int32_t bucket)
{
	BUG_ON(bucket < 0 || bucket >= LATENCY_BUCKET_COUNT);
	int exponent = (bucket >> LATENCY_BITS) - 1;
	return exponent > 0 ? exponent : 0;
}

int64_t latency_bucket_lowest(int32_t bucket)
{
	int exponent = exponent_of(bucket);
	return (int64_t)(bucket - (exponent << LATENCY_BITS)) << exponent;
}

int64_t latency_bucket_highest(int32_t bucket)
{
	return latency_bucket_lowest(bucket) + ((INT64_C(1) << exponent_of(bucket)) - 1);
}
