#include "harness/pipeline/drift_changes.h"

#include "harness/store/drift.h"

enum { ARENA_MAX = 16 * 1024 * 1024, HOURS_BEFORE = 7 * 24, DAYS_BEFORE = 28 };

static const int64_t HOUR_US = INT64_C(3600) * CLOCK_SECOND;

/* A source with the replies that it had on both sides. */
struct active {
	struct span contract_version;
	struct span model;
	struct span prompt;
	bool before;
	bool since;
};

enum { ACTIVE_MAX = STORE_SOURCES_MAX + 1 };

struct sides {
	struct active *list; /* room for ACTIVE_MAX */
	size_t count;
};

/* The hour of began_at and the one before it are on neither side's edge: the estimate may be late by some replies.
 * Where there was nothing earlier, what was first seen before began_at stands for it. */
static const char ACTIVE[] =
	"SELECT s.contract_version, s.model, lower(hex(s.prompt)), coalesce(sum(d.replies) FILTER (WHERE d.hour < ?3 - "
	"1), "
	"0), coalesce(sum(d.replies) FILTER (WHERE d.hour >= ?3), 0), s.first_seen_at < ?4 FROM reply_source s JOIN "
	"rollup_drift d ON d.source_id = s.id AND d.hour >= ?3 - ?5 WHERE s.interface_id = ?1 AND s.path = ?2 GROUP BY "
	"s.id ORDER BY s.id LIMIT ?6";

static bool keep(struct statement *row, int column, struct arena *arena, struct span *ret_text)
{
	struct span text = statement_text(row, column);
	char *copy = arena_copy(arena, text);
	*ret_text = (struct span){copy, text.length};
	return copy != NULL;
}

static bool read_active(struct statement *row, struct arena *arena, struct active *ret_active, bool *ret_early)
{
	ret_active->before = statement_integer(row, 3) > 0;
	ret_active->since = statement_integer(row, 4) > 0;
	*ret_early = statement_integer(row, 5) != 0;
	return keep(row, 0, arena, &ret_active->contract_version) && keep(row, 1, arena, &ret_active->model) &&
	       keep(row, 2, arena, &ret_active->prompt);
}

static struct statement *ask_active(struct store *store, int64_t interface_id, int64_t path, int64_t began_at,
				    struct error *err)
{
	struct statement *rows = store_statement(store, ACTIVE, err);
	if (rows != NULL) {
		statement_bind_integer(rows, 1, interface_id);
		statement_bind_integer(rows, 2, path);
		statement_bind_integer(rows, 3, began_at / HOUR_US);
		statement_bind_integer(rows, 4, began_at);
		statement_bind_integer(rows, 5, HOURS_BEFORE);
		statement_bind_integer(rows, 6, ACTIVE_MAX);
	}
	return rows;
}

static bool read_sides(struct store *store, int64_t interface_id, int64_t path, int64_t began_at, struct arena *arena,
		       struct sides *ret_sides, struct error *err)
{
	struct sides sides = {.list = arena_allocate_array(arena, ACTIVE_MAX, sizeof(struct active))};
	bool *early = arena_allocate_array(arena, ACTIVE_MAX, sizeof(*early));
	bool any_before = false;
	bool kept = sides.list != NULL && early != NULL;
	enum statement_step step = STATEMENT_FAILED;
	struct statement *rows = ask_active(store, interface_id, path, began_at, err);
	while (kept && rows != NULL && (step = statement_step(rows, err)) == STATEMENT_ROW) {
		kept = read_active(rows, arena, &sides.list[sides.count], &early[sides.count]);
		any_before = any_before || sides.list[sides.count].before;
		sides.count++;
	}
	if (!kept) {
		return error_set(err, ERROR_MEMORY, "no memory for what changed; free some");
	}
	for (size_t i = 0; !any_before && i < sides.count; i++) {
		sides.list[i].before = early[i];
	}
	*ret_sides = sides;
	return step == STATEMENT_DONE;
}

typedef struct span attribute_of(const struct active *active);

static struct span contract_version_of(const struct active *active)
{
	return active->contract_version;
}

static struct span model_of(const struct active *active)
{
	return active->model;
}

static struct span prompt_of(const struct active *active)
{
	return active->prompt;
}

/* Is there a source up to `until` with the same value on that side? */
static bool has_value(const struct sides *sides, size_t until, attribute_of *attribute, struct span value, bool before)
{
	for (size_t i = 0; i < until; i++) {
		const struct active *active = &sides->list[i];
		if ((before ? active->before : active->since) && span_equal(attribute(active), value)) {
			return true;
		}
	}
	return false;
}

static void build_values(const struct sides *sides, attribute_of *attribute, bool before, struct json_build *build)
{
	json_build_array(build, before ? "before" : "since");
	for (size_t i = 0; i < sides->count; i++) {
		const struct active *active = &sides->list[i];
		struct span value = attribute(active);
		if ((before ? active->before : active->since) && !has_value(sides, i, attribute, value, before)) {
			json_build_span(build, NULL, value);
		}
	}
	json_build_end(build);
}

