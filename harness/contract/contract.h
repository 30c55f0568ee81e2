/* Layer 2. Configuration: one understudy.yaml for an installation, one contract.yaml for each interface.
 *
 * YAML 1.2 (core schema) becomes JSON, is checked by our own schema validator against the schemas in
 * harness/contract/assets/, and then by the rules no schema can say (paths compile, files exist, prompt fields are
 * classified, probabilities fit). Every error is one line with file and line. All memory of a contract lives in its
 * arena: everything a `struct contract` points to is valid until contract_destroy. */
#ifndef UNDERSTUDY_CONTRACT_CONTRACT_H
#define UNDERSTUDY_CONTRACT_CONTRACT_H

#include "evaluators/compare/compare.h"
#include "evaluators/schema/schema.h"
#include "evaluators/select/select.h"
#include "harness/base/clock.h"
#include "harness/base/hash.h"

struct contract_field {
	const char *name;
	const char *title;            /* for people; NULL: none here, the schema may have one */
	const char *description;      /* what the value means; NULL as above */
	struct select_path legacy_at; /* within a record of the legacy reply */
	struct select_path llm_at;
	struct field_comparator comparator;
	const struct json_node *rule; /* as written under `compare:`; NULL: the default */
	bool critical;
};

/* Nano-units of the contract's currency for one million tokens. */
struct contract_price {
	int64_t input;
	int64_t cache_read;
	int64_t cache_write;
	int64_t output;
};

struct contract_candidate {
	const char *name;
	const char *provider; /* a row of the provider table */
	const char *endpoint; /* base URL, without user, query or closing "/"; NULL where the provider needs none */
	const char *key;      /* secret; never printed, stored or hashed; NULL: none */
	const char *model;    /* NULL where the provider needs none */
	struct span prompt;   /* template text; empty where the provider needs none */
	uint8_t prompt_hash[SHA256_SIZE];
	double temperature;
	int timeout_ms;  /* one attempt, whole */
	int retries;     /* further attempts after the first */
	int concurrency; /* calls at once */
	struct contract_price price;
	bool simulated; /* the contract says that this path is a stand-in; reports repeat it */
};

/* Files of PEM, as absolute paths; NULL: not given. The process that talks TLS reads them, no other. */
struct contract_tls {
	bool used;
	const char *certificate; /* with its chain */
	const char *key;
	const char
		*ca;  /* listener: clients must show a certificate of it; legacy system: in place of the system's own */
	bool only_13; /* listener: TLS 1.3 alone; else 1.2 as well */
};

/* How an interface's messages are seen. INLINE: the tap is a proxy before the legacy system. MIRROR: it takes copies
 * from another proxy. INGEST: messages are posted to the installation's `ingest` listener, and there is no own one. */
enum contract_tap_kind { CONTRACT_TAP_NONE, CONTRACT_TAP_INLINE, CONTRACT_TAP_MIRROR, CONTRACT_TAP_INGEST };

struct contract_tap {
	enum contract_tap_kind kind;
	const char *listen; /* NULL: none */
	struct contract_tls tls;
	const char *match_method; /* NULL: any */
	const char *match_path;   /* NULL: any */
	size_t capture_max;       /* bytes of message and reply */
	int capture_floor;        /* per operation (method and path), captured each minute even under pressure */

	/* inline */
	const char *legacy_host;
	const char *legacy_port;
	bool legacy_tls;
	struct contract_tls legacy_files;
	const char *legacy_server_name; /* NULL: legacy_host */
	bool legacy_verify;             /* the legacy system's certificate */
	bool forwarded;                 /* add X-Forwarded-For, -Proto and -Host */
	int legacy_timeout_ms;          /* silence until 504 */

	/* late legacy answers: what joins them with their message. Neither: the message's identity */
	const char *pair_header; /* of the message's header fields */
	struct select_path pair_path;
	bool has_pair_path;
	int64_t pair_window_us; /* from captured_at; afterwards the exchange is unpaired */
};

/* What is counted of the values in messages and replies, so that a changed distribution is seen. */
struct contract_profile {
	int fields;             /* of one side at most; 0: nothing is profiled */
	uint32_t share_ppm;     /* of the exchanges */
	int reference_weeks;    /* the first complete ones, which later ones are held against */
	int reference_messages; /* the least that these hold together */
};

enum contract_counts { COUNTS_FIRST, COUNTS_FINAL, COUNTS_AT_CUTOFF };

