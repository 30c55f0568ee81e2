/* Layer 1, private to evaluators/stats/method*.c. Reading a method's input and writing its result.
 *
 * Every reader returns false after setting call->error to a sentence about the member; a method then returns false and
 * must not have written anything. Memory comes from call->arena and lives until the call ends. */
#ifndef UNDERSTUDY_EVALUATORS_STATS_METHOD_CALL_H
#define UNDERSTUDY_EVALUATORS_STATS_METHOD_CALL_H

#include "evaluators/stats/agreement.h"
#include "evaluators/stats/anytime.h"
#include "evaluators/stats/interval.h"
#include "harness/base/json_build.h"

#define METHOD_COUNT_MAX 1e10

struct method_call {
	const struct json_node *input; /* an object */
	struct json_build *reply;
	struct arena *arena;
	struct error error;
};

struct method_row {
	const char *name;
	/* True: "result" was written. False: call->error is set and nothing was written. */
	bool (*run)(struct method_call *call);
};

/* One table per file, each ended by a row of NULLs. */
extern const struct method_row methods_special[];
extern const struct method_row methods_proportion[];
extern const struct method_row methods_paired[];
extern const struct method_row methods_anytime[];
extern const struct method_row methods_planner[];
extern const struct method_row methods_agreement[];
extern const struct method_row methods_classification[];
extern const struct method_row methods_drift[];
extern const struct method_row methods_latency[];

bool method_fail(struct method_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct method_numbers {
	double *values;
	size_t count;
};

struct method_counts {
	uint64_t *values;
	size_t count;
};

/* Members of `object`; ends included. */
bool method_number(struct method_call *call, const struct json_node *object, const char *name, double least,
		   double most, double *ret_number);
/* Strictly between 0 and 1. */
bool method_share(struct method_call *call, const struct json_node *object, const char *name, double *ret_share);
/* Above 0, at most `most`. */
bool method_positive(struct method_call *call, const struct json_node *object, const char *name, double most,
		     double *ret_number);
/* A whole number 0 .. most, most <= 2^53. */
bool method_count(struct method_call *call, const struct json_node *object, const char *name, double most,
		  uint64_t *ret_count);
bool method_array(struct method_call *call, const struct json_node *object, const char *name, size_t least,
		  const struct json_node **ret_array);
bool method_numbers(struct method_call *call, const struct json_node *object, const char *name, double least,
		    double most, struct method_numbers *ret_numbers);
bool method_counts(struct method_call *call, const struct json_node *object, const char *name, double most,
		   struct method_counts *ret_counts);
/* The member "seed": a whole number 0 .. 2^64-1, as a number or as decimal text. */
bool method_seed(struct method_call *call, uint64_t *ret_seed);
/* Rows of equally many counts, in one array; at least one row of one. Counts at most 2^32. */
bool method_table(struct method_call *call, const char *name, struct method_counts *ret_cells, size_t *ret_rows,
		  size_t *ret_columns);
/* arena_allocate_array with the error set. */
void *method_allocate(struct method_call *call, size_t count, size_t size);

/* Results, as the member "result". */
bool method_result(struct method_call *call, double number);
bool method_result_pair(struct method_call *call, struct stats_interval interval);
bool method_result_numbers(struct method_call *call, const double *numbers, size_t count);
bool method_result_optional(struct method_call *call, struct stats_optional value);
void method_build_optional(struct json_build *reply, const char *name, struct stats_optional value);

int method_compare_doubles(const void *a, const void *b);

#endif
