/* Rows that only the report needs. */
#include "harness/base/loglinear.h"
#include "reports/report.h"

#include <stdlib.h>

struct rows {
	struct report *report;
	struct report_candidate *candidate;
	struct error *err;
	size_t field_capacity, pair_capacity;
	uint64_t pairs_of_field;
};

static bool no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "the report does not fit into memory; name fewer weeks");
}

static struct statement *ask(struct store *store, const char *sql, const struct report *report, int64_t id,
			     struct error *err)
{
	struct statement *statement = store_statement(store, sql, err);
	if (statement != NULL) {
		statement_bind_integer(statement, 1, id);
		statement_bind_integer(statement, 2, report->from_week);
		statement_bind_integer(statement, 3, report->to_week);
	}
	return statement;
}

/* --- fields --- */

static size_t contract_position(const struct contract *contract, struct span name)
{
	size_t i = 0;
	while (i < contract->field_count && !span_is(name, contract->fields[i].name)) {
		i++;
	}
	return i;
}

/* The contract's fields first, in its order, whether they have rows or not; others are added as they come. */
static struct report_field *field_of(struct rows *rows, struct span name)
{
	struct report_candidate *candidate = rows->candidate;
	for (size_t i = 0; i < candidate->field_count; i++) {
		if (span_is(name, candidate->fields[i].name)) {
			return &candidate->fields[i];
		}
	}
	struct report_field *field = evidence_push(&rows->report->arena, (void **)&candidate->fields,
						   &candidate->field_count, &rows->field_capacity, sizeof(*field));
	if (field == NULL) {
		return NULL;
	}
	field->name = arena_copy(&rows->report->arena, name);
	field->in_contract = contract_position(rows->report->contract, name) < rows->report->contract->field_count;
	return field->name != NULL ? field : NULL;
}

static bool read_fields(struct rows *rows, struct store *store)
{
	for (size_t i = 0; i < rows->report->contract->field_count; i++) {
		if (field_of(rows, span_of(rows->report->contract->fields[i].name)) == NULL) {
			return no_memory(rows->err);
		}
	}
	struct statement *statement =
		ask(store,
		    "SELECT f.name, r.verdict, sum(r.count) FROM rollup_field r JOIN field f ON f.id = r.field_id "
		    "WHERE r.candidate_id = ? AND r.week BETWEEN ? AND ? AND r.test = 0 GROUP BY 1, 2 ORDER BY 1, 2",
		    rows->report, rows->candidate->evidence.candidate_id, rows->err);
	if (statement == NULL) {
		return false;
	}
	enum statement_step step;
	while ((step = statement_step(statement, rows->err)) == STATEMENT_ROW) {
		struct report_field *field = field_of(rows, statement_text(statement, 0));
		int64_t verdict = statement_integer(statement, 1);
		if (field == NULL) {
			statement_reset(statement);
			return no_memory(rows->err);
		}
		if (verdict >= 0 && verdict < VERDICT_COUNT) {
			field->verdicts[verdict] += (uint64_t)statement_integer(statement, 2);
		}
	}
	statement_reset(statement);
	return step == STATEMENT_DONE;
}

/* --- the most frequent pairs of values --- */

static bool copy_value(struct arena *arena, struct statement *row, int column, struct span *ret_value)
{
	if (statement_is_null(row, column)) {
		*ret_value = (struct span){NULL, 0};
		return true;
	}
	struct span value = statement_text(row, column);
	*ret_value = (struct span){arena_copy(arena, value), value.length};
	return ret_value->data != NULL;
}

static bool take_pair(struct rows *rows, struct statement *row)
{
	struct report_candidate *candidate = rows->candidate;
	struct arena *arena = &rows->report->arena;
	struct report_field *field = field_of(rows, statement_text(row, 0));
	if (field == NULL) {
		return no_memory(rows->err);
	}
	bool same = candidate->pair_count > 0 && candidate->pairs[candidate->pair_count - 1].field == field->name;
	rows->pairs_of_field = same ? rows->pairs_of_field + 1 : 1;
	if (rows->pairs_of_field > REPORT_PAIRS_MAX) {
		return true;
	}
	struct report_pair *pair = evidence_push(arena, (void **)&candidate->pairs, &candidate->pair_count,
						 &rows->pair_capacity, sizeof(*pair));
	if (pair == NULL || !copy_value(arena, row, 2, &pair->legacy) || !copy_value(arena, row, 3, &pair->llm)) {
		return no_memory(rows->err);
	}
	pair->field = field->name;
	pair->verdict = (enum verdict)statement_integer(row, 1);
	pair->count = (uint64_t)statement_integer(row, 4);
	return true;
}

