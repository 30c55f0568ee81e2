/* understudy contract apply: an analyst's edited field table, as a diff to approve, and into the contract's files. */
#include "harness/base/file.h"
#include "harness/base/json_build.h"
#include "harness/base/text.h"
#include "harness/cmd/command.h"
#include "harness/cmd/contract_commands.h"
#include "harness/document/table_apply.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { TABLE_MAX = 64 << 20, ARENA_MAX = 1 << 30, TEXT_MAX = 64 << 20, MODE_BITS = 0777 };

struct apply_options {
	const char *operands[2]; /* contract, table */
	bool write;
	bool json;
};

static const struct command command_apply = {
	.name = "contract apply",
	.summary = "show what an edited field table changes in a contract, and write it when asked",
	.synopsis = "CONTRACT TABLE.xlsx|TABLE.csv [--write] [--json]",
	.example = "understudy contract apply contracts/orders/contract.yaml orders-1.2.0.xlsx",
};

/* --- writing --- */

/* The file behind a symbolic link is replaced, not the link; it keeps its mode. */
static bool write_file(const char *path, struct span content, struct error *err)
{
	char target[PATH_MAX];
	struct stat status;
	if (realpath(path, target) == NULL || stat(target, &status) != 0) {
		return error_set(err, ERROR_MISSING, "%s is no longer there; put it back and try again", path);
	}
	return file_write(target, content, status.st_mode & MODE_BITS, err);
}

static bool is_unchanged(const struct table_changed_file *file, struct error *err)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(TEXT_MAX);
	if (!file_read(file->path, &text, err)) {
		return false;
	}
	return span_equal(buffer_span(&text), file->before) ||
	       error_set(err, ERROR_BUSY, "%s was changed while this ran; try again", file->path);
}

static bool differs(const struct table_changed_file *file)
{
	return !span_equal(file->before, file->after);
}

/* Puts both files back; says so where that fails as well. */
static bool restore(const struct table_application *application, struct error *err)
{
	struct error inner = ERROR_INIT;
	if (write_file(application->schema.path, application->schema.before, &inner) &&
	    write_file(application->contract.path, application->contract.before, &inner)) {
		return false;
	}
	struct error both = ERROR_INIT;
	error_set(&both, ERROR_SYSTEM, "%s; and the files could not be put back: %s", err->message, inner.message);
	*err = both;
	return false;
}

static bool write_changes(const struct table_application *application, struct error *err)
{
	const struct table_changed_file *schema = &application->schema;
	const struct table_changed_file *contract = &application->contract;
	if (!is_unchanged(schema, err) || !is_unchanged(contract, err)) {
		return false;
	}
	if ((differs(schema) && !write_file(schema->path, schema->after, err)) ||
	    (differs(contract) && !write_file(contract->path, contract->after, err))) {
		return restore(application, err);
	}
	struct contract *written = contract_load(contract->path, err);
	if (written == NULL) {
		return restore(application, err);
	}
	contract_destroy(written);
	return true;
}

/* --- printing --- */

static void print_faults(const struct table_application *application)
{
	for (size_t i = 0; i < application->fault_count && i < FIELD_FAULTS_MAX; i++) {
		fprintf(stderr, "understudy: %s\n", application->faults[i]);
	}
	if (application->fault_count > FIELD_FAULTS_MAX) {
		fprintf(stderr, "understudy: and %zu faults more\n", application->fault_count - FIELD_FAULTS_MAX);
	}
	fprintf(stderr, "understudy: the table has %zu fault%s, so nothing is changed; correct %s and try again\n",
		application->fault_count, application->fault_count == 1 ? "" : "s",
		application->fault_count == 1 ? "it" : "them");
}

static void print_notes(const struct table_application *application)
{
	if (application->stale) {
		printf("note: the contract has changed since this table was written from version %s; what the table "
		       "changes is applied to the contract as it is now\n",
		       application->sealed_version);
	}
	if (!application->sealed) {
		puts("note: the table does not say which state of the contract it was written from; it is compared "
		     "with the contract as it is now");
	}
	if (application->ignored[0] != '\0') {
		printf("note: columns that are not read: %s\n", application->ignored);
	}
}

static void print_consequences(const struct table_application *application)
{
	const char *step = version_step_name(application->step);
	if (application->step == VERSION_SAME) {
		puts("The version may stay: nothing that others build on changes.");
	} else if (application->next_version != NULL) {
		printf("The version becomes %s (%s: %s).\n", application->next_version, step, application->reason);
	} else {
		printf("This is a %s step (%s); raise the version %s by hand, it is not of the form 1.2.3.\n", step,
		       application->reason, application->version);
	}
	if (application->ended_count == 0) {
		puts("No evaluation period ends.");
		return;
	}
	fputs("The evaluation period ends for:", stdout);
	for (size_t i = 0; i < application->ended_count; i++) {
		printf("%s %s", i > 0 ? "," : "", application->ended[i]);
	}
	puts(".\nReviewed records until now will no longer count: run, work and replay ask for --new-epoch.");
}

