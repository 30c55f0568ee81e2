/* understudy contract doc: the mapping specification, for business analysts. */
#include "harness/base/file.h"
#include "harness/base/json_build.h"
#include "harness/base/text.h"
#include "harness/cmd/command.h"
#include "harness/cmd/contract_commands.h"
#include "harness/document/specification.h"

#include <stdio.h>

enum { PAGE_MAX = 64 << 20, ARENA_MAX = 512 << 20, FILE_MODE = 0644 };

struct doc_options {
	const char *file;
	const char *since;
	const char *output;
	const char *format;
	bool json;
	bool html;
	bool xlsx;
};

static const struct command command_doc = {
	.name = "contract doc",
	.summary = "write the mapping specification of a contract as a page and a workbook",
	.synopsis = "FILE [-o DIR] [--format html,xlsx] [--since OLD-FILE] [--json]",
	.example = "understudy contract doc examples/ticket-routing/contracts/ticket-routing/contract.yaml -o mapping",
};

static bool read_formats(struct doc_options *o)
{
	struct span rest = span_of(o->format);
	while (rest.length > 0) {
		size_t comma = text_find(rest, SPAN(","));
		struct span word = {rest.data, comma};
		size_t used = comma + (comma < rest.length ? 1 : 0);
		rest = (struct span){rest.data + used, rest.length - used};
		if (span_is(word, "html")) {
			o->html = true;
		} else if (span_is(word, "xlsx")) {
			o->xlsx = true;
		} else {
			return false;
		}
	}
	return o->html || o->xlsx;
}

static bool write_page(const struct specification *specification, const char *path, struct error *err)
{
	struct buffer page CLEANUP_BUFFER = BUFFER_INIT(PAGE_MAX);
	return specification_write_html(specification, &page, err) &&
	       file_write(path, buffer_span(&page), FILE_MODE, err);
}

/* Writes one of the two files and adds its path to the list. */
static bool write_one(const struct doc_options *o, const struct specification *specification, const char *ending,
		      struct json_build *files, struct error *err)
{
	struct buffer path CLEANUP_BUFFER = BUFFER_INIT(8192);
	buffer_append_format(&path, "%s/%s.%s", o->output, specification->file_stem, ending);
	if (!buffer_ok(&path, "the path of the output", err)) {
		return false;
	}
	bool page = strcmp(ending, "html") == 0;
	if (!(page ? write_page(specification, path.data, err)
		   : specification_write_xlsx(specification, path.data, err))) {
		return false;
	}
	if (!o->json) {
		puts(path.data);
	}
	json_build_text(files, NULL, path.data);
	return true;
}

static bool write_files(const struct doc_options *o, const struct specification *specification,
			struct json_build *result, struct error *err)
{
	json_build_text(result, "interface", specification->contract->interface);
	json_build_text(result, "version", specification->contract->version);
	json_build_text(result, "hash", specification->hash);
	json_build_integer(result, "fields", (int64_t)specification->fields.count);
	json_build_text(result, "since", specification->since);
	json_build_array(result, "changes");
	for (size_t i = 0; i < specification->history_count; i++) {
		json_build_text(result, NULL, specification->history[i]);
	}
	json_build_end(result);
	json_build_array(result, "files");
	bool ok = file_make_directory(o->output, err) &&
		  (!o->html || write_one(o, specification, "html", result, err)) &&
		  (!o->xlsx || write_one(o, specification, "xlsx", result, err));
	json_build_end(result);
	return ok;
}

static bool make(const struct doc_options *o, const struct contract *contract, const struct contract *since,
		 struct json_build *result, struct error *err)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(ARENA_MAX);
	struct specification specification;
	return specification_make(contract, since, &arena, &specification, err) &&
	       write_files(o, &specification, result, err);
}

static int doc(const struct doc_options *o)
{
	struct error err = ERROR_INIT;
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(PAGE_MAX);
	struct json_build *result = json_build_create();
	struct contract *contract = contract_load(o->file, &err);
	struct contract *since = contract != NULL && o->since != NULL ? contract_load(o->since, &err) : NULL;
	bool ok = contract != NULL && (o->since == NULL || since != NULL) && make(o, contract, since, result, &err) &&
		  (!o->json || json_build_write(result, 2, &text, &err));
	if (ok && o->json) {
		puts(text.data);
	}
	contract_destroy(contract);
	contract_destroy(since);
	json_build_destroy(result);
	return ok ? EXIT_OK : command_fail(&err);
}

int contract_doc_run(int argc, char **argv)
{
	struct doc_options o = {.output = ".", .format = "html,xlsx"};
	const struct option_row rows[] = {
		{"output", 'o', OPTION_TEXT, &o.output, "DIR", "where the files go; made where it is not there (.)"},
		{"format", 0, OPTION_TEXT, &o.format, "LIST", "html, xlsx, or both (html,xlsx)"},
		{"since", 0, OPTION_TEXT, &o.since, "FILE", "an older contract: mark and list what changed"},
		{"json", 0, OPTION_FLAG, &o.json, NULL, "print what was written as JSON"},
	};
	struct options options = {
		.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0]), .operands = &o.file, .operand_max = 1};
	int status = options_read(&command_doc, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (options.operand_count != 1) {
		return command_usage(&command_doc, "the contract's FILE is missing; name it");
	}
	if (!read_formats(&o)) {
		return command_usage(&command_doc, "--format takes html, xlsx or both, not \"%s\"", o.format);
	}
	return doc(&o);
}
