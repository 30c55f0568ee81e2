/* Sets of JSON values for enum and const. */
#include "evaluators/schema/program.h"
#include "evaluators/schema/short_text.h"

#include <stdlib.h>

enum { LISTED_BYTES_MAX = 300, FEW_STRINGS = 8 };

/* By type, then strings by bytes and numbers by value. Only for scalars whose numbers decimal_parse accepts. */
static int scalar_order(const struct json_node *a, const struct json_node *b)
{
	if (a->type != b->type) {
		return a->type < b->type ? -1 : 1;
	}
	if (json_is(a, JSON_STRING)) {
		return span_order(json_text(a), json_text(b));
	}
	struct decimal number_a;
	struct decimal number_b;
	if (!json_is(a, JSON_NUMBER) || !decimal_parse(json_text(a), &number_a, NULL) ||
	    !decimal_parse(json_text(b), &number_b, NULL)) {
		return 0;
	}
	return decimal_order(&number_a, &number_b);
}

static int compare_scalars(const void *a, const void *b)
{
	return scalar_order(*(const struct json_node *const *)a, *(const struct json_node *const *)b);
}

static bool is_sortable(const struct json_node *node)
{
	struct decimal number;
	if (json_is(node, JSON_NUMBER)) {
		return decimal_parse(json_text(node), &number, NULL);
	}
	return !json_is(node, JSON_ARRAY) && !json_is(node, JSON_OBJECT);
}

static bool bisect(const struct schema_values *values, const struct json_node *node)
{
	size_t low = 0;
	size_t high = values->sorted_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = scalar_order(node, values->sorted[middle]);
		if (order == 0) {
			return true;
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return false;
}

/* The first with that hash or a larger one. */
static size_t first_other(const struct schema_values *values, uint64_t hash)
{
	size_t low = 0;
	size_t high = values->other_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (values->others[middle].hash < hash) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static bool is_among_few(const struct schema_values *values, const struct json_node *node)
{
	for (size_t i = 0; i < values->sorted_count; i++) {
		if (short_equal(json_text(values->sorted[i]), json_text(node))) {
			return true;
		}
	}
	return false;
}

bool schema_values_contain(struct schema_run *run, const struct schema_values *values, const struct json_node *node)
{
	if (values->is_few_strings) {
		return json_is(node, JSON_STRING) && is_among_few(values, node);
	}
	if (is_sortable(node)) {
		return bisect(values, node);
	}
	if (values->other_count == 0) {
		return false;
	}
	uint64_t hash = schema_hash(node);
	for (size_t i = first_other(values, hash); i < values->other_count && values->others[i].hash == hash; i++) {
		if (!schema_spend(run, node->span)) {
			return false;
		}
		if (json_equal(values->others[i].node, node)) {
			return true;
		}
	}
	/* Beyond the limits of base/decimal another spelling may be the same number. */
	run->undecided += json_is(node, JSON_NUMBER);
	return false;
}

static struct schema_values *create(struct schema *schema, size_t count)
{
	struct schema_values *values = arena_allocate(&schema->arena, sizeof(*values));
	if (values == NULL) {
		return NULL;
	}
	values->sorted = arena_allocate_array(&schema->arena, count, sizeof(*values->sorted));
	values->is_few_strings = count <= FEW_STRINGS;
	values->others = arena_allocate_array(&schema->arena, count, sizeof(*values->others));
	return values->sorted != NULL && values->others != NULL ? values : NULL;
}

static void add(struct schema_values *values, const struct json_node *node)
{
	values->is_few_strings = values->is_few_strings && json_is(node, JSON_STRING);
	if (is_sortable(node)) {
		values->sorted[values->sorted_count++] = node;
	} else {
		values->others[values->other_count++] = (struct schema_hashed){schema_hash(node), node};
	}
}

/* `must be one of "a", "b" ...`, cut where it gets long. */
static const char *describe_list(struct schema *schema, const struct json_node *list)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(SIZE_MAX / 2);
	buffer_append_text(&buffer,
			   json_count(list) > 0 ? "must be one of " : "no value is allowed: the list is empty");
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		if (buffer.length > LISTED_BYTES_MAX) {
			buffer_append_format(&buffer, ", ... (%zu values)", json_count(list));
			break;
		}
		buffer_append_text(&buffer, item == json_first(list) ? "" : ", ");
		json_write(&buffer, item);
	}
	return buffer.failed ? NULL : arena_copy(&schema->arena, buffer_span(&buffer));
}

const struct schema_values *schema_values_of_list(struct schema *schema, const struct json_node *list)
{
	struct schema_values *values = create(schema, json_count(list));
	if (values == NULL) {
		return NULL;
	}
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		add(values, item);
	}
	qsort(values->sorted, values->sorted_count, sizeof(*values->sorted), compare_scalars);
	schema_sort_hashed(values->others, values->other_count);
	values->sentence = describe_list(schema, list);
	return values->sentence != NULL ? values : NULL;
}

const struct schema_values *schema_values_of_one(struct schema *schema, const struct json_node *value)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(SIZE_MAX / 2);
	struct schema_values *values = create(schema, 1);
	if (values == NULL) {
		return NULL;
	}
	add(values, value);
	buffer_append_text(&buffer, "must be ");
	json_write(&buffer, value);
	values->sentence = buffer.failed ? NULL : arena_copy(&schema->arena, buffer_span(&buffer));
	return values->sentence != NULL ? values : NULL;
}
