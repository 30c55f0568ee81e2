#include "tests/spool/suites.h"

#include "harness/base/hash.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD = 168, MIB = 1024 * 1024 };

static struct place place;
static const struct spool_options SMALL = {.segment_bytes = 20000, .sync_interval_ms = 1000};
static const struct spool_position BEGINNING;

static void setup(void)
{
	place_make(&place);
}

static void teardown(void)
{
	place_remove(&place);
}

static struct spool_writer *writer_ok(const struct spool_options *options)
{
	struct error err = ERROR_INIT;
	struct spool_writer *writer = spool_writer_open(place.spool, "s", options, &err);
	OK(writer != NULL, err);
	return writer;
}

static void writer_fails(enum error_code code)
{
	struct error err = ERROR_INIT;
	ck_assert_ptr_null(spool_writer_open(place.spool, "s", &SMALL, &err));
	ck_assert_msg(err.code == code, "%s: %s", err.file, err.message);
}

static struct spool_reader *reader_ok(const struct spool_position *from)
{
	struct error err = ERROR_INIT;
	struct spool_reader *reader = spool_reader_open(place.spool, "s", from, &err);
	OK(reader != NULL, err);
	return reader;
}

static void append(struct spool_writer *writer, uint64_t first, uint64_t last)
{
	for (uint64_t i = first; i <= last; i++) {
		struct error err = ERROR_INIT;
		struct exchange_storage storage;
		struct spool_exchange exchange = exchange_make(i, &storage);
		OK(spool_writer_append(writer, &exchange, &err), err);
		ck_assert_uint_eq(exchange.sequence, i);
	}
}

/* Reads exchanges first..last, then nothing more. */
static void expect(struct spool_reader *reader, uint64_t first, uint64_t last)
{
	struct error err = ERROR_INIT;
	struct spool_record record;
	for (uint64_t i = first; i <= last; i++) {
		ck_assert_msg(spool_reader_next(reader, &record, &err) == SPOOL_READ, "%llu: %s", (unsigned long long)i,
			      err.message);
		ck_assert_int_eq(record.type, SPOOL_EXCHANGE);
		ck_assert_uint_eq(record.exchange.sequence, i);
		ck_assert(exchange_is(&record.exchange, i));
		ck_assert_uint_eq(spool_reader_position(reader).sequence, i);
	}
	ck_assert_msg(spool_reader_next(reader, &record, &err) == SPOOL_NOTHING_YET, "%s", err.message);
}

static void expect_failure(struct spool_reader *reader, enum error_code code, const char *words)
{
	struct error err = ERROR_INIT;
	struct spool_record record;
	enum spool_read read;
	while ((read = spool_reader_next(reader, &record, &err)) == SPOOL_READ) {
	}
	ck_assert_int_eq(read, SPOOL_READ_FAILED);
	ck_assert_int_eq(err.code, code);
	ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
}

static int open_segment(unsigned number)
{
	char path[160];
	place_segment(&place, number, path);
	return open(path, O_RDWR);
}

static off_t segment_size(unsigned number)
{
	struct stat status;
	int fd = open_segment(number);
	ck_assert_int_eq(fstat(fd, &status), 0);
	close(fd);
	return status.st_size;
}

static void poke(unsigned number, off_t offset, const void *bytes, size_t length)
{
	int fd = open_segment(number);
	ck_assert_int_eq(pwrite(fd, bytes, length, offset), (ssize_t)length);
	close(fd);
}

START_TEST(rotation_and_positions)
{
	struct spool_reader *early = reader_ok(&BEGINNING);
	expect(early, 1, 0); /* no stream yet */
	struct spool_writer *writer = writer_ok(&SMALL);
	expect(early, 1, 0);
	append(writer, 1, 60);
	expect(early, 1, 60);
	struct spool_position at = spool_reader_position(early);
	append(writer, 61, 100);
	uint64_t waiting = 0;
	struct error err = ERROR_INIT;
	OK(spool_reader_count_waiting(early, &waiting, &err), err);
	ck_assert_uint_eq(waiting, 40);
	struct spool_reader *late = reader_ok(&at);
	expect(late, 61, 100);
	expect(early, 61, 100);
	struct spool_reader *all = reader_ok(&BEGINNING);
	expect(all, 1, 100);
	at = spool_reader_position(all);
	ck_assert_uint_gt(at.segment, 5);
	OK(spool_remove_before(place.spool, "s", &at, &err), err);
	ck_assert_int_lt(open_segment(1), 0);
	ck_assert_int_lt(open_segment((unsigned)at.segment - 1), 0);
	append(writer, 101, 150);
	expect(all, 101, 150);
	spool_writer_close(writer);
	writer = writer_ok(&SMALL);
	ck_assert_uint_eq(spool_writer_last_sequence(writer), 150);
	append(writer, 151, 152);
	expect(all, 151, 152);
	struct spool_position lost = {.segment = 1, .offset = HEAD};
	struct spool_reader *gone = reader_ok(&lost);
	expect_failure(gone, ERROR_MISSING, "is gone");
	spool_reader_close(gone);
	spool_reader_close(early);
	spool_reader_close(late);
	spool_reader_close(all);
	spool_reader_close(NULL);
	spool_writer_close(writer);
}
END_TEST

