/* Edits of texts in place. The listings are what `diff -U2` prints, but for its time stamps. */
#include "harness/document/json_edit.h"
#include "harness/document/yaml_edit.h"
#include "tests/document/suites.h"
#include "tests/document/support.h"

/* --- JSON --- */

static const struct {
	const char *before;
	const char *name;
	const char *text; /* NULL: the member goes */
	const char *after;
} members[] = {
	{"{\"a\": 1, \"b\": [1, {\"x\": \"}\"}]}", "a", "2", "{\"a\": 2, \"b\": [1, {\"x\": \"}\"}]}"},
	{"{\"a\": 1, \"b\": 2}", "b", NULL, "{\"a\": 1}"},
	{"{\"a\": 1, \"b\": 2}", "a", NULL, "{\"b\": 2}"},
	{"{\"a\": 1}", "a", NULL, "{}"},
	{"{}", "n", "\"x\"", "{\"n\": \"x\"}"},
	{"{\"a\": \"\\\"\"}", "n", "0", "{\"a\": \"\\\"\", \"n\": 0}"},
	{"{\n\t\"a\": 1,\n\t\"b\": true\n}", "n", "[]", "{\n\t\"a\": 1,\n\t\"b\": true,\n\t\"n\": []\n}"},
	{"{\n\t\"a\": 1,\n\t\"b\": true\n}", "b", NULL, "{\n\t\"a\": 1\n}"},
	{" {\"a\" :1.50 } ", "n", "1", " {\"a\": 1.50, \"n\": 1} "},
};

START_TEST(json_members)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(16 << 20);
	struct wording wording = {.arena = &arena};
	struct text_edits edits = {.wording = &wording, .source = span_of(members[_i].before), .file = "f"};
	const struct json_member_edit edit = {members[_i].name, members[_i].text};
	json_edit_members(&edits, support_json(&arena, members[_i].before), &edit, 1);
	ck_assert_str_eq(text_edits_apply(&edits).data, members[_i].after);
}
END_TEST

START_TEST(json_appended)
{
	static const char *const before[] = {"{}", "{\"a\": {}}", "{\n  \"a\": 1\n}"};
	static const char *const after[] = {"{\"x\": 1, \"y\": 2}", "{\"a\": {}, \"x\": 1, \"y\": 2}",
					    "{\n  \"a\": 1,\n  \"x\": 1,\n  \"y\": 2\n}"};
	for (size_t i = 0; i < 3; i++) {
		struct arena arena CLEANUP_ARENA = ARENA_INIT(16 << 20);
		struct wording wording = {.arena = &arena};
		struct text_edits edits = {.wording = &wording, .source = span_of(before[i]), .file = "f"};
		const struct json_node *object = support_json(&arena, before[i]);
		json_edit_append(&edits, object, "x", "1");
		json_edit_append(&edits, object, "y", "2");
		ck_assert_str_eq(text_edits_apply(&edits).data, after[i]);
	}
}
END_TEST

/* --- YAML --- */

enum yaml_action { MEMBERS, REMOVE, APPEND };

