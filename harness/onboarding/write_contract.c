/* The contract's text: every guess with its evidence in a comment. */
#include "harness/onboarding/draft.h"

#include "harness/base/text.h"

enum { COMMENT_LENGTH = 300, TOKENS_MIN = 2000, TOKENS_STEP = 1000, ANSWER_MIN = 200, ANSWER_STEP = 100 };

struct contract_writer {
	const struct draft *draft;
	struct buffer *text;
	struct arena arena; /* comments */
};

/* A double-quoted scalar (YAML 1.2, 7.3.1): what YAML does not take as it is gets an escape. */
static void write_quoted(struct contract_writer *writer, const char *value)
{
	struct span text = span_of(value);
	size_t position = 0;
	uint32_t code_point = 0;
	buffer_append_byte(writer->text, '"');
	while (text_next_code_point(text, &position, &code_point)) {
		bool plain = (code_point >= 0x20 && code_point < 0x7f) || (code_point >= 0xa0 && code_point < 0x2028) ||
			     (code_point > 0x202f && code_point < 0xfe00) || code_point >= 0x10000;
		if (code_point == '"' || code_point == '\\') {
			buffer_append_byte(writer->text, '\\');
		}
		if (plain) {
			text_append_code_point(writer->text, code_point);
		} else {
			buffer_append_format(writer->text, "\\u%04x", code_point);
		}
	}
	buffer_append_byte(writer->text, '"');
}

/* The rest of the line as a comment. */
static void write_comment(struct contract_writer *writer, const char *comment)
{
	const char *line = comment != NULL ? place_comment(span_of(comment), COMMENT_LENGTH, &writer->arena) : NULL;
	if (line != NULL && line[0] != '\0') {
		buffer_append_format(writer->text, "  # %s", line);
	}
	buffer_append_byte(writer->text, '\n');
}

static void write_line(struct contract_writer *writer, const char *line)
{
	buffer_append_text(writer->text, line);
	buffer_append_byte(writer->text, '\n');
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash != NULL ? slash + 1 : path;
}

/* --- the head --- */

static void write_decisions(struct contract_writer *writer)
{
	const struct questions *questions = &writer->draft->questions;
	bool any = false;
	for (size_t i = 0; i < questions->count; i++) {
		const struct question *question = &questions->list[i];
		if (question->source != QUESTION_DEFAULT) {
			continue;
		}
		if (!any) {
			write_line(writer, "#\n# Left to decide. The default was taken; change it below, or answer it "
					   "in a file for "
					   "--answers:");
			any = true;
		}
		buffer_append_text(writer->text, "#");
		CLEANUP_BUFFER struct buffer line = BUFFER_INIT(1 << 16);
		buffer_append_format(&line, "%s: %s", question->id, question->value);
		const char *answer = place_comment(buffer_span(&line), COMMENT_LENGTH, &writer->arena);
		buffer_append_format(writer->text, "   %s", answer != NULL ? answer : "");
		write_comment(writer, question->text);
	}
}

static void write_head(struct contract_writer *writer)
{
	const struct draft *draft = writer->draft;
	const char *messages = place_count(draft->messages->documents, &writer->arena);
	buffer_append_format(writer->text, "# %s: written by \"understudy init\" from %s messages", draft->interface,
			     messages != NULL ? messages : "");
	if (draft->table.row_count > 0) {
		const char *joined = place_count(draft->joined, &writer->arena);
		const char *name = place_comment(span_of(base_name(draft->outcomes_file)), 80, &writer->arena);
		buffer_append_format(writer->text, " and %s past decisions (%s)", joined != NULL ? joined : "",
				     name != NULL ? name : "");
	}
	write_line(writer,
		   ".\n# Each guess has its evidence beside it. A change of keys marked P in docs/configuration.md "
		   "begins a new\n# evaluation period, so make up your mind before the first week counts.");
	write_decisions(writer);
	if (draft->note_count > 0) {
		write_line(writer, "#\n# Notes:");
	}
	for (size_t i = 0; i < draft->note_count; i++) {
		const char *note = place_comment(span_of(draft->notes[i]), COMMENT_LENGTH, &writer->arena);
		buffer_append_format(writer->text, "#   %s\n", note != NULL ? note : "");
	}
}

