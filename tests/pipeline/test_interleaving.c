/* Exchanges and answers in any order, repeated, in batches, under a worker that is killed: in the end the store is as
 * if every exchange had come with the answer that counts. */
#include "harness/base/clock.h"
#include "harness/base/hash.h"
#include "tests/pipeline/late.h"
#include "tests/pipeline/suites.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXCHANGES = 60, ANSWERS_MAX = 4, DELIVERIES_MAX = 1000, ROUNDS = 8, KILLS = 12 };

#define HOUR (3600 * CLOCK_SECOND)

static const char *const REPLIES[] = {
	"{\"queue\":\"a\",\"amount\":1}",
	"{\"queue\":\"b\",\"amount\":1}",
	"{\"queue\":7,\"amount\":2,\"note\":\"x\"}", /* deviates from the schema */
	"",
};
static const int OUTCOMES[] = {LEGACY_OK, LEGACY_REPAIRED, LEGACY_MANUAL, LEGACY_PARKED};
static const char *const LLM[] = {"{\"queue\":\"a\",\"amount\":1}", "no JSON", NULL};

/* The story of one exchange: what is delivered, and what must count in the end. */
struct story {
	char room[32];
	char key[16];
	int64_t captured_at;
	const char *inline_reply; /* NULL: awaited */
	const char *llm;
	struct {
		int64_t answered_at;
		int kind;
	} answers[ANSWERS_MAX];
	int answer_count;
};

static uint64_t state;
static struct story stories[EXCHANGES];
static struct spool_exchange deliveries[DELIVERIES_MAX];
static size_t delivery_count;

static int below(int limit)
{
	return (int)(random_next(&state) % (uint64_t)limit);
}

static void push(struct spool_exchange delivery)
{
	ck_assert_uint_lt(delivery_count, DELIVERIES_MAX);
	deliveries[delivery_count++] = delivery;
}

/* Times of answers are all different, so that no order of arrival can matter. */
static void invent(struct story *story, int id, int64_t now)
{
	story->captured_at = now - 50 * HOUR + below(1000);
	story->inline_reply = below(3) == 0 ? REPLIES[below(3)] : NULL;
	story->llm = LLM[below(3)];
	story->answer_count = below(ANSWERS_MAX + 1);
	snprintf(story->key, sizeof(story->key), "%d", id);
	struct spool_exchange exchange =
		late_exchange(story->room, id, story->captured_at, story->inline_reply, story->llm);
	push(exchange);
	for (int copies = below(3); copies > 1; copies--) {
		push(exchange);
	}
	for (int i = 0; i < story->answer_count; i++) {
		story->answers[i].answered_at = story->captured_at + (1 + below(40)) * HOUR + i;
		story->answers[i].kind = below(4);
		struct spool_exchange outcome =
			late_outcome(story->key, now, story->answers[i].answered_at, OUTCOMES[story->answers[i].kind],
				     REPLIES[story->answers[i].kind]);
		push(outcome);
		for (int copies = below(3); copies > 1; copies--) {
			push(outcome);
		}
	}
}

static void shuffle(void)
{
	for (size_t i = delivery_count; i > 1; i--) {
		size_t other = (size_t)below((int)i);
		struct spool_exchange swap = deliveries[i - 1];
		deliveries[i - 1] = deliveries[other];
		deliveries[other] = swap;
	}
}

/* What the contract's rule says by hand; -1: what came with the message, or nothing. */
static int what_counts(const struct story *story, enum contract_counts counts, int64_t cutoff)
{
	int best = -1;
	bool has_inline = story->inline_reply != NULL;
	for (int i = 0; i < story->answer_count; i++) {
		int64_t at = story->answers[i].answered_at;
		if (counts == COUNTS_AT_CUTOFF && at > story->captured_at + cutoff) {
			continue;
		}
		if (best < 0) {
			best = counts == COUNTS_FIRST && has_inline ? -1 : i;
		} else if ((counts == COUNTS_FIRST) == (at < story->answers[best].answered_at)) {
			best = i;
		}
	}
	return best;
}

/* The same messages, each with the answer that counts, in a store of its own. */
static struct installation *tell_plainly(char directory[64], enum contract_counts counts, int64_t cutoff)
{
	static char rooms[EXCHANGES][32];
	struct installation *plain = late_install(directory, "contract.yaml");
	struct spool_exchange list[EXCHANGES];
	size_t count = 0;
	for (int i = 0; i < EXCHANGES; i++) {
		const struct story *story = &stories[i];
		int best = what_counts(story, counts, cutoff);
		const char *reply = best >= 0 ? REPLIES[story->answers[best].kind] : story->inline_reply;
		list[count] = late_exchange(rooms[i], i + 1, story->captured_at, reply, story->llm);
		if (best >= 0) {
			list[count].legacy_outcome = OUTCOMES[story->answers[best].kind];
		}
		count++;
	}
	late_append_to(plain, "ingest", list, count);
	late_work_on(plain);
	return plain;
}

