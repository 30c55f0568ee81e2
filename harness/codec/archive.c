#include "harness/codec/archive.h"

#include <minizip/unzip.h>
#include <stdlib.h>

enum { PIECE_SIZE = 64 * 1024, FLAG_ENCRYPTED = 1, IGNORE_CASE = 2 };

struct archive {
	struct span bytes;
	size_t position; /* minizip's, from 0 to bytes.length */
	bool fell_short; /* the last read met the end: without that, minizip takes what is missing for zeros */
	unzFile zip;
};

/* --- the file that minizip reads, which is memory --- */

static voidpf open_memory(voidpf opaque, const void *name, int mode)
{
	(void)mode;
	(void)name;
	return opaque;
}

static uLong read_memory(voidpf opaque, voidpf stream, void *target, uLong size)
{
	(void)stream;
	struct archive *archive = opaque;
	size_t left = archive->bytes.length - archive->position;
	size_t taken = size < left ? size : left;
	memcpy(target, archive->bytes.data + archive->position, taken);
	archive->position += taken;
	archive->fell_short = taken < size;
	return taken;
}

static uLong write_nothing(voidpf opaque, voidpf stream, const void *source, uLong size)
{
	(void)opaque;
	(void)stream;
	(void)source;
	(void)size;
	return 0;
}

static ZPOS64_T tell_memory(voidpf opaque, voidpf stream)
{
	(void)stream;
	const struct archive *archive = opaque;
	return archive->position;
}

static long seek_memory(voidpf opaque, voidpf stream, ZPOS64_T offset, int origin)
{
	(void)stream;
	struct archive *archive = opaque;
	size_t base = origin == ZLIB_FILEFUNC_SEEK_SET   ? 0
		      : origin == ZLIB_FILEFUNC_SEEK_CUR ? archive->position
							 : archive->bytes.length;
	if (offset > archive->bytes.length - base) {
		return -1;
	}
	archive->position = base + (size_t)offset;
	return 0;
}

static int close_memory(voidpf opaque, voidpf stream)
{
	(void)opaque;
	(void)stream;
	return 0;
}

static int error_of_memory(voidpf opaque, voidpf stream)
{
	(void)stream;
	const struct archive *archive = opaque;
	return archive->fell_short;
}

struct archive *archive_open(struct span bytes, struct error *err)
{
	struct archive *archive = calloc(1, sizeof(*archive));
	if (archive == NULL) {
		error_set(err, ERROR_MEMORY, "no memory to open a ZIP file");
		return NULL;
	}
	archive->bytes = bytes.length > 0 ? bytes : SPAN("");
	zlib_filefunc64_def functions = {
		.zopen64_file = open_memory,
		.zread_file = read_memory,
		.zwrite_file = write_nothing,
		.ztell64_file = tell_memory,
		.zseek64_file = seek_memory,
		.zclose_file = close_memory,
		.zerror_file = error_of_memory,
		.opaque = archive,
	};
	archive->zip = unzOpen2_64("", &functions);
	if (archive->zip == NULL) {
		error_set(err, ERROR_FORMAT, "this is no ZIP file, or its end is missing; get the whole file");
		archive_close(archive);
		return NULL;
	}
	return archive;
}

void archive_close(struct archive *archive)
{
	if (archive != NULL && archive->zip != NULL) {
		unzClose(archive->zip);
	}
	free(archive);
}

bool archive_has(struct archive *archive, const char *name)
{
	return unzLocateFile(archive->zip, name, IGNORE_CASE) == UNZ_OK;
}

static bool inflate_part(struct archive *archive, const char *name, size_t maximum,
			 bool (*take)(void *context, struct span piece), void *context, struct error *err)
{
	char *piece = malloc(PIECE_SIZE);
	if (piece == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory to read \"%s\"", name);
	}
	size_t total = 0;
	bool good = true;
	int length = 1;
	while (good && length > 0) {
		length = unzReadCurrentFile(archive->zip, piece, PIECE_SIZE);
		total += length > 0 ? (size_t)length : 0;
		if (length < 0) {
			good = error_set(err, ERROR_FORMAT, "the part \"%s\" is damaged; get the file again", name);
		} else if (total > maximum) {
			good = error_set(err, ERROR_LIMIT, "the part \"%s\" is larger than %zu bytes", name, maximum);
		} else if (length > 0) {
			good = take(context, (struct span){piece, (size_t)length});
		}
	}
	free(piece);
	return good;
}

bool archive_read(struct archive *archive, const char *name, size_t maximum,
		  bool (*take)(void *context, struct span piece), void *context, struct error *err)
{
	if (!archive_has(archive, name)) {
		return error_set(err, ERROR_MISSING, "the file has no part \"%s\"", name);
	}
	unz_file_info64 information;
	if (unzGetCurrentFileInfo64(archive->zip, &information, NULL, 0, NULL, 0, NULL, 0) != UNZ_OK) {
		return error_set(err, ERROR_FORMAT, "the part \"%s\" is damaged; get the file again", name);
	}
	if ((information.flag & FLAG_ENCRYPTED) != 0) {
		return error_set(err, ERROR_FORMAT, "the part \"%s\" is encrypted; save the file without a password",
				 name);
	}
	if (unzOpenCurrentFile(archive->zip) != UNZ_OK) {
		return error_set(err, ERROR_FORMAT, "the part \"%s\" is damaged; get the file again", name);
	}
	bool good = inflate_part(archive, name, maximum, take, context, err);
	if (unzCloseCurrentFile(archive->zip) == UNZ_CRCERROR && good) {
		return error_set(err, ERROR_FORMAT, "the part \"%s\" does not match its checksum; get the file again",
				 name);
	}
	return good;
}
