/* spool-feed SPOOL STREAM: appends what stands on standard input, one JSON object a line, to a stream of a spool, as a
 * listener would that takes messages and late answers apart.
 *   {"interface": NAME, "message": {...}}                                         a message whose answer is awaited
 *   {"interface": NAME, "key": TEXT, "outcome": WORD, "legacy": {...}}            a late answer
 * Both may have "captured_at", "answered_at" and "idempotency_key". */
#include "harness/base/clock.h"
#include "harness/base/json.h"
#include "harness/spool/spool.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINE_MAX_BYTES = 1 << 20, ARENA_MAX = 1 << 26 };

static int64_t time_at(const struct json_node *root, const char *name, int64_t fallback)
{
	int64_t time = fallback;
	const struct json_node *node = json_get_text(root, name);
	if (node != NULL && !clock_parse(json_text(node), &time)) {
		fprintf(stderr, "spool-feed: %s is no time\n", name);
		exit(2);
	}
	return time;
}

static struct span text_of(const struct json_node *node, struct buffer *text)
{
	buffer_clear(text);
	if (node != NULL) {
		json_write(text, node);
	}
	return buffer_span(text);
}

static bool feed_line(struct spool_writer *writer, const struct json_node *root, struct spool_accounts *accounts,
		      struct error *err)
{
	CLEANUP_BUFFER struct buffer request = BUFFER_INIT(LINE_MAX_BYTES);
	CLEANUP_BUFFER struct buffer reply = BUFFER_INIT(LINE_MAX_BYTES);
	const struct json_node *outcome = json_get_text(root, "outcome");
	struct spool_exchange delivery = {
		.is_outcome = outcome != NULL,
		.interface = json_text(json_get_text(root, "interface")),
		.captured_at = time_at(root, "captured_at", clock_now()),
		.answered_at = time_at(root, "answered_at", 0),
		.legacy_latency_us = -1,
		.legacy_outcome = outcome != NULL ? legacy_outcome_from_name(json_text(outcome)) : LEGACY_AWAITED,
		.method = SPAN("POST"),
		.target = SPAN("/v1/exchanges"),
		.request_body = text_of(json_get_text(root, "message"), &request),
		.reply_body = text_of(json_get_text(root, "legacy"), &reply),
		.correlation_key = json_text(json_get_text(root, "key")),
		.idempotency_key = json_text(json_get_text(root, "idempotency_key")),
	};
	accounts->interface = delivery.interface;
	accounts->at = clock_now();
	accounts->seen = spool_writer_last_sequence(writer) + 1;
	accounts->committed = accounts->seen;
	return spool_writer_append(writer, &delivery, err) && spool_writer_append_accounts(writer, accounts, err);
}

int main(int argc, char **argv)
{
	static char line[LINE_MAX_BYTES];
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	struct error err = ERROR_INIT;
	struct spool_options options = {.sync_interval_ms = 200};
	struct spool_accounts accounts = {.origin = 1};
	struct spool_writer *writer = argc == 3 ? spool_writer_open(argv[1], argv[2], &options, &err) : NULL;
	bool done = writer != NULL;
	while (done && fgets(line, sizeof(line), stdin) != NULL) {
		const struct json_node *root = NULL;
		arena_reset(&arena);
		done = json_parse(&arena, span_of(line), NULL, &root, &err) && feed_line(writer, root, &accounts, &err);
	}
	spool_writer_close(writer);
	if (!done) {
		fprintf(stderr, "spool-feed: %s\n", argc == 3 ? err.message : "SPOOL STREAM are missing");
	}
	return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
