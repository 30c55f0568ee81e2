/* What the tests of this program share: JSON documents from text and from the shared data. */
#ifndef UNDERSTUDY_TESTS_EVALUATORS_DOCUMENTS_H
#define UNDERSTUDY_TESTS_EVALUATORS_DOCUMENTS_H

#include "harness/base/json.h"

/* Parses or fails the test. Borrows the text. */
const struct json_node *document_parse(struct arena *arena, struct span text);
/* Fails the test where the file is there and is no JSON; NULL with a message where shared data is absent. */
const struct json_node *document_shared(struct arena *arena, const char *name);
/* The bytes of such a file, appended. False with a message where shared data is absent. */
bool document_shared_text(const char *name, struct buffer *ret_text);

#endif
