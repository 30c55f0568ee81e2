#include "harness/onboarding/draft.h"

#include "harness/contract/contract.h"

#include "harness/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	ARENA_MAX = 256 * 1024 * 1024,
	REPLY_MAX = 64 * 1024 * 1024,
	REPLY_ARENA_MAX = 1024 * 1024 * 1024,
};

/* An item list is the rule, not a correction, where this part of the keys has several rows. */
#define ITEMS_SHARE 0.2

bool draft_no_room(struct error *err)
{
	return error_set(err, ERROR_LIMIT, "what the samples say does not fit into memory; give fewer of them");
}

void draft_note(struct draft *draft, const char *format, ...)
{
	char text[600];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	for (size_t i = 0; i < draft->note_count; i++) {
		if (strcmp(draft->notes[i], text) == 0) {
			return;
		}
	}
	const char *copy = draft->note_count < DRAFT_NOTES ? arena_copy(&draft->arena, span_of(text)) : NULL;
	if (copy != NULL) {
		draft->notes[draft->note_count++] = copy;
	}
}

/* --- its name --- */

/* The last part of a path, without its ending. */
static struct span stem_of(const char *path)
{
	size_t end = strlen(path);
	while (end > 0 && path[end - 1] == '/') {
		end--;
	}
	size_t start = end;
	while (start > 0 && path[start - 1] != '/') {
		start--;
	}
	size_t stop = end;
	for (size_t i = start + 1; i < end; i++) {
		stop = path[i] == '.' ? i : stop;
	}
	return (struct span){path + start, stop - start};
}

static bool is_plain(char c)
{
	return (text_lower(c) >= 'a' && text_lower(c) <= 'z') || text_is_digit(c);
}

/* Its letters in lower case and digits, "-" for all else; "interface" where nothing is left. */
static void name_from_path(const char *path, char name[DRAFT_NAME_SIZE])
{
	struct span stem = stem_of(path);
	size_t used = 0;
	for (size_t i = 0; i < stem.length && used + 1 < DRAFT_NAME_SIZE; i++) {
		bool good = is_plain(stem.data[i]);
		if (good || (used > 0 && name[used - 1] != '-')) {
			name[used++] = good ? text_lower(stem.data[i]) : '-';
		}
	}
	used -= used > 0 && name[used - 1] == '-';
	name[used] = '\0';
	if (used == 0) {
		snprintf(name, DRAFT_NAME_SIZE, "interface");
	}
}

static bool is_interface_name(const char *name)
{
	for (size_t i = 0; name[i] != '\0'; i++) {
		if (!is_plain(name[i]) && (i == 0 || strchr("._-", name[i]) == NULL)) {
			return false;
		}
	}
	return name[0] != '\0' && strlen(name) < DRAFT_NAME_SIZE;
}

bool draft_name(const struct draft_input *input, char ret_name[DRAFT_NAME_SIZE], struct error *err)
{
	if (input->interface == NULL) {
		name_from_path(input->samples[0], ret_name);
		return true;
	}
	if (!is_interface_name(input->interface)) {
		return error_set(err, ERROR_USAGE,
				 "\"%s\" is no name for an interface; use letters, digits, dots, dashes and "
				 "underscores, at most 63",
				 input->interface);
	}
	snprintf(ret_name, DRAFT_NAME_SIZE, "%s", input->interface);
	return true;
}

/* --- the samples --- */

static bool take_message(void *context, const struct sample *sample, struct error *err)
{
	struct draft *draft = context;
	return sample_profile_add(draft->messages, sample->message, err) &&
	       (sample->legacy == NULL || sample_profile_add(draft->replies, sample->legacy, err)) &&
	       (!json_is(sample->llm, JSON_OBJECT) || sample_profile_add(draft->llm, sample->llm, err));
}

static bool read_messages(struct draft *draft, struct error *err)
{
	struct samples *samples = &draft->samples;
	if (!samples_each(samples, take_message, draft, err)) {
		return false;
	}
	if (draft->messages->documents > 0) {
		if (draft->messages->documents < DRAFT_FEW) {
			draft_note(draft, "there are fewer than %d messages: what is read off them is weak", DRAFT_FEW);
		}
		return true;
	}
	if (samples->recognised != NULL) {
		return error_set_at(err, ERROR_FORMAT, samples->recognised_file, 0,
				    "this is %s, and this release reads messages in JSON; give JSON samples",
				    samples->recognised);
	}
	return error_set(err, ERROR_FORMAT, "no message could be read: %s; give JSON messages",
			 samples->note_count > 0 ? samples->notes[0] : "the samples are empty");
}

/* --- the table of decisions --- */

static bool choose_level(struct draft *draft, bool *ret_items, struct error *err)
{
	const struct table *table = &draft->table;
	*ret_items = false;
	if (table->shared_keys == 0) {
		return true;
	}
	bool many = (double)table->shared_keys >= ITEMS_SHARE * (double)table->key_count;
	const char *share =
		place_share(table->shared_keys, table->key_count, "keys have several different rows", &draft->arena);
	struct question question = {.id = "records",
				    .text = "Several rows for one message: are they its items (item), or does the last "
					    "one count (document)?",
				    .evidence = share,
				    .fallback = many ? "item" : "document",
				    .options = {"item", "document"},
				    .option_count = 2};
	if (share == NULL || !questions_decide(&draft->questions, &question, err)) {
		return share != NULL ? false : draft_no_room(err);
	}
	*ret_items = strcmp(question.value, "item") == 0;
	return true;
}

