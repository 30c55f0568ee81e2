/* The contract in words: one group of facts after the other. */
#include "harness/base/text.h"

#include "harness/document/specification.h"
#include <stdio.h>

enum { GROUPS_MAX = 16, PPM_PER_PERCENT = 10000 };

#define NANO INT64_C(1000000000)

struct teller {
	struct specification *specification;
	struct specification_group *group;
	const struct contract *contract;
	struct wording *wording;
};

static void begin(struct teller *teller, const char *title)
{
	struct specification *specification = teller->specification;
	BUG_ON(specification->group_count == GROUPS_MAX);
	teller->group = &specification->groups[specification->group_count++];
	teller->group->title = title;
}

static void tell(struct teller *teller, const char *label, const char *text)
{
	struct specification_group *group = teller->group;
	if (text != NULL && text[0] != '\0') {
		BUG_ON(group->count == sizeof(group->facts) / sizeof(group->facts[0]));
		group->facts[group->count++] = (struct specification_fact){label, text};
	}
}

static const struct json_node *declared(const struct teller *teller, const char *section, const char *name)
{
	return json_get_text(json_get_text(teller->contract->root, section), name);
}

static void tell_declared(struct teller *teller, const char *label, const char *section, const char *name)
{
	tell(teller, label, wording_copy(teller->wording, json_text(declared(teller, section, name))));
}

/* --- numbers in words --- */

static const char *share(struct wording *wording, uint32_t ppm)
{
	uint32_t whole = ppm / PPM_PER_PERCENT;
	uint32_t rest = ppm % PPM_PER_PERCENT;
	if (rest == 0) {
		return wording_format(wording, "%u %%", whole);
	}
	char digits[8];
	snprintf(digits, sizeof(digits), "%04u", rest);
	for (size_t end = strlen(digits); end > 0 && digits[end - 1] == '0'; end--) {
		digits[end - 1] = '\0';
	}
	return wording_format(wording, "%u.%s %%", whole, digits);
}

static const char *share_of(struct wording *wording, double value)
{
	return share(wording, (uint32_t)(value * 1e6 + 0.5));
}

static const char *money(struct wording *wording, int64_t nano, const char *currency)
{
	char digits[16];
	snprintf(digits, sizeof(digits), "%09jd", (intmax_t)(nano % NANO));
	for (size_t end = strlen(digits); end > 2 && digits[end - 1] == '0'; end--) {
		digits[end - 1] = '\0';
	}
	return wording_format(wording, "%jd.%s %s", (intmax_t)(nano / NANO), digits, currency);
}

/* --- the groups --- */

static void tell_head(struct teller *teller)
{
	const struct contract *contract = teller->contract;
	begin(teller, "At a glance");
	tell(teller, "Interface", contract->interface);
	tell(teller, "Version", contract->version);
	tell(teller, "Purpose", contract->description);
	tell(teller, "Environment",
	     contract->production ? "prod: its figures count"
				  : wording_format(teller->wording, "%s: its figures are no production figures",
						   contract->environment));
	tell_declared(teller, "Integration lead", "owners", "integration");
	tell_declared(teller, "Answers for the model", "owners", "ai");
	tell_declared(teller, "Process owner", "owners", "process");
	tell_declared(teller, "At night", "owners", "escalation");
	tell_declared(teller, "Runbook", "owners", "runbook");
}

static const char *path_text(struct wording *wording, const struct select_path *path)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(1 << 16);
	if (!select_to_pointer(path, &text)) {
		return "a place counted from the end of a list";
	}
	return text.length == 0 ? "the whole document" : wording_take(wording, &text);
}

static const char *identity(struct teller *teller)
{
	const struct contract *contract = teller->contract;
	const char *paths = "";
	for (size_t i = 0; i < contract->message_id_count; i++) {
		paths = wording_join(teller->wording, paths, i + 1 == contract->message_id_count ? " and " : ", ",
				     path_text(teller->wording, &contract->message_id[i]));
	}
	return contract->message_id_count == 0
		       ? "none: every delivery counts as a message of its own"
		       : wording_format(teller->wording,
					"the same %s is the same message; the same again with other content is a "
					"revision of it",
					paths);
}

static void tell_message(struct teller *teller)
{
	const struct contract *contract = teller->contract;
	begin(teller, "The message");
	tell(teller, "Format", "JSON");
	tell(teller, "Identity", identity(teller));
	tell(teller, "Business time",
	     contract->has_event_time ? wording_format(teller->wording, "%s decides the week that a message counts in",
						       path_text(teller->wording, &contract->event_time))
				      : "the time at which the message was captured decides its week");
	if (contract->has_test_mark) {
		tell(teller, "Test messages",
		     wording_format(teller->wording, "marked by true at %s; they never enter production figures",
				    path_text(teller->wording, &contract->test_mark)));
	}
}

