/* Layer 2. Structured output: which parts of a JSON Schema a provider cannot hold a model to while it writes.
 *
 * The subset is that of OpenAI's "strict": true (https://platform.openai.com/docs/guides/structured-outputs, supported
 * schemas): the root is an object; every object lists all its properties as required and allows no others; at most ten
 * levels; a list of keywords and of formats. A schema with a gap is sent without "strict", and the reply is checked by
 * us alone. */
#ifndef UNDERSTUDY_CONTRACT_STRICT_OUTPUT_H
#define UNDERSTUDY_CONTRACT_STRICT_OUTPUT_H

#include "harness/base/json.h"

struct strict_gap {
	const struct json_node *schema; /* the part of the document */
	struct span subject;  /* the keyword or property that is meant; borrowed from the document; may be empty */
	const char *sentence; /* what stands behind the subject: "is not among the keywords"; static */
};

/* Writes the first `maximum` gaps, in order of the document, and returns how many there are: 0 for a schema that strict
 * output enforces as a whole. `gaps` may be NULL with maximum 0. */
size_t strict_output_gaps(const struct json_node *schema, struct strict_gap *gaps, size_t maximum);

#endif
