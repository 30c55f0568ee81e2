#include "harness/store/internal.h"

#include <stdlib.h>

struct shape {
	int keys;
	int sums;
	const char *upsert; /* keys, then sums */
	const char *clean;  /* keys; NULL: rows stay */
};

static const char ADD_DELIVERY[] =
	"INSERT INTO delivery_count (stream, interface_id, stored, duplicate, revision, outcome, outcome_duplicate, "
	"outcome_joined, outcome_unpaired, outcome_closed, outcome_returned) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
	"ON CONFLICT DO UPDATE SET stored = stored + excluded.stored, duplicate = duplicate + excluded.duplicate, "
	"revision = revision + excluded.revision, outcome = outcome + excluded.outcome, outcome_duplicate = "
	"outcome_duplicate + excluded.outcome_duplicate, outcome_joined = outcome_joined + excluded.outcome_joined, "
	"outcome_unpaired = outcome_unpaired + excluded.outcome_unpaired, outcome_closed = outcome_closed + "
	"excluded.outcome_closed, outcome_returned = outcome_returned + excluded.outcome_returned";
static const char ADD_STATE[] =
	"INSERT INTO rollup_state (candidate_id, week, test, state, reason, count) VALUES (?, ?, ?, ?, "
	"?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count";
static const char ADD_LEGACY[] =
	"INSERT INTO rollup_legacy (interface_id, week, test, legacy_outcome, count) VALUES (?, ?, ?, ?, "
	"?) ON CONFLICT DO UPDATE SET count = count + excluded.count";
static const char ADD_TRANSACTION[] =
	"INSERT INTO rollup_transaction (candidate_id, epoch_id, week, test, compared, replies, "
	"contract_drift, attempts, tokens_input, tokens_cache_read, tokens_cache_write, tokens_output, "
	"cost_nano, cost_nano_max) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO "
	"UPDATE SET compared = compared + excluded.compared, replies = replies + excluded.replies, "
	"contract_drift = contract_drift + excluded.contract_drift, attempts = attempts + "
	"excluded.attempts, tokens_input = tokens_input + excluded.tokens_input, tokens_cache_read = "
	"tokens_cache_read + excluded.tokens_cache_read, tokens_cache_write = tokens_cache_write + "
	"excluded.tokens_cache_write, tokens_output = tokens_output + excluded.tokens_output, cost_nano "
	"= cost_nano + excluded.cost_nano, cost_nano_max = max(cost_nano_max, excluded.cost_nano_max)";
static const char ADD_OUTCOME[] =
	"INSERT INTO rollup_outcome (candidate_id, epoch_id, week, test, outcome, count) VALUES (?, ?, "
	"?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count";
static const char ADD_RECORD[] =
	"INSERT INTO rollup_record (candidate_id, epoch_id, week, test, side, pi_ppm, count, sampled) "
	"VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count, "
	"sampled = sampled + excluded.sampled";
static const char ADD_FIELD[] =
	"INSERT INTO rollup_field (candidate_id, epoch_id, week, test, field_id, verdict, count) VALUES "
	"(?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count";
static const char ADD_COST[] =
	"INSERT INTO rollup_cost (candidate_id, epoch_id, week, test, step, count) VALUES (?, ?, ?, ?, "
	"?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count";
static const char ADD_LATENCY[] =
	"INSERT INTO rollup_latency (interface_id, path, week, test, bucket, count) VALUES (?, ?, ?, ?, "
	"?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count";
static const char ADD_SHADOW[] =
	"INSERT INTO rollup_shadow (interface_id, week, test, rule, pi_ppm, count, chosen) VALUES (?, ?, ?, ?, ?, ?, "
	"?) ON CONFLICT DO UPDATE SET count = count + excluded.count, chosen = chosen + excluded.chosen";

static const char ADD_DRIFT[] =
	"INSERT INTO rollup_drift (source_id, hour, week, test, replies, contract_drift, strict_drift, recovered, "
	"high, "
	"medium, low) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET replies = replies + "
	"excluded.replies, contract_drift = contract_drift + excluded.contract_drift, strict_drift = strict_drift + "
	"excluded.strict_drift, recovered = recovered + excluded.recovered, high = high + excluded.high, medium = "
	"medium + excluded.medium, low = low + excluded.low";
static const char ADD_DRIFT_CLASS[] =
	"INSERT INTO rollup_drift_class (source_id, hour, week, test, class, deviating, declared) VALUES (?, ?, ?, ?, "
	"?, ?, ?) ON CONFLICT DO UPDATE SET deviating = deviating + excluded.deviating, declared = declared + "
	"excluded.declared";

static const char CLEAN_LEGACY[] = "DELETE FROM rollup_legacy WHERE interface_id = ? AND week = ? AND test = ? AND "
				   "legacy_outcome = ? AND count = 0";
