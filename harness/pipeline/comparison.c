#include "harness/pipeline/comparison.h"

#include "harness/base/hash.h"
#include "harness/base/text.h"
#include "harness/pipeline/reply_drift.h"

#include <stdlib.h>

enum { KEY_MAX = 200, DIGEST_TEXT = 2 * SHA256_SIZE };

/* The records of one reply, sorted by key for matching. */
struct side_record {
	struct span key;
	const struct json_node *node;
	size_t ordinal;
	size_t taken;  /* of the first of its key in sorted order: how many of that key have a partner */
	bool repeated; /* an earlier record of the reply has the same key */
	bool matched;
};

struct side_records {
	struct side_record *list; /* in the reply's order */
	struct side_record **sorted;
	size_t count;
};

static bool out_of_memory(struct error *err)
{
	return error_set(err, ERROR_LIMIT, "a comparison does not fit into memory");
}

static enum verdict worst(enum verdict a, enum verdict b)
{
	return a > b ? a : b;
}

static enum store_side side_of(enum verdict verdict)
{
	if (verdict == VERDICT_INVALID) {
		return SIDE_INVALID;
	}
	return verdict > VERDICT_IGNORED ? SIDE_DISAGREE : SIDE_AGREE;
}

/* --- is the reply any good? --- */

static bool describe(struct comparison *comparison, struct arena *arena, enum outcome outcome, const char *where,
		     const char *what, struct error *err)
{
	comparison->outcome = outcome;
	char *text = where[0] == '\0' ? arena_copy(arena, span_of(what)) : arena_format(arena, "%s: %s", where, what);
	if (text == NULL) {
		return out_of_memory(err);
	}
	comparison->detail = span_of(text);
	return true;
}

static size_t count_records(const struct contract *contract, const struct json_node *reply)
{
	const struct json_node *at = select_get(&contract->records_at, reply);
	if (!contract->records_are_array) {
		return at != NULL;
	}
	return json_is(at, JSON_ARRAY) ? json_count(at) : 0;
}

/* Parses and checks the reply; *ret_root stays NULL where it is no good. */
static bool check_reply(const struct contract *contract, struct span text, struct arena *arena,
			struct comparison *comparison, const struct json_node **ret_root, struct error *err)
{
	const struct drift_contract held_to = reply_drift_contract(contract);
	struct drift_report *report = &comparison->drift;
	drift_read(&held_to, text, DRIFT_ENDED, arena, report);
	if (report->root == NULL) {
		return describe(comparison, arena, OUTCOME_UNPARSABLE, "", report->unreadable, err);
	}
	if (report->contract_drift) {
		const struct drift_deviation *first = &report->list[0];
		return describe(comparison, arena, OUTCOME_SCHEMA_MISMATCH, first->instance, first->sentence, err);
	}
	size_t count = count_records(contract, report->root);
	if (count > RECORDS_MAX) {
		drift_add(report, DRIFT_CARDINALITY, "the reply has more records than are compared");
		char *sentence =
			arena_format(arena, "the reply has %zu records, at most %d are compared", count, RECORDS_MAX);
		return sentence == NULL ? out_of_memory(err)
					: describe(comparison, arena, OUTCOME_SCHEMA_MISMATCH, "", sentence, err);
	}
	*ret_root = report->root;
	return true;
}

/* A reply came at all, whatever it was worth. */
static bool outcome_has_reply(enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_OK:
	case OUTCOME_LOW_CONFIDENCE:
	case OUTCOME_REFUSED:
	case OUTCOME_TRUNCATED:
	case OUTCOME_UNPARSABLE:
	case OUTCOME_SCHEMA_MISMATCH:
		return true;
	case OUTCOME_TIMEOUT:
	case OUTCOME_TRANSPORT:
	case OUTCOME_RATE_LIMITED:
	case OUTCOME_PROVIDER_ERROR:
	case OUTCOME_COUNT:
		break;
	}
	return false;
}

/* A call may have ended with a reply that nobody could use, whatever its text: that is classified and no more. */
static bool look_at_reply(const struct contract *contract, struct span text, struct arena *arena,
			  struct comparison *comparison, const struct json_node **ret_root, struct error *err)
{
	if (comparison->outcome == OUTCOME_OK) {
		return check_reply(contract, text, arena, comparison, ret_root, err);
	}
	if (comparison->has_reply) {
		const struct drift_contract held_to = reply_drift_contract(contract);
		enum drift_ending ending = comparison->outcome == OUTCOME_TRUNCATED ? DRIFT_CUT : DRIFT_DECLINED;
		drift_read(&held_to, text.data != NULL ? text : SPAN(""), ending, arena, &comparison->drift);
	}
	return true;
}

