/* Records and fields against the response schema. */
#include "harness/base/decimal.h"
#include "harness/contract/config.h"
#include "harness/contract/lint_internal.h"

enum { LEAVES_MAX = 200, LEAVES_DEEP_MAX = 12, UNIT_DEEP_MAX = 8 };

static const struct json_node *field_node(const struct lint *lint, size_t index)
{
	return json_at(config_get(lint->contract->root, "fields"), index);
}

/* --- records --- */

static bool find_records(struct lint *lint)
{
	const struct contract *contract = lint->contract;
	const struct json_node *node = config_get(contract->root, "records.at");
	lint->record = reach_find(&lint->response, &contract->records_at);
	if (lint->record.presence == REACH_IMPOSSIBLE) {
		lint_add(lint, LINT_RECORDS_UNREACHABLE, lint_in_contract(lint, node),
			 "correct the path, or declare it in the schema",
			 "records.at %s: the response schema allows no value there",
			 lint_path_text(lint, &contract->records_at));
		return false;
	}
	if (contract->records_are_array) {
		size_t behind =
			lint->record.count > 0 ? reach_prefix_count(&lint->response, &lint->record.cases[0]) : 0;
		lint->record = reach_item(&lint->response, &lint->record, behind);
	}
	if (lint->record.presence == REACH_IMPOSSIBLE) {
		lint_add(lint, LINT_RECORDS_UNREACHABLE, lint_in_contract(lint, node),
			 "name the array of records, or remove records.key",
			 "records.at %s: the response schema allows no array there, and records.key needs one",
			 lint_path_text(lint, &contract->records_at));
		return false;
	}
	/* What is asked from here on is about a record that is there. */
	lint->record.presence = lint->record.presence == REACH_DECLARED ? REACH_REQUIRED : lint->record.presence;
	return true;
}

static void check_key(struct lint *lint)
{
	const struct contract *contract = lint->contract;
	if (!contract->records_are_array) {
		return;
	}
	struct reach_place key = reach_find_from(&lint->response, lint->record, &contract->records_key);
	struct lint_place place = lint_in_contract(lint, config_get(contract->root, "records.key"));
	if (key.presence == REACH_IMPOSSIBLE) {
		lint_add(lint, LINT_RECORDS_UNREACHABLE, place, "correct the path, or declare it in the schema",
			 "records.key %s: the response schema allows no value there, so no record could be matched",
			 lint_path_text(lint, &contract->records_key));
	} else if (key.presence == REACH_DECLARED) {
		lint_add(lint, LINT_FIELD_OPTIONAL, place, "add it to `required` in the schema",
			 "records.key %s is not required, so a valid reply may hold records that match nothing",
			 lint_path_text(lint, &contract->records_key));
	}
}

/* --- comparators --- */

static const char *type_names(struct lint *lint, unsigned types)
{
	static const struct {
		unsigned bits;
		const char *name;
	} rows[] = {{REACH_NULL, "null"},     {REACH_BOOLEAN, "true or false"}, {REACH_NUMBER, "a number"},
		    {REACH_STRING, "a text"}, {REACH_ARRAY, "an array"},        {REACH_OBJECT, "an object"}};
	const char *text = "";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((types & rows[i].bits) != 0) {
			text = arena_format(lint->arena, "%s%s%s", text, text[0] != '\0' ? " or " : "", rows[i].name);
			if (text == NULL) {
				lint->failed = true;
				return "";
			}
		}
	}
	return text;
}

static void check_type(struct lint *lint, const struct contract_field *field, struct lint_place place, unsigned types)
{
	const char *name = field->comparator.evaluator->name;
	bool number = strcmp(name, "number") == 0;
	bool text = strcmp(name, "text") == 0;
	unsigned meant = number ? REACH_NUMBER : REACH_STRING;
	if ((!number && !text) || (types & meant) != 0) {
		return;
	}
	if (number && (types & REACH_STRING) != 0 && field->comparator.number.strings) {
		return;
	}
	bool as_text = number && (types & REACH_STRING) != 0;
	lint_add(lint, LINT_RULE_NEVER_MATCHES, place,
		 as_text ? "write compare: text or exact; or {number: {strings: true}} where the text holds a number"
			 : "write compare: exact, or correct the schema",
		 "field \"%s\" is compared as a %s, and the response schema allows only %s there", field->name, name,
		 type_names(lint, types));
}

