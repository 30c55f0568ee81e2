/* Keywords that apply schemas to the same value: allOf, anyOf, oneOf, not, if with then and else. */
#include "evaluators/schema/keywords.h"

static bool check_all(struct schema_run *run, const struct schema_instruction *instruction,
		      const struct schema_site *site)
{
	const struct schema_branches *branches = instruction->branches;
	bool valid = true;
	for (uint32_t i = 0; i < branches->count && (valid || run->report != NULL); i++) {
		valid = schema_run_in_place(run, site, branches->list[i], NULL) && valid;
	}
	return valid;
}

/* The class of drift that all violations of the branches have; other where they differ. */
static enum drift_class common_class(unsigned int classes)
{
	for (int i = 0; i < DRIFT_CLASS_COUNT; i++) {
		if (classes == 1U << i) {
			return (enum drift_class)i;
		}
	}
	return DRIFT_OTHER;
}

/* No branch fits: the violation first, then, behind it, why each branch does not. */
static bool violate_with_branches(struct schema_run *run, const struct schema_instruction *instruction,
				  const struct schema_site *site)
{
	struct schema_report *report = run->report;
	if (report == NULL) {
		return false;
	}
	unsigned int outer_classes = run->branch_classes;
	size_t place = report->count;
	schema_violate(run, site, instruction->keyword, DRIFT_OTHER, site->node->offset,
		       "fits none of the %u schemas that are allowed here", instruction->branches->count);
	run->branch_classes = 0;
	run->branch_depth++;
	for (uint32_t i = 0; i < instruction->branches->count; i++) {
		schema_run_branch(run, site, instruction->branches->list[i]);
	}
	run->branch_depth--;
	enum drift_class drift = common_class(run->branch_classes);
	run->branch_classes = outer_classes | 1U << drift;
	if (run->branch_depth == 0) {
		report->by_class[DRIFT_OTHER]--;
		report->by_class[drift]++;
	}
	if (place < report->count) {
		report->list[place].drift = drift;
	}
	return false;
}

/* How many branches fit, counted up to `enough`; `fitting` takes the numbers of the first two. */
static uint32_t count_fitting(struct schema_run *run, const struct schema_branches *branches,
			      const struct schema_site *site, uint32_t enough, uint32_t fitting[2])
{
	struct schema_report *report = run->report;
	uint32_t count = 0;
	run->report = NULL;
	for (uint32_t i = 0; i < branches->count && count < enough; i++) {
		if (schema_run_branch(run, site, branches->list[i])) {
			fitting[count < 2 ? count : 1] = i;
			count++;
		}
	}
	run->report = report;
	return count;
}

/* All branches are tried where what they evaluate or declare is asked for. */
static bool check_any(struct schema_run *run, const struct schema_instruction *instruction,
		      const struct schema_site *site)
{
	uint32_t fitting[2] = {0, 0};
	uint32_t enough = site->evaluated != NULL || run->declared != NULL ? UINT32_MAX : 1;
	return count_fitting(run, instruction->branches, site, enough, fitting) > 0 ||
	       violate_with_branches(run, instruction, site);
}

static bool check_one(struct schema_run *run, const struct schema_instruction *instruction,
		      const struct schema_site *site)
{
	uint32_t fitting[2] = {0, 0};
	unsigned int undecided = run->undecided;
	uint32_t count = count_fitting(run, instruction->branches, site, 2, fitting);
	if (count == 0) {
		return violate_with_branches(run, instruction, site);
	}
	if (count > 1) {
		return schema_violate(
			run, site, instruction->keyword, DRIFT_OTHER, site->node->offset,
			"fits more than one of the schemas, numbers %u and %u, of which exactly one may fit",
			fitting[0], fitting[1]);
	}
	return undecided == run->undecided ||
	       schema_undecided(run, site, instruction->keyword, "whether another schema fits as well is not known");
}

static bool check_not(struct schema_run *run, const struct schema_instruction *instruction,
		      const struct schema_site *site)
{
	struct schema_report *report = run->report;
	unsigned int undecided = run->undecided;
	struct schema_site inner = {
		.parent = site, .node = site->node, .is_name = site->is_name, .subschema = instruction->subschema};
	size_t declared = run->declared != NULL ? run->declared->journal_count : 0;
	run->report = NULL;
	bool fits = schema_run_subschema(run, &inner);
	run->report = report;
	if (run->declared != NULL) {
		schema_declared_take_back(run->declared, declared);
	}
	if (fits) {
		return schema_violate(run, site, instruction->keyword, DRIFT_OTHER, site->node->offset,
				      "fits a schema that it must not fit");
	}
	return undecided == run->undecided ||
	       schema_undecided(run, site, instruction->keyword, "whether the schema fits is not known");
}

