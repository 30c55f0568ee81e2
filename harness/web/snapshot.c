#include "harness/web/snapshot.h"

#include "harness/store/ingest.h"

/* Rows of one statement with the numbers ?1 and ?2 bound; `take` gets each. */
typedef bool take_row(void *context, struct statement *row, struct arena *arena);

struct reading {
	struct arena *arena;
	struct store *store;
	struct error *err;
};

static bool for_rows(struct reading *reading, const char *sql, const int64_t numbers[], int count, take_row *take,
		     void *context)
{
	struct statement *statement = store_statement(reading->store, sql, reading->err);
	if (statement == NULL) {
		return false;
	}
	for (int i = 0; i < count; i++) {
		statement_bind_integer(statement, i + 1, numbers[i]);
	}
	enum statement_step step;
	while ((step = statement_step(statement, reading->err)) == STATEMENT_ROW) {
		if (!take(context, statement, reading->arena)) {
			statement_reset(statement);
			return error_set(reading->err, ERROR_LIMIT,
					 "the store has more interfaces and candidates than a page can show");
		}
	}
	statement_reset(statement);
	return step == STATEMENT_DONE;
}

static uint64_t count_at(struct statement *row, int column)
{
	int64_t number = statement_integer(row, column);
	return number > 0 ? (uint64_t)number : 0;
}

/* A number from a list of words, or -1: rows that a newer version wrote are left out rather than trusted. */
static int word_at(struct statement *row, int column, int count)
{
	int64_t word = statement_integer(row, column);
	return word >= 0 && word < count ? (int)word : -1;
}

/* --- first ledger --- */

static bool take_legacy(void *context, struct statement *row, struct arena *arena)
{
	struct snapshot_interface *interface = context;
	(void)arena;
	interface->in_store += count_at(row, 1);
	interface->test += statement_integer(row, 0) != 0 ? count_at(row, 1) : 0;
	return true;
}

uint64_t snapshot_dropped(const struct snapshot_interface *interface)
{
	uint64_t sum = 0;
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		sum += interface->dropped[i];
	}
	return sum;
}

static bool read_first_ledger(struct reading *reading, struct snapshot_interface *interface)
{
	const int64_t id[] = {interface->id};
	struct store_ledger ledger;
	if (!store_ledger_get(reading->store, interface->id, &ledger, reading->err) ||
	    !for_rows(reading, "SELECT test, sum(count) FROM rollup_legacy WHERE interface_id = ? GROUP BY test", id, 1,
		      take_legacy, interface)) {
		return false;
	}
	interface->has_tap = ledger.has_tap;
	interface->tap_at = ledger.newest_at;
	interface->seen = ledger.tap.seen;
	interface->committed = ledger.tap.committed;
	interface->in_flight = ledger.tap.in_flight;
	memcpy(interface->dropped, ledger.tap.dropped, sizeof(interface->dropped));
	interface->stored = ledger.stored - ledger.stored_without;
	interface->duplicate = ledger.duplicate - ledger.duplicate_without;
	interface->stored_recorded = ledger.stored_without;
	interface->duplicate_recorded = ledger.duplicate_without;
	interface->revision = ledger.revision;
	interface->unseen =
		(int64_t)(interface->seen - interface->committed - interface->in_flight - snapshot_dropped(interface));
	interface->outcomes = ledger.outcomes;
	interface->outcome = ledger.outcomes.read - ledger.outcome_without;
	interface->unread = interface->has_tap ? (int64_t)(interface->committed - interface->stored -
							   interface->duplicate - interface->outcome)
					       : 0;
	return true;
}

/* --- second ledger and production figures --- */

static bool take_state(void *context, struct statement *row, struct arena *arena)
{
	struct snapshot_candidate *candidate = context;
	(void)arena;
	int state = word_at(row, 0, EVALUATION_COUNT);
	int reason = word_at(row, 1, NOT_EVALUATED_COUNT);
	if (state >= 0) {
		candidate->states[state] += count_at(row, 2);
	}
	if (state == EVALUATION_NOT_EVALUATED && reason >= 0) {
		candidate->reasons[reason] += count_at(row, 2);
	}
	if (state == EVALUATION_PENDING && reason == PENDING_AWAITS_LEGACY) {
		candidate->awaiting += count_at(row, 2);
	}
	return true;
}

