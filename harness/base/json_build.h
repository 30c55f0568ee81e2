/* Layer 0. Building JSON documents for people and programs to read (reports, results, requests). The one module that
 * knows jansson and its reference counts. Not for the record path: use the writers of base/json there.
 *
 * A builder holds a cursor into the container being filled. In an object every call names its member; in an array
 * `name` is NULL. Members keep the order in which they are added; a name given again replaces the earlier value in its
 * place. Names and texts are copied; bytes in them that are not UTF-8 become U+FFFD. Output never depends on the
 * locale. The first failure (no memory, more than JSON_BUILD_DEPTH containers open) is kept, later calls do nothing,
 * and json_build_write reports it. */
#ifndef UNDERSTUDY_BASE_JSON_BUILD_H
#define UNDERSTUDY_BASE_JSON_BUILD_H

#include "harness/base/json.h"

enum { JSON_BUILD_DEPTH = 256 };

struct json_build;

struct json_build *json_build_create(void); /* the root is an object; never NULL */
struct json_build *json_build_create_array(void);
void json_build_destroy(struct json_build *build); /* accepts NULL */

void json_build_object(struct json_build *build, const char *name); /* opens; close with json_build_end */
void json_build_array(struct json_build *build, const char *name);
void json_build_end(struct json_build *build);
void json_build_text(struct json_build *build, const char *name, const char *text); /* NULL text: null */
void json_build_span(struct json_build *build, const char *name, struct span text);
void json_build_integer(struct json_build *build, const char *name, int64_t number);
/* At most nine significant digits, so that the last bit of libm does not change a report's bytes; whole numbers without
 * a point (3.0 is 3, 1e9 is 1e+09), zero without a sign, NaN and infinities null. */
void json_build_number(struct json_build *build, const char *name, double number);
/* As json_build_number, but with the digits (15 to 17 at most) that read back as the same double, sign of zero
 * included: for results that others check to the last places. */
void json_build_exact(struct json_build *build, const char *name, double number);
void json_build_boolean(struct json_build *build, const char *name, bool value);
void json_build_null(struct json_build *build, const char *name);
/* A copy of a value that was read, numbers with their exact text; of duplicate names the last counts. NULL: null. */
void json_build_node(struct json_build *build, const char *name, const struct json_node *node);

/* Appends the document, all containers but the root being closed; no newline at the end. indent: spaces for each level;
 * 0: one line without white space. ERROR_MEMORY or ERROR_LIMIT as said above, ERROR_LIMIT past buffer->maximum. */
MUST_CHECK bool json_build_write(const struct json_build *build, int indent, struct buffer *buffer, struct error *err);

#endif
