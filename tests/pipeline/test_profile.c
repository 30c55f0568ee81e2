/* Profiles of fields: counts against counts made here by hand, exactly once, bounded, and nothing personal kept. */
#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/pipeline/profile.h"
#include "harness/store/profile.h"
#include "tests/pipeline/late.h"
#include "tests/pipeline/suites.h"

#include <stdio.h>
#include <stdlib.h>

enum { MESSAGES = 600, SECONDS = 120, WEEK = 202647, TEXT_MAX = 64 << 20 };

static const int64_t START = INT64_C(1795000000000000);
static const char GOOD[] = "{\"queue\":\"x\",\"amount\":1}";

static struct installation *installation;
static char directory[64];

static void setup(void)
{
	installation = late_install(directory, "gate-warn.yaml");
	late_installation = installation;
}

static void teardown(void)
{
	late_remove(installation, directory);
}

static int64_t counted(const char *side, const char *pointer, enum profile_measure measure, const char *bins)
{
	char sql[512];
	snprintf(sql, sizeof(sql),
		 "SELECT coalesce(sum(r.count), 0) FROM rollup_profile r JOIN profile_field f ON f.id = r.field_id "
		 "WHERE f.side = %s AND f.pointer = '%s' AND r.measure = %d AND (%s)",
		 side, pointer, (int)measure, bins);
	return late_ask(sql);
}

/* What the messages of one run are made of, and how often. */
struct expected {
	int64_t kinds[3];
	int64_t nulls;
	int64_t numbers;
	int64_t below_zero;
	int64_t items;
	int64_t items_of[4];
	int64_t with_items;
};

static void write_message(char *room, int i, struct expected *e)
{
	static const char *const kinds[] = {"order", "change", "cancel"};
	int length = sprintf(room, "{\"id\":%d,\"kind\":\"%s\"", i, kinds[i % 3]);
	e->kinds[i % 3]++;
	if (i % 5 == 0) {
		length += sprintf(room + length, ",\"amount\":null");
		e->nulls++;
	} else if (i % 7 != 0) {
		length += sprintf(room + length, ",\"amount\":%d.5", i % 11 == 0 ? -i : i);
		e->numbers++;
		e->below_zero += i % 11 == 0;
	}
	length += sprintf(room + length, ",\"lines\":[");
	for (int k = 0; k < i % 4; k++) {
		length += sprintf(room + length, "%s{\"sku\":\"S%d\"}", k > 0 ? "," : "", k);
		e->items++;
	}
	e->items_of[i % 4]++;
	e->with_items += i % 4 > 0;
	sprintf(room + length, "],\"contact\":\"person%d@example.com\",\"kind\":\"twice\"}", i);
}

static void feed(int from, int to, struct expected *e)
{
	char *rooms = malloc((size_t)(to - from) * 512);
	struct spool_exchange *exchanges = calloc((size_t)(to - from), sizeof(*exchanges));
	for (int i = from; i < to; i++) {
		char unused[64];
		char *room = rooms + (size_t)(i - from) * 512;
		exchanges[i - from] = late_exchange(unused, i, START + i, GOOD, "{\"queue\":\"x\",\"amount\":\"2\"}");
		write_message(room, i, e);
		exchanges[i - from].request_body = span_of(room);
	}
	late_append_to(installation, "ingest", exchanges, (size_t)(to - from));
	late_work();
	free(exchanges);
	free(rooms);
}

