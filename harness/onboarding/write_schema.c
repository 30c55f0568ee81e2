/* The schemas: draft 2020-12, with the keywords that evaluators/schema supports. Forms are patterns, so that they count
 * also where `format` is an annotation. What replies must keep is strict; messages may grow new members. */
#include "harness/onboarding/draft.h"

#include "harness/base/json_build.h"

#include <stdio.h>

enum { SCHEMA_MAX = 16 * 1024 * 1024, COMMENT_VALUES = 30, COMMENT_LENGTH = 40, ITEMS_MIN = 10, SURE_DOCUMENTS = 20 };

struct schema_writer {
	const struct draft *draft;
	struct json_build *build;
	struct arena arena; /* comments */
	bool is_reply;
};

/* Twice what was seen, at least 20, as a round number. */
static int64_t with_headroom(size_t seen)
{
	int64_t wanted = (int64_t)seen * 2;
	int64_t step = wanted <= 100 ? 10 : wanted <= 1000 ? 100 : 1000;
	int64_t rounded = (wanted + step - 1) / step * step;
	return rounded > 20 ? rounded : 20;
}

static bool is_whole(const struct profile_node *node)
{
	static const char *const amounts[] = {"amount", "price",  "total", "rate",       "sum",
					      "cost",   "weight", "tax",   "betrag",     "preis",
					      "score",  "value",  "share", "confidence", NULL};
	return node->integers == node->types[JSON_NUMBER] && !value_name_has(node->name, amounts);
}

static void write_type(struct schema_writer *writer, const struct profile_node *node)
{
	const char *names[JSON_TYPE_COUNT];
	size_t count = 0;
	static const struct {
		enum json_type type;
		const char *name;
	} types[] = {{JSON_STRING, "string"}, {JSON_NUMBER, "number"}, {JSON_TRUE, "boolean"},
		     {JSON_ARRAY, "array"},   {JSON_OBJECT, "object"}, {JSON_NULL, "null"}};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		uint64_t seen = node->types[types[i].type] + (types[i].type == JSON_TRUE ? node->types[JSON_FALSE] : 0);
		if (seen > 0) {
			names[count++] = types[i].type == JSON_NUMBER && is_whole(node) ? "integer" : types[i].name;
		}
	}
	/* nothing but null was seen: what stands there otherwise is not known */
	if (count == 0 || (count == 1 && node->types[JSON_NULL] > 0)) {
		return;
	}
	if (count == 1) {
		json_build_text(writer->build, "type", names[0]);
		return;
	}
	json_build_array(writer->build, "type");
	for (size_t i = 0; i < count; i++) {
		json_build_text(writer->build, NULL, names[i]);
	}
	json_build_end(writer->build);
}

static void write_codes(struct schema_writer *writer, const struct draft_codes *codes, bool nullable)
{
	CLEANUP_BUFFER struct buffer comment = BUFFER_INIT(SCHEMA_MAX);
	buffer_append_format(&comment, "%s:", codes->evidence);
	for (size_t i = 0; i < codes->count && i < COMMENT_VALUES; i++) {
		struct span value = {codes->values[i].text, codes->values[i].length};
		const char *shown = place_comment(value, COMMENT_LENGTH, &writer->arena);
		buffer_append_format(&comment, "%s %s %llu", i == 0 ? "" : ",", shown != NULL ? shown : "",
				     (unsigned long long)codes->values[i].count);
	}
	json_build_span(writer->build, "$comment", buffer_span(&comment));
	if (!codes->closed) {
		return;
	}
	json_build_array(writer->build, "enum");
	for (size_t i = 0; i < codes->count; i++) {
		json_build_span(writer->build, NULL, (struct span){codes->values[i].text, codes->values[i].length});
	}
	if (nullable) {
		json_build_null(writer->build, NULL);
	}
	json_build_end(writer->build);
}

/* The form that all texts have, -1: none. */
static int common_form(const struct profile_node *node)
{
	static const enum value_kind forms[] = {VALUE_DATE_TIME, VALUE_DATE, VALUE_UUID, VALUE_EMAIL, VALUE_CURRENCY};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (sample_profile_texts(node) > 0 && node->kinds[forms[i]] == sample_profile_texts(node)) {
			return (int)forms[i];
		}
	}
	return -1;
}

static void write_text_rules(struct schema_writer *writer, const struct profile_node *node)
{
	const struct draft_codes *codes = writer->is_reply ? draft_codes_of(writer->draft, node) : NULL;
	int form = common_form(node);
	if (codes != NULL) {
		write_codes(writer, codes, node->types[JSON_NULL] > 0);
	}
	if (codes != NULL && codes->closed) {
		return;
	}
	if (form >= 0) {
		json_build_text(writer->build, "pattern", value_kind_pattern((enum value_kind)form));
		return;
	}
	if (node->length_min > 0 && writer->is_reply) {
		json_build_integer(writer->build, "minLength", 1);
	}
	json_build_integer(writer->build, "maxLength", with_headroom(node->length_max));
}

static void write_node(struct schema_writer *writer, const char *name, const struct profile_node *node,
		       const struct profile_node *llm);

