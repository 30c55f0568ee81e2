#include "harness/onboarding/value.h"

#include "harness/base/clock.h"
#include "harness/base/text.h"

enum { WORD_SIZE = 32, IBAN_MIN = 15, IBAN_MAX = 34, PHONE_MIN = 8, PHONE_MAX = 15, CARD_MIN = 13, CARD_MAX = 19 };
enum { DATE_LENGTH = 10, UUID_LENGTH = 36, INSIDE_MAX = 64 * 1024 };

static const struct {
	const char *name;
	const char *pattern;
} kinds[VALUE_KIND_COUNT] = {
	[VALUE_DATE] = {"dates", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
	[VALUE_DATE_TIME] = {"date-times",
			     "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?([Zz]|[+-][0-9]{2}:"
			     "[0-9]{2})$"},
	[VALUE_UUID] = {"UUIDs", "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$"},
	[VALUE_CURRENCY] = {"currency codes", "^[A-Z]{3}$"},
	[VALUE_NUMBER] = {"numbers in text", "^-?[0-9]+(\\.[0-9]+)?([Ee][+-]?[0-9]+)?$"},
	[VALUE_EMAIL] = {"e-mail addresses", "^[^@\\s]+@[^@\\s]+$"},
	[VALUE_IBAN] = {"IBANs with right check digits", NULL},
	[VALUE_PHONE] = {"phone numbers", NULL},
	[VALUE_CARD] = {"card numbers with right check digit", NULL},
	[VALUE_VAT] = {"VAT numbers", NULL},
	[VALUE_EMAIL_INSIDE] = {"texts with an e-mail address", NULL},
	[VALUE_IBAN_INSIDE] = {"texts with an IBAN", NULL},
};

const char *value_kind_name(enum value_kind kind)
{
	return kinds[kind].name;
}

const char *value_kind_pattern(enum value_kind kind)
{
	return kinds[kind].pattern;
}

static bool is_letter(char c)
{
	return text_lower(c) >= 'a' && text_lower(c) <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* --- formats --- */

static bool is_date_time(struct span text)
{
	int64_t time;
	return text.length > DATE_LENGTH && text_is_digit(text.data[0]) && clock_parse(text, &time);
}

static bool is_date(struct span text)
{
	int64_t time;
	return text.length == DATE_LENGTH && text_is_digit(text.data[0]) && clock_parse(text, &time);
}

static bool is_uuid(struct span text)
{
	for (size_t i = 0; text.length == UUID_LENGTH && i < UUID_LENGTH; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? text.data[i] != '-' : text_hex_digit(text.data[i]) < 0) {
			return false;
		}
	}
	return text.length == UUID_LENGTH;
}

static bool is_currency(struct span text)
{
	static const char codes[] =
		"AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD "
		"CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF "
		"GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK "
		"LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD "
		"OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN "
		"SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XOF "
		"XPF YER ZAR ZMW ZWG";
	for (size_t i = 0; text.length == 3 && i + 3 < sizeof(codes); i += 4) {
		if (memcmp(codes + i, text.data, 3) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_number(struct span text)
{
	double number;
	return text_to_double(text, &number);
}

/* --- personal data --- */

static bool is_email(struct span text)
{
	size_t at = text_find(text, SPAN("@"));
	if (at == 0 || at + 3 >= text.length || text.length > 254) {
		return false;
	}
	struct span domain = {text.data + at + 1, text.length - at - 1};
	size_t dot = text_find(domain, SPAN("."));
	for (size_t i = 0; i < domain.length; i++) {
		char c = domain.data[i];
		if (!is_letter(c) && !text_is_digit(c) && c != '.' && c != '-' && (unsigned char)c < 0x80) {
			return false;
		}
	}
	for (size_t i = 0; i < at; i++) {
		if (is_blank(text.data[i]) || memchr("<>()[],;:\\\"/", text.data[i], 12) != NULL) {
			return false;
		}
	}
	return dot > 0 && dot + 1 < domain.length;
}

/* ISO 7064 mod 97-10 over the text with its first four characters moved behind, letters as 10 to 35. */
static bool is_iban(struct span text)
{
	char plain[IBAN_MAX + 1];
	size_t length = 0;
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] == ' ') {
			continue;
		}
		if (length == IBAN_MAX || (!is_upper(text.data[i]) && !text_is_digit(text.data[i]))) {
			return false;
		}
		plain[length++] = text.data[i];
	}
	if (length < IBAN_MIN || !is_upper(plain[0]) || !is_upper(plain[1]) || !text_is_digit(plain[2]) ||
	    !text_is_digit(plain[3])) {
		return false;
	}
	unsigned remainder = 0;
	for (size_t i = 0; i < length; i++) {
		char c = plain[(i + 4) % length];
		remainder = text_is_digit(c) ? (remainder * 10 + (unsigned)(c - '0')) % 97
					     : (remainder * 100 + (unsigned)(c - 'A') + 10) % 97;
	}
	return remainder == 1;
}

static bool is_phone(struct span text)
{
	size_t digits = 0;
	size_t others = 0;
	bool plus = text_starts_with(text, "+");
	bool zero = text_starts_with(text, "0") || text_starts_with(text, "(0");
	for (size_t i = 0; i < text.length; i++) {
		digits += text_is_digit(text.data[i]);
		others += text.data[i] != '\0' && strchr(" -/().", text.data[i]) != NULL;
	}
	return digits >= PHONE_MIN && digits <= PHONE_MAX && digits + others + plus == text.length &&
	       (plus || (zero && others > 0)) && !is_date(text);
}

static bool is_card(struct span text)
{
	char digits[CARD_MAX];
	size_t count = 0;
	for (size_t i = 0; i < text.length; i++) {
		if (text.data[i] == ' ' || text.data[i] == '-') {
			continue;
		}
		if (count == CARD_MAX || !text_is_digit(text.data[i])) {
			return false;
		}
		digits[count++] = text.data[i];
	}
	if (count < CARD_MIN || digits[0] < '2' || digits[0] > '6') {
		return false;
	}
	int sum = 0;
	for (size_t i = 0; i < count; i++) {
		int digit = digits[count - 1 - i] - '0';
		digit = i % 2 == 1 ? digit * 2 : digit;
		sum += digit > 9 ? digit - 9 : digit;
	}
	return sum % 10 == 0;
}

static bool is_vat(struct span text)
{
	static const char states[] = "ATBEBGCYCZDEDKEEELESFIFRGBHRHUIEITLTLULVMTNLPLPTROSESISKXI";
	bool known = false;
	size_t digits = 0;
	for (size_t i = 0; text.length >= 10 && text.length <= 14 && i + 1 < sizeof(states); i += 2) {
		known = known || memcmp(states + i, text.data, 2) == 0;
	}
	for (size_t i = 2; known && i < text.length; i++) {
		if (!is_upper(text.data[i]) && !text_is_digit(text.data[i])) {
			return false;
		}
		digits += text_is_digit(text.data[i]);
	}
	return known && digits >= 7;
}

/* The next word at or behind *position, without punctuation around it; empty at the end. */
static struct span next_word(struct span text, size_t *position)
{
	while (*position < text.length && is_blank(text.data[*position])) {
		(*position)++;
	}
	size_t start = *position;
	while (*position < text.length && !is_blank(text.data[*position])) {
		(*position)++;
	}
	struct span word = {text.data + start, *position - start};
	while (word.length > 0 && memchr("<(\"'[", word.data[0], 5) != NULL) {
		word = (struct span){word.data + 1, word.length - 1};
	}
	while (word.length > 0 && memchr(">)\"'].,;:!?", word.data[word.length - 1], 11) != NULL) {
		word.length--;
	}
	return word;
}

size_t value_words(struct span text)
{
	size_t words = 0;
	bool inside = false;
	for (size_t i = 0; i < text.length; i++) {
		words += !inside && !is_blank(text.data[i]);
		inside = !is_blank(text.data[i]);
	}
	return words;
}

static uint32_t kinds_inside(struct span text)
{
	uint32_t found = 0;
	size_t position = 0;
	text.length = text.length < INSIDE_MAX ? text.length : INSIDE_MAX;
	while (position < text.length) {
		struct span word = next_word(text, &position);
		found |= is_email(word) ? 1U << VALUE_EMAIL_INSIDE : 0;
		found |= is_iban(word) ? 1U << VALUE_IBAN_INSIDE : 0;
	}
	return found;
}

uint32_t value_kinds(struct span text)
{
	static bool (*const detectors[])(struct span) = {
		[VALUE_DATE] = is_date,         [VALUE_DATE_TIME] = is_date_time, [VALUE_UUID] = is_uuid,
		[VALUE_CURRENCY] = is_currency, [VALUE_NUMBER] = is_number,       [VALUE_EMAIL] = is_email,
		[VALUE_IBAN] = is_iban,         [VALUE_PHONE] = is_phone,         [VALUE_CARD] = is_card,
		[VALUE_VAT] = is_vat,
	};
	uint32_t found = 0;
	for (size_t i = 0; i < sizeof(detectors) / sizeof(detectors[0]) && text.length <= 254; i++) {
		found |= detectors[i](text) ? 1U << i : 0;
	}
	bool words = value_words(text) > 1 && (found & (1U << VALUE_IBAN)) == 0;
	return words ? found | kinds_inside(text) : found;
}

/* --- names --- */

static bool is_name_part(char c)
{
	return is_letter(c) || text_is_digit(c) || (unsigned char)c >= 0x80;
}

/* Does a new word begin at the capital at `i`? In "contactEmail" and in "IBANNumber", not inside "IBAN". */
static bool is_hump(struct span name, size_t i)
{
	bool before_small = i + 1 < name.length && is_letter(name.data[i + 1]) && !is_upper(name.data[i + 1]);
	return is_upper(name.data[i]) && (!is_upper(name.data[i - 1]) || before_small);
}

/* The next word of a name in lower case; false at the end. Words longer than the room are cut. */
static bool next_name_word(struct span name, size_t *position, char word[WORD_SIZE])
{
	size_t length = 0;
	size_t i = *position;
	while (i < name.length && !is_name_part(name.data[i])) {
		i++;
	}
	for (; i < name.length && is_name_part(name.data[i]) && (length == 0 || !is_hump(name, i)); i++) {
		if (length + 1 < WORD_SIZE) {
			word[length++] = text_lower(name.data[i]);
		}
	}
	word[length] = '\0';
	*position = i;
	return length > 0;
}

static bool is_in(const char *word, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (strcmp(word, *words) == 0) {
			return true;
		}
	}
	return false;
}

