#include "harness/guard/budget.h"

#include "harness/base/clock.h"

void budget_init(struct budget *budget, int64_t per_transaction, int64_t per_day)
{
	*budget = (struct budget){.per_transaction = per_transaction, .per_day = per_day, .day = -1};
}

int64_t budget_day(int64_t now)
{
	return now / CLOCK_DAY;
}

void budget_resume(struct budget *budget, int64_t day, int64_t spent)
{
	budget->day = day;
	budget->spent = spent;
}

static void turn_day(struct budget *budget, int64_t now)
{
	int64_t today = budget_day(now);
	if (today > budget->day) {
		budget->day = today;
		budget->spent = 0;
	}
}

bool budget_reserve(struct budget *budget, int64_t now, int64_t estimate)
{
	turn_day(budget, now);
	if (budget->per_transaction > 0 && estimate > budget->per_transaction) {
		return false;
	}
	if (budget->per_day > 0 && estimate > budget->per_day - budget->spent - budget->reserved) {
		return false;
	}
	budget->reserved += estimate;
	return true;
}

void budget_settle(struct budget *budget, int64_t now, int64_t estimate, int64_t cost)
{
	turn_day(budget, now);
	budget->reserved -= estimate;
	budget->spent += cost;
}
