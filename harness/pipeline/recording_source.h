/* Layer 3. The bytes of a recording: read bit by bit, gzip (RFC 1952, several members too) undone by its first bytes.
 *
 * A source shows a window on the bytes that come next. The reader makes it as long as it needs (`want`) and moves it
 * on (`consume`); no more than the window and one read are in memory. */
#ifndef UNDERSTUDY_PIPELINE_RECORDING_SOURCE_H
#define UNDERSTUDY_PIPELINE_RECORDING_SOURCE_H

#include "harness/base/bytes.h"

#include <sys/types.h>

/* Where bytes come from. Borrowed; must outlive the source. */
struct recording_input {
	ssize_t (*read)(void *context, char *target, size_t size); /* as read(2): 0 at the end, -1 with errno */
	void *context;
};

struct recording_source;

struct recording_source *recording_source_create(struct recording_input input, struct error *err);
void recording_source_destroy(struct recording_source *source); /* accepts NULL */
/* Makes the window at least `length` bytes long, or as long as the input goes. False: ERROR_SYSTEM (reading),
 * ERROR_FORMAT (damaged gzip), ERROR_LIMIT (memory). */
MUST_CHECK bool recording_source_want(struct recording_source *source, size_t length, struct error *err);
/* Valid until the next call of want or consume. */
struct span recording_source_window(const struct recording_source *source);
/* Moves the window `length` bytes on; there must be so many in it. */
void recording_source_consume(struct recording_source *source, size_t length);
/* Bytes before the window, counted behind gzip. */
uint64_t recording_source_offset(const struct recording_source *source);
/* Nothing comes behind the window. */
bool recording_source_ended(const struct recording_source *source);
/* The gzip data ended inside a member (whoever wrote it was stopped): the window's end is not what was meant. */
bool recording_source_torn(const struct recording_source *source);

/* Position of `needle` in the window from `*scanned` on, made longer up to `most` bytes as needed; *scanned remembers
 * where the search goes on. SOURCE_NOT_FOUND: not before the end or `most`. */
enum recording_search { SOURCE_FOUND, SOURCE_NOT_FOUND, SOURCE_FAILED };
enum recording_search recording_source_find(struct recording_source *source, struct span needle, size_t most,
					    size_t *scanned, size_t *ret_position, struct error *err);

#endif
