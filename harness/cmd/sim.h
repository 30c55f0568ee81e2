/* Layer 5, private to the simulators: scripted stand-ins for both paths, for their traffic and for reviewers.
 *
 * Everything they do is a function of a seed and of what they are given, never of time or order, so that a run can be
 * repeated. Random draws start from sim_random over the texts that they depend on. */
#ifndef UNDERSTUDY_CMD_SIM_H
#define UNDERSTUDY_CMD_SIM_H

#include "harness/base/csv.h"
#include "harness/base/hash.h"
#include "harness/base/json.h"
#include "harness/cmd/command.h"

/* A state for random_next, from the seed and texts. */
uint64_t sim_random(int64_t seed, const struct span *texts, size_t count);
/* One of `count` (at least 1). */
size_t sim_pick(uint64_t *random, size_t count);
/* A whole file, in the arena. */
MUST_CHECK bool sim_read(const char *file, struct arena *arena, struct span *ret_text, struct error *err);
/* Reads a file and parses it as JSON, both in the arena. */
MUST_CHECK bool sim_load(const char *file, struct arena *arena, const struct json_node **ret_root, struct error *err);
/* Says what is wrong with a script or ticket file; false. */
bool sim_complain(const char *file, const char *what, struct error *err);

/* --- sim_server.c: HTTP/1.1 on one address --- */

struct sim_request {
	const char *path;
	struct span body;
	uint64_t times; /* how often this body came before */
};

struct sim_reply {
	int status;
	bool hang;               /* answer nothing until the client leaves or the simulator stops */
	const char *retry_after; /* NULL: none */
	struct buffer body;      /* JSON */
};

struct sim_server {
	const char *name;   /* "legacy" */
	const char *listen; /* HOST:PORT, loopback by default; port 0: a free one */
	int64_t latency_ms; /* on average; seeded between half of it and three halves */
	int64_t seed;
	/* Called in several threads at once. */
	void (*answer)(const void *context, const struct sim_request *request, struct sim_reply *reply);
	const void *context;
};

/* Serves until SIGINT or SIGTERM; prints "sim NAME http://HOST:PORT" when ready. Returns the exit code. */
int sim_serve(const struct sim_server *server);

/* --- sim_script.c: keyword rules ---
 *
 * {
 *   "inputs":  {NAME: WHERE},       where the input texts stand: a JSON Pointer (legacy), the beginning of a line of
 *                                   the prompt (llm). The input "text" is what rules look at.
 *   "copy":    {MEMBER: NAME},      members of the reply that repeat an input
 *   "rules":   [{"contains": [...], "all": [...], "none": [...], "set": {MEMBER: VALUE}}],
 *                                   a rule holds where the text has any of `contains`, all of `all` and none of `none`,
 *                                   ASCII letters in either case; for each member the first rule that holds wins
 *   "default": {MEMBER: VALUE},
 *   "amount":  {"member": M, "marks": ["EUR"], "format": "en" | "any"},
 *                                   the first number beside a currency mark, else 0. "en" takes commas for thousands
 *                                   and points for decimals whatever is meant; "any" reads 1.234,50 and 1,234.50
 *   "confusions": {MEMBER: {VALUE: [VALUE, ...]}},    llm: what a wrong answer says instead
 *   "wrong":   0.02,                                  llm: share of wrong answers, unless --faults says another
 *   "confidence": {"member": M, "right": [0.8, 0.99], "wrong": [0.5, 0.9]}   llm
 * } */

enum { SIM_MEMBERS_MAX = 32, SIM_TEXT_MAX = 64 * 1024 * 1024 };

struct sim_member {
	struct span name;
	const struct json_node *value; /* NULL: `text` is a string, or where `is_number` a number as its text */
	struct span text;
	bool is_number;
};

struct sim_decision {
	struct sim_member members[SIM_MEMBERS_MAX];
	size_t count;
};

/* Checks the shape of a script. */
MUST_CHECK bool sim_script_check(const char *file, const struct json_node *script, struct error *err);
/* Decides by the rules. `input` gives the input that `where` names, in the arena, empty where there is none. */
void sim_script_decide(const struct json_node *script, struct span (*input)(void *source, struct span where),
		       void *source, struct arena *arena, struct sim_decision *ret_decision);
struct sim_member *sim_decision_find(struct sim_decision *decision, struct span name);
struct span sim_member_text(const struct sim_member *member);
/* The decision as a JSON object. */
void sim_decision_write(const struct sim_decision *decision, struct buffer *json);
/* The first number beside one of the marks; empty: none. Decimal text in the arena. */
struct span sim_find_amount(struct span text, const struct json_node *marks, bool any_format, struct arena *arena);

/* --- sim_tickets.c: seeded tickets from a file of templates --- */

struct sim_ticket {
	struct span request; /* JSON */
	struct span ticket_id;
	struct span reference; /* a row of the reference file, without line end */
};

struct sim_tickets;
/* Ticket number `index` (from 0) of the event time `created`, in the arena. `revised`: the same with a postscript. */
MUST_CHECK bool sim_ticket_make(const struct sim_tickets *tickets, size_t index, int64_t created, bool revised,
				struct arena *arena, struct sim_ticket *ret_ticket, struct error *err);
struct sim_tickets *sim_tickets_load(const char *file, int64_t seed, struct error *err);
void sim_tickets_destroy(struct sim_tickets *tickets); /* accepts NULL */
/* `count` moments in [from, until), sorted, most of them in working hours. */
void sim_ticket_times(int64_t seed, int64_t from, int64_t until, size_t count, int64_t *ret_times);
#define SIM_REFERENCE_HEADER "ticket_id,queue,priority,amount,language\r\n"

/* --- subcommands of sim: as struct command's run --- */
int sim_run_legacy(const struct command *command, int argc, char **argv);
int sim_run_llm(const struct command *command, int argc, char **argv);
int sim_run_traffic(const struct command *command, int argc, char **argv);
int sim_run_reviewer(const struct command *command, int argc, char **argv);

#endif
