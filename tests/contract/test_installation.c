#include "harness/base/file.h"
#include "harness/base/text.h"
#include "harness/contract/contract.h"
#include "tests/contract/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET "7f3a9c"

static char home[] = "/tmp/understudy-contract-XXXXXX";

static const char *in_home(const char *name)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s/%s", home, name);
	return path;
}

static void put(const char *name, const char *text, unsigned mode)
{
	struct error err = ERROR_INIT;
	ck_assert_msg(file_make_parent(in_home(name), &err) && file_write(in_home(name), span_of(text), mode, &err),
		      "%s", err.message);
}

static const char contract_text[] = "interface: orders\n"
				    "version: 1\n"
				    "owners: {integration: a}\n"
				    "message: {id: none}\n"
				    "tap: {listen: \"127.0.0.1:8080\", legacy: \"http://h:1\"}\n"
				    "legacy: {kind: live, version: 1}\n"
				    "candidates: [{name: past, provider: recorded}]\n"
				    "schemas: {response: r.json}\n"
				    "fields: [{name: queue, at: /queue}]\n"
				    "data: {}\n";

static void set_up(void)
{
	memcpy(home + sizeof(home) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(home));
	put("c/contract.yaml", contract_text, 0600);
	put("c/r.json", "{}", 0600);
	setenv("CASE_KEY", "0123456789-secret-" SECRET, 1);
}

static void tear_down(void)
{
	char command[300];
	snprintf(command, sizeof(command), "rm -rf '%s'", home);
	ck_assert_int_eq(system(command), 0);
}

static struct installation *load_text(const char *text, struct error *err)
{
	put("understudy.yaml", text, 0600);
	return installation_load(in_home("understudy.yaml"), err);
}

static struct installation *load_good(const char *text)
{
	struct error err = ERROR_INIT;
	struct installation *installation = load_text(text, &err);
	ck_assert_msg(installation != NULL, "%s:%d: %s", err.file, err.line, err.message);
	return installation;
}

#define HEAD "store: sqlite:var/understudy.db\nspool: file:var/spool\n"
#define SMALL HEAD "interfaces: [c/contract.yaml]\n"

START_TEST(defaults)
{
	struct installation *i = load_good(SMALL);
	struct buffer text CLEANUP_BUFFER = BUFFER_INIT(4096);
	uint8_t digest[SHA256_SIZE];
	buffer_append_format(&text, "sqlite:%s/var/understudy.db", home);
	ck_assert_str_eq(i->store, text.data);
	buffer_clear(&text);
	buffer_append_format(&text, "%s/var/spool", home);
	ck_assert_str_eq(i->spool, text.data);
	hash_sha256(buffer_span(&text), digest);
	buffer_clear(&text);
	buffer_append_format(&text, "/dev/shm/understudy-%ju-", (uintmax_t)geteuid());
	text_write_hex(&text, digest, 8);
	buffer_append_text(&text, ".ring");
	ck_assert_str_eq(i->ring, text.data);
	ck_assert_uint_eq(i->ring_bytes, 64U << 20);
	ck_assert_int_eq(i->sync_interval_ms, 200);
	ck_assert_int_eq(i->tap_connections, 4096);
	ck_assert_str_eq(i->timezone, "UTC");
	ck_assert_int_eq(zone_offset(i->zone, 0), 0);
	ck_assert_ptr_null(i->web_listen);
	ck_assert_uint_eq(i->sampling_key.length, 0);
	ck_assert_uint_eq(i->contract_count, 1);
	ck_assert_ptr_eq(installation_find(i, "orders"), i->contracts[0]);
	ck_assert_ptr_null(installation_find(i, "other"));
	installation_destroy(i);
	ck_assert_int_ne(access(in_home("var"), F_OK), 0); /* loading makes nothing */
}
END_TEST

/* The ring's name must not depend on how the configuration file was named. */
START_TEST(same_ring)
{
	char path[300];
	struct error err = ERROR_INIT;
	struct installation *a = load_good(SMALL);
	snprintf(path, sizeof(path), "%s/c/.././understudy.yaml", home);
	struct installation *b = installation_load(path, &err);
	ck_assert_ptr_nonnull(b);
	ck_assert_str_eq(a->ring, b->ring);
	ck_assert_str_eq(a->store, b->store);
	installation_destroy(a);
	installation_destroy(b);
	a = load_good(
		"store: sqlite:var/understudy.db\nspool: file:./x//../var/spool/\ninterfaces: [c/contract.yaml]\n");
	b = load_good(SMALL);
	ck_assert_str_eq(a->ring, b->ring);
	installation_destroy(a);
	installation_destroy(b);
}
END_TEST

