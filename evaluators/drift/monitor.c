#include "evaluators/drift/monitor.h"

#include "evaluators/stats/drift.h"
#include "evaluators/stats/proportion.h"

#include <math.h>

/* Two-sided intervals of 90 % have one-sided bounds of 95 %. */
static const double CONFIDENCE = 0.90;
static const double DAY_US = 86400e6;
static const double HOURS_OF_A_DAY = 24;
static const double RUN_LENGTH_LEAST = 2;
static const double RATE_MOST = 1 - 1e-9; /* there must be room for p1 */

static double at_least(double value, double least)
{
	return value > least ? value : least;
}

static double at_most(double value, double most)
{
	return value < most ? value : most;
}

void drift_monitor_prepare(struct drift_monitor *monitor)
{
	if (monitor->phase == DRIFT_PHASE_REFERENCE) {
		return;
	}
	monitor->log_run_length = log(monitor->run_length);
	for (int i = 0; i < DRIFT_DETECTORS; i++) {
		struct drift_detector *detector = &monitor->detectors[i];
		struct stats_detector fresh = stats_detector_start(monitor->p0, detector->p1);
		detector->log_event = fresh.log_event;
		detector->log_no_event = fresh.log_no_event;
	}
}

/* The watch from nothing, at the reference that the monitor has. */
static void begin_watch(struct drift_monitor *monitor)
{
	double factor = 1;
	monitor->phase = DRIFT_PHASE_WATCH;
	monitor->replies = 0;
	monitor->events = 0;
	for (int i = 0; i < DRIFT_DETECTORS; i++) {
		factor *= 2;
		monitor->detectors[i] = (struct drift_detector){
			.p1 = at_most(factor * monitor->p0, (1 + monitor->p0) / 2),
			.log_sr = -HUGE_VAL,
		};
	}
	drift_monitor_prepare(monitor);
}

/* The rate that counts as usual, within what the watch can work with. */
static double usual_rate(const struct drift_plan *plan, double rate)
{
	return at_most(at_least(rate, 1 / (10 * (double)plan->reference_replies)), RATE_MOST);
}

static double run_length(const struct drift_plan *plan, double per_day)
{
	return at_least(per_day * plan->false_alarm_days, RUN_LENGTH_LEAST);
}

static void set_reference(struct drift_monitor *monitor, const struct drift_plan *plan, double rate, double per_day)
{
	monitor->p0 = usual_rate(plan, rate);
	monitor->replies_per_day = per_day;
	monitor->run_length = run_length(plan, per_day);
	begin_watch(monitor);
}

/* A burst of replies says little about a day: the reference counts as one hour at least. */
static void end_reference(struct drift_monitor *monitor, const struct drift_plan *plan)
{
	double count = (double)monitor->reference_replies;
	double days = (double)(monitor->reference_until - monitor->reference_from) / DAY_US;
	struct stats_interval interval = stats_clopper_pearson((uint64_t)monitor->reference_events,
							       (uint64_t)monitor->reference_replies, CONFIDENCE);
	set_reference(monitor, plan, interval.high, count / at_least(days, 1 / HOURS_OF_A_DAY));
}

static void add_to_reference(struct drift_monitor *monitor, const struct drift_plan *plan, bool event, int64_t at)
{
	bool first = monitor->reference_replies == 0;
	monitor->reference_from = first || at < monitor->reference_from ? at : monitor->reference_from;
	monitor->reference_until = first || at > monitor->reference_until ? at : monitor->reference_until;
	monitor->reference_replies++;
	monitor->reference_events += event;
	if (monitor->reference_replies >= plan->reference_replies) {
		end_reference(monitor, plan);
	}
}

void drift_monitor_start(struct drift_monitor *monitor, const struct drift_plan *plan)
{
	*monitor = (struct drift_monitor){.phase = DRIFT_PHASE_REFERENCE};
	if (plan->reference_rate >= 0) {
		set_reference(monitor, plan, plan->reference_rate, plan->replies_per_day);
	}
}

static bool differs(double a, double b)
{
	return a < b || a > b;
}

void drift_monitor_follow(struct drift_monitor *monitor, const struct drift_plan *plan)
{
	bool given = plan->reference_rate >= 0;
	if (monitor->phase == DRIFT_PHASE_ALARM) {
		return;
	}
	if (monitor->phase == DRIFT_PHASE_REFERENCE) {
		if (given) {
			drift_monitor_start(monitor, plan);
		}
		return;
	}
	bool was_given = monitor->reference_replies == 0;
	bool other_rate = given && (differs(monitor->p0, usual_rate(plan, plan->reference_rate)) ||
				    differs(monitor->replies_per_day, plan->replies_per_day));
	if (given != was_given || other_rate) {
		drift_monitor_start(monitor, plan);
		return;
	}
	monitor->run_length = run_length(plan, monitor->replies_per_day);
	monitor->log_run_length = log(monitor->run_length);
}

static void step_detector(struct drift_detector *detector, bool event, int64_t at)
{
	struct stats_detector step = {detector->log_event, detector->log_no_event, detector->cusum, detector->log_sr};
	if (detector->cusum <= 0) {
		detector->began_at = at;
		detector->replies = 0;
		detector->events = 0;
	}
	stats_detector_step(&step, event);
	detector->cusum = step.cusum;
	detector->log_sr = step.log_sr;
	detector->replies++;
	detector->events += event;
}

bool drift_monitor_step(struct drift_monitor *monitor, const struct drift_plan *plan, bool event, int64_t at)
{
	if (monitor->phase == DRIFT_PHASE_REFERENCE) {
		add_to_reference(monitor, plan, event, at);
		return false;
	}
	monitor->replies++;
	monitor->events += event;
	if (monitor->phase == DRIFT_PHASE_ALARM) {
		return false;
	}
	for (int i = 0; i < DRIFT_DETECTORS; i++) {
		step_detector(&monitor->detectors[i], event, at);
	}
	/* the mean is not above the greatest */
	bool alarm = drift_monitor_leader(monitor)->log_sr >= monitor->log_run_length &&
		     drift_monitor_log_evidence(monitor) >= monitor->log_run_length;
	monitor->phase = alarm ? DRIFT_PHASE_ALARM : DRIFT_PHASE_WATCH;
	return alarm;
}

void drift_monitor_restart(struct drift_monitor *monitor, const struct drift_plan *plan, bool accept)
{
	if (accept && plan->reference_rate < 0) {
		drift_monitor_start(monitor, plan);
	} else {
		begin_watch(monitor);
	}
}

const struct drift_detector *drift_monitor_leader(const struct drift_monitor *monitor)
{
	const struct drift_detector *leader = &monitor->detectors[0];
	for (int i = 1; i < DRIFT_DETECTORS; i++) {
		if (monitor->detectors[i].log_sr > leader->log_sr) {
			leader = &monitor->detectors[i];
		}
	}
	return leader;
}

double drift_monitor_log_evidence(const struct drift_monitor *monitor)
{
	double greatest = drift_monitor_leader(monitor)->log_sr;
	double sum = 0;
	if (isinf(greatest)) {
		return greatest;
	}
	for (int i = 0; i < DRIFT_DETECTORS; i++) {
		sum += exp(monitor->detectors[i].log_sr - greatest);
	}
	return greatest + log(sum / DRIFT_DETECTORS);
}
