/* Layer 2, private to harness/contract: the parts of the lint. */
#ifndef UNDERSTUDY_CONTRACT_LINT_INTERNAL_H
#define UNDERSTUDY_CONTRACT_LINT_INTERNAL_H

#include "evaluators/reach/reach.h"
#include "harness/contract/lint.h"

struct lint {
	const struct contract *contract;
	int64_t now;
	struct arena *arena;
	struct reach request; /* usable where the contract has a request schema */
	struct reach response;
	struct reach_place record; /* one record of a reply; filled by lint_reply */
	struct lint_report report;
	bool failed; /* no memory */
};

/* A place in the contract (NULL: line 1), and one in a schema. */
struct lint_place {
	const char *file;
	int line;
};
struct lint_place lint_in_contract(const struct lint *lint, const struct json_node *node);
struct lint_place lint_in_request(const struct lint *lint, const struct json_node *node);
struct lint_place lint_in_response(const struct lint *lint, const struct json_node *node);

/* `advice` is static or in the arena. */
void lint_add(struct lint *lint, enum lint_rule rule, struct lint_place place, const char *advice, const char *format,
	      ...) __attribute__((format(printf, 5, 6)));

/* "/a/b" for messages; "the whole document" for the root. In the arena. */
const char *lint_path_text(struct lint *lint, const struct select_path *path);
/* The first schema of a place, where the document has one; NULL: none. */
const struct json_node *lint_schema_of(const struct reach_place *place);

void lint_reply(struct lint *lint);
void lint_schema(struct lint *lint);
void lint_request(struct lint *lint);
void lint_plan(struct lint *lint);
void lint_provider(struct lint *lint);

#endif
