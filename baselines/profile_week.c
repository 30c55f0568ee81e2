#include "baselines/profile_week.h"

#include "harness/base/json.h"

#include <math.h>
#include <stdlib.h>

/* Booleans among the values that are told apart; tokens of texts are not negative. */
enum { TRUE_VALUE = -1, FALSE_VALUE = -2 };

static bool no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "no memory for the profile of a week");
}

/* --- counts of one side of the comparison --- */

/* What was counted of all fields, in the order of fields, measures and bins. */
struct counts {
	struct store_profile_count *list;
	size_t count;
};

struct reading {
	struct arena *arena;
	struct counts reference;
	struct counts week;
	uint64_t documents[2];
	bool failed;
};

/* Those of one field, from *position on; both lists and fields are sorted by id. */
static struct counts counts_of(const struct counts *all, int64_t field, size_t *position)
{
	while (*position < all->count && all->list[*position].field < field) {
		(*position)++;
	}
	size_t first = *position;
	while (*position < all->count && all->list[*position].field == field) {
		(*position)++;
	}
	return (struct counts){all->list + first, *position - first};
}

static uint64_t sum_of(const struct counts *counts, enum profile_measure measure, int64_t bin)
{
	for (size_t i = 0; i < counts->count; i++) {
		if (counts->list[i].measure == measure && counts->list[i].bin == bin) {
			return (uint64_t)counts->list[i].count;
		}
	}
	return 0;
}

static uint64_t total_of(const struct counts *counts, enum profile_measure measure)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < counts->count; i++) {
		sum += counts->list[i].measure == measure ? (uint64_t)counts->list[i].count : 0;
	}
	return sum;
}

struct filling {
	int64_t *bins;
	double *counts;
	size_t count;
};

static bool begin_filling(struct reading *reading, size_t most, struct filling *filling)
{
	*filling = (struct filling){
		.bins = arena_allocate_array(reading->arena, most + 1, sizeof(int64_t)),
		.counts = arena_allocate_array(reading->arena, most + 1, sizeof(double)),
	};
	reading->failed = reading->failed || filling->bins == NULL || filling->counts == NULL;
	return !reading->failed;
}

static void fill(struct filling *filling, int64_t bin, uint64_t count)
{
	if (count > 0) {
		filling->bins[filling->count] = bin;
		filling->counts[filling->count++] = (double)count;
	}
}

static void fill_measure(struct filling *filling, const struct counts *counts, enum profile_measure measure)
{
	for (size_t i = 0; i < counts->count; i++) {
		if (counts->list[i].measure == measure) {
			fill(filling, counts->list[i].bin, (uint64_t)counts->list[i].count);
		}
	}
}

static struct stats_shift_bins bins_of(struct reading *reading, const struct counts *counts,
				       enum profile_measure measure)
{
	struct filling filling;
	if (!begin_filling(reading, counts->count, &filling)) {
		return (struct stats_shift_bins){0};
	}
	fill_measure(&filling, counts, measure);
	return (struct stats_shift_bins){filling.bins, filling.counts, filling.count};
}

/* Booleans, and the texts of a field that is not open. */
static struct stats_shift_bins values_of(struct reading *reading, const struct counts *counts, bool is_open)
{
	struct filling filling;
	if (!begin_filling(reading, counts->count + 2, &filling)) {
		return (struct stats_shift_bins){0};
	}
	fill(&filling, FALSE_VALUE, sum_of(counts, PROFILE_TYPE, JSON_FALSE));
	fill(&filling, TRUE_VALUE, sum_of(counts, PROFILE_TYPE, JSON_TRUE));
	if (!is_open) {
		fill_measure(&filling, counts, PROFILE_TEXT);
	}
	return (struct stats_shift_bins){filling.bins, filling.counts, filling.count};
}

/* Is one of its tokens a *? */
static bool has_star(const char *pointer)
{
	for (const char *found = strstr(pointer, "/*"); found != NULL; found = strstr(found + 1, "/*")) {
		if (found[2] == '\0' || found[2] == '/') {
			return true;
		}
	}
	return false;
}

