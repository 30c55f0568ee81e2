/* Layer 1, private to evaluators/schema: a table from (scope, name) to a number. Names are borrowed. */
#ifndef UNDERSTUDY_EVALUATORS_SCHEMA_NAMES_H
#define UNDERSTUDY_EVALUATORS_SCHEMA_NAMES_H

#include "harness/base/bytes.h"

struct schema_name {
	uint64_t scope;
	struct span name;
	uint32_t value;
	bool used;
};

/* All zero: empty. */
struct schema_names {
	struct schema_name *slots;
	size_t count;
	size_t capacity; /* a power of two */
};

/* What is there already stays. False without memory. */
MUST_CHECK bool schema_names_add(struct schema_names *names, uint64_t scope, struct span name, uint32_t value);
/* False where there is no such name. */
bool schema_names_find(const struct schema_names *names, uint64_t scope, struct span name, uint32_t *ret_value);
void schema_names_finish(struct schema_names *names);

#endif
