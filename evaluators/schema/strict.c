/* Strict reading: which members some applied subschema declares, over the whole instance. A branch that fails takes
 * back what it declared, by the journal. */
#include "evaluators/schema/program.h"

#include <stdlib.h>

bool schema_declared_init(struct schema_declared *declared, const struct json_node *root)
{
	*declared = (struct schema_declared){.root = root};
	declared->bits = calloc((root->span + 63) / 64, sizeof(*declared->bits));
	return declared->bits != NULL;
}

void schema_declared_finish(struct schema_declared *declared)
{
	free(declared->bits);
	free(declared->journal);
}

static bool is_declared(const struct schema_declared *declared, const struct json_node *name)
{
	size_t place = (size_t)(name - declared->root);
	return (declared->bits[place / 64] >> place % 64 & 1) != 0;
}

static bool add_to_journal(struct schema_declared *declared, uint32_t place)
{
	if (declared->journal_count == declared->journal_capacity) {
		size_t wanted = declared->journal_capacity == 0 ? 64 : declared->journal_capacity * 2;
		uint32_t *grown = reallocarray(declared->journal, wanted, sizeof(*grown));
		if (grown == NULL) {
			return false;
		}
		declared->journal = grown;
		declared->journal_capacity = wanted;
	}
	declared->journal[declared->journal_count++] = place;
	return true;
}

void schema_declare_name(struct schema_run *run, const struct json_node *name)
{
	struct schema_declared *declared = run->declared;
	if (is_declared(declared, name)) {
		return;
	}
	size_t place = (size_t)(name - declared->root);
	declared->bits[place / 64] |= UINT64_C(1) << place % 64;
	if (!add_to_journal(declared, (uint32_t)place)) {
		schema_exhaust(run, "there is not enough memory");
	}
}

void schema_declared_take_back(struct schema_declared *declared, size_t count)
{
	while (declared->journal_count > count) {
		uint32_t place = declared->journal[--declared->journal_count];
		declared->bits[place / 64] &= ~(UINT64_C(1) << place % 64);
	}
}

static void report_below(struct schema_run *run, const struct schema_site *site);

static void report_member(struct schema_run *run, const struct schema_site *site, const struct json_node *name)
{
	struct schema_site member = {.parent = site, .node = json_member(name), .name = name};
	if (is_declared(run->declared, name)) {
		report_below(run, &member);
	} else {
		schema_tell_open(run, &member);
	}
}

/* Recursive: no deeper than the reader lets documents be, JSON_DEPTH_MAX. */
static void report_below(struct schema_run *run, const struct schema_site *site)
{
	const struct json_node *node = site->node;
	struct schema_site item = {.parent = site};
	if (json_is(node, JSON_OBJECT)) {
		for (const struct json_node *name = json_first(node); name != NULL; name = json_next(node, name)) {
			report_member(run, site, name);
		}
		return;
	}
	for (item.node = json_first(node); item.node != NULL; item.node = json_next(node, item.node)) {
		report_below(run, &item);
		item.index++;
	}
}

void schema_report_open(struct schema_run *run)
{
	struct schema_site root = {.node = run->declared->root};
	report_below(run, &root);
}
