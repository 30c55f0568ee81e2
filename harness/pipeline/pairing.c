#include "harness/pipeline/pairing.h"

#include "harness/base/text.h"
#include "harness/codec/content.h"
#include "harness/pipeline/comparison.h"
#include "harness/pipeline/correction.h"
#include "harness/pipeline/reply_drift.h"
#include "harness/pipeline/shadow.h"
#include "harness/store/correction.h"
#include "harness/store/legacy.h"

#include <stdio.h>

enum { KEY_TEXT_MAX = 64 * 1024, PIECES_MAX = 4 };

/* A late answer by the road it takes. */
struct joining {
	struct worker *worker;
	struct interface_lane *lane;
	const char *stream;
	int64_t row;
	struct store_exchange exchange;
	bool is_duplicate; /* the answer came with a message; it is no term of the late answers' account */
};

static void short_digest(const struct span *pieces, size_t count, uint8_t target[STORE_KEY_SIZE])
{
	uint8_t digest[SHA256_SIZE];
	BUG_ON(count > PIECES_MAX);
	hash_sha256_pieces(pieces, count, digest);
	memcpy(target, digest, STORE_KEY_SIZE);
}

/* --- keys --- */

static void digest_key(const struct interface_lane *lane, struct span key, uint8_t target[STORE_KEY_SIZE])
{
	const struct span pieces[] = {span_of(lane->contract->interface), SPAN("correlation"), key};
	short_digest(pieces, 3, target);
}

static bool append_value(struct buffer *key, const struct json_node *value)
{
	if (json_is(value, JSON_STRING)) {
		buffer_append_span(key, json_text(value));
		return true;
	}
	if (json_is(value, JSON_NUMBER) || json_is_boolean(value)) {
		json_write_canonical(key, value);
		return true;
	}
	return false;
}

static void append_identity(const struct contract *contract, const struct json_node *root, struct buffer *key)
{
	for (size_t i = 0; i < contract->message_id_count; i++) {
		buffer_append_text(key, i > 0 ? "/" : "");
		if (!append_value(key, select_get(&contract->message_id[i], root))) {
			buffer_clear(key);
			return;
		}
	}
}

/* The exchange's key, empty where it has none, or one that is too long. True where its identity finds it: rule 3 with a
 * single value. */
static bool exchange_key(const struct contract *contract, const struct spool_exchange *captured,
			 const struct json_node *root, struct buffer *key)
{
	bool by_identity = false;
	if (captured->correlation_key.length > 0) {
		buffer_append_span(key, captured->correlation_key);
	} else if (contract->tap.pair_header != NULL) {
		buffer_append_span(key, content_header(captured->request_head, contract->tap.pair_header));
	} else if (contract->tap.has_pair_path) {
		(void)append_value(key, select_get(&contract->tap.pair_path, root));
	} else {
		append_identity(contract, root, key);
		by_identity = contract->message_id_count == 1;
	}
	if (key->failed) {
		buffer_clear(key);
	}
	return by_identity;
}

/* The newest exchange whose one identity value is this text, or the number that it spells. */
static bool find_by_identity(struct worker *worker, const struct interface_lane *lane, struct span key,
			     int64_t *ret_row, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(8 * KEY_TEXT_MAX);
	CLEANUP_BUFFER struct buffer number = BUFFER_INIT(8 * KEY_TEXT_MAX);
	const struct json_node *node = NULL;
	uint8_t identity[STORE_KEY_SIZE];
	int64_t by_number = 0;
	*ret_row = 0;
	if (!text_is_utf8(key)) {
		return true;
	}
	json_write_string(&text, key);
	buffer_append_byte(&text, '\n');
	message_identity(lane->contract->interface, buffer_span(&text), identity);
	if (!buffer_ok(&text, "a correlation key", err) ||
	    !store_identity_find(worker->store, identity, ret_row, err)) {
		return false;
	}
	if (!json_parse(&worker->arena, key, NULL, &node, NULL) || json_is(node, JSON_STRING)) {
		return true;
	}
	json_write_canonical(&number, node);
	if (number.failed || !span_equal(buffer_span(&number), key)) {
		return true;
	}
	buffer_append_byte(&number, '\n');
	message_identity(lane->contract->interface, buffer_span(&number), identity);
	if (!store_identity_find(worker->store, identity, &by_number, err)) {
		return false;
	}
	*ret_row = by_number > *ret_row ? by_number : *ret_row;
	return true;
}

