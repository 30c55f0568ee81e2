/* Layer 3. Bytes on their way from one socket to another, in one bounded block; and the stock of blocks.
 *
 *   0 ... base ... sent ... passed ... end ... FLOW_BLOCK
 *
 * [sent, passed) may go out, [passed, end) is still to be understood. Bytes before `sent` are kept from `base` on,
 * while there is room, for a request that may have to be sent again. When the block is full, its source is not read:
 * that is all the flow control there is, and all that is needed. */
#ifndef UNDERSTUDY_TAP_FLOW_H
#define UNDERSTUDY_TAP_FLOW_H

#include "harness/base/bytes.h"

enum { FLOW_BLOCK = 65536 };

struct flow {
	char *data; /* FLOW_BLOCK bytes, taken from the stock on the first read; NULL: holds nothing */
	size_t base;
	size_t sent;
	size_t passed;
	size_t end;
	bool keep; /* bytes from base on may be asked for again */
};

/* Blocks lie in a list through their first bytes; the last one given back, still in the processor's cache, is the
 * first to be taken. */
struct flow_stock {
	void *first;
	size_t count;
};

void flow_stock_finish(struct flow_stock *stock);
/* Room at the end of the flow, 0 where there is none; may move the bytes to the front of the block and give up `keep`.
 */
size_t flow_make_room(struct flow *flow, struct flow_stock *stock);
/* Gives the block back when nothing in it is needed. */
void flow_release(struct flow *flow, struct flow_stock *stock);
/* Forgets everything. */
void flow_drop(struct flow *flow, struct flow_stock *stock);

static inline struct span flow_unread(const struct flow *flow)
{
	return flow->data == NULL ? (struct span){"", 0}
				  : (struct span){flow->data + flow->passed, flow->end - flow->passed};
}
static inline struct span flow_unsent(const struct flow *flow)
{
	return flow->data == NULL ? (struct span){"", 0}
				  : (struct span){flow->data + flow->sent, flow->passed - flow->sent};
}

#endif
