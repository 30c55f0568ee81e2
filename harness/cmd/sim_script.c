#include "harness/cmd/sim.h"

#include "harness/base/text.h"

enum { AMOUNT_MAX = 24 };

/* --- the shape --- */

static bool is_texts(const struct json_node *list)
{
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		if (!json_is(item, JSON_STRING)) {
			return false;
		}
	}
	return list == NULL || json_is(list, JSON_ARRAY);
}

static bool is_rule(const struct json_node *rule)
{
	return json_is(json_get_text(rule, "set"), JSON_OBJECT) && is_texts(json_get_text(rule, "contains")) &&
	       is_texts(json_get_text(rule, "all")) && is_texts(json_get_text(rule, "none"));
}

static bool is_amount(const struct json_node *amount)
{
	struct span format = json_text(json_get_text(amount, "format"));
	return amount == NULL ||
	       (json_is(json_get_text(amount, "member"), JSON_STRING) && is_texts(json_get_text(amount, "marks")) &&
		(span_is(format, "en") || span_is(format, "any")));
}

bool sim_script_check(const char *file, const struct json_node *script, struct error *err)
{
	const struct json_node *rules = json_get_text(script, "rules");
	const struct json_node *inputs = json_get_text(script, "inputs");
	if (!json_is(json_get_text(inputs, "text"), JSON_STRING)) {
		return sim_complain(file, "\"inputs\" must say where \"text\" stands", err);
	}
	if (!json_is(rules, JSON_ARRAY) || !json_is(json_get_text(script, "default"), JSON_OBJECT)) {
		return sim_complain(file, "the array \"rules\" or the object \"default\" is missing; add it", err);
	}
	for (const struct json_node *rule = json_first(rules); rule != NULL; rule = json_next(rules, rule)) {
		if (!is_rule(rule)) {
			return sim_complain(file,
					    "every rule needs an object \"set\", and arrays of texts as \"contains\", "
					    "\"all\" and \"none\"",
					    err);
		}
	}
	if (!is_amount(json_get_text(script, "amount"))) {
		return sim_complain(file, "\"amount\" needs \"member\", \"marks\" and the \"format\" en or any", err);
	}
	return true;
}

/* --- amounts --- */

static bool is_amount_byte(char c)
{
	return text_is_digit(c) || c == '.' || c == ',';
}

/* The number that starts at `text`, without punctuation that ends a sentence. */
static struct span number_at(struct span text)
{
	size_t length = 0;
	while (length < text.length && is_amount_byte(text.data[length])) {
		length++;
	}
	while (length > 0 && !text_is_digit(text.data[length - 1])) {
		length--;
	}
	return (struct span){text.data, length};
}

/* Is the last point or comma of the number a decimal one? Two digits or one behind it say so. */
static size_t decimal_place(struct span number)
{
	for (size_t i = number.length; i > 0; i--) {
		if (!text_is_digit(number.data[i - 1])) {
			return number.length - i <= 2 ? i - 1 : number.length;
		}
	}
	return number.length;
}

static struct span plain_number(struct span number, bool any_format, struct arena *arena)
{
	char plain[AMOUNT_MAX + 1] = "";
	size_t length = 0;
	size_t decimal = any_format ? decimal_place(number) : text_find(number, SPAN("."));
	for (size_t i = 0; i < number.length && i < AMOUNT_MAX; i++) {
		if (i == decimal) {
			plain[length++] = '.';
		} else if (text_is_digit(number.data[i])) {
			plain[length++] = number.data[i];
		}
	}
	size_t zeros = 0;
	while (zeros + 1 < length && plain[zeros] == '0' && text_is_digit(plain[zeros + 1])) {
		zeros++;
	}
	char *copy = arena_copy(arena, (struct span){plain + zeros, length - zeros});
	return span_of(copy);
}

/* Does a mark stand right behind the number, or right before it, with or without a space? */
static bool has_mark(struct span before, struct span behind, const struct json_node *marks)
{
	if (behind.length > 0 && behind.data[0] == ' ') {
		behind.data++;
		behind.length--;
	}
	if (before.length > 0 && before.data[before.length - 1] == ' ') {
		before.length--;
	}
	for (const struct json_node *mark = json_first(marks); mark != NULL; mark = json_next(marks, mark)) {
		struct span m = json_text(mark);
		if ((behind.length >= m.length && memcmp(behind.data, m.data, m.length) == 0) ||
		    (before.length >= m.length &&
		     memcmp(before.data + before.length - m.length, m.data, m.length) == 0)) {
			return true;
		}
	}
	return false;
}

