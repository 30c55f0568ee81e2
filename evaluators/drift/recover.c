#include "evaluators/drift/recover.h"

#include "harness/base/number.h"
#include "harness/base/text.h"

enum { DEPTH_MAX = 256, PASSES = 8, STEPS_LEAST = 4096, PAYLOADS_MAX = 16 };
static const size_t DOCUMENT_MAX = (size_t)256 << 20;

/* What became of a piece: it is there, it is not, or the text ended in it. */
enum piece { PIECE_READ, PIECE_WRONG, PIECE_CUT };

struct frame {
	size_t good; /* of the document, behind its last whole member or item */
	size_t items;
	char close;
	bool comma; /* one stands behind the last item */
};

struct reader {
	struct span text;
	size_t at;
	struct buffer document; /* strict JSON */
	struct frame frames[DEPTH_MAX];
	size_t depth;
	size_t items; /* names and values read whole, at any depth */
	bool fenced;
	bool repaired;
};

static bool at_end(const struct reader *reader)
{
	return reader->at >= reader->text.length;
}

static char peek(const struct reader *reader)
{
	return reader->text.data[reader->at];
}

static bool stands(const struct reader *reader, const char *word)
{
	struct span rest = {reader->text.data + reader->at, reader->text.length - reader->at};
	return text_starts_with(rest, word);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

static bool is_word(char c)
{
	return is_letter(c) || text_is_digit(c) || (unsigned char)c >= 0x80;
}

/* --- white space and comments --- */

static void skip_to(struct reader *reader, const char *end)
{
	struct span rest = {reader->text.data + reader->at, reader->text.length - reader->at};
	size_t found = text_find(rest, span_of(end));
	reader->at += found < rest.length ? found + strlen(end) : rest.length;
}

/* A comment that does not end is the end of the text. */
static bool skip_comment(struct reader *reader)
{
	if (stands(reader, "/*")) {
		reader->at += 2;
		skip_to(reader, "*/");
	} else if (stands(reader, "//") || peek(reader) == '#') {
		skip_to(reader, "\n");
	} else {
		return false;
	}
	reader->repaired = true;
	return true;
}

/* False at the end, which is also where the code fence closes. */
static bool skip_space(struct reader *reader)
{
	while (!at_end(reader)) {
		if (is_space(peek(reader))) {
			reader->at++;
		} else if (!skip_comment(reader)) {
			return !(reader->fenced && stands(reader, "```"));
		}
	}
	return false;
}

/* --- scalars --- */

static enum piece read_escape(struct reader *reader)
{
	if (reader->at + 1 >= reader->text.length) {
		return PIECE_CUT;
	}
	char c = reader->text.data[reader->at + 1];
	if (c == '\'') {
		reader->repaired = true;
		buffer_append_byte(&reader->document, c);
	} else if (memchr("\"\\/bfnrtu", c, 9) != NULL) {
		buffer_append(&reader->document, reader->text.data + reader->at, 2);
	} else {
		return PIECE_WRONG;
	}
	reader->at += 2;
	return PIECE_READ;
}

/* One character inside a text; a "\u" is judged with the whole document. */
static enum piece read_character(struct reader *reader)
{
	char c = peek(reader);
	if (c == '\\') {
		return read_escape(reader);
	}
	if ((unsigned char)c < 0x20) {
		reader->repaired = true;
		buffer_append_format(&reader->document, "\\u%04x", (unsigned int)c);
	} else if (c == '"') {
		buffer_append_text(&reader->document, "\\\"");
	} else {
		buffer_append_byte(&reader->document, c);
	}
	reader->at++;
	return PIECE_READ;
}

static enum piece read_text(struct reader *reader)
{
	char quote = peek(reader);
	reader->repaired = reader->repaired || quote == '\'';
	reader->at++;
	buffer_append_byte(&reader->document, '"');
	while (!at_end(reader)) {
		if (peek(reader) == quote) {
			reader->at++;
			buffer_append_byte(&reader->document, '"');
			return PIECE_READ;
		}
		enum piece piece = read_character(reader);
		if (piece != PIECE_READ) {
			return piece;
		}
	}
	return PIECE_CUT;
}

/* A number at the very end may have had more digits. */
static enum piece read_number(struct reader *reader)
{
	struct number_parts parts;
	const char *from = reader->text.data + reader->at;
	const char *end = reader->text.data + reader->text.length;
	bool good = number_scan(from, end, &parts);
	if (parts.end == end) {
		return PIECE_CUT;
	}
	if (!good || is_word(*parts.end) || *parts.end == '.') {
		return PIECE_WRONG;
	}
	buffer_append(&reader->document, from, (size_t)(parts.end - from));
	reader->at += (size_t)(parts.end - from);
	return PIECE_READ;
}

static enum piece read_word(struct reader *reader)
{
	static const char *const words[][2] = {{"true", "true"}, {"false", "false"}, {"null", "null"},
					       {"True", "true"}, {"False", "false"}, {"None", "null"}};
	struct span rest = {reader->text.data + reader->at, reader->text.length - reader->at};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t length = strlen(words[i][0]);
		if (rest.length < length && memcmp(words[i][0], rest.data, rest.length) == 0) {
			return PIECE_CUT;
		}
		if (text_starts_with(rest, words[i][0])) {
			if (rest.length > length && is_word(rest.data[length])) {
				return PIECE_WRONG;
			}
			reader->repaired = reader->repaired || i > 2;
			buffer_append_text(&reader->document, words[i][1]);
			reader->at += length;
			return PIECE_READ;
		}
	}
	return PIECE_WRONG;
}

