/* Layer 1. Does a path's contract drift rate rise? One monitor for each stream of replies, stepped once for each reply.
 *
 * Reference: the rate p0 that counts as usual is the one-sided 95 % Clopper-Pearson upper bound of the first
 * `reference_replies` replies, or given; at least 1/(10 reference_replies), and below 1.
 * Watch: three Shiryaev-Roberts e-detectors (evaluators/stats/drift.h) for p1 = 2 p0, 4 p0 and 8 p0, none above
 * (1 + p0)/2; M is their mean, which is an e-detector too (Shin, Ramdas, Rinaldo 2024, section 2), so that for any
 * stream whose conditional probability of an event stays at or below p0 the mean number of replies to a false alarm is
 * at least A. The alarm is M >= A. A is the number of replies expected in `false_alarm_days` at the traffic of the
 * reference, and at least 2.
 * When it began: each detector has a CUSUM beside it; that of the detector with the greatest M was last at 0 just
 * before the reply that `began_at` is of. It is an estimate, and likely too early by a few replies.
 *
 * An alarm stays until drift_monitor_restart. The state is plain data: stored and read again (drift_monitor_prepare) it
 * goes on as before, and how the stream is cut into batches makes no difference. */
#ifndef UNDERSTUDY_EVALUATORS_DRIFT_MONITOR_H
#define UNDERSTUDY_EVALUATORS_DRIFT_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

enum { DRIFT_DETECTORS = 3 };

/* Stored: add at the end. */
enum drift_phase { DRIFT_PHASE_REFERENCE, DRIFT_PHASE_WATCH, DRIFT_PHASE_ALARM };

struct drift_plan {
	int64_t reference_replies; /* >= 1 */
	double reference_rate;     /* the usual rate where it is given; negative: measured */
	double replies_per_day;    /* > 0; expected, where the rate is given */
	double false_alarm_days;   /* > 0 */
};

struct drift_detector {
	double p1;
	double cusum;
	double log_sr;    /* log M; -infinity at the start */
	int64_t began_at; /* time of the first reply after the CUSUM was last at 0; 0: none yet */
	int64_t replies;  /* since then, that one included */
	int64_t events;   /* of these */
	double log_event; /* derived from p0 and p1 */
	double log_no_event;
};

struct drift_monitor {
	enum drift_phase phase;
	int64_t reference_replies; /* counted so far; 0 where the rate is given */
	int64_t reference_events;
	int64_t reference_from; /* earliest and latest time of the reference's replies, microseconds */
	int64_t reference_until;
	double p0;              /* 0 in the reference */
	double run_length;      /* A, in replies; 0 in the reference */
	double replies_per_day; /* of the reference; with A: the mean time to a false alarm in days */
	int64_t replies;        /* since the watch began, those in alarm included */
	int64_t events;
	struct drift_detector detectors[DRIFT_DETECTORS];
	double log_run_length; /* derived; in the reference not set */
};

void drift_monitor_start(struct drift_monitor *monitor, const struct drift_plan *plan);
/* The next reply: does it deviate, and when was it captured. True where this one raises the alarm. */
bool drift_monitor_step(struct drift_monitor *monitor, const struct drift_plan *plan, bool event, int64_t at);
/* After an alarm: `accept` takes what comes now as the new reference, unless the plan gives the rate; else the watch
 * goes on from nothing with the old one. */
void drift_monitor_restart(struct drift_monitor *monitor, const struct drift_plan *plan, bool accept);
/* The plan may have changed since the state was kept: a rate that is given now or no more, or another one, starts the
 * monitor anew; another number of days between false alarms is taken over. An alarm stays. */
void drift_monitor_follow(struct drift_monitor *monitor, const struct drift_plan *plan);
/* Sets what is derived, after the rest was read from where it is kept. */
void drift_monitor_prepare(struct drift_monitor *monitor);
/* log M, -infinity at the start. */
double drift_monitor_log_evidence(const struct drift_monitor *monitor);
/* The detector with the greatest M. */
const struct drift_detector *drift_monitor_leader(const struct drift_monitor *monitor);

#endif