START_TEST(all_keys)
{
	struct installation *i = load_good(
		HEAD
		"ring: {path: var/r, mib: 3}\nsync_interval_ms: 50\ntap: {connections: 9}\ntimezone: Europe/Berlin\n"
		"web: {listen: \"127.0.0.1:0\"}\nkeys: {sampling: \"${CASE_KEY}\"}\n"
		"interfaces: [c/contract.yaml]\n");
	ck_assert_uint_eq(i->ring_bytes, 3U << 20);
	ck_assert_str_eq(i->ring + strlen(home), "/var/r");
	ck_assert_int_eq(i->sync_interval_ms, 50);
	ck_assert_int_eq(i->tap_connections, 9);
	ck_assert_str_eq(i->web_listen, "127.0.0.1:0");
	ck_assert(span_is(i->sampling_key, "0123456789-secret-" SECRET));
	ck_assert_ptr_null(i->sampling_key_file);
	struct error err = ERROR_INIT;
	ck_assert(installation_make_key(i, &err));
	installation_destroy(i);
}
END_TEST

START_TEST(make_key)
{
	struct error err = ERROR_INIT;
	struct stat status;
	struct installation *a = load_good(SMALL);
	struct installation *b = load_good(SMALL);
	ck_assert_msg(installation_make_key(a, &err), "%s", err.message);
	ck_assert_uint_eq(a->sampling_key.length, 32);
	ck_assert_int_eq(stat(in_home("var/sampling.key"), &status), 0);
	ck_assert_uint_eq(status.st_mode & 0777, 0600);
	ck_assert(installation_make_key(b, &err)); /* loaded before the key was there: takes the same */
	ck_assert(span_equal(a->sampling_key, b->sampling_key));
	struct installation *c = load_good(SMALL);
	ck_assert(span_equal(a->sampling_key, c->sampling_key));
	installation_destroy(a);
	installation_destroy(b);
	installation_destroy(c);
}
END_TEST

START_TEST(key_file)
{
	put("k", "0123456789abcdef\n", 0600);
	struct installation *i = load_good(SMALL "keys: {sampling: {file: k}}\n");
	ck_assert(span_is(i->sampling_key, "0123456789abcdef\n"));
	installation_destroy(i);
}
END_TEST

static const struct {
	const char *text;
	int line;
	const char *message;
} bad[] = {
	{"spool: file:x\ninterfaces: [c/contract.yaml]\n", 1, "the file needs the key \"store\"; add it: sqlite:PATH"},
	{"store: var/understudy.db\nspool: file:x\ninterfaces: [c/contract.yaml]\n", 1,
	 "store is not well-formed; expected: sqlite:PATH"},
	{"store: postgresql://h/d\nspool: file:x\ninterfaces: [c/contract.yaml]\n", 1,
	 "this store is not supported yet; write sqlite:PATH"},
	{HEAD "interfaces: []\n", 3, "interfaces is empty; expected: a list of contract files"},
	{HEAD "interfaces:\n  - c/nowhere.yaml\n", 4, "the contract "},
	{HEAD "interfaces: [c/contract.yaml, c/contract.yaml]\n", 3,
	 "interface orders stands in two contracts; keep one of them"},
	{SMALL "timezone: Europe/Nowhere\n", 4, "timezone: "},
	{SMALL "timezone: ../etc/passwd\n", 4, "timezone: "},
	{SMALL "web: {listen: 8400}\n", 4,
	 "web.listen must be text, not a number; expected: HOST:PORT such as 127.0.0.1:8400"},
	{SMALL "web: {listen: \"127.0.0.1:8080\"}\n", 3,
	 "interface orders listens where web does; give each its own port"},
	{SMALL "extends: other.yaml\n", 4, "extends is not supported yet; remove it"},
	{SMALL "keys: {masking: \"${CASE_KEY}\"}\n", 4, "keys.masking is not supported yet; remove it"},
	{SMALL "keys: {sampling: " SECRET "0123456789abcdef}\n", 4, "the key stands in the file; write ${NAME} here"},
	{SMALL "keys: {sampling: {file: nowhere}}\n", 4, "the key file "},
	{SMALL "keys: {sampling: {file: readable}}\n", 4, "the key file "},
	{SMALL "keys: {sampling: {file: short}}\n", 4,
	 "the sampling key is shorter than 16 bytes; use 32 random bytes"},
	{SMALL "ring: {mib: 0}\n", 4, "ring.mib is too small; expected: its size in MiB, from 1 to 65536"},
	{SMALL "ingest: {listen: \"127.0.0.1:8091\", token: short}\n", 4,
	 "ingest.token is too short; expected: ${NAME} of a bearer token of at least 16 characters"},
	{SMALL "intrfaces: []\n", 4,
	 "unknown key \"intrfaces\"; did you mean \"interfaces\"? allowed here: store, spool, ring, "
	 "sync_interval_ms, tap, web, ingest, interfaces, timezone, keys"},
};

START_TEST(refused)
{
	struct error err = ERROR_INIT;
	put("readable", "0123456789abcdef", 0644);
	ck_assert_int_eq(chmod(in_home("readable"), 0644), 0);
	put("short", "0123456789" SECRET, 0600);
	ck_assert_int_eq(truncate(in_home("short"), 15), 0);
	ck_assert_ptr_null(load_text(bad[_i].text, &err));
	ck_assert_str_eq(err.file, in_home("understudy.yaml"));
	ck_assert_msg(strncmp(err.message, bad[_i].message, strlen(bad[_i].message)) == 0, "expected %s\n  got %s",
		      bad[_i].message, err.message);
	ck_assert_int_eq(err.line, bad[_i].line);
	ck_assert_ptr_null(strstr(err.message, SECRET));
	ck_assert_ptr_nonnull(strchr(err.message, ';'));
}
END_TEST

