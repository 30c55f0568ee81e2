/* `number`: equal within an absolute or a relative tolerance, in exact decimals.
 *
 * With both tolerances, keeping either is enough (as Python's math.isclose). Numbers past the limits of base/decimal
 * (4,096 digits, exponents of 100,000) agree only where they are the same. */
#include "evaluators/compare/evaluators.h"

#include "harness/base/text.h"

enum {
	RELATIVE_DIGITS_MAX = 9, /* so that one digit's product with them and the carry fit 64 bits with room */
	PRODUCT_DIGITS_MAX = DECIMAL_DIGITS_MAX + RELATIVE_DIGITS_MAX + 1,
};

static bool refuse_option(const char *what, struct span name, struct error *err)
{
	return error_set(err, ERROR_CONFIG,
			 "compare: number: \"%.*s\" %s; allowed are abs: NUMBER, rel: NUMBER (neither negative), "
			 "strings: true or false",
			 (int)(name.length < 60 ? name.length : 60), name.data, what);
}

static bool read_tolerance(const struct json_node *value, struct span name, struct arena *arena,
			   struct decimal *ret_tolerance, struct error *err)
{
	if (!json_is(value, JSON_NUMBER)) {
		return refuse_option("is not a number", name, err);
	}
	char *copy = arena_copy(arena, json_text(value));
	if (copy == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for the options of a comparator");
	}
	struct decimal tolerance;
	if (!decimal_parse((struct span){copy, json_text(value).length}, &tolerance, err)) {
		return false;
	}
	if (tolerance.negative && !decimal_is_zero(&tolerance)) {
		return refuse_option("is negative", name, err);
	}
	*ret_tolerance = tolerance;
	return true;
}

/* The relative tolerance as a small integer and a power of ten, so that it multiplies fast. */
static bool set_relative(const struct decimal *relative, struct span name, struct number_options *options,
			 struct error *err)
{
	uint64_t digits = 0;
	if (relative->whole.length + relative->fraction.length > RELATIVE_DIGITS_MAX) {
		return refuse_option("has more than nine digits", name, err);
	}
	for (size_t i = 0; i < relative->whole.length; i++) {
		digits = digits * 10 + (uint64_t)(relative->whole.data[i] - '0');
	}
	for (size_t i = 0; i < relative->fraction.length; i++) {
		digits = digits * 10 + (uint64_t)(relative->fraction.data[i] - '0');
	}
	options->has_relative = true;
	options->relative_digits = digits;
	options->relative_exponent = relative->exponent - (int64_t)relative->fraction.length;
	return true;
}

static bool read_option(const struct json_node *name_node, struct arena *arena, struct number_options *options,
			struct error *err)
{
	struct span name = json_text(name_node);
	const struct json_node *value = json_member(name_node);
	if (span_is(name, "abs")) {
		return read_tolerance(value, name, arena, &options->absolute, err);
	}
	if (span_is(name, "rel")) {
		struct decimal relative;
		return read_tolerance(value, name, arena, &relative, err) &&
		       set_relative(&relative, name, options, err);
	}
	if (!span_is(name, "strings")) {
		return refuse_option("is not an option", name, err);
	}
	if (!json_is_boolean(value)) {
		return refuse_option("is neither true nor false", name, err);
	}
	options->strings = json_is(value, JSON_TRUE);
	return true;
}

static bool compile_number(const struct json_node *options, struct arena *arena,
			   struct field_comparator *ret_comparator, struct error *err)
{
	struct number_options number = {.has_relative = false};
	if (!decimal_parse(SPAN("0"), &number.absolute, err)) {
		return false;
	}
	for (const struct json_node *name = json_first(options); name != NULL; name = json_next(options, name)) {
		if (!read_option(name, arena, &number, err)) {
			return false;
		}
	}
	ret_comparator->number = number;
	return true;
}

/* Writes the digits of value * factor (without their power of ten) and returns them without leading zeros. */
static struct span multiply_digits(const struct decimal *value, uint64_t factor, char product[PRODUCT_DIGITS_MAX])
{
	const struct span *parts[] = {&value->fraction, &value->whole};
	size_t position = PRODUCT_DIGITS_MAX;
	uint64_t carry = 0;
	for (size_t part = 0; part < 2; part++) {
		for (size_t i = parts[part]->length; i > 0; i--) {
			carry += (uint64_t)(parts[part]->data[i - 1] - '0') * factor;
			product[--position] = (char)('0' + carry % 10);
			carry /= 10;
		}
	}
	for (; carry > 0; carry /= 10) {
		product[--position] = (char)('0' + carry % 10);
	}
	while (position < PRODUCT_DIGITS_MAX && product[position] == '0') {
		position++;
	}
	return (struct span){product + position, PRODUCT_DIGITS_MAX - position};
}

static struct decimal magnitude(const struct decimal *value)
{
	struct decimal copy = *value;
	copy.negative = false;
	return copy;
}

/* |a - b| <= rel * max(|a|, |b|) */
static bool within_relative(const struct number_options *options, const struct decimal *a, const struct decimal *b)
{
	struct decimal size_a = magnitude(a);
	struct decimal size_b = magnitude(b);
	const struct decimal *larger = decimal_order(&size_a, &size_b) >= 0 ? &size_a : &size_b;
	char product[PRODUCT_DIGITS_MAX];
	struct span digits = multiply_digits(larger, options->relative_digits, product);
	struct decimal tolerance = {.whole = digits, .fraction = {"", 0}};
	if (digits.length > 0) {
		tolerance.exponent = larger->exponent - (int64_t)larger->fraction.length + options->relative_exponent;
	}
	bool within = false;
	return decimal_within(a, b, &tolerance, &within, NULL) && within;
}

static bool read_number(const struct number_options *options, const struct json_node *node, struct decimal *ret_number)
{
	bool readable = json_is(node, JSON_NUMBER) || (options->strings && json_is(node, JSON_STRING));
	return readable && decimal_parse(json_text(node), ret_number, NULL);
}

static bool agrees_as_number(const struct field_comparator *comparator, const struct json_node *legacy,
			     const struct json_node *llm)
{
	const struct number_options *options = &comparator->number;
	struct decimal a;
	struct decimal b;
	if (!read_number(options, legacy, &a) || !read_number(options, llm, &b)) {
		return false;
	}
	bool within = false;
	if (decimal_within(&a, &b, &options->absolute, &within, NULL) && within) {
		return true;
	}
	return options->has_relative && within_relative(options, &a, &b);
}

const struct evaluator evaluator_number = {
	.name = "number",
	.sentence = "the same number, within a tolerance where one is given",
	.semantics = 1,
	.compile = compile_number,
	.agrees = agrees_as_number,
};
