/* Layer 0. SHA-256 (FIPS 180-4), HMAC-SHA256 (RFC 2104) by OpenSSL; CRC32C (Castagnoli, RFC 3720 B.4); splitmix64.
 *
 * The SHA-256 functions keep one OpenSSL context per thread, freed when the thread ends. They have no way to fail but
 * the first call in a thread without memory or without OpenSSL's default provider, which ends the process. */
#ifndef UNDERSTUDY_BASE_HASH_H
#define UNDERSTUDY_BASE_HASH_H

#include "harness/base/bytes.h"

enum { SHA256_SIZE = 32 };

void hash_sha256(struct span text, uint8_t digest[SHA256_SIZE]);

/* Several pieces, each with its length in front as 8 bytes, little-endian, so that ("a","bc") and ("ab","c") differ:
 * SHA-256(len(p1) p1 len(p2) p2 ...). No pieces: the digest of no bytes. */
void hash_sha256_pieces(const struct span *pieces, size_t count, uint8_t digest[SHA256_SIZE]);

/* A key prepared once, used often, by one thread at a time. create copies what it needs of the key (of any length) and
 * gives NULL without memory; destroy wipes the key and accepts NULL. */
struct hash_key;
struct hash_key *hash_key_create(struct span key);
void hash_key_destroy(struct hash_key *key);
/* HMAC-SHA256 over the pieces joined by single bytes '|' (0x7c). The caller sees to it that no piece but the last
 * holds a '|'. */
void hash_hmac(struct hash_key *key, const struct span *pieces, size_t count, uint8_t digest[SHA256_SIZE]);

/* CRC32C; start with 0, feed the former result to go on. Uses the processor's instruction where there is one. */
uint32_t hash_crc32c(uint32_t crc, const void *data, size_t length);
/* The same by a table, on every processor; hash_crc32c falls back on it, and tests hold the two together. */
uint32_t hash_crc32c_portable(uint32_t crc, const void *data, size_t length);

/* splitmix64 (Steele, Lea, Flood 2014): moves the state on and returns 64 random bits. */
uint64_t random_next(uint64_t *state);
double random_unit(uint64_t *state); /* (next >> 11) * 2^-53, in [0, 1) */

#endif
