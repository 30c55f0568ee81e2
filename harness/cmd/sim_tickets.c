/* Tickets from templates. The file:
 *
 * {"products": [...], "contacts": [...],
 *  "openings": {LANGUAGE: [...]}, "closings": {LANGUAGE: [...]}, "postscripts": {LANGUAGE: [...]},
 *  "slots": {LANGUAGE: {NAME: [...]}},
 *  "templates": [{"text": "... {NAME} ...", "language": L, "queue": Q, "priority": P, "weight": 1}]}
 *
 * Slots: those of the file, and {product}, {order} (an order number), {amount} (with its currency, as the language
 * writes it). The true amount is 0 where the template has no {amount}. */
#include "harness/cmd/sim.h"

#include "harness/base/clock.h"
#include "harness/base/text.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARENA_MAX = 256 * 1024 * 1024, FIRST_TICKET = 100001 };

struct sim_tickets {
	struct arena arena;
	const struct json_node *root;
	const struct json_node *templates;
	int64_t *weights; /* running sums */
	int64_t seed;
};

/* One ticket in the making. */
struct making {
	const struct sim_tickets *tickets;
	const struct json_node *pattern; /* its template */
	struct span language;
	struct span product;
	uint64_t random;
	struct buffer text;
	char amount[32]; /* the true one */
};

/* --- loading --- */

static bool check_template(const char *file, const struct json_node *pattern, int64_t *ret_weight, struct error *err)
{
	static const char *const names[] = {"text", "language", "queue", "priority"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!json_is(json_get_text(pattern, names[i]), JSON_STRING)) {
			return sim_complain(file, "every template needs text, language, queue and priority", err);
		}
	}
	const struct json_node *weight = json_get_text(pattern, "weight");
	*ret_weight = 1;
	if (weight != NULL && (!text_to_int64(json_text(weight), ret_weight) || *ret_weight < 1)) {
		return sim_complain(file, "a template's weight must be a whole number from 1", err);
	}
	return true;
}

static bool check(struct sim_tickets *tickets, const char *file, struct error *err)
{
	tickets->templates = json_get_text(tickets->root, "templates");
	size_t count = json_count(tickets->templates);
	if (count == 0 || json_count(json_get_text(tickets->root, "products")) == 0 ||
	    json_count(json_get_text(tickets->root, "contacts")) == 0) {
		return sim_complain(file, "the arrays templates, products and contacts must hold something", err);
	}
	tickets->weights = arena_allocate_array(&tickets->arena, count, sizeof(tickets->weights[0]));
	if (tickets->weights == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for %zu templates", count);
	}
	int64_t sum = 0;
	for (size_t i = 0; i < count; i++) {
		int64_t weight = 0;
		if (!check_template(file, json_at(tickets->templates, i), &weight, err)) {
			return false;
		}
		sum += weight;
		tickets->weights[i] = sum;
	}
	return true;
}

struct sim_tickets *sim_tickets_load(const char *file, int64_t seed, struct error *err)
{
	struct sim_tickets *tickets = calloc(1, sizeof(*tickets));
	if (tickets == NULL) {
		error_set(err, ERROR_MEMORY, "no memory for %s", file);
		return NULL;
	}
	tickets->seed = seed;
	arena_init(&tickets->arena, ARENA_MAX);
	if (!sim_load(file, &tickets->arena, &tickets->root, err) || !check(tickets, file, err)) {
		sim_tickets_destroy(tickets);
		return NULL;
	}
	return tickets;
}

void sim_tickets_destroy(struct sim_tickets *tickets)
{
	if (tickets != NULL) {
		arena_finish(&tickets->arena);
		free(tickets);
	}
}

/* --- times --- */

static int order_of_times(const void *a, const void *b)
{
	const int64_t *left = a;
	const int64_t *right = b;
	return (*left > *right) - (*left < *right);
}

