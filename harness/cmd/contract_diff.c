/* understudy contract diff: what changed between two versions, whom it breaks, which version it needs. */
#include "evaluators/reach/reach.h"
#include "harness/base/file.h"
#include "harness/base/json_build.h"
#include "harness/cmd/command.h"
#include "harness/cmd/contract_commands.h"
#include "harness/contract/difference.h"

#include <stdio.h>

enum { TEXT_MAX = 64 * 1024 * 1024, ARENA_MAX = 1024 * 1024 * 1024, VERSION_SIZE = 80 };

/* What a break means for the interface, by schema and direction. */
struct meaning {
	const char *backward;
	const char *forward;
};

static const struct meaning of_request = {
	.backward = "messages recorded or on their way, written for the old version, would become dead letters",
	.forward = "an installation that still runs the old version would refuse messages written for the new one",
};
static const struct meaning of_response = {
	.backward = "recorded replies that kept the old version would count as contract drift",
	.forward = "a target system built for the old version would refuse such replies",
};
static const struct meaning of_schema = {
	.backward = "documents written with the old schema cannot all be read with the new one",
	.forward = "documents written with the new schema cannot all be read with the old one",
};

/* --- text --- */

static void print_breaks(const struct compatibility *result, enum compatibility_mode direction, const char *meaning)
{
	bool any = false;
	for (size_t i = 0; i < result->count; i++) {
		const struct compatibility_break *one = &result->list[i];
		if (one->breaks != direction) {
			continue;
		}
		if (!any) {
			printf("  not %s: %s\n", compatibility_name(direction), meaning);
			any = true;
		}
		printf("    %s: %s%s [%s]\n", one->place[0] != '\0' ? one->place : "(document)", one->sentence,
		       one->undecided ? " (not decided, so it counts as a break)" : "", one->keyword);
	}
}

static void print_compatibility(const char *name, const struct compatibility *result, const struct meaning *meaning)
{
	printf("%s: %s\n", name, compatibility_name(result->mode));
	print_breaks(result, COMPATIBILITY_BACKWARD, meaning->backward);
	print_breaks(result, COMPATIBILITY_FORWARD, meaning->forward);
	if (result->total > result->count) {
		printf("  %zu further breaks are not shown\n", result->total - result->count);
	}
}

static void print_change(const struct contract_change *change)
{
	static const char signs[] = {'+', '-', '~'};
	printf("  %c %c %s: ", change->starts_period ? '*' : ' ', signs[change->kind], change->path);
	if (change->kind == CHANGE_CHANGED) {
		printf("%s -> %s\n", change->before, change->after);
	} else {
		puts(change->kind == CHANGE_ADDED ? change->after : change->before);
	}
}

static void print_changes(const struct contract_difference *difference)
{
	if (difference->change_count == 0) {
		puts("changes beside the schemas: none");
	} else {
		puts("changes beside the schemas (* starts a new evaluation period):");
	}
	for (size_t i = 0; i < difference->change_count; i++) {
		print_change(&difference->changes[i]);
	}
	if (difference->change_total > difference->change_count) {
		printf("  %zu further changes are not shown\n", difference->change_total - difference->change_count);
	}
}

/* A candidate of the old contract alone: its period ends with it. */
static bool print_candidates_gone(const struct contract_difference *difference)
{
	static const char where[] = "candidates.";
	bool any = false;
	for (size_t i = 0; i < difference->change_count; i++) {
		const struct contract_change *change = &difference->changes[i];
		if (change->kind == CHANGE_REMOVED && strncmp(change->path, where, sizeof(where) - 1) == 0) {
			printf("evidence: the candidate %s is gone; what was reviewed for it stays in the store and no "
			       "gate "
			       "reads it\n",
			       change->path + sizeof(where) - 1);
			any = true;
		}
	}
	return any;
}

static void print_evidence(const struct contract_difference *difference)
{
	bool gone = print_candidates_gone(difference);
	if (difference->candidates[0] == '\0') {
		if (!gone) {
			puts("evidence: kept; no evaluation period ends");
		}
		return;
	}
	printf("evidence: the evaluation period of %s ends; what was reviewed in it no longer counts for the gate. "
	       "run, "
	       "work and replay ask for --new-epoch and say how many records that are\n",
	       difference->candidates);
	if (difference->request_starts_period || difference->response_starts_period) {
		printf("  * by the %s%s%s schema\n", difference->request_starts_period ? "request" : "",
		       difference->request_starts_period && difference->response_starts_period ? " and the " : "",
		       difference->response_starts_period ? "response" : "");
	}
}

static const char *least_text(const struct contract_difference *difference, char text[VERSION_SIZE])
{
	snprintf(text, VERSION_SIZE, "%ju.%ju.%ju", (uintmax_t)difference->least.major,
		 (uintmax_t)difference->least.minor, (uintmax_t)difference->least.patch);
	return text;
}

