#include "tests/base/json_checks.h"

#include <check.h>
#include <stdlib.h>

const struct json_node *json_parse_copy(struct arena *arena, struct span text, const struct json_limits *limits,
					char **ret_copy, struct error *err)
{
	const struct json_node *root = NULL;
	*ret_copy = malloc(text.length > 0 ? text.length : 1);
	ck_assert_ptr_nonnull(*ret_copy);
	if (text.length > 0) {
		memcpy(*ret_copy, text.data, text.length);
	}
	bool parsed = json_parse(arena, (struct span){*ret_copy, text.length}, limits, &root, err);
	ck_assert(parsed == (root != NULL));
	return root;
}

void json_check_round_trip(const struct json_node *root)
{
	struct arena arena = ARENA_INIT(ARENA_MAXIMUM);
	struct buffer written = BUFFER_INIT(ARENA_MAXIMUM);
	struct buffer again = BUFFER_INIT(ARENA_MAXIMUM);
	const struct json_node *reread = NULL;
	struct error err = ERROR_INIT;
	json_write(&written, root);
	ck_assert_msg(json_parse(&arena, buffer_span(&written), NULL, &reread, &err), "%s", err.message);
	ck_assert(json_equal(root, reread));
	ck_assert_uint_eq(root->span, reread->span);
	json_write(&again, reread);
	ck_assert(span_equal(buffer_span(&written), buffer_span(&again)));

	buffer_clear(&written);
	buffer_clear(&again);
	json_write_canonical(&written, root);
	ck_assert_msg(json_parse(&arena, buffer_span(&written), NULL, &reread, &err), "%s", err.message);
	ck_assert(json_equal(root, reread));
	json_write_canonical(&again, reread);
	ck_assert(span_equal(buffer_span(&written), buffer_span(&again)));
	arena_finish(&arena);
	buffer_finish(&written);
	buffer_finish(&again);
}
