/* Claims of compatibility against the validator: no instance refutes one. */
#include "documents.h"
#include "suites.h"

#include "evaluators/compatibility/compatibility.h"
#include "evaluators/schema/schema.h"
#include "harness/base/hash.h"

#include <stdio.h>

static struct arena arena;

static void setup(void)
{
	arena_init(&arena, (size_t)1 << 30);
}

static void teardown(void)
{
	arena_finish(&arena);
}

/* --- pairs of schemas ---
 *
 * Schemas are written from a seed; every part has a seed of its own, so that a second schema can be like the first but
 * for a few parts. The seeds are fixed: the same pairs come each time. */

enum { PAIRS = 6000, INSTANCES = 40, DEPTH = 3 };

struct writer {
	struct buffer *text;
	uint64_t change; /* state of its own; 0: nothing is changed */
	bool extended;   /* with the keywords that put schemas together */
};

static uint64_t mixed(uint64_t seed, uint64_t part)
{
	uint64_t state = seed ^ (part * UINT64_C(0x9e3779b97f4a7c15));
	return random_next(&state);
}

static void write_schema(struct writer *writer, uint64_t seed, int depth);

/* A number from 0 below `most`, for one decision about the schema. */
static unsigned choose(struct writer *writer, uint64_t seed, uint64_t part, unsigned most)
{
	bool changed = writer->change != 0 && random_next(&writer->change) % 12 == 0;
	return (unsigned)((changed ? random_next(&writer->change) : mixed(seed, part)) % most);
}

static void write_number(struct writer *writer, uint64_t seed)
{
	static const char *const types[] = {"\"number\"", "\"integer\"", "[\"number\",\"null\"]",
					    "[\"integer\",\"string\"]"};
	static const char *const bounds[] = {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum",
					     "multipleOf"};
	buffer_append_format(writer->text, "{\"type\":%s", types[choose(writer, seed, 1, 4)]);
	for (uint64_t i = 0; i < (writer->extended ? 5u : 4u); i++) {
		unsigned value = choose(writer, seed, 10 + i, 8);
		if (value < 4) {
			buffer_append_format(writer->text, ",\"%s\":%u", bounds[i], i == 4 ? value + 1 : value);
		}
	}
	buffer_append_byte(writer->text, '}');
}

static void write_text(struct writer *writer, uint64_t seed)
{
	static const char *const patterns[] = {"^a", "b$", "^[ab]*$"};
	unsigned pattern = choose(writer, seed, 1, 9);
	unsigned least = choose(writer, seed, 2, 6);
	unsigned most = choose(writer, seed, 3, 6);
	buffer_append_text(writer->text, "{\"type\":\"string\"");
	if (pattern < 3) {
		buffer_append_format(writer->text, ",\"pattern\":\"%s\"", patterns[pattern]);
	}
	if (least < 3) {
		buffer_append_format(writer->text, ",\"minLength\":%u", least);
	}
	if (most < 4) {
		buffer_append_format(writer->text, ",\"maxLength\":%u", most);
	}
	buffer_append_byte(writer->text, '}');
}

static const char *const scalars[] = {"null", "true", "false", "0",     "1",     "2",      "-1",      "3",
				      "0.5",  "1.5",  "\"\"",  "\"a\"", "\"b\"", "\"ab\"", "\"aba\"", "\"c\""};
enum { SCALARS = 16 };

static void write_values(struct writer *writer, uint64_t seed)
{
	unsigned count = choose(writer, seed, 1, 4);
	if (count == 0) {
		buffer_append_format(writer->text, "{\"const\":%s}", scalars[choose(writer, seed, 2, SCALARS)]);
		return;
	}
	unsigned first = choose(writer, seed, 3, SCALARS);
	buffer_append_text(writer->text, "{\"enum\":[");
	for (unsigned i = 0; i < count; i++) {
		buffer_append_format(writer->text, "%s%s", i > 0 ? "," : "", scalars[(first + i * 5) % SCALARS]);
	}
	buffer_append_text(writer->text, "]}");
}

