#include "harness/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024, DIRECTORY_MODE = 0700 };

/* A first reading size that fits most files: one byte more than the file says, so that its end is seen at once. */
static size_t first_size(int fd)
{
	struct stat status;
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size <= 0) {
		return READ_SIZE;
	}
	return (size_t)status.st_size + 1;
}

static bool too_large(const char *path, size_t maximum, struct error *err)
{
	return error_set(err, ERROR_LIMIT, "%s is larger than %zu bytes", path, maximum);
}

/* True where nothing more follows; a byte that does follow is past the buffer's maximum. */
static bool check_end(int fd, const char *path, size_t maximum, struct error *err)
{
	char byte;
	ssize_t got;
	do {
		got = read(fd, &byte, 1);
	} while (got < 0 && errno == EINTR);
	if (got < 0) {
		return error_set_system(err, errno, "cannot read %s", path);
	}
	return got == 0 || too_large(path, maximum, err);
}

static bool read_all(int fd, const char *path, struct buffer *buffer, struct error *err)
{
	size_t size = first_size(fd);
	for (;;) {
		size_t left = buffer->maximum - buffer->length;
		if (left == 0) {
			return check_end(fd, path, buffer->maximum, err);
		}
		size_t wanted = size < left ? size : left;
		char *end = buffer_reserve(buffer, wanted);
		if (end == NULL) {
			return error_set(err, ERROR_MEMORY, "no memory to read %s", path);
		}
		ssize_t got = read(fd, end, wanted);
		if (got < 0 && errno != EINTR) {
			return error_set_system(err, errno, "cannot read %s", path);
		}
		if (got == 0) {
			return true;
		}
		if (got > 0) {
			buffer->length += (size_t)got;
			buffer->data[buffer->length] = '\0';
			size = READ_SIZE;
		}
	}
}

bool file_read(const char *path, struct buffer *buffer, struct error *err)
{
	buffer_clear(buffer);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOENT) {
			return error_set(err, ERROR_MISSING, "cannot open %s: No such file or directory", path);
		}
		return error_set_system(err, errno, "cannot open %s", path);
	}
	bool done = read_all(fd, path, buffer, err);
	close(fd);
	if (!done) {
		buffer_clear(buffer);
	}
	return done;
}

/* Heap copy of the directory part of `path`: "." where there is none, "/" for the root; NULL without memory. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL) {
		return strdup(".");
	}
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static bool sync_directory_of(const char *path, struct error *err)
{
	char *directory = directory_of(path);
	if (directory == NULL) {
		return error_set(err, ERROR_MEMORY, "%s is written, but no memory to sync its directory", path);
	}
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool done = fd >= 0 && fsync(fd) == 0;
	if (!done) {
		error_set_system(err, errno, "%s is written, but its directory cannot be synced", path);
	}
	if (fd >= 0) {
		close(fd);
	}
	free(directory);
	return done;
}

static bool write_all(int fd, struct span content)
{
	while (content.length > 0) {
		ssize_t put = write(fd, content.data, content.length);
		if (put < 0 && errno != EINTR) {
			return false;
		}
		if (put > 0) {
			content.data += put;
			content.length -= (size_t)put;
		}
	}
	return true;
}

/* Fills the open temporary file and gives it its name. Closes `fd`. */
static bool finish_temporary(int fd, const char *temporary, const char *path, struct span content, unsigned mode,
			     struct error *err)
{
	if (!write_all(fd, content) || fchmod(fd, (mode_t)mode) != 0 || fsync(fd) != 0) {
		error_set_system(err, errno, "cannot write %s", path);
		close(fd);
		return false;
	}
	if (close(fd) != 0) {
		return error_set_system(err, errno, "cannot write %s", path);
	}
	if (rename(temporary, path) != 0) {
		return error_set_system(err, errno, "cannot replace %s", path);
	}
	return true;
}

bool file_write(const char *path, struct span content, unsigned mode, struct error *err)
{
	char *temporary = NULL;
	if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
		return error_set(err, ERROR_MEMORY, "no memory to write %s", path);
	}
	int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		error_set_system(err, errno, "cannot write beside %s", path);
		free(temporary);
		return false;
	}
	bool done = finish_temporary(fd, temporary, path, content, mode, err);
	if (!done) {
		unlink(temporary);
	}
	free(temporary);
	return done && sync_directory_of(path, err);
}

/* True where `path` is a directory now, made or found; errno says why not. */
static bool make_one(const char *path)
{
	if (mkdir(path, DIRECTORY_MODE) == 0) {
		return true;
	}
	int number = errno;
	struct stat status;
	/* A read-only or foreign parent refuses with other errors than EEXIST although the directory is there. */
	if (stat(path, &status) == 0) {
		errno = ENOTDIR;
		return S_ISDIR(status.st_mode);
	}
	errno = number;
	return false;
}

bool file_make_directory(const char *path, struct error *err)
{
	char *copy = strdup(path);
	if (copy == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory to make directory %s", path);
	}
	bool done = true;
	for (char *slash = copy; done && slash != NULL;) {
		slash = strchr(slash + strspn(slash, "/"), '/');
		if (slash != NULL) {
			*slash = '\0';
		}
		done = make_one(copy);
		if (slash != NULL) {
			*slash = '/';
		}
	}
	if (!done) {
		error_set_system(err, errno, "cannot make directory %s", path);
	}
	free(copy);
	return done;
}

bool file_make_parent(const char *path, struct error *err)
{
	char *directory = directory_of(path);
	if (directory == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory to make the directory of %s", path);
	}
	bool done = file_make_directory(directory, err);
	free(directory);
	return done;
}

char *file_beside(const char *base_file, const char *path)
{
	const char *slash = strrchr(base_file, '/');
	if (path[0] == '/' || slash == NULL) {
		return strdup(path);
	}
	char *joined = NULL;
	int length = (int)(slash - base_file);
	return asprintf(&joined, "%.*s/%s", length, base_file, path) < 0 ? NULL : joined;
}
