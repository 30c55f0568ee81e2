/* Layer 1. The formats of JSON Schema's "format" keyword that are told from the text alone. */
#ifndef UNDERSTUDY_EVALUATORS_FORMAT_FORMAT_H
#define UNDERSTUDY_EVALUATORS_FORMAT_FORMAT_H

#include "harness/base/bytes.h"

struct format;

/* NULL: a format that is not known, which stays an annotation. */
const struct format *format_find(struct span name);
/* Whether a string has the format. */
bool format_matches(const struct format *format, struct span text);

#endif
