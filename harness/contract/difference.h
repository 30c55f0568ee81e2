/* Layer 2. What changed between two versions of a contract, whom it breaks, which version it needs, and what evidence
 * it costs. Pure. */
#ifndef UNDERSTUDY_CONTRACT_DIFFERENCE_H
#define UNDERSTUDY_CONTRACT_DIFFERENCE_H

#include "harness/contract/content.h"

enum contract_change_kind { CHANGE_ADDED, CHANGE_REMOVED, CHANGE_CHANGED };

/* A member of what contract_write_effective writes; fields and candidates are told apart by their names. */
struct contract_change {
	enum contract_change_kind kind;
	const char *path;   /* "gate.margin", "fields.queue.compare" */
	const char *before; /* JSON, at most CHANGE_VALUE_MAX bytes; NULL: added */
	const char *after;  /* NULL: removed */
	bool starts_period; /* belongs to what an evaluation period depends on (contract_epoch) */
};

enum { CHANGE_VALUE_MAX = 80, CHANGES_MAX = 500 };

struct contract_difference {
	struct contract_change
		*changes; /* in order of the new contract; schemas and the version are told apart from them */
	size_t change_count;
	size_t change_total;        /* those past CHANGES_MAX included */
	bool request_starts_period; /* by the schema */
	bool response_starts_period;
	const char *candidates; /* "mini, large": candidates of both whose evaluation period ends; "" for none */
	struct content_step step;
	bool breaks;      /* somebody who relies on the old version breaks: response or request, as content.h says */
	bool is_numbered; /* both versions are MAJOR.MINOR.PATCH */
	struct version least; /* of the new version, where numbered */
	bool version_fits;    /* is at least that; not numbered: another version, or the same content */
};

/* Text lives in the arena. ERROR_MEMORY and ERROR_LIMIT alone. */
MUST_CHECK bool contract_difference(const struct contract *before, const struct contract *after, struct arena *arena,
				    struct contract_difference *ret_difference, struct error *err);

#endif
