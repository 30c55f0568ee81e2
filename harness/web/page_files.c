/* The stylesheet, which is part of the program, and the files of the reports directory.
 *
 * A report's path is opened folder by folder below the directory, never through a symbolic link, and only names of
 * letters, digits and "._-" that do not begin with a dot are looked up at all: there is no way out. */
#include "harness/web/page.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

extern const char asset_understudy_css[];
extern const size_t asset_understudy_css_size;

enum { NAME_SIZE = 256, DEPTH_MAX = 4, LISTED_MAX = 500 };

bool page_stylesheet(struct page *page, struct error *err)
{
	(void)err;
	page->content_type = "text/css; charset=utf-8";
	buffer_append(&page->body, asset_understudy_css, asset_understudy_css_size);
	return true;
}

static const struct {
	const char *ending;
	const char *content_type;
	bool is_download;
} TYPES[] = {
	{".html", HTML_TYPE, false},
	{".css", "text/css; charset=utf-8", false},
	{".json", "application/json", false},
	{".md", "text/plain; charset=utf-8", false},
	{".txt", "text/plain; charset=utf-8", false},
	{".tsv", "text/plain; charset=utf-8", false},
	{".csv", "text/csv; charset=utf-8", true},
	{".svg", "image/svg+xml", false},
	{".png", "image/png", false},
	{".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", true},
};

/* The row of TYPES, or -1: such files are not served. */
static int find_type(const char *name)
{
	size_t length = strlen(name);
	for (size_t i = 0; i < sizeof(TYPES) / sizeof(TYPES[0]); i++) {
		size_t ending = strlen(TYPES[i].ending);
		if (length > ending && strcmp(name + length - ending, TYPES[i].ending) == 0) {
			return (int)i;
		}
	}
	return -1;
}

static bool is_safe_name(struct span name)
{
	if (name.length == 0 || name.length >= NAME_SIZE || name.data[0] == '.') {
		return false;
	}
	for (size_t i = 0; i < name.length; i++) {
		char c = text_lower(name.data[i]);
		if (!(c >= 'a' && c <= 'z') && !text_is_digit(c) && c != '.' && c != '_' && c != '-') {
			return false;
		}
	}
	return true;
}

static void copy_name(struct span name, char copy[NAME_SIZE])
{
	memcpy(copy, name.data, name.length);
	copy[name.length] = '\0';
}

/* A folder or file that stands right below `directory`; -1 where there is none. */
static int open_below(int directory, const char *name, int flags)
{
	return openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags);
}

/* Opened anew each time: the directory may appear, and be replaced, while the server runs. -1 where there is none. */
static int open_reports(const struct page *page)
{
	return page->config->reports != NULL ? open(page->config->reports, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

/* An open regular file below `directory`, or -1. */
static int open_path(int directory, struct span path, char name[NAME_SIZE])
{
	int at = directory;
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		size_t slash = text_find(path, SPAN("/"));
		struct span part = {path.data, slash};
		bool is_last = slash == path.length;
		int next = -1;
		if (is_safe_name(part)) {
			copy_name(part, name);
			next = open_below(at, name, is_last ? 0 : O_DIRECTORY);
		}
		if (at != directory) {
			close(at);
		}
		if (is_last || next < 0) {
			return next;
		}
		at = next;
		path = (struct span){path.data + slash + 1, path.length - slash - 1};
	}
	close(at);
	return -1;
}

bool page_report(struct page *page, struct error *err)
{
	(void)err;
	char name[NAME_SIZE] = "";
	struct stat status;
	int directory = open_reports(page);
	int file = directory >= 0 ? open_path(directory, page->rest, name) : -1;
	if (directory >= 0) {
		close(directory);
	}
	int type = file >= 0 ? find_type(name) : -1;
	if (type < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
		if (file >= 0) {
			close(file);
		}
		page_message(page, 404, "No such report", "There is no report file of that name.");
		return true;
	}
	page->file = file;
	page->content_type = TYPES[type].content_type;
	page->is_download = TYPES[type].is_download;
	page->is_report = true;
	return true;
}

/* --- the list --- */

struct listing {
	struct page *page;
	const char **names;
	size_t count;
};

static bool list_folder(struct listing *listing, int directory, const char *folder);

static bool list_entry(struct listing *listing, int directory, const char *folder, const char *name)
{
	struct stat status;
	if (!is_safe_name(span_of(name)) || fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
		return true;
	}
	if (S_ISDIR(status.st_mode) && folder == NULL) {
		int below = open_below(directory, name, O_DIRECTORY);
		return below < 0 || list_folder(listing, below, name);
	}
	if (!S_ISREG(status.st_mode) || find_type(name) < 0 || listing->count == LISTED_MAX) {
		return true;
	}
	const char *path = arena_format(&listing->page->arena, "%s%s%s", folder != NULL ? folder : "",
					folder != NULL ? "/" : "", name);
	if (path == NULL) {
		return false;
	}
	listing->names[listing->count++] = path;
	return true;
}

/* Takes ownership of `directory`. */
static bool list_folder(struct listing *listing, int directory, const char *folder)
{
	DIR *entries = fdopendir(directory);
	if (entries == NULL) {
		close(directory);
		return true;
	}
	bool done = true;
	struct dirent *entry;
	while (done && (entry = readdir(entries)) != NULL) {
		done = list_entry(listing, dirfd(entries), folder, entry->d_name);
	}
	closedir(entries);
	return done;
}

static int order_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool page_list_reports(struct page *page, const char ***ret_names, size_t *ret_count, struct error *err)
{
	struct listing listing = {.page = page,
				  .names = arena_allocate_array(&page->arena, LISTED_MAX, sizeof(const char *))};
	int directory = open_reports(page);
	if (listing.names == NULL || (directory >= 0 && !list_folder(&listing, directory, NULL))) {
		return error_set(err, ERROR_MEMORY, "no memory to list the reports");
	}
	qsort(listing.names, listing.count, sizeof(*listing.names), order_names);
	*ret_names = listing.names;
	*ret_count = listing.count;
	return true;
}
