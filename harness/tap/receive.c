/* The listeners that the tap answers itself: mirror and ingest. Session, flow, head, body and limits of time are those
 * of the relay; there is no legacy connection, and the reply is written here.
 *
 * Mirror. The sender is another proxy that throws our answer away; it must never wait for us nor take us for broken.
 * So it is 204 as soon as the request is whole, behind the commit, and whatever became of the copy. A refusal is left
 * for what is no HTTP request at all (exchange.c) or does not arrive completely.
 *
 * Ingest is ingest.c's; here its body is read, and its answer written. */
#include "harness/base/text.h"
#include "harness/tap/ingest.h"

#include <stdio.h>

enum { DATE_SIZE = 32 };

static const char *reason_phrase(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		{200, "OK"},
		{202, "Accepted"},
		{204, "No Content"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{503, "Service Unavailable"},
	};
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
		if (phrases[i].status == status) {
			return phrases[i].phrase;
		}
	}
	return "";
}

/* RFC 9110 section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT". */
static const char *format_date(int64_t time, char text[DATE_SIZE])
{
	static const char days[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"}; /* from 1970-01-01 */
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	int64_t day_number = time / CLOCK_DAY;
	int second = (int)(time % CLOCK_DAY / CLOCK_SECOND);
	int64_t year;
	int month;
	int day;
	clock_date(day_number, &year, &month, &day);
	snprintf(text, DATE_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[day_number % 7], day, months[month - 1],
		 (int)year, second / 3600, second / 60 % 60, second % 60);
	return text;
}

void receive_answer(struct session *session, int status, const char *fields, struct span content)
{
	struct buffer *reply = &session->reply_head;
	char date[DATE_SIZE];
	session->close_after |= session->leave_at != 0 || !session->request_whole;
	buffer_append_format(reply, "HTTP/1.1 %d %s\r\nDate: %s\r\n%s", status, reason_phrase(status),
			     format_date(clock_now(), date), fields);
	if (status != 204) {
		buffer_append_format(reply, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
				     content.length);
	}
	buffer_append_text(reply, session->close_after ? "Connection: close\r\n\r\n" : "\r\n");
	if (!session->is_head) {
		buffer_append_span(reply, content);
	}
	session->reply_headed = session->reply_whole = true;
	if (reply->failed) { /* without memory there is nothing to be said */
		buffer_clear(reply);
		session->reply_head_sent = 0;
		session->phase = PHASE_FLUSHING;
	}
}

/* RFC 9110 section 10.1.1; a client of HTTP/1.0 is sent no interim reply. */
static bool waits_for_continue(const struct session *session, const struct http_head *head)
{
	struct span rest = head->fields;
	struct http_field field;
	bool asked = false;
	while (http_head_next_field(&rest, &field)) {
		asked |= text_equal_ignoring_case(field.name, SPAN("Expect")) &&
			 text_equal_ignoring_case(field.value, SPAN("100-continue"));
	}
	return asked && !session->is_old && !session->request_whole && flow_unread(&session->request).length == 0;
}

void receive_begin(struct session *session, const struct http_head *head)
{
	bool is_waiting = waits_for_continue(session, head);
	if (session->route->config->kind == TAP_INGEST && !ingest_begin(session, head, is_waiting)) {
		return; /* answered: the body is not wanted */
	}
	if (is_waiting) {
		buffer_append_text(&session->reply_head, "HTTP/1.1 100 Continue\r\n\r\n");
	}
}

static void take_payload(struct session *session, struct span payload)
{
	if (session->route->config->kind == TAP_INGEST) {
		ingest_take(session, payload);
	} else {
		capture_request_body(&session->capture, payload);
	}
}

static bool take_body(struct session *session)
{
	struct flow *flow = &session->request;
	size_t before = flow->passed;
	while (!session->request_whole && !session->reply_whole && flow->passed < flow->end) {
		size_t used;
		struct span payload;
		enum http_step step = http_body_step(&session->request_body, flow_unread(flow), &used, &payload);
		if (step == HTTP_BAD) {
			exchange_fail(session, 400, "the message's chunks are malformed", DROP_CLIENT_ABORTED);
			return true;
		}
		flow->passed += used;
		session->request_whole = step == HTTP_END;
		take_payload(session, payload);
	}
	bool moved = flow->passed != before;
	flow->sent = flow->base = flow->passed;
	if (session->client_ended && !session->request_whole && !session->reply_whole) {
		session_close(session, DROP_CLIENT_ABORTED);
	}
	return moved;
}

bool receive_run(struct session *session)
{
	bool moved = take_body(session);
	if (session->phase != PHASE_EXCHANGE || session->client.fd < 0 || !session->request_whole ||
	    session->reply_whole) {
		return moved;
	}
	if (session->route->config->kind == TAP_INGEST) {
		return ingest_run(session) || moved;
	}
	capture_commit(&session->capture, span_of(session->route->config->interface), session->message_at, -1,
		       LEGACY_AWAITED);
	receive_answer(session, 204, "", SPAN(""));
	return true;
}