/* --- containers --- */

static enum piece open_container(struct reader *reader)
{
	if (reader->depth == DEPTH_MAX) {
		return PIECE_WRONG;
	}
	char open = peek(reader);
	buffer_append_byte(&reader->document, open);
	reader->at++;
	reader->frames[reader->depth++] =
		(struct frame){.good = reader->document.length, .close = open == '{' ? '}' : ']'};
	return PIECE_READ;
}

static void end_item(struct reader *reader)
{
	if (reader->depth > 0) {
		struct frame *frame = &reader->frames[reader->depth - 1];
		frame->items++;
		frame->comma = false;
		frame->good = reader->document.length;
	}
	reader->items++;
}

static enum piece read_value(struct reader *reader)
{
	char c = peek(reader);
	if (c == '{' || c == '[') {
		return open_container(reader);
	}
	enum piece piece = PIECE_WRONG;
	if (c == '"' || c == '\'') {
		piece = read_text(reader);
	} else if (c == '-' || text_is_digit(c)) {
		piece = read_number(reader);
	} else {
		piece = read_word(reader);
	}
	if (piece == PIECE_READ) {
		end_item(reader);
	}
	return piece;
}

static enum piece read_bare_name(struct reader *reader)
{
	size_t from = reader->at;
	if (!is_letter(peek(reader))) {
		return PIECE_WRONG;
	}
	while (!at_end(reader) && (is_word(peek(reader)) || peek(reader) == '-')) {
		reader->at++;
	}
	reader->repaired = true;
	buffer_append_byte(&reader->document, '"');
	buffer_append(&reader->document, reader->text.data + from, reader->at - from);
	buffer_append_byte(&reader->document, '"');
	return at_end(reader) ? PIECE_CUT : PIECE_READ;
}

/* The name of a member with its colon. */
static enum piece read_name(struct reader *reader)
{
	char c = peek(reader);
	enum piece piece = c == '"' || c == '\'' ? read_text(reader) : read_bare_name(reader);
	if (piece != PIECE_READ) {
		return piece;
	}
	if (!skip_space(reader)) {
		return PIECE_CUT;
	}
	if (peek(reader) != ':') {
		return PIECE_WRONG;
	}
	buffer_append_byte(&reader->document, ':');
	reader->at++;
	reader->items++;
	return skip_space(reader) ? PIECE_READ : PIECE_CUT;
}

static void close_container(struct reader *reader)
{
	const struct frame *frame = &reader->frames[--reader->depth];
	reader->repaired = reader->repaired || frame->comma;
	buffer_append_byte(&reader->document, frame->close);
	reader->at++;
	end_item(reader);
}

/* The next bracket, comma, item or member of the innermost container. */
static enum piece read_next(struct reader *reader)
{
	if (!skip_space(reader)) {
		return PIECE_CUT;
	}
	struct frame *frame = &reader->frames[reader->depth - 1];
	if (peek(reader) == frame->close) {
		close_container(reader);
		return PIECE_READ;
	}
	if (frame->items > 0 && !frame->comma) {
		frame->comma = peek(reader) == ',';
		reader->at++;
		return frame->comma ? PIECE_READ : PIECE_WRONG;
	}
	if (frame->items > 0) {
		buffer_append_byte(&reader->document, ',');
	}
	enum piece piece = frame->close == '}' ? read_name(reader) : PIECE_READ;
	return piece == PIECE_READ ? read_value(reader) : piece;
}

/* Only the innermost container can have an unfinished member. */
static void close_all(struct reader *reader)
{
	reader->document.length = reader->frames[reader->depth - 1].good;
	while (reader->depth > 0) {
		buffer_append_byte(&reader->document, reader->frames[--reader->depth].close);
	}
}

/* --- payloads in a text --- */

struct payload {
	const struct json_node *root; /* NULL: none yet */
	size_t from;
	size_t to;
	size_t count;
	bool several; /* that differ, or more than are compared */
	bool broken;  /* there is one that cannot be read: what can be read of it is not the whole */
	bool repaired;
	bool cut;
};

struct search {
	struct reader reader;
	struct arena *arena;
	size_t steps; /* left for containers that turn out to be none */
	bool fenced;  /* the scan is inside a code fence */
	bool fences;  /* there was one */
	bool fresh;   /* nothing but white space came since the beginning, of the text or of the fence */
	bool words;   /* outside of containers */
	bool marks;   /* likewise, that are no words */
	bool quotes;  /* of these */
	bool closes;  /* of these: brackets */
	struct payload plain;
	struct payload in_fence;
};