static bool find_exchange(struct worker *worker, const struct interface_lane *lane, struct span key, int64_t *ret_row,
			  struct error *err)
{
	const struct contract *contract = lane->contract;
	uint8_t digest[STORE_KEY_SIZE];
	int64_t by_identity = 0;
	digest_key(lane, key, digest);
	if (!store_correlation_find(worker->store, lane->id, digest, ret_row, err)) {
		return false;
	}
	bool identity =
		contract->tap.pair_header == NULL && !contract->tap.has_pair_path && contract->message_id_count == 1;
	if (identity && !find_by_identity(worker, lane, key, &by_identity, err)) {
		return false;
	}
	*ret_row = by_identity > *ret_row ? by_identity : *ret_row;
	return true;
}

bool pairing_is_repeated(struct worker *worker, const struct interface_lane *lane,
			 const struct spool_exchange *captured, bool *ret_repeated, struct error *err)
{
	*ret_repeated = false;
	if (captured->idempotency_key.length == 0) {
		return true;
	}
	const struct span pieces[] = {captured->is_outcome ? SPAN("outcome") : SPAN("exchange"),
				      captured->idempotency_key};
	uint8_t key[STORE_KEY_SIZE];
	bool added = false;
	short_digest(pieces, 2, key);
	if (!store_idempotency_add(worker->store, lane->id, key, clock_now(), &added, err)) {
		return false;
	}
	*ret_repeated = !added;
	return true;
}

/* --- answers --- */

/* Can it be compared with anything? ERROR_MEMORY aside, a reply that cannot is no error here. */
static bool is_readable(const struct interface_lane *lane, enum legacy_outcome outcome, struct span reply,
			struct arena *arena)
{
	const struct json_node *root = NULL;
	return shadow_legacy(outcome, reply, arena, &root, NULL) && comparison_check(lane->contract, root, NULL);
}

static void digest_answer(struct store_answer *answer)
{
	char said[96];
	snprintf(said, sizeof(said), "%d %d %lld", (int)answer->outcome, answer->status,
		 answer->is_dated ? (long long)answer->answered_at : 0);
	const struct span pieces[] = {span_of(said), answer->reply};
	short_digest(pieces, 2, answer->digest);
}

static bool read_answer(struct worker *worker, const struct interface_lane *lane, const struct spool_exchange *captured,
			struct store_answer *ret_answer, struct error *err)
{
	struct error why = ERROR_INIT;
	struct store_answer answer = {
		.outcome = message_legacy_outcome(captured),
		.status = captured->legacy_status,
		.seen_at = captured->captured_at,
		.is_dated = captured->answered_at != 0,
		.reply = captured->reply_body,
	};
	answer.answered_at = answer.is_dated ? captured->answered_at : answer.seen_at;
	bool decoded = content_decode(captured->reply_head, captured->reply_body, MESSAGE_BODY_MAX, &worker->arena,
				      &answer.reply, &why);
	if (!decoded && why.code == ERROR_MEMORY) {
		*err = why;
		return false;
	}
	answer.is_readable = decoded && is_readable(lane, answer.outcome, answer.reply, &worker->arena);
	digest_answer(&answer);
	*ret_answer = answer;
	return true;
}

/* By the rule of the contract. */
static bool choose(const struct joining *joining, struct store_version *ret_version, struct error *err)
{
	const struct contract *contract = joining->lane->contract;
	int64_t until = contract->legacy_counts == COUNTS_AT_CUTOFF
				? joining->exchange.captured_at + contract->legacy_cutoff_us
				: INT64_MAX;
	enum store_counting counting = contract->legacy_counts == COUNTS_FIRST ? COUNT_OLDEST : COUNT_NEWEST;
	return store_answer_choose(joining->worker->store, joining->row, counting, until, ret_version, err);
}

