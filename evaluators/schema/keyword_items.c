/* Keywords that apply schemas to items: prefixItems, items, additionalItems in one pass; contains with its limits. */
#include "evaluators/schema/keywords.h"

static bool check_items(struct schema_run *run, const struct schema_instruction *instruction,
			const struct schema_site *site)
{
	const struct schema_items *items = instruction->items;
	struct schema_site child = {.parent = site};
	bool valid = true;
	for (child.node = json_first(site->node); child.node != NULL; child.node = json_next(site->node, child.node)) {
		child.subschema = child.index < items->prefix_count ? items->prefix[child.index] : items->rest;
		if (child.subschema == SCHEMA_NONE) {
			break;
		}
		schema_evaluated_mark(site->evaluated, child.index);
		if (schema_looks_at(run, child.subschema, child.node) && !schema_run_subschema(run, &child)) {
			valid = false;
			if (run->report == NULL) {
				break;
			}
		}
		child.index++;
	}
	return valid;
}

bool schema_compile_items(struct schema_compiler *compiler, const struct json_node *value)
{
	compiler->groups |= SCHEMA_GROUP_ITEMS;
	bool is_prefix = strcmp(compiler->keyword, "prefixItems") == 0;
	bool is_new = schema_dialect_here(compiler)->draft == SCHEMA_DRAFT_2020_12;
	if (is_prefix && (!json_is(value, JSON_ARRAY) || json_count(value) == 0)) {
		return schema_refuse(compiler, "must be a list of at least one schema");
	}
	if (!is_prefix && is_new && json_is(value, JSON_ARRAY)) {
		return schema_refuse(compiler, "must be one schema: a schema must be an object, true or false; a list "
					       "of schemas, one for each place, is prefixItems");
	}
	/* additionalItems may stand where it has no effect, and must be a schema there too */
	return json_is(value, JSON_ARRAY) || schema_add_subschema(compiler, value) != SCHEMA_NONE;
}

static bool add_prefix(struct schema_compiler *compiler, const struct json_node *list, struct schema_items *items)
{
	items->prefix = schema_allocate(compiler, json_count(list), sizeof(*items->prefix));
	if (items->prefix == NULL) {
		return false;
	}
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		uint32_t subschema = schema_add_subschema(compiler, item);
		if (subschema == SCHEMA_NONE) {
			return false;
		}
		items->prefix[items->prefix_count++] = subschema;
	}
	return true;
}

bool schema_finish_items(struct schema_compiler *compiler)
{
	const struct json_node *prefix = schema_sibling(compiler, "prefixItems");
	const struct json_node *rest = schema_sibling(compiler, "items");
	if (json_is(rest, JSON_ARRAY)) {
		prefix = rest;
		rest = schema_sibling(compiler, "additionalItems");
	}
	if (prefix == NULL && rest == NULL) {
		return true;
	}
	struct schema_items *items = schema_allocate(compiler, 1, sizeof(*items));
	if (items == NULL || !add_prefix(compiler, prefix, items)) {
		return false;
	}
	items->rest = rest != NULL ? schema_add_subschema(compiler, rest) : SCHEMA_NONE;
	compiler->keyword = "items";
	struct schema_instruction *instruction = schema_add_instruction(compiler, check_items, 1U << JSON_ARRAY);
	if ((rest != NULL && items->rest == SCHEMA_NONE) || instruction == NULL) {
		return false;
	}
	instruction->items = items;
	return true;
}

/* How many items fit; stops once there are enough, unless all are to be known. */
static uint64_t count_items(struct schema_run *run, const struct schema_contains *contains,
			    const struct schema_site *site)
{
	bool wants_all = (contains->marks && site->evaluated != NULL) || run->declared != NULL;
	uint64_t enough = contains->maximum < UINT64_MAX ? contains->maximum + 1 : contains->minimum;
	struct schema_site child = {.parent = site, .subschema = contains->subschema};
	uint64_t count = 0;
	for (child.node = json_first(site->node); child.node != NULL && (wants_all || count < enough);
	     child.node = json_next(site->node, child.node)) {
		if (schema_run_quietly(run, &child)) {
			count++;
			if (contains->marks) {
				schema_evaluated_mark(site->evaluated, child.index);
			}
		}
		child.index++;
	}
	return count;
}

static bool check_contains(struct schema_run *run, const struct schema_instruction *instruction,
			   const struct schema_site *site)
{
	const struct schema_contains *contains = instruction->contains;
	unsigned int undecided = run->undecided;
	uint64_t count = count_items(run, contains, site);
	if (count > contains->maximum) {
		return schema_violate(run, site, "maxContains", DRIFT_CARDINALITY, site->node->offset,
				      "has more than %llu items of the kind that contains describes",
				      (unsigned long long)contains->maximum);
	}
	if (undecided != run->undecided && (count < contains->minimum || contains->maximum < UINT64_MAX)) {
		return schema_undecided(run, site, instruction->keyword, "how many items fit is not known");
	}
	return count >= contains->minimum ||
	       schema_violate(run, site, contains->minimum == 1 ? instruction->keyword : "minContains",
			      DRIFT_CARDINALITY, site->node->offset,
			      "has %llu items of the kind that contains describes, must have at least %llu",
			      (unsigned long long)count, (unsigned long long)contains->minimum);
}

bool schema_compile_contains(struct schema_compiler *compiler, const struct json_node *value)
{
	compiler->groups |= SCHEMA_GROUP_CONTAINS;
	return schema_add_subschema(compiler, value) != SCHEMA_NONE;
}

bool schema_compile_contains_limit(struct schema_compiler *compiler, const struct json_node *value)
{
	uint64_t limit = 0;
	return schema_read_count(compiler, value, &limit);
}

static bool read_limit(struct schema_compiler *compiler, const char *name, uint64_t *limit)
{
	const struct json_node *value = schema_sibling(compiler, name);
	return value == NULL || schema_read_count(compiler, value, limit);
}

bool schema_finish_contains(struct schema_compiler *compiler)
{
	struct schema_contains *contains = schema_allocate(compiler, 1, sizeof(*contains));
	if (contains == NULL) {
		return false;
	}
	*contains = (struct schema_contains){
		.subschema = schema_add_subschema(compiler, schema_sibling(compiler, "contains")),
		.minimum = 1,
		.maximum = UINT64_MAX,
		.marks = schema_dialect_here(compiler)->draft == SCHEMA_DRAFT_2020_12,
	};
	compiler->keyword = "contains";
	if (contains->subschema == SCHEMA_NONE || !read_limit(compiler, "minContains", &contains->minimum) ||
	    !read_limit(compiler, "maxContains", &contains->maximum)) {
		return false;
	}
	struct schema_instruction *instruction = schema_add_instruction(compiler, check_contains, 1U << JSON_ARRAY);
	if (instruction == NULL) {
		return false;
	}
	instruction->contains = contains;
	return true;
}
