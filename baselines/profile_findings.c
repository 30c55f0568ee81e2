/* What was found when weeks were closed. */
#include "baselines/profile_week.h"
#include "harness/base/json_build.h"

void profile_test_build(struct json_build *build, const struct stats_shift_test *test)
{
	json_build_text(build, "check", profile_check_name((int)test->check));
	json_build_text(build, "sentence", test->sentence);
	json_build_number(build, "statistic", test->statistic);
	json_build_number(build, "p", test->p);
	json_build_number(build, "p_adjusted", test->adjusted);
	json_build_number(build, "effect", test->effect);
	if (test->has_shares) {
		json_build_number(build, "reference_share", test->reference_share);
		json_build_number(build, "week_share", test->week_share);
		json_build_number(build, "difference_low", test->interval.low);
		json_build_number(build, "difference_high", test->interval.high);
	} else {
		json_build_number(build, "psi", test->psi);
		json_build_number(build, "psi_limit", test->psi_limit);
		json_build_number(build, "jensen_shannon_bits", test->js);
	}
}

static bool no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "no memory for the findings of data drift");
}

static bool read_finding(struct statement *row, struct arena *arena, struct profile_finding *ret_finding)
{
	*ret_finding = (struct profile_finding){
		.week = (int32_t)statement_integer(row, 0),
		.side = statement_integer(row, 1),
		.pointer = arena_copy(arena, statement_text(row, 2)),
		.check = (enum profile_check)statement_integer(row, 3),
		.p = statement_real(row, 4),
		.adjusted = statement_real(row, 5),
		.effect = statement_real(row, 6),
		.has_shares = !statement_is_null(row, 7),
		.reference_share = statement_real(row, 7),
		.week_share = statement_real(row, 8),
		.psi = statement_real(row, 9),
		.js = statement_real(row, 10),
		.sentence = arena_copy(arena, statement_text(row, 11)),
	};
	return ret_finding->pointer != NULL && ret_finding->sentence != NULL;
}

static struct statement *of_weeks(struct store *store, const char *sql, int64_t interface_id, int32_t from_week,
				  int32_t to_week, struct error *err)
{
	struct statement *rows = store_statement(store, sql, err);
	if (rows != NULL) {
		statement_bind_integer(rows, 1, interface_id);
		statement_bind_integer(rows, 2, from_week);
		statement_bind_integer(rows, 3, to_week);
	}
	return rows;
}

static bool count_findings(struct store *store, int64_t interface_id, int32_t from_week, int32_t to_week,
			   size_t *ret_total, struct error *err)
{
	struct statement *row =
		of_weeks(store, "SELECT count(*) FROM profile_finding WHERE interface_id = ? AND week BETWEEN ? AND ?",
			 interface_id, from_week, to_week, err);
	if (row == NULL || statement_step(row, err) != STATEMENT_ROW) {
		return false;
	}
	*ret_total = (size_t)statement_integer(row, 0);
	statement_reset(row);
	return true;
}

bool profile_findings_read(struct store *store, int64_t interface_id, int32_t from_week, int32_t to_week, size_t limit,
			   struct arena *arena, struct profile_finding **ret_findings, size_t *ret_count,
			   size_t *ret_total, struct error *err)
{
	size_t total = 0;
	size_t count = 0;
	if (!count_findings(store, interface_id, from_week, to_week, &total, err)) {
		return false;
	}
	size_t most = total < limit ? total : limit;
	struct profile_finding *findings = arena_allocate_array(arena, most + 1, sizeof(*findings));
	struct statement *rows =
		of_weeks(store,
			 "SELECT f.week, f.side, p.pointer, f.check_id, f.p, f.adjusted, f.effect, f.reference_share, "
			 "f.week_share, f.psi, f.js, f.sentence FROM profile_finding f JOIN profile_field p ON p.id = "
			 "f.field_id WHERE f.interface_id = ? AND f.week BETWEEN ? AND ? ORDER BY f.week, f.side, "
			 "p.pointer, f.check_id LIMIT ?",
			 interface_id, from_week, to_week, err);
	if (rows == NULL || findings == NULL) {
		return rows != NULL && no_memory(err);
	}
	statement_bind_integer(rows, 4, (int64_t)most);
	enum statement_step step;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW && count < most) {
		if (!read_finding(rows, arena, &findings[count])) {
			statement_reset(rows);
			return no_memory(err);
		}
		count++;
	}
	*ret_findings = findings;
	*ret_count = count;
	*ret_total = total;
	return step != STATEMENT_FAILED;
}

bool profile_tested_read(struct store *store, int64_t interface_id, struct arena *arena,
			 struct profile_tested **ret_sides, size_t *ret_count, struct error *err)
{
	enum { SIDES_MAX = 258 }; /* message, legacy path, and as many candidates as a contract may have */
	struct profile_tested *sides = arena_allocate_array(arena, SIDES_MAX, sizeof(*sides));
	struct statement *rows = store_statement(
		store,
		"SELECT w.side, max(w.week), r.from_week, r.to_week, w.tests, w.tested_at FROM profile_week w JOIN "
		"profile_reference r ON r.id = w.reference_id WHERE w.interface_id = ? GROUP BY w.side ORDER BY w.side "
		"LIMIT ?",
		err);
	if (rows == NULL || sides == NULL) {
		return rows != NULL && no_memory(err);
	}
	statement_bind_integer(rows, 1, interface_id);
	statement_bind_integer(rows, 2, SIDES_MAX);
	size_t count = 0;
	enum statement_step step;
	while ((step = statement_step(rows, err)) == STATEMENT_ROW) {
		sides[count++] = (struct profile_tested){
			.side = statement_integer(rows, 0),
			.week = (int32_t)statement_integer(rows, 1),
			.from_week = (int32_t)statement_integer(rows, 2),
			.to_week = (int32_t)statement_integer(rows, 3),
			.tests = statement_integer(rows, 4),
			.tested_at = statement_integer(rows, 5),
		};
	}
	*ret_sides = sides;
	*ret_count = count;
	return step == STATEMENT_DONE;
}
