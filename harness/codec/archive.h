/* Layer 2. Reading one part after the other of a ZIP file (APPNOTE.TXT 6.3) that lies in memory, by minizip.
 *
 * Parts are inflated piece by piece, and never past the caller's maximum, whatever the directory says about sizes: a
 * ZIP bomb ends in ERROR_LIMIT, with nothing of it in memory. Encrypted parts are refused. */
#ifndef UNDERSTUDY_CODEC_ARCHIVE_H
#define UNDERSTUDY_CODEC_ARCHIVE_H

#include "harness/base/bytes.h"

struct archive;

/* Borrows `bytes`. NULL: ERROR_FORMAT where it is no ZIP file, ERROR_MEMORY. close accepts NULL. */
struct archive *archive_open(struct span bytes, struct error *err);
void archive_close(struct archive *archive);

/* Names are compared without regard to ASCII case, as ECMA-376 part 2 asks. */
bool archive_has(struct archive *archive, const char *name);
/* Hands the part's content to `take`, piece by piece; `take` returns false to end the work, with its error set.
 * ERROR_MISSING where there is no such part, ERROR_FORMAT for a damaged or encrypted one, ERROR_LIMIT past `maximum`
 * bytes. */
MUST_CHECK bool archive_read(struct archive *archive, const char *name, size_t maximum,
			     bool (*take)(void *context, struct span piece), void *context, struct error *err);

#endif
