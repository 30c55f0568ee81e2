/* Layer 1. Two ends of an interval. */
#ifndef UNDERSTUDY_EVALUATORS_STATS_INTERVAL_H
#define UNDERSTUDY_EVALUATORS_STATS_INTERVAL_H

struct stats_interval {
	double low;
	double high;
};

#endif