/* True where a container is read from `from` on, whole or cut. */
static bool read_container(struct search *search, size_t from, bool *ret_cut)
{
	struct reader *reader = &search->reader;
	buffer_clear(&reader->document);
	reader->at = from;
	reader->depth = 0;
	reader->items = 0;
	reader->repaired = false;
	reader->fenced = search->fenced;
	enum piece piece = open_container(reader);
	while (piece == PIECE_READ && reader->depth > 0) {
		piece = read_next(reader);
	}
	*ret_cut = piece == PIECE_CUT;
	if (*ret_cut) {
		bool in_fence = reader->fenced && stands(reader, "```");
		reader->at = in_fence ? reader->at : reader->text.length;
		close_all(reader);
	}
	return piece == PIECE_READ || (*ret_cut && (reader->items > 0 || search->fresh));
}

static const struct json_node *parse_payload(struct search *search, size_t from, bool cut)
{
	const struct reader *reader = &search->reader;
	const struct json_node *root = NULL;
	struct span text = {reader->text.data + from, reader->at - from};
	if (reader->document.failed) {
		return NULL;
	}
	if (reader->repaired || cut) {
		char *copy = arena_copy(search->arena, buffer_span(&reader->document));
		text = (struct span){copy, reader->document.length};
	}
	return text.data != NULL && json_parse(search->arena, text, NULL, &root, NULL) ? root : NULL;
}

static void note_payload(struct search *search, struct payload *payload, size_t from, bool cut,
			 const struct json_node *root)
{
	if (payload->root != NULL) {
		payload->count++;
		payload->several = payload->count > PAYLOADS_MAX || !json_equal(payload->root, root);
		return;
	}
	*payload = (struct payload){
		.root = root,
		.from = from,
		.to = search->reader.at,
		.broken = payload->broken,
		.repaired = search->reader.repaired,
		.cut = cut,
	};
}

/* A bracket at `from`: the place to go on at. */
static size_t try_container(struct search *search, size_t from)
{
	bool cut = false;
	bool read = read_container(search, from, &cut);
	struct payload *payload = search->fenced ? &search->in_fence : &search->plain;
	if (read && payload->several) {
		return search->reader.at;
	}
	const struct json_node *root = read ? parse_payload(search, from, cut) : NULL;
	if (root != NULL) {
		note_payload(search, payload, from, cut, root);
		return search->reader.at;
	}
	search->marks = true;
	payload->broken = payload->broken || search->reader.items > 0;
	size_t taken = search->reader.at - from + 1;
	search->steps = search->steps > taken ? search->steps - taken : 0;
	return from + 1;
}

static size_t pass_fence(struct search *search, size_t at)
{
	struct span text = search->reader.text;
	search->fenced = !search->fenced;
	search->fences = true;
	search->fresh = search->fenced;
	for (at += 3; search->fenced && at < text.length && is_word(text.data[at]);) {
		at++;
	}
	return at;
}

static void note_outside(struct search *search, char c)
{
	search->fresh = search->fresh && is_space(c);
	search->words = search->words || is_word(c);
	search->marks = search->marks || !is_space(c);
	search->quotes = search->quotes || c == '"' || c == '\'';
	search->closes = search->closes || c == '}' || c == ']';
}

/* False where it took too long to tell. */
static bool scan(struct search *search)
{
	struct span text = search->reader.text;
	size_t at = 0;
	while (at < text.length && search->steps > 0) {
		struct span rest = {text.data + at, text.length - at};
		if (text_starts_with(rest, "```")) {
			at = pass_fence(search, at);
		} else if (rest.data[0] == '{' || rest.data[0] == '[') {
			at = try_container(search, at);
			search->fresh = false;
		} else {
			note_outside(search, rest.data[0]);
			at++;
		}
	}
	return search->steps > 0;
}

static void describe(const struct search *search, const struct payload *payload, struct recovery *recovery)
{
	*recovery = (struct recovery){
		.root = payload->several ? NULL : payload->root,
		.payload = {search->reader.text.data + payload->from, payload->to - payload->from},
		.several = payload->several,
		.verbatim = !payload->repaired && !payload->cut,
		.repaired = payload->repaired,
		.cut = payload->cut,
		.fenced = search->fences,
		.prose = search->words || (payload == &search->in_fence && search->plain.root != NULL),
		.marks = search->marks,
	};
}

void recover_json(struct span text, struct arena *arena, struct recovery *ret_recovery)
{
	struct search search = {
		.reader = {.text = text, .document = BUFFER_INIT(DOCUMENT_MAX)},
		.arena = arena,
		.steps = PASSES * text.length + STEPS_LEAST,
		.fresh = true,
	};
	bool told = scan(&search);
	bool fence = search.in_fence.root != NULL;
	bool broken = search.plain.broken || search.in_fence.broken;
	const struct payload *payload = fence ? &search.in_fence : &search.plain;
	bool torn = !fence && search.quotes && search.closes; /* members stand outside: the bracket closed too early */
	if (told && payload->root != NULL && !broken && !torn) {
		describe(&search, payload, ret_recovery);
	} else {
		*ret_recovery = (struct recovery){0};
	}
	buffer_finish(&search.reader.document);
}