/* One pass over the messages, each with the reply that the table has for it. */
struct joining {
	struct draft *draft;
	bool as_items;
	struct arena arena; /* of one reply */
	struct buffer reply;
};

static bool join(struct joining *joining, const struct json_node *message, const struct json_node **ret_reply,
		 struct error *err)
{
	const struct table *table = &joining->draft->table;
	struct span key = json_text(place_value(table->matched_at, message));
	*ret_reply = NULL;
	buffer_clear(&joining->reply);
	arena_reset(&joining->arena);
	if (key.length == 0 || !table_reply(table, key, joining->as_items, &joining->reply)) {
		return true;
	}
	return buffer_ok(&joining->reply, "a reply", err) &&
	       json_parse(&joining->arena, buffer_span(&joining->reply), NULL, ret_reply, err);
}

static bool take_joined(void *context, const struct sample *sample, struct error *err)
{
	struct joining *joining = context;
	const struct json_node *reply = NULL;
	if (sample->legacy != NULL) {
		return true;
	}
	if (!join(joining, sample->message, &reply, err)) {
		return false;
	}
	joining->draft->joined += reply != NULL;
	return reply == NULL || sample_profile_add(joining->draft->replies, reply, err);
}

static bool join_table(struct draft *draft, const struct draft_input *input, struct error *err)
{
	struct joining joining = {.draft = draft, .reply = BUFFER_INIT(REPLY_MAX)};
	if (input->outcomes == NULL) {
		return true;
	}
	draft->outcomes_file = input->outcomes;
	if (!table_read(&draft->table, input->outcomes, input->key, draft->messages, err) ||
	    !choose_level(draft, &joining.as_items, err)) {
		return false;
	}
	draft->table_has_items = joining.as_items;
	arena_init(&joining.arena, REPLY_ARENA_MAX);
	bool good = samples_each(&draft->samples, take_joined, &joining, err);
	arena_finish(&joining.arena);
	buffer_finish(&joining.reply);
	if (good && draft->joined < draft->messages->documents) {
		draft_note(draft, "%s messages have no row in the table of decisions",
			   place_count(draft->messages->documents - draft->joined, &draft->arena));
	}
	if (good && !draft->table.matched_at->values_full && draft->table.matched < draft->table.key_count) {
		draft_note(draft, "%s keys of the table belong to none of the messages",
			   place_count(draft->table.key_count - draft->table.matched, &draft->arena));
	}
	return good;
}

/* Without any reply a contract still needs a field: an example of one stands in for it. */
static bool stand_in(struct draft *draft, struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	const struct json_node *example = NULL;
	draft->has_llm = draft->llm->documents > 0;
	if (draft->replies->documents > 0) {
		return true;
	}
	if (draft->has_llm) {
		struct profile *empty = draft->replies;
		draft->replies = draft->llm;
		draft->llm = empty;
		draft_note(draft,
			   "there are no legacy decisions: what is compared comes from the recorded LLM replies");
		return true;
	}
	draft->placeholder = true;
	draft_note(draft, "no past decisions were given: fields and reply schema are placeholders; give --outcomes, or "
			  "write them by hand");
	return json_parse(&arena, SPAN("{\"decision\":\"to decide\"}"), NULL, &example, err) &&
	       sample_profile_add(draft->replies, example, err);
}

/* --- the whole --- */

static bool read_answers(struct draft *draft, const struct draft_input *input, struct error *err)
{
	struct yaml_document document;
	draft->questions = (struct questions){.arena = &draft->arena,
					      .answers_file = input->answers_file,
					      .ask = input->ask,
					      .ask_context = input->ask_context};
	if (text_trim(input->answers).length == 0) {
		return true;
	}
	if (!yaml_parse(&draft->arena, input->answers_file, input->answers, &document, err)) {
		return false;
	}
	draft->questions.answers = document.root;
	return json_is(document.root, JSON_OBJECT) ||
	       error_set_at(err, ERROR_CONFIG, input->answers_file, 1,
			    "answers are a mapping from question to answer, such as identity: $.order");
}

static bool decide_text(struct draft *draft, const char *id, const char *text, const char *fallback,
			const char **ret_value, struct error *err)
{
	struct question question = {.id = id, .text = text, .evidence = "", .fallback = fallback};
	if (!questions_decide(&draft->questions, &question, err)) {
		return false;
	}
	*ret_value = question.value;
	return true;
}

