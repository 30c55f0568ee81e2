/* Layer 2. Compression of payloads by zstd (RFC 8878) with contexts that are used again. Private to the store. */
#ifndef UNDERSTUDY_STORE_COMPRESS_H
#define UNDERSTUDY_STORE_COMPRESS_H

#include "harness/base/arena.h"

struct compressor;

enum encoding { ENCODING_PLAIN = 0, ENCODING_ZSTD = 1 }; /* numbers are stored */

struct compressor *compressor_create(void); /* NULL without memory */
void compressor_destroy(struct compressor *compressor);

/* The two pieces, one after the other, compressed; plain where that is not smaller. *ret_body is valid until the next
 * call. ERROR_MEMORY only. */
MUST_CHECK bool compressor_pack(struct compressor *compressor, struct span first, struct span second,
				struct span *ret_body, enum encoding *ret_encoding, struct error *err);
/* Exactly `size` bytes, in the arena. ERROR_FORMAT where body is damaged, ERROR_LIMIT where the arena is too small. */
MUST_CHECK bool compressor_unpack(struct compressor *compressor, int64_t encoding, struct span body, size_t size,
				  struct arena *arena, struct span *ret_content, struct error *err);

/* The same for one text whose size no column keeps: the packed form begins with the encoding as a byte, and zstd's
 * frame has the size. */
MUST_CHECK bool compressor_pack_text(struct compressor *compressor, struct span text, struct span *ret_packed,
				     struct error *err);
MUST_CHECK bool compressor_unpack_text(struct compressor *compressor, struct span packed, struct arena *arena,
				       struct span *ret_text, struct error *err);

#endif
