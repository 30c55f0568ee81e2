#include "evaluators/compatibility/internal.h"

#include "harness/base/text.h"

#include <stdarg.h>
#include <stdio.h>

enum { ASSUMED_MAX = 5000, QUESTIONS_MAX = 50000, PLACE_MAX = 4096, PLACE_SHOWN_MAX = 200 };

const char *compatibility_name(enum compatibility_mode mode)
{
	static const char *const names[] = {"NONE", "BACKWARD", "FORWARD", "FULL"};
	return names[mode];
}

/* --- keywords --- */

struct keyword_row {
	const char *name;
	unsigned types; /* that it says something about */
	keyword_check *check;
};

static const struct keyword_row keywords[] = {
	{"type", REACH_ANY, takes_type},
	{"enum", REACH_ANY, takes_enum},
	{"const", REACH_ANY, takes_const},
	{"$ref", REACH_ANY, takes_reference},
	{"$dynamicRef", REACH_ANY, takes_dynamic_reference},
	{"$recursiveRef", REACH_ANY, takes_recursive_reference},
	{"allOf", REACH_ANY, takes_all},
	{"anyOf", REACH_ANY, takes_any},
	{"oneOf", REACH_ANY, takes_one},
	{"not", REACH_ANY, takes_not},
	{"if", REACH_ANY, takes_if},
	{"minimum", REACH_NUMBER, takes_minimum},
	{"exclusiveMinimum", REACH_NUMBER, takes_exclusive_minimum},
	{"maximum", REACH_NUMBER, takes_maximum},
	{"exclusiveMaximum", REACH_NUMBER, takes_exclusive_maximum},
	{"multipleOf", REACH_NUMBER, takes_multiple},
	{"minLength", REACH_STRING, takes_min_length},
	{"maxLength", REACH_STRING, takes_max_length},
	{"pattern", REACH_STRING, takes_pattern},
	{"format", REACH_ANY, takes_format},
	{"required", REACH_OBJECT, takes_required},
	{"minProperties", REACH_OBJECT, takes_min_properties},
	{"maxProperties", REACH_OBJECT, takes_max_properties},
	{"propertyNames", REACH_OBJECT, takes_property_names},
	{"dependentRequired", REACH_OBJECT, takes_dependent_required},
	{"dependentSchemas", REACH_OBJECT, takes_dependent_schemas},
	{"dependencies", REACH_OBJECT, takes_dependent_schemas},
	{"unevaluatedProperties", REACH_OBJECT, takes_unevaluated_properties},
	{"minItems", REACH_ARRAY, takes_min_items},
	{"maxItems", REACH_ARRAY, takes_max_items},
	{"uniqueItems", REACH_ARRAY, takes_unique},
	{"contains", REACH_ARRAY, takes_contains},
	{"unevaluatedItems", REACH_ARRAY, takes_unevaluated_items},
};

static bool takes_keywords(struct comparison *comparison, const struct reach_case *given,
			   const struct json_node *taking)
{
	bool takes = true;
	unsigned types = reach_case_types(given);
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		const struct json_node *value = json_get_text(taking, keywords[i].name);
		if (value != NULL && (types & keywords[i].types) != 0) {
			takes = keywords[i].check(comparison, given, taking, value) && takes;
		}
	}
	if ((types & REACH_OBJECT) != 0) {
		takes = takes_members(comparison, given, taking) && takes;
	}
	if ((types & REACH_ARRAY) != 0) {
		takes = takes_items(comparison, given, taking) && takes;
	}
	return takes;
}

/* --- breaks --- */

static bool is_recorded(const struct comparison *comparison, const char *place, const char *sentence)
{
	for (size_t i = 0; i < comparison->result->count; i++) {
		const struct compatibility_break *other = &comparison->result->list[i];
		if (other->breaks == comparison->direction && strcmp(other->place, place) == 0 &&
		    strcmp(other->sentence, sentence) == 0) {
			return true;
		}
	}
	return false;
}

static void record(struct comparison *comparison, const char *keyword, bool undecided, const char *sentence)
{
	struct span shown = buffer_span(&comparison->place);
	shown.length = shown.length < PLACE_SHOWN_MAX ? shown.length : PLACE_SHOWN_MAX;
	const char *place = arena_copy(comparison->arena, shown);
	const char *copy = arena_copy(comparison->arena, span_of(sentence));
	if (place == NULL || copy == NULL) {
		comparison->failed = true;
		return;
	}
	if (is_recorded(comparison, place, copy)) {
		return;
	}
	if (comparison->result->count < COMPATIBILITY_BREAKS_MAX) {
		comparison->result->list[comparison->result->count++] =
			(struct compatibility_break){comparison->direction, undecided, place, keyword, copy};
	}
	comparison->result->total++;
}

