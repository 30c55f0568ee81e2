/* hostname and idn-hostname. Names that end with a full stop do not match: RFC 1123 knows none. */
#include "evaluators/format/idna.h"
#include "evaluators/format/matchers.h"

#include "harness/base/text.h"

/* Bytes of a name with A-labels: RFC 1035 section 2.3.4 has 255 with the root and a length before each label. */
enum { HOST_LONGEST = 253 };
enum { PREFIX_LENGTH = 4 }; /* xn-- */

/* What has been seen of the labels so far. */
struct host {
	unsigned rules;
	size_t length; /* of the labels as A-labels, with their full stops */
	size_t labels;
	size_t numeric_labels;
	bool has_rtl;
	bool has_unfit; /* a label that breaks the Bidi rule */
};

static bool is_ascii(struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		if ((unsigned char)text.data[i] >= 0x80) {
			return false;
		}
	}
	return true;
}

static void note_bidi(struct host *host, const struct label *label)
{
	struct bidi_label bidi = idna_bidi(label);
	host->has_rtl = host->has_rtl || bidi.is_rtl;
	host->has_unfit = host->has_unfit || !bidi.is_fit;
}

/* Takes what follows "xn--", of a label that is letters, digits and hyphens. An A-label is what its U-label is encoded
 * to, but for the case of its letters (RFC 5891 section 5.4). */
static bool take_a_label(struct host *host, struct span text)
{
	char lower[LABEL_LONGEST];
	char again[LABEL_LONGEST];
	size_t length = 0;
	struct label label;
	for (size_t i = 0; i < text.length; i++) {
		lower[i] = text_lower(text.data[i]);
	}
	if (!punycode_decode((struct span){lower, text.length}, &label) || !idna_is_valid_label(&label, true) ||
	    !punycode_encode(&label, again, &length) || length != text.length || memcmp(lower, again, length) != 0) {
		return false;
	}
	bool has_other_than_ascii = false;
	for (size_t i = 0; i < label.count; i++) {
		has_other_than_ascii = has_other_than_ascii || label.points[i] >= 0x80;
	}
	note_bidi(host, &label);
	return has_other_than_ascii;
}

/* `letters`, `digits` or hyphens inside; counts what is numeric. */
static bool is_letters_digits_hyphens(struct span text, bool *ret_is_numeric)
{
	size_t digits = 0;
	for (size_t i = 0; i < text.length; i++) {
		char c = text_lower(text.data[i]);
		bool is_inside = i > 0 && i + 1 < text.length;
		if (!(c >= 'a' && c <= 'z') && !text_is_digit(c) && !(c == '-' && is_inside)) {
			return false;
		}
		digits += text_is_digit(c) ? 1 : 0;
	}
	*ret_is_numeric = digits == text.length;
	return true;
}

static bool take_ascii_label(struct host *host, struct span text)
{
	bool is_numeric = false;
	if (!is_letters_digits_hyphens(text, &is_numeric)) {
		return false;
	}
	host->length += text.length;
	host->numeric_labels += is_numeric ? 1 : 0;
	if (text.length >= PREFIX_LENGTH &&
	    text_equal_ignoring_case((struct span){text.data, PREFIX_LENGTH}, SPAN("xn--"))) {
		return take_a_label(host, (struct span){text.data + PREFIX_LENGTH, text.length - PREFIX_LENGTH});
	}
	/* no letter or digit ends a label against the Bidi rule, but a digit must not start it */
	host->has_unfit = host->has_unfit || text_is_digit(text.data[0]);
	return true;
}

static bool take_u_label(struct host *host, struct span text)
{
	struct label label = {.count = 0};
	char encoded[LABEL_LONGEST];
	size_t length = 0;
	for (size_t position = 0; position < text.length;) {
		if (label.count == LABEL_LONGEST ||
		    !text_next_code_point(text, &position, &label.points[label.count])) {
			return false;
		}
		label.count++;
	}
	if (!idna_is_valid_label(&label, (host->rules & HOST_NORMAL) != 0) ||
	    !punycode_encode(&label, encoded, &length) || length + PREFIX_LENGTH > LABEL_LONGEST) {
		return false;
	}
	host->length += length + PREFIX_LENGTH;
	note_bidi(host, &label);
	return true;
}

static bool take_label(struct host *host, struct span text)
{
	host->labels++;
	host->length += host->labels > 1 ? 1 : 0;
	if (text.length == 0 || host->length > HOST_LONGEST) {
		return false;
	}
	if (is_ascii(text)) {
		return text.length <= LABEL_LONGEST && take_ascii_label(host, text);
	}
	return (host->rules & HOST_UNICODE) != 0 && text.length <= (size_t)LABEL_LONGEST * 4 &&
	       take_u_label(host, text);
}

/* Bytes of the full stop at `position`, 0 where there is none. */
static size_t separator_length(struct span text, size_t position, unsigned rules)
{
	static const char *const others[] = {"\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1"};
	if (text.data[position] == '.') {
		return 1;
	}
	if ((rules & HOST_SEPARATORS) == 0 || (unsigned char)text.data[position] < 0x80) {
		return 0;
	}
	struct span rest = {text.data + position, text.length - position};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (text_starts_with(rest, others[i])) {
			return strlen(others[i]);
		}
	}
	return 0;
}

bool format_is_host(struct span text, unsigned rules)
{
	struct host host = {.rules = rules};
	size_t start = 0;
	for (size_t position = 0; position < text.length;) {
		size_t separator = separator_length(text, position, rules);
		if (separator > 0 && !take_label(&host, (struct span){text.data + start, position - start})) {
			return false;
		}
		position += separator > 0 ? separator : 1;
		start = separator > 0 ? position : start;
	}
	bool is_taken = take_label(&host, (struct span){text.data + start, text.length - start});
	/* RFC 1123 section 2.1: no host name has the form of a dotted-decimal address */
	bool is_address = host.labels == 4 && host.numeric_labels == 4;
	return is_taken && host.length <= HOST_LONGEST && !is_address && !(host.has_rtl && host.has_unfit);
}

bool format_match_hostname(struct span text)
{
	return format_is_host(text, 0);
}

bool format_match_idn_hostname(struct span text)
{
	return format_is_host(text, HOST_UNICODE | HOST_SEPARATORS | HOST_NORMAL);
}