/* As evidence_close sees it, by the clock; see the header. */
static bool week_is_closed(const struct joining *joining)
{
	const struct contract *contract = joining->lane->contract;
	int64_t end = clock_week_start(clock_week_next(joining->exchange.week), joining->worker->installation->zone);
	int64_t closes = end + contract->close_after_days * CLOCK_DAY;
	bool lived = false;
	for (size_t i = 0; i < contract->candidate_count; i++) {
		lived = lived || joining->lane->candidates[i].epoch_started_at < closes;
	}
	return lived && clock_now() >= closes;
}

/* The evaluations of the exchange, after another answer counts. *ret_returned: one was unpaired. */
static bool apply(const struct joining *joining, bool *ret_returned, struct error *err)
{
	struct worker *worker = joining->worker;
	struct correction correction = {
		.store = worker->store,
		.sampling_key = worker->sampling_key,
		.lane = joining->lane,
		.row = joining->row,
		.arena = &worker->arena,
	};
	for (size_t i = 0; i < joining->lane->contract->candidate_count; i++) {
		bool returned = false;
		if (!correction_apply(&correction, &joining->lane->candidates[i], &returned, err)) {
			return false;
		}
		*ret_returned = *ret_returned || returned;
	}
	return true;
}

/* Of an exchange that had none. */
static bool count_first_answer(const struct joining *joining, struct error *err)
{
	struct worker *worker = joining->worker;
	struct store_exchange answered;
	struct span reply = SPAN("");
	return joining->exchange.legacy_outcome != LEGACY_AWAITED ||
	       (store_exchange_get(worker->store, joining->row, &answered, err) &&
		store_answer_reply(worker->store, joining->row, &worker->arena, &reply, err) &&
		shadow_count_legacy(worker->store, joining->lane, &answered, reply, NULL, &worker->arena, err));
}

/* Late answers alone; see delivery_count. */
static void count_end(const struct joining *joining, enum store_outcome_end end)
{
	if (!joining->is_duplicate) {
		store_outcome_count(joining->worker->store, joining->stream, joining->exchange.interface_id, end);
	}
}

/* Another version may count from now on, and an exchange that was worked on follows it. */
static bool count_other(const struct joining *joining, const struct store_version *version, struct error *err)
{
	struct worker *worker = joining->worker;
	struct legacy_reply former;
	bool changed = false;
	bool returned = false;
	if (!reply_drift_former(worker->store, joining->lane, joining->row, &joining->exchange, &worker->arena, &former,
				err) ||
	    !store_answer_count(worker->store, joining->row, version, &changed, err)) {
		return false;
	}
	if (!changed) {
		return true;
	}
	if (!count_first_answer(joining, err) ||
	    !reply_drift_replace(worker->store, joining->lane, joining->row, &former, &worker->arena, err) ||
	    !apply(joining, &returned, err)) {
		return false;
	}
	if (returned) {
		count_end(joining, STORE_OUTCOME_RETURNED);
	}
	return true;
}

/* After a version was added: does another one count now, and what follows? */
static bool count_version(const struct joining *joining, bool is_new, struct error *err)
{
	struct store *store = joining->worker->store;
	const struct store_exchange *exchange = &joining->exchange;
	struct store_version version;
	bool waited = false;
	bool changed = false;
	if (!choose(joining, &version, err)) {
		return false;
	}
	if (version.ordinal == 0) {
		return true;
	}
	if (!store_awaited_remove(store, exchange->interface_id, exchange->captured_at, joining->row, &waited, err)) {
		return false;
	}
	if (!is_new && !waited && week_is_closed(joining)) {
		count_end(joining, STORE_OUTCOME_CLOSED);
		return true;
	}
	return is_new ? store_answer_count(store, joining->row, &version, &changed, err)
		      : count_other(joining, &version, err);
}

