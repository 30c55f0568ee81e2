/* Keywords about numbers: the four bounds, compared exactly. */
#include "evaluators/schema/keywords.h"

/* Sign of instance minus limit, or no answer where the number is beyond the limits of base/decimal. */
static bool order_to_limit(struct schema_run *run, const struct schema_instruction *instruction,
			   const struct schema_site *site, int *ret_order)
{
	struct decimal number;
	if (!decimal_parse(json_text(site->node), &number, NULL)) {
		return schema_violate(run, site, instruction->keyword, DRIFT_OTHER, site->node->offset,
				      "could not be decided: the number has more than %d digits or an exponent "
				      "beyond %d",
				      DECIMAL_DIGITS_MAX, DECIMAL_EXPONENT_MAX);
	}
	*ret_order = decimal_order(&number, instruction->number);
	return true;
}

static bool violate_bound(struct schema_run *run, const struct schema_instruction *instruction,
			  const struct schema_site *site, const char *wanted)
{
	CLEANUP_BUFFER struct buffer limit = BUFFER_INIT(2 * DECIMAL_DIGITS_MAX);
	decimal_write(&limit, instruction->number);
	return schema_violate(run, site, instruction->keyword, DRIFT_FORMAT, site->node->offset, "must be %s %s",
			      wanted, limit.failed ? "the limit" : buffer_span(&limit).data);
}

static bool check_minimum(struct schema_run *run, const struct schema_instruction *instruction,
			  const struct schema_site *site)
{
	int order = 0;
	return order_to_limit(run, instruction, site, &order) &&
	       (order >= 0 || violate_bound(run, instruction, site, "at least"));
}

static bool check_maximum(struct schema_run *run, const struct schema_instruction *instruction,
			  const struct schema_site *site)
{
	int order = 0;
	return order_to_limit(run, instruction, site, &order) &&
	       (order <= 0 || violate_bound(run, instruction, site, "at most"));
}

static bool check_exclusive_minimum(struct schema_run *run, const struct schema_instruction *instruction,
				    const struct schema_site *site)
{
	int order = 0;
	return order_to_limit(run, instruction, site, &order) &&
	       (order > 0 || violate_bound(run, instruction, site, "more than"));
}

static bool check_exclusive_maximum(struct schema_run *run, const struct schema_instruction *instruction,
				    const struct schema_site *site)
{
	int order = 0;
	return order_to_limit(run, instruction, site, &order) &&
	       (order < 0 || violate_bound(run, instruction, site, "less than"));
}

static bool compile_bound(struct schema_compiler *compiler, const struct json_node *value, schema_check *check)
{
	struct decimal *limit = arena_allocate(&compiler->schema->arena, sizeof(*limit));
	if (limit == NULL) {
		return schema_no_memory(compiler);
	}
	if (!json_is(value, JSON_NUMBER)) {
		return schema_refuse(compiler, "must be a number, not %s", json_type_name(value));
	}
	if (!decimal_parse(json_text(value), limit, compiler->err)) {
		return false;
	}
	struct schema_instruction *instruction = schema_add_instruction(compiler, check, 1U << JSON_NUMBER);
	if (instruction == NULL) {
		return false;
	}
	instruction->number = limit;
	return true;
}

bool schema_compile_minimum(struct schema_compiler *compiler, const struct json_node *value)
{
	return compile_bound(compiler, value, check_minimum);
}

bool schema_compile_maximum(struct schema_compiler *compiler, const struct json_node *value)
{
	return compile_bound(compiler, value, check_maximum);
}

bool schema_compile_exclusive_minimum(struct schema_compiler *compiler, const struct json_node *value)
{
	return compile_bound(compiler, value, check_exclusive_minimum);
}

bool schema_compile_exclusive_maximum(struct schema_compiler *compiler, const struct json_node *value)
{
	return compile_bound(compiler, value, check_exclusive_maximum);
}