bool value_name_has(struct span name, const char *const *words)
{
	char word[WORD_SIZE];
	size_t position = 0;
	while (next_name_word(name, &position, word)) {
		if (is_in(word, words)) {
			return true;
		}
	}
	return false;
}

/* Words that say by themselves that a person is meant, and "name", which does beside a word for a person or alone. */
bool value_name_is_personal(struct span name, const char **ret_word)
{
	static const char *const personal[] = {
		"contact",  "email",   "mail",      "phone",        "telephone", "tel",     "mobile",
		"fax",      "surname", "firstname", "lastname",     "fullname",  "address", "street",
		"iban",     "birth",   "birthday",  "birthdate",    "dob",       "ssn",     "passport",
		"username", "vat",     "salary",    "religion",     "telefon",   "adresse", "strasse",
		"straße",   "vorname", "nachname",  "geburtsdatum", "kontakt",   NULL};
	static const char *const people[] = {"first",    "last",    "full",     "given",  "family",    "middle",
					     "customer", "user",    "contact",  "person", "recipient", "sender",
					     "buyer",    "patient", "employee", "holder", "author",    NULL};
	char word[WORD_SIZE];
	bool person = false;
	bool named = false;
	size_t words = 0;
	size_t position = 0;
	while (next_name_word(name, &position, word)) {
		for (size_t i = 0; personal[i] != NULL; i++) {
			if (strcmp(word, personal[i]) == 0) {
				*ret_word = personal[i];
				return true;
			}
		}
		person = person || is_in(word, people);
		named = named || strcmp(word, "name") == 0;
		words++;
	}
	if (named && (person || words == 1)) {
		*ret_word = "name";
		return true;
	}
	return false;
}
