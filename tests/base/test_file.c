#include "harness/base/file.h"
#include "tests/base/suites.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory of this test's own, removed with all in it afterwards. */
static char directory[64];

static void make_directory(void)
{
	snprintf(directory, sizeof(directory), "/tmp/understudy-check-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void remove_tree(const char *path)
{
	DIR *entries = opendir(path);
	ck_assert_ptr_nonnull(entries);
	for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
		char child[600];
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		bool is_self = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
		if (!is_self && unlink(child) != 0) {
			remove_tree(child);
		}
	}
	closedir(entries);
	rmdir(path);
}

static void remove_directory(void)
{
	remove_tree(directory);
}

static const char *at(const char *name)
{
	static char path[200];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static int entries_in(const char *path)
{
	int count = 0;
	DIR *entries = opendir(path);
	ck_assert_ptr_nonnull(entries);
	while (readdir(entries) != NULL) {
		count++;
	}
	closedir(entries);
	return count - 2;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);
	return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

START_TEST(write_and_read)
{
	CLEANUP_BUFFER struct buffer content = BUFFER_INIT(1000);
	mode_t mask = umask(077);
	ck_assert(file_write(at("a"), SPAN("one\0two"), 0640, NULL));
	umask(mask);
	struct stat status;
	ck_assert_int_eq(stat(at("a"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0640);
	ck_assert(file_read(at("a"), &content, NULL));
	ck_assert(span_equal(buffer_span(&content), SPAN("one\0two")));
	ck_assert(file_write(at("a"), SPAN(""), 0600, NULL));
	ck_assert(file_read(at("a"), &content, NULL));
	ck_assert_uint_eq(content.length, 0);
	ck_assert_int_eq(entries_in(directory), 1);
}
END_TEST

START_TEST(large)
{
	CLEANUP_BUFFER struct buffer written = BUFFER_INIT(1 << 20);
	for (int i = 0; i < 100000; i++) {
		buffer_append_format(&written, "%d,", i);
	}
	ck_assert(file_write(at("large"), buffer_span(&written), 0600, NULL));
	CLEANUP_BUFFER struct buffer read_back = BUFFER_INIT(1 << 20);
	ck_assert(file_read(at("large"), &read_back, NULL));
	ck_assert(span_equal(buffer_span(&written), buffer_span(&read_back)));
}
END_TEST

START_TEST(limits)
{
	ck_assert(file_write(at("ten"), SPAN("0123456789"), 0600, NULL));
	for (size_t maximum = 0; maximum <= 11; maximum++) {
		CLEANUP_BUFFER struct buffer content = BUFFER_INIT(maximum);
		struct error err = ERROR_INIT;
		bool read = file_read(at("ten"), &content, &err);
		ck_assert_int_eq(read, maximum >= 10);
		ck_assert_int_eq(err.code, read ? ERROR_NONE : ERROR_LIMIT);
		ck_assert_uint_eq(content.length, read ? 10 : 0);
		ck_assert(read || strstr(err.message, at("ten")) != NULL);
	}
	/* A file that says it is empty and is not. */
	CLEANUP_BUFFER struct buffer content = BUFFER_INIT(100000);
	ck_assert(file_read("/proc/self/status", &content, NULL));
	ck_assert_uint_gt(content.length, 10);
	CLEANUP_BUFFER struct buffer endless = BUFFER_INIT(100000);
	struct error err = ERROR_INIT;
	ck_assert(!file_read("/dev/zero", &endless, &err));
	ck_assert_int_eq(err.code, ERROR_LIMIT);
}
END_TEST

START_TEST(read_errors)
{
	CLEANUP_BUFFER struct buffer content = BUFFER_INIT(1000);
	buffer_append_text(&content, "old");
	struct error missing = ERROR_INIT;
	ck_assert(!file_read(at("none"), &content, &missing));
	ck_assert_int_eq(missing.code, ERROR_MISSING);
	ck_assert(strstr(missing.message, at("none")) != NULL);
	ck_assert(ends_with(missing.message, "No such file or directory"));
	ck_assert_uint_eq(content.length, 0);
	struct error is_directory = ERROR_INIT;
	ck_assert(!file_read(directory, &content, &is_directory));
	ck_assert_int_eq(is_directory.code, ERROR_SYSTEM);
	ck_assert(ends_with(is_directory.message, "Is a directory"));
}
END_TEST

START_TEST(write_errors)
{
	struct error no_directory = ERROR_INIT;
	ck_assert(!file_write(at("none/a"), SPAN("x"), 0600, &no_directory));
	ck_assert_int_eq(no_directory.code, ERROR_SYSTEM);
	ck_assert(strstr(no_directory.message, at("none/a")) != NULL);
	ck_assert(ends_with(no_directory.message, "No such file or directory"));
	ck_assert(file_make_directory(at("in-the-way"), NULL));
	struct error in_the_way = ERROR_INIT;
	ck_assert(!file_write(at("in-the-way"), SPAN("x"), 0600, &in_the_way));
	ck_assert_int_eq(in_the_way.code, ERROR_SYSTEM);
	ck_assert(ends_with(in_the_way.message, "Is a directory"));
	ck_assert_int_eq(entries_in(directory), 1);
}
END_TEST

START_TEST(directories)
{
	mode_t mask = umask(0);
	ck_assert(file_make_directory(at("a//b/c/"), NULL));
	umask(mask);
	ck_assert(file_make_directory(at("a/b/c"), NULL));
	struct stat status;
	ck_assert_int_eq(stat(at("a/b"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0700);
	ck_assert(file_make_parent(at("d/e/file"), NULL));
	ck_assert_int_eq(stat(at("d/e"), &status), 0);
	ck_assert_int_ne(stat(at("d/e/file"), &status), 0);
	ck_assert(file_make_directory("/", NULL));
	ck_assert(file_make_directory(".", NULL));
	ck_assert(file_make_parent("file", NULL));
	ck_assert(file_make_parent("/file", NULL));
	ck_assert(file_write(at("f"), SPAN("x"), 0600, NULL));
	struct error err = ERROR_INIT;
	ck_assert(!file_make_directory(at("f/g"), &err));
	ck_assert_int_eq(err.code, ERROR_SYSTEM);
	ck_assert(strstr(err.message, at("f/g")) != NULL);
	ck_assert(ends_with(err.message, "Not a directory"));
	ck_assert(!file_make_directory(at("f"), NULL));
	ck_assert(!file_make_directory("", NULL));
}
END_TEST

START_TEST(beside)
{
	static const struct {
		const char *base;
		const char *path;
		const char *expected;
	} cases[] = {
		{"contracts/a.yaml", "prompt.md", "contracts/prompt.md"},
		{"a.yaml", "prompt.md", "prompt.md"},
		{"/etc/a.yaml", "b/c", "/etc/b/c"},
		{"/a.yaml", "b", "/b"},
		{"x/a.yaml", "/abs", "/abs"},
		{"x/a.yaml", "../b", "x/../b"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *path = file_beside(cases[i].base, cases[i].path);
		ck_assert_str_eq(path, cases[i].expected);
		free(path);
	}
}
END_TEST

Suite *file_suite(void)
{
	Suite *suite = suite_create("file");
	TCase *cases = tcase_create("file");
	tcase_add_checked_fixture(cases, make_directory, remove_directory);
	tcase_add_test(cases, write_and_read);
	tcase_add_test(cases, large);
	tcase_add_test(cases, limits);
	tcase_add_test(cases, read_errors);
	tcase_add_test(cases, write_errors);
	tcase_add_test(cases, directories);
	tcase_add_test(cases, beside);
	suite_add_tcase(suite, cases);
	return suite;
}
