#include "harness/pipeline/drift_watch.h"

#include "evaluators/drift/monitor.h"
#include "harness/pipeline/drift_alarm.h"
#include "harness/store/incident.h"

#include <stdlib.h>

_Static_assert((int)DRIFT_DETECTORS == (int)STORE_DETECTORS, "the store keeps all detectors");

enum { VERSION_MAX = 4096 };

struct watched_path {
	int64_t path;
	bool loaded;
	int64_t incident; /* in alarm; 0: none */
	struct drift_monitor monitor;
};

struct drift_watch {
	const struct contract *contract;
	int64_t interface_id;
	struct drift_plan plan;
	bool source_known; /* in this transaction */
	int64_t source;    /* of legacy replies now */
	size_t count;
	size_t used;
	struct watched_path paths[]; /* in the order of their first use */
};

static struct drift_plan plan_of(const struct contract *contract)
{
	return (struct drift_plan){
		.reference_replies = contract->drift_reference_replies,
		.reference_rate = contract->drift_reference_rate,
		.replies_per_day = (double)contract->drift_replies_per_day,
		.false_alarm_days = contract->drift_false_alarm_days,
	};
}

struct drift_watch *drift_watch_create(const struct contract *contract, int64_t interface_id, size_t candidates)
{
	size_t count = candidates + 1;
	struct drift_watch *watch = calloc(1, sizeof(*watch) + count * sizeof(watch->paths[0]));
	if (watch != NULL) {
		watch->contract = contract;
		watch->interface_id = interface_id;
		watch->plan = plan_of(contract);
		watch->count = count;
	}
	return watch;
}

void drift_watch_destroy(struct drift_watch *watch)
{
	free(watch);
}

void drift_watch_forget(struct drift_watch *watch)
{
	watch->source_known = false;
	for (size_t i = 0; i < watch->used; i++) {
		watch->paths[i].loaded = false;
	}
}

/* --- between the store's form and the monitor's --- */

static struct drift_monitor from_store(const struct store_monitor *stored)
{
	struct drift_monitor monitor = {
		.phase = (enum drift_phase)stored->phase,
		.reference_replies = stored->reference_replies,
		.reference_events = stored->reference_events,
		.reference_from = stored->reference_from,
		.reference_until = stored->reference_until,
		.p0 = stored->p0,
		.run_length = stored->run_length,
		.replies_per_day = stored->replies_per_day,
		.replies = stored->replies,
		.events = stored->events,
	};
	for (int i = 0; i < DRIFT_DETECTORS; i++) {
		const struct store_detector *detector = &stored->detectors[i];
		monitor.detectors[i] = (struct drift_detector){
			.p1 = detector->p1,
			.cusum = detector->cusum,
			.log_sr = detector->log_sr,
			.began_at = detector->began_at,
			.replies = detector->replies,
			.events = detector->events,
		};
	}
	drift_monitor_prepare(&monitor);
	return monitor;
}

static struct store_monitor to_store(const struct drift_monitor *monitor, int64_t interface_id, int64_t path,
				     int64_t incident)
{
	struct store_monitor stored = {
		.interface_id = interface_id,
		.path = path,
		.phase = (int)monitor->phase,
		.reference_replies = monitor->reference_replies,
		.reference_events = monitor->reference_events,
		.reference_from = monitor->reference_from,
		.reference_until = monitor->reference_until,
		.p0 = monitor->p0,
		.run_length = monitor->run_length,
		.replies_per_day = monitor->replies_per_day,
		.replies = monitor->replies,
		.events = monitor->events,
		.incident = incident,
	};
	for (int i = 0; i < DRIFT_DETECTORS; i++) {
		const struct drift_detector *detector = &monitor->detectors[i];
		stored.detectors[i] = (struct store_detector){detector->p1,       detector->cusum,   detector->log_sr,
							      detector->began_at, detector->replies, detector->events};
	}
	return stored;
}

/* --- loading --- */

static struct watched_path *find_path(struct drift_watch *watch, int64_t path)
{
	for (size_t i = 0; i < watch->used; i++) {
		if (watch->paths[i].path == path) {
			return &watch->paths[i];
		}
	}
	BUG_ON(watch->used == watch->count);
	struct watched_path *watched = &watch->paths[watch->used++];
	*watched = (struct watched_path){.path = path};
	return watched;
}

/* Whoever resolves an incident restarts its monitor (drift_watch_resolve); one that was resolved in another way
 * restarts at its old reference. */
static bool is_resolved(struct store *store, int64_t incident, bool *ret_resolved, struct error *err)
{
	struct statement *find = store_statement(store, "SELECT state FROM incident WHERE id = ?", err);
	if (find == NULL) {
		return false;
	}
	statement_bind_integer(find, 1, incident);
	enum statement_step step = statement_step(find, err);
	*ret_resolved = step != STATEMENT_ROW || statement_integer(find, 0) == INCIDENT_RESOLVED;
	statement_reset(find);
	return step != STATEMENT_FAILED;
}

