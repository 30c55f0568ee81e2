#include "evaluators/stats/anytime.h"
#include "evaluators/stats/drift.h"
#include "evaluators/stats/method_call.h"

#include <math.h>
#include <stdlib.h>

static const double BIN_MAX = 1e15;
static const double STREAM_MAX = 1e8;

static double total_of(const struct method_numbers *numbers)
{
	double total = 0;

	for (size_t i = 0; i < numbers->count; i++) {
		total += numbers->values[i];
	}
	return total;
}

static bool read_bins(struct method_call *call, const char *first, const char *second, struct method_numbers *a,
		      struct method_numbers *b)
{
	if (!method_numbers(call, call->input, first, 0, BIN_MAX, a) ||
	    !method_numbers(call, call->input, second, 0, BIN_MAX, b)) {
		return false;
	}
	if (a->count != b->count) {
		return method_fail(call, "\"%s\" and \"%s\" must be equally long", first, second);
	}
	return true;
}

static bool read_filled_bins(struct method_call *call, const char *first, const char *second, struct method_numbers *a,
			     struct method_numbers *b)
{
	if (!read_bins(call, first, second, a, b)) {
		return false;
	}
	if (!(total_of(a) > 0 && total_of(b) > 0)) {
		return method_fail(call, "\"%s\" and \"%s\" must each hold a number above 0", first, second);
	}
	return true;
}

/* {expected, actual, smoothing} -> number */
static bool method_psi(struct method_call *call)
{
	struct method_numbers expected;
	struct method_numbers actual;
	double smoothing = 0;

	return read_bins(call, "expected", "actual", &expected, &actual) &&
	       method_number(call, call->input, "smoothing", 1e-12, 1e12, &smoothing) &&
	       method_result(call, stats_psi(expected.values, actual.values, expected.count, smoothing));
}

/* {p, q} -> bits */
static bool method_jensen_shannon(struct method_call *call)
{
	struct method_numbers p;
	struct method_numbers q;

	return read_filled_bins(call, "p", "q", &p, &q) &&
	       method_result(call, stats_jensen_shannon(p.values, q.values, p.count));
}

/* {a, b} -> {chi2, df, p, cramers_v} */
static bool method_chi_square(struct method_call *call)
{
	struct method_numbers a;
	struct method_numbers b;
	struct stats_chi_square test;

	if (!read_filled_bins(call, "a", "b", &a, &b)) {
		return false;
	}
	if (!stats_chi_square_homogeneity(a.values, b.values, a.count, &test)) {
		return method_fail(call, "\"a\" and \"b\" must fill at least two bins");
	}
	json_build_object(call->reply, "result");
	json_build_exact(call->reply, "chi2", test.statistic);
	json_build_integer(call->reply, "df", (int64_t)test.df);
	json_build_exact(call->reply, "p", test.p_value);
	json_build_exact(call->reply, "cramers_v", test.cramers_v);
	json_build_end(call->reply);
	return true;
}

/* {x, y} -> {D, p_kolmogorov} */
static bool method_ks(struct method_call *call)
{
	struct method_numbers x;
	struct method_numbers y;

	if (!method_numbers(call, call->input, "x", -1e300, 1e300, &x) ||
	    !method_numbers(call, call->input, "y", -1e300, 1e300, &y)) {
		return false;
	}
	qsort(x.values, x.count, sizeof(double), method_compare_doubles);
	qsort(y.values, y.count, sizeof(double), method_compare_doubles);
	struct stats_ks test = stats_ks_two_sample(x.values, x.count, y.values, y.count);
	json_build_object(call->reply, "result");
	json_build_exact(call->reply, "D", test.distance);
	json_build_exact(call->reply, "p_kolmogorov", test.p_value);
	json_build_end(call->reply);
	return true;
}

struct ranked {
	double p;
	size_t position;
};

static int by_p(const void *a, const void *b)
{
	const struct ranked *first = a;
	const struct ranked *second = b;

	if (first->p < second->p || first->p > second->p) {
		return first->p < second->p ? -1 : 1;
	}
	return first->position < second->position ? -1 : 1;
}

static void build_numbers(struct method_call *call, const char *name, const double *numbers, size_t count)
{
	json_build_array(call->reply, name);
	for (size_t i = 0; i < count; i++) {
		json_build_exact(call->reply, NULL, numbers[i]);
	}
	json_build_end(call->reply);
}

/* Adjusted values in the order of the input. */
static bool adjust(struct method_call *call, const struct method_numbers *p, double *bh, double *by)
{
	struct ranked *ranked = method_allocate(call, p->count, sizeof(*ranked));
	double *sorted = method_allocate(call, p->count, 3 * sizeof(*sorted));

	if (ranked == NULL || sorted == NULL) {
		return false;
	}
	double *sorted_bh = sorted + p->count;
	double *sorted_by = sorted_bh + p->count;
	for (size_t i = 0; i < p->count; i++) {
		ranked[i] = (struct ranked){p->values[i], i};
	}
	qsort(ranked, p->count, sizeof(*ranked), by_p);
	for (size_t i = 0; i < p->count; i++) {
		sorted[i] = ranked[i].p;
	}
	stats_false_discovery(sorted, p->count, sorted_bh, sorted_by);
	for (size_t i = 0; i < p->count; i++) {
		bh[ranked[i].position] = sorted_bh[i];
		by[ranked[i].position] = sorted_by[i];
	}
	return true;
}

