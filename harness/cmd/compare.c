/* understudy compare: one comparison, as JSON. */
#include "harness/cmd/command.h"

#include "harness/base/file.h"
#include "harness/base/json_build.h"
#include "harness/pipeline/comparison.h"

#include <stdio.h>

enum { FILE_MAX = 64 * 1024 * 1024, ARENA_MAX = 1024 * 1024 * 1024 };

struct compare_inputs {
	struct contract *contract;
	struct buffer legacy;
	struct buffer llm;
	struct arena arena;
};

static void build_record(struct json_build *build, const struct contract *contract,
			 const struct comparison_record *record)
{
	json_build_object(build, NULL);
	json_build_span(build, "key", record->key);
	json_build_text(build, "verdict", verdict_name((int)record->verdict));
	json_build_array(build, "fields");
	for (size_t i = 0; i < contract->field_count; i++) {
		json_build_object(build, NULL);
		json_build_text(build, "name", contract->fields[i].name);
		json_build_text(build, "verdict", verdict_name((int)record->values[i].verdict));
		if (record->values[i].legacy != NULL) {
			json_build_node(build, "legacy", record->values[i].legacy);
		}
		if (record->values[i].llm != NULL) {
			json_build_node(build, "llm", record->values[i].llm);
		}
		json_build_end(build);
	}
	json_build_end(build);
	json_build_end(build);
}

static bool print_comparison(const struct contract *contract, const struct comparison *comparison, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(FILE_MAX);
	struct json_build *build = json_build_create();
	json_build_text(build, "outcome", outcome_name((int)comparison->outcome));
	json_build_text(build, "verdict", verdict_name((int)comparison->verdict));
	json_build_boolean(build, "contract_drift", comparison->contract_drift);
	if (comparison->detail.length > 0) {
		json_build_span(build, "detail", comparison->detail);
	}
	json_build_array(build, "records");
	for (size_t i = 0; i < comparison->record_count; i++) {
		build_record(build, contract, &comparison->records[i]);
	}
	json_build_end(build);
	bool done = json_build_write(build, 2, &text, err);
	json_build_destroy(build);
	if (done) {
		puts(text.data);
	}
	return done;
}

static bool compare(struct compare_inputs *inputs, const char *contract, const char *legacy, const char *llm,
		    struct error *err)
{
	const struct json_node *legacy_root = NULL;
	struct comparison comparison;
	inputs->contract = contract_load(contract, err);
	if (inputs->contract == NULL || !file_read(legacy, &inputs->legacy, err) ||
	    !file_read(llm, &inputs->llm, err)) {
		return false;
	}
	if (!json_parse(&inputs->arena, buffer_span(&inputs->legacy), NULL, &legacy_root, err)) {
		error_add_file(err, legacy);
		return false;
	}
	return comparison_make(inputs->contract, legacy_root, OUTCOME_OK, buffer_span(&inputs->llm), &inputs->arena,
			       &comparison, err) &&
	       print_comparison(inputs->contract, &comparison, err);
}

static int run(const struct command *command, int argc, char **argv)
{
	const char *contract = NULL;
	const char *legacy = NULL;
	const char *llm = NULL;
	const struct option_row rows[] = {
		{"contract", 0, OPTION_TEXT, &contract, "FILE", "the contract"},
		{"legacy", 0, OPTION_TEXT, &legacy, "FILE", "the legacy path's reply"},
		{"llm", 0, OPTION_TEXT, &llm, "FILE", "the LLM path's reply, as its text came"},
	};
	struct options options = {.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0])};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (contract == NULL || legacy == NULL || llm == NULL) {
		return command_usage(command, "--contract, --legacy and --llm are needed");
	}
	struct error err = ERROR_INIT;
	struct compare_inputs inputs = {.legacy = BUFFER_INIT(FILE_MAX), .llm = BUFFER_INIT(FILE_MAX)};
	arena_init(&inputs.arena, ARENA_MAX);
	bool done = compare(&inputs, contract, legacy, llm, &err);
	contract_destroy(inputs.contract);
	buffer_finish(&inputs.legacy);
	buffer_finish(&inputs.llm);
	arena_finish(&inputs.arena);
	return done ? EXIT_OK : command_fail(&err);
}

const struct command command_compare = {
	.name = "compare",
	.summary = "one comparison by a contract's rules, as JSON",
	.synopsis = "--contract FILE --legacy FILE --llm FILE",
	.example = "understudy compare --contract contract.yaml --legacy legacy.json --llm llm.json",
	.run = run,
};
