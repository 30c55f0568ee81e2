/* Layer 1. The values of JSON Schema's keyword `format`, for schemas that assert it: is this text a date, an
 * address, an identifier of that form?
 *
 * All formats of JSON Schema 2020-12, 2019-09 and draft-07 (their Validation specifications, section 7.3) but `regex`,
 * which is the affair of the pattern compiler. Where an RFC has its say it decides, not a reader's lenience:
 *
 *	date-time, date, time           RFC 3339 section 5.6; a leap second only where UTC has 23:59:60
 *	duration                        RFC 3339 appendix A
 *	email                           RFC 5321 section 4.1.2, `Mailbox`, with the lengths of 4.5.3.1
 *	idn-email                       the same with RFC 6531 section 3.3; labels need not be in normal form C
 *	hostname                        RFC 1123 section 2.1; labels that start with xn-- as A-labels of RFC 5890
 *	idn-hostname                    the same, or with U-labels by IDNA2008: RFC 5890 to 5893
 *	ipv4, ipv6                      RFC 2673 section 3.2 (dotted-quad), RFC 4291 section 2.2
 *	uri, uri-reference              RFC 3986
 *	iri, iri-reference              RFC 3987
 *	uri-template                    RFC 6570, levels 1 to 4, with its erratum 6937
 *	uuid                            RFC 4122 section 3, whatever version and variant it names
 *	json-pointer                    RFC 6901 section 3
 *	relative-json-pointer           draft-bhutton-relative-json-pointer-00 section 3
 *
 * The drafts mean the same by a name, but that draft-07 cites older texts for email (RFC 5322, with comments and
 * folded lines) and hostname (RFC 1034); what is asserted is the above for all of them.
 *
 * Formats of our own, which other validators do not know and therefore ignore. Their names start with "x-":
 *
 *	x-iso4217       alphabetic code of a currency, fund or metal in ISO 4217's list one (active) of 1 January 2026
 *	x-iso3166-1     alpha-2 code officially assigned in ISO 3166-1
 *	x-gtin          GTIN of 8, 12, 13 or 14 digits with its check digit (GS1 General Specifications, section 7.9)
 *	x-iban          IBAN without spaces: the length of its country, check digits by ISO 7064 mod 97-10 (ISO 13616)
 *
 * Text is any UTF-8, NUL included. Nothing is allocated or kept; time grows with the length of the text, the stack does
 * not. Labels of host names know the letters of the Unicode version of utf8proc (15.0 in Debian 12).
 *
 * How to add one: write its matcher in the file of its family, declare it in evaluators/format/matchers.h, add its row
 * to the table in format.c, and its cases to tests/evaluators/formats. */
#ifndef UNDERSTUDY_EVALUATORS_FORMAT_H
#define UNDERSTUDY_EVALUATORS_FORMAT_H

#include "harness/base/bytes.h"

struct format {
	const char *name; /* as written in schemas */
	bool (*matches)(struct span text);
	const char *sentence; /* what is expected, with an example: "must be a date such as 2026-11-28" */
};

/* All formats, ended by a row whose name is NULL. Static storage. */
extern const struct format format_list[];
/* The format of that name, NULL where there is none. Static storage. */
const struct format *format_find(struct span name);
/* Whole text or nothing: no white space around it, no newline at its end. Borrows the text. */
bool format_matches(const struct format *format, struct span text);
const char *format_sentence(const struct format *format);

#endif
