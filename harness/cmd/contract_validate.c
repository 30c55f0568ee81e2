/* An instance against a JSON Schema, told in the form that the standard calls `basic` (JSON Schema 2020-12, section
 * 12.4.2). Nothing is fetched: what the schema refers to is given by --with. */
#include "harness/cmd/contract_commands.h"

#include "evaluators/schema/schema.h"
#include "harness/base/file.h"
#include "harness/base/json_build.h"
#include "harness/cmd/command.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_MAX = 64 * 1024 * 1024, ARENA_MAX = 1024 * 1024 * 1024, VIOLATIONS_MAX = 1000, WITH_MAX = 256 };

struct validation {
	struct arena arena;
	struct schema_registry *registry;
	struct schema_options options;
	bool is_strict;
	struct error err;
};

static bool read_document(struct validation *validation, const char *file, const struct json_node **ret_root)
{
	struct json_limits limits = {.depth = JSON_DEPTH_MAX};
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(FILE_MAX);
	if (!file_read(file, &text, &validation->err)) {
		return false;
	}
	char *copy = arena_copy(&validation->arena, buffer_span(&text));
	if (copy == NULL) {
		error_set(&validation->err, ERROR_MEMORY, "no memory for the file");
	}
	if (copy == NULL ||
	    !json_parse(&validation->arena, (struct span){copy, text.length}, &limits, ret_root, &validation->err)) {
		error_add_file(&validation->err, file);
		return false;
	}
	return true;
}

/* file:///where/it/is, so that what schemas say to each other may be relative. */
static bool file_uri(struct validation *validation, const char *file, struct span *ret_uri)
{
	char path[PATH_MAX];
	CLEANUP_BUFFER struct buffer uri = BUFFER_INIT(4 * PATH_MAX);
	if (realpath(file, path) == NULL) {
		return error_set_at(&validation->err, ERROR_MISSING, file, 0, "cannot be found; correct the path");
	}
	buffer_append_text(&uri, "file://");
	for (const char *c = path; *c != 0; c++) {
		if (*c <= ' ' || *c == 0x7f || strchr("%#?\"<>\\^`{|}", *c) != NULL) {
			buffer_append_format(&uri, "%%%02X", (unsigned int)(unsigned char)*c);
		} else {
			buffer_append_byte(&uri, *c);
		}
	}
	const char *copy = arena_copy(&validation->arena, buffer_span(&uri));
	*ret_uri = (struct span){copy, uri.length};
	return copy != NULL || error_set(&validation->err, ERROR_MEMORY, "no memory for the file's name");
}

/* "URI=FILE", or "FILE" whose $id or, without one, whose place is its URI. */
static bool register_file(struct validation *validation, const char *argument)
{
	const struct json_node *document = NULL;
	const char *equals = strchr(argument, '=');
	bool has_uri = equals != NULL && strchr(argument, ':') != NULL && strchr(argument, ':') < equals;
	const char *file = has_uri ? equals + 1 : argument;
	struct span uri = {argument, has_uri ? (size_t)(equals - argument) : 0};
	if (!read_document(validation, file, &document)) {
		return false;
	}
	if (!has_uri) {
		uri = json_text(json_get_text(document, "$id"));
		uri.length -= uri.length > 0 && uri.data[uri.length - 1] == '#';
	}
	if (uri.length == 0 && !file_uri(validation, file, &uri)) {
		return false;
	}
	bool added = schema_registry_add(validation->registry, uri, document, &validation->err);
	if (!added) {
		error_add_file(&validation->err, file);
	}
	return added;
}

static void write_violation(struct json_build *build, const struct schema_violation *violation)
{
	json_build_object(build, NULL);
	if (!violation->open) {
		json_build_text(build, "keywordLocation", violation->evaluation);
		if (strcmp(violation->evaluation, violation->schema) != 0) {
			json_build_text(build, "absoluteKeywordLocation", violation->absolute);
		}
	}
	json_build_text(build, "instanceLocation", violation->instance);
	json_build_text(build, "error", violation->sentence);
	json_build_end(build);
}

static void write_violations(struct json_build *build, const char *name, const struct schema_report *report, bool open)
{
	json_build_array(build, name);
	for (size_t i = 0; i < report->count; i++) {
		if (report->list[i].open == open) {
			write_violation(build, &report->list[i]);
		}
	}
	json_build_end(build);
}

