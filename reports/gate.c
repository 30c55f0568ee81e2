#include "reports/gate.h"

#include "reports/figures.h"
#include "reports/gate_evidence.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { PPM = 1000000, ARENA_MAX = 1 << 30 };
#define NANO 1e9
#define PERIOD_GUARD "evaluation period"

/* What one assessment works on. */
struct assessment {
	struct arena *arena;
	const struct evidence *evidence;
	const struct contract *contract;
	const struct contract_candidate *candidate;
	struct gate *gate;
	struct error *err;
	int32_t last_week; /* last closed one */
	size_t reason_capacity;
	bool no_memory;
};

static bool is_lower_better(enum gate_target target)
{
	return target == GATE_CONTRACT_DRIFT || target == GATE_COST;
}

/* A mean or bound of Y in the condition's unit. */
static double to_unit(const struct contract *contract, enum gate_target target, double y)
{
	if (target == GATE_CONTRACT_DRIFT) {
		return 1 - y;
	}
	if (target == GATE_COST) {
		return (1 - y) * (double)contract->limit_cost_per_transaction_nano / NANO;
	}
	return y;
}

static void add_reason(struct assessment *work, const char *text)
{
	const char **reason = evidence_push(work->arena, (void **)&work->gate->reasons, &work->gate->reason_count,
					    &work->reason_capacity, sizeof(*reason));
	if (reason == NULL || text == NULL) {
		work->no_memory = true;
		return;
	}
	*reason = text;
}

static void add_guard(struct assessment *work, const char *name, enum gate_guard_state state, const char *sentence)
{
	BUG_ON(work->gate->guard_count == GATE_GUARDS_MAX);
	work->no_memory = work->no_memory || sentence == NULL;
	work->gate->guards[work->gate->guard_count++] = (struct gate_guard){name, state, sentence};
}

/* --- conditions --- */

/* Planning probabilities: the observed cells with half a record added to each, and half a record at the worst score
 * where none was seen, so that a clean start is not taken for certainty (STATISTICS.md section 6.3). */
static size_t planning_cells(const struct gate_condition *condition, const struct gate_scores *scores, double *y,
			     double *p)
{
	size_t count = 0;
	double least = scores->hi;
	double total = 0;
	for (size_t i = 0; i < scores->count; i++) {
		y[count] = scores->cells[i].y;
		p[count++] = (double)scores->cells[i].count + 0.5;
		least = scores->cells[i].y < least ? scores->cells[i].y : least;
	}
	if (!is_lower_better(condition->target) && least > scores->lo) {
		y[count] = scores->lo;
		p[count++] = 0.5;
	}
	for (size_t i = 0; i < count; i++) {
		total += p[i];
	}
	for (size_t i = 0; i < count; i++) {
		p[i] /= total;
	}
	return count;
}

static void plan(struct assessment *work, struct gate_condition *condition, const struct gate_scores *scores)
{
	double *y = arena_allocate_array(work->arena, scores->count + 1, sizeof(*y));
	double *p = arena_allocate_array(work->arena, scores->count + 1, sizeof(*p));
	/* No promise where the better estimate is on the wrong side of the limit, whatever the scores' mean says. */
	bool is_short = !is_lower_better(condition->target) && condition->estimate <= condition->limit;
	if (y == NULL || p == NULL || scores->records == 0 || is_short) {
		work->no_memory = work->no_memory || y == NULL || p == NULL;
		return;
	}
	struct stats_growth growth;
	size_t count = planning_cells(condition, scores, y, p);
	if (stats_kw_plan(&stats_default_bets, y, p, count, scores->m, scores->lo, work->gate->alpha, condition->log_e,
			  &growth) != STATS_EVIDENCE_OK ||
	    !growth.reachable) {
		return;
	}
	condition->reachable = true;
	condition->more_records = ceil(growth.records);
	condition->more_labels = ceil(growth.records * scores->label_rate);
	condition->more_weeks = ceil(growth.records * (double)work->gate->closed_count / (double)scores->records);
}