/* --- the agreement --- */

static void write_message(struct contract_writer *writer)
{
	const struct draft *draft = writer->draft;
	write_line(writer, "message:\n  format: json");
	if (draft->identity == NULL) {
		buffer_append_text(writer->text, "  id: none");
	} else {
		buffer_append_text(writer->text, "  id:\n    - ");
		write_quoted(writer, place_path(draft->messages->root, draft->identity, &writer->arena));
	}
	write_comment(writer, draft->identity_evidence);
	if (draft->identity_second != NULL) {
		buffer_append_text(writer->text, "    - ");
		write_quoted(writer, place_path(draft->messages->root, draft->identity_second, &writer->arena));
		buffer_append_byte(writer->text, '\n');
	}
	if (draft->event_time == NULL) {
		buffer_append_text(writer->text, "  # event_time:");
	} else {
		buffer_append_text(writer->text, "  event_time: ");
		write_quoted(writer, place_path(draft->messages->root, draft->event_time, &writer->arena));
	}
	write_comment(writer, draft->event_time_evidence);
}

static void write_records(struct contract_writer *writer)
{
	const struct draft *draft = writer->draft;
	write_line(writer, "\nrecords:");
	buffer_append_text(writer->text, "  at: ");
	if (!draft->items) {
		buffer_append_text(writer->text, "\"$\"");
		write_comment(writer, draft->records_evidence);
		return;
	}
	write_quoted(writer, place_path(draft->replies->root, draft->record->parent, &writer->arena));
	write_comment(writer, "a record is one item of this list");
	buffer_append_text(writer->text, "  key: ");
	write_quoted(writer, place_path(draft->record, draft->item_key, &writer->arena));
	write_comment(writer, draft->records_evidence);
	write_line(writer, "  level: item");
}

static void write_candidate(struct contract_writer *writer)
{
	const struct draft *draft = writer->draft;
	write_line(writer, "\ncandidates:");
	if (draft->has_llm) {
		write_line(writer,
			   "  - name: recorded\n    provider: recorded  # the LLM replies that come with the messages; "
			   "nothing is called");
		return;
	}
	buffer_append_text(writer->text, "  - name: first\n    provider: openai-compatible\n    endpoint: ");
	write_quoted(writer, draft->endpoint);
	write_comment(writer, "base URL of the LLM path, ends in /v1 for most");
	buffer_append_text(writer->text, "    model: ");
	write_quoted(writer, draft->model);
	write_comment(writer, "the model's name as the provider knows it");
	write_line(writer,
		   "    # key: ${LLM_API_KEY}  # from the environment; never written here\n"
		   "    prompt: prompt.md\n    temperature: 0\n    timeout_ms: 8000\n    retries: 2\n"
		   "    # price: {input: 0.15, output: 0.60}  # US dollars for a million tokens; without it every call "
		   "costs nothing");
}

/* --- what is compared --- */

static void write_compare(struct contract_writer *writer, const struct draft_field *field)
{
	switch (field->compare) {
	case COMPARE_EXACT:
		buffer_append_text(writer->text, "exact");
		break;
	case COMPARE_IGNORE:
		buffer_append_text(writer->text, "ignore");
		break;
	case COMPARE_TEXT:
		buffer_append_text(writer->text, "{text: {case: ignore, space: collapse}}");
		break;
	case COMPARE_NUMBER:
		if (field->decimals == 0) {
			buffer_append_text(writer->text, "number");
			break;
		}
		buffer_append_text(writer->text, "{number: {abs: 0.");
		for (int i = 0; i < field->decimals; i++) {
			buffer_append_byte(writer->text, '0');
		}
		buffer_append_format(writer->text, "5%s}}", field->strings ? ", strings: true" : "");
		break;
	}
}