START_TEST(the_head_has_the_documented_bytes)
{
	struct spool_writer *writer = writer_ok(&SMALL);
	append(writer, 1, 1);
	spool_writer_close(writer);
	unsigned char head[HEAD];
	int fd = open_segment(1);
	struct stat status;
	ck_assert_int_eq(fstat(fd, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	ck_assert_int_eq(read(fd, head, HEAD), HEAD);
	close(fd);
	static const unsigned char START[16] = {'U', 'S', 'T', 'S', 'P', 'O', 'O', 'L', 2, 0, 0, 0, 168, 0, 0, 0};
	static const unsigned char ONE[8] = {1};
	static const unsigned char ZERO[16] = {0};
	ck_assert_mem_eq(head, START, 16);
	ck_assert_mem_eq(head + 24, ONE, 8);   /* number */
	ck_assert_mem_eq(head + 32, ONE, 8);   /* first sequence */
	ck_assert_mem_eq(head + 40, ZERO, 16); /* base, origin */
	char boot[37] = "";
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fread(boot, 1, 36, file), 36);
	fclose(file);
	ck_assert_mem_eq(head + 56, boot, 36);
	ck_assert_str_eq((const char *)head + 96, "s");
	uint32_t crc;
	memcpy(&crc, head + 164, 4);
	ck_assert_uint_eq(crc, hash_crc32c(0, head, 164));
	char path[160];
	snprintf(path, sizeof(path), "%s/s", place.spool);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0700);
}
END_TEST

START_TEST(one_writer_and_sensible_names)
{
	ck_assert(!spool_is_written(place.spool, "s"));
	struct spool_writer *writer = writer_ok(&SMALL);
	ck_assert(spool_is_written(place.spool, "s"));
	ck_assert(!spool_is_written(place.spool, "another"));
	writer_fails(ERROR_BUSY);
	static const char *const BAD[] = {
		"",    ".",   "..",       ".x",
		"a/b", "a b", "\xc3\xa4", "0123456789012345678901234567890123456789012345678901234567890123"};
	for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
		struct error err = ERROR_INIT;
		ck_assert_ptr_null(spool_writer_open(place.spool, BAD[i], &SMALL, &err));
		ck_assert_int_eq(err.code, ERROR_CONFIG);
	}
	struct error err = ERROR_INIT;
	struct spool_writer *other = spool_writer_open(place.spool, "a-1.B_", &SMALL, &err);
	OK(other != NULL, err);
	spool_writer_close(other);
	spool_writer_close(writer);
	ck_assert(!spool_is_written(place.spool, "s"));
	struct arena arena = ARENA_INIT(MIB);
	char **names;
	size_t count;
	OK(spool_list_streams(place.spool, &arena, &names, &count, &err), err);
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(names[0], "a-1.B_");
	ck_assert_str_eq(names[1], "s");
	OK(spool_list_streams("/nowhere/at/all", &arena, &names, &count, &err), err);
	ck_assert_uint_eq(count, 0);
	arena_finish(&arena);
}
END_TEST

START_TEST(torn_tails_are_cut_wherever_they_end)
{
	struct spool_writer *writer = writer_ok(&SMALL);
	append(writer, 1, 2);
	spool_writer_close(writer);
	off_t two = segment_size(1);
	writer = writer_ok(&SMALL);
	append(writer, 3, 3);
	spool_writer_close(writer);
	off_t three = segment_size(1);
	for (off_t cut = two; cut < three; cut++) {
		int fd = open_segment(1);
		ck_assert_int_eq(ftruncate(fd, cut), 0);
		close(fd);
		struct spool_reader *reader = reader_ok(&BEGINNING);
		expect(reader, 1, 2);
		expect(reader, 3, 2); /* waits */
		writer = writer_ok(&SMALL);
		ck_assert_uint_eq(spool_writer_last_sequence(writer), 2);
		ck_assert_int_eq(segment_size(1), two);
		append(writer, 3, 3);
		expect(reader, 3, 3);
		spool_reader_close(reader);
		spool_writer_close(writer);
	}
}
END_TEST

