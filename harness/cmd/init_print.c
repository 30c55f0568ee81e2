#include "harness/cmd/init_files.h"

#include "harness/base/json_build.h"

#include <stdio.h>

enum { SHOWN = 5, TEXT_MAX = 16 * 1024 * 1024 };

static const char *compare_name(const struct draft_field *field)
{
	static const char *const names[] = {"exact", "number", "text", "ignore"};
	return names[field->compare];
}

static const char *shown(const char *text)
{
	return text != NULL ? text : "";
}

/* --- for people --- */

static void print_fields(const struct draft *draft)
{
	printf("  fields      %zu:", draft->field_count);
	for (size_t i = 0; i < draft->field_count && i < SHOWN; i++) {
		printf("%s %s (%s)", i > 0 ? "," : "", draft->fields[i].name, compare_name(&draft->fields[i]));
	}
	printf("%s\n", draft->field_count > SHOWN ? ", ..." : "");
}

static void print_codes(const struct draft *draft, struct arena *arena)
{
	for (size_t i = 0; i < draft->code_count; i++) {
		const struct draft_codes *codes = &draft->codes[i];
		printf("  %-11s %s: %zu values, %s\n", i == 0 ? "code lists" : "",
		       shown(place_name(draft->record, codes->node, arena)), codes->count,
		       codes->closed ? "complete" : "open");
	}
}

static void print_personal(const struct draft *draft)
{
	size_t count = 0;
	for (size_t i = 0; i < draft->place_count; i++) {
		const struct draft_place *place = &draft->places[i];
		if (place->personal) {
			printf("  %-11s %s: %s\n", count++ == 0 ? "personal" : "", place->path, place->evidence);
		}
	}
	if (count == 0) {
		puts("  personal    nothing is suspected");
	}
}

static void print_open(const struct draft *draft)
{
	bool any = false;
	for (size_t i = 0; i < draft->questions.count; i++) {
		const struct question *question = &draft->questions.list[i];
		if (question->source == QUESTION_DEFAULT) {
			printf("%s  %s: %s   (%s)\n",
			       any ? ""
				   : "\nleft to decide; these defaults were taken, and --answers FILE changes them:\n",
			       question->id, question->value, question->text);
			any = true;
		}
	}
}

/* As a word of a shell's line. */
static void print_word(const char *word)
{
	bool plain = word[0] != '\0';
	for (size_t i = 0; word[i] != '\0'; i++) {
		char c = word[i];
		plain = plain && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
				  strchr("/._-+:,@", c) != NULL);
	}
	if (plain) {
		printf(" %s", word);
		return;
	}
	printf(" '");
	for (size_t i = 0; word[i] != '\0'; i++) {
		printf(word[i] == '\'' ? "'\\''" : "%c", word[i]);
	}
	putchar('\'');
}

static void print_replay(const struct draft *draft, const struct init_files *files)
{
	printf("  understudy replay -c");
	print_word(files->config);
	if (files->recording != NULL) {
		print_word(files->recording);
		putchar('\n');
		return;
	}
	if (draft->table.row_count > 0) {
		CLEANUP_BUFFER struct buffer column = BUFFER_INIT(TEXT_MAX);
		buffer_append_span(&column, draft->table.columns[draft->table.key]);
		printf(" --outcomes");
		print_word(draft->outcomes_file);
		printf(" --key");
		print_word(column.data);
	}
	for (size_t i = 0; i < draft->samples.file_count && i < SHOWN; i++) {
		print_word(draft->samples.files[i]);
	}
	puts(draft->samples.file_count > SHOWN ? " ..." : "");
}

static void print_next(const struct draft *draft, const struct init_files *files)
{
	printf("\nwritten:\n");
	for (size_t i = 0; i < files->count; i++) {
		printf("  %s%s\n", files->paths[i],
		       files->paths[i] == files->recording ? "   (whole messages with their decisions)" : "");
	}
	printf("\nnext: read the comments of contract.yaml, write the rules into prompt.md%s, then\n",
	       draft->has_llm ? "" : ", name endpoint and model");
	printf("  understudy contract check");
	print_word(files->contract);
	putchar('\n');
	print_replay(draft, files);
	printf("  understudy report -c");
	print_word(files->config);
	puts(" -o report");
	if (!draft->has_llm) {
		puts("\nReplay calls the endpoint that the contract names, for every message.");
	}
}

void init_print(const struct draft *draft, const struct init_files *files)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(TEXT_MAX);
	const struct profile_node *root = draft->messages->root;
	printf("%s: %s message%s in %zu file%s", draft->interface,
	       shown(place_count(draft->messages->documents, &arena)), draft->messages->documents == 1 ? "" : "s",
	       draft->samples.file_count, draft->samples.file_count == 1 ? "" : "s");
	if (draft->table.row_count > 0) {
		printf(", %s with a past decision", shown(place_count(draft->joined, &arena)));
	} else if (!draft->placeholder) {
		printf(", %s replies", shown(place_count(draft->replies->documents, &arena)));
	}
	printf("\n\n  identity    %s%s%s: %s\n",
	       draft->identity != NULL ? shown(place_path(root, draft->identity, &arena)) : "none",
	       draft->identity_second != NULL ? " and " : "",
	       draft->identity_second != NULL ? shown(place_path(root, draft->identity_second, &arena)) : "",
	       draft->identity_evidence);
	printf("  event time  %s: %s\n",
	       draft->event_time != NULL ? shown(place_path(root, draft->event_time, &arena)) : "none",
	       draft->event_time_evidence);
	printf("  records     %s: %s\n", draft->items ? "item" : "document", draft->records_evidence);
	print_fields(draft);
	print_codes(draft, &arena);
	print_personal(draft);
	for (size_t i = 0; i < draft->note_count; i++) {
		printf("  %-11s %s\n", i == 0 ? "notes" : "", draft->notes[i]);
	}
	print_open(draft);
	print_next(draft, files);
}

