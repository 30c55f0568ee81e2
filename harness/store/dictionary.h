/* Layer 2. Dictionaries for small payloads: the shape of an interface's first JSON message and reply, names and
 * punctuation without any value. It saves zstd from spelling out the names in every payload (measured: a quarter of the
 * size), and because it holds no value, purging a payload leaves nothing of it behind. Private to the store. */
#ifndef UNDERSTUDY_STORE_DICTIONARY_H
#define UNDERSTUDY_STORE_DICTIONARY_H

#include "harness/store/compress.h"

struct store;

/* Appends the shape of JSON text: objects, arrays, names that look like names (letters, '_', '-', '.', ':', '$', at
 * most two digits, 40 bytes: a map's keys may be data), strings emptied, numbers and literals left out. Any bytes may
 * be given; what does not begin as an object or array has no shape. */
void dictionary_write_shape(struct span json, struct buffer *shape);

/* The dictionary to write payloads of the interface with; where it has none, one is made of this payload and stored in
 * the open transaction. *ret_dictionary is NULL where the payload has no shape; else borrowed, valid until
 * dictionaries_forget. *ret_id: its row, 0 where there is none. */
MUST_CHECK bool dictionary_for_interface(struct store *store, int64_t interface_id, struct span request,
					 struct span reply, int64_t *ret_id, const struct dictionary **ret_dictionary,
					 struct error *err);
/* The stored dictionary of that row; ERROR_FORMAT where there is none, because a payload says that there is. */
MUST_CHECK bool dictionary_by_id(struct store *store, int64_t id, const struct dictionary **ret_dictionary,
				 struct error *err);
/* After a rollback, which may have taken a dictionary's row away, and at the end. */
void dictionaries_forget(struct store *store);

#endif
