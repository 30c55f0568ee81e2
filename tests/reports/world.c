#include "tests/reports/world.h"

#include "harness/base/text.h"
#include "harness/store/ingest.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void must(bool done, const struct error *err)
{
	char text[1024];
	if (!done) {
		ck_abort_msg("%s", error_text(err, text, sizeof(text)));
	}
}

void world_start(struct world *world)
{
	struct error err = ERROR_INIT;
	*world = (struct world){.arena = ARENA_INIT(256 << 20)};
	(void)snprintf(world->directory, sizeof(world->directory), "/tmp/understudy-reports-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(world->directory));
	char location[128];
	(void)snprintf(location, sizeof(location), "sqlite:%s/store.db", world->directory);
	world->store = store_open(location, STORE_CREATE, 1000, &err);
	must(world->store != NULL, &err);
	world->installation.zone = zone_create("UTC", &err);
	world->installation.timezone = "UTC";
	world->candidate =
		(struct contract_candidate){.name = "mini", .provider = "openai", .model = "small", .simulated = true};
	world->fields[0].name = "queue";
	world->fields[1].name = "priority";
	for (int i = 0; i < 2; i++) {
		must(evaluator_compile(NULL, &world->arena, &world->fields[i].comparator, &err), &err);
	}
	world->contract = (struct contract){
		.interface = "ticket-routing",
		.version = "1.2.0",
		.environment = "prod",
		.production = true,
		.level = "document",
		.legacy_kind = "live",
		.legacy_version = "7",
		.legacy_simulated = true,
		.candidates = &world->candidate,
		.candidate_count = 1,
		.fields = world->fields,
		.field_count = 2,
		.limit_cost_per_transaction_nano = 50000000,
		.currency = "USD",
		.shadow_ppm = 1000000,
		.review_disagree_ppm = 1000000,
		.review_agree_ppm = 20000,
		.pi_min_disagree_ppm = 1000000,
		.pi_min_agree_ppm = 20000,
		.reviewers = 2,
		.close_after_days = 10,
		.gate_alpha = 0.05,
		.gate_margin = 0.01,
		.gate_accuracy = 0.95,
		.gate_contract_drift = 0.01,
		.gate_cost_per_transaction_nano = 10000000,
		.gate_min_weeks = 4,
		.gate_coverage = 0.98,
	};
}

void world_open(struct world *world)
{
	struct error err = ERROR_INIT;
	struct buffer description CLEANUP_BUFFER = BUFFER_INIT(1 << 20);
	uint8_t hash[SHA256_SIZE];
	bool is_new;
	must(contract_epoch(&world->contract, &world->candidate, &description, hash, &err), &err);
	must(store_begin(world->store, &err), &err);
	must(store_interface(world->store, span_of(world->contract.interface), &world->interface_id, &err), &err);
	must(store_candidate(world->store, world->interface_id, span_of(world->candidate.name), &world->candidate_id,
			     &err),
	     &err);
	for (int i = 0; i < 2; i++) {
		must(store_field(world->store, world->interface_id, span_of(world->fields[i].name),
				 &world->field_ids[i], &err),
		     &err);
	}
	must(store_epoch(world->store, world->candidate_id, (struct span){(const char *)hash, sizeof(hash)},
			 buffer_span(&description), 1, &world->epoch, &is_new, &err),
	     &err);
	must(store_commit(world->store, &err), &err);
}

void world_finish(struct world *world)
{
	char command[128];
	store_close(world->store);
	zone_destroy(world->installation.zone);
	arena_finish(&world->arena);
	(void)snprintf(command, sizeof(command), "rm -rf %s", world->directory);
	ck_assert_int_eq(system(command), 0);
}

void world_run(struct world *world, const char *sql)
{
	struct error err = ERROR_INIT;
	must(store_begin(world->store, &err), &err);
	struct statement *statement = store_statement(world->store, sql, &err);
	must(statement != NULL && statement_run(statement, &err), &err);
	must(store_commit(world->store, &err), &err);
}

static void run_with(struct world *world, const char *sql, int64_t a, int64_t b, int64_t c)
{
	struct error err = ERROR_INIT;
	struct statement *statement = store_statement(world->store, sql, &err);
	must(statement != NULL, &err);
	statement_bind_integer(statement, 1, a);
	statement_bind_integer(statement, 2, b);
	statement_bind_integer(statement, 3, c);
	must(statement_run(statement, &err), &err);
}

/* Which kind the i-th record of a batch is: its place among the sampled ones, in the order of the struct; -1: none. */
static int kind_of(const struct batch *batch, int i)
{
	const int counts[] = {batch->both, batch->llm_only, batch->legacy_only, batch->neither,
			      batch->open, batch->conflict, batch->unlabelable};
	for (int kind = 0; kind < 7; kind++) {
		if (i < counts[kind]) {
			return kind;
		}
		i -= counts[kind];
	}
	return -1;
}

static int64_t add_exchange(struct world *world, const struct batch *batch, int i)
{
	struct error err = ERROR_INIT;
	char name[128];
	uint8_t digest[SHA256_SIZE];
	(void)snprintf(name, sizeof(name), "%d %d %u %d %s %d", batch->week, (int)batch->side, batch->pi_ppm, i,
		       batch->llm_value != NULL ? batch->llm_value : "", batch->test);
	hash_sha256(span_of(name), digest);
	struct store_exchange exchange = {
		.test = batch->test,
		.interface_id = world->interface_id,
		.event_time = clock_week_start(batch->week, world->installation.zone),
		.week = batch->week,
		.legacy_status = 200,
		.legacy_latency_us = 1000 + i,
		.request = SPAN("{}"),
		.reply = SPAN("{}"),
	};
	memcpy(exchange.exchange_id, digest, sizeof(exchange.exchange_id));
	exchange.captured_at = exchange.event_time;
	int64_t id;
	enum store_delivery delivery;
	must(store_exchange_add(world->store, "recorded", &exchange, &id, &delivery, &err), &err);
	ck_assert_int_eq(delivery, STORE_NEW);
	return id;
}

static void add_review(struct world *world, const struct batch *batch, int64_t exchange, int kind)
{
	static const int statuses[] = {2, 2, 2, 2, 0, 1, 3};
	static const int llm[] = {1, 1, 0, 0};
	static const int legacy[] = {1, 0, 1, 0};
	struct error err = ERROR_INIT;
	int64_t item;
	must(store_review_item_add(world->store, exchange, SPAN(""), batch->week, true, &item, &err), &err);
	run_with(world, "UPDATE review_item SET status = ?2 WHERE id = ?1 AND ?3 = 0", item, statuses[kind], 0);
	if (kind < 4) {
		run_with(world, "INSERT INTO judgement (item_id, path, field_id, correct) VALUES (?, ?, 0, ?)", item,
			 world->candidate_id, llm[kind]);
		run_with(world, "INSERT INTO judgement (item_id, path, field_id, correct) VALUES (?, ?, 0, ?)", item, 0,
			 legacy[kind]);
	}
}

static void add_record(struct world *world, const struct batch *batch, int i)
{
	struct error err = ERROR_INIT;
	int64_t exchange = add_exchange(world, batch, i);
	int kind = kind_of(batch, i);
	bool invalid = batch->side == SIDE_INVALID;
	enum verdict verdict = batch->side == SIDE_AGREE ? VERDICT_AGREE : invalid ? VERDICT_INVALID : VERDICT_DISAGREE;
	struct store_evaluation evaluation = {
		.exchange = exchange,
		.candidate = world->candidate_id,
		.interface_id = world->interface_id,
		.epoch = world->epoch,
		.week = batch->week,
		.test = batch->test,
		.outcome = invalid ? OUTCOME_SCHEMA_MISMATCH : OUTCOME_OK,
		.verdict = verdict,
		.has_reply = true,
		.contract_drift = batch->drift,
		.latency_us = 2000 + i,
		.attempts = 1,
		.tokens_input = 10,
		.tokens_output = 5,
		.cost_nano = batch->cost_nano,
		.cost_limit_nano = world->contract.limit_cost_per_transaction_nano,
	};
	must(store_evaluation_finish(world->store, &evaluation, &err), &err);
	struct store_record record = {
		.exchange = exchange,
		.candidate = world->candidate_id,
		.epoch = world->epoch,
		.week = batch->week,
		.test = batch->test,
		.key = SPAN(""),
		.verdict = verdict,
		.side = batch->side,
		.pi_ppm = batch->pi_ppm,
		.sampled = kind >= 0,
	};
	must(store_record_add(world->store, &record, &err), &err);
	must(store_field_add(world->store, &record, world->field_ids[0], verdict,
			     span_of(batch->legacy_value != NULL ? batch->legacy_value : "\"x\""),
			     span_of(batch->llm_value != NULL ? batch->llm_value : "\"y\""), &err),
	     &err);
	must(store_field_add(world->store, &record, world->field_ids[1], VERDICT_AGREE, SPAN("1"), SPAN("1"), &err),
	     &err);
	if (kind >= 0) {
		add_review(world, batch, exchange, kind);
	}
}

void world_add(struct world *world, const struct batch *batches, size_t count, bool backwards)
{
	struct error err = ERROR_INIT;
	must(store_begin(world->store, &err), &err);
	for (size_t b = 0; b < count; b++) {
		const struct batch *batch = &batches[backwards ? count - 1 - b : b];
		for (int i = 0; i < batch->records; i++) {
			add_record(world, batch, backwards ? batch->records - 1 - i : i);
		}
	}
	must(store_commit(world->store, &err), &err);
}

int64_t after_week(const struct world *world, int32_t week)
{
	return clock_week_start(clock_week_next(week), world->installation.zone) + 3 * CLOCK_DAY;
}

const struct json_node *find(const struct json_node *root, const char *path)
{
	const struct json_node *node = root;
	const char *rest = path;
	while (*rest != '\0') {
		struct span name = {rest, strcspn(rest, ".")};
		uint64_t index;
		node = json_is(node, JSON_ARRAY) && text_to_uint64(name, &index) ? json_at(node, index)
										 : json_get(node, name);
		if (node == NULL) {
			ck_abort_msg("no %s", path);
		}
		rest += name.length + (rest[name.length] == '.');
	}
	return node;
}

double find_number(const struct json_node *root, const char *path)
{
	double number = 0;
	ck_assert_msg(text_to_double(json_text(find(root, path)), &number), "%s is no number", path);
	return number;
}

const struct json_node *world_report(struct world *world, int64_t as_of)
{
	struct error err = ERROR_INIT;
	struct report_request request = {.as_of = as_of};
	struct report *report = report_create(world->store, &world->installation, &world->contract, &request, &err);
	must(report != NULL, &err);
	struct buffer json CLEANUP_BUFFER = BUFFER_INIT(64 << 20);
	must(report_write_json(report, &json, &err), &err);
	report_destroy(report);
	const char *copy = arena_copy(&world->arena, buffer_span(&json));
	const struct json_node *root;
	must(json_parse(&world->arena, span_of(copy), NULL, &root, &err), &err);
	return root;
}

struct gate_run *world_gate(struct world *world, int64_t as_of)
{
	struct error err = ERROR_INIT;
	struct gate_run *run = gate_create(world->store, &world->installation, &world->contract, NULL, as_of, 0, &err);
	must(run != NULL, &err);
	return run;
}