/* --- as JSON --- */

static void add_place(struct json_build *build, const char *name, const struct profile_node *top,
		      const struct profile_node *node, const char *evidence, struct arena *arena)
{
	json_build_object(build, name);
	json_build_text(build, "at", node != NULL ? place_path(top, node, arena) : NULL);
	json_build_text(build, "evidence", evidence);
	json_build_end(build);
}

static void add_fields(struct json_build *build, const struct draft *draft)
{
	json_build_array(build, "fields");
	for (size_t i = 0; i < draft->field_count; i++) {
		const struct draft_field *field = &draft->fields[i];
		json_build_object(build, NULL);
		json_build_text(build, "name", field->name);
		json_build_text(build, "at", field->at);
		json_build_text(build, "compare", compare_name(field));
		if (field->compare == COMPARE_NUMBER) {
			json_build_integer(build, "decimals", field->decimals);
		}
		json_build_text(build, "evidence", field->evidence);
		json_build_end(build);
	}
	json_build_end(build);
}

static void add_codes(struct json_build *build, const struct draft *draft, struct arena *arena)
{
	json_build_array(build, "code_lists");
	for (size_t i = 0; i < draft->code_count; i++) {
		const struct draft_codes *codes = &draft->codes[i];
		json_build_object(build, NULL);
		json_build_text(build, "field", place_name(draft->record, codes->node, arena));
		json_build_boolean(build, "closed", codes->closed);
		json_build_integer(build, "values", (int64_t)codes->count);
		json_build_text(build, "evidence", codes->evidence);
		json_build_end(build);
	}
	json_build_end(build);
}

static void add_data(struct json_build *build, const struct draft *draft)
{
	json_build_array(build, "data");
	for (size_t i = 0; i < draft->place_count; i++) {
		json_build_object(build, NULL);
		json_build_text(build, "at", draft->places[i].path);
		json_build_text(build, "class", draft->places[i].personal ? "pii" : "internal");
		json_build_text(build, "evidence", draft->places[i].evidence);
		json_build_end(build);
	}
	json_build_end(build);
}

static void add_questions(struct json_build *build, const struct draft *draft)
{
	static const char *const sources[] = {"default", "asked", "answers"};
	json_build_array(build, "questions");
	for (size_t i = 0; i < draft->questions.count; i++) {
		const struct question *question = &draft->questions.list[i];
		json_build_object(build, NULL);
		json_build_text(build, "id", question->id);
		json_build_text(build, "text", question->text);
		json_build_text(build, "value", question->value);
		json_build_text(build, "source", sources[question->source]);
		json_build_array(build, "options");
		for (size_t k = 0; k < question->option_count; k++) {
			json_build_text(build, NULL, question->options[k]);
		}
		json_build_end(build);
		json_build_end(build);
	}
	json_build_end(build);
}

static void add_list(struct json_build *build, const char *name, const char *const *texts, size_t count)
{
	json_build_array(build, name);
	for (size_t i = 0; i < count; i++) {
		json_build_text(build, NULL, texts[i]);
	}
	json_build_end(build);
}

bool init_print_json(const struct draft *draft, const struct init_files *files, struct error *err)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(TEXT_MAX);
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
	struct json_build *build = json_build_create();
	json_build_text(build, "interface", draft->interface);
	json_build_integer(build, "messages", (int64_t)draft->messages->documents);
	json_build_integer(build, "faults", (int64_t)draft->samples.faults);
	json_build_integer(build, "replies", draft->placeholder ? 0 : (int64_t)draft->replies->documents);
	add_place(build, "identity", draft->messages->root, draft->identity, draft->identity_evidence, &arena);
	if (draft->identity_second != NULL) {
		add_place(build, "identity_second", draft->messages->root, draft->identity_second,
			  draft->identity_evidence, &arena);
	}
	add_place(build, "event_time", draft->messages->root, draft->event_time, draft->event_time_evidence, &arena);
	json_build_text(build, "level", draft->items ? "item" : "document");
	json_build_text(build, "key",
			draft->item_key != NULL ? place_name(draft->record, draft->item_key, &arena) : NULL);
	add_fields(build, draft);
	add_codes(build, draft, &arena);
	add_data(build, draft);
	add_questions(build, draft);
	add_list(build, "notes", draft->notes, draft->note_count);
	json_build_array(build, "files");
	for (size_t i = 0; i < files->count; i++) {
		json_build_text(build, NULL, files->paths[i]);
	}
	json_build_end(build);
	bool good = json_build_write(build, 2, &text, err);
	if (good) {
		puts(text.data);
	}
	json_build_destroy(build);
	return good;
}