static void weigh(struct assessment *work, struct gate_condition *condition, const struct gate_scores *scores)
{
	const struct stats_bets *bets = &stats_default_bets;
	double alpha = work->gate->alpha;
	double bound = 0;
	enum stats_evidence_status status =
		stats_kw_log_e(bets, scores->cells, scores->count, scores->m, scores->lo, &condition->log_e);
	if (status == STATS_EVIDENCE_OK) {
		status = stats_kw_log_e_upper(bets, scores->against, scores->against_count, scores->m, scores->hi,
					      &condition->log_e_against);
	}
	if (status == STATS_EVIDENCE_OK) {
		status = stats_kw_lower_bound(bets, scores->cells, scores->count, scores->lo, alpha, &bound);
	}
	if (status != STATS_EVIDENCE_OK) {
		condition->state = GATE_NOT_TESTED;
		condition->note = stats_evidence_text(status);
		return;
	}
	if (!is_lower_better(condition->target)) {
		double floor = condition->target == GATE_DIFFERENCE ? -1 : 0;
		bound = bound < floor ? floor : bound;
	}
	condition->proven = to_unit(work->contract, condition->target, bound);
	if (stats_evidence_reached(condition->log_e, alpha) > 0) {
		condition->state = GATE_PASSED;
	} else if (condition->log_e_against >= work->gate->threshold_against + 1e-9) {
		condition->state = GATE_FAILED;
	} else {
		condition->state = GATE_OPEN;
		plan(work, condition, scores);
	}
}

static double limit_of(const struct contract *contract, enum gate_target target)
{
	const double limits[GATE_TARGET_COUNT] = {
		[GATE_DIFFERENCE] = -contract->gate_margin,
		[GATE_ACCURACY] = contract->gate_accuracy,
		[GATE_CONTRACT_DRIFT] = contract->gate_contract_drift,
		[GATE_COST] = (double)contract->gate_cost_per_transaction_nano / NANO,
	};
	return limits[target];
}

static uint64_t compared_in(const struct assessment *work, int64_t *ret_most_cost, int64_t *ret_cost)
{
	uint64_t compared = 0;
	*ret_most_cost = 0;
	*ret_cost = 0;
	for (size_t i = 0; i < work->evidence->transaction_count; i++) {
		const struct evidence_transactions *sums = &work->evidence->transactions[i];
		if (sums->epoch == work->gate->epoch && sums->week <= work->last_week) {
			compared += sums->compared;
			*ret_cost += sums->cost_nano;
			*ret_most_cost = sums->cost_nano_max > *ret_most_cost ? sums->cost_nano_max : *ret_most_cost;
		}
	}
	return compared;
}

/* True where the cost condition is settled before any evidence. */
static bool cost_is_special(struct assessment *work, struct gate_condition *condition)
{
	const struct contract *contract = work->contract;
	int64_t most;
	int64_t cost;
	uint64_t compared = compared_in(work, &most, &cost);
	int64_t cap = contract->limit_cost_per_transaction_nano;
	condition->records = compared;
	condition->estimate = compared > 0 ? (double)cost / (double)compared / NANO : (double)NAN;
	if (contract->gate_cost_per_transaction_nano == 0) {
		condition->state = GATE_UNCONFIGURED;
	} else if (cap == 0) {
		condition->note = "limits.usd_per_transaction is not set, so nothing bounds the cost of one "
				  "transaction; set it, or set gate.usd_per_transaction to 0";
	} else if (most > cap) {
		condition->note = "a transaction cost more than limits.usd_per_transaction, so the bound that the "
				  "evidence rests on does not hold; look at retries and prices";
	} else if (cap <= contract->gate_cost_per_transaction_nano) {
		condition->state = compared > 0 ? GATE_BY_CAP : GATE_OPEN;
		condition->proven = (double)cap / NANO;
	} else {
		return false;
	}
	return true;
}

