#include "reports/evidence.h"

#include "harness/store/ingest.h"

#include <stdlib.h>

uint64_t evidence_labelled(const struct evidence_stratum *stratum)
{
	return stratum->both + stratum->llm_only + stratum->legacy_only + stratum->neither;
}

uint64_t evidence_unsettled(const struct evidence_stratum *stratum)
{
	uint64_t settled = evidence_labelled(stratum) + stratum->unlabelable;
	return stratum->sampled > settled ? stratum->sampled - settled : 0;
}

uint64_t evidence_stored(const struct evidence_week *week)
{
	uint64_t sum = 0;
	for (int i = 0; i < EVALUATION_COUNT; i++) {
		sum += week->states[i];
	}
	return sum;
}

void *evidence_push(struct arena *arena, void **items, size_t *count, size_t *capacity, size_t size)
{
	if (*count == *capacity) {
		size_t more = *capacity > 0 ? *capacity * 2 : 32;
		char *grown = arena_allocate_array(arena, more, size);
		if (grown == NULL) {
			return NULL;
		}
		if (*count > 0) {
			memcpy(grown, *items, *count * size);
		}
		*items = grown;
		*capacity = more;
	}
	return (char *)*items + size * (*count)++;
}

/* --- asking --- */

struct reading {
	struct arena *arena;
	struct store *store;
	struct evidence *evidence;
	struct error *err;
	size_t epochs, weeks, strata, transactions, costs, drop_weeks; /* capacities */
};

static bool no_memory(struct reading *reading)
{
	return error_set(reading->err, ERROR_MEMORY, "the report's numbers do not fit into memory; name fewer weeks");
}

/* Runs a statement with one bound number and gives each row to `take`. */
static bool for_rows(struct reading *reading, const char *sql, int64_t id,
		     bool (*take)(struct reading *, struct statement *))
{
	struct statement *statement = store_statement(reading->store, sql, reading->err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, id);
	enum statement_step step;
	while ((step = statement_step(statement, reading->err)) == STATEMENT_ROW) {
		if (!take(reading, statement)) {
			statement_reset(statement);
			return false;
		}
	}
	statement_reset(statement);
	return step == STATEMENT_DONE;
}

static uint64_t count_at(struct statement *statement, int column)
{
	int64_t number = statement_integer(statement, column);
	return number > 0 ? (uint64_t)number : 0;
}

static bool find_id(struct reading *reading, const char *sql, int64_t parent, const char *name, int64_t *ret_id)
{
	struct statement *statement = store_statement(reading->store, sql, reading->err);
	if (statement == NULL) {
		return false;
	}
	statement_bind_integer(statement, 1, parent);
	statement_bind_text(statement, 2, span_of(name));
	enum statement_step step = statement_step(statement, reading->err);
	*ret_id = step == STATEMENT_ROW ? statement_integer(statement, 0) : 0;
	statement_reset(statement);
	return step != STATEMENT_FAILED;
}

/* --- rows --- */

static bool take_epoch(struct reading *reading, struct statement *row)
{
	struct evidence *evidence = reading->evidence;
	struct evidence_epoch *epoch = evidence_push(reading->arena, (void **)&evidence->epochs, &evidence->epoch_count,
						     &reading->epochs, sizeof(*epoch));
	if (epoch == NULL) {
		return no_memory(reading);
	}
	epoch->id = statement_integer(row, 0);
	epoch->ordinal = (int32_t)statement_integer(row, 1);
	epoch->started_at = statement_integer(row, 2);
	struct span hash = statement_blob(row, 3);
	memcpy(epoch->hash, hash.data, hash.length < SHA256_SIZE ? hash.length : SHA256_SIZE);
	epoch->description = arena_copy(reading->arena, statement_text(row, 4));
	return epoch->description != NULL || no_memory(reading);
}

/* Week rows come ascending, so the last one is the one sought, or it is new; legacy rows come first. */
static struct evidence_week *week_of(struct reading *reading, int32_t week)
{
	struct evidence *evidence = reading->evidence;
	for (size_t i = evidence->week_count; i > 0; i--) {
		if (evidence->weeks[i - 1].week == week) {
			return &evidence->weeks[i - 1];
		}
	}
	struct evidence_week *added = evidence_push(reading->arena, (void **)&evidence->weeks, &evidence->week_count,
						    &reading->weeks, sizeof(*added));
	if (added != NULL) {
		added->week = week;
	}
	return added;
}

static void contradiction(struct reading *reading, const char *sentence)
{
	if (reading->evidence->fault == NULL) {
		reading->evidence->fault = sentence;
	}
}

