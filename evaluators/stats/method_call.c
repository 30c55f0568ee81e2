#include "evaluators/stats/method_call.h"

#include "harness/base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

bool method_fail(struct method_call *call, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return error_set(&call->error, ERROR_FORMAT, "%s", text);
}

static bool node_number(const struct json_node *node, double least, double most, double *ret_number)
{
	double number = 0;

	if (!json_is(node, JSON_NUMBER) || !text_to_double(json_text(node), &number) ||
	    !(number >= least && number <= most)) {
		return false;
	}
	*ret_number = number;
	return true;
}

static bool node_count(const struct json_node *node, double most, uint64_t *ret_count)
{
	double number = 0;

	if (!node_number(node, 0, most, &number) || floor(number) < number) {
		return false;
	}
	*ret_count = (uint64_t)number;
	return true;
}

bool method_number(struct method_call *call, const struct json_node *object, const char *name, double least,
		   double most, double *ret_number)
{
	if (!node_number(json_get_text(object, name), least, most, ret_number)) {
		return method_fail(call, "\"%s\" must be a number from %g to %g", name, least, most);
	}
	return true;
}

bool method_share(struct method_call *call, const struct json_node *object, const char *name, double *ret_share)
{
	double share = 0;

	if (!node_number(json_get_text(object, name), 0, 1, &share) || share <= 0 || share >= 1) {
		return method_fail(call, "\"%s\" must be a number strictly between 0 and 1", name);
	}
	*ret_share = share;
	return true;
}

bool method_positive(struct method_call *call, const struct json_node *object, const char *name, double most,
		     double *ret_number)
{
	double number = 0;

	if (!node_number(json_get_text(object, name), 0, most, &number) || number <= 0) {
		return method_fail(call, "\"%s\" must be a number above 0 and at most %g", name, most);
	}
	*ret_number = number;
	return true;
}

bool method_count(struct method_call *call, const struct json_node *object, const char *name, double most,
		  uint64_t *ret_count)
{
	if (!node_count(json_get_text(object, name), most, ret_count)) {
		return method_fail(call, "\"%s\" must be a whole number from 0 to %.17g", name, most);
	}
	return true;
}

bool method_array(struct method_call *call, const struct json_node *object, const char *name, size_t least,
		  const struct json_node **ret_array)
{
	const struct json_node *array = json_get_text(object, name);

	if (!json_is(array, JSON_ARRAY) || json_count(array) < least) {
		return method_fail(call, "\"%s\" must be an array of at least %zu item%s", name, least,
				   least == 1 ? "" : "s");
	}
	*ret_array = array;
	return true;
}

void *method_allocate(struct method_call *call, size_t count, size_t size)
{
	void *memory = arena_allocate_array(call->arena, count, size);

	if (memory == NULL) {
		method_fail(call, "the input is too large for the memory of one request");
	}
	return memory;
}

bool method_numbers(struct method_call *call, const struct json_node *object, const char *name, double least,
		    double most, struct method_numbers *ret_numbers)
{
	const struct json_node *array = NULL;
	struct method_numbers numbers = {0};

	if (!method_array(call, object, name, 1, &array)) {
		return false;
	}
	numbers.values = method_allocate(call, json_count(array), sizeof(*numbers.values));
	if (numbers.values == NULL) {
		return false;
	}
	for (const struct json_node *item = json_first(array); item != NULL; item = json_next(array, item)) {
		if (!node_number(item, least, most, &numbers.values[numbers.count++])) {
			return method_fail(call, "\"%s\"[%zu] must be a number from %g to %g", name, numbers.count - 1,
					   least, most);
		}
	}
	*ret_numbers = numbers;
	return true;
}

bool method_counts(struct method_call *call, const struct json_node *object, const char *name, double most,
		   struct method_counts *ret_counts)
{
	const struct json_node *array = NULL;
	struct method_counts counts = {0};

	if (!method_array(call, object, name, 1, &array)) {
		return false;
	}
	counts.values = method_allocate(call, json_count(array), sizeof(*counts.values));
	if (counts.values == NULL) {
		return false;
	}
	for (const struct json_node *item = json_first(array); item != NULL; item = json_next(array, item)) {
		if (!node_count(item, most, &counts.values[counts.count++])) {
			return method_fail(call, "\"%s\"[%zu] must be a whole number from 0 to %.17g", name,
					   counts.count - 1, most);
		}
	}
	*ret_counts = counts;
	return true;
}

bool method_seed(struct method_call *call, uint64_t *ret_seed)
{
	const struct json_node *seed = json_get_text(call->input, "seed");

	if (!(json_is(seed, JSON_NUMBER) || json_is(seed, JSON_STRING)) || !text_to_uint64(json_text(seed), ret_seed)) {
		return method_fail(call, "\"seed\" must be a whole number from 0 to 18446744073709551615");
	}
	return true;
}

static bool read_row(struct method_call *call, const struct json_node *row, const char *name, size_t columns,
		     struct method_counts *cells)
{
	if (!json_is(row, JSON_ARRAY) || json_count(row) != columns) {
		return method_fail(call, "\"%s\" must be an array of rows of equal length", name);
	}
	for (const struct json_node *cell = json_first(row); cell != NULL; cell = json_next(row, cell)) {
		if (!node_count(cell, UINT32_MAX, &cells->values[cells->count++])) {
			return method_fail(call, "\"%s\" must hold whole numbers from 0 to %u", name, UINT32_MAX);
		}
	}
	return true;
}

bool method_table(struct method_call *call, const char *name, struct method_counts *ret_cells, size_t *ret_rows,
		  size_t *ret_columns)
{
	const struct json_node *array = NULL;
	struct method_counts cells = {0};

	if (!method_array(call, call->input, name, 1, &array)) {
		return false;
	}
	size_t columns = json_count(json_first(array));
	if (columns == 0) {
		return method_fail(call, "\"%s\" must be an array of rows that are not empty", name);
	}
	cells.values = method_allocate(call, json_count(array) * columns, sizeof(*cells.values));
	if (cells.values == NULL) {
		return false;
	}
	for (const struct json_node *row = json_first(array); row != NULL; row = json_next(array, row)) {
		if (!read_row(call, row, name, columns, &cells)) {
			return false;
		}
	}
	*ret_cells = cells;
	*ret_rows = json_count(array);
	*ret_columns = columns;
	return true;
}

bool method_result(struct method_call *call, double number)
{
	json_build_exact(call->reply, "result", number);
	return true;
}

bool method_result_pair(struct method_call *call, struct stats_interval interval)
{
	return method_result_numbers(call, (const double[]){interval.low, interval.high}, 2);
}

bool method_result_numbers(struct method_call *call, const double *numbers, size_t count)
{
	json_build_array(call->reply, "result");
	for (size_t i = 0; i < count; i++) {
		json_build_exact(call->reply, NULL, numbers[i]);
	}
	json_build_end(call->reply);
	return true;
}

void method_build_optional(struct json_build *reply, const char *name, struct stats_optional value)
{
	if (value.defined) {
		json_build_exact(reply, name, value.value);
	} else {
		json_build_null(reply, name);
	}
}

bool method_result_optional(struct method_call *call, struct stats_optional value)
{
	method_build_optional(call->reply, "result", value);
	return true;
}

int method_compare_doubles(const void *a, const void *b)
{
	double first = *(const double *)a;
	double second = *(const double *)b;

	return first < second ? -1 : first > second;
}