/* What no sample says. The endpoint's default is this machine: a contract that nobody has looked at reaches nobody. */
static bool decide_rest(struct draft *draft, struct error *err)
{
	return decide_text(draft, "owner", "Whose address stands for the integration?", "lead@example.com",
			   &draft->owner, err) &&
	       (draft->has_llm ||
		(decide_text(draft, "endpoint", "What is the base URL of the LLM path?", "http://127.0.0.1:8000/v1",
			     &draft->endpoint, err) &&
		 decide_text(draft, "model", "What is the model called there?", "to-be-named", &draft->model, err)));
}

static bool infer_all(struct draft *draft, struct error *err)
{
	return infer_identity(draft, err) && infer_event_time(draft, err) && infer_records(draft, err) &&
	       infer_codes(draft, err) && infer_fields(draft, err) && infer_places(draft, err) &&
	       decide_rest(draft, err) && questions_check(&draft->questions, err);
}

static bool fill(struct draft *draft, const struct draft_input *input, struct error *err)
{
	draft->messages = sample_profile_create();
	draft->replies = sample_profile_create();
	draft->llm = sample_profile_create();
	if (draft->messages == NULL || draft->replies == NULL || draft->llm == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory to profile the samples");
	}
	if (!draft_name(input, draft->interface, err) || !read_answers(draft, input, err) ||
	    !samples_find(&draft->samples, input->samples, input->sample_count, input->outcomes, err)) {
		return false;
	}
	draft->samples.watch = input->watch;
	draft->samples.watch_context = input->watch_context;
	return read_messages(draft, err) && join_table(draft, input, err) && stand_in(draft, err) &&
	       infer_all(draft, err);
}

struct draft *draft_create(const struct draft_input *input, struct error *err)
{
	struct draft *draft = calloc(1, sizeof(*draft));
	if (draft == NULL) {
		error_set(err, ERROR_MEMORY, "no memory to profile the samples");
		return NULL;
	}
	arena_init(&draft->arena, ARENA_MAX);
	if (!fill(draft, input, err)) {
		draft_destroy(draft);
		return NULL;
	}
	return draft;
}

void draft_destroy(struct draft *draft)
{
	if (draft != NULL) {
		samples_finish(&draft->samples);
		table_finish(&draft->table);
		sample_profile_destroy(draft->messages);
		sample_profile_destroy(draft->replies);
		sample_profile_destroy(draft->llm);
		arena_finish(&draft->arena);
		free(draft);
	}
}

/* --- what replay reads --- */

/* Every column is a field, named alike and directly in the reply: what replay asks of a table. */
static bool columns_are_fields(const struct draft *draft)
{
	for (size_t i = 0; i < draft->table.column_count; i++) {
		bool found = i == draft->table.key;
		for (size_t k = 0; k < draft->field_count && !found; k++) {
			const struct draft_field *field = &draft->fields[k];
			found = field->node->depth == 1 && span_equal(field->node->name, draft->table.columns[i]);
		}
		if (!found) {
			return false;
		}
	}
	return true;
}

bool draft_is_replayable(const struct draft *draft)
{
	const struct table *table = &draft->table;
	bool table_fits = table->row_count == 0 || (table->plain_csv && table->shared_keys == 0 &&
						    table->without_key == 0 && draft->identity == table->matched_at &&
						    draft->identity_second == NULL && columns_are_fields(draft));
	return draft->samples.all_lines && draft->samples.faults == 0 && table_fits;
}

struct recording_writer {
	struct joining joining;
	bool (*put)(void *context, struct span line, struct error *err);
	void *context;
	struct buffer line;
};

static bool write_sample(void *context, const struct sample *sample, struct error *err)
{
	struct recording_writer *writer = context;
	const struct json_node *legacy = sample->legacy;
	struct buffer *line = &writer->line;
	if (legacy == NULL && writer->joining.draft->table.row_count > 0 &&
	    !join(&writer->joining, sample->message, &legacy, err)) {
		return false;
	}
	buffer_clear(line);
	if (sample->is_envelope && legacy == sample->legacy) {
		json_write(line, sample->root);
	} else {
		buffer_append_text(line, "{\"message\":");
		json_write(line, sample->message);
		if (legacy != NULL) {
			buffer_append_text(line, ",\"legacy\":");
			json_write(line, legacy);
		}
		if (sample->llm != NULL) {
			buffer_append_text(line, ",\"llm\":");
			json_write(line, sample->llm);
		}
		buffer_append_byte(line, '}');
	}
	buffer_append_byte(line, '\n');
	return buffer_ok(line, "a line of the recording", err) && writer->put(writer->context, buffer_span(line), err);
}

bool draft_write_recording(struct draft *draft, bool (*put)(void *context, struct span line, struct error *err),
			   void *context, struct error *err)
{
	struct recording_writer writer = {
		.joining = {.draft = draft, .as_items = draft->table_has_items, .reply = BUFFER_INIT(REPLY_MAX)},
		.put = put,
		.context = context,
		.line = BUFFER_INIT(REPLY_MAX * 3L)};
	arena_init(&writer.joining.arena, REPLY_ARENA_MAX);
	bool good = samples_each(&draft->samples, write_sample, &writer, err);
	arena_finish(&writer.joining.arena);
	buffer_finish(&writer.joining.reply);
	buffer_finish(&writer.line);
	return good;
}
