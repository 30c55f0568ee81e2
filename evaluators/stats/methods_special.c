#include "evaluators/stats/method_call.h"
#include "evaluators/stats/special.h"
#include "harness/base/decimal.h"
#include "harness/base/hash.h"
#include "harness/base/text.h"

#include <stdio.h>

enum { SPLITMIX_MAX = 100000, PLAIN_DIGITS_MAX = 64 };

static const double PARAMETER_MAX = 1e10;

/* {a, b, x} -> number */
static bool method_betainc(struct method_call *call)
{
	double a = 0;
	double b = 0;
	double x = 0;

	return method_positive(call, call->input, "a", PARAMETER_MAX, &a) &&
	       method_positive(call, call->input, "b", PARAMETER_MAX, &b) &&
	       method_number(call, call->input, "x", 0, 1, &x) && method_result(call, stats_beta(a, b, x));
}

/* {a, b, p} -> number */
static bool method_betainc_inverse(struct method_call *call)
{
	double a = 0;
	double b = 0;
	double p = 0;

	return method_positive(call, call->input, "a", PARAMETER_MAX, &a) &&
	       method_positive(call, call->input, "b", PARAMETER_MAX, &b) &&
	       method_number(call, call->input, "p", 0, 1, &p) && method_result(call, stats_beta_inverse(a, b, p));
}

/* 1 - p from the decimal text of p: near 1 the double nearest to p has lost the digits of the tail already. False where
 * the text is not a plain "0.digits". */
static bool exact_complement(struct span text, double *ret_complement)
{
	CLEANUP_BUFFER struct buffer plain = BUFFER_INIT(PLAIN_DIGITS_MAX);
	struct decimal decimal;

	if (!decimal_parse(text, &decimal, NULL)) {
		return false;
	}
	decimal_write(&plain, &decimal);
	if (!buffer_ok(&plain, "a probability", NULL) || !text_starts_with(buffer_span(&plain), "0.") ||
	    text_find(buffer_span(&plain), SPAN("e")) < plain.length) {
		return false;
	}
	/* Nine's complement of every digit, ten's of the last, which is not 0. */
	for (size_t i = 2; i < plain.length; i++) {
		int nine = i + 1 < plain.length ? 9 : 10;
		plain.data[i] = (char)('0' + nine - (plain.data[i] - '0'));
	}
	return text_to_double(buffer_span(&plain), ret_complement);
}

/* {p} -> number */
static bool method_normal_quantile(struct method_call *call)
{
	double p = 0;
	double complement = 0;

	if (!method_share(call, call->input, "p", &p)) {
		return false;
	}
	if (p > 0.5 && exact_complement(json_text(json_get_text(call->input, "p")), &complement)) {
		return method_result(call, -stats_normal_quantile(complement));
	}
	return method_result(call, stats_normal_quantile(p));
}

/* {x, df} -> number */
static bool method_chi_square_survival(struct method_call *call)
{
	double x = 0;
	double df = 0;

	return method_number(call, call->input, "x", 0, 1e300, &x) &&
	       method_positive(call, call->input, "df", PARAMETER_MAX, &df) &&
	       method_result(call, stats_chi_square_survival(x, df));
}

/* {p, df} -> number */
static bool method_t_quantile(struct method_call *call)
{
	double p = 0;
	double df = 0;

	return method_share(call, call->input, "p", &p) &&
	       method_positive(call, call->input, "df", PARAMETER_MAX, &df) &&
	       method_result(call, stats_t_quantile(p, df));
}

/* {seed, n} -> [decimal text of 64 bits, ...] */
static bool method_splitmix64(struct method_call *call)
{
	uint64_t seed = 0;
	uint64_t n = 0;

	if (!method_seed(call, &seed) || !method_count(call, call->input, "n", SPLITMIX_MAX, &n)) {
		return false;
	}
	json_build_array(call->reply, "result");
	for (uint64_t i = 0; i < n; i++) {
		char text[24];
		snprintf(text, sizeof(text), "%llu", (unsigned long long)random_next(&seed));
		json_build_text(call->reply, NULL, text);
	}
	json_build_end(call->reply);
	return true;
}

const struct method_row methods_special[] = {
	{"betainc_reg", method_betainc},
	{"betainc_inv", method_betainc_inverse},
	{"norm_ppf", method_normal_quantile},
	{"chi2_sf", method_chi_square_survival},
	{"t_ppf", method_t_quantile},
	{"splitmix64", method_splitmix64},
	{NULL, NULL},
};