static void write_closing(struct writer *writer, uint64_t seed, int depth)
{
	unsigned kind = choose(writer, seed, 30, 6);
	if (kind < 3) {
		buffer_append_text(writer->text, ",\"additionalProperties\":false");
	} else if (kind == 3) {
		buffer_append_text(writer->text, ",\"additionalProperties\":");
		write_schema(writer, mixed(seed, 31), depth - 1);
	} else if (kind == 4 && writer->extended) {
		buffer_append_text(writer->text, ",\"unevaluatedProperties\":false");
	}
	if (writer->extended && choose(writer, seed, 32, 4) == 0) {
		buffer_append_text(writer->text, ",\"patternProperties\":{\"^a\":");
		write_schema(writer, mixed(seed, 33), depth - 1);
		buffer_append_byte(writer->text, '}');
	}
	if (writer->extended && choose(writer, seed, 34, 6) == 0) {
		buffer_append_format(writer->text, ",\"minProperties\":%u", choose(writer, seed, 35, 3));
	}
	if (writer->extended && choose(writer, seed, 36, 6) == 0) {
		buffer_append_format(writer->text, ",\"maxProperties\":%u", choose(writer, seed, 37, 4));
	}
	if (writer->extended && choose(writer, seed, 38, 8) == 0) {
		buffer_append_text(writer->text, ",\"dependentRequired\":{\"a\":[\"b\"]}");
	}
}

static void write_object(struct writer *writer, uint64_t seed, int depth)
{
	static const char *const names[] = {"a", "b", "ab"};
	const char *comma = "";
	buffer_append_text(writer->text, choose(writer, seed, 1, 8) == 0 ? "{\"properties\":{"
									 : "{\"type\":\"object\",\"properties\":{");
	for (uint64_t i = 0; i < 3; i++) {
		if (choose(writer, seed, 10 + i, 3) > 0) {
			buffer_append_format(writer->text, "%s\"%s\":", comma, names[i]);
			write_schema(writer, mixed(seed, 15 + i), depth - 1);
			comma = ",";
		}
	}
	buffer_append_text(writer->text, "},\"required\":[");
	comma = "";
	for (uint64_t i = 0; i < 3; i++) {
		if (choose(writer, seed, 20 + i, 4) == 0) {
			buffer_append_format(writer->text, "%s\"%s\"", comma, names[i]);
			comma = ",";
		}
	}
	buffer_append_byte(writer->text, ']');
	write_closing(writer, seed, depth);
	buffer_append_byte(writer->text, '}');
}

static void write_array(struct writer *writer, uint64_t seed, int depth)
{
	unsigned least = choose(writer, seed, 1, 5);
	unsigned most = choose(writer, seed, 2, 5);
	buffer_append_text(writer->text, "{\"type\":\"array\"");
	if (choose(writer, seed, 3, 3) > 0) {
		buffer_append_text(writer->text, ",\"items\":");
		write_schema(writer, mixed(seed, 4), depth - 1);
	}
	if (writer->extended && choose(writer, seed, 5, 3) == 0) {
		buffer_append_text(writer->text, ",\"prefixItems\":[");
		write_schema(writer, mixed(seed, 6), depth - 1);
		buffer_append_byte(writer->text, ']');
	}
	if (least < 3) {
		buffer_append_format(writer->text, ",\"minItems\":%u", least);
	}
	if (most < 4) {
		buffer_append_format(writer->text, ",\"maxItems\":%u", most);
	}
	if (writer->extended && choose(writer, seed, 7, 4) == 0) {
		buffer_append_text(writer->text, ",\"uniqueItems\":true");
	}
	if (writer->extended && choose(writer, seed, 8, 6) == 0) {
		buffer_append_text(writer->text, ",\"contains\":");
		write_schema(writer, mixed(seed, 9), 0);
	}
	buffer_append_byte(writer->text, '}');
}

static void write_choice(struct writer *writer, uint64_t seed, int depth)
{
	static const char *const lists[] = {"anyOf", "oneOf", "allOf"};
	unsigned kind = choose(writer, seed, 1, 6);
	if (kind < 3) {
		buffer_append_format(writer->text, "{\"%s\":[", lists[kind]);
		write_schema(writer, mixed(seed, 2), depth - 1);
		buffer_append_byte(writer->text, ',');
		write_schema(writer, mixed(seed, 3), depth - 1);
		buffer_append_text(writer->text,
				   choose(writer, seed, 4, 3) == 0 ? "],\"unevaluatedProperties\":false}" : "]}");
	} else if (kind == 3) {
		buffer_append_text(writer->text, "{\"not\":");
		write_schema(writer, mixed(seed, 2), depth - 1);
		buffer_append_byte(writer->text, '}');
	} else if (kind == 4) {
		buffer_append_text(writer->text, "{\"if\":");
		write_schema(writer, mixed(seed, 2), depth - 1);
		buffer_append_text(writer->text, ",\"then\":");
		write_schema(writer, mixed(seed, 3), depth - 1);
		buffer_append_byte(writer->text, '}');
	} else { /* the root is always an object with "$defs" in this mode */
		buffer_append_format(writer->text, "{\"$ref\":\"#/$defs/%c\"}", "de"[choose(writer, seed, 2, 2)]);
	}
}