/* How much comes at this moment, from 0 to 1: little at night and at the end of the week. */
static double busyness(int64_t time)
{
	static const double days[] = {0.9, 0.8, 0.15, 0.08, 1.0, 0.95, 0.95}; /* from Thursday: 1970 began with one */
	int64_t day = time / CLOCK_DAY;
	int64_t hour = time % CLOCK_DAY / (3600 * CLOCK_SECOND);
	double of_hour = hour >= 7 && hour < 17 ? 1 : hour >= 5 && hour < 20 ? 0.35 : 0.05;
	return days[day % 7] * of_hour;
}

void sim_ticket_times(int64_t seed, int64_t from, int64_t until, size_t count, int64_t *ret_times)
{
	uint64_t random = sim_random(seed, &SPAN("times"), 1);
	for (size_t i = 0; i < count;) {
		int64_t time = from + (int64_t)(random_unit(&random) * (double)(until - from));
		time -= time % CLOCK_SECOND;
		if (random_unit(&random) < busyness(time)) {
			ret_times[i++] = time;
		}
	}
	qsort(ret_times, count, sizeof(ret_times[0]), order_of_times);
}

/* --- text --- */

static struct span pick_text(struct making *making, const struct json_node *list)
{
	size_t count = json_count(list);
	return count > 0 ? json_text(json_at(list, sim_pick(&making->random, count))) : SPAN("");
}

static const struct json_node *of_language(const struct making *making, const char *name)
{
	return json_get(json_get_text(making->tickets->root, name), making->language);
}

/* From 5 to 2500, small ones more often; every third without cents. */
static void draw_amount(struct making *making, int64_t *ret_whole, int *ret_cents)
{
	double share = random_unit(&making->random);
	*ret_whole = 5 + (int64_t)(share * share * share * 2495);
	*ret_cents = sim_pick(&making->random, 3) == 0 ? 0 : 5 * (int)sim_pick(&making->random, 20);
}

static void write_amount(struct making *making)
{
	static const char *const forms[2][3] = {
		{"EUR %s", "%s EUR", "\xe2\x82\xac%s"},
		{"%s EUR", "%s \xe2\x82\xac", "EUR %s"},
	};
	bool german = span_is(making->language, "de");
	int64_t whole = 0;
	int cents = 0;
	draw_amount(making, &whole, &cents);
	(void)snprintf(making->amount, sizeof(making->amount), cents > 0 ? "%lld.%02d" : "%lld", (long long)whole,
		       cents);
	char number[40];
	char thousands[24];
	(void)snprintf(thousands, sizeof(thousands), whole >= 1000 ? "%lld%c%03lld" : "%lld", //
		       (long long)(whole >= 1000 ? whole / 1000 : whole), german ? '.' : ',',
		       (long long)(whole % 1000));
	(void)snprintf(number, sizeof(number), cents > 0 ? "%s%c%02d" : "%s", thousands, german ? ',' : '.', cents);
	const char *form = forms[german ? 1 : 0][sim_pick(&making->random, 3)];
	struct span rest = span_of(form);
	size_t place = text_find(rest, SPAN("%s"));
	buffer_append(&making->text, form, place);
	buffer_append_text(&making->text, number);
	buffer_append_text(&making->text, form + place + 2);
}

static void write_slot(struct making *making, struct span name)
{
	if (span_is(name, "product")) {
		buffer_append_span(&making->text, making->product);
	} else if (span_is(name, "order")) {
		buffer_append_format(&making->text, "%d", 4000000 + (int)sim_pick(&making->random, 1000000));
	} else if (span_is(name, "amount")) {
		write_amount(making);
	} else {
		const struct json_node *slots = of_language(making, "slots");
		buffer_append_span(&making->text, pick_text(making, json_get(slots, name)));
	}
}

static void write_pattern(struct making *making, struct span pattern)
{
	while (pattern.length > 0) {
		size_t open = text_find(pattern, SPAN("{"));
		buffer_append(&making->text, pattern.data, open);
		if (open == pattern.length) {
			return;
		}
		struct span rest = {pattern.data + open + 1, pattern.length - open - 1};
		size_t close = text_find(rest, SPAN("}"));
		write_slot(making, (struct span){rest.data, close});
		close += close < rest.length ? 1 : 0;
		pattern = (struct span){rest.data + close, rest.length - close};
	}
}

