/* Layer 1, private to evaluators/compatibility: one direction of a comparison.
 *
 * "Given" is the schema whose documents exist, "taking" the one that has to take them all. A function named takes_*
 * returns whether it does, and has recorded each reason why not. A check of a keyword is asked only about values of the
 * types that the keyword is about. */
#ifndef UNDERSTUDY_EVALUATORS_COMPATIBILITY_INTERNAL_H
#define UNDERSTUDY_EVALUATORS_COMPATIBILITY_INTERNAL_H

#include "evaluators/compatibility/compatibility.h"
#include "evaluators/reach/reach.h"

/* A question that is being answered, or was answered with yes. Asked again, further inside a document, it is taken for
 * true: documents are finite, so the answer rests on the steps between. */
struct assumed_pair {
	struct reach_case given;
	const struct json_node *taking;
};

struct comparison {
	struct reach *given;
	struct reach *taking;
	const char *given_name; /* "the old schema" */
	const char *taking_name;
	enum compatibility_mode direction;
	struct compatibility *result;
	struct arena *arena;
	struct buffer place;
	struct assumed_pair *assumed;
	size_t assumed_count;
	size_t failures; /* recorded, or met in trials */
	size_t questions;
	int trials;   /* above 0: only whether it holds is asked, and nothing is recorded */
	bool gave_up; /* too many questions, or too deep */
	bool failed;  /* no memory */
};

/* A value that keeps the case: does it keep the schema of `taking`? */
bool takes_case(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking);
bool takes_place(struct comparison *comparison, const struct reach_place *given, const struct json_node *taking);
/* The same without recording why not. */
bool takes_on_trial(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking);

/* Both return false. */
bool compatibility_break(struct comparison *comparison, const char *keyword, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool compatibility_undecided(struct comparison *comparison, const char *keyword, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* One step into the document; leave gives back what enter gave. */
size_t compatibility_enter(struct comparison *comparison, struct span token);
void compatibility_leave(struct comparison *comparison, size_t before);

/* A schema of the case has the same keyword with the same value, which rests on nothing outside itself. */
bool given_has_same(const struct comparison *comparison, const struct reach_case *given, const char *keyword,
		    const struct json_node *value);
bool given_requires(const struct reach_case *given, struct span name);
/* No member is possible but those that the case names. */
bool given_is_closed(const struct comparison *comparison, const struct reach_case *given);
bool has_reference(const struct json_node *schema);
bool has_name(const struct json_node *schema, const char *name); /* anywhere in it */

/* No value keeps both. */
bool excludes_schema(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking);

/* Checks of keywords; `value` is the keyword's in the schema `taking`. */
typedef bool keyword_check(struct comparison *comparison, const struct reach_case *given,
			   const struct json_node *taking, const struct json_node *value);
keyword_check takes_type, takes_enum, takes_const, takes_minimum, takes_exclusive_minimum, takes_maximum,
	takes_exclusive_maximum, takes_multiple, takes_min_length, takes_max_length, takes_pattern, takes_format;
keyword_check takes_required, takes_min_properties, takes_max_properties, takes_property_names,
	takes_dependent_required, takes_dependent_schemas, takes_unevaluated_properties;
keyword_check takes_min_items, takes_max_items, takes_unique, takes_contains, takes_unevaluated_items;
keyword_check takes_reference, takes_dynamic_reference, takes_recursive_reference, takes_all, takes_any, takes_one,
	takes_not, takes_if;
/* properties, patternProperties and additionalProperties; items in all forms. */
bool takes_members(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking);
bool takes_items(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking);

#endif
