/* What other formats are called, and what becomes of samples that are none. */
#include "harness/base/file.h"
#include "harness/onboarding/samples.h"
#include "tests/onboarding/suites.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct {
	const char *beginning;
	const char *name; /* NULL: nothing is recognised */
} formats[] = {
	{"ISA*00*          *00*", "EDI X12"},
	{"UNA:+.? '", "EDIFACT"},
	{"UNB+UNOC:3+", "EDIFACT"},
	{"EDI_DC40  100", "an SAP IDoc (flat file)"},
	{"<?xml version=\"1.0\"?>\n<ORDERS05><IDOC BEGIN=\"1\">", "an SAP IDoc (XML)"},
	{"\xef\xbb\xbf<order/>", "XML"},
	{"a,b\n1,2\n", "a CSV table"},
	{"x;y;z\n1;2;3", "a CSV table"},
	{"specversion: 0.3, or so\nid: 1\n", NULL},
	{"\x1f\x8b\x08", "gzip data"},
	{"{\"a\":1}", NULL},
	{"", NULL},
};

START_TEST(other_formats_have_names)
{
	const char *name = samples_recognise(span_of(formats[_i].beginning));
	if (formats[_i].name == NULL) {
		ck_assert_msg(name == NULL, "%s", name);
	} else {
		ck_assert_str_eq(name, formats[_i].name);
	}
}
END_TEST

static bool count_sample(void *context, const struct sample *sample, struct error *err)
{
	(void)err;
	size_t *count = context;
	ck_assert(json_is(sample->message, JSON_OBJECT));
	(*count)++;
	return true;
}

static size_t count_samples(const char *content, uint64_t *ret_faults, bool *ret_lines)
{
	char path[] = "/tmp/understudy-samples-XXXXXX";
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, strlen(content)), (int)strlen(content));
	close(fd);
	const char *paths[] = {path};
	struct samples samples;
	struct error err = ERROR_INIT;
	size_t count = 0;
	ck_assert_msg(samples_find(&samples, paths, 1, NULL, &err), "%s", err.message);
	ck_assert(samples_each(&samples, count_sample, &count, &err));
	*ret_faults = samples.faults;
	*ret_lines = samples.all_lines;
	samples_finish(&samples);
	unlink(path);
	return count;
}

static const struct {
	const char *content;
	size_t messages;
	uint64_t faults;
	bool lines;
} files[] = {
	{"{\"a\":1}", 1, 0, true},
	{"{\"a\":1}\n{\"a\":2}\n", 2, 0, true},
	{"\n\n{\"a\":1}\n\n", 1, 0, true},
	{"{\n\"a\":1\n}\n", 1, 0, false},
	{"[{\"a\":1},\n{\"a\":2}]\n", 2, 0, false},
	{"[\n{\"a\":1},\n{\"a\":2}\n]", 2, 0, false},
	{"broken\n{\"a\":2}\n", 1, 1, true},
	{"{\"a\":1}\nbroken\n{\"a\":2}\n", 2, 1, true},
	{"7\n", 0, 1, false},
	{"", 0, 1, false},
	{"\xef\xbb\xbf{\"a\":1}\r\n{\"a\":2}\r\n", 2, 0, false},
	{"\xef\xbb\xbf{\n\"a\":1}\n", 1, 0, false},
	{"{\"message\":{\"a\":1},\"legacy\":{}}\n", 1, 0, true},
};

START_TEST(files_hold_messages_and_faults)
{
	uint64_t faults = 0;
	bool lines = false;
	ck_assert_uint_eq(count_samples(files[_i].content, &faults, &lines), files[_i].messages);
	ck_assert_uint_eq(faults, files[_i].faults);
	ck_assert_int_eq(lines, files[_i].lines);
}
END_TEST

START_TEST(nothing_there_is_an_error)
{
	const char *paths[] = {"nowhere/at/all"};
	struct samples samples;
	struct error err = ERROR_INIT;
	ck_assert(!samples_find(&samples, paths, 1, NULL, &err));
	ck_assert_int_eq(err.code, ERROR_MISSING);
	samples_finish(&samples);
}
END_TEST

Suite *samples_suite(void)
{
	Suite *suite = suite_create("samples");
	TCase *cases = tcase_create("samples");
	tcase_add_loop_test(cases, other_formats_have_names, 0, sizeof(formats) / sizeof(formats[0]));
	tcase_add_loop_test(cases, files_hold_messages_and_faults, 0, sizeof(files) / sizeof(files[0]));
	tcase_add_test(cases, nothing_there_is_an_error);
	suite_add_tcase(suite, cases);
	return suite;
}
