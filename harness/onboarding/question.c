#include "harness/onboarding/question.h"

static bool is_option(const struct question *question, const char *value)
{
	for (size_t i = 0; i < question->option_count; i++) {
		if (strcmp(question->options[i], value) == 0) {
			return true;
		}
	}
	return question->option_count == 0 && value[0] != '\0';
}

static const char *list_options(const struct questions *questions, const struct question *question)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(4096);
	for (size_t i = 0; i < question->option_count; i++) {
		buffer_append_format(&text, "%s%s",
				     i == 0                           ? ""
				     : i + 1 < question->option_count ? ", "
								      : " or ",
				     question->options[i]);
	}
	const char *copy = arena_copy(questions->arena, buffer_span(&text));
	return question->option_count == 0 ? "a text" : copy != NULL ? copy : "one of the options";
}

static const char *answer_text(const struct questions *questions, const struct json_node *node)
{
	if (json_is_boolean(node)) {
		return node->type == JSON_TRUE ? "yes" : "no";
	}
	return arena_copy(questions->arena, json_text(node));
}

bool questions_decide(struct questions *questions, struct question *question, struct error *err)
{
	const struct json_node *answer = json_get_text(questions->answers, question->id);
	char typed[ANSWER_SIZE] = "";
	if (questions->list == NULL) {
		questions->list = arena_allocate_array(questions->arena, QUESTIONS_MAX, sizeof(*questions->list));
	}
	if (questions->list == NULL || questions->count == QUESTIONS_MAX) {
		return error_set(err, ERROR_LIMIT, "more than %d questions are open; give fewer fields", QUESTIONS_MAX);
	}
	question->value = question->fallback;
	question->source = QUESTION_DEFAULT;
	if (answer != NULL) {
		question->value = answer_text(questions, answer);
		question->source = QUESTION_ANSWERED;
	} else if (questions->ask != NULL && questions->ask(questions->ask_context, question, typed)) {
		question->value = arena_copy(questions->arena, span_of(typed));
		question->source = QUESTION_ASKED;
	}
	if (question->value == NULL) {
		return error_set(err, ERROR_LIMIT, "the answers do not fit into memory");
	}
	if (!is_option(question, question->value)) {
		return error_set_at(err, ERROR_CONFIG, questions->answers_file, 0,
				    "the answer \"%s\" to %s is none of %s; choose one", question->value, question->id,
				    list_options(questions, question));
	}
	questions->list[questions->count++] = *question;
	return true;
}

bool questions_check(const struct questions *questions, struct error *err)
{
	const struct json_node *answers = questions->answers;
	for (const struct json_node *name = json_first(answers); name != NULL; name = json_next(answers, name)) {
		size_t i = 0;
		while (i < questions->count && !span_is(json_text(name), questions->list[i].id)) {
			i++;
		}
		if (i == questions->count) {
			return error_set_at(err, ERROR_CONFIG, questions->answers_file, 0,
					    "\"%.*s\" is answered and was not asked; correct its name or remove it",
					    SPAN_ARGUMENTS(json_text(name)));
		}
	}
	return true;
}
