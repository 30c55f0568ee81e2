/* Layer 2. What the profiles of one week say: each field's figures beside the reference's, and the tests of data drift
 * (evaluators/stats/shift.h). For the worker, which tests closed weeks, for `understudy profile`, and for reports.
 *
 * Two ways to the findings: profile_week_read counts and tests anew, with what the week has now; profile_findings_read
 * gives what was found when the week was closed, which is what incidents rest on and what does not change any more but
 * where a week grew by a tenth afterwards. */
#ifndef UNDERSTUDY_BASELINES_PROFILE_WEEK_H
#define UNDERSTUDY_BASELINES_PROFILE_WEEK_H

#include "evaluators/stats/shift.h"
#include "harness/store/profile.h"

struct profile_field_week {
	int64_t field;                   /* row of profile_field */
	struct stats_shift_field counts; /* `name` is the pointer; "the message" or "the reply" where that is '' */
	const char *pointer;
	bool is_open;       /* its texts are counted by length, not each */
	size_t texts;       /* that are told apart, in the week */
	size_t found_count; /* of its tests */
};

struct profile_week {
	int32_t week;
	struct store_reference reference;  /* id 0: there is none yet; then there are no tests */
	bool is_intact;                    /* the reference is as it was frozen; else there are no tests either */
	uint64_t messages;                 /* or replies, of the week */
	uint64_t left_out;                 /* values beyond the limits */
	struct profile_field_week *fields; /* by pointer */
	size_t field_count;
	struct stats_shift_test *tests; /* `field` is the place in fields; those found first, by effect */
	size_t test_count;
	size_t found_count;
};

/* Production alone; inside one transaction, so that all is of one moment. Everything lies in the arena. Members of an
 * object that became a map later are left out but for their common one. */
MUST_CHECK bool profile_week_read(struct store *store, int64_t interface_id, int64_t side, int32_t week,
				  struct arena *arena, struct profile_week *ret_week, struct error *err);

/* The members of an open object that tell one test: check, sentence, figures. */
struct json_build;
void profile_test_build(struct json_build *build, const struct stats_shift_test *test);

/* Data drift that was found when weeks were closed. */
struct profile_finding {
	int32_t week;
	int64_t side; /* PROFILE_MESSAGE, PROFILE_LEGACY, or a candidate's row */
	const char *pointer;
	enum profile_check check;
	double p;
	double adjusted;
	double effect;
	bool has_shares;
	double reference_share;
	double week_share;
	double psi;
	double js;
	const char *sentence;
};
/* Of all sides, by week, side, pointer and check, in the arena. At most `limit`; *ret_total: how many there are. */
MUST_CHECK bool profile_findings_read(struct store *store, int64_t interface_id, int32_t from_week, int32_t to_week,
				      size_t limit, struct arena *arena, struct profile_finding **ret_findings,
				      size_t *ret_count, size_t *ret_total, struct error *err);

/* The last tested week of each side, for "nothing was found" against "nothing was tested". In the arena. */
struct profile_tested {
	int64_t side;
	int32_t week;
	int32_t from_week; /* of the reference */
	int32_t to_week;
	int64_t tests;
	int64_t tested_at;
};
MUST_CHECK bool profile_tested_read(struct store *store, int64_t interface_id, struct arena *arena,
				    struct profile_tested **ret_sides, size_t *ret_count, struct error *err);

#endif