/* Its memory is its own: an exchange may find any number of answers waiting. */
static bool add_version(const struct joining *joining, const struct store_answer *answer, bool *ret_added,
			struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(WORKER_ARENA_MAX);
	struct worker *worker = joining->worker;
	bool readable = true;
	if (joining->exchange.legacy_outcome != LEGACY_AWAITED) {
		struct span request;
		struct span reply;
		struct error why = ERROR_INIT;
		readable = store_payload(worker->store, joining->row, &arena, &request, &reply, &why) &&
			   is_readable(joining->lane, joining->exchange.legacy_outcome, reply, &arena);
	}
	return store_answer_add(worker->store, joining->row, &joining->exchange, readable, answer, ret_added, err);
}

/* --- the two ways in --- */

static bool join(struct worker *worker, const char *stream, struct interface_lane *lane, int64_t row,
		 const struct store_answer *answer, struct error *err)
{
	struct joining joining = {.worker = worker, .lane = lane, .stream = stream, .row = row};
	bool added = false;
	if (!store_exchange_get(worker->store, row, &joining.exchange, err) ||
	    !add_version(&joining, answer, &added, err)) {
		return false;
	}
	store_outcome_count(worker->store, stream, lane->id, added ? STORE_OUTCOME_JOINED : STORE_OUTCOME_DUPLICATE);
	return !added || count_version(&joining, false, err);
}

static bool wait_for_exchange(struct worker *worker, const char *stream, struct interface_lane *lane, struct span key,
			      const struct store_answer *answer, struct error *err)
{
	uint8_t digest[STORE_KEY_SIZE];
	bool added = false;
	digest_key(lane, key, digest);
	if (!store_outcome_wait(worker->store, stream, lane->id, digest, answer, &added, err)) {
		return false;
	}
	lane->outcomes_wait = true;
	if (!added) {
		store_outcome_count(worker->store, stream, lane->id, STORE_OUTCOME_DUPLICATE);
	}
	return true;
}

bool pairing_add_outcome(struct worker *worker, const char *stream, struct interface_lane *lane,
			 const struct spool_exchange *captured, struct error *err)
{
	struct store_answer answer;
	bool repeated = false;
	int64_t row = 0;
	store_outcome_count(worker->store, stream, lane->id, STORE_OUTCOME_READ);
	if (!pairing_is_repeated(worker, lane, captured, &repeated, err)) {
		return false;
	}
	if (repeated) {
		store_outcome_count(worker->store, stream, lane->id, STORE_OUTCOME_DUPLICATE);
		return true;
	}
	struct span key = captured->correlation_key;
	if (key.length == 0 || key.length > KEY_TEXT_MAX) {
		store_outcome_count(worker->store, stream, lane->id, STORE_OUTCOME_UNPAIRED);
		return true;
	}
	if (!read_answer(worker, lane, captured, &answer, err) || !find_exchange(worker, lane, key, &row, err)) {
		return false;
	}
	return row != 0 ? join(worker, stream, lane, row, &answer, err)
			: wait_for_exchange(worker, stream, lane, key, &answer, err);
}

/* The oldest of those that came before their exchange becomes one of its versions. *ret_found: there was one. */
static bool take_one(const struct joining *joining, const uint8_t key[STORE_KEY_SIZE], bool *ret_found, bool *any,
		     struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(WORKER_ARENA_MAX);
	struct store *store = joining->worker->store;
	struct store_answer answer;
	char *stream = NULL;
	bool added = false;
	if (!store_outcome_take(store, joining->lane->id, key, &arena, &answer, &stream, err)) {
		return false;
	}
	*ret_found = stream != NULL;
	if (stream == NULL) {
		return true;
	}
	if (!add_version(joining, &answer, &added, err)) {
		return false;
	}
	store_outcome_count(store, stream, joining->lane->id, added ? STORE_OUTCOME_JOINED : STORE_OUTCOME_DUPLICATE);
	*any = *any || added;
	return true;
}

static bool take_waiting(const struct joining *joining, struct span key, bool *any, struct error *err)
{
	uint8_t digest[STORE_KEY_SIZE];
	bool found = true;
	digest_key(joining->lane, key, digest);
	while (found) {
		if (!take_one(joining, digest, &found, any, err)) {
			return false;
		}
	}
	return true;
}

void pairing_set_aside(const struct spool_exchange *captured, struct message *message)
{
	if (captured->answered_at != 0 && !message->malformed) {
		message->row.legacy_outcome = LEGACY_AWAITED;
		message->row.legacy_status = 0;
		message->row.reply = SPAN("");
		message->reply = SPAN("");
	}
}

