/* The report's JSON: contract drift and incidents. */
#include "harness/base/json_build.h"
#include "reports/report.h"

static void build_point(struct json_build *build, const struct store_series_point *point)
{
	json_build_integer(build, "replies", point->replies);
	json_build_integer(build, "contract_drift", point->contract_drift);
	json_build_integer(build, "strict_drift", point->strict_drift);
	json_build_integer(build, "recovered", point->recovered);
	json_build_object(build, "severities");
	for (int i = 0; i < DRIFT_SEVERITY_COUNT; i++) {
		json_build_integer(build, drift_severity_name(i), point->by_severity[i]);
	}
	json_build_end(build);
	json_build_object(build, "classes");
	for (int i = 0; i < DRIFT_CLASS_COUNT; i++) {
		if (point->deviating[i] > 0) {
			json_build_object(build, drift_class_name(i));
			json_build_integer(build, "declared", point->declared[i]);
			json_build_integer(build, "strict", point->deviating[i]);
			json_build_end(build);
		}
	}
	json_build_end(build);
}

static void build_sources(const struct report_drift *drift, struct json_build *build)
{
	json_build_array(build, "sources");
	for (size_t i = 0; i < drift->source_count; i++) {
		const struct store_source *source = &drift->sources[i].source;
		json_build_object(build, NULL);
		json_build_span(build, "contract_version", source->contract_version);
		json_build_span(build, "model", source->model);
		json_build_span(build, "prompt_sha256", source->prompt);
		build_point(build, &drift->sources[i].total);
		json_build_end(build);
	}
	json_build_end(build);
}

static void build_deviations(const struct report_drift *drift, struct json_build *build)
{
	json_build_array(build, "deviations");
	for (size_t i = 0; i < drift->deviation_count; i++) {
		const struct store_top_deviation *deviation = &drift->deviations[i];
		json_build_object(build, NULL);
		json_build_text(build, "class", drift_class_name((int)deviation->drift));
		json_build_boolean(build, "strict_only", deviation->strict);
		json_build_text(build, "instance", deviation->instance);
		json_build_text(build, "schema", deviation->schema);
		json_build_text(build, "sentence", deviation->sentence);
		json_build_integer(build, "replies", deviation->replies);
		json_build_end(build);
	}
	json_build_end(build);
}

void build_contract_drift(const struct report_drift *drift, struct json_build *build)
{
	char week[CLOCK_TEXT_SIZE];
	json_build_object(build, "drift");
	build_point(build, &drift->total);
	json_build_array(build, "weeks");
	for (size_t i = 0; i < drift->week_count; i++) {
		json_build_object(build, NULL);
		json_build_text(build, "week", clock_week_format((int32_t)drift->weeks[i].at, week));
		build_point(build, &drift->weeks[i]);
		json_build_end(build);
	}
	json_build_end(build);
	build_sources(drift, build);
	build_deviations(drift, build);
	json_build_end(build);
}

void build_incidents(const struct report *report, struct json_build *build)
{
	char time[CLOCK_TEXT_SIZE];
	json_build_array(build, "incidents");
	for (size_t i = 0; i < report->incident_count; i++) {
		const struct report_incident *incident = &report->incidents[i];
		json_build_object(build, NULL);
		json_build_integer(build, "id", incident->id);
		json_build_text(build, "kind", incident_kind_name((int)incident->kind));
		json_build_text(build, "candidate", incident->path);
		json_build_text(build, "subject", incident->subject);
		json_build_text(build, "severity", drift_severity_name((int)incident->severity));
		json_build_text(build, "state", incident_state_name((int)incident->state));
		json_build_text(build, "began_at", clock_format(incident->began_at, time));
		json_build_text(build, "detected_at", clock_format(incident->detected_at, time));
		json_build_text(build, "resolved_at",
				incident->resolved_at > 0 ? clock_format(incident->resolved_at, time) : NULL);
		json_build_node(build, "evidence", incident->evidence);
		json_build_end(build);
	}
	json_build_end(build);
}
