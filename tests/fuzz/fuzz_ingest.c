/* What is posted to the ingest listener: the cuts of its body, and each line as a record. The first byte of the input
 * says as what: 1 NDJSON, 2 late answers. */
#include "harness/base/clock.h"
#include "harness/base/json.h"
#include "harness/spool/delivery.h"
#include "harness/tap/batch.h"
#include "tests/fuzz/fuzz.h"

enum { ARENA_MAX = 64 << 20 };

static bool is_json(struct span text, struct arena *arena)
{
	const struct json_node *root;
	return json_parse(arena, text, &(struct json_limits){.depth = 1024}, &root, NULL);
}

/* Every line of a head is a field: no value that was posted can add one. */
static void check_head(struct span head)
{
	while (head.length > 0) {
		const char *end = memchr(head.data, '\r', head.length);
		HOLDS(end != NULL && (size_t)(end - head.data) + 1 < head.length && end[1] == '\n');
		size_t length = (size_t)(end - head.data);
		HOLDS(memchr(head.data, ':', length) != NULL && memchr(head.data, '\n', length) == NULL);
		head = (struct span){end + 2, head.length - length - 2};
	}
}

/* It goes into the spool and comes out of it the same. */
static void check_frame(const struct spool_exchange *exchange)
{
	size_t size = spool_exchange_size(exchange);
	char *frame = malloc(size);
	struct spool_record record;
	size_t used;
	HOLDS(frame != NULL);
	spool_exchange_encode(exchange, frame);
	HOLDS(spool_decode((struct span){frame, size}, &record, &used) == SPOOL_DECODED && used == size);
	HOLDS(record.type == (exchange->is_outcome ? SPOOL_OUTCOME : SPOOL_EXCHANGE));
	HOLDS(span_equal(record.exchange.request_body, exchange->request_body));
	HOLDS(span_equal(record.exchange.reply_body, exchange->reply_body));
	HOLDS(span_equal(record.exchange.correlation_key, exchange->correlation_key));
	free(frame);
}

static void check_line(struct span line, bool is_outcome)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct delivery_defaults defaults = {.is_outcome = is_outcome,
					     .interface = SPAN("orders"),
					     .captured_at = CLOCK_SECOND,
					     .target = SPAN("/v1/exchanges"),
					     .idempotency_key = SPAN("key")};
	struct spool_exchange exchange = {.sequence = 1};
	struct error err = ERROR_INIT;
	if (!delivery_read(line, &defaults, &arena, &exchange, &err)) {
		HOLDS(err.message[0] != '\0');
		return;
	}
	exchange.sequence = 1;
	HOLDS(exchange.reply_body.length == 0 || is_json(exchange.reply_body, &arena));
	HOLDS(is_outcome ? exchange.correlation_key.length > 0 : exchange.request_body.length > 0);
	check_head(exchange.request_head);
	check_frame(&exchange);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	const void *bytes = data + 1;
	struct span body = {bytes, size - 1};
	struct batch batch = batch_of(body, (data[0] & 1) != 0);
	struct batch_line line;
	const char *behind = body.data;
	size_t number = 0;
	while (batch_next(&batch, &line)) {
		HOLDS(line.text.data >= behind && line.text.data + line.text.length <= body.data + body.length);
		HOLDS(line.number > number || line.error != NULL);
		behind = line.text.data + line.text.length;
		number = line.number;
		if (line.error == NULL) {
			check_line(line.text, (data[0] & 2) != 0);
		}
	}
	return 0;
}