/* A tolerance that reaches from the schema's least value to its greatest. */
static bool tolerance_covers(const struct contract_field *field, const struct reach_place *place)
{
	if (place->count != 1 || strcmp(field->comparator.evaluator->name, "number") != 0) {
		return false;
	}
	const struct json_node *least = reach_greatest(&place->cases[0], "minimum");
	const struct json_node *most = reach_least(&place->cases[0], "maximum");
	struct decimal from;
	struct decimal to;
	bool within = false;
	return least != NULL && most != NULL && decimal_parse(json_text(least), &from, NULL) &&
	       decimal_parse(json_text(most), &to, NULL) &&
	       decimal_within(&from, &to, &field->comparator.number.absolute, &within, NULL) && within;
}

static void check_difference(struct lint *lint, const struct contract_field *field, struct lint_place place,
			     const struct reach_place *value)
{
	struct reach_values values;
	if (reach_values(&lint->response, value, &values) && values.count == 1) {
		lint_add(lint, LINT_RULE_NEVER_DIFFERS, place, "remove the field, or correct the schema",
			 "field \"%s\" has one value only by the response schema, so valid replies never differ in it",
			 field->name);
	} else if (tolerance_covers(field, value)) {
		lint_add(lint, LINT_RULE_NEVER_DIFFERS, place, "write a smaller abs",
			 "field \"%s\" tolerates any difference that its minimum and maximum in the schema allow",
			 field->name);
	}
}

/* --- fields --- */

static const struct json_node *place_node(const struct json_node *field, const char *side)
{
	const struct json_node *at = config_get(field, side);
	return at != NULL ? at : config_get(field, "at");
}

static void check_presence(struct lint *lint, const struct contract_field *field, struct lint_place place,
			   enum reach_presence presence)
{
	const char *path = lint_path_text(lint, &field->llm_at);
	if (presence == REACH_IMPOSSIBLE) {
		lint_add(lint, LINT_FIELD_UNREACHABLE, place, "correct the path, or declare it in the schema",
			 "field \"%s\": the response schema allows no value at %s of a record", field->name, path);
	} else if (field->comparator.evaluator->ignores_values) {
		return; /* whether it is there makes no difference */
	} else if (presence == REACH_OPEN) {
		lint_add(lint, LINT_FIELD_UNDECLARED, place, "declare it under `properties` and `required`",
			 "field \"%s\": the response schema does not declare %s", field->name, path);
	} else if (presence == REACH_DECLARED) {
		lint_add(lint, LINT_FIELD_OPTIONAL, place, "add it to `required`, if every reply has to have it",
			 "field \"%s\": %s is not required, so a valid reply may leave it out", field->name, path);
	}
}

static bool same_path(const struct select_path *a, const struct select_path *b)
{
	bool same = a->count == b->count;
	for (size_t i = 0; same && i < a->count; i++) {
		same = a->steps[i].index == b->steps[i].index && span_equal(a->steps[i].name, b->steps[i].name);
	}
	return same;
}

static void check_legacy(struct lint *lint, const struct contract_field *field, struct lint_place place)
{
	if (same_path(&field->legacy_at, &field->llm_at)) {
		return;
	}
	struct reach_place value = reach_find_from(&lint->response, lint->record, &field->legacy_at);
	if (value.presence == REACH_IMPOSSIBLE) {
		lint_add(lint, LINT_LEGACY_FIELD_UNDECLARED, place,
			 "that is as it should be where the two replies differ in shape",
			 "field \"%s\": a reply by the response schema has no value at legacy_at %s", field->name,
			 lint_path_text(lint, &field->legacy_at));
	}
}