struct contract {
	struct arena arena;           /* owns all that follows */
	const struct json_node *root; /* the file as JSON, for declarations that nothing else reads; holds secrets */
	const uint32_t *lines;        /* in the file, of every node: lines[node - root] */
	const char *file;             /* as given; errors name it */
	struct span text;             /* the file's bytes; ${NAME} stands in them as written */
	const char *interface;
	const char *version;
	const char *title;       /* for people; NULL: none */
	const char *description; /* what the interface is for; NULL: none */
	const char *environment; /* dev, test or prod */
	bool production;         /* environment is prod */
	const char *owner_integration;
	const char *owner_escalation; /* NULL: none */
	const char *runbook;          /* NULL: none */

	struct contract_tap tap;

	struct select_path *message_id; /* message identity; count 0 with `id: none` */
	size_t message_id_count;
	struct select_path event_time;
	bool has_event_time;          /* else captured_at is taken */
	struct select_path test_mark; /* message.test: true there marks a test message */
	bool has_test_mark;

	struct select_path records_at; /* in the replies; "$": the document is the record */
	bool records_are_array;        /* records_at leads to an array of records, matched by `records_key` */
	struct select_path records_key;
	const char *level; /* "document" or "item" */

	const char *legacy_kind; /* live, recorded */
	const char *legacy_version;
	bool legacy_simulated;
	enum contract_counts legacy_counts;
	int64_t legacy_cutoff_us; /* COUNTS_AT_CUTOFF: the newest answer made until then after captured_at */

	struct contract_candidate *candidates;
	size_t candidate_count;

	bool assert_format;            /* in the schemas below: "format" decides, and is no mere annotation */
	struct schema *request_schema; /* NULL: none given */
	enum input_gate input_invalid; /* a message that deviates from its schema */
	enum input_gate input_changed; /* a message that comes while an alarm of data drift is open: warn or hold */
	struct contract_profile profile;
	struct schema *response_schema;
	struct span request_schema_text;             /* JSON; empty without a schema */
	const struct json_node *request_schema_json; /* NULL: none given */
	const char *request_schema_file;             /* for messages; NULL: none given */
	struct span response_schema_text;            /* JSON, for structured output */
	const struct json_node *response_schema_json;
	const char *response_schema_file;         /* as errors name it */
	const struct schema *legacy_schema;       /* what legacy replies are held to for their series of drift:
						   * response_schema, legacy_own_schema, or NULL: nothing */
	struct schema *legacy_own_schema;         /* NULL: none given */
	uint8_t request_schema_hash[SHA256_SIZE]; /* of the canonical JSON; zeros without a schema */
	uint8_t response_schema_hash[SHA256_SIZE];

	struct contract_field *fields;
	size_t field_count;

	/* JSON Pointers of request values. A value follows the most specific pointer that covers it. */
	const char **allowed; /* may leave: internal, or approved personal data */
	size_t allowed_count;
	const char **withheld; /* personal data without a valid approval, also where it stands inside an allowed value
				*/
	size_t withheld_count;
	const char **personal; /* all of data.pii, whatever approval there is */
	size_t personal_count;
	int64_t allowed_until; /* end of the approval that `allowed` rests on; INT64_MAX: rests on none */

	int64_t limit_input_tokens; /* 0: none */
	int64_t limit_output_tokens;
	int64_t limit_cost_per_day_nano;         /* 0: none */
	int64_t limit_cost_per_transaction_nano; /* 0: none */
	const char *currency;                    /* "USD" */

	uint32_t shadow_ppm; /* sampling.shadow: share of exchanges that are evaluated */
	int shadow_floor; /* sampling.floor: so many each minute and operation are evaluated whatever the share; 0: none
			   */
	uint32_t review_disagree_ppm;
	uint32_t review_agree_ppm;
	uint32_t pi_min_disagree_ppm;
	uint32_t pi_min_agree_ppm;
	int reviewers;
	uint32_t overlap_ppm;
	int close_after_days;

	const char **drift_units; /* JSON Pointers of currency and unit fields of replies, "*" for any token; count 0:
				   * by name */
	size_t drift_unit_count;
	int64_t drift_reference_replies;
	double drift_reference_rate;   /* negative: measured on the first drift_reference_replies */
	int64_t drift_replies_per_day; /* expected, where the rate is given */
	int drift_false_alarm_days;

