/* build/tests/bench/schema-rate SCHEMA INSTANCE SECONDS: how fast our validator is on one instance that keeps its
 * schema. Prints four figures: instances a second from bytes to verdict, then nanoseconds for reading one, for
 * validating one that is read already (each only once, as a reply comes once), and for compiling the schema. Wall time.
 */
#include "evaluators/schema/schema.h"
#include "harness/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { FRESH = 2000, COMPILATIONS = 20 };
static const size_t ARENA_MAX = (size_t)1 << 30;

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void fail(const char *what)
{
	fprintf(stderr, "schema-rate: %s\n", what);
	exit(2);
}

static const struct json_node *parse(struct arena *arena, struct span text)
{
	const struct json_node *root = NULL;
	struct error err = ERROR_INIT;
	if (!json_parse(arena, text, NULL, &root, &err)) {
		fail(err.message);
	}
	return root;
}

static double bytes_to_verdict(const struct schema *schema, struct span text, double seconds)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	double start = now();
	double end = start;
	size_t count = 0;
	while (end - start < seconds) {
		for (int i = 0; i < FRESH; i++) {
			arena_reset(&arena);
			if (!schema_validate(schema, parse(&arena, text), NULL)) {
				fail("the instance does not keep the schema");
			}
		}
		count += FRESH;
		end = now();
	}
	return (double)count / (end - start);
}

/* Nanoseconds for reading and for validating one instance. */
static void apart(const struct schema *schema, struct span text, double seconds, double *ret_read, double *ret_validate)
{
	static const struct json_node *fresh[FRESH];
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	double reading = 0;
	double validating = 0;
	size_t count = 0;
	while (reading + validating < seconds) {
		arena_reset(&arena);
		double start = now();
		for (int i = 0; i < FRESH; i++) {
			fresh[i] = parse(&arena, text);
		}
		double middle = now();
		size_t valid = 0;
		for (int i = 0; i < FRESH; i++) {
			valid += schema_validate(schema, fresh[i], NULL);
		}
		validating += now() - middle;
		reading += middle - start;
		count += valid;
	}
	*ret_read = reading / (double)count * 1e9;
	*ret_validate = validating / (double)count * 1e9;
}

static struct schema *compile(const struct json_node *document)
{
	struct error err = ERROR_INIT;
	struct schema *schema = schema_create(document, NULL, &err);
	if (schema == NULL) {
		fail(err.message);
	}
	return schema;
}

int main(int argc, char **argv)
{
	CLEANUP_BUFFER struct buffer schema_text = BUFFER_INIT(1 << 24);
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 24);
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	if (argc != 4 || !file_read(argv[1], &schema_text, NULL) || !file_read(argv[2], &text, NULL)) {
		fail("say SCHEMA INSTANCE SECONDS");
	}
	const struct json_node *document = parse(&arena, buffer_span(&schema_text));
	double seconds = strtod(argv[3], NULL);
	double start = now();
	for (int i = 0; i < COMPILATIONS; i++) {
		schema_destroy(compile(document));
	}
	double compilation = (now() - start) / COMPILATIONS * 1e9;
	struct schema *schema = compile(document);
	double rate = bytes_to_verdict(schema, buffer_span(&text), seconds);
	double reading = 0;
	double validating = 0;
	apart(schema, buffer_span(&text), seconds, &reading, &validating);
	printf("%.0f %.0f %.0f %.0f\n", rate, reading, validating, compilation);
	schema_destroy(schema);
	return 0;
}