static void check(const struct expected *e, int messages)
{
	ck_assert_int_eq(counted("-1", "", PROFILE_TYPE, "bin = 6"), messages);
	ck_assert_int_eq(counted("-1", "/kind", PROFILE_TEXT, "1"), messages);
	for (int i = 0; i < 3; i++) {
		static const char *const kinds[] = {"order", "change", "cancel"};
		char bins[128];
		snprintf(bins, sizeof(bins),
			 "bin = (SELECT token FROM profile_value v WHERE v.field_id = f.id AND value = '%s')",
			 kinds[i]);
		ck_assert_int_eq(counted("-1", "/kind", PROFILE_TEXT, bins), e->kinds[i]);
	}
	ck_assert_int_eq(counted("-1", "/amount", PROFILE_TYPE, "bin = 0"), e->nulls);
	ck_assert_int_eq(counted("-1", "/amount", PROFILE_NUMBER, "1"), e->numbers);
	ck_assert_int_eq(counted("-1", "/amount", PROFILE_NUMBER, "bin < 0"), e->below_zero);
	for (int i = 0; i < 4; i++) {
		char bins[32];
		snprintf(bins, sizeof(bins), "bin = %d", i);
		ck_assert_int_eq(counted("-1", "/lines", PROFILE_ITEMS, bins), e->items_of[i]);
	}
	ck_assert_int_eq(counted("-1", "/lines/*/sku", PROFILE_TEXT, "1"), e->items);
	ck_assert_int_eq(counted("-1", "/lines/*/sku", PROFILE_PRESENCE, "bin = 0"), e->with_items);
	ck_assert_int_eq(counted("0", "/queue", PROFILE_TEXT, "1"), messages);
	ck_assert_int_eq(counted("1", "/amount", PROFILE_TEXT, "1"), messages);
	ck_assert_int_eq(counted("1", "/amount", PROFILE_NUMBER, "1"), 0);
}

/* In several runs, with deliveries repeated: each exchange once. */
START_TEST(counts_are_those_of_the_messages)
{
	struct expected e = {0};
	struct expected again = {0};
	feed(0, MESSAGES / 3, &e);
	feed(MESSAGES / 3, MESSAGES, &e);
	feed(0, MESSAGES / 2, &again);
	check(&e, MESSAGES);
	/* too many different texts: open, and from then on by length */
	ck_assert_int_eq(late_ask("SELECT is_open FROM profile_field WHERE pointer = '/contact'"), 1);
	ck_assert_int_eq(counted("-1", "/contact", PROFILE_TEXT, "1") + counted("-1", "/contact", PROFILE_LENGTH, "1"),
			 MESSAGES);
}
END_TEST

/* A late first answer is counted, a correction of it is not. */
START_TEST(late_answers_count_once)
{
	char room[64];
	late_append(late_exchange(room, 7, START, NULL, GOOD));
	late_work();
	ck_assert_int_eq(counted("0", "/queue", PROFILE_TEXT, "1"), 0);
	late_append(late_outcome("7", START + 1, 0, LEGACY_OK, GOOD));
	late_work();
	ck_assert_int_eq(counted("0", "/queue", PROFILE_TEXT, "1"), 1);
	late_append(late_outcome("7", START + 2, START + 5, LEGACY_REPAIRED, "{\"queue\":\"y\",\"amount\":2}"));
	late_work();
	ck_assert_int_eq(counted("0", "/queue", PROFILE_TEXT, "1"), 1);
	ck_assert_int_eq(counted("1", "/queue", PROFILE_TEXT, "1"), 1);
}
END_TEST

START_TEST(nothing_personal_is_in_the_file)
{
	struct error err = ERROR_INIT;
	struct expected e = {0};
	CLEANUP_BUFFER struct buffer bytes = BUFFER_INIT(TEXT_MAX);
	static const char person[] = "{\"id\":1,\"contact\":\"zara@example.com\",\"kind\":\"zebra\","
				     "\"book\":{\"yolanda@example.com\":1,\"Max Muster\":2}}";
	char room[64];
	feed(100, 103, &e);
	struct spool_exchange exchange = late_exchange(room, 1, START, GOOD, GOOD);
	exchange.request_body = span_of(person);
	late_append(exchange);
	late_work();
	late_change("DELETE FROM payload");
	late_change("VACUUM");
	late_change("PRAGMA wal_checkpoint(TRUNCATE)");
	late_must(file_read(strchr(installation->store, ':') + 1, &bytes, &err), &err);
	static const char *const words[] = {"zara@", "zebra", "yolanda", "Muster", "person100"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		ck_assert_msg(text_find(buffer_span(&bytes), span_of(words[i])) == bytes.length, "%s is kept",
			      words[i]);
	}
	ck_assert_uint_lt(text_find(buffer_span(&bytes), SPAN("cancel")), bytes.length);
	ck_assert_int_eq(counted("-1", "/book/*", PROFILE_NUMBER, "1"), 2);
}
END_TEST

