/* Drafts, their vocabularies and their metaschemas. */
#include "evaluators/schema/keywords.h"
#include "evaluators/schema/uri.h"

#include "harness/base/text.h"

extern const char asset_metaschemas_2020_12_json[];
extern const size_t asset_metaschemas_2020_12_json_size;
extern const char asset_metaschemas_2019_09_json[];
extern const size_t asset_metaschemas_2019_09_json_size;
extern const char asset_metaschemas_7_json[];
extern const size_t asset_metaschemas_7_json_size;
extern const char asset_metaschemas_6_json[];
extern const size_t asset_metaschemas_6_json_size;

enum { EVERYTHING = (SCHEMA_CONTENT << 1) - 1 };

/* Each asset is a list of documents that have a $id. */
static const struct {
	const char *name; /* on the command line */
	const char *uri;
	const char *folder; /* of the metaschemas */
	const char *asset;
	const size_t *asset_size;
} drafts[] = {
	[SCHEMA_DRAFT_2020_12] = {"2020-12", "https://json-schema.org/draft/2020-12/schema",
				  "https://json-schema.org/draft/2020-12/", asset_metaschemas_2020_12_json,
				  &asset_metaschemas_2020_12_json_size},
	[SCHEMA_DRAFT_2019_09] = {"2019-09", "https://json-schema.org/draft/2019-09/schema",
				  "https://json-schema.org/draft/2019-09/", asset_metaschemas_2019_09_json,
				  &asset_metaschemas_2019_09_json_size},
	[SCHEMA_DRAFT_7] = {"7", "http://json-schema.org/draft-07/schema", "http://json-schema.org/draft-07/",
			    asset_metaschemas_7_json, &asset_metaschemas_7_json_size},
	[SCHEMA_DRAFT_6] = {"6", "http://json-schema.org/draft-06/schema", "http://json-schema.org/draft-06/",
			    asset_metaschemas_6_json, &asset_metaschemas_6_json_size},
};
enum { DRAFT_COUNT = sizeof(drafts) / sizeof(drafts[0]), DIALECT_CHAIN_MAX = 8 };

static const struct {
	const char *uri;
	unsigned int bits;
	bool asserts_format;
} vocabularies[] = {
	{"https://json-schema.org/draft/2020-12/vocab/core", SCHEMA_CORE, false},
	{"https://json-schema.org/draft/2020-12/vocab/applicator", SCHEMA_APPLICATOR, false},
	{"https://json-schema.org/draft/2020-12/vocab/unevaluated", SCHEMA_UNEVALUATED, false},
	{"https://json-schema.org/draft/2020-12/vocab/validation", SCHEMA_VALIDATION, false},
	{"https://json-schema.org/draft/2020-12/vocab/meta-data", SCHEMA_METADATA, false},
	{"https://json-schema.org/draft/2020-12/vocab/format-annotation", SCHEMA_FORMAT, false},
	{"https://json-schema.org/draft/2020-12/vocab/format-assertion", SCHEMA_FORMAT, true},
	{"https://json-schema.org/draft/2020-12/vocab/content", SCHEMA_CONTENT, false},
	{"https://json-schema.org/draft/2019-09/vocab/core", SCHEMA_CORE, false},
	{"https://json-schema.org/draft/2019-09/vocab/applicator", SCHEMA_APPLICATOR | SCHEMA_UNEVALUATED, false},
	{"https://json-schema.org/draft/2019-09/vocab/validation", SCHEMA_VALIDATION, false},
	{"https://json-schema.org/draft/2019-09/vocab/meta-data", SCHEMA_METADATA, false},
	{"https://json-schema.org/draft/2019-09/vocab/format", SCHEMA_FORMAT, false},
	{"https://json-schema.org/draft/2019-09/vocab/content", SCHEMA_CONTENT, false},
};
enum { VOCABULARY_COUNT = sizeof(vocabularies) / sizeof(vocabularies[0]) };

bool schema_draft_from_name(struct span name, enum schema_draft *ret_draft)
{
	for (size_t i = 0; i < DRAFT_COUNT; i++) {
		if (span_is(name, drafts[i].name)) {
			*ret_draft = (enum schema_draft)i;
			return true;
		}
	}
	return false;
}

