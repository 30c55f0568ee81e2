/* Layer 2. Undoing the content coding (RFC 9110 section 8.4) of a captured HTTP body. */
#ifndef UNDERSTUDY_CODEC_CONTENT_H
#define UNDERSTUDY_CODEC_CONTENT_H

#include "harness/base/arena.h"

/* Value of a header field in a captured head ("Name: value" lines, CRLF), the first of that name, without white space
 * around it; empty where there is none. Borrowed from `head`. */
struct span content_header(struct span head, const char *name);

/* The body as its sender meant it: *ret_body is `body` itself where the head names no coding (or "identity"), else the
 * decoded bytes in the arena. gzip, x-gzip and deflate are understood; other codings, damaged data, and more than
 * `maximum` decoded bytes are errors. */
MUST_CHECK bool content_decode(struct span head, struct span body, size_t maximum, struct arena *arena,
			       struct span *ret_body, struct error *err);

#endif
