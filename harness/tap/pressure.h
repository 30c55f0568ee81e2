/* Layer 3. Which exchanges are still captured while the ring fills up faster than it is drained. Pure: ring and clock
 * are handed in, nothing is allocated, nothing fails.
 *
 * Left alone, a ring that is full drops whatever comes next, so the busiest operation takes the places of all others.
 * Here capture is reduced before that, for each operation (method and path of an interface) by itself:
 *
 *   more than half full     reduced: an operation may capture its floor, FLOOR exchanges a minute and as many at once
 *                           (a token bucket), and beyond that a share
 *   half to nine tenths     the share falls in a straight line from 1 to 0, at once
 *   below a quarter         after each PRESSURE_STEP_US spent there without a break, the share rises by a quarter;
 *                           at 1 the reduction ends
 *
 * Between a quarter and a half nothing changes, so that capture does not swing. An operation that stays below its
 * floor is captured whole as long as the ring has any room; a busy one thins out.
 *
 * Which exchanges belong to the share is decided by a sequence of pseudo-random numbers that the operation's name
 * begins: the same traffic gives the same choice, and no pattern in the traffic falls into step with it. Nothing in the
 * message decides, so within an operation those captured are a fair sample of the time they were captured in.
 *
 * The table has 256 operations; an entry that has been quiet for long enough to have its floor back is as good as none
 * and gives way to another. An operation that finds no place shares one entry, and so one floor, with all such. That
 * bounds what paths with a number in them (/orders/4711) can capture at once: 257 floors. */
#ifndef UNDERSTUDY_TAP_PRESSURE_H
#define UNDERSTUDY_TAP_PRESSURE_H

#include "harness/base/bytes.h"

enum {
	PRESSURE_STEP_US = 1000000,
	PRESSURE_SETS = 32,
	PRESSURE_WAYS = 8,            /* an operation has its place in one of these many entries of its set */
	PRESSURE_OPERATION_MAX = 512, /* bytes of a path that tell operations apart */
};

struct pressure_entry {
	uint64_t operation;
	uint64_t choice;   /* state of its sequence of numbers */
	int64_t credit;    /* 60,000,000 for each exchange that the floor still admits */
	int64_t filled_at; /* monotonic us; 0: unused */
};

struct pressure {
	bool is_reduced;
	double share;      /* of what goes beyond the floor; 1 while not reduced */
	int64_t low_since; /* monotonic us; 0: not below a quarter */
	struct pressure_entry entries[PRESSURE_SETS][PRESSURE_WAYS];
	struct pressure_entry shared;
};

void pressure_init(struct pressure *pressure);
/* How many bytes of the ring are waiting at `now` (monotonic us, never 0). Ask often while reduced, and now and then
 * where nothing comes. True where capture went from full to reduced or back. */
bool pressure_note(struct pressure *pressure, uint64_t waiting, uint64_t capacity, int64_t now);
/* Up to this many bytes waiting, pressure_note changes nothing: they need not be known exactly. */
uint64_t pressure_calm(const struct pressure *pressure, uint64_t capacity);

/* Names an operation: never 0. `path` is without the query. */
uint64_t pressure_operation(int account, struct span method, struct span path);
/* While reduced: is this exchange of the operation captured? `floor`: exchanges a minute, 0 to 1,000,000. */
bool pressure_admits(struct pressure *pressure, uint64_t operation, int floor, int64_t now);

#endif
