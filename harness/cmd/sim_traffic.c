/* understudy sim traffic: the clients of an interface. */
#include "harness/cmd/progress.h"
#include "harness/cmd/sim.h"

#include "harness/base/clock.h"
#include "harness/base/file.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	ARENA_MAX = 2000 * 1024 * 1024,
	REFERENCE_MAX = 1024 * 1024 * 1024,
	CONNECTIONS_MAX = 256,
	DUPLICATE_AFTER = 20, /* messages between the first and the second delivery */
	TIMEOUT_MS = 30000,
	POLL_MS = 100,
	COUNT_MAX = 800000, /* ticket numbers have six digits */
	WEEKS_MAX = 520,
};

struct plan {
	const char *to;
	const char *tickets_file;
	const char *reference_file;
	const char *until_text;
	int64_t until;
	int64_t count;
	int64_t weeks;
	int64_t seed;
	int64_t rate; /* messages a second; 0: as fast as it goes */
	int64_t connections;
	double duplicates;
	double revisions;
};

/* The messages in the order in which they are sent. */
struct deck {
	struct arena arena;
	struct span *messages;
	size_t count;
	int64_t duplicates;
	int64_t revisions;
};

struct line {
	CURL *easy;
	bool busy;
	int64_t started;
	size_t bytes; /* of the reply */
};

struct sending {
	const struct plan *plan;
	const struct deck *deck;
	CURLM *multi;
	struct curl_slist *headers;
	struct line lines[CONNECTIONS_MAX];
	size_t next;
	size_t done;
	int64_t *latencies; /* microseconds, of good replies */
	size_t good;
	size_t bad;
	long bad_status;       /* of the first bad reply; 0: none came */
	CURLcode bad_transfer; /* why none came */
	int64_t started;
};

/* --- making the messages --- */

/* A message behind the one at `place`, DUPLICATE_AFTER messages later. Lists are short: some in a hundred. */
struct echo {
	size_t behind;
	struct span message;
};

static bool add_ticket(struct deck *deck, const struct plan *plan, const struct sim_tickets *tickets, size_t index,
		       int64_t created, struct echo *echoes, size_t *echo_count, struct buffer *reference,
		       struct error *err)
{
	struct sim_ticket ticket;
	struct sim_ticket revised;
	if (!sim_ticket_make(tickets, index, created, false, &deck->arena, &ticket, err)) {
		return false;
	}
	deck->messages[deck->count++] = ticket.request;
	buffer_append_span(reference, ticket.reference);
	buffer_append_text(reference, "\r\n");
	const struct span texts[] = {SPAN("delivery"), ticket.ticket_id};
	uint64_t random = sim_random(plan->seed, texts, 2);
	if (random_unit(&random) < plan->duplicates) {
		echoes[(*echo_count)++] = (struct echo){index + DUPLICATE_AFTER, ticket.request};
		deck->duplicates++;
	}
	if (random_unit(&random) < plan->revisions) {
		if (!sim_ticket_make(tickets, index, created, true, &deck->arena, &revised, err)) {
			return false;
		}
		echoes[(*echo_count)++] = (struct echo){index + DUPLICATE_AFTER, revised.request};
		deck->revisions++;
	}
	return true;
}

static bool fill_deck(struct deck *deck, const struct plan *plan, const struct sim_tickets *tickets,
		      struct buffer *reference, struct error *err)
{
	size_t count = (size_t)plan->count;
	int64_t *times = arena_allocate_array(&deck->arena, count, sizeof(times[0]));
	struct echo *echoes = arena_allocate_array(&deck->arena, 2 * count, sizeof(echoes[0]));
	deck->messages = arena_allocate_array(&deck->arena, 3 * count, sizeof(deck->messages[0]));
	if (times == NULL || echoes == NULL || deck->messages == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for %zu tickets", count);
	}
	sim_ticket_times(plan->seed, plan->until - plan->weeks * 7 * CLOCK_DAY, plan->until, count, times);
	size_t echo_count = 0;
	size_t echoed = 0;
	for (size_t i = 0; i < count; i++) {
		if (!add_ticket(deck, plan, tickets, i, times[i], echoes, &echo_count, reference, err)) {
			return false;
		}
		while (echoed < echo_count && echoes[echoed].behind <= i) {
			deck->messages[deck->count++] = echoes[echoed++].message;
		}
	}
	while (echoed < echo_count) {
		deck->messages[deck->count++] = echoes[echoed++].message;
	}
	return true;
}

