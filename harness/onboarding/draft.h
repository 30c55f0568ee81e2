/* Layer 3. From samples and past decisions to a contract: what is inferred, each with its evidence.
 *
 *	samples -> profile of messages, of legacy replies, of LLM replies -> draft -> files
 *
 * The draft is a plain struct that the infer_* functions fill, each from profiles alone; the write_* functions turn it
 * into the text of the files. Everything is deterministic: the same files, key and answers give the same bytes. */
#ifndef UNDERSTUDY_ONBOARDING_DRAFT_H
#define UNDERSTUDY_ONBOARDING_DRAFT_H

#include "harness/onboarding/place.h"
#include "harness/onboarding/question.h"
#include "harness/onboarding/samples.h"
#include "harness/onboarding/table.h"

enum { DRAFT_FIELDS = 200, DRAFT_PLACES = 900, DRAFT_CODES = 60, DRAFT_NOTES = 100, DRAFT_NAME_SIZE = 64 };

/* Fewer messages say little. */
enum { DRAFT_FEW = 20 };

/* In the order of the answers exact, number, text and ignore. */
enum draft_compare { COMPARE_EXACT, COMPARE_NUMBER, COMPARE_TEXT, COMPARE_IGNORE };

/* A field of the record. */
struct draft_field {
	const struct profile_node *node; /* in the replies */
	const char *name;
	const char *at; /* within a record */
	enum draft_compare compare;
	int decimals; /* COMPARE_NUMBER: digits behind the point; tolerance is half of the last */
	bool strings; /* COMPARE_NUMBER: the numbers stand in texts */
	const char *evidence;
};

/* Few distinct values over many: a code list. */
struct draft_codes {
	const struct profile_node *node;
	const struct profile_value *values;
	size_t count;
	bool closed; /* an enum in the schema */
	const char *evidence;
};

/* A classified place of the message. */
struct draft_place {
	const struct profile_node *node;
	const char *path;
	const char *pointer; /* JSON Pointer, for the prompt */
	bool personal;
	const char *evidence;
};

struct draft {
	struct arena arena; /* owns all texts */
	struct samples samples;
	struct profile *messages;
	struct profile *replies; /* legacy ones; without documents where there are none */
	struct profile *llm;     /* recorded LLM replies */
	struct table table;      /* row_count 0: none */
	struct questions questions;
	char interface[DRAFT_NAME_SIZE];
	const char *outcomes_file; /* NULL: none */
	uint64_t joined;           /* messages that the table has a decision for */
	bool table_has_items;      /* several rows of the table are the items of one reply */
	bool has_llm;              /* recorded LLM replies come with the messages */
	bool placeholder;          /* there are no replies at all: `replies` is an example of one */

	const struct profile_node *identity;        /* NULL: none */
	const struct profile_node *identity_second; /* the other half where it takes two; NULL: it does not */
	const char *identity_evidence;
	const struct profile_node *event_time; /* NULL: none */
	const char *event_time_evidence;

	bool items;                          /* records are the items of one array */
	const struct profile_node *record;   /* in the replies: the root, or the items */
	const struct profile_node *item_key; /* with items */
	const char *records_evidence;

	struct draft_field fields[DRAFT_FIELDS];
	size_t field_count;
	struct draft_codes codes[DRAFT_CODES];
	size_t code_count;
	struct draft_place places[DRAFT_PLACES];
	size_t place_count;

	const char *owner;
	const char *endpoint; /* NULL with has_llm, as is the next one */
	const char *model;

	const char *notes[DRAFT_NOTES]; /* sentences for the contract's head and for whoever reads along */
	size_t note_count;
};

struct draft_input {
	const char *const *samples;
	size_t sample_count;
	const char *outcomes;  /* NULL: none */
	const char *key;       /* its column; NULL: found by its values */
	const char *interface; /* NULL: named after the first sample's file or folder */
	struct span answers;   /* YAML (or JSON): id -> answer; empty: none */
	const char *answers_file;
	bool (*ask)(void *context, const struct question *question, char answer[ANSWER_SIZE]); /* NULL: nobody */
	void *ask_context;
	void (*watch)(void *context, int64_t done, int64_t total); /* NULL: nobody */
	void *watch_context;
};

/* The interface's name: the one given, or what a name can keep of the first sample's. ERROR_USAGE for one that is no
 * name. */
MUST_CHECK bool draft_name(const struct draft_input *input, char ret_name[DRAFT_NAME_SIZE], struct error *err);
/* Reads everything and infers everything. Heap; destroy accepts NULL. `input` is borrowed as long as the draft lives.
 */
MUST_CHECK struct draft *draft_create(const struct draft_input *input, struct error *err);
void draft_destroy(struct draft *draft);

/* The files. */
MUST_CHECK bool draft_write_contract(const struct draft *draft, struct buffer *text, struct error *err);
MUST_CHECK bool draft_write_request_schema(const struct draft *draft, struct buffer *text, struct error *err);
MUST_CHECK bool draft_write_response_schema(const struct draft *draft, struct buffer *text, struct error *err);
MUST_CHECK bool draft_write_prompt(const struct draft *draft, struct buffer *text, struct error *err);
/* Can replay read samples and table as they are? Else draft_write_recording makes lines that it can. */
bool draft_is_replayable(const struct draft *draft);
/* Messages and their legacy replies as JSON Lines for replay, one after the other, by `put`, which returns false to end
 * the work with its error set. */
MUST_CHECK bool draft_write_recording(struct draft *draft,
				      bool (*put)(void *context, struct span line, struct error *err), void *context,
				      struct error *err);

/* --- private to harness/onboarding --- */

MUST_CHECK bool infer_identity(struct draft *draft, struct error *err);
/* Looks for two values that identify a message together; leaves `identity` NULL where there are none. */
MUST_CHECK bool infer_identity_pair(struct draft *draft, struct error *err);
MUST_CHECK bool infer_event_time(struct draft *draft, struct error *err);
MUST_CHECK bool infer_records(struct draft *draft, struct error *err);
MUST_CHECK bool infer_codes(struct draft *draft, struct error *err);
MUST_CHECK bool infer_fields(struct draft *draft, struct error *err);
MUST_CHECK bool infer_places(struct draft *draft, struct error *err);

/* NULL: the place has no code list. */
const struct draft_codes *draft_codes_of(const struct draft *draft, const struct profile_node *node);
bool draft_no_room(struct error *err);
void draft_note(struct draft *draft, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Free text: several words, or long and of many values. */
bool draft_is_free_text(const struct profile_node *node);

#endif
