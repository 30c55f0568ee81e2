/* Frames, segment files and the ring's file, with bytes that no writer of ours left there. The first byte of the input
 * says which:
 *   d  a frame
 *   s  a byte of options (SEGMENT_*), then a segment's head, or, with SEGMENT_HEADED, its frames alone
 *   r  changes of a good ring with some frames: 4 bytes of place, 1 byte of length, that many bytes; and so on
 * Checksums are mended on the way where the options say so, or nothing behind them would ever be reached. */
#include "harness/base/hash.h"
#include "harness/spool/little_endian.h"
#include "harness/spool/segment.h"
#include "harness/spool/spool.h"
#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SEGMENT_HEADED = 1,     /* the head is a good one */
	SEGMENT_OTHER_BOOT = 2, /* of a machine that was restarted since */
	SEGMENT_MENDED = 4,     /* frames get good checksums */
	SPARE = 1 << 20,
	RING_HEAD = 20480,
	RING_SIZE = RING_HEAD + RING_CAPACITY_MIN,
	RING_FRAMES = 6,
};

static char directory[64];
static char ring_path[96];
static char stream_path[SEGMENT_PATH_SIZE];
static char first_segment[SEGMENT_PATH_SIZE];
static char good_ring[RING_SIZE];

/* --- frames --- */

/* Gives frames that lie one behind the other good checksums, as far as their lengths can be. */
static void mend_frames(char *bytes, size_t size)
{
	for (size_t at = 0; size - at >= SPOOL_FRAME_HEAD;) {
		size_t length = get_32(bytes + at);
		if (length < SPOOL_FRAME_HEAD || length > size - at || length % SPOOL_FRAME_ALIGNMENT != 0) {
			return;
		}
		put_32(bytes + at + 4, hash_crc32c(0, bytes + at + 8, length - 8));
		at += length;
	}
}

static void check_lies_in(struct span piece, struct span frame)
{
	HOLDS(piece.length == 0 ||
	      (piece.data >= frame.data && piece.data + piece.length <= frame.data + frame.length));
}

static void check_pieces(const struct spool_exchange *exchange, struct span frame)
{
	const struct span pieces[] = {
		exchange->interface,       exchange->method,          exchange->target,     exchange->request_head,
		exchange->request_body,    exchange->reply_head,      exchange->reply_body, exchange->candidate_reply,
		exchange->correlation_key, exchange->idempotency_key,
	};
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		check_lies_in(pieces[i], frame);
	}
}

/* Frames of types this program writes come out as they went in. */
static void check_written_again(const struct spool_record *record, struct span frame)
{
	bool is_first = !(record->type == SPOOL_ACCOUNTS) && get_16(frame.data + 8) == 1;
	bool knows_less = record->type == SPOOL_ACCOUNTS && get_32(frame.data + 60) != DROP_REASON_COUNT;
	if (is_first || knows_less) {
		return;
	}
	size_t size = record->type == SPOOL_ACCOUNTS ? spool_accounts_size(&record->accounts)
						     : spool_exchange_size(&record->exchange);
	HOLDS(size == frame.length);
	char *again = malloc(size);
	HOLDS(again != NULL);
	if (record->type == SPOOL_ACCOUNTS) {
		spool_accounts_encode(&record->accounts, again);
	} else {
		spool_exchange_encode(&record->exchange, again);
	}
	HOLDS(memcmp(again, frame.data, size) == 0);
	free(again);
}

static void check_frame(struct span bytes)
{
	struct spool_record record;
	size_t size = 0;
	if (spool_decode(bytes, &record, &size) != SPOOL_DECODED) {
		return;
	}
	HOLDS(size >= SPOOL_FRAME_HEAD && size <= bytes.length && size == spool_frame_length(bytes));
	struct span frame = {bytes.data, size};
	if (record.type == SPOOL_ACCOUNTS) {
		check_lies_in(record.accounts.interface, frame);
	} else {
		check_pieces(&record.exchange, frame);
		HOLDS(record.exchange.is_outcome == (record.type == SPOOL_OUTCOME));
	}
	check_written_again(&record, frame);
	for (size_t i = 0; i < size && i < 200; i++) { /* nothing shorter is a frame */
		HOLDS(spool_decode((struct span){bytes.data, i}, &record, &size) == SPOOL_INCOMPLETE);
	}
}

static void fuzz_frame(char *bytes, size_t size)
{
	check_frame((struct span){bytes, size});
	mend_frames(bytes, size);
	check_frame((struct span){bytes, size});
}

/* --- files --- */

static void write_file(const char *path, const char *bytes, size_t size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	HOLDS(fd >= 0 && pwrite(fd, bytes, size, 0) == (ssize_t)size);
	close(fd);
}

