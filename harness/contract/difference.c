#include "harness/contract/difference.h"

enum { TEXT_MAX = 16 << 20, DEEP_MAX = 8 };

struct side {
	const struct contract *contract;
	const struct json_node *effective;
	const struct json_node *content;
};

struct comparison {
	struct side before;
	struct side after;
	struct arena *arena;
	struct contract_difference *difference;
	/* The descriptions of a candidate that both have; NULL: there is none. */
	const struct json_node *period_before;
	const struct json_node *period_after;
	struct span steps[DEEP_MAX]; /* the path of the member that is looked at */
	bool failed;
};

static const struct json_node *parse_copy(struct arena *arena, const struct buffer *text, struct error *err)
{
	const struct json_node *root;
	struct error inner = ERROR_INIT;
	const char *copy = buffer_ok(text, "the contract", err) ? arena_copy(arena, buffer_span(text)) : NULL;
	if (copy == NULL || !json_parse(arena, (struct span){copy, text->length}, NULL, &root, &inner)) {
		error_set(err, ERROR_MEMORY, "no memory to compare two contracts; free some");
		return NULL;
	}
	return root;
}

static bool read_side(const struct contract *contract, struct arena *arena, struct side *ret_side, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	uint8_t hash[SHA256_SIZE];
	struct side side = {.contract = contract};
	contract_write_effective(contract, &text);
	side.effective = parse_copy(arena, &text, err);
	buffer_clear(&text);
	if (side.effective == NULL || !contract_content(contract, &text, hash, err)) {
		return false;
	}
	side.content = parse_copy(arena, &text, err);
	*ret_side = side;
	return side.content != NULL;
}

/* --- evaluation periods --- */

static const struct contract_candidate *find_candidate(const struct contract *contract, struct span name)
{
	for (size_t i = 0; i < contract->candidate_count; i++) {
		if (span_is(name, contract->candidates[i].name)) {
			return &contract->candidates[i];
		}
	}
	return NULL;
}

static const struct json_node *describe_period(struct comparison *comparison, const struct contract *contract,
					       const struct contract_candidate *candidate)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	uint8_t hash[SHA256_SIZE];
	struct error err = ERROR_INIT;
	const struct json_node *period = contract_epoch(contract, candidate, &text, hash, &err)
						 ? parse_copy(comparison->arena, &text, &err)
						 : NULL;
	comparison->failed = comparison->failed || period == NULL;
	return period;
}

/* The candidates of both contracts; the last one met stays in period_before and period_after. */
static void compare_periods(struct comparison *comparison)
{
	const char *names = "";
	for (size_t i = 0; i < comparison->before.contract->candidate_count; i++) {
		const struct contract_candidate *old_candidate = &comparison->before.contract->candidates[i];
		const struct contract_candidate *new_candidate =
			find_candidate(comparison->after.contract, span_of(old_candidate->name));
		if (new_candidate == NULL) {
			continue;
		}
		comparison->period_before = describe_period(comparison, comparison->before.contract, old_candidate);
		comparison->period_after = describe_period(comparison, comparison->after.contract, new_candidate);
		if (!comparison->failed && !json_equal(comparison->period_before, comparison->period_after)) {
			names = arena_format(comparison->arena, "%s%s%s", names, names[0] != '\0' ? ", " : "",
					     old_candidate->name);
			if (names == NULL) {
				comparison->failed = true;
				return;
			}
		}
	}
	comparison->difference->candidates = names;
}

static bool differs(const struct json_node *before, const struct json_node *after)
{
	return !(before == NULL && after == NULL) && !json_equal(before, after);
}

static bool member_differs(const struct json_node *before, const struct json_node *after, struct span name)
{
	return differs(json_get(before, name), json_get(after, name));
}

/* A candidate's own members stand under "candidate" in the description of its period. */
static bool candidate_starts_period(struct comparison *comparison, struct span name, struct span member)
{
	const struct contract_candidate *before = find_candidate(comparison->before.contract, name);
	const struct contract_candidate *after = find_candidate(comparison->after.contract, name);
	if (before == NULL || after == NULL) {
		return false; /* a candidate that is new or gone ends nobody's period */
	}
	const struct json_node *one = describe_period(comparison, comparison->before.contract, before);
	const struct json_node *other = describe_period(comparison, comparison->after.contract, after);
	return member_differs(json_get_text(one, "candidate"), json_get_text(other, "candidate"), member);
}

