/* understudy sim llm: an OpenAI chat completions endpoint that decides by a script, with seeded faults.
 *
 * Faults of the answer (prose, cut, undeclared, wrong_type, refuse, wrong) depend on the request alone, so that the
 * same request gets the same answer; those of the service (error, rate_limit, hang) also on how often it came, so that
 * a retry can succeed. */
#include "harness/cmd/sim.h"

#include "harness/base/json_build.h"
#include "harness/base/text.h"

#include <stdio.h>

enum { ARENA_MAX = 256 * 1024 * 1024, BYTES_PER_TOKEN = 4, CACHE_BLOCK = 64 };

#define FAULT_LIST(X)                                                                                                  \
	X(ERROR, "error")           /* HTTP 500 */                                                                     \
	X(RATE_LIMIT, "rate_limit") /* HTTP 429 with Retry-After */                                                    \
	X(HANG, "hang")             /* no reply */                                                                     \
	X(PROSE, "prose")           /* a sentence around the JSON */                                                   \
	X(CUT, "cut")               /* cut off at the token limit */                                                   \
	X(UNDECLARED, "undeclared") /* a member that the schema does not know */                                       \
	X(WRONG_TYPE, "wrong_type") /* a number as text */                                                             \
	X(REFUSE, "refuse")         /* a refusal */                                                                    \
	X(WRONG, "wrong")           /* another value */

#define FAULT_CONSTANT(constant, name) FAULT_##constant,
#define FAULT_NAME(constant, name) name,
enum fault { FAULT_LIST(FAULT_CONSTANT) FAULT_COUNT };
static const char *const FAULT_NAMES[] = {FAULT_LIST(FAULT_NAME)};

struct llm {
	const struct json_node *script;
	const char *model;
	int64_t seed;
	double shares[FAULT_COUNT];
};

/* One request being answered. */
struct turn {
	const struct llm *llm;
	struct span prompt; /* the last user message */
	size_t prompt_bytes;
	struct arena arena;
	uint64_t random; /* of the request alone */
	struct sim_decision decision;
	struct buffer content;
	const char *finish_reason;
	const char *refusal;
};

/* --- the request --- */

static struct span content_of(const struct json_node *message)
{
	const struct json_node *content = json_get_text(message, "content");
	return json_is(content, JSON_ARRAY) ? json_text(json_get_text(json_at(content, 0), "text"))
					    : json_text(content);
}

static bool read_prompt(struct turn *turn, struct span body)
{
	const struct json_node *root = NULL;
	if (!json_parse(&turn->arena, body, NULL, &root, NULL)) {
		return false;
	}
	const struct json_node *messages = json_get_text(root, "messages");
	bool found = false;
	for (size_t i = 0; i < json_count(messages); i++) {
		const struct json_node *message = json_at(messages, i);
		struct span content = content_of(message);
		turn->prompt_bytes += content.length;
		if (span_is(json_text(json_get_text(message, "role")), "user")) {
			turn->prompt = content;
			found = true;
		}
	}
	return found;
}

/* What follows `where` on the last line of the prompt that begins so. */
static struct span input(void *source, struct span where)
{
	const struct turn *turn = source;
	struct span found = SPAN("");
	size_t start = 0;
	while (start < turn->prompt.length) {
		struct span rest = {turn->prompt.data + start, turn->prompt.length - start};
		struct span line = {rest.data, text_find(rest, SPAN("\n"))};
		if (line.length >= where.length && memcmp(line.data, where.data, where.length) == 0) {
			found = text_trim((struct span){line.data + where.length, line.length - where.length});
		}
		start += line.length + 1;
	}
	return found;
}

/* --- the answer and its faults --- */

static bool strikes(struct turn *turn, enum fault fault)
{
	return random_unit(&turn->random) < turn->llm->shares[fault];
}

/* Says something else about one of the members that can be confused. */
static void make_wrong(struct turn *turn)
{
	const struct json_node *confusions = json_get_text(turn->llm->script, "confusions");
	size_t count = json_count(confusions);
	if (count == 0) {
		return;
	}
	size_t skip = sim_pick(&turn->random, count);
	const struct json_node *name = json_first(confusions);
	while (skip-- > 0) {
		name = json_next(confusions, name);
	}
	struct sim_member *member = sim_decision_find(&turn->decision, json_text(name));
	if (member == NULL) {
		return;
	}
	const struct json_node *others = json_get(json_member(name), sim_member_text(member));
	if (json_count(others) > 0) {
		member->value = json_at(others, sim_pick(&turn->random, json_count(others)));
	}
}

static void add_confidence(struct turn *turn, bool wrong)
{
	const struct json_node *confidence = json_get_text(turn->llm->script, "confidence");
	const struct json_node *range = json_get_text(confidence, wrong ? "wrong" : "right");
	double low = 0;
	double high = 0;
	if (turn->decision.count == SIM_MEMBERS_MAX || !text_to_double(json_text(json_at(range, 0)), &low) ||
	    !text_to_double(json_text(json_at(range, 1)), &high)) {
		return;
	}
	int hundredths = (int)((low + random_unit(&turn->random) * (high - low)) * 100 + 0.5);
	char *text = arena_format(&turn->arena, "%d.%02d", hundredths / 100, hundredths % 100);
	turn->decision.members[turn->decision.count++] = (struct sim_member){
		.name = json_text(json_get_text(confidence, "member")), .text = span_of(text), .is_number = true};
}

