/* Layer 2, private to harness/contract: one configuration file while it is being read.
 *
 * The config_* readers take a node that already keeps the file's schema, or NULL for a key that is absent, and give the
 * fallback then. What a schema cannot say they check and report at the node's line. */
#ifndef UNDERSTUDY_CONTRACT_CONFIG_H
#define UNDERSTUDY_CONTRACT_CONFIG_H

#include "harness/contract/contract.h"

struct config {
	struct arena *arena; /* borrowed; all text read lands here */
	const char *file;    /* as given */
	struct yaml_document document;
	struct error *err;
};

/* Reads the file and checks it against a schema of ours: first line of trouble only. */
MUST_CHECK bool config_read(struct config *config, struct span schema_text);

/* The value at member names separated by dots: "review.pi_min.agree". NULL where it, or anything before it, is absent
 * or null. */
const struct json_node *config_get(const struct json_node *node, const char *names);

/* "FILE:LINE: text" about the node (NULL: the file's first line). Both return false. config_fail_inner puts the words
 * of an error of a lower layer behind `what`, unless the value came from the environment and could be a secret. */
bool config_fail(const struct config *config, const struct json_node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool config_fail_inner(const struct config *config, const struct json_node *node, const char *what,
		       const struct error *inner);
bool config_fail_memory(const struct config *config);
int config_line(const struct config *config, const struct json_node *node);
bool config_from_environment(const struct config *config, const struct json_node *node);

MUST_CHECK bool config_text(const struct config *config, const struct json_node *node, const char *fallback,
			    const char **ret_text);
MUST_CHECK bool config_integer(const struct config *config, const struct json_node *node, int64_t fallback,
			       int64_t *ret_number);
MUST_CHECK bool config_small(const struct config *config, const struct json_node *node, int fallback, int *ret_number);
MUST_CHECK bool config_double(const struct config *config, const struct json_node *node, double fallback,
			      double *ret_number);
/* A share from 0 to 1 in parts per million. */
MUST_CHECK bool config_share(const struct config *config, const struct json_node *node, uint32_t fallback,
			     uint32_t *ret_ppm);
/* Currency units, number or text, to nano-units; not negative. */
MUST_CHECK bool config_money(const struct config *config, const struct json_node *node, int64_t fallback,
			     int64_t *ret_nano);
/* true, false, or their words as text (from ${NAME}). */
MUST_CHECK bool config_boolean(const struct config *config, const struct json_node *node, bool fallback,
			       bool *ret_value);
/* A JSON Pointer or singular JSONPath; the node must be there. `what` names it in the error. */
MUST_CHECK bool config_path(const struct config *config, const struct json_node *node, const char *what,
			    struct select_path *ret_path);
/* "HOST:PORT" or "[IPv6]:PORT" is well-formed; NULL is fine. */
MUST_CHECK bool config_check_listen(const struct config *config, const struct json_node *node);
/* A file named by the node, relative to the configuration's own file: its content (at most 1 MiB), and its path as
 * errors should name it. */
MUST_CHECK bool config_file(const struct config *config, const struct json_node *node, struct span *ret_content,
			    const char **ret_path);
/* config_file's path alone. */
MUST_CHECK bool config_beside(const struct config *config, struct span path, const char **ret_path);

/* `tls:` of a listener; `node` NULL: none. Paths are absolute; the files are read by the process that listens. */
MUST_CHECK bool contract_load_listener_tls(const struct config *config, const struct json_node *node,
					   struct contract_tls *tls);

/* A schema's file. */
struct contract_schema {
	struct schema *compiled; /* the caller destroys it */
	struct span text;
	const struct json_node *json;
	const char *file;          /* as errors name it */
	uint8_t hash[SHA256_SIZE]; /* of its canonical JSON */
};
/* The one that the node names; formats are asserted unless schemas.assert_format says otherwise. */
MUST_CHECK bool contract_load_schema(const struct config *config, const struct json_node *node,
				     struct contract_schema *ret_schema);

/* The parts of a contract, in the order in which they are read. */
MUST_CHECK bool contract_load_tap(struct contract *contract, const struct config *config);
MUST_CHECK bool contract_load_candidates(struct contract *contract, const struct config *config);
MUST_CHECK bool contract_load_data(struct contract *contract, const struct config *config);
MUST_CHECK bool contract_load_plan(struct contract *contract, const struct config *config);
MUST_CHECK bool contract_load_records(struct contract *contract, const struct config *config);
/* After the schemas and contract_load_records. */
MUST_CHECK bool contract_load_drift(struct contract *contract, const struct config *config);
/* After contract_load_data: may this template be filled and sent? */
MUST_CHECK bool contract_check_prompt(const struct contract *contract, const struct config *config,
				      const struct json_node *node, struct span template_text);

#endif