static bool make_deck(struct deck *deck, const struct plan *plan, struct error *err)
{
	struct sim_tickets *tickets = sim_tickets_load(plan->tickets_file, plan->seed, err);
	if (tickets == NULL) {
		return false;
	}
	CLEANUP_BUFFER struct buffer reference = BUFFER_INIT(REFERENCE_MAX);
	buffer_append_text(&reference, SIM_REFERENCE_HEADER);
	bool done = fill_deck(deck, plan, tickets, &reference, err);
	sim_tickets_destroy(tickets);
	return done &&
	       (plan->reference_file == NULL || (buffer_ok(&reference, "the reference", err) &&
						 file_write(plan->reference_file, buffer_span(&reference), 0644, err)));
}

/* --- sending them --- */

static size_t count_bytes(char *data, size_t size, size_t count, void *target)
{
	struct line *line = target;
	(void)data;
	line->bytes += size * count;
	return size * count;
}

static bool send_message(struct sending *sending, struct line *line)
{
	struct span message = sending->deck->messages[sending->next++];
	CURL *easy = line->easy;
	line->busy = true;
	line->bytes = 0;
	line->started = clock_monotonic();
	return curl_easy_setopt(easy, CURLOPT_POSTFIELDS, message.data) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)message.length) == CURLE_OK &&
	       curl_multi_add_handle(sending->multi, easy) == CURLM_OK;
}