/* --- by hand, on a store of its own --- */

static struct store *store;
static struct profile *profile;
static struct hash_key *key;
static struct error err;

static void open_profile(void)
{
	store = store_open(installation->store, STORE_CREATE, 1000, &err);
	late_must(store != NULL, &err);
	int64_t id = 0;
	key = hash_key_create(SPAN("a key"));
	late_must(store_begin(store, &err) && store_interface(store, SPAN("orders"), &id, &err) &&
			  store_commit(store, &err),
		  &err);
	profile = profile_create(installation->contracts[0], key, id);
	ck_assert_ptr_nonnull(profile);
}

static void close_profile(void)
{
	profile_destroy(profile);
	hash_key_destroy(key);
	store_close(store);
}

static void add(struct span text, int64_t side)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT(1 << 30);
	const struct json_node *root = NULL;
	late_must(json_parse(&arena, text, NULL, &root, &err), &err);
	late_must(profile_add(profile, store, side, root, WEEK, false, &err), &err);
}

START_TEST(a_rollback_leaves_nothing)
{
	open_profile();
	late_must(store_begin(store, &err), &err);
	add(SPAN("{\"a\":1,\"b\":\"x\"}"), PROFILE_MESSAGE);
	store_rollback(store);
	late_must(store_begin(store, &err), &err);
	add(SPAN("{\"a\":1,\"b\":\"x\",\"c\":null}"), PROFILE_MESSAGE);
	late_must(store_commit(store, &err), &err);
	close_profile();
	ck_assert_int_eq(counted("-1", "/a", PROFILE_NUMBER, "1"), 1);
	ck_assert_int_eq(counted("-1", "/b", PROFILE_TEXT, "1"), 1);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM profile_field"), 4);
}
END_TEST

static void write_hostile(struct buffer *text, int which)
{
	switch (which) {
	case 0: /* 100,000 different names */
		buffer_append_text(text, "{\"m\":{\"n0\":0");
		for (int i = 1; i < 100000; i++) {
			buffer_append_format(text, ",\"%c%c%c%c\":%d", 'a' + i % 26, 'a' + i / 26 % 26,
					     'a' + i / 676 % 26, 'a' + i / 17576, i);
		}
		buffer_append_text(text, "}}");
		return;
	case 1: /* a long list */
		buffer_append_text(text, "[1");
		for (int i = 0; i < 200000; i++) {
			buffer_append_text(text, ",{\"a\":[1,2,3]}");
		}
		buffer_append_text(text, "]");
		return;
	case 2: /* long texts, long names */
		buffer_append_text(text, "{\"t\":\"");
		for (int i = 0; i < 1 << 20; i++) {
			buffer_append_byte(text, 'x');
		}
		buffer_append_text(text, "\",\"");
		for (int i = 0; i < 1000; i++) {
			buffer_append_byte(text, 'n');
		}
		buffer_append_text(text, "\":1}");
		return;
	default: /* deep */
		for (int i = 0; i < 500; i++) {
			buffer_append_text(text, i % 2 == 0 ? "{\"d\":" : "[");
		}
		buffer_append_text(text, "1");
		for (int i = 499; i >= 0; i--) {
			buffer_append_text(text, i % 2 == 0 ? "}" : "]");
		}
	}
}

