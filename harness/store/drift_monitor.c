/* The states of the monitors. */
#include "harness/store/drift.h"
#include "harness/store/internal.h"

static bool read_detectors(struct store *store, struct store_monitor *monitor, struct error *err)
{
	struct statement *rows =
		store_statement(store,
				"SELECT p1, cusum, log_sr, began_at, replies, events FROM drift_detector WHERE "
				"interface_id = ? AND path = ? ORDER BY ordinal",
				err);
	enum statement_step step = STATEMENT_DONE;
	if (rows == NULL) {
		return false;
	}
	statement_bind_integer(rows, 1, monitor->interface_id);
	statement_bind_integer(rows, 2, monitor->path);
	for (int i = 0; i < STORE_DETECTORS && (step = statement_step(rows, err)) == STATEMENT_ROW; i++) {
		monitor->detectors[i] = (struct store_detector){
			.p1 = statement_real(rows, 0),
			.cusum = statement_real(rows, 1),
			.log_sr = statement_real(rows, 2),
			.began_at = statement_integer(rows, 3),
			.replies = statement_integer(rows, 4),
			.events = statement_integer(rows, 5),
		};
	}
	statement_reset(rows);
	return step != STATEMENT_FAILED;
}

/* The one row that the statement gives, with its detectors. */
static bool read_monitor(struct store *store, struct statement *row, struct store_monitor *ret_monitor, bool *ret_found,
			 struct error *err)
{
	bool found = false;
	if (!statement_one_row(row, &found, err)) {
		return false;
	}
	*ret_found = found;
	if (!found) {
		return true;
	}
	struct store_monitor monitor = {
		.interface_id = statement_integer(row, 0),
		.path = statement_integer(row, 1),
		.phase = (int)statement_integer(row, 2),
		.reference_replies = statement_integer(row, 3),
		.reference_events = statement_integer(row, 4),
		.reference_from = statement_integer(row, 5),
		.reference_until = statement_integer(row, 6),
		.p0 = statement_real(row, 7),
		.run_length = statement_real(row, 8),
		.replies_per_day = statement_real(row, 9),
		.replies = statement_integer(row, 10),
		.events = statement_integer(row, 11),
		.incident = statement_integer(row, 12),
	};
	statement_reset(row);
	if (!read_detectors(store, &monitor, err)) {
		return false;
	}
	*ret_monitor = monitor;
	return true;
}

bool store_monitor_get(struct store *store, int64_t interface_id, int64_t path, struct store_monitor *ret_monitor,
		       bool *ret_found, struct error *err)
{
	struct statement *row = store_statement(
		store,
		"SELECT interface_id, path, phase, reference_replies, reference_events, reference_from, "
		"reference_until, p0, run_length, replies_per_day, replies, events, incident_id FROM drift_monitor "
		"WHERE interface_id = ? AND path = ?",
		err);
	if (row == NULL) {
		return false;
	}
	statement_bind_integer(row, 1, interface_id);
	statement_bind_integer(row, 2, path);
	return read_monitor(store, row, ret_monitor, ret_found, err);
}

bool store_monitor_of_incident(struct store *store, int64_t incident, struct store_monitor *ret_monitor,
			       bool *ret_found, struct error *err)
{
	struct statement *row = store_statement(
		store,
		"SELECT interface_id, path, phase, reference_replies, reference_events, reference_from, "
		"reference_until, p0, run_length, replies_per_day, replies, events, incident_id FROM drift_monitor "
		"WHERE incident_id = ?",
		err);
	if (row == NULL) {
		return false;
	}
	statement_bind_integer(row, 1, incident);
	return read_monitor(store, row, ret_monitor, ret_found, err);
}

static bool write_detector(struct store *store, const struct store_monitor *monitor, int ordinal, struct error *err)
{
	const struct store_detector *detector = &monitor->detectors[ordinal];
	struct statement *set = store_statement(
		store,
		"INSERT INTO drift_detector (interface_id, path, ordinal, p1, cusum, log_sr, began_at, replies, "
		"events) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET p1 = excluded.p1, cusum = "
		"excluded.cusum, log_sr = excluded.log_sr, began_at = excluded.began_at, replies = excluded.replies, "
		"events = excluded.events",
		err);
	if (set == NULL) {
		return false;
	}
	statement_bind_integer(set, 1, monitor->interface_id);
	statement_bind_integer(set, 2, monitor->path);
	statement_bind_integer(set, 3, ordinal);
	statement_bind_real(set, 4, detector->p1);
	statement_bind_real(set, 5, detector->cusum);
	statement_bind_real(set, 6, detector->log_sr);
	statement_bind_integer(set, 7, detector->began_at);
	statement_bind_integer(set, 8, detector->replies);
	statement_bind_integer(set, 9, detector->events);
	return statement_run(set, err);
}

static const char SET_MONITOR[] =
	"INSERT INTO drift_monitor (interface_id, path, phase, reference_replies, reference_events, reference_from, "
	"reference_until, p0, run_length, replies_per_day, replies, events, incident_id) VALUES (?, ?, ?, ?, ?, ?, ?, "
	"?, "
	"?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET phase = excluded.phase, reference_replies = "
	"excluded.reference_replies, reference_events = excluded.reference_events, reference_from = "
	"excluded.reference_from, reference_until = excluded.reference_until, p0 = excluded.p0, run_length = "
	"excluded.run_length, replies_per_day = excluded.replies_per_day, replies = excluded.replies, events = "
	"excluded.events, incident_id = excluded.incident_id";

bool store_monitor_set(struct store *store, const struct store_monitor *monitor, struct error *err)
{
	BUG_ON(store->transaction < TRANSACTION_WRITE);
	struct statement *set = store_statement(store, SET_MONITOR, err);
	if (set == NULL) {
		return false;
	}
	const int64_t counts[] = {
		monitor->interface_id,     monitor->path,           monitor->phase,          monitor->reference_replies,
		monitor->reference_events, monitor->reference_from, monitor->reference_until};
	for (int i = 0; i < 7; i++) {
		statement_bind_integer(set, i + 1, counts[i]);
	}
	statement_bind_real(set, 8, monitor->p0);
	statement_bind_real(set, 9, monitor->run_length);
	statement_bind_real(set, 10, monitor->replies_per_day);
	statement_bind_integer(set, 11, monitor->replies);
	statement_bind_integer(set, 12, monitor->events);
	if (monitor->incident != 0) {
		statement_bind_integer(set, 13, monitor->incident);
	}
	bool done = statement_run(set, err);
	for (int i = 0; done && i < STORE_DETECTORS; i++) {
		done = write_detector(store, monitor, i, err);
	}
	return done;
}