/* An error in a contract names the contract as the installation's file leads to it. */
START_TEST(contract_error)
{
	struct error err = ERROR_INIT;
	put("c/contract.yaml", "interface: orders\nversin: 1\n", 0600);
	ck_assert_ptr_null(load_text(SMALL, &err));
	ck_assert_str_eq(err.file, in_home("c/contract.yaml"));
	ck_assert_int_eq(err.line, 2);
}
END_TEST

/* --- the examples --- */

static struct installation *load_example(const char *file)
{
	struct error err = ERROR_INIT;
	setenv("TAP_LISTEN", "127.0.0.1:8080", 1);
	setenv("WEB_LISTEN", "127.0.0.1:8400", 1);
	setenv("LEGACY_URL", "http://127.0.0.1:9000", 1);
	setenv("LLM_URL", "http://127.0.0.1:9001/v1", 1);
	setenv("LLM_API_KEY", "secret-" SECRET, 1);
	setenv("LLM_MODEL", "gpt-4o-mini", 1);
	struct installation *installation = installation_load(file, &err);
	ck_assert_msg(installation != NULL, "%s:%d: %s", err.file, err.line, err.message);
	return installation;
}

START_TEST(ticket_routing)
{
	struct installation *i = load_example("examples/ticket-routing/understudy.yaml");
	const struct contract *c = installation_find(i, "ticket-routing");
	struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
	const struct json_node *request;
	const struct json_node *reply;
	ck_assert_ptr_nonnull(c);
	ck_assert(c->legacy_simulated && c->candidates[0].simulated);
	ck_assert_uint_eq(c->field_count, 4);
	ck_assert(c->fields[0].critical);
	ck_assert_int_eq(c->limit_cost_per_transaction_nano, 10000000);
	ck_assert(json_parse(
		&arena,
		SPAN("{\"ticket_id\": \"T-000123\", \"created\": \"2026-09-21T08:15:00Z\", \"product\": \"p\","
		     "\"text\": \"t\", \"contact\": \"name@example.com\"}"),
		NULL, &request, NULL));
	ck_assert(schema_validate(c->request_schema, request, NULL));
	ck_assert(json_parse(&arena,
			     SPAN("{\"ticket_id\": \"T-000123\", \"queue\": \"billing\", \"priority\": \"low\","
				  "\"amount\": 0, \"language\": \"en\", \"confidence\": 0.5}"),
			     NULL, &reply, NULL));
	ck_assert(schema_validate(c->response_schema, reply, NULL));
	ck_assert(!schema_validate(c->response_schema, request, NULL));
	installation_destroy(i);
}
END_TEST

/* Labels of banking77 hold a capital letter and a question mark; the service answers with them. */
START_TEST(banking_queries)
{
	static const char *const replies[] = {"{\"queue\": \"card_arrival\", \"confidence\": 0.97}",
					      "{\"queue\": \"Refund_not_showing_up\", \"confidence\": 0.5}",
					      "{\"queue\": \"reverted_card_payment?\", \"confidence\": 0.5}",
					      "{\"queue\": \"card_arrival\", \"confidence\": \"0.97\"}",
					      "{\"queue\": \"card_arrival\", \"confidence\": 0.97, \"note\": 1}",
					      "{\"queue\": \"\", \"confidence\": 0.97}"};
	struct installation *i = load_example("examples/banking-queries/understudy.yaml");
	const struct contract *c = installation_find(i, "banking-queries");
	ck_assert_ptr_nonnull(c);
	ck_assert_uint_eq(c->review_disagree_ppm, 600000);
	ck_assert(!c->has_event_time);
	ck_assert_ptr_nonnull(strstr(c->candidates[0].prompt.data, "\nTEXT: {{/text}}\n"));
	for (size_t k = 0; k < sizeof(replies) / sizeof(replies[0]); k++) {
		struct arena arena CLEANUP_ARENA = ARENA_INIT(1 << 20);
		const struct json_node *reply;
		ck_assert(json_parse(&arena, span_of(replies[k]), NULL, &reply, NULL));
		ck_assert_msg(schema_validate(c->response_schema, reply, NULL) == (k < 3), "%s", replies[k]);
	}
	installation_destroy(i);
}
END_TEST

Suite *installation_suite(void)
{
	Suite *suite = suite_create("installation");
	TCase *tests = tcase_create("installation");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, defaults);
	tcase_add_test(tests, same_ring);
	tcase_add_test(tests, all_keys);
	tcase_add_test(tests, make_key);
	tcase_add_test(tests, key_file);
	tcase_add_loop_test(tests, refused, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tests, contract_error);
	tcase_add_test(tests, ticket_routing);
	tcase_add_test(tests, banking_queries);
	suite_add_tcase(suite, tests);
	return suite;
}
