#include "harness/tap/flow.h"

#include <stdlib.h>

enum { STOCK_MAX = 1024 };

static char *take_block(struct flow_stock *stock)
{
	if (stock->first == NULL) {
		return malloc(FLOW_BLOCK);
	}
	char *block = stock->first;
	memcpy(&stock->first, block, sizeof(stock->first));
	stock->count--;
	return block;
}

static void give_block(struct flow_stock *stock, char *block)
{
	if (stock->count >= STOCK_MAX) {
		free(block);
		return;
	}
	memcpy(block, &stock->first, sizeof(stock->first));
	stock->first = block;
	stock->count++;
}

void flow_stock_finish(struct flow_stock *stock)
{
	while (stock->first != NULL) {
		free(take_block(stock));
	}
}

/* Moves what is needed to the front, unless that would shift a full block for a few bytes of room. */
static void pack(struct flow *flow)
{
	size_t from = flow->keep ? flow->base : flow->sent;
	bool worth_it = from >= FLOW_BLOCK / 4 || flow->sent == flow->passed;
	if (from == 0 || !worth_it) {
		return;
	}
	memmove(flow->data, flow->data + from, flow->end - from);
	flow->base = flow->keep ? 0 : flow->sent - from;
	flow->sent -= from;
	flow->passed -= from;
	flow->end -= from;
}

size_t flow_make_room(struct flow *flow, struct flow_stock *stock)
{
	if (flow->data == NULL) {
		flow->data = take_block(stock);
		return flow->data != NULL ? FLOW_BLOCK : 0;
	}
	if (flow->end == FLOW_BLOCK) {
		pack(flow);
	}
	if (flow->end == FLOW_BLOCK && flow->keep) {
		flow->keep = false;
		pack(flow);
	}
	return FLOW_BLOCK - flow->end;
}

void flow_drop(struct flow *flow, struct flow_stock *stock)
{
	if (flow->data != NULL) {
		give_block(stock, flow->data);
	}
	*flow = (struct flow){.data = NULL};
}

void flow_release(struct flow *flow, struct flow_stock *stock)
{
	if (flow->data != NULL && flow->sent == flow->end && !flow->keep) {
		flow_drop(flow, stock);
	}
}
