/* uuid and the codes of business: currency, country, GTIN, IBAN. Letters are upper case, as in the standards. */
#include "evaluators/format/characters.h"
#include "evaluators/format/matchers.h"

#include "harness/base/text.h"

#include <stdlib.h>

/* ISO 4217 list one as published on 1 January 2026. Sorted; each code with a space behind it. */
static const char currencies[] =
	"AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD "
	"CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL "
	"GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW "
	"KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD "
	"NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP "
	"SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS "
	"VED VES VND VUV WST XAD XAF XAG XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER "
	"ZAR ZMW ZWG ";

/* Officially assigned alpha-2 codes of ISO 3166-1. Sorted; each code with a space behind it. */
static const char countries[] =
	"AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT "
	"BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH "
	"ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT "
	"HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS "
	"LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI "
	"NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG "
	"SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG "
	"UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW ";

/* Characters of an IBAN of the country: SWIFT's IBAN registry, release 101. Sorted. */
static const struct iban_country {
	char country[3];
	unsigned char length;
} iban_countries[] = {
	{"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22},
	{"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DJ", 27},
	{"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FK", 18}, {"FO", 18}, {"FR", 27},
	{"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HN", 28}, {"HR", 21}, {"HU", 28},
	{"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28},
	{"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22},
	{"MK", 19}, {"MN", 20}, {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23},
	{"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24},
	{"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25}, {"SV", 28},
	{"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}, {"YE", 30}};

/* Is `code` one of the codes, each `length` characters and a space? */
static bool is_listed(const char *codes, size_t size, struct span code, size_t length)
{
	if (code.length != length) {
		return false;
	}
	size_t low = 0;
	size_t high = size / (length + 1);
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(code.data, codes + middle * (length + 1), length);
		if (order == 0) {
			return true;
		}
		low = order > 0 ? middle + 1 : low;
		high = order > 0 ? high : middle;
	}
	return false;
}

bool format_match_currency(struct span text)
{
	return is_listed(currencies, sizeof(currencies) - 1, text, 3);
}

bool format_match_country(struct span text)
{
	return is_listed(countries, sizeof(countries) - 1, text, 2);
}

bool format_match_uuid(struct span text)
{
	static const struct character_set hex_digits = {CHARACTER_DIGITS, CHARACTER_HEX_LETTERS};
	static const size_t ends[] = {8, 13, 18, 23, 36}; /* of the five groups */
	size_t position = 0;
	if (text.length != ends[4]) {
		return false;
	}
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		position += i > 0 ? 1 : 0;
		position = character_skip(text, position, hex_digits);
		if (position != ends[i] || (position < text.length && text.data[position] != '-')) {
			return false;
		}
	}
	return true;
}

bool format_match_gtin(struct span text)
{
	unsigned sum = 0;
	if (text.length != 8 && (text.length < 12 || text.length > 14)) {
		return false;
	}
	for (size_t i = 0; i < text.length; i++) {
		if (!text_is_digit(text.data[i])) {
			return false;
		}
		/* weights 1 and 3 in turn from the check digit on, which makes the sum a multiple of 10 */
		sum += (unsigned)(text.data[i] - '0') * ((text.length - i) % 2 == 0 ? 3 : 1);
	}
	return sum % 10 == 0;
}

static int order_of_country(const void *code, const void *row)
{
	return memcmp(code, ((const struct iban_country *)row)->country, 2);
}

/* 0 to 9 for digits, 10 to 35 for letters; -1 for other characters. */
static int iban_value(char c)
{
	if (text_is_digit(c)) {
		return c - '0';
	}
	return c >= 'A' && c <= 'Z' ? c - 'A' + 10 : -1;
}

/* ISO 7064 mod 97-10 over the account, then country and check digits, letters as two digits. */
static bool has_right_remainder(struct span text)
{
	unsigned remainder = 0;
	for (size_t i = 0; i < text.length; i++) {
		int value = iban_value(text.data[(i + 4) % text.length]);
		if (value < 0) {
			return false;
		}
		remainder = (remainder * (value < 10 ? 10 : 100) + (unsigned)value) % 97;
	}
	return remainder == 1;
}

/* The standard computes 02 to 98; 00, 01 and 99 have the remainder of one of these and are never given. */
static bool has_check_digits(struct span text)
{
	if (text.length < 4 || !text_is_digit(text.data[2]) || !text_is_digit(text.data[3])) {
		return false;
	}
	int check_digits = iban_value(text.data[2]) * 10 + iban_value(text.data[3]);
	return check_digits >= 2 && check_digits <= 98;
}

bool format_match_iban(struct span text)
{
	if (!has_check_digits(text)) {
		return false;
	}
	const struct iban_country *country =
		bsearch(text.data, iban_countries, sizeof(iban_countries) / sizeof(iban_countries[0]),
			sizeof(iban_countries[0]), order_of_country);
	return country != NULL && text.length == country->length && has_right_remainder(text);
}
