/* Layer 2. Budgets: no call without one (DESIGN.md section 3, invariant 6).
 *
 * A call is let through only if its estimated cost fits the limit per transaction, and together with what was spent and
 * what is reserved for open calls fits the limit per UTC day. Money in nano-units of the contract's currency. */
#ifndef UNDERSTUDY_GUARD_BUDGET_H
#define UNDERSTUDY_GUARD_BUDGET_H

#include "harness/base/bytes.h"

struct budget {
	int64_t per_transaction; /* 0: no limit */
	int64_t per_day;         /* 0: no limit */
	int64_t day;             /* UTC day that `spent` is about, days since 1970 */
	int64_t spent;
	int64_t reserved; /* estimates of open calls */
};

void budget_init(struct budget *budget, int64_t per_transaction, int64_t per_day);
/* UTC day of a time in microseconds. */
int64_t budget_day(int64_t now);
/* What was spent on `day` before this process: read from the store. */
void budget_resume(struct budget *budget, int64_t day, int64_t spent);
/* Reserves `estimate` if it fits; false: over budget. */
bool budget_reserve(struct budget *budget, int64_t now, int64_t estimate);
/* Ends a reservation with the true cost. */
void budget_settle(struct budget *budget, int64_t now, int64_t estimate, int64_t cost);

#endif