static bool is_set_aside(const struct spool_exchange *captured, const struct message *message)
{
	return message->row.legacy_outcome == LEGACY_AWAITED && message_legacy_outcome(captured) != LEGACY_AWAITED;
}

static bool add_set_aside(const struct joining *joining, const struct spool_exchange *captured, bool *any,
			  struct error *err)
{
	struct store_answer answer;
	bool added = false;
	if (!read_answer(joining->worker, joining->lane, captured, &answer, err) ||
	    !add_version(joining, &answer, &added, err)) {
		return false;
	}
	*any = *any || added;
	return true;
}

static bool take_what_counts(struct joining *joining, struct message *message, struct error *err)
{
	struct store *store = joining->worker->store;
	struct span request;
	if (!count_version(joining, true, err) || !store_exchange_get(store, joining->row, &joining->exchange, err) ||
	    !store_payload(store, joining->row, &joining->worker->arena, &request, &message->reply, err)) {
		return false;
	}
	message->row.legacy_outcome = joining->exchange.legacy_outcome;
	message->row.legacy_status = joining->exchange.legacy_status;
	return true;
}

/* Stored where nothing else leads from the key to the exchange. */
static bool store_key(const struct joining *joining, struct span key, struct error *err)
{
	uint8_t digest[STORE_KEY_SIZE];
	digest_key(joining->lane, key, digest);
	return store_correlation_add(joining->worker->store, joining->lane->id, digest, joining->row, err);
}

static bool join_new(struct joining *joining, const struct spool_exchange *captured, struct message *message,
		     struct error *err)
{
	CLEANUP_BUFFER struct buffer key = BUFFER_INIT(KEY_TEXT_MAX);
	bool any = false;
	bool set_aside = is_set_aside(captured, message);
	bool by_identity = exchange_key(joining->lane->contract, captured, message->root, &key);
	if (key.length > 0 && !by_identity && !store_key(joining, buffer_span(&key), err)) {
		return false;
	}
	if (key.length > 0 && joining->lane->outcomes_wait && !take_waiting(joining, buffer_span(&key), &any, err)) {
		return false;
	}
	if (set_aside && !add_set_aside(joining, captured, &any, err)) {
		return false;
	}
	return !any || take_what_counts(joining, message, err);
}

bool pairing_add_exchange(struct worker *worker, const char *stream, struct interface_lane *lane,
			  const struct spool_exchange *captured, struct message *message, int64_t row,
			  struct error *err)
{
	struct joining joining = {
		.worker = worker, .lane = lane, .stream = stream, .row = row, .exchange = message->row};
	bool may_join = lane->outcomes_wait || lane->has_own_keys || captured->correlation_key.length > 0 ||
			message->row.legacy_outcome == LEGACY_AWAITED;
	if (may_join && !join_new(&joining, captured, message, err)) {
		return false;
	}
	return message->row.legacy_outcome != LEGACY_AWAITED ||
	       store_awaited_add(worker->store, lane->id, message->row.captured_at, row, err);
}

bool pairing_add_duplicate(struct worker *worker, const char *stream, struct interface_lane *lane,
			   const struct spool_exchange *captured, const struct message *message, int64_t row,
			   struct error *err)
{
	struct joining joining = {.worker = worker, .lane = lane, .stream = stream, .row = row, .is_duplicate = true};
	struct store_answer answer;
	bool added = false;
	if (message->malformed || message_legacy_outcome(captured) == LEGACY_AWAITED) {
		return true;
	}
	if (!store_exchange_get(worker->store, row, &joining.exchange, err)) {
		return false;
	}
	if (joining.exchange.legacy_outcome != LEGACY_AWAITED) {
		return true;
	}
	if (!read_answer(worker, lane, captured, &answer, err) || !add_version(&joining, &answer, &added, err)) {
		return false;
	}
	if (!added) {
		return true;
	}
	store_duplicate_answered_count(worker->store, stream, lane->id);
	return count_version(&joining, false, err);
}
