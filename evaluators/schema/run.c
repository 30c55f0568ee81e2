#include "evaluators/schema/program.h"

bool schema_exhaust(struct schema_run *run, const char *reason)
{
	if (run->exhausted == NULL) {
		run->exhausted = reason;
		run->undecided++;
		run->steps = 0;
	}
	return false;
}

static inline bool run_instructions(struct schema_run *run, const struct subschema *subschema,
				    const struct schema_site *site)
{
	if (subschema->count == 0) {
		return true;
	}
	const struct schema_instruction *instruction = &run->schema->instructions[subschema->first];
	unsigned int type = 1U << site->node->type;
	bool valid = true;
	for (uint32_t i = 0; i < subschema->count; i++, instruction++) {
		if ((instruction->applies & type) == 0 || instruction->check(run, instruction, site)) {
			continue;
		}
		valid = false;
		if (run->report == NULL) {
			break;
		}
	}
	return valid;
}

/* With a record of one's own of what was evaluated, which the outer one takes over where the value fits. */
__attribute__((noinline)) static bool run_apart(struct schema_run *run, const struct schema_site *site)
{
	struct schema_evaluated own;
	struct schema_site inner = *site;
	inner.evaluated = &own;
	if (!schema_evaluated_init(&own, site->node)) {
		return schema_exhaust(run, "there is not enough memory");
	}
	bool valid = run_instructions(run, &run->schema->subschemas[site->subschema], &inner);
	if (valid && site->evaluated != NULL) {
		schema_evaluated_merge(site->evaluated, &own);
	}
	schema_evaluated_finish(&own);
	return valid;
}

/* In a resource other than the one before: dynamic references ask which were entered. */
__attribute__((noinline)) static bool run_scoped(struct schema_run *run, const struct subschema *subschema,
						 const struct schema_site *site)
{
	struct schema_scope scope = {.outer = run->scope, .resource = subschema->resource};
	run->scope = &scope;
	bool valid = subschema->tracks ? run_apart(run, site) : run_instructions(run, subschema, site);
	run->scope = scope.outer;
	return valid;
}

/* What but few subschemas need. */
__attribute__((noinline)) static bool run_special(struct schema_run *run, const struct subschema *subschema,
						  const struct schema_site *site)
{
	if (subschema->is_false) {
		return schema_violate(run, site, "false", DRIFT_OTHER, site->node->offset, "no value is allowed here");
	}
	if (run->schema->uses_dynamic && (run->scope == NULL || run->scope->resource != subschema->resource)) {
		return run_scoped(run, subschema, site);
	}
	return subschema->tracks ? run_apart(run, site) : run_instructions(run, subschema, site);
}

static inline const char *stack_now(void)
{
	return __builtin_frame_address(0);
}

bool schema_run_subschema(struct schema_run *run, const struct schema_site *site)
{
	const struct subschema *subschema = &run->schema->subschemas[site->subschema];
	if (run->steps == 0) {
		return schema_exhaust(run, "checking takes too many steps for its size");
	}
	if (run->depth >= SCHEMA_RUN_DEPTH_MAX || run->stack - stack_now() > SCHEMA_STACK_MAX) {
		return schema_exhaust(run, "value and schema are nested too deeply in each other");
	}
	run->steps--;
	run->depth++;
	bool valid = run->has_special || subschema->is_special ? run_special(run, subschema, site)
							       : run_instructions(run, subschema, site);
	run->depth--;
	return valid;
}

static struct schema_site same_place(const struct schema_site *site, uint32_t subschema, const char *via)
{
	return (struct schema_site){
		.parent = site,
		.node = site->node,
		.is_name = site->is_name,
		.evaluated = site->evaluated,
		.via = via,
		.subschema = subschema,
	};
}

bool schema_run_in_place(struct schema_run *run, const struct schema_site *site, uint32_t subschema, const char *via)
{
	struct schema_site inner = same_place(site, subschema, via);
	return schema_run_subschema(run, &inner);
}

__attribute__((noinline)) static bool run_branch_apart(struct schema_run *run, const struct schema_site *inner)
{
	struct schema_evaluated own;
	struct schema_site apart = *inner;
	if (!schema_evaluated_init(&own, inner->node)) {
		return schema_exhaust(run, "there is not enough memory");
	}
	apart.evaluated = &own;
	bool valid = schema_run_subschema(run, &apart);
	if (valid) {
		schema_evaluated_merge(inner->evaluated, &own);
	}
	schema_evaluated_finish(&own);
	return valid;
}

bool schema_run_branch(struct schema_run *run, const struct schema_site *site, uint32_t subschema)
{
	struct schema_site inner = same_place(site, subschema, NULL);
	size_t declared = run->declared != NULL ? run->declared->journal_count : 0;
	bool valid = inner.evaluated == NULL ? schema_run_subschema(run, &inner) : run_branch_apart(run, &inner);
	/* Once anyOf or oneOf has failed, what its branches declare counts: one of them was meant. */
	if (!valid && run->declared != NULL && run->branch_depth == 0) {
		schema_declared_take_back(run->declared, declared);
	}
	return valid;
}

bool schema_run_quietly(struct schema_run *run, const struct schema_site *site)
{
	struct schema_report *report = run->report;
	size_t declared = run->declared != NULL ? run->declared->journal_count : 0;
	run->report = NULL;
	bool valid = schema_run_subschema(run, site);
	run->report = report;
	if (!valid && run->declared != NULL) {
		schema_declared_take_back(run->declared, declared);
	}
	return valid;
}

static uint64_t steps_for(const struct json_node *instance)
{
	return SCHEMA_STEPS_BASE + (uint64_t)SCHEMA_STEPS_PER_NODE * instance->span;
}

static bool validate_strictly(struct schema_run *run, const struct schema_site *root)
{
	struct schema_declared declared;
	if (!schema_declared_init(&declared, root->node)) {
		return schema_exhaust(run, "there is not enough memory");
	}
	run->declared = &declared;
	bool valid = schema_run_subschema(run, root);
	if (run->exhausted == NULL) {
		schema_report_open(run);
	}
	schema_declared_finish(&declared);
	run->declared = NULL;
	return valid;
}

bool schema_validate(const struct schema *schema, const struct json_node *instance, struct schema_report *report)
{
	struct schema_run run = {
		.schema = schema,
		.report = report,
		.has_special = schema->uses_dynamic,
		.stack = stack_now(),
		.steps = steps_for(instance),
	};
	struct schema_site root = {.node = instance, .subschema = 0};
	bool is_strict = report != NULL && report->strict;
	bool valid = is_strict ? validate_strictly(&run, &root) : schema_run_subschema(&run, &root);
	if (run.exhausted != NULL) {
		/* where the list is full, this is worth more than its last entry */
		if (report != NULL && report->count > 0 && report->count == report->maximum) {
			report->count--;
		}
		valid = schema_undecided(&run, &root, "", run.exhausted);
	}
	schema_matcher_release(&run);
	return valid;
}
