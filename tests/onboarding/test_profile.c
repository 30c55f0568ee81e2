/* Counts by place, over documents that can be counted by hand. */
#include "harness/onboarding/place.h"
#include "harness/onboarding/profile.h"
#include "tests/onboarding/suites.h"

#include <math.h>
#include <stdio.h>

static void add(struct profile *profile, const char *text)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 26);
	const struct json_node *root = NULL;
	struct error err = ERROR_INIT;
	ck_assert_msg(json_parse(&arena, span_of(text), NULL, &root, &err), "%s", err.message);
	ck_assert_msg(sample_profile_add(profile, root, &err), "%s", err.message);
}

static struct profile_node *child(const struct profile *profile, const char *name)
{
	struct profile_node *node = sample_profile_child(profile->root, span_of(name));
	ck_assert_ptr_nonnull(node);
	return node;
}

START_TEST(values_are_counted_by_place)
{
	struct profile *profile = sample_profile_create();
	add(profile, "{\"a\":\"x\",\"n\":1.25,\"t\":null}");
	add(profile, "{\"a\":\"yy\",\"n\":-3,\"t\":[{\"k\":1},{\"k\":2}]}");
	add(profile, "{\"a\":\"x\",\"n\":\"7\",\"t\":[]}");
	add(profile, "{ \"n\": -3, \"a\": \"yy\", \"t\": [{\"k\":1},{\"k\":2}]}");
	ck_assert_uint_eq(profile->documents, 4);
	ck_assert_uint_eq(sample_profile_distinct_documents(profile), 3);
	const struct profile_node *a = child(profile, "a");
	ck_assert_uint_eq(a->present, 4);
	ck_assert_uint_eq(a->value_count, 2);
	ck_assert_uint_eq(a->length_min, 1);
	ck_assert_uint_eq(a->length_max, 2);
	ck_assert(sample_profile_has(a, SPAN("yy")) && !sample_profile_has(a, SPAN("y")));
	const struct profile_node *n = child(profile, "n");
	ck_assert_uint_eq(n->types[JSON_NUMBER], 3);
	ck_assert_uint_eq(n->types[JSON_STRING], 1);
	ck_assert_int_eq(n->decimals_max, 2);
	ck_assert_uint_eq(n->integers, 2);
	ck_assert(fabs(n->number_min + 3) < 1e-12 && fabs(n->number_max - 1.25) < 1e-12);
	const struct profile_node *t = child(profile, "t");
	ck_assert_uint_eq(t->types[JSON_NULL], 1);
	ck_assert_uint_eq(t->items_max, 2);
	ck_assert(!sample_profile_is_leaf(t) && sample_profile_is_leaf(a));
	sample_profile_destroy(profile);
}
END_TEST

START_TEST(members_tell_the_items_of_a_list_apart)
{
	struct profile *profile = sample_profile_create();
	add(profile, "{\"l\":[{\"k\":1,\"v\":\"a\"},{\"k\":2,\"v\":\"a\"}]}");
	add(profile, "{\"l\":[{\"k\":1,\"v\":\"a\"},{\"k\":2,\"v\":\"b\"}]}");
	add(profile, "{\"l\":[{\"k\":1,\"v\":\"a\"}]}"); /* says nothing */
	const struct profile_node *item = child(profile, "l")->children;
	const struct profile_node *k = sample_profile_child(item, SPAN("k"));
	const struct profile_node *v = sample_profile_child(item, SPAN("v"));
	ck_assert(item->is_items && k->inside_items);
	ck_assert_uint_eq(k->lists, 2);
	ck_assert_uint_eq(k->lists_unique, 2);
	ck_assert_uint_eq(v->lists_unique, 1);
	sample_profile_destroy(profile);
}
END_TEST

START_TEST(values_come_commonest_first)
{
	struct profile *profile = sample_profile_create();
	static const char *const documents[] = {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}", "{\"a\":\"a\"}"};
	for (size_t i = 0; i < 4; i++) {
		add(profile, documents[i]);
	}
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 16);
	size_t count = 0;
	const struct profile_value *values = sample_profile_values(child(profile, "a"), &arena, &count);
	ck_assert_uint_eq(count, 3);
	ck_assert_str_eq(values[0].text, "c");
	ck_assert_uint_eq(values[0].count, 2);
	ck_assert_str_eq(values[1].text, "a");
	ck_assert_str_eq(values[2].text, "b");
	sample_profile_destroy(profile);
}
END_TEST