static bool load(struct drift_watch *watch, struct store *store, struct watched_path *watched, struct error *err)
{
	struct store_monitor stored;
	bool found = false;
	bool resolved = false;
	if (watched->loaded) {
		return true;
	}
	if (!store_monitor_get(store, watch->interface_id, watched->path, &stored, &found, err)) {
		return false;
	}
	if (!found) {
		drift_monitor_start(&watched->monitor, &watch->plan);
		watched->incident = 0;
		watched->loaded = true;
		return true;
	}
	watched->monitor = from_store(&stored);
	drift_monitor_follow(&watched->monitor, &watch->plan);
	watched->incident = stored.incident;
	if (watched->monitor.phase == DRIFT_PHASE_ALARM) {
		if (!is_resolved(store, watched->incident, &resolved, err)) {
			return false;
		}
		if (resolved) {
			drift_monitor_restart(&watched->monitor, &watch->plan, false);
			watched->incident = 0;
		}
	}
	watched->loaded = true;
	return true;
}

/* --- replies --- */

bool drift_watch_add(struct drift_watch *watch, struct store *store, int64_t path, bool drift, int64_t captured_at,
		     struct error *err)
{
	struct watched_path *watched = find_path(watch, path);
	if (!load(watch, store, watched, err)) {
		return false;
	}
	if (!drift_monitor_step(&watched->monitor, &watch->plan, drift, captured_at)) {
		return true;
	}
	const struct drift_alarm alarm = {
		.interface_id = watch->interface_id,
		.path = path,
		.monitor = &watched->monitor,
		.captured_at = captured_at,
	};
	return drift_alarm_raise(store, &alarm, &watched->incident, err);
}

bool drift_watch_write(struct drift_watch *watch, struct store *store, struct error *err)
{
	for (size_t i = 0; i < watch->used; i++) {
		const struct watched_path *watched = &watch->paths[i];
		struct store_monitor stored =
			to_store(&watched->monitor, watch->interface_id, watched->path, watched->incident);
		if (watched->loaded && !store_monitor_set(store, &stored, err)) {
			return false;
		}
	}
	drift_watch_forget(watch);
	return true;
}

bool drift_watch_resolve(struct store *store, const struct contract *contract, int64_t incident, bool accept,
			 struct error *err)
{
	struct drift_plan plan = plan_of(contract);
	struct store_monitor stored;
	bool found = false;
	if (!store_monitor_of_incident(store, incident, &stored, &found, err)) {
		return false;
	}
	if (!found) {
		return true;
	}
	struct drift_monitor monitor = from_store(&stored);
	drift_monitor_restart(&monitor, &plan, accept);
	stored = to_store(&monitor, stored.interface_id, stored.path, 0);
	return store_monitor_set(store, &stored, err);
}

/* --- the legacy path's source --- */

static struct span text_or_empty(const char *text)
{
	return text != NULL ? span_of(text) : SPAN("");
}

/* Another source than that of the exchange before. */
static bool change_source(struct drift_watch *watch, struct store *store, const struct store_legacy_source *former,
			  int64_t exchange, int64_t captured_at, struct error *err)
{
	struct span version = text_or_empty(watch->contract->legacy_version);
	bool changed = former->id != 0 && !span_equal(former->version, version);
	return store_legacy_source_set(store, watch->interface_id, exchange, watch->source,
				       watch->contract->legacy_schema != NULL, err) &&
	       (!changed ||
		drift_alarm_legacy_change(store, watch->interface_id, former->version, version, captured_at, err));
}

bool drift_watch_legacy_source(struct drift_watch *watch, struct store *store, int64_t exchange, int64_t captured_at,
			       int64_t *ret_source, struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(VERSION_MAX);
	struct store_legacy_source former;
	const struct store_source source = {
		.interface_id = watch->interface_id,
		.contract_version = text_or_empty(watch->contract->version),
		.model = text_or_empty(watch->contract->legacy_version),
		.prompt = SPAN(""),
		.service_version = SPAN(""),
		.seen_at = captured_at,
	};
	*ret_source = watch->source;
	if (watch->source_known) {
		return true;
	}
	if (!store_source_id(store, &source, &watch->source, err) ||
	    !store_legacy_source(store, watch->interface_id, INT64_MAX, &arena, &former, err)) {
		return false;
	}
	bool same = former.id == watch->source && former.held == (watch->contract->legacy_schema != NULL);
	if (!same && !change_source(watch, store, &former, exchange, captured_at, err)) {
		return false;
	}
	watch->source_known = true;
	*ret_source = watch->source;
	return true;
}