static struct stats_shift_side side_of(struct reading *reading, const struct counts *counts, uint64_t documents,
				       const struct store_profile_field *field)
{
	bool starred = has_star(field->pointer);
	struct stats_shift_side side = {
		.documents = documents,
		.types = {[SHIFT_BOOLEANS] =
				  sum_of(counts, PROFILE_TYPE, JSON_TRUE) + sum_of(counts, PROFILE_TYPE, JSON_FALSE),
			  [SHIFT_NUMBERS] =
				  total_of(counts, PROFILE_NUMBER) + sum_of(counts, PROFILE_TYPE, JSON_NUMBER),
			  [SHIFT_TEXTS] = total_of(counts, PROFILE_TEXT) + total_of(counts, PROFILE_LENGTH),
			  [SHIFT_LISTS] = total_of(counts, PROFILE_ITEMS),
			  [SHIFT_OBJECTS] = sum_of(counts, PROFILE_TYPE, JSON_OBJECT)},
		.values = values_of(reading, counts, field->is_open),
		.lengths = bins_of(reading, counts, PROFILE_LENGTH),
		.items = bins_of(reading, counts, PROFILE_ITEMS),
		.numbers = bins_of(reading, counts, PROFILE_NUMBER),
	};
	if (starred) {
		side.with = sum_of(counts, PROFILE_PRESENCE, 0);
		side.with_null = sum_of(counts, PROFILE_PRESENCE, 1);
		return side;
	}
	side.with_null = sum_of(counts, PROFILE_TYPE, JSON_NULL);
	for (int i = 0; i < SHIFT_TYPE_COUNT; i++) {
		side.with += side.types[i];
	}
	return side;
}

/* --- fields --- */

/* Is `pointer` below `map`? *ret_rest: from the "/" behind it on. */
static bool is_below(const char *map, const char *pointer, const char **ret_rest)
{
	size_t length = strlen(map);
	*ret_rest = pointer + length;
	return strncmp(map, pointer, length) == 0 && pointer[length] == '/';
}

/* Below a map only what stands for all its members counts; *ret_any_name: it is such a one. */
static bool is_counted(const struct store_profile_field *fields, size_t count, const struct store_profile_field *field,
		       bool *ret_any_name)
{
	const char *rest;
	*ret_any_name = false;
	for (size_t i = 0; i < count; i++) {
		if (!fields[i].is_map || !is_below(fields[i].pointer, field->pointer, &rest)) {
			continue;
		}
		if (rest[1] != '*' || (rest[2] != '\0' && rest[2] != '/')) {
			return false;
		}
		*ret_any_name = true;
	}
	return true;
}

static size_t count_texts(const struct counts *counts)
{
	size_t texts = 0;
	for (size_t i = 0; i < counts->count; i++) {
		texts += counts->list[i].measure == PROFILE_TEXT;
	}
	return texts;
}

static void read_field(struct reading *reading, const struct store_profile_field *field, bool any_name,
		       const struct counts *reference, const struct counts *week, struct profile_field_week *ret_field)
{
	*ret_field = (struct profile_field_week){
		.field = field->id,
		.pointer = field->pointer,
		.is_open = field->is_open,
		.texts = count_texts(week),
		.counts = {.name = field->pointer[0] != '\0' ? field->pointer : "the document", .any_name = any_name},
	};
	ret_field->counts.reference = side_of(reading, reference, reading->documents[0], field);
	ret_field->counts.week = side_of(reading, week, reading->documents[1], field);
}

static int by_pointer(const void *a, const void *b)
{
	return strcmp(((const struct profile_field_week *)a)->pointer, ((const struct profile_field_week *)b)->pointer);
}

/* The root has a row whatever it is. */
static void count_documents(struct reading *reading, const struct store_profile_field *fields, size_t count,
			    struct profile_week *week)
{
	size_t places[2] = {0, 0};
	for (size_t i = 0; i < count; i++) {
		if (fields[i].pointer[0] != '\0') {
			continue;
		}
		struct counts sides[2] = {counts_of(&reading->reference, fields[i].id, &places[0]),
					  counts_of(&reading->week, fields[i].id, &places[1])};
		for (int k = 0; k < 2; k++) {
			for (size_t n = 0; n < sides[k].count; n++) {
				bool counts = sides[k].list[n].measure != PROFILE_LEFT_OUT;
				reading->documents[k] += counts ? (uint64_t)sides[k].list[n].count : 0;
			}
		}
		week->left_out = total_of(&sides[1], PROFILE_LEFT_OUT);
	}
	week->messages = reading->documents[1];
}