__attribute__((format(printf, 4, 0))) static void meet_break(struct comparison *comparison, const char *keyword,
							     bool undecided, const char *format, va_list arguments)
{
	char sentence[COMPATIBILITY_SENTENCE_MAX];
	comparison->failures++;
	if (comparison->trials > 0) {
		return;
	}
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	for (char *c = sentence; *c != '\0'; c++) { /* names may hold line breaks; a sentence is one line */
		if ((unsigned char)*c < 0x20 || *c == 0x7f) {
			*c = '?';
		}
	}
	record(comparison, keyword, undecided, sentence);
}

bool compatibility_break(struct comparison *comparison, const char *keyword, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	meet_break(comparison, keyword, false, format, arguments);
	va_end(arguments);
	return false;
}

bool compatibility_undecided(struct comparison *comparison, const char *keyword, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	meet_break(comparison, keyword, true, format, arguments);
	va_end(arguments);
	return false;
}

size_t compatibility_enter(struct comparison *comparison, struct span token)
{
	size_t before = comparison->place.length;
	select_append_token(&comparison->place, token);
	return before;
}

void compatibility_leave(struct comparison *comparison, size_t before)
{
	if (!comparison->place.failed) {
		comparison->place.length = before;
		comparison->place.data[before] = '\0';
	}
}

/* --- schemas --- */

bool has_name(const struct json_node *schema, const char *name)
{
	for (const struct json_node *node = schema; node < schema + schema->span; node++) {
		if (json_is(node, JSON_STRING) && span_is(json_text(node), name)) {
			return true;
		}
	}
	return false;
}

bool has_reference(const struct json_node *schema)
{
	return has_name(schema, "$ref") || has_name(schema, "$dynamicRef") || has_name(schema, "$recursiveRef");
}

bool given_has_same(const struct comparison *comparison, const struct reach_case *given, const char *keyword,
		    const struct json_node *value)
{
	if (comparison->given->dialect != comparison->taking->dialect || has_reference(value)) {
		return false;
	}
	for (size_t i = 0; i < given->count; i++) {
		if (json_equal(json_get_text(given->schemas[i], keyword), value)) {
			return true;
		}
	}
	return false;
}

/* The very same schema, complete in itself, is among those that the value keeps. */
static bool is_given(const struct comparison *comparison, const struct reach_case *given,
		     const struct json_node *taking)
{
	if (comparison->given->dialect != comparison->taking->dialect || has_reference(taking)) {
		return false;
	}
	for (size_t i = 0; i < given->count; i++) {
		if (json_equal(given->schemas[i], taking)) {
			return true;
		}
	}
	return false;
}

/* --- questions --- */

static bool is_assumed(const struct comparison *comparison, const struct reach_case *given,
		       const struct json_node *taking)
{
	for (size_t i = 0; i < comparison->assumed_count; i++) {
		const struct assumed_pair *pair = &comparison->assumed[i];
		if (pair->taking == taking && pair->given.count == given->count &&
		    (given->count == 0 ||
		     memcmp(pair->given.schemas, given->schemas, given->count * sizeof(given->schemas[0])) == 0)) {
			return true;
		}
	}
	return false;
}

/* Listed values are put to the validator, where nothing of the schema rests on what stands elsewhere. */
static bool can_ask_validator(const struct comparison *comparison, const struct json_node *taking,
			      const struct reach_values *values)
{
	if (has_reference(taking) || has_name(taking, "format")) {
		return false;
	}
	for (size_t i = 0; i < values->count; i++) {
		bool nested = json_is(values->list[i], JSON_ARRAY) || json_is(values->list[i], JSON_OBJECT);
		if ((nested && comparison->taking->dialect != 2020) ||
		    reach_keeps(taking, values->list[i]) == REACH_UNKNOWN) {
			return false;
		}
	}
	return true;
}

static bool takes_values(struct comparison *comparison, const struct json_node *taking,
			 const struct reach_values *values)
{
	bool takes = true;
	for (size_t i = 0; i < values->count; i++) {
		if (reach_keeps(taking, values->list[i]) != REACH_YES) {
			struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 16);
			json_write(&text, values->list[i]);
			struct span shown = buffer_span(&text);
			takes = compatibility_break(
				comparison, "enum", "%s allows the value %.*s, %s does not", comparison->given_name,
				(int)(shown.length < 60 ? shown.length : 60), shown.data, comparison->taking_name);
		}
	}
	return takes;
}

