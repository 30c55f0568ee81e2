/* Keywords about strings: lengths in code points, patterns and formats. */
#include "evaluators/schema/keywords.h"

#include "evaluators/format/format.h"
#include "harness/base/text.h"

static bool check_min_length(struct schema_run *run, const struct schema_instruction *instruction,
			     const struct schema_site *site)
{
	struct span text = json_text(site->node);
	if (text.length / 4 >= instruction->limit) { /* a code point takes at most four bytes */
		return true;
	}
	if (!schema_spend_text(run, text)) {
		return false;
	}
	size_t length = text_length(text);
	return length >= instruction->limit ||
	       schema_violate(run, site, instruction->keyword, DRIFT_FORMAT, site->node->offset,
			      "has %zu characters, must have at least %llu", length,
			      (unsigned long long)instruction->limit);
}

static bool check_max_length(struct schema_run *run, const struct schema_instruction *instruction,
			     const struct schema_site *site)
{
	struct span text = json_text(site->node);
	if (text.length <= instruction->limit) {
		return true;
	}
	if (!schema_spend_text(run, text)) {
		return false;
	}
	size_t length = text_length(text);
	return length <= instruction->limit ||
	       schema_violate(run, site, instruction->keyword, DRIFT_FORMAT, site->node->offset,
			      "has %zu characters, must have at most %llu", length,
			      (unsigned long long)instruction->limit);
}

static bool check_pattern(struct schema_run *run, const struct schema_instruction *instruction,
			  const struct schema_site *site)
{
	enum schema_match match = schema_pattern_match(run, instruction->pattern, json_text(site->node));
	if (match == SCHEMA_MATCH_YES) {
		return true;
	}
	if (match == SCHEMA_MATCH_UNDECIDED) {
		run->undecided++;
		return schema_violate(run, site, instruction->keyword, DRIFT_OTHER, site->node->offset,
				      "could not be decided: matching the pattern takes too many steps; simplify the "
				      "pattern %s",
				      schema_pattern_text(instruction->pattern));
	}
	return schema_violate(run, site, instruction->keyword, DRIFT_FORMAT, site->node->offset,
			      "does not match the pattern %s", schema_pattern_text(instruction->pattern));
}

static bool compile_length(struct schema_compiler *compiler, const struct json_node *value, schema_check *check)
{
	uint64_t limit = 0;
	if (!schema_read_count(compiler, value, &limit)) {
		return false;
	}
	struct schema_instruction *instruction = schema_add_instruction(compiler, check, 1U << JSON_STRING);
	if (instruction == NULL) {
		return false;
	}
	instruction->limit = limit;
	return true;
}

bool schema_compile_min_length(struct schema_compiler *compiler, const struct json_node *value)
{
	return compile_length(compiler, value, check_min_length);
}

bool schema_compile_max_length(struct schema_compiler *compiler, const struct json_node *value)
{
	return compile_length(compiler, value, check_max_length);
}

bool schema_compile_pattern(struct schema_compiler *compiler, const struct json_node *value)
{
	char reason[200] = "";
	if (!json_is(value, JSON_STRING)) {
		return schema_refuse(compiler, "must be a string, not %s", json_type_name(value));
	}
	const struct schema_pattern *pattern =
		schema_pattern_create(compiler->schema, json_text(value), reason, sizeof(reason));
	if (pattern == NULL) {
		return schema_refuse(compiler, "is no regular expression that can be used: %s", reason);
	}
	struct schema_instruction *instruction = schema_add_instruction(compiler, check_pattern, 1U << JSON_STRING);
	if (instruction == NULL) {
		return false;
	}
	instruction->pattern = pattern;
	return true;
}

static bool check_format(struct schema_run *run, const struct schema_instruction *instruction,
			 const struct schema_site *site)
{
	const struct schema_format *format = instruction->format;
	struct span text = json_text(site->node);
	if (!schema_spend_text(run, text)) {
		return false;
	}
	bool matches = format->format != NULL ? format_matches(format->format, text) : schema_is_regex(text);
	return matches || schema_violate(run, site, instruction->keyword, DRIFT_FORMAT, site->node->offset, "%s",
					 format->sentence);
}

/* A format that is not known stays an annotation, and so do all where nobody asks for assertion. */
bool schema_compile_format(struct schema_compiler *compiler, const struct json_node *value)
{
	if (!json_is(value, JSON_STRING)) {
		return schema_refuse(compiler, "must be a string, not %s", json_type_name(value));
	}
	const struct format *known = format_find(json_text(value));
	bool is_regex = span_is(json_text(value), "regex");
	if (!schema_dialect_here(compiler)->asserts_format || (known == NULL && !is_regex)) {
		return true;
	}
	struct schema_format *format = schema_allocate(compiler, 1, sizeof(*format));
	if (format == NULL) {
		return schema_no_memory(compiler);
	}
	*format = is_regex ? (struct schema_format){NULL, "must be a regular expression of ECMA-262"}
			   : (struct schema_format){known, format_sentence(known)};
	struct schema_instruction *instruction = schema_add_instruction(compiler, check_format, 1U << JSON_STRING);
	if (instruction == NULL) {
		return false;
	}
	instruction->format = format;
	return true;
}