static bool take_legacy(struct reading *reading, struct statement *row)
{
	uint64_t count = count_at(row, 3);
	reading->evidence->ledger.stored += count;
	if (statement_integer(row, 1) != 0) {
		reading->evidence->test_messages += count;
		return true;
	}
	struct evidence_week *week = week_of(reading, (int32_t)statement_integer(row, 0));
	int64_t outcome = statement_integer(row, 2);
	if (week == NULL) {
		return no_memory(reading);
	}
	if (outcome >= 0 && outcome < LEGACY_OUTCOME_COUNT) {
		week->legacy[outcome] += count;
	}
	return true;
}

static bool take_state(struct reading *reading, struct statement *row)
{
	struct evidence_candidate_ledger *ledger = &reading->evidence->ledger;
	int64_t state = statement_integer(row, 2);
	int64_t reason = statement_integer(row, 3);
	uint64_t count = count_at(row, 4);
	if (state < 0 || state >= EVALUATION_COUNT || statement_integer(row, 4) < 0) {
		contradiction(reading, "rollup_state has a state that does not exist or a count below 0");
		return true;
	}
	bool has_reason = state == EVALUATION_NOT_EVALUATED && reason >= 0 && reason < NOT_EVALUATED_COUNT;
	ledger->states[state] += count;
	ledger->awaiting += state == EVALUATION_PENDING && reason == PENDING_AWAITS_LEGACY ? count : 0;
	ledger->held_invalid += state == EVALUATION_PENDING && reason == PENDING_HELD_INVALID ? count : 0;
	ledger->held_changed += state == EVALUATION_PENDING && reason == PENDING_HELD_CHANGED ? count : 0;
	ledger->reasons[has_reason ? reason : 0] += has_reason ? count : 0;
	if (statement_integer(row, 1) != 0) {
		return true;
	}
	struct evidence_week *week = week_of(reading, (int32_t)statement_integer(row, 0));
	if (week == NULL) {
		return no_memory(reading);
	}
	week->states[state] += count;
	week->reasons[has_reason ? reason : 0] += has_reason ? count : 0;
	return true;
}

static bool take_stratum(struct reading *reading, struct statement *row)
{
	struct evidence *evidence = reading->evidence;
	int64_t side = statement_integer(row, 2);
	int64_t pi_ppm = statement_integer(row, 3);
	if (side < 0 || side >= SIDE_COUNT || pi_ppm < 1 || pi_ppm > 1000000 || count_at(row, 5) > count_at(row, 4)) {
		contradiction(reading, "rollup_record has a stratum, a probability or a number sampled that cannot be");
		return true;
	}
	struct evidence_stratum *stratum = evidence_push(reading->arena, (void **)&evidence->strata,
							 &evidence->stratum_count, &reading->strata, sizeof(*stratum));
	if (stratum == NULL) {
		return no_memory(reading);
	}
	stratum->week = (int32_t)statement_integer(row, 0);
	stratum->epoch = (int32_t)statement_integer(row, 1);
	stratum->side = (enum store_side)side;
	stratum->pi_ppm = (uint32_t)pi_ppm;
	stratum->records = count_at(row, 4);
	stratum->sampled = count_at(row, 5);
	return true;
}

static bool take_draws(struct reading *reading, struct statement *row)
{
	struct evidence_week *week = week_of(reading, (int32_t)statement_integer(row, 0));
	int64_t rule = statement_integer(row, 1);
	if (week == NULL) {
		return no_memory(reading);
	}
	if (rule >= 0 && rule < SHADOW_RULE_COUNT) {
		week->drawn[rule] += count_at(row, 2);
		week->chosen[rule] += count_at(row, 3);
	}
	return true;
}

static int order_key(const struct evidence_stratum *stratum, const int64_t key[4])
{
	const int64_t own[4] = {stratum->week, stratum->epoch, (int64_t)stratum->side, stratum->pi_ppm};
	for (int i = 0; i < 4; i++) {
		if (own[i] != key[i]) {
			return own[i] < key[i] ? -1 : 1;
		}
	}
	return 0;
}