static void print_version(const struct contract_difference *difference, const struct contract *after)
{
	char least[VERSION_SIZE];
	enum version_step step = difference->step.step;
	if (step == VERSION_SAME) {
		puts("version: the content is the same, so no other version is needed");
	} else if (!difference->is_numbered) {
		printf("version: %s, and the step is %s (%s); versions that are not MAJOR.MINOR.PATCH cannot be "
		       "compared\n",
		       difference->version_fits ? "is another one" : "must be another one", version_step_name(step),
		       difference->step.reason);
	} else if (difference->version_fits) {
		printf("version: is %s, and needs to be at least %s (%s: %s)\n", after->version,
		       least_text(difference, least), version_step_name(step), difference->step.reason);
	} else {
		printf("version: must be at least %s, is %s (%s: %s)\n", least_text(difference, least), after->version,
		       version_step_name(step), difference->step.reason);
	}
}

/* The reason for the exit code. */
static void print_verdict(const struct contract_difference *difference)
{
	bool forward = (difference->step.response.mode & COMPATIBILITY_FORWARD) != 0;
	bool backward = (difference->step.request.mode & COMPATIBILITY_BACKWARD) != 0;
	if (difference->breaks) {
		printf("verdict: incompatible, because the %s%s%s\n", forward ? "" : "response schema is not FORWARD",
		       !forward && !backward ? " and the " : "", backward ? "" : "request schema is not BACKWARD");
	}
	if (!difference->version_fits) {
		puts("verdict: the version says too little");
	}
	if (!difference->breaks && difference->version_fits) {
		puts("verdict: compatible");
	}
}

static void print_text(const struct contract_difference *difference, const struct contract *before,
		       const struct contract *after)
{
	printf("%s: version %s -> %s\n", after->interface, before->version, after->version);
	print_compatibility("request schema", &difference->step.request, &of_request);
	print_compatibility("response schema", &difference->step.response, &of_response);
	print_changes(difference);
	print_evidence(difference);
	print_version(difference, after);
	print_verdict(difference);
}

/* --- JSON --- */

static void build_compatibility(struct json_build *build, const char *name, const struct compatibility *result,
				const struct meaning *meaning)
{
	json_build_object(build, name);
	json_build_text(build, "mode", compatibility_name(result->mode));
	json_build_array(build, "breaks");
	for (size_t i = 0; i < result->count; i++) {
		const struct compatibility_break *one = &result->list[i];
		bool backward = one->breaks == COMPATIBILITY_BACKWARD;
		json_build_object(build, NULL);
		json_build_text(build, "breaks", compatibility_name(one->breaks));
		json_build_text(build, "place", one->place);
		json_build_text(build, "keyword", one->keyword);
		json_build_text(build, "sentence", one->sentence);
		json_build_boolean(build, "undecided", one->undecided);
		json_build_text(build, "meaning", backward ? meaning->backward : meaning->forward);
		json_build_end(build);
	}
	json_build_end(build);
	json_build_integer(build, "total", (int64_t)result->total);
	json_build_end(build);
}

static void build_changes(struct json_build *build, const struct contract_difference *difference)
{
	static const char *const kinds[] = {"added", "removed", "changed"};
	json_build_array(build, "changes");
	for (size_t i = 0; i < difference->change_count; i++) {
		const struct contract_change *change = &difference->changes[i];
		json_build_object(build, NULL);
		json_build_text(build, "change", kinds[change->kind]);
		json_build_text(build, "path", change->path);
		json_build_text(build, "before", change->before);
		json_build_text(build, "after", change->after);
		json_build_boolean(build, "starts_period", change->starts_period);
		json_build_end(build);
	}
	json_build_end(build);
}

static int write_out(struct json_build *build)
{
	struct error err = ERROR_INIT;
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	bool done = json_build_write(build, 2, &text, &err);
	json_build_destroy(build);
	if (!done) {
		return command_fail(&err);
	}
	puts(text.data);
	return EXIT_OK;
}

static int print_json(const struct contract_difference *difference, const struct contract *before,
		      const struct contract *after)
{
	char least[VERSION_SIZE];
	struct json_build *build = json_build_create();
	json_build_text(build, "interface", after->interface);
	json_build_text(build, "old_version", before->version);
	json_build_text(build, "new_version", after->version);
	build_compatibility(build, "request", &difference->step.request, &of_request);
	build_compatibility(build, "response", &difference->step.response, &of_response);
	build_changes(build, difference);
	json_build_text(build, "candidates_whose_period_ends", difference->candidates);
	json_build_boolean(build, "request_starts_period", difference->request_starts_period);
	json_build_boolean(build, "response_starts_period", difference->response_starts_period);
	json_build_text(build, "step", version_step_name(difference->step.step));
	json_build_text(build, "reason", difference->step.reason);
	json_build_text(build, "least_version", difference->is_numbered ? least_text(difference, least) : NULL);
	json_build_boolean(build, "version_fits", difference->version_fits);
	json_build_boolean(build, "breaks", difference->breaks);
	return write_out(build);
}

