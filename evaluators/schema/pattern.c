/* Patterns by PCRE2: compiled once; match memory is lent by the schema to one run at a time.
 *
 * Steps are limited to STEPS_BASE + STEPS_PER_BYTE * length, so that hostile text costs time in proportion to its
 * length whatever the pattern; memory to HEAP_KIB. Code is compiled to machine code where the system allows it. */
#include "evaluators/schema/pattern_simple.h"
#include "evaluators/schema/program.h"
#include "harness/base/text.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { STEPS_BASE = 100000, STEPS_PER_BYTE = 256, HEAP_KIB = 64 * 1024 };
static const size_t PATTERN_MAX = 1024 * 1024; /* bytes, translated */

struct schema_pattern {
	pcre2_code *code;
	bool is_simple; /* matched by `simple`; the code then only shows that the pattern is one */
	struct simple_pattern simple;
	const char *text; /* JSON, for the report */
	struct schema_pattern *next;
};

struct schema_matcher {
	pcre2_match_data *data;
	pcre2_match_context *context;
};

struct schema_pool {
	struct schema_matcher *_Atomic spare; /* NULL while a run has it */
};

static void matcher_destroy(struct schema_matcher *matcher)
{
	if (matcher != NULL) {
		pcre2_match_data_free(matcher->data);
		pcre2_match_context_free(matcher->context);
		free(matcher);
	}
}

static struct schema_matcher *matcher_create(void)
{
	struct schema_matcher *matcher = calloc(1, sizeof(*matcher));
	if (matcher == NULL) {
		return NULL;
	}
	matcher->data = pcre2_match_data_create(1, NULL);
	matcher->context = pcre2_match_context_create(NULL);
	if (matcher->data == NULL || matcher->context == NULL) {
		matcher_destroy(matcher);
		return NULL;
	}
	pcre2_set_heap_limit(matcher->context, HEAP_KIB);
	return matcher;
}

void schema_matcher_release(struct schema_run *run)
{
	if (run->matcher != NULL) {
		matcher_destroy(atomic_exchange(&run->schema->pool->spare, run->matcher));
		run->matcher = NULL;
	}
}

void schema_patterns_finish(struct schema *schema)
{
	for (struct schema_pattern *pattern = schema->patterns; pattern != NULL; pattern = pattern->next) {
		pcre2_code_free(pattern->code);
	}
	if (schema->pool != NULL) {
		matcher_destroy(atomic_load(&schema->pool->spare));
		free(schema->pool);
	}
}

const char *schema_pattern_text(const struct schema_pattern *pattern)
{
	return pattern->text;
}

/* NULL with the reason. */
static pcre2_code *compile(struct span text, bool is_to_run, char *reason, size_t reason_size)
{
	uint32_t options = PCRE2_UTF | PCRE2_ALT_BSUX | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF |
			   PCRE2_ALLOW_EMPTY_CLASS | PCRE2_NEVER_BACKSLASH_C;
	/* PCRE2 10.42 looks for the character of a lookahead twice: (?=a)\d*?a finds nothing in " a". */
	if (text_find(text, SPAN("(?=")) < text.length) {
		options |= PCRE2_NO_START_OPTIMIZE;
	}
	int number = 0;
	PCRE2_SIZE offset = 0;
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	if (context == NULL) {
		snprintf(reason, reason_size, "there is no memory for it");
		return NULL;
	}
	pcre2_set_compile_extra_options(context, PCRE2_EXTRA_ALT_BSUX);
	pcre2_code *code = pcre2_compile((PCRE2_SPTR)text.data, text.length, options, &number, &offset, context);
	pcre2_compile_context_free(context);
	if (code == NULL) {
		pcre2_get_error_message(number, (PCRE2_UCHAR *)reason, reason_size);
		return NULL;
	}
	/* Without it (forbidden by hardening, too large) the interpreter does the same, slower. */
	if (is_to_run) {
		pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	}
	return code;
}