static void write_fields(struct contract_writer *writer)
{
	write_line(writer,
		   "\nfields:  # critical: true where a wrong value makes the record unusable; no sample says that");
	for (size_t i = 0; i < writer->draft->field_count; i++) {
		const struct draft_field *field = &writer->draft->fields[i];
		buffer_append_text(writer->text, "  - name: ");
		write_quoted(writer, field->name);
		buffer_append_text(writer->text, "\n    at: ");
		write_quoted(writer, field->at);
		buffer_append_text(writer->text, "\n    compare: ");
		write_compare(writer, field);
		write_comment(writer, field->evidence);
	}
}

static void write_places(struct contract_writer *writer, bool personal)
{
	size_t count = 0;
	for (size_t i = 0; i < writer->draft->place_count; i++) {
		const struct draft_place *place = &writer->draft->places[i];
		if (place->personal != personal) {
			continue;
		}
		if (count++ == 0) {
			write_line(writer, personal ? "  pii:  # suspected; sent to nobody without an approval"
						    : "  internal:");
		}
		buffer_append_text(writer->text, "    - ");
		write_quoted(writer, place->path);
		write_comment(writer, place->evidence);
	}
	if (count == 0) {
		write_line(writer, personal ? "  pii: []" : "  internal: []");
	}
}

/* --- limits --- */

/* Twice the largest one seen, at three bytes a token, with room for the prompt's own words. */
static int64_t tokens(size_t bytes, int64_t least, int64_t step)
{
	int64_t wanted = (int64_t)bytes * 2 / 3 + least;
	return (wanted + step - 1) / step * step;
}

static void write_limits(struct contract_writer *writer)
{
	const struct draft *draft = writer->draft;
	const char *largest = place_count(draft->messages->bytes_max, &writer->arena);
	buffer_append_format(writer->text, "\nlimits:\n  input_tokens: %lld  # the largest message has %s bytes\n",
			     (long long)tokens(draft->messages->bytes_max, TOKENS_MIN, TOKENS_STEP),
			     largest != NULL ? largest : "");
	buffer_append_format(writer->text, "  output_tokens: %lld\n  usd_per_day: 10\n  usd_per_transaction: 0.05\n",
			     (long long)tokens(draft->replies->bytes_max, ANSWER_MIN, ANSWER_STEP));
	write_line(writer, "\nsampling: {shadow: 1}  # every message is shown to the LLM path\n"
			   "review: {disagree: 0.5, agree: 0.05, reviewers: 2, overlap: 0.1, close_after_days: 10}\n"
			   "\ngate:  # when the LLM path is good enough; to be agreed before the first week counts\n"
			   "  alpha: 0.05\n  margin: 0.01\n  accuracy: 0.95\n  contract_drift: 0.01\n"
			   "  usd_per_transaction: 0.01\n  min_weeks: 4\n  coverage: 0.98");
}

bool draft_write_contract(const struct draft *draft, struct buffer *text, struct error *err)
{
	struct contract_writer writer = {.draft = draft, .text = text};
	arena_init(&writer.arena, draft->arena.maximum);
	write_head(&writer);
	buffer_append_text(text, "\ninterface: ");
	write_quoted(&writer, draft->interface); /* "2026" would be a number */
	buffer_append_text(text, "\nversion: 0.1.0\nenvironment: prod  # dev and test stay out of every figure of a "
				 "report\nowners:\n  integration: ");
	write_quoted(&writer, draft->owner);
	write_line(&writer,
		   "\n\n# tap: {listen: 127.0.0.1:8080, legacy: \"http://127.0.0.1:9000\"}  # live traffic, later: "
		   "docs/tap.md\n");
	write_message(&writer);
	write_records(&writer);
	write_line(&writer, "\nlegacy: {kind: recorded, version: 1, counts: final}  # live once there is a tap");
	write_candidate(&writer);
	write_line(&writer, "\nschemas: {request: request.schema.json, response: response.schema.json}");
	write_fields(&writer);
	write_line(&writer, "\ndata:  # what is not named here is never sent");
	write_places(&writer, false);
	write_places(&writer, true);
	write_line(&writer, "  # approvals: [{class: pii, by: dpo@example.com, purpose: routing, until: 2027-06-30}]");
	write_limits(&writer);
	arena_finish(&writer.arena);
	return buffer_ok(text, "the contract", err);
}
