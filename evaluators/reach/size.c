/* How long the JSON text of a value can be. */
#include "evaluators/reach/internal.h"

#include "harness/base/text.h"

enum {
	NUMBER_MOST = 24, /* as JavaScript writes a double at its longest */
	PLACES_DEEP_MAX = 32,
	SIZES_MAX = 4096, /* places looked at for one answer */
	TEXT_MAX = 1 << 16,
};

struct measure {
	struct reach *reach;
	struct buffer place; /* JSON Pointer of the value being measured */
	size_t count;
	struct reach_size size; /* `unbounded` and `reason` of the first place without a bound */
};

static uint64_t add_up(uint64_t a, uint64_t b)
{
	return a > REACH_UNBOUNDED - b ? REACH_UNBOUNDED : a + b;
}

static uint64_t times(uint64_t a, uint64_t b)
{
	return b != 0 && a > REACH_UNBOUNDED / b ? REACH_UNBOUNDED : a * b;
}

struct range {
	uint64_t least;
	uint64_t most;
};

static struct range measure_place(struct measure *measure, const struct reach_place *place, int depth);

static uint64_t without_bound(struct measure *measure, const char *reason)
{
	if (measure->size.unbounded == NULL && !measure->place.failed) {
		measure->size.unbounded = arena_copy(measure->reach->arena, buffer_span(&measure->place));
		measure->size.reason = reason;
		measure->reach->failed = measure->reach->failed || measure->size.unbounded == NULL;
	}
	return REACH_UNBOUNDED;
}

static uint64_t count_of(const struct json_node *number, uint64_t fallback)
{
	uint64_t count;
	return reach_count(number, &count) ? count : fallback;
}

/* --- strings --- */

static uint64_t format_length(struct span format)
{
	static const struct {
		const char *name;
		uint64_t most;
	} rows[] = {{"date", 10}, {"date-time", 40}, {"time", 30}, {"uuid", 36}, {"ipv4", 15}, {"ipv6", 45}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (span_is(format, rows[i].name)) {
			return rows[i].most;
		}
	}
	return REACH_UNBOUNDED;
}

static struct range measure_string(struct measure *measure, const struct reach_case *one)
{
	struct range range = {count_of(reach_greatest(one, "minLength"), 0),
			      count_of(reach_least(one, "maxLength"), REACH_UNBOUNDED)};
	for (size_t i = 0; i < one->count; i++) {
		uint64_t pattern;
		uint64_t format = format_length(json_text(json_get_text(one->schemas[i], "format")));
		range.most = format < range.most ? format : range.most;
		if (reach_pattern_length(json_text(json_get_text(one->schemas[i], "pattern")), &pattern) &&
		    pattern < range.most) {
			range.most = pattern;
		}
	}
	range.most = range.most == REACH_UNBOUNDED ? without_bound(measure, "has no maxLength") : range.most;
	return (struct range){add_up(range.least, 2), add_up(range.most, 2)};
}

/* --- arrays and objects --- */

static struct range measure_inside(struct measure *measure, const struct reach_place *place, struct span token,
				   int depth)
{
	size_t before = measure->place.length;
	select_append_token(&measure->place, token);
	struct range range = measure_place(measure, place, depth + 1);
	if (!measure->place.failed) {
		measure->place.length = before;
		measure->place.data[before] = '\0';
	}
	return range;
}

/* Of n parts with a comma each, behind the two brackets. */
static struct range without_last_comma(struct range range)
{
	range.least -= range.least > 2;
	range.most -= range.most > 2 && range.most != REACH_UNBOUNDED;
	return range;
}

