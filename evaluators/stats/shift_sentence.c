/* What a test of data drift says to people. */
#include "evaluators/stats/shift.h"

#include <math.h>
#include <stdio.h>

enum { SHARE_SIZE = 24 };

/* "2.1 %", "19 %". */
static const char *write_share(double share, char text[SHARE_SIZE])
{
	double percent = 100 * share;
	bool whole = percent >= 10 || percent <= 0;
	(void)snprintf(text, SHARE_SIZE, whole ? "%.0f %%" : "%.1f %%", percent);
	return text;
}

static const char *usual_type(const struct stats_shift_side *side)
{
	static const char *const names[SHIFT_TYPE_COUNT] = {"booleans", "numbers", "texts", "lists", "objects"};
	int usual = 0;
	for (int i = 1; i < SHIFT_TYPE_COUNT; i++) {
		usual = side->types[i] > side->types[usual] ? i : usual;
	}
	return names[usual];
}

static const char *describe_shares(const struct stats_shift_field *field, const struct stats_shift_test *test,
				   const char *noun, struct arena *arena)
{
	char before[SHARE_SIZE];
	char now[SHARE_SIZE];
	const char *moved = test->effect > 0 ? "rose" : "fell";
	write_share(test->reference_share, before);
	write_share(test->week_share, now);
	switch (test->check) {
	case CHECK_ABSENT:
		return arena_format(arena, "the share of %s without %s %s from %s to %s", noun, field->name, moved,
				    before, now);
	case CHECK_NULL:
		return arena_format(arena, "the share of %s in which %s is null %s from %s to %s", noun, field->name,
				    moved, before, now);
	case CHECK_TYPE:
		return arena_format(arena, "the share of %s among the values of %s %s from %s to %s",
				    usual_type(&field->reference), field->name, moved, before, now);
	case CHECK_NEW:
	case CHECK_VALUES:
	case CHECK_LENGTH:
	case CHECK_ITEMS:
	case CHECK_NUMBER:
	case PROFILE_CHECK_COUNT:
		break;
	}
	if (test->reference_share <= 0) {
		return arena_format(arena, "%s of the values of %s are new since the reference", now, field->name);
	}
	return arena_format(arena, "%s of the values of %s are new since the reference; %s were to be expected", now,
			    field->name, before);
}

/* Half of the values are in this bin or below. */
static int64_t median_bin(const struct stats_shift_bins *bins)
{
	double total = 0;
	double below = 0;
	for (size_t i = 0; i < bins->count; i++) {
		total += bins->counts[i];
	}
	for (size_t i = 0; i < bins->count; i++) {
		below += bins->counts[i];
		if (2 * below >= total) {
			return bins->bins[i];
		}
	}
	return 0;
}

static const char *describe_ordered(const struct stats_shift_field *field, const struct stats_shift_test *test,
				    struct arena *arena)
{
	const struct stats_shift_side *reference = &field->reference;
	const struct stats_shift_side *week = &field->week;
	bool numbers = test->check == CHECK_NUMBER;
	bool items = test->check == CHECK_ITEMS;
	const struct stats_shift_bins *before =
		numbers ? &reference->numbers : (items ? &reference->items : &reference->lengths);
	const struct stats_shift_bins *now = numbers ? &week->numbers : (items ? &week->items : &week->lengths);
	double (*value)(int64_t) = numbers ? stats_shift_number_of_bin : stats_shift_length_of_bin;
	const char *what = numbers ? "numbers" : (items ? "numbers of items" : "lengths");
	int64_t from = median_bin(before);
	int64_t to = median_bin(now);
	if (from == to) {
		return arena_format(arena, "the %s of %s are spread differently, about the same middle (distance %.2g)",
				    what, field->name, test->effect);
	}
	return arena_format(arena, "the middle of the %s of %s %s from about %.4g to about %.4g%s", what, field->name,
			    to > from ? "rose" : "fell", value(from), value(to),
			    test->check == CHECK_LENGTH ? " bytes" : "");
}

const char *stats_shift_sentence(const struct stats_shift_field *field, const struct stats_shift_test *test,
				 const char *noun, struct arena *arena)
{
	if (test->has_shares) {
		return describe_shares(field, test, noun, arena);
	}
	if (test->check == CHECK_VALUES) {
		return arena_format(arena, "the values of %s are not as frequent as before (Cramer's V %.2g)",
				    field->name, test->effect);
	}
	return describe_ordered(field, test, arena);
}