static bool read_fields(struct reading *reading, const struct store_profile_field *fields, size_t count,
			struct profile_week *week, struct error *err)
{
	size_t places[2] = {0, 0};
	week->fields = arena_allocate_array(reading->arena, count + 1, sizeof(*week->fields));
	if (week->fields == NULL) {
		return no_memory(err);
	}
	count_documents(reading, fields, count, week);
	for (size_t i = 0; i < count; i++) {
		bool any_name = false;
		struct counts reference = counts_of(&reading->reference, fields[i].id, &places[0]);
		struct counts now = counts_of(&reading->week, fields[i].id, &places[1]);
		if (reference.count + now.count > 0 && is_counted(fields, count, &fields[i], &any_name)) {
			read_field(reading, &fields[i], any_name, &reference, &now, &week->fields[week->field_count++]);
		}
	}
	if (reading->failed) {
		return no_memory(err);
	}
	qsort(week->fields, week->field_count, sizeof(*week->fields), by_pointer);
	return true;
}

/* --- tests --- */

static int by_importance(const void *a, const void *b)
{
	const struct stats_shift_test *first = a;
	const struct stats_shift_test *second = b;
	if (first->found != second->found) {
		return first->found ? -1 : 1;
	}
	double left = fabs(first->effect);
	double right = fabs(second->effect);
	if (left < right || left > right) {
		return left > right ? -1 : 1;
	}
	if (first->field != second->field) {
		return first->field < second->field ? -1 : 1;
	}
	return (first->check > second->check) - (first->check < second->check);
}

static bool test_fields(struct reading *reading, int64_t side, struct profile_week *week, struct error *err)
{
	struct stats_shift_field *fields = arena_allocate_array(reading->arena, week->field_count + 1, sizeof(*fields));
	if (fields == NULL) {
		return no_memory(err);
	}
	for (size_t i = 0; i < week->field_count; i++) {
		fields[i] = week->fields[i].counts;
	}
	const char *noun = side == PROFILE_MESSAGE ? "messages" : "replies";
	if (!stats_shift_test(fields, week->field_count, noun, reading->arena, &week->tests, &week->test_count, err)) {
		return false;
	}
	for (size_t i = 0; i < week->test_count; i++) {
		week->found_count += week->tests[i].found;
		week->fields[week->tests[i].field].found_count += week->tests[i].found;
	}
	qsort(week->tests, week->test_count, sizeof(*week->tests), by_importance);
	return true;
}

bool profile_week_read(struct store *store, int64_t interface_id, int64_t side, int32_t week, struct arena *arena,
		       struct profile_week *ret_week, struct error *err)
{
	struct profile_week result = {.week = week};
	struct reading reading = {.arena = arena};
	struct store_profile_field *fields = NULL;
	size_t count = 0;
	if (!store_profile_reference(store, interface_id, side, arena, &result.reference, err) ||
	    !store_profile_fields(store, interface_id, side, arena, &fields, &count, err) ||
	    !store_profile_counts(store, interface_id, side, week, 0, arena, &reading.week.list, &reading.week.count,
				  err)) {
		return false;
	}
	if (result.reference.id != 0 && !store_profile_counts(store, interface_id, side, 0, result.reference.id, arena,
							      &reading.reference.list, &reading.reference.count, err)) {
		return false;
	}
	if (result.reference.id != 0 &&
	    !store_profile_reference_check(store, result.reference.id, &result.is_intact, err)) {
		return false;
	}
	if (!read_fields(&reading, fields, count, &result, err) ||
	    (result.is_intact && !test_fields(&reading, side, &result, err))) {
		return false;
	}
	*ret_week = result;
	return true;
}
