/* Layer 0. The buckets of a log-linear histogram (the layout of HdrHistogram by Gil Tene), the one place that knows
 * them: the store counts latencies by bucket, statistics and reports read the counts back. STATISTICS.md section 10.
 *
 * With k sub-bucket bits, index(v) = v for v < 2^(k+1), else e = floor(log2 v) - k and index = (e << k) + (v >> e). A
 * bucket's values differ by at most 2^-k relative. No floating point, so every machine has the same buckets. */
#ifndef UNDERSTUDY_BASE_LOGLINEAR_H
#define UNDERSTUDY_BASE_LOGLINEAR_H

#include <stddef.h>
#include <stdint.h>

/* 1 <= bits <= 16. */
size_t loglinear_index(unsigned bits, uint64_t value);
/* The least and the greatest value of a bucket, both inclusive. */
uint64_t loglinear_lowest(unsigned bits, size_t index);
uint64_t loglinear_highest(unsigned bits, size_t index);

/* Latencies, in microseconds: relative error at most 2^-7. */
enum { LATENCY_BITS = 7, LATENCY_BUCKET_COUNT = (56 << LATENCY_BITS) + (1 << LATENCY_BITS) };
/* 0 to LATENCY_BUCKET_COUNT - 1, ascending with the latency; negative latencies count as 0. */
int32_t latency_bucket(int64_t microseconds);

#endif
