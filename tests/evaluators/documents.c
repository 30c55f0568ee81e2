#include "documents.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

const struct json_node *document_parse(struct arena *arena, struct span text)
{
	struct error err = ERROR_INIT;
	const struct json_node *root = NULL;
	ck_assert_msg(json_parse(arena, text, NULL, &root, &err), "%s in %.*s", err.message,
		      (int)(text.length < 300 ? text.length : 300), text.data);
	return root;
}

bool document_shared_text(const char *name, struct buffer *ret_text)
{
	const char *folder = getenv("UNDERSTUDY_SHARED");
	char path[512];
	char piece[65536];
	size_t length;
	snprintf(path, sizeof(path), "%s/%s", folder != NULL ? folder : "../shared", name);
	FILE *file = fopen(path, "rb");
	if (file == NULL) {
		printf("skipped: no %s\n", path);
		return false;
	}
	while ((length = fread(piece, 1, sizeof(piece), file)) > 0) {
		buffer_append(ret_text, piece, length);
	}
	ck_assert_int_eq(ferror(file), 0);
	fclose(file);
	ck_assert(!ret_text->failed);
	return true;
}

const struct json_node *document_shared(struct arena *arena, const char *name)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT((size_t)1 << 30);
	if (!document_shared_text(name, &text)) {
		return NULL;
	}
	char *copy = arena_copy(arena, buffer_span(&text));
	ck_assert_ptr_nonnull(copy);
	return document_parse(arena, (struct span){copy, text.length});
}
