/* Two schemas and an instance, one a line: no claim of compatibility is refuted, what the reach of a schema says is
 * impossible is not there, and nothing that is no schema at all does harm. */
#include "evaluators/compatibility/compatibility.h"
#include "evaluators/reach/reach.h"
#include "evaluators/schema/schema.h"
#include "tests/fuzz/fuzz.h"

enum { ARENA_MAX = 256 << 20, SIZE_MAX_READ = 4096, LINES = 3 };

/* The one place that knows how schemas are compiled here. */
static struct schema *compile(const struct json_node *document)
{
	return schema_create(document, NULL, NULL);
}

static bool read_lines(struct span text, struct arena *arena, const struct json_node *roots[LINES])
{
	for (int i = 0; i < LINES; i++) {
		const char *end = text.length > 0 ? memchr(text.data, '\n', text.length) : NULL;
		size_t length = end != NULL ? (size_t)(end - text.data) : text.length;
		if (!json_parse(arena, (struct span){text.data, length}, &(struct json_limits){.depth = 64}, &roots[i],
				NULL)) {
			return false;
		}
		size_t used = length + (end != NULL);
		text = (struct span){text.data + used, text.length - used};
	}
	return true;
}

/* Members of a valid instance are possible, and required ones are there. */
static void check_reach(const struct json_node *document, const struct json_node *instance, struct arena *arena)
{
	struct reach reach;
	reach_init(&reach, document, arena);
	struct reach_place root = reach_root(&reach);
	HOLDS(reach.failed || (reach_types(&root) & reach_type_of(instance)) != 0);
	for (const struct json_node *name = json_first(instance); json_is(instance, JSON_OBJECT) && name != NULL;
	     name = json_next(instance, name)) {
		struct reach_place member = reach_member(&reach, &root, json_text(name));
		HOLDS(reach.failed || member.presence != REACH_IMPOSSIBLE);
		HOLDS(reach.failed || (reach_types(&member) & reach_type_of(json_member(name))) != 0);
	}
}

static void check_claim(const struct compatibility *result, enum compatibility_mode direction,
			const struct schema *given, const struct schema *taking, const struct json_node *instance)
{
	if ((result->mode & direction) != 0 && schema_validate(given, instance, NULL)) {
		HOLDS(schema_validate(taking, instance, NULL));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(ARENA_MAX);
	const struct json_node *roots[LINES];
	struct compatibility result;
	struct reach reach;
	if (size > SIZE_MAX_READ || !read_lines((struct span){(const char *)data, size}, &arena, roots)) {
		return 0;
	}
	bool done = schema_compatibility(roots[0], roots[1], &arena, &result, NULL);
	reach_init(&reach, roots[0], &arena);
	struct reach_place root = reach_root(&reach);
	(void)reach_size_of(&reach, &root);
	struct schema *first = compile(roots[0]);
	struct schema *second = compile(roots[1]);
	if (done && first != NULL && second != NULL) {
		check_claim(&result, COMPATIBILITY_BACKWARD, first, second, roots[2]);
		check_claim(&result, COMPATIBILITY_FORWARD, second, first, roots[2]);
	}
	if (first != NULL && schema_validate(first, roots[2], NULL)) {
		check_reach(roots[0], roots[2], &arena);
	}
	schema_destroy(first);
	schema_destroy(second);
	return 0;
}
