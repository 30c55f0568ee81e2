/* Cuts of a posted body. Expectations by hand from RFC 8259 and the NDJSON convention. */
#include "harness/tap/batch.h"

#include "tests/tap/suites.h"

#include <stdio.h>

struct cut_case {
	const char *body;
	bool lines;
	const char *cuts; /* "number:text|" of each, "!" before the text where it comes with an error */
};

static const struct cut_case cases[] = {
	{"{\"a\":1}", false, "1:{\"a\":1}|"},
	{" \r\n{\"a\":\"[\"}\n", false, "1:{\"a\":\"[\"}|"},
	{"", false, "1:|"},
	{"nonsense", false, "1:nonsense|"},
	{"[]", false, ""},
	{" [ ] ", false, ""},
	{"[1]", false, "1:1|"},
	{"[1, 2 ,3]", false, "1:1|2:2|3:3|"},
	{"[{\"a\":[1,2]},{\"b\":\"},]\"}]", false, "1:{\"a\":[1,2]}|2:{\"b\":\"},]\"}|"},
	{"[\"a\\\"],\",\"\\\\\"]", false, "1:\"a\\\"],\"|2:\"\\\\\"|"},
	{"[1,]", false, "1:1|2:|"},
	{"[,1]", false, "1:|2:1|"},
	{"[1", false, "1:!1|"},
	{"[1,{\"a\":1", false, "1:1|2:!{\"a\":1|"},
	{"[", false, "1:!|"},
	{"[\"a\\", false, "1:!\"a\\|"},
	{"[1] x", false, "1:1|2:! x|"},
	{"[][1]", false, "1:![1]|"},
	{"[1 2]", false, "1:1 2|"},
	{"[}}]", false, "1:}}|"},
	{"a\nb\n", true, "1:a|2:b|"},
	{"a\r\n\r\n  \nb", true, "1:a|4:b|"},
	{"", true, ""},
	{"\n\n", true, ""},
	{"[1,\n2]", true, "1:[1,|2:2]|"},
};

START_TEST(cuts)
{
	const struct cut_case *at = &cases[_i];
	struct batch batch = batch_of(span_of(at->body), at->lines);
	struct batch_line line;
	CLEANUP_BUFFER struct buffer got = BUFFER_INIT(4096);
	buffer_append_text(&got, "");
	while (batch_next(&batch, &line)) {
		buffer_append_format(&got, "%zu:%s%.*s|", line.number, line.error != NULL ? "!" : "",
				     SPAN_ARGUMENTS(line.text));
	}
	ck_assert(!batch_next(&batch, &line));
	ck_assert_msg(span_is(buffer_span(&got), at->cuts), "%s: %.*s", at->body, SPAN_ARGUMENTS(buffer_span(&got)));
}
END_TEST

Suite *batch_suite(void)
{
	Suite *suite = suite_create("batch");
	TCase *tests = tcase_create("batch");
	tcase_add_loop_test(tests, cuts, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	suite_add_tcase(suite, tests);
	return suite;
}