static void make_undeclared(struct turn *turn)
{
	if (turn->decision.count < SIM_MEMBERS_MAX) {
		turn->decision.members[turn->decision.count++] =
			(struct sim_member){.name = SPAN("reasoning"), .text = SPAN("The text says so.")};
	}
}

/* The first number becomes text, with a currency, as people write it. */
static void make_wrong_type(struct turn *turn)
{
	for (size_t i = 0; i < turn->decision.count; i++) {
		struct sim_member *member = &turn->decision.members[i];
		if (member->is_number) {
			char *text = arena_format(&turn->arena, "%.*s EUR", SPAN_ARGUMENTS(member->text));
			member->text = span_of(text);
			member->is_number = false;
			return;
		}
	}
}

/* The draws are always made in the same order, so that one share never moves another fault's victims. */
static void decide(struct turn *turn)
{
	sim_script_decide(turn->llm->script, input, turn, &turn->arena, &turn->decision);
	bool wrong = strikes(turn, FAULT_WRONG);
	bool undeclared = strikes(turn, FAULT_UNDECLARED);
	bool wrong_type = strikes(turn, FAULT_WRONG_TYPE);
	bool prose = strikes(turn, FAULT_PROSE);
	bool cut = strikes(turn, FAULT_CUT);
	bool refuse = strikes(turn, FAULT_REFUSE);
	if (wrong) {
		make_wrong(turn);
	}
	add_confidence(turn, wrong);
	if (undeclared) {
		make_undeclared(turn);
	}
	if (wrong_type) {
		make_wrong_type(turn);
	}
	turn->finish_reason = "stop";
	if (refuse) {
		turn->refusal = "I'm sorry, but I can't help with that.";
		return;
	}
	buffer_append_text(&turn->content, prose ? "Sure! Here is the routing decision:\n\n" : "");
	sim_decision_write(&turn->decision, &turn->content);
	buffer_append_text(&turn->content, prose ? "\n\nLet me know if you need anything else." : "");
	if (cut) {
		turn->content.length = turn->content.length * 2 / 3;
		turn->finish_reason = "length";
	}
}

/* --- the reply --- */

