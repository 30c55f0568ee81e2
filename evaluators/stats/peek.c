#include "evaluators/stats/peek.h"

#include "harness/base/hash.h"

#include <math.h>

const struct stats_peek_scenario stats_peek_scenarios[] = {
	{.name = "NI-null pi_d=1", .limit = -.01, .share = .06, .sampled_disagree = 1},
	{.name = "NI-null pi_d=.5", .limit = -.01, .share = .06, .sampled_disagree = .5},
	{.name = "NI-null pi_d=.2", .limit = -.01, .share = .06, .sampled_disagree = .2},
};