bool schema_is_regex(struct span text)
{
	char reason[200];
	CLEANUP_BUFFER struct buffer translated = BUFFER_INIT(PATTERN_MAX);
	if (!schema_pattern_translate(text, &translated, reason, sizeof(reason)) || translated.failed) {
		return false;
	}
	pcre2_code *code = compile(buffer_span(&translated), false, reason, sizeof(reason));
	pcre2_code_free(code);
	return code != NULL;
}

/* The pattern as JSON, for sentences. */
static const char *quote(struct schema *schema, struct span text)
{
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(PATTERN_MAX * 6);
	json_write_string(&buffer, text);
	return buffer.failed ? NULL : arena_copy(&schema->arena, buffer_span(&buffer));
}

static bool make_pool(struct schema *schema)
{
	if (schema->pool == NULL) {
		schema->pool = calloc(1, sizeof(*schema->pool));
	}
	return schema->pool != NULL;
}

const struct schema_pattern *schema_pattern_create(struct schema *schema, struct span text, char *reason,
						   size_t reason_size)
{
	CLEANUP_BUFFER struct buffer translated = BUFFER_INIT(PATTERN_MAX);
	if (!schema_pattern_translate(text, &translated, reason, reason_size)) {
		return NULL;
	}
	struct schema_pattern *pattern = arena_allocate(&schema->arena, sizeof(*pattern));
	const char *quoted = quote(schema, text);
	if (translated.failed || pattern == NULL || quoted == NULL || !make_pool(schema)) {
		snprintf(reason, reason_size, "it is too long");
		return NULL;
	}
	pattern->text = quoted;
	pattern->is_simple = simple_pattern_read(text, &pattern->simple);
	pattern->code = compile(buffer_span(&translated), !pattern->is_simple, reason, reason_size);
	if (pattern->code == NULL) {
		return NULL;
	}
	pattern->next = schema->patterns;
	schema->patterns = pattern;
	return pattern;
}

static int run_match(const struct schema_matcher *matcher, const struct schema_pattern *pattern, struct span text)
{
	PCRE2_SPTR subject = (PCRE2_SPTR)text.data;
	int result = pcre2_match(pattern->code, subject, text.length, 0, PCRE2_NO_UTF_CHECK, matcher->data,
				 matcher->context);
	if (result == PCRE2_ERROR_JIT_STACKLIMIT) {
		result = pcre2_match(pattern->code, subject, text.length, 0, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
				     matcher->data, matcher->context);
	}
	return result;
}

enum schema_match schema_pattern_match(struct schema_run *run, const struct schema_pattern *pattern, struct span text)
{
	if (pattern->is_simple) {
		return simple_pattern_match(&pattern->simple, text) ? SCHEMA_MATCH_YES : SCHEMA_MATCH_NO;
	}
	if (run->undecided_matches >= SCHEMA_UNDECIDED_MAX) {
		return SCHEMA_MATCH_UNDECIDED;
	}
	if (run->matcher == NULL) {
		run->matcher = atomic_exchange(&run->schema->pool->spare, NULL);
	}
	if (run->matcher == NULL) {
		run->matcher = matcher_create();
	}
	if (run->matcher == NULL) {
		return SCHEMA_MATCH_UNDECIDED;
	}
	uint64_t steps = STEPS_BASE + (uint64_t)STEPS_PER_BYTE * text.length;
	pcre2_set_match_limit(run->matcher->context, steps < UINT32_MAX ? (uint32_t)steps : UINT32_MAX);
	int result = run_match(run->matcher, pattern, text);
	if (result >= 0) {
		return SCHEMA_MATCH_YES;
	}
	if (result == PCRE2_ERROR_NOMATCH) {
		return SCHEMA_MATCH_NO;
	}
	run->undecided_matches++;
	return SCHEMA_MATCH_UNDECIDED;
}
