/* /healthz and /metrics (Prometheus text format 0.0.4). Families are written one after the other, as the format asks,
 * so each goes over all interfaces. */
#include "harness/web/html.h"

#include "harness/base/json.h"

bool page_health(struct page *page, struct error *err)
{
	(void)err;
	page->content_type = "application/json";
	if (page->store != NULL) {
		buffer_append_text(&page->body, "{\"status\":\"ok\"}\n");
		return true;
	}
	page->status = 503;
	struct span reason = span_of(page->store_error->message);
	buffer_append_text(&page->body, "{\"status\":\"unavailable\",\"reason\":");
	json_write_string(&page->body, text_is_utf8(reason) ? reason : SPAN("the store cannot be read"));
	buffer_append_text(&page->body, "}\n");
	return true;
}

/* In quotes; backslash, quote and newline escaped, what is not UTF-8 replaced. */
static void write_label(struct buffer *body, const char *name, const char *value)
{
	struct span text = span_of(value);
	buffer_append_format(body, "%s=\"", name);
	for (size_t i = 0; i < text.length;) {
		uint32_t code_point = 0xfffd;
		if (!text_next_code_point(text, &i, &code_point)) {
			i++;
		}
		if (code_point == '\\' || code_point == '"') {
			buffer_append_byte(body, '\\');
		}
		if (code_point == '\n') {
			buffer_append_text(body, "\\n");
		} else {
			text_append_code_point(body, code_point);
		}
	}
	buffer_append_byte(body, '"');
}

