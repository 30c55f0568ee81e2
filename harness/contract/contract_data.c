/* What may leave for a model. `data` classifies places of the request; a place covers everything below it, and the most
 * specific classification counts. What no classification covers is never sent. */
#include "harness/base/text.h"
#include "harness/contract/config.h"
#include "harness/contract/prompt.h"

enum { POINTER_MAX = 1 << 16, DATE_LENGTH = 10, SHOWN_MAX = 80 };

/* Does `outer` name `inner`, or something around it? */
static bool is_around(struct span outer, struct span inner)
{
	return outer.length <= inner.length && memcmp(outer.data, inner.data, outer.length) == 0 &&
	       (outer.length == inner.length || inner.data[outer.length] == '/');
}

/* Length of the longest of the pointers around `place`, plus one; 0: none. */
static size_t longest_around(const char *const *pointers, size_t count, struct span place)
{
	size_t best = 0;
	for (size_t i = 0; i < count; i++) {
		struct span pointer = span_of(pointers[i]);
		if (is_around(pointer, place) && pointer.length + 1 > best) {
			best = pointer.length + 1;
		}
	}
	return best;
}

static const char *find_inside(const char *const *pointers, size_t count, struct span place)
{
	for (size_t i = 0; i < count; i++) {
		if (is_around(place, span_of(pointers[i]))) {
			return pointers[i];
		}
	}
	return NULL;
}

/* --- loading --- */

static bool read_pointer(const struct config *config, const struct json_node *node, const char *what,
			 const char **ret_pointer)
{
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(POINTER_MAX);
	struct select_path path;
	if (!config_path(config, node, what, &path)) {
		return false;
	}
	if (!select_to_pointer(&path, &text)) {
		return config_fail(config, node,
				   "%s: a place counted from an array's end cannot be classified; classify "
				   "the array",
				   what);
	}
	*ret_pointer = arena_copy(config->arena, buffer_span(&text));
	return *ret_pointer != NULL || config_fail_memory(config);
}

static bool read_pointers(const struct config *config, const char *name, const char **pointers, size_t *count)
{
	const struct json_node *list = config_get(config->document.root, name);
	for (const struct json_node *node = json_first(list); node != NULL; node = json_next(list, node)) {
		if (!read_pointer(config, node, name, &pointers[*count])) {
			return false;
		}
		(*count)++;
	}
	return true;
}

/* End of the longest-lived approval, 0 for none. An approval holds until the end of its last day (UTC). */
static bool read_approvals(const struct config *config, int64_t *ret_end)
{
	const struct json_node *list = config_get(config->document.root, "data.approvals");
	int64_t end = 0;
	for (const struct json_node *node = json_first(list); node != NULL; node = json_next(list, node)) {
		const struct json_node *until = config_get(node, "until");
		int64_t day;
		if (json_text(until).length != DATE_LENGTH || !clock_parse(json_text(until), &day)) {
			return config_fail(config, until, "data.approvals: until is no date; write it like 2027-06-30");
		}
		end = day + CLOCK_DAY > end ? day + CLOCK_DAY : end;
	}
	*ret_end = end;
	return true;
}

static bool refuse_contradiction(const struct config *config, const char *const *internal, size_t internal_count,
				 const char *const *personal, size_t personal_count)
{
	for (size_t i = 0; i < personal_count; i++) {
		for (size_t k = 0; k < internal_count; k++) {
			if (strcmp(personal[i], internal[k]) == 0) {
				return config_fail(
					config, config_get(config->document.root, "data.pii"),
					"one place stands under data.internal and data.pii; keep one of them");
			}
		}
	}
	return true;
}

