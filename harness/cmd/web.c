/* understudy web: the read-only pages alone. */
#include "harness/web/web.h"
#include "harness/cmd/command.h"
#include "harness/cmd/installation.h"
#include "harness/spool/spool.h"

#include <stdio.h>

enum { POSITION_MAX = 64 * 1024 };

static void say_ready(void *context, const char *url)
{
	(void)context;
	printf("web   %s\n", url);
	fflush(stdout);
}

/* What is still in the ring does not count: the tap's accounts are written when the ring is empty. */
static bool count_in_spool(void *context, struct store *store, uint64_t *ret_count, struct web_ring *ret_ring,
			   struct error *err)
{
	const struct opened opened = {.installation = context, .store = store};
	CLEANUP_BUFFER struct buffer position = BUFFER_INIT(POSITION_MAX);
	struct opened_ring ring;
	if (!opened_count_in_spool(&opened, ret_count, &ring, &position, err)) {
		return false;
	}
	*ret_ring = (struct web_ring){ring.waiting, ring.capacity, ring.reduced_since};
	return true;
}

static bool capture_is_off(void *context)
{
	const struct installation *installation = context;
	return spool_capture_is_off(installation->spool, NULL);
}

static int serve(struct web_config *web, const char *config)
{
	struct error err = ERROR_INIT;
	struct installation *installation = installation_load(config, &err);
	if (installation == NULL) {
		return command_fail(&err);
	}
	web->installation = installation;
	web->context = installation;
	web->store = installation->store;
	if (web->listen == NULL) {
		web->listen = installation->web_listen;
	}
	bool done = web->listen != NULL ||
		    error_set_at(&err, ERROR_CONFIG, config, 0,
				 "web has no address; add `web: {listen: 127.0.0.1:8400}`, or say --listen");
	done = done && web_run(web, &err);
	installation_destroy(installation);
	return done ? EXIT_OK : command_fail(&err);
}

static int run(const struct command *command, int argc, char **argv)
{
	const char *config = NULL;
	struct web_config web = {.listen_fd = -1,
				 .stop = &command_stop,
				 .ready = say_ready,
				 .count_in_spool = count_in_spool,
				 .capture_is_off = capture_is_off};
	const struct option_row rows[] = {
		{"config", 'c', OPTION_TEXT, &config, "FILE", "the installation's understudy.yaml"},
		{"listen", 0, OPTION_TEXT, &web.listen, "HOST:PORT", "in place of web.listen; port 0: any"},
		{"reports", 0, OPTION_TEXT, &web.reports, "DIR", "show the report files of this directory"},
		{"show-payloads", 0, OPTION_FLAG, &web.show_payloads, NULL,
		 "show messages, replies and values; hidden by default"},
		{"allow-remote", 0, OPTION_FLAG, &web.allow_remote, NULL,
		 "listen on an address that other machines reach; there is no login"},
	};
	struct options options = {.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0])};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	if (config == NULL) {
		return command_usage(command, "-c FILE is missing");
	}
	command_catch_signals();
	return serve(&web, config);
}

const struct command command_web = {
	.name = "web",
	.summary = "read-only pages: overview, exchanges, dead letters, reports, /healthz, /metrics",
	.synopsis = "-c FILE [--listen HOST:PORT] [--reports DIR] [--show-payloads] [--allow-remote]",
	.example = "understudy web -c examples/ticket-routing/understudy.yaml --reports reports",
	.run = run,
};