static void begin_family(struct buffer *body, const char *name, const char *type, const char *help)
{
	buffer_append_format(body, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* "name{interface=...,candidate=...,label=word} "; candidate and word may be NULL. */
static void begin_sample(struct buffer *body, const char *name, const struct snapshot_interface *interface,
			 const struct snapshot_candidate *candidate, const char *label, const char *word)
{
	buffer_append_format(body, "%s{", name);
	write_label(body, "interface", interface->name);
	if (candidate != NULL) {
		buffer_append_byte(body, ',');
		write_label(body, "candidate", candidate->name);
	}
	if (word != NULL) {
		buffer_append_byte(body, ',');
		write_label(body, label, word);
	}
	buffer_append_text(body, "} ");
}

static void write_sample(struct buffer *body, const char *name, const struct snapshot_interface *interface,
			 const struct snapshot_candidate *candidate, const char *label, const char *word,
			 uint64_t count)
{
	begin_sample(body, name, interface, candidate, label, word);
	buffer_append_format(body, "%llu\n", (unsigned long long)count);
}

/* --- families of an interface --- */

static void write_exchanges(struct buffer *body, const char *name, const struct snapshot_interface *interface)
{
	uint64_t stored = interface->stored + interface->stored_recorded;
	write_sample(body, name, interface, NULL, "delivery", "new",
		     stored > interface->revision ? stored - interface->revision : 0);
	write_sample(body, name, interface, NULL, "delivery", "revision", interface->revision);
	write_sample(body, name, interface, NULL, "delivery", "duplicate",
		     interface->duplicate + interface->duplicate_recorded);
}

static void write_late_answers(struct buffer *body, const char *name, const struct snapshot_interface *interface)
{
	const struct store_outcomes *outcomes = &interface->outcomes;
	write_sample(body, name, interface, NULL, "end", "joined", outcomes->joined);
	write_sample(body, name, interface, NULL, "end", "duplicate", outcomes->duplicate);
	write_sample(body, name, interface, NULL, "end", "unpaired", outcomes->unpaired);
}

static void write_late_answers_read(struct buffer *body, const char *name, const struct snapshot_interface *interface)
{
	write_sample(body, name, interface, NULL, NULL, NULL, interface->outcomes.read);
}

static void write_late_answers_waiting(struct buffer *body, const char *name,
				       const struct snapshot_interface *interface)
{
	write_sample(body, name, interface, NULL, NULL, NULL, interface->outcomes.waiting);
}

static void write_late_answers_kept(struct buffer *body, const char *name, const struct snapshot_interface *interface)
{
	write_sample(body, name, interface, NULL, "case", "week_closed", interface->outcomes.closed);
	write_sample(body, name, interface, NULL, "case", "was_unpaired", interface->outcomes.returned);
}

static void write_seen(struct buffer *body, const char *name, const struct snapshot_interface *interface)
{
	write_sample(body, name, interface, NULL, NULL, NULL, interface->seen);
}

static void write_captured(struct buffer *body, const char *name, const struct snapshot_interface *interface)
{
	write_sample(body, name, interface, NULL, NULL, NULL, interface->committed);
}

static void write_in_flight(struct buffer *body, const char *name, const struct snapshot_interface *interface)
{
	write_sample(body, name, interface, NULL, NULL, NULL, interface->in_flight);
}

static void write_dropped(struct buffer *body, const char *name, const struct snapshot_interface *interface)
{
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		write_sample(body, name, interface, NULL, "reason", drop_reason_name(i), interface->dropped[i]);
	}
}

static void write_tap_difference(struct buffer *body, const char *name, const struct snapshot_interface *interface)
{
	begin_sample(body, name, interface, NULL, NULL, NULL);
	buffer_append_format(body, "%lld\n", (long long)interface->unseen);
}

static void write_classes(struct buffer *body, const char *name, const struct snapshot_interface *interface,
			  const struct snapshot_candidate *candidate, const uint64_t counts[DRIFT_CLASS_COUNT])
{
	for (int i = 0; i < DRIFT_CLASS_COUNT; i++) {
		write_sample(body, name, interface, candidate, "class", drift_class_name(i), counts[i]);
	}
}

static void write_legacy_replies(struct buffer *body, const char *name, const struct snapshot_interface *interface)
{
	write_sample(body, name, interface, NULL, NULL, NULL, interface->legacy_drift.replies);
}

static void write_legacy_drift(struct buffer *body, const char *name, const struct snapshot_interface *interface)
{
	write_sample(body, name, interface, NULL, NULL, NULL, interface->legacy_drift.contract_drift);
}

static void write_legacy_classes(struct buffer *body, const char *name, const struct snapshot_interface *interface)
{
	write_classes(body, name, interface, NULL, interface->legacy_drift.declared);
}

static void write_incidents(struct buffer *body, const char *name, const struct snapshot_interface *interface)
{
	for (int i = 0; i < INCIDENT_KIND_COUNT; i++) {
		write_sample(body, name, interface, NULL, "kind", incident_kind_name(i), interface->incidents[i]);
	}
}

/* --- families of a candidate --- */

#define CANDIDATE_ARGUMENTS                                                                                            \
	struct buffer *body, const char *name, const struct snapshot_interface *interface,                             \
		const struct snapshot_candidate *candidate

static void write_states(CANDIDATE_ARGUMENTS)
{
	for (int i = 0; i < EVALUATION_COUNT; i++) {
		write_sample(body, name, interface, candidate, "state", evaluation_name(i), candidate->states[i]);
	}
}

static void write_awaiting(CANDIDATE_ARGUMENTS)
{
	write_sample(body, name, interface, candidate, NULL, NULL, candidate->awaiting);
}

static void write_reasons(CANDIDATE_ARGUMENTS)
{
	for (int i = 0; i < NOT_EVALUATED_COUNT; i++) {
		write_sample(body, name, interface, candidate, "reason", not_evaluated_name(i), candidate->reasons[i]);
	}
}

static void write_outcomes(CANDIDATE_ARGUMENTS)
{
	for (int i = 0; i < OUTCOME_COUNT; i++) {
		write_sample(body, name, interface, candidate, "outcome", outcome_name(i), candidate->outcomes[i]);
	}
}

static void write_replies(CANDIDATE_ARGUMENTS)
{
	write_sample(body, name, interface, candidate, NULL, NULL, candidate->total.replies);
}

static void write_drift(CANDIDATE_ARGUMENTS)
{
	write_sample(body, name, interface, candidate, NULL, NULL, candidate->total.contract_drift);
}

static void write_drift_classes(CANDIDATE_ARGUMENTS)
{
	write_classes(body, name, interface, candidate, candidate->drift.declared);
}

static void write_strict_drift(CANDIDATE_ARGUMENTS)
{
	write_sample(body, name, interface, candidate, NULL, NULL, candidate->drift.strict_drift);
}

static void write_strict_classes(CANDIDATE_ARGUMENTS)
{
	write_classes(body, name, interface, candidate, candidate->drift.strict);
}

static void write_sides(CANDIDATE_ARGUMENTS)
{
	static const char *const NAMES[SIDE_COUNT] = {"agree", "disagree", "invalid"};
	for (int i = 0; i < SIDE_COUNT; i++) {
		write_sample(body, name, interface, candidate, "side", NAMES[i], candidate->total.sides[i]);
	}
}

static void write_cost(CANDIDATE_ARGUMENTS)
{
	begin_sample(body, name, interface, candidate, "currency",
		     interface->contract != NULL ? interface->contract->currency : "");
	decimal_nano(body, candidate->total.cost_nano);
	buffer_append_byte(body, '\n');
}

static void write_tokens(CANDIDATE_ARGUMENTS)
{
	write_sample(body, name, interface, candidate, "type", "input", candidate->tokens_input);
	write_sample(body, name, interface, candidate, "type", "cache_read", candidate->tokens_cache_read);
	write_sample(body, name, interface, candidate, "type", "cache_write", candidate->tokens_cache_write);
	write_sample(body, name, interface, candidate, "type", "output", candidate->tokens_output);
}

static void write_candidate_difference(CANDIDATE_ARGUMENTS)
{
	begin_sample(body, name, interface, candidate, NULL, NULL);
	buffer_append_format(body, "%lld\n", (long long)candidate->difference);
}

/* To add a family: a function above and a row here. */
static const struct {
	const char *name;
	const char *type;
	const char *help;
	void (*of_interface)(struct buffer *, const char *, const struct snapshot_interface *);
	void (*of_candidate)(CANDIDATE_ARGUMENTS);
} FAMILIES[] = {
	{"understudy_exchanges_total", "counter", "Deliveries read into the store, test messages included.",
	 write_exchanges, NULL},
	{"understudy_late_answers_read_total", "counter", "Late legacy answers read into the store.",
	 write_late_answers_read, NULL},
	{"understudy_late_answers_total", "counter", "Late legacy answers by how they ended; the others wait.",
	 write_late_answers, NULL},
	{"understudy_late_answers_waiting", "gauge", "Late legacy answers whose exchange has not come.",
	 write_late_answers_waiting, NULL},
	{"understudy_late_answers_special_total", "counter", "Joined late answers that came very late.",
	 write_late_answers_kept, NULL},
	{"understudy_tap_seen_total", "counter", "Exchanges that the tap saw.", write_seen, NULL},
	{"understudy_tap_captured_total", "counter", "Exchanges that the tap handed to the spool.", write_captured,
	 NULL},
	{"understudy_tap_dropped_total", "counter", "Exchanges seen and not captured.", write_dropped, NULL},
	{"understudy_tap_in_flight", "gauge", "Exchanges that have begun and not ended.", write_in_flight, NULL},
	{"understudy_tap_difference", "gauge", "Seen less captured, dropped and in flight; not 0: a fault.",
	 write_tap_difference, NULL},
	{"understudy_evaluations", "gauge", "Stored exchanges by what became of them, test messages included.", NULL,
	 write_states},
	{"understudy_evaluations_awaiting", "gauge", "Pending evaluations whose legacy answer has not come.", NULL,
	 write_awaiting},
	{"understudy_not_evaluated", "gauge", "Stored exchanges that were deliberately not sent.", NULL, write_reasons},
	{"understudy_evaluations_difference", "gauge", "Stored exchanges less evaluations; not 0: a fault.", NULL,
	 write_candidate_difference},
	{"understudy_outcomes_total", "counter", "Compared production transactions by outcome.", NULL, write_outcomes},
	{"understudy_replies_total", "counter", "Replies of the LLM path.", NULL, write_replies},
	{"understudy_contract_drift_total", "counter", "Replies that deviate from the contracted schema.", NULL,
	 write_drift},
	{"understudy_contract_drift_class_total", "counter", "Of these, by class; one reply may have several.", NULL,
	 write_drift_classes},
	{"understudy_strict_drift_total", "counter", "Replies of the LLM path that deviate in the strict reading.",
	 NULL, write_strict_drift},
	{"understudy_strict_drift_class_total", "counter", "Of these, by class; one reply may have several.", NULL,
	 write_strict_classes},
	{"understudy_legacy_replies_total", "counter", "Replies of the legacy path that are held to a schema.",
	 write_legacy_replies, NULL},
	{"understudy_legacy_contract_drift_total", "counter", "Of these: those that deviate from it.",
	 write_legacy_drift, NULL},
	{"understudy_legacy_contract_drift_class_total", "counter", "Of these, by class; one reply may have several.",
	 write_legacy_classes, NULL},
	{"understudy_incidents_open", "gauge", "Incidents that are not resolved.", write_incidents, NULL},
	{"understudy_records_total", "counter", "Compared records by side.", NULL, write_sides},
	{"understudy_cost_total", "counter", "Cost of the LLM path in units of the currency.", NULL, write_cost},
	{"understudy_tokens_total", "counter", "Tokens of the LLM path; input is the uncached part.", NULL,
	 write_tokens},
};

static void write_family(struct buffer *body, size_t family, const struct snapshot *snapshot)
{
	begin_family(body, FAMILIES[family].name, FAMILIES[family].type, FAMILIES[family].help);
	for (const struct snapshot_interface *interface = snapshot->interfaces; interface != NULL;
	     interface = interface->next) {
		if (FAMILIES[family].of_interface != NULL) {
			FAMILIES[family].of_interface(body, FAMILIES[family].name, interface);
			continue;
		}
		for (const struct snapshot_candidate *candidate = interface->candidates; candidate != NULL;
		     candidate = candidate->next) {
			FAMILIES[family].of_candidate(body, FAMILIES[family].name, interface, candidate);
		}
	}
}

static void write_gauge(struct buffer *body, const char *name, const char *help, uint64_t number)
{
	begin_family(body, name, "gauge", help);
	buffer_append_format(body, "%s %llu\n", name, (unsigned long long)number);
}

static void write_spool(struct buffer *body, const struct snapshot *snapshot)
{
	const struct web_ring *ring = &snapshot->ring;
	write_gauge(body, "understudy_spool_waiting", "Exchanges captured and not read yet.", snapshot->in_spool);
	write_gauge(body, "understudy_spool_missing",
		    "Captured exchanges that are neither stored nor waiting; above 0: a fault.",
		    snapshot->missing > 0 ? (uint64_t)snapshot->missing : 0);
	write_gauge(body, "understudy_tap_ring_bytes", "Bytes in the capture ring, captured and not in the spool yet.",
		    ring->waiting);
	write_gauge(body, "understudy_tap_ring_capacity_bytes", "Size of the capture ring.", ring->capacity);
	write_gauge(body, "understudy_tap_capture_reduced",
		    "1 while the tap captures a share only, because the ring is filling up.", ring->reduced_since != 0);
}

bool page_metrics(struct page *page, struct error *err)
{
	struct buffer *body = &page->body;
	struct snapshot snapshot = {0};
	page->content_type = "text/plain; version=0.0.4; charset=utf-8";
	if (page->store != NULL && !snapshot_read(&page->arena, page->store, page->config->installation, page->spool,
						  page->before, &snapshot, err)) {
		return false;
	}
	begin_family(body, "understudy_build_info", "gauge", "The version that answers.");
	buffer_append_text(body, "understudy_build_info{version=\"" UNDERSTUDY_VERSION "\"} 1\n");
	if (page->config->capture_is_off != NULL) {
		begin_family(body, "understudy_capture_off", "gauge",
			     "1 while the file capture-off in the spool stops capture.");
		buffer_append_format(body, "understudy_capture_off %d\n",
				     page->config->capture_is_off(page->config->context));
	}
	begin_family(body, "understudy_store_up", "gauge", "Whether the store can be read.");
	buffer_append_format(body, "understudy_store_up %d\n", page->store != NULL);
	if (page->store == NULL) {
		return true;
	}
	if (snapshot.knows_spool) {
		write_spool(body, &snapshot);
	}
	for (size_t i = 0; i < sizeof(FAMILIES) / sizeof(FAMILIES[0]); i++) {
		write_family(body, i, &snapshot);
	}
	return true;
}