static const char *const CONTENTS[] = {
	"SELECT format('%s %d', hex(exchange_id), legacy_outcome) FROM exchange ORDER BY 1",
	"SELECT format('%s %d %d %d', hex(e.exchange_id), v.state, coalesce(v.outcome, -1), coalesce(v.verdict, -1)) "
	"FROM evaluation v JOIN exchange e ON e.id = v.exchange_id ORDER BY 1",
	"SELECT format('%s %s %d %d %d', hex(e.exchange_id), r.key, r.verdict, r.side, r.sampled) FROM record r JOIN "
	"exchange e ON e.id = r.exchange_id ORDER BY 1",
	"SELECT format('%s %s %d %d %s %s', hex(e.exchange_id), d.key, d.field_id, d.verdict, d.legacy_value, "
	"d.llm_value) FROM field_difference d JOIN exchange e ON e.id = d.exchange_id ORDER BY 1",
	"SELECT format('%s %d %d %s', hex(e.exchange_id), v.path, v.field_id, v.value) FROM review_value v JOIN "
	"review_item t ON t.id = v.item_id JOIN exchange e ON e.id = t.exchange_id JOIN record r ON r.exchange_id = "
	"t.exchange_id AND r.key = t.key ORDER BY 1",
	"SELECT format('%d %d %d %d %d', s.path, d.hour, d.week, d.replies, d.contract_drift) FROM rollup_drift d JOIN "
	"reply_source s ON s.id = d.source_id ORDER BY 1",
	"SELECT format('%s %d %d %s %s', hex(e.exchange_id), d.path, d.class, d.instance, d.sentence) FROM deviation d "
	"JOIN "
	"exchange e ON e.id = d.exchange_id ORDER BY 1",
};

static void compare_with(const struct installation *plain)
{
	for (size_t i = 0; i < sizeof(CONTENTS) / sizeof(CONTENTS[0]); i++) {
		char *found = late_list(late_installation, CONTENTS[i]);
		char *expected = late_list(plain, CONTENTS[i]);
		ck_assert_msg(strcmp(found, expected) == 0, "%s\ngives\n%.3000sand should give\n%.3000s", CONTENTS[i],
			      found, expected);
		free(found);
		free(expected);
	}
}

static void work_and_be_killed(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		late_work();
		_exit(0);
	}
	usleep((useconds_t)below(25000));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* In a few batches; with `kills`, of workers that do not live long. */
static void deliver(bool kills)
{
	size_t done = 0;
	for (int round = 0; round < ROUNDS; round++) {
		size_t next =
			round == ROUNDS - 1 ? delivery_count : done + (size_t)below((int)(delivery_count - done) + 1);
		late_append_to(late_installation, "ingest", deliveries + done, next - done);
		done = next;
		for (int i = 0; kills && i < KILLS / ROUNDS + 1; i++) {
			work_and_be_killed();
		}
		if (!kills) {
			late_work();
			late_check_sums();
		}
	}
	late_work();
	late_check_sums();
}

static void tell(uint64_t seed, enum contract_counts counts, bool kills)
{
	char directory[64];
	int64_t cutoff = 20 * HOUR;
	state = seed;
	delivery_count = 0;
	int64_t now = clock_now();
	late_installation->contracts[0]->legacy_counts = counts;
	late_installation->contracts[0]->legacy_cutoff_us = cutoff;
	for (int i = 0; i < EXCHANGES; i++) {
		invent(&stories[i], i + 1, now);
	}
	shuffle();
	deliver(kills);
	struct installation *plain = tell_plainly(directory, counts, cutoff);
	compare_with(plain);
	late_remove(plain, directory);
}

START_TEST(any_order)
{
	static const enum contract_counts counts[] = {COUNTS_FIRST, COUNTS_FINAL, COUNTS_AT_CUTOFF};
	tell(20261121 + (uint64_t)_i, counts[_i % 3], false);
}
END_TEST

START_TEST(killed_in_between)
{
	tell(4711 + (uint64_t)_i, COUNTS_FINAL, true);
}
END_TEST

Suite *interleaving_suite(void)
{
	Suite *suite = suite_create("interleaving");
	TCase *tcase = tcase_create("late answers");
	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, late_setup, late_teardown);
	tcase_add_loop_test(tcase, any_order, 0, 9);
	tcase_add_loop_test(tcase, killed_in_between, 0, 6);
	suite_add_tcase(suite, tcase);
	return suite;
}