/* For people the same estimator as in the report, over the closed weeks of this evaluation period: the scores' mean is
 * unbiased too, but it scatters more, and two figures for one thing would confuse. */
static bool estimate_condition(struct assessment *work, struct gate_condition *condition)
{
	const struct evidence *evidence = work->evidence;
	struct evidence period = {0};
	struct figures figures;
	period.strata = arena_allocate_array(work->arena, evidence->stratum_count + 1, sizeof(*period.strata));
	if (period.strata == NULL) {
		return error_set(work->err, ERROR_MEMORY, "no memory for the gate's estimates");
	}
	for (size_t i = 0; i < evidence->stratum_count; i++) {
		if (evidence->strata[i].epoch == work->gate->epoch) {
			period.strata[period.stratum_count++] = evidence->strata[i];
		}
	}
	figures_compute(&period, work->contract, 0, work->last_week, &figures);
	if (figures.estimated) {
		condition->estimate = condition->target == GATE_ACCURACY ? figures.llm.value : figures.difference.value;
	}
	return true;
}

static bool assess_condition(struct assessment *work, enum gate_target target)
{
	struct gate_condition *condition = &work->gate->conditions[target];
	*condition = (struct gate_condition){.target = target,
					     .state = GATE_NOT_TESTED,
					     .limit = limit_of(work->contract, target),
					     .estimate = (double)NAN,
					     .score_mean = (double)NAN,
					     .proven = (double)NAN};
	if (target == GATE_COST && cost_is_special(work, condition)) {
		return true;
	}
	struct gate_scores scores;
	if (!gate_scores_read(work->arena, work->evidence, work->contract, target, work->gate->epoch, work->last_week,
			      &scores, work->err)) {
		return false;
	}
	condition->records = scores.records;
	condition->labelled = scores.labelled;
	condition->score_mean = to_unit(work->contract, target, gate_scores_mean(&scores));
	if (target == GATE_CONTRACT_DRIFT) {
		condition->estimate = condition->score_mean;
	} else if (target != GATE_COST && !estimate_condition(work, condition)) {
		return false;
	}
	weigh(work, condition, &scores);
	return true;
}

static bool assess_looks(struct assessment *work)
{
	struct gate *gate = work->gate;
	gate->looks = arena_allocate_array(work->arena, gate->closed_count + 1, sizeof(*gate->looks));
	if (gate->looks == NULL) {
		return error_set(work->err, ERROR_MEMORY, "no memory for the gate's history");
	}
	for (size_t i = 0; i < gate->closed_count; i++) {
		gate->looks[i].week = gate->weeks[i].week;
		for (int target = 0; target < GATE_TARGET_COUNT; target++) {
			enum gate_state state = gate->conditions[target].state;
			struct gate_scores scores;
			gate->looks[i].log_e[target] = (double)NAN;
			if (state != GATE_PASSED && state != GATE_OPEN && state != GATE_FAILED) {
				continue;
			}
			if (!gate_scores_read(work->arena, work->evidence, work->contract, (enum gate_target)target,
					      gate->epoch, gate->weeks[i].week, &scores, work->err)) {
				return false;
			}
			(void)stats_kw_log_e(&stats_default_bets, scores.cells, scores.count, scores.m, scores.lo,
					     &gate->looks[i].log_e[target]);
		}
	}
	return true;
}

/* --- guards --- */

static void guard_accounts(struct assessment *work)
{
	const struct evidence *evidence = work->evidence;
	if (evidence->fault != NULL) {
		add_guard(
			work, "store", GUARD_FAULT,
			arena_format(work->arena, "The store contradicts itself: %s. Run db check.", evidence->fault));
	}
	if (evidence_accounted(evidence)) {
		add_guard(work, "accounts", GUARD_PASSED, "Both ledgers tie out: everything seen is accounted for.");
		return;
	}
	add_guard(work, "accounts", GUARD_FAULT,
		  arena_format(work->arena,
			       "The accounts do not tie out (tap %lld, spool to store %lld, evaluations %lld); find "
			       "the missing exchanges before deciding anything.",
			       (long long)evidence->tap.unseen, (long long)evidence->tap.missing,
			       (long long)evidence->ledger.difference));
}

