/* What several suites check of JSON documents. */
#ifndef UNDERSTUDY_TESTS_BASE_JSON_CHECKS_H
#define UNDERSTUDY_TESTS_BASE_JSON_CHECKS_H

#include "harness/base/json.h"

enum { ARENA_MAXIMUM = 64 * 1024 * 1024 };

/* Parses a copy of exactly the text's size, so that a sanitizer sees a read past its end; NULL with err set. The
 * caller frees *ret_copy when done with the document. */
const struct json_node *json_parse_copy(struct arena *arena, struct span text, const struct json_limits *limits,
					char **ret_copy, struct error *err);
/* Fails the running test unless the document survives writing and reading again, plain and in canonical form. */
void json_check_round_trip(const struct json_node *root);

#endif
