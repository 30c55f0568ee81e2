#include "harness/document/specification.h"

#include "harness/base/text.h"

#include <stdio.h>

enum { STEM_MAX = 200 };

/* --- identity --- */

void specification_hash(const struct contract *contract, uint8_t hash[SHA256_SIZE])
{
	const struct span pieces[] = {contract->text, contract->response_schema_text, contract->request_schema_text};
	hash_sha256_pieces(pieces, sizeof(pieces) / sizeof(pieces[0]), hash);
}

static const char *hash_text(struct wording *wording, const struct contract *contract)
{
	uint8_t hash[SHA256_SIZE];
	struct buffer hex CLEANUP_BUFFER = BUFFER_INIT(2 * SHA256_SIZE);
	specification_hash(contract, hash);
	text_write_hex(&hex, hash, SHA256_SIZE);
	return wording_take(wording, &hex);
}

static const char *file_stem(struct wording *wording, const struct contract *contract)
{
	char stem[STEM_MAX];
	snprintf(stem, sizeof(stem), "%s-%s", contract->interface, contract->version);
	for (char *c = stem; *c != '\0'; c++) {
		char lower = text_lower(*c);
		bool kept = (lower >= 'a' && lower <= 'z') || text_is_digit(*c) || *c == '.' || *c == '-' || *c == '_';
		*c = kept ? *c : '-';
	}
	return wording_copy(wording, span_of(stem));
}

/* --- data classification --- */

/* Does the declared pointer name the place or something around it? An asterisk of the place stands for any index. */
static bool is_around(struct span declared, const char *place)
{
	size_t at = 0;
	while (at < declared.length) {
		if (*place == '*' && text_is_digit(declared.data[at])) {
			while (at < declared.length && text_is_digit(declared.data[at])) {
				at++;
			}
		} else if (*place == declared.data[at]) {
			at++;
		} else {
			return false;
		}
		place++;
	}
	return *place == '\0' || *place == '/';
}

/* Length + 1 of the longest of the declared paths that covers the place, 0 for none. */
static size_t covers(struct wording *wording, const struct json_node *list, const char *place)
{
	size_t best = 0;
	for (const struct json_node *item = json_first(list); item != NULL; item = json_next(list, item)) {
		struct buffer pointer CLEANUP_BUFFER = BUFFER_INIT(1 << 16);
		struct select_path path;
		bool readable = select_compile(json_text(item), wording->arena, &path, NULL) &&
				select_to_pointer(&path, &pointer);
		if (readable && is_around(buffer_span(&pointer), place) && pointer.length + 1 > best) {
			best = pointer.length + 1;
		}
	}
	return best;
}

static const char *classify(struct wording *wording, const struct contract *contract, const char *place)
{
	const struct json_node *data = json_get_text(contract->root, "data");
	size_t internal = covers(wording, json_get_text(data, "internal"), place);
	size_t personal = covers(wording, json_get_text(data, "pii"), place);
	if (personal > internal) {
		return json_count(json_get_text(data, "approvals")) > 0 ? "personal data, sent with an approval"
									: "personal data, not sent";
	}
	return internal > 0 ? "may be sent" : "never sent";
}

/* --- leaves --- */

/* The fields whose values stand at the place. */
static const char *fields_at(struct wording *wording, const struct field_table *fields, const struct schema_leaf *leaf)
{
	const char *names = "";
	for (size_t i = 0; i < fields->count; i++) {
		const struct schema_place *place = &fields->rows[i].place;
		if (place->node != NULL && place->node == leaf->place.node && place->parent == leaf->place.parent) {
			names = wording_join(wording, names, ", ", fields->rows[i].cells[FIELD_NAME]);
		}
	}
	return names;
}

static struct specification_leaves make_leaves(struct specification *specification, struct schema_view *view,
					       const struct schema_leaf *leaves, size_t count, bool is_message)
{
	struct wording *wording = &specification->wording;
	struct specification_leaves made = {.list = wording_array(wording, count, sizeof(*made.list))};
	for (size_t i = 0; i < count && made.list != NULL; i++) {
		struct specification_leaf *leaf = &made.list[made.count++];
		leaf->path = leaves[i].path;
		leaf->depth = leaves[i].depth;
		leaf->required = leaves[i].place.parent == NULL ? "" : leaves[i].required ? "yes" : "no";
		leaf->repeats = leaves[i].repeats;
		leaf->mark = "";
		leaf->facts = schema_view_facts(view, leaves[i].place.node);
		leaf->field = is_message ? classify(wording, specification->contract, leaf->path)
					 : fields_at(wording, &specification->fields, &leaves[i]);
	}
	return made;
}

/* A contract's tables, without the words. */
static void make_tables(struct specification *specification)
{
	const struct contract *contract = specification->contract;
	struct schema_view message = {.root = contract->request_schema_json, .wording = &specification->wording};
	struct schema_view reply = {.root = contract->response_schema_json, .wording = &specification->wording};
	size_t message_count;
	size_t reply_count;
	bool message_more;
	bool reply_more;
	const struct schema_leaf *message_leaves = schema_view_leaves(&message, &message_count, &message_more);
	const struct schema_leaf *reply_leaves = schema_view_leaves(&reply, &reply_count, &reply_more);
	specification->fields = field_table_make(contract, &reply, message_leaves, message_count);
	specification->message = make_leaves(specification, &message, message_leaves, message_count, true);
	specification->reply = make_leaves(specification, &reply, reply_leaves, reply_count, false);
	specification->message.more = message_more;
	specification->reply.more = reply_more;
}

/* --- history --- */

enum { HISTORY_MAX = 4000 };

