/* Two schemas that no value keeps both. */
#include "evaluators/compatibility/internal.h"

enum { DEPTH_MAX = 4 };

static bool excludes_places(struct comparison *comparison, const struct reach_place *given,
			    const struct reach_place *taking, int depth);

static bool excludes_values(const struct reach_values *given, const struct reach_values *taking)
{
	for (size_t i = 0; i < given->count; i++) {
		for (size_t k = 0; k < taking->count; k++) {
			if (json_equal(given->list[i], taking->list[k])) {
				return false;
			}
		}
	}
	return true;
}

/* A member that both must have and that cannot be the same, or that one must have and the other cannot. */
static bool excludes_member(struct comparison *comparison, const struct reach_case *given,
			    const struct reach_case *taking, struct span name, int depth)
{
	struct reach_place one = reach_case_member(comparison->given, given, name);
	struct reach_place other = reach_case_member(comparison->taking, taking, name);
	bool one_needs = given_requires(given, name);
	bool other_needs = given_requires(taking, name);
	if ((one_needs && other.presence == REACH_IMPOSSIBLE) || (other_needs && one.presence == REACH_IMPOSSIBLE)) {
		return true;
	}
	return one_needs && other_needs && depth < DEPTH_MAX && excludes_places(comparison, &one, &other, depth + 1);
}

static bool excludes_objects(struct comparison *comparison, const struct reach_case *given,
			     const struct reach_case *taking, int depth)
{
	struct reach_names names = reach_case_names(comparison->given, given);
	struct reach_names others = reach_case_names(comparison->taking, taking);
	for (size_t i = 0; i < names.count; i++) {
		if (excludes_member(comparison, given, taking, names.list[i], depth)) {
			return true;
		}
	}
	for (size_t i = 0; i < others.count; i++) {
		if (excludes_member(comparison, given, taking, others.list[i], depth)) {
			return true;
		}
	}
	return false;
}

static bool excludes_cases(struct comparison *comparison, const struct reach_case *given,
			   const struct reach_case *taking, int depth)
{
	struct reach_values values;
	struct reach_values others;
	unsigned common = reach_case_types(given) & reach_case_types(taking);
	if (common == 0) {
		return true;
	}
	if (reach_case_values(comparison->given, given, &values) &&
	    reach_case_values(comparison->taking, taking, &others)) {
		return excludes_values(&values, &others);
	}
	return common == REACH_OBJECT && excludes_objects(comparison, given, taking, depth);
}

static bool excludes_places(struct comparison *comparison, const struct reach_place *given,
			    const struct reach_place *taking, int depth)
{
	for (size_t i = 0; i < given->count; i++) {
		for (size_t k = 0; k < taking->count; k++) {
			if (!excludes_cases(comparison, &given->cases[i], &taking->cases[k], depth)) {
				return false;
			}
		}
	}
	return true;
}

bool excludes_schema(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking)
{
	struct reach_case copy = *given;
	struct reach_place one = {.presence = REACH_REQUIRED, .cases = &copy, .count = 1};
	struct reach_place other = reach_expand(comparison->taking, taking);
	return excludes_places(comparison, &one, &other, 0);
}