static const struct {
	const char *before;
	enum yaml_action action;
	size_t item;
	struct yaml_member_edit edits[3];
	const char *after; /* NULL: refused */
} items[] = {
	/* a value on its own line, with a comment behind it */
	{"fields:\n  - {name: a, compare: exact}  # one\n  - {name: b}\n",
	 MEMBERS,
	 0,
	 {{"compare", "number"}},
	 "fields:\n  - {name: a, compare: number}  # one\n  - {name: b}\n"},
	{"fields:\n  - {name: a}  # one\n",
	 MEMBERS,
	 0,
	 {{"critical", "true"}, {"title", "\"T\""}},
	 "fields:\n  - {name: a, critical: true, title: \"T\"}  # one\n"},
	{"fields:\n  - name: a  # one\n    at: /a\n  - name: b\n",
	 MEMBERS,
	 0,
	 {{"critical", "true"}},
	 "fields:\n  - name: a  # one\n    at: /a\n    critical: true\n  - name: b\n"},
	{"fields:\n- name: a\n  at: /a",
	 MEMBERS,
	 0,
	 {{"critical", "true"}},
	 "fields:\n- name: a\n  at: /a\n  critical: true"},
	{"fields:\n  - name: a\n    compare:\n      number: {abs: 1}   # x\n    at: /a\n",
	 MEMBERS,
	 0,
	 {{"compare", "{number: {abs: 2}}"}},
	 "fields:\n  - name: a\n    compare:\n      {number: {abs: 2}}   # x\n    at: /a\n"},
	{"fields:\n  - name: a\n    description: |\n      long\n      text\n  - name: b\n",
	 MEMBERS,
	 0,
	 {{"description", "\"short\""}},
	 "fields:\n  - name: a\n    description: \"short\"\n  - name: b\n"},
	{"fields:\n  - name: a\n    description: |\n      long\n  - name: b\n",
	 MEMBERS,
	 0,
	 {{"critical", "true"}},
	 "fields:\n  - name: a\n    description: |\n      long\n    critical: true\n  - name: b\n"},
	{"fields:\n  - {name: a, title: T, at: /a}\n",
	 MEMBERS,
	 0,
	 {{"title", NULL}},
	 "fields:\n  - {name: a, at: /a}\n"},
	{"fields:\n  - {title: T, description: D, name: a}\n",
	 MEMBERS,
	 0,
	 {{"title", NULL}, {"description", NULL}},
	 "fields:\n  - {name: a}\n"},
	{"fields:\n  - {name: a, title: T, description: D}\n",
	 MEMBERS,
	 0,
	 {{"title", NULL}, {"description", NULL}, {"critical", "true"}},
	 "fields:\n  - {name: a, critical: true}\n"},
	{"fields:\n  - name: a\n    title: T  # t\n    at: /a\n",
	 MEMBERS,
	 0,
	 {{"title", NULL}},
	 "fields:\n  - name: a\n    at: /a\n"},
	{"fields:\n  - title: T\n    name: a\n", MEMBERS, 0, {{"title", NULL}}, "fields:\n  - name: a\n"},
	{"fields:\n  - {name: a, title: \"${HOME}\"}\n", MEMBERS, 0, {{"title", "x"}}, NULL},
	{"fields:\n  - {name: a, title: T}\n", MEMBERS, 0, {{"title", NULL}, {"name", NULL}}, NULL},
	{"fields: [{name: \"ä, b\", at: /a}, {name: c}]\n",
	 MEMBERS,
	 0,
	 {{"at", "/é"}},
	 "fields: [{name: \"ä, b\", at: /é}, {name: c}]\n"},
	{"fields:\n  # of a\n  - {name: a}  # a\n  # of b\n  - {name: b}\n\nz: 1\n",
	 REMOVE,
	 0,
	 {{NULL, NULL}},
	 "fields:\n  # of a\n  # of b\n  - {name: b}\n\nz: 1\n"},
	{"fields:\n  - name: a\n    at: /a\n  - name: b\n    at: /b   # end\nz: 1\n",
	 REMOVE,
	 1,
	 {{NULL, NULL}},
	 "fields:\n  - name: a\n    at: /a\nz: 1\n"},
	{"fields: [{name: a}, {name: b}]\n", REMOVE, 0, {{NULL, NULL}}, NULL},
	{"fields:\n  -\n    name: a\n  - {name: b}\n", REMOVE, 0, {{NULL, NULL}}, NULL},
	{"fields:\n  - {name: a}  # a\n\n# end\n",
	 APPEND,
	 0,
	 {{"name", "n"}, {"at", "/n"}},
	 "fields:\n  - {name: a}  # a\n  - {name: n, at: /n}\n\n# end\n"},
	{"fields:\n- name: a\n  at: /a", APPEND, 0, {{"name", "n"}}, "fields:\n- name: a\n  at: /a\n- {name: n}"},
	{"fields:\r\n  - name: a\r\n    at: /a  # a\r\n",
	 MEMBERS,
	 0,
	 {{"critical", "true"}, {"title", "T"}},
	 "fields:\r\n  - name: a\r\n    at: /a  # a\r\n    critical: true\r\n    title: T\r\n"},
	{"fields:\r\n  - {name: a}", APPEND, 0, {{"name", "n"}}, "fields:\r\n  - {name: a}\r\n  - {name: n}"},
	{"fields: [{name: a}]\n", APPEND, 0, {{"name", "n"}}, NULL},
};

