/* Layer 1, private to evaluators/select: the two grammars, text to steps. */
#ifndef UNDERSTUDY_EVALUATORS_PATH_PARSER_H
#define UNDERSTUDY_EVALUATORS_PATH_PARSER_H

#include "evaluators/select/select.h"

/* RFC 6901. The text is empty or starts with "/". */
MUST_CHECK bool select_parse_pointer(struct span text, struct arena *arena, struct select_path *ret_path,
				     struct error *err);
/* RFC 9535 section 2, singular queries. The text starts with "$". */
MUST_CHECK bool select_parse_jsonpath(struct span text, struct arena *arena, struct select_path *ret_path,
				      struct error *err);

#endif
