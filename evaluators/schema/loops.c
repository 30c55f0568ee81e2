/* Subschemas that would check the same value again and again: a cycle of $ref, allOf and the like in which nothing
 * steps into the value. Dynamic references are not followed here; the depth of a run bounds them. */
#include "evaluators/schema/keywords.h"

#include <stdio.h>
#include <stdlib.h>

bool schema_add_edge(struct schema_compiler *compiler, uint32_t to)
{
	struct schema *schema = compiler->schema;
	struct schema_edge *grown =
		schema_grow(schema->edges, schema->edge_count, &schema->edge_capacity, sizeof(*schema->edges));
	if (grown == NULL) {
		return schema_no_memory(compiler);
	}
	schema->edges = grown;
	grown[schema->edge_count++] = (struct schema_edge){compiler->subschema, to};
	return true;
}

/* Subschemas are compiled in the order of their numbers, so the edges are sorted by where they begin. */
static size_t first_edge(const struct schema *schema, uint32_t from)
{
	size_t low = 0;
	size_t high = schema->edge_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (schema->edges[middle].from < from) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static bool refuse(const struct schema *schema, uint32_t subschema, struct error *err)
{
	CLEANUP_BUFFER struct buffer place = BUFFER_INIT(1 << 20);
	const struct subschema *one = &schema->subschemas[subschema];
	schema_append_place(schema, one->resource, one->node, &place);
	struct span text = buffer_span(&place);
	return error_set(err, ERROR_CONFIG,
			 "schema at %.*s refers back to itself without stepping into a value, so checking would never "
			 "end; break the loop of $ref",
			 (int)(text.length < 200 ? text.length : 200), text.data);
}

enum { NEW, OPEN, DONE };

struct walk {
	const struct schema *schema;
	uint8_t *state;
	size_t *next; /* edge to take next, for every subschema of the stack */
	uint32_t *stack;
	size_t depth;
};

static void enter(struct walk *walk, uint32_t subschema)
{
	walk->state[subschema] = OPEN;
	walk->next[walk->depth] = first_edge(walk->schema, subschema);
	walk->stack[walk->depth++] = subschema;
}

/* Depth-first from `start`; false with *ret_loop where an open subschema is met again. */
static bool walk_from(struct walk *walk, uint32_t start, uint32_t *ret_loop)
{
	enter(walk, start);
	while (walk->depth > 0) {
		uint32_t top = walk->stack[walk->depth - 1];
		size_t edge = walk->next[walk->depth - 1]++;
		if (edge >= walk->schema->edge_count || walk->schema->edges[edge].from != top) {
			walk->state[top] = DONE;
			walk->depth--;
			continue;
		}
		uint32_t to = walk->schema->edges[edge].to;
		if (walk->state[to] == OPEN) {
			*ret_loop = to;
			return false;
		}
		if (walk->state[to] == NEW) {
			enter(walk, to);
		}
	}
	return true;
}

bool schema_refuse_loops(struct schema *schema, struct error *err)
{
	size_t count = schema->subschema_count;
	struct walk walk = {
		.schema = schema,
		.state = calloc(count, sizeof(*walk.state)),
		.next = calloc(count, sizeof(*walk.next)),
		.stack = calloc(count, sizeof(*walk.stack)),
	};
	uint32_t loop = 0;
	bool good = true;
	bool had_memory = walk.state != NULL && walk.next != NULL && walk.stack != NULL;
	for (uint32_t i = 0; had_memory && good && i < count; i++) {
		good = walk.state[i] != NEW || walk_from(&walk, i, &loop);
	}
	free(walk.state);
	free(walk.next);
	free(walk.stack);
	if (!had_memory) {
		return error_set(err, ERROR_MEMORY, "no memory for the schema; it may be too large");
	}
	return good || refuse(schema, loop, err);
}
