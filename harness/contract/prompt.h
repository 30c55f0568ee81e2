/* Layer 2. Prompt templates: {{/json/pointer}} is replaced by a value of the message. */
#ifndef UNDERSTUDY_CONTRACT_PROMPT_H
#define UNDERSTUDY_CONTRACT_PROMPT_H

#include "evaluators/select/select.h"
#include "harness/base/json.h"

/* Fills {{/json/pointer}} in the template with values of the message: strings raw, other values as JSON; absent: empty.
 * A "}}" or line break in a value cannot leave its place: in values, control characters but tab become spaces and "{{"
 * loses a brace. */
MUST_CHECK bool prompt_fill(struct span template_text, const struct json_node *message, struct buffer *ret_prompt,
			    struct error *err);
/* The pointers used in a template, in the arena. ERROR_CONFIG for a broken one, with its position. */
MUST_CHECK bool prompt_pointers(struct span template_text, struct arena *arena, struct select_path **ret_pointers,
				size_t *ret_count, struct error *err);

#endif
