/* Layer 1. How a reply deviates from its contract: the classes of enum drift_class, several for one reply.
 *
 * Two readings, whose rates are shown side by side. As declared: what a strict reader of JSON and the schema refuse, in
 * the reply as it was first received; these are the `declared` classes, and contract drift is their presence. Strict:
 * also what the schema lets pass and a careful colleague would not: fields that an open schema does not declare, and
 * characters that look garbled (U+FFFD, "Ã¤" where "ä" was meant) in a reply that is good otherwise. `classes` has
 * both.
 *
 * A payload inside prose or behind a repair is looked into as well, so that its own deviations are told; the reply
 * stays what it is. Not so a document whose end is missing: what it lacks would be told as missing fields.
 *
 * Severity is that of the gravest declared class (vocabulary.h, after Keploy's rule: gone or of another type high,
 * another value medium, added low); what only the strict reading objects to is low. A wrong value at a field of a
 * currency or unit is DRIFT_UNIT; where such a field is missing or has another type it keeps that graver class.
 *
 * Pure: no I/O, no state. Time is linear in the text and in what the schema's validation costs. */
#ifndef UNDERSTUDY_EVALUATORS_DRIFT_DRIFT_H
#define UNDERSTUDY_EVALUATORS_DRIFT_DRIFT_H

#include "evaluators/schema/schema.h"

enum { DRIFT_DEVIATIONS_MAX = 20 };

/* How the reply ended, as its provider says. */
enum drift_ending {
	DRIFT_ENDED,
	DRIFT_CUT,      /* at the token limit */
	DRIFT_DECLINED, /* the model refused to answer: never a good reply, DRIFT_OTHER where nothing else is wrong */
};

/* What replies are held to. Borrows everything. */
struct drift_contract {
	const struct schema *schema;
	/* Pointers of fields that hold a currency or unit; a token "*" stands for any name or index. With none, fields
	 * are known by their names (drift_is_unit_name). */
	const char *const *units;
	size_t unit_count;
};

struct drift_deviation {
	enum drift_class drift;
	bool strict_only;     /* not a deviation as declared */
	const char *instance; /* JSON Pointer, as in schema.h; "" where it is about the reply as a whole */
	const char *keyword;  /* of the schema; "" where it is about the text */
	const char *schema;   /* JSON Pointer of the keyword; "" likewise */
	const char *sentence; /* quotes no value of the reply */
	uint32_t offset;      /* in the reply's text; 0 where the place is not known */
};

struct drift_report {
	uint32_t classes;             /* strict reading: bit 1 << enum drift_class */
	uint32_t declared;            /* of these: as declared */
	enum drift_severity severity; /* the worst of `declared`; what the strict reading alone has is DRIFT_LOW */
	bool contract_drift;          /* declared != 0 */
	bool strict_drift;            /* classes != 0 */
	const struct json_node *root; /* the document, where the text is strict JSON */
	/* Where it is not: what a lenient reader takes it for, for description only; NULL where that would be a guess.
	 */
	const struct json_node *recovered;
	const char *unreadable; /* root NULL: the strict reader's words */
	struct drift_deviation list[DRIFT_DEVIATIONS_MAX];
	size_t count;
	size_t total; /* deviations found, those without room in the list included */
};

/* Everything lives in the arena or borrows `text`. Without memory the classes are still those of the text, and the list
 * may be short. */
void drift_read(const struct drift_contract *contract, struct span text, enum drift_ending ending, struct arena *arena,
		struct drift_report *ret_report);

/* For a deviation that neither JSON nor the schema knows of; the strings must outlive the report. Never strict only. */
void drift_add(struct drift_report *report, enum drift_class drift, const char *sentence);

/* "currency", "WAERS", "uom", "price_unit" and their like, in any case. */
bool drift_is_unit_name(struct span name);

#endif