/* Beside the standard's members: "undeclared" where it was asked for, and how many were found where not all are told.
 */
static bool print_result(bool valid, const struct schema_report *report, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(FILE_MAX);
	struct json_build *build = json_build_create();
	json_build_boolean(build, "valid", valid);
	if (!valid) {
		write_violations(build, "errors", report, false);
	}
	if (report->strict) {
		write_violations(build, "undeclared", report, true);
	}
	if (report->total + report->undeclared_open > report->count) {
		json_build_integer(build, "found", (int64_t)(report->total + report->undeclared_open));
	}
	bool written = json_build_write(build, 2, &text, err);
	json_build_destroy(build);
	if (written) {
		puts(text.data);
	}
	return written;
}

static int validate(struct validation *validation, const char *schema_file, const char *instance_file)
{
	const struct json_node *document = NULL;
	const struct json_node *instance = NULL;
	if (!read_document(validation, schema_file, &document) ||
	    !read_document(validation, instance_file, &instance) ||
	    !file_uri(validation, schema_file, &validation->options.uri)) {
		return command_fail(&validation->err);
	}
	struct schema *schema = schema_create(document, &validation->options, &validation->err);
	if (schema == NULL) {
		error_add_file(&validation->err, schema_file);
		return command_fail(&validation->err);
	}
	struct schema_report report;
	schema_report_init(&report, &validation->arena, VIOLATIONS_MAX);
	report.strict = validation->is_strict;
	bool valid = schema_validate(schema, instance, &report);
	schema_destroy(schema);
	if (!print_result(valid, &report, &validation->err)) {
		return command_fail(&validation->err);
	}
	return valid ? EXIT_OK : EXIT_NO_GO;
}

static int validate_files(struct validation *validation, const struct option_texts *with, const char *schema_file,
			  const char *instance_file)
{
	validation->registry = schema_registry_create();
	validation->options.registry = validation->registry;
	bool good = validation->registry != NULL;
	for (size_t i = 0; good && i < with->count; i++) {
		good = register_file(validation, with->list[i]);
	}
	int status = good ? validate(validation, schema_file, instance_file) : command_fail(&validation->err);
	schema_registry_destroy(validation->registry);
	arena_finish(&validation->arena);
	return status;
}

static const struct command command_validate = {
	.name = "contract validate",
	.summary =
		"an instance against a JSON Schema; the result in the standard's basic form, exit code 1 where invalid",
	.synopsis = "SCHEMA INSTANCE [--draft DRAFT] [--format-assertion] [--strict] [--with FILE]...",
	.example = "understudy contract validate order.schema.json order.json",
	.run = NULL,
};

int contract_validate_run(int argc, char **argv)
{
	const char *draft = "2020-12";
	const char *operands[2];
	const char *files[WITH_MAX];
	struct option_texts with = {.list = files, .maximum = WITH_MAX};
	struct validation validation = {
		.arena = ARENA_INIT(ARENA_MAX), .options = {.unknown = SCHEMA_UNKNOWN_IGNORE}, .err = ERROR_INIT};
	const struct option_row rows[] = {
		{"draft", 0, OPTION_TEXT, &draft, "DRAFT", "of schemas without $schema: 2020-12, 2019-09, 7 or 6"},
		{"format-assertion", 0, OPTION_FLAG, &validation.options.assert_format, NULL,
		 "\"format\" is an assertion"},
		{"strict", 0, OPTION_FLAG, &validation.is_strict, NULL,
		 "tell fields that no schema declares, though it is open to them"},
		{"with", 0, OPTION_TEXTS, &with, "FILE",
		 "a schema that is referred to, by its $id or place; URI=FILE: by that URI"},
	};
	struct options options = {
		.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0]), .operands = operands, .operand_max = 2};
	int status = options_read(&command_validate, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (options.operand_count != 2) {
		return command_usage(&command_validate, "say the file of the schema and that of the instance");
	}
	if (!schema_draft_from_name(span_of(draft), &validation.options.draft)) {
		return command_usage(&command_validate, "there is no draft \"%s\" here; say 2020-12, 2019-09, 7 or 6",
				     draft);
	}
	return validate_files(&validation, &with, operands[0], operands[1]);
}
