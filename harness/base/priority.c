#include "harness/base/priority.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LOWEST = 19 };

void priority_lowest(void)
{
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), LOWEST);
}

void priority_idle(void)
{
	const struct sched_param none = {.sched_priority = 0};
	if (sched_setscheduler(0, SCHED_IDLE, &none) != 0) {
		priority_lowest();
	}
}