START_TEST(a_segment_without_a_whole_head_is_empty)
{
	struct spool_writer *writer = writer_ok(&SMALL);
	append(writer, 1, 3);
	spool_writer_close(writer);
	char path[160];
	place_segment(&place, 2, path);
	static const int LENGTHS[] = {0, 1, 167, 168, 4096}; /* zeros: never reached the disk */
	for (size_t i = 0; i < sizeof(LENGTHS) / sizeof(LENGTHS[0]); i++) {
		int fd = open(path, O_RDWR | O_CREAT, 0600);
		ck_assert_int_eq(ftruncate(fd, LENGTHS[i]), 0);
		close(fd);
		struct spool_reader *reader = reader_ok(&BEGINNING);
		expect(reader, 1, 3);
		writer = writer_ok(&SMALL);
		ck_assert_uint_eq(spool_writer_last_sequence(writer), 3);
		expect(reader, 4, 3);
		spool_writer_close(writer);
		spool_reader_close(reader);
		ck_assert_int_lt(open_segment(2), 0);
	}
}
END_TEST

static void rewrite_boot(unsigned number)
{
	char head[HEAD];
	int fd = open_segment(number);
	ck_assert_int_eq(pread(fd, head, HEAD, 0), HEAD);
	memset(head + 56, 'x', 36);
	uint32_t crc = hash_crc32c(0, head, 164);
	memcpy(head + 164, &crc, 4);
	ck_assert_int_eq(pwrite(fd, head, HEAD, 0), HEAD);
	close(fd);
}

START_TEST(damage_is_told_with_file_and_offset)
{
	struct spool_writer *writer = writer_ok(&SMALL);
	append(writer, 1, 1);
	spool_writer_close(writer);
	off_t second = segment_size(1);
	writer = writer_ok(&SMALL);
	append(writer, 2, 3);
	spool_writer_close(writer);
	poke(1, second + 100, "\xff", 1);
	char words[64];
	snprintf(words, sizeof(words), "corrupt at byte %lld", (long long)second);
	for (int boot = 0; boot < 2; boot++) { /* a frame behind it: damage, whichever boot it was */
		struct spool_reader *reader = reader_ok(&BEGINNING);
		expect_failure(reader, ERROR_FORMAT, words);
		expect_failure(reader, ERROR_FORMAT, words); /* and it stays so */
		ck_assert_uint_eq(spool_reader_position(reader).sequence, 1);
		uint64_t count;
		struct error err = ERROR_INIT;
		ck_assert(!spool_reader_count_waiting(reader, &count, &err));
		spool_reader_close(reader);
		writer_fails(ERROR_FORMAT);
		rewrite_boot(1);
	}
}
END_TEST

START_TEST(a_tail_that_a_power_failure_left_is_cut)
{
	struct spool_writer *writer = writer_ok(&SMALL);
	append(writer, 1, 2);
	spool_writer_close(writer);
	off_t end = segment_size(1);
	static const char ZEROS[4096];
	poke(1, end, ZEROS, sizeof(ZEROS));
	writer_fails(ERROR_FORMAT); /* this machine has not been restarted: somebody wrote that */
	rewrite_boot(1);
	struct spool_reader *reader = reader_ok(&BEGINNING);
	expect(reader, 1, 2);
	writer = writer_ok(&SMALL);
	ck_assert_int_eq(segment_size(1), end);
	append(writer, 3, 4); /* in a new segment, for it is another boot */
	ck_assert_int_eq(segment_size(1), end);
	expect(reader, 3, 4);
	spool_reader_close(reader);
	spool_writer_close(writer);
}
END_TEST

/* A lost tail of what looks like the beginning of a frame of half a mebibyte at each of half a million places: the
 * search for a good one among them ends (without its limit, not within the time that any test has). */