static void add_line(struct specification *specification, const char *line)
{
	if (specification->history_count < HISTORY_MAX) {
		specification->history[specification->history_count++] = line;
	}
}

static const struct specification_leaf *find_leaf(const struct specification_leaves *leaves, const char *path)
{
	for (size_t i = 0; i < leaves->count; i++) {
		if (strcmp(leaves->list[i].path, path) == 0) {
			return &leaves->list[i];
		}
	}
	return NULL;
}

static const char *leaf_difference(struct wording *wording, const struct specification_leaf *before,
				   const struct specification_leaf *after, bool is_message)
{
	const struct {
		const char *what;
		const char *before;
		const char *after;
	} parts[] = {
		{"type", before->facts.type, after->facts.type},
		{"format", before->facts.format, after->facts.format},
		{"range", before->facts.range, after->facts.range},
		{"allowed values", before->facts.allowed, after->facts.allowed},
		{"required", before->required, after->required},
		{"title", before->facts.title, after->facts.title},
		{"meaning", before->facts.meaning, after->facts.meaning},
		{"what may be sent", is_message ? before->field : "", is_message ? after->field : ""},
	};
	const char *words = "";
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(parts[i].before, parts[i].after) != 0) {
			words = wording_join(wording, words, ", ", parts[i].what);
		}
	}
	return words;
}

static void compare_leaves(struct specification *specification, const char *what,
			   const struct specification_leaves *before, struct specification_leaves *after)
{
	struct wording *wording = &specification->wording;
	for (size_t i = 0; i < after->count; i++) {
		struct specification_leaf *leaf = &after->list[i];
		const struct specification_leaf *old = find_leaf(before, leaf->path);
		const char *words =
			old != NULL ? leaf_difference(wording, old, leaf, after == &specification->message) : "";
		leaf->mark = old == NULL ? "new" : words[0] != '\0' ? "changed" : "";
		if (old == NULL) {
			add_line(specification, wording_format(wording, "%s: %s is new", what, leaf->path));
		} else if (words[0] != '\0') {
			add_line(specification,
				 wording_format(wording, "%s: %s: changed in %s", what, leaf->path, words));
		}
	}
	for (size_t i = 0; i < before->count; i++) {
		if (find_leaf(after, before->list[i].path) == NULL) {
			add_line(specification, wording_format(wording, "%s: %s is gone", what, before->list[i].path));
		}
	}
}

static const char *find_fact(const struct specification *specification, const char *title, const char *label)
{
	for (size_t i = 0; i < specification->group_count; i++) {
		const struct specification_group *group = &specification->groups[i];
		for (size_t k = 0; k < group->count && strcmp(group->title, title) == 0; k++) {
			if (strcmp(group->facts[k].label, label) == 0) {
				return group->facts[k].text;
			}
		}
	}
	return NULL;
}

static void compare_facts(struct specification *specification, const struct specification *one,
			  const struct specification *other, bool only_missing)
{
	for (size_t i = 0; i < one->group_count; i++) {
		const struct specification_group *group = &one->groups[i];
		for (size_t k = 0; k < group->count; k++) {
			const char *text = group->facts[k].text;
			const char *found = find_fact(other, group->title, group->facts[k].label);
			if (only_missing ? found == NULL : found == NULL || strcmp(found, text) != 0) {
				add_line(specification,
					 wording_format(&specification->wording, "%s: %s: %s%s%s", group->title,
							group->facts[k].label,
							only_missing ? "no longer: " : "now: ", text,
							found == NULL ? ""
								      : wording_format(&specification->wording,
										       "; before: %s", found)));
			}
		}
	}
}

static void make_history(struct specification *specification, const struct contract *since)
{
	struct specification before = {.wording = specification->wording, .contract = since};
	specification->history = wording_array(&specification->wording, HISTORY_MAX, sizeof(*specification->history));
	if (specification->history == NULL) {
		return;
	}
	specification->since = since->version;
	specification_tell(&before);
	make_tables(&before);
	specification->wording.failed = specification->wording.failed || before.wording.failed;
	compare_facts(specification, specification, &before, false);
	compare_facts(specification, &before, specification, true);
	specification->changes = field_table_diff(&specification->wording, &before.fields, &specification->fields,
						  &specification->change_count);
	for (size_t i = 0; i < specification->change_count; i++) {
		add_line(specification,
			 wording_format(&specification->wording, "Field %s",
					field_change_words(&specification->wording, &specification->changes[i])));
	}
	compare_leaves(specification, "Reply", &before.reply, &specification->reply);
	compare_leaves(specification, "Message", &before.message, &specification->message);
}

const char *specification_row_mark(const struct specification *specification, const struct field_row *row)
{
	for (size_t i = 0; i < specification->change_count; i++) {
		if (specification->changes[i].after == row) {
			return specification->changes[i].kind == FIELD_ADDED ? "new" : "changed";
		}
	}
	return "";
}

bool specification_make(const struct contract *contract, const struct contract *since, struct arena *arena,
			struct specification *ret_specification, struct error *err)
{
	struct specification specification = {.wording = {.arena = arena}, .contract = contract};
	specification.hash = hash_text(&specification.wording, contract);
	specification.file_stem = file_stem(&specification.wording, contract);
	specification.title = contract->title != NULL ? contract->title : contract->interface;
	specification_tell(&specification);
	make_tables(&specification);
	if (since != NULL) {
		make_history(&specification, since);
	}
	if (specification.wording.failed) {
		return error_set(err, ERROR_LIMIT, "the contract is too large for a mapping specification; shorten it");
	}
	*ret_specification = specification;
	return true;
}
