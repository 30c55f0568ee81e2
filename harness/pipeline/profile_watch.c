#include "harness/pipeline/profile_watch.h"

#include "baselines/profile_week.h"
#include "harness/base/json_build.h"
#include "harness/pipeline/profile.h"
#include "harness/store/incident.h"
#include "harness/store/profile.h"

enum { WATCH_ARENA_MAX = 256 * 1024 * 1024, EVIDENCE_MAX = 1024 * 1024, GROWN_BY = 10 };

static const int64_t GRACE_US = CLOCK_DAY;
static const double MOST = 0.5; /* a field that so many more documents lack is gone */

/* One side of one interface. */
struct watching {
	struct worker *worker;
	struct interface_lane *lane;
	int64_t side;
	int64_t now;
	struct arena *arena;
	struct store_reference reference;
	struct store_profile_week *weeks;
	size_t count;
};

/* --- which weeks are over --- */

static bool has_pending(const struct watching *w, int32_t week, bool *ret_pending, struct error *err)
{
	struct statement *ask =
		store_statement(w->worker->store,
				"SELECT coalesce(sum(count), 0) FROM rollup_state WHERE candidate_id = ? AND week = ? "
				"AND test = 0 AND state = 0 AND reason = -1",
				err);
	if (ask == NULL) {
		return false;
	}
	statement_bind_integer(ask, 1, w->side);
	statement_bind_integer(ask, 2, week);
	if (statement_step(ask, err) != STATEMENT_ROW) {
		return false;
	}
	*ret_pending = statement_integer(ask, 0) > 0;
	statement_reset(ask);
	return true;
}

static bool is_over(const struct watching *w, int32_t week, bool *ret_over, struct error *err)
{
	int64_t end = clock_week_start(clock_week_next(week), w->worker->installation->zone);
	bool pending = false;
	if (w->side > PROFILE_LEGACY && !has_pending(w, week, &pending, err)) {
		return false;
	}
	*ret_over = !pending && w->now >= end + GRACE_US;
	return true;
}

/* --- the reference --- */

/* Frozen by the contract's rule, where enough weeks are over. *ret_done: it was. */
static bool freeze(struct watching *w, bool *ret_done, struct error *err)
{
	const struct contract_profile *rule = &w->lane->contract->profile;
	int64_t messages = 0;
	*ret_done = false;
	for (size_t i = 0; i < w->count; i++) {
		bool over = false;
		if (!is_over(w, w->weeks[i].week, &over, err)) {
			return false;
		}
		messages += w->weeks[i].messages;
		if (!over) {
			return true;
		}
		if ((int)i + 1 < rule->reference_weeks || messages < rule->reference_messages) {
			continue;
		}
		struct store_freeze freeze = {
			.interface_id = w->lane->id,
			.side = w->side,
			.from_week = w->weeks[0].week,
			.to_week = w->weeks[i].week,
			.at = w->now,
			.actor = SPAN("understudy"),
			.note = SPAN("the first weeks, as profile.reference_weeks and .reference_messages say"),
		};
		*ret_done = true;
		return store_profile_freeze(w->worker->store, &freeze, &messages, err) &&
		       store_profile_reference(w->worker->store, w->lane->id, w->side, w->arena, &w->reference, err);
	}
	return true;
}

/* --- findings --- */

static enum drift_severity severity_of(const struct stats_shift_test *test)
{
	if (test->check == CHECK_TYPE || (test->check == CHECK_ABSENT && test->effect >= MOST)) {
		return DRIFT_HIGH;
	}
	return test->check == CHECK_ABSENT && test->effect < 0 ? DRIFT_LOW : DRIFT_MEDIUM;
}

static bool write_evidence(const struct profile_week *week, size_t field, struct buffer *text, struct error *err)
{
	char name[CLOCK_TEXT_SIZE];
	struct json_build *build = json_build_create();
	json_build_text(build, "week", clock_week_format(week->week, name));
	json_build_integer(build, "documents", (int64_t)week->messages);
	json_build_object(build, "reference");
	json_build_text(build, "from", clock_week_format(week->reference.from_week, name));
	json_build_text(build, "to", clock_week_format(week->reference.to_week, name));
	json_build_integer(build, "documents", week->reference.messages);
	json_build_end(build);
	json_build_integer(build, "tests_of_the_week", (int64_t)week->test_count);
	json_build_array(build, "findings");
	for (size_t i = 0; i < week->test_count; i++) {
		if (week->tests[i].found && week->tests[i].field == field) {
			json_build_object(build, NULL);
			profile_test_build(build, &week->tests[i]);
			json_build_end(build);
		}
	}
	json_build_end(build);
	bool done = json_build_write(build, 0, text, err);
	json_build_destroy(build);
	return done;
}

/* One for each field. An unresolved one stays as it is. */
static bool open_incident(const struct watching *w, const struct profile_week *week, size_t field, struct error *err)
{
	CLEANUP_BUFFER struct buffer evidence = BUFFER_INIT(EVIDENCE_MAX);
	int64_t start = clock_week_start(week->week, w->worker->installation->zone);
	struct store_incident incident = {
		.interface_id = w->lane->id,
		.kind = w->side == PROFILE_MESSAGE ? INCIDENT_INPUT_CHANGE : INCIDENT_LEGACY_CHANGE,
		.subject = span_of(week->fields[field].pointer),
		.began_at = start < w->now ? start : w->now,
		.detected_at = w->now,
	};
	int64_t id = 0;
	bool is_new = false;
	for (size_t i = 0; i < week->test_count; i++) {
		enum drift_severity severity = severity_of(&week->tests[i]);
		bool counts = week->tests[i].found && week->tests[i].field == field;
		incident.severity = counts && severity > incident.severity ? severity : incident.severity;
	}
	if (!write_evidence(week, field, &evidence, err)) {
		return false;
	}
	incident.evidence = buffer_span(&evidence);
	return store_incident_open(w->worker->store, &incident, &id, &is_new, err);
}

