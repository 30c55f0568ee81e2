/* Every format on the same text, UTF-8 or not, and what one answer says about another. */
#include "evaluators/format/format.h"
#include "evaluators/format/idna.h"
#include "harness/base/text.h"
#include "tests/fuzz/fuzz.h"

static bool matches(const char *name, struct span text)
{
	return format_matches(format_find(span_of(name)), text);
}

/* What matches the first also matches the second. */
static const char *const implications[][2] = {
	{"email", "idn-email"}, {"hostname", "idn-hostname"},       {"uri", "uri-reference"},
	{"uri", "iri"},         {"uri-reference", "iri-reference"}, {"iri", "iri-reference"},
};

static void check_implications(struct span text)
{
	for (size_t i = 0; i < sizeof(implications) / sizeof(implications[0]); i++) {
		HOLDS(!matches(implications[i][0], text) || matches(implications[i][1], text));
	}
	HOLDS(!matches("ipv4", text) || !(matches("ipv6", text) || matches("hostname", text)));
}

/* Composed from what the text is, the greater form is what its parts are. */
static void check_compositions(struct span text)
{
	char room[300];
	if (text.length > 250 || memchr(text.data, '\0', text.length) != NULL) {
		return;
	}
	int length = snprintf(room, sizeof(room), "a@%.*s", SPAN_ARGUMENTS(text));
	HOLDS(!matches("hostname", text) || matches("email", (struct span){room, (size_t)length}));
	length = snprintf(room, sizeof(room), "http://[%.*s]/", SPAN_ARGUMENTS(text));
	HOLDS(!matches("ipv6", text) || matches("uri", (struct span){room, (size_t)length}));
	length = snprintf(room, sizeof(room), "2026-11-28T%.*s", SPAN_ARGUMENTS(text));
	HOLDS(matches("time", text) == matches("date-time", (struct span){room, (size_t)length}));
	length = snprintf(room, sizeof(room), "7%.*s", SPAN_ARGUMENTS(text));
	HOLDS(!matches("json-pointer", text) || matches("relative-json-pointer", (struct span){room, (size_t)length}));
}

static void check_punycode(struct span text)
{
	struct label label;
	struct label twice;
	char bytes[LABEL_LONGEST];
	size_t length = 0;
	if (!punycode_decode(text, &label) || !punycode_encode(&label, bytes, &length)) {
		return;
	}
	HOLDS(punycode_decode((struct span){bytes, length}, &twice) && twice.count == label.count);
	HOLDS(memcmp(twice.points, label.points, label.count * sizeof(label.points[0])) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const void *bytes = data;
	struct span text = {bytes, size};
	for (const struct format *format = format_list; format->name != NULL; format++) {
		bool matched = format_matches(format, text);
		HOLDS(matched == format_matches(format, text));
		bool takes_any_byte = strstr(format->name, "json-pointer") != NULL;
		HOLDS(!matched || takes_any_byte || strcmp(format->name, "idn-email") == 0 || text_is_utf8(text));
	}
	if (text_is_utf8(text)) {
		check_implications(text);
		check_compositions(text);
	}
	check_punycode(text);
	return 0;
}
