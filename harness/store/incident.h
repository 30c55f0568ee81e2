/* Layer 2. Incidents: opened by whoever finds something that its owner has to look at, acknowledged and resolved by
 * people. Of one interface, candidate, kind and subject at most one is unresolved; what is found again while it is goes
 * into it. Rows are never removed. Spans are borrowed for the call. */
#ifndef UNDERSTUDY_STORE_INCIDENT_H
#define UNDERSTUDY_STORE_INCIDENT_H

#include "harness/base/vocabulary.h"
#include "harness/store/store.h"

struct store_incident {
	int64_t interface_id;
	int64_t candidate; /* 0: not about a candidate */
	enum incident_kind kind;
	struct span subject; /* tells incidents of that kind apart; may be empty */
	enum drift_severity severity;
	int64_t began_at; /* microseconds; <= detected_at */
	int64_t detected_at;
	struct span evidence; /* a JSON object */
};

/* Inside a write transaction. Where such an incident is unresolved already, that one is *ret_id and stays as it is, but
 * for a severity that has grown; *ret_is_new says which. */
MUST_CHECK bool store_incident_open(struct store *store, const struct store_incident *incident, int64_t *ret_id,
				    bool *ret_is_new, struct error *err);

/* Inside a write transaction. To INCIDENT_ACKNOWLEDGED or INCIDENT_RESOLVED, by `actor` for the reason `note`, which
 * may be empty. ERROR_MISSING where there is no such incident, ERROR_USAGE where it is in that state, or resolved,
 * already. */
MUST_CHECK bool store_incident_move(struct store *store, int64_t id, enum incident_state state, struct span actor,
				    struct span note, int64_t at, struct error *err);

#endif
