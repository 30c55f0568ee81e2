/* Layer 0. Work that must never cost the live path anything. */
#ifndef UNDERSTUDY_BASE_PRIORITY_H
#define UNDERSTUDY_BASE_PRIORITY_H

/* The calling thread runs in time that nobody else wants: SCHED_IDLE (sched(7)), whose threads leave the processor the
 * moment that another one wakes up, and get about a three hundredth of it where others would fill it. Where that is
 * refused, nice 19. Threads and processes made afterwards inherit it. Never fails: there is nothing to do about it. */
void priority_idle(void);
/* Nice 19 alone: gives way like any thread of that weight, and is sure of a hundredth of a full processor. */
void priority_lowest(void);

#endif
