#include "evaluators/format/format.h"

#include "evaluators/format/matchers.h"

const struct format format_list[] = {
	{"date-time", format_match_date_time,
	 "must be a date and time with its offset such as 2026-11-28T09:30:00Z or 2026-11-28T10:30:00+01:00"},
	{"date", format_match_date, "must be a date such as 2026-11-28"},
	{"time", format_match_time, "must be a time with its offset such as 09:30:00Z or 10:30:00+01:00"},
	{"duration", format_match_duration, "must be a duration such as P3D, PT1H30M or P2W"},
	{"email", format_match_email, "must be an e-mail address such as orders@example.com"},
	{"idn-email", format_match_idn_email, "must be an e-mail address such as orders@example.com"},
	{"hostname", format_match_hostname, "must be a host name in ASCII such as www.example.com"},
	{"idn-hostname", format_match_idn_hostname, "must be a host name such as www.example.com"},
	{"ipv4", format_match_ipv4, "must be an IPv4 address such as 192.0.2.1"},
	{"ipv6", format_match_ipv6, "must be an IPv6 address such as 2001:db8::1"},
	{"uri", format_match_uri, "must be a URI in ASCII with its scheme such as https://example.com/orders?id=7"},
	{"uri-reference", format_match_uri_reference,
	 "must be a URI or a relative reference in ASCII such as /orders?id=7"},
	{"iri", format_match_iri, "must be an IRI with its scheme such as https://example.com/orders?id=7"},
	{"iri-reference", format_match_iri_reference, "must be an IRI or a relative reference such as /orders?id=7"},
	{"uri-template", format_match_uri_template,
	 "must be a URI template such as https://example.com/orders/{id}{?page}"},
	{"uuid", format_match_uuid, "must be a UUID such as 123e4567-e89b-42d3-a456-426614174000"},
	{"json-pointer", format_match_json_pointer, "must be a JSON Pointer such as /orders/0/id"},
	{"relative-json-pointer", format_match_relative_json_pointer,
	 "must be a relative JSON Pointer such as 1/id or 0#"},
	{"x-iso4217", format_match_currency, "must be an active ISO 4217 currency code such as EUR"},
	{"x-iso3166-1", format_match_country, "must be an ISO 3166-1 alpha-2 country code such as DE"},
	{"x-gtin", format_match_gtin,
	 "must be a GTIN of 8, 12, 13 or 14 digits with its check digit such as 4006381333931"},
	{"x-iban", format_match_iban,
	 "must be an IBAN without spaces, with right length and check digits, such as DE89370400440532013000"},
	{NULL, NULL, NULL},
};

const struct format *format_find(struct span name)
{
	for (const struct format *format = format_list; format->name != NULL; format++) {
		if (span_is(name, format->name)) {
			return format;
		}
	}
	return NULL;
}

bool format_matches(const struct format *format, struct span text)
{
	return format->matches(text);
}

const char *format_sentence(const struct format *format)
{
	return format->sentence;
}
