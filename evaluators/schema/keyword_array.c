/* Keywords about arrays: number of items, and that no two are equal. */
#include "evaluators/schema/keywords.h"

#include <stdlib.h>

enum { FEW_ITEMS = 16 };

static bool check_min_items(struct schema_run *run, const struct schema_instruction *instruction,
			    const struct schema_site *site)
{
	return json_count(site->node) >= instruction->limit ||
	       schema_violate(run, site, instruction->keyword, DRIFT_CARDINALITY, site->node->offset,
			      "has %zu items, must have at least %llu", json_count(site->node),
			      (unsigned long long)instruction->limit);
}

static bool check_max_items(struct schema_run *run, const struct schema_instruction *instruction,
			    const struct schema_site *site)
{
	return json_count(site->node) <= instruction->limit ||
	       schema_violate(run, site, instruction->keyword, DRIFT_CARDINALITY, site->node->offset,
			      "has %zu items, must have at most %llu", json_count(site->node),
			      (unsigned long long)instruction->limit);
}

static bool compile_item_count(struct schema_compiler *compiler, const struct json_node *value, schema_check *check)
{
	uint64_t limit = 0;
	if (!schema_read_count(compiler, value, &limit)) {
		return false;
	}
	struct schema_instruction *instruction = schema_add_instruction(compiler, check, 1U << JSON_ARRAY);
	if (instruction == NULL) {
		return false;
	}
	instruction->limit = limit;
	return true;
}

bool schema_compile_min_items(struct schema_compiler *compiler, const struct json_node *value)
{
	return compile_item_count(compiler, value, check_min_items);
}

bool schema_compile_max_items(struct schema_compiler *compiler, const struct json_node *value)
{
	return compile_item_count(compiler, value, check_max_items);
}

static bool violate_unique(struct schema_run *run, const struct schema_instruction *instruction,
			   const struct schema_site *site)
{
	return schema_violate(run, site, instruction->keyword, DRIFT_CARDINALITY, site->node->offset,
			      "has two equal items; each may come once");
}

/* Each with each, where the first comparison ends most. */
static bool few_are_unique(const struct json_node *array)
{
	for (const struct json_node *item = json_first(array); item != NULL; item = json_next(array, item)) {
		for (const struct json_node *other = json_next(array, item); other != NULL;
		     other = json_next(array, other)) {
			if (item->type == other->type && json_equal(item, other)) {
				return false;
			}
		}
	}
	return true;
}

/* Of the sorted: whether two with the same hash are equal. Comparisons are counted: hashes may be made to collide. */
static bool has_equal(struct schema_run *run, const struct schema_hashed *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = i + 1; k < count && list[k].hash == list[i].hash; k++) {
			if (!schema_spend(run, list[i].node->span)) {
				return false;
			}
			if (json_equal(list[i].node, list[k].node)) {
				return true;
			}
		}
	}
	return false;
}

static bool check_many(struct schema_run *run, const struct schema_instruction *instruction,
		       const struct schema_site *site)
{
	struct schema_hashed *list = malloc(json_count(site->node) * sizeof(*list));
	size_t count = 0;
	if (list == NULL) {
		return schema_exhaust(run, "there is not enough memory");
	}
	for (const struct json_node *item = json_first(site->node); item != NULL; item = json_next(site->node, item)) {
		list[count++] = (struct schema_hashed){schema_hash(item), item};
	}
	schema_sort_hashed(list, count);
	bool has = has_equal(run, list, count);
	free(list);
	return has ? violate_unique(run, instruction, site) : run->exhausted == NULL;
}

static bool check_unique(struct schema_run *run, const struct schema_instruction *instruction,
			 const struct schema_site *site)
{
	/* Deep items are compared once for every pair, so only flat ones are. */
	bool is_small = json_count(site->node) <= FEW_ITEMS && site->node->span <= FEW_ITEMS * FEW_ITEMS;
	if (!is_small) {
		return check_many(run, instruction, site);
	}
	return few_are_unique(site->node) || violate_unique(run, instruction, site);
}

bool schema_compile_unique_items(struct schema_compiler *compiler, const struct json_node *value)
{
	if (!schema_compile_boolean(compiler, value)) {
		return false;
	}
	return json_is(value, JSON_FALSE) || schema_add_instruction(compiler, check_unique, 1U << JSON_ARRAY) != NULL;
}