/* Probabilities below what was declared before the labels make the guarantee void (STATISTICS.md section 4.5). */
static void guard_probabilities(struct assessment *work)
{
	for (size_t i = 0; i < work->evidence->stratum_count; i++) {
		const struct evidence_stratum *stratum = &work->evidence->strata[i];
		uint32_t least = stratum->side == SIDE_AGREE ? work->contract->pi_min_agree_ppm
							     : work->contract->pi_min_disagree_ppm;
		if (stratum->epoch == work->gate->epoch && stratum->pi_ppm < least) {
			add_guard(work, "sampling", GUARD_FAULT,
				  arena_format(work->arena,
					       "Records were sampled with probability %g, below the declared minimum "
					       "%g; the guarantee does not hold.",
					       stratum->pi_ppm / (double)PPM, least / (double)PPM));
			return;
		}
	}
	add_guard(work, "sampling", GUARD_PASSED, "Every record had at least the declared probability of review.");
}

/* Cells of the cost condition must be the compared transactions. */
static void guard_cost(struct assessment *work)
{
	const struct gate_condition *condition = &work->gate->conditions[GATE_COST];
	int64_t most;
	int64_t cost;
	bool tested =
		condition->state == GATE_PASSED || condition->state == GATE_OPEN || condition->state == GATE_FAILED;
	if (tested && condition->records != compared_in(work, &most, &cost)) {
		add_guard(work, "cost", GUARD_FAULT,
			  "The store counts the costs of another number of transactions than it compared.");
	}
}

static void guard_period(struct assessment *work)
{
	const struct evidence *evidence = work->evidence;
	uint8_t hash[SHA256_SIZE];
	struct buffer description CLEANUP_BUFFER = BUFFER_INIT(16 << 20);
	if (evidence->epoch_count == 0) {
		add_guard(work, PERIOD_GUARD, GUARD_HOLDS, "No evaluation period has begun yet; run the worker.");
		return;
	}
	struct error ignored = ERROR_INIT;
	bool described = contract_epoch(work->contract, work->candidate, &description, hash, &ignored);
	const char *begun_with = evidence->epochs[evidence->epoch_count - 1].description;
	if (described && contract_epoch_same(span_of(begun_with), buffer_span(&description))) {
		add_guard(work, PERIOD_GUARD, GUARD_PASSED,
			  "The contract is the one that this evaluation period began with.");
		return;
	}
	add_guard(work, PERIOD_GUARD, GUARD_HOLDS,
		  "The contract was changed since this evaluation period began; take the change back, or begin a new "
		  "period with --new-epoch.");
}

static void guard_weeks(struct assessment *work)
{
	size_t closed = work->gate->closed_count;
	int least = work->contract->gate_min_weeks;
	bool enough = least <= 0 || closed >= (size_t)least;
	add_guard(work, "weeks", enough ? GUARD_PASSED : GUARD_HOLDS,
		  arena_format(work->arena, "%zu closed %s of at least %d.", closed, closed == 1 ? "week" : "weeks",
			       least));
}

static void guard_coverage(struct assessment *work)
{
	uint64_t compared = 0;
	uint64_t wanted = 0;
	for (size_t i = 0; i < work->evidence->week_count; i++) {
		const struct evidence_week *week = &work->evidence->weeks[i];
		for (size_t j = 0; j < work->gate->closed_count; j++) {
			if (work->gate->weeks[j].week == week->week) {
				compared += week->states[EVALUATION_COMPARED];
				wanted += evidence_stored(week) - week->reasons[NOT_EVALUATED_SAMPLED_OUT];
			}
		}
	}
	double coverage = wanted > 0 ? (double)compared / (double)wanted : 0;
	bool enough = wanted > 0 && coverage >= work->contract->gate_coverage - 1e-12;
	add_guard(work, "coverage", enough ? GUARD_PASSED : GUARD_HOLDS,
		  arena_format(work->arena,
			       "%llu of %llu exchanges of the closed weeks were compared (%.2f %%, at least %.2f %%).",
			       (unsigned long long)compared, (unsigned long long)wanted, coverage * 100,
			       work->contract->gate_coverage * 100));
}