static struct evidence_stratum *find_stratum(struct evidence *evidence, const int64_t key[4])
{
	size_t low = 0;
	size_t high = evidence->stratum_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = order_key(&evidence->strata[middle], key);
		if (order == 0) {
			return &evidence->strata[middle];
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return NULL;
}

/* What the labels of one group of items say. A final item without judgement is not settled yet. */
static void count_labels(struct evidence_stratum *stratum, struct statement *row, uint64_t count)
{
	enum { OPEN, CONFLICT, FINAL, UNLABELABLE };
	int64_t status = statement_integer(row, 4);
	bool judged = !statement_is_null(row, 5) && !statement_is_null(row, 6);
	/* A reply that cannot be used is wrong whatever a label says. */
	bool llm = statement_integer(row, 5) != 0 && stratum->side != SIDE_INVALID;
	bool legacy = statement_integer(row, 6) != 0;
	if (status == UNLABELABLE) {
		stratum->unlabelable += count;
	} else if (status == CONFLICT) {
		stratum->conflict += count;
	} else if (status != FINAL || !judged) {
		stratum->open += count;
	} else if (llm) {
		*(legacy ? &stratum->both : &stratum->llm_only) += count;
	} else {
		*(legacy ? &stratum->legacy_only : &stratum->neither) += count;
	}
}

static bool take_labels(struct reading *reading, struct statement *row)
{
	const int64_t key[4] = {statement_integer(row, 0), statement_integer(row, 1), statement_integer(row, 2),
				statement_integer(row, 3)};
	struct evidence_stratum *stratum = find_stratum(reading->evidence, key);
	if (stratum == NULL) {
		contradiction(reading, "a record under review is in no stratum that rollup_record counts");
		return true;
	}
	count_labels(stratum, row, count_at(row, 7));
	uint64_t items = evidence_labelled(stratum) + stratum->unlabelable + stratum->open + stratum->conflict;
	if (items > stratum->sampled) {
		contradiction(reading, "more records are under review than rollup_record counts as sampled");
	}
	return true;
}

static bool take_transactions(struct reading *reading, struct statement *row)
{
	struct evidence *evidence = reading->evidence;
	struct evidence_transactions *sums =
		evidence_push(reading->arena, (void **)&evidence->transactions, &evidence->transaction_count,
			      &reading->transactions, sizeof(*sums));
	if (sums == NULL) {
		return no_memory(reading);
	}
	*sums = (struct evidence_transactions){
		.week = (int32_t)statement_integer(row, 0),
		.epoch = (int32_t)statement_integer(row, 1),
		.compared = count_at(row, 2),
		.replies = count_at(row, 3),
		.contract_drift = count_at(row, 4),
		.attempts = count_at(row, 5),
		.tokens_input = count_at(row, 6),
		.tokens_cache_read = count_at(row, 7),
		.tokens_cache_write = count_at(row, 8),
		.tokens_output = count_at(row, 9),
		.cost_nano = statement_integer(row, 10),
		.cost_nano_max = statement_integer(row, 11),
	};
	if (sums->contract_drift > sums->replies || sums->replies > sums->compared || sums->cost_nano < 0) {
		contradiction(reading, "rollup_transaction counts more deviations than replies, or more replies than "
				       "compared transactions");
		sums->replies = sums->replies > sums->compared ? sums->compared : sums->replies;
		sums->contract_drift = sums->contract_drift > sums->replies ? sums->replies : sums->contract_drift;
	}
	return true;
}

static bool take_outcome(struct reading *reading, struct statement *row)
{
	struct evidence *evidence = reading->evidence;
	int64_t outcome = statement_integer(row, 2);
	for (size_t i = 0; i < evidence->transaction_count; i++) {
		struct evidence_transactions *sums = &evidence->transactions[i];
		if (sums->week == statement_integer(row, 0) && sums->epoch == statement_integer(row, 1) &&
		    outcome >= 0 && outcome < OUTCOME_COUNT) {
			sums->outcomes[outcome] += count_at(row, 3);
			return true;
		}
	}
	contradiction(reading, "rollup_outcome counts transactions that rollup_transaction does not know");
	return true;
}

static bool take_cost(struct reading *reading, struct statement *row)
{
	struct evidence *evidence = reading->evidence;
	struct evidence_cost *cost = evidence_push(reading->arena, (void **)&evidence->costs, &evidence->cost_count,
						   &reading->costs, sizeof(*cost));
	if (cost == NULL) {
		return no_memory(reading);
	}
	*cost = (struct evidence_cost){
		.week = (int32_t)statement_integer(row, 0),
		.epoch = (int32_t)statement_integer(row, 1),
		.step = (int32_t)statement_integer(row, 2),
		.count = count_at(row, 3),
	};
	return true;
}

/* --- ledgers --- */

static bool take_before(struct reading *reading, struct statement *row)
{
	reading->evidence->ledger.before = count_at(row, 0);
	return true;
}

static bool take_drop(struct reading *reading, struct statement *row)
{
	struct evidence_tap_ledger *tap = &reading->evidence->tap;
	int32_t week = (int32_t)statement_integer(row, 0);
	int64_t reason = statement_integer(row, 1);
	if (reason < 0 || reason >= DROP_REASON_COUNT) {
		return true; /* read_tap_ledger has said so */
	}
	if (tap->drop_week_count == 0 || tap->drop_weeks[tap->drop_week_count - 1].week != week) {
		struct evidence_drops *added =
			evidence_push(reading->arena, (void **)&tap->drop_weeks, &tap->drop_week_count,
				      &reading->drop_weeks, sizeof(*added));
		if (added == NULL) {
			return false;
		}
		*added = (struct evidence_drops){.week = week};
	}
	tap->drop_weeks[tap->drop_week_count - 1].dropped[reason] = count_at(row, 2);
	return true;
}

static bool read_drop_weeks(struct reading *reading)
{
	return for_rows(reading,
			"SELECT week, reason, count FROM tap_drop_week WHERE interface_id = (SELECT interface_id FROM "
			"candidate WHERE id = ?) ORDER BY week, reason",
			reading->evidence->candidate_id, take_drop);
}

static bool read_tap_ledger(struct reading *reading, uint64_t in_spool)
{
	struct evidence_tap_ledger *tap = &reading->evidence->tap;
	struct store_ledger ledger;
	if (!store_ledger_get(reading->store, reading->evidence->interface_id, &ledger, reading->err)) {
		return false;
	}
	if (ledger.unknown_reason) {
		contradiction(reading, "tap_drop has a reason that does not exist");
	}
	tap->has_tap = ledger.has_tap;
	tap->at = ledger.tap.at;
	tap->seen = ledger.tap.seen;
	tap->committed = ledger.tap.committed;
	tap->in_flight = ledger.tap.in_flight;
	memcpy(tap->dropped, ledger.tap.dropped, sizeof(tap->dropped));
	tap->stored = ledger.stored - ledger.stored_without;
	tap->duplicate = ledger.duplicate - ledger.duplicate_without;
	tap->revision = ledger.revision;
	tap->stored_without = ledger.stored_without;
	tap->duplicate_without = ledger.duplicate_without;
	uint64_t dropped = 0;
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		dropped += tap->dropped[i];
	}
	tap->outcomes = ledger.outcomes;
	tap->outcome = ledger.outcomes.read - ledger.outcome_without;
	if (!store_outcomes_tie_out(&ledger.outcomes)) {
		contradiction(reading, "delivery_count and waiting_outcome do not account for every late answer");
	}
	tap->in_spool = in_spool;
	tap->unclaimed = ledger.unclaimed - ledger.unclaimed_without;
	tap->unseen = (int64_t)(tap->seen - tap->committed - tap->in_flight - dropped);
	tap->missing = tap->has_tap ? (int64_t)(tap->committed - tap->stored - tap->duplicate - tap->outcome -
						tap->unclaimed - tap->in_spool)
				    : 0;
	return read_drop_weeks(reading);
}

