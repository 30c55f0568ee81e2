/* What a file is, found out without touching it. */
#include "harness/store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool store_check_version(const char *path, int64_t version, struct error *err)
{
	if (version > STORE_VERSION) {
		return error_set(err, ERROR_VERSION,
				 "%s was written by a newer understudy (version %lld, this one knows %d); "
				 "upgrade understudy",
				 path, (long long)version, STORE_VERSION);
	}
	return true;
}

/* None of ours: empty, or another program's. */
static bool check_emptiness(struct store *peek, struct error *err)
{
	int64_t application = 0;
	int64_t version = 0;
	int64_t tables = 0;
	if (!store_question(peek, "PRAGMA application_id", &application, err) ||
	    !store_question(peek, "PRAGMA user_version", &version, err) ||
	    !store_question(peek, "SELECT count(*) FROM sqlite_schema", &tables, err)) {
		return false;
	}
	return (application == 0 && version == 0 && tables == 0) ||
	       error_set(err, ERROR_FORMAT,
			 "%s is a database of another program, not a store of understudy; name another file",
			 peek->path);
}

/* "file:PATH?immutable=1", with everything that a URI could misread as %XX. */
static void write_immutable_uri(struct buffer *uri, const char *path)
{
	buffer_append_text(uri, "file:");
	for (const char *c = path; *c != '\0'; c++) {
		if (*c == '?' || *c == '#' || *c == '%') {
			buffer_append_format(uri, "%%%02X", (unsigned)*c);
		} else {
			buffer_append_byte(uri, *c);
		}
	}
	buffer_append_text(uri, "?immutable=1");
}

/* Opened as immutable, SQLite takes no lock, makes no file beside it and runs no recovery: a stranger's database stays
 * as it was to the byte. What stands only in a WAL is not seen; store_migrate looks at the version again. */
static bool peek_database(const char *path, struct error *err)
{
	CLEANUP_BUFFER struct buffer uri = BUFFER_INIT(64 * 1024);
	write_immutable_uri(&uri, path);
	if (!buffer_ok(&uri, "the store's path", err)) {
		return false;
	}
	struct store peek = {.path = strdup(path)};
	if (peek.path == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory to open %s", path);
	}
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
	int code = sqlite3_open_v2(uri.data, &peek.database, flags, NULL);
	bool done = code == SQLITE_OK ? check_emptiness(&peek, err) : store_error(&peek, code, err);
	sqlite3_close(peek.database);
	free(peek.path);
	return done;
}

/* --- by the first bytes --- */

/* SQLite's file format, sections 1.3 and 3; all numbers are big-endian. */
enum { HEADER_SIZE = 100, USER_VERSION_AT = 60, APPLICATION_ID_AT = 68, JOURNAL_SIZE = 28, FORMER_PAGES_AT = 16 };
static const char MAGIC[16] = "SQLite format 3";
static const uint8_t JOURNAL_MAGIC[8] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};

static uint32_t number_at(const uint8_t *bytes, int at)
{
	return (uint32_t)bytes[at] << 24 | (uint32_t)bytes[at + 1] << 16 | (uint32_t)bytes[at + 2] << 8 |
	       (uint32_t)bytes[at + 3];
}

/* At most `size` bytes from the file's start; *ret_length 0 where it is not there. */
static bool read_start(const char *path, uint8_t *bytes, size_t size, size_t *ret_length, struct error *err)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	*ret_length = 0;
	if (file < 0) {
		return errno == ENOENT || error_set_system(err, errno, "cannot read %s", path);
	}
	ssize_t length = pread(file, bytes, size, 0);
	int failure = errno;
	close(file);
	if (length < 0) {
		return error_set_system(err, failure, "cannot read %s", path);
	}
	*ret_length = (size_t)length;
	return true;
}

/* Somebody died while making the first tables: the journal beside the file says that it had no page before, and SQLite
 * will make it empty again. Until then its pages contradict each other. */
static bool is_half_made(const char *path, bool *ret_half_made, struct error *err)
{
	uint8_t bytes[JOURNAL_SIZE];
	size_t length = 0;
	CLEANUP_BUFFER struct buffer journal = BUFFER_INIT(64 * 1024);
	buffer_append_format(&journal, "%s-journal", path);
	if (!buffer_ok(&journal, "the store's path", err) ||
	    !read_start(journal.data, bytes, sizeof(bytes), &length, err)) {
		return false;
	}
	*ret_half_made = length == sizeof(bytes) && memcmp(bytes, JOURNAL_MAGIC, sizeof(JOURNAL_MAGIC)) == 0 &&
			 number_at(bytes, FORMER_PAGES_AT) == 0;
	return true;
}

/* A store of ours is known by its first page alone, which bears our number from the first commit on. To ask SQLite
 * would not do: without the WAL the file contradicts itself when a checkpoint was cut off by a kill, and is whole all
 * the same. */
bool store_peek(const char *path, enum store_file *ret_kind, struct error *err)
{
	uint8_t bytes[HEADER_SIZE];
	size_t length = 0;
	bool half_made = false;
	if (!read_start(path, bytes, sizeof(bytes), &length, err) || !is_half_made(path, &half_made, err)) {
		return false;
	}
	bool is_ours = length == sizeof(bytes) && memcmp(bytes, MAGIC, sizeof(MAGIC)) == 0 &&
		       number_at(bytes, APPLICATION_ID_AT) == STORE_APPLICATION_ID;
	if (half_made || length == 0) {
		*ret_kind = STORE_FILE_EMPTY;
		return true;
	}
	if (is_ours) {
		*ret_kind = STORE_FILE_OURS;
		return store_check_version(path, number_at(bytes, USER_VERSION_AT), err);
	}
	*ret_kind = STORE_FILE_EMPTY;
	return peek_database(path, err);
}
