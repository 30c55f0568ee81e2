#include "evaluators/stats/methods.h"

#include "evaluators/stats/method_call.h"

enum { MEMORY_OF_A_REQUEST = 256 << 20 };

static const struct method_row *const TABLES[] = {
	methods_special,   methods_proportion,     methods_paired, methods_anytime, methods_planner,
	methods_agreement, methods_classification, methods_drift,  methods_latency,
};

enum { TABLE_COUNT = sizeof(TABLES) / sizeof(TABLES[0]) };

const char *stats_method_name(size_t index)
{
	for (size_t table = 0; table < TABLE_COUNT; table++) {
		for (const struct method_row *row = TABLES[table]; row->name != NULL; row++) {
			if (index-- == 0) {
				return row->name;
			}
		}
	}
	return NULL;
}

static const struct method_row *find_method(struct span name)
{
	for (size_t table = 0; table < TABLE_COUNT; table++) {
		for (const struct method_row *row = TABLES[table]; row->name != NULL; row++) {
			if (span_is(name, row->name)) {
				return row;
			}
		}
	}
	return NULL;
}

static bool run(const struct json_node *request, struct method_call *call)
{
	const struct json_node *name = json_get_text(request, "method");

	call->input = json_get_text(request, "input");
	if (!json_is(request, JSON_OBJECT) || !json_is(name, JSON_STRING)) {
		return method_fail(call, "a request must be an object with the text \"method\" and the object "
					 "\"input\"");
	}
	const struct method_row *row = find_method(json_text(name));
	if (row == NULL) {
		int shown = json_text(name).length < 80 ? (int)json_text(name).length : 80;
		return method_fail(call, "there is no method \"%.*s\"", shown, json_text(name).data);
	}
	if (!json_is(call->input, JSON_OBJECT)) {
		return method_fail(call, "\"input\" must be an object");
	}
	return row->run(call);
}

bool stats_method_run(const struct json_node *request, struct json_build *reply)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(MEMORY_OF_A_REQUEST);
	struct method_call call = {.reply = reply, .arena = &arena, .error = ERROR_INIT};

	if (run(request, &call)) {
		return true;
	}
	json_build_span(reply, "error", span_of(call.error.message));
	return false;
}
