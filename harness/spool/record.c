#include "harness/spool/record.h"

#include "harness/base/hash.h"
#include "harness/spool/little_endian.h"

/* Offsets in a frame, as docs/spool.md has them. */
enum {
	AT_LENGTH = 0,
	AT_CRC = 4,
	AT_TYPE = 8,
	AT_FLAGS = 10,
	AT_RESERVED = 12,

	EXCHANGE_SEQUENCE = 16,
	EXCHANGE_CAPTURED = 24,
	EXCHANGE_LATENCY = 32,
	EXCHANGE_STATUS = 40,
	EXCHANGE_OUTCOME = 44,
	EXCHANGE_ANSWERED = 48,
	EXCHANGE_LENGTHS = 56,
	EXCHANGE_PIECES = 10,
	EXCHANGE_FIXED = EXCHANGE_LENGTHS + 4 * EXCHANGE_PIECES,

	/* version 1 had no answered, and two pieces less */
	FIRST_EXCHANGE_LENGTHS = 48,
	FIRST_EXCHANGE_PIECES = 8,
	FIRST_EXCHANGE_FIXED = FIRST_EXCHANGE_LENGTHS + 4 * FIRST_EXCHANGE_PIECES,

	ACCOUNTS_ORIGIN = 16,
	ACCOUNTS_AT = 24,
	ACCOUNTS_SEEN = 32,
	ACCOUNTS_COMMITTED = 40,
	ACCOUNTS_IN_FLIGHT = 48,
	ACCOUNTS_NAME_LENGTH = 56,
	ACCOUNTS_REASONS = 60,
	ACCOUNTS_DROPPED = 64,
	ACCOUNTS_FIXED = ACCOUNTS_DROPPED + 8 * DROP_REASON_COUNT,
};

/* Types of frames, as they are written. */
enum { FRAME_FIRST_EXCHANGE = 1, FRAME_ACCOUNTS = 2, FRAME_EXCHANGE = 3, FRAME_OUTCOME = 4 };

static char *put_bytes(char *target, struct span bytes)
{
	if (bytes.length > 0) {
		memcpy(target, bytes.data, bytes.length);
	}
	return target + bytes.length;
}

static size_t round_up(size_t size)
{
	return (size + SPOOL_FRAME_ALIGNMENT - 1) / SPOOL_FRAME_ALIGNMENT * SPOOL_FRAME_ALIGNMENT;
}

/* The exchange's spans in the order of the format; the one place that knows it. */
static void list_pieces(const struct spool_exchange *exchange, struct span pieces[EXCHANGE_PIECES])
{
	pieces[0] = exchange->interface;
	pieces[1] = exchange->method;
	pieces[2] = exchange->target;
	pieces[3] = exchange->request_head;
	pieces[4] = exchange->request_body;
	pieces[5] = exchange->reply_head;
	pieces[6] = exchange->reply_body;
	pieces[7] = exchange->candidate_reply;
	pieces[8] = exchange->correlation_key;
	pieces[9] = exchange->idempotency_key;
}

static void take_pieces(struct spool_exchange *exchange, const struct span pieces[EXCHANGE_PIECES])
{
	exchange->interface = pieces[0];
	exchange->method = pieces[1];
	exchange->target = pieces[2];
	exchange->request_head = pieces[3];
	exchange->request_body = pieces[4];
	exchange->reply_head = pieces[5];
	exchange->reply_body = pieces[6];
	exchange->candidate_reply = pieces[7];
	exchange->correlation_key = pieces[8];
	exchange->idempotency_key = pieces[9];
}

static bool name_is_possible(size_t length)
{
	return length >= 1 && length <= SPOOL_NAME_MAX;
}

size_t spool_exchange_size(const struct spool_exchange *exchange)
{
	struct span pieces[EXCHANGE_PIECES];
	list_pieces(exchange, pieces);
	size_t size = EXCHANGE_FIXED;
	for (size_t i = 0; i < EXCHANGE_PIECES; i++) {
		if (pieces[i].length > SPOOL_FRAME_MAX) {
			return SIZE_MAX; /* refused by every caller, and the sum cannot wrap */
		}
		size += pieces[i].length;
	}
	return round_up(size);
}

