#include "harness/pipeline/draw.h"

#include "baselines/sampling.h"
#include "harness/base/text.h"
#include "harness/http/head.h"
#include "harness/store/draw.h"

enum { EXCHANGE_ID_TEXT = 64 };

static const int64_t MINUTE_US = INT64_C(60) * CLOCK_SECOND;

static bool among_the_first(struct worker *worker, const struct interface_lane *lane,
			    const struct spool_exchange *captured, bool *ret_first, struct error *err)
{
	*ret_first = false;
	if (lane->shadow_floor <= 0) {
		return true;
	}
	const struct span operation[] = {captured->method, http_target_path(captured->target)};
	uint8_t digest[SHA256_SIZE];
	hash_sha256_pieces(operation, 2, digest);
	return store_floor_take(worker->store, lane->id, captured->captured_at / MINUTE_US, digest, lane->shadow_floor,
				ret_first, err);
}

static bool toss(const struct worker *worker, const struct interface_lane *lane, const struct message *message)
{
	CLEANUP_BUFFER struct buffer id = BUFFER_INIT(EXCHANGE_ID_TEXT);
	text_write_hex(&id, message->row.exchange_id, sizeof(message->row.exchange_id));
	return sampling_draw(worker->sampling_key, SAMPLING_SHADOW, span_of(lane->contract->interface),
			     buffer_span(&id), lane->shadow_ppm);
}

bool draw_shadow(struct worker *worker, const struct interface_lane *lane, const struct spool_exchange *captured,
		 const struct message *message, int64_t row, bool *ret_chosen, struct error *err)
{
	bool first = false;
	if (lane->shadow_ppm >= SAMPLING_CERTAIN) {
		*ret_chosen = true; /* the usual case, and on the record path */
		return true;
	}
	if (!among_the_first(worker, lane, captured, &first, err)) {
		return false;
	}
	struct store_draw draw = {
		.rule = first ? SHADOW_FLOOR : SHADOW_SHARE,
		.pi_ppm = first ? SAMPLING_CERTAIN : lane->shadow_ppm,
		.chosen = first || toss(worker, lane, message),
	};
	*ret_chosen = draw.chosen;
	return store_draw_add(worker->store, row, lane->id, message->row.week, message->row.test, &draw, err);
}
