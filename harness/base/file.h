/* Layer 0. Whole files, and directories made on demand. */
#ifndef UNDERSTUDY_BASE_FILE_H
#define UNDERSTUDY_BASE_FILE_H

#include "harness/base/bytes.h"

/* Replaces the buffer's content by the file's. ERROR_MISSING where there is none, ERROR_LIMIT past buffer->maximum. */
MUST_CHECK bool file_read(const char *path, struct buffer *buffer, struct error *err);
/* Writes a temporary file beside `path`, syncs and renames it: readers see the old or the new file, never a part. */
MUST_CHECK bool file_write(const char *path, struct span content, unsigned mode, struct error *err);
/* mkdir -p with mode 0700 for what is made. */
MUST_CHECK bool file_make_directory(const char *path, struct error *err);
/* As file_make_directory for the directory that `path` stands in. */
MUST_CHECK bool file_make_parent(const char *path, struct error *err);
/* `path` itself where absolute, else directory of `base_file` + "/" + path. Caller frees with free. */
char *file_beside(const char *base_file, const char *path);

#endif