bool contract_load_data(struct contract *contract, const struct config *config)
{
	size_t internal_most = json_count(config_get(contract->root, "data.internal"));
	size_t personal_most = json_count(config_get(contract->root, "data.pii"));
	const char **allowed = arena_allocate_array(config->arena, internal_most + personal_most, sizeof(const char *));
	const char **personal = arena_allocate_array(config->arena, personal_most, sizeof(const char *));
	size_t allowed_count = 0;
	size_t personal_count = 0;
	int64_t approved_until = 0;
	if (allowed == NULL || personal == NULL) {
		return config_fail_memory(config);
	}
	if (!read_pointers(config, "data.internal", allowed, &allowed_count) ||
	    !read_pointers(config, "data.pii", personal, &personal_count) ||
	    !refuse_contradiction(config, allowed, allowed_count, personal, personal_count) ||
	    !read_approvals(config, &approved_until)) {
		return false;
	}
	contract->personal = arena_allocate_array(config->arena, personal_count, sizeof(const char *));
	if (contract->personal == NULL) {
		return config_fail_memory(config);
	}
	memcpy(contract->personal, personal, personal_count * sizeof(const char *));
	contract->personal_count = personal_count;
	contract->allowed = allowed;
	contract->allowed_until = INT64_MAX;
	if (personal_count > 0 && approved_until > clock_now()) {
		memcpy(allowed + allowed_count, personal, personal_count * sizeof(const char *));
		allowed_count += personal_count;
		personal_count = 0;
		contract->allowed_until = approved_until;
	}
	contract->allowed_count = allowed_count;
	contract->withheld = personal;
	contract->withheld_count = personal_count;
	return true;
}

/* --- prompts --- */

static bool fail_use(const struct config *config, const struct json_node *node, struct span place, const char *problem,
		     const char *advice)
{
	const char *shown = config_from_environment(config, node) ? "the prompt" : json_text(node).data;
	int length = config_from_environment(config, node) ? 10 : (int)json_text(node).length;
	struct span message = place.length > 0 ? place : SPAN("the whole message");
	return config_fail(config, node, "%.*s uses %.*s, which %s; %s", length < SHOWN_MAX ? length : SHOWN_MAX, shown,
			   message.length < SHOWN_MAX ? (int)message.length : SHOWN_MAX, message.data, problem, advice);
}

static bool check_use(const struct contract *contract, const struct config *config, const struct json_node *node,
		      struct span place)
{
	bool ended = json_count(config_get(contract->root, "data.approvals")) > 0;
	const char *unapproved =
		ended ? "is personal data whose approval has ended" : "is personal data without approval";
	size_t allowed = longest_around(contract->allowed, contract->allowed_count, place);
	size_t withheld = longest_around(contract->withheld, contract->withheld_count, place);
	if (withheld > allowed) {
		return fail_use(config, node, place, unapproved,
				"renew or add data.approvals, or take it out of the prompt");
	}
	if (allowed == 0) {
		return fail_use(config, node, place, "is not classified under data",
				"add it to data.internal or data.pii, or take it out of the prompt");
	}
	if (find_inside(contract->withheld, contract->withheld_count, place) != NULL) {
		return fail_use(config, node, place, "holds personal data (data.pii) without a valid approval",
				"add data.approvals, or use the parts that may leave");
	}
	return true;
}

bool contract_check_prompt(const struct contract *contract, const struct config *config, const struct json_node *node,
			   struct span template_text)
{
	struct error inner = ERROR_INIT;
	struct select_path *pointers;
	size_t count;
	if (!prompt_pointers(template_text, config->arena, &pointers, &count, &inner)) {
		return config_fail_inner(config, node, "the prompt", &inner);
	}
	for (size_t i = 0; i < count; i++) {
		struct buffer place CLEANUP_BUFFER = BUFFER_INIT(POINTER_MAX);
		if (!select_to_pointer(&pointers[i], &place) || place.failed) {
			return config_fail(config, node, "the prompt names a place that is too long; shorten it");
		}
		if (!check_use(contract, config, node, buffer_span(&place))) {
			return false;
		}
	}
	return true;
}