static void tell_records(struct teller *teller)
{
	const struct contract *contract = teller->contract;
	struct wording *wording = teller->wording;
	begin(teller, "What is compared");
	tell(teller, "Level",
	     contract->records_are_array ? "item: accuracy counts each item of a list"
					 : "document: accuracy counts each reply as one record");
	tell(teller, "Where the record stands",
	     contract->records_are_array
		     ? wording_format(wording, "the items of the list at %s; places of fields are within an item",
				      path_text(wording, &contract->records_at))
		     : wording_format(wording, "%s; places of fields are within it",
				      path_text(wording, &contract->records_at)));
	if (contract->records_are_array) {
		tell(teller, "Items belong together",
		     wording_format(wording, "where both replies have the same %s",
				    path_text(wording, &contract->records_key)));
	}
}

static const char *candidate_words(struct teller *teller, const struct contract_candidate *candidate)
{
	const char *words = wording_join(teller->wording, candidate->provider, ", model ",
					 candidate->model != NULL ? candidate->model : "");
	return candidate->simulated ? wording_join(teller->wording, words, "; ", "simulated: a stand-in") : words;
}

static void tell_paths(struct teller *teller)
{
	const struct contract *contract = teller->contract;
	struct wording *wording = teller->wording;
	begin(teller, "The two paths");
	const char *kind = strcmp(contract->legacy_kind, "live") == 0 ? "its replies are seen live"
								      : "its replies are recorded ones";
	tell(teller, "Legacy path",
	     wording_format(wording, "version %s; %s%s", contract->legacy_version, kind,
			    contract->legacy_simulated ? "; simulated: a stand-in" : ""));
	static const char *const counts[] = {
		[COUNTS_FIRST] = "the first",
		[COUNTS_FINAL] = "the final one",
		[COUNTS_AT_CUTOFF] = "the newest at the cut-off",
	};
	tell(teller, "Which legacy answer counts",
	     contract->legacy_counts == COUNTS_AT_CUTOFF
		     ? wording_format(wording, "the newest of the first %jd hours",
				      (intmax_t)(contract->legacy_cutoff_us / (3600 * CLOCK_SECOND)))
		     : counts[contract->legacy_counts]);
	size_t shown = contract->candidate_count < 10 ? contract->candidate_count : 10;
	for (size_t i = 0; i < shown; i++) {
		tell(teller, wording_format(wording, "LLM path %s", contract->candidates[i].name),
		     candidate_words(teller, &contract->candidates[i]));
	}
	if (shown < contract->candidate_count) {
		tell(teller, "Further LLM paths", wording_format(wording, "%zu", contract->candidate_count - shown));
	}
}

static const char *join_texts(struct wording *wording, const struct json_node *list)
{
	const char *words = "";
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		words = wording_join(wording, words, ", ", wording_line(wording, json_text(item)));
	}
	return words;
}

static const char *approvals(struct teller *teller)
{
	const struct json_node *list = declared(teller, "data", "approvals");
	const char *words = "";
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		const char *one = wording_format(teller->wording, "by %.*s for %.*s until %.*s",
						 SPAN_ARGUMENTS(json_text(json_get_text(item, "by"))),
						 SPAN_ARGUMENTS(json_text(json_get_text(item, "purpose"))),
						 SPAN_ARGUMENTS(json_text(json_get_text(item, "until"))));
		words = wording_join(teller->wording, words, "; ", one);
	}
	return words;
}

static void tell_data(struct teller *teller)
{
	const struct json_node *personal = declared(teller, "data", "pii");
	begin(teller, "Data classification");
	tell(teller, "May be sent to the model", join_texts(teller->wording, declared(teller, "data", "internal")));
	tell(teller, "Personal data", join_texts(teller->wording, personal));
	if (json_count(personal) > 0) {
		const char *words = approvals(teller);
		tell(teller, "Approvals to send personal data",
		     words[0] != '\0' ? words : "none: personal data is not sent");
	}
	tell(teller, "Everything else", "not classified, and never sent");
}

static void tell_limits(struct teller *teller)
{
	const struct contract *contract = teller->contract;
	struct wording *wording = teller->wording;
	begin(teller, "Limits");
	tell(teller, "One prompt",
	     contract->limit_input_tokens > 0
		     ? wording_format(wording, "at most %jd tokens", (intmax_t)contract->limit_input_tokens)
		     : "no limit");
	tell(teller, "One answer",
	     wording_format(wording, "at most %jd tokens", (intmax_t)contract->limit_output_tokens));
	tell(teller, "One transaction",
	     contract->limit_cost_per_transaction_nano > 0
		     ? wording_format(wording, "at most %s",
				      money(wording, contract->limit_cost_per_transaction_nano, contract->currency))
		     : "no limit");
	tell(teller, "One day",
	     contract->limit_cost_per_day_nano > 0
		     ? wording_format(wording, "at most %s; beyond it nothing is sent",
				      money(wording, contract->limit_cost_per_day_nano, contract->currency))
		     : "no limit");
	tell(teller, "Share that is evaluated",
	     wording_format(wording, "%s of the messages", share(wording, contract->shadow_ppm)));
}

