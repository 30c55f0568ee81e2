/* understudy sim legacy: a keyword rule path. */
#include "harness/cmd/sim.h"

#include "evaluators/select/select.h"

enum { SCRIPT_MAX = 256 * 1024 * 1024 };

/* The request at hand. */
struct source {
	const struct json_node *root;
	struct arena *arena;
};

static struct span input(void *source, struct span where)
{
	struct source *from = source;
	struct select_path path;
	if (!select_compile(where, from->arena, &path, NULL)) {
		return SPAN("");
	}
	return json_text(select_get(&path, from->root));
}

static void answer(const void *context, const struct sim_request *request, struct sim_reply *reply)
{
	const struct json_node *script = context;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(SCRIPT_MAX);
	struct source source = {.arena = &arena};
	if (!json_parse(&arena, request->body, NULL, &source.root, NULL)) {
		reply->status = 400;
		buffer_append_text(&reply->body, "{\"error\":\"the request is not JSON\"}");
		return;
	}
	struct sim_decision decision;
	sim_script_decide(script, input, &source, &arena, &decision);
	sim_decision_write(&decision, &reply->body);
}

int sim_run_legacy(const struct command *command, int argc, char **argv)
{
	const char *script_file = NULL;
	struct sim_server server = {.name = "legacy", .listen = "127.0.0.1:0", .answer = answer};
	const struct option_row rows[] = {
		{"listen", 0, OPTION_TEXT, &server.listen, "HOST:PORT", "where to serve (default: a free port)"},
		{"script", 0, OPTION_TEXT, &script_file, "FILE", "the rules"},
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
	struct error err = ERROR_INIT;
	CLEANUP_ARENA struct arena arena = ARENA_INIT(SCRIPT_MAX);
	const struct json_node *script = NULL;
	if (!sim_load(script_file, &arena, &script, &err) || !sim_script_check(script_file, script, &err)) {
		return command_fail(&err);
	}
	server.context = script;
	return sim_serve(&server);
}
