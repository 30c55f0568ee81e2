#include "harness/base/hash.h"
#include "harness/base/text.h"
#include "tests/base/suites.h"

#include <stdlib.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void assert_hex(const uint8_t digest[SHA256_SIZE], const char *expected)
{
	CLEANUP_BUFFER struct buffer hex = BUFFER_INIT(100);
	text_write_hex(&hex, digest, SHA256_SIZE);
	ck_assert_str_eq(hex.data, expected);
}

/* `count` bytes, the first `first`, each `step` more than the one before. */
static void fill(uint8_t *bytes, size_t count, uint8_t first, int step)
{
	for (size_t i = 0; i < count; i++) {
		bytes[i] = first;
		first = (uint8_t)(first + step);
	}
}

/* NIST, examples with intermediate values for FIPS 180-4, and its SHA256ShortMsg.rsp for no bytes. */
static const struct {
	const char *text;
	const char *digest;
} digests[] = {
	{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqr"
	 "stu",
	 "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

START_TEST(sha256)
{
	uint8_t digest[SHA256_SIZE];
	hash_sha256(span_of(digests[_i].text), digest);
	assert_hex(digest, digests[_i].digest);
}
END_TEST

START_TEST(sha256_million)
{
	const size_t length = 1000000;
	char *text = malloc(length);
	ck_assert_ptr_nonnull(text);
	memset(text, 'a', length);
	uint8_t digest[SHA256_SIZE];
	hash_sha256((struct span){text, length}, digest);
	assert_hex(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	hash_sha256((struct span){NULL, 0}, digest);
	assert_hex(digest, digests[0].digest);
	free(text);
}
END_TEST

START_TEST(sha256_pieces)
{
	uint8_t expected[SHA256_SIZE];
	uint8_t digest[SHA256_SIZE];
	hash_sha256(SPAN("\1\0\0\0\0\0\0\0"
			 "a"
			 "\0\0\0\0\0\0\0\0"
			 "\2\0\0\0\0\0\0\0"
			 "bc"),
		    expected);
	hash_sha256_pieces((const struct span[]){SPAN("a"), {NULL, 0}, SPAN("bc")}, 3, digest);
	ck_assert_mem_eq(digest, expected, SHA256_SIZE);
	hash_sha256_pieces((const struct span[]){SPAN("ab"), {NULL, 0}, SPAN("c")}, 3, digest);
	ck_assert_mem_ne(digest, expected, SHA256_SIZE);
	char long_text[0x1234] = {0};
	CLEANUP_BUFFER struct buffer buffer = BUFFER_INIT(10000);
	buffer_append(&buffer, "\x34\x12\0\0\0\0\0", 8);
	buffer_append(&buffer, long_text, sizeof(long_text));
	hash_sha256(buffer_span(&buffer), expected);
	hash_sha256_pieces(&(struct span){long_text, sizeof(long_text)}, 1, digest);
	ck_assert_mem_eq(digest, expected, SHA256_SIZE);
	hash_sha256_pieces(NULL, 0, digest);
	assert_hex(digest, digests[0].digest);
}
END_TEST

/* RFC 4231 sections 4.2 to 4.8; case 5 compares 128 bits. Keys and texts are a literal, or a run of bytes. */
static const struct {
	const char *key;
	size_t key_length;
	uint8_t key_byte;
	int key_step;
	const char *text;
	size_t text_length;
	uint8_t text_byte;
	const char *digest;
} macs[] = {
	{NULL, 20, 0x0b, 0, "Hi There", 8, 0, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
	{"Jefe", 4, 0, 0, "what do ya want for nothing?", 28, 0,
	 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	{NULL, 20, 0xaa, 0, NULL, 50, 0xdd, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
	{NULL, 25, 0x01, 1, NULL, 50, 0xcd, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
	{NULL, 20, 0x0c, 0, "Test With Truncation", 20, 0, "a3b6167473100ee06e0c796c2955552b"},
	{NULL, 131, 0xaa, 0, "Test Using Larger Than Block-Size Key - Hash Key First", 54, 0,
	 "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	{NULL, 131, 0xaa, 0,
	 "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
	 "hashed before being used by the HMAC algorithm.",
	 152, 0, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

START_TEST(hmac)
{
	uint8_t key_bytes[200];
	uint8_t text_bytes[200];
	fill(key_bytes, macs[_i].key_length, macs[_i].key_byte, macs[_i].key_step);
	fill(text_bytes, macs[_i].text_length, macs[_i].text_byte, 0);
	struct span key = {macs[_i].key != NULL ? macs[_i].key : (const char *)key_bytes, macs[_i].key_length};
	struct span text = {macs[_i].text != NULL ? macs[_i].text : (const char *)text_bytes, macs[_i].text_length};
	struct hash_key *prepared = hash_key_create(key);
	ck_assert_ptr_nonnull(prepared);
	for (int again = 0; again < 3; again++) {
		uint8_t digest[SHA256_SIZE];
		hash_hmac(prepared, &text, 1, digest);
		CLEANUP_BUFFER struct buffer hex = BUFFER_INIT(100);
		text_write_hex(&hex, digest, strlen(macs[_i].digest) / 2);
		ck_assert_str_eq(hex.data, macs[_i].digest);
	}
	hash_key_destroy(prepared);
}
END_TEST

START_TEST(hmac_pieces)
{
	struct hash_key *key = hash_key_create((struct span){NULL, 0});
	uint8_t joined[SHA256_SIZE];
	uint8_t digest[SHA256_SIZE];
	hash_hmac(key, &SPAN("review|orders||42"), 1, joined);
	hash_hmac(key, (const struct span[]){SPAN("review"), SPAN("orders"), {NULL, 0}, SPAN("42")}, 4, digest);
	ck_assert_mem_eq(digest, joined, SHA256_SIZE);
	/* HMAC with no key over no text: Wikipedia's and Python's hmac.new(b"", b"", "sha256"). */
	hash_hmac(key, NULL, 0, digest);
	assert_hex(digest, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
	hash_key_destroy(key);
	hash_key_destroy(NULL);
}
END_TEST

/* RFC 3720 B.4, whose CRCs are shown byte by byte; the last: the catalogue's check value of CRC-32/ISCSI. */
START_TEST(crc32c_examples)
{
	uint8_t bytes[32];
	fill(bytes, 32, 0, 0);
	ck_assert_uint_eq(hash_crc32c(0, bytes, 32), 0x8a9136aa);
	fill(bytes, 32, 0xff, 0);
	ck_assert_uint_eq(hash_crc32c(0, bytes, 32), 0x62a8ab43);
	fill(bytes, 32, 0, 1);
	ck_assert_uint_eq(hash_crc32c(0, bytes, 32), 0x46dd794e);
	fill(bytes, 32, 31, -1);
	ck_assert_uint_eq(hash_crc32c(0, bytes, 32), 0x113fdb5c);
	uint8_t read_command[48] = {0x01, 0xc0, 0, 0, 0, 0, 0,    0, 0, 0, 0,    0,    0, 0, 0, 0, 0x14, 0, 0, 0, 0,
				    0,    4,    0, 0, 0, 0, 0x14, 0, 0, 0, 0x18, 0x28, 0, 0, 0, 0, 0,    0, 0, 2};
	ck_assert_uint_eq(hash_crc32c(0, read_command, 48), 0xd9963a56);
	ck_assert_uint_eq(hash_crc32c_portable(0, read_command, 48), 0xd9963a56);
	ck_assert_uint_eq(hash_crc32c(0, "123456789", 9), 0xe3069283);
	ck_assert_uint_eq(hash_crc32c(0, NULL, 0), 0);
}
END_TEST

START_TEST(crc32c_same)
{
	uint8_t bytes[300];
	uint64_t state = 1;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)random_next(&state);
	}
	for (size_t start = 0; start < 9; start++) {
		for (size_t length = 0; start + length <= sizeof(bytes); length++) {
			uint32_t whole = hash_crc32c(0, bytes + start, length);
			ck_assert_uint_eq(whole, hash_crc32c_portable(0, bytes + start, length));
			size_t cut = length / 3;
			uint32_t first = hash_crc32c_portable(0, bytes + start, cut);
			ck_assert_uint_eq(whole, hash_crc32c(first, bytes + start + cut, length - cut));
		}
	}
}
END_TEST

START_TEST(splitmix64)
{
	uint64_t state = 12345;
	ck_assert_uint_eq(random_next(&state), UINT64_C(2454886589211414944));
	ck_assert_uint_eq(random_next(&state), UINT64_C(3778200017661327597));
	ck_assert_uint_eq(random_next(&state), UINT64_C(2205171434679333405));
	state = 12345;
	/* 2454886589211414944 >> 11 = 1198675092388386, by Python. */
	ck_assert(random_unit(&state) == 1198675092388386.0 / 9007199254740992.0);
	for (int i = 0; i < 10000; i++) {
		double unit = random_unit(&state);
		ck_assert(unit >= 0 && unit < 1);
	}
}
END_TEST

Suite *hash_suite(void)
{
	Suite *suite = suite_create("hash");
	TCase *cases = tcase_create("hash");
	tcase_add_loop_test(cases, sha256, 0, COUNT(digests));
	tcase_add_test(cases, sha256_million);
	tcase_add_test(cases, sha256_pieces);
	tcase_add_loop_test(cases, hmac, 0, COUNT(macs));
	tcase_add_test(cases, hmac_pieces);
	tcase_add_test(cases, crc32c_examples);
	tcase_add_test(cases, crc32c_same);
	tcase_add_test(cases, splitmix64);
	suite_add_tcase(suite, cases);
	return suite;
}