static void guard_strata(struct assessment *work)
{
	static const char *const sides[SIDE_COUNT] = {"agreeing", "disagreeing", "unusable"};
	uint64_t records[SIDE_COUNT] = {0};
	uint64_t labelled[SIDE_COUNT] = {0};
	uint64_t total = 0;
	for (size_t i = 0; i < work->evidence->stratum_count; i++) {
		const struct evidence_stratum *stratum = &work->evidence->strata[i];
		if (stratum->epoch == work->gate->epoch && stratum->week <= work->last_week) {
			records[stratum->side] += stratum->records;
			labelled[stratum->side] += evidence_labelled(stratum);
			total += stratum->records;
		}
	}
	for (int side = 0; side < SIDE_COUNT; side++) {
		if (labelled[side] == 0 && (double)records[side] > 0.01 * (double)total) {
			add_guard(work, "labels", GUARD_HOLDS,
				  arena_format(work->arena, "None of the %llu %s records (%.1f %%) has a label yet.",
					       (unsigned long long)records[side], sides[side],
					       100 * (double)records[side] / (double)total));
			return;
		}
	}
	bool any = total > 0;
	add_guard(work, "labels", any ? GUARD_PASSED : GUARD_HOLDS,
		  any ? "Every kind of record that weighs more than 1 % has labels."
		      : "No record of a closed week has been compared yet.");
}

/* --- decision --- */

static bool keeps_limit(const struct gate_condition *condition)
{
	return is_lower_better(condition->target) ? condition->estimate < condition->limit
						  : condition->estimate > condition->limit;
}

/* The texts of a condition's numbers. */
struct condition_texts {
	const char *title;
	const char *bound; /* "at most" or "at least" */
	char limit[48];
	char value[48];
	char proven[48];
};

static void write_condition(const struct gate *gate, const struct gate_condition *condition,
			    struct condition_texts *texts)
{
	texts->title = gate_target_title(condition->target);
	texts->bound = is_lower_better(condition->target) ? "at most" : "at least";
	gate_value_text(gate, condition->target, condition->limit, texts->limit);
	gate_value_text(gate, condition->target, condition->estimate, texts->value);
	gate_value_text(gate, condition->target, condition->proven, texts->proven);
}

/* Neither proven nor refuted: what is missing. */
static char *open_reason(struct arena *arena, const struct gate_condition *condition,
			 const struct condition_texts *texts)
{
	if (condition->records == 0) {
		return arena_format(arena, "%s: no closed week to judge by yet.", texts->title);
	}
	if (!isfinite(condition->estimate)) {
		return arena_format(arena, "%s: too few reviews for an estimate; needed %s.", texts->title,
				    texts->limit);
	}
	if (condition->reachable) {
		char labels[64] = "";
		if (condition->more_labels > 0) {
			(void)snprintf(labels, sizeof(labels), "about %.0f more reviews, ", condition->more_labels);
		}
		return arena_format(arena, "%s: %s so far, proven %s %s, needed %s; %sabout %.0f more %s at this rate.",
				    texts->title, texts->value, texts->bound, texts->proven, texts->limit, labels,
				    condition->more_weeks, condition->more_weeks <= 1 ? "week" : "weeks");
	}
	if (keeps_limit(condition)) {
		return arena_format(arena,
				    "%s: %s so far, proven %s %s, needed %s; too few records, or too close to the "
				    "limit, to say how many more it takes.",
				    texts->title, texts->value, texts->bound, texts->proven, texts->limit);
	}
	return arena_format(arena, "%s: %s so far, needed %s; at this estimate more data will not pass it.",
			    texts->title, texts->value, texts->limit);
}