static void check_twice(struct lint *lint, size_t index, struct lint_place place)
{
	const struct contract_field *field = &lint->contract->fields[index];
	for (size_t i = 0; i < index; i++) {
		const struct contract_field *other = &lint->contract->fields[i];
		if (same_path(&field->llm_at, &other->llm_at) && same_path(&field->legacy_at, &other->legacy_at) &&
		    (field->rule == other->rule || json_equal(field->rule, other->rule))) {
			lint_add(lint, LINT_FIELD_TWICE, place, "remove one of them",
				 "the fields \"%s\" and \"%s\" compare the same place by the same rule", other->name,
				 field->name);
			return;
		}
	}
}

static void check_field(struct lint *lint, size_t index)
{
	const struct contract_field *field = &lint->contract->fields[index];
	const struct json_node *node = field_node(lint, index);
	struct lint_place at = lint_in_contract(lint, place_node(node, "llm_at"));
	struct lint_place rule = lint_in_contract(lint, field->rule != NULL ? field->rule : node);
	check_twice(lint, index, lint_in_contract(lint, node));
	check_legacy(lint, field, lint_in_contract(lint, place_node(node, "legacy_at")));
	struct reach_place value = reach_find_from(&lint->response, lint->record, &field->llm_at);
	check_presence(lint, field, at, value.presence);
	if (field->comparator.evaluator->ignores_values && field->critical) {
		lint_add(lint, LINT_CRITICAL_IGNORED, rule, "compare it, or remove critical: true",
			 "field \"%s\" is critical and is not compared", field->name);
	}
	if (value.presence != REACH_IMPOSSIBLE && !field->comparator.evaluator->ignores_values) {
		check_type(lint, field, rule, reach_types(&value));
		check_difference(lint, field, rule, &value);
	}
}

static void check_ignored(struct lint *lint)
{
	for (size_t i = 0; i < lint->contract->field_count; i++) {
		if (!lint->contract->fields[i].comparator.evaluator->ignores_values) {
			return;
		}
	}
	lint_add(lint, LINT_NOTHING_COMPARED, lint_in_contract(lint, config_get(lint->contract->root, "fields")),
		 "compare at least one field", "every field is ignored, so all records agree");
}

/* --- declared values that nobody compares --- */

struct leaves {
	struct lint *lint;
	struct select_step steps[LEAVES_DEEP_MAX];
	size_t count; /* leaves met */
};

/* Does one path lead to the other's place, or around it, or into it? */
static bool meet_on_the_way(const struct select_path *a, const struct select_path *b)
{
	size_t shorter = a->count < b->count ? a->count : b->count;
	for (size_t i = 0; i < shorter; i++) {
		if (!span_equal(a->steps[i].name, b->steps[i].name)) {
			return false;
		}
	}
	return true;
}

static bool is_used(const struct lint *lint, const struct select_path *leaf)
{
	const struct contract *contract = lint->contract;
	for (size_t i = 0; i < contract->field_count; i++) {
		if (meet_on_the_way(&contract->fields[i].llm_at, leaf)) {
			return true;
		}
	}
	bool confidence = leaf->count > 0 && span_is(leaf->steps[leaf->count - 1].name, "confidence") &&
			  config_get(contract->root, "fallback.low_confidence") != NULL;
	return confidence || (contract->records_are_array && meet_on_the_way(&contract->records_key, leaf));
}

static void meet_leaf(struct leaves *leaves, const struct reach_place *place, size_t depth)
{
	struct select_path path = {leaves->steps, depth};
	if (depth == 0 || ++leaves->count > LEAVES_MAX || is_used(leaves->lint, &path)) {
		return;
	}
	lint_add(leaves->lint, LINT_FIELD_NOT_COMPARED, lint_in_response(leaves->lint, lint_schema_of(place)),
		 "add a field, if a wrong value there would matter", "no field compares %s of a record",
		 lint_path_text(leaves->lint, &path));
}