/* Sides whose reply could not be used have no values to show; they are in the outcomes. */
static bool read_pairs(struct rows *rows, struct store *store)
{
	struct statement *statement =
		ask(store,
		    "SELECT f.name, d.verdict, d.legacy_value, d.llm_value, count(*) FROM field_difference d "
		    "JOIN field f ON f.id = d.field_id WHERE d.candidate_id = ? AND d.week BETWEEN ? AND ? AND "
		    "d.test = 0 AND d.verdict BETWEEN 2 AND 4 "
		    "GROUP BY f.name, d.verdict, d.legacy_value, d.llm_value "
		    "ORDER BY f.name, count(*) DESC, d.verdict, d.legacy_value, d.llm_value",
		    rows->report, rows->candidate->evidence.candidate_id, rows->err);
	if (statement == NULL) {
		return false;
	}
	enum statement_step step;
	while ((step = statement_step(statement, rows->err)) == STATEMENT_ROW) {
		if (!take_pair(rows, statement)) {
			statement_reset(statement);
			return false;
		}
	}
	statement_reset(statement);
	return step == STATEMENT_DONE;
}

bool details_read(struct report *report, struct report_candidate *candidate, struct store *store, struct error *err)
{
	struct rows rows = {.report = report, .candidate = candidate, .err = err};
	return read_fields(&rows, store) && read_pairs(&rows, store) && reviewers_read(report, candidate, store, err);
}

/* --- latencies --- */

static void add_bucket(struct stats_histogram *histogram, int64_t bucket, uint64_t count)
{
	int64_t last = STATS_HISTOGRAM_SIZE - 1;
	int64_t index = bucket < 0 ? 0 : bucket > last ? last : bucket;
	uint64_t highest = loglinear_highest(STATS_HISTOGRAM_BITS, (size_t)index);
	histogram->counts[index] += count;
	histogram->total += count;
	histogram->largest = highest > histogram->largest ? highest : histogram->largest;
}

static uint64_t quantile(const struct stats_histogram *histogram, double q)
{
	struct stats_quantile value = {0};
	return stats_histogram_quantile(histogram, q, &value) ? value.value : 0;
}

static struct report_latency summary(const struct stats_histogram *histogram, int32_t week)
{
	struct report_latency row = {.week = week, .count = histogram->total, .p95_high = UINT64_MAX};
	if (histogram->total == 0) {
		return row;
	}
	struct stats_ranks ranks = stats_quantile_ranks(histogram->total, 0.95, 0.95);
	struct stats_quantile value;
	row.p50 = quantile(histogram, 0.5);
	row.p95 = quantile(histogram, 0.95);
	row.p99 = quantile(histogram, 0.99);
	if (ranks.low > 0 && stats_histogram_at_rank(histogram, ranks.low, &value)) {
		row.p95_low = value.value;
	}
	if (ranks.high <= histogram->total && stats_histogram_at_rank(histogram, ranks.high, &value)) {
		row.p95_high = value.value;
	}
	return row;
}

struct latency_reading {
	struct report *report;
	struct stats_histogram *range;
	struct stats_histogram *week;
	struct report_latency *rows; /* rows[0] is kept for the range */
	size_t count;
	size_t capacity;
	int32_t current;
};

static bool end_week(struct latency_reading *reading)
{
	if (reading->week->total == 0) {
		return true;
	}
	struct report_latency *row = evidence_push(&reading->report->arena, (void **)&reading->rows, &reading->count,
						   &reading->capacity, sizeof(*row));
	if (row == NULL) {
		return false;
	}
	*row = summary(reading->week, reading->current);
	stats_histogram_merge(reading->range, reading->week);
	memset(reading->week, 0, sizeof(*reading->week));
	return true;
}

static bool take_buckets(struct latency_reading *reading, struct statement *statement, struct error *err)
{
	enum statement_step step;
	while ((step = statement_step(statement, err)) == STATEMENT_ROW) {
		int32_t week = (int32_t)statement_integer(statement, 0);
		int64_t count = statement_integer(statement, 2);
		if (week != reading->current && !end_week(reading)) {
			return no_memory(err);
		}
		reading->current = week;
		add_bucket(reading->week, statement_integer(statement, 1), count > 0 ? (uint64_t)count : 0);
	}
	return step == STATEMENT_DONE && (end_week(reading) || no_memory(err));
}

bool latencies_read(struct report *report, struct store *store, int64_t interface_id, int64_t path,
		    struct report_latency **ret_rows, size_t *ret_count, struct error *err)
{
	struct latency_reading reading = {
		.report = report,
		.range = arena_allocate(&report->arena, sizeof(struct stats_histogram)),
		.week = arena_allocate(&report->arena, sizeof(struct stats_histogram)),
	};
	struct report_latency *first = evidence_push(&report->arena, (void **)&reading.rows, &reading.count,
						     &reading.capacity, sizeof(*first));
	struct statement *statement = ask(store,
					  "SELECT week, bucket, count FROM rollup_latency WHERE path = ?1 AND week "
					  "BETWEEN ?2 AND ?3 AND test = 0 AND interface_id = ?4 ORDER BY week, bucket",
					  report, path, err);
	if (statement == NULL || first == NULL || reading.range == NULL || reading.week == NULL) {
		return no_memory(err);
	}
	statement_bind_integer(statement, 4, interface_id);
	bool done = take_buckets(&reading, statement, err);
	statement_reset(statement);
	if (done) {
		reading.rows[0] = summary(reading.range, 0);
		*ret_rows = reading.rows;
		*ret_count = reading.count;
	}
	return done;
}
