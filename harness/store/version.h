/* Layer 2. Versions of contracts and the content they were first used with. */
#ifndef UNDERSTUDY_STORE_VERSION_H
#define UNDERSTUDY_STORE_VERSION_H

#include "harness/store/store.h"

/* *ret_found: the version was used. Then its hash and content (canonical JSON), which live in the arena. */
MUST_CHECK bool store_version_find(struct store *store, int64_t interface_id, struct span version, struct arena *arena,
				   bool *ret_found, struct span *ret_hash, struct span *ret_content, struct error *err);
/* Adds the version, or gives one that is there another content. In the caller's transaction. */
MUST_CHECK bool store_version_put(struct store *store, int64_t interface_id, struct span version, struct span hash,
				  struct span content, int64_t now, struct error *err);

#endif
