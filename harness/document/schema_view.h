/* Layer 3, private to harness/document. A JSON Schema read as a person reads it: what does it say of one place?
 *
 * This reads the document, not the compiled program: it is about words (title, description, examples) that validation
 * does not need. References inside the document ("#", "#/pointer", "#anchor") and `allOf` are followed; of `anyOf` and
 * `oneOf` the one branch that is not null. What cannot be followed is as if it said nothing. Nodes are borrowed from
 * the document; no function fails but by the arena's end (wording.h). */
#ifndef UNDERSTUDY_DOCUMENT_SCHEMA_VIEW_H
#define UNDERSTUDY_DOCUMENT_SCHEMA_VIEW_H

#include "evaluators/select/select.h"
#include "harness/document/wording.h"

struct schema_view {
	const struct json_node *root; /* NULL: there is no schema */
	struct wording *wording;
	size_t steps; /* taken so far; from SCHEMA_STEPS_MAX on nothing more is found */
};
enum { SCHEMA_STEPS_MAX = 4000000 };

/* A subschema, and how it was reached. */
struct schema_place {
	const struct json_node *node;   /* NULL: the schema says nothing here */
	const struct json_node *parent; /* the object schema whose `properties` names it; NULL: none does */
	struct span name;               /* its name there */
	bool shared; /* a reference or a branch lies on the way: it may be the schema of other places, too */
};

struct schema_code {
	const char *value;   /* as in a cell of allowed values (code_list.h) */
	const char *meaning; /* "" where the schema has none */
};

/* Words about one place; "" where there is nothing to say. */
struct schema_facts {
	const char *title;
	const char *meaning;
	const char *type;    /* "text", "whole number or nothing (null)" */
	const char *format;  /* "date-time", "pattern ^T-[0-9]{6}$" */
	const char *minimum; /* "0"; ">0" where the bound itself is excluded */
	const char *maximum;
	const char *shortest; /* characters */
	const char *longest;
	const char *range;    /* bounds and lengths in words: "1 to 100 characters" */
	const char *allowed;  /* the codes as in a cell, one to a line */
	const char *examples; /* joined by "; " */
	const struct schema_code *codes;
	size_t code_count;
};

/* The value of a keyword of this subschema, also where a reference or a part of allOf says it. */
const struct json_node *schema_view_keyword(struct schema_view *view, const struct json_node *node,
					    const char *keyword);
struct schema_place schema_view_root(struct schema_view *view);
/* A member, or the items of an array (`index` counts for prefixItems; -1: any item). */
struct schema_place schema_view_member(struct schema_view *view, struct schema_place place, struct span name);
struct schema_place schema_view_item(struct schema_view *view, struct schema_place place, int64_t index);
struct schema_place schema_view_walk(struct schema_view *view, struct schema_place place,
				     const struct select_path *path);
/* Does the object around it ask for the member? */
bool schema_view_required(struct schema_view *view, const struct schema_place *place);
/* schema_words.c */
struct schema_facts schema_view_facts(struct schema_view *view, const struct json_node *node);
/* Are its values text alone, so that a code such as 5 in a list of allowed values means the text "5"? */
bool schema_view_is_text(struct schema_view *view, const struct json_node *node);

/* Every place that the schema names, objects and lists included, in the schema's order. */
struct schema_leaf {
	const char *path; /* "/lines/ * /sku" without the spaces: an asterisk stands for each item of a list */
	struct schema_place place;
	size_t depth;  /* 0 for members of the document */
	bool required; /* by the object around it */
	bool repeats;  /* the schema of a place around it once more: not followed */
};
/* At most SCHEMA_LEAVES_MAX; *ret_more is true where there were more. */
enum { SCHEMA_LEAVES_MAX = 5000 };
const struct schema_leaf *schema_view_leaves(struct schema_view *view, size_t *ret_count, bool *ret_more);

#endif
