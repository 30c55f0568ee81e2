/* Layer 1, private to evaluators/compare: the evaluators and what they share. */
#ifndef UNDERSTUDY_EVALUATORS_EVALUATORS_H
#define UNDERSTUDY_EVALUATORS_EVALUATORS_H

#include "evaluators/compare/compare.h"

extern const struct evaluator evaluator_exact;
extern const struct evaluator evaluator_ignore;
extern const struct evaluator evaluator_number;
extern const struct evaluator evaluator_text;

/* For evaluators without options: refuses any. */
bool evaluator_refuse_options(const struct json_node *options, const struct field_comparator *comparator,
			      struct error *err);

#endif
