/* Layer 3, private to harness/pipeline. One entry of a HAR (HAR 1.2, "entries"). */
#ifndef UNDERSTUDY_PIPELINE_RECORDING_HAR_ENTRY_H
#define UNDERSTUDY_PIPELINE_RECORDING_HAR_ENTRY_H

#include "harness/pipeline/recording.h"

/* `text`: the entry's JSON; borrowed, as the arena, as long as the exchange is used. What cannot be used is said by
 * ret_recorded->skip. HAR bodies are decoded already, so Content-Encoding is left out of the heads. */
void har_entry_read(struct span text, struct arena *arena, struct recorded *ret_recorded);

#endif