/* An object with a name for each document is a map; a document nested too deep ends at the limit. */
START_TEST(hostile_documents_stay_within_the_limits)
{
	struct profile *profile = sample_profile_create();
	for (int i = 0; i < 1000; i++) {
		char text[64];
		snprintf(text, sizeof(text), "{\"map\":{\"k%d\":1},\"v\":\"value %d\"}", i, i);
		add(profile, text);
	}
	CLEANUP_BUFFER struct buffer deep = BUFFER_INIT(1 << 20);
	for (int i = 0; i < 400; i++) {
		buffer_append_text(&deep, "{\"d\":");
	}
	buffer_append_text(&deep, "1");
	for (int i = 0; i < 400; i++) {
		buffer_append_text(&deep, "}");
	}
	add(profile, deep.data);
	ck_assert(child(profile, "map")->is_map);
	ck_assert_uint_le(profile->nodes, 1 + PROFILE_MEMBERS + PROFILE_DEPTH + 3);
	const struct profile_node *v = child(profile, "v");
	ck_assert_uint_eq(v->value_count, 1000);
	ck_assert(!v->values_full);
	add(profile, "{\"v\":\"one more\"}");
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 20);
	size_t count = 1;
	ck_assert_ptr_nonnull(sample_profile_values(v, &arena, &count));
	ck_assert_uint_eq(count, 0);
	sample_profile_destroy(profile);
}
END_TEST

START_TEST(places_are_written_as_contracts_read_them)
{
	static const struct {
		const char *document;
		const char *path;
		const char *brief;
	} rows[] = {
		{"{\"a\":{\"b_1\":0}}", "$.a.b_1", "/a/b_1"},
		{"{\"a-b\":0}", "$['a-b']", "/a-b"},
		{"{\"a b\":0}", "$['a b']", "$['a b']"},
		{"{\"a'b\\\\c\":0}", "$['a\\'b\\\\c']", "$['a\\'b\\\\c']"},
		{"{\"${X}\":0}", "$['\\u0024{X}']", "$['\\u0024{X}']"},
		{"{\"\":0}", "$['']", "$['']"},
		{"{\"\\n\":0}", "$['\\u000a']", "$['\\u000a']"},
	};
	struct profile *profile = sample_profile_create();
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 16);
	add(profile, rows[_i].document);
	struct profile_node *node = profile->root;
	while (node->children != NULL) {
		node = node->children;
	}
	ck_assert_str_eq(place_path(profile->root, node, &arena), rows[_i].path);
	ck_assert_str_eq(place_short(profile->root, node, &arena), rows[_i].brief);
	sample_profile_destroy(profile);
}
END_TEST

START_TEST(comments_stay_on_their_line)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 16);
	ck_assert_str_eq(place_comment(SPAN("a\nb\r\xe2\x80\xa8"
					    "c\x7f"),
				       100, &arena),
			 "a b  c ");
	ck_assert_str_eq(place_comment(SPAN("äöü"), 2, &arena), "äö...");
	ck_assert_str_eq(place_count(0, &arena), "0");
	ck_assert_str_eq(place_count(999, &arena), "999");
	ck_assert_str_eq(place_count(1234567, &arena), "1,234,567");
}
END_TEST

Suite *profile_suite(void)
{
	Suite *suite = suite_create("profile");
	TCase *cases = tcase_create("profile");
	tcase_add_test(cases, values_are_counted_by_place);
	tcase_add_test(cases, members_tell_the_items_of_a_list_apart);
	tcase_add_test(cases, values_come_commonest_first);
	tcase_add_test(cases, hostile_documents_stay_within_the_limits);
	tcase_add_loop_test(cases, places_are_written_as_contracts_read_them, 0, 7);
	tcase_add_test(cases, comments_stay_on_their_line);
	suite_add_tcase(suite, cases);
	return suite;
}