/* Only where a value is new; nothing can be new where nothing was there before. */
static void build_change(const struct sides *sides, attribute_of *attribute, const char *what, struct json_build *build)
{
	bool any_before = false;
	bool is_new = false;
	for (size_t i = 0; i < sides->count; i++) {
		const struct active *active = &sides->list[i];
		any_before = any_before || active->before;
		is_new = is_new ||
			 (active->since && !has_value(sides, sides->count, attribute, attribute(active), true));
	}
	if (any_before && is_new) {
		json_build_object(build, NULL);
		json_build_text(build, "what", what);
		build_values(sides, attribute, true, build);
		build_values(sides, attribute, false, build);
		json_build_end(build);
	}
}

/* The first period of a candidate replaces none. */
static bool build_periods(struct store *store, int64_t candidate, int64_t began_at, struct json_build *build,
			  struct error *err)
{
	enum statement_step step = STATEMENT_FAILED;
	struct statement *rows = store_statement(store,
						 "SELECT ordinal FROM epoch WHERE candidate_id = ? AND ordinal > 1 AND "
						 "started_at >= ? ORDER BY ordinal LIMIT 10",
						 err);
	if (rows != NULL) {
		statement_bind_integer(rows, 1, candidate);
		statement_bind_integer(rows, 2, began_at - CLOCK_DAY);
	}
	while (rows != NULL && (step = statement_step(rows, err)) == STATEMENT_ROW) {
		json_build_object(build, NULL);
		json_build_text(build, "what", "evaluation_period");
		json_build_integer(build, "before", statement_integer(rows, 0) - 1);
		json_build_integer(build, "since", statement_integer(rows, 0));
		json_build_end(build);
	}
	return step == STATEMENT_DONE;
}

static bool build_all(struct store *store, int64_t interface_id, int64_t path, int64_t began_at, struct arena *arena,
		      struct json_build *build, struct error *err)
{
	struct sides own;
	struct sides legacy;
	if (!read_sides(store, interface_id, path, began_at, arena, &own, err) ||
	    !read_sides(store, interface_id, 0, began_at, arena, &legacy, err)) {
		return false;
	}
	build_change(&own, contract_version_of, "contract_version", build);
	if (path != 0) {
		build_change(&own, model_of, "model", build);
		build_change(&own, prompt_of, "prompt", build);
	}
	build_change(&legacy, model_of, "legacy_version", build);
	return path == 0 || build_periods(store, path, began_at, build, err);
}

bool drift_changes_build(struct store *store, int64_t interface_id, int64_t path, int64_t began_at,
			 struct json_build *build, struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	json_build_array(build, "changed");
	bool done = build_all(store, interface_id, path, began_at, &arena, build, err);
	json_build_end(build);
	return done;
}

/* --- messages --- */

static bool has_input_table(struct store *store, bool *ret_has, struct error *err)
{
	struct statement *find = store_statement(
		store, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'rollup_input'", err);
	if (find == NULL || statement_step(find, err) != STATEMENT_ROW) {
		return false;
	}
	*ret_has = statement_integer(find, 0) > 0;
	statement_reset(find);
	return true;
}

static bool build_share(struct store *store, int64_t interface_id, int64_t from, int64_t to, const char *name,
			struct json_build *build, struct error *err)
{
	struct statement *sum = store_statement(
		store,
		"SELECT coalesce(sum(messages), 0), coalesce(sum(deviating), 0) FROM rollup_input WHERE interface_id = "
		"? AND test = 0 AND day >= ? AND day < ?",
		err);
	if (sum == NULL) {
		return false;
	}
	statement_bind_integer(sum, 1, interface_id);
	statement_bind_integer(sum, 2, from);
	statement_bind_integer(sum, 3, to);
	if (statement_step(sum, err) != STATEMENT_ROW) {
		return false;
	}
	int64_t messages = statement_integer(sum, 0);
	if (messages > 0) {
		json_build_number(build, name, (double)statement_integer(sum, 1) / (double)messages);
	} else {
		json_build_null(build, name);
	}
	statement_reset(sum);
	return true;
}

bool drift_changes_build_input(struct store *store, int64_t interface_id, int64_t began_at, struct json_build *build,
			       struct error *err)
{
	bool has = false;
	int64_t day = began_at / CLOCK_DAY;
	if (!has_input_table(store, &has, err)) {
		return false;
	}
	if (!has) {
		json_build_null(build, "input_quality");
		return true;
	}
	json_build_object(build, "input_quality");
	bool done = build_share(store, interface_id, day - DAYS_BEFORE, day, "before", build, err) &&
		    build_share(store, interface_id, day, INT64_MAX, "since", build, err);
	json_build_end(build);
	return done;
}