static bool open_line(struct sending *sending, struct line *line)
{
	line->easy = curl_easy_init();
	return line->easy != NULL && curl_easy_setopt(line->easy, CURLOPT_URL, sending->plan->to) == CURLE_OK &&
	       curl_easy_setopt(line->easy, CURLOPT_HTTPHEADER, sending->headers) == CURLE_OK &&
	       curl_easy_setopt(line->easy, CURLOPT_WRITEFUNCTION, count_bytes) == CURLE_OK &&
	       curl_easy_setopt(line->easy, CURLOPT_WRITEDATA, line) == CURLE_OK &&
	       curl_easy_setopt(line->easy, CURLOPT_PRIVATE, line) == CURLE_OK &&
	       curl_easy_setopt(line->easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       curl_easy_setopt(line->easy, CURLOPT_NOPROXY, "*") == CURLE_OK &&
	       curl_easy_setopt(line->easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(line->easy, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS) == CURLE_OK;
}

static void note_end(struct sending *sending, const CURLMsg *message)
{
	struct line *line = NULL;
	long status = 0;
	CURLcode result = message->data.result;
	curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &line);
	curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
	if (result == CURLE_OK && status >= 200 && status <= 299) {
		sending->latencies[sending->good++] = clock_monotonic() - line->started;
	} else {
		if (sending->bad++ == 0) {
			sending->bad_status = result == CURLE_OK ? status : 0;
			sending->bad_transfer = result;
		}
	}
	sending->done++;
	line->busy = false;
	curl_multi_remove_handle(sending->multi, line->easy);
}

/* How many may have been sent by now. */
static size_t allowed(const struct sending *sending)
{
	if (sending->plan->rate == 0) {
		return sending->deck->count;
	}
	double seconds = (double)(clock_monotonic() - sending->started) / (double)CLOCK_SECOND;
	return (size_t)(seconds * (double)sending->plan->rate) + 1;
}

static bool start_free_lines(struct sending *sending)
{
	size_t most = allowed(sending);
	for (int64_t i = 0; i < sending->plan->connections; i++) {
		struct line *line = &sending->lines[i];
		if (sending->next < sending->deck->count && sending->next < most && !line->busy &&
		    !send_message(sending, line)) {
			return false;
		}
	}
	return true;
}

static bool send_all(struct sending *sending)
{
	struct progress progress;
	progress_init(&progress, "sending");
	sending->started = clock_monotonic();
	int poll_ms = sending->plan->rate > 0 ? 1 : POLL_MS;
	bool good = true;
	while (good && sending->done < sending->deck->count && !command_stop) {
		int running = 0;
		int left = 0;
		const CURLMsg *message = NULL;
		good = start_free_lines(sending) && curl_multi_perform(sending->multi, &running) == CURLM_OK;
		bool ended = false;
		while ((message = curl_multi_info_read(sending->multi, &left)) != NULL) {
			note_end(sending, message);
			ended = true;
		}
		if (good && !ended) {
			good = curl_multi_poll(sending->multi, NULL, 0, poll_ms, NULL) == CURLM_OK;
		}
		progress_show(&progress, (int64_t)sending->done, (int64_t)sending->deck->count);
	}
	progress_finish(&progress);
	return good;
}

/* --- telling --- */

static int order_of_latencies(const void *a, const void *b)
{
	const int64_t *left = a;
	const int64_t *right = b;
	return (*left > *right) - (*left < *right);
}

static double percentile_ms(const struct sending *sending, double share)
{
	size_t at = (size_t)(share * (double)(sending->good - 1));
	return (double)sending->latencies[at] / 1000;
}

static int tell(const struct sending *sending)
{
	const struct deck *deck = sending->deck;
	double seconds = (double)(clock_monotonic() - sending->started) / (double)CLOCK_SECOND;
	printf("sent %zu of %zu messages: %lld tickets, %lld duplicates, %lld revisions\n", sending->next, deck->count,
	       (long long)((int64_t)deck->count - deck->duplicates - deck->revisions), (long long)deck->duplicates,
	       (long long)deck->revisions);
	printf("answered %zu with 2xx, %zu otherwise, in %.1f s (%.0f/s)\n", sending->good, sending->bad, seconds,
	       (double)sending->done / seconds);
	if (sending->good > 0) {
		qsort(sending->latencies, sending->good, sizeof(sending->latencies[0]), order_of_latencies);
		printf("latency ms: p50 %.2f, p95 %.2f, p99 %.2f, most %.2f\n", percentile_ms(sending, 0.5),
		       percentile_ms(sending, 0.95), percentile_ms(sending, 0.99), percentile_ms(sending, 1));
	}
	if (sending->bad > 0) {
		fflush(stdout);
		fprintf(stderr, "understudy: %zu messages were not answered well; the first: %s %ld\n", sending->bad,
			sending->bad_transfer == CURLE_OK ? "HTTP" : curl_easy_strerror(sending->bad_transfer),
			sending->bad_status);
	}
	return sending->bad == 0 && sending->done == deck->count ? EXIT_OK : EXIT_DATA_FAULT;
}

static int send_deck(const struct plan *plan, const struct deck *deck)
{
	struct error err = ERROR_INIT;
	struct sending sending = {.plan = plan, .deck = deck};
	curl_global_init(CURL_GLOBAL_DEFAULT);
	sending.multi = curl_multi_init();
	sending.headers = curl_slist_append(NULL, "Content-Type: application/json");
	sending.latencies = calloc(deck->count + 1, sizeof(sending.latencies[0]));
	bool ready = sending.multi != NULL && sending.headers != NULL && sending.latencies != NULL;
	for (int64_t i = 0; ready && i < plan->connections; i++) {
		ready = open_line(&sending, &sending.lines[i]);
	}
	int status = EXIT_USAGE;
	if (ready && send_all(&sending)) {
		status = tell(&sending);
	} else {
		error_set(&err, ERROR_SYSTEM, "cannot send to %s", plan->to);
		status = command_fail(&err);
	}
	for (int64_t i = 0; i < plan->connections; i++) {
		if (sending.lines[i].busy) {
			curl_multi_remove_handle(sending.multi, sending.lines[i].easy);
		}
		curl_easy_cleanup(sending.lines[i].easy);
	}
	curl_multi_cleanup(sending.multi);
	curl_slist_free_all(sending.headers);
	curl_global_cleanup();
	free(sending.latencies);
	return status;
}

/* --- options --- */

static bool is_share(double number)
{
	return number >= 0 && number <= 1;
}

/* NULL: the plan is good; else what is wrong with it. */
static const char *check_plan(struct plan *plan)
{
	if (plan->to == NULL || plan->tickets_file == NULL) {
		return "--to URL or --tickets FILE is missing";
	}
	if (plan->count < 1 || plan->count > COUNT_MAX) {
		return "--count must be from 1 to 800000";
	}
	if (plan->weeks < 1 || plan->weeks > WEEKS_MAX) {
		return "--weeks must be from 1 to 520";
	}
	if (plan->connections < 1 || plan->connections > CONNECTIONS_MAX) {
		return "--connections must be from 1 to 256";
	}
	if (plan->rate < 0 || !is_share(plan->duplicates) || !is_share(plan->revisions)) {
		return "--rate must not be negative; --duplicates and --revisions must be from 0 to 1";
	}
	plan->until = clock_now() / CLOCK_DAY * CLOCK_DAY;
	if (plan->until_text != NULL && !clock_parse(span_of(plan->until_text), &plan->until)) {
		return "--until is no date; write one such as 2026-11-16";
	}
	return plan->until < WEEKS_MAX * 7 * CLOCK_DAY ? "--until is too early" : NULL;
}

int sim_run_traffic(const struct command *command, int argc, char **argv)
{
	struct plan plan = {.count = 3000, .weeks = 8, .connections = 8, .duplicates = 0.01, .revisions = 0.005};
	const struct option_row rows[] = {
		{"to", 0, OPTION_TEXT, &plan.to, "URL", "where to POST the messages"},
		{"tickets", 0, OPTION_TEXT, &plan.tickets_file, "FILE", "the templates"},
		{"count", 0, OPTION_INTEGER, &plan.count, "N", "tickets (default: 3000)"},
		{"weeks", 0, OPTION_INTEGER, &plan.weeks, "N", "spread over so many weeks (default: 8)"},
		{"until", 0, OPTION_TEXT, &plan.until_text, "DATE", "end of the weeks (default: today)"},
		{"seed", 0, OPTION_INTEGER, &plan.seed, "N", "of all that is random (default: 0)"},
		{"rate", 0, OPTION_INTEGER, &plan.rate, "N", "messages a second (default: as fast as it goes)"},
		{"connections", 0, OPTION_INTEGER, &plan.connections, "N", "at once (default: 8)"},
		{"duplicates", 0, OPTION_NUMBER, &plan.duplicates, "SHARE", "sent twice (default: 0.01)"},
		{"revisions", 0, OPTION_NUMBER, &plan.revisions, "SHARE", "sent again, changed (default: 0.005)"},
		{"reference", 0, OPTION_TEXT, &plan.reference_file, "FILE", "write the true answers there, as CSV"},
	};
	struct options options = {.rows = rows, .row_count = sizeof(rows) / sizeof(rows[0])};
	int status = options_read(command, &options, argc, argv);
	if (status >= 0) {
		return status;
	}
	const char *wrong = check_plan(&plan);
	if (wrong != NULL) {
		return command_usage(command, "%s", wrong);
	}
	struct error err = ERROR_INIT;
	struct deck deck = {.arena = ARENA_INIT(ARENA_MAX)};
	command_catch_signals();
	status = make_deck(&deck, &plan, &err) ? send_deck(&plan, &deck) : command_fail(&err);
	arena_finish(&deck.arena);
	return status;
}
