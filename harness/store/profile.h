/* Layer 2. Profiles of fields: what is counted of the values in messages and replies, the frozen reference, and the
 * data drift that was found against it. As in store/evaluation.h: what writes is called between store_begin and
 * store_commit, spans are borrowed for the call. No value of a message is kept here in the clear but those that the
 * request schema lists. */
#ifndef UNDERSTUDY_STORE_PROFILE_H
#define UNDERSTUDY_STORE_PROFILE_H

#include "harness/base/vocabulary.h"
#include "harness/store/store.h"

/* Whose values: the messages, the legacy path's replies, or those of the candidate with that row. */
enum { PROFILE_MESSAGE = -1, PROFILE_LEGACY = 0 };

/* What is counted, and by which bins. Numbers are stored: never reorder. A value counts under one of the measures type,
 * items, length, number and text, so that counting stays cheap; together they say how many values there are of each
 * type. */
enum profile_measure {
	PROFILE_PRESENCE, /* messages that have the field; 0: with a value, 1: with null alone. Only of fields with a *
			     in their pointer: of the others the values say it */
	PROFILE_TYPE,     /* null, true, false, objects where the pointer is '', numbers of the identity and those
			     that no double holds; enum json_type */
	PROFILE_ITEMS,    /* arrays; stats_shift_length_bin of their items (evaluators/stats/shift.h) */
	PROFILE_LENGTH,   /* texts of an open field; likewise of their bytes */
	PROFILE_NUMBER,   /* numbers; stats_shift_number_bin */
	PROFILE_TEXT,     /* texts of a field that is not open; profile_value.token, or PROFILE_OTHER_TEXT */
	PROFILE_LEFT_OUT, /* of the pointer '' alone; 0: values beyond the limits, which are counted nowhere else */
	PROFILE_MEASURE_COUNT
};
enum { PROFILE_TEXTS_MAX = 64, PROFILE_OTHER_TEXT = 0 };

struct store_profile_field {
	int64_t id;
	const char *pointer;
	bool is_map;
	bool is_open;
	int64_t *tokens; /* of its texts that are known */
	size_t token_count;
};
/* All of one side, by id, in the arena. */
MUST_CHECK bool store_profile_fields(struct store *store, int64_t interface_id, int64_t side, struct arena *arena,
				     struct store_profile_field **ret_fields, size_t *ret_count, struct error *err);
MUST_CHECK bool store_profile_field_add(struct store *store, int64_t interface_id, int64_t side, struct span pointer,
					bool is_map, int64_t *ret_id, struct error *err);
MUST_CHECK bool store_profile_field_open(struct store *store, int64_t field, struct error *err);
/* `value` with data NULL: not in the clear. */
MUST_CHECK bool store_profile_value_add(struct store *store, int64_t field, int64_t token, struct span value,
					struct error *err);
void store_profile_add(struct store *store, int64_t field, int32_t week, bool test, enum profile_measure measure,
		       int64_t bin, int64_t count);

/* --- the reference --- */

struct store_reference {
	int64_t id; /* 0: there is none */
	int32_t from_week;
	int32_t to_week;
	int64_t messages;
	int64_t frozen_at;
	const char *actor; /* in the arena */
	const char *note;
};
/* The one that counts. */
MUST_CHECK bool store_profile_reference(struct store *store, int64_t interface_id, int64_t side, struct arena *arena,
					struct store_reference *ret_reference, struct error *err);
/* Do the counts of the reference still have its hash? */
MUST_CHECK bool store_profile_reference_check(struct store *store, int64_t reference, bool *ret_intact,
					      struct error *err);
struct store_freeze {
	int64_t interface_id;
	int64_t side;
	int32_t from_week;
	int32_t to_week;
	int64_t at;
	struct span actor;
	struct span note;
};
/* Copies what was counted in these weeks of production, and hashes it. *ret_messages 0: there is nothing, and nothing
 * was frozen. */
MUST_CHECK bool store_profile_freeze(struct store *store, const struct store_freeze *freeze, int64_t *ret_messages,
				     struct error *err);

/* --- reading --- */

struct store_profile_count {
	int64_t field;
	enum profile_measure measure;
	int64_t bin;
	int64_t count;
};
/* Production counts of one week (or, with reference != 0, of that reference), by field, measure and bin, in the arena.
 */
MUST_CHECK bool store_profile_counts(struct store *store, int64_t interface_id, int64_t side, int32_t week,
				     int64_t reference, struct arena *arena, struct store_profile_count **ret_counts,
				     size_t *ret_count, struct error *err);

struct store_profile_week {
	int32_t week;
	int64_t messages;  /* of production, as of now */
	int64_t tested;    /* how many it had when it was tested; -1: was not */
	int64_t reference; /* that it was tested against; 0: was not */
};
/* Weeks that have messages or replies of that side, ascending, in the arena. */
MUST_CHECK bool store_profile_weeks(struct store *store, int64_t interface_id, int64_t side, struct arena *arena,
				    struct store_profile_week **ret_weeks, size_t *ret_count, struct error *err);

/* --- findings --- */

struct store_tested {
	int64_t interface_id;
	int64_t side;
	int32_t week;
	int64_t reference;
	int64_t messages;
	int64_t tests;
	int64_t at;
};
/* That a week was tested; in place of what was found in it before. */
MUST_CHECK bool store_profile_tested(struct store *store, const struct store_tested *tested, struct error *err);
struct store_finding {
	int64_t field;
	int check; /* enum profile_check */
	double statistic;
	double p;
	double adjusted;
	double effect;
	bool has_shares; /* else it is about a distribution: psi and js */
	double psi;
	double js;
	double reference_share;
	double week_share;
	struct span sentence;
};
MUST_CHECK bool store_profile_finding_add(struct store *store, const struct store_tested *tested,
					  const struct store_finding *finding, struct error *err);

#endif
