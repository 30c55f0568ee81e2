#include "reports/contract_drift.h"

#include "harness/base/text.h"
#include "reports/report.h"

#include <math.h>

enum { INCIDENTS_MAX = 1000 };

static bool no_memory(struct error *err)
{
	return error_set(err, ERROR_MEMORY, "no memory for the report; name fewer weeks");
}

/* --- series --- */

static void add_point(struct store_series_point *sum, const struct store_series_point *point)
{
	sum->replies += point->replies;
	sum->contract_drift += point->contract_drift;
	sum->strict_drift += point->strict_drift;
	sum->recovered += point->recovered;
	for (int i = 0; i < DRIFT_SEVERITY_COUNT; i++) {
		sum->by_severity[i] += point->by_severity[i];
	}
	for (int i = 0; i < DRIFT_CLASS_COUNT; i++) {
		sum->deviating[i] += point->deviating[i];
		sum->declared[i] += point->declared[i];
	}
}

static bool is_in_weeks(const struct report *report, const struct store_series_point *point)
{
	return point->at >= report->from_week && point->at <= report->to_week;
}

static bool read_weeks(struct report *report, struct store *store, const struct store_series_query *query,
		       struct report_drift *drift, struct error *err)
{
	struct store_series_point *points = NULL;
	size_t count = 0;
	if (!store_series(store, query, &report->arena, &points, &count, err)) {
		return false;
	}
	drift->weeks = points;
	for (size_t i = 0; i < count; i++) {
		if (is_in_weeks(report, &points[i])) {
			drift->weeks[drift->week_count++] = points[i];
			add_point(&drift->total, &points[i]);
		}
	}
	return true;
}

/* Both lists are ordered by the age of the source. */
static bool read_sources(struct report *report, struct store *store, const struct store_series_query *query,
			 struct report_drift *drift, struct error *err)
{
	struct store_series_point *points = NULL;
	struct store_source_row *rows = NULL;
	size_t point_count = 0;
	size_t row_count = 0;
	struct store_series_query by_source = *query;
	by_source.by_source = true;
	if (!store_series(store, &by_source, &report->arena, &points, &point_count, err) ||
	    !store_sources(store, query->interface_id, query->path, &report->arena, &rows, &row_count, err)) {
		return false;
	}
	drift->sources = arena_allocate_array(&report->arena, row_count + 1, sizeof(*drift->sources));
	if (drift->sources == NULL) {
		return no_memory(err);
	}
	for (size_t i = 0; i < row_count; i++) {
		struct report_source *source = &drift->sources[drift->source_count];
		*source = (struct report_source){.source = rows[i].source};
		for (size_t j = 0; j < point_count; j++) {
			if (points[j].source == rows[i].id && is_in_weeks(report, &points[j])) {
				add_point(&source->total, &points[j]);
			}
		}
		drift->source_count += source->total.replies > 0;
	}
	return true;
}

/* --- the most frequent deviations --- */

/* What is not about the schema is told apart by its sentence. */
static const char DEVIATIONS[] =
	"SELECT d.class, d.strict, d.keyword, d.schema, min(d.instance), min(d.sentence), count(DISTINCT "
	"d.exchange_id) "
	"FROM deviation d JOIN deviating_reply r ON r.exchange_id = d.exchange_id AND r.path = d.path "
	"JOIN reply_source s ON s.id = r.source_id JOIN exchange e ON e.id = d.exchange_id "
	"WHERE s.interface_id = ? AND d.path = ? AND e.test = 0 AND e.week BETWEEN ? AND ? "
	"GROUP BY d.class, d.strict, d.keyword, d.schema, CASE d.schema WHEN '' THEN d.sentence END "
	"ORDER BY 7 DESC, 1, 2, 3, 4, 6 LIMIT ?";

static bool keep_deviation(struct arena *arena, struct statement *row, struct store_top_deviation *ret_deviation)
{
	*ret_deviation = (struct store_top_deviation){
		.drift = (enum drift_class)statement_integer(row, 0),
		.strict = statement_integer(row, 1) != 0,
		.keyword = arena_copy(arena, statement_text(row, 2)),
		.schema = arena_copy(arena, statement_text(row, 3)),
		.instance = arena_copy(arena, statement_text(row, 4)),
		.sentence = arena_copy(arena, statement_text(row, 5)),
		.replies = statement_integer(row, 6),
	};
	return ret_deviation->keyword != NULL && ret_deviation->schema != NULL && ret_deviation->instance != NULL &&
	       ret_deviation->sentence != NULL;
}

static bool read_deviations(struct report *report, struct store *store, const struct store_series_query *query,
			    struct report_drift *drift, struct error *err)
{
	struct statement *rows = store_statement(store, DEVIATIONS, err);
	drift->deviations = arena_allocate_array(&report->arena, REPORT_DEVIATIONS_MAX, sizeof(*drift->deviations));
	if (rows == NULL || drift->deviations == NULL) {
		return rows != NULL && no_memory(err);
	}
	statement_bind_integer(rows, 1, query->interface_id);
	statement_bind_integer(rows, 2, query->path);
	statement_bind_integer(rows, 3, report->from_week);
	statement_bind_integer(rows, 4, report->to_week);
	statement_bind_integer(rows, 5, REPORT_DEVIATIONS_MAX);
	enum statement_step step = STATEMENT_DONE;
	bool kept = true;
	while (kept && (step = statement_step(rows, err)) == STATEMENT_ROW) {
		kept = keep_deviation(&report->arena, rows, &drift->deviations[drift->deviation_count]);
		drift->deviation_count += kept;
	}
	statement_reset(rows);
	return kept ? step == STATEMENT_DONE : no_memory(err);
}

