/* Layer 2. The LLM path: one call of one candidate, from prompt to a normalised outcome.
 *
 * How to add a provider: write harness/paths/provider_NAME.c with one `const struct provider`, name it in the table in
 * provider.c, and add its cases to tests/paths. A provider only builds a request and reads a reply: it performs no
 * I/O, keeps no state between calls, and never sees which exchange it works for. Calls, deadlines, retries and back-off
 * are made once for all of them, in call.c, through libcurl. */
#ifndef UNDERSTUDY_PATHS_PROVIDER_H
#define UNDERSTUDY_PATHS_PROVIDER_H

#include "harness/base/vocabulary.h"
#include "harness/contract/contract.h"

/* Tokens of one attempt. input is uncached; output holds the reasoning tokens too. */
struct token_usage {
	int64_t input;
	int64_t cache_read;
	int64_t cache_write;
	int64_t output;
	int64_t reasoning; /* of output */
	bool known;        /* the provider said */
};

/* A provider's reply, normalised. Spans in the arena of the call. */
struct provider_reply {
	enum outcome outcome;      /* OK here means: text is the model's whole answer; the schema is checked later */
	struct span text;          /* the model's text as received; empty where there is none */
	struct span finish_reason; /* in the provider's word */
	struct span model;         /* as reported */
	struct token_usage usage;
	struct span error_type; /* of a failure: the provider's type or code */
	struct span error_message;
	bool retryable;
	int64_t retry_after_ms; /* -1: not said */
};

struct provider_request {
	const char *url;
	struct span body;     /* JSON */
	const char **headers; /* "Name: value", NULL-terminated; the secret is among them: never log */
};

struct provider {
	const char *name;
	/* false: this provider makes no network call (a recorded reply is read instead) */
	bool calls;
	/* `prompt`: the filled template. Everything in the arena. */
	bool (*build)(const struct contract *contract, const struct contract_candidate *candidate, struct span prompt,
		      struct arena *arena, struct provider_request *ret_request, struct error *err);
	/* status: HTTP status, 0 where unknown; retry_after: the header's value or empty. Never fails: what cannot be
	 * understood is an outcome. */
	void (*read)(int status, struct span retry_after, struct span body, struct arena *arena,
		     struct provider_reply *ret_reply);
};

const struct provider *provider_find(const char *name); /* NULL: unknown */
const char *provider_names(void);                       /* "openai, openai-compatible, recorded" for error texts */

#endif