	double gate_alpha;
	double gate_margin;
	double gate_accuracy;
	double gate_contract_drift;
	int64_t gate_cost_per_transaction_nano; /* 0: no cost condition */
	int gate_min_weeks;
	double gate_coverage; /* share of stored exchanges that must be compared */
	int64_t slo_p95_ms;   /* 0: none */
};

struct installation {
	struct arena arena; /* owns all that follows but zone and contracts, which the installation owns too */
	const char *file;
	const char *store; /* "sqlite:ABSOLUTE-PATH" */
	const char *spool; /* absolute directory */
	const char *ring;  /* absolute path of the capture ring */
	size_t ring_bytes;
	int sync_interval_ms;
	int tap_connections;       /* clients of the tap at once */
	const char *web_listen;    /* NULL: none */
	const char *ingest_listen; /* NULL: none */
	struct contract_tls ingest_tls;
	const char *ingest_token; /* secret; NULL: anybody who reaches the listener may post */
	struct zone *zone;
	const char *timezone;
	struct span sampling_key;      /* empty until installation_make_key where there is none yet */
	const char *sampling_key_file; /* where it is or will be kept; NULL: configured as text */
	struct contract **contracts;
	size_t contract_count;
};

/* Reads the installation and all its contracts. Relative paths are relative to the file that names them. Makes nothing.
 * The sampling key is keys.sampling: text (from ${ENV}) or file; where it is not configured, the file var/sampling.key
 * beside the store is used, made with 32 random bytes by installation_make_key on the first run of a writing command.
 * NULL on failure with file and line. */
struct installation *installation_load(const char *file, struct error *err);
void installation_destroy(struct installation *installation); /* accepts NULL */
MUST_CHECK bool installation_make_key(struct installation *installation, struct error *err);
struct contract *installation_find(const struct installation *installation, const char *interface);

struct contract *contract_load(const char *file, struct error *err);
/* The same where some files are given instead of read, to see what a change would do before it is written. `path` is
 * the contract's file as given, or another file as its contract's errors name it. Borrows all for the call. */
struct contract_content {
	const char *path;
	struct span text;
};
struct contract *contract_load_changed(const char *file, const struct contract_content *contents, size_t count,
				       struct error *err);
void contract_destroy(struct contract *contract); /* accepts NULL */

/* What the evidence of a candidate depends on, as canonical JSON, and its SHA-256: interface, records, fields with
 * their comparators and semantics, review design, gate plan, schemas, legacy kind, version and counts, and
 * of the candidate its name, provider, model, prompt and parameters. Owners, listeners, endpoints, keys and prices are
 * not in it. */
MUST_CHECK bool contract_epoch(const struct contract *contract, const struct contract_candidate *candidate,
			       struct buffer *ret_description, uint8_t ret_hash[SHA256_SIZE], struct error *err);

/* Is this the description that an evaluation period began with? Members that former versions put into it and that do
 * not belong there are left out of account: sampling.shadow_ppm. Both are canonical JSON. */
bool contract_epoch_same(struct span stored, struct span description);

/* Everything as it is in force, defaults included, as one JSON object; no secret is in it. */
void contract_write_effective(const struct contract *contract, struct buffer *buffer);

/* The JSON Schemas of the two files, for editors. Static storage. */
struct span contract_schema_text(void);
struct span installation_schema_text(void);

/* --- YAML --- */
/* YAML text to a tape of JSON with the line of every value. Core schema of YAML 1.2: null, true/false, integers,
 * floats; all else is text (`no`, `on`, `1:30`, `2026-11-16` stay text). Anchors, aliases, tags, several documents and
 * duplicate keys are refused. ${NAME} in plain and quoted values is replaced from the environment; a missing variable
 * is an error that names it; the result is always text. At most 1 MiB and 64 levels. Everything lives in the arena. */
struct yaml_document {
	const struct json_node *root;
	const uint32_t *lines;  /* line of tape entry i: lines[node - root] */
	const uint8_t *origins; /* 1 where entry i came from ${NAME}, in the same order: never quote such a value */
	const uint32_t *starts; /* byte of the text where entry i begins, its quotes and brackets included */
	const uint32_t *ends;   /* byte behind it; of a block mapping or sequence: behind the last entry inside */
};
MUST_CHECK bool yaml_parse(struct arena *arena, const char *file, struct span text, struct yaml_document *ret_document,
			   struct error *err);

#endif
