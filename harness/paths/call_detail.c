#include "harness/base/text.h"
#include "harness/paths/call_internal.h"

enum {
	TYPE_MAX = 64,
	MESSAGE_MAX = 300,
	KEY_WINDOW = 8,     /* a run of so many bytes of the key gives it away */
	PROMPT_WINDOW = 16, /* shorter runs are common words */
	PROMPT_SEARCHED = 1024 * 1024,
};

/* Does any run of `window` bytes of the text stand in `secret` too? */
static bool repeats(struct span text, struct span secret, size_t window)
{
	if (secret.length < window) {
		window = secret.length;
	}
	for (size_t i = 0; window > 0 && i + window <= text.length; i++) {
		if (memmem(secret.data, secret.length, text.data + i, window) != NULL) {
			return true;
		}
	}
	return false;
}

static bool may_be_told(const struct call *call, const char *key, struct span message)
{
	return call->prompt.length <= PROMPT_SEARCHED && !repeats(message, call->prompt, PROMPT_WINDOW) &&
	       !repeats(message, span_of(key), KEY_WINDOW);
}

static void append_type(struct buffer *detail, struct span type)
{
	buffer_append_text(detail, ": ");
	for (size_t i = 0; i < type.length && i < TYPE_MAX; i++) {
		char lower = text_lower(type.data[i]);
		bool plain = (lower >= 'a' && lower <= 'z') || text_is_digit(lower) || strchr("._-", lower) != NULL;
		buffer_append_byte(detail, plain ? type.data[i] : '_');
	}
}

/* On one line, cut between characters. */
static void append_message(struct buffer *detail, struct span message)
{
	size_t position = 0;
	size_t begin = 0;
	uint32_t c = 0;
	buffer_append_text(detail, ": ");
	while (position < MESSAGE_MAX && text_next_code_point(message, &position, &c)) {
		if (c < 0x20 || (c >= 0x7f && c <= 0x9f)) {
			buffer_append_byte(detail, ' ');
		} else {
			buffer_append(detail, message.data + begin, position - begin);
		}
		begin = position;
	}
	if (position < message.length) {
		buffer_append_text(detail, " ...");
	}
}

struct span call_detail(const struct call *call, const char *key, int status, const struct provider_reply *reply,
			struct arena *arena)
{
	CLEANUP_BUFFER struct buffer detail = BUFFER_INIT(8 * MESSAGE_MAX);
	if (reply->outcome == OUTCOME_REFUSED) {
		buffer_append_text(&detail, "the model declined to answer");
	} else if (reply->outcome == OUTCOME_TRUNCATED) {
		buffer_append_text(&detail, "the reply was cut off at the token limit");
	} else {
		buffer_append_format(&detail, "HTTP %d", status);
	}
	if (reply->error_type.length > 0) {
		append_type(&detail, reply->error_type);
	}
	struct span message = text_trim(reply->error_message);
	if (message.length > MESSAGE_MAX + 4) {
		message.length = MESSAGE_MAX + 4;
	}
	if (message.length > 0 && may_be_told(call, key, message)) {
		append_message(&detail, message);
	}
	char *copy = arena_copy(arena, buffer_span(&detail));
	return copy != NULL ? (struct span){copy, detail.length} : SPAN("");
}