static void reason_for(struct assessment *work, const struct gate_condition *condition)
{
	struct condition_texts texts;
	write_condition(work->gate, condition, &texts);
	if (condition->state == GATE_PASSED || condition->state == GATE_BY_CAP) {
		add_reason(work, arena_format(work->arena, "%s: proven to be %s %s (limit %s).", texts.title,
					      texts.bound, texts.proven, texts.limit));
	} else if (condition->state == GATE_FAILED) {
		add_reason(work,
			   arena_format(work->arena, "%s: the limit %s is missed, beyond chance; the estimate is %s.",
					texts.title, texts.limit, texts.value));
	} else if (condition->state == GATE_NOT_TESTED) {
		add_reason(work, arena_format(work->arena, "%s: cannot be tested: %s.", texts.title, condition->note));
	} else if (condition->state == GATE_OPEN) {
		add_reason(work, open_reason(work->arena, condition, &texts));
	}
}

/* What the conditions and guards come to, before they are put into words. */
static enum gate_decision decide(const struct gate *gate)
{
	bool passed = true;
	bool failed = false;
	bool fault = false;
	bool changed = false; /* then the old evidence says nothing about the new limits, either way */
	for (int i = 0; i < GATE_TARGET_COUNT; i++) {
		enum gate_state state = gate->conditions[i].state;
		passed = passed && (state == GATE_PASSED || state == GATE_BY_CAP || state == GATE_UNCONFIGURED);
		failed = failed || state == GATE_FAILED;
	}
	for (size_t i = 0; i < gate->guard_count; i++) {
		const struct gate_guard *guard = &gate->guards[i];
		fault = fault || guard->state == GUARD_FAULT;
		passed = passed && guard->state == GUARD_PASSED;
		changed = changed || (guard->state == GUARD_HOLDS && strcmp(guard->name, PERIOD_GUARD) == 0);
	}
	if (fault) {
		return GATE_DATA_FAULT;
	}
	if (failed && !changed) {
		return GATE_NO_GO;
	}
	return passed ? GATE_GO : GATE_HOLD;
}

static void reasons_of_guards(struct assessment *work, enum gate_guard_state state)
{
	for (size_t i = 0; i < work->gate->guard_count; i++) {
		if (work->gate->guards[i].state == state) {
			add_reason(work, work->gate->guards[i].sentence);
		}
	}
}

static void reasons_of_conditions(struct assessment *work, enum gate_state state)
{
	for (int target = 0; target < GATE_TARGET_COUNT; target++) {
		if (work->gate->conditions[target].state == state) {
			reason_for(work, &work->gate->conditions[target]);
		}
	}
}

/* The decision, and its reasons in the order of their weight: the first one heads the report. */
static void conclude(struct assessment *work)
{
	work->gate->decision = decide(work->gate);
	reasons_of_guards(work, GUARD_FAULT);
	if (work->gate->decision == GATE_NO_GO) {
		reasons_of_conditions(work, GATE_FAILED);
		reasons_of_guards(work, GUARD_HOLDS);
	} else {
		reasons_of_guards(work, GUARD_HOLDS);
		reasons_of_conditions(work, GATE_FAILED);
	}
	reasons_of_conditions(work, GATE_NOT_TESTED);
	reasons_of_conditions(work, GATE_OPEN);
	reasons_of_conditions(work, GATE_PASSED);
	reasons_of_conditions(work, GATE_BY_CAP);
}

static bool find_weeks(struct assessment *work, const struct zone *zone)
{
	struct gate *gate = work->gate;
	if (!evidence_close(work->arena, work->evidence, work->contract, zone, gate->as_of, &gate->weeks,
			    &gate->week_count, work->err)) {
		return false;
	}
	while (gate->closed_count < gate->week_count && gate->weeks[gate->closed_count].closed) {
		work->last_week = gate->weeks[gate->closed_count++].week;
	}
	return true;
}