static void print_text(const struct apply_options *o, const struct table_application *application)
{
	print_notes(application);
	if (application->change_count == 0) {
		puts("The table changes nothing.");
		return;
	}
	printf("%zu change%s:\n", application->change_count, application->change_count == 1 ? "" : "s");
	for (size_t i = 0; i < application->change_count; i++) {
		printf("  %s\n", application->changes[i]);
	}
	printf("\n%s%s\n", application->contract.listing, application->schema.listing);
	print_consequences(application);
	puts(o->write ? "Written; the contract loads." : "Nothing is written yet; with --write it is.");
}

static void build_texts(struct json_build *build, const char *name, const char *const *texts, size_t count)
{
	json_build_array(build, name);
	for (size_t i = 0; i < count; i++) {
		json_build_text(build, NULL, texts[i]);
	}
	json_build_end(build);
}

static void build_file(struct json_build *build, const struct table_changed_file *file)
{
	if (file->listing != NULL && file->listing[0] != '\0') {
		json_build_object(build, NULL);
		json_build_text(build, "file", file->path);
		json_build_text(build, "diff", file->listing);
		json_build_end(build);
	}
}

static int print_json(const struct apply_options *o, const struct table_application *application, bool written)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(TEXT_MAX);
	struct error err = ERROR_INIT;
	struct json_build *build = json_build_create();
	size_t faults = application->fault_count < FIELD_FAULTS_MAX ? application->fault_count : FIELD_FAULTS_MAX;
	json_build_text(build, "contract", o->operands[0]);
	json_build_text(build, "table", o->operands[1]);
	json_build_boolean(build, "sealed", application->sealed);
	json_build_boolean(build, "contract_changed_since", application->stale);
	json_build_text(build, "columns_not_read", application->ignored);
	build_texts(build, "faults", application->faults, faults);
	build_texts(build, "changes", application->changes, application->change_count);
	json_build_array(build, "files");
	build_file(build, &application->contract);
	build_file(build, &application->schema);
	json_build_end(build);
	json_build_text(build, "step", version_step_name(application->step));
	json_build_text(build, "reason", application->reason);
	json_build_text(build, "version", application->version);
	json_build_text(build, "next_version", application->next_version);
	build_texts(build, "ends_evaluation_period_of", application->ended, application->ended_count);
	json_build_boolean(build, "written", written);
	bool ok = json_build_write(build, 2, &text, &err);
	json_build_destroy(build);
	if (!ok) {
		return command_fail(&err);
	}
	puts(text.data);
	return EXIT_OK;
}

/* --- entry --- */

static int finish(const struct apply_options *o, const struct table_application *application)
{
	struct error err = ERROR_INIT;
	bool faulty = application->fault_count > 0;
	bool write = o->write && !faulty && application->change_count > 0;
	if (write && !write_changes(application, &err)) {
		return command_fail(&err);
	}
	if (o->json) {
		int status = print_json(o, application, write);
		if (status != EXIT_OK) {
			return status;
		}
	} else if (!faulty) {
		print_text(o, application);
	}
	if (faulty) {
		print_faults(application);
		return EXIT_DATA_FAULT;
	}
	return application->change_count > 0 && !o->write ? EXIT_NO_GO : EXIT_OK;
}

static int apply(const struct apply_options *o)
{
	struct error err = ERROR_INIT;
	struct buffer table CLEANUP_BUFFER = BUFFER_INIT(TABLE_MAX);
	struct arena arena CLEANUP_ARENA = ARENA_INIT(ARENA_MAX);
	struct table_application application;
	struct contract *contract = contract_load(o->operands[0], &err);
	bool ok = contract != NULL && file_read(o->operands[1], &table, &err);
	if (ok && !table_apply(contract, buffer_span(&table), o->operands[1], &arena, &application, &err)) {
		error_add_file(&err, o->operands[1]);
		ok = false;
	}
	int status = ok ? finish(o, &application) : command_fail(&err);
	contract_destroy(contract);
	return status;
}

int contract_apply_run(int argc, char **argv)
{
	struct apply_options o = {.write = false};
	const struct option_row rows[] = {
		{"write", 0, OPTION_FLAG, &o.write, NULL, "write the changes; the contract is checked afterwards"},
		{"json", 0, OPTION_FLAG, &o.json, NULL, "print the result as JSON"},
	};
	struct options options = {
		.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0]), .operands = o.operands, .operand_max = 2};
	int status = options_read(&command_apply, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (options.operand_count != 2) {
		return command_usage(&command_apply, "name the contract and the table");
	}
	return apply(&o);
}
