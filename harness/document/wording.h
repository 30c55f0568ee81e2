/* Layer 3, private to harness/document. Text for people, built bit by bit in an arena.
 *
 * The functions never give NULL: where the arena has no room they give "" and set `failed`, which the maker of the
 * whole document checks once at its end. What they give is valid as long as the arena. */
#ifndef UNDERSTUDY_DOCUMENT_WORDING_H
#define UNDERSTUDY_DOCUMENT_WORDING_H

#include "harness/base/arena.h"

struct wording {
	struct arena *arena; /* borrowed */
	bool failed;
};

const char *wording_format(struct wording *wording, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *wording_copy(struct wording *wording, struct span text);
/* In one line: control characters become spaces. */
const char *wording_line(struct wording *wording, struct span text);
/* The buffer's content; empties it. A buffer that failed counts as no room. */
const char *wording_take(struct wording *wording, struct buffer *buffer);
/* Room for `count` items, zeroed; NULL, with `failed` set, where there is none. */
void *wording_array(struct wording *wording, size_t count, size_t size);
/* a, joint and b; without the joint where one of them is empty. */
const char *wording_join(struct wording *wording, const char *a, const char *joint, const char *b);

#endif
