#include "tests/spool/suites.h"

#include "harness/base/text.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void place_make(struct place *place)
{
	snprintf(place->directory, sizeof(place->directory), "/dev/shm/spool-test-XXXXXX");
	if (mkdtemp(place->directory) == NULL) {
		snprintf(place->directory, sizeof(place->directory), "/tmp/spool-test-XXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(place->directory));
	}
	snprintf(place->ring, sizeof(place->ring), "%s/ring", place->directory);
	snprintf(place->spool, sizeof(place->spool), "%s/spool", place->directory);
}

static void remove_tree(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		char child[512];
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
			continue;
		}
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		if (unlink(child) != 0) {
			remove_tree(child);
		}
	}
	if (directory != NULL) {
		closedir(directory);
	}
	rmdir(path);
}

void place_remove(const struct place *place)
{
	remove_tree(place->directory);
}

void place_segment(const struct place *place, unsigned number, char path[160])
{
	snprintf(path, 160, "%s/s/%020u.seg", place->spool, number);
}

struct spool_exchange exchange_make(uint64_t number, struct exchange_storage *storage)
{
	snprintf(storage->target, sizeof(storage->target), "/%llu", (unsigned long long)number);
	size_t length = (size_t)(number * 37 % sizeof(storage->body));
	memset(storage->body, (int)('a' + number % 26), sizeof(storage->body));
	return (struct spool_exchange){
		.interface = SPAN("orders"),
		.captured_at = (int64_t)number * 1000,
		.legacy_latency_us = -1,
		.legacy_status = 200,
		.legacy_outcome = LEGACY_OK,
		.method = SPAN("POST"),
		.target = span_of(storage->target),
		.request_head = SPAN("Host: a\r\n"),
		.request_body = {storage->body, length},
		.reply_body = {storage->body, length / 2},
	};
}

bool exchange_is(const struct spool_exchange *exchange, uint64_t number)
{
	struct exchange_storage storage;
	struct spool_exchange expected = exchange_make(number, &storage);
	return span_equal(exchange->interface, expected.interface) && span_equal(exchange->method, expected.method) &&
	       span_equal(exchange->target, expected.target) && exchange->captured_at == expected.captured_at &&
	       exchange->legacy_latency_us == -1 && exchange->legacy_status == 200 &&
	       exchange->legacy_outcome == LEGACY_OK && span_equal(exchange->request_head, expected.request_head) &&
	       span_equal(exchange->request_body, expected.request_body) && exchange->reply_head.length == 0 &&
	       span_equal(exchange->reply_body, expected.reply_body) && exchange->candidate_reply.length == 0;
}

uint64_t exchange_number(const struct spool_exchange *exchange)
{
	uint64_t number = 0;
	struct span digits = {exchange->target.data + 1, exchange->target.length - 1};
	ck_assert(text_to_uint64(digits, &number));
	return number;
}

uint64_t accounts_dropped(const struct spool_accounts *accounts)
{
	uint64_t dropped = 0;
	for (size_t i = 0; i < DROP_REASON_COUNT; i++) {
		dropped += accounts->dropped[i];
	}
	return dropped;
}
