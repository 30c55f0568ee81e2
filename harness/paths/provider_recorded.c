/* Replies that were recorded elsewhere and come with the exchange: nothing is called, the body is the model's answer.
 */
#include "harness/paths/provider_list.h"

static bool build(const struct contract *contract, const struct contract_candidate *candidate, struct span prompt,
		  struct arena *arena, struct provider_request *ret_request, struct error *err)
{
	(void)contract;
	(void)prompt;
	(void)arena;
	(void)ret_request;
	return error_set(err, ERROR_CONFIG, "candidate \"%s\" makes no calls; its replies are recorded ones",
			 candidate->name);
}

static void read_reply(int status, struct span retry_after, struct span body, struct arena *arena,
		       struct provider_reply *ret_reply)
{
	(void)status;
	(void)retry_after;
	(void)arena;
	*ret_reply = (struct provider_reply){.outcome = OUTCOME_OK, .text = body, .retry_after_ms = -1};
}

const struct provider provider_recorded = {
	.name = "recorded",
	.calls = false,
	.build = build,
	.read = read_reply,
};