static bool act(struct yaml_edits *yaml, size_t i)
{
	const struct json_node *list = json_get_text(yaml->document.root, "fields");
	size_t count = 0;
	while (count < 3 && items[i].edits[count].name != NULL) {
		count++;
	}
	const struct json_node *item = json_at(list, items[i].item);
	return items[i].action == MEMBERS  ? yaml_edit_members(yaml, item, items[i].edits, count)
	       : items[i].action == REMOVE ? yaml_edit_remove_item(yaml, list, item)
					   : yaml_edit_append_item(yaml, list, items[i].edits, count);
}

START_TEST(yaml_items)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(16 << 20);
	struct wording wording = {.arena = &arena};
	struct error err = ERROR_INIT;
	struct span source = span_of(items[_i].before);
	struct yaml_edits yaml = {.edits = {.wording = &wording, .source = source, .file = "f"}};
	ck_assert_msg(yaml_parse(&arena, "f", source, &yaml.document, &err), "%s", err.message);
	bool done = act(&yaml, (size_t)_i);
	ck_assert_int_eq(done, items[_i].after != NULL);
	ck_assert(done || yaml.edits.count == 0);
	if (done) {
		struct yaml_document document;
		struct span after = text_edits_apply(&yaml.edits);
		ck_assert_str_eq(after.data, items[_i].after);
		ck_assert_msg(yaml_parse(&arena, "f", after, &document, &err), "%s", err.message);
	}
}
END_TEST

/* --- listing --- */

START_TEST(listing)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(64 << 20);
	struct wording wording = {.arena = &arena};
	struct span source = SPAN("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12");
	struct text_edits edits = {.wording = &wording, .source = source, .file = "f"};
	ck_assert_str_eq(text_edits_show(&edits), "");
	text_edit_add(&edits, 6, 6, "3b\n");     /* after 3 */
	text_edit_add(&edits, 10, 12, "");       /* 6 goes */
	text_edit_add(&edits, 24, 26, "twelve"); /* the last, without a line feed */
	ck_assert_str_eq(text_edits_show(&edits), "--- f\n+++ f\n"
						  "@@ -2,7 +2,7 @@\n 2\n 3\n+3b\n 4\n 5\n-6\n 7\n 8\n"
						  "@@ -10,3 +10,3 @@\n 10\n 11\n-12\n\\ No newline at end of file\n"
						  "+twelve\n\\ No newline at end of file\n");
	ck_assert_str_eq(text_edits_apply(&edits).data, "1\n2\n3\n3b\n4\n5\n7\n8\n9\n10\n11\ntwelve");
}
END_TEST

START_TEST(insertion_at_the_start_and_end)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(64 << 20);
	struct wording wording = {.arena = &arena};
	struct text_edits edits = {.wording = &wording, .source = SPAN("a\nb\n"), .file = "f"};
	text_edit_add(&edits, 0, 0, "x\n");
	text_edit_add(&edits, 4, 4, "y\n");
	text_edit_add(&edits, 4, 4, "z\n");
	ck_assert_str_eq(text_edits_show(&edits), "--- f\n+++ f\n@@ -1,2 +1,5 @@\n+x\n a\n b\n+y\n+z\n");
}
END_TEST

START_TEST(an_insertion_comes_before_what_begins_there)
{
	struct arena arena CLEANUP_ARENA = ARENA_INIT(64 << 20);
	struct wording wording = {.arena = &arena};
	struct text_edits edits = {.wording = &wording, .source = SPAN("a\nb\nc\n"), .file = "f"};
	text_edit_add(&edits, 2, 4, "");
	text_edit_add(&edits, 2, 2, "x\n");
	text_edit_add(&edits, 2, 2, "y\n");
	ck_assert_str_eq(text_edits_apply(&edits).data, "a\nx\ny\nc\n");
}
END_TEST

Suite *edit_suite(void)
{
	Suite *suite = suite_create("edit");
	TCase *tests = tcase_create("texts");
	tcase_add_loop_test(tests, json_members, 0, (int)(sizeof(members) / sizeof(members[0])));
	tcase_add_test(tests, json_appended);
	tcase_add_loop_test(tests, yaml_items, 0, (int)(sizeof(items) / sizeof(items[0])));
	tcase_add_test(tests, listing);
	tcase_add_test(tests, insertion_at_the_start_and_end);
	tcase_add_test(tests, an_insertion_comes_before_what_begins_there);
	suite_add_tcase(suite, tests);
	return suite;
}