static struct range measure_array(struct measure *measure, const struct reach_case *one, int depth)
{
	uint64_t least_count = count_of(reach_greatest(one, "minItems"), 0);
	uint64_t most_count = count_of(reach_least(one, "maxItems"), REACH_UNBOUNDED);
	size_t prefix = reach_prefix_count(measure->reach, one);
	struct range range = {2, 2};
	for (size_t i = 0; i < prefix && i < most_count; i++) {
		struct reach_place item = reach_case_item(measure->reach, one, i);
		struct range inside = measure_inside(measure, &item, SPAN("*"), depth);
		range.least = i < least_count ? add_up(range.least, add_up(inside.least, 1)) : range.least;
		range.most = add_up(range.most, add_up(inside.most, 1));
	}
	struct reach_place rest = reach_case_item(measure->reach, one, prefix);
	if (rest.presence == REACH_IMPOSSIBLE) {
		return without_last_comma(range);
	}
	if (most_count == REACH_UNBOUNDED) {
		range.most = without_bound(measure, "has no maxItems");
		rest.presence = REACH_DECLARED;
	}
	struct range inside = measure_inside(measure, &rest, SPAN("*"), depth);
	uint64_t more_least = least_count > prefix ? least_count - prefix : 0;
	uint64_t more_most = most_count > prefix ? most_count - prefix : 0;
	range.least = add_up(range.least, times(more_least, add_up(inside.least, 1)));
	range.most = add_up(range.most, times(more_most, add_up(inside.most, 1)));
	return without_last_comma(range);
}

static struct range measure_object(struct measure *measure, const struct reach_case *one, int depth)
{
	struct reach_names names = reach_case_names(measure->reach, one);
	struct range range = {2, 2};
	for (size_t i = 0; i < names.count; i++) {
		struct reach_place member = reach_case_member(measure->reach, one, names.list[i]);
		if (member.presence == REACH_IMPOSSIBLE) {
			continue;
		}
		struct range inside = measure_inside(measure, &member, names.list[i], depth);
		uint64_t around = names.list[i].length + 4; /* quotes, colon, comma */
		bool there = member.presence == REACH_REQUIRED;
		range.least = there ? add_up(range.least, add_up(inside.least, around)) : range.least;
		range.most = add_up(range.most, add_up(inside.most, around));
	}
	return without_last_comma(range);
}

/* --- values --- */

static struct range measure_values(struct measure *measure, const struct reach_values *values)
{
	struct range range = {values->count > 0 ? REACH_UNBOUNDED : 0, 0};
	for (size_t i = 0; i < values->count; i++) {
		struct buffer text CLEANUP_BUFFER = BUFFER_INIT(TEXT_MAX);
		json_write(&text, values->list[i]);
		uint64_t length = text.failed ? TEXT_MAX : text.length;
		range.least = length < range.least ? length : range.least;
		range.most = length > range.most ? length : range.most;
	}
	measure->count += values->count;
	return range;
}

static struct range widen(struct range a, struct range b)
{
	return (struct range){a.least < b.least ? a.least : b.least, a.most > b.most ? a.most : b.most};
}

static struct range measure_case(struct measure *measure, const struct reach_case *one, int depth)
{
	struct range range = {REACH_UNBOUNDED, 0};
	struct reach_values values;
	unsigned types = reach_case_types(one);
	if (reach_case_values(measure->reach, one, &values)) {
		return measure_values(measure, &values);
	}
	if (types == REACH_ANY) {
		return (struct range){1, without_bound(measure, "may be of any type")};
	}
	range = (types & (REACH_NULL | REACH_BOOLEAN)) != 0 ? widen(range, (struct range){4, 5}) : range;
	range = (types & REACH_NUMBER) != 0 ? widen(range, (struct range){1, NUMBER_MOST}) : range;
	range = (types & REACH_STRING) != 0 ? widen(range, measure_string(measure, one)) : range;
	range = (types & REACH_ARRAY) != 0 ? widen(range, measure_array(measure, one, depth)) : range;
	return (types & REACH_OBJECT) != 0 ? widen(range, measure_object(measure, one, depth)) : range;
}

static struct range measure_place(struct measure *measure, const struct reach_place *place, int depth)
{
	struct range range = {REACH_UNBOUNDED, 0};
	if (depth > PLACES_DEEP_MAX || ++measure->count > SIZES_MAX) {
		return (struct range){1, without_bound(measure, "may hold itself, or is too deep to measure")};
	}
	for (size_t i = 0; i < place->count; i++) {
		range = widen(range, measure_case(measure, &place->cases[i], depth));
	}
	return place->count > 0 ? range : (struct range){0, 0};
}

struct reach_size reach_size_of(struct reach *reach, const struct reach_place *place)
{
	struct measure measure = {.reach = reach, .place = BUFFER_INIT(TEXT_MAX)};
	struct range range = measure_place(&measure, place, 0);
	measure.size.least = range.least;
	measure.size.most = range.most;
	buffer_finish(&measure.place);
	return measure.size;
}