static const char CLEAN_RECORD[] = "DELETE FROM rollup_record WHERE candidate_id = ? AND epoch_id = ? AND week = ? AND "
				   "test = ? AND side = ? AND pi_ppm = ? AND count = 0";
static const char CLEAN_FIELD[] = "DELETE FROM rollup_field WHERE candidate_id = ? AND epoch_id = ? AND week = ? AND "
				  "test = ? AND field_id = ? AND verdict = ? AND count = 0";
static const char CLEAN_DRIFT[] = "DELETE FROM rollup_drift WHERE source_id = ? AND hour = ? AND week = ? AND test = ? "
				  "AND replies = 0";
static const char CLEAN_DRIFT_CLASS[] = "DELETE FROM rollup_drift_class WHERE source_id = ? AND hour = ? AND week = ? "
					"AND test = ? AND class = ? AND deviating = 0";

static const struct shape SHAPES[ROLLUP_TABLE_COUNT] = {
	[ROLLUP_DELIVERY] = {2, DELIVERY_SUM_COUNT, ADD_DELIVERY, NULL},
	[ROLLUP_STATE] = {5, 1, ADD_STATE, NULL},
	[ROLLUP_LEGACY] = {4, 1, ADD_LEGACY, CLEAN_LEGACY},
	[ROLLUP_TRANSACTION] = {4, 10, ADD_TRANSACTION, NULL},
	[ROLLUP_OUTCOME] = {5, 1, ADD_OUTCOME, NULL},
	[ROLLUP_RECORD] = {6, 2, ADD_RECORD, CLEAN_RECORD},
	[ROLLUP_FIELD] = {6, 1, ADD_FIELD, CLEAN_FIELD},
	[ROLLUP_COST] = {5, 1, ADD_COST, NULL},
	[ROLLUP_LATENCY] = {5, 1, ADD_LATENCY, NULL},
	[ROLLUP_SHADOW] = {5, 2, ADD_SHADOW, NULL},
	[ROLLUP_DRIFT] = {4, DRIFT_SUM_COUNT, ADD_DRIFT, CLEAN_DRIFT},
	[ROLLUP_DRIFT_CLASS] = {5, 2, ADD_DRIFT_CLASS, CLEAN_DRIFT_CLASS},
};

struct entry {
	int64_t table;
	int64_t key[ROLLUP_KEY_MAX];
	int64_t sums[ROLLUP_SUM_MAX];
};

enum { FIRST_SLOTS = 1024 };

/* Entries stand densely in the order of their first use; `slots` (a power of two, at most half full) holds their
 * position + 1, 0 where free. */
struct rollup {
	struct entry *entries;
	uint32_t *slots;
	size_t count;
	size_t slot_count;
	char **streams; /* owned names */
	size_t stream_count;
	bool failed;
	struct entry nowhere; /* what is added without memory */
};

struct rollup *rollup_create(void)
{
	struct rollup *rollup = calloc(1, sizeof(*rollup));
	if (rollup == NULL) {
		return NULL;
	}
	rollup->entries = calloc(FIRST_SLOTS / 2, sizeof(*rollup->entries));
	rollup->slots = calloc(FIRST_SLOTS, sizeof(*rollup->slots));
	rollup->slot_count = FIRST_SLOTS;
	if (rollup->entries == NULL || rollup->slots == NULL) {
		rollup_destroy(rollup);
		return NULL;
	}
	return rollup;
}

void rollup_destroy(struct rollup *rollup)
{
	if (rollup == NULL) {
		return;
	}
	for (size_t i = 0; i < rollup->stream_count; i++) {
		free(rollup->streams[i]);
	}
	free(rollup->streams);
	free(rollup->entries);
	free(rollup->slots);
	free(rollup);
}

void rollup_clear(struct rollup *rollup)
{
	if (rollup->count > 0) {
		memset(rollup->slots, 0, rollup->slot_count * sizeof(*rollup->slots));
	}
	rollup->count = 0;
	rollup->failed = false;
}