size_t spool_accounts_size(const struct spool_accounts *accounts)
{
	return round_up(ACCOUNTS_FIXED + accounts->interface.length);
}

/* Pads from `end`, then fills in the head; the CRC covers all behind itself. */
static void seal(char *frame, const char *end, size_t size, int type)
{
	size_t used = (size_t)(end - frame);
	memset(frame + used, 0, size - used);
	put_16(frame + AT_TYPE, (uint16_t)type);
	put_16(frame + AT_FLAGS, 0);
	put_32(frame + AT_RESERVED, 0);
	put_32(frame + AT_LENGTH, (uint32_t)size);
	put_32(frame + AT_CRC, hash_crc32c(0, frame + AT_TYPE, size - AT_TYPE));
}

void spool_exchange_encode(const struct spool_exchange *exchange, char *target)
{
	size_t size = spool_exchange_size(exchange);
	BUG_ON(size > SPOOL_FRAME_MAX || !name_is_possible(exchange->interface.length));
	put_64(target + EXCHANGE_SEQUENCE, exchange->sequence);
	put_64(target + EXCHANGE_CAPTURED, (uint64_t)exchange->captured_at);
	put_64(target + EXCHANGE_LATENCY, (uint64_t)exchange->legacy_latency_us);
	put_32(target + EXCHANGE_STATUS, (uint32_t)exchange->legacy_status);
	put_32(target + EXCHANGE_OUTCOME, (uint32_t)exchange->legacy_outcome);
	put_64(target + EXCHANGE_ANSWERED, (uint64_t)exchange->answered_at);
	struct span pieces[EXCHANGE_PIECES];
	list_pieces(exchange, pieces);
	char *end = target + EXCHANGE_FIXED;
	for (size_t i = 0; i < EXCHANGE_PIECES; i++) {
		put_32(target + EXCHANGE_LENGTHS + 4 * i, (uint32_t)pieces[i].length);
		end = put_bytes(end, pieces[i]);
	}
	seal(target, end, size, exchange->is_outcome ? FRAME_OUTCOME : FRAME_EXCHANGE);
}

void spool_accounts_encode(const struct spool_accounts *accounts, char *target)
{
	BUG_ON(!name_is_possible(accounts->interface.length));
	put_64(target + ACCOUNTS_ORIGIN, accounts->origin);
	put_64(target + ACCOUNTS_AT, (uint64_t)accounts->at);
	put_64(target + ACCOUNTS_SEEN, accounts->seen);
	put_64(target + ACCOUNTS_COMMITTED, accounts->committed);
	put_64(target + ACCOUNTS_IN_FLIGHT, accounts->in_flight);
	put_32(target + ACCOUNTS_NAME_LENGTH, (uint32_t)accounts->interface.length);
	put_32(target + ACCOUNTS_REASONS, DROP_REASON_COUNT);
	for (size_t i = 0; i < DROP_REASON_COUNT; i++) {
		put_64(target + ACCOUNTS_DROPPED + 8 * i, accounts->dropped[i]);
	}
	char *end = put_bytes(target + ACCOUNTS_FIXED, accounts->interface);
	seal(target, end, spool_accounts_size(accounts), FRAME_ACCOUNTS);
}

/* Does the payload end at `position`, with zeros up to the frame's end? Then a record has one form only. */
static bool ends_at(struct span frame, size_t position)
{
	static const char zeros[SPOOL_FRAME_ALIGNMENT];
	return round_up(position) == frame.length && memcmp(frame.data + position, zeros, frame.length - position) == 0;
}

