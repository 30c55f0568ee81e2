#include "harness/store/incident.h"
#include "harness/store/internal.h"

static void bind_candidate(struct statement *statement, int index, int64_t candidate)
{
	if (candidate == 0) {
		statement_bind_null(statement, index);
	} else {
		statement_bind_integer(statement, index, candidate);
	}
}

/* The unresolved one of the same subject; 0: none. */
static bool find_unresolved(struct store *store, const struct store_incident *incident, int64_t *ret_id,
			    struct error *err)
{
	struct statement *find =
		store_statement(store,
				"SELECT id FROM incident WHERE interface_id = ? AND "
				"ifnull(candidate_id, 0) = ? AND kind = ? AND subject = ? AND state < 2",
				err);
	if (find == NULL) {
		return false;
	}
	statement_bind_integer(find, 1, incident->interface_id);
	statement_bind_integer(find, 2, incident->candidate);
	statement_bind_integer(find, 3, (int64_t)incident->kind);
	statement_bind_text(find, 4, incident->subject);
	bool found = false;
	if (!statement_one_row(find, &found, err)) {
		return false;
	}
	*ret_id = found ? statement_integer(find, 0) : 0;
	statement_reset(find);
	return true;
}

static bool raise_severity(struct store *store, int64_t id, enum drift_severity severity, struct error *err)
{
	struct statement *raise =
		store_statement(store, "UPDATE incident SET severity = max(severity, ?) WHERE id = ?", err);
	if (raise == NULL) {
		return false;
	}
	statement_bind_integer(raise, 1, (int64_t)severity);
	statement_bind_integer(raise, 2, id);
	return statement_run(raise, err);
}

static bool insert(struct store *store, const struct store_incident *incident, int64_t *ret_id, struct error *err)
{
	struct statement *add =
		store_statement(store,
				"INSERT INTO incident (interface_id, candidate_id, kind, subject, severity, "
				"state, began_at, detected_at, evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
				err);
	if (add == NULL) {
		return false;
	}
	statement_bind_integer(add, 1, incident->interface_id);
	bind_candidate(add, 2, incident->candidate);
	statement_bind_integer(add, 3, (int64_t)incident->kind);
	statement_bind_text(add, 4, incident->subject);
	statement_bind_integer(add, 5, (int64_t)incident->severity);
	statement_bind_integer(add, 6, INCIDENT_OPEN);
	statement_bind_integer(add, 7, incident->began_at);
	statement_bind_integer(add, 8, incident->detected_at);
	statement_bind_text(add, 9, incident->evidence);
	if (!statement_run(add, err)) {
		return false;
	}
	*ret_id = store_last_id(store);
	return true;
}

bool store_incident_open(struct store *store, const struct store_incident *incident, int64_t *ret_id, bool *ret_is_new,
			 struct error *err)
{
	int64_t id = 0;
	if (!find_unresolved(store, incident, &id, err)) {
		return false;
	}
	bool is_new = id == 0;
	if (is_new ? !insert(store, incident, &id, err) : !raise_severity(store, id, incident->severity, err)) {
		return false;
	}
	*ret_id = id;
	*ret_is_new = is_new;
	return true;
}

static bool check_move(struct store *store, int64_t id, enum incident_state state, struct error *err)
{
	struct statement *find = store_statement(store, "SELECT state FROM incident WHERE id = ?", err);
	if (find == NULL) {
		return false;
	}
	statement_bind_integer(find, 1, id);
	bool found = false;
	if (!statement_one_row(find, &found, err)) {
		return false;
	}
	int64_t former = found ? statement_integer(find, 0) : 0;
	statement_reset(find);
	if (!found) {
		return error_set(err, ERROR_MISSING, "there is no incident %lld; `understudy incident list` shows them",
				 (long long)id);
	}
	return former < (int64_t)state || error_set(err, ERROR_USAGE, "incident %lld is %s already", (long long)id,
						    incident_state_name((int)former));
}

static bool set_state(struct store *store, int64_t id, enum incident_state state, int64_t at, struct error *err)
{
	struct statement *set = store_statement(
		store,
		state == INCIDENT_RESOLVED ? "UPDATE incident SET state = ?, resolved_at = ? WHERE id = ?"
					   : "UPDATE incident SET state = ?, acknowledged_at = ? WHERE id = ?",
		err);
	if (set == NULL) {
		return false;
	}
	statement_bind_integer(set, 1, (int64_t)state);
	statement_bind_integer(set, 2, at);
	statement_bind_integer(set, 3, id);
	return statement_run(set, err);
}

bool store_incident_move(struct store *store, int64_t id, enum incident_state state, struct span actor,
			 struct span note, int64_t at, struct error *err)
{
	if (!check_move(store, id, state, err) || !set_state(store, id, state, at, err)) {
		return false;
	}
	struct statement *add = store_statement(
		store, "INSERT INTO incident_action (incident_id, at, state, actor, note) VALUES (?, ?, ?, ?, ?)", err);
	if (add == NULL) {
		return false;
	}
	statement_bind_integer(add, 1, id);
	statement_bind_integer(add, 2, at);
	statement_bind_integer(add, 3, (int64_t)state);
	statement_bind_text(add, 4, actor);
	statement_bind_text(add, 5, note);
	return statement_run(add, err);
}