/* A candidate that was added later has no evaluation of what was captured before; that is counted only when the ledger
 * would not tie out otherwise, because it takes a scan. */
static bool read_candidate_ledger(struct reading *reading)
{
	struct evidence *evidence = reading->evidence;
	struct evidence_candidate_ledger *ledger = &evidence->ledger;
	uint64_t delivered = evidence->tap.stored + evidence->tap.stored_without;
	if (delivered != ledger->stored) {
		contradiction(reading, "delivery_count and rollup_legacy count different numbers of stored exchanges");
	}
	uint64_t states = 0;
	for (int i = 0; i < EVALUATION_COUNT; i++) {
		states += ledger->states[i];
	}
	if (states < ledger->stored &&
	    !for_rows(reading,
		      "SELECT count(*) FROM exchange e JOIN candidate c ON c.interface_id = e.interface_id "
		      "WHERE c.id = ?1 AND e.captured_at < coalesce((SELECT min(started_at) FROM epoch WHERE "
		      "candidate_id = ?1), 9223372036854775807) AND NOT EXISTS (SELECT 1 FROM evaluation v WHERE "
		      "v.exchange_id = e.id AND v.candidate_id = ?1)",
		      evidence->candidate_id, take_before)) {
		return false;
	}
	ledger->difference = (int64_t)(ledger->stored - states - ledger->before);
	return true;
}

bool evidence_accounted(const struct evidence *evidence)
{
	return evidence->tap.unseen == 0 && evidence->tap.missing <= 0 && evidence->ledger.difference == 0;
}

static int order_weeks(const void *a, const void *b)
{
	int32_t left = ((const struct evidence_week *)a)->week;
	int32_t right = ((const struct evidence_week *)b)->week;
	return (left > right) - (left < right);
}