/* {p, q} -> {reject: [boolean], adjusted, by_adjusted} */
static bool method_benjamini_hochberg(struct method_call *call)
{
	struct method_numbers p;
	double q = 0;

	if (!method_numbers(call, call->input, "p", 0, 1, &p) || !method_share(call, call->input, "q", &q)) {
		return false;
	}
	double *bh = method_allocate(call, p.count, sizeof(*bh));
	double *by = method_allocate(call, p.count, sizeof(*by));
	if (bh == NULL || by == NULL || !adjust(call, &p, bh, by)) {
		return false;
	}
	json_build_object(call->reply, "result");
	json_build_array(call->reply, "reject");
	for (size_t i = 0; i < p.count; i++) {
		json_build_boolean(call->reply, NULL, bh[i] <= q);
	}
	json_build_end(call->reply);
	build_numbers(call, "adjusted", bh, p.count);
	build_numbers(call, "by_adjusted", by, p.count);
	json_build_end(call->reply);
	return true;
}

/* {e, alpha} -> {reject_count, threshold: the smallest rejected e-value or null} */
static bool method_e_bh(struct method_call *call)
{
	struct method_numbers e;
	double alpha = 0;

	if (!method_numbers(call, call->input, "e", 0, 1e300, &e) ||
	    !method_share(call, call->input, "alpha", &alpha)) {
		return false;
	}
	qsort(e.values, e.count, sizeof(double), method_compare_doubles);
	for (size_t i = 0; i < e.count / 2; i++) {
		double low = e.values[i];
		e.values[i] = e.values[e.count - 1 - i];
		e.values[e.count - 1 - i] = low;
	}
	size_t rejected = stats_e_bh(e.values, e.count, alpha);
	json_build_object(call->reply, "result");
	json_build_integer(call->reply, "reject_count", (int64_t)rejected);
	method_build_optional(
		call->reply, "threshold",
		(struct stats_optional){rejected > 0, rejected > 0 ? (double)e.count / (alpha * (double)rejected) : 0});
	json_build_end(call->reply);
	return true;
}

struct stream {
	struct method_counts events; /* positions from 0 */
	uint64_t n;
	double p0;
	double p1;
	double cusum_threshold;
	double sr_threshold;
};

static bool read_stream(struct method_call *call, struct stream *stream)
{
	*stream = (struct stream){0};
	if (json_count(json_get_text(call->input, "x_positions_of_ones")) > 0 &&
	    !method_counts(call, call->input, "x_positions_of_ones", STREAM_MAX, &stream->events)) {
		return false;
	}
	if (!json_is(json_get_text(call->input, "x_positions_of_ones"), JSON_ARRAY)) {
		return method_fail(call, "\"x_positions_of_ones\" must be an array");
	}
	if (!method_count(call, call->input, "n", STREAM_MAX, &stream->n) ||
	    !method_share(call, call->input, "p0", &stream->p0) ||
	    !method_share(call, call->input, "p1", &stream->p1) ||
	    !method_positive(call, call->input, "cusum_h", 1e300, &stream->cusum_threshold) ||
	    !method_positive(call, call->input, "sr_threshold", 1e300, &stream->sr_threshold)) {
		return false;
	}
	if (stream->p0 >= stream->p1) {
		return method_fail(call, "\"p0\" must be smaller than \"p1\"");
	}
	return true;
}

/* Position of the reply, counted from 1, that raised the alarm. */
static void build_alarm(struct json_build *reply, const char *name, uint64_t position)
{
	if (position > 0) {
		json_build_integer(reply, name, (int64_t)position);
	} else {
		json_build_null(reply, name);
	}
}

/* {x_positions_of_ones: from 0, n, p0, p1, cusum_h, sr_threshold} -> {cusum_alarm, sr_alarm: replies until the alarm or
 * null, final_cusum, final_log_sr (null before the first reply)} */
static bool method_detector(struct method_call *call)
{
	struct stream stream;
	uint64_t cusum_alarm = 0;
	uint64_t sr_alarm = 0;

	if (!read_stream(call, &stream)) {
		return false;
	}
	bool *events = method_allocate(call, stream.n, sizeof(*events));
	if (events == NULL) {
		return false;
	}
	for (size_t i = 0; i < stream.events.count; i++) {
		if (stream.events.values[i] >= stream.n) {
			return method_fail(call, "\"x_positions_of_ones\" must hold positions below \"n\"");
		}
		events[stream.events.values[i]] = true;
	}
	struct stats_detector detector = stats_detector_start(stream.p0, stream.p1);
	double log_threshold = log(stream.sr_threshold);
	for (uint64_t t = 0; t < stream.n; t++) {
		stats_detector_step(&detector, events[t]);
		if (cusum_alarm == 0 && detector.cusum >= stream.cusum_threshold) {
			cusum_alarm = t + 1;
		}
		if (sr_alarm == 0 && detector.log_sr >= log_threshold) {
			sr_alarm = t + 1;
		}
	}
	json_build_object(call->reply, "result");
	build_alarm(call->reply, "cusum_alarm", cusum_alarm);
	build_alarm(call->reply, "sr_alarm", sr_alarm);
	json_build_exact(call->reply, "final_cusum", detector.cusum);
	json_build_exact(call->reply, "final_log_sr", detector.log_sr);
	json_build_end(call->reply);
	return true;
}

const struct method_row methods_drift[] = {
	{"psi", method_psi},
	{"jensen_shannon_divergence_bits", method_jensen_shannon},
	{"chi2_homogeneity", method_chi_square},
	{"ks_two_sample", method_ks},
	{"benjamini_hochberg", method_benjamini_hochberg},
	{"e_bh", method_e_bh},
	{"bernoulli_cusum_and_shiryaev_roberts_edetector", method_detector},
	{NULL, NULL},
};