/* --- contracts --- */

static int compare(const struct contract *before, const struct contract *after, bool json)
{
	struct error err = ERROR_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct contract_difference difference;
	int status = EXIT_OK;
	if (!contract_difference(before, after, &arena, &difference, &err)) {
		return command_fail(&err);
	}
	if (json) {
		status = print_json(&difference, before, after);
	} else {
		print_text(&difference, before, after);
	}
	return status == EXIT_OK && (difference.breaks || !difference.version_fits) ? EXIT_NO_GO : status;
}

static int compare_contracts(const char *old_file, const char *new_file, bool json)
{
	struct error err = ERROR_INIT;
	struct contract *before = contract_load(old_file, &err);
	struct contract *after = before != NULL ? contract_load(new_file, &err) : NULL;
	int status = after != NULL ? compare(before, after, json) : command_fail(&err);
	contract_destroy(before);
	contract_destroy(after);
	return status;
}

/* --- schemas --- */

static const struct json_node *read_schema(const char *file, struct arena *arena, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	const struct json_node *root = NULL;
	const char *copy = file_read(file, &text, err) ? arena_copy(arena, buffer_span(&text)) : NULL;
	if (copy == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for %s", file);
		return NULL;
	}
	if (!json_parse(arena, (struct span){copy, text.length}, NULL, &root, err) || !reach_check(root, err)) {
		error_add_file(err, file);
		return NULL;
	}
	return root;
}

static bool read_mode(const char *word, enum compatibility_mode *ret_mode)
{
	static const char *const words[] = {"none", "backward", "forward", "full"};
	for (int i = 0; i < 4; i++) {
		if (strcmp(word, words[i]) == 0) {
			*ret_mode = (enum compatibility_mode)i;
			return true;
		}
	}
	return false;
}

static int compare_schemas(const char *old_file, const char *new_file, enum compatibility_mode wanted, bool json)
{
	struct error err = ERROR_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct compatibility result;
	int status = EXIT_OK;
	const struct json_node *before = read_schema(old_file, &arena, &err);
	const struct json_node *after = before != NULL ? read_schema(new_file, &arena, &err) : NULL;
	if (after == NULL || !schema_compatibility(before, after, &arena, &result, &err)) {
		return command_fail(&err);
	}
	if (json) {
		struct json_build *build = json_build_create();
		build_compatibility(build, "schema", &result, &of_schema);
		status = write_out(build);
	} else {
		print_compatibility("schema", &result, &of_schema);
	}
	bool kept = (result.mode & wanted) == wanted;
	return status == EXIT_OK && !kept ? EXIT_NO_GO : status;
}

static const struct command command_diff = {
	.name = "contract diff",
	.summary =
		"what changed between two versions of a contract, whom it breaks, which version and what evidence it "
		"costs; exit code 1 where somebody breaks or the version says too little",
	.synopsis = "OLD NEW [--json] | --schema OLD NEW [--mode MODE] [--json]",
	.example = "understudy contract diff old/contract.yaml contract.yaml",
	.run = NULL,
};

int contract_diff_run(int argc, char **argv)
{
	enum compatibility_mode mode = COMPATIBILITY_BACKWARD;
	bool schemas = false;
	bool json = false;
	const char *word = NULL;
	const char *files[2];
	const struct option_row rows[] = {
		{"schema", 0, OPTION_FLAG, &schemas, NULL, "the files are JSON Schemas, not contracts"},
		{"mode", 0, OPTION_TEXT, &word, "MODE",
		 "with --schema, what must hold: backward (default), forward, full or none"},
		{"json", 0, OPTION_FLAG, &json, NULL, "print the result as JSON"},
	};
	struct options options = {
		.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0]), .operands = files, .operand_max = 2};
	int status = options_read(&command_diff, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (options.operand_count != 2) {
		return command_usage(&command_diff, "say the old file and the new one");
	}
	if (word != NULL && !read_mode(word, &mode)) {
		return command_usage(&command_diff, "--mode takes backward, forward, full or none, not \"%s\"", word);
	}
	if (word != NULL && !schemas) {
		return command_usage(&command_diff, "--mode goes with --schema; what a contract needs is known");
	}
	return schemas ? compare_schemas(files[0], files[1], mode, json) : compare_contracts(files[0], files[1], json);
}
