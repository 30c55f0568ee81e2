/* Keywords about numbers: the four bounds and multipleOf, all exact. */
#include "evaluators/schema/keywords.h"

#include <stdio.h>

__extension__ typedef __int128 wide;
enum { SHORT_DIGITS = 18 }; /* with sign and point */
enum { STEP_COST = 16 };    /* operations of decimal_is_multiple that cost about one step */

static bool too_large(struct schema_run *run, const struct schema_instruction *instruction,
		      const struct schema_site *site)
{
	char reason[100];
	snprintf(reason, sizeof(reason), "the number has more than %d digits or an exponent beyond %d",
		 DECIMAL_DIGITS_MAX, DECIMAL_EXPONENT_MAX);
	return schema_undecided(run, site, instruction->keyword, reason);
}

/* A number of at most SHORT_DIGITS digits without an exponent, which two words of the machine hold: nearly all are. */
static bool read_short(struct span text, int64_t *ret_mantissa, unsigned int *ret_places)
{
	bool is_negative = text.data[0] == '-';
	size_t i = is_negative;
	size_t point = text.length;
	int64_t mantissa = 0;
	if (text.length > SHORT_DIGITS) {
		return false;
	}
	for (; i < text.length; i++) {
		unsigned int digit = (unsigned int)text.data[i] - '0';
		if (digit <= 9) {
			mantissa = mantissa * 10 + (int64_t)digit;
		} else if (text.data[i] == '.') {
			point = i + 1;
		} else {
			return false;
		}
	}
	*ret_mantissa = is_negative ? -mantissa : mantissa;
	*ret_places = (unsigned int)(text.length - point);
	return true;
}

/* The sign of a * 10^-a_places - b * 10^-b_places. */
static int order_short(int64_t a, unsigned int a_places, int64_t b, unsigned int b_places)
{
	if (b == 0) {
		return (a > 0) - (a < 0);
	}
	wide left = a;
	wide right = b;
	for (; a_places < b_places; a_places++) {
		left *= 10;
	}
	for (; b_places < a_places; b_places++) {
		right *= 10;
	}
	return (left > right) - (left < right);
}

/* Sign of instance minus limit, or no answer where the number is beyond the limits of base/decimal. */
static bool order_to_limit(struct schema_run *run, const struct schema_instruction *instruction,
			   const struct schema_site *site, int *ret_order)
{
	const struct schema_bound *bound = instruction->bound;
	int64_t mantissa = 0;
	unsigned int places = 0;
	struct decimal number;
	if (bound->is_short && read_short(json_text(site->node), &mantissa, &places)) {
		*ret_order = order_short(mantissa, places, bound->mantissa, bound->places);
		return true;
	}
	if (!decimal_parse(json_text(site->node), &number, NULL)) {
		return too_large(run, instruction, site);
	}
	*ret_order = decimal_order(&number, &bound->number);
	return true;
}

static bool violate_bound(struct schema_run *run, const struct schema_instruction *instruction,
			  const struct schema_site *site, const char *wanted)
{
	CLEANUP_BUFFER struct buffer limit = BUFFER_INIT(2 * DECIMAL_DIGITS_MAX);
	decimal_write(&limit, &instruction->bound->number);
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
	uint64_t cost = decimal_is_multiple_cost(&number, &instruction->bound->number);
	if (!schema_spend(run, cost / STEP_COST)) {
		return false;
	}
	return decimal_is_multiple(&number, &instruction->bound->number) ||
	       violate_bound(run, instruction, site, "a multiple of");
}

static bool compile_bound(struct schema_compiler *compiler, const struct json_node *value, schema_check *check)
{
	struct schema_bound *bound = schema_allocate(compiler, 1, sizeof(*bound));
	if (bound == NULL) {
		return false;
	}
	if (!json_is(value, JSON_NUMBER)) {
		return schema_refuse(compiler, "must be a number, not %s", json_type_name(value));
	}
	struct error why = ERROR_INIT;
	if (!decimal_parse(json_text(value), &bound->number, &why)) {
		return schema_refuse(compiler, "is %s; use a smaller one", why.message);
	}
	bound->is_short = read_short(json_text(value), &bound->mantissa, &bound->places);
	struct schema_instruction *instruction = schema_add_instruction(compiler, check, 1U << JSON_NUMBER);
	if (instruction == NULL) {
		return false;
	}
	instruction->bound = bound;
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
	const struct schema_instruction *added =
		&compiler->schema->instructions[compiler->schema->instruction_count - 1];
	const struct decimal *divisor = &added->bound->number;
	return (!divisor->negative && !decimal_is_zero(divisor)) || schema_refuse(compiler, "must be more than 0");
}