static void write_schema(struct writer *writer, uint64_t seed, int depth)
{
	unsigned kind = choose(writer, seed, 0, depth > 0 ? (writer->extended ? 12 : 8) : 4);
	if (kind == 0) {
		buffer_append_text(writer->text, choose(writer, seed, 1, 5) == 0 ? "false" : "true");
	} else if (kind == 1) {
		write_number(writer, seed);
	} else if (kind == 2) {
		write_text(writer, seed);
	} else if (kind == 3) {
		write_values(writer, seed);
	} else if (kind < 6) {
		write_object(writer, seed, depth);
	} else if (kind < 8) {
		write_array(writer, seed, depth);
	} else {
		write_choice(writer, seed, depth);
	}
}

static const struct json_node *write_document(struct arena *scratch, uint64_t seed, uint64_t change, bool extended)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	struct writer writer = {.text = &text, .change = change, .extended = extended};
	if (extended) {
		buffer_append_text(&text, "{\"$defs\":{\"d\":");
		write_object(&writer, mixed(seed, 101), 2);
		buffer_append_text(&text, ",\"e\":");
		write_schema(&writer, mixed(seed, 102), 1);
		buffer_append_text(&text, "},\"allOf\":[");
		write_schema(&writer, seed, DEPTH);
		buffer_append_text(&text, "]}");
	} else {
		write_schema(&writer, seed, DEPTH);
	}
	char *copy = arena_copy(scratch, buffer_span(&text));
	ck_assert_ptr_nonnull(copy);
	return document_parse(scratch, (struct span){copy, text.length});
}

/* --- instances: often as the schema says, sometimes not --- */

struct instance {
	struct buffer *text;
	uint64_t state;
	const struct json_node *root;
};

static unsigned any_of(struct instance *instance, unsigned most)
{
	return (unsigned)(random_next(&instance->state) % most);
}

static void write_instance(struct instance *instance, const struct json_node *schema, int depth);

static void write_members(struct instance *instance, const struct json_node *schema, int depth)
{
	static const char *const names[] = {"a", "b", "ab", "c"};
	const char *comma = "";
	const struct json_node *properties = json_get_text(schema, "properties");
	const struct json_node *additional = json_get_text(schema, "additionalProperties");
	buffer_append_byte(instance->text, '{');
	for (unsigned i = 0; i < 4; i++) {
		const struct json_node *property = json_get_text(properties, names[i]);
		unsigned chance = property != NULL || json_is(additional, JSON_OBJECT) ? 2 : 8;
		if (any_of(instance, chance) == 0) {
			buffer_append_format(instance->text, "%s\"%s\":", comma, names[i]);
			write_instance(instance, property != NULL ? property : additional, depth - 1);
			comma = ",";
		}
	}
	buffer_append_byte(instance->text, '}');
}

static void write_items(struct instance *instance, const struct json_node *schema, int depth)
{
	unsigned count = any_of(instance, 4);
	buffer_append_byte(instance->text, '[');
	for (unsigned i = 0; i < count; i++) {
		buffer_append_text(instance->text, i > 0 ? "," : "");
		write_instance(instance, json_get_text(schema, "items"), depth - 1);
	}
	buffer_append_byte(instance->text, ']');
}

static const struct json_node *enter_choice(struct instance *instance, const struct json_node *schema)
{
	static const char *const lists[] = {"anyOf", "oneOf", "allOf"};
	for (int steps = 0; steps < 6; steps++) {
		const struct json_node *list = NULL;
		struct span reference = json_text(json_get_text(schema, "$ref"));
		for (int i = 0; i < 3 && list == NULL; i++) {
			list = json_get_text(schema, lists[i]);
		}
		if (reference.length > 0) {
			struct span name = {reference.data + reference.length - 1, 1};
			schema = json_get(json_get_text(instance->root, "$defs"), name);
		} else if (json_count(list) > 0) {
			schema = json_at(list, any_of(instance, (unsigned)json_count(list)));
		} else {
			break;
		}
	}
	return schema;
}

