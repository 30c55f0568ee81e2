/* The matchers behind the table of format.c, one file for each family, and what the families share. Private to
 * evaluators/format. */
#ifndef UNDERSTUDY_EVALUATORS_FORMAT_MATCHERS_H
#define UNDERSTUDY_EVALUATORS_FORMAT_MATCHERS_H

#include "harness/base/bytes.h"

/* format_time.c */
bool format_match_date(struct span text);
bool format_match_time(struct span text);
bool format_match_date_time(struct span text);
bool format_match_duration(struct span text);

/* format_address.c */
bool format_match_ipv4(struct span text);
bool format_match_ipv6(struct span text);
/* An address in the form of RFC 5321 section 4.1.3, where "::" stands for two groups at least. */
bool format_match_ipv6_of_mail(struct span text);

/* format_host.c */
enum host_rule {
	HOST_UNICODE = 1,    /* U-labels are allowed */
	HOST_SEPARATORS = 2, /* so are the other full stops of IDNA2003: U+3002, U+FF0E, U+FF61 */
	HOST_NORMAL = 4,     /* U-labels must be in normal form C */
};
bool format_is_host(struct span text, unsigned rules);
bool format_match_hostname(struct span text);
bool format_match_idn_hostname(struct span text);

/* format_email.c */
bool format_match_email(struct span text);
bool format_match_idn_email(struct span text);

/* format_uri.c */
bool format_match_uri(struct span text);
bool format_match_uri_reference(struct span text);
bool format_match_iri(struct span text);
bool format_match_iri_reference(struct span text);

/* format_template.c */
bool format_match_uri_template(struct span text);

/* format_pointer.c */
bool format_match_json_pointer(struct span text);
bool format_match_relative_json_pointer(struct span text);

/* format_code.c */
bool format_match_uuid(struct span text);
bool format_match_currency(struct span text);
bool format_match_country(struct span text);
bool format_match_gtin(struct span text);
bool format_match_iban(struct span text);

#endif