START_TEST(hostile_messages_are_bounded)
{
	open_profile();
	late_must(store_begin(store, &err), &err);
	for (int which = 0; which < 4; which++) {
		CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
		write_hostile(&text, which);
		ck_assert(!text.failed);
		add(buffer_span(&text), PROFILE_MESSAGE);
		add(buffer_span(&text), PROFILE_LEGACY);
	}
	late_must(store_commit(store, &err), &err);
	close_profile();
	ck_assert_int_le(late_ask("SELECT count(*) FROM profile_field"), 2 * 201);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM profile_field WHERE pointer = '/m' AND is_map = 1"), 2);
	ck_assert_int_le(late_ask("SELECT max(length(pointer)) FROM profile_field"), PROFILE_POINTER_MAX);
	ck_assert_int_eq(counted("0", "", PROFILE_TYPE, "bin = 6"), 3);
	ck_assert_int_gt(counted("-1", "", PROFILE_LEFT_OUT, "1"), 100000);
	ck_assert_int_eq(counted("-1", "/t", PROFILE_LENGTH, "1"), 1);
}
END_TEST

/* More fields than fields are profiled, over many messages; and what was a map stays one after a restart. */
START_TEST(limits_hold_over_time)
{
	open_profile();
	late_must(store_begin(store, &err), &err);
	for (int i = 0; i < 40; i++) {
		CLEANUP_BUFFER struct buffer text = BUFFER_INIT(TEXT_MAX);
		buffer_append_format(&text, "{\"byday\":{\"d%c%c\":1},\"g%c\":{\"z\":1", 'a' + i / 26, 'a' + i % 26,
				     'a' + i % 20);
		for (int k = 0; k < 20; k++) {
			buffer_append_format(&text, ",\"f%c\":%d", 'a' + k, k);
		}
		buffer_append_text(&text, "}}");
		add(buffer_span(&text), PROFILE_LEGACY);
	}
	for (int i = 0; i < 30; i++) {
		char text[64];
		snprintf(text, sizeof(text), "{\"byday\":{\"x%c%c\":1}}", 'a' + i / 26, 'a' + i % 26);
		add(span_of(text), PROFILE_LEGACY);
	}
	late_must(store_commit(store, &err), &err);
	close_profile();
	ck_assert_int_le(late_ask("SELECT count(*) FROM profile_field"), 202);
	ck_assert_int_gt(counted("0", "", PROFILE_LEFT_OUT, "1"), 0);
	int64_t fields = late_ask("SELECT count(*) FROM profile_field");
	open_profile();
	late_must(store_begin(store, &err), &err);
	add(SPAN("{\"byday\":{\"yy\":1,\"daa\":1}}"), PROFILE_LEGACY);
	late_must(store_commit(store, &err), &err);
	close_profile();
	ck_assert_int_eq(late_ask("SELECT count(*) FROM profile_field"), fields);
}
END_TEST

/* Dates are open from the start, but in a field whose texts the reference has they are new texts, as are those past
 * the limit. */
START_TEST(a_frozen_field_stays_told_apart)
{
	open_profile();
	late_must(store_begin(store, &err), &err);
	add(SPAN("{\"code\":\"c1\",\"due\":\"2026-11-01\"}"), PROFILE_LEGACY);
	add(SPAN("{\"code\":\"c2\",\"due\":\"2026-11-02\"}"), PROFILE_LEGACY);
	add(SPAN("{\"code\":\"c3\",\"due\":\"2026-11-03\"}"), PROFILE_LEGACY);
	profile_set_frozen(profile, PROFILE_LEGACY, true);
	for (int day = 1; day <= 28; day++) {
		char text[64];
		snprintf(text, sizeof(text), "{\"code\":\"2026-11-%02d\"}", day);
		add(span_of(text), PROFILE_LEGACY);
	}
	for (int i = 0; i < 200; i++) {
		char text[64];
		snprintf(text, sizeof(text), "{\"code\":\"x%d\"}", i);
		add(span_of(text), PROFILE_LEGACY);
	}
	late_must(store_commit(store, &err), &err);
	close_profile();
	ck_assert_int_eq(late_ask("SELECT is_open FROM profile_field WHERE pointer = '/due'"), 1);
	ck_assert_int_eq(late_ask("SELECT is_open FROM profile_field WHERE pointer = '/code'"), 0);
	ck_assert_int_eq(counted("0", "/code", PROFILE_TEXT, "1"), 231);
	/* 3 before and 61 after have a token of their own */
	ck_assert_int_eq(counted("0", "/code", PROFILE_TEXT, "bin = 0"), 28 + 200 - 61);
	ck_assert_int_eq(late_ask("SELECT count(*) FROM profile_value v JOIN profile_field f ON f.id = v.field_id "
				  "WHERE f.pointer = '/code'"),
			 PROFILE_TEXTS_MAX);
}
END_TEST

