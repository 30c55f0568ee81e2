/* Layer 3, private to harness/document. A comparison rule (evaluators/compare/compare.h) in a table's two cells, and in
 * plain words. */
#ifndef UNDERSTUDY_DOCUMENT_RULE_TEXT_H
#define UNDERSTUDY_DOCUMENT_RULE_TEXT_H

#include "evaluators/compare/compare.h"
#include "harness/document/wording.h"

/* The options as in the cell: "abs: 0.005, strings: true"; "" for none. `rule` as in contract_field. */
const char *rule_options(struct wording *wording, const struct json_node *rule);
/* "numbers may differ by 0.005". Comparators this does not know are told by their own sentence and their options. */
const char *rule_in_words(struct wording *wording, const struct field_comparator *comparator,
			  const struct json_node *rule);
/* The rule that two cells name, checked by evaluator_compile. `options` is the inside of a YAML mapping; for `number` a
 * bare number N is short for "abs: N", and "N %" for "rel: N/100". The rule lives in the arena.
 * ERROR_CONFIG or ERROR_FORMAT. */
MUST_CHECK bool rule_read(struct span name, struct span options, struct arena *arena, const struct json_node **ret_rule,
			  struct error *err);

#endif