/* A part of the text, parted by a space; empty ones are left out. */
static void write_part(struct making *making, struct span part)
{
	if (part.length > 0 && making->text.length > 0) {
		buffer_append_byte(&making->text, ' ');
	}
	write_pattern(making, part);
}

static const struct json_node *pick_template(struct making *making)
{
	const struct sim_tickets *tickets = making->tickets;
	size_t count = json_count(tickets->templates);
	int64_t point = (int64_t)sim_pick(&making->random, (size_t)tickets->weights[count - 1]);
	size_t i = 0;
	while (tickets->weights[i] <= point) {
		i++;
	}
	return json_at(tickets->templates, i);
}

static void add_member(struct buffer *json, const char *name, struct span text)
{
	buffer_append_format(json, "%s\"%s\":", json->length > 0 ? "," : "{", name);
	json_write_string(json, text);
}

/* The ticket's number and its time; both are plain ASCII. */
struct heading {
	char id[24];
	char created[CLOCK_TEXT_SIZE];
};

static bool write_ticket(struct making *making, const struct heading *heading, struct arena *arena,
			 struct sim_ticket *ret_ticket, struct error *err)
{
	CLEANUP_BUFFER struct buffer json = BUFFER_INIT(SIM_TEXT_MAX);
	add_member(&json, "ticket_id", span_of(heading->id));
	add_member(&json, "created", span_of(heading->created));
	add_member(&json, "product", making->product);
	add_member(&json, "text", buffer_span(&making->text));
	add_member(&json, "contact", pick_text(making, json_get_text(making->tickets->root, "contacts")));
	buffer_append_byte(&json, '}');
	char *request = arena_copy(arena, buffer_span(&json));
	char *reference = arena_format(arena, "%s,%.*s,%.*s,%s,%.*s", heading->id,
				       SPAN_ARGUMENTS(json_text(json_get_text(making->pattern, "queue"))),
				       SPAN_ARGUMENTS(json_text(json_get_text(making->pattern, "priority"))),
				       making->amount, SPAN_ARGUMENTS(making->language));
	char *id = arena_copy(arena, span_of(heading->id));
	if (json.failed || making->text.failed || request == NULL || reference == NULL || id == NULL) {
		return error_set(err, ERROR_MEMORY, "no memory for a ticket");
	}
	*ret_ticket = (struct sim_ticket){{request, json.length}, span_of(id), span_of(reference)};
	return true;
}

bool sim_ticket_make(const struct sim_tickets *tickets, size_t index, int64_t created, bool revised,
		     struct arena *arena, struct sim_ticket *ret_ticket, struct error *err)
{
	struct heading heading;
	char time[CLOCK_TEXT_SIZE];
	(void)snprintf(heading.id, sizeof(heading.id), "T-%06zu", index + FIRST_TICKET);
	(void)snprintf(heading.created, sizeof(heading.created), "%.19sZ", clock_format(created, time));
	const struct span texts[] = {SPAN("ticket"), span_of(heading.id)};
	struct making making = {
		.tickets = tickets,
		.random = sim_random(tickets->seed, texts, 2),
		.text = BUFFER_INIT(SIM_TEXT_MAX),
		.amount = "0",
	};
	making.pattern = pick_template(&making);
	making.language = json_text(json_get_text(making.pattern, "language"));
	making.product = pick_text(&making, json_get_text(tickets->root, "products"));
	write_part(&making, pick_text(&making, of_language(&making, "openings")));
	write_part(&making, json_text(json_get_text(making.pattern, "text")));
	write_part(&making, pick_text(&making, of_language(&making, "closings")));
	if (revised) {
		write_part(&making, pick_text(&making, of_language(&making, "postscripts")));
	}
	bool done = write_ticket(&making, &heading, arena, ret_ticket, err);
	buffer_finish(&making.text);
	return done;
}