/* Inside personal data undeclared names are data, too, whatever item of a list the contract names. */
START_TEST(names_inside_personal_data_are_not_kept)
{
	static const char *const personal[] = {"/people/3", "/a~1b"};
	for (size_t i = 0; i < 2; i++) {
		installation->contracts[0]->personal[0] = personal[i];
		open_profile();
		late_must(store_begin(store, &err), &err);
		add(SPAN("{\"people\":[{\"zora\":1}],\"a/b\":{\"yara\":2},\"other\":{\"plain\":3}}"), PROFILE_MESSAGE);
		late_must(store_commit(store, &err), &err);
		close_profile();
		late_change("DELETE FROM rollup_profile");
		ck_assert_int_eq(late_ask("SELECT count(*) FROM profile_field WHERE pointer = '/other/plain'"), 1);
		ck_assert_int_eq(late_ask("SELECT count(*) FROM profile_field WHERE pointer LIKE '%zora'"),
				 i == 0 ? 0 : 1);
		ck_assert_int_eq(late_ask("SELECT count(*) FROM profile_field WHERE pointer LIKE '%yara'"),
				 i == 0 ? 1 : 0);
		late_change("DELETE FROM profile_field");
	}
}
END_TEST

/* A share by a coin: the same for every side and every time, and about as often as it says. */
START_TEST(a_share_is_counted)
{
	open_profile();
	struct contract_profile *rule = &installation->contracts[0]->profile;
	int chosen = 0;
	rule->share_ppm = 250000;
	for (uint32_t i = 0; i < 4000; i++) {
		uint8_t id[16] = {0};
		memcpy(id, &i, sizeof(i));
		bool is_chosen = profile_chosen(profile, id);
		ck_assert(is_chosen == profile_chosen(profile, id));
		chosen += is_chosen;
	}
	ck_assert_int_ge(chosen, 900); /* Bin(4000, 1/4): 1000, standard deviation 27 */
	ck_assert_int_le(chosen, 1100);
	static const uint8_t one[16] = {1};
	rule->share_ppm = 0;
	ck_assert(!profile_chosen(profile, one));
	rule->share_ppm = 1000000;
	ck_assert(profile_chosen(profile, one));
	rule->fields = 0;
	ck_assert(!profile_chosen(profile, one));
	ck_assert(!profile_chosen(NULL, one));
	close_profile();
}
END_TEST

Suite *profile_suite(void)
{
	Suite *suite = suite_create("profile");
	TCase *test = tcase_create("counts");
	tcase_set_timeout(test, SECONDS);
	tcase_add_checked_fixture(test, setup, teardown);
	tcase_add_test(test, counts_are_those_of_the_messages);
	tcase_add_test(test, late_answers_count_once);
	tcase_add_test(test, nothing_personal_is_in_the_file);
	tcase_add_test(test, a_rollback_leaves_nothing);
	tcase_add_test(test, hostile_messages_are_bounded);
	tcase_add_test(test, limits_hold_over_time);
	tcase_add_test(test, a_frozen_field_stays_told_apart);
	tcase_add_test(test, names_inside_personal_data_are_not_kept);
	tcase_add_test(test, a_share_is_counted);
	suite_add_tcase(suite, test);
	return suite;
}