struct schema_dialect schema_dialect_of(const struct schema *schema, enum schema_draft draft)
{
	return (struct schema_dialect){
		.draft = draft, .vocabularies = EVERYTHING, .asserts_format = schema->options.assert_format};
}

static bool draft_of_uri(struct span uri, enum schema_draft *ret_draft)
{
	for (size_t i = 0; i < DRAFT_COUNT; i++) {
		if (span_is(uri, drafts[i].uri)) {
			*ret_draft = (enum schema_draft)i;
			return true;
		}
	}
	return false;
}

static bool refuse_vocabulary(struct span uri, struct error *err)
{
	return error_set(err, ERROR_CONFIG,
			 "the metaschema requires the vocabulary %.*s, which is not known; say false for it in "
			 "$vocabulary, or do without it",
			 (int)(uri.length < 200 ? uri.length : 200), uri.data);
}

/* The vocabularies that a metaschema lists; one that is not known may be listed as not required. */
static bool read_vocabularies(const struct json_node *map, struct schema_dialect *dialect, struct error *err)
{
	dialect->vocabularies = SCHEMA_CORE;
	for (const struct json_node *name = json_first(map); name != NULL; name = json_next(map, name)) {
		size_t i = 0;
		while (i < VOCABULARY_COUNT && !span_is(json_text(name), vocabularies[i].uri)) {
			i++;
		}
		if (i < VOCABULARY_COUNT) {
			dialect->vocabularies |= vocabularies[i].bits;
			dialect->asserts_format = dialect->asserts_format || vocabularies[i].asserts_format;
		} else if (!json_is(json_member(name), JSON_FALSE)) {
			return refuse_vocabulary(json_text(name), err);
		}
	}
	return true;
}

static bool refuse_dialect(struct span uri, struct error *err)
{
	return error_set(err, ERROR_CONFIG,
			 "$schema names %.*s, which is not known; use %s (or 2019-09, draft 7, draft 6), or register "
			 "that metaschema",
			 (int)(uri.length < 200 ? uri.length : 200), uri.data, drafts[SCHEMA_DRAFT_2020_12].uri);
}

/* Follows metaschemas of one's own up to a draft. The first that lists vocabularies decides on them. */
bool schema_dialect_read(struct schema *schema, const struct json_node *root, struct schema_dialect *ret_dialect,
			 struct error *err)
{
	struct schema_dialect dialect = schema_dialect_of(schema, schema->draft);
	const struct json_node *vocabulary = NULL;
	for (int i = 0; i < DIALECT_CHAIN_MAX; i++) {
		const struct json_node *name = json_get_text(root, "$schema");
		struct span uri = json_text(name);
		struct span fragment;
		if (name == NULL && i > 0) {
			break;
		}
		if (!json_is(name, JSON_STRING)) {
			return error_set(err, ERROR_CONFIG, "$schema must be the URI of a draft, not %s",
					 json_type_name(name));
		}
		uri_cut_fragment(&uri, &fragment);
		if (draft_of_uri(uri, &dialect.draft)) {
			break;
		}
		root = schema_registry_find(schema->options.registry, uri);
		if (root == NULL || i == DIALECT_CHAIN_MAX - 1) {
			return refuse_dialect(uri, err);
		}
		vocabulary = vocabulary != NULL ? vocabulary : json_get_text(root, "$vocabulary");
	}
	if (vocabulary != NULL && !read_vocabularies(vocabulary, &dialect, err)) {
		return false;
	}
	*ret_dialect = dialect;
	return true;
}

bool schema_metaschema_find(struct schema *schema, struct span uri, const struct json_node **ret_document,
			    struct error *err)
{
	*ret_document = NULL;
	for (size_t i = 0; i < DRAFT_COUNT; i++) {
		const struct json_node *list = NULL;
		if (!text_starts_with(uri, drafts[i].folder)) {
			continue;
		}
		if (!json_parse(&schema->arena, (struct span){drafts[i].asset, *drafts[i].asset_size}, NULL, &list,
				err)) {
			return false;
		}
		for (const struct json_node *one = json_first(list); one != NULL; one = json_next(list, one)) {
			struct span id = json_text(json_get_text(one, "$id"));
			struct span fragment;
			uri_cut_fragment(&id, &fragment);
			if (span_equal(id, uri)) {
				*ret_document = one;
				return true;
			}
		}
	}
	return true;
}