/* One row for each stratum, status and pair of judgements. */
static const char LABELS[] =
	"SELECT t.week, p.ordinal, r.side, r.pi_ppm, t.status, l.correct, g.correct, count(*) FROM review_item t "
	"CROSS JOIN record r ON r.exchange_id = t.exchange_id AND r.candidate_id = ?1 AND r.key = t.key AND r.sampled "
	"= 1 "
	"CROSS JOIN exchange e ON e.id = t.exchange_id AND e.test = 0 "
	"CROSS JOIN evaluation v ON v.exchange_id = t.exchange_id AND v.candidate_id = ?1 JOIN epoch p ON p.id = "
	"v.epoch_id "
	"LEFT JOIN judgement l ON l.item_id = t.id AND l.path = ?1 AND l.field_id = 0 "
	"LEFT JOIN judgement g ON g.item_id = t.id AND g.path = 0 AND g.field_id = 0 GROUP BY 1, 2, 3, 4, 5, 6, 7";

static bool read_candidate(struct reading *reading)
{
	int64_t candidate = reading->evidence->candidate_id;
	return for_rows(reading,
			"SELECT id, ordinal, started_at, hash, description FROM epoch WHERE candidate_id = ? "
			"ORDER BY ordinal",
			candidate, take_epoch) &&
	       for_rows(reading,
			"SELECT week, test, state, reason, count FROM rollup_state WHERE candidate_id = ? ORDER BY 1, "
			"2, 3, 4",
			candidate, take_state) &&
	       for_rows(reading,
			"SELECT r.week, p.ordinal, r.side, r.pi_ppm, r.count, r.sampled FROM rollup_record r JOIN "
			"epoch p ON p.id = r.epoch_id WHERE r.candidate_id = ? AND r.test = 0 ORDER BY 1, 2, 3, 4",
			candidate, take_stratum) &&
	       for_rows(reading, LABELS, candidate, take_labels) &&
	       for_rows(reading,
			"SELECT t.week, p.ordinal, t.compared, t.replies, t.contract_drift, t.attempts, "
			"t.tokens_input, t.tokens_cache_read, t.tokens_cache_write, t.tokens_output, t.cost_nano, "
			"t.cost_nano_max FROM rollup_transaction t JOIN epoch p ON p.id = t.epoch_id "
			"WHERE t.candidate_id = ? AND t.test = 0 ORDER BY 1, 2",
			candidate, take_transactions) &&
	       for_rows(reading,
			"SELECT o.week, p.ordinal, o.outcome, o.count FROM rollup_outcome o JOIN epoch p ON p.id = "
			"o.epoch_id WHERE o.candidate_id = ? AND o.test = 0 ORDER BY 1, 2, 3",
			candidate, take_outcome) &&
	       for_rows(reading,
			"SELECT k.week, p.ordinal, k.step, k.count FROM rollup_cost k JOIN epoch p ON p.id = "
			"k.epoch_id WHERE k.candidate_id = ? AND k.test = 0 ORDER BY 1, 2, 3",
			candidate, take_cost);
}

bool evidence_read(struct arena *arena, struct store *store, const char *interface, const char *candidate,
		   uint64_t in_spool, struct evidence *ret_evidence, struct error *err)
{
	struct evidence evidence = {0};
	struct reading reading = {.arena = arena, .store = store, .evidence = &evidence, .err = err};
	if (!find_id(&reading, "SELECT id FROM interface WHERE ?1 = 0 AND name = ?2", 0, interface,
		     &evidence.interface_id) ||
	    !find_id(&reading, "SELECT id FROM candidate WHERE interface_id = ?1 AND name = ?2", evidence.interface_id,
		     candidate, &evidence.candidate_id)) {
		return false;
	}
	if (evidence.interface_id != 0 && evidence.candidate_id != 0 &&
	    (!for_rows(&reading,
		       "SELECT week, test, legacy_outcome, count FROM rollup_legacy WHERE interface_id = ? "
		       "ORDER BY 1, 2, 3",
		       evidence.interface_id, take_legacy) ||
	     !for_rows(&reading,
		       "SELECT week, rule, sum(count), sum(chosen) FROM rollup_shadow WHERE interface_id = ? AND test "
		       "= 0 GROUP BY 1, 2 ORDER BY 1, 2",
		       evidence.interface_id, take_draws) ||
	     !read_candidate(&reading) || !read_tap_ledger(&reading, in_spool) || !read_candidate_ledger(&reading))) {
		return false;
	}
	if (evidence.week_count > 0) {
		qsort(evidence.weeks, evidence.week_count, sizeof(*evidence.weeks), order_weeks);
	}
	*ret_evidence = evidence;
	return true;
}
