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

static char *read_all(FILE *file, struct arena *arena, size_t *ret_length)
{
	ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
	long size = ftell(file);
	ck_assert_int_ge(size, 0);
	rewind(file);
	char *text = arena_allocate(arena, (size_t)size + 1);
	ck_assert_ptr_nonnull(text);
	*ret_length = fread(text, 1, (size_t)size, file);
	ck_assert_uint_eq(*ret_length, (size_t)size);
	return text;
}

const struct json_node *document_shared(struct arena *arena, const char *name)
{
	const char *folder = getenv("UNDERSTUDY_SHARED");
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", folder != NULL ? folder : "../shared", name);
	FILE *file = fopen(path, "rb");
	if (file == NULL) {
		printf("skipped: no %s\n", path);
		return NULL;
	}
	size_t length = 0;
	char *text = read_all(file, arena, &length);
	fclose(file);
	return document_parse(arena, (struct span){text, length});
}
