/* The one notion of sameness: json_equal and json_write_canonical walk objects in the same order and read numbers in
 * the same way, so that equal values have equal bytes and the other way round. */
#include "harness/base/decimal.h"
#include "harness/base/json.h"

#include <stdlib.h>

enum { FEW_MEMBERS = 16 };

/* An object's members in the order of their names, the last of each name only. Holds pointers to names. */
struct members {
	const struct json_node *object;
	const struct json_node **sorted; /* `few`, or from the heap; NULL without memory: each step searches anew */
	size_t position;
	const struct json_node *previous;
	const struct json_node *few[FEW_MEMBERS];
};

/* By name; among equal names the later member first. */
static int order_of_names(const struct json_node *a, const struct json_node *b)
{
	int order = span_order(json_text(a), json_text(b));
	return order != 0 ? order : (a < b) - (a > b);
}

static int compare_names(const void *a, const void *b)
{
	return order_of_names(*(const struct json_node *const *)a, *(const struct json_node *const *)b);
}

static void sort_few(const struct json_node **names, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		const struct json_node *name = names[i];
		size_t place = i;
		for (; place > 0 && order_of_names(names[place - 1], name) > 0; place--) {
			names[place] = names[place - 1];
		}
		names[place] = name;
	}
}

static void members_init(struct members *members, const struct json_node *object)
{
	size_t count = json_count(object);
	*members = (struct members){.object = object};
	members->sorted = count <= FEW_MEMBERS ? members->few : malloc(count * sizeof(*members->sorted));
	if (members->sorted == NULL) {
		return;
	}
	size_t i = 0;
	for (const struct json_node *name = json_first(object); name != NULL; name = json_next(object, name)) {
		members->sorted[i++] = name;
	}
	if (count <= FEW_MEMBERS) {
		sort_few(members->sorted, i);
	} else {
		qsort(members->sorted, i, sizeof(*members->sorted), compare_names);
	}
}

static void members_finish(struct members *members)
{
	if (members->sorted != members->few) {
		free(members->sorted);
	}
}

static bool has_name_of(const struct json_node *name, const struct json_node *other)
{
	return other != NULL && span_equal(json_text(name), json_text(other));
}

/* The first in order behind `previous`, found without any memory. */
static const struct json_node *search_next(const struct members *members)
{
	const struct json_node *best = NULL;
	const struct json_node *object = members->object;
	for (const struct json_node *name = json_first(object); name != NULL; name = json_next(object, name)) {
		bool behind =
			members->previous == NULL || span_order(json_text(name), json_text(members->previous)) > 0;
		if (behind && (best == NULL || order_of_names(name, best) < 0)) {
			best = name;
		}
	}
	return best;
}

/* NULL at the end. */
static const struct json_node *members_next(struct members *members)
{
	const struct json_node *next = NULL;
	if (members->sorted == NULL) {
		next = search_next(members);
	} else {
		size_t count = json_count(members->object);
		while (members->position < count &&
		       has_name_of(members->sorted[members->position], members->previous)) {
			members->position++;
		}
		next = members->position < count ? members->sorted[members->position++] : NULL;
	}
	members->previous = next;
	return next;
}

/* Numbers past the limits of base/decimal.h are told apart by their spelling alone, with "E" for "e": in canonical
 * form that letter, or more than 40 digits without exponent, belongs to no number within the limits. */
static void write_number(struct buffer *buffer, struct span text)
{
	struct decimal value;
	if (decimal_parse(text, &value, NULL)) {
		decimal_write(buffer, &value);
		return;
	}
	for (size_t i = 0; i < text.length; i++) {
		buffer_append_byte(buffer, text.data[i] == 'e' ? 'E' : text.data[i]);
	}
}

static bool same_spelling(struct span a, struct span b)
{
	if (a.length != b.length) {
		return false;
	}
	for (size_t i = 0; i < a.length; i++) {
		char in_a = a.data[i] == 'e' ? 'E' : a.data[i];
		char in_b = b.data[i] == 'e' ? 'E' : b.data[i];
		if (in_a != in_b) {
			return false;
		}
	}
	return true;
}