/* The descriptions name their members as the effective contract does; those of `limits` stand at the top. */
static bool starts_period(struct comparison *comparison, size_t depth)
{
	struct span top = comparison->steps[0];
	const struct json_node *before = comparison->period_before;
	const struct json_node *after = comparison->period_after;
	if (span_is(top, "candidates")) {
		return depth > 2 && candidate_starts_period(comparison, comparison->steps[1], comparison->steps[2]);
	}
	if (span_is(top, "limits")) {
		return depth > 1 && member_differs(before, after, comparison->steps[1]);
	}
	if (depth > 1 && json_is(json_get(after, top), JSON_OBJECT)) {
		return member_differs(json_get(before, top), json_get(after, top), comparison->steps[1]);
	}
	return member_differs(before, after, top);
}

/* --- members --- */

static const char *shorten(struct comparison *comparison, const struct json_node *value)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	const char *copy;
	if (value == NULL) {
		return NULL;
	}
	json_write(&text, value);
	struct span shown = buffer_span(&text);
	if (shown.length > CHANGE_VALUE_MAX) {
		shown.length = CHANGE_VALUE_MAX - 4;
		while (shown.length > 0 && ((unsigned char)shown.data[shown.length] & 0xc0) == 0x80) {
			shown.length--; /* not inside a character */
		}
		copy = arena_format(comparison->arena, "%.*s ...", SPAN_ARGUMENTS(shown));
	} else {
		copy = arena_copy(comparison->arena, shown);
	}
	comparison->failed = comparison->failed || copy == NULL;
	return copy;
}

static const char *join_path(struct comparison *comparison, size_t depth)
{
	const char *path = "";
	for (size_t i = 0; i < depth; i++) {
		path = arena_format(comparison->arena, "%s%s%.*s", path, i > 0 ? "." : "",
				    SPAN_ARGUMENTS(comparison->steps[i]));
		if (path == NULL) {
			comparison->failed = true;
			return "";
		}
	}
	return path;
}

static void add_change(struct comparison *comparison, size_t depth, const struct json_node *before,
		       const struct json_node *after)
{
	struct contract_difference *difference = comparison->difference;
	difference->change_total++;
	if (difference->change_count == CHANGES_MAX) {
		return;
	}
	difference->changes[difference->change_count++] = (struct contract_change){
		.kind = before == NULL  ? CHANGE_ADDED
			: after == NULL ? CHANGE_REMOVED
					: CHANGE_CHANGED,
		.path = join_path(comparison, depth),
		.before = shorten(comparison, before),
		.after = shorten(comparison, after),
		.starts_period = starts_period(comparison, depth),
	};
}

static void compare_values(struct comparison *comparison, size_t depth, const struct json_node *before,
			   const struct json_node *after);

static void compare_members(struct comparison *comparison, size_t depth, const struct json_node *before,
			    const struct json_node *after)
{
	for (const struct json_node *name = json_first(after); name != NULL; name = json_next(after, name)) {
		comparison->steps[depth] = json_text(name);
		compare_values(comparison, depth + 1, json_get(before, json_text(name)), json_member(name));
	}
	for (const struct json_node *name = json_first(before); name != NULL; name = json_next(before, name)) {
		if (json_get(after, json_text(name)) == NULL) {
			comparison->steps[depth] = json_text(name);
			compare_values(comparison, depth + 1, json_member(name), NULL);
		}
	}
}

static const struct json_node *find_named(const struct json_node *list, struct span name)
{
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		if (span_equal(json_text(json_get_text(item, "name")), name)) {
			return item;
		}
	}
	return NULL;
}