static bool decode_exchange(struct span frame, int type, struct spool_exchange *ret_exchange)
{
	bool first = type == FRAME_FIRST_EXCHANGE;
	size_t lengths = first ? FIRST_EXCHANGE_LENGTHS : EXCHANGE_LENGTHS;
	size_t count = first ? FIRST_EXCHANGE_PIECES : EXCHANGE_PIECES;
	size_t position = first ? FIRST_EXCHANGE_FIXED : EXCHANGE_FIXED;
	if (frame.length < position) {
		return false;
	}
	const char *data = frame.data;
	struct span pieces[EXCHANGE_PIECES];
	for (size_t i = 0; i < EXCHANGE_PIECES; i++) {
		size_t length = i < count ? get_32(data + lengths + 4 * i) : 0;
		if (length > frame.length - position) {
			return false;
		}
		pieces[i] = (struct span){data + position, length};
		position += length;
	}
	if (!ends_at(frame, position) || !name_is_possible(pieces[0].length)) {
		return false;
	}
	*ret_exchange = (struct spool_exchange){
		.is_outcome = type == FRAME_OUTCOME,
		.answered_at = first ? 0 : (int64_t)get_64(data + EXCHANGE_ANSWERED),
		.sequence = get_64(data + EXCHANGE_SEQUENCE),
		.captured_at = (int64_t)get_64(data + EXCHANGE_CAPTURED),
		.legacy_latency_us = (int64_t)get_64(data + EXCHANGE_LATENCY),
		.legacy_status = (int32_t)get_32(data + EXCHANGE_STATUS),
		.legacy_outcome = (int32_t)get_32(data + EXCHANGE_OUTCOME),
	};
	take_pieces(ret_exchange, pieces);
	return true;
}

static bool decode_accounts(struct span frame, struct spool_accounts *ret_accounts)
{
	if (frame.length < ACCOUNTS_DROPPED) {
		return false;
	}
	const char *data = frame.data;
	size_t reasons = get_32(data + ACCOUNTS_REASONS);
	size_t name = get_32(data + ACCOUNTS_NAME_LENGTH);
	/* An older program knew fewer reasons; a newer one would have raised the version. */
	if (reasons > DROP_REASON_COUNT || !name_is_possible(name) ||
	    !ends_at(frame, ACCOUNTS_DROPPED + 8 * reasons + name)) {
		return false;
	}
	*ret_accounts = (struct spool_accounts){
		.interface = {data + ACCOUNTS_DROPPED + 8 * reasons, name},
		.origin = get_64(data + ACCOUNTS_ORIGIN),
		.at = (int64_t)get_64(data + ACCOUNTS_AT),
		.seen = get_64(data + ACCOUNTS_SEEN),
		.committed = get_64(data + ACCOUNTS_COMMITTED),
		.in_flight = get_64(data + ACCOUNTS_IN_FLIGHT),
	};
	for (size_t i = 0; i < reasons; i++) {
		ret_accounts->dropped[i] = get_64(data + ACCOUNTS_DROPPED + 8 * i);
	}
	return true;
}

static bool decode_payload(struct span frame, struct spool_record *ret_record)
{
	int type = get_16(frame.data + AT_TYPE);
	switch (type) {
	case FRAME_FIRST_EXCHANGE:
	case FRAME_EXCHANGE:
	case FRAME_OUTCOME:
		ret_record->type = type == FRAME_OUTCOME ? SPOOL_OUTCOME : SPOOL_EXCHANGE;
		return decode_exchange(frame, type, &ret_record->exchange);
	case FRAME_ACCOUNTS:
		ret_record->type = SPOOL_ACCOUNTS;
		return decode_accounts(frame, &ret_record->accounts);
	default:
		return false;
	}
}

enum spool_decode spool_decode(struct span bytes, struct spool_record *ret_record, size_t *ret_size)
{
	if (bytes.length < AT_CRC) {
		return SPOOL_INCOMPLETE;
	}
	size_t length = get_32(bytes.data + AT_LENGTH);
	if (length < SPOOL_FRAME_HEAD || length > SPOOL_FRAME_MAX || length % SPOOL_FRAME_ALIGNMENT != 0) {
		return SPOOL_CORRUPT;
	}
	if (length > bytes.length) {
		return SPOOL_INCOMPLETE;
	}
	const char *data = bytes.data;
	if (get_32(data + AT_CRC) != hash_crc32c(0, data + AT_TYPE, length - AT_TYPE) || get_16(data + AT_FLAGS) != 0 ||
	    get_32(data + AT_RESERVED) != 0) {
		return SPOOL_CORRUPT;
	}
	struct spool_record record;
	if (!decode_payload((struct span){data, length}, &record)) {
		return SPOOL_CORRUPT;
	}
	*ret_record = record;
	*ret_size = length;
	return SPOOL_DECODED;
}

size_t spool_frame_length(struct span bytes)
{
	return bytes.length < AT_CRC ? 0 : get_32(bytes.data + AT_LENGTH);
}
