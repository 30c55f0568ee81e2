/* Layer 3. Watches the contract drift rate of each path of an interface and opens incidents.
 *
 * One monitor (evaluators/drift/monitor.h) for each path, stepped once for each production reply in the order in which
 * replies are written: those of the LLM path when their evaluation is finished, those of the legacy path when an answer
 * counts for the first time. A correction does not step it again. A new evaluation period does not reset it. Test
 * messages are not watched.
 *
 * The state is read from the store with the first reply of a transaction, and written by drift_watch_write in that
 * transaction, so that a worker that dies at any point counts every reply once, and what other processes change between
 * two transactions (an incident resolved) is seen. */
#ifndef UNDERSTUDY_PIPELINE_DRIFT_WATCH_H
#define UNDERSTUDY_PIPELINE_DRIFT_WATCH_H

#include "harness/contract/contract.h"
#include "harness/store/drift.h"

struct drift_watch;

/* Borrows the contract. Of `candidates` LLM paths. NULL without memory; destroy accepts NULL. */
struct drift_watch *drift_watch_create(const struct contract *contract, int64_t interface_id, size_t candidates);
void drift_watch_destroy(struct drift_watch *watch);

/* One reply that was counted, inside its transaction. An alarm opens its incident there and then: contract_drift or
 * legacy_drift, with the severity of the class that most replies have since it began. `path`: 0 legacy, else the
 * candidate's row. */
MUST_CHECK bool drift_watch_add(struct drift_watch *watch, struct store *store, int64_t path, bool drift,
				int64_t captured_at, struct error *err);

/* The legacy path's source for an exchange that is stored now; set anew where contract version, legacy.version or
 * legacy.schema changed since the exchange before, where another legacy.version opens the incident legacy_change. */
MUST_CHECK bool drift_watch_legacy_source(struct drift_watch *watch, struct store *store, int64_t exchange,
					  int64_t captured_at, int64_t *ret_source, struct error *err);

/* Before the commit: writes the monitors that replies of this transaction have stepped. */
MUST_CHECK bool drift_watch_write(struct drift_watch *watch, struct store *store, struct error *err);
/* After a rollback. */
void drift_watch_forget(struct drift_watch *watch);

/* After a person has resolved the incident, inside the same transaction: its monitor watches again, `accept`: from a
 * new reference, which is what comes now. Nothing where the incident is not a monitor's. */
MUST_CHECK bool drift_watch_resolve(struct store *store, const struct contract *contract, int64_t incident, bool accept,
				    struct error *err);

#endif
