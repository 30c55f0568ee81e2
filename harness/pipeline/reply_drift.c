#include "harness/pipeline/reply_drift.h"

#include "harness/base/text.h"

struct drift_contract reply_drift_contract(const struct contract *contract)
{
	return (struct drift_contract){
		.schema = contract->response_schema,
		.units = contract->drift_units,
		.unit_count = contract->drift_unit_count,
	};
}

/* Rows, sums and, of production, the monitor. */
static bool write_reply(struct store *store, const struct interface_lane *lane, const struct reply_place *place,
			int64_t path, int64_t source, const struct drift_report *report, bool watched,
			struct error *err)
{
	struct store_deviation list[DRIFT_DEVIATIONS_MAX];
	for (size_t i = 0; i < report->count; i++) {
		const struct drift_deviation *deviation = &report->list[i];
		list[i] = (struct store_deviation){
			.drift = deviation->drift,
			.strict = deviation->strict_only,
			.instance = span_of(deviation->instance),
			.keyword = span_of(deviation->keyword),
			.schema = span_of(deviation->schema),
			.sentence = span_of(deviation->sentence),
		};
	}
	const struct store_reply reply = {
		.exchange = place->exchange,
		.path = path,
		.source = source,
		.captured_at = place->captured_at,
		.week = place->week,
		.test = place->test,
		.classes = report->classes,
		.declared = report->declared,
		.severity = report->severity,
		.recovered = report->recovered != NULL,
		.total = report->total,
		.list = list,
		.count = report->count,
	};
	return store_reply_count(store, &reply, err) &&
	       (!watched || place->test ||
		drift_watch_add(lane->watch, store, path, report->contract_drift, place->captured_at, err));
}

bool reply_drift_count(struct store *store, const struct interface_lane *lane, const struct candidate_lane *candidate,
		       const struct reply_place *place, struct span model, const struct drift_report *report,
		       struct error *err)
{
	bool prompted = candidate->candidate->prompt.length > 0;
	const struct store_source source = {
		.interface_id = lane->id,
		.path = candidate->id,
		.contract_version = span_of(lane->contract->version),
		.model = model,
		.prompt = prompted ? (struct span){(const char *)candidate->candidate->prompt_hash, SHA256_SIZE}
				   : SPAN(""),
		.service_version = SPAN(""),
		.seen_at = place->captured_at,
	};
	int64_t id = 0;
	return store_source_id(store, &source, &id, err) &&
	       write_reply(store, lane, place, candidate->id, id, report, true, err);
}

/* --- the legacy path --- */

static bool is_reply(enum legacy_outcome outcome, struct span reply)
{
	bool answered = outcome == LEGACY_OK || outcome == LEGACY_REPAIRED || outcome == LEGACY_MANUAL;
	return answered && text_trim(reply).length > 0;
}

static struct reply_place place_of(int64_t row, const struct store_exchange *exchange)
{
	return (struct reply_place){row, exchange->captured_at, exchange->week, exchange->test};
}

static void classify(const struct interface_lane *lane, struct span reply, struct arena *arena,
		     struct drift_report *ret_report)
{
	struct drift_contract contract = reply_drift_contract(lane->contract);
	contract.schema = lane->contract->legacy_schema;
	drift_read(&contract, reply, DRIFT_ENDED, arena, ret_report);
}

bool reply_drift_count_legacy(struct store *store, const struct interface_lane *lane, int64_t row,
			      const struct store_exchange *exchange, struct span reply, struct arena *arena,
			      const struct json_node **ret_root, struct error *err)
{
	struct drift_report report;
	struct reply_place place = place_of(row, exchange);
	int64_t source = 0;
	*ret_root = NULL;
	if (!drift_watch_legacy_source(lane->watch, store, row, exchange->captured_at, &source, err)) {
		return false;
	}
	if (lane->contract->legacy_schema == NULL || !is_reply(exchange->legacy_outcome, reply)) {
		return true;
	}
	classify(lane, reply, arena, &report);
	*ret_root = report.root;
	return write_reply(store, lane, &place, 0, source, &report, true, err);
}

/* False with *ret_readable false where the reply was purged. */
static bool read_reply(struct store *store, int64_t row, struct arena *arena, struct span *ret_reply,
		       bool *ret_readable, struct error *err)
{
	struct span request;
	struct error why = ERROR_INIT;
	*ret_readable = store_payload(store, row, arena, &request, ret_reply, &why);
	if (!*ret_readable && why.code != ERROR_MISSING) {
		*err = why;
		return false;
	}
	return true;
}

bool reply_drift_former(struct store *store, const struct interface_lane *lane, int64_t row,
			const struct store_exchange *exchange, struct arena *arena, struct legacy_reply *ret_former,
			struct error *err)
{
	struct legacy_reply former = {.readable = true};
	struct span reply = SPAN("");
	if (lane->contract->legacy_schema != NULL && !read_reply(store, row, arena, &reply, &former.readable, err)) {
		return false;
	}
	former.counted = former.readable && is_reply(exchange->legacy_outcome, reply);
	*ret_former = former;
	return true;
}

bool reply_drift_replace(struct store *store, const struct interface_lane *lane, int64_t row,
			 const struct legacy_reply *former, struct arena *arena, struct error *err)
{
	struct store_legacy_source source;
	struct store_exchange exchange;
	struct drift_report report;
	struct span reply;
	bool readable = false;
	if (lane->contract->legacy_schema == NULL || !former->readable) {
		return true;
	}
	if (!store_legacy_source(store, lane->id, row, arena, &source, err) ||
	    !store_exchange_get(store, row, &exchange, err) || !read_reply(store, row, arena, &reply, &readable, err)) {
		return false;
	}
	struct reply_place place = place_of(row, &exchange);
	const struct store_reply gone = {
		.exchange = row,
		.source = source.id,
		.captured_at = exchange.captured_at,
		.week = exchange.week,
		.test = exchange.test,
	};
	if (source.id == 0 || !source.held || !readable) {
		return true;
	}
	if (former->counted && !store_reply_uncount(store, &gone, err)) {
		return false;
	}
	if (!is_reply(exchange.legacy_outcome, reply)) {
		return true;
	}
	classify(lane, reply, arena, &report);
	return write_reply(store, lane, &place, 0, source.id, &report, !former->counted, err);
}
