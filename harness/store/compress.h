/* Layer 2. Compression of payloads by zstd (RFC 8878) with contexts that are used again. Private to the store. */
#ifndef UNDERSTUDY_STORE_COMPRESS_H
#define UNDERSTUDY_STORE_COMPRESS_H

#include "harness/base/arena.h"

struct compressor;
struct dictionary;

/* Numbers are stored. A payload packed with a dictionary has ENCODING_ZSTD plus the dictionary's row. */
enum encoding { ENCODING_PLAIN = 0, ENCODING_ZSTD = 1 };

/* Any text that payloads share parts with; copied. NULL without memory. destroy accepts NULL. */
struct dictionary *dictionary_create(struct span content);
void dictionary_destroy(struct dictionary *dictionary);

struct compressor *compressor_create(void); /* NULL without memory */
void compressor_destroy(struct compressor *compressor);

/* The two pieces, one after the other, compressed; plain where that is not smaller. `dictionary`
 * may be NULL. *ret_body is valid until the next
 * call. ERROR_MEMORY only. */
MUST_CHECK bool compressor_pack(struct compressor *compressor, const struct dictionary *dictionary, struct span first,
				struct span second, struct span *ret_body, enum encoding *ret_encoding,
				struct error *err);
/* Exactly `size` bytes, in the arena; the dictionary is the one that body was packed with. ERROR_FORMAT where body is
 * damaged, ERROR_LIMIT where the arena is too small. */
MUST_CHECK bool compressor_unpack(struct compressor *compressor, const struct dictionary *dictionary,
				  enum encoding encoding, struct span body, size_t size, struct arena *arena,
				  struct span *ret_content, struct error *err);

/* The same for one text whose size no column keeps: the packed form begins with the encoding as a byte, and zstd's
 * frame has the size. */
MUST_CHECK bool compressor_pack_text(struct compressor *compressor, struct span text, struct span *ret_packed,
				     struct error *err);
MUST_CHECK bool compressor_unpack_text(struct compressor *compressor, struct span packed, struct arena *arena,
				       struct span *ret_text, struct error *err);

#endif