START_TEST(a_tail_of_beginnings_of_frames_is_judged)
{
	enum { TAIL = 4 << 20, CLAIMED = 1 << 19 };
	struct spool_writer *writer = writer_ok(&SMALL);
	append(writer, 1, 2);
	spool_writer_close(writer);
	rewrite_boot(1);
	uint32_t *tail = calloc(1, TAIL);
	ck_assert_ptr_nonnull(tail);
	for (size_t i = 0; i < TAIL / sizeof(*tail); i += 2) {
		tail[i] = CLAIMED;
	}
	poke(1, segment_size(1), tail, TAIL);
	free(tail);
	writer_fails(ERROR_FORMAT);
	struct spool_reader *reader = reader_ok(&BEGINNING);
	expect_failure(reader, ERROR_FORMAT, "corrupt at byte");
	spool_reader_close(reader);
}
END_TEST

START_TEST(a_torn_frame_in_a_closed_segment_is_damage)
{
	struct spool_writer *writer = writer_ok(&SMALL);
	append(writer, 1, 60);
	spool_writer_close(writer);
	int fd = open_segment(1);
	ck_assert_int_eq(ftruncate(fd, segment_size(1) - 8), 0);
	close(fd);
	struct spool_reader *reader = reader_ok(&BEGINNING);
	expect_failure(reader, ERROR_FORMAT, "corrupt at byte");
	spool_reader_close(reader);
}
END_TEST

START_TEST(a_newer_version_is_refused)
{
	struct spool_writer *writer = writer_ok(&SMALL);
	append(writer, 1, 1);
	spool_writer_close(writer);
	poke(1, 8, "\x03", 1);
	writer_fails(ERROR_VERSION);
	struct spool_reader *reader = reader_ok(&BEGINNING);
	expect_failure(reader, ERROR_VERSION, "written by a newer understudy");
	spool_reader_close(reader);
	poke(1, 8, "\x02", 1);
	poke(1, 100, "x", 1);
	writer_fails(ERROR_FORMAT);
}
END_TEST

START_TEST(an_older_segment_is_read_and_ended)
{
	struct spool_writer *writer = writer_ok(&SMALL);
	append(writer, 1, 1);
	spool_writer_close(writer);
	char head[HEAD];
	int fd = open_segment(1);
	ck_assert_int_eq(pread(fd, head, HEAD, 0), HEAD);
	close(fd);
	head[8] = 1;
	uint32_t crc = hash_crc32c(0, head, HEAD - 4);
	poke(1, 8, "\x01", 1);
	poke(1, HEAD - 4, &crc, 4);
	writer = writer_ok(&SMALL);
	append(writer, 2, 2);
	spool_writer_close(writer);
	ck_assert_int_gt(segment_size(2), HEAD);
	struct spool_reader *reader = reader_ok(&BEGINNING);
	expect(reader, 1, 2);
	spool_reader_close(reader);
}
END_TEST

static size_t encode_frames(char *frames, uint64_t first_sequence, uint64_t first, uint64_t last)
{
	size_t length = 0;
	for (uint64_t i = first; i <= last; i++) {
		struct exchange_storage storage;
		struct spool_exchange exchange = exchange_make(i, &storage);
		exchange.sequence = first_sequence + i - first;
		spool_exchange_encode(&exchange, frames + length);
		length += spool_exchange_size(&exchange);
	}
	return length;
}

START_TEST(frames_are_taken_once_and_a_new_ring_goes_on)
{
	static char frames[MIB];
	struct error err = ERROR_INIT;
	struct spool_writer *writer = writer_ok(&SMALL);
	size_t length = encode_frames(frames, 1, 1, 10);
	OK(spool_writer_append_frames(writer, 11, (struct span){frames, length}, &err), err);
	OK(spool_writer_append_frames(writer, 11, (struct span){frames, length}, &err), err);
	ck_assert_uint_eq(spool_writer_last_sequence(writer), 10);
	length = encode_frames(frames, 6, 6, 15); /* half of them are there */
	spool_writer_close(writer);
	writer = writer_ok(&SMALL); /* and that is known after a restart */
	OK(spool_writer_append_frames(writer, 11, (struct span){frames, length}, &err), err);
	ck_assert_uint_eq(spool_writer_last_sequence(writer), 15);
	length = encode_frames(frames, 1, 16, 25); /* another ring, which begins at 1 */
	OK(spool_writer_append_frames(writer, 22, (struct span){frames, length}, &err), err);
	OK(spool_writer_append_frames(writer, 22, (struct span){frames, length}, &err), err);
	append(writer, 26, 27);
	spool_writer_close(writer);
	writer = writer_ok(&SMALL);
	length = encode_frames(frames, 13, 28, 40);
	OK(spool_writer_append_frames(writer, 22, (struct span){frames, length}, &err), err);
	struct spool_reader *reader = reader_ok(&BEGINNING);
	expect(reader, 1, 40);
	frames[length - 20] = (char)(frames[length - 20] ^ 1);
	ck_assert(!spool_writer_append_frames(writer, 22, (struct span){frames, length}, &err));
	ck_assert_int_eq(err.code, ERROR_FORMAT);
	expect(reader, 41, 40);
	spool_reader_close(reader);
	spool_writer_close(writer);
}
END_TEST

