#include "harness/store/compress.h"

#include <stdlib.h>
#include <zstd.h>

/* By measurement on messages of 1.2 KB: level 3 takes half as long again as level 1 and saves one part in a hundred. */
enum { LEVEL = 1 };

struct compressor {
	ZSTD_CCtx *writer;
	ZSTD_DCtx *reader;
	char *input; /* a byte for the encoding of a text, then both pieces, joined */
	size_t input_capacity;
	char *output; /* a byte for the encoding, then what zstd made */
	size_t output_capacity;
};

struct dictionary {
	ZSTD_CDict *writer;
	ZSTD_DDict *reader;
};

struct dictionary *dictionary_create(struct span content)
{
	struct dictionary *dictionary = calloc(1, sizeof(*dictionary));
	if (dictionary == NULL) {
		return NULL;
	}
	dictionary->writer = ZSTD_createCDict(content.data, content.length, LEVEL);
	dictionary->reader = ZSTD_createDDict(content.data, content.length);
	if (dictionary->writer == NULL || dictionary->reader == NULL) {
		dictionary_destroy(dictionary);
		return NULL;
	}
	return dictionary;
}

void dictionary_destroy(struct dictionary *dictionary)
{
	if (dictionary != NULL) {
		ZSTD_freeCDict(dictionary->writer);
		ZSTD_freeDDict(dictionary->reader);
		free(dictionary);
	}
}

struct compressor *compressor_create(void)
{
	struct compressor *compressor = calloc(1, sizeof(*compressor));
	if (compressor == NULL) {
		return NULL;
	}
	compressor->writer = ZSTD_createCCtx();
	compressor->reader = ZSTD_createDCtx();
	if (compressor->writer == NULL || compressor->reader == NULL) {
		compressor_destroy(compressor);
		return NULL;
	}
	return compressor;
}

void compressor_destroy(struct compressor *compressor)
{
	if (compressor == NULL) {
		return;
	}
	ZSTD_freeCCtx(compressor->writer);
	ZSTD_freeDCtx(compressor->reader);
	free(compressor->input);
	free(compressor->output);
	free(compressor);
}

/* The content need not survive: every call writes it anew. */
static bool make_room(char **memory, size_t *capacity, size_t size)
{
	if (size <= *capacity) {
		return true;
	}
	char *larger = malloc(size);
	if (larger == NULL) {
		return false;
	}
	free(*memory);
	*memory = larger;
	*capacity = size;
	return true;
}

static void copy(char *target, struct span source)
{
	if (source.length > 0) {
		memcpy(target, source.data, source.length);
	}
}

bool compressor_pack(struct compressor *compressor, const struct dictionary *dictionary, struct span first,
		     struct span second, struct span *ret_body, enum encoding *ret_encoding, struct error *err)
{
	size_t size = first.length + second.length;
	size_t bound = ZSTD_compressBound(size);
	if (!make_room(&compressor->input, &compressor->input_capacity, size + 1) ||
	    !make_room(&compressor->output, &compressor->output_capacity, bound + 1)) {
		return error_set(err, ERROR_MEMORY, "no memory to compress a payload of %zu bytes", size);
	}
	char *input = compressor->input + 1;
	char *output = compressor->output + 1;
	copy(input, first);
	copy(input + first.length, second);
	size_t packed = dictionary != NULL ? ZSTD_compress_usingCDict(compressor->writer, output, bound, input, size,
								      dictionary->writer)
					   : ZSTD_compressCCtx(compressor->writer, output, bound, input, size, LEVEL);
	bool smaller = !ZSTD_isError(packed) && packed < size;
	*ret_body = smaller ? (struct span){output, packed} : (struct span){input, size};
	*ret_encoding = smaller ? ENCODING_ZSTD : ENCODING_PLAIN;
	return true;
}

static size_t unpack(ZSTD_DCtx *reader, const struct dictionary *dictionary, char *content, size_t size,
		     struct span body)
{
	return dictionary != NULL
		       ? ZSTD_decompress_usingDDict(reader, content, size, body.data, body.length, dictionary->reader)
		       : ZSTD_decompressDCtx(reader, content, size, body.data, body.length);
}

bool compressor_unpack(struct compressor *compressor, const struct dictionary *dictionary, enum encoding encoding,
		       struct span body, size_t size, struct arena *arena, struct span *ret_content, struct error *err)
{
	if (encoding == ENCODING_PLAIN && body.length != size) {
		return error_set(err, ERROR_FORMAT, "a stored payload is damaged; restore a copy of the store");
	}
	char *content = arena_allocate(arena, size + 1);
	if (content == NULL) {
		return error_set(err, ERROR_LIMIT, "no room for a stored payload of %zu bytes", size);
	}
	if (encoding == ENCODING_PLAIN) {
		copy(content, body);
	} else if (unpack(compressor->reader, dictionary, content, size, body) != size) {
		return error_set(err, ERROR_FORMAT, "a stored payload is damaged; restore a copy of the store");
	}
	*ret_content = (struct span){content, size};
	return true;
}

bool compressor_pack_text(struct compressor *compressor, struct span text, struct span *ret_packed, struct error *err)
{
	struct span body;
	enum encoding encoding;
	if (!compressor_pack(compressor, NULL, text, SPAN(""), &body, &encoding, err)) {
		return false;
	}
	char *start = encoding == ENCODING_ZSTD ? compressor->output : compressor->input;
	start[0] = (char)encoding;
	*ret_packed = (struct span){start, body.length + 1};
	return true;
}

bool compressor_unpack_text(struct compressor *compressor, struct span packed, struct arena *arena,
			    struct span *ret_text, struct error *err)
{
	unsigned long long size = packed.length - 1;
	int encoding = packed.length > 0 ? packed.data[0] : -1;
	if (encoding == ENCODING_ZSTD) {
		size = ZSTD_getFrameContentSize(packed.data + 1, packed.length - 1);
	}
	if ((encoding != ENCODING_PLAIN && encoding != ENCODING_ZSTD) || size >= ZSTD_CONTENTSIZE_ERROR) {
		return error_set(err, ERROR_FORMAT, "a stored reply is damaged; restore a copy of the store");
	}
	struct span body = {packed.data + 1, packed.length - 1};
	return compressor_unpack(compressor, NULL, (enum encoding)encoding, body, (size_t)size, arena, ret_text, err);
}