static void write_instance(struct instance *instance, const struct json_node *schema, int depth)
{
	schema = enter_choice(instance, schema);
	const struct json_node *list = json_get_text(schema, "enum");
	const struct json_node *constant = json_get_text(schema, "const");
	struct span type = json_text(json_get_text(schema, "type"));
	unsigned stray = any_of(instance, 16);
	if (stray != 0 && constant != NULL) {
		json_write(instance->text, constant);
	} else if (stray != 0 && json_count(list) > 0) {
		json_write(instance->text, json_at(list, any_of(instance, (unsigned)json_count(list))));
	} else if (depth > 0 && (stray < 2 || span_is(type, "object") || json_get_text(schema, "properties") != NULL)) {
		write_members(instance, schema, depth);
	} else if (depth > 0 && (stray < 4 || span_is(type, "array"))) {
		write_items(instance, schema, depth);
	} else if (stray != 0 && (span_is(type, "number") || span_is(type, "integer"))) {
		buffer_append_text(instance->text, scalars[3 + any_of(instance, 7)]);
	} else if (stray != 0 && span_is(type, "string")) {
		buffer_append_text(instance->text, scalars[10 + any_of(instance, 6)]);
	} else {
		buffer_append_text(instance->text, scalars[any_of(instance, SCALARS)]);
	}
}

/* The one place that knows how schemas are compiled here. */
static struct schema *compile(const struct json_node *document)
{
	return schema_create(document, NULL, NULL);
}

struct tally {
	size_t pairs; /* that the validator takes */
	size_t claims;
	size_t instances; /* valid for the schema that was claimed to be read */
	size_t refuted;   /* claims not made, with an instance that shows why */
	size_t unclaimed;
};

/* Every instance of the first that is tried keeps the second. */
static bool no_instance_refutes(struct arena *scratch, const struct json_node *document, const struct schema *first,
				const struct schema *second, uint64_t seed, bool claimed, struct tally *tally)
{
	for (int i = 0; i < INSTANCES; i++) {
		struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
		struct instance instance = {.text = &text, .state = mixed(seed, 1000 + (uint64_t)i), .root = document};
		write_instance(&instance, document, DEPTH + 1);
		char *copy = arena_copy(scratch, buffer_span(&text));
		ck_assert_ptr_nonnull(copy);
		const struct json_node *value = document_parse(scratch, (struct span){copy, text.length});
		if (!schema_validate(first, value, NULL)) {
			continue;
		}
		tally->instances += claimed;
		if (!schema_validate(second, value, NULL)) {
			if (claimed) {
				fprintf(stderr, "refuted by %s\n", copy);
			}
			return false;
		}
	}
	return true;
}

static void print_pair(const struct json_node *before, const struct json_node *after)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	json_write(&text, before);
	buffer_append_byte(&text, '\n');
	json_write(&text, after);
	fprintf(stderr, "%s\n", buffer_span(&text).data);
}

static void try_direction(struct arena *scratch, const struct json_node *given, const struct json_node *taking,
			  const struct schema *first, const struct schema *second, bool claimed, uint64_t seed,
			  struct tally *tally)
{
	bool holds = no_instance_refutes(scratch, given, first, second, seed, claimed, tally);
	if (claimed && !holds) {
		print_pair(given, taking);
	}
	ck_assert_msg(!claimed || holds, "pair %llu: compatibility was claimed and does not hold",
		      (unsigned long long)seed);
	tally->claims += claimed;
	tally->refuted += !claimed && !holds;
	tally->unclaimed += !claimed;
}

static void try_pair(struct arena *scratch, uint64_t seed, bool extended, struct tally *tally)
{
	struct compatibility result;
	const struct json_node *before = write_document(scratch, seed, 0, extended);
	const struct json_node *after = write_document(scratch, seed, mixed(seed, 77) | 1, extended);
	struct schema *old_schema = compile(before);
	struct schema *new_schema = compile(after);
	ck_assert(schema_compatibility(before, after, scratch, &result, NULL));
	if (old_schema != NULL && new_schema != NULL && !json_equal(before, after)) {
		tally->pairs++;
		try_direction(scratch, before, after, old_schema, new_schema,
			      (result.mode & COMPATIBILITY_BACKWARD) != 0, seed, tally);
		try_direction(scratch, after, before, new_schema, old_schema,
			      (result.mode & COMPATIBILITY_FORWARD) != 0, seed, tally);
	}
	schema_destroy(old_schema);
	schema_destroy(new_schema);
}

