#include "harness/store/version.h"
#include "tests/store/suites.h"
#include "tests/store/support.h"

static struct arena arena;

static void setup(void)
{
	setup_store();
	arena_init(&arena, 1 << 20);
}

static void teardown(void)
{
	arena_finish(&arena);
	teardown_store();
}

START_TEST(versions_keep_their_content)
{
	struct error err = ERROR_INIT;
	struct span hash;
	struct span content;
	bool found = true;
	must(store_version_find(test_store, 1, SPAN("1.0.0"), &arena, &found, &hash, &content, &err), &err);
	ck_assert(!found);
	must(store_begin(test_store, &err), &err);
	must(store_version_put(test_store, 1, SPAN("1.0.0"), SPAN("\x00\x01"), SPAN("{\"a\":1}"), 7, &err), &err);
	must(store_version_put(test_store, 1, SPAN("1.0.1"), SPAN("\x02"), SPAN("{}"), 8, &err), &err);
	must(store_commit(test_store, &err), &err);
	must(store_version_find(test_store, 1, SPAN("1.0.0"), &arena, &found, &hash, &content, &err), &err);
	ck_assert(found);
	ck_assert(span_equal(hash, SPAN("\x00\x01")));
	ck_assert(span_is(content, "{\"a\":1}"));
	must(store_version_find(test_store, 1, SPAN("1.0"), &arena, &found, &hash, &content, &err), &err);
	ck_assert(!found);
	ck_assert_int_eq(ask(test_store, "SELECT first_used_at FROM contract_version WHERE version = '1.0.1'"), 8);
}
END_TEST

START_TEST(putting_again_replaces)
{
	struct error err = ERROR_INIT;
	struct span hash;
	struct span content;
	bool found = false;
	must(store_begin(test_store, &err), &err);
	must(store_version_put(test_store, 1, SPAN("1"), SPAN("a"), SPAN("{}"), 7, &err), &err);
	must(store_version_put(test_store, 1, SPAN("1"), SPAN("b"), SPAN("[]"), 9, &err), &err);
	must(store_commit(test_store, &err), &err);
	must(store_version_find(test_store, 1, SPAN("1"), &arena, &found, &hash, &content, &err), &err);
	ck_assert(found && span_is(hash, "b") && span_is(content, "[]"));
	ck_assert_int_eq(ask(test_store, "SELECT count(*) FROM contract_version"), 1);
	ck_assert_int_eq(ask(test_store, "SELECT first_used_at FROM contract_version"), 9);
}
END_TEST

START_TEST(only_known_interfaces_have_versions)
{
	struct error err = ERROR_INIT;
	ck_assert(!store_version_put(test_store, 99, SPAN("1"), SPAN("a"), SPAN("{}"), 7, &err));
	ck_assert_int_ne((int)err.code, ERROR_NONE);
}
END_TEST

Suite *version_suite(void)
{
	Suite *suite = suite_create("version");
	TCase *tests = tcase_create("version");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, versions_keep_their_content);
	tcase_add_test(tests, putting_again_replaces);
	tcase_add_test(tests, only_known_interfaces_have_versions);
	suite_add_tcase(suite, tests);
	return suite;
}