static bool equal_numbers(struct span a, struct span b)
{
	struct decimal value_a;
	struct decimal value_b;
	if (span_equal(a, b)) {
		return true;
	}
	bool exact_a = decimal_parse(a, &value_a, NULL);
	bool exact_b = decimal_parse(b, &value_b, NULL);
	if (exact_a && exact_b) {
		return decimal_order(&value_a, &value_b) == 0;
	}
	return !exact_a && !exact_b && same_spelling(a, b);
}

static bool equal_arrays(const struct json_node *a, const struct json_node *b)
{
	if (json_count(a) != json_count(b)) {
		return false;
	}
	const struct json_node *item_b = json_first(b);
	for (const struct json_node *item_a = json_first(a); item_a != NULL; item_a = json_next(a, item_a)) {
		if (!json_equal(item_a, item_b)) {
			return false;
		}
		item_b = json_next(b, item_b);
	}
	return true;
}

static bool equal_objects(const struct json_node *a, const struct json_node *b)
{
	struct members members_a;
	struct members members_b;
	members_init(&members_a, a);
	members_init(&members_b, b);
	bool equal = true;
	const struct json_node *name_a = NULL;
	const struct json_node *name_b = NULL;
	do {
		name_a = members_next(&members_a);
		name_b = members_next(&members_b);
		if (name_a != NULL && name_b != NULL) {
			equal = span_equal(json_text(name_a), json_text(name_b)) &&
				json_equal(json_member(name_a), json_member(name_b));
		} else {
			equal = name_a == name_b;
		}
	} while (equal && name_a != NULL);
	members_finish(&members_a);
	members_finish(&members_b);
	return equal;
}

bool json_equal(const struct json_node *a, const struct json_node *b)
{
	if (a == NULL || b == NULL || a->type != b->type) {
		return false;
	}
	switch ((enum json_type)a->type) {
	case JSON_NUMBER:
		return equal_numbers(json_text(a), json_text(b));
	case JSON_STRING:
		return span_equal(json_text(a), json_text(b));
	case JSON_ARRAY:
		return equal_arrays(a, b);
	case JSON_OBJECT:
		return equal_objects(a, b);
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
	default:
		return true;
	}
}

static void write_canonical_object(struct buffer *buffer, const struct json_node *object)
{
	struct members members;
	const char *separator = "";
	members_init(&members, object);
	buffer_append_byte(buffer, '{');
	for (const struct json_node *name = members_next(&members); name != NULL; name = members_next(&members)) {
		buffer_append_text(buffer, separator);
		json_write_string(buffer, json_text(name));
		buffer_append_byte(buffer, ':');
		json_write_canonical(buffer, json_member(name));
		separator = ",";
	}
	buffer_append_byte(buffer, '}');
	members_finish(&members);
}

static void write_canonical_array(struct buffer *buffer, const struct json_node *array)
{
	const char *separator = "";
	buffer_append_byte(buffer, '[');
	for (const struct json_node *item = json_first(array); item != NULL; item = json_next(array, item)) {
		buffer_append_text(buffer, separator);
		json_write_canonical(buffer, item);
		separator = ",";
	}
	buffer_append_byte(buffer, ']');
}

void json_write_canonical(struct buffer *buffer, const struct json_node *node)
{
	switch ((enum json_type)node->type) {
	case JSON_NUMBER:
		write_number(buffer, json_text(node));
		break;
	case JSON_ARRAY:
		write_canonical_array(buffer, node);
		break;
	case JSON_OBJECT:
		write_canonical_object(buffer, node);
		break;
	case JSON_NULL:
	case JSON_FALSE:
	case JSON_TRUE:
	case JSON_STRING:
	default:
		json_write(buffer, node);
		break;
	}
}