static void remove_segments(void)
{
	uint64_t *numbers;
	size_t count;
	HOLDS(segment_list(stream_path, &numbers, &count, NULL));
	for (size_t i = 0; i < count; i++) {
		char path[SEGMENT_PATH_SIZE];
		segment_path(stream_path, numbers[i], path);
		unlink(path);
	}
	free(numbers);
}

static void remove_all(void)
{
	remove_segments();
	char lock[SEGMENT_PATH_SIZE + 8];
	snprintf(lock, sizeof(lock), "%s/lock", stream_path);
	unlink(lock);
	rmdir(stream_path);
	unlink(ring_path);
	rmdir(directory);
}

static struct spool_exchange make_exchange(void)
{
	return (struct spool_exchange){
		.interface = SPAN("orders"),
		.captured_at = 1,
		.legacy_latency_us = -1,
		.legacy_status = 200,
		.legacy_outcome = -1,
		.method = SPAN("POST"),
		.target = SPAN("/route"),
		.request_body = SPAN("{\"a\": 1}"),
		.reply_body = SPAN("{}"),
	};
}

/* A ring with a few frames, one exchange in flight and one dropped; and directories in memory. */
static void make_world(void)
{
	snprintf(directory, sizeof(directory), "/dev/shm/understudy-fuzz-XXXXXX");
	HOLDS(mkdtemp(directory) != NULL);
	snprintf(ring_path, sizeof(ring_path), "%s/ring", directory);
	HOLDS(segment_stream_path(directory, "s", stream_path, NULL) && mkdir(stream_path, 0700) == 0);
	segment_path(stream_path, 1, first_segment);
	struct ring *ring = ring_open(ring_path, RING_CAPACITY_MIN, RING_PRODUCER, NULL);
	HOLDS(ring != NULL);
	int account = ring_account(ring, SPAN("orders"));
	for (int i = 0; i < RING_FRAMES; i++) {
		struct spool_exchange exchange = make_exchange();
		ring_begin(ring, account);
		HOLDS(ring_commit(ring, account, &exchange));
	}
	ring_begin(ring, account);
	ring_drop(ring, account, DROP_CLIENT_ABORTED);
	ring_begin(ring, account);
	ring_close(ring);
	int fd = open(ring_path, O_RDONLY);
	HOLDS(fd >= 0 && pread(fd, good_ring, RING_SIZE, 0) == RING_SIZE);
	close(fd);
	atexit(remove_all);
}

/* --- a segment --- */

/* Reads from the beginning. *ret_last: sequence of the last delivery. */
static enum spool_read read_all(size_t *ret_count, uint64_t *ret_last, struct error *err)
{
	struct spool_position from = {.segment = 0};
	struct spool_reader *reader = spool_reader_open(directory, "s", &from, err);
	HOLDS(reader != NULL);
	struct spool_record record;
	enum spool_read read;
	uint64_t before = 0;
	*ret_count = 0;
	*ret_last = 0;
	while ((read = spool_reader_next(reader, &record, err)) == SPOOL_READ) {
		struct spool_position position = spool_reader_position(reader);
		HOLDS(position.segment > 1 || position.offset > before);
		before = position.offset;
		*ret_count += 1;
		*ret_last = spool_is_delivery(&record) ? record.exchange.sequence : *ret_last;
	}
	uint64_t waiting;
	HOLDS(spool_reader_count_waiting(reader, &waiting, NULL) == (read == SPOOL_NOTHING_YET));
	spool_reader_close(reader);
	return read;
}

/* What a reader waits behind, a writer cuts; what is an error for the one is an error for the other; and nothing that
 * was read is lost. */
static void check_recovery(void)
{
	size_t count;
	uint64_t last;
	struct error err = ERROR_INIT;
	enum spool_read before = read_all(&count, &last, &err);
	HOLDS(before == SPOOL_NOTHING_YET || err.code != ERROR_NONE);
	struct spool_options options = {.sync_interval_ms = 1000000};
	struct spool_writer *writer = spool_writer_open(directory, "s", &options, &err);
	HOLDS((writer != NULL) == (before == SPOOL_NOTHING_YET));
	if (writer == NULL) {
		return;
	}
	HOLDS(count == 0 || last == 0 || spool_writer_last_sequence(writer) == last);
	struct spool_exchange exchange = make_exchange();
	HOLDS(spool_writer_append(writer, &exchange, &err));
	spool_writer_close(writer);
	size_t count_after;
	uint64_t last_after;
	HOLDS(read_all(&count_after, &last_after, &err) == SPOOL_NOTHING_YET);
	HOLDS(count_after == count + 1 && last_after == exchange.sequence);
}

