/* A store with a contract of two fields and one candidate, filled with known counts. */
#ifndef UNDERSTUDY_TESTS_REPORTS_WORLD_H
#define UNDERSTUDY_TESTS_REPORTS_WORLD_H

#include "reports/gate.h"
#include "reports/weekly.h"

struct world {
	char directory[64];
	struct store *store;
	struct installation installation;
	struct contract contract;
	struct contract_candidate candidate;
	struct contract_field fields[2];
	struct arena arena;
	int64_t interface_id;
	int64_t candidate_id;
	int64_t field_ids[2];
	int64_t epoch;
};

/* Records of one kind; those labelled, open and so on are the sampled ones. */
struct batch {
	int32_t week;
	enum store_side side;
	uint32_t pi_ppm;
	int records;
	int both, llm_only, legacy_only, neither, open, conflict, unlabelable;
	const char *legacy_value; /* of the first field where the sides differ; NULL: "x" */
	const char *llm_value;
	int64_t cost_nano;
	bool drift;
	bool test;
};

/* pi_min: disagree 1, agree 0.02; margin 0.01, accuracy 0.95, drift 0.01, cost 0.01 of at most 0.05; four weeks. */
void world_start(struct world *world);
/* Writes names and the evaluation period; the contract must be as the test wants it. */
void world_open(struct world *world);
void world_finish(struct world *world);
/* `backwards`: the same rows in the opposite order. */
void world_add(struct world *world, const struct batch *batches, size_t count, bool backwards);
void world_run(struct world *world, const char *sql);
/* The Thursday after the week has ended. */
int64_t after_week(const struct world *world, int32_t week);
/* The value at names and positions separated by dots; fails the test where there is none. */
const struct json_node *find(const struct json_node *root, const char *path);
double find_number(const struct json_node *root, const char *path);
const struct json_node *world_report(struct world *world, int64_t as_of);
struct gate_run *world_gate(struct world *world, int64_t as_of);
void must(bool done, const struct error *err);

#endif