static void walk(struct leaves *leaves, const struct reach_place *place, size_t depth)
{
	bool inner = false;
	for (size_t i = 0; i < place->count && depth < LEAVES_DEEP_MAX && leaves->count <= LEAVES_MAX; i++) {
		struct reach_names names = reach_case_names(&leaves->lint->response, &place->cases[i]);
		for (size_t k = 0; k < names.count; k++) {
			leaves->steps[depth] =
				(struct select_step){.kind = SELECT_TOKEN, .name = names.list[k], .index = -1};
			struct reach_place member =
				reach_case_member(&leaves->lint->response, &place->cases[i], names.list[k]);
			if (member.presence != REACH_IMPOSSIBLE) {
				walk(leaves, &member, depth + 1);
			}
			inner = true;
		}
	}
	if (!inner) {
		meet_leaf(leaves, place, depth);
	}
}

/* --- currencies and units --- */

static bool leads_on(struct lint *lint, const struct reach_place *place, const struct select_path *path, size_t step);

/* "*": a member of any name, or any item. */
static bool leads_on_anywhere(struct lint *lint, const struct reach_case *one, const struct select_path *path,
			      size_t step)
{
	struct reach *reach = &lint->response;
	struct reach_names names = reach_case_names(reach, one);
	struct reach_place other = reach_case_member(reach, one, SPAN("\x7funheard-of"));
	bool leads = leads_on(lint, &other, path, step);
	for (size_t i = 0; !leads && i < names.count; i++) {
		struct reach_place member = reach_case_member(reach, one, names.list[i]);
		leads = leads_on(lint, &member, path, step);
	}
	for (size_t i = 0; !leads && i <= reach_prefix_count(reach, one); i++) {
		struct reach_place item = reach_case_item(reach, one, i);
		leads = leads_on(lint, &item, path, step);
	}
	return leads;
}

static bool leads_on(struct lint *lint, const struct reach_place *place, const struct select_path *path, size_t step)
{
	if (place->presence == REACH_IMPOSSIBLE || step == path->count) {
		return place->presence != REACH_IMPOSSIBLE;
	}
	if (!span_is(path->steps[step].name, "*")) {
		const struct select_path one = {&path->steps[step], 1};
		struct reach_place next = reach_find_from(&lint->response, *place, &one);
		return leads_on(lint, &next, path, step + 1);
	}
	for (size_t i = 0; i < place->count; i++) {
		if (leads_on_anywhere(lint, &place->cases[i], path, step + 1)) {
			return true;
		}
	}
	return false;
}

/* Where the legacy path has a schema of its own, a unit may be there alone. */
static void check_units(struct lint *lint)
{
	const struct json_node *list = config_get(lint->contract->root, "drift.units");
	struct reach_place root = reach_root(&lint->response);
	for (const struct json_node *node = json_first(list); node != NULL; node = json_next(list, node)) {
		struct select_path path;
		bool readable = select_compile(json_text(node), lint->arena, &path, NULL) &&
				path.count <= UNIT_DEEP_MAX; /* the ways through several "*" multiply */
		if (lint->contract->legacy_own_schema == NULL && readable && !leads_on(lint, &root, &path, 0)) {
			lint_add(lint, LINT_UNIT_UNREACHABLE, lint_in_contract(lint, node),
				 "correct the path, or declare it in the schema",
				 "drift.units %s: the response schema allows no value there",
				 lint_path_text(lint, &path));
		}
	}
}

void lint_reply(struct lint *lint)
{
	check_ignored(lint);
	check_units(lint);
	if (!find_records(lint)) {
		return;
	}
	check_key(lint);
	for (size_t i = 0; i < lint->contract->field_count; i++) {
		check_field(lint, i);
	}
	struct leaves leaves = {.lint = lint};
	walk(&leaves, &lint->record, 0);
}
