#include "harness/pipeline/drift_alarm.h"

#include "harness/base/json_build.h"
#include "harness/pipeline/drift_changes.h"
#include "harness/store/incident.h"

enum { EVIDENCE_MAX = 1024 * 1024, ARENA_MAX = 16 * 1024 * 1024, FIRST_EXCHANGES = 10, TOP_DEVIATIONS = 5 };

static const int64_t HOUR_US = INT64_C(3600) * CLOCK_SECOND;

struct evidence {
	struct store *store;
	const struct drift_alarm *alarm;
	const struct drift_detector *leader;
	struct json_build *build;
	struct arena arena;
	enum drift_severity severity;
};

/* Replies of the path that deviate as declared since it began; `select` is what to ask of them. */
#define OF_REPLIES_SINCE                                                                                               \
	" FROM reply_source s JOIN deviating_reply r ON r.source_id = s.id JOIN exchange e ON e.id = r.exchange_id "   \
	"WHERE s.interface_id = ? AND s.path = ? AND r.hour >= ? AND e.captured_at >= ? AND r.declared <> 0 AND "      \
	"e.test = 0 "

static struct statement *ask_replies(const struct evidence *evidence, const char *sql, struct error *err)
{
	struct statement *rows = store_statement(evidence->store, sql, err);
	if (rows != NULL) {
		statement_bind_integer(rows, 1, evidence->alarm->interface_id);
		statement_bind_integer(rows, 2, evidence->alarm->path);
		statement_bind_integer(rows, 3, evidence->leader->began_at / HOUR_US);
		statement_bind_integer(rows, 4, evidence->leader->began_at);
	}
	return rows;
}

static void build_rates(const struct evidence *evidence)
{
	const struct drift_monitor *monitor = evidence->alarm->monitor;
	const struct drift_detector *leader = evidence->leader;
	struct json_build *build = evidence->build;
	char time[CLOCK_TEXT_SIZE];
	double replies = (double)monitor->reference_replies;
	json_build_number(build, "usual_rate", monitor->p0);
	if (monitor->reference_replies > 0) {
		json_build_number(build, "rate_before", (double)monitor->reference_events / replies);
	} else {
		json_build_null(build, "rate_before");
	}
	json_build_number(build, "rate_since", (double)leader->events / (double)leader->replies);
	json_build_integer(build, "replies_since", leader->replies);
	json_build_integer(build, "deviating_since", leader->events);
	json_build_text(build, "captured_at", clock_format(evidence->alarm->captured_at, time));
	json_build_object(build, "false_alarms");
	json_build_number(build, "mean_replies", monitor->run_length);
	json_build_number(build, "mean_days", monitor->run_length / monitor->replies_per_day);
	json_build_number(build, "replies_per_day", monitor->replies_per_day);
	json_build_end(build);
}

/* Counts replies by class; the severity is that of the class that most have, the graver one of two. */
static bool build_classes(struct evidence *evidence, struct error *err)
{
	int64_t counts[DRIFT_CLASS_COUNT] = {0};
	int64_t most = 0;
	enum statement_step step = STATEMENT_FAILED;
	struct statement *rows =
		ask_replies(evidence, "SELECT r.declared, count(*)" OF_REPLIES_SINCE "GROUP BY r.declared", err);
	while (rows != NULL && (step = statement_step(rows, err)) == STATEMENT_ROW) {
		for (int i = 0; i < DRIFT_CLASS_COUNT; i++) {
			counts[i] += (statement_integer(rows, 0) >> i & 1) != 0 ? statement_integer(rows, 1) : 0;
		}
	}
	json_build_object(evidence->build, "classes");
	for (int i = 0; i < DRIFT_CLASS_COUNT; i++) {
		enum drift_severity severity = drift_class_severity((enum drift_class)i);
		if (counts[i] > 0) {
			json_build_integer(evidence->build, drift_class_name(i), counts[i]);
		}
		if (counts[i] > most || (counts[i] == most && severity > evidence->severity)) {
			most = counts[i];
			evidence->severity = severity;
		}
	}
	json_build_end(evidence->build);
	return step == STATEMENT_DONE;
}