/* fields and candidates: told apart by name, so their order alone is no change. */
static void compare_named(struct comparison *comparison, size_t depth, const struct json_node *before,
			  const struct json_node *after)
{
	for (const struct json_node *item = json_first(after); item != NULL; item = json_next(after, item)) {
		comparison->steps[depth] = json_text(json_get_text(item, "name"));
		compare_values(comparison, depth + 1, find_named(before, comparison->steps[depth]), item);
	}
	for (const struct json_node *item = json_first(before); item != NULL; item = json_next(before, item)) {
		struct span name = json_text(json_get_text(item, "name"));
		if (find_named(after, name) == NULL) {
			comparison->steps[depth] = name;
			compare_values(comparison, depth + 1, item, NULL);
		}
	}
}

static bool is_named(const struct json_node *list)
{
	return json_is(list, JSON_ARRAY) && json_get_text(json_first(list), "name") != NULL;
}

static void compare_values(struct comparison *comparison, size_t depth, const struct json_node *before,
			   const struct json_node *after)
{
	if (!differs(before, after)) {
		return;
	}
	if (depth < DEEP_MAX && json_is(before, JSON_OBJECT) && json_is(after, JSON_OBJECT)) {
		compare_members(comparison, depth, before, after);
	} else if (depth < DEEP_MAX && is_named(before) && is_named(after)) {
		compare_named(comparison, depth, before, after);
	} else {
		add_change(comparison, depth, before, after);
	}
}

/* The version and the schemas' hashes are spoken of elsewhere. */
static void compare_contracts(struct comparison *comparison)
{
	static const char *const apart[] = {"version", "request_schema", "response_schema"};
	const struct json_node *before = comparison->before.effective;
	const struct json_node *after = comparison->after.effective;
	for (const struct json_node *name = json_first(after); name != NULL; name = json_next(after, name)) {
		bool is_apart = false;
		for (size_t i = 0; i < sizeof(apart) / sizeof(apart[0]); i++) {
			is_apart = is_apart || span_is(json_text(name), apart[i]);
		}
		if (!is_apart) {
			comparison->steps[0] = json_text(name);
			compare_values(comparison, 1, json_get(before, json_text(name)), json_member(name));
		}
	}
	for (const struct json_node *name = json_first(before); name != NULL; name = json_next(before, name)) {
		if (json_get(after, json_text(name)) == NULL) {
			comparison->steps[0] = json_text(name);
			compare_values(comparison, 1, json_member(name), NULL);
		}
	}
}

/* --- versions --- */

static void judge_version(const struct comparison *comparison)
{
	struct contract_difference *difference = comparison->difference;
	struct version before;
	struct version after;
	const char *old_text = comparison->before.contract->version;
	const char *new_text = comparison->after.contract->version;
	bool same_content = difference->step.step == VERSION_SAME;
	difference->is_numbered = version_parse(span_of(old_text), &before) && version_parse(span_of(new_text), &after);
	difference->version_fits = same_content || strcmp(old_text, new_text) != 0;
	if (difference->is_numbered) {
		difference->least = version_after(before, difference->step.step);
		difference->version_fits = same_content || version_order(&after, &difference->least) >= 0;
	}
}

bool contract_difference(const struct contract *before, const struct contract *after, struct arena *arena,
			 struct contract_difference *ret_difference, struct error *err)
{
	struct contract_difference difference = {.candidates = ""};
	struct comparison comparison = {.arena = arena, .difference = &difference};
	difference.changes = arena_allocate_array(arena, CHANGES_MAX, sizeof(*difference.changes));
	if (difference.changes == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory to compare two contracts; free some");
	}
	if (!read_side(before, arena, &comparison.before, err) || !read_side(after, arena, &comparison.after, err) ||
	    !content_step(comparison.before.content, comparison.after.content, arena, &difference.step, err)) {
		return false;
	}
	compare_periods(&comparison);
	compare_contracts(&comparison);
	difference.request_starts_period =
		member_differs(comparison.period_before, comparison.period_after, SPAN("request_schema"));
	difference.response_starts_period =
		member_differs(comparison.period_before, comparison.period_after, SPAN("response_schema"));
	difference.breaks = (difference.step.response.mode & COMPATIBILITY_FORWARD) == 0 ||
			    (difference.step.request.mode & COMPATIBILITY_BACKWARD) == 0;
	judge_version(&comparison);
	if (comparison.failed) {
		return error_set(err, ERROR_MEMORY, "no memory to compare two contracts; free some");
	}
	*ret_difference = difference;
	return true;
}
