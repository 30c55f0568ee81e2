#include "tests/tap/reply.h"

#include "harness/base/clock.h"
#include "harness/base/text.h"
#include "tests/tap/rig.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

static char take_byte(int fd)
{
	char byte;
	struct timeval patience = {.tv_sec = 60};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	ck_assert_msg(recv(fd, &byte, 1, 0) == 1, "no reply, or it ends too early");
	return byte;
}

static void take_line(int fd, char line[1024])
{
	size_t length = 0;
	do {
		ck_assert_uint_lt(length, 1023);
		line[length++] = take_byte(fd);
	} while (line[length - 1] != '\n');
	line[length] = '\0';
	ck_assert(length >= 2 && line[length - 2] == '\r');
}

/* IMF-fixdate (RFC 9110 section 5.6.7), read by the C library, and not far from now. */
static void check_date(const char *value)
{
	struct tm parts;
	char again[64];
	const char *end = strptime(value, "%a, %d %b %Y %H:%M:%S GMT", &parts);
	ck_assert_msg(end != NULL && strcmp(end, "\r\n") == 0, "%s", value);
	time_t then = timegm(&parts);
	ck_assert_int_lt(llabs((long long)then - clock_now() / CLOCK_SECOND), 600);
	strftime(again, sizeof(again), "%a, %d %b %Y %H:%M:%S GMT\r\n",
		 &parts); /* timegm has set the day of the week */
	ck_assert_str_eq(again, value);
}

void take_reply(int fd, struct reply *ret_reply, bool bare)
{
	char line[1024];
	size_t used = 0;
	bool has_date = false;
	take_line(fd, line);
	*ret_reply = (struct reply){.status = atoi(line + strlen("HTTP/1.1 "))};
	ck_assert_msg(strncmp(line, "HTTP/1.1 ", 9) == 0, "%s", line);
	for (take_line(fd, line); strcmp(line, "\r\n") != 0; take_line(fd, line)) {
		if (strncmp(line, "Date: ", 6) == 0) {
			has_date = true;
			check_date(line + 6);
			continue;
		}
		ck_assert_uint_lt(used + strlen(line), sizeof(ret_reply->head));
		used += (size_t)sprintf(ret_reply->head + used, "%s", line);
	}
	ck_assert(has_date || ret_reply->status == 100);
	const char *length = strstr(ret_reply->head, "Content-Length: ");
	ret_reply->length = length != NULL && !bare ? strtoul(length + strlen("Content-Length: "), NULL, 10) : 0;
	ck_assert_uint_lt(ret_reply->length, sizeof(ret_reply->body));
	for (size_t i = 0; i < ret_reply->length; i++) {
		ret_reply->body[i] = take_byte(fd);
	}
}

void post(int fd, const char *target, const char *type, const char *fields, struct span body)
{
	CLEANUP_BUFFER struct buffer text = BUFFER_INIT(body.length + 4096);
	buffer_append_format(&text, "POST %s HTTP/1.1\r\nHost: h\r\nContent-Type: %s\r\n%sContent-Length: %zu\r\n\r\n",
			     target, type, fields, body.length);
	buffer_append_span(&text, body);
	put_bytes(fd, buffer_span(&text));
}

int ask(int fd, const char *target, const char *type, const char *fields, const char *body, struct reply *ret_reply)
{
	post(fd, target, type, fields, span_of(body));
	take_reply(fd, ret_reply, false);
	return ret_reply->status;
}
