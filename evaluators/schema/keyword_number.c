/* Keywords about numbers: the four bounds and multipleOf, all exact. */
#include "evaluators/schema/keywords.h"

#include <stdio.h>

enum { STEP_COST = 16 }; /* operations of decimal_is_multiple that cost about one step */

static bool too_large(struct schema_run *run, const struct schema_instruction *instruction,
		      const struct schema_site *site)
{
	char reason[100];
	snprintf(reason, sizeof(reason), "the number has more than %d digits or an exponent beyond %d",
		 DECIMAL_DIGITS_MAX, DECIMAL_EXPONENT_MAX);
	return schema_undecided(run, site, instruction->keyword, reason);
}

/* Sign of instance minus limit, or no answer where the number is beyond the limits of base/decimal. */
static bool order_to_limit(struct schema_run *run, const struct schema_instruction *instruction,
			   const struct schema_site *site, int *ret_order)
{
	struct decimal number;
	if (!decimal_parse(json_text(site->node), &number, NULL)) {
		return too_large(run, instruction, site);
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

static bool check_multiple(struct schema_run *run, const struct schema_instruction *instruction,
			   const struct schema_site *site)
{
	struct decimal number;
	if (!decimal_parse(json_text(site->node), &number, NULL)) {
		return too_large(run, instruction, site);
	}
	uint64_t cost = decimal_is_multiple_cost(&number, instruction->number);
	if (!schema_spend(run, cost / STEP_COST)) {
		return false;
	}
	return decimal_is_multiple(&number, instruction->number) ||
	       violate_bound(run, instruction, site, "a multiple of");
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

bool schema_compile_multiple_of(struct schema_compiler *compiler, const struct json_node *value)
{
	if (!compile_bound(compiler, value, check_multiple)) {
		return false;
	}
	const struct decimal *divisor = compiler->schema->instructions[compiler->schema->instruction_count - 1].number;
	return (!divisor->negative && !decimal_is_zero(divisor)) || schema_refuse(compiler, "must be more than 0");
}
