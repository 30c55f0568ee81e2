/* Layer 1. JSON Schema validation: drafts 2020-12, 2019-09, 7 and 6 (https://json-schema.org/specification), complete:
 * all keywords of their vocabularies, references within and between registered documents, dynamic references, and
 * metaschemas of one's own that leave vocabularies out. The draft of a document is told by its $schema, else by the
 * options.
 *
 * References resolve inside the schema itself, in documents that were registered, and in the metaschemas of the
 * drafts. Nothing is ever fetched: a reference to anything else is an error that names the URI.
 *
 * Names that are no keyword are annotations by the standard. Here they are refused unless the options say otherwise,
 * so that a misspelt keyword of a contract is not silently ignored; names that begin with "x-" are always accepted.
 * A schema that its draft's metaschema refuses is refused when it is compiled, with the place of the fault.
 *
 * Numbers are compared exactly, and 1.0 is an integer. Where an object has the same name twice, both values are
 * checked. "format" is an annotation unless the options or the metaschema's vocabulary make it an assertion.
 * contentEncoding, contentMediaType and contentSchema are annotations.
 *
 * Patterns are ECMA-262 regular expressions with the "u" flag, run by PCRE2: what PCRE2 has beyond ECMA-262 is refused.
 * What PCRE2 10.42 cannot do: lookbehind whose alternatives have no fixed length, and properties of strings
 * (\p{RGI_Emoji}).
 *
 * What hostile input can cost is bounded: the steps of one match by the length of its text, the steps of a validation
 * by the size of the instance, the stack by SCHEMA_STACK_MAX (program.h). What needs more is a violation whose
 * sentence begins with "could not be decided", and makes the instance invalid, also below "not".
 *
 * A schema is compiled once into a flat program (program.h), is immutable from then on and may be used by several
 * threads at once. Validation of a valid instance allocates nothing, but for the first time a thread needs a pattern,
 * uniqueItems on lists of more than a few items, unevaluated* on more than 256 members, and strict reading.
 *
 * How to add a keyword: keywords.h. */
#ifndef UNDERSTUDY_EVALUATORS_SCHEMA_H
#define UNDERSTUDY_EVALUATORS_SCHEMA_H

#include "harness/base/json.h"
#include "harness/base/vocabulary.h"

struct schema;

/* --- documents that references may name --- */

struct schema_registry;

struct schema_registry *schema_registry_create(void); /* NULL without memory */
/* Borrows `document`, and copies the URI (absolute, without a fragment). A document is found by this URI, by its own
 * absolute $id and by those inside it. ERROR_CONFIG where the URI is not absolute or was registered before. */
MUST_CHECK bool schema_registry_add(struct schema_registry *registry, struct span uri, const struct json_node *document,
				    struct error *err);
void schema_registry_destroy(struct schema_registry *registry); /* accepts NULL */

/* --- compiling --- */

enum schema_draft { SCHEMA_DRAFT_2020_12, SCHEMA_DRAFT_2019_09, SCHEMA_DRAFT_7, SCHEMA_DRAFT_6 };
enum schema_unknown { SCHEMA_UNKNOWN_REFUSE, SCHEMA_UNKNOWN_IGNORE };

struct schema_options {
	enum schema_draft draft; /* of documents without $schema */
	bool assert_format;      /* false: format is an annotation */
	enum schema_unknown unknown;
	const struct schema_registry *registry; /* borrowed for the call of schema_create; NULL: none */
	struct span uri;   /* where the document stands; its references are relative to it. Empty: nowhere */
	size_t memory_max; /* bytes for the compiled schema; 0: 256 MiB */
};

/* Copies what it needs of `document` and of the registry. NULL options: all zero. NULL with ERROR_CONFIG (what is wrong
 * where in the schema, and what to do), ERROR_LIMIT or ERROR_MEMORY. */
MUST_CHECK struct schema *schema_create(const struct json_node *document, const struct schema_options *options,
					struct error *err);
void schema_destroy(struct schema *schema); /* accepts NULL */

/* The draft that a word of the command line means: "2020-12", "2019-09", "7", "6". */
MUST_CHECK bool schema_draft_from_name(struct span name, enum schema_draft *ret_draft);

/* True where `text` is a regular expression that "pattern" would accept: the format "regex". */
bool schema_is_regex(struct span text);

/* --- validating --- */

/* All text lives in the report's arena. No text quotes a value of the instance (it may be personal data); names of
 * members are quoted, so text for people must still be escaped for where it goes. Pointers longer than 64 KiB are "".
 *
 * Where anyOf or oneOf has no branch that fits, its own violation is followed by those of its branches. */
struct schema_violation {
	const char *instance; /* JSON Pointer of the value; of the object for a missing field; "" for the root */
	const char *schema;   /* JSON Pointer of the keyword in the document it stands in: /$defs/qty/minimum */
	const char
		*evaluation; /* the way from the root to the keyword, references included: /properties/n/$ref/minimum */
	const char
		*absolute; /* URI of the keyword: that of its schema resource ("" where it has none), "#", a pointer */
	const char *keyword;    /* "minimum"; "false" for the schema false, "" where a limit ended it all */
	const char *sentence;   /* "the field "qty" is missing": one line of UTF-8, at most 500 bytes */
	uint32_t offset;        /* in the instance's source: of the value, or of the name of an undeclared field */
	enum drift_class drift; /* of a failed anyOf or oneOf: that of its branches where they agree, else "other" */
	bool branch;            /* inside a branch of anyOf or oneOf, which is a violation itself */
	bool open;              /* strict reading only: no schema declares the field, and none forbids it */
};

/* Filled by schema_validate; give one to each call. */
struct schema_report {
	struct arena *arena; /* borrowed; set by schema_report_init */
	size_t maximum;      /* violations kept at most */
	/* Strict reading: set to true before the call to have also fields told that no properties, patternProperties or
	 * additionalProperties with a schema declares, though the schema is open there; in whatever applied subschema
	 * (allOf, $ref, branches that fit) it may stand. Where such a field is told, what is inside it is not. They
	 * have `open`, DRIFT_UNDECLARED_FIELD, keyword "unevaluatedProperties" and schema location "", come last, count
	 * in undeclared_open alone, and the instance stays valid. */
	bool strict;
	struct schema_violation *list; /* `count` of them, in order of the instance; in the arena */
	size_t count;
	size_t capacity;
	size_t total;                       /* violations found, those not kept and those of branches included */
	size_t by_class[DRIFT_CLASS_COUNT]; /* of those that are not of branches */
	size_t undeclared_open;             /* found by strict reading */
};

void schema_report_init(struct schema_report *report, struct arena *arena, size_t maximum);

/* True: the instance keeps the schema. With a report all violations are sought; with NULL the first one ends the work.
 * The instance must not be NULL. Violations for which the arena has no room are counted only. */
bool schema_validate(const struct schema *schema, const struct json_node *instance, struct schema_report *report);

#endif
