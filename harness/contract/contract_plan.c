/* The numbers: limits, sampling, review and gate. */
#include "harness/contract/config.h"

enum { SHARE_ONE = 1000000, OUTPUT_TOKENS = 1000, DAYS_OF_A_WEEK = 7 };

#define NANO INT64_C(1000000000)

static bool load_limits(struct contract *contract, const struct config *config)
{
	const struct json_node *limits = config_get(contract->root, "limits");
	return config_integer(config, config_get(limits, "input_tokens"), 0, &contract->limit_input_tokens) &&
	       config_integer(config, config_get(limits, "output_tokens"), OUTPUT_TOKENS,
			      &contract->limit_output_tokens) &&
	       config_money(config, config_get(limits, "usd_per_day"), 0, &contract->limit_cost_per_day_nano) &&
	       config_money(config, config_get(limits, "usd_per_transaction"), 0,
			    &contract->limit_cost_per_transaction_nano) &&
	       config_integer(config, config_get(contract->root, "slo.p95_ms"), 0, &contract->slo_p95_ms);
}

static bool load_sampling(struct contract *contract, const struct config *config)
{
	const struct json_node *repeat = config_get(contract->root, "sampling.repeat");
	uint32_t repeat_ppm;
	if (!config_share(config, config_get(contract->root, "sampling.shadow"), SHARE_ONE, &contract->shadow_ppm) ||
	    !config_small(config, config_get(contract->root, "sampling.floor"), 0, &contract->shadow_floor) ||
	    !config_share(config, repeat, 0, &repeat_ppm)) {
		return false;
	}
	return repeat_ppm == 0 || config_fail(config, repeat, "sampling.repeat is not supported yet; remove it");
}

/* A stratum that is never sampled can never be estimated, so no rate may be 0 (STATISTICS: pi >= pi_min > 0). */
static bool load_rate(const struct config *config, const char *side, uint32_t fallback, uint32_t *ret_rate,
		      uint32_t *ret_least)
{
	const struct json_node *review = config_get(config->document.root, "review");
	const struct json_node *rate = config_get(review, side);
	const struct json_node *least = config_get(config_get(review, "pi_min"), side);
	if (!config_share(config, rate, fallback, ret_rate)) {
		return false;
	}
	if (*ret_rate == 0) {
		return config_fail(
			config, rate,
			"review.%s is 0, so nothing could be said about these records; write a share above 0", side);
	}
	if (!config_share(config, least, *ret_rate, ret_least)) {
		return false;
	}
	if (*ret_least == 0) {
		return config_fail(config, least, "review.pi_min.%s must be above 0; write a share above 0", side);
	}
	if (*ret_least > *ret_rate) {
		return config_fail(config, least,
				   "review.pi_min.%s is above the rate review.%s; write at most the rate", side, side);
	}
	return true;
}

static bool load_review(struct contract *contract, const struct config *config)
{
	const struct json_node *review = config_get(contract->root, "review");
	return load_rate(config, "disagree", 500000, &contract->review_disagree_ppm, &contract->pi_min_disagree_ppm) &&
	       load_rate(config, "agree", 20000, &contract->review_agree_ppm, &contract->pi_min_agree_ppm) &&
	       config_small(config, config_get(review, "reviewers"), 2, &contract->reviewers) &&
	       config_share(config, config_get(review, "overlap"), 100000, &contract->overlap_ppm) &&
	       config_small(config, config_get(review, "close_after_days"), 10, &contract->close_after_days);
}

static bool load_gate(struct contract *contract, const struct config *config)
{
	const struct json_node *gate = config_get(contract->root, "gate");
	return config_double(config, config_get(gate, "alpha"), 0.05, &contract->gate_alpha) &&
	       config_double(config, config_get(gate, "margin"), 0.01, &contract->gate_margin) &&
	       config_double(config, config_get(gate, "accuracy"), 0.95, &contract->gate_accuracy) &&
	       config_double(config, config_get(gate, "contract_drift"), 0.01, &contract->gate_contract_drift) &&
	       config_money(config, config_get(gate, "usd_per_transaction"), NANO / 100,
			    &contract->gate_cost_per_transaction_nano) &&
	       config_small(config, config_get(gate, "min_weeks"), 4, &contract->gate_min_weeks) &&
	       config_double(config, config_get(gate, "coverage"), 0.98, &contract->gate_coverage);
}

/* A sampled record must be readable until its week is closed. */
static bool check_retention(const struct contract *contract, const struct config *config)
{
	const struct json_node *days = config_get(contract->root, "retention.payload_days");
	int payload_days;
	int least = contract->close_after_days + DAYS_OF_A_WEEK;
	if (!config_small(config, days, least, &payload_days)) {
		return false;
	}
	return payload_days >= least ||
	       config_fail(config, days,
			   "retention.payload_days ends before the records are reviewed; write at least %d (a week and "
			   "review.close_after_days)",
			   least);
}

bool contract_load_plan(struct contract *contract, const struct config *config)
{
	return load_limits(contract, config) && load_sampling(contract, config) && load_review(contract, config) &&
	       load_gate(contract, config) && check_retention(contract, config);
}
