/* Numbers as people read them. */
#include "reports/report.h"

#include <math.h>
#include <stdio.h>

enum { TEXT = 48, MEMBERS_MAX = 4096 };

const char *percent_text(double share, char text[48])
{
	(void)snprintf(text, TEXT, isnan(share) ? "–" : "%.2f %%", 100 * share);
	return text;
}

const char *range_text(const struct stats_interval *interval, char text[48])
{
	(void)snprintf(text, TEXT, "%.2f to %.2f %%", 100 * interval->low, 100 * interval->high);
	return text;
}

const char *points_text(double difference, char text[48])
{
	(void)snprintf(text, TEXT, isnan(difference) ? "–" : "%+.2f points", 100 * difference);
	return text;
}

const char *points_range_text(const struct stats_interval *interval, char text[48])
{
	(void)snprintf(text, TEXT, "%+.2f to %+.2f points", 100 * interval->low, 100 * interval->high);
	return text;
}

const char *estimate_text(const struct stats_estimate *estimate, bool difference, char text[48])
{
	const struct stats_interval *range = &estimate->interval;
	(void)snprintf(text, TEXT, difference ? "%+.2f (%+.2f to %+.2f)" : "%.2f %% (%.2f to %.2f)",
		       100 * estimate->value, 100 * range->low, 100 * range->high);
	return text;
}

const char *money_text(double amount, const char *currency, char text[48])
{
	if (isnan(amount)) {
		(void)snprintf(text, TEXT, "–");
	} else {
		(void)snprintf(text, TEXT, "%.6f %.8s", amount, currency);
	}
	return text;
}

const char *count_text(uint64_t count, char text[48])
{
	char digits[TEXT];
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);
	int written = 0;
	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0) {
			text[written++] = ',';
		}
		text[written++] = digits[i];
	}
	text[written] = '\0';
	return text;
}

const char *simulation_notice(const struct report *report)
{
	size_t simulated = 0;
	for (size_t i = 0; i < report->candidate_count; i++) {
		simulated += report->candidates[i].candidate->simulated;
	}
	if (simulated == 0) {
		return report->contract->legacy_simulated
			       ? "The legacy path was simulated: a stand-in of this program answered. The figures that "
				 "rest on it say nothing about a real system."
			       : NULL;
	}
	if (report->contract->legacy_simulated && simulated == report->candidate_count) {
		return "Both paths were simulated: the legacy path and the LLM path are stand-ins of this program. The "
		       "figures show how the report works; they say nothing about a real system or a real model.";
	}
	return simulated == report->candidate_count
		       ? "The LLM path was simulated: a stand-in of this program answered. The figures that rest on it "
			 "say nothing about a real model."
		       : "Some LLM paths were simulated, as said beside each candidate. Their figures say nothing "
			 "about a "
			 "real model.";
}

/* --- what changed between two evaluation periods --- */

static bool same_member(const struct json_node *a, const struct json_node *b)
{
	return a != NULL && b != NULL && json_equal(a, b);
}

const char *report_changes(struct arena *arena, const char *before, const char *after)
{
	const struct json_node *old;
	const struct json_node *new;
	struct buffer names CLEANUP_BUFFER = BUFFER_INIT(MEMBERS_MAX);
	if (!json_parse(arena, span_of(before), NULL, &old, NULL) ||
	    !json_parse(arena, span_of(after), NULL, &new, NULL)) {
		return arena_copy(arena, SPAN("unknown"));
	}
	for (const struct json_node *name = json_first(new); name != NULL; name = json_next(new, name)) {
		if (!same_member(json_get(old, json_text(name)), json_member(name))) {
			buffer_append_text(&names, names.length > 0 ? ", " : "");
			buffer_append_span(&names, json_text(name));
		}
	}
	for (const struct json_node *name = json_first(old); name != NULL; name = json_next(old, name)) {
		if (json_get(new, json_text(name)) == NULL) {
			buffer_append_text(&names, names.length > 0 ? ", " : "");
			buffer_append_span(&names, json_text(name));
		}
	}
	return arena_copy(arena, names.length > 0 ? buffer_span(&names) : SPAN("nothing that can be named"));
}
