/* The reports directory: what is served, and that there is no way out of it. */
#include "tests/web/suites.h"
#include "tests/web/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char reports[128];

static void at(char path[256], const char *name)
{
	snprintf(path, 256, "%s/%s", test_directory, name);
}

static void make_folder(const char *name)
{
	char path[256];
	at(path, name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void make_link(const char *target, const char *name)
{
	char path[256];
	at(path, name);
	ck_assert_int_eq(symlink(target, path), 0);
}

static void setup_reports(void)
{
	setup_directory();
	write_text("secret.html", "secret");
	make_folder("reports");
	make_folder("reports/orders");
	make_folder("reports/orders/deep");
	make_folder("reports/folder.html");
	make_folder("reports/.git");
	make_folder("outside");
	write_text("outside/secret.html", "secret");
	write_text("reports/2026-W47.html", "<!DOCTYPE html><p>report</p>");
	write_text("reports/2026-W47.json", "{}");
	write_text("reports/2026-W47.csv", "a,b");
	write_text("reports/orders/2026-W47.md", "# report");
	write_text("reports/orders/deep/plot.svg", "<svg/>");
	write_text("reports/program.sh", "secret");
	write_text("reports/noending", "secret");
	write_text("reports/.hidden.html", "secret");
	write_text("reports/.git/config.html", "secret");
	write_text("reports/a<b>.html", "secret");
	make_link("../secret.html", "reports/link.html");
	make_link("/etc/passwd", "reports/passwd.txt");
	make_link("../outside", "reports/linked");
	make_link("2026-W47.html", "reports/inside.html");
	char pipe[256];
	at(pipe, "reports/pipe.html");
	ck_assert_int_eq(mkfifo(pipe, 0600), 0);
	snprintf(reports, sizeof(reports), "%s/reports", test_directory);
	test_config.reports = reports;
	start_server();
}

static const struct {
	const char *target;
	int status;
	const char *header;
} FILES[] = {
	{"/report/2026-W47.html", 200, "Content-Type: text/html; charset=utf-8"},
	{"/report/2026-W47.json", 200, "Content-Type: application/json"},
	{"/report/2026-W47.csv", 200, "Content-Disposition: attachment"},
	{"/report/orders/2026-W47.md", 200, "Content-Type: text/plain; charset=utf-8"},
	{"/report/orders/deep/plot.svg", 200, "Content-Type: image/svg+xml"},
	{"/report/2026-W47.html?x=../..", 200, NULL},
	{"/report/", 404, NULL},
	{"/report/orders", 404, NULL},
	{"/report/orders/", 404, NULL},
	{"/report/orders//2026-W47.md", 404, NULL},
	{"/report//2026-W47.html", 404, NULL},
	{"/report/folder.html", 404, NULL},
	{"/report/pipe.html", 404, NULL},
	{"/report/missing.html", 404, NULL},
	{"/report/program.sh", 404, NULL},
	{"/report/noending", 404, NULL},
	{"/report/.html", 404, NULL},
	{"/report/.hidden.html", 404, NULL},
	{"/report/.git/config.html", 404, NULL},
	{"/report/a<b>.html", 404, NULL},
	{"/report/a%3Cb%3E.html", 404, NULL},
	{"/report/../secret.html", 404, NULL},
	{"/report/orders/../../secret.html", 404, NULL},
	{"/report/orders/../2026-W47.html", 404, NULL},
	{"/report/./2026-W47.html", 404, NULL},
	{"/report/%2e%2e/secret.html", 404, NULL},
	{"/report/..%2fsecret.html", 404, NULL},
	{"/report/..%5csecret.html", 404, NULL},
	{"/report/%252e%252e/secret.html", 404, NULL},
	{"/report/%00.html", 404, NULL},
	{"/report/2026-W47.html%00.txt", 404, NULL},
	{"/report//etc/passwd", 404, NULL},
	{"/report/link.html", 404, NULL},
	{"/report/passwd.txt", 404, NULL},
	{"/report/linked/secret.html", 404, NULL},
	{"/report/inside.html", 404, NULL},
	{"/report/a/b/c/d/e/f.html", 404, NULL},
};

START_TEST(test_files)
{
	struct reply reply = request("GET", FILES[_i].target);
	ck_assert_msg(reply.status == FILES[_i].status, "%s: %d", FILES[_i].target, reply.status);
	ck_assert_msg(!has_text(&reply, "secret") && !has_text(&reply, "root:"), "%s", FILES[_i].target);
	ck_assert_msg(FILES[_i].header == NULL || has_header(&reply, FILES[_i].header), "%s", FILES[_i].target);
	ck_assert_ptr_nonnull(strstr(reply.head, "Content-Security-Policy: default-src 'none';"));
	ck_assert(has_header(&reply, "X-Content-Type-Options: nosniff"));
	reply_finish(&reply);
}
END_TEST

START_TEST(test_content)
{
	struct reply reply = request("GET", "/report/2026-W47.html");
	ck_assert_str_eq(reply.body, "<!DOCTYPE html><p>report</p>");
	reply_finish(&reply);
	reply = request("HEAD", "/report/2026-W47.html");
	ck_assert_int_eq(reply.status, 200);
	ck_assert(has_header(&reply, "Content-Length: 28"));
	ck_assert_uint_eq(reply.body_length, 0);
	reply_finish(&reply);
}
END_TEST

START_TEST(test_list)
{
	make_store();
	struct reply reply = request("GET", "/");
	ck_assert(has_text(&reply, "<a href=\"/report/2026-W47.csv\">2026-W47.csv</a>"));
	ck_assert(has_text(&reply, "<a href=\"/report/orders/2026-W47.md\">orders/2026-W47.md</a>"));
	static const char *const never[] = {"link",   "passwd", "hidden.html", "program",    "noending",
					    "inside", "a&lt;b", "pipe",        "folder.html"};
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		char path[64];
		snprintf(path, sizeof(path), "/report/%s", never[i]);
		ck_assert_msg(!has_text(&reply, path), "%s", never[i]);
	}
	reply_finish(&reply);
}
END_TEST

START_TEST(test_late_directory)
{
	stop_server();
	char late[160];
	snprintf(late, sizeof(late), "%s/late", test_directory);
	test_config.reports = late;
	make_store();
	start_server();
	ck_assert_int_eq(status_of("GET", "/report/x.html"), 404);
	ck_assert_int_eq(status_of("GET", "/"), 200);
	make_folder("late");
	write_text("late/x.html", "now");
	ck_assert_int_eq(status_of("GET", "/report/x.html"), 200);
}
END_TEST

Suite *files_suite(void)
{
	Suite *suite = suite_create("files");
	TCase *tests = tcase_create("files");
	tcase_add_checked_fixture(tests, setup_reports, teardown_served);
	tcase_add_loop_test(tests, test_files, 0, (int)(sizeof(FILES) / sizeof(FILES[0])));
	tcase_add_test(tests, test_content);
	tcase_add_test(tests, test_list);
	tcase_add_test(tests, test_late_directory);
	suite_add_tcase(suite, tests);
	return suite;
}
