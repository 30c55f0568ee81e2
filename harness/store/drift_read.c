/* Reading: series, sources, deviations. */
#include "harness/store/drift.h"
#include "harness/store/internal.h"

static const int64_t HOUR_US = INT64_C(3600) * CLOCK_SECOND;

static bool no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "no memory for the series of contract drift; ask for a shorter period");
}

/* A column's text in the arena; NULL without memory. */
static const char *keep_text(struct statement *row, int column, struct arena *arena)
{
	return arena_copy(arena, statement_text(row, column));
}

static struct span keep_span(struct statement *row, int column, struct arena *arena, bool *kept)
{
	struct span text = statement_text(row, column);
	char *copy = arena_copy(arena, text);
	*kept = *kept && copy != NULL;
	return (struct span){copy, text.length};
}

/* --- series --- */

/* source, step, then the sums of rollup_drift, class, and the sums of rollup_drift_class. One row for each class; an
 * hour without deviations has one without a class. */
#define SERIES_COLUMNS                                                                                                 \
	"s.id, d.hour, d.week, d.replies, d.contract_drift, d.strict_drift, d.recovered, d.low, d.medium, d.high, "    \
	"coalesce(k.class, -1), coalesce(k.deviating, 0), coalesce(k.declared, 0) FROM reply_source s JOIN "           \
	"rollup_drift d ON d.source_id = s.id LEFT JOIN rollup_drift_class k ON k.source_id = d.source_id AND "        \
	"k.hour = d.hour AND k.week = d.week AND k.test = d.test WHERE s.interface_id = ?1 AND s.path = ?2 AND "       \
	"d.test = ?3 AND d.hour >= ?4 AND d.hour < ?5 ORDER BY "

static const char BY_SOURCE_AND_HOUR[] = "SELECT " SERIES_COLUMNS "s.id, d.hour, d.week";
static const char BY_SOURCE_AND_WEEK[] = "SELECT " SERIES_COLUMNS "s.id, d.week, d.hour";
static const char BY_HOUR[] = "SELECT " SERIES_COLUMNS "d.hour, s.id, d.week";
static const char BY_WEEK[] = "SELECT " SERIES_COLUMNS "d.week, s.id, d.hour";

static const char *series_question(const struct store_series_query *query)
{
	bool week = query->step == STORE_BY_WEEK;
	if (query->by_source) {
		return week ? BY_SOURCE_AND_WEEK : BY_SOURCE_AND_HOUR;
	}
	return week ? BY_WEEK : BY_HOUR;
}

/* The date in the zone on which the hour begins. */
static int64_t day_of(int64_t hour, const struct zone *zone)
{
	int64_t time = hour * HOUR_US;
	int64_t local = time + (int64_t)zone_offset(zone, time) * CLOCK_SECOND;
	return (local - (local < 0 ? CLOCK_DAY - 1 : 0)) / CLOCK_DAY;
}

static int64_t step_of(const struct store_series_query *query, int64_t hour, int64_t week)
{
	if (query->step == STORE_BY_WEEK) {
		return week;
	}
	return query->step == STORE_BY_DAY ? day_of(hour, query->zone) : hour;
}

/* What the last row was about: its sums stand in each of its classes' rows and count once. */
struct cell {
	int64_t source;
	int64_t hour;
	int64_t week;
};

static bool same_cell(const struct cell *a, const struct cell *b)
{
	return a->source == b->source && a->hour == b->hour && a->week == b->week;
}

static void add_sums(struct store_series_point *point, struct statement *row)
{
	point->replies += statement_integer(row, 3);
	point->contract_drift += statement_integer(row, 4);
	point->strict_drift += statement_integer(row, 5);
	point->recovered += statement_integer(row, 6);
	for (int i = 0; i < DRIFT_SEVERITY_COUNT; i++) {
		point->by_severity[i] += statement_integer(row, 7 + i);
	}
}

