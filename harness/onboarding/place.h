/* Layer 3. Places of a profile in the words of a contract, and numbers in those of its comments. All texts live in the
 * arena; NULL where it is full. */
#ifndef UNDERSTUDY_ONBOARDING_PLACE_H
#define UNDERSTUDY_ONBOARDING_PLACE_H

#include "harness/onboarding/profile.h"

/* JSONPath (RFC 9535) from `top` to `node`: "$.order.id", "$['a b']". Never holds "${", which a contract would replace
 * from the environment. Only for places outside items. */
char *place_path(const struct profile_node *top, const struct profile_node *node, struct arena *arena);
/* As JSON Pointer where all names are letters, digits, "_" and "-"; else as place_path. */
char *place_short(const struct profile_node *top, const struct profile_node *node, struct arena *arena);
/* "order.id": names joined by points. */
char *place_name(const struct profile_node *top, const struct profile_node *node, struct arena *arena);
/* The value of the document at the node's place, NULL where there is none. */
const struct json_node *place_value(const struct profile_node *node, const struct json_node *document);
/* "12,345" */
char *place_count(uint64_t number, struct arena *arena);
/* "2,000 of 2,000 messages" */
char *place_share(uint64_t part, uint64_t whole, const char *what, struct arena *arena);
/* The text for a comment: one line, at most `most` characters, without control characters. */
char *place_comment(struct span text, size_t most, struct arena *arena);

#endif
