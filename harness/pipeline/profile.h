/* Layer 3. Profiles: what is counted of the values in messages and replies, so that data drift can be found later
 * (harness/store/profile.h has the bins, baselines/profile_week.h the tests).
 *
 * A place is a JSON Pointer in which * stands for every item of an array and for every member of a map-like object: one
 * with more than 50 different names, in one document or over time. A name that looks like data and not like a name
 * (characters besides ASCII letters, digits and _ - . : $ / # +, more than four digits), and any name inside personal
 * data (contract: data.pii), stands for itself only where the request schema declares it; else it is * too. Values of
 * personal fields, and all texts that the request schema does not list, are known by a digest with a key that is
 * derived from the installation's sampling key.
 *
 * Values of the message's identity count by type and length alone, dates and times by length, because new ones are no
 * news. Other numbers that always grow (counters, times as numbers) are found to change every week.
 *
 * Bounds: names of 100 bytes, 16 levels, 100 items of an array, 10,000 values of a document, `profile.fields` places
 * with values of one side. What is beyond them is counted as left out and no more. A name that a document has twice
 * counts once. */
#ifndef UNDERSTUDY_PIPELINE_PROFILE_H
#define UNDERSTUDY_PIPELINE_PROFILE_H

#include "harness/contract/contract.h"
#include "harness/store/store.h"

enum {
	PROFILE_NAME_MAX = 100,
	PROFILE_DEPTH_MAX = 16,
	PROFILE_ITEMS_MAX = 100,
	PROFILE_VALUES_MAX = 10000,
	PROFILE_MAP_NAMES = 50,
	PROFILE_POINTER_MAX = 2048,
};

struct profile;

/* Borrows the contract; copies what it needs of the key. NULL without memory. destroy accepts NULL. */
struct profile *profile_create(const struct contract *contract, struct hash_key *sampling_key, int64_t interface_id);
void profile_destroy(struct profile *profile);

/* Is this exchange among those that are counted? By a coin of the contract's profile.share; the same for all sides. */
bool profile_chosen(struct profile *profile, const uint8_t exchange_id[16]);

/* Counts one document, inside the transaction that stores what it belongs to, which keeps it exactly once. `side`: as
 * in harness/store/profile.h. NULL profile or root: nothing is counted. */
MUST_CHECK bool profile_add(struct profile *profile, struct store *store, int64_t side, const struct json_node *root,
			    int32_t week, bool test, struct error *err);

/* Whether that side has a reference: then a field whose texts are counted each stays so, and past the limit the rest is
 * one bin, so that new texts are seen. */
void profile_set_frozen(struct profile *profile, int64_t side, bool is_frozen);

#endif