START_TEST(no_claim_is_refuted)
{
	struct tally tally = {0};
	bool extended = _i == 1;
	for (uint64_t seed = 1; seed <= PAIRS; seed++) {
		struct arena scratch CLEANUP_ARENA = ARENA_INIT((size_t)256 << 20);
		try_pair(&scratch, seed + (extended ? UINT64_C(1) << 32 : 0), extended, &tally);
	}
	printf("%s keywords: %zu pairs, %zu claims with %zu valid instances; of %zu not claimed %zu are refuted\n",
	       extended ? "all" : "basic", tally.pairs, tally.claims, tally.instances, tally.unclaimed, tally.refuted);
	if (!extended || tally.pairs > 0) { /* none where the validator takes only the basic ones */
		ck_assert_uint_gt(tally.pairs, PAIRS / 3);
		ck_assert_uint_gt(tally.claims, PAIRS / 4);
		ck_assert_uint_gt(tally.instances, PAIRS * 2);
		ck_assert_uint_gt(tally.refuted, tally.unclaimed / 4);
	}
}
END_TEST

/* --- against the official suite: all pairs of schemas of one file, with the instances of both --- */

static bool suite_instances_agree(const struct json_node *group, const struct schema *first,
				  const struct schema *second, size_t *instances)
{
	const struct json_node *tests = json_get_text(group, "tests");
	for (const struct json_node *test = json_first(tests); test != NULL; test = json_next(tests, test)) {
		const struct json_node *data = json_get_text(test, "data");
		if (schema_validate(first, data, NULL)) {
			*instances += 1;
			if (!schema_validate(second, data, NULL)) {
				return false;
			}
		}
	}
	return true;
}

static void try_suite_pair(struct arena *scratch, const struct json_node *one, const struct json_node *other,
			   struct tally *tally)
{
	const struct json_node *before = json_get_text(one, "schema");
	const struct json_node *after = json_get_text(other, "schema");
	struct compatibility result;
	struct schema *first = compile(before);
	struct schema *second = compile(after);
	ck_assert(schema_compatibility(before, after, scratch, &result, NULL));
	if (first != NULL && second != NULL) {
		tally->pairs++;
	}
	if (first != NULL && second != NULL && (result.mode & COMPATIBILITY_BACKWARD) != 0) {
		bool agree = suite_instances_agree(one, first, second, &tally->instances) &&
			     suite_instances_agree(other, first, second, &tally->instances);
		if (!agree) {
			print_pair(before, after);
		}
		ck_assert_msg(agree, "an instance of the suite refutes a claim");
		tally->claims++;
	}
	schema_destroy(first);
	schema_destroy(second);
}

static const char *const suite_files[] = {
	"additionalProperties",
	"allOf",
	"anchor",
	"anyOf",
	"boolean_schema",
	"const",
	"contains",
	"defs",
	"dependentRequired",
	"dependentSchemas",
	"dynamicRef",
	"enum",
	"if-then-else",
	"items",
	"maxContains",
	"minContains",
	"multipleOf",
	"not",
	"oneOf",
	"patternProperties",
	"prefixItems",
	"properties",
	"propertyNames",
	"ref",
	"required",
	"type",
	"unevaluatedItems",
	"unevaluatedProperties",
	"uniqueItems",
	"minimum",
	"maxLength",
	"infinite-loop-detection",
};

START_TEST(the_official_suite_refutes_no_claim)
{
	struct tally tally = {0};
	for (size_t i = 0; i < sizeof(suite_files) / sizeof(suite_files[0]); i++) {
		char name[200];
		snprintf(name, sizeof(name), "data/JSON-Schema-Test-Suite/tests/draft2020-12/%s.json", suite_files[i]);
		const struct json_node *groups = document_shared(&arena, name);
		if (groups == NULL) {
			return;
		}
		for (size_t k = 0; k < json_count(groups) * json_count(groups); k++) {
			struct arena scratch CLEANUP_ARENA = ARENA_INIT((size_t)256 << 20);
			try_suite_pair(&scratch, json_at(groups, k / json_count(groups)),
				       json_at(groups, k % json_count(groups)), &tally);
		}
	}
	printf("official suite: %zu pairs, %zu claims with %zu valid instances\n", tally.pairs, tally.claims,
	       tally.instances);
	ck_assert_uint_gt(tally.claims, 100);
}
END_TEST

Suite *compatibility_claims_suite(void)
{
	Suite *suite = suite_create("compatibility_claims");
	TCase *tests = tcase_create("claims");
	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, no_claim_is_refuted, 0, 2);
	tcase_add_test(tests, the_official_suite_refutes_no_claim);
	suite_add_tcase(suite, tests);
	return suite;
}