START_TEST(the_limit_holds_until_segments_are_removed)
{
	struct spool_options options = SMALL;
	options.bytes_max = 100000;
	struct spool_writer *writer = writer_ok(&options);
	struct spool_reader *reader = reader_ok(&BEGINNING);
	uint64_t made = 0;
	struct error err = ERROR_INIT;
	struct exchange_storage storage;
	for (;;) {
		struct spool_exchange exchange = exchange_make(made + 1, &storage);
		if (!spool_writer_append(writer, &exchange, &err)) {
			break;
		}
		made++;
	}
	ck_assert_int_eq(err.code, ERROR_LIMIT);
	ck_assert_uint_gt(made, 20);
	expect(reader, 1, made);
	struct spool_position at = spool_reader_position(reader);
	err = (struct error)ERROR_INIT;
	OK(spool_remove_before(place.spool, "s", &at, &err), err);
	append(writer, made + 1, made + 10);
	expect(reader, made + 1, made + 10);
	spool_reader_close(reader);
	spool_writer_close(writer);
}
END_TEST

START_TEST(accounts_stand_in_the_stream)
{
	struct spool_writer *writer = writer_ok(&SMALL);
	struct error err = ERROR_INIT;
	struct spool_accounts accounts = {.interface = SPAN("orders"), .origin = 5, .at = 9, .seen = 3, .committed = 3};
	OK(spool_writer_append_accounts(writer, &accounts, &err), err);
	append(writer, 1, 1);
	OK(spool_writer_sync(writer, true, &err), err);
	struct spool_reader *reader = reader_ok(&BEGINNING);
	struct spool_record record;
	ck_assert_int_eq(spool_reader_next(reader, &record, &err), SPOOL_READ);
	ck_assert_int_eq(record.type, SPOOL_ACCOUNTS);
	ck_assert_uint_eq(record.accounts.origin, 5);
	ck_assert_uint_eq(record.accounts.committed, 3);
	expect(reader, 1, 1);
	spool_reader_close(reader);
	spool_writer_close(writer);
}
END_TEST

/* A record of many chunks between small ones. */
START_TEST(large_records)
{
	struct spool_writer *writer = writer_ok(&SMALL);
	append(writer, 1, 1);
	size_t size = 5 * MIB + 3;
	char *body = malloc(size);
	memset(body, 'b', size);
	struct spool_exchange exchange = {.interface = SPAN("i"), .request_body = {body, size}};
	struct error err = ERROR_INIT;
	OK(spool_writer_append(writer, &exchange, &err), err);
	exchange.request_body.length = SPOOL_FRAME_MAX;
	ck_assert(!spool_writer_append(writer, &exchange, &err));
	ck_assert_int_eq(err.code, ERROR_LIMIT);
	struct spool_reader *reader = reader_ok(&BEGINNING);
	struct spool_record record;
	err = (struct error)ERROR_INIT;
	ck_assert_int_eq(spool_reader_next(reader, &record, &err), SPOOL_READ);
	ck_assert_int_eq(spool_reader_next(reader, &record, &err), SPOOL_READ);
	ck_assert_uint_eq(record.exchange.request_body.length, size);
	ck_assert_mem_eq(record.exchange.request_body.data, body, size);
	append(writer, 3, 3);
	expect(reader, 3, 3);
	free(body);
	spool_reader_close(reader);
	spool_writer_close(writer);
}
END_TEST

