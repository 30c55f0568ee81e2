/* Layer 0. Whole files, and directories made on demand. Messages name the path and end with the system's words. */
#ifndef UNDERSTUDY_BASE_FILE_H
#define UNDERSTUDY_BASE_FILE_H

#include "harness/base/bytes.h"

/* Replaces the buffer's content by the file's; the buffer is empty after an error. ERROR_MISSING where there is none,
 * ERROR_LIMIT past buffer->maximum bytes (a file of exactly that size is read), else ERROR_SYSTEM. */
MUST_CHECK bool file_read(const char *path, struct buffer *buffer, struct error *err);
/* Writes a temporary file beside `path`, syncs and renames it, then syncs the directory: readers, and whoever looks
 * after a crash, see the old or the new file, never a part. The file gets exactly `mode`, whatever the umask; where
 * `path` is a symbolic link, the link is replaced. After an error the old file is as it was and the temporary file is
 * gone, unless only the sync of the directory failed (the message says so): then the new file is in place. */
MUST_CHECK bool file_write(const char *path, struct span content, unsigned mode, struct error *err);
/* mkdir -p with mode 0700 for what is made. Done already is fine; a file in the way is an error. */
MUST_CHECK bool file_make_directory(const char *path, struct error *err);
/* As file_make_directory for the directory that `path` stands in. */
MUST_CHECK bool file_make_parent(const char *path, struct error *err);
/* `path` itself where absolute, else directory of `base_file` + "/" + path. Caller frees with free; NULL without
 * memory. */
char *file_beside(const char *base_file, const char *path);

#endif
