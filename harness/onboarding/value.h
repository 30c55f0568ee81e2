/* Layer 3. What a text looks like: formats that a schema can say, and personal data.
 *
 * Each detector is strict about form, and about check digits where there are any: IBAN (ISO 13616, ISO 7064 mod 97-10),
 * card numbers (ISO/IEC 7812, Luhn). A hit is a suspicion, never a proof. */
#ifndef UNDERSTUDY_ONBOARDING_VALUE_H
#define UNDERSTUDY_ONBOARDING_VALUE_H

#include "harness/base/bytes.h"

enum value_kind {
	VALUE_DATE,         /* 2026-11-16, a date that exists */
	VALUE_DATE_TIME,    /* RFC 3339 with zone */
	VALUE_UUID,         /* RFC 9562 */
	VALUE_CURRENCY,     /* ISO 4217, active codes */
	VALUE_NUMBER,       /* a JSON number in a text */
	VALUE_EMAIL,        /* the whole text */
	VALUE_IBAN,         /* with or without blanks */
	VALUE_PHONE,        /* begins with + or 0, 8 to 15 digits */
	VALUE_CARD,         /* 13 to 19 digits, in groups or not */
	VALUE_VAT,          /* of an EU state, Northern Ireland or Great Britain */
	VALUE_EMAIL_INSIDE, /* one word of several */
	VALUE_IBAN_INSIDE,  /* one word of several */
	VALUE_KIND_COUNT,
};

/* Bit 1 << kind for each kind that the text has. */
uint32_t value_kinds(struct span text);
/* "e-mail addresses", for sentences. Static storage. */
const char *value_kind_name(enum value_kind kind);
/* A regular expression (ECMA-262) that a schema can hold, NULL where there is none for the kind. Static storage. */
const char *value_kind_pattern(enum value_kind kind);
/* White space cuts words. */
size_t value_words(struct span text);

/* What a member's name says. Names are cut into words at "_", "-", ".", blanks and capitals: "contactEmail", "IBAN",
 * "date_of_birth". */
bool value_name_is_personal(struct span name, const char **ret_word);
bool value_name_has(struct span name, const char *const *words); /* `words` ends with NULL, lower case */

#endif
