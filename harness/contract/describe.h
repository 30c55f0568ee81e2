/* Layer 2, private to harness/contract: parts of a contract as JSON, in one form for all descriptions (evaluation
 * period, content, everything in force). Members are added to the object that the builder is in. */
#ifndef UNDERSTUDY_CONTRACT_DESCRIBE_H
#define UNDERSTUDY_CONTRACT_DESCRIBE_H

#include "harness/base/json_build.h"
#include "harness/contract/contract.h"

/* A JSON Pointer, or a JSONPath where only that can say it. */
void describe_path(struct json_build *build, const char *name, const struct select_path *path);
void describe_fields(struct json_build *build, const struct contract *contract);  /* "fields" */
void describe_records(struct json_build *build, const struct contract *contract); /* "records" */
void describe_message(struct json_build *build, const struct contract *contract); /* "message" */
void describe_limits(struct json_build *build, const struct contract *contract);  /* "limits" */

/* What was built as canonical JSON, in place of what the buffer holds. */
MUST_CHECK bool describe_canonical(const struct json_build *build, struct buffer *ret_description, struct error *err);

#endif
