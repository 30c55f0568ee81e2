/* Layer 1, private to evaluators/schema: references to URIs (RFC 3986 section 5). Text is taken as it is: no case and
 * no percent-encoding is normalised. */
#ifndef UNDERSTUDY_EVALUATORS_SCHEMA_URI_H
#define UNDERSTUDY_EVALUATORS_SCHEMA_URI_H

#include "harness/base/bytes.h"

/* Cuts the fragment off, without its "#"; true where there was one. */
bool uri_cut_fragment(struct span *uri, struct span *ret_fragment);
bool uri_is_absolute(struct span uri); /* has a scheme */
/* Appends `reference` (without a fragment) as seen from `base`, which may be empty (section 5.2.2). */
void uri_resolve(struct span base, struct span reference, struct buffer *buffer);
/* Appends the text with %XX decoded; what is no such code stays. */
void uri_decode(struct span text, struct buffer *buffer);

#endif
