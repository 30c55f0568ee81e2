#include "harness/http/body.h"

enum {
	SIZE_LINE_MAX = 4096, /* chunk size with its extensions */
	TRAILERS_MAX = 65536,
};

enum chunk_state {
	SIZE_FIRST, /* at least one digit */
	SIZE_DIGITS,
	SIZE_BLANKS, /* between size and extension or line end */
	EXTENSION,
	SIZE_LINE_FEED,
	DATA,
	DATA_RETURN,
	DATA_LINE_FEED,
	TRAILER_START, /* of a line: a field, or the CR of the empty line */
	TRAILER_LINE,
	TRAILER_LINE_FEED,
	LAST_LINE_FEED,
};

struct http_body http_body_of_request(const struct http_head *head)
{
	struct http_body body = {.framing = HTTP_NO_BODY, .ended = true};
	if (head->chunked) {
		body = (struct http_body){.framing = HTTP_CHUNKED, .state = SIZE_FIRST};
	} else if (head->has_length && head->length > 0) {
		body = (struct http_body){.framing = HTTP_LENGTH, .remaining = head->length};
	}
	return body;
}

struct http_body http_body_of_reply(const struct http_head *head, bool to_head_request)
{
	bool bare = to_head_request || head->status < 200 || head->status == 204 || head->status == 304;
	if (bare) {
		return (struct http_body){.framing = HTTP_NO_BODY, .ended = true};
	}
	if (head->chunked || head->has_length) {
		return http_body_of_request(head);
	}
	return http_body_until_close();
}

struct http_body http_body_until_close(void)
{
	return (struct http_body){.framing = HTTP_UNTIL_CLOSE};
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool add_size_digit(struct http_body *body, char c)
{
	int digit = hex_digit(c);
	if (digit < 0 || body->remaining > (uint64_t)INT64_MAX >> 4) {
		return false;
	}
	body->remaining = body->remaining << 4 | (uint64_t)digit;
	body->state = SIZE_DIGITS;
	return true;
}

static bool end_of_size(struct http_body *body, char c)
{
	switch (c) {
	case '\r':
		body->state = SIZE_LINE_FEED;
		return true;
	case ';':
		body->state = EXTENSION;
		return true;
	case ' ':
	case '\t':
		body->state = SIZE_BLANKS;
		return true;
	default:
		return false;
	}
}

/* Inside extensions and trailers: any byte but the controls that could end a line for another reader. */
static bool in_line(struct http_body *body, char c, enum chunk_state at_return)
{
	if (c == '\r') {
		body->state = (int)at_return;
		return true;
	}
	return c != '\n' && c != '\0';
}

static bool start_trailer(struct http_body *body, char c)
{
	if (c == '\r') {
		body->state = LAST_LINE_FEED;
		return true;
	}
	body->state = TRAILER_LINE;
	return c > ' ' && c != ':';
}

static bool line_feed(struct http_body *body, char c, enum chunk_state next)
{
	body->state = (int)next;
	body->line = next == SIZE_FIRST ? 0 : body->line;
	return c == '\n';
}

static bool after_size(struct http_body *body, char c)
{
	body->line = 0;
	return line_feed(body, c, body->remaining > 0 ? DATA : TRAILER_START);
}

/* One byte that is not payload. */
static bool step_byte(struct http_body *body, char c)
{
	body->line++;
	switch ((enum chunk_state)body->state) {
	case SIZE_FIRST:
		return add_size_digit(body, c);
	case SIZE_DIGITS:
		return hex_digit(c) >= 0 ? add_size_digit(body, c) : end_of_size(body, c);
	case SIZE_BLANKS:
		return body->line <= SIZE_LINE_MAX && end_of_size(body, c);
	case EXTENSION:
		return body->line <= SIZE_LINE_MAX && in_line(body, c, SIZE_LINE_FEED);
	case SIZE_LINE_FEED:
		return after_size(body, c);
	case DATA_RETURN:
		body->state = DATA_LINE_FEED;
		return c == '\r';
	case DATA_LINE_FEED:
		return line_feed(body, c, SIZE_FIRST);
	case TRAILER_START:
		return body->line <= TRAILERS_MAX && start_trailer(body, c);
	case TRAILER_LINE:
		return body->line <= TRAILERS_MAX && in_line(body, c, TRAILER_LINE_FEED);
	case TRAILER_LINE_FEED:
		return line_feed(body, c, TRAILER_START);
	case LAST_LINE_FEED:
		body->ended = c == '\n';
		return body->ended;
	case DATA:
	default:
		BUG_ON(true);
		return false;
	}
}

/* Takes what there is of `remaining` off `bytes`. */
static struct span take_payload(struct http_body *body, struct span bytes)
{
	size_t length = bytes.length < body->remaining ? bytes.length : (size_t)body->remaining;
	body->remaining -= length;
	return (struct span){bytes.data, length};
}

static enum http_step step_chunks(struct http_body *body, struct span bytes, size_t *ret_used, struct span *ret_payload)
{
	size_t at = 0;
	while (at < bytes.length) {
		if (body->state == DATA) {
			*ret_payload = take_payload(body, (struct span){bytes.data + at, bytes.length - at});
			*ret_used = at + ret_payload->length;
			body->state = body->remaining == 0 ? DATA_RETURN : DATA;
			return HTTP_MORE;
		}
		if (!step_byte(body, bytes.data[at++])) {
			*ret_used = at;
			return HTTP_BAD;
		}
		if (body->ended) {
			*ret_used = at;
			return HTTP_END;
		}
	}
	*ret_used = at;
	return HTTP_MORE;
}

enum http_step http_body_step(struct http_body *body, struct span bytes, size_t *ret_used, struct span *ret_payload)
{
	*ret_used = 0;
	*ret_payload = (struct span){bytes.data, 0};
	if (body->ended) {
		return HTTP_END;
	}
	switch (body->framing) {
	case HTTP_CHUNKED:
		return step_chunks(body, bytes, ret_used, ret_payload);
	case HTTP_UNTIL_CLOSE:
		*ret_payload = bytes;
		*ret_used = bytes.length;
		return HTTP_MORE;
	case HTTP_NO_BODY:
	case HTTP_LENGTH:
	default:
		*ret_payload = take_payload(body, bytes);
		*ret_used = ret_payload->length;
		body->ended = body->remaining == 0;
		return body->ended ? HTTP_END : HTTP_MORE;
	}
}