/* --- the records of a reply --- */

static int order_of_keys(const void *a, const void *b)
{
	const struct side_record *left = *(struct side_record *const *)a;
	const struct side_record *right = *(struct side_record *const *)b;
	int order = span_order(left->key, right->key);
	return order != 0 ? order : (left->ordinal > right->ordinal) - (left->ordinal < right->ordinal);
}

/* Keys that a reply gives must differ from those made here, which begin with '#' or '+': they get a '=' before them.
 * What would make a poor name (long, or with control characters) is known by its digest. */
static char *spell_key(struct span text, struct arena *arena)
{
	bool plain = text.length <= KEY_MAX;
	for (size_t i = 0; plain && i < text.length; i++) {
		plain = (unsigned char)text.data[i] >= ' ' && text.data[i] != '\x7f';
	}
	if (!plain) {
		uint8_t digest[SHA256_SIZE];
		CLEANUP_BUFFER struct buffer hex = BUFFER_INIT(DIGEST_TEXT);
		hash_sha256(text, digest);
		text_write_hex(&hex, digest, sizeof(digest));
		return hex.failed ? NULL : arena_format(arena, "#sha256:%s", hex.data);
	}
	bool reserved = text.length > 0 && strchr("#+=", text.data[0]) != NULL;
	return arena_format(arena, "%s%.*s", reserved ? "=" : "", SPAN_ARGUMENTS(text));
}

static bool key_of(const struct contract *contract, const struct json_node *item, size_t ordinal, struct arena *arena,
		   struct span *ret_key, struct error *err)
{
	const struct json_node *value = select_get(&contract->records_key, item);
	bool named = json_is(value, JSON_STRING) || json_is(value, JSON_NUMBER);
	char *text = named ? spell_key(json_text(value), arena) : arena_format(arena, "#%zu", ordinal + 1);
	*ret_key = span_of(text);
	return text != NULL || out_of_memory(err);
}

static bool add_record(struct side_records *records, const struct json_node *node, struct span key)
{
	struct side_record *record = &records->list[records->count];
	*record = (struct side_record){.key = key, .node = node, .ordinal = records->count};
	records->sorted[records->count++] = record;
	return true;
}

bool comparison_check(const struct contract *contract, const struct json_node *legacy, struct error *err)
{
	size_t count = count_records(contract, legacy);
	return count <= RECORDS_MAX ||
	       error_set(err, ERROR_LIMIT,
			 "the legacy reply has %zu records, at most %d are compared; split the message", count,
			 RECORDS_MAX);
}

static void mark_repeated(struct side_records *records)
{
	for (size_t i = 1; i < records->count; i++) {
		records->sorted[i]->repeated = span_equal(records->sorted[i]->key, records->sorted[i - 1]->key);
	}
}

static bool find_records(const struct contract *contract, const struct json_node *reply, struct arena *arena,
			 struct side_records *ret_records, struct error *err)
{
	struct side_records records = {0};
	const struct json_node *at = select_get(&contract->records_at, reply);
	size_t count = count_records(contract, reply);
	records.list = arena_allocate_array(arena, count + 1, sizeof(records.list[0]));
	records.sorted = arena_allocate_array(arena, count + 1, sizeof(records.sorted[0]));
	if (records.list == NULL || records.sorted == NULL) {
		return out_of_memory(err);
	}
	if (!contract->records_are_array) {
		if (at != NULL) {
			add_record(&records, at, SPAN(""));
		}
		*ret_records = records;
		return true;
	}
	for (const struct json_node *item = json_first(at); count > 0 && item != NULL; item = json_next(at, item)) {
		struct span key;
		if (!key_of(contract, item, records.count, arena, &key, err)) {
			return false;
		}
		add_record(&records, item, key);
	}
	qsort(records.sorted, records.count, sizeof(records.sorted[0]), order_of_keys);
	mark_repeated(&records);
	*ret_records = records;
	return true;
}

/* The first record of that key that has no partner yet; duplicates of a key pair up in order. */
static struct side_record *take_match(struct side_records *records, struct span key)
{
	size_t low = 0;
	size_t high = records->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (span_order(records->sorted[middle]->key, key) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low == records->count || !span_equal(records->sorted[low]->key, key)) {
		return NULL;
	}
	size_t place = low + records->sorted[low]->taken;
	if (place == records->count || !span_equal(records->sorted[place]->key, key)) {
		return NULL;
	}
	records->sorted[low]->taken++;
	records->sorted[place]->matched = true;
	return records->sorted[place];
}

