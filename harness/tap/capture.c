#include "harness/tap/capture.h"

#include "harness/base/clock.h"

enum { KEPT_MEMORY = 65536 }; /* a buffer that grew past this is freed after its exchange */

void capture_init(struct capture *capture)
{
	*capture = (struct capture){.account = -1};
	buffer_init(&capture->request, 0);
	buffer_init(&capture->reply, 0);
}

void capture_finish(struct capture *capture)
{
	buffer_finish(&capture->request);
	buffer_finish(&capture->reply);
}

static void void_copy(struct capture *capture)
{
	capture->is_void = true;
	capture_finish(capture);
}

/* True where `length` more bytes fit; otherwise the copy is void. */
static bool admit(struct capture *capture, size_t length)
{
	if (!capture->active || capture->is_void) {
		return false;
	}
	if (length > capture->limit - capture->used) {
		void_copy(capture);
		return false;
	}
	capture->used += length;
	return true;
}

static void check(struct capture *capture, const struct buffer *buffer)
{
	if (buffer->failed) {
		void_copy(capture);
	}
}

void capture_note_pressure(struct pressure *pressure, struct ring *ring, int64_t now)
{
	uint64_t capacity = ring_capacity(ring);
	uint64_t calm = pressure_calm(pressure, capacity);
	uint64_t waiting = ring_fill(ring, calm);
	if (waiting >= calm && pressure_note(pressure, waiting, capacity, now)) {
		ring_set_reduced_since(ring, pressure->is_reduced ? clock_now() : 0);
	}
}

bool capture_admit(struct pressure *pressure, struct ring *ring, int account, int floor, const struct http_head *head,
		   int64_t now)
{
	capture_note_pressure(pressure, ring, now);
	if (!pressure->is_reduced) {
		return true;
	}
	uint64_t operation = pressure_operation(account, head->method, http_target_path(head->target));
	if (pressure_admits(pressure, operation, floor, now)) {
		return true;
	}
	ring_pass_over(ring, account, DROP_CAPTURE_REDUCED);
	return false;
}

void capture_begin(struct capture *capture, struct ring *ring, int account, size_t limit, const struct http_head *head)
{
	BUG_ON(capture->active);
	ring_begin(ring, account);
	capture->ring = ring;
	capture->account = account;
	capture->active = true;
	capture->is_void = false;
	capture->limit = limit;
	capture->used = 0;
	capture->status = 0;
	/* a mirrored message has no reply, and a used capture may have had one */
	capture->method_length = capture->target_length = 0;
	capture->request_fields = capture->reply_fields = 0;
	/* a lone LF becomes CRLF in the copy: twice the length is always enough */
	capture->request.maximum = limit + 2 * (size_t)HTTP_HEAD_MAX;
	capture->reply.maximum = limit + 2 * (size_t)HTTP_HEAD_MAX;
	if (!admit(capture, head->method.length + head->target.length + head->fields.length)) {
		return;
	}
	capture->method_length = head->method.length;
	capture->target_length = head->target.length;
	buffer_append_span(&capture->request, head->method);
	buffer_append_span(&capture->request, head->target);
	http_head_write_fields(head, &capture->request);
	capture->request_fields = capture->request.length - head->method.length - head->target.length;
	check(capture, &capture->request);
}

void capture_request_body(struct capture *capture, struct span payload)
{
	if (admit(capture, payload.length)) {
		buffer_append_span(&capture->request, payload);
		check(capture, &capture->request);
	}
}

void capture_reply_head(struct capture *capture, const struct http_head *head)
{
	if (admit(capture, head->fields.length)) {
		capture->status = head->status;
		http_head_write_fields(head, &capture->reply);
		capture->reply_fields = capture->reply.length;
		check(capture, &capture->reply);
	}
}

void capture_reply_body(struct capture *capture, struct span payload)
{
	if (admit(capture, payload.length)) {
		buffer_append_span(&capture->reply, payload);
		check(capture, &capture->reply);
	}
}

static void empty(struct buffer *buffer)
{
	if (buffer->capacity > KEPT_MEMORY) {
		buffer_finish(buffer);
	} else {
		buffer_clear(buffer);
	}
}

static void end(struct capture *capture)
{
	capture->active = false;
	empty(&capture->request);
	empty(&capture->reply);
}

/* Takes `length` bytes off *rest. */
static struct span take(struct span *rest, size_t length)
{
	struct span piece = {rest->data, length};
	rest->data += length;
	rest->length -= length;
	return piece;
}

void capture_commit(struct capture *capture, struct span interface, int64_t captured_at, int64_t latency,
		    int32_t legacy_outcome)
{
	if (!capture->active) {
		return;
	}
	if (capture->is_void) {
		capture_drop(capture, DROP_TOO_LARGE);
		return;
	}
	struct spool_exchange exchange = {.interface = interface,
					  .captured_at = captured_at,
					  .legacy_latency_us = latency,
					  .legacy_status = capture->status,
					  .legacy_outcome = legacy_outcome};
	struct span request = buffer_span(&capture->request);
	exchange.method = take(&request, capture->method_length);
	exchange.target = take(&request, capture->target_length);
	exchange.request_head = take(&request, capture->request_fields);
	exchange.request_body = request;
	struct span reply = buffer_span(&capture->reply);
	exchange.reply_head = take(&reply, capture->reply_fields);
	exchange.reply_body = reply;
	exchange.candidate_reply = SPAN("");
	(void)ring_commit(capture->ring, capture->account, &exchange); /* a full ring is counted by the ring */
	end(capture);
}

void capture_drop(struct capture *capture, enum drop_reason reason)
{
	if (capture->active) {
		ring_drop(capture->ring, capture->account, capture->is_void ? DROP_TOO_LARGE : reason);
		end(capture);
	}
}
