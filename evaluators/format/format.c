/* No format is known yet: every "format" but "regex" stays an annotation. */
#include "evaluators/format/format.h"

const struct format *format_find(struct span name)
{
	(void)name;
	return NULL;
}

bool format_matches(const struct format *format, struct span text)
{
	(void)text;
	return format != NULL;
}