static bool build_first_exchanges(const struct evidence *evidence, struct error *err)
{
	enum statement_step step = STATEMENT_FAILED;
	struct statement *rows = ask_replies(
		evidence, "SELECT lower(hex(e.exchange_id))" OF_REPLIES_SINCE "ORDER BY e.captured_at, e.id LIMIT ?",
		err);
	if (rows != NULL) {
		statement_bind_integer(rows, 5, FIRST_EXCHANGES);
	}
	json_build_array(evidence->build, "first_exchanges");
	while (rows != NULL && (step = statement_step(rows, err)) == STATEMENT_ROW) {
		json_build_span(evidence->build, NULL, statement_text(rows, 0));
	}
	json_build_end(evidence->build);
	return step == STATEMENT_DONE;
}

static bool build_deviations(struct evidence *evidence, struct error *err)
{
	struct store_top_deviation *list = NULL;
	size_t count = 0;
	struct json_build *build = evidence->build;
	int64_t from = evidence->leader->began_at / HOUR_US * HOUR_US;
	if (!store_top_deviations(evidence->store, evidence->alarm->interface_id, evidence->alarm->path, from,
				  INT64_MAX, TOP_DEVIATIONS, &evidence->arena, &list, &count, err)) {
		return false;
	}
	json_build_array(build, "deviations");
	for (size_t i = 0; i < count; i++) {
		json_build_object(build, NULL);
		json_build_text(build, "class", drift_class_name((int)list[i].drift));
		json_build_text(build, "keyword", list[i].keyword);
		json_build_text(build, "schema", list[i].schema);
		json_build_text(build, "instance", list[i].instance);
		json_build_text(build, "sentence", list[i].sentence);
		json_build_integer(build, "replies", list[i].replies);
		json_build_end(build);
	}
	json_build_end(build);
	return true;
}

static bool build_evidence(struct evidence *evidence, struct error *err)
{
	const struct drift_alarm *alarm = evidence->alarm;
	int64_t began_at = evidence->leader->began_at;
	build_rates(evidence);
	return build_classes(evidence, err) && build_deviations(evidence, err) &&
	       build_first_exchanges(evidence, err) &&
	       drift_changes_build(evidence->store, alarm->interface_id, alarm->path, began_at, evidence->build, err) &&
	       drift_changes_build_input(evidence->store, alarm->interface_id, began_at, evidence->build, err);
}

/* Opens the incident with what was built as its evidence. */
static bool open_incident(struct store *store, struct store_incident *incident, struct json_build *build,
			  int64_t *ret_id, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(EVIDENCE_MAX);
	int64_t now = clock_now();
	bool is_new = false;
	if (!json_build_write(build, 0, &text, err)) {
		return false;
	}
	incident->evidence = buffer_span(&text);
	incident->detected_at = now > incident->began_at ? now : incident->began_at;
	return store_incident_open(store, incident, ret_id, &is_new, err);
}

bool drift_alarm_raise(struct store *store, const struct drift_alarm *alarm, int64_t *ret_incident, struct error *err)
{
	struct evidence evidence = {
		.store = store,
		.alarm = alarm,
		.leader = drift_monitor_leader(alarm->monitor),
		.build = json_build_create(),
		.arena = ARENA_INIT(ARENA_MAX),
	};
	bool done = store_sums_write(store, err) && build_evidence(&evidence, err);
	if (done) {
		struct store_incident incident = {
			.interface_id = alarm->interface_id,
			.candidate = alarm->path,
			.kind = alarm->path == 0 ? INCIDENT_LEGACY_DRIFT : INCIDENT_CONTRACT_DRIFT,
			.subject = SPAN(""),
			.severity = evidence.severity,
			.began_at = evidence.leader->began_at,
		};
		done = open_incident(store, &incident, evidence.build, ret_incident, err);
	}
	json_build_destroy(evidence.build);
	arena_finish(&evidence.arena);
	return done;
}

bool drift_alarm_legacy_change(struct store *store, int64_t interface_id, struct span from, struct span to,
			       int64_t captured_at, struct error *err)
{
	struct store_incident incident = {
		.interface_id = interface_id,
		.kind = INCIDENT_LEGACY_CHANGE,
		.subject = to,
		.severity = DRIFT_LOW,
		.began_at = captured_at,
	};
	int64_t id = 0;
	struct json_build *build = json_build_create();
	json_build_text(build, "what", "legacy.version");
	json_build_span(build, "before", from);
	json_build_span(build, "since", to);
	bool done = open_incident(store, &incident, build, &id, err);
	json_build_destroy(build);
	return done;
}