static bool add_row(const struct store_series_query *query, struct statement *row, struct store_list *points,
		    struct cell *last, struct error *err)
{
	struct cell cell = {statement_integer(row, 0), statement_integer(row, 1), statement_integer(row, 2)};
	int64_t at = step_of(query, cell.hour, cell.week);
	int64_t source = query->by_source ? cell.source : 0;
	struct store_series_point *list = (struct store_series_point *)(void *)points->items;
	struct store_series_point *point = points->count > 0 ? &list[points->count - 1] : NULL;
	if (point == NULL || point->source != source || point->at != at) {
		point = store_list_add(points);
		if (point == NULL) {
			return no_memory(err);
		}
		point->source = source;
		point->at = at;
	}
	if (!same_cell(&cell, last)) {
		add_sums(point, row);
		*last = cell;
	}
	int64_t class = statement_integer(row, 10);
	if (class >= 0 && class < DRIFT_CLASS_COUNT) {
		point->deviating[class] += statement_integer(row, 11);
		point->declared[class] += statement_integer(row, 12);
	}
	return true;
}

/* The first whole hour that begins at `time` or later. */
static int64_t hour_from(int64_t time)
{
	return time / HOUR_US + (time % HOUR_US > 0);
}

bool store_series(struct store *store, const struct store_series_query *query, struct arena *arena,
		  struct store_series_point **ret_points, size_t *ret_count, struct error *err)
{
	struct store_list points = {.arena = arena, .size = sizeof(struct store_series_point)};
	struct cell last = {0};
	enum statement_step step;
	struct statement *rows = store_statement(store, series_question(query), err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_integer(rows, 1, query->interface_id);
	statement_bind_integer(rows, 2, query->path);
	statement_bind_integer(rows, 3, query->test);
	statement_bind_integer(rows, 4, hour_from(query->from));
	statement_bind_integer(rows, 5, hour_from(query->to));
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		if (!add_row(query, rows, &points, &last, err)) {
			statement_reset(rows);
			return false;
		}
	}
	*ret_points = (struct store_series_point *)(void *)points.items;
	*ret_count = points.count;
	return step == STATEMENT_DONE;
}

/* --- sources --- */

