/* Layer 1. Every statistic by name: what `understudy stats` answers, and what the known answers are checked through.
 *
 * A request is {"method": NAME, "input": {...}}; the reply gets one member, "result" (a number, an array or an object,
 * see the method's function) or "error" (a sentence that names the member which is missing, of the wrong type or out of
 * its domain). No request makes a NaN: an undefined result is null.
 *
 * To add a method: write the pure function in a module of its own; write `static bool method_NAME(struct method_call
 * *)` in the methods_*.c of its subject, which reads its input with the functions of method_call.h, computes, and
 * writes "result"; add one row to that file's table. Known answers go to the vectors, see
 * tests/evaluators/test_stats_vectors.c.
 *
 * Work is bounded: counts up to 10^10, and simulations, bootstraps and the like up to about ten seconds. */
#ifndef UNDERSTUDY_EVALUATORS_STATS_METHODS_H
#define UNDERSTUDY_EVALUATORS_STATS_METHODS_H

#include "harness/base/json_build.h"

/* Adds "result" (true) or "error" (false) to the object that `reply` is filling. Borrows both. */
bool stats_method_run(const struct json_node *request, struct json_build *reply);

/* The names in order of subject: index 0, 1, ... until NULL. */
const char *stats_method_name(size_t index);

#endif