/* On a disk (not in a tmpfs, which has no cache to leave) a reader finds every byte, however far behind it is. */
START_TEST(a_reader_far_behind_finds_what_left_the_cache)
{
	struct place in_shared_memory = place;
	snprintf(place.directory, sizeof(place.directory), "/tmp/spool-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(place.directory));
	snprintf(place.spool, sizeof(place.spool), "%s/spool", place.directory);
	struct spool_options options = {.segment_bytes = 16 * MIB, .sync_interval_ms = 1};
	struct spool_writer *writer = writer_ok(&options);
	size_t size = MIB + 12345;
	char *body = malloc(size);
	struct error err = ERROR_INIT;
	for (int i = 0; i < 24; i++) {
		memset(body, 'a' + i, size);
		struct spool_exchange exchange = {.interface = SPAN("i"), .request_body = {body, size}};
		OK(spool_writer_append(writer, &exchange, &err), err);
		OK(spool_writer_sync(writer, false, &err), err);
	}
	struct spool_reader *reader = reader_ok(&BEGINNING);
	for (int i = 0; i < 24; i++) {
		struct spool_record record;
		memset(body, 'a' + i, size);
		ck_assert_int_eq(spool_reader_next(reader, &record, &err), SPOOL_READ);
		ck_assert_uint_eq(record.exchange.request_body.length, size);
		ck_assert_mem_eq(record.exchange.request_body.data, body, size);
	}
	free(body);
	spool_reader_close(reader);
	spool_writer_close(writer);
	place_remove(&place);
	place = in_shared_memory;
}
END_TEST

/* The disk is full in the middle of a batch; afterwards there is space again. */
START_TEST(a_full_disk_is_an_error_and_passes)
{
	struct spool_options options = {.segment_bytes = 64 * MIB, .sync_interval_ms = 1000};
	struct spool_writer *writer = writer_ok(&options);
	append(writer, 1, 5);
	off_t before = segment_size(1);
	struct rlimit limit;
	getrlimit(RLIMIT_FSIZE, &limit);
	struct rlimit tight = {.rlim_cur = (rlim_t)before + 1000, .rlim_max = limit.rlim_max};
	static char frames[MIB];
	size_t length = encode_frames(frames, 1, 6, 30);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &tight), 0);
	struct error err = ERROR_INIT;
	struct error again = ERROR_INIT;
	struct exchange_storage storage;
	struct spool_exchange large = exchange_make(110, &storage);
	bool appended = spool_writer_append(writer, &large, &err);
	bool frames_appended = spool_writer_append_frames(writer, 9, (struct span){frames, length}, &again);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert(!appended && !frames_appended);
	ck_assert_int_eq(err.code, ERROR_SYSTEM);
	ck_assert_msg(strstr(err.message, "free space") != NULL, "%s", err.message);
	ck_assert_int_eq(segment_size(1), before);
	struct spool_reader *reader = reader_ok(&BEGINNING);
	expect(reader, 1, 5);
	err = (struct error)ERROR_INIT;
	OK(spool_writer_append_frames(writer, 9, (struct span){frames, length}, &err), err);
	expect(reader, 6, 30);
	spool_reader_close(reader);
	spool_writer_close(writer);
}
END_TEST

Suite *spool_suite(void)
{
	Suite *suite = suite_create("spool");
	TCase *tests = tcase_create("spool");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, rotation_and_positions);
	tcase_add_test(tests, the_head_has_the_documented_bytes);
	tcase_add_test(tests, one_writer_and_sensible_names);
	tcase_add_test(tests, torn_tails_are_cut_wherever_they_end);
	tcase_add_test(tests, a_segment_without_a_whole_head_is_empty);
	tcase_add_test(tests, damage_is_told_with_file_and_offset);
	tcase_add_test(tests, a_tail_that_a_power_failure_left_is_cut);
	tcase_add_test(tests, a_tail_of_beginnings_of_frames_is_judged);
	tcase_add_test(tests, a_torn_frame_in_a_closed_segment_is_damage);
	tcase_add_test(tests, a_newer_version_is_refused);
	tcase_add_test(tests, an_older_segment_is_read_and_ended);
	tcase_add_test(tests, frames_are_taken_once_and_a_new_ring_goes_on);
	tcase_add_test(tests, the_limit_holds_until_segments_are_removed);
	tcase_add_test(tests, accounts_stand_in_the_stream);
	tcase_add_test(tests, large_records);
	tcase_add_test(tests, a_reader_far_behind_finds_what_left_the_cache);
	tcase_add_test(tests, a_full_disk_is_an_error_and_passes);
	suite_add_tcase(suite, tests);
	return suite;
}
