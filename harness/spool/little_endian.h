/* Layer 2, private to the spool: integers as frames and heads of segments have them, at any alignment. */
#ifndef UNDERSTUDY_SPOOL_LITTLE_ENDIAN_H
#define UNDERSTUDY_SPOOL_LITTLE_ENDIAN_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline void put_16(char *target, uint16_t number)
{
	number = htole16(number);
	memcpy(target, &number, sizeof(number));
}

static inline void put_32(char *target, uint32_t number)
{
	number = htole32(number);
	memcpy(target, &number, sizeof(number));
}

static inline void put_64(char *target, uint64_t number)
{
	number = htole64(number);
	memcpy(target, &number, sizeof(number));
}

static inline uint16_t get_16(const char *source)
{
	uint16_t number;
	memcpy(&number, source, sizeof(number));
	return le16toh(number);
}

static inline uint32_t get_32(const char *source)
{
	uint32_t number;
	memcpy(&number, source, sizeof(number));
	return le32toh(number);
}

static inline uint64_t get_64(const char *source)
{
	uint64_t number;
	memcpy(&number, source, sizeof(number));
	return le64toh(number);
}

#endif