static int64_t tokens_of(size_t bytes)
{
	return (int64_t)((bytes + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN);
}

static void add_usage(struct json_build *build, struct turn *turn)
{
	int64_t prompt = tokens_of(turn->prompt_bytes);
	int64_t completion = tokens_of(turn->refusal != NULL ? strlen(turn->refusal) : turn->content.length);
	int64_t cached = random_unit(&turn->random) < 0.3 ? prompt / 2 / CACHE_BLOCK * CACHE_BLOCK : 0;
	json_build_object(build, "usage");
	json_build_integer(build, "prompt_tokens", prompt);
	json_build_integer(build, "completion_tokens", completion);
	json_build_integer(build, "total_tokens", prompt + completion);
	json_build_object(build, "prompt_tokens_details");
	json_build_integer(build, "cached_tokens", cached);
	json_build_end(build);
	json_build_object(build, "completion_tokens_details");
	json_build_integer(build, "reasoning_tokens", 0);
	json_build_end(build);
	json_build_end(build);
}

static void write_completion(struct turn *turn, struct buffer *body)
{
	char id[40];
	(void)snprintf(id, sizeof(id), "chatcmpl-sim%016llx", (unsigned long long)random_next(&turn->random));
	struct json_build *build = json_build_create();
	json_build_text(build, "id", id);
	json_build_text(build, "object", "chat.completion");
	json_build_integer(build, "created", 0);
	json_build_text(build, "model", turn->llm->model);
	json_build_array(build, "choices");
	json_build_object(build, NULL);
	json_build_integer(build, "index", 0);
	json_build_object(build, "message");
	json_build_text(build, "role", "assistant");
	if (turn->refusal != NULL) {
		json_build_null(build, "content");
	} else {
		json_build_span(build, "content", buffer_span(&turn->content));
	}
	json_build_text(build, "refusal", turn->refusal);
	json_build_end(build);
	json_build_text(build, "finish_reason", turn->finish_reason);
	json_build_end(build);
	json_build_end(build);
	add_usage(build, turn);
	body->failed = !json_build_write(build, 0, body, NULL);
	json_build_destroy(build);
}

static void refuse_request(struct sim_reply *reply, int status, const char *type, const char *message)
{
	reply->status = status;
	buffer_append_format(&reply->body, "{\"error\":{\"message\":\"%s\",\"type\":\"%s\",\"code\":null}}", message,
			     type);
}

/* True where the service fails before any model answers. */
static bool fail_service(const struct llm *llm, const struct sim_request *request, struct sim_reply *reply)
{
	char times[24];
	(void)snprintf(times, sizeof(times), "%llu", (unsigned long long)request->times);
	const struct span texts[] = {SPAN("service"), request->body, span_of(times)};
	uint64_t random = sim_random(llm->seed, texts, 3);
	double error = random_unit(&random);
	double rate_limit = random_unit(&random);
	double hang = random_unit(&random);
	if (hang < llm->shares[FAULT_HANG]) {
		reply->hang = true;
	} else if (error < llm->shares[FAULT_ERROR]) {
		refuse_request(reply, 500, "server_error", "The server had an error; please retry.");
	} else if (rate_limit < llm->shares[FAULT_RATE_LIMIT]) {
		refuse_request(reply, 429, "rate_limit_exceeded", "Rate limit reached; please try again in 1s.");
		reply->retry_after = "1";
	} else {
		return false;
	}
	return true;
}

static void answer(const void *context, const struct sim_request *request, struct sim_reply *reply)
{
	const struct llm *llm = context;
	struct turn turn = {.llm = llm, .arena = ARENA_INIT(ARENA_MAX), .content = BUFFER_INIT(SIM_TEXT_MAX)};
	if (!text_starts_with(span_of(request->path), "/v1/chat/completions")) {
		refuse_request(reply, 404, "invalid_request_error", "No such URL; POST /v1/chat/completions");
	} else if (!fail_service(llm, request, reply)) {
		if (read_prompt(&turn, request->body)) {
			turn.random = sim_random(llm->seed, (const struct span[]){SPAN("answer"), request->body}, 2);
			decide(&turn);
			write_completion(&turn, &reply->body);
		} else {
			refuse_request(reply, 400, "invalid_request_error", "The body holds no user message.");
		}
	}
	buffer_finish(&turn.content);
	arena_finish(&turn.arena);
}

/* --- options --- */

/* One "name=share". */
static bool read_fault(struct span item, double shares[FAULT_COUNT])
{
	size_t equals = text_find(item, SPAN("="));
	uint32_t ppm = 0;
	if (equals == item.length ||
	    !text_to_ppm((struct span){item.data + equals + 1, item.length - equals - 1}, &ppm)) {
		return false;
	}
	for (int i = 0; i < FAULT_COUNT; i++) {
		if (span_equal((struct span){item.data, equals}, span_of(FAULT_NAMES[i]))) {
			shares[i] = (double)ppm / 1e6;
			return true;
		}
	}
	return false;
}

static bool read_faults(const char *list, double shares[FAULT_COUNT])
{
	struct span rest = span_of(list);
	while (rest.length > 0) {
		size_t comma = text_find(rest, SPAN(","));
		if (!read_fault((struct span){rest.data, comma}, shares)) {
			return false;
		}
		comma += comma < rest.length ? 1 : 0;
		rest = (struct span){rest.data + comma, rest.length - comma};
	}
	return true;
}

static int serve(const struct command *command, struct llm *llm, struct sim_server *server, const char *script_file,
		 const char *faults)
{
	struct error err = ERROR_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(ARENA_MAX);
	const struct json_node *script = NULL;
	if (!sim_load(script_file, &arena, &script, &err) || !sim_script_check(script_file, script, &err)) {
		return command_fail(&err);
	}
	const struct json_node *wrong = json_get_text(script, "wrong");
	if (wrong != NULL && !text_to_double(json_text(wrong), &llm->shares[FAULT_WRONG])) {
		sim_complain(script_file, "\"wrong\" must be a share from 0 to 1", &err);
		return command_fail(&err);
	}
	if (!read_faults(faults, llm->shares)) {
		return command_usage(command, "\"%s\" is no list of faults; write error=0.01,wrong=0.03", faults);
	}
	llm->script = script;
	llm->seed = server->seed;
	server->context = llm;
	return sim_serve(server);
}

int sim_run_llm(const struct command *command, int argc, char **argv)
{
	const char *script_file = NULL;
	const char *faults = "";
	struct llm llm = {.model = "understudy-sim"};
	struct sim_server server = {.name = "llm", .listen = "127.0.0.1:0", .answer = answer};
	const struct option_row rows[] = {
		{"listen", 0, OPTION_TEXT, &server.listen, "HOST:PORT", "where to serve (default: a free port)"},
		{"script", 0, OPTION_TEXT, &script_file, "FILE", "the rules"},
		{"faults", 0, OPTION_TEXT, &faults, "LIST",
		 "shares: error rate_limit hang prose cut undeclared wrong_type refuse wrong, as error=0.01,cut=0.002"},
		{"model", 0, OPTION_TEXT, &llm.model, "NAME", "the model's name in replies (default: understudy-sim)"},
		{"latency-ms", 0, OPTION_INTEGER, &server.latency_ms, "N", "think so long on average (default: 0)"},
		{"seed", 0, OPTION_INTEGER, &server.seed, "N", "of all that is random (default: 0)"},
	};
	struct options options = {.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0])};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (script_file == NULL) {
		return command_usage(command, "--script FILE is missing");
	}
	return serve(command, &llm, &server, script_file, faults);
}