static bool take_total(void *context, struct statement *row, struct arena *arena)
{
	struct snapshot_candidate *candidate = context;
	(void)arena;
	candidate->total.compared = count_at(row, 0);
	candidate->total.replies = count_at(row, 1);
	candidate->total.contract_drift = count_at(row, 2);
	candidate->total.cost_nano = statement_integer(row, 3);
	candidate->tokens_input = count_at(row, 4);
	candidate->tokens_cache_read = count_at(row, 5);
	candidate->tokens_cache_write = count_at(row, 6);
	candidate->tokens_output = count_at(row, 7);
	return true;
}

static bool take_outcome(void *context, struct statement *row, struct arena *arena)
{
	struct snapshot_candidate *candidate = context;
	(void)arena;
	int outcome = word_at(row, 0, OUTCOME_COUNT);
	if (outcome >= 0) {
		candidate->outcomes[outcome] = count_at(row, 1);
	}
	return true;
}

static bool take_side(void *context, struct statement *row, struct arena *arena)
{
	struct snapshot_candidate *candidate = context;
	(void)arena;
	int side = word_at(row, 0, SIDE_COUNT);
	if (side >= 0) {
		candidate->total.sides[side] = count_at(row, 1);
	}
	return true;
}

static bool take_week(void *context, struct statement *row, struct arena *arena)
{
	struct snapshot_candidate *candidate = context;
	(void)arena;
	if (candidate->week_count < SNAPSHOT_WEEKS) {
		candidate->weeks[candidate->week_count++] = (struct snapshot_week){
			.week = (int32_t)statement_integer(row, 0),
			.compared = count_at(row, 1),
			.replies = count_at(row, 2),
			.contract_drift = count_at(row, 3),
			.cost_nano = statement_integer(row, 4),
		};
	}
	return true;
}

static bool take_week_side(void *context, struct statement *row, struct arena *arena)
{
	struct snapshot_candidate *candidate = context;
	(void)arena;
	int side = word_at(row, 1, SIDE_COUNT);
	for (size_t i = 0; side >= 0 && i < candidate->week_count; i++) {
		if (candidate->weeks[i].week == statement_integer(row, 0)) {
			candidate->weeks[i].sides[side] = count_at(row, 2);
		}
	}
	return true;
}

/* --- contract drift --- */

static bool take_drift(void *context, struct statement *row, struct arena *arena)
{
	struct snapshot_drift *drift = context;
	(void)arena;
	drift->replies = count_at(row, 0);
	drift->contract_drift = count_at(row, 1);
	drift->strict_drift = count_at(row, 2);
	return true;
}

static bool take_drift_class(void *context, struct statement *row, struct arena *arena)
{
	struct snapshot_drift *drift = context;
	(void)arena;
	int class = word_at(row, 0, DRIFT_CLASS_COUNT);
	if (class >= 0) {
		drift->declared[class] = count_at(row, 1);
		drift->strict[class] = count_at(row, 2);
	}
	return true;
}

/* path 0: the legacy path's. */
static bool read_drift(struct reading *reading, int64_t interface_id, int64_t path, struct snapshot_drift *drift)
{
	const int64_t of[] = {interface_id, path};
	return for_rows(reading,
			"SELECT sum(d.replies), sum(d.contract_drift), sum(d.strict_drift) FROM reply_source s JOIN "
			"rollup_drift d ON d.source_id = s.id WHERE s.interface_id = ? AND s.path = ? AND d.test = 0",
			of, 2, take_drift, drift) &&
	       for_rows(reading,
			"SELECT d.class, sum(d.declared), sum(d.deviating) FROM reply_source s JOIN rollup_drift_class "
			"d ON d.source_id = s.id WHERE s.interface_id = ? AND s.path = ? AND d.test = 0 GROUP BY "
			"d.class",
			of, 2, take_drift_class, drift);
}

static bool take_incidents(void *context, struct statement *row, struct arena *arena)
{
	struct snapshot_interface *interface = context;
	(void)arena;
	int kind = word_at(row, 0, INCIDENT_KIND_COUNT);
	if (kind >= 0) {
		interface->incidents[kind] = count_at(row, 1);
	}
	return true;
}

