/* Layer 0. Building JSON documents for people and programs to read (reports, results, requests). The one module that
 * knows jansson and its reference counts. Not for the record path: use the writers of base/json there.
 *
 * A builder holds a cursor into the container being filled. In an object every call names its member; in an array
 * `name` is NULL. Members keep the order in which they are added. Numbers are printed with at most nine significant
 * digits, so that the last bit of libm does not change a report's bytes; NaN and infinities become null.
 * The first failure (no memory, text that is not UTF-8) is kept and reported by json_build_write. */
#ifndef UNDERSTUDY_BASE_JSON_BUILD_H
#define UNDERSTUDY_BASE_JSON_BUILD_H

#include "harness/base/json.h"

struct json_build;

struct json_build *json_build_create(void); /* the root is an object; never NULL */
struct json_build *json_build_create_array(void);
void json_build_destroy(struct json_build *build);

void json_build_object(struct json_build *build, const char *name); /* opens; close with json_build_end */
void json_build_array(struct json_build *build, const char *name);
void json_build_end(struct json_build *build);
void json_build_text(struct json_build *build, const char *name, const char *text); /* NULL text: null */
void json_build_span(struct json_build *build, const char *name,
		     struct span text); /* not UTF-8: U+FFFD for bad bytes */
void json_build_integer(struct json_build *build, const char *name, int64_t number);
void json_build_number(struct json_build *build, const char *name, double number);
/* As json_build_number, with 17 digits: for results that others check to the last places. */
void json_build_exact(struct json_build *build, const char *name, double number);
void json_build_boolean(struct json_build *build, const char *name, bool value);
void json_build_null(struct json_build *build, const char *name);
/* A copy of a value that was read. */
void json_build_node(struct json_build *build, const char *name, const struct json_node *node);

/* indent 0: one line. Appends no newline at the end. */
MUST_CHECK bool json_build_write(const struct json_build *build, int indent, struct buffer *buffer, struct error *err);

#endif
