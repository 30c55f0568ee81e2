/* Reading of what the tap itself answers, in tests of the listeners without a legacy side. */
#ifndef UNDERSTUDY_TESTS_TAP_REPLY_H
#define UNDERSTUDY_TESTS_TAP_REPLY_H

#include "harness/base/bytes.h"

struct reply {
	int status;
	char head[4096]; /* field lines with their ends, without Date, which is checked */
	char body[65536];
	size_t length;
};

/* The next reply, whole: an interim one is a reply of its own. `bare`: its request was HEAD. */
void take_reply(int fd, struct reply *ret_reply, bool bare);
/* Sends POST with that content type and body; `fields`: further lines with their ends. */
void post(int fd, const char *target, const char *type, const char *fields, struct span body);
/* post, then take_reply; returns the status. */
int ask(int fd, const char *target, const char *type, const char *fields, const char *body, struct reply *ret_reply);

#endif
