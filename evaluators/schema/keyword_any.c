/* Keywords about values of any type: type, enum, const. */
#include "evaluators/schema/keywords.h"

#include <stdio.h>

static const struct {
	const char *name;
	unsigned int bits;
} types[] = {
	{"boolean", 1U << JSON_TRUE | 1U << JSON_FALSE},
	{"integer", SCHEMA_INTEGER},
	{"number", 1U << JSON_NUMBER},
	{"string", 1U << JSON_STRING},
	{"array", 1U << JSON_ARRAY},
	{"object", 1U << JSON_OBJECT},
	{"null", 1U << JSON_NULL},
};
enum { TYPE_COUNT = sizeof(types) / sizeof(types[0]) };

/* Digits alone, however many. */
static bool is_plain(struct span text)
{
	bool plain = true;
	for (size_t i = 0; i < text.length && plain; i++) {
		plain = text.data[i] != '.' && text.data[i] != 'e' && text.data[i] != 'E';
	}
	return plain;
}

/* Of a number where "integer" is allowed and "number" is not. */
static bool check_integer(struct schema_run *run, const struct schema_instruction *instruction,
			  const struct schema_site *site, const char *names)
{
	struct decimal number;
	if (is_plain(json_text(site->node))) {
		return true;
	}
	if (!decimal_parse(json_text(site->node), &number, NULL)) {
		return schema_undecided(run, site, instruction->keyword,
					"the number has too many digits or too large an exponent");
	}
	return decimal_is_integer(&number) ||
	       schema_violate(run, site, instruction->keyword, DRIFT_TYPE, site->node->offset,
			      "is number with a fraction, must be %s", names);
}

/* "string or null" */
static void list_types(unsigned int wanted, char *text, size_t size)
{
	size_t length = 0;
	text[0] = 0;
	for (size_t i = 0; i < TYPE_COUNT; i++) {
		if ((wanted & types[i].bits) != 0) {
			int added =
				snprintf(text + length, size - length, "%s%s", length > 0 ? " or " : "", types[i].name);
			length += (size_t)added;
		}
	}
}

static bool check_type(struct schema_run *run, const struct schema_instruction *instruction,
		       const struct schema_site *site)
{
	unsigned int wanted = instruction->types;
	char names[100]; /* all seven names take 62 */
	list_types(wanted, names, sizeof(names));
	if (json_is(site->node, JSON_NUMBER) && (wanted & SCHEMA_INTEGER) != 0) {
		return check_integer(run, instruction, site, names);
	}
	return schema_violate(run, site, instruction->keyword, DRIFT_TYPE, site->node->offset, "is %s, must be %s",
			      json_type_name(site->node), names);
}

static bool read_type(struct schema_compiler *compiler, const struct json_node *value, unsigned int *types_so_far)
{
	for (size_t i = 0; i < TYPE_COUNT && json_is(value, JSON_STRING); i++) {
		if (span_is(json_text(value), types[i].name)) {
			*types_so_far |= types[i].bits;
			return true;
		}
	}
	return schema_refuse(compiler, "must be one of null, boolean, integer, number, string, array, object, or a "
				       "list of them");
}

bool schema_compile_type(struct schema_compiler *compiler, const struct json_node *value)
{
	unsigned int wanted = 0;
	bool is_list = json_is(value, JSON_ARRAY);
	if (!is_list && !read_type(compiler, value, &wanted)) {
		return false;
	}
	for (const struct json_node *item = is_list ? json_first(value) : NULL; item != NULL;
	     item = json_next(value, item)) {
		if (!read_type(compiler, item, &wanted)) {
			return false;
		}
	}
	if (wanted == 0) {
		return schema_refuse(compiler, "is an empty list; name at least one type");
	}
	if (is_list && !schema_check_names(compiler, value)) {
		return false;
	}
	/* called only for what the type does not allow at first sight */
	struct schema_instruction *instruction =
		schema_add_instruction(compiler, check_type, SCHEMA_ANY & ~(wanted & SCHEMA_ANY));
	if (instruction == NULL) {
		return false;
	}
	instruction->types = wanted;
	return true;
}

static bool check_values(struct schema_run *run, const struct schema_instruction *instruction,
			 const struct schema_site *site)
{
	if (schema_values_contain(run, instruction->values, site->node)) {
		return true;
	}
	return schema_violate(run, site, instruction->keyword, DRIFT_ENUM, site->node->offset, "%s",
			      instruction->values->sentence);
}

static bool add_values(struct schema_compiler *compiler, const struct schema_values *values)
{
	if (values == NULL) {
		return schema_no_memory(compiler);
	}
	struct schema_instruction *instruction = schema_add_instruction(compiler, check_values, SCHEMA_ANY);
	if (instruction == NULL) {
		return false;
	}
	instruction->values = values;
	return true;
}

bool schema_compile_enum(struct schema_compiler *compiler, const struct json_node *value)
{
	if (!json_is(value, JSON_ARRAY)) {
		return schema_refuse(compiler, "must be a list of the values that are allowed");
	}
	return add_values(compiler, schema_values_of_list(compiler->schema, value));
}

bool schema_compile_const(struct schema_compiler *compiler, const struct json_node *value)
{
	return add_values(compiler, schema_values_of_one(compiler->schema, value));
}
