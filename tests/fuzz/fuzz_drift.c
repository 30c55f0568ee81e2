/* Replies from anywhere: the classifier never crashes and always ends; its flags, classes and documents agree with each
 * other. */
#include "evaluators/drift/drift.h"
#include "evaluators/drift/recover.h"
#include "harness/base/text.h"
#include "tests/fuzz/fuzz.h"

static const char SCHEMA[] = "{\"type\":\"object\",\"required\":[\"id\"],\"properties\":{\"id\":{\"type\":\"string\","
			     "\"maxLength\":4},\"n\":{"
			     "\"type\":\"integer\",\"minimum\":0},\"currency\":{\"enum\":[\"EUR\"]},\"list\":{\"type\":"
			     "\"array\",\"maxItems\":2}},"
			     "\"additionalProperties\":false}";

static struct schema *schema_once(void)
{
	static struct schema *schema;
	if (schema == NULL) {
		struct arena arena = ARENA_INIT(1 << 20);
		const struct json_node *document = NULL;
		HOLDS(json_parse(&arena, span_of(SCHEMA), NULL, &document, NULL));
		schema = schema_create(document, NULL, NULL);
		HOLDS(schema != NULL);
		arena_finish(&arena);
	}
	return schema;
}

static void check_report(const struct drift_report *report)
{
	HOLDS((report->declared & ~report->classes) == 0);
	HOLDS(report->contract_drift == (report->declared != 0));
	HOLDS(report->strict_drift == (report->classes != 0));
	HOLDS((report->root == NULL) == (report->unreadable != NULL));
	HOLDS(report->root != NULL || report->contract_drift);
	HOLDS(report->root == NULL || report->recovered == NULL);
	HOLDS(report->count <= DRIFT_DEVIATIONS_MAX && report->count <= report->total);
	HOLDS((report->total > 0) == report->strict_drift);
	for (size_t i = 0; i < report->count; i++) {
		const struct drift_deviation *deviation = &report->list[i];
		HOLDS((report->classes & (UINT32_C(1) << deviation->drift)) != 0);
		HOLDS(text_is_utf8(span_of(deviation->sentence)) && text_is_utf8(span_of(deviation->instance)));
	}
}

/* What a lenient reader writes for itself is strict JSON: read again, it is recovered as it stands. */
static void check_recovered(const struct json_node *recovered, struct arena *arena)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(1 << 24);
	const struct json_node *again = NULL;
	json_write(&text, recovered);
	HOLDS(text.failed ||
	      (json_parse(arena, buffer_span(&text), NULL, &again, NULL) && json_equal(recovered, again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT(256 << 20);
	const struct drift_contract contract = {.schema = schema_once()};
	struct span text = {(const char *)data, size};
	for (int ending = DRIFT_ENDED; ending <= DRIFT_DECLINED; ending++) {
		struct drift_report report;
		drift_read(&contract, text, (enum drift_ending)ending, &arena, &report);
		check_report(&report);
		if (report.recovered != NULL) {
			check_recovered(report.recovered, &arena);
		}
	}
	arena_finish(&arena);
	return 0;
}
