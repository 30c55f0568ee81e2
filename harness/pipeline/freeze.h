/* Layer 3. A version of a contract, once a worker has used it, keeps its content (contract/content.h). */
#ifndef UNDERSTUDY_PIPELINE_FREEZE_H
#define UNDERSTUDY_PIPELINE_FREEZE_H

#include "harness/contract/contract.h"
#include "harness/store/store.h"

/* Remembers the contract's version with its content, in the caller's transaction. A version that was used with another
 * content is ERROR_CONFIG, which names what changed and the version to take. In the environment dev the new content
 * replaces the former one, and *ret_notice says so; else it is left alone. */
MUST_CHECK bool freeze_version(struct store *store, const struct contract *contract, int64_t interface_id, int64_t now,
			       struct error *ret_notice, struct error *err);

#endif
