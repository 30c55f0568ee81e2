/* Layer 3. What samples leave open: each question has an id, a default and its evidence. The answer comes from a file,
 * from whoever is asked, or is the default; which of these it was stays known. */
#ifndef UNDERSTUDY_ONBOARDING_QUESTION_H
#define UNDERSTUDY_ONBOARDING_QUESTION_H

#include "harness/base/json.h"

enum { QUESTION_OPTIONS = 8, QUESTIONS_MAX = 2000, ANSWER_SIZE = 1024 };
enum question_source { QUESTION_DEFAULT, QUESTION_ASKED, QUESTION_ANSWERED };

struct question {
	const char *id;       /* "identity", "compare.amount" */
	const char *text;     /* "Which value identifies a message?" */
	const char *evidence; /* "" where there is none */
	const char *fallback; /* the default */
	const char *options[QUESTION_OPTIONS];
	size_t option_count; /* 0: any text */
	const char *value;
	enum question_source source;
};

struct questions {
	struct arena *arena;             /* borrowed; all texts live there */
	const struct json_node *answers; /* object of id -> scalar; NULL: none */
	const char *answers_file;        /* for errors */
	/* Writes the answer into `answer` and returns true, or returns false to take the default. It gives one of the
	 * options where there are any. NULL: nobody is asked. */
	bool (*ask)(void *context, const struct question *question, char answer[ANSWER_SIZE]);
	void *ask_context;
	struct question *list;
	size_t count;
};

/* ERROR_CONFIG where the file's answer is none of the options, ERROR_LIMIT past QUESTIONS_MAX. The question's texts
 * are borrowed; `question->value` and `->source` are filled. */
MUST_CHECK bool questions_decide(struct questions *questions, struct question *question, struct error *err);
/* ERROR_CONFIG for an answer in the file to a question that did not come up. */
MUST_CHECK bool questions_check(const struct questions *questions, struct error *err);

#endif