static bool check_condition(struct schema_run *run, const struct schema_instruction *instruction,
			    const struct schema_site *site)
{
	const struct schema_condition *condition = instruction->condition;
	struct schema_report *report = run->report;
	unsigned int undecided = run->undecided;
	run->report = NULL;
	bool fits = schema_run_branch(run, site, condition->test);
	run->report = report;
	if (undecided != run->undecided) {
		return schema_undecided(run, site, instruction->keyword, "whether the condition holds is not known");
	}
	uint32_t next = fits ? condition->when_true : condition->when_false;
	return next == SCHEMA_NONE || schema_run_in_place(run, site, next, NULL);
}

static bool compile_branches(struct schema_compiler *compiler, const struct json_node *value, schema_check *check)
{
	if (!json_is(value, JSON_ARRAY) || json_count(value) == 0) {
		return schema_refuse(compiler, "must be a list of at least one schema");
	}
	struct schema_branches *branches = schema_allocate(compiler, 1, sizeof(*branches));
	uint32_t *list = schema_allocate(compiler, json_count(value), sizeof(*list));
	if (branches == NULL || list == NULL) {
		return false;
	}
	*branches = (struct schema_branches){.list = list};
	for (const struct json_node *item = json_first(value); item != NULL; item = json_next(value, item)) {
		uint32_t subschema = schema_add_in_place(compiler, item);
		if (subschema == SCHEMA_NONE) {
			return false;
		}
		list[branches->count++] = subschema;
	}
	struct schema_instruction *instruction = schema_add_instruction(compiler, check, SCHEMA_ANY);
	if (instruction == NULL) {
		return false;
	}
	instruction->branches = branches;
	return true;
}

bool schema_compile_all_of(struct schema_compiler *compiler, const struct json_node *value)
{
	return compile_branches(compiler, value, check_all);
}

bool schema_compile_any_of(struct schema_compiler *compiler, const struct json_node *value)
{
	return compile_branches(compiler, value, check_any);
}

bool schema_compile_one_of(struct schema_compiler *compiler, const struct json_node *value)
{
	return compile_branches(compiler, value, check_one);
}

bool schema_compile_not(struct schema_compiler *compiler, const struct json_node *value)
{
	uint32_t subschema = schema_add_in_place(compiler, value);
	struct schema_instruction *instruction =
		subschema != SCHEMA_NONE ? schema_add_instruction(compiler, check_not, SCHEMA_ANY) : NULL;
	if (instruction == NULL) {
		return false;
	}
	instruction->subschema = subschema;
	return true;
}

/* if, then, else: compiled, so that a fault in them is found, and put together at the end. */
bool schema_compile_condition(struct schema_compiler *compiler, const struct json_node *value)
{
	compiler->groups |= SCHEMA_GROUP_CONDITION;
	return schema_add_subschema(compiler, value) != SCHEMA_NONE;
}

static bool find_part(struct schema_compiler *compiler, const char *name, uint32_t *subschema)
{
	const struct json_node *node = schema_sibling(compiler, name);
	*subschema = SCHEMA_NONE;
	if (node == NULL) {
		return true;
	}
	*subschema = schema_add_in_place(compiler, node);
	return *subschema != SCHEMA_NONE;
}

/* then and else without if mean nothing. */
bool schema_finish_condition(struct schema_compiler *compiler)
{
	struct schema_condition *condition = schema_allocate(compiler, 1, sizeof(*condition));
	if (condition == NULL || !find_part(compiler, "if", &condition->test)) {
		return false;
	}
	if (condition->test == SCHEMA_NONE) {
		return true;
	}
	if (!find_part(compiler, "then", &condition->when_true) ||
	    !find_part(compiler, "else", &condition->when_false)) {
		return false;
	}
	compiler->keyword = "if";
	struct schema_instruction *instruction = schema_add_instruction(compiler, check_condition, SCHEMA_ANY);
	if (instruction == NULL) {
		return false;
	}
	instruction->condition = condition;
	return true;
}
