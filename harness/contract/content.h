/* Layer 2. What a contract says, apart from how it is run; and which version a change of it needs.
 *
 * Content is what others build on: message, records, fields with their rules, schemas, which legacy outcome counts,
 * classification of data, limits, fallback and slo. Owners, listeners, endpoints, keys, candidates, approvals,
 * sampling, review and gate plan are not in it. A version once used is frozen: it keeps the content that it was used
 * with.
 *
 * Versions are MAJOR.MINOR.PATCH (Semantic Versioning 2.0.0, sections 2, 6 to 8 and 11, without pre-release and build):
 * MAJOR where somebody breaks: the response schema is not FORWARD compatible, the request schema not BACKWARD, a field
 * is gone, messages or records are identified otherwise, or formats no longer count the same. MINOR for fields and
 * schemas that grew compatibly. PATCH for the rest. Before 1.0.0 the middle number counts as MAJOR and the last for all
 * else. */
#ifndef UNDERSTUDY_CONTRACT_CONTENT_H
#define UNDERSTUDY_CONTRACT_CONTENT_H

#include "evaluators/compatibility/compatibility.h"
#include "harness/contract/contract.h"

/* Canonical JSON of the content, and its SHA-256. */
MUST_CHECK bool contract_content(const struct contract *contract, struct buffer *ret_content,
				 uint8_t ret_hash[SHA256_SIZE], struct error *err);

enum version_step { VERSION_SAME, VERSION_PATCH, VERSION_MINOR, VERSION_MAJOR };
const char *version_step_name(enum version_step step); /* "none" "patch" "minor" "major" */

struct version {
	uint64_t major;
	uint64_t minor;
	uint64_t patch;
};

/* False for all else than three numbers with dots between. */
bool version_parse(struct span text, struct version *ret_version);
int version_order(const struct version *a, const struct version *b);
/* The least version that a step leads to. */
struct version version_after(struct version version, enum version_step step);

/* The step from one content to another, and the weightiest reason in words ("" for VERSION_SAME). Both are JSON as
 * contract_content writes it. Schemas' results and texts live in the arena; a schema that is absent allows anything. */
struct content_step {
	enum version_step step;
	const char *reason;
	struct compatibility request;
	struct compatibility response;
};
MUST_CHECK bool content_step(const struct json_node *before, const struct json_node *after, struct arena *arena,
			     struct content_step *ret_step, struct error *err);

/* Names of the parts that differ, "fields, schemas", in the arena. NULL without memory. */
const char *content_changes(const struct json_node *before, const struct json_node *after, struct arena *arena);

#endif
