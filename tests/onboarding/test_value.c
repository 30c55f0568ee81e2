/* Forms of values. IBANs: examples of the ISO 13616 registry; card numbers: those that payment services publish for
 * tests; VAT numbers: made up in the form of each state. */
#include "harness/onboarding/value.h"
#include "tests/onboarding/suites.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define KIND(name) (1U << VALUE_##name)

static const struct {
	const char *text;
	uint32_t kinds;
} texts[] = {
	{"", 0},
	{"hello", 0},
	{"2026-11-16", KIND(DATE)},
	{"2026-02-30", 0},
	{"2026-11-16T08:30:00Z", KIND(DATE_TIME)},
	{"2026-11-16T08:30:00.5+01:00", KIND(DATE_TIME)},
	{"2026-11-16T08:30:00", 0},
	{"123e4567-e89b-12d3-a456-426614174000", KIND(UUID)},
	{"123e4567-e89b-12d3-a456-42661417400g", 0},
	{"EUR", KIND(CURRENCY)},
	{"eur", 0},
	{"ABC", 0},
	{"12", KIND(NUMBER)},
	{"-1.50", KIND(NUMBER)},
	{"1,50", 0},
	{"007", 0},
	{"anna@example.com", KIND(EMAIL)},
	{"anna@example", 0},
	{"@example.com", 0},
	{"a b@example.com", KIND(EMAIL_INSIDE)},
	{"write to <anna@example.com>, please", KIND(EMAIL_INSIDE)},
	{"DE89370400440532013000", KIND(IBAN)},
	{"DE89 3704 0044 0532 0130 00", KIND(IBAN)},
	{"DE88370400440532013000", 0},
	{"GB82 WEST 1234 5698 7654 32", KIND(IBAN)},
	{"NO9386011117947", KIND(IBAN)},
	{"pay to DE89370400440532013000 today", KIND(IBAN_INSIDE)},
	{"+49 30 901820", KIND(PHONE)},
	{"030/901820", KIND(PHONE)},
	{"(030) 901820", KIND(PHONE)},
	{"030901820", 0},
	{"+1", 0},
	{"4111111111111111", KIND(CARD) | KIND(NUMBER)},
	{"4111 1111 1111 1111", KIND(CARD)},
	{"4111-1111-1111-1112", 0},
	{"DE136695976", KIND(VAT)},
	{"ATU12345678", KIND(VAT)},
	{"US136695976", 0},
};

START_TEST(texts_have_kinds)
{
	ck_assert_msg(value_kinds(span_of(texts[_i].text)) == texts[_i].kinds, "%s: %x, expected %x", texts[_i].text,
		      value_kinds(span_of(texts[_i].text)), texts[_i].kinds);
}
END_TEST

static const struct {
	const char *name;
	const char *word; /* NULL: not personal */
} names[] = {
	{"contact", "contact"},
	{"contactEmail", "contact"},
	{"customer_email", "email"},
	{"IBAN", "iban"},
	{"ibanNumber", "iban"},
	{"date_of_birth", "birth"},
	{"firstName", "name"},
	{"customer-name", "name"},
	{"name", "name"},
	{"file_name", NULL},
	{"nameplate", NULL},
	{"telegram", NULL},
	{"hotel", NULL},
	{"telNo", "tel"},
	{"VATNumber", "vat"},
	{"private", NULL},
	{"Straße", "straße"},
	{"", NULL},
	{"___", NULL},
};

START_TEST(names_tell_of_people)
{
	const char *word = NULL;
	bool personal = value_name_is_personal(span_of(names[_i].name), &word);
	ck_assert_msg(personal == (names[_i].word != NULL), "%s", names[_i].name);
	if (personal) {
		ck_assert_str_eq(word, names[_i].word);
	}
}
END_TEST

START_TEST(words_are_cut_at_white_space)
{
	ck_assert_uint_eq(value_words(SPAN("")), 0);
	ck_assert_uint_eq(value_words(SPAN("  one  ")), 1);
	ck_assert_uint_eq(value_words(SPAN("one two\nthree")), 3);
}
END_TEST

Suite *value_suite(void)
{
	Suite *suite = suite_create("value");
	TCase *cases = tcase_create("value");
	tcase_add_loop_test(cases, texts_have_kinds, 0, COUNT(texts));
	tcase_add_loop_test(cases, names_tell_of_people, 0, COUNT(names));
	tcase_add_test(cases, words_are_cut_at_white_space);
	suite_add_tcase(suite, cases);
	return suite;
}