static bool read_weeks(struct reading *reading, struct snapshot_candidate *candidate)
{
	const int64_t id[] = {candidate->id, SNAPSHOT_WEEKS};
	if (!for_rows(reading,
		      "SELECT week, sum(compared), sum(replies), sum(contract_drift), sum(cost_nano) FROM "
		      "rollup_transaction WHERE candidate_id = ? AND test = 0 GROUP BY week ORDER BY week DESC LIMIT ?",
		      id, 2, take_week, candidate)) {
		return false;
	}
	if (candidate->week_count == 0) {
		return true;
	}
	const int64_t since[] = {candidate->id, candidate->weeks[candidate->week_count - 1].week};
	return for_rows(reading,
			"SELECT week, side, sum(count) FROM rollup_record WHERE candidate_id = ? AND test = 0 AND "
			"week >= ? GROUP BY week, side",
			since, 2, take_week_side, candidate);
}

static bool read_candidate(struct reading *reading, struct snapshot_candidate *candidate)
{
	const int64_t id[] = {candidate->id};
	return for_rows(reading,
			"SELECT state, reason, sum(count) FROM rollup_state WHERE candidate_id = ? GROUP BY state, "
			"reason",
			id, 1, take_state, candidate) &&
	       for_rows(reading,
			"SELECT sum(compared), sum(replies), sum(contract_drift), sum(cost_nano), sum(tokens_input), "
			"sum(tokens_cache_read), sum(tokens_cache_write), sum(tokens_output) FROM rollup_transaction "
			"WHERE candidate_id = ? AND test = 0",
			id, 1, take_total, candidate) &&
	       for_rows(reading,
			"SELECT outcome, sum(count) FROM rollup_outcome WHERE candidate_id = ? AND test = 0 GROUP BY "
			"outcome",
			id, 1, take_outcome, candidate) &&
	       for_rows(reading,
			"SELECT side, sum(count) FROM rollup_record WHERE candidate_id = ? AND test = 0 GROUP BY side",
			id, 1, take_side, candidate) &&
	       read_weeks(reading, candidate);
}

static bool take_before(void *context, struct statement *row, struct arena *arena)
{
	(void)arena;
	*(uint64_t *)context = count_at(row, 0);
	return true;
}

static bool ask_before(struct reading *reading, int64_t candidate, uint64_t *ret_before)
{
	return for_rows(reading,
			"SELECT count(*) FROM exchange e JOIN candidate c ON c.interface_id = e.interface_id "
			"WHERE c.id = ?1 AND e.captured_at < coalesce((SELECT min(started_at) FROM epoch WHERE "
			"candidate_id = ?1), 9223372036854775807) AND NOT EXISTS (SELECT 1 FROM evaluation v WHERE "
			"v.exchange_id = e.id AND v.candidate_id = ?1)",
			&candidate, 1, take_before, ret_before);
}

static bool find_before(struct reading *reading, struct before_cache *cache, int64_t candidate, uint64_t gap,
			uint64_t *ret_before)
{
	size_t at = 0;
	while (at < cache->count && cache->rows[at].candidate != candidate) {
		at++;
	}
	int64_t now = clock_monotonic();
	bool is_cached = at < cache->count;
	if (is_cached && (cache->rows[at].gap == gap || now - cache->rows[at].asked_at < 60 * CLOCK_SECOND)) {
		*ret_before = cache->rows[at].before;
		return true;
	}
	if (!ask_before(reading, candidate, ret_before)) {
		return false;
	}
	if (!is_cached && cache->count == BEFORE_CACHE_MAX) {
		at = 0;
	} else if (!is_cached) {
		cache->count++;
	}
	cache->rows[at].candidate = candidate;
	cache->rows[at].gap = gap;
	cache->rows[at].before = *ret_before;
	cache->rows[at].asked_at = now;
	return true;
}

static bool tie_candidate(struct reading *reading, struct before_cache *cache, uint64_t in_store,
			  struct snapshot_candidate *candidate)
{
	uint64_t states = 0;
	for (int i = 0; i < EVALUATION_COUNT; i++) {
		states += candidate->states[i];
	}
	if (states < in_store && !find_before(reading, cache, candidate->id, in_store - states, &candidate->before)) {
		return false;
	}
	candidate->difference = (int64_t)(in_store - states - candidate->before);
	return true;
}

/* --- the lists --- */

static bool take_interface(void *context, struct statement *row, struct arena *arena)
{
	struct snapshot_interface ***end = context;
	struct snapshot_interface *interface = arena_allocate(arena, sizeof(*interface));
	const char *name = arena_copy(arena, statement_text(row, 1));
	if (interface == NULL || name == NULL) {
		return false;
	}
	interface->id = statement_integer(row, 0);
	interface->name = name;
	**end = interface;
	*end = &interface->next;
	return true;
}