static bool write_findings(const struct watching *w, const struct profile_week *week, struct error *err)
{
	struct store_tested tested = {
		.interface_id = w->lane->id,
		.side = w->side,
		.week = week->week,
		.reference = week->reference.id,
		.messages = (int64_t)week->messages,
		.tests = (int64_t)week->test_count,
		.at = w->now,
	};
	if (!store_profile_tested(w->worker->store, &tested, err)) {
		return false;
	}
	for (size_t i = 0; i < week->found_count; i++) {
		const struct stats_shift_test *test = &week->tests[i];
		struct store_finding finding = {
			.field = week->fields[test->field].field,
			.check = (int)test->check,
			.statistic = test->statistic,
			.p = test->p,
			.adjusted = test->adjusted,
			.effect = test->effect,
			.has_shares = test->has_shares,
			.psi = test->psi,
			.js = test->js,
			.reference_share = test->reference_share,
			.week_share = test->week_share,
			.sentence = span_of(test->sentence),
		};
		if (!store_profile_finding_add(w->worker->store, &tested, &finding, err)) {
			return false;
		}
	}
	return true;
}

static bool test_week(const struct watching *w, int32_t week, struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(WATCH_ARENA_MAX);
	struct profile_week result;
	if (!profile_week_read(w->worker->store, w->lane->id, w->side, week, &arena, &result, err) ||
	    !write_findings(w, &result, err)) {
		return false;
	}
	for (size_t i = 0; i < result.field_count && w->side <= PROFILE_LEGACY; i++) {
		if (result.fields[i].found_count > 0 && !open_incident(w, &result, i, err)) {
			return false;
		}
	}
	return true;
}

/* --- a side --- */

static bool is_to_test(const struct watching *w, const struct store_profile_week *week, bool *ret_test,
		       struct error *err)
{
	bool grown = week->tested < 0 || week->messages - week->tested > week->tested / GROWN_BY;
	*ret_test = false;
	return w->reference.id == 0 || week->week <= w->reference.to_week || !grown ||
	       is_over(w, week->week, ret_test, err);
}

static bool look_at(struct watching *w, size_t *count, struct error *err)
{
	bool frozen = false;
	if (w->reference.id == 0 && !freeze(w, &frozen, err)) {
		return false;
	}
	*count += frozen;
	profile_set_frozen(w->lane->profile, w->side, w->reference.id != 0);
	for (size_t i = 0; i < w->count; i++) {
		bool test = false;
		if (!is_to_test(w, &w->weeks[i], &test, err) || (test && !test_week(w, w->weeks[i].week, err))) {
			return false;
		}
		*count += test;
	}
	return true;
}

/* Is there anything to do? Asked without the write lock. */
static bool is_due(const struct watching *w, bool *ret_due, struct error *err)
{
	const struct contract_profile *rule = &w->lane->contract->profile;
	int64_t messages = 0;
	*ret_due = false;
	for (size_t i = 0; i < w->count && !*ret_due; i++) {
		messages += w->weeks[i].messages;
		bool is_enough = w->reference.id == 0 && (int)i + 1 >= rule->reference_weeks &&
				 messages >= rule->reference_messages;
		if (is_enough ? !is_over(w, w->weeks[i].week, ret_due, err)
			      : !is_to_test(w, &w->weeks[i], ret_due, err)) {
			return false;
		}
	}
	return true;
}

static bool watch_side(struct worker *worker, struct interface_lane *lane, int64_t side, int64_t now, size_t *count,
		       struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(WATCH_ARENA_MAX);
	struct watching w = {.worker = worker, .lane = lane, .side = side, .now = now, .arena = &arena};
	bool due = false;
	if (!store_profile_reference(worker->store, lane->id, side, &arena, &w.reference, err) ||
	    !store_profile_weeks(worker->store, lane->id, side, &arena, &w.weeks, &w.count, err) ||
	    !is_due(&w, &due, err)) {
		return false;
	}
	profile_set_frozen(lane->profile, side, w.reference.id != 0);
	if (!due) {
		return true;
	}
	if (!store_begin(worker->store, err)) {
		return false;
	}
	if (!look_at(&w, count, err) || !store_commit(worker->store, err)) {
		store_rollback(worker->store);
		return false;
	}
	return true;
}

bool profile_watch(struct worker *worker, int64_t now, size_t *ret_count, struct error *err)
{
	size_t count = 0;
	for (size_t i = 0; i < worker->installation->contract_count; i++) {
		struct interface_lane *lane = worker->lanes[i];
		if (lane->contract->profile.fields == 0) {
			continue;
		}
		if (!watch_side(worker, lane, PROFILE_MESSAGE, now, &count, err) ||
		    !watch_side(worker, lane, PROFILE_LEGACY, now, &count, err)) {
			return false;
		}
		for (size_t k = 0; k < lane->contract->candidate_count; k++) {
			if (!watch_side(worker, lane, lane->candidates[k].id, now, &count, err)) {
				return false;
			}
		}
	}
	*ret_count = count;
	return true;
}
