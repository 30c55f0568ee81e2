/* Header fields of captured heads, and bodies with and without content coding. */
#include "harness/base/hash.h"
#include "harness/codec/content.h"
#include "tests/codec/suites.h"

#include <stdlib.h>
#include <zlib.h>

enum { ARENA_MAX = 1 << 24, PACKED_MAX = 1 << 16, FORMAT_GZIP = 15 + 16, FORMAT_ZLIB = 15 };

static const char HEAD[] = "Host: a\r\ncontent-ENCODING:  gzip \r\nX-Empty:\r\nLast: x";

START_TEST(headers_are_found_without_regard_to_case)
{
	static const struct {
		const char *name;
		const char *value;
	} rows[] = {{"host", "a"}, {"Content-Encoding", "gzip"}, {"x-empty", ""}, {"LAST", "x"}, {"nothing", ""}};
	struct span found = content_header(span_of(HEAD), rows[_i].name);
	ck_assert_msg(span_is(found, rows[_i].value), "%.*s", SPAN_ARGUMENTS(found));
}
END_TEST

/* Packs with zlib itself, in the format asked for. */
static size_t pack(const char *text, size_t length, int format, unsigned char *packed)
{
	z_stream stream = {0};
	ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, format, 9, Z_DEFAULT_STRATEGY), Z_OK);
	unsigned char *copy = malloc(length + 1);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, length);
	stream.next_in = copy;
	stream.avail_in = (unsigned)length;
	stream.next_out = packed;
	stream.avail_out = PACKED_MAX;
	ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
	size_t size = PACKED_MAX - stream.avail_out;
	deflateEnd(&stream);
	free(copy);
	return size;
}

static bool decode(const char *head, struct span body, size_t maximum, struct span *ret_body, struct error *err)
{
	static struct arena arena = ARENA_INIT(ARENA_MAX);
	return content_decode(span_of(head), body, maximum, &arena, ret_body, err);
}

START_TEST(plain_bodies_are_the_body_itself)
{
	static const char *const heads[] = {"", "Content-Encoding: identity\r\n", "Content-Type: text/plain\r\n"};
	struct span body = SPAN("{\"a\": 1}");
	struct span decoded = {NULL, 0};
	ck_assert(decode(heads[_i], body, 10, &decoded, NULL));
	ck_assert_ptr_eq(decoded.data, body.data);
	ck_assert_uint_eq(decoded.length, body.length);
}
END_TEST

START_TEST(packed_bodies_are_unpacked)
{
	static const struct {
		const char *head;
		int format;
	} rows[] = {{"Content-Encoding: gzip\r\n", FORMAT_GZIP},
		    {"content-encoding: X-GZIP\r\n", FORMAT_GZIP},
		    {"Content-Encoding: deflate\r\n", FORMAT_ZLIB}};
	static const char text[] = "{\"text\": \"the same words, the same words, the same words\"}";
	unsigned char packed[PACKED_MAX];
	size_t size = pack(text, sizeof(text) - 1, rows[_i].format, packed);
	struct span decoded = {NULL, 0};
	struct error err = ERROR_INIT;
	ck_assert_msg(decode(rows[_i].head, (struct span){(const char *)packed, size}, 1000, &decoded, &err), "%s",
		      err.message);
	ck_assert(span_is(decoded, text));
}
END_TEST

START_TEST(every_cut_and_every_damage_is_an_error_or_harmless)
{
	static const char text[] = "{\"text\": \"some words that do not repeat at all\"}";
	unsigned char packed[PACKED_MAX];
	size_t size = pack(text, sizeof(text) - 1, FORMAT_GZIP, packed);
	struct span decoded;
	for (size_t cut = 1; cut < size; cut++) {
		ck_assert(!decode("Content-Encoding: gzip\r\n", (struct span){(const char *)packed, cut}, 1000,
				  &decoded, NULL));
	}
	uint64_t seed = 11;
	for (int i = 0; i < 2000; i++) {
		unsigned char changed[PACKED_MAX];
		memcpy(changed, packed, size);
		changed[random_next(&seed) % size] ^= (unsigned char)(1 + random_next(&seed) % 255);
		if (decode("Content-Encoding: gzip\r\n", (struct span){(const char *)changed, size}, 1000, &decoded,
			   NULL)) {
			ck_assert(
				span_is(decoded, text)); /* the damage was in a part of the header that means nothing */
		}
	}
}
END_TEST

START_TEST(bombs_and_unknown_codings_are_refused)
{
	static char zeros[1 << 20];
	unsigned char packed[PACKED_MAX];
	size_t size = pack(zeros, sizeof(zeros), FORMAT_GZIP, packed);
	struct span decoded;
	struct error err = ERROR_INIT;
	ck_assert(!decode("Content-Encoding: gzip\r\n", (struct span){(const char *)packed, size}, 100000, &decoded,
			  &err));
	ck_assert_int_eq(err.code, ERROR_LIMIT);
	err = (struct error)ERROR_INIT;
	ck_assert(!decode("Content-Encoding: br\r\n", SPAN("x"), 1000, &decoded, &err));
	ck_assert_int_eq(err.code, ERROR_FORMAT);
}
END_TEST

Suite *content_suite(void)
{
	Suite *suite = suite_create("content");
	TCase *tcase = tcase_create("coding");
	tcase_add_loop_test(tcase, headers_are_found_without_regard_to_case, 0, 5);
	tcase_add_loop_test(tcase, plain_bodies_are_the_body_itself, 0, 3);
	tcase_add_loop_test(tcase, packed_bodies_are_unpacked, 0, 3);
	tcase_add_test(tcase, every_cut_and_every_damage_is_an_error_or_harmless);
	tcase_add_test(tcase, bombs_and_unknown_codings_are_refused);
	suite_add_tcase(suite, tcase);
	return suite;
}