static void set_thresholds(struct gate *gate, const struct contract *contract)
{
	int conditions = GATE_TARGET_COUNT - (contract->gate_cost_per_transaction_nano == 0);
	gate->alpha = contract->gate_alpha;
	gate->threshold = -log(gate->alpha);
	gate->threshold_against = log(conditions / gate->alpha);
}

bool gate_assess(struct arena *arena, const struct evidence *evidence, const struct contract *contract,
		 const struct contract_candidate *candidate, const struct zone *zone, int64_t as_of,
		 struct gate *ret_gate, struct error *err)
{
	if (!(contract->gate_alpha > 0 && contract->gate_alpha <= 0.5)) {
		return error_set(err, ERROR_CONFIG, "gate.alpha is %g; write a number above 0 and at most 0.5",
				 contract->gate_alpha);
	}
	struct gate gate = {
		.interface = contract->interface,
		.version = contract->version,
		.level = contract->level,
		.candidate = candidate->name,
		.currency = contract->currency,
		.as_of = as_of,
		.epoch = evidence->epoch_count > 0 ? evidence->epochs[evidence->epoch_count - 1].ordinal : 0,
		.llm_simulated = candidate->simulated,
		.legacy_simulated = contract->legacy_simulated,
	};
	set_thresholds(&gate, contract);
	struct assessment work = {.arena = arena,
				  .evidence = evidence,
				  .contract = contract,
				  .candidate = candidate,
				  .gate = &gate,
				  .err = err};
	if (!find_weeks(&work, zone)) {
		return false;
	}
	for (int target = 0; target < GATE_TARGET_COUNT; target++) {
		if (!assess_condition(&work, (enum gate_target)target)) {
			return false;
		}
	}
	if (!assess_looks(&work)) {
		return false;
	}
	guard_accounts(&work);
	guard_probabilities(&work);
	guard_cost(&work);
	guard_period(&work);
	guard_weeks(&work);
	guard_coverage(&work);
	guard_strata(&work);
	conclude(&work);
	if (work.no_memory) {
		return error_set(err, ERROR_MEMORY, "no memory for the gate's reasons");
	}
	*ret_gate = gate;
	return true;
}

/* --- with a store --- */

struct gate_run {
	struct arena arena;
	struct gate gate;
};

static const struct contract_candidate *find_candidate(const struct contract *contract, const char *name,
						       struct error *err)
{
	for (size_t i = 0; i < contract->candidate_count; i++) {
		if (name == NULL || strcmp(contract->candidates[i].name, name) == 0) {
			return &contract->candidates[i];
		}
	}
	error_set(err, ERROR_MISSING, "interface %s has no candidate %s; see candidates in its contract",
		  contract->interface, name != NULL ? name : "at all");
	return NULL;
}

struct gate_run *gate_create(struct store *store, const struct installation *installation,
			     const struct contract *contract, const char *candidate, int64_t as_of, uint64_t in_spool,
			     struct error *err)
{
	const struct contract_candidate *which = find_candidate(contract, candidate, err);
	struct gate_run *run = which != NULL ? calloc(1, sizeof(*run)) : NULL;
	if (run == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for the gate");
		return NULL;
	}
	arena_init(&run->arena, ARENA_MAX);
	struct evidence evidence;
	bool done = store_begin_read(store, err);
	if (done) {
		done = evidence_read(&run->arena, store, contract->interface, which->name, in_spool, &evidence, err);
		store_rollback(store);
	}
	if (!done ||
	    !gate_assess(&run->arena, &evidence, contract, which, installation->zone, as_of, &run->gate, err)) {
		gate_destroy(run);
		return NULL;
	}
	return run;
}

const struct gate *gate_result(const struct gate_run *run)
{
	return &run->gate;
}

void gate_destroy(struct gate_run *run)
{
	if (run != NULL) {
		arena_finish(&run->arena);
		free(run);
	}
}