static void put_head(char *target, bool other_boot)
{
	struct segment_head head = {.number = 1, .first_sequence = 1, .stream = "s"};
	boot_id_read(head.boot_id);
	head.boot_id[0] = other_boot ? '?' : head.boot_id[0];
	segment_head_encode(&head, target);
}

static void fuzz_segment(const char *bytes, size_t size)
{
	static char file[SPARE];
	if (size == 0 || size > SPARE - SEGMENT_HEAD_SIZE) {
		return;
	}
	int options = bytes[0];
	size_t head = (options & SEGMENT_HEADED) != 0 ? SEGMENT_HEAD_SIZE : 0;
	if (head > 0) {
		put_head(file, (options & SEGMENT_OTHER_BOOT) != 0);
	}
	memcpy(file + head, bytes + 1, size - 1);
	size_t length = head + size - 1;
	if ((options & SEGMENT_MENDED) != 0 && length > SEGMENT_HEAD_SIZE) {
		put_32(file + 164, hash_crc32c(0, file, 164));
		mend_frames(file + SEGMENT_HEAD_SIZE, length - SEGMENT_HEAD_SIZE);
	}
	remove_segments();
	write_file(first_segment, file, length);
	check_recovery();
}

/* --- a ring --- */

static size_t change_ring(char *ring, const char *bytes, size_t size)
{
	size_t ring_size = RING_SIZE;
	while (size >= 5) {
		uint32_t place = get_32(bytes);
		size_t length = (unsigned char)bytes[4];
		bytes += 5;
		size -= 5;
		if (place == UINT32_MAX) { /* cut short */
			ring_size = RING_SIZE - length * 4096;
			continue;
		}
		place %= RING_SIZE;
		length = length < size ? length : size;
		length = length < RING_SIZE - place ? length : RING_SIZE - place;
		memcpy(ring + place, bytes, length);
		bytes += length;
		size -= length;
	}
	return ring_size;
}

static void check_accounts(struct ring *ring)
{
	struct ring_snapshot snapshot;
	HOLDS(ring_read_snapshot(ring, &snapshot));
	for (size_t i = 0; i < snapshot.count; i++) {
		const struct spool_accounts *accounts = &snapshot.accounts[i];
		uint64_t dropped = 0;
		for (size_t j = 0; j < DROP_REASON_COUNT; j++) {
			dropped += accounts->dropped[j];
		}
		HOLDS(accounts->in_flight == 0 && accounts->seen == accounts->committed + dropped);
	}
}

/* A tap goes on with the ring. */
static void produce(struct ring *ring)
{
	check_accounts(ring);
	int account = ring_account(ring, SPAN("orders"));
	for (int i = 0; account >= 0 && i < 3; i++) {
		struct spool_exchange exchange = make_exchange();
		ring_begin(ring, account);
		(void)ring_commit(ring, account, &exchange);
	}
	check_accounts(ring);
	HOLDS(ring_waiting(ring) <= ring_capacity(ring));
}

static bool drain(struct error *err)
{
	struct spool_options options = {.sync_interval_ms = 1000000};
	size_t moved = 0;
	remove_segments();
	return drainer_run_once(ring_path, directory, "s", &options, &moved, err);
}

/* A ring that a tap takes can be emptied; one that it refuses hurts nobody who tries. */
static void fuzz_ring(const char *bytes, size_t size)
{
	static char changed[RING_SIZE];
	memcpy(changed, good_ring, RING_SIZE);
	size_t length = change_ring(changed, bytes, size);
	mend_frames(changed + RING_HEAD, RING_SIZE - RING_HEAD);
	write_file(ring_path, changed, length);
	(void)drain(NULL);
	write_file(ring_path, changed, length);
	struct error err = ERROR_INIT;
	struct ring *ring = ring_open(ring_path, RING_CAPACITY_MIN, RING_PRODUCER, &err);
	if (ring == NULL) {
		HOLDS(err.code != ERROR_NONE);
		(void)drain(NULL);
		return;
	}
	produce(ring);
	ring_close(ring);
	size_t count;
	uint64_t last;
	HOLDS(drain(&err));
	HOLDS(read_all(&count, &last, &err) == SPOOL_NOTHING_YET);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (directory[0] == '\0') {
		make_world();
	}
	if (size == 0 || size > SPARE) {
		return 0;
	}
	char *bytes = malloc(size); /* without the byte that chooses; at least one */
	HOLDS(bytes != NULL);
	memcpy(bytes, data + 1, size - 1);
	if (data[0] == 'd') {
		fuzz_frame(bytes, size - 1);
	} else if (data[0] == 's') {
		fuzz_segment(bytes, size - 1);
	} else if (data[0] == 'r') {
		fuzz_ring(bytes, size - 1);
	}
	free(bytes);
	return 0;
}