struct span sim_find_amount(struct span text, const struct json_node *marks, bool any_format, struct arena *arena)
{
	for (size_t i = 0; i < text.length; i++) {
		if (!text_is_digit(text.data[i])) {
			continue;
		}
		struct span number = number_at((struct span){text.data + i, text.length - i});
		struct span behind = {number.data + number.length, text.length - i - number.length};
		if (has_mark((struct span){text.data, i}, behind, marks)) {
			return plain_number(number, any_format, arena);
		}
		i += number.length - 1;
	}
	return (struct span){NULL, 0};
}

/* --- deciding --- */

struct sim_member *sim_decision_find(struct sim_decision *decision, struct span name)
{
	for (size_t i = 0; i < decision->count; i++) {
		if (span_equal(decision->members[i].name, name)) {
			return &decision->members[i];
		}
	}
	return NULL;
}

struct span sim_member_text(const struct sim_member *member)
{
	return member->value != NULL ? json_text(member->value) : member->text;
}

static void add_member(struct sim_decision *decision, const struct sim_member *member)
{
	if (decision->count < SIM_MEMBERS_MAX && sim_decision_find(decision, member->name) == NULL) {
		decision->members[decision->count++] = *member;
	}
}

static void add_all(struct sim_decision *decision, const struct json_node *set)
{
	for (const struct json_node *name = json_first(set); name != NULL; name = json_next(set, name)) {
		add_member(decision, &(struct sim_member){.name = json_text(name), .value = json_member(name)});
	}
}

/* How many of the phrases stand in the text, which is in lower case. */
static size_t count_found(struct span text, const struct json_node *phrases)
{
	size_t found = 0;
	for (const struct json_node *phrase = json_first(phrases); phrase != NULL;
	     phrase = json_next(phrases, phrase)) {
		found += text_find(text, json_text(phrase)) < text.length ? 1 : 0;
	}
	return found;
}

static bool rule_holds(const struct json_node *rule, struct span text)
{
	const struct json_node *any = json_get_text(rule, "contains");
	const struct json_node *all = json_get_text(rule, "all");
	return (any == NULL || count_found(text, any) > 0) && count_found(text, all) == json_count(all) &&
	       count_found(text, json_get_text(rule, "none")) == 0;
}

static struct span lower_copy(struct span text, struct arena *arena)
{
	char *copy = arena_copy(arena, text);
	for (size_t i = 0; copy != NULL && i < text.length; i++) {
		copy[i] = text_lower(copy[i]);
	}
	return copy != NULL ? (struct span){copy, text.length} : SPAN("");
}

void sim_script_decide(const struct json_node *script, struct span (*input)(void *source, struct span where),
		       void *source, struct arena *arena, struct sim_decision *ret_decision)
{
	*ret_decision = (struct sim_decision){.count = 0};
	const struct json_node *inputs = json_get_text(script, "inputs");
	const struct json_node *copy = json_get_text(script, "copy");
	for (const struct json_node *name = json_first(copy); name != NULL; name = json_next(copy, name)) {
		struct span where = json_text(json_get(inputs, json_text(json_member(name))));
		add_member(ret_decision, &(struct sim_member){.name = json_text(name), .text = input(source, where)});
	}
	struct span text = input(source, json_text(json_get_text(inputs, "text")));
	struct span lower = lower_copy(text, arena);
	const struct json_node *rules = json_get_text(script, "rules");
	for (const struct json_node *rule = json_first(rules); rule != NULL; rule = json_next(rules, rule)) {
		if (rule_holds(rule, lower)) {
			add_all(ret_decision, json_get_text(rule, "set"));
		}
	}
	const struct json_node *amount = json_get_text(script, "amount");
	if (amount != NULL) {
		bool any = span_is(json_text(json_get_text(amount, "format")), "any");
		struct span found = sim_find_amount(text, json_get_text(amount, "marks"), any, arena);
		add_member(ret_decision, &(struct sim_member){.name = json_text(json_get_text(amount, "member")),
							      .text = found.length > 0 ? found : SPAN("0"),
							      .is_number = true});
	}
	add_all(ret_decision, json_get_text(script, "default"));
}

void sim_decision_write(const struct sim_decision *decision, struct buffer *json)
{
	buffer_append_byte(json, '{');
	for (size_t i = 0; i < decision->count; i++) {
		const struct sim_member *member = &decision->members[i];
		buffer_append_text(json, i > 0 ? "," : "");
		json_write_string(json, member->name);
		buffer_append_byte(json, ':');
		if (member->value != NULL) {
			json_write(json, member->value);
		} else if (member->is_number) {
			buffer_append_span(json, member->text);
		} else {
			json_write_string(json, member->text);
		}
	}
	buffer_append_byte(json, '}');
}
