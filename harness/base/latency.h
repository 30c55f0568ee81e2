/* Layer 0. The bucket of a latency: an integer log-linear histogram (the layout of HdrHistogram by Gil Tene) with
 * LATENCY_BITS sub-bucket bits, on microseconds. STATISTICS.md section 10: below 2^(k+1) each value has a bucket of its
 * own; above, e = floor(log2 v) - k and the bucket is (e << k) + (v >> e). Relative error at most 2^-7; merging adds
 * counts; no floating point, so every machine has the same buckets. */
#ifndef UNDERSTUDY_BASE_LATENCY_H
#define UNDERSTUDY_BASE_LATENCY_H

#include <stdint.h>

enum { LATENCY_BITS = 7, LATENCY_BUCKET_COUNT = (56 << LATENCY_BITS) + (1 << LATENCY_BITS) };

/* 0 to LATENCY_BUCKET_COUNT - 1, ascending with the latency; negative latencies count as 0. */
int32_t latency_bucket(int64_t microseconds);
/* The least and the greatest latency of a bucket, both inclusive. `bucket` as latency_bucket gives it. */
int64_t latency_bucket_lowest(int32_t bucket);
int64_t latency_bucket_highest(int32_t bucket);

#endif