/* A record's name must be its own: one that repeats a key has its ordinal in it. */
static bool name_record(const struct side_record *ours, struct arena *arena, struct span *ret_name, struct error *err)
{
	*ret_name = ours->key;
	if (!ours->repeated) {
		return true;
	}
	char *text = arena_format(arena, "#%zu:%.*s", ours->ordinal + 1, SPAN_ARGUMENTS(ours->key));
	*ret_name = span_of(text);
	return text != NULL || out_of_memory(err);
}

/* --- comparing --- */

static bool compare_record(const struct contract *contract, const struct json_node *legacy, const struct json_node *llm,
			   bool invalid, struct arena *arena, struct comparison_record *record, struct error *err)
{
	record->values = arena_allocate_array(arena, contract->field_count, sizeof(record->values[0]));
	if (record->values == NULL) {
		return out_of_memory(err);
	}
	record->verdict = VERDICT_AGREE;
	if (invalid) {
		record->verdict = VERDICT_INVALID;
	} else if (legacy == NULL || llm == NULL) {
		record->verdict = llm == NULL ? VERDICT_MISSING : VERDICT_EXTRA;
	}
	for (size_t i = 0; i < contract->field_count; i++) {
		const struct contract_field *field = &contract->fields[i];
		struct comparison_value *value = &record->values[i];
		value->legacy = select_get(&field->legacy_at, legacy);
		value->llm = invalid ? NULL : select_get(&field->llm_at, llm);
		value->verdict =
			invalid ? VERDICT_INVALID : evaluator_compare(&field->comparator, value->legacy, value->llm);
		record->verdict = worst(record->verdict, value->verdict);
	}
	record->side = side_of(record->verdict);
	return true;
}

static bool compare_records(const struct contract *contract, struct side_records *legacy, struct side_records *llm,
			    bool invalid, struct arena *arena, struct comparison *comparison, struct error *err)
{
	for (size_t i = 0; i < legacy->count; i++) {
		struct side_record *ours = &legacy->list[i];
		struct side_record *theirs = take_match(llm, ours->key);
		struct comparison_record *record = &comparison->records[comparison->record_count++];
		if (!name_record(ours, arena, &record->key, err) ||
		    !compare_record(contract, ours->node, theirs != NULL ? theirs->node : NULL, invalid, arena, record,
				    err)) {
			return false;
		}
	}
	size_t extras = 0;
	for (size_t i = 0; i < llm->count; i++) {
		if (llm->list[i].matched) {
			continue;
		}
		struct comparison_record *record = &comparison->records[comparison->record_count++];
		char *key = contract->records_are_array ? arena_format(arena, "+%zu", ++extras)
							: arena_copy(arena, SPAN(""));
		if (key == NULL) {
			return out_of_memory(err);
		}
		record->key = span_of(key);
		if (!compare_record(contract, NULL, llm->list[i].node, invalid, arena, record, err)) {
			return false;
		}
	}
	return true;
}

/* An invalid reply to an exchange without legacy records still is one record that the candidate got wrong. */
static bool compare_nothing(const struct contract *contract, bool invalid, struct arena *arena,
			    struct comparison *comparison, struct error *err)
{
	struct comparison_record *record = &comparison->records[comparison->record_count++];
	record->key = SPAN("");
	return compare_record(contract, NULL, NULL, invalid, arena, record, err);
}

bool comparison_make(const struct contract *contract, const struct json_node *legacy, enum outcome outcome,
		     struct span text, struct arena *arena, struct comparison *ret_comparison, struct error *err)
{
	struct comparison comparison = {.outcome = outcome, .has_reply = outcome_has_reply(outcome)};
	const struct json_node *reply = NULL;
	if (!look_at_reply(contract, text, arena, &comparison, &reply, err)) {
		return false;
	}
	bool invalid = reply == NULL;
	comparison.contract_drift = comparison.has_reply && invalid;
	struct side_records ours;
	struct side_records theirs;
	if (!comparison_check(contract, legacy, err)) {
		return false;
	}
	if (!find_records(contract, legacy, arena, &ours, err) || !find_records(contract, reply, arena, &theirs, err)) {
		return false;
	}
	comparison.records = arena_allocate_array(arena, ours.count + theirs.count + 1, sizeof(comparison.records[0]));
	if (comparison.records == NULL) {
		return out_of_memory(err);
	}
	if (!compare_records(contract, &ours, &theirs, invalid, arena, &comparison, err)) {
		return false;
	}
	if (comparison.record_count == 0 && invalid && !compare_nothing(contract, invalid, arena, &comparison, err)) {
		return false;
	}
	for (size_t i = 0; i < comparison.record_count; i++) {
		comparison.verdict = worst(comparison.verdict, comparison.records[i].verdict);
	}
	*ret_comparison = comparison;
	return true;
}