bool contract_drift_read(struct report *report, struct store *store, int64_t interface_id, int64_t path,
			 struct report_drift *ret_drift, struct error *err)
{
	struct report_drift drift = {0};
	struct store_series_query query = {
		.interface_id = interface_id,
		.path = path,
		.step = STORE_BY_WEEK,
		.to = INT64_MAX,
		.zone = report->installation->zone,
	};
	if (!read_weeks(report, store, &query, &drift, err) || !read_sources(report, store, &query, &drift, err) ||
	    !read_deviations(report, store, &query, &drift, err) ||
	    !store_monitor_get(store, interface_id, path, &drift.monitor, &drift.is_monitored, err)) {
		return false;
	}
	*ret_drift = drift;
	return true;
}

/* --- incidents --- */

static const char INCIDENTS[] =
	"SELECT n.id, n.kind, n.state, n.severity, c.name, n.subject, n.began_at, n.detected_at, "
	"coalesce(n.resolved_at, 0), n.evidence FROM incident n LEFT JOIN candidate c ON c.id = n.candidate_id "
	"WHERE n.interface_id = ? AND n.detected_at <= ? AND (n.state < 2 OR n.detected_at >= ?) ORDER BY n.id LIMIT ?";

static bool keep_incident(struct arena *arena, struct statement *row, struct report_incident *incident,
			  struct error *err)
{
	struct span path = statement_text(row, 4);
	const char *evidence = arena_copy(arena, statement_text(row, 9));
	*incident = (struct report_incident){
		.id = statement_integer(row, 0),
		.kind = (enum incident_kind)statement_integer(row, 1),
		.state = (enum incident_state)statement_integer(row, 2),
		.severity = (enum drift_severity)statement_integer(row, 3),
		.path = path.data != NULL ? arena_copy(arena, path) : NULL,
		.subject = arena_copy(arena, statement_text(row, 5)),
		.began_at = statement_integer(row, 6),
		.detected_at = statement_integer(row, 7),
		.resolved_at = statement_integer(row, 8),
	};
	if (evidence == NULL || incident->subject == NULL) {
		return no_memory(err);
	}
	return json_parse(arena, span_of(evidence), NULL, &incident->evidence, err);
}

bool incidents_read(struct report *report, struct store *store, int64_t interface_id, struct error *err)
{
	struct statement *rows = store_statement(store, INCIDENTS, err);
	report->incidents = arena_allocate_array(&report->arena, INCIDENTS_MAX, sizeof(*report->incidents));
	if (rows == NULL || report->incidents == NULL) {
		return rows != NULL && no_memory(err);
	}
	statement_bind_integer(rows, 1, interface_id);
	statement_bind_integer(rows, 2, report->as_of);
	statement_bind_integer(
		rows, 3, report->from_week > 0 ? clock_week_start(report->from_week, report->installation->zone) : 0);
	statement_bind_integer(rows, 4, INCIDENTS_MAX);
	enum statement_step step = STATEMENT_DONE;
	bool kept = true;
	while (kept && (step = statement_step(rows, err)) == STATEMENT_ROW) {
		kept = keep_incident(&report->arena, rows, &report->incidents[report->incident_count], err);
		report->incident_count += kept;
	}
	statement_reset(rows);
	return kept && step == STATEMENT_DONE;
}

static double number_of(const struct json_node *object, const char *name)
{
	double number = (double)NAN;
	const struct json_node *node = json_get_text(object, name);
	return json_is(node, JSON_NUMBER) && text_to_double(json_text(node), &number) ? number : (double)NAN;
}

/* What else changed, "model, prompt". */
static void append_changes(struct buffer *buffer, const struct json_node *changed)
{
	for (const struct json_node *item = json_first(changed); item != NULL; item = json_next(changed, item)) {
		buffer_append_text(buffer, item == json_first(changed) ? "; what changed at that time: " : ", ");
		buffer_append_span(buffer, json_text(json_get_text(item, "what")));
	}
}

const char *incident_summary(struct arena *arena, const struct report_incident *incident)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(64 * 1024);
	const struct json_node *evidence = incident->evidence;
	const struct json_node *finding = json_first(json_get_text(evidence, "findings"));
	struct span sentence = json_text(json_get_text(finding, "sentence"));
	struct span before = json_text(json_get_text(evidence, "before"));
	double since = number_of(evidence, "rate_since");
	char text[48];
	if (sentence.length > 0) {
		buffer_append_span(&buffer, sentence);
	} else if (!isnan(since)) {
		buffer_append_format(&buffer, "%s of replies deviate", percent_text(since, text));
		buffer_append_format(&buffer, " (usual: at most %s)",
				     percent_text(number_of(evidence, "usual_rate"), text));
		append_changes(&buffer, json_get_text(evidence, "changed"));
	} else if (before.length > 0) {
		buffer_append_span(&buffer, json_text(json_get_text(evidence, "what")));
		buffer_append_format(&buffer, " was %.*s and is ", SPAN_ARGUMENTS(before));
		buffer_append_span(&buffer, json_text(json_get_text(evidence, "since")));
	}
	const char *summary = buffer.failed ? NULL : arena_copy(arena, buffer_span(&buffer));
	return summary != NULL ? summary : "";
}