/* Multiply and fold; the constant is 2^64 divided by the golden ratio, as in splitmix64. */
static size_t hash_key_of(int64_t table, const int64_t *key)
{
	uint64_t hash = (uint64_t)table;
	for (size_t i = 0; i < ROLLUP_KEY_MAX; i++) {
		hash = (hash ^ (uint64_t)key[i]) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	return (size_t)hash;
}

static bool is_entry(const struct entry *entry, int64_t table, const int64_t *key)
{
	return entry->table == table && memcmp(entry->key, key, sizeof(entry->key)) == 0;
}

/* The slot of the key, or the free one where it belongs. */
static uint32_t *find_slot(struct rollup *rollup, int64_t table, const int64_t *key)
{
	size_t mask = rollup->slot_count - 1;
	size_t at = hash_key_of(table, key) & mask;
	while (rollup->slots[at] != 0 && !is_entry(&rollup->entries[rollup->slots[at] - 1], table, key)) {
		at = (at + 1) & mask;
	}
	return &rollup->slots[at];
}

static bool grow(struct rollup *rollup)
{
	size_t slot_count = rollup->slot_count * 2;
	struct entry *entries = reallocarray(rollup->entries, slot_count / 2, sizeof(*entries));
	if (entries == NULL) {
		return false;
	}
	rollup->entries = entries;
	uint32_t *slots = calloc(slot_count, sizeof(*slots));
	if (slots == NULL) {
		return false;
	}
	free(rollup->slots);
	rollup->slots = slots;
	rollup->slot_count = slot_count;
	for (size_t i = 0; i < rollup->count; i++) {
		*find_slot(rollup, entries[i].table, entries[i].key) = (uint32_t)i + 1;
	}
	return true;
}

int64_t *rollup_sums(struct rollup *rollup, enum rollup_table table, const int64_t key[ROLLUP_KEY_MAX])
{
	uint32_t *slot = find_slot(rollup, (int64_t)table, key);
	if (*slot != 0) {
		return rollup->entries[*slot - 1].sums;
	}
	if (rollup->count == rollup->slot_count / 2) {
		if (!grow(rollup)) {
			rollup->failed = true;
			return rollup->nowhere.sums;
		}
		slot = find_slot(rollup, (int64_t)table, key);
	}
	struct entry *entry = &rollup->entries[rollup->count];
	rollup->count++;
	*slot = (uint32_t)rollup->count;
	*entry = (struct entry){.table = (int64_t)table};
	memcpy(entry->key, key, sizeof(entry->key));
	return entry->sums;
}

int64_t rollup_stream(struct rollup *rollup, const char *stream)
{
	for (size_t i = 0; i < rollup->stream_count; i++) {
		if (strcmp(rollup->streams[i], stream) == 0) {
			return (int64_t)i;
		}
	}
	char **streams = reallocarray(rollup->streams, rollup->stream_count + 1, sizeof(*streams));
	char *name = strdup(stream);
	if (streams != NULL) {
		rollup->streams = streams;
	}
	if (streams == NULL || name == NULL) {
		free(name);
		rollup->failed = true;
		return 0;
	}
	rollup->streams[rollup->stream_count] = name;
	return (int64_t)rollup->stream_count++;
}

static int order_entries(const void *left, const void *right)
{
	const struct entry *a = left;
	const struct entry *b = right;
	if (a->table != b->table) {
		return a->table < b->table ? -1 : 1;
	}
	for (size_t i = 0; i < ROLLUP_KEY_MAX; i++) {
		if (a->key[i] != b->key[i]) {
			return a->key[i] < b->key[i] ? -1 : 1;
		}
	}
	return 0;
}

static bool is_nothing(const struct entry *entry)
{
	for (size_t i = 0; i < ROLLUP_SUM_MAX; i++) {
		if (entry->sums[i] != 0) {
			return false;
		}
	}
	return true;
}

static bool clean_entry(struct store *store, const struct entry *entry, struct error *err)
{
	const struct shape *shape = &SHAPES[entry->table];
	struct statement *statement = store_statement(store, shape->clean, err);
	for (int i = 0; statement != NULL && i < shape->keys; i++) {
		statement_bind_integer(statement, i + 1, entry->key[i]);
	}
	return statement != NULL && statement_run(statement, err);
}

static bool write_entry(const struct rollup *rollup, struct store *store, const struct entry *entry, struct error *err)
{
	const struct shape *shape = &SHAPES[entry->table];
	struct statement *statement = store_statement(store, shape->upsert, err);
	if (statement == NULL) {
		return false;
	}
	int index = 1;
	for (int i = 0; i < shape->keys; i++, index++) {
		statement_bind_integer(statement, index, entry->key[i]);
	}
	if (entry->table == ROLLUP_DELIVERY) {
		statement_borrow_text(statement, 1, span_of(rollup->streams[entry->key[0]]));
	}
	for (int i = 0; i < shape->sums; i++, index++) {
		statement_bind_integer(statement, index, entry->sums[i]);
	}
	return statement_run(statement, err) &&
	       (shape->clean == NULL || entry->sums[0] >= 0 || clean_entry(store, entry, err));
}

bool rollup_flush(struct rollup *rollup, struct store *store, struct error *err)
{
	if (rollup->failed) {
		return error_set(err, ERROR_MEMORY, "no memory for the rollups of a transaction; make it smaller");
	}
	qsort(rollup->entries, rollup->count, sizeof(*rollup->entries), order_entries);
	for (size_t i = 0; i < rollup->count; i++) {
		const struct entry *entry = &rollup->entries[i];
		if (!is_nothing(entry) && !write_entry(rollup, store, entry, err)) {
			return false;
		}
	}
	rollup_clear(rollup);
	return true;
}
