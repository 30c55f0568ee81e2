#include "harness/paths/call.h"

enum { PRICED_TOKENS = 1000000 };

/* tokens * price / 1e6, rounded half up; INT64_MAX where that does not fit, so that a limit stops it. Split, because
 * the product alone may not fit where the result does. */
static int64_t price_tokens(int64_t tokens, int64_t price)
{
	int64_t millions = 0;
	int64_t rest = 0;
	int64_t sum = 0;
	if (__builtin_mul_overflow(tokens / PRICED_TOKENS, price, &millions) ||
	    __builtin_mul_overflow(tokens % PRICED_TOKENS, price, &rest) ||
	    __builtin_add_overflow(rest, PRICED_TOKENS / 2, &rest) ||
	    __builtin_add_overflow(millions, rest / PRICED_TOKENS, &sum)) {
		return INT64_MAX;
	}
	return sum;
}

int64_t price_of(const struct contract_price *price, const struct token_usage *usage)
{
	const int64_t parts[] = {
		price_tokens(usage->input, price->input),
		price_tokens(usage->cache_read, price->cache_read),
		price_tokens(usage->cache_write, price->cache_write),
		price_tokens(usage->output, price->output),
	};
	int64_t sum = 0;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (__builtin_add_overflow(sum, parts[i], &sum)) {
			return INT64_MAX;
		}
	}
	return sum;
}