static bool answer(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking)
{
	struct reach_values values;
	if (json_is(taking, JSON_FALSE)) {
		return compatibility_break(comparison, "false", "%s allows a value here, %s allows none",
					   comparison->given_name, comparison->taking_name);
	}
	if (!json_is(taking, JSON_OBJECT) || json_count(taking) == 0 || is_given(comparison, given, taking)) {
		return true;
	}
	if (comparison->taking->dialect == 7 && json_get_text(taking, "$ref") != NULL) {
		return takes_reference(comparison, given, taking, json_get_text(taking, "$ref"));
	}
	if (reach_case_values(comparison->given, given, &values) && can_ask_validator(comparison, taking, &values)) {
		return takes_values(comparison, taking, &values);
	}
	return takes_keywords(comparison, given, taking);
}

/* Said once, about the whole. */
static bool give_up(struct comparison *comparison)
{
	comparison->failures++;
	comparison->gave_up = true;
	return false;
}

bool takes_case(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking)
{
	if (is_assumed(comparison, given, taking)) {
		return true;
	}
	if (comparison->assumed_count == ASSUMED_MAX || comparison->questions == QUESTIONS_MAX ||
	    comparison->place.failed) {
		return give_up(comparison);
	}
	comparison->questions++;
	size_t failures = comparison->failures;
	size_t assumed = comparison->assumed_count;
	comparison->assumed[comparison->assumed_count++] = (struct assumed_pair){*given, taking};
	(void)answer(comparison, given, taking);
	if (comparison->failures != failures) {
		comparison->assumed_count = assumed; /* with all that rested on it */
		return false;
	}
	return true;
}

bool takes_place(struct comparison *comparison, const struct reach_place *given, const struct json_node *taking)
{
	bool takes = true;
	for (size_t i = 0; i < given->count; i++) {
		takes = takes_case(comparison, &given->cases[i], taking) && takes;
	}
	return takes;
}

bool takes_on_trial(struct comparison *comparison, const struct reach_case *given, const struct json_node *taking)
{
	size_t failures = comparison->failures;
	comparison->trials++;
	bool takes = takes_case(comparison, given, taking);
	comparison->trials--;
	comparison->failures = failures;
	return takes;
}

/* --- entry --- */

static void compare(struct reach *given, struct reach *taking, enum compatibility_mode direction, struct arena *arena,
		    struct compatibility *result, bool *failed)
{
	bool backward = direction == COMPATIBILITY_BACKWARD;
	struct comparison comparison = {
		.given = given,
		.taking = taking,
		.given_name = backward ? "the old schema" : "the new schema",
		.taking_name = backward ? "the new schema" : "the old schema",
		.direction = direction,
		.result = result,
		.arena = arena,
		.place = BUFFER_INIT(PLACE_MAX),
	};
	comparison.assumed = arena_allocate_array(arena, ASSUMED_MAX, sizeof(*comparison.assumed));
	*failed = comparison.assumed == NULL;
	if (*failed) {
		return;
	}
	struct reach_place root = reach_root(given);
	if (takes_place(&comparison, &root, taking->root)) {
		result->mode |= direction;
	} else if (comparison.gave_up) {
		buffer_clear(&comparison.place);
		compatibility_undecided(&comparison, "$ref",
					"the schemas are too large or too deep to compare as a whole");
	}
	buffer_finish(&comparison.place);
	*failed = comparison.failed || given->failed || taking->failed;
}

bool schema_compatibility(const struct json_node *old_schema, const struct json_node *new_schema, struct arena *arena,
			  struct compatibility *ret_result, struct error *err)
{
	struct compatibility result = {.mode = COMPATIBILITY_NONE};
	struct reach old_reach;
	struct reach new_reach;
	bool failed;
	result.list = arena_allocate_array(arena, COMPATIBILITY_BREAKS_MAX, sizeof(*result.list));
	if (result.list == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory to compare two schemas; free some");
	}
	if (json_equal(old_schema, new_schema)) {
		result.mode = COMPATIBILITY_FULL;
		*ret_result = result;
		return true;
	}
	reach_init(&old_reach, old_schema, arena);
	reach_init(&new_reach, new_schema, arena);
	compare(&old_reach, &new_reach, COMPATIBILITY_BACKWARD, arena, &result, &failed);
	if (!failed) {
		compare(&new_reach, &old_reach, COMPATIBILITY_FORWARD, arena, &result, &failed);
	}
	if (failed) {
		return error_set(err, ERROR_MEMORY, "no memory to compare two schemas; free some, or simplify them");
	}
	*ret_result = result;
	return true;
}