/* A NUL inside a name cannot be said to the builder; such a member stays undeclared. */
static const char *member_name(const struct profile_node *node)
{
	return memchr(node->name.data, '\0', node->name.length) == NULL ? node->name.data : NULL;
}

/* Does the prompt ask for it, or for something inside? What only the legacy system can know, or what is not compared,
 * may be there and need not. */
static bool is_promised(const struct draft *draft, const struct profile_node *node)
{
	for (size_t i = 0; i < draft->field_count; i++) {
		if (draft->fields[i].node == node) {
			return draft->fields[i].compare != COMPARE_IGNORE;
		}
	}
	for (const struct profile_node *child = node->children; child != NULL; child = child->next) {
		if (is_promised(draft, child)) {
			return true;
		}
	}
	return node == draft->item_key;
}

static void write_required(struct schema_writer *writer, const struct profile_node *node)
{
	uint64_t objects = node->types[JSON_OBJECT];
	bool sure = writer->is_reply || objects >= SURE_DOCUMENTS;
	json_build_array(writer->build, "required");
	for (const struct profile_node *child = node->children; child != NULL; child = child->next) {
		bool wanted = !writer->is_reply || is_promised(writer->draft, child);
		if (!child->is_items && child->present == objects && sure && wanted && member_name(child) != NULL) {
			json_build_text(writer->build, NULL, member_name(child));
		}
	}
	json_build_end(writer->build);
}

static void write_object(struct schema_writer *writer, const struct profile_node *node, const struct profile_node *llm)
{
	if (node->is_map) {
		json_build_text(writer->build, "$comment", "too many different names to list");
		return;
	}
	write_required(writer, node);
	json_build_object(writer->build, "properties");
	for (const struct profile_node *child = node->children; child != NULL; child = child->next) {
		if (!child->is_items && member_name(child) != NULL) {
			write_node(writer, member_name(child), child, sample_profile_child(llm, child->name));
		}
	}
	for (const struct profile_node *child = llm != NULL ? llm->children : NULL; child != NULL;
	     child = child->next) {
		if (!child->is_items && member_name(child) != NULL && sample_profile_child(node, child->name) == NULL) {
			write_node(writer, member_name(child), child, NULL);
		}
	}
	json_build_end(writer->build);
	if (writer->is_reply) {
		json_build_boolean(writer->build, "additionalProperties", false);
	}
}

static void write_array(struct schema_writer *writer, const struct profile_node *node, const struct profile_node *llm)
{
	int64_t most = with_headroom(node->items_max);
	if (writer->is_reply) {
		json_build_integer(writer->build, "maxItems", most > ITEMS_MIN ? most : ITEMS_MIN);
	}
	for (const struct profile_node *child = node->children; child != NULL; child = child->next) {
		if (child->is_items) {
			const struct profile_node *other = llm != NULL ? llm->children : NULL;
			write_node(writer, "items", child, other != NULL && other->is_items ? other : NULL);
		}
	}
}

static void write_rules(struct schema_writer *writer, const struct profile_node *node, const struct profile_node *llm)
{
	write_type(writer, node);
	if (node->types[JSON_STRING] > 0) {
		write_text_rules(writer, node);
	}
	if (writer->is_reply && node->types[JSON_NUMBER] >= SURE_DOCUMENTS && node->number_min >= 0) {
		json_build_integer(writer->build, "minimum", 0);
	}
	if (node->types[JSON_ARRAY] > 0) {
		write_array(writer, node, llm);
	}
	if (node->types[JSON_OBJECT] > 0) {
		write_object(writer, node, llm);
	}
}

static void write_node(struct schema_writer *writer, const char *name, const struct profile_node *node,
		       const struct profile_node *llm)
{
	json_build_object(writer->build, name);
	write_rules(writer, node, llm);
	json_build_end(writer->build);
}

static bool write_schema(const struct draft *draft, const struct profile *profile, bool is_reply, const char *title,
			 struct buffer *text, struct error *err)
{
	struct schema_writer writer = {.draft = draft, .build = json_build_create(), .is_reply = is_reply};
	const struct profile_node *llm = is_reply && draft->llm->documents > 0 ? draft->llm->root : NULL;
	arena_init(&writer.arena, SCHEMA_MAX);
	json_build_text(writer.build, "$schema", "https://json-schema.org/draft/2020-12/schema");
	json_build_text(writer.build, "title", title);
	write_rules(&writer, profile->root, llm);
	bool good = json_build_write(writer.build, 2, text, err);
	buffer_append_byte(text, '\n');
	json_build_destroy(writer.build);
	arena_finish(&writer.arena);
	return good && buffer_ok(text, "a schema", err);
}

bool draft_write_request_schema(const struct draft *draft, struct buffer *text, struct error *err)
{
	char title[128];
	snprintf(title, sizeof(title), "Message of %s", draft->interface);
	return write_schema(draft, draft->messages, false, title, text, err);
}

bool draft_write_response_schema(const struct draft *draft, struct buffer *text, struct error *err)
{
	char title[128];
	snprintf(title, sizeof(title), "Reply of the LLM path of %s", draft->interface);
	return write_schema(draft, draft->replies, true, title, text, err);
}