bool store_sources(struct store *store, int64_t interface_id, int64_t path, struct arena *arena,
		   struct store_source_row **ret_sources, size_t *ret_count, struct error *err)
{
	struct store_list sources = {.arena = arena, .size = sizeof(struct store_source_row)};
	enum statement_step step;
	bool kept = true;
	struct statement *rows =
		store_statement(store,
				"SELECT id, contract_version, model, lower(hex(prompt)), service_version, "
				"first_seen_at FROM reply_source WHERE interface_id = ? AND path = ? ORDER BY id",
				err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_integer(rows, 1, interface_id);
	statement_bind_integer(rows, 2, path);
	while ((step = statement_step(rows, err)) == STATEMENT_ROW && kept) {
		struct store_source_row *row = store_list_add(&sources);
		kept = row != NULL;
		if (kept) {
			row->id = statement_integer(rows, 0);
			row->source = (struct store_source){
				.interface_id = interface_id,
				.path = path,
				.contract_version = keep_span(rows, 1, arena, &kept),
				.model = keep_span(rows, 2, arena, &kept),
				.prompt = keep_span(rows, 3, arena, &kept),
				.service_version = keep_span(rows, 4, arena, &kept),
				.seen_at = statement_integer(rows, 5),
			};
		}
	}
	statement_reset(rows);
	*ret_sources = (struct store_source_row *)(void *)sources.items;
	*ret_count = sources.count;
	return step != STATEMENT_FAILED && (kept || no_memory(err));
}

/* --- deviations --- */

static const char TOP[] =
	"SELECT d.class, d.strict, d.keyword, d.schema, min(d.instance), min(d.sentence), count(DISTINCT "
	"d.exchange_id) "
	"FROM reply_source s JOIN deviating_reply r ON r.source_id = s.id JOIN deviation d ON d.exchange_id = "
	"r.exchange_id AND d.path = r.path WHERE s.interface_id = ? AND s.path = ? AND r.hour >= ? AND r.hour < ? "
	"GROUP "
	"BY d.class, d.strict, d.keyword, d.schema, CASE d.schema WHEN '' THEN d.instance END ORDER BY 7 DESC, 1, 3, "
	"4, "
	"5 LIMIT ?";

bool store_top_deviations(struct store *store, int64_t interface_id, int64_t path, int64_t from, int64_t to,
			  size_t limit, struct arena *arena, struct store_top_deviation **ret_list, size_t *ret_count,
			  struct error *err)
{
	struct store_list tops = {.arena = arena, .size = sizeof(struct store_top_deviation)};
	enum statement_step step;
	bool kept = true;
	struct statement *rows = store_statement(store, TOP, err);
	if (rows == NULL) {
		return false;
	}
	statement_bind_integer(rows, 1, interface_id);
	statement_bind_integer(rows, 2, path);
	statement_bind_integer(rows, 3, hour_from(from));
	statement_bind_integer(rows, 4, hour_from(to));
	statement_bind_integer(rows, 5, limit < INT64_MAX ? (int64_t)limit : INT64_MAX);
	while ((step = statement_step(rows, err)) == STATEMENT_ROW && kept) {
		struct store_top_deviation *top = store_list_add(&tops);
		kept = top != NULL;
		if (kept) {
			*top = (struct store_top_deviation){
				.drift = (enum drift_class)statement_integer(rows, 0),
				.strict = statement_integer(rows, 1) != 0,
				.keyword = keep_text(rows, 2, arena),
				.schema = keep_text(rows, 3, arena),
				.instance = keep_text(rows, 4, arena),
				.sentence = keep_text(rows, 5, arena),
				.replies = statement_integer(rows, 6),
			};
			kept = top->keyword != NULL && top->schema != NULL && top->instance != NULL &&
			       top->sentence != NULL;
		}
	}
	statement_reset(rows);
	*ret_list = (struct store_top_deviation *)(void *)tops.items;
	*ret_count = tops.count;
	return step != STATEMENT_FAILED && (kept || no_memory(err));
}

static bool read_total(struct store *store, int64_t exchange, int64_t path, int64_t *ret_total, struct error *err)
{
	bool found = false;
	struct statement *find =
		store_statement(store, "SELECT total FROM deviating_reply WHERE exchange_id = ? AND path = ?", err);
	if (find == NULL) {
		return false;
	}
	statement_bind_integer(find, 1, exchange);
	statement_bind_integer(find, 2, path);
	if (!statement_one_row(find, &found, err)) {
		return false;
	}
	*ret_total = found ? statement_integer(find, 0) : 0;
	statement_reset(find);
	return true;
}

bool store_deviations(struct store *store, int64_t exchange, int64_t path, struct arena *arena,
		      struct store_deviation **ret_list, size_t *ret_count, int64_t *ret_total, struct error *err)
{
	struct store_list deviations = {.arena = arena, .size = sizeof(struct store_deviation)};
	enum statement_step step;
	bool kept = true;
	struct statement *rows = store_statement(store,
						 "SELECT class, strict, instance, keyword, schema, sentence FROM "
						 "deviation WHERE exchange_id = ? AND path = ? ORDER BY ordinal",
						 err);
	if (rows == NULL || !read_total(store, exchange, path, ret_total, err)) {
		return false;
	}
	statement_bind_integer(rows, 1, exchange);
	statement_bind_integer(rows, 2, path);
	while ((step = statement_step(rows, err)) == STATEMENT_ROW && kept) {
		struct store_deviation *deviation = store_list_add(&deviations);
		kept = deviation != NULL;
		if (kept) {
			*deviation = (struct store_deviation){
				.drift = (enum drift_class)statement_integer(rows, 0),
				.strict = statement_integer(rows, 1) != 0,
				.instance = keep_span(rows, 2, arena, &kept),
				.keyword = keep_span(rows, 3, arena, &kept),
				.schema = keep_span(rows, 4, arena, &kept),
				.sentence = keep_span(rows, 5, arena, &kept),
			};
		}
	}
	statement_reset(rows);
	*ret_list = (struct store_deviation *)(void *)deviations.items;
	*ret_count = deviations.count;
	return step != STATEMENT_FAILED && (kept || no_memory(err));
}
