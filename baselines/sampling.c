#include "baselines/sampling.h"

static const char *const PURPOSES[] = {
	[SAMPLING_SHADOW] = "shadow",   [SAMPLING_REVIEW] = "review", [SAMPLING_REPEAT] = "repeat",
	[SAMPLING_OVERLAP] = "overlap", [SAMPLING_SHARE] = "share",   [SAMPLING_PROFILE] = "profile",
};

uint64_t sampling_coin(struct hash_key *key, enum sampling_purpose purpose, struct span interface,
		       struct span record_id)
{
	const struct span pieces[] = {span_of(PURPOSES[purpose]), interface, record_id};
	uint8_t digest[SHA256_SIZE];
	hash_hmac(key, pieces, sizeof(pieces) / sizeof(pieces[0]), digest);
	uint64_t top = 0;
	for (int i = 0; i < 8; i++) {
		top = top << 8 | digest[i];
	}
	return top >> 11;
}

/* coin < pi * 2^53 / 10^6, in integers: the left side stays below 2^73. */
bool sampling_chosen(uint64_t coin, uint32_t pi_ppm)
{
	__extension__ typedef unsigned __int128 wide;
	return (wide)coin * SAMPLING_CERTAIN < (wide)pi_ppm << 53;
}

bool sampling_draw(struct hash_key *key, enum sampling_purpose purpose, struct span interface, struct span record_id,
		   uint32_t pi_ppm)
{
	if (pi_ppm == 0 || pi_ppm >= SAMPLING_CERTAIN) {
		return pi_ppm != 0;
	}
	return sampling_chosen(sampling_coin(key, purpose, interface, record_id), pi_ppm);
}