static bool take_candidate(void *context, struct statement *row, struct arena *arena)
{
	struct snapshot_candidate ***end = context;
	struct snapshot_candidate *candidate = arena_allocate(arena, sizeof(*candidate));
	const char *name = arena_copy(arena, statement_text(row, 1));
	if (candidate == NULL || name == NULL) {
		return false;
	}
	candidate->id = statement_integer(row, 0);
	candidate->name = name;
	**end = candidate;
	*end = &candidate->next;
	return true;
}

static bool read_interface(struct reading *reading, struct before_cache *before, struct snapshot_interface *interface)
{
	struct snapshot_candidate **end = &interface->candidates;
	if (!read_first_ledger(reading, interface) ||
	    !for_rows(reading, "SELECT id, name FROM candidate WHERE interface_id = ? ORDER BY name", &interface->id, 1,
		      take_candidate, &end)) {
		return false;
	}
	if (!read_drift(reading, interface->id, 0, &interface->legacy_drift) ||
	    !for_rows(reading, "SELECT kind, count(*) FROM incident WHERE interface_id = ? AND state < 2 GROUP BY kind",
		      &interface->id, 1, take_incidents, interface)) {
		return false;
	}
	for (struct snapshot_candidate *candidate = interface->candidates; candidate != NULL;
	     candidate = candidate->next) {
		if (!read_candidate(reading, candidate) ||
		    !read_drift(reading, interface->id, candidate->id, &candidate->drift) ||
		    !tie_candidate(reading, before, interface->in_store, candidate)) {
			return false;
		}
	}
	return true;
}

bool snapshot_read(struct arena *arena, struct store *store, const struct installation *installation,
		   const struct spool_count *spool, struct before_cache *before, struct snapshot *ret_snapshot,
		   struct error *err)
{
	struct reading reading = {.arena = arena, .store = store, .err = err};
	struct snapshot snapshot = {.knows_spool = spool->is_known, .in_spool = spool->count, .ring = spool->ring};
	struct snapshot_interface **end = &snapshot.interfaces;
	if (!for_rows(&reading, "SELECT id, name FROM interface ORDER BY name", NULL, 0, take_interface, &end)) {
		return false;
	}
	int64_t unread = 0;
	for (struct snapshot_interface *interface = snapshot.interfaces; interface != NULL;
	     interface = interface->next) {
		interface->contract = installation != NULL ? installation_find(installation, interface->name) : NULL;
		if (!read_interface(&reading, before, interface)) {
			return false;
		}
		unread += interface->unread > 0 ? interface->unread : 0;
	}
	snapshot.missing = snapshot.knows_spool ? unread - (int64_t)snapshot.in_spool : 0;
	*ret_snapshot = snapshot;
	return true;
}

uint64_t snapshot_missing(const struct snapshot *snapshot, const struct snapshot_interface *interface)
{
	int64_t missing = interface->unread - (int64_t)snapshot->in_spool;
	return snapshot->knows_spool && missing > 0 ? (uint64_t)missing : 0;
}

bool snapshot_ties_out(const struct snapshot *snapshot)
{
	for (const struct snapshot_interface *interface = snapshot->interfaces; interface != NULL;
	     interface = interface->next) {
		if (interface->unseen != 0 || !store_outcomes_tie_out(&interface->outcomes)) {
			return false;
		}
		for (const struct snapshot_candidate *candidate = interface->candidates; candidate != NULL;
		     candidate = candidate->next) {
			if (candidate->difference != 0) {
				return false;
			}
		}
	}
	return snapshot->missing <= 0;
}

void spool_count_refresh(struct spool_count *spool, const struct web_config *config, struct store *store)
{
	int64_t now = clock_monotonic();
	if (spool->counted_at != 0 && now - spool->counted_at < CLOCK_SECOND) {
		return;
	}
	uint64_t count = 0;
	struct web_ring ring = {0};
	struct error ignored = ERROR_INIT;
	spool->is_known = config->count_in_spool != NULL &&
			  config->count_in_spool(config->context, store, &count, &ring, &ignored);
	spool->count = spool->is_known ? count : 0;
	spool->ring = spool->is_known ? ring : (struct web_ring){0};
	spool->counted_at = clock_monotonic();
}