static const char *taker(struct span word)
{
	return span_is(word, "human") ? "a person decides" : "the legacy path decides";
}

static void tell_fallback(struct teller *teller)
{
	const struct json_node *confidence = declared(teller, "fallback", "low_confidence");
	const struct json_node *failure = declared(teller, "fallback", "failure");
	begin(teller, "Fallback and service levels");
	if (confidence != NULL) {
		tell(teller, "Low confidence",
		     wording_format(teller->wording, "below %.*s %s",
				    SPAN_ARGUMENTS(json_text(json_get_text(confidence, "below"))),
				    taker(json_text(json_get_text(confidence, "to")))));
	}
	tell(teller, "Failure of the LLM path", failure != NULL ? taker(json_text(failure)) : "not declared");
	if (teller->contract->slo_p95_ms > 0) {
		tell(teller, "Time to answer",
		     wording_format(teller->wording, "95 %% of the answers within %jd ms",
				    (intmax_t)teller->contract->slo_p95_ms));
	}
	double number;
	if (text_to_double(json_text(declared(teller, "slo", "contract_drift")), &number)) {
		tell(teller, "Replies that break the schema",
		     wording_format(teller->wording, "at most %s", share_of(teller->wording, number)));
	}
	if (text_to_double(json_text(declared(teller, "slo", "error_rate")), &number)) {
		tell(teller, "Failed calls",
		     wording_format(teller->wording, "at most %s", share_of(teller->wording, number)));
	}
}

static void tell_review(struct teller *teller)
{
	const struct contract *contract = teller->contract;
	struct wording *wording = teller->wording;
	begin(teller, "Review by people");
	tell(teller, "Where the paths disagree",
	     wording_format(wording, "%s of the records are reviewed", share(wording, contract->review_disagree_ppm)));
	tell(teller, "Where they agree",
	     wording_format(wording, "%s of the records are reviewed", share(wording, contract->review_agree_ppm)));
	tell(teller, "Seen by several people",
	     wording_format(wording, "%s of the reviewed records, by %d people each",
			    share(wording, contract->overlap_ppm), contract->reviewers));
	tell(teller, "A week is closed",
	     wording_format(wording, "%d days after its end; what is not judged then counts against the LLM path",
			    contract->close_after_days));
}

static void tell_gate(struct teller *teller)
{
	const struct contract *contract = teller->contract;
	struct wording *wording = teller->wording;
	begin(teller, "When the LLM path may take over");
	tell(teller, "Accuracy",
	     wording_format(wording,
			    "at least %s of the records right, and at most %s of them fewer than on the legacy path",
			    share_of(wording, contract->gate_accuracy), share_of(wording, contract->gate_margin)));
	tell(teller, "Replies that break the schema",
	     wording_format(wording, "at most %s", share_of(wording, contract->gate_contract_drift)));
	tell(teller, "Cost",
	     contract->gate_cost_per_transaction_nano > 0
		     ? wording_format(wording, "at most %s for one transaction on average",
				      money(wording, contract->gate_cost_per_transaction_nano, contract->currency))
		     : "no condition");
	tell(teller, "Evidence",
	     wording_format(wording, "at least %d weeks, with %s of the messages compared", contract->gate_min_weeks,
			    share_of(wording, contract->gate_coverage)));
	tell(teller, "Chance of a wrong GO",
	     wording_format(wording, "at most %s, however often it is looked at",
			    share_of(wording, contract->gate_alpha)));
}

static void tell_retention(struct teller *teller)
{
	const char *payload = wording_copy(teller->wording, json_text(declared(teller, "retention", "payload_days")));
	const char *labels = wording_copy(teller->wording, json_text(declared(teller, "retention", "label_days")));
	if (payload[0] == '\0' && labels[0] == '\0') {
		return;
	}
	begin(teller, "Retention");
	tell(teller, "Messages and replies",
	     payload[0] != '\0' ? wording_format(teller->wording, "%s days", payload) : "");
	tell(teller, "Judgements", labels[0] != '\0' ? wording_format(teller->wording, "%s days", labels) : "");
}

void specification_tell(struct specification *specification)
{
	struct teller teller = {.specification = specification,
				.contract = specification->contract,
				.wording = &specification->wording};
	specification->groups = wording_array(teller.wording, GROUPS_MAX, sizeof(*specification->groups));
	if (specification->groups == NULL) {
		return;
	}
	tell_head(&teller);
	tell_message(&teller);
	tell_records(&teller);
	tell_paths(&teller);
	tell_data(&teller);
	tell_limits(&teller);
	tell_fallback(&teller);
	tell_review(&teller);
	tell_gate(&teller);
	tell_retention(&teller);
}
