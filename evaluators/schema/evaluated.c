/* What unevaluatedItems and unevaluatedProperties ask: one bit for each item or member of one container. */
#include "evaluators/schema/program.h"

#include <stdlib.h>

static size_t words_for(size_t count)
{
	return (count + 63) / 64;
}

bool schema_evaluated_init(struct schema_evaluated *evaluated, const struct json_node *node)
{
	evaluated->count = json_count(node);
	evaluated->all = false;
	size_t words = words_for(evaluated->count);
	if (evaluated->count <= SCHEMA_BITS_FEW) {
		evaluated->bits = evaluated->few;
		memset(evaluated->few, 0, words * sizeof(evaluated->few[0]));
		return true;
	}
	evaluated->bits = calloc(words, sizeof(*evaluated->bits));
	return evaluated->bits != NULL;
}

void schema_evaluated_finish(struct schema_evaluated *evaluated)
{
	if (evaluated->bits != evaluated->few) {
		free(evaluated->bits);
	}
}

void schema_evaluated_merge(struct schema_evaluated *into, const struct schema_evaluated *from)
{
	into->all = into->all || from->all;
	for (size_t i = 0; i < words_for(into->count); i++) {
		into->bits[i] |= from->bits[i];
	}
}
