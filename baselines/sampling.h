/* Layer 2. Poisson sampling by keyed hash with permanent random numbers (Ohlsson 1995; STATISTICS.md section 0).
 *
 * A coin is the top 53 bits of HMAC-SHA256(sampling key, purpose | interface | record id). It depends on nothing else:
 * not on time, epoch, candidate or order. Purposes have independent coins. A unit is chosen with probability p iff
 * coin < p * 2^53, p in parts per million, compared exactly. Reviewers and planners never see a coin. */
#ifndef UNDERSTUDY_BASELINES_SAMPLING_H
#define UNDERSTUDY_BASELINES_SAMPLING_H

#include "harness/base/hash.h"

enum sampling_purpose {
	SAMPLING_SHADOW,
	SAMPLING_REVIEW,
	SAMPLING_REPEAT,
	SAMPLING_OVERLAP,
	SAMPLING_SHARE,
	SAMPLING_PROFILE
};

enum { SAMPLING_CERTAIN = 1000000 }; /* ppm of probability 1 */

/* In [0, 2^53). */
uint64_t sampling_coin(struct hash_key *key, enum sampling_purpose purpose, struct span interface,
		       struct span record_id);
bool sampling_chosen(uint64_t coin, uint32_t pi_ppm);
/* Both in one; probability 0 and 1 need no hash. */
bool sampling_draw(struct hash_key *key, enum sampling_purpose purpose, struct span interface, struct span record_id,
		   uint32_t pi_ppm);

#endif
